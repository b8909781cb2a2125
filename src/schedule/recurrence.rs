//! Once, or every so often.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Whether a schedule has one time or many. Prints as `once`, `every day` or `every 3 days`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", try_from = "Unchecked")]
pub enum Recurrence {
    /// At the start, and never again.
    Once,
    /// At the start, and again after every interval: made by [`Recurrence::every`].
    #[non_exhaustive]
    Every {
        /// How many units the interval has, 1 to [`MAX_COUNT`](Recurrence::MAX_COUNT).
        count: u32,
        /// What it is counted in.
        unit: Unit,
    },
}

impl Recurrence {
    /// The most units an interval may have. What is longer is a slip of the keyboard, and a larger unit says
    /// the rest better.
    pub const MAX_COUNT: u32 = 10_000;

    /// At the start, and again every `count` units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) unless there are 1 to
    /// [`MAX_COUNT`](Self::MAX_COUNT) of them.
    pub fn every(count: u32, unit: Unit) -> Result<Self> {
        if (1..=Self::MAX_COUNT).contains(&count) {
            return Ok(Self::Every { count, unit });
        }
        let reason = format!("expected 1 to {} {}", Self::MAX_COUNT, unit.plural());
        Err(Error::invalid("interval", &count.to_string(), reason))
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once => f.write_str("once"),
            Self::Every { count: 1, unit } => write!(f, "every {}", unit.singular()),
            Self::Every { count, unit } => write!(f, "every {count} {}", unit.plural()),
        }
    }
}

impl TryFrom<Unchecked> for Recurrence {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        match unchecked {
            Unchecked::Once => Ok(Self::Once),
            Unchecked::Every { count, unit } => Self::every(count, unit),
        }
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

/// As it is written down.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unchecked {
    Once,
    Every { count: u32, unit: Unit },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_1_to_10000_units() {
        for count in [1, 2, 10_000] {
            let expected = Recurrence::Every { count, unit: Unit::Days };
            assert_eq!(Recurrence::every(count, Unit::Days).unwrap(), expected);
        }
        for count in [0, 10_001, u32::MAX] {
            let error = Recurrence::every(count, Unit::Days).unwrap_err();
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
