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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn source() -> SourceId {
        SourceId::new("ldap", "corp.example").unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::MIN.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    fn ask(leases: &mut LeaseState, run: u128, seconds: u64) -> Result<u64> {
        let (acme, run) = ("acme".parse().unwrap(), RunId::from_u128(run));
        let request = LeaseRequest::new(acme, source(), run, at(seconds), MINUTE);
        leases.acquire(&request).map(|lease| lease.token)
    }

    #[test]
    fn a_lease_is_its_holders_until_the_moment_in_which_it_expires() {
        let mut leases = LeaseState::default();
        assert_eq!(ask(&mut leases, 1, 0).unwrap(), 1);
        assert_eq!(ask(&mut leases, 1, 30).unwrap(), 1);
        let error = ask(&mut leases, 2, 89).unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Lease, Retry::Transient));
        assert_eq!(leases.held.map(|held| held.expires), Some(at(90)));
        assert_eq!(ask(&mut leases, 2, 90).unwrap(), 2);
    }

    #[test]
    fn a_lease_that_is_an_hour_longer_than_it_may_be_is_void_and_none_before() {
        let holder = RunId::from_u128(1);
        for (beyond, is_void) in [(0, false), (1, true)] {
            let expires = at(60 + APART.as_secs() + beyond);
            let held = Some(Lease { holder, token: 7, expires });
            let mut leases = LeaseState { newest: 7, held };
            assert_eq!(ask(&mut leases, 2, 0).ok(), is_void.then_some(8));
        }
    }

    #[test]
    fn only_the_newest_token_writes_and_none_before_one_was_granted() {
        let mut leases = LeaseState::default();
        assert_eq!(leases.check(&source(), 0).unwrap_err().kind(), ErrorKind::Lease);
        ask(&mut leases, 1, 0).unwrap();
        leases.release(RunId::from_u128(1));
        ask(&mut leases, 2, 0).unwrap();
        for token in [0, 1, 3, u64::MAX] {
            assert_eq!(leases.check(&source(), token).unwrap_err().kind(), ErrorKind::Lease);
        }
        leases.check(&source(), 2).unwrap();
        // Who gives back what another one has takes nothing from it.
        leases.release(RunId::from_u128(1));
        assert!(ask(&mut leases, 3, 0).is_err());
    }
}
