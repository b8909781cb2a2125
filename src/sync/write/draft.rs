//! Working out the changes that a batch of computers asks for.

use super::load::Loaded;
use crate::Result;
use crate::asset::{Change, Home, Link, Waiting};
use crate::directory::DirectoryObject;
use crate::merge::{self, Reason, Record, Verdict, WriteContext};
use crate::sync::decide::{Decided, Matching, Spot};
use crate::sync::links;
use crate::sync::read::Snapshot;
use crate::sync::report::ComputerCounts;
use crate::sync::run::Run;
use crate::task::SyncTask;
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
    run: &Run<'_>,
    snapshot: &Snapshot,
    matching: &Matching,
    places: &[usize],
) -> Result<Draft> {
    let mut draft = Draft::default();
    let mut todo = Vec::new();
    for &place in places {
        let (Some(object), Some(decided)) =
            (snapshot.computers.get(place), matching.decided(place))
        else {
            continue;
        };
        let step = Step::new(object, decided, matching);
        draft.count(&step);
        if step.is_settled() {
            draft.changes.extend(snapshot.coverage.news(object, step.link));
        } else {
            todo.push(step);
        }
    }
    let mut assets = {
        let mut ids: Vec<AssetId> = todo.iter().flat_map(Step::assets).collect();
        ids.sort_unstable();
        ids.dedup();
        Loaded::of(run, &ids).await?
    };
    for step in &todo {
        if let Err(missing) = step.apply(run, snapshot, matching, &mut assets, &mut draft.changes) {
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
        run: &Run<'_>,
        snapshot: &Snapshot,
        matching: &Matching,
        assets: &mut Loaded,
        changes: &mut Vec<Change>,
    ) -> Result<(), AssetId> {
        let writing = run.write_context(self.object.guid);
        let Some(spot) = self.decided.spot else {
            let seen = snapshot.coverage.sighting(self.object);
            changes.push(Change::PutLink(links::of(self.object, None, self.digest, seen)));
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
        let seen = snapshot.coverage.sighting(self.object);
        let link = Link { home, ..links::of(self.object, spot.shown, self.digest, seen) };
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
