//! What users of inventories complain about. None of it happens here.

use super::fixture::{World, created, domain, guid, host, id, joined, object, scanned, source};
use crate::asset::Presence;
use crate::directory::DirectoryObject;
use crate::merge::contribute::{apply_contribution, create};
use crate::merge::contribution::contribution;
use crate::merge::{Level, Reason, Unmatched, Verdict, WriteContext};
use crate::name::DistinguishedName;
use crate::task::MatchPolicy;
use crate::value::RunId;

#[test]
fn two_customers_computers_of_one_name_stay_apart() {
    // "Computer with the same names overwrite each other, even with a different domain."
    let customer = scanned(7, &["web1.customer.example"], &[]);
    let decision = World::of([joined(1, "web1")], [customer]).only();
    assert_eq!(decision.verdict, created(0));
}

#[test]
fn all_pcs_with_one_name_do_not_collapse_into_one() {
    // An image's name on fifty computers and one asset.
    let pcs = (1..=50)
        .map(|n| object(n, &[("dNSHostName", "image-pc"), ("sAMAccountName", &format!("PC{n}$"))]));
    let decisions = World::of(pcs, [scanned(7, &["image-pc"], &[])]).decide();
    assert!(decisions.iter().all(|decision| matches!(decision.verdict, Verdict::Create(_))));
    let sentence = decisions[0].reason.to_string();
    assert_eq!(
        sentence,
        "it may be an asset that is there, but not by a distinctive name: \
         the short name image-pc is shared by 50 computers, more than 5"
    );
}

#[test]
fn a_short_name_in_one_source_and_an_fqdn_in_the_other_are_one_host() {
    // "One source says nbjoao, the other nbjoao.domain.dn."
    let decision = World::of([joined(1, "nbjoao")], [scanned(7, &["nbjoao"], &[])]).only();
    assert_eq!(decision.verdict, Verdict::Matched(id(7)));
    let staged = object(1, &[("cn", "NBJOAO")]);
    let decision = World::of([staged], [scanned(7, &["nbjoao.corp.example"], &[])]).only();
    assert_eq!(
        (decision.verdict, decision.level),
        (Verdict::Matched(id(7)), Some(Level::Qualified))
    );
}

#[test]
fn cloned_names_are_a_question_not_a_merge() {
    let twins = [scanned(7, &["web1"], &[]), scanned(8, &["web1"], &[])];
    let decision = World::of([joined(1, "web1")], twins).only();
    assert_eq!(decision.verdict, Verdict::Ambiguous);
    assert_eq!(decision.candidates().len(), 2);
}

#[test]
fn localhost_and_default_names_merge_nothing() {
    for name in ["localhost", "localhost.localdomain", "raspberrypi", "10.0.0.5", "unknown"] {
        let computer = object(1, &[("cn", name), ("dNSHostName", name)]);
        let decision = World::of([computer], [scanned(7, &[name], &[])]).only();
        assert_eq!(decision.verdict, created(0), "{name}");
        assert!(matches!(decision.reason, Reason::Unmatched(Unmatched::Weak(_))), "{name}");
    }
}

#[test]
fn a_renamed_computer_does_not_duplicate() {
    let before = joined(1, "old-name");
    let policy = MatchPolicy::default();
    let source = source();
    let now = super::fixture::day(1);
    let writing = WriteContext {
        asks_for_addresses: true,
        source: &source,
        object: guid(1),
        run: RunId::from_u128(1),
        now,
        policy: &policy,
    };
    let said = contribution(&before, &domain(), now);
    let asset =
        create(id(7), super::fixture::organization(), super::fixture::site("hq"), &said, &writing);

    let after = joined(1, "new-name");
    let decision = World::of([after.clone()], [asset.clone()]).linked(1, 7).only();
    assert_eq!((decision.verdict, decision.level), (Verdict::Linked(id(7)), Some(Level::Known)));
    let later = WriteContext { now: super::fixture::day(2), run: RunId::from_u128(2), ..writing };
    let renamed = apply_contribution(asset, &contribution(&after, &domain(), later.now), &later);
    assert_eq!(renamed.version, 2);
    let live: Vec<_> = renamed.live_names().cloned().collect();
    assert_eq!(live, [host("new-name.corp.example"), host("new-name")]);
    let aliases: Vec<_> = renamed.aliases().cloned().collect();
    assert_eq!(aliases, [host("old-name.corp.example"), host("old-name")]);
    let retired = renamed.names.iter().filter(|claim| !claim.is_live());
    assert!(retired.map(|claim| claim.until).all(|until| until == Some(later.now)));
    assert_eq!(renamed.part_of(&source, guid(1)).unwrap().presence, Presence::Present);
}

#[test]
fn who_takes_over_an_old_name_is_not_the_renamed_computer() {
    // The old name is an alias of the renamed computer's asset, and no name to match by.
    let decisions = World::of(
        [joined(1, "new-name"), joined(2, "old-name")],
        [scanned(7, &["new-name.corp.example"], &[])],
    )
    .linked(1, 7)
    .decide();
    assert_eq!(decisions[1].verdict, created(0));
}

#[test]
fn a_name_that_netbios_cut_finds_the_whole_one() {
    let joined = joined(1, "averylonghostname");
    let decision = World::of([joined], [scanned(7, &["AVERYLONGHOSTNA"], &[])]).only();
    assert_eq!((decision.verdict, decision.level), (Verdict::Matched(id(7)), Some(Level::Short)));
    let staged = object(1, &[("sAMAccountName", "AVERYLONGHOSTNA$")]);
    let decision = World::of([staged], [scanned(7, &["averylonghostname"], &[])]).only();
    assert_eq!(
        decision.reason.to_string(),
        "averylonghostna is the beginning of averylonghostname and of no other name, cut after 15 characters"
    );
}

#[test]
fn a_hashed_long_name_is_no_beginning() {
    // Tools that shorten `my-really-long-name` to `my-real-6c4a902`.
    let hashed = object(
        1,
        &[
            ("sAMAccountName", "MY-REAL-6C4A902$"),
            ("dNSHostName", "my-really-long-name.corp.example"),
        ],
    );
    let assets =
        [scanned(7, &["my-really-long-name"], &[]), scanned(8, &["my-really-long-nose"], &[])];
    assert_eq!(World::of([hashed], assets).only().verdict, Verdict::Matched(id(7)));
}

#[test]
fn one_short_name_in_two_domains_is_two_hosts() {
    // One asset says its domain in its name, one beside it, as a NetBIOS name; neither is the directory's.
    let elsewhere =
        [scanned(7, &["web1.branch.example"], &[]), scanned(8, &["web1"], &["BRANCH.EXAMPLE"])];
    let own = scanned(9, &["web1"], &["CORP"]);
    let decision = World::of([joined(1, "web1")], elsewhere.clone()).only();
    assert_eq!(decision.verdict, created(0));
    assert!(decision.candidates().iter().all(|lost| lost.level.is_none()), "{decision:?}");
    let decision = World::of([joined(1, "web1")], elsewhere.into_iter().chain([own])).only();
    assert_eq!(
        (decision.verdict, decision.level),
        (Verdict::Matched(id(9)), Some(Level::Qualified))
    );
}

#[test]
fn cloned_computers_with_one_name_do_not_overwrite_each_other() {
    // Two machines from one image, both in the directory, and one asset that either could be.
    let (one, other) = (joined(1, "clone"), joined(2, "clone"));
    let decisions = World::of([one, other], [scanned(7, &["clone.corp.example"], &[])]).decide();
    for decision in decisions {
        assert_eq!(decision.verdict, Verdict::Ambiguous);
        assert!(decision.reason.to_string().contains("clone.corp.example"), "{}", decision.reason);
    }
}

#[test]
fn netbios_names_that_two_long_names_share_decide_nothing() {
    // `ln0003-production-server` and `ln0003-production-spare` are both LN0003-PRODUCTI.
    let assets = [
        scanned(7, &["ln0003-production-server"], &[]),
        scanned(8, &["ln0003-production-spare"], &[]),
    ];
    let cut = object(1, &[("cn", "LN0003-PRODUCTI"), ("sAMAccountName", "LN0003-PRODUCTI$")]);
    assert_eq!(World::of([cut], assets).only().verdict, created(0));
}

/// A computer's account in another container, with its state and last logon.
fn account(n: u8, name: &str, control: &str, logon: &str) -> DirectoryObject {
    let dns = format!("{name}.corp.example");
    let attributes = [
        ("dNSHostName", dns.as_str()),
        ("userAccountControl", control),
        ("lastLogonTimestamp", logon),
    ];
    object(n, &attributes)
}

#[test]
fn a_computer_that_joined_anew_goes_before_its_stale_twin() {
    let (old, new) = ("133485408000000000", "133585408000000000");
    let stale = |control| account(1, "web1", control, old);
    for stale in [stale("4096"), stale("4098")] {
        let rejoined = account(2, "web1", "4096", new);
        let asset = scanned(7, &["web1.corp.example"], &[]);
        let decisions = World::of([stale, rejoined], [asset]).decide();
        assert_eq!(decisions[1].verdict, Verdict::Matched(id(7)));
        assert_eq!(decisions[0].verdict, created(0), "a marked asset of its own");
        assert!(matches!(
            decisions[0].reason,
            Reason::Unmatched(Unmatched::Outranked { asset, .. }) if asset == id(7)
        ));
    }
    // The twin that was known first keeps its asset while it is there, and is followed when it is deleted.
    let both = [account(1, "web1", "4096", old), account(2, "web1", "4096", new)];
    let asset = scanned(7, &["web1.corp.example"], &[]);
    let decisions = World::of(both.clone(), [asset.clone()]).linked(1, 7).decide();
    assert_eq!(decisions[0].verdict, Verdict::Linked(id(7)));
    assert_eq!(decisions[1].verdict, created(0));
    let [_, rejoined] = both;
    let mut world = World::of([rejoined], [asset]).linked(1, 7);
    world.absent = [guid(1)].into();
    let decision = world.only();
    assert_eq!((decision.verdict, decision.succeeds()), (Verdict::Matched(id(7)), &[guid(1)][..]));
}

#[test]
fn a_cnf_twin_neither_takes_the_asset_nor_leaves_its_name_on_one() {
    let mangled = "WEB1\nCNF:6b0d9f3e-0000-4000-8000-000000000001";
    let mut twin = object(
        1,
        &[
            ("cn", mangled),
            ("dNSHostName", "web1.corp.example"),
            ("sAMAccountName", "$DUPLICATE-46a"),
            ("userAccountControl", "4096"),
            ("lastLogonTimestamp", "133585408000000000"),
        ],
    );
    twin.dn = DistinguishedName::parse(
        r"CN=WEB1\0ACNF:6b0d9f3e-0000-4000-8000-000000000001,OU=PCs,DC=corp,DC=example",
    )
    .unwrap();
    assert_eq!(twin.host_names(), [host("web1.corp.example")], "no mangled name is a host name");
    // It was used later than the other, which is disabled even; and comes first.
    let winner = account(2, "web1", "4098", "0");
    let asset = scanned(7, &["web1.corp.example"], &[]);
    let decisions = World::of([twin.clone(), winner], [asset.clone()]).decide();
    assert_eq!(decisions[1].verdict, Verdict::Matched(id(7)));
    assert_eq!(decisions[0].verdict, created(0));
    // Alone, it is the computer.
    assert_eq!(World::of([twin], [asset]).only().verdict, Verdict::Matched(id(7)));
}
