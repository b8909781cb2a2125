//! Schedules in words.

use std::time::Duration;

use jiff::civil::{DateTime, Weekday};

use super::{Recurrence, Schedule, Unit};

impl Schedule {
    /// The schedule in words, such as "every day at 02:30, Europe/Berlin, from 2 January 2026".
    pub fn describe(&self) -> String {
        let start = self.start().civil();
        let (date, clock, zone) = (date(start), clock(start), self.time_zone());
        let mut words = match self.recurrence() {
            Recurrence::Once => format!("once, on {date} at {clock}, {zone}"),
            every @ Recurrence::Every { unit, .. } => match unit {
                Unit::Minutes | Unit::Hours => format!("{every} from {date} at {clock}, {zone}"),
                Unit::Days | Unit::Weeks | Unit::Months => {
                    let day = day(unit, start);
                    format!("{every}{day} at {clock}, {zone}, from {date}")
                }
            },
        };
        if let Some(grace) = self.grace() {
            words += &format!("; skipped if more than {} late", duration(grace));
        }
        words
    }
}

/// The day within the week or month, with a preposition.
fn day(unit: Unit, start: DateTime) -> String {
    match (unit, start.day()) {
        (Unit::Weeks, _) => format!(" on {}", weekday(start.weekday())),
        (Unit::Months, day @ 29..) => format!(" on the {}, or the month's last day,", ordinal(day)),
        (Unit::Months, day) => format!(" on the {}", ordinal(day)),
        _ => String::new(),
    }
}

fn date(time: DateTime) -> String {
    format!("{} {} {}", time.day(), month(time.month()), time.year())
}

fn clock(time: DateTime) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    match time.second() {
        0 => format!("{hour:02}:{minute:02}"),
        second => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

fn month(number: i8) -> &'static str {
    match number {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn ordinal(day: i8) -> String {
    let ending = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// In the largest unit that leaves no rest.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let unit = units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "second"));
    let ending = if seconds == size { "" } else { "s" };
    format!("{} {name}{ending}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_in_words() {
        let every = |count, unit| Recurrence::every(count, unit).unwrap();
        for (start, recurrence, expected) in [
            (
                "2026-01-02T02:30",
                Recurrence::Once,
                "once, on 2 January 2026 at 02:30, Europe/Berlin",
            ),
            (
                "2026-01-02T02:30:05",
                every(6, Unit::Hours),
                "every 6 hours from 2 January 2026 at 02:30:05, Europe/Berlin",
            ),
            (
                "2026-01-02T02:30",
                every(1, Unit::Days),
                "every day at 02:30, Europe/Berlin, from 2 January 2026",
            ),
            (
                "2026-01-02T02:30",
                every(2, Unit::Weeks),
                "every 2 weeks on Friday at 02:30, Europe/Berlin, from 2 January 2026",
            ),
            (
                "2026-12-03T00:00",
                every(1, Unit::Months),
                "every month on the 3rd at 00:00, Europe/Berlin, from 3 December 2026",
            ),
            (
                "2026-08-31T23:59",
                every(3, Unit::Months),
                "every 3 months on the 31st, or the month's last day, at 23:59, Europe/Berlin, \
                 from 31 August 2026",
            ),
        ] {
            let schedule = Schedule::new(start.parse().unwrap(), recurrence);
            let schedule = schedule.with_time_zone("Europe/Berlin").unwrap();
            assert_eq!(schedule.describe(), expected);
        }
    }

    #[test]
    fn the_grace_period_in_words() {
        let schedule = Schedule::new("2026-01-02T02:30".parse().unwrap(), Recurrence::Once);
        for (seconds, expected) in [
            (60, "1 minute"),
            (90, "90 seconds"),
            (5_400, "90 minutes"),
            (14_400, "4 hours"),
            (86_400, "1 day"),
        ] {
            let schedule = schedule.clone().with_grace(Duration::from_secs(seconds)).unwrap();
            let expected = format!(
                "once, on 2 January 2026 at 02:30, UTC; skipped if more than {expected} late"
            );
            assert_eq!(schedule.describe(), expected);
        }
    }
}
