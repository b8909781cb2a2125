//! What is told to those who follow. A store that keeps no events says so, and is asked nothing more.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{try_join, try_join_all};

use super::records::*;
use crate::asset::{
    AssetRepository, Batch, Change, CommitOutcome, ConstraintKind, Event, EventKind, Link, Presence,
};
use crate::value::{BatchId, OrganizationId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// Whether a store keeps events.
async fn keeps_events(repository: &dyn AssetRepository) -> Result<bool> {
    match repository.events_end(&acme()).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let asked = repository.events_since(&acme(), None, 1).await.expect_err("no events");
            assert_eq!(asked.kind(), ErrorKind::Unsupported);
            let asked = repository.prune_events(&acme(), "1", at(0)).await.expect_err("no events");
            assert_eq!(asked.kind(), ErrorKind::Unsupported);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What was told since a cursor, read a few events at a time.
async fn told(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    cursor: Option<&str>,
) -> Result<Vec<Event>> {
    let (mut cursor, mut told) = (cursor.map(str::to_owned), Vec::new());
    loop {
        let page = repository.events_since(organization, cursor.as_deref(), 3).await?;
        assert!(page.len() <= 3, "{} events of 3", page.len());
        let Some(last) = page.last() else { return Ok(told) };
        cursor = Some(last.cursor.clone());
        told.extend(page);
    }
}

fn kinds(events: Vec<Event>) -> Vec<EventKind> {
    events.into_iter().map(|event| event.kind).collect()
}

/// What a batch has to tell. The rule is the crate's own, and the same for all stores.
fn expected(batches: &[Batch]) -> Vec<EventKind> {
    batches.iter().flat_map(Batch::events).collect()
}

/// Batches that tell something of every kind, and two that tell nothing.
fn batches() -> Vec<Batch> {
    let missing = Presence::Missing { since: at(9), runs: 1 };
    let gone = Presence::Gone { since: at(9) };
    let now = |presence, was| Change::PutLink { link: Link { presence, ..link(1) }, was };
    let decision = constraint(1, ConstraintKind::MustLink);
    let mut taken_back = decision.clone();
    taken_back.forgotten = Some((at(7), "bob".to_owned()));
    let mut undone = merge(1, 5);
    undone.undone = Some((at(8), "bob".to_owned()));
    let [made, undone] = [merge(1, 5), undone].map(|merge| Change::PutMerge(Box::new(merge)));
    let removed = Change::RemoveAsset { id: asset_id(2), expected: 2, to: Some(asset_id(1)) };
    vec![
        batch(1, [put(&asset(1, &["web1", "www"]), None), put(&asset(2, &["db1"]), None)]),
        batch(2, [now(Presence::Present, None), now(missing, Some(Presence::Present))]),
        batch(3, [rewritten(1, &["names"])]),
        batch(4, [rewritten(2, &[])]),
        batch(5, [Change::NoteSighting { object: guid(1), seen: sighting(1) }]),
        batch(6, [now(gone, Some(missing)), now(Presence::Present, Some(gone))]),
        batch(7, [made, undone]),
        batch(8, [Change::PutConstraint(decision)]),
        batch(9, [Change::PutConstraint(taken_back), removed]),
        batch(10, []).closing(Some(checkpoint(b"1")), run(1, 0)),
    ]
}

/// An asset at its second version, of which this is new.
fn rewritten(n: u64, fields: &[&str]) -> Change {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    match put(&asset(n, &["web1"]), Some(1)) {
        Change::PutAsset { expected, asset, .. } => {
            Change::PutAsset { expected, asset, changed: Some(fields) }
        }
        other => other,
    }
}

pub(super) async fn every_commit_is_told_once_and_in_order(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    let (mut cursors, batches) = (vec![repository.events_end(&acme()).await?], batches());
    assert_eq!(told(repository, &acme(), None).await?, []);
    for batch in &batches {
        apply(repository, batch.clone()).await?;
        assert_eq!(repository.commit(batch.clone()).await?, CommitOutcome::AlreadyApplied);
        cursors.push(repository.events_end(&acme()).await?);
    }
    let all = told(repository, &acme(), None).await?;
    assert_eq!(kinds(all.clone()), expected(&batches));
    assert!(all.iter().all(|event| event.source == corp()));
    // Whatever the places are at which one begins, what follows is the same.
    for (n, cursor) in cursors.iter().enumerate() {
        let rest = kinds(told(repository, &acme(), Some(cursor)).await?);
        assert_eq!(rest, expected(&batches[n..]), "from {cursor}");
    }
    for (n, event) in all.iter().enumerate() {
        let rest = told(repository, &acme(), Some(&event.cursor)).await?;
        assert_eq!(rest, all[n + 1..], "behind {}", event.cursor);
    }
    Ok(())
}

pub(super) async fn what_is_not_written_is_not_told(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    let end = repository.events_end(&acme()).await?;
    let stale = batch(2, [put(&asset(2, &["new"]), None), put(&asset(1, &["other"]), Some(7))]);
    assert!(matches!(repository.commit(stale).await?, CommitOutcome::Conflict(_)));
    let unleased = batch(3, [put(&asset(3, &["new"]), None)]).with_lease(1);
    repository.commit(unleased).await.expect_err("no lease");
    assert_eq!(told(repository, &acme(), Some(&end)).await?, []);
    Ok(())
}

pub(super) async fn each_organization_has_a_feed_of_its_own(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    let mut theirs = asset(7, &["theirs"]);
    theirs.organization = rival();
    let their_batch = Batch::new(BatchId::from_u128(1), rival(), corp());
    let their_batch = their_batch.with_changes([put(&theirs, None)]);
    let own = batch(1, [put(&asset(1, &["own"]), None)]);
    apply(repository, own.clone()).await?;
    apply(repository, their_batch.clone()).await?;
    assert_eq!(kinds(told(repository, &acme(), None).await?), own.events());
    assert_eq!(kinds(told(repository, &rival(), None).await?), their_batch.events());
    let end = repository.events_end(&rival()).await?;
    repository.prune_events(&rival(), &end, Timestamp::MAX).await?;
    assert_eq!(kinds(told(repository, &acme(), None).await?), own.events());
    Ok(())
}

/// Somebody who follows while many write sees what those see who read later.
pub(super) async fn nothing_appears_behind_a_cursor(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    let is_done = AtomicBool::new(false);
    let writing = async {
        try_join_all((1..=6).map(|writer| write(repository, writer))).await?;
        is_done.store(true, Ordering::SeqCst);
        Ok::<_, Error>(())
    };
    let following = async {
        let (mut cursor, mut seen) = (None::<String>, Vec::new());
        loop {
            let is_last = is_done.load(Ordering::SeqCst);
            let page = repository.events_since(&acme(), cursor.as_deref(), 5).await?;
            if page.is_empty() && is_last {
                return Ok(seen);
            }
            cursor = page.last().map(|last| last.cursor.clone()).or(cursor);
            seen.extend(page);
            tokio::task::yield_now().await;
        }
    };
    let ((), seen) = try_join(writing, following).await?;
    assert_eq!(seen, told(repository, &acme(), None).await?);
    assert_eq!(seen.len(), 48);
    Ok(())
}

async fn write(repository: &dyn AssetRepository, writer: u64) -> Result<()> {
    for n in 0..8 {
        let number = 100 * writer + n;
        apply(repository, batch(number, [put(&asset(number, &["web1"]), None)])).await?;
    }
    Ok(())
}

pub(super) async fn what_was_pruned_is_never_passed_over(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    for n in 1..=4 {
        let both = [put(&asset(2 * n, &["a"]), None), put(&asset(2 * n + 1, &["b"]), None)];
        apply(repository, batch(n, both)).await?;
    }
    let all = told(repository, &acme(), None).await?;
    // Nothing is so old.
    repository.prune_events(&acme(), &all[7].cursor, at(0)).await?;
    assert_eq!(told(repository, &acme(), None).await?, all);
    // In the middle of a commit: its events are kept together, and those of the commits before go.
    repository.prune_events(&acme(), &all[4].cursor, Timestamp::MAX).await?;
    for event in &all[3..] {
        let rest = told(repository, &acme(), Some(&event.cursor)).await?;
        assert_eq!(rest.first(), all.iter().skip_while(|it| *it != event).nth(1));
    }
    for behind in [None, Some(&all[0].cursor), Some(&all[2].cursor)] {
        let error = repository.events_since(&acme(), behind.map(String::as_str), 1).await;
        assert_eq!(error.expect_err("it is pruned").kind(), ErrorKind::Outdated, "{behind:?}");
    }
    // Whoever has read all may go on, and what comes has a place behind it.
    let end = repository.events_end(&acme()).await?;
    repository.prune_events(&acme(), &end, Timestamp::MAX).await?;
    let last = &all[7].cursor;
    assert_eq!(told(repository, &acme(), Some(last)).await?, []);
    let next = batch(9, [put(&asset(20, &["next"]), None)]);
    apply(repository, next.clone()).await?;
    for cursor in [last, &end] {
        assert_eq!(kinds(told(repository, &acme(), Some(cursor)).await?), next.events());
    }
    Ok(())
}

pub(super) async fn a_cursor_of_another_inventory_is_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !keeps_events(repository).await? {
        return Ok(());
    }
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None)])).await?;
    for (cursor, kind) in [
        ("1000", ErrorKind::Outdated),
        ("18446744073709551615", ErrorKind::Outdated),
        ("", ErrorKind::Invalid),
        ("'; DROP TABLE assets; --", ErrorKind::Invalid),
        ("18446744073709551616", ErrorKind::Invalid),
    ] {
        let error = repository.events_since(&acme(), Some(cursor), 1).await.expect_err(cursor);
        assert_eq!(error.kind(), kind, "{cursor}");
        let pruned = repository.prune_events(&acme(), cursor, Timestamp::MAX).await;
        assert_eq!(pruned.expect_err(cursor).kind(), kind, "{cursor}");
    }
    Ok(())
}
