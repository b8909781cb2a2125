//! The levels of rule 3, as tables.

use super::fixture::{World, created, guid, host, object, scanned};
use crate::asset::ConstraintKind;
use crate::merge::{Computer, DirectoryDomain, Evidence, Level, Reason, Verdict, WeakName};
use crate::merge::{LostBecause, Unmatched};

const DNS: &str = "dNSHostName";
const SAM: &str = "sAMAccountName";

/// Computer's attributes, asset's names, asset's domains, expected level.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str], Option<Level>);

fn check(rows: &[Row<'_>]) {
    for (attributes, names, domains, expected) in rows {
        let world = World::of([object(1, attributes)], [scanned(7, names, domains)]);
        let decision = world.only();
        assert_eq!(decision.level, *expected, "{attributes:?} {names:?} {domains:?}");
        let is_new = matches!(decision.verdict, Verdict::Create(_));
        assert_eq!(is_new, expected.is_none());
    }
}

#[test]
fn full_is_the_same_fqdn() {
    let web1: &[_] = &[(DNS, "WEB1.corp.example."), ("cn", "WEB1"), (SAM, "WEB1$")];
    let alias: &[_] = &[("cn", "SRV7"), ("msDS-AdditionalDnsHostName", "intranet.b.example")];
    check(&[
        (web1, &["web1.corp.example"], &[], Some(Level::Full)),
        (web1, &["web1", "Web1.Corp.Example"], &["other.example"], Some(Level::Full)),
        (web1, &["web1.other.example", "web1.corp.example"], &[], Some(Level::Full)),
        (alias, &["intranet.b.example"], &[], Some(Level::Full)),
        (&[(DNS, "web1.local")], &["web1.local"], &[], Some(Level::Full)),
        (&[(DNS, "bücher.corp.example")], &["xn--bcher-kva.corp.example"], &[], Some(Level::Full)),
    ]);
}

#[test]
fn qualified_is_the_same_short_name_in_the_directorys_domain() {
    let web1: &[_] = &[(DNS, "web1.corp.example"), ("cn", "WEB1"), (SAM, "WEB1$")];
    let staged: &[_] = &[("cn", "WEB1"), (SAM, "WEB1$")];
    let disjoint: &[_] = &[("cn", "WEB1"), (DNS, "web1.dmz.example")];
    let q = Some(Level::Qualified);
    check(&[
        (web1, &["web1"], &["CORP"], q),
        (web1, &["web1"], &["Corp.Example."], q),
        (web1, &["web1", "db.corp.example"], &[], q),
        (web1, &["web1.corp"], &[], q),
        (staged, &["web1.corp.example"], &[], q),
        (staged, &["web1.local"], &["CORP"], q),
        // The member of a domain may have a DNS name elsewhere.
        (web1, &["web1.old.example"], &["CORP"], q),
        (disjoint, &["web1"], &["CORP"], q),
        (disjoint, &["web1"], &["dmz.example"], q),
    ]);
}

#[test]
fn short_is_the_same_short_name_that_nothing_contradicts() {
    let web1: &[_] = &[(DNS, "web1.corp.example"), ("cn", "WEB1"), (SAM, "WEB1$")];
    let staged: &[_] = &[("cn", "WEB1")];
    let s = Some(Level::Short);
    check(&[
        (web1, &["web1"], &[], s),
        (web1, &["WEB1.local"], &[], s),
        (web1, &["web1.lan", "web1.home.arpa"], &["WORKGROUP"], s),
        (staged, &["web1"], &[], s),
        // An address as a name is no evidence for a domain.
        (staged, &["web1", "10.0.0.5", "ip-10-0-0-5.provider.example"], &[], s),
    ]);
}

#[test]
fn another_authoritative_domain_contradicts() {
    let mail: &[_] = &[(DNS, "mail.corp.example"), ("cn", "MAIL"), (SAM, "MAIL$")];
    let staged: &[_] = &[("cn", "MAIL")];
    check(&[
        (mail, &["mail.b.example"], &[], None),
        (mail, &["mail"], &["b.example"], None),
        (mail, &["mail"], &["OTHERNT"], None),
        (mail, &["mail", "mail.b.example"], &[], None),
        (staged, &["mail.b.example"], &[], None),
    ]);
    let decision = World::of([object(1, mail)], [scanned(7, &["mail.b.example"], &[])]).only();
    assert_eq!(decision.verdict, created(0));
    assert_eq!(decision.reason, Reason::Unmatched(Unmatched::NothingFits));
    let lost = decision.candidates()[0].lost_because.clone();
    assert_eq!(lost, Some(LostBecause::AnotherDomain("b.example".to_owned())));
}

#[test]
fn truncated_is_a_netbios_name_that_begins_one_longer_name() {
    let long: &[_] = &[(DNS, "averylonghostname.corp.example"), (SAM, "AVERYLONGHOSTNA$")];
    let cut: &[_] = &[("cn", "AVERYLONGHOSTNA"), (SAM, "AVERYLONGHOSTNA$")];
    let t = Some(Level::Truncated);
    check(&[
        (&[(DNS, "averylonghostname.corp.example")], &["AVERYLONGHOSTNA"], &[], t),
        (&[(DNS, "averylonghostname.corp.example")], &["AVERYLONGHOSTNA"], &["CORP"], t),
        (cut, &["averylonghostname.corp.example"], &[], t),
        (cut, &["averylonghostname.b.example"], &[], None),
        (long, &["averylonghostna"], &["b.example"], None),
        // The same 15 characters are the same name.
        (cut, &["averylonghostna"], &[], Some(Level::Short)),
        (cut, &["averylonghostname", "averylonghostna"], &[], Some(Level::Short)),
        (long, &["AVERYLONGHOSTNA"], &[], Some(Level::Short)),
        (long, &["AVERYLONGHOSTNA"], &["CORP"], Some(Level::Qualified)),
        // NetBIOS calls it otherwise.
        (
            &[(DNS, "averylonghostname.corp.example"), (SAM, "AVERYLONGHOST01$")],
            &["AVERYLONGHOSTNA"],
            &[],
            None,
        ),
        (long, &["averylonghostname"], &[], Some(Level::Short)),
        // A whole name of 15 characters was not cut.
        (&[(DNS, "web-server-prod.corp.example")], &["web-server-prod2"], &[], None),
        (&[(DNS, "web-server-prod2.corp.example")], &["web-server-prod.lan"], &[], None),
        // Fourteen characters are the beginning of nothing.
        (&[("cn", "AVERYLONGHOSTN")], &["averylonghostname"], &[], None),
        (&[("cn", "AVERYLONGHOSTXX")], &["averylonghostname"], &[], None),
    ]);
}

#[test]
fn two_longer_names_on_either_side_are_no_evidence() {
    let cut = || object(1, &[("cn", "AVERYLONGHOSTNA")]);
    let first = || scanned(7, &["averylonghostname1"], &[]);
    let second = || scanned(8, &["averylonghostname2.lan"], &[]);
    assert_eq!(World::of([cut()], [first()]).only().level, Some(Level::Truncated));
    let decision = World::of([cut()], [first(), second()]).only();
    assert_eq!(decision.verdict, created(0));
    let beginning = WeakName::Beginning("averylonghostna".to_owned());
    assert_eq!(decision.reason, Reason::Unmatched(Unmatched::Common(vec![beginning])));
    let other = object(2, &[(DNS, "averylonghostname2.corp.example")]);
    let decisions = World::of([cut(), other], [first()]).decide();
    assert_eq!(decisions[0].verdict, created(0));
}

#[test]
fn a_new_asset_beside_one_of_a_common_name_says_so() {
    let six = |name: &'static str| (7..13).map(move |n| scanned(n, &[name], &[]));
    let web1 = || object(1, &[(DNS, "web1.corp.example")]);
    let is_beside = |world: World| {
        let decision = world.decide().remove(0);
        assert_eq!(decision.verdict, created(0), "{}", decision.reason());
        decision.is_beside_another()
    };
    for name in ["web1", "web1.corp.example", "web1.lan"] {
        assert!(is_beside(World::of([web1()], six(name))), "{name}");
    }
    // Not those of another domain, nor what has a name that anybody's device may have.
    assert!(!is_beside(World::of([web1()], six("web1.other.example"))));
    assert!(!is_beside(World::of([object(1, &[(DNS, "raspberrypi")])], six("raspberrypi"))));
    // One asset, and more computers than may have its name.
    let clone = |n| object(n, &[(DNS, "web1.corp.example"), ("cn", "WEB1")]);
    let clones = || (1..=6).map(clone);
    assert!(is_beside(World::of(clones(), [scanned(7, &["web1"], &[])])));
    assert!(!is_beside(World::of(clones(), [])));
    let mut held = World::of(
        clones().chain([object(20, &[(DNS, "db1.corp.example")])]),
        [scanned(7, &["web1", "db1.corp.example"], &[])],
    );
    assert!(!is_beside(held.clone()));
    held.computers.pop();
    assert!(is_beside(held));
    // A cut name that two longer ones begin with.
    let longer = |n| object(n, &[(DNS, &format!("averylonghostname{n}.corp.example"))]);
    let two = || [1, 2].map(longer);
    assert!(is_beside(World::of(two(), [scanned(7, &["averylonghostna"], &[])])));
    assert!(!is_beside(World::of(two(), [scanned(7, &["averylonghostna.other.example"], &[])])));
    // A name of too many, which was cut in the inventory; and a cut one of too many, which is whole there.
    let [whole, cut] = ["averylonghostname", "averylonghostna"];
    for (ours, theirs) in [(whole, cut), (cut, whole)] {
        let six = || (1..=6).map(|n| object(n, &[("cn", ours)]));
        assert!(is_beside(World::of(six(), [scanned(7, &[theirs], &[])])), "{ours}");
        assert!(!is_beside(World::of(six(), [scanned(7, &["averylongname"], &[])])), "{ours}");
    }
    // Of two longer names it may be the beginning, unless it is known to be whole.
    let two = || [1, 2].map(|n| scanned(6 + n, &[&format!("averylonghostname{n}")], &[]));
    for (attribute, name, expected) in
        [("cn", cut, true), (DNS, "averylonghostna.corp.example", false)]
    {
        let six = (1..=6).map(|n| object(n, &[(attribute, name)]));
        assert_eq!(is_beside(World::of(six, two())), expected, "{name}");
    }
}

#[test]
fn of_many_assets_with_a_common_name_any_that_is_free_is_one_to_be_beside() {
    let web1 = |n| object(n, &[(DNS, "web1.corp.example")]);
    for taken in [18, 19, 20] {
        let assets = (1..=20).map(|n| scanned(100 + n, &["web1"], &[]));
        let world = World::of((1..=taken).chain([50]).map(web1), assets);
        let world = (1..=taken).fold(world, |world, n| world.linked(n, 100 + u128::from(n)));
        let decision = world.decide().pop().unwrap();
        assert_eq!((decision.object, decision.verdict), (guid(50), created(0)));
        assert_eq!(decision.is_beside_another(), taken < 20, "{taken}: {}", decision.reason());
    }
}

#[test]
fn an_asset_that_a_person_keeps_apart_is_none_to_be_beside() {
    let web1 = object(1, &[(DNS, "web1.corp.example")]);
    let world = World::of([web1], (7..13).map(|n| scanned(n, &["web1"], &[])));
    assert!(world.only().is_beside_another());
    let kept_apart = |world: World, n| world.ruled(1, n, ConstraintKind::CannotLink, 1);
    let decision = (7..13).fold(world, kept_apart).only();
    assert_eq!((decision.verdict, decision.is_beside_another()), (created(0), false));
}

#[test]
fn a_better_level_goes_before_a_worse_one() {
    let web1 = object(1, &[(DNS, "web1.corp.example"), ("cn", "WEB1")]);
    let decision = World::of(
        [web1],
        [
            scanned(6, &["web1"], &[]),
            scanned(7, &["web1"], &["CORP"]),
            scanned(8, &["web1.corp.example"], &[]),
        ],
    )
    .only();
    assert_eq!(
        (decision.verdict.asset(), decision.level),
        (Some(super::fixture::id(8)), Some(Level::Full))
    );
    let name = host("web1.corp.example");
    assert_eq!(decision.reason, Reason::Names(Evidence::Full { name }.into()));
    let lost: Vec<_> =
        decision.candidates().iter().map(|c| (c.level, c.lost_because.clone())).collect();
    let lower = Some(LostBecause::LowerLevel(Level::Full));
    assert_eq!(
        lost,
        [
            (Some(Level::Full), None),
            (Some(Level::Qualified), lower.clone()),
            (Some(Level::Short), lower)
        ]
    );
}

#[test]
fn an_unknown_netbios_domain_contradicts_nothing() {
    let mut world = World::of([object(1, &[("cn", "WEB1")])], [scanned(7, &["web1"], &["CORP"])]);
    let object = object(1, &[("cn", "WEB1")]);
    let unknown = DirectoryDomain::new(Some("corp.example"), None);
    world.computers = vec![Computer::of(&object, &unknown)];
    assert_eq!(world.only().level, Some(Level::Short));
    world.computers = vec![Computer::of(&object, &DirectoryDomain::default())];
    world.candidates[0].whole.names = vec![host("web1.b.example")];
    assert_eq!(world.only().level, Some(Level::Short));
}

#[test]
fn forms_of_an_international_name_are_one_name_and_sentences_have_it_in_letters() {
    let mut computer = object(1, &[("dNSHostName", "BU\u{308}RO-PC1.bücher.example")]);
    computer.dn = "CN=BÜRO-PC1,DC=bücher,DC=example".parse().unwrap();
    for (domain, asset_domain) in
        [("BÜCHER.example", "xn--bcher-kva.example"), ("xn--bcher-kva.example", "bücher.example")]
    {
        let domain = DirectoryDomain::new(Some(domain), Some("BUCH"));
        let mut world = World::of([], [scanned(7, &["xn--bro-pc1-n2a"], &[asset_domain])]);
        world.computers = vec![Computer::of(&computer, &domain)];
        let decision = world.only();
        assert_eq!(decision.level, Some(Level::Qualified));
        assert_eq!(
            decision.reason.to_string(),
            "its short name büro-pc1 is a name of this asset, and both are in the domain bücher.example"
        );
    }
    computer.attributes = [("dNSHostName", "xn--bro-pc1-n2a.corp.example")].into_iter().collect();
    let computer = Computer::of(&computer, &DirectoryDomain::default());
    assert_eq!(&*computer.name, "büro-pc1.corp.example");
}
