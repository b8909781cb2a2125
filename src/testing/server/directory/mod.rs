//! What the server serves: the tree of a domain, as tests change it.

pub(crate) mod account;
mod binding;
pub(crate) mod dn;
mod dns;
pub(crate) mod domain;
pub(crate) mod entry;
mod generate;
mod ldif;
mod links;
mod moves;
pub(crate) mod names;
pub(crate) mod tree;
