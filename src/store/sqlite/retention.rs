//! Taking away records of runs and ids of batches, in one transaction.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::failure::Outcome;
use super::{read, row_id};
use crate::asset::{KeptRuns, RetainRuns};
use crate::store::record::key;
use crate::value::{OrganizationId, SourceId};

/// Takes away what is not kept, while nobody else writes.
pub(super) fn prune(
    connection: &mut Connection,
    organization: &OrganizationId,
    retain: RetainRuns,
) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(number) = row_id::organization(&transaction, organization)? else { return Ok(()) };
    for source in read::sources(&transaction, organization)? {
        if let Some(row) = row_id::source(&transaction, organization, &source)? {
            prune_source(&transaction, row, &source, retain)?;
        }
    }
    if let Some(oldest) = retain.oldest_batch() {
        // Of those that tell when they were made: UUIDs of version 7.
        let sql = "DELETE FROM batches WHERE organization = ?1 AND id < ?2
                   AND substr(id, 7, 1) BETWEEN X'70' AND X'7F'";
        transaction.execute(sql, params![number, key(oldest.as_u128())])?;
    }
    Ok(transaction.commit()?)
}

fn prune_source(
    transaction: &Transaction<'_>,
    row: i64,
    source: &SourceId,
    retain: RetainRuns,
) -> Outcome<()> {
    let mut kept = KeptRuns::new(retain, source);
    let mut expendable = Vec::new();
    read::each_run(transaction, row, i64::MAX, |run| {
        if !kept.keeps(&run) {
            expendable.push(run.id);
        }
    })?;
    let sql = "DELETE FROM runs WHERE source = ?1 AND id = ?2";
    let mut statement = transaction.prepare_cached(sql)?;
    for run in expendable {
        statement.execute(params![row, key(run.as_u128())])?;
    }
    Ok(())
}
