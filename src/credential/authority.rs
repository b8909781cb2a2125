//! Certificates of authorities that a credential brings along.

use rustls_pki_types::pem::{self, PemObject, SectionKind};

use crate::{Error, ErrorKind, Result};

/// The certificate of an authority (DER, RFC 5280) that may vouch for a directory server.
///
/// Reading checks the outer form only; what is inside is checked when the first connection needs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaCertificate {
    der: Vec<u8>,
}

impl CaCertificate {
    /// Reads one DER certificate, or every certificate of a PEM file (RFC 7468). Text between the PEM
    /// items is allowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] naming the item by its number, where one is broken or is something
    /// else than a certificate (a private key does not belong there), or where there is none at all.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>> {
        let certificates = certificates(bytes, "CA")?;
        Ok(certificates.into_iter().map(|der| Self { der }).collect())
    }

    /// Reads one DER certificate.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        is_one_sequence(der).then(|| Self { der: der.to_vec() })
    }

    /// The DER form.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}

/// The certificates of a file in the order in which they stand there. `whose`: for what they are, in errors.
pub(super) fn certificates(bytes: &[u8], whose: &str) -> Result<Vec<Vec<u8>>> {
    if is_one_sequence(bytes) {
        return Ok(vec![bytes.to_vec()]);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| refused(format!("the {whose} certificate is neither PEM nor DER")))?;
    let items: Result<Vec<_>> = pem_items(text)
        .zip(1_usize..)
        .map(|(item, n)| certificate(item, whose).map_err(|e| e.with_context("item", n)))
        .collect();
    match items {
        Ok(items) if items.is_empty() => {
            Err(refused(format!("the {whose} file holds no certificate")))
        }
        items => items,
    }
}

/// The items of a PEM file, each from behind its `-----BEGIN ` to the next one.
pub(super) fn pem_items(text: &str) -> impl Iterator<Item = &str> {
    text.split(BEGIN).skip(1)
}

/// What a PEM item says it is (RFC 7468 section 3), in its first line: further on there may be a key.
pub(super) fn label(item: &str) -> Option<&str> {
    let (label, _) = item.lines().next()?.split_once("-----")?;
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    (label.len() <= LONGEST_LABEL && label.chars().all(is_plain)).then_some(label)
}

pub(super) const BEGIN: &str = "-----BEGIN ";

/// Labels in use have half as many letters.
const LONGEST_LABEL: usize = 40;

fn certificate(item: &str, whose: &str) -> Result<Vec<u8>> {
    let not_pem = || refused(format!("the {whose} certificate is not well-formed PEM"));
    let label = label(item).ok_or_else(not_pem)?;
    if !matches!(label, CERTIFICATE | OLD_CERTIFICATE) {
        let message = format!("the {whose} file holds something else than certificates");
        return Err(refused(message).with_context("label", label));
    }
    let item = format!("{BEGIN}{item}").replace(OLD_CERTIFICATE, CERTIFICATE);
    let section: Result<(SectionKind, Vec<u8>), pem::Error> =
        PemObject::from_pem_slice(item.as_bytes());
    let (_, der) = section.map_err(|error| not_pem().with_source(error))?;
    let is_whole = is_one_sequence(&der);
    is_whole
        .then_some(der)
        .ok_or_else(|| refused(format!("the {whose} certificate is not a DER certificate")))
}

const CERTIFICATE: &str = "CERTIFICATE";

/// The same, as software before RFC 7468 wrote it.
const OLD_CERTIFICATE: &str = "X509 CERTIFICATE";

/// Whether the bytes are exactly one DER SEQUENCE.
fn is_one_sequence(bytes: &[u8]) -> bool {
    let [0x30, first, rest @ ..] = bytes else {
        return false;
    };
    if *first < 0x80 {
        return rest.len() == usize::from(*first);
    }
    let octets = usize::from(*first & 0x7f);
    if !(1..=4).contains(&octets) {
        return false;
    }
    let Some((length, content)) = rest.split_at_checked(octets) else {
        return false;
    };
    length.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)) == content.len() as u64
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let base64 = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{base64}\r\n-----END {label}-----\n")
    }

    #[test]
    fn a_key_whose_first_line_is_damaged_is_not_told() {
        let text = "-----BEGIN PRIVATE KEY----\nMIIcanary\n-----END PRIVATE KEY-----\n";
        let error = CaCertificate::parse_all(text.as_bytes()).unwrap_err();
        assert!(!format!("{error:?} {}", error.report()).contains("canary"), "{error:?}");
    }

    #[test]
    fn der_and_pem_with_several_items_and_text_between_are_read() {
        let long = [&[0x30, 0x81, 200][..], &[5; 200]].concat();
        let short = [0x30, 1, 0];
        assert_eq!(CaCertificate::parse_all(&long).unwrap()[0].as_der(), long);
        let file = format!(
            "# root\n{}text\n{}",
            pem("CERTIFICATE", &long),
            pem("X509 CERTIFICATE", &short)
        );
        let read = CaCertificate::parse_all(file.as_bytes()).unwrap();
        assert_eq!(read.iter().map(CaCertificate::as_der).collect::<Vec<_>>(), [&long[..], &short]);
    }

    #[test]
    fn what_is_not_a_certificate_is_refused_with_its_number() {
        let good = pem("CERTIFICATE", &[0x30, 0]);
        for bad in [
            pem("PRIVATE KEY", &[0x30, 0]),
            pem("CERTIFICATE", &[0x30, 1]),
            pem("CERTIFICATE", b""),
            "-----BEGIN CERTIFICATE-----\nMAA=\n".to_owned(),
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".to_owned(),
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END X-----\n".to_owned(),
        ] {
            let error = CaCertificate::parse_all(format!("{good}{bad}").as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.context().any(|c| c == ("item", "2")), "{error}");
        }
        for none in [&b""[..], b"hello", &[0xff, 0xfe], &[0x30, 0x84, 0, 0], &[0x30, 0x80, 0, 0]] {
            assert!(CaCertificate::parse_all(none).is_err());
        }
    }
}
