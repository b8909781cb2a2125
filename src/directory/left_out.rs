//! What a read left out of the objects that it read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::object::{AttributeError, DirectoryObject};
use crate::error::Printable;

/// Why names are left out of a computer that has hundreds.
const TOO_MANY_NAMES: &str = "more names than a computer may have";

/// Values of one attribute that were left out of the objects of a read, for one reason.
///
/// Prints as a sentence without its full stop.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct LeftOutValues {
    /// The attribute, by the directory's own name.
    pub attribute: String,
    /// Why, in a few words.
    pub reason: String,
    /// How many values, as far as that is known; an object of which it is not counts once.
    pub count: u64,
    /// How many objects.
    pub objects: u64,
    /// The DN of the first of them, escaped and bounded.
    pub first: String,
}

impl LeftOutValues {
    /// What was left out of these objects, by attribute and reason.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a DirectoryObject>) -> Vec<Self> {
        let mut all = Vec::new();
        objects.into_iter().for_each(|object| Self::count(&mut all, object));
        Self::sort(&mut all);
        all
    }

    /// Puts what was counted in order.
    pub(crate) fn sort(all: &mut [Self]) {
        all.sort_by(|a, b| (&a.attribute, &a.reason).cmp(&(&b.attribute, &b.reason)));
    }

    /// Adds what was left out of one more object.
    pub fn count(all: &mut Vec<Self>, object: &DirectoryObject) {
        for AttributeError { attribute, reason, count } in &object.flaws {
            Self::add(all, object, (attribute, reason), *count);
        }
    }

    /// Adds the names of a computer beyond those that it may have.
    pub(crate) fn count_names(all: &mut Vec<Self>, computer: &DirectoryObject) {
        match computer.names_left_out() {
            0 => {}
            count => {
                Self::add(all, computer, ("msDS-AdditionalDnsHostName", TOO_MANY_NAMES), count)
            }
        }
    }

    /// Names the first object as the source does, where it told of the same: it may have left out a name.
    pub(crate) fn name_as(all: &mut [Self], told: &[Self]) {
        for own in all {
            let is_same = |it: &&Self| it.attribute == own.attribute && it.reason == own.reason;
            if let Some(told) = told.iter().find(is_same) {
                own.first.clone_from(&told.first);
            }
        }
    }

    fn add(all: &mut Vec<Self>, object: &DirectoryObject, what: (&str, &str), count: u64) {
        match all.iter_mut().find(|it| (&*it.attribute, &*it.reason) == what) {
            Some(known) => {
                known.count = known.count.saturating_add(count);
                known.objects += 1;
            }
            None => all.push(Self {
                attribute: what.0.to_owned(),
                reason: what.1.to_owned(),
                count,
                objects: 1,
                first: Printable(object.dn.as_str()).to_string(),
            }),
        }
    }
}

impl fmt::Display for LeftOutValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, reason, count, objects, first } = self;
        let (values, were) = if *count == 1 { ("value", "was") } else { ("values", "were") };
        let (attribute, reason) = (Printable(attribute), Printable(reason));
        write!(f, "{count} {values} of {attribute} {were} left out of {first}")?;
        match objects.saturating_sub(1) {
            0 => {}
            1 => f.write_str(" and one other")?,
            others => write!(f, " and {others} others")?,
        }
        write!(f, ": {reason}; what was known of it stays")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DistinguishedName;
    use crate::value::{ObjectGuid, ObjectKind};

    fn object(n: u8, flaws: &[(&str, &str, u64)]) -> DirectoryObject {
        let dn = DistinguishedName::parse(&format!("CN=pc{n},DC=x")).unwrap();
        let guid = ObjectGuid::from_bytes([n; 16]);
        let mut object = DirectoryObject::new(ObjectKind::Computer, guid, dn);
        let flaw = |(attribute, reason, count): &(&str, &str, u64)| AttributeError {
            attribute: (*attribute).to_owned(),
            reason: (*reason).to_owned(),
            count: *count,
        };
        object.flaws = flaws.iter().map(flaw).collect();
        object
    }

    #[test]
    fn values_are_counted_by_attribute_and_reason_and_named_once() {
        let left_out = LeftOutValues::of(&[
            object(1, &[("operatingSystem", "not UTF-8 text", 1), ("info", "too long", 2)]),
            object(2, &[]),
            object(3, &[("info", "too long", 5), ("info", "not UTF-8 text", 1)]),
        ]);
        let told: Vec<String> = left_out.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "1 value of info was left out of CN=pc3,DC=x: not UTF-8 text; what was known of it stays",
                "7 values of info were left out of CN=pc1,DC=x and one other: too long; what was known \
                 of it stays",
                "1 value of operatingSystem was left out of CN=pc1,DC=x: not UTF-8 text; what was known \
                 of it stays",
            ]
        );
    }
}
