//! Computers that wait for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures::TryStreamExt;
use serde::Serialize;

use super::Curation;
use crate::Result;
use crate::asset::{Asset, LinksRequest, Waiting};
use crate::error::Printable;
use crate::grouping::{self, Decisions, Doubt};
use crate::merge::{Considered, Decision, Level, Record};
use crate::value::{AssetId, ObjectGuid, ObjectKind, SourceId, Timestamp};

/// How many candidates are looked up at once.
const ASSETS_PER_LOOKUP: usize = 500;

/// A computer of a directory of which a person must say which asset it is: several fit it equally well, or as well as
/// the one that it is, or its tie to one is doubtful.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Unresolved {
    /// The directory.
    pub source: SourceId,
    /// The computer.
    pub object: ObjectGuid,
    /// What a person would call it, as far as it is known.
    pub name: Option<String>,
    /// Its account, `sAMAccountName`.
    pub account: Option<String>,
    /// The domain it is in.
    pub domain: Option<String>,
    /// When its directory last noticed it.
    pub last_seen: Option<Timestamp>,
    /// Why it waits, as a sentence.
    pub reason: Option<String>,
    /// The assets it could be that are still there, the best first; of a doubtful tie the one that it is tied to. [`Curation::settle`] takes
    /// one of them by its place, [`Curation::link`] any other asset; [`Curation::separate`] rules one out.
    pub candidates: Vec<Considered>,
}

impl Curation<'_> {
    /// The computers of a directory that wait for a person, those of which several assets that came since could be the
    /// same thing, and those whose tie is doubtful, in order of their objectGUIDs.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn unresolved(&self, source: &SourceId) -> Result<Vec<Unresolved>> {
        let waiting = self.repository.waiting(&self.organization).await?;
        let standing = Decisions::load(self.repository, &self.organization).await?.standing();
        let directories = self.known_directories().await?;
        let doubts = grouping::doubts(
            self.repository,
            &self.organization,
            source,
            &waiting,
            &standing,
            &directories,
        );
        let doubts = doubts.await?;
        let undecided = grouping::undecided_computers(
            self.repository,
            &self.organization,
            source,
            &waiting,
            &standing,
            &directories,
        );
        let undecided = undecided.await?;
        let of_source = waiting.into_iter().filter(|waiting| waiting.source == *source);
        let mut told: BTreeMap<ObjectGuid, Waiting> =
            of_source.map(|waiting| (waiting.object, waiting)).collect();
        let mut unresolved = BTreeMap::new();
        let links = LinksRequest::new(self.organization.clone(), source.clone());
        let mut links = self.repository.links(links).await?;
        while let Some(link) = links.try_next().await? {
            let waits = link.kind == ObjectKind::Computer && link.asset.is_none();
            if waits && link.presence.is_present() {
                let waiting = told.remove(&link.object);
                unresolved.insert(link.object, Unresolved::of(source, link.object, waiting));
            }
        }
        for decision in undecided {
            let unresolved = unresolved.entry(decision.object);
            unresolved.or_insert_with(|| Unresolved::decided(source, decision));
        }
        for (object, doubt) in doubts {
            let doubtful = || Unresolved::doubtful(source, object, &doubt);
            unresolved.entry(object).or_insert_with(doubtful);
        }
        let mut unresolved: Vec<Unresolved> = unresolved.into_values().collect();
        for computer in unresolved.iter_mut().filter(|computer| computer.account.is_none()) {
            self.describe(computer).await?;
        }
        self.drop_deleted(&mut unresolved).await?;
        Ok(unresolved)
    }

    /// Takes candidates away that were deleted since.
    async fn drop_deleted(&self, unresolved: &mut [Unresolved]) -> Result<()> {
        let named = unresolved.iter().flat_map(|computer| &computer.candidates);
        let named: BTreeSet<AssetId> = named.map(|candidate| candidate.asset).collect();
        let named: Vec<AssetId> = named.into_iter().collect();
        let mut present = BTreeSet::new();
        for named in named.chunks(ASSETS_PER_LOOKUP) {
            present.extend(self.resolve(named).await?.into_keys());
        }
        for computer in unresolved {
            computer.candidates.retain(|candidate| present.contains(&candidate.asset));
        }
        Ok(())
    }

    /// Says what its directory says of a computer that is part of an asset.
    async fn describe(&self, computer: &mut Unresolved) -> Result<()> {
        let link = LinksRequest::new(self.organization.clone(), computer.source.clone());
        let mut links = self.repository.links(link.of_objects([computer.object])).await?;
        let Some(asset) = links.try_next().await?.and_then(|link| link.asset) else {
            return Ok(());
        };
        let asset = self.repository.assets(&self.organization, &[asset]).await?.pop();
        let record = asset.as_ref();
        let record = record.and_then(|it| Record::in_asset(it, &computer.source, computer.object));
        if let Some(record) = record {
            computer.said(record.said());
        }
        Ok(())
    }
}

impl Unresolved {
    fn of(source: &SourceId, object: ObjectGuid, waiting: Option<Waiting>) -> Self {
        let told = waiting.as_ref().and_then(|waiting| {
            // What a later version wrote is passed over: the computer is listed all the same.
            let told = waiting.told.as_ref().or(waiting.decision.as_ref())?;
            serde_json::from_str(told).ok()
        });
        let mut unresolved = match told {
            Some(decision) => Self { object, ..Self::decided(source, decision) },
            None => Self::unknown(source, object),
        };
        if let Some(waiting) = waiting {
            unresolved.said(&waiting.record);
        }
        unresolved
    }

    fn decided(source: &SourceId, decision: Decision) -> Self {
        Self {
            name: Some(decision.name.to_string()),
            reason: Some(decision.reason.to_string()),
            candidates: decision.candidates().to_vec(),
            ..Self::unknown(source, decision.object)
        }
    }

    /// A computer that is tied to an asset by a bare short name alone.
    fn doubtful(source: &SourceId, object: ObjectGuid, doubt: &Doubt) -> Self {
        let reason = format!(
            "its tie to asset {} is doubtful: a bare short name is all that speaks for it, and {} fits as well",
            doubt.asset, doubt.by
        );
        let tied = Considered { asset: doubt.asset, level: Some(Level::Short), lost_because: None };
        Self { reason: Some(reason), candidates: vec![tied], ..Self::unknown(source, object) }
    }

    fn unknown(source: &SourceId, object: ObjectGuid) -> Self {
        Self {
            source: source.clone(),
            object,
            name: None,
            account: None,
            domain: None,
            last_seen: None,
            reason: None,
            candidates: Vec::new(),
        }
    }

    /// Takes over what its directory says of it.
    fn said(&mut self, record: &Asset) {
        if self.name.is_none() {
            self.name = record.live_names().next().map(ToString::to_string);
        }
        let part = record.part_of(&self.source, self.object);
        let account = part.and_then(|part| part.attributes.first("sAMAccountName"));
        self.account = account.map(str::to_owned);
        self.domain = record.live_domains().next().map(str::to_owned);
        self.last_seen = record.last_seen();
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("a computer");
        let reason = self.reason.as_deref().unwrap_or("several assets fit it equally well");
        write!(f, "{} (object {} of {}): {reason}", Printable(name), self.object, self.source)?;
        for candidate in &self.candidates {
            match candidate.level {
                Some(level) => write!(f, "\n  asset {}, by {level}", candidate.asset)?,
                None => write!(f, "\n  asset {}, against which something speaks", candidate.asset)?,
            }
        }
        write!(f, "\n  to settle it: link ASSET {}", self.object)
    }
}
