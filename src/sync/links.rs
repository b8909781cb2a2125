//! What the inventory knows of the objects of the task's directory.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::TryStreamExt;

use super::run::Run;
use crate::Result;
use crate::asset::{Link, LinksRequest, Presence, Sighting};
use crate::directory::DirectoryObject;
use crate::membership::{Links, dn_digest};
use crate::value::{AssetId, ObjectGuid, ObjectKind, RecordDigest};

/// What the store knows of every object of the task's directory.
pub(super) async fn load(run: &Run<'_>) -> Result<Links> {
    let task = run.task;
    let links = LinksRequest::new(task.organization.clone(), task.source.clone());
    let links = run.repository.links(links).await?;
    links.map_ok(|link| (link.object, link)).try_collect().await
}

/// Computers that wait for a decision. Whether they still wait depends on the inventory, which may have changed
/// where they have not.
pub(super) fn waiting(links: &Links) -> BTreeSet<ObjectGuid> {
    let waiting = links.values().filter(|link| {
        link.kind == ObjectKind::Computer && link.asset.is_none() && link.presence.is_present()
    });
    waiting.map(|link| link.object).collect()
}

/// What is to be known of an object from now on.
pub(super) fn of(
    object: &DirectoryObject,
    asset: Option<AssetId>,
    digest: RecordDigest,
    seen: Arc<Sighting>,
) -> Link {
    Link {
        object: object.guid,
        kind: object.kind,
        asset,
        home: None,
        digest,
        dn_digest: dn_digest(&object.dn),
        attributes: attribute_count(object),
        presence: Presence::Present,
        seen: Some(seen),
    }
}

/// How many attributes it has, memberships apart, which are limited on their own. One that was left out is there.
pub(super) fn attribute_count(object: &DirectoryObject) -> u32 {
    let is_counted = |name: &&str| *name != "memberOf" && !DirectoryObject::is_volatile(name);
    let read = object.attributes.iter().map(|(name, _)| name);
    let left_out = object.flaws.iter().map(|flaw| flaw.attribute.as_str());
    let counted: BTreeSet<&str> = read.chain(left_out).filter(is_counted).collect();
    u32::try_from(counted.len()).unwrap_or(u32::MAX)
}
