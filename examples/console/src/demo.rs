//! The demonstration: a company to look at, served within this process over LDAPS on the loopback interface.
//!
//! Nothing leaves the machine, and nothing is kept.

#[allow(dead_code, reason = "the demonstration of `sync` tells more of it")]
#[path = "../../sync/demo/domain.rs"]
mod domain;

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::{Credential, ServerUrl};
use ldap_inventory::curation::{Curation, ImportOptions, Scan};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::schedule::{Recurrence, Schedule, Unit};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{ServerTls, TestServer};
use ldap_inventory::value::{CredentialId, OrganizationId, Secret, SiteId, SourceId};
use ldap_inventory::{Error, ErrorKind, Result};
use tempfile::TempDir;

use self::domain::DemonstrationDomain;
use crate::{Access, Console, Definition, Key, Tasks, Vault, now};

/// The assets that are worth a look.
const ASSETS: &str = include_str!("../../sync/demonstration/assets.jsonl");

/// When the building was scanned.
const SCANNED_AT: &str = "2026-11-20T12:00:00Z";

/// A company, with an inventory that was scanned and synced once. Since then a day has passed in its directory, so that
/// the next run has something to tell.
#[derive(Debug)]
pub struct Demonstration {
    domain: DemonstrationDomain,
    server: TestServer,
    console: Arc<Console>,
    _folder: TempDir,
}

impl Demonstration {
    /// Begins to serve the company's directory, and fills the inventory.
    ///
    /// # Errors
    ///
    /// If the loopback interface, or the folder for temporary files, cannot be used.
    pub async fn begin(access: Access) -> Result<Self> {
        let domain = DemonstrationDomain::new()?;
        let tls = ServerTls::self_signed(&["dc1.corp.example.test", "127.0.0.1"])?;
        let server = TestServer::builder(domain.directory()).with_ldaps(tls).start().await?;
        let folder = tempfile::tempdir().map_err(|error| {
            Error::new(ErrorKind::Store, format!("no temporary folder can be made: {error}"))
        })?;
        let organization = OrganizationId::new("demonstration")?;
        let inventory: Arc<dyn AssetRepository> = Arc::new(MemoryRepository::new());
        let (vault, tasks) = (
            Vault::open(folder.path().join("credentials"), Key::random()?)?,
            Tasks::open(folder.path().join("tasks"))?,
        );
        let credential = credential(&server, &domain)?;
        let source = SourceId::new("ldap", "corp.example.test")?;
        let site = SiteId::new("headquarters")?;
        let (name, id) = ("Headquarters", credential.id.clone());
        let task = SyncTask::new(name, organization.clone(), site, source, id);
        vault.add(&credential)?;
        scan(&inventory, &task, &domain).await?;
        tasks.add(Definition::new(task.clone(), Some(nightly()?)))?;
        let console = Console::new(access, inventory, organization, vault, tasks, "you");
        let directory = LdapSource::new(console.vault.clone());
        sync(&task, &directory, &*console.inventory, &SyncOptions::new()).await?;
        domain.one_day_passes()?;
        Ok(Self { domain, server, console, _folder: folder })
    }

    /// The console over the company's inventory.
    pub fn console(&self) -> Arc<Console> {
        Arc::clone(&self.console)
    }

    /// Where the company's directory is served.
    pub fn directory_url(&self) -> String {
        self.server.url()
    }

    /// The account that reads it.
    pub fn account(&self) -> &'static str {
        self.domain.account()
    }

    /// Its password.
    pub fn password(&self) -> &'static str {
        self.domain.password()
    }
}

/// A credential that pins the very certificate that the server presents.
fn credential(server: &TestServer, domain: &DemonstrationDomain) -> Result<Credential> {
    let url: ServerUrl = server.url().parse()?;
    let account = Secret::new(domain.password());
    let credential = Credential::new(CredentialId::new("reader")?, domain.account(), account)
        .with_server(url)
        .shared_with(OrganizationId::new("demonstration")?);
    Ok(match server.thumbprint() {
        Some(pin) => credential.with_thumbprint(pin.parse()?),
        None => credential,
    })
}

/// Every night from the one to come: the first time is some hours ahead, whatever the clock says.
fn nightly() -> Result<Schedule> {
    let tomorrow = now().checked_add(Duration::from_secs(86_400)).unwrap_or(now());
    let first = format!("{}T02:30", tomorrow.date()).parse()?;
    Ok(Schedule::new(first, Recurrence::every(1, Unit::Days)?))
}

/// What a scanner found in the building.
async fn scan(
    inventory: &dyn AssetRepository,
    task: &SyncTask,
    domain: &DemonstrationDomain,
) -> Result<()> {
    let mut scan = Scan::parse(ASSETS.as_bytes(), SCANNED_AT.parse()?);
    scan.extend(domain.scan());
    let curation = Curation::new(inventory, task.organization.clone());
    let options = ImportOptions::new(task.site.clone());
    curation.import(&SourceId::new("scan", "import")?, &scan, &options).await.map(drop)
}
