//! How far a run goes beyond ordinary updates: what the change limits measure. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::decide::ComputerMove;
use super::limits::{Confirmation, ExceededLimit, LimitsExceeded, Measure};
use super::read::{PriorMemberships, Reading};
use crate::asset::{DirectoryGroup, Link, Member};
use crate::directory::Outline;
use crate::membership::{Links, Memberships, digest, is_present};
use crate::task::{ChangeLimits, Limit};
use crate::value::{AssetId, ObjectGuid, ObjectKind, RecordDigest};

/// What a run is about to do.
#[derive(Debug)]
pub(super) struct Intent<'a> {
    pub(super) reading: &'a Reading,
    /// What the read before covered.
    pub(super) earlier_scope: Option<RecordDigest>,
    pub(super) links: &'a Links,
    /// What the read showed to be missing, as it shall be written, in the order of objectGUIDs.
    pub(super) absent: &'a [Link],
    /// Absent objects whose place another computer has taken, or that another directory has.
    pub(super) succeeded: HashSet<ObjectGuid>,
    pub(super) memberships: &'a Memberships,
    /// Whether what another account saw is this one's from now on, as far as it shows.
    pub(super) takes_over: bool,
}

/// What a run would do beyond ordinary updates.
#[derive(Debug, Default)]
pub(super) struct ChangeImpact {
    creates: BTreeSet<ObjectGuid>,
    relinks: BTreeSet<(ObjectGuid, Option<AssetId>)>,
    joins: BTreeSet<(ObjectGuid, Option<AssetId>)>,
    losses: BTreeMap<ObjectKind, BTreeSet<ObjectGuid>>,
    removals: BTreeSet<(ObjectGuid, String)>,
    changes: BTreeSet<ObjectGuid>,
    /// Known objects that were read, by kind, and how many of them have fewer attributes than before.
    compared: BTreeMap<ObjectKind, (u64, u64)>,
    /// Known objects by kind, as far as the read speaks for them.
    known: BTreeMap<ObjectKind, u64>,
    /// Known memberships, likewise.
    memberships: u64,
    /// Whether the read covered what the one before did.
    is_same_scope: bool,
    /// Groups that may have lost members: [compare](Self::note_removals) them with what the inventory has.
    pub(super) changed_groups: Vec<ObjectGuid>,
}

impl ChangeImpact {
    /// What the run would do, with these moves, but for the members that [leave groups](Self::changed_groups).
    pub(super) fn of(intent: &Intent<'_>, moves: impl IntoIterator<Item = ComputerMove>) -> Self {
        let scope = &intent.reading.snapshot.end.scope;
        let is_same_scope = intent.earlier_scope.is_some_and(|earlier| scope.has(earlier));
        let mut impact = Self { is_same_scope, ..Self::default() };
        impact.count_known(intent);
        impact.note_moves(moves);
        impact.note_losses(intent);
        impact.note_changes(intent);
        impact.count_memberships(intent);
        impact
    }

    /// Notes the members that leave a group though they are still there. `before` is the group as the inventory has it.
    pub(super) fn note_removals(&mut self, before: &DirectoryGroup, intent: &Intent<'_>) {
        self.memberships += before.members.len() as u64;
        let now = intent.memberships.members(before.object);
        let objects: HashSet<ObjectGuid> = now.iter().filter_map(|member| member.object).collect();
        let dns: HashSet<String> = now.iter().map(|member| member.dn.normalized()).collect();
        let is_absent =
            |object| intent.absent.binary_search_by_key(&object, |link| link.object).is_ok();
        let stays = |member: &Member, dn: &str| {
            member.object.is_some_and(|object| objects.contains(&object)) || dns.contains(dn)
        };
        for member in &before.members {
            let dn = member.dn.normalized();
            if !stays(member, &dn) && !member.object.is_some_and(is_absent) {
                self.removals.insert((before.object, dn));
            }
        }
    }

    /// Whether something may be too much, however much is known.
    pub(super) fn may_exceed(&self, limits: &ChangeLimits) -> bool {
        let measured = self.measured(limits);
        measured.iter().any(|(_, number, _, limit)| limit.is_exceeded(*number as u64, 1))
    }

    /// What of it is too much.
    pub(super) fn judge(&self, limits: &ChangeLimits) -> Option<LimitsExceeded> {
        let measured = self.measured(limits).map(|(what, number, of, limit)| ExceededLimit {
            what,
            number: number as u64,
            of,
            limit,
        });
        // Rights are withdrawn from the attributes of one kind, and show in what was read alone.
        let emptied = self.compared.values().map(|(of, number)| ExceededLimit {
            what: Measure::Changes,
            number: *number,
            of: *of,
            limit: limits.changes,
        });
        let all = measured.into_iter().chain(emptied);
        // What is new to an empty inventory is no mass change.
        let is_exceeded = |it: &ExceededLimit| it.of > 0 && it.limit.is_exceeded(it.number, it.of);
        let mut exceeded: Vec<ExceededLimit> = all.filter(is_exceeded).collect();
        exceeded.dedup_by_key(|it| it.what);
        let confirmation = self.confirmation();
        (!exceeded.is_empty()).then_some(LimitsExceeded { exceeded, confirmation })
    }

    /// Each measure with how much there is of it, of how many, and how much there may be.
    fn measured(&self, limits: &ChangeLimits) -> [(Measure, usize, u64, Limit); 8] {
        let known = |kind| self.known.get(&kind).copied().unwrap_or_default();
        let lost = |kind| self.losses.get(&kind).map_or(0, BTreeSet::len);
        let (computers, groups, users) =
            (known(ObjectKind::Computer), known(ObjectKind::Group), known(ObjectKind::User));
        let creates = if self.is_same_scope { limits.creates } else { Limit::none() };
        [
            (Measure::Creates, self.creates.len(), computers, creates),
            (Measure::Relinks, self.relinks.len(), computers, limits.relinks),
            (Measure::Joins, self.joins.len(), computers, limits.joins),
            (Measure::LostComputers, lost(ObjectKind::Computer), computers, limits.losses),
            (Measure::LostGroups, lost(ObjectKind::Group), groups, limits.losses),
            (Measure::LostUsers, lost(ObjectKind::User), users, limits.losses),
            (
                Measure::MembershipRemovals,
                self.removals.len(),
                self.memberships,
                limits.membership_removals,
            ),
            (Measure::Changes, self.changes.len(), computers + groups + users, limits.changes),
        ]
    }

    fn confirmation(&self) -> Confirmation {
        let mut hasher = RecordDigest::hasher();
        hasher.text("creates");
        self.creates.iter().for_each(|object| {
            hasher.bytes(object.as_bytes());
        });
        hasher.text("relinks");
        for (object, asset) in &self.relinks {
            hasher.bytes(object.as_bytes());
            hasher.text(&asset.map(|asset| asset.to_string()).unwrap_or_default());
        }
        hasher.text("joins");
        for (object, asset) in &self.joins {
            hasher.bytes(object.as_bytes());
            hasher.text(&asset.map(|asset| asset.to_string()).unwrap_or_default());
        }
        for (kind, objects) in &self.losses {
            hasher.text("losses").text(&kind.to_string());
            objects.iter().for_each(|object| {
                hasher.bytes(object.as_bytes());
            });
        }
        hasher.text("removals");
        for (group, member) in &self.removals {
            hasher.bytes(group.as_bytes()).text(member);
        }
        hasher.text("changes");
        self.changes.iter().for_each(|object| {
            hasher.bytes(object.as_bytes());
        });
        Confirmation::of(hasher.finish())
    }

    fn count_known(&mut self, intent: &Intent<'_>) {
        let snapshot = &intent.reading.snapshot;
        let read = snapshot.identities();
        let is_of_the_read =
            |link: &&Link| snapshot.coverage.covers(link) || read.contains(&link.object);
        let present = intent.links.values().filter(|link| link.presence.is_present());
        for link in present.filter(is_of_the_read) {
            *self.known.entry(link.kind).or_default() += 1;
        }
    }

    fn note_moves(&mut self, moves: impl IntoIterator<Item = ComputerMove>) {
        for it in moves {
            if it.is_new {
                self.creates.insert(it.object);
            }
            if it.joins {
                self.joins.insert((it.object, it.after));
            }
            let leaves = it.before.is_some() && it.after != it.before && !it.joins;
            if it.succeeds || leaves {
                self.relinks.insert((it.object, it.after));
            }
        }
    }

    fn note_losses(&mut self, intent: &Intent<'_>) {
        for link in intent.absent {
            let is_news = is_present(intent.links, link.object);
            if is_news && !intent.succeeded.contains(&link.object) {
                self.losses.entry(link.kind).or_default().insert(link.object);
            }
        }
    }

    fn note_changes(&mut self, intent: &Intent<'_>) {
        let snapshot = &intent.reading.snapshot;
        let known = |object: &Outline| {
            intent.links.get(&object.guid).filter(|link| link.presence.is_present())
        };
        let known = snapshot.outlines().filter_map(|(kind, it)| Some((kind, it, known(it)?)));
        for (kind, object, link) in known {
            // Another account may see fewer attributes of every object: what it does not show is kept.
            let is_foreign = snapshot.coverage.is_foreign(link) && link.seen.is_some();
            let has_fewer = object.attributes < link.attributes;
            let is_emptied = has_fewer && (intent.takes_over || !is_foreign);
            let (compared, emptied) = self.compared.entry(kind).or_default();
            *compared += 1;
            *emptied += u64::from(is_emptied);
            if is_emptied || link.dn_digest != object.dn_digest {
                self.changes.insert(object.guid);
            }
        }
    }

    /// Counts the memberships of groups that did not change, and notes those that did: known ones, whose list is whole.
    /// After an incomplete read nobody leaves a group.
    fn count_memberships(&mut self, intent: &Intent<'_>) {
        let Reading { snapshot, prior, .. } = intent.reading;
        let PriorMemberships::Loaded(earlier) = prior else { return };
        if !snapshot.end.completeness.is_complete() {
            return;
        }
        let read: HashSet<ObjectGuid> = snapshot.groups.identities().collect();
        let is_unread = |group: &&DirectoryGroup| {
            let link = intent.links.get(&group.object);
            !read.contains(&group.object) && link.is_some_and(|link| snapshot.coverage.covers(link))
        };
        let unread = earlier.groups.iter().filter(is_unread);
        self.memberships += unread.map(|group| group.members.len() as u64).sum::<u64>();
        for group in snapshot.groups.outlines() {
            let Some(link) = intent.links.get(&group.guid) else { continue };
            if link.digest == digest(ObjectKind::Group, group, intent.memberships, true) {
                self.memberships += intent.memberships.members(group.guid).len() as u64;
            } else if !group.is_doubtful {
                self.changed_groups.push(group.guid);
            }
        }
    }
}

#[cfg(test)]
mod tests;
