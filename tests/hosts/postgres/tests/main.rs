//! The PostgreSQL store keeps its contract, whatever happens to its host, to its server and to what is between them.

#[path = "../../../cases.rs"]
mod cases;
mod cuts;
mod database;
#[path = "../../../rows/history.rs"]
mod history;
mod kills;
#[path = "../../../leases.rs"]
mod leases;
mod opening;
#[path = "../../../searching.rs"]
mod searching;
mod sharing;
mod snapshots;
mod state;
mod stores;
mod uncounted;

use ldap_inventory::testing::contract;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract() {
    contract::asset_repository(|| async { ((), database::empty().await) }).await;
}
