//! Batches are written whole, once, and on what they were planned on.

use futures::future::join_all;
use futures::{FutureExt, TryStreamExt};

use super::records::*;
use crate::asset::{
    Asset, AssetRepository, Batch, Change, CommitOutcome, ConstraintKind, DirectoryUser, Link,
    LinksRequest, Version,
};
use crate::value::{Attributes, BatchId};
use crate::{ErrorKind, Result};

pub(super) async fn what_was_committed_is_seen_by_every_later_call(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let all = batch(
        1,
        [
            put(&asset(1, &["web1"]), None),
            put_link(link(1)),
            Change::PutUser(Box::new(user(2))),
            Change::PutGroup(Box::new(group(3))),
            Change::PutConstraint(constraint(1, ConstraintKind::MustLink)),
            Change::PutMerge(Box::new(merge(1, 0))),
        ],
    );
    apply(repository, all.closing(Some(checkpoint(b"1")), run(1, 0))).await?;
    assert_eq!(stored(repository, 1).await?, Some(asset(1, &["web1"])));
    assert_eq!(repository.candidates(&acme(), &keys(&["web1"])).await?.len(), 1);
    assert_eq!(links(repository, &corp()).await?, [link(1)]);
    assert_eq!(repository.users(&acme(), &corp(), &[guid(2)]).await?, [user(2)]);
    assert_eq!(repository.groups(&acme(), &corp(), &[guid(3)]).await?, [group(3)]);
    let expected = [constraint(1, ConstraintKind::MustLink)];
    assert_eq!(repository.constraints(&acme()).await?, expected);
    assert_eq!(repository.merges(&acme()).await?, [merge(1, 0)]);
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, Some(checkpoint(b"1")));
    assert_eq!(repository.runs(&acme(), &corp(), 10).await?, [run(1, 0)]);
    Ok(())
}

pub(super) async fn records_come_back_as_they_were_written(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let every_link = (0..12).map(|n| put_link(link(n)));
    let puts = [put(&rich_asset(1), None), Change::PutMerge(Box::new(merge(1, 0)))];
    let token: Vec<u8> = (0..=255).collect();
    let writes = batch(1, puts.into_iter().chain(every_link));
    apply(repository, writes.closing(Some(checkpoint(&token)), run(1, 0))).await?;
    assert_eq!(stored(repository, 1).await?, Some(rich_asset(1)));
    assert_eq!(repository.merges(&acme()).await?[0], merge(1, 0));
    let mut expected: Vec<_> = (0..12).map(link).collect();
    expected.sort_by_key(|link| link.object);
    assert_eq!(links(repository, &corp()).await?, expected);
    let stored = repository.checkpoint(&acme(), &corp(), KEY).await?;
    assert_eq!(stored, Some(checkpoint(&token)));
    Ok(())
}

pub(super) async fn texts_come_back_to_the_last_character(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let long = "\u{1f5a5}".repeat(1 << 18);
    let texts = ["before\0behind", "\0", " both ends ", "\r\n", "\u{feff}mark", "e\u{301}", &long];
    let attributes: Attributes = texts.into_iter().map(|text| ("description", text)).collect();
    let mut asset = asset(1, &["web1"]);
    asset.parts[0].attributes = attributes.clone();
    let user = DirectoryUser { attributes, ..user(1) };
    let changes = [put(&asset, None), Change::PutUser(Box::new(user.clone()))];
    apply(repository, batch(1, changes)).await?;
    // Not `assert_eq`, which would print a megabyte.
    assert!(stored(repository, 1).await? == Some(asset), "a text of the asset differs");
    let users = repository.users(&acme(), &corp(), &[guid(1)]).await?;
    assert!(users == [user], "a text of the user differs");
    Ok(())
}

pub(super) async fn what_is_written_again_keeps_nothing_of_before(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let rich = [
        put(&rich_asset(1), None),
        Change::PutUser(Box::new(user(2))),
        Change::PutGroup(Box::new(group(3))),
    ];
    apply(repository, batch(1, rich)).await?;
    let mut bare = asset(1, &["web1"]);
    bare.version = 2;
    let (mut bare_user, mut bare_group) = (user(2), group(3));
    (bare_user.groups, bare_user.attributes) = (Vec::new(), Attributes::default());
    (bare_group.members, bare_group.attributes) = (Vec::new(), Attributes::default());
    let again = [
        put(&bare, Some(1)),
        Change::PutUser(Box::new(bare_user.clone())),
        Change::PutGroup(Box::new(bare_group.clone())),
    ];
    apply(repository, batch(2, again)).await?;
    assert_eq!(stored(repository, 1).await?, Some(bare));
    assert_eq!(repository.users(&acme(), &corp(), &[guid(2)]).await?, [bare_user]);
    assert_eq!(repository.groups(&acme(), &corp(), &[guid(3)]).await?, [bare_group]);
    Ok(())
}

pub(super) async fn a_repeated_batch_writes_nothing_and_says_so(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let first = batch(1, [put(&asset(1, &["web1"]), None)]);
    apply(repository, first.clone()).await?;
    apply(repository, batch(2, [put(&asset(1, &["web2"]), Some(1))])).await?;
    assert_eq!(repository.commit(first).await?, CommitOutcome::AlreadyApplied);
    let names = stored(repository, 1).await?.map(|asset| asset.names);
    assert_eq!(names, Some(asset(1, &["web2"]).names));
    Ok(())
}

pub(super) async fn a_stale_version_is_a_conflict_and_writes_nothing(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    apply(repository, batch(2, [put(&asset(1, &["web1", "web1b"]), Some(1))])).await?;
    let stale = batch(
        3,
        [
            put(&asset(2, &["web2"]), None),
            put_link(link(1)),
            Change::PutUser(Box::new(user(1))),
            Change::PutGroup(Box::new(group(1))),
            put(&asset(1, &["lost"]), Some(1)),
            Change::PutConstraint(constraint(1, ConstraintKind::MustLink)),
            Change::PutMerge(Box::new(merge(1, 0))),
        ],
    );
    let committed = repository.commit(stale.closing(Some(checkpoint(b"3")), run(1, 0))).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    assert_eq!(stored(repository, 1).await?.map(|asset| asset.version), Some(2));
    assert_eq!(stored(repository, 2).await?, None);
    assert!(repository.candidates(&acme(), &keys(&["web2", "lost"])).await?.is_empty());
    assert!(links(repository, &corp()).await?.is_empty());
    assert!(repository.users(&acme(), &corp(), &[guid(1)]).await?.is_empty());
    assert!(repository.groups(&acme(), &corp(), &[guid(1)]).await?.is_empty());
    assert!(repository.constraints(&acme()).await?.is_empty());
    assert!(repository.merges(&acme()).await?.is_empty());
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, None);
    assert!(repository.runs(&acme(), &corp(), 10).await?.is_empty());
    Ok(())
}

pub(super) async fn an_asset_that_exists_is_a_conflict_where_none_was_expected(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    let committed = repository.commit(batch(2, [put(&asset(1, &["other"]), None)])).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    assert_eq!(stored(repository, 1).await?, Some(asset(1, &["web1"])));
    Ok(())
}

pub(super) async fn an_asset_that_does_not_exist_is_a_conflict_where_one_was_expected(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let committed = repository.commit(batch(1, [put(&asset(1, &["web1"]), Some(1))])).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    let removal = Change::RemoveAsset { id: asset_id(1), expected: 1, to: None };
    let committed = repository.commit(batch(2, [removal])).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    Ok(())
}

pub(super) async fn a_conflict_names_every_asset_once(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, (1..=4).map(|n| put(&asset(n, &["web"]), None)))).await?;
    let changes = [
        put(&asset(3, &["web"]), Some(7)),
        put(&asset(2, &["web"]), Some(1)),
        put(&asset(1, &["web"]), None),
        Change::RemoveAsset { id: asset_id(4), expected: 2, to: None },
        put(&asset(3, &["web"]), Some(8)),
    ];
    let CommitOutcome::Conflict(mut assets) = repository.commit(batch(2, changes)).await? else {
        panic!("three stale changes were applied");
    };
    assets.sort_unstable();
    assert_eq!(assets, [asset_id(1), asset_id(3), asset_id(4)]);
    Ok(())
}

pub(super) async fn a_batch_in_conflict_may_come_again(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let again = batch(2, [put(&asset(1, &["web1"]), Some(1))]);
    let committed = repository.commit(again.clone()).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    apply(repository, again).await
}

pub(super) async fn changes_are_made_in_their_order(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let changes = [
        put(&asset(1, &["first"]), None),
        put(&asset(1, &["second"]), Some(1)),
        put_link(link(1)),
        Change::RemoveObject { source: corp(), object: guid(1) },
        Change::RemoveObject { source: corp(), object: guid(2) },
        put_link(link(2)),
        put(&asset(2, &["third"]), None),
        Change::RemoveAsset { id: asset_id(2), expected: 1, to: None },
        put(&asset(2, &["fourth"]), None),
    ];
    apply(repository, batch(1, changes)).await?;
    let found = repository.candidates(&acme(), &keys(&["first", "third"])).await?;
    assert!(found.is_empty(), "{found:?}");
    let found = repository.candidates(&acme(), &keys(&["second", "fourth"])).await?;
    assert_eq!(numbers(found), [1, 2]);
    assert_eq!(links(repository, &corp()).await?, [link(2)]);
    Ok(())
}

pub(super) async fn an_asset_taken_away_takes_the_links_to_it_away(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let assets = [put(&asset(3, &["web3"]), None), put(&asset(6, &["web6"]), None)];
    let both = [put_link(link(3)), put_link(link(6))];
    apply(repository, batch(1, assets.into_iter().chain(both))).await?;
    let removal = |n| Change::RemoveAsset { id: asset_id(n), expected: 1, to: None };
    apply(repository, batch(2, [removal(3)])).await?;
    assert_eq!(links(repository, &corp()).await?, [link(6)]);

    // Whose source it is, is no matter, and another organization has assets of its own.
    let theirs = Asset { organization: rival(), ..asset(6, &["web6"]) };
    let batch_of =
        |n, organization, source| Batch::new(BatchId::from_u128(n), organization, source);
    let of_rival = [put(&theirs, None), put_link(link(6))];
    apply(repository, batch_of(4, rival(), corp()).with_changes(of_rival)).await?;
    let elsewhere = put_link(Link { asset: Some(asset_id(6)), ..link(9) });
    apply(repository, batch_of(5, acme(), branch()).with_changes([elsewhere])).await?;
    apply(repository, batch(6, [removal(6)])).await?;
    assert!(links(repository, &corp()).await?.is_empty());
    assert!(links(repository, &branch()).await?.is_empty());
    let of_rival = LinksRequest::new(rival(), corp());
    let of_rival: Vec<Link> = repository.links(of_rival).await?.try_collect().await?;
    assert_eq!(of_rival, [link(6)]);
    let mut back = asset(6, &["web6"]);
    back.version = 2;
    let back = Change::create(back);
    apply(repository, batch(7, [back, put_link(link(6))])).await?;
    let removal = |n, expected| Change::RemoveAsset { id: asset_id(n), expected, to: None };

    // A link that the same batch ties to another asset stays.
    let elsewhere = Link { asset: Some(asset_id(3)), ..link(6) };
    let changes = [put(&asset(3, &["web3"]), None), removal(6, 2), put_link(elsewhere.clone())];
    apply(repository, batch(3, changes)).await?;
    assert_eq!(links(repository, &corp()).await?, [elsewhere]);
    Ok(())
}

pub(super) async fn an_asset_taken_away_may_come_back(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    let removal = Change::RemoveAsset { id: asset_id(1), expected: 1, to: None };
    apply(repository, batch(2, [removal])).await?;
    assert_eq!(stored(repository, 1).await?, None);
    assert!(repository.candidates(&acme(), &keys(&["web1"])).await?.is_empty());

    // It comes back at a later version, so that nobody overwrites it by what was planned before.
    let mut back = asset(1, &["web1"]);
    back.version = 2;
    let put = Change::create(back.clone());
    apply(repository, batch(3, [put])).await?;
    assert_eq!(repository.candidates(&acme(), &keys(&["web1"])).await?, [back]);
    Ok(())
}

pub(super) async fn a_version_that_does_not_follow_is_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    for version in [0, 1, 3] {
        let mut next = Box::new(asset(1, &["web1"]));
        next.version = version;
        let put = Change::PutAsset { expected: Some(1), asset: next, changed: None };
        let error = repository.commit(batch(2, [put])).await.expect_err("version does not follow");
        assert_eq!(error.kind(), ErrorKind::Invalid, "version {version}");
    }
    Ok(())
}

pub(super) async fn of_two_writers_one_is_in_conflict(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    let writers = (2..4).map(|n| {
        let name = format!("writer{n}");
        let writes = [put(&asset(1, &[&name]), Some(1)), put(&asset(n, &["own"]), None)];
        repository.commit(batch(n, writes))
    });
    let committed: Vec<CommitOutcome> =
        join_all(writers).await.into_iter().collect::<Result<_>>()?;
    let applied =
        committed.iter().position(|c| *c == CommitOutcome::Applied).expect("nobody wrote");
    assert_eq!(committed[1 - applied], CommitOutcome::Conflict(vec![asset_id(1)]));
    let own = repository.candidates(&acme(), &keys(&["own"])).await?;
    assert_eq!(numbers(own), [applied as u64 + 2]);
    Ok(())
}

pub(super) async fn no_update_is_lost_among_many_writers(
    repository: &dyn AssetRepository,
) -> Result<()> {
    const WRITERS: u64 = 4;
    const WRITES: u64 = 5;
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    let writers = (0..WRITERS).map(|writer| async move {
        let mut attempt = 100 * (writer + 1);
        for _ in 0..WRITES {
            loop {
                attempt += 1;
                let now = stored(repository, 1).await?.expect("the asset is there");
                match repository.commit(batch(attempt, [put(&now, Some(now.version))])).await? {
                    CommitOutcome::Applied => break,
                    CommitOutcome::AlreadyApplied => panic!("batch {attempt} is new"),
                    CommitOutcome::Conflict(_) => {}
                }
            }
        }
        Ok(())
    });
    join_all(writers).await.into_iter().collect::<Result<()>>()?;
    let version: Option<Version> = stored(repository, 1).await?.map(|asset| asset.version);
    assert_eq!(version, Some(1 + WRITERS * WRITES));
    Ok(())
}

pub(super) async fn a_dropped_commit_is_whole_or_absent(
    repository: &dyn AssetRepository,
) -> Result<()> {
    for n in 1..=20 {
        let writes = [put(&asset(n, &["dropped"]), None), put_link(link(n))];
        let writes = batch(n, writes);
        // Begins, and is dropped at its first await.
        let _ = repository.commit(writes.clone()).now_or_never();
        match repository.commit(writes).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {}
            CommitOutcome::Conflict(assets) => panic!("{assets:?} are there without their batch"),
        }
    }
    let found = repository.candidates(&acme(), &keys(&["dropped"])).await?;
    assert_eq!(numbers(found), (1..=20).collect::<Vec<u64>>());
    assert_eq!(links(repository, &corp()).await?.len(), 20);
    // The same id again is known, whichever of the two commits wrote it.
    let again = repository.commit(batch(20, [])).await?;
    assert_eq!(again, CommitOutcome::AlreadyApplied, "{}", BatchId::from_u128(20));
    Ok(())
}

pub(super) async fn a_commit_dropped_at_any_await_is_whole_or_absent(
    repository: &dyn AssetRepository,
) -> Result<()> {
    const POLLS: u64 = 12;
    for polls in 1..=POLLS {
        let writes = [put(&asset(polls, &["dropped"]), None), put_link(link(polls))];
        let writes = batch(polls, writes);
        let mut commit = repository.commit(writes.clone());
        for _ in 0..polls {
            if commit.as_mut().now_or_never().is_some() {
                break;
            }
        }
        drop(commit);
        match repository.commit(writes).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {}
            CommitOutcome::Conflict(_) => panic!("half of it is there after {polls} polls"),
        }
    }
    let found = repository.candidates(&acme(), &keys(&["dropped"])).await?;
    assert_eq!(numbers(found), (1..=POLLS).collect::<Vec<u64>>());
    assert_eq!(links(repository, &corp()).await?.len() as u64, POLLS);
    Ok(())
}
