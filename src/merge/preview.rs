//! What a merge by a person would give, value by value.

use std::fmt;

use serde::Serialize;

use super::precedence::why_before;
use super::settled::{MovedRecord, Moves};
use crate::asset::{
    Asset, Claim, ClaimField, ClaimValue, Claims, ClaimsVisitor, Holding, SourceRecord,
};
use crate::error::Printable;
use crate::name::to_unicode;
use crate::task::MatchPolicy;
use crate::value::{AssetId, SiteId, SourceId};

/// What a merge gives: every value that holds and why, what is kept beside it, and which objects of
/// directories move. Serialises, and prints in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MergePreview {
    /// The asset that is left.
    pub survivor: AssetId,
    /// The assets that become part of it.
    pub others: Vec<AssetId>,
    /// The site it belongs to: the survivor's.
    pub site: SiteId,
    /// `os`, `os_version`, `type`, `hw`, what people said, `first_seen` and `last_seen`, as far as they are known.
    pub values: Vec<MergedValue>,
    /// `names`, `domains`, `addresses`, `macs` and `tags`, all of which are kept.
    pub united: Vec<MergedValue>,
    /// Directory objects that are tied to the survivor from then on.
    pub links: Vec<MovedRecord>,
    /// What should be looked at before it is done.
    pub warnings: Vec<String>,
}

/// A value that holds, or one that is kept: beside one that holds, or as one of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MergedValue {
    /// The field.
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// The assets that have it; of a value that holds, the one it comes from.
    pub from: Vec<AssetId>,
    /// The source that says so; of a list, where several may, none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// Why it holds. A value that is kept has no reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Other values, which are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<MergedValue>,
}

impl MergePreview {
    /// What becomes of these assets, the survivor first, when they are made this one.
    pub fn of(before: &[Asset], survivor: &Asset, moves: &Moves, policy: &MatchPolicy) -> Self {
        let view = View { asset: survivor, before, policy };
        let mut told = Told { view, values: Vec::new(), united: Vec::new() };
        survivor.each_claims(&mut told);
        let links = moves.records.iter().filter(|moved| moved.object.is_some());
        Self {
            survivor: survivor.id,
            others: before.iter().skip(1).map(|asset| asset.id).collect(),
            site: survivor.site.clone(),
            values: told.values,
            united: told.united,
            links: links.cloned().collect(),
            warnings: warnings(before),
        }
    }
}

impl fmt::Display for MergePreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<String> = self.others.iter().map(ToString::to_string).collect();
        writeln!(
            f,
            "asset {} survives, with what is known of {}",
            self.survivor,
            others.join(", ")
        )?;
        writeln!(f, "  site        {} (the survivor's)", self.site)?;
        for winner in &self.values {
            let value = Printable(&winner.value);
            let source = origin(winner.source.as_ref());
            let why = winner.why.unwrap_or_default();
            writeln!(f, "  {:<11} {value} ({source}: {why})", winner.field)?;
            for beside in &winner.beside {
                let source = origin(beside.source.as_ref());
                writeln!(
                    f,
                    "  {:<11}   kept beside it: {} ({source})",
                    "",
                    Printable(&beside.value)
                )?;
            }
        }
        for kept in &self.united {
            writeln!(f, "  {:<11} {}", kept.field, Printable(&kept.value))?;
        }
        for link in &self.links {
            if let (Some(object), Some(from)) = (link.object, link.from) {
                writeln!(f, "  object {object} of {} moves from {from}", link.source)?;
            }
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "  note: {warning}"))
    }
}

/// A value as people read it; names of domains are texts.
pub(super) fn shown(value: &impl ToString) -> String {
    to_unicode(&value.to_string()).into_owned()
}

/// A source as people read it.
pub(super) fn origin(source: Option<&SourceId>) -> &str {
    source.map_or("unknown source", SourceId::as_str)
}

/// Whether two parts are the same record, here and there.
fn is_same(one: &SourceRecord, other: &SourceRecord) -> bool {
    let known_by =
        |part: &SourceRecord| (part.source.clone(), part.object, part.identity.clone(), part.since);
    known_by(one) == known_by(other) && one.attributes == other.attributes
}

#[derive(Clone, Copy)]
struct View<'a> {
    asset: &'a Asset,
    before: &'a [Asset],
    policy: &'a MatchPolicy,
}

/// Tells of every field what holds, and what is kept beside it.
struct Told<'a> {
    view: View<'a>,
    values: Vec<MergedValue>,
    united: Vec<MergedValue>,
}

impl ClaimsVisitor for Told<'_> {
    fn visit<T: ClaimValue>(&mut self, field: ClaimField, claims: &Claims<T>) {
        let (view, name) = (self.view, field.name);
        match field.holding {
            Holding::All => self.united.extend(view.kept(name, claims)),
            Holding::First => self.values.extend(view.best(name, claims)),
            Holding::Earliest | Holding::Latest | Holding::Newest => {
                self.values.extend(view.extreme(field, claims));
            }
        }
    }
}

impl View<'_> {
    fn best<T: ClaimValue>(&self, field: &'static str, claims: &Claims<T>) -> Option<MergedValue> {
        let mut live = claims.iter().filter(|claim| claim.is_live());
        let winner = live.next()?;
        let why = self.why(winner, live.next());
        let rest = claims.iter().filter(|claim| claim.is_live() && claim.value != winner.value);
        let beside = rest.map(|claim| self.value(field, claim)).collect();
        Some(MergedValue { why: Some(why), beside, ..self.value(field, winner) })
    }

    fn why<T: ClaimValue>(&self, winner: &Claim<T>, next: Option<&Claim<T>>) -> &'static str {
        match next {
            None => "nothing else is known",
            Some(next) => why_before(self.asset, self.policy, winner.part, next.part),
        }
    }

    fn extreme<T: ClaimValue>(&self, field: ClaimField, claims: &Claims<T>) -> Option<MergedValue> {
        let winner = claims.iter().find(|claim| field.holding.holds(claims, claim))?;
        let why = match field.holding {
            Holding::Earliest => "it is the earliest",
            Holding::Newest => "it was said last",
            _ => "it is the latest",
        };
        let rest = claims.iter().filter(|claim| claim.is_live() && claim.value != winner.value);
        let beside = rest.map(|claim| self.value(field.name, claim)).collect();
        Some(MergedValue { why: Some(why), beside, ..self.value(field.name, winner) })
    }

    fn kept<T: ClaimValue>(&self, field: &'static str, claims: &Claims<T>) -> Vec<MergedValue> {
        let mut kept: Vec<MergedValue> = Vec::new();
        for claim in claims.iter().filter(|claim| claim.is_live()) {
            let (value, owner) = (shown(&claim.value), self.owner(claim.part));
            match kept.iter_mut().find(|kept| kept.value == value) {
                Some(kept) if kept.from.contains(&owner) => {}
                Some(kept) => kept.from.push(owner),
                None => kept.push(MergedValue { value, source: None, ..self.value(field, claim) }),
            }
        }
        kept
    }

    fn value<T: ClaimValue>(&self, field: &'static str, claim: &Claim<T>) -> MergedValue {
        MergedValue {
            field,
            value: claim.value.to_string(),
            from: vec![self.owner(claim.part)],
            source: self.source(claim.part),
            why: None,
            beside: Vec::new(),
        }
    }

    /// The asset that a part came from.
    fn owner(&self, number: u32) -> AssetId {
        let Some(part) = self.asset.part(number) else { return self.asset.id };
        let had = |asset: &&Asset| asset.parts.iter().any(|own| is_same(own, part));
        self.before.iter().find(had).map_or(self.asset.id, |asset| asset.id)
    }

    fn source(&self, number: u32) -> Option<SourceId> {
        self.asset.part(number).map(|part| part.source.clone())
    }
}

fn warnings(before: &[Asset]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut sources: Vec<&SourceId> = before
        .iter()
        .flat_map(|asset| &asset.parts)
        .filter(|part| part.object.is_some() && part.presence.is_present())
        .map(|part| &part.source)
        .collect();
    sources.sort_unstable();
    let mut doubled: Vec<&SourceId> = sources
        .windows(2)
        .filter_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        })
        .collect();
    doubled.dedup();
    for source in doubled {
        warnings.push(format!("two objects of {source} will share one asset"));
    }
    if let [first, others @ ..] = before
        && let Some(other) = others.iter().find(|other| other.site != first.site)
    {
        warnings.push(format!("asset {} is of another site, {}", other.id, other.site));
    }
    warnings
}
