//! What a host's table of keys and values must do.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::decoded::Decoded;
use crate::Result;

/// A table of two columns, keys and values, both bytes: all that a host must bring for the whole inventory.
///
/// A table in a relational database, a key-value store, a bucket with conditional writes: whatever can write several
/// rows at once, if some of them are still as they were.
///
/// # Contract
///
/// - Keys are unique and compare byte by byte, a shorter one before a longer one that it begins. Any byte may occur
///   in a key, 0 and 255 included. Keys have up to 2,000 bytes, mostly 60.
/// - Values are bytes as well: from none at all to some megabytes (a group with all its members), mostly two
///   thousand.
/// - A call has up to some ten thousand keys or changes, and may have none: bind them in portions, within one transaction.
///   A range may end where it begins, or before: then it has no rows. Its limit may be `usize::MAX`, for all.
/// - [`get`](Self::get) and [`scan`](Self::scan) see the table as it is at one moment.
/// - [`write`](Self::write) is all or nothing, also when the process dies in the middle of it. What it wrote is seen
///   by every later call. It writes only if all rows that it expects are as it expects them at that moment, and no
///   other write comes between: in a relational database, one transaction of the isolation level `SERIALIZABLE`, or
///   of a lower one that locks the rows it compares (a row that is expected to be absent too: `INSERT .. ON CONFLICT
///   DO NOTHING` says whether it was).
/// - The table is the repository's alone, but for keys that do not begin with [`Row::OWN`]: those are the host's, and what
///   a [projection](super::RowsRepository::with_projection) writes.
///
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind) with [`Retry::Transient`](crate::Retry) for what is expected to pass, such as a
/// busy database, with [`Retry::Never`](crate::Retry) for what is not. After an error a write may have happened, if the
/// answer was lost: whole, or not at all. A serialization failure or a deadlock in `write` is no error: roll back and
/// return false, and the repository reads again and repeats.
///
/// # Cancellation
///
/// A dropped `write` has happened or not, whole, or does so afterwards. Calls run on the host's executor: what blocks, as
/// every embedded database does, belongs into `spawn_blocking`.
///
/// # Testing your implementation
///
/// `testing::contract::rows` checks all of the above, given a builder; `testing::contract::asset_repository` then
/// checks the repository over it.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use std::sync::Mutex;
/// use async_trait::async_trait;
/// use ldap_inventory::Result;
/// use ldap_inventory::store::rows::{Row, Rows, RowsRepository, KeyRange, Write};
///
/// #[derive(Debug, Default)]
/// struct Table(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);
///
/// #[async_trait]
/// impl Rows for Table {
///     async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
///         let table = self.0.lock().unwrap();
///         let row = |key: &Vec<u8>| Some(Row::new(key.clone(), table.get(key)?.clone()));
///         Ok(keys.iter().filter_map(row).collect())
///     }
///
///     async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
///         if scan.from >= scan.to {
///             return Ok(Vec::new());
///         }
///         let table = self.0.lock().unwrap();
///         let rows = table.range(scan.from.clone()..scan.to.clone()).take(scan.limit);
///         Ok(rows.map(|(key, value)| Row::new(key.clone(), value.clone())).collect())
///     }
///
///     async fn write(&self, write: &Write) -> Result<bool> {
///         let mut table = self.0.lock().unwrap();
///         if write.expected.iter().any(|(key, value)| table.get(key) != value.as_ref()) {
///             return Ok(false);
///         }
///         for (key, value) in &write.changes {
///             match value {
///                 Some(value) => table.insert(key.clone(), value.clone()),
///                 None => table.remove(key),
///             };
///         }
///         Ok(true)
///     }
/// }
///
/// let repository = RowsRepository::over(Table::default());
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # use ldap_inventory::asset::AssetRepository;
/// assert_eq!(repository.constraints(&"acme".parse().unwrap()).await.unwrap(), []);
/// # });
/// ```
#[async_trait]
pub trait Rows: Debug + Send + Sync + 'static {
    /// The rows with these keys, as far as they exist, in any order. No key comes twice.
    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>>;

    /// The first rows of a range, in the order of their keys.
    async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>>;

    /// Writes everything and returns true; or writes nothing and returns false, because something is not as it is
    /// expected, or another write came in between.
    async fn write(&self, write: &Write) -> Result<bool>;
}

/// A row of the table.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// What it is found by.
    pub key: Vec<u8>,
    /// What it holds.
    pub value: Vec<u8>,
    pub(in crate::store) decoded: Decoded,
}

/// A range of keys.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct KeyRange {
    /// The first key of the range.
    pub from: Vec<u8>,
    /// The first key behind the range.
    pub to: Vec<u8>,
    /// The most rows to return, at least 1: the first ones.
    pub limit: usize,
}

/// Rows to be written at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Write {
    /// What must be so for anything to be written: the value of each of these keys, or `None` where there must be no
    /// row. No key is in it twice.
    pub expected: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The new value of each of these keys, or `None` where there shall be no row any more. No key is in it twice,
    /// and they are in order.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Row {
    /// The byte that keys of the repository begin with. A host's own rows begin with another.
    pub const OWN: u8 = 1;

    /// A row.
    pub fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), value: value.into(), decoded: Decoded::default() }
    }
}

impl KeyRange {
    /// All rows from a key on, and before another.
    pub fn new(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        Self { from: from.into(), to: to.into(), limit: usize::MAX }
    }

    /// All rows whose keys begin with these bytes.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self::new(prefix, behind_prefix(prefix))
    }

    /// Leaves out everything up to this key.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        let next = [key, &[0]].concat();
        self.from = self.from.max(next);
        self
    }

    /// Sets the most rows to return; at least 1.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }
}

/// The first key behind all that begin with these bytes. Behind those that begin with the highest byte only there is
/// none; no key of the repository does.
fn behind_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    vec![u8::MAX; prefix.len() + 1]
}

impl Write {
    /// Writes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects this value of a key, or no row.
    #[must_use]
    pub fn expecting(mut self, key: impl Into<Vec<u8>>, value: Option<Vec<u8>>) -> Self {
        self.expected.push((key.into(), value));
        self
    }

    /// Writes a row.
    #[must_use]
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.changes.push((key.into(), Some(value.into())));
        self
    }

    /// Takes a row away, if it is there.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.changes.push((key.into(), None));
        self
    }
}

macro_rules! delegate {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: Rows + ?Sized> Rows for $pointer<T> {
            async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
                (**self).get(keys).await
            }
            async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
                (**self).scan(scan).await
            }
            async fn write(&self, write: &Write) -> Result<bool> {
                (**self).write(write).await
            }
        }
    };
}

delegate!(Arc);
delegate!(Box);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_behind_all_that_begin_with_it() {
        let end = |prefix: &[u8]| KeyRange::prefix(prefix).to;
        assert_eq!(end(&[1, 2]), [1, 3]);
        assert_eq!(end(&[1, 255]), [2]);
        assert_eq!(end(&[1, 255, 255]), [2]);
        assert!(end(&[255]).as_slice() > [255, 255].as_slice() || end(&[255]) == [255, 255]);
        assert_eq!(KeyRange::prefix(&[1, 2]).after(&[1, 2, 9]).from, [1, 2, 9, 0]);
        assert_eq!(KeyRange::prefix(&[1, 2]).after(&[1]).from, [1, 2]);
    }
}
