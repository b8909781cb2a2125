use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::asset::{Change, Claim, Presence, SourceRecord};
use crate::query::Query;
use crate::value::{BatchId, ObjectGuid, ObjectKind, RecordDigest, Timestamp};
use crate::{ErrorKind, Retry};

/// A file as the first version of the schema has it. Never changed.
const VERSION_1: &str = include_str!("schema/1.sample.sql");

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn corp() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600 + seconds).unwrap()
}

fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_bytes([n; 16])
}

/// The asset that is in the sample of version 1.
fn web1() -> Asset {
    let mut asset = Asset::new(AssetId::from_u128(1), acme(), "hq".parse().unwrap());
    let mut part = SourceRecord::new(0, corp(), "@ldap.computer", at(1));
    part.object = Some(guid(1));
    part.since = None;
    part.attributes =
        [("cn", "WEB1"), ("memberOf", "CN=A"), ("memberOf", "CN=B")].into_iter().collect();
    asset.parts.push(part);
    asset.names.push(Claim::new("web1.corp.example".parse().unwrap(), 0, None, at(1)));
    asset.os.push(Claim::new("Windows Server 2022".to_owned(), 0, None, at(1)));
    asset
}

fn link() -> Link {
    Link {
        object: guid(1),
        kind: ObjectKind::Computer,
        asset: Some(AssetId::from_u128(1)),
        home: None,
        digest: RecordDigest([7; 16]),
        dn_digest: RecordDigest([8; 16]),
        attributes: 9,
        presence: Presence::Missing { since: at(2), runs: 3 },
        seen: None,
    }
}

fn first_batch() -> Batch {
    let put = Change::create(web1());
    Batch::new(BatchId::from_u128(1), acme(), corp())
        .with_changes([put, Change::PutLink { link: link(), was: None }])
}

/// Two at once see all assets, each as it is when it is asked for by its id.
#[tokio::test]
async fn who_looks_at_all_assets_may_ask_for_other_things_meanwhile() {
    let repository = SqliteRepository::open_in_memory().unwrap();
    let puts = (1..=2 * RECORDS as u128 + 1).map(|n| {
        let mut asset = Asset { id: AssetId::from_u128(n), ..web1() };
        asset.parts[0].object = None;
        Change::create(asset)
    });
    let batch = Batch::new(BatchId::from_u128(1), acme(), corp()).with_changes(puts);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    let look = async || {
        let mut count = 0;
        let mut all = repository.each_asset(AssetsRequest::new(acme())).await.unwrap();
        while let Some(asset) = all.try_next().await.unwrap() {
            let again = repository.assets(&acme(), &[asset.id]).await.unwrap();
            assert_eq!(again, [asset]);
            count += 1;
        }
        count
    };
    let both = async { futures::join!(look(), look()) };
    let counts = tokio::time::timeout(Duration::from_secs(120), both).await.expect("an end");
    assert_eq!(counts, (2 * RECORDS + 1, 2 * RECORDS + 1));
}

#[tokio::test]
async fn links_users_and_groups_are_read_page_by_page_to_the_last() {
    const ALL: usize = LINKS + 1;
    let repository = SqliteRepository::open_in_memory().unwrap();
    let place = |n: usize| ObjectGuid::from_bytes((n as u128).to_be_bytes());
    let user = |n| DirectoryUser {
        organization: acme(),
        site: "hq".parse().unwrap(),
        source: corp(),
        object: place(n),
        sid: None,
        dn: format!("CN=u{n},DC=corp,DC=example").parse().unwrap(),
        groups: Vec::new(),
        attributes: Default::default(),
        presence: Presence::Present,
        run: RunId::from_u128(1),
        written: at(1),
    };
    let group = |n| DirectoryGroup {
        organization: acme(),
        site: "hq".parse().unwrap(),
        source: corp(),
        object: place(n),
        sid: None,
        dn: format!("CN=g{n},DC=corp,DC=example").parse().unwrap(),
        members: Vec::new(),
        complete: true,
        attributes: Default::default(),
        presence: Presence::Present,
        run: RunId::from_u128(1),
        written: at(1),
    };
    let links = (0..ALL).map(|n| Link { object: place(n), asset: None, ..link() });
    let links = links.map(|link| Change::PutLink { link, was: None });
    let users = (0..=RECORDS).map(|n| Change::PutUser(Box::new(user(n))));
    let groups = (0..=RECORDS).map(|n| Change::PutGroup(Box::new(group(n))));
    let batch = Batch::new(BatchId::from_u128(1), acme(), corp())
        .with_changes(links.chain(users).chain(groups));
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
    assert_eq!(links.try_collect::<Vec<_>>().await.unwrap().len(), ALL);
    let users = repository.each_user(PrincipalsRequest::new(acme())).await.unwrap();
    assert_eq!(users.try_collect::<Vec<_>>().await.unwrap().len(), RECORDS + 1);
    let groups = repository.each_group(PrincipalsRequest::new(acme())).await.unwrap();
    assert_eq!(groups.try_collect::<Vec<_>>().await.unwrap().len(), RECORDS + 1);
}

async fn assert_is_the_sample(repository: &SqliteRepository) {
    assert!(repository.check().await.unwrap().is_empty());
    let keys: Vec<MatchKey> = web1().match_keys().into_iter().collect();
    assert_eq!(repository.candidates(&acme(), &keys).await.unwrap(), [web1()]);
    let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
    assert_eq!(links.try_collect::<Vec<_>>().await.unwrap(), [link()]);
    let query = Query::parse("source:ldap os:windows name:web1").unwrap();
    let found = repository.search_assets(SearchRequest::new(acme(), query, at(9))).await.unwrap();
    assert_eq!(found.records, [web1()]);
    assert_eq!(repository.commit(first_batch()).await.unwrap(), CommitOutcome::AlreadyApplied);
}

fn file(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("inventory.db")
}

/// Gives a file the documents that versions 1 to 3 had, and takes away what came later.
fn unpack(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT document FROM asset_documents";
    let packed: Vec<u8> = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let document = String::from_utf8(packed::unpack(&packed).unwrap()).unwrap();
    let sql = "DROP TABLE asset_documents;
               CREATE TABLE asset_documents (
                   asset INTEGER PRIMARY KEY REFERENCES assets ON DELETE CASCADE,
                   document TEXT NOT NULL
               ) STRICT;
               DROP TABLE feed_entries;
               ALTER TABLE organizations DROP COLUMN feed_end;
               ALTER TABLE organizations DROP COLUMN feed_first;";
    connection.execute_batch(sql).unwrap();
    connection.execute("INSERT INTO asset_documents VALUES (1, ?1)", [document]).unwrap();
}

/// Alters the last octet of each document.
const ALTERED: &str = "UPDATE asset_documents SET document = CAST(
    substr(document, 1, length(document) - 1) ||
        iif(substr(document, -1) = x'7d', x'7b', x'7d') AS BLOB)";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A closed file that holds the sample, as the present version writes it.
async fn written(directory: &TempDir) -> std::path::PathBuf {
    let path = file(directory);
    let repository = SqliteRepository::open(&path).unwrap();
    assert_eq!(repository.commit(first_batch()).await.unwrap(), CommitOutcome::Applied);
    path
}

#[tokio::test]
async fn a_file_of_version_1_is_read_and_brought_up_to_date() {
    let directory = TempDir::new().unwrap();
    execute(&file(&directory), VERSION_1);
    let repository = SqliteRepository::open(file(&directory)).unwrap();
    assert_is_the_sample(&repository).await;
}

#[tokio::test]
async fn a_file_that_is_brought_up_to_date_is_indexed_anew() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory);
    execute(&path, VERSION_1);
    let forgotten = "UPDATE assets SET os = 'as another version had it', name = NULL, sources = '';
                     UPDATE asset_signatures SET bits = zeroblob(256);
                     DELETE FROM asset_names; DELETE FROM asset_texts; DELETE FROM match_keys;
                     INSERT INTO match_keys VALUES (1, 's:other', 1)";
    execute(&path, forgotten);
    let repository = SqliteRepository::open(&path).unwrap();
    assert_is_the_sample(&repository).await;
    let query = Query::parse("@ldap.computer.cn:web1").unwrap();
    let found = repository.search_assets(SearchRequest::new(acme(), query, at(9))).await.unwrap();
    assert_eq!(found.records, [web1()]);
    let stale: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM match_keys WHERE key = 's:other'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stale, 0);
}

/// What is said in the log meanwhile, which is written in this directory.
pub(super) fn logged<T>(directory: &Path, happens: impl FnOnce() -> T) -> String {
    let log = directory.join("log");
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::fs::File::create(&log).unwrap())
        .finish();
    tracing::subscriber::with_default(subscriber, happens);
    std::fs::read_to_string(&log).unwrap()
}

#[test]
fn whoever_waits_for_a_file_to_be_brought_up_to_date_is_told_how_far_it_is() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory);
    execute(&path, VERSION_1);
    let opened = || logged(directory.path(), || SqliteRepository::open(&path).unwrap());
    let told = opened();
    assert!(told.contains("bringing the inventory file up to date from=1 "), "{told}");
    assert!(told.contains("indexing the inventory anew assets=1"), "{told}");
    std::fs::remove_file(&path).unwrap();
    let told = opened();
    assert!(!told.contains("up to date"), "a new file is as new as can be: {told}");
}

#[tokio::test]
async fn a_file_of_version_2_finds_aliases_by_name_once_it_is_brought_up_to_date() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory);
    let mut asset = web1();
    let mut alias = asset.names[0].clone();
    (alias.value, alias.until) = ("old-web".parse().unwrap(), Some(at(8)));
    asset.names.push(alias);
    {
        let repository = SqliteRepository::open(&path).unwrap();
        let put = Change::create(asset.clone());
        let batch = Batch::new(BatchId::from_u128(1), acme(), corp()).with_changes([put]);
        assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    }
    unpack(&path);
    execute(&path, "DELETE FROM asset_names WHERE text = 'old-web'; PRAGMA user_version = 2");
    let repository = SqliteRepository::open(&path).unwrap();
    for query in ["old-web", "name:=old-web", "alias:old-web", "name_count:2"] {
        let query = Query::parse(query).unwrap();
        let request = SearchRequest::new(acme(), query, at(9));
        assert_eq!(repository.search_assets(request).await.unwrap().records, [asset.clone()]);
    }
}

#[test]
fn a_file_that_cannot_be_brought_up_to_date_is_left_as_it_was() {
    let asset = AssetId::from_u128(1).to_string();
    for (damage, name) in [
        ("UPDATE asset_documents SET document = '{}'", asset.as_str()),
        ("UPDATE asset_documents SET document = '{'", "asset"),
        ("INSERT INTO runs VALUES (1, zeroblob(16), 0, '{')", "run"),
        ("INSERT INTO users VALUES (1, 1, zeroblob(16), '[')", "object"),
    ] {
        let directory = TempDir::new().unwrap();
        let path = file(&directory);
        execute(&path, &format!("{VERSION_1}{damage}"));
        let error = SqliteRepository::open(&path).expect_err(damage);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never), "{damage}");
        assert!(error.to_string().contains(name), "{damage}: {error}");
        let connection = Connection::open(&path).unwrap();
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'sightings'";
        let new: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!((version, new), (1, 0), "{damage}");
    }
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    assert_is_the_sample(&SqliteRepository::open(&path).unwrap()).await;
}

#[tokio::test]
async fn opening_and_reading_changes_no_byte() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let before = std::fs::read(&path).unwrap();
    let repository = SqliteRepository::open(&path).unwrap();
    assert!(repository.check().await.unwrap().is_empty());
    drop(repository);
    assert!(before == std::fs::read(&path).unwrap());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    execute(&path, "PRAGMA user_version = 99");
    let before = std::fs::read(&path).unwrap();
    let error = SqliteRepository::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(before == std::fs::read(&path).unwrap());
}

#[test]
fn the_database_of_another_application_is_refused_and_left_alone() {
    for (sql, said) in [
        ("CREATE TABLE customers (id)", "another application"),
        ("PRAGMA user_version = 1; PRAGMA application_id = 7", "another application"),
        ("PRAGMA user_version = 1; PRAGMA application_id = 0x4c44496e", "by a draft"),
    ] {
        let directory = TempDir::new().unwrap();
        let path = file(&directory);
        execute(&path, sql);
        let before = std::fs::read(&path).unwrap();
        let error = SqliteRepository::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(before == std::fs::read(&path).unwrap());
    }
}

#[tokio::test]
async fn what_somebody_else_put_into_a_file_is_refused_by_name_and_left_alone() {
    for (foreign, name) in [
        ("CREATE TRIGGER assets AFTER INSERT ON runs BEGIN DELETE FROM assets; END", "trigger"),
        ("CREATE TRIGGER sqliteX AFTER INSERT ON links BEGIN DELETE FROM links; END", "sqliteX"),
        ("CREATE VIEW everybody AS SELECT * FROM users", "everybody"),
        ("CREATE TABLE theirs (id)", "theirs"),
        ("CREATE INDEX by_site ON assets (site)", "by_site"),
        ("ALTER TABLE assets ADD COLUMN mine TEXT DEFAULT 'x'", "assets"),
        ("DROP VIEW asset_sources; CREATE VIEW asset_sources AS SELECT 1", "asset_sources"),
    ] {
        let directory = TempDir::new().unwrap();
        let path = written(&directory).await;
        execute(&path, foreign);
        let before = std::fs::read(&path).unwrap();
        for opened in [SqliteRepository::open(&path), SqliteRepository::open_read_only(&path)] {
            let error = opened.expect_err(foreign);
            assert_eq!(error.kind(), ErrorKind::Configuration, "{foreign}");
            assert!(error.to_string().contains(name), "{foreign}: {error}");
        }
        assert!(before == std::fs::read(&path).unwrap());
    }
}

#[tokio::test]
async fn a_trigger_that_comes_after_the_file_was_opened_does_nothing() {
    let directory = TempDir::new().unwrap();
    let repository = SqliteRepository::open(file(&directory)).unwrap();
    execute(
        &file(&directory),
        "CREATE TRIGGER late AFTER INSERT ON links BEGIN DELETE FROM asset_documents; END",
    );
    assert_eq!(repository.commit(first_batch()).await.unwrap(), CommitOutcome::Applied);
    assert_is_the_sample(&repository).await;
}

#[tokio::test]
async fn statistics_of_sqlite_are_nobodys() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    execute(&path, "ANALYZE");
    assert_is_the_sample(&SqliteRepository::open(&path).unwrap()).await;
}

#[tokio::test]
async fn a_check_finds_what_does_not_agree_with_the_records() {
    let asset = AssetId::from_u128(1).to_string();
    let object = guid(1).to_string();
    for (damage, name) in [
        ("UPDATE asset_documents SET document = x'7b'", asset.as_str()),
        (ALTERED, &asset),
        ("DELETE FROM asset_documents", &asset),
        ("UPDATE assets SET version = version + 1", "version"),
        ("UPDATE assets SET os = 'another'", &asset),
        ("UPDATE assets SET id = zeroblob(16)", "key"),
        ("UPDATE asset_names SET text = 'another'", "names"),
        ("DELETE FROM asset_names", "names"),
        ("DELETE FROM asset_texts", "source"),
        ("INSERT INTO asset_texts VALUES (1, 3, 0, '10.0.0.1', NULL)", "address"),
        ("DELETE FROM match_keys", "match keys"),
        ("UPDATE match_keys SET organization = 7", "match keys"),
        ("UPDATE asset_signatures SET bits = zeroblob(256)", "signature"),
        ("DELETE FROM asset_signatures", "signature"),
        ("UPDATE links SET asset = zeroblob(16)", &object),
        ("UPDATE links SET kind = 9", &object),
        ("UPDATE links SET source = 7", "links"),
        ("INSERT INTO users VALUES (1, 1, zeroblob(16), '[')", "damaged"),
        ("INSERT INTO runs VALUES (1, zeroblob(16), 0, '{')", "run"),
        ("INSERT INTO merges VALUES (1, zeroblob(16), 0, '{')", "merge"),
    ] {
        let directory = TempDir::new().unwrap();
        let path = written(&directory).await;
        assert!(SqliteRepository::open(&path).unwrap().check().await.unwrap().is_empty());
        execute(
            &path,
            &format!("PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0; {damage}"),
        );
        for opened in [SqliteRepository::open(&path), SqliteRepository::open_read_only(&path)] {
            let findings = opened.unwrap().check().await.unwrap();
            assert!(
                findings.iter().any(|finding| finding.contains(name)),
                "{damage}: {findings:?}"
            );
            assert!(findings.iter().all(|finding| finding.lines().count() == 1), "{findings:?}");
        }
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = file(&directory);
    let text = "name,os\nweb1,Linux\n".repeat(1_000);
    std::fs::write(&path, &text).unwrap();
    let error = SqliteRepository::open(&path).unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never));
    assert!(error.to_string().contains("inventory.db"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let error = SqliteRepository::open(directory.path().join("no/such/folder.db")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let asset = AssetId::from_u128(1).to_string();
    let object = guid(1).to_string();
    let empty =
        format!("UPDATE asset_documents SET document = x'{}'", hex(&packed::pack(b"{}").unwrap()));
    let damages = [
        (ALTERED, asset.as_str()),
        ("UPDATE asset_documents SET document = x'7b'", &asset),
        ("UPDATE asset_documents SET document = x''", &asset),
        ("UPDATE asset_documents SET document = substr(document, 1, length(document) - 1)", &asset),
        (&empty, &asset),
        ("UPDATE links SET kind = 9", &object),
        ("UPDATE links SET presence = 1, since = NULL", &object),
        ("UPDATE links SET presence = 1, runs = -1", &object),
        ("UPDATE links SET since = 9223372036854775807", &object),
        ("UPDATE links SET digest = x'00'", &object),
        ("UPDATE links SET asset = zeroblob(17)", &object),
        ("UPDATE links SET object = x'01'", "link"),
    ];
    for (damage, name) in damages {
        let directory = TempDir::new().unwrap();
        let path = written(&directory).await;
        execute(&path, &format!("PRAGMA ignore_check_constraints = 1; {damage}"));
        let repository = SqliteRepository::open(&path).unwrap();
        let assets = repository.assets(&acme(), &[AssetId::from_u128(1)]).await;
        let links: Result<Vec<Link>> =
            match repository.links(LinksRequest::new(acme(), corp())).await {
                Ok(links) => links.try_collect().await,
                Err(error) => Err(error),
            };
        let error = assets.err().or(links.err()).unwrap_or_else(|| panic!("{damage}"));
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never), "{damage}");
        assert!(error.to_string().contains(name), "{damage}: {error}");
    }
}

#[tokio::test]
async fn a_damaged_lease_is_an_error() {
    for damage in ["lease_holder = x'00'", "lease_expires = -9223372036854775808"] {
        let directory = TempDir::new().unwrap();
        let path = written(&directory).await;
        let sql = "PRAGMA ignore_check_constraints = 1;
                   UPDATE sources SET lease_holder = zeroblob(16), lease_expires = 0;
                   UPDATE sources SET ";
        execute(&path, &format!("{sql}{damage}"));
        let repository = SqliteRepository::open(&path).unwrap();
        let (run, ttl) = (RunId::from_u128(1), Duration::from_secs(1));
        let error = repository
            .acquire_lease(LeaseRequest::new(acme(), corp(), run, at(0), ttl))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_by_a_check() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let checked = match SqliteRepository::open(&path) {
        Ok(repository) => repository.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(findings) => assert_ne!(findings, [""; 0]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Store),
    }
}

#[tokio::test]
async fn two_openings_of_one_file_see_each_other() {
    let directory = TempDir::new().unwrap();
    let one = SqliteRepository::open(file(&directory)).unwrap();
    let two = SqliteRepository::open(file(&directory)).unwrap();
    assert_eq!(one.commit(first_batch()).await.unwrap(), CommitOutcome::Applied);
    assert_is_the_sample(&two).await;
    let (ttl, run) = (Duration::from_secs(60), RunId::from_u128);
    two.acquire_lease(LeaseRequest::new(acme(), corp(), run(1), at(0), ttl)).await.unwrap();
    let error =
        one.acquire_lease(LeaseRequest::new(acme(), corp(), run(2), at(0), ttl)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lease);
}

#[tokio::test]
async fn who_looks_alone_reads_everything_and_writes_nothing() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let auditor = SqliteRepository::open_read_only(&path).unwrap();
    let keys: Vec<MatchKey> = web1().match_keys().into_iter().collect();
    assert_eq!(auditor.candidates(&acme(), &keys).await.unwrap(), [web1()]);
    let batch = Batch::new(BatchId::from_u128(9), acme(), corp());
    let error = auditor.commit(batch).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never), "{error}");
    // What somebody else writes meanwhile is seen.
    let writer = SqliteRepository::open(&path).unwrap();
    let asset = Box::new(Asset { id: AssetId::from_u128(2), ..web1() });
    let put = Change::PutAsset { expected: None, asset, changed: None };
    let batch = Batch::new(BatchId::from_u128(2), acme(), corp()).with_changes([put]);
    assert_eq!(writer.commit(batch).await.unwrap(), CommitOutcome::Applied);
    assert_eq!(auditor.assets(&acme(), &[AssetId::from_u128(2)]).await.unwrap().len(), 1);
    let absent = SqliteRepository::open_read_only(directory.path().join("absent")).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::Store);
    assert!(!directory.path().join("absent").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_nobody_may_write_is_read_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let permit = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
    permit(0o444).unwrap();
    let auditor = SqliteRepository::open_read_only(&path).unwrap();
    assert_eq!(auditor.assets(&acme(), &[AssetId::from_u128(1)]).await.unwrap(), [web1()]);
    let batch = Batch::new(BatchId::from_u128(9), acme(), corp());
    let error = auditor.commit(batch.clone()).await.unwrap_err();
    assert!(error.to_string().contains("may only be read"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    permit(0o644).unwrap();
    let writer = SqliteRepository::open(&path).unwrap();
    assert_eq!(writer.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

#[tokio::test]
async fn the_lease_of_a_dead_process_keeps_nobody_away() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let (ttl, run) = (Duration::from_secs(60), RunId::from_u128);
    let request = |holder| LeaseRequest::new(acme(), corp(), run(holder), at(0), ttl);
    let alive = SqliteRepository::open(&path).unwrap();
    let first = alive.acquire_lease(request(1)).await.unwrap();
    let other = SqliteRepository::open(&path).unwrap();
    assert_eq!(other.acquire_lease(request(2)).await.unwrap_err().kind(), ErrorKind::Lease);
    // With its last handle a process lets go of its files, as if it were killed.
    drop(alive);
    let second = other.acquire_lease(request(2)).await.unwrap();
    assert!(second.token > first.token);
    other.release_lease(&acme(), &corp(), run(2)).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    let is_lease = |name: &str| name.contains("-lease-");
    let names = left.into_iter().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| is_lease(&name)), "a file was left behind");
}

#[tokio::test]
async fn a_commit_that_fails_half_way_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    // The disk is full after a few pages more.
    let repository = SqliteRepository::open(&path).unwrap();
    let limit = |connection: &mut Connection| -> failure::Outcome<()> {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(connection.pragma_update_and_check(None, "max_page_count", pages + 8, |_| Ok(()))?)
    };
    repository.connections.write("limit", limit).await.unwrap();
    let assets = (2..1_000_u128).map(|n| {
        let mut asset = web1();
        asset.id = AssetId::from_u128(n);
        Change::create(asset)
    });
    let batch = Batch::new(BatchId::from_u128(2), acme(), corp()).with_changes(assets);
    let error = repository.commit(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("full"), "{error}");
    assert_is_the_sample(&repository).await;
    drop(repository);
    assert_is_the_sample(&SqliteRepository::open(&path).unwrap()).await;
}

/// What counts how often it was interrupted.
#[derive(Clone, Default)]
struct Counting(std::sync::Arc<AtomicUsize>);

impl lending::Lent for Counting {
    type Handle = Self;

    fn handle(&self) -> Self {
        self.clone()
    }
}

impl lending::Interrupt for Counting {
    fn interrupt(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_search_is_interrupted_while_it_runs_and_no_one_else() {
    let (idle, lent) = (lending::Idle::new(), Counting::default());
    let interrupted = || lent.0.load(Ordering::Relaxed);
    let open = || Ok::<_, std::convert::Infallible>(lent.clone());
    let (search, waiter) = lending::Search::awaited();
    assert_eq!(idle.lend(&search, open, |_| Ok(1)), Ok(Some(1)));
    drop(waiter);
    assert_eq!(interrupted(), 0, "it is done, and another search may have it");
    let (search, waiter) = lending::Search::awaited();
    let given_up = idle.lend(&search, open, |_| {
        drop(waiter);
        Ok(search.is_given_up())
    });
    assert_eq!((given_up, interrupted()), (Ok(Some(true)), 1));
    let (search, waiter) = lending::Search::awaited();
    drop(waiter);
    assert_eq!(idle.lend(&search, open, |_| Ok(3)), Ok(None), "nobody waits for it");
    assert_eq!(interrupted(), 1);
}

#[test]
fn an_interrupt_ends_what_a_connection_runs() {
    let connection = Connection::open_in_memory().unwrap();
    let mut statement = connection.prepare("VALUES (1), (2)").unwrap();
    let mut rows = statement.query([]).unwrap();
    assert!(rows.next().unwrap().is_some());
    lending::Interrupt::interrupt(&lending::Lent::handle(&connection));
    assert!(rows.next().is_err());
}

/// A search without an end.
fn endless(transaction: &Transaction<'_>) -> failure::Outcome<i64> {
    let sql =
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
    Ok(transaction.query_row(sql, [], |row| row.get(0))?)
}

/// Whether a search went on that nobody waited for.
static WENT_ON: AtomicBool = AtomicBool::new(false);

/// One without an end as well, of statements that each are done at once. It gives up when nobody has ended it for long.
fn endless_in_small_steps(transaction: &Transaction<'_>) -> failure::Outcome<i64> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let mut statement = transaction.prepare_cached("SELECT number FROM organizations")?;
        statement.query_row([], |row| row.get::<_, i64>(0))?;
    }
    WENT_ON.store(true, Ordering::Relaxed);
    Ok(0)
}

const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_at_its_deadline_and_the_next_one_is_served() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let writing = SqliteRepository::open(&path).unwrap();
    let reading = SqliteRepository::open_read_only(&path).unwrap();
    for repository in [writing, reading] {
        for search in [endless, endless_in_small_steps] {
            for _ in 0..10 {
                let soon = Duration::from_millis(20);
                let found = repository.connections.search("search", soon, search).await;
                let error = found.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            }
        }
        // All connections are given back: none has a search left that goes on.
        assert_is_found(&repository).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_hold_up_no_run_and_end_with_whoever_asked() {
    let directory = TempDir::new().unwrap();
    let path = written(&directory).await;
    let repository = SqliteRepository::open(&path).unwrap();
    let start = |search: fn(&Transaction<'_>) -> failure::Outcome<i64>| {
        let connections = repository.connections.clone();
        tokio::spawn(async move { connections.search("search", NEVER, search).await })
    };
    let searches = [endless, endless_in_small_steps].into_iter().cycle().take(10);
    let searches: Vec<_> = searches.map(start).collect();
    // A run reads and writes as if there were none of them.
    let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
    assert_eq!(links.try_collect::<Vec<_>>().await.unwrap(), [link()]);
    let batch = Batch::new(BatchId::from_u128(2), acme(), corp());
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    for search in searches {
        search.abort();
        assert!(search.await.unwrap_err().is_cancelled());
    }
    assert_is_found(&repository).await;
}

async fn assert_is_found(repository: &SqliteRepository) {
    let query = Query::parse("name:web1").unwrap();
    let request = SearchRequest::new(acme(), query, at(9)).with_deadline(NEVER);
    let found = repository.search_assets(request.clone()).await.unwrap();
    assert_eq!(found.records, [web1()]);
    assert_eq!(repository.count_assets(request, &[]).await.unwrap().total, 1);
    assert!(!WENT_ON.load(Ordering::Relaxed), "a search held a connection that nobody waited for");
}
