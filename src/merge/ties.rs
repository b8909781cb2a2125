//! What is tied before names are looked at.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::ruling::Rulings;
use super::{Computer, Level, MatchContext, Reason, Verdict};
use crate::value::{AssetId, ObjectGuid};

/// Which objects are tied to an asset without a look at names.
#[derive(Debug, Default)]
pub(super) struct Ties<'a> {
    /// Computers of this run: where to, and by what right.
    pub(super) settled: HashMap<ObjectGuid, (Verdict, Level, Reason)>,
    /// What a person would call the object that has the asset.
    holders: HashMap<AssetId, (ObjectGuid, Cow<'a, str>)>,
    /// The absent objects that had the asset.
    pub(super) predecessors: HashMap<AssetId, Vec<ObjectGuid>>,
}

impl<'a> Ties<'a> {
    pub(super) fn of(
        computers: &BTreeMap<ObjectGuid, &'a Computer>,
        known: &MatchContext<'_>,
        rulings: &Rulings<'_>,
    ) -> Self {
        let mut ties = Self::default();
        for (object, asset) in known.links {
            let moved = rulings.must(*object).is_some_and(|must| must.asset != *asset);
            let computer = computers.get(object);
            if moved || rulings.cannot(*object, *asset).is_some() {
                continue;
            } else if let Some(computer) = computer {
                let known = (Verdict::Linked(*asset), Level::Known, Reason::Known);
                ties.settled.insert(*object, known);
                ties.hold(*asset, *object, &computer.name);
            } else if known.absent.contains(object) {
                ties.predecessors.entry(*asset).or_default().push(*object);
            } else {
                ties.hold(*asset, *object, object.to_string());
            }
        }
        for (object, computer) in computers {
            if let Some(must) = rulings.must(*object) {
                ties.settled.entry(*object).or_insert_with(|| {
                    let decided = Reason::Decided { by: must.by.clone() };
                    (Verdict::Matched(must.asset), Level::Constraint, decided)
                });
                ties.hold(must.asset, *object, &computer.name);
            }
        }
        ties.take_moved(computers, known, rulings);
        ties.predecessors.values_mut().for_each(|objects| objects.sort_unstable());
        ties
    }

    /// Ties what another directory has under the same objectGUID, unless another computer has that asset.
    fn take_moved(
        &mut self,
        computers: &BTreeMap<ObjectGuid, &'a Computer>,
        known: &MatchContext<'_>,
        rulings: &Rulings<'_>,
    ) {
        for (object, computer) in computers {
            let Some((source, asset)) = known.elsewhere.get(object) else { continue };
            let is_free =
                self.holder(*asset).is_none() && rulings.cannot(*object, *asset).is_none();
            if is_free && !self.settled.contains_key(object) && computer.is_host() {
                let reason = Reason::Moved { from: source.clone() };
                self.settled.insert(*object, (Verdict::Matched(*asset), Level::Known, reason));
                self.hold(*asset, *object, &computer.name);
            }
        }
    }

    /// Of several holders the one with the lowest objectGUID is named.
    pub(super) fn hold(
        &mut self,
        asset: AssetId,
        object: ObjectGuid,
        name: impl Into<Cow<'a, str>>,
    ) {
        match self.holders.entry(asset) {
            Entry::Vacant(free) => _ = free.insert((object, name.into())),
            Entry::Occupied(mut held) if object < held.get().0 => {
                held.insert((object, name.into()));
            }
            Entry::Occupied(_) => {}
        }
    }

    /// What a person would call the object that has the asset.
    pub(super) fn holder(&self, asset: AssetId) -> Option<&str> {
        self.holders.get(&asset).map(|(_, name)| name.as_ref())
    }
}
