//! The fields of an asset that are made of claims, and what is done alike with all of them.

use super::{Claim, Claims};

/// What people say of assets.
const ANNOTATIONS: [&str; 4] = ["owner", "tags", "comment", "criticality"];

/// A field of an asset that is made of claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ClaimField {
    /// What it is called: `names`.
    pub(crate) name: &'static str,
    /// What one of its values is called: `name`.
    pub(crate) one: &'static str,
    pub(crate) holding: Holding,
}

/// Which claims to a field hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holding {
    /// All that are live.
    All,
    /// The first that is live: they are in order.
    First,
    Earliest,
    Latest,
    /// The live one that was said last.
    Newest,
}

/// A value that is claimed.
pub(crate) trait ClaimValue: Clone + Ord + ToString {}

impl<T: Clone + Ord + ToString> ClaimValue for T {}

/// Looks at the claims to a field, whatever they claim.
pub(crate) trait ClaimsVisitor {
    fn visit<T: ClaimValue>(&mut self, field: ClaimField, claims: &Claims<T>);
}

/// Changes the claims to a field, whatever they claim.
pub(crate) trait ClaimsEditor {
    fn edit<T: ClaimValue>(&mut self, field: ClaimField, claims: &mut Claims<T>);
}

impl ClaimField {
    /// Whether people alone claim values of it. They go with a record of another source, and are not its word.
    pub(crate) fn is_annotation(self) -> bool {
        ANNOTATIONS.contains(&self.name)
    }
}

impl Holding {
    /// Whether one of the claims to a field holds.
    pub(crate) fn holds<T: Ord>(self, claims: &Claims<T>, claim: &Claim<T>) -> bool {
        let values = || claims.iter().map(|claim| &claim.value);
        match self {
            Self::All => claim.is_live(),
            Self::First => {
                let first = claims.iter().find(|claim| claim.is_live());
                first.is_some_and(|first| std::ptr::eq(first, claim))
            }
            Self::Earliest => values().min() == Some(&claim.value),
            Self::Latest => values().max() == Some(&claim.value),
            Self::Newest => {
                let live = claims.iter().rev().filter(|claim| claim.is_live());
                let newest = live.max_by_key(|claim| claim.since);
                newest.is_some_and(|newest| std::ptr::eq(newest, claim))
            }
        }
    }
}

/// Every field of an asset that is made of claims: what it is called, what one value of it is called, and which claims to
/// it hold. A new one belongs here, and nothing else need know of it.
macro_rules! each_claim_field {
    ($do:ident) => {
        $do!(names, "names", "name", All);
        $do!(domains, "domains", "domain", All);
        $do!(addresses, "addresses", "address", All);
        $do!(macs, "macs", "mac", All);
        $do!(os, "os", "os", First);
        $do!(os_version, "os_version", "os_version", First);
        $do!(kind, "type", "type", First);
        $do!(hw, "hw", "hw", First);
        $do!(owner, "owner", "owner", Newest);
        $do!(tags, "tags", "tag", All);
        $do!(comment, "comment", "comment", Newest);
        $do!(criticality, "criticality", "criticality", Newest);
        $do!(first_seen, "first_seen", "first_seen", Earliest);
        $do!(last_seen, "last_seen", "last_seen", Latest);
    };
}
pub(super) use each_claim_field;
