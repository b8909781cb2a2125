//! Which objects changed: their identity, and no more than is needed to read them again.

use std::collections::{BTreeMap, HashMap, HashSet};

use ldap3::Scope;
use ldap3::controls::RawControl;

use super::link_changes::LinkChanges;
use crate::Result;
use crate::directory::Held;
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::ber::Malformed;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::controls::SHOW_DELETED;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::SearchMessage;
use crate::ldap::protocol::search::SearchRequest;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind};

/// The octets of memory that an identity takes in a set, which is never quite full.
const IDENTITY: usize = 4 * size_of::<ObjectGuid>();

/// How the server tells what changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChangeGranularity {
    /// Changed attributes alone: `name` is among them if the object was created, renamed or moved.
    Attributes,
    /// The same, and of members those alone that joined or left.
    Values,
    /// The whole object: anything may have changed.
    Objects,
}

/// The objects that changed, in the order of their GUIDs.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) objects: BTreeMap<ObjectGuid, Change>,
    /// Whether something changed that has no GUID.
    pub(crate) nameless: bool,
    /// What changed of the members of objects, where the server tells them one by one: empty if nothing did.
    pub(crate) links: HashMap<ObjectGuid, LinkChanges>,
    /// The objects of which it does not.
    untold: HashSet<ObjectGuid>,
    /// The octets of memory that all of it takes, at most.
    pub(crate) octets: usize,
}

/// What is known of a changed object.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Change {
    /// It is a tombstone now.
    pub(crate) deleted: bool,
    /// It may have another name or place than before, and so may all that is below it.
    pub(crate) moved: bool,
}

/// Where an object is now, and what it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ObjectLocation {
    pub(crate) object: ObjectGuid,
    pub(crate) dn: DistinguishedName,
    /// `None`: none that is read.
    pub(crate) kind: Option<ObjectKind>,
}

impl ObjectLocation {
    fn footprint(&self) -> usize {
        size_of::<Self>() + self.dn.as_str().len()
    }
}

impl Changes {
    /// The octets of memory that one of them takes, in a map and wherever it is named again.
    const OCTETS: usize = 4 * IDENTITY;

    pub(crate) fn take(
        &mut self,
        mut entry: RawEntry<'_>,
        granularity: ChangeGranularity,
    ) -> Result<(), Malformed> {
        let mut guid = None;
        let mut change = Change { deleted: is_tombstone(entry.dn), moved: false };
        change.moved = granularity == ChangeGranularity::Objects;
        let (mut links, mut is_told) =
            (LinkChanges::default(), granularity == ChangeGranularity::Values);
        while let Some(mut attribute) = entry.next_attribute()? {
            let is = |name: &str| attribute.name.eq_ignore_ascii_case(name);
            let (is_guid, is_deleted) = (is("objectGUID"), is("isDeleted"));
            change.moved |= is("name");
            if is("member") {
                is_told &= links.take(attribute)?;
                continue;
            }
            while let Some(value) = attribute.next_value()? {
                if is_guid {
                    guid = ObjectGuid::from_slice(value).ok();
                }
                change.deleted |= is_deleted && value.eq_ignore_ascii_case(b"TRUE");
            }
        }
        match guid {
            Some(guid) => {
                let known = self.objects.entry(guid).or_insert_with(|| {
                    self.octets += Self::OCTETS;
                    Change::default()
                });
                *known = Change { moved: known.moved || change.moved, ..change };
                self.take_links(guid, is_told.then_some(links));
            }
            None => self.nameless = true,
        }
        Ok(())
    }
}

impl Changes {
    /// Notes what was told of an object's members, `None` if that is not all. It may be told of in several answers.
    fn take_links(&mut self, object: ObjectGuid, links: Option<LinkChanges>) {
        match links {
            Some(links) if !self.untold.contains(&object) => {
                self.octets = self.octets.saturating_add(links.footprint());
                self.links.entry(object).or_default().update(links);
            }
            _ => {
                self.links.remove(&object);
                self.untold.insert(object);
            }
        }
    }
}

impl Connection {
    /// Looks at every entry with an update number above this one, tombstones included where the account may see
    /// them.
    pub(crate) async fn changed_since(
        &mut self,
        root: &DistinguishedName,
        filter: &str,
        usn: i64,
        limits: (&LdapLimits, &mut Held),
        changes: &mut Changes,
    ) -> Result<()> {
        let request = SearchRequest {
            base: root.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: format!("(&{filter}(uSNChanged>={}))", usn.saturating_add(1)),
            attributes: ["isDeleted", "objectGUID"].map(str::to_owned).to_vec(),
        };
        let show = RawControl { ctype: SHOW_DELETED.to_owned(), crit: false, val: None };
        let look = |message: SearchMessage<'_>| {
            let before = changes.octets;
            if let SearchMessage::Entry(body) = message {
                changes.take(RawEntry::parse(body)?, ChangeGranularity::Objects)?;
            }
            Ok(changes.octets.saturating_sub(before))
        };
        self.walk(&request, &[show], limits, look).await
    }

    /// Finds out where these objects are and what they are, or all that match a filter. They count towards what is held.
    pub(crate) async fn object_locations(
        &mut self,
        root: &DistinguishedName,
        filter: String,
        limits: (&LdapLimits, &mut Held),
    ) -> Result<Vec<ObjectLocation>> {
        let request = SearchRequest {
            base: root.as_str().to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes: ["objectClass", "objectGUID"].map(str::to_owned).to_vec(),
        };
        let mut found = Vec::new();
        let look = |message: SearchMessage<'_>| {
            let SearchMessage::Entry(body) = message else { return Ok(0) };
            let location = object_locations(RawEntry::parse(body)?)?;
            let octets = location.as_ref().map_or(0, ObjectLocation::footprint);
            found.extend(location);
            Ok(octets)
        };
        self.walk(&request, &[], limits, look).await?;
        Ok(found)
    }

    /// Finds out who matches a filter; `None` if an entry does not say who it is. They count towards what is held.
    /// `refer` gets what references say.
    pub(crate) async fn identities(
        &mut self,
        base: &DistinguishedName,
        filter: &str,
        controls: &[RawControl],
        limits: (&LdapLimits, &mut Held),
        mut refer: impl FnMut(&[u8]) + Send,
    ) -> Result<Option<HashSet<ObjectGuid>>> {
        let request = SearchRequest {
            base: base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: filter.to_owned(),
            attributes: vec!["objectGUID".to_owned()],
        };
        let mut found = Some(HashSet::new());
        let look = |message: SearchMessage<'_>| {
            let body = match message {
                SearchMessage::Entry(body) => body,
                SearchMessage::Reference(body) => {
                    refer(body);
                    return Ok(body.len());
                }
            };
            let guid = identity(RawEntry::parse(body)?)?;
            found = found.take().zip(guid).map(|(mut known, guid)| {
                known.insert(guid);
                known
            });
            Ok(IDENTITY)
        };
        self.walk(&request, controls, limits, look).await?;
        Ok(found)
    }
}

/// The filter that these objects match and no others.
pub(crate) fn any_of(objects: &[ObjectGuid]) -> String {
    let terms: String =
        objects.iter().map(|guid| format!("(objectGUID={})", guid.filter_value())).collect();
    format!("(|{terms})")
}

fn identity(mut entry: RawEntry<'_>) -> Result<Option<ObjectGuid>, Malformed> {
    while let Some(mut attribute) = entry.next_attribute()? {
        if attribute.name.eq_ignore_ascii_case("objectGUID") {
            return Ok(attribute.next_value()?.and_then(|guid| ObjectGuid::from_slice(guid).ok()));
        }
    }
    Ok(None)
}

fn object_locations(mut entry: RawEntry<'_>) -> Result<Option<ObjectLocation>, Malformed> {
    // A computer is a user as well.
    let kinds = [
        (ObjectKind::Computer, b"computer".as_slice()),
        (ObjectKind::Group, b"group"),
        (ObjectKind::User, b"user"),
    ];
    let (mut guid, mut first) = (None, kinds.len());
    while let Some(mut attribute) = entry.next_attribute()? {
        let is_guid = attribute.name.eq_ignore_ascii_case("objectGUID");
        let is_class = attribute.name.eq_ignore_ascii_case("objectClass");
        while let Some(value) = attribute.next_value()? {
            if is_guid {
                guid = ObjectGuid::from_slice(value).ok();
            } else if is_class {
                let of_class =
                    kinds.iter().position(|(_, class)| value.eq_ignore_ascii_case(class));
                first = first.min(of_class.unwrap_or(first));
            }
        }
    }
    let kind = kinds.get(first).map(|(kind, _)| *kind);
    let dn = str::from_utf8(entry.dn).ok().and_then(|dn| DistinguishedName::parse(dn).ok());
    Ok(guid.zip(dn).map(|(object, dn)| ObjectLocation { object, dn, kind }))
}

fn is_tombstone(dn: &[u8]) -> bool {
    let dn = str::from_utf8(dn).ok().and_then(|dn| DistinguishedName::parse(dn).ok());
    dn.is_some_and(|dn| dn.is_deleted_object())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::protocol::script::{Attribute, entry_body};

    const GUID: [u8; 16] = *b"0123456789abcdef";

    fn taken(dn: &str, attributes: &[Attribute<'_>], granularity: ChangeGranularity) -> Changes {
        let body = entry_body(dn, attributes);
        let mut changes = Changes::default();
        changes.take(RawEntry::parse(&body).unwrap(), granularity).unwrap();
        changes
    }

    fn change(dn: &str, attribute: Attribute<'_>, granularity: ChangeGranularity) -> (bool, bool) {
        let changes = taken(dn, &[("objectGUID", &[&GUID]), attribute], granularity);
        let change = changes.objects[&ObjectGuid::from_bytes(GUID)];
        (change.deleted, change.moved)
    }

    #[test]
    fn a_change_is_a_deletion_a_move_or_any_other() {
        let attributes = ChangeGranularity::Attributes;
        assert_eq!(change("CN=A", ("description", &[b"x"]), attributes), (false, false));
        assert_eq!(change("CN=A", ("NAME", &[b"A"]), attributes), (false, true));
        assert_eq!(change("CN=A", ("isDeleted", &[b"TRUE"]), attributes), (true, false));
        // A restored object has lost the attribute.
        assert_eq!(change("CN=A", ("isDeleted", &[]), attributes), (false, false));
        let tombstone = r"CN=A\0ADEL:4fd0f2c1-2a3b-4c5d-8e9f-0123456789ab,CN=Deleted Objects,DC=x";
        assert_eq!(change(tombstone, ("cn", &[]), attributes), (true, false));
        assert_eq!(change("CN=A", ("cn", &[b"A"]), ChangeGranularity::Objects), (false, true));
    }

    #[test]
    fn an_entry_without_a_guid_is_noted() {
        for guid in [&[][..], &[b"short".as_slice()]] {
            let changes = taken("CN=A", &[("objectGUID", guid)], ChangeGranularity::Objects);
            assert!(changes.nameless && changes.objects.is_empty());
        }
    }

    #[test]
    fn the_kind_follows_from_the_classes() {
        let kind = |classes: &[&[u8]]| {
            let body = entry_body("CN=A", &[("objectGUID", &[&GUID]), ("objectClass", classes)]);
            object_locations(RawEntry::parse(&body).unwrap()).unwrap().unwrap().kind
        };
        assert_eq!(kind(&[b"top", b"user", b"Computer"]), Some(ObjectKind::Computer));
        assert_eq!(kind(&[b"top", b"user"]), Some(ObjectKind::User));
        assert_eq!(kind(&[b"group"]), Some(ObjectKind::Group));
        assert_eq!(kind(&[b"top", b"organizationalUnit"]), None);
    }
}
