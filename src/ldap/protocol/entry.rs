//! A search entry as it stands in its message.

use super::ber::{Malformed, OCTET_STRING, Reader, SEQUENCE, SET};
use super::range::RangeOption;
use crate::Printable;

/// A SearchResultEntry (RFC 4511 section 4.5.2), still as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawEntry<'a> {
    pub(crate) dn: &'a [u8],
    attributes: Reader<'a>,
}

/// An attribute of an entry, still as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute<'a> {
    /// The name without its options.
    pub(crate) name: &'a str,
    /// The options, each with its semicolon.
    options: &'a str,
    values: Reader<'a>,
}

impl<'a> RawEntry<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(body);
        let dn = parts.contents_of(OCTET_STRING)?;
        let attributes = Reader::new(parts.contents_of(SEQUENCE)?);
        parts.end()?;
        Ok(Self { dn, attributes })
    }

    /// The next attribute, or `None` after the last.
    pub(crate) fn next_attribute(&mut self) -> Result<Option<RawAttribute<'a>>, Malformed> {
        let Some(element) = self.attributes.next()? else { return Ok(None) };
        if element.tag != SEQUENCE {
            return Err(Malformed::Unexpected { wanted: SEQUENCE, found: element.tag });
        }
        let mut parts = Reader::new(element.contents);
        // Attribute descriptions are ASCII (RFC 4512 section 2.5). Another one is none that was asked for.
        let description = std::str::from_utf8(parts.contents_of(OCTET_STRING)?).unwrap_or_default();
        let values = Reader::new(parts.contents_of(SET)?);
        parts.end()?;
        let options = description.find(';').unwrap_or(description.len());
        let (name, options) = description.split_at(options);
        Ok(Some(RawAttribute { name, options, values }))
    }

    /// The octets of the attributes that are left.
    pub(crate) fn octets(&self) -> usize {
        self.attributes.rest().len()
    }

    /// The DN, for people.
    pub(crate) fn dn_lossy(&self) -> String {
        Printable(&String::from_utf8_lossy(self.dn)).to_string()
    }
}

impl<'a> RawAttribute<'a> {
    /// The next value, or `None` after the last.
    pub(crate) fn next_value(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.values.next()? {
            None => Ok(None),
            Some(element) if element.tag == OCTET_STRING => Ok(Some(element.contents)),
            Some(element) => {
                Err(Malformed::Unexpected { wanted: OCTET_STRING, found: element.tag })
            }
        }
    }

    /// The octets of the values that are left.
    pub(crate) fn octets(&self) -> usize {
        self.values.rest().len()
    }

    /// The range that these values are of all.
    pub(crate) fn range(&self) -> Option<RangeOption> {
        self.options.split(';').find_map(|option| RangeOption::parse(option.as_bytes()))
    }
}
