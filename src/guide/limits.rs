//! Runs that stop themselves, and how to confirm them.
//!
//! A run that would change more than [`ChangeLimits`](crate::task::ChangeLimits) lets pass stops before its first
//! write. The error has the plan: who would be lost, by name, and a [confirmation](crate::sync::Confirmation) that lets
//! this loss through once, and no other.
//!
//! ```
//! use ldap_inventory::ErrorKind;
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::sync::{Stopped, SyncOptions, sync};
//! use ldap_inventory::task::SyncTask;
//! use ldap_inventory::testing::{MockDirectory, MockRecord};
//! use ldap_inventory::value::SourceId;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let source = SourceId::new("ldap", "corp.example")?;
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! # let inventory = MemoryRepository::new();
//! let computer = |n: usize| MockRecord::computer(&format!("PC{n}"));
//! let directory = MockDirectory::new((0..20).map(computer));
//! sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//!
//! // Somebody renamed an OU, and the task looks below the old name.
//! directory.set_objects((0..10).map(computer));
//! let error = sync(&task, &directory, &inventory, &SyncOptions::new()).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::LimitsExceeded);
//! let stopped = Stopped::of(&error).unwrap();
//! let brake = stopped.plan.report.brake.as_ref().unwrap();
//! assert_eq!(stopped.plan.report.lost.len(), 10);
//! println!("{}", brake.exceeded[0]);
//!
//! // It was meant to be so: a person has looked, and confirms this very loss.
//! let confirmed = SyncOptions::new().with_confirmation(Some(brake.confirmation));
//! let report = sync(&task, &directory, &inventory, &confirmed).await?;
//! assert_eq!(report.computers.missing, 10);
//! # Ok(())
//! # }
//! ```
//!
//! A [plan](crate::sync::plan) can also be kept, shown to somebody, and [applied](crate::sync::MergePlan::apply) later:
//! it drops what does not hold any more, and never adds anything.
//!
//! What a *server* may send is limited apart from that, by [`LdapLimits`](crate::ldap::LdapLimits), and what is held of
//! it by [`memory_bytes`](crate::sync::SyncOptions::memory_bytes). Reaching one of these is an incomplete read, and
//! removes nothing.
