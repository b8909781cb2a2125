//! Names of hosts and of directory entries, in the forms in which they can be compared.

mod dn;
mod hostname;
mod match_key;
mod rdn;
mod weakness;

pub use dn::DistinguishedName;
pub use hostname::{Hostname, InvalidHostname, is_authoritative_domain};
pub use match_key::{MatchKey, NETBIOS_NAME_LENGTH};
pub use rdn::Rdn;
pub use weakness::Weakness;
