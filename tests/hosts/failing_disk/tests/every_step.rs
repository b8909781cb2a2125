//! Whichever step of SQLite's fails, nothing is lost, no lease stays for longer than its time, and the next run ends where
//! an undisturbed one does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use host_failing_disk::{Failure, fail, mend};
use ldap_inventory::asset::{Asset, AssetRepository, AssetsRequest, PrincipalsRequest};
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{AssetId, OrganizationId, RunId, SourceId, Timestamp};
use ldap_inventory::{ErrorKind, Result};
use serde_json::{Value, json};

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn task() -> SyncTask {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    SyncTask::new("task", acme(), "hq".parse().unwrap(), source, "reader".parse().unwrap())
}

fn before() -> MockDirectory {
    MockDirectory::new([
        MockRecord::computer("WEB1").with("description", "old"),
        MockRecord::computer("WEB2"),
        MockRecord::computer("OLD1"),
        MockRecord::user("alice"),
        MockRecord::user("bob"),
        MockRecord::group("Staff").with_member(&MockRecord::user("alice").build().dn),
    ])
}

/// One computer changed, one is gone, one is new; one user changed, and so did the group.
fn after() -> MockDirectory {
    MockDirectory::new([
        MockRecord::computer("WEB1").with("description", "new"),
        MockRecord::computer("WEB2"),
        MockRecord::computer("NEW1"),
        MockRecord::user("alice").with("displayName", "Alice"),
        MockRecord::user("bob"),
        MockRecord::group("Staff").with_member(&MockRecord::user("bob").build().dn),
    ])
}

/// What differs from run to run.
const PASSING: [&str; 11] = [
    "id",
    "asset",
    "run",
    "runs",
    "since",
    "written",
    "version",
    "ts",
    "full_read",
    "tie",
    "former",
];

fn without_what_passes(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                PASSING.iter().for_each(|name| drop(fields.remove(*name)));
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

/// Every record by what it is of.
async fn content(repository: &SqliteRepository) -> BTreeMap<String, Value> {
    let all = AssetsRequest::new(acme());
    let assets = repository.each_asset(all).await.unwrap();
    let assets: Vec<_> = assets.try_collect().await.unwrap();
    // One that no directory has keeps its id.
    let label = |asset: &Asset| {
        let objects: Vec<_> = asset.parts.iter().filter_map(|part| part.object).collect();
        let own = objects.is_empty().then_some(asset.id);
        format!("asset of {objects:?} {own:?}")
    };
    let mut content: BTreeMap<String, Value> =
        assets.iter().map(|asset| (label(asset), json!(asset))).collect();
    assert_eq!(content.len(), assets.len());
    let all = || PrincipalsRequest::new(acme());
    let users: Vec<_> = repository.each_user(all()).await.unwrap().try_collect().await.unwrap();
    content.extend(users.iter().map(|user| (format!("user {:?}", user.object), json!(user))));
    let groups: Vec<_> = repository.each_group(all()).await.unwrap().try_collect().await.unwrap();
    content.extend(groups.iter().map(|group| (format!("group {:?}", group.object), json!(group))));
    content.into_iter().map(|(name, value)| (name, without_what_passes(value))).collect()
}

/// Syncs, and gives the store up again as a program does that ends.
async fn sync_into(path: &Path, directory: &MockDirectory) -> Result<SyncReport> {
    let repository = SqliteRepository::open(path)?;
    sync(&task(), directory, &repository, &SyncOptions::new().with_batch_size(2)).await
}

async fn merge(path: &Path, assets: &[AssetId]) -> Result<()> {
    let repository = SqliteRepository::open(path)?;
    let curation = Curation::new(&repository, acme());
    curation.merge(assets, &Author::new("anna").because("one box")).await.map(drop)
}

/// An inventory file of its own, as it was kept.
struct Files {
    directory: tempfile::TempDir,
    kept: Vec<u8>,
}

impl Files {
    fn of(kept: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory, kept: fs::read(kept).unwrap() }
    }

    /// Empties its directory, and writes the file anew.
    fn renewed(&self) -> PathBuf {
        for file in fs::read_dir(self.directory.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        let path = self.directory.path().join("inventory.db");
        fs::write(&path, &self.kept).unwrap();
        path
    }
}

/// Lets each step of some work fail in each way, and judges what is left by reopening it. Says how many steps failed.
async fn at_every_step(
    name: &str,
    kept: &Path,
    work: impl AsyncFn(&Path) -> Result<()>,
    judge: impl AsyncFn(&Path, &str),
) {
    let files = Files::of(kept);
    for failure in [Failure::Once, Failure::Gone, Failure::Full] {
        let (mut failed, mut refused) = (0, 0);
        for n in 0.. {
            let path = files.renewed();
            fail(n, failure);
            let outcome = work(&path).await;
            if mend().1 == 0 {
                outcome.unwrap();
                break;
            }
            failed += 1;
            let context = format!("{name}: {failure:?} at step {n}: {outcome:?}");
            if let Err(error) = outcome {
                refused += 1;
                let is_said = matches!(error.kind(), ErrorKind::Store | ErrorKind::Configuration);
                assert!(is_said, "{context}");
            }
            judge(&path, &context).await;
        }
        assert!(failed > 10, "{name}: {failed} steps");
        println!(
            "{name}: {failed} steps failed ({failure:?}), {refused} with an error, {failed} converged"
        );
    }
}

/// A sound file, in which each record is as it was or as it will be, and none is lost.
async fn assert_between(
    path: &Path,
    (before, after): (&BTreeMap<String, Value>, &BTreeMap<String, Value>),
    context: &str,
) {
    let repository = SqliteRepository::open(path).unwrap();
    assert_eq!(repository.check().await.unwrap(), [""; 0], "{context}");
    let content = content(&repository).await;
    for (name, record) in &content {
        let is_known = [before.get(name), after.get(name)].contains(&Some(record));
        assert!(is_known, "{context}: {name} is {record}");
    }
    let is_lost = |name: &&String| after.contains_key(*name) && !content.contains_key(*name);
    let lost: Vec<&String> = before.keys().filter(is_lost).collect();
    assert!(lost.is_empty(), "{context}: {lost:?} are lost");
}

/// Runs again: now, or when the lease of the run before has expired.
async fn run_again(path: &Path, context: &str) {
    match sync_into(path, &after()).await {
        Ok(report) => return assert!(report.complete, "{context}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Lease, "{context}: {error:?}"),
    }
    let repository = SqliteRepository::open(path).unwrap();
    let lease = SyncOptions::new().lease_time + Duration::from_secs(1);
    let later = Timestamp::now().checked_add(lease).unwrap();
    let options = SyncOptions::new().with_run(RunId::random_v7(), later);
    assert!(sync(&task(), &after(), &repository, &options).await.unwrap().complete, "{context}");
}

/// The file after a first run, and what is in it.
async fn first_run(directory: &Path) -> (PathBuf, BTreeMap<String, Value>) {
    let path = directory.join("kept.db");
    sync_into(&path, &before()).await.unwrap();
    let repository = SqliteRepository::open(&path).unwrap();
    let content = content(&repository).await;
    (path, content)
}

async fn syncs() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, known) = first_run(directory.path()).await;
    let other = directory.path().join("undisturbed.db");
    fs::copy(&kept, &other).unwrap();
    sync_into(&other, &after()).await.unwrap();
    let expected = content(&SqliteRepository::open(&other).unwrap()).await;
    let work = async |path: &Path| sync_into(path, &after()).await.map(drop);
    let judge = async |path: &Path, context: &str| {
        assert_between(path, (&known, &expected), context).await;
        run_again(path, context).await;
        let repository = SqliteRepository::open(path).unwrap();
        assert_eq!(content(&repository).await, expected, "{context}");
        assert_eq!(repository.check().await.unwrap(), [""; 0], "{context}");
    };
    at_every_step("sync", &kept, work, judge).await;
}

async fn merges() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, known) = first_run(directory.path()).await;
    let repository = SqliteRepository::open(&kept).unwrap();
    let assets = repository.each_asset(AssetsRequest::new(acme())).await.unwrap();
    let assets: Vec<AssetId> =
        assets.map_ok(|asset| asset.id).try_collect::<Vec<_>>().await.unwrap();
    let two = &assets[..2];
    drop(repository);
    let other = directory.path().join("undisturbed.db");
    fs::copy(&kept, &other).unwrap();
    merge(&other, two).await.unwrap();
    let expected = content(&SqliteRepository::open(&other).unwrap()).await;
    assert_eq!(expected.len() + 1, known.len());
    let judge = async |path: &Path, context: &str| {
        assert_between(path, (&known, &expected), context).await;
        let repository = SqliteRepository::open(path).unwrap();
        let (made, now) = (repository.merges(&acme()).await.unwrap(), content(&repository).await);
        drop(repository);
        assert_eq!(made.is_empty(), now == known, "{context}");
        if made.is_empty() {
            merge(path, two).await.unwrap();
        }
        let repository = SqliteRepository::open(path).unwrap();
        assert_eq!(content(&repository).await, expected, "{context}");
        assert_eq!(repository.merges(&acme()).await.unwrap().len(), 1, "{context}");
    };
    at_every_step("merge", &kept, async |path| merge(path, two).await, judge).await;
}

async fn migrations() {
    let directory = tempfile::tempdir().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kept/version-1.db");
    let other = directory.path().join("undisturbed.db");
    fs::copy(&kept, &other).unwrap();
    let expected = content(&SqliteRepository::open(&other).unwrap()).await;
    assert!(expected.len() > 10, "{} records", expected.len());
    let judge = async |path: &Path, context: &str| {
        let repository = SqliteRepository::open(path).unwrap();
        assert_eq!(content(&repository).await, expected, "{context}");
        assert_eq!(repository.check().await.unwrap(), [""; 0], "{context}");
    };
    let work = async |path: &Path| SqliteRepository::open(path).map(drop);
    at_every_step("migration", &kept, work, judge).await;
}

/// One after the other: they share the disk of the process.
#[tokio::test]
async fn whichever_step_fails_nothing_is_lost_and_the_next_run_converges() {
    mend();
    syncs().await;
    merges().await;
    migrations().await;
}
