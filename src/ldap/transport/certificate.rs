//! What a server's certificate says.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Version;

use super::algorithm::PublicKey;
use crate::Printable;
use crate::credential::{CertificateDigest, Thumbprint};
use crate::ldap::protocol::ber::{Reader, SEQUENCE};
use crate::ldap::protocol::redaction::Redaction;
use crate::value::Timestamp;

/// The certificate that a server presented (RFC 5280). What it says is the server's own claim, except
/// where a connection says that it was verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerCertificate {
    /// The SHA-256 digest of the whole certificate.
    pub(crate) digest: CertificateDigest,
    /// The subject.
    pub subject: String,
    /// The subject of the authority that issued it.
    pub issuer: String,
    /// The host names and IP addresses that it is for (the subject alternative names). Often empty on
    /// self-made certificates, which can then only be pinned.
    pub names: Vec<String>,
    /// The first moment it is valid.
    pub not_before: Timestamp,
    /// The last moment it is valid.
    pub not_after: Timestamp,
    /// Whether it is the certificate of an authority, which none but a pin can accept from a server.
    pub is_authority: bool,
    /// Whether it is of X.509 version 1, which none but a pin can accept.
    pub is_version_1: bool,
}

/// More names than this are not listed.
const MOST_NAMES: usize = 100;

impl ServerCertificate {
    /// The pin of this certificate at an address, ready to be pasted into a credential.
    pub fn thumbprint(&self, address: IpAddr) -> Thumbprint {
        Thumbprint::new(address, self.digest)
    }

    /// Its SHA-256 fingerprint as pins have it, `SHA256:` and base64.
    pub fn fingerprint(&self) -> String {
        self.digest.to_string()
    }

    /// Its SHA-256 fingerprint as `openssl x509 -fingerprint -sha256` prints it: pairs of hexadecimal digits, with colons
    /// between them.
    pub fn fingerprint_in_hexadecimal(&self) -> String {
        format!("{:X}", self.digest)
    }

    /// Whether it names itself as its issuer.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The same as [`from_der`](Self::from_der), without what repeats the password: a text may be escaped, so that all are
    /// left out where any octets do.
    pub(crate) fn redacted(der: &[u8], redaction: &Redaction) -> Option<Self> {
        let mut certificate = Self::from_der(der)?;
        let is_repeated = redaction.is_in(der);
        let texts = [&mut certificate.subject, &mut certificate.issuer];
        for text in texts.into_iter().chain(&mut certificate.names) {
            if is_repeated || redaction.is_in(text.as_bytes()) {
                *text = redaction.left_out();
            }
        }
        Some(certificate)
    }

    /// Reads a certificate; `None` if it is not one.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let certificate = parse(der)?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.into_iter().flat_map(|names| &names.value.general_names);
        let shown =
            |name: &x509_parser::x509::X509Name<'_>| Printable(&name.to_string()).to_string();
        Some(Self {
            digest: digest(der),
            subject: shown(certificate.subject()),
            issuer: shown(certificate.issuer()),
            names: names.filter_map(shown_name).take(MOST_NAMES).collect(),
            not_before: timestamp(certificate.validity().not_before)?,
            not_after: timestamp(certificate.validity().not_after)?,
            is_authority: certificate.is_ca(),
            is_version_1: certificate.version() == X509Version::V1,
        })
    }
}

/// The SHA-256 digest of a certificate, readable or not.
pub(crate) fn digest(der: &[u8]) -> CertificateDigest {
    CertificateDigest::new(Sha256::digest(der).into())
}

/// The public key of a certificate, of any X.509 version.
pub(crate) fn public_key(der: &[u8]) -> Option<PublicKey<'_>> {
    let info = parse(der)?.tbs_certificate.subject_pki.raw;
    PublicKey::parse(info, Reader::new(info).contents_of(SEQUENCE).ok()?)
}

/// The name of a certificate's subject, as it is encoded.
pub(crate) fn subject(der: &[u8]) -> Option<&[u8]> {
    Some(parse(der)?.tbs_certificate.subject.as_raw())
}

/// The name of a certificate's issuer, as it is encoded.
pub(crate) fn issuer(der: &[u8]) -> Option<&[u8]> {
    Some(parse(der)?.tbs_certificate.issuer.as_raw())
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}

fn shown_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(Printable(name).to_string()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*octets).map(IpAddr::from);
            Some(v4.or_else(|_| v6()).ok()?.to_string())
        }
        _ => None,
    }
}

fn timestamp(time: ASN1Time) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_the_password_is_left_out_of_a_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["canary-93af.example".to_owned()];
        let params = rcgen::CertificateParams::new(names).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let redaction = Redaction::of(&crate::value::Secret::new("canary-93af"));
        let shown = ServerCertificate::redacted(&der, &redaction).unwrap();
        assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
        let plain = ServerCertificate::redacted(&der, &Redaction::default()).unwrap();
        assert_eq!(Some(plain), ServerCertificate::from_der(&der));
    }

    #[test]
    fn bytes_that_are_no_certificate_never_panic() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["dc1.corp.example".to_owned(), "::1".to_owned()];
        let params = rcgen::CertificateParams::new(names).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        assert_eq!(ServerCertificate::from_der(&der).unwrap().names, ["dc1.corp.example", "::1"]);
        for n in 0..der.len() {
            assert!(ServerCertificate::from_der(&der[..n]).is_none());
            assert!(public_key(&der[..n]).is_none());
            for bit in 0..8 {
                let mut flipped = der.clone();
                flipped[n] ^= 1 << bit;
                let _ = (ServerCertificate::from_der(&flipped), public_key(&flipped));
            }
        }
    }
}
