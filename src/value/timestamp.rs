//! Instants, and the forms in which a directory writes them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::text::serde_as_text;
use crate::{Error, Result};

const MICROS_PER_SECOND: i64 = 1_000_000;
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// 1601-01-01, where FILETIME begins.
const FILETIME_EPOCH: i64 = -11_644_473_600 * MICROS_PER_SECOND;

/// An instant in UTC, in microseconds, from the year 1 to the year 9999.
///
/// Prints and reads RFC 3339. Reads also the two forms that Active Directory writes, both of which have
/// values for "never" or "not set"; these are `None`.
///
/// ```
/// use ldap_inventory::value::Timestamp;
///
/// let created = Timestamp::parse_generalized_time("20260102030405.0Z")?;
/// assert_eq!(created.map(|time| time.to_string()).as_deref(), Some("2026-01-02T03:04:05Z"));
/// // `accountExpires` of an account that never expires:
/// assert_eq!(Timestamp::parse_filetime("9223372036854775807")?, None);
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);

    /// The system's time.
    pub fn now() -> Self {
        let micros = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)
            }
        };
        Self(micros).clamp(Self::MIN, Self::MAX)
    }

    /// The instant so many microseconds after 1970, `None` outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// The microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant so many seconds after 1970, `None` outside the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Self::from_micros(seconds.checked_mul(MICROS_PER_SECOND)?)
    }

    /// The instant of a FILETIME, 100 nanoseconds since 1601 (MS-DTYP, section 2.3.3).
    ///
    /// `None` is "never" or "not set": 0, `i64::MAX`, and what is negative (an interval) or after the year
    /// 9999.
    pub fn from_filetime(ticks: i64) -> Option<Self> {
        if ticks <= 0 {
            return None;
        }
        Self::from_micros(ticks / 10 + FILETIME_EPOCH)
    }

    /// Reads a FILETIME as LDAP carries it, a decimal number. `None` as in
    /// [`from_filetime`](Self::from_filetime).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text is not a signed 64-bit number.
    pub fn parse_filetime(text: &str) -> Result<Option<Self>> {
        text.parse()
            .map(Self::from_filetime)
            .map_err(|_| Error::invalid("FILETIME", text, "expected a 64-bit decimal number"))
    }

    /// The FILETIME of this instant.
    pub fn to_filetime(self) -> i64 {
        (self.0 - FILETIME_EPOCH).saturating_mul(10)
    }

    /// The GeneralizedTime of this instant, in UTC.
    pub fn to_generalized_time(self) -> String {
        self.to_string().replace(['-', ':', 'T'], "")
    }

    /// Reads a GeneralizedTime (RFC 4517, section 3.3.13), such as `20260102030405.0Z`: minutes, seconds
    /// and a fraction may be missing, the zone is `Z` or an offset. `None` is 1601-01-01, which Active
    /// Directory writes for "not set".
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text has another form or names a day or time
    /// that does not exist.
    pub fn parse_generalized_time(text: &str) -> Result<Option<Self>> {
        let reason = "expected YYYYMMDDHHMMSS, a fraction if any, and Z or an offset";
        let time = Cursor(text.as_bytes())
            .generalized_time()
            .ok_or_else(|| Error::invalid("GeneralizedTime", text, reason))?;
        Ok(Some(time).filter(|time| time.0 != FILETIME_EPOCH))
    }

    /// The instant so much later, `None` after the year 9999.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        Self::from_micros(self.0.checked_add(micros)?)
    }

    /// The instant so much earlier, `None` before the year 1.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        Self::from_micros(self.0.checked_sub(micros)?)
    }

    /// The day, in UTC: `2026-01-02`.
    pub fn date(self) -> String {
        let text = self.to_string();
        text.split('T').next().unwrap_or(&text).to_owned()
    }

    /// The time since an earlier instant, zero if that one is the later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The date and time in UTC. Every value has one; the epoch only stands in for the impossible.
    fn civil(self) -> DateTime {
        EPOCH.checked_add(SignedDuration::from_micros(self.0)).unwrap_or(EPOCH)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// Prints RFC 3339 in UTC. A record has a score of times, so that this is not left to `write!`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        let mut text = String::with_capacity("2026-01-02T03:04:05.000006Z".len());
        push_two(&mut text, i64::from(civil.year() / 100));
        for (number, behind) in [
            (civil.year() % 100, '-'),
            (civil.month().into(), '-'),
            (civil.day().into(), 'T'),
            (civil.hour().into(), ':'),
            (civil.minute().into(), ':'),
            (civil.second().into(), '.'),
        ] {
            push_two(&mut text, number.into());
            text.push(behind);
        }
        let fraction = self.0.rem_euclid(MICROS_PER_SECOND);
        for pair in [fraction / 10_000, fraction / 100 % 100, fraction % 100] {
            push_two(&mut text, pair);
        }
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))?;
        f.write_str("Z")
    }
}

/// Appends a number below a hundred, in two digits.
fn push_two(text: &mut String, number: i64) {
    for digit in [number / 10, number % 10] {
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with any offset. What is finer than a microsecond is cut off.
    fn from_str(text: &str) -> Result<Self> {
        let reason = "expected RFC 3339, such as 2026-01-02T03:04:05Z";
        let time = Cursor(text.as_bytes()).rfc3339();
        time.ok_or_else(|| Error::invalid("time", text, reason))
    }
}

serde_as_text!(Timestamp, "a time in RFC 3339");

/// A date and a time of day in some zone, not yet known to exist.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Microseconds within the last given unit.
    fraction: i64,
    /// Seconds that the zone is ahead of UTC.
    offset: i64,
}

impl Fields {
    fn timestamp(self) -> Option<Timestamp> {
        // A leap second is counted as the second after it, as POSIX does.
        let second = self.second.min(59);
        if self.second > 60 {
            return None;
        }
        let civil = DateTime::new(
            self.year.try_into().ok()?,
            self.month.try_into().ok()?,
            self.day.try_into().ok()?,
            self.hour.try_into().ok()?,
            self.minute.try_into().ok()?,
            second.try_into().ok()?,
            0,
        );
        let seconds = civil.ok()?.duration_since(EPOCH).as_secs() + (self.second - second);
        Timestamp::from_micros((seconds - self.offset) * MICROS_PER_SECOND + self.fraction)
    }
}

/// What is left to read of a time.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn rfc3339(mut self) -> Option<Timestamp> {
        let (year, _) = (self.digits(4)?, self.one_of(b"-")?);
        let (month, _) = (self.digits(2)?, self.one_of(b"-")?);
        let (day, _) = (self.digits(2)?, self.one_of(b"Tt ")?);
        let (hour, _) = (self.digits(2)?, self.one_of(b":")?);
        let (minute, _) = (self.digits(2)?, self.one_of(b":")?);
        let second = self.digits(2)?;
        let fraction = match self.one_of(b".") {
            Some(_) => self.fraction(MICROS_PER_SECOND)?,
            None => 0,
        };
        let offset = match self.one_of(b"Zz+-")? {
            sign @ (b'+' | b'-') => {
                let (hours, _) = (self.digits(2)?, self.one_of(b":")?);
                offset(sign, hours, self.digits(2)?)?
            }
            _ => 0,
        };
        self.0.is_empty().then_some(())?;
        Fields { year, month, day, hour, minute, second, fraction, offset }.timestamp()
    }

    fn generalized_time(mut self) -> Option<Timestamp> {
        let (year, month, day) = (self.digits(4)?, self.digits(2)?, self.digits(2)?);
        let hour = self.digits(2)?;
        let minute = self.digits(2);
        let second = minute.and_then(|_| self.digits(2));
        let unit = match (minute, second) {
            (None, _) => 3_600,
            (_, None) => 60,
            _ => 1,
        };
        let fraction = match self.one_of(b".,") {
            Some(_) => self.fraction(unit * MICROS_PER_SECOND)?,
            None => 0,
        };
        let offset = match self.one_of(b"Z+-")? {
            sign @ (b'+' | b'-') => offset(sign, self.digits(2)?, self.digits(2).unwrap_or(0))?,
            _ => 0,
        };
        self.0.is_empty().then_some(())?;
        let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
        Fields { year, month, day, hour, minute, second, fraction, offset }.timestamp()
    }

    /// The next byte, if it is one of these.
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| self.0 = rest)?;
        Some(*first)
    }

    /// The next `count` bytes, if they are digits, as a number.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        digits.iter().all(u8::is_ascii_digit).then(|| self.0 = rest)?;
        Some(number(digits))
    }

    /// One digit or more after the point, as that part of `unit`, rounded down.
    fn fraction(&mut self, unit: i64) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        // Nine digits of an hour are finer than a microsecond, and their product fits.
        let digits = digits.get(..9).unwrap_or(digits);
        Some(number(digits) * unit / 10_i64.pow(digits.len() as u32))
    }
}

fn offset(sign: u8, hours: i64, minutes: i64) -> Option<i64> {
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)?;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// The number that at most nine ASCII digits write.
fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit & 0x0f))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn generalized(text: &str) -> Option<Timestamp> {
        Timestamp::parse_generalized_time(text).unwrap()
    }

    #[test]
    fn a_filetime_counts_from_1601() {
        let at_1970 = 116_444_736_000_000_000;
        assert_eq!(Timestamp::from_filetime(at_1970), Some(time("1970-01-01T00:00:00Z")));
        assert_eq!(
            Timestamp::parse_filetime("133485408000000015").unwrap(),
            Some(time("2024-01-01T00:00:00.000001Z"))
        );
    }

    #[test]
    fn what_a_directory_writes_comes_back_as_it_would_write_it() {
        for text in
            ["2024-01-01T00:00:00.000001Z", "1601-01-01T00:00:00.5Z", "9999-12-31T23:59:59Z"]
        {
            let time = time(text);
            assert_eq!(Timestamp::from_filetime(time.to_filetime()), Some(time));
            assert_eq!(generalized(&time.to_generalized_time()), Some(time));
        }
    }

    #[test]
    fn never_and_nonsense_are_no_filetime() {
        for ticks in [0, -1, i64::MIN, i64::MAX, i64::MAX - 1, -864_000_000_000] {
            assert_eq!(Timestamp::from_filetime(ticks), None, "{ticks}");
            assert_eq!(Timestamp::parse_filetime(&ticks.to_string()).unwrap(), None, "{ticks}");
        }
        let last = 2_650_467_743_999_999_999;
        assert_eq!(Timestamp::from_filetime(last), Some(Timestamp::MAX));
        assert_eq!(Timestamp::from_filetime(last + 1), None);
        for text in ["", "abc", "1.5", " 1", "9223372036854775808"] {
            assert!(Timestamp::parse_filetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_forms_of_generalized_time() {
        let expected = Some(time("2026-01-02T03:04:05Z"));
        for text in [
            "20260102030405.0Z",
            "20260102030405Z",
            "20260102030405,000Z",
            "20260102050405.0+0200",
            "20260102050405+02",
            "20260101223405.0-0430",
        ] {
            assert_eq!(generalized(text), expected, "{text}");
        }
        assert_eq!(generalized("202601020304Z"), Some(time("2026-01-02T03:04:00Z")));
        assert_eq!(generalized("2026010203.5Z"), Some(time("2026-01-02T03:30:00Z")));
        assert_eq!(generalized("202601020304.25Z"), Some(time("2026-01-02T03:04:15Z")));
        assert_eq!(
            generalized("20260102030405.1234567891234Z"),
            Some(time("2026-01-02T03:04:05.123456Z"))
        );
    }

    #[test]
    fn the_year_1601_is_not_set() {
        assert_eq!(generalized("16010101000000.0Z"), None);
        assert_eq!(generalized("16010101000000Z"), None);
        assert!(generalized("16010101000001Z").is_some());
    }

    #[test]
    fn a_leap_second_is_the_second_after_it() {
        assert_eq!(generalized("20161231235960Z"), Some(time("2017-01-01T00:00:00Z")));
        assert_eq!(time("2016-12-31T23:59:60Z"), time("2017-01-01T00:00:00Z"));
        assert!(Timestamp::parse_generalized_time("20161231235961Z").is_err());
    }

    #[test]
    fn what_is_no_generalized_time_is_refused() {
        for text in [
            "",
            "Z",
            "20260102",
            "20260102030405",
            "20260102030405.Z",
            "20260102030405.0",
            "20260102030405.0Zx",
            "20260230000000Z",
            "20261301000000Z",
            "20260101240000Z",
            "20260101006000Z",
            "00000101000000Z",
            "2026010203040Z",
            "20260102030405+2400",
            "20260102030405+0260",
            "99991231235959-0100",
            "２０２６０１０２０３０４０５Z",
        ] {
            assert!(Timestamp::parse_generalized_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_fraction_is_printed_only_if_there_is_one() {
        assert_eq!(time("2026-01-02T03:04:05.000Z").to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(time("2026-01-02T03:04:05.120Z").to_string(), "2026-01-02T03:04:05.12Z");
        assert_eq!(time("1969-12-31T23:59:59.5Z").to_string(), "1969-12-31T23:59:59.5Z");
        assert_eq!(time("2026-01-02t05:04:05+02:00").to_string(), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn the_range_is_the_years_1_to_9999() {
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(time(&Timestamp::MAX.to_string()), Timestamp::MAX);
        assert_eq!(time(&Timestamp::MIN.to_string()), Timestamp::MIN);
        assert_eq!(Timestamp::from_micros(Timestamp::MIN.0 - 1), None);
        assert_eq!(Timestamp::from_micros(Timestamp::MAX.0 + 1), None);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), None);
        assert_eq!(Timestamp::from_unix_seconds(1), Some(time("1970-01-01T00:00:01Z")));
        assert!("0001-01-01T00:00:00+01:00".parse::<Timestamp>().is_err());
        assert!("2026-01-02 03:04".parse::<Timestamp>().is_err());
        assert!("2026-01-02T03:04:05".parse::<Timestamp>().is_err());
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let hour = Duration::from_secs(3_600);
        let noon = time("2026-01-02T12:00:00Z");
        assert_eq!(noon.checked_add(hour), Some(time("2026-01-02T13:00:00Z")));
        assert_eq!(noon.checked_sub(hour), Some(time("2026-01-02T11:00:00Z")));
        assert_eq!(Timestamp::MAX.checked_add(Duration::from_micros(1)), None);
        assert_eq!(Timestamp::MIN.checked_sub(Duration::from_micros(1)), None);
        assert_eq!(noon.checked_add(Duration::MAX), None);
        assert_eq!(noon.saturating_since(time("2026-01-02T11:00:00Z")), hour);
        assert_eq!(time("2026-01-02T11:00:00Z").saturating_since(noon), Duration::ZERO);
        let all = Timestamp::MAX.saturating_since(Timestamp::MIN);
        assert_eq!(Timestamp::MIN.checked_add(all), Some(Timestamp::MAX));
    }

    #[test]
    fn the_clock_is_within_the_range() {
        let now = Timestamp::now();
        assert!(time("2020-01-01T00:00:00Z") < now && now < Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn text_and_serde_round_trip(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let time = Timestamp::from_micros(micros).unwrap();
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
            let json = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
        }

        #[test]
        fn order_in_text_is_order_in_time(a in 0..253_402_300_799i64, b in 0..253_402_300_799i64) {
            let (a, b) = (Timestamp::from_unix_seconds(a).unwrap(), Timestamp::from_unix_seconds(b).unwrap());
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn every_filetime_in_range_agrees_with_its_ticks(ticks in 1..2_650_467_744_000_000_000i64) {
            let time = Timestamp::from_filetime(ticks).unwrap();
            prop_assert_eq!((time.as_micros() - FILETIME_EPOCH) * 10, ticks / 10 * 10);
        }

        #[test]
        fn jiff_reads_the_same_instant(micros in -60_000_000_000_000_000..250_000_000_000_000_000i64) {
            let time = Timestamp::from_micros(micros).unwrap();
            let read: jiff::Timestamp = time.to_string().parse().unwrap();
            prop_assert_eq!(read.as_microsecond(), micros);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), digits in "[0-9]{0,20}[.,]?[0-9]{0,12}[Z+-]?[0-9]{0,5}") {
            for text in [text, digits] {
                let _ = text.parse::<Timestamp>();
                let _ = Timestamp::parse_filetime(&text);
                let _ = Timestamp::parse_generalized_time(&text);
            }
        }
    }
}
