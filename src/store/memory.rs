//! An inventory in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::rows::{Decoded, KeyRange, Row, Rows, RowsRepository, Write};
use crate::Result;

/// An inventory in memory: for tests, for trying things out, and for hosts that read everything anew
/// when they start.
///
/// A clone is another handle to the same inventory. What it holds is lost with its last handle.
///
/// ```
/// use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change, CommitOutcome};
/// use ldap_inventory::store::MemoryRepository;
/// use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let repository = MemoryRepository::new();
/// let organization = OrganizationId::new("acme")?;
/// let asset = Asset::new(AssetId::random_v7(), organization.clone(), "hq".parse()?);
/// let id = asset.id;
/// let put = Change::create(asset);
/// let source = SourceId::new("scan", "office")?;
/// let batch = Batch::new(BatchId::random_v7(), organization.clone(), source).with_changes([put]);
///
/// assert_eq!(repository.commit(batch.clone()).await?, CommitOutcome::Applied);
/// assert_eq!(repository.commit(batch).await?, CommitOutcome::AlreadyApplied);
/// assert_eq!(repository.assets(&organization, &[id]).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
pub type MemoryRepository = RowsRepository<MemoryRows>;

impl MemoryRepository {
    /// An empty inventory.
    pub fn new() -> Self {
        Self::over(MemoryRows::default())
    }
}

impl Default for MemoryRepository {
    fn default() -> Self {
        Self::new()
    }
}

/// A table of keys and values in memory.
///
/// A clone is another handle to the same table.
#[derive(Clone, Default)]
pub struct MemoryRows {
    rows: Arc<Mutex<BTreeMap<Vec<u8>, Stored>>>,
}

/// A value, and what it was decoded to.
struct Stored {
    value: Vec<u8>,
    decoded: Decoded,
}

impl MemoryRows {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing panics while it holds the lock, so a poisoned lock guards a table that is whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Stored>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn new(value: Vec<u8>) -> Self {
        Self { value, decoded: Decoded::shared() }
    }

    fn row(&self, key: &[u8]) -> Row {
        Row { decoded: self.decoded.clone(), ..Row::new(key, self.value.clone()) }
    }
}

#[async_trait]
impl Rows for MemoryRows {
    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
        let rows = self.lock();
        Ok(keys.iter().filter_map(|key| Some(rows.get(key)?.row(key))).collect())
    }

    async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
        if scan.from >= scan.to {
            return Ok(Vec::new());
        }
        let rows = self.lock();
        let found = rows.range(scan.from.clone()..scan.to.clone()).take(scan.limit);
        Ok(found.map(|(key, stored)| stored.row(key)).collect())
    }

    async fn write(&self, write: &Write) -> Result<bool> {
        let mut rows = self.lock();
        let stored = |key| rows.get(key).map(|stored| &stored.value);
        if write.expected.iter().any(|(key, value)| stored(key) != value.as_ref()) {
            return Ok(false);
        }
        for (key, value) in &write.changes {
            match value {
                Some(value) => rows.insert(key.clone(), Stored::new(value.clone())),
                None => rows.remove(key),
            };
        }
        Ok(true)
    }
}

impl fmt::Debug for MemoryRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRows").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{AssetRepository as _, Batch, CommitOutcome};
    use crate::value::{BatchId, OrganizationId, SourceId};

    #[test]
    fn an_inventory_is_shown_without_what_it_holds() {
        let shown = format!("{:?}", MemoryRepository::new());
        assert_eq!(shown, "RowsRepository { rows: MemoryRows { .. }, .. }");
    }

    #[tokio::test]
    async fn every_row_is_of_one_organization() {
        let repository = MemoryRepository::new();
        let mut all = Vec::new();
        for (n, organization) in [(1, "acme"), (2, "acme-2")] {
            let organization = OrganizationId::new(organization).unwrap();
            let source = SourceId::new("scan", "hq").unwrap();
            let batch = Batch::new(BatchId::from_u128(n), organization.clone(), source);
            assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
            let prefix = KeyRange::prefix(&MemoryRepository::prefix_of(&organization));
            let own = repository.rows().scan(&prefix).await.unwrap();
            assert!(!own.is_empty(), "{organization}");
            all.extend(own);
        }
        let rows = repository.rows().scan(&KeyRange::prefix(&[Row::OWN])).await.unwrap();
        all.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(all, rows);
    }
}
