//! The transport policy, as a table: what is tried, in which order, and who must vouch for it.

use std::net::IpAddr;

use crate::credential::{CertificateDigest, Credential, Scheme, ServerUrl, SignIn};
use crate::directory::{Transport, Verification};

/// One transport on one port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TransportAttempt {
    pub(crate) transport: Transport,
    pub(crate) port: u16,
}

/// Who must vouch for a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// Nobody.
    Anything,
    /// An authority, for the name or address that was asked for.
    Authority,
    /// The certificate must be one of these, whatever else is right or wrong with it.
    Pins(Vec<CertificateDigest>),
}

impl Trust {
    /// What vouches for a server that satisfied it.
    pub(crate) fn verification(&self) -> Verification {
        match self {
            Self::Anything => Verification::Nothing,
            Self::Authority => Verification::CertificateAuthority,
            Self::Pins(_) => Verification::Thumbprint,
        }
    }
}

const LDAP: u16 = 389;
const LDAPS: u16 = 636;
/// The global catalog's ports.
const CATALOG: u16 = 3268;
const CATALOG_TLS: u16 = 3269;

/// The transports to try on a server, best first. A given port serves all of them, save that without a
/// scheme the well-known ports stand for what they are known for.
pub(crate) fn rungs(server: &ServerUrl) -> Vec<TransportAttempt> {
    let transports: &[Transport] = match (server.scheme(), server.port()) {
        (None, Some(LDAPS | CATALOG_TLS)) => &[Transport::Ldaps],
        (None, Some(LDAP | CATALOG)) | (Some(Scheme::Ldap), _) => {
            &[Transport::StartTls, Transport::Ldap]
        }
        (None | Some(Scheme::Ldaps | Scheme::Domain), _) => {
            &[Transport::Ldaps, Transport::StartTls, Transport::Ldap]
        }
    };
    let rung = |transport: &Transport| TransportAttempt {
        transport: *transport,
        port: server.port().unwrap_or(default_port(*transport)),
    };
    transports.iter().map(rung).collect()
}

/// The port of a transport where none is given.
pub(crate) fn default_port(transport: Transport) -> u16 {
    if transport == Transport::Ldaps { LDAPS } else { LDAP }
}

/// Who must vouch for this peer on this transport; the error says why the transport may not be used.
///
/// A pin is never weakened by falling back. On LDAPS it decides alone. On StartTLS it does so where the
/// host opted in; where it did not, the pinned address needs an authority, also against `any_certificate`, so
/// that blocking LDAPS does not turn a pinned server into an unverified one. Plain LDAP is never spoken
/// with a pinned address.
pub(crate) fn trust(
    credential: &Credential,
    transport: Transport,
    peer: IpAddr,
) -> Result<Trust, &'static str> {
    let pins: Vec<_> = credential.pinned_at(peer).collect();
    let pinned = !pins.is_empty();
    let shows_certificate = matches!(credential.sign_in, SignIn::External { .. });
    match transport {
        Transport::Ldap if shows_certificate => Err(
            "a client certificate can be shown within TLS alone, so plain LDAP is not used with it",
        ),
        Transport::Ldaps if pinned => Ok(Trust::Pins(pins)),
        Transport::StartTls if pinned && credential.pins_on_starttls => Ok(Trust::Pins(pins)),
        Transport::StartTls if pinned => Ok(Trust::Authority),
        Transport::Ldap if pinned => Err("plain LDAP is never used at a pinned address"),
        Transport::Ldap if credential.plain_ldap => Ok(Trust::Anything),
        Transport::Ldap => Err("plain LDAP is used only with `plain_ldap`, or `insecure`"),
        _ if credential.any_certificate => Ok(Trust::Anything),
        _ => Ok(Trust::Authority),
    }
}

#[cfg(test)]
mod tests {
    use super::Transport::{Ldap, Ldaps, StartTls};
    use super::*;
    use crate::credential::Thumbprint;
    use crate::value::{CredentialId, Secret};

    #[test]
    fn the_ladder_of_every_scheme_and_port() {
        for (server, expected) in [
            ("dc1", &[(Ldaps, 636), (StartTls, 389), (Ldap, 389)][..]),
            ("ldaps://dc1", &[(Ldaps, 636), (StartTls, 389), (Ldap, 389)]),
            ("ldap://dc1", &[(StartTls, 389), (Ldap, 389)]),
            ("dc1:1636", &[(Ldaps, 1636), (StartTls, 1636), (Ldap, 1636)]),
            ("dc1:389", &[(StartTls, 389), (Ldap, 389)]),
            ("dc1:3268", &[(StartTls, 3268), (Ldap, 3268)]),
            ("dc1:636", &[(Ldaps, 636)]),
            ("dc1:3269", &[(Ldaps, 3269)]),
            ("ldaps://dc1:636", &[(Ldaps, 636), (StartTls, 636), (Ldap, 636)]),
            ("ldaps://dc1:389", &[(Ldaps, 389), (StartTls, 389), (Ldap, 389)]),
            ("ldap://dc1:636", &[(StartTls, 636), (Ldap, 636)]),
            ("ldap://dc1:10389", &[(StartTls, 10389), (Ldap, 10389)]),
        ] {
            let rungs: Vec<_> = rungs(&ServerUrl::parse(server).unwrap())
                .into_iter()
                .map(|rung| (rung.transport, rung.port))
                .collect();
            assert_eq!(rungs, expected, "{server}");
        }
    }

    #[test]
    fn who_must_vouch_in_every_combination() {
        let digest = CertificateDigest::new([7; 32]);
        let pins = || Ok(Trust::Pins(vec![digest]));
        let authority = || Ok(Trust::Authority);
        let anything = || Ok(Trust::Anything);
        let refused = || Err(());
        // Pinned, any certificate, plain LDAP, pins on StartTLS: LDAPS, StartTLS, plain.
        for ((pinned, any, plain, opted_in), expected) in [
            ((false, false, false, false), [authority(), authority(), refused()]),
            ((false, false, false, true), [authority(), authority(), refused()]),
            ((false, true, false, false), [anything(), anything(), refused()]),
            ((false, true, false, true), [anything(), anything(), refused()]),
            ((false, false, true, false), [authority(), authority(), anything()]),
            ((false, false, true, true), [authority(), authority(), anything()]),
            ((false, true, true, false), [anything(), anything(), anything()]),
            ((false, true, true, true), [anything(), anything(), anything()]),
            ((true, false, false, false), [pins(), authority(), refused()]),
            ((true, false, false, true), [pins(), pins(), refused()]),
            ((true, true, false, false), [pins(), authority(), refused()]),
            ((true, false, true, false), [pins(), authority(), refused()]),
            ((true, true, true, false), [pins(), authority(), refused()]),
            ((true, true, true, true), [pins(), pins(), refused()]),
        ] {
            let id = CredentialId::new("corp").unwrap();
            let address = if pinned { "::ffff:10.0.0.1" } else { "10.0.0.2" };
            let credential = Credential::new(id, "svc", Secret::new("pw".to_owned()))
                .with_any_certificate(any)
                .with_plain_ldap(plain)
                .with_pins_on_starttls(opted_in)
                .with_thumbprint(Thumbprint::new(address.parse().unwrap(), digest));
            let peer = "10.0.0.1".parse().unwrap();
            let found = [Ldaps, StartTls, Ldap]
                .map(|transport| trust(&credential, transport, peer).map_err(|_| ()));
            assert_eq!(found, expected, "{pinned} {any} {plain} {opted_in}");
            let mut external = credential;
            external.sign_in =
                SignIn::External { certificates: vec![Vec::new()], key: Secret::new("key") };
            let with_certificate = [Ldaps, StartTls, Ldap]
                .map(|transport| trust(&external, transport, peer).map_err(|_| ()));
            let [ldaps, starttls, _] = expected;
            assert_eq!(with_certificate, [ldaps, starttls, refused()]);
        }
    }
}
