//! The addresses of a server, in the order they are tried.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::credential::{ServerHost, ServerUrl};
use crate::{Error, ErrorKind, Result, Retry};

/// The addresses of a server, without ports: an address itself, or what its name resolves to.
///
/// A resolver that does not answer in time is left behind; its thread ends when the operating system
/// gives up.
pub(crate) async fn resolve(server: &ServerUrl, within: Duration) -> Result<Vec<SocketAddr>> {
    let host = match server.server_host() {
        ServerHost::Address(address, None) => return Ok(vec![SocketAddr::new(*address, 0)]),
        host => host.to_string(),
    };
    let found = match timeout(within, lookup_host((host.as_str(), 0))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            return Err(unresolved("the server's name cannot be resolved").with_source(error));
        }
        Err(_) => return Err(unresolved("the server's name was not resolved in time")),
    };
    if found.is_empty() {
        return Err(unresolved("the server's name has no address"));
    }
    Ok(found)
}

/// The addresses of a name, as the operating system finds them.
pub(crate) async fn of_name(name: &str) -> Result<Vec<IpAddr>> {
    let found = lookup_host((name, 0))
        .await
        .map_err(|error| unresolved("the server's name cannot be resolved").with_source(error))?;
    Ok(found.map(|address| address.ip()).collect())
}

/// Addresses in the order they are tried, at most so many: pinned ones first, since their pins were given
/// to be used; then the address families in turn (as in RFC 8305), since one of them is often broken as
/// a whole. Within a family the resolver's order stays.
pub(crate) fn in_order(
    mut found: Vec<SocketAddr>,
    is_pinned: impl Fn(IpAddr) -> bool,
    at_most: usize,
) -> Vec<SocketAddr> {
    for address in &mut found {
        if let canonical @ IpAddr::V4(_) = address.ip().to_canonical() {
            address.set_ip(canonical);
        }
    }
    let (pinned, rest): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| is_pinned(address.ip()));
    let mut ordered: Vec<SocketAddr> = Vec::new();
    for address in families_in_turn(pinned).into_iter().chain(families_in_turn(rest)) {
        if !ordered.contains(&address) {
            ordered.push(address);
        }
    }
    ordered.truncate(at_most.max(1));
    ordered
}

fn families_in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

fn unresolved(message: &'static str) -> Error {
    Error::new(ErrorKind::Connect, message).with_retry(Retry::Transient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(found: &[&str], pinned: &str, at_most: usize) -> Vec<String> {
        let found = found.iter().map(|a| SocketAddr::new(a.parse().unwrap(), 0)).collect();
        let ordered = in_order(found, |address| address.to_string() == pinned, at_most);
        ordered.into_iter().map(|a| a.ip().to_string()).collect()
    }

    #[test]
    fn families_take_turns_and_the_resolver_chooses_the_first() {
        let found = ["2001:db8::1", "2001:db8::2", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::3"];
        assert_eq!(
            ordered(&found, "", 9),
            ["2001:db8::1", "10.0.0.1", "2001:db8::2", "2001:db8::3"]
        );
        assert_eq!(ordered(&found, "", 2), ["2001:db8::1", "10.0.0.1"]);
    }

    #[test]
    fn pinned_addresses_come_first() {
        assert_eq!(
            ordered(&["::1", "10.0.0.1", "10.0.0.2"], "10.0.0.2", 9),
            ["10.0.0.2", "::1", "10.0.0.1"]
        );
    }

    #[tokio::test]
    async fn an_address_needs_no_resolver() {
        for (server, address) in [("10.1.2.3:636", "10.1.2.3"), ("ldap://[::1]", "::1")] {
            let server = ServerUrl::parse(server).unwrap();
            let found = resolve(&server, Duration::ZERO).await.unwrap();
            assert_eq!(found, [SocketAddr::new(address.parse().unwrap(), 0)]);
        }
    }
}
