//! What is tied before names are looked at.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::asked::Asked;
use super::ruling::Rulings;
use super::{Level, MatchContext, Reason, Verdict};
use crate::asset::Constraint;
use crate::value::{AssetId, ObjectGuid, SourceId};

/// Which objects are tied to an asset without a look at names.
#[derive(Debug, Default)]
pub(super) struct Ties<'a> {
    /// Those of computers of this run, by their places. Empty if there are none.
    of_computers: Vec<Option<Tie<'a>>>,
    /// What a person would call the object that has the asset.
    holders: HashMap<AssetId, (ObjectGuid, Cow<'a, str>)>,
    /// The absent objects that had the asset.
    predecessors: HashMap<AssetId, Vec<ObjectGuid>>,
}

/// Where a computer goes, whatever its names say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie<'a> {
    pub(super) asset: AssetId,
    by: Right<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Right<'a> {
    /// It was there before.
    Known,
    /// A person said so.
    Decided(&'a Constraint),
    /// Another directory has the same object there.
    Moved(&'a SourceId),
}

impl<'a> Ties<'a> {
    /// Of the computers that are asked. `matters` says of an asset whether it matters who has it.
    pub(super) fn of(
        asked: &Asked<'a>,
        known: &MatchContext<'a>,
        rulings: &Rulings<'a>,
        matters: impl Fn(AssetId) -> bool,
    ) -> Self {
        let mut ties = Self::default();
        if known.links.is_empty() && rulings.are_none() && known.elsewhere.is_empty() {
            return ties;
        }
        ties.of_computers = vec![None; asked.computers().len()];
        ties.take_linked(asked, known, rulings, matters);
        ties.take_decided(asked, rulings);
        ties.take_moved(asked, known, rulings);
        ties.predecessors.values_mut().for_each(|objects| objects.sort_unstable());
        ties
    }

    /// Ties what was tied before.
    fn take_linked(
        &mut self,
        asked: &Asked<'a>,
        known: &MatchContext<'a>,
        rulings: &Rulings<'a>,
        matters: impl Fn(AssetId) -> bool,
    ) {
        let links = known.links.iter().map(|(object, asset)| (*object, *asset));
        let mut links: Vec<(ObjectGuid, AssetId)> = links.collect();
        links.sort_unstable();
        let mut computers = asked.in_order().peekable();
        for (object, asset) in links {
            while computers.next_if(|(_, computer)| computer.object < object).is_some() {}
            let computer = computers.next_if(|(_, computer)| computer.object == object);
            let moved = rulings.must(object).is_some_and(|must| must.asset != asset);
            if moved || rulings.cannot(object, asset).is_some() {
                continue;
            } else if let Some((place, computer)) = computer {
                self.tie(place, asset, Right::Known);
                if matters(asset) {
                    self.hold(asset, object, &*computer.name);
                }
            } else if known.absent.contains(&object) {
                self.predecessors.entry(asset).or_default().push(object);
            } else if matters(asset) {
                self.hold(asset, object, object.to_string());
            }
        }
    }

    /// Ties what a person decided.
    fn take_decided(&mut self, asked: &Asked<'a>, rulings: &Rulings<'a>) {
        if rulings.are_none() {
            return;
        }
        for (place, computer) in asked.in_order() {
            if let Some(must) = rulings.must(computer.object) {
                if self.of_computer(place).is_none() {
                    self.tie(place, must.asset, Right::Decided(must));
                }
                self.hold(must.asset, computer.object, &*computer.name);
            }
        }
    }

    /// Ties what another directory has under the same objectGUID, unless another computer has that asset.
    fn take_moved(&mut self, asked: &Asked<'a>, known: &MatchContext<'a>, rulings: &Rulings<'a>) {
        if known.elsewhere.is_empty() {
            return;
        }
        for (place, computer) in asked.in_order() {
            let Some((source, asset)) = known.elsewhere.get(&computer.object) else { continue };
            let is_free =
                self.holder(*asset).is_none() && rulings.cannot(computer.object, *asset).is_none();
            if is_free && self.of_computer(place).is_none() && computer.is_host() {
                self.tie(place, *asset, Right::Moved(source));
                self.hold(*asset, computer.object, &*computer.name);
            }
        }
    }

    fn tie(&mut self, place: usize, asset: AssetId, by: Right<'a>) {
        if let Some(tie) = self.of_computers.get_mut(place) {
            *tie = Some(Tie { asset, by });
        }
    }

    /// That of a computer, by its place.
    pub(super) fn of_computer(&self, place: usize) -> Option<Tie<'a>> {
        self.of_computers.get(place).copied().flatten()
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

    /// The absent objects that had the asset, in order.
    pub(super) fn predecessors(&self, asset: AssetId) -> &[ObjectGuid] {
        self.predecessors.get(&asset).map_or(&[], Vec::as_slice)
    }
}

impl Tie<'_> {
    pub(super) fn verdict(self) -> Verdict {
        match self.by {
            Right::Known => Verdict::Linked(self.asset),
            Right::Decided(_) | Right::Moved(_) => Verdict::Matched(self.asset),
        }
    }

    pub(super) fn level(self) -> Level {
        match self.by {
            Right::Known | Right::Moved(_) => Level::Known,
            Right::Decided(_) => Level::Constraint,
        }
    }

    pub(super) fn reason(self) -> Reason {
        match self.by {
            Right::Known => Reason::Known,
            Right::Decided(must) => Reason::Decided { by: must.by.clone() },
            Right::Moved(from) => Reason::Moved { from: from.clone() },
        }
    }

    /// Whether it was there before.
    pub(super) fn is_known(self) -> bool {
        matches!(self.by, Right::Known)
    }
}
