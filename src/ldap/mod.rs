//! The LDAP source of a directory.

mod ber;
mod frame;
