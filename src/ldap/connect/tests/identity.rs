//! Certificates of every kind, and servers that hold them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::super::super::ber::{self, SEQUENCE};
use super::super::super::certificate::digest;
use crate::credential::{CaCertificate, CertificateDigest};

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
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = ring::sign::any_supported_type(&key).unwrap();
        let chain = vec![CertificateDer::from(self.der.clone())];
        let resolver = Fixed(Arc::new(CertifiedKey::new(chain, key)));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }

    pub(super) fn key(&self) -> &KeyPair {
        &self.key
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
