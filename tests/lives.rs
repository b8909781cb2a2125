//! Inventories that are lived in: directories that change, fail, and are other ones than before; plans that are applied
//! later, and again; scans that come in; people who decide, annotate, delete, and take things back.

use std::time::Duration;

use futures::TryStreamExt;
use ldap_inventory::ErrorKind;
use ldap_inventory::Result;
use ldap_inventory::asset::{
    AssetRepository, AssetsRequest, Constraint, LinksRequest, PrincipalsRequest,
};
use ldap_inventory::curation::{Author, ChangedField, Curation, ImportOptions, Scan};
use ldap_inventory::directory::{DirectoryObject, ServerIdentity, Transport, Verification};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{MergePlan, SyncOptions, plan, sync};
use ldap_inventory::task::{ChangeLimits, Limit, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockEnding};
use ldap_inventory::value::{
    AssetId, MergeId, ObjectGuid, OrganizationId, ReadMode, RunId, SourceId, Timestamp,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::mock::{computer, group, mock_guid, user};

const COMPUTERS: usize = 4;
const NAMES: [&str; 4] = ["web0", "web1", "web2", "web3"];

pub(crate) fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(crate) fn directory(n: usize) -> SourceId {
    SourceId::new("ldap", DOMAINS[n]).unwrap()
}

const DOMAINS: [&str; 2] = ["corp.example", "branch.example"];

fn scanner() -> SourceId {
    SourceId::new("scan", "hq").unwrap()
}

fn object(directory: usize, n: usize) -> ObjectGuid {
    mock_guid(&format!("{directory}-{n}"))
}

/// Later than whatever the clock says, so that a run ends when it begins.
pub(crate) fn at(hours: u64) -> Timestamp {
    let begin = Timestamp::from_unix_seconds(4_000_000_000).unwrap();
    begin.checked_add(Duration::from_secs(3_600 * hours)).unwrap()
}

/// Two tasks read each directory, one below a base and one everything.
pub(crate) fn task(of: usize, n: usize) -> SyncTask {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    let (name, base) = [("All", None), ("Base", Some(["DC=corp", "DC=branch"][of]))][n];
    let task = SyncTask::new(name, acme(), site, directory(of), credential);
    task.with_base_dns(base.map(|base| format!("{base},DC=example")))
        .with_change_limits(ChangeLimits::off())
        .with_full_read_every(Duration::from_secs(1 << 40))
        .with_census_every(Duration::from_secs(5 * 3_600), 3)
        .with_census_beyond(0)
}

/// What a directory holds: of each computer its name and system, unless it is not there, and who is in its group.
type Held = (Vec<Option<(usize, u8)>>, bool);

/// What a run meets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Met {
    Everything,
    /// The read breaks off.
    Less,
    Nobody,
    /// Another server of the domain.
    OtherServer,
    /// Nobody vouches for the server, which the run accepts or does not.
    Unprotected(bool),
    /// Another domain of the same name.
    OtherDomain(bool),
    /// A file.
    Export,
    /// Limits that stop it.
    Limits,
}

/// An asset as a person would point at it.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Nth(usize),
    Of(usize, usize),
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Change(usize, Held),
    /// A run of a directory by a task, and whether it is told to read everything.
    Sync(usize, usize, Met, bool),
    Plan(usize, usize, Met),
    /// The last plan is applied, be it for the first time or not.
    Apply,
    /// A scan finds hosts of these names, and no others if it is complete.
    Import(Vec<usize>, bool),
    Link(Subject, usize, usize),
    Separate(Subject, usize, usize),
    Merge(Subject, Subject),
    Annotate(Subject, u8),
    Contribute(Subject, u8),
    Delete(Subject),
    Forget(usize),
    Unmerge(usize),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let dir = || 0..2usize;
    let computers =
        prop::collection::vec(prop::option::weighted(0.75, (0..NAMES.len(), 0..2u8)), COMPUTERS);
    let names = prop::collection::vec(0..2 * NAMES.len(), 0..4);
    let met = prop_oneof![
        8 => Just(Met::Everything),
        2 => Just(Met::Less),
        2 => Just(Met::Nobody),
        1 => Just(Met::OtherServer),
        2 => any::<bool>().prop_map(Met::Unprotected),
        2 => any::<bool>().prop_map(Met::OtherDomain),
        1 => Just(Met::Export),
        1 => Just(Met::Limits),
    ];
    let subject = || {
        prop_oneof![
            (0..6usize).prop_map(Subject::Nth),
            (0..2usize, 0..COMPUTERS).prop_map(|(of, n)| Subject::Of(of, n)),
        ]
    };
    prop_oneof![
        5 => (dir(), (computers, any::<bool>())).prop_map(|(of, held)| Step::Change(of, held)),
        9 => (dir(), 0..2usize, met, prop::bool::weighted(0.1))
            .prop_map(|(of, task, met, full)| Step::Sync(of, task, met, full)),
        1 => (dir(), 0..2usize).prop_map(|(of, task)| Step::Plan(of, task, Met::Everything)),
        2 => Just(Step::Apply),
        2 => (names, any::<bool>()).prop_map(|(names, all)| Step::Import(names, all)),
        1 => (subject(), dir(), 0..COMPUTERS).prop_map(|(s, d, n)| Step::Link(s, d, n)),
        1 => (subject(), dir(), 0..COMPUTERS).prop_map(|(s, d, n)| Step::Separate(s, d, n)),
        1 => (subject(), subject()).prop_map(|(one, other)| Step::Merge(one, other)),
        1 => (subject(), 0..4u8).prop_map(|(subject, what)| Step::Annotate(subject, what)),
        1 => (subject(), 0..3u8).prop_map(|(subject, what)| Step::Contribute(subject, what)),
        1 => subject().prop_map(Step::Delete),
        1 => (0..3usize).prop_map(Step::Forget),
        1 => (0..2usize).prop_map(Step::Unmerge),
    ]
}

/// An inventory, with the directories that it is of.
pub(crate) struct Life<R = MemoryRepository> {
    pub(crate) repository: R,
    directories: [MockDirectory; 2],
    /// The last plan, and when it was made.
    plan: Option<(MergePlan, u64)>,
    decisions: Vec<Constraint>,
    merges: Vec<MergeId>,
    pub(crate) now: u64,
}

impl<R: AssetRepository> Life<R> {
    pub(crate) fn new(repository: R) -> Self {
        let modes = [(ReadMode::DirSync, true), (ReadMode::Usn, false)];
        let empty = (vec![None; COMPUTERS], false);
        let directories = [0, 1].map(|of| {
            let (mode, tombstones) = modes[of];
            MockDirectory::new(objects(of, &empty)).with_deltas(mode, tombstones)
        });
        let (decisions, merges) = (Vec::new(), Vec::new());
        Self { repository, directories, plan: None, decisions, merges, now: 0 }
    }

    pub(crate) fn curation(&self) -> Curation<'_> {
        Curation::new(&self.repository, acme())
    }

    /// What came of it.
    pub(crate) async fn live(&mut self, step: &Step) -> Value {
        self.now += 1;
        match step {
            Step::Change(of, held) => {
                self.directories[*of].set_objects(objects(*of, held));
                Value::Null
            }
            Step::Sync(of, n, met, full) => told(self.sync(*of, *n, *met, *full).await),
            Step::Plan(of, n, met) => {
                let options = self.next_run();
                self.meet(*of, *met);
                let (task, directory) = (task(*of, *n), &self.directories[*of]);
                let planned = plan(&task, directory, &self.repository, &options).await;
                self.plan = planned.as_ref().ok().cloned().map(|plan| (plan, self.now));
                told(planned.map(|plan| json!({ "report": plan.report, "after": plan.after })))
            }
            Step::Apply => {
                let Some((plan, _)) = self.plan.clone() else { return Value::Null };
                told(plan.apply(&self.repository, &self.next_run()).await)
            }
            Step::Import(names, is_complete) => {
                let scan = names.iter().map(|n| json!({ "names": [name(*n)] }).to_string());
                let scan = scan.collect::<Vec<_>>().join("\n");
                let scan = Scan::parse(scan.as_bytes(), at(self.now));
                let options = ImportOptions::new("hq".parse().unwrap());
                let options = options.with_complete(*is_complete);
                told(self.curation().import(&scanner(), &scan, &options).await)
            }
            by_person => self.decide(by_person).await,
        }
    }

    async fn decide(&mut self, step: &Step) -> Value {
        let anna = Author::new("anna");
        match step {
            Step::Link(subject, of, n) | Step::Separate(subject, of, n) => {
                let Some(asset) = self.subject(subject).await else { return Value::Null };
                let (source, object) = (directory(*of), object(*of, *n));
                let made = match step {
                    Step::Link(..) => self.curation().link(asset, &source, object, &anna).await,
                    _ => self.curation().separate(asset, &source, object, &anna).await,
                };
                self.decisions.extend(made.as_ref().ok().map(|made| made.decision.clone()));
                told(made)
            }
            Step::Merge(one, other) => {
                let subjects = (self.subject(one).await, self.subject(other).await);
                let (Some(one), Some(other)) = subjects else { return Value::Null };
                let merged = self.curation().merge(&[one, other], &anna).await;
                self.merges.extend(merged.as_ref().ok().map(|merged| merged.id));
                told(merged)
            }
            Step::Annotate(subject, what) => {
                let Some(asset) = self.subject(subject).await else { return Value::Null };
                let said = [
                    ChangedField::owner("jane"),
                    ChangedField::owner(""),
                    ChangedField::tag("pci"),
                    ChangedField::no_tag("pci"),
                ];
                let said = &said[usize::from(*what)..][..1];
                let annotated = self.curation().annotate(&[asset], said, &anna).await;
                told(annotated.map(|_| ()))
            }
            Step::Contribute(subject, what) => {
                let Some(asset) = self.subject(subject).await else { return Value::Null };
                let cmdb = SourceId::new("cmdb", "main").unwrap();
                let said = [("rack", ["a", "b", "c"][usize::from(*what)])].into_iter().collect();
                told(match what {
                    0 => self.curation().retract(asset, &cmdb).await,
                    _ => self.curation().contribute(asset, &cmdb, "@cmdb.asset", said).await,
                })
            }
            Step::Delete(subject) => {
                let Some(asset) = self.subject(subject).await else { return Value::Null };
                told(self.curation().delete(asset, &anna).await)
            }
            Step::Forget(ago) => {
                let made = self.decisions.iter().rev().nth(*ago).cloned();
                let Some(Constraint { asset, source, object, kind, .. }) = made else {
                    return Value::Null;
                };
                told(self.curation().forget(asset, &source, object, kind, &anna).await)
            }
            Step::Unmerge(ago) => {
                let Some(merge) = self.merges.iter().rev().nth(*ago) else { return Value::Null };
                told(self.curation().unmerge(*merge, &anna).await)
            }
            _ => Value::Null,
        }
    }

    async fn sync(&mut self, of: usize, n: usize, met: Met, full: bool) -> Result<Value> {
        self.meet(of, met);
        let mut task = task(of, n);
        if let Met::Limits = met {
            task.change_limits = ChangeLimits::off()
                .with_creates(Limit::count(0))
                .with_losses(Limit::count(0))
                .with_changes(Limit::count(0));
        }
        let (is_plain, is_other) =
            (matches!(met, Met::Unprotected(true)), matches!(met, Met::OtherDomain(true)));
        let options = self.next_run().with_full_read(full).with_explain(true);
        let options =
            options.with_accept_weaker_transport(is_plain).with_accept_other_domain(is_other);
        let report = sync(&task, &self.directories[of], &self.repository, &options).await?;
        Ok(json!(report))
    }

    /// Lets whoever reads a directory next meet this.
    fn meet(&self, of: usize, met: Met) {
        let directory = &self.directories[of];
        directory.set_ending(match met {
            Met::Less => MockEnding::Incomplete { pages: 1, kind: ErrorKind::Timeout },
            Met::Nobody => MockEnding::Refused(ErrorKind::BindRefused),
            _ => MockEnding::Complete,
        });
        directory.edit_end(|end| {
            end.server = server(of, met);
            (end.transport, end.verification) = match met {
                Met::Unprotected(_) => (Transport::Ldap, Verification::Nothing),
                _ => (Transport::Ldaps, Verification::CertificateAuthority),
            };
        });
    }

    fn next_run(&self) -> SyncOptions {
        let (now, number) = (at(self.now), self.now.to_be_bytes());
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number);
        SyncOptions::new().with_run(RunId::new_v7(now, random), now).with_batch_size(3)
    }

    /// A plan that was made before is not applied any more.
    pub(crate) fn drop_plan_from_before(&mut self, time: u64) {
        self.plan.take_if(|(_, made)| *made < time);
    }

    async fn subject(&self, subject: &Subject) -> Option<AssetId> {
        match subject {
            Subject::Nth(n) => {
                let assets = self.repository.each_asset(AssetsRequest::new(acme())).await.unwrap();
                let assets: Vec<_> = assets.try_collect().await.unwrap();
                Some(assets.get(n % assets.len().max(1))?.id)
            }
            Subject::Of(of, n) => {
                let links = LinksRequest::new(acme(), directory(*of));
                let links = self.repository.links(links).await.unwrap();
                let links: Vec<_> = links.try_collect().await.unwrap();
                links.into_iter().find(|link| link.object == object(*of, *n))?.asset
            }
        }
    }

    /// All that the inventory holds and answers, but for its runs.
    pub(crate) async fn picture(&self) -> Value {
        let (repository, curation) = (&self.repository, self.curation());
        let assets = repository.each_asset(AssetsRequest::new(acme())).await.unwrap();
        let assets: Vec<_> = assets.try_collect().await.unwrap();
        let principals = || PrincipalsRequest::new(acme());
        let users: Vec<_> =
            repository.each_user(principals()).await.unwrap().try_collect().await.unwrap();
        let groups: Vec<_> =
            repository.each_group(principals()).await.unwrap().try_collect().await.unwrap();
        let (mut explained, mut links, mut checkpoints) = (Vec::new(), Vec::new(), Vec::new());
        for asset in &assets {
            explained.push(curation.explain(asset.id).await.unwrap());
        }
        for of in [0, 1] {
            let of_source = LinksRequest::new(acme(), directory(of));
            let of_source = repository.links(of_source).await.unwrap();
            let mut of_source: Vec<_> = of_source.try_collect().await.unwrap();
            of_source.sort_by_key(|link| link.object);
            links.push(of_source);
            for n in [0, 1] {
                let key = task(of, n).checkpoint_key();
                checkpoints
                    .push(repository.checkpoint(&acme(), &directory(of), key).await.unwrap());
            }
        }
        let mut waiting = repository.waiting(&acme()).await.unwrap();
        waiting.sort_by_key(|waiting| (waiting.source.clone(), waiting.object));
        let events = repository.events_since(&acme(), None, usize::MAX).await.unwrap();
        let events: Vec<_> = events.into_iter().map(|event| (event.cursor, event.kind)).collect();
        json!({
            "assets": assets, "explained": explained, "users": users, "groups": groups,
            "links": links, "checkpoints": checkpoints, "waiting": waiting, "events": events,
            "constraints": repository.constraints(&acme()).await.unwrap(),
            "merges": repository.merges(&acme()).await.unwrap(),
            "history": curation.history().await.unwrap(),
        })
    }
}

fn name(n: usize) -> String {
    let short = NAMES[n % NAMES.len()];
    if n < NAMES.len() { short.to_owned() } else { format!("{short}.corp.example") }
}

fn objects(of: usize, (computers, is_member): &Held) -> Vec<DirectoryObject> {
    let shown = computers.iter().enumerate().filter_map(|(n, state)| Some((n, (*state)?)));
    let shown = shown.map(|(n, (name, os))| {
        let record = computer(&NAMES[name].to_uppercase()).with_guid(object(of, n));
        record.in_domain(DOMAINS[of]).with("operatingSystem", &format!("Windows {os}")).build()
    });
    // Where nothing of a kind shows, a full read doubts it.
    let stays = computer("STAYS").with_guid(object(of, COMPUTERS)).in_domain(DOMAINS[of]).build();
    let alice = user("alice").with_guid(object(of, 10)).in_domain(DOMAINS[of]).build();
    let mut staff = group("Staff").with_guid(object(of, 11)).in_domain(DOMAINS[of]);
    if *is_member {
        staff = staff.with_member(&alice.dn);
    }
    shown.chain([stays, alice, staff.build()]).collect()
}

pub(crate) fn server(of: usize, met: Met) -> ServerIdentity {
    let address = match met {
        Met::Export => ([0, 0, 0, 0], 0),
        Met::OtherServer => ([192, 0, 2, 9], 636),
        _ => ([192, 0, 2, 1 + of as u8], 636),
    };
    let mut server = ServerIdentity::at(address.into());
    let host = if let Met::OtherServer = met { "dc9" } else { "dc1" };
    server.dns_host_name = Some(format!("{host}.{}", DOMAINS[of]));
    server.domain = Some(DOMAINS[of].to_owned());
    let domain = if let Met::OtherDomain(_) = met { 9 } else { of };
    server.domain_sid = Some(format!("S-1-5-21-1-2-{domain}").parse().unwrap());
    if let Met::Export = met {
        (server.dns_host_name, server.domain_sid) = (None, None);
    }
    server
}

/// What something came to, but for how long it took.
fn told<T: Serialize>(outcome: Result<T>) -> Value {
    match outcome {
        Ok(outcome) => json!(outcome),
        Err(error) => json!({ "error": format!("{:?}", error.kind()) }),
    }
}
