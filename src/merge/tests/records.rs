//! What is taken of assets and of their records.

use super::fixture::*;
use crate::asset::{Asset, Claim, Home, Presence, SourceRecord, Waiting};
use crate::merge::record::{in_order, join};
use crate::merge::{
    Candidate, Computer, DirectoryDomain, KnownDirectories, Naming, Record, assemble, take_apart,
};
use crate::name::{DistinguishedName, Hostname, MatchKey};
use crate::task::MatchPolicy;
use crate::value::{AssetId, Attributes, SourceId};

fn eu() -> SourceId {
    SourceId::new("ldap", "eu.example").unwrap()
}

/// The asset with a part of an object of a directory, which calls it so.
fn tied(mut asset: Asset, by: SourceId, names: &[&str], domains: &[&str]) -> Asset {
    let number = asset.next_part_number();
    let mut part = SourceRecord::new(number, by, "@ldap.computer", day(1));
    part.object = Some(guid(u8::try_from(number).unwrap()));
    asset.parts.push(part);
    let names = names.iter().map(|name| Claim::new(host(name), number, None, day(1)));
    asset.names.extend(names);
    let domains = domains.iter().map(|name| Claim::new((*name).to_owned(), number, None, day(1)));
    asset.domains.extend(domains);
    asset
}

/// An asset of which no source says anything yet.
fn empty(n: u128) -> Asset {
    Asset::new(id(n), organization(), site("hq"))
}

#[test]
fn what_scans_call_an_asset_stands_apart_where_directories_have_it_too() {
    let bare = |asset: &Asset| Candidate::of(asset).bare;
    let scan = || scanned(7, &["web1"], &["workgroup"]);
    assert_eq!(bare(&scan()), None);
    assert_eq!(bare(&tied(empty(7), source(), &["web1"], &[])), None);
    assert_eq!(bare(&empty(7)), None);
    let both = tied(scan(), source(), &["web1.corp.example"], &["corp.example"]);
    let (names, domains) = (vec![host("web1")], vec!["workgroup".to_owned()]);
    let default_names = Vec::new();
    assert_eq!(bare(&both), Some(Naming { names, default_names, domains }));
    assert_eq!(Candidate::of(&both).whole.names, [host("web1"), host("web1.corp.example")]);
}

#[test]
fn a_weak_name_is_evidence_only_in_full_and_if_it_is_a_default() {
    for (name, strong, default) in [
        ("web1", true, false),
        ("pc", false, false),
        ("pc.corp.example", false, true),
        ("localhost.corp.example", false, false),
        ("10.0.0.5", false, false),
    ] {
        let naming = Candidate::of(&scanned(7, &[name, name], &[])).whole;
        let counted = (naming.names.len(), naming.default_names.len());
        assert_eq!(counted, (usize::from(strong), usize::from(default)), "{name}");
    }
}

#[test]
fn an_asset_was_seen_by_scans_by_other_directories_and_by_any_source() {
    let mut asset = tied(tied(scanned(7, &["web1"], &[]), source(), &[], &[]), eu(), &[], &[]);
    let seen = |part: u32, on: i64| Claim::new(day(on), part, None, day(on));
    asset.last_seen = vec![seen(0, 5), seen(1, 9), seen(2, 7)];
    let candidate = Candidate::of(&asset);
    assert_eq!(candidate.last_seen(), Some(day(9)));
    assert_eq!(candidate.last_seen_by_scans(), Some(day(5)));
    assert_eq!(candidate.last_seen_by_others(&source()), Some(day(7)));
    assert_eq!(candidate.last_seen_by_others(&eu()), Some(day(9)));
    asset.last_seen.remove(0);
    assert_eq!(Candidate::of(&asset).last_seen_by_scans(), None);
}

/// An asset that a scan and a directory have.
fn known() -> (Asset, SourceRecord) {
    let names = ["web1.corp.example", "old.corp.example", "pc"];
    let scan = scanned(7, &["scan-only"], &["workgroup"]);
    let mut asset = tied(scan, source(), &names, &["corp.example", "corp", "former.example"]);
    asset.names[2].until = Some(day(2));
    asset.domains[3].until = Some(day(2));
    let attributes = [
        ("distinguishedName", "CN=WEB1,OU=PCs,DC=corp,DC=example"),
        ("dNSHostName", "web1.corp.example"),
        ("sAMAccountName", "WEB1$"),
        ("userAccountControl", "4098"),
        ("operatingSystem", "Windows Server 2019 Standard"),
        ("lastLogonTS", "2026-01-04T00:00:00Z"),
        ("lastLogonTimestampTS", "2026-01-03T00:00:00Z"),
        ("pwdLastSetTS", "2026-01-02T00:00:00Z"),
        ("whenCreatedTS", "2026-01-01T00:00:00Z"),
    ];
    asset.parts[1].attributes = attributes.into_iter().collect::<Attributes>();
    let part = asset.parts[1].clone();
    (asset, part)
}

#[test]
fn a_record_of_a_directory_tells_what_its_computer_is() {
    let (asset, part) = known();
    let computer = Computer::of_part(&asset, &part, None).unwrap();
    assert_eq!((computer.object, &*computer.name), (guid(1), "web1.corp.example"));
    assert_eq!(computer.account.as_deref(), Some("WEB1$"));
    assert_eq!(computer.dn.to_string(), "CN=WEB1,OU=PCs,DC=corp,DC=example");
    assert!(computer.is_host() && computer.is_disabled && computer.os_family.is_some());
    // What it claims, and no more: neither what others say, nor what it said before.
    assert_eq!(*computer.names, [host("web1.corp.example")]);
    let weak: Vec<&Hostname> = computer.weak_names.iter().map(|(name, _)| name).collect();
    assert_eq!(weak, [&host("pc")]);
    assert_eq!(computer.domain.names().collect::<Vec<_>>(), ["corp.example", "corp"]);
    assert_eq!((computer.last_used, computer.last_password_change), (Some(day(3)), Some(day(1))));
    assert_eq!((computer.created, computer.last_sign_of_life()), (Some(day(0)), Some(day(3))));
    assert!(Computer::of_part(&asset, &asset.parts[0], None).is_none());
    // Its place does not matter to whoever has many.
    assert_eq!(computer.anywhere().dn, DistinguishedName::root());
}

#[test]
fn a_computer_is_looked_for_by_all_names_that_are_evidence() {
    let named =
        |names: &[&str]| Computer::named(guid(1), names.iter().map(|name| host(name)), domain());
    let keys = |names: &[&str]| named(names).match_keys().collect::<Vec<_>>();
    let all = |names: &[&str]| -> Vec<MatchKey> {
        let mut keys: Vec<_> = names.iter().flat_map(|name| host(name).match_keys()).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    let full = ["web1.corp.example", "web1", "pc.corp.example"];
    assert!(!all(&full).is_empty());
    assert_eq!(keys(&full), all(&full));
    assert_eq!(keys(&["pc", "localhost"]), []);
    let mut trust = named(&full);
    trust.kind = crate::directory::AccountKind::Trust;
    assert_eq!(trust.match_keys().next(), None);
}

#[test]
fn beside_one_of_the_same_name_a_computer_is_told_with_its_account() {
    let called = |name: &str, account: Option<&str>| {
        let mut computer = Computer::named(guid(1), [], domain());
        computer.name = name.into();
        computer.account = account.map(Box::from);
        computer
    };
    let web1 = called("web1", Some("WEB1$"));
    assert_eq!(web1.name_beside(&called("WEB1", Some("OLD$"))), "web1 (WEB1$)");
    assert_eq!(web1.name_beside(&called("web2", Some("WEB2$"))), "web1");
    assert_eq!(called("web1", None).name_beside(&web1), "web1");
}

#[test]
fn directories_of_which_no_run_is_known_tell_both_names_of_their_domains() {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let policy = MatchPolicy::default();
    let mut directories = KnownDirectories::new(&policy);
    let both = tied(empty(1), source(), &["web1.corp.example"], &["corp.example", "corp"]);
    let one = tied(empty(2), eu(), &["web1.eu.example"], &["eu.example"]);
    directories.learn(&one);
    assert!(directories.home_of(&own(&["eu.example"])).is_none());
    directories.learn(&both);
    for domains in [&["corp"][..], &["corp.example"], &["other.example", "vpn.corp.example"]] {
        let home = directories.home_of(&own(domains)).unwrap();
        assert_eq!(home.names().collect::<Vec<_>>(), ["corp.example", "corp"], "{domains:?}");
    }
    assert!(directories.home_of(&own(&["eu.example", "eu"])).is_none());
    assert_eq!(directories.domains().collect::<Vec<_>>(), ["corp.example"]);
    // What a run told stays, and goes with each of its computers.
    let told = DirectoryDomain::new(Some("eu.example"), Some("EU")).within([], ["corp.example"]);
    let mut directories = directories.with(eu(), told.clone(), None);
    directories.learn(&tied(empty(3), eu(), &["x"], &["wrong.example", "wrong"]));
    let computer = directories.computer(&one, &one.parts[0]).unwrap();
    assert_eq!((computer.object, computer.domain), (guid(0), told));
    let known = directories.known_computer(&one, &one.parts[0], Some(id(2))).unwrap();
    assert_eq!((known.source, known.asset), (eu(), Some(id(2))));
    assert!(directories.computer(&scanned(4, &["web1"], &[]), &known_scan()).is_none());
}

fn known_scan() -> SourceRecord {
    scanned(4, &["web1"], &[]).parts.remove(0)
}

#[test]
fn an_asset_is_taken_apart_and_put_together_as_it_was() {
    let policy = MatchPolicy::default();
    let mut asset = tied(scanned(7, &["web1"], &[]), source(), &["web1.corp.example"], &[]);
    asset.parts[1].home = Some(Home::Asset(id(8)));
    asset.parts[1].home_site = Some(site("branch"));
    let records = take_apart(&asset);
    assert_eq!(records[0].home(), Home::Asset(id(7)));
    assert_eq!((records[1].home(), records[1].site()), (Home::Asset(id(8)), &site("branch")));
    let again = assemble(id(7), records, &policy).unwrap();
    assert_eq!((&again.parts, &again.names), (&asset.parts, &asset.names));
    // What no part says goes with the first one.
    asset.names.push(Claim::new(host("by-hand"), 99, None, day(0)));
    let names = |record: &Record| Vec::from_iter(record.said().live_names().cloned());
    let records = take_apart(&asset);
    assert_eq!(names(&records[0]), [host("web1"), host("by-hand")]);
    assert_eq!(names(&records[1]), [host("web1.corp.example")]);
}

#[test]
fn what_an_asset_says_by_itself_is_no_part_while_it_is_alone_and_what_others_say_is() {
    let policy = MatchPolicy::default();
    let parts = |asset: &Asset, into: u128| {
        assemble(id(into), take_apart(asset), &policy).unwrap().parts.len()
    };
    assert_eq!([parts(&empty(7), 7), parts(&empty(7), 8)], [0, 1]);
    let people = SourceId::of_people();
    for (source, own) in [(people, "a note"), (source(), &*id(7).to_string())] {
        let mut asset = empty(7);
        asset.parts = vec![SourceRecord::new(0, source, "@x", day(1)).with_identity(own)];
        assert_eq!(parts(&asset, 7), 1, "{own}");
    }
}

#[test]
fn whose_home_it_is_come_first_in_an_asset_and_values_follow_their_records() {
    let policy = MatchPolicy::default();
    let records = |asset: AssetId| {
        let n = asset.as_u128();
        let name = format!("n{n}");
        take_apart(&scanned(n, &[&name], &[])).into_iter()
    };
    let both = records(id(2)).chain(records(id(5))).chain(records(id(9)));
    let asset = assemble(id(5), both.collect(), &policy).unwrap();
    let homes: Vec<_> = asset.parts.iter().map(|part| (part.number, part.home)).collect();
    let of = |n| Some(Home::Asset(id(n)));
    assert_eq!(homes, [(0, None), (1, of(2)), (2, of(9))]);
    let names: Vec<_> = asset.names.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(names, ["n5", "n2", "n9"]);
    let mut shuffled = asset.clone();
    shuffled.names.reverse();
    assert_eq!(in_order(shuffled, &policy), asset);
}

#[test]
fn a_record_that_joins_an_asset_changes_neither_its_site_nor_what_it_has() {
    let policy = MatchPolicy::default();
    let record = || take_apart(&scanned(9, &["web1"], &[])).remove(0);
    let mut asset = tied(empty(7), source(), &["web1.corp.example"], &[]);
    (asset.site, asset.version) = (site("branch"), 3);
    let joined = join(&asset, record(), &policy);
    assert_eq!((joined.id, &joined.site, joined.version), (id(7), &site("branch"), 4));
    assert_eq!((joined.parts.len(), joined.names.len()), (2, 2));
    // One that is not there yet has nothing of its own.
    let new = Asset { version: 0, site: site("branch"), ..empty(7) };
    let joined = join(&new, record(), &policy);
    assert_eq!((joined.id, &joined.site, joined.version), (id(7), &site("branch"), 1));
    assert_eq!((joined.parts.len(), joined.names.len()), (1, 1));
}

#[test]
fn a_record_that_waits_is_at_home_nowhere_unless_the_rules_have_it_in_an_asset() {
    let mut record = Asset { id: id(0), ..tied(empty(0), source(), &["web1"], &[]) };
    for home in [None, Some(Home::Asset(id(8)))] {
        record.parts[0].home = home;
        let (source, object) = (source(), guid(0));
        let record = record.clone();
        let waiting = Waiting { source, object, record, decision: None, told: None };
        let record = Record::of(&waiting).unwrap();
        assert_eq!(record.home(), home.unwrap_or(Home::Waiting));
        assert!(record.is_present());
        assert_eq!(
            record.into_waiting(None, None).map(|waiting| waiting.home()),
            Some(waiting.home())
        );
    }
    record.parts[0].presence = Presence::Gone { since: day(1) };
    assert!(!take_apart(&record)[0].is_present());
}
