//! How a run begins: what the directory is called, whether it has what the task names, and, where that cannot be found
//! out, a record of it.

use ldap_inventory::asset::{AssetRepository, Batch, RunOutcome, RunRecord};
use ldap_inventory::credential::Credential;
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
        let source = likely_source(options, inventory).await?;
        let earlier =
            SyncReport::last_protection(inventory, &options.organization, &source).await?;
        directory = directory.with_least_protection(earlier);
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
    if let Some(domain) = options.domain() {
        return Ok(domain.to_owned());
    }
    let mut domains = options.base_dn.iter().map(DistinguishedName::domain);
    if let Some(Some(domain)) = domains.next()
        && domains.all(|other| other.as_ref() == Some(&domain))
    {
        return Ok(domain);
    }
    let server = directory.identify(&credential_id()?, &options.organization).await?;
    let root = server.default_naming_context.as_ref().and_then(|root| root.domain());
    Ok(server.domain.or(root).unwrap_or_else(|| options.directory_name()))
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

/// The directory that would have been read: the one that this server belonged to the last time, or the only one that was
/// ever read, or one that is called after the server.
async fn likely_source(options: &TaskOptions, inventory: &dyn AssetRepository) -> Result<SourceId> {
    let name = options.directory_name();
    let mut read = Vec::new();
    for source in inventory.sources(&options.organization).await? {
        let runs = inventory.runs(&options.organization, &source, 10).await?;
        let reports =
            runs.iter().filter_map(|run| serde_json::from_str(run.report.as_deref()?).ok());
        let reports: Vec<serde_json::Value> = reports.collect();
        let is_server = |key| {
            let told = |report: &serde_json::Value| {
                report.get("server")?.get(key)?.as_str().map(str::to_owned)
            };
            reports.iter().filter_map(told).any(|told| told.starts_with(&name))
        };
        if is_server("dns_host_name") || is_server("address") {
            return Ok(source);
        }
        if source.kind() == "ldap" && !reports.is_empty() {
            read.push(source);
        }
    }
    match read.pop() {
        Some(source) if read.is_empty() => Ok(source),
        _ => SourceId::new("ldap", name),
    }
}
