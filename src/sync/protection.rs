//! How runs were protected before, so that a later one stops that would be protected less.

use std::collections::HashSet;
use std::net::IpAddr;

use serde::Deserialize;

use super::report::SyncReport;
use crate::Result;
use crate::asset::{AssetRepository, RunOutcome, RunRecord};
use crate::credential::ServerUrl;
use crate::directory::{ConnectStep, ServerIdentity, Transport, Verification};
use crate::task::SyncTask;
use crate::value::{RecordDigest, SourceId};

/// By which transport, and who vouched for the server.
type Protection = (Transport, Verification);

/// How many of the latest runs are looked at, until one tells: nearly always the first do. In the end it is all of them,
/// however many failed since, for failing is easily brought about.
pub(super) const LATEST: [usize; 3] = [4, 100, usize::MAX];

impl SyncReport {
    /// How the last complete run of a task whose report can be read reached its directory: by which transport, and who
    /// vouched for the server. A run of the task that would be protected less stops, unless it is told to
    /// [accept that](crate::sync::SyncOptions::accepts_weaker_transport); it asks for this by itself.
    ///
    /// A task is known by its name and by [what it reads](SyncTask::checkpoint_key): several may read one directory, each by
    /// a way of its own. One without such a run is held to the best that the last runs of the other tasks had.
    ///
    /// `servers` is for whoever asks a server anything before a run, be it what the directory is called, and gives this to
    /// `LdapSource::with_least_protection`. If no run of the task's source tells, whatever it is called, it is one of those
    /// that [these servers may belong to](Self::likely_sources), and held to the best of them: whoever answers in a
    /// server's place may name a directory of which nothing is known. Without servers the source's own runs decide.
    ///
    /// # Errors
    ///
    /// Those of [`AssetRepository::runs`] and [`AssetRepository::sources`].
    pub async fn last_protection(
        repository: &dyn AssetRepository,
        task: &SyncTask,
        servers: &[ServerUrl],
    ) -> Result<Option<(Transport, Verification)>> {
        let own = last_of(repository, task, &task.source).await?;
        if own.is_some() || servers.is_empty() {
            return Ok(own);
        }
        let mut best = None;
        for source in Self::likely_sources(repository, task, servers).await? {
            let last = last_of(repository, task, &source).await?;
            best = best.into_iter().chain(last).reduce(stronger);
        }
        Ok(best)
    }

    /// The sources of the task's organization, of the kind of its own, that these servers may belong to: those of which a run
    /// reached one of them, by its name or its address, or else all of which a run reached any.
    ///
    /// For a host that is told of servers alone, and has something to do before one of them can say which directory it is.
    ///
    /// # Errors
    ///
    /// Those of [`AssetRepository::runs`] and [`AssetRepository::sources`].
    pub async fn likely_sources(
        repository: &dyn AssetRepository,
        task: &SyncTask,
        servers: &[ServerUrl],
    ) -> Result<Vec<SourceId>> {
        let hosts: Vec<String> = servers.iter().map(ServerUrl::host).collect();
        let (mut met, mut others) = (Vec::new(), Vec::new());
        for source in repository.sources(&task.organization).await? {
            if source.kind() != task.source.kind() {
                continue;
            }
            match has_met(repository, task, &source, &hosts).await? {
                Some(true) => met.push(source),
                Some(false) => others.push(source),
                None => {}
            }
        }
        Ok(if met.is_empty() { others } else { met })
    }
}

/// How a task was protected by its last complete run of a source; without one, the best that the last of any task had.
async fn last_of(
    repository: &dyn AssetRepository,
    task: &SyncTask,
    source: &SourceId,
) -> Result<Option<Protection>> {
    let key = task.checkpoint_key();
    for limit in LATEST {
        let runs = repository.runs(&task.organization, source, limit).await?;
        let own = runs.iter().filter(|run| is_of(run, task, key)).find_map(protection);
        if own.is_some() {
            return Ok(own);
        }
        if runs.len() < limit {
            return Ok(best_of_tasks(&runs));
        }
    }
    Ok(None)
}

/// Whether a run was one of this task. Those of earlier versions are known by the name of the task alone.
fn is_of(run: &RunRecord, task: &SyncTask, key: RecordDigest) -> bool {
    let is_same = |kept: RecordDigest| kept == key || kept == RecordDigest::default();
    run.task == task.name && run.checkpoint.as_ref().is_none_or(|left| is_same(left.key))
}

/// The best that the last complete runs of all tasks had, one of each task. The newest run comes first.
fn best_of_tasks(runs: &[RunRecord]) -> Option<Protection> {
    let mut tasks = HashSet::new();
    let told = runs.iter().filter_map(|run| Some((run, protection(run)?)));
    let last = told
        .filter(|(run, _)| tasks.insert((&run.task, run.checkpoint.as_ref().map(|left| left.key))));
    last.map(|(_, protection)| protection).reduce(stronger)
}

/// How a run was protected, if it was complete, reached a server and its report can be read, whatever else is in it.
fn protection(run: &RunRecord) -> Option<Protection> {
    #[derive(Deserialize)]
    struct Report {
        transport: Transport,
        verified_by: Verification,
        server: Option<ServerIdentity>,
    }
    let report = run.report.as_deref().filter(|_| run.outcome == RunOutcome::Complete)?;
    let Report { transport, verified_by, server } = serde_json::from_str(report).ok()?;
    server.is_none_or(|server| server.is_reached()).then_some((transport, verified_by))
}

/// The better of either. LDAPS and StartTLS are equal in that, and so are authorities and pins.
fn stronger(one: Protection, other: Protection) -> Protection {
    let transport = if one.0 == Transport::Ldap { other.0 } else { one.0 };
    (transport, if one.1 == Verification::Nothing { other.1 } else { one.1 })
}

/// Whether a run of a source reached one of these hosts, however many could not since; `None` if none reached any.
async fn has_met(
    repository: &dyn AssetRepository,
    task: &SyncTask,
    source: &SourceId,
    hosts: &[String],
) -> Result<Option<bool>> {
    let mut met = None;
    for limit in LATEST {
        let runs = repository.runs(&task.organization, source, limit).await?;
        let reports = runs.iter().filter_map(|run| run.report.as_deref());
        for reached in reports.filter_map(|it| serde_json::from_str::<Reached>(it).ok()) {
            met = Some(hosts.iter().any(|host| reached.is_at(host)));
            if met == Some(true) {
                return Ok(met);
            }
        }
        if runs.len() < limit {
            break;
        }
    }
    Ok(met)
}

/// Whom a run reached, as its report has it.
#[derive(Deserialize)]
struct Reached {
    server: ServerIdentity,
    #[serde(default)]
    connect_steps: Vec<ConnectStep>,
}

impl Reached {
    /// Whether a URL with this host means the server: by the name that was connected to, which may be an alias, by its
    /// own, whole or its first label, by its domain's, or by its address.
    fn is_at(&self, host: &str) -> bool {
        let connected = self.connect_steps.iter().filter(|step| step.failure.is_none());
        let mut names = connected.filter_map(|step| step.host.as_deref());
        if names.any(|name| name.eq_ignore_ascii_case(host)) {
            return true;
        }
        let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
        if let Ok(address) = address.parse::<IpAddr>() {
            return address.to_canonical() == self.server.address.ip().to_canonical();
        }
        if self.server.domain.as_deref().is_some_and(|domain| domain.eq_ignore_ascii_case(host)) {
            return true;
        }
        let Some(name) = self.server.dns_host_name.as_deref() else { return false };
        let label = name.split('.').next().unwrap_or(name);
        let own = if host.contains('.') { name.trim_end_matches('.') } else { label };
        own.eq_ignore_ascii_case(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_names_without_case_and_by_its_address_in_every_form() {
        let reached = |address: &str, name: Option<&str>, connected: &str| {
            let mut server = ServerIdentity::at(address.parse().unwrap());
            server.dns_host_name = name.map(str::to_owned);
            let step = |host: &str, failure: Option<&str>| {
                let (host, failure) = (Some(host.to_owned()), failure.map(str::to_owned));
                ConnectStep { transport: Transport::Ldaps, host, address: None, failure }
            };
            let connect_steps =
                vec![step("dead.corp.example", Some("refused")), step(connected, None)];
            Reached { server, connect_steps }
        };
        let host = |url: &str| ServerUrl::parse(url).unwrap().host();
        let by_name = reached("10.0.0.5:636", Some("DC1.Corp.Example."), "ldap.corp.example");
        for url in [
            "dc1",
            "ldaps://DC1.corp.example.:636",
            "ldap.corp.example",
            "LDAP.Corp.Example",
            "10.0.0.5",
            "ldap://[::ffff:10.0.0.5]:389",
        ] {
            assert!(by_name.is_at(&host(url)), "{url}");
        }
        for url in [
            "dc2",
            "dc1.corp",
            "dc1.other.example",
            "corp.example",
            "ldap",
            "dead.corp.example",
            "10.0.0.6",
            "::5",
        ] {
            assert!(!by_name.is_at(&host(url)), "{url}");
        }
        let by_address = reached("[fe80::1%3]:636", None, "fe80::1");
        assert!(by_address.is_at(&host("ldap://[fe80::1%eth0]")) && by_address.is_at("FE80:0::1"));
        assert!(!by_address.is_at("dc1"));
    }
}
