//! The directory source that reads an export.

use std::path::PathBuf;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::reading::Export;
use crate::directory::{DirectoryEvent, DirectorySource, ReadRequest, ServerIdentity};
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Result};

/// The pages that may wait for the reader of the stream.
const WAITING_EVENTS: usize = 1;

/// An export of a directory in LDIF (RFC 2849), as a [`DirectorySource`]: for networks that nothing reaches, and for
/// what somebody reports.
///
/// `ldapsearch`, `ldbsearch` and `ldifde` write such files; packed with gzip they are read as they are. An export gives
/// the very objects that [`LdapSource`](crate::ldap::LdapSource) reads of the directory: computers, users and groups,
/// by `objectClass`. What else is in it is passed over, but for the partitions of the forest, which tell the domain's
/// NetBIOS name. The file is read twice from its beginning to its end and never held: first for what it has at all, then
/// for its objects. One that is no regular file is refused. The limits of [`LdapLimits`] hold for it, with
/// [`message_bytes`](LdapLimits::message_bytes) for one entry. A file or URL that it names is never read, and a file of
/// changes is refused. What cannot be read ends the read, and is named with its line.
///
/// # When it is complete
///
/// Nothing is ever removed on a read that may not have been whole, and a file may be cut off anywhere. So a read is
/// complete
///
/// - if the file itself shows it: what `ldapsearch` writes unless `-L` is given, one search of a subtree with a filter
///   that finds all computers, users and groups, which ended with success, and as many entries as it says;
/// - or if [somebody says so](Self::with_complete) who knows it, since `ldifde`, `ldapsearch -LLL` and files put
///   together by hand show nothing.
///
/// It never is if something speaks against it, whoever says so: the last entry has no empty line behind it, a search
/// failed, has further pages or does not say how it ended, it was not of a subtree, its filter finds not all of what is
/// asked for (only filters for classes alone are known to), a base is asked for that the file does not say it is of, there
/// are more or fewer entries than are told, an entry has no `objectClass` or no `objectGUID`, or two domains are mixed.
///
/// What no object of a kind has in it, or a search did not ask for, was perhaps not exported: what is known of such
/// attributes stays, the lists of members are incomplete if it is `member`, and a warning names them
/// ([`ReadEnd::unshown`](crate::directory::ReadEnd::unshown)).
///
/// # What it covers
///
/// The bases that the export names, or else only what has all of its objects below it; and of that what is below the
/// request's bases. Whoever made the export is nobody's account: what an account saw last over LDAP is not taken for gone
/// because an export does not have it, unless the run [takes over](crate::sync::SyncOptions::takes_over). Exports of one
/// [credential](ReadRequest::credential) speak for each other; give them one of their own, beside that of the servers. An
/// export may be older than what is known, and takes values back then: the next read of a server is a full one for that
/// reason. A [filter](ReadRequest::computer_filter) is matched here, but for rules and attributes that take a server, and
/// the export must have what it asks for. No password is looked up.
///
/// ```
/// use ldap_inventory::ldap::LdifSource;
/// use ldap_inventory::store::MemoryRepository;
/// use ldap_inventory::sync::{SyncOptions, sync};
/// use ldap_inventory::task::SyncTask;
/// use ldap_inventory::value::SourceId;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = folder.path().join("corp.ldif");
/// let export = "\
/// dn: CN=WEB1,CN=Computers,DC=corp,DC=example
/// objectClass: top
/// objectClass: computer
/// objectGUID:: MDEyMzQ1Njc4OWFiY2RlZg==
/// dNSHostName: web1.corp.example
///
/// ";
/// std::fs::write(&file, export).unwrap();
/// let directory = LdifSource::new(file).with_complete(true);
/// let domain = directory.identify().await?.domain.unwrap();
/// let source = SourceId::new("ldap", &domain)?;
/// let task = SyncTask::new("export", "acme".parse()?, "hq".parse()?, source, "export".parse()?);
/// let inventory = MemoryRepository::new();
/// let report = sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
/// assert!(report.complete);
/// assert_eq!(report.computers.created, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LdifSource {
    export: Export,
}

impl LdifSource {
    /// The export in this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        let (file, limits) = (file.into(), LdapLimits::default());
        Self { export: Export { file, limits, is_vouched_for: false } }
    }

    /// Says that the export is whole: that it has every computer, user and group below its base. Off unless set. Nothing
    /// that speaks against it is overlooked because of this.
    #[must_use]
    pub fn with_complete(mut self, is_complete: bool) -> Self {
        self.export.is_vouched_for = is_complete;
        self
    }

    /// Sets the limits of a read. Those of time and of pages mean nothing here.
    #[must_use]
    pub fn with_limits(mut self, limits: LdapLimits) -> Self {
        self.export.limits = limits;
        self
    }

    /// Whose export it is, as far as its first computer, user or group tells.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where there is no such file, [`ErrorKind::Configuration`] where it is no regular
    /// one, [`ErrorKind::Invalid`] where it is no export up to there.
    pub async fn identify(&self) -> Result<ServerIdentity> {
        let export = self.export.clone();
        Ok(in_the_background(move || export.origin()).await?.identity())
    }
}

#[async_trait]
impl DirectorySource for LdifSource {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let export = self.export.clone();
        let opened = in_the_background(move || export.open(request)).await;
        let reading = opened.map_err(|error| error.in_operation("read"))?;
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        // It ends with the line on which nobody waits any more.
        drop(spawn_blocking(move || reading.run(&sender)));
        let next = |mut events: mpsc::Receiver<_>| async move {
            events.recv().await.map(|event| (event, events))
        };
        Ok(stream::unfold(events, next).boxed())
    }
}

/// Reads a file without keeping others waiting.
async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Cancelled, "the export was not read").with_source(error))
    })
}
