//! Merges that the first version of the inventory wrote.

use crate::asset::{Asset, Home, MergeRecord, SourceRecord};

/// Notes on the parts of a merged asset where the rules alone have them, for a merge that was written before
/// records remembered their homes. The part numbers of each asset were shifted by a number that the merge kept.
pub(crate) fn remember_homes(survivor: &mut Asset, record: &MergeRecord) {
    let Some(kept) = &record.first_version else { return };
    for part in survivor.parts.iter_mut().filter(|part| part.home.is_none()) {
        let mut others = kept.before.iter().zip(&kept.shifts).skip(1);
        let origin = others.find(|(before, shift)| match part.object {
            Some(object) => before.part_of(&part.source, object).is_some(),
            None => part.number.checked_sub(**shift).is_some_and(|number| {
                before.part(number).is_some_and(|origin| is_same(origin, part))
            }),
        });
        if let Some((before, _)) = origin {
            part.home = Some(Home::Asset(before.id));
            part.home_site = Some(before.site.clone());
        }
    }
}

fn is_same(origin: &SourceRecord, part: &SourceRecord) -> bool {
    origin.object.is_none() && origin.source == part.source && origin.key == part.key
}
