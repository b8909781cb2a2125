//! Looking over the whole inventory.

use std::collections::BTreeSet;

use futures::TryStreamExt;

use super::Curation;
use crate::Result;
use crate::asset::{Asset, AssetsRequest, LinksRequest, SearchRequest, System, found_assets};
use crate::grouping::Decisions;
use crate::merge::{Coverage, Explanation, NearMiss, NearMisses, Overlap, Surveyed};
use crate::query::Query;
use crate::value::{AssetId, SourceId, Timestamp};

impl Curation<'_> {
    /// Pairs of assets that the rules would tie together today. See [`Overlap::among`].
    ///
    /// Reads those assets page by page that have a name of another one, and keeps their names and ties, a few hundred
    /// bytes each. What the latest runs told of directories counts: their domains' two names, other suffixes of theirs, and
    /// the other domains of the forest.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn overlaps(&self) -> Result<Vec<Overlap>> {
        let directories = self.known_directories().await?;
        let mut surveyed = Vec::new();
        let mut sharing = found_assets(self.repository, self.search("name_overlap:true")?);
        while let Some(asset) = sharing.try_next().await? {
            surveyed.push(Surveyed::of(&asset, &directories));
        }
        let standing = Decisions::load(self.repository, &self.organization).await?.standing();
        Ok(Overlap::between(surveyed, &standing.constraints(), &self.policy))
    }

    fn search(&self, query: &str) -> Result<SearchRequest> {
        let query = Query::parse(query)?;
        Ok(SearchRequest::new(self.organization.clone(), query, Timestamp::now()))
    }

    /// Computers that only a directory knows, and assets that no directory knows, of nearly the same name. Suggestions for
    /// a person: nothing is ever tied by them. Reads the inventory page by page, and keeps the names.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn near_misses(&self) -> Result<Vec<NearMiss>> {
        let directories = self.known_directories().await?;
        let mut near = NearMisses::new(&directories);
        self.each_asset(|asset| near.add(asset)).await?;
        Ok(near.find())
    }

    /// Assets by site and operating system: known to the directory, seen by scans, both, not seen for so many days, and out
    /// of support now or within 90 days. Reads the inventory page by page.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn coverage(&self, stale_after_days: u64) -> Result<Coverage> {
        let mut coverage = Coverage::new(Timestamp::now(), stale_after_days).by(&self.lifecycle);
        self.each_asset(|asset| coverage.add(asset)).await?;
        Ok(coverage)
    }

    /// The same by the AD sites that computers are in, as far as their task
    /// [asks for it](crate::task::SyncTask::with_addresses_from_dns), instead of by operating system.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn coverage_by_ad_site(&self, stale_after_days: u64) -> Result<Coverage> {
        let coverage = Coverage::new(Timestamp::now(), stale_after_days).by(&self.lifecycle);
        let mut coverage = coverage.by_ad_site();
        self.each_asset(|asset| coverage.add(asset)).await?;
        Ok(coverage)
    }

    /// Why an asset is what it is. The id of one that is part of another leads to that one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind) if it is not there, and what the store reports.
    pub async fn explain(&self, asset: AssetId) -> Result<Explanation> {
        let asset = self.asset(asset).await?;
        let constraints = self.repository.constraints(&self.organization).await?;
        let merges = self.repository.merges(&self.organization).await?;
        let explanation = Explanation::under(&self.policy, &asset, &constraints, &merges);
        let system = System::of(&asset, &self.lifecycle).attributes();
        Ok(Explanation { system, ..explanation })
    }

    /// The directories whose objects the inventory knows, also where all of them wait for a person, in order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn directories(&self) -> Result<BTreeSet<SourceId>> {
        let mut directories = BTreeSet::new();
        for source in self.repository.sources(&self.organization).await? {
            let links = LinksRequest::new(self.organization.clone(), source.clone());
            if self.repository.links(links).await?.try_next().await?.is_some() {
                directories.insert(source);
            }
        }
        Ok(directories)
    }

    pub(super) async fn each_asset(&self, mut look: impl FnMut(&Asset)) -> Result<()> {
        let all = AssetsRequest::new(self.organization.clone());
        let mut assets = self.repository.each_asset(all).await?;
        while let Some(asset) = assets.try_next().await? {
            look(&asset);
        }
        Ok(())
    }
}
