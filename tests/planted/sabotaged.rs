//! A repository with one fault.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use ldap_inventory::asset::{
    Asset, AssetCounts, AssetRepository, AssetsRequest, Batch, Change, CommitOutcome, Constraint,
    DirectoryGroup, DirectoryUser, Event, EventKind, Facet, Lease, LeaseRequest, Link,
    LinksRequest, MergeRecord, PrincipalsRequest, Redirect, RetainRuns, RunOutcome, RunRecord,
    SearchPage, SearchRequest, Sort, Waiting,
};
use ldap_inventory::name::MatchKey;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::value::{
    AssetId, Attributes, BatchId, Checkpoint, ObjectGuid, OrganizationId, RecordDigest, RunId,
    SourceId, Timestamp,
};
use ldap_inventory::{ErrorKind, Result};

use super::fault::Fault;

/// A sound repository behind one fault, or none.
#[derive(Debug, Default)]
pub(super) struct Sabotaged {
    inner: MemoryRepository,
    fault: Option<Fault>,
    past: Mutex<Past>,
}

/// What happened so far, as far as a fault needs it.
#[derive(Debug, Default)]
struct Past {
    organizations: BTreeSet<OrganizationId>,
    sources: BTreeSet<SourceId>,
    applied: HashSet<(OrganizationId, BatchId)>,
    in_conflict: HashSet<BatchId>,
    keys: Vec<(MatchKey, AssetId)>,
    leases: HashMap<(OrganizationId, SourceId), Lease>,
    checkpoint: Option<Checkpoint>,
    is_closed_without: bool,
    last_of_page: Option<Asset>,
    redirects: Vec<Redirect>,
    /// Whose checkpoint, or run, was written last under a key, or an id.
    checkpoints: HashMap<(OrganizationId, RecordDigest), SourceId>,
    runs: HashMap<(OrganizationId, RunId), SourceId>,
    /// The cursors of events that somebody asked for.
    asked_for: HashSet<String>,
    /// Runs that are kept, and not shown any more.
    hidden: HashSet<(OrganizationId, SourceId, RunId)>,
    is_pruned: bool,
}

impl Sabotaged {
    pub(super) fn by(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    fn does(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn note(&mut self, batch: &Batch) {
        self.organizations.insert(batch.organization.clone());
        self.sources.insert(batch.source.clone());
        for change in &batch.changes {
            match change {
                Change::PutAsset { asset, .. } => {
                    self.keys.extend(asset.match_keys().into_iter().map(|key| (key, asset.id)));
                }
                Change::PutUser(user) => _ = self.sources.insert(user.source.clone()),
                _ => {}
            }
        }
    }

    fn note_outcome(&mut self, batch: &Batch, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Conflict(_) => _ = self.in_conflict.insert(batch.id),
            CommitOutcome::AlreadyApplied => {}
            CommitOutcome::Applied => {
                self.applied.insert((batch.organization.clone(), batch.id));
                let (organization, source) = (&batch.organization, &batch.source);
                if let Some(checkpoint) = &batch.checkpoint {
                    let key = (organization.clone(), checkpoint.key);
                    self.checkpoints.insert(key, source.clone());
                }
                if let Some(run) = &batch.run {
                    self.runs.insert((organization.clone(), run.id), source.clone());
                }
                self.is_closed_without = batch.run.is_some() && batch.checkpoint.is_none();
                self.checkpoint = batch.checkpoint.clone().or_else(|| self.checkpoint.take());
            }
        }
    }

    fn newest_token(&self, batch: &Batch) -> Option<u64> {
        let lease = self.leases.get(&(batch.organization.clone(), batch.source.clone()));
        lease.map(|lease| lease.token)
    }
}

/// A batch beside the one that was to be written.
fn beside(batch: &Batch, source: &SourceId) -> Batch {
    Batch::new(BatchId::random_v7(), batch.organization.clone(), source.clone())
}

async fn awaits(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

type Records<T> = BoxStream<'static, Result<T>>;

async fn spoiled<T: Send + 'static>(
    records: Records<T>,
    spoil: impl FnOnce(&mut Vec<T>),
) -> Result<Records<T>> {
    let mut all: Vec<T> = records.try_collect().await?;
    spoil(&mut all);
    Ok(stream::iter(all.into_iter().map(Ok)).boxed())
}

/// Commits that go wrong.
impl Sabotaged {
    /// What a batch becomes before it is written.
    async fn edited(&self, mut batch: Batch) -> Result<Batch> {
        let newest = self.past().newest_token(&batch);
        match self.fault {
            Some(Fault::HalfABatchIsWritten) => {
                batch.changes.truncate(batch.changes.len().div_ceil(2));
            }
            Some(Fault::BatchIdsAreForgotten) => batch.id = BatchId::random_v7(),
            Some(Fault::AllBatchIdsArePruned) if self.past().is_pruned => {
                batch.id = BatchId::random_v7();
            }
            Some(Fault::AnyTokenWrites) => batch.lease = None,
            Some(Fault::OldTokensWrite) => {
                batch.lease = batch.lease.map(|it| newest.unwrap_or(it).max(it))
            }
            Some(Fault::TokensDoNotRise) if batch.lease == Some(1) => {
                batch.lease = newest.or(Some(1))
            }
            Some(Fault::MovedPrincipalsStay) => {
                batch.changes.retain(|change| !matches!(change, Change::RemoveObject { .. }));
            }
            Some(Fault::RemovalsComeLast) => batch.changes.sort_by_key(|change| {
                matches!(change, Change::RemoveAsset { .. } | Change::RemoveObject { .. })
            }),
            _ => {}
        }
        for change in &mut batch.changes {
            match change {
                Change::PutAsset { asset, .. } => self.edit_asset(asset).await?,
                Change::PutUser(user) => self.edit_user(user).await?,
                Change::PutGroup(group) if self.does(Fault::MembersAreCut) => {
                    group.members.truncate(2);
                }
                _ => {}
            }
        }
        Ok(batch)
    }

    async fn edit_asset(&self, asset: &mut Asset) -> Result<()> {
        for part in &mut asset.parts {
            part.attributes = self.cut(&part.attributes);
        }
        for before in self.inner.assets(&asset.organization, &[asset.id]).await? {
            if self.does(Fault::NamesStay) {
                asset.names.extend(before.names);
            } else if self.does(Fault::AddressesStay) {
                asset.addresses.extend(before.addresses);
            }
        }
        Ok(())
    }

    async fn edit_user(&self, user: &mut DirectoryUser) -> Result<()> {
        if self.does(Fault::GroupsOfUsersStay) {
            let same = [user.object];
            let before = self.inner.users(&user.organization, &user.source, &same).await?;
            user.groups.extend(before.into_iter().flat_map(|before| before.groups));
        }
        Ok(())
    }

    fn cut(&self, attributes: &Attributes) -> Attributes {
        let cut = |value: &str| match self.fault {
            Some(Fault::TextsEndAtNul) => value.find('\0').unwrap_or(value.len()),
            Some(Fault::LongTextsAreCut) => value.chars().take(1 << 16).map(char::len_utf8).sum(),
            _ => value.len(),
        };
        attributes.iter().map(|(name, value)| (name, &value[..cut(value)])).collect()
    }

    /// Writes the first change for itself.
    async fn commit_in_halves(&self, mut batch: Batch, times: usize) -> Result<CommitOutcome> {
        let is_applied = self.past().applied.contains(&(batch.organization.clone(), batch.id));
        awaits(times).await;
        if !is_applied && batch.changes.len() > 1 {
            let first = beside(&batch, &batch.source).with_changes([batch.changes.remove(0)]);
            if let CommitOutcome::Conflict(assets) = self.inner.commit(first).await? {
                return Ok(CommitOutcome::Conflict(assets));
            }
            awaits(1).await;
        }
        self.inner.commit(batch).await
    }

    async fn commit_after_a_look(&self, mut batch: Batch) -> Result<CommitOutcome> {
        let is_applied = self.past().applied.contains(&(batch.organization.clone(), batch.id));
        if let Some(token) = batch.lease.take().filter(|_| !is_applied) {
            let look = beside(&batch, &batch.source).with_lease(token);
            let _: CommitOutcome = self.inner.commit(look).await?;
            awaits(3).await;
        }
        self.inner.commit(batch).await
    }

    async fn commit_the_closing_first(&self, mut batch: Batch) -> Result<CommitOutcome> {
        if let Some(run) = batch.run.take() {
            let closing = beside(&batch, &batch.source).closing(batch.checkpoint.take(), run);
            let _: CommitOutcome = self.inner.commit(closing).await?;
        }
        self.inner.commit(batch).await
    }

    async fn commit_over_conflicts(&self, mut batch: Batch) -> Result<CommitOutcome> {
        let CommitOutcome::Conflict(ids) = self.inner.commit(batch.clone()).await? else {
            return Ok(CommitOutcome::Applied);
        };
        let stored = self.inner.assets(&batch.organization, &ids).await?;
        for change in &mut batch.changes {
            if let Change::PutAsset { expected, asset, .. } = change {
                *expected = stored.iter().find(|it| it.id == asset.id).map(|it| it.version);
                asset.version = expected.map_or(1, |version| version + 1);
            }
        }
        self.inner.commit(batch).await
    }

    async fn commit_what_goes(&self, batch: Batch) -> Result<CommitOutcome> {
        let outcome = self.inner.commit(batch.clone()).await?;
        if let CommitOutcome::Conflict(ids) = &outcome {
            let rest = batch.changes.iter().filter(|change| match change {
                Change::PutAsset { asset, .. } => !ids.contains(&asset.id),
                Change::RemoveAsset { id, .. } => !ids.contains(id),
                _ => true,
            });
            let rest = beside(&batch, &batch.source).with_changes(rest.cloned());
            let _: CommitOutcome = self.inner.commit(rest).await?;
        }
        Ok(outcome)
    }

    /// Tells of a commit, whatever becomes of it.
    async fn commit_and_tell(&self, batch: Batch) -> Result<CommitOutcome> {
        let (source, object) = (batch.source.clone(), ObjectGuid::from_bytes([0; 16]));
        let told = beside(&batch, &batch.source);
        let told = told.with_changes([Change::RemoveObject { source, object }]);
        let outcome = self.inner.commit(batch).await?;
        if outcome != CommitOutcome::AlreadyApplied {
            let _: CommitOutcome = self.inner.commit(told).await?;
        }
        Ok(outcome)
    }

    /// What is told since a cursor, spoiled.
    async fn spoiled_events(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let told = self.inner.events_since(organization, cursor, limit).await;
        let passes = match self.fault {
            Some(Fault::CursorsOfOthersPass) => cursor.is_some_and(|cursor| cursor.len() > 2),
            Some(Fault::PrunedEventsArePassedOver) => true,
            _ => false,
        };
        let mut events = match told {
            Err(error) if passes && error.kind() == ErrorKind::Outdated => Vec::new(),
            told => told?,
        };
        match self.fault {
            Some(Fault::EventsAreLost) => {
                events.retain(|event| !matches!(event.kind, EventKind::ObjectMissing { .. }));
            }
            Some(Fault::EventsComeTwice) => events.extend(events.first().cloned()),
            Some(Fault::EventsAreUnsorted) => events.reverse(),
            // The first of several is not there yet for whoever comes first.
            Some(Fault::EventsAppearLate)
                if events.len() > 1 && self.past().asked_for.insert(events[0].cursor.clone()) =>
            {
                events.remove(0);
            }
            Some(Fault::EventsOfEverybody) => {
                let others = self.past().organizations.clone();
                for other in others.iter().filter(|other| *other != organization) {
                    events.extend(self.inner.events_since(other, cursor, limit).await?);
                }
                events.truncate(limit);
            }
            _ => {}
        }
        Ok(events)
    }

    /// Shows no more than so many runs of these sources that a policy has no number for, be they needed or not.
    async fn hide_runs(
        &self,
        organization: &OrganizationId,
        retain: RetainRuns,
        sources: impl IntoIterator<Item = SourceId>,
    ) -> Result<()> {
        let mut told = 0;
        for source in sources {
            for run in self.inner.runs(organization, &source, usize::MAX).await? {
                told += 1;
                if told > retain.last && retain.newer_than.is_none_or(|time| run.finished < time) {
                    self.past().hidden.insert((organization.clone(), source.clone(), run.id));
                }
            }
        }
        Ok(())
    }

    /// Commits, and then writes again what should be gone, or spoils what should stay.
    async fn commit_and_spoil(&self, batch: Batch) -> Result<CommitOutcome> {
        let mut later = Vec::new();
        for change in &batch.changes {
            later.extend(self.spoiling(&batch, change).await?);
        }
        let outcome = self.inner.commit(batch).await?;
        if outcome == CommitOutcome::Applied {
            for batch in later {
                let _: CommitOutcome = self.inner.commit(batch).await?;
            }
        }
        Ok(outcome)
    }

    async fn spoiling(&self, batch: &Batch, change: &Change) -> Result<Vec<Batch>> {
        let put =
            |source: &SourceId, links: Vec<Link>| {
                vec![beside(batch, source).with_changes(
                    links.into_iter().map(|link| Change::PutLink { link, was: None }),
                )]
            };
        match (self.fault, change) {
            (Some(Fault::LinksToGoneAssetsStay), Change::RemoveAsset { id, .. }) => {
                let mut links = self.links_of(batch, &batch.source, None).await?;
                links.retain(|link| link.asset == Some(*id));
                Ok(put(&batch.source, links))
            }
            (Some(Fault::LinksOfOthersStay), Change::RemoveAsset { id, .. }) => {
                let mut stay = Vec::new();
                for source in self.inner.sources(&batch.organization).await? {
                    let mut links = self.links_of(batch, &source, None).await?;
                    links.retain(|link| link.asset == Some(*id) && source != batch.source);
                    stay.extend(put(&source, links));
                }
                Ok(stay)
            }
            (Some(Fault::LinksOfEverybodyGo), Change::RemoveAsset { id, .. }) => {
                let organizations = self.past().organizations.clone();
                let mut go = Vec::new();
                for organization in organizations {
                    let mut other = batch.clone();
                    other.organization = organization;
                    let mut links = self.links_of(&other, &batch.source, None).await?;
                    links.retain(|link| link.asset == Some(*id));
                    let removals = links.into_iter().map(|link| Change::RemoveObject {
                        source: batch.source.clone(),
                        object: link.object,
                    });
                    go.push(beside(&other, &batch.source).with_changes(removals));
                }
                Ok(go)
            }
            (Some(Fault::MovingForgets), Change::MoveLink { source, object, asset, home }) => {
                let links = self.links_of(batch, source, Some(*object)).await?.into_iter();
                let moved = links.map(|mut link| {
                    (link.asset, link.home, link.digest) = (*asset, *home, RecordDigest([0; 16]));
                    link
                });
                Ok(put(source, moved.collect()))
            }
            (Some(Fault::SightingsUntie), Change::NoteSighting { object, seen }) => {
                let links = self.links_of(batch, &batch.source, Some(*object)).await?.into_iter();
                let untied = links.map(|mut link| {
                    (link.asset, link.seen) = (None, Some(seen.clone()));
                    link
                });
                Ok(put(&batch.source, untied.collect()))
            }
            (Some(Fault::TheForgottenWaitOn), Change::RemoveObject { source, object }) => {
                let mut waiting = self.inner.waiting(&batch.organization).await?;
                waiting.retain(|it| it.object == *object && it.source == *source);
                let puts = waiting.into_iter().map(|it| Change::PutWaiting(Box::new(it)));
                Ok(vec![beside(batch, source).with_changes(puts)])
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn links_of(
        &self,
        batch: &Batch,
        source: &SourceId,
        object: Option<ObjectGuid>,
    ) -> Result<Vec<Link>> {
        let mut request = LinksRequest::new(batch.organization.clone(), source.clone());
        request.objects = object.map(|object| vec![object]);
        self.inner.links(request).await?.try_collect().await
    }

    async fn sabotaged_commit(&self, batch: Batch) -> Result<CommitOutcome> {
        let is_used_up = {
            let past = self.past();
            let is_others = past.applied.iter().any(|(_, id)| *id == batch.id);
            self.does(Fault::BatchIdsAreShared) && is_others
                || self.does(Fault::ConflictsUseUpTheBatchId)
                    && past.in_conflict.contains(&batch.id)
                || self.does(Fault::BatchIdsStay)
                    && past.applied.contains(&(batch.organization.clone(), batch.id))
        };
        match self.fault {
            _ if is_used_up => Ok(CommitOutcome::AlreadyApplied),
            Some(Fault::DroppingLeavesHalf(times)) => self.commit_in_halves(batch, times).await,
            Some(Fault::TheTokenIsCheckedBefore) => self.commit_after_a_look(batch).await,
            Some(Fault::ClosingIsApart) => self.commit_the_closing_first(batch).await,
            Some(Fault::ConflictsAreIgnored) => self.commit_over_conflicts(batch).await,
            Some(Fault::ConflictsWriteTheRest) => self.commit_what_goes(batch).await,
            Some(Fault::EventsAreWrittenApart) => self.commit_and_tell(batch).await,
            _ => self.commit_and_spoil(self.edited(batch).await?).await,
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AssetRepository for Sabotaged {
    async fn links(&self, mut request: LinksRequest) -> Result<Records<Link>> {
        if self.does(Fault::LinksIgnoreTheObjects) {
            request.objects = None;
        }
        self.inner.links(request).await
    }

    async fn each_asset(&self, mut request: AssetsRequest) -> Result<Records<Asset>> {
        request.ids = request.ids.filter(|_| !self.does(Fault::StreamsIgnoreTheIds));
        let assets = self.inner.each_asset(request).await?;
        match self.fault {
            Some(Fault::StreamsAreUnsorted) => spoiled(assets, |all| all.reverse()).await,
            Some(Fault::StreamsLeaveGaps) => {
                spoiled(assets, |all| _ = (all.len() > 1_000).then(|| all.remove(1_000))).await
            }
            Some(Fault::StreamsRepeat) => {
                spoiled(assets, |all| {
                    if let Some(asset) = all.get(1_000).cloned() {
                        all.insert(1_000, asset);
                    }
                })
                .await
            }
            _ => Ok(assets),
        }
    }

    async fn each_user(&self, mut request: PrincipalsRequest) -> Result<Records<DirectoryUser>> {
        request.objects = request.objects.filter(|_| !self.does(Fault::StreamsIgnoreTheObjects));
        self.inner.each_user(request).await
    }

    async fn each_group(&self, mut request: PrincipalsRequest) -> Result<Records<DirectoryGroup>> {
        request.objects = request.objects.filter(|_| !self.does(Fault::StreamsIgnoreTheObjects));
        self.inner.each_group(request).await
    }

    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        let cut = if self.does(Fault::ManyKeysAreCut) { 1_000 } else { keys.len() };
        let keys = &keys[..cut.min(keys.len())];
        let mut found = self.inner.candidates(organization, keys).await?;
        if self.does(Fault::CandidatesOfEverybody) {
            let others = self.past().organizations.clone();
            for other in others.iter().filter(|other| *other != organization) {
                found.extend(self.inner.candidates(other, keys).await?);
            }
        } else if self.does(Fault::CandidatesComeTwice) {
            found.extend(found.clone());
        } else if self.does(Fault::MatchKeysStay) {
            let had = self.past().keys.clone().into_iter();
            let ids: Vec<_> = had.filter(|(key, _)| keys.contains(key)).map(|(_, id)| id).collect();
            found = self.inner.assets(organization, &ids).await?;
        }
        Ok(found)
    }

    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        self.inner.assets(organization, ids).await
    }

    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        let mut users = self.inner.users(organization, source, objects).await?;
        if self.does(Fault::UsersOfEverySource) {
            let others = self.past().sources.clone();
            for other in others.iter().filter(|other| *other != source) {
                users.extend(self.inner.users(organization, other, objects).await?);
            }
        }
        Ok(users)
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        self.inner.groups(organization, source, objects).await
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        let mut redirects = self.inner.redirects(organization, ids).await?;
        if self.does(Fault::RedirectsAreForgotten) {
            redirects.clear();
        } else if self.does(Fault::RedirectsStay) {
            let mut past = self.past();
            let is_known = |it: &Redirect| redirects.iter().any(|known| known.from == it.from);
            let stay: Vec<_> = past.redirects.iter().copied().filter(|it| !is_known(it)).collect();
            past.redirects.clone_from(&redirects);
            redirects.extend(stay);
        }
        Ok(redirects)
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        let mut waiting = self.inner.waiting(organization).await?;
        if self.does(Fault::WaitingForgetsWhatIsTold) {
            waiting.iter_mut().for_each(|waiting| waiting.told = None);
        }
        Ok(waiting)
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let mut sources = self.inner.sources(organization).await?;
        if self.does(Fault::SourcesAreForgotten) {
            sources.truncate(1);
        }
        Ok(sources)
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let mut moved = self.inner.moved(organization).await?;
        if self.does(Fault::MovedOfOneSource) {
            let one = moved.first().map(|(source, _)| source.clone());
            moved.retain(|(source, _)| Some(source) == one.as_ref());
        } else if self.does(Fault::MovedOfEverybody) {
            let others = self.past().organizations.clone();
            for other in others.iter().filter(|other| *other != organization) {
                moved.extend(self.inner.moved(other).await?);
            }
        }
        Ok(moved)
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        let mut constraints = self.inner.constraints(organization).await?;
        if self.does(Fault::ConstraintsTakenBackAreHidden) {
            constraints.retain(|constraint| constraint.forgotten.is_none());
        } else if self.does(Fault::ConstraintsForgetTheEarlier) {
            constraints.iter_mut().for_each(|constraint| constraint.earlier.clear());
        }
        Ok(constraints)
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let mut merges = self.inner.merges(organization).await?;
        if self.does(Fault::MergesComeNewestFirst) {
            merges.reverse();
        } else if self.does(Fault::MergesOfEverybody) {
            let others = self.past().organizations.clone();
            for other in others.iter().filter(|other| *other != organization) {
                merges.extend(self.inner.merges(other).await?);
            }
        }
        Ok(merges)
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        let (last, is_closed_without, latest) = {
            let past = self.past();
            let latest = past.checkpoints.get(&(organization.clone(), key)).cloned();
            (past.checkpoint.clone(), past.is_closed_without, latest)
        };
        let mut stored = self.inner.checkpoint(organization, source, key).await?;
        let is_pruned = self.past().is_pruned;
        match (self.fault, &mut stored) {
            (Some(Fault::CheckpointsIgnoreTheKey), _) => Ok(last),
            (Some(Fault::CheckpointsArePruned), _) if is_pruned => Ok(None),
            (Some(Fault::CheckpointsGoWithTheNextRun), _) if is_closed_without => Ok(None),
            (Some(Fault::CheckpointsIgnoreTheSource), _) if latest.as_ref() != Some(source) => {
                Ok(None)
            }
            (Some(Fault::CheckpointsForgetTheRules), Some(checkpoint)) => {
                (checkpoint.rules, checkpoint.assets) = (None, None);
                Ok(stored)
            }
            (Some(Fault::CheckpointsForgetWhatIsReadAgain), Some(checkpoint)) => {
                checkpoint.again.clear();
                Ok(stored)
            }
            _ => Ok(stored),
        }
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        let limit = if self.does(Fault::RunsHaveNoLimit) { usize::MAX } else { limit };
        let mut runs = self.inner.runs(organization, source, limit).await?;
        let of_source = |run: &RunRecord| (organization.clone(), source.clone(), run.id);
        runs.retain(|run| !self.past().hidden.contains(&of_source(run)));
        match self.fault {
            Some(Fault::RunsComeOldestFirst) => runs.reverse(),
            Some(Fault::RunsIgnoreTheSource) => {
                let past = self.past();
                let is_latest = |run: &RunRecord| {
                    past.runs.get(&(organization.clone(), run.id)) == Some(source)
                };
                runs.retain(is_latest);
            }
            Some(Fault::RunsAreAllComplete) => {
                runs.iter_mut().for_each(|run| run.outcome = RunOutcome::Complete);
            }
            Some(Fault::RunsForgetTheirErrors) => {
                runs.iter_mut().for_each(|run| run.error = None);
            }
            _ => {}
        }
        Ok(runs)
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let LeaseRequest { organization, source, holder, .. } = request.clone();
        let mut actual = request.clone();
        match self.fault {
            Some(Fault::LeasesIgnoreTheOrganization) => actual.organization = "all".parse()?,
            Some(Fault::LeasesIgnoreTheSource) => actual.source = SourceId::new("all", "all")?,
            Some(Fault::LeasesNeverExpire) => actual.ttl = std::time::Duration::MAX,
            Some(Fault::ProlongingChangesTheToken) => {
                self.inner.release_lease(&organization, &source, holder).await?;
            }
            _ => {}
        }
        let mut lease = self.inner.acquire_lease(actual).await?;
        if matches!(
            self.fault,
            Some(Fault::LeasesIgnoreTheOrganization | Fault::LeasesIgnoreTheSource)
        ) {
            lease = self.inner.acquire_lease(request).await?;
        }
        self.past().leases.insert((organization, source), lease);
        if self.does(Fault::TokensDoNotRise) {
            lease.token = 1;
        }
        Ok(lease)
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let held = self.past().leases.get(&(organization.clone(), source.clone())).copied();
        let holder = match held {
            Some(lease) if self.does(Fault::AnybodyReleases) => lease.holder,
            _ => holder,
        };
        let all = SourceId::new("all", "all")?;
        self.inner.release_lease(&"all".parse()?, source, holder).await?;
        self.inner.release_lease(organization, &all, holder).await?;
        self.inner.release_lease(organization, source, holder).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        self.past().note(&batch);
        match self.sabotaged_commit(batch.clone()).await {
            Ok(mut outcome) => {
                self.past().note_outcome(&batch, &outcome);
                if let CommitOutcome::Conflict(assets) = &mut outcome
                    && self.does(Fault::ConflictsNameOneAsset)
                {
                    assets.truncate(1);
                }
                Ok(outcome)
            }
            Err(error)
                if error.kind() == ErrorKind::Invalid && self.does(Fault::InvalidBatchesPass) =>
            {
                Ok(CommitOutcome::Applied)
            }
            Err(error) => Err(error),
        }
    }

    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        self.spoiled_events(organization, cursor, limit).await
    }

    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        self.inner.events_end(organization).await
    }

    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let end = self.inner.events_end(organization).await?;
        match self.fault {
            Some(Fault::PruningTakesTheUnread) => {
                self.inner.prune_events(organization, &end, older_than).await
            }
            Some(Fault::PruningTakesTheYoung) => {
                self.inner.prune_events(organization, cursor, Timestamp::MAX).await
            }
            _ => self.inner.prune_events(organization, cursor, older_than).await,
        }
    }

    async fn prune_runs(
        &self,
        organization: &OrganizationId,
        mut retain: RetainRuns,
    ) -> Result<()> {
        let (organizations, sources) = {
            let mut past = self.past();
            past.is_pruned = true;
            (past.organizations.clone(), past.sources.clone())
        };
        match self.fault {
            Some(Fault::RunsStay) => return Ok(()),
            Some(Fault::YoungRunsArePruned) => retain.newer_than = Some(Timestamp::MAX),
            Some(Fault::LastRunsArePruned) => retain.last = 0,
            Some(Fault::LastRunsAreCountedOnce) => {
                self.hide_runs(organization, retain, sources).await?;
            }
            Some(Fault::NeededRunsArePruned) => {
                for source in sources {
                    self.hide_runs(organization, retain, [source]).await?;
                }
            }
            Some(Fault::PeopleArePruned) => {
                let people = SourceId::new("person", "curation")?;
                self.hide_runs(organization, retain, [people]).await?;
            }
            Some(Fault::PruningReachesEverybody) => {
                for other in &organizations {
                    self.inner.prune_runs(other, retain).await?;
                }
            }
            _ => {}
        }
        self.inner.prune_runs(organization, retain).await
    }

    async fn count_assets(
        &self,
        mut request: SearchRequest,
        facets: &[Facet],
    ) -> Result<AssetCounts> {
        match self.fault {
            Some(Fault::EverythingIsCounted) => request.query = Query::everything(),
            Some(Fault::FacetsHaveNoLimit) => request.limit = usize::MAX,
            _ => {}
        }
        let mut counts = self.inner.count_assets(request, facets).await?;
        if self.does(Fault::FacetsLeaveOutNothing) {
            for facet in &mut counts.facets {
                facet.values.retain(|(value, _)| value.is_some());
            }
        }
        Ok(counts)
    }

    async fn search_assets(&self, mut request: SearchRequest) -> Result<SearchPage<Asset>> {
        match self.fault {
            Some(Fault::CursorsAreIgnored) => request.after = None,
            Some(Fault::OrdersAreIgnored) => request.sort = Sort::default(),
            _ => {}
        }
        let mut page = match self.inner.search_assets(request.clone()).await {
            Err(error)
                if error.kind() == ErrorKind::Invalid
                    && self.does(Fault::BrokenCursorsBeginAnew) =>
            {
                self.inner.search_assets(request.clone().after(None)).await?
            }
            page => page?,
        };
        let is_first = request.after.is_none();
        let is_accented = |text: &str| text.chars().any(|c| !c.is_ascii() && c.is_uppercase());
        match self.fault {
            Some(Fault::PagesAreUnsorted) => page.records.reverse(),
            Some(Fault::PagesLeaveGaps) if !is_first && !page.records.is_empty() => {
                page.records.remove(0);
            }
            Some(Fault::PagesOverlap) => {
                let last =
                    std::mem::replace(&mut self.past().last_of_page, page.records.last().cloned());
                page.records.splice(0..0, last.filter(|_| !is_first));
                page.records.truncate(request.limit);
            }
            Some(Fault::OnlyAsciiIsFolded) if !request.query.to_string().is_ascii() => {
                page.records.retain(|asset| !asset.os().is_some_and(is_accented));
            }
            _ => {}
        }
        Ok(page)
    }

    async fn search_users(&self, mut request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        if self.does(Fault::SearchesIgnoreTheSource) {
            request.source = None;
        }
        self.inner.search_users(request).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        self.inner.search_groups(request).await
    }
}
