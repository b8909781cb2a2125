//! A computer, as far as it matters for deciding.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::directory::{AccountKind, DirectoryObject};
use crate::name::{DistinguishedName, Hostname, MatchKey, Weakness};
use crate::value::{ObjectGuid, Timestamp};

/// The names of a directory's own domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DirectoryDomain {
    dns: Option<Arc<str>>,
    netbios: Option<Arc<str>>,
}

impl DirectoryDomain {
    /// The domain of these names, in any case, as far as they are known.
    pub fn new(dns: Option<&str>, netbios: Option<&str>) -> Self {
        let canonical = |name: &str| Some(canonical_domain(name)).filter(|name| !name.is_empty());
        Self {
            dns: dns.and_then(canonical).map(Arc::from),
            netbios: netbios.and_then(canonical).map(Arc::from),
        }
    }

    /// The domain that an asset with these domains is in, as far as they tell: the first DNS name and the
    /// first NetBIOS name.
    pub(super) fn of_names(domains: &[&str]) -> Self {
        let first = |is_dns: bool| domains.iter().copied().find(|d| d.contains('.') == is_dns);
        Self::new(first(true), first(false))
    }

    /// The DNS name, in lower case.
    pub fn dns(&self) -> Option<&str> {
        self.dns.as_deref()
    }

    /// The NetBIOS name, in lower case.
    pub fn netbios(&self) -> Option<&str> {
        self.netbios.as_deref()
    }

    /// Those names that are known.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dns().into_iter().chain(self.netbios())
    }

    /// Whether this is one of its names, which must be in lower case.
    pub(super) fn is(&self, domain: &str) -> bool {
        self.names().any(|name| name == domain)
    }

    /// The domain that an object stands in. It differs from the directory's own where a global catalog
    /// was read, and has no NetBIOS name that is known then.
    pub(super) fn of(&self, object: &DirectoryObject) -> Self {
        match object.dn.domain() {
            Some(own) if self.dns.is_some() && self.dns() != Some(&own) => {
                Self { dns: Some(own.into()), netbios: None }
            }
            _ => self.clone(),
        }
    }
}

/// A computer of the directory, as far as it matters for deciding. A few hundred bytes, since a run holds
/// all of them at once.
#[derive(Clone, Debug)]
pub struct Computer {
    /// `objectGUID`.
    pub object: ObjectGuid,
    /// What a person would call it.
    pub name: String,
    /// Where it stands in the directory.
    pub dn: DistinguishedName,
    /// Its host names that can be evidence, each once.
    pub names: Vec<Hostname>,
    /// Those that any host could have.
    pub weak_names: Vec<(Hostname, Weakness)>,
    /// The domain it belongs to.
    pub domain: DirectoryDomain,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// Whether the account is known to be disabled.
    pub is_disabled: bool,
    /// Whether the object lost its name to another one in a replication conflict.
    pub is_conflict: bool,
    /// Whether it is a domain controller.
    pub is_domain_controller: bool,
    /// Whether a failover cluster has registered it.
    pub is_cluster_object: bool,
    /// The latest logon.
    pub last_used: Option<Timestamp>,
    /// `pwdLastSet`: machines change their password by themselves.
    pub last_password_change: Option<Timestamp>,
    /// `whenCreated`.
    pub created: Option<Timestamp>,
}

impl Computer {
    /// What matters of a computer object.
    pub fn of(object: &DirectoryObject, domain: &DirectoryDomain) -> Self {
        let (mut names, mut weak_names) = (Vec::new(), Vec::new());
        for name in object.host_names() {
            match name.weakness() {
                Some(weakness) => weak_names.push((name, weakness)),
                None => names.push(name),
            }
        }
        Self {
            object: object.guid,
            name: object.display_name().to_owned(),
            dn: object.dn.clone(),
            names,
            weak_names,
            domain: domain.of(object),
            kind: object.account_kind(),
            is_disabled: object.is_disabled().unwrap_or_default(),
            is_conflict: object.dn.is_conflict_object(),
            is_domain_controller: object.is_domain_controller(),
            is_cluster_object: object.is_cluster_object(),
            last_used: object.last_logon(),
            last_password_change: object.filetime("pwdLastSet"),
            created: object.generalized_time("whenCreated"),
        }
    }

    /// A host of which nothing is known but its names.
    pub(super) fn named(object: ObjectGuid, names: Vec<Hostname>, domain: DirectoryDomain) -> Self {
        Self {
            object,
            name: object.to_string(),
            dn: DistinguishedName::root(),
            names,
            weak_names: Vec::new(),
            domain,
            kind: AccountKind::Host,
            is_disabled: false,
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
    pub fn match_keys(&self) -> impl Iterator<Item = MatchKey> {
        let names = self.names.iter().filter(|_| self.is_host());
        let keys: BTreeSet<MatchKey> = names.flat_map(Hostname::match_keys).collect();
        keys.into_iter()
    }

    pub(super) fn is_host(&self) -> bool {
        self.kind == AccountKind::Host
    }
}

/// A domain in the form in which equal ones are equal texts.
pub(super) fn canonical_domain(domain: &str) -> String {
    domain.trim().trim_end_matches('.').to_lowercase()
}
