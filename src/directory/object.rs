//! One object of a directory, as it was read.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Printable;
use crate::name::{DistinguishedName, Hostname};
use crate::value::{Attributes, ObjectGuid, ObjectKind, RecordDigest, Sid, Timestamp};

/// The most names of one computer. Those of a busy load balancer are a few dozen; each is compared with all of an asset's.
const MOST_NAMES: usize = 256;

/// What a text takes in memory beside its octets at most, however short it is: its place in a list, and the allocator's own.
const ALLOCATION: usize = 48;

/// One computer, user or group, as a directory shows it to the account that reads.
///
/// Attributes keep the directory's own names and text. Binary ones are in their text form: GUIDs and
/// SIDs as Windows prints them, certificates as SHA-256 thumbprints.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DirectoryObject {
    /// What it is.
    pub kind: ObjectKind,
    /// `objectGUID`: the one identity that survives renames and moves.
    pub guid: ObjectGuid,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// Where it stands in the directory.
    pub dn: DistinguishedName,
    /// Everything else that was asked for and readable.
    pub attributes: Attributes,
    /// `member`, for groups.
    pub membership: Option<Membership>,
    /// What the user or group is called that a computer's `managedBy` names: a run finds out, and no source.
    pub(crate) manager_name: Option<Box<str>>,
    /// What was left out of it: values that could not be decoded, or were too large or too many. The rest
    /// stands, and nothing may be concluded from what is not there of these attributes.
    pub flaws: Vec<AttributeError>,
}

/// The direct members of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Membership {
    /// Their DNs, each once.
    pub members: Vec<DistinguishedName>,
    /// Whether these are all that the account may see. Otherwise a range read failed, or the list changed while it was
    /// read, and nothing may be concluded from a member's absence.
    pub complete: bool,
    /// Who left, of a list of which only the changes are told: `members` are then those who joined, and all others are as they
    /// were. `None`: the list says who there is. Only a read of changes that was
    /// [asked](super::ReadRequest::link_changes) for it has one.
    pub left: Option<Vec<DistinguishedName>>,
}

/// Values of one attribute that were left out of an object, for one reason.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AttributeError {
    /// The attribute, by the directory's own name.
    pub attribute: String,
    /// Why, in a few words: `not UTF-8 text`.
    pub reason: String,
    /// How many values; 1 where the source cannot tell how many there are.
    pub count: u64,
}

impl Membership {
    /// A list that is whole.
    pub fn new(members: impl IntoIterator<Item = DistinguishedName>) -> Self {
        Self { members: members.into_iter().collect(), complete: true, left: None }
    }

    /// What changed of a list: who joined, and who left.
    pub fn changes(
        joined: impl IntoIterator<Item = DistinguishedName>,
        left: impl IntoIterator<Item = DistinguishedName>,
    ) -> Self {
        Self { left: Some(left.into_iter().collect()), ..Self::new(joined) }
    }

    /// A list of which some may be missing.
    #[must_use]
    pub fn incomplete(self) -> Self {
        Self { complete: false, ..self }
    }
}

impl Default for Membership {
    /// No members, and that is all.
    fn default() -> Self {
        Self::new([])
    }
}

impl DirectoryObject {
    /// An object without attributes.
    pub fn new(kind: ObjectKind, guid: ObjectGuid, dn: DistinguishedName) -> Self {
        Self {
            kind,
            guid,
            sid: None,
            dn,
            attributes: Attributes::default(),
            membership: None,
            manager_name: None,
            flaws: Vec::new(),
        }
    }

    /// The octets of memory that it takes, its own size included: about as many as an allocator gives it.
    pub(crate) fn footprint(&self) -> usize {
        let members = self.membership.iter().flat_map(|membership| {
            membership.members.iter().chain(membership.left.iter().flatten())
        });
        let members = members.map(|member| ALLOCATION + member.as_str().len());
        let flaws = self.flaws.iter().map(|flaw| {
            size_of_val(flaw) + 2 * ALLOCATION + flaw.attribute.len() + flaw.reason.len()
        });
        let own = 2 * size_of::<Self>() + ALLOCATION + self.dn.as_str().len();
        own + self.attributes.footprint() + members.sum::<usize>() + flaws.sum::<usize>()
    }

    /// The host names a computer goes by: `dNSHostName`, `sAMAccountName` less its `$`, and
    /// `msDS-AdditionalDnsHostName`, which may hold NetBIOS names as well; each once. `cn` is the object's label and no
    /// name of the host: it counts only where none of these is a host name. Values that are no host names are left out,
    /// and so is the domain's own name, and whatever is more than 256 of them.
    pub fn host_names(&self) -> Vec<Hostname> {
        let dns =
            self.attributes.values("dNSHostName").filter_map(|name| Hostname::read(name).ok());
        let mut names = Vec::with_capacity(2);
        push_each_once(&mut names, dns.filter(|name| !self.is_own_domain(name)));
        push_each_once(&mut names, self.alias_names());
        push_each_once(&mut names, self.netbios_names("sAMAccountName"));
        if names.is_empty() {
            push_each_once(&mut names, self.netbios_names("cn"));
        }
        names
    }

    /// The names that a computer has beside its own: `msDS-AdditionalDnsHostName`, but for `dNSHostName`.
    pub fn alias_names(&self) -> Vec<Hostname> {
        let mut names = Vec::new();
        let mut additional = self.netbios_names("msDS-AdditionalDnsHostName").peekable();
        if additional.peek().is_none() {
            return names;
        }
        let dns =
            self.attributes.values("dNSHostName").filter_map(|name| Hostname::read(name).ok());
        let own = dns.chain(self.netbios_names("sAMAccountName")).take(MOST_NAMES);
        let own: HashSet<Hostname> = own.collect();
        let is_other = |name: &Hostname| !own.contains(name) && !self.is_own_domain(name);
        push_each_once(&mut names, additional.filter(is_other));
        names
    }

    /// How many of its names are left out, since it has more than a computer may have.
    pub(crate) fn names_left_out(&self) -> u64 {
        const NAMES: [&str; 3] = ["dNSHostName", "msDS-AdditionalDnsHostName", "sAMAccountName"];
        let values = || NAMES.into_iter().flat_map(|name| self.attributes.values(name));
        if values().nth(MOST_NAMES).is_none() {
            return 0;
        }
        let names: HashSet<Hostname> =
            values().filter_map(|name| Hostname::from_sam_account_name(name).ok()).collect();
        names.len().saturating_sub(MOST_NAMES) as u64
    }

    fn netbios_names<'a>(&'a self, attribute: &'a str) -> impl Iterator<Item = Hostname> + 'a {
        let values = self.attributes.values(attribute);
        values.filter_map(|name| Hostname::read_sam_account_name(name).ok())
    }

    fn is_own_domain(&self, name: &Hostname) -> bool {
        name.domain().is_some() && self.dn.domain().as_deref() == Some(name.as_str())
    }

    /// Whether it lost its name to another object: in a replication conflict, or because two accounts were made under
    /// one name on two servers, of which the later is called `$DUPLICATE-` and a number then.
    pub fn is_conflict(&self) -> bool {
        let account = self.attributes.first("sAMAccountName").unwrap_or_default();
        self.dn.is_conflict_object() || begins_with(account, DUPLICATE)
    }

    /// What a person would call it: `displayName`, `dNSHostName`, `cn` or the DN.
    pub fn display_name(&self) -> &str {
        let attributes = &self.attributes;
        let preferred = match self.kind {
            ObjectKind::Computer => attributes.first("dNSHostName"),
            ObjectKind::User | ObjectKind::Group => attributes.first("displayName"),
        };
        preferred.or_else(|| attributes.first("cn")).unwrap_or(self.dn.as_str())
    }

    /// `userAccountControl`; `None` where it is absent or unreadable.
    pub(crate) fn account_control(&self) -> Option<AccountControl> {
        self.attributes.first("userAccountControl")?.parse().ok().map(AccountControl)
    }

    /// Whether the account is disabled, by `userAccountControl`, or else by `msDS-UserAccountDisabled`, which AD LDS
    /// has instead. `None` where neither can be read: then nobody knows.
    pub fn is_disabled(&self) -> Option<bool> {
        let control = self.account_control().map(AccountControl::is_disabled);
        control.or_else(|| boolean(self.attributes.first("msDS-UserAccountDisabled")?))
    }

    /// Whether it is known to be a domain controller.
    pub fn is_domain_controller(&self) -> bool {
        self.account_control().is_some_and(AccountControl::is_domain_controller)
    }

    /// Whether something of an attribute was left out, so that nothing may be concluded from what is not there.
    pub fn is_in_doubt(&self, attribute: &str) -> bool {
        self.flaws.iter().any(|flaw| flaw.attribute.eq_ignore_ascii_case(attribute))
    }

    /// Whether nothing may be concluded from who is missing among its members.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.membership.as_ref().is_some_and(|list| !list.complete || list.left.is_some())
    }

    /// How many attributes it has, memberships apart of both ends, which are limited on their own. One that was left out of
    /// the object is there.
    pub(crate) fn attribute_count(&self) -> u32 {
        let is_membership = |name: &str| ["member", "memberOf"].contains(&name);
        let is_counted = |name: &&str| !is_membership(name) && !Self::is_volatile(name);
        let read = self.attributes.iter().map(|(name, _)| name);
        let left_out = self.own_flaws().map(|flaw| flaw.attribute.as_str());
        let counted: BTreeSet<&str> = read.chain(left_out).filter(is_counted).collect();
        u32::try_from(counted.len()).unwrap_or(u32::MAX)
    }

    /// The latest sign of use: the later of `lastLogonTimestamp` (9 to 14 days behind by design) and
    /// `lastLogon` (of the one server that was asked).
    pub fn last_logon(&self) -> Option<Timestamp> {
        self.filetime("lastLogonTimestamp").max(self.filetime("lastLogon"))
    }

    /// A FILETIME attribute. `None` where it is absent, unreadable, or says never.
    pub fn filetime(&self, attribute: &str) -> Option<Timestamp> {
        Timestamp::parse_filetime(self.attributes.first(attribute)?).ok().flatten()
    }

    /// A GeneralizedTime attribute. `None` where it is absent, unreadable, or says never.
    pub fn generalized_time(&self, attribute: &str) -> Option<Timestamp> {
        Timestamp::parse_generalized_time(self.attributes.first(attribute)?).ok().flatten()
    }

    /// What kind of account a computer object is. Only a [`AccountKind::Host`] is a machine.
    pub(crate) fn account_kind(&self) -> AccountKind {
        let classes = || self.attributes.values("objectClass");
        let is = |class: &str| classes().any(|c| c.eq_ignore_ascii_case(class));
        if is("msDS-GroupManagedServiceAccount")
            || is("msDS-ManagedServiceAccount")
            || is("msDS-DelegatedManagedServiceAccount")
        {
            return AccountKind::ManagedService;
        }
        if self.is_trust() {
            return AccountKind::Trust;
        }
        if self.is_cloud_object() {
            return AccountKind::Cloud;
        }
        if self.is_cluster_object() { AccountKind::ClusterName } else { AccountKind::Host }
    }

    /// Whether the account stands for another domain: neither a user nor a host.
    pub fn is_trust(&self) -> bool {
        let account_type = self.attributes.first("sAMAccountType");
        self.account_control().is_some_and(AccountControl::is_trust)
            || account_type == Some(TRUST_ACCOUNT)
    }

    /// Whether it stands for a service: the account by which Microsoft Entra ID knows the domain, for a storage account
    /// of Azure Files, for the client access array of Exchange.
    fn is_cloud_object(&self) -> bool {
        let account = self.attributes.first("sAMAccountName").unwrap_or_default();
        let account = account.strip_suffix('$').unwrap_or(account);
        let is_known = CLOUD_ACCOUNTS.iter().any(|known| account.eq_ignore_ascii_case(known));
        let services = || self.attributes.values("servicePrincipalName");
        let is_storage = services().any(|name| {
            begins_with(name, "cifs/") && STORAGE.iter().any(|suffix| ends_with(name, suffix))
        });
        let is_exchange = services()
            .any(|name| EXCHANGE.iter().any(|service| begins_with(name, service)))
            && !services().any(|name| begins_with(name, "host/"))
            && self.attributes.first("operatingSystem").is_none();
        is_known || is_storage || is_exchange
    }

    /// Whether a failover cluster has registered this computer object for one of its names: the service
    /// principal names speak of `MSClusterVirtualServer`.
    pub fn is_cluster_object(&self) -> bool {
        self.attributes.values("servicePrincipalName").any(|name| {
            name.split('/').next().is_some_and(|c| c.eq_ignore_ascii_case("MSClusterVirtualServer"))
        })
    }

    /// The digest by which an unchanged object is known. Attributes that change without the object
    /// changing in any way an inventory cares about (logon counters of one server, update numbers) are
    /// not part of it.
    pub fn digest(&self) -> RecordDigest {
        let mut hasher = RecordDigest::hasher();
        hasher.text(self.dn.as_str());
        let lasting = self.attributes.iter().filter(|(name, _)| !Self::is_volatile(name));
        let mut lasting: Vec<(&str, &str)> = lasting.collect();
        lasting.sort_unstable();
        for values in lasting.chunk_by(|(name, _), (next, _)| name == next) {
            let name = values.first().map(|(name, _)| *name);
            hasher.text(name.unwrap_or_default()).bytes(&values.len().to_le_bytes());
            values.iter().for_each(|(_, value)| {
                hasher.text(value);
            });
        }
        let mut flaws: Vec<&AttributeError> = self.own_flaws().collect();
        flaws.sort_unstable_by_key(|flaw| (&flaw.attribute, &flaw.reason));
        for flaw in flaws {
            hasher.text(&flaw.attribute).text(&flaw.reason).bytes(&flaw.count.to_le_bytes());
        }
        if let Some(membership) = &self.membership {
            let mut members: Vec<&str> = membership.members.iter().map(|dn| dn.as_str()).collect();
            members.sort_unstable();
            hasher.bytes(&[u8::from(!membership.complete)]);
            members.iter().for_each(|dn| {
                hasher.text(dn);
            });
        }
        if let Some(name) = &self.manager_name {
            hasher.text("managedByName").text(name);
        }
        hasher.finish()
    }

    /// Whether an attribute changes without the object changing in any way an inventory cares about.
    pub(crate) fn is_volatile(attribute: &str) -> bool {
        VOLATILE.iter().any(|volatile| attribute.eq_ignore_ascii_case(volatile))
    }

    /// What was left out of the object itself, without what is volatile. That it is in doubt where a computer is says nothing of
    /// the computer: the DNS was not shown, and a read that does not look there has no such doubt. What is known stays in either.
    pub(crate) fn own_flaws(&self) -> impl Iterator<Item = &AttributeError> {
        self.flaws.iter().filter(|AttributeError { attribute, .. }| {
            !Self::is_volatile(attribute) && !Self::tells_place(attribute)
        })
    }
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, reason, count } = self;
        let values = if *count == 1 { "value" } else { "values" };
        write!(f, "{}: {count} {values}, {}", Printable(attribute), Printable(reason))
    }
}

/// A value of the syntax Boolean (RFC 4517, section 3.3.3).
pub(crate) fn boolean(value: &str) -> Option<bool> {
    match value {
        _ if value.eq_ignore_ascii_case("TRUE") => Some(true),
        _ if value.eq_ignore_ascii_case("FALSE") => Some(false),
        _ => None,
    }
}

/// Whether a text begins with a word of ASCII, in any case.
fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

/// Whether a text ends with a word of ASCII, in any case.
fn ends_with(text: &str, word: &str) -> bool {
    let end = text.len().checked_sub(word.len()).and_then(|at| text.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// Adds those that are not there yet.
fn push_each_once(names: &mut Vec<Hostname>, more: impl IntoIterator<Item = Hostname>) {
    for name in more {
        if names.len() == MOST_NAMES {
            return;
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// What a domain controller calls an account whose name another one has (MS-SAMR, section 3.1.1.8.2).
const DUPLICATE: &str = "$DUPLICATE-";
/// `SAM_TRUST_ACCOUNT` (MS-SAMR, section 2.2.1.9).
const TRUST_ACCOUNT: &str = "805306370";
/// Microsoft Entra Kerberos and seamless single sign-on.
const CLOUD_ACCOUNTS: [&str; 2] = ["AzureADKerberos", "AZUREADSSOACC"];
/// What clients ask the client access array for.
const EXCHANGE: [&str; 3] = ["exchangeab/", "exchangemdb/", "exchangerfr/"];
/// Azure Files, in its public and its sovereign clouds.
const STORAGE: [&str; 3] =
    [".file.core.windows.net", ".file.core.usgovcloudapi.net", ".file.core.chinacloudapi.cn"];

/// Per server or per update, and therefore no change of the object.
const VOLATILE: [&str; 6] =
    ["badPasswordTime", "badPwdCount", "lastLogon", "logonCount", "uSNChanged", "whenChanged"];

/// What kind of account a computer object stands for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub(crate) enum AccountKind {
    /// A machine.
    Host,
    /// A managed service account: gMSA, sMSA or dMSA. `objectClass=computer` includes them.
    ManagedService,
    /// An account that stands for another domain.
    Trust,
    /// A failover cluster's name, which moves from node to node.
    ClusterName,
    /// An object of a cloud service that is kept in the directory.
    Cloud,
}

/// `userAccountControl` (MS-ADTS 2.2.16). Unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct AccountControl(pub(crate) i64);

impl AccountControl {
    /// `ADS_UF_ACCOUNT_DISABLE`.
    pub(crate) fn is_disabled(self) -> bool {
        self.has(0x2)
    }

    /// `ADS_UF_INTERDOMAIN_TRUST_ACCOUNT`.
    pub(crate) fn is_trust(self) -> bool {
        self.has(0x800)
    }

    /// `ADS_UF_SERVER_TRUST_ACCOUNT` or `ADS_UF_PARTIAL_SECRETS_ACCOUNT`: a domain controller, read-only
    /// ones included.
    pub(crate) fn is_domain_controller(self) -> bool {
        self.has(0x2000) || self.has(0x400_0000)
    }

    /// `ADS_UF_DONT_EXPIRE_PASSWD`.
    pub(crate) fn password_never_expires(self) -> bool {
        self.has(0x1_0000)
    }

    fn has(self, flag: i64) -> bool {
        self.0 & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::LeftOutValues;

    #[test]
    fn a_member_counts_for_its_place_in_the_list_and_for_its_allocation_however_short_it_is() {
        for length in 1..100 {
            let group = |members| {
                let dn = |n| DistinguishedName::parse(&format!("CN={n:0length$}")).unwrap();
                let guid = ObjectGuid::from_bytes([1; 16]);
                let mut group = DirectoryObject::new(ObjectKind::Group, guid, dn(0));
                group.membership = Some(Membership::new((0..members).map(dn)));
                group.footprint()
            };
            // An allocator has a header of eight octets, and gives no less than 32.
            let allocated = (3 + length + 8).next_multiple_of(16).max(32);
            let each = group(2) - group(1);
            assert!(each >= size_of::<DistinguishedName>() + allocated, "{length}: {each}");
        }
    }

    #[test]
    fn a_computer_with_thousands_of_names_has_the_first_of_them_and_the_rest_is_counted() {
        let dn = DistinguishedName::parse("CN=WEB1,DC=x").unwrap();
        let guid = ObjectGuid::from_bytes([1; 16]);
        let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn);
        let others: Vec<String> = (0..20_000).map(|n| format!("alias{n}.corp.example")).collect();
        let named = |others: &[String]| {
            let own = [("dNSHostName", "web1.corp.example"), ("sAMAccountName", "WEB1$")];
            let others = others.iter().map(|it| ("msDS-AdditionalDnsHostName", it.as_str()));
            own.into_iter().chain(others).collect::<Attributes>()
        };
        computer.attributes = named(&others);
        let names = computer.host_names();
        assert_eq!(names.len(), MOST_NAMES);
        assert_eq!(names[0].as_str(), "web1.corp.example");
        assert_eq!(computer.alias_names().len(), MOST_NAMES);
        let mut left_out = Vec::new();
        LeftOutValues::count_names(&mut left_out, &computer);
        assert_eq!(left_out[0].count, 20_002 - MOST_NAMES as u64);
        computer.attributes = named(&others[..MOST_NAMES - 2]);
        assert_eq!((computer.host_names().len(), computer.names_left_out()), (MOST_NAMES, 0));
    }
}
