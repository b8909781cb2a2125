//! What people change by hand, through real syncs and real stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, ConstraintKind, Home, Link,
    LinksRequest, SearchRequest, SourceRecord,
};
use ldap_inventory::curation::{Action, Author, Curation, ImportOptions, Scan, ScannedAsset};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory};
use ldap_inventory::value::{
    AssetId, BatchId, MergeId, ObjectGuid, OrganizationId, SourceId, Timestamp,
};
use ldap_inventory::{ErrorKind, Retry};
use proptest::prelude::*;

use crate::cases::cases;
use crate::mock::{computer, mock_guid};
use crate::sync::interfering::Interfering;

pub(crate) fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(crate) fn corp() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

fn branch() -> SourceId {
    SourceId::new("ldap", "branch.example").unwrap()
}

pub(crate) fn id(n: u128) -> AssetId {
    AssetId::from_u128(n)
}

pub(crate) fn anna() -> Author {
    Author::new("anna").because("one machine, two cards")
}

/// An asset that a scanner found under these names.
pub(crate) fn scanned(n: u128, names: &[&str]) -> Asset {
    let at = Timestamp::from_unix_seconds(1_767_225_600).unwrap();
    let mut asset = Asset::new(id(n), acme(), "hq".parse().unwrap());
    asset.parts.push(SourceRecord::new(0, SourceId::new("scan", "hq").unwrap(), "@scan", at));
    let claim = |name: &&str| Claim::new(Hostname::parse(name).unwrap(), 0, None, at);
    asset.names = names.iter().map(claim).collect();
    asset.os = vec![Claim::new("Linux".to_owned(), 0, None, at)];
    asset.last_seen = vec![Claim::new(at, 0, None, at)];
    asset
}

pub(crate) async fn put(repository: &dyn AssetRepository, assets: impl IntoIterator<Item = Asset>) {
    let source = SourceId::new("scan", "hq").unwrap();
    let changes = assets.into_iter().map(Change::create);
    let batch = Batch::new(BatchId::random_v7(), acme(), source).with_changes(changes);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

pub(crate) async fn run(repository: &dyn AssetRepository, objects: Vec<DirectoryObject>) {
    run_of(&corp(), repository, objects).await;
}

async fn run_of(
    source: &SourceId,
    repository: &dyn AssetRepository,
    objects: Vec<DirectoryObject>,
) {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    // Random reads lose most of the directory at times, which the brake would rightly stop.
    let task = SyncTask::new("Head office", acme(), site, source.clone(), credential)
        .with_change_limits(ChangeLimits::off());
    sync(&task, &MockDirectory::new(objects), repository, &SyncOptions::new()).await.unwrap();
}

pub(crate) async fn assets(repository: &dyn AssetRepository) -> Vec<Asset> {
    let request = SearchRequest::new(acme(), Query::everything(), Timestamp::now());
    repository.search_assets(request.with_limit(1_000)).await.unwrap().records
}

async fn links(repository: &dyn AssetRepository, source: &SourceId) -> BTreeMap<ObjectGuid, Link> {
    let links = repository.links(LinksRequest::new(acme(), source.clone())).await.unwrap();
    links.map_ok(|link| (link.object, link)).try_collect().await.unwrap()
}

pub(crate) async fn home(repository: &dyn AssetRepository, name: &str) -> Option<AssetId> {
    links(repository, &corp()).await.get(&mock_guid(name)).and_then(|link| link.asset)
}

/// Everything that does not depend on when and in which run it was written: by what each asset is called
/// whatever its id, with the claims of each part.
pub(crate) async fn picture(repository: &dyn AssetRepository) -> BTreeMap<String, Vec<String>> {
    let assets = assets(repository).await;
    let mut picture = BTreeMap::new();
    let called = |asset: &Asset| match asset.id.as_u128() {
        n if n < 100 => format!("asset {n}"),
        _ => format!("asset of {:?}", asset.parts.iter().find_map(|part| part.object)),
    };
    for asset in &assets {
        let mut lines = vec![format!("{}", asset.site)];
        for part in &asset.parts {
            let attributes = part.attributes.by_name();
            let presence = format!("{:?}", part.presence);
            let presence = presence.split("since").next().unwrap();
            let stable: Vec<_> = attributes.iter().filter(|(name, _)| **name != "ts").collect();
            lines.push(format!("{} {:?} {presence} {stable:?}", part.source, part.object));
        }
        let of = |number: u32| asset.part(number).map(|part| (part.source.clone(), part.object));
        macro_rules! tell {
            ($($field:ident),+) => {$(
                for claim in &asset.$field {
                    let live = claim.is_live();
                    let of = of(claim.part);
                    lines.push(format!("{} {} {of:?} {live}", stringify!($field), claim.value));
                }
            )+};
        }
        tell!(names, domains, addresses, os, os_version, kind, first_seen, last_seen);
        picture.insert(called(asset), lines);
    }
    let of_both = [links(repository, &corp()).await, links(repository, &branch()).await];
    for (object, link) in of_both.into_iter().flatten() {
        let asset = link.asset.and_then(|id| assets.iter().find(|asset| asset.id == id));
        let presence = format!("{:?}", link.presence);
        let presence = presence.split("since").next().unwrap().to_owned();
        let line = format!("{:?} {presence} {:?}", asset.map(called), link.digest);
        picture.insert(format!("link {object}"), vec![line]);
    }
    let constraints = repository.constraints(&acme()).await.unwrap();
    let stand = constraints.iter().filter(|c| c.stands());
    picture.insert("decisions".to_owned(), stand.map(|c| format!("{c:?}")).collect());
    picture
}

/// What a read shows of eight computers: absent, or with a name and an operating system.
type Read = Vec<Option<(bool, u8)>>;

fn objects(read: &Read) -> Vec<DirectoryObject> {
    let shown = read.iter().enumerate().filter_map(|(n, state)| Some((n, (*state)?)));
    shown
        .map(|(n, (renamed, os))| {
            let name = if renamed { format!("NEW{n}") } else { format!("WEB{n}") };
            let os = format!("Windows {os}");
            let record = computer(&name).with_guid(mock_guid(&format!("WEB{n}")));
            record.with("operatingSystem", &os).build()
        })
        .collect()
}

fn read() -> impl Strategy<Value = Read> {
    prop::collection::vec(prop::option::weighted(0.8, (any::<bool>(), 0..3u8)), 8)
}

/// What happens to an inventory between a merge and its undoing.
#[derive(Clone, Debug)]
enum Step {
    /// The directory is read.
    Corp(Read),
    /// Another directory is read, which has computers of the same names.
    Branch(Read),
    /// A scan finds one of the scanned assets again, with this system.
    Scan(u128, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => read().prop_map(Step::Corp),
        2 => read().prop_map(Step::Branch),
        1 => (0..5u128, any::<u8>()).prop_map(|(asset, os)| Step::Scan(asset, os)),
    ]
}

/// Takes a step. Of the merged computers those alone are read that `first` had, and of the other directory the
/// `guest`: a directory has one object for an asset, so what is new beside it becomes an asset of its own, as it
/// would not have without the merge.
async fn take(
    repository: &dyn AssetRepository,
    step: &Step,
    merged: &[AssetId],
    first: &Read,
    guest: usize,
) {
    let is_merged = |n: usize| merged.contains(&id(n as u128));
    match step {
        Step::Corp(read) => {
            let known = read.iter().zip(first).enumerate();
            let known =
                known.map(|(n, (now, then))| now.filter(|_| then.is_some() || !is_merged(n)));
            run(repository, objects(&known.collect())).await;
        }
        Step::Branch(read) => {
            let shown = read.iter().enumerate();
            let shown = shown.map(|(n, now)| now.filter(|_| n == guest || !is_merged(n)));
            let mut objects = objects(&shown.collect());
            for object in &mut objects {
                let mut guid = *object.guid.as_bytes();
                guid[0] ^= 0xff;
                object.guid = ObjectGuid::from_bytes(guid);
            }
            run_of(&branch(), repository, objects).await;
        }
        Step::Scan(asset, os) => scan(repository, id(*asset), *os).await,
    }
}

/// A scanner finds an asset again, wherever a merge has taken it.
async fn scan(repository: &dyn AssetRepository, asset: AssetId, os: u8) {
    let found = Curation::new(repository, acme()).resolve(&[asset]).await.unwrap();
    let mut found = found.into_values().next().unwrap();
    let is_own = |part: &&SourceRecord| {
        part.object.is_none() && part.home_in(found.id) == Home::Asset(asset)
    };
    let part = found.parts.iter().find(is_own).unwrap().number;
    let expected = Some(found.version);
    found.version += 1;
    for claim in found.os.iter_mut().filter(|claim| claim.part == part) {
        claim.value = format!("Linux {os}");
    }
    for claim in found.last_seen.iter_mut().filter(|claim| claim.part == part) {
        claim.value = Timestamp::from_unix_seconds(1_767_225_600 + i64::from(os)).unwrap();
    }
    let source = SourceId::new("scan", "hq").unwrap();
    let put = Change::PutAsset { expected, asset: Box::new(found), changed: None };
    let batch = Batch::new(BatchId::random_v7(), acme(), source).with_changes([put]);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn a_merge_undone_after_later_syncs_is_as_if_it_had_never_been(
        first in read(), between in prop::collection::vec(step(), 0..6), last in step(),
        merged in prop::sample::subsequence(vec![0u128, 1, 2, 3, 4], 2..=5).prop_shuffle(),
        guest in 0..5usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (apart, together) = (MemoryRepository::new(), MemoryRepository::new());
            for repository in [&apart, &together] {
                // Five of the eight computers were scanned; the others become assets of their own.
                let scanned = (0..5).map(|n| {
                    let names = [format!("web{n}.corp.example"), format!("new{n}.corp.example")];
                    scanned(n, &names.each_ref().map(String::as_str))
                });
                put(repository, scanned).await;
                run(repository, objects(&first)).await;
            }
            let merged: Vec<AssetId> = merged.into_iter().map(id).collect();
            let curation = Curation::new(&together, acme());
            let merge = curation.merge(&merged, &anna()).await.unwrap().id;
            for step in &between {
                for repository in [&apart, &together] {
                    take(repository, step, &merged, &first, guest).await;
                }
            }
            curation.unmerge(merge, &anna()).await.unwrap();
            assert_eq!(picture(&together).await, picture(&apart).await);
            // Apart again, they may be read as they like.
            for repository in [&apart, &together] {
                take(repository, &last, &[], &first, guest).await;
            }
            assert_eq!(picture(&together).await, picture(&apart).await);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(48)))]

    #[test]
    fn decisions_hold_through_every_later_sync_until_they_are_taken_back(
        first in read(), later in prop::collection::vec(read(), 1..5),
        decided in prop::collection::btree_map(0..8usize, (0..5u128, any::<bool>()), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let repository = MemoryRepository::new();
            let scanned = (0..5).map(|n| scanned(n, &[&format!("web{n}.corp.example")]));
            put(&repository, scanned).await;
            run(&repository, objects(&first)).await;
            let curation = Curation::new(&repository, acme());
            let object = |n: usize| mock_guid(&format!("WEB{n}"));
            // Only what a run has seen can be decided on.
            let seen = decided.into_iter().filter(|(n, _)| first[*n].is_some());
            let seen: Vec<(usize, (u128, bool))> = seen.collect();
            for (n, (asset, same)) in &seen {
                let (asset, object) = (id(*asset), object(*n));
                let decision = if *same {
                    curation.link(asset, &corp(), object, &anna()).await
                } else {
                    curation.separate(asset, &corp(), object, &anna()).await
                };
                assert_eq!(decision.unwrap().decision.by, "anna");
            }
            for read in &later {
                run(&repository, objects(read)).await;
                for (n, (asset, same)) in seen.iter().filter(|(n, _)| read[*n].is_some()) {
                    let home = home(&repository, &format!("WEB{n}")).await;
                    assert_eq!(home == Some(id(*asset)), *same, "WEB{n} and asset {asset}");
                }
            }
            assert_eq!(curation.history().await.unwrap().len(), seen.len());
            for (n, (asset, same)) in seen {
                let kind =
                    if same { ConstraintKind::MustLink } else { ConstraintKind::CannotLink };
                curation.forget(id(asset), &corp(), object(n), kind, &anna()).await.unwrap();
            }
            let decided = repository.constraints(&acme()).await.unwrap();
            assert!(decided.iter().all(|constraint| !constraint.stands()));
        });
    }
}

/// Two scanned assets, each of them a computer of the directory.
async fn two() -> (MemoryRepository, Vec<DirectoryObject>) {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1.corp.example"]), scanned(2, &["web2.corp.example"])])
        .await;
    let objects = vec![computer("WEB1").build(), computer("WEB2").build()];
    run(&repository, objects.clone()).await;
    (repository, objects)
}

/// Who works by what people decided.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Worker {
    Run,
    Import,
    Person,
}

/// Somebody takes a merge back when a run, an import, or another person, knows what is decided and has not looked at the
/// assets yet.
#[tokio::test]
async fn what_is_taken_back_while_others_look_at_it_stays_taken_back() {
    for (worker, looks) in [(Worker::Run, 2), (Worker::Import, 2), (Worker::Person, 1)] {
        for n in 0.. {
            let repository = Arc::new(MemoryRepository::new());
            let assets = (1..5).map(|n| scanned(n, &[&format!("web{n}.corp.example")]));
            put(&*repository, assets).await;
            let web1 = || vec![computer("WEB1").build()];
            run(&*repository, web1()).await;
            let ours = Curation::new(&*repository, acme());
            let merged = ours.merge(&[id(1), id(2)], &anna()).await.unwrap();
            let store = Arc::clone(&repository);
            let interfering = Interfering::new(Arc::clone(&repository), |_, _| None);
            let interfering = interfering.meanwhile(n, async move {
                let theirs = Curation::new(&*store, acme());
                theirs.unmerge(merged.id, &anna()).await.unwrap();
            });
            let curation = Curation::new(&interfering, acme());
            match worker {
                Worker::Run => run(&interfering, web1()).await,
                Worker::Import => {
                    let scan = Scan::from_iter([
                        ScannedAsset::named(["web2.corp.example".parse().unwrap()]),
                        ScannedAsset::named(["web9.corp.example".parse().unwrap()]),
                    ]);
                    let options = ImportOptions::new("hq".parse().unwrap());
                    let source = SourceId::new("agent", "hq").unwrap();
                    curation.import(&source, &scan, &options).await.unwrap();
                }
                Worker::Person => {
                    curation.merge(&[id(3), id(4)], &anna()).await.unwrap();
                }
            }
            if !interfering.is_done() {
                assert!(n >= looks, "{n}");
                break;
            }
            let found = ours.resolve(&[id(1), id(2)]).await.unwrap();
            assert_eq!(found[&id(2)].id, id(2), "{worker:?}, look {n}");
        }
    }
}

/// Each time that a merge is worked out, and later its undoing, somebody decides something on other assets.
#[tokio::test]
async fn a_merge_looks_again_ten_times_while_others_decide() {
    for (disturbed, is_refused) in [(9, false), (10, true)] {
        let ours = Arc::new(MemoryRepository::new());
        put(&*ours, (1..30).map(|n| scanned(n, &[&format!("web{n}.corp.example")]))).await;
        run(&*ours, vec![computer("WEB1").build()]).await;
        let busy = |first: u128| {
            let store: Arc<dyn AssetRepository> = Arc::clone(&ours) as _;
            (0..disturbed).fold(store, |store, n| {
                let ours = Arc::clone(&ours);
                let decide = async move {
                    let theirs = Curation::new(&*ours, acme());
                    let other = id(first + n as u128);
                    theirs.separate(other, &corp(), mock_guid("WEB1"), &anna()).await.unwrap();
                };
                Arc::new(Interfering::new(store, |_, _| None).meanwhile(n, decide))
            })
        };
        let in_peace = Curation::new(&*ours, acme());
        let store = busy(10);
        let curation = Curation::new(&*store, acme());
        let merged = curation.merge(&[id(3), id(4)], &anna()).await;
        assert_eq!(merged.is_err(), is_refused);
        let merged = match merged {
            Ok(merged) => merged,
            Err(error) => {
                assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Transient));
                assert!(error.to_string().contains("do it again"), "{error}");
                in_peace.merge(&[id(3), id(4)], &anna()).await.unwrap()
            }
        };
        let store = busy(20);
        let unmerged = Curation::new(&*store, acme()).unmerge(merged.id, &anna()).await;
        assert_eq!(unmerged.is_err(), is_refused);
        let found = in_peace.resolve(&[id(4)]).await.unwrap();
        assert_eq!(found[&id(4)].id, if is_refused { id(3) } else { id(4) });
    }
}

#[tokio::test]
async fn a_merge_holds_through_later_syncs() {
    let (repository, objects) = two().await;
    let curation = Curation::new(&repository, acme());
    let preview = curation.preview(&[id(1), id(2)]).await.unwrap();
    assert_eq!(assets(&repository).await.len(), 2, "a preview writes nothing");
    let merged = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    assert_eq!(merged.preview, preview);
    for _ in 0..2 {
        run(&repository, objects.clone()).await;
        assert_eq!(assets(&repository).await.len(), 1);
        assert_eq!(home(&repository, "WEB2").await, Some(id(1)));
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_merge_over_two_directories_is_undone_in_sqlite() {
    let repository = ldap_inventory::store::SqliteRepository::open_in_memory().unwrap();
    put(&repository, [scanned(1, &["web1.corp.example"]), scanned(2, &["web2.corp.example"])])
        .await;
    let branch = branch();
    run(&repository, vec![computer("WEB1").build()]).await;
    run_of(&branch, &repository, vec![computer("WEB2").build()]).await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    // Links of both directories move.
    put(&repository, [scanned(3, &["db"])]).await;
    let merged = curation.merge(&[id(3), id(1), id(2)], &anna()).await.unwrap();
    assert_eq!(merged.preview.links.len(), 2);
    for source in [corp(), branch] {
        let links = repository.links(LinksRequest::new(acme(), source.clone())).await.unwrap();
        let links: Vec<Link> = links.try_collect().await.unwrap();
        assert_eq!(links.iter().map(|link| link.asset).collect::<Vec<_>>(), [Some(id(3))]);
    }
    curation.unmerge(merged.id, &anna()).await.unwrap();
    let mut after = picture(&repository).await;
    after.remove("asset 3");
    assert_eq!(after, before);
}

#[tokio::test]
async fn undoing_is_refused_where_nothing_was_recorded_and_where_it_is_undone() {
    let (repository, _) = two().await;
    let curation = Curation::new(&repository, acme());
    let nothing = curation.unmerge(MergeId::from_u128(7), &anna()).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotFound);
    let merged = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    curation.unmerge(merged.id, &Author::new("bob")).await.unwrap();
    let again = curation.unmerge(merged.id, &anna()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    assert!(again.to_string().contains("undone already, by bob at "), "{again}");
}

#[tokio::test]
async fn of_merges_that_build_on_each_other_each_is_undone_alone() {
    for first_goes in [true, false] {
        let (repository, _) = two().await;
        put(&repository, [scanned(3, &["db.corp.example"])]).await;
        let before = picture(&repository).await;
        let curation = Curation::new(&repository, acme());
        let first = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
        // The survivor of the first is itself merged away.
        let later = curation.merge(&[id(3), id(1)], &anna()).await.unwrap();
        let (one, other) = if first_goes { (first, later) } else { (later, first) };
        let undone = curation.unmerge(one.id, &anna()).await.unwrap();
        let left: Vec<AssetId> = assets(&repository).await.iter().map(|asset| asset.id).collect();
        if first_goes {
            assert_eq!((undone.restored, left), (vec![id(2)], vec![id(2), id(3)]));
        } else {
            assert_eq!((undone.restored, left), (vec![id(1)], vec![id(1), id(3)]));
        }
        curation.unmerge(other.id, &anna()).await.unwrap();
        assert_eq!(picture(&repository).await, before);
    }
}

#[tokio::test]
async fn many_merges_are_undone_one_after_the_other() {
    let repository = MemoryRepository::new();
    put(&repository, (1..=20).map(|n| scanned(n, &[&format!("pc{n}.corp.example")]))).await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    for n in 2..=20 {
        curation.merge(&[id(1), id(n)], &anna()).await.unwrap();
    }
    let history = curation.history().await.unwrap();
    let merges = history.iter().rev().filter_map(|entry| match &entry.action {
        Action::Merged { merge } => Some(merge.id),
        _ => None,
    });
    for merge in merges.collect::<Vec<_>>() {
        curation.unmerge(merge, &anna()).await.unwrap();
    }
    assert_eq!(picture(&repository).await, before);
}

#[tokio::test]
async fn a_source_that_knows_assets_by_id_finds_its_part_after_merges() {
    let (repository, _) = two().await;
    put(&repository, [scanned(3, &["db.corp.example"])]).await;
    let curation = Curation::new(&repository, acme());
    curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    let later = curation.merge(&[id(3), id(1)], &anna()).await.unwrap();
    let found = curation.resolve(&[id(1), id(2), id(3), id(4)]).await.unwrap();
    assert_eq!(found.values().map(|asset| asset.id).collect::<Vec<_>>(), [id(3); 3]);
    let asset = found.get(&id(2)).unwrap();
    let is_own = |part: &&SourceRecord| {
        part.object.is_none() && part.home_in(asset.id) == Home::Asset(id(2))
    };
    let part = asset.parts.iter().find(is_own).unwrap();
    let names = asset.names.iter().filter(|claim| claim.part == part.number);
    assert_eq!(names.map(|c| c.value.as_str()).collect::<Vec<_>>(), ["web2.corp.example"]);
    curation.unmerge(later.id, &anna()).await.unwrap();
    let found = curation.resolve(&[id(2), id(3)]).await.unwrap();
    assert_eq!(found.values().map(|asset| asset.id).collect::<Vec<_>>(), [id(1), id(3)]);
}

/// A person whose first commit does not get through, so that somebody else is faster.
async fn slow(repository: &MemoryRepository, calls: &[&str]) -> Faulty<MemoryRepository> {
    let commit = calls.iter().position(|call| *call == "commit").unwrap();
    let plan = FaultPlan::new().with(commit, CallFault::Unreachable);
    Faulty::new(repository.clone(), &plan)
}

#[tokio::test(start_paused = true)]
async fn of_two_people_who_merge_at_once_one_wins() {
    let (repository, _) = two().await;
    let calls = [
        "assets",
        "constraints",
        "merges",
        "sources",
        "runs",
        "runs",
        "moved",
        "assets",
        "waiting",
        "constraints",
        "merges",
        "commit",
    ];
    let slow = slow(&repository, &calls).await;
    let (late, early) = (Curation::new(&slow, acme()), Curation::new(&repository, acme()));
    let (one, two, bob) = ([id(1), id(2)], [id(2), id(1)], Author::new("bob"));
    let anna = anna();
    let (loser, winner) = tokio::join!(late.merge(&one, &anna), early.merge(&two, &bob));
    winner.unwrap();
    assert_eq!(loser.unwrap_err().kind(), ErrorKind::Conflict);
    let [left] = assets(&repository).await.try_into().unwrap();
    assert_eq!(left.id, id(2));
}

#[tokio::test(start_paused = true)]
async fn of_two_people_who_undo_at_once_one_wins() {
    let (repository, _) = two().await;
    let merged = Curation::new(&repository, acme()).merge(&[id(1), id(2)], &anna()).await.unwrap();
    let calls = [
        "constraints",
        "merges",
        "moved",
        "assets",
        "waiting",
        "sources",
        "runs",
        "runs",
        "runs",
        "redirects",
        "constraints",
        "merges",
        "commit",
    ];
    let slow = slow(&repository, &calls).await;
    let (late, early) = (Curation::new(&slow, acme()), Curation::new(&repository, acme()));
    let (anna, bob) = (anna(), Author::new("bob"));
    let (loser, winner) =
        tokio::join!(late.unmerge(merged.id, &anna), early.unmerge(merged.id, &bob));
    winner.unwrap();
    assert_eq!(loser.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn of_two_people_who_decide_otherwise_at_once_one_wins() {
    let (repository, _) = two().await;
    let calls = [
        "assets",
        "links",
        "constraints",
        "merges",
        "sources",
        "runs",
        "runs",
        "links",
        "moved",
        "assets",
        "waiting",
        "assets",
        "constraints",
        "merges",
        "commit",
    ];
    let slow = slow(&repository, &calls).await;
    let (late, early) = (Curation::new(&slow, acme()), Curation::new(&repository, acme()));
    let (source, object, anna) = (corp(), mock_guid("WEB1"), anna());
    let (loser, winner) = tokio::join!(
        late.link(id(2), &source, object, &anna),
        early.separate(id(2), &source, object, &anna),
    );
    winner.unwrap();
    assert_eq!(loser.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(repository.constraints(&acme()).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_merge_whose_answer_is_lost_is_not_done_twice() {
    let (repository, _) = two().await;
    let plan = FaultPlan::new().with(11, CallFault::AnswerLost);
    let faulty = Faulty::new(repository.clone(), &plan);
    Curation::new(&faulty, acme()).merge(&[id(1), id(2)], &anna()).await.unwrap();
    assert_eq!(repository.merges(&acme()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_separation_survives_syncs_and_is_taken_back() {
    let (repository, objects) = two().await;
    let before = picture(&repository).await;
    let (curation, object) = (Curation::new(&repository, acme()), mock_guid("WEB1"));
    let separated = curation.separate(id(1), &corp(), object, &anna()).await.unwrap();
    assert_eq!(separated.moves.records.len(), 1);
    assert_eq!(assets(&repository).await.len(), 3, "it acts at once");
    let again = curation.separate(id(1), &corp(), object, &anna()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    for _ in 0..2 {
        run(&repository, objects.clone()).await;
        assert_eq!(assets(&repository).await.len(), 3);
        assert_ne!(home(&repository, "WEB1").await, Some(id(1)));
    }
    let kind = ConstraintKind::CannotLink;
    curation.forget(id(1), &corp(), object, kind, &anna()).await.unwrap();
    assert_eq!(picture(&repository).await, before);
    run(&repository, objects).await;
    assert_eq!(picture(&repository).await, before);
    let gone = curation.forget(id(1), &corp(), object, kind, &anna()).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_link_survives_syncs_and_is_taken_back() {
    let (repository, objects) = two().await;
    let before = picture(&repository).await;
    let (curation, object) = (Curation::new(&repository, acme()), mock_guid("WEB1"));
    curation.link(id(2), &corp(), object, &anna()).await.unwrap();
    assert_eq!(home(&repository, "WEB1").await, Some(id(2)), "it acts at once");
    for _ in 0..2 {
        run(&repository, objects.clone()).await;
        assert_eq!(home(&repository, "WEB1").await, Some(id(2)));
    }
    curation.forget(id(2), &corp(), object, ConstraintKind::MustLink, &anna()).await.unwrap();
    run(&repository, objects).await;
    assert_eq!(picture(&repository).await, before);
}

#[tokio::test]
async fn a_decision_on_what_is_not_there_is_refused() {
    let (repository, _) = two().await;
    let curation = Curation::new(&repository, acme());
    for (asset, object) in [(9, mock_guid("WEB1")), (1, mock_guid("NOBODY"))] {
        let error = curation.link(id(asset), &corp(), object, &anna()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn an_ambiguous_computer_waits_with_its_candidates_until_a_person_settles_it() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"]), scanned(2, &["web1"])]).await;
    let objects = vec![computer("WEB1").build()];
    run(&repository, objects.clone()).await;
    let curation = Curation::new(&repository, acme());
    let [waiting] = curation.unresolved(&corp()).await.unwrap().try_into().unwrap();
    assert_eq!(
        (waiting.object, waiting.name.as_deref()),
        (mock_guid("WEB1"), Some("web1.corp.example"))
    );
    let candidates: Vec<AssetId> = waiting.candidates.iter().map(|c| c.asset).collect();
    assert_eq!(candidates, [id(1), id(2)]);
    assert!(waiting.to_string().contains("2 assets fit it equally well"), "{waiting}");
    curation.link(id(2), &corp(), waiting.object, &anna()).await.unwrap();
    assert_eq!(curation.unresolved(&corp()).await.unwrap(), []);
    assert_eq!(home(&repository, "WEB1").await, Some(id(2)), "it acts at once");
    run(&repository, objects).await;
    assert_eq!(home(&repository, "WEB1").await, Some(id(2)));
    // It waits again, as before, when that is taken back.
    let kind = ConstraintKind::MustLink;
    curation.forget(id(2), &corp(), waiting.object, kind, &anna()).await.unwrap();
    assert_eq!(curation.unresolved(&corp()).await.unwrap(), [waiting]);
}

#[tokio::test]
async fn the_survey_finds_what_the_rules_would_tie_together() {
    let repository = MemoryRepository::new();
    // More than one page, and a pair that stands far apart.
    put(&repository, (0..1_200).map(|n| scanned(n, &[&format!("pc{}", n % 1_199)]))).await;
    let curation = Curation::new(&repository, acme());
    let [pair] = curation.overlaps().await.unwrap().try_into().unwrap();
    assert_eq!((pair.first, pair.second, pair.key.as_str()), (id(0), id(1_199), "pc0"));
    let coverage = curation.coverage(30).await.unwrap();
    assert_eq!((coverage.total.assets, coverage.total.only_scans), (1_200, 1_200));
}

#[tokio::test]
async fn history_and_explanation_tell_who_did_what_and_why() {
    let (repository, objects) = two().await;
    let curation = Curation::new(&repository, acme());
    let merged = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    curation.separate(id(1), &corp(), mock_guid("WEB2"), &Author::new("bob")).await.unwrap();
    run(&repository, objects).await;
    let told: Vec<String> =
        curation.history().await.unwrap().iter().map(ToString::to_string).collect();
    let [merge, separation] = told.as_slice() else { panic!("{told:?}") };
    assert!(merge.contains(": one machine, two cards (merge "), "{merge}");
    assert!(separation.starts_with("bob decided at "), "{separation}");
    let told = curation.explain(id(1)).await.unwrap();
    assert_eq!(told.merges[0].id, merged.id);
    assert_eq!(told.decisions.len(), 1);
    let scan = told.parts.iter().find(|part| part.number == 2).unwrap();
    assert_eq!(scan.came_by, Some((merged.id, id(2))));
    assert_eq!(curation.explain(id(2)).await.unwrap().asset, id(1), "its id leads there");
    let missing = curation.explain(id(9)).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}
