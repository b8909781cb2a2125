//! What changed, for other systems: a ticket for each new server, a firewall that follows the addresses, a mirror.
//!
//! Every commit tells what it changed, as [`Event`](crate::asset::Event)s: assets that are new, changed, removed or part of
//! others, objects that directories have, miss or have again, what people decided, runs that ended. They are written with
//! the commit itself, so a process that dies at any moment loses none and tells none twice, and
//! [`events_since`](crate::asset::AssetRepository::events_since) brings them in order. Whoever follows keeps a cursor.
//!
//! # A webhook
//!
//! ```
//! use ldap_inventory::asset::{
//!     Asset, AssetRepository, Batch, Change, CommitOutcome, EventKind,
//! };
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
//!
//! /// Posts what is new since the last time, and returns the cursor to be kept. What was posted while the program died
//! /// is posted again, so the other end should know an event by its cursor.
//! async fn post(
//!     inventory: &dyn AssetRepository,
//!     organization: &OrganizationId,
//!     mut cursor: Option<String>,
//!     mut send: impl FnMut(String),
//! ) -> ldap_inventory::Result<Option<String>> {
//!     loop {
//!         let events = inventory.events_since(organization, cursor.as_deref(), 100).await?;
//!         let Some(last) = events.last() else { return Ok(cursor) };
//!         cursor = Some(last.cursor.clone());
//!         for event in &events {
//!             if matches!(event.kind, EventKind::AssetCreated { .. }) {
//!                 send(serde_json::to_string(event).expect("an event is JSON"));
//!             }
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! let (inventory, acme) = (MemoryRepository::new(), OrganizationId::new("acme")?);
//! let asset = Asset::new(AssetId::random_v7(), acme.clone(), "hq".parse()?);
//! let batch = Batch::new(BatchId::random_v7(), acme.clone(), SourceId::new("scan", "hq")?);
//! assert_eq!(inventory.commit(batch.with_changes([Change::create(asset)])).await?, CommitOutcome::Applied);
//!
//! let mut posted = Vec::new();
//! let cursor = post(&inventory, &acme, None, |json| posted.push(json)).await?;
//! assert!(posted[0].contains("\"event\":\"asset_created\""));
//! let cursor = post(&inventory, &acme, cursor, |json| posted.push(json)).await?;
//! assert_eq!((posted.len(), cursor.is_some()), (1, true));
//! # Ok(())
//! # }
//! ```
//!
//! # A mirror
//!
//! An event on an asset has the asset's names, and whose records it has, after it: whoever takes the latest of each has them
//! all. For anything else read the asset by its id. It may be newer by then than the event says: either the events that
//! tell why are on their way, or nothing is new beside when a source saw it, of which no event tells.
//!
//! To begin in the middle, or anew: ask where the events [end](crate::asset::AssetRepository::events_end), read the
//! inventory, and follow from there. What is told twice on the way does no harm.
//!
//! # What is kept
//!
//! What users and groups are called and who is in them is not told, only that directories have them, miss them or have
//! them again. Programs of a version that told nothing have to be stopped before one that does opens the inventory.
//!
//! Nothing is taken away unless the host says so:
//! [`prune_events`](crate::asset::AssetRepository::prune_events) up to the cursor of the slowest, or what is older than a
//! month. Whoever comes later from before that gets
//! [`ErrorKind::Outdated`](crate::ErrorKind::Outdated), never a gap, and begins anew. So does whoever comes with a cursor of
//! before a backup was restored, as long as fewer events were told since: after a restore let everybody begin anew.
//!
//! A store of a host's own that keeps no events says so
//! ([`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported)); one that keeps them writes what
//! [`Batch::events`](crate::asset::Batch::events) says in its transaction, and the contract suite checks it.
