//! Sealing what is secret before it is stored: XChaCha20-Poly1305, whose nonces are long enough to be drawn by chance.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ldap_inventory::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// Octets of a key and of a nonce.
const KEY: usize = 32;
const NONCE: usize = 24;

/// The key that credentials are sealed with. It is not kept beside them.
pub struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    /// A key as it stands in the environment: 32 octets in base64.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for anything else. Nothing of it is repeated.
    pub fn parse(text: &str) -> Result<Self> {
        let decoded = BASE64_STANDARD.decode(text.trim()).map(Zeroizing::new).unwrap_or_default();
        let key = <[u8; KEY]>::try_from(decoded.as_slice()).map_err(|_| {
            let message = "the key of the console is not 32 octets in base64; make one with: openssl rand -base64 32";
            Error::new(ErrorKind::Configuration, message)
        })?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// A key for what is not kept.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn random() -> Result<Self> {
        random().map(|key| Self(Zeroizing::new(key)))
    }

    /// Seals a text as what it is called: it opens under that name alone.
    pub(crate) fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed
            .map_err(|_| Error::new(ErrorKind::Invalid, "what is to be sealed is too long"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let opened = sealed.split_first_chunk::<NONCE>().and_then(|(nonce, sealed)| {
            let payload = Payload { msg: sealed, aad: name.as_bytes() };
            self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
        });
        opened.map(Zeroizing::new).ok_or_else(|| {
            let message = "what is sealed does not open: it was sealed with another key, or somebody changed it";
            Error::new(ErrorKind::Store, message)
        })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|cause| {
        let message = format!("the system has no randomness: {cause}");
        Error::new(ErrorKind::Configuration, message)
    })?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_under_its_name_alone() {
        let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
        let sealed = key.seal("a", b"correct horse").unwrap();
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"correct horse");
        assert!(!sealed.windows(7).any(|window| window == b"correct"));
        assert!(other.open("a", &sealed).is_err());
        assert!(key.open("b", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key.open("a", &changed).is_err(), "{place}");
            assert!(key.open("a", &sealed[..place]).is_err(), "{place}");
        }
        assert_ne!(sealed, key.seal("a", b"correct horse").unwrap());
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_repeated() {
        let error = Key::parse("canary-7f3a").unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        assert!(Key::parse(&BASE64_STANDARD.encode([7; 32])).is_ok());
    }
}
