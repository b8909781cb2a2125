//! Waiting for an inventory that is busy: with another run of the same directory, or with another program.

use std::time::{Duration, Instant};

use super::exit::{Failure, Status};
use super::interrupt::Interrupt;

/// How long to wait before a busy inventory is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long a busy inventory is waited for, unless the program shall end.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    begun: Instant,
    longest: Duration,
    is_told: bool,
    interrupt: &'a Interrupt,
}

impl<'a> Patience<'a> {
    /// For so long at most from now on.
    pub(crate) fn new(longest: Duration, interrupt: &'a Interrupt) -> Self {
        Self { begun: Instant::now(), longest, is_told: false, interrupt }
    }

    /// Waits a little before the same is done again. That it waits is told once.
    ///
    /// # Errors
    ///
    /// The failure, where waiting does not mend it or was long enough, and the interruption.
    pub(crate) async fn wait(
        &mut self,
        failure: Failure,
        tell: impl FnOnce(&Failure),
    ) -> Result<(), Failure> {
        if failure.status() != Status::Busy || self.begun.elapsed() >= self.longest {
            return Err(failure);
        }
        if !self.is_told {
            tell(&failure);
            self.is_told = true;
        }
        self.interrupt.pause(AGAIN).await
    }
}
