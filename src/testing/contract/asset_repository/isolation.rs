//! Nothing of one organization or source is seen or written by another.

use std::time::Duration;

use futures::TryStreamExt;

use super::records::*;
use crate::asset::{
    AssetRepository, Batch, Change, CommitOutcome, ConstraintKind, Home, LeaseRequest, Link,
    LinksRequest, SearchRequest,
};
use crate::query::Query;
use crate::value::{BatchId, OrganizationId, SourceId};
use crate::{ErrorKind, Result};

/// A batch with one record of each kind, the same for everybody but for their names.
fn everything(organization: &OrganizationId, source: &SourceId) -> Batch {
    let mut asset = asset(1, &["web1"]);
    asset.organization = organization.clone();
    let mut user = user(1);
    (user.organization, user.source) = (organization.clone(), source.clone());
    let mut group = group(1);
    (group.organization, group.source) = (organization.clone(), source.clone());
    let mut constraint = constraint(1, ConstraintKind::CannotLink);
    constraint.organization = organization.clone();
    let mut merge = merge(1, 0);
    merge.organization = organization.clone();
    let changes = [
        put(&asset, None),
        put_link(link(1)),
        Change::PutUser(Box::new(user)),
        Change::PutGroup(Box::new(group)),
        Change::PutConstraint(constraint),
        Change::PutMerge(Box::new(merge)),
    ];
    Batch::new(BatchId::from_u128(1), organization.clone(), source.clone())
        .with_changes(changes)
        .closing(Some(checkpoint(b"1")), run(1, 0))
}

pub(super) async fn organizations_do_not_see_each_other(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, everything(&acme(), &corp())).await?;
    repository
        .acquire_lease(LeaseRequest::new(acme(), corp(), run_id(1), at(0), Duration::from_secs(60)))
        .await?;
    let away = Change::MoveLink {
        source: corp(),
        object: link(1).object,
        asset: None,
        home: Some(Home::Waiting),
    };
    apply(repository, batch(9, [away])).await?;
    assert_eq!(repository.moved(&acme()).await?.len(), 1);
    assert!(repository.moved(&rival()).await?.is_empty());
    assert_eq!(count(repository, &rival()).await?, [0; 12]);

    // The same ids, batch id included, are another organization's own.
    apply(repository, everything(&rival(), &corp())).await?;
    repository
        .acquire_lease(LeaseRequest::new(
            rival(),
            corp(),
            run_id(2),
            at(0),
            Duration::from_secs(60),
        ))
        .await?;
    for organization in [acme(), rival()] {
        assert_eq!(count(repository, &organization).await?, [1; 12], "{organization}");
        let found = repository.candidates(&organization, &keys(&["web1"])).await?;
        assert_eq!(found[0].organization, organization);
    }
    let removal = Change::RemoveAsset { id: asset_id(1), expected: 1, to: None };
    let batch = Batch::new(BatchId::from_u128(2), rival(), corp()).with_changes([removal]);
    assert_eq!(repository.commit(batch).await?, CommitOutcome::Applied);
    assert!(stored(repository, 1).await?.is_some());
    Ok(())
}

/// How many records of each kind an organization sees.
async fn count(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
) -> Result<[usize; 12]> {
    let o = organization;
    let all = SearchRequest::new(o.clone(), Query::everything(), at(0));
    let links: Vec<Link> =
        repository.links(LinksRequest::new(o.clone(), corp())).await?.try_collect().await?;
    Ok([
        links.len(),
        repository.candidates(o, &keys(&["web1"])).await?.len(),
        repository.assets(o, &[asset_id(1)]).await?.len(),
        repository.users(o, &corp(), &[guid(1)]).await?.len(),
        repository.groups(o, &corp(), &[guid(1)]).await?.len(),
        repository.constraints(o).await?.len(),
        repository.merges(o).await?.len(),
        repository.checkpoint(o, &corp(), KEY).await?.iter().count(),
        repository.runs(o, &corp(), 10).await?.len(),
        repository.search_assets(all.clone()).await?.records.len(),
        repository.search_users(all.clone()).await?.records.len(),
        repository.search_groups(all).await?.records.len(),
    ])
}

pub(super) async fn sources_do_not_see_each_other(repository: &dyn AssetRepository) -> Result<()> {
    apply(repository, everything(&acme(), &corp())).await?;
    let hour = Duration::from_secs(3600);
    repository.acquire_lease(LeaseRequest::new(acme(), corp(), run_id(1), at(0), hour)).await?;
    let other = branch();
    assert!(links(repository, &other).await?.is_empty());
    assert!(repository.users(&acme(), &other, &[guid(1)]).await?.is_empty());
    assert!(repository.groups(&acme(), &other, &[guid(1)]).await?.is_empty());
    assert_eq!(repository.checkpoint(&acme(), &other, KEY).await?, None);
    assert!(repository.runs(&acme(), &other, 10).await?.is_empty());
    let lease = repository
        .acquire_lease(LeaseRequest::new(acme(), other.clone(), run_id(2), at(0), hour))
        .await?;
    assert_eq!(lease.holder, run_id(2));

    // The same objects of another source are its own, and go alone.
    let mut theirs = user(1);
    theirs.source = other.clone();
    let changes = [put_link(link(1)), Change::PutUser(Box::new(theirs.clone()))];
    let batch = Batch::new(BatchId::from_u128(2), acme(), other.clone()).with_changes(changes);
    apply(repository, batch.closing(Some(checkpoint(b"theirs")), run(1, 30))).await?;
    // A run and a key of the same id are each source's own.
    for (source, token, started) in [(corp(), &b"1"[..], 0), (other.clone(), b"theirs", 30)] {
        let stored = repository.checkpoint(&acme(), &source, KEY).await?;
        assert_eq!(stored, Some(checkpoint(token)), "{source}");
        assert_eq!(repository.runs(&acme(), &source, 10).await?, [run(1, started)], "{source}");
    }
    assert_eq!(repository.users(&acme(), &other, &[guid(1)]).await?, [theirs]);
    assert_eq!(repository.users(&acme(), &corp(), &[guid(1)]).await?, [user(1)]);
    let removal = [Change::RemoveObject { source: other.clone(), object: guid(1) }];
    let batch = Batch::new(BatchId::from_u128(3), acme(), other.clone()).with_changes(removal);
    apply(repository, batch).await?;
    assert!(links(repository, &other).await?.is_empty());
    assert_eq!(links(repository, &corp()).await?, [link(1)]);
    Ok(())
}

pub(super) async fn a_batch_for_another_organization_is_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    for (n, change) in (0..).zip(everything(&rival(), &corp()).changes) {
        if matches!(change, Change::PutLink { .. }) {
            continue;
        }
        let changes = [put_link(link(7)), change];
        let error = repository.commit(batch(n, changes)).await.expect_err("another's record");
        assert_eq!(error.kind(), ErrorKind::Invalid, "change {n}");
    }
    assert!(links(repository, &corp()).await?.is_empty());
    assert_eq!(count(repository, &rival()).await?, [0; 12]);
    Ok(())
}

pub(super) async fn users_and_groups_of_another_source_are_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let mut user = user(1);
    user.source = branch();
    let mut group = group(1);
    group.source = branch();
    for change in [Change::PutUser(Box::new(user)), Change::PutGroup(Box::new(group))] {
        let error = repository.commit(batch(1, [change])).await.expect_err("another's record");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    Ok(())
}
