//! Lists of members of which a read told only what changed.

use std::collections::{BTreeSet, HashMap};

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::DirectoryGroup;
use crate::directory::DirectoryObject;
use crate::membership::{Links, ShownMembers};
use crate::sync::run::Run;
use crate::value::ObjectGuid;

/// Makes them whole by what the inventory has. The groups of which that is not certain, which are to be read again.
pub(super) async fn complete(
    run: &Run<'_>,
    snapshot: &mut Snapshot,
    links: &Links,
) -> Result<BTreeSet<ObjectGuid>> {
    let told = told(snapshot)?;
    if told.is_empty() {
        return Ok(BTreeSet::new());
    }
    let ids: Vec<ObjectGuid> = told.iter().map(|group| group.guid).collect();
    let Run { repository, task, .. } = *run;
    let before = repository.groups(&task.organization, &task.source, &ids).await?;
    let before: HashMap<ObjectGuid, &DirectoryGroup> =
        before.iter().map(|group| (group.object, group)).collect();
    let shown = ShownMembers::of(&snapshot.read_objects())?;
    let whole = |group: &DirectoryObject| {
        let before = before.get(&group.guid)?;
        // Another account may see other members.
        links.get(&group.guid).filter(|link| !snapshot.coverage.is_foreign(link))?;
        shown.whole_list(group, before, links)
    };
    let (mut certain, mut uncertain) = (Vec::new(), BTreeSet::new());
    for group in told {
        match whole(&group) {
            Some(list) => certain.push(DirectoryObject { membership: Some(list), ..group }),
            None => _ = uncertain.insert(group.guid),
        }
    }
    certain.iter().try_for_each(|group| snapshot.groups.replace(group))?;
    Ok(uncertain)
}

/// The groups of which only changes were told.
fn told(snapshot: &Snapshot) -> Result<Vec<DirectoryObject>> {
    let mut told = Vec::new();
    for group in snapshot.groups.outlines().iter().filter(|group| group.is_doubtful) {
        let group = snapshot.groups.get(group)?;
        if group.membership.as_ref().is_some_and(|list| list.left.is_some()) {
            told.push(group);
        }
    }
    Ok(told)
}
