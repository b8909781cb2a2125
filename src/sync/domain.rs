//! Whether a directory is the domain that its source was read from before.
//!
//! A source is known by a name, and two directories may claim one: a laboratory's copy of a domain's name, or a domain that was
//! built anew. Where both tell their SID, they are told apart by it; where one does not, nothing is concluded.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::protection::LATEST;
use super::run::Run;
use crate::asset::{RunOutcome, RunRecord};
use crate::directory::{ReadEnd, ReadScope, ServerIdentity};
use crate::value::{ObjectGuid, RecordDigest, Sid};
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

/// What an earlier read covered, in the words of this one: where this one is not told who the domain is, and its scope is
/// that of before but for that, it is the same.
pub(super) async fn earlier_scope(
    run: &Run<'_>,
    end: &ReadEnd,
    earlier: RecordDigest,
) -> Result<RecordDigest> {
    let server = &end.server;
    let Some(former) = end.scope.former.filter(|_| server.domain_sid.is_none()) else {
        return Ok(earlier);
    };
    if end.scope.has(earlier) {
        return Ok(earlier);
    }
    let Some(known) = last(run).await? else { return Ok(earlier) };
    let of = |guid| ReadScope::of_domain(former, (Some(&known.sid), guid));
    let is_same = [server.domain_guid.or(known.guid), None].map(of).contains(&earlier);
    Ok(if is_same { end.scope.fingerprint } else { earlier })
}

/// A domain that tells its SID.
#[derive(Debug)]
struct Domain {
    sid: Sid,
    guid: Option<ObjectGuid>,
    name: String,
}

impl Domain {
    fn of(server: &ServerIdentity) -> Option<Self> {
        let name = server.domain.as_deref().unwrap_or("a domain without a name");
        let sid = server.domain_sid.clone()?;
        Some(Self { sid, guid: server.domain_guid, name: name.to_owned() })
    }

    /// The domain that a run read, if it was complete and its report tells; `Some(None)` of a version that did not ask, as
    /// all before it.
    fn of_run(run: &RunRecord) -> Option<Option<Self>> {
        #[derive(Deserialize)]
        struct Report {
            server: Map<String, Value>,
        }
        let report = run.report.as_deref().filter(|_| run.outcome == RunOutcome::Complete)?;
        let Report { server } = serde_json::from_str(report).ok()?;
        if !server.contains_key("domain_sid") {
            return Some(None);
        }
        Self::of(&serde_json::from_value(Value::Object(server)).ok()?).map(Some)
    }
}

/// The domain that the source was last read from to the end.
async fn last(run: &Run<'_>) -> Result<Option<Domain>> {
    let (organization, source) = (&run.task.organization, &run.task.source);
    for limit in LATEST {
        let runs = run.repository.runs(organization, source, limit).await?;
        let found = runs.iter().find_map(Domain::of_run);
        if found.is_some() || runs.len() < limit {
            return Ok(found.flatten());
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{RunId, Timestamp};

    #[test]
    fn a_run_of_a_version_that_did_not_ask_ends_the_search_and_one_that_was_not_told_does_not() {
        let of = |server: Value, outcome: RunOutcome| {
            let now = Timestamp::now();
            let run = RunRecord::new(RunId::random_v7(), "corp", (now, now), outcome);
            let report = Some(json!({ "server": server }).to_string());
            let domain = Domain::of_run(&RunRecord { report, ..run });
            domain.map(|domain| domain.map(|domain| domain.sid.to_string()))
        };
        let mut server =
            serde_json::to_value(ServerIdentity::at(([192, 0, 2, 1], 636).into())).unwrap();
        assert_eq!(of(server.clone(), RunOutcome::Complete), None, "it was not told");
        let sid = "S-1-5-21-1-2-3";
        server["domain_sid"] = sid.into();
        let told = of(server.clone(), RunOutcome::Complete);
        assert_eq!(told, Some(Some(sid.to_owned())));
        assert_eq!(of(server.clone(), RunOutcome::Failed), None);
        server.as_object_mut().unwrap().remove("domain_sid");
        assert_eq!(of(server, RunOutcome::Complete), Some(None), "nobody asked");
    }
}
