//! What one source says of an asset, put in place and taken away as a whole.

use super::claim_field::{ClaimField, ClaimValue, ClaimsEditor};
use super::{Asset, Claims, SourceRecord};
use crate::value::Attributes;

impl Asset {
    /// Puts a source's record in the place of the one that it had, known by its source, object and identity; beside the
    /// others if it had none. `false` if it says nothing new: then the asset is as it was.
    ///
    /// A record keeps its number, since when it is there, and what it claims of names and other fields. Whoever commits the
    /// asset counts its version up; [`Curation::contribute`](crate::curation::Curation::contribute) does all of that.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, SourceRecord};
    /// use ldap_inventory::value::{AssetId, SourceId, Timestamp};
    ///
    /// let mut asset = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
    /// let owned_by = |owner| -> ldap_inventory::Result<SourceRecord> {
    ///     let source = SourceId::new("cmdb", "main")?;
    ///     let record = SourceRecord::new(0, source, "@cmdb.asset", Timestamp::now());
    ///     Ok(record.with_attributes([("owner", owner)].into_iter().collect()))
    /// };
    /// assert!(asset.set_record(owned_by("anna")?));
    /// assert!(!asset.set_record(owned_by("anna")?));
    /// assert!(asset.set_record(owned_by("bob")?));
    /// assert_eq!(asset.parts.len(), 1);
    /// assert_eq!(asset.parts[0].attributes.first("owner"), Some("bob"));
    /// # Ok::<(), ldap_inventory::Error>(())
    /// ```
    pub fn set_record(&mut self, record: SourceRecord) -> bool {
        let next = self.next_part_number();
        let Some(own) = self.parts.iter_mut().find(|own| own.is_same_record(&record)) else {
            self.parts.push(SourceRecord { number: next, ..record });
            return true;
        };
        let says = |it: &SourceRecord| (it.key.clone(), it.presence, it.attributes.clone());
        if says(own) == says(&record) {
            return false;
        }
        // What it is, and what the rules and people made of it, stays.
        let SourceRecord { key, attributes, presence, run, written, .. } = record;
        (own.key, own.attributes, own.presence) = (key, attributes, presence);
        (own.run, own.written) = (run, written);
        true
    }

    /// Takes a record away, with all that it claims. `false` if the asset has no part of this number.
    pub fn remove_record(&mut self, number: u32) -> bool {
        let before = self.parts.len();
        self.parts.retain(|part| part.number != number);
        self.each_claims_mut(&mut Without(number));
        self.parts.len() < before
    }
}

impl SourceRecord {
    /// Sets the source's own id of the record, by which it finds it again.
    #[must_use]
    pub fn with_identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Sets what the source says.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    pub(super) fn is_same_record(&self, other: &Self) -> bool {
        self.source == other.source
            && self.object == other.object
            && self.identity == other.identity
    }
}

/// Takes away what a part claims.
struct Without(u32);

impl ClaimsEditor for Without {
    fn edit<T: ClaimValue>(&mut self, _: ClaimField, claims: &mut Claims<T>) {
        claims.retain(|claim| claim.part != self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Claim, Presence};
    use crate::value::{AssetId, SourceId, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn record(identity: &str, owner: &str, seconds: i64) -> SourceRecord {
        let source = SourceId::new("cmdb", "main").unwrap();
        SourceRecord::new(0, source, "@cmdb.asset", at(seconds))
            .with_identity(identity)
            .with_attributes([("owner", owner)].into_iter().collect())
    }

    fn asset() -> Asset {
        let mut asset =
            Asset::new(AssetId::from_u128(1), "acme".parse().unwrap(), "hq".parse().unwrap());
        let scan = SourceId::new("scan", "hq").unwrap();
        asset.parts.push(SourceRecord::new(3, scan, "@scan", at(0)));
        asset.os.push(Claim::new("Linux".to_owned(), 3, None, at(0)));
        asset
    }

    #[test]
    fn a_record_takes_the_place_of_its_own_and_of_no_other() {
        let mut asset = asset();
        assert!(asset.set_record(record("a", "anna", 1)));
        assert!(asset.set_record(record("b", "bob", 2)));
        assert!(!asset.set_record(record("a", "anna", 3)));
        assert!(asset.set_record(record("a", "carol", 4)));
        let told: Vec<_> = asset
            .parts
            .iter()
            .map(|part| (part.number, part.attributes.first("owner"), part.written, part.since))
            .collect();
        let expected = [
            (3, None, at(0), Some(at(0))),
            (4, Some("carol"), at(4), Some(at(1))),
            (5, Some("bob"), at(2), Some(at(2))),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_record_that_was_missing_comes_back_though_it_says_the_same() {
        let mut asset = asset();
        asset.set_record(record("a", "anna", 1));
        asset.parts[1].presence = Presence::Gone { since: at(2) };
        assert!(asset.set_record(record("a", "anna", 3)));
        assert_eq!((asset.parts[1].presence, asset.parts[1].written), (Presence::Present, at(3)));
    }

    #[test]
    fn a_record_goes_with_what_it_claims() {
        let mut asset = asset();
        asset.set_record(record("a", "anna", 1));
        let before = asset.clone();
        assert!(!asset.remove_record(9));
        assert_eq!(asset, before);
        assert!(asset.remove_record(3));
        assert!(asset.os.is_empty());
        assert_eq!(asset.parts.len(), 1);
    }
}
