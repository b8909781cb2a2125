//! A server for tests that answers from a script, in bytes.

use std::net::SocketAddr;

use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::ber::{self, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, SET};
use super::connection::{Clock, Connection};
use super::controls::{DIRSYNC, PAGED_RESULTS};
use super::frame::{Frame, FrameLimits, op, read_frame};
use super::redaction::Redaction;
use crate::ldap::limits::LdapLimits;

/// The identifier octet of an unbind request.
pub(crate) const UNBIND_REQUEST: u8 = 0x42;

/// An attribute: its name, and its values.
pub(crate) type Attribute<'a> = (&'a str, &'a [&'a [u8]]);

pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ber::write(&mut bytes, tag, contents);
    bytes
}

pub(crate) fn message(id: i64, operation: u8, body: &[u8], trailer: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    ber::write_integer(&mut parts, INTEGER, id);
    ber::write(&mut parts, operation, body);
    parts.extend_from_slice(trailer);
    element(SEQUENCE, &parts)
}

pub(crate) fn ldap_result(code: i64, text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    ber::write_integer(&mut body, ENUMERATED, code);
    ber::write(&mut body, OCTET_STRING, b"");
    ber::write(&mut body, OCTET_STRING, text.as_bytes());
    body
}

pub(crate) fn bound(id: i64, code: i64, text: &str) -> Vec<u8> {
    message(id, op::BIND_RESPONSE, &ldap_result(code, text), &[])
}

pub(crate) fn done(id: i64, code: i64) -> Vec<u8> {
    message(id, op::SEARCH_RESULT_DONE, &ldap_result(code, ""), &[])
}

/// The end of a page.
pub(crate) fn page_done(id: i64, code: i64, cookie: &[u8]) -> Vec<u8> {
    let fields = [element(INTEGER, &[0]), element(OCTET_STRING, cookie)].concat();
    done_with(id, code, PAGED_RESULTS, &fields)
}

/// The end of a DirSync answer.
pub(crate) fn dirsync_done(id: i64, code: i64, more: bool, cookie: &[u8]) -> Vec<u8> {
    let more = element(INTEGER, &[u8::from(more)]);
    let fields = [more, element(INTEGER, &[0]), element(OCTET_STRING, cookie)].concat();
    done_with(id, code, DIRSYNC, &fields)
}

fn done_with(id: i64, code: i64, control: &str, fields: &[u8]) -> Vec<u8> {
    let value = element(OCTET_STRING, &element(SEQUENCE, fields));
    let control = [element(OCTET_STRING, control.as_bytes()), value].concat();
    let controls = element(0xa0, &element(SEQUENCE, &control));
    message(id, op::SEARCH_RESULT_DONE, &ldap_result(code, ""), &controls)
}

pub(crate) fn entry_body(dn: &str, attributes: &[Attribute<'_>]) -> Vec<u8> {
    let list: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> =
                values.iter().flat_map(|value| element(OCTET_STRING, value)).collect();
            let parts = [element(OCTET_STRING, name.as_bytes()), element(SET, &values)].concat();
            element(SEQUENCE, &parts)
        })
        .collect();
    [element(OCTET_STRING, dn.as_bytes()), element(SEQUENCE, &list)].concat()
}

pub(crate) fn entry(id: i64, dn: &str, attributes: &[Attribute<'_>]) -> Vec<u8> {
    message(id, op::SEARCH_RESULT_ENTRY, &entry_body(dn, attributes), &[])
}

pub(crate) fn reference(id: i64, uri: &str) -> Vec<u8> {
    let body = element(OCTET_STRING, uri.as_bytes());
    message(id, op::SEARCH_RESULT_REFERENCE, &body, &[])
}

/// A stream to a server that sends the next of these replies after each request. After the last one it says
/// no more, but reads on. The task returns the requests.
pub(crate) fn serve(replies: Vec<Vec<u8>>) -> (DuplexStream, JoinHandle<Vec<Frame>>) {
    let (near, mut far) = tokio::io::duplex(4096);
    let limits = FrameLimits { message_bytes: 1 << 20, depth: 64 };
    let server = tokio::spawn(async move {
        let (mut requests, mut buffer) = (Vec::new(), Vec::new());
        let mut replies = replies.into_iter().peekable();
        while let Ok(Some(request)) = read_frame(&mut far, &mut buffer, &limits).await {
            requests.push(request);
            if let Some(reply) = replies.next() {
                let _ = far.write_all(&reply).await;
                if replies.peek().is_none() {
                    let _ = far.shutdown().await;
                }
            }
        }
        requests
    });
    (near, server)
}

/// A server that has no StartTLS, and sends these replies on the connections without it. The task returns
/// the requests of all connections.
pub(crate) async fn serve_tcp(replies: Vec<Vec<u8>>) -> (SocketAddr, JoinHandle<Vec<Frame>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = FrameLimits { message_bytes: 1 << 20, depth: 64 };
    let server = tokio::spawn(async move {
        let (mut requests, mut replies) = (Vec::new(), replies.into_iter());
        while replies.len() > 0 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = Vec::new();
            while let Ok(Some(request)) = read_frame(&mut stream, &mut buffer, &limits).await {
                let refusal =
                    message(request.message_id(), op::EXTENDED_RESPONSE, &ldap_result(2, ""), &[]);
                let reply = match request.op() {
                    op::EXTENDED_REQUEST => Some(refusal),
                    _ => replies.next(),
                };
                requests.push(request);
                let _ = stream.write_all(&reply.unwrap_or_default()).await;
            }
        }
        requests
    });
    (address, server)
}

/// A connection to such a server.
pub(crate) async fn connection(
    limits: &LdapLimits,
    replies: Vec<Vec<u8>>,
) -> (Connection, JoinHandle<Vec<Frame>>) {
    let (stream, server) = serve(replies);
    let clock = Clock::start(limits);
    let connection = Connection::over(stream, limits, clock, Redaction::default()).await.unwrap();
    (connection, server)
}
