//! How an account proves who it is.

use std::fmt;

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroize;

use super::authority::{BEGIN, certificates, label, pem_items};
use crate::value::Secret;
use crate::{Error, ErrorKind, Result};

/// How an account proves who it is, once its server has.
#[derive(Clone)]
#[non_exhaustive]
pub enum SignIn {
    /// With a name and a password: a simple bind (RFC 4513 section 5.1.3).
    Simple {
        /// The account: a DN, `user@domain` or `DOMAIN\user`. Sent exactly as given, and never retried in
        /// another form, since every refused attempt counts towards a lockout.
        username: String,
        /// The account's password.
        password: Secret,
    },
    /// With a certificate that is shown in the TLS handshake: SASL EXTERNAL (RFC 4422 appendix A). There is no name: the
    /// server knows whose certificate it is. Never over plain LDAP.
    External {
        /// The account's certificate (DER, RFC 5280), and behind it those of the authorities between it and what the server
        /// trusts.
        certificates: Vec<Vec<u8>>,
        /// The certificate's private key, as one PEM item: PKCS#8, PKCS#1 or SEC 1, not encrypted. It proves as much as a
        /// password does, and never leaves this machine.
        key: Secret,
    },
}

impl SignIn {
    /// A name and a password.
    pub fn simple(username: impl Into<String>, password: Secret) -> Self {
        Self::Simple { username: username.into(), password }
    }

    /// A certificate in PEM, those that vouch for it behind it, or alone in DER; and its private key in PEM. Whether they
    /// belong together is seen at the first connection, before anything is sent.
    ///
    /// ```
    /// use ldap_inventory::credential::SignIn;
    /// use ldap_inventory::value::Secret;
    ///
    /// let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    /// let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    /// let error = SignIn::external(certificate.as_bytes(), &Secret::new(locked)).unwrap_err();
    /// assert!(error.to_string().contains("openssl pkey"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where there is no certificate, not exactly one key, or one that is encrypted or broken.
    /// It holds nothing of the key.
    pub fn external(certificates_file: &[u8], key_file: &Secret) -> Result<Self> {
        let certificates = certificates(certificates_file, "client")?;
        Ok(Self::External { certificates, key: private_key(key_file)? })
    }

    /// What must never come back in what a server says: what is sent to it and is secret.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn sent_secret(&self) -> Option<&Secret> {
        match self {
            Self::Simple { password, .. } => Some(password),
            Self::External { .. } => None,
        }
    }

    /// What is wrong with it as far as that is seen without a server.
    ///
    /// An empty password would be accepted by most servers as an anonymous bind (RFC 4513 5.1.2), and a
    /// NUL would cut it short there.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let Self::Simple { username, password } = self else { return None };
        let password = password.expose();
        if username.trim().is_empty() {
            Some("the user name is empty")
        } else if username.contains('\0') {
            Some("the user name contains a NUL character")
        } else if password.contains('\0') {
            Some("the password contains a NUL character")
        } else if password.trim().is_empty() {
            Some("the password is empty or blank; directories take that for an anonymous bind")
        } else {
            None
        }
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple { username, .. } => f
                .debug_struct("Simple")
                .field("username", username)
                .field("password", &"[redacted]")
                .finish(),
            Self::External { certificates, .. } => f
                .debug_struct("External")
                .field("certificates", &certificates.len())
                .field("key", &"[redacted]")
                .finish(),
        }
    }
}

/// The one private key of a file, whatever else is in it.
fn private_key(file: &Secret) -> Result<Secret> {
    let is_key = |item: &&str| label(item).is_some_and(|label| label.ends_with("PRIVATE KEY"));
    let mut keys = pem_items(file.expose()).filter(is_key);
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key,
        (None, _) => return Err(refused("the client key file holds no private key in PEM")),
        (Some(_), Some(_)) => {
            return Err(refused("the client key file holds several private keys"));
        }
    };
    if label(key) == Some("ENCRYPTED PRIVATE KEY") || key.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(refused(
            "the client's private key is encrypted, and nobody is there to type its passphrase; decrypt it into a file \
             that is yours alone: openssl pkey -in KEY -out PLAIN",
        ));
    }
    // In one piece: what a growing text leaves behind is not wiped.
    let key = Secret::new([BEGIN, key].concat());
    let mut der = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
        refused("the client's private key is not well-formed PEM of PKCS#8, PKCS#1 or SEC 1")
    })?;
    der.zeroize();
    Ok(key)
}

/// Without a cause: whatever it quotes may be of the key.
fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn key(label: &str) -> String {
        format!("-----BEGIN {label}-----\nY2FuYXJ5\n-----END {label}-----\n")
    }

    fn external(key: &str) -> Result<SignIn> {
        SignIn::external(CERTIFICATE.as_bytes(), &Secret::new(key))
    }

    #[test]
    fn a_key_is_found_in_any_form_and_beside_certificates() {
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            let file = format!("Bag Attributes\n{CERTIFICATE}{}{CERTIFICATE}", key(label));
            let SignIn::External { certificates, key: read } = external(&file).unwrap() else {
                panic!("{label}")
            };
            assert_eq!(certificates, [[0x30, 0]]);
            assert_eq!(read.expose(), key(label));
        }
    }

    #[test]
    fn what_is_not_one_open_key_is_refused_without_a_word_of_it() {
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nY2FuYXJ5\n";
        for (file, reason) in [
            (String::new(), "no private key"),
            (CERTIFICATE.to_owned(), "no private key"),
            (key("PRIVATE KEY").repeat(2), "several"),
            (key("ENCRYPTED PRIVATE KEY"), "encrypted"),
            (encrypted.to_owned(), "encrypted"),
            (key("PRIVATE KEY").replace("Y2F", "!canary!"), "not well-formed"),
            (key("DSA PRIVATE KEY"), "not well-formed"),
            ("-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n".to_owned(), "not well-formed"),
        ] {
            let error = external(&file).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(reason), "{error}");
            let shown = format!("{error:?} {}", error.report());
            assert!(!shown.contains("canary") && !shown.contains("Y2FuYXJ5"), "{shown}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused_as_the_clients() {
        for file in [&b""[..], b"x", &[0xff], key("PRIVATE KEY").as_bytes()] {
            let error = SignIn::external(file, &Secret::new(key("PRIVATE KEY"))).unwrap_err();
            assert!(error.message().starts_with("the client "), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!(
            "{:?} {:?}",
            external(&key("PRIVATE KEY")).unwrap(),
            SignIn::simple("CORP\\svc", Secret::new("canary"))
        );
        assert!(shown.contains("svc") && !shown.contains("canary") && !shown.contains("Y2Fu"));
    }
}
