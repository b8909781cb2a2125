//! How far a run goes beyond ordinary updates: what the brake measures.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::absence::Absences;
use super::dn_digest::dn_digest;
use super::draft;
use super::limits::{Confirmation, ExceededLimit, LimitsExceeded, Measure};
use super::matching::Matching;
use super::membership::Memberships;
use super::principals;
use super::reading::{PriorMemberships, Reading, is_present};
use super::run::Run;
use crate::Result;
use crate::asset::{DirectoryGroup, Home, Link, Member};
use crate::directory::DirectoryObject;
use crate::merge::{Reason, Verdict};
use crate::task::{ChangeLimits, Limit};
use crate::value::{AssetId, Checkpoint, ObjectGuid, ObjectKind, RecordDigest};

/// The groups that are looked up at once.
const GROUPS: usize = 500;

/// What a run would do beyond ordinary updates.
#[derive(Debug, Default)]
pub(super) struct ChangeImpact {
    creates: BTreeSet<ObjectGuid>,
    relinks: BTreeSet<(ObjectGuid, Option<AssetId>)>,
    joins: BTreeSet<(ObjectGuid, Option<AssetId>)>,
    losses: BTreeMap<ObjectKind, BTreeSet<ObjectGuid>>,
    removals: BTreeSet<(ObjectGuid, String)>,
    changes: BTreeSet<ObjectGuid>,
    /// Known objects by kind, as far as the read speaks for them.
    known: BTreeMap<ObjectKind, u64>,
    /// Known memberships, likewise.
    memberships: u64,
    /// Whether the read covered what the one before did.
    is_same_scope: bool,
}

impl ChangeImpact {
    /// Works out what the run would do.
    pub(super) async fn of(
        run: &Run<'_>,
        earlier: Option<&Checkpoint>,
        reading: &Reading,
        matching: &Matching,
        absences: &Absences,
        memberships: &Memberships,
    ) -> Result<Self> {
        let scope = reading.snapshot.end.scope.fingerprint;
        let is_same_scope = earlier.is_some_and(|earlier| earlier.scope == scope);
        let mut impact = Self { is_same_scope, ..Self::default() };
        impact.count_known(reading, matching);
        impact.take_decisions(matching);
        impact.take_losses(matching, absences);
        impact.take_changes(reading, matching);
        impact.take_removals(run, reading, matching, absences, memberships).await?;
        Ok(impact)
    }

    /// What of it is too much.
    pub(super) fn judge(&self, brake: &ChangeLimits) -> Option<LimitsExceeded> {
        let known = |kind| self.known.get(&kind).copied().unwrap_or_default();
        let lost = |kind| self.losses.get(&kind).map_or(0, BTreeSet::len);
        let (computers, groups, users) =
            (known(ObjectKind::Computer), known(ObjectKind::Group), known(ObjectKind::User));
        let creates = if self.is_same_scope { brake.creates } else { Limit::none() };
        let measured = [
            (Measure::Creates, self.creates.len(), computers, creates),
            (Measure::Relinks, self.relinks.len(), computers, brake.relinks),
            (Measure::Joins, self.joins.len(), computers, brake.joins),
            (Measure::LostComputers, lost(ObjectKind::Computer), computers, brake.losses),
            (Measure::LostGroups, lost(ObjectKind::Group), groups, brake.losses),
            (Measure::LostUsers, lost(ObjectKind::User), users, brake.losses),
            (
                Measure::MembershipRemovals,
                self.removals.len(),
                self.memberships,
                brake.membership_removals,
            ),
            (Measure::Changes, self.changes.len(), computers + groups + users, brake.changes),
        ];
        let exceeded: Vec<ExceededLimit> = measured
            .into_iter()
            .map(|(what, number, of, limit)| ExceededLimit {
                what,
                number: number as u64,
                of,
                limit,
            })
            // What is new to an empty inventory is no mass change.
            .filter(|it| it.of > 0 && it.limit.is_exceeded(it.number, it.of))
            .collect();
        let confirmation = self.confirmation();
        (!exceeded.is_empty()).then_some(LimitsExceeded { exceeded, confirmation })
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

    fn count_known(&mut self, reading: &Reading, matching: &Matching) {
        let snapshot = &reading.snapshot;
        let read = snapshot.identities();
        let is_of_the_read =
            |link: &&Link| snapshot.coverage.covers(link) || read.contains(&link.object);
        let present = matching.links.values().filter(|link| link.presence.is_present());
        for link in present.filter(is_of_the_read) {
            *self.known.entry(link.kind).or_default() += 1;
        }
    }

    fn take_decisions(&mut self, matching: &Matching) {
        let late = matching.late().iter().chain(matching.by_rules().map(|(decision, _)| decision));
        let late = late.filter(|decision| matching.joins(decision));
        self.joins.extend(late.map(|decision| (decision.object, decision.asset)));
        for (decision, home) in matching.by_rules() {
            let object = decision.object;
            if decision.verdict == Verdict::Create {
                self.creates.insert(object);
            }
            let before = matching.links.get(&object).and_then(|link| link.by_rules().asset());
            let target = home.and_then(Home::asset);
            let stays = decision.reason == Reason::AwaitsCompleteRead
                || target == before
                || matching.joins(decision);
            if !decision.succeeds.is_empty() || before.is_some() && !stays {
                self.relinks.insert((object, target));
            }
        }
    }

    fn take_losses(&mut self, matching: &Matching, absences: &Absences) {
        let succeeded = matching.succeeded();
        for link in absences.links() {
            let is_news = is_present(&matching.links, link.object);
            if is_news && !succeeded.contains(&link.object) {
                self.losses.entry(link.kind).or_default().insert(link.object);
            }
        }
    }

    fn take_changes(&mut self, reading: &Reading, matching: &Matching) {
        let is_change = |object: &&DirectoryObject| {
            let known = matching.links.get(&object.guid);
            known.filter(|link| link.presence.is_present()).is_some_and(|link| {
                // Another account may see fewer attributes of every object.
                let is_foreign = reading.snapshot.coverage.is_foreign(link) && link.seen.is_some();
                link.dn_digest != dn_digest(&object.dn)
                    || !is_foreign && draft::attribute_count(object) < link.attributes
            })
        };
        let changes = reading.snapshot.objects().filter(is_change);
        self.changes.extend(changes.map(|object| object.guid));
    }

    /// Members that leave though they are still there. After an incomplete read none does.
    async fn take_removals(
        &mut self,
        run: &Run<'_>,
        reading: &Reading,
        matching: &Matching,
        absences: &Absences,
        memberships: &Memberships,
    ) -> Result<()> {
        let Reading { snapshot, prior } = reading;
        let PriorMemberships::Loaded(earlier) = prior else { return Ok(()) };
        if !snapshot.end.completeness.is_complete() {
            return Ok(());
        }
        let read: HashSet<ObjectGuid> = snapshot.groups.iter().map(|group| group.guid).collect();
        let covers = |group: &&DirectoryGroup| {
            let link = matching.links.get(&group.object);
            link.is_some_and(|link| snapshot.coverage.covers(link))
        };
        let unread = earlier.groups.iter().filter(|group| !read.contains(&group.object));
        let unread = unread.filter(covers);
        self.memberships += unread.map(|group| group.members.len() as u64).sum::<u64>();
        let gone = absences.links().iter().map(|link| link.object).collect();
        let mut changed = Vec::new();
        for group in &snapshot.groups {
            let digest = principals::digest(group, memberships, true);
            match matching.links.get(&group.guid) {
                Some(link) if link.digest == digest => {
                    self.memberships += memberships.members(group.guid).len() as u64;
                }
                Some(_) if !principals::is_doubtful(group) => changed.push(group.guid),
                _ => {}
            }
        }
        for groups in changed.chunks(GROUPS) {
            let task = run.task;
            let stored = run.repository.groups(&task.organization, &task.source, groups).await?;
            for group in &stored {
                self.memberships += group.members.len() as u64;
                self.compare(group, memberships.members(group.object), &gone);
            }
        }
        Ok(())
    }

    fn compare(&mut self, group: &DirectoryGroup, now: &[Member], gone: &HashSet<ObjectGuid>) {
        let objects: HashSet<ObjectGuid> = now.iter().filter_map(|member| member.object).collect();
        let dns: HashSet<String> = now.iter().map(|member| member.dn.normalized()).collect();
        for member in &group.members {
            let dn = member.dn.normalized();
            let stays =
                member.object.is_some_and(|object| objects.contains(&object)) || dns.contains(&dn);
            if !stays && !member.object.is_some_and(|object| gone.contains(&object)) {
                self.removals.insert((group.object, dn));
            }
        }
    }
}
