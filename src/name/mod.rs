//! Names of hosts and of directory entries, in the forms in which they can be compared.
//!
//! A [`Hostname`] (`hostname`) is parsed once: case, trailing dots and the forms of international names (`unicode`) make no
//! difference from then on. Some say nothing about which host it is (`weakness`). Its [`MatchKey`]s are what a store indexes.
//! A [`DistinguishedName`] (`dn`) compares by its RDNs (`rdn`). How names are compared with each other is
//! [`merge`](crate::merge)'s business.

mod dn;
mod hostname;
mod match_key;
mod rdn;
mod unicode;
mod weakness;

pub use dn::DistinguishedName;
pub use hostname::Hostname;
pub(crate) use hostname::is_authoritative_domain;
pub use match_key::MatchKey;
pub(crate) use match_key::NETBIOS_NAME_LENGTH;
pub(crate) use unicode::{to_ascii, to_unicode};
pub(crate) use weakness::Weakness;
