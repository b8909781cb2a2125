//! One import from the plan to the last batch, again as long as others change the same assets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::TryStreamExt;

use super::identity::{Line, OwnRecord};
use super::options::ImportOptions;
use super::plan::{Plan, Step, plan};
use super::renamed::{self, Departure};
use super::report::{AmbiguousRecord, Imported};
use super::scan::{self, Scan};
use super::write::{ImportContext, Outcome};
use crate::asset::{
    Asset, Batch, Change, CommitOutcome, LeaseHolder, MatchProvenance, SearchRequest, Version,
    found_assets,
};
use crate::curation::Curation;
use crate::curation::contributing::is_contributed;
use crate::grouping::{self, Decisions, Scene};
use crate::merge::{Candidate, Standing, by_home};
use crate::name::MatchKey;
use crate::query::Query;
use crate::value::{AssetId, BatchId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// How many assets are written at once.
const AT_ONCE: usize = 500;
/// How many keys are looked up at once.
const KEYS_AT_ONCE: usize = 500;
/// How long the lease of the source is granted at a time: as that of a sync.
const LEASE_TIME: Duration = Duration::from_secs(300);
/// How often all is planned again in a row because somebody else changed the same assets.
const CONFLICTS: u32 = 10;

/// One import.
pub(super) struct Import<'a> {
    curation: &'a Curation<'a>,
    source: &'a SourceId,
    scan: &'a Scan,
    options: &'a ImportOptions,
    /// By which the reasons of what it ties together are known.
    run: RunId,
    /// The token of the lease under which it writes.
    lease: u64,
}

/// What was written so far, by place of the record in the scan.
#[derive(Default)]
struct Progress {
    outcomes: BTreeMap<usize, Outcome>,
    imported: Imported,
}

/// What steps do to an asset: its change, if they make one, and what became of their lines.
type Taken<'s> = (Option<Change>, Vec<(&'s Step, Outcome)>);

impl<'a> Import<'a> {
    pub(super) fn new(
        curation: &'a Curation<'a>,
        source: &'a SourceId,
        scan: &'a Scan,
        options: &'a ImportOptions,
    ) -> Self {
        Self { curation, source, scan, options, run: RunId::random_v7(), lease: 0 }
    }

    /// Plans and writes under the lease of the source: two imports at once would both find nothing, and create all twice.
    pub(super) async fn run(self) -> Result<Imported> {
        if self.options.strict {
            self.scan.check()?;
        }
        let Curation { repository, ref organization, .. } = *self.curation;
        let (source, run) = (self.source, self.run);
        let holder = LeaseHolder { repository, organization, source, run, time: LEASE_TIME };
        let work = |token| async move { Self { lease: token, ..self }.write().await };
        holder.hold(work, async |error, _token| error).await
    }

    /// Plans and writes until nobody else has changed the same assets meanwhile.
    async fn write(&self) -> Result<Imported> {
        let site = &self.options.site;
        let lines: Vec<Line<'_>> =
            self.scan.records().iter().map(|record| Line::new(record, site)).collect();
        let mut progress = Progress::default();
        let mut conflicts = 0;
        loop {
            let own = self.own_records().await?;
            let plan = self.plan(&lines, &own).await?;
            if self.options.strict {
                scan::check(&plan.left_out)?;
            }
            let departures = self.departures(&lines, &own).await?;
            if !departures.is_empty() && self.carry_over(&departures).await? {
                conflicts = 0;
                continue;
            }
            let before = progress.outcomes.len();
            let is_done =
                departures.is_empty() && self.carry_out(&plan, &lines, &mut progress).await?;
            let is_new = progress.outcomes.len() > before;
            // Under other names a record may be one that the directory calls otherwise: that is looked at again.
            if is_done && is_new && plan.is_renaming {
                continue;
            }
            if is_done && self.settle().await? {
                return Ok(progress.finish(self.scan, plan));
            }
            conflicts = if is_new { 1 } else { conflicts + 1 };
            if conflicts > CONFLICTS {
                let message = "somebody else keeps changing the same assets; what was written before stays, import \
                               again later";
                return Err(Error::new(ErrorKind::Conflict, message).with_retry(Retry::Exhausted));
            }
        }
    }

    async fn plan(&self, lines: &[Line<'_>], own: &[OwnRecord]) -> Result<Plan> {
        let mut plan = plan(lines, own, self.curation.policy.within_site);
        plan.note_versions(own.iter().map(|own| (own.asset, own.version)));
        if !plan.open().is_empty() {
            let open = plan.open().iter().filter_map(|line| lines.get(*line));
            let keys = open.flat_map(|line| line.traits.keys()).collect();
            let standing = self.standing().await?;
            let (candidates, versions) = self.candidates(keys, &standing, Candidate::of).await?;
            plan.note_versions(versions);
            let directories = self.curation.known_directories().await?;
            plan.place(lines, own, &candidates, &standing, &directories);
        }
        if self.options.complete {
            plan.end(own, lines.is_empty(), self.scan.unread());
        }
        Ok(plan)
    }

    /// The records that go to computers which have got their names, as many as are written at once.
    async fn departures(&self, lines: &[Line<'_>], own: &[OwnRecord]) -> Result<Vec<Departure>> {
        let outdated = renamed::outdated(lines, own);
        if outdated.is_empty() {
            return Ok(Vec::new());
        }
        let standing = self.standing().await?;
        let keys = outdated.iter().flat_map(|outdated| outdated.keys()).collect();
        let (assets, _) = self.candidates(keys, &standing, Asset::clone).await?;
        let directories = self.curation.known_directories().await?;
        let mut departures = renamed::departures(&outdated, own, &assets, &standing, &directories);
        let ids: Vec<AssetId> = departures.iter().map(|departure| departure.to).collect();
        let present = self.assets(&ids).await?;
        departures.retain(|departure| present.contains_key(&departure.to));
        departures.truncate(AT_ONCE);
        Ok(departures)
    }

    /// Takes records to where they go; `false` if an asset changed meanwhile.
    async fn carry_over(&self, departures: &[Departure]) -> Result<bool> {
        let ids = departures.iter().flat_map(|departure| [departure.from.0, departure.to]);
        let ids: BTreeSet<AssetId> = ids.collect();
        let assets = self.assets(&ids.into_iter().collect::<Vec<_>>()).await?;
        let assets: Vec<Asset> = assets.into_values().collect();
        let now = Timestamp::now();
        let tie = |reason| MatchProvenance { reason, run: self.run, at: now };
        let changed = renamed::carry_over(&assets, departures, tie, &self.curation.policy);
        let changes = changed.into_iter().filter_map(|asset| {
            let was = assets.iter().find(|was| was.id == asset.id)?;
            Some(Change::update(was, asset))
        });
        self.commit(changes.collect()).await
    }

    async fn assets(&self, ids: &[AssetId]) -> Result<BTreeMap<AssetId, Asset>> {
        let Curation { repository, organization, .. } = self.curation;
        let assets = repository.assets(organization, ids).await?;
        Ok(assets.into_iter().map(|asset| (asset.id, asset)).collect())
    }

    /// Every record that scans of the source have in the inventory, wherever merges took it.
    async fn own_records(&self) -> Result<Vec<OwnRecord>> {
        let query = Query::parse(&format!("source:={}", Query::quote(self.source.as_str())))?;
        let organization = self.curation.organization.clone();
        let request = SearchRequest::new(organization, query, Timestamp::now());
        let mut assets = found_assets(self.curation.repository, request);
        let mut own = Vec::new();
        while let Some(asset) = assets.try_next().await? {
            let parts = asset.parts.iter().filter(|part| part.source == *self.source);
            let parts = parts.filter(|part| !is_contributed(&asset, part));
            own.extend(parts.map(|part| OwnRecord::of(&asset, part)));
        }
        Ok(own)
    }

    /// What people decided, as it stands.
    async fn standing(&self) -> Result<Standing> {
        let Curation { repository, organization, .. } = self.curation;
        Ok(Decisions::load(*repository, organization).await?.standing())
    }

    /// Writes what has to be so that the inventory shows what people decided, with all that is imported; `false` if an
    /// asset changed meanwhile, or somebody decided something.
    async fn settle(&self) -> Result<bool> {
        let Curation { repository, organization, .. } = self.curation;
        let standing = self.standing().await?;
        let settled = self.curation.settled(&standing, []).await?;
        let changes = grouping::changes(*repository, organization, settled).await?;
        Ok(Decisions::still_stand(*repository, organization, &standing).await?
            && self.commit(changes).await?)
    }

    /// Of every asset that has one of these keys, as the rules alone have it, what is asked for; and the versions of those
    /// that were looked at for it.
    async fn candidates<T>(
        &self,
        keys: BTreeSet<MatchKey>,
        standing: &Standing,
        of: impl Fn(&Asset) -> T,
    ) -> Result<(Vec<T>, BTreeMap<AssetId, Version>)> {
        let keys: Vec<MatchKey> = keys.into_iter().collect();
        let Curation { repository, organization, policy, .. } = self.curation;
        let scene = Scene::load(*repository, organization, standing, []).await?;
        let touched = by_home(&scene.assets, &scene.waiting, policy);
        let mut found: HashMap<AssetId, T> =
            touched.iter().map(|asset| (asset.id, of(asset))).collect();
        let version = |asset: &Asset| (asset.id, asset.version);
        let taken_apart: BTreeMap<AssetId, Version> = scene.assets.iter().map(version).collect();
        let mut versions = taken_apart.clone();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let organization = &self.curation.organization;
            let assets = self.curation.repository.candidates(organization, keys).await?;
            for asset in assets.iter().filter(|asset| !taken_apart.contains_key(&asset.id)) {
                found.insert(asset.id, of(asset));
                versions.insert(asset.id, asset.version);
            }
        }
        Ok((found.into_values().collect(), versions))
    }

    /// Writes a plan, batch by batch; `false` if an asset is not any more what it was planned on. The others are written
    /// all the same.
    async fn carry_out(
        &self,
        plan: &Plan,
        lines: &[Line<'_>],
        progress: &mut Progress,
    ) -> Result<bool> {
        let steps: Vec<(AssetId, &[Step])> = plan.steps().collect();
        let mut is_whole = true;
        for steps in steps.chunks(AT_ONCE) {
            let ids: Vec<AssetId> = steps.iter().map(|(id, _)| *id).collect();
            let mut assets = self.assets(&ids).await?;
            let gone = self.gone(&ids, &assets).await?;
            let (mut changes, mut done) = (Vec::new(), Vec::new());
            for (id, steps) in steps {
                let before = assets.remove(id);
                let former = before.as_ref().map(|asset| asset.version);
                let change = match plan.is_made_on(*id, former) {
                    true => self.change(before, gone.get(id).copied(), steps, lines),
                    false => None,
                };
                let Some((change, outcomes)) = change else {
                    is_whole = false;
                    continue;
                };
                changes.extend(change);
                done.extend(outcomes);
            }
            if !self.commit(changes).await? {
                return Ok(false);
            }
            done.into_iter().for_each(|(step, outcome)| progress.note(step, outcome, lines));
        }
        Ok(is_whole)
    }

    /// Of those of some assets that are not there the last versions, if they were there once.
    async fn gone(
        &self,
        ids: &[AssetId],
        present: &BTreeMap<AssetId, Asset>,
    ) -> Result<BTreeMap<AssetId, Version>> {
        let ids: Vec<AssetId> =
            ids.iter().filter(|id| !present.contains_key(id)).copied().collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let Curation { repository, organization, .. } = self.curation;
        let gone = repository.redirects(organization, &ids).await?;
        Ok(gone.into_iter().map(|gone| (gone.from, gone.version)).collect())
    }

    /// The change that steps make to an asset, if they make one, and what became of their lines; `None` if it is not what
    /// they were planned on. One that comes back goes on counting from the version that it had when it `went`.
    fn change<'s>(
        &self,
        before: Option<Asset>,
        went: Option<Version>,
        steps: &'s [Step],
        lines: &[Line<'_>],
    ) -> Option<Taken<'s>> {
        let writing = ImportContext {
            source: self.source,
            now: Timestamp::now(),
            run: self.run,
            policy: &self.curation.policy,
        };
        let (mut asset, mut done) = (before.clone(), Vec::new());
        for step in steps {
            let outcome = step.take(&mut asset, lines, &writing, &self.curation.organization)?;
            done.push((step, outcome));
        }
        if asset == before {
            return Some((None, done));
        }
        let mut asset = asset?;
        let change = match before {
            Some(before) => Change::update(&before, asset),
            None => {
                asset.version = went.unwrap_or_default().saturating_add(1);
                Change::create(asset)
            }
        };
        Some((Some(change), done))
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<bool> {
        if changes.is_empty() {
            return Ok(true);
        }
        let organization = self.curation.organization.clone();
        let batch = Batch::new(BatchId::random_v7(), organization, self.source.clone());
        let batch = batch.with_lease(self.lease).with_changes(changes);
        let committed = self.curation.send(&batch).await?;
        Ok(!matches!(committed, CommitOutcome::Conflict(_)))
    }
}

impl Progress {
    /// Notes what a step did, if it is the first to say so: what was written before a conflict is found unchanged after
    /// it.
    fn note(&mut self, step: &Step, outcome: Outcome, lines: &[Line<'_>]) {
        match step {
            Step::End { asset, name, .. } => self.imported.ended.push((*asset, name.clone())),
            Step::Create { line, ambiguous, .. } => {
                let record = lines.get(*line).map(|line| line.record);
                if let (Some(record), Some((level, candidates))) = (record, ambiguous) {
                    self.imported.ambiguous.push(AmbiguousRecord {
                        line: record.line,
                        name: record.names.first().cloned(),
                        asset: step.asset(),
                        level: *level,
                        candidates: candidates.clone(),
                    });
                }
                self.outcomes.entry(*line).or_insert(outcome);
            }
            Step::Join { line, .. } | Step::Update { line, .. } => {
                self.outcomes.entry(*line).or_insert(outcome);
            }
        }
    }

    fn finish(self, scan: &Scan, plan: Plan) -> Imported {
        let mut imported = self.imported;
        for outcome in self.outcomes.into_values() {
            *match outcome {
                Outcome::Created => &mut imported.created,
                Outcome::Joined => &mut imported.joined,
                Outcome::Updated => &mut imported.updated,
                Outcome::Unchanged => &mut imported.unchanged,
                Outcome::Outdated => &mut imported.outdated,
            } += 1;
        }
        imported.ambiguous.sort_by_key(|ambiguous| ambiguous.line);
        imported.left_out = scan.left_out().to_vec();
        imported.left_out.extend(plan.left_out);
        imported.left_out.sort_by_key(|left_out| left_out.line);
        imported.not_ended = plan.not_ended;
        let passed_over = scan.passed_over().map(|(field, lines)| (field.to_owned(), lines));
        imported.passed_over = passed_over.collect();
        imported
    }
}
