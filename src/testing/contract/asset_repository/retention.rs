//! What is left where runs are pruned. A store that keeps all of them says so, and is asked nothing more.

use super::records::*;
use crate::asset::{AssetRepository, Batch, CommitOutcome, RetainRuns, RunRecord};
use crate::value::{BatchId, OrganizationId, RunId, SourceId, Timestamp};
use crate::{ErrorKind, Result};

/// Whether a store prunes runs.
async fn prunes(repository: &dyn AssetRepository) -> Result<bool> {
    match repository.prune_runs(&acme(), RetainRuns::last(0)).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(false),
        Err(error) => Err(error),
    }
}

/// A batch that was made at its time.
fn made(seconds: i64, n: u8) -> BatchId {
    BatchId::new_v7(at(seconds), [n; 10])
}

/// Writes the n-th run of a source, which began so long after the first one. All are of one kind, but for each fourth.
async fn write(
    repository: &dyn AssetRepository,
    (organization, source): (&OrganizationId, &SourceId),
    n: u8,
    seconds: i64,
) -> Result<()> {
    let mut record = run(if n.is_multiple_of(4) { 2 } else { 1 }, seconds);
    record.id = run_id(n.into());
    record.report = Some(format!("{{\"lost\":[{n}]}}"));
    let batch = Batch::new(made(seconds, n), organization.clone(), source.clone());
    apply(repository, batch.closing(Some(checkpoint(&[n])), record)).await
}

async fn ids(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
) -> Result<Vec<RunId>> {
    let runs = repository.runs(organization, source, usize::MAX).await?;
    Ok(runs.iter().map(|run| run.id).collect())
}

fn runs<const N: usize>(numbers: [u64; N]) -> Vec<RunId> {
    numbers.map(run_id).to_vec()
}

pub(super) async fn a_run_goes_that_nothing_asks_for_and_nothing_else(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !prunes(repository).await? {
        return Ok(());
    }
    apply(repository, batch(1, [put(&asset(1, &["web1"]), None), put_link(link(1))])).await?;
    for n in 1..=7 {
        write(repository, (&acme(), &corp()), n, 100 * i64::from(n)).await?;
    }
    let before: Vec<RunRecord> = repository.runs(&acme(), &corp(), 10).await?;
    // Nothing is so old: a run ends a minute after it began.
    repository.prune_runs(&acme(), RetainRuns::newer_than(at(160))).await?;
    assert_eq!(repository.runs(&acme(), &corp(), 10).await?, before);
    repository.prune_runs(&acme(), RetainRuns::newer_than(at(561))).await?;
    // The newest of its kind stays, however old it is, and what stays is what it was.
    let kept: Vec<RunRecord> =
        before.iter().filter(|run| runs([7, 6, 4]).contains(&run.id)).cloned().collect();
    assert_eq!(repository.runs(&acme(), &corp(), 10).await?, kept);
    assert_eq!(repository.runs(&acme(), &corp(), 2).await?, kept[..2]);
    repository.prune_runs(&acme(), RetainRuns::newer_than(Timestamp::MAX)).await?;
    assert_eq!(ids(repository, &acme(), &corp()).await?, runs([7, 4]));
    assert_eq!(repository.checkpoint(&acme(), &corp(), KEY).await?, Some(checkpoint(&[7])));
    assert_eq!(stored(repository, 1).await?, Some(asset(1, &["web1"])));
    // A run may be written again, and come in the place of another one.
    write(repository, (&acme(), &corp()), 2, 900).await?;
    assert_eq!(ids(repository, &acme(), &corp()).await?, runs([2, 7, 4]));
    Ok(())
}

pub(super) async fn runs_go_by_their_number_in_each_source(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !prunes(repository).await? {
        return Ok(());
    }
    for n in [1, 2, 3, 5, 6] {
        write(repository, (&acme(), &corp()), n, i64::from(n)).await?;
    }
    for n in [1, 2] {
        write(repository, (&acme(), &branch()), n, 100 + i64::from(n)).await?;
    }
    repository.prune_runs(&acme(), RetainRuns::last(3)).await?;
    assert_eq!(ids(repository, &acme(), &corp()).await?, runs([6, 5, 3]));
    assert_eq!(ids(repository, &acme(), &branch()).await?, runs([2, 1]));
    // What either asks for stays.
    let young = RetainRuns::newer_than(at(161)).with_last(1);
    repository.prune_runs(&acme(), young).await?;
    assert_eq!(ids(repository, &acme(), &corp()).await?, runs([6]));
    assert_eq!(ids(repository, &acme(), &branch()).await?, runs([2, 1]));
    Ok(())
}

pub(super) async fn what_people_did_stays(repository: &dyn AssetRepository) -> Result<()> {
    if !prunes(repository).await? {
        return Ok(());
    }
    for n in 1..=3 {
        write(repository, (&acme(), &SourceId::of_people()), n, i64::from(n)).await?;
    }
    repository.prune_runs(&acme(), RetainRuns::newer_than(Timestamp::MAX)).await?;
    assert_eq!(ids(repository, &acme(), &SourceId::of_people()).await?, runs([3, 2, 1]));
    Ok(())
}

pub(super) async fn the_id_of_a_batch_goes_by_its_age_alone(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !prunes(repository).await? {
        return Ok(());
    }
    let all = [made(1, 1), made(2, 2), made(3, 3), BatchId::from_u128(4)];
    let batch = |id| Batch::new(id, acme(), corp());
    for id in all {
        apply(repository, batch(id)).await?;
    }
    repository.prune_runs(&acme(), RetainRuns::last(0)).await?;
    repository.prune_runs(&acme(), RetainRuns::newer_than(at(2))).await?;
    let again = async |id| repository.commit(batch(id)).await;
    // What does not tell when it was made stays.
    for id in [all[1], all[2], all[3]] {
        assert_eq!(again(id).await?, CommitOutcome::AlreadyApplied, "{id}");
    }
    assert_eq!(again(all[0]).await?, CommitOutcome::Applied);
    assert_eq!(again(all[0]).await?, CommitOutcome::AlreadyApplied);
    Ok(())
}

pub(super) async fn each_organization_prunes_its_own(
    repository: &dyn AssetRepository,
) -> Result<()> {
    if !prunes(repository).await? {
        return Ok(());
    }
    for organization in [acme(), rival()] {
        for n in 1..=2 {
            write(repository, (&organization, &corp()), n, i64::from(n)).await?;
        }
    }
    repository.prune_runs(&rival(), RetainRuns::newer_than(Timestamp::MAX)).await?;
    assert_eq!(ids(repository, &rival(), &corp()).await?, runs([2]));
    assert_eq!(ids(repository, &acme(), &corp()).await?, runs([2, 1]));
    let batch = Batch::new(made(1, 1), acme(), corp());
    assert_eq!(repository.commit(batch).await?, CommitOutcome::AlreadyApplied);
    Ok(())
}
