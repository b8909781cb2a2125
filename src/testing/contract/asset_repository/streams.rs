//! Streams bring everything once, in order, and from any place on.

use futures::TryStreamExt;

use super::records::*;
use crate::Result;
use crate::asset::{
    Asset, AssetRepository, AssetsRequest, Batch, Change, DirectoryGroup, DirectoryUser, Link,
    LinksRequest, ObjectKey, PrincipalsRequest, SearchRequest,
};
use crate::query::Query;
use crate::value::{BatchId, SourceId};

/// More than any store reads at a time.
const MANY: u64 = 5_003;

async fn ids(repository: &dyn AssetRepository, request: AssetsRequest) -> Result<Vec<u64>> {
    let assets: Vec<Asset> = repository.each_asset(request).await?.try_collect().await?;
    let first = asset_id(0).as_u128();
    Ok(assets.iter().map(|asset| (asset.id.as_u128() - first) as u64).collect())
}

pub(super) async fn assets_come_each_once_in_the_order_of_ids(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let all = AssetsRequest::new(acme());
    assert_eq!(ids(repository, all.clone()).await?, [0; 0]);
    // Written in another order than that of their ids.
    let puts = (0..MANY).map(|n| put(&asset((n * 37) % MANY, &["web"]), None));
    apply(repository, batch(1, puts)).await?;
    assert!(ids(repository, all.clone()).await?.into_iter().eq(0..MANY));
    for last in [0, 1, MANY - 2, MANY - 1, MANY + 9] {
        let rest = ids(repository, all.clone().after(Some(asset_id(last)))).await?;
        assert!(rest.into_iter().eq(last + 1..MANY.max(last + 1)), "after {last}");
    }
    assert_eq!(ids(repository, AssetsRequest::new(rival())).await?, [0; 0]);
    Ok(())
}

pub(super) async fn assets_come_by_their_ids(repository: &dyn AssetRepository) -> Result<()> {
    apply(repository, batch(1, (0..9).map(|n| put(&asset(n, &["web"]), None)))).await?;
    let asked = AssetsRequest::new(acme()).of_ids([7, 3, 99, 3, 5].map(asset_id));
    assert_eq!(ids(repository, asked.clone()).await?, [3, 5, 7]);
    for last in [3, 4] {
        assert_eq!(ids(repository, asked.clone().after(Some(asset_id(last)))).await?, [5, 7]);
    }
    assert_eq!(ids(repository, asked.of_ids([])).await?, [0; 0]);
    let elsewhere = AssetsRequest::new(rival()).of_ids([asset_id(3)]);
    assert_eq!(ids(repository, elsewhere).await?, [0; 0]);
    Ok(())
}

/// Sources in another order than a language would have them in: upper case before lower, `-` before `.`.
fn sources() -> [SourceId; 5] {
    ["corp.example", "Corp.example", "corp-b.example", "corp", "b\u{fc}ro.example"]
        .map(|name| SourceId::new("ldap", name).unwrap())
}

/// Writes ten users and groups of each source, and returns their keys in order.
async fn principals(repository: &dyn AssetRepository) -> Result<Vec<ObjectKey>> {
    let mut keys = Vec::new();
    for (n, source) in (1..).zip(sources()) {
        let mut changes = Vec::new();
        for k in 0..10 {
            let (mut user, mut group) = (user(k), group(k));
            (user.source, group.source) = (source.clone(), source.clone());
            keys.push(user.key());
            changes.extend([Change::PutUser(Box::new(user)), Change::PutGroup(Box::new(group))]);
        }
        let batch = Batch::new(BatchId::from_u128(n), acme(), source).with_changes(changes);
        apply(repository, batch).await?;
    }
    keys.sort();
    Ok(keys)
}

pub(super) async fn users_and_groups_come_in_the_order_of_their_keys(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let keys = principals(repository).await?;
    for request in requests(&keys) {
        come_as_asked_for(repository, &keys, request).await?;
    }
    Ok(())
}

pub(super) async fn users_and_groups_come_by_their_objects(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let keys = principals(repository).await?;
    for request in requests(&keys) {
        for objects in [&[][..], &[7, 3, 77, 3]] {
            let asked = request.clone().of_objects(objects.iter().copied().map(guid));
            come_as_asked_for(repository, &keys, asked).await?;
        }
    }
    Ok(())
}

/// For users and groups of each source and of all, from several places on.
fn requests(keys: &[ObjectKey]) -> Vec<PrincipalsRequest> {
    let absent = ObjectKey::new(corp(), guid(77));
    let places = keys.iter().step_by(7).chain([&absent]).map(Some).chain([None]);
    let mut requests = Vec::new();
    for after in places {
        for source in sources().map(Some).into_iter().chain([None]) {
            let all = PrincipalsRequest::new(acme());
            requests.push(all.of_source(source).after(after.cloned()));
        }
    }
    requests
}

/// That a request brings just those of these keys that it is for, in their order.
async fn come_as_asked_for(
    repository: &dyn AssetRepository,
    keys: &[ObjectKey],
    request: PrincipalsRequest,
) -> Result<()> {
    let is_asked_for = |key: &&ObjectKey| {
        request.source.as_ref().is_none_or(|source| key.source == *source)
            && request.objects.as_ref().is_none_or(|objects| objects.contains(&key.object))
            && request.after.as_ref().is_none_or(|after| *key > after)
    };
    let expected: Vec<ObjectKey> = keys.iter().filter(is_asked_for).cloned().collect();
    let users = repository.each_user(request.clone()).await?;
    let users: Vec<DirectoryUser> = users.try_collect().await?;
    let found: Vec<ObjectKey> = users.iter().map(DirectoryUser::key).collect();
    assert_eq!(found, expected, "users, {request:?}");
    let groups = repository.each_group(request.clone()).await?;
    let groups: Vec<DirectoryGroup> = groups.try_collect().await?;
    let found: Vec<ObjectKey> = groups.iter().map(DirectoryGroup::key).collect();
    assert_eq!(found, expected, "groups, {request:?}");
    Ok(())
}

pub(super) async fn a_search_for_users_and_groups_keeps_to_its_source(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let keys = principals(repository).await?;
    for source in sources() {
        let request = SearchRequest::new(acme(), Query::everything(), at(0)).with_limit(4);
        let mut request = request.of_source(source.clone());
        let mut found = Vec::new();
        loop {
            let users = repository.search_users(request.clone()).await?;
            let groups = repository.search_groups(request.clone()).await?.records;
            let page: Vec<ObjectKey> = users.records.iter().map(DirectoryUser::key).collect();
            assert!(groups.iter().map(DirectoryGroup::key).eq(page.iter().cloned()));
            found.extend(page);
            if users.next.is_none() {
                break;
            }
            request = request.after(users.next);
        }
        assert!(found.iter().eq(keys.iter().filter(|key| key.source == source)), "{source}");
    }
    Ok(())
}

pub(super) async fn links_are_found_by_their_objects(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, (0..9).map(|n| put_link(link(n))))).await?;
    let elsewhere = Batch::new(BatchId::from_u128(2), acme(), branch());
    apply(repository, elsewhere.with_changes([put_link(link(20))])).await?;
    let all = LinksRequest::new(acme(), corp());
    let asked = all.clone().of_objects([3, 7, 20, 3, 99].map(guid));
    let mut found: Vec<Link> = repository.links(asked).await?.try_collect().await?;
    found.sort_by_key(|link| link.object);
    let mut expected = [link(3), link(7)];
    expected.sort_by_key(|link| link.object);
    assert_eq!(found, expected);
    let nothing = all.of_objects([]);
    let found: Vec<Link> = repository.links(nothing).await?.try_collect().await?;
    assert_eq!(found, []);
    Ok(())
}
