//! Who may write for a source. One set of rules for every store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::asset::{Lease, LeaseRequest};
use crate::value::{RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// How far the clocks of two hosts, and the times that they ask for, may lie apart. Directories refuse accounts of hosts whose
/// clock is five minutes off; longer leases than an hour are of no use.
const APART: Duration = Duration::from_secs(3600);

/// What a store keeps of a source's leases: the rules of
/// [`acquire_lease`](crate::asset::AssetRepository::acquire_lease),
/// [`release_lease`](crate::asset::AssetRepository::release_lease) and of the token of a batch.
///
/// A store reads it, asks it, and writes it back in one transaction.
///
/// ```
/// use std::time::Duration;
/// use ldap_inventory::asset::LeaseRequest;
/// use ldap_inventory::store::LeaseState;
/// use ldap_inventory::value::{OrganizationId, RunId, SourceId, Timestamp};
///
/// let mut leases = LeaseState::default();
/// let (acme, source) = (OrganizationId::new("acme")?, SourceId::new("ldap", "corp.example")?);
/// let (run, now) = (RunId::random_v7(), Timestamp::now());
/// let hour = Duration::from_secs(3600);
/// let request = |run| LeaseRequest::new(acme.clone(), source.clone(), run, now, hour);
///
/// let lease = leases.acquire(&request(run))?;
/// leases.check(&source, lease.token)?;
/// assert!(leases.acquire(&request(RunId::from_u128(7))).is_err());
/// leases.release(run);
/// assert_eq!(leases.acquire(&request(RunId::from_u128(7)))?.token, lease.token + 1);
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct LeaseState {
    /// The newest token that was ever granted; 0 if none was.
    pub newest: u64,
    /// The lease that was not given back. It may have expired.
    pub held: Option<Lease>,
}

impl LeaseState {
    /// Grants or prolongs. A lease of another run that expires more than an hour after this one would is void: it was
    /// granted by a clock that was wrong, and might keep everybody away for years. The log warns of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Lease`], expected to pass, while another run's lease is alive: names the run, and says until
    /// when.
    pub fn acquire(&mut self, request: &LeaseRequest) -> Result<Lease> {
        let LeaseRequest { source, holder, now, ttl, .. } = request;
        let latest = now.checked_add(ttl.saturating_add(APART)).unwrap_or(Timestamp::MAX);
        let token = match self.held {
            Some(held) if held.holder == *holder => held.token,
            Some(held) if held.expires > latest => {
                let Lease { holder, expires, .. } = held;
                tracing::warn!(%source, %holder, %expires, %now, "the lease of a clock that was wrong is void");
                self.newest.saturating_add(1)
            }
            Some(held) if *now < held.expires => return Err(is_held(source, &held)),
            _ => self.newest.saturating_add(1),
        };
        let expires = now.checked_add(*ttl).unwrap_or(Timestamp::MAX);
        let lease = Lease { holder: *holder, token, expires };
        *self = Self { newest: token, held: Some(lease) };
        Ok(lease)
    }

    /// Takes a lease back. The newest token stays, so that the next one is higher.
    pub fn release(&mut self, holder: RunId) {
        self.held = self.held.filter(|held| held.holder != holder);
    }

    /// Admits the newest token that was granted alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Lease`] for every other.
    pub fn check(&self, source: &SourceId, token: u64) -> Result<()> {
        if token == self.newest && token != 0 {
            return Ok(());
        }
        let message = "the run lost its lease to a later run, nothing of this batch was written";
        Err(Error::new(ErrorKind::Lease, message)
            .with_context("source", source)
            .with_context("token", token)
            .with_context("newest token", self.newest))
    }
}

fn is_held(source: &SourceId, held: &Lease) -> Error {
    Error::new(
        ErrorKind::Lease,
        "another run holds the source; wait until it ends or its lease expires",
    )
    .with_context("source", source)
    .with_context("holder", held.holder)
    .with_context("until", held.expires)
    .with_retry(Retry::Transient)
}
