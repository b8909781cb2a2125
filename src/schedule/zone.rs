//! Time zones: from what a clock on the wall shows to instants and back.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::value::Timestamp;
use crate::{Error, Result};

/// A zone of the IANA time zone database. The rules are read when it is made, and kept.
#[derive(Clone)]
pub(super) struct Zone(TimeZone);

impl Zone {
    pub(super) const UTC: Self = Self(TimeZone::UTC);

    pub(super) fn named(name: &str) -> Result<Self> {
        let reason = "expected a name of the IANA time zone database, such as Europe/Berlin";
        let invalid = || Error::invalid("time zone", name, reason);
        let zone = TimeZone::get(name).map_err(|error| invalid().with_source(error))?;
        if zone.is_unknown() || zone.iana_name().is_none() {
            return Err(invalid());
        }
        Ok(Self(zone))
    }

    pub(super) fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What the clock shows at an instant.
    pub(super) fn local(&self, instant: Timestamp) -> DateTime {
        // The calendar behind this ends a day before the last instant that we have.
        let instant = jiff::Timestamp::from_microsecond(instant.as_micros());
        self.0.to_datetime(instant.unwrap_or(jiff::Timestamp::MAX))
    }

    /// The first instant at which the clock shows this time or, if it skips this time, a later one. `None`
    /// after the end of the calendar.
    ///
    /// A later time never gives an earlier instant.
    pub(super) fn instant(&self, time: DateTime) -> Option<Timestamp> {
        let instant = match self.0.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok()?,
            AmbiguousOffset::Gap { before, after } => self.end_of_gap(time, before, after)?,
        };
        Timestamp::from_micros(instant.as_microsecond())
    }

    /// The first instant after the gap that this time is in.
    fn end_of_gap(&self, time: DateTime, before: Offset, after: Offset) -> Option<jiff::Timestamp> {
        // The new offset places the time before the gap, the old one after it.
        let earlier = after.to_timestamp(time).ok()?;
        let later = before.to_timestamp(time).ok()?;
        let change = self.0.following(earlier).take_while(|change| change.timestamp() <= later);
        let end = change.filter(|change| change.offset() == after).map(|change| change.timestamp());
        Some(end.min().unwrap_or(later))
    }
}

/// By name: a newer edition of the database does not make it another zone.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_kept_as_the_database_writes_it() {
        assert_eq!(Zone::named("europe/berlin").unwrap().name(), "Europe/Berlin");
        assert_eq!(Zone::named("utc").unwrap(), Zone::UTC);
    }

    #[test]
    fn an_unknown_zone_is_named_in_the_error() {
        for name in ["", "Europe/Berln", "+02:00", "CET-1CEST", "Etc/Unknown", "../passwd", "a\0b"]
        {
            let error = Zone::named(name).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Invalid);
            let shown = format!("time zone \"{}\" is not valid", crate::Printable(name));
            assert!(error.to_string().starts_with(&shown), "{error}");
        }
    }

    #[test]
    fn what_the_clock_skips_is_the_end_of_the_gap_and_what_it_shows_twice_is_the_first() {
        for (zone, local, expected) in [
            ("Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
            ("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
            ("America/New_York", "2026-03-08T02:59:59", "2026-03-08T07:00:00Z"),
            ("America/New_York", "2026-11-01T01:00:00", "2026-11-01T05:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z"),
            ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"),
            ("Pacific/Apia", "2011-12-30T02:30:00", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z"),
        ] {
            let instant = Zone::named(zone).unwrap().instant(local.parse().unwrap());
            assert_eq!(instant, Some(expected.parse().unwrap()), "{zone} {local}");
        }
    }
}
