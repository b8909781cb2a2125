//! Computers that wait for a person.

use std::collections::HashMap;
use std::fmt;

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::Curation;
use crate::Result;
use crate::asset::ConstraintKind;
use crate::error::Printable;
use crate::merge::{Considered, Decision};
use crate::value::{ObjectGuid, ObjectKind, SourceId};

/// How many of the latest runs are looked through for why a computer waits. A run that reads only changes
/// does not look at it again, and full reads come more often than this.
const RUNS: usize = 50;

/// A computer of a directory that several assets fit equally well, so that a person must say which it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Unresolved {
    /// The directory.
    pub source: SourceId,
    /// The computer.
    pub object: ObjectGuid,
    /// What a person would call it, as far as the latest runs tell.
    pub name: Option<String>,
    /// Why it waits, as a sentence.
    pub reason: Option<String>,
    /// The assets it could be, the best first. One of them is named to [`Curation::link`] to settle it;
    /// [`Curation::separate`] rules one out.
    pub candidates: Vec<Considered>,
}

impl Curation<'_> {
    /// The computers of a directory that wait for a person, in order of their objectGUIDs. One that a person
    /// has decided on, and no run has read since, is not among them.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn unresolved(&self, source: &SourceId) -> Result<Vec<Unresolved>> {
        let constraints = self.repository.constraints(&self.organization).await?;
        let is_decided = |object| {
            constraints.iter().any(|c| {
                c.kind == ConstraintKind::MustLink && c.object == object && c.source == *source
            })
        };
        let mut waiting = Vec::new();
        let mut links = self.repository.links(&self.organization, source).await?;
        while let Some(link) = links.try_next().await? {
            let waits = link.kind == ObjectKind::Computer && link.asset.is_none();
            if waits && link.presence.is_present() && !is_decided(link.object) {
                waiting.push(link.object);
            }
        }
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        waiting.sort_unstable();
        let mut reasons = self.reasons(source).await?;
        let told = waiting.into_iter().map(|object| {
            let decision = reasons.remove(&object);
            let (name, reason, candidates) = match decision {
                Some(d) => (Some(d.name), Some(d.reason.to_string()), d.candidates),
                None => (None, None, Vec::new()),
            };
            Unresolved { source: source.clone(), object, name, reason, candidates }
        });
        Ok(told.collect())
    }

    /// The latest decision on every computer that a recent run left waiting.
    async fn reasons(&self, source: &SourceId) -> Result<HashMap<ObjectGuid, Decision>> {
        #[derive(Deserialize)]
        struct Report {
            #[serde(default)]
            decisions: Option<Vec<Decision>>,
        }
        let mut reasons = HashMap::new();
        for run in self.repository.runs(&self.organization, source, RUNS).await? {
            // A report that a later version wrote is passed over: the computers are listed all the same.
            let report = run.report.as_deref().map(serde_json::from_str::<Report>);
            let Some(Ok(report)) = report else { continue };
            for decision in report.decisions.into_iter().flatten() {
                reasons.entry(decision.object).or_insert(decision);
            }
        }
        Ok(reasons)
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
