//! What is known of directories beside their objects.

use std::collections::BTreeMap;

use super::{Computer, DirectoryDomain, KnownComputer};
use crate::asset::{Asset, SourceRecord};
use crate::task::MatchPolicy;
use crate::value::{AssetId, SourceId};

/// What the latest runs of directories tell of them: their domains, with what is known around these, and the policies
/// by which their computers are decided on.
#[derive(Clone, Debug)]
pub(crate) struct KnownDirectories {
    directories: BTreeMap<SourceId, (DirectoryDomain, Option<MatchPolicy>)>,
    policy: MatchPolicy,
}

impl KnownDirectories {
    /// None yet, under the policy of whoever asks.
    pub(crate) fn new(policy: &MatchPolicy) -> Self {
        Self { directories: BTreeMap::new(), policy: policy.clone() }
    }

    /// With this one, and the policy of its own runs where that is known.
    #[must_use]
    pub(crate) fn with(
        mut self,
        source: SourceId,
        domain: DirectoryDomain,
        policy: Option<MatchPolicy>,
    ) -> Self {
        self.directories.insert(source, (domain, policy));
        self
    }

    /// What the records of an asset tell of directories of which no run is known: the two names of their domains.
    pub(crate) fn learn(&mut self, asset: &Asset) {
        for part in &asset.parts {
            if self.directories.contains_key(&part.source) {
                continue;
            }
            let told = Computer::of_part(asset, part, None).map(|computer| computer.domain);
            if let Some(told) = told.filter(|told| told.names().count() == 2) {
                self.directories.insert(part.source.clone(), (told, None));
            }
        }
    }

    /// The domain of a directory that one of these names is a name of, or of a part of it.
    pub(super) fn home_of(&self, domains: &[String]) -> Option<&DirectoryDomain> {
        let mut known = self.directories.values().map(|(domain, _)| domain);
        known.find(|known| domains.iter().any(|domain| known.is(domain)))
    }

    /// The policy of whoever asks: it says which source's value holds in an asset.
    pub(crate) fn policy(&self) -> &MatchPolicy {
        &self.policy
    }

    /// The policy that decides on a directory's computers: its own runs', so that those of other directories come to the
    /// same.
    pub(crate) fn policy_of(&self, source: &SourceId) -> &MatchPolicy {
        let own = self.directories.get(source).and_then(|(_, policy)| policy.as_ref());
        own.unwrap_or(&self.policy)
    }

    /// The DNS names of all domains that are one of their own: those of the directories, and those around them.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &str> {
        self.directories
            .values()
            .flat_map(|(domain, _)| domain.dns().into_iter().chain(domain.others()))
    }

    /// What matters of an object of a directory that is a part of an asset.
    pub(crate) fn computer(&self, asset: &Asset, part: &SourceRecord) -> Option<Computer> {
        let domain = self.directories.get(&part.source).map(|(domain, _)| domain);
        Computer::of_part(asset, part, domain)
    }

    /// The same as a computer that the inventory knows, and that is tied to this asset or waits.
    pub(crate) fn known_computer(
        &self,
        asset: &Asset,
        part: &SourceRecord,
        tied: Option<AssetId>,
    ) -> Option<KnownComputer> {
        let computer = self.computer(asset, part)?;
        Some(KnownComputer { source: part.source.clone(), computer, asset: tied })
    }
}
