//! Overlaps, coverage and explanations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fixture::*;
use super::naive;
use crate::asset::{Asset, Claim, Constraint, ConstraintKind, Presence, SourceRecord};
use crate::merge::{Candidate, Computer, KnownDirectories, NearMisses};
use crate::merge::{Coverage, DirectoryDomain, Explanation, Level, Overlap, Surveyed};
use crate::name::Hostname;
use crate::os::Lifecycle;
use crate::task::MatchPolicy;
use crate::value::{AssetId, SourceId, Timestamp};

const NAMES: &[&str] = &[
    "web1",
    "web1.corp.example",
    "web1.b.example",
    "web1.local",
    "db",
    "db.corp.example",
    "averylonghostna",
    "averylonghostname",
    "averylonghostnab.corp.example",
    "localhost",
];

fn pairs(assets: &[Asset], constraints: &[Constraint], limit: usize) -> Vec<Overlap> {
    let policy = MatchPolicy::default().with_weak_name_limit(limit);
    let pairs = Overlap::among(assets, constraints, &policy);
    // Whoever shares no name changes nothing.
    let mut directories = KnownDirectories::new(&policy);
    assets.iter().for_each(|asset| directories.learn(asset));
    let surveyed = assets.iter().map(|asset| Surveyed::of(asset, &directories)).collect();
    assert_eq!(Overlap::between(surveyed, constraints, &policy), pairs);
    pairs
}

/// The scanned asset with a part of this object of the directory.
fn tied(mut asset: Asset, object: u8) -> Asset {
    let mut part = SourceRecord::new(asset.next_part_number(), source(), "@ldap.computer", day(1));
    part.object = Some(guid(object));
    asset.parts.push(part);
    asset
}

#[test]
fn the_same_fqdn_is_an_overlap_and_says_why() {
    let assets =
        [scanned(2, &["web1.corp.example"], &[]), scanned(1, &["WEB1.corp.example."], &[])];
    let [pair] = pairs(&assets, &[], 5).try_into().unwrap();
    assert_eq!((pair.first, pair.second, pair.level), (id(1), id(2), Level::Full));
    assert_eq!(pair.key, "web1.corp.example");
    assert_eq!(pair.reason, "both have the FQDN web1.corp.example");
}

#[test]
fn another_domain_is_no_overlap() {
    let assets = [scanned(1, &["mail.a.example"], &[]), scanned(2, &["mail.b.example"], &[])];
    assert_eq!(pairs(&assets, &[], 5), []);
}

#[test]
fn a_name_that_too_many_have_is_no_overlap() {
    let assets: Vec<Asset> = (1..=6).map(|n| scanned(n, &["clone"], &[])).collect();
    assert_eq!(pairs(&assets[..5], &[], 5).len(), 10);
    assert_eq!(pairs(&assets, &[], 5), []);
}

#[test]
fn of_those_who_have_an_fqdn_that_too_many_have_each_is_an_overlap_with_the_first() {
    let assets: Vec<Asset> = (1..=4).map(|n| scanned(n, &["web1.corp.example"], &[])).collect();
    let found = pairs(&assets, &[], 3);
    let found: Vec<_> = found.iter().map(|pair| (pair.first, pair.second, pair.level)).collect();
    assert_eq!(found, [2, 3, 4].map(|n| (id(1), id(n), Level::Full)));
}

#[test]
fn what_a_person_separated_is_no_overlap() {
    let assets = [tied(scanned(1, &["web1"], &[]), 7), scanned(2, &["web1"], &[])];
    assert_eq!(pairs(&assets, &[], 5).len(), 1);
    let world = World::default().ruled(7, 2, ConstraintKind::CannotLink, 1);
    assert_eq!(pairs(&assets, &world.constraints, 5), []);
    // The later decision holds.
    let world = world.ruled(7, 2, ConstraintKind::MustLink, 2);
    assert_eq!(pairs(&assets, &world.constraints, 5).len(), 1);
}

#[test]
fn two_computers_of_one_directory_are_no_overlap_unless_one_is_gone() {
    let mut assets = [tied(scanned(1, &["web1"], &[]), 7), tied(scanned(2, &["web1"], &[]), 8)];
    assert_eq!(pairs(&assets, &[], 5), []);
    assets[1].parts[1].presence = Presence::Gone { since: day(3) };
    assert_eq!(pairs(&assets, &[], 5).len(), 1);
}

#[test]
fn of_several_names_that_two_have_the_first_is_told() {
    let names = &["b.corp.example", "a.corp.example"];
    let assets = [scanned(1, names, &[]), scanned(2, names, &[])];
    for limit in [2, 3] {
        let [pair] = pairs(&assets, &[], limit).try_into().unwrap();
        assert_eq!(pair.key, "a.corp.example", "{limit}");
    }
}

#[test]
fn what_a_directory_has_is_the_computer_and_the_other_one_the_asset() {
    let policy = MatchPolicy::default();
    let suffix = "dhcp.example.net";
    let corp = DirectoryDomain::new(Some("corp.example"), Some("CORP")).within([suffix], []);
    let known = KnownDirectories::new(&policy).with(source(), corp, None);
    let level = |domains: [&str; 2]| {
        let mut computer = tied(scanned(1, &["web1"], &domains), 7);
        computer.domains[0].part = 1;
        let scan = scanned(2, &["web1"], &[suffix]);
        let surveyed = [computer, scan].iter().map(|asset| Surveyed::of(asset, &known)).collect();
        let [pair] = Overlap::between(surveyed, &[], &policy).try_into().unwrap();
        pair.level
    };
    assert_eq!(level(["corp.example", "corp"]), Level::Short);
    // The other way round both would be in one domain.
    assert_eq!(level(["corp.example", suffix]), Level::Short);
}

/// The rules of a run, which knows the directory.
#[test]
fn what_a_directory_tells_of_domains_counts() {
    let policy = MatchPolicy::default();
    let corp = DirectoryDomain::new(Some("corp.example"), Some("CORP"))
        .within(["dhcp.example.net"], ["eu.corp.example"]);
    let known = KnownDirectories::new(&policy).with(source(), corp, None);
    for (name, domain, level) in [
        ("web1.dhcp.example.net", None, Some(Level::Short)),
        ("web1.vpn.corp.example", None, Some(Level::Qualified)),
        ("web1", Some("corp"), Some(Level::Qualified)),
        ("web1.eu.corp.example", None, None),
        ("web1.example.net", None, None),
    ] {
        let mut computer = tied(scanned(1, &["web1.corp.example"], &["corp.example"]), 7);
        computer.domains[0].part = 1;
        let scan = scanned(2, &[name], &Vec::from_iter(domain));
        let surveyed = [computer, scan].iter().map(|asset| Surveyed::of(asset, &known)).collect();
        let found = Overlap::between(surveyed, &[], &policy);
        assert_eq!(found.first().map(|pair| pair.level), level, "{name}");
        if let (Some(pair), Some(_)) = (found.first(), domain) {
            let reason = "both have the short name web1 and are in the domain corp.example";
            assert_eq!(pair.reason, reason);
        }
    }
}

#[test]
fn assets_of_two_sites_are_no_overlap_where_the_policy_looks_within_sites_alone() {
    let near = scanned(1, &["web1"], &[]);
    let also = scanned(2, &["web1"], &[]);
    let far = Asset { site: site("branch"), ..scanned(3, &["web1"], &[]) };
    let assets = [near, also, far];
    let surveyed = || {
        let directories = KnownDirectories::new(&MatchPolicy::default());
        assets.iter().map(|asset| Surveyed::of(asset, &directories)).collect::<Vec<_>>()
    };
    let policy = MatchPolicy::default();
    assert_eq!(Overlap::between(surveyed(), &[], &policy).len(), 3);
    let policy = policy.within_site(true);
    let [pair] = Overlap::between(surveyed(), &[], &policy).try_into().unwrap();
    assert_eq!((pair.first, pair.second), (id(1), id(2)));
    let words = format!("{} and {}: {}", id(1), id(2), pair.reason);
    assert_eq!(pair.to_string(), words);
}

#[test]
fn near_names_are_told_where_a_directory_alone_has_the_one_and_scans_alone_the_other() {
    let policy = MatchPolicy::default();
    let known = KnownDirectories::new(&policy).with(source(), domain(), None);
    let found = |assets: &[&Asset]| {
        let mut near = NearMisses::new(&known);
        assets.iter().for_each(|asset| near.add(asset));
        near.find()
    };
    let computer = |name: &str| {
        let mut computer = tied(scanned(1, &[name], &["corp.example"]), 7);
        computer.parts.remove(0);
        computer.parts[0].attributes = [("cn", "THE-PC")].into_iter().collect();
        (computer.names[0].part, computer.domains[0].part) = (1, 1);
        computer
    };
    let written = |text: &str| {
        let mut asset = scanned(2, &[], &[]);
        asset.parts[0].attributes = [("name", text)].into_iter().collect();
        asset
    };
    let separators = Some("only what separates the words differs");
    let transposed = Some("two neighbouring letters changed places");
    let letter = Some("one letter differs");
    let remark = Some("a remark stands behind the name");
    for (name, text, difference) in [
        ("srv-db1.corp.example", "srv_db1", separators),
        ("storage1.corp.example", "sotrage1", transposed),
        ("storage1.corp.example", "storag1", letter),
        ("srv-db1.corp.example", "SRV-DB1 (old rack)", remark),
        ("srv-db1.corp.example", "srv-db1_old", remark),
        // The very same name is no near one, nor is one that differs and has a remark besides.
        ("srv-db1.corp.example", "srv-db1", None),
        ("srv-db1.corp.example", "srv-db1.corp.example", None),
        ("srv-db1.corp.example", "srvdb1 (old rack)", None),
        ("srv-db1.corp.example", "mail7", None),
        ("storage1.corp.example", "STORAG1 (old rack)", None),
    ] {
        let found = found(&[&computer(name), &written(text)]);
        let told = found.first().map(|miss| miss.difference());
        assert_eq!(told.as_deref(), difference, "{name} {text}");
        let words =
            difference.map(|why| format!("THE-PC ({}) and {text} ({}): {why}", id(1), id(2)));
        assert_eq!(found.first().map(ToString::to_string), words);
    }
    let own = computer("srv-db1.corp.example");
    assert_eq!(found(&[&own, &scanned(2, &["srvdb1.corp.example"], &[])]).len(), 1);
    assert_eq!(found(&[&own, &scanned(2, &["srvdb1.partner.example"], &[])]), []);
    // What both have is looked for by its names, and what is gone is no computer.
    assert_eq!(found(&[&own, &tied(scanned(2, &["srvdb1"], &[]), 8)]), []);
    let mut gone = own.clone();
    gone.parts[0].presence = Presence::Gone { since: day(3) };
    assert_eq!(found(&[&gone, &written("srvdb1")]), []);
}

#[test]
fn coverage_is_printed_as_a_table_by_operating_system_or_by_ad_site() {
    let in_site = |number: u128, ad_sites: &[&str], laps: &str| {
        let mut asset = tied(scanned(number, &["a"], &[]), 1);
        let sites = ad_sites.iter().map(|site| ("adSite", *site));
        asset.parts[1].attributes = sites.chain([("hasLaps", laps)]).collect();
        asset
    };
    let assets = [
        in_site(1, &["Berlin"], "true"),
        in_site(2, &["Lyon", "Berlin"], "true"),
        in_site(3, &[], "false"),
    ];
    let mut coverage = Coverage::new(day(100), 30).by_ad_site();
    assets.iter().for_each(|asset| coverage.add(asset));
    let rows: Vec<_> = coverage.rows().map(|(_, by, counts)| (by, counts.with_laps)).collect();
    assert_eq!(rows, [("", 0), ("Berlin", 1), ("Berlin, Lyon", 1)]);
    let words = |coverage: &Coverage| -> Vec<Vec<String>> {
        let text = coverage.to_string();
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let table = words(&coverage);
    assert_eq!(table[0][..4], ["site", "AD", "site", "assets"]);
    assert_eq!(table[1], "hq unknown 1 1 0 0 0 0 0 0 0 0".split(' ').collect::<Vec<_>>());
    assert_eq!(table[4], "total 3 3 0 0 0 0 0 0 0 2".split(' ').collect::<Vec<_>>());
    let empty = words(&Coverage::new(day(100), 30));
    assert_eq!(empty[0][..4], ["site", "operating", "system", "assets"]);
}

#[test]
fn what_was_last_seen_at_the_limit_is_not_stale_and_the_moment_after_it_is() {
    let counted = |seen: i64, part: u32| {
        let mut asset = tied(scanned(1, &["a"], &[]), 1);
        asset.last_seen = vec![Claim::new(day(seen), part, None, day(0))];
        asset.first_seen = Vec::new();
        let mut coverage = Coverage::new(day(100), 30);
        coverage.add(&asset);
        coverage.add(&asset);
        (coverage.total.stale_in_directory, coverage.total.stale_in_scans)
    };
    assert_eq!(counted(70, 1), (0, 0));
    assert_eq!(counted(69, 1), (2, 0));
    assert_eq!(counted(70, 0), (0, 0));
    assert_eq!(counted(69, 0), (0, 2));
}

#[test]
fn coverage_counts_by_site_and_operating_system() {
    let mut coverage = Coverage::new(day(100), 30);
    let mut both = tied(scanned(1, &["a"], &[]), 1);
    both.os.push(Claim::new("Windows 11".to_owned(), 1, None, day(1)));
    // The directory saw it lately, the scanner long ago.
    both.last_seen =
        vec![Claim::new(day(69), 0, None, day(1)), Claim::new(day(71), 1, None, day(1))];
    let mut lost = tied(scanned(2, &["b"], &[]), 2);
    lost.parts[1].presence = Presence::Gone { since: day(3) };
    let mut only = tied(scanned(3, &["c"], &[]), 3);
    only.parts.remove(0);
    let mut set = scanned(4, &["d"], &[]);
    set.parts[0].source = SourceId::new("person", "anna").unwrap();
    [both, lost, only, set].iter().for_each(|asset| coverage.add(asset));
    assert_eq!(coverage.total.columns(), [4, 1, 1, 1, 1, 0, 1, 1, 0, 0]);
    let rows: Vec<_> = coverage.rows().map(|(_, os, counts)| (os, counts.assets)).collect();
    assert_eq!(rows, [("", 3), ("Windows 11", 1)]);
    let json = serde_json::to_value(&coverage).unwrap();
    assert_eq!(json["rows"][1]["os"], "Windows 11");
    assert_eq!(json["rows"][1]["both"], 1);
    assert!(coverage.to_string().lines().last().unwrap().starts_with("total"));
}

/// An asset that a directory and scans have, or one of them, or none, with the days on which they saw it last.
fn covered(n: u128, in_directory: Option<i64>, in_scans: Option<i64>, has_laps: bool) -> Asset {
    let mut asset = tied(scanned(n, &["a"], &[]), 1);
    let laps = if has_laps { "true" } else { "false" };
    let attributes = [("hasLaps", laps), ("adSite", "Berlin")];
    asset.parts[1].attributes = attributes.into_iter().collect();
    let seen = [(0, in_scans), (1, in_directory)];
    let claim = |(part, on): (u32, Option<i64>)| Some(Claim::new(day(on?), part, None, day(1)));
    asset.last_seen = seen.into_iter().filter_map(claim).collect();
    let is_there = |part: &SourceRecord| asset.last_seen.iter().any(|it| it.part == part.number);
    let parts = asset.parts.iter().filter(|part| is_there(part)).cloned().collect();
    asset.parts = parts;
    asset
}

#[test]
fn coverage_counts_each_sort_of_assets_and_adds_up() {
    // Seen 30 days ago is not yet too long ago.
    let (lately, at_the_limit, long_ago) = (Some(99), Some(70), Some(69));
    let rows = [
        (covered(1, lately, at_the_limit, true), [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
        (covered(2, long_ago, lately, false), [1, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
        (covered(3, long_ago, None, true), [1, 0, 1, 0, 0, 1, 0, 0, 0, 1]),
        (covered(4, at_the_limit, None, false), [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        (covered(5, lately, None, true), [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]),
        (covered(6, None, long_ago, true), [1, 0, 0, 1, 0, 0, 1, 0, 0, 0]),
        (covered(7, None, None, true), [1, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
    ];
    let mut all = Coverage::new(day(100), 30).by_ad_site();
    for (asset, expected) in &rows {
        let mut one = Coverage::new(day(100), 30);
        one.add(asset);
        assert_eq!(one.total.columns(), *expected, "{}", asset.id);
        all.add(asset);
    }
    let sum = |column: usize| rows.iter().map(|(_, expected)| expected[column]).sum::<u64>();
    assert_eq!(all.total.columns(), std::array::from_fn(sum));
    let table = all.to_string();
    let lines: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(table.starts_with("site         AD site   "), "{table}");
    let counts = |line: &[&str]| line.iter().map(|n| n.parse().unwrap()).collect::<Vec<u64>>();
    assert_eq!(lines[1][..2], ["hq", "unknown"]);
    assert_eq!(counts(&lines[1][2..]), [2, 0, 0, 1, 1, 0, 1, 0, 0, 0]);
    assert_eq!(lines[2][..2], ["hq", "Berlin"]);
    assert_eq!(counts(&lines[2][2..]), [5, 2, 3, 0, 0, 2, 0, 0, 0, 3]);
    assert_eq!((lines[3][0], counts(&lines[3][1..])), ("total", all.total.columns().to_vec()));
    let systems = Coverage::new(day(100), 30).to_string();
    assert!(systems.starts_with("site         operating system   "), "{systems}");
}

#[test]
fn a_system_is_out_of_support_after_its_last_moment_and_soon_within_90_days() {
    let table = "product,cycle,end_of_life\nubuntu,22.04,2026-04-11";
    let table = Arc::new(Lifecycle::from_csv(table).unwrap());
    let mut asset = scanned(1, &["a"], &[]);
    asset.os = vec![Claim::new("Ubuntu 22.04".to_owned(), 0, None, day(0))];
    let end = crate::asset::System::of(&asset, &table).end().unwrap();
    let after = |seconds: i64| {
        let now = Timestamp::from_micros(end.as_micros() + seconds * 1_000_000).unwrap();
        let mut coverage = Coverage::new(now, 30).by(&table);
        coverage.add(&asset);
        (coverage.total.out_of_support, coverage.total.out_of_support_soon)
    };
    let days = 90 * 86_400;
    assert_eq!([1, 0].map(after), [(1, 0), (0, 1)]);
    assert_eq!([1 - days, -days, -1 - days].map(after), [(0, 1), (0, 0), (0, 0)]);
}

#[test]
fn coverage_counts_what_is_out_of_support_and_what_will_be_soon() {
    // It is the 11th of April 2026.
    let today = || Coverage::new(day(100), 30);
    let claim = |text: &str| Claim::new(text.to_owned(), 0, None, day(0));
    let counted = |mut coverage: Coverage, os: &str, version: &str| {
        let mut asset = scanned(1, &["a"], &[]);
        (asset.os, asset.os_version) = (vec![claim(os)], vec![claim(version)]);
        coverage.add(&asset);
        (coverage.total.out_of_support, coverage.total.out_of_support_soon)
    };
    for (os, version, expected) in [
        ("Windows Server 2012 R2 Standard", "6.3 (9600)", (1, 0)),
        // To the 12th of May.
        ("Windows Server Datacenter", "10.0 (25398)", (0, 1)),
        // To the 13th of October.
        ("Windows 11 Pro", "10.0 (26100)", (0, 0)),
        // It may be a Pro, to the 11th of November 2025.
        ("Windows 11", "10.0 (22631)", (1, 0)),
        ("Linux", "5.15", (0, 0)),
    ] {
        assert_eq!(counted(today(), os, version), expected, "{os}");
    }
    let csv =
        "product,cycle,end_of_life\nwindows-server,2012-r2,2026-04-11\nubuntu,22.04,2026-04-10";
    let table = Arc::new(Lifecycle::from_csv(csv).unwrap());
    // A system is supported throughout its last day.
    let last = ("Windows Server 2012 R2 Standard", "6.3 (9600)");
    assert_eq!(counted(today().by(&table), last.0, last.1), (0, 1));
    assert_eq!(counted(today().by(&table), "Ubuntu 22.04", ""), (1, 0));
    assert_eq!(counted(today().by(&table), "Windows 11", "10.0 (22631)"), (0, 0));
}

#[test]
fn an_explanation_tells_every_value_and_every_decision() {
    let mut asset = tied(scanned(1, &["web1", "old"], &["corp.example"]), 7);
    asset.names[1].until = Some(day(2));
    asset.os = vec![
        Claim {
            replaced: Some("Linux".to_owned()),
            ..Claim::new("Windows".to_owned(), 1, None, day(1))
        },
        Claim::new("Linux".to_owned(), 0, None, day(0)),
    ];
    let world = World::default().ruled(7, 9, ConstraintKind::CannotLink, 1).ruled(
        8,
        9,
        ConstraintKind::MustLink,
        1,
    );
    let told = Explanation::of(&asset, &world.constraints, &[]);
    let holds: Vec<_> = told.values.iter().map(|v| (v.field, v.value.as_str(), v.holds)).collect();
    assert_eq!(
        holds,
        [
            ("name", "web1", true),
            ("name", "old", false),
            ("domain", "corp.example", true),
            ("os", "Windows", true),
            ("os", "Linux", false),
        ]
    );
    assert_eq!(told.decisions.len(), 1);
    let words = told.to_string();
    for sentence in [
        "os Windows: ldap/corp.example says so since 2026-01-02T00:00:00Z, and holds: \
         a directory goes before other sources; it replaced Linux",
        "os Linux: scan/hq says so since 2026-01-01T00:00:00Z, and another source goes before it",
        "name old: scan/hq says so since 2026-01-01T00:00:00Z, until 2026-01-03T00:00:00Z",
        "anna decided at 2026-01-02T00:00:00Z that object",
    ] {
        assert!(words.contains(sentence), "{sentence}\n{words}");
    }
}

fn any_asset() -> impl Strategy<Value = (Vec<&'static str>, Vec<&'static str>)> {
    let domains = subsequence(vec!["b.example", "corp", "corp.example"], 0..=2);
    (btree_set(select(NAMES), 0..4).prop_map(|names| names.into_iter().collect()), domains)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_quadratic_survey_agrees(given in vec(any_asset(), 0..9), limit in 1..6usize) {
        let assets: Vec<Asset> =
            (1..).zip(&given).map(|(n, (names, domains))| scanned(n, names, domains)).collect();
        let candidates: Vec<Candidate> = assets.iter().map(Candidate::of).collect();
        let computers = candidates.iter().map(|asset| {
            let domain = DirectoryDomain::new(
                asset.whole.domains.iter().map(String::as_str).find(|domain| domain.contains('.')),
                asset.whole.domains.iter().map(String::as_str).find(|domain| !domain.contains('.')),
            );
            Computer::named(guid(asset.asset.as_u128() as u8), asset.whole.names.clone(), domain)
        });
        let policy = MatchPolicy::default().with_weak_name_limit(limit);
        let world = World { computers: computers.collect(), candidates, ..World::default() }.with(policy);
        let mut expected = BTreeMap::new();
        for (i, (computer, first)) in world.computers.iter().zip(&world.candidates).enumerate() {
            for (other, second) in world.computers.iter().zip(&world.candidates).skip(i + 1) {
                let level = |c, a| naive::level(&world, &BTreeSet::new(), c, a);
                if let (Some(there), Some(back)) = (level(computer, second), level(other, first)) {
                    expected.insert((first.asset, second.asset), there.min(back));
                }
            }
        }
        for name in NAMES.iter().map(|name| host(name)).filter(Hostname::has_authoritative_domain) {
            let owners = world.candidates.iter().filter(|asset| asset.whole.names.contains(&name));
            let owners: Vec<AssetId> = owners.map(|asset| asset.asset).collect();
            for other in owners.iter().skip(1).filter(|_| owners.len() > limit) {
                expected.insert((owners[0], *other), Level::Full);
            }
        }
        let expected: Vec<_> =
            expected.into_iter().map(|((first, second), level)| (first, second, level)).collect();
        let found = pairs(&assets, &[], limit);
        let found: Vec<_> = found.iter().map(|pair| (pair.first, pair.second, pair.level)).collect();
        prop_assert_eq!(found, expected);
    }
}
