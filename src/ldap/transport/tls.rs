//! The TLS handshake, on LDAPS and after StartTLS alike.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::attempt_error::AttemptError;
use super::certificate::ServerCertificate;
use super::client_identity::ClientIdentity;
use super::connect_limits::ConnectLimits;
use super::first_answer::{Asked, FirstAnswer};
use super::heard::Heard;
use super::look::{Look, look};
use super::provider::TlsProvider;
use super::starttls;
use super::tls_error::Handshake;
use super::verifier::{PeerVerifier, Rule};
use crate::credential::ServerHost;
use crate::directory::Transport;
use crate::ldap::protocol::redaction::Redaction;
use crate::{Error, ErrorKind, Result, Retry};

/// An encrypted connection, and the certificate at its other end.
pub(crate) struct Secured {
    pub(crate) stream: FirstAnswer<TlsStream<Heard<TcpStream>>>,
    pub(crate) certificate: ServerCertificate,
}

/// An attempt to reach a server by TLS.
pub(crate) struct Attempt<'a> {
    pub(crate) transport: Transport,
    /// The name or address that was asked for.
    pub(crate) host: &'a ServerHost,
    /// The peer of the very socket.
    pub(crate) peer: SocketAddr,
    pub(crate) limits: &'a ConnectLimits,
    pub(crate) tls: TlsProvider,
    /// What is shown to a server that asks for a certificate.
    pub(crate) identity: Option<&'a ClientIdentity>,
    /// What the server's words must not have in them.
    pub(crate) redaction: &'a Redaction,
}

impl Attempt<'_> {
    /// Brings TLS onto a fresh connection: at once on LDAPS, after the StartTLS operation otherwise.
    ///
    /// A server that agreed to StartTLS has promised TLS, so whatever fails after that is final.
    pub(crate) async fn secure(
        &self,
        mut tcp: TcpStream,
        rule: Rule,
    ) -> Result<Secured, AttemptError> {
        if self.transport == Transport::Ldaps {
            return self.handshake(tcp, rule).await;
        }
        let Self { limits, redaction, .. } = *self;
        let answer = limits.answer();
        let agreed = starttls::request(&mut tcp, &answer, limits.starttls, redaction).await;
        if let Err(fault) = agreed {
            return Err(self.not_agreed(fault).await);
        }
        self.handshake(tcp, rule).await.map_err(|fault| match fault {
            AttemptError::Absent { error, .. } => AttemptError::Final(
                Error::new(ErrorKind::Tls, "the server agreed to StartTLS, and then spoke no TLS")
                    .with_source(error),
            ),
            fault @ AttemptError::Final(_) => fault,
        })
    }

    /// Where nothing answers in LDAP, it may be that LDAPS was meant: that must not end in plain LDAP.
    async fn not_agreed(&self, fault: AttemptError) -> AttemptError {
        let is_ldap = match &fault {
            AttemptError::Absent { answered, .. } => *answered,
            AttemptError::Final(error) => error.kind() != ErrorKind::Protocol,
        };
        if is_ldap {
            return fault;
        }
        let Ok(name) = server_name(self.host) else { return fault };
        match look(self.peer, Transport::Ldaps, &name, self.limits, self.tls).await {
            Look::NoTls => fault,
            Look::Tls(_) => AttemptError::Final(is_ldaps(self.peer.port())),
        }
    }

    /// Shakes hands, under this rule.
    ///
    /// What fails before the server said hello may mean that nothing there speaks TLS; what fails after
    /// that is final.
    async fn handshake(&self, tcp: TcpStream, rule: Rule) -> Result<Secured, AttemptError> {
        let pins = match &rule {
            Rule::Pins(pins) => pins.clone(),
            Rule::Anything | Rule::Authority(_) => Vec::new(),
        };
        let verifier = Arc::new(PeerVerifier::new(rule, self.tls, self.identity.cloned()));
        let connector =
            TlsConnector::from(Arc::new(config(&verifier).map_err(AttemptError::Final)?));
        let name = server_name(self.host).map_err(AttemptError::Final)?;
        let (tcp, hello) = Heard::new(tcp);
        // Boxed, since it is several kilobytes that whoever awaits a connection would have on the stack.
        let shaking_hands = Box::pin(connector.connect(name.clone(), tcp));
        let outcome = timeout(self.limits.tls, shaking_hands).await;
        let has_begun = hello.load(Ordering::Relaxed);
        let peer = self.peer.ip();
        let (pins, redaction) = (&pins, self.redaction);
        let handshake = Handshake { host: self.host, peer, pins, verifier: &verifier, redaction };
        let stream = match outcome {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => match self.shown_to_others(&error, &handshake, &name).await {
                Some(explained) => return Err(AttemptError::Final(explained)),
                None => return Err(fault(error, has_begun, &handshake)),
            },
            Err(_) if !has_begun => {
                return Err(AttemptError::silent(
                    "the server did not answer the TLS handshake in time",
                ));
            }
            Err(_) => {
                let error = Error::new(ErrorKind::Timeout, "the TLS handshake took too long");
                return Err(AttemptError::Final(error.with_retry(Retry::Transient)));
            }
        };
        let certificate = verifier.presented().and_then(ServerCertificate::from_der);
        let certificate = certificate.ok_or_else(|| AttemptError::Final(unreadable()))?;
        let (is_asked, is_shown) = (verifier.asked_for_certificate(), verifier.has_identity());
        if is_shown && !is_asked {
            return Err(AttemptError::Final(not_asked()));
        }
        let stream =
            FirstAnswer::new(stream, is_asked.then_some(Asked { by: self.peer, is_shown }));
        Ok(Secured { stream, certificate })
    }

    /// Why a server refused us before it showed a certificate, if what it shows to others says so.
    async fn shown_to_others(
        &self,
        error: &io::Error,
        handshake: &Handshake<'_>,
        name: &ServerName<'static>,
    ) -> Option<Error> {
        let refused = matches!(rustls_error(error)?, rustls::Error::AlertReceived(alert)
            if *alert != AlertDescription::ProtocolVersion);
        if !refused || handshake.verifier.presented().is_some() {
            return None;
        }
        match look(self.peer, self.transport, name, self.limits, self.tls).await {
            Look::Tls(Some(shown)) => handshake.explain_shown(&shown),
            Look::Tls(None) | Look::NoTls => None,
        }
    }
}

/// No resumption, since a resumed session is never verified.
fn config(verifier: &Arc<PeerVerifier>) -> Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(verifier.tls().crypto())
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Tls, "TLS cannot be configured").with_source(e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier) as _)
        .with_client_cert_resolver(Arc::clone(verifier) as _);
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn server_name(host: &ServerHost) -> Result<ServerName<'static>> {
    match host {
        ServerHost::Address(address, _) => Ok(ServerName::IpAddress((*address).into())),
        ServerHost::Name(name) => ServerName::try_from(name.clone()).map_err(|error| {
            Error::new(ErrorKind::Configuration, "no certificate can be for this host name")
                .with_context("host", name)
                .with_source(error)
        }),
    }
}

/// `has_begun`: the server said hello.
fn fault(error: io::Error, has_begun: bool, handshake: &Handshake<'_>) -> AttemptError {
    let verifier = handshake.verifier;
    match rustls_error(&error) {
        Some(tls @ rustls::Error::InvalidMessage(_)) if !has_begun => AttemptError::Absent {
            error: Error::new(ErrorKind::Tls, "the server answered with something that is not TLS")
                .with_source(tls.clone()),
            answered: true,
        },
        Some(tls) => AttemptError::Final(handshake.explain(tls)),
        None if !has_begun => {
            AttemptError::silent_from("the server ended the connection in the TLS handshake", error)
        }
        None => {
            let is_asked = verifier.accepted() && verifier.asked_for_certificate();
            let message = if is_asked && verifier.has_identity() {
                "the server ended the connection when it was shown the client certificate; its log may say what it \
                 has against it"
            } else if is_asked {
                "the server ended the connection after it had asked for a client certificate, and this \
                 client has none; let the server do without (OpenLDAP: `TLSVerifyClient try`)"
            } else if verifier.presented().is_some() {
                "the server ended the connection after it had shown its certificate"
            } else {
                "the server ended the connection after it had begun the TLS handshake"
            };
            AttemptError::Final(Error::new(ErrorKind::Tls, message).with_source(error))
        }
    }
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn is_ldaps(port: u16) -> Error {
    Error::new(
        ErrorKind::NoSecureTransport,
        format!(
            "the server speaks LDAPS at port {port}, TLS from the first byte; put ldaps:// in front of it instead of \
             ldap://, or give the port of LDAP, usually 389"
        ),
    )
}

fn not_asked() -> Error {
    Error::new(
        ErrorKind::Tls,
        "the server does not ask for a client certificate, so that none can be shown to it; let it ask \
         (OpenLDAP: `TLSVerifyClient try`), or sign in with a password",
    )
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Certificate, "the server's certificate cannot be read; replace it")
}
