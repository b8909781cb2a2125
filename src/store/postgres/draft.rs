//! A batch as the rows that it leaves. Of several changes to one thing there is what all of them leave, so that each
//! table is written by one statement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::feed::Told;
use super::fields::AssetRow;
use crate::Result;
use crate::asset::{Batch, Change, Constraint, Home, Link, Sighting, Version};
use crate::store::record::{constraint_kind, document};
use crate::value::{AssetId, MergeId, ObjectGuid, SourceId};

/// An object of a directory.
pub(super) type Object = (SourceId, ObjectGuid);

/// Documents that are written, and those that go.
pub(super) type Documents<K> = BTreeMap<K, Option<String>>;

/// What a constraint is unique by: source, object, asset and kind.
pub(super) type ConstraintKey = (SourceId, ObjectGuid, AssetId, i64);

#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The assets where none is expected to be.
    pub(super) new_assets: Vec<AssetRow>,
    /// Those that are written over.
    pub(super) assets: Vec<AssetRow>,
    /// The assets that are gone after it.
    pub(super) gone: Vec<AssetId>,
    /// Where the ids of assets lead, or that they lead nowhere any more.
    pub(super) redirects: BTreeMap<AssetId, Option<(AssetId, Version)>>,
    pub(super) links: BTreeMap<Object, LinkChange>,
    pub(super) users: Documents<Object>,
    pub(super) groups: Documents<Object>,
    pub(super) waiting: Documents<Object>,
    pub(super) constraints: Documents<ConstraintKey>,
    pub(super) merges: BTreeMap<MergeId, (i64, String)>,
    /// What it tells those who follow.
    pub(super) told: Option<Told>,
}

/// What becomes of a link.
#[derive(Debug)]
pub(super) enum LinkChange {
    Put(Box<Link>),
    Gone,
    /// Of one that is stored, if it is: where it leads, and where its object was seen.
    Altered {
        place: Option<(Option<AssetId>, Option<Home>)>,
        seen: Option<Arc<Sighting>>,
    },
}

impl Draft {
    pub(super) fn of(batch: &Batch) -> Result<Self> {
        let mut draft = Self { told: Told::by(batch)?, ..Self::default() };
        let new = new_assets(batch);
        for (id, asset) in batch.written_assets() {
            match asset {
                Some(asset) if new.contains(&id) => draft.new_assets.push(AssetRow::of(asset)?),
                Some(asset) => draft.assets.push(AssetRow::of(asset)?),
                None => draft.gone.push(id),
            }
        }
        for change in &batch.changes {
            draft.make(&batch.source, change)?;
        }
        Ok(draft)
    }

    /// Makes a change of anything but an asset itself, of which only the last counts.
    fn make(&mut self, own: &SourceId, change: &Change) -> Result<()> {
        match change {
            Change::PutAsset { expected, asset, .. } if expected.is_none() => {
                self.redirects.insert(asset.id, None);
            }
            Change::PutAsset { .. } => {}
            Change::RemoveAsset { id, expected, to } => {
                let redirect = to.map(|to| (to, *expected));
                redirect.map(|redirect| self.redirects.insert(*id, Some(redirect)));
            }
            Change::PutLink { link, .. } => {
                let put = LinkChange::Put(Box::new(link.clone()));
                self.links.insert((own.clone(), link.object), put);
            }
            Change::MoveLink { source, object, asset, home } => {
                self.link(source, *object).tie(*asset, *home);
            }
            Change::NoteSighting { object, seen } => self.link(own, *object).note(seen),
            Change::RemoveObject { source, object } => {
                let object = (source.clone(), *object);
                self.links.insert(object.clone(), LinkChange::Gone);
                self.waiting.insert(object.clone(), None);
                self.users.insert(object.clone(), None);
                self.groups.insert(object, None);
            }
            change => self.put_document(own, change)?,
        }
        Ok(())
    }

    /// Makes a change of what is kept as its document.
    fn put_document(&mut self, own: &SourceId, change: &Change) -> Result<()> {
        match change {
            Change::PutWaiting(waiting) => {
                let document = document("waiting computer", waiting)?;
                self.waiting.insert((waiting.source.clone(), waiting.object), Some(document));
            }
            Change::RemoveWaiting { source, object } => {
                self.waiting.insert((source.clone(), *object), None);
            }
            Change::PutUser(user) => {
                self.users.insert((own.clone(), user.object), Some(document("user", user)?));
            }
            Change::PutGroup(group) => {
                self.groups.insert((own.clone(), group.object), Some(document("group", group)?));
            }
            Change::PutConstraint(constraint) => {
                let document = document("constraint", constraint)?;
                self.constraints.insert(constraint_key(constraint), Some(document));
            }
            Change::RemoveConstraint(constraint) => {
                self.constraints.insert(constraint_key(constraint), None);
            }
            Change::PutMerge(merge) => {
                let row = (merge.at.as_micros(), document("merge", merge)?);
                self.merges.insert(merge.id, row);
            }
            _ => {}
        }
        Ok(())
    }

    fn link(&mut self, source: &SourceId, object: ObjectGuid) -> &mut LinkChange {
        let unchanged = LinkChange::Altered { place: None, seen: None };
        self.links.entry((source.clone(), object)).or_insert(unchanged)
    }
}

impl LinkChange {
    fn tie(&mut self, asset: Option<AssetId>, home: Option<Home>) {
        match self {
            Self::Put(link) => (link.asset, link.home) = (asset, home),
            Self::Gone => {}
            Self::Altered { place, .. } => *place = Some((asset, home)),
        }
    }

    fn note(&mut self, sighting: &Arc<Sighting>) {
        match self {
            Self::Put(link) => link.seen = Some(Arc::clone(sighting)),
            Self::Gone => {}
            Self::Altered { seen, .. } => *seen = Some(Arc::clone(sighting)),
        }
    }
}

/// The assets where the first change of each expects none.
fn new_assets(batch: &Batch) -> BTreeSet<AssetId> {
    let (mut seen, mut new) = (BTreeSet::new(), BTreeSet::new());
    for change in &batch.changes {
        let (id, is_new) = match change {
            Change::PutAsset { expected, asset, .. } => (asset.id, expected.is_none()),
            Change::RemoveAsset { id, .. } => (*id, false),
            _ => continue,
        };
        if seen.insert(id) && is_new {
            new.insert(id);
        }
    }
    new
}

fn constraint_key(constraint: &Constraint) -> ConstraintKey {
    let Constraint { source, object, asset, kind, .. } = constraint;
    (source.clone(), *object, *asset, constraint_kind(*kind))
}
