//! TLS 1.3 tells a client that its certificate is missed only after the client believes that all is well.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::AlertDescription;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Error, ErrorKind, Retry};

/// A stream to a server that asked for a client certificate. Should it break before the server has said anything, that
/// is why.
#[derive(Debug)]
pub(crate) struct FirstAnswer<S> {
    stream: S,
    /// The peer, until it has said something, if it asked.
    asked_by: Option<SocketAddr>,
}

impl<S> FirstAnswer<S> {
    /// `asked_by`: the peer, if it asked for a client certificate in the handshake.
    pub(crate) fn new(stream: S, asked_by: Option<SocketAddr>) -> Self {
        Self { stream, asked_by }
    }
}

impl<S: AsyncRead + Unpin> FirstAnswer<S> {
    /// What the server said last, where a request could not be written any more.
    fn last_words(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        let mut rest = [0; 1];
        match Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut rest)) {
            Poll::Ready(Err(last)) if alert(&last).is_some() => last,
            _ => error,
        }
    }

    fn written<T>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match (outcome, self.asked_by) {
            (Poll::Ready(Err(error)), Some(peer)) => {
                let error = self.last_words(cx, error);
                Poll::Ready(Err(missed(peer, Some(error))))
            }
            (outcome, _) => outcome,
        }
    }
}

/// A server that demands a certificate said so, or ended the connection and may have.
fn missed(peer: SocketAddr, cause: Option<io::Error>) -> io::Error {
    let is_certain = cause.as_ref().and_then(alert) == Some(AlertDescription::CertificateRequired);
    let error = if is_certain { demanded() } else { perhaps_demanded() };
    let error = error.in_operation("connect").with_context("address", peer);
    io::Error::other(match cause {
        Some(cause) if !is_certain => error.with_source(cause),
        _ => error,
    })
}

/// The server goes no further without a certificate.
pub(crate) fn demanded() -> Error {
    Error::new(
        ErrorKind::Tls,
        "the server demands a client certificate, and this client has none to show: it authenticates by its bind; let \
         the server do without one (OpenLDAP: `TLSVerifyClient try`), or give a port where it does",
    )
}

fn perhaps_demanded() -> Error {
    Error::new(
        ErrorKind::Disconnected,
        "the server asked for a client certificate, got none, and ended the connection before it said anything; if it \
         demands one, let it do without one (OpenLDAP: `TLSVerifyClient try`)",
    )
    .with_retry(Retry::Transient)
}

fn alert(error: &io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstAnswer<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let is_end = outcome.is_ok() && buffer.filled().len() == before && buffer.remaining() > 0;
        Poll::Ready(match (outcome, self.asked_by) {
            (Err(error), Some(peer)) => Err(missed(peer, Some(error))),
            (Ok(()), Some(peer)) if is_end => Err(missed(peer, None)),
            (outcome, _) => {
                self.asked_by = self.asked_by.filter(|_| buffer.filled().len() == before);
                outcome
            }
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for FirstAnswer<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
