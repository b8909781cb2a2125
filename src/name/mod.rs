//! Names of hosts and of directory entries, in the forms in which they can be compared.

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
