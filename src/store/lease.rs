//! Who may write for a source. One set of rules for every store.

use std::time::Duration;

use crate::asset::Lease;
use crate::value::{RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// What a store keeps of a source's leases.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Leases {
    /// The newest token that was ever granted; 0 if none was.
    pub(super) newest: u64,
    /// The lease that was not given back. It may have expired.
    pub(super) held: Option<Lease>,
}

impl Leases {
    /// Grants or prolongs.
    pub(super) fn acquire(
        &mut self,
        source: &SourceId,
        holder: RunId,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease> {
        let expires = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
        let token = match self.held {
            Some(held) if held.holder == holder => held.token,
            Some(held) if now < held.expires => return Err(is_held(source, &held)),
            _ => self.newest.saturating_add(1),
        };
        let lease = Lease { holder, token, expires };
        *self = Self { newest: token, held: Some(lease) };
        Ok(lease)
    }

    /// Takes a lease back. The newest token stays, so that the next one is higher.
    pub(super) fn release(&mut self, holder: RunId) {
        self.held = self.held.filter(|held| held.holder != holder);
    }

    /// Refuses every token but the newest that was granted.
    pub(super) fn check(&self, source: &SourceId, token: u64) -> Result<()> {
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
