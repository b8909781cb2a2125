//! Who puts the tie of a computer to an asset in question.

use super::fixture::{World, day, domain, guid, host, id, joined, object, scanned, seen, source};
use crate::asset::SourceRecord;
use crate::merge::{Candidate, Computer, KnownComputer, Verdict, is_questioned};
use crate::task::MatchPolicy;
use crate::value::SourceId;

#[test]
fn a_bare_name_is_questioned_by_a_living_computer_that_has_it_as_well() {
    let mut asset = seen(scanned(7, &["web1"], &[]), day(400));
    let mut part = SourceRecord::new(1, source(), "@ldap.computer", day(0));
    part.object = Some(guid(1));
    asset.parts.push(part);
    let asset = Candidate::of(&asset);
    let own = Computer::named(guid(1), [host("web1.corp.example")], domain());
    let own = KnownComputer { source: source(), computer: own, asset: Some(id(7)) };
    let is_questioned_by = |name: &str, logon: i64| {
        let filetime = (day(logon).as_micros() * 10 + 116_444_736_000_000_000).to_string();
        let other = object(2, &[("dNSHostName", name), ("lastLogonTimestamp", &filetime)]);
        let computer = Computer::of(&other, &domain());
        let source = SourceId::new("ldap", "branch.example").unwrap();
        let other = KnownComputer { source, computer, asset: None };
        is_questioned(&asset, &own, &other, &MatchPolicy::default())
    };
    assert!(is_questioned_by("web1.branch.example", 399));
    assert!(!is_questioned_by("web2.branch.example", 399), "it has another name");
    assert!(!is_questioned_by("web1.branch.example", 1), "scans saw the asset long after it");
}

#[test]
fn a_known_computer_stays_and_is_asked_about_where_another_directory_contests_what_came_since() {
    let assets = [scanned(7, &["web1"], &[]), scanned(9, &[], &[])];
    let mut world = World::of([joined(1, "web1")], assets).linked(1, 9);
    world.alone.insert(guid(1));
    assert_eq!(world.only().verdict, Verdict::Matched(id(7)));
    let computer = Computer::named(guid(2), [host("web1.branch.example")], domain());
    let source = SourceId::new("ldap", "branch.example").unwrap();
    world.others = vec![KnownComputer { source, computer, asset: None }];
    let decision = world.only();
    assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Linked(id(9)), "contested"));
    assert!(decision.is_open());
}
