//! The integration tests, one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    missing_docs
)]

mod addresses;
mod annotating;
mod cases;
mod changing;
mod command_line;
mod companies;
mod contracts;
mod contributing;
mod curation;
mod deciding;
mod deltas;
mod domains;
mod external;
mod faults;
mod features;
mod floors;
mod following;
mod forests;
mod fuzzing;
mod guide;
mod importing;
mod ldif;
mod leases;
mod lives;
mod locate;
mod mock;
mod packaging;
mod planted;
mod reader;
mod renaming;
mod retention;
mod road;
mod rows;
mod searching;
mod sessions;
mod settling;
mod stores;
mod sync;
mod taking_back;
mod threads;
mod threats;
