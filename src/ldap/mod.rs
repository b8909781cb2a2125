//! The LDAP source of a directory: connections, TLS, searches, changes.
//!
//! [`LdapSource`] is where to begin: it looks a credential up, and puts a read together. From there the way goes
//!
//! - by `locate` where a domain is named instead of servers: its controllers, found by DNS, of which one proves itself;
//! - through `transport`: the servers, the ladder from LDAPS to plain LDAP, TLS and who vouches for a certificate;
//! - to `protocol`: LDAP in bytes, the guard that bounds what a server may send, binds and searches;
//! - into `read`: entries become objects, and pages for whoever listens;
//! - by way of `delta` where a checkpoint says that only changes are wanted;
//! - with `network` where computers are to have their addresses and AD sites.
//!
//! `forest` lists what other domains there are, and reads none of them.
//! `LdifSource` (feature `ldif`) needs no server: it reads what one wrote into a file, by the same decoder.
//!
//! Each of them has its own map in its `mod.rs`. [`ServerCertificate::probe`] asks a server for its certificate, and no more.
//! No other room names ldap3, rustls, x509-parser or hickory-resolver.

mod delta;
mod forest;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "ldif")]
mod ldif;
mod limits;
mod locate;
mod network;
mod protocol;
mod reach;
mod read;
mod source;
mod transport;

pub use delta::DeltaPolicy;
pub use forest::ForestDomain;
#[cfg(feature = "ldif")]
pub use ldif::LdifSource;
pub use limits::LdapLimits;
pub use locate::{Resolver, SrvRecord};
pub use protocol::diagnosis::BindRefusal;
pub use source::LdapSource;
pub use transport::certificate::ServerCertificate;
pub use transport::connect_limits::ConnectLimits;
pub use transport::provider::TlsProvider;
