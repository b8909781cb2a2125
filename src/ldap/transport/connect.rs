//! From a credential to a connection that may carry a password.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::address;
use super::attempt_error::AttemptError;
use super::authorities::Authorities;
use super::certificate::ServerCertificate;
use super::client_identity::ClientIdentity;
use super::connect_limits::ConnectLimits;
use super::ladder::{self, TransportAttempt, Trust};
use super::provider::TlsProvider;
use super::socket;
use super::tls::{Attempt, Secured};
use super::verifier::Rule;
use crate::credential::{Credential, Scheme, ServerUrl};
use crate::directory::{ConnectStep, Transport, Verification, check_protection};
use crate::ldap::protocol::redaction::Redaction;
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result, Retry};

/// A stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection on which the policy allows a bind. Nothing but TLS and StartTLS was sent on it.
pub(crate) struct Connected {
    /// The bytes of LDAP, decrypted.
    pub(crate) stream: Box<dyn Stream>,
    /// The peer of the very socket.
    pub(crate) peer: SocketAddr,
    /// The transport that was reached.
    pub(crate) transport: Transport,
    /// What vouches for the peer.
    pub(crate) verification: Verification,
    /// The certificate, where there is TLS.
    pub(crate) certificate: Option<ServerCertificate>,
    /// The server of the credential that this is.
    pub(crate) server: ServerUrl,
    /// Every rung and address that was tried, in order; the last one is this connection.
    pub(crate) steps: Vec<ConnectStep>,
    /// What an administrator should know though it worked.
    pub(crate) warnings: Vec<String>,
}

/// A server to connect to, and what is known of it beside its URL.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) server: ServerUrl,
    /// Its addresses where they were looked for, or why there are none. `None`: its name is for the operating system.
    pub(crate) addresses: Option<Result<Vec<IpAddr>, Arc<Error>>>,
    /// Why no authority can vouch for it, and only a pin can.
    pub(crate) needs_pin: Option<String>,
}

/// No connection: what was tried, and what came of it.
#[derive(Debug)]
pub(crate) struct Unconnected {
    /// Every rung and address that was tried, in order.
    pub(crate) steps: Vec<ConnectStep>,
    /// Why there is none.
    pub(crate) error: Error,
    /// What was tried last, if that is not among the steps.
    pub(crate) at: Option<(Transport, Option<SocketAddr>)>,
    /// Whether a server was there and did not hold, rather than no server there.
    pub(crate) is_final: bool,
}

/// Errors name at most so many steps.
const MOST_STEPS_SHOWN: usize = 24;

/// Connects to the first of these servers that can be reached, by the best transport that it offers and the
/// credential allows.
///
/// On each server, each transport is tried at every address before the next transport is, so that a
/// lesser one is used only where no address has a better one. A transport that is there and does not
/// hold (a bad certificate, name, date, pin or signature) ends it all: no other transport, address or
/// server is tried. So does one that would protect less than the connection before did, where that is to be
/// held.
pub(crate) async fn connect(
    targets: &[Target],
    credential: &Credential,
    least: Option<(Transport, Verification)>,
    limits: &ConnectLimits,
    tls: TlsProvider,
) -> Result<Connected, Unconnected> {
    credential.validate()?;
    let identity = ClientIdentity::of(&credential.sign_in, tls, Timestamp::now())?;
    let authorities = Authorities::new(&credential.ca_certificates, tls);
    let mut walk = Walk {
        credential,
        least,
        limits,
        tls,
        authorities,
        identity,
        redaction: Redaction::of(credential.sign_in.sent_secret()),
        at: None,
        steps: Vec::new(),
        warnings: Vec::new(),
    };
    for target in targets {
        match walk.server(target).await {
            Ok(Some(established)) => return Ok(walk.connected(&target.server, established)),
            Ok(None) => {}
            Err(error) => {
                let Walk { steps, at, .. } = walk;
                return Err(Unconnected { steps, error, at, is_final: true });
            }
        }
    }
    let error = Error::new(ErrorKind::Connect, "no server could be reached");
    let error = error.with_retry(Retry::Transient);
    Err(Unconnected { steps: walk.steps, error, at: None, is_final: false })
}

impl From<&ServerUrl> for Target {
    fn from(server: &ServerUrl) -> Self {
        Self { server: server.clone(), addresses: None, needs_pin: None }
    }
}

impl Unconnected {
    /// Whether all that failed is that names have no address.
    pub(crate) fn has_no_address(&self) -> bool {
        !self.is_final && self.steps.iter().all(|step| step.address.is_none())
    }

    /// The error, with what was tried.
    pub(crate) fn into_error(self) -> Error {
        let steps = self.steps.iter().take(MOST_STEPS_SHOWN);
        let error = steps.fold(self.error, |error, step| error.with_context("tried", line(step)));
        error.in_operation("connect")
    }
}

/// What is wrong before anything is tried.
impl From<Error> for Unconnected {
    fn from(error: Error) -> Self {
        Self { steps: Vec::new(), error, at: None, is_final: true }
    }
}

/// A way up the ladder.
struct Walk<'a> {
    credential: &'a Credential,
    /// How an earlier connection was protected.
    least: Option<(Transport, Verification)>,
    limits: &'a ConnectLimits,
    tls: TlsProvider,
    authorities: Authorities<'a>,
    /// What is shown to a server that asks for a certificate.
    identity: Option<ClientIdentity>,
    /// The server may have got the password on an earlier connection.
    redaction: Redaction,
    at: Option<(Transport, Option<SocketAddr>)>,
    steps: Vec<ConnectStep>,
    warnings: Vec<String>,
}

struct Established {
    stream: Box<dyn Stream>,
    peer: SocketAddr,
    transport: Transport,
    verification: Verification,
    certificate: Option<ServerCertificate>,
}

impl Walk<'_> {
    /// The connection to this server, or nothing if it cannot be reached.
    async fn server(&mut self, target: &Target) -> Result<Option<Established>> {
        let server = &target.server;
        let Some(addresses) = self.addresses(target).await else {
            return Ok(None);
        };
        let mut dead = Vec::new();
        let (mut answered, mut is_plain) = (false, false);
        for TransportAttempt { transport, port } in ladder::rungs(server) {
            for mut address in addresses.iter().copied() {
                address.set_port(port);
                if dead.contains(&address) {
                    continue;
                }
                self.at = Some((transport, Some(address)));
                match self.rung(target, transport, address, &mut dead).await {
                    Ok(established) => {
                        self.record(server, transport, Some(address), None);
                        return Ok(Some(established));
                    }
                    Err(AttemptError::Absent { error, answered: said }) => {
                        self.record(server, transport, Some(address), Some(&error));
                        answered |= said;
                        is_plain |= said && transport == Transport::StartTls;
                    }
                    Err(AttemptError::Final(error)) => {
                        return Err(error
                            .with_context("server", server)
                            .with_context("address", address)
                            .with_context("transport", transport));
                    }
                }
            }
        }
        if answered { Err(no_secure_transport(server, is_plain)) } else { Ok(None) }
    }

    /// The addresses of a server in the order they are tried, if its name can be resolved.
    async fn addresses(&mut self, target: &Target) -> Option<Vec<SocketAddr>> {
        let server = &target.server;
        let found = match &target.addresses {
            Some(Ok(known)) => {
                Ok(known.iter().map(|address| SocketAddr::new(*address, 0)).collect())
            }
            Some(Err(error)) => Err(Arc::clone(error)),
            None => {
                let found = address::resolve(server, self.limits.resolve).await;
                found.map_err(|error| Arc::new(error.with_context("server", server)))
            }
        };
        match found {
            Ok(found) => {
                let is_pinned = |ip| self.credential.pinned_at(ip).next().is_some();
                Some(address::in_order(found, is_pinned, self.limits.addresses))
            }
            Err(error) => {
                let first = ladder::rungs(server).first().map(|rung| rung.transport);
                self.record(server, first.unwrap_or(Transport::Ldaps), None, Some(&error));
                None
            }
        }
    }

    /// One transport at one address. An address that does not take connections is added to `dead`.
    async fn rung(
        &mut self,
        target: &Target,
        transport: Transport,
        address: SocketAddr,
        dead: &mut Vec<SocketAddr>,
    ) -> Result<Established, AttemptError> {
        // Before anything is sent; the socket's own peer is asked again below.
        self.trust(target, transport, address)?;
        let tcp =
            socket::open(address, self.limits.tcp).await.inspect_err(|_| dead.push(address))?;
        let peer = socket::peer(&tcp)?;
        let trust = self.trust(target, transport, peer)?;
        if transport == Transport::Ldap {
            return Ok(Established::plain(tcp, peer));
        }
        let verification = trust.verification();
        let rule = self.rule(trust).await.map_err(AttemptError::Final)?;
        let attempt = Attempt {
            transport,
            host: target.server.server_host(),
            peer,
            limits: self.limits,
            tls: self.tls,
            identity: self.identity.as_ref(),
            redaction: &self.redaction,
        };
        let secured = attempt.secure(tcp, rule).await?;
        Ok(Established::secured(secured, peer, transport, verification))
    }

    fn trust(
        &self,
        target: &Target,
        transport: Transport,
        peer: SocketAddr,
    ) -> Result<Trust, AttemptError> {
        let trust = ladder::trust(self.credential, transport, peer.ip()).map_err(|reason| {
            let error = Error::new(ErrorKind::NoSecureTransport, reason);
            AttemptError::Absent { error, answered: false }
        })?;
        match (&target.needs_pin, &trust) {
            (None, _) | (_, Trust::Pins(_)) => {}
            (Some(reason), _) => {
                let error = Error::new(ErrorKind::Certificate, reason.clone());
                return Err(AttemptError::Final(error));
            }
        }
        let protection = (transport, trust.verification());
        check_protection(protection, self.least).map_err(AttemptError::Final)?;
        Ok(trust)
    }

    async fn rule(&mut self, trust: Trust) -> Result<Rule> {
        Ok(match trust {
            Trust::Anything => Rule::Anything,
            Trust::Authority => {
                Rule::Authority(self.authorities.trusted(&mut self.warnings).await?)
            }
            Trust::Pins(pins) => Rule::Pins(pins),
        })
    }

    fn record(
        &mut self,
        server: &ServerUrl,
        transport: Transport,
        address: Option<SocketAddr>,
        failure: Option<&Error>,
    ) {
        let (host, failure) = (Some(server.host()), failure.map(Error::report));
        let step = ConnectStep { transport, host, address, failure };
        tracing::debug!(step = line(&step), "connecting");
        self.steps.push(step);
    }

    fn connected(mut self, server: &ServerUrl, established: Established) -> Connected {
        let Established { stream, peer, transport, verification, certificate } = established;
        self.warn(peer, transport, verification, certificate.as_ref());
        Connected {
            stream,
            peer,
            transport,
            verification,
            certificate,
            server: server.clone(),
            steps: self.steps,
            warnings: self.warnings,
        }
    }

    fn warn(
        &mut self,
        peer: SocketAddr,
        transport: Transport,
        verification: Verification,
        certificate: Option<&ServerCertificate>,
    ) {
        let pins: Vec<_> = self.credential.pinned_at(peer.ip()).collect();
        let pin_differs = |c: &ServerCertificate| !pins.is_empty() && !pins.contains(&c.digest);
        let warning = match (transport, verification, certificate) {
            (Transport::Ldap, ..) => format!(
                "the connection to {peer} is not encrypted: no encrypted transport was found there, and \
                 `plain_ldap` allows that; the password can be read on its way"
            ),
            (_, Verification::Nothing, _) => format!(
                "the certificate of {peer} was not verified, since `any_certificate` is set: whoever stands \
                 on the path can read the password"
            ),
            (Transport::StartTls, Verification::CertificateAuthority, Some(certificate))
                if pin_differs(certificate) =>
            {
                format!(
                    "{peer} is pinned, but pins are not used on StartTLS unless `pins_on_starttls` is \
                     set; an authority vouches for the certificate, which is another one than the pin's"
                )
            }
            _ => return,
        };
        self.warnings.push(warning);
    }
}

impl Established {
    fn plain(tcp: TcpStream, peer: SocketAddr) -> Self {
        Self {
            stream: Box::new(tcp),
            peer,
            transport: Transport::Ldap,
            verification: Verification::Nothing,
            certificate: None,
        }
    }

    fn secured(
        secured: Secured,
        peer: SocketAddr,
        transport: Transport,
        verification: Verification,
    ) -> Self {
        let Secured { stream, certificate } = secured;
        let certificate = Some(certificate);
        Self { stream: Box::new(stream), peer, transport, verification, certificate }
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("peer", &self.peer)
            .field("transport", &self.transport)
            .field("verification", &self.verification)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

fn line(step: &ConnectStep) -> String {
    let outcome = step.failure.as_deref().unwrap_or("connected");
    match step.address {
        Some(address) => format!("{} at {address}: {outcome}", step.transport),
        None => outcome.to_owned(),
    }
}

/// `is_plain`: it answers in LDAP, without TLS.
fn no_secure_transport(server: &ServerUrl, is_plain: bool) -> Error {
    const MESSAGE: &str = "the server offers no transport that is allowed: give it a certificate, so that it offers \
                           LDAPS or StartTLS";
    let message = match (server.scheme(), server.port()) {
        (Some(Scheme::Ldaps), Some(port)) if is_plain => {
            format!(
                "{MESSAGE}; at port {port} it speaks LDAP without TLS, and LDAPS is usually at 636"
            )
        }
        _ => MESSAGE.to_owned(),
    };
    Error::new(ErrorKind::NoSecureTransport, message).with_context("server", server)
}

#[cfg(test)]
mod tests;
