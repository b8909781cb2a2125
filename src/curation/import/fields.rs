//! Reading what one line of a scan says, member by member.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::de::{self, Deserialize, MapAccess, Visitor};
use serde_json::Value;

use super::name::SpelledName;
use super::record::{Field, LeftOut, ScannedAsset};
use crate::value::{SiteId, Timestamp, mac_address};

/// The most values of one field.
const MOST_VALUES: usize = 1_000;
/// The longest id, domain or operating system, in characters.
const LONGEST_TEXT: usize = 256;
/// How far a scanner's clock, or its time zone, may be ahead.
const AHEAD: Duration = Duration::from_secs(86_400);

/// The members of a line of JSON; otherwise the reason for which all of it is left out.
pub(super) fn members(line: &str) -> Result<Vec<(String, Value)>, String> {
    let Members(members) = serde_json::from_str(line).map_err(|error| {
        // The error counts lines from the beginning of this one.
        let error = error.to_string();
        error.split(" at line ").next().unwrap_or(&error).to_owned()
    })?;
    Ok(members)
}

/// Reads the members of a line; otherwise the reason for which all of it is left out. Values that are left out are added.
pub(super) fn read(
    members: impl IntoIterator<Item = (String, Value)>,
    number: usize,
    now: Timestamp,
    left_out: &mut Vec<LeftOut>,
) -> Result<ScannedAsset, String> {
    let asset = ScannedAsset { line: number, ..ScannedAsset::default() };
    let mut reader = Reader { asset, now, left_out, seen: Vec::new() };
    members.into_iter().for_each(|(name, value)| reader.member(&name, value));
    let asset = reader.asset;
    if asset.names.is_empty() && asset.id.is_none() {
        return Err("an asset needs at least one name, or an id".to_owned());
    }
    Ok(asset)
}

/// The members of a JSON object in their order, also those that come twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one JSON object a line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A line on its way to becoming a record.
struct Reader<'a> {
    asset: ScannedAsset,
    now: Timestamp,
    left_out: &'a mut Vec<LeftOut>,
    /// By their names in the file, since some fields have two.
    seen: Vec<String>,
}

impl Reader<'_> {
    fn member(&mut self, name: &str, value: Value) {
        let Some(field) = Field::of(name) else {
            let known = Field::ALL.map(Field::as_str).join(", ");
            let reason = format!("unknown field, expected one of {known}");
            let left_out = LeftOut::value(self.asset.line, name, &shown(&value), reason);
            return self.left_out.push(left_out);
        };
        if value.is_null() {
            return;
        }
        if self.seen.iter().any(|seen| seen == name) {
            return self.leave_out(
                field,
                &shown(&value),
                "the field is there twice; the first one holds",
            );
        }
        self.seen.push(name.to_owned());
        match field {
            Field::Id => self.asset.id = self.id(value),
            Field::Names => self.each(field, value, Self::name),
            Field::Addresses => self.each(field, value, Self::address),
            Field::Macs => self.each(field, value, Self::mac),
            Field::Domains => self.each(field, value, Self::domain),
            Field::Os => self.asset.os = self.one(field, value, bounded),
            Field::OsVersion => self.asset.os_version = self.one(field, value, bounded),
            Field::Type => self.asset.kind = self.one(field, value, bounded),
            Field::Hw => self.asset.hw = self.one(field, value, bounded),
            Field::Site => {
                let site = |text: &str| SiteId::new(text).map_err(|error| error.to_string());
                self.asset.site = self.one(field, value, site);
            }
            Field::FirstSeen => self.asset.first_seen = self.time(field, value),
            Field::LastSeen => self.asset.last_seen = self.time(field, value),
        }
    }

    fn leave_out(&mut self, field: Field, value: &str, reason: impl Into<String>) {
        let left_out = self.asset.leave_out(field, value, reason);
        self.left_out.push(left_out);
    }

    /// A single text; `None` if it is blank or left out.
    fn one<T>(
        &mut self,
        field: Field,
        value: Value,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Value::String(text) = &value else {
            self.leave_out(field, &shown(&value), format!("{} is no text", kind(&value)));
            return None;
        };
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        read(text).map_err(|reason| self.leave_out(field, text, reason)).ok()
    }

    /// A list of texts, or one text without brackets.
    fn each(
        &mut self,
        field: Field,
        value: Value,
        read: fn(&mut Self, &str) -> Result<(), String>,
    ) {
        let values = match value {
            Value::Array(values) => values,
            Value::String(text) if text.trim().is_empty() => return,
            Value::String(_) => vec![value],
            other => {
                let reason = format!("{} is no list of texts", kind(&other));
                return self.leave_out(field, &shown(&other), reason);
            }
        };
        for value in values.iter().take(MOST_VALUES) {
            let Value::String(text) = value else {
                self.leave_out(field, &shown(value), format!("{} is no text", kind(value)));
                continue;
            };
            let read = match text.trim() {
                "" => Err("it is blank".to_owned()),
                text => read(self, text),
            };
            if let Err(reason) = read {
                self.leave_out(field, text, reason);
            }
        }
        if let Some(first) = values.get(MOST_VALUES) {
            let more = values.len() - MOST_VALUES;
            let reason = format!("a field has at most {MOST_VALUES} values, here are {more} more");
            self.leave_out(field, &shown(first), reason);
        }
    }

    fn name(&mut self, text: &str) -> Result<(), String> {
        let SpelledName { name, domain } = SpelledName::parse(text)?;
        push_once(&mut self.asset.names, name);
        domain.map_or(Ok(()), |domain| self.domain(&domain))
    }

    fn address(&mut self, text: &str) -> Result<(), String> {
        let address: IpAddr = text.parse().map_err(|_| "it is no IP address".to_owned())?;
        push_once(&mut self.asset.addresses, address.to_canonical());
        Ok(())
    }

    fn mac(&mut self, text: &str) -> Result<(), String> {
        push_once(&mut self.asset.macs, mac_address(text)?);
        Ok(())
    }

    fn domain(&mut self, text: &str) -> Result<(), String> {
        let domain = bounded(text)?;
        let is_known = |known: &String| known.to_lowercase() == domain.to_lowercase();
        if !self.asset.domains.iter().any(is_known) {
            self.asset.domains.push(domain);
        }
        Ok(())
    }

    /// An id is a text or a whole number.
    fn id(&mut self, value: Value) -> Option<String> {
        match value {
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            Value::Number(_) => {
                self.leave_out(Field::Id, &shown(&value), "an id is a text or a whole number");
                None
            }
            other => self.one(Field::Id, other, bounded),
        }
    }

    /// A text as in RFC 3339, or the seconds since 1970. None stand for never, and so does whatever was before: systems
    /// write the beginning of their own calendar so.
    fn time(&mut self, field: Field, value: Value) -> Option<Timestamp> {
        let now = self.now;
        if let Value::Number(seconds) = &value {
            let seconds = seconds.as_i64();
            if seconds.is_some_and(|seconds| seconds <= 0) {
                return None;
            }
            let time = seconds.filter(|it| *it >= EARLIEST).and_then(Timestamp::from_unix_seconds);
            let time = time.ok_or_else(|| {
                "it is no number of seconds since 1970 of which anybody scanned hosts; write a time as 2026-01-02T03:04:05Z"
                    .to_owned()
            });
            let past = time.and_then(|time| not_ahead(time, now));
            return past.map_err(|reason| self.leave_out(field, &shown(&value), reason)).ok();
        }
        self.one(field, value, |text| {
            let time: Timestamp = text.parse().map_err(|_| {
                "it is no time as in RFC 3339, such as 2026-01-02T03:04:05Z".to_owned()
            })?;
            not_ahead(time, now)
        })
    }
}

/// The seconds of a day in March 1973. What is less is a date without dashes, or a spreadsheet's count of days.
const EARLIEST: i64 = 100_000_000;

/// A time, if it is not in the future.
fn not_ahead(time: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    match now.checked_add(AHEAD) {
        Some(latest) if time > latest => Err(format!("it is in the future: it is {now} now")),
        _ => Ok(time),
    }
}

/// A text that is neither endless nor a control sequence.
fn bounded(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("it has a control character".to_owned());
    }
    if text.chars().nth(LONGEST_TEXT).is_some() {
        return Err(format!("it has more than {LONGEST_TEXT} characters"));
    }
    Ok(text.to_owned())
}

fn push_once<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// What a value is, for a sentence.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as it stands in the file; of a text the text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
