//! What people decided.

use std::collections::HashMap;

use crate::asset::{Constraint, ConstraintKind};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// The decisions of people on the objects of one directory. Of several on the same object and asset the
/// latest holds; of two at the same instant the one that keeps them apart.
#[derive(Debug)]
pub(super) struct Rulings<'a> {
    by_object: HashMap<ObjectGuid, Vec<&'a Constraint>>,
}

impl<'a> Rulings<'a> {
    pub(super) fn of(constraints: &'a [Constraint], source: &SourceId) -> Self {
        let mut by_object: HashMap<ObjectGuid, Vec<&Constraint>> = HashMap::new();
        for constraint in constraints.iter().filter(|constraint| constraint.source == *source) {
            by_object.entry(constraint.object).or_default().push(constraint);
        }
        for rulings in by_object.values_mut() {
            rulings.sort_by_key(|ruling| (ruling.at, ruling.kind, ruling.asset));
        }
        Self { by_object }
    }

    /// Whether nobody decided anything.
    pub(super) fn are_none(&self) -> bool {
        self.by_object.is_empty()
    }

    /// The asset that the object is by a person's decision.
    pub(super) fn must(&self, object: ObjectGuid) -> Option<&'a Constraint> {
        let latest = |ruling: &&&Constraint| self.on(object, ruling.asset) == Some(**ruling);
        self.all(object)
            .iter()
            .rev()
            .find(|ruling| ruling.kind == ConstraintKind::MustLink && latest(ruling))
            .copied()
    }

    /// The decision by which the object is not the asset.
    pub(super) fn cannot(&self, object: ObjectGuid, asset: AssetId) -> Option<&'a Constraint> {
        self.on(object, asset).filter(|ruling| ruling.kind == ConstraintKind::CannotLink)
    }

    /// The decision that holds on the object and the asset.
    fn on(&self, object: ObjectGuid, asset: AssetId) -> Option<&'a Constraint> {
        self.all(object).iter().rev().find(|ruling| ruling.asset == asset).copied()
    }

    fn all(&self, object: ObjectGuid) -> &[&'a Constraint] {
        self.by_object.get(&object).map_or(&[], Vec::as_slice)
    }
}
