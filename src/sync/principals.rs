//! Writing users and groups.

use super::draft;
use super::matching::Matching;
use super::membership::Memberships;
use super::report::PrincipalCounts;
use super::sightings;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, DirectoryGroup, DirectoryUser, Presence};
use crate::directory::{DirectoryObject, MembershipState};
use crate::merge;
use crate::value::{ObjectKind, RecordDigest};

impl Writer<'_> {
    /// Writes what changed of the users, or of the groups.
    ///
    /// A known one is left as it is if its memberships are in doubt: after an incomplete read, and where a
    /// group's own list is incomplete.
    pub(super) async fn write_principals(
        &mut self,
        kind: ObjectKind,
        memberships: &Memberships,
        matching: &Matching,
        counts: &mut PrincipalCounts,
    ) -> Result<()> {
        let complete = self.snapshot.end.completeness.is_complete();
        for objects in self.snapshot.of_kind(kind).chunks(self.run.options.batch_size) {
            let mut changes = Vec::new();
            for object in objects {
                let digest = digest(object, memberships, complete);
                let known = matching.links.get(&object.guid).filter(|link| link.kind == kind);
                let doubtful = !complete || is_doubtful(object);
                match known {
                    Some(link)
                        if link.digest == digest && link.presence.is_present() || doubtful =>
                    {
                        counts.unchanged += 1;
                        changes.extend(sightings::note(self.snapshot, object, known));
                        continue;
                    }
                    Some(_) => counts.updated += 1,
                    None => counts.created += 1,
                }
                changes.push(self.put(object, memberships, complete));
                let seen = self.snapshot.coverage.sighting(object);
                changes.push(Change::PutLink(draft::link(object, None, digest, seen)));
            }
            // Users and groups are this source's alone, and the lease keeps others away from them.
            let _: CommitOutcome = self.submit(changes).await?;
            self.progress(objects.len());
        }
        Ok(())
    }

    fn put(&self, object: &DirectoryObject, memberships: &Memberships, complete: bool) -> Change {
        let (run, task) = (self.run, self.run.task);
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
}

/// Whether nothing may be concluded from who is missing among a group's members.
pub(super) fn is_doubtful(object: &DirectoryObject) -> bool {
    object.membership.as_ref().is_some_and(|list| list.state == MembershipState::Incomplete)
}

/// The object's own digest, its memberships, and whether these are all.
pub(super) fn digest(
    object: &DirectoryObject,
    memberships: &Memberships,
    complete: bool,
) -> RecordDigest {
    let mut hasher = RecordDigest::hasher();
    hasher.bytes(&object.digest().0).bytes(&[u8::from(complete)]);
    for member in memberships.members(object.guid) {
        hasher.text(member.dn.as_str()).bytes(&[member.path as u8]);
        hasher.bytes(member.object.as_ref().map_or(&[], |guid| guid.as_bytes().as_slice()));
    }
    if object.kind == ObjectKind::User {
        for group in memberships.groups(object.guid) {
            hasher.text(group.as_str());
        }
    }
    hasher.finish()
}
