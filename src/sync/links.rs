//! What the inventory knows of the objects of the task's directory.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;

use super::run::Run;
use crate::Result;
use crate::asset::{Link, LinksRequest, Sighting};
use crate::directory::Outline;
use crate::membership::Links;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest, SourceId};

/// How many objects one look-up names: large enough to share its cost, small enough for the parameter limits of
/// databases.
const OBJECTS_PER_LOOKUP: usize = 500;
/// With more objects than these all links of a directory are read: one stream costs less than many look-ups.
const MOST_BY_OBJECT: usize = 5_000;

/// What the store knows of every object of the task's directory.
pub(super) async fn load(run: &Run<'_>) -> Result<Links> {
    let task = run.task;
    let links = LinksRequest::new(task.organization.clone(), task.source.clone());
    let links = run.repository.links(links).await?;
    links.map_ok(|link| (link.object, link)).try_collect().await
}

/// What the store knows of these objects of the task's directory.
pub(super) async fn of_objects(
    run: &Run<'_>,
    objects: impl IntoIterator<Item = ObjectGuid>,
) -> Result<Links> {
    let (task, mut found) = (run.task, Links::new());
    let all = LinksRequest::new(task.organization.clone(), task.source.clone());
    let objects: Vec<ObjectGuid> = objects.into_iter().collect();
    for objects in objects.chunks(OBJECTS_PER_LOOKUP) {
        run.options.cancellation.check()?;
        let request = all.clone().of_objects(objects.iter().copied());
        let links: Vec<Link> = run.repository.links(request).await?.try_collect().await?;
        found.extend(links.into_iter().map(|link| (link.object, link)));
    }
    Ok(found)
}

/// What the store knows of these objects in other directories.
pub(super) async fn elsewhere(
    run: &Run<'_>,
    objects: &[ObjectGuid],
) -> Result<Vec<(SourceId, Link)>> {
    let mut found = Vec::new();
    if objects.is_empty() {
        return Ok(found);
    }
    let organization = &run.task.organization;
    let wanted: HashSet<ObjectGuid> = objects.iter().copied().collect();
    let sources = run.repository.sources(organization).await?;
    for source in sources.into_iter().filter(|source| *source != run.task.source) {
        let all = LinksRequest::new(organization.clone(), source.clone());
        let requests: Vec<LinksRequest> = match objects.len() {
            ..=MOST_BY_OBJECT => objects
                .chunks(OBJECTS_PER_LOOKUP)
                .map(|objects| all.clone().of_objects(objects.iter().copied()))
                .collect(),
            _ => vec![all],
        };
        for request in requests {
            run.options.cancellation.check()?;
            let mut links = run.repository.links(request).await?;
            while let Some(link) = links.try_next().await? {
                found.extend(wanted.contains(&link.object).then(|| (source.clone(), link)));
            }
        }
    }
    Ok(found)
}

/// Computers that wait for a decision. Whether they still wait depends on the inventory, which may have changed
/// where they have not.
pub(super) async fn waiting(run: &Run<'_>) -> Result<BTreeSet<ObjectGuid>> {
    let waiting = run.repository.waiting(&run.task.organization).await?;
    let own = waiting.iter().filter(|waiting| waiting.source == run.task.source);
    let links = of_objects(run, own.map(|waiting| waiting.object)).await?;
    let waiting = links.values().filter(|link| link.asset.is_none() && link.presence.is_present());
    Ok(waiting.map(|link| link.object).collect())
}

/// What is to be known of an object from now on.
pub(super) fn of(
    kind: ObjectKind,
    object: &Outline,
    digest: RecordDigest,
    seen: Arc<Sighting>,
) -> Link {
    Link {
        digest,
        dn_digest: object.dn_digest,
        attributes: object.attributes,
        seen: Some(seen),
        ..Link::new(kind, object.guid)
    }
}
