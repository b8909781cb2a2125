use jiff::tz::TimeZone;
use jiff::{Span, civil};
use proptest::prelude::*;

use super::*;
use crate::schedule::Unit;
use crate::schedule::naive::naive;

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
];
/// North and south, with changes of an hour and of half an hour, at night and at midnight, and twice for one
/// month of the year.
const CHANGING: [&str; 10] = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Santiago",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Africa/Casablanca",
];
const UNITS: [Unit; 5] = [Unit::Minutes, Unit::Hours, Unit::Days, Unit::Weeks, Unit::Months];

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn every(start: &str, count: u32, unit: Unit, zone: &str) -> Schedule {
    let recurrence = Recurrence::every(count, unit).unwrap();
    Schedule::new(start.parse().unwrap(), recurrence).with_time_zone(zone).unwrap()
}

/// Asserts the times after an instant, which are the expected ones without their `Z`.
#[track_caller]
fn check(schedule: &Schedule, after: &str, expected: &[&str]) {
    let times = schedule.upcoming(time(after)).take(expected.len());
    let times: Vec<String> = times.map(|time| time.to_string()).collect();
    let expected: Vec<String> = expected.iter().map(|time| format!("{time}Z")).collect();
    assert_eq!(times, expected, "{}", schedule.describe());
}

#[test]
fn every_day_stays_at_its_time_in_summer_and_in_winter() {
    let berlin = every("2026-01-02T02:30", 1, Unit::Days, "Europe/Berlin");
    check(
        &berlin,
        "2026-03-27T12:00:00Z",
        &["2026-03-28T01:30:00", "2026-03-29T01:00:00", "2026-03-30T00:30:00"],
    );
    check(
        &berlin,
        "2026-10-24T12:00:00Z",
        &["2026-10-25T00:30:00", "2026-10-26T01:30:00", "2026-10-27T01:30:00"],
    );
    let new_york = every("2026-01-02T01:30", 1, Unit::Days, "America/New_York");
    check(&new_york, "2026-10-31T12:00:00Z", &["2026-11-01T05:30:00", "2026-11-02T06:30:00"]);
    let lord_howe = every("2026-01-02T02:15", 1, Unit::Days, "Australia/Lord_Howe");
    check(&lord_howe, "2026-10-03T00:00:00Z", &["2026-10-03T15:30:00", "2026-10-04T15:15:00"]);
}

#[test]
fn nothing_runs_again_while_the_clock_repeats_an_hour() {
    let berlin = every("2026-01-02T02:30", 1, Unit::Days, "Europe/Berlin");
    let (first, next) = (time("2026-10-25T00:30:00Z"), time("2026-10-26T01:30:00Z"));
    for (after, expected) in [
        ("2026-10-25T00:29:59.999999Z", first),
        ("2026-10-25T00:30:00Z", next),
        ("2026-10-25T01:00:00Z", next),
        ("2026-10-25T01:29:59Z", next),
        ("2026-10-25T01:30:00Z", next),
    ] {
        assert_eq!(berlin.next_after(time(after)), Some(expected), "{after}");
    }
    assert_eq!(berlin.last_until(time("2026-10-25T01:15:00Z")), Some(first));
}

#[test]
fn a_day_that_a_zone_skipped_and_the_one_after_it_are_one() {
    // Samoa went from 29 to 31 December 2011.
    check(
        &every("2011-12-01T00:00", 1, Unit::Days, "Pacific/Apia"),
        "2011-12-28T12:00:00Z",
        &["2011-12-29T10:00:00", "2011-12-30T10:00:00", "2011-12-31T10:00:00"],
    );
    check(
        &every("2011-12-01T02:30", 1, Unit::Days, "Pacific/Apia"),
        "2011-12-28T12:30:00Z",
        &["2011-12-29T12:30:00", "2011-12-30T10:00:00", "2011-12-30T12:30:00"],
    );
}

#[test]
fn hours_and_minutes_are_time_that_passes() {
    check(
        &every("2026-03-28T18:00", 6, Unit::Hours, "Europe/Berlin"),
        "2026-03-28T17:00:00Z",
        &["2026-03-28T23:00:00", "2026-03-29T05:00:00", "2026-03-29T11:00:00"],
    );
    check(
        &every("2026-10-25T02:00", 30, Unit::Minutes, "Europe/Berlin"),
        "2026-10-25T00:00:00Z",
        &["2026-10-25T00:30:00", "2026-10-25T01:00:00", "2026-10-25T01:30:00"],
    );
}

#[test]
fn weeks_keep_their_day() {
    check(
        &every("2026-01-02T12:00", 2, Unit::Weeks, "UTC"),
        "2026-01-02T12:00:00Z",
        &["2026-01-16T12:00:00", "2026-01-30T12:00:00", "2026-02-13T12:00:00"],
    );
}

#[test]
fn the_31st_is_the_last_day_of_short_months_and_comes_back() {
    let monthly = every("2028-01-31T12:00", 1, Unit::Months, "UTC");
    check(
        &monthly,
        "2028-01-31T12:00:00Z",
        &[
            "2028-02-29T12:00:00",
            "2028-03-31T12:00:00",
            "2028-04-30T12:00:00",
            "2028-05-31T12:00:00",
        ],
    );
    check(&monthly, "2029-02-15T00:00:00Z", &["2029-02-28T12:00:00", "2029-03-31T12:00:00"]);
    check(&monthly, "2029-02-28T12:00:00Z", &["2029-03-31T12:00:00"]);
}

#[test]
fn the_29th_of_february_comes_back_every_four_years() {
    check(
        &every("2028-02-29T12:00", 12, Unit::Months, "UTC"),
        "2028-02-29T12:00:00Z",
        &[
            "2029-02-28T12:00:00",
            "2030-02-28T12:00:00",
            "2031-02-28T12:00:00",
            "2032-02-29T12:00:00",
        ],
    );
    check(
        &every("2096-02-29T12:00", 12, Unit::Months, "UTC"),
        "2100-01-01T00:00:00Z",
        &["2100-02-28T12:00:00", "2101-02-28T12:00:00"],
    );
}

#[test]
fn the_start_is_the_first_time() {
    let start = time("2026-01-02T02:30:00Z");
    let before = start.checked_sub(Duration::from_micros(1)).unwrap();
    for unit in UNITS {
        let schedule = every("2026-01-02T02:30", 3, unit, "UTC");
        assert_eq!(schedule.next_after(Timestamp::MIN), Some(start), "{unit:?}");
        assert_eq!(schedule.next_after(before), Some(start), "{unit:?}");
        assert_eq!(schedule.last_until(start), Some(start), "{unit:?}");
        assert_eq!(schedule.last_until(before), None, "{unit:?}");
    }
    let once = Schedule::new("2026-01-02T02:30".parse().unwrap(), Recurrence::Once);
    assert_eq!(once.upcoming(Timestamp::MIN).collect::<Vec<_>>(), [start]);
    assert_eq!(once.next_after(start), None);
}

#[test]
fn the_calendar_ends_quietly() {
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        for unit in UNITS {
            for count in [1, 10_000] {
                for start in ["1970-01-01T00:00", "2026-01-31T12:00", "9999-12-31T23:59:59"] {
                    let schedule = every(start, count, unit, zone);
                    assert_eq!(schedule.next_after(Timestamp::MAX), None, "{start} {zone}");
                    let last = schedule.last_until(Timestamp::MAX);
                    assert_eq!(last.and_then(|last| schedule.next_after(last)), None);
                }
            }
        }
    }
    let daily = every("1970-01-01T00:00", 1, Unit::Days, "UTC");
    assert_eq!(daily.last_until(Timestamp::MAX), Some(time("9999-12-30T00:00:00Z")));
}

#[test]
fn what_is_stored_is_checked_when_it_is_read() {
    let schedule = every("2026-01-02T02:30", 1, Unit::Days, "Europe/Berlin")
        .with_grace(Duration::from_millis(90_500))
        .unwrap();
    let json = r#"{"start":"2026-01-02T02:30:00","recurrence":{"every":{"count":1,"unit":"days"}},"time_zone":"Europe/Berlin","grace_seconds":90}"#;
    assert_eq!(serde_json::to_string(&schedule).unwrap(), json);
    assert_eq!(serde_json::from_str::<Schedule>(json).unwrap(), schedule);
    for (right, wrong) in [
        ("02T02:30:00", "32T02:30:00"),
        ("\"count\":1", "\"count\":0"),
        ("Europe/Berlin", "Europe/Berln"),
        ("90", "59"),
    ] {
        let error = serde_json::from_str::<Schedule>(&json.replace(right, wrong)).unwrap_err();
        assert!(error.to_string().contains(wrong.trim_start_matches("\"count\":")), "{error}");
    }
    let short = r#"{"start":"2026-01-02T02:30","recurrence":"once"}"#;
    let once = Schedule::new("2026-01-02T02:30".parse().unwrap(), Recurrence::Once);
    assert_eq!(serde_json::from_str::<Schedule>(short).unwrap(), once);
}

#[test]
fn a_grace_period_below_a_minute_is_refused() {
    let once = Schedule::new("2026-01-02T02:30".parse().unwrap(), Recurrence::Once);
    for grace in [Duration::ZERO, Duration::from_millis(59_999)] {
        let error = once.clone().with_grace(grace).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("too short"), "{error}");
    }
    assert!(once.with_grace(Schedule::MIN_GRACE).is_ok());
}

/// Schedules that begin on a quarter of an hour within 40 years: since then all zones changed on one.
fn schedules() -> impl Strategy<Value = Schedule> {
    let start = 631_152_000i64 / 900..1_893_456_000 / 900;
    (start, 1..40u32, prop::sample::select(&UNITS[..]), prop::sample::select(&ZONES[..])).prop_map(
        |(quarter, count, unit, zone)| {
            let start = jiff::Timestamp::from_second(quarter * 900).unwrap();
            every(&TimeZone::UTC.to_datetime(start).to_string(), count, unit, zone)
        },
    )
}

/// A schedule one of whose times is near a change of the clock, often within what it skips or repeats, and
/// the instant of that change. Changes are up to 100 years ahead of us, and none is older than 1996.
fn around_a_change() -> impl Strategy<Value = (Schedule, jiff::Timestamp)> {
    let units = prop::sample::select(vec![Unit::Days, Unit::Weeks, Unit::Months]);
    let year = prop_oneof![3 => 1996..2040i16, 1 => 2040..2126i16];
    let zone = prop::sample::select(&CHANGING[..]);
    (zone, year, 0..2usize, -6..10i64, units, 1..4u32, 0..6i64).prop_filter_map(
        "the zone does not change its clock in that year",
        |(zone, year, nth, quarters, unit, count, back)| {
            let rules = TimeZone::get(zone).unwrap();
            let new_year =
                TimeZone::UTC.to_timestamp(civil::date(year, 1, 1).at(0, 0, 0, 0)).unwrap();
            let changes = rules.following(new_year).map(|change| change.timestamp());
            let change = changes.take(2).nth(nth)?;
            // What the clock would show if it had not been changed.
            let before = rules.to_offset(change - Span::new().seconds(1));
            let shown = before.to_datetime(change) + Span::new().minutes(15 * quarters);
            let steps = back * i64::from(count);
            let start = match unit {
                Unit::Days => shown - Span::new().days(steps),
                Unit::Weeks => shown - Span::new().weeks(steps),
                _ => shown - Span::new().months(steps),
            };
            Some((every(&start.to_string(), count, unit, zone), change))
        },
    )
}

/// The rule of the calendar, written out.
fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros() + seconds * 1_000_000).unwrap()
}

proptest! {
    #[test]
    fn the_times_are_those_of_a_naive_count(schedule in schedules(), days in 1..200i64, back in 0..90_000i64) {
        let first = schedule.next_after(Timestamp::MIN).unwrap();
        let days = match schedule.recurrence() {
            Recurrence::Every { unit: Unit::Minutes, .. } => days / 20,
            Recurrence::Every { unit: Unit::Months, .. } => days * 20,
            _ => days,
        };
        let expected = naive(&schedule, later(first, days * 86_400));
        let found: Vec<_> = schedule.upcoming(Timestamp::MIN).take(expected.len()).collect();
        prop_assert_eq!(&found, &expected);
        for time in &expected {
            prop_assert_eq!(schedule.last_until(*time), Some(*time));
        }
        // And from anywhere before or between them.
        for after in expected.iter().map(|time| later(*time, -1 - back)) {
            let next = expected.iter().position(|time| *time > after).unwrap();
            prop_assert_eq!(schedule.next_after(after), Some(expected[next]));
            let last = next.checked_sub(1).map(|last| expected[last]);
            prop_assert_eq!(schedule.last_until(after), last);
        }
    }

    #[test]
    fn around_every_change_of_a_clock_the_times_are_those_of_a_naive_count(
        (schedule, change) in around_a_change(),
    ) {
        let change = Timestamp::from_unix_seconds(change.as_second()).unwrap();
        let expected = naive(&schedule, later(change, 100 * 86_400));
        let found: Vec<_> = schedule.upcoming(Timestamp::MIN).take(expected.len()).collect();
        prop_assert_eq!(&found, &expected, "{}", schedule.describe());
        // And whoever asks within hours of it.
        for quarters in -16..16 {
            for micros in [-1, 0, 1] {
                let now = later(change, quarters * 900).as_micros() + micros;
                let now = Timestamp::from_micros(now).unwrap();
                let next = expected.iter().copied().find(|time| *time > now);
                prop_assert_eq!(schedule.next_after(now), next, "{} at {}", schedule.describe(), now);
                let last = expected.iter().copied().rfind(|time| *time <= now);
                prop_assert_eq!(schedule.last_until(now), last, "{} at {}", schedule.describe(), now);
            }
        }
    }

    #[test]
    fn months_end_as_the_calendar_says(
        year in prop_oneof![2023..2029i64, 2094..2102i64, 2396..2402i64],
        month in 1..=12i64, day in 27..=31i64, count in 1..=48u32,
    ) {
        let day = day.min(days_in_month(year, month));
        let start = format!("{year:04}-{month:02}-{day:02}T12:00");
        let schedule = every(&start, count, Unit::Months, "UTC");
        for (number, time) in (0..).zip(schedule.upcoming(Timestamp::MIN).take(60)) {
            let months = year * 12 + month - 1 + number * i64::from(count);
            let (year, month) = (months / 12, months % 12 + 1);
            let day = day.min(days_in_month(year, month));
            prop_assert_eq!(time.to_string(), format!("{year:04}-{month:02}-{day:02}T12:00:00Z"));
        }
    }

    #[test]
    fn the_next_time_is_the_first_one_after_any_instant_in_any_zone(
        seconds in 0..253_402_300_799i64,
        count in 1..=Recurrence::MAX_COUNT,
        unit in prop::sample::select(&UNITS[..]),
        zone in any::<prop::sample::Index>(),
        micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        recent in 0..4_102_444_800_000_000i64,
    ) {
        let zones: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let Ok(zone) = Zone::named(zone.get(&zones[..]).as_str()) else { return Ok(()) };
        for seconds in [seconds, seconds % 2_000_000_000] {
            let start = TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(seconds).unwrap_or_default());
            for count in [count, count % 9 + 1] {
                let schedule = every(&start.to_string(), count, unit, zone.name());
                for after in [micros, recent] {
                    let after = Timestamp::from_micros(after).unwrap();
                    let (last, next) = (schedule.last_until(after), schedule.next_after(after));
                    prop_assert!(last.is_none_or(|last| last <= after));
                    prop_assert_eq!(last.and_then(|last| schedule.last_until(last)), last);
                    prop_assert_eq!(last.map_or(next, |last| schedule.next_after(last)), next);
                    let Some(next) = next else { continue };
                    prop_assert!(next > after);
                    let before = Timestamp::from_micros(next.as_micros() - 1).unwrap();
                    prop_assert_eq!(schedule.next_after(before), Some(next));
                    prop_assert_eq!(schedule.last_until(next), Some(next));
                    prop_assert!(schedule.next_after(next).is_none_or(|second| second > next));
                }
            }
        }
    }
}
