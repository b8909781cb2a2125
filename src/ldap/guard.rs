//! The guard between the server's socket and ldap3.
//!
//! Every message of the server's is framed, bounded and matched with a request that was made. Then the
//! road forks: search entries and references are lifted off, still as bytes, and go to the reader through
//! a bounded channel, so that a slow reader stops the guard, and the guard stops the server. Answers are
//! written anew ([`relay`](super::relay)) and go on to ldap3.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::frame::{self, Envelope, FrameLimits, disconnected, op};
use super::limits::LdapLimits;
use super::relay::Answer;
use super::{ber, pair};
use crate::{Error, ErrorKind, Printable, Result};

/// The batches that may wait for the reader. A batch is what one or two reads of the socket brought in.
const WAITING_BATCHES: usize = 4;
/// The time that a server has to take the end of a connection.
const FAREWELL: Duration = Duration::from_secs(2);

/// Entries and references of a search that arrived together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    messages: Vec<Lifted>,
    /// Nothing of this search comes after this batch; its result is with ldap3.
    pub(super) done: bool,
}

/// A message of a search that ldap3 does not see.
#[derive(Clone, Copy, Debug)]
pub(super) enum SearchMessage<'a> {
    /// The contents of a SearchResultEntry.
    Entry(&'a [u8]),
    /// The contents of a SearchResultReference.
    Reference(&'a [u8]),
}

/// Where a message lies in its batch.
#[derive(Debug)]
struct Lifted {
    start: usize,
    end: usize,
    envelope: Envelope,
}

/// The requests that wait for an answer: message id, and the operation of the answer.
#[derive(Debug, Default)]
struct Requests(Mutex<Vec<(i64, u8)>>);

/// The way from the server, with what it may still send.
#[derive(Debug)]
struct Inbound<'r> {
    requests: &'r Requests,
    arrivals: mpsc::Sender<Batch>,
    frames: FrameLimits,
    unmatched: usize,
    unmatched_limit: usize,
    entries: u64,
    entries_limit: u64,
    bytes: u64,
    bytes_limit: u64,
}

impl Batch {
    /// The messages in the order in which they came.
    pub(super) fn messages(&self) -> impl Iterator<Item = SearchMessage<'_>> {
        self.messages.iter().map(|lifted| {
            let message = self.bytes.get(lifted.start..lifted.end).unwrap_or_default();
            let body = lifted.envelope.body(message);
            match lifted.envelope.op {
                op::SEARCH_RESULT_ENTRY => SearchMessage::Entry(body),
                _ => SearchMessage::Reference(body),
            }
        })
    }
}

/// The channel of a guard: what it lifts off, and the reader's end.
pub(super) fn arrivals() -> (mpsc::Sender<Batch>, mpsc::Receiver<Batch>) {
    mpsc::channel(WAITING_BATCHES)
}

/// Stands between the server and ldap3 until ldap3 is done, which is `Ok`, or something is wrong.
pub(super) async fn stand(
    server: impl AsyncRead + AsyncWrite + Unpin + Send,
    client: pair::Near,
    limits: LdapLimits,
    arrivals: mpsc::Sender<Batch>,
) -> Result<()> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let requests = Requests::default();
    let mut inbound = Inbound::new(&requests, arrivals, &limits);
    tokio::select! {
        sent = carry_requests(&mut from_client, &mut to_server, &requests) => sent?,
        failed = inbound.carry(&mut from_server, &mut to_client) => return failed,
    }
    // A server that does not take the end of the connection learns of it when the socket closes.
    let _ = timeout(FAREWELL, to_server.shutdown()).await;
    Ok(())
}

/// Carries ldap3's requests to the server, and remembers which answers are due.
async fn carry_requests(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    requests: &Requests,
) -> Result<()> {
    // A bind request holds the password, so what passed is wiped.
    let mut buffer = Zeroizing::new(Vec::new());
    let trusted = FrameLimits { message_bytes: usize::MAX, depth: usize::MAX };
    loop {
        let Some(octets) = frame::complete(&buffer, &trusted)? else {
            if frame::fill(from, &mut buffer).await? {
                continue;
            }
            return Ok(());
        };
        let message = buffer.get(..octets).unwrap_or_default();
        requests.expect_answer(&Envelope::parse(message)?);
        let sent = async {
            to.write_all(message).await?;
            to.flush().await
        };
        sent.await.map_err(|error| {
            disconnected("the connection to the server broke off").with_source(error)
        })?;
        buffer = Zeroizing::new(buffer.split_off(octets));
    }
}

impl Requests {
    fn expect_answer(&self, request: &Envelope) {
        let answer = match request.op {
            op::BIND_REQUEST => op::BIND_RESPONSE,
            op::SEARCH_REQUEST => op::SEARCH_RESULT_DONE,
            op::EXTENDED_REQUEST => op::EXTENDED_RESPONSE,
            _ => return,
        };
        self.waiting().push((request.message_id, answer));
    }

    /// The answer that is due to this id.
    fn due(&self, message_id: i64) -> Option<u8> {
        self.waiting().iter().find(|(id, _)| *id == message_id).map(|(_, answer)| *answer)
    }

    fn answered(&self, message_id: i64) {
        self.waiting().retain(|(id, _)| *id != message_id);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(i64, u8)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'r> Inbound<'r> {
    fn new(requests: &'r Requests, arrivals: mpsc::Sender<Batch>, limits: &LdapLimits) -> Self {
        Self {
            requests,
            arrivals,
            frames: limits.frame(),
            unmatched: 0,
            unmatched_limit: limits.unmatched,
            entries: 0,
            entries_limit: limits.entries,
            bytes: 0,
            bytes_limit: limits.bytes,
        }
    }

    /// Carries what the server sends, until something is wrong or nobody listens any more.
    async fn carry(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            let mut batch = Batch::default();
            let mut taken = 0;
            let answer = self.take(&buffer, &mut taken, &mut batch)?;
            let rest = buffer.split_off(taken);
            batch.bytes = std::mem::replace(&mut buffer, rest);
            batch.done = answer.as_ref().is_some_and(|answer| answer.ends_search);
            if (batch.done || !batch.messages.is_empty())
                && self.arrivals.send(batch).await.is_err()
            {
                return Ok(());
            }
            match answer {
                Some(answer) => to.write_all(&answer.message).await.map_err(|error| {
                    disconnected("the LDAP client ended in the middle of an operation")
                        .with_source(error)
                })?,
                None if !frame::fill(from, &mut buffer).await? => {
                    return Err(disconnected("the server closed the connection"));
                }
                None => {}
            }
        }
    }

    /// Takes complete messages off the buffer, up to and with the first one that is for ldap3.
    fn take(
        &mut self,
        buffer: &[u8],
        taken: &mut usize,
        batch: &mut Batch,
    ) -> Result<Option<ForLdap3>> {
        loop {
            let rest = buffer.get(*taken..).unwrap_or_default();
            let Some(octets) = frame::complete(rest, &self.frames)? else { return Ok(None) };
            let message = rest.get(..octets).unwrap_or_default();
            let envelope = Envelope::parse(message)?;
            self.count_bytes(octets)?;
            let start = *taken;
            *taken += octets;
            match (envelope.op, self.requests.due(envelope.message_id)) {
                (_, None) if envelope.message_id == 0 => return Err(notice(message, &envelope)),
                (_, None) => self.count_unmatched(&envelope)?,
                (
                    op::SEARCH_RESULT_ENTRY | op::SEARCH_RESULT_REFERENCE,
                    Some(op::SEARCH_RESULT_DONE),
                ) => {
                    self.count_entry(envelope.op)?;
                    batch.messages.push(Lifted { start, end: *taken, envelope });
                }
                (found, Some(due)) if found == due => {
                    return self.answer(message, &envelope).map(Some);
                }
                (found, Some(_)) => return Err(wrong_operation(found)),
            }
        }
    }

    fn answer(&self, message: &[u8], envelope: &Envelope) -> Result<ForLdap3> {
        ber::check_nesting(message, self.frames.depth)?;
        let answer = Answer::parse(message, envelope)?;
        self.requests.answered(envelope.message_id);
        Ok(ForLdap3 {
            message: answer.encode(envelope.message_id, envelope.op),
            ends_search: envelope.op == op::SEARCH_RESULT_DONE,
        })
    }

    fn count_bytes(&mut self, octets: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        within("bytes", self.bytes, self.bytes_limit)
    }

    fn count_entry(&mut self, operation: u8) -> Result<()> {
        self.entries += u64::from(operation == op::SEARCH_RESULT_ENTRY);
        within("entries", self.entries, self.entries_limit)
    }

    fn count_unmatched(&mut self, envelope: &Envelope) -> Result<()> {
        self.unmatched += 1;
        if self.unmatched <= self.unmatched_limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Protocol,
            "the server keeps answering requests that were never made",
        )
        .with_context("message id", envelope.message_id)
        .with_context("limit unmatched", self.unmatched_limit))
    }
}

/// An answer, written anew.
struct ForLdap3 {
    message: Vec<u8>,
    ends_search: bool,
}

/// A count that may not go beyond the limit of this name.
pub(super) fn within(name: &'static str, count: u64, limit: u64) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::LimitExceeded,
        format!("the server sent more than the limit {name} allows"),
    )
    .with_context("limit", limit))
}

fn wrong_operation(found: u8) -> Error {
    Error::new(ErrorKind::Protocol, "the server answered a request with another operation")
        .with_context("operation", format!("{found:#04x}"))
}

/// A message that answers nothing: a Notice of Disconnection (RFC 4511 section 4.4.1), as a rule.
fn notice(message: &[u8], envelope: &Envelope) -> Error {
    if envelope.op != op::EXTENDED_RESPONSE {
        return wrong_operation(envelope.op);
    }
    match Answer::parse_notice(message, envelope) {
        Ok(notice) => disconnected("the server announced that it ends the connection")
            .with_context("result code", notice.code)
            .with_context("server's text", Printable(&notice.diagnostic)),
        Err(malformed) => malformed.into(),
    }
}
