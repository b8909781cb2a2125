//! Working out the changes that a batch of computers asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dn_digest::dn_digest;
use super::matching::{Decided, Matching, Spot};
use super::report::ComputerCounts;
use super::run::Run;
use super::sightings;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Asset, Change, Home, Link, Presence, Sighting, Version, Waiting};
use crate::directory::DirectoryObject;
use crate::merge::{self, Decision, Reason, Record, Verdict, WriteContext};
use crate::task::SyncTask;
use crate::value::{AssetId, ObjectGuid, RecordDigest};

/// The changes of one batch of computers.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) changes: Vec<Change>,
    pub(super) counts: ComputerCounts,
    /// An asset that a decision speaks of and that is not there any more.
    pub(super) stale: Option<AssetId>,
}

/// Drafts the computers at these places of the snapshot.
pub(super) async fn computers(
    writer: &Writer<'_>,
    matching: &Matching,
    places: &[usize],
) -> Result<Draft> {
    let mut draft = Draft::default();
    let mut todo = Vec::new();
    for &place in places {
        let (Some(object), Some(decided)) =
            (writer.snapshot.computers.get(place), matching.decided(place))
        else {
            continue;
        };
        let step = Step::new(object, decided, matching);
        draft.count(&step);
        if step.is_settled() {
            draft.changes.extend(sightings::note(writer.snapshot, object, step.link));
        } else {
            todo.push(step);
        }
    }
    let mut assets = Loaded::load(writer, &todo).await?;
    for step in &todo {
        if let Err(missing) = step.apply(writer, matching, &mut assets, &mut draft.changes) {
            draft.stale = Some(missing);
            return Ok(draft);
        }
    }
    // Assets come before links, so that a link never points to what is not there.
    let mut changes = assets.into_changes();
    changes.append(&mut draft.changes);
    draft.changes = changes;
    Ok(draft)
}

impl Draft {
    fn count(&mut self, step: &Step<'_>) {
        let counts = &mut self.counts;
        match step.decided.told.verdict {
            Verdict::Linked(_) | Verdict::Matched(_) => {
                counts.matched += 1;
                if step.is_settled() { counts.unchanged += 1 } else { counts.updated += 1 }
            }
            Verdict::Create => counts.created += 1,
            Verdict::Ambiguous => counts.ambiguous += 1,
            Verdict::Skipped => counts.skipped += 1,
        }
        if step.link.is_some_and(|link| !link.presence.is_present()) {
            counts.restored += 1;
        }
    }
}

/// Drafts that known computers, which were not read, go to assets that came since.
pub(super) async fn late(
    writer: &Writer<'_>,
    matching: &Matching,
    decisions: &[Decision],
) -> Result<Vec<Change>> {
    let arrivals = decisions.iter().filter_map(|late| Some((late, matching.arrives(late)?)));
    let arrivals: Vec<(&Decision, (&Link, AssetId, bool))> = arrivals.collect();
    let ids = arrivals.iter().flat_map(|(_, (link, to, _))| link.asset.into_iter().chain([*to]));
    let mut assets = Loaded::of(writer, &ids.collect::<Vec<_>>()).await?;
    let mut changes = Vec::new();
    for (decision, (link, to, is_plain)) in arrivals {
        let moved = match link.asset.filter(|_| is_plain) {
            Some(from) => assets.move_record(writer, decision, from, to),
            None => assets.note_home(writer, matching, decision, link, to),
        };
        // What somebody else changed meanwhile is for the next run.
        changes.extend(moved.unwrap_or_default());
    }
    let mut all = assets.into_changes();
    all.append(&mut changes);
    Ok(all)
}

/// Who writes, when and by which rules.
fn writing<'a>(run: &'a Run<'_>, object: ObjectGuid) -> WriteContext<'a> {
    WriteContext {
        source: &run.task.source,
        object,
        run: run.id,
        now: run.now,
        policy: &run.task.matching,
    }
}

/// One computer, what was decided on it, and what the store knew.
struct Step<'a> {
    object: &'a DirectoryObject,
    decided: Decided<'a>,
    link: Option<&'a Link>,
    /// It as one that waits, as it was.
    waiting: Option<&'a Waiting>,
    digest: RecordDigest,
    /// The assets that show what it takes the place of.
    gone: Vec<AssetId>,
}

impl<'a> Step<'a> {
    fn new(object: &'a DirectoryObject, decided: Decided<'a>, matching: &'a Matching) -> Self {
        let link = matching.links.get(&object.guid);
        let waiting = matching.waiting(object.guid);
        let shown = |gone| matching.links.get(gone).and_then(|link| link.asset);
        let gone = decided.rules.succeeds.iter().filter_map(shown).collect();
        Self { object, decided, link, waiting, digest: object.digest(), gone }
    }

    /// The asset that shows it from now on.
    fn target(&self) -> Option<AssetId> {
        self.decided.spot.and_then(|spot| spot.shown)
    }

    /// The asset that it was part of and is no part of any more.
    fn left(&self) -> Option<AssetId> {
        let before = self.link?.asset?;
        (self.decided.spot.is_some() && self.target() != Some(before)).then_some(before)
    }

    /// The assets that it speaks of, apart from a new one.
    fn assets(&self) -> Vec<AssetId> {
        let is_new = self.decided.rules.verdict == Verdict::Create;
        let target = self.target().filter(|id| !is_new || self.decided.rules.asset != Some(*id));
        target.into_iter().chain(self.left()).chain(self.gone.iter().copied()).collect()
    }

    /// Whether it is for the next complete read to say what becomes of it.
    fn waits_for_read(&self) -> bool {
        self.decided.rules.reason == Reason::AwaitsCompleteRead
    }

    /// Whether there is nothing to write.
    fn is_settled(&self) -> bool {
        let Some(spot) = self.decided.spot else {
            let is_as_known = self.link.is_none_or(|link| link.presence.is_present());
            return self.waits_for_read() || is_as_known;
        };
        let is_known = spot.shown.is_some() || self.is_told();
        self.link.is_some_and(|link| {
            is_known
                && (link.asset, link.by_rules()) == (spot.shown, spot.home)
                && link.digest == self.digest
                && link.presence.is_present()
        })
    }

    /// Whether the store knows of it as a computer that waits, and why.
    fn is_told(&self) -> bool {
        self.waiting.is_some_and(|waiting| waiting.decision == self.why())
    }

    /// Why it waits by the rules alone, if it does.
    fn why(&self) -> Option<String> {
        let rules = self.decided.rules;
        let waits = rules.verdict == Verdict::Ambiguous;
        waits.then(|| serde_json::to_string(rules).ok()).flatten()
    }

    fn apply(
        &self,
        writer: &Writer<'_>,
        matching: &Matching,
        assets: &mut Loaded,
        changes: &mut Vec<Change>,
    ) -> Result<(), AssetId> {
        let run = writer.run;
        let writing = writing(run, self.object.guid);
        let Some(spot) = self.decided.spot else {
            let seen = writer.snapshot.coverage.sighting(self.object);
            changes.push(Change::PutLink(link(self.object, None, self.digest, seen)));
            return Ok(());
        };
        let carried = self.carry(assets, &writing)?;
        match spot.shown {
            Some(asset) => {
                assets.reach(asset, &self.decided, matching, run)?;
                self.write_into(asset, spot, carried, matching, assets, &writing)?;
                if self.waiting.is_some() {
                    let source = writing.source.clone();
                    changes.push(Change::RemoveWaiting { source, object: writing.object });
                }
            }
            None => changes.push(self.wait(spot, carried, matching, &writing, run.task)),
        }
        for gone in &self.decided.rules.succeeds {
            let shown = matching.links.get(gone).and_then(|link| link.asset);
            if let Some(shown) = shown {
                assets
                    .update(shown, |asset| merge::detach(asset, writing.source, *gone, &writing))?;
                assets.leads.extend(spot.shown.map(|to| (shown, to)));
            }
            changes.push(Change::RemoveLink(*gone));
        }
        let home = spot.home.away_from(spot.shown);
        let seen = writer.snapshot.coverage.sighting(self.object);
        let link = Link { home, ..link(self.object, spot.shown, self.digest, seen) };
        changes.push(Change::PutLink(link));
        Ok(())
    }

    /// What the inventory has of the computer elsewhere than it shall be.
    fn carry(
        &self,
        assets: &mut Loaded,
        writing: &WriteContext<'_>,
    ) -> Result<Option<Record>, AssetId> {
        let (source, object) = (writing.source, writing.object);
        let Some(before) = self.left() else {
            let waiting = self.waiting.filter(|_| self.link.is_some_and(|l| l.asset.is_none()));
            return Ok(waiting.and_then(Record::of));
        };
        let mut carried = None;
        assets.update(before, |asset| {
            carried = Record::in_asset(&asset, source, object);
            merge::detach(asset, source, object, writing)
        })?;
        assets.leads.extend(self.target().map(|to| (before, to)));
        Ok(carried)
    }

    fn write_into(
        &self,
        target: AssetId,
        spot: Spot,
        carried: Option<Record>,
        matching: &Matching,
        assets: &mut Loaded,
        writing: &WriteContext<'_>,
    ) -> Result<(), AssetId> {
        let said = merge::contribution(self.object, &matching.domain, writing.now);
        let is_news = self.link.is_none_or(|link| link.by_rules() != spot.home);
        assets.update(target, |mut asset| {
            if let Some(record) = carried {
                asset = merge::join(&asset, record, writing.policy);
            }
            asset = merge::apply_contribution(asset, &said, writing);
            if is_news && spot.home != Home::Waiting {
                asset = merge::record_match(asset, &self.decided.rules.reason, writing);
            }
            let site = matching.site(spot.home).unwrap_or(&asset.site).clone();
            asset = merge::at_home(asset, spot.home, &site, writing);
            merge::in_order(asset, writing.policy)
        })
    }

    /// It as a computer that waits.
    fn wait(
        &self,
        spot: Spot,
        carried: Option<Record>,
        matching: &Matching,
        writing: &WriteContext<'_>,
        task: &SyncTask,
    ) -> Change {
        let said = merge::contribution(self.object, &matching.domain, writing.now);
        let nobody = AssetId::from_u128(0);
        let known = carried.and_then(|record| record.into_waiting(None, None));
        let record = match known {
            Some(known) => merge::apply_contribution(known.record, &said, writing),
            None => {
                let (organization, site) = (task.organization.clone(), task.site.clone());
                merge::create(nobody, organization, site, &said, writing)
            }
        };
        let site = matching.site(spot.home).unwrap_or(&record.site).clone();
        let mut record = merge::at_home(record, spot.home, &site, writing);
        record.version = 1;
        // With regard to people's decisions the end of the run tells.
        let (decision, told) = (self.why(), None);
        let (source, object) = (writing.source.clone(), writing.object);
        Change::PutWaiting(Box::new(Waiting { source, object, record, decision, told }))
    }
}

/// What is to be known of an object from now on.
pub(super) fn link(
    object: &DirectoryObject,
    asset: Option<AssetId>,
    digest: RecordDigest,
    seen: Arc<Sighting>,
) -> Link {
    Link {
        object: object.guid,
        kind: object.kind,
        asset,
        home: None,
        digest,
        dn_digest: dn_digest(&object.dn),
        attributes: attribute_count(object),
        presence: Presence::Present,
        seen: Some(seen),
    }
}

/// How many attributes it has, memberships apart, which are limited on their own. One that was left out is there.
pub(super) fn attribute_count(object: &DirectoryObject) -> u32 {
    let is_counted = |name: &&str| *name != "memberOf" && !DirectoryObject::is_volatile(name);
    let read = object.attributes.iter().map(|(name, _)| name);
    let left_out = object.flaws.iter().map(|flaw| flaw.attribute.as_str());
    let counted: BTreeSet<&str> = read.chain(left_out).filter(is_counted).collect();
    u32::try_from(counted.len()).unwrap_or(u32::MAX)
}

/// Assets of a batch: as they were loaded, and as they shall be.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    assets: BTreeMap<AssetId, (Option<Version>, Asset)>,
    /// Where the records of an asset went that may have none left.
    leads: BTreeMap<AssetId, AssetId>,
    /// The last versions of assets that had gone.
    gone: BTreeMap<AssetId, Version>,
}

impl Loaded {
    /// Loads these assets, as far as they are there.
    pub(super) async fn of(writer: &Writer<'_>, ids: &[AssetId]) -> Result<Self> {
        let mut loaded = Self::default();
        if ids.is_empty() {
            return Ok(loaded);
        }
        let run = writer.run;
        for asset in run.repository.assets(&run.task.organization, ids).await? {
            loaded.assets.insert(asset.id, (Some(asset.version), asset));
        }
        let mut missing = ids.to_vec();
        missing.retain(|id| !loaded.assets.contains_key(id));
        if !missing.is_empty() {
            let gone = run.repository.redirects(&run.task.organization, &missing).await?;
            loaded.gone = gone.into_iter().map(|gone| (gone.from, gone.version)).collect();
        }
        Ok(loaded)
    }

    async fn load(writer: &Writer<'_>, steps: &[Step<'_>]) -> Result<Self> {
        let mut ids: Vec<AssetId> = steps.iter().flat_map(Step::assets).collect();
        ids.sort_unstable();
        ids.dedup();
        Self::of(writer, &ids).await
    }

    /// Makes sure that an asset is loaded to which a computer goes: a new one is made, and one of which decisions have
    /// left nothing.
    fn reach(
        &mut self,
        id: AssetId,
        decided: &Decided<'_>,
        matching: &Matching,
        run: &Run<'_>,
    ) -> Result<(), AssetId> {
        if self.assets.contains_key(&id) {
            return Ok(());
        }
        let is_home = decided.spot.is_some_and(|spot| spot.home == Home::Asset(id));
        let known = matching.site(Home::Asset(id));
        if is_home && known.is_none() && decided.rules.verdict != Verdict::Create {
            return Err(id);
        }
        let site = known.unwrap_or(&run.task.site).clone();
        let organization = run.task.organization.clone();
        self.assets.insert(id, (None, Asset { version: 0, ..Asset::new(id, organization, site) }));
        Ok(())
    }

    /// Changes a loaded asset; the error is the id of one that is not there.
    pub(super) fn update(
        &mut self,
        id: AssetId,
        change: impl FnOnce(Asset) -> Asset,
    ) -> Result<(), AssetId> {
        let (expected, asset) = self.assets.remove(&id).ok_or(id)?;
        self.assets.insert(id, (expected, change(asset)));
        Ok(())
    }

    /// Moves the record of a known computer that was not read, as it is, to an asset that came since.
    fn move_record(
        &mut self,
        writer: &Writer<'_>,
        decision: &Decision,
        from: AssetId,
        to: AssetId,
    ) -> Result<Vec<Change>, AssetId> {
        let task = writer.run.task;
        let writing = writing(writer.run, decision.object);
        let (source, object) = (task.source.clone(), decision.object);
        let mut carried = None;
        if !self.assets.contains_key(&to) {
            return Err(to);
        }
        self.update(from, |asset| {
            carried = Record::in_asset(&asset, &source, object);
            merge::detach(asset, &source, object, &writing)
        })?;
        let Some(record) = carried else { return Ok(Vec::new()) };
        self.update(to, |asset| {
            let joined = merge::join(&asset, record, &task.matching);
            let told = merge::record_match(joined, &decision.reason, &writing);
            let site = told.site.clone();
            let told = merge::at_home(told, Home::Asset(to), &site, &writing);
            merge::in_order(told, &task.matching)
        })?;
        self.leads.insert(from, to);
        Ok(vec![Change::MoveLink { source, object, asset: Some(to), home: None }])
    }

    /// Notes the new home of a known computer that was not read, where it is. What people decided has a say in where it
    /// is shown: the end of the run settles that.
    fn note_home(
        &mut self,
        writer: &Writer<'_>,
        matching: &Matching,
        decision: &Decision,
        link: &Link,
        to: AssetId,
    ) -> Result<Vec<Change>, AssetId> {
        let task = writer.run.task;
        let writing = writing(writer.run, decision.object);
        let (source, object, home) = (task.source.clone(), decision.object, Home::Asset(to));
        let known = self.assets.get(&to).map(|(_, asset)| &asset.site);
        let site = matching.site(home).or(known).unwrap_or(&task.site).clone();
        let arrive = |record: Asset| {
            let tied = merge::record_match(record, &decision.reason, &writing);
            merge::at_home(tied, home, &site, &writing)
        };
        let mut changes = Vec::new();
        match (link.asset, matching.waiting(object)) {
            (Some(shown), _) => {
                self.update(shown, |asset| merge::in_order(arrive(asset), &task.matching))?;
            }
            (None, Some(waiting)) => {
                let record = Asset { version: 1, ..arrive(waiting.record.clone()) };
                changes.push(Change::PutWaiting(Box::new(Waiting { record, ..waiting.clone() })));
            }
            (None, None) => return Ok(changes),
        }
        let home = home.away_from(link.asset);
        changes.push(Change::MoveLink { source, object, asset: link.asset, home });
        Ok(changes)
    }

    /// A change for each asset that is not as it was loaded, in the order of their ids. One that has no part left
    /// goes.
    pub(super) fn into_changes(self) -> Vec<Change> {
        let Self { assets, leads, gone } = self;
        let changed =
            assets.into_values().filter(|(expected, asset)| *expected != Some(asset.version));
        changed
            .map(|(expected, mut asset)| match expected {
                Some(expected) if asset.parts.is_empty() => {
                    let to = leads.get(&asset.id).copied();
                    Change::RemoveAsset { id: asset.id, expected, to }
                }
                _ => {
                    let former = expected.or_else(|| gone.get(&asset.id).copied());
                    asset.version = former.unwrap_or(0).saturating_add(1);
                    Change::PutAsset { expected, asset: Box::new(asset) }
                }
            })
            .collect()
    }
}

impl ComputerCounts {
    /// Adds what one batch did.
    pub(super) fn add(&mut self, batch: &Self) {
        self.matched += batch.matched;
        self.created += batch.created;
        self.updated += batch.updated;
        self.unchanged += batch.unchanged;
        self.ambiguous += batch.ambiguous;
        self.skipped += batch.skipped;
        self.restored += batch.restored;
    }
}
