//! What every step of a run needs to know.

use super::options::SyncOptions;
use crate::Result;
use crate::asset::AssetRepository;
use crate::directory::ServerIdentity;
use crate::grouping;
use crate::merge::{DirectoryDomain, KnownDirectories, WriteContext};
use crate::task::SyncTask;
use crate::value::{ObjectGuid, RecordDigest, RunId, Timestamp};

/// What every step of a run needs to know. It holds no state: what a step finds out is handed on by the conductor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) task: &'a SyncTask,
    pub(super) repository: &'a dyn AssetRepository,
    pub(super) options: &'a SyncOptions,
    pub(super) id: RunId,
    /// The one time that everything of the run is dated by.
    pub(super) now: Timestamp,
}

impl<'a> Run<'a> {
    /// About so many objects are looked at between two [pauses](Self::pause): a few milliseconds of work.
    pub(super) const AT_ONCE: usize = 512;

    /// Lets other work go on, and ends a run that was cancelled.
    pub(super) async fn pause(&self) -> Result<()> {
        self.options.cancellation.check()?;
        tokio::task::yield_now().await;
        Ok(())
    }

    pub(super) fn new(
        task: &'a SyncTask,
        repository: &'a dyn AssetRepository,
        options: &'a SyncOptions,
    ) -> Self {
        let (id, now) = options.run.unwrap_or_else(|| (RunId::random_v7(), Timestamp::now()));
        Self { task, repository, options, id, now }
    }

    /// The directory's domain, with what is known around it.
    pub(super) fn domain(&self, server: &ServerIdentity) -> DirectoryDomain {
        let (dns, netbios) = (server.domain.as_deref(), server.netbios_domain.as_deref());
        let suffixes = self.own_suffixes(server);
        let others = server.other_domains.iter().map(String::as_str);
        DirectoryDomain::new(dns, netbios).within(suffixes.iter().map(String::as_str), others)
    }

    /// All directories of the organization, as their latest runs tell, and this one as it was read.
    pub(super) async fn directories(&self, server: &ServerIdentity) -> Result<KnownDirectories> {
        let SyncTask { organization, source, matching, .. } = self.task;
        let known = grouping::known_directories(self.repository, organization, matching).await?;
        Ok(known.with(source.clone(), self.domain(server), Some(matching.clone())))
    }

    /// The suffixes that stand for the directory's domain.
    pub(super) fn own_suffixes(&self, server: &ServerIdentity) -> Vec<String> {
        self.task.matching.own_suffixes.iter().chain(&server.allowed_suffixes).cloned().collect()
    }

    /// The digest of what decides where a computer goes, besides what it is and what the inventory has.
    pub(super) fn rules(&self) -> RecordDigest {
        let SyncTask { site, matching, exclusions, .. } = self.task;
        let rules = (site, matching, exclusions);
        let mut hasher = RecordDigest::hasher();
        hasher.text(&serde_json::to_string(&rules).unwrap_or_default());
        hasher.finish()
    }

    /// Who writes what an object says, when and by which rules.
    pub(super) fn write_context(&self, object: ObjectGuid) -> WriteContext<'a> {
        let Self { task, id, now, .. } = *self;
        WriteContext {
            source: &task.source,
            object,
            run: id,
            now,
            policy: &task.matching,
            asks_for_addresses: task.addresses_from_dns,
        }
    }
}
