//! Which source's word holds where only one can be right.

use crate::asset::{
    Asset, Claim, ClaimField, ClaimValue, Claims, ClaimsEditor, Holding, SourceRecord,
};
use crate::os::names_product;
use crate::task::MatchPolicy;
use crate::value::Timestamp;

/// The kind of source whose values go before all others: what a person set.
pub(super) const PERSON: &str = "person";

/// How far behind the last logon may be that a directory writes down, in days (MS-ADA1, section 2.352).
const LOGON_LAG_DAYS: u64 = 14;

/// Puts the claims to `os`, `os_version` and `type` into the order in which they hold.
///
/// 1. What a person set, then the kinds of source in the policy's order of precedence.
/// 2. What names a product goes before what does not, such as `pc-linux-gnu`, `unknown` or `Linux`; the version and the
///    type of a record whose operating system names none come behind, too.
/// 3. Of these, what the source says that saw the asset later, by more than the 14 days that a logon may be behind.
/// 4. What a directory says, and of several the first: two directories do not take turns.
pub(crate) fn rank_claims(asset: &mut Asset, policy: &MatchPolicy) {
    let ranks = asset.parts.iter().map(|part| Standing::of(asset, part, policy)).collect();
    asset.each_claims_mut(&mut Ranking { ranks });
}

/// How a source's value is placed among others of preferred kinds: the lower goes first.
fn preference(policy: &MatchPolicy, part: Option<&SourceRecord>) -> usize {
    let last = policy.precedence.len() + 1;
    let Some(part) = part else { return last };
    let kind = part.source.kind();
    match policy.precedence.iter().position(|preferred| preferred == kind) {
        _ if kind == PERSON => 0,
        Some(position) => position + 1,
        None => last,
    }
}

/// Why the word of one record goes before that of another, by their numbers.
pub(super) fn why_before(
    asset: &Asset,
    policy: &MatchPolicy,
    first: u32,
    other: u32,
) -> &'static str {
    let standing = |part| asset.part(part).map(|part| Standing::of(asset, part, policy));
    let (Some(own), Some(next)) = (standing(first), standing(other)) else {
        return "among equal sources the first one stays";
    };
    match () {
        () if own.preference != next.preference && own.preference == 0 => "a person set it",
        () if own.preference != next.preference => "this source is preferred",
        () if own.is_vague != next.is_vague => "this source names a product",
        () if own.is_fresher(&next) => "this source saw it later",
        () if own.is_directory && !next.is_directory => "a directory goes before other sources",
        () => "among equal sources the first one stays",
    }
}

/// What speaks for one record's word.
#[derive(Clone, Copy, Debug)]
struct Standing {
    part: u32,
    preference: usize,
    is_vague: bool,
    seen: Option<Timestamp>,
    is_directory: bool,
}

impl Standing {
    fn of(asset: &Asset, part: &SourceRecord, policy: &MatchPolicy) -> Self {
        let own = |claim: &&Claim<String>| claim.part == part.number && claim.is_live();
        let os = asset.os.iter().find(own);
        let seen = asset.last_seen.iter().filter(|claim| claim.part == part.number);
        Self {
            part: part.number,
            preference: preference(policy, Some(part)),
            is_vague: os.is_none_or(|os| !names_product(&os.value)),
            seen: seen.map(|claim| claim.value).max(),
            is_directory: part.object.is_some(),
        }
    }

    /// Whether the source saw the asset later than another, by more than a logon may be behind.
    fn is_fresher(&self, other: &Self) -> bool {
        let lag = std::time::Duration::from_secs(LOGON_LAG_DAYS * 86_400);
        match (self.seen, other.seen) {
            (Some(own), Some(other)) => own.saturating_since(other) > lag,
            _ => false,
        }
    }
}

/// Ranks the claims of which the first holds.
struct Ranking {
    ranks: Vec<Standing>,
}

impl ClaimsEditor for Ranking {
    fn edit<T: ClaimValue>(&mut self, field: ClaimField, claims: &mut Claims<T>) {
        if field.holding == Holding::First {
            rank(claims, &self.ranks);
        }
    }
}

/// Takes the best again and again: that one source is fresher than another does not order all of them.
fn rank<T>(claims: &mut Claims<T>, ranks: &[Standing]) {
    let standing = |part| ranks.iter().find(|standing| standing.part == part).copied();
    let mut rest: Vec<(Option<Standing>, Claim<T>)> =
        claims.drain(..).map(|claim| (standing(claim.part), claim)).collect();
    rest.sort_by_key(|(standing, _)| {
        standing.map_or((usize::MAX, true), |s| (s.preference, s.is_vague))
    });
    while !rest.is_empty() {
        let best = best(&rest);
        claims.push(rest.remove(best).1);
    }
}

/// The place of the best of what is left.
fn best<T>(rest: &[(Option<Standing>, Claim<T>)]) -> usize {
    let class = |standing: &Option<Standing>| standing.map(|s| (s.preference, s.is_vague));
    let first = rest.first().and_then(|(standing, _)| class(standing));
    let peers = || rest.iter().enumerate().take_while(|(_, (s, _))| class(s) == first);
    let seen = |standing: &Option<Standing>| standing.and_then(|s| s.seen);
    let freshest = peers().max_by_key(|(_, (s, _))| seen(s)).and_then(|(_, (s, _))| *s);
    let is_fresh = |standing: &Option<Standing>| match (standing, &freshest) {
        (Some(own), Some(freshest)) => !freshest.is_fresher(own),
        _ => true,
    };
    let mut fresh = peers().filter(|(_, (standing, _))| is_fresh(standing));
    let first = fresh.clone().next().map_or(0, |(n, _)| n);
    fresh
        .find(|(_, (standing, _))| standing.is_some_and(|s| s.is_directory))
        .map_or(first, |(n, _)| n)
}
