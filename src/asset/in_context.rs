//! What a query asks about an asset that the asset alone does not tell.

use std::ops::ControlFlow;

use super::Asset;
use crate::query::{Fields, Value, Visit};

/// An asset among the others of its organization: what a store puts queries to.
///
/// It has the fields of an [`Asset`], and `name_overlap`: whether another asset of the organization has one of
/// its [`match_keys`](Asset::match_keys), and may so be the same thing. Whether the rules would tie the two
/// together is another question, which [`curation::Curation::overlaps`](crate::curation::Curation::overlaps)
/// answers.
#[derive(Clone, Copy)]
pub(crate) struct AssetInContext<'a, F> {
    asset: &'a Asset,
    has_overlap: F,
}

impl<'a, F: Fn() -> bool> AssetInContext<'a, F> {
    /// The asset, and whether another one has one of its match keys. That is asked only if the query does.
    pub(crate) fn new(asset: &'a Asset, has_overlap: F) -> Self {
        Self { asset, has_overlap }
    }
}

impl<F: Fn() -> bool> Fields for AssetInContext<'_, F> {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "name_overlap" => visit(Value::Boolean((self.has_overlap)())),
            _ => self.asset.field(name, visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        self.asset.attribute(source, name, visit)
    }
}
