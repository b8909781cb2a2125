//! Certificates for test servers: good ones, and every kind of bad one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind, Result};

/// An authority that signs certificates of test servers.
///
/// ```
/// use ldap_inventory::testing::{ServerTls, TestCa};
///
/// let ca = TestCa::new("Example Test CA")?;
/// let good = ServerTls::signed_by(&ca, &["dc1.corp.example.test", "127.0.0.1"])?;
/// let old = ServerTls::expired(&ca, &["dc1.corp.example.test"])?;
/// assert_ne!(good.thumbprint(), old.thumbprint());
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

impl TestCa {
    /// A new authority with this common name.
    pub fn new(name: &str) -> Result<Self> {
        let key = KeyPair::generate().map_err(not_made)?;
        let mut params = named(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).map_err(not_made)?.der().to_vec();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// A certificate (PEM) for whoever is called so, and its private key (PKCS#8, PEM).
    pub fn client_certificate(&self, name: &str) -> Result<(String, String)> {
        self.issue_to_client(named(name, &[])?)
    }

    /// The same with dates that are over.
    pub fn expired_client_certificate(&self, name: &str) -> Result<(String, String)> {
        let mut params = named(name, &[])?;
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.issue_to_client(params)
    }

    fn issue_to_client(&self, params: CertificateParams) -> Result<(String, String)> {
        let key = KeyPair::generate().map_err(not_made)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(not_made)?;
        Ok((pem(certificate.der()), key.serialize_pem()))
    }

    /// The authority's certificate (DER).
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The authority's certificate (PEM), as administrators hand it out.
    pub fn certificate_pem(&self) -> String {
        pem(&self.certificate)
    }
}

impl std::fmt::Debug for TestCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCa").finish_non_exhaustive()
    }
}

/// The TLS versions that a test server offers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 only.
    Only12,
    /// TLS 1.3 only.
    Only13,
}

/// What a test server shows in a TLS handshake: certificates, private key, versions.
#[derive(Clone)]
pub struct ServerTls {
    chain: Vec<Vec<u8>>,
    private_key: Vec<u8>,
    versions: TlsVersions,
    clients: Option<Clients>,
}

/// Which certificates clients are asked for.
#[derive(Clone)]
struct Clients {
    authority: Vec<u8>,
    is_demanded: bool,
}

impl ServerTls {
    /// A certificate for these host names and addresses, signed by an authority.
    pub fn signed_by(ca: &TestCa, names: &[&str]) -> Result<Self> {
        Self::issue(ca, named("Test server", names)?)
    }

    /// A certificate whose dates are over.
    pub fn expired(ca: &TestCa, names: &[&str]) -> Result<Self> {
        let mut params = named("Test server", names)?;
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        Self::issue(ca, params)
    }

    /// A certificate whose dates are yet to come.
    pub fn not_yet_valid(ca: &TestCa, names: &[&str]) -> Result<Self> {
        let mut params = named("Test server", names)?;
        params.not_before = date_time_ymd(3001, 1, 1);
        params.not_after = date_time_ymd(3002, 1, 1);
        Self::issue(ca, params)
    }

    /// A certificate that has its host name in the subject only, as old ones do, and no alternative names.
    pub fn common_name_only(ca: &TestCa, name: &str) -> Result<Self> {
        Self::issue(ca, named(name, &[])?)
    }

    /// A certificate signed with its own key.
    pub fn self_signed(names: &[&str]) -> Result<Self> {
        Self::sign_itself(named("Test server", names)?)
    }

    /// A self-signed certificate that says that it is an authority, as many appliances and old domain
    /// controllers have.
    pub fn self_signed_authority(names: &[&str]) -> Result<Self> {
        let mut params = named("Test server", names)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::sign_itself(params)
    }

    /// The same certificates shown by somebody who does not have the private key: the handshake
    /// signature is made with another one.
    pub fn with_foreign_key(mut self) -> Result<Self> {
        self.private_key = KeyPair::generate().map_err(not_made)?.serialize_der();
        Ok(self)
    }

    /// Offers TLS 1.2 only.
    #[must_use]
    pub fn only_tls_1_2(mut self) -> Self {
        self.versions = TlsVersions::Only12;
        self
    }

    /// Offers TLS 1.3 only.
    #[must_use]
    pub fn only_tls_1_3(mut self) -> Self {
        self.versions = TlsVersions::Only13;
        self
    }

    /// Asks clients for a certificate of this authority, and goes on without, as domain controllers do.
    #[must_use]
    pub fn asking_clients(mut self, ca: &TestCa) -> Self {
        let authority = ca.certificate_der().to_vec();
        self.clients = Some(Clients { authority, is_demanded: false });
        self
    }

    /// Goes no further with a client that shows no certificate of this authority.
    #[must_use]
    pub fn demanding_of_clients(mut self, ca: &TestCa) -> Self {
        let authority = ca.certificate_der().to_vec();
        self.clients = Some(Clients { authority, is_demanded: true });
        self
    }

    /// Shows another certificate after this one's own chain, which must not change anything.
    #[must_use]
    pub fn with_appended(mut self, certificate_der: &[u8]) -> Self {
        self.chain.push(certificate_der.to_vec());
        self
    }

    /// The server's own certificate (DER).
    pub fn certificate_der(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// The server's own certificate (PEM).
    pub fn certificate_pem(&self) -> String {
        pem(self.certificate_der())
    }

    /// The thumbprint of the server's own certificate: `SHA256:` and the standard Base64 of its SHA-256.
    pub fn thumbprint(&self) -> String {
        format!("SHA256:{}", BASE64.encode(Sha256::digest(self.certificate_der())))
    }

    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>> {
        let provider = crypto();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.private_key.clone()));
        let key = provider.key_provider.load_private_key(key).map_err(not_made)?;
        let chain = self.chain.iter().cloned().map(CertificateDer::from).collect();
        let versions = match self.versions {
            TlsVersions::Both => rustls::ALL_VERSIONS,
            TlsVersions::Only12 => &[&rustls::version::TLS12],
            TlsVersions::Only13 => &[&rustls::version::TLS13],
        };
        let own = Arc::new(Unchecked(Arc::new(CertifiedKey::new(chain, key))));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(not_made)?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(clients.verifier(provider)?),
        };
        Ok(Arc::new(builder.with_cert_resolver(own)))
    }

    fn issue(ca: &TestCa, params: CertificateParams) -> Result<Self> {
        let key = KeyPair::generate().map_err(not_made)?;
        let certificate = params.signed_by(&key, &ca.issuer).map_err(not_made)?;
        Ok(Self::of(certificate.der().to_vec(), &key))
    }

    fn sign_itself(params: CertificateParams) -> Result<Self> {
        let key = KeyPair::generate().map_err(not_made)?;
        let certificate = params.self_signed(&key).map_err(not_made)?;
        Ok(Self::of(certificate.der().to_vec(), &key))
    }

    fn of(certificate: Vec<u8>, key: &KeyPair) -> Self {
        Self {
            chain: vec![certificate],
            private_key: key.serialize_der(),
            versions: TlsVersions::Both,
            clients: None,
        }
    }
}

impl Clients {
    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.clone())).map_err(not_made)?;
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if self.is_demanded { builder } else { builder.allow_unauthenticated() };
        builder.build().map_err(not_made)
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerTls")
            .field("thumbprint", &self.thumbprint())
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

/// Of both, ring, so that a source by default meets a server of another make.
fn crypto() -> Arc<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(feature = "ring"))]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
}

/// Shows the certificate without the check that the key belongs to it.
#[derive(Debug)]
struct Unchecked(Arc<CertifiedKey>);

impl ResolvesServerCert for Unchecked {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn named(common_name: &str, names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| String::from(*name)).collect();
    let mut params = CertificateParams::new(names).map_err(not_made)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn not_made(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Invalid, "the test certificate could not be made").with_source(error)
}
