//! One read: every search in turn, page by page, as events.

mod changed;
mod located;
mod present_set;
mod ranged;
mod unpaged;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use ldap3::Scope;
use ldap3::controls::RawControl;
use tokio::sync::mpsc;

use super::attributes::Selection;
use super::catalog;
use super::decode::{Decoded, Decoder, Ranged};
use super::reference::referred;
use crate::directory::{
    Completeness, DirectoryEvent, DirectoryObject, Held, LeftOutValues, Page, ReadEnd,
};
use crate::ldap::delta::{LinkChanges, Position, Tracking};
use crate::ldap::limits::LdapLimits;
use crate::ldap::network::{NetworkMap, NetworkPlaces};
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::controls::DOMAIN_SCOPE;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::{SearchMessage, within};
use crate::ldap::protocol::paging::{PageContents, PageEnd, Paging};
use crate::ldap::protocol::redaction::Redaction;
use crate::ldap::protocol::relay;
use crate::ldap::protocol::search::SearchRequest;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind};
use crate::{Error, ErrorKind, Printable, Result};

/// A page goes to the reader at this size even if the server's is not over.
const EVENT_OBJECTS: usize = 1_000;
const EVENT_BYTES: usize = 2 << 20;

/// What lies with another server is known by its DN, in normal form, which may be twice as long, and by a digest: this is the
/// octets of all of that, and those beside them in sets.
const FORMS_OF_A_REFERENCE: usize = 3;
const BESIDE_A_REFERENCE: usize = 256;

/// One search of a read.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) kind: ObjectKind,
    pub(crate) base: DistinguishedName,
    pub(crate) filter: String,
    pub(crate) selection: Selection,
}

/// A read under way.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) connection: Connection,
    pub(crate) searches: Vec<Planned>,
    pub(crate) limits: LdapLimits,
    pub(crate) send_domain_scope: bool,
    /// How it will have ended, kept up to date on the way.
    pub(crate) end: ReadEnd,
    pub(crate) events: mpsc::Sender<Result<DirectoryEvent>>,
    pub(crate) tracking: Tracking,
    pub(crate) progress: Progress,
    /// What is set aside, and what is known by identity alone.
    pub(crate) held: Held,
    /// Where the directory keeps its DNS and its subnets, if computers are to have their addresses.
    pub(crate) places: Option<NetworkPlaces>,
}

/// What a read has come to so far.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The kinds of which there is an object at least.
    kinds: BTreeSet<ObjectKind>,
    /// Whether the server sends everything at once, whatever it is asked for.
    ignores_paging: bool,
    /// Objects of which a list could not be read in full.
    unread: Vec<ObjectGuid>,
    /// The objects that were read, where that is to be known.
    found: Option<HashSet<ObjectGuid>>,
    /// Where the next read goes on.
    position: Option<Position>,
    /// What changed of the members of groups, where the server told them one by one.
    links: HashMap<ObjectGuid, LinkChanges>,
    /// Where computers are, if that is asked for, until they are read.
    network: Option<NetworkMap>,
}

/// Why a read stopped early.
enum Stop {
    /// Nobody listens any more.
    ReceiverDropped,
    Failed(Error),
}

/// Objects on their way to the reader.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    objects: Vec<DirectoryObject>,
    bytes: usize,
    ranged: Vec<Ranged>,
}

impl Reading {
    /// Says whom it reached, reads what is to be read, sends it, and sends how it ended. Whatever stops it from here
    /// on is an end as well: an incomplete one.
    pub(crate) async fn run(mut self) {
        let begin = DirectoryEvent::Begin(Box::new(self.end.clone()));
        if self.events.send(Ok(begin)).await.is_err() {
            return;
        }
        let redaction = self.connection.redaction.clone();
        let mut end = match self.read_what_is_due().await {
            Ok(()) => {
                self.judge();
                self.connection.close().await;
                self.end
            }
            Err(Stop::ReceiverDropped) => return,
            Err(Stop::Failed(error)) => {
                drop(self.connection);
                self.end.broken_off(&error.in_operation("read"))
            }
        };
        for left_out in &mut end.left_out {
            left_out.first = redaction.text(std::mem::take(&mut left_out.first));
        }
        let _ = self.events.send(Ok(DirectoryEvent::End(Box::new(end)))).await;
    }

    /// Reads the changes, or everything if they cannot be told.
    async fn read_what_is_due(&mut self) -> Result<(), Stop> {
        self.survey().await?;
        let Some(reason) = self.read_changes().await? else { return Ok(()) };
        self.end.full_because = Some(reason);
        let limits = (&self.limits, &self.held);
        let (position, refusal) = self.connection.position(&self.tracking, limits).await?;
        self.progress.position = position;
        if let Some(refusal) = refusal {
            let warning = format!("the server refuses DirSync: {}", refusal.report());
            self.end.warnings.push(warning);
        }
        self.read_all().await
    }

    async fn read_all(&mut self) -> Result<(), Stop> {
        self.read_addresses().await?;
        let searches = std::mem::take(&mut self.searches);
        for search in &searches {
            if search.kind != ObjectKind::Computer {
                self.close_network();
            }
            self.read(search).await?;
        }
        self.close_network();
        self.remark_on_what_is_not_there(&searches);
        Ok(())
    }

    /// A directory without computers is a mistake more often than not.
    fn remark_on_what_is_not_there(&mut self, searches: &[Planned]) {
        let lacks =
            |kind| self.tracking.kinds.contains(&kind) && !self.progress.kinds.contains(&kind);
        let who = match (lacks(ObjectKind::Computer), lacks(ObjectKind::User)) {
            (true, true) => "neither computers nor users were",
            (true, false) => "no computer was",
            (false, _) => return,
        };
        let bases: BTreeSet<&str> = searches.iter().map(|search| search.base.as_str()).collect();
        let bases: Vec<String> = bases.iter().map(|base| Printable(base).to_string()).collect();
        self.end.warnings.push(format!(
            "{who} found below {}: read are entries whose objectClass is computer, user or group, and people \
             who are inetOrgPerson alone are none of these; check the base DN, the filter if there is one, and \
             what the account may read",
            bases.join(" and ")
        ));
    }

    /// Reads one search to its end.
    async fn read(&mut self, search: &Planned) -> Result<(), Stop> {
        let mut paging = Paging::new();
        loop {
            let mut outgoing = Outgoing::default();
            let (result, contents) = self.read_page(search, &paging, &mut outgoing).await?;
            let page = if paging.is_unpaged(&result)
                && self.ignores_paging(search, contents.entries()).await?
            {
                Ok(PageEnd::Last)
            } else {
                paging.end_page(&result, contents, &self.limits)
            };
            self.look_up_addresses(&outgoing.ranged).await?;
            for ranged in std::mem::take(&mut outgoing.ranged) {
                self.held.remove(ranged.footprint());
                outgoing.add(self.read_ranges(ranged, page.is_ok()).await?);
                if outgoing.is_full() {
                    send(&self.events, &mut outgoing, &mut self.progress, &mut self.end).await?;
                }
            }
            send(&self.events, &mut outgoing, &mut self.progress, &mut self.end).await?;
            match page {
                Ok(PageEnd::More) => {}
                Ok(PageEnd::Last) => return Ok(()),
                Err(error) => {
                    return Err(Stop::Failed(error.with_context("base DN", &search.base)));
                }
            }
        }
    }

    async fn read_page(
        &mut self,
        planned: &Planned,
        paging: &Paging,
        outgoing: &mut Outgoing,
    ) -> Result<(ldap3::LdapResult, PageContents), Stop> {
        let request = SearchRequest {
            base: planned.base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: planned.filter.clone(),
            attributes: planned.selection.names(),
        };
        let mut controls = vec![paging.control(&self.limits)];
        controls.extend(self.domain_scope());
        let mut contents = PageContents::default();
        let limits = &self.limits;
        let held = self.held.beside();
        let decoder =
            Decoder { kind: planned.kind, selection: &planned.selection, limits, held: &held };
        let looks_up = self.looks_up(planned.kind);
        let mut search = self.connection.search(&request, controls).await?;
        while let Some(batch) = search.next().await? {
            for message in batch.messages() {
                match message {
                    SearchMessage::Entry(body) => {
                        let entry = RawEntry::parse(body).map_err(Error::from)?;
                        contents.count(entry.dn);
                        let dn = entry.dn;
                        if let Some(unshown) = self.end.unshown.get_mut(&planned.kind) {
                            catalog::note_shown(unshown, entry, &planned.selection);
                        }
                        let mut decoded = decoder.decode(entry)?;
                        if let Decoded::Rejected(rejected) = &mut decoded
                            && search.redaction().is_in(dn)
                        {
                            rejected.dn = search.redaction().left_out();
                        }
                        if looks_up {
                            decoded = decoded.set_aside();
                        }
                        if let Decoded::Ranged(ranged) = &decoded {
                            self.held.add(ranged.footprint())?;
                        }
                        outgoing.take(decoded, &mut self.end, limits);
                    }
                    SearchMessage::Reference(body) => {
                        let end = &mut self.end;
                        let octets = count_reference(body, end, limits, search.redaction())?;
                        self.held.add(octets)?;
                    }
                }
            }
            if outgoing.is_full() {
                send(&self.events, outgoing, &mut self.progress, &mut self.end).await?;
            }
        }
        Ok((search.finish().await?, contents))
    }

    /// Asks for no references to other servers, where the server knows how to leave them out.
    fn domain_scope(&self) -> Vec<RawControl> {
        let control = || RawControl { ctype: DOMAIN_SCOPE.to_owned(), crit: false, val: None };
        self.send_domain_scope.then(control).into_iter().collect()
    }

    /// A read that reached its end is complete only if nothing in scope was left out.
    fn judge(&mut self) {
        doubt_rejected(&mut self.end);
        let end = &mut self.end;
        if end.completeness.is_complete()
            && let Some(position) = self.progress.position.take()
        {
            end.checkpoint = self.tracking.checkpoint(position, &self.progress.unread);
        }
    }
}

impl Outgoing {
    pub(crate) fn take(&mut self, decoded: Decoded, end: &mut ReadEnd, limits: &LdapLimits) {
        match decoded {
            Decoded::Object(object) => self.add(object),
            Decoded::Ranged(ranged) => self.ranged.push(ranged),
            Decoded::Rejected(rejected) => {
                end.rejected_count += 1;
                *end.rejected_by_kind.entry(rejected.kind).or_default() += 1;
                if end.rejected.len() < limits.rejections_named {
                    end.rejected.push(rejected);
                }
            }
        }
    }

    pub(crate) fn add(&mut self, object: DirectoryObject) {
        self.bytes = self.bytes.saturating_add(object.footprint());
        self.objects.push(object);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.objects.len() >= EVENT_OBJECTS || self.bytes >= EVENT_BYTES
    }

    /// Takes the objects out.
    pub(crate) fn drain(&mut self) -> Vec<DirectoryObject> {
        self.bytes = 0;
        std::mem::take(&mut self.objects)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Sends what there is.
async fn send(
    events: &mpsc::Sender<Result<DirectoryEvent>>,
    outgoing: &mut Outgoing,
    progress: &mut Progress,
    end: &mut ReadEnd,
) -> Result<(), Stop> {
    let (mut page, mut bytes) = (Vec::new(), 0_usize);
    for mut object in outgoing.drain() {
        if let Some(network) = &mut progress.network
            && object.kind == ObjectKind::Computer
        {
            network.describe(&mut object)?;
        }
        if end.unshown.contains_key(&object.kind) {
            catalog::doubt_links(&mut object);
        }
        bytes = bytes.saturating_add(object.footprint());
        page.push(object);
        // Their addresses may make them more than one event carries.
        if bytes >= EVENT_BYTES {
            bytes = 0;
            send_page(events, std::mem::take(&mut page), progress, end).await?;
        }
    }
    match page.is_empty() {
        true => Ok(()),
        false => send_page(events, page, progress, end).await,
    }
}

async fn send_page(
    events: &mpsc::Sender<Result<DirectoryEvent>>,
    objects: Vec<DirectoryObject>,
    progress: &mut Progress,
    end: &mut ReadEnd,
) -> Result<(), Stop> {
    for object in &objects {
        progress.kinds.insert(object.kind);
        LeftOutValues::count(&mut end.left_out, object);
    }
    if let Some(found) = &mut progress.found {
        found.extend(objects.iter().map(|object| object.guid));
    }
    let page = Page { objects, ..Page::default() };
    events.send(Ok(DirectoryEvent::Page(page))).await.map_err(|_| Stop::ReceiverDropped)
}

/// Counts a reference to another server, and names the first ones. None is followed. How many octets are kept of it.
fn count_reference(
    body: &[u8],
    end: &mut ReadEnd,
    limits: &LdapLimits,
    redaction: &Redaction,
) -> Result<usize> {
    let uris = relay::parse_referrals(body)?;
    end.referrals += 1;
    within("referrals", end.referrals, limits.referrals)?;
    let octets = note_referred(end, &uris);
    let named = u64::try_from(limits.referrals_named).unwrap_or(u64::MAX);
    if let (Some(uri), true) = (uris.into_iter().next(), end.referrals <= named) {
        let uri = redaction.text(uri);
        end.warnings.push(format!("not followed: a referral to {}", Printable(&uri)));
    }
    Ok(octets)
}

/// What could not be used may be anything: nothing is concluded from what did not show.
pub(crate) fn doubt_rejected(end: &mut ReadEnd) {
    if let (Some(first), Completeness::Complete) = (end.rejected.first(), &end.completeness) {
        let mut reason = format!("{} entries could not be used, among them ", end.rejected_count);
        let _ = write!(reason, "{}: {}", first.dn, first.reason);
        end.completeness = Completeness::Incomplete { kind: ErrorKind::Invalid, reason };
    }
}

/// Notes what lies with other servers, by what a reference says: its addresses are of the same entry. Where none of them
/// tells, it may be anything. How many octets are kept of it.
pub(crate) fn note_referred(end: &mut ReadEnd, uris: &[String]) -> usize {
    let mut entries = uris.iter().filter_map(|uri| referred(uri)).peekable();
    if entries.peek().is_none() && end.completeness.is_complete() {
        let reason =
            "the server referred to another one without saying for which part of the directory";
        let (kind, reason) = (ErrorKind::Directory, reason.to_owned());
        end.completeness = Completeness::Incomplete { kind, reason };
    }
    let mut octets = 0;
    for entry in entries {
        let own = BESIDE_A_REFERENCE + FORMS_OF_A_REFERENCE * entry.as_str().len();
        octets += if end.scope.referred.insert(entry) { own } else { 0 };
    }
    octets
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::SocketAddr;

    use super::*;
    use crate::directory::{MemoryBudget, ReadScope, ServerIdentity, Transport, Verification};
    use crate::ldap::delta::DeltaPolicy;
    use crate::ldap::protocol::connection::Clock;
    use crate::ldap::protocol::frame::op;
    use crate::ldap::protocol::script::{
        self, Attribute, done, element, entry, ldap_result, message, page_done, reference,
    };
    use crate::value::{RecordDigest, Secret, View};
    use proptest::prelude::*;

    type Events = Vec<Result<DirectoryEvent>>;

    /// What a read of this kind gives against a server that sends these replies.
    async fn read(kind: ObjectKind, limits: LdapLimits, replies: Vec<Vec<u8>>) -> Events {
        read_within(&MemoryBudget::default(), kind, limits, replies).await
    }

    async fn read_within(
        memory: &MemoryBudget,
        kind: ObjectKind,
        limits: LdapLimits,
        replies: Vec<Vec<u8>>,
    ) -> Events {
        read_over((memory, Redaction::default()), kind, limits, replies).await
    }

    async fn read_keeping_out(password: &Secret, replies: Vec<Vec<u8>>) -> Events {
        let (memory, redaction) = (MemoryBudget::default(), Redaction::of(password));
        let kind = ObjectKind::Computer;
        read_over((&memory, redaction), kind, LdapLimits::default(), replies).await
    }

    async fn read_over(
        held: (&MemoryBudget, Redaction),
        kind: ObjectKind,
        limits: LdapLimits,
        replies: Vec<Vec<u8>>,
    ) -> Events {
        let (reading, received) = reading(held, kind, limits, replies).await;
        events_of(reading, received).await
    }

    /// All that a read sends.
    async fn events_of(
        reading: Reading,
        mut received: mpsc::Receiver<Result<DirectoryEvent>>,
    ) -> Events {
        let task = tokio::spawn(reading.run());
        let mut all = Vec::new();
        while let Some(event) = received.recv().await {
            all.push(event);
        }
        task.await.unwrap();
        all
    }

    /// A read of this kind that has not begun, and where it sends what it reads.
    pub(super) async fn reading(
        (memory, redaction): (&MemoryBudget, Redaction),
        kind: ObjectKind,
        limits: LdapLimits,
        replies: Vec<Vec<u8>>,
    ) -> (Reading, mpsc::Receiver<Result<DirectoryEvent>>) {
        let (stream, _server) = script::serve(replies);
        let clock = Clock::start(&limits);
        let connection = Connection::over(stream, &limits, clock, redaction).await.unwrap();
        let server = ServerIdentity::at(SocketAddr::from(([127, 0, 0, 1], 636)));
        let scope = RecordDigest::of(["x"]);
        let (events, received) = mpsc::channel(1);
        let reading = Reading {
            connection,
            searches: vec![Planned {
                kind,
                base: DistinguishedName::parse("DC=x").unwrap(),
                filter: "(objectClass=*)".to_owned(),
                selection: Selection::of(kind, &BTreeSet::new()).unwrap(),
            }],
            limits,
            send_domain_scope: true,
            end: ReadEnd::complete(
                ReadScope {
                    bases: Vec::new(),
                    referred: HashSet::new(),
                    view: View::of_scope(scope),
                    fingerprint: scope,
                    former: None,
                },
                Transport::Ldaps,
                Verification::CertificateAuthority,
                server,
            ),
            events,
            tracking: Tracking {
                policy: DeltaPolicy::Never,
                scope,
                former_scope: None,
                checkpoint: None,
                again: Vec::new(),
                census: true,
                link_changes: false,
                server: None,
                roots: Vec::new(),
                kinds: vec![kind],
                attributes: Vec::new(),
                network: None,
            },
            progress: Progress::default(),
            held: memory.holder(),
            places: None,
        };
        (reading, received)
    }

    /// The common names read, and how it ended: complete, not complete for this reason, or with this error.
    fn summary(events: &Events) -> (Vec<String>, Result<(), ErrorKind>) {
        let mut names = Vec::new();
        for event in events {
            match event {
                Ok(DirectoryEvent::Page(page)) => names.extend(
                    page.objects.iter().map(|object| object.dn.common_name().unwrap_or_default()),
                ),
                Ok(DirectoryEvent::End(end)) => match &end.completeness {
                    Completeness::Complete => return (names, Ok(())),
                    Completeness::Incomplete { kind, .. } => return (names, Err(*kind)),
                },
                Ok(DirectoryEvent::Begin(_)) => {}
                Err(error) => return (names, Err(error.kind())),
            }
        }
        panic!("the read has no end: {events:?}");
    }

    async fn outcome(replies: Vec<Vec<u8>>) -> (Vec<String>, Result<(), ErrorKind>) {
        summary(&read(ObjectKind::Computer, LdapLimits::default(), replies).await)
    }

    fn the_end(events: &Events) -> &ReadEnd {
        match events.last() {
            Some(Ok(DirectoryEvent::End(end))) => end,
            other => panic!("{other:?}"),
        }
    }

    fn computer(id: i64, name: &str) -> Vec<u8> {
        let mut guid = [0; 16];
        guid[..name.len()].copy_from_slice(name.as_bytes());
        let attributes: &[Attribute<'_>] = &[("objectGUID", &[&guid]), ("cn", &[name.as_bytes()])];
        entry(id, &format!("CN={name},DC=x"), attributes)
    }

    /// Three pages with two computers each, one reply a page.
    fn session() -> Vec<Vec<u8>> {
        let page = |id: i64, cookie: &[u8]| {
            let names = [format!("A{id}"), format!("B{id}")];
            [computer(id, &names[0]), computer(id, &names[1]), page_done(id, 0, cookie)].concat()
        };
        vec![page(1, b"one"), page(2, b"two"), page(3, b"")]
    }

    #[tokio::test]
    async fn groups_that_are_set_aside_count_and_end_the_read_where_they_are_too_many() {
        let group = |name: &str| {
            let mut guid = [0; 16];
            guid[..name.len()].copy_from_slice(name.as_bytes());
            let attributes: &[Attribute<'_>] =
                &[("objectGUID", &[&guid]), ("member;range=0-0", &[b"CN=A,DC=x"])];
            entry(1, &format!("CN={name},DC=x"), attributes)
        };
        let replies = || vec![[group("A"), group("B"), page_done(1, 0, b"")].concat()];
        let memory = MemoryBudget::new(100);
        let events = read_within(&memory, ObjectKind::Group, LdapLimits::default(), replies());
        let events = events.await;
        assert_eq!(summary(&events), (Vec::new(), Err(ErrorKind::LimitExceeded)));
        match &the_end(&events).completeness {
            Completeness::Incomplete { reason, .. } => assert!(reason.contains("memory_bytes")),
            Completeness::Complete => unreachable!(),
        }
    }

    /// An object that takes these octets at least.
    fn large(octets: usize) -> DirectoryObject {
        let dn = DistinguishedName::parse("CN=A,DC=x").unwrap();
        let kind = ObjectKind::Computer;
        let mut object = DirectoryObject::new(kind, ObjectGuid::from_bytes([1; 16]), dn);
        object.attributes = [("description", "x".repeat(octets).as_str())].into_iter().collect();
        object
    }

    #[test]
    fn objects_go_out_once_they_are_many_or_large() {
        let outgoing = |number: usize, octets: usize| {
            let mut outgoing = Outgoing::default();
            (0..number).for_each(|_| outgoing.add(large(octets)));
            outgoing
        };
        assert!(!outgoing(0, 0).is_full() && !outgoing(EVENT_OBJECTS - 1, 0).is_full());
        assert!(outgoing(EVENT_OBJECTS, 0).is_full());
        assert!(!outgoing(1, EVENT_BYTES / 2).is_full());
        assert!(outgoing(1, EVENT_BYTES).is_full());
        let mut emptied = outgoing(1, EVENT_BYTES);
        assert_eq!(emptied.drain().len(), 1);
        assert!(!emptied.is_full());
    }

    #[tokio::test]
    async fn what_is_too_large_for_one_event_goes_in_several_and_the_rest_together() {
        let (events, mut received) = mpsc::channel(8);
        let mut outgoing = Outgoing::default();
        [0, 0, EVENT_BYTES, 0, 0].into_iter().for_each(|octets| outgoing.add(large(octets)));
        let (memory, computer) = (MemoryBudget::default(), ObjectKind::Computer);
        let held = (&memory, Redaction::default());
        let (mut reading, _events) =
            reading(held, computer, LdapLimits::default(), Vec::new()).await;
        let (progress, end) = (&mut reading.progress, &mut reading.end);
        assert!(send(&events, &mut outgoing, progress, end).await.is_ok());
        drop(events);
        let mut sizes = Vec::new();
        while let Some(event) = received.recv().await {
            let Ok(DirectoryEvent::Page(page)) = event else { panic!("{event:?}") };
            sizes.push(page.objects.len());
        }
        assert_eq!(sizes, [3, 2]);
    }

    #[tokio::test]
    async fn each_form_in_which_a_reference_is_kept_counts_and_each_reference_once() {
        let (memory, computer) = (MemoryBudget::default(), ObjectKind::Computer);
        let held = (&memory, Redaction::default());
        let (reading, _events) = reading(held, computer, LdapLimits::default(), Vec::new()).await;
        let mut end = reading.end.clone();
        let mut octets = |dn: &str| {
            note_referred(&mut end, &[format!("ldap://a/{dn}"), format!("ldap://b/{dn}")])
        };
        let (short, long) = (octets("DC=x"), octets("DC=longer,DC=x"));
        assert!(short > BESIDE_A_REFERENCE, "{short}");
        assert_eq!(long - short, FORMS_OF_A_REFERENCE * "DC=longer,".len());
        assert_eq!(octets("DC=x"), 0);
    }

    #[tokio::test]
    async fn all_pages_are_read_and_then_it_is_complete() {
        let (names, end) = outcome(session()).await;
        assert_eq!(names, ["A1", "B1", "A2", "B2", "A3", "B3"]);
        assert_eq!(end, Ok(()));
    }

    #[tokio::test]
    async fn a_session_cut_after_any_byte_is_never_complete() {
        let whole: usize = session().iter().map(Vec::len).sum();
        for cut in 0..whole {
            let mut left = cut;
            let mut replies = Vec::new();
            for reply in session() {
                let kept = left.min(reply.len());
                replies.push(reply[..kept].to_vec());
                left -= kept;
                if kept < reply.len() {
                    break;
                }
            }
            let (_, end) = outcome(replies).await;
            assert!(end.is_err(), "{cut}");
        }
    }

    #[tokio::test]
    async fn any_result_code_but_success_on_any_page_is_incomplete() {
        for code in [1, 3, 4, 10, 11, 12, 32, 34, 51, 52, 53, 80] {
            for page in 0..3 {
                let mut replies = session();
                let id = page as i64 + 1;
                replies[page] = [computer(id, "Z"), page_done(id, code, b"")].concat();
                let (names, end) = outcome(replies).await;
                assert!(end.is_err(), "{code} on page {page}");
                assert_eq!(names.last().map(String::as_str), Some("Z"));
            }
        }
    }

    #[tokio::test]
    async fn a_referral_instead_of_a_result_is_incomplete() {
        let result = [ldap_result(10, ""), element(0xa3, &element(4, b"ldap://other/"))].concat();
        let reply = message(1, op::SEARCH_RESULT_DONE, &result, &[]);
        assert_eq!(outcome(vec![reply]).await.1, Err(ErrorKind::Directory));
    }

    fn computers(id: i64, number: usize) -> Vec<u8> {
        (0..number).flat_map(|n| computer(id, &format!("C{n}"))).collect()
    }

    #[tokio::test]
    async fn a_page_without_its_control_is_incomplete_if_the_server_pages() {
        let page = |id, number| [computers(id, number), done(id, 0)].concat();
        let cut = [computers(2, 1), done(2, 0)].concat();
        let told = [computers(2, 1), page_done(2, 0, b"more")].concat();
        let refused = done(2, 53);
        for second in [cut, told, refused] {
            let (names, end) = outcome(vec![page(1, 3), second]).await;
            assert_eq!((names.len(), end), (3, Err(ErrorKind::Protocol)));
        }
        // As many as it was asked for may be one page of a server that pages.
        let limits = LdapLimits { page_size: 3, ..LdapLimits::default() };
        let cut = vec![page(1, 3), page(2, 1)];
        let (names, end) = summary(&read(ObjectKind::Computer, limits, cut).await);
        assert_eq!((names.len(), end), (3, Err(ErrorKind::Protocol)));
        let first = [computers(1, 3), page_done(1, 0, b"more")].concat();
        assert_eq!(outcome(vec![first, page(2, 3)]).await.1, Err(ErrorKind::Protocol));
    }

    #[tokio::test]
    async fn a_server_that_ignores_paging_is_read_whole_and_remarked_on() {
        let all = |id| [computers(id, 3), done(id, 0)].concat();
        let one = |id| [computers(id, 1), done(id, 0)].concat();
        let small = LdapLimits { page_size: 2, ..LdapLimits::default() };
        let default = LdapLimits::default;
        for (limits, replies, number) in [
            (default(), vec![all(1), all(2)], 3),
            (default(), vec![one(1)], 1),
            (default(), vec![done(1, 0)], 0),
            // It sent more than it was asked for.
            (small, vec![all(1)], 3),
        ] {
            let events = read(ObjectKind::Computer, limits, replies).await;
            let (names, end) = summary(&events);
            assert_eq!((names.len(), end), (number, Ok(())));
            let warnings = the_end(&events).warnings.concat();
            assert!(warnings.contains("ignores paged results"), "{warnings}");
        }
        let limited = [computers(1, 3), done(1, 4)].concat();
        assert_eq!(outcome(vec![limited]).await.1, Err(ErrorKind::Directory));
    }

    #[tokio::test]
    async fn whether_a_server_ignores_paging_is_found_out_once_and_said_once() {
        let all = |id, number| [computers(id, number), done(id, 0)].concat();
        let small = LdapLimits { page_size: 2, ..LdapLimits::default() };
        for (limits, replies) in [
            // It sent as much again when it was asked for one.
            (LdapLimits::default(), vec![all(1, 3), all(2, 3), all(3, 3), all(4, 2)]),
            // It sent more than it was asked for.
            (small, vec![all(1, 3), all(2, 3), all(3, 2)]),
        ] {
            let held = (&MemoryBudget::default(), Redaction::default());
            let kind = ObjectKind::Computer;
            let (mut reading, received) = reading(held, kind, limits, replies).await;
            let search = reading.searches[0].clone();
            reading.searches = vec![search; 3];
            let events = events_of(reading, received).await;
            let (names, end) = summary(&events);
            assert_eq!((names.len(), end), (8, Ok(())));
            let warnings = &the_end(&events).warnings;
            assert_eq!(warnings.len(), 1, "{warnings:?}");
        }
    }

    #[tokio::test]
    async fn a_group_says_that_its_members_were_not_read_before_the_read_ended() {
        let attributes: &[Attribute<'_>] =
            &[("objectGUID", &[&[7; 16]]), ("member;range=0-0", &[b"CN=A,DC=x"])];
        let reply = [entry(1, "CN=G,DC=x", attributes), page_done(1, 51, b"")].concat();
        let events = read(ObjectKind::Group, LdapLimits::default(), vec![reply]).await;
        let pages = events.iter().filter_map(|event| match event {
            Ok(DirectoryEvent::Page(page)) => Some(&page.objects),
            _ => None,
        });
        let [group] = &pages.flatten().collect::<Vec<_>>()[..] else { panic!("{events:?}") };
        assert!(group.membership.as_ref().is_none_or(|members| !members.complete));
        let flaws = group.flaws.iter().map(|flaw| (&*flaw.attribute, flaw.count));
        assert_eq!(flaws.collect::<Vec<_>>(), [("member", 1)]);
        assert!(!the_end(&events).completeness.is_complete());
    }

    #[tokio::test]
    async fn a_directory_without_computers_is_remarked_on_with_what_to_do() {
        for (kind, is_remarked) in [(ObjectKind::Computer, true), (ObjectKind::Group, false)] {
            let events = read(kind, LdapLimits::default(), vec![page_done(1, 0, b"")]).await;
            let told = the_end(&events).warnings.concat();
            assert_eq!(told.contains("inetOrgPerson") && told.contains("DC=x"), is_remarked);
        }
        let events = read(ObjectKind::Computer, LdapLimits::default(), session()).await;
        assert_eq!(the_end(&events).warnings, [""; 0]);
    }

    #[tokio::test]
    async fn a_read_that_breaks_off_before_its_first_entry_has_an_end() {
        for reply in [done(1, 4), done(1, 11), done(1, 12), computer(1, "A")[..7].to_vec()] {
            let events = read(ObjectKind::Computer, LdapLimits::default(), vec![reply]).await;
            let Ok(DirectoryEvent::Begin(begin)) = &events[0] else { panic!("{events:?}") };
            assert_eq!(begin.server, the_end(&events).server);
            assert!(!the_end(&events).completeness.is_complete());
            assert_eq!(the_end(&events).checkpoint, None);
        }
    }

    #[tokio::test]
    async fn what_was_left_out_is_in_the_end() {
        let guid = |n: u8| [n; 16];
        let flawed = |n: u8, os: &[u8]| {
            let (guid, name) = (guid(n), format!("CN=F{n},DC=x"));
            entry(1, &name, &[("objectGUID", &[&guid]), ("operatingSystem", &[os])])
        };
        let reply =
            [flawed(1, b"\xff"), flawed(2, b"Debian"), flawed(3, b"\xfe"), page_done(1, 0, b"")];
        let events = read(ObjectKind::Computer, LdapLimits::default(), vec![reply.concat()]).await;
        let [left_out] = &the_end(&events).left_out[..] else { panic!("{events:?}") };
        assert_eq!((left_out.count, left_out.objects), (2, 2));
        assert_eq!((&*left_out.attribute, &*left_out.first), ("operatingSystem", "CN=F1,DC=x"));
    }

    #[tokio::test]
    async fn an_entry_whose_name_repeats_the_password_is_counted_and_not_named() {
        let attributes: &[Attribute<'_>] =
            &[("objectGUID", &[&[7; 16]]), ("operatingSystem", &[b"\xff"])];
        let reply = [entry(1, "CN=canary-93af,DC=x", attributes), page_done(1, 0, b"")].concat();
        let password = Secret::new("canary-93af");
        let events = read_keeping_out(&password, vec![reply]).await;
        let [left_out] = &the_end(&events).left_out[..] else { panic!("{events:?}") };
        assert_eq!(left_out.count, 1);
        assert!(!left_out.first.contains("canary"), "{left_out:?}");
    }

    #[tokio::test]
    async fn a_short_page_with_a_cookie_goes_on_and_an_empty_directory_is_complete() {
        let replies = vec![
            page_done(1, 0, b"one"),
            [computer(2, "A"), page_done(2, 0, b"two")].concat(),
            page_done(3, 0, b""),
        ];
        assert_eq!(outcome(replies).await, (vec!["A".to_owned()], Ok(())));
        assert_eq!(outcome(vec![page_done(1, 0, b"")]).await, (Vec::new(), Ok(())));
    }

    #[tokio::test]
    async fn a_server_that_starts_again_is_a_loop() {
        let page = |id| [computer(id, "A"), page_done(id, 0, b"same")].concat();
        let (_, end) = outcome((1..5).map(page).collect()).await;
        assert_eq!(end, Err(ErrorKind::Protocol));
    }

    #[tokio::test]
    async fn references_are_counted_named_and_not_followed() {
        let references: Vec<u8> =
            (0..40).flat_map(|_| reference(1, "ldap://attacker\u{1b}.example/DC=y")).collect();
        let reply = [references, computer(1, "A"), page_done(1, 0, b"")].concat();
        let limits = LdapLimits { referrals: 40, ..LdapLimits::default() };
        let events = read(ObjectKind::Computer, limits, vec![reply.clone()]).await;
        let end = the_end(&events);
        assert!(end.completeness.is_complete());
        assert_eq!((end.referrals, end.warnings.len()), (40, 32));
        assert!(!end.warnings.concat().contains('\u{1b}'));
        let limits = LdapLimits { referrals: 39, ..LdapLimits::default() };
        let events = read(ObjectKind::Computer, limits, vec![reply]).await;
        assert_eq!(summary(&events).1, Err(ErrorKind::LimitExceeded));
    }

    #[tokio::test]
    async fn what_lies_with_another_server_counts_towards_the_memory_of_the_read_each_part_once() {
        let reply = |parts: usize| {
            let uri =
                |n: usize| format!("ldap://x/OU={},OU={},DC=x??base", n % parts, "x".repeat(900));
            let references: Vec<u8> = (0..30).flat_map(|n| reference(1, &uri(n))).collect();
            vec![[references, computer(1, "A"), page_done(1, 0, b"")].concat()]
        };
        for (parts, expected) in [(1, Ok(())), (30, Err(ErrorKind::LimitExceeded))] {
            let memory = MemoryBudget::new(20_000);
            let limits = LdapLimits::default();
            let read = read_within(&memory, ObjectKind::Computer, limits, reply(parts)).await;
            assert_eq!(summary(&read).1, expected, "{parts}");
        }
    }

    #[tokio::test]
    async fn what_lies_with_another_server_is_named_and_without_a_name_nothing_is_complete() {
        let read_with = async |uri: &str| {
            let reply = [reference(1, uri), computer(1, "A"), page_done(1, 0, b"")].concat();
            read(ObjectKind::Computer, LdapLimits::default(), vec![reply]).await
        };
        let events = read_with("ldap://x/OU=B,DC=x??base").await;
        assert!(the_end(&events).completeness.is_complete());
        let referred = DistinguishedName::parse("OU=B,DC=x").unwrap();
        assert_eq!(the_end(&events).scope.referred, [referred].into());
        for nameless in ["ldap://x/", "ldap://x", "ldap://x/%ff"] {
            let events = read_with(nameless).await;
            assert_eq!(summary(&events), (vec!["A".to_owned()], Err(ErrorKind::Directory)));
        }
    }

    #[tokio::test]
    async fn what_a_catalog_shows_of_any_computer_is_not_unshown() {
        let held = (&MemoryBudget::default(), Redaction::default());
        let kind = ObjectKind::Computer;
        let replies = vec![[computer(1, "A"), page_done(1, 0, b"")].concat()];
        let (mut reading, received) = reading(held, kind, LdapLimits::default(), replies).await;
        let selection = reading.searches[0].selection.clone();
        reading.end.unshown = catalog::unshown(&[(kind, selection)]);
        let events = events_of(reading, received).await;
        let unshown = &the_end(&events).unshown[&kind];
        assert!(unshown.contains("dNSHostName") && !unshown.contains("cn"), "{unshown:?}");
    }

    #[tokio::test]
    async fn an_entry_without_identity_is_counted_and_forbids_conclusions() {
        let nameless = entry(1, "CN=N,DC=x", &[("cn", &[b"N"])]);
        let reply = [nameless, computer(1, "A"), page_done(1, 0, b"")].concat();
        let events = read(ObjectKind::Computer, LdapLimits::default(), vec![reply]).await;
        assert_eq!(summary(&events), (vec!["A".to_owned()], Err(ErrorKind::Invalid)));
        assert_eq!(the_end(&events).rejected_count, 1);
        assert_eq!(the_end(&events).rejected[0].dn, "CN=N,DC=x");
        assert_eq!(the_end(&events).rejected_by_kind, [(ObjectKind::Computer, 1)].into());
    }

    #[tokio::test]
    async fn as_many_entries_without_identity_are_named_as_the_limit_says_and_all_are_counted() {
        let nameless = |n| entry(1, &format!("CN=N{n},DC=x"), &[("cn", &[b"N"])]);
        let reply = [nameless(1), nameless(2), nameless(3), page_done(1, 0, b"")].concat();
        for (rejections_named, named) in [(0, 0), (2, 2), (3, 3), (4, 3)] {
            let limits = LdapLimits { rejections_named, ..LdapLimits::default() };
            let events = read(ObjectKind::Computer, limits, vec![reply.clone()]).await;
            let end = the_end(&events);
            assert_eq!((end.rejected.len(), end.rejected_count), (named, 3));
        }
    }

    #[tokio::test]
    async fn an_object_seen_twice_comes_twice() {
        let reply = [computer(1, "A"), computer(1, "A"), page_done(1, 0, b"")].concat();
        assert_eq!(outcome(vec![reply]).await.0, ["A", "A"]);
    }

    fn group(id: i64) -> Vec<u8> {
        let attributes: &[Attribute<'_>] = &[
            ("objectGUID", &[b"0123456789abcdef"]),
            ("member", &[]),
            ("member;range=0-1", &[b"CN=1", b"CN=2"]),
        ];
        entry(id, "CN=G,DC=x", attributes)
    }

    fn members_of(events: &Events) -> (usize, bool) {
        match &events[1] {
            Ok(DirectoryEvent::Page(page)) => {
                let membership = page.objects[0].membership.as_ref().unwrap();
                (membership.members.len(), membership.complete)
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_large_group_is_read_range_by_range_between_two_pages() {
        let range = |id: i64, name: &str, members: &[&[u8]]| {
            [entry(id, "CN=G,DC=x", &[(name, members)]), done(id, 0)].concat()
        };
        let replies = vec![
            [group(1), page_done(1, 0, b"")].concat(),
            range(2, "member;range=0-1", &[b"CN=1", b"CN=2"]),
            range(3, "member;range=1-*", &[b"CN=2", b"CN=3"]),
        ];
        let events = read(ObjectKind::Group, LdapLimits::default(), replies).await;
        assert_eq!(members_of(&events), (3, true));
        assert!(the_end(&events).completeness.is_complete());
    }

    #[tokio::test]
    async fn any_attribute_is_read_range_by_range() {
        let first: &[Attribute<'_>] = &[
            ("objectGUID", &[b"0123456789abcdef"]),
            ("servicePrincipalName", &[]),
            ("servicePrincipalName;range=0-1", &[b"HOST/a", b"HOST/b"]),
            ("operatingSystem", &[b"Debian"]),
        ];
        let range = |id: i64, name: &str, values: &[&[u8]]| {
            [entry(id, "CN=A,DC=x", &[(name, values)]), done(id, 0)].concat()
        };
        let replies = || {
            vec![
                [entry(1, "CN=A,DC=x", first), page_done(1, 0, b"")].concat(),
                range(2, "servicePrincipalName;range=0-1", &[b"HOST/a", b"HOST/b"]),
                range(3, "servicePrincipalName;range=1-*", &[b"HOST/b", b"HOST/\xff", b"HOST/c"]),
            ]
        };
        let whole = replies();
        let mut broken = replies();
        broken[2] = done(3, 32);
        for (replies, expected, reason) in [
            (whole, &["HOST/a", "HOST/b", "HOST/c"][..], "not UTF-8 text"),
            (
                broken,
                &["HOST/a", "HOST/b"],
                "not to be read when the entry was asked for the rest of them",
            ),
        ] {
            let events = read(ObjectKind::Computer, LdapLimits::default(), replies).await;
            let Ok(DirectoryEvent::Page(page)) = &events[1] else { panic!("{events:?}") };
            let attributes = &page.objects[0].attributes;
            assert_eq!(attributes.values("servicePrincipalName").collect::<Vec<_>>(), expected);
            assert_eq!(attributes.first("operatingSystem"), Some("Debian"));
            assert_eq!(page.objects[0].flaws[0].reason, reason);
            assert!(the_end(&events).completeness.is_complete());
        }
    }

    #[tokio::test]
    async fn a_group_that_vanishes_meanwhile_has_unknown_members_and_the_read_goes_on() {
        let replies = vec![[group(1), page_done(1, 0, b"")].concat(), done(2, 32)];
        let events = read(ObjectKind::Group, LdapLimits::default(), replies).await;
        assert_eq!(members_of(&events), (0, false));
        let end = the_end(&events);
        assert!(end.completeness.is_complete());
        assert_eq!((&*end.left_out[0].attribute, end.left_out[0].count), ("member", 1));
    }

    #[tokio::test]
    async fn an_entry_of_another_shape_ends_the_read() {
        let broken = message(1, op::SEARCH_RESULT_ENTRY, &[0x04, 1, b'x', 0x30, 2, 4, 0], &[]);
        let reply = [computer(1, "A"), broken, page_done(1, 0, b"")].concat();
        assert_eq!(outcome(vec![reply]).await.1, Err(ErrorKind::Protocol));
    }

    #[tokio::test]
    async fn many_entries_in_one_page_come_in_bounded_events() {
        let entries: Vec<u8> = (0..2_500).flat_map(|n| computer(1, &format!("C{n}"))).collect();
        let reply = [entries, page_done(1, 0, b"")].concat();
        let events = read(ObjectKind::Computer, LdapLimits::default(), vec![reply]).await;
        assert!(events.len() > 2);
        assert_eq!(summary(&events).0.len(), 2_500);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// A flipped bit may change a value. It may not lose an entry unnoticed, hang or panic.
        #[test]
        fn no_bit_flip_loses_an_entry_in_a_complete_read(page in 0_usize..3, bit in 0_usize..4_000) {
            let mut replies = session();
            let bits = replies[page].len() * 8;
            let bit = bit % bits;
            replies[page][bit / 8] ^= 1 << (bit % 8);
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let read = read(ObjectKind::Computer, LdapLimits::default(), replies);
            let (names, end) = summary(&runtime.block_on(read));
            prop_assert!(end.is_err() || names.len() == 6, "{names:?} {end:?}");
        }
    }
}
