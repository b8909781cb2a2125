//! What a query asks about an asset that the asset alone does not tell.

use std::fmt;
use std::ops::ControlFlow;

use super::Asset;
use crate::query::{FieldKind, Fields, Value, Visit};

/// An asset among the others of its organization: what a store puts queries to.
///
/// It has the fields of an [`Asset`], the state [`unresolved`](Self::unresolved), and `name_overlap`: whether another asset of the organization has one of
/// its [`match_keys`](Asset::match_keys), and may so be the same thing. Whether the rules would tie the two
/// together is another question, which [`curation::Curation::overlaps`](crate::curation::Curation::overlaps)
/// answers.
///
/// ```
/// # use ldap_inventory::asset::{AssetInContext, Asset};
/// # use ldap_inventory::query::Query;
/// # use ldap_inventory::value::AssetId;
/// # let asset = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
/// let among = AssetInContext::new(&asset, || true);
/// assert!(Query::parse("name_overlap:t")?.matches(&among, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct AssetInContext<'a, F> {
    asset: &'a Asset,
    has_overlap: F,
    is_unresolved: bool,
}

impl<'a, F: Fn() -> bool> AssetInContext<'a, F> {
    /// The asset, and whether another one has one of its match keys. That is asked only if the query does.
    pub fn new(asset: &'a Asset, has_overlap: F) -> Self {
        Self { asset, has_overlap, is_unresolved: false }
    }

    /// Says whether a computer waits for a decision that may be this asset: one of the
    /// [candidates](super::Waiting::candidates) of a [`Waiting`](super::Waiting). It is not unless set.
    #[must_use]
    pub fn unresolved(mut self, is_unresolved: bool) -> Self {
        self.is_unresolved = is_unresolved;
        self
    }
}

impl<F: Fn() -> bool> Fields for AssetInContext<'_, F> {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "name_overlap" => visit(Value::Boolean((self.has_overlap)())),
            "state" => {
                self.asset.field(name, visit)?;
                let unresolved = self.is_unresolved.then_some(Value::Word("unresolved"));
                unresolved.map_or(ControlFlow::Continue(()), visit)
            }
            _ => self.asset.field(name, visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        self.asset.attribute(source, name, visit)
    }

    fn field_kind(&self, name: &str) -> Option<FieldKind> {
        self.asset.field_kind(name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.asset.attribute_names(visit);
    }
}

impl<F> fmt::Debug for AssetInContext<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetInContext").field("asset", &self.asset.id).finish_non_exhaustive()
    }
}
