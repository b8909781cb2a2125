//! What is nested without an end, or nearly: queries, and groups.

use std::sync::Arc;

use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, SearchRequest};
use ldap_inventory::query::Query;
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{ReadMode, Timestamp};

use crate::{acme, memory, run, sqlite};

/// How many groups are in each other, and how many levels a diamond has.
const CHAIN: usize = 10_000;
const DIAMOND: usize = 20;

/// As deep as a query may be it is answered, and refused as deep as its length lets it be.
pub(crate) async fn search() -> Result<String> {
    let stores: [Arc<dyn AssetRepository>; 2] = [memory(), sqlite()];
    for repository in &stores {
        run(&MockDirectory::new([MockRecord::computer("WEB1")]), &**repository).await?;
        for (open, close, levels) in [("(", ")", 1), ("NOT ", "", 1), ("NOT (", ")", 2)] {
            let nested = |depth| format!("{}name:web1{}", open.repeat(depth), close.repeat(depth));
            let query = Query::parse(&nested(Query::MAX_DEPTH / levels)).unwrap();
            let printed = query.to_string();
            let found = repository.search_assets(asking(query)).await?;
            assert_eq!(found.records.len(), 1, "{printed}");
            let longest = (Query::MAX_LENGTH - "name:web1".len()) / (open.len() + close.len());
            assert!(Query::parse(&nested(longest)).is_err());
        }
    }
    let deepest = Query::MAX_DEPTH;
    Ok(format!("{deepest} levels are answered"))
}

fn asking(query: Query) -> SearchRequest {
    SearchRequest::new(acme(), query, Timestamp::now())
}

/// Groups in each other, the last of which has Alice.
fn chain(name: &str) -> Vec<MockRecord> {
    let dn = |n| MockRecord::group(&format!("chain{n}")).build().dn;
    let alice = MockRecord::user(name).with_guid(MockRecord::guid_of("alice"));
    let inner =
        (1..CHAIN).map(|n| MockRecord::group(&format!("chain{}", n - 1)).with_member(&dn(n)));
    let last =
        MockRecord::group(&format!("chain{}", CHAIN - 1)).with_member(&alice.clone().build().dn);
    inner.chain([last, alice]).collect()
}

/// Two groups on each level, each with both of the next: a million ways down.
fn diamond() -> impl Iterator<Item = MockRecord> {
    let group = |level, side| MockRecord::group(&format!("diamond{level}-{side}"));
    let both = (0..DIAMOND).flat_map(|level| [(level, 0), (level, 1)]);
    both.map(move |(level, side)| match level + 1 {
        DIAMOND => group(level, side).with_member(&MockRecord::user("bob").build().dn),
        next => {
            let below = [0, 1].map(|side| group(next, side).build().dn);
            below.iter().fold(group(level, side), MockRecord::with_member)
        }
    })
}

/// They are read, changed at their far end, and searched from both.
pub(crate) async fn groups() -> Result<String> {
    let repository = memory();
    let domain = |alice| chain(alice).into_iter().chain(diamond()).chain([MockRecord::user("bob")]);
    let directory = MockDirectory::new(domain("alice")).with_deltas(ReadMode::DirSync, false);
    let created = run(&directory, &*repository).await?.groups.created;
    directory.set_objects(domain("Alice Liddell"));
    run(&directory, &*repository).await?;
    for (group, user) in [("chain0", "alice liddell"), ("diamond0-1", "bob")] {
        let users = asking(Query::parse(&format!("group:\"CN={group},\"")).unwrap());
        let found = repository.search_users(users.with_nested(true)).await?;
        assert_eq!(found.records.len(), 1, "{group}");
        let groups = asking(Query::parse(&format!("member:\"CN={user},\"")).unwrap());
        let found = repository.search_groups(groups.with_nested(true).with_limit(1)).await?;
        assert_eq!(found.records.len(), 1, "{user}");
    }
    Ok(format!("{created} groups created"))
}
