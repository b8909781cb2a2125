//! What people say of assets: who owns them, what they are filed under, how much depends on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::changed_field::{ANNOTATIONS, COMMENT, ChangedField, OWNER, TAG};
use super::contributing::bearer;
use super::{Author, Curation, conflict};
use crate::asset::{Asset, Batch, Change, Claim, Claims, CommitOutcome, RunOutcome, RunRecord};
use crate::error::Printable;
use crate::merge::ClaimWriter;
use crate::value::{AssetId, BatchId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// What the record of what people said is filed under.
const TASK: &str = "annotate";
/// How many assets are written at once.
const AT_ONCE: usize = 500;
/// How often all is looked at again because somebody else changed the same assets meanwhile.
const CONFLICTS: u32 = 10;

/// What changed of each asset.
type Annotated = BTreeMap<AssetId, Vec<ChangedField>>;

/// What a person said in one go, as it stays on record.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Annotation {
    pub(super) by: String,
    pub(super) why: String,
    pub(super) assets: Vec<AnnotatedAsset>,
}

/// What a person said of one asset.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct AnnotatedAsset {
    pub(super) asset: AssetId,
    pub(super) name: String,
    fields: Vec<SaidField>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct SaidField {
    field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// An asset of which something is new, and what that is.
struct Revised {
    was: Asset,
    /// As it shall be, but for its version.
    now: Asset,
    fields: Vec<ChangedField>,
}

impl Curation<'_> {
    /// Says of assets who owns them, what they are filed under, how much depends on them, and anything else. It stays
    /// whatever is read and imported later, and is found: `owner:jane`, `tag:pci`, `criticality:high`.
    ///
    /// What is said goes with one of the records of the asset, wherever decisions and rules take that: to the survivor of a
    /// merge, and back when the merge is undone. Of what was said of several that are one now all tags count, and of the
    /// rest what was said last; what is taken away is taken away from all of them. Who said it, when and why stays in the
    /// [history](Self::history).
    ///
    /// Returns by asset what is another than it was; one of which nothing is new is not written, and not named. Several
    /// hundred assets are one batch, and whole; batches that were written before an error stay.
    ///
    /// ```
    /// # use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change};
    /// use ldap_inventory::curation::{Author, ChangedField, Curation};
    /// # use ldap_inventory::store::MemoryRepository;
    /// # use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// # let (repository, organization) = (MemoryRepository::new(), OrganizationId::new("acme")?);
    /// # let id = AssetId::random_v7();
    /// # let asset = Asset::new(id, organization.clone(), "hq".parse()?);
    /// # let batch = Batch::new(BatchId::random_v7(), organization.clone(), SourceId::new("scan", "hq")?);
    /// # let _ = repository.commit(batch.with_changes([Change::create(asset)])).await?;
    /// let curation = Curation::new(&repository, organization);
    /// let anna = Author::new("anna").because("audit of 2026");
    /// let said = [ChangedField::owner("jane"), ChangedField::tag("pci")];
    /// let changed = curation.annotate(&[id], &said, &anna).await?;
    /// assert_eq!(changed[&id].len(), 2);
    ///
    /// let again = curation.annotate(&[id], &said, &anna).await?;
    /// assert!(again.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if an asset is not there; [`ErrorKind::Invalid`] for a field that is no person's, a tag
    /// without a word, a criticality that is none, and what is too long; [`ErrorKind::Conflict`] if others keep changing
    /// the same assets; what the store reports.
    pub async fn annotate(
        &self,
        assets: &[AssetId],
        said: &[ChangedField],
        author: &Author,
    ) -> Result<BTreeMap<AssetId, Vec<ChangedField>>> {
        said.iter().try_for_each(ChangedField::check)?;
        let mut annotated = Annotated::new();
        for ids in assets.chunks(AT_ONCE) {
            let written = self.annotate_together(ids, said, author).await;
            annotated.extend(written.map_err(|error| error.in_operation("annotate"))?);
        }
        Ok(annotated)
    }

    /// What [`annotate`](Self::annotate) would change. Nothing is written; the checks are the same.
    ///
    /// # Errors
    ///
    /// Those of [`annotate`](Self::annotate).
    pub async fn preview_annotations(
        &self,
        assets: &[AssetId],
        said: &[ChangedField],
    ) -> Result<BTreeMap<AssetId, Vec<ChangedField>>> {
        said.iter().try_for_each(ChangedField::check)?;
        let mut annotated = Annotated::new();
        for ids in assets.chunks(AT_ONCE) {
            let changed = self.annotated(ids, said, Timestamp::now()).await?;
            annotated.extend(changed.into_iter().map(|it| (it.now.id, it.fields)));
        }
        Ok(annotated)
    }

    /// Writes one batch, until nobody else changes the same assets at the same time.
    async fn annotate_together(
        &self,
        ids: &[AssetId],
        said: &[ChangedField],
        author: &Author,
    ) -> Result<Annotated> {
        for _ in 0..=CONFLICTS {
            let now = Timestamp::now();
            let changed = self.annotated(ids, said, now).await?;
            if changed.is_empty() {
                return Ok(Annotated::new());
            }
            let record = record(&changed, author, now)?;
            let annotated = changed.iter().map(|it| (it.now.id, it.fields.clone())).collect();
            let puts = changed.into_iter().map(|it| Change::update(&it.was, it.now));
            let people = SourceId::of_people();
            let batch = Batch::new(BatchId::random_v7(), self.organization.clone(), people);
            match self.send(&batch.with_changes(puts).closing(None, record)).await? {
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => return Ok(annotated),
                CommitOutcome::Conflict(_) => {}
            }
        }
        Err(conflict(ids).with_retry(Retry::Exhausted))
    }

    /// The assets of which something is new.
    async fn annotated(
        &self,
        ids: &[AssetId],
        said: &[ChangedField],
        now: Timestamp,
    ) -> Result<Vec<Revised>> {
        let found = self.resolve(ids).await?;
        let mut changed: BTreeMap<AssetId, Revised> = BTreeMap::new();
        for id in ids {
            let was = found.get(id).ok_or_else(|| self.no_such_asset(*id))?;
            if changed.contains_key(&was.id) {
                continue;
            }
            let meant = self.home_within(*id, was.id).await?;
            let (mut asset, part) = (was.clone(), bearer(was, meant));
            let fields = annotate(&mut asset, part, said, now);
            if !fields.is_empty() {
                changed.insert(was.id, Revised { was: was.clone(), now: asset, fields });
            }
        }
        Ok(changed.into_values().collect())
    }

    /// What people said of assets, and when, oldest first.
    pub(super) async fn annotations(&self) -> Result<Vec<(Timestamp, Annotation)>> {
        let source = SourceId::of_people();
        let runs = self.repository.runs(&self.organization, &source, usize::MAX).await?;
        let annotation = |run: RunRecord| {
            let report = run.report.filter(|_| run.task == TASK)?;
            Some((run.started, serde_json::from_str(&report).ok()?))
        };
        Ok(runs.into_iter().rev().filter_map(annotation).collect())
    }
}

impl AnnotatedAsset {
    /// What is another than it was.
    pub(super) fn fields(self) -> Vec<ChangedField> {
        let known = |said: SaidField| {
            let field = ANNOTATIONS.into_iter().find(|field| *field == said.field)?;
            Some(ChangedField { field, from: said.from, to: said.to })
        };
        self.fields.into_iter().filter_map(known).collect()
    }
}

/// Lets an asset say what people say, beside this part. Returns what is new.
fn annotate(
    asset: &mut Asset,
    part: u32,
    said: &[ChangedField],
    now: Timestamp,
) -> Vec<ChangedField> {
    let latest = asset.annotations().into_iter().flatten().map(|claim| claim.since).max();
    // What is said later holds, whatever the clocks of others said.
    let next = latest.and_then(|latest| latest.checked_add(std::time::Duration::from_micros(1)));
    let own = ClaimWriter { part, run: None, now: next.map_or(now, |next| next.max(now)) };
    said.iter().filter_map(|said| say(asset, own, said)).collect()
}

fn say(asset: &mut Asset, own: ClaimWriter, said: &ChangedField) -> Option<ChangedField> {
    let (field, to) = (said.field, said.to.clone());
    if field == TAG {
        return match to {
            Some(tag) if asset.live_tags().any(|known| *known == tag) => None,
            Some(tag) => {
                own.unite(&mut asset.tags, std::slice::from_ref(&tag), false);
                Some(ChangedField { field, from: None, to: Some(tag) })
            }
            None => {
                let from = said.from.clone().filter(|tag| asset.live_tags().any(|it| it == tag))?;
                end(&mut asset.tags, own.now, |tag| *tag == from);
                Some(ChangedField { field, from: Some(from), to: None })
            }
        };
    }
    let (from, claims) = match field {
        OWNER => (asset.owner().map(str::to_owned), &mut asset.owner),
        COMMENT => (asset.comment().map(str::to_owned), &mut asset.comment),
        _ => (asset.criticality().map(str::to_owned), &mut asset.criticality),
    };
    if from == to {
        return None;
    }
    match &to {
        Some(value) => set(claims, own, value),
        None => end(claims, own.now, |_| true),
    }
    Some(ChangedField { field, from, to })
}

/// Claims a value for a part, in the place of what was claimed for it before.
fn set(claims: &mut Claims<String>, own: ClaimWriter, value: &str) {
    let claim = Claim::new(value.to_owned(), own.part, None, own.now);
    match claims.iter_mut().find(|claim| claim.part == own.part) {
        Some(former) => {
            let replaced = Some(former.value.clone()).filter(|_| former.is_live());
            *former = Claim { replaced, ..claim };
        }
        None => claims.push(claim),
    }
}

/// Dates values out, whichever part they are claimed for.
fn end(claims: &mut Claims<String>, now: Timestamp, ends: impl Fn(&String) -> bool) {
    for claim in claims.iter_mut().filter(|claim| claim.is_live() && ends(&claim.value)) {
        claim.until = Some(now);
    }
}

/// The record of what a person said.
fn record(changed: &[Revised], author: &Author, now: Timestamp) -> Result<RunRecord> {
    let Author { by, why } = author.clone();
    let assets = changed.iter().map(|it| AnnotatedAsset {
        asset: it.now.id,
        name: Printable(&it.now.label()).to_string(),
        fields: it
            .fields
            .iter()
            .map(|ChangedField { field, from, to }| SaidField {
                field: (*field).to_owned(),
                from: from.clone(),
                to: to.clone(),
            })
            .collect(),
    });
    let annotation = Annotation { by, why, assets: assets.collect() };
    let report = serde_json::to_string(&annotation).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "what was said cannot be written as JSON").with_source(cause)
    })?;
    let done = RunRecord::new(RunId::random_v7(), TASK, (now, now), RunOutcome::Complete);
    Ok(RunRecord { report: Some(report), ..done })
}
