//! Merges by a person, and taking them back.

use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::*;
use crate::ErrorKind;
use crate::asset::{
    Asset, Change, Claim, Claims, Constraint, ConstraintKind, MergeRecord, Presence,
};
use crate::merge::{
    Signature, United, Unmerged, Writing, contribution, detach, mark, survive, unite, unmerge,
};
use crate::schedule::MatchPolicy;
use crate::value::{MergeId, RunId};

fn anna() -> Signature<'static> {
    Signature { by: "anna", at: day(10), why: "one machine, two cards" }
}

fn united(before: &[Asset], constraints: &[Constraint]) -> crate::Result<United> {
    unite(MergeId::from_u128(1), before.to_vec(), constraints, anna(), &MatchPolicy::default())
}

fn undone(united: &United, survivor: Asset, constraints: &[Constraint]) -> crate::Result<Unmerged> {
    let merges = [united.record.clone()];
    unmerge(united.record.clone(), survivor, constraints, &merges, "bob", day(20))
}

fn writing<'a>(
    object: u8,
    run: u128,
    policy: &'a MatchPolicy,
    source: &'a crate::value::SourceId,
) -> Writing<'a> {
    Writing {
        source,
        object: guid(object),
        run: RunId::from_u128(run),
        now: day(run as i64),
        policy,
    }
}

/// The asset with what the directory says of an object.
fn synced(asset: Asset, object: u8, name: &str, os: Option<&str>, run: u128) -> Asset {
    let mut said = joined(object, name);
    if let Some(os) = os {
        let with_os = said.attributes.iter().chain([("operatingSystem", os)]).collect();
        said.attributes = with_os;
    }
    let (policy, source) = (MatchPolicy::default(), source());
    let said = contribution(&said, &domain(), day(run as i64));
    survive(asset, &said, &writing(object, run, &policy, &source))
}

fn with_os(mut asset: Asset, os: &str) -> Asset {
    asset.os.push(Claim::new(os.to_owned(), 0, None, day(0)));
    asset
}

#[test]
fn everything_is_kept_with_its_provenance() {
    let scan = with_os(scanned(1, &["web1"], &[]), "Linux");
    let ldap = synced(scanned(2, &["web2"], &[]), 7, "web2", Some("Windows Server 2022"), 1);
    let united = united(&[scan.clone(), ldap.clone()], &[]).unwrap();
    let survivor = &united.survivor;
    assert_eq!((survivor.id, survivor.version), (id(1), scan.version + 1));
    assert_eq!(survivor.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(survivor.os(), Some("Windows Server 2022"));
    let os: Vec<_> = survivor.os.iter().map(|c| (c.value.as_str(), c.part, c.run)).collect();
    assert_eq!(os, [("Windows Server 2022", 2, Some(RunId::from_u128(1))), ("Linux", 0, None)]);
    let names: Vec<_> = survivor.live_names().map(ToString::to_string).collect();
    assert_eq!(names, ["web1", "web2", "web2.corp.example"]);
    let [link] = united.links.as_slice() else { panic!() };
    assert_eq!((link.object, link.from, link.to), (guid(7), id(2), id(1)));
}

#[test]
fn the_preview_says_what_holds_why_and_what_is_kept_beside_it() {
    let scan = with_os(scanned(1, &["web1"], &[]), "Linux");
    let ldap = synced(scanned(2, &["web2"], &[]), 7, "web2", Some("Windows"), 1);
    let preview = united(&[scan, ldap], &[]).unwrap().preview(&MatchPolicy::default());
    let os = preview.values.iter().find(|value| value.field == "os").unwrap();
    assert_eq!((os.value.as_str(), os.from), ("Windows", id(2)));
    assert_eq!(os.why, "a directory goes before other sources");
    assert_eq!((os.beside[0].value.as_str(), os.beside[0].from), ("Linux", id(1)));
    let name = preview.united.iter().find(|kept| kept.value == "web2").unwrap();
    assert_eq!(name.from, [id(2)]);
    let words = preview.to_string();
    assert!(words.contains("kept beside it: Linux (scan/hq)"), "{words}");
    assert!(words.contains("moves from"), "{words}");
}

#[test]
fn two_computers_of_one_directory_are_worth_a_warning() {
    let one = synced(scanned(1, &["web1"], &[]), 6, "web1", None, 1);
    let other = synced(scanned(2, &["web2"], &[]), 7, "web2", None, 1);
    let preview = united(&[one, other], &[]).unwrap().preview(&MatchPolicy::default());
    assert_eq!(preview.warnings, ["two objects of ldap/corp.example will share one asset"]);
}

#[test]
fn nothing_to_merge_is_refused() {
    let asset = scanned(1, &["web1"], &[]);
    for before in [vec![], vec![asset.clone()], vec![asset.clone(), asset]] {
        assert_eq!(united(&before, &[]).unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[test]
fn what_a_person_separated_is_not_merged() {
    let one = scanned(1, &["web1"], &[]);
    let other = synced(scanned(2, &["web2"], &[]), 7, "web2", None, 1);
    let world = World::default().ruled(7, 1, ConstraintKind::CannotLink, 1);
    let error = united(&[one.clone(), other.clone()], &world.constraints).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("anna decided that object"), "{error}");
    // A later decision overrules it.
    let world = world.ruled(7, 1, ConstraintKind::MustLink, 2);
    assert!(united(&[one, other], &world.constraints).is_ok());
}

#[test]
fn decisions_on_an_asset_that_goes_hold_for_the_survivor_and_go_back() {
    let one = scanned(1, &["web1"], &[]);
    let other = synced(scanned(2, &["web2"], &[]), 7, "web2", None, 1);
    let world = World::default().ruled(9, 2, ConstraintKind::CannotLink, 1);
    let united = united(&[one, other], &world.constraints).unwrap();
    let written = &united.record.decided;
    let told: Vec<_> = written.iter().map(|c| (c.object, c.asset, c.kind)).collect();
    assert_eq!(
        told,
        [(guid(9), id(1), ConstraintKind::CannotLink), (guid(7), id(1), ConstraintKind::MustLink)]
    );
    assert_eq!(written[0].at, day(1));
    assert_eq!(united.record.withdrawn, world.constraints);
    let unmerged = undone(&united, united.survivor.clone(), written).unwrap();
    assert_eq!(&unmerged.withdrawn, written);
    assert_eq!(unmerged.decided, world.constraints);
    // Taken back in the meantime, it does not come back.
    let unmerged = undone(&united, united.survivor.clone(), &written[1..]).unwrap();
    assert_eq!(unmerged.decided, []);
}

#[test]
fn a_merge_undone_at_once_leaves_nothing() {
    let scan = with_os(scanned(1, &["web1"], &[]), "Linux");
    let ldap = synced(scanned(2, &["web2"], &[]), 7, "web2", Some("Windows"), 1);
    let third = synced(scanned(3, &["web3"], &[]), 8, "web3", Some("Windows"), 2);
    let before = [scan, ldap, third];
    let united = united(&before, &[]).unwrap();
    let unmerged = undone(&united, united.survivor.clone(), &united.record.decided).unwrap();
    let all = [vec![unmerged.survivor], unmerged.restored].concat();
    assert!(all.iter().zip(&before).all(|(after, before)| after.version > before.version));
    let versions = |asset: &Asset| Asset { version: 0, ..asset.clone() };
    assert_eq!(all.iter().map(versions).collect::<Vec<_>>(), before.each_ref().map(versions));
    assert_eq!(unmerged.links.len(), 2);
    assert_eq!(unmerged.record.undone, Some((day(20), "bob".to_owned())));
}

#[test]
fn undoing_twice_is_refused_and_says_when_and_by_whom() {
    let before = [scanned(1, &["web1"], &[]), scanned(2, &["web2"], &[])];
    let mut united = united(&before, &[]).unwrap();
    united.record.undone = Some((day(20), "bob".to_owned()));
    let error = undone(&united, united.survivor.clone(), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("by bob at 2026-01-21T00:00:00Z"), "{error}");
}

#[test]
fn a_merge_that_a_later_one_builds_on_is_refused_and_the_later_one_named() {
    let before = [scanned(1, &["web1"], &[]), scanned(2, &["web2"], &[])];
    let first = united(&before, &[]).unwrap();
    let third = scanned(3, &["web3"], &[]);
    // Whether it survived the later merge or not.
    for later in [vec![first.survivor.clone(), third.clone()], vec![third, first.survivor.clone()]]
    {
        let later = unite(MergeId::from_u128(2), later, &[], anna(), &MatchPolicy::default());
        let mut later = later.unwrap();
        let merges = |later: &United| [first.record.clone(), later.record.clone()];
        let undo = |merges: &[MergeRecord]| {
            unmerge(first.record.clone(), first.survivor.clone(), &[], merges, "bob", day(20))
        };
        let error = undo(&merges(&later)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.to_string().contains(&MergeId::from_u128(2).to_string()), "{error}");
        later.record.undone = Some((day(15), "bob".to_owned()));
        assert!(undo(&merges(&later)).is_ok());
    }
}

#[test]
fn an_object_that_a_person_tied_to_the_survivor_stays() {
    let before =
        [scanned(1, &["web1"], &[]), synced(scanned(2, &["web2"], &[]), 7, "web2", None, 1)];
    let united = united(&before, &[]).unwrap();
    // The decision takes the place of the merge's own on the same object and asset.
    let world = World::default().ruled(7, 1, ConstraintKind::MustLink, 15);
    let unmerged = undone(&united, united.survivor.clone(), &world.constraints).unwrap();
    assert!(unmerged.survivor.part_of(&source(), guid(7)).is_some());
    assert!(unmerged.links.is_empty());
    assert!(unmerged.withdrawn.is_empty());
}

#[test]
fn an_object_that_came_since_goes_where_its_name_would_have_led() {
    let before = [scanned(1, &["web1"], &[]), scanned(2, &["web2"], &[])];
    let united = united(&before, &[]).unwrap();
    let survivor = synced(united.survivor.clone(), 7, "web2", Some("Windows"), 15);
    let survivor = synced(survivor, 8, "elsewhere", None, 16);
    let unmerged = undone(&united, survivor, &united.record.decided).unwrap();
    let [restored] = unmerged.restored.as_slice() else { panic!() };
    assert_eq!(restored.os(), Some("Windows"));
    assert!(restored.part_of(&source(), guid(7)).is_some());
    assert!(unmerged.survivor.part_of(&source(), guid(8)).is_some());
    assert_eq!(unmerged.links.iter().map(|link| link.object).collect::<Vec<_>>(), [guid(7)]);
}

#[test]
fn the_changes_of_a_merge_expect_the_versions_it_was_worked_out_on() {
    let (mut one, mut other) = (scanned(1, &["a"], &[]), scanned(2, &["b"], &[]));
    (one.version, other.version) = (4, 6);
    let united = united(&[one, other], &[]).unwrap();
    let changes = united.clone().into_changes();
    assert!(
        matches!(&changes[0], Change::PutAsset { expected: Some(4), asset } if asset.version == 5)
    );
    assert!(changes.contains(&Change::RemoveAsset { id: id(2), expected: 6 }));
    let back = undone(&united, united.survivor.clone(), &[]).unwrap().into_changes();
    assert!(
        matches!(&back[0], Change::PutAsset { expected: Some(5), asset } if asset.version == 6)
    );
    assert!(matches!(&back[1], Change::PutAsset { expected: None, asset } if asset.version == 7));
}

/// What a sync does between a merge and its end.
#[derive(Clone, Debug)]
enum Step {
    Write { object: u8, name: u8, os: Option<u8> },
    Mark { object: u8, gone: bool },
    Detach { object: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let object = || 1..7u8;
    prop_oneof![
        4 => (object(), 0..2u8, prop::option::of(0..3u8))
            .prop_map(|(object, name, os)| Step::Write { object, name, os }),
        1 => (object(), any::<bool>()).prop_map(|(object, gone)| Step::Mark { object, gone }),
        1 => object().prop_map(|object| Step::Detach { object }),
    ]
}

/// Objects 1 and 2 are the first asset's, 3 and 4 the second's, 5 and 6 the third's.
fn owner(object: u8) -> usize {
    usize::from((object - 1) / 2)
}

fn take(asset: Asset, step: &Step, run: u128) -> Asset {
    let (policy, source) = (MatchPolicy::default(), source());
    match step {
        Step::Write { object, name, os } => {
            let name = format!("host{}-{name}", owner(*object) + 1);
            let os = os.map(|os| format!("Windows {os}"));
            synced(asset, *object, &name, os.as_deref(), run)
        }
        Step::Mark { object, gone } => {
            let presence = if *gone { Presence::Gone { since: day(5) } } else { Presence::Present };
            mark(asset, &source, guid(*object), presence, &writing(*object, run, &policy, &source))
        }
        Step::Detach { object } => {
            let writing = writing(*object, run, &policy, &source);
            detach(asset, &source, guid(*object), &writing)
        }
    }
}

/// Without versions, the numbers of parts, and what was replaced since the merge.
fn comparable(mut asset: Asset, merged: u128) -> Asset {
    let numbers: Vec<u32> = asset.parts.iter().map(|part| part.number).collect();
    let place = |number: u32| numbers.iter().position(|n| *n == number).unwrap() as u32;
    fn each<T>(claims: &mut Claims<T>, place: impl Fn(u32) -> u32, merged: u128) {
        for claim in claims {
            claim.part = place(claim.part);
            if claim.run.is_some_and(|run| run.as_u128() > merged) {
                claim.replaced = None;
            }
        }
    }
    asset.parts.iter_mut().for_each(|part| part.number = place(part.number));
    each(&mut asset.names, place, merged);
    each(&mut asset.domains, place, merged);
    each(&mut asset.os, place, merged);
    each(&mut asset.os_version, place, merged);
    each(&mut asset.kind, place, merged);
    each(&mut asset.first_seen, place, merged);
    each(&mut asset.last_seen, place, merged);
    asset.version = 0;
    asset
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_merge_undone_after_later_writes_is_as_if_it_had_never_been(
        early in vec(step(), 0..12), late in vec(step(), 0..12), order in Just([0, 1, 2]).prop_shuffle(),
    ) {
        let merged = early.len() as u128;
        let mut apart = [1u8, 2, 3].map(|n| {
            let names = [0, 1].map(|name| format!("host{n}-{name}.corp.example"));
            let names = names.each_ref().map(String::as_str);
            with_os(scanned(n.into(), &names, &[]), &format!("Linux {n}"))
        });
        for (run, step) in (1..).zip(&early) {
            let (Step::Write { object, .. } | Step::Mark { object, .. } | Step::Detach { object }) = step;
            let asset = &mut apart[owner(*object)];
            *asset = take(asset.clone(), step, run);
        }
        let before = order.map(|place: usize| apart[place].clone());
        let united = united(&before, &[]).unwrap();
        let mut survivor = united.survivor.clone();
        for (run, step) in (merged + 1..).zip(&late) {
            let (Step::Write { object, .. } | Step::Mark { object, .. } | Step::Detach { object }) = step;
            let asset = &mut apart[owner(*object)];
            *asset = take(asset.clone(), step, run);
            survivor = take(survivor, step, run);
        }
        let unmerged = undone(&united, survivor, &united.record.decided).unwrap();
        let all = [vec![unmerged.survivor], unmerged.restored].concat();
        for (asset, place) in all.into_iter().zip(order) {
            prop_assert_eq!(
                comparable(asset, merged),
                comparable(apart[place].clone(), merged)
            );
        }
    }
}
