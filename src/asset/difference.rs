//! What is new of an asset, by the names of its fields.

use std::collections::BTreeSet;

use super::claim_field::{ClaimValue, Holding, each_claim_field};
use super::{Asset, Change, Claims, Presence, SourceRecord};
use crate::value::{SourceId, Timestamp};

impl Change {
    /// Writes an asset that is not there yet, or not any more, at the version that it has.
    pub fn create(asset: Asset) -> Self {
        Self::PutAsset { expected: None, asset: Box::new(asset), changed: None }
    }

    /// Writes an asset over what it `was`, at the next version, and says what is new in it.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, Change};
    /// use ldap_inventory::value::AssetId;
    ///
    /// let was = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
    /// let mut moved = was.clone();
    /// moved.site = "lab".parse()?;
    /// let Change::PutAsset { expected, asset, changed } = Change::update(&was, moved) else { unreachable!() };
    /// assert_eq!((expected, asset.version), (Some(1), 2));
    /// assert_eq!(changed, Some(["site".to_owned()].into()));
    /// # Ok::<(), ldap_inventory::Error>(())
    /// ```
    pub fn update(was: &Asset, now: Asset) -> Self {
        let changed = Some(now.fields_unlike(was));
        let version = was.version.saturating_add(1);
        let asset = Box::new(Asset { version, ..now });
        Self::PutAsset { expected: Some(was.version), asset, changed }
    }
}

impl Asset {
    /// What is another than it was, for those who follow the inventory: asset-level fields by the values that hold, `site`,
    /// `sources`, and what attributes are filed under. When a source saw the asset is not among it, nor who said what when.
    pub(crate) fn fields_unlike(&self, was: &Self) -> BTreeSet<String> {
        let mut unlike = BTreeSet::new();
        macro_rules! compare {
            ($field:ident, $name:literal, $one:literal, $holding:ident) => {
                if !hold_the_same(Holding::$holding, &self.$field, &was.$field) {
                    unlike.insert($name.to_owned());
                }
            };
        }
        each_claim_field!(compare);
        if self.site != was.site {
            unlike.insert("site".to_owned());
        }
        if !self.parts.iter().map(state).eq(was.parts.iter().map(state)) {
            unlike.insert("sources".to_owned());
        }
        for part in &self.parts {
            let same = was.parts.iter().find(|own| own.is_same_record(part));
            if same.is_none_or(|own| own.attributes != part.attributes) {
                unlike.insert(part.key.clone());
            }
        }
        unlike
    }
}

/// Whether the same values of a field hold. Every sight of an asset changes when it was seen: that is no news.
fn hold_the_same<T: ClaimValue>(holding: Holding, one: &Claims<T>, other: &Claims<T>) -> bool {
    if matches!(holding, Holding::Earliest | Holding::Latest) {
        return true;
    }
    let values = |claims: &Claims<T>| -> Vec<T> {
        let (mut seen, held) = (BTreeSet::new(), claims.iter());
        let held = held.filter(|claim| holding.holds(claims, claim)).map(|claim| &claim.value);
        held.filter(|value| seen.insert((*value).clone())).cloned().collect()
    };
    one == other || values(one) == values(other)
}

/// Whose a record is, and whether it is there: not how many reads in a row were without it.
fn state(part: &SourceRecord) -> (&SourceId, &'static str, Option<Timestamp>) {
    let since = match part.presence {
        Presence::Present => None,
        Presence::Missing { since, .. } | Presence::Gone { since } => Some(since),
    };
    (&part.source, part.presence.as_str(), since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Claim;
    use crate::value::AssetId;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn asset() -> Asset {
        let mut asset =
            Asset::new(AssetId::from_u128(1), "acme".parse().unwrap(), "hq".parse().unwrap());
        let corp = SourceId::new("ldap", "corp.example").unwrap();
        asset.parts.push(SourceRecord::new(0, corp, "@ldap.computer", at(0)));
        asset.names.push(Claim::new("web1".parse().unwrap(), 0, None, at(0)));
        asset.os.push(Claim::new("Linux".to_owned(), 0, None, at(0)));
        asset.last_seen.push(Claim::new(at(0), 0, None, at(0)));
        asset
    }

    fn unlike(change: impl FnOnce(&mut Asset)) -> Vec<String> {
        let was = asset();
        let mut now = was.clone();
        change(&mut now);
        now.fields_unlike(&was).into_iter().collect()
    }

    #[test]
    fn values_that_hold_are_compared_and_nothing_else() {
        let nothing: [&str; 0] = [];
        assert_eq!(unlike(|_| ()), nothing);
        assert_eq!(unlike(|asset| asset.last_seen[0].value = at(9)), nothing);
        assert_eq!(unlike(|asset| asset.parts[0].written = at(9)), nothing);
        let beside = |asset: &mut Asset| {
            asset.names.push(Claim::new("web1".parse().unwrap(), 0, None, at(9)));
            asset.os.push(Claim::new("Windows".to_owned(), 0, None, at(9)));
        };
        assert_eq!(unlike(beside), nothing);
        assert_eq!(unlike(|asset| asset.names[0].until = Some(at(9))), ["names"]);
        assert_eq!(unlike(|asset| asset.os[0].value = "Windows".to_owned()), ["os"]);
        assert_eq!(unlike(|asset| asset.site = "lab".parse().unwrap()), ["site"]);
    }

    #[test]
    fn records_are_told_that_came_went_or_say_something_else() {
        let describe = |asset: &mut Asset| {
            asset.parts[0].attributes = [("cn", "WEB1")].into_iter().collect();
        };
        assert_eq!(unlike(describe), ["@ldap.computer"]);
        let missing = |runs| {
            move |asset: &mut Asset| {
                asset.parts[0].presence = Presence::Missing { since: at(9), runs };
            }
        };
        assert_eq!(unlike(missing(1)), ["sources"]);
        let (mut once, mut twice) = (asset(), asset());
        missing(1)(&mut once);
        missing(2)(&mut twice);
        assert!(twice.fields_unlike(&once).is_empty());
        let scanned = |asset: &mut Asset| {
            let scan = SourceId::new("scan", "hq").unwrap();
            asset.parts.push(SourceRecord::new(1, scan, "@scan.asset", at(9)));
        };
        assert_eq!(unlike(scanned), ["@scan.asset", "sources"]);
        assert_eq!(unlike(|asset| asset.parts.clear()), ["sources"]);
    }
}
