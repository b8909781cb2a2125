//! Nothing of a query is more than a value to a store: in no position of it.

use super::records::*;
use crate::asset::{Asset, AssetRepository, Change, Facet, SearchRequest, Sort, SortKey};
use crate::query::Query;
use crate::value::AssetId;
use crate::{ErrorKind, Result};

/// What ends a text, a statement or a pattern, or begins a comment, in one database or another.
const ATTACKS: [&str; 16] = [
    "' OR 1=1 --",
    "' OR '1'='1",
    "'; DROP TABLE assets; --",
    "x') OR ('1'='1",
    "\" OR \"\"=\"",
    "\\' OR 1=1 --",
    "?1",
    "$1",
    ":organization",
    "= @organization",
    "x' UNION SELECT document FROM asset_documents --",
    "x\0' OR 1=1 --",
    "/**/OR/**/1=1",
    "`assets`; DELETE FROM assets",
    "{\"$ne\": null}",
    "\u{1f}ldap\u{1f}",
];

/// Where a query has a word of its own. `{}` is put between quotes, with everything escaped.
const POSITIONS: [&str; 20] = [
    "{}",
    "={}",
    "={}%",
    "=%{}_",
    "name:{}",
    "os:a,{}",
    "os:=a,{}",
    "site:{}",
    "source:{}",
    "type:={}",
    "id:{}",
    "address:{}",
    "{}:x",
    "{}_count:>0",
    "has:{}",
    "@{}.computer.cn:x",
    "@ldap.{}.cn:x",
    "@ldap.computer.{}:x",
    "@ldap.computer.cn:{}",
    "has:@ldap.computer.{}",
];

pub(super) async fn nothing_of_a_query_is_more_than_a_value(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let before = filled(repository).await?;
    for attack in ATTACKS {
        let escaped: String = attack
            .chars()
            .flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]))
            .collect();
        for position in POSITIONS {
            let text = position.replace("{}", &format!("\"{escaped}\""));
            let query = Query::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_finds_nothing(repository, &query).await?;
            // The opposite finds everything, and so do several at once.
            let opposite = Query::parse(&format!("NOT ({text} OR ({text}))")).unwrap();
            let found = repository.search_assets(request(&opposite)).await?.records;
            assert_eq!(found.len(), before.len(), "NOT {text}");
        }
    }
    assert_eq!(all(repository).await?, before, "an attack changed something");
    Ok(())
}

pub(super) async fn an_attack_where_operators_stand_is_refused_or_finds_nothing(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let before = filled(repository).await?;
    let now = at(100).as_micros();
    for attack in ATTACKS {
        for shape in ["os:{}", "os:>{}", "web {} web", "(web {}", "os:={}", "{}", "last_seen:<{}"] {
            // As it is: much of it is no query at all.
            let text = shape.replace("{}", attack);
            let Ok(query) = Query::parse(&text) else { continue };
            let found = repository.search_assets(request(&query)).await?.records;
            let expected: Vec<Asset> =
                before.iter().filter(|asset| query.matches(*asset, now)).cloned().collect();
            assert_eq!(found, expected, "{text}");
        }
        assert_finds_nothing(repository, &Query::parse(&Query::quote(attack)).unwrap()).await?;
    }
    assert_eq!(all(repository).await?, before, "an attack changed something");
    Ok(())
}

pub(super) async fn nothing_of_a_cursor_is_more_than_a_place(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let before = filled(repository).await?;
    for attack in ATTACKS {
        for order in ["name", "-os", "site", "last_seen"] {
            let sort: Sort = order.parse()?;
            let id = AssetId::from_u128(7);
            let cursor = format!("{sort} {id} ={attack}");
            let request = request(&Query::everything()).with_sort(sort).after(Some(cursor.clone()));
            match SortKey::read(sort, &cursor) {
                Ok(after) => {
                    let behind = |asset: &&Asset| SortKey::of(sort, asset).compare(&after).is_gt();
                    let found = repository.search_assets(request).await?.records;
                    assert_eq!(found.len(), before.iter().filter(behind).count(), "{attack}");
                }
                Err(_) => {
                    let error = repository.search_assets(request).await.expect_err("no place");
                    assert_eq!(error.kind(), ErrorKind::Invalid, "{attack}");
                }
            }
        }
    }
    assert_eq!(all(repository).await?, before, "an attack changed something");
    Ok(())
}

async fn filled(repository: &dyn AssetRepository) -> Result<Vec<Asset>> {
    let mut assets = [rich_asset(0), asset(1, &["web1"]), asset(2, &["web2.corp.example"])];
    assets[2].parts[0].attributes = [("cn", "WEB2")].into_iter().collect();
    let others = [Change::PutUser(Box::new(user(1))), Change::PutGroup(Box::new(group(1)))];
    let changes = assets.iter().map(|asset| put(asset, None)).chain(others);
    apply(repository, batch(1, changes)).await?;
    all(repository).await
}

async fn all(repository: &dyn AssetRepository) -> Result<Vec<Asset>> {
    let everything = request(&Query::everything());
    let users = repository.search_users(everything.clone()).await?.records;
    let groups = repository.search_groups(everything.clone()).await?.records;
    assert_eq!((users.len(), groups.len()), (1, 1));
    Ok(repository.search_assets(everything).await?.records)
}

async fn assert_finds_nothing(repository: &dyn AssetRepository, query: &Query) -> Result<()> {
    let request = request(query);
    let assets = repository.search_assets(request.clone()).await?.records;
    assert_eq!(numbers(assets), [0; 0], "{query}");
    let sorted = request.clone().with_sort("-name".parse()?);
    assert_eq!(numbers(repository.search_assets(sorted).await?.records), [0; 0], "{query}");
    let counts = repository.count_assets(request.clone(), &[Facet::Os, Facet::Source]).await?;
    assert_eq!(counts.total, 0, "{query}");
    assert!(repository.search_users(request.clone()).await?.records.is_empty(), "{query}");
    assert!(repository.search_groups(request).await?.records.is_empty(), "{query}");
    Ok(())
}

fn request(query: &Query) -> SearchRequest {
    SearchRequest::new(acme(), query.clone(), at(100))
}
