//! The controllers of a domain: found by DNS, and the first taken that proves itself.
//!
//! A [`Resolver`] looks up the SRV records of `_ldap._tcp.dc._msdcs.DOMAIN` (MS-ADTS section 6.3.2.3), those of an AD site
//! before them, and [`order`] brings them into the order of RFC 2782. In that order [`race`] connects to them, each with a
//! short head start over the next. The first that holds what the credential asks of a server (a certificate for its own host
//! name, or a pin for its address) and that says it is of the domain is taken; only it is ever sent the password. What became
//! of each other one is a line of the connect steps.
//!
//! A server whose name has no address may be meant as a domain, and is looked for as one, by the very same rules. A controller
//! that proved itself is asked for the AD site that it takes this client to be in ([`ping`]).
//!
//! DNS is not believed: whoever answers there may name any host, and have a certificate for that. So an authority vouches for
//! hosts below the domain alone, and for others nothing but a pin does.

mod order;
mod ping;
mod race;
mod resolver;
#[cfg(feature = "locate")]
mod system;

use std::sync::Arc;

#[cfg(fuzzing)]
pub(super) use self::ping::client_site;
use self::race::Race;
pub(super) use self::resolver::CONTROLLERS;
use self::resolver::addresses;
pub use self::resolver::{Resolver, SrvRecord};
use crate::credential::{ServerHost, ServerUrl};
use crate::ldap::protocol::connection::Connection;
use crate::ldap::reach::{Established, Reach};
use crate::ldap::transport::connect::{Target, Unconnected};
use crate::{Error, ErrorKind, Result, Retry};

/// Connects to the servers of the credential in order, until one can be reached: each a server, or a domain whose
/// controllers are tried. `preferred`: the host that is tried before the domain's other ones.
pub(crate) async fn connect(
    reach: &Reach<'_>,
    resolver: Option<&dyn Resolver>,
    preferred: Option<&str>,
) -> Result<(Connection, Established), Unconnected> {
    let mut steps = Vec::new();
    let last = reach.credential.servers.last();
    for server in &reach.credential.servers {
        let outcome = match server.domain() {
            None => {
                connect_to_server(reach, resolver, server, preferred, last == Some(server)).await
            }
            Some((domain, site)) => {
                let resolver = resolver.ok_or_else(no_resolver)?;
                Race { reach, resolver, domain, scheme: None, site, preferred }.run().await
            }
        };
        match outcome {
            Ok((connection, mut established)) => {
                steps.append(&mut established.steps);
                established.steps = steps;
                return Ok((connection, established));
            }
            Err(mut failed) => {
                steps.append(&mut failed.steps);
                if failed.is_final {
                    return Err(Unconnected { steps, ..failed });
                }
            }
        }
    }
    let error = Error::new(ErrorKind::Connect, "no server could be reached");
    let error = error.with_retry(Retry::Transient);
    Err(Unconnected { steps, error, at: None, is_final: false })
}

/// Connects to one server, or, if its name has no address, to a controller of the domain that is called so. Nobody said that
/// it is a domain: unless it is the last one, it is passed over whatever came of that.
async fn connect_to_server(
    reach: &Reach<'_>,
    resolver: Option<&dyn Resolver>,
    server: &ServerUrl,
    preferred: Option<&str>,
    is_last: bool,
) -> Result<(Connection, Established), Unconnected> {
    let mut target = Target::from(server);
    if let (ServerHost::Name(name), Some(resolver)) = (server.server_host(), resolver) {
        let found = addresses(resolver, name, reach.connect_limits.resolve).await;
        let found = found.map_err(|error| Arc::new(error.with_context("server", server)));
        target.addresses = Some(found);
    }
    let outcome = reach.any_of(&[target]).await;
    // A port is one of a server: the records of a domain have their own.
    let (ServerHost::Name(domain), None) = (server.server_host(), server.port()) else {
        return outcome;
    };
    let (Err(nameless), Some(resolver)) = (&outcome, resolver) else { return outcome };
    if !nameless.has_no_address() {
        return outcome;
    }
    let mut steps = nameless.steps.clone();
    let race = Race { reach, resolver, domain, scheme: server.scheme(), site: None, preferred };
    match race.run().await {
        Ok((connection, mut established)) => {
            steps.append(&mut established.steps);
            established.steps = steps;
            Ok((connection, established))
        }
        Err(mut failed) => {
            steps.append(&mut failed.steps);
            let is_final = failed.is_final && is_last;
            Err(Unconnected { steps, is_final, ..failed })
        }
    }
}

/// The resolver of the system's own DNS servers, if it is built in.
pub(crate) fn system_resolver() -> Option<Arc<dyn Resolver>> {
    #[cfg(feature = "locate")]
    return Some(Arc::new(system::SystemResolver));
    #[cfg(not(feature = "locate"))]
    None
}

fn no_resolver() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "a domain is to be located, and nothing here can ask DNS for its controllers; build with the feature `locate`, or \
         give a resolver to `LdapSource::with_resolver`",
    )
}
