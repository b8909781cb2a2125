//! What the inventory knew of attributes of which a read left something out.

use std::collections::HashMap;

use super::snapshot::Snapshot;
use crate::Result;
use crate::merge;
use crate::sync::links;
use crate::sync::run::Run;
use crate::value::{AssetId, Attributes, ObjectGuid, ObjectKind};

/// How many records are looked up at once.
const RECORDS: usize = 500;

type Known = HashMap<ObjectGuid, Attributes>;

/// Gives the objects of a read back what the inventory knew of what was left out of them, so that an entry that
/// was cut short is kept as it was.
pub(super) async fn keep_known(run: &Run<'_>, snapshot: &mut Snapshot) -> Result<()> {
    for kind in [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User] {
        let objects = snapshot.of_kind(kind).iter();
        let flawed: Vec<ObjectGuid> =
            objects.filter(|it| !it.flaws.is_empty()).map(|it| it.guid).collect();
        if flawed.is_empty() {
            continue;
        }
        let known = known(run, kind, &flawed).await?;
        for object in snapshot.of_kind_mut(kind) {
            if let Some(known) = known.get(&object.guid) {
                merge::keep_known(object, known);
            }
        }
    }
    Ok(())
}

/// The attributes of these objects, as the inventory has them.
async fn known(run: &Run<'_>, kind: ObjectKind, objects: &[ObjectGuid]) -> Result<Known> {
    if kind == ObjectKind::Computer {
        return known_computers(run, objects).await;
    }
    let Run { repository, task, .. } = *run;
    let (organization, source) = (&task.organization, &task.source);
    let mut known = Known::new();
    for objects in objects.chunks(RECORDS) {
        if kind == ObjectKind::User {
            let users = repository.users(organization, source, objects).await?;
            known.extend(users.into_iter().map(|user| (user.object, user.attributes)));
        } else {
            let groups = repository.groups(organization, source, objects).await?;
            known.extend(groups.into_iter().map(|group| (group.object, group.attributes)));
        }
    }
    Ok(known)
}

async fn known_computers(run: &Run<'_>, objects: &[ObjectGuid]) -> Result<Known> {
    let links = links::of_objects(run, objects.iter().copied()).await?;
    let tied = |object: &ObjectGuid| Some((*object, links.get(object)?.asset?));
    let tied: Vec<(ObjectGuid, AssetId)> = objects.iter().filter_map(tied).collect();
    let mut known = Known::new();
    for tied in tied.chunks(RECORDS) {
        let ids: Vec<AssetId> = tied.iter().map(|(_, asset)| *asset).collect();
        let assets = run.repository.assets(&run.task.organization, &ids).await?;
        let assets: HashMap<AssetId, _> = assets.iter().map(|asset| (asset.id, asset)).collect();
        known.extend(tied.iter().filter_map(|(object, asset)| {
            let part = assets.get(asset)?.part_of(&run.task.source, *object)?;
            Some((*object, part.attributes.clone()))
        }));
    }
    Ok(known)
}
