//! How the query of a search was read, and what is near where it finds nothing.

use futures::TryStreamExt;

use super::repository::surroundings;
use super::{
    Asset, AssetInContext, AssetRepository, AssetsRequest, DirectoryGroup, DirectoryUser,
    PrincipalsRequest, SearchRequest,
};
use crate::Result;
use crate::query::Reading;

/// What a search that found nothing has to say. Every record is looked at, wherever the request's page begins.
impl SearchRequest {
    /// How the query was read as one for assets.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use ldap_inventory::asset::SearchRequest;
    /// # use ldap_inventory::asset::AssetRepository;
    /// # use ldap_inventory::store::MemoryRepository;
    /// # use ldap_inventory::value::Timestamp;
    /// # async fn doc() -> ldap_inventory::Result<()> {
    /// # let repository = MemoryRepository::new();
    /// let request = SearchRequest::new("acme".parse()?, "os:windws".parse()?, Timestamp::now());
    /// if repository.search_assets(request.clone()).await?.records.is_empty() {
    ///     eprintln!("{}", request.read_for_assets(&repository).await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_for_assets(&self, repository: &dyn AssetRepository) -> Result<Reading> {
        let mut reading = Reading::new(&self.query, Asset::FIELDS, self.now.as_micros());
        let surroundings = surroundings(repository, self).await?;
        let all = AssetsRequest::new(self.organization.clone());
        let mut assets = repository.each_asset(all).await?;
        while let Some(asset) = assets.try_next().await? {
            let has_overlap = || surroundings.has_overlap(&asset);
            let is_unresolved = || surroundings.unresolved.contains(&asset.id);
            let table = &self.lifecycle;
            reading.look_at(&AssetInContext::new(&asset, table, has_overlap, is_unresolved));
        }
        Ok(reading)
    }

    /// How the query was read as one for users.
    pub async fn read_for_users(&self, repository: &dyn AssetRepository) -> Result<Reading> {
        let mut reading = Reading::new(&self.query, DirectoryUser::FIELDS, self.now.as_micros());
        let mut users = repository.each_user(self.all_principals()).await?;
        while let Some(user) = users.try_next().await? {
            reading.look_at(&user);
        }
        Ok(reading)
    }

    /// How the query was read as one for groups.
    pub async fn read_for_groups(&self, repository: &dyn AssetRepository) -> Result<Reading> {
        let mut reading = Reading::new(&self.query, DirectoryGroup::FIELDS, self.now.as_micros());
        let mut groups = repository.each_group(self.all_principals()).await?;
        while let Some(group) = groups.try_next().await? {
            reading.look_at(&group);
        }
        Ok(reading)
    }

    fn all_principals(&self) -> PrincipalsRequest {
        PrincipalsRequest::new(self.organization.clone()).of_source(self.source.clone())
    }
}
