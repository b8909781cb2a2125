//! The program over an inventory that is kept, in a file or in PostgreSQL: what was in it is there when it is started again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use deadpool_postgres::tokio_postgres::{NoTls, connect};
use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
use tempfile::TempDir;

use crate::browser::{Browser, assets};

const PASSWORD: &str = "canary-7f3a";

/// The console as a process of its own, and somebody who has come in.
struct Program {
    _process: Process,
    browser: Browser,
}

/// It ends with this.
struct Process(Child);

impl Program {
    async fn start(inventory: &str, state: &TempDir) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_console"))
            .args(["--inventory", inventory, "--listen", "127.0.0.1:0", "--organization", "acme"])
            .arg("--state")
            .arg(state.path().join("state"))
            .env("INVENTORY_CONSOLE_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = Process(process.unwrap());
        let lines = BufReader::new(process.0.stderr.take().unwrap()).lines();
        let mut said = lines.map(Result::unwrap);
        let link = said.find_map(|line| Some(line.strip_prefix("open http://")?.to_owned()));
        let link = link.unwrap();
        let (address, token) = link.split_once("/?token=").unwrap();
        let browser = Browser::enter(address.parse().unwrap(), token).await;
        Self { _process: process, browser }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Works with a console over an inventory, and with another one over the same.
async fn check(inventory: &str) {
    let directory = TestDirectory::generated(1, 12, 3, 2);
    directory.write().add_account("reader", PASSWORD).unwrap();
    let tls = ServerTls::self_signed(&["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory).with_ldaps(tls).start().await.unwrap();
    let (url, pin) = (server.url(), server.thumbprint().unwrap());
    let state = TempDir::new().unwrap();

    let first = Program::start(inventory, &state).await;
    let browser = &first.browser;
    let credential =
        [("id", "reader"), ("servers", &url), ("username", "CORP\\reader"), ("password", PASSWORD)];
    browser.post("/credentials", &credential).await.leads_to();
    browser.post("/credential/pin", &[("id", "reader"), ("thumbprint", &pin)]).await.leads_to();
    let task = [
        ("name", "Nightly"),
        ("directory", "corp.example.test"),
        ("site", "hq"),
        ("credential", "reader"),
    ];
    assert_eq!(browser.post("/tasks", &task).await.leads_to(), "/tasks/1");
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("13 computers read: 13 new"), "{page}");
    let before = browser.page("/assets").await;
    assert!(before.contains("13 assets"), "{before}");
    drop(first);

    let second = Program::start(inventory, &state).await;
    let browser = &second.browser;
    assert_eq!(assets(&browser.page("/assets").await), assets(&before));
    let history = browser.page("/tasks/1").await;
    assert!(history.contains("13 computers read: 13 new"), "{history}");
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    // The credential opens, and where the first one came to is known: nothing has changed since.
    assert!(page.contains("<td>0 computers read: 0 new, 0 updated, 0 missing</td>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_in_a_file_outlives_the_console() {
    let folder = TempDir::new().unwrap();
    check(folder.path().join("inventory.db").to_str().unwrap()).await;
}

/// Where `DATABASE_URL` names a database, as tests/run does; without it nothing is asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_in_postgres_outlives_the_console() {
    let Ok(url) = std::env::var("DATABASE_URL") else { return };
    let schema = format!("console_{}", std::process::id());
    let (client, connection) = connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    check(&format!("{url}?options=-csearch_path%3D{schema}")).await;
    let tables = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = $1";
    let count: i64 = client.query_one(tables, &[&schema]).await.unwrap().get(0);
    assert!(count > 0, "it is in this database");
}
