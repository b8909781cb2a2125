//! Importing what a scanner found.

mod fields;
mod identity;
mod name;
mod placing;
mod plan;
mod record;
mod scan;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

pub use self::record::{Field, LeftOut, ScannedAsset};
pub use self::scan::Scan;

use self::identity::{Line, OwnRecord};
use self::plan::{Plan, Step, plan};
use self::write::{ImportContext, Written};
use super::Curation;
use crate::asset::{Asset, Batch, Change, CommitOutcome, SearchRequest};
use crate::grouping::{self, Decisions, Scene};
use crate::merge::{Candidate, Level, Standing, by_home};
use crate::name::{Hostname, MatchKey};
use crate::query::{Query, quote};
use crate::value::{AssetId, BatchId, RunId, SiteId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// How many assets are read and written at once.
const AT_ONCE: usize = 500;
/// How many keys are looked up at once.
const KEYS_AT_ONCE: usize = 500;
/// How often all is planned again in a row because somebody else changed the same assets.
const CONFLICTS: u32 = 10;

/// How to import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The site that new assets are placed in whose record names none.
    pub site: SiteId,
    /// Whether the scan has everything that the source knows. What it does not have is missing then, and what it said
    /// is dated out. Off unless set.
    pub complete: bool,
    /// Refuses a scan of which something is left out, before anything is written. Off unless set.
    pub strict: bool,
}

/// What an import did. Every line of the file is one of `created`, `joined`, `updated`, `unchanged`, `outdated`, or left
/// out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Records that are new assets.
    pub created: usize,
    /// Records that are known by the source, and that say something new.
    pub updated: usize,
    /// Records that are known, and say nothing new.
    pub unchanged: usize,
    /// Records that are new to the source, and that belong to assets which others know already.
    pub joined: usize,
    /// Records of which the source has said something that was seen later. They change nothing.
    pub outdated: usize,
    /// Records that a complete scan does not have any more.
    pub ended: Vec<EndedRecord>,
    /// Why nothing of what a complete scan does not have was ended, if so.
    pub not_ended: Option<String>,
    /// Records that are new assets because it cannot be told which ones of those that are there they belong to.
    pub ambiguous: Vec<AmbiguousRecord>,
    /// What was left out, in order of the lines.
    pub left_out: Vec<LeftOut>,
}

/// A record that a complete scan does not have any more.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EndedRecord {
    /// The asset that it is part of.
    pub asset: AssetId,
    /// What it was called.
    pub name: Option<Hostname>,
}

/// A record that could be several assets, or one that another line could be as well, so that it is a new one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AmbiguousRecord {
    /// The line of the file.
    pub line: usize,
    /// What it is called.
    pub name: Option<Hostname>,
    /// The new asset.
    pub asset: AssetId,
    /// How good the evidence is; `None` if the names are exactly those of records which the source has.
    pub level: Option<Level>,
    /// The assets that it could be. A person may [merge](Curation::merge) it with one of them.
    pub candidates: Vec<AssetId>,
}

impl ImportOptions {
    /// Places new assets in this site.
    pub fn new(site: SiteId) -> Self {
        Self { site, complete: false, strict: false }
    }

    /// Sets whether the scan has everything that the source knows.
    #[must_use]
    pub fn with_complete(mut self, complete: bool) -> Self {
        self.complete = complete;
        self
    }

    /// Sets whether a scan is refused of which something is left out.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

impl Curation<'_> {
    /// Writes what a scanner found into the inventory. The same scan again writes nothing, and the order of its lines
    /// means nothing.
    ///
    /// Which asset a record is:
    ///
    /// 1. Its id decides among the records that the source has. Another name is a new name of the same record.
    /// 2. Without an id, or with a new one, it is the record of exactly the same names; of several the one that shares
    ///    an address, or is of the same site. What could still be several records is left out, since lines of that
    ///    sort need an id; a line with a new id is a new asset then. Names that any host could have, such as
    ///    `localhost`, need the address as well.
    /// 3. Otherwise the [rules for computers](crate::merge::plan()) look for it among all assets of the organization.
    ///    Exactly one on the best level takes it, with what any source knows of it, unless it has a record of the
    ///    source that another line is, or that has another id. An asset whose record of the source has a name of it
    ///    goes before others.
    /// 4. What fits none is a new asset. So is what fits several equally well, and what fits an asset no better than
    ///    another line does: nothing is guessed, and they are [named](Imported::ambiguous).
    ///
    /// Two records of one scan never become one.
    ///
    /// What a record says is a part of its asset beside those of other sources. A name, address, domain or operating
    /// system that it does not say any more is kept and dated. Records that the scan does not have stay as they are,
    /// unless it is [complete](ImportOptions::complete): then they are missing, and what they claim is dated. Nothing
    /// is ended if the scan is empty, or if there are lines of which nobody can say which record they are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a [strict](ImportOptions::strict) import of which something would be left out;
    /// nothing is written then. What the store reports. [`ErrorKind::Conflict`] if others keep changing the same
    /// assets. Batches of records that were written before stay, and the same import again writes the rest.
    pub async fn import(
        &self,
        source: &SourceId,
        scan: &Scan,
        options: &ImportOptions,
    ) -> Result<Imported> {
        let import = Import { curation: self, source, scan, options, run: RunId::random_v7() };
        import.run().await.map_err(|error| error.in_operation("import"))
    }
}

/// One import.
struct Import<'a> {
    curation: &'a Curation<'a>,
    source: &'a SourceId,
    scan: &'a Scan,
    options: &'a ImportOptions,
    /// By which the reasons of what it ties together are known.
    run: RunId,
}

/// What was written so far, by place of the record in the scan.
#[derive(Default)]
struct Progress {
    outcomes: BTreeMap<usize, Outcome>,
    imported: Imported,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Created,
    Joined,
    Updated,
    Unchanged,
    Outdated,
}

impl Import<'_> {
    async fn run(&self) -> Result<Imported> {
        if self.options.strict {
            self.scan.check()?;
        }
        let site = &self.options.site;
        let lines: Vec<Line<'_>> =
            self.scan.records().iter().map(|record| Line::new(record, site)).collect();
        let mut progress = Progress::default();
        let mut conflicts = 0;
        loop {
            let plan = self.plan(&lines).await?;
            if self.options.strict {
                scan::check(&plan.left_out)?;
            }
            let before = progress.outcomes.len();
            let is_done = self.carry_out(&plan, &lines, &mut progress).await?;
            if is_done && self.settle().await? {
                return Ok(progress.finish(self.scan, plan));
            }
            conflicts = if progress.outcomes.len() > before { 1 } else { conflicts + 1 };
            if conflicts > CONFLICTS {
                let message = "somebody else keeps changing the same assets; what was written before stays, import \
                               again later";
                return Err(Error::new(ErrorKind::Conflict, message).with_retry(Retry::Exhausted));
            }
        }
    }

    async fn plan(&self, lines: &[Line<'_>]) -> Result<Plan> {
        let own = self.own_records().await?;
        let mut plan = plan(lines, &own, self.curation.policy.scope);
        if !plan.open().is_empty() {
            let open = plan.open().iter().filter_map(|line| lines.get(*line));
            let keys = open.flat_map(|line| line.traits.keys()).collect();
            let standing = self.standing().await?;
            let candidates = self.candidates(keys, &standing).await?;
            plan.place(lines, &own, &candidates, &standing, &self.curation.policy);
        }
        if self.options.complete {
            plan.end(&own, lines.is_empty(), self.scan.unread());
        }
        Ok(plan)
    }

    /// Every record that the inventory has of the source, wherever merges took it.
    async fn own_records(&self) -> Result<Vec<OwnRecord>> {
        let query = Query::parse(&format!("source:={}", quote(self.source.as_str())))?;
        let organization = self.curation.organization.clone();
        let request = SearchRequest::new(organization, query, Timestamp::now()).with_limit(AT_ONCE);
        let (mut own, mut after) = (Vec::new(), None);
        loop {
            let page = self.curation.repository.search_assets(request.clone().after(after)).await?;
            for asset in &page.records {
                let parts = asset.parts.iter().filter(|part| part.source == *self.source);
                own.extend(parts.map(|part| OwnRecord::of(asset, part)));
            }
            after = page.next;
            if after.is_none() {
                return Ok(own);
            }
        }
    }

    /// What people decided, as it stands.
    async fn standing(&self) -> Result<Standing> {
        let Curation { repository, organization, .. } = self.curation;
        Ok(Decisions::load(*repository, organization).await?.standing())
    }

    /// Writes what has to be so that the inventory shows what people decided, with all that is imported; `false` if an
    /// asset changed meanwhile.
    async fn settle(&self) -> Result<bool> {
        let Curation { repository, organization, policy } = self.curation;
        let standing = self.standing().await?;
        let settled = grouping::settle(*repository, organization, &standing, [], policy).await?;
        self.commit(grouping::changes(*repository, organization, settled).await?).await
    }

    /// Every asset that has one of these keys, as the rules alone have it.
    async fn candidates(
        &self,
        keys: BTreeSet<MatchKey>,
        standing: &Standing,
    ) -> Result<Vec<Candidate>> {
        let keys: Vec<MatchKey> = keys.into_iter().collect();
        let Curation { repository, organization, policy } = self.curation;
        let scene = Scene::load(*repository, organization, standing.named()).await?;
        let touched = by_home(&scene.assets, &scene.waiting, policy);
        let mut found: HashMap<AssetId, Candidate> =
            touched.iter().map(|asset| (asset.id, Candidate::of(asset))).collect();
        let is_taken_apart: BTreeSet<AssetId> = scene.assets.iter().map(|asset| asset.id).collect();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let organization = &self.curation.organization;
            let assets = self.curation.repository.candidates(organization, keys).await?;
            let assets = assets.iter().filter(|asset| !is_taken_apart.contains(&asset.id));
            found.extend(assets.map(|asset| (asset.id, Candidate::of(asset))));
        }
        Ok(found.into_values().collect())
    }

    /// Writes a plan, batch by batch; `false` if an asset is not any more what it was planned on.
    async fn carry_out(
        &self,
        plan: &Plan,
        lines: &[Line<'_>],
        progress: &mut Progress,
    ) -> Result<bool> {
        let steps: Vec<(AssetId, &[Step])> = plan.steps().collect();
        for steps in steps.chunks(AT_ONCE) {
            let ids: Vec<AssetId> = steps.iter().map(|(id, _)| *id).collect();
            let organization = &self.curation.organization;
            let assets = self.curation.repository.assets(organization, &ids).await?;
            let mut assets: HashMap<AssetId, Asset> =
                assets.into_iter().map(|asset| (asset.id, asset)).collect();
            let (mut changes, mut done) = (Vec::new(), Vec::new());
            for (id, steps) in steps {
                let Some(change) = self.change(assets.remove(id), steps, lines, &mut done) else {
                    return Ok(false);
                };
                changes.extend(change);
            }
            if !self.commit(changes).await? {
                return Ok(false);
            }
            done.into_iter().for_each(|(step, outcome)| progress.note(step, outcome, lines));
        }
        Ok(true)
    }

    /// The change that steps make to an asset, if they make one; `None` if it is not what they were planned on.
    fn change<'s>(
        &self,
        before: Option<Asset>,
        steps: &'s [Step],
        lines: &[Line<'_>],
        done: &mut Vec<(&'s Step, Outcome)>,
    ) -> Option<Option<Change>> {
        let writing = ImportContext {
            source: self.source,
            now: Timestamp::now(),
            run: self.run,
            policy: &self.curation.policy,
        };
        let mut asset = before.clone();
        for step in steps {
            let outcome = step.take(&mut asset, lines, &writing, &self.curation.organization)?;
            done.push((step, outcome));
        }
        if asset == before {
            return Some(None);
        }
        let mut asset = asset?;
        let expected = before.map(|before| before.version);
        asset.version = expected.map_or(1, |version| version.saturating_add(1));
        Some(Some(Change::PutAsset { expected, asset: Box::new(asset) }))
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<bool> {
        if changes.is_empty() {
            return Ok(true);
        }
        let organization = self.curation.organization.clone();
        let batch = Batch::new(BatchId::random_v7(), organization, self.source.clone());
        let committed = self.curation.send(&batch.with_changes(changes)).await?;
        Ok(!matches!(committed, CommitOutcome::Conflict(_)))
    }
}

impl Progress {
    /// Notes what a step did, if it is the first to say so: what was written before a conflict is found unchanged after
    /// it.
    fn note(&mut self, step: &Step, outcome: Outcome, lines: &[Line<'_>]) {
        match step {
            Step::End { ended, .. } => self.imported.ended.push(ended.clone()),
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
        imported
    }
}

impl From<Written> for Outcome {
    fn from(written: Written) -> Self {
        match written {
            Written::Changed => Self::Updated,
            Written::Unchanged => Self::Unchanged,
            Written::Outdated => Self::Outdated,
        }
    }
}
