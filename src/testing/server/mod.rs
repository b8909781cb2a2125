//! [`TestServer`] is an LDAP server in the test's own process that speaks like a domain controller: LDAPS, LDAP
//! and StartTLS, simple binds with AD's refusals, paged results, ranges of values, references, DirSync,
//! deleted objects. It serves a [`TestDirectory`], which tests may change while it runs, goes wrong by
//! [`Script`], and records every byte that it receives.
//!
//! ```
//! use ldap_inventory::testing::{ServerTls, TestCa, TestDirectory, TestServer};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let directory = TestDirectory::new();
//! directory.write().add_computer("WEB1")?;
//! directory.write().add_account("svc-inventory", "correct horse")?;
//!
//! let ca = TestCa::new("Example Test CA")?;
//! let tls = ServerTls::signed_by(&ca, &["localhost", "127.0.0.1"])?;
//! let server = TestServer::builder(&directory).with_ldaps(tls).start().await?;
//!
//! assert!(server.url().starts_with("ldaps://127.0.0.1:"));
//! assert!(server.thumbprint().unwrap().starts_with("127.0.0.1=SHA256:"));
//! // ... a sync against server.url() ...
//! assert_eq!(server.bind_requests(), 0);
//! # Ok::<(), ldap_inventory::Error>(())
//! # }).unwrap();
//! ```

mod bind;
mod builder;
pub(crate) mod codec;
pub(crate) mod directory;
mod dirsync;
mod netlogon;
mod paging;
mod recorder;
mod scene;
mod script;
mod search;
mod select;
mod session;
mod shared;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

pub use self::builder::TestServerBuilder;
#[doc(hidden)]
pub use self::codec::message::OperationKind;
#[doc(hidden)]
pub use self::codec::response::LdapResult;
#[doc(hidden)]
pub use self::directory::account::AccountState;
#[doc(hidden)]
pub use self::directory::entry::DirectoryEntry;
pub use self::directory::tree::{DirectoryTree, TestDirectory};
use self::recorder::Listener;
#[doc(hidden)]
pub use self::recorder::{RecordedConnection, RecordedSearch};
#[doc(hidden)]
pub use self::script::{Fault, Gate, Raw, Script, When};
use self::session::Session;
use self::shared::{Open, Shared};
pub use self::tls::ServerTls;
#[doc(hidden)]
pub use self::tls::TestCa;
use crate::{Error, ErrorKind, Result};

/// An LDAP server in this process that speaks like a domain controller, on ports of the loopback
/// interface that the system chooses.
///
/// It runs on the Tokio runtime it was started on, and ends, with all its connections, when it is dropped.
pub struct TestServer {
    shared: Arc<Shared>,
    tls: Mutex<Option<ServerTls>>,
    ldaps: Option<SocketAddr>,
    ldap: Option<SocketAddr>,
    open: watch::Receiver<usize>,
    tasks: Vec<AbortHandle>,
}

impl TestServer {
    /// The URL of the LDAPS listener if there is one, else of the LDAP listener.
    pub fn url(&self) -> String {
        self.ldaps_url().or_else(|| self.ldap_url()).unwrap_or_default()
    }

    /// `ldaps://ADDRESS:PORT`, if there is such a listener.
    pub fn ldaps_url(&self) -> Option<String> {
        self.ldaps.map(|address| format!("ldaps://{address}"))
    }

    /// `ldap://ADDRESS:PORT`, if there is such a listener.
    pub fn ldap_url(&self) -> Option<String> {
        self.ldap.map(|address| format!("ldap://{address}"))
    }

    /// Where the LDAPS listener listens.
    pub fn ldaps_address(&self) -> Option<SocketAddr> {
        self.ldaps
    }

    /// Where the LDAP listener listens.
    pub fn ldap_address(&self) -> Option<SocketAddr> {
        self.ldap
    }

    /// The thumbprint line `IP=SHA256:BASE64` of the certificate that is shown at present.
    pub fn thumbprint(&self) -> Option<String> {
        let address = self.ldaps.or(self.ldap)?.ip();
        let tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        tls.as_ref().map(|tls| format!("{address}={}", tls.thumbprint()))
    }

    /// The directory that is served.
    pub fn directory(&self) -> &TestDirectory {
        &self.shared.directory
    }

    /// Shows another certificate from the next handshake on.
    pub fn set_tls(&self, tls: ServerTls) -> Result<()> {
        let config = tls.config()?;
        *self.shared.tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(config);
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(tls);
        Ok(())
    }

    /// Plays another script from now on. All counts but that of connections begin anew.
    pub fn set_script(&self, script: Script) {
        self.shared.stage.set(script);
    }

    /// How many bytes of LDAP (TLS not counted) the server has sent since its script was set, over all
    /// connections: the number of places where [`When::bytes_sent`](super::When::bytes_sent) can cut.
    pub fn bytes_sent(&self) -> u64 {
        self.shared.stage.bytes_sent()
    }

    /// Every connection since the start, in the order of acceptance.
    pub fn recorded(&self) -> Vec<RecordedConnection> {
        self.shared.recorder.lock().clone()
    }

    /// The number of connections since the start.
    pub fn connections(&self) -> usize {
        self.shared.recorder.lock().len()
    }

    /// The number of bind requests since the start, over all connections and transports.
    pub fn bind_requests(&self) -> usize {
        self.shared.recorder.lock().iter().map(|connection| connection.binds).sum()
    }

    /// Whether these bytes were received on any connection, encrypted or not.
    pub fn received(&self, bytes: &[u8]) -> bool {
        self.shared.recorder.lock().iter().any(|connection| connection.contains(bytes))
    }

    /// Whether these bytes were received on any connection for everybody on the path to read.
    pub fn received_in_clear(&self, bytes: &[u8]) -> bool {
        self.shared.recorder.lock().iter().any(|connection| connection.contains_in_clear(bytes))
    }

    /// Returns as soon as no connection is open, that is, when clients have closed theirs.
    pub async fn all_closed(&self) {
        let _ = self.open.clone().wait_for(|open| *open == 0).await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestServer")
            .field("ldaps", &self.ldaps)
            .field("ldap", &self.ldap)
            .finish_non_exhaustive()
    }
}

impl TestServer {
    async fn listen(&mut self, address: IpAddr, kind: Listener) -> Result<SocketAddr> {
        let failed =
            |e| Error::new(ErrorKind::Connect, "the test server could not listen").with_source(e);
        let listener = TcpListener::bind((address, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let task = tokio::spawn(accept(listener, kind, Arc::clone(&self.shared)));
        self.tasks.push(task.abort_handle());
        Ok(address)
    }
}

async fn accept(listener: TcpListener, kind: Listener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let open = Open::new(&shared);
        let session = Session::new(stream, kind, Arc::clone(&shared));
        sessions.spawn(async move {
            session.run().await;
            drop(open);
        });
        while sessions.try_join_next().is_some() {}
    }
}
