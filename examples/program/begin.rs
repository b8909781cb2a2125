//! How a run begins: what the directory is called, whether it has what the task names, and, where that cannot be found
//! out, a record of it.

use std::net::IpAddr;

use ldap_inventory::asset::{AssetRepository, Batch, RunOutcome, RunRecord};
use ldap_inventory::credential::Credential;
use ldap_inventory::directory::{ServerIdentity, Transport, Verification};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::sync::SyncReport;
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::{BatchId, RunId, SourceId, Timestamp};
use ldap_inventory::{Error, Result};

use super::exit::{Failure, Status};
use super::task::{TaskOptions, credential_id};
use super::trust;

/// A directory, and what to do with it.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) directory: LdapSource,
    pub(crate) task: SyncTask,
}

/// Begins a run. Where it cannot begin, that is noted among the runs of the inventory, unless that is only looked into.
pub(crate) async fn begin(
    name: &str,
    options: &TaskOptions,
    credential: Credential,
    inventory: &dyn AssetRepository,
    is_noted: bool,
) -> Result<Begun, Failure> {
    let mut directory = options.directory(credential);
    // What a run begins with may send the password as well, and asks the server which directory it is: whoever answers in its
    // place may name one of which no earlier run is known. So it goes by the server's name.
    if !options.accept_weaker_transport {
        directory = directory.with_least_protection(earlier_protection(options, inventory).await?);
    }
    let begun = Timestamp::now();
    match known(&directory, options).await {
        Ok(domain) => Ok(Begun { directory, task: options.task(name, &domain)? }),
        Err(failure) => {
            if is_noted {
                note(name, options, inventory, begun, &failure).await;
            }
            Err(trust::advised(failure, options).await)
        }
    }
}

/// What the directory is called, once it has what the task names.
async fn known(directory: &LdapSource, options: &TaskOptions) -> Result<String, Failure> {
    let domain = domain(directory, options).await?;
    let named = [("--include-ou", &options.include_ou), ("--exclude-ou", &options.exclude_ou)];
    for (option, ous) in named {
        for ou in ous {
            if !directory.has_entry(&credential_id()?, &options.organization, ou).await? {
                let sentence =
                    format!("{option} {ou}: the directory shows no such entry; correct the DN");
                return Err(Failure::new(Status::Refused, sentence));
            }
        }
    }
    Ok(domain)
}

/// What the directory is called, whichever of its servers is asked: the DNS name of its domain.
async fn domain(directory: &LdapSource, options: &TaskOptions) -> Result<String, Failure> {
    if let Some(domain) = named_domain(options) {
        return Ok(domain);
    }
    let server = directory.identify(&credential_id()?, &options.organization).await?;
    let root = server.default_naming_context.as_ref().and_then(|root| root.domain());
    Ok(server.domain.or(root).unwrap_or_else(|| options.directory_name()))
}

/// What the directory is called, where that needs no server.
fn named_domain(options: &TaskOptions) -> Option<String> {
    if let Some(domain) = options.domain() {
        return Some(domain.to_owned());
    }
    let mut domains = options.base_dn.iter().map(DistinguishedName::domain);
    let domain = domains.next()??;
    domains.all(|other| other.as_ref() == Some(&domain)).then_some(domain)
}

/// Notes a run that could not begin. It is not worth an error of its own.
async fn note(
    name: &str,
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
    started: Timestamp,
    failure: &Failure,
) {
    let noted = async {
        let times = (started, Timestamp::now());
        let mut record = RunRecord::new(RunId::random_v7(), name, times, RunOutcome::Failed);
        record.error = Some(failure.cause().map_or_else(|| failure.to_string(), Error::report));
        let source = likely_source(options, inventory).await?;
        let batch = Batch::new(BatchId::random_v7(), options.organization.clone(), source);
        inventory.commit(batch.closing(None, record)).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(error = %error.report(), "the run that could not begin is not on record");
    }
}

/// How the directory was protected the last time, or, where it is not certain which one it is, the best of all.
async fn earlier_protection(
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
) -> Result<Option<(Transport, Verification)>> {
    let organization = &options.organization;
    if let Some(source) = known_source(options, inventory).await? {
        return SyncReport::last_protection(inventory, organization, &source).await;
    }
    let mut best: Option<(Transport, Verification)> = None;
    for source in inventory.sources(organization).await? {
        if source.kind() != "ldap" {
            continue;
        }
        let last = SyncReport::last_protection(inventory, organization, &source).await?;
        best = match (best, last) {
            (Some(best), Some(last)) => Some(stronger(best, last)),
            (best, last) => best.or(last),
        };
    }
    Ok(best)
}

/// The better of either. LDAPS and StartTLS are equal in that, and so are authorities and pins.
fn stronger(
    one: (Transport, Verification),
    other: (Transport, Verification),
) -> (Transport, Verification) {
    let transport = if one.0 == Transport::Ldap { other.0 } else { one.0 };
    (transport, if one.1 == Verification::Nothing { other.1 } else { one.1 })
}

/// The directory that would have been read, or one that is called after the server.
async fn likely_source(options: &TaskOptions, inventory: &dyn AssetRepository) -> Result<SourceId> {
    match known_source(options, inventory).await? {
        Some(source) => Ok(source),
        None => SourceId::new("ldap", options.directory_name()),
    }
}

/// The directory that is named, or that these servers alone belonged to, or the only one that was ever read.
async fn known_source(
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
) -> Result<Option<SourceId>> {
    let named = named_domain(options).and_then(|name| SourceId::new("ldap", name).ok());
    let (mut read, mut met) = (Vec::new(), Vec::new());
    for source in inventory.sources(&options.organization).await? {
        if source.kind() != "ldap" {
            continue;
        }
        if named.as_ref() == Some(&source) {
            return Ok(Some(source));
        }
        match has_met(options, inventory, &source).await? {
            Some(true) => met.push(source),
            Some(false) => read.push(source),
            None => {}
        }
    }
    let mut likely = if met.is_empty() { read } else { met };
    Ok(likely.pop().filter(|_| likely.is_empty()))
}

/// Whether a run of this source reached one of the servers, however many could not since; `None` if none reached any.
async fn has_met(
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
    source: &SourceId,
) -> Result<Option<bool>> {
    let mut met = None;
    for limit in [4, 100, usize::MAX] {
        let runs = inventory.runs(&options.organization, source, limit).await?;
        let reports = runs.iter().filter_map(|run| run.report.as_deref());
        for Reached { server } in reports.filter_map(|it| serde_json::from_str(it).ok()) {
            met = Some(options.url.iter().any(|url| is_at(&server, &url.host())));
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

/// What is asked of the report of an earlier run.
#[derive(serde::Deserialize)]
struct Reached {
    server: ServerIdentity,
}

/// Whether a URL with this host means this server.
fn is_at(server: &ServerIdentity, host: &str) -> bool {
    let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
    if let Ok(address) = address.parse::<IpAddr>() {
        return address.to_canonical() == server.address.ip().to_canonical();
    }
    let Some(name) = server.dns_host_name.as_deref() else { return false };
    let label = name.split('.').next().unwrap_or(name);
    let meant = if host.contains('.') { name.trim_end_matches('.') } else { label };
    meant.eq_ignore_ascii_case(host)
}
