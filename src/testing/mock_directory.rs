//! A directory without a network.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::directory::{
    Completeness, DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadEnd, ReadRequest,
    ServerIdentity, Transport, Verification,
};
use crate::name::DistinguishedName;
use crate::value::ScopeFingerprint;
use crate::{Error, ErrorKind, Result, Retry};

/// A [`DirectorySource`] over a list of objects, which ends as it is told to.
///
/// A clone is the same directory: a test keeps one and changes what the next read will see.
///
/// ```
/// use futures::TryStreamExt;
/// use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
/// use ldap_inventory::testing::{MockDirectory, computer, user};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let directory = MockDirectory::new([computer("WEB1"), computer("WEB2"), user("alice")]);
/// let directory = directory.with_page_size(2);
/// let request = ReadRequest::new("reader".parse()?, "acme".parse()?);
/// let events: Vec<DirectoryEvent> = directory.read(request).await?.try_collect().await?;
/// assert!(matches!(&events[..], [
///     DirectoryEvent::Page(_), DirectoryEvent::Page(_), DirectoryEvent::End(_)
/// ]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MockDirectory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    objects: Vec<DirectoryObject>,
    page_size: usize,
    ending: MockEnding,
    end: ReadEnd,
    requests: Vec<ReadRequest>,
}

/// How the reads of a [`MockDirectory`] end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum MockEnding {
    /// With everything read.
    #[default]
    Complete,
    /// After so many pages, with an end that says that the read is incomplete.
    Incomplete {
        /// Pages before the end.
        pages: usize,
        /// What ended it.
        kind: ErrorKind,
    },
    /// After so many pages, with an error.
    Error {
        /// Pages before the error.
        pages: usize,
        /// Its kind.
        kind: ErrorKind,
    },
    /// After so many pages, without an end: the stream stops, as one that was cut off.
    CutOff {
        /// Pages before the stop.
        pages: usize,
    },
    /// Before it begins, with an error of this kind.
    Refused(ErrorKind),
}

impl MockDirectory {
    /// A directory with these objects, in pages of 100, reached over LDAPS at 192.0.2.1, an address for
    /// examples (RFC 5737).
    pub fn new(objects: impl IntoIterator<Item = impl Into<DirectoryObject>>) -> Self {
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 636));
        let mut server = ServerIdentity::at(address);
        server.dns_host_name = Some("dc1.corp.example".to_owned());
        server.default_naming_context = DistinguishedName::parse("DC=corp,DC=example").ok();
        server.domain = Some("corp.example".to_owned());
        server.netbios_domain = Some("CORP".to_owned());
        let verified_by = Verification::CertificateAuthority;
        let scope = ScopeFingerprint::of([]);
        let state = State {
            objects: objects.into_iter().map(Into::into).collect(),
            page_size: 100,
            ending: MockEnding::Complete,
            end: ReadEnd::complete(scope, Transport::Ldaps, verified_by, server),
            requests: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets how many objects a page has; at least 1.
    #[must_use]
    pub fn with_page_size(self, size: usize) -> Self {
        self.state().page_size = size.max(1);
        self
    }

    /// Sets how reads end.
    #[must_use]
    pub fn ending(self, ending: MockEnding) -> Self {
        self.set_ending(ending);
        self
    }

    /// Sets how reads end from now on.
    pub fn set_ending(&self, ending: MockEnding) {
        self.state().ending = ending;
    }

    /// Sets what the directory holds from now on.
    pub fn set_objects(&self, objects: impl IntoIterator<Item = impl Into<DirectoryObject>>) {
        self.state().objects = objects.into_iter().map(Into::into).collect();
    }

    /// Changes what the end of every read will say: warnings, the server's identity, a checkpoint.
    /// Completeness and scope are worked out by each read.
    pub fn edit_end(&self, edit: impl FnOnce(&mut ReadEnd)) {
        edit(&mut self.state().end);
    }

    /// What was asked so far, in order.
    pub fn requests(&self) -> Vec<ReadRequest> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DirectorySource for MockDirectory {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let mut state = self.state();
        state.requests.push(request.clone());
        if let MockEnding::Refused(kind) = state.ending {
            return Err(planned(kind));
        }
        Ok(stream::iter(state.events(&request)).boxed())
    }
}

impl State {
    fn events(&self, request: &ReadRequest) -> Vec<Result<DirectoryEvent>> {
        let mut end = self.end.clone();
        end.scope = scope(request);
        let (pages, last) = match &self.ending {
            MockEnding::Complete => (usize::MAX, Some(Ok(end))),
            MockEnding::Incomplete { pages, kind } => {
                let reason = planned(*kind).to_string();
                end.completeness = Completeness::Incomplete { kind: *kind, reason };
                end.checkpoint = None;
                (*pages, Some(Ok(end)))
            }
            MockEnding::Error { pages, kind } => (*pages, Some(Err(planned(*kind)))),
            MockEnding::CutOff { pages } => (*pages, None),
            MockEnding::Refused(kind) => (0, Some(Err(planned(*kind)))),
        };
        let objects: Vec<DirectoryObject> =
            self.objects.iter().filter(|object| is_asked_for(request, object)).cloned().collect();
        let pages = objects
            .chunks(self.page_size)
            .take(pages)
            .map(|objects| Ok(DirectoryEvent::Page(Page { objects: objects.to_vec() })));
        let last = last.map(|end| end.map(|end| DirectoryEvent::End(Box::new(end))));
        pages.chain(last).collect()
    }
}

fn is_asked_for(request: &ReadRequest, object: &DirectoryObject) -> bool {
    let bases = &request.base_dns;
    request.kinds.contains(&object.kind)
        && (bases.is_empty() || bases.iter().any(|base| object.dn.is_within(base)))
}

/// A read of other bases, or with another filter, is another scope.
fn scope(request: &ReadRequest) -> ScopeFingerprint {
    let bases = request.base_dns.iter().map(DistinguishedName::as_str);
    ScopeFingerprint::of(bases.chain(request.computer_filter.as_deref()))
}

fn planned(kind: ErrorKind) -> Error {
    let retry = match kind {
        ErrorKind::Connect | ErrorKind::Disconnected | ErrorKind::Timeout => Retry::Transient,
        _ => Retry::Never,
    };
    Error::new(kind, "the mock directory was told to end like this").with_retry(retry)
}
