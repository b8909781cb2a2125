//! What use of the rules has shown: each test is a kind of situation, with neighbours.

use super::fixture::{
    TODAY, World, created, day, domain, guid, host, id, joined, object, scanned, seen, source,
};
use crate::asset::{Asset, Claim, ConstraintKind, SourceRecord};
use crate::directory::{AccountKind, DirectoryObject};
use crate::merge::{
    Candidate, Computer, Decision, DirectoryDomain, KnownComputer, Level, LostBecause, Reason,
    Unmatched, Verdict,
};
use crate::name::DistinguishedName;
use crate::task::MatchPolicy;
use crate::value::SourceId;

const DNS: &str = "dNSHostName";
const SAM: &str = "sAMAccountName";

fn verdict(object: DirectoryObject, assets: impl IntoIterator<Item = Asset>) -> Verdict {
    World::of([object], assets).only().verdict
}

/// A day of the world as a FILETIME.
fn filetime(n: i64) -> String {
    (day(n).as_micros() * 10 + 116_444_736_000_000_000).to_string()
}

/// A computer that was last used on this day.
fn used(n: u8, name: &str, on: i64) -> DirectoryObject {
    let mut object = joined(n, name);
    let time = filetime(on);
    object.attributes =
        object.attributes.iter().chain([("lastLogonTimestamp", time.as_str())]).collect();
    object
}

/// A computer of `eu.example`, another directory of the organization.
fn elsewhere(n: u8, name: &str, asset: Option<u128>) -> KnownComputer {
    let dn = format!("CN=C{n},OU=PCs,DC=eu,DC=example");
    let mut object = joined(n, name);
    object.dn = dn.parse().unwrap();
    object.attributes = [
        (DNS, format!("{name}.eu.example").as_str()),
        (SAM, format!("{}$", name.to_uppercase()).as_str()),
    ]
    .into_iter()
    .collect();
    let domain = DirectoryDomain::new(Some("eu.example"), Some("EU"));
    KnownComputer {
        source: SourceId::new("ldap", "eu.example").unwrap(),
        computer: Computer::of(&object, &domain),
        asset: asset.map(id),
    }
}

#[test]
fn a_waiting_computer_waits_on() {
    let kiosk2 = object(2, &[(DNS, "kiosk.branch.example"), (SAM, "KIOSK2$")]);
    let assets = || {
        [
            scanned(7, &["kiosk"], &[]),
            scanned(8, &["KIOSK"], &[]),
            scanned(9, &["kiosk.branch.example"], &[]),
        ]
    };
    let first = World::of([joined(1, "kiosk"), kiosk2.clone()], assets()).decide();
    assert_eq!(first[0].verdict, Verdict::Ambiguous);
    assert_eq!(first[1].verdict, Verdict::Matched(id(9)));
    // What the first run wrote.
    let [a, b, mut c] = assets();
    c.names.extend(scanned(0, &["kiosk2"], &[]).names);
    c.domains.extend(scanned(0, &[], &["corp.example", "corp"]).domains);
    let second = World::of([joined(1, "kiosk"), kiosk2], [a, b, c]).linked(2, 9).decide();
    assert_eq!(second[0].verdict, Verdict::Ambiguous);
    assert_eq!(second[0].reason, first[0].reason);
}

#[test]
fn a_name_that_as_many_have_as_may_is_evidence_once_one_of_them_is_taken() {
    let assets = [
        scanned(7, &["web1.corp.example"], &[]),
        scanned(8, &["web1"], &[]),
        scanned(9, &["web1.other.example"], &[]),
    ];
    let other = object(2, &[(DNS, "web1.lab.example"), (SAM, "WEB1$")]);
    let world = World::of([joined(1, "web1"), other], assets);
    let decisions = world.with(MatchPolicy::default().with_weak_name_limit(2)).decide();
    let verdicts: Vec<_> = decisions.into_iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [7, 8].map(|n| Verdict::Matched(id(n))));
}

#[test]
fn what_is_left_out_of_the_candidates_of_a_decision_is_not_told() {
    let assets = [8, 7].map(|n| scanned(n, &["web1"], &[]));
    let mut decision = World::of([joined(1, "web1")], assets).only();
    let told = |decision: &Decision| -> Vec<_> {
        decision.candidates().iter().map(|candidate| candidate.asset).collect()
    };
    assert_eq!(told(&decision), [id(7), id(8)]);
    decision.retain_candidates(|candidate| candidate.asset == id(8));
    assert_eq!(told(&decision), [id(8)]);
}

#[test]
fn who_may_be_one_of_several_keeps_all_of_them_from_who_fits_less() {
    let assets = [
        scanned(7, &["kiosk.corp.example", "web1"], &[]),
        scanned(8, &["kiosk.corp.example"], &[]),
    ];
    let decisions = World::of([joined(1, "kiosk"), joined(2, "web1")], assets).decide();
    let verdicts: Vec<_> = decisions.into_iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [Verdict::Ambiguous, created(0)]);
}

#[test]
fn what_another_computer_has_does_not_compete() {
    let renamed = joined(1, "pc1-old");
    for names in [&["pc1.corp.example", "pc1"][..], &["PC1"]] {
        let assets = [scanned(7, &["pc1.corp.example", "pc1-old"], &[]), scanned(8, names, &[])];
        let world = World::of([renamed.clone(), joined(2, "pc1")], assets).linked(1, 7);
        let decisions = world.decide();
        assert_eq!(decisions[1].verdict, Verdict::Matched(id(8)), "{names:?}");
        let by = "pc1-old.corp.example".to_owned();
        assert_eq!(decisions[1].candidates()[1].lost_because, Some(LostBecause::Held { by }));
    }
}

#[test]
fn a_domain_below_a_private_label_is_a_domain() {
    for label in ["local", "lan", "private", "home", "internal"] {
        let (own, other) = (format!("contoso.{label}"), format!("fabrikam.{label}"));
        let object = object(1, &[(DNS, &format!("web1.{own}")), (SAM, "WEB1$")]);
        let decide = |asset: Asset| {
            let domain = DirectoryDomain::new(Some(&own), Some("CONTOSO"));
            let mut world = World::of([], [asset]);
            world.computers = vec![Computer::of(&object, &domain)];
            world.only().level
        };
        assert_eq!(decide(scanned(7, &[&format!("web1.{other}")], &[])), None, "{label}");
        assert_eq!(decide(scanned(7, &["web1"], &[&other])), None, "{label}");
        assert_eq!(decide(scanned(7, &[&format!("web1.{label}")], &[])), Some(Level::Short));
        assert_eq!(decide(scanned(7, &["web1"], &[&own])), Some(Level::Qualified));
    }
}

#[test]
fn the_label_of_an_object_is_no_name_of_its_host() {
    let lab12 = || object(1, &[("cn", "LAB-07"), (SAM, "LAB-12$"), (DNS, "lab-12.corp.example")]);
    assert_eq!(verdict(lab12(), [scanned(7, &["lab-07.corp.example"], &[])]), created(0));
    let staged = object(1, &[("cn", "LAB-07")]);
    let assets = [scanned(7, &["lab-07.corp.example"], &[])];
    assert_eq!(verdict(staged, assets), Verdict::Matched(id(7)));
    let unreadable = object(1, &[("cn", "LAB-07"), (DNS, "no name")]);
    assert_eq!(verdict(unreadable, [scanned(7, &["lab-07"], &[])]), Verdict::Matched(id(7)));
}

#[test]
fn a_default_name_is_evidence_in_full() {
    for name in ["lab-1-2-3-4", "imac-12", "printer", "laptop", "ubuntu", "ip-10-0-0-5", "android"]
    {
        let fqdn = format!("{name}.corp.example");
        let decision = World::of([joined(1, name)], [scanned(7, &[&fqdn], &[])]).only();
        assert_eq!(
            (decision.verdict, decision.level),
            (Verdict::Matched(id(7)), Some(Level::Full))
        );
        for names in [&[name][..], &[&format!("{name}.local")], &[&format!("{name}.b.example")]] {
            assert_eq!(verdict(joined(1, name), [scanned(7, names, &[])]), created(0), "{names:?}");
        }
        // One computer and one asset alone.
        let twice = [scanned(7, &[&fqdn], &[]), scanned(8, &[&fqdn], &[])];
        assert_eq!(verdict(joined(1, name), twice), created(0));
    }
    for name in ["localhost", "unknown"] {
        let fqdn = format!("{name}.corp.example");
        assert_eq!(verdict(joined(1, name), [scanned(7, &[&fqdn], &[])]), created(0));
    }
}

#[test]
fn what_is_no_machine_is_known_by_what_it_serves() {
    let kind = |attributes: &[(&str, &str)]| object(1, attributes).account_kind();
    let spn = |name| ("servicePrincipalName", name);
    let windows = ("operatingSystem", "Windows Server 2022");
    assert_eq!(kind(&[spn("MSClusterVirtualServer/clu1"), windows]), AccountKind::ClusterName);
    for account in ["AzureADKerberos$", "AZUREADSSOACC$", "azureadssoacc$"] {
        assert_eq!(kind(&[(SAM, account), windows]), AccountKind::Cloud, "{account}");
    }
    assert_eq!(kind(&[spn("cifs/files1.file.core.windows.net")]), AccountKind::Cloud);
    assert_eq!(kind(&[spn("cifs/files1.corp.example")]), AccountKind::Host);
    assert_eq!(kind(&[spn("exchangeMDB/mail.corp.example")]), AccountKind::Cloud);
    let server = [spn("exchangeMDB/ex1.corp.example"), spn("HOST/EX1"), windows];
    assert_eq!(kind(&server), AccountKind::Host);
    assert_eq!(kind(&[("userAccountControl", "2080")]), AccountKind::Trust);
    assert_eq!(kind(&[("sAMAccountType", "805306370")]), AccountKind::Trust);
}

#[test]
fn a_cut_name_keeps_to_its_domain_and_to_its_host() {
    let elsewhere =
        object(1, &[(DNS, "exactlyfifteen1b.child.example"), (SAM, "EXACTLYFIFTEEN1$")]);
    let asset = scanned(7, &["exactlyfifteen1b.other.example"], &[]);
    assert_eq!(verdict(elsewhere, [asset]), created(0));
    // What its name says is another domain of the forest goes before the domain that it is a member of.
    let child = object(1, &[(DNS, "exactlyfifteen1b.eu.corp.example"), (SAM, "EXACTLYFIFTEEN1$")]);
    for (others, expected) in [(&["eu.corp.example"][..], None), (&[], Some(Level::Qualified))] {
        let asset = scanned(7, &["exactlyfifteen1b.corp.example"], &[]);
        let mut world = World::of([], [asset]);
        let within = domain().within([], others.iter().copied());
        world.computers = vec![Computer::of(&child, &within)];
        assert_eq!(world.only().level, expected, "{others:?}");
    }
    let long = |n, name: &str, account: &str| {
        object(n, &[(DNS, &format!("{name}.corp.example")), (SAM, account)])
    };
    let hosts = [
        long(1, "verylongservername1", "VERYLONGSERVERN$"),
        long(2, "verylongservername2", "VERYLONGSERVER0$"),
    ];
    let decisions = World::of(hosts, [scanned(7, &["VERYLONGSERVERN"], &[])]).decide();
    assert_eq!(decisions[0].verdict, Verdict::Matched(id(7)));
    assert_eq!(decisions[1].verdict, created(0));
    let machine = object(1, &[(SAM, "ANOTHERMACHINEN$")]);
    let asset = scanned(7, &["ANOTHERMACHINEN", "anothermachinename-7"], &[]);
    assert_eq!(World::of([machine], [asset]).only().level, Some(Level::Short));
}

#[test]
fn second_names_are_taken_in_netbios_form() {
    for value in ["CATCH$", "CATCH\0$", "catch.corp.example", "CATCH"] {
        let named = object(1, &[(DNS, "web1.corp.example"), ("msDS-AdditionalDnsHostName", value)]);
        assert_eq!(
            verdict(named, [scanned(7, &["catch"], &[])]),
            Verdict::Matched(id(7)),
            "{value:?}"
        );
    }
}

#[test]
fn suffixes_that_stand_for_the_domain_are_its_own() {
    let decide = |name: &str, domain: &DirectoryDomain| {
        let mut world = World::of([], [scanned(7, &[name], &[])]);
        world.computers = vec![Computer::of(&joined(1, "pc7"), domain)];
        world.only().level
    };
    let alone = domain();
    let told = domain().within(["dhcp.example.net"], ["eu.corp.example"]);
    assert_eq!(decide("pc7.dhcp.corp.example", &alone), Some(Level::Qualified));
    assert_eq!(decide("pc7.eu.corp.example", &told), None);
    assert_eq!(decide("pc7.vpn.eu.corp.example", &told), None);
    assert_eq!(decide("pc7.dhcp.example.net", &alone), None);
    assert_eq!(decide("pc7.dhcp.example.net", &told), Some(Level::Short));
    // A computer is in its directory's domain, whatever suffix it has.
    let disjoint = object(1, &[(DNS, "hunt.branch.example"), (SAM, "HUNT$")]);
    let asset = scanned(7, &["hunt.corp.example"], &[]);
    assert_eq!(World::of([disjoint], [asset]).only().level, Some(Level::Qualified));
}

#[test]
fn the_dead_do_not_make_a_name_common() {
    let mut objects: Vec<DirectoryObject> = (1..=5)
        .map(|n| {
            let account = format!("OLD{n}$");
            object(
                n,
                &[(DNS, "web1.corp.example"), (SAM, &account), ("userAccountControl", "4098")],
            )
        })
        .collect();
    objects.push(joined(6, "web1"));
    let decisions = World::of(objects, [scanned(7, &["web1.corp.example"], &[])]).decide();
    assert_eq!(decisions[5].verdict, Verdict::Matched(id(7)));
    assert!(decisions[..5].iter().all(|decision| matches!(decision.verdict, Verdict::Create(_))));
    let sentence = decisions[0].reason.to_string();
    assert!(sentence.contains("web1.corp.example (WEB1$)"), "{sentence}");
}

#[test]
fn who_lost_its_name_gives_way_and_a_later_password_decides() {
    let asset = || [scanned(7, &["web1.corp.example"], &[])];
    let twin = |n, account: &str, changed: i64| {
        let time = filetime(changed);
        object(n, &[(DNS, "web1.corp.example"), (SAM, account), ("pwdLastSet", &time)])
    };
    let decisions =
        World::of([twin(1, "$DUPLICATE-1a2", 50), twin(2, "WEB1$", 1)], asset()).decide();
    assert_eq!(decisions[1].verdict, Verdict::Matched(id(7)));
    let decisions = World::of([twin(1, "A$", 10), twin(2, "B$", 20)], asset()).decide();
    assert_eq!(decisions[1].verdict, Verdict::Matched(id(7)));
}

#[test]
fn the_domains_own_name_is_no_host() {
    let wrong = object(1, &[(DNS, "corp.example"), (SAM, "DC1$")]);
    assert_eq!(verdict(wrong, [scanned(7, &["corp.example"], &[])]), created(0));
}

#[test]
fn time_speaks_below_qualified() {
    let alive = |names: &[&str]| seen(scanned(7, names, &[]), day(TODAY - 1));
    let stale = used(1, "web1", -400);
    let decision = World::of([stale.clone()], [alive(&["web1"])]).only();
    assert_eq!(decision.verdict, created(0));
    assert_eq!(
        decision.candidates()[0].lost_because.as_ref().unwrap().to_string(),
        "it was seen on 2026-04-10, long after the computer's last sign of life on 2024-11-27"
    );
    assert_eq!(verdict(stale, [alive(&["web1.corp.example"])]), Verdict::Matched(id(7)));
    assert_eq!(verdict(used(1, "web1", TODAY - 80), [alive(&["web1"])]), Verdict::Matched(id(7)));
    assert_eq!(verdict(joined(1, "web1"), [alive(&["web1"])]), Verdict::Matched(id(7)));
}

#[test]
fn a_bare_name_is_asked_of_other_directories() {
    let decide = |names: &[&str], other: KnownComputer| -> Decision {
        let mut world = World::of([joined(1, "web1")], [scanned(7, names, &[])]);
        world.others = vec![other];
        world.only()
    };
    // Tied to the asset, tied to another one, or waiting.
    for asset in [Some(7), Some(8), None] {
        let decision = decide(&["web1"], elsewhere(2, "web1", asset));
        assert_eq!(decision.verdict, Verdict::Ambiguous);
        assert!(matches!(&decision.reason, Reason::Contested { level: Level::Short, .. }));
    }
    let sentence = decide(&["web1"], elsewhere(2, "web1", None)).reason.to_string();
    assert_eq!(
        sentence,
        "an asset fits it by the same short name alone, and web1.eu.example of ldap/eu.example fits that asset as \
         well; a person must decide which it is"
    );
    assert_eq!(decide(&["web1"], elsewhere(2, "web2", None)).verdict, Verdict::Matched(id(7)));
    let better = decide(&["web1.corp.example"], elsewhere(2, "web1", None));
    assert_eq!(better.verdict, Verdict::Matched(id(7)));
}

#[test]
fn what_a_scan_calls_an_asset_is_compared_where_another_directory_has_no_more_than_that() {
    // The scan says `web1`; the other directory's computer was tied to it by that alone.
    let mut asset = scanned(7, &["web1"], &[]);
    let mut part = crate::asset::SourceRecord::new(
        1,
        SourceId::new("ldap", "eu.example").unwrap(),
        "@x",
        day(0),
    );
    part.object = Some(guid(2));
    asset.parts.push(part);
    let claims = scanned(0, &["web1.eu.example"], &["eu.example"]);
    let names = claims.names.into_iter();
    asset.names.extend(names.map(|claim| crate::asset::Claim { part: 1, ..claim }));
    let domains = claims.domains.into_iter();
    asset.domains.extend(domains.map(|claim| crate::asset::Claim { part: 1, ..claim }));
    let mut world = World::of([joined(1, "web1")], [asset]);
    assert!(world.candidates[0].bare.is_some());
    world.others = vec![elsewhere(2, "web1", Some(7))];
    assert_eq!(world.only().verdict, Verdict::Ambiguous);
}

#[test]
fn a_name_that_several_have_beside_their_own_is_nobodys() {
    let node = |n, name: &str| {
        let dns = format!("{name}.corp.example");
        object(n, &[(DNS, &dns), ("msDS-AdditionalDnsHostName", "lb.corp.example")])
    };
    let assets = || {
        [
            scanned(7, &["node1.corp.example"], &[]),
            scanned(8, &["node2.corp.example"], &[]),
            scanned(9, &["lb.corp.example"], &[]),
        ]
    };
    let decisions = World::of([node(1, "node1"), node(2, "node2")], assets()).decide();
    assert_eq!(decisions[0].verdict, Verdict::Matched(id(7)));
    assert_eq!(decisions[1].verdict, Verdict::Matched(id(8)));
    // On one computer alone it is a name like any other.
    assert_eq!(
        verdict(node(1, "node1"), [scanned(9, &["lb.corp.example"], &[])]),
        Verdict::Matched(id(9))
    );
}

#[test]
fn the_family_of_the_system_settles_what_names_do_not() {
    let with_os = |n, os: &str| {
        let mut asset = scanned(n, &["web1"], &[]);
        asset.os = vec![crate::asset::Claim::new(os.to_owned(), 0, None, day(0))];
        asset
    };
    let windows = || {
        let more = [("operatingSystem", "Windows Server 2019 Standard")];
        let all = joined(1, "web1");
        let mut object = all.clone();
        object.attributes = all.attributes.iter().chain(more).collect();
        object
    };
    let both = [with_os(7, "Windows Server 2019"), with_os(8, "Ubuntu 22.04")];
    assert_eq!(verdict(windows(), both), Verdict::Matched(id(7)));
    // It never ties by itself, nor speaks against the only one.
    assert_eq!(verdict(windows(), [with_os(8, "Ubuntu 22.04")]), Verdict::Matched(id(8)));
    let unknown = [with_os(7, "Windows Server 2019"), with_os(8, "OneFS")];
    assert_eq!(verdict(windows(), unknown), Verdict::Ambiguous);
    let others = [with_os(7, "Debian 12"), with_os(8, "Ubuntu 22.04")];
    assert_eq!(verdict(windows(), others), Verdict::Ambiguous);
}

#[test]
fn what_came_since_takes_a_computer_that_is_alone() {
    let late = |assets: Vec<Asset>| {
        let mut world = World::of([joined(1, "web1")], assets).linked(1, 7);
        world.alone = [guid(1)].into();
        world.only()
    };
    let own = || scanned(7, &["web1.corp.example", "web1"], &["corp.example"]);
    assert_eq!(late(vec![own()]).verdict, Verdict::Linked(id(7)));
    let one = late(vec![own(), scanned(8, &["web1.corp.example"], &[])]);
    assert_eq!((one.verdict, one.level), (Verdict::Matched(id(8)), Some(Level::Full)));
    let two = vec![own(), scanned(8, &["web1"], &[]), scanned(9, &["WEB1"], &[])];
    let two = late(two);
    assert_eq!(two.verdict, Verdict::Linked(id(7)));
    assert_eq!(two.reason, Reason::Undecided { level: Level::Short, assets: 2 });
    assert!(two.is_open());
}

#[test]
fn one_object_of_two_directories_is_one_computer() {
    let mut world = World::of([joined(1, "web1")], [scanned(7, &["other"], &[])]);
    world.elsewhere = [(guid(1), (SourceId::new("ldap", "eu.example").unwrap(), id(7)))].into();
    let decision = world.only();
    assert_eq!((decision.verdict, decision.level), (Verdict::Matched(id(7)), Some(Level::Known)));
    assert!(world.linked(1, 8).only().verdict == Verdict::Linked(id(8)));
}

#[test]
fn an_unmatched_computer_says_why() {
    let dn = DistinguishedName::parse("CN=X,DC=corp,DC=example").unwrap();
    let nameless = DirectoryObject::new(crate::value::ObjectKind::Computer, guid(1), dn);
    let decision = World::of([nameless], []).only();
    assert_eq!(decision.reason, Reason::Unmatched(Unmatched::NoName));
    assert_eq!(Candidate::of(&scanned(7, &["pc"], &[])).whole.names, []);
    let generic = World::of([joined(1, "pc")], [scanned(7, &["pc"], &[])]).only();
    assert!(
        generic.reason.to_string().ends_with("pc is a word for any machine"),
        "{}",
        generic.reason
    );
}

/// An asset that the other directory has, too, and what its scan and that directory call it.
fn shared(scan: &[&str], theirs: &[&str], domains: &[&str]) -> Asset {
    let mut asset = scanned(7, scan, &[]);
    let mut part = SourceRecord::new(1, eu(), "@x", day(0));
    part.object = Some(guid(2));
    asset.parts.push(part);
    let claims = scanned(0, theirs, domains);
    asset.names.extend(claims.names.into_iter().map(|claim| Claim { part: 1, ..claim }));
    asset.domains.extend(claims.domains.into_iter().map(|claim| Claim { part: 1, ..claim }));
    asset
}

fn eu() -> SourceId {
    SourceId::new("ldap", "eu.example").unwrap()
}

#[test]
fn what_directories_call_an_asset_counts_unless_one_of_them_has_no_more_than_a_bare_name() {
    let decide = |scan: &[&str], names: &[&str], used: Option<i64>, other: bool| {
        let asset = seen(shared(scan, names, &["eu.example"]), day(TODAY));
        let mut world = World::of([joined(1, "web1")], [asset]);
        let mut known = elsewhere(2, "web1", Some(7));
        known.computer.names = names.iter().map(|name| host(name)).collect();
        known.computer.last_used = used.map(day);
        world.others = Vec::from_iter(other.then_some(known));
        world.only().verdict
    };
    let theirs = &["web1.eu.example"][..];
    // The other directory has it by the bare name of a scan: whose it is, is the question.
    assert_eq!(decide(&["web1"], theirs, None, true), Verdict::Ambiguous);
    // It is there no more; or has the name in full; or the scan saw the asset long after it was used.
    assert_eq!(decide(&["web1"], theirs, None, false), created(0));
    assert_eq!(decide(&["web1.lan"], &["web1.lan"], None, true), created(0));
    assert_eq!(decide(&["web1"], theirs, Some(TODAY - 91), true), created(0));
    assert_eq!(decide(&["web1"], theirs, Some(TODAY - 90), true), Verdict::Ambiguous);
}

#[test]
fn a_computer_of_another_directory_contends_by_how_well_it_fits_and_by_when_it_was_used() {
    let long = "averylonghostname";
    let cut = "averylonghostna";
    let (waits, goes) = (Verdict::Ambiguous, Verdict::Matched(id(7)));
    for (own, asset, theirs, used, expected) in [
        ("web1", "web1", "web1.eu.example", None, waits),
        ("web1", "web1", "web1.eu.example", Some(TODAY - 90), waits),
        ("web1", "web1", "web1.eu.example", Some(TODAY - 91), goes),
        // A full name says more than the time does, and than a bare one.
        ("web1", "web1.lan", "web1.lan", Some(TODAY - 91), waits),
        ("web1", "web1.corp.example", "web1.corp.example", None, goes),
        ("web1", "web1", "web2.eu.example", None, goes),
        (long, cut, "averylonghostname.eu.example", None, waits),
        (long, cut, "averylonghostname.eu.example", Some(TODAY - 91), goes),
        (long, cut, cut, None, waits),
        (long, cut, cut, Some(TODAY - 91), goes),
    ] {
        let object = object(1, &[(DNS, &format!("{own}.corp.example"))]);
        let mut world = World::of([object], [seen(scanned(7, &[asset], &[]), day(TODAY))]);
        let mut other = elsewhere(2, "web1", None);
        other.computer.names = [host(theirs)].into();
        other.computer.last_used = used.map(day);
        world.others = vec![other];
        assert_eq!(world.only().verdict, expected, "{own} {asset} {theirs} {used:?}");
    }
}

#[test]
fn what_a_person_settled_for_another_directory_is_asked_no_more() {
    let decide = |names: &[&str]| {
        let mut world = World::of([joined(1, "web1")], [scanned(7, names, &[])]);
        world = world.ruled(2, 7, ConstraintKind::MustLink, 1);
        world.constraints[0].source = eu();
        world.others = vec![elsewhere(2, "web1", Some(7))];
        world.only()
    };
    let settled = decide(&["web1"]);
    assert_eq!(settled.verdict, created(0));
    let (by, computer) = ("anna".to_owned(), "web1.eu.example of ldap/eu.example".to_owned());
    assert_eq!(settled.candidates()[0].lost_because, Some(LostBecause::Settled { by, computer }));
    assert_eq!(
        settled.candidates()[0].lost_because().unwrap(),
        "anna decided that it is web1.eu.example of ldap/eu.example"
    );
    // A full name is more than what the other one has.
    let both = decide(&["web1.corp.example", "web1.eu.example"]);
    assert_eq!(both.verdict, Verdict::Matched(id(7)));
}

#[test]
fn an_asset_that_a_directory_of_the_own_one_has_is_another_one() {
    let late = |own: Asset, directory: Option<SourceId>| {
        let mut other = scanned(8, &["web1.corp.example"], &[]);
        if let Some(directory) = directory {
            other.parts[0].source = directory;
            other.parts[0].object = Some(guid(9));
        }
        let mut world = World::of([joined(1, "web1")], [own, other]).linked(1, 7);
        world.alone = [guid(1)].into();
        world.only()
    };
    let own = || shared(&["web1"], &["web1.eu.example"], &[]);
    let lab = SourceId::new("ldap", "lab.example").unwrap();
    for (directory, verdict) in [
        (None, Verdict::Matched(id(8))),
        (Some(lab), Verdict::Matched(id(8))),
        (Some(eu()), Verdict::Linked(id(7))),
        (Some(source()), Verdict::Linked(id(7))),
    ] {
        let decision = late(own(), directory.clone());
        assert_eq!(decision.verdict, verdict, "{directory:?}");
    }
    let held = late(own(), Some(eu()));
    let by = "one of the same directory".to_owned();
    assert_eq!(held.candidates()[0].lost_because, Some(LostBecause::Held { by }));
}

#[test]
fn a_second_name_of_one_computer_is_a_name_like_any_other_whoever_has_it_in_the_inventory() {
    let (lb, web1) = ("lb.corp.example", "web1.corp.example");
    let node = object(1, &[(DNS, web1), ("msDS-AdditionalDnsHostName", lb)]);
    let two = || [scanned(8, &[lb], &[]), scanned(9, &[lb], &[])];
    assert_eq!(verdict(node, two()), Verdict::Ambiguous);
}

#[test]
fn a_default_name_is_evidence_in_the_own_domain_and_in_one_that_somebody_is_in_charge_of() {
    let decide = |name: &str| {
        // Two meet, so that more than the pair is looked at.
        let more = object(2, &[(DNS, "web1.corp.example")]);
        let assets = [scanned(7, &[name], &[]), scanned(8, &["web1"], &[])];
        World::of([object(1, &[(DNS, name)]), more], assets).decide()[0].level
    };
    assert_eq!(decide("printer.corp.example"), Some(Level::Full));
    assert_eq!(decide("printer.other.example"), Some(Level::Full));
    assert_eq!(decide("printer.corp"), Some(Level::Full));
    assert_eq!(decide("printer.lan"), None);
}
