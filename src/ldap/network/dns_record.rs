//! The records of the DNS as Active Directory keeps them: values of `dnsRecord` (MS-DNSP, section 2.3.2.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use crate::ldap::read::syntax::Reason;
use crate::value::Timestamp;

const VERSION: u8 = 5;
const A: u16 = 1;
const AAAA: u16 = 28;
/// The records that tell where a zone goes on elsewhere, and of the root (MS-DNSP, section 2.2.2.2.5): `RANK_ROOT_HINT`,
/// `RANK_OUTSIDE_GLUE`, `RANK_GLUE` and `RANK_NS_GLUE`. The zone is not in charge of these names.
const ELSEWHERE: [u8; 4] = [0x08, 0x20, 0x80, 0x82];
/// 1970 in hours since 1601.
const UNIX_EPOCH: i64 = 3_234_576;
const SECONDS_PER_HOUR: i64 = 3_600;

/// An address that a record gives a name.
///
/// Prints as it is filed: the address, and when its record was refreshed last, to the hour, or that it is static.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct DnsAddress {
    pub(crate) address: IpAddr,
    /// Hours since 1601. `None`: it is static, and never becomes stale.
    refreshed: Option<NonZeroU32>,
}

/// What a record says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DnsRecord {
    Address(DnsAddress),
    /// An address by which no other host reaches this one: loopback and its like.
    OfNoHost,
    /// No address: a tombstone (`DNS_TYPE_ZERO`), a mail exchanger, whatever else; or glue.
    Other,
}

/// What the records of one node say together.
#[derive(Debug, Default)]
pub(crate) struct DnsRecords {
    pub(crate) addresses: Vec<DnsAddress>,
    /// How many are addresses of no host.
    pub(crate) of_no_host: u64,
    /// How many are no records, and what is wrong with the first.
    pub(crate) malformed: Option<(Reason, u64)>,
    /// Whether there may be others, which were not shown.
    pub(crate) are_cut: bool,
    /// How many there are.
    pub(crate) number: u64,
}

impl DnsRecords {
    /// Takes one more value of `dnsRecord`.
    pub(crate) fn take(&mut self, value: &[u8]) {
        self.number += 1;
        match DnsRecord::parse(value) {
            Ok(DnsRecord::Address(address)) => {
                // Most names have one, and many names are held.
                if self.addresses.is_empty() {
                    self.addresses.reserve_exact(1);
                }
                self.addresses.push(address);
            }
            Ok(DnsRecord::OfNoHost) => self.of_no_host += 1,
            Ok(DnsRecord::Other) => {}
            Err(reason) => self.malformed.get_or_insert((reason, 0)).1 += 1,
        }
    }
}

impl DnsRecord {
    /// Reads a value of `dnsRecord`; the error says what is wrong with it.
    pub(crate) fn parse(value: &[u8]) -> Result<Self, Reason> {
        const TOO_SHORT: Reason = "shorter than a DNS record";
        let (header, data) = value.split_first_chunk::<24>().ok_or(TOO_SHORT)?;
        // The TTL at 12 is of no interest, nor are flags, serial number and reserved octets.
        let [l0, l1, t0, t1, version, rank, .., h0, h1, h2, h3] = *header;
        if version != VERSION {
            return Err("a DNS record of another version than 5");
        }
        if usize::from(u16::from_le_bytes([l0, l1])) != data.len() {
            return Err("a DNS record that is not as long as it says");
        }
        let address = match u16::from_le_bytes([t0, t1]) {
            A => <[u8; 4]>::try_from(data).map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
            AAAA => <[u8; 16]>::try_from(data).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
            _ => return Ok(Self::Other),
        };
        let address = address.map_err(|_| "an address of another length than its family has")?;
        let refreshed = NonZeroU32::new(u32::from_le_bytes([h0, h1, h2, h3]));
        if refreshed.is_some_and(|hours| time(hours).is_none()) {
            return Err("a DNS record from after the year 9999");
        }
        Ok(match address.to_canonical() {
            _ if ELSEWHERE.contains(&rank) => Self::Other,
            address if is_of_no_host(address) => Self::OfNoHost,
            address => Self::Address(DnsAddress { address, refreshed }),
        })
    }
}

impl DnsAddress {
    /// Brings the addresses of a name into order, each once: of several records of one a static one holds, or the latest.
    pub(crate) fn settle(all: &mut Vec<Self>) {
        all.sort_unstable();
        all.dedup_by(|next, kept| {
            let is_same = next.address == kept.address;
            // Static ones come first.
            if is_same && kept.refreshed.is_some() {
                kept.refreshed = next.refreshed;
            }
            is_same
        });
    }
}

impl fmt::Display for DnsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.address)?;
        match self.refreshed.and_then(time) {
            Some(refreshed) => refreshed.fmt(f),
            None => f.write_str("static"),
        }
    }
}

/// Loopback, link-local and multicast addresses, the unspecified one, and that of everybody.
fn is_of_no_host(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    is_local || address.is_loopback() || address.is_multicast() || address.is_unspecified()
}

fn time(hours: NonZeroU32) -> Option<Timestamp> {
    Timestamp::from_unix_seconds((i64::from(hours.get()) - UNIX_EPOCH) * SECONDS_PER_HOUR)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record as a DNS server writes it: of a zone, with a TTL of 20 minutes.
    pub(in crate::ldap::network) fn record(kind: u16, hours: u32, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        let mut value = [length.to_le_bytes(), kind.to_le_bytes()].concat();
        value.extend([VERSION, 0xf0, 0, 0]);
        value.extend(7_u32.to_le_bytes());
        value.extend(1_200_u32.to_be_bytes());
        value.extend([0; 4]);
        value.extend(hours.to_le_bytes());
        value.extend(data);
        value
    }

    pub(in crate::ldap::network) fn address_record(address: &str, hours: u32) -> Vec<u8> {
        match address.parse().unwrap() {
            IpAddr::V4(address) => record(A, hours, &address.octets()),
            IpAddr::V6(address) => record(AAAA, hours, &address.octets()),
        }
    }

    fn shown(value: &[u8]) -> String {
        match DnsRecord::parse(value) {
            Ok(DnsRecord::Address(address)) => address.to_string(),
            other => format!("{other:?}"),
        }
    }

    /// Octet by octet as MS-DNSP lays it out.
    #[test]
    fn a_record_is_read_as_it_stands_in_a_directory() {
        let value = [
            0x04, 0x00, 0x01, 0x00, 0x05, 0xf0, 0x00, 0x00, 0x5e, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x04, 0xb0, 0x00, 0x00, 0x00, 0x00, 0x9a, 0xe0, 0x38, 0x00, 0x0a, 0x00, 0x00, 0x05,
        ];
        assert_eq!(shown(&value), "10.0.0.5 2026-03-27T02:00:00Z");
    }

    #[test]
    fn addresses_are_dated_or_static() {
        assert_eq!(shown(&address_record("10.0.0.5", 0)), "10.0.0.5 static");
        assert_eq!(shown(&address_record("192.0.2.1", 1)), "192.0.2.1 1601-01-01T01:00:00Z");
        let hours = u32::try_from(UNIX_EPOCH).unwrap();
        assert_eq!(
            shown(&address_record("2001:db8::5", hours)),
            "2001:db8::5 1970-01-01T00:00:00Z"
        );
        assert_eq!(shown(&address_record("::ffff:10.0.0.5", 0)), "10.0.0.5 static");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let whole = address_record("10.0.0.5", 0);
        for length in 0..whole.len() {
            assert!(DnsRecord::parse(&whole[..length]).is_err(), "{length}");
        }
        let too_long = [whole.as_slice(), &[0]].concat();
        let mut other_version = whole.clone();
        other_version[4] = 4;
        let too_late = address_record("10.0.0.5", u32::MAX);
        let short = record(A, 0, &[10, 0, 0]);
        for wrong in [too_long, other_version, too_late, short, record(AAAA, 0, &[1; 4])] {
            assert!(DnsRecord::parse(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn tombstones_glue_and_other_types_are_no_addresses() {
        let mut glue = address_record("10.0.0.5", 0);
        for rank in ELSEWHERE {
            glue[5] = rank;
            assert_eq!(DnsRecord::parse(&glue), Ok(DnsRecord::Other));
        }
        for other in [record(0, 0, &[0; 8]), record(33, 0, &[0; 30]), record(5, 0, b"\x01\x01a\0")]
        {
            assert_eq!(DnsRecord::parse(&other), Ok(DnsRecord::Other));
        }
    }

    #[test]
    fn addresses_of_no_host_are_told_from_others() {
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.1.1",
            "224.0.0.251",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
        ] {
            let record = DnsRecord::parse(&address_record(text, 0));
            assert!(matches!(record, Ok(DnsRecord::OfNoHost)), "{text}");
        }
        for text in ["10.0.0.5", "169.253.0.1", "fd00::1", "fec0::1", "2001:db8::1"] {
            let record = DnsRecord::parse(&address_record(text, 0));
            assert!(matches!(record, Ok(DnsRecord::Address(_))), "{text}");
        }
    }

    #[test]
    fn of_several_records_of_one_address_the_static_one_holds_or_the_later() {
        let address = |hours| match DnsRecord::parse(&address_record("10.0.0.5", hours)) {
            Ok(DnsRecord::Address(address)) => address,
            other => panic!("{other:?}"),
        };
        for (hours, expected) in [([1, 2, 1], 2), ([2, 0, 3], 0), ([0, 1, 2], 0), ([3, 2, 1], 3)] {
            let mut all: Vec<DnsAddress> = hours.into_iter().map(address).collect();
            DnsAddress::settle(&mut all);
            assert_eq!(all, [address(expected)]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_none(value in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = DnsRecord::parse(&value);
        }

        #[test]
        fn any_address_is_read_back(octets: [u8; 4], long: [u8; 16], hours in 0_u32..70_000_000) {
            for address in [IpAddr::from(octets), IpAddr::from(long)] {
                let value = address_record(&address.to_string(), hours);
                let text = shown(&value);
                let is_host = !is_of_no_host(address.to_canonical());
                let prefix = format!("{} ", address.to_canonical());
                prop_assert!(text.starts_with(&prefix) == is_host, "{}", text);
            }
        }
    }
}
