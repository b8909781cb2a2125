//! Writing users and groups.

use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, DirectoryGroup, DirectoryUser, Presence};
use crate::directory::DirectoryObject;
use crate::membership::{Memberships, digest, is_doubtful};
use crate::merge;
use crate::sync::decide::Matching;
use crate::sync::links;
use crate::sync::report::PrincipalCounts;
use crate::sync::run::Run;
use crate::value::ObjectKind;

/// Writes what changed of the users, or of the groups.
///
/// A known one is left as it is if its memberships are in doubt: after an incomplete read, and where a
/// group's own list is incomplete.
pub(in crate::sync) async fn write(
    writer: &mut Writer<'_>,
    kind: ObjectKind,
    memberships: &Memberships,
    matching: &Matching,
    counts: &mut PrincipalCounts,
) -> Result<()> {
    let complete = writer.snapshot.end.completeness.is_complete();
    for objects in writer.snapshot.of_kind(kind).chunks(writer.run.options.batch_size) {
        let mut changes = Vec::new();
        for object in objects {
            let digest = digest(object, memberships, complete);
            let known = matching.links.get(&object.guid).filter(|link| link.kind == kind);
            let doubtful = !complete || is_doubtful(object);
            match known {
                Some(link) if link.digest == digest && link.presence.is_present() || doubtful => {
                    counts.unchanged += 1;
                    changes.extend(writer.snapshot.coverage.news(object, known));
                    continue;
                }
                Some(_) => counts.updated += 1,
                None => counts.created += 1,
            }
            changes.push(put(writer.run, object, memberships, complete));
            let seen = writer.snapshot.coverage.sighting(object);
            changes.push(Change::PutLink(links::of(object, None, digest, seen)));
        }
        // Users and groups are this source's alone, and the lease keeps others away from them.
        let _: CommitOutcome = writer.submit(changes).await?;
        writer.progress(objects.len());
    }
    Ok(())
}

fn put(
    run: &Run<'_>,
    object: &DirectoryObject,
    memberships: &Memberships,
    complete: bool,
) -> Change {
    let task = run.task;
    if object.kind == ObjectKind::Group {
        Change::PutGroup(Box::new(DirectoryGroup {
            organization: task.organization.clone(),
            site: task.site.clone(),
            source: task.source.clone(),
            object: object.guid,
            sid: object.sid.clone(),
            dn: object.dn.clone(),
            members: memberships.members(object.guid).to_vec(),
            complete: complete && !is_doubtful(object),
            attributes: merge::group_attributes(object, run.now),
            presence: Presence::Present,
            run: run.id,
            written: run.now,
        }))
    } else {
        Change::PutUser(Box::new(DirectoryUser {
            organization: task.organization.clone(),
            site: task.site.clone(),
            source: task.source.clone(),
            object: object.guid,
            sid: object.sid.clone(),
            dn: object.dn.clone(),
            groups: memberships.groups(object.guid).to_vec(),
            attributes: merge::user_attributes(object, run.now),
            presence: Presence::Present,
            run: run.id,
            written: run.now,
        }))
    }
}
