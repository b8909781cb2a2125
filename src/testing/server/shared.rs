//! What all connections of a server share, and how it was set up.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::sync::watch;

use super::codec::ber::LengthForm;
use super::directory::tree::TestDirectory;
use super::recorder::Recorder;
use super::script::Stage;

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) directory: TestDirectory,
    pub(super) settings: Settings,
    pub(super) start_tls: bool,
    pub(super) tls: Mutex<Option<Arc<ServerConfig>>>,
    pub(super) stage: Stage,
    pub(super) recorder: Recorder,
    pub(super) open: watch::Sender<usize>,
}

/// Counts a connection as open for as long as it lives.
pub(super) struct Open(Arc<Shared>);

impl Open {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        shared.open.send_modify(|open| *open += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// What a domain controller may be set to. Each default is what Windows does.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) plain_binds: bool,
    pub(super) external_on_ldaps: bool,
    pub(super) paging: bool,
    pub(super) ignores_paging: bool,
    pub(super) dirsync: bool,
    pub(super) link_changes: bool,
    pub(super) tombstones_readable: bool,
    pub(super) max_page_size: usize,
    pub(super) max_values: usize,
    pub(super) dirsync_entries: usize,
    pub(super) lengths: LengthForm,
    pub(super) segment: Option<usize>,
    pub(super) references: Option<Vec<String>>,
    /// Its name within its domain, and its AD site.
    pub(super) called: Option<(String, String)>,
    /// The AD site that it takes every client to be in.
    pub(super) client_site: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plain_binds: false,
            external_on_ldaps: false,
            paging: true,
            ignores_paging: false,
            dirsync: true,
            link_changes: true,
            tombstones_readable: false,
            max_page_size: 1000,
            max_values: 1500,
            dirsync_entries: 1000,
            lengths: LengthForm::Minimal,
            segment: None,
            references: None,
            called: None,
            client_site: None,
        }
    }
}
