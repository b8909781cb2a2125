//! The crate at work on a company.

use std::collections::HashMap;

use ldap_inventory::asset::SearchRequest;
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, SourceRecord,
};
use ldap_inventory::merge::{Decision, Verdict};
use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, MatchPolicy, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, OrganizationId, RunId, SourceId};
use serde_json::{Value, json};

use super::generate::company::{Company, Domain, ScanId, Side, Visit, days_ago};
use super::score::{Outcome, Outcomes};

/// How a company is worked through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Play {
    /// The directories in the order in which they are read.
    pub(crate) order: [Side; 2],
    /// Whether the tasks are told the suffixes that stand for their domains.
    pub(crate) is_told: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) outcomes: Outcomes,
    /// What a run over unchanged input decided otherwise than the run before it, or wrote.
    pub(crate) unstable: Vec<String>,
}

const FIRST_ASSET: AssetId = AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000);
const FIRST_RUN: u128 = 0x0198_0000_0000_7000_8000_0000_0000_0000;

impl Play {
    /// Both visits, each of them twice: what was scanned is imported, then the directories are read.
    pub(crate) async fn through(self, company: &Company) -> Played {
        let mut world = World::new(company, self);
        let mut played = Played { outcomes: Outcomes::new(), unstable: Vec::new() };
        for visit in [Visit::First, Visit::Second] {
            world.import(visit).await;
            let mut first = Vec::new();
            for side in self.order {
                first.push(world.read(side, visit).await);
            }
            for (side, first) in self.order.into_iter().zip(&first) {
                let before = world.versions().await;
                let again = world.read(side, visit).await;
                compare(first, &again, &mut played.unstable);
                let written = difference(&before, &world.versions().await);
                if written > 0 {
                    let run = format!("{visit:?} visit, domain {side}");
                    played.unstable.push(format!("{run}: the second run wrote {written} assets"));
                }
                if visit == Visit::Second {
                    world.outcomes(side, &again, &mut played.outcomes).await;
                }
            }
        }
        played
    }

    fn task(self, domain: &Domain) -> SyncTask {
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let mut task = SyncTask::new(domain.dns, acme(), site, source(domain), credential);
        task.change_limits = ChangeLimits::off();
        if self.is_told {
            task.matching = told(domain);
        }
        task
    }
}

/// THE SUFFIXES ARE TOLD HERE. A policy knows its fields by name, so that one which does not have this
/// one yet passes over it.
fn told(domain: &Domain) -> MatchPolicy {
    serde_json::from_value(json!({ "own_suffixes": domain.told_suffixes() })).unwrap()
}

/// WHAT A DIRECTORY SAYS OF ITSELF IS TOLD HERE.
fn directory(domain: &Domain) -> MockDirectory {
    let directory = MockDirectory::new(Vec::<ldap_inventory::directory::DirectoryObject>::new());
    let labels: Vec<String> = domain.dns.split('.').map(|label| format!("DC={label}")).collect();
    directory.edit_end(|end| {
        end.server.dns_host_name = Some(format!("dc1.{}", domain.dns));
        end.server.default_naming_context = DistinguishedName::parse(&labels.join(",")).ok();
        end.server.domain = Some(domain.dns.to_owned());
        end.server.netbios_domain = Some(domain.netbios.to_owned());
        let is_of_corp = domain.dns.ends_with("corp.example.test");
        let forest = ["corp.example.test", "eu.corp.example.test"].into_iter();
        let others = forest.filter(|other| is_of_corp && *other != domain.dns);
        end.server.other_domains = others.map(str::to_owned).collect();
    });
    directory.with_page_size(1_000)
}

/// DOUBT IS FOUND HERE: a tie that is kept, but that a person must confirm.
fn is_doubtful(decision: &Decision) -> bool {
    let decision = serde_json::to_value(decision).unwrap();
    !matches!(decision["doubtful"], Value::Null | Value::Bool(false))
}

struct World<'a> {
    company: &'a Company,
    play: Play,
    directories: [MockDirectory; 2],
    repository: MemoryRepository,
    runs: u64,
}

impl<'a> World<'a> {
    fn new(company: &'a Company, play: Play) -> Self {
        let directories = company.domains().each_ref().map(directory);
        Self { company, play, directories, repository: MemoryRepository::new(), runs: 0 }
    }

    /// Writes what the scanner found until this visit.
    async fn import(&self, visit: Visit) {
        let scans = self.company.scans.iter().enumerate();
        let new = scans.filter(|(_, scan)| scan.is_late == (visit == Visit::Second));
        let changes = new.map(|(id, _)| Change::create(asset(self.company, id)));
        let source = SourceId::new("scan", "network").unwrap();
        let id = BatchId::from_u128(visit as u128 + 1);
        let batch = Batch::new(id, acme(), source).with_changes(changes);
        assert_eq!(self.repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    }

    async fn read(&mut self, side: Side, visit: Visit) -> SyncReport {
        let accounts = self.company.accounts.iter().filter(|account| account.side == side);
        let objects = accounts.filter_map(|account| account.at(visit));
        self.directories[side].set_objects(objects.cloned());
        self.runs += 1;
        let run = RunId::from_u128(FIRST_RUN).nth(self.runs << 32);
        // Two visits are a day apart.
        let now = days_ago(if visit == Visit::First { 1 } else { 0 });
        let options = SyncOptions::new().with_explain(true).with_run(run, now);
        let task = self.play.task(&self.company.domains()[side]);
        let report = sync(&task, &self.directories[side], &self.repository, &options).await;
        let report = report.unwrap();
        assert!(report.complete);
        report
    }

    async fn assets(&self) -> Vec<Asset> {
        let request = SearchRequest::new(acme(), Query::everything(), days_ago(0));
        let page = self.repository.search_assets(request.with_limit(usize::MAX)).await.unwrap();
        page.records
    }

    /// The versions of all assets, apart from those of which something is missing: how long is counted on.
    async fn versions(&self) -> HashMap<AssetId, u64> {
        let is_whole = |asset: &Asset| asset.parts.iter().all(|part| part.presence.is_present());
        let assets = self.assets().await.into_iter().filter(is_whole);
        assets.map(|asset| (asset.id, asset.version)).collect()
    }

    /// What became of the computers of one directory: ties as the inventory has them, all else as the
    /// last run decided.
    async fn outcomes(&self, side: Side, report: &SyncReport, outcomes: &mut Outcomes) {
        let source = source(&self.company.domains()[side]);
        let mut ties: HashMap<ObjectGuid, ScanId> = HashMap::new();
        for asset in self.assets().await {
            let Some(scan) = scan_of(&asset) else { continue };
            let own = asset.parts.iter().filter(|part| part.source == source);
            let present = own.filter(|part| part.presence.is_present());
            ties.extend(present.filter_map(|part| Some((part.object?, scan))));
        }
        for decision in report.decisions.iter().flatten() {
            let outcome = outcome(decision, ties.get(&decision.object).copied());
            outcomes.insert((side, decision.object), outcome);
        }
    }
}

fn outcome(decision: &Decision, tie: Option<ScanId>) -> Outcome {
    match (tie, decision.verdict) {
        (Some(scan), _) if is_doubtful(decision) => Outcome::Doubted(scan),
        (Some(scan), _) => Outcome::Tied(scan),
        (None, Verdict::Ambiguous) => Outcome::Waits,
        (None, Verdict::Skipped) => Outcome::LeftOut,
        (None, _) => Outcome::New,
    }
}

/// Which scanned asset this is. No rule unites two of them.
fn scan_of(asset: &Asset) -> Option<ScanId> {
    let scans = asset.parts.iter().filter(|part| part.source.kind() == "scan");
    let mut scans = scans.filter_map(|part| part.attributes.first("id")?.parse().ok());
    let scan = scans.next();
    assert_eq!(scans.next(), None, "two scanned assets are one: {}", asset.id);
    scan
}

/// An asset as an import writes it: what is no host name is no name, and is kept as it was written.
fn asset(company: &Company, id: ScanId) -> Asset {
    let scan = &company.scans[id];
    let (since, seen) = (days_ago(scan.seen + 100), days_ago(scan.seen));
    let mut asset = Asset::new(FIRST_ASSET.nth(id as u64), acme(), "hq".parse().unwrap());
    let mut part =
        SourceRecord::new(0, SourceId::new("scan", "network").unwrap(), "@scan.asset", seen);
    let id_text = id.to_string();
    let names = scan.names.iter().map(|name| ("name", name.as_str()));
    part.attributes = [("id", id_text.as_str())].into_iter().chain(names).collect();
    asset.parts.push(part);
    let names = scan.names.iter().filter_map(|name| Hostname::parse(name).ok());
    asset.names = names.map(|name| Claim::new(name, 0, None, seen)).collect();
    asset.domains = scan.domains.iter().map(|d| Claim::new(d.clone(), 0, None, seen)).collect();
    asset.os = scan.os.iter().map(|os| Claim::new((*os).to_owned(), 0, None, seen)).collect();
    asset.first_seen.push(Claim::new(since, 0, None, seen));
    asset.last_seen.push(Claim::new(seen, 0, None, seen));
    asset
}

/// What was tied or created is linked from then on; what was not is decided as before.
fn compare(first: &SyncReport, again: &SyncReport, unstable: &mut Vec<String>) {
    let decisions = |report: &SyncReport| report.decisions.clone().unwrap_or_default();
    let first: HashMap<ObjectGuid, Decision> =
        decisions(first).into_iter().map(|decision| (decision.object, decision)).collect();
    for decision in decisions(again) {
        let before = &first[&decision.object];
        let expected = before.verdict.asset().map_or(before.verdict, Verdict::Linked);
        if decision.verdict != expected {
            let Decision { name, verdict, .. } = &decision;
            let was = format!("{}: {}", before.verdict, before.reason());
            unstable.push(format!("{name}: {was}; then {verdict}: {}", decision.reason()));
        }
    }
}

fn difference(before: &HashMap<AssetId, u64>, after: &HashMap<AssetId, u64>) -> usize {
    after.iter().filter(|(id, version)| before.get(id) != Some(version)).count()
        + before.keys().filter(|id| !after.contains_key(id)).count()
}

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn source(domain: &Domain) -> SourceId {
    SourceId::new("ldap", domain.dns).unwrap()
}
