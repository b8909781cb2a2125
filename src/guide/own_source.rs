//! An export, a table or an API in place of LDAP.
//!
//! An export in LDIF is one already: `ldap::LdifSource` (feature `ldif`). Its documentation says how to make one, and
//! when it counts as whole. From a domain, with an ordinary account:
//!
//! ```text
//! ldapsearch -x -H ldaps://dc1.corp.example -D reader@corp.example -W -E pr=1000/noprompt \
//!     -b DC=corp,DC=example '(|(objectClass=user)(objectClass=group))' '*' memberOf > corp.ldif
//! ldifde -f corp.ldif -d DC=corp,DC=example
//! ```
//!
//! The domain's NetBIOS name and the other domains of the forest stand elsewhere: below
//! `CN=Partitions,CN=Configuration` of the forest's root. A second search there for `(objectClass=crossRef)`, appended to
//! the file, tells them; of two searches no file shows that it is whole, so say it yourself.
//!
//! For anything else implement [`DirectorySource`](crate::directory::DirectorySource): one method, which returns a
//! stream of pages and an end. The end decides what a run may conclude, so be careful what you promise in it:
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddr};
//!
//! use async_trait::async_trait;
//! use futures::StreamExt;
//! use futures::stream::{self, BoxStream};
//! use ldap_inventory::Result;
//! use ldap_inventory::directory::{
//!     DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadEnd, ReadRequest, ReadScope,
//!     ServerIdentity, Transport, Verification,
//! };
//! use ldap_inventory::value::{ObjectGuid, ObjectKind};
//!
//! /// Computers from some API, by its number for each, and by name.
//! #[derive(Debug)]
//! struct Machines(Vec<(u8, &'static str)>);
//!
//! #[async_trait]
//! impl DirectorySource for Machines {
//!     async fn read(&self, _: ReadRequest) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
//!         let mut page = Page::default();
//!         for (number, name) in &self.0 {
//!             let dn = format!("CN={name},OU=Machines,O=acme").parse()?;
//!             // What the API knows a machine by, and keeps when it is renamed.
//!             let guid = ObjectGuid::from_bytes([*number; 16]);
//!             let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn);
//!             computer.attributes = [("dNSHostName", *name)].into_iter().collect();
//!             page.objects.push(computer);
//!         }
//!         // Everything below O=acme, as whoever has this key sees it: what is known there and did not come is missing.
//!         let scope = ReadScope::of_account(["machines", "key 1"], ["O=acme".parse()?]);
//!         let nobody = ServerIdentity::at(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
//!         let end = ReadEnd::complete(scope, Transport::Ldap, Verification::Nothing, nobody);
//!         let events = [DirectoryEvent::Page(page), DirectoryEvent::End(Box::new(end))];
//!         Ok(stream::iter(events.map(Ok)).boxed())
//!     }
//! }
//! # use ldap_inventory::store::MemoryRepository;
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::value::SourceId;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! # let source = SourceId::new("machines", "acme")?;
//! # let task = SyncTask::new("m", "acme".parse()?, "hq".parse()?, source, "none".parse()?);
//! # let inventory = MemoryRepository::new();
//! # let run = async |machines| sync(&task, &Machines(machines), &inventory, &SyncOptions::new()).await;
//! # assert_eq!(run(vec![(1, "a.acme.example"), (2, "b.acme.example")]).await?.computers.created, 2);
//! # let later = run(vec![(2, "b.acme.example")]).await?;
//! # assert_eq!((later.computers.missing, later.computers.created), (1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! If not everything came, say so by [`ReadEnd::broken_off`](crate::directory::ReadEnd::broken_off), or let the stream
//! stop without an end. A scanner that knows no objectGUID is no directory: [import](crate::curation::Curation::import)
//! what it found, or [contribute](crate::curation::Curation::contribute) what you know of one asset.
