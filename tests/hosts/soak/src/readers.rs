//! A process that asks: searches, counts, lists, explains and checks. It may not write.

use std::time::Instant;

use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, AssetsRequest, Facet, SearchRequest};
use ldap_inventory::curation::Curation;
use ldap_inventory::query::Query;
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::Timestamp;

use crate::acme;
use crate::process::Working;
use crate::told::{Told, failed, micros};

pub(crate) const READERS: usize = 1;

const QUERIES: [&str; 8] = [
    "name:kept1*",
    "changed",
    "source:ldap AND NOT state:missing",
    "@ldap.computer.description:=changed%7%",
    "comment:person",
    "name:pc1*-0 OR name:pc2*-1",
    "last_seen:never",
    "state:missing",
];
const OF_USERS: [&str; 3] = ["user1", "title", "nested:group3"];

pub(crate) async fn work(mut working: Working) -> Result<()> {
    let repository = SqliteRepository::open_read_only(&working.file)?;
    while working.goes_on() {
        let begun = Instant::now();
        match ask(&repository, &mut working.random).await {
            Ok(what) => Told::Asked { what: what.to_owned(), micros: micros(begun) }.tell(),
            Err(error) => failed("a reader", &error, &[]),
        }
    }
    Ok(())
}

/// Asks something. What it was.
async fn ask(repository: &SqliteRepository, random: &mut SplitMix) -> Result<&'static str> {
    let request = |query: &str| -> Result<SearchRequest> {
        Ok(SearchRequest::new(acme(), Query::parse(query)?, Timestamp::now()))
    };
    let query = QUERIES[random.below(QUERIES.len())];
    match random.below(40) {
        0..20 => {
            repository.search_assets(request(query)?).await?;
            Ok("search assets")
        }
        20..28 => {
            let query = OF_USERS[random.below(OF_USERS.len())];
            repository.search_users(request(query)?).await?;
            Ok("search users")
        }
        28..32 => {
            repository.search_groups(request("group")?).await?;
            Ok("search groups")
        }
        32..36 => {
            repository.count_assets(request(query)?, &[Facet::Os, Facet::Source]).await?;
            Ok("count")
        }
        36..38 => {
            let found = repository.search_assets(request("name:kept*")?.with_limit(50)).await?;
            if let Some(asset) = random.pick(&found.records) {
                // It may be gone meanwhile: then its id leads to where it went.
                Curation::new(repository, acme()).explain(asset.id).await?;
            }
            Ok("explain")
        }
        38 => {
            let all = repository.each_asset(AssetsRequest::new(acme())).await?;
            let mut last = None;
            let in_order = all.try_for_each(|asset| {
                let is_next = last.is_none_or(|last| last < asset.id);
                last = Some(asset.id);
                let what = "assets were listed out of order, or twice".to_owned();
                (!is_next).then(|| Told::Broken { what }.tell());
                std::future::ready(Ok(()))
            });
            in_order.await?;
            Ok("list all assets")
        }
        _ => {
            for finding in repository.check().await? {
                Told::Broken { what: format!("inventory check: {finding}") }.tell();
            }
            Ok("check")
        }
    }
}
