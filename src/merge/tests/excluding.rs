//! What a task leaves out.

use super::fixture::{TODAY, World, created, day, id, joined, object, scanned};
use crate::asset::ConstraintKind::{CannotLink, MustLink};
use crate::directory::DirectoryObject;
use crate::merge::{Excluded, Reason, Verdict};
use crate::name::DistinguishedName;
use crate::task::{Exclusions, MatchPolicy};
use crate::value::Timestamp;

fn ou(text: &str) -> DistinguishedName {
    text.parse().unwrap()
}

fn no_disabled() -> Exclusions {
    Exclusions::default().with_disabled(true)
}

fn no_stale() -> Exclusions {
    Exclusions::default().with_stale_after_days(90)
}

/// A day of the world as a FILETIME.
fn filetime(n: i64) -> String {
    (day(n).as_micros() * 10 + 116_444_736_000_000_000).to_string()
}

/// An account that logged on, changed its password and was created on these days.
fn account(
    logon: Option<i64>,
    password: Option<i64>,
    created: Option<i64>,
    more: &[(&str, &str)],
) -> DirectoryObject {
    let (logon, password) = (logon.map(filetime), password.map(filetime));
    let created = created.map(|n| day(n).to_string().replace(['-', ':', 'T'], ""));
    let mut attributes = vec![("dNSHostName", "web1.corp.example")];
    attributes.extend(logon.as_deref().map(|time| ("lastLogonTimestamp", time)));
    attributes.extend(password.as_deref().map(|time| ("pwdLastSet", time)));
    attributes.extend(created.as_deref().map(|time| ("whenCreated", time)));
    attributes.extend(more);
    object(1, &attributes)
}

fn disabled() -> DirectoryObject {
    object(1, &[("dNSHostName", "web1.corp.example"), ("userAccountControl", "4098")])
}

/// Why the only computer is left out.
#[track_caller]
fn reason(object: DirectoryObject, exclusions: &Exclusions) -> Option<Excluded> {
    let asset = scanned(7, &["web1.corp.example"], &[]);
    let decision = World::of([object], [asset]).without(exclusions.clone()).only();
    match (decision.verdict, &decision.reason) {
        (Verdict::Skipped, Reason::Excluded(why)) => {
            assert_eq!((decision.verdict.asset(), decision.level), (None, None));
            assert!(decision.candidates().is_empty(), "it matches nothing");
            Some(why.clone())
        }
        (verdict, _) => {
            assert_eq!(verdict, Verdict::Matched(id(7)));
            None
        }
    }
}

#[test]
fn who_is_left_out_as_unknown_is_looked_at_again_only_where_others_have_its_name() {
    let unknown = |name: &str, computers: u8| {
        let computers = (1..=computers).map(|n| object(n, &[("dNSHostName", name)]));
        let policy = MatchPolicy::default().with_exclude_unknown(true);
        let decision = World::of(computers, []).with(policy).decide().remove(0);
        assert_eq!((decision.verdict, decision.candidates().len()), (Verdict::Skipped, 0));
        decision.is_left_out_beside()
    };
    assert!(!unknown("web1.corp.example", 1), "nobody has it");
    assert!(unknown("web1.corp.example", 6), "too many have it");
    assert!(!unknown("localhost", 1), "any host could have it");
}

#[test]
fn nothing_is_left_out_unless_it_is_asked_for() {
    assert_eq!(reason(disabled(), &Exclusions::default()), None);
    let ancient = account(Some(-4_000), Some(-4_000), Some(-4_000), &[]);
    assert_eq!(reason(ancient, &Exclusions::default()), None);
}

#[test]
fn a_disabled_computer_is_left_out_and_an_enabled_one_is_not() {
    assert_eq!(reason(disabled(), &no_disabled()), Some(Excluded::Disabled));
    assert_eq!(reason(joined(1, "web1"), &no_disabled()), None);
}

#[test]
fn stale_is_what_has_both_times_longer_ago_than_so_many_days() {
    let last_used = |n| Some(Excluded::Stale { last_used: day(n), days: 90 });
    let limit = TODAY - 90;
    for (logon, password, expected) in [
        (limit - 1, limit - 1, last_used(limit - 1)),
        (limit - 9, limit - 1, last_used(limit - 1)),
        (limit - 1, limit - 9, last_used(limit - 1)),
        // On the limit, and beyond it.
        (limit, limit, None),
        (limit - 1, limit, None),
        (limit, limit - 1, None),
        (limit - 9, TODAY, None),
        (TODAY, limit - 9, None),
        // A clock that was ahead.
        (TODAY + 400, limit - 9, None),
    ] {
        for created in [None, Some(limit - 20)] {
            let object = account(Some(logon), Some(password), created, &[]);
            assert_eq!(reason(object, &no_stale()), expected, "{logon} {password} {created:?}");
        }
    }
}

#[test]
fn a_time_that_is_not_known_is_no_evidence_unless_the_account_is_as_old() {
    let (old, new) = (TODAY - 91, TODAY - 90);
    let last_used = Some(Excluded::Stale { last_used: day(old), days: 90 });
    let never_used = Some(Excluded::NeverUsed { created: day(old), days: 90 });
    for (logon, password, created, expected) in [
        (None, None, None, None),
        (Some(old), None, None, None),
        (None, Some(old), None, None),
        (None, None, Some(new), None),
        (Some(old), None, Some(new), None),
        (None, Some(old), Some(new), None),
        (None, Some(new), Some(old), None),
        (None, None, Some(old), never_used),
        (Some(old), None, Some(old), last_used.clone()),
        (None, Some(old), Some(old), last_used),
    ] {
        let object = account(logon, password, created, &[]);
        assert_eq!(reason(object, &no_stale()), expected, "{logon:?} {password:?} {created:?}");
    }
}

#[test]
fn domain_controllers_are_never_stale() {
    for exempt in [
        ("userAccountControl", "532480"),
        // A read-only one.
        ("userAccountControl", "83890176"),
    ] {
        let more = [exempt, ("operatingSystem", "Windows Server 2022")];
        let object = || account(Some(-400), Some(-400), Some(-400), &more);
        assert_eq!(reason(object(), &no_stale()), None, "{exempt:?}");
    }
    let controller = [("userAccountControl", "532482")];
    let object = account(None, None, None, &controller);
    assert_eq!(reason(object, &no_disabled()), Some(Excluded::Disabled));
}

#[test]
fn any_number_of_days_is_a_limit() {
    let ancient = || account(Some(-40_000), Some(-40_000), None, &[]);
    for days in [u64::MAX, 4_000_000] {
        assert_eq!(reason(ancient(), &Exclusions::default().with_stale_after_days(days)), None);
    }
    let yesterday = account(Some(TODAY - 1), Some(TODAY - 1), None, &[]);
    let none = Exclusions::default().with_stale_after_days(0);
    let last_used = day(TODAY - 1);
    assert_eq!(reason(yesterday, &none), Some(Excluded::Stale { last_used, days: 0 }));
}

#[test]
fn an_excluded_ou_outranks_an_included_one() {
    let object = || {
        let mut object = joined(1, "web1");
        object.dn = ou(r"CN=WEB1,OU=Rack\, 2,OU=Servers,DC=corp,DC=example");
        object
    };
    let servers = || ou("ou=servers, dc=corp, dc=example");
    let rack = || ou(r"OU=rack\2C 2,OU=Servers,DC=corp,DC=example");
    let pcs = || ou("OU=PCs,DC=corp,DC=example");
    let none = Exclusions::default;
    for (exclusions, expected) in [
        (none().with_included_ou(servers()), None),
        (none().with_included_ou(pcs()), Some(Excluded::Outside)),
        (none().with_included_ou(pcs()).with_included_ou(rack()), None),
        (none().with_excluded_ou(pcs()), None),
        (none().with_excluded_ou(pcs()).with_excluded_ou(rack()), Some(Excluded::Below(rack()))),
        (
            none().with_included_ou(rack()).with_excluded_ou(servers()),
            Some(Excluded::Below(servers())),
        ),
        (
            none().with_included_ou(servers()).with_excluded_ou(rack()),
            Some(Excluded::Below(rack())),
        ),
        // Names that end alike are not below one another.
        (none().with_excluded_ou(ou("OU=ervers,DC=corp,DC=example")), None),
    ] {
        assert_eq!(reason(object(), &exclusions), expected, "{exclusions:?}");
    }
    // A comma within a value divides nothing.
    let mut object = joined(1, "web1");
    object.dn = ou(r"CN=WEB1,OU=Rack\,OU=Servers,DC=corp,DC=example");
    assert_eq!(reason(object, &none().with_excluded_ou(servers())), None);
}

#[test]
fn a_computer_that_is_tied_already_stays_and_a_person_s_decision_outranks_the_options() {
    let everything =
        no_disabled().with_stale_after_days(0).with_excluded_ou(ou("DC=corp,DC=example"));
    let world = || {
        World::of([disabled()], [scanned(7, &["web1.corp.example"], &[])])
            .without(everything.clone())
    };
    assert_eq!(world().linked(1, 7).only().verdict, Verdict::Linked(id(7)));
    assert_eq!(world().ruled(1, 7, MustLink, 1).only().verdict, Verdict::Matched(id(7)));
    // A tie that a person has broken is none.
    let separated = world().linked(1, 7).ruled(1, 7, CannotLink, 1).only();
    assert_eq!(separated.verdict, Verdict::Skipped);
    assert!(matches!(separated.reason, Reason::Excluded(Excluded::Below(_))));
}

#[test]
fn what_is_left_out_leaves_its_asset_to_another_computer() {
    let enabled = object(2, &[("cn", "WEB1")]);
    let world = World::of([disabled(), enabled], [scanned(7, &["web1.corp.example", "web1"], &[])]);
    let verdicts = |world: &World| world.decide().iter().map(|d| d.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(&world), [Verdict::Matched(id(7)), created(0)]);
    let world = world.without(no_disabled());
    assert_eq!(verdicts(&world), [Verdict::Skipped, Verdict::Matched(id(7))]);
}

#[test]
fn what_is_no_host_is_told_as_that() {
    let trust = object(1, &[("cn", "PARTNER"), ("userAccountControl", "2050")]);
    let decision = World::of([trust], []).without(no_disabled()).only();
    assert!(matches!(decision.reason, Reason::NotAHost(_)), "{:?}", decision.reason);
}

#[test]
fn the_sentence_has_the_fact_and_the_option() {
    let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
    for (why, sentence) in [
        (
            Excluded::Stale { last_used: at, days: 90 },
            "it was last used on 2026-01-02, more than 90 days ago",
        ),
        (
            Excluded::NeverUsed { created: at, days: 1 },
            "it was created on 2026-01-02, more than 1 day ago, and never used",
        ),
        (Excluded::Disabled, "its account is disabled"),
        (Excluded::Below(ou("OU=Old,DC=corp")), "it is below OU=Old,DC=corp"),
        (Excluded::Outside, "it is below none of the OUs that the task includes"),
    ] {
        let expected = format!("{sentence}, and the task leaves such computers out");
        assert_eq!(Reason::Excluded(why).to_string(), expected);
    }
}
