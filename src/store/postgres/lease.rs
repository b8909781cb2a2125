//! Leases, in the row of their source.

use deadpool_postgres::tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

use super::connections::Connections;
use super::failure::{Outcome, damaged};
use super::writer::Writer;
use crate::asset::{Lease, LeaseRequest};
use crate::store::lease::LeaseState;
use crate::value::{OrganizationId, RunId, SourceId, Timestamp};

/// Locks the row, so that of two that read it at once the second reads what the first wrote.
const READ: &str = "SELECT lease_newest, lease_holder, lease_expires FROM sources
                    WHERE organization = $1 AND id = $2 FOR UPDATE";

/// Makes the row, if there is none.
const MAKE: &str = "INSERT INTO sources (organization, id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) async fn acquire(connections: &Connections, request: &LeaseRequest) -> Outcome<Lease> {
    let LeaseRequest { organization, source, .. } = request;
    change(connections, organization, source, |leases| Ok(leases.acquire(request)?)).await
}

pub(super) async fn release(
    connections: &Connections,
    organization: &OrganizationId,
    source: &SourceId,
    holder: RunId,
) -> Outcome<()> {
    let release = |leases: &mut LeaseState| {
        leases.release(holder);
        Ok(())
    };
    change(connections, organization, source, release).await
}

/// Makes the source known, and refuses a batch whose token is not the newest. Whoever would be granted a newer one waits
/// until the batch is written.
pub(super) async fn check(writer: &Writer<'_>) -> Outcome<()> {
    let source = &writer.batch.source;
    writer.execute(MAKE, &[&source.as_str()]).await?;
    if let Some(token) = writer.batch.lease {
        let rows = writer.rows(READ, &[&source.as_str()]).await?;
        read(rows.first(), source)?.check(source, token)?;
    }
    Ok(())
}

async fn change<T>(
    connections: &Connections,
    organization: &OrganizationId,
    source: &SourceId,
    make: impl FnOnce(&mut LeaseState) -> Outcome<T>,
) -> Outcome<T> {
    let mut client = connections.client().await?;
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = begin.start().await?;
    let key = (organization.as_str(), source.as_str());
    let statement = transaction.prepare_cached(MAKE).await?;
    transaction.execute(&statement, &[&key.0, &key.1]).await?;
    let statement = transaction.prepare_cached(READ).await?;
    let row = transaction.query_opt(&statement, &[&key.0, &key.1]).await?;
    let mut leases = read(row.as_ref(), source)?;
    let made = make(&mut leases)?;
    let sql = "UPDATE sources SET lease_newest = $3, lease_holder = $4, lease_expires = $5
               WHERE organization = $1 AND id = $2";
    let statement = transaction.prepare_cached(sql).await?;
    let holder = leases.held.map(|held| Uuid::from_u128(held.holder.as_u128()));
    let expires = leases.held.map(|held| held.expires.as_micros());
    let newest = leases.newest.cast_signed();
    transaction.execute(&statement, &[&key.0, &key.1, &newest, &holder, &expires]).await?;
    transaction.commit().await?;
    Ok(made)
}

fn read(row: Option<&Row>, source: &SourceId) -> Outcome<LeaseState> {
    let Some(row) = row else { return Ok(LeaseState::default()) };
    let newest = row.try_get::<_, i64>(0)?.cast_unsigned();
    let (holder, expires): (Option<Uuid>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let Some((holder, expires)) = holder.zip(expires) else {
        return Ok(LeaseState { newest, held: None });
    };
    let expires = Timestamp::from_micros(expires)
        .ok_or_else(|| damaged("lease of source", source, "its expiry is no time"))?;
    let holder = RunId::from_u128(holder.as_u128());
    Ok(LeaseState { newest, held: Some(Lease { holder, token: newest, expires }) })
}
