//! Ids that people read and type: as much of the end as tells them apart.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, AssetsRequest, SearchRequest};
use ldap_inventory::query::Query;
use ldap_inventory::value::{AssetId, OrganizationId, Timestamp};

/// The fewest characters of a short id.
const FEWEST: usize = 6;

/// Of more assets than these not every one is looked at: so many characters are enough.
const MANY: u64 = 20_000;
const ENOUGH: usize = 12;

/// How ids of an inventory are shown to people: by their ends, since those that were made at one time begin alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortIds {
    length: usize,
}

impl ShortIds {
    /// As many characters as tell all assets of an organization apart.
    pub(crate) async fn of(
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
    ) -> Result<Self> {
        let all = SearchRequest::new(organization.clone(), Query::everything(), Timestamp::now());
        if repository.count_assets(all, &[]).await?.total > MANY {
            return Ok(Self { length: ENOUGH });
        }
        let all = AssetsRequest::new(organization.clone());
        let ids: Vec<AssetId> =
            repository.each_asset(all).await?.map_ok(|asset| asset.id).try_collect().await?;
        let is_enough = |length: &usize| {
            let ends: BTreeSet<String> = ids.iter().map(|id| end(*id, *length)).collect();
            ends.len() == ids.len()
        };
        Ok(Self { length: (FEWEST..=36).find(is_enough).unwrap_or(36) })
    }

    /// The id as people read it.
    pub(crate) fn show(self, id: AssetId) -> String {
        end(id, self.length)
    }

    /// A sentence with this id in it as people read it.
    pub(crate) fn shorten(self, sentence: &str, id: AssetId) -> String {
        sentence.replace(&id.to_string(), &self.show(id))
    }
}

/// Whether a text that somebody typed is an id, or enough of its beginning or its end.
pub(crate) fn means(text: &str, id: AssetId) -> bool {
    let (text, id) = (text.to_ascii_lowercase(), id.to_string());
    let is_part = text.len() >= 4 && (id.starts_with(&text) || id.ends_with(&text));
    is_part || id.replace('-', "") == text
}

/// Whether a text may be a part of an id.
pub(crate) fn may_be(text: &str) -> bool {
    text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn end(id: AssetId, length: usize) -> String {
    let id = id.to_string();
    let start = id.len().saturating_sub(length);
    id.get(start..).unwrap_or(&id).trim_start_matches('-').to_owned()
}
