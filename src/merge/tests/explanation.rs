//! Decisions as JSON and as sentences.

use super::fixture::{World, created, guid, id, joined, scanned};

use crate::merge::{Decision, LostBecause, Verdict};
use crate::task::MatchPolicy;

#[test]
fn the_json_is_the_documented_one() {
    let assets = [scanned(7, &["web1.corp.example"], &[]), scanned(8, &["web1"], &[])];
    let decision = World::of([joined(1, "web1")], assets).only();
    let json = serde_json::to_value(&decision).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "object_guid": guid(1).to_string(),
            "name": "web1.corp.example",
            "decision": "matched",
            "level": "full",
            "asset_id": id(7).to_string(),
            "reason": "its FQDN web1.corp.example is a name of this asset",
            "candidates": [
                { "asset_id": id(7).to_string(), "level": "full", "lost_because": null },
                {
                    "asset_id": id(8).to_string(),
                    "level": "short",
                    "lost_because": "another asset fits better, by the same FQDN",
                },
            ],
        })
    );
}

#[test]
fn new_assets_have_ids_in_the_order_of_their_objects() {
    let decisions = World::of([joined(2, "web2"), joined(1, "web1")], []).decide();
    let verdicts: Vec<Verdict> = decisions.iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [created(0), created(1)]);
    let json = serde_json::to_value(&decisions[1]).unwrap();
    let new = created(1).asset().unwrap().to_string();
    assert_eq!((&json["decision"], &json["asset_id"]), (&"created".into(), &new.into()));
    let back: Decision = serde_json::from_value(json).unwrap();
    assert_eq!(back.verdict, created(1));
}

#[test]
fn a_match_without_an_asset_is_refused() {
    let decision = World::of([joined(1, "web1")], [scanned(7, &["web1"], &[])]).only();
    let mut json = serde_json::to_value(&decision).unwrap();
    json["asset_id"] = serde_json::Value::Null;
    assert!(serde_json::from_value::<Decision>(json).is_err());
}

#[test]
fn ten_candidates_are_listed_and_the_rest_counted() {
    let twins = (0..30).map(|n| scanned(n, &["web1"], &[]));
    let policy = MatchPolicy::default().with_weak_name_limit(100);
    let decision = World::of([joined(1, "web1")], twins).with(policy).only();
    assert_eq!((decision.candidates().len(), decision.more_candidates()), (10, 20));
    assert_eq!(serde_json::to_value(&decision).unwrap()["more_candidates"], 20);
}

#[test]
fn whoever_is_considered_later_is_listed_once_or_counted() {
    let mut decision = World::of([joined(1, "web1")], [scanned(7, &["web1"], &[])]).only();
    let twice = (1..=9).chain(1..=9).chain([7, 20, 21]);
    twice.for_each(|n| decision.consider(id(n), LostBecause::NoEvidence));
    assert_eq!((decision.candidates().len(), decision.more_candidates()), (10, 1));
}

#[test]
fn text_of_the_directory_is_printed_safely() {
    let mut world = World::of([joined(1, "web1"), joined(2, "web1")], [scanned(7, &["web1"], &[])]);
    world.computers.iter_mut().for_each(|computer| computer.name = "a\u{1b}[2J\n".into());
    let reason = world.decide()[1].reason.to_string();
    assert!(reason.contains(r"a\u{1b}[2J\n"), "{reason}");
}
