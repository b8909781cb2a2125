//! A directory without a network.

use std::collections::{HashSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::mock_changes::{changes, is_asked_for};
use crate::directory::{
    Completeness, DirectoryEvent, DirectoryObject, DirectorySource, FullReadReason, LeftOutValues,
    Page, PresentSet, ReadEnd, ReadRequest, ReadScope, RemovedObject, ServerIdentity, Transport,
    Verification,
};
use crate::name::DistinguishedName;
use crate::value::{Checkpoint, ReadMode, RecordDigest, View};
use crate::{Error, ErrorKind, Result, Retry};

/// A [`DirectorySource`] over a list of objects, which ends as it is told to.
///
/// A clone is the same directory: a test keeps one and changes what the next read will see.
///
/// ```
/// use futures::TryStreamExt;
/// use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
/// use ldap_inventory::testing::{MockDirectory, MockRecord};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let web = ["WEB1", "WEB2"].map(MockRecord::computer);
/// let directory = MockDirectory::new(web.into_iter().chain([MockRecord::user("alice")]));
/// let directory = directory.with_page_size(2);
/// let request = ReadRequest::new("reader".parse()?, "acme".parse()?);
/// let events: Vec<DirectoryEvent> = directory.read(request).await?.try_collect().await?;
/// assert!(matches!(&events[..], [
///     DirectoryEvent::Begin(_),
///     DirectoryEvent::Page(_),
///     DirectoryEvent::Page(_),
///     DirectoryEvent::End(_),
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
    deltas: Option<Deltas>,
    page_size: usize,
    delay: Duration,
    ending: MockEnding,
    /// What the reads after this one see.
    next: VecDeque<NextRead>,
    end: ReadEnd,
    requests: Vec<ReadRequest>,
}

/// What a later read sees, and how it ends.
#[derive(Debug)]
struct NextRead {
    objects: Vec<DirectoryObject>,
    ending: MockEnding,
}

/// What the directory held before, for reads of changes.
#[derive(Debug)]
struct Deltas {
    mode: ReadMode,
    /// Whether deletions show: by tombstones, which ordinary accounts may not see.
    tombstones: bool,
    /// Checkpoints from before this version are refused.
    oldest: usize,
    versions: Vec<Vec<DirectoryObject>>,
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
    /// Never: after so many pages nothing comes any more, until the read is given up.
    Stalled {
        /// Pages before that.
        pages: usize,
    },
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
        let fingerprint = RecordDigest::of([]);
        let view = View::of_account([]);
        let (bases, referred) = (Vec::new(), HashSet::new());
        let scope = ReadScope { bases, referred, view, fingerprint, former: None };
        let state = State {
            objects: objects.into_iter().map(Into::into).collect(),
            deltas: None,
            page_size: 100,
            delay: Duration::ZERO,
            ending: MockEnding::Complete,
            next: VecDeque::new(),
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

    /// Waits for so long before everything that a read yields. In a test whose clock stands still
    /// (`#[tokio::test(start_paused = true)]`) that takes no time.
    #[must_use]
    pub fn with_delay(self, delay: Duration) -> Self {
        self.state().delay = delay;
        self
    }

    /// Sets how reads end; behind [`then`](Self::then), how the reads from that one on do.
    #[must_use]
    pub fn ending(self, ending: MockEnding) -> Self {
        let mut state = self.state();
        match state.next.back_mut() {
            Some(next) => next.ending = ending,
            None => state.ending = ending,
        }
        drop(state);
        self
    }

    /// Sets what the next read sees, after those that are set already, and all that follow it: each `then` is one read,
    /// the last one is for ever. It ends with everything read unless [told otherwise](Self::ending). A run of changes
    /// may read more than once.
    ///
    /// ```
    /// use ldap_inventory::ErrorKind;
    /// use ldap_inventory::testing::{MockDirectory, MockEnding, MockRecord};
    ///
    /// let [web, db] = ["WEB1", "DB1"].map(MockRecord::computer);
    /// let directory = MockDirectory::new([web.clone(), db])
    ///     .then([web.clone()])
    ///     .ending(MockEnding::Incomplete { pages: 1, kind: ErrorKind::Timeout })
    ///     .then([web]);
    /// # drop(directory);
    /// ```
    #[must_use]
    pub fn then(self, objects: impl IntoIterator<Item = impl Into<DirectoryObject>>) -> Self {
        let objects = objects.into_iter().map(Into::into).collect();
        let next = NextRead { objects, ending: MockEnding::Complete };
        self.state().next.push_back(next);
        self
    }

    /// Sets how reads end from now on. What [`then`](Self::then) told of later reads is forgotten.
    pub fn set_ending(&self, ending: MockEnding) {
        let mut state = self.state();
        state.next.clear();
        state.ending = ending;
    }

    /// Leaves checkpoints of this mode, and answers a request that brings one with what changed since: whole objects
    /// that are new or were changed, even back to what they were, those that left the request's scope, and a census. An
    /// object that the directory does not hold any more is reported as deleted if `tombstones` may be seen, and shows
    /// in the census alone if not.
    ///
    /// As in Active Directory, an object of which only `memberOf` changed is not told, nor a group whose members
    /// were renamed, moved or deleted, nor whatever names such an object in `managedBy`.
    #[must_use]
    pub fn with_deltas(self, mode: ReadMode, tombstones: bool) -> Self {
        let mut state = self.state();
        let versions = vec![state.objects.clone()];
        state.deltas = Some(Deltas { mode, tombstones, oldest: 0, versions });
        drop(state);
        self
    }

    /// Refuses every checkpoint that was left up to now.
    pub fn refuse_checkpoints(&self) {
        let mut state = self.state();
        let objects = state.objects.clone();
        if let Some(deltas) = &mut state.deltas {
            deltas.oldest = deltas.versions.len();
            deltas.versions.push(objects);
        }
    }

    /// Sets what the directory holds from now on. What [`then`](Self::then) told of later reads is forgotten.
    pub fn set_objects(&self, objects: impl IntoIterator<Item = impl Into<DirectoryObject>>) {
        let mut state = self.state();
        state.next.clear();
        state.hold(objects.into_iter().map(Into::into).collect());
    }

    /// Changes what the end of every read will say: warnings, the server's identity, a checkpoint. Completeness and
    /// scope are worked out by each read, but for what is [referred](ReadScope::referred) to other servers.
    pub fn edit_end(&self, edit: impl FnOnce(&mut ReadEnd)) {
        edit(&mut self.state().end);
    }

    /// What was asked so far, in order.
    pub fn requests(&self) -> Vec<ReadRequest> {
        self.state().requests.clone()
    }

    /// What was asked last.
    ///
    /// # Panics
    ///
    /// If nothing was.
    #[track_caller]
    pub fn last_request(&self) -> ReadRequest {
        let last = self.state().requests.last().cloned();
        #[expect(clippy::expect_used, reason = "a test that was to read has failed")]
        last.expect("nothing was asked of the mock directory")
    }

    /// Asserts how often it was asked, whatever came of that.
    ///
    /// # Panics
    ///
    /// If it was more or less often, with what was asked.
    #[track_caller]
    pub fn assert_reads(&self, expected: usize) {
        let requests = self.requests();
        assert!(
            requests.len() == expected,
            "{} reads instead of {expected}: {requests:#?}",
            requests.len()
        );
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
        if !state.requests.is_empty() {
            state.turn_to_next();
        }
        state.requests.push(request.clone());
        if let MockEnding::Refused(kind) = state.ending {
            return Err(planned(kind));
        }
        let (events, delay) = (stream::iter(state.events(&request)), state.delay);
        let events = events.then(move |event| async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            event
        });
        Ok(match state.ending {
            MockEnding::Stalled { .. } => events.chain(stream::pending()).boxed(),
            _ => events.boxed(),
        })
    }
}

impl State {
    /// Holds these objects from now on.
    fn hold(&mut self, objects: Vec<DirectoryObject>) {
        if let Some(deltas) = &mut self.deltas {
            deltas.versions.push(objects.clone());
        }
        self.objects = objects;
    }

    /// What the next read sees, if that was told.
    fn turn_to_next(&mut self) {
        if let Some(NextRead { objects, ending }) = self.next.pop_front() {
            self.hold(objects);
            self.ending = ending;
        }
    }
}

impl State {
    fn events(&self, request: &ReadRequest) -> Vec<Result<DirectoryEvent>> {
        let mut end = self.end.clone();
        let referred = std::mem::take(&mut end.scope.referred);
        end.scope = ReadScope { referred, ..Self::scope(request) };
        let (objects, departed) = self.due(request, &mut end);
        let begin = Ok(DirectoryEvent::Begin(Box::new(end.clone())));
        end.left_out = LeftOutValues::of(&objects);
        let (pages, last) = match &self.ending {
            MockEnding::Complete => (usize::MAX, Some(Ok(end))),
            MockEnding::Incomplete { pages, kind } => {
                let reason = planned(*kind).to_string();
                end.completeness = Completeness::Incomplete { kind: *kind, reason };
                end.checkpoint = None;
                (*pages, Some(Ok(end)))
            }
            MockEnding::Error { pages, kind } => (*pages, Some(Err(planned(*kind)))),
            MockEnding::CutOff { pages } | MockEnding::Stalled { pages } => (*pages, None),
            MockEnding::Refused(kind) => (0, Some(Err(planned(*kind)))),
        };
        let mut filled: Vec<Page> = objects
            .chunks(self.page_size)
            .map(|objects| Page { objects: objects.to_vec(), ..Page::default() })
            .collect();
        if !departed.is_empty() {
            filled.push(Page { departed, ..Page::default() });
        }
        let pages = filled.into_iter().take(pages).map(|page| Ok(DirectoryEvent::Page(page)));
        let last = last.map(|end| end.map(|end| DirectoryEvent::End(Box::new(end))));
        std::iter::once(begin).chain(pages).chain(last).collect()
    }
}

impl State {
    /// What this read is to yield, with how it was come by in its end.
    fn due(
        &self,
        request: &ReadRequest,
        end: &mut ReadEnd,
    ) -> (Vec<DirectoryObject>, Vec<RemovedObject>) {
        let everything = || {
            self.objects.iter().filter(|object| is_asked_for(request, object)).cloned().collect()
        };
        let Some(deltas) = &self.deltas else { return (everything(), Vec::new()) };
        let latest = deltas.versions.len().saturating_sub(1);
        let token = latest.to_string().into_bytes();
        end.checkpoint = Some(Checkpoint::new(deltas.mode, end.scope.fingerprint, token));
        match deltas.since(request.checkpoint.as_ref(), end.scope.fingerprint) {
            Ok(versions) => {
                end.mode = deltas.mode;
                end.full_because = None;
                end.census = request.census.then(|| self.census(request));
                changes(request, versions, deltas.tombstones)
            }
            Err(reason) => {
                end.mode = ReadMode::Full;
                end.full_because = Some(reason);
                (everything(), Vec::new())
            }
        }
    }
}

impl State {
    /// A read of other bases, or with another filter, is another scope. Every credential is another account.
    fn scope(request: &ReadRequest) -> ReadScope {
        let filter = request.computer_filter.as_deref();
        let written = request.base_dns.iter().map(DistinguishedName::as_str);
        let fingerprint = RecordDigest::of(written.chain(filter));
        let view = View::of_account([request.credential.as_str()]).through(filter);
        // Without a base everything is read, whatever domain it stands in.
        let bases = match request.base_dns.as_slice() {
            [] => vec![DistinguishedName::root()],
            bases => bases.to_vec(),
        };
        ReadScope { bases, referred: HashSet::new(), view, fingerprint, former: None }
    }

    fn census(&self, request: &ReadRequest) -> PresentSet {
        let mut census: PresentSet =
            request.kinds.iter().map(|kind| (*kind, HashSet::new())).collect();
        for object in self.objects.iter().filter(|object| is_asked_for(request, object)) {
            census.entry(object.kind).or_default().insert(object.guid);
        }
        census
    }
}

impl Deltas {
    /// What the directory held when the checkpoint was left, and ever since.
    fn since(
        &self,
        checkpoint: Option<&Checkpoint>,
        scope: RecordDigest,
    ) -> std::result::Result<&[Vec<DirectoryObject>], FullReadReason> {
        let checkpoint = checkpoint.filter(|known| known.mode == self.mode);
        let checkpoint = checkpoint.ok_or(FullReadReason::NoCheckpoint)?;
        if checkpoint.scope != scope {
            return Err(FullReadReason::ScopeChanged);
        }
        let version: Option<usize> =
            str::from_utf8(&checkpoint.token).ok().and_then(|token| token.parse().ok());
        let version = version.filter(|version| *version >= self.oldest);
        let versions = version.and_then(|version| self.versions.get(version..));
        let versions = versions.filter(|versions| !versions.is_empty());
        versions.ok_or(FullReadReason::CheckpointRefused)
    }
}

fn planned(kind: ErrorKind) -> Error {
    let retry = match kind {
        ErrorKind::Connect | ErrorKind::Disconnected | ErrorKind::Timeout => Retry::Transient,
        _ => Retry::Never,
    };
    Error::new(kind, "the mock directory was told to end like this").with_retry(retry)
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::testing::MockRecord;

    fn request() -> ReadRequest {
        ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap())
    }

    /// How many objects the next read yields, and whether it has an end.
    async fn read(directory: &MockDirectory) -> Option<(usize, bool)> {
        let mut events = directory.read(request()).await.ok()?;
        let (mut objects, mut has_end) = (0, false);
        while let Ok(Some(event)) = timeout(Duration::from_secs(60), events.next()).await {
            match event.ok()? {
                DirectoryEvent::Page(page) => objects += page.objects.len(),
                DirectoryEvent::End(_) => has_end = true,
                DirectoryEvent::Begin(_) => {}
            }
        }
        Some((objects, has_end))
    }

    fn computers(count: usize) -> Vec<MockRecord> {
        (0..count).map(|n| MockRecord::computer(&format!("PC{n}"))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn each_step_is_one_read_and_the_last_is_for_ever() {
        let directory = MockDirectory::new(computers(3))
            .with_page_size(1)
            .then(computers(2))
            .ending(MockEnding::Stalled { pages: 1 })
            .then(computers(1))
            .ending(MockEnding::Refused(ErrorKind::BindRefused))
            .then(computers(4));
        for expected in [Some((3, true)), Some((1, false)), None, Some((4, true)), Some((4, true))]
        {
            assert_eq!(read(&directory).await, expected);
        }
        directory.assert_reads(5);
        assert_eq!(directory.last_request().credential, request().credential);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_is_that_of_the_clock_that_stands_still() {
        let delay = Duration::from_secs(10);
        let directory = MockDirectory::new(computers(3)).with_page_size(1).with_delay(delay);
        let begun = Instant::now();
        assert_eq!(read(&directory).await, Some((3, true)));
        // The beginning, three pages and the end.
        assert_eq!(begun.elapsed(), 5 * delay);
    }

    #[tokio::test]
    async fn a_step_is_a_change_that_a_read_of_changes_tells() {
        let directory = MockDirectory::new(computers(3)).with_deltas(ReadMode::DirSync, false);
        let directory = directory.then(computers(5));
        let first = directory.read(request()).await.unwrap();
        let events: Vec<_> = first.collect().await;
        let Some(Ok(DirectoryEvent::End(end))) = events.last() else { panic!("{events:?}") };
        let next = directory.read(request().with_checkpoint(end.checkpoint.clone())).await.unwrap();
        let pages = next.filter_map(async |event| match event.ok()? {
            DirectoryEvent::Page(page) => Some(page.objects.len()),
            _ => None,
        });
        assert_eq!(pages.collect::<Vec<_>>().await, [2]);
    }
}
