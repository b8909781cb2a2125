//! What a store is asked for.

use std::time::Duration;

use super::ObjectKey;
use crate::value::{AssetId, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp};

/// Which assets a stream brings: [`AssetRepository::each_asset`](super::AssetRepository::each_asset).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AssetsRequest {
    /// Where.
    pub organization: OrganizationId,
    /// Those with these ids alone, as far as there are any.
    pub ids: Option<Vec<AssetId>>,
    /// Those with a higher id than this alone.
    pub after: Option<AssetId>,
}

/// Which users or groups a stream brings: [`AssetRepository::each_user`](super::AssetRepository::each_user) and
/// [`each_group`](super::AssetRepository::each_group).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PrincipalsRequest {
    /// Where.
    pub organization: OrganizationId,
    /// Those of this directory alone.
    pub source: Option<SourceId>,
    /// Those with these objectGUIDs alone, as far as there are any.
    pub objects: Option<Vec<ObjectGuid>>,
    /// Those behind this place alone.
    pub after: Option<ObjectKey>,
}

/// Which links a stream brings: [`AssetRepository::links`](super::AssetRepository::links).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LinksRequest {
    /// Where.
    pub organization: OrganizationId,
    /// The directory.
    pub source: SourceId,
    /// Those of these objects alone, as far as there are any.
    pub objects: Option<Vec<ObjectGuid>>,
}

/// Who asks to write for a source: [`AssetRepository::acquire_lease`](super::AssetRepository::acquire_lease).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LeaseRequest {
    /// Where.
    pub organization: OrganizationId,
    /// The directory.
    pub source: SourceId,
    /// The run.
    pub holder: RunId,
    /// When it asks, by its own clock.
    pub now: Timestamp,
    /// For how long.
    pub ttl: Duration,
}

impl AssetsRequest {
    /// All assets of an organization.
    pub fn new(organization: OrganizationId) -> Self {
        Self { organization, ids: None, after: None }
    }

    /// Leaves out those with other ids.
    #[must_use]
    pub fn of_ids(mut self, ids: impl IntoIterator<Item = AssetId>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Leaves out everything up to this id.
    #[must_use]
    pub fn after(mut self, id: Option<AssetId>) -> Self {
        self.after = id;
        self
    }
}

impl PrincipalsRequest {
    /// All of an organization.
    pub fn new(organization: OrganizationId) -> Self {
        Self { organization, source: None, objects: None, after: None }
    }

    /// Leaves out those of other directories.
    #[must_use]
    pub fn of_source(mut self, source: impl Into<Option<SourceId>>) -> Self {
        self.source = source.into();
        self
    }

    /// Leaves out those with other objectGUIDs.
    #[must_use]
    pub fn of_objects(mut self, objects: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.objects = Some(objects.into_iter().collect());
        self
    }

    /// Leaves out everything up to this place.
    #[must_use]
    pub fn after(mut self, key: Option<ObjectKey>) -> Self {
        self.after = key;
        self
    }
}

impl LinksRequest {
    /// All links of a directory.
    pub fn new(organization: OrganizationId, source: SourceId) -> Self {
        Self { organization, source, objects: None }
    }

    /// Leaves out those of other objects.
    #[must_use]
    pub fn of_objects(mut self, objects: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.objects = Some(objects.into_iter().collect());
        self
    }
}

impl LeaseRequest {
    /// A run asks for a source at `now`, until `now + ttl`.
    pub fn new(
        organization: OrganizationId,
        source: SourceId,
        holder: RunId,
        now: Timestamp,
        ttl: Duration,
    ) -> Self {
        Self { organization, source, holder, now, ttl }
    }
}
