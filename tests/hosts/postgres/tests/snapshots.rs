//! Searches see one state, keep their deadline, and hold nothing once nobody waits for them.

use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use host_postgres::{inventory, pool};
use ldap_inventory::asset::{AssetRepository, Batch, Change, DirectoryUser, SearchRequest};
use ldap_inventory::store::PostgresRepository;
use ldap_inventory::value::{BatchId, ObjectGuid, RunId, SiteId, Timestamp};
use ldap_inventory::{ErrorKind, Retry};
use tokio::task::JoinHandle;

use crate::database::{config, schema};
use crate::history;

const USERS: u8 = 3;

/// An inventory with some users, over a pool of one connection, and another way to its tables.
async fn with_users() -> (PostgresRepository, Pool) {
    let schema = schema(&config()).await;
    let inventory = inventory(&pool(&config(), &schema, 1).unwrap()).await.unwrap();
    let users = (0..USERS).map(|n| {
        let dn = format!("CN=user-{n},DC=corp,DC=example").parse().unwrap();
        let object = ObjectGuid::from_bytes([n; 16]);
        let place = (history::organization(), SiteId::new("hq").unwrap());
        let written = (RunId::new_v7(now(), [0; 10]), now());
        let user = DirectoryUser::new(place, (history::source(), object), dn, written);
        Change::PutUser(Box::new(user))
    });
    let id = BatchId::from_u128(1 << 100);
    let batch = Batch::new(id, history::organization(), history::source());
    let _ = inventory.commit(batch.with_changes(users)).await.unwrap();
    (inventory, pool(&config(), &schema, 2).unwrap())
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600).unwrap()
}

fn users(deadline: Duration) -> SearchRequest {
    let all = "".parse().unwrap();
    SearchRequest::new(history::organization(), all, now()).with_deadline(deadline)
}

/// Searches for all users in a task of its own.
fn searching(inventory: &PostgresRepository, deadline: Duration) -> JoinHandle<usize> {
    let (inventory, request) = (inventory.clone(), users(deadline));
    tokio::spawn(async move { inventory.search_users(request).await.unwrap().records.len() })
}

/// Lets nobody read users until the transaction that this begins ends.
async fn lock(client: &Client) {
    client.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
}

/// Waits until so many statements wait for the lock on users.
async fn waiting(pool: &Pool, expected: i64) {
    let client = pool.get().await.unwrap();
    let sql = "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted";
    let begun = std::time::Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(120), "no {expected} statements wait");
        let waiting: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        if waiting == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_search_does_not_see_what_is_written_between_its_statements() {
    let (inventory, pool) = with_users().await;
    let writer = pool.get().await.unwrap();
    lock(&writer).await;
    // Its first statement reads the sources, and its second waits for the users.
    let search = searching(&inventory, LONG);
    waiting(&pool, 1).await;
    writer.batch_execute("DELETE FROM users; COMMIT").await.unwrap();
    assert_eq!(search.await.unwrap(), usize::from(USERS));
    assert_eq!(searching(&inventory, LONG).await.unwrap(), 0);
}

#[tokio::test]
async fn a_slow_search_ends_at_its_deadline_and_leaves_a_connection_for_the_next() {
    let (inventory, pool) = with_users().await;
    let writer = pool.get().await.unwrap();
    lock(&writer).await;
    let late = inventory.search_users(users(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!((late.kind(), late.retry()), (ErrorKind::Timeout, Retry::Never), "{late}");
    assert_eq!(late.operation(), Some("search_users"));
    waiting(&pool, 0).await;
    writer.batch_execute("COMMIT").await.unwrap();
    assert_eq!(searching(&inventory, LONG).await.unwrap(), usize::from(USERS));
}

#[tokio::test]
async fn a_search_that_is_given_up_is_stopped_and_keeps_no_connection() {
    let (inventory, pool) = with_users().await;
    let writer = pool.get().await.unwrap();
    lock(&writer).await;
    let search = searching(&inventory, LONG);
    waiting(&pool, 1).await;
    search.abort();
    // The pool has one connection, and the lock still stands.
    assert_eq!(inventory.sources(&history::organization()).await.unwrap(), [history::source()]);
    waiting(&pool, 0).await;
}
