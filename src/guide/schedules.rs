//! When runs happen: schedules, time zones, daylight saving, and runs that were missed.
//!
//! Nothing here starts by itself. [`sync`](crate::sync::sync) is called by whatever your program has: a loop, a queue of
//! jobs, `cron`. Whoever has no calendar yet takes [`Schedule`](crate::schedule::Schedule) (feature `schedule`): it knows
//! no clock and no thread, so that a test hands in any time there is. (`examples/scheduler` is a program of it, for
//! several directories.)
//!
//! # A loop
//!
//! ```
//! use ldap_inventory::asset::AssetRepository;
//! use ldap_inventory::schedule::{Due, Recurrence, Schedule, Unit};
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::sync::{SyncOptions, sync};
//! use ldap_inventory::task::SyncTask;
//! use ldap_inventory::testing::{MockDirectory, MockRecord};
//! use ldap_inventory::value::{SourceId, Timestamp};
//! # use ldap_inventory::value::RunId;
//!
//! /// When the task last began, by what the inventory has on record: whatever came of it, and on whichever host.
//! async fn last_run(inventory: &dyn AssetRepository, task: &SyncTask) -> ldap_inventory::Result<Option<Timestamp>> {
//!     let runs = inventory.runs(&task.organization, &task.source, 100).await?;
//!     Ok(runs.iter().find(|run| run.task == task.name).map(|run| run.started))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let source = SourceId::new("ldap", "corp.example")?;
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! # let directory = MockDirectory::new([MockRecord::computer("WEB1")]);
//! # let inventory = MemoryRepository::new();
//! # let mut clock: Timestamp = "2026-01-02T01:00:00Z".parse()?;
//! # let mut begun = Vec::new();
//! # let day = std::time::Duration::from_secs(86_400 / 4);
//! let nightly = Schedule::new("2026-01-02T02:30".parse()?, Recurrence::every(1, Unit::Days)?)
//!     .with_time_zone("Europe/Berlin")?;
//! # let mut turns = 0;
//! let mut last = last_run(&inventory, &task).await?;
//! loop {
//!     # /*
//!     let now = Timestamp::now();
//!     # */
//!     # let now = clock;
//!     # turns += 1;
//!     # if turns > 9 { break; }
//!     match nightly.due(now, last) {
//!         Due::Since(_) => {
//!             // Noted before it runs: one that fails is not repeated until the next time.
//!             last = Some(now);
//!             # begun.push(now.to_string());
//!             # let options = SyncOptions::new().with_run(RunId::random_v7(), now);
//!             # /*
//!             let options = SyncOptions::new();
//!             # */
//!             if let Err(error) = sync(&task, &directory, &inventory, &options).await {
//!                 eprintln!("{}", error.report());
//!             }
//!         }
//!         Due::Over => break,
//!         // Asking is cheap. One long sleep until the next time would miss a clock that is set, and a machine that sleeps.
//!         # _ => clock = clock.checked_add(day).unwrap(),
//!         # /*
//!         _ => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
//!         # */
//!     }
//! }
//! # assert_eq!(begun, ["2026-01-02T07:00:00Z", "2026-01-03T07:00:00Z"]);
//! # assert_eq!(last_run(&inventory, &task).await?, last);
//! # Ok(())
//! # }
//! ```
//!
//! # Whose clock
//!
//! Days, weeks and months are read off the calendar of the time zone, minutes and hours are time that passes. What is
//! shown twice when the clock goes back happens the first time, and what is skipped when it goes forward happens right
//! after the gap; a 31st is the last day of a shorter month:
//!
//! ```
//! use ldap_inventory::schedule::{Recurrence, Schedule, Unit};
//!
//! # fn main() -> ldap_inventory::Result<()> {
//! let times = |start: &str, count, unit, after: &str| -> ldap_inventory::Result<Vec<String>> {
//!     let schedule = Schedule::new(start.parse()?, Recurrence::every(count, unit)?);
//!     let schedule = schedule.with_time_zone("Europe/Berlin")?;
//!     Ok(schedule.upcoming(after.parse()?).take(3).map(|time| time.to_string()).collect())
//! };
//!
//! // 29 March 2026: 02:30 is not there. It happens at 03:00, and at 02:30 again the day after.
//! let spring = times("2026-01-02T02:30", 1, Unit::Days, "2026-03-28T00:00:00Z")?;
//! assert_eq!(spring, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
//!
//! // 25 October 2026: 02:30 is there twice, and one run is enough.
//! let autumn = times("2026-01-02T02:30", 1, Unit::Days, "2026-10-24T00:00:00Z")?;
//! assert_eq!(autumn, ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
//!
//! // Every 24 hours is another thing: the clock on the wall shows an hour later in summer.
//! let hours = times("2026-03-28T02:30", 24, Unit::Hours, "2026-03-28T00:00:00Z")?;
//! assert_eq!(hours, ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T01:30:00Z"]);
//!
//! let months = times("2026-01-31T12:00", 1, Unit::Months, "2026-02-01T00:00:00Z")?;
//! assert_eq!(months, ["2026-02-28T11:00:00Z", "2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z"]);
//! # Ok(())
//! # }
//! ```
//!
//! The zone is one of the IANA database: the system's, or else the one that this crate was built with. Keep the schedule
//! (`serde`), and not the next time: the rules of zones change.
//!
//! # Runs that were missed
//!
//! One run makes up for all times that passed while nobody asked, however late: an inventory that is late is better than
//! one that is old. With a [grace](crate::schedule::Schedule::with_grace) a run that cannot begin soon enough is skipped,
//! for directories that must not be read in working hours. A clock that was set back runs nothing twice:
//!
//! ```
//! use std::time::Duration;
//!
//! use ldap_inventory::schedule::{Due, Recurrence, Schedule, Unit};
//!
//! # fn main() -> ldap_inventory::Result<()> {
//! let nightly = Schedule::new("2026-01-02T02:30".parse()?, Recurrence::every(1, Unit::Days)?);
//! let (friday, monday) = ("2026-01-09T02:30:00Z".parse()?, "2026-01-12T08:00:00Z".parse()?);
//!
//! // The machine was off over the weekend: one run, for the latest of the times.
//! assert_eq!(nightly.due(monday, Some(friday)), Due::Since("2026-01-12T02:30:00Z".parse()?));
//!
//! let at_night = nightly.clone().with_grace(Duration::from_secs(2 * 3600))?;
//! let (at, next) = ("2026-01-12T02:30:00Z".parse()?, Some("2026-01-13T02:30:00Z".parse()?));
//! assert_eq!(at_night.due(monday, Some(friday)), Due::Missed { at, next });
//!
//! // Somebody set the clock back by three days, and the run of Monday has been.
//! assert!(matches!(nightly.due(friday, Some(monday)), Due::ClockBehind { .. }));
//! # Ok(())
//! # }
//! ```
//!
//! # Several tasks, several hosts
//!
//! - Runs of one source take turns by its [lease](crate::asset::AssetRepository::acquire_lease): whoever comes second gets
//!   [`ErrorKind::Lease`](crate::ErrorKind::Lease), which is expected to pass
//!   ([`Retry::Transient`](crate::Retry::Transient)). Ask again, or leave it to the next time. So a schedule may live on
//!   several hosts over one store, and nothing runs twice at once.
//! - Runs of different sources may run at once.
//! - How often a task runs is up to what it costs ([`scaling`](super::scaling)). How often everything is read, and how
//!   often it is made sure what is still there, are [settings of the task](crate::task::SyncTask::full_read_every), counted
//!   in time and not in runs. [`Grace`](crate::task::Grace) counts complete reads unless it is told otherwise: whoever reads
//!   every few minutes gives it a time as well.
