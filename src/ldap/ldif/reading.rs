//! One read of an export: entries become objects, in pages, and the end says whether these are all.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::entry::Entry;
use super::filter::Filter;
use super::origin::Origin;
use super::record::{Record, Records};
use super::survey::Survey;
use super::text::Text;
use crate::directory::{
    AttributeError, Completeness, DirectoryEvent, DirectoryObject, FullReadReason, Held,
    LeftOutValues, Membership, PLACE, Page, ReadEnd, ReadRequest, ReadScope, Transport,
    Verification,
};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::within;
use crate::ldap::read::attributes::{Selection, Syntax};
use crate::ldap::read::decode::{self, Decoded, Decoder, Ranged};
use crate::ldap::read::reading::{Outgoing, doubt_rejected, note_referred};
use crate::ldap::read::scope::selections;
use crate::name::DistinguishedName;
use crate::value::ObjectKind;
use crate::{Error, ErrorKind, Printable, Result};

const PARTIAL: &str = "the export has only a part of them";

/// Where an export is, and what is known of it beforehand.
#[derive(Clone, Debug)]
pub(super) struct Export {
    pub(super) file: PathBuf,
    pub(super) limits: LdapLimits,
    /// Whether somebody vouches for it that it is all.
    pub(super) is_vouched_for: bool,
}

/// A read under way.
pub(super) struct Reading {
    /// The same export twice: what nobody shows has to be known before the first object is handed on.
    beforehand: Records,
    records: Records,
    survey: Survey,
    request: ReadRequest,
    selections: Vec<(ObjectKind, Selection)>,
    filter: Option<Filter>,
    limits: LdapLimits,
    is_vouched_for: bool,
    /// How it will have ended, kept up to date on the way, and what is held of that.
    end: ReadEnd,
    held: Held,
    origin: Origin,
    /// What every object is below, in normal form.
    common: Option<String>,
    /// Where an object is that is below none of the bases which the export names.
    stray: Option<u64>,
    /// Where the first entry is of which nobody can say what it is.
    unclassified: Option<u64>,
}

/// Who gets what is read.
type Listener<'a> = dyn FnMut(DirectoryEvent) -> bool + 'a;

/// Why a read stopped early.
enum Stop {
    /// Nobody listens any more.
    ReceiverDropped,
    Failed(Error),
}

impl Export {
    /// Opens it for a read.
    pub(super) fn open(&self, request: ReadRequest) -> Result<Reading> {
        let open = || Text::open(&self.file, self.limits.bytes);
        Reading::of([open()?, open()?], request, &self.limits, self.is_vouched_for)
    }

    /// Whose it is, as far as its first object tells.
    pub(super) fn origin(&self) -> Result<Origin> {
        let mut records = Records::of(Text::open(&self.file, self.limits.bytes)?, &self.limits);
        let mut origin = Origin::default();
        while origin.domain().is_none()
            && let Some(record) = records.next()?
        {
            if let Record::Entry(entry) = record
                && entry.kind().is_some()
                && let Some(dn) = entry.parsed_dn()
            {
                origin.take_object(&dn);
            }
        }
        Ok(origin)
    }
}

impl Reading {
    fn of(
        [beforehand, text]: [Text; 2],
        request: ReadRequest,
        limits: &LdapLimits,
        is_vouched_for: bool,
    ) -> Result<Self> {
        let filter = request.computer_filter.as_deref();
        let filter = filter.map(|filter| Filter::parse(filter, limits)).transpose()?;
        let origin = Origin::default();
        let scope = ReadScope::of_account([], []);
        let (transport, verification) = (Transport::Ldap, Verification::Nothing);
        let mut end = ReadEnd::complete(scope, transport, verification, origin.identity());
        if request.checkpoint.is_some() {
            end.full_because = Some(FullReadReason::Unsupported);
        }
        Ok(Self {
            beforehand: Records::of(beforehand, limits),
            records: Records::of(text, limits),
            survey: Survey::default(),
            selections: selections(&request)?,
            held: request.memory.holder(),
            request,
            filter,
            limits: limits.clone(),
            is_vouched_for,
            end,
            origin,
            common: None,
            stray: None,
            unclassified: None,
        })
    }

    /// Reads to the end of the export, or until nobody listens any more. Whatever stops it is an end as well: an
    /// incomplete one.
    pub(super) fn run(mut self, events: &mpsc::Sender<Result<DirectoryEvent>>) {
        for records in [&mut self.beforehand, &mut self.records] {
            let events = events.clone();
            records.while_wanted(move || !events.is_closed());
        }
        self.tell(&mut |event| events.blocking_send(Ok(event)).is_ok());
    }

    fn tell(mut self, listener: &mut Listener<'_>) {
        self.look_beforehand();
        let begin = DirectoryEvent::Begin(Box::new(self.end.clone()));
        let read = if listener(begin) { self.read(listener) } else { Err(Stop::ReceiverDropped) };
        self.say_what_it_covered();
        let end = match read.map_err(|stop| (stop, self.end.clone())) {
            Ok(()) => self.judged(),
            Err((Stop::Failed(error), end)) => end.broken_off(&error.in_operation("read")),
            Err((Stop::ReceiverDropped, _)) => return,
        };
        listener(DirectoryEvent::End(Box::new(end)));
    }

    fn look_beforehand(&mut self) {
        let ended = Records::of(Text::empty(), &self.limits);
        let records = std::mem::replace(&mut self.beforehand, ended);
        self.survey = Survey::of(records, &self.selections, self.filter.as_ref());
        self.end.server = self.survey.origin.identity();
        self.end.unshown.clone_from(&self.survey.unshown);
        // Where computers are, no export tells.
        let computers = self.end.unshown.entry(ObjectKind::Computer).or_default();
        computers.extend(PLACE.map(str::to_owned));
        self.end.warnings.extend(unshown_warning(&self.survey));
    }

    fn read(&mut self, listener: &mut Listener<'_>) -> Result<(), Stop> {
        let mut outgoing = Outgoing::default();
        let read = loop {
            match self.records.next() {
                Ok(Some(Record::Entry(entry))) => self.take(entry, &mut outgoing)?,
                Ok(Some(Record::Reference(uris))) => self.take_reference(&uris)?,
                Ok(None) => break Ok(()),
                Err(error) => break Err(Stop::Failed(error)),
            }
            if outgoing.is_full() {
                self.send(&mut outgoing, listener)?;
            }
        };
        self.send(&mut outgoing, listener)?;
        read
    }

    fn take(&mut self, mut entry: Entry, outgoing: &mut Outgoing) -> Result<(), Stop> {
        within("entries", self.records.entries, self.limits.entries)?;
        self.origin.take_entry(&entry);
        // The root of the directory is no entry of it.
        if entry.dn.is_empty() || entry.is_deleted() {
            return Ok(());
        }
        let Some(kind) = entry.kind() else {
            // What no search for a class would have found is passed over, as it would have been.
            if !entry.is_bare() && entry.values("objectClass").next().is_none() {
                self.unclassified.get_or_insert(entry.line);
            }
            return Ok(());
        };
        entry.read_identities();
        let parts = entry.join_ranges();
        if !self.is_asked_for(kind, &entry) {
            return Ok(());
        }
        let Some((_, selection)) = self.selections.iter().find(|(own, _)| *own == kind) else {
            return Ok(());
        };
        let decoder = Decoder { kind, selection, limits: &self.limits, held: &self.held };
        let body = entry.to_ber();
        let raw = RawEntry::parse(&body).map_err(Error::from)?;
        match decoder.decode(raw)? {
            Decoded::Object(mut object) if self.survey.is_unshown(kind, "member") => {
                // Who is in it was not exported of any group.
                object.membership = object.membership.map(Membership::incomplete);
                outgoing.add(object);
            }
            Decoded::Ranged(ranged) => {
                let part = |name: &str| parts.get(&name.to_ascii_lowercase());
                let object = with_parts(ranged, part, (&self.limits, &self.held))?;
                outgoing.add(object);
            }
            decoded => outgoing.take(decoded, &mut self.end, &self.limits),
        }
        Ok(())
    }

    /// Whether the request asks for such an object there. One whose DN cannot be read is left to the decoder, which
    /// says so.
    fn is_asked_for(&mut self, kind: ObjectKind, entry: &Entry) -> bool {
        let is_within = match entry.parsed_dn() {
            None => true,
            Some(dn) => {
                self.origin.take_object(&dn);
                self.widen(&dn);
                let covered = &self.survey.covered;
                if !covered.is_empty() && !covered.iter().any(|base| dn.is_within(base)) {
                    self.stray.get_or_insert(entry.line);
                }
                let bases = &self.request.base_dns;
                bases.is_empty() || bases.iter().any(|base| dn.is_within(base))
            }
        };
        let filter = self.filter.as_ref().filter(|_| kind == ObjectKind::Computer);
        is_within && filter.is_none_or(|filter| filter.matches(entry))
    }

    /// Widens what every object is below, so that this one is as well.
    fn widen(&mut self, dn: &DistinguishedName) {
        let own = dn.normalized();
        let above = DistinguishedName::normalized_parent(&own);
        let common = self.common.get_or_insert_with(|| above.to_owned());
        while !DistinguishedName::is_normalized_within(&own, common) {
            *common = DistinguishedName::normalized_parent(common).to_owned();
        }
    }

    fn take_reference(&mut self, uris: &[String]) -> Result<(), Stop> {
        self.end.referrals += 1;
        within("referrals", self.end.referrals, self.limits.referrals)?;
        self.held.add(note_referred(&mut self.end, uris))?;
        Ok(())
    }

    fn send(&mut self, outgoing: &mut Outgoing, listener: &mut Listener<'_>) -> Result<(), Stop> {
        let objects = outgoing.drain();
        if objects.is_empty() {
            return Ok(());
        }
        objects.iter().for_each(|object| LeftOutValues::count(&mut self.end.left_out, object));
        let page = Page { objects, ..Page::default() };
        if listener(DirectoryEvent::Page(page)) { Ok(()) } else { Err(Stop::ReceiverDropped) }
    }

    /// Whose export it was, and where it looked: below the bases that the export names, or else below what has all
    /// objects below it, since nobody knows what was outside of that; and of this below the bases that are asked for.
    fn say_what_it_covered(&mut self) {
        self.end.server = self.origin.identity();
        let known = self.known_bases();
        let bases: Vec<DistinguishedName> = match self.request.base_dns.as_slice() {
            [] => known,
            asked => {
                let within = asked.iter().filter(|it| known.iter().any(|base| it.is_within(base)));
                let around = known.iter().filter(|base| {
                    asked.iter().any(|it| base.is_within(it)) && !asked.contains(base)
                });
                within.chain(around).cloned().collect()
            }
        };
        let domain = self.origin.domain();
        let account =
            ["ldif", self.request.credential.as_str(), domain.as_deref().unwrap_or_default()];
        let referred = std::mem::take(&mut self.end.scope.referred);
        let scope = ReadScope::of_account(account, bases);
        let view = scope.view.through(self.request.computer_filter.as_deref());
        self.end.scope = ReadScope { referred, view, ..scope };
    }

    fn known_bases(&self) -> Vec<DistinguishedName> {
        let covered = &self.survey.covered;
        let is_root = |base: &DistinguishedName| base.as_str().is_empty();
        if !covered.is_empty() && !covered.iter().any(is_root) && self.stray.is_none() {
            return covered.clone();
        }
        let common = self.common.as_deref();
        common.and_then(|common| DistinguishedName::parse(common).ok()).into_iter().collect()
    }

    /// A read that reached the end of the file is complete only if everything speaks for that.
    fn judged(mut self) -> ReadEnd {
        doubt_rejected(&mut self.end);
        if !self.end.completeness.is_complete() {
            return self.end;
        }
        match self.check() {
            Ok(()) => self.end,
            Err(error) => {
                let (kind, reason) = (error.kind(), error.report());
                self.end.completeness = Completeness::Incomplete { kind, reason };
                self.end
            }
        }
    }

    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if it is not of all bases that are asked for, or has more than it says.
    fn check_bases(&self) -> Result<()> {
        if !self.survey.tells_searches {
            return Ok(());
        }
        if let Some(line) = self.stray {
            let message = format!(
                "the entry on line {line} of the export is below none of the bases that it says it is of"
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let covered = &self.survey.covered;
        let is_outside = |asked: &&DistinguishedName| !covered.iter().any(|it| asked.is_within(it));
        let Some(outside) = self.request.base_dns.iter().find(is_outside) else { return Ok(()) };
        let message = format!(
            "the export is not of {}, which is asked for: it is of a search below other bases",
            Printable(outside.as_str())
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// # Errors
    ///
    /// What speaks against its being all, or that nothing speaks for it.
    fn check(&self) -> Result<()> {
        let Records { remarks, entries, .. } = &self.records;
        self.records.check_end()?;
        let kinds = self.selections.iter().map(|(kind, _)| *kind).collect();
        remarks.check(*entries, &kinds)?;
        self.origin.check()?;
        self.check_bases()?;
        if let [first, ..] = self.survey.unmatched.as_slice() {
            let message = format!(
                "the filter asks for {}, which the export has of no computer; export that attribute as well",
                Printable(first)
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if let Some(line) = self.unclassified {
            let message = format!(
                "the entry on line {line} of the export has no objectClass, so that nobody can say what it is; export that \
                 attribute as well"
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        if self.is_vouched_for || remarks.is_proof(&kinds) {
            return Ok(());
        }
        let message = "nothing shows that the export is whole: it does not say that it is all that a search of everything \
                       found; say so yourself where you know it";
        Err(Error::new(ErrorKind::Configuration, message))
    }
}

/// What nobody shows, but for what only one server knows or nothing has that is there.
fn unshown_warning(survey: &Survey) -> Option<String> {
    let is_told = |name: &&String| *name != "isDeleted" && !DirectoryObject::is_volatile(name);
    let of_kind = |(kind, names): (&ObjectKind, &BTreeSet<String>)| {
        let names: Vec<&str> = names.iter().filter(is_told).map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("of any {kind}: {}", names.join(", ")))
    };
    let all: Vec<String> = survey.unshown.iter().filter_map(of_kind).collect();
    let warning = "what the export does not have of anybody is left as it is known:";
    (!all.is_empty()).then(|| format!("{warning} {}", all.join("; ")))
}

/// The object with what the export has of its lists.
fn with_parts<'a>(
    ranged: Ranged,
    part: impl Fn(&str) -> Option<&'a Vec<Vec<u8>>>,
    (limits, held): (&LdapLimits, &Held),
) -> Result<DirectoryObject> {
    let Ranged { mut object, attributes } = ranged;
    for (name, syntax) in attributes {
        let values = part(&name).map(Vec::as_slice).unwrap_or_default();
        if syntax == Syntax::Members {
            object.membership = Some(decode::part_of_members(values, (limits, held))?);
        } else {
            decode::add_values(&mut object, (&name, syntax), values, (limits, held))?;
        }
        let (attribute, reason) = (name, PARTIAL.to_owned());
        object.flaws.push(AttributeError { attribute, reason, count: 1 });
    }
    Ok(object)
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads any bytes as an export.
#[cfg(any(test, fuzzing))]
pub(in crate::ldap) fn read_bytes(
    bytes: &[u8],
    request: ReadRequest,
    limits: &LdapLimits,
    is_vouched_for: bool,
) -> Result<Vec<DirectoryEvent>> {
    let unreadable = |error| Error::new(ErrorKind::Invalid, "it is no text").with_source(error);
    let text = || Text::of(std::io::Cursor::new(bytes.to_vec()), limits.bytes);
    let texts = [text().map_err(unreadable)?, text().map_err(unreadable)?];
    let mut events = Vec::new();
    Reading::of(texts, request, limits, is_vouched_for)?.tell(&mut |event| {
        events.push(event);
        true
    });
    Ok(events)
}
