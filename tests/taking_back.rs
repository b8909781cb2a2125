//! Taking back as a law: whatever people decided, took back and decided again while directories were read and scans
//! came in, the inventory is what the same reads and scans give with only the decisions that stand.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt;
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, Constraint, Home, Link,
    LinksRequest, MergeRecord, SearchRequest, SourceRecord, Waiting,
};
use ldap_inventory::curation::{Author, ChangedField, Curation};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{Ambiguity, ChangeLimits, MatchPolicy, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{
    AssetId, BatchId, MergeId, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::cases::cases;
use crate::following::Follower;
use crate::mock::{computer, mock_guid};

const COMPUTERS: usize = 4;
const SCANS: u128 = 4;
const NAMES: [&str; 4] = ["web0", "web1", "web2", "web3"];

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn directory(n: usize) -> SourceId {
    SourceId::new("ldap", ["corp.example", "branch.example"][n % 2]).unwrap()
}

fn scanner() -> SourceId {
    SourceId::new("scan", "hq").unwrap()
}

fn object(directory: usize, n: usize) -> ObjectGuid {
    mock_guid(&format!("{directory}-{n}"))
}

fn at(seconds: u64) -> Timestamp {
    let begin = Timestamp::from_unix_seconds(1_767_225_600).unwrap();
    begin.checked_add(Duration::from_secs(seconds)).unwrap()
}

/// What a read shows: of each computer its name and system, unless it is not there.
type Read = Vec<Option<(usize, u8)>>;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Sync(usize, Read),
    /// A scan finds an asset, by its id, under these names.
    Scan(u128, Vec<usize>, u8),
    Link(Subject, usize, usize),
    Separate(Subject, usize, usize),
    Merge(Subject, Subject),
    /// A person says something of an asset.
    Annotate(Subject, u8),
    /// The decision that was made so many decisions ago is taken back.
    Forget(usize),
    Unmerge(usize),
}

/// An asset as a person would point at it.
#[derive(Clone, Debug)]
enum Subject {
    Scanned(u128),
    Of(usize, usize),
}

fn read() -> impl Strategy<Value = Read> {
    let computer = prop::option::weighted(0.8, (0..NAMES.len(), 0..2u8));
    prop::collection::vec(computer, COMPUTERS)
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        (0..SCANS).prop_map(Subject::Scanned),
        (0..2usize, 0..COMPUTERS).prop_map(|(directory, n)| Subject::Of(directory, n)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let names = prop::collection::vec(0..2 * NAMES.len(), 1..3);
    prop_oneof![
        4 => (0..2usize, read()).prop_map(|(directory, read)| Step::Sync(directory, read)),
        2 => (0..SCANS, names, any::<u8>()).prop_map(|(id, names, os)| Step::Scan(id, names, os)),
        2 => (subject(), 0..2usize, 0..COMPUTERS).prop_map(|(s, d, n)| Step::Link(s, d, n)),
        2 => (subject(), 0..2usize, 0..COMPUTERS).prop_map(|(s, d, n)| Step::Separate(s, d, n)),
        2 => (subject(), subject()).prop_map(|(one, other)| Step::Merge(one, other)),
        2 => (subject(), 0..10u8).prop_map(|(subject, what)| Step::Annotate(subject, what)),
        2 => (0..4usize).prop_map(Step::Forget),
        2 => (0..3usize).prop_map(Step::Unmerge),
    ]
}

/// How the two directories are to each other.
#[derive(Clone, Copy, Debug)]
struct Setting {
    /// The second one is a domain below the first one, and not the same once more.
    is_forest: bool,
    /// What becomes of a computer that fits several assets, by directory.
    ambiguity: [Ambiguity; 2],
}

fn setting() -> impl Strategy<Value = Setting> {
    let ambiguity = || prop::sample::select(vec![Ambiguity::Review, Ambiguity::Create]);
    let all = (any::<bool>(), [ambiguity(), ambiguity()]);
    all.prop_map(|(is_forest, ambiguity)| Setting { is_forest, ambiguity })
}

impl Setting {
    /// The domain of a directory, and the others.
    fn domain(self, of: usize) -> (&'static str, &'static [&'static str]) {
        match (self.is_forest, of) {
            (false, _) => ("corp.example", &[]),
            (true, 0) => ("corp.example", &["branch.corp.example"]),
            (true, _) => ("branch.corp.example", &["corp.example"]),
        }
    }
}

/// An inventory, and the time that goes by in it.
struct World<'a> {
    repository: &'a dyn AssetRepository,
    setting: Setting,
    now: u64,
}

impl World<'_> {
    async fn sync(&mut self, of: usize, read: &Read) {
        self.now += 1;
        let (domain, others) = self.setting.domain(of);
        let shown = read.iter().enumerate().filter_map(|(n, state)| Some((n, (*state)?)));
        let objects: Vec<DirectoryObject> = shown
            .map(|(n, (name, os))| {
                let record = computer(&NAMES[name].to_uppercase()).with_guid(object(of, n));
                record.in_domain(domain).with("operatingSystem", &format!("Windows {os}")).build()
            })
            .collect();
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let task = SyncTask::new("Office", acme(), site, directory(of), credential);
        let policy = MatchPolicy::default().with_ambiguity(self.setting.ambiguity[of]);
        let task = task.with_change_limits(ChangeLimits::off()).with_matching(policy);
        let run = RunId::from_u128(u128::from(self.now) << 64);
        let options = SyncOptions::new().with_run(run, at(self.now)).with_batch_size(3);
        let directory = MockDirectory::new(objects);
        directory.edit_end(|end| {
            end.server.domain = Some(domain.to_owned());
            end.server.other_domains = others.iter().map(ToString::to_string).collect();
        });
        sync(&task, &directory, self.repository, &options).await.unwrap();
    }

    /// A scanner writes what it found into its own record, wherever that is, and nothing else.
    async fn scan(&mut self, scan: u128, names: &[usize], os: u8) {
        self.now += 1;
        let (id, identity) = (AssetId::from_u128(scan + 1), format!("scan {scan}"));
        let found = self.curation().resolve(&[id]).await.unwrap();
        let was = found.into_values().next();
        let new = || Asset::new(id, acme(), "hq".parse().unwrap());
        let mut asset = was.clone().unwrap_or_else(new);
        if asset.record_of(&scanner(), &identity).is_none() {
            let number = asset.next_part_number();
            let mut part = SourceRecord::new(number, scanner(), "@scan", at(self.now));
            part.identity = Some(identity.clone());
            part.home = Home::Asset(id).away_from(Some(asset.id));
            part.home_site = part.home.map(|_| "hq".parse().unwrap());
            asset.parts.push(part);
        }
        let part = asset.record_of(&scanner(), &identity).unwrap().number;
        asset.names.retain(|claim| claim.part != part);
        for name in names {
            let short = NAMES[name % NAMES.len()];
            let name = if *name < NAMES.len() {
                short.to_owned()
            } else {
                format!("{short}.corp.example")
            };
            asset.names.push(Claim::new(Hostname::parse(&name).unwrap(), part, None, at(self.now)));
        }
        asset.os.retain(|claim| claim.part != part);
        asset.os.push(Claim::new(format!("Linux {os}"), part, None, at(self.now)));
        let put = match was {
            Some(was) => Change::update(&was, asset),
            None => Change::create(asset),
        };
        self.commit(vec![put]).await;
        self.curation().uphold().await.unwrap();
    }

    /// Lets what people said go with these records, in assets or among those that wait.
    async fn annotate(&self, said: &[(RecordKey, Annotations)]) {
        let mut changes = Vec::new();
        for was in self.assets().await {
            let mut asset = was.clone();
            for (key, said) in said {
                put_annotations(&mut asset, key, said);
            }
            if asset != was {
                changes.push(Change::update(&was, asset));
            }
        }
        for mut waiting in self.repository.waiting(&acme()).await.unwrap() {
            for (key, said) in said {
                if put_annotations(&mut waiting.record, key, said) {
                    changes.push(Change::PutWaiting(Box::new(waiting.clone())));
                }
            }
        }
        self.commit(changes).await;
    }

    async fn commit(&self, changes: Vec<Change>) {
        let batch = Batch::new(BatchId::random_v7(), acme(), scanner()).with_changes(changes);
        assert_eq!(self.repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    }

    fn curation(&self) -> Curation<'_> {
        Curation::new(self.repository, acme())
    }

    async fn assets(&self) -> Vec<Asset> {
        let request = SearchRequest::new(acme(), Query::everything(), Timestamp::now());
        self.repository.search_assets(request.with_limit(1_000)).await.unwrap().records
    }

    async fn links(&self) -> BTreeMap<(SourceId, ObjectGuid), Link> {
        let mut all = BTreeMap::new();
        for source in [directory(0), directory(1)] {
            let links =
                self.repository.links(LinksRequest::new(acme(), source.clone())).await.unwrap();
            let links: Vec<Link> = links.try_collect().await.unwrap();
            all.extend(links.into_iter().map(|link| ((source.clone(), link.object), link)));
        }
        all
    }

    async fn subject(&self, subject: &Subject) -> Option<AssetId> {
        match subject {
            Subject::Scanned(n) => Some(AssetId::from_u128(n + 1)),
            Subject::Of(of, n) => self.links().await.get(&(directory(*of), object(*of, *n)))?.asset,
        }
    }

    /// A moment later than whatever people did.
    async fn next_moment(&self) -> Timestamp {
        let latest = self.curation().history().await.unwrap().last().map(|entry| entry.at);
        let next = latest.and_then(|latest| latest.checked_add(Duration::from_micros(1)));
        next.map_or_else(Timestamp::now, |next| next.max(Timestamp::now()))
    }

    /// Whoever asks what changed since is told of each asset that is another than it was.
    async fn assert_told(&self, since: Timestamp, before: &Picture, after: &Picture) {
        let changes = self.curation().changes(since).await.unwrap();
        for (id, asset) in &after.assets {
            let is_told = || changes.iter().any(|noted| noted.asset == Some(*id));
            let is_as_before = before.assets.get(id) == Some(asset);
            assert!(is_as_before || is_told(), "{id} changed, and told are {changes:#?}");
        }
    }

    /// All that the inventory shows, whatever it was before: assets without versions, their claims in one order.
    async fn picture(&self) -> Picture {
        let assets = self.assets().await.into_iter().map(|asset| (asset.id, canonical(&asset)));
        let mut waiting = self.repository.waiting(&acme()).await.unwrap();
        waiting.sort_by_key(|waiting| (waiting.source.clone(), waiting.object));
        // Why something waits names the ids of runs and candidates: where it is, is what counts.
        waiting.iter_mut().for_each(|waiting| (waiting.decision, waiting.told) = (None, None));
        Picture { assets: assets.collect(), links: self.links().await, waiting }
    }
}

/// The asset without its version, with its parts and claims in an order that does not depend on how they came.
fn canonical(asset: &Asset) -> Value {
    let by = |part: &SourceRecord| (part.source.clone(), part.object, part.identity.clone());
    let mut asset = asset.clone();
    asset.version = 0;
    asset.parts.sort_by_key(by);
    let numbers: BTreeMap<u32, usize> =
        asset.parts.iter().enumerate().map(|(n, part)| (part.number, n)).collect();
    let mut all = serde_json::to_value(asset).unwrap();
    for (field, value) in all.as_object_mut().unwrap() {
        let Value::Array(items) = value else { continue };
        for item in items.iter_mut() {
            let number = if field == "parts" { "number" } else { "part" };
            let old = item[number].as_u64().unwrap() as u32;
            item[number] = numbers[&old].into();
        }
        items.sort_by_key(|item| (item["part"].as_u64(), item.to_string()));
    }
    all
}

#[derive(Debug, PartialEq)]
struct Picture {
    assets: BTreeMap<AssetId, Value>,
    links: BTreeMap<(SourceId, ObjectGuid), Link>,
    waiting: Vec<Waiting>,
}

/// What people decided, with the step in which they did.
#[derive(Clone, Debug)]
enum Decision {
    OnObject(Constraint),
    Merge(MergeRecord),
    /// What goes with these records from then on.
    Annotations(Vec<(RecordKey, Annotations)>),
}

/// What a record is known by, wherever it is.
type RecordKey = (SourceId, Option<ObjectGuid>, Option<String>);

/// What people said along with a record: owners, tags, comments, criticalities.
type Annotations = [Vec<Claim<String>>; 4];

fn key_of(part: &SourceRecord) -> RecordKey {
    (part.source.clone(), part.object, part.identity.clone())
}

fn fields(asset: &mut Asset) -> [&mut Vec<Claim<String>>; 4] {
    [&mut asset.owner, &mut asset.tags, &mut asset.comment, &mut asset.criticality]
}

fn annotations(asset: &Asset) -> Vec<(RecordKey, Annotations)> {
    let said = |part: &SourceRecord| {
        let own = |claims: &mut Vec<Claim<String>>| {
            claims.iter().filter(|claim| claim.part == part.number).cloned().collect()
        };
        (key_of(part), fields(&mut asset.clone()).map(own))
    };
    asset.parts.iter().map(said).collect()
}

/// Lets this go with a record, wherever it is.
fn put_annotations(asset: &mut Asset, key: &RecordKey, said: &Annotations) -> bool {
    let Some(part) = asset.parts.iter().find(|part| key_of(part) == *key) else { return false };
    let part = part.number;
    for (claims, said) in fields(asset).into_iter().zip(said) {
        claims.retain(|claim| claim.part != part);
        claims.extend(said.iter().cloned().map(|mut claim| {
            claim.part = part;
            claim
        }));
    }
    true
}

/// What a person says, by a number.
fn said(what: u8) -> Vec<ChangedField> {
    match what {
        0 => vec![ChangedField::owner("jane")],
        1 => vec![ChangedField::owner("bob"), ChangedField::tag("pci")],
        2 => vec![ChangedField::owner("")],
        3 => vec![ChangedField::tag("env=prod")],
        4 => vec![ChangedField::no_tag("pci"), ChangedField::no_tag("env=prod")],
        5 => vec![ChangedField::comment("on lease"), ChangedField::criticality("high")],
        6 => vec![ChangedField::comment("")],
        7 => vec![ChangedField::criticality("low"), ChangedField::tag("pci")],
        8 => vec![ChangedField::criticality("")],
        _ => vec![ChangedField::tag("pci")],
    }
}

/// People work in an inventory.
async fn live(world: &mut World<'_>, steps: &[Step]) -> Vec<(usize, Decision)> {
    let mut decided: Vec<(usize, Decision)> = Vec::new();
    let mut follower = Follower::default();
    for (place, step) in steps.iter().enumerate() {
        let (asked, shown) = (world.next_moment().await, world.picture().await);
        let curation = Curation::new(world.repository, acme());
        let anna = Author::new("anna");
        match step {
            Step::Sync(of, read) => world.sync(*of, read).await,
            Step::Scan(scan, names, os) => world.scan(*scan, names, *os).await,
            Step::Link(subject, of, n) | Step::Separate(subject, of, n) => {
                let Some(asset) = world.subject(subject).await else { continue };
                let (source, object) = (directory(*of), object(*of, *n));
                let made = match step {
                    Step::Link(..) => curation.link(asset, &source, object, &anna).await,
                    _ => curation.separate(asset, &source, object, &anna).await,
                };
                if let Ok(made) = made {
                    decided.push((place, Decision::OnObject(made.decision)));
                }
            }
            Step::Merge(one, other) => {
                let subjects = (world.subject(one).await, world.subject(other).await);
                let (Some(one), Some(other)) = subjects else { continue };
                if let Ok(merged) = curation.merge(&[one, other], &anna).await {
                    let record = merge(world, merged.id).await;
                    decided.push((place, Decision::Merge(record)));
                }
            }
            Step::Annotate(subject, what) => {
                let Some(asset) = world.subject(subject).await else { continue };
                if curation.annotate(&[asset], &said(*what), &anna).await.is_err() {
                    continue;
                }
                let found = curation.resolve(&[asset]).await.unwrap();
                let said = annotations(&found[&asset]);
                decided.push((place, Decision::Annotations(said)));
            }
            Step::Forget(ago) => {
                let on_objects = decided.iter().rev().filter_map(|(_, decision)| match decision {
                    Decision::OnObject(made) => Some(made.clone()),
                    Decision::Annotations(_) | Decision::Merge(_) => None,
                });
                if let Some(made) = on_objects.into_iter().nth(*ago) {
                    let Constraint { asset, source, object, kind, .. } = made;
                    let _ = curation.forget(asset, &source, object, kind, &anna).await;
                }
            }
            Step::Unmerge(ago) => {
                let merges = decided.iter().rev().filter_map(|(_, decision)| match decision {
                    Decision::Merge(record) => Some(record.id),
                    Decision::Annotations(_) | Decision::OnObject(_) => None,
                });
                if let Some(id) = merges.into_iter().nth(*ago) {
                    let _ = curation.unmerge(id, &anna).await;
                }
            }
        }
        follower.catch_up(world.repository, &acme()).await;
        let before = world.picture().await;
        assert!(world.curation().uphold().await.unwrap().is_empty(), "after {step:?}");
        assert_eq!(world.picture().await, before, "after {step:?}");
        if !matches!(step, Step::Sync(..) | Step::Scan(..)) {
            world.assert_told(asked, &shown, &before).await;
        }
    }
    let constraints = world.repository.constraints(&acme()).await.unwrap();
    let merges = world.repository.merges(&acme()).await.unwrap();
    decided.retain(|(_, decision)| match decision {
        Decision::OnObject(made) => {
            let key = |c: &Constraint| (c.source.clone(), c.object, c.asset, c.kind, c.at);
            constraints.iter().any(|c| c.stands() && key(c) == key(made))
        }
        Decision::Merge(record) => merges.iter().any(|m| m.stands() && m.id == record.id),
        Decision::Annotations(_) => true,
    });
    decided
}

async fn merge(world: &World<'_>, id: MergeId) -> MergeRecord {
    let merges = world.repository.merges(&acme()).await.unwrap();
    merges.into_iter().find(|record| record.id == id).unwrap()
}

/// The same reads and scans with these decisions, each in its place.
async fn replay(world: &mut World<'_>, steps: &[Step], decided: &[(usize, Decision)]) {
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Sync(of, read) => world.sync(*of, read).await,
            Step::Scan(scan, names, os) => world.scan(*scan, names, *os).await,
            _ => {}
        }
        for (_, decision) in decided.iter().filter(|(at, _)| *at == place) {
            let put = match decision.clone() {
                Decision::OnObject(made) => Change::PutConstraint(made),
                Decision::Merge(record) => Change::PutMerge(Box::new(record)),
                Decision::Annotations(said) => {
                    world.annotate(&said).await;
                    continue;
                }
            };
            world.commit(vec![put]).await;
            world.curation().uphold().await.unwrap();
        }
    }
}

async fn assert_law(
    lived: &dyn AssetRepository,
    plain: &dyn AssetRepository,
    steps: &[Step],
    setting: Setting,
) {
    let world = |repository| World { repository, setting, now: 0 };
    let (mut lived, mut plain) = (world(lived), world(plain));
    let decided = live(&mut lived, steps).await;
    replay(&mut plain, steps, &decided).await;
    let (lived, plain) = (lived.picture().await, plain.picture().await);
    for (id, asset) in &lived.assets {
        assert_eq!(Some(asset), plain.assets.get(id), "asset {id} after {decided:#?}");
    }
    assert_eq!(lived, plain, "after {decided:#?}");
}

/// What a decision had given an asset, and waits again without it, takes that asset from nobody.
#[test]
fn a_computer_that_waits_again_keeps_no_asset_from_another() {
    let steps = [
        Step::Sync(1, vec![None, None, Some((0, 0)), Some((1, 0))]),
        Step::Scan(2, vec![0], 0),
        Step::Sync(0, vec![Some((0, 0)), None, Some((0, 0)), Some((0, 0))]),
        Step::Sync(1, vec![None, None, None, Some((0, 0))]),
        Step::Separate(Subject::Scanned(2), 0, 0),
        Step::Separate(Subject::Scanned(2), 0, 2),
        Step::Forget(0),
    ];
    let setting = Setting { is_forest: false, ambiguity: [Ambiguity::Review; 2] };
    block_on(assert_law(&MemoryRepository::new(), &MemoryRepository::new(), &steps, setting));
}

/// The order in which an asset's records came is another one once they were apart: why a later one is tied to it, is not.
#[test]
fn the_domain_that_ties_a_computer_does_not_depend_on_what_came_first() {
    let steps = [
        Step::Scan(1, vec![4, 2], 0),
        Step::Sync(0, vec![None, Some((3, 0)), Some((3, 0)), Some((0, 0))]),
        Step::Sync(1, vec![Some((2, 0)), Some((1, 0)), Some((2, 0)), None]),
        Step::Sync(0, vec![None, None, Some((2, 0)), None]),
        Step::Sync(0, vec![None, Some((0, 0)), Some((3, 0)), None]),
        Step::Separate(Subject::Of(0, 2), 0, 2),
        Step::Separate(Subject::Scanned(1), 0, 1),
        Step::Forget(1),
        Step::Sync(0, vec![Some((2, 0)), None, None, Some((0, 0))]),
    ];
    let setting = Setting { is_forest: true, ambiguity: [Ambiguity::Review; 2] };
    block_on(assert_law(&MemoryRepository::new(), &MemoryRepository::new(), &steps, setting));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(300)))]

    #[test]
    fn what_is_taken_back_leaves_no_trace(
        steps in prop::collection::vec(step(), 4..24),
        setting in setting(),
    ) {
        block_on(assert_law(&MemoryRepository::new(), &MemoryRepository::new(), &steps, setting));
    }
}

#[cfg(feature = "sqlite")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(16)))]

    #[test]
    fn what_is_taken_back_leaves_no_trace_in_sqlite(
        steps in prop::collection::vec(step(), 4..24),
        setting in setting(),
    ) {
        let open = || ldap_inventory::store::SqliteRepository::open_in_memory().unwrap();
        block_on(assert_law(&open(), &open(), &steps, setting));
    }
}
