//! Bringing what a part claims in step with what its source says.

use crate::asset::{Claim, Claims};
use crate::value::{RunId, Timestamp};

/// How many values of a field are kept that a part does not claim any more. A machine that is renamed each month has so many
/// after twenty years.
const MOST_ENDED: usize = 256;

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
    /// Claims all of these values. What was claimed before and is not any more is kept and dated, if these `are_all`: the
    /// latest of it, since whoever has a new name each day would otherwise fill the store.
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
        self.drop_oldest(claims);
    }

    /// Drops what ended first, as far as it is more than may be kept.
    fn drop_oldest<T>(&self, claims: &mut Claims<T>) {
        let own = claims.iter().filter(|claim| claim.part == self.part);
        let mut ended: Vec<Timestamp> = own.filter_map(|claim| claim.until).collect();
        let Some(surplus @ 1..) = ended.len().checked_sub(MOST_ENDED) else { return };
        ended.sort_unstable();
        ended.truncate(surplus);
        let Some(last) = ended.last().copied() else { return };
        // Of those that ended together with the last one to go, the first in the list go.
        let mut ties = ended.iter().filter(|until| **until == last).count();
        claims.retain(|claim| match claim.until {
            Some(until) if claim.part == self.part && until < last => false,
            Some(until) if claim.part == self.part && until == last && ties > 0 => {
                ties -= 1;
                false
            }
            _ => true,
        });
        tracing::info!(dropped = surplus, "the oldest former values of a record were dropped");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_former_values_go_and_those_of_other_parts_stay() {
        let at = |n: usize| Timestamp::from_unix_seconds(i64::try_from(n).unwrap()).unwrap();
        let mut claims: Claims<String> = Claims::default();
        let mut other: Claim<String> = Claim::new("theirs".to_owned(), 7, None, at(0));
        other.until = Some(at(0));
        claims.push(other);
        // Two new names in each run, and none of them again.
        for n in 0..MOST_ENDED {
            let writer = ClaimWriter { part: 1, run: None, now: at(n) };
            writer.unite(&mut claims, &[format!("a{n}"), format!("b{n}")], true);
        }
        let own: Vec<&Claim<String>> = claims.iter().filter(|claim| claim.part == 1).collect();
        let ended = own.iter().filter(|claim| !claim.is_live()).count();
        assert_eq!((ended, own.len(), claims.len()), (MOST_ENDED, MOST_ENDED + 2, MOST_ENDED + 3));
        let oldest = own.iter().filter_map(|claim| claim.until).min();
        assert_eq!(oldest, Some(at(MOST_ENDED / 2)));
    }

    #[test]
    fn of_those_that_ended_together_the_first_go() {
        let at = |n: i64| Timestamp::from_unix_seconds(n).unwrap();
        let ended = |name: &str, part: u32, n: i64| {
            let claim = Claim::new(name.to_owned(), part, None, at(0));
            Claim { until: Some(at(n)), ..claim }
        };
        let mut claims = vec![
            ended("theirs, then", 7, 2),
            ended("newest", 1, 4),
            ended("a", 1, 3),
            ended("b", 1, 1),
            ended("theirs, later", 7, 3),
            ended("c", 1, 3),
            ended("d", 1, 2),
            ended("e", 1, 3),
        ];
        // Three too many.
        let rest = MOST_ENDED + 3 - 6;
        claims.extend((0..rest).map(|n| ended(&format!("later {n}"), 1, 4)));
        claims.push(Claim::new("live".to_owned(), 1, None, at(0)));
        let writer = ClaimWriter { part: 1, run: None, now: at(9) };
        writer.unite(&mut claims, &["live".to_owned()], true);
        let left: Vec<&str> = claims.iter().take(5).map(|claim| claim.value.as_str()).collect();
        assert_eq!(left, ["theirs, then", "newest", "theirs, later", "c", "e"]);
        assert_eq!(claims.len(), 5 + rest + 1);
        assert_eq!(claims.last().unwrap().value, "live");
    }

    #[test]
    fn what_has_ended_ends_once() {
        let at = |n: i64| Timestamp::from_unix_seconds(n).unwrap();
        let mut claims = vec![Claim::new("Linux".to_owned(), 1, None, at(0))];
        for n in [5, 6] {
            ClaimWriter { part: 1, run: None, now: at(n) }.settle(&mut claims, None);
            assert_eq!(claims[0].until, Some(at(5)), "{n}");
        }
    }
}
