//! Accounts, pins, certificates, and keeping them.
//!
//! # Least rights
//!
//! An account that may log on and is in no group but `Domain Users` reads everything that this crate asks for. Do not
//! give it more: what it cannot see is [not concluded from](super::deltas). It needs no right to replicate, and none to
//! read deleted objects. Deny it interactive logon.
//!
//! # Whom to trust
//!
//! A certificate holds if an authority that the system trusts, or one of the credential's own
//! ([`with_ca_certificates`](crate::credential::Credential::with_ca_certificates)), vouches for the name that was
//! connected to. A [pin](crate::credential::Thumbprint) for the address decides alone, for and against. Fetch one
//! beforehand, from a network that you trust, and compare it with what the server itself shows:
//!
//! ```
//! use ldap_inventory::ldap::{ConnectLimits, ServerCertificate, TlsProvider};
//! # use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let tls = ServerTls::self_signed(&["dc1.corp.example.test"])?;
//! # let server = TestServer::builder(&TestDirectory::new()).with_ldaps(tls).start().await?;
//! let url = server.url().parse()?;
//! let limits = ConnectLimits::new();
//! for (address, answer) in ServerCertificate::probe(&url, false, TlsProvider::default(), &limits).await? {
//!     let certificate = answer?;
//!     println!("{}", certificate.thumbprint(address.ip()));
//!     # assert_eq!(Some(certificate.thumbprint(address.ip()).to_string()), server.thumbprint());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Before a certificate is renewed, add the pin of the new one beside the old: several pins for one address each hold.
//!
//! # Without a password
//!
//! [`SignIn::external`](crate::credential::SignIn::external) signs in by a client certificate.
//!
//! # Keeping them
//!
//! [`Sealable`](crate::credential::Sealable) is a whole credential as bytes, for you to encrypt with a key that is not
//! beside it. The source asks your [`CredentialStore`](crate::credential::CredentialStore) at every connect, so that a
//! rotated password takes effect with the next run, and a credential serves only those that it is shared with:
//!
//! ```
//! use ldap_inventory::credential::{Credential, CredentialStore, Sealable};
//! use ldap_inventory::store::MemoryCredentialStore;
//! use ldap_inventory::value::Secret;
//! use ldap_inventory::{ErrorKind, Result};
//!
//! # fn encrypted(plain: &[u8]) -> Vec<u8> { plain.iter().rev().copied().collect() }
//! # fn decrypted(sealed: &[u8]) -> Vec<u8> { encrypted(sealed) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let credential = Credential::new("reader".parse()?, r"CORP\reader", Secret::new("correct horse"))
//!     .with_server("dc1.corp.example".parse()?)
//!     .shared_with("acme".parse()?);
//! let sealed = encrypted(Sealable::of(&credential).as_bytes());
//! let credential = Sealable::from_bytes(decrypted(&sealed)).credential()?;
//!
//! let store = MemoryCredentialStore::from_iter([credential]);
//! assert!(store.credential(&"reader".parse()?, &"acme".parse()?).await?.is_some());
//! let refused = store.credential(&"reader".parse()?, &"other".parse()?).await.unwrap_err();
//! assert_eq!(refused.kind(), ErrorKind::CredentialNotShared);
//! # Ok(())
//! # }
//! ```
//!
//! A password that was refused is sent once: rotate it in the directory and in the store before the next run is due, or
//! skip that run. What is worth a night's sleep: the [kinds of error](super::operating) that ask for you.
