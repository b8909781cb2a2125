//! The StartTLS operation (RFC 4511 section 4.14), before anything else is said.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::attempt_error::AttemptError;
use crate::ldap::protocol::ber::{self, ENUMERATED, Malformed, OCTET_STRING, Reader};
use crate::ldap::protocol::frame::{Frame, FrameLimits, op, read_frame};
use crate::ldap::protocol::redaction::Redaction;
use crate::{Error, ErrorKind, Printable, Retry};

/// An ExtendedRequest with the message id 1 and the name 1.3.6.1.4.1.1466.20037.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
const MESSAGE_ID: i64 = 1;
const SUCCESS: i64 = 0;

/// Asks for TLS. On success the next byte on the stream is the server's first of the TLS handshake. Of the server's words
/// `redaction` leaves out what repeats the password.
pub(crate) async fn request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    limits: &FrameLimits,
    within: Duration,
    redaction: &Redaction,
) -> Result<(), AttemptError> {
    match timeout(within, exchange(stream, limits, redaction)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(AttemptError::silent("the server did not answer the StartTLS request in time"))
        }
    }
}

async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    limits: &FrameLimits,
    redaction: &Redaction,
) -> Result<(), AttemptError> {
    const CLOSED: &str = "the server closed the connection instead of answering StartTLS";
    stream.write_all(REQUEST).await.map_err(|error| AttemptError::silent_from(CLOSED, error))?;
    let mut buffer = Vec::new();
    let answer = match read_frame(stream, &mut buffer, limits).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Err(AttemptError::silent(CLOSED)),
        Err(error) if error.kind() == ErrorKind::Disconnected => {
            return Err(AttemptError::Absent { error, answered: false });
        }
        Err(error) => return Err(AttemptError::Final(error)),
    };
    let (code, text) = result(&answer, redaction).map_err(AttemptError::Final)?;
    if code != SUCCESS {
        return Err(AttemptError::Absent { error: not_offered(code, &text), answered: true });
    }
    // Whoever stands on the path could add answers here that would seem to come from within TLS.
    if !buffer.is_empty() {
        return Err(AttemptError::Final(protocol("more than an answer came before TLS began")));
    }
    Ok(())
}

/// The result code and the diagnostic message, if this is the answer to the request.
fn result(answer: &Frame, redaction: &Redaction) -> Result<(i64, String), Error> {
    const UNSOLICITED: i64 = 0;
    let id = answer.message_id();
    if answer.op() != op::EXTENDED_RESPONSE || ![UNSOLICITED, MESSAGE_ID].contains(&id) {
        return Err(protocol("the server's first message does not answer the StartTLS request")
            .with_context("message id", id));
    }
    let (code, text) = code_and_text(answer.body(), redaction)?;
    if id == UNSOLICITED {
        // RFC 4511 section 4.4.1: a notice of disconnection.
        return Err(Error::new(
            ErrorKind::Disconnected,
            "the server ended the connection before it answered the StartTLS request",
        )
        .with_retry(Retry::Transient)
        .with_context("result", code)
        .with_context("server says", text));
    }
    Ok((code, text))
}

fn code_and_text(body: &[u8], redaction: &Redaction) -> Result<(i64, String), Malformed> {
    let mut parts = Reader::new(body);
    let code = ber::integer(parts.contents_of(ENUMERATED)?)?;
    parts.contents_of(OCTET_STRING)?;
    let text = parts.contents_of(OCTET_STRING)?;
    // Only so much is shown, whatever was sent.
    let start = text.get(..1024).unwrap_or(text);
    let shown = if redaction.is_in(text) {
        redaction.left_out()
    } else {
        Printable(&String::from_utf8_lossy(start)).to_string()
    };
    Ok((code, shown))
}

fn not_offered(code: i64, text: &str) -> Error {
    let meaning = match code {
        2 => "it does not know StartTLS",
        52 => "it has no usable certificate",
        53 => "it is unwilling",
        _ => "it refused",
    };
    let error = Error::new(
        ErrorKind::NoSecureTransport,
        format!("the server offers no StartTLS: {meaning}, result {code}"),
    );
    if text.is_empty() { error } else { error.with_context("server says", text) }
}

fn protocol(message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;
    use crate::value::Secret;

    const LIMITS: FrameLimits = FrameLimits { message_bytes: 256 * 1024, depth: 8 };
    const SUCCEEDED: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0];

    /// What comes of an answer, after which the server closes.
    async fn answered(answer: &[u8]) -> Result<(), AttemptError> {
        let (mut near, mut far) = duplex(1 << 20);
        far.write_all(answer).await.unwrap();
        let server = tokio::spawn(async move {
            let mut request = vec![0; REQUEST.len()];
            far.read_exact(&mut request).await.unwrap();
            request
        });
        let outcome =
            request(&mut near, &LIMITS, Duration::from_secs(60), &Redaction::default()).await;
        assert_eq!(server.await.unwrap(), REQUEST);
        outcome
    }

    fn with(id: u8, op: u8, code: u8) -> Vec<u8> {
        let mut answer = SUCCEEDED.to_vec();
        (answer[4], answer[5], answer[9]) = (id, op, code);
        answer
    }

    async fn final_kind(answer: &[u8]) -> ErrorKind {
        match answered(answer).await {
            Err(AttemptError::Final(error)) => error.kind(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_request_is_well_formed() {
        assert_eq!(REQUEST.len(), 2 + usize::from(REQUEST[1]));
        ber::check_nesting(REQUEST, 3).unwrap();
    }

    #[tokio::test]
    async fn success_is_success() {
        answered(SUCCEEDED).await.unwrap();
        let long =
            [0x30, 0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x78, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        answered(&long).await.unwrap();
    }

    #[tokio::test]
    async fn any_other_result_means_that_starttls_is_not_there() {
        for code in [1, 2, 8, 12, 51, 52, 53, 80] {
            let outcome = answered(&with(1, 0x78, code)).await;
            assert!(
                matches!(outcome, Err(AttemptError::Absent { answered: true, .. })),
                "{outcome:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_answer_that_repeats_the_password_of_an_earlier_connection_is_not_quoted() {
        let mut body = Vec::new();
        ber::write_integer(&mut body, ENUMERATED, 52);
        ber::write(&mut body, OCTET_STRING, b"");
        ber::write(&mut body, OCTET_STRING, b"no TLS for canary-93af");
        let redaction = Redaction::of(&Secret::new("canary-93af"));
        let (_, quoted) = code_and_text(&body, &Redaction::default()).unwrap();
        let (code, left_out) = code_and_text(&body, &redaction).unwrap();
        assert!(quoted.contains("canary"));
        assert_eq!((code, left_out.contains("canary")), (52, false));
    }

    #[tokio::test]
    async fn a_close_instead_of_an_answer_is_no_answer() {
        for end in [0, 1, 5, 13] {
            let outcome = answered(&SUCCEEDED[..end]).await;
            assert!(
                matches!(outcome, Err(AttemptError::Absent { answered: false, .. })),
                "{outcome:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_by_its_own_timeout() {
        let (mut near, _far) = duplex(64);
        let outcome =
            request(&mut near, &LIMITS, Duration::from_secs(10), &Redaction::default()).await;
        assert!(
            matches!(outcome, Err(AttemptError::Absent { answered: false, .. })),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn a_notice_of_disconnection_ends_it() {
        assert_eq!(final_kind(&with(0, 0x78, 52)).await, ErrorKind::Disconnected);
        // As Active Directory sends it, with the name outside of the response.
        let notice = [0x30, 15, 2, 1, 0, 0x78, 7, 0x0a, 1, 52, 4, 0, 4, 0, 0x8a, 1, b'1'];
        assert_eq!(final_kind(&notice).await, ErrorKind::Disconnected);
    }

    #[tokio::test]
    async fn other_messages_are_no_answer() {
        assert_eq!(final_kind(&with(2, 0x78, 0)).await, ErrorKind::Protocol);
        assert_eq!(final_kind(&with(1, 0x61, 0)).await, ErrorKind::Protocol);
        assert_eq!(final_kind(&[0x30, 5, 2, 1, 1, 0x78, 0]).await, ErrorKind::Protocol);
        assert_eq!(final_kind(b"HTTP/1.1 200 OK\r\n").await, ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn bytes_injected_after_the_answer_are_refused() {
        let injected = [SUCCEEDED, SUCCEEDED].concat();
        assert_eq!(final_kind(&injected).await, ErrorKind::Protocol);
        let injected = [SUCCEEDED, &[0x16]].concat();
        assert_eq!(final_kind(&injected).await, ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn nested_elements_are_refused() {
        let mut answer = Vec::new();
        while answer.len() < 30_000 {
            let inner = std::mem::take(&mut answer);
            ber::write(&mut answer, ber::SEQUENCE, &inner);
        }
        assert_eq!(final_kind(&answer).await, ErrorKind::Protocol);
        assert_eq!(final_kind(&[0x30; 100_000]).await, ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn what_the_server_says_is_shown_bounded_and_escaped() {
        let mut answer = vec![0x30, 0x82, 0x27, 0x21, 2, 1, 1, 0x78, 0x82, 0x27, 0x1a, 0x0a, 1, 52];
        answer.extend([4, 0, 4, 0x82, 0x27, 0x11]);
        answer.extend([0x1b; 10_001]);
        let outcome = answered(&answer).await;
        let text = outcome.unwrap_err().into_error().to_string();
        assert!(text.len() < 3_000 && !text.contains('\u{1b}'), "{text}");
    }
}
