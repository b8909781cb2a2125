//! LDAP in bytes, as the server reads and writes it.
//!
//! It is not the codec of the LDAP source, so that tests do not check a codec against itself, and so that the server can
//! write what domain controllers write and what no sane server would.

pub(crate) mod ber;
pub(crate) mod filter;
pub(crate) mod message;
pub(crate) mod response;
