//! The programs over an inventory in PostgreSQL, where `DATABASE_URL` names one, as tests/run does. Without it nothing is
//! asked.

use super::*;

/// A schema of its own in the database, and its place for `--inventory`.
async fn place(schema: &str) -> Option<String> {
    let url = std::env::var("DATABASE_URL").ok()?;
    let schema = format!("{schema}_{}", std::process::id());
    let made = connected(&url).await.batch_execute(&format!("CREATE SCHEMA {schema}")).await;
    made.unwrap();
    Some(format!("{url}?options=-csearch_path%3D{schema}"))
}

async fn connected(url: &str) -> deadpool_postgres::tokio_postgres::Client {
    use deadpool_postgres::tokio_postgres::{NoTls, connect};
    let (client, connection) = connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What is found, in any order and without what differs from one inventory to another.
async fn found(place: &str, query: &[&str]) -> Vec<Value> {
    let ran = run("inventory", &[&["--inventory", place], query, &["--json"]].concat(), None).await;
    let mut found = ran.lines();
    for record in &mut found {
        for key in ["id", "attributes", "first_seen", "last_seen"] {
            record.as_object_mut().unwrap().remove(key);
        }
    }
    // Ids decide between equals, and are others in each.
    found.sort_by_key(Value::to_string);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_in_postgres_is_that_of_a_file() {
    let Some(place) = place("programs").await else { return };
    let rig = Rig::new().await;
    let file = rig.file("inventory.db");
    for inventory in [&place, &file] {
        let options = ["--json", "--inventory", inventory];
        let first = rig.sync(&options).await;
        assert_eq!(first.status, 0, "{}", first.stderr);
        assert!(first.json()["computers"]["created"].as_u64() > Some(0));
        let again = rig.sync(&options).await.json();
        assert_eq!(again["computers"]["unchanged"], again["computers"]["read"]);
        assert_eq!(again["users"]["unchanged"], again["users"]["read"]);
    }
    let asked: [&[&str]; 5] = [
        &["assets"],
        &["assets", "os:windows", "--sort", "-os"],
        &["assets", "@ldap.computer.isDisabled:true"],
        &["users", "isDisabled:false"],
        &["groups"],
    ];
    for query in asked {
        assert_eq!(found(&place, query).await, found(&file, query).await, "{query:?}");
    }
    let counted = ["assets", "--facet", "os", "--facet", "source"];
    let count = async |place: &str| {
        run("inventory", &[&["--inventory", place][..], &counted].concat(), None).await.stdout
    };
    assert_eq!(count(&place).await, count(&file).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_makes_no_tables_and_an_absent_inventory_is_said() {
    let Some(place) = place("dry").await else { return };
    let rig = Rig::new().await;
    let dry = rig.sync(&["--dry-run", "--json", "--inventory", &place]).await;
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    let looked = run("inventory", &["--inventory", &place, "assets"], None).await;
    assert!(looked.assert_refused(2).contains("sync --inventory"), "{}", looked.stderr);
    assert_eq!(rig.sync(&["--quiet", "--inventory", &place]).await.status, 0);
    let dry = rig.sync(&["--dry-run", "--json", "--inventory", &place]).await.json();
    assert_eq!(dry["computers"]["unchanged"], dry["computers"]["read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_said_without_its_password() {
    let place = format!("postgres://user:{PASSWORD}@127.0.0.1:1/inventory");
    let looked = run("inventory", &["--inventory", &place, "assets"], None).await;
    assert!(looked.assert_refused(75).contains("database"), "{}", looked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_what_does_not_belong_together() {
    let Some(place) = place("checked").await else { return };
    let rig = Rig::new().await;
    assert_eq!(rig.sync(&["--quiet", "--inventory", &place]).await.status, 0);
    let check = async || run("inventory", &["--inventory", &place, "check"], None).await;
    let sound = check().await;
    assert_eq!((sound.status, &*sound.stdout), (0, ""), "{}", sound.stderr);
    let schema = place.rsplit_once("%3D").unwrap().1;
    let database = connected(&std::env::var("DATABASE_URL").unwrap()).await;
    let damage = format!(
        "SET search_path TO {schema};
         DELETE FROM asset_documents WHERE asset = (SELECT min(asset::text)::uuid FROM asset_documents);
         DELETE FROM assets WHERE id = (SELECT max(id::text)::uuid FROM assets);
         UPDATE users SET document = '{{' WHERE object = (SELECT min(object::text)::uuid FROM users);
         UPDATE assets SET site = 'elsewhere'
         WHERE id = (SELECT max(asset::text)::uuid FROM asset_documents JOIN assets ON id = asset);"
    );
    database.batch_execute(&damage).await.unwrap();
    let damaged = check().await;
    assert_eq!(damaged.status, 1, "{}", damaged.stderr);
    for finding in [
        "the document of an asset is missing",
        "a document is of an asset that is not there",
        "an asset is found by names, and is not there",
        "a link leads to an asset that is not there",
        "a record in the database is damaged",
        "is filed under another site",
    ] {
        let named = damaged.stdout.lines().filter(|line| line.contains(finding)).count();
        assert_eq!(named, 1, "{finding}: {}", damaged.stdout);
    }
}
