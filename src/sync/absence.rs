//! What a complete read did not show, or showed to be gone.

use std::collections::{HashMap, HashSet};

use super::SyncReport;
use super::draft::Loaded;
use super::matching::Matching;
use super::run::Run;
use super::snapshot::Snapshot;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, Link, Presence};
use crate::merge::{self, WriteContext};
use crate::value::{AssetId, ObjectGuid, ObjectKind};

/// Known objects that a complete read did not show, as they shall be written.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// Sorted by objectGUID.
    links: Vec<Link>,
}

impl Absences {
    /// Finds them, and says so where the read cannot tell.
    ///
    /// Only a complete read can tell, and only of what it covers. A full one shows all of that; one of changes says
    /// what departed, and what was missing before is still missing unless it shows. A kind of which nothing is there
    /// any more is taken for lost read rights, not for an empty directory.
    pub(super) fn find(
        run: &Run<'_>,
        snapshot: &Snapshot,
        links: &HashMap<ObjectGuid, Link>,
        report: &mut SyncReport,
    ) -> Self {
        let mut absences = Self::default();
        if let Some(doubt) = doubt(snapshot) {
            if !links.is_empty() {
                let warning = format!("nothing is concluded from what was not read: {doubt}");
                report.warnings.push(warning);
            }
            return absences;
        }
        for kind in [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User] {
            let seen = seen(snapshot, kind);
            let covers = |link: &&Link| link.kind == kind && snapshot.coverage.covers(link);
            let known = || links.values().filter(covers);
            if snapshot.shows_none(kind) && known().any(|link| link.presence.is_present()) {
                report.warnings.push(format!(
                    "no {kind} was read though {} are known: the account may have lost its read \
                     rights; none is taken for missing",
                    known().count()
                ));
                continue;
            }
            let is_absent = |link: &&Link| {
                let shows_all = !snapshot.is_changes() || !link.presence.is_present();
                !seen.contains(&link.object)
                    && (shows_all || snapshot.departed.contains(&link.object))
            };
            let unseen = known().filter(is_absent);
            absences.links.extend(
                unseen.map(|link| Link { presence: absent(run, link.presence), ..link.clone() }),
            );
        }
        absences.links.sort_unstable_by_key(|link| link.object);
        report.warnings.extend(warning_of_foreign(snapshot, links));
        absences
    }

    /// What is absent, as it shall be written.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// Every known computer that the directory has no more, as far as this read and earlier ones tell.
    pub(super) fn absent(
        &self,
        snapshot: &Snapshot,
        links: &HashMap<ObjectGuid, Link>,
    ) -> HashSet<ObjectGuid> {
        let seen = seen(snapshot, ObjectKind::Computer);
        let before = links.values().filter(|link| !link.presence.is_present());
        let all = before.chain(&self.links).filter(|link| link.kind == ObjectKind::Computer);
        all.map(|link| link.object).filter(|object| !seen.contains(object)).collect()
    }

    /// Leaves out those whose place another computer takes, counts the rest, and keeps what is news.
    pub(super) fn settle(&mut self, matching: &Matching, report: &mut SyncReport) {
        let succeeded = matching.succeeded();
        self.links.retain(|link| !succeeded.contains(&link.object));
        for link in &self.links {
            count(report, link.kind, link.presence);
        }
        self.links.retain(|link| {
            matching.links.get(&link.object).is_none_or(|known| known.presence != link.presence)
        });
    }
}

/// Writes them: the link, and the mark on what it is tied to. Nothing is taken away.
pub(super) async fn write(writer: &mut Writer<'_>, absences: Absences) -> Result<()> {
    for links in absences.links.chunks(writer.run.options.batch_size) {
        let mut attempt = 0;
        loop {
            let changes = draft(writer, links).await?;
            match writer.submit(changes).await? {
                CommitOutcome::Conflict(_) if attempt < writer.run.options.conflict_retries => {
                    attempt += 1
                }
                CommitOutcome::Conflict(assets) => return Err(super::writer::conflict(&assets)),
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => break,
            }
        }
    }
    Ok(())
}

async fn draft(writer: &Writer<'_>, links: &[Link]) -> Result<Vec<Change>> {
    let run = writer.run;
    let ids: Vec<AssetId> = links.iter().filter_map(|link| link.asset).collect();
    let mut assets = Loaded::of(writer, &ids).await?;
    for link in links {
        let Some(asset) = link.asset else { continue };
        let writing = writing(run, link.object);
        // An asset that a person has taken away meanwhile needs no mark.
        let _ = assets.update(asset, |asset| {
            merge::set_presence(asset, writing.source, link.object, link.presence, &writing)
        });
    }
    let mut changes = assets.into_changes();
    changes.extend(marked_waiting(run, links).await?);
    changes.extend(marked_principals(writer, links).await?);
    changes.extend(links.iter().cloned().map(Change::PutLink));
    Ok(changes)
}

fn writing<'a>(run: &'a Run<'_>, object: ObjectGuid) -> WriteContext<'a> {
    let task = run.task;
    WriteContext { source: &task.source, object, run: run.id, now: run.now, policy: &task.matching }
}

/// Computers that wait, with the mark.
async fn marked_waiting(run: &Run<'_>, links: &[Link]) -> Result<Vec<Change>> {
    let waits = |link: &&Link| link.kind == ObjectKind::Computer && link.asset.is_none();
    let marks: HashMap<ObjectGuid, Presence> =
        links.iter().filter(waits).map(|link| (link.object, link.presence)).collect();
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    for mut waiting in run.repository.waiting(&run.task.organization).await? {
        if waiting.source != run.task.source {
            continue;
        }
        if let Some(presence) = marks.get(&waiting.object) {
            let (object, writing) = (waiting.object, writing(run, waiting.object));
            let source = writing.source;
            waiting.record =
                merge::set_presence(waiting.record, source, object, *presence, &writing);
            waiting.record.version = 1;
            changes.push(Change::PutWaiting(Box::new(waiting)));
        }
    }
    Ok(changes)
}

async fn marked_principals(writer: &Writer<'_>, links: &[Link]) -> Result<Vec<Change>> {
    let (repository, task) = (writer.run.repository, writer.run.task);
    let presence =
        |object| links.iter().find(|link| link.object == object).map(|link| link.presence);
    let of = |kind| -> Vec<ObjectGuid> {
        links.iter().filter(|link| link.kind == kind).map(|link| link.object).collect()
    };
    let mut changes = Vec::new();
    let (users, groups) = (of(ObjectKind::User), of(ObjectKind::Group));
    if !users.is_empty() {
        for mut user in repository.users(&task.organization, &task.source, &users).await? {
            user.presence = presence(user.object).unwrap_or(user.presence);
            changes.push(Change::PutUser(Box::new(user)));
        }
    }
    if !groups.is_empty() {
        for mut group in repository.groups(&task.organization, &task.source, &groups).await? {
            group.presence = presence(group.object).unwrap_or(group.presence);
            changes.push(Change::PutGroup(Box::new(group)));
        }
    }
    Ok(changes)
}

fn seen(snapshot: &Snapshot, kind: ObjectKind) -> HashSet<ObjectGuid> {
    snapshot.of_kind(kind).iter().map(|object| object.guid).collect()
}

/// Why this read cannot tell what is missing.
fn doubt(snapshot: &Snapshot) -> Option<&'static str> {
    let end = &snapshot.end;
    if !end.completeness.is_complete() {
        return Some("the read was incomplete");
    }
    if end.rejected_count > 0 {
        return Some("some entries could not be read");
    }
    (!snapshot.coverage.is_known()).then_some("the directory source does not say where it looked")
}

/// Says how many known objects this read did not show where others had seen them.
fn warning_of_foreign(snapshot: &Snapshot, links: &HashMap<ObjectGuid, Link>) -> Option<String> {
    let (read, coverage) = (snapshot.identities(), &snapshot.coverage);
    let is_unseen = |link: &&Link| {
        !read.contains(&link.object) && snapshot.shows_absence(link) && link.presence.is_present()
    };
    let is_foreign = |link: &&Link| {
        let may_stand_here = link.seen.is_none() || coverage.reaches(link);
        may_stand_here && !coverage.covers(link) && coverage.is_foreign(link)
    };
    let count = links.values().filter(is_unseen).filter(is_foreign).count();
    (count > 0).then(|| {
        let objects = if count == 1 { "object" } else { "objects" };
        format!(
            "{count} known {objects} that another account saw last did not show; nothing is concluded from that. \
             Run with that account again, or, if this one sees as much, let one run take over (take-over)"
        )
    })
}

fn absent(run: &Run<'_>, presence: Presence) -> Presence {
    let (since, runs) = match presence {
        Presence::Present => (run.now, 1),
        Presence::Missing { since, runs } => (since, runs.saturating_add(1)),
        Presence::Gone { since } => return Presence::Gone { since },
    };
    if run.task.grace.has_passed(runs, run.now.saturating_since(since)) {
        Presence::Gone { since }
    } else {
        Presence::Missing { since, runs }
    }
}

fn count(report: &mut SyncReport, kind: ObjectKind, presence: Presence) {
    let (missing, gone) = match kind {
        ObjectKind::Computer => (&mut report.computers.missing, &mut report.computers.gone),
        ObjectKind::Group => (&mut report.groups.missing, &mut report.groups.gone),
        ObjectKind::User => (&mut report.users.missing, &mut report.users.gone),
    };
    match presence {
        Presence::Present => {}
        Presence::Missing { .. } => *missing += 1,
        Presence::Gone { .. } => *gone += 1,
    }
}
