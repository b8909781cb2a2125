//! Bringing what a part claims in step with what its source says.

use crate::asset::{Claim, Claims};
use crate::value::{RunId, Timestamp};

/// Writes the claims of one part. What other parts claim is left alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimWriter {
    /// The part.
    pub(crate) part: u32,
    /// The run that writes, if it is one.
    pub(crate) run: Option<RunId>,
    /// The time that what is written is dated with.
    pub(crate) now: Timestamp,
}

impl ClaimWriter {
    /// Claims all of these values. What was claimed before and is not any more is kept and dated, if these `are_all`.
    pub(crate) fn unite<T: Clone + PartialEq>(
        &self,
        claims: &mut Claims<T>,
        values: &[T],
        are_all: bool,
    ) {
        for claim in claims.iter_mut().filter(|claim| claim.part == self.part && claim.is_live()) {
            if are_all && !values.contains(&claim.value) {
                claim.until = Some(self.now);
            }
        }
        for value in values {
            match claims.iter_mut().find(|claim| claim.part == self.part && claim.value == *value) {
                Some(claim) if claim.is_live() => {}
                Some(retired) => *retired = self.claim(value.clone()),
                None => claims.push(self.claim(value.clone())),
            }
        }
    }

    /// Sets the one claim to a value that only one source can have right.
    pub(super) fn settle(&self, claims: &mut Claims<String>, value: Option<String>) {
        let own = claims.iter_mut().find(|claim| claim.part == self.part);
        match (own, value) {
            (Some(own), Some(value)) if own.value == value && own.is_live() => {}
            (Some(own), Some(value)) => {
                let replaced = Some(own.value.clone()).filter(|former| *former != value);
                *own = Claim { replaced, ..self.claim(value) };
            }
            (Some(own), None) if own.is_live() => own.until = Some(self.now),
            (None, Some(value)) => claims.push(self.claim(value)),
            (_, None) => {}
        }
    }

    /// A time is no name that somebody may still look for: of two the `better` one holds, the earlier first sight and
    /// the later last one.
    pub(crate) fn move_time(
        &self,
        claims: &mut Claims<Timestamp>,
        time: Option<Timestamp>,
        better: fn(Timestamp, Timestamp) -> Timestamp,
    ) {
        let Some(time) = time else { return };
        match claims.iter_mut().find(|claim| claim.part == self.part) {
            Some(own) if better(own.value, time) == own.value => {}
            Some(own) => *own = Claim { replaced: Some(own.value), ..self.claim(time) },
            None => claims.push(self.claim(time)),
        }
    }

    fn claim<T>(&self, value: T) -> Claim<T> {
        Claim::new(value, self.part, self.run, self.now)
    }
}
