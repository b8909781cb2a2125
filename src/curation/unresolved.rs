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

/// A computer of a directory of which a person must say which asset it is: several fit it equally well, or its tie to one
/// is doubtful.
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
    /// The computers of a directory that wait for a person, and those whose tie is doubtful, in order of their
    /// objectGUIDs.
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
        let mut unresolved = Self {
            source: source.clone(),
            object,
            name: None,
            reason: None,
            candidates: Vec::new(),
        };
        let Some(Waiting { record, decision, told, .. }) = waiting else { return unresolved };
        unresolved.name = record.live_names().next().map(ToString::to_string);
        // What a later version wrote is passed over: the computer is listed all the same.
        let decision =
            told.or(decision).and_then(|text| serde_json::from_str::<Decision>(&text).ok());
        if let Some(decision) = decision {
            unresolved.name = Some(decision.name);
            unresolved.reason = Some(decision.reason.to_string());
            unresolved.candidates = decision.candidates;
        }
        unresolved
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
