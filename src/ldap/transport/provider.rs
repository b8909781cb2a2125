//! The cryptography under TLS, and what it can verify.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::SignatureVerificationAlgorithm;

use super::algorithm::{ECDSA_SHA512, P521, PublicKey, SignatureAlgorithm};

/// The cryptography under TLS: which library does it. Each is here with the feature of its name.
///
/// The choice is the host's, and is made on [`LdapSource`](crate::ldap::LdapSource) and for each
/// [`ServerCertificate::probe`](crate::ldap::ServerCertificate::probe). The provider that a process may have installed for rustls is never read, and none
/// is installed: neither changes what a host's own TLS does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TlsProvider {
    /// aws-lc-rs, which rustls has by default. It verifies all that ring does, and P-521 and ECDSA with
    /// SHA-512 beside it.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    /// ring.
    #[cfg(feature = "ring")]
    Ring,
}

/// aws-lc-rs where it is there, since it verifies all that ring does: so another crate of the build that turns the
/// other feature on takes nothing away.
impl Default for TlsProvider {
    fn default() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::AwsLcRs;
        #[cfg(not(feature = "aws-lc-rs"))]
        return Self::Ring;
    }
}

impl TlsProvider {
    /// The provider, as rustls takes it.
    pub(crate) fn crypto(self) -> Arc<CryptoProvider> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            #[cfg(feature = "ring")]
            Self::Ring => Arc::new(rustls::crypto::ring::default_provider()),
        }
    }

    /// The keys that a server may have.
    pub(crate) fn keys(self) -> &'static str {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => {
                "RSA keys of 2048 to 8192 bits, ECDSA keys on P-256, P-384 or P-521, and Ed25519 keys"
            }
            #[cfg(feature = "ring")]
            Self::Ring => {
                "RSA keys of 2048 to 8192 bits, ECDSA keys on P-256 or P-384, and Ed25519 keys"
            }
        }
    }

    /// The signatures that a certificate may have.
    pub(crate) fn signatures(self) -> &'static str {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => {
                "RSA with SHA-256, SHA-384 or SHA-512 (RSA-PSS with a salt as long as the hash), ECDSA with \
                 SHA-256, SHA-384 or SHA-512, and Ed25519"
            }
            #[cfg(feature = "ring")]
            Self::Ring => {
                "RSA with SHA-256, SHA-384 or SHA-512 (RSA-PSS with a salt as long as the hash), ECDSA with \
                 SHA-256 or SHA-384, and Ed25519"
            }
        }
    }

    /// Whether signatures can be verified with a key.
    pub(crate) fn supports(self, key: &PublicKey<'_>) -> bool {
        let is_for = |algorithm: &&dyn SignatureVerificationAlgorithm| {
            algorithm.public_key_alg_id().as_ref() == key.algorithm
        };
        // Bits are counted in whole bytes.
        let size_fits =
            key.rsa_bits().is_none_or(|bits| (2048..=8192).contains(&bits.next_multiple_of(8)));
        size_fits && self.crypto().signature_verification_algorithms.all.iter().any(is_for)
    }

    /// What is to be said of a key that the other provider could use.
    pub(crate) fn elsewhere(self, key: &PublicKey<'_>) -> &'static str {
        if key.curve().as_deref() != Some(P521) {
            return "";
        }
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => "",
            #[cfg(feature = "ring")]
            Self::Ring => {
                " (P-521 is not in ring, which does the cryptography here; it is in aws-lc-rs)"
            }
        }
    }

    /// What is to be said of a signature that the other provider could verify.
    pub(crate) fn elsewhere_signed(self, signature: &SignatureAlgorithm<'_>) -> &'static str {
        if signature.to_string() == ECDSA_SHA512 { self.elsewhere_ecdsa_sha512() } else { "" }
    }

    /// What is to be said of ECDSA with SHA-512.
    pub(crate) fn elsewhere_ecdsa_sha512(self) -> &'static str {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => "",
            #[cfg(feature = "ring")]
            Self::Ring => {
                " (ECDSA with SHA-512 is not in ring, which does the cryptography here; it is in aws-lc-rs)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [TlsProvider; 2] = [TlsProvider::AwsLcRs, TlsProvider::Ring];

    fn key<'a>(algorithm: &'a [u8], key: &'a [u8]) -> PublicKey<'a> {
        PublicKey { info: &[], algorithm, key }
    }

    fn rsa(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0, 1 << ((bits - 1) % 8)];
        modulus.resize(1 + bits.div_ceil(8), 0);
        let mut number = Vec::new();
        crate::ldap::protocol::ber::write(&mut number, 0x02, &modulus);
        number.extend(b"\x02\x03\x01\x00\x01");
        let mut whole = Vec::new();
        crate::ldap::protocol::ber::write(&mut whole, 0x30, &number);
        whole
    }

    #[test]
    fn the_keys_are_those_that_are_named() {
        let rsa_id = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        for (bits, expected) in
            [(1024, false), (2040, false), (2047, true), (2048, true), (8192, true), (8193, false)]
        {
            let bytes = rsa(bits);
            let key = key(rsa_id, &bytes);
            assert_eq!(key.to_string(), format!("an RSA key of {bits} bits"));
            for tls in BOTH {
                assert_eq!(tls.supports(&key), expected, "{tls:?} {bits}");
            }
        }
        let ec = |curve: &[u8]| [&b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"[..], curve].concat();
        for (algorithm, name, by) in [
            (ec(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256", &BOTH[..]),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x22"), "P-384", &BOTH[..]),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x23"), "P-521", &[TlsProvider::AwsLcRs]),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x0a"), "secp256k1", &[]),
            (b"\x06\x03\x2b\x65\x70".to_vec(), "Ed25519", &BOTH[..]),
            (b"\x06\x03\x2b\x65\x71".to_vec(), "Ed448", &[]),
        ] {
            let key = key(&algorithm, &[]);
            assert!(key.to_string().ends_with(name), "{key}");
            for tls in BOTH {
                assert_eq!(tls.supports(&key), by.contains(&tls), "{tls:?} {name}");
                let is_elsewhere = tls == TlsProvider::Ring && name == "P-521";
                assert_eq!(tls.elsewhere(&key).contains("aws-lc-rs"), is_elsewhere);
            }
        }
    }

    #[test]
    fn what_verifies_more_is_the_default() {
        assert_eq!(TlsProvider::default(), TlsProvider::AwsLcRs);
        let [more, fewer] = BOTH.map(|tls| tls.crypto().signature_verification_algorithms);
        for algorithm in fewer.all {
            let ids = (algorithm.public_key_alg_id(), algorithm.signature_alg_id());
            let is_same = |other: &&&dyn SignatureVerificationAlgorithm| {
                (other.public_key_alg_id(), other.signature_alg_id()) == ids
            };
            assert!(more.all.iter().find(is_same).is_some(), "{ids:?}");
        }
        assert!(more.all.len() > fewer.all.len());
    }
}
