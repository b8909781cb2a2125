//! Taking away records of runs and ids of batches, in one transaction.

use std::pin::pin;

use deadpool_postgres::Transaction;
use deadpool_postgres::tokio_postgres::IsolationLevel;
use futures::TryStreamExt;
use uuid::Uuid;

use super::connections::{Connections, Parameter};
use super::failure::Outcome;
use super::read;
use crate::asset::{KeptRuns, RetainRuns};
use crate::value::{OrganizationId, SourceId};

/// Takes away what is not kept, while nobody else writes to the organization.
pub(super) async fn prune(
    connections: &Connections,
    organization: &OrganizationId,
    retain: RetainRuns,
) -> Outcome<()> {
    let sources = read::sources(connections, organization).await?;
    let mut client = connections.client().await?;
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = begin.start().await?;
    let id = organization.as_str();
    transaction.query("SELECT commits FROM organizations WHERE id = $1 FOR UPDATE", &[&id]).await?;
    for source in &sources {
        prune_source(&transaction, organization, source, retain).await?;
    }
    if let Some(oldest) = retain.oldest_batch() {
        // Of those that tell when they were made: UUIDs of version 7.
        let sql = "DELETE FROM batches WHERE organization = $1 AND id < $2
                   AND substr(id::text, 15, 1) = '7'";
        transaction.execute(sql, &[&id, &Uuid::from_u128(oldest.as_u128())]).await?;
    }
    Ok(transaction.commit().await?)
}

async fn prune_source(
    transaction: &Transaction<'_>,
    organization: &OrganizationId,
    source: &SourceId,
    retain: RetainRuns,
) -> Outcome<()> {
    let mut kept = KeptRuns::new(retain, source);
    let mut expendable = Vec::new();
    let sql = "SELECT id, document FROM runs WHERE organization = $1 AND source = $2
               ORDER BY started DESC, id DESC";
    let of_source = [organization.as_str(), source.as_str()];
    let mut rows = pin!(transaction.query_raw(sql, of_source).await?);
    while let Some(row) = rows.try_next().await? {
        let run = read::run(&row)?;
        if !kept.keeps(&run) {
            expendable.push(Uuid::from_u128(run.id.as_u128()));
        }
    }
    let sql = "DELETE FROM runs WHERE organization = $1 AND source = $2 AND id = ANY($3)";
    let parameters: [Parameter<'_>; 3] = [&organization.as_str(), &source.as_str(), &expendable];
    transaction.execute(sql, &parameters).await?;
    Ok(())
}
