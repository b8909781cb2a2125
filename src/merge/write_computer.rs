//! What a computer does to assets, once it is decided where it goes.

use super::contribute::{WriteContext, apply_contribution, at_home, create, detach, record_match};
use super::contribution::{Contribution, contribution};
use super::record::{Record, in_order, join};
use super::unit_of_work::UnitOfWork;
use super::{Decision, DirectoryDomain, Verdict};
use crate::asset::{Annotations, Asset, Change, Home, Link, Waiting};
use crate::directory::DirectoryObject;
use crate::value::{AssetId, ObjectGuid, OrganizationId, SiteId};

/// One computer that was read, where it goes, and what the inventory had of it.
#[derive(Clone, Debug)]
pub(crate) struct ComputerUpdate<'a> {
    pub(crate) object: &'a DirectoryObject,
    /// That of the directory.
    pub(crate) domain: &'a DirectoryDomain,
    /// By the rules alone.
    pub(crate) decision: &'a Decision,
    pub(crate) goes: Destination<'a>,
    pub(crate) link: Option<&'a Link>,
    /// It as one that waits, as it was.
    pub(crate) waiting: Option<&'a Waiting>,
    /// What it takes the place of, and the assets that show that.
    pub(crate) predecessors: &'a [(ObjectGuid, Option<AssetId>)],
}

/// Where a computer goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    /// By the rules alone.
    pub(crate) home: Home,
    /// The asset that shows it, with regard to people's decisions; `None` if it waits.
    pub(crate) shown: Option<AssetId>,
    /// The site of its home, where it is known of an asset that is not there.
    pub(crate) home_site: Option<&'a SiteId>,
    /// The same of the asset that shows it.
    pub(crate) shown_site: Option<&'a SiteId>,
    /// Whose new assets are, and of which site.
    pub(crate) organization: &'a OrganizationId,
    pub(crate) site: &'a SiteId,
}

/// Writes what a computer says where it goes, and takes it away from where it was. Returns what has to be written beside
/// the assets, the computer's link apart. The error is the id of an asset that is not there any more: to be decided again.
pub(crate) fn write_computer(
    unit: &mut UnitOfWork,
    update: &ComputerUpdate<'_>,
    writing: &WriteContext<'_>,
) -> Result<Vec<Change>, AssetId> {
    let mut changes = Vec::new();
    let mut waits = None;
    let carried = update.carry(unit, writing)?;
    match update.goes.shown {
        Some(asset) => {
            update.reach(unit, asset)?;
            update.write_into(unit, asset, carried, writing)?;
            if update.waiting.is_some() {
                let source = writing.source.clone();
                changes.push(Change::RemoveWaiting { source, object: writing.object });
            }
        }
        None => waits = Some(update.wait(carried, writing)),
    }
    for (gone, shown) in update.predecessors {
        if let Some(shown) = *shown {
            let said = hand_on(unit, (shown, *gone), update.goes.shown, writing)?;
            if let (Some(said), Some(waiting)) = (said, &mut waits) {
                give_annotations(&mut waiting.record, said, writing);
            }
            unit.lead(shown, update.goes.shown);
        }
        changes.push(Change::RemoveObject { source: writing.source.clone(), object: *gone });
    }
    changes.extend(waits.map(|waiting| Change::PutWaiting(Box::new(waiting))));
    Ok(changes)
}

/// Why a computer waits by the rules alone, if it does: the decision as JSON.
pub(crate) fn why_it_waits(decision: &Decision) -> Option<String> {
    let waits = decision.verdict == Verdict::Ambiguous;
    waits.then(|| serde_json::to_string(decision).ok()).flatten()
}

impl ComputerUpdate<'_> {
    /// The asset that it was part of and is no part of any more.
    pub(crate) fn left(&self) -> Option<AssetId> {
        let before = self.link?.asset?;
        (self.goes.shown != Some(before)).then_some(before)
    }

    /// The assets that it speaks of, apart from a new one.
    pub(crate) fn assets(&self) -> impl Iterator<Item = AssetId> {
        let is_new = |id: &AssetId| self.decision.verdict == Verdict::Create(*id);
        let target = self.goes.shown.filter(|id| !is_new(id));
        let gone = self.predecessors.iter().filter_map(|(_, shown)| *shown);
        target.into_iter().chain(self.left()).chain(gone)
    }

    /// Takes what the inventory has of the computer from where it shall not be any more.
    fn carry(
        &self,
        unit: &mut UnitOfWork,
        writing: &WriteContext<'_>,
    ) -> Result<Option<Record>, AssetId> {
        let Some(before) = self.left() else {
            let waiting = self.waiting.filter(|_| self.link.is_some_and(|l| l.asset.is_none()));
            return Ok(waiting.and_then(Record::of));
        };
        let carried = take_record(unit, before, writing)?;
        unit.lead(before, self.goes.shown);
        Ok(carried)
    }

    /// Makes sure that the asset is there to which it goes: a new one is made, and one of which decisions have left
    /// nothing.
    fn reach(&self, unit: &mut UnitOfWork, id: AssetId) -> Result<(), AssetId> {
        if unit.asset(id).is_some() {
            return Ok(());
        }
        let Destination { home, shown_site, organization, site, .. } = self.goes;
        let is_new = self.decision.is_new();
        if home == Home::Asset(id) && shown_site.is_none() && !is_new {
            return Err(id);
        }
        let site = shown_site.unwrap_or(site).clone();
        unit.add(Asset::new(id, organization.clone(), site));
        Ok(())
    }

    fn write_into(
        &self,
        unit: &mut UnitOfWork,
        target: AssetId,
        carried: Option<Record>,
        writing: &WriteContext<'_>,
    ) -> Result<(), AssetId> {
        let Destination { home, home_site, .. } = self.goes;
        let is_news = self.link.is_none_or(|link| link.by_rules() != home);
        unit.update(target, |mut asset| {
            if let Some(record) = carried {
                asset = join(&asset, record, writing.policy);
            }
            asset = apply_contribution(asset, &self.says(writing), writing);
            if is_news && home != Home::Waiting {
                let from = self.link.and_then(|link| link.by_rules().asset());
                asset = record_match(asset, &self.decision.reason, from, writing);
            }
            let site = home_site.unwrap_or(&asset.site).clone();
            in_order(at_home(asset, home, &site, writing), writing.policy)
        })
    }

    /// It as a computer that waits.
    fn wait(&self, carried: Option<Record>, writing: &WriteContext<'_>) -> Waiting {
        let Destination { home, home_site, organization, site, .. } = self.goes;
        let said = self.says(writing);
        let known = carried.and_then(|record| record.into_waiting(None, None));
        let record = match known {
            Some(known) => apply_contribution(known.record, &said, writing),
            None => {
                let nobody = AssetId::from_u128(0);
                create(nobody, organization.clone(), site.clone(), &said, writing)
            }
        };
        let site = home_site.unwrap_or(&record.site).clone();
        let record = Asset { version: 1, ..at_home(record, home, &site, writing) };
        let (source, object) = (writing.source.clone(), writing.object);
        // With regard to people's decisions the end of the run tells.
        Waiting { source, object, record, decision: why_it_waits(self.decision), told: None }
    }

    fn says(&self, writing: &WriteContext<'_>) -> Contribution {
        contribution(self.object, self.domain, writing.now)
    }
}

/// A known computer that was not read, and that goes to an asset which came since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LateArrival<'a> {
    pub(crate) decision: &'a Decision,
    /// Where it goes.
    pub(crate) to: AssetId,
    pub(crate) link: &'a Link,
    pub(crate) waiting: Option<&'a Waiting>,
    /// The site of where it goes, where it is known of an asset that is not there.
    pub(crate) site: Option<&'a SiteId>,
}

impl LateArrival<'_> {
    /// Moves its record from this asset, as it is.
    pub(crate) fn move_record(
        self,
        unit: &mut UnitOfWork,
        from: AssetId,
        writing: &WriteContext<'_>,
    ) -> Result<Vec<Change>, AssetId> {
        let Self { decision, to, link, .. } = self;
        if unit.asset(to).is_none() {
            return Err(to);
        }
        let Some(record) = take_record(unit, from, writing)? else { return Ok(Vec::new()) };
        unit.update(to, |asset| {
            let joined = join(&asset, record, writing.policy);
            let before = link.by_rules().asset();
            let tied = record_match(joined, &decision.reason, before, writing);
            let site = tied.site.clone();
            in_order(at_home(tied, Home::Asset(to), &site, writing), writing.policy)
        })?;
        unit.lead(from, Some(to));
        Ok(vec![self.moved(Some(to), None, writing)])
    }

    /// Notes the new home on its record, where that is. What people decided has a say in where it is shown: the end of
    /// the run settles that. A new home of which nothing is known yet is of `site`.
    pub(crate) fn note_home(
        self,
        unit: &mut UnitOfWork,
        site: &SiteId,
        writing: &WriteContext<'_>,
    ) -> Result<Vec<Change>, AssetId> {
        let Self { decision, to, link, .. } = self;
        let home = Home::Asset(to);
        let known = unit.asset(to).map(|asset| &asset.site);
        let site = self.site.or(known).unwrap_or(site).clone();
        let arrive = |record: Asset| {
            let before = link.by_rules().asset();
            at_home(record_match(record, &decision.reason, before, writing), home, &site, writing)
        };
        let mut changes = Vec::new();
        match (link.asset, self.waiting) {
            (Some(shown), _) => {
                unit.update(shown, |asset| in_order(arrive(asset), writing.policy))?;
            }
            (None, Some(waiting)) => {
                let record = Asset { version: 1, ..arrive(waiting.record.clone()) };
                changes.push(Change::PutWaiting(Box::new(Waiting { record, ..waiting.clone() })));
            }
            (None, None) => return Ok(changes),
        }
        changes.push(self.moved(link.asset, home.away_from(link.asset), writing));
        Ok(changes)
    }

    fn moved(
        &self,
        asset: Option<AssetId>,
        home: Option<Home>,
        writing: &WriteContext<'_>,
    ) -> Change {
        Change::MoveLink { source: writing.source.clone(), object: writing.object, asset, home }
    }
}

/// Takes the record of an object whose place the computer takes out of the asset that shows it. What people said along with
/// it goes with the computer, and stays with what is left of the asset where that waits. Returned is what neither has: the
/// computer waits, and nothing is left.
fn hand_on(
    unit: &mut UnitOfWork,
    (shown, gone): (AssetId, ObjectGuid),
    to: Option<AssetId>,
    writing: &WriteContext<'_>,
) -> Result<Option<Annotations>, AssetId> {
    let mut said = None;
    unit.update(shown, |mut asset| {
        let number = asset.part_of(writing.source, gone).map(|part| part.number);
        let others = asset.parts.iter().map(|part| part.number).filter(|it| Some(*it) != number);
        let heir = others.min().filter(|_| to.is_none());
        let taken = number.map(|number| asset.take_annotations(number));
        match (heir, taken) {
            (Some(heir), Some(taken)) => _ = asset.give_annotations(heir, taken),
            (_, taken) => said = taken,
        }
        detach(asset, writing.source, gone, writing)
    })?;
    let Some(to) = to else { return Ok(said) };
    let Some(said) = said else { return Ok(None) };
    unit.update(to, |mut asset| {
        if give_annotations(&mut asset, said, writing) {
            asset.version = asset.version.saturating_add(1);
        }
        asset
    })?;
    Ok(None)
}

/// Lets what people said go with the computer's record; `false` if it is nothing.
fn give_annotations(asset: &mut Asset, said: Annotations, writing: &WriteContext<'_>) -> bool {
    let own = asset.part_of(writing.source, writing.object).map(|part| part.number);
    own.is_some_and(|own| asset.give_annotations(own, said))
}

/// Takes the computer's record out of an asset.
fn take_record(
    unit: &mut UnitOfWork,
    from: AssetId,
    writing: &WriteContext<'_>,
) -> Result<Option<Record>, AssetId> {
    let (source, object) = (writing.source, writing.object);
    let mut taken = None;
    unit.update(from, |asset| {
        taken = Record::in_asset(&asset, source, object);
        detach(asset, source, object, writing)
    })?;
    Ok(taken)
}
