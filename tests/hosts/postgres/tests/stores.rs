//! The stores that the tests of all stores are put to here.

use std::sync::Arc;

use host_postgres::{inventory, pool};
use ldap_inventory::asset::AssetRepository;

use crate::database::{config, schema};

/// An empty store, as several processes have it.
pub(crate) struct Store {
    pub(crate) handles: Vec<Arc<dyn AssetRepository>>,
}

/// One, over two pools.
pub(crate) async fn empty() -> Vec<Store> {
    let schema = schema(&config()).await;
    let mut handles: Vec<Arc<dyn AssetRepository>> = Vec::new();
    for _ in 0..2 {
        let pool = pool(&config(), &schema, 2).unwrap();
        handles.push(Arc::new(inventory(&pool).await.unwrap()));
    }
    vec![Store { handles }]
}
