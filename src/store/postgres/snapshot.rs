//! One state of the database, for as long as a search takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::tokio_postgres::{Row, SimpleQueryMessage};
use deadpool_postgres::{Client, ClientWrapper, Object};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connections::{Ask, Connections, Parameter};
use super::failure::Outcome;
use crate::store::deadline::too_long;
use crate::{Error, ErrorKind, Result, Retry};

/// A transaction that reads, all of whose statements see what was committed before the first. Dropped before it
/// [ends](Self::end), it gives its connection up, and has the server stop what it does there.
pub(super) struct Snapshot {
    connections: Connections,
    /// `None` once it is given up.
    client: Option<Client>,
    /// The server's process at the other end.
    process: Option<i32>,
    has_ended: AtomicBool,
    runtime: Handle,
}

impl Connections {
    /// Searches one state of the database, and no longer than until this deadline, or until nobody waits for it any more.
    pub(super) async fn search<T, F: Future<Output = Outcome<T>>>(
        &self,
        operation: &'static str,
        deadline: Duration,
        work: impl Fn(Arc<Snapshot>) -> F,
    ) -> Result<T> {
        let late = || too_long(deadline).in_operation(operation);
        let begun = Instant::now();
        // Before the deadline it was somebody else who stopped it.
        let stopped = || match begun.elapsed().as_millis() < deadline.as_millis() {
            true => Error::new(ErrorKind::Store, "the search was stopped in the database")
                .with_retry(Retry::Transient)
                .in_operation(operation),
            false => late(),
        };
        let searching = self.retried(operation, || async {
            let snapshot = Arc::new(Snapshot::begin(self, deadline).await?);
            let outcome = work(Arc::clone(&snapshot)).await;
            snapshot.end().await;
            outcome.map_err(|it| if it.is_stopped() { stopped().into() } else { it })
        });
        timeout(deadline, searching).await.unwrap_or_else(|_| Err(late()))
    }
}

impl Snapshot {
    /// Begins one whose statements take no longer than this each.
    pub(super) async fn begin(connections: &Connections, deadline: Duration) -> Outcome<Self> {
        let mut snapshot = Self {
            connections: connections.clone(),
            client: Some(connections.client().await?),
            process: None,
            has_ended: AtomicBool::new(false),
            runtime: Handle::current(),
        };
        // Zero would be no limit at all.
        let timeout = i32::try_from(deadline.as_millis()).unwrap_or(i32::MAX).max(1);
        let begin = format!(
            "START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
             SET LOCAL statement_timeout = {timeout};
             SELECT pg_backend_pid()"
        );
        let answers = snapshot.client()?.simple_query(&begin).await?;
        snapshot.process = answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok()??.parse().ok(),
            _ => None,
        });
        Ok(snapshot)
    }

    /// The rows that a statement yields which hardly ever comes again, and is not kept prepared.
    pub(super) async fn rows_once(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Outcome<Vec<Row>> {
        Ok(self.client()?.query(sql, parameters).await?)
    }

    /// Ends it, so that the connection may be used again.
    pub(super) async fn end(&self) {
        if let Ok(client) = self.client()
            && client.batch_execute("ROLLBACK").await.is_ok()
        {
            self.has_ended.store(true, Ordering::Release);
        }
    }

    fn client(&self) -> Outcome<&Client> {
        let given_up = || Error::new(ErrorKind::Cancelled, "the search was given up");
        self.client.as_ref().ok_or_else(|| given_up().into())
    }
}

impl Ask for Snapshot {
    async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Outcome<Vec<Row>> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, parameters).await?)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.has_ended.load(Ordering::Acquire) {
            return;
        }
        if let Some(client) = self.client.take() {
            // The pool may make another one in its place.
            let client = Object::take(client);
            self.runtime.spawn(stop(self.connections.clone(), client, self.process));
        }
    }
}

/// Stops what the server does on a connection, and closes it. While it is open no other process has the same number. Where
/// the server does not know how, the statement goes on until its timeout.
async fn stop(connections: Connections, client: ClientWrapper, process: Option<i32>) {
    if let Some(process) = process.filter(|_| !client.is_closed()) {
        let stopped = connections.rows("SELECT pg_cancel_backend($1)", &[&process]).await;
        if let Err(failure) = stopped {
            tracing::debug!(?failure, "a search that was given up goes on until its timeout");
        }
    }
    drop(client);
}
