//! What people say of an asset, beside one of its records.

use super::{Asset, Claims};

/// What people said along with one record, by field: owners, tags, comments, criticalities.
pub(crate) type Annotations = [Claims<String>; 4];

impl Asset {
    /// What people said of it, by field, whichever records it goes with.
    pub(crate) fn annotations(&self) -> [&Claims<String>; 4] {
        [&self.owner, &self.tags, &self.comment, &self.criticality]
    }

    /// Takes away what people said along with a record, so that it goes with another one.
    pub(crate) fn take_annotations(&mut self, part: u32) -> Annotations {
        let fields = [&mut self.owner, &mut self.tags, &mut self.comment, &mut self.criticality];
        fields.map(|claims| claims.extract_if(.., |claim| claim.part == part).collect())
    }

    /// Lets what people said go with a record; `false` if it is nothing.
    pub(crate) fn give_annotations(&mut self, part: u32, said: Annotations) -> bool {
        let is_something = said.iter().any(|claims| !claims.is_empty());
        let fields = [&mut self.owner, &mut self.tags, &mut self.comment, &mut self.criticality];
        for (claims, mut said) in fields.into_iter().zip(said) {
            said.iter_mut().for_each(|claim| claim.part = part);
            claims.append(&mut said);
        }
        is_something
    }
}
