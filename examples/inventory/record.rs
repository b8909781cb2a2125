//! What all kinds of record have in common.

use std::collections::BTreeMap;

use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, SearchPage, SearchRequest};
use ldap_inventory::query::{Field, Reading};
use ldap_inventory::value::{AssetId, Attributes};
use serde::Serialize;

/// A kind of record that can be found and shown.
pub(crate) trait Record: Sized {
    /// What one of them is called, and several.
    const NOUN: (&str, &str);

    /// The fields that it can be asked for.
    const FIELDS: &[Field];

    /// The columns of a table for people.
    const TITLES: &[&str];

    /// The columns of a pipe or a file, by their keys in JSON.
    const KEYS: &[&str];

    /// Finds a page of them.
    async fn search(
        repository: &dyn AssetRepository,
        request: SearchRequest,
    ) -> Result<SearchPage<Self>>;

    /// How a search for them was read, to tell why it found nothing.
    async fn read(repository: &dyn AssetRepository, request: &SearchRequest) -> Result<Reading>;

    /// The object that tools read. Its keys are stable.
    fn json(&self) -> impl Serialize;

    /// The row that people read.
    fn cells(&self) -> Vec<String>;

    /// The id that people name it by, which stands before the row.
    fn id(&self) -> Option<AssetId> {
        None
    }
}

/// Attributes as tools read them: one text each, several values with a tab between them.
pub(crate) fn flattened(attributes: &Attributes) -> BTreeMap<&str, String> {
    attributes.by_name().into_iter().map(|(name, values)| (name, values.join("\t"))).collect()
}
