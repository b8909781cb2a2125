//! Pairs of assets that the rules would tie together today.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use serde::{Serialize, Serializer};

use super::compare::Names;
use super::directory_domain::canonical_domain;
use super::record::objects;
use super::ruling::Rulings;
use super::watch::Unwatched;
use super::{
    Candidate, Computer, DirectoryDomain, Evidence, KnownDirectories, Level, LostBecause, Naming,
};
use crate::asset::{Asset, Constraint};
use crate::error::Printable;
use crate::name::{Hostname, is_authoritative_domain, to_unicode};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, SourceId};

/// An asset, as far as it matters for finding others that it could be. A few hundred bytes, since all of an inventory that
/// share names are held at once.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    candidate: Candidate,
    computer: Computer,
    /// Objects of directories that are tied to it, and whether the directory still has them.
    objects: Vec<(SourceId, ObjectGuid, bool)>,
    /// What a person would call it.
    name: Option<Hostname>,
}

/// Two assets that the rules would tie together today. Prints as a sentence.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Overlap {
    /// The asset with the lower id.
    pub first: AssetId,
    /// What a person would call it.
    #[serde(serialize_with = "in_unicode")]
    pub first_name: Option<Hostname>,
    /// The asset with the higher id.
    pub second: AssetId,
    /// What a person would call it.
    #[serde(serialize_with = "in_unicode")]
    pub second_name: Option<Hostname>,
    /// How good the evidence is.
    pub level: Level,
    /// The name that both have.
    pub key: String,
    /// Why, as a sentence.
    pub reason: String,
}

impl Surveyed {
    /// What matters of an asset.
    pub(crate) fn of(asset: &Asset, directories: &KnownDirectories) -> Self {
        let mut candidate = Candidate::of(asset);
        let object = ObjectGuid::from_bytes(asset.id.as_u128().to_be_bytes());
        let Naming { names, default_names, domains } = candidate.whole.clone();
        let domain = home_of(asset, &domains, directories);
        let computer = Computer::named(object, names.into_iter().chain(default_names), domain);
        // Both names of the domain that it says it is in.
        let says = |name: &str| domains.iter().any(|domain| domain == name);
        if computer.domain.names().any(says) {
            let unsaid = computer.domain.names().filter(|name| !says(name));
            candidate.whole.domains.extend(unsaid.map(str::to_owned));
        }
        let presence = |source, object| {
            asset.part_of(source, object).is_some_and(|part| part.presence.is_present())
        };
        let objects = objects(asset)
            .map(|(source, object)| (source.clone(), object, presence(source, object)))
            .collect();
        let name = asset.live_names().next().cloned();
        Self { candidate, computer, objects, name }
    }

    /// Whether a directory has it today.
    fn is_present(&self) -> bool {
        self.objects.iter().any(|(.., present)| *present)
    }
}

/// The domain of an asset: of the directory that has it, or that its domains are a name of; else the one that they tell.
fn home_of(asset: &Asset, domains: &[String], directories: &KnownDirectories) -> DirectoryDomain {
    let present = asset.parts.iter().filter(|part| part.presence.is_present());
    let mut own = present.filter_map(|part| Some(directories.computer(asset, part)?.domain));
    if let Some(domain) = own.find(|domain| domain.names().next().is_some()) {
        return domain;
    }
    if let Some(domain) = directories.home_of(domains) {
        return domain.clone();
    }
    let domains = domains.iter().map(String::as_str).filter(|d| is_authoritative_domain(d));
    DirectoryDomain::of_names(&domains.collect::<Vec<_>>())
}

impl Overlap {
    /// Every pair of assets that the [rules](super::Planner::plan) would tie together, if the one that a directory has were
    /// the computer, and the other the asset in the inventory; where both are known to directories or none is, whichever of
    /// them were which. In order of their ids, each pair once, with the better evidence.
    ///
    /// Names that more than [`weak_name_limit`](MatchPolicy::weak_name_limit) assets have, and weak ones, are no
    /// evidence; but of assets that have one FQDN in a domain that somebody is in charge of, however many, each is a pair
    /// with the first of them. The two names of a domain, as directories tell them, are one domain. A pair is ruled out by a domain that contradicts, by a person's decision that an object of one
    /// is not the other, and by objects on both sides that one directory has today.
    ///
    /// Takes time in proportion to the inventory, times the limit on shared names.
    pub fn among<'a>(
        assets: impl IntoIterator<Item = &'a Asset>,
        constraints: &[Constraint],
        policy: &MatchPolicy,
    ) -> Vec<Self> {
        let assets: Vec<&Asset> = assets.into_iter().collect();
        let mut directories = KnownDirectories::new(policy);
        assets.iter().for_each(|asset| directories.learn(asset));
        let surveyed = sharing(&assets).map(|asset| Surveyed::of(asset, &directories)).collect();
        Self::between(surveyed, constraints, policy)
    }

    /// [`among`](Self::among), of those assets that share a name with another one.
    pub(crate) fn between(
        assets: Vec<Surveyed>,
        constraints: &[Constraint],
        policy: &MatchPolicy,
    ) -> Vec<Self> {
        let by_id: BTreeMap<AssetId, Surveyed> =
            assets.into_iter().map(|asset| (asset.candidate.asset, asset)).collect();
        let assets: Vec<Surveyed> = by_id.into_values().collect();
        let candidates: Vec<&Candidate> = assets.iter().map(|asset| &asset.candidate).collect();
        let computers: Vec<&Computer> = assets.iter().map(|asset| &asset.computer).collect();
        let all = computers.iter().map(|computer| Some((*computer, true)));
        let named = candidates.iter().map(|candidate| Some((*candidate, true)));
        let Ok(names) = Names::of(named, all, policy.weak_name_limit, &Unwatched);
        let mut outcomes: BTreeMap<(usize, usize), Vec<Result<Evidence, LostBecause>>> =
            BTreeMap::new();
        let is_present = |place: usize| assets.get(place).is_some_and(Surveyed::is_present);
        for (place, computer) in computers.iter().enumerate() {
            let naming = |place: usize| candidates.get(place).map(|candidate| &candidate.whole);
            for compared in names.compare(computer, naming).assets {
                let pair = (place.min(compared.place), place.max(compared.place));
                let (own, other) = (is_present(place), is_present(compared.place));
                if pair.0 != pair.1 && (own || !other) {
                    let told =
                        std::iter::repeat_n(compared.outcome, if own && !other { 2 } else { 1 });
                    outcomes.entry(pair).or_default().extend(told);
                }
            }
        }
        for (pair, name) in namesakes(&assets, policy.weak_name_limit) {
            outcomes.insert(pair, vec![Ok(Evidence::Full { name }); 2]);
        }
        let rulings = Separations::of(constraints);
        outcomes
            .into_iter()
            .filter_map(|((first, second), outcomes)| {
                let (first, second) = (assets.get(first)?, assets.get(second)?);
                let apart = policy.within_site && first.candidate.site != second.candidate.site;
                let evidence =
                    agreed(outcomes).filter(|_| !apart && !rulings.keep(first, second))?;
                Some(Overlap::of(first, second, &evidence))
            })
            .collect()
    }

    fn of(first: &Surveyed, second: &Surveyed, evidence: &Evidence) -> Self {
        let (key, reason) = match evidence {
            Evidence::Full { name } => (name.to_string(), format!("both have the FQDN {name}")),
            Evidence::Qualified { name, domain } => {
                let domain = canonical_domain(domain);
                let (name, domain) = (to_unicode(name), to_unicode(&domain));
                let domain = Printable(&domain);
                let reason =
                    format!("both have the short name {name} and are in the domain {domain}");
                (name.into_owned(), reason)
            }
            Evidence::Short { name } => {
                let name = to_unicode(name);
                let reason =
                    format!("both have the short name {name}, and no domain contradicts it");
                (name.into_owned(), reason)
            }
            Evidence::Truncated { cut, whole } => {
                let (cut, whole) = (to_unicode(cut), to_unicode(whole));
                let reason = format!("{cut} is {whole}, cut after 15 characters, and nothing else");
                (cut.into_owned(), reason)
            }
        };
        Self {
            first: first.candidate.asset,
            first_name: first.name.clone(),
            second: second.candidate.asset,
            second_name: second.name.clone(),
            level: evidence.level(),
            key,
            reason,
        }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}: {}", self.first, self.second, self.reason)
    }
}

/// Pairs of assets with one FQDN that more have than the limit, each with the first of them, by their places.
fn namesakes(assets: &[Surveyed], limit: usize) -> Vec<((usize, usize), Hostname)> {
    let mut owners: BTreeMap<&Hostname, Vec<usize>> = BTreeMap::new();
    for (place, asset) in assets.iter().enumerate() {
        let names = asset.candidate.whole.names.iter();
        for name in names.filter(|name| name.has_authoritative_domain()) {
            owners.entry(name).or_default().push(place);
        }
    }
    let common = owners.into_iter().filter(|(_, places)| places.len() > limit);
    common
        .flat_map(|(name, places)| {
            let first = places.first().copied().unwrap_or_default();
            let others = places.into_iter().skip(1);
            others.map(move |other| ((first, other), name.clone()))
        })
        .collect()
}

/// Those assets that have a name, or what NetBIOS leaves of one, which another one has as well.
fn sharing<'a>(assets: &[&'a Asset]) -> impl Iterator<Item = &'a Asset> {
    let hasher = RandomState::new();
    let mut keys: Vec<(u64, usize)> = Vec::with_capacity(assets.len());
    for (place, asset) in assets.iter().enumerate() {
        keys.extend(asset.match_keys().iter().map(|key| (hasher.hash_one(key), place)));
    }
    keys.sort_unstable();
    // Two keys with one hash do no harm: whoever has them is looked at for nothing.
    let groups = keys.chunk_by(|one, next| one.0 == next.0).filter(|group| group.len() > 1);
    let places: BTreeSet<usize> = groups.flatten().map(|(_, place)| *place).collect();
    places.into_iter().filter_map(|place| assets.get(place).copied())
}

fn in_unicode<S: Serializer>(name: &Option<Hostname>, serializer: S) -> Result<S::Ok, S::Error> {
    name.as_ref().map(Hostname::to_unicode).serialize(serializer)
}

/// The better evidence, if there is some whichever of the two is taken for the computer.
fn agreed(outcomes: Vec<Result<Evidence, LostBecause>>) -> Option<Evidence> {
    let evidence: Vec<Evidence> = outcomes.into_iter().flatten().collect();
    if evidence.len() < 2 { None } else { evidence.into_iter().min_by_key(Evidence::level) }
}

/// What keeps two assets apart whatever their names.
struct Separations<'a> {
    rulings: HashMap<&'a SourceId, Rulings<'a>>,
}

impl<'a> Separations<'a> {
    fn of(constraints: &'a [Constraint]) -> Self {
        let sources: BTreeSet<&SourceId> = constraints.iter().map(|c| &c.source).collect();
        let rulings =
            sources.into_iter().map(|source| (source, Rulings::of(constraints, source))).collect();
        Self { rulings }
    }

    fn keep(&self, one: &Surveyed, other: &Surveyed) -> bool {
        let separated = |one: &Surveyed, other: &Surveyed| {
            one.objects.iter().any(|(source, object, _)| {
                let rulings = self.rulings.get(source);
                rulings.and_then(|r| r.cannot(*object, other.candidate.asset)).is_some()
            })
        };
        let both = one.objects.iter().filter(|(.., present)| *present).any(|(source, ..)| {
            other.objects.iter().any(|(also, _, present)| *present && also == source)
        });
        both || separated(one, other) || separated(other, one)
    }
}
