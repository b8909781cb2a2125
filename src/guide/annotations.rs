//! What people say of assets.
//!
//! Owner, tags, a comment, how critical it is: said by [`Curation::annotate`](crate::curation::Curation::annotate),
//! which shows an example, found by queries (`owner:jane`, `tag:pci`), kept whatever is read later, and taken along by
//! merges and back by their undoing. [`preview_annotations`](crate::curation::Curation::preview_annotations) tells what
//! would change. What has no field of its own, such as a cost centre, a host
//! [contributes](super::own_store#rows-that-you-have-already).
//!
//! Decisions are another thing: [`link`](crate::curation::Curation::link),
//! [`separate`](crate::curation::Curation::separate) and [`settle`](crate::curation::Curation::settle) say which asset
//! a computer is, [`merge`](crate::curation::Curation::merge) that several assets are one. They hold at once, outrank
//! every rule, and leave no trace when they are taken back:
//!
//! ```
//! use ldap_inventory::asset::{AssetRepository, Batch, Change, CommitOutcome};
//! use ldap_inventory::curation::{Author, Curation};
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::testing::MockRecord;
//! use ldap_inventory::value::{BatchId, SourceId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! let inventory = MemoryRepository::new();
//! let assets = [MockRecord::scanned(1, ["web1"]), MockRecord::scanned(2, ["web1.corp.example"])];
//! let [one, other] = [assets[0].id, assets[1].id];
//! let batch = Batch::new(BatchId::random_v7(), "acme".parse()?, SourceId::new("scan", "hq")?);
//! assert_eq!(inventory.commit(batch.with_changes(assets.map(Change::create))).await?, CommitOutcome::Applied);
//!
//! let curation = Curation::new(&inventory, "acme".parse()?);
//! let anna = Author::new("anna").because("the same rack");
//! let merged = curation.merge(&[one, other], &anna).await?;
//! // An id that was merged away leads to the survivor.
//! assert_eq!(curation.resolve(&[other]).await?[&other].id, one);
//! curation.unmerge(merged.id, &anna).await?;
//! assert_eq!(curation.resolve(&[other]).await?[&other].id, other);
//! # Ok(())
//! # }
//! ```
//!
//! Who said what, when and why is in the [history](crate::curation::Curation::history).
