//! Whatever a host does with the crate, on threads with two megabytes of stack, in a process that ends at the first panic.
//!
//! Each [piece of work](WORK) awaits the crate as a host would, without a box around anything. It is done on the main
//! thread, and on a worker of a runtime.

mod directories;
mod inventories;
mod nesting;
mod seeds;

use std::hint::black_box;
use std::sync::Arc;

use futures::future::BoxFuture;
use ldap_inventory::Result;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::directory::DirectorySource;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::{OrganizationId, SourceId};

const _: () = assert!(cfg!(panic = "abort"), "this program is to be built to abort");

/// Does something, and says what came of it.
type Work = fn() -> BoxFuture<'static, Result<String>>;

const WORK: [(&str, Work); 10] = [
    ("memory", || Box::pin(directories::read_into(memory))),
    ("sqlite", || Box::pin(directories::read_into(sqlite))),
    ("server", || Box::pin(directories::read_a_server())),
    ("attack", || Box::pin(directories::read_nested_messages())),
    ("plan", || Box::pin(directories::plan_and_apply())),
    ("people", || Box::pin(inventories::merge_and_take_back())),
    ("scan", || Box::pin(inventories::import())),
    ("queries", || Box::pin(nesting::search())),
    ("nested groups", || Box::pin(nesting::groups())),
    ("seeds", || Box::pin(seeds::decode())),
];

fn main() {
    let asked = std::env::args().nth(1);
    match asked.as_deref() {
        Some("everything") => {}
        Some("overflow") => return println!("{}", fill_the_stack(0)),
        _ => panic!("as it was asked to"),
    }
    let on_main = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    on_main.block_on(everything("main thread"));
    let workers = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    workers.block_on(async { tokio::spawn(everything("worker")).await.unwrap() });
}

async fn everything(place: &str) {
    for (name, work) in WORK {
        match work().await {
            Ok(done) => println!("{place}: {name} — {done}"),
            Err(error) => panic!("{place}: {name}: {}", error.report()),
        }
    }
}

/// A megabyte more with each call.
fn fill_the_stack(depth: usize) -> usize {
    let filled = black_box([depth; 1 << 17]);
    let deeper = if depth < 4 { fill_the_stack(depth + 1) } else { depth };
    deeper + filled[depth]
}

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn task() -> SyncTask {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    SyncTask::new("task", acme(), "hq".parse().unwrap(), source, "reader".parse().unwrap())
}

fn memory() -> Arc<dyn AssetRepository> {
    Arc::new(MemoryRepository::new())
}

fn sqlite() -> Arc<dyn AssetRepository> {
    Arc::new(SqliteRepository::open_in_memory().unwrap())
}

async fn run(
    directory: &dyn DirectorySource,
    repository: &dyn AssetRepository,
) -> Result<SyncReport> {
    let report = sync(&task(), directory, repository, &SyncOptions::new()).await?;
    assert!(report.complete, "{:?}", report.warnings);
    Ok(report)
}
