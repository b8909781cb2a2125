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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::FirstVersion;
    use crate::value::{AssetId, MergeId, ObjectGuid, SiteId, Timestamp};

    #[test]
    fn a_part_is_at_home_where_its_record_was_before_the_merge() {
        let at = Timestamp::from_unix_seconds(1_767_225_600).unwrap();
        let part = |number: u32, source: &str, key: &str, object: Option<u8>| {
            let mut part = SourceRecord::new(number, source.parse().unwrap(), key, at);
            part.object = object.map(|n| ObjectGuid::from_bytes([n; 16]));
            part
        };
        let asset = |n: u128, site: &str, parts: Vec<SourceRecord>| {
            let mut asset = Asset::new(
                AssetId::from_u128(n),
                "acme".parse().unwrap(),
                SiteId::new(site).unwrap(),
            );
            asset.parts = parts;
            asset
        };
        let before = vec![
            asset(1, "hq", vec![part(0, "scan/hq", "@scan", None)]),
            asset(
                2,
                "branch",
                vec![
                    part(0, "scan/branch", "@scan", None),
                    part(1, "ldap/corp.example", "@ldap.computer", Some(7)),
                    part(2, "scan/branch", "@other", None),
                    part(3, "ldap/corp.example", "@gone", Some(8)),
                ],
            ),
        ];
        let record = MergeRecord {
            id: MergeId::from_u128(1),
            organization: "acme".parse().unwrap(),
            survivor: AssetId::from_u128(1),
            assets: Vec::new(),
            first_version: Some(Box::new(FirstVersion {
                before,
                shifts: vec![0, 10],
                decided: Vec::new(),
                withdrawn: Vec::new(),
            })),
            by: "anna".to_owned(),
            at,
            why: String::new(),
            undone: None,
        };
        let home = |part: SourceRecord| {
            let mut survivor = asset(1, "hq", vec![part]);
            remember_homes(&mut survivor, &record);
            let part = survivor.parts.remove(0);
            part.home.map(|home| (home, part.home_site.map(|site| site.to_string())))
        };
        let branch = Some((Home::Asset(AssetId::from_u128(2)), Some("branch".to_owned())));
        assert_eq!(home(part(10, "scan/branch", "@scan", None)), branch);
        assert_eq!(home(part(11, "ldap/corp.example", "@ldap.computer", Some(7))), branch);
        // The survivor's own, and what came later or under another number.
        assert_eq!(home(part(0, "scan/hq", "@scan", None)), None);
        assert_eq!(home(part(10, "scan/hq", "@scan", None)), None);
        assert_eq!(home(part(12, "scan/branch", "@scan", None)), None);
        assert_eq!(home(part(13, "ldap/corp.example", "@gone", None)), None);
        assert_eq!(home(part(11, "ldap/corp.example", "@ldap.computer", Some(9))), None);
    }
}
