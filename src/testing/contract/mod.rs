//! Contract suites: one call each checks that an implementation keeps what its trait promises.
//!
//! Each suite takes a builder, so that every case gets an implementation of its own. The builder returns a
//! guard beside it that lives as long as the case: a temporary directory, a server.
//!
//! ```
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::testing::contract;
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! contract::asset_repository(|| async { ((), MemoryRepository::new()) }).await;
//! # });
//! ```
//!
//! A suite runs all of its cases, and then panics with the names of those that failed and why. Cases may
//! be added in any version: a store that kept its contract passes them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a contract suite is a test: it reports by panicking"
)]

mod asset_repository;
mod credential_store;
mod directory_source;
mod rows;

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

pub use self::asset_repository::asset_repository;
pub use self::credential_store::credential_store;
pub use self::directory_source::directory_source;
pub use self::rows::rows;
use crate::Result;

/// Names each case after its function. A function that is in no table is an unused one, which the
/// compiler reports.
macro_rules! cases {
    ($($case:path),+ $(,)?) => { &[$((stringify!($case), |subject| Box::pin($case(subject)))),+] };
}
use cases;

/// What became of the cases of one suite.
struct Suite {
    name: &'static str,
    ran: usize,
    failures: Vec<String>,
}

impl Suite {
    fn new(name: &'static str) -> Self {
        Self { name, ran: 0, failures: Vec::new() }
    }

    async fn run(&mut self, case: &str, outcome: impl Future<Output = Result<()>>) {
        self.ran += 1;
        let failure = match AssertUnwindSafe(outcome).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.report(),
            Err(panic) => text_of(&*panic),
        };
        self.failures.push(format!("{case}: {failure}"));
    }

    fn finish(self) {
        let Self { name, ran, failures } = self;
        let count = failures.len();
        assert!(count == 0, "{name}: {count} of {ran} cases failed\n{}", failures.join("\n"));
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};

    #[tokio::test]
    async fn a_failure_names_its_case() {
        let mut suite = Suite::new("suite");
        suite.run("sound", async { Ok(()) }).await;
        suite.run("wrong", async { panic!("3 is not 4") }).await;
        suite.run("broken", async { Err(Error::new(ErrorKind::Store, "no disk")) }).await;
        assert_eq!(suite.failures, ["wrong: 3 is not 4", "broken: no disk"]);
        assert_eq!(suite.ran, 3);
    }
}
