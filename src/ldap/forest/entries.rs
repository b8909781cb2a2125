//! The entries that tell of domains, as they are read: few attributes of few entries.

use ldap3::Scope;
use ldap3::controls::RawControl;

use super::extended_dn::AS_TEXT;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::controls::EXTENDED_DN;
use crate::ldap::protocol::search::{self, SearchRequest};
use crate::{ErrorKind, Printable, Result};

/// As many entries are taken of one search: the largest known forests have some hundred domains.
const MOST_ENTRIES: usize = 1_000;
/// As many values are taken of one entry, and as many octets of one value.
const MOST_VALUES: usize = 64;
const VALUE_BYTES: usize = 1_024;

/// `sizeLimitExceeded` (RFC 4511 section 4.1.9): what came before it counts.
const SIZE_LIMIT_EXCEEDED: u32 = 4;

/// An entry: what it is called, for people, and its values.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    values: Vec<(String, Vec<u8>)>,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) found: Vec<Entry>,
    /// Why these are not all.
    pub(super) incomplete: Option<String>,
}

impl Entry {
    /// The value of an attribute that has one.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        let is_it = |(known, _): &&(String, Vec<u8>)| known.eq_ignore_ascii_case(name);
        self.values.iter().find(is_it).map(|(_, value)| value.as_slice())
    }

    /// The same as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.value(name)?).ok().filter(|text| !text.is_empty())
    }

    /// All values of an attribute that are text.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.values.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        of_name.filter_map(|(_, value)| str::from_utf8(value).ok())
    }

    /// An integer of 32 bits, which Active Directory writes with a sign: its bits.
    pub(super) fn bits(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse::<i32>().ok().map(i32::cast_unsigned)
    }

    #[cfg(test)]
    pub(super) fn of(dn: &str, values: &[(&str, &[u8])]) -> Self {
        let owned = |(name, value): &(&str, &[u8])| ((*name).to_owned(), value.to_vec());
        Self { dn: dn.to_owned(), values: values.iter().map(owned).collect() }
    }
}

impl Connection {
    /// The entries of a class directly below one, with these attributes, DNs among them with the identity of their entries.
    /// None where the directory has or shows none.
    pub(super) async fn entries_below(
        &mut self,
        base: String,
        class: &str,
        attributes: &[&str],
    ) -> Result<Entries> {
        let request = SearchRequest {
            base,
            scope: Scope::OneLevel,
            filter: format!("(objectClass={class})"),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        };
        self.entries(&request).await
    }

    /// The entries that a search finds.
    pub(super) async fn entries(&mut self, request: &SearchRequest) -> Result<Entries> {
        let mut entries = Entries::default();
        let (mut entries_left_out, mut values_left_out) = (0_u64, 0_u64);
        let redaction = self.redaction.clone();
        let search = self.search(request, vec![extended_dns()]).await?;
        let result = search.each_entry(|mut raw| {
            if entries.found.len() >= MOST_ENTRIES {
                entries_left_out += 1;
                return Ok(());
            }
            let dn = match raw.dn.len() {
                ..=VALUE_BYTES => redaction.text(raw.dn_lossy()),
                length => format!("an entry with a DN of {length} octets"),
            };
            let mut entry = Entry { dn, values: Vec::new() };
            while let Some(mut attribute) = raw.next_attribute()? {
                if !request.asks_for(attribute.name) {
                    continue;
                }
                while let Some(value) = attribute.next_value()? {
                    let is_too_much =
                        value.len() > VALUE_BYTES || entry.values.len() >= MOST_VALUES;
                    if is_too_much || redaction.is_in(value) {
                        values_left_out += 1;
                    } else {
                        entry.values.push((attribute.name.to_owned(), value.to_vec()));
                    }
                }
            }
            entries.found.push(entry);
            Ok(())
        });
        let result = result.await?;
        let place = Printable(&request.base);
        if result.rc == SIZE_LIMIT_EXCEEDED {
            entries.incomplete = Some(format!("the server shows no more than these below {place}"));
        } else if let Err(error) = search::succeeded(&result) {
            if error.kind() != ErrorKind::Directory {
                return Err(error);
            }
            entries.incomplete =
                Some(format!("nothing can be read below {place}: {}", error.report()));
        } else if entries_left_out > 0 {
            entries.incomplete = Some(format!(
                "{entries_left_out} entries below {place} were left out: there are too many"
            ));
        } else if values_left_out > 0 {
            entries.incomplete = Some(format!(
                "{values_left_out} values below {place} were left out: they are too long, or too many"
            ));
        }
        Ok(entries)
    }
}

/// Asks for the identity of the entries that DNs name. Whoever does not know it leaves it.
fn extended_dns() -> RawControl {
    RawControl { ctype: EXTENDED_DN.to_owned(), crit: false, val: Some(AS_TEXT.to_vec()) }
}
