//! The server itself: listeners, and what tests ask it for.

mod bind;
mod dirsync;
mod paging;
mod search;
mod select;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use self::session::Session;
use super::ber::LengthForm;
use super::recorder::{Listener, RecordedConnection, Recorder};
use super::script::{Script, Stage};
use super::tls::ServerTls;
use super::tree::TestDirectory;
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
    /// What is to be served, and how.
    pub fn builder(directory: &TestDirectory) -> TestServerBuilder {
        TestServerBuilder {
            directory: directory.clone(),
            settings: Settings::default(),
            tls: None,
            ldaps: false,
            ldap: false,
            start_tls: false,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            script: Script::new(),
        }
    }

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

/// Settings of a [`TestServer`]. Each default is what a Windows domain controller does.
#[derive(Debug)]
#[must_use]
pub struct TestServerBuilder {
    directory: TestDirectory,
    settings: Settings,
    tls: Option<ServerTls>,
    ldaps: bool,
    ldap: bool,
    start_tls: bool,
    address: IpAddr,
    script: Script,
}

impl TestServerBuilder {
    /// Listens for LDAPS.
    pub fn with_ldaps(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self.ldaps = true;
        self
    }

    /// Listens for LDAP. Without [`with_start_tls`](Self::with_start_tls), StartTLS is answered as by a
    /// domain controller without a certificate (result code 52).
    pub fn with_ldap(mut self) -> Self {
        self.ldap = true;
        self
    }

    /// Listens for LDAP and offers StartTLS. One server has one certificate: with
    /// [`with_ldaps`](Self::with_ldaps) too, the one given last is shown on both.
    pub fn with_start_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self.ldap = true;
        self.start_tls = true;
        self
    }

    /// Listens on this address, [`Ipv4Addr::LOCALHOST`] unless set.
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Plays this script from the start.
    pub fn with_script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// Accepts simple binds without TLS. They are refused with result code 8 unless set, as by a domain controller
    /// that requires signing.
    pub fn with_plain_binds(mut self) -> Self {
        self.settings.plain_binds = true;
        self
    }

    /// The most entries in one answer, paged or not (`MaxPageSize`, 1000 unless set).
    pub fn with_max_page_size(mut self, entries: usize) -> Self {
        self.settings.max_page_size = entries.max(1);
        self
    }

    /// The most values of one attribute in one entry (`MaxValRange`, 1500 unless set).
    pub fn with_max_values(mut self, values: usize) -> Self {
        self.settings.max_values = values.max(1);
        self
    }

    /// The most entries in one DirSync answer (1000 unless set).
    pub fn with_dirsync_entries(mut self, entries: usize) -> Self {
        self.settings.dirsync_entries = entries.max(1);
        self
    }

    /// Ignores the paged-results control, or refuses it if it is critical.
    pub fn without_paging(mut self) -> Self {
        self.settings.paging = false;
        self
    }

    /// Refuses the DirSync control if it is critical, as directories that are not AD do.
    pub fn without_dirsync(mut self) -> Self {
        self.settings.dirsync = false;
        self
    }

    /// Lets every account see deleted objects; unless set nobody does, as ordinary accounts do not.
    pub fn with_readable_tombstones(mut self) -> Self {
        self.settings.tombstones_readable = true;
        self
    }

    /// Writes lengths in this form, [`LengthForm::Minimal`] unless set.
    pub fn with_lengths(mut self, form: LengthForm) -> Self {
        self.settings.lengths = form;
        self
    }

    /// Writes at most this many bytes at a time.
    pub fn with_segments(mut self, bytes: usize) -> Self {
        self.settings.segment = Some(bytes.max(1));
        self
    }

    /// The references that a search of the whole domain ends with. Unless set they are those to the configuration and
    /// to the two DNS partitions.
    pub fn with_references<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.settings.references = Some(urls.into_iter().map(Into::into).collect());
        self
    }

    /// Starts to listen and to serve.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if no listener was asked for, [`Connect`](ErrorKind::Connect) if no port
    /// could be had.
    pub async fn start(self) -> Result<TestServer> {
        if !self.ldap && !self.ldaps {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the test server has no listener: ask for LDAPS or LDAP",
            ));
        }
        let config = self.tls.as_ref().map(ServerTls::config).transpose()?;
        let shared = Arc::new(Shared {
            directory: self.directory,
            settings: self.settings,
            start_tls: self.start_tls,
            tls: Mutex::new(config),
            stage: Stage::default(),
            recorder: Recorder::default(),
            open: watch::Sender::new(0),
        });
        shared.stage.set(self.script);
        let mut server = TestServer {
            open: shared.open.subscribe(),
            shared,
            tls: Mutex::new(self.tls),
            ldaps: None,
            ldap: None,
            tasks: Vec::new(),
        };
        if self.ldaps {
            server.ldaps = Some(server.listen(self.address, Listener::Ldaps).await?);
        }
        if self.ldap {
            server.ldap = Some(server.listen(self.address, Listener::Ldap).await?);
        }
        Ok(server)
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

/// What all connections of a server share.
#[derive(Debug)]
struct Shared {
    directory: TestDirectory,
    settings: Settings,
    start_tls: bool,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    stage: Stage,
    recorder: Recorder,
    open: watch::Sender<usize>,
}

#[derive(Debug)]
struct Settings {
    plain_binds: bool,
    paging: bool,
    dirsync: bool,
    tombstones_readable: bool,
    max_page_size: usize,
    max_values: usize,
    dirsync_entries: usize,
    lengths: LengthForm,
    segment: Option<usize>,
    references: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plain_binds: false,
            paging: true,
            dirsync: true,
            tombstones_readable: false,
            max_page_size: 1000,
            max_values: 1500,
            dirsync_entries: 1000,
            lengths: LengthForm::Minimal,
            segment: None,
            references: None,
        }
    }
}

/// Counts a connection as open for as long as it lives.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.open.send_modify(|open| *open += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
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
