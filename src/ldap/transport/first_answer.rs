//! TLS 1.3 tells a client that its certificate is missed, or does not please, only after the client believes that all is
//! well.

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
    /// Until the server has said something, if it asked.
    asked: Option<Asked>,
}

/// A client certificate was asked for in the handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The peer.
    pub(crate) by: SocketAddr,
    /// Whether there was one to show.
    pub(crate) is_shown: bool,
}

impl<S> FirstAnswer<S> {
    /// `asked`: if it was in the handshake.
    pub(crate) fn new(stream: S, asked: Option<Asked>) -> Self {
        Self { stream, asked }
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
        match (outcome, self.asked) {
            (Poll::Ready(Err(error)), Some(asked)) => {
                let error = self.last_words(cx, error);
                Poll::Ready(Err(asked.broken(Some(error))))
            }
            (outcome, _) => outcome,
        }
    }
}

impl Asked {
    /// A server that misses a certificate, or does not accept it, said so; or it ended the connection, which may mean that.
    fn broken(self, cause: Option<io::Error>) -> io::Error {
        let alert = cause.as_ref().and_then(alert);
        let (error, is_certain) = match (self.is_shown, alert) {
            (false, Some(AlertDescription::CertificateRequired)) => (demanded(), true),
            (false, _) => (perhaps_demanded(), false),
            (true, Some(alert)) => (not_accepted(alert), true),
            (true, None) => (perhaps_not_accepted(), false),
        };
        let error = error.in_operation("connect").with_context("address", self.by);
        io::Error::other(match cause {
            Some(cause) if !is_certain => error.with_source(cause),
            _ => error,
        })
    }
}

/// The server goes no further without a certificate.
pub(crate) fn demanded() -> Error {
    Error::new(
        ErrorKind::Tls,
        "the server demands a client certificate, and the credential has none to show; give it one, let the server do \
         without (OpenLDAP: `TLSVerifyClient try`), or give a port where it does",
    )
}

/// The server was shown a certificate, and says by an alert (RFC 8446 section 6.2) what it has against it.
pub(crate) fn not_accepted(alert: AlertDescription) -> Error {
    use AlertDescription as Alert;
    let message = match alert {
        Alert::CertificateExpired => {
            "the server says that the client certificate has expired, or is not valid yet; renew it, and compare the \
             server's clock"
        }
        Alert::CertificateRevoked => "the server says that the client certificate is revoked",
        Alert::UnknownCA => {
            "the server does not trust the authority that issued the client certificate; let it trust it (OpenLDAP: \
             `TLSCACertificateFile`), or take a certificate of an authority that it trusts"
        }
        Alert::CertificateRequired => {
            "the server demands a client certificate, and wants none with a key of this kind"
        }
        _ => {
            return Error::new(
                ErrorKind::Tls,
                format!(
                    "the server does not accept the client certificate: alert {alert:?}; its log may say why"
                ),
            );
        }
    };
    Error::new(ErrorKind::Tls, message)
}

/// OpenLDAP, with GnuTLS, says nothing where it does not know the authority: no read has begun, so that none is cut short.
fn perhaps_not_accepted() -> Error {
    Error::new(
        ErrorKind::Tls,
        "the server was shown the client certificate, and ended the connection before it said anything; if it does not \
         accept it, for its authority or its dates, its log may say so",
    )
    .with_retry(Retry::Transient)
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
        Poll::Ready(match (outcome, self.asked) {
            (Err(error), Some(asked)) => Err(asked.broken(Some(error))),
            (Ok(()), Some(asked)) if is_end => Err(asked.broken(None)),
            (outcome, _) => {
                self.asked = self.asked.filter(|_| buffer.filled().len() == before);
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
