//! Who vouches for a server's certificate, and that the server holds its key.

use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme,
};

use super::authorities::Trusted;
use super::certificate::{digest, public_key};
use super::client_identity::ClientIdentity;
use super::provider::TlsProvider;
use crate::credential::CertificateDigest;

/// Verifies one server in one handshake, and remembers what it was shown.
#[derive(Debug)]
pub(crate) struct PeerVerifier {
    rule: Rule,
    tls: TlsProvider,
    algorithms: WebPkiSupportedAlgorithms,
    presented: OnceLock<Vec<CertificateDer<'static>>>,
    accepted: OnceLock<()>,
    signed_with: OnceLock<SignatureScheme>,
    asked_for_certificate: OnceLock<()>,
    identity: Option<ClientIdentity>,
}

/// What a certificate must satisfy. The handshake's signature must hold under every rule.
#[derive(Debug)]
pub(crate) enum Rule {
    /// Nothing.
    Anything,
    /// A trusted chain, a matching name, a date within its own.
    Authority(Arc<Trusted>),
    /// The leaf must be one of these. Its chain, names and dates are not looked at.
    Pins(Vec<CertificateDigest>),
}

/// The certificate has a key that no signature can be verified with, so that nothing can make up for it.
#[derive(Debug, thiserror::Error)]
#[error("the certificate's key is not supported")]
pub(crate) struct UnsupportedKey;

impl PeerVerifier {
    /// `identity`: what is shown to a server that asks who the client is.
    pub(crate) fn new(rule: Rule, tls: TlsProvider, identity: Option<ClientIdentity>) -> Self {
        let algorithms = tls.crypto().signature_verification_algorithms;
        Self {
            rule,
            tls,
            algorithms,
            presented: OnceLock::new(),
            accepted: OnceLock::new(),
            signed_with: OnceLock::new(),
            asked_for_certificate: OnceLock::new(),
            identity,
        }
    }

    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What does the cryptography.
    pub(crate) fn tls(&self) -> TlsProvider {
        self.tls
    }

    /// The certificate that was presented, if the handshake came that far.
    pub(crate) fn presented(&self) -> Option<&[u8]> {
        self.chain().first().map(AsRef::as_ref)
    }

    /// The certificates that were presented, the server's own first.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        self.presented.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the certificate was accepted, so that what failed came after it.
    pub(crate) fn accepted(&self) -> bool {
        self.accepted.get().is_some()
    }

    /// How the handshake was signed, if it came that far.
    pub(crate) fn signed_with(&self) -> Option<SignatureScheme> {
        self.signed_with.get().copied()
    }

    /// Whether signatures of this scheme can be verified.
    pub(crate) fn knows(&self, scheme: SignatureScheme) -> bool {
        self.algorithms.mapping.iter().any(|(known, _)| *known == scheme)
    }

    /// Whether the server asked for a client certificate. Domain controllers do, and go on without.
    pub(crate) fn asked_for_certificate(&self) -> bool {
        self.asked_for_certificate.get().is_some()
    }

    /// Whether there is a client certificate to show.
    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }
}

/// Hears what the server asks for. It comes to that only once the server's own certificate is accepted.
impl ResolvesClientCert for PeerVerifier {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked_for_certificate.get_or_init(|| ());
        self.identity.as_ref().map(ClientIdentity::certified_key)
    }

    fn has_certs(&self) -> bool {
        self.has_identity()
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
        self.presented.get_or_init(|| {
            let chain = std::iter::once(end_entity).chain(intermediates);
            chain.map(|certificate| certificate.clone().into_owned()).collect()
        });
        if let Rule::Pins(pins) = &self.rule
            && !pins.contains(&digest(end_entity))
        {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        if public_key(end_entity).is_some_and(|key| !self.tls.supports(&key)) {
            return Err(CertificateError::Other(OtherError(Arc::new(UnsupportedKey))).into());
        }
        if let Rule::Authority(trusted) = &self.rule {
            let verifier = &trusted.verifier;
            verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            )?;
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
        self.signed_with.get_or_init(|| signature.scheme);
        verify_tls12(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed_with.get_or_init(|| signature.scheme);
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
