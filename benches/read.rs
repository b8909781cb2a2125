//! Reading and decoding entries: `read/replay/10k`.
//!
//! The answers of the test server are recorded once and played back, so that the server costs nothing and
//! what is measured is the client: framing, checking, decoding into records.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::StreamExt;
use ldap_inventory::credential::{Credential, ServerUrl, Sharing};
use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::testing::{TestDirectory, TestServer};
use ldap_inventory::value::{CredentialId, ObjectKind, OrganizationId, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const COUNT: usize = 10_000;

/// What the server said after each request.
type Recording = Vec<Vec<u8>>;

fn replay(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let recording = Arc::new(runtime.block_on(record()));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let source = source(listener.local_addr().unwrap().port());
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(play(socket, Arc::clone(&recording)));
        }
    });
    let mut group = criterion.benchmark_group("read/replay");
    group.sample_size(10).throughput(Throughput::Elements(COUNT as u64));
    group.bench_function(BenchmarkId::from_parameter("10k"), |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            assert!(read(&source).await >= COUNT);
        });
    });
    group.finish();
}

/// Reads once through a relay that keeps what the server says.
async fn record() -> Recording {
    let directory = TestDirectory::generated(1, COUNT, 1, 1);
    directory.write().add_account("reader", "password").unwrap();
    let server =
        TestServer::builder(&directory).with_ldap().with_plain_binds().start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let source = source(listener.local_addr().unwrap().port());
    let target = server.ldap_address().unwrap();
    let recording = Arc::new(Mutex::new(Recording::new()));
    let kept = Arc::clone(&recording);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Only the last connection counts: the first one asks for StartTLS, which is not there.
            kept.lock().unwrap().clear();
            relay(client, TcpStream::connect(target).await.unwrap(), &kept).await;
        }
    });
    assert!(read(&source).await >= COUNT);
    std::mem::take(&mut *recording.lock().unwrap())
}

async fn relay(mut client: TcpStream, mut server: TcpStream, kept: &Mutex<Recording>) {
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read {
                Ok(octets) if octets > 0 => {
                    kept.lock().unwrap().push(Vec::new());
                    server.write_all(request.get(..octets).unwrap()).await.unwrap();
                }
                _ => return,
            },
            read = server.read(&mut answer) => match read {
                Ok(octets) if octets > 0 => {
                    let octets = answer.get(..octets).unwrap();
                    kept.lock().unwrap().last_mut().unwrap().extend_from_slice(octets);
                    client.write_all(octets).await.unwrap();
                }
                _ => return,
            },
        }
    }
}

/// Plays the recording, one answer for each request. The request for StartTLS is told apart by its name.
async fn play(mut socket: TcpStream, recording: Arc<Recording>) {
    const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
    let mut request = vec![0; 1 << 16];
    for answer in recording.iter() {
        match socket.read(&mut request).await {
            Ok(octets) if octets > 0 => {
                let asked = request.get(..octets).unwrap();
                if asked.windows(START_TLS.len()).any(|part| part == START_TLS) {
                    return;
                }
            }
            _ => return,
        }
        if socket.write_all(answer).await.is_err() {
            return;
        }
    }
}

fn source(port: u16) -> LdapSource {
    let url = ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap();
    let id = CredentialId::new("bench").unwrap();
    let credential = Credential::new(id, "CORP\\reader", Secret::new("password"))
        .with_server(url)
        .with_insecure(true)
        .with_sharing(Sharing::Global);
    LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
}

async fn read(source: &LdapSource) -> usize {
    let id = CredentialId::new("bench").unwrap();
    let request = ReadRequest::new(id, OrganizationId::new("bench").unwrap())
        .with_kinds([ObjectKind::Computer]);
    let mut events = source.read(request).await.unwrap();
    let mut objects = 0;
    while let Some(event) = events.next().await {
        match event.unwrap() {
            DirectoryEvent::Page(page) => objects += page.objects.len(),
            DirectoryEvent::End(end) => {
                assert!(end.completeness.is_complete(), "{:?}", end.completeness);
            }
            _ => {}
        }
    }
    objects
}

criterion_group!(benches, replay);
criterion_main!(benches);
