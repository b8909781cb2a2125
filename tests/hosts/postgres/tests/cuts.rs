//! Connections that are cut at any byte, on the way there and on the way back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use deadpool_postgres::tokio_postgres::Config;
use deadpool_postgres::tokio_postgres::config::Host;
use host_postgres::{inventory, pool};
use ldap_inventory::asset::{AssetRepository, CommitOutcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::database::{config, schema};
use crate::history;
use crate::state::Mirror;

/// Hands bytes on between hosts and a server, and cuts each connection that is open when so many more have come one way.
#[derive(Clone, Default)]
struct Forwarder {
    /// What is left to hand on before the cut: to the server, and from it. Below zero there is no cut.
    to_server: Arc<AtomicI64>,
    from_server: Arc<AtomicI64>,
    /// How many connections were cut.
    cuts: Arc<AtomicI64>,
}

impl Forwarder {
    /// Starts one before a server.
    async fn before(server: SocketAddr) -> (Self, SocketAddr) {
        let forwarder = Self::default();
        forwarder.hand_everything_on();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = forwarder.clone();
        tokio::spawn(async move {
            while let Ok((host, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                tokio::spawn(accepting.clone().connection(host, server));
            }
        });
        (forwarder, address)
    }

    fn hand_everything_on(&self) {
        self.to_server.store(-1, Ordering::SeqCst);
        self.from_server.store(-1, Ordering::SeqCst);
    }

    /// Ends when one of the ways ends, and cuts both.
    async fn connection(self, host: TcpStream, server: TcpStream) {
        host.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_host, to_host) = host.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = self.hand_on(from_host, to_server, &self.to_server) => {}
            () = self.hand_on(from_server, to_host, &self.from_server) => {}
        }
    }

    async fn hand_on(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, left: &AtomicI64) {
        let mut bytes = vec![0; 4096];
        loop {
            let count = from.read(&mut bytes).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            let before = left.load(Ordering::SeqCst);
            let count = if before < 0 { count } else { count.min(before as usize) };
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
            if before >= 0 && before == count as i64 {
                left.store(-1, Ordering::SeqCst);
                self.cuts.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if before >= 0 {
                left.store(before - count as i64, Ordering::SeqCst);
            }
        }
    }
}

fn address(database: &Config) -> SocketAddr {
    let [Host::Tcp(host)] = database.get_hosts() else { panic!("{database:?}") };
    SocketAddr::new(host.parse().unwrap(), database.get_ports()[0])
}

fn through(database: &Config, forwarder: SocketAddr) -> Config {
    let mut through = Config::new();
    through.user(database.get_user().unwrap()).dbname(database.get_dbname().unwrap());
    through.host(forwarder.ip().to_string()).port(forwarder.port());
    through
}

/// Cuts connections in the middle of commits, every so many bytes, one way or the other. What a commit says is so.
async fn cut(step: usize, farthest: usize, way: fn(&Forwarder) -> &AtomicI64) {
    let schema = schema(&config()).await;
    let (forwarder, address) = Forwarder::before(address(&config())).await;
    let cut_off = pool(&through(&config(), address), &schema, 1).unwrap();
    let cut_off = inventory(&cut_off).await.unwrap();
    let safe = inventory(&pool(&config(), &schema, 1).unwrap()).await.unwrap();
    let mut mirror = Mirror::default();
    let mut was_written_before = 0;
    for bytes in (0..farthest).step_by(step) {
        way(&forwarder).store(bytes as i64, Ordering::SeqCst);
        let committed = cut_off.commit(history::batch(mirror.batches)).await.unwrap();
        assert!(!matches!(committed, CommitOutcome::Conflict(_)), "{committed:?} at {bytes}");
        was_written_before += u32::from(committed == CommitOutcome::AlreadyApplied);
        forwarder.hand_everything_on();
        mirror.go_on(1).await;
        mirror.follow(&safe, false).await;
    }
    let cuts = forwarder.cuts.load(Ordering::SeqCst);
    assert!(cuts >= 50, "only {cuts} cuts");
    if std::ptr::eq(way(&forwarder), &*forwarder.from_server) {
        assert!(was_written_before > 0, "no answer to a commit was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_on_the_way_there_leaves_every_batch_whole() {
    cut(61, 6_000, |forwarder| &forwarder.to_server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_on_the_way_back_leaves_every_batch_whole() {
    cut(7, 2_500, |forwarder| &forwarder.from_server).await;
}
