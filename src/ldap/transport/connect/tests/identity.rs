//! Certificates of every kind, and servers that hold them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    RootCertStore, ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion,
};

use crate::credential::{CaCertificate, CertificateDigest};
use crate::ldap::protocol::ber::{self, SEQUENCE};
use crate::ldap::transport::certificate::digest;

/// A certificate and its key.
pub(super) struct Identity {
    pub(super) der: Vec<u8>,
    key: KeyPair,
}

/// An authority that issues certificates.
pub(super) struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

impl Authority {
    pub(super) fn new() -> Self {
        Self::named("Test Root")
    }

    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub(super) fn certificates(&self) -> Vec<CaCertificate> {
        CaCertificate::parse_all(&self.der).unwrap()
    }

    /// A certificate for a key of which there is no private half.
    pub(super) fn issue_for(&self, params: CertificateParams, key: &RsaKey) -> Identity {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(key, &issuer).unwrap().der().to_vec();
        Identity { der, key: KeyPair::generate().unwrap() }
    }

    pub(super) fn issue(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        Identity { der, key }
    }
}

impl Identity {
    /// A self-made certificate.
    pub(super) fn self_made(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { der, key }
    }

    /// A certificate from a file beside this one, and the authority that issued it. Its own key is not known.
    pub(super) fn kept(name: &str) -> (Self, Vec<CaCertificate>) {
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/ldap/transport/connect/tests/certificates");
        let pem = std::fs::read(format!("{folder}/{name}.pem")).unwrap();
        let [server, authority] = CaCertificate::parse_all(&pem).unwrap().try_into().unwrap();
        let key = KeyPair::generate().unwrap();
        (Self { der: server.as_der().to_vec(), key }, vec![authority])
    }

    /// A certificate of X.509 version 1, signed with SHA-1, with a signature that is wrong as well.
    pub(super) fn version_1() -> Self {
        let key = KeyPair::generate().unwrap();
        let sequence = |parts: &[&[u8]]| {
            let mut element = Vec::new();
            ber::write(&mut element, SEQUENCE, &parts.concat());
            element
        };
        let ecdsa_with_sha1 = sequence(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]]);
        let name = [&[0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 0x0c, 2][..], b"dc"].concat();
        let time = |text: &[u8]| [&[0x17, 13], text].concat();
        let validity = sequence(&[&time(b"200101000000Z"), &time(b"210101000000Z")]);
        let spki = key.subject_public_key_info();
        let tbs = sequence(&[&[2, 1, 7], &ecdsa_with_sha1, &name, &validity, &name, &spki]);
        let der = sequence(&[&tbs, &ecdsa_with_sha1, &[3, 5, 0, 1, 2, 3, 4]]);
        Self { der, key }
    }

    pub(super) fn digest(&self) -> CertificateDigest {
        digest(&self.der)
    }

    pub(super) fn serve(&self) -> Arc<ServerConfig> {
        self.serve_with(rustls::ALL_VERSIONS, &self.key)
    }

    /// A server that shows this certificate and signs with that key, in these versions of TLS.
    pub(super) fn serve_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        key: &KeyPair,
    ) -> Arc<ServerConfig> {
        let resolver = Fixed(Arc::new(self.certified(key)));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }

    /// A server that demands a certificate of its clients.
    pub(super) fn serve_those_with_certificate(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        is_demanded: bool,
    ) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(Authority::new().der)).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let verifier = if is_demanded { verifier } else { verifier.allow_unauthenticated() };
        let resolver = Fixed(Arc::new(self.certified(&self.key)));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }

    /// A server that can sign with this scheme alone, and shows nothing to those who do not verify it.
    pub(super) fn serve_signed_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        scheme: SignatureScheme,
        algorithm: SignatureAlgorithm,
    ) -> Arc<ServerConfig> {
        let chain = vec![CertificateDer::from(self.der.clone())];
        let only = Only { scheme, algorithm };
        let resolver = Picky(scheme, Arc::new(CertifiedKey::new(chain, Arc::new(only))));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }

    fn certified(&self, key: &KeyPair) -> CertifiedKey {
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = ring::sign::any_supported_type(&key).unwrap();
        CertifiedKey::new(vec![CertificateDer::from(self.der.clone())], key)
    }

    pub(super) fn key(&self) -> &KeyPair {
        &self.key
    }
}

/// An RSA key of so many bits, of which there is no private half.
pub(super) struct RsaKey(Vec<u8>);

impl RsaKey {
    pub(super) fn new(bits: usize) -> Self {
        let mut modulus = vec![0xff; bits / 8];
        modulus.insert(0, 0);
        let mut numbers = Vec::new();
        ber::write(&mut numbers, ber::INTEGER, &modulus);
        ber::write(&mut numbers, ber::INTEGER, &[1, 0, 1]);
        let mut key = Vec::new();
        ber::write(&mut key, SEQUENCE, &numbers);
        Self(key)
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

/// Signs with one scheme, and nothing that could be verified.
#[derive(Clone, Debug)]
struct Only {
    scheme: SignatureScheme,
    algorithm: SignatureAlgorithm,
}

impl SigningKey for Only {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.scheme).then(|| Box::new(self.clone()) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl Signer for Only {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![7; 64])
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// A certificate for these names, valid now.
pub(super) fn named(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    params
}

/// The same, for these years.
pub(super) fn dated(names: &[&str], from: i32, to: i32) -> CertificateParams {
    let mut params = named(names);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Shows its certificate to those who verify a scheme.
#[derive(Debug)]
struct Picky(SignatureScheme, Arc<CertifiedKey>);

impl ResolvesServerCert for Picky {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        client.signature_schemes().contains(&self.0).then(|| Arc::clone(&self.1))
    }
}
