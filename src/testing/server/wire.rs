//! The bytes of one connection, in the clear or in TLS, with the tape running.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::recorder::Tape;

/// How a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// TLS `close_notify` and FIN.
    Close,
    /// FIN alone.
    Truncate,
    /// RST.
    Reset,
    /// The peer is gone, or there is nothing left to say.
    Gone,
}

/// A connection as the session sees it.
pub(super) enum Wire {
    Plain(Tap),
    Tls(Box<TlsStream<Tap>>),
    Lost,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, tape: Arc<Tape>) -> Self {
        let _ = stream.set_nodelay(true);
        Self::Plain(Tap { stream, tape })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The certificate (DER) that the client has shown.
    pub(super) fn client_certificate(&self) -> Option<Vec<u8>> {
        let Self::Tls(stream) = self else { return None };
        stream.get_ref().1.peer_certificates()?.first().map(|certificate| certificate.to_vec())
    }

    pub(super) async fn start_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), End> {
        let Self::Plain(tap) = std::mem::replace(self, Self::Lost) else { return Err(End::Gone) };
        let stream = TlsAcceptor::from(config).accept(tap).await.map_err(|_| End::Gone)?;
        *self = Self::Tls(Box::new(stream));
        Ok(())
    }

    pub(super) async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<usize, End> {
        let read = match self {
            Self::Plain(tap) => tap.read_buf(buffer).await,
            Self::Tls(tls) => tls.read_buf(buffer).await,
            Self::Lost => Ok(0),
        };
        match read {
            Ok(0) | Err(_) => Err(End::Gone),
            Ok(read) => Ok(read),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let written = match self {
            Self::Plain(tap) => tap.write_all(bytes).await,
            Self::Tls(tls) => match tls.write_all(bytes).await {
                Ok(()) => tls.flush().await,
                failed => failed,
            },
            Self::Lost => return Err(End::Gone),
        };
        written.map_err(|_| End::Gone)
    }

    /// Ends the connection. After a FIN what the peer still sends is read, so that no RST overtakes it.
    pub(super) async fn finish(mut self, end: End) {
        if let (End::Close, Self::Tls(tls)) = (end, &mut self) {
            let _ = tls.shutdown().await;
        }
        let mut tap = match self {
            Self::Plain(tap) => tap,
            Self::Tls(tls) => tls.into_inner().0,
            Self::Lost => return,
        };
        match end {
            End::Gone => {}
            End::Reset => {
                let _ = socket2::SockRef::from(&tap.stream).set_linger(Some(Duration::ZERO));
            }
            End::Close | End::Truncate => {
                let _ = tap.stream.shutdown().await;
                let mut rest = [0; 4096];
                while tap.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            }
        }
    }
}

/// A TCP stream that writes down what is read from it.
pub(super) struct Tap {
    stream: TcpStream,
    tape: Arc<Tape>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        if !read.is_empty() {
            self.tape.note(|connection| connection.raw.extend_from_slice(read));
        }
        poll
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
