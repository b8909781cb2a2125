//! Lists of members of which a read told only what changed.

use std::collections::{BTreeSet, HashMap};

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::DirectoryGroup;
use crate::directory::{DirectoryObject, Membership};
use crate::membership::{Links, whole_list};
use crate::sync::run::Run;
use crate::value::ObjectGuid;

/// Makes them whole by what the inventory has. The groups of which that is not certain, which are to be read again.
pub(super) async fn complete(
    run: &Run<'_>,
    snapshot: &mut Snapshot,
    links: &Links,
) -> Result<BTreeSet<ObjectGuid>> {
    let told = snapshot.groups.iter().filter(|group| is_told(group));
    let told: Vec<ObjectGuid> = told.map(|group| group.guid).collect();
    if told.is_empty() {
        return Ok(BTreeSet::new());
    }
    let Run { repository, task, .. } = *run;
    let before = repository.groups(&task.organization, &task.source, &told).await?;
    let before: HashMap<ObjectGuid, &DirectoryGroup> =
        before.iter().map(|group| (group.object, group)).collect();
    let read = snapshot.read_objects();
    let whole = |group: &DirectoryObject| {
        let before = before.get(&group.guid)?;
        // Another account may see other members.
        links.get(&group.guid).filter(|link| !snapshot.coverage.is_foreign(link))?;
        whole_list(group, before, read, links)
    };
    let lists: Vec<Option<Membership>> = snapshot
        .groups
        .iter()
        .map(|group| is_told(group).then(|| whole(group)).flatten())
        .collect();
    for (group, list) in snapshot.groups.iter_mut().zip(lists) {
        if list.is_some() {
            group.membership = list;
        }
    }
    let uncertain = snapshot.groups.iter().filter(|group| is_told(group));
    Ok(uncertain.map(|group| group.guid).collect())
}

fn is_told(group: &DirectoryObject) -> bool {
    group.membership.as_ref().is_some_and(|list| list.left.is_some())
}
