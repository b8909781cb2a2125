//! Who joined a group and who left it, as DirSync tells with LDAP_DIRSYNC_INCREMENTAL_VALUES (MS-ADTS section
//! 3.1.1.3.4.1.3): `member;range=1-1` has the values that were added, `member;range=0-0` those that were removed.

use std::collections::BTreeMap;

use crate::directory::Membership;
use crate::ldap::protocol::ber::Malformed;
use crate::ldap::protocol::entry::RawAttribute;
use crate::ldap::protocol::range::RangeOption;
use crate::ldap::read::decode::member;
use crate::name::DistinguishedName;

/// As many are taken of one entry: an answer has some thousands. Where more joined or left, the list is read anew.
const MOST_OF_AN_ENTRY: usize = 100_000;

/// Members by their DNs in normal form, and whether each is one now.
#[derive(Debug, Default)]
pub(crate) struct LinkChanges(BTreeMap<String, (DistinguishedName, bool)>);

impl LinkChanges {
    /// Takes the values of an attribute of members. False if they are not told one by one, or not all can be read: then it
    /// is not known what changed.
    pub(super) fn take(&mut self, mut attribute: RawAttribute<'_>) -> Result<bool, Malformed> {
        let joined = match attribute.range() {
            Some(range) if range == RangeOption::ADDED => true,
            Some(range) if range == RangeOption::REMOVED => false,
            _ => return Ok(false),
        };
        let mut is_all = true;
        while let Some(value) = attribute.next_value()? {
            match member(value).filter(|_| self.0.len() < MOST_OF_AN_ENTRY) {
                Some(dn) => _ = self.0.insert(dn.normalized(), (dn, joined)),
                None => is_all = false,
            }
        }
        Ok(is_all)
    }

    /// Takes in what was told later.
    pub(super) fn update(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    pub(crate) fn into_membership(self) -> Membership {
        let (joined, left): (Vec<_>, Vec<_>) =
            self.0.into_values().partition(|(_, joined)| *joined);
        let dns = |told: Vec<(DistinguishedName, bool)>| told.into_iter().map(|(dn, _)| dn);
        Membership::changes(dns(joined), dns(left))
    }

    /// The octets of memory that it takes.
    pub(crate) fn footprint(&self) -> usize {
        let octets = |dn: &String| 2 * dn.len() + 2 * size_of::<(DistinguishedName, bool)>();
        self.0.keys().map(octets).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::protocol::entry::RawEntry;
    use crate::ldap::protocol::script::entry_body;

    #[test]
    fn more_links_than_an_answer_has_are_not_all_of_them() {
        let names: Vec<String> = (0..=MOST_OF_AN_ENTRY).map(|n| format!("CN={n}")).collect();
        let values: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        for (number, is_all) in [(MOST_OF_AN_ENTRY, true), (MOST_OF_AN_ENTRY + 1, false)] {
            let body = entry_body("CN=G", &[("member;range=1-1", &values[..number])]);
            let member = RawEntry::parse(&body).unwrap().next_attribute().unwrap().unwrap();
            let mut links = LinkChanges::default();
            assert_eq!(links.take(member).unwrap(), is_all);
            assert_eq!(links.0.len(), MOST_OF_AN_ENTRY);
        }
    }
}
