//! Once, or every so often.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Whether a schedule has one time or many.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// At the start, and never again.
    Once,
    /// At the start, and again after every interval.
    Every(Interval),
}

impl Recurrence {
    /// At the start, and again every `count` units.
    ///
    /// # Errors
    ///
    /// As for [`Interval::new`].
    pub fn every(count: u32, unit: Unit) -> Result<Self> {
        Interval::new(count, unit).map(Self::Every)
    }
}

/// The distance from one time of a schedule to the next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Unchecked")]
pub struct Interval {
    count: u32,
    unit: Unit,
}

impl Interval {
    /// The most units an interval may have. What is longer is a slip of the keyboard, and a larger unit says
    /// the rest better.
    pub const MAX_COUNT: u32 = 10_000;

    /// So many units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) unless there are 1 to
    /// [`MAX_COUNT`](Self::MAX_COUNT) of them.
    pub fn new(count: u32, unit: Unit) -> Result<Self> {
        if (1..=Self::MAX_COUNT).contains(&count) {
            return Ok(Self { count, unit });
        }
        let reason = format!("expected 1 to {} {}", Self::MAX_COUNT, unit.plural());
        Err(Error::invalid("interval", &count.to_string(), reason))
    }

    /// How many units.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Of what.
    pub fn unit(self) -> Unit {
        self.unit
    }
}

impl fmt::Display for Interval {
    /// Writes `every day` or `every 3 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "every {}", self.unit.singular()),
            count => write!(f, "every {count} {}", self.unit.plural()),
        }
    }
}

impl TryFrom<Unchecked> for Interval {
    type Error = Error;

    fn try_from(interval: Unchecked) -> Result<Self> {
        Self::new(interval.count, interval.unit)
    }
}

/// What an interval is counted in.
///
/// Minutes and hours are time that passes: every 24 hours is an hour earlier or later on the clock once it
/// was changed. Days, weeks and months are read off the calendar: every day at 02:30 stays at 02:30.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 60 seconds that pass.
    Minutes,
    /// 3,600 seconds that pass.
    Hours,
    /// The same time of day, on another date.
    Days,
    /// The same time on the same day of the week.
    Weeks,
    /// The same time on the same day of the month, or on the last day of a month that is too short for it.
    /// Always counted from the start, so the 31st is the 28th in February and the 31st in March.
    Months,
}

impl Unit {
    fn singular(self) -> &'static str {
        let plural = self.plural();
        plural.strip_suffix('s').unwrap_or(plural)
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
        }
    }
}

#[derive(Deserialize)]
struct Unchecked {
    count: u32,
    unit: Unit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_1_to_10000_units() {
        for count in [1, 2, 10_000] {
            assert_eq!(Interval::new(count, Unit::Days).unwrap().count(), count);
        }
        for count in [0, 10_001, u32::MAX] {
            let error = Interval::new(count, Unit::Days).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Invalid);
            let expected = format!("\"{count}\" is not valid: expected 1 to 10000 days");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }

    #[test]
    fn it_is_checked_when_it_is_read() {
        let hours = Recurrence::every(6, Unit::Hours).unwrap();
        let json = r#"{"every":{"count":6,"unit":"hours"}}"#;
        assert_eq!(serde_json::to_string(&hours).unwrap(), json);
        assert_eq!(serde_json::from_str::<Recurrence>(json).unwrap(), hours);
        assert_eq!(serde_json::to_string(&Recurrence::Once).unwrap(), r#""once""#);
        for count in ["0", "10001", "-1", "1.5"] {
            let json = json.replace('6', count);
            assert!(serde_json::from_str::<Recurrence>(&json).is_err(), "{json}");
        }
    }
}
