//! Who asks DNS.

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use crate::ldap::transport::address;
use crate::{Error, ErrorKind, Result};

/// What stands before the name of a domain where the SRV records of its controllers are (MS-ADTS section 6.3.2.3).
pub(in crate::ldap) const CONTROLLERS: &str = "_ldap._tcp.dc._msdcs";

/// Asks DNS for the controllers of a domain, and for the addresses of servers. With the feature `locate` there is one that
/// asks the DNS servers of the system; a host that has a resolver of its own implements it, and gives it to
/// [`LdapSource::with_resolver`](crate::ldap::LdapSource::with_resolver).
///
/// What it says is not believed: a controller has to prove itself.
#[async_trait]
pub trait Resolver: Debug + Send + Sync {
    /// The SRV records of a name such as `_ldap._tcp.dc._msdcs.corp.example` (RFC 2782), in any order; none if there is no
    /// such name, or it has none. The name is whole: no search domain is to be added.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect) where DNS does not answer, or says that it cannot.
    async fn srv(&self, name: &str) -> Result<Vec<SrvRecord>>;

    /// The addresses of a host, as the operating system finds them unless implemented.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect) where there are none.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>> {
        address::of_name(host).await
    }
}

/// The addresses of a host, of which there is one at least.
pub(super) async fn addresses(
    resolver: &dyn Resolver,
    host: &str,
    within: Duration,
) -> Result<Vec<IpAddr>> {
    match timeout(within, resolver.addresses(host)).await {
        Ok(Ok(found)) if found.is_empty() => {
            Err(Error::new(ErrorKind::Connect, "the server's name has no address"))
        }
        Ok(found) => found,
        Err(_) => Err(Error::new(ErrorKind::Connect, "the server's name was not resolved in time")),
    }
}

/// An SRV record (RFC 2782): a host that offers a service.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SrvRecord {
    /// Hosts with a lower one are tried before those with a higher.
    pub priority: u16,
    /// Of hosts with one priority, one with twice the weight comes first twice as often.
    pub weight: u16,
    /// The host, with or without a dot at the end.
    pub host: String,
    /// The port. With 389, the port of LDAP, LDAPS is at 636; any other one is used for every transport.
    pub port: u16,
}

impl SrvRecord {
    /// A record.
    pub fn new(priority: u16, weight: u16, host: impl Into<String>, port: u16) -> Self {
        Self { priority, weight, host: host.into(), port }
    }
}
