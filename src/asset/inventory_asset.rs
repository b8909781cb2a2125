//! One asset of the host's inventory.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::claim_field::{ClaimField, ClaimsEditor, ClaimsVisitor, Holding, each_claim_field};
use super::{Claim, Claims, Home, Presence};
use crate::name::{Hostname, MatchKey};
use crate::value::{
    AssetId, Attributes, ObjectGuid, OrganizationId, RunId, SiteId, SourceId, Timestamp,
};

/// How often an asset was written. The first version is 1.
pub(crate) type Version = u64;

/// One asset: what several sources say about one thing.
///
/// Each source contributes a [`SourceRecord`] with its own attributes, and *claims* to asset-level values. A claim
/// names its part, so every value knows where it came from, and a merge can be undone by taking a part's
/// claims away again. Of the claims to `os`, `os_version`, `kind` and `hw` the first holds; names, domains, addresses,
/// `macs` and `tags` are united; of what people say else the latest holds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Asset {
    /// The asset's identity.
    pub id: AssetId,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The site it belongs to.
    pub site: SiteId,
    /// How often it was written; what optimistic commits compare.
    pub version: u64,
    /// What sources say about it, in the order they first did. A number names one part at a time.
    pub parts: Vec<SourceRecord>,
    /// Host names. Those no longer claimed by any part are aliases.
    #[serde(default)]
    pub names: Vec<Claim<Hostname>>,
    /// DNS or NetBIOS domains.
    #[serde(default)]
    pub domains: Vec<Claim<String>>,
    /// Addresses.
    #[serde(default)]
    pub addresses: Vec<Claim<IpAddr>>,
    /// Addresses of network cards, in the spelling `00:1b:44:11:3a:b7`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub macs: Vec<Claim<String>>,
    /// The operating system.
    #[serde(default)]
    pub os: Vec<Claim<String>>,
    /// The operating system's version.
    #[serde(default)]
    pub os_version: Vec<Claim<String>>,
    /// What sort of thing it is: `server`, `desktop`, ...
    #[serde(default, rename = "type")]
    pub kind: Vec<Claim<String>>,
    /// What it is built of: a maker and a model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hw: Vec<Claim<String>>,
    /// Who is responsible for it, as people [said](crate::curation::Curation::annotate). What people say of an asset goes
    /// with one of its records wherever that goes: a claim names the record, and is a person's all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<Claim<String>>,
    /// What people filed it under: `pci`, or `env=prod`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Claim<String>>,
    /// What else people said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comment: Vec<Claim<String>>,
    /// How much depends on it, as people said: `low`, `medium`, `high` or `critical`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criticality: Vec<Claim<String>>,
    /// When it was first seen, by each source.
    #[serde(default)]
    pub first_seen: Vec<Claim<Timestamp>>,
    /// When it was last seen, by each source.
    #[serde(default)]
    pub last_seen: Vec<Claim<Timestamp>>,
}

/// What one source says about an asset, as one object of that source.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SourceRecord {
    /// What claims name it by; unique within the asset, counted from 0.
    pub number: u32,
    /// The source.
    pub source: SourceId,
    /// The source's object, where the source is a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectGuid>,
    /// What another source knows the record by, if it has such a thing: a scanner's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What the attributes are filed under: `@ldap.computer`.
    pub key: String,
    /// The source's own attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// Whether the source still has the object.
    #[serde(default)]
    pub presence: Presence,
    /// The run that last wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it was last written.
    pub written: Timestamp,
    /// How the source's object came to be tied to the asset, where a run tied it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<MatchProvenance>,
    /// When the record came to be part of the inventory. Unknown where a version wrote it that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The asset that directories alone knew the record by before the rules took it to one that came since. If a person
    /// says that it is not that one, it is there again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<AssetId>,
    /// Where the rules alone have the record, if a person's decision holds it here. `None`: here as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
    /// The site of the asset that is its home, as long as it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_site: Option<SiteId>,
}

/// How an object of a directory came to be tied to an asset.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MatchProvenance {
    /// Why, as a sentence.
    pub reason: String,
    /// The run that decided so.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
}

impl Asset {
    /// An asset nothing is known about, at version 1.
    pub fn new(id: AssetId, organization: OrganizationId, site: SiteId) -> Self {
        Self {
            id,
            organization,
            site,
            version: 1,
            parts: Vec::new(),
            names: Vec::new(),
            domains: Vec::new(),
            addresses: Vec::new(),
            macs: Vec::new(),
            os: Vec::new(),
            os_version: Vec::new(),
            kind: Vec::new(),
            hw: Vec::new(),
            owner: Vec::new(),
            tags: Vec::new(),
            comment: Vec::new(),
            criticality: Vec::new(),
            first_seen: Vec::new(),
            last_seen: Vec::new(),
        }
    }

    /// The names that some part still claims, each once.
    pub fn live_names(&self) -> impl Iterator<Item = &Hostname> {
        distinct(self.names.iter().filter(|claim| claim.is_live()).map(|claim| &claim.value))
    }

    /// What a person would call it: the first name that some part still claims, in Unicode, or else what a source calls it
    /// that has no host name for it, such as the account of a computer. Empty if there is nothing of the kind.
    pub fn label(&self) -> Cow<'_, str> {
        if let Some(name) = self.live_names().next() {
            return name.to_unicode();
        }
        let called = |name: &'static str| {
            self.parts.iter().find_map(move |part| part.attributes.first(name))
        };
        let labels = ["sAMAccountName", "cn", "name"].into_iter().find_map(called);
        Cow::Borrowed(labels.unwrap_or_default())
    }

    /// The names that no part claims any more, each once.
    pub fn aliases(&self) -> impl Iterator<Item = &Hostname> {
        let live: BTreeSet<&Hostname> = self.live_names().collect();
        distinct(self.names.iter().map(|claim| &claim.value))
            .filter(move |name| !live.contains(name))
    }

    /// The domains that some part still claims, each once.
    pub fn live_domains(&self) -> impl Iterator<Item = &str> {
        live_texts(&self.domains)
    }

    /// The addresses that some part still claims, each once.
    pub fn live_addresses(&self) -> impl Iterator<Item = IpAddr> {
        distinct(self.addresses.iter().filter(|claim| claim.is_live()).map(|claim| claim.value))
    }

    /// The addresses of network cards that some part still claims, each once.
    pub fn live_macs(&self) -> impl Iterator<Item = &str> {
        live_texts(&self.macs)
    }

    /// The operating system that holds.
    pub fn os(&self) -> Option<&str> {
        holding(&self.os).map(|claim| claim.value.as_str())
    }

    /// The operating system version that holds.
    pub fn os_version(&self) -> Option<&str> {
        holding(&self.os_version).map(|claim| claim.value.as_str())
    }

    /// The type that holds.
    pub fn kind(&self) -> Option<&str> {
        holding(&self.kind).map(|claim| claim.value.as_str())
    }

    /// The hardware that holds.
    pub fn hw(&self) -> Option<&str> {
        holding(&self.hw).map(|claim| claim.value.as_str())
    }

    /// Who is responsible for it, as people said last.
    pub fn owner(&self) -> Option<&str> {
        newest(&self.owner)
    }

    /// What people filed it under, each tag once.
    pub fn live_tags(&self) -> impl Iterator<Item = &str> {
        live_texts(&self.tags)
    }

    /// What else people said of it last.
    pub fn comment(&self) -> Option<&str> {
        newest(&self.comment)
    }

    /// How much depends on it, as people said last.
    pub fn criticality(&self) -> Option<&str> {
        newest(&self.criticality)
    }

    /// The earliest first sight of any source.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.first_seen.iter().map(|claim| claim.value).min()
    }

    /// The latest sight of any source.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen.iter().map(|claim| claim.value).max()
    }

    /// The kinds of source that say something about it (`ldap`, `scan`), each once, sorted.
    pub fn source_kinds(&self) -> BTreeSet<&str> {
        self.parts.iter().map(|part| part.source.kind()).collect()
    }

    /// The keys by which a computer can find this asset: those of its live names.
    pub fn match_keys(&self) -> BTreeSet<MatchKey> {
        self.live_names().flat_map(Hostname::match_keys).collect()
    }

    /// Looks at the claims to every field.
    pub(crate) fn each_claims(&self, visitor: &mut impl ClaimsVisitor) {
        macro_rules! visit {
            ($field:ident, $name:literal, $one:literal, $holding:ident) => {
                let field = ClaimField { name: $name, one: $one, holding: Holding::$holding };
                visitor.visit(field, &self.$field);
            };
        }
        each_claim_field!(visit);
    }

    /// Changes the claims to every field.
    pub(crate) fn each_claims_mut(&mut self, editor: &mut impl ClaimsEditor) {
        macro_rules! edit {
            ($field:ident, $name:literal, $one:literal, $holding:ident) => {
                let field = ClaimField { name: $name, one: $one, holding: Holding::$holding };
                editor.edit(field, &mut self.$field);
            };
        }
        each_claim_field!(edit);
    }

    /// Takes over the claims of another asset, behind its own.
    pub(crate) fn take_claims(&mut self, mut other: Self) {
        macro_rules! take {
            ($field:ident, $name:literal, $one:literal, $holding:ident) => {
                self.$field.append(&mut other.$field);
            };
        }
        each_claim_field!(take);
    }

    pub(crate) fn part_mut(&mut self, number: u32) -> Option<&mut SourceRecord> {
        self.parts.iter_mut().find(|part| part.number == number)
    }

    /// The part that stands for one object of a directory.
    pub fn part_of(&self, source: &SourceId, object: ObjectGuid) -> Option<&SourceRecord> {
        self.parts.iter().find(|part| part.object == Some(object) && part.source == *source)
    }

    /// The part that stands for one record of another source, by the source's own id of it.
    pub fn record_of(&self, source: &SourceId, identity: &str) -> Option<&SourceRecord> {
        let is_it = |part: &&SourceRecord| part.identity.as_deref() == Some(identity);
        self.parts.iter().filter(is_it).find(|part| part.source == *source)
    }

    /// The part with this number.
    pub fn part(&self, number: u32) -> Option<&SourceRecord> {
        self.parts.iter().find(|part| part.number == number)
    }

    /// A number for a new part.
    pub fn next_part_number(&self) -> u32 {
        self.parts
            .iter()
            .map(|part| part.number)
            .max()
            .map_or(0, |highest| highest.saturating_add(1))
    }
}

impl SourceRecord {
    /// A part without attributes.
    pub fn new(number: u32, source: SourceId, key: impl Into<String>, written: Timestamp) -> Self {
        Self {
            number,
            source,
            object: None,
            identity: None,
            key: key.into(),
            attributes: Attributes::default(),
            presence: Presence::Present,
            run: None,
            written,
            tie: None,
            since: Some(written),
            former: None,
            home: None,
            home_site: None,
        }
    }

    /// Where the rules alone have the record, while it is part of this asset.
    pub fn home_in(&self, asset: AssetId) -> Home {
        self.home.unwrap_or(Home::Asset(asset))
    }
}

fn holding<T>(claims: &Claims<T>) -> Option<&Claim<T>> {
    claims.iter().find(|claim| claim.is_live())
}

fn newest(claims: &Claims<String>) -> Option<&str> {
    let holds = |claim: &&Claim<String>| Holding::Newest.holds(claims, claim);
    claims.iter().find(holds).map(|claim| claim.value.as_str())
}

fn live_texts(claims: &Claims<String>) -> impl Iterator<Item = &str> {
    distinct(claims.iter().filter(|claim| claim.is_live()).map(|claim| claim.value.as_str()))
}

fn distinct<T: Ord + Clone>(values: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let mut seen = BTreeSet::new();
    values.filter(move |value| seen.insert(value.clone()))
}
