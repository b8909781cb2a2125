//! What is wrong with a server's certificate, and what to do about it.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, RootCertStore, SignatureScheme};

use super::algorithm::{PublicKey, SignatureAlgorithm};
use super::certificate::ServerCertificate;
use super::chain;
use super::provider::TlsProvider;
use crate::credential::ServerHost;

/// A certificate that was not accepted.
pub(crate) struct Refused<'a> {
    pub(crate) certificate: &'a ServerCertificate,
    /// The certificates that came, the server's own first.
    pub(crate) chain: &'a [CertificateDer<'static>],
    /// Whom it was to satisfy, if that was an authority.
    pub(crate) roots: Option<&'a RootCertStore>,
    /// What the server was to be called.
    pub(crate) host: &'a ServerHost,
    /// With what it was verified.
    pub(crate) tls: TlsProvider,
}

impl Refused<'_> {
    /// What is wrong, in a sentence.
    pub(crate) fn sentence(&self, reason: &CertificateError) -> String {
        use CertificateError as Reason;
        let certificate = self.certificate;
        match reason {
            Reason::Expired | Reason::ExpiredContext { .. } => {
                let end = certificate.not_after;
                format!("the server's certificate expired on {end}; renew it, or pin it")
            }
            Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
                let start = certificate.not_before;
                format!("the server's certificate is not valid before {start}; check both clocks")
            }
            Reason::NotValidForName | Reason::NotValidForNameContext { .. } => self.wrong_name(),
            Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
                "the server's certificate is not meant for servers: its extended key usage lacks server \
                 authentication; have it issued anew with that, or pin it"
                    .to_owned()
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
            Reason::BadSignature => self.not_signed(),
            Reason::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => {
                self.signed_with(&SignatureAlgorithm(signature_algorithm_id))
            }
            Reason::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id,
                public_key_algorithm_id,
            } => self.signed_with_key(signature_algorithm_id, public_key_algorithm_id),
            Reason::UnhandledCriticalExtension => {
                "the server's certificate has a critical extension that is not known here; have it issued \
                 without, or pin it"
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
            _ => "the server's certificate does not hold; replace it, or pin it".to_owned(),
        }
    }

    fn wrong_name(&self) -> String {
        let (host, names) = (self.host, &self.certificate.names);
        if names.is_empty() {
            return format!(
                "the server's certificate names no host (a common name does not count), so it is not \
                 valid for {host}; pin it, or replace it"
            );
        }
        match host {
            ServerHost::Address(address, _) if self.has_as_host_name(*address) => format!(
                "the server's certificate has {host} as a host name (a DNS entry), which does not count for an \
                 address; have it issued anew with {host} as an address (an IP entry), or pin it"
            ),
            _ => format!(
                "the server's certificate is not valid for {host}, only for {}; use a name that it has, \
                 have it issued anew, or pin it",
                names.join(", ")
            ),
        }
    }

    /// As an IP entry it would have been accepted.
    fn has_as_host_name(&self, address: IpAddr) -> bool {
        let is_same = |name: &String| {
            name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical() == address.to_canonical())
        };
        self.certificate.names.iter().any(is_same)
    }

    /// Either the key does not fit, or it is of a kind with which nothing is verified.
    fn not_signed(&self) -> String {
        let roots = self.roots.filter(|roots| !roots.is_empty());
        match roots.and_then(|roots| chain::unusable_authority(self.chain, roots, self.tls)) {
            Some(authority) => format!(
                "the authority that issued the server's certificate, {}, has {}; accepted are {}; have the \
                 certificate issued by another authority, or pin it",
                authority.subject,
                authority.key,
                self.tls.keys()
            ),
            None => "the server's certificate names a trusted authority that did not sign it; the \
                     authority may have been set up anew: add its present certificate to the credential"
                .to_owned(),
        }
    }

    fn signed_with(&self, signature: &SignatureAlgorithm<'_>) -> String {
        let whose = self.whose(signature.0);
        format!(
            "{whose} is signed by {signature}; accepted are {}{}; have it issued anew, or pin the \
             server's certificate",
            self.tls.signatures(),
            self.tls.elsewhere_signed(signature)
        )
    }

    fn signed_with_key(&self, signature: &[u8], key: &[u8]) -> String {
        let whose = self.whose(signature);
        let signature = SignatureAlgorithm(signature);
        let key = PublicKey { info: key, algorithm: key, key: &[] };
        format!(
            "{whose} is signed by {signature} and {key}; accepted are {}{}; have it issued by another \
             authority, or pin the server's certificate",
            self.tls.keys(),
            self.tls.elsewhere(&key)
        )
    }

    fn whose(&self, signature: &[u8]) -> &'static str {
        if chain::is_of_server(self.chain, signature) {
            "the server's certificate"
        } else {
            "the certificate of the authority that issued the server's"
        }
    }
}

/// What is wrong with a certificate's key, with which nothing is verified.
pub(crate) fn unsupported_key(key: &PublicKey<'_>, tls: TlsProvider) -> String {
    format!(
        "the server's certificate has {key}; accepted are {}{}; give the server a certificate with one of those, \
         since a pin does not help here",
        tls.keys(),
        tls.elsewhere(key)
    )
}

/// What is wrong with the way a server signs the handshake, whatever its certificate.
pub(crate) fn unsupported_scheme(
    scheme: SignatureScheme,
    key: Option<&PublicKey<'_>>,
    tls: TlsProvider,
) -> String {
    let key = key.map(|key| format!(" and {key}")).unwrap_or_default();
    let elsewhere = match scheme {
        SignatureScheme::ECDSA_NISTP521_SHA512 => tls.elsewhere_ecdsa_sha512(),
        _ => "",
    };
    format!(
        "the server can sign the TLS handshake only by {}{key}; accepted are {}{elsewhere}; enable one of those on \
         the server, since a pin does not help here",
        scheme_name(scheme),
        tls.signatures()
    )
}

fn scheme_name(scheme: SignatureScheme) -> String {
    let name = match u16::from(scheme) {
        0x0201 => "RSA with SHA-1",
        0x0203 => "ECDSA with SHA-1",
        0x0301 => "RSA with SHA-224",
        0x0603 => "ECDSA with SHA-512",
        0x0808 => "Ed448",
        0x0809..=0x080b => "RSA-PSS and a key that is for RSA-PSS alone",
        0x081a..=0x081c => "ECDSA on a brainpool curve",
        0x0904..=0x0906 => "ML-DSA",
        other => return format!("the scheme {other:#06x}"),
    };
    name.to_owned()
}
