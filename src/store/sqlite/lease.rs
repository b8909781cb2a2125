//! Leases, in the row of their source.

use rusqlite::{Connection, TransactionBehavior, params};

use super::failure::{Outcome, damaged};
use super::holders::Holders;
use super::row_id;
use crate::asset::{Lease, LeaseRequest};
use crate::store::lease::LeaseState;
use crate::store::record::key;
use crate::value::{OrganizationId, RunId, SourceId, Timestamp};

pub(super) fn acquire(
    connection: &mut Connection,
    request: &LeaseRequest,
    holders: Option<&Holders>,
) -> Outcome<Lease> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let organization = row_id::make_organization(&transaction, &request.organization)?;
    let number = row_id::make_source(&transaction, organization, &request.source)?;
    let mut leases = read(&transaction, number)?;
    let is_dead = |held: &Lease| holders.is_some_and(|it| it.is_dead(number, held.holder));
    if let Some(held) = leases.held.filter(is_dead) {
        leases.release(held.holder);
    }
    let lease = leases.acquire(request)?;
    write(&transaction, number, &leases)?;
    if let Some(holders) = holders {
        holders.show(number, request.holder);
    }
    transaction.commit()?;
    Ok(lease)
}

pub(super) fn release(
    connection: &mut Connection,
    organization: &OrganizationId,
    source: &SourceId,
    holder: RunId,
    holders: Option<&Holders>,
) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(number) = row_id::source(&transaction, organization, source)? else { return Ok(()) };
    let mut leases = read(&transaction, number)?;
    leases.release(holder);
    write(&transaction, number, &leases)?;
    transaction.commit()?;
    // As long as the lease is on record, so is its holder.
    if let Some(holders) = holders {
        holders.hide(number, holder);
    }
    Ok(())
}

pub(super) fn read(connection: &Connection, source: i64) -> Outcome<LeaseState> {
    let sql = "SELECT lease_newest, lease_holder, lease_expires FROM sources WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([source], |row| {
        let newest: i64 = row.get(0)?;
        let holder: Option<[u8; 16]> = row.get(1)?;
        let expires: Option<i64> = row.get(2)?;
        Ok((newest.cast_unsigned(), holder.zip(expires)))
    });
    let (newest, held) = row.map_err(|cause| damaged("lease of source", source, cause))?;
    let Some((holder, expires)) = held else { return Ok(LeaseState { newest, held: None }) };
    let expires = Timestamp::from_micros(expires)
        .ok_or_else(|| damaged("lease of source", source, "its expiry is no time"))?;
    let holder = RunId::from_u128(u128::from_be_bytes(holder));
    Ok(LeaseState { newest, held: Some(Lease { holder, token: newest, expires }) })
}

fn write(connection: &Connection, source: i64, leases: &LeaseState) -> Outcome<()> {
    let sql = "UPDATE sources SET lease_newest = ?2, lease_holder = ?3, lease_expires = ?4
               WHERE number = ?1";
    let holder = leases.held.map(|held| key(held.holder.as_u128()));
    let expires = leases.held.map(|held| held.expires.as_micros());
    let parameters = params![source, leases.newest.cast_signed(), holder, expires];
    connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}
