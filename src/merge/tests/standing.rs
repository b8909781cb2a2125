//! Which decisions of people stand, what they are about, and how they are explained.

use std::collections::BTreeSet;

use super::fixture::*;
use crate::asset::ConstraintKind::{CannotLink, MustLink};
use crate::asset::{
    Asset, Change, Claim, Constraint, ConstraintKind, Home, MergeRecord, Presence, Redirect,
    SourceRecord, Waiting,
};
use crate::merge::{Explanation, KnownDirectories, Moves, Overlay, Standing};
use crate::task::MatchPolicy;
use crate::value::{AssetId, MergeId, Timestamp};

fn merge(n: u128, survivor: u128, others: &[u128], on: i64) -> MergeRecord {
    MergeRecord {
        id: MergeId::from_u128(n),
        organization: organization(),
        survivor: id(survivor),
        assets: [survivor].iter().chain(others).map(|asset| id(*asset)).collect(),
        first_version: None,
        by: "anna".to_owned(),
        at: day(on),
        why: String::new(),
        undone: None,
    }
}

fn decided(object: u8, asset: u128, kind: ConstraintKind, on: i64) -> Constraint {
    World::default().ruled(object, asset, kind, on).constraints.remove(0)
}

#[test]
fn what_was_merged_is_what_it_became_part_of() {
    let undone = MergeRecord { undone: Some((day(9), "anna".to_owned())), ..merge(3, 1, &[9], 3) };
    // 2 and 3 became part of 1, and that of 5.
    let merges = [merge(2, 5, &[1], 2), merge(1, 1, &[2, 3], 1), undone];
    let standing = Standing::of(&[], &merges);
    for (asset, survivor) in [(1, 5), (2, 5), (3, 5), (5, 5), (9, 9)] {
        assert_eq!(standing.survivor(id(asset)), id(survivor), "{asset}");
    }
    assert_eq!(standing.named(), BTreeSet::from([1, 2, 3, 5].map(id)));
    assert!(standing.names(id(3)) && !standing.names(id(9)) && !standing.is_empty());
    let joined = |one, other| standing.joined(id(one), id(other));
    assert_eq!(joined(2, 3), Some(day(1)));
    assert_eq!((joined(2, 5), joined(5, 2)), (Some(day(2)), Some(day(2))));
    assert_eq!((joined(5, 5), joined(2, 9)), (Some(Timestamp::MIN), None));
    assert!(Standing::default().is_empty());
    // Two records may contradict each other.
    let circle = Standing::of(&[], &[merge(1, 1, &[2], 1), merge(2, 2, &[1], 2)]);
    assert!([id(1), id(2)].contains(&circle.survivor(id(1))));
}

#[test]
fn decisions_on_what_was_merged_are_on_what_it_became_part_of() {
    let forgotten =
        Constraint { forgotten: Some((day(9), "anna".to_owned())), ..decided(9, 2, MustLink, 1) };
    let constraints = [
        decided(8, 4, CannotLink, 3),
        decided(7, 2, MustLink, 1),
        decided(8, 2, MustLink, 1),
        decided(8, 1, CannotLink, 2),
        forgotten,
    ];
    let standing = Standing::of(&constraints, &[merge(1, 1, &[2], 5)]);
    let must = |object| standing.must(&source(), guid(object)).map(|must| must.asset);
    assert_eq!((must(7), must(8), must(9)), (Some(id(1)), None, None));
    let cannot =
        |object, asset: u128| standing.cannot(&source(), guid(object), id(asset)).is_some();
    assert!(cannot(8, 1) && cannot(8, 2) && cannot(8, 4) && !cannot(7, 1) && !cannot(8, 7));
    let assets = |object| -> Vec<AssetId> {
        standing.on(&source(), guid(object)).iter().map(|decided| decided.asset).collect()
    };
    assert_eq!((assets(8), assets(9)), (vec![id(1), id(1), id(4)], vec![]));
    let objects: Vec<_> = standing.objects().map(|(_, object)| object).collect();
    assert_eq!((objects, standing.constraints().len()), (vec![guid(7), guid(8)], 4));
    assert_eq!(standing.named(), BTreeSet::from([1, 2, 4].map(id)));
}

/// A computer called `web1` that waits, with why.
fn waits(decision: Option<&str>) -> Waiting {
    let mut record = scanned(0, &["web1"], &[]);
    record.parts = vec![SourceRecord::new(0, source(), "@ldap.computer", day(0))];
    record.parts[0].object = Some(guid(1));
    let decision = decision.map(str::to_owned);
    Waiting { source: source(), object: guid(1), record, decision, told: None }
}

/// What is written where these stand, of a computer that waits and of these assets.
fn settled(waiting: Waiting, assets: &[Asset], standing: &Standing) -> (Moves, Vec<Change>) {
    let directories = KnownDirectories::new(&MatchPolicy::default());
    let overlay = Overlay::new(assets.to_vec(), vec![waiting], standing, &directories);
    let settled = overlay.settle(Vec::new());
    (settled.moves().clone(), settled.into_changes(&[]))
}

#[test]
fn what_waits_is_decided_on_anew_where_a_decision_touches_what_it_may_be() {
    let [web1, other] = [7, 8].map(|n| scanned(n, &["web1"], &[]));
    let waiting = waits(Some("it may be one of several"));
    let untouched = Standing::of(&[decided(9, 7, CannotLink, 1)], &[]);
    let (moves, changes) = settled(waiting.clone(), std::slice::from_ref(&web1), &untouched);
    assert_eq!((moves.records, changes), (Vec::new(), Vec::new()));
    let merged = Standing::of(&[], &[merge(1, 7, &[8], 1)]);
    let (moves, changes) = settled(waiting, &[web1, other], &merged);
    let moved: Vec<_> =
        moves.records.iter().map(|moved| (moved.object, moved.from, moved.to)).collect();
    assert!(moved.contains(&(Some(guid(1)), None, Some(id(7)))), "{moved:?}");
    let (source, object) = (source(), guid(1));
    assert!(changes.contains(&Change::RemoveWaiting { source, object }), "{changes:?}");
}

#[test]
fn a_known_computer_that_no_scan_has_is_compared_anew_where_a_person_said_what_it_is_not() {
    let in_directory = |is_scanned: bool| {
        let mut asset = scanned(7, &["web1"], &[]);
        let mut part = SourceRecord::new(1, source(), "@ldap.computer", day(0));
        part.object = Some(guid(1));
        asset.parts.push(part);
        asset.names.push(Claim::new(host("web1"), 1, None, day(0)));
        if !is_scanned {
            asset.parts.remove(0);
            asset.names.remove(0);
        }
        asset
    };
    let moved = |is_scanned, constraint| {
        let standing = Standing::of(&[constraint], &[]);
        let assets = vec![in_directory(is_scanned), scanned(8, &["web1"], &[])];
        let directories = KnownDirectories::new(&MatchPolicy::default());
        let overlay = Overlay::new(assets, Vec::new(), &standing, &directories);
        let records = overlay.settle(Vec::new()).moves().records.clone();
        records.iter().map(|record| (record.object, record.to)).collect::<Vec<_>>()
    };
    let apart = |object| decided(object, 9, CannotLink, 1);
    assert_eq!(moved(false, apart(1)), [(Some(guid(1)), Some(id(8)))]);
    assert_eq!(moved(false, apart(2)), [], "nobody said anything of it");
    assert_eq!(moved(true, apart(1)), [], "the two have been compared");
}

#[test]
fn an_asset_that_decisions_bring_back_counts_on_from_where_it_went() {
    let mut asset = scanned(7, &["web1"], &[]);
    asset.parts.push(SourceRecord::new(1, source(), "@ldap.computer", day(0)));
    asset.parts[1].object = Some(guid(1));
    let standing = Standing::of(&[decided(1, 7, CannotLink, 1)], &[]);
    let settled = || {
        let directories = KnownDirectories::new(&MatchPolicy::default());
        Overlay::new(vec![asset.clone()], Vec::new(), &standing, &directories).settle(Vec::new())
    };
    let [own] = settled().moves().came[..] else { panic!("{:?}", settled().moves()) };
    let redirects = [Redirect::new(id(99), 3, id(7)), Redirect::new(own, 9, id(7))];
    let changes = settled().into_changes(&redirects);
    let came = changes.iter().find_map(|change| match change {
        Change::PutAsset { asset, .. } if asset.id == own => Some(asset.version),
        _ => None,
    });
    assert_eq!(came, Some(10), "{changes:?}");
}

#[test]
fn why_a_computer_waits_is_written_down_where_nobody_noted_it() {
    let assets = [7, 8].map(|n| scanned(n, &["web1"], &[]));
    let standing = Standing::of(&[decided(9, 7, CannotLink, 1)], &[]);
    let (_, changes) = settled(waits(None), &assets, &standing);
    let [Change::PutWaiting(waiting)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(waiting.candidates(), [id(7), id(8)]);
    let noted = waits(Some("it may be one of several"));
    assert_eq!(settled(noted, &assets, &standing).1, []);
}

#[test]
fn an_explanation_tells_of_decisions_on_what_became_part_of_an_asset() {
    let asset = scanned(1, &["web1"], &[]);
    let constraints =
        [decided(7, 2, MustLink, 1), decided(8, 1, CannotLink, 2), decided(9, 3, MustLink, 3)];
    let told = Explanation::of(&asset, &constraints, &[merge(1, 1, &[2], 5)]);
    let objects: Vec<_> = told.decisions.iter().map(|decision| decision.object).collect();
    assert_eq!(objects, [guid(7), guid(8)]);
    let told = Explanation::of(&asset, &constraints, &[]);
    assert_eq!(told.decisions.len(), 1);
}

#[test]
fn an_explanation_tells_of_each_record_how_it_came_to_be_there() {
    let mut asset = scanned(1, &["web1"], &[]);
    for (number, object) in [(1, 7), (2, 8)] {
        let mut part = SourceRecord::new(number, source(), "@ldap.computer", day(1));
        part.object = Some(guid(object));
        asset.parts.push(part);
    }
    asset.parts[1].home = Some(Home::Asset(id(2)));
    asset.parts[2].home = Some(Home::Asset(id(3)));
    asset.parts[2].presence = Presence::Gone { since: day(4) };
    let [two, three] = [2, 3].map(id);
    let undone = MergeRecord { undone: Some((day(9), "anna".to_owned())), ..merge(6, 1, &[3], 2) };
    let told = Explanation::of(&asset, &[], &[merge(5, 1, &[2], 1), undone]);
    let came: Vec<_> = told.parts.iter().map(|part| part.came_by).collect();
    assert_eq!(came, [None, Some((MergeId::from_u128(5), two)), None]);
    let parts: Vec<String> = told.parts.iter().map(ToString::to_string).collect();
    let (objects, merge) = ([7, 8].map(guid), MergeId::from_u128(5));
    assert_eq!(
        parts,
        [
            "part 0: scan/hq, 0 attributes under @scan, written 2026-01-01T00:00:00Z".to_owned(),
            format!(
                "part 1: ldap/corp.example, object {}, 0 attributes under @ldap.computer, written 2026-01-02T00:00:00Z, \
                 came from asset {two} by merge {merge}",
                objects[0]
            ),
            format!(
                "part 2: ldap/corp.example, object {}, 0 attributes under @ldap.computer, written 2026-01-02T00:00:00Z, \
                 gone since 2026-01-05T00:00:00Z; a person's decision has it here, the rules alone have it in asset \
                 {three}",
                objects[1]
            ),
        ]
    );
    assert!(told.to_string().contains(&parts[1]), "{told}");
}
