//! A small world: the directory `corp.example` (`CORP`), and the assets of an organization.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use crate::asset::{Asset, Claim, Constraint, ConstraintKind, SourceRecord};
use crate::directory::DirectoryObject;
use crate::merge::watch::Unwatched;
use crate::merge::{
    Candidate, Computer, Decision, DirectoryDomain, Exclusion, KnownComputer, MatchContext, Rules,
    Verdict, Watch, decide_watched,
};
use crate::name::{DistinguishedName, Hostname};
use crate::task::{Exclusions, MatchPolicy};
use crate::value::{
    AssetId, Attributes, ObjectGuid, ObjectKind, OrganizationId, SiteId, SourceId, Timestamp,
};

pub(super) fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_bytes([n; 16])
}

pub(super) fn id(n: u128) -> AssetId {
    AssetId::from_u128(n)
}

pub(super) fn host(name: &str) -> Hostname {
    Hostname::parse(name).unwrap()
}

pub(super) fn day(n: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600 + n * 86_400).unwrap()
}

/// The day on which decisions are made.
pub(super) const TODAY: i64 = 100;

/// The id of the first new asset.
const NEW: u128 = 1_000;

/// A new asset, of which there were so many before.
pub(super) fn created(before: u64) -> Verdict {
    Verdict::Create(id(NEW).nth(before))
}

pub(super) fn source() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

pub(super) fn organization() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(super) fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

pub(super) fn domain() -> DirectoryDomain {
    DirectoryDomain::new(Some("corp.example"), Some("CORP"))
}

/// A computer object with these attributes.
pub(super) fn object(n: u8, attributes: &[(&str, &str)]) -> DirectoryObject {
    let dn = DistinguishedName::parse(&format!("CN=C{n},OU=PCs,DC=corp,DC=example")).unwrap();
    let mut object = DirectoryObject::new(ObjectKind::Computer, guid(n), dn);
    object.attributes = attributes.iter().copied().collect::<Attributes>();
    object
}

/// A computer as the domain has it once it has joined.
pub(super) fn joined(n: u8, name: &str) -> DirectoryObject {
    let dns = format!("{name}.corp.example");
    let sam: String = name.to_uppercase().chars().take(15).chain(['$']).collect();
    object(
        n,
        &[
            ("cn", &name.to_uppercase()),
            ("dNSHostName", &dns),
            ("sAMAccountName", &sam),
            ("userAccountControl", "4096"),
        ],
    )
}

/// An asset that a scanner found.
pub(super) fn scanned(n: u128, names: &[&str], domains: &[&str]) -> Asset {
    let mut asset = Asset::new(id(n), organization(), site("hq"));
    let source = SourceId::new("scan", "hq").unwrap();
    asset.parts.push(SourceRecord::new(0, source, "@scan", day(0)));
    asset.names = names.iter().map(|name| Claim::new(host(name), 0, None, day(0))).collect();
    asset.domains =
        domains.iter().map(|domain| Claim::new((*domain).to_owned(), 0, None, day(0))).collect();
    asset
}

pub(super) fn seen(mut asset: Asset, at: Timestamp) -> Asset {
    asset.last_seen = vec![Claim::new(at, 0, None, at)];
    asset
}

/// Everything that decisions depend on.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) computers: Vec<Computer>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) links: HashMap<ObjectGuid, AssetId>,
    pub(super) absent: HashSet<ObjectGuid>,
    pub(super) alone: HashSet<ObjectGuid>,
    pub(super) elsewhere: HashMap<ObjectGuid, (SourceId, AssetId)>,
    pub(super) others: Vec<KnownComputer>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) policy: MatchPolicy,
    pub(super) exclusions: Exclusions,
}

impl World {
    pub(super) fn of(
        objects: impl IntoIterator<Item = DirectoryObject>,
        assets: impl IntoIterator<Item = Asset>,
    ) -> Self {
        Self {
            computers: objects.into_iter().map(|o| Computer::of(&o, &domain())).collect(),
            candidates: assets.into_iter().map(|asset| Candidate::of(&asset)).collect(),
            ..Self::default()
        }
    }

    pub(super) fn linked(mut self, object: u8, asset: u128) -> Self {
        self.links.insert(guid(object), id(asset));
        self
    }

    pub(super) fn ruled(mut self, object: u8, asset: u128, kind: ConstraintKind, at: i64) -> Self {
        self.constraints.push(Constraint {
            organization: organization(),
            source: source(),
            object: guid(object),
            asset: id(asset),
            kind,
            by: "anna".to_owned(),
            at: day(at),
            why: String::new(),
            forgotten: None,
            earlier: Vec::new(),
        });
        self
    }

    pub(super) fn with(mut self, policy: MatchPolicy) -> Self {
        self.policy = policy;
        self
    }

    pub(super) fn without(mut self, exclusions: Exclusions) -> Self {
        self.exclusions = exclusions;
        self
    }

    /// Decides on [`TODAY`].
    pub(super) fn decide(&self) -> Vec<Decision> {
        let Ok(decisions) = self.decide_watched(&Unwatched);
        decisions
    }

    /// Decides on [`TODAY`], as long as it is let.
    pub(super) fn decide_watched<W: Watch>(&self, watch: &W) -> Result<Vec<Decision>, W::Stop> {
        let source = source();
        let known = MatchContext {
            source: &source,
            links: &self.links,
            absent: &self.absent,
            alone: &self.alone,
            elsewhere: &self.elsewhere,
            others: &self.others,
            constraints: &self.constraints,
            first_new: id(NEW),
            threads: NonZeroUsize::MIN,
            now: day(TODAY),
        };
        let (exclusion, site) = (Exclusion::of(&self.exclusions, day(TODAY)), site("hq"));
        let rules = Rules { exclusion: &exclusion, policy: &self.policy, site: &site };
        decide_watched(&self.computers, &self.candidates, &known, rules, watch)
    }

    /// The decision on the only computer.
    pub(super) fn only(&self) -> Decision {
        let [decision] = self.decide().try_into().unwrap();
        decision
    }
}
