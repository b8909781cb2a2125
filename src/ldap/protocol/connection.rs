//! One connection: the guard, ldap3 behind it, and the clock over both.

use std::future::Future;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::frame::disconnected;
use super::guard::{self, Batch};
use super::pair;
use super::redaction::Redaction;
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Result, Retry};

/// The time that the guard has to say what went wrong, once something has.
const VERDICT: Duration = Duration::from_secs(5);

/// A connection to one server. Dropping it closes the socket and ends both tasks.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) ldap: Ldap,
    pub(crate) arrivals: mpsc::Receiver<Batch>,
    /// What the server's words must not have in them.
    pub(crate) redaction: Redaction,
    guard: Task<Result<()>>,
    driver: Task<()>,
    clock: Clock,
}

/// The moment when a read must be over, and how long a server may be silent until then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) end: Instant,
    pub(crate) silence: Duration,
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(crate) struct Task<T>(pub(crate) JoinHandle<T>);

impl Connection {
    /// Puts guard and ldap3 over a stream to a server, of whose words `redaction` leaves out what repeats the password.
    /// Nothing is sent.
    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        limits: &LdapLimits,
        clock: Clock,
        redaction: Redaction,
    ) -> Result<Self> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Connect, "the local road to the LDAP client could not be built")
                .with_source(error)
        };
        let (near, far) = pair::pair().map_err(|error| failed(error.into()))?;
        let settings = LdapConnSettings::new().set_std_stream(far);
        let (driver, ldap) = LdapConnAsync::with_settings(settings, pair::URL)
            .await
            .map_err(|error| failed(error.into()))?;
        let (sender, arrivals) = guard::arrivals();
        let standing = guard::stand(stream, near, limits.clone(), sender, redaction.clone());
        Ok(Self {
            ldap,
            arrivals,
            redaction,
            guard: Task(tokio::spawn(standing)),
            driver: Task(tokio::spawn(async move {
                // Its failures are the guard's, which knows more about them.
                let _ = driver.drive().await;
            })),
            clock,
        })
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// What went wrong: what the guard says, or that the connection ended.
    pub(crate) async fn failure(&mut self) -> Error {
        match timeout(VERDICT, &mut self.guard.0).await {
            Ok(Ok(Err(error))) => error,
            Ok(Err(panic)) => disconnected("the connection ended unexpectedly").with_source(panic),
            Ok(Ok(Ok(()))) | Err(_) => disconnected("the connection to the server ended"),
        }
    }

    /// What went wrong where ldap3 gave up: the guard knows, unless the request was never sent.
    pub(crate) async fn failed(&mut self, error: LdapError) -> Error {
        match error {
            LdapError::FilterParsing => {
                Error::new(ErrorKind::Invalid, "the search filter is not valid (RFC 4515)")
            }
            _ => self.failure().await,
        }
    }

    /// Says goodbye: an unbind request, and the end of the stream.
    pub(crate) async fn close(mut self) {
        let farewell = async {
            if self.ldap.unbind().await.is_ok() {
                let _ = (&mut self.guard.0).await;
            }
        };
        let _ = timeout(VERDICT, farewell).await;
        drop(self.driver);
    }
}

impl Clock {
    /// A clock whose read must be over after the limits' deadline.
    pub(crate) fn start(limits: &LdapLimits) -> Self {
        let now = Instant::now();
        let end = now.checked_add(limits.deadline).unwrap_or(now);
        Self { end, silence: limits.silence }
    }

    /// What comes of waiting, or an error if it takes longer than the server may be silent or the read
    /// may last.
    pub(crate) async fn wait<T>(self, future: impl Future<Output = T>) -> Result<T> {
        let silent = Instant::now().checked_add(self.silence).unwrap_or(self.end);
        match timeout_at(silent.min(self.end), future).await {
            Ok(outcome) => Ok(outcome),
            Err(_) if silent < self.end => Err(Error::new(
                ErrorKind::Timeout,
                "the server was silent for longer than the limit silence allows",
            )
            .with_context("limit", format!("{:?}", self.silence))
            .with_retry(Retry::Transient)),
            Err(_) => Err(self.over()),
        }
    }

    /// The same without an end to the silence, for what has its own time limits.
    pub(crate) async fn wait_until_end<T>(self, future: impl Future<Output = T>) -> Result<T> {
        timeout_at(self.end, future).await.map_err(|_| self.over())
    }

    /// The read must not be over yet.
    pub(crate) fn check(self) -> Result<()> {
        if Instant::now() < self.end { Ok(()) } else { Err(self.over()) }
    }

    fn over(self) -> Error {
        Error::new(ErrorKind::Timeout, "the read took longer than the limit deadline allows")
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::protocol::script::connection;
    use crate::ldap::protocol::search::SearchRequest;

    #[tokio::test]
    async fn a_filter_that_cannot_be_sent_is_not_the_servers_fault() {
        let (mut connection, _server) = connection(&LdapLimits::default(), Vec::new()).await;
        let filter = "(cn=".to_owned();
        let request = SearchRequest { filter, ..SearchRequest::of_entry("DC=x", &["cn"]) };
        let error = connection.search(&request, Vec::new()).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("search filter"), "{error}");
    }

    #[tokio::test]
    async fn a_read_that_is_over_is_not_taken_for_a_silent_server() {
        let now = Instant::now();
        let [short, long] = [Duration::ZERO, Duration::from_secs(3_600)];
        let clock = |end, silence| Clock { end: now + end, silence };
        for (clock, limit) in [
            (clock(long, short), "silence"),
            (clock(short, long), "deadline"),
            // However long a server may be silent.
            (clock(short, Duration::MAX), "deadline"),
        ] {
            let error = clock.wait(std::future::pending::<()>()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(error.to_string().contains(&format!("limit {limit}")), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_is_over_at_its_deadline_and_not_before() {
        let clock = Clock::start(&LdapLimits::default().with_deadline(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(59)).await;
        clock.check().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.check().unwrap_err().kind(), ErrorKind::Timeout);
    }

    #[tokio::test]
    async fn a_task_ends_with_its_owner() {
        let (held, ended) = tokio::sync::oneshot::channel::<()>();
        let task = Task(tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        }));
        drop(task);
        let end = tokio::time::timeout(Duration::from_secs(60), ended).await;
        assert!(end.expect("the task ends").is_err());
    }
}
