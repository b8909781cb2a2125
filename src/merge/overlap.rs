//! Pairs of assets that the rules would tie together today.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::Serialize;

use super::compare::Names;
use super::computer::canonical_domain;
use super::record::objects;
use super::ruling::Rulings;
use super::{Candidate, Computer, DirectoryDomain, Evidence, Level, LostBecause};
use crate::asset::{Asset, Constraint};
use crate::error::Printable;
use crate::name::Hostname;
use crate::schedule::{CandidateScope, MatchPolicy};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// An asset, as far as it matters for finding others that it could be. A few hundred bytes, since all of
/// an inventory are held at once.
#[derive(Clone, Debug)]
pub struct Surveyed {
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
    pub first_name: Option<Hostname>,
    /// The asset with the higher id.
    pub second: AssetId,
    /// What a person would call it.
    pub second_name: Option<Hostname>,
    /// How good the evidence is.
    pub level: Level,
    /// The name that both have.
    pub key: String,
    /// Why, as a sentence.
    pub reason: String,
}

/// Every pair of assets that the rules of [`decide`](super::decide) would tie together, whichever of them
/// were the computer that a directory has and the other the asset in the inventory: in order of their ids,
/// each pair once, with the better evidence.
///
/// Names that more than [`weak_name_limit`](MatchPolicy::weak_name_limit) assets have, and weak ones, are no
/// evidence. A pair is ruled out by a domain that contradicts, by a person's decision that an object of one
/// is not the other, and by objects on both sides that one directory has today.
///
/// Takes time in proportion to the inventory, times the limit on shared names.
pub fn overlaps(
    assets: &[Surveyed],
    constraints: &[Constraint],
    policy: &MatchPolicy,
) -> Vec<Overlap> {
    let by_id: BTreeMap<AssetId, &Surveyed> =
        assets.iter().map(|asset| (asset.candidate.asset, asset)).collect();
    let assets: Vec<&Surveyed> = by_id.into_values().collect();
    let candidates: Vec<&Candidate> = assets.iter().map(|asset| &asset.candidate).collect();
    let computers: Vec<&Computer> = assets.iter().map(|asset| &asset.computer).collect();
    let names = Names::of(&candidates, &computers, policy.weak_name_limit);
    let mut outcomes: BTreeMap<(usize, usize), Vec<Result<Evidence, LostBecause>>> =
        BTreeMap::new();
    for (place, computer) in computers.iter().enumerate() {
        for compared in names.compare(computer).assets {
            let pair = (place.min(compared.place), place.max(compared.place));
            if pair.0 != pair.1 {
                outcomes.entry(pair).or_default().push(compared.outcome);
            }
        }
    }
    let rulings = Separations::of(constraints);
    outcomes
        .into_iter()
        .filter_map(|((first, second), outcomes)| {
            let (first, second) = (assets.get(first)?, assets.get(second)?);
            let apart = policy.scope == CandidateScope::Site
                && first.candidate.site != second.candidate.site;
            let evidence = agreed(outcomes).filter(|_| !apart && !rulings.keep(first, second))?;
            Some(Overlap::of(first, second, &evidence))
        })
        .collect()
}

impl Surveyed {
    /// What matters of an asset.
    pub fn of(asset: &Asset) -> Self {
        let candidate = Candidate::of(asset);
        let domains: Vec<&str> = candidate.domains.iter().map(String::as_str).collect();
        let object = ObjectGuid::from_bytes(asset.id.as_u128().to_be_bytes());
        let domain = DirectoryDomain::of_names(&domains);
        let computer = Computer::named(object, candidate.names.clone(), domain);
        let presence = |source, object| {
            asset.part_of(source, object).is_some_and(|part| part.presence.is_present())
        };
        let objects = objects(asset)
            .map(|(source, object)| (source.clone(), object, presence(source, object)))
            .collect();
        let name = asset.live_names().next().cloned();
        Self { candidate, computer, objects, name }
    }
}

impl Overlap {
    fn of(first: &Surveyed, second: &Surveyed, evidence: &Evidence) -> Self {
        let (key, reason) = match evidence {
            Evidence::Full { name } => (name.to_string(), format!("both have the FQDN {name}")),
            Evidence::Qualified { name, domain } => {
                let domain = canonical_domain(domain);
                let domain = Printable(&domain);
                let reason =
                    format!("both have the short name {name} and are in the domain {domain}");
                (name.clone(), reason)
            }
            Evidence::Short { name } => {
                let reason =
                    format!("both have the short name {name}, and no domain contradicts it");
                (name.clone(), reason)
            }
            Evidence::Truncated { cut, whole } => {
                let reason = format!("{cut} is {whole}, cut after 15 characters, and nothing else");
                (cut.clone(), reason)
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
