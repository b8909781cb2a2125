//! The cases of a suite, one after the other, and what became of them.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::Result;

/// Names each case after its function. A function that is in no table is an unused one, which the
/// compiler reports.
macro_rules! cases {
    ($($case:path),+ $(,)?) => { &[$((stringify!($case), |subject| Box::pin($case(subject)))),+] };
}
pub(super) use cases;

/// What became of the cases of one suite.
pub(super) struct Suite {
    name: &'static str,
    ran: usize,
    failures: Vec<String>,
}

impl Suite {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, ran: 0, failures: Vec::new() }
    }

    pub(super) async fn run(&mut self, case: &str, outcome: impl Future<Output = Result<()>>) {
        self.ran += 1;
        let failure = match AssertUnwindSafe(outcome).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.report(),
            Err(panic) => text_of(&*panic),
        };
        self.failures.push(format!("{case}: {failure}"));
    }

    pub(super) fn finish(self) {
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
