//! The objects of a directory, as an inventory has them, with other names.

use std::collections::BTreeSet;

use ldap_inventory::asset::{Asset, DirectoryGroup, DirectoryUser, MemberPath};
use ldap_inventory::directory::{DirectoryObject, Membership};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::value::{Attributes, ObjectGuid, ObjectKind, Sid, SourceId, Timestamp};

use super::pseudonyms::Pseudonyms;

/// What leaves as it is: numbers, flags, classes, and which system it is.
const KEPT: [&str; 14] = [
    "adminCount",
    "groupType",
    "instanceType",
    "isCriticalSystemObject",
    "localPolicyFlags",
    "msDS-SupportedEncryptionTypes",
    "msDS-UserAccountDisabled",
    "objectClass",
    "operatingSystem",
    "operatingSystemServicePack",
    "operatingSystemVersion",
    "primaryGroupID",
    "sAMAccountType",
    "userAccountControl",
];

/// Times in ticks, and those in years and days: an inventory files both the same way.
const TICKS: [&str; 5] =
    ["accountExpires", "lastLogon", "lastLogonTimestamp", "lockoutTime", "pwdLastSet"];
const TIMES: [&str; 2] = ["whenChanged", "whenCreated"];

/// The objects of one directory.
#[derive(Debug, Default)]
pub(super) struct Directory {
    objects: Vec<Known>,
}

/// An object, as the inventory knows it.
#[derive(Debug)]
struct Known {
    kind: ObjectKind,
    guid: ObjectGuid,
    sid: Option<Sid>,
    dn: DistinguishedName,
    attributes: Attributes,
    membership: Option<Membership>,
}

impl Directory {
    /// Takes the records of computers that an asset has of the directory.
    pub(super) fn take_computers(&mut self, asset: &Asset, source: &SourceId) {
        let own =
            asset.parts.iter().filter(|part| part.source == *source && part.presence.is_present());
        for part in own {
            let dn = part.attributes.first("distinguishedName").and_then(|dn| dn.parse().ok());
            let (Some(guid), Some(dn)) = (part.object, dn) else { continue };
            self.objects.push(Known {
                kind: ObjectKind::Computer,
                guid,
                sid: part.attributes.first("objectSid").and_then(|sid| sid.parse().ok()),
                dn,
                attributes: part.attributes.clone(),
                membership: None,
            });
        }
    }

    pub(super) fn take_user(&mut self, user: &DirectoryUser, source: &SourceId) {
        if user.source == *source && user.presence.is_present() {
            self.objects.push(Known {
                kind: ObjectKind::User,
                guid: user.object,
                sid: user.sid.clone(),
                dn: user.dn.clone(),
                attributes: user.attributes.clone(),
                membership: None,
            });
        }
    }

    pub(super) fn take_group(&mut self, group: &DirectoryGroup, source: &SourceId) {
        if group.source != *source || !group.presence.is_present() {
            return;
        }
        let direct = group.members.iter().filter(|member| member.path == MemberPath::Direct);
        let membership = Membership::new(direct.map(|member| member.dn.clone()));
        self.objects.push(Known {
            kind: ObjectKind::Group,
            guid: group.object,
            sid: group.sid.clone(),
            dn: group.dn.clone(),
            attributes: group.attributes.clone(),
            membership: Some(if group.complete { membership } else { membership.incomplete() }),
        });
    }

    pub(super) fn guids(&self) -> BTreeSet<ObjectGuid> {
        self.objects.iter().map(|object| object.guid).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The objects with other names. One whose DN cannot be written so is left out.
    pub(super) fn objects<'a>(
        &'a self,
        pseudonyms: &'a Pseudonyms,
    ) -> impl Iterator<Item = DirectoryObject> + 'a {
        self.objects.iter().filter_map(|object| object.called(pseudonyms))
    }
}

impl Known {
    fn called(&self, pseudonyms: &Pseudonyms) -> Option<DirectoryObject> {
        let dn = pseudonyms.dn(&self.dn)?;
        let mut object = DirectoryObject::new(self.kind, pseudonyms.guid(self.guid), dn);
        object.sid = self.sid.as_ref().and_then(|sid| pseudonyms.sid(sid));
        object.attributes = self
            .attributes(pseudonyms)
            .collect::<Vec<_>>()
            .iter()
            .map(|(a, b)| (*a, b.as_str()))
            .collect();
        object.membership = self.membership.as_ref().map(|list| {
            let members = list.members.iter().filter_map(|member| pseudonyms.dn(member));
            let members = Membership::new(members);
            if list.complete { members } else { members.incomplete() }
        });
        Some(object)
    }

    /// The attributes that leave. What is not named here does not.
    fn attributes<'a>(
        &'a self,
        pseudonyms: &'a Pseudonyms,
    ) -> impl Iterator<Item = (&'static str, String)> + 'a {
        let values =
            |name: &'static str| self.attributes.values(name).map(move |value| (name, value));
        let kept = KEPT.into_iter().flat_map(values).map(|(name, value)| (name, value.to_owned()));
        let hosts = ["dNSHostName"].into_iter().flat_map(values);
        let hosts = hosts.map(|(name, value)| (name, pseudonyms.host(value)));
        let accounts =
            ["sAMAccountName", "msDS-AdditionalDnsHostName"].into_iter().flat_map(values);
        let accounts = accounts.map(|(name, value)| (name, pseudonyms.account(value)));
        let labels = values("cn").map(|(name, value)| (name, pseudonyms.word(value)));
        let principals = values("servicePrincipalName")
            .filter_map(|(name, value)| Some((name, pseudonyms.principal(value)?)));
        let groups = values("memberOf").filter_map(|(name, value)| {
            Some((name, pseudonyms.dn(&value.parse().ok()?)?.as_str().to_owned()))
        });
        kept.chain(hosts)
            .chain(accounts)
            .chain(labels)
            .chain(principals)
            .chain(groups)
            .chain(self.times())
    }

    /// Times, as a directory writes them.
    fn times(&self) -> impl Iterator<Item = (&'static str, String)> {
        let time =
            |name: &str| self.attributes.first(&format!("{name}TS"))?.parse::<Timestamp>().ok();
        let ticks = TICKS
            .into_iter()
            .filter_map(move |name| Some((name, time(name)?.to_filetime().to_string())));
        let times = TIMES
            .into_iter()
            .filter_map(move |name| Some((name, time(name)?.to_generalized_time())));
        ticks.chain(times)
    }
}
