//! A run, from the lease to the report.

use std::time::Instant;

use tracing::Instrument;

use super::decide::{Absences, ComputerMove, Matching, MovedPrincipals};
use super::impact::{ChangeImpact, Intent};
use super::limits::{Confirmation, LimitsExceeded};
use super::progress::Progress;
use super::read::checkpoint::{self, Knowledge};
use super::read::{Reading, Snapshot, outside};
use super::report::SyncReport;
use super::run::Run;
use super::stage::stage;
use super::write::principals::{self, Known};
use super::write::{Sink, Writer, absences, computers, late, settle, sightings};
use super::{domain, lease, links, record};
use crate::Result;
use crate::asset::Batch;
use crate::directory::{DirectorySource, LeftOutValues, Transport, Verification};
use crate::membership::Memberships;
use crate::value::{Checkpoint, ObjectKind};

/// How many groups are looked up at once.
const GROUPS: usize = 500;

/// What came of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) report: SyncReport,
    /// What was to be written, where it was not.
    pub(super) batches: Vec<Batch>,
    /// Whether the change limits stopped it.
    pub(super) is_stopped: bool,
}

/// Holds the lease while the run is carried out, if it writes, and gives it back however it ends.
pub(super) async fn execute(
    run: &Run<'_>,
    directory: &dyn DirectorySource,
    sink: Sink,
) -> Result<Outcome> {
    run.task.check()?;
    let span = tracing::info_span!("sync", run = %run.id, source = %run.task.source);
    async {
        if !sink.writes() {
            return stage(|| carry_out(run, directory, sink, None)).await;
        }
        lease::hold(run, |token| async move {
            let outcome = stage(|| carry_out(run, directory, sink, Some(token))).await;
            match &outcome {
                Ok(outcome) if outcome.is_stopped => {
                    record::note_stop(run, &outcome.report, token).await;
                }
                _ => {}
            }
            outcome
        })
        .await
    }
    .instrument(span)
    .await
}

async fn carry_out(
    run: &Run<'_>,
    directory: &dyn DirectorySource,
    sink: Sink,
    lease: Option<u64>,
) -> Result<Outcome> {
    let begun = Instant::now();
    let earlier = checkpoint::earlier(run).await?;
    // Before anything is read: what comes from now on is for the next run as well.
    let assets = outside::digest(run).await?;
    let least = least_protection(run).await?;
    let reading = stage(|| Reading::of(run, directory, earlier.as_ref(), assets, least)).await?;
    domain::check(run, &reading.snapshot.end.server).await?;
    let mut report = report_of_read(run, &reading.snapshot)?;
    let mut decided = stage(|| decide(run, &reading, earlier.as_ref(), &mut report)).await?;
    let is_stopped = sink.writes() && is_stopped(run, report.brake.as_ref())?;
    let sink = if is_stopped { Sink::Collect } else { sink };

    let writing = Instant::now();
    let snapshot = &reading.snapshot;
    let mut writer = Writer::new(run, sink, lease, snapshot);
    stage(|| write(&mut writer, &mut decided, &mut report)).await?;
    report.stages.commit = writing.elapsed().as_secs_f64();
    report.duration_seconds = begun.elapsed().as_secs_f64();
    let mut again = decided.matching.left_out();
    let groups = snapshot.groups.outlines();
    again.extend(groups.iter().filter(|it| it.is_doubtful).map(|group| group.guid));
    let knowledge = Knowledge { assets, again };
    let checkpoint = checkpoint::after(run, snapshot, earlier.as_ref(), knowledge);
    let unresolved = decided.matching.unresolved(run);
    let record = record::of_finished(run, &report, unresolved, checkpoint.clone())?;
    writer.close(checkpoint, record).await?;
    if run.options.explain || is_stopped {
        report.decisions = Some(decided.matching.into_decisions(run));
    }
    run.options.tell(Progress::Finished);
    Ok(Outcome { report, batches: writer.into_batches(), is_stopped })
}

/// How the task was protected when it last read to the end, unless less will do.
async fn least_protection(run: &Run<'_>) -> Result<Option<(Transport, Verification)>> {
    if run.options.accepts_weaker_transport {
        return Ok(None);
    }
    SyncReport::last_protection(run.repository, run.task, &[]).await
}

/// What is to become of everything that was read.
struct Decided {
    matching: Matching,
    absences: Absences,
    moved: MovedPrincipals,
    memberships: Memberships,
}

async fn decide(
    run: &Run<'_>,
    reading: &Reading,
    earlier: Option<&Checkpoint>,
    report: &mut SyncReport,
) -> Result<Decided> {
    let planning = Instant::now();
    let snapshot = &reading.snapshot;
    run.options.tell(Progress::Deciding { computers: report.computers.read });
    // Asked for again: people may have decided while the directory was read.
    let links = match reading.is_contained {
        true => links::of_objects(run, snapshot.identities()).await?,
        false => links::load(run).await?,
    };
    let absences = Absences::find(run, snapshot, &links, report)?;
    let absent = absences.absent(snapshot, &links);
    let (absent_now, hidden) = (absences.links(), absences.hidden());
    let moved = MovedPrincipals::find(run, snapshot, &links, absent_now, hidden).await?;
    absences.warn_of_hidden(&moved, report);
    let matching = Matching::decide(run, reading, links, absent).await?;
    let memberships = reading.memberships(|computer| matching.keeps(computer))?;
    let earlier_scope = match earlier {
        Some(earlier) => Some(domain::earlier_scope(run, &snapshot.end, earlier.scope).await?),
        None => None,
    };
    let intent = Intent {
        reading,
        earlier_scope,
        links: &matching.links,
        absent: absences.links(),
        succeeded: matching.succeeded().into_iter().chain(moved.left()).collect(),
        memberships: &memberships,
        takes_over: run.options.takes_over,
    };
    let limits = &run.task.change_limits;
    let mut impact = impact_of(run, &intent, matching.moves()).await?;
    if reading.is_contained && impact.may_exceed(limits) {
        // Shares are of everything that is known.
        let links = &links::load(run).await?;
        impact = impact_of(run, &Intent { links, ..intent }, matching.moves()).await?;
    }
    report.brake = impact.judge(limits);
    report.stages.plan = planning.elapsed().as_secs_f64();
    Ok(Decided { matching, absences, moved, memberships })
}

async fn impact_of(
    run: &Run<'_>,
    intent: &Intent<'_>,
    moves: impl Iterator<Item = ComputerMove>,
) -> Result<ChangeImpact> {
    let mut impact = ChangeImpact::of(intent, moves);
    for groups in impact.changed_groups.clone().chunks(GROUPS) {
        let (organization, source) = (&run.task.organization, &run.task.source);
        for group in run.repository.groups(organization, source, groups).await? {
            impact.note_removals(&group, intent);
        }
    }
    Ok(impact)
}

async fn write(
    writer: &mut Writer<'_>,
    decided: &mut Decided,
    report: &mut SyncReport,
) -> Result<()> {
    let Decided { matching, absences, moved, memberships } = decided;
    late::write(writer, matching, &mut report.computers).await?;
    computers::write(writer, matching, &mut report.computers).await?;
    let (groups, users) = (&mut report.groups, &mut report.users);
    let known = Known { links: &matching.links, memberships, moved };
    // A group last: as long as it is as it was, a later run sees that it changed, and whom that concerns, however this ends.
    principals::write(writer, ObjectKind::User, known, users).await?;
    principals::write(writer, ObjectKind::Group, known, groups).await?;
    absences.settle(matching, moved, report);
    principals::remove_moved(writer, moved).await?;
    report.note_lost(absences::write(writer, absences).await?);
    settle::write(writer).await?;
    sightings::write(writer, matching).await
}

/// Whether the run must not write what is too much.
fn is_stopped(run: &Run<'_>, exceeded: Option<&LimitsExceeded>) -> Result<bool> {
    let Some(exceeded) = exceeded else { return Ok(false) };
    Ok(!Confirmation::covers(run.options.confirmation, exceeded)?)
}

fn report_of_read(run: &Run<'_>, snapshot: &Snapshot) -> Result<SyncReport> {
    let mut report = SyncReport::of_read(run.id, run.now, run.options.dry_run, &snapshot.end);
    report.own_suffixes = run.own_suffixes(&snapshot.end.server);
    report.matching = run.task.matching.clone();
    report.stages.connect = snapshot.connect_seconds;
    report.stages.read = snapshot.read_seconds;
    count_read(snapshot, &mut report);
    let mut left_out = Vec::new();
    for of_kind in snapshot.kinds() {
        for object in of_kind.outlines().iter().filter(|object| object.is_flawed) {
            LeftOutValues::count(&mut left_out, &of_kind.get(object)?);
        }
    }
    LeftOutValues::sort(&mut left_out);
    LeftOutValues::name_as(&mut left_out, &snapshot.end.left_out);
    for object in snapshot.computers.outlines().iter().filter(|it| it.has_too_many_names) {
        LeftOutValues::count_names(&mut left_out, &snapshot.computers.get(object)?);
    }
    report.note_left_out(left_out);
    Ok(report)
}

fn count_read(snapshot: &Snapshot, report: &mut SyncReport) {
    report.computers.read = snapshot.computers.len() as u64;
    report.computers.rejected = snapshot.rejected(ObjectKind::Computer);
    report.users.read = snapshot.users.len() as u64;
    if snapshot.trusts > 0 {
        let (accounts, stand) = match snapshot.trusts {
            1 => ("account was", "it stands"),
            _ => ("accounts were", "they stand"),
        };
        let trusts = snapshot.trusts;
        let warning = format!(
            "{trusts} trust {accounts} left out: {stand} for other domains, not for people"
        );
        report.warnings.push(warning);
    }
    report.users.rejected = snapshot.rejected(ObjectKind::User);
    report.groups.read = snapshot.groups.len() as u64;
    report.groups.rejected = snapshot.rejected(ObjectKind::Group);
}
