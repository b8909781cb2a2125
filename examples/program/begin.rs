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
    let called = named_domain(options).unwrap_or_else(|| options.directory_name());
    let task = options.task(name, &called)?;
    // What a run begins with may send the password as well.
    if !options.accept_weaker_transport {
        let least = SyncReport::last_protection(inventory, &task, &options.servers()).await?;
        directory = directory.with_least_protection(least);
    }
    let begun = Timestamp::now();
    match known(&directory, options).await {
        Ok(domain) => Ok(Begun { directory, task: options.task(name, &domain)? }),
        Err(failure) => {
            if is_noted {
                note(&task, options, inventory, begun, &failure).await;
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
    if let Some(domain) = options.located_domain() {
        return Some(domain);
    }
    let mut domains = options.base_dn.iter().map(DistinguishedName::domain);
    let domain = domains.next()??;
    domains.all(|other| other.as_ref() == Some(&domain)).then_some(domain)
}

/// Notes a run that could not begin. It is not worth an error of its own.
async fn note(
    task: &SyncTask,
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
    started: Timestamp,
    failure: &Failure,
) {
    let noted = async {
        let times = (started, Timestamp::now());
        let mut record = RunRecord::new(RunId::random_v7(), &*task.name, times, RunOutcome::Failed);
        record.error = Some(failure.cause().map_or_else(|| failure.to_string(), Error::report));
        let source = likely_source(task, options, inventory).await?;
        let batch = Batch::new(BatchId::random_v7(), task.organization.clone(), source);
        inventory.commit(batch.closing(None, record)).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(error = %error.report(), "the run that could not begin is not on record");
    }
}

/// The directory that would have been read: the one that is named, or that alone these servers may belong to, or one that is
/// called after the server.
async fn likely_source(
    task: &SyncTask,
    options: &TaskOptions,
    inventory: &dyn AssetRepository,
) -> Result<SourceId> {
    if named_domain(options).is_some() {
        return Ok(task.source.clone());
    }
    let likely = SyncReport::likely_sources(inventory, task, &options.servers()).await?;
    Ok(match &likely[..] {
        [only] => only.clone(),
        _ => task.source.clone(),
    })
}
