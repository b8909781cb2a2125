//! Working out the changes that a batch of computers asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::matching::Matching;
use super::place::place;
use super::report::ComputerCounts;
use super::sightings;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Asset, Change, Link, Presence, Sighting, Tie, Version};
use crate::directory::DirectoryObject;
use crate::merge::{self, Decision, Reason, Verdict, Writing};
use crate::value::{AssetId, RecordDigest};

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
        let (Some(object), Some(decision)) =
            (writer.snapshot.computers.get(place), matching.decision(place))
        else {
            continue;
        };
        let link = matching.links.get(&object.guid);
        let step = Step { joins: matching.joins(decision), ..Step::new(object, decision, link) };
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
        match step.decision.verdict {
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

/// Drafts that the assets of known computers, which were not read, become part of others.
pub(super) async fn late(
    writer: &Writer<'_>,
    matching: &Matching,
    decisions: &[Decision],
) -> Result<Vec<Change>> {
    let moves: Vec<(&Decision, AssetId, AssetId)> = decisions
        .iter()
        .filter_map(|decision| Some((decision, matching.joins(decision)?, decision.asset?)))
        .collect();
    let ids: Vec<AssetId> = moves.iter().flat_map(|(_, from, to)| [*from, *to]).collect();
    let mut assets = Loaded::of(writer, &ids).await?;
    let mut changes = Vec::new();
    for (decision, from, to) in moves {
        // What somebody else changed meanwhile is for the next run.
        let _ = assets.join(writer, decision, from, to, &mut changes);
    }
    let mut all = assets.into_changes();
    all.append(&mut changes);
    Ok(all)
}

/// One computer, what was decided on it, and what the store knew.
struct Step<'a> {
    object: &'a DirectoryObject,
    decision: &'a Decision,
    link: Option<&'a Link>,
    digest: RecordDigest,
    /// The asset that becomes part of the one that the computer goes to.
    joins: Option<AssetId>,
}

impl<'a> Step<'a> {
    fn new(object: &'a DirectoryObject, decision: &'a Decision, link: Option<&'a Link>) -> Self {
        Self { object, decision, link, digest: object.digest(), joins: None }
    }

    /// The asset that the computer goes to.
    fn target(&self) -> Option<AssetId> {
        match self.decision.verdict {
            Verdict::Linked(asset) | Verdict::Matched(asset) => Some(asset),
            Verdict::Create => self.decision.asset,
            Verdict::Ambiguous | Verdict::Skipped => None,
        }
    }

    /// The asset that it was tied to and is not tied to any more, by a person's decision.
    fn left(&self) -> Option<AssetId> {
        let before = self.link?.asset?;
        (!self.waits() && self.target() != Some(before)).then_some(before)
    }

    /// Whether it is for the next complete read to say what becomes of it.
    fn waits(&self) -> bool {
        self.decision.reason == Reason::AwaitsCompleteRead
    }

    /// Whether there is nothing to write.
    fn is_settled(&self) -> bool {
        match self.decision.verdict {
            Verdict::Skipped => {
                let is_as_known = self.link.is_none_or(|link| link.presence.is_present());
                self.waits() || (self.left().is_none() && is_as_known)
            }
            Verdict::Create => false,
            _ => self.link.is_some_and(|link| {
                link.asset == self.target()
                    && link.digest == self.digest
                    && link.presence.is_present()
            }),
        }
    }

    fn apply(
        &self,
        writer: &Writer<'_>,
        matching: &Matching,
        assets: &mut Loaded,
        changes: &mut Vec<Change>,
    ) -> Result<(), AssetId> {
        let run = writer.run;
        let writing = Writing {
            source: &run.task.source,
            object: self.object.guid,
            run: run.id,
            now: run.now,
            policy: &run.task.matching,
        };
        if let (Some(from), Some(to)) = (self.joins, self.target()) {
            assets.join(writer, self.decision, from, to, changes)?;
        } else if let Some(before) = self.left() {
            assets.update(before, |asset| {
                merge::detach(asset, writing.source, writing.object, &writing)
            })?;
        }
        if let Some(target) = self.target() {
            let contribution = merge::contribution(self.object, &matching.domain, run.now);
            let reason = &self.decision.reason;
            if self.decision.verdict == Verdict::Create {
                let (organization, site) = (run.task.organization.clone(), run.task.site.clone());
                let asset = merge::create(target, organization, site, &contribution, &writing);
                assets.create(merge::tie(asset, reason, &writing));
            } else {
                let is_news = self.link.and_then(|link| link.asset) != Some(target);
                assets.update(target, |asset| {
                    let asset = merge::survive(asset, &contribution, &writing);
                    if is_news { merge::tie(asset, reason, &writing) } else { asset }
                })?;
            }
        }
        for gone in &self.decision.succeeds {
            if let Some(target) = self.target() {
                assets.update(target, |asset| {
                    merge::detach(asset, writing.source, *gone, &writing)
                })?;
            }
            changes.push(Change::RemoveLink(*gone));
        }
        let seen = writer.snapshot.coverage.sighting(self.object);
        changes.push(Change::PutLink(link(self.object, self.target(), self.digest, seen)));
        Ok(())
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
        digest,
        place: place(&object.dn),
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
    /// Those that became part of others.
    joined: BTreeMap<AssetId, Version>,
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
        Ok(loaded)
    }

    async fn load(writer: &Writer<'_>, steps: &[Step<'_>]) -> Result<Self> {
        let targets = steps
            .iter()
            .filter(|step| step.decision.verdict != Verdict::Create)
            .filter_map(Step::target);
        let left = steps.iter().filter_map(|step| step.joins.or_else(|| step.left()));
        let mut ids: Vec<AssetId> = targets.chain(left).collect();
        ids.sort_unstable();
        ids.dedup();
        Self::of(writer, &ids).await
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

    /// Makes an asset part of another one, with all objects that are tied to it.
    fn join(
        &mut self,
        writer: &Writer<'_>,
        decision: &Decision,
        from: AssetId,
        to: AssetId,
        changes: &mut Vec<Change>,
    ) -> Result<(), AssetId> {
        let run = writer.run;
        let (Some((Some(version), other)), Some((_, asset))) =
            (self.assets.get(&from), self.assets.get(&to))
        else {
            return Err(if self.assets.contains_key(&to) { from } else { to });
        };
        let (version, mut other) = (*version, other.clone());
        let reason = format!("{}; asset {from} became part of this one", decision.reason);
        for part in &mut other.parts {
            part.tie = Some(Tie { reason: reason.clone(), run: run.id, at: run.now });
            let (source, object) = (part.source.clone(), part.object);
            changes.extend(object.map(|object| Change::MoveLink { source, object, asset: to }));
        }
        let joined = merge::join(asset, &other, &run.task.matching).map_err(|_| to)?;
        self.update(to, |_| joined)?;
        self.assets.remove(&from);
        self.joined.insert(from, version);
        Ok(())
    }

    fn create(&mut self, asset: Asset) {
        self.assets.insert(asset.id, (None, asset));
    }

    /// A change for each asset that is not as it was loaded, in the order of their ids.
    pub(super) fn into_changes(self) -> Vec<Change> {
        let changed =
            self.assets.into_values().filter(|(expected, asset)| *expected != Some(asset.version));
        let joined = self.joined.into_iter();
        let gone = joined.map(|(id, expected)| Change::RemoveAsset { id, expected });
        changed
            .map(|(expected, mut asset)| {
                asset.version = expected.map_or(1, |version| version.saturating_add(1));
                Change::PutAsset { expected, asset: Box::new(asset) }
            })
            .chain(gone)
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
