//! A first sync: a directory, an inventory, a run.
//!
//! A run takes four things: a [`Credential`](crate::credential::Credential) for the account that reads, a
//! [`DirectorySource`](crate::directory::DirectorySource) that reads with it, a place for the inventory
//! ([`AssetRepository`](crate::asset::AssetRepository)), and a [`SyncTask`](crate::task::SyncTask) that says what is
//! read for whom. An ordinary account will do. The domain below is served within the test, by `testing::TestServer`,
//! over LDAPS with a certificate that nobody signed; so it is pinned.
//!
//! ```
//! use std::sync::Arc;
//!
//! use ldap_inventory::asset::{AssetRepository, SearchRequest};
//! use ldap_inventory::credential::Credential;
//! use ldap_inventory::ldap::LdapSource;
//! use ldap_inventory::query::Query;
//! use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
//! use ldap_inventory::sync::{SyncOptions, sync};
//! use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
//! use ldap_inventory::value::{Secret, SourceId, Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let domain = TestDirectory::generated(7, 30, 10, 3);
//! # domain.write().add_account("svc-inventory", "correct horse")?;
//! # let tls = ServerTls::self_signed(&["dc1.corp.example.test"])?;
//! # let server = TestServer::builder(&domain).with_ldaps(tls).start().await?;
//! # let (url, pin, password) = (server.url(), server.thumbprint().unwrap(), "correct horse");
//! let account = "svc-inventory@corp.example.test";
//! let credential = Credential::new("reader".parse()?, account, Secret::new(password))
//!     .with_server(url.parse()?)
//!     .with_thumbprint(pin.parse()?)
//!     .shared_with("acme".parse()?);
//! let directory = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
//! let inventory = MemoryRepository::new();
//!
//! let source = SourceId::new("ldap", "corp.example.test")?;
//! let (organization, site) = ("acme".parse()?, "hq".parse()?);
//! let task = SyncTask::new("Head office", organization, site, source, "reader".parse()?);
//!
//! // First look: everything is worked out, nothing is written.
//! let looking = SyncOptions::new().with_dry_run(true).with_explain(true);
//! let report = sync(&task, &directory, &inventory, &looking).await?;
//! assert!(report.complete && report.dry_run);
//! for decision in report.decisions.iter().flatten().take(3) {
//!     println!("{}: {}, since {}", decision.name, decision.verdict, decision.reason());
//! }
//!
//! // Then write, and once more: what did not change is not written again.
//! let first = sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//! let second = sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//! assert!(first.computers.created > 0);
//! assert_eq!((second.computers.created, second.computers.updated), (0, 0));
//!
//! // What people ask for.
//! let query = Query::parse("source:ldap os:windows").unwrap();
//! let search = SearchRequest::new("acme".parse()?, query, Timestamp::now());
//! let found = inventory.search_assets(search).await?;
//! assert!(!found.records.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! What the [report](crate::sync::SyncReport) says comes in this order of importance: whether the read was
//! [complete](crate::sync::SyncReport::complete), what was [lost](crate::sync::SyncReport::lost), how many computers
//! [wait for a person](crate::sync::ComputerCounts::ambiguous), and the [warnings](crate::sync::SyncReport::warnings).
//!
//! Next: keep it in a file (`store::SqliteRepository`, feature `sqlite`) or a database (`store::PostgresRepository`),
//! or [in your own tables](super::own_store).
