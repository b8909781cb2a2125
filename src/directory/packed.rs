//! An object of a directory as octets, to be put aside for a while. Only for the run that wrote them.

use super::object::{AttributeError, DirectoryObject, Membership};
use crate::name::DistinguishedName;
use crate::value::{Attributes, ObjectGuid, ObjectKind, Sid};
use crate::{Error, ErrorKind, Result};

/// Appends everything of an object but its kind and its objectGUID, which whoever puts it aside keeps.
pub(super) fn pack(object: &DirectoryObject, into: &mut Vec<u8>) {
    let DirectoryObject { kind: _, guid: _, sid, dn, attributes, membership, manager_name, flaws } =
        object;
    put(into, dn.as_str().as_bytes());
    put(into, &sid.as_ref().map(Sid::to_bytes).unwrap_or_default());
    attributes.pack(|octets| put(into, octets));
    put(into, &[u8::from(manager_name.is_some())]);
    put(into, manager_name.as_deref().unwrap_or_default().as_bytes());
    let list = membership.as_ref();
    put(into, &[u8::from(list.is_some()), u8::from(list.is_some_and(|list| list.complete))]);
    put_names(into, list.map_or(&[], |list| &list.members));
    let left = list.and_then(|list| list.left.as_ref());
    put(into, &[u8::from(left.is_some())]);
    put_names(into, left.map_or(&[], Vec::as_slice));
    for AttributeError { attribute, reason, count } in flaws {
        put(into, attribute.as_bytes());
        put(into, reason.as_bytes());
        put(into, &count.to_le_bytes());
    }
}

/// The object that was packed.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] if these are not the octets of one: somebody else wrote to where they were.
pub(super) fn unpack(kind: ObjectKind, guid: ObjectGuid, octets: &[u8]) -> Result<DirectoryObject> {
    let mut rest = Packed(octets);
    let object = rest.object(kind, guid);
    object.ok_or_else(|| {
        let message = "the temporary file of the run does not have what was written to it: make sure that nothing else \
                       writes there, or choose another folder (spool_folder), and run again";
        Error::new(ErrorKind::Invalid, message).with_context("object", guid)
    })
}

fn put(into: &mut Vec<u8>, octets: &[u8]) {
    // Nothing that is read is longer: the text of all attributes of an object is below 4 GiB.
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(octets);
}

fn put_names(into: &mut Vec<u8>, names: &[DistinguishedName]) {
    put(into, &(names.len() as u64).to_le_bytes());
    names.iter().for_each(|name| put(into, name.as_str().as_bytes()));
}

/// What is not unpacked yet.
struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    fn object(&mut self, kind: ObjectKind, guid: ObjectGuid) -> Option<DirectoryObject> {
        let mut object = DirectoryObject::new(kind, guid, self.name()?);
        let sid = self.octets()?;
        object.sid = match sid {
            [] => None,
            sid => Some(Sid::from_slice(sid).ok()?),
        };
        object.attributes = Attributes::unpack(self.text()?, self.octets()?);
        let &[has_manager] = self.octets()?.first_chunk()?;
        let manager = self.text()?;
        object.manager_name = (has_manager != 0).then(|| manager.into());
        let &[has_members, complete] = self.octets()?.first_chunk()?;
        let members = self.names()?;
        let &[has_left] = self.octets()?.first_chunk()?;
        let left = self.names()?;
        let left = (has_left != 0).then_some(left);
        object.membership =
            (has_members != 0).then_some(Membership { members, complete: complete != 0, left });
        while !self.0.is_empty() {
            let (attribute, reason) = (self.text()?.to_owned(), self.text()?.to_owned());
            object.flaws.push(AttributeError { attribute, reason, count: self.number()? });
        }
        Some(object)
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (octets, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(octets)
    }

    fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.octets()?).ok()
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.octets()?.first_chunk()?))
    }

    fn name(&mut self) -> Option<DistinguishedName> {
        self.text().map(DistinguishedName::of_checked)
    }

    fn names(&mut self) -> Option<Vec<DistinguishedName>> {
        let count = self.number()?;
        (0..count).map(|_| self.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    fn objects() -> Vec<DirectoryObject> {
        let guid = ObjectGuid::from_bytes([7; 16]);
        let bare = DirectoryObject::new(ObjectKind::User, guid, DistinguishedName::root());
        let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn("CN=WEB1,DC=x"));
        computer.manager_name = Some("Jane".into());
        computer.sid = Some("S-1-5-21-1-2-3-1104".parse().unwrap());
        computer.attributes = [("cn", "WEB1"), ("own", ""), ("description", "Bücher"), ("cn", "x")]
            .into_iter()
            .collect();
        computer.flaws = vec![
            AttributeError {
                attribute: "info".to_owned(),
                reason: "too long".to_owned(),
                count: 3,
            },
            AttributeError { attribute: String::new(), reason: String::new(), count: u64::MAX },
        ];
        let group = |membership| DirectoryObject {
            membership: Some(membership),
            ..DirectoryObject::new(ObjectKind::Group, guid, dn("CN=Staff,DC=x"))
        };
        let members = || [dn("CN=A,DC=x"), dn("CN=B,DC=x")];
        vec![
            bare,
            computer,
            group(Membership::default()),
            group(Membership::new(members()).incomplete()),
            group(Membership::changes(members(), [dn("CN=C,DC=x")])),
            group(Membership::changes([], [])),
        ]
    }

    #[test]
    fn an_object_goes_round_to_the_letter() {
        for object in objects() {
            let mut octets = Vec::new();
            pack(&object, &mut octets);
            let back = unpack(object.kind, object.guid, &octets).unwrap();
            assert_eq!(format!("{back:?}"), format!("{object:?}"));
            assert_eq!((&back, back.digest()), (&object, object.digest()));
        }
    }

    #[test]
    fn octets_that_were_cut_off_or_changed_are_no_panic() {
        for object in objects() {
            let mut octets = Vec::new();
            pack(&object, &mut octets);
            for cut in 0..octets.len() {
                let _ = unpack(object.kind, object.guid, &octets[..cut]);
                for flipped in [0, 0xff] {
                    let mut changed = octets.clone();
                    changed[cut] = flipped;
                    let _ = unpack(object.kind, object.guid, &changed);
                }
            }
        }
        unpack(ObjectKind::User, ObjectGuid::from_bytes([1; 16]), &[1, 0, 0]).unwrap_err();
    }
}
