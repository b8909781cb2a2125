//! How a server is set up.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::TestServer;
use super::codec::ber::LengthForm;
use super::directory::tree::TestDirectory;
use super::recorder::{Listener, Recorder};
use super::script::{Script, Stage};
use super::shared::{Settings, Shared};
use super::tls::ServerTls;
use crate::{Error, ErrorKind, Result};

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

impl TestServer {
    /// What is to be served, and how.
    pub fn builder(directory: &TestDirectory) -> TestServerBuilder {
        TestServerBuilder::new(directory)
    }
}

impl TestServerBuilder {
    fn new(directory: &TestDirectory) -> Self {
        Self {
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

    /// Binds by a client certificate where it is asked to (SASL EXTERNAL), on LDAPS too, and names no capabilities, as
    /// OpenLDAP does. Unless set, LDAPS binds with the handshake, as on a domain controller.
    pub fn with_external_on_ldaps(mut self) -> Self {
        self.settings.external_on_ldaps = true;
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

    /// Ignores the paged-results control even if it is critical, as no server may, and sends everything at once.
    pub fn ignoring_paging(mut self) -> Self {
        self.settings.paging = false;
        self.settings.ignores_paging = true;
        self
    }

    /// Refuses the DirSync control if it is critical, as directories that are not AD do.
    pub fn without_dirsync(mut self) -> Self {
        self.settings.dirsync = false;
        self
    }

    /// Refuses to tell links one by one (LDAP_DIRSYNC_INCREMENTAL_VALUES).
    pub fn without_link_changes(mut self) -> Self {
        self.settings.link_changes = false;
        self
    }

    /// Lets every account see deleted objects; unless set nobody does, as ordinary accounts do not.
    pub fn with_readable_tombstones(mut self) -> Self {
        self.settings.tombstones_readable = true;
        self
    }

    /// Writes lengths as Windows does, `84` and four octets for everything constructed, and not in the fewest octets.
    pub fn with_lengths_of_windows(mut self) -> Self {
        self.settings.lengths = LengthForm::ActiveDirectory;
        self
    }

    /// Writes all lengths in `84` and four octets, which a reader must accept all the same.
    pub fn with_long_lengths(mut self) -> Self {
        self.settings.lengths = LengthForm::LongEverywhere;
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

    /// Says that it is the controller of this name (one label) in this AD site, instead of `dc1` in the first one.
    pub fn with_name(mut self, name: &str, site: &str) -> Self {
        self.settings.called = Some((name.to_owned(), site.to_owned()));
        self
    }

    /// Takes every client to be in this AD site, and says so to an LDAP ping; unless set, no such ping is answered.
    pub fn with_client_site(mut self, site: &str) -> Self {
        self.settings.client_site = Some(site.to_owned());
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
