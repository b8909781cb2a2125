//! The names of keys and signatures, as X.509 writes them (RFC 3279, RFC 4055, RFC 5480, RFC 8410).

use std::fmt;

use crate::ldap::protocol::ber::{Malformed, Reader, SEQUENCE};

const OBJECT_IDENTIFIER: u8 = 0x06;
const INTEGER: u8 = 0x02;

/// A public key, and how it is to be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicKey<'a> {
    /// The whole SubjectPublicKeyInfo.
    pub(crate) info: &'a [u8],
    /// The contents of its AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    /// The key itself.
    pub(crate) key: &'a [u8],
}

/// An algorithm with which something was signed: the contents of an AlgorithmIdentifier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignatureAlgorithm<'a>(pub(crate) &'a [u8]);

impl<'a> PublicKey<'a> {
    /// Reads the contents of a SubjectPublicKeyInfo, which `info` is the whole of.
    pub(crate) fn parse(info: &'a [u8], contents: &'a [u8]) -> Option<Self> {
        const BIT_STRING: u8 = 0x03;
        let mut parts = Reader::new(contents);
        let algorithm = parts.contents_of(SEQUENCE).ok()?;
        match parts.contents_of(BIT_STRING).ok()?.split_first() {
            Some((0, key)) => Some(Self { info, algorithm, key }),
            _ => None,
        }
    }

    /// The bits of the modulus, if it is an RSA key.
    pub(crate) fn rsa_bits(&self) -> Option<usize> {
        let (oid, _) = identifier(self.algorithm).ok()?;
        if name_of(oid) != Some("RSA") {
            return None;
        }
        let modulus = Reader::new(Reader::new(self.key).contents_of(SEQUENCE).ok()?)
            .contents_of(INTEGER)
            .ok()?;
        let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
        let digits = modulus.get(zeros..).unwrap_or_default();
        let unused = digits.first().map_or(0, |first| first.leading_zeros() as usize);
        Some((digits.len() * 8).saturating_sub(unused))
    }

    /// The elliptic curve that it is on, where it names one.
    pub(crate) fn curve(&self) -> Option<String> {
        let (oid, parameters) = identifier(self.algorithm).ok()?;
        let curve = Reader::new(parameters).contents_of(OBJECT_IDENTIFIER).ok()?;
        (name_of(oid) == Some("ECDSA")).then(|| shown(curve))
    }
}

impl fmt::Display for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bits) = self.rsa_bits() {
            return write!(f, "an RSA key of {bits} bits");
        }
        if let Some(curve) = self.curve() {
            return write!(f, "an ECDSA key on {curve}");
        }
        match identifier(self.algorithm) {
            Ok((oid, _)) => write!(f, "a key for {}", shown(oid)),
            Err(_) => f.write_str("a key that cannot be read"),
        }
    }
}

impl fmt::Display for SignatureAlgorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match identifier(self.0) {
            Ok((oid, parameters)) if name_of(oid) == Some(PSS) => {
                let (hash, salt) = pss(parameters).unwrap_or((None, None));
                let hash = hash.map_or_else(|| "SHA-1".to_owned(), shown);
                write!(f, "{PSS} with {hash} and a salt of {} bytes", salt.unwrap_or(20))
            }
            Ok((oid, _)) => f.write_str(&shown(oid)),
            Err(_) => f.write_str("an algorithm that cannot be read"),
        }
    }
}

/// Hash and length of the salt of RSASSA-PSS (RFC 4055 section 3.1), where they are given.
fn pss(parameters: &[u8]) -> Result<(Option<&[u8]>, Option<u64>), Malformed> {
    const HASH: u8 = 0xa0;
    const SALT_LENGTH: u8 = 0xa2;
    let (mut hash, mut salt) = (None, None);
    let mut fields = Reader::new(Reader::new(parameters).contents_of(SEQUENCE)?);
    while let Some(field) = fields.next()? {
        let mut value = Reader::new(field.contents);
        match field.tag {
            HASH => hash = Some(identifier(value.contents_of(SEQUENCE)?)?.0),
            SALT_LENGTH => {
                let digits = value.contents_of(INTEGER)?.iter();
                salt = Some(digits.fold(0_u64, |sum, digit| (sum << 8) | u64::from(*digit)));
            }
            _ => {}
        }
    }
    Ok((hash, salt))
}

/// The object identifier of an AlgorithmIdentifier, and its parameters.
fn identifier(algorithm: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut parts = Reader::new(algorithm);
    let oid = parts.contents_of(OBJECT_IDENTIFIER)?;
    Ok((oid, parts.rest()))
}

const PSS: &str = "RSA-PSS";

/// Object identifiers, as DER encodes them, by the names that people know.
const NAMES: &[(&[u8], &str)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "RSA"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", "RSA with MD5"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "RSA with SHA-1"),
    (b"\x2b\x0e\x03\x02\x1d", "RSA with SHA-1"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", PSS),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "RSA with SHA-256"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "RSA with SHA-384"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "RSA with SHA-512"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", "RSA with SHA-224"),
    (b"\x2a\x86\x48\xce\x3d\x02\x01", "ECDSA"),
    (b"\x2a\x86\x48\xce\x3d\x04\x01", "ECDSA with SHA-1"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x01", "ECDSA with SHA-224"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", "ECDSA with SHA-256"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", "ECDSA with SHA-384"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", ECDSA_SHA512),
    (b"\x2a\x86\x48\xce\x38\x04\x01", "DSA"),
    (b"\x2a\x86\x48\xce\x38\x04\x03", "DSA with SHA-1"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x02", "DSA with SHA-256"),
    (b"\x2b\x65\x70", "Ed25519"),
    (b"\x2b\x65\x71", "Ed448"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ML-DSA-44"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87"),
    (b"\x2b\x0e\x03\x02\x1a", "SHA-1"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", "SHA-256"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", "SHA-384"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", "SHA-512"),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x04", "SHA-224"),
    (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", "P-256"),
    (b"\x2b\x81\x04\x00\x21", "P-224"),
    (b"\x2b\x81\x04\x00\x22", "P-384"),
    (b"\x2b\x81\x04\x00\x23", P521),
    (b"\x2b\x81\x04\x00\x0a", "secp256k1"),
    (b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "brainpoolP256r1"),
    (b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", "brainpoolP384r1"),
    (b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", "brainpoolP512r1"),
];

/// The curve that ring does not have.
pub(crate) const P521: &str = "P-521";

/// The hash that ring does not use with ECDSA.
pub(crate) const ECDSA_SHA512: &str = "ECDSA with SHA-512";

fn name_of(oid: &[u8]) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}

/// The name of an object identifier, or its numbers.
fn shown(oid: &[u8]) -> String {
    name_of(oid).map_or_else(|| dotted(oid), str::to_owned)
}

/// As `1.2.840.113549`: seven bits an octet, the first two numbers in one (X.690 section 8.19).
fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for octet in oid.iter().take(64) {
        number = (number << 7) | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.extend([first, number - first * 40]);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(text: &[u8]) -> String {
        SignatureAlgorithm(text).to_string()
    }

    #[test]
    fn signatures_have_the_names_that_people_know() {
        let sha1 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00";
        assert_eq!(signature(sha1), "RSA with SHA-1");
        assert_eq!(signature(b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"), ECDSA_SHA512);
        assert_eq!(signature(b"\x06\x06\x2b\x06\x01\x04\x01\x01"), "1.3.6.1.4.1.1");
        assert_eq!(signature(b"\x06\x03\x88\x37\x01"), "2.999.1");
        assert_eq!(signature(b"\x05\x00"), "an algorithm that cannot be read");
    }

    #[test]
    fn a_pss_signature_tells_its_hash_and_salt() {
        let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
        let with = |parameters: &[u8]| signature(&[&oid[..], parameters].concat());
        assert_eq!(with(b"\x30\x00"), "RSA-PSS with SHA-1 and a salt of 20 bytes");
        let sha256 = b"\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
        let salt = b"\xa2\x04\x02\x02\x00\xde";
        let both = [&[0x30, 23][..], sha256, salt].concat();
        assert_eq!(with(&both), "RSA-PSS with SHA-256 and a salt of 222 bytes");
    }

    #[test]
    fn bytes_that_are_no_algorithm_never_panic() {
        let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x06\xa2\x04\x02\x02\x00\xde";
        for n in 0..oid.len() {
            signature(&oid[..n]);
            for bit in 0..8 {
                let mut flipped = oid.to_vec();
                flipped[n] ^= 1 << bit;
                signature(&flipped);
                let key = PublicKey { info: &flipped, algorithm: &flipped, key: &flipped };
                let _ = (key.to_string(), key.rsa_bits(), key.curve());
            }
        }
    }
}
