//! Which certificate does a server present?

use std::net::SocketAddr;

use super::address;
use super::attempt_error::AttemptError;
use super::certificate::ServerCertificate;
use super::connect_limits::ConnectLimits;
use super::ladder::default_port;
use super::provider::TlsProvider;
use super::socket;
use super::starttls;
use super::tls::Attempt;
use super::verifier::Rule;
use crate::credential::{Scheme, ServerUrl};
use crate::directory::Transport;
use crate::ldap::protocol::redaction::Redaction;
use crate::{Error, ErrorKind, Result};

impl ServerCertificate {
    /// Asks every address of a server for its certificate, by LDAPS or by StartTLS. Each comes with its port and the
    /// certificate, or why there is none. The server has proved that it holds the certificate's key; nothing vouches for the
    /// certificate itself. [`thumbprint`](Self::thumbprint) is the pin line, to be pasted into a credential once it was
    /// compared with the certificate on the server.
    ///
    /// Nothing is verified and nothing is sent but TLS and, if that was asked for, the StartTLS request: no
    /// bind, no account is needed. `starttls` chooses StartTLS, as does an `ldap://` address.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect) if the name cannot be resolved. What goes wrong at one address is part of the answer.
    pub async fn probe(
        server: &ServerUrl,
        starttls: bool,
        tls: TlsProvider,
        limits: &ConnectLimits,
    ) -> Result<Vec<(SocketAddr, Result<Self>)>> {
        if server.domain().is_some() {
            let message = "a domain has no certificate; name one of its servers";
            return Err(Error::new(ErrorKind::Configuration, message)
                .in_operation("probe")
                .with_context("server", server));
        }
        let by_starttls = starttls || server.scheme() == Some(Scheme::Ldap);
        let transport = if by_starttls { Transport::StartTls } else { Transport::Ldaps };
        let port = server.port().unwrap_or(default_port(transport));
        let found = address::resolve(server, limits.resolve)
            .await
            .map_err(|error| error.in_operation("probe").with_context("server", server))?;
        let mut answers = Vec::new();
        for mut address in address::in_order(found, |_| false, limits.addresses) {
            address.set_port(port);
            let certificate =
                certificate(server, transport, address, tls, limits).await.map_err(|fault| {
                    fault.into_error().in_operation("probe").with_context("address", address)
                });
            answers.push((address, certificate));
        }
        Ok(answers)
    }
}

async fn certificate(
    server: &ServerUrl,
    transport: Transport,
    address: SocketAddr,
    tls: TlsProvider,
    limits: &ConnectLimits,
) -> Result<ServerCertificate, AttemptError> {
    let host = server.server_host();
    let attempt = async |transport| {
        let tcp = socket::open(address, limits.tcp).await?;
        let peer = socket::peer(&tcp)?;
        let redaction = &Redaction::default();
        let identity = None;
        let attempt = Attempt { transport, host, peer, limits, tls, identity, redaction };
        attempt.secure(tcp, Rule::Anything).await
    };
    match attempt(transport).await {
        Ok(secured) => Ok(secured.certificate),
        Err(AttemptError::Absent { error, answered }) if transport == Transport::Ldaps => {
            let is_plain = speaks_ldap(address, limits).await;
            let error = if is_plain { not_ldaps(address.port()).with_source(error) } else { error };
            Err(AttemptError::Absent { error, answered })
        }
        Err(fault) => Err(fault),
    }
}

/// Whether it answers a StartTLS request, whatever it answers.
async fn speaks_ldap(address: SocketAddr, limits: &ConnectLimits) -> bool {
    let Ok(mut tcp) = socket::open(address, limits.tcp).await else { return false };
    let nothing = Redaction::default();
    let answer = starttls::request(&mut tcp, &limits.answer(), limits.starttls, &nothing).await;
    matches!(answer, Ok(()) | Err(AttemptError::Absent { answered: true, .. }))
}

fn not_ldaps(port: u16) -> Error {
    Error::new(
        ErrorKind::NoSecureTransport,
        format!(
            "the server speaks LDAP without TLS at port {port}; ask for its certificate by StartTLS, with ldap:// in \
             front, or at the port of LDAPS, usually 636"
        ),
    )
}
