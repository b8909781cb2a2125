//! All that there is in an inventory of `history`, to compare it with that of another store.

use std::fmt::Debug;

use futures::TryStreamExt;
use ldap_inventory::asset::{AssetRepository, AssetsRequest, CommitOutcome, LinksRequest};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::value::{AssetId, RecordDigest};

use crate::history;

/// As many assets take part in the history.
const ASSETS: u64 = 10;

/// An inventory in memory that goes through the same history.
#[derive(Default)]
pub(crate) struct Mirror {
    inventory: MemoryRepository,
    pub(crate) batches: u64,
}

impl Mirror {
    /// Goes on by so many batches.
    pub(crate) async fn go_on(&mut self, batches: u64) {
        for n in self.batches..self.batches + batches {
            let committed = self.inventory.commit(history::batch(n)).await.unwrap();
            assert_eq!(committed, CommitOutcome::Applied, "batch {n}");
        }
        self.batches += batches;
    }

    /// Whether an inventory is where this one is, or one batch farther if it may be. Goes on to there.
    pub(crate) async fn follow(&mut self, inventory: &dyn AssetRepository, may_be_farther: bool) {
        let found = state(inventory).await;
        if may_be_farther && found != state(&self.inventory).await {
            self.go_on(1).await;
        }
        let expected = state(&self.inventory).await;
        let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert!(found == expected, "after {} batches: {differs:#?}", self.batches);
    }
}

async fn state(inventory: &dyn AssetRepository) -> Vec<String> {
    let (organization, source) = (history::organization(), history::source());
    let assets = inventory.each_asset(AssetsRequest::new(organization.clone())).await.unwrap();
    let links = LinksRequest::new(organization.clone(), source.clone());
    let links = inventory.links(links).await.unwrap();
    let first = AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000);
    let ids: Vec<AssetId> = (0..ASSETS).map(|n| first.nth(n)).collect();
    let events = inventory.events_since(&organization, None, usize::MAX).await.unwrap();
    let mut checkpoints = Vec::new();
    for key in 0..2 {
        let key = RecordDigest([key; 16]);
        checkpoints.push(inventory.checkpoint(&organization, &source, key).await.unwrap());
    }
    let parts = [
        told(assets.try_collect::<Vec<_>>().await.unwrap()),
        told(links.try_collect::<Vec<_>>().await.unwrap()),
        told(inventory.moved(&organization).await.unwrap()),
        told(inventory.redirects(&organization, &ids).await.unwrap()),
        told(inventory.constraints(&organization).await.unwrap()),
        told(inventory.runs(&organization, &source, usize::MAX).await.unwrap()),
        told(checkpoints),
        // Each with its place: they come in the order of commits.
        told(events.into_iter().map(|event| event.kind).enumerate().collect()),
    ];
    parts.concat()
}

/// Records in an order of our own.
fn told<T: Debug>(records: Vec<T>) -> Vec<String> {
    let mut told: Vec<String> = records.iter().map(|record| format!("{record:?}")).collect();
    told.sort_unstable();
    told
}
