//! Ids that this crate gives out: assets, runs, batches and merges.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::Timestamp;
use super::text::serde_as_text;
use crate::{Error, Result};

/// The bits of a UUIDv7 below its variant (RFC 9562, section 5.7).
const COUNTED: u128 = (1 << 62) - 1;

macro_rules! ordered_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// A 128-bit number, printed as a hyphenated UUID. New ones are UUIDv7 (RFC 9562): they begin with
        /// their time, so later ids are greater, and a bulk insert into an ordered index appends to it
        /// instead of touching every page.
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(u128);

        impl $name {
            /// The id with this number, as a store keeps it. Any number will do.
            pub const fn from_u128(number: u128) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn as_u128(self) -> u128 {
                self.0
            }

            /// The UUIDv7 of a time and given random bytes: the same input gives the same id. A time
            /// before 1970 counts as 1970.
            pub fn new_v7(now: Timestamp, random: [u8; 10]) -> Self {
                Self(v7(now, &random))
            }

            /// A fresh UUIDv7. This is the only function of an id that reads the clock and the system's
            /// random numbers.
            pub fn random_v7() -> Self {
                Self(Uuid::now_v7().as_u128())
            }

            /// The `n`-th id after this one, and this one itself for 0.
            ///
            /// Lets a pure function give out any number of ids that are in order, and the same in every
            /// repetition: it is handed one fresh id and counts on from there. Only the low 62 bits are
            /// counted in, and wrap, so that time, version and variant stay.
            #[must_use]
            pub const fn nth(self, n: u64) -> Self {
                Self(nth(self.0, n))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_u128(self.0).hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                parse($what, text).map(Self)
            }
        }

        serde_as_text!($name, $what);
    };
}

ordered_id! {
    /// One asset of the inventory.
    AssetId, "asset id"
}
ordered_id! {
    /// One run of a sync.
    RunId, "run id"
}
ordered_id! {
    /// One batch of changes that a run commits. Committing a batch again does nothing.
    BatchId, "batch id"
}
ordered_id! {
    /// One manual merge of assets, by which it can be undone.
    MergeId, "merge id"
}

impl BatchId {
    /// Whether it begins with its time, as those do that this crate gives out.
    pub(crate) fn tells_time(self) -> bool {
        Uuid::from_u128(self.0).get_version_num() == 7
    }
}

fn v7(now: Timestamp, random: &[u8; 10]) -> u128 {
    let milliseconds = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, random).into_uuid().as_u128()
}

const fn nth(number: u128, n: u64) -> u128 {
    (number & !COUNTED) | (number.wrapping_add(n as u128) & COUNTED)
}

fn parse(what: &'static str, text: &str) -> Result<u128> {
    text.parse::<uuid::fmt::Hyphenated>()
        .map(|hyphenated| hyphenated.into_uuid().as_u128())
        .map_err(|_| Error::invalid(what, text, "expected a hyphenated UUID"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn the_example_of_rfc_9562() {
        // Appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xcc3, rand_b 0x18c4dc0c0c07398f.
        let random = [0xfc, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = RunId::new_v7(at(0x017f_22e2_79b0 * 1_000), random);
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!("017F22E2-79B0-7CC3-98C4-DC0C0C07398F".parse::<RunId>().unwrap(), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn fresh_ids_are_different_and_of_version_7() {
        let ids: BTreeSet<_> = (0..1_000).map(|_| AssetId::random_v7()).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            let uuid = Uuid::from_u128(id.as_u128());
            assert_eq!(uuid.get_version_num(), 7);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn a_time_before_1970_counts_as_1970() {
        let early = MergeId::new_v7(at(-1_000_000), [1; 10]);
        assert_eq!(early, MergeId::new_v7(at(0), [1; 10]));
    }

    #[test]
    fn counting_wraps_below_the_variant() {
        let last = BatchId::from_u128(0x017f22e2_79b0_7cc3_bfff_ffffffffffff);
        assert_eq!(last.nth(1).to_string(), "017f22e2-79b0-7cc3-8000-000000000000");
        assert_eq!(last.nth(0), last);
        assert_eq!(last.nth(1 << 62), last);
    }

    #[test]
    fn text_that_is_no_uuid_is_refused() {
        for text in
            ["", "1", "017f22e279b07cc398c4dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}"]
        {
            assert!(text.parse::<AssetId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_round_trips(number: u128) {
            let id = AssetId::from_u128(number);
            prop_assert_eq!(id.as_u128(), number);
            prop_assert_eq!(id.to_string().parse::<AssetId>().unwrap(), id);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<AssetId>(&json).unwrap(), id);
        }

        #[test]
        fn later_is_greater_whatever_the_random_bytes(
            early in 0..1i64 << 40, wait in 1..1i64 << 40, a: [u8; 10], b: [u8; 10],
        ) {
            let early_id = AssetId::new_v7(at(early * 1_000), a);
            prop_assert!(early_id < AssetId::new_v7(at((early + wait) * 1_000), b));
        }

        #[test]
        fn counted_ids_keep_all_but_the_low_bits(number: u128, n: u64) {
            let counted = AssetId::from_u128(number).nth(n).as_u128();
            prop_assert_eq!(counted >> 62, number >> 62);
            let expected = (number & COUNTED).wrapping_add(u128::from(n)) % (1 << 62);
            prop_assert_eq!(counted & COUNTED, expected);
        }
    }
}
