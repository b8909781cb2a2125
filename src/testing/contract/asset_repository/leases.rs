//! One run per source writes, and a run that lost its lease cannot write late.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{join, join_all};

use super::records::*;
use crate::asset::{AssetRepository, CommitOutcome, Lease, LeaseRequest};
use crate::value::{RunId, Timestamp};
use crate::{Error, ErrorKind, Result};

const MINUTE: Duration = Duration::from_secs(60);

async fn acquire(repository: &dyn AssetRepository, holder: RunId, now: i64) -> Result<Lease> {
    repository.acquire_lease(LeaseRequest::new(acme(), corp(), holder, at(now), MINUTE)).await
}

pub(super) async fn a_lease_is_granted_to_one_run_at_a_time(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let lease = acquire(repository, run_id(1), 0).await?;
    assert_eq!((lease.holder, lease.expires), (run_id(1), at(60)));
    for now in [-5, 0, 59] {
        let error = acquire(repository, run_id(2), now).await.expect_err("the lease is held");
        assert_eq!(error.kind(), ErrorKind::Lease);
        let report = error.report();
        assert!(report.contains(&run_id(1).to_string()), "the holder is not in: {report}");
        assert!(report.contains(&at(60).to_string()), "until when is not in: {report}");
    }
    Ok(())
}

pub(super) async fn the_holder_prolongs_its_lease_and_keeps_its_token(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let first = acquire(repository, run_id(1), 0).await?;
    let second = acquire(repository, run_id(1), 30).await?;
    assert_eq!((second.token, second.expires), (first.token, at(90)));
    acquire(repository, run_id(2), 89).await.expect_err("it was prolonged");
    Ok(())
}

pub(super) async fn an_expired_lease_is_taken_over_with_a_higher_token(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let first = acquire(repository, run_id(1), 0).await?;
    let second = acquire(repository, run_id(2), 60).await?;
    assert_eq!((second.holder, second.expires), (run_id(2), at(120)));
    assert!(second.token > first.token, "{first:?} {second:?}");
    let error = acquire(repository, run_id(1), 61).await.expect_err("the lease is lost");
    assert_eq!(error.kind(), ErrorKind::Lease);
    Ok(())
}

pub(super) async fn a_released_lease_is_granted_again_with_a_higher_token(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let mut last = acquire(repository, run_id(1), 0).await?;
    for holder in [run_id(1), run_id(2), run_id(2)] {
        repository.release_lease(&acme(), &corp(), last.holder).await?;
        let next = acquire(repository, holder, 1).await?;
        assert!(next.token > last.token, "{last:?} {next:?}");
        last = next;
    }
    Ok(())
}

pub(super) async fn only_the_holder_gives_a_lease_back(
    repository: &dyn AssetRepository,
) -> Result<()> {
    repository.release_lease(&acme(), &corp(), run_id(1)).await?;
    acquire(repository, run_id(1), 0).await?;
    repository.release_lease(&acme(), &corp(), run_id(2)).await?;
    acquire(repository, run_id(2), 1).await.expect_err("another run's release counted");
    // A run that lost its lease while it slept gives nothing of its successor's back.
    acquire(repository, run_id(2), 60).await?;
    repository.release_lease(&acme(), &corp(), run_id(1)).await?;
    acquire(repository, run_id(3), 61).await.expect_err("a former holder's release counted");
    Ok(())
}

pub(super) async fn a_stale_token_is_refused_and_nothing_is_written(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let first = acquire(repository, run_id(1), 0).await?;
    apply(repository, batch(1, [put_link(link(1))]).with_lease(first.token)).await?;
    let second = acquire(repository, run_id(2), 60).await?;
    let late = batch(2, [put_link(link(2)), put(&asset(1, &["late"]), None)]);
    let late = late.with_lease(first.token).closing(Some(checkpoint(b"late")), run(1, 0));
    let error = repository.commit(late.clone()).await.expect_err("the lease was lost");
    assert_eq!(error.kind(), ErrorKind::Lease);
    assert_eq!(links(repository, &corp()).await?, [link(1)]);
    assert_eq!(stored(repository, 1).await?, None);
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, None);
    assert!(repository.runs(&acme(), &corp(), 10).await?.is_empty());
    apply(repository, batch(3, [put_link(link(3))]).with_lease(second.token)).await?;
    // What was refused was not noted as written either.
    apply(repository, late.with_lease(second.token)).await
}

pub(super) async fn a_lease_that_is_lost_during_a_commit_is_noticed(
    repository: &dyn AssetRepository,
) -> Result<()> {
    for polls in 1..=6 {
        let now = 1_000 * polls as i64;
        let lease = acquire(repository, run_id(2 * polls), now).await?;
        let late = batch(polls, [put_link(link(polls))]).with_lease(lease.token);
        let mut commit = repository.commit(late);
        if (0..polls).any(|_| commit.as_mut().now_or_never().is_some()) {
            continue;
        }
        let take_over = async {
            acquire(repository, run_id(2 * polls + 1), now + 60).await?;
            let links = links(repository, &corp()).await?;
            Ok::<_, Error>(links.contains(&link(polls)))
        };
        // What is not seen once the lease is another's must not be written later.
        let (was_seen, committed) = join(take_over, commit).await;
        match committed {
            Ok(outcome) => assert!(was_seen?, "{outcome:?} after the lease was lost"),
            Err(error) => assert_eq!((error.kind(), was_seen?), (ErrorKind::Lease, false)),
        }
    }
    Ok(())
}

pub(super) async fn a_token_that_was_never_granted_is_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    for token in [0, 1] {
        let error = repository.commit(batch(1, []).with_lease(token)).await.expect_err("no lease");
        assert_eq!(error.kind(), ErrorKind::Lease, "token {token}");
    }
    let lease = acquire(repository, run_id(1), 0).await?;
    let future = batch(2, []).with_lease(lease.token + 1);
    let error = repository.commit(future).await.expect_err("a token of the future");
    assert_eq!(error.kind(), ErrorKind::Lease);
    Ok(())
}

pub(super) async fn a_batch_without_a_token_needs_no_lease(
    repository: &dyn AssetRepository,
) -> Result<()> {
    acquire(repository, run_id(1), 0).await?;
    apply(repository, batch(1, [put(&asset(1, &["by-hand"]), None)])).await
}

pub(super) async fn a_repeated_batch_says_so_even_after_its_lease_was_lost(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let lease = acquire(repository, run_id(1), 0).await?;
    let written = batch(1, [put_link(link(1))]).with_lease(lease.token);
    apply(repository, written.clone()).await?;
    acquire(repository, run_id(2), 60).await?;
    assert_eq!(repository.commit(written).await?, CommitOutcome::AlreadyApplied);
    Ok(())
}

pub(super) async fn a_lease_for_ever_ends_with_time(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let ttl = Duration::MAX;
    let request = |run| LeaseRequest::new(acme(), corp(), run, at(0), ttl);
    let lease = repository.acquire_lease(request(run_id(1))).await?;
    assert_eq!(lease.expires, Timestamp::MAX);
    repository.acquire_lease(request(run_id(2))).await.expect_err("it would be as long");
    Ok(())
}

pub(super) async fn a_lease_of_a_clock_that_was_wrong_is_void(
    repository: &dyn AssetRepository,
) -> Result<()> {
    const HOUR: i64 = 3600;
    let first = acquire(repository, run_id(1), HOUR).await?;
    acquire(repository, run_id(2), 0).await.expect_err("an hour may lie between two clocks");
    let second = acquire(repository, run_id(2), -1).await?;
    assert!(second.token > first.token, "{first:?} {second:?}");
    let late = batch(1, [put_link(link(1))]).with_lease(first.token);
    let error = repository.commit(late).await.expect_err("the lease was lost");
    assert_eq!(error.kind(), ErrorKind::Lease);
    Ok(())
}

pub(super) async fn of_many_runs_at_once_one_gets_the_lease(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let granted = join_all((1..=8).map(|n| acquire(repository, run_id(n), 0))).await;
    assert_eq!(granted.iter().filter(|lease| lease.is_ok()).count(), 1);
    Ok(())
}
