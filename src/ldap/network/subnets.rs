//! The subnets of AD sites (MS-ADTS, section 6.1.1.2.2.2), and which of them an address is in. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use crate::ldap::read::syntax::Reason;
use crate::value::RecordHasher;

/// As many entries are taken of one network: it has one, or two where it is written in two ways. Of more the first in their
/// own order stay: that of the server is another one every time.
const MOST_OF_A_NETWORK: usize = 8;

const NOT_A_PREFIX: Reason = "not an address, a slash and a number of bits";

/// A network by its first address and the number of bits that all its addresses share.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Prefix {
    family: Family,
    bits: u32,
    first: u128,
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Family {
    V4,
    V6,
}

/// A subnet as the directory has it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Subnet {
    /// As it is written: `10.1.0.0/16`.
    pub(crate) name: String,
    /// The AD site that it is of, if it is of one.
    pub(crate) site: Option<String>,
}

/// Subnets by their prefixes. One lookup asks for each length that there is, the longest first: a few dozen questions to a
/// hash table at most.
#[derive(Debug, Default)]
pub(crate) struct Subnets {
    by_prefix: HashMap<Prefix, BTreeSet<Subnet>>,
    lengths: BTreeSet<(Family, u32)>,
}

impl Prefix {
    /// Reads `10.1.0.0/16` or `2001:db8::/32`. Bits beyond those that count must not be set: whoever wrote them may have
    /// meant something else.
    pub(crate) fn parse(text: &str) -> Result<Self, Reason> {
        let (address, bits) = text.split_once('/').ok_or(NOT_A_PREFIX)?;
        let address: IpAddr = address.parse().map_err(|_| NOT_A_PREFIX)?;
        let is_number = bits.bytes().all(|digit| digit.is_ascii_digit());
        let is_plain = is_number && (bits == "0" || !bits.starts_with('0'));
        let bits: u32 = bits.parse().ok().filter(|_| is_plain).ok_or(NOT_A_PREFIX)?;
        let prefix = Self::of(address, bits).ok_or("more bits than an address has")?;
        if prefix.first != number(address).1 {
            return Err("an address with bits beyond those of its network");
        }
        Ok(prefix)
    }

    /// That of an address; `None` if it has fewer bits.
    fn of(address: IpAddr, bits: u32) -> Option<Self> {
        let (family, number) = number(address);
        let width = family.width();
        let host = width.checked_sub(bits)?;
        let mask = u128::MAX.checked_shl(host).unwrap_or_default();
        Some(Self { family, bits, first: number & mask })
    }
}

impl Family {
    fn width(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl Subnets {
    /// Adds one. False if one is left out for it, or it itself.
    pub(crate) fn add(&mut self, prefix: Prefix, subnet: Subnet) -> bool {
        self.lengths.insert((prefix.family, prefix.bits));
        let of_network = self.by_prefix.entry(prefix).or_default();
        of_network.insert(subnet);
        of_network.len() <= MOST_OF_A_NETWORK || of_network.pop_last().is_none()
    }

    /// The subnets with the longest prefix that an address has: one, unless one network is written in two ways.
    pub(crate) fn of(&self, address: IpAddr) -> impl Iterator<Item = &Subnet> {
        let family = number(address).0;
        let lengths = self.lengths.range((family, 0)..=(family, family.width())).rev();
        let mut prefixes = lengths.filter_map(|(_, bits)| Prefix::of(address, *bits));
        prefixes.find_map(|prefix| self.by_prefix.get(&prefix)).into_iter().flatten()
    }

    /// Adds what they say, in an order of its own.
    pub(crate) fn digest(&self, hasher: &mut RecordHasher) {
        let sorted: BTreeMap<&Prefix, &BTreeSet<Subnet>> = self.by_prefix.iter().collect();
        for subnet in sorted.into_values().flatten() {
            hasher.text(&subnet.name).text(subnet.site.as_deref().unwrap_or("/"));
        }
    }
}

fn number(address: IpAddr) -> (Family, u128) {
    match address {
        IpAddr::V4(address) => (Family::V4, u32::from(address).into()),
        IpAddr::V6(address) => (Family::V6, address.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subnets(prefixes: &[&str]) -> Subnets {
        let mut all = Subnets::default();
        for prefix in prefixes {
            let subnet = Subnet { name: (*prefix).to_owned(), site: None };
            assert!(all.add(Prefix::parse(prefix).unwrap(), subnet));
        }
        all
    }

    fn names<'a>(subnets: &'a Subnets, address: &str) -> Vec<&'a str> {
        subnets.of(address.parse().unwrap()).map(|subnet| subnet.name.as_str()).collect()
    }

    #[test]
    fn the_longest_prefix_of_the_family_holds() {
        let all =
            subnets(&["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "2001:db8::/32"]);
        for (address, expected) in [
            ("10.1.2.3", "10.1.2.3/32"),
            ("10.1.2.4", "10.1.0.0/16"),
            ("10.2.2.4", "10.0.0.0/8"),
            ("192.0.2.1", "0.0.0.0/0"),
            ("2001:db8:ffff::1", "2001:db8::/32"),
        ] {
            assert_eq!(names(&all, address), [expected]);
        }
        assert_eq!(names(&all, "2001:db9::1"), [""; 0]);
        assert_eq!(names(&subnets(&["::/0"]), "10.0.0.5"), [""; 0]);
    }

    #[test]
    fn one_network_in_two_spellings_is_both() {
        let all = subnets(&["2001:db8::/32", "2001:0db8::/32"]);
        assert_eq!(names(&all, "2001:db8::1"), ["2001:0db8::/32", "2001:db8::/32"]);
    }

    #[test]
    fn of_more_entries_for_one_network_than_there_may_be_the_same_are_taken_in_any_order() {
        let subnet =
            |n: usize| Subnet { name: "10.0.0.0/8".to_owned(), site: Some(format!("S{n}")) };
        let sites = |order: &mut dyn Iterator<Item = usize>| {
            let (mut all, prefix) = (Subnets::default(), Prefix::parse("10.0.0.0/8").unwrap());
            let added: Vec<bool> = order.map(|n| all.add(prefix, subnet(n))).collect();
            let left_out = added.iter().filter(|is_taken| !**is_taken).count();
            let of = all.of("10.0.0.5".parse().unwrap()).map(|subnet| subnet.site.clone().unwrap());
            (left_out, of.collect::<Vec<_>>())
        };
        let (left_out, taken) = sites(&mut (0..10));
        assert_eq!((left_out, taken.len()), (10 - MOST_OF_A_NETWORK, MOST_OF_A_NETWORK));
        assert_eq!(sites(&mut (0..10).rev()), (left_out, taken));
    }

    #[test]
    fn misshapen_prefixes_are_refused() {
        for text in [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/ 8",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.1/8",
            "2001:db8::/129",
            "2001:db8::1/32",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/99999999999",
            "10.0.0.0/8\nCNF:1",
        ] {
            assert!(Prefix::parse(text).is_err(), "{text}");
        }
    }

    /// Networks that lie in each other more often than chance has it.
    fn network() -> impl Strategy<Value = (IpAddr, u32)> {
        let v4 = (0_u32..4, 0_u32..=32)
            .prop_map(|(n, bits)| (IpAddr::from((0x0a00_0000 | n << 29 | n).to_be_bytes()), bits));
        let v6 = (0_u128..4, 0_u32..=128).prop_map(|(n, bits)| {
            (IpAddr::from((0x2001 << 112 | n << 64 | n).to_be_bytes()), bits)
        });
        prop_oneof![v4, v6]
    }

    /// Whether two addresses are the same in so many bits, one bit after the other.
    fn share(one: IpAddr, other: IpAddr, bits: u32) -> bool {
        let octets = |address: IpAddr| match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let bit = |octets: &[u8], n: u32| octets[n as usize / 8] >> (7 - n % 8) & 1;
        let (one, other) = (octets(one), octets(other));
        one.len() == other.len() && (0..bits).all(|n| bit(&one, n) == bit(&other, n))
    }

    proptest! {
        #[test]
        fn the_longest_prefix_is_that_of_a_look_at_all_of_them(
            networks in prop::collection::vec(network(), 0..40),
            (address, _) in network(),
        ) {
            let mut all = Subnets::default();
            for (first, bits) in &networks {
                let name = format!("{first}/{bits}");
                all.add(Prefix::of(*first, *bits).unwrap(), Subnet { name, site: None });
            }
            let holding = networks.iter().filter(|(first, bits)| share(*first, address, *bits));
            let longest = holding.clone().map(|(_, bits)| *bits).max();
            let expected: BTreeSet<String> = holding
                .filter(|(_, bits)| Some(*bits) == longest)
                .map(|(first, bits)| format!("{first}/{bits}"))
                .collect();
            let found: BTreeSet<String> = all.of(address).map(|subnet| subnet.name.clone()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_text_is_a_prefix_or_refused(text in "[0-9a-f.:/]{0,20}|\\PC{0,20}") {
            let _ = Prefix::parse(&text);
        }
    }
}
