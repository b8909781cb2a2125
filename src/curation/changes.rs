//! What changed since a moment, by name.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::changed_field::{ANNOTATIONS, ChangedField};
use super::{Action, Curation, Entry};
use crate::Result;
use crate::asset::{Asset, Presence, RunRecord, SourceRecord};
use crate::grouping::Decisions;
use crate::merge::{ExplainedValue, Explanation, MovedRecord};
use crate::value::{AssetId, ObjectGuid, ObjectKind, SourceId, Timestamp};

/// How many runs are asked for at first.
const RUNS: usize = 32;

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NotedChange {
    /// When it was noted.
    pub at: Timestamp,
    /// What it was.
    pub change: Occasion,
    /// The asset that it is about, where it is about one.
    pub asset: Option<AssetId>,
    /// The directory's object that is missing or gone.
    pub object: Option<ObjectGuid>,
    /// What a person calls the asset, or an object without one. An asset has its FQDN here, where one is known.
    pub name: String,
    /// Which values are others now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<ChangedField>,
    /// Why, or who decided what, as a sentence.
    pub reason: Option<String>,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Occasion {
    /// The asset is new.
    Created,
    /// A record of another source became part of an asset that was there.
    Matched,
    /// Values are others.
    Updated,
    /// A complete read did not show the object.
    Missing,
    /// It was missing for longer than the grace period.
    Gone,
    /// A person made one asset of several.
    Merged,
    /// A person decided something else, or took something back.
    Decided,
}

/// What is read of a run's report, which a later version may have written.
#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    lost: Vec<Lost>,
}

#[derive(Deserialize)]
struct Lost {
    kind: ObjectKind,
    object: ObjectGuid,
    name: String,
    #[serde(default)]
    asset: Option<AssetId>,
    presence: Presence,
}

impl Curation<'_> {
    /// What changed from a moment on, oldest first, as far as it is kept. What a run changed is dated by its beginning; of a
    /// run that was under way at the moment everything is told. Told are assets that are new, matched or updated by the
    /// claims that they have today, what went missing or is gone by the reports of the runs, and what people did: of the
    /// asset that they named, and of those that a record came to or went from by it. A value that changed twice is told with
    /// what it was before the last time. Of users and groups only those are told that are missing or gone: what they were
    /// before is not kept. A search by `whenCreatedTS` or `whenChangedTS` finds those that their directory made or changed.
    ///
    /// Reads the inventory page by page.
    ///
    /// ```
    /// use ldap_inventory::curation::{Curation, ImportOptions, Occasion, Scan};
    /// use ldap_inventory::store::MemoryRepository;
    /// use ldap_inventory::value::{OrganizationId, SourceId, Timestamp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// let repository = MemoryRepository::new();
    /// let curation = Curation::new(&repository, OrganizationId::new("acme")?);
    /// let begin = Timestamp::now();
    /// let scan = Scan::parse(br#"{"names":["web1"]}"#, begin);
    /// let options = ImportOptions::new("hq".parse()?);
    /// curation.import(&SourceId::new("scan", "hq")?, &scan, &options).await?;
    ///
    /// let changes = curation.changes(begin).await?;
    /// assert_eq!(changes.len(), 1);
    /// assert_eq!((changes[0].change, changes[0].name.as_str()), (Occasion::Created, "web1"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn changes(&self, since: Timestamp) -> Result<Vec<NotedChange>> {
        let mut done = self.history().await?;
        done.retain(|entry| entry.at >= since);
        let mut runs = Vec::new();
        for source in self.repository.sources(&self.organization).await? {
            runs.extend(self.runs_since(&source, since).await?);
        }
        let window = Window { since, runs: runs.iter().map(|run| run.started).collect() };
        let mut lost: Vec<NotedChange> = runs.iter().flat_map(losses).collect();
        let moved = self.moved_by_people(&done, since).await?;
        let named = done.iter().map(|entry| entry.action.asset());
        let named = named.chain(lost.iter().filter_map(|change| change.asset));
        let named = named.chain(moved.keys().copied());
        let named: BTreeSet<AssetId> = named.collect();
        let (mut changes, mut names) = (Vec::new(), BTreeMap::new());
        self.each_asset(|asset| {
            changes.extend(of_asset(asset, &window));
            if named.contains(&asset.id) {
                names.insert(asset.id, called(asset));
            }
        })
        .await?;
        // What is lost is called as it was when it came.
        for change in &mut lost {
            if let Some(name) = change.asset.and_then(|asset| names.get(&asset)) {
                change.name.clone_from(name);
            }
        }
        changes.append(&mut lost);
        changes.extend(done.iter().map(|entry| of_person(entry, &names)));
        changes.extend(moved.into_iter().filter_map(|(asset, entry)| {
            let name = names.get(&asset)?.clone();
            Some(NotedChange { asset: Some(asset), name, ..of_person(entry, &names) })
        }));
        changes.sort_by(|one, other| {
            (one.at, one.change, &one.name).cmp(&(other.at, other.change, &other.name))
        });
        Ok(changes)
    }

    /// The assets that records came to or went from by what people did since a moment, with what they did last that moved
    /// one, those apart that it names itself. Where records are depends on nothing but their homes and the decisions that
    /// stand: so whatever the decisions of that moment would move today has been moved since.
    async fn moved_by_people<'e>(
        &self,
        done: &'e [Entry],
        since: Timestamp,
    ) -> Result<BTreeMap<AssetId, &'e Entry>> {
        let mut moved = BTreeMap::new();
        if !done.iter().any(|entry| entry.action.moves_records()) {
            return Ok(moved);
        }
        let decisions = Decisions::load(self.repository, &self.organization).await?;
        let (today, then) = (decisions.standing(), decisions.as_of(since).standing());
        let settled = self.settled(&then, today.named()).await?;
        for record in &settled.moves().records {
            let Some(entry) = cause(done, record) else { continue };
            let sides = [record.from, record.to].into_iter().flatten();
            moved.extend(sides.map(|asset| (asset, entry)));
        }
        let named: BTreeSet<AssetId> = done.iter().map(|entry| entry.action.asset()).collect();
        moved.retain(|asset, _| !named.contains(asset));
        Ok(moved)
    }

    /// The runs that ended after a moment, whenever they began.
    async fn runs_since(&self, source: &SourceId, since: Timestamp) -> Result<Vec<RunRecord>> {
        let mut limit = RUNS;
        loop {
            let mut runs = self.repository.runs(&self.organization, source, limit).await?;
            let is_all = runs.len() < limit || runs.iter().any(|run| run.finished < since);
            if is_all {
                runs.retain(|run| run.finished >= since);
                return Ok(runs);
            }
            limit = limit.saturating_mul(4);
        }
    }
}

/// Which moments are asked for.
struct Window {
    since: Timestamp,
    /// When the runs began that ended since: what they wrote is dated so.
    runs: BTreeSet<Timestamp>,
}

impl Window {
    fn has(&self, at: Timestamp) -> bool {
        at >= self.since || self.runs.contains(&at)
    }
}

impl NotedChange {
    fn new(at: Timestamp, change: Occasion, asset: Option<AssetId>, name: String) -> Self {
        let (object, fields, reason) = (None, Vec::new(), None);
        Self { at, change, asset, object, name, fields, reason }
    }
}

/// What people did last that is about a record; of what moved along with others, what they did last that moved any.
fn cause<'e>(done: &'e [Entry], moved: &MovedRecord) -> Option<&'e Entry> {
    let mut moving = done.iter().rev().filter(|entry| entry.action.moves_records());
    let about = moving.clone().find(|entry| entry.action.is_about(moved));
    about.or_else(|| moving.next())
}

/// What a person did.
fn of_person(entry: &Entry, names: &BTreeMap<AssetId, String>) -> NotedChange {
    let change = match entry.action {
        Action::Merged { .. } => Occasion::Merged,
        _ => Occasion::Decided,
    };
    let asset = entry.action.asset();
    let name = match &entry.action {
        Action::Annotated { name, .. } | Action::Deleted { name, .. } => name.clone(),
        _ => names.get(&asset).cloned().unwrap_or_else(|| asset.to_string()),
    };
    let reason = Some(entry.to_string());
    NotedChange { reason, ..NotedChange::new(entry.at, change, Some(asset), name) }
}

/// What a person calls an asset: by its FQDN, where one is known.
fn called(asset: &Asset) -> String {
    if let Some(name) = asset.live_names().find(|name| name.domain().is_some()) {
        return name.to_unicode().into_owned();
    }
    match asset.label() {
        label if label.is_empty() => asset.id.to_string(),
        label => label.into_owned(),
    }
}

/// What is new of an asset.
fn of_asset(asset: &Asset, window: &Window) -> Vec<NotedChange> {
    let came = |part: &SourceRecord| part.since.filter(|begin| window.has(*begin));
    let moved = |part: &SourceRecord| Some(part.tie.as_ref()?.at).filter(|at| window.has(*at));
    let is_told = |part: &SourceRecord| window.has(part.written) || moved(part).is_some();
    if !asset.parts.iter().any(is_told) {
        return Vec::new();
    }
    // What the rules moved is new here as well.
    let arrived =
        asset.parts.iter().filter_map(|part| Some((came(part).or_else(|| moved(part))?, part)));
    let arrived: Vec<(Timestamp, &SourceRecord)> = arrived.collect();
    let name = called(asset);
    let note = |at, change| NotedChange::new(at, change, Some(asset.id), name.clone());
    let mut noted = Vec::new();
    if arrived.len() == asset.parts.len() {
        let first = arrived.iter().map(|(at, _)| *at).min();
        noted.extend(first.map(|at| note(at, Occasion::Created)));
    } else {
        noted.extend(arrived.iter().map(|(at, part)| {
            let reason = part.tie.as_ref().map(|tie| tie.reason.clone());
            NotedChange { reason, ..note(*at, Occasion::Matched) }
        }));
    }
    let new: BTreeSet<u32> =
        asset.parts.iter().filter(|part| came(part).is_some()).map(|part| part.number).collect();
    let values = Explanation::of(asset, &[], &[]).values;
    // What people said is told with what else they did.
    let is_told =
        |value: &ExplainedValue| !new.contains(&value.part) && !ANNOTATIONS.contains(&value.field);
    let known: Vec<ExplainedValue> = values.into_iter().filter(is_told).collect();
    let mut moments = BTreeSet::new();
    moments.extend(known.iter().map(|value| value.since).filter(|at| window.has(*at)));
    moments.extend(known.iter().filter_map(|value| value.until).filter(|at| window.has(*at)));
    noted.extend(moments.into_iter().filter_map(|at| {
        let fields = changed_fields(&known, at);
        (!fields.is_empty()).then(|| NotedChange { fields, ..note(at, Occasion::Updated) })
    }));
    noted
}

/// Which values changed at a moment.
fn changed_fields(values: &[ExplainedValue], at: Timestamp) -> Vec<ChangedField> {
    let begun = values.iter().filter(|value| value.since == at && value.until.is_none());
    let ended = values.iter().filter(|value| value.until == Some(at));
    let is_replaced = |value: &ExplainedValue| {
        let mut others = values.iter().filter(|other| other.since == at);
        others.any(|other| {
            let is_its = other.field == value.field && other.part == value.part;
            is_its && other.replaced.as_ref() == Some(&value.value)
        })
    };
    let mut fields: Vec<ChangedField> = begun
        .filter(|value| value.replaced.as_ref() != Some(&value.value))
        .map(|value| ChangedField {
            field: value.field,
            from: value.replaced.clone(),
            to: Some(value.value.clone()),
        })
        .collect();
    fields.extend(ended.filter(|value| !is_replaced(value)).map(|value| ChangedField {
        field: value.field,
        from: Some(value.value.clone()),
        to: None,
    }));
    fields
}

/// What a run found to be missing or gone.
fn losses(run: &RunRecord) -> Vec<NotedChange> {
    let told: Option<Told> = run
        .report
        .as_deref()
        .filter(|_| run.outcome.has_written())
        .and_then(|report| serde_json::from_str(report).ok());
    let losses = told.unwrap_or_default().lost.into_iter().map(|lost| {
        let change = match lost.presence {
            Presence::Gone { .. } => Occasion::Gone,
            _ => Occasion::Missing,
        };
        let reason = Some(format!("the directory has no such {} any more", lost.kind));
        let noted = NotedChange::new(run.started, change, lost.asset, lost.name);
        NotedChange { object: Some(lost.object), reason, ..noted }
    });
    losses.collect()
}
