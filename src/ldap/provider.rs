//! The cryptography under TLS, and what it can verify.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::SignatureVerificationAlgorithm;

use super::algorithm::{ECDSA_SHA512, P521, PublicKey, SignatureAlgorithm};

/// The keys that a server may have.
pub(super) const KEYS: &str =
    "RSA keys of 2048 to 8192 bits, ECDSA keys on P-256 or P-384, and Ed25519 keys";

/// The signatures that a certificate may have.
pub(super) const SIGNATURES: &str = "RSA with SHA-256, SHA-384 or SHA-512 (RSA-PSS with a salt as long as the \
    hash), ECDSA with SHA-256 or SHA-384, and Ed25519";

/// An explicit provider, since the process may have another one or none.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Whether signatures can be verified with a key.
pub(super) fn supports(key: &PublicKey<'_>) -> bool {
    let is_for = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        algorithm.public_key_alg_id().as_ref() == key.algorithm
    };
    // Bits are counted in whole bytes.
    let size_fits =
        key.rsa_bits().is_none_or(|bits| (2048..=8192).contains(&bits.next_multiple_of(8)));
    size_fits && ring::default_provider().signature_verification_algorithms.all.iter().any(is_for)
}

/// What is to be said of a key that another provider could use.
pub(super) fn elsewhere(key: &PublicKey<'_>) -> &'static str {
    if key.curve().as_deref() == Some(P521) {
        " (P-521 is not in ring, which does the cryptography here; it is in aws-lc-rs)"
    } else {
        ""
    }
}

/// What is to be said of ECDSA with SHA-512.
pub(super) const ECDSA_SHA512_ELSEWHERE: &str =
    " (ECDSA with SHA-512 is not in ring, which does the cryptography here; it is in aws-lc-rs)";

/// What is to be said of a signature that another provider could verify.
pub(super) fn elsewhere_signed(signature: &SignatureAlgorithm<'_>) -> &'static str {
    if signature.to_string() == ECDSA_SHA512 { ECDSA_SHA512_ELSEWHERE } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(algorithm: &'a [u8], key: &'a [u8]) -> PublicKey<'a> {
        PublicKey { info: &[], algorithm, key }
    }

    fn rsa(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0; bits.div_ceil(8)];
        modulus[0] = 1 << ((bits - 1) % 8);
        modulus.insert(0, 0);
        let mut number = Vec::new();
        super::super::ber::write(&mut number, 0x02, &modulus);
        number.extend(b"\x02\x03\x01\x00\x01");
        let mut whole = Vec::new();
        super::super::ber::write(&mut whole, 0x30, &number);
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
            assert_eq!(supports(&key), expected, "{bits}");
        }
        let ec = |curve: &[u8]| [&b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"[..], curve].concat();
        for (algorithm, name, expected) in [
            (ec(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256", true),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x22"), "P-384", true),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x23"), "P-521", false),
            (ec(b"\x06\x05\x2b\x81\x04\x00\x0a"), "secp256k1", false),
            (b"\x06\x03\x2b\x65\x70".to_vec(), "Ed25519", true),
            (b"\x06\x03\x2b\x65\x71".to_vec(), "Ed448", false),
        ] {
            let key = key(&algorithm, &[]);
            assert!(key.to_string().ends_with(name), "{key}");
            assert_eq!(supports(&key), expected, "{name}");
            assert_eq!(elsewhere(&key).contains("aws-lc-rs"), name == "P-521");
        }
    }
}
