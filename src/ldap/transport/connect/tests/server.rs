//! A server on loopback that does what it is told and records every byte it gets.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What the server does once the client begins TLS.
#[derive(Clone)]
pub(super) enum Tls {
    /// Closes the connection.
    Close,
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Shakes hands.
    Serve(Arc<ServerConfig>),
    /// Does nothing.
    Silence,
}

/// What the server does.
#[derive(Clone)]
pub(super) struct Script {
    /// On TLS from the first byte.
    pub(super) ldaps: Tls,
    /// What it answers to StartTLS, and what it does on the TLS that follows; or it closes.
    pub(super) starttls: Option<(Vec<u8>, Tls)>,
}

/// A running server. It ends with the test.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    records: Arc<Mutex<Vec<Vec<u8>>>>,
    within_tls: mpsc::UnboundedReceiver<Vec<u8>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(script: Script) -> Self {
        Self::start_on("127.0.0.1".parse().unwrap(), script).await.unwrap()
    }

    pub(super) async fn start_on(ip: IpAddr, script: Script) -> std::io::Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let records: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (heard, within_tls) = mpsc::unbounded_channel();
        let task = tokio::spawn(accept(listener, script, heard, Arc::clone(&records)));
        Ok(Self { address, records, within_tls, task })
    }

    /// What was said within TLS on the next connection that ends.
    pub(super) async fn heard_within_tls(&mut self) -> Vec<u8> {
        self.within_tls.recv().await.unwrap()
    }

    /// The bytes of each connection, after the client has closed it.
    pub(super) fn records(&self) -> Vec<Vec<u8>> {
        self.records.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    script: Script,
    heard: UnboundedSender<Vec<u8>>,
    records: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    while let Ok((tcp, _)) = listener.accept().await {
        let index = {
            let mut records = records.lock().unwrap();
            records.push(Vec::new());
            records.len() - 1
        };
        let recorder = Recorder { tcp, index, records: Arc::clone(&records) };
        tokio::spawn(serve(recorder, script.clone(), heard.clone()));
    }
}

async fn serve(
    mut stream: Recorder,
    script: Script,
    heard: UnboundedSender<Vec<u8>>,
) -> Option<()> {
    const HANDSHAKE: u8 = 0x16;
    let mut first = [0];
    stream.tcp.peek(&mut first).await.ok()?;
    if first[0] == HANDSHAKE {
        return tls(stream, script.ldaps, heard).await;
    }
    let (answer, then) = script.starttls?;
    let mut request = [0; 31];
    stream.read_exact(&mut request).await.ok()?;
    stream.write_all(&answer).await.ok()?;
    tls(stream, then, heard).await
}

async fn tls(mut stream: Recorder, tls: Tls, heard: UnboundedSender<Vec<u8>>) -> Option<()> {
    match tls {
        Tls::Close => {}
        Tls::Say(bytes) => {
            // The client begins. Before that, it would be an answer to something else.
            stream.read_exact(&mut [0; 5]).await.ok()?;
            stream.write_all(&bytes).await.ok()?;
            stream.shutdown().await.ok()?;
            // What was sent is read to its end, so that the close is not a reset.
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
        }
        Tls::Serve(config) => {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.ok()?;
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
            heard.send(said).ok()?;
        }
        Tls::Silence => {
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
        }
    }
    Some(())
}

struct Recorder {
    tcp: TcpStream,
    index: usize,
    records: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.tcp).poll_read(cx, buffer));
        let read = &buffer.filled()[before..];
        self.records.lock().unwrap()[self.index].extend_from_slice(read);
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
