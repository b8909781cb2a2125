//! The pool that the host brings, and what is tried again over it.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::tokio_postgres::Row;
use deadpool_postgres::tokio_postgres::types::ToSql;
use deadpool_postgres::{Client, Pool};

use super::failure::Outcome;
use crate::Result;

/// How often the same is tried, and how long it waits before the second time; four times as long before each
/// further one. Enough for a deadlock, a serialisation failure and a server that starts again at once. What takes
/// longer is for a run to wait for.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// What a statement is given.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Whatever answers statements: the pool, each in the state of its moment, or a snapshot, all in one.
pub(super) trait Ask: Sync {
    /// The rows that a statement yields.
    fn rows(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Outcome<Vec<Row>>> + Send;
}

#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
}

impl Connections {
    pub(super) fn of(pool: Pool) -> Self {
        Self { pool }
    }

    pub(super) async fn client(&self) -> Outcome<Client> {
        Ok(self.pool.get().await?)
    }

    /// Tries until it succeeds, until what hinders it does not pass by itself, or until it was tried often enough. Only
    /// what has no further effect the second time may be tried so.
    pub(super) async fn retried<T, F: Future<Output = Outcome<T>>>(
        &self,
        operation: &'static str,
        work: impl Fn() -> F,
    ) -> Result<T> {
        let (mut attempt, mut pause) = (1, FIRST_PAUSE);
        loop {
            let failure = match work().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS || !failure.passes() {
                return Err(failure.into_error().in_operation(operation));
            }
            tracing::debug!(operation, attempt, ?failure, "trying again");
            tokio::time::sleep(pause).await;
            (attempt, pause) = (attempt + 1, pause * 4);
        }
    }
}

impl Ask for Connections {
    async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Outcome<Vec<Row>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, parameters).await?)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
