//! The demonstration: a domain served over LDAPS within the program, an inventory of scanned assets, and
//! two runs of [`sync`].
//!
//! `demonstration/` has the computers and the assets that are worth a look; around them are a few hundred
//! of the ordinary sort. Nothing leaves the machine, and nothing is kept.

mod domain;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Constraint, ConstraintKind, SearchRequest,
};
use ldap_inventory::credential::{Credential, ServerUrl};
use ldap_inventory::curation::{Curation, ImportOptions, Imported, Scan};
use ldap_inventory::ldap::{ConnectLimits, LdapSource, ServerCertificate, TlsProvider};
use ldap_inventory::merge::{Decision, Level};
use ldap_inventory::query::Query;
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{ServerTls, TestServer};
use ldap_inventory::value::{
    BatchId, CredentialId, OrganizationId, Secret, SiteId, SourceId, Timestamp,
};
use ldap_inventory::{Error, ErrorKind, Result};

use self::domain::DemonstrationDomain;
use super::exit::{Failure, Status};
use super::table::{self, Table};
use super::{progress, report};

/// The assets that are worth a look.
const ASSETS: &str = include_str!("demonstration/assets.jsonl");

/// Whose decisions are told: one of each kind.
const TOLD: [&str; 7] = [
    "PAYROLL",
    "WAREHOUSE-SCANNER-07",
    "ELEVATOR-PC",
    "KIOSK",
    "RASPBERRYPI",
    "MAIL",
    "SQLCLUSTER",
];

/// Serves, imports, syncs, and shows what came of it.
#[tokio::main]
pub(crate) async fn run() -> Result<Status, Failure> {
    let domain = DemonstrationDomain::new()?;
    let tls = ServerTls::self_signed(&["dc1.corp.example.test", "127.0.0.1"])?;
    let server = TestServer::builder(domain.directory()).with_ldaps(tls).start().await?;
    let (source, task) = connection(&server, &domain).await?;
    let inventory = MemoryRepository::new();
    // On the day on which the building was scanned, whatever the clock says.
    let scanned_at = "2026-11-20T12:00:00Z".parse()?;
    let mut scan = Scan::parse(ASSETS.as_bytes(), scanned_at);
    scan.extend(domain.scan());
    let curation = Curation::new(&inventory, task.organization.clone());
    let options = ImportOptions::new(task.site.clone());
    let imported = curation.import(&SourceId::new("scan", "import")?, &scan, &options).await?;
    decide_as_a_person(&inventory, &task, &domain).await?;

    let mut show = Show::new(&inventory, &task);
    show.introduction(&domain, &imported)?;
    let first = run_once(&task, &source, &inventory).await?;
    show.first_run(&first, &domain).await?;
    show.outside_the_domain().await?;
    domain.one_day_passes()?;
    let second = run_once(&task, &source, &inventory).await?;
    show.second_run(&second).await?;
    Ok(if second.complete { Status::Complete } else { Status::Incomplete })
}

/// A credential that pins the very certificate that the server presents, and the task that uses it.
async fn connection(
    server: &TestServer,
    domain: &DemonstrationDomain,
) -> Result<(LdapSource, SyncTask)> {
    let url = ServerUrl::parse(&server.url())?;
    let presented =
        ServerCertificate::probe(&url, false, TlsProvider::default(), &ConnectLimits::new())
            .await?;
    let pins = presented.iter().filter_map(|(address, certificate)| {
        Some(certificate.as_ref().ok()?.thumbprint(address.ip()))
    });
    let pin = pins.into_iter().next().ok_or_else(|| {
        Error::new(ErrorKind::Certificate, "the demonstration server presents no certificate")
    })?;
    let organization = OrganizationId::new("demonstration")?;
    let id = CredentialId::new("demonstration")?;
    let credential = Credential::new(id.clone(), domain.account(), Secret::new(domain.password()))
        .with_server(url)
        .with_thumbprint(pin)
        .shared_with(organization.clone());
    let credentials = MemoryCredentialStore::from_iter([credential]);
    let source = SourceId::new("ldap", "corp.example.test")?;
    let site = SiteId::new("headquarters")?;
    let task = SyncTask::new("Demonstration", organization, site, source, id);
    Ok((LdapSource::new(Arc::new(credentials)), task))
}

/// Two decisions that no rule could make: what the lift's computer is called in the building, and that
/// there are two machines called lab-12.
async fn decide_as_a_person(
    inventory: &dyn AssetRepository,
    task: &SyncTask,
    domain: &DemonstrationDomain,
) -> Result<()> {
    let mut changes = Vec::new();
    for (computer, asset, kind, why) in [
        ("ELEVATOR-PC", "lift-controller", ConstraintKind::MustLink, "seen on its label"),
        ("LAB-12", "lab-12", ConstraintKind::CannotLink, "the scanned one is a Linux box"),
    ] {
        let found = search(inventory, task, &format!("name:={asset}")).await?;
        if let (Some(object), Some(asset)) = (domain.object(computer), found.first()) {
            let (of, by) = ((task.source.clone(), object), ("Jane", Timestamp::now()));
            let decided = Constraint::new(task.organization.clone(), kind, of, asset.id, by);
            changes.push(Change::PutConstraint(decided.because(why)));
        }
    }
    let batch = Batch::new(BatchId::random_v7(), task.organization.clone(), task.source.clone());
    inventory.commit(batch.with_changes(changes)).await.map(drop)
}

async fn run_once(
    task: &SyncTask,
    source: &LdapSource,
    inventory: &dyn AssetRepository,
) -> Result<SyncReport> {
    let options = progress::shown(SyncOptions::new().with_explain(true));
    sync(task, source, inventory, &options).await
}

/// Everything that a query finds. Not for inventories that do not fit into memory.
async fn search(
    inventory: &dyn AssetRepository,
    task: &SyncTask,
    query: &str,
) -> Result<Vec<Asset>> {
    let request =
        SearchRequest::new(task.organization.clone(), Query::parse(query)?, Timestamp::now());
    Ok(inventory.search_assets(request.with_limit(10_000)).await?.records)
}

/// What people get to see, on standard output.
struct Show<'a> {
    inventory: &'a dyn AssetRepository,
    task: &'a SyncTask,
    out: io::Stdout,
    width: u16,
}

impl<'a> Show<'a> {
    fn new(inventory: &'a dyn AssetRepository, task: &'a SyncTask) -> Self {
        Self { inventory, task, out: io::stdout(), width: table::width() }
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", console::style(text).bold())
    }

    fn prose(&mut self, text: &str) -> io::Result<()> {
        table::prose(&mut self.out, text, self.width)
    }

    fn introduction(
        &mut self,
        domain: &DemonstrationDomain,
        imported: &Imported,
    ) -> io::Result<()> {
        self.heading("A demonstration")?;
        self.prose(&format!(
            "The domain corp.example.test, with {} computers, is served by this program over LDAPS on \
             the loopback interface, and an inventory of {} scanned assets is kept in memory. \
             Nothing leaves this machine.",
            domain.computers(),
            imported.created
        ))?;
        for left_out in &imported.left_out {
            self.prose(&format!("Line {} of the scan, {left_out}.", left_out.line))?;
        }
        Ok(())
    }

    async fn first_run(
        &mut self,
        report: &SyncReport,
        domain: &DemonstrationDomain,
    ) -> Result<(), Failure> {
        self.heading(&format!(
            "The first run: {}, {}, verified by {}, {:.2} s",
            report.server.dns_host_name.as_deref().unwrap_or("a server"),
            report.transport,
            report.verified_by,
            report.duration_seconds
        ))?;
        report::counts(report).write(&mut self.out, self.width)?;
        let decisions = report.decisions.as_deref().unwrap_or_default();
        self.prose(&levels(decisions))?;
        for warning in &report.warnings {
            self.prose(&format!("Warning: {warning}."))?;
        }
        self.heading("Some decisions, and why")?;
        let told = TOLD.iter().filter_map(|name| {
            let object = domain.object(name);
            decisions.iter().find(|decision| Some(decision.object) == object)
        });
        self.decisions(told, decisions).await
    }

    /// Decisions, in a table that is narrower than that of a real run.
    async fn decisions<'d>(
        &mut self,
        told: impl Iterator<Item = &'d Decision>,
        all: &[Decision],
    ) -> Result<(), Failure> {
        let names = report::asset_names(self.inventory, &self.task.organization, all).await?;
        let mut table = Table::new(["Computer", "Decision", "Why"]);
        table.wraps = true;
        for decision in told {
            let name = decision.name.split('.').next().unwrap_or_default();
            let verdict = match decision.level {
                Some(level) => format!("{}, {}", decision.verdict, report::level(level)),
                None => decision.verdict.to_string(),
            };
            table.row([name, &*verdict, &*report::why(decision, &names)]);
        }
        table.write(&mut self.out, self.width)?;
        Ok(())
    }

    async fn outside_the_domain(&mut self) -> Result<(), Failure> {
        let assets = search(self.inventory, self.task, "NOT source:ldap").await?;
        let names: BTreeSet<String> = assets.iter().map(report::name).collect();
        self.heading(&format!("Not in the domain: {} assets (NOT source:ldap)", assets.len()))?;
        self.prose(&format!("{}.", names.into_iter().collect::<Vec<_>>().join(", ")))?;
        Ok(())
    }

    async fn second_run(&mut self, report: &SyncReport) -> Result<(), Failure> {
        self.heading("The second run, a day later")?;
        self.prose(&format!(
            "Meanwhile RECEPTION was renamed to WELCOME-DESK and moved to another unit, and BUILD-03 was \
             deleted. {} computers were read, {} updated, and {} is missing; its asset is kept.",
            report.computers.read, report.computers.updated, report.computers.missing
        ))?;
        let decisions = report.decisions.as_deref().unwrap_or_default();
        let renamed = decisions.iter().filter(|decision| decision.name.starts_with("welcome-desk"));
        self.decisions(renamed, decisions).await
    }
}

/// How many computers were matched on which level.
fn levels(decisions: &[Decision]) -> String {
    let all = [Level::Constraint, Level::Full, Level::Qualified, Level::Short, Level::Truncated];
    let told = all.map(|level| {
        let count = decisions.iter().filter(|decision| decision.level == Some(level)).count();
        format!("{} {count}", report::level(level))
    });
    format!("Matched by level: {}.", told.join(", "))
}
