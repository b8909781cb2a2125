//! The times of a schedule, one after the other and each by looking at the clock. The oracle.

use jiff::Span;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Recurrence, Schedule, Unit};
use crate::value::Timestamp;

/// Every time of the schedule up to an instant.
pub(super) fn naive(schedule: &Schedule, until: Timestamp) -> Vec<Timestamp> {
    let zone = TimeZone::get(schedule.time_zone()).unwrap();
    let start: DateTime = schedule.start().to_string().parse().unwrap();
    let Recurrence::Every { count: units, unit } = schedule.recurrence() else {
        let only = Timestamp::from_unix_seconds(look(&zone, start)).unwrap();
        return Vec::from_iter((only <= until).then_some(only));
    };
    let mut times: Vec<Timestamp> = Vec::new();
    for number in 0.. {
        let count = number * i64::from(units);
        let time = match unit {
            Unit::Minutes => look(&zone, start) + count * 60,
            Unit::Hours => look(&zone, start) + count * 3_600,
            Unit::Days => look(&zone, start + Span::new().days(count)),
            Unit::Weeks => look(&zone, start + Span::new().weeks(count)),
            Unit::Months => look(&zone, start + Span::new().months(count)),
        };
        let time = Timestamp::from_unix_seconds(time).unwrap();
        if time > until {
            break;
        }
        if times.last() != Some(&time) {
            times.push(time);
        }
    }
    times
}

/// The first quarter of an hour at which the clock shows this time or a later one, in seconds.
fn look(zone: &TimeZone, local: DateTime) -> i64 {
    let utc = TimeZone::UTC.to_timestamp(local).unwrap().as_second();
    (utc - 15 * 3_600..utc + 15 * 3_600)
        .step_by(900)
        .find(|second| zone.to_datetime(jiff::Timestamp::from_second(*second).unwrap()) >= local)
        .unwrap()
}
