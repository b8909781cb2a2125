//! The guard between the server's socket and ldap3.
//!
//! Every message of the server's is framed, bounded and matched with a request that was made. Then the
//! road forks: search entries and references are lifted off, still as bytes, and go to the reader through
//! a bounded channel, so that a slow reader stops the guard, and the guard stops the server. Answers are
//! written anew ([`relay`](super::relay)) and go on to ldap3.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::frame::{self, Envelope, FrameLimits, disconnected, op};
use super::redaction::Redaction;
use super::relay::Answer;
use super::{ber, pair};
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Printable, Result};

/// The batches that may wait for the reader. A batch is what one or two reads of the socket brought in.
const WAITING_BATCHES: usize = 4;
/// The octets of all batches that wait for the reader or are with it, save that one may be larger: of the largest messages
/// that are let in, one.
const WAITING_OCTETS: u32 = 4 << 20;
/// The time that a server has to take the end of a connection.
const FAREWELL: Duration = Duration::from_secs(2);

/// Entries and references of a search that arrived together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    messages: Vec<Lifted>,
    /// Nothing of this search comes after this batch; its result is with ldap3.
    pub(crate) done: bool,
    /// Its part of the octets that may wait.
    room: Option<OwnedSemaphorePermit>,
}

/// A message of a search that ldap3 does not see.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SearchMessage<'a> {
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
    redaction: Redaction,
    room: Arc<Semaphore>,
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
    pub(crate) fn messages(&self) -> impl Iterator<Item = SearchMessage<'_>> {
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
pub(crate) fn arrivals() -> (mpsc::Sender<Batch>, mpsc::Receiver<Batch>) {
    mpsc::channel(WAITING_BATCHES)
}

/// Stands between the server and ldap3 until ldap3 is done, which is `Ok`, or something is wrong.
pub(crate) async fn stand(
    server: impl AsyncRead + AsyncWrite + Unpin + Send,
    client: pair::Near,
    limits: LdapLimits,
    arrivals: mpsc::Sender<Batch>,
    redaction: Redaction,
) -> Result<()> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let requests = Requests::default();
    let mut inbound = Inbound::new(&requests, arrivals, &limits, redaction);
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
        sent.await.map_err(frame::broken_off)?;
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
    fn new(
        requests: &'r Requests,
        arrivals: mpsc::Sender<Batch>,
        limits: &LdapLimits,
        redaction: Redaction,
    ) -> Self {
        Self {
            requests,
            arrivals,
            redaction,
            room: Arc::new(Semaphore::new(WAITING_OCTETS as usize)),
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
            // Part of a message stays where it is: it would be copied anew with every octet that comes.
            if taken > 0 {
                let rest = buffer.split_off(taken);
                batch.bytes = std::mem::replace(&mut buffer, rest);
            }
            batch.done = answer.as_ref().is_some_and(|answer| answer.ends_search);
            let octets = u32::try_from(batch.bytes.len()).unwrap_or(u32::MAX).min(WAITING_OCTETS);
            batch.room = Arc::clone(&self.room).acquire_many_owned(octets).await.ok();
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
                (_, None) if envelope.message_id == 0 => {
                    return Err(notice(message, &envelope, &self.redaction));
                }
                // It may be one that is missing elsewhere: such a read is never complete.
                (
                    op::SEARCH_RESULT_ENTRY | op::SEARCH_RESULT_REFERENCE | op::SEARCH_RESULT_DONE,
                    None,
                ) => {
                    return Err(not_asked_for(&envelope));
                }
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
        let mut answer = Answer::parse(message, envelope)?;
        // Why a bind was refused is read out of its text, which goes no further where it repeats the password.
        if envelope.op != op::BIND_RESPONSE {
            answer.redact(&self.redaction);
        }
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

/// What is lifted off these bytes of a server's, while a bind and two searches wait for their answers. Whatever
/// would go on to ldap3 can be read again.
#[cfg(fuzzing)]
pub(crate) fn guarded(bytes: &[u8], limits: &LdapLimits) -> Vec<Batch> {
    let waiting =
        vec![(1, op::BIND_RESPONSE), (2, op::SEARCH_RESULT_DONE), (3, op::SEARCH_RESULT_DONE)];
    let requests = Requests(Mutex::new(waiting));
    let mut inbound = Inbound::new(&requests, arrivals().0, limits, Redaction::default());
    let (mut rest, mut batches) = (bytes, Vec::new());
    loop {
        let (mut batch, mut taken) = (Batch::default(), 0);
        let Ok(answer) = inbound.take(rest, &mut taken, &mut batch) else { return batches };
        batch.bytes = rest.get(..taken).unwrap_or_default().to_vec();
        rest = rest.get(taken..).unwrap_or_default();
        batches.push(batch);
        let Some(ForLdap3 { message, .. }) = answer else { return batches };
        let again =
            Envelope::parse(&message).and_then(|envelope| Answer::parse(&message, &envelope));
        assert!(again.is_ok(), "{message:02x?}");
    }
}

/// A count that may not go beyond the limit of this name.
pub(crate) fn within(name: &'static str, count: u64, limit: u64) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::LimitExceeded,
        format!("the server sent more than the limit {name} allows"),
    )
    .with_context("limit", limit))
}

fn not_asked_for(envelope: &Envelope) -> Error {
    Error::new(ErrorKind::Protocol, "the server answered a search that was not asked for")
        .with_context("message id", envelope.message_id)
}

fn wrong_operation(found: u8) -> Error {
    Error::new(ErrorKind::Protocol, "the server answered a request with another operation")
        .with_context("operation", format!("{found:#04x}"))
}

/// A message that answers nothing: a Notice of Disconnection (RFC 4511 section 4.4.1), as a rule.
fn notice(message: &[u8], envelope: &Envelope, redaction: &Redaction) -> Error {
    if envelope.op != op::EXTENDED_RESPONSE {
        return wrong_operation(envelope.op);
    }
    match Answer::parse_notice(message, envelope) {
        Ok(notice) => disconnected("the server announced that it ends the connection")
            .with_context("result code", notice.code)
            .with_context("server's text", Printable(&redaction.text(notice.diagnostic))),
        Err(malformed) => malformed.into(),
    }
}

#[cfg(test)]
mod tests {

    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::ldap::BindRefusal;
    use crate::ldap::protocol::connection::{Clock, Connection};
    use crate::ldap::protocol::script::{
        self, bound, connection, done, element, entry, ldap_result, message, reference,
    };
    use crate::ldap::protocol::search::SearchRequest;

    /// What a search gives against these bytes: the number of entries and of references, or what failed.
    async fn search(limits: &LdapLimits, reply: Vec<u8>) -> Result<(usize, usize)> {
        let (mut connection, _server) = connection(limits, vec![reply]).await;
        let request = SearchRequest::of_entry("dc=x", &["cn"]);
        let mut search = connection.search(&request, Vec::new()).await?;
        let (mut entries, mut references) = (0, 0);
        while let Some(batch) = search.next().await? {
            for message in batch.messages() {
                match message {
                    SearchMessage::Entry(_) => entries += 1,
                    SearchMessage::Reference(_) => references += 1,
                }
            }
        }
        crate::ldap::protocol::search::succeeded(&search.finish().await?)?;
        Ok((entries, references))
    }

    async fn failure(reply: Vec<u8>) -> ErrorKind {
        search(&LdapLimits::default(), reply).await.unwrap_err().kind()
    }

    fn entries(ids: impl IntoIterator<Item = i64>) -> Vec<u8> {
        ids.into_iter().flat_map(|id| entry(id, "cn=a,dc=x", &[("cn", &[b"a"])])).collect()
    }

    #[tokio::test]
    async fn entries_and_references_arrive_and_then_the_result() {
        let reply = [entries([1, 1]), reference(1, "ldap://x/"), entries([1]), done(1, 0)].concat();
        assert_eq!(search(&LdapLimits::default(), reply).await.unwrap(), (3, 1));
    }

    #[test]
    fn a_request_is_answered_once_and_others_wait_on() {
        let requests =
            Requests(Mutex::new(vec![(1, op::BIND_RESPONSE), (2, op::SEARCH_RESULT_DONE)]));
        requests.answered(1);
        assert_eq!([1, 2].map(|id| requests.due(id)), [None, Some(op::SEARCH_RESULT_DONE)]);
    }

    #[tokio::test]
    async fn an_end_in_the_middle_is_a_disconnection() {
        let reply = [entries([1, 1]), done(1, 0)].concat();
        for end in 1..reply.len() {
            assert_eq!(failure(reply[..end].to_vec()).await, ErrorKind::Disconnected, "{end}");
        }
    }

    #[tokio::test]
    async fn an_answer_of_another_operation_is_a_protocol_error() {
        for operation in [op::EXTENDED_RESPONSE, op::BIND_RESPONSE, 0x79, 0x6f, 0x04] {
            let reply = message(1, operation, &ldap_result(0, ""), &[]);
            assert_eq!(failure(reply).await, ErrorKind::Protocol, "{operation:#x}");
        }
        let (mut connection, _server) =
            connection(&LdapLimits::default(), vec![entries([1])]).await;
        let error = connection.bind("x", "y").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn answers_of_another_shape_are_a_protocol_error() {
        for body in [&[][..], &[0x0a, 0, 4, 0, 4, 0], &[0x0a, 1, 0], &[0x30, 0x80]] {
            let reply = message(1, op::SEARCH_RESULT_DONE, body, &[]);
            assert_eq!(failure(reply).await, ErrorKind::Protocol, "{body:?}");
        }
        for bytes in [&[0x30, 0][..], &[0x30, 3, 2, 1, 1], &[0x30, 5, 2, 1, 1, 0x61, 0]] {
            assert_eq!(failure(bytes.to_vec()).await, ErrorKind::Protocol, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_accepted_at_the_depth_limit_and_refused_one_past_it() {
        // Message, controls, control: three levels above the two that are added here.
        let control = element(0x30, &element(4, b"1.2"));
        let trailer = element(0xa0, &control);
        let reply = message(1, op::SEARCH_RESULT_DONE, &ldap_result(0, ""), &trailer);
        let at = LdapLimits { depth: 4, ..LdapLimits::default() };
        assert!(search(&at, reply.clone()).await.is_ok());
        let below = LdapLimits { depth: 3, ..LdapLimits::default() };
        assert_eq!(search(&below, reply).await.unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn a_notice_of_disconnection_is_quoted_in_both_forms() {
        let standard =
            [ldap_result(52, "going\u{1b} down"), element(0x8a, b"1.3.6.1.4.1.1466.20036")]
                .concat();
        let standard = message(0, op::EXTENDED_RESPONSE, &standard, &[]);
        let trailer = element(0x8a, b"1.3.6.1.4.1.1466.20036");
        let microsoft =
            message(0, op::EXTENDED_RESPONSE, &ldap_result(52, "going\u{1b} down"), &trailer);
        for notice in [standard, microsoft] {
            let error = search(&LdapLimits::default(), notice).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Disconnected);
            assert!(error.to_string().contains("going\\u{1b} down"), "{error}");
        }
    }

    #[tokio::test]
    async fn answers_to_nothing_are_ignored_up_to_the_limit() {
        let limits = LdapLimits { unmatched: 3, ..LdapLimits::default() };
        let answer = |id| message(id, op::EXTENDED_RESPONSE, &ldap_result(0, ""), &[]);
        let foreign = [7, -1, i64::MAX].map(answer).concat();
        let reply = [foreign.clone(), entries([1]), done(1, 0)].concat();
        assert_eq!(search(&limits, reply).await.unwrap(), (1, 0));
        let reply = [foreign, answer(9), entries([1]), done(1, 0)].concat();
        assert_eq!(search(&limits, reply).await.unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn an_entry_of_another_search_may_be_one_of_this_and_ends_it() {
        for foreign in [entries([7]), reference(2, "ldap://x/"), done(-1, 0), entries([i64::MAX])] {
            let reply = [entries([1]), foreign, entries([1]), done(1, 0)].concat();
            let error = search(&LdapLimits::default(), reply).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        }
    }

    #[tokio::test]
    async fn entries_and_bytes_stop_one_past_their_limits() {
        let reply = [entries([1; 5]), done(1, 0)].concat();
        let entries = |entries| LdapLimits::default().with_entries(entries);
        assert_eq!(search(&entries(5), reply.clone()).await.unwrap(), (5, 0));
        let error = search(&entries(4), reply.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        let octets = u64::try_from(reply.len()).unwrap();
        let bytes = |bytes| LdapLimits::default().with_bytes(bytes);
        assert_eq!(search(&bytes(octets), reply.clone()).await.unwrap(), (5, 0));
        let error = search(&bytes(octets - 1), reply).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test]
    async fn a_message_beyond_the_limit_ends_the_search() {
        let reply = [entries([1]), done(1, 0)].concat();
        let octets = entries([1]).len();
        let limits = LdapLimits::default().with_message_bytes(octets);
        assert_eq!(search(&limits, reply.clone()).await.unwrap(), (1, 0));
        let limits = LdapLimits::default().with_message_bytes(octets - 1);
        assert_eq!(search(&limits, reply).await.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stops_stops_the_server() {
        use tokio::io::AsyncReadExt;
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let limits = LdapLimits::default();
        let clock = crate::ldap::protocol::connection::Clock::start(&limits);
        let mut connection = crate::ldap::protocol::connection::Connection::over(
            near,
            &limits,
            clock,
            Redaction::default(),
        )
        .await
        .unwrap();
        let request = SearchRequest::of_entry("dc=x", &["cn"]);
        let search = connection.search(&request, Vec::new()).await.unwrap();
        let mut request = [0; 256];
        assert!(far.read(&mut request).await.unwrap() > 0);
        let (mut sent, chunk) = (0, entries([1; 500]));
        // Nobody takes the entries, so soon nobody takes the bytes either.
        let patience = Duration::from_secs(1);
        while let Ok(written) = timeout(patience, far.write(&chunk[sent % chunk.len()..])).await {
            sent += written.unwrap();
            assert!(sent < 4 << 20, "the guard reads on without a reader");
        }
        drop(search);
        drop(connection);
        let end =
            timeout(Duration::from_secs(5), async { while far.write(&chunk).await.is_ok() {} });
        end.await.expect("the socket closes with the connection");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_ends_in_a_timeout_and_so_does_a_slow_one() {
        let limits = LdapLimits::default();
        let (near, _far) = tokio::io::duplex(1024);
        let clock = crate::ldap::protocol::connection::Clock::start(&limits);
        let mut silent = crate::ldap::protocol::connection::Connection::over(
            near,
            &limits,
            clock,
            Redaction::default(),
        )
        .await
        .unwrap();
        let error = silent.bind("x", "y").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("silence"), "{error}");

        let (near, mut far) = tokio::io::duplex(1024);
        let clock = crate::ldap::protocol::connection::Clock::start(&limits);
        let mut slow = crate::ldap::protocol::connection::Connection::over(
            near,
            &limits,
            clock,
            Redaction::default(),
        )
        .await
        .unwrap();
        let drip = tokio::spawn(async move {
            // Nothing is sent before it is asked for.
            let mut request = [0; 64];
            let _ = tokio::io::AsyncReadExt::read(&mut far, &mut request).await;
            while far.write_all(&entries([1])).await.is_ok() {
                tokio::time::sleep(limits.silence - Duration::from_secs(1)).await;
            }
        });
        let request = SearchRequest::of_entry("dc=x", &["cn"]);
        let search = slow.search(&request, Vec::new()).await.unwrap();
        let error = search.finish().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("deadline"), "{error}");
        drop(slow);
        drip.abort();
    }

    #[tokio::test]
    async fn bytes_behind_an_inner_length_that_lies_are_not_waited_for() {
        let reply = [&[0x30, 12, 2, 1, 1, 0x64, 0x20, 4, 1, b'x', 0, 0, 0, 0][..], &[0; 4096]];
        assert_eq!(failure(reply.concat()).await, ErrorKind::Protocol, "and no timeout");
    }

    #[tokio::test]
    async fn a_hundred_megabytes_behind_an_inner_length_that_lies_are_not_taken() {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let limits = LdapLimits::default();
        let clock = Clock::start(&limits);
        let mut connection =
            Connection::over(near, &limits, clock, Redaction::default()).await.unwrap();
        let flood = async {
            assert!(far.read(&mut [0; 256]).await.unwrap() > 0);
            far.write_all(&[0x30, 12, 2, 1, 1, 0x64, 0x20, 4, 1, b'x', 0, 0, 0, 0]).await.unwrap();
            let (mut sent, chunk) = (0, [0; 4096]);
            while sent < 100 << 20 && far.write_all(&chunk).await.is_ok() {
                sent += chunk.len();
            }
            sent
        };
        let search = async {
            let request = SearchRequest::of_entry("dc=x", &["cn"]);
            let search = connection.search(&request, Vec::new()).await.unwrap();
            search.finish().await.map(|_| ()).unwrap_err()
        };
        let (sent, error) = tokio::join!(flood, search);
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(sent < 1 << 20, "{sent} octets were taken");
    }

    #[tokio::test]
    async fn the_password_goes_out_once_and_only_after_the_connection_stands() {
        let replies = vec![bound(1, 49, "data 52e,"), Vec::new()];
        let (mut connection, server) = connection(&LdapLimits::default(), replies).await;
        let error = connection.bind("x", "canary").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BindRefused);
        connection.close().await;
        let requests = server.await.unwrap();
        let binds = requests.iter().filter(|frame| frame.op() == op::BIND_REQUEST).count();
        assert_eq!(binds, 1);
        assert_eq!(requests.last().unwrap().op(), script::UNBIND_REQUEST);
    }

    #[tokio::test]
    async fn a_refusal_that_repeats_the_password_is_understood_and_not_quoted() {
        let replies = vec![bound(1, 49, "80090308: canary, data 775, v2580")];
        let (mut connection, _server) = connection(&LdapLimits::default(), replies).await;
        let error = connection.bind("x", "canary").await.unwrap_err();
        let refusal = std::error::Error::source(&error).unwrap().downcast_ref();
        assert_eq!(refusal, Some(&BindRefusal::Locked));
        assert!(!format!("{error:?} {error} {}", error.report()).contains("canary"));
    }

    #[tokio::test]
    async fn an_empty_name_or_password_never_reaches_the_wire() {
        let (mut connection, server) = connection(&LdapLimits::default(), Vec::new()).await;
        for (name, password) in [("", "x"), (" ", "x"), ("x", "")] {
            let error = connection.bind(name, password).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        drop(connection);
        assert!(server.await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn name_forms_are_sent_byte_for_byte() {
        for name in
            ["cn=a\\2Cb+c=\"d\",dc=ä", "svc@corp.example", "CORP\\svc", "svc", "a\\b\\c", "@x"]
        {
            let replies = vec![bound(1, 0, "")];
            let (mut connection, server) = connection(&LdapLimits::default(), replies).await;
            connection.bind(name, "x").await.unwrap();
            drop(connection);
            let sent = server.await.unwrap()[0].body().to_vec();
            assert!(sent.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
        }
    }

    #[tokio::test]
    async fn a_bind_that_is_neither_refused_nor_done_is_not_a_success() {
        let referral = [ldap_result(10, ""), element(0xa3, &element(4, b"ldap://other/"))].concat();
        for reply in [
            bound(1, 14, ""),
            message(1, op::BIND_RESPONSE, &referral, &[]),
            message(1, op::BIND_RESPONSE, &[ldap_result(0, ""), vec![0]].concat(), &[]),
            message(1, op::BIND_RESPONSE, &ldap_result(0, ""), &[4, 0]),
        ] {
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            assert!(connection.bind("x", "y").await.is_err());
        }
    }

    #[tokio::test]
    async fn a_base_that_nobody_may_see_is_an_error() {
        let check = async |reply: Vec<u8>| {
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            connection.check_base("dc=x").await
        };
        assert!(check([entries([1]), done(1, 0)].concat()).await.is_ok());
        let error = check(done(1, 0)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Directory);
        let anonymous = ldap_result(1, "000004DC: LdapErr: DSID-0C090A5C");
        let error = check(message(1, op::SEARCH_RESULT_DONE, &anonymous, &[])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAuthenticated);
        assert_eq!(check(script::done(1, 32)).await.unwrap_err().kind(), ErrorKind::Directory);
    }
}
