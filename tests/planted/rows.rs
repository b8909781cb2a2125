//! Every fault of a table of rows is caught.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ldap_inventory::Result;
use ldap_inventory::store::rows::{KeyRange, Row, Rows, Write};
use ldap_inventory::testing::contract;

use super::missed;

/// One thing that a sabotaged table does wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// What is expected is looked at before the write, and in the write only as far as it is changed: two transactions that
    /// read what the other writes.
    LocksOnlyWhatChanges,
    /// What is expected is looked at before the write, and not in it.
    LooksBefore,
    /// What is expected is not looked at.
    ExpectsNothing,
}

/// Each fault, and the case that catches it.
const FAULTS: [(Fault, &str); 3] = [
    (Fault::LocksOnlyWhatChanges, "of_writers_that_expect_what_others_write_one_comes_first"),
    (Fault::LooksBefore, "of_many_writers_one_comes_first"),
    (Fault::ExpectsNothing, "nothing_is_written_where_something_is_not_as_expected"),
];

/// A sound table behind one fault, or none.
#[derive(Debug)]
struct Sabotaged {
    rows: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    fault: Option<Fault>,
}

impl Sabotaged {
    fn new(fault: Option<Fault>) -> Self {
        Self { rows: Mutex::default(), fault }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_as_expected(&self, write: &Write, is_looked_at: impl Fn(&Vec<u8>) -> bool) -> bool {
        let rows = self.rows();
        let mut expected = write.expected.iter().filter(|(key, _)| is_looked_at(key));
        expected.all(|(key, value)| rows.get(key) == value.as_ref())
    }
}

#[async_trait]
impl Rows for Sabotaged {
    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
        let rows = self.rows();
        let found =
            keys.iter().filter_map(|key| Some(Row::new(key.clone(), rows.get(key)?.clone())));
        Ok(found.collect())
    }

    async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
        if scan.from > scan.to {
            return Ok(Vec::new());
        }
        let rows = self.rows();
        let found = rows.range(scan.from.clone()..scan.to.clone()).take(scan.limit);
        Ok(found.map(|(key, value)| Row::new(key.clone(), value.clone())).collect())
    }

    async fn write(&self, write: &Write) -> Result<bool> {
        let is_changed = |key: &Vec<u8>| write.changes.iter().any(|(changed, _)| changed == key);
        if matches!(self.fault, Some(Fault::LocksOnlyWhatChanges | Fault::LooksBefore)) {
            if !self.is_as_expected(write, |_| true) {
                return Ok(false);
            }
            tokio::task::yield_now().await;
        }
        let is_looked_at = |key: &Vec<u8>| match self.fault {
            Some(Fault::LocksOnlyWhatChanges) => is_changed(key),
            Some(Fault::LooksBefore | Fault::ExpectsNothing) => false,
            None => true,
        };
        if !self.is_as_expected(write, is_looked_at) {
            return Ok(false);
        }
        let mut rows = self.rows();
        for (key, value) in &write.changes {
            match value {
                Some(value) => _ = rows.insert(key.clone(), value.clone()),
                None => _ = rows.remove(key),
            }
        }
        Ok(true)
    }
}

#[tokio::test]
async fn every_fault_of_a_table_is_caught() {
    let mut all = Vec::new();
    for (fault, case) in FAULTS {
        let suite = contract::rows(|| async move { ((), Sabotaged::new(Some(fault))) });
        all.extend(missed(suite, case, fault).await);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[tokio::test]
async fn a_table_without_a_fault_passes() {
    contract::rows(|| async { ((), Sabotaged::new(None)) }).await;
}
