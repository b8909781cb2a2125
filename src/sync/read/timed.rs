//! A directory that must be read by some time.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::{Instant, timeout_at};

use crate::directory::{DirectoryEvent, DirectorySource, ReadRequest};
use crate::{Error, ErrorKind, Result};

/// The directory of a run, all of whose reads together may take so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimedDirectory<'a> {
    directory: &'a dyn DirectorySource,
    limit: Duration,
    /// `None`: later than any clock goes.
    deadline: Option<Instant>,
}

/// What a read yields, until the time is up.
pub(super) struct TimedEvents<'a> {
    events: BoxStream<'static, Result<DirectoryEvent>>,
    directory: TimedDirectory<'a>,
}

impl<'a> TimedDirectory<'a> {
    /// The time begins now.
    pub(super) fn new(directory: &'a dyn DirectorySource, limit: Duration) -> Self {
        Self { directory, limit, deadline: Instant::now().checked_add(limit) }
    }

    pub(super) async fn read(self, request: ReadRequest) -> Result<TimedEvents<'a>> {
        let events = self.in_time(self.directory.read(request)).await??;
        Ok(TimedEvents { events, directory: self })
    }

    async fn in_time<T>(self, future: impl Future<Output = T>) -> Result<T> {
        let Some(deadline) = self.deadline else { return Ok(future.await) };
        timeout_at(deadline, future).await.map_err(|_| {
            let seconds = self.limit.as_secs();
            let message = format!("the directory was not read to the end within {seconds} s");
            Error::new(ErrorKind::Timeout, message).in_operation("read")
        })
    }
}

impl TimedEvents<'_> {
    pub(super) async fn next(&mut self) -> Option<Result<DirectoryEvent>> {
        match self.directory.in_time(self.events.next()).await {
            Ok(event) => event,
            Err(error) => Some(Err(error)),
        }
    }
}
