//! Rules 1, 2, 4, 5 and 6.

use super::fixture::{
    TODAY, World, created, day, domain, guid, host, id, joined, object, scanned, seen, site, source,
};
use crate::asset::ConstraintKind::{CannotLink, MustLink};
use crate::directory::{AccountKind, DirectoryObject};
use crate::merge::ties::Ties;
use crate::merge::{
    Computer, Decision, KnownComputer, Level, LostBecause, Outranked, Reason, Unmatched, Verdict,
};
use crate::name::DistinguishedName;
use crate::task::{Ambiguity, MatchPolicy};
use crate::value::SourceId;

fn used(n: u8, name: &str, control: &str, filetime: &str) -> DirectoryObject {
    let dns = format!("{name}.corp.example");
    object(
        n,
        &[("dNSHostName", &dns), ("userAccountControl", control), ("lastLogonTimestamp", filetime)],
    )
}

fn verdicts(world: &World) -> Vec<Verdict> {
    world.decide().into_iter().map(|decision| decision.verdict).collect()
}

#[test]
fn a_link_decides_whatever_name_state_and_kind_are_now() {
    let asset = || scanned(7, &["other.example"], &[]);
    for control in ["4096", "4098", "2048"] {
        let world = World::of([used(1, "web1", control, "0")], [asset()]).linked(1, 7);
        assert_eq!(world.only().verdict, Verdict::Linked(id(7)), "{control}");
    }
}

#[test]
fn must_link_moves_a_linked_computer() {
    let world = World::of([joined(1, "web1")], [scanned(7, &["web1"], &[])]).linked(1, 7);
    let decision = world.ruled(1, 8, MustLink, 1).only();
    assert_eq!(
        (decision.verdict, decision.level),
        (Verdict::Matched(id(8)), Some(Level::Constraint))
    );
    assert_eq!(decision.reason, Reason::Decided { by: "anna".to_owned() });
}

#[test]
fn must_link_to_the_linked_asset_is_no_change() {
    let world = World::of([joined(1, "web1")], []).linked(1, 7).ruled(1, 7, MustLink, 1);
    assert_eq!(world.only().verdict, Verdict::Linked(id(7)));
}

#[test]
fn must_link_makes_a_host_of_anything() {
    let trust = used(1, "web1", "2048", "0");
    assert_eq!(
        World::of([trust], []).ruled(1, 7, MustLink, 1).only().verdict,
        Verdict::Matched(id(7))
    );
}

#[test]
fn cannot_link_breaks_a_link_and_outranks_names() {
    let world = World::of([joined(1, "web1")], [scanned(7, &["web1.corp.example"], &[])]);
    let decision = world.linked(1, 7).ruled(1, 7, CannotLink, 1).only();
    assert_eq!(decision.verdict, created(0));
    let lost = decision.candidates()[0].lost_because.clone();
    assert_eq!(lost, Some(LostBecause::Separated { by: "anna".to_owned() }));
}

#[test]
fn without_the_separated_asset_the_next_best_is_a_match() {
    let assets = [scanned(7, &["web1.corp.example"], &[]), scanned(8, &["web1"], &[])];
    let world = World::of([joined(1, "web1")], assets).ruled(1, 7, CannotLink, 1);
    assert_eq!(world.only().verdict, Verdict::Matched(id(8)));
}

#[test]
fn the_later_decision_holds_and_at_the_same_time_the_separating_one() {
    let world = |rulings: &[(u128, _, i64)]| {
        rulings.iter().fold(World::of([joined(1, "web1")], []), |world, (asset, kind, at)| {
            world.ruled(1, *asset, *kind, *at)
        })
    };
    let decide = |rulings: &[(u128, _, i64)]| world(rulings).only().verdict;
    assert_eq!(decide(&[(7, MustLink, 1), (8, MustLink, 2)]), Verdict::Matched(id(8)));
    assert_eq!(decide(&[(8, MustLink, 2), (7, MustLink, 1)]), Verdict::Matched(id(8)));
    assert_eq!(decide(&[(7, CannotLink, 1), (7, MustLink, 2)]), Verdict::Matched(id(7)));
    assert_eq!(decide(&[(7, MustLink, 1), (7, CannotLink, 2)]), created(0));
    assert_eq!(decide(&[(7, MustLink, 1), (7, CannotLink, 1)]), created(0));
    let both = [(7, MustLink, 1), (8, MustLink, 2), (8, CannotLink, 3)];
    assert_eq!(decide(&both), Verdict::Matched(id(7)));
}

#[test]
fn decisions_on_another_directory_are_passed_over() {
    let mut world = World::of([joined(1, "web1")], []).ruled(1, 7, MustLink, 1);
    world.constraints[0].source = SourceId::new("ldap", "b.example").unwrap();
    assert_eq!(world.only().verdict, created(0));
}

#[test]
fn an_asset_tied_to_another_present_object_is_not_shared() {
    let asset = || scanned(7, &["web1.corp.example"], &[]);
    let world = World::of([joined(1, "web1"), joined(2, "renamed")], [asset()]).linked(2, 7);
    let decisions = world.decide();
    let by = "renamed.corp.example".to_owned();
    assert_eq!(
        decisions[0].reason,
        Reason::Unmatched(Unmatched::Held { asset: id(7), by: by.clone() })
    );
    assert_eq!(decisions[0].candidates()[0].lost_because, Some(LostBecause::Held { by }));
    // Also if that object is not among the changes that were read.
    let world = World::of([joined(1, "web1")], [asset()]).linked(2, 7);
    assert_eq!(world.only().verdict, created(0));
}

#[test]
fn who_is_made_anew_takes_the_place_of_who_was_deleted() {
    let world = World::of([joined(1, "web1")], [scanned(7, &["web1.corp.example"], &[])]);
    let mut world = world.linked(3, 7).linked(2, 7);
    world.absent = [guid(2), guid(3)].into();
    let decision = world.only();
    assert_eq!(decision.verdict, Verdict::Matched(id(7)));
    assert_eq!(decision.succeeds(), [guid(2), guid(3)]);
}

#[test]
fn who_is_separated_leaves_the_asset_to_others() {
    let world = World::of(
        [joined(1, "web1"), joined(2, "web2")],
        [scanned(7, &["web1.corp.example"], &[])],
    );
    let world = world.linked(2, 7).ruled(2, 7, CannotLink, 1);
    assert_eq!(verdicts(&world), [Verdict::Matched(id(7)), created(0)]);
}

#[test]
fn people_may_let_two_computers_share_an_asset() {
    let world = World::of([joined(1, "web1"), joined(2, "web2")], []).linked(1, 7);
    let world = world.ruled(2, 7, MustLink, 1);
    assert_eq!(verdicts(&world), [Verdict::Linked(id(7)), Verdict::Matched(id(7))]);
}

#[test]
fn of_two_computers_the_better_one_gets_the_asset() {
    let (old, new) = ("133485408000000000", "133585408000000000");
    let full = |n| used(n, "web1", "4096", old);
    let short = object(2, &[("cn", "WEB1"), ("lastLogonTimestamp", new)]);
    let rows = [
        (short, full(1), Outranked::Level(Level::Full)),
        (used(2, "web1", "4098", new), full(1), Outranked::Enabled),
        (used(2, "web1", "4096", "0"), full(1), Outranked::UsedLater),
        (used(2, "web1", "4096", old), used(1, "web1", "4096", new), Outranked::UsedLater),
    ];
    for (loser, winner, because) in rows {
        let world = World::of([loser, winner], [scanned(7, &["web1.corp.example"], &[])]);
        let decisions = world.decide();
        assert_eq!(decisions[0].verdict, Verdict::Matched(id(7)));
        assert_eq!(decisions[1].verdict, created(0));
        let by = "web1.corp.example".to_owned();
        let lost = Unmatched::Outranked { asset: id(7), by: by.clone(), because };
        assert_eq!(decisions[1].reason, Reason::Unmatched(lost));
        assert_eq!(
            decisions[1].candidates()[0].lost_because,
            Some(LostBecause::Outranked { by, because })
        );
    }
}

#[test]
fn two_computers_that_nothing_tells_apart_wait() {
    let both = || [used(1, "web1", "4096", "0"), used(2, "web1", "4096", "0")];
    for name in ["web1.corp.example", "web1"] {
        let world = World::of(both(), [scanned(7, &[name], &[])]);
        let decisions = world.decide();
        for (decision, other) in decisions.iter().zip(["2", "1"]) {
            assert_eq!(decision.verdict, Verdict::Ambiguous, "{name}, not {other}");
            assert!(matches!(&decision.reason, Reason::Contested { .. }), "{}", decision.reason);
            let lost = decision.candidates()[0].lost_because.as_ref();
            assert!(matches!(lost, Some(LostBecause::Contested { .. })), "{lost:?}");
        }
    }
    let policy = MatchPolicy::default().with_ambiguity(Ambiguity::Create);
    let world = World::of(both(), [scanned(7, &["web1"], &[])]).with(policy);
    assert_eq!(verdicts(&world), [created(0), created(1)]);
}

#[test]
fn whoever_is_better_than_two_that_nothing_tells_apart_gets_the_asset() {
    let twins = [used(1, "web1", "4096", "0"), used(2, "web1", "4096", "0")];
    let later = used(3, "web1", "4096", "133585408000000000");
    let world = World::of([later].into_iter().chain(twins), [scanned(7, &["web1"], &[])]);
    assert_eq!(verdicts(&world), [created(0), created(1), Verdict::Matched(id(7))]);
}

#[test]
fn whoever_comes_after_two_that_nothing_tells_apart_gets_nothing() {
    let twins = [used(1, "web1", "4096", "0"), used(2, "web1", "4096", "0")];
    let disabled = used(3, "web1", "4098", "0");
    let world = World::of(twins.into_iter().chain([disabled]), [scanned(7, &["web1"], &[])]);
    assert_eq!(verdicts(&world), [Verdict::Ambiguous, Verdict::Ambiguous, created(0)]);
}

#[test]
fn the_loser_of_a_replication_conflict_gives_way() {
    let mut twin = used(1, "web1", "4096", "133585408000000000");
    twin.dn = DistinguishedName::parse(r"CN=WEB1\0ACNF:1,DC=corp,DC=example").unwrap();
    let world =
        World::of([twin, used(2, "web1", "4098", "0")], [scanned(7, &["web1.corp.example"], &[])]);
    assert_eq!(verdicts(&world), [created(0), Verdict::Matched(id(7))]);
}

#[test]
fn the_loser_decides_anew_among_what_is_left() {
    let assets = [scanned(7, &["web1.corp.example"], &[]), scanned(8, &["web1"], &[])];
    let world = World::of([used(1, "web1", "4096", "0"), used(2, "web1", "4098", "0")], assets);
    assert_eq!(verdicts(&world), [Verdict::Matched(id(7)), Verdict::Matched(id(8))]);
}

#[test]
fn two_best_assets_are_ambiguous_unless_one_is_taken() {
    let assets =
        || [scanned(7, &["web1.corp.example"], &[]), scanned(8, &["web1.corp.example"], &[])];
    let world = World::of([joined(1, "web1")], assets());
    let decision = world.only();
    assert_eq!((decision.verdict, decision.level), (Verdict::Ambiguous, Some(Level::Full)));
    assert_eq!(decision.reason, Reason::Ambiguous { level: Level::Full, assets: 2 });
    let lost = decision.candidates().iter().map(|considered| considered.lost_because.clone());
    assert!(lost.eq([
        Some(LostBecause::Ambiguous { others: 1 }),
        Some(LostBecause::Ambiguous { others: 1 })
    ]));
    let taken = World::of([joined(1, "web1")], assets()).linked(9, 7).only();
    assert_eq!(taken.verdict, Verdict::Matched(id(8)));
    let by = super::fixture::guid(9).to_string();
    assert_eq!(taken.candidates()[1].lost_because, Some(LostBecause::Held { by }));
}

#[test]
fn ambiguity_on_a_worse_level_does_not_matter() {
    let assets = [
        scanned(6, &["web1"], &[]),
        scanned(7, &["web1.corp.example"], &[]),
        scanned(8, &["web1"], &[]),
    ];
    assert_eq!(World::of([joined(1, "web1")], assets).only().verdict, Verdict::Matched(id(7)));
}

#[test]
fn policy_decides_on_the_ambiguous() {
    let decide = |ambiguity, days: [i64; 2], exclude| {
        let [a, b] = days.map(day);
        let assets = [seen(scanned(7, &["web1"], &[]), a), seen(scanned(8, &["web1"], &[]), b)];
        let policy = MatchPolicy::default().with_ambiguity(ambiguity).with_exclude_unknown(exclude);
        World::of([joined(1, "web1")], assets).with(policy).only().verdict
    };
    assert_eq!(decide(Ambiguity::Review, [1, 2], false), Verdict::Ambiguous);
    assert_eq!(decide(Ambiguity::Create, [1, 2], false), created(0));
    assert_eq!(decide(Ambiguity::Create, [1, 2], true), Verdict::Skipped);
    assert_eq!(decide(Ambiguity::MostRecentlySeen, [1, 2], false), Verdict::Matched(id(8)));
    assert_eq!(decide(Ambiguity::MostRecentlySeen, [2, 1], false), Verdict::Matched(id(7)));
    assert_eq!(decide(Ambiguity::MostRecentlySeen, [2, 2], false), Verdict::Ambiguous);
}

#[test]
fn unknown_computers_are_left_out_if_asked() {
    let policy = MatchPolicy::default().with_exclude_unknown(true);
    let decision = World::of([joined(1, "web1")], []).with(policy).only();
    assert_eq!(decision.verdict, Verdict::Skipped);
    assert_eq!(decision.reason, Reason::LeftOut(Unmatched::NoAsset));
}

#[test]
fn candidates_may_be_those_of_the_site_alone() {
    let policy = MatchPolicy::default().within_site(true);
    let mut world = World::of([joined(1, "web1")], [scanned(7, &["web1"], &[])]).with(policy);
    assert_eq!(world.only().verdict, Verdict::Matched(id(7)));
    world.candidates[0].site = site("branch");
    assert_eq!(world.only().verdict, created(0));
}

#[test]
fn what_is_no_host_is_left_out_with_its_reason() {
    let kinds = [
        (&[("objectClass", "msDS-GroupManagedServiceAccount")][..], AccountKind::ManagedService),
        (&[("objectClass", "msDS-ManagedServiceAccount")][..], AccountKind::ManagedService),
        (
            &[("objectClass", "msDS-DelegatedManagedServiceAccount")][..],
            AccountKind::ManagedService,
        ),
        (&[("userAccountControl", "2080")][..], AccountKind::Trust),
        (&[("servicePrincipalName", "MSClusterVirtualServer/c1")][..], AccountKind::ClusterName),
    ];
    for (attributes, kind) in kinds {
        let mut attributes = attributes.to_vec();
        attributes.push(("cn", "WEB1"));
        let world = World::of([object(1, &attributes)], [scanned(7, &["web1"], &[])]);
        let decision = world.only();
        assert_eq!(decision.verdict, Verdict::Skipped);
        assert_eq!(decision.reason, Reason::NotAHost(kind));
        assert_eq!(world.computers[0].match_keys().count(), 0);
    }
}

#[test]
fn computers_before_they_join_and_those_of_other_systems_are_hosts_as_any_other() {
    let with = |flags, more: &[(&str, &str)]| {
        let own = [("cn", "WEB1"), ("sAMAccountName", "WEB1$"), ("userAccountControl", flags)];
        object(1, &[&own[..], more].concat())
    };
    let of_apple = [("dNSHostName", "web1.corp.example"), ("operatingSystem", "macOS")];
    // The first two are pre-staged, for whoever comes with the name: one of them disabled until then.
    for computer in [with("4128", &[]), with("4130", &[]), with("4096", &of_apple)] {
        let decision = World::of([computer], [scanned(7, &["web1"], &[])]).only();
        assert_eq!(decision.verdict, Verdict::Matched(id(7)), "{decision:?}");
    }
}

#[test]
fn the_limit_on_shared_names_is_inclusive_and_set_by_the_task() {
    let world = |assets: u128, limit| {
        let twins = (0..assets).map(|n| scanned(n, &["web1"], &[]));
        let policy = MatchPolicy::default().with_weak_name_limit(limit);
        World::of([joined(1, "web1")], twins).with(policy).only().verdict
    };
    assert_eq!(world(5, 5), Verdict::Ambiguous);
    assert_eq!(world(6, 5), created(0));
    assert_eq!(world(1, 0), created(0));
}

#[test]
fn an_fqdn_is_evidence_where_its_short_name_is_common() {
    let servers = (0..20).map(|n| scanned(n, &[&format!("server.b{n}.example")], &[]));
    let own = scanned(99, &["server.corp.example"], &[]);
    let decision = World::of([joined(1, "server")], servers.chain([own])).only();
    assert_eq!((decision.verdict, decision.level), (Verdict::Matched(id(99)), Some(Level::Full)));
}

#[test]
fn a_computer_of_a_child_domain_is_not_at_home_in_its_parent() {
    let mut child = object(1, &[("cn", "WEB1")]);
    child.dn = DistinguishedName::parse("CN=WEB1,DC=sub,DC=corp,DC=example").unwrap();
    let computer = Computer::of(&child, &super::fixture::domain());
    assert_eq!(computer.domain.dns(), Some("sub.corp.example"));
    let world = World::of([child.clone()], [scanned(7, &["web1.corp.example"], &[])]);
    assert_eq!(world.only().verdict, created(0));
    let world = World::of([child], [scanned(7, &["web1.sub.corp.example"], &[])]);
    assert_eq!(world.only().level, Some(Level::Qualified));
}

#[test]
fn after_an_incomplete_read_matches_by_name_wait() {
    let world = World::of(
        [joined(1, "web1"), joined(2, "new"), joined(3, "known"), joined(4, "told")],
        [scanned(7, &["web1"], &[])],
    );
    let mut decisions = world.linked(3, 8).ruled(4, 9, MustLink, 1).decide();
    decisions.iter_mut().for_each(|decision| decision.await_complete_read());
    let verdicts: Vec<_> = decisions.iter().map(|decision| decision.verdict).collect();
    let expected = [Verdict::Skipped, created(0), Verdict::Linked(id(8)), Verdict::Matched(id(9))];
    assert_eq!(verdicts, expected);
    assert_eq!(decisions[0].verdict.asset(), None);
}

#[test]
fn of_assets_that_fit_equally_well_the_one_that_was_seen_last_is_told_with_their_number() {
    for others in [1, 2] {
        let assets = (0..=others).map(|n| {
            let seen_on = i64::try_from(n).unwrap();
            seen(scanned(7 + n, &["web1"], &[]), day(seen_on))
        });
        let policy = MatchPolicy::default().with_ambiguity(Ambiguity::MostRecentlySeen);
        let decision = World::of([joined(1, "web1")], assets).with(policy).only();
        assert_eq!(decision.verdict, Verdict::Matched(id(7 + others)));
        let count = usize::try_from(others).unwrap() + 1;
        let Reason::MostRecentlySeen { assets, .. } = &decision.reason else {
            panic!("{}", decision.reason)
        };
        assert_eq!((*assets, decision.candidates().len()), (count, count));
        let lost = decision.candidates().iter().skip(1);
        for considered in lost {
            assert_eq!(considered.lost_because, Some(LostBecause::SeenEarlier));
        }
    }
}

#[test]
fn a_computer_that_waits_or_stays_meanwhile_is_open_and_no_other() {
    let (level, assets, by) = (Level::Short, 2, "anna".to_owned());
    for (verdict, reason, is_open) in [
        (Verdict::Linked(id(7)), Reason::Known, false),
        (Verdict::Matched(id(7)), Reason::Decided { by: by.clone() }, false),
        (created(0), Reason::Unmatched(Unmatched::NoAsset), false),
        (Verdict::Skipped, Reason::AwaitsCompleteRead, false),
        (Verdict::Ambiguous, Reason::Ambiguous { level, assets }, true),
        (Verdict::Ambiguous, Reason::Recorded(String::new()), true),
        (Verdict::Linked(id(7)), Reason::Undecided { level, assets }, true),
        (Verdict::Linked(id(7)), Reason::Contested { level, by }, true),
    ] {
        let mut decision = Decision::new(guid(1), &"web1".into(), verdict, reason);
        assert_eq!(decision.is_open(), is_open, "{}", decision.reason);
        assert_eq!(decision.reason_code(), decision.reason.code());
        // Whatever it is, a question about its tie is one.
        decision.set_doubtful(Some("web1 of ldap/eu.example".to_owned()));
        assert!(decision.is_open(), "{}", decision.reason);
    }
}

#[test]
fn of_several_that_hold_an_asset_the_first_is_named() {
    for order in [[1, 2, 3], [2, 1, 3], [3, 2, 1]] {
        let mut ties = Ties::default();
        assert_eq!(ties.holder(id(7)), None);
        order.iter().for_each(|n| ties.hold(id(7), guid(*n), n.to_string()));
        assert_eq!(ties.holder(id(7)), Some("1"), "{order:?}");
        ties.hold(id(7), guid(1), "again");
        assert_eq!((ties.holder(id(7)), ties.holder(id(8))), (Some("1"), None));
    }
}

#[test]
fn whoever_finds_something_better_leaves_the_rest_to_others() {
    // Until two others have theirs, too many assets are called `y`, and the first may be one of two by another name.
    let named = |n, names: &[&str]| {
        let names = names.iter().map(|name| host(name));
        Computer::named(guid(n), names, domain())
    };
    let cut = "averylonghostna";
    let mut world = World::of(
        [],
        [
            scanned(1, &["y.corp.example"], &[]),
            scanned(2, &["y.corp.example", "e.corp.example"], &[]),
            scanned(3, &["y.corp.example", "f.corp.example"], &[]),
            scanned(4, &["web1", cut], &[]),
            scanned(5, &["web1"], &[]),
        ],
    )
    .with(MatchPolicy::default().with_weak_name_limit(2));
    world.computers = vec![
        named(1, &["y.corp.example", "web1"]),
        named(2, &["e.corp.example"]),
        named(3, &["f.corp.example"]),
        named(4, &["averylonghostname.corp.example"]),
    ];
    assert_eq!(verdicts(&world), [1, 2, 3, 4].map(|n| Verdict::Matched(id(n))));
}

#[test]
fn what_was_not_read_counts_with_its_directory_and_once() {
    let fqdn = "web1.corp.example";
    let other = |n: u8, source: &SourceId| {
        let computer = Computer::named(guid(n), [host(fqdn)], domain());
        KnownComputer { source: source.clone(), computer, asset: None }
    };
    let eu = SourceId::new("ldap", "eu.example").unwrap();
    for (source, others, expected) in [
        (source(), 2..=6, created(0)),
        (source(), 2..=5, Verdict::Matched(id(7))),
        (eu, 2..=9, Verdict::Matched(id(7))),
    ] {
        let mut world = World::of([joined(1, "web1")], [scanned(7, &[fqdn], &[])]);
        world.others = others.map(|n| other(n, &source)).collect();
        assert_eq!(world.only().verdict, expected, "{source} {}", world.others.len());
    }
    // The inventory knows those that were read, too.
    let mut world = World::of([joined(1, "web1")], [scanned(7, &[fqdn], &[])])
        .with(MatchPolicy::default().with_weak_name_limit(1));
    world.others = vec![other(1, &source())];
    assert_eq!(world.only().verdict, Verdict::Matched(id(7)));
}

#[test]
fn a_computer_that_was_used_at_the_limit_counts_and_one_before_it_does_not() {
    let fqdn = "web1.corp.example";
    for (days_ago, expected) in [(90, created(0)), (91, Verdict::Matched(id(7)))] {
        let twin = |n: u8| {
            let mut computer = Computer::named(guid(n), [host(fqdn)], domain());
            computer.last_used = Some(day(TODAY - days_ago));
            computer
        };
        let mut world = World::of([joined(1, "web1")], [scanned(7, &[fqdn], &[])]);
        world.computers[0].last_used = Some(day(TODAY));
        world.computers.extend((2..=6).map(twin));
        assert_eq!(verdicts(&world)[0], expected, "{days_ago}");
    }
}

#[test]
fn of_two_assets_with_one_id_the_later_one_counts() {
    let [web1, other] = ["web1", "other"].map(|name| scanned(7, &[name], &[]));
    for (assets, expected) in
        [([web1.clone(), other.clone()], created(0)), ([other, web1], Verdict::Matched(id(7)))]
    {
        assert_eq!(World::of([joined(1, "web1")], assets).only().verdict, expected);
    }
}

#[test]
fn what_moved_goes_where_it_was_unless_that_is_taken_or_a_person_said_no() {
    let fqdn = "web1.corp.example";
    let world = || {
        let objects = [joined(1, "web1"), joined(2, "web2")];
        let mut world = World::of(objects, [scanned(9, &[fqdn], &[])]);
        let eu = SourceId::new("ldap", "eu.example").unwrap();
        world.elsewhere = [(guid(1), (eu, id(7)))].into();
        world
    };
    let first = |world: World| verdicts(&world)[0];
    assert_eq!(first(world()), Verdict::Matched(id(7)));
    // By its names it is looked for then.
    assert_eq!(first(world().linked(2, 7)), Verdict::Matched(id(9)));
    assert_eq!(first(world().ruled(1, 7, CannotLink, 1)), Verdict::Matched(id(9)));
    // Where it is tied to another one than the directory alone knew, its names matter no more.
    let mut moved = world().linked(1, 8).ruled(1, 8, CannotLink, 1);
    moved.alone = [guid(1)].into();
    assert_eq!(first(moved), Verdict::Matched(id(7)));
}
