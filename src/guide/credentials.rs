//! Accounts, pins, certificates, and keeping them.
//!
//! # Least rights
//!
//! An account that may log on and is in no group but `Domain Users` reads everything that this crate asks for. Do not
//! give it more: what it cannot see is [not concluded from](super::deltas). It needs no right to replicate, and none to
//! read deleted objects. Deny it interactive logon and logon from the network to anything but domain controllers, and let
//! one program have one account: who reads is part of what a read concludes.
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
//! # Another certificate of the server
//!
//! Several pins for one address are alternatives, and so are several authorities. That is the overlap:
//!
//! 1. *Obtain* the new certificate before it is shown: from whoever issues it, with
//!    `openssl x509 -in new.pem -noout -fingerprint -sha256`. A [pin](crate::credential::Thumbprint) takes the
//!    fingerprint in hexadecimal, too.
//! 2. *Add* its pin beside the old one, for each address of the server. With authorities instead of pins: add the new
//!    authority ([`CaCertificate::parse_all`](crate::credential::CaCertificate::parse_all) reads a bundle of both).
//! 3. *Renew* it on the server. Runs go on.
//! 4. *Take the old one away* once a run has met the new one: its
//!    [report](crate::directory::ServerIdentity::thumbprint) says which certificate was shown.
//!
//! ```
//! # use std::sync::Arc;
//! # use ldap_inventory::ErrorKind;
//! use ldap_inventory::credential::{Credential, Thumbprint};
//! # use ldap_inventory::ldap::LdapSource;
//! # use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
//! # use ldap_inventory::value::{Secret, SourceId};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let domain = TestDirectory::generated(7, 5, 3, 1);
//! # domain.write().add_account("svc-inventory", "correct horse")?;
//! # let new = || ServerTls::self_signed(&["dc1.corp.example.test"]);
//! # let (renewed, another) = (new()?, new()?);
//! # let server = TestServer::builder(&domain).with_ldaps(new()?).start().await?;
//! # let old: Thumbprint = server.thumbprint().unwrap().parse()?;
//! # let fingerprint = renewed.thumbprint();
//! # let (inventory, source) = (MemoryRepository::new(), SourceId::new("ldap", "corp.example.test")?);
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! # let credential = |pins: Vec<Thumbprint>| -> ldap_inventory::Result<Credential> {
//! #     let account = "svc-inventory@corp.example.test";
//! #     let credential = Credential::new("reader".parse()?, account, Secret::new("correct horse"))
//! #         .with_server(server.url().parse()?)
//! #         .shared_with("acme".parse()?);
//! #     Ok(credential.with_thumbprints(pins))
//! # };
//! # let store = Arc::new(MemoryCredentialStore::new());
//! # let directory = LdapSource::new(Arc::clone(&store) as Arc<_>);
//! # let run = async || sync(&task, &directory, &inventory, &SyncOptions::new()).await;
//! # store.insert(credential(vec![old])?);
//! # run().await?;
//! let new = Thumbprint::parse(&format!("{}={fingerprint}", old.address()))?;
//! store.insert(credential(vec![old, new])?);
//! assert_eq!(run().await?.server.thumbprint, Some(old.to_string()));
//! # server.set_tls(renewed)?;
//! // The administrator renews it.
//! assert_eq!(run().await?.server.thumbprint, Some(new.to_string()));
//! store.insert(credential(vec![new])?);
//! # run().await?;
//! # server.set_tls(another)?;
//!
//! // One that nobody announced: the run ends before it has sent anything.
//! assert_eq!(run().await.unwrap_err().kind(), ErrorKind::CertificatePin);
//! # assert_eq!(server.bind_requests(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! # Another password
//!
//! A directory knows one password of an account, so there is no overlap: change it in the directory and in your store in
//! one go, between two runs. The store is asked at every connect. A run that comes in between sends the old one once, is
//! refused ([`ErrorKind::BindRefused`](crate::ErrorKind::BindRefused)), and sends it no second time. Do not rotate by two
//! accounts in turn: another account is another pair of eyes, so that what the former one saw
//! [stays as it was](super::deltas) until [`takes_over`](crate::sync::SyncOptions::takes_over) is set for a run.
//!
//! # Without a password
//!
//! [`SignIn::external`](crate::credential::SignIn::external) signs in by a client certificate, over LDAPS and StartTLS:
//!
//! 1. *Obtain* a key and a certificate for client authentication, from an authority that the domain controllers trust. The
//!    key is PEM and not encrypted; it never leaves your machine, and is as good as a password.
//! 2. *Map* it to the account in the directory: how, and how strictly, is the directory's matter. It must be a mapping of
//!    this certificate, or of its issuer and subject.
//! 3. *Rotate* with an overlap: issue the next one before the first expires, under the same subject and by the same
//!    authority, map it as well, put it into your store, and take the old mapping away after the next run. It is the same
//!    account then. With another subject or another authority it is another one, as above.
//!
//! What a directory has against a certificate, or that it asks for none, is told in its own sentence; one that has expired
//! and a key of another certificate are refused before anything is sent.
//!
//! # Keeping them
//!
//! [`Sealable`](crate::credential::Sealable) is a whole credential as bytes, for you to encrypt with a key that is not
//! beside it: by an authenticated cipher, with the credential's id as associated data, so that nobody puts one in the
//! place of another. Its bytes have the password in the clear; they are wiped when it is dropped, so encrypt from where
//! they are. What an earlier version sealed can be read. To rotate *your* key, read each and seal it anew. The source asks
//! your [`CredentialStore`](crate::credential::CredentialStore) at every connect, so that a rotated password takes effect
//! with the next run, and a credential serves only those that it is shared with:
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
//! What is worth a night's sleep: the [kinds of error](super::operating) that ask for you.
