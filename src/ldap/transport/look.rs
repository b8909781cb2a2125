//! A second look at a server with which TLS failed before it showed a certificate: only to be able to say why.
//!
//! A server whose certificate has a key that we do not offer to verify shows nothing, and says no more than that
//! the handshake failed. Asked by somebody who offers everything, it shows its certificate. Nothing else is done with
//! such a connection: it is closed before a byte of LDAP.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ActiveKeyExchange, CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme,
};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::connect_limits::ConnectLimits;
use super::heard::Heard;
use super::provider::TlsProvider;
use super::socket;
use super::starttls;
use crate::directory::Transport;
use crate::ldap::protocol::redaction::Redaction;

/// What a server does on TLS.
#[derive(Debug)]
pub(crate) enum Look {
    /// It does not speak TLS, or not to us.
    NoTls,
    /// It speaks TLS.
    Tls(Option<Shown>),
}

/// What it showed.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) certificate: CertificateDer<'static>,
    /// How it signed the handshake.
    pub(crate) scheme: Option<SignatureScheme>,
}

/// Looks at a server on a connection of its own.
pub(crate) async fn look(
    server: SocketAddr,
    transport: Transport,
    name: &ServerName<'static>,
    limits: &ConnectLimits,
    tls: TlsProvider,
) -> Look {
    let Ok(mut tcp) = socket::open(server, limits.tcp).await else { return Look::NoTls };
    if transport == Transport::StartTls {
        let nothing = Redaction::default();
        let answer = limits.answer();
        if starttls::request(&mut tcp, &answer, limits.starttls, &nothing).await.is_err() {
            return Look::NoTls;
        }
    }
    let onlooker = Arc::new(Onlooker::new(tls));
    let Ok(config) = config(&onlooker) else { return Look::NoTls };
    let (tcp, hello) = Heard::new(tcp);
    let handshake = TlsConnector::from(Arc::new(config)).connect(name.clone(), tcp);
    let outcome = timeout(limits.tls, Box::pin(handshake)).await;
    let shown = onlooker.certificate.get().map(|certificate| Shown {
        certificate: certificate.clone(),
        scheme: onlooker.scheme.get().copied(),
    });
    match outcome {
        _ if shown.is_some() => Look::Tls(shown),
        Ok(Err(error)) if is_of_tls(&error) => Look::Tls(None),
        _ if hello.load(Ordering::Relaxed) => Look::Tls(None),
        _ => Look::NoTls,
    }
}

/// Whether it was TLS in which something went wrong.
fn is_of_tls(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    tls.is_some_and(|error| !matches!(error, Error::InvalidMessage(_)))
}

fn config(onlooker: &Arc<Onlooker>) -> Result<ClientConfig, Error> {
    let mut provider = CryptoProvider::clone(&onlooker.tls.crypto());
    provider.kx_groups.extend(CURVES.iter().map(|curve| curve as &dyn SupportedKxGroup));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(onlooker) as _)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Looks, and ends every handshake once there is nothing more to see.
#[derive(Debug)]
struct Onlooker {
    tls: TlsProvider,
    certificate: OnceLock<CertificateDer<'static>>,
    scheme: OnceLock<SignatureScheme>,
}

impl Onlooker {
    fn new(tls: TlsProvider) -> Self {
        Self { tls, certificate: OnceLock::new(), scheme: OnceLock::new() }
    }

    fn seen<T>(&self, signature: &DigitallySignedStruct) -> Result<T, Error> {
        self.scheme.get_or_init(|| signature.scheme);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.certificate.get_or_init(|| end_entity.clone().into_owned());
        // The signature is not verified either, but seen.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.seen(signature)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.seen(signature)
    }

    /// What we can verify first, so that a server which has a choice takes none of the others.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        const OTHERS: [u16; 14] = [
            0x0603, 0x0808, 0x0809, 0x080a, 0x080b, 0x081a, 0x081b, 0x081c, 0x0904, 0x0905, 0x0906,
            0x0301, 0x0203, 0x0201,
        ];
        let mut schemes = self.tls.crypto().signature_verification_algorithms.supported_schemes();
        schemes.extend(OTHERS.map(SignatureScheme::from));
        schemes
    }
}

/// In TLS 1.2 a server shows a certificate on a curve only to those who name the curve.
static CURVES: [Unusable; 5] = [
    Unusable(NamedGroup::secp521r1),
    Unusable(NamedGroup::Unknown(22)),
    Unusable(NamedGroup::Unknown(26)),
    Unusable(NamedGroup::Unknown(27)),
    Unusable(NamedGroup::Unknown(28)),
];

/// A curve that is named and not used.
#[derive(Debug)]
struct Unusable(NamedGroup);

impl SupportedKxGroup for Unusable {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Err(Error::General("a curve that is only named".to_owned()))
    }

    fn name(&self) -> NamedGroup {
        self.0
    }
}
