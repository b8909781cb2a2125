//! What a calendar and a clock on the wall show.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// A date and a time of day, to the second, in a time zone that is named elsewhere; from 1970 to 9999.
///
/// Prints as `2026-01-02T02:30:00`; when it is read, the seconds may be missing.
///
/// ```
/// use ldap_inventory::schedule::LocalTime;
///
/// let start: LocalTime = "2026-01-02T02:30".parse()?;
/// assert_eq!(start.to_string(), "2026-01-02T02:30:00");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LocalTime(DateTime);

impl LocalTime {
    pub(super) fn civil(self) -> DateTime {
        self.0
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalTime({self})")
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for LocalTime {
    type Err = Error;

    /// Reads `YYYY-MM-DDTHH:MM` and, if they are there, `:SS`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text has another form, such as one with an
    /// offset, or if the calendar has no such day before 1970, after 9999, or at all.
    fn from_str(text: &str) -> Result<Self> {
        let reason = "expected a date and time without an offset, 1970 or later, such as \
                      2026-01-02T02:30";
        read(text).map(Self).ok_or_else(|| Error::invalid("local time", text, reason))
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn read(text: &str) -> Option<DateTime> {
    let form =
        "0000-00-00T00:00:00".get(..text.len()).filter(|form| matches!(form.len(), 16 | 19))?;
    let fits = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        separator => byte == separator,
    };
    if !text.bytes().zip(form.bytes()).all(fits) {
        return None;
    }
    let field = |at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse().ok().filter(|year| *year >= 1970)?;
    let second = if form.len() == 19 { field(17)? } else { 0 };
    DateTime::new(year, field(5)?, field(8)?, field(11)?, field(14)?, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_local_time_is_refused() {
        for text in [
            "",
            "2026-01-02",
            "2026-01-02T02",
            "2026-01-02T02:3",
            "2026-01-02T02:30:",
            "2026-01-02T02:30:0",
            "2026-01-02T02:30:00Z",
            "2026-01-02T02:30:00.5",
            "2026-01-02T02:30+01:00",
            "2026-01-02 02:30",
            "2026-1-02T02:30:00",
            "2026-02-29T02:30",
            "2026-01-02T24:00",
            "2026-01-02T02:30:60",
            "1969-12-31T23:59:59",
            "+202-01-02T02:30",
            "２026-01-02T02:3",
        ] {
            let error = text.parse::<LocalTime>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn seconds_are_kept() {
        let time: LocalTime = "9999-12-31T23:59:59".parse().unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), r#""9999-12-31T23:59:59""#);
        assert_eq!(serde_json::from_str::<LocalTime>(r#""9999-12-31T23:59:59""#).unwrap(), time);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9]{4}-[0-9]{2}-[0-9é]{2}T[0-9:]{5,8}") {
            for text in [text, near] {
                if let Ok(time) = text.parse::<LocalTime>() {
                    prop_assert!(time.to_string().starts_with(&text));
                }
            }
        }
    }
}
