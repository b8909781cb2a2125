//! Framing: one LDAPMessage (RFC 4511 section 4.1.1) cut out of a stream of bytes.
//!
//! The outer header decides at once whether a message may come in: a length beyond the limit, an
//! indefinite length or another tag is refused before the body is read.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::ber::{self, Header, INTEGER, Malformed, Reader, SEQUENCE};
use crate::{Error, ErrorKind, Result, Retry};

/// The identifier octets of the protocol operations that this crate sends or takes
/// (RFC 4511 section 4.2 and following).
pub(crate) mod op {
    pub(crate) const BIND_REQUEST: u8 = 0x60;
    pub(crate) const BIND_RESPONSE: u8 = 0x61;
    pub(crate) const SEARCH_REQUEST: u8 = 0x63;
    pub(crate) const SEARCH_RESULT_ENTRY: u8 = 0x64;
    pub(crate) const SEARCH_RESULT_DONE: u8 = 0x65;
    pub(crate) const SEARCH_RESULT_REFERENCE: u8 = 0x73;
    pub(crate) const EXTENDED_REQUEST: u8 = 0x77;
    pub(crate) const EXTENDED_RESPONSE: u8 = 0x78;
}

/// How much is read before a message asks for more.
const READ_AHEAD: usize = 64 * 1024;

/// What a message may be at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameLimits {
    /// The octets of one message, its header included.
    pub(crate) message_bytes: usize,
    /// How deep elements may lie in elements; the message itself is the first level.
    pub(crate) depth: usize,
}

/// One message, owned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    envelope: Envelope,
}

/// Where the parts of a message lie in its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) message_id: i64,
    pub(crate) op: u8,
    body: (usize, usize),
}

impl Frame {
    /// The message id. Zero is an unsolicited notification; a hostile server may send any number.
    pub(crate) fn message_id(&self) -> i64 {
        self.envelope.message_id
    }

    /// The identifier octet of the protocol operation, one of [`op`] if the server is honest.
    pub(crate) fn op(&self) -> u8 {
        self.envelope.op
    }

    /// The contents of the protocol operation.
    pub(crate) fn body(&self) -> &[u8] {
        self.envelope.body(&self.bytes)
    }
}

impl Envelope {
    /// Reads the message id and the tag of the operation. What follows the operation is left unread.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(Reader::new(message).contents_of(SEQUENCE)?);
        let message_id = ber::integer(parts.contents_of(INTEGER)?)?;
        let operation = parts.next()?.ok_or(Malformed::Missing)?;
        let end = message.len() - parts.rest().len();
        Ok(Self { message_id, op: operation.tag, body: (end - operation.contents.len(), end) })
    }

    /// The contents of the protocol operation.
    pub(crate) fn body<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.0..self.body.1).unwrap_or_default()
    }

    /// What follows the protocol operation: the controls, if any.
    pub(crate) fn trailer<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.body.1..).unwrap_or_default()
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(
            ErrorKind::Protocol,
            format!("the server sent something that is not LDAP: {malformed}"),
        )
    }
}

/// The octets of the message at the beginning of the buffer, or `None` if it is not all there yet.
pub(crate) fn complete(buffer: &[u8], limits: &FrameLimits) -> Result<Option<usize>> {
    let Some(&tag) = buffer.first() else { return Ok(None) };
    if tag != SEQUENCE {
        return Err(Malformed::Unexpected { wanted: SEQUENCE, found: tag }.into());
    }
    let Some(header) = Header::parse(buffer)? else { return Ok(None) };
    let octets = header.octets.saturating_add(header.length);
    if octets > limits.message_bytes {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            "the server sent a message that is larger than the limit message_bytes",
        )
        .with_context("message", octets)
        .with_context("limit", limits.message_bytes));
    }
    Ok((octets <= buffer.len()).then_some(octets))
}

/// Reads more bytes into the buffer. `false` is the end of the stream.
pub(crate) async fn fill(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    buffer: &mut Vec<u8>,
) -> Result<bool> {
    if buffer.capacity() - buffer.len() < READ_AHEAD / 4 {
        buffer.reserve(READ_AHEAD);
    }
    match stream.read_buf(buffer).await {
        Ok(0) if buffer.is_empty() => Ok(false),
        Ok(0) => Err(disconnected("the server closed the connection in the middle of a message")),
        Ok(_) => Ok(true),
        Err(error) => Err(broken_off(error)),
    }
}

/// Reads one message, well formed throughout; `None` is an end between two messages.
///
/// `buffer` keeps what was read beyond the message. Cancelling loses nothing: call it again with the
/// same buffer.
pub(crate) async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    buffer: &mut Vec<u8>,
    limits: &FrameLimits,
) -> Result<Option<Frame>> {
    loop {
        if let Some(octets) = complete(buffer, limits)? {
            let rest = buffer.split_off(octets);
            let bytes = std::mem::replace(buffer, rest);
            ber::check_nesting(&bytes, limits.depth)?;
            let envelope = Envelope::parse(&bytes)?;
            return Ok(Some(Frame { bytes, envelope }));
        }
        if !fill(stream, buffer).await? {
            return Ok(None);
        }
    }
}

/// The stream broke: what it says itself, if it knows why.
pub(crate) fn broken_off(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => disconnected("the connection to the server broke off").with_source(error),
    }
}

/// The stream ended where it may not end.
pub(crate) fn disconnected(message: &'static str) -> Error {
    Error::new(ErrorKind::Disconnected, message).with_retry(Retry::Transient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    const LIMITS: FrameLimits = FrameLimits { message_bytes: 1024, depth: 8 };
    /// A successful BindResponse with the message id 1.
    const BOUND: &[u8] = &[0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];

    async fn frames(mut stream: &[u8], limits: &FrameLimits) -> Result<Vec<Frame>> {
        let (mut buffer, mut frames) = (Vec::new(), Vec::new());
        while let Some(frame) = read_frame(&mut stream, &mut buffer, limits).await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    async fn refusal(stream: &[u8]) -> ErrorKind {
        frames(stream, &LIMITS).await.unwrap_err().kind()
    }

    #[tokio::test]
    async fn a_message_is_cut_out_with_its_id_and_operation() {
        let frames = frames(&[BOUND, BOUND].concat(), &LIMITS).await.unwrap();
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0].message_id(), 1);
        assert_eq!(frames[0].op(), op::BIND_RESPONSE);
        assert_eq!(frames[0].body(), &BOUND[7..]);
    }

    #[tokio::test]
    async fn lengths_as_active_directory_writes_them_are_accepted() {
        let message =
            [0x30, 0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x61, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        let frames = frames(&message, &LIMITS).await.unwrap();
        assert_eq!(frames[0].body(), &BOUND[7..]);
    }

    #[tokio::test]
    async fn one_byte_at_a_time_gives_the_same_message() {
        let (mut near, mut far) = tokio::io::duplex(1);
        let writer = tokio::spawn(async move {
            for byte in [BOUND, BOUND].concat() {
                far.write_all(&[byte]).await.unwrap();
            }
        });
        let mut buffer = Vec::new();
        for _ in 0..2 {
            let frame = read_frame(&mut near, &mut buffer, &LIMITS).await.unwrap().unwrap();
            assert_eq!(frame.body(), &BOUND[7..]);
        }
        assert_eq!(read_frame(&mut near, &mut buffer, &LIMITS).await.unwrap(), None);
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn messages_without_their_parts_are_refused() {
        for bytes in [
            &[0x30, 0][..],
            &[0x30, 3, 2, 1, 1],
            &[0x30, 0x80, 2, 1, 1, 0, 0],
            &[0x30, 7, 2, 1, 1, 0x64, 0x20, 4, 1],
            &[0x30, 5, 2, 0, 0x61, 1, 0],
            &[0x61, 0],
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
        ] {
            assert_eq!(refusal(bytes).await, ErrorKind::Protocol, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_length_beyond_the_limit_is_refused_on_its_header() {
        assert_eq!(refusal(&[0x30, 0x84, 0x80, 0, 0, 0]).await, ErrorKind::LimitExceeded);
        assert_eq!(
            refusal(&[0x30, 0x88, 0x80, 0, 0, 0, 0, 0, 0, 0]).await,
            ErrorKind::LimitExceeded
        );
        assert_eq!(refusal(&[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1]).await, ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn a_message_at_the_limit_comes_in_and_one_octet_more_does_not() {
        let limits = FrameLimits { message_bytes: BOUND.len(), depth: 3 };
        assert_eq!(frames(BOUND, &limits).await.unwrap().len(), 1);
        let limits = FrameLimits { message_bytes: BOUND.len() - 1, depth: 3 };
        let error = frames(BOUND, &limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test]
    async fn thousands_of_nested_elements_are_a_protocol_error() {
        let mut message = Vec::new();
        for _ in 0..2_000 {
            let inner = std::mem::take(&mut message);
            ber::write(&mut message, SEQUENCE, &inner);
        }
        let limits = FrameLimits { message_bytes: 1 << 20, depth: 32 };
        let error = frames(&message, &limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn an_end_inside_a_message_is_a_disconnection() {
        for end in 1..BOUND.len() {
            assert_eq!(refusal(&BOUND[..end]).await, ErrorKind::Disconnected, "{end}");
        }
        assert!(frames(&[], &LIMITS).await.unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(frames(&bytes, &LIMITS));
            let framed = [&[0x30, 0x81, bytes.len() as u8][..], &bytes].concat();
            let _ = runtime.block_on(frames(&framed, &LIMITS));
        }
    }
}
