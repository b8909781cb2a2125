//! What a comparison is made with: numbers, moments, distances from now.

use super::suggest::nearest;
use super::text::number;

/// Microseconds in each unit, with the ways to write it. A month is 30 days and a year 365.
const UNITS: &[(i64, &[&str])] = &[
    (1_000_000, &["s", "sec", "secs", "second", "seconds"]),
    (60_000_000, &["m", "min", "mins", "minute", "minutes"]),
    (3_600_000_000, &["h", "hour", "hours"]),
    (86_400_000_000, &["d", "day", "days"]),
    (604_800_000_000, &["w", "week", "weeks"]),
    (2_592_000_000_000, &["mo", "month", "months"]),
    (31_536_000_000_000, &["y", "year", "years"]),
];

/// How a value compares with a bound. For a distance from now, less is nearer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// What a value is compared with. Times are in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Measure {
    /// A distance from now, in either direction: `30days`.
    Distance {
        /// Its length in microseconds.
        micros: i64,
    },
    /// A moment: a day (`2026-01-31`) or a second of one (`2026-01-31T12:00:00Z`).
    Moment {
        /// Its first microsecond.
        start: i64,
        /// The first microsecond after it.
        end: i64,
    },
    /// Now, or so far from it: `now`, `now-30days`, `now+2weeks`.
    Now {
        /// How long after now, in microseconds; negative before.
        offset: i64,
    },
    /// A number: `3`.
    Number(i64),
}

/// The values that satisfy a comparison: those from `low` to `high`, both included, or all others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    pub(crate) low: i64,
    pub(crate) high: i64,
    pub(crate) outside: bool,
}

impl Window {
    pub(crate) fn new(low: i64, high: i64) -> Self {
        Self { low, high, outside: false }
    }

    pub(crate) fn holds(self, value: i64) -> bool {
        (self.low..=self.high).contains(&value) != self.outside
    }
}

impl Measure {
    /// Reads a number, a moment, a distance or `now`; otherwise a unit that may have been meant.
    pub(crate) fn read(text: &str) -> Result<Self, Option<&'static str>> {
        let lower = text.to_ascii_lowercase();
        if let Some(number) = number(&lower) {
            return Ok(Self::Number(number));
        }
        if let Some((start, end)) = moment(text) {
            return Ok(Self::Moment { start, end });
        }
        if let Some(rest) = lower.strip_prefix("now") {
            return match rest.split_at_checked(1) {
                None => Ok(Self::Now { offset: 0 }),
                Some(("+", length)) => Ok(Self::Now { offset: duration(length)? }),
                Some(("-", length)) => Ok(Self::Now { offset: -duration(length)? }),
                Some(_) => Err(Some("now")),
            };
        }
        Ok(Self::Distance { micros: duration(&lower)? })
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// The values for which `value comparison self` holds.
    pub(crate) fn window(self, comparison: Comparison, now: i64) -> Window {
        let (start, last) = match self {
            Self::Distance { micros } => return around(now, micros, comparison),
            Self::Moment { start, end } => (start, end.saturating_sub(1)),
            Self::Now { offset } => (now.saturating_add(offset), now.saturating_add(offset)),
            Self::Number(number) => (number, number),
        };
        // A bound at the very end of the range leaves nothing beyond it, not the end itself.
        match comparison {
            Comparison::Greater => Window { low: i64::MIN, high: last, outside: true },
            Comparison::GreaterOrEqual => Window::new(start, i64::MAX),
            Comparison::Less => Window { low: start, high: i64::MAX, outside: true },
            Comparison::LessOrEqual => Window::new(i64::MIN, last),
        }
    }
}

/// The first microsecond of a day or second, and the first one after it.
///
/// `2026-01-31`, `2026-01-31T12:00`, `2026-01-31T12:00:00.5+02:00`; UTC unless an offset is given.
pub(crate) fn moment(text: &str) -> Option<(i64, i64)> {
    let separator = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    // The name of a time zone behind a time is an annotation (RFC 9557), and not what the time is read by.
    if !separator(4) || !separator(7) || text.contains('[') {
        return None;
    }
    if text.len() == 10 {
        let date: jiff::civil::Date = text.parse().ok()?;
        let start = utc_micros(date.to_datetime(jiff::civil::Time::midnight()))?;
        return Some((start, start + 86_400_000_000));
    }
    let zoned: Option<jiff::Timestamp> = text.parse().ok();
    let start = match zoned {
        Some(timestamp) => timestamp.as_microsecond(),
        None => utc_micros(text.parse().ok()?)?,
    };
    let length = if text.contains(['.', ',']) { 1 } else { 1_000_000 };
    Some((start, start + length))
}

fn utc_micros(time: jiff::civil::DateTime) -> Option<i64> {
    let zoned = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    Some(zoned.as_microsecond())
}

/// A length of time such as `30days`, in microseconds; otherwise a unit that may have been meant.
fn duration(text: &str) -> Result<i64, Option<&'static str>> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).ok_or(None)?;
    let count: i64 = count.parse().map_err(|_| None)?;
    let spellings = || UNITS.iter().flat_map(|(_, spellings)| spellings.iter().copied());
    let Some((micros, _)) = UNITS.iter().find(|(_, spellings)| spellings.contains(&unit)) else {
        return Err(nearest(unit, spellings().filter(|spelling| spelling.len() > 2)));
    };
    count.checked_mul(*micros).ok_or(None)
}

fn around(now: i64, micros: i64, comparison: Comparison) -> Window {
    let less = |by: i64| (now.saturating_sub(by), now.saturating_add(by));
    let (low, high) = match comparison {
        Comparison::Greater | Comparison::LessOrEqual => less(micros),
        Comparison::GreaterOrEqual | Comparison::Less => less(micros.saturating_sub(1)),
    };
    let outside = matches!(comparison, Comparison::Greater | Comparison::GreaterOrEqual);
    Window { low, high, outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn moments_are_days_or_seconds_in_utc_unless_an_offset_says_otherwise() {
        assert_eq!(moment("1970-01-02"), Some((DAY, 2 * DAY)));
        assert_eq!(moment("1970-01-02T00:00:01Z"), Some((DAY + 1_000_000, DAY + 2_000_000)));
        assert_eq!(moment("1970-01-02T00:00"), Some((DAY, DAY + 1_000_000)));
        assert_eq!(moment("1970-01-02T02:00:00+02:00"), Some((DAY, DAY + 1_000_000)));
        assert_eq!(moment("1970-01-02 00:00:00.000001Z"), Some((DAY + 1, DAY + 2)));
        for wrong in [
            "2026-13-01",
            "2026-02-30",
            "20260101",
            "2026-01-0",
            "web1-us-east",
            "",
            "2026-01-01T10:00:00[America/New_York]",
            "2026-01-01T10:00:00Z[UTC]",
            "2026-01-01[u-ca=iso8601]",
        ] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_unit_has_its_length() {
        let length = |text: &str| duration(text).unwrap();
        assert_eq!(length("90s"), 90_000_000);
        assert_eq!(length("2min"), 120_000_000);
        assert_eq!(length("24hours"), DAY);
        assert_eq!(length("1w"), 7 * DAY);
        assert_eq!(length("1month"), 30 * DAY);
        assert_eq!(length("1year"), 365 * DAY);
        assert_eq!(duration("30dyas"), Err(Some("days")));
        assert_eq!(duration("99999999999999years"), Err(None));
        assert_eq!(duration("days"), Err(None));
    }

    #[test]
    fn a_distance_reaches_into_the_past_and_the_future() {
        let within =
            |comparison, t| Measure::Distance { micros: 10 }.window(comparison, 100).holds(t);
        for (t, less, less_or_equal) in [(89, false, false), (90, false, true), (91, true, true)] {
            for t in [t, 200 - t] {
                assert_eq!(within(Comparison::Less, t), less, "{t}");
                assert_eq!(within(Comparison::GreaterOrEqual, t), !less, "{t}");
                assert_eq!(within(Comparison::LessOrEqual, t), less_or_equal, "{t}");
                assert_eq!(within(Comparison::Greater, t), !less_or_equal, "{t}");
            }
        }
        let none = Measure::Distance { micros: 0 };
        assert!(!none.window(Comparison::Less, 100).holds(100));
        assert!(none.window(Comparison::GreaterOrEqual, 100).holds(100));
    }

    #[test]
    fn comparing_with_a_day_means_the_whole_day() {
        let day = Measure::Moment { start: 10, end: 20 };
        let holds = |comparison, t| day.window(comparison, 0).holds(t);
        assert!(holds(Comparison::Less, 9) && !holds(Comparison::Less, 10));
        assert!(holds(Comparison::LessOrEqual, 19) && !holds(Comparison::LessOrEqual, 20));
        assert!(holds(Comparison::Greater, 20) && !holds(Comparison::Greater, 19));
        assert!(holds(Comparison::GreaterOrEqual, 10) && !holds(Comparison::GreaterOrEqual, 9));
    }

    #[test]
    fn nothing_lies_beyond_the_ends_of_the_range() {
        let end = Measure::Number(i64::MAX);
        assert!(!end.window(Comparison::Greater, 0).holds(i64::MAX));
        let beginning = Measure::Now { offset: -1 };
        assert!(!beginning.window(Comparison::Less, i64::MIN).holds(i64::MIN));
    }
}
