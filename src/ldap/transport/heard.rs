//! Whether a server has begun to speak TLS: then TLS is there, and whatever breaks off behind is no reason to do without.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The beginning of a ServerHello, whatever its length and minor version: a record of the handshake (22), and in it a
/// message of this kind (2).
const HELLO: [Option<u8>; 6] = [Some(22), Some(3), None, None, None, Some(2)];

/// A stream that notes whether the first that its peer says is a ServerHello.
#[derive(Debug)]
pub(crate) struct Heard<S> {
    stream: S,
    /// How many octets were as they should be; none are looked at behind one that was not.
    alike: Option<usize>,
    hello: Arc<AtomicBool>,
}

impl<S> Heard<S> {
    /// The stream, and where it will be noted.
    pub(crate) fn new(stream: S) -> (Self, Arc<AtomicBool>) {
        let hello = Arc::new(AtomicBool::new(false));
        (Self { stream, alike: Some(0), hello: Arc::clone(&hello) }, hello)
    }

    fn hear(&mut self, octets: &[u8]) {
        for octet in octets {
            let Some(alike) = self.alike else { return };
            let expected = HELLO.get(alike).copied().flatten();
            self.alike = expected.is_none_or(|it| it == *octet).then_some(alike + 1);
            if self.alike == Some(HELLO.len()) {
                self.hello.store(true, Ordering::Relaxed);
                self.alike = None;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.hear(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn only_a_server_hello_at_the_beginning_is_one_however_it_is_cut() {
        for (octets, expected) in [
            (&b"\x16\x03\x03\x00\x7a\x02\x00"[..], true),
            (b"\x16\x03\x01\xff\xff\x02", true),
            (b"\x16\x03\x03\x00\x7a", false),
            (b"\x16\x03\x03\x00\x7a\x01", false),
            (b"\x15\x03\x03\x00\x02\x02\x28", false),
            (b"HTTP/1.1 400", false),
            (b"0\x16\x03\x03\x00\x7a\x02", false),
            (b"", false),
        ] {
            for cut in 0..=octets.len() {
                let (head, tail) = octets.split_at(cut);
                let (mut stream, hello) = Heard::new(head.chain(tail));
                let mut read = Vec::new();
                stream.read_to_end(&mut read).await.unwrap();
                assert_eq!((read.as_slice(), hello.load(Ordering::Relaxed)), (octets, expected));
            }
        }
    }
}
