//! What a run leaves behind beside assets, users and groups.

use super::records::*;
use crate::Result;
use crate::asset::{
    AssetRepository, Batch, Change, CommitOutcome, Constraint, ConstraintKind, Home, Link,
    Presence, Redirect, Waiting,
};
use crate::value::{AssetId, BatchId, Checkpoint, ObjectKind, RecordDigest, SourceId};

pub(super) async fn links_come_each_once(repository: &dyn AssetRepository) -> Result<()> {
    // More than any store reads at a time.
    const LINKS: u64 = 10_001;
    apply(repository, batch(1, (0..LINKS).map(|n| put_link(link(n))))).await?;
    let mut expected: Vec<Link> = (0..LINKS).map(link).collect();
    expected.sort_by_key(|link| link.object);
    let found = links(repository, &corp()).await?;
    assert_eq!(found.len(), expected.len());
    let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!(differs, None);
    Ok(())
}

pub(super) async fn a_link_is_replaced_and_forgotten(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let (kept, mut changed) = (link(6), link(1));
    apply(repository, batch(1, [&kept, &changed].map(|link| put_link(link.clone())))).await?;
    changed.digest = RecordDigest([9; 16]);
    changed.asset = Some(asset_id(3));
    changed.presence = Presence::Missing { since: at(9), runs: 1 };
    apply(repository, batch(2, [put_link(changed.clone())])).await?;
    assert!(links(repository, &corp()).await?.contains(&changed));
    let forgotten = [
        Change::RemoveObject { source: corp(), object: changed.object },
        Change::RemoveObject { source: corp(), object: guid(77) },
    ];
    apply(repository, batch(3, forgotten)).await?;
    assert_eq!(links(repository, &corp()).await?, [kept]);
    Ok(())
}

pub(super) async fn a_user_or_group_of_any_source_is_taken_away(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let there = [
        put_link(Link { kind: ObjectKind::User, asset: None, ..link(2) }),
        Change::PutUser(Box::new(user(2))),
        put_link(Link { kind: ObjectKind::Group, asset: None, ..link(3) }),
        Change::PutGroup(Box::new(group(3))),
        Change::PutUser(Box::new(user(4))),
    ];
    apply(repository, batch(1, there)).await?;
    let away = |source: &SourceId, n| {
        let (source, object) = (source.clone(), guid(n));
        Change::RemoveObject { source, object }
    };
    let removals = [away(&corp(), 2), away(&corp(), 3), away(&branch(), 4), away(&corp(), 77)];
    let elsewhere = Batch::new(BatchId::from_u128(2), acme(), branch()).with_changes(removals);
    apply(repository, elsewhere).await?;
    assert!(links(repository, &corp()).await?.is_empty());
    let users = repository.users(&acme(), &corp(), &[guid(2), guid(4)]).await?;
    assert_eq!(users, [user(4)]);
    assert!(repository.groups(&acme(), &corp(), &[guid(3)]).await?.is_empty());
    Ok(())
}

pub(super) async fn a_link_of_any_source_is_moved_and_keeps_what_it_says(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put_link(link(6)), put_link(link(1))])).await?;
    let moves = |source: &SourceId, object| Change::MoveLink {
        source: source.clone(),
        object,
        asset: Some(asset_id(9)),
        home: Some(Home::Waiting),
    };
    let unknown = [moves(&branch(), link(6).object), moves(&corp(), guid(77))];
    let elsewhere = Batch::new(BatchId::from_u128(2), acme(), branch());
    let changes = unknown.into_iter().chain([moves(&corp(), link(1).object)]);
    apply(repository, elsewhere.with_changes(changes)).await?;
    let mut expected =
        vec![link(6), Link { asset: Some(asset_id(9)), home: Some(Home::Waiting), ..link(1) }];
    expected.sort_by_key(|link| link.object);
    assert_eq!(links(repository, &corp()).await?, expected);
    assert!(links(repository, &branch()).await?.is_empty());
    Ok(())
}

pub(super) async fn a_sighting_is_noted_and_the_rest_of_the_link_stays(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [1, 2, 6].map(|n| put_link(link(n))))).await?;
    let note = |n, of| Change::NoteSighting { object: guid(n), seen: sighting(of) };
    // Nobody knows the third, and nothing is known of it because it was seen.
    apply(repository, batch(2, [note(1, 5), note(2, 8), note(6, 7), note(3, 9)])).await?;
    let seen = |n, of| Link { seen: Some(sighting(of)), ..link(n) };
    let mut expected = vec![seen(1, 5), seen(2, 8), seen(6, 7)];
    expected.sort_by_key(|link| link.object);
    assert_eq!(links(repository, &corp()).await?, expected);
    let elsewhere = Batch::new(BatchId::from_u128(3), acme(), branch());
    apply(repository, elsewhere.with_changes([note(1, 6)])).await?;
    assert_eq!(links(repository, &corp()).await?, expected);
    let unseen = Link { seen: None, ..link(1) };
    apply(repository, batch(4, [put_link(unseen.clone())])).await?;
    assert!(links(repository, &corp()).await?.contains(&unseen));
    Ok(())
}

pub(super) async fn what_decisions_moved_is_told_of_all_sources(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let at_home = Link { home: None, ..link(3) };
    let away = Link { home: Some(Home::Asset(asset_id(4))), ..link(1) };
    apply(repository, batch(1, [&at_home, &away].map(|link| put_link(link.clone())))).await?;
    let waiting = Link { home: Some(Home::Waiting), ..link(6) };
    let elsewhere = Batch::new(BatchId::from_u128(2), acme(), branch());
    apply(repository, elsewhere.with_changes([put_link(waiting.clone())])).await?;
    let mut moved = repository.moved(&acme()).await?;
    moved.sort_by_key(|(source, _)| source.clone());
    assert_eq!(moved, [(branch(), waiting), (corp(), away.clone())]);
    // A link is at home again, and one without an asset may be anywhere.
    let (source, object) = (corp(), away.object);
    let back = Change::MoveLink { source, object, asset: None, home: None };
    apply(repository, batch(3, [back])).await?;
    assert_eq!(repository.moved(&acme()).await?.len(), 1);
    let link = Link { asset: None, home: None, ..away };
    assert!(links(repository, &corp()).await?.contains(&link));
    assert!(repository.moved(&rival()).await?.is_empty());
    Ok(())
}

pub(super) async fn every_source_with_links_is_told(
    repository: &dyn AssetRepository,
) -> Result<()> {
    for (n, source) in (1..).zip([corp(), branch()]) {
        let batch = Batch::new(BatchId::from_u128(n), acme(), source);
        apply(repository, batch.with_changes([put_link(link(6))])).await?;
    }
    let told = repository.sources(&acme()).await?;
    for source in [corp(), branch()] {
        let times = told.iter().filter(|told| **told == source).count();
        assert_eq!(times, 1, "{source}");
    }
    Ok(())
}

pub(super) async fn computers_wait_until_they_are_taken_away(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let waiting = |source: &SourceId, n| Waiting {
        source: source.clone(),
        object: guid(n),
        record: rich_asset(n),
        decision: Some(format!("{{\"object\":{n}}}")),
        told: Some(format!("{{\"object\":{n},\"told\":true}}")),
    };
    let all = [waiting(&corp(), 1), waiting(&branch(), 1), waiting(&corp(), 2)];
    let puts = all.clone().map(|waiting| Change::PutWaiting(Box::new(waiting)));
    apply(repository, batch(1, puts)).await?;
    let again = Waiting { decision: None, ..waiting(&branch(), 1) };
    apply(repository, batch(2, [Change::PutWaiting(Box::new(again.clone()))])).await?;
    assert_eq!(repository.waiting(&acme()).await?.len(), 3);
    assert!(repository.waiting(&acme()).await?.contains(&again));
    // Whoever forgets an object of the batch's source, forgets that it waits.
    let (source, object) = (branch(), guid(1));
    let changes = [
        Change::RemoveWaiting { source, object },
        Change::RemoveObject { source: corp(), object: guid(2) },
    ];
    apply(repository, batch(3, changes)).await?;
    assert_eq!(repository.waiting(&acme()).await?, [waiting(&corp(), 1)]);
    assert!(repository.waiting(&rival()).await?.is_empty());
    Ok(())
}

pub(super) async fn the_id_of_an_asset_that_is_gone_leads_on(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let ids: Vec<AssetId> = (1..=3).map(asset_id).collect();
    apply(repository, batch(1, (1..=2).map(|n| put(&asset(n, &["web"]), None)))).await?;
    let removal = |n, to| Change::RemoveAsset { id: asset_id(n), expected: 1, to };
    let changes = [removal(1, Some(asset_id(3))), removal(2, None)];
    apply(repository, batch(2, changes)).await?;
    let leads = |to| Redirect { from: asset_id(1), to: asset_id(to), version: 1 };
    assert_eq!(repository.redirects(&acme(), &ids).await?, [leads(3)]);
    assert!(repository.redirects(&rival(), &ids).await?.is_empty());
    apply(repository, batch(3, [put(&asset(1, &["web"]), None)])).await?;
    assert!(repository.redirects(&acme(), &ids).await?.is_empty());
    // It may go again, and lead elsewhere.
    apply(repository, batch(4, [removal(1, Some(asset_id(2)))])).await?;
    assert_eq!(repository.redirects(&acme(), &ids).await?, [leads(2)]);
    Ok(())
}

pub(super) async fn checkpoint_and_run_are_written_with_their_batch_or_not_at_all(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let first = batch(1, [put(&asset(1, &["web1"]), None)]);
    apply(repository, first.closing(Some(checkpoint(b"one")), run(1, 0))).await?;
    let stale = batch(2, [put(&asset(1, &["web1"]), None)]);
    let stale = stale.closing(Some(checkpoint(b"two")), run(2, 100));
    let committed = repository.commit(stale).await?;
    assert_eq!(committed, CommitOutcome::Conflict(vec![asset_id(1)]));
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, Some(checkpoint(b"one")));
    assert_eq!(repository.runs(&acme(), &corp(), 10).await?, [run(1, 0)]);
    Ok(())
}

pub(super) async fn a_batch_without_a_checkpoint_keeps_the_one_before(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, []).closing(Some(checkpoint(b"one")), run(1, 0))).await?;
    apply(repository, batch(2, [put_link(link(1))])).await?;
    apply(repository, batch(3, []).closing(None, run(2, 1))).await?;
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, Some(checkpoint(b"one")));
    apply(repository, batch(4, []).closing(Some(checkpoint(b"")), run(3, 2))).await?;
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, Some(checkpoint(b"")));
    Ok(())
}

pub(super) async fn each_key_has_a_checkpoint_of_its_own(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let keys = [RecordDigest::default(), RecordDigest([1; 16]), RecordDigest([2; 16])];
    let of = |key, token: &[u8]| Checkpoint { key, ..checkpoint(token) };
    for (n, key) in keys.into_iter().enumerate() {
        let closed = batch(n as u64, []).closing(Some(of(key, &[n as u8])), run(1, 0));
        apply(repository, closed).await?;
    }
    let again = batch(9, []).closing(Some(of(keys[1], b"again")), run(2, 0));
    apply(repository, again).await?;
    for (key, token) in keys.into_iter().zip([&[0][..], b"again", &[2]]) {
        let stored = repository.checkpoint(&acme(), &corp(), key).await?;
        assert_eq!(stored, Some(of(key, token)));
    }
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, None);
    Ok(())
}

pub(super) async fn runs_come_newest_first(repository: &dyn AssetRepository) -> Result<()> {
    for (n, started) in [(5, 10), (1, 30), (2, 20), (3, 20)] {
        apply(repository, batch(n, []).closing(None, run(n, started))).await?;
    }
    // The same run again takes the place of its record.
    apply(repository, batch(9, []).closing(None, run(5, 40))).await?;
    let runs = repository.runs(&acme(), &corp(), 10).await?;
    assert_eq!(runs, [run(5, 40), run(1, 30), run(3, 20), run(2, 20)]);
    assert_eq!(repository.runs(&acme(), &corp(), 2).await?, runs[..2]);
    assert!(repository.runs(&acme(), &corp(), 0).await?.is_empty());
    Ok(())
}

pub(super) async fn constraints_are_replaced_and_taken_back(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let must = repeated_constraint(1, ConstraintKind::MustLink);
    let cannot = constraint(1, ConstraintKind::CannotLink);
    let puts = [&must, &cannot].map(|constraint| Change::PutConstraint(constraint.clone()));
    apply(repository, batch(1, puts)).await?;
    assert_eq!(repository.constraints(&acme()).await?.len(), 2);
    let mut again = must.clone();
    (again.by, again.at) = ("carol".to_owned(), at(99));
    apply(repository, batch(2, [Change::PutConstraint(again.clone())])).await?;
    assert!(repository.constraints(&acme()).await?.contains(&again));
    assert_eq!(repository.constraints(&acme()).await?.len(), 2);
    // Who decided and when is no part of what a decision is known by.
    apply(repository, batch(3, [Change::RemoveConstraint(must)])).await?;
    assert_eq!(repository.constraints(&acme()).await?, std::slice::from_ref(&cannot));
    // One that a person took back is told as well.
    let taken_back = Constraint { forgotten: Some((at(100), "dave".to_owned())), ..cannot };
    apply(repository, batch(4, [Change::PutConstraint(taken_back.clone())])).await?;
    assert_eq!(repository.constraints(&acme()).await?, [taken_back]);
    Ok(())
}

pub(super) async fn merges_come_oldest_first_and_are_replaced(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let puts = [(1, 30), (2, 10), (3, 20)].map(|(n, at)| Change::PutMerge(Box::new(merge(n, at))));
    apply(repository, batch(1, puts)).await?;
    let mut undone = merge(3, 20);
    undone.undone = Some((at(50), "dave".to_owned()));
    apply(repository, batch(2, [Change::PutMerge(Box::new(undone.clone()))])).await?;
    assert_eq!(repository.merges(&acme()).await?, [merge(2, 10), undone, merge(1, 30)]);
    Ok(())
}
