//! What a person wants to report, as an export of a directory in which no name is anybody's.

mod pseudonym;

use std::collections::BTreeMap;
use std::io::Write;

use ldap_inventory::asset::{
    Asset, DirectoryGroup, DirectoryUser, MemberPath, Presence, SearchRequest, SourceRecord,
};
use ldap_inventory::directory::{DirectoryObject, Membership};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::value::{ObjectGuid, ObjectKind, RunId, Sid};
use sha2::{Digest, Sha256};

use self::pseudonym::Pseudonyms;
use super::curate::Desk;
use super::exit::Failure;
use super::list::each;
use super::printed::{escaped, say};

/// How a value is told.
#[derive(Clone, Copy)]
enum Told {
    AsItIs,
    Text,
    Host,
    Address,
    Service,
    Dn,
    Sid,
}

/// What is told of an object. Nothing else is: nobody knows what names there may be in it.
const ATTRIBUTES: &[(Told, &[&str])] = &[
    (
        Told::AsItIs,
        &[
            "accountExpires",
            "adminCount",
            "badPasswordTime",
            "badPwdCount",
            "codePage",
            "countryCode",
            "groupType",
            "instanceType",
            "isCriticalSystemObject",
            "isDeleted",
            "lastLogon",
            "lastLogonTimestamp",
            "localPolicyFlags",
            "lockoutTime",
            "logonCount",
            "msDS-SupportedEncryptionTypes",
            "msDS-User-Account-Control-Computed",
            "msDS-UserAccountDisabled",
            "msDS-UserPasswordExpiryTimeComputed",
            "objectClass",
            "operatingSystem",
            "operatingSystemServicePack",
            "operatingSystemVersion",
            "primaryGroupID",
            "pwdLastSet",
            "sAMAccountType",
            "uSNChanged",
            "userAccountControl",
            "whenChanged",
            "whenCreated",
        ],
    ),
    (
        Told::Text,
        &[
            "cn",
            "company",
            "department",
            "description",
            "displayName",
            "givenName",
            "info",
            "l",
            "location",
            "name",
            "physicalDeliveryOfficeName",
            "sAMAccountName",
            "sn",
            "telephoneNumber",
            "title",
            "userWorkstations",
        ],
    ),
    (Told::Host, &["dNSHostName", "msDS-AdditionalDnsHostName"]),
    (Told::Address, &["mail", "userPrincipalName"]),
    (Told::Service, &["servicePrincipalName"]),
    (Told::Dn, &["managedBy", "memberOf", "objectCategory"]),
    (Told::Sid, &["sIDHistory"]),
];

/// What is there of every object, told apart from its attributes.
const IDENTITY: [&str; 4] = ["distinguishedName", "id", "objectGUID", "objectSid"];

/// A report on its way.
pub(crate) struct Report<'a> {
    out: &'a mut dyn Write,
    pseudonyms: Pseudonyms,
    /// Attributes that are not told, with how many values there were.
    left_out: BTreeMap<String, usize>,
    absent: usize,
    /// Objects of which a DN cannot be read.
    unreadable: usize,
}

impl<'a> Report<'a> {
    /// Begins one whose pseudonyms nobody can take back, not even who has the inventory.
    pub(crate) fn begin(out: &'a mut dyn Write) -> Self {
        let mut hasher = Sha256::new();
        // An id has 74 random bits.
        (0..4).for_each(|_| hasher.update(RunId::random_v7().as_u128().to_be_bytes()));
        let pseudonyms = Pseudonyms::new(hasher.finalize().into());
        Self { out, pseudonyms, left_out: BTreeMap::new(), absent: 0, unreadable: 0 }
    }

    /// Tells the computers of the assets that are found.
    pub(crate) async fn computers(
        &mut self,
        desk: &Desk<'_>,
        request: &SearchRequest,
    ) -> Result<(), Failure> {
        each::<Asset>(desk.repository, request, usize::MAX, |asset| {
            let mut parts = asset.parts.iter().filter(|part| part.object.is_some());
            parts.try_for_each(|part| self.put(computer(part), part.presence))
        })
        .await?;
        Ok(())
    }

    /// Tells the users that are found.
    pub(crate) async fn users(
        &mut self,
        desk: &Desk<'_>,
        request: &SearchRequest,
    ) -> Result<(), Failure> {
        each::<DirectoryUser>(desk.repository, request, usize::MAX, |user| {
            let mut object = DirectoryObject::new(ObjectKind::User, user.object, user.dn.clone());
            (object.sid, object.attributes) = (user.sid.clone(), user.attributes.clone());
            self.put(Some(object), user.presence)
        })
        .await?;
        Ok(())
    }

    /// Tells the groups that are found, with whom they name as members.
    pub(crate) async fn groups(
        &mut self,
        desk: &Desk<'_>,
        request: &SearchRequest,
    ) -> Result<(), Failure> {
        each::<DirectoryGroup>(desk.repository, request, usize::MAX, |group| {
            let mut object =
                DirectoryObject::new(ObjectKind::Group, group.object, group.dn.clone());
            (object.sid, object.attributes) = (group.sid.clone(), group.attributes.clone());
            let named = group.members.iter().filter(|member| member.path == MemberPath::Direct);
            let members = Membership::new(named.map(|member| member.dn.clone()));
            object.membership = Some(if group.complete { members } else { members.incomplete() });
            self.put(Some(object), group.presence)
        })
        .await?;
        Ok(())
    }

    /// Says what the report does not have.
    pub(crate) fn end(self) {
        let left: Vec<String> = self
            .left_out
            .iter()
            .map(|(name, count)| format!("{} ({count})", escaped(name)))
            .collect();
        if !left.is_empty() {
            say(format_args!("not reported, since names may be in it: {}", left.join(", ")));
        }
        match self.absent {
            0 => {}
            1 => say("1 object is not reported, since its directory has it no more"),
            some => say(format_args!(
                "{some} objects are not reported, since their directories have them no more"
            )),
        }
        if self.unreadable > 0 {
            let count = self.unreadable;
            say(format_args!("not reported, since a DN of them cannot be read: {count} objects"));
        }
    }

    fn put(&mut self, object: Option<DirectoryObject>, presence: Presence) -> Result<(), Failure> {
        if !presence.is_present() {
            self.absent += 1;
            return Ok(());
        }
        let Some(told) = object.and_then(|object| self.told(object)) else {
            self.unreadable += 1;
            return Ok(());
        };
        Ok(self.out.write_all(told.to_ldif().as_bytes())?)
    }

    /// The object under pseudonyms.
    fn told(&mut self, object: DirectoryObject) -> Option<DirectoryObject> {
        let names = &self.pseudonyms;
        let mut told =
            DirectoryObject::new(object.kind, names.guid(object.guid), names.dn(&object.dn)?);
        told.sid = object.sid.as_ref().and_then(|sid| names.sid(sid));
        if let Some(list) = object.membership {
            let members: Option<Vec<_>> =
                list.members.iter().map(|member| names.dn(member)).collect();
            let members = Membership::new(members?);
            told.membership = Some(if list.complete { members } else { members.incomplete() });
        }
        let mut values: Vec<(&str, String)> = Vec::new();
        for (name, value) in object.attributes.iter() {
            match (names.value(name, value), IDENTITY.contains(&name)) {
                (Some(value), _) => values.push((name, value)),
                (None, true) => {}
                (None, false) => *self.left_out.entry(name.to_owned()).or_default() += 1,
            }
        }
        told.attributes = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Some(told)
    }
}

impl Pseudonyms {
    /// A value of an attribute, if it is told.
    fn value(&self, name: &str, value: &str) -> Option<String> {
        let (told, _) = ATTRIBUTES.iter().find(|(_, names)| names.contains(&name))?;
        match told {
            Told::AsItIs => Some(value.to_owned()),
            Told::Text => Some(self.text(value)),
            Told::Host => Some(self.host(value)),
            Told::Address => Some(self.address(value)),
            Told::Service => Some(self.service(value)),
            Told::Dn => Some(self.dn(&DistinguishedName::parse(value).ok()?)?.as_str().to_owned()),
            Told::Sid => Some(self.sid(&value.parse::<Sid>().ok()?)?.to_string()),
        }
    }
}

/// The computer whose record a part is, if it is one's.
fn computer(part: &SourceRecord) -> Option<DirectoryObject> {
    let (object, dn): (ObjectGuid, _) = (part.object?, part.attributes.first("distinguishedName")?);
    let mut computer =
        DirectoryObject::new(ObjectKind::Computer, object, DistinguishedName::parse(dn).ok()?);
    computer.sid = part.attributes.first("objectSid").and_then(|sid| sid.parse().ok());
    computer.attributes = part.attributes.clone();
    Some(computer)
}
