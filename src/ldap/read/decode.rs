//! From the bytes of a search entry to a record, in one pass.

use super::attributes::{Selected, Selection, Syntax};
use super::syntax::{self, NOT_A_DN};
use crate::Result;
use crate::directory::{AttributeError, DirectoryObject, Held, Membership, Rejected};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::ber::Malformed;
use crate::ldap::protocol::entry::{RawAttribute, RawEntry};
use crate::name::DistinguishedName;
use crate::value::{Attributes, AttributesBuilder, ObjectGuid, ObjectKind, Sid};

/// What a value counts for at least: the memory that it takes beside its text.
const SMALLEST_VALUE: usize = 16;

/// The octets of memory that a value takes beside its own: its place in a list, and the allocator's.
pub(super) const BESIDE_A_VALUE: usize = 48;

/// Far more than were ever asked for: an entry has each once (RFC 4511 section 4.1.7), or once for each of its options.
const MOST_ATTRIBUTES: usize = 10_000;

/// An attribute that was asked for: its name in our spelling, and how it is taken.
type Wanted<'a> = (&'a str, Selected, RawAttribute<'a>);

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// A record.
    Object(DirectoryObject),
    /// A record some of whose attributes do not come with the entry, but range by range.
    Ranged(Ranged),
    /// Nothing that could be used.
    Rejected(Rejected),
}

impl Decoded {
    /// The same with a record set aside until the search is over, since something of it is still to be asked for.
    pub(crate) fn set_aside(self) -> Self {
        match self {
            Self::Object(object) => Self::Ranged(Ranged { object, attributes: Vec::new() }),
            other => other,
        }
    }
}

/// A record, and the attributes whose values are still to be read.
#[derive(Debug)]
pub(crate) struct Ranged {
    pub(crate) object: DirectoryObject,
    pub(crate) attributes: Vec<(String, Syntax)>,
}

impl Ranged {
    /// The octets of memory that it takes.
    pub(crate) fn footprint(&self) -> usize {
        let list = self.attributes.capacity().saturating_mul(size_of::<(String, Syntax)>());
        let names = self.attributes.iter().map(|(name, _)| name.len() + 2 * SMALLEST_VALUE);
        self.object.footprint() + list + names.sum::<usize>()
    }
}

/// How entries of one kind become records.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    pub(crate) kind: ObjectKind,
    pub(crate) selection: &'a Selection,
    pub(crate) limits: &'a LdapLimits,
    /// Beside whom an entry is held until it is a record.
    pub(crate) held: &'a Held,
}

/// A record in the making.
struct Draft<'a> {
    limits: &'a LdapLimits,
    guid: Result<Option<ObjectGuid>, String>,
    sid: Option<Sid>,
    attributes: AttributesBuilder,
    octets: usize,
    members: Vec<DistinguishedName>,
    /// The memory that they take, as many as fit into one message being far more of it, and that of what they are read from.
    held: Held,
    are_members_complete: bool,
    /// Attributes of which the server sends only some values at once.
    ranged: Vec<(String, Syntax)>,
    flaws: Vec<AttributeError>,
}

impl Decoder<'_> {
    /// Decodes one entry. `Err` is an entry that is not one, so that the server cannot be trusted further, or one that takes
    /// more memory than may be held.
    pub(crate) fn decode(&self, entry: RawEntry<'_>) -> Result<Decoded> {
        let mut draft = Draft::new(self.limits, self.held);
        // The message is there until all of it is decoded.
        draft.held.add(entry.octets())?;
        for (name, selected, attribute) in self.wanted(entry)? {
            draft.take(name, selected, attribute)?;
        }
        Ok(match draft.finish(self.kind, entry.dn) {
            Ok(Ranged { object, attributes }) if attributes.is_empty() => Decoded::Object(object),
            Ok(ranged) => Decoded::Ranged(ranged),
            Err(reason) => {
                Decoded::Rejected(Rejected { kind: self.kind, dn: entry.dn_lossy(), reason })
            }
        })
    }

    /// What was asked for, in the order in which it is taken: the decisive attributes first, and of an entry that
    /// is larger than a record may be the small ones before the large ones, so that it is the long lists that are cut.
    fn wanted<'a>(
        &'a self,
        mut entry: RawEntry<'a>,
    ) -> std::result::Result<Vec<Wanted<'a>>, Malformed> {
        let is_large = entry.octets() > self.limits.record_bytes;
        let mut wanted = Vec::new();
        while let Some(attribute) = entry.next_attribute()? {
            match self.selection.find(attribute.name) {
                Some(_) if wanted.len() >= MOST_ATTRIBUTES => return Err(Malformed::TooMany),
                Some((name, selected)) => wanted.push((name, selected, attribute)),
                None => skip(attribute)?,
            }
        }
        wanted.sort_by_key(|(_, selected, attribute)| {
            (!selected.is_decisive, if is_large { attribute.octets() } else { 0 })
        });
        Ok(wanted)
    }
}

impl<'l> Draft<'l> {
    fn new(limits: &'l LdapLimits, held: &Held) -> Self {
        Self {
            limits,
            guid: Ok(None),
            sid: None,
            attributes: Attributes::builder(),
            octets: 0,
            members: Vec::new(),
            held: held.beside(),
            are_members_complete: true,
            ranged: Vec::new(),
            flaws: Vec::new(),
        }
    }

    fn take(
        &mut self,
        name: &str,
        selected: Selected,
        mut attribute: RawAttribute<'_>,
    ) -> Result<()> {
        let syntax = selected.syntax;
        let is_identity = matches!(syntax, Syntax::ObjectGuid | Syntax::ObjectSid);
        if attribute.range().is_some_and(|range| !range.is_all()) && !is_identity {
            // An entry may say so of one attribute as often as it likes.
            if !self.ranged.iter().any(|(known, _)| known == name) {
                self.ranged.push((name.to_owned(), syntax));
            }
            return Ok(skip(attribute)?);
        }
        while let Some(value) = attribute.next_value()? {
            self.take_one(name, selected, value)?;
        }
        Ok(())
    }

    fn take_one(&mut self, name: &str, selected: Selected, value: &[u8]) -> Result<()> {
        match selected.syntax {
            // Of a certificate its thumbprint is kept, however large it is.
            Syntax::Certificate => self.take_value(name, selected, value),
            syntax if value.len() > self.limits.value_bytes => self.leave_out(name, syntax),
            Syntax::ObjectGuid => self.take_guid(value),
            Syntax::ObjectSid => match syntax::sid(value) {
                Ok(sid) => self.sid = Some(sid),
                Err(reason) => self.flaw(name, reason),
            },
            Syntax::Members => self.take_member(name, value)?,
            _ => self.take_value(name, selected, value),
        }
        Ok(())
    }

    /// Leaves out a value that is too large.
    fn leave_out(&mut self, name: &str, syntax: Syntax) {
        if syntax == Syntax::Members {
            self.are_members_complete = false;
        }
        self.flaw(name, "longer than the limit value_bytes allows");
    }

    fn take_guid(&mut self, value: &[u8]) {
        self.guid = match (&self.guid, ObjectGuid::from_slice(value)) {
            (Err(reason), _) => Err(reason.clone()),
            (Ok(_), Err(error)) => Err(error.message().to_owned()),
            (Ok(Some(first)), Ok(second)) if *first != second => {
                Err("objectGUID has two values".to_owned())
            }
            (Ok(_), Ok(guid)) => Ok(Some(guid)),
        };
    }

    fn take_member(&mut self, name: &str, value: &[u8]) -> Result<()> {
        if self.members.len() >= self.limits.members {
            self.are_members_complete = false;
            self.flaw(name, "more than the limit members allows");
        } else if let Some(member) = member(value) {
            self.held.add(value.len().saturating_add(BESIDE_A_VALUE))?;
            self.members.push(member);
        } else {
            self.are_members_complete = false;
            self.flaw(name, NOT_A_DN);
        }
        Ok(())
    }

    fn take_value(&mut self, name: &str, selected: Selected, value: &[u8]) {
        let text = match syntax::text(selected.syntax, value) {
            Ok(text) => text,
            Err(reason) => return self.flaw(name, reason),
        };
        let octets = self.octets.saturating_add(text.len().max(SMALLEST_VALUE));
        if octets > self.limits.record_bytes {
            return self.flaw(name, "more than the limit record_bytes allows in one entry");
        }
        self.octets = octets;
        match selected.syntax {
            Syntax::Certificate => self.attributes.push("userCertificateSHA256", &text),
            _ => self.attributes.push_known((name, selected.known), &text),
        }
    }

    /// Counts a value that is left out.
    fn flaw(&mut self, attribute: &str, reason: &str) {
        let is_same =
            |flaw: &&mut AttributeError| flaw.attribute == attribute && flaw.reason == reason;
        match self.flaws.iter_mut().find(is_same) {
            Some(flaw) => flaw.count += 1,
            None => self.flaws.push(AttributeError {
                attribute: attribute.to_owned(),
                reason: reason.to_owned(),
                count: 1,
            }),
        }
    }

    /// The record, and what of it is still to be read; or why there is none.
    fn finish(self, kind: ObjectKind, dn: &[u8]) -> std::result::Result<Ranged, String> {
        let guid = self.guid?.ok_or("it has no objectGUID that the account may read")?;
        let dn = std::str::from_utf8(dn).map_err(|_| "its DN is not UTF-8")?;
        if dn.is_empty() {
            return Err("it has no DN".to_owned());
        }
        let dn = DistinguishedName::parse(dn).map_err(|error| error.message().to_owned())?;
        let mut object = DirectoryObject::new(kind, guid, dn);
        object.sid = self.sid;
        object.attributes = self.attributes.build();
        object.flaws = self.flaws;
        if kind == ObjectKind::Group {
            object.membership = Some(membership(self.members, self.are_members_complete));
        }
        Ok(Ranged { object, attributes: self.ranged })
    }
}

/// Adds values to a record that is decoded already.
pub(crate) fn add_values(
    object: &mut DirectoryObject,
    (name, syntax): (&str, Syntax),
    values: &[Vec<u8>],
    (limits, held): (&LdapLimits, &Held),
) -> Result<()> {
    let mut draft = Draft::new(limits, held);
    for (name, value) in object.attributes.iter() {
        draft.octets = draft.octets.saturating_add(value.len());
        draft.attributes.push(name, value);
    }
    draft.flaws = std::mem::take(&mut object.flaws);
    let selected = Selected::new(name, syntax);
    values.iter().try_for_each(|value| draft.take_one(name, selected, value))?;
    object.attributes = draft.attributes.build();
    object.flaws = draft.flaws;
    Ok(())
}

/// Members, each once, in a list that is no longer than they are: it counts as they do.
pub(crate) fn membership(mut members: Vec<DistinguishedName>, complete: bool) -> Membership {
    members.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    members.dedup_by(|a, b| a.as_str() == b.as_str());
    members.shrink_to_fit();
    let list = Membership::new(members);
    if complete { list } else { list.incomplete() }
}

/// Members of which there may be more, no more of them than one group may have. What they take is held with `held` until
/// they are all there: then they count with the group.
#[cfg(feature = "ldif")]
pub(crate) fn part_of_members(
    values: &[Vec<u8>],
    (limits, held): (&LdapLimits, &Held),
) -> Result<Membership> {
    let mut held = held.beside();
    let mut members = Vec::new();
    for value in values.iter().take(limits.members) {
        held.add(value.len().saturating_add(BESIDE_A_VALUE))?;
        members.extend(member(value));
    }
    Ok(membership(members, false))
}

/// The DN of a member.
pub(crate) fn member(value: &[u8]) -> Option<DistinguishedName> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.is_empty())?;
    DistinguishedName::parse(text).ok()
}

/// Reads over the values of an attribute that is not wanted: they must be values all the same.
fn skip(mut attribute: RawAttribute<'_>) -> std::result::Result<(), Malformed> {
    while attribute.next_value()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::directory::MemoryBudget;
    use crate::ldap::protocol::ber::{OCTET_STRING, SEQUENCE, SET};
    use crate::ldap::protocol::script::{Attribute, element, entry_body};
    use crate::{Error, ErrorKind};
    use proptest::prelude::*;

    const GUID: &[u8] = b"0123456789abcdef";
    const SID: &[u8] = &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];

    fn decode_body(kind: ObjectKind, body: &[u8]) -> Result<Decoded> {
        decode_within(&MemoryBudget::default(), kind, body)
    }

    fn decode_within(memory: &MemoryBudget, kind: ObjectKind, body: &[u8]) -> Result<Decoded> {
        let extra: BTreeSet<String> = ["extra".to_owned(), "sIDHistory".to_owned()].into();
        let selection = Selection::of(kind, &extra).unwrap();
        let limits = LdapLimits { value_bytes: 64, members: 4, ..LdapLimits::default() };
        let held = &memory.holder();
        Decoder { kind, selection: &selection, limits: &limits, held }
            .decode(RawEntry::parse(body)?)
    }

    fn decode(kind: ObjectKind, attributes: &[Attribute<'_>]) -> Decoded {
        decode_body(kind, &entry_body("CN=A,DC=x", attributes)).unwrap()
    }

    fn object(kind: ObjectKind, attributes: &[Attribute<'_>]) -> DirectoryObject {
        let with_guid = [&[("objectGUID", &[GUID][..])], attributes].concat();
        match decode(kind, &with_guid) {
            Decoded::Object(object) => object,
            other => panic!("{other:?}"),
        }
    }

    fn computer(attributes: &[Attribute<'_>]) -> DirectoryObject {
        object(ObjectKind::Computer, attributes)
    }

    #[test]
    fn the_members_of_one_entry_count_towards_the_memory_as_they_come_and_no_more_once_it_is_decoded()
     {
        let members: Vec<Vec<u8>> = (0..4).map(|n| format!("CN={n}").into_bytes()).collect();
        let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
        let body = entry_body("CN=A,DC=x", &[("objectGUID", &[GUID]), ("member", &members)]);
        let entry = RawEntry::parse(&body).unwrap().octets() as u64;
        let all = entry + 4 * (4 + BESIDE_A_VALUE as u64);
        let memory = MemoryBudget::new(all);
        let group = decode_within(&memory, ObjectKind::Group, &body).unwrap();
        assert!(matches!(group, Decoded::Object(_)), "{group:?}");
        memory.holder().add(all as usize).unwrap();
        let error =
            decode_within(&MemoryBudget::new(all - 1), ObjectKind::Group, &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.to_string().contains("memory_bytes"), "{error}");
    }

    #[test]
    fn an_entry_counts_until_it_is_decoded_whatever_is_kept_of_it() {
        let text = [b'x'; 1_000];
        let body = entry_body("CN=A,DC=x", &[("objectGUID", &[GUID]), ("unasked", &[&text])]);
        let octets = RawEntry::parse(&body).unwrap().octets();
        assert!(octets > text.len());
        let memory = MemoryBudget::new(octets as u64);
        decode_within(&memory, ObjectKind::Computer, &body).unwrap();
        memory.holder().add(octets).unwrap();
        let too_few = MemoryBudget::new(octets as u64 - 1);
        let error = decode_within(&too_few, ObjectKind::Computer, &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn members_are_held_in_a_list_that_is_no_longer_than_they_are() {
        let members: Vec<Vec<u8>> = (0..4).map(|n| format!("CN={}", n % 3).into_bytes()).collect();
        let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
        let members =
            object(ObjectKind::Group, &[("member", &members)]).membership.unwrap().members;
        assert_eq!((members.len(), members.capacity()), (3, 3));
    }

    #[test]
    fn what_is_set_aside_takes_its_record_and_each_name_that_is_still_to_be_read() {
        let footprint = |names: &[&str]| {
            let name = |name: &&str| ((*name).to_owned(), Syntax::Members);
            let object = computer(&[]);
            Ranged { object, attributes: names.iter().map(name).collect() }.footprint()
        };
        let record = computer(&[]).footprint();
        assert_eq!(footprint(&[]), record);
        let (short, long) = (footprint(&["m"]) - record, footprint(&["member"]) - record);
        assert!(short >= size_of::<(String, Syntax)>() + 2 * SMALLEST_VALUE, "{short}");
        assert_eq!(long - short, "ember".len());
        assert_eq!(footprint(&["m", "member"]), record + short + long);
    }

    #[test]
    fn a_guid_that_looks_like_text_is_a_guid() {
        let object = computer(&[("objectSid", &[SID]), ("cn", &[b"WEB1"])]);
        assert_eq!(object.guid.to_string(), "33323130-3534-3736-3839-616263646566");
        assert_eq!(object.sid.unwrap().to_string(), "S-1-5-32-544");
        assert_eq!(object.attributes.first("cn"), Some("WEB1"));
        assert_eq!(object.attributes.first("objectGUID"), None);
        assert!(object.flaws.is_empty());
    }

    #[test]
    fn an_entry_with_more_attributes_than_there_are_is_refused() {
        let entry = |number: usize| {
            let mut attributes: Vec<Attribute<'_>> = vec![("cn", &[]); number];
            attributes.push(("unasked", &[]));
            decode_body(ObjectKind::User, &entry_body("CN=A,DC=x", &attributes))
        };
        assert!(entry(MOST_ATTRIBUTES).is_ok());
        let error = entry(MOST_ATTRIBUTES + 1).unwrap_err();
        assert_eq!(error.to_string(), Error::from(Malformed::TooMany).to_string());
    }

    #[test]
    fn an_entry_without_its_one_identity_is_rejected_with_the_reason() {
        for guids in [&[][..], &[&GUID[..15]], &[b"0123456789abcdefg"], &[GUID, SID]] {
            match decode(ObjectKind::User, &[("objectGUID", guids)]) {
                Decoded::Rejected(rejected) => {
                    assert_eq!(rejected.dn, "CN=A,DC=x");
                    assert!(!rejected.reason.is_empty());
                }
                other => panic!("{other:?}"),
            }
        }
        let bad_dn = entry_body("no dn", &[("objectGUID", &[GUID])]);
        let decoded = decode_body(ObjectKind::User, &bad_dn).unwrap();
        assert!(matches!(decoded, Decoded::Rejected(_)));
    }

    #[test]
    fn an_identity_that_is_said_twice_is_one() {
        let twice: Attribute<'_> = ("objectGUID", &[GUID, GUID]);
        assert!(matches!(decode(ObjectKind::User, &[twice]), Decoded::Object(_)));
    }

    #[test]
    fn a_bad_attribute_is_flagged_and_the_rest_stands() {
        let long = [b'x'; 65];
        let object = computer(&[
            ("objectSid", &[b"\x01"]),
            ("lastLogon", &[b"abc"]),
            ("whenCreated", &[b"yesterday"]),
            ("userAccountControl", &[b"4096", b"x"]),
            ("description", &[b"\xff", b"\xfe", b"good"]),
            ("info", &[&long]),
            ("operatingSystem", &[&long[..64]]),
        ]);
        let flawed: BTreeSet<_> = object.flaws.iter().map(|flaw| &*flaw.attribute).collect();
        let all =
            ["objectSid", "lastLogon", "whenCreated", "userAccountControl", "description", "info"];
        assert_eq!(flawed, all.into());
        assert_eq!(object.attributes.values("description").collect::<Vec<_>>(), ["good"]);
        assert_eq!(object.attributes.first("userAccountControl"), Some("4096"));
        assert_eq!(object.attributes.first("operatingSystem").map(str::len), Some(64));
    }

    #[test]
    fn values_at_the_edges_of_their_syntax_are_kept() {
        let object = computer(&[
            ("lastLogon", &[b"-1"]),
            ("accountExpires", &[b"9223372036854775807"]),
            ("userAccountControl", &[b"-2147483646"]),
            ("whenCreated", &[b"16010101000000.0Z"]),
        ]);
        assert!(object.flaws.is_empty(), "{:?}", object.flaws);
        assert_eq!(object.filetime("lastLogon"), None);
    }

    #[test]
    fn the_kind_of_a_group_is_kept_as_it_is_at_the_edges_too() {
        let kept = ["-2147483648", "-2147483646", "0", "2", "2147483647", "4294967295"];
        for (value, is_kept) in kept.map(|it| (it, true)).into_iter().chain([("0x2", false)]) {
            let attributes: &[(&str, &[&[u8]])] =
                &[("objectGUID", &[GUID]), ("groupType", &[value.as_bytes()])];
            let body = entry_body("CN=G,DC=x", attributes);
            let decoded = decode_body(ObjectKind::Group, &body).unwrap();
            let Decoded::Object(group) = decoded else { panic!("{value}") };
            assert_eq!(group.attributes.first("groupType"), is_kept.then_some(value));
            assert_eq!(group.flaws.is_empty(), is_kept, "{value}: {:?}", group.flaws);
        }
    }

    #[test]
    fn only_what_was_asked_for_is_taken_and_names_compare_without_case() {
        let object = computer(&[
            ("unicodePwd", &[b"secret"]),
            ("DNSHOSTNAME", &[b"a.example"]),
            ("dnshostname", &[b"b.example"]),
            ("description;lang-en", &[b"x"]),
        ]);
        let all: Vec<_> = object.attributes.iter().collect();
        let wanted =
            [("dNSHostName", "a.example"), ("dNSHostName", "b.example"), ("description", "x")];
        assert_eq!(all, wanted);
    }

    #[test]
    fn binary_values_have_a_text_form() {
        let object = computer(&[
            ("userCertificate;binary", &[b"\x30\x00"]),
            ("extra", &[b"\xff\x00", b"text"]),
            ("sIDHistory", &[SID]),
        ]);
        let thumbprint = object.attributes.first("userCertificateSHA256").unwrap();
        assert_eq!(thumbprint.len(), 64);
        assert_eq!(object.attributes.values("extra").collect::<Vec<_>>(), ["/wA=", "text"]);
        assert_eq!(object.attributes.first("sIDHistory"), Some("S-1-5-32-544"));
    }

    #[test]
    fn members_are_kept_apart_and_each_once() {
        let group = |members: &[&[u8]]| {
            let object = object(ObjectKind::Group, &[("member", members)]);
            let membership = object.membership.unwrap();
            (membership.members.len(), membership.complete)
        };
        assert_eq!(group(&[]), (0, true));
        assert_eq!(group(&[b"CN=A", b"CN=B", b"CN=A"]), (2, true));
        assert_eq!(group(&[b"CN=A", b"\xff"]), (1, false));
        let four: &[&[u8]] = &[b"CN=A", b"CN=B", b"CN=C", b"CN=D"];
        assert_eq!(group(four), (4, true));
        assert_eq!(group(&[four, &[b"CN=E"]].concat()), (4, false));
        assert_eq!(computer(&[("member", &[b"CN=A"])]).membership, None);
    }

    #[test]
    fn a_group_with_ranges_is_read_range_by_range() {
        let attributes: &[Attribute<'_>] =
            &[("objectGUID", &[GUID]), ("member", &[]), ("member;range=0-1", &[b"CN=A", b"CN=B"])];
        match decode(ObjectKind::Group, attributes) {
            Decoded::Ranged(group) => {
                assert_eq!(group.object.membership.unwrap().members, Vec::new());
                assert_eq!(group.attributes, [("member".to_owned(), Syntax::Members)]);
            }
            other => panic!("{other:?}"),
        }
    }

    /// A computer whose record may have so many octets, and a value as many.
    fn within(record_bytes: usize, attributes: &[Attribute<'_>]) -> DirectoryObject {
        let selection = Selection::of(ObjectKind::Computer, &BTreeSet::new()).unwrap();
        let limits = LdapLimits { record_bytes, ..LdapLimits::default() };
        let kind = ObjectKind::Computer;
        let held = &MemoryBudget::default().holder();
        let decoder = Decoder { kind, selection: &selection, limits: &limits, held };
        let with_guid = [attributes, &[("objectGUID", &[GUID][..])]].concat();
        let body = entry_body("CN=A", &with_guid);
        match decoder.decode(RawEntry::parse(&body).unwrap()).unwrap() {
            Decoded::Object(object) => object,
            other => panic!("{other:?}"),
        }
    }

    fn flaws(object: &DirectoryObject) -> Vec<String> {
        object.flaws.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_record_stops_growing_at_its_limit_and_what_is_beyond_is_counted() {
        let object = within(16, &[("cn", &[b"1234", b"5", b"6"])]);
        assert_eq!(object.attributes.values("cn").collect::<Vec<_>>(), ["1234"]);
        let beyond = "cn: 2 values, more than the limit record_bytes allows in one entry";
        assert_eq!(flaws(&object), [beyond]);
    }

    #[test]
    fn values_without_text_count_as_well() {
        let object = within(160, &[("servicePrincipalName", &[&b""[..]; 30])]);
        let kept = object.attributes.values("servicePrincipalName").count() as u64;
        let left_out: u64 = object.flaws.iter().map(|flaw| flaw.count).sum();
        assert!(kept <= 10 && kept + left_out == 30, "{kept} {left_out}");
    }

    #[test]
    fn a_long_list_is_cut_and_not_what_follows_it() {
        let names: Vec<Vec<u8>> = (0..100).map(|n| format!("HTTP/web{n:03}").into()).collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let object = within(
            300,
            &[
                ("servicePrincipalName", &names),
                ("info", &[b"rack 7"]),
                ("userAccountControl", &[b"4098"]),
                ("dNSHostName", &[b"a.corp.example"]),
                ("operatingSystem", &[b"Debian"]),
            ],
        );
        assert_eq!(object.is_disabled(), Some(true));
        assert_eq!(object.host_names()[0].as_str(), "a.corp.example");
        assert_eq!(object.attributes.first("operatingSystem"), Some("Debian"));
        assert_eq!(object.attributes.first("info"), Some("rack 7"));
        let kept = object.attributes.values("servicePrincipalName").count() as u64;
        let [flaw] = &object.flaws[..] else { panic!("{:?}", object.flaws) };
        assert!(kept > 0 && object.is_in_doubt("serviceprincipalname"));
        assert_eq!(kept + flaw.count, 100);
    }

    #[test]
    fn certificates_count_by_their_thumbprints() {
        let certificate = [7; 70_000];
        let object = within(1_000, &[("userCertificate", &[&certificate, &certificate[1..]])]);
        assert_eq!(object.attributes.values("userCertificateSHA256").count(), 2);
        assert_eq!(object.flaws, []);
    }

    #[test]
    fn a_member_that_is_too_long_leaves_the_list_incomplete() {
        let long = [b'x'; 65];
        let group = object(ObjectKind::Group, &[("member", &[b"CN=A", &long])]);
        assert!(!group.membership.as_ref().unwrap().complete);
        assert_eq!(flaws(&group), ["member: 1 value, longer than the limit value_bytes allows"]);
    }

    #[test]
    fn every_value_that_is_left_out_is_counted_with_its_reason() {
        let object = computer(&[
            ("objectSid", &[b"\x01"]),
            ("operatingSystem", &[b"B\xfcro"]),
            ("dNSHostName", &[b"pc 1.corp.example", b"b\xfcro.corp.example"]),
            ("userAccountControl", &[b"0x1002"]),
            ("primaryGroupID", &[b"-1"]),
            ("whenCreated", &[b"never"]),
            ("memberOf", &[b"Staff", b"Staff", b"CN=Staff,DC=x"]),
            ("msDS-UserAccountDisabled", &[b"yes"]),
        ]);
        let mut told = flaws(&object);
        told.sort_unstable();
        assert_eq!(
            told,
            [
                "dNSHostName: 1 value, not UTF-8 text",
                "dNSHostName: 1 value, not a host name",
                "memberOf: 2 values, not a DN",
                "msDS-UserAccountDisabled: 1 value, neither TRUE nor FALSE",
                "objectSid: 1 value, not a SID",
                "operatingSystem: 1 value, not UTF-8 text",
                "primaryGroupID: 1 value, not a relative identifier",
                "userAccountControl: 1 value, not a number",
                "whenCreated: 1 value, not a time",
            ]
        );
        assert_eq!((object.is_disabled(), object.account_control()), (None, None));
    }

    #[test]
    fn the_state_of_an_account_is_told_by_either_attribute_or_unknown() {
        for (attributes, disabled) in [
            (&[][..], None),
            (&[("userAccountControl", &[&b"514"[..]][..])][..], Some(true)),
            (&[("msDS-UserAccountDisabled", &[&b"TRUE"[..]][..])], Some(true)),
            (&[("msDS-UserAccountDisabled", &[&b"FALSE"[..]][..])], Some(false)),
            (
                &[
                    ("msDS-UserAccountDisabled", &[&b"TRUE"[..]][..]),
                    ("userAccountControl", &[&b"512"[..]][..]),
                ],
                Some(false),
            ),
            (
                &[
                    ("msDS-UserAccountDisabled", &[&b"TRUE"[..]][..]),
                    ("userAccountControl", &[&b"x"[..]][..]),
                ],
                Some(true),
            ),
        ] {
            assert_eq!(object(ObjectKind::User, attributes).is_disabled(), disabled);
        }
    }

    #[test]
    fn an_attribute_that_comes_in_ranges_again_and_again_is_read_once() {
        let range: Attribute<'_> = ("member;range=0-0", &[b"CN=A"]);
        let other: Attribute<'_> = ("description;range=0-0", &[b"x"]);
        let attributes = [("objectGUID", &[GUID][..]), range, other, range, range];
        let Decoded::Ranged(ranged) = decode(ObjectKind::Group, &attributes) else { panic!() };
        let mut names: Vec<&str> = ranged.attributes.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        assert_eq!(names, ["description", "member"]);
    }

    #[test]
    fn entries_of_another_shape_are_refused() {
        let attribute = |parts: &[u8]| {
            let list = element(SEQUENCE, &element(SEQUENCE, parts));
            [element(OCTET_STRING, b"CN=A"), list].concat()
        };
        for body in [
            vec![],
            element(OCTET_STRING, b"CN=A"),
            [element(OCTET_STRING, b"CN=A"), element(SEQUENCE, &[4, 0])].concat(),
            attribute(&element(OCTET_STRING, b"cn")),
            attribute(&[element(OCTET_STRING, b"cn"), element(OCTET_STRING, b"x")].concat()),
            attribute(&[element(OCTET_STRING, b"cn"), element(SET, &[0x24, 0])].concat()),
            attribute(&[element(OCTET_STRING, b"no"), element(SET, &[0x24, 0])].concat()),
            attribute(&[element(OCTET_STRING, b"cn"), element(SET, &[]), vec![4, 0]].concat()),
            [entry_body("CN=A", &[]), vec![4, 0]].concat(),
        ] {
            assert!(decode_body(ObjectKind::User, &body).is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bit_flip_panics_or_makes_a_record_without_its_parts(bit in 0_usize..2_000) {
            let mut body = entry_body("CN=A,DC=x", &[
                ("objectGUID", &[GUID]),
                ("objectSid", &[SID]),
                ("cn", &[b"A"]),
                ("lastLogon", &[b"133485408000000015"]),
                ("member;range=0-1", &[b"CN=A", b"CN=B"]),
                ("userCertificate", &[b"\x30\x00"]),
            ]);
            let bits = body.len() * 8;
            body[bit % bits / 8] ^= 1 << (bit % 8);
            let _ = decode_body(ObjectKind::Group, &body);
        }

        #[test]
        fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_body(ObjectKind::User, &body);
        }
    }
}
