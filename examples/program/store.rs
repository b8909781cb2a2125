//! What stands behind `--inventory`.

use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::SqliteRepository;

use super::exit::{Failure, Status};

/// Opens the inventory at this place, which is the path of an SQLite file. A new file becomes an empty
/// inventory.
pub(crate) fn open(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    // What follows the scheme is not repeated: it may hold a password.
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        let sentence = "inventories in PostgreSQL are not supported yet; give --inventory a file, \
                        such as inventory.db";
        return Err(Failure::new(Status::Usage, sentence));
    }
    Ok(Arc::new(SqliteRepository::open(place)?))
}
