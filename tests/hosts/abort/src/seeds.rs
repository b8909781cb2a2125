//! What the fuzz targets begin with, by the doors that a host has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use ldap_inventory::Result;
use ldap_inventory::credential::{CaCertificate, Credential, ServerUrl, Sharing, Thumbprint};
use ldap_inventory::curation::Scan;
use ldap_inventory::directory::{DirectorySource, ReadRequest};
use ldap_inventory::ldap::{LdapSource, LdifSource};
use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::value::{ObjectGuid, Secret, Sid, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::acme;

/// Decodes every seed, and says how many there were.
pub(crate) async fn decode() -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/seeds");
    let mut decoded = 0;
    for kind in paths(&folder) {
        for seed in paths(&kind) {
            let bytes = fs::read(&seed).unwrap();
            match kind.file_name().and_then(|name| name.to_str()).unwrap() {
                "ldif" => read(&LdifSource::new(&seed).with_complete(true)).await,
                // What a server says: whatever it is, it comes as the answer to the first thing that is asked.
                "checkpoint_token" | "dns_record" | "extended_dn" | "ldap_entry"
                | "ldap_messages" | "ldap_ping" | "session" => read_from_socket(bytes).await?,
                kind => parse(kind, &bytes),
            }
            decoded += 1;
        }
    }
    assert!(decoded > 40, "{decoded} seeds");
    Ok(format!("{decoded} seeds"))
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn parse(kind: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match kind {
        "certificate" => drop(CaCertificate::parse_all(bytes)),
        "distinguished_name" => drop(DistinguishedName::parse(&text).map(|dn| dn.normalized())),
        "hostname" => drop(Hostname::parse(&text)),
        "identity" => {
            let _ = (ObjectGuid::from_slice(bytes), Sid::from_slice(bytes), text.parse::<Sid>());
            let _ = (text.parse::<ObjectGuid>(), text.parse::<Timestamp>());
            let _ = (Timestamp::parse_filetime(&text), Timestamp::parse_generalized_time(&text));
        }
        "query" => drop(Query::parse(&text).map(|query| query.to_string())),
        "scan" => drop(Scan::parse(bytes, Timestamp::now())),
        "server_url" => drop(ServerUrl::parse(&text)),
        "thumbprint" => drop(Thumbprint::parse_all(&text)),
        kind => panic!("no door for {kind}"),
    }
}

async fn read(source: &dyn DirectorySource) {
    let request = ReadRequest::new("reader".parse().unwrap(), acme());
    // What comes of it is for other tests.
    if let Ok(events) = source.read(request).await {
        events.for_each(|event| async { drop(event) }).await;
    }
}

/// Reads from whoever says these octets, and nothing else.
async fn read_from_socket(said: Vec<u8>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await;
            let _ = socket.write_all(&said).await;
        }
    });
    let credential =
        Credential::new("reader".parse()?, "CORP\\svc", Secret::new("a password of tests"))
            .with_server(format!("ldap://{address}").parse()?)
            .with_insecure(true)
            .with_sharing(Sharing::Global);
    read(&LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))).await;
    server.abort();
    Ok(())
}
