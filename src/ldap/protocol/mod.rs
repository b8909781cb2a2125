//! LDAP on a connection: messages in bytes, and the operations that are asked.
//!
//! [`ber`] reads and writes elements, [`frame`] whole messages within bounds. [`guard`] stands between the socket and ldap3:
//! search entries are lifted off as bytes ([`entry`]), all other answers are written anew ([`relay`]) and go on to ldap3 over
//! a [`pair`] of sockets. [`connection`] is the client's end, with its clock; what it can do stands beside it: [`bind`],
//! [`search`], [`walk`] for what is looked at in passing, [`root_dse`]. [`redaction`] keeps the password out of what the server says. [`paging`] and [`range`] say
//! whether a search or a list of values goes on, [`controls`] are the numbers of what is sent along, and [`diagnosis`] says
//! what a refusal means. Tests play a server by `script`.

pub(crate) mod ber;
pub(crate) mod bind;
pub(crate) mod connection;
pub(crate) mod controls;
pub(crate) mod diagnosis;
pub(crate) mod entry;
pub(crate) mod frame;
pub(crate) mod guard;
pub(crate) mod paging;
pub(crate) mod pair;
pub(crate) mod range;
pub(crate) mod redaction;
pub(crate) mod relay;
pub(crate) mod root_dse;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod search;
pub(crate) mod walk;
