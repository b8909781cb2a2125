//! Failed handshakes, in the words of whoever has to repair them.

use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError};

use super::algorithm::P521;
use super::certificate::{ServerCertificate, digest, public_key};
use super::certificate_error::{Refused, unsupported_key, unsupported_scheme};
use super::first_answer;
use super::look::Shown;
use super::verifier::{PeerVerifier, Rule, UnsupportedKey};
use crate::credential::{CertificateDigest, ServerHost, Thumbprint};
use crate::ldap::protocol::redaction::Redaction;
use crate::{Error, ErrorKind};

/// In TLS 1.2 a server shows a key on a curve only to those who can agree on keys by that curve as well.
const ONLY_WITH_TLS_1_3: &str = "the server's certificate has an ECDSA key on P-521, which this client can use with TLS 1.3 alone; let \
     the server speak TLS 1.3, or give it a certificate with an RSA key of 2048 to 8192 bits or an ECDSA key \
     on P-256 or P-384; a pin does not help";

/// A handshake: with whom, and what was asked of it.
pub(crate) struct Handshake<'a> {
    pub(crate) host: &'a ServerHost,
    pub(crate) peer: IpAddr,
    pub(crate) pins: &'a [CertificateDigest],
    pub(crate) verifier: &'a PeerVerifier,
    /// What the server's words must not have in them.
    pub(crate) redaction: &'a Redaction,
}

impl Handshake<'_> {
    /// The error for what rustls reports.
    pub(crate) fn explain(&self, error: &rustls::Error) -> Error {
        use rustls::Error as Failure;
        let explained = match error {
            Failure::InvalidCertificate(reason) if self.verifier.accepted() => {
                self.not_its_key(reason)
            }
            Failure::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
                self.not_pinned()
            }
            Failure::InvalidCertificate(CertificateError::Other(other))
                if other.0.downcast_ref::<UnsupportedKey>().is_some() =>
            {
                refused(self.unsupported_key())
            }
            Failure::InvalidCertificate(reason) => self.not_trusted(reason),
            Failure::PeerMisbehaved(_) if self.signed_otherwise().is_some() => {
                refused(self.signed_otherwise().unwrap_or_default())
            }
            Failure::AlertReceived(alert)
                if self.verifier.accepted() && self.verifier.asked_for_certificate() =>
            {
                if self.verifier.has_identity() {
                    first_answer::not_accepted(*alert)
                } else {
                    first_answer::demanded()
                }
            }
            other => {
                let error = Error::new(ErrorKind::Tls, handshake_failure(other, self.host));
                error.with_source(other.clone())
            }
        };
        with_presented(explained, self.verifier.presented(), self.peer)
    }

    /// The error for a server that showed this only to a client which offered to verify whatever there is.
    pub(crate) fn explain_shown(&self, shown: &Shown) -> Option<Error> {
        let (key, tls) = (public_key(&shown.certificate), self.verifier.tls());
        let sentence = match (&key, shown.scheme) {
            (Some(key), _) if !tls.supports(key) => unsupported_key(key, tls),
            (key, Some(scheme)) if !self.verifier.knows(scheme) => {
                unsupported_scheme(scheme, key.as_ref(), tls)
            }
            (Some(key), _) if key.curve().as_deref() == Some(P521) => ONLY_WITH_TLS_1_3.to_owned(),
            _ => return None,
        };
        Some(with_presented(refused(sentence), Some(&shown.certificate), self.peer))
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
        let presented = self.verifier.presented();
        let certificate =
            presented.and_then(|der| ServerCertificate::redacted(der, self.redaction));
        let Some(certificate) = certificate else {
            return refused("the server's certificate cannot be read; replace it".to_owned());
        };
        let roots = match self.verifier.rule() {
            Rule::Authority(trusted) => Some(&*trusted.roots),
            Rule::Anything | Rule::Pins(_) => None,
        };
        let chain = self.verifier.chain();
        let sentence = Refused {
            certificate: &certificate,
            chain,
            roots,
            host: self.host,
            tls: self.verifier.tls(),
        }
        .sentence(reason);
        refused(self.redaction.text(sentence))
            .with_context("subject", &certificate.subject)
            .with_context("issuer", &certificate.issuer)
    }

    /// After the certificate was accepted, only its use in the handshake can be wrong.
    fn not_its_key(&self, reason: &CertificateError) -> Error {
        let sentence = match reason {
            CertificateError::BadSignature => {
                "the server does not prove that it holds the key of its certificate: the handshake's \
                 signature is wrong; check which key the server is configured with"
            }
            _ => {
                "the signature in the handshake is of another kind than the certificate's key; check which \
                 key the server is configured with"
            }
        };
        refused(self.signed_otherwise().unwrap_or_else(|| sentence.to_owned()))
    }

    /// The handshake may be signed as nobody offered to verify it.
    fn signed_otherwise(&self) -> Option<String> {
        let scheme = self.verifier.signed_with().filter(|scheme| !self.verifier.knows(*scheme))?;
        let key = self.verifier.presented().and_then(public_key);
        Some(unsupported_scheme(scheme, key.as_ref(), self.verifier.tls()))
    }

    fn unsupported_key(&self) -> String {
        let key = self.verifier.presented().and_then(public_key);
        key.map(|key| unsupported_key(&key, self.verifier.tls())).unwrap_or_default()
    }
}

fn with_presented(error: Error, certificate: Option<&[u8]>, peer: IpAddr) -> Error {
    match certificate {
        Some(der) => error.with_context("presented", Thumbprint::new(peer, digest(der))),
        None => error,
    }
}

fn handshake_failure(error: &rustls::Error, host: &ServerHost) -> String {
    use rustls::Error as Failure;
    let sentence = match error {
        Failure::PeerIncompatible(_)
        | Failure::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => {
            "the server and this client have no TLS version and cipher suite in common: TLS 1.3, or \
             TLS 1.2 with ECDHE, is needed, and the server needs a certificate"
        }
        Failure::AlertReceived(AlertDescription::UnrecognisedName) => {
            return format!(
                "the server has no certificate for the name {host}; ask for it by the name that it has one for"
            );
        }
        Failure::AlertReceived(alert) => {
            return format!(
                "the server refused the TLS handshake with the alert {alert:?}; its log may say why"
            );
        }
        Failure::PeerMisbehaved(_) => "the server broke the rules of TLS; its software is at fault",
        Failure::NoCertificatesPresented => "the server presented no certificate; give it one",
        _ => "the TLS handshake failed",
    };
    sentence.to_owned()
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Certificate, message)
}
