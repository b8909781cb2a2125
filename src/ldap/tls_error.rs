//! Failed handshakes, in the words of whoever has to repair them.

use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError};

use super::certificate::{ServerCertificate, digest};
use super::verifier::PeerVerifier;
use crate::credential::{CertificateDigest, ServerHost, Thumbprint};
use crate::{Error, ErrorKind};

/// A handshake: with whom, and what was asked of it.
pub(super) struct Handshake<'a> {
    pub(super) host: &'a ServerHost,
    pub(super) peer: IpAddr,
    pub(super) pins: &'a [CertificateDigest],
    pub(super) verifier: &'a PeerVerifier,
}

impl Handshake<'_> {
    /// The error for what rustls reports.
    pub(super) fn explain(&self, error: &rustls::Error) -> Error {
        let explained = match error {
            rustls::Error::InvalidCertificate(reason) if self.verifier.accepted() => {
                not_its_key(reason)
            }
            rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
                self.not_pinned()
            }
            rustls::Error::InvalidCertificate(reason) => self.not_trusted(reason),
            other => Error::new(ErrorKind::Tls, handshake_failure(other)),
        };
        self.with_presented(explained).with_source(error.clone())
    }

    fn not_pinned(&self) -> Error {
        let error = Error::new(
            ErrorKind::CertificatePin,
            "the server's certificate is not the one that is pinned for its address; if the change is \
             genuine, replace the pin by the presented one",
        );
        self.pins.iter().fold(error, |error, pin| {
            error.with_context("pinned", Thumbprint::new(self.peer, *pin))
        })
    }

    fn not_trusted(&self, reason: &CertificateError) -> Error {
        let certificate = self.verifier.presented().and_then(ServerCertificate::from_der);
        let Some(certificate) = certificate else {
            return refused("the server's certificate cannot be read");
        };
        let error = Error::new(ErrorKind::Certificate, self.complaint(reason, &certificate));
        error
            .with_context("subject", &certificate.subject)
            .with_context("issuer", &certificate.issuer)
    }

    fn complaint(&self, reason: &CertificateError, certificate: &ServerCertificate) -> String {
        use CertificateError as Reason;
        match reason {
            Reason::Expired | Reason::ExpiredContext { .. } => {
                format!("the server's certificate expired on {}", certificate.not_after)
            }
            Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
                let start = certificate.not_before;
                format!("the server's certificate is not valid before {start}; check both clocks")
            }
            Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
                self.wrong_name(certificate)
            }
            Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
                "the certificate is not meant for servers".to_owned()
            }
            Reason::UnknownIssuer if certificate.is_self_issued() => {
                "the server's certificate is self-made and no authority vouches for it; check it on \
                 the server, then pin it"
                    .to_owned()
            }
            Reason::UnknownIssuer => {
                "the authority that issued the server's certificate is not trusted; add that \
                 authority's certificate to the credential"
                    .to_owned()
            }
            Reason::BadSignature => {
                "the server's certificate names a trusted authority that did not sign it; the \
                 authority may have been set up anew: add its present certificate to the credential"
                    .to_owned()
            }
            _ if certificate.is_version_1 => {
                "the server's certificate is of X.509 version 1, which no authority can vouch for; \
                 pin it, or replace it"
                    .to_owned()
            }
            Reason::Other(_) if certificate.is_authority => {
                "the server presents an authority's own certificate (CA:TRUE), which X.509 does not \
                 accept from a server even where that authority is trusted; pin it, or replace it"
                    .to_owned()
            }
            _ => "the server's certificate does not hold".to_owned(),
        }
    }

    fn wrong_name(&self, certificate: &ServerCertificate) -> String {
        let host = self.host;
        if certificate.names.is_empty() {
            return format!(
                "the server's certificate names no host (a common name does not count), so it is not \
                 valid for {host}; pin it, or replace it"
            );
        }
        let names = certificate.names.join(", ");
        format!("the server's certificate is not valid for {host}, only for {names}")
    }

    fn with_presented(&self, error: Error) -> Error {
        let Some(der) = self.verifier.presented() else {
            return error;
        };
        error.with_context("presented", Thumbprint::new(self.peer, digest(der)))
    }
}

/// After the certificate was accepted, only its use in the handshake can be wrong.
fn not_its_key(reason: &CertificateError) -> Error {
    refused(match reason {
        CertificateError::BadSignature => {
            "the server does not prove that it holds the key of its certificate: the handshake's \
             signature is wrong"
        }
        _ => "the signature in the handshake cannot be verified with the certificate's key",
    })
}

fn handshake_failure(error: &rustls::Error) -> &'static str {
    use rustls::Error as Failure;
    match error {
        Failure::PeerIncompatible(_)
        | Failure::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => {
            "the server and this client have no TLS version and cipher suite in common: TLS 1.3, or \
             TLS 1.2 with ECDHE, is needed, and the server needs a certificate"
        }
        Failure::AlertReceived(_) => "the server refused the TLS handshake",
        Failure::PeerMisbehaved(_) => "the server broke the rules of TLS",
        Failure::NoCertificatesPresented => "the server presented no certificate",
        _ => "the TLS handshake failed",
    }
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Certificate, message)
}
