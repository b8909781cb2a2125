//! Whether a directory is the domain that its source was read from before.
//!
//! A source is known by a name, and two directories may claim one: a laboratory's copy of a domain's name, or a domain that was
//! built anew. Where both tell their SID, they are told apart by it; where one does not, nothing is concluded.

use serde::Deserialize;

use super::protection::LATEST;
use super::run::Run;
use crate::asset::{RunOutcome, RunRecord};
use crate::directory::ServerIdentity;
use crate::value::Sid;
use crate::{Error, ErrorKind, Printable, Result};

/// Refuses a directory that is another domain than the one that the source's last complete run read, unless that is accepted.
pub(super) async fn check(run: &Run<'_>, server: &ServerIdentity) -> Result<()> {
    if run.options.accepts_other_domain {
        return Ok(());
    }
    let Some(own) = Domain::of(server) else { return Ok(()) };
    match last(run).await? {
        Some(earlier) if earlier.sid != own.sid => Err(refused(run, &own, &earlier)),
        _ => Ok(()),
    }
}

/// A domain that tells its SID.
#[derive(Debug)]
struct Domain {
    sid: Sid,
    name: String,
}

impl Domain {
    fn of(server: &ServerIdentity) -> Option<Self> {
        let name = server.domain.as_deref().unwrap_or("a domain without a name");
        Some(Self { sid: server.domain_sid.clone()?, name: name.to_owned() })
    }

    /// The domain that a run read, if it was complete and its report tells.
    fn of_run(run: &RunRecord) -> Option<Self> {
        #[derive(Deserialize)]
        struct Report {
            server: ServerIdentity,
        }
        let report = run.report.as_deref().filter(|_| run.outcome == RunOutcome::Complete)?;
        Self::of(&serde_json::from_str::<Report>(report).ok()?.server)
    }
}

/// The domain that the source was last read from to the end.
async fn last(run: &Run<'_>) -> Result<Option<Domain>> {
    let (organization, source) = (&run.task.organization, &run.task.source);
    for limit in LATEST {
        let runs = run.repository.runs(organization, source, limit).await?;
        let found = runs.iter().find_map(Domain::of_run);
        if found.is_some() || runs.len() < limit {
            return Ok(found);
        }
    }
    Ok(None)
}

fn refused(run: &Run<'_>, own: &Domain, earlier: &Domain) -> Error {
    let message = "the directory is another domain than the one that its source was read from before: read it as a \
                   source of its own, under another name, or, if the domain was built anew and takes the place of the \
                   earlier one, set accepts_other_domain (--accept-other-domain) for one run";
    let shown = |domain: &Domain| format!("{}, {}", Printable(&domain.name), domain.sid);
    Error::new(ErrorKind::OtherDomain, message)
        .with_context("source", &run.task.source)
        .with_context("the directory", shown(own))
        .with_context("before", shown(earlier))
        .in_operation("sync")
}
