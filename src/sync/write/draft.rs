//! Working out the changes that a batch of computers asks for.

use std::collections::BTreeSet;

use tokio::task::yield_now;

use super::load::load;
use crate::Result;
use crate::asset::{Change, Home, Link};
use crate::directory::{AD_SITE, DirectoryObject, Outline};
use crate::merge::{
    ComputerUpdate, Destination, Reason, UnitOfWork, Verdict, why_it_waits, write_computer,
};
use crate::sync::decide::{Decided, Matching, Spot};
use crate::sync::links;
use crate::sync::read::Snapshot;
use crate::sync::report::ComputerCounts;
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid, ObjectKind};

/// The changes of one batch of computers.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) changes: Vec<Change>,
    pub(super) counts: ComputerCounts,
    /// An asset that a decision speaks of and that is not there any more.
    pub(super) stale: Option<AssetId>,
}

/// How many computers are drafted before others have their turn: a millisecond.
const TURN: usize = 50;

/// Drafts the computers at these places of the snapshot.
pub(super) async fn computers(
    run: &Run<'_>,
    snapshot: &Snapshot,
    matching: &Matching,
    places: &[usize],
) -> Result<Draft> {
    let steps = Steps::of(snapshot, matching, places)?;
    let assets = load(run, steps.assets(run, matching)).await?;
    Ok(steps.draft(run, snapshot, matching, assets).await)
}

/// The same while what comes before is being written. `None` where it takes assets that are stored: they may be what is
/// being written.
pub(super) async fn ahead(
    run: &Run<'_>,
    snapshot: &Snapshot,
    matching: &Matching,
    places: &[usize],
) -> Result<Option<Draft>> {
    let steps = Steps::of(snapshot, matching, places)?;
    Ok(match steps.assets(run, matching).is_empty() {
        true => Some(steps.draft(run, snapshot, matching, UnitOfWork::default()).await),
        false => None,
    })
}

/// What is to be drafted.
struct Steps<'a> {
    /// What is there of it without a look at any asset.
    draft: Draft,
    todo: Vec<(Step<'a>, DirectoryObject)>,
}

impl<'a> Steps<'a> {
    fn of(snapshot: &'a Snapshot, matching: &'a Matching, places: &[usize]) -> Result<Self> {
        let mut steps = Self { draft: Draft::default(), todo: Vec::new() };
        let (computers, coverage) = (&snapshot.computers, &snapshot.coverage);
        for &place in places {
            let (Some(outline), Some(decided)) =
                (computers.outlines().get(place), matching.decided(place))
            else {
                continue;
            };
            let step = Step::new(outline, decided, matching);
            steps.draft.count(&step);
            if step.is_settled() {
                let news = coverage.news(ObjectKind::Computer, outline, step.link);
                steps.draft.changes.extend(news);
            } else {
                steps.todo.push((step, computers.get(outline)?));
            }
        }
        Ok(steps)
    }

    /// The stored assets that it takes.
    fn assets(&self, run: &Run<'_>, matching: &Matching) -> BTreeSet<AssetId> {
        let updates = self.todo.iter().filter_map(|(step, it)| step.update(it, run, matching));
        updates.flat_map(|update| update.assets().collect::<Vec<_>>()).collect()
    }

    async fn draft(
        self,
        run: &Run<'_>,
        snapshot: &Snapshot,
        matching: &Matching,
        mut assets: UnitOfWork,
    ) -> Draft {
        let Self { mut draft, todo } = self;
        for (n, (step, object)) in todo.iter().enumerate() {
            if n % TURN == TURN - 1 {
                yield_now().await;
            }
            if let Some(update) = step.update(object, run, matching) {
                let writing = run.write_context(object.guid);
                match write_computer(&mut assets, &update, &writing) {
                    Ok(changes) => draft.changes.extend(changes),
                    Err(missing) => return Draft { stale: Some(missing), ..draft },
                }
            }
            draft.changes.push(match step.is_dropped {
                true => {
                    let (source, object) = (run.task.source.clone(), object.guid);
                    Change::RemoveObject { source, object }
                }
                false => {
                    let was = step.link.map(|link| link.presence);
                    Change::PutLink { link: step.link_from_now_on(snapshot), was }
                }
            });
        }
        // Assets come before links, so that a link never points to what is not there.
        let mut changes = assets.into_changes();
        changes.append(&mut draft.changes);
        Draft { changes, ..draft }
    }
}

impl Draft {
    fn count(&mut self, step: &Step<'_>) {
        let counts = &mut self.counts;
        let told = &step.decided.told;
        match told.verdict {
            Verdict::Linked(_) | Verdict::Matched(_) => {
                counts.matched += 1;
                if step.is_settled() { counts.unchanged += 1 } else { counts.updated += 1 }
            }
            Verdict::Create(_) => {
                counts.created += 1;
                counts.beside += u64::from(told.is_beside_another());
            }
            Verdict::Ambiguous => counts.ambiguous += 1,
            Verdict::Skipped => counts.skipped += 1,
        }
        if step.link.is_some_and(|link| !link.presence.is_present()) && !step.is_dropped {
            counts.restored += 1;
        }
    }
}

/// One computer, what was decided on it, and what the store knew.
struct Step<'a> {
    object: &'a Outline,
    decided: Decided<'a>,
    link: Option<&'a Link>,
    /// What it takes the place of, and the assets that show that.
    predecessors: Vec<(ObjectGuid, Option<AssetId>)>,
    /// Whether the store knows of it as a computer that waits, and why.
    is_told: bool,
    /// Whether it waited and is left out by now: nothing is left to be decided.
    is_dropped: bool,
}

impl<'a> Step<'a> {
    fn new(object: &'a Outline, decided: Decided<'a>, matching: &'a Matching) -> Self {
        let shown = |gone| matching.links.get(&gone).and_then(|link| link.asset);
        let predecessors = decided.rules.succeeds().iter().map(|gone| (*gone, shown(*gone)));
        let waiting = matching.waiting(object.guid);
        Self {
            object,
            decided,
            link: matching.links.get(&object.guid),
            predecessors: predecessors.collect(),
            is_dropped: matching.drops(&decided),
            is_told: waiting.is_some_and(|it| it.decision == why_it_waits(decided.rules)),
        }
    }

    /// Whether there is nothing to write.
    fn is_settled(&self) -> bool {
        let Some(spot) = self.decided.spot else {
            // It is for the next complete read to say what becomes of it.
            let waits_for_read = self.decided.rules.reason == Reason::AwaitsCompleteRead;
            let is_as_known = self.link.is_none_or(|link| link.presence.is_present());
            return waits_for_read || is_as_known && !self.is_dropped;
        };
        let is_known = spot.shown.is_some() || self.is_told;
        self.link.is_some_and(|link| {
            is_known
                && (link.asset, link.by_rules()) == (spot.shown, spot.home)
                && link.digest == self.object.digest
                && link.presence.is_present()
        })
    }

    /// What it does to assets, unless it is left out.
    fn update<'s>(
        &'s self,
        object: &'s DirectoryObject,
        run: &'s Run<'_>,
        matching: &'s Matching,
    ) -> Option<ComputerUpdate<'s>> {
        let Spot { home, shown } = self.decided.spot?;
        let site = run.task.site_of(object.attributes.values(AD_SITE));
        let is_new = matches!(self.decided.rules.verdict, Verdict::Create(_));
        Some(ComputerUpdate {
            object,
            domain: &matching.domain,
            decision: self.decided.rules,
            goes: Destination {
                home,
                shown,
                home_site: if is_new { Some(site) } else { matching.site(home) },
                shown_site: matching.site(Home::of(shown)),
                organization: &run.task.organization,
                site,
            },
            link: self.link,
            waiting: matching.waiting(self.object.guid),
            predecessors: &self.predecessors,
        })
    }

    fn link_from_now_on(&self, snapshot: &Snapshot) -> Link {
        let seen = snapshot.coverage.sighting(ObjectKind::Computer, self.object);
        let shown = self.decided.spot.and_then(|spot| spot.shown);
        let home = self.decided.spot.and_then(|spot| spot.home.away_from(shown));
        let link = links::of(ObjectKind::Computer, self.object, self.object.digest, seen);
        Link { asset: shown, home, ..link }
    }
}
