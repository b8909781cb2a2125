//! What people change, and what they look into.
//!
//! A [`Curation`] is the inventory of an organization as a person works on it: several assets are made one
//! ([`merge`](Curation::merge)) and taken apart again ([`unmerge`](Curation::unmerge)); a directory's object is
//! said to be an asset ([`link`](Curation::link)) or not to be it ([`separate`](Curation::separate)), until
//! that is taken back ([`forget`](Curation::forget)). All of it survives every later sync, and who did it, when
//! and why is kept.
//!
//! What scanners find is [imported](Curation::import); what the host knows itself of an asset it
//! [contributes](Curation::contribute), and what people say of assets they [annotate](Curation::annotate). What waits for a person is [shown](Curation::unresolved) and
//! [settled](Curation::settle), what no source has any more may be [deleted](Curation::delete), and
//! [what changed](Curation::changes) since a moment is told by name.
//!
//! Each decision is one batch, planned on the versions of the assets it speaks of: of two people who change the
//! same at once one wins, and the other is told with [`ErrorKind::Conflict`]. A merge, and its undoing, look again where
//! others decide elsewhere at that moment. A sync that is under way decides again on the assets that were changed.
//!
//! ```
//! use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change};
//! use ldap_inventory::curation::{Author, Curation};
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! let (repository, organization) = (MemoryRepository::new(), OrganizationId::new("acme")?);
//! let ids = [AssetId::random_v7(), AssetId::random_v7()];
//! let asset = |id| Asset::new(id, organization.clone(), "hq".parse().unwrap());
//! let put = ids.map(|id| Change::create(asset(id)));
//! let batch = Batch::new(BatchId::random_v7(), organization.clone(), SourceId::new("scan", "hq")?);
//! let _ = repository.commit(batch.with_changes(put)).await?;
//!
//! let curation = Curation::new(&repository, organization);
//! let anna = Author::new("anna").because("one machine, two cards");
//! let merged = curation.merge(&ids, &anna).await?;
//! assert_eq!(merged.preview.survivor, ids[0]);
//! let undone = curation.unmerge(merged.id, &anna).await?;
//! assert_eq!(undone.restored, [ids[1]]);
//! # Ok(())
//! # }
//! ```

mod annotating;
mod changed_field;
mod changes;
mod contributing;
mod deciding;
mod deleting;
mod history;
mod import;
mod merging;
mod releasing;
mod survey;
mod unresolved;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use self::changed_field::ChangedField;
pub use self::changes::{NotedChange, Occasion};
pub use self::deciding::Decided;
pub use self::history::{Action, Entry};
pub use self::import::{AmbiguousRecord, ImportOptions, Imported, LeftOut, Scan, ScannedAsset};
pub use self::merging::{Merged, Unmerged};
pub use self::unresolved::Unresolved;

use crate::asset::{Asset, AssetRepository, Batch, Change, CommitOutcome};
use crate::grouping::{self, Decisions};
use crate::merge::{KnownDirectories, Moves, Settled, Standing};
use crate::os::Lifecycle;
use crate::task::MatchPolicy;
use crate::value::{AssetId, BatchId, OrganizationId, SourceId};
use crate::{Error, ErrorKind, Result, Retry};

/// How often a batch is sent again because the store failed in passing. Every attempt carries the same id,
/// so that one which was done but not answered is not done twice.
const COMMIT_RETRIES: u32 = 3;
/// How often a merge or its undoing is worked out, where others keep deciding in that moment: with a hundred decisions a
/// second one in a few thousand is refused.
const LOOKS: usize = 10;

/// The inventory of an organization, as people work on it.
#[derive(Clone, Debug)]
pub struct Curation<'a> {
    repository: &'a dyn AssetRepository,
    organization: OrganizationId,
    policy: MatchPolicy,
    lifecycle: Arc<Lifecycle>,
}

/// Who decides, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Author {
    /// Who: a name that colleagues know.
    pub by: String,
    /// Why, in a few words. Empty unless given.
    pub why: String,
}

impl Author {
    /// Somebody who gives no reason.
    pub fn new(by: impl Into<String>) -> Self {
        Self { by: by.into(), why: String::new() }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }
}

impl<'a> Curation<'a> {
    /// The inventory of an organization, under the usual policy.
    pub fn new(repository: &'a dyn AssetRepository, organization: OrganizationId) -> Self {
        let lifecycle = Arc::clone(Lifecycle::known());
        Self { repository, organization, policy: MatchPolicy::default(), lifecycle }
    }

    /// Sets the policy of the organization's tasks: which source's value holds after a merge, what is an overlap, and
    /// what an import may tie together. Computers of a directory are decided on by the policy of its own runs.
    #[must_use]
    pub fn with_policy(mut self, policy: MatchPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Takes another table of support dates than the crate's, by which [`coverage`](Self::coverage) counts and which
    /// [`explain`](Self::explain) quotes. Its form is that of
    /// [`SearchRequest::with_lifecycle`](crate::asset::SearchRequest::with_lifecycle).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for another form, with the line.
    pub fn with_lifecycle(mut self, csv: &str) -> Result<Self> {
        self.lifecycle = Arc::new(Lifecycle::from_csv(csv)?);
        Ok(self)
    }

    /// Where ids of assets lead: each with the asset that it names today. An asset that is there is named by its own id; the
    /// id of one whose records are part of others leads to where they went. For sources that know an asset by its id, so
    /// that they find [their record](Asset::record_of) again. An id that leads nowhere is left out.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change};
    /// use ldap_inventory::curation::{Author, Curation};
    /// use ldap_inventory::store::MemoryRepository;
    /// use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// let (repository, organization) = (MemoryRepository::new(), OrganizationId::new("acme")?);
    /// # let ids = [AssetId::random_v7(), AssetId::random_v7()];
    /// # let asset = |id| Asset::new(id, organization.clone(), "hq".parse().unwrap());
    /// # let put = ids.map(|id| Change::create(asset(id)));
    /// # let batch = Batch::new(BatchId::random_v7(), organization.clone(), SourceId::new("scan", "hq")?);
    /// # let _ = repository.commit(batch.with_changes(put)).await?;
    /// let curation = Curation::new(&repository, organization);
    /// // Two assets that are there, of which a person makes one:
    /// let [survivor, other] = ids;
    /// curation.merge(&[survivor, other], &Author::new("anna")).await?;
    ///
    /// let nobody = AssetId::random_v7();
    /// let found = curation.resolve(&[other, nobody]).await?;
    /// assert_eq!(found[&other].id, survivor);
    /// assert!(!found.contains_key(&nobody));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn resolve(&self, ids: &[AssetId]) -> Result<BTreeMap<AssetId, Asset>> {
        grouping::resolve_merged(self.repository, &self.organization, ids).await
    }

    /// Lets the inventory show what people decided. Syncs, imports and decisions do so themselves: this is for hosts that
    /// [commit](AssetRepository::commit) records of their own, afterwards. What moved is returned; writes nothing where
    /// nobody decided anything on what was written.
    ///
    /// # Errors
    ///
    /// What the store reports; [`ErrorKind::Conflict`] if an asset was changed, or something decided, at this moment.
    pub async fn uphold(&self) -> Result<Moves> {
        let written = self.written("uphold", || async {
            let standing = Decisions::load(self.repository, &self.organization).await?.standing();
            let settled = self.settled(&standing, []).await?;
            let moves = settled.moves().clone();
            self.write(&standing, settled, Vec::new(), Vec::new()).await?;
            Ok(moves)
        });
        written.await
    }

    /// What has to be written so that these decisions show, and the assets that they once touched.
    async fn settled(
        &self,
        standing: &Standing,
        also: impl IntoIterator<Item = AssetId>,
    ) -> Result<Settled> {
        let directories = self.known_directories().await?;
        let Self { repository, organization, .. } = self;
        grouping::settle(*repository, organization, standing, also, &directories).await
    }

    /// The directories of the organization, as their latest runs tell.
    async fn known_directories(&self) -> Result<KnownDirectories> {
        grouping::known_directories(self.repository, &self.organization, &self.policy).await
    }

    /// The assets that these ids name today, in this order.
    async fn assets(&self, ids: &[AssetId]) -> Result<Vec<Asset>> {
        let mut found = self.resolve(ids).await?;
        match ids.iter().find(|id| !found.contains_key(id)) {
            None => Ok(ids.iter().filter_map(|id| found.remove(id)).collect()),
            Some(missing) => Err(self.no_such_asset(*missing)),
        }
    }

    /// The asset that an id names today.
    async fn asset(&self, id: AssetId) -> Result<Asset> {
        self.found(id).await?.ok_or_else(|| self.no_such_asset(id))
    }

    async fn found(&self, id: AssetId) -> Result<Option<Asset>> {
        let found = self.resolve(&[id]).await?;
        Ok(found.into_values().next())
    }

    fn no_such_asset(&self, id: AssetId) -> Error {
        Error::new(ErrorKind::NotFound, "there is no such asset")
            .with_context("asset", id)
            .with_context("organization", &self.organization)
    }

    /// Looks, and writes what comes of it: all of it anew where somebody decided something in between, most likely on
    /// other assets. Whoever changes the same assets at the same moment stands against it, as ever.
    async fn written<T, Written>(
        &self,
        operation: &'static str,
        look_and_write: impl Fn() -> Written,
    ) -> Result<T>
    where
        Written: Future<Output = Result<T>>,
    {
        let mut looks = 1;
        loop {
            match look_and_write().await {
                Err(error) if was_decided_otherwise(&error) && looks < LOOKS => looks += 1,
                written => return written.map_err(|error| error.in_operation(operation)),
            }
        }
    }

    /// Writes decisions together with all that they move.
    async fn carry_out(
        &self,
        before: &Standing,
        decisions: &Decisions,
        touched: impl IntoIterator<Item = AssetId>,
        puts: Vec<Change>,
    ) -> Result<Moves> {
        let touched: Vec<AssetId> = touched.into_iter().collect();
        let also = before.named().into_iter().chain(touched.iter().copied());
        let standing = decisions.standing();
        let settled = self.settled(&standing, also).await?;
        let moves = settled.moves().clone();
        let subjects = self.repository.assets(&self.organization, &touched).await?;
        self.write(before, settled, subjects, puts).await?;
        Ok(moves)
    }

    /// Writes what has to be written, and nothing new into these assets, so that nobody else changes them at the
    /// same time; unless the decisions that stood before are not those that stand any more.
    async fn write(
        &self,
        before: &Standing,
        settled: Settled,
        subjects: Vec<Asset>,
        puts: Vec<Change>,
    ) -> Result<()> {
        let mut changes = grouping::changes(self.repository, &self.organization, settled).await?;
        let written = |id: AssetId| {
            changes.iter().chain(&puts).any(|change| match change {
                Change::PutAsset { asset, .. } => asset.id == id,
                Change::RemoveAsset { id: gone, .. } => *gone == id,
                _ => false,
            })
        };
        let untouched: Vec<Asset> =
            subjects.into_iter().filter(|asset| !written(asset.id)).collect();
        changes.extend(untouched.into_iter().map(touch));
        changes.extend(puts);
        if changes.is_empty() {
            return Ok(());
        }
        match Decisions::still_stand(self.repository, &self.organization, before).await? {
            true => self.commit(changes).await,
            false => Err(decided_otherwise()),
        }
    }

    /// Writes what a person decided, whole or not at all.
    async fn commit(&self, changes: Vec<Change>) -> Result<()> {
        let id = BatchId::random_v7();
        let batch = Batch::new(id, self.organization.clone(), SourceId::of_people());
        let batch = batch.with_changes(changes);
        match self.send(&batch).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => Ok(()),
            CommitOutcome::Conflict(assets) => Err(conflict(&assets)),
        }
    }

    /// Sends a batch, again if the store failed in passing.
    async fn send(&self, batch: &Batch) -> Result<CommitOutcome> {
        let mut attempt = 0;
        loop {
            let error = match self.repository.commit(batch.clone()).await {
                Ok(committed) => return Ok(committed),
                Err(error) => error,
            };
            attempt += 1;
            if error.retry() != Retry::Transient {
                return Err(error);
            }
            if attempt > COMMIT_RETRIES {
                return Err(error.with_retry(Retry::Exhausted).with_context("attempts", attempt));
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
    }
}

fn conflict(assets: &[AssetId]) -> Error {
    let message = "somebody else, or a sync, changed the same assets at this moment; nothing was written, look \
                   at them again";
    let error = Error::new(ErrorKind::Conflict, message);
    match assets.first() {
        Some(asset) => error.with_context("asset", asset),
        None => error,
    }
}

fn decided_otherwise() -> Error {
    let message = "somebody else merged, unmerged, linked or separated something at this moment, perhaps other assets; \
                   nothing was written, do it again";
    Error::new(ErrorKind::Conflict, message).with_retry(Retry::Transient)
}

/// Whether it is an error of [`decided_otherwise`]: no other conflict passes by itself.
fn was_decided_otherwise(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.retry() == Retry::Transient
}

/// A change that writes nothing new into an asset, so that nobody else changes it at the same time.
fn touch(asset: Asset) -> Change {
    Change::update(&asset, asset.clone())
}
