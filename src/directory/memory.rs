//! How much of what a server sends may be held at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{Error, ErrorKind, Result};

/// What may be held, and what is. Clones count together: whoever reads a directory, and whoever collects what is read.
#[derive(Clone, Debug)]
pub(crate) struct MemoryBudget {
    limit: u64,
    held: Arc<AtomicU64>,
    /// Whether somebody was told that half of it is held.
    is_half_told: Arc<AtomicBool>,
}

/// Octets of a budget, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: MemoryBudget,
    octets: u64,
}

/// What may be put aside, and where.
#[derive(Clone, Debug)]
pub(crate) struct SpoolRoom {
    /// So many octets stay in memory.
    pub(crate) in_memory: usize,
    /// So many may be in the file. What is more stays in memory.
    pub(crate) in_file: u64,
    /// Where the file is: `None` for where the system has temporary files.
    pub(crate) folder: Option<PathBuf>,
}

impl SpoolRoom {
    /// No file at all.
    pub(crate) const NO_FILE: Self = Self { in_memory: usize::MAX, in_file: 0, folder: None };
}

impl MemoryBudget {
    /// 1 GiB: what a run keeps at hand of a million computers as a usual directory has them, and what it decides on them.
    pub(crate) const DEFAULT: u64 = 1 << 30;

    /// Nothing is held yet.
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, held: Arc::default(), is_half_told: Arc::default() }
    }

    /// What may be put aside of what is read: up to so many octets in memory, and a quarter of the budget at most; in a file
    /// sixteen times the budget, as long as a read of a million computers is by far.
    pub(crate) fn spool_room(&self, in_memory: usize, folder: Option<PathBuf>) -> SpoolRoom {
        let quarter = usize::try_from(self.limit / 4).unwrap_or(usize::MAX);
        let in_file = self.limit.saturating_mul(16);
        SpoolRoom { in_memory: in_memory.min(quarter), in_file, folder }
    }

    /// Somebody who will hold something.
    pub(crate) fn holder(&self) -> Held {
        Held { budget: self.clone(), octets: 0 }
    }
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl Held {
    /// Holds more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`] if that is more than all together may hold; it is counted all the same.
    pub(crate) fn add(&mut self, octets: usize) -> Result<()> {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.octets = self.octets.saturating_add(octets);
        let before = self.budget.held.fetch_add(octets, Ordering::Relaxed);
        if before.saturating_add(octets) <= self.budget.limit {
            return Ok(());
        }
        let message = "what is read takes more memory than memory_bytes allows; raise it, or read less at once";
        Err(Error::new(ErrorKind::LimitExceeded, message)
            .with_context("memory_bytes", self.budget.limit))
    }

    /// Holds so much less.
    pub(crate) fn remove(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX).min(self.octets);
        self.octets -= octets;
        self.budget.held.fetch_sub(octets, Ordering::Relaxed);
    }

    /// How many octets all together hold, and how many they may, once that is half of it: said to the first who asks, in time
    /// to raise the limit, since how much is still to come is known to nobody.
    pub(crate) fn half_of_budget(&self) -> Option<(u64, u64)> {
        let MemoryBudget { limit, held, is_half_told } = &self.budget;
        let held = held.load(Ordering::Relaxed);
        let is_due = held >= limit / 2 && !is_half_told.swap(true, Ordering::Relaxed);
        is_due.then_some((held, *limit))
    }

    /// Somebody else who will hold something of the same budget.
    pub(crate) fn beside(&self) -> Self {
        self.budget.holder()
    }

    /// Takes over what another holds.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.octets = self.octets.saturating_add(std::mem::take(&mut other.octets));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_holders_together_hold_no_more_than_the_budget_and_give_it_back() {
        let budget = MemoryBudget::new(100);
        let (mut one, mut other) = (budget.holder(), budget.holder());
        one.add(60).unwrap();
        other.add(40).unwrap();
        let error = other.add(1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.to_string().contains("memory_bytes: 100"), "{error}");
        other.remove(1);
        one.absorb(other);
        one.add(1).unwrap_err();
        drop(one);
        budget.holder().add(100).unwrap();
        budget.holder().add(usize::MAX).unwrap_err();
    }

    #[test]
    fn that_half_is_held_is_said_once() {
        let budget = MemoryBudget::new(100);
        let (mut one, mut other) = (budget.holder(), budget.holder());
        one.add(30).unwrap();
        other.add(19).unwrap();
        assert_eq!(one.half_of_budget(), None);
        other.add(1).unwrap();
        assert_eq!(one.half_of_budget(), Some((50, 100)));
        other.add(10).unwrap();
        assert_eq!([one.half_of_budget(), other.half_of_budget()], [None, None]);
    }
}
