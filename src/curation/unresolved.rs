//! Computers that wait for a person.

use std::collections::BTreeMap;
use std::fmt;

use futures::TryStreamExt;
use serde::Serialize;

use super::Curation;
use crate::Result;
use crate::asset::{LinksRequest, Waiting};
use crate::error::Printable;
use crate::grouping::{self, Decisions, Doubt};
use crate::merge::{Considered, Decision, Record};
use crate::value::{ObjectGuid, ObjectKind, SourceId};

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
    /// Why it waits, as a sentence.
    pub reason: Option<String>,
    /// The assets it could be, the best first. One of them is named to [`Curation::link`] to settle it;
    /// [`Curation::separate`] rules one out.
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
        let doubts = grouping::doubts(
            self.repository,
            &self.organization,
            source,
            &waiting,
            &standing,
            &self.policy,
        );
        let doubts = doubts.await?;
        let undecided = grouping::undecided_computers(
            self.repository,
            &self.organization,
            source,
            &waiting,
            &standing,
            &self.policy,
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
            let doubtful = self.doubtful(source, object, &doubt).await?;
            unresolved.entry(object).or_insert(doubtful);
        }
        Ok(unresolved.into_values().collect())
    }
}

impl Curation<'_> {
    /// A computer that is tied to an asset by a bare short name alone.
    async fn doubtful(
        &self,
        source: &SourceId,
        object: ObjectGuid,
        doubt: &Doubt,
    ) -> Result<Unresolved> {
        let asset = self.repository.assets(&self.organization, &[doubt.asset]).await?.pop();
        let record = asset.as_ref().and_then(|asset| Record::in_asset(asset, source, object));
        let name = record.and_then(|record| record.said().live_names().next().cloned());
        let reason = format!(
            "its tie to asset {} is doubtful: a bare short name is all that speaks for it, and {} fits as well",
            doubt.asset, doubt.by
        );
        Ok(Unresolved {
            source: source.clone(),
            object,
            name: name.map(|name| name.to_string()),
            reason: Some(reason),
            candidates: Vec::new(),
        })
    }
}

impl Unresolved {
    fn of(source: &SourceId, object: ObjectGuid, waiting: Option<Waiting>) -> Self {
        let told = waiting.as_ref().and_then(|waiting| {
            // What a later version wrote is passed over: the computer is listed all the same.
            let told = waiting.told.as_ref().or(waiting.decision.as_ref())?;
            serde_json::from_str(told).ok()
        });
        if let Some(decision) = told {
            return Self { object, ..Self::decided(source, decision) };
        }
        let name =
            waiting.and_then(|waiting| Some(waiting.record.live_names().next()?.to_string()));
        Self { source: source.clone(), object, name, reason: None, candidates: Vec::new() }
    }

    fn decided(source: &SourceId, decision: Decision) -> Self {
        Self {
            source: source.clone(),
            object: decision.object,
            name: Some(decision.name),
            reason: Some(decision.reason.to_string()),
            candidates: decision.candidates,
        }
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
