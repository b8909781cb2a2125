//! The keys of the repository's rows.
//!
//! [`Row::OWN`], the digest of the organization, the table, and what is unique within the table. Ids and GUIDs are their
//! bytes, so that they are in order; a text ends with a mark that is lower than any of its bytes, so that texts are
//! in order too, and none is the beginning of another.

use super::table::Row;
use crate::asset::{Constraint, ConstraintKind, ObjectKey};
use crate::name::MatchKey;
use crate::value::{
    AssetId, BatchId, MergeId, ObjectGuid, OrganizationId, RecordDigest, RunId, SourceId, Timestamp,
};

/// What a row holds. The numbers are in the keys of every host's table: they are never given another meaning.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Table {
    /// An asset's version, and the rows that belong to it. Small, since every commit reads and compares it.
    Head = 1,
    /// An asset, whole.
    Asset = 2,
    /// The assets that have a match key.
    MatchKey = 3,
    /// What is known of an object.
    Link = 4,
    /// An object that may be tied to an asset: whoever takes the asset away looks at its link.
    LinkedTo = 5,
    /// A link that has a home, once more.
    Moved = 6,
    User = 7,
    Group = 8,
    Waiting = 9,
    Redirect = 10,
    Constraint = 11,
    Merge = 12,
    Checkpoint = 13,
    /// When a run began: by that its record is found.
    RunStart = 14,
    /// A run, the newest first.
    Run = 15,
    Lease = 16,
    Batch = 17,
    /// A source that something was written for.
    Source = 18,
    /// How far the feed of events goes: one row.
    Feed = 19,
    /// What a commit told.
    Event = 20,
}

/// A key, or the beginning of several.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key(Vec<u8>);

impl Key {
    /// What all keys of an organization begin with.
    pub(super) fn organization(organization: &OrganizationId) -> Self {
        let mut hasher = RecordDigest::hasher();
        hasher.text(organization.as_str());
        Self([&[Row::OWN], &hasher.finish().0[..]].concat())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn table(mut self, table: Table) -> Self {
        self.0.push(table as u8);
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn number(self, number: u128) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// A text of any characters: NUL is marked, since a NUL with another mark ends the text.
    fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(u8::MAX);
            }
        }
        self.bytes(&[0, 0])
    }

    fn source(self, source: &SourceId) -> Self {
        self.text(source.as_str())
    }

    fn object(self, object: ObjectGuid) -> Self {
        self.bytes(object.as_bytes())
    }
}

/// The keys of one organization.
#[derive(Clone, Debug)]
pub(super) struct Keys(Key);

impl Keys {
    pub(super) fn of(organization: &OrganizationId) -> Self {
        Self(Key::organization(organization))
    }

    /// What all keys of a table begin with.
    pub(super) fn table(&self, table: Table) -> Vec<u8> {
        self.at(table).0
    }

    fn at(&self, table: Table) -> Key {
        self.0.clone().table(table)
    }

    pub(super) fn asset(&self, table: Table, id: AssetId) -> Vec<u8> {
        self.at(table).number(id.as_u128()).0
    }

    pub(super) fn match_key(&self, key: &MatchKey) -> Vec<u8> {
        self.at(Table::MatchKey).text(key.as_str()).0
    }

    /// What all keys of a table that are of a source begin with.
    pub(super) fn source(&self, table: Table, source: &SourceId) -> Vec<u8> {
        self.at(table).source(source).0
    }

    pub(super) fn object(&self, table: Table, source: &SourceId, object: ObjectGuid) -> Vec<u8> {
        self.at(table).source(source).object(object).0
    }

    pub(super) fn place(&self, table: Table, key: &ObjectKey) -> Vec<u8> {
        self.object(table, &key.source, key.object)
    }

    pub(super) fn linked_to(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
    ) -> Vec<u8> {
        self.at(Table::LinkedTo).number(asset.as_u128()).source(source).object(object).0
    }

    pub(super) fn constraint(&self, constraint: &Constraint) -> Vec<u8> {
        let kind = match constraint.kind {
            ConstraintKind::MustLink => 1,
            ConstraintKind::CannotLink => 2,
        };
        let of_object = self.at(Table::Constraint).source(&constraint.source);
        of_object.object(constraint.object).number(constraint.asset.as_u128()).bytes(&[kind]).0
    }

    pub(super) fn merge(&self, id: MergeId) -> Vec<u8> {
        self.at(Table::Merge).number(id.as_u128()).0
    }

    pub(super) fn checkpoint(&self, source: &SourceId, key: RecordDigest) -> Vec<u8> {
        self.at(Table::Checkpoint).source(source).bytes(&key.0).0
    }

    pub(super) fn run_start(&self, source: &SourceId, run: RunId) -> Vec<u8> {
        self.at(Table::RunStart).source(source).number(run.as_u128()).0
    }

    /// The later a run began, the lower is its key; of two that began at once, that of the higher id is.
    pub(super) fn run(&self, source: &SourceId, started: Timestamp, run: RunId) -> Vec<u8> {
        let since_ever = started.as_micros().cast_unsigned() ^ (1 << 63);
        let of_source = self.at(Table::Run).source(source);
        of_source.bytes(&(!since_ever).to_be_bytes()).number(!run.as_u128()).0
    }

    pub(super) fn lease(&self, source: &SourceId) -> Vec<u8> {
        self.at(Table::Lease).source(source).0
    }

    /// In the order of commits.
    pub(super) fn event(&self, entry: u64) -> Vec<u8> {
        self.at(Table::Event).bytes(&entry.to_be_bytes()).0
    }

    pub(super) fn batch(&self, id: BatchId) -> Vec<u8> {
        self.at(Table::Batch).number(id.as_u128()).0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(organization: &str) -> Keys {
        Keys::of(&organization.parse().unwrap())
    }

    #[test]
    fn no_two_things_have_one_key() {
        let mut all = BTreeSet::new();
        let mut count = 0;
        let mut add = |key: Vec<u8>| {
            count += 1;
            all.insert(key)
        };
        for organization in ["acme", "other"] {
            let keys = keys(organization);
            for number in [1, 2] {
                let asset = AssetId::from_u128(number);
                let object = ObjectGuid::from_bytes(number.to_be_bytes());
                let (run, started) = (RunId::from_u128(number), Timestamp::MIN);
                assert!(add(keys.asset(Table::Asset, asset)));
                assert!(add(keys.asset(Table::Redirect, asset)));
                assert!(add(keys.merge(MergeId::from_u128(number))));
                assert!(add(keys.batch(BatchId::from_u128(number))));
                assert!(add(keys.event(number as u64)));
                // A text that another one begins with, and texts that only a NUL tells apart.
                for name in ["a", "a.b", "a\0", "a\0\0"] {
                    let Ok(source) = SourceId::new("ldap", name) else { continue };
                    assert!(add(keys.object(Table::Link, &source, object)));
                    assert!(add(keys.linked_to(asset, &source, object)));
                    assert!(add(keys.run_start(&source, run)));
                    assert!(add(keys.run(&source, started, run)));
                }
            }
            for name in ["corp.example", "lab.example"] {
                let source = SourceId::new("ldap", name).unwrap();
                assert!(add(keys.lease(&source)));
                assert!(add(keys.source(Table::Link, &source)));
            }
        }
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_text_is_never_the_beginning_of_another_ones_key() {
        let texts = ["", "a", "a\0", "a\0\0", "a\0b", "ab", "b"];
        let key = |text: &str| keys("acme").at(Table::MatchKey).text(text).into_bytes();
        assert!(texts.map(key).is_sorted());
        for (text, other) in texts.iter().flat_map(|one| texts.map(|other| (*one, other))) {
            assert_eq!(key(other).starts_with(&key(text)), text == other, "{text:?} {other:?}");
        }
    }

    #[test]
    fn runs_come_newest_first_and_of_two_that_began_at_once_the_higher_id() {
        let (keys, source) = (keys("acme"), SourceId::new("ldap", "corp.example").unwrap());
        let micros = [i64::MIN / 4, -(1 << 40), -2, -1, 0, 1, 1 << 40, i64::MAX / 4];
        let started = micros.into_iter().filter_map(Timestamp::from_micros);
        let runs = started.flat_map(|started| [1, 2, u128::MAX].map(|run| (started, run)));
        let runs: Vec<(Timestamp, u128)> = runs.collect();
        assert!(runs.is_sorted() && runs.len() >= 18, "{runs:?}");
        let key =
            |(started, run): (Timestamp, u128)| keys.run(&source, started, RunId::from_u128(run));
        let descending: Vec<_> = runs.into_iter().rev().map(key).collect();
        assert!(descending.is_sorted_by(|newer, older| newer < older));
        assert!(descending.iter().all(|key| key.starts_with(&keys.source(Table::Run, &source))));
    }
}
