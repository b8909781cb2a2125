//! A computer, as far as it matters for deciding.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::DirectoryDomain;
use super::candidate::holds;
use crate::asset::{Asset, SourceRecord};
use crate::directory::{AccountKind, DirectoryObject};
use crate::name::{DistinguishedName, Hostname, MatchKey, Weakness, to_unicode};
use crate::os::OsFamily;
use crate::value::{ObjectGuid, ObjectKind, Timestamp};

/// A computer of the directory, as far as it matters for deciding. A few hundred bytes, since a run holds
/// all of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Computer {
    /// `objectGUID`.
    pub(crate) object: ObjectGuid,
    /// What a person would call it.
    pub(crate) name: Arc<str>,
    /// `sAMAccountName`, by which it is told from others of the same name.
    pub(crate) account: Option<Box<str>>,
    /// Where it stands in the directory.
    pub(crate) dn: DistinguishedName,
    /// Its host names that can be evidence, each once.
    pub(crate) names: Box<[Hostname]>,
    /// Those that any host could have.
    pub(crate) weak_names: Box<[(Hostname, Weakness)]>,
    /// Those of its host names that it has beside its own, and that other computers may have as well: the name of a
    /// load balancer, of a service.
    pub(crate) aliases: Box<[Hostname]>,
    /// The domain it belongs to.
    pub(crate) domain: DirectoryDomain,
    /// What kind of account it is.
    pub(crate) kind: AccountKind,
    /// Whether the account is known to be disabled.
    pub(crate) is_disabled: bool,
    /// The family of its operating system, where it is plain.
    pub(crate) os_family: Option<OsFamily>,
    /// Whether the object lost its name to another one in a replication conflict.
    pub(crate) is_conflict: bool,
    /// Whether it is a domain controller.
    pub(crate) is_domain_controller: bool,
    /// Whether a failover cluster has registered it.
    pub(crate) is_cluster_object: bool,
    /// The latest logon.
    pub(crate) last_used: Option<Timestamp>,
    /// `pwdLastSet`: machines change their password by themselves.
    pub(crate) last_password_change: Option<Timestamp>,
    /// `whenCreated`.
    pub(crate) created: Option<Timestamp>,
}

impl Computer {
    /// What matters of a computer object.
    pub(crate) fn of(object: &DirectoryObject, domain: &DirectoryDomain) -> Self {
        let domain = domain.of(object);
        let own = |name: &Hostname| domain.dns() != Some(name.as_str());
        let mut names = object.host_names();
        names.retain(own);
        let (names, weak_names) = by_strength(names);
        let attributes = &object.attributes;
        Self {
            object: object.guid,
            name: to_unicode(object.display_name()).into(),
            account: attributes.first("sAMAccountName").map(Box::from),
            dn: object.dn.clone(),
            aliases: object.alias_names().into(),
            names,
            weak_names,
            domain,
            kind: object.account_kind(),
            is_disabled: object.is_disabled().unwrap_or_default(),
            os_family: attributes.first("operatingSystem").and_then(OsFamily::of),
            is_conflict: object.is_conflict(),
            is_domain_controller: object.is_domain_controller(),
            is_cluster_object: object.is_cluster_object(),
            last_used: object.last_logon(),
            last_password_change: object.filetime("pwdLastSet"),
            created: object.generalized_time("whenCreated"),
        }
    }

    /// The same, without where it stands, for those to whom that does not matter: a run holds all computers.
    #[must_use]
    pub(crate) fn anywhere(self) -> Self {
        Self { dn: DistinguishedName::root(), ..self }
    }

    /// What matters of a computer as the inventory has it: an object of a directory that is a part of an asset.
    /// `domain` is that of the directory, where it is known; of what it does not say the part is believed.
    pub(crate) fn of_part(
        asset: &Asset,
        part: &SourceRecord,
        domain: Option<&DirectoryDomain>,
    ) -> Option<Self> {
        let guid = part.object?;
        let attributes = &part.attributes;
        let dn = attributes.first("distinguishedName").and_then(|dn| dn.parse().ok());
        let mut object = DirectoryObject::new(
            ObjectKind::Computer,
            guid,
            dn.unwrap_or_else(DistinguishedName::root),
        );
        object.attributes = attributes.clone();
        let is_own = |number: u32, live: bool| live && number == part.number;
        let domains = asset.domains.iter().filter(|claim| is_own(claim.part, claim.is_live()));
        let domains: Vec<&str> = domains.map(|claim| claim.value.as_str()).collect();
        let told = DirectoryDomain::of_names(&domains);
        let time = |name: &str| attributes.first(name).and_then(|time| time.parse().ok());
        let names = asset.names.iter().filter(|claim| is_own(claim.part, claim.is_live()));
        let (names, weak_names) = by_strength(names.map(|claim| claim.value.clone()).collect());
        Some(Self {
            names,
            weak_names,
            domain: match domain {
                Some(domain) => domain.around(told),
                None => told,
            },
            last_used: time("lastLogonTimestampTS").max(time("lastLogonTS")),
            last_password_change: time("pwdLastSetTS"),
            created: time("whenCreatedTS"),
            ..Self::of(&object, &DirectoryDomain::default())
        })
    }

    /// A host of which nothing is known but its names.
    pub(super) fn named(
        object: ObjectGuid,
        names: impl IntoIterator<Item = Hostname>,
        domain: DirectoryDomain,
    ) -> Self {
        let (names, weak_names) = by_strength(names.into_iter().collect());
        Self {
            object,
            name: object.to_string().into(),
            account: None,
            dn: DistinguishedName::root(),
            names,
            weak_names,
            aliases: Box::default(),
            domain,
            kind: AccountKind::Host,
            is_disabled: false,
            os_family: None,
            is_conflict: false,
            is_domain_controller: false,
            is_cluster_object: false,
            last_used: None,
            last_password_change: None,
            created: None,
        }
    }

    /// The keys under which assets that it could be are found, each once. None if all of its names are
    /// weak or it is no host.
    pub(crate) fn match_keys(&self) -> impl Iterator<Item = MatchKey> {
        let names = self.names.iter().chain(self.default_names()).filter(|_| self.is_host());
        let keys: BTreeSet<MatchKey> = names.flat_map(Hostname::match_keys).collect();
        keys.into_iter()
    }

    /// The weak names that are evidence where an asset has the very same FQDN.
    pub(super) fn default_names(&self) -> impl Iterator<Item = &Hostname> {
        self.weak_names
            .iter()
            .filter(|(name, weakness)| holds(name, *weakness))
            .map(|(name, _)| name)
    }

    pub(super) fn is_host(&self) -> bool {
        self.kind == AccountKind::Host
    }

    /// When it last logged on or changed its password.
    pub(super) fn last_sign_of_life(&self) -> Option<Timestamp> {
        self.last_used.max(self.last_password_change)
    }

    /// What a person would call it beside another of its directory: with its account where the names are the same.
    pub(super) fn name_beside(&self, other: &Self) -> String {
        match &self.account {
            Some(account) if self.name.eq_ignore_ascii_case(&other.name) => {
                format!("{} ({account})", self.name)
            }
            _ => self.name.to_string(),
        }
    }
}

/// Names that are evidence, and those that any host could have.
type ByStrength = (Box<[Hostname]>, Box<[(Hostname, Weakness)]>);

fn by_strength(mut names: Vec<Hostname>) -> ByStrength {
    let mut weak = Vec::new();
    names.retain(|name| {
        let weakness = name.weakness();
        weak.extend(weakness.map(|weakness| (name.clone(), weakness)));
        weakness.is_none()
    });
    (names.into(), weak.into())
}
