//! An interval as arithmetic: on time that passes, or on the calendar.

use jiff::Span;
use jiff::civil::DateTime;

use super::Unit;

const MICROS_PER_MINUTE: i64 = 60 * 1_000_000;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

pub(super) enum Step {
    /// So many microseconds that pass.
    Micros(i64),
    Calendar(CalendarStep),
}

#[derive(Clone, Copy)]
pub(super) enum CalendarStep {
    Days(i64),
    Months(i64),
}

impl Step {
    pub(super) fn of(count: u32, unit: Unit) -> Self {
        let count = i64::from(count);
        match unit {
            Unit::Minutes => Self::Micros(count * MICROS_PER_MINUTE),
            Unit::Hours => Self::Micros(count * 60 * MICROS_PER_MINUTE),
            Unit::Days => Self::Calendar(CalendarStep::Days(count)),
            Unit::Weeks => Self::Calendar(CalendarStep::Days(count * 7)),
            Unit::Months => Self::Calendar(CalendarStep::Months(count)),
        }
    }
}

impl CalendarStep {
    /// The start, so many steps later. `None` after the end of the calendar.
    pub(super) fn occurrence(self, start: DateTime, number: i64) -> Option<DateTime> {
        let span = match self {
            Self::Days(days) => Span::new().try_days(days.checked_mul(number)?),
            Self::Months(months) => Span::new().try_months(months.checked_mul(number)?),
        };
        start.checked_add(span.ok()?).ok()
    }

    /// The number of the first occurrence that is later than this, for what is no earlier than the start.
    pub(super) fn first_after(self, start: DateTime, time: DateTime) -> i64 {
        match self {
            Self::Days(days) => time.duration_since(start).as_secs() / (days * SECONDS_PER_DAY) + 1,
            Self::Months(months) => {
                // The occurrence in this month, or the last one before it.
                let number = (month(time) - month(start)) / months;
                let later = self.occurrence(start, number).is_some_and(|found| found > time);
                if later { number } else { number + 1 }
            }
        }
    }
}

/// The months since the beginning of the calendar.
fn month(time: DateTime) -> i64 {
    i64::from(time.year()) * 12 + i64::from(time.month())
}
