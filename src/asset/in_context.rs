//! What a query asks about an asset that the asset alone does not tell.

use std::ops::ControlFlow;

use super::Asset;
use super::support::{SUPPORT, System};
use crate::os::Lifecycle;
use crate::query::{Fields, Value, Visit};

/// An asset among the others of its organization: what a store puts queries to.
///
/// It has the fields of an [`Asset`], those of support dates by a table of the host's, the state `unresolved`, and `name_overlap`: whether another asset of the
/// organization has one of its [`match_keys`](Asset::match_keys), and may so be the same thing. Whether the rules would
/// tie the two together is another question, which
/// [`curation::Curation::overlaps`](crate::curation::Curation::overlaps) answers.
#[derive(Clone, Copy)]
pub(crate) struct AssetInContext<'a, F, G> {
    asset: &'a Asset,
    lifecycle: &'a Lifecycle,
    has_overlap: F,
    is_unresolved: G,
}

impl<'a, F: Fn() -> bool, G: Fn() -> bool> AssetInContext<'a, F, G> {
    /// The asset, when operating systems are out of support, whether another one has one of its match keys, and whether a computer waits for a decision that may be
    /// it: it is one of the [candidates](super::Waiting::candidates) of a [`Waiting`](super::Waiting). Both are asked
    /// only if the query does.
    pub(crate) fn new(
        asset: &'a Asset,
        lifecycle: &'a Lifecycle,
        has_overlap: F,
        is_unresolved: G,
    ) -> Self {
        Self { asset, lifecycle, has_overlap, is_unresolved }
    }
}

impl<F: Fn() -> bool, G: Fn() -> bool> Fields for AssetInContext<'_, F, G> {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "name_overlap" => visit(Value::Boolean((self.has_overlap)())),
            "state" => {
                self.asset.field(name, visit)?;
                let unresolved = (self.is_unresolved)().then_some(Value::Word("unresolved"));
                unresolved.map_or(ControlFlow::Continue(()), visit)
            }
            _ if SUPPORT.contains(&name) => {
                System::of(self.asset, self.lifecycle).field(name, visit)
            }
            _ => self.asset.field(name, visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        self.asset.attribute(source, name, visit)
    }

    fn is_time(&self, name: &str) -> bool {
        self.asset.is_time(name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.asset.attribute_names(visit);
    }
}
