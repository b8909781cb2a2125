//! What a computer does to assets.

use super::fixture::{created, day, domain, guid, id, joined, organization, scanned, site, source};
use crate::asset::{Asset, Change, Claim, Home, Link, Presence, Redirect, Waiting};
use crate::directory::DirectoryObject;
use crate::merge::write_computer::LateArrival;
use crate::merge::{
    ComputerUpdate, Decision, Destination, Level, Reason, UnitOfWork, Verdict, WriteContext,
    write_computer,
};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, OrganizationId, RecordDigest, RunId, SiteId, SourceId};

/// A run on a day, and what it knows of its one computer.
struct Run {
    source: SourceId,
    organization: OrganizationId,
    site: SiteId,
    policy: MatchPolicy,
    at: i64,
    decision: Decision,
    goes: (Home, Option<AssetId>),
    link: Option<Link>,
    waiting: Option<Waiting>,
    predecessors: Vec<(ObjectGuid, Option<AssetId>)>,
    home_site: Option<SiteId>,
}

impl Run {
    /// The computer goes where the rules have it.
    fn of(at: i64, verdict: Verdict) -> Self {
        let shown = verdict.asset();
        Self {
            source: source(),
            organization: organization(),
            site: site("hq"),
            policy: MatchPolicy::default(),
            at,
            decision: Decision::new(guid(1), &"web1".into(), verdict, Reason::Known),
            goes: (Home::of(shown), shown),
            link: None,
            waiting: None,
            predecessors: Vec::new(),
            home_site: None,
        }
    }

    fn linked(mut self, asset: Option<AssetId>) -> Self {
        self.link = Some(link(1, asset));
        self
    }

    fn writing(&self) -> WriteContext<'_> {
        let run = RunId::from_u128(self.at as u128);
        let Self { source, policy, at, .. } = self;
        WriteContext {
            source,
            object: guid(1),
            run,
            now: day(*at),
            policy,
            asks_for_addresses: true,
        }
    }

    fn write(&self, unit: &mut UnitOfWork) -> Result<Vec<Change>, AssetId> {
        let domain = domain();
        let update = ComputerUpdate {
            object: &object(),
            domain: &domain,
            decision: &self.decision,
            goes: Destination {
                home: self.goes.0,
                shown: self.goes.1,
                home_site: self.home_site.as_ref(),
                shown_site: None,
                organization: &self.organization,
                site: &self.site,
            },
            link: self.link.as_ref(),
            waiting: self.waiting.as_ref(),
            predecessors: &self.predecessors,
        };
        write_computer(unit, &update, &self.writing())
    }

    /// What has to be written in the end: beside the assets, and of them.
    fn changes(&self, assets: impl IntoIterator<Item = Asset>) -> (Vec<Change>, Vec<Change>) {
        let mut unit = UnitOfWork::of(assets, []);
        let beside = self.write(&mut unit).unwrap();
        (beside, unit.into_changes())
    }

    /// The only asset that changes, where nothing is written beside it.
    fn only(&self, assets: impl IntoIterator<Item = Asset>) -> Asset {
        let (beside, changes) = self.changes(assets);
        assert_eq!(beside, []);
        let [change] = changes.try_into().unwrap();
        put(change).1
    }
}

fn object() -> DirectoryObject {
    joined(1, "web1")
}

fn link(n: u8, asset: Option<AssetId>) -> Link {
    Link {
        object: guid(n),
        kind: crate::value::ObjectKind::Computer,
        asset,
        home: None,
        digest: RecordDigest([0; 16]),
        dn_digest: RecordDigest([0; 16]),
        attributes: 0,
        presence: Presence::Present,
        seen: None,
    }
}

fn put(change: Change) -> (Option<u64>, Asset) {
    let Change::PutAsset { expected, asset, .. } = change else { panic!("{change:?}") };
    (expected, *asset)
}

/// A scanned asset that the computer is tied to.
fn tied(n: u128) -> Asset {
    Run::of(1, Verdict::Matched(id(n))).only([scanned(n, &["web1.corp.example"], &[])])
}

#[test]
fn a_new_asset_has_what_the_computer_says() {
    let run = Run::of(1, created(0));
    let (beside, changes) = run.changes([]);
    let [change] = changes.try_into().unwrap();
    let (expected, asset) = put(change);
    assert_eq!((beside, expected), (Vec::new(), None));
    assert_eq!((Some(asset.id), asset.version), (created(0).asset(), 1));
    assert_eq!((&asset.site, asset.label().as_ref()), (&run.site, "web1.corp.example"));
    assert_eq!(asset.parts[0].tie.as_ref().unwrap().run, RunId::from_u128(1));
}

#[test]
fn nothing_is_written_of_what_is_as_it_was() {
    let asset = tied(7);
    assert_eq!((asset.version, asset.parts.len()), (2, 2));
    let again = Run::of(2, Verdict::Linked(id(7))).linked(Some(id(7)));
    assert_eq!(again.changes([asset]), (Vec::new(), Vec::new()));
}

#[test]
fn an_asset_that_is_gone_is_for_a_new_decision() {
    let run = Run::of(1, Verdict::Matched(id(9)));
    assert_eq!(run.write(&mut UnitOfWork::default()), Err(id(9)));
    let left = Run::of(1, Verdict::Matched(id(7))).linked(Some(id(8)));
    let mut unit = UnitOfWork::of([scanned(7, &["web1"], &[])], []);
    assert_eq!(left.write(&mut unit), Err(id(8)));
}

#[test]
fn a_computer_that_moves_takes_its_record_along() {
    let (old, new) = (tied(7), scanned(8, &["web1"], &[]));
    let moves = Run::of(2, Verdict::Matched(id(8))).linked(Some(id(7)));
    let (beside, changes) = moves.changes([old.clone(), new]);
    assert_eq!(beside, []);
    let [left, joined] = changes.try_into().unwrap();
    let ((_, left), (_, joined)) = (put(left), put(joined));
    assert_eq!((left.version, left.parts.len()), (3, 1));
    let before = old.part_of(&source(), guid(1)).unwrap();
    let now = joined.part_of(&source(), guid(1)).unwrap();
    assert_eq!(now.since, before.since);
    assert_eq!(now.tie.as_ref().unwrap().run, RunId::from_u128(2), "it is a new tie");
}

#[test]
fn an_asset_of_which_nothing_is_left_leads_to_where_the_computer_went() {
    let old = Run::of(1, created(0)).only([]);
    let new = scanned(8, &["web1"], &[]);
    let moves = Run::of(2, Verdict::Matched(id(8))).linked(Some(old.id));
    let (_, changes) = moves.changes([old.clone(), new]);
    let gone = Change::RemoveAsset { id: old.id, expected: 1, to: Some(id(8)) };
    assert!(changes.contains(&gone), "{changes:?}");
}

#[test]
fn a_successor_takes_the_place_of_who_is_gone() {
    let asset = tied(7);
    let mut succeeds = Run::of(2, Verdict::Matched(id(7)));
    succeeds.predecessors = vec![(guid(2), Some(id(7))), (guid(3), None)];
    let mut before = asset;
    before.parts[1].object = Some(guid(2));
    let part = before.parts[1].number;
    before.owner.push(Claim::new("jane".to_owned(), part, None, day(1)));
    let (beside, changes) = succeeds.changes([before]);
    assert_eq!(
        beside,
        [
            Change::RemoveObject { source: source(), object: guid(2) },
            Change::RemoveObject { source: source(), object: guid(3) }
        ]
    );
    let [change] = changes.try_into().unwrap();
    let after = put(change).1;
    let objects: Vec<_> = after.parts.iter().filter_map(|part| part.object).collect();
    assert_eq!(objects, [guid(1)]);
    assert_eq!(after.owner(), Some("jane"), "what people said goes with the successor");
    let own = after.part_of(&source(), guid(1)).unwrap().number;
    assert_eq!(after.owner[0].part, own);
}

#[test]
fn what_people_said_of_who_is_gone_waits_with_the_successor_where_nothing_else_is_left() {
    let mut old = Run::of(1, created(0)).only([]);
    old.parts[0].object = Some(guid(2));
    old.owner.push(Claim::new("jane".to_owned(), old.parts[0].number, None, day(1)));
    let mut succeeds = Run::of(2, Verdict::Matched(old.id));
    succeeds.goes.1 = None;
    succeeds.predecessors = vec![(guid(2), Some(old.id))];
    let (beside, _) = succeeds.changes([old]);
    let waiting = beside.iter().find_map(|change| match change {
        Change::PutWaiting(waiting) => Some(&waiting.record),
        _ => None,
    });
    assert_eq!(waiting.unwrap().owner(), Some("jane"));
}

#[test]
fn a_computer_waits_with_its_reason_and_goes_with_its_record() {
    let waits = Run::of(1, Verdict::Ambiguous);
    let (beside, changes) = waits.changes([]);
    let [change] = beside.try_into().unwrap();
    let Change::PutWaiting(waiting) = change else { panic!("{change:?}") };
    assert_eq!(changes, []);
    assert_eq!(
        (&waiting.source, waiting.object, waiting.home()),
        (&source(), guid(1), Home::Waiting)
    );
    let why: Decision = serde_json::from_str(waiting.decision.as_ref().unwrap()).unwrap();
    assert_eq!(why.verdict, Verdict::Ambiguous);
    let mut goes = Run::of(2, Verdict::Matched(id(7))).linked(None);
    goes.waiting = Some(*waiting.clone());
    let (beside, changes) = goes.changes([scanned(7, &["web1"], &[])]);
    assert_eq!(beside, [Change::RemoveWaiting { source: source(), object: guid(1) }]);
    let [change] = changes.try_into().unwrap();
    let asset = put(change).1;
    assert_eq!(asset.part_of(&source(), guid(1)).unwrap().since, waiting.record.parts[0].since);
}

#[test]
fn a_record_that_people_hold_elsewhere_remembers_its_home() {
    let mut held = Run::of(1, Verdict::Matched(id(8)));
    held.goes = (Home::Asset(id(8)), Some(id(7)));
    held.home_site = Some(site("branch"));
    let asset = held.only([scanned(7, &["web1"], &[])]);
    let part = asset.part_of(&source(), guid(1)).unwrap();
    assert_eq!((part.home, &part.home_site), (Some(Home::Asset(id(8))), &Some(site("branch"))));
    // Of the asset that shows it decisions had left nothing: it is there again.
    let asset = held.only([]);
    assert_eq!((asset.id, asset.version), (id(7), 1));
}

#[test]
fn an_asset_that_several_computers_change_is_written_once() {
    let mut unit = UnitOfWork::of([scanned(7, &["web1"], &[])], []);
    Run::of(1, Verdict::Matched(id(7))).write(&mut unit).unwrap();
    unit.update(id(7), |asset| Asset { version: asset.version + 1, ..asset }).unwrap();
    let [change] = unit.into_changes().try_into().unwrap();
    let (expected, asset) = put(change);
    assert_eq!((expected, asset.version), (Some(1), 2));
}

#[test]
fn an_asset_that_comes_back_counts_on() {
    let gone = Redirect { from: created(0).asset().unwrap(), to: id(7), version: 5 };
    let mut unit = UnitOfWork::of([], [gone]);
    Run::of(1, created(0)).write(&mut unit).unwrap();
    let [change] = unit.into_changes().try_into().unwrap();
    let (expected, asset) = put(change);
    assert_eq!((expected, asset.version), (None, 6));
}

#[test]
fn a_late_arrival_moves_as_it_is() {
    let old = Run::of(1, created(0)).only([]);
    let run = Run::of(2, Verdict::Matched(id(8)));
    let link = link(1, Some(old.id));
    let arrival = LateArrival {
        decision: &run.decision.clone().with_level(Some(Level::Full)),
        to: id(8),
        link: &link,
        waiting: None,
        site: None,
    };
    let mut unit = UnitOfWork::of([old.clone(), scanned(8, &["web1"], &[])], []);
    let moved = arrival.move_record(&mut unit, old.id, &run.writing()).unwrap();
    let (source, object) = (source(), guid(1));
    assert_eq!(moved, [Change::MoveLink { source, object, asset: Some(id(8)), home: None }]);
    let changes = unit.into_changes();
    assert!(changes.contains(&Change::RemoveAsset { id: old.id, expected: 1, to: Some(id(8)) }));
    let nobody =
        arrival.move_record(&mut UnitOfWork::of([old.clone()], []), old.id, &run.writing());
    assert_eq!(nobody, Err(id(8)));
}

#[test]
fn a_late_arrival_that_people_have_wait_waits_on_with_its_new_home() {
    let (beside, _) = Run::of(1, Verdict::Ambiguous).changes([]);
    let [change] = beside.try_into().unwrap();
    let Change::PutWaiting(before) = change else { panic!("{change:?}") };
    let (run, link) = (Run::of(2, Verdict::Matched(id(8))), link(1, None));
    let arrival = LateArrival {
        decision: &run.decision,
        to: id(8),
        link: &link,
        waiting: Some(&before),
        site: Some(&run.site),
    };
    let elsewhere = site("branch");
    let changes = arrival.note_home(&mut UnitOfWork::default(), &elsewhere, &run.writing());
    let [change, moved] = changes.unwrap().try_into().unwrap();
    let Change::PutWaiting(after) = change else { panic!("{change:?}") };
    assert_eq!((after.home(), after.record.version), (Home::Asset(id(8)), 1));
    assert_eq!(after.record.parts[0].home_site.as_ref(), Some(&run.site));
    assert_eq!((after.object, after.decision), (guid(1), before.decision));
    let (source, object, home) = (source(), guid(1), Some(Home::Asset(id(8))));
    assert_eq!(moved, Change::MoveLink { source, object, asset: None, home });
}

#[test]
fn the_reason_of_a_tie_stays_while_its_home_does_and_what_waits_has_none() {
    let mut asset = tied(7);
    let part = |asset: &Asset| asset.part_of(&source(), guid(1)).unwrap().clone();
    let tie = part(&asset).tie.unwrap();
    assert_eq!((tie.run, part(&asset).home), (RunId::from_u128(1), None));
    let number = part(&asset).number;
    asset.part_mut(number).unwrap().presence = Presence::Missing { since: day(1), runs: 1 };
    let again = Run::of(2, Verdict::Matched(id(7))).linked(Some(id(7))).only([asset]);
    assert_eq!(
        (part(&again).presence, part(&again).run),
        (Presence::Present, Some(RunId::from_u128(2)))
    );
    assert_eq!(part(&again).tie, Some(tie));
    // A person has it here, and by the rules alone it waits.
    let mut held = Run::of(1, Verdict::Ambiguous);
    held.goes = (Home::Waiting, Some(id(7)));
    let asset = held.only([scanned(7, &["web1"], &[])]);
    assert_eq!((part(&asset).tie, part(&asset).home), (None, Some(Home::Waiting)));
}

#[test]
fn what_waits_is_written_anew_each_time_and_is_no_asset_that_counts_its_versions() {
    let waiting = |change: Change| {
        let Change::PutWaiting(waiting) = change else { panic!("{change:?}") };
        *waiting
    };
    let (beside, _) = Run::of(1, Verdict::Ambiguous).changes([]);
    let [change] = beside.try_into().unwrap();
    let mut first = waiting(change);
    first.record.parts[0].presence = Presence::Missing { since: day(1), runs: 1 };
    let mut again = Run::of(2, Verdict::Ambiguous).linked(None);
    again.waiting = Some(first.clone());
    let (beside, _) = again.changes([]);
    let [change] = beside.try_into().unwrap();
    let second = waiting(change);
    assert_eq!((first.record.version, second.record.version), (1, 1));
    assert_eq!(second.record.parts[0].presence, Presence::Present);
    assert_eq!(second.record.parts[0].home, None);
}

#[test]
fn an_asset_that_is_made_for_a_record_has_nothing_but_the_record() {
    let old = Run::of(1, created(0)).only([]);
    let mut run = Run::of(2, Verdict::Matched(id(8))).linked(Some(old.id));
    run.goes = (Home::Asset(id(8)), Some(id(7)));
    let (beside, changes) = run.changes([old.clone()]);
    assert_eq!(beside, []);
    let [made, gone] = changes.try_into().unwrap();
    let (expected, asset) = put(made);
    assert_eq!((expected, asset.id, asset.version), (None, id(7), 1));
    let parts: Vec<_> = asset.parts.iter().map(|part| (part.object, part.home)).collect();
    assert_eq!(parts, [(Some(guid(1)), Some(Home::Asset(id(8))))]);
    assert_eq!(gone, Change::RemoveAsset { id: old.id, expected: 1, to: Some(id(7)) });
}
