//! Which addresses several computers have. Pure.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::value::ObjectGuid;

/// Who has which address.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    first: HashMap<IpAddr, ObjectGuid>,
    /// Who has it beside the first.
    others: HashMap<IpAddr, HashSet<ObjectGuid>>,
}

impl Sharing {
    /// The octets of memory that a note takes, in a map which is never quite full.
    pub(crate) const NOTE: usize = 2 * size_of::<(IpAddr, ObjectGuid)>();

    /// Notes that a computer has an address.
    pub(crate) fn note(&mut self, address: IpAddr, computer: ObjectGuid) {
        let first = *self.first.entry(address).or_insert(computer);
        if first != computer {
            self.others.entry(address).or_default().insert(computer);
        }
    }

    /// What a person should know of addresses that several computers have.
    pub(crate) fn warning(&self) -> Option<String> {
        let most = self.others.iter().map(|(address, others)| (others.len() + 1, address));
        // Of several that as many have, always the same is named.
        let (computers, address) = most.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
        let shared = match self.others.len() {
            1 => "1 address is that".to_owned(),
            number => format!("{number} addresses are each those"),
        };
        Some(format!(
            "{shared} of more than one computer by the records of the DNS, {address} that of {computers}: records may be \
             stale, or somebody else's; all of these computers show it, and it ties none of them to an asset"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_several_is_told_with_the_one_that_most_have() {
        let mut sharing = Sharing::default();
        let mut note = |address: &str, computer: u8| {
            sharing.note(address.parse().unwrap(), ObjectGuid::from_bytes([computer; 16]));
            sharing.warning().map(|told| told.split(':').next().unwrap_or_default().to_owned())
        };
        // A computer that is read twice is one.
        for (address, computer) in [("10.0.0.1", 1), ("10.0.0.1", 1), ("10.0.0.2", 2)] {
            assert_eq!(note(address, computer), None);
        }
        let told = "1 address is that of more than one computer by the records of the DNS, 10.0.0.1 that of 2";
        assert_eq!(note("10.0.0.1", 2).as_deref(), Some(told));
        assert_eq!(note("10.0.0.1", 2).as_deref(), Some(told));
        note("10.0.0.2", 3);
        let told = note("10.0.0.2", 4).unwrap();
        assert!(told.starts_with("2 addresses are each") && told.ends_with("10.0.0.2 that of 3"));
    }
}
