//! The LDAP source of a directory.

mod attributes;
mod ber;
mod bind;
mod connection;
mod decode;
mod diagnosis;
mod frame;
mod guard;
mod limits;
mod paging;
mod pair;
mod range;
mod relay;
#[cfg(test)]
mod script;
mod search;

pub use diagnosis::{BindDiagnosis, BindRefusal};
pub use limits::LdapLimits;
