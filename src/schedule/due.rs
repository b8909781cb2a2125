//! Whether a run is due.

use super::Schedule;
use crate::value::Timestamp;

/// Whether a run is due, and what comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Due {
    /// A run is due. It makes up for all times that were missed before.
    Since(Timestamp),
    /// Nothing is to be done until then.
    NotYet(Timestamp),
    /// Nobody started a run within the grace period, so that it is skipped.
    Missed {
        /// When it was due.
        at: Timestamp,
        /// When the next one is due.
        next: Option<Timestamp>,
    },
    /// The last run began later than now, and after the next time: the clock has been put back, or was wrong
    /// when that run began. Nothing runs until the clock has passed the last run, so that nothing runs twice.
    ///
    /// If the clock was far ahead once, this can take years. Whoever knows that the clock is right now leaves
    /// that run out and asks again with the one before it.
    ClockBehind {
        /// When the next one is due.
        next: Option<Timestamp>,
    },
    /// Nothing will ever be due again.
    Over,
}

impl Due {
    /// When to act: the time since which a run is due, or else the next one.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Since(at) | Self::NotYet(at) => Some(at),
            Self::Missed { next, .. } | Self::ClockBehind { next } => next,
            Self::Over => None,
        }
    }
}

impl Schedule {
    /// Whether a run is due now. `last_run` is when the latest run began, whatever came of it; a run that
    /// the host started out of turn counts as well.
    ///
    /// A time is due if no run began at or after it. Of several such times only the latest counts, so that
    /// one run makes up for all. However the clock jumps, each time gets at most one run, provided that
    /// `last_run` is noted when a run begins.
    ///
    /// ```
    /// use ldap_inventory::schedule::{Due, Recurrence, Schedule, Unit};
    /// use ldap_inventory::value::Timestamp;
    ///
    /// let hourly = Schedule::new("2026-01-02T00:00".parse()?, Recurrence::every(1, Unit::Hours)?);
    /// let last_run: Timestamp = "2026-01-02T03:00:01Z".parse()?;
    /// let four = "2026-01-02T04:00:00Z".parse()?;
    /// assert_eq!(hourly.due("2026-01-02T03:59:59Z".parse()?, Some(last_run)), Due::NotYet(four));
    /// assert_eq!(hourly.due("2026-01-02T04:20:00Z".parse()?, Some(last_run)), Due::Since(four));
    /// # Ok::<(), ldap_inventory::Error>(())
    /// ```
    pub fn due(&self, now: Timestamp, last_run: Option<Timestamp>) -> Due {
        let next = self.next_after(now);
        let had_run = |time: Timestamp| last_run.is_some_and(|run| time <= run);
        if next.is_some_and(had_run) {
            let next = last_run.and_then(|run| self.next_after(run));
            return Due::ClockBehind { next };
        }
        match (self.last_until(now).filter(|latest| !had_run(*latest)), next) {
            (Some(at), next) if self.is_too_late(at, now) => Due::Missed { at, next },
            (Some(at), _) => Due::Since(at),
            (None, Some(next)) => Due::NotYet(next),
            (None, None) => Due::Over,
        }
    }

    /// Whether a run is due now. [`due`](Self::due) says more.
    pub fn is_due(&self, now: Timestamp, last_run: Option<Timestamp>) -> bool {
        matches!(self.due(now, last_run), Due::Since(_))
    }

    fn is_too_late(&self, at: Timestamp, now: Timestamp) -> bool {
        self.grace().is_some_and(|grace| now.saturating_since(at) > grace)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::schedule::naive::naive;
    use crate::schedule::{Recurrence, Unit};

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn nightly() -> Schedule {
        let daily = Recurrence::every(1, Unit::Days).unwrap();
        Schedule::new("2026-01-02T02:00".parse().unwrap(), daily)
    }

    fn once() -> Schedule {
        Schedule::new("2026-01-02T02:00".parse().unwrap(), Recurrence::Once)
    }

    fn with_grace(schedule: Schedule) -> Schedule {
        schedule.with_grace(Duration::from_secs(3_600)).unwrap()
    }

    #[test]
    fn a_run_is_due_once_for_each_time() {
        let (second, third) = (time("2026-01-02T02:00:00Z"), time("2026-01-03T02:00:00Z"));
        for (now, last_run, expected) in [
            ("2026-01-01T00:00:00Z", None, Due::NotYet(second)),
            ("2026-01-02T01:59:59.999999Z", None, Due::NotYet(second)),
            ("2026-01-02T02:00:00Z", None, Due::Since(second)),
            ("2026-01-02T02:00:00Z", Some("2026-01-02T01:59:59.999999Z"), Due::Since(second)),
            ("2026-01-02T02:00:01Z", Some("2026-01-02T02:00:00Z"), Due::NotYet(third)),
            ("2026-01-02T12:00:00Z", Some("2026-01-02T11:00:00Z"), Due::NotYet(third)),
            ("2026-01-03T02:00:00Z", Some("2026-01-02T11:00:00Z"), Due::Since(third)),
        ] {
            let due = nightly().due(time(now), last_run.map(time));
            assert_eq!(due, expected, "{now}, last run {last_run:?}");
            let is_due = nightly().is_due(time(now), last_run.map(time));
            assert_eq!(is_due, matches!(expected, Due::Since(_)));
        }
    }

    #[test]
    fn one_run_makes_up_for_all_that_were_missed() {
        let now = time("2026-03-01T09:00:00Z");
        let due = nightly().due(now, Some(time("2026-01-02T02:00:00Z")));
        assert_eq!(due, Due::Since(time("2026-03-01T02:00:00Z")));
        assert_eq!(nightly().due(now, Some(now)), Due::NotYet(time("2026-03-02T02:00:00Z")));
    }

    #[test]
    fn a_run_is_skipped_only_after_its_grace_period() {
        let schedule = with_grace(nightly());
        let (at, next) = (time("2026-01-02T02:00:00Z"), Some(time("2026-01-03T02:00:00Z")));
        assert_eq!(schedule.due(time("2026-01-02T03:00:00Z"), None), Due::Since(at));
        let missed = Due::Missed { at, next };
        assert_eq!(schedule.due(time("2026-01-02T03:00:00.000001Z"), None), missed);
        assert_eq!(missed.at(), next);
        assert!(schedule.is_due(time("2026-01-03T02:00:00Z"), None));
    }

    #[test]
    fn once_is_over_when_it_ran_or_was_missed() {
        let (at, later) = (time("2026-01-02T02:00:00Z"), time("2026-01-05T00:00:00Z"));
        assert_eq!(once().due(later, None), Due::Since(at));
        assert_eq!(once().due(later, Some(at)), Due::Over);
        assert_eq!(once().due(later, Some(time("2026-01-02T01:00:00Z"))), Due::Since(at));
        assert_eq!(with_grace(once()).due(later, None), Due::Missed { at, next: None });
        assert_eq!(Due::Over.at(), None);
    }

    #[test]
    fn a_clock_that_goes_back_runs_nothing_twice() {
        let last_run = Some(time("2026-01-05T02:00:00Z"));
        // Not past the time of the last run: a small correction.
        let due = nightly().due(time("2026-01-05T01:59:59Z"), last_run);
        assert_eq!(due, Due::ClockBehind { next: Some(time("2026-01-06T02:00:00Z")) });
        let due = nightly().due(time("2026-01-02T02:00:00Z"), last_run);
        assert_eq!(due, Due::ClockBehind { next: Some(time("2026-01-06T02:00:00Z")) });
        // Back, but not behind the time that the last run was for.
        let last_run = Some(time("2026-01-05T05:00:00Z"));
        let due = nightly().due(time("2026-01-05T04:00:00Z"), last_run);
        assert_eq!(due, Due::NotYet(time("2026-01-06T02:00:00Z")));
        // The only time is ahead, yet it had its run.
        let due = once().due(time("2026-01-01T00:00:00Z"), last_run);
        assert_eq!(due, Due::ClockBehind { next: None });
    }

    #[test]
    fn a_clock_that_was_years_ahead_is_told_and_can_be_forgiven() {
        let (now, before) = (time("2026-01-05T02:00:00Z"), time("2026-01-04T02:00:00Z"));
        let wrong = time("2036-06-01T00:00:00Z");
        let due = nightly().due(now, Some(wrong));
        assert_eq!(due, Due::ClockBehind { next: Some(time("2036-06-01T02:00:00Z")) });
        assert_eq!(nightly().due(now, Some(before)), Due::Since(now));
    }

    #[test]
    fn the_ends_of_time_are_times_like_others() {
        let (min, max) = (Timestamp::MIN, Timestamp::MAX);
        let first = time("2026-01-02T02:00:00Z");
        assert_eq!(nightly().due(min, None), Due::NotYet(first));
        assert_eq!(nightly().due(min, Some(min)), Due::NotYet(first));
        assert_eq!(nightly().due(min, Some(max)), Due::ClockBehind { next: None });
        assert!(nightly().is_due(max, None) && nightly().is_due(max, Some(min)));
        assert_eq!(nightly().due(max, Some(max)), Due::Over);
        let patient = nightly().with_grace(Duration::MAX).unwrap();
        assert!(patient.is_due(max, None));
    }

    /// What is due, from a list of all times.
    fn naive_due(
        times: &[Timestamp],
        grace: Option<Duration>,
        now: Timestamp,
        last_run: Option<Timestamp>,
    ) -> Due {
        let after = |instant| times.iter().copied().find(|time| *time > instant);
        let latest = times.iter().copied().rfind(|time| *time <= now);
        let waits = latest.filter(|latest| last_run.is_none_or(|run| run < *latest));
        match (waits, after(now), last_run) {
            (_, Some(next), Some(run)) if run >= next => Due::ClockBehind { next: after(run) },
            (Some(at), next, _) => match grace {
                Some(grace) if at.checked_add(grace).unwrap() < now => Due::Missed { at, next },
                _ => Due::Since(at),
            },
            (None, Some(next), _) => Due::NotYet(next),
            (None, None, _) => Due::Over,
        }
    }

    proptest! {
        #[test]
        fn however_the_clock_jumps_the_naive_answer_is_the_same(
            recurrence in prop_oneof![
                1 => Just(Recurrence::Once),
                9 => (1..9u32, prop::sample::select(vec![Unit::Days, Unit::Weeks, Unit::Months]))
                    .prop_map(|(count, unit)| Recurrence::every(count, unit).unwrap()),
            ],
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Sydney", "America/Santiago"]),
            hour in 0..4u32,
            grace in prop::option::of(60..200_000u64),
            jumps in prop::collection::vec((-500_000..900_000i64, any::<bool>()), 1..20),
        ) {
            // Five days before the clock changes in Europe, and less before it does in the south.
            let start = format!("2026-03-24T{hour:02}:30").parse().unwrap();
            let mut schedule = Schedule::new(start, recurrence).with_time_zone(zone).unwrap();
            if let Some(seconds) = grace {
                schedule = schedule.with_grace(Duration::from_secs(seconds)).unwrap();
            }
            let (mut seconds, mut last_run) = (1_774_300_000, None);
            let times = naive(&schedule, time("2027-12-01T00:00:00Z"));
            for (jump, runs_out_of_turn) in jumps {
                seconds += jump;
                let now = Timestamp::from_unix_seconds(seconds).unwrap();
                let due = schedule.due(now, last_run);
                let expected = naive_due(&times, schedule.grace(), now, last_run);
                prop_assert_eq!(due, expected, "{} at {}", schedule.describe(), now);
                if runs_out_of_turn || matches!(due, Due::Since(_)) {
                    last_run = Some(now);
                }
            }
        }

        #[test]
        fn however_the_clock_jumps_each_time_gets_at_most_one_run(
            unit in prop::sample::select(vec![Unit::Minutes, Unit::Hours, Unit::Days, Unit::Months]),
            count in 1..50u32,
            grace in prop::option::of(60..100_000u64),
            jumps in prop::collection::vec(-3_000_000..4_000_000i64, 1..100),
        ) {
            let recurrence = Recurrence::every(count, unit).unwrap();
            let mut schedule = Schedule::new("2026-01-31T02:30".parse().unwrap(), recurrence)
                .with_time_zone("Europe/Berlin")
                .unwrap();
            if let Some(seconds) = grace {
                schedule = schedule.with_grace(Duration::from_secs(seconds)).unwrap();
            }
            let (mut seconds, mut last_run, mut served) = (1_780_000_000, None, Vec::new());
            for jump in jumps {
                seconds += jump;
                let now = Timestamp::from_unix_seconds(seconds).unwrap();
                if let Due::Since(at) = schedule.due(now, last_run) {
                    prop_assert!(at <= now && !served.contains(&at), "{at} again at {now}");
                    served.push(at);
                    last_run = Some(now);
                }
            }
        }

        #[test]
        fn a_clock_that_is_right_gives_each_time_its_run(
            count in 1..20u32,
            unit in prop::sample::select(vec![Unit::Minutes, Unit::Hours, Unit::Days]),
            begin in 1_774_000_000..1_775_000_000i64,
        ) {
            let recurrence = Recurrence::every(count, unit).unwrap();
            let schedule = Schedule::new("2026-01-31T02:30".parse().unwrap(), recurrence)
                .with_time_zone("Europe/Berlin")
                .unwrap()
                .with_grace(Schedule::MIN_GRACE)
                .unwrap();
            let begin = Timestamp::from_unix_seconds(begin).unwrap();
            let mut last_run = Some(begin);
            for expected in schedule.upcoming(begin).take(20) {
                let late = expected.checked_add(Duration::from_secs(59)).unwrap();
                prop_assert_eq!(schedule.due(late, last_run), Due::Since(expected));
                last_run = Some(late);
                prop_assert!(!schedule.is_due(late, last_run));
            }
        }
    }
}
