//! The stores that come with this crate, for the tests of all of them.

use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::MemoryRepository;

/// An empty store, as several processes have it.
pub(crate) struct Store {
    pub(crate) handles: Vec<Arc<dyn AssetRepository>>,
    _folder: Option<tempfile::TempDir>,
}

/// One of every embedded kind, the last in one file that two processes have open.
pub(crate) async fn empty() -> Vec<Store> {
    vec![
        Store { handles: vec![Arc::new(MemoryRepository::new())], _folder: None },
        #[cfg(feature = "sqlite")]
        sqlite::in_memory(),
        #[cfg(feature = "sqlite")]
        sqlite::in_a_file(),
    ]
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use ldap_inventory::store::SqliteRepository;

    use super::*;

    pub(super) fn in_memory() -> Store {
        let handle = SqliteRepository::open_in_memory().unwrap();
        Store { handles: vec![Arc::new(handle)], _folder: None }
    }

    pub(super) fn in_a_file() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inventory.db");
        let open = || SqliteRepository::open(&file).unwrap();
        Store { handles: vec![Arc::new(open()), Arc::new(open())], _folder: Some(folder) }
    }
}
