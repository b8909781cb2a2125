//! Directory objects in a line each.

use crate::asset::{Asset, Claim, SourceRecord};
use crate::directory::{AttributeError, DirectoryObject, Membership};
use crate::name::{DistinguishedName, Hostname};
use crate::value::{
    AssetId, Attributes, ObjectGuid, ObjectKind, OrganizationId, RecordDigest, Sid, SiteId,
    SourceId, Timestamp,
};

/// A made-up computer, user or group, ready for a [`MockDirectory`](super::MockDirectory).
///
/// It stands in the domain `corp.example` under a common name, and its objectGUID comes from that name, so
/// that the same line is the same object in every run.
///
/// ```
/// use ldap_inventory::testing::MockRecord;
///
/// let web1 = MockRecord::computer("WEB1").with("operatingSystem", "Windows Server 2022").build();
/// assert_eq!(web1.host_names()[0].as_str(), "web1.corp.example");
/// assert_eq!(web1.dn.as_str(), "CN=WEB1,CN=Computers,DC=corp,DC=example");
///
/// let alice = MockRecord::user("alice").disabled().build();
/// assert_eq!(alice.is_disabled(), Some(true));
/// let staff = MockRecord::group("Staff").with_member(&alice.dn).build();
/// assert_eq!(staff.membership.unwrap().members, [alice.dn]);
/// ```
#[derive(Clone, Debug)]
pub struct MockRecord {
    kind: ObjectKind,
    name: String,
    guid: ObjectGuid,
    container: String,
    domain: String,
    attributes: Vec<(String, String)>,
    membership: Option<Membership>,
    sid: Option<Sid>,
    flags: i64,
    flaws: Vec<AttributeError>,
}

impl MockRecord {
    /// A computer with `dNSHostName` and `sAMAccountName` made from its name.
    pub fn computer(name: &str) -> Self {
        Self::new(ObjectKind::Computer, name, "CN=Computers")
    }

    /// A user with `sAMAccountName` and `userPrincipalName` made from its name.
    pub fn user(name: &str) -> Self {
        Self::new(ObjectKind::User, name, "CN=Users")
    }

    /// A group without members.
    pub fn group(name: &str) -> Self {
        let mut group = Self::new(ObjectKind::Group, name, "CN=Users");
        group.membership = Some(Membership::default());
        group
    }

    /// No object of a directory, but an asset that a scanner found under these names: with this number for an id, in the
    /// organization `acme` and the site `hq`, known by the source `scan/hq` since 2026-01-01.
    ///
    /// ```
    /// use ldap_inventory::testing::MockRecord;
    ///
    /// let mut web1 = MockRecord::scanned(1, ["web1.corp.example"]);
    /// web1.site = "branch".parse().unwrap();
    /// assert_eq!(web1.label(), "web1.corp.example");
    /// ```
    ///
    /// # Panics
    ///
    /// If one of them is no host name.
    #[track_caller]
    pub fn scanned<'a>(number: u128, names: impl IntoIterator<Item = &'a str>) -> Asset {
        let organization = OrganizationId::new("acme").unwrap_or_else(impossible);
        let site = SiteId::new("hq").unwrap_or_else(impossible);
        let source = SourceId::new("scan", "hq").unwrap_or_else(impossible);
        let found = Timestamp::from_unix_seconds(1_767_225_600).unwrap_or(Timestamp::MIN);
        let mut asset = Asset::new(AssetId::from_u128(number), organization, site);
        asset.parts.push(SourceRecord::new(0, source, "@scan", found));
        let names = names.into_iter().map(|name| Hostname::parse(name).unwrap_or_else(impossible));
        asset.names = names.map(|name| Claim::new(name, 0, None, found)).collect();
        asset
    }

    /// The objectGUID that an object gets for its name.
    pub fn guid_of(name: &str) -> ObjectGuid {
        ObjectGuid::from_bytes(RecordDigest::of(["mock record", name]).0)
    }

    fn new(kind: ObjectKind, name: &str, container: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            guid: Self::guid_of(name),
            container: container.to_owned(),
            domain: "corp.example".to_owned(),
            attributes: Vec::new(),
            membership: None,
            sid: None,
            flags: if kind == ObjectKind::Computer { 0x1000 } else { 0x200 },
            flaws: Vec::new(),
        }
    }

    /// Makes it the object with this objectGUID: the same object under another name is a renamed one.
    #[must_use]
    pub fn with_guid(mut self, guid: ObjectGuid) -> Self {
        self.guid = guid;
        self
    }

    /// Puts it into a container, such as `OU=Servers`, below its domain.
    #[must_use]
    pub fn within(mut self, container: &str) -> Self {
        container.clone_into(&mut self.container);
        self
    }

    /// Puts it into a domain, by its DNS name.
    #[must_use]
    pub fn in_domain(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.domain);
        self
    }

    /// Adds a value of an attribute. One of those made from its name is replaced by it.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: &str) -> Self {
        self.attributes.push((attribute.to_owned(), value.to_owned()));
        self
    }

    /// Leaves an attribute out, as a read does with a value that cannot be decoded.
    #[must_use]
    pub fn without(mut self, attribute: &str, reason: &str) -> Self {
        let (attribute, reason) = (attribute.to_owned(), reason.to_owned());
        self.flaws.push(AttributeError { attribute, reason, count: 1 });
        self
    }

    /// Gives it an `objectSid`, by which an account finds its primary group.
    #[must_use]
    pub fn with_sid(mut self, sid: Sid) -> Self {
        self.sid = Some(sid);
        self
    }

    /// Disables the account.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.flags |= 0x2;
        self
    }

    /// Adds a member to a group.
    #[must_use]
    pub fn with_member(mut self, member: &DistinguishedName) -> Self {
        self.membership.get_or_insert_default().members.push(member.clone());
        self
    }

    /// Says that the members of a group could not all be read.
    #[must_use]
    pub fn with_incomplete_members(mut self) -> Self {
        self.membership.get_or_insert_default().complete = false;
        self
    }

    /// The object.
    pub fn build(self) -> DirectoryObject {
        let dn = self.dn();
        let mut object = DirectoryObject::new(self.kind, self.guid, dn);
        object.attributes = self.attributes();
        object.sid = self.sid;
        object.membership = self.membership;
        object.flaws = self.flaws;
        object
    }

    /// `CN=name,container,DC=...`. What no DN can be made of stands at the root.
    fn dn(&self) -> DistinguishedName {
        let domain: Vec<String> =
            self.domain.split('.').map(|label| format!("DC={label}")).collect();
        let name = DistinguishedName::escape_value(&self.name);
        let text = format!("CN={name},{},{}", self.container, domain.join(","));
        DistinguishedName::parse(&text).unwrap_or_else(|error| invalid(&text, &error))
    }

    fn attributes(&self) -> Attributes {
        let given = self.attributes.iter().map(|(name, _)| name);
        let given: Vec<&String> = given.chain(self.flaws.iter().map(|it| &it.attribute)).collect();
        let own = |name: &str| given.iter().any(|given| given.eq_ignore_ascii_case(name));
        let mut builder = Attributes::builder();
        for (name, value) in self.derived() {
            if !own(name) {
                builder.push(name, &value);
            }
        }
        self.attributes.iter().for_each(|(name, value)| builder.push(name, value));
        builder.build()
    }

    /// The attributes that follow from what it is and from its name.
    fn derived(&self) -> Vec<(&'static str, String)> {
        let name = &self.name;
        let control = ("userAccountControl", self.flags.to_string());
        let mut derived = vec![("cn", name.clone())];
        match self.kind {
            ObjectKind::Computer => derived.extend([
                ("objectClass", "computer".to_owned()),
                ("dNSHostName", format!("{}.{}", name.to_lowercase(), self.domain)),
                ("sAMAccountName", format!("{name}$")),
                control,
            ]),
            ObjectKind::User => derived.extend([
                ("objectClass", "user".to_owned()),
                ("sAMAccountName", name.clone()),
                ("userPrincipalName", format!("{name}@{}", self.domain)),
                control,
            ]),
            ObjectKind::Group => derived
                .extend([("objectClass", "group".to_owned()), ("sAMAccountName", name.clone())]),
        }
        derived
    }
}

impl From<MockRecord> for DirectoryObject {
    fn from(record: MockRecord) -> Self {
        record.build()
    }
}

#[expect(clippy::panic, reason = "a test that makes up an impossible object is wrong itself")]
fn invalid(dn: &str, error: &crate::Error) -> ! {
    panic!("a made-up object cannot stand at {dn}: {error}")
}

#[expect(clippy::panic, reason = "a test that makes up an impossible asset is wrong itself")]
#[track_caller]
fn impossible<T>(error: crate::Error) -> T {
    panic!("a made-up asset cannot be: {error}")
}
