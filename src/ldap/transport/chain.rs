//! The certificates that a server presented: who issued whom, and with what.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::algorithm::PublicKey;
use super::certificate::{self, ServerCertificate};
use super::provider::TlsProvider;
use crate::ldap::protocol::ber::{Reader, SEQUENCE};

/// An authority of the chain, or one that is trusted.
pub(crate) struct Authority {
    pub(crate) subject: String,
    /// Its key, described.
    pub(crate) key: String,
}

/// The first authority above the server's certificate whose key nothing can be verified with.
pub(crate) fn unusable_authority(
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    tls: TlsProvider,
) -> Option<Authority> {
    let issued = chain.iter().filter_map(|der| {
        let subject = ServerCertificate::from_der(der)?.issuer;
        let issuer = certificate::issuer(der)?;
        Some((subject, issuer))
    });
    issued.into_iter().find_map(|(subject, issuer)| {
        let presented = chain.iter().filter(|der| certificate::subject(der) == Some(issuer));
        let presented = presented.filter_map(|der| certificate::public_key(der));
        let trusted = roots.roots.iter().filter(|root| in_sequence(issuer) == Some(&root.subject));
        let trusted = trusted.filter_map(|root| {
            PublicKey::parse(&root.subject_public_key_info, &root.subject_public_key_info)
        });
        let key = presented.chain(trusted).find(|key| !tls.supports(key))?;
        Some(Authority { subject, key: key.to_string() })
    })
}

/// Whether this is how the server's own certificate is signed, and not that of an authority.
pub(crate) fn is_of_server(chain: &[CertificateDer<'_>], signature_algorithm: &[u8]) -> bool {
    chain.first().and_then(|der| signed_with(der)) == Some(signature_algorithm)
}

/// The contents of a certificate's signatureAlgorithm.
fn signed_with(der: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(Reader::new(der).contents_of(SEQUENCE).ok()?);
    parts.contents_of(SEQUENCE).ok()?;
    parts.contents_of(SEQUENCE).ok()
}

fn in_sequence(element: &[u8]) -> Option<&[u8]> {
    Reader::new(element).contents_of(SEQUENCE).ok()
}
