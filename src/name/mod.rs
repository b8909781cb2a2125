//! Names of hosts and of directory entries, in the forms in which they can be compared.

mod dn;
mod hostname;
mod match_key;
mod rdn;
mod unicode;
mod weakness;

pub use dn::DistinguishedName;
pub use hostname::{Hostname, InvalidHostname, is_authoritative_domain};
pub use match_key::{MatchKey, NETBIOS_NAME_LENGTH};
pub use rdn::Rdn;
pub(crate) use unicode::to_ascii;
pub use unicode::to_unicode;
pub use weakness::Weakness;
