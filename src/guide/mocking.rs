//! Six tests of a program that uses this crate, without a network.
//!
//! The program below runs once a night and says in a word what came of it. Its tests use
//! [`MockDirectory`](crate::testing::MockDirectory), which ends as it is told to,
//! [`MockRecord`](crate::testing::MockRecord), which makes objects and assets in a line, and the memory store. The
//! clock is [`SyncOptions::with_run`](crate::sync::SyncOptions::with_run), and Tokio's where time has to pass.
//!
//! ```
//! use ldap_inventory::asset::{AssetRepository, Batch, Change, CommitOutcome};
//! use ldap_inventory::directory::DirectorySource;
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::sync::{SyncOptions, sync};
//! use ldap_inventory::task::SyncTask;
//! use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory, MockEnding, MockRecord};
//! use ldap_inventory::value::{BatchId, SourceId};
//! use ldap_inventory::{ErrorKind, Result};
//!
//! /// The program.
//! async fn nightly(directory: &dyn DirectorySource, inventory: &dyn AssetRepository) -> Result<String> {
//!     let (source, acme) = (SourceId::new("ldap", "corp.example")?, "acme".parse()?);
//!     let task = SyncTask::new("nightly", acme, "hq".parse()?, source, "reader".parse()?);
//!     let report = sync(&task, directory, inventory, &SyncOptions::new()).await?;
//!     let (it, how) = (report.computers, if report.complete { "complete" } else { "incomplete" });
//!     Ok(format!("{how}: {} new, {} matched, {} missing", it.created, it.matched, it.missing))
//! }
//!
//! fn computers() -> [MockRecord; 2] {
//!     ["WEB1", "DB1"].map(MockRecord::computer)
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn what_a_scanner_found_is_matched() -> Result<()> {
//!     let inventory = MemoryRepository::new();
//!     let asset = MockRecord::scanned(1, ["web1.corp.example"]);
//!     let batch = Batch::new(BatchId::random_v7(), "acme".parse()?, SourceId::new("scan", "hq")?);
//!     assert_eq!(inventory.commit(batch.with_changes([Change::create(asset)])).await?, CommitOutcome::Applied);
//!     let said = nightly(&MockDirectory::new(computers()), &inventory).await?;
//!     assert_eq!(said, "complete: 1 new, 1 matched, 0 missing");
//!     Ok(())
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn what_is_not_there_any_more_is_missing() -> Result<()> {
//!     let (inventory, [web, _]) = (MemoryRepository::new(), computers());
//!     let directory = MockDirectory::new(computers()).then([web]);
//!     nightly(&directory, &inventory).await?;
//!     assert_eq!(nightly(&directory, &inventory).await?, "complete: 0 new, 1 matched, 1 missing");
//!     directory.assert_reads(2);
//!     Ok(())
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn a_read_that_breaks_off_takes_nothing_away() -> Result<()> {
//!     let inventory = MemoryRepository::new();
//!     let cut = MockEnding::Incomplete { pages: 1, kind: ErrorKind::Disconnected };
//!     let directory = MockDirectory::new(computers()).with_page_size(1).then(computers()).ending(cut);
//!     nightly(&directory, &inventory).await?;
//!     assert_eq!(nightly(&directory, &inventory).await?, "incomplete: 0 new, 1 matched, 0 missing");
//!     Ok(())
//! }
//!
//! # /*
//! #[tokio::test(start_paused = true)]
//! # */
//! async fn a_server_that_falls_silent_is_given_up() -> Result<()> {
//!     let directory = MockDirectory::new(computers()).ending(MockEnding::Stalled { pages: 0 });
//!     assert!(nightly(&directory, &MemoryRepository::new()).await?.starts_with("incomplete: 0 new"));
//!     Ok(())
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn a_refused_password_is_an_error_and_not_tried_again() {
//!     let directory = MockDirectory::new(computers()).ending(MockEnding::Refused(ErrorKind::BindRefused));
//!     let error = nightly(&directory, &MemoryRepository::new()).await.unwrap_err();
//!     assert_eq!(error.kind(), ErrorKind::BindRefused);
//!     directory.assert_reads(1);
//! }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn a_commit_whose_answer_was_lost_is_not_done_twice() -> Result<()> {
//!     let directory = || MockDirectory::new(computers());
//!     let counting = FaultPlan::new();
//!     nightly(&directory(), &Faulty::new(MemoryRepository::new(), &counting)).await?;
//!     let commit = counting.calls().iter().position(|call| *call == "commit").unwrap();
//!     let plan = FaultPlan::new().with(commit, CallFault::AnswerLost);
//!     let inventory = Faulty::new(MemoryRepository::new(), &plan);
//!     assert_eq!(nightly(&directory(), &inventory).await?, "complete: 2 new, 0 matched, 0 missing");
//!     Ok(())
//! }
//! # let paused = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
//! # paused().unwrap().block_on(async {
//! # what_a_scanner_found_is_matched().await.unwrap();
//! # what_is_not_there_any_more_is_missing().await.unwrap();
//! # a_read_that_breaks_off_takes_nothing_away().await.unwrap();
//! # a_server_that_falls_silent_is_given_up().await.unwrap();
//! # a_refused_password_is_an_error_and_not_tried_again().await;
//! # a_commit_whose_answer_was_lost_is_not_done_twice().await.unwrap();
//! # });
//! ```
//!
//! Where the wire itself is in question, `testing::TestServer` is a domain controller in the test's own process. What a
//! store or a source of your own must do is checked by the suites of [`testing::contract`](crate::testing::contract).
