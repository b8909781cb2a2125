//! A read of a directory: what is asked, what comes, and how it ended.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{
    DirectoryObject, FullReadReason, LeftOutValues, MemoryBudget, RemovedObject, Transport,
    Verification,
};
use crate::name::DistinguishedName;
use crate::value::{
    Checkpoint, CredentialId, ObjectGuid, ObjectKind, OrganizationId, ReadMode, RecordDigest, Sid,
    View,
};
use crate::{Error, ErrorKind};

/// What to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRequest {
    /// The credential to connect with.
    pub credential: CredentialId,
    /// On whose behalf. A credential that is not shared with it is refused.
    pub organization: OrganizationId,
    /// Which kinds of object. All three unless narrowed.
    pub kinds: BTreeSet<ObjectKind>,
    /// Where to look. Empty: the credential's bases, or else the server's default naming context.
    pub base_dns: Vec<DistinguishedName>,
    /// An LDAP filter (RFC 4515) that computers must match in addition.
    pub computer_filter: Option<String>,
    /// Attributes to read beyond the default list. Those that hold secrets are refused.
    pub extra_attributes: BTreeSet<String>,
    /// Whether computers get the addresses that the directory's DNS gives their names, and the AD sites of these. No unless
    /// set. They are filed as attributes: `dnsAddress`, such as `10.0.0.5 2026-01-02T03:00:00Z`, with the time at which its
    /// record was refreshed last, or `10.0.0.5 static`; `adSite`; and `adSubnet`. A source that knows no addresses need not
    /// heed it.
    pub addresses_from_dns: bool,
    /// Go on from here, if the source can and the checkpoint still holds; otherwise everything is read.
    pub checkpoint: Option<Checkpoint>,
    /// Objects that a read of changes reads again though they did not change. One that is not found is
    /// reported as departed.
    pub again: BTreeSet<ObjectGuid>,
    /// Whether a read of changes takes a [census](ReadEnd::census), if the source can. Yes unless set.
    pub census: bool,
    /// Whether a read of changes may tell [what changed](super::Membership::left) of a long list of members in place of the
    /// list. No unless set: whoever asks must know the list as it was at the checkpoint.
    pub link_changes: bool,
    /// How an earlier read was protected. One that would be less so, by plain LDAP after TLS or with a server that nothing
    /// vouches for after one that was verified, is refused before the password is sent. `None`: the credential alone
    /// decides.
    pub least_protection: Option<(Transport, Verification)>,
    /// What the source and whoever collects what it reads may hold together.
    pub(crate) memory: MemoryBudget,
}

impl ReadRequest {
    /// A full read of computers, users and groups.
    pub fn new(credential: CredentialId, organization: OrganizationId) -> Self {
        Self {
            credential,
            organization,
            kinds: [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User].into(),
            base_dns: Vec::new(),
            computer_filter: None,
            extra_attributes: BTreeSet::new(),
            addresses_from_dns: false,
            checkpoint: None,
            again: BTreeSet::new(),
            census: true,
            link_changes: false,
            least_protection: None,
            memory: MemoryBudget::default(),
        }
    }

    /// Reads only these kinds.
    #[must_use]
    pub fn with_kinds(mut self, kinds: impl IntoIterator<Item = ObjectKind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Reads below these bases instead of the credential's.
    #[must_use]
    pub fn with_base_dns(mut self, bases: impl IntoIterator<Item = DistinguishedName>) -> Self {
        self.base_dns = bases.into_iter().collect();
        self
    }

    /// Reads only computers that match this filter as well.
    #[must_use]
    pub fn with_computer_filter(mut self, filter: impl Into<String>) -> Self {
        self.computer_filter = Some(filter.into());
        self
    }

    /// Reads these attributes, too.
    #[must_use]
    pub fn with_extra_attributes(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.extra_attributes = names.into_iter().collect();
        self
    }

    /// Sets whether computers get the addresses that the directory's DNS gives their names, and the AD sites of these.
    #[must_use]
    pub fn with_addresses_from_dns(mut self, addresses: bool) -> Self {
        self.addresses_from_dns = addresses;
        self
    }

    /// Goes on from a checkpoint.
    #[must_use]
    pub fn with_checkpoint(mut self, checkpoint: Option<Checkpoint>) -> Self {
        self.checkpoint = checkpoint;
        self
    }

    /// Sets whether a read of changes takes a census.
    #[must_use]
    pub fn with_census(mut self, census: bool) -> Self {
        self.census = census;
        self
    }

    /// Sets whether what changed of a long list of members may be told in place of the list.
    #[must_use]
    pub fn with_link_changes(mut self, link_changes: bool) -> Self {
        self.link_changes = link_changes;
        self
    }

    /// Refuses to be protected less than an earlier read was.
    #[must_use]
    pub fn with_least_protection(mut self, earlier: Option<(Transport, Verification)>) -> Self {
        self.least_protection = earlier;
        self
    }

    /// Sets how many octets of what is read may be held at once; 1 GiB unless set. A source holds what it cannot hand on yet,
    /// such as groups whose members come in ranges. A run counts everything that it collects.
    #[must_use]
    pub fn with_memory_bytes(mut self, octets: u64) -> Self {
        self.memory = MemoryBudget::new(octets);
        self
    }

    /// Reads these objects beside those that changed.
    #[must_use]
    pub fn with_again(mut self, objects: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.again = objects.into_iter().collect();
        self
    }
}

/// What a [`DirectorySource`](super::DirectorySource) yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DirectoryEvent {
    /// The read has begun: what its end would say by now, above all who answered, and how it was reached. If the
    /// stream breaks off, this is how the read ended, but for the reason. It comes first, or not at all.
    Begin(Box<ReadEnd>),
    /// Some objects.
    Page(Page),
    /// The read is over. Always the last event: a stream that stops without it was cut off.
    End(Box<ReadEnd>),
}

/// Some objects of a read, in no particular order. The same object may come again: the later one holds.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The objects, each whole.
    pub objects: Vec<DirectoryObject>,
    /// Objects that a read of changes did not find any more. A full read has none: what it does not show
    /// is not there.
    pub departed: Vec<RemovedObject>,
}

/// How a read ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadEnd {
    /// Whether everything in scope was seen.
    pub completeness: Completeness,
    /// How it was read.
    pub mode: ReadMode,
    /// Why everything was read, if it was.
    pub full_because: Option<FullReadReason>,
    /// What the read covered.
    pub scope: ReadScope,
    /// The transport that was reached.
    pub transport: Transport,
    /// What vouched for the server.
    pub verification: Verification,
    /// Who answered.
    pub server: ServerIdentity,
    /// Every way of connecting that was tried, in order.
    pub steps: Vec<ConnectStep>,
    /// Where the next read may go on: only of a complete read, if the source can tell what changes.
    pub checkpoint: Option<Checkpoint>,
    /// Everything that is in scope, if a read of changes made sure of it: what is known and not among these
    /// is not there any more. A full read has none, since it shows everything.
    pub census: Option<BTreeMap<ObjectKind, HashSet<ObjectGuid>>>,
    /// How many referrals were seen. None is ever followed.
    pub referrals: u64,
    /// Entries that were left out, the first of them by name.
    pub rejected: Vec<Rejected>,
    /// How many entries were left out in all.
    pub rejected_count: u64,
    /// How many of each kind, as far as the source tells.
    pub rejected_by_kind: BTreeMap<ObjectKind, u64>,
    /// What was left out of the objects that were read, by attribute and reason: the sum of their
    /// [flaws](DirectoryObject::flaws). An object that came twice counts twice.
    pub left_out: Vec<LeftOutValues>,
    /// Attributes that the source shows of no object of a kind, whether the objects have them or not: an export that was
    /// made without them, or the global catalog. What is known of them stays.
    pub unshown: BTreeMap<ObjectKind, BTreeSet<String>>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl ReadEnd {
    /// The end of a complete, full read without anything to remark on.
    pub fn complete(
        scope: ReadScope,
        transport: Transport,
        verification: Verification,
        server: ServerIdentity,
    ) -> Self {
        Self {
            completeness: Completeness::Complete,
            mode: ReadMode::Full,
            full_because: Some(FullReadReason::NoCheckpoint),
            scope,
            transport,
            verification,
            server,
            steps: Vec::new(),
            checkpoint: None,
            census: None,
            referrals: 0,
            rejected: Vec::new(),
            rejected_count: 0,
            rejected_by_kind: BTreeMap::new(),
            left_out: Vec::new(),
            unshown: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Whether it tells of everything in scope whether it is there.
    pub(crate) fn makes_sure(&self) -> bool {
        let tells = self.mode == ReadMode::Full || self.census.is_some();
        tells && self.completeness.is_complete()
    }

    /// The end of a read that broke off with this error: incomplete, and nothing to go on from.
    #[must_use]
    pub fn broken_off(mut self, error: &Error) -> Self {
        self.completeness = Completeness::Incomplete { kind: error.kind(), reason: error.report() };
        self.checkpoint = None;
        self.census = None;
        self
    }
}

/// What a read covered: what is known to stand there, and did not show, is not there any more.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReadScope {
    /// Where it looked, as it did: what the request says, or what stands in for it. Everything that it yields is
    /// within one of these. Without any, nothing is ever concluded from what it did not show.
    pub bases: Vec<DistinguishedName>,
    /// Entries below which it did not look, since they are with other servers: what the server answered with a reference
    /// instead. Nothing is concluded from what did not show below them.
    pub referred: HashSet<DistinguishedName>,
    /// Who looked at the computers. Users and groups are looked at by the same account, without a filter.
    pub view: View,
    /// A digest of all of it, which tells whether a checkpoint is of the same scope.
    pub fingerprint: RecordDigest,
    /// The same as versions made it that did not look at the identity of the domain. What they left is of this scope, too.
    pub(crate) former: Option<RecordDigest>,
}

impl ReadScope {
    /// What an account reads of a domain below these bases, without a filter. `account` names both as the source knows
    /// them; where it says the same, it sees the same.
    pub fn of_account<'a>(
        account: impl IntoIterator<Item = &'a str>,
        bases: impl IntoIterator<Item = DistinguishedName>,
    ) -> Self {
        let bases: Vec<DistinguishedName> = bases.into_iter().collect();
        let below: Vec<String> = bases.iter().map(DistinguishedName::normalized).collect();
        let account: Vec<&str> = account.into_iter().collect();
        let view = View::of_account(account.iter().copied());
        let all = account.iter().copied().chain(below.iter().map(String::as_str));
        let fingerprint = RecordDigest::of(all);
        Self { fingerprint, former: None, bases, referred: HashSet::new(), view }
    }

    /// The fingerprint of what has this one where nobody looks at the identity of the domain.
    pub(crate) fn of_domain(
        former: RecordDigest,
        (sid, guid): (Option<&Sid>, Option<ObjectGuid>),
    ) -> RecordDigest {
        if sid.is_none() && guid.is_none() {
            return former;
        }
        let mut hasher = RecordDigest::hasher();
        hasher.bytes(&former.0);
        hasher.text(&sid.map(ToString::to_string).unwrap_or_default());
        hasher.text(&guid.map(|guid| guid.to_string()).unwrap_or_default());
        hasher.finish()
    }

    /// Whether this is the fingerprint of the scope, as this version makes it or as others did.
    pub(crate) fn has(&self, fingerprint: RecordDigest) -> bool {
        self.fingerprint == fingerprint || self.former == Some(fingerprint)
    }
}

/// The objects of each kind that are in scope, by identity alone.
pub(crate) type PresentSet = BTreeMap<ObjectKind, HashSet<ObjectGuid>>;

/// Whether a read saw everything in scope. Only a complete one may conclude that an object is gone.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Everything in scope that the account may see.
    Complete,
    /// Not everything.
    Incomplete {
        /// What ended it.
        kind: ErrorKind,
        /// In words.
        reason: String,
    },
}

impl Completeness {
    /// Whether it is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

/// An entry that was left out.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Rejected {
    /// What kind of object was asked for.
    pub kind: ObjectKind,
    /// Its DN, escaped and bounded.
    pub dn: String,
    /// Why it was left out.
    pub reason: String,
}

impl Rejected {
    /// An object with this DN, in printable characters, and why it was left out.
    pub fn new(kind: ObjectKind, dn: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, dn: dn.into(), reason: reason.into() }
    }
}

/// Who answered.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ServerIdentity {
    /// The address of the very socket.
    pub address: SocketAddr,
    /// `IP=SHA256:B64` of the certificate it presented, ready to be used as a pin.
    pub thumbprint: Option<String>,
    /// `dnsHostName` of the rootDSE.
    pub dns_host_name: Option<String>,
    /// `defaultNamingContext` of the rootDSE: the domain's DN.
    pub default_naming_context: Option<DistinguishedName>,
    /// The DNS name of the domain that was read.
    pub domain: Option<String>,
    /// The NetBIOS name of the domain that was read.
    pub netbios_domain: Option<String>,
    /// `objectSid` of that domain, if the account may read it. No two domains have the same one, whatever they are called.
    #[serde(default)]
    pub domain_sid: Option<Sid>,
    /// `objectGUID` of that domain, if the account may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_guid: Option<ObjectGuid>,
    /// The AD site that the server is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The AD site that the server takes this client to be in, by its address; of a [domain](crate::credential::ServerUrl)
    /// whose controllers were found by DNS alone (MS-ADTS section 6.3.3), and only where a subnet is known that has the
    /// address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_site: Option<String>,
    /// The DNS names of the other domains of the forest, as far as the account may read them: what is below the domain
    /// and none of these is a part of it.
    #[serde(default)]
    pub other_domains: Vec<String>,
    /// `msDS-AllowedDNSSuffixes` of the domain that was read: what its computers may have behind their names instead.
    #[serde(default)]
    pub allowed_suffixes: Vec<String>,
}

impl ServerIdentity {
    /// A server known by its address alone.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            thumbprint: None,
            dns_host_name: None,
            default_naming_context: None,
            domain: None,
            netbios_domain: None,
            domain_sid: None,
            domain_guid: None,
            site: None,
            client_site: None,
            other_domains: Vec::new(),
            allowed_suffixes: Vec::new(),
        }
    }

    /// Whether there is a server at all, and not a file that a person named: then nobody can stand on the path.
    pub fn is_reached(&self) -> bool {
        !self.address.ip().is_unspecified()
    }
}

/// One way of connecting that was tried, and what came of it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ConnectStep {
    /// The transport.
    pub transport: Transport,
    /// The host that was to be reached, as the credential names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The address, where the name could be resolved.
    pub address: Option<SocketAddr>,
    /// Why it did not serve; `None` for the one that did.
    pub failure: Option<String>,
}
