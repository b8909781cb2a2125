//! Writing users and groups.

use super::absences::marked_principals;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, DirectoryGroup, DirectoryUser, Link, Presence};
use crate::directory::DirectoryObject;
use crate::membership::{Links, Memberships, digest};
use crate::merge;
use crate::sync::decide::MovedPrincipals;
use crate::sync::links::of as link_of;
use crate::sync::report::PrincipalCounts;
use crate::sync::run::Run;
use crate::value::ObjectKind;

/// What is known of users and groups beside what was read.
#[derive(Clone, Copy, Debug)]
pub(in crate::sync) struct Known<'a> {
    pub(in crate::sync) links: &'a Links,
    pub(in crate::sync) memberships: &'a Memberships,
    pub(in crate::sync) moved: &'a MovedPrincipals,
}

/// Writes what changed of the users, or of the groups.
///
/// A known one is left as it is if its memberships are in doubt: after an incomplete read, and where a
/// group's own list is incomplete. That it is there again is no matter of doubt.
pub(in crate::sync) async fn write(
    writer: &mut Writer<'_>,
    kind: ObjectKind,
    known: Known<'_>,
    counts: &mut PrincipalCounts,
) -> Result<()> {
    let Known { links, memberships, moved } = known;
    let complete = writer.snapshot.end.completeness.is_complete();
    let all = writer.snapshot.of_kind(kind);
    let coverage = &writer.snapshot.coverage;
    let put_link = |link: Link| {
        let was = links.get(&link.object).filter(|was| was.kind == kind).map(|was| was.presence);
        Change::PutLink { link, was }
    };
    let mut rest = all.outlines();
    while let Some((objects, after)) = rest.split_at_checked(writer.batch_length(rest)) {
        rest = after;
        let (mut changes, mut back) = (Vec::new(), Vec::new());
        for object in objects {
            let digest = digest(kind, object, memberships, complete);
            let known = links.get(&object.guid).filter(|link| link.kind == kind);
            let removals: Vec<Change> = moved.removals(object.guid).collect();
            let doubtful = !complete || object.is_doubtful;
            match known {
                Some(link) if doubtful && !link.presence.is_present() => {
                    counts.updated += 1;
                    changes.extend(removals);
                    let seen = Some(coverage.sighting(kind, object));
                    back.push(Link { presence: Presence::Present, seen, ..link.clone() });
                    continue;
                }
                Some(link) if link.digest == digest && link.presence.is_present() || doubtful => {
                    counts.unchanged += 1;
                    changes.extend(coverage.news(kind, object, known));
                    continue;
                }
                Some(_) => counts.updated += 1,
                None if removals.is_empty() => counts.created += 1,
                None => counts.updated += 1,
            }
            changes.extend(removals);
            changes.push(put(writer.run, &all.get(object)?, memberships, complete));
            let seen = coverage.sighting(kind, object);
            changes.push(put_link(link_of(kind, object, digest, seen)));
        }
        changes.extend(marked_principals(writer.run, &back).await?);
        changes.extend(back.into_iter().map(put_link));
        // Users and groups are this source's alone, and the lease keeps others away from them.
        let _: CommitOutcome = writer.submit(changes).await?;
        writer.progress(objects.len());
    }
    Ok(())
}

/// Takes away what another directory has.
pub(in crate::sync) async fn remove_moved(
    writer: &mut Writer<'_>,
    moved: &MovedPrincipals,
) -> Result<()> {
    let source = &writer.run.task.source;
    let removals: Vec<Change> = moved
        .left()
        .map(|object| Change::RemoveObject { source: source.clone(), object })
        .collect();
    for removals in removals.chunks(writer.run.options.batch_size) {
        let _: CommitOutcome = writer.submit(removals.to_vec()).await?;
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
            complete: complete && !object.is_doubtful(),
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
