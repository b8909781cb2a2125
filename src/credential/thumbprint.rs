//! Pins: the very certificate that an address must present.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::url::parse_address;
use crate::{Error, Result};

/// The SHA-256 digest of a certificate's DER form, printed as `SHA256:` and base64, and with `{:X}` in hexadecimal.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct CertificateDigest([u8; 32]);

/// A pin, `IP=SHA256:B64`: at this address only this certificate is accepted.
///
/// A pin decides alone. The certificate's authority, names and dates are not looked at, since the
/// self-made certificates of domain controllers often fail them; the handshake must still prove that the
/// server holds the certificate's key. Several pins for one address are alternatives, so that a
/// certificate can be replaced without an interruption. Addresses are compared in canonical form:
/// `::ffff:10.0.0.1` is `10.0.0.1`, and an IPv6 zone is no difference.
///
/// ```
/// use ldap_inventory::credential::Thumbprint;
///
/// let line = "10.0.0.1=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
/// assert_eq!(Thumbprint::parse(line)?.to_string(), line);
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Thumbprint {
    address: IpAddr,
    digest: CertificateDigest,
}

/// Padding is optional when reading; other bits than the digest's are not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl CertificateDigest {
    /// The digest with these bytes.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads `SHA256:` and the base64 of exactly 32 bytes, padded or not; or the same in hexadecimal, as OpenSSL and
    /// Windows print it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        digest(text).map_err(|reason| Error::invalid("certificate digest", text, reason))
    }

    /// The 32 bytes.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64.encode(self.0))
    }
}

/// The digest as `openssl x509 -fingerprint -sha256` prints it: pairs of hexadecimal digits, with colons between them.
impl fmt::UpperHex for CertificateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if place == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for CertificateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for CertificateDigest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<CertificateDigest> for String {
    fn from(digest: CertificateDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for CertificateDigest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl Thumbprint {
    /// The pin of this certificate at this address.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn new(address: IpAddr, digest: CertificateDigest) -> Self {
        Self { address: address.to_canonical(), digest }
    }

    /// Reads one `IP=SHA256:B64`, or the address with a digest in hexadecimal. An IPv6 address may stand in brackets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) naming the item and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let invalid = |reason| Error::invalid("thumbprint", text, reason);
        let (address, rest) = text
            .split_once('=')
            .filter(|(address, _)| !address.contains(':') || parse_address(address).is_some())
            .ok_or_else(|| invalid("it must have the form IP=SHA256:BASE64"))?;
        let (address, _zone) = parse_address(address)
            .ok_or_else(|| invalid("it must begin with the server's IP address"))?;
        Ok(Self { address, digest: digest(rest).map_err(invalid)? })
    }

    /// Reads pins separated by commas or line ends. Blank text is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) naming the first item that is not a pin; an empty
    /// item, as after a trailing comma, is one too, since it may be a pin that got lost.
    pub fn parse_all(text: &str) -> Result<BTreeSet<Self>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(BTreeSet::new());
        }
        let numbered = text.split([',', '\n']).zip(1_usize..);
        numbered.map(|(item, n)| Self::parse(item).map_err(|e| e.with_context("item", n))).collect()
    }

    /// The certificate, if the pin is for this address.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn at(&self, address: IpAddr) -> Option<CertificateDigest> {
        (self.address == address.to_canonical()).then_some(self.digest)
    }

    /// The address that must present the certificate, in canonical form.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The digest of the certificate.
    pub fn sha256(&self) -> [u8; 32] {
        *self.digest.as_bytes()
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.address, self.digest)
    }
}

impl FromStr for Thumbprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.to_string()
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

fn digest(text: &str) -> Result<CertificateDigest, &'static str> {
    if let Some(bytes) = hexadecimal(text) {
        return Ok(CertificateDigest(bytes));
    }
    let (algorithm, base64) = text.split_once(':').ok_or("SHA256: is missing before the base64")?;
    if !algorithm.eq_ignore_ascii_case("SHA256") {
        return Err("only SHA256 thumbprints are accepted");
    }
    let bytes = BASE64.decode(base64).map_err(|_| "the digest is not base64")?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| "a SHA-256 digest has 32 bytes")?;
    Ok(CertificateDigest(bytes))
}

/// A digest as `openssl x509 -fingerprint -sha256` and Windows print it: 64 hexadecimal digits, with or without colons,
/// behind `SHA256:`, `sha256 Fingerprint=` or nothing.
fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let lower = text.to_ascii_lowercase();
    let bare =
        ["sha256 fingerprint=", "sha256:"].iter().find_map(|begin| lower.strip_prefix(begin));
    let bare = bare.unwrap_or(&lower);
    let mut pairs: Vec<&str> = bare.split(':').collect();
    if let [whole] = pairs.as_slice() {
        let whole = *whole;
        let pair = |at: usize| whole.get(at..at + 2);
        pairs = (0..whole.len()).step_by(2).map(pair).collect::<Option<_>>()?;
    }
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |pair: &&str| is_pair(pair).then(|| u8::from_str_radix(pair, 16).ok()).flatten();
    <[u8; 32]>::try_from(pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const PADDED: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn pin(address: &str) -> Thumbprint {
        Thumbprint::parse(&format!("{address}={PADDED}")).unwrap()
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(pin("::ffff:10.0.0.1"), pin("10.0.0.1"));
        assert_eq!(pin("[2001:DB8:0::1]"), pin("2001:db8::1"));
        assert_eq!(pin("fe80::1%eth0"), pin("FE80::1"));
        assert_eq!(pin("[::1]").to_string(), format!("::1={PADDED}"));
    }

    #[test]
    fn padding_and_surrounding_blanks_are_no_difference() {
        let unpadded = format!(" 10.0.0.1=sha256:{} ", &PADDED[7..50]);
        assert_eq!(Thumbprint::parse(&unpadded).unwrap(), pin("10.0.0.1"));
    }

    #[test]
    fn fingerprints_are_taken_as_openssl_and_windows_print_them() {
        let digest = pin("10.0.0.1").digest;
        let colons = format!("{digest:X}");
        let bare = colons.replace(':', "");
        for text in [
            colons.clone(),
            bare.to_lowercase(),
            format!("SHA256:{bare}"),
            format!("sha256:{}", colons.to_lowercase()),
            format!("sha256 Fingerprint={colons}"),
            format!("SHA256 Fingerprint={colons}"),
        ] {
            assert_eq!(CertificateDigest::parse(&text).unwrap(), digest, "{text}");
            assert_eq!(Thumbprint::parse(&format!("10.0.0.1={text}")).unwrap(), pin("10.0.0.1"));
        }
    }

    #[test]
    fn anything_but_an_exact_digest_is_refused_by_name() {
        let of = |n: usize| BASE64.encode(vec![7; n]);
        for text in [
            String::new(),
            PADDED.to_owned(),
            "10.0.0.1".to_owned(),
            "10.0.0.1=".to_owned(),
            "10.0.0.1=SHA256:".to_owned(),
            format!("dc1={PADDED}"),
            format!("10.0.0.1:636={PADDED}"),
            format!("={PADDED}"),
            format!("10.0.0.1= {PADDED}"),
            format!("10.0.0.1={}", &PADDED[7..]),
            format!("10.0.0.1=SHA1:{}", of(20)),
            format!("10.0.0.1=SHA256:{}", of(31)),
            format!("10.0.0.1=SHA256:{}", of(33)),
            format!("10.0.0.1=SHA256:{}", "ab".repeat(31)),
            format!("10.0.0.1=SHA256:{}", "ab".repeat(33)),
            format!("10.0.0.1={}", "a:b".repeat(32)),
            format!("10.0.0.1={}é", "ab".repeat(31)),
            // The last character holds bits that belong to no byte.
            "10.0.0.1=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=".to_owned(),
            "10.0.0.1=SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
        ] {
            let error = Thumbprint::parse(&text).expect_err(&text);
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.message().contains(&text), "{error}");
        }
    }

    #[test]
    fn a_list_names_the_item_that_is_wrong() {
        let list = format!("10.0.0.1={PADDED},\n");
        assert!(Thumbprint::parse_all(&format!("{list}10.0.0.2=x")).is_err());
        assert!(Thumbprint::parse_all(&format!("10.0.0.1={PADDED},")).is_err());
        let error = Thumbprint::parse_all(&format!("10.0.0.1={PADDED}\n10.0.0.2=x")).unwrap_err();
        assert_eq!(error.context().collect::<Vec<_>>(), [("item", "2")]);
        assert!(Thumbprint::parse_all(" \n").unwrap().is_empty());
    }

    #[test]
    fn pins_hold_for_their_own_address_only_and_duplicates_are_one() {
        let other = Thumbprint::new("10.0.0.1".parse().unwrap(), CertificateDigest::new([1; 32]));
        let twice = format!("10.0.0.1={PADDED}, ::ffff:10.0.0.1={PADDED}");
        let mut set = Thumbprint::parse_all(&twice).unwrap();
        assert_eq!(set.len(), 1);
        assert!(set.insert(other));
        let at = |address: &str| {
            let address = address.parse().unwrap();
            set.iter().filter(|pin| pin.at(address).is_some()).count()
        };
        assert_eq!([at("::ffff:10.0.0.1"), at("10.0.0.2")], [2, 0]);
    }
}
