//! Candidates are found by equality of keys, exactly.

use super::records::*;
use crate::Result;
use crate::asset::{AssetRepository, Change};

pub(super) async fn every_asset_with_one_of_the_keys_comes_once_and_no_other(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let assets = [
        asset(1, &["web1", "web1.corp.example"]),
        asset(2, &["WEB1.other.example", "averylonghostname"]),
        asset(3, &["web10"]),
        asset(4, &["averylonghostna"]),
        asset(5, &[]),
    ];
    apply(repository, batch(1, assets.iter().map(|asset| put(asset, None)))).await?;
    let found = |names: &'static [&'static str]| async move {
        repository.candidates(&acme(), &keys(names)).await.map(numbers)
    };
    let none: [u64; 0] = [];
    assert_eq!(found(&["web1"]).await?, [1, 2]);
    assert_eq!(found(&["web1.corp.example", "WEB1", "web1"]).await?, [1, 2]);
    assert_eq!(found(&["AVERYLONGHOSTNA"]).await?, [2, 4]);
    assert_eq!(found(&["web10", "web1"]).await?, [1, 2, 3]);
    assert_eq!(found(&["web"]).await?, none);
    assert_eq!(found(&[]).await?, none);
    Ok(())
}

pub(super) async fn former_names_are_no_keys(repository: &dyn AssetRepository) -> Result<()> {
    let mut renamed = asset(1, &["old", "new"]);
    renamed.names[0].until = Some(at(1));
    apply(repository, batch(1, [put(&renamed, None)])).await?;
    assert!(repository.candidates(&acme(), &keys(&["old"])).await?.is_empty());
    assert_eq!(repository.candidates(&acme(), &keys(&["new"])).await?, [renamed]);
    Ok(())
}

pub(super) async fn keys_follow_a_change_of_names(repository: &dyn AssetRepository) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["a", "b"]), None)])).await?;
    apply(repository, batch(2, [put(&asset(1, &["b", "c"]), Some(1))])).await?;
    assert!(repository.candidates(&acme(), &keys(&["a"])).await?.is_empty());
    for name in ["b", "c"] {
        let found = repository.candidates(&acme(), &keys(&[name])).await?;
        assert_eq!(numbers(found), [1], "{name}");
    }
    Ok(())
}

pub(super) async fn many_keys_at_once(repository: &dyn AssetRepository) -> Result<()> {
    let names: Vec<String> = (0..3_000).map(|n| format!("host-{n}")).collect();
    let assets = (0..).zip(&names).map(|(n, name)| put(&asset(n, &[name]), None));
    apply(repository, batch(1, assets)).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = repository.candidates(&acme(), &keys(&names)).await?;
    assert_eq!(numbers(found), (0..3_000).collect::<Vec<u64>>());
    Ok(())
}

pub(super) async fn records_are_found_by_id_as_far_as_they_exist(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let puts = (1..=3).flat_map(|n| {
        let (user, group) = (Box::new(user(n)), Box::new(group(n + 10)));
        [put(&asset(n, &["web"]), None), Change::PutUser(user), Change::PutGroup(group)]
    });
    apply(repository, batch(1, puts)).await?;
    let ids = [3, 9, 1, 3].map(asset_id);
    assert_eq!(numbers(repository.assets(&acme(), &ids).await?), [1, 3]);
    assert!(repository.assets(&acme(), &[]).await?.is_empty());

    let mut users = repository.users(&acme(), &corp(), &[3, 9, 1, 3, 11].map(guid)).await?;
    users.sort_by_key(|user| user.dn.as_str().to_owned());
    assert_eq!(users, [user(1), user(3)]);
    let mut groups = repository.groups(&acme(), &corp(), &[13, 9, 11, 13, 1].map(guid)).await?;
    groups.sort_by_key(|group| group.dn.as_str().to_owned());
    assert_eq!(groups, [group(11), group(13)]);
    Ok(())
}
