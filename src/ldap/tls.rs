//! The TLS handshake, on LDAPS and after StartTLS alike.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::ServerCertificate;
use super::connect_limits::ConnectLimits;
use super::fault::Fault;
use super::starttls;
use super::tls_error::Handshake;
use super::verifier::{PeerVerifier, Rule};
use crate::credential::ServerHost;
use crate::directory::Transport;
use crate::{Error, ErrorKind, Result, Retry};

/// An encrypted connection, and the certificate at its other end.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) certificate: ServerCertificate,
}

/// Brings TLS onto a fresh connection: at once on LDAPS, after the StartTLS operation otherwise.
///
/// A server that agreed to StartTLS has promised TLS, so whatever fails after that is final.
pub(super) async fn secure(
    mut tcp: TcpStream,
    transport: Transport,
    host: &ServerHost,
    peer: IpAddr,
    rule: Rule,
    limits: &ConnectLimits,
) -> Result<Secured, Fault> {
    if transport == Transport::Ldaps {
        return handshake(tcp, host, peer, rule, limits.tls).await;
    }
    starttls::request(&mut tcp, &limits.answer(), limits.starttls).await?;
    handshake(tcp, host, peer, rule, limits.tls).await.map_err(|fault| match fault {
        Fault::Absent { error, .. } => Fault::Final(
            Error::new(ErrorKind::Tls, "the server agreed to StartTLS, and then spoke no TLS")
                .with_source(error),
        ),
        fault @ Fault::Final(_) => fault,
    })
}

/// Shakes hands, under this rule.
///
/// What fails before a certificate was shown may mean that nothing there speaks TLS; what fails after
/// that is final.
async fn handshake(
    tcp: TcpStream,
    host: &ServerHost,
    peer: IpAddr,
    rule: Rule,
    within: Duration,
) -> Result<Secured, Fault> {
    let pins = match &rule {
        Rule::Pins(pins) => pins.clone(),
        Rule::Anything | Rule::Authority(_) => Vec::new(),
    };
    let verifier = Arc::new(PeerVerifier::new(rule));
    let connector = TlsConnector::from(Arc::new(config(&verifier).map_err(Fault::Final)?));
    let name = server_name(host).map_err(Fault::Final)?;
    let outcome = timeout(within, connector.connect(name, tcp)).await;
    let handshake = Handshake { host, peer, pins: &pins, verifier: &verifier };
    let stream = match outcome {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(fault(error, &handshake)),
        Err(_) if verifier.presented().is_none() => {
            return Err(Fault::silent("the server did not answer the TLS handshake in time"));
        }
        Err(_) => {
            let error = Error::new(ErrorKind::Timeout, "the TLS handshake took too long");
            return Err(Fault::Final(error.with_retry(Retry::Transient)));
        }
    };
    let certificate = verifier.presented().and_then(ServerCertificate::from_der);
    let certificate = certificate.ok_or_else(|| Fault::Final(unreadable()))?;
    Ok(Secured { stream, certificate })
}

/// An explicit provider, since the process may have another one or none; and no resumption, since a
/// resumed session is never verified.
fn config(verifier: &Arc<PeerVerifier>) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Tls, "TLS cannot be configured").with_source(e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier) as _)
        .with_no_client_auth();
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

fn fault(error: io::Error, handshake: &Handshake<'_>) -> Fault {
    let before_certificate = handshake.verifier.presented().is_none();
    let Some(tls) = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) else {
        return if before_certificate {
            Fault::silent_from("the server ended the connection in the TLS handshake", error)
        } else {
            let message = "the server ended the connection after it had shown its certificate";
            Fault::Final(Error::new(ErrorKind::Tls, message).with_source(error))
        };
    };
    match tls {
        rustls::Error::InvalidMessage(_) if before_certificate => Fault::Absent {
            error: Error::new(ErrorKind::Tls, "the server answered with something that is not TLS")
                .with_source(tls.clone()),
            answered: true,
        },
        tls => Fault::Final(handshake.explain(tls)),
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Certificate, "the server's certificate cannot be read")
}
