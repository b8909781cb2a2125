//! Databases that are opened, and those that are refused.

use deadpool_postgres::Pool;
use deadpool_postgres::tokio_postgres::Config;
use futures::future::join_all;
use host_postgres::{inventory, pool};
use ldap_inventory::asset::{AssetRepository, LinksRequest};
use ldap_inventory::{ErrorKind, Result, Retry};

use crate::database::{config, execute, schema};
use crate::history;

async fn opened() -> Pool {
    let pool = pool(&config(), &schema(&config()).await, 4).unwrap();
    inventory(&pool).await.unwrap();
    pool
}

async fn count(pool: &Pool, sql: &str) -> i64 {
    pool.get().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

const OWN_TABLES: &str =
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_open_a_new_database_at_once_make_its_tables_once() {
    let schema = schema(&config()).await;
    let hosts = (0..8).map(|_| async {
        let pool = pool(&config(), &schema, 1).unwrap();
        inventory(&pool).await.unwrap().sources(&history::organization()).await.unwrap()
    });
    assert!(join_all(hosts).await.iter().all(Vec::is_empty));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let pool = opened().await;
    execute(&pool, "UPDATE inventory_schema SET version = 99").await;
    let error = inventory(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(count(&pool, "SELECT version FROM inventory_schema").await, 99);
}

#[tokio::test]
async fn the_tables_of_another_application_are_refused_and_left_alone() {
    let pool = pool(&config(), &schema(&config()).await, 1).unwrap();
    execute(&pool, "CREATE TABLE users (name text)").await;
    let error = inventory(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("users"), "{error}");
    assert_eq!(count(&pool, OWN_TABLES).await, 1);
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_refused() {
    let pool = pool(&config(), "no_such_schema", 1).unwrap();
    let error = inventory(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("search_path"), "{error}");
}

#[tokio::test]
async fn a_user_who_may_make_no_tables_opens_what_is_up_to_date() {
    let owner = opened().await;
    let schema: String = {
        let client = owner.get().await.unwrap();
        client.query_one("SELECT current_schema()::text", &[]).await.unwrap().get(0)
    };
    let role = format!("{schema}_reader");
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};"
    );
    execute(&owner, &grant).await;
    let mut reader = config();
    reader.user(&role);
    let reader = pool(&reader, &schema, 1).unwrap();
    let looking = inventory(&reader).await.unwrap();
    assert!(looking.sources(&history::organization()).await.unwrap().is_empty());
    let error = looking.commit(history::batch(0)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Configuration, Retry::Never));
    execute(&owner, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// What was written before events were kept was told to nobody, and nobody takes that for nothing.
#[tokio::test]
async fn whoever_follows_what_an_earlier_version_wrote_begins_with_the_inventory() {
    let pool = opened().await;
    let acme = history::organization();
    let _ = inventory(&pool).await.unwrap().commit(history::batch(0)).await.unwrap();
    let earlier =
        "DROP TABLE feed_entries; DROP TABLE feed_extents; UPDATE inventory_schema SET version = 1";
    execute(&pool, earlier).await;
    let inventory = inventory(&pool).await.unwrap();
    let error = inventory.events_since(&acme, None, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Outdated);
    let end = inventory.events_end(&acme).await.unwrap();
    assert_eq!(inventory.events_since(&acme, Some(&end), 1).await.unwrap(), []);
    let _ = inventory.commit(history::batch(1)).await.unwrap();
    let told = inventory.events_since(&acme, Some(&end), 100).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|event| event.kind).collect();
    assert_eq!(told, history::batch(1).events());
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    for (damage, name) in [
        ("UPDATE asset_documents SET document = '{'", "asset: "),
        ("UPDATE links SET kind = 9", "link: "),
        ("UPDATE links SET presence = 1, since = NULL", "link: "),
        ("UPDATE links SET digest = ''", "link: "),
        ("DELETE FROM sightings", "sighting: "),
    ] {
        let pool = opened().await;
        let inventory = inventory(&pool).await.unwrap();
        for n in 0..3 {
            let _ = inventory.commit(history::batch(n)).await.unwrap();
        }
        execute(&pool, damage).await;
        let (organization, source) = (history::organization(), history::source());
        let id = history_asset();
        let assets = inventory.assets(&organization, &[id]).await.err();
        let links = read_links(&inventory, LinksRequest::new(organization, source)).await.err();
        let error = assets.or(links).unwrap_or_else(|| panic!("{damage}"));
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never), "{damage}");
        assert!(error.to_string().contains(name), "{damage}: {error}");
    }
}

#[tokio::test]
async fn a_check_names_every_record_that_is_damaged() {
    for (damage, told) in [
        ("UPDATE asset_documents SET document = '{'", "asset: "),
        ("UPDATE asset_signatures SET bits = ~bits", "filed under another signature"),
        ("UPDATE runs SET document = '{'", "run: "),
        ("UPDATE checkpoints SET document = '{'", "checkpoint of source: "),
        ("UPDATE feed_entries SET document = '{'", "events: "),
    ] {
        let pool = opened().await;
        let inventory = inventory(&pool).await.unwrap();
        for n in 0..3 {
            let _ = inventory.commit(history::batch(n)).await.unwrap();
        }
        assert_eq!(inventory.check().await.unwrap(), Vec::<String>::new());
        let damaged = pool.get().await.unwrap().execute(damage, &[]).await.unwrap();
        let findings = inventory.check().await.unwrap();
        assert!(damaged > 0 && findings.len() as u64 == damaged, "{damage}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.contains(told)), "{damage}: {findings:?}");
    }
}

#[tokio::test]
async fn rows_that_contradict_each_other_are_no_passing_failure() {
    let pool = opened().await;
    let inventory = inventory(&pool).await.unwrap();
    let term = "INSERT INTO asset_terms (organization, asset, field, position, text)
                SELECT 'acme', $1::text::uuid, 0, 0, 'nobody'";
    let client = pool.get().await.unwrap();
    client.execute(term, &[&history_asset().to_string()]).await.unwrap();
    let error = inventory.commit(history::batch(0)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Never), "{error}");
    assert!(error.to_string().contains("inventory check"), "{error}");
    let findings = inventory.check().await.unwrap();
    assert!(findings[0].contains("is found by names, and is not there"), "{findings:?}");
}

fn history_asset() -> ldap_inventory::value::AssetId {
    ldap_inventory::value::AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(0)
}

async fn read_links(inventory: &dyn AssetRepository, request: LinksRequest) -> Result<usize> {
    use futures::TryStreamExt;
    Ok(inventory.links(request).await?.try_collect::<Vec<_>>().await?.len())
}

#[tokio::test]
async fn no_error_holds_the_password() {
    let password = "correct-horse-battery";
    let refused: Config =
        format!("postgres://nobody:{password}@127.0.0.1:1/inventory").parse().unwrap();
    let mut unknown = config();
    unknown.user("nobody").password(password).dbname("no_such_database");
    for (database, retry) in [(refused, Retry::Transient), (unknown, Retry::Never)] {
        let error = inventory(&pool(&database, "public", 1).unwrap()).await.unwrap_err();
        let told = format!("{error:?} {}", error.report());
        assert!(!told.contains(password), "{told}");
        assert_eq!(error.retry(), retry, "{told}");
    }
}
