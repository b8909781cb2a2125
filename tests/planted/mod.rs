//! Faults planted in implementations: the contract suites must catch every one of them.

mod credentials;
mod fault;
mod repository;
mod rows;
mod sabotaged;
mod source;

use std::fmt::Debug;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// Says so if a suite passes, or fails for other reasons than the case that has to catch a fault.
async fn missed(suite: impl Future<Output = ()>, case: &str, fault: impl Debug) -> Option<String> {
    let report = match AssertUnwindSafe(suite).catch_unwind().await {
        Ok(()) => String::new(),
        Err(panic) => *panic.downcast::<String>().expect("a suite panics with its report"),
    };
    let is_caught = report.contains(&format!("\n{case}: "));
    let others: Vec<&str> = report.lines().filter_map(|line| line.split(": ").next()).collect();
    (!is_caught).then(|| format!("{fault:?} gets past {case}; what fails: {others:?}"))
}
