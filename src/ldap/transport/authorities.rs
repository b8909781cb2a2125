//! The authorities that may vouch for a server.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::CertificateResult;

use super::certificate;
use super::provider::TlsProvider;
use crate::credential::CaCertificate;
use crate::{Error, ErrorKind, Result};

/// The operating system's authorities and a credential's own, read when the first server needs them.
#[derive(Debug)]
pub(crate) struct Authorities<'a> {
    own: &'a [CaCertificate],
    tls: TlsProvider,
    trusted: Option<Arc<Trusted>>,
}

/// Authorities that are trusted.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) verifier: Arc<WebPkiServerVerifier>,
    pub(crate) roots: Arc<RootCertStore>,
}

/// More faults of the operating system's store than this are not listed.
const MOST_WARNINGS: usize = 3;

impl<'a> Authorities<'a> {
    pub(crate) fn new(own: &'a [CaCertificate], tls: TlsProvider) -> Self {
        Self { own, tls, trusted: None }
    }

    /// All of them. What could not be read of the operating system's store is a warning: the
    /// rest of it still counts.
    pub(crate) async fn trusted(&mut self, warnings: &mut Vec<String>) -> Result<Arc<Trusted>> {
        if let Some(trusted) = &self.trusted {
            return Ok(Arc::clone(trusted));
        }
        let mut roots = RootCertStore::empty();
        add_own(self.own, &mut roots)?;
        add_native(&mut roots, warnings).await;
        let roots = Arc::new(roots);
        let crypto = self.tls.crypto();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), crypto)
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Certificate,
                    "there is no authority to trust: the operating system has none, and the \
                     credential brings none; add a CA certificate or pin the server's",
                )
                .with_source(error)
            })?;
        Ok(Arc::clone(self.trusted.insert(Arc::new(Trusted { verifier, roots }))))
    }
}

fn add_own(own: &[CaCertificate], roots: &mut RootCertStore) -> Result<()> {
    for (authority, n) in own.iter().zip(1_usize..) {
        roots.add(CertificateDer::from(authority.as_der())).map_err(|error| {
            Error::new(ErrorKind::Configuration, "a CA certificate of the credential is broken")
                .with_context("item", n)
                .with_context("digest", certificate::digest(authority.as_der()))
                .with_source(error)
        })?;
    }
    Ok(())
}

async fn add_native(roots: &mut RootCertStore, warnings: &mut Vec<String>) {
    match tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await {
        Ok(loaded) => add_loaded(loaded, roots, warnings),
        Err(_) => warnings.push("the operating system's CA certificates cannot be read".to_owned()),
    }
}

/// Everything that could be read counts, whatever else could not.
fn add_loaded(loaded: CertificateResult, roots: &mut RootCertStore, warnings: &mut Vec<String>) {
    let (_, broken) = roots.add_parsable_certificates(loaded.certs);
    if broken > 0 {
        warnings.push(format!("{broken} of the operating system's CA certificates are broken"));
    }
    for error in loaded.errors.iter().take(MOST_WARNINGS) {
        warnings
            .push(format!("some of the operating system's CA certificates are missing: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_store_that_is_partly_unreadable_still_counts() {
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let pem = |der: &[u8]| {
            let base64 = STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, pem(root.der()) + &pem(&[0x30, 0])).unwrap();
        let missing = folder.path().join("missing");
        let loaded = rustls_native_certs::load_certs_from_paths(Some(&file), Some(&missing));
        let (mut roots, mut warnings) = (RootCertStore::empty(), Vec::new());
        add_loaded(loaded, &mut roots, &mut warnings);
        assert_eq!(roots.len(), 1);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }
}
