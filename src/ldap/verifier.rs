//! Who vouches for a server's certificate, and that the server holds its key.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme,
};

use super::certificate::{digest, public_key};
use crate::credential::CertificateDigest;

/// Verifies one server in one handshake, and remembers what it was shown.
#[derive(Debug)]
pub(super) struct PeerVerifier {
    rule: Rule,
    algorithms: WebPkiSupportedAlgorithms,
    presented: OnceLock<CertificateDer<'static>>,
    accepted: OnceLock<()>,
}

/// What a certificate must satisfy. The handshake's signature must hold under every rule.
#[derive(Debug)]
pub(super) enum Rule {
    /// Nothing.
    Anything,
    /// A trusted chain, a matching name, a date within its own.
    Authority(Arc<WebPkiServerVerifier>),
    /// The leaf must be one of these. Its chain, names and dates are not looked at.
    Pins(Vec<CertificateDigest>),
}

impl PeerVerifier {
    pub(super) fn new(rule: Rule) -> Self {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Self { rule, algorithms, presented: OnceLock::new(), accepted: OnceLock::new() }
    }

    /// The certificate that was presented, if the handshake came that far.
    pub(super) fn presented(&self) -> Option<&[u8]> {
        self.presented.get().map(AsRef::as_ref)
    }

    /// Whether the certificate was accepted, so that what failed came after it.
    pub(super) fn accepted(&self) -> bool {
        self.accepted.get().is_some()
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.presented.get_or_init(|| end_entity.clone().into_owned());
        match &self.rule {
            Rule::Anything => {}
            Rule::Pins(pins) if pins.contains(&digest(end_entity)) => {}
            Rule::Pins(_) => return Err(CertificateError::ApplicationVerificationFailure.into()),
            Rule::Authority(authority) => {
                authority.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                )?;
            }
        }
        self.accepted.get_or_init(|| ());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
        let info = SubjectPublicKeyInfoDer::from(key.info);
        verify_tls13_signature_with_raw_key(message, &info, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// As rustls' own function, except that the key is taken from certificates that webpki refuses to read
/// (X.509 version 1, unknown critical extensions), so that pinning those needs no exception.
///
/// In TLS 1.2 a scheme leaves the curve open, so each of its algorithms is tried on the keys it is for.
fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
    let (_, candidates) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signature.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let algorithm = candidates
        .iter()
        .find(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm)
        .ok_or_else(|| CertificateError::Other(OtherError(Arc::new(WrongKeyKind))))?;
    algorithm
        .verify_signature(key.key, message, signature.signature())
        .map_err(|_| CertificateError::BadSignature)?;
    Ok(HandshakeSignatureValid::assertion())
}

#[derive(Debug, thiserror::Error)]
#[error("the signature is of another kind than the certificate's key")]
struct WrongKeyKind;
