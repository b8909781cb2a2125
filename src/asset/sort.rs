//! The order in which assets are found, and where a page ends in it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::Asset;
use crate::query::fold_case;
use crate::value::AssetId;
use crate::{Error, Result};

/// The order of a search for assets. Assets without the value come last, whichever the direction, and of
/// equal ones the one with the lower id comes first: so every asset has one place, and a page that begins
/// after it misses none and repeats none, whatever was written meanwhile elsewhere.
///
/// Reads and prints as what is compared, with `-` before it for the highest first: `first_seen` or `last_seen`, the earliest
/// and the latest sight of any source; `name`, the first one in Unicode; `os`; `site`, texts without case; and `id`, which grows
/// with the time at which an asset was first written. `id` is the order unless another is set: a store can begin a page in it
/// without looking at what comes before.
///
/// ```
/// use ldap_inventory::asset::Sort;
///
/// assert_eq!(Sort::default().to_string(), "id");
/// assert!("-last_seen".parse::<Sort>()?.descending);
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sort {
    pub(crate) by: SortBy,
    /// The highest first.
    pub descending: bool,
}

/// What the order of a search goes by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum SortBy {
    FirstSeen,
    #[default]
    Id,
    LastSeen,
    Name,
    Os,
    Site,
}

/// Where an asset stands in an order. An asset that has nothing to compare has neither a text nor a moment, and none
/// has one in the order of ids.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SortKey {
    /// The order.
    pub sort: Sort,
    pub(crate) value: Option<SortValue>,
    /// The asset.
    pub id: AssetId,
}

/// What is compared in an order.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum SortValue {
    /// A text as queries compare it, see [`Query::fold`](crate::query::Query::fold).
    Text(String),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(i64),
}

impl SortBy {
    const NAMES: [(&str, Self); 6] = [
        ("first_seen", Self::FirstSeen),
        ("id", Self::Id),
        ("last_seen", Self::LastSeen),
        ("name", Self::Name),
        ("os", Self::Os),
        ("site", Self::Site),
    ];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, by)| *by == self).map_or("", |(name, _)| name)
    }

    fn value(self, asset: &Asset) -> Option<SortValue> {
        let text = |text: &str| SortValue::Text(fold_case(text));
        let time = |time: crate::value::Timestamp| SortValue::Time(time.as_micros());
        match self {
            Self::FirstSeen => asset.first_seen().map(time),
            Self::Id => None,
            Self::LastSeen => asset.last_seen().map(time),
            Self::Name => asset.live_names().next().map(|name| text(&name.to_unicode())),
            Self::Os => asset.os().map(text),
            Self::Site => Some(text(asset.site.as_str())),
        }
    }

    fn read(self, text: &str) -> Option<SortValue> {
        match self {
            Self::FirstSeen | Self::LastSeen => text.parse().ok().map(SortValue::Time),
            Self::Id => None,
            Self::Name | Self::Os | Self::Site => Some(SortValue::Text(text.to_owned())),
        }
    }
}

impl Sort {
    /// The highest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
}

impl SortKey {
    /// Where the asset stands in this order.
    pub fn of(sort: Sort, asset: &Asset) -> Self {
        Self { sort, value: sort.by.value(asset), id: asset.id }
    }

    /// Reads a cursor of a search in this order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a cursor from elsewhere, another order included.
    pub fn read(sort: Sort, cursor: &str) -> Result<Self> {
        let refused =
            || Error::invalid("cursor", cursor, "it does not come from a page of this search");
        let place = || {
            let place = cursor.strip_prefix(&sort.to_string())?.strip_prefix(' ')?;
            let (id, value) = match place.split_once(" =") {
                Some((id, value)) => (id, Some(sort.by.read(value)?)),
                None => (place, None),
            };
            Some(Self { sort, value, id: id.parse().ok()? })
        };
        place().ok_or_else(refused)
    }

    /// The text that is compared, as queries compare it ([`Query::fold`](crate::query::Query::fold)), in an order of texts.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Some(SortValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The moment that is compared, in microseconds since 1970-01-01T00:00:00Z, in an order of times.
    pub fn micros(&self) -> Option<i64> {
        match self.value {
            Some(SortValue::Time(micros)) => Some(micros),
            _ => None,
        }
    }

    /// The cursor of a page that ends here.
    pub fn cursor(&self) -> String {
        let Self { sort, value, id } = self;
        match value {
            None => format!("{sort} {id}"),
            Some(SortValue::Text(text)) => format!("{sort} {id} ={text}"),
            Some(SortValue::Time(micros)) => format!("{sort} {id} ={micros}"),
        }
    }

    /// Which of two places of one order comes first.
    pub fn compare(&self, other: &Self) -> Ordering {
        let turned = |order: Ordering| if self.sort.descending { order.reverse() } else { order };
        match (&self.value, &other.value) {
            (Some(own), Some(others)) => {
                turned(own.cmp(others)).then_with(|| self.id.cmp(&other.id))
            }
            (None, None) if self.sort.by == SortBy::Id => turned(self.id.cmp(&other.id)),
            (own, others) => own.is_none().cmp(&others.is_none()).then(self.id.cmp(&other.id)),
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.by.name())
    }
}

impl FromStr for Sort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let known = SortBy::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let reason = "expected first_seen, id, last_seen, name, os or site, with - before it for the \
                      highest first";
        let (_, by) = known.ok_or_else(|| Error::invalid("order", text, reason))?;
        Ok(Self { by: *by, descending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(name: &str) -> Sort {
        name.parse().unwrap()
    }

    fn place(sort: Sort, value: Option<i64>, id: u128) -> SortKey {
        SortKey { sort, value: value.map(SortValue::Time), id: AssetId::from_u128(id) }
    }

    #[test]
    fn orders_read_as_they_print() {
        for (name, _) in SortBy::NAMES {
            for sort in [by(name), by(name).descending()] {
                assert_eq!(sort.to_string().parse::<Sort>().unwrap(), sort, "{name}");
            }
        }
        let error = "size".parse::<Sort>().unwrap_err().to_string();
        assert!(error.contains("last_seen"), "{error}");
    }

    #[test]
    fn what_has_no_value_is_last_either_way() {
        let sort = by("last_seen");
        for (sort, first, second) in [(sort, 1, 2), (sort.descending(), 2, 1)] {
            let mut places =
                [(None, 1), (Some(second), 9), (Some(first), 8), (Some(first), 7), (None, 2)]
                    .map(|(value, id)| place(sort, value, id));
            places.sort_by(SortKey::compare);
            let ids = places.map(|place| place.id.as_u128());
            assert_eq!(ids, [7, 8, 9, 1, 2], "{sort}");
        }
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let sort = by("last_seen");
        let place = place(sort, Some(-3), 1);
        assert_eq!(SortKey::read(sort, &place.cursor()).unwrap(), place);
        for other in [sort.descending(), by("name"), Sort::default()] {
            assert!(SortKey::read(other, &place.cursor()).is_err(), "{other}");
        }
        for wrong in ["last_seen", "last_seen x", "last_seen x =1", ""] {
            assert!(SortKey::read(sort, wrong).is_err(), "{wrong}");
        }
    }
}
