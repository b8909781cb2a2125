//! Marking what a complete read did not show. Nothing is taken away.

use std::collections::HashMap;

use super::commit::conflict;
use super::load::load;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, Link, Presence};
use crate::merge;
use crate::sync::decide::Absences;
use crate::sync::loss::Loss;
use crate::sync::run::Run;
use crate::value::{ObjectGuid, ObjectKind};

/// Writes the link of each, and the mark on what it is tied to. Returns what is news by name.
pub(in crate::sync) async fn write(
    writer: &mut Writer<'_>,
    absences: &Absences,
) -> Result<Vec<Loss>> {
    let mut lost = Vec::new();
    for links in absences.links().chunks(writer.run.options.batch_size) {
        let mut attempt = 0;
        loop {
            let changes = draft(writer.run, links).await?;
            let named = named(writer.run, links, &changes);
            match writer.submit(changes).await? {
                CommitOutcome::Conflict(_) if attempt < writer.run.options.conflict_retries => {
                    attempt += 1
                }
                CommitOutcome::Conflict(assets) => return Err(conflict(&assets)),
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {
                    lost.extend(named);
                    break;
                }
            }
        }
    }
    Ok(lost)
}

/// Those that go missing in this run or are gone from it on, not those that are missing once more.
fn named(run: &Run<'_>, links: &[Link], changes: &[Change]) -> Vec<Loss> {
    let is_news = |link: &&Link| match link.presence {
        Presence::Present => false,
        Presence::Missing { since, .. } => since == run.now,
        Presence::Gone { .. } => true,
    };
    let lost = links.iter().filter(is_news);
    lost.map(|link| Loss::of(link, changes, &run.task.source)).collect()
}

async fn draft(run: &Run<'_>, links: &[Link]) -> Result<Vec<Change>> {
    let mut assets = load(run, links.iter().filter_map(|link| link.asset)).await?;
    for link in links {
        let Some(asset) = link.asset else { continue };
        let writing = run.write_context(link.object);
        // An asset that a person has taken away meanwhile needs no mark.
        let _ = assets.update(asset, |asset| {
            merge::set_presence(asset, writing.source, link.object, link.presence, &writing)
        });
    }
    let mut changes = assets.into_changes();
    changes.extend(marked_waiting(run, links).await?);
    changes.extend(marked_principals(run, links).await?);
    changes.extend(links.iter().cloned().map(|link| {
        let was = Some(presence_before(link.presence));
        Change::PutLink { link, was }
    }));
    Ok(changes)
}

/// What an object was before it came to be absent like this, as far as it matters for what is news.
fn presence_before(now: Presence) -> Presence {
    match now {
        Presence::Missing { since, runs } if runs > 1 => {
            Presence::Missing { since, runs: runs - 1 }
        }
        _ => Presence::Present,
    }
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
            let (object, writing) = (waiting.object, run.write_context(waiting.object));
            let source = writing.source;
            waiting.record =
                merge::set_presence(waiting.record, source, object, *presence, &writing);
            waiting.record.version = 1;
            changes.push(Change::PutWaiting(Box::new(waiting)));
        }
    }
    Ok(changes)
}

/// Users and groups, with the mark that their links have.
pub(super) async fn marked_principals(run: &Run<'_>, links: &[Link]) -> Result<Vec<Change>> {
    let Run { repository, task, .. } = *run;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Timestamp;

    #[test]
    fn whoever_is_missing_once_more_was_missing_a_run_before_and_whoever_is_news_was_there() {
        let since = Timestamp::MAX;
        let missing = |runs| Presence::Missing { since, runs };
        assert_eq!(presence_before(missing(3)), missing(2));
        assert_eq!(presence_before(missing(2)), missing(1));
        assert_eq!(presence_before(missing(1)), Presence::Present);
        assert_eq!(presence_before(Presence::Gone { since }), Presence::Present);
    }
}
