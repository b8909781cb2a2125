//! What must hold in the end.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::asset::{
    AssetRepository, Batch, CommitOutcome, Event, LinksRequest, MergeRecord,
};
use ldap_inventory::curation::Curation;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::value::{ObjectGuid, ObjectKind, RecordDigest};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::acme;
use crate::directories::{Directories, source, task};
use crate::told::{Grant, Ledger};

const PAGE: usize = 1_000;

/// Somebody who hears all events as they come, and keeps their cursors.
pub(crate) struct Follower {
    stop: watch::Sender<bool>,
    heard: JoinHandle<Result<Vec<String>>>,
}

impl Follower {
    pub(crate) fn follow(file: PathBuf) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let heard = tokio::spawn(async move {
            let repository = SqliteRepository::open_read_only(file)?;
            let mut cursors: Vec<String> = Vec::new();
            loop {
                let is_last = *stopped.borrow_and_update();
                let more = since(&repository, cursors.last()).await?;
                cursors.extend(more.into_iter().map(|event| event.cursor));
                if is_last {
                    return Ok(cursors);
                }
                let _ = tokio::time::timeout(Duration::from_millis(50), stopped.changed()).await;
            }
        });
        Self { stop, heard }
    }

    pub(crate) async fn stop(self) -> Result<Vec<String>> {
        self.stop.send_replace(true);
        self.heard.await.expect("somebody who follows")
    }
}

/// All events behind a cursor.
async fn since(repository: &SqliteRepository, cursor: Option<&String>) -> Result<Vec<Event>> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let behind = all.last().map(|event| &event.cursor).or(cursor).map(String::as_str);
        let page = repository.events_since(&acme(), behind, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// How many events there are.
pub(crate) async fn events_so_far(repository: &SqliteRepository) -> Result<usize> {
    Ok(since(repository, None).await?.len())
}

/// Each batch that was told to be written is there, with its events, and nothing else is told; each lease has a token above
/// all before it; and each run that ended is on record.
pub(crate) async fn nothing_is_lost(
    repository: &SqliteRepository,
    told: &Ledger,
    (followed, before): (&[String], usize),
) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    let all: Vec<String> =
        since(repository, None).await?.into_iter().map(|event| event.cursor).collect();
    if followed != all {
        broken.push(format!("of {} events {} were heard", all.len(), followed.len()));
    }
    let mut expected = before;
    for (id, sent) in &told.batches {
        let again = Batch::new(*id, acme(), sent.source.clone());
        let is_there = repository.commit(again).await? == CommitOutcome::AlreadyApplied;
        if sent.is_written.is_some_and(|told| told != is_there) {
            broken.push(format!("batch {id} of {}: told {:?}", sent.source, sent.is_written));
        }
        expected += if is_there { sent.events } else { 0 };
    }
    if expected != all.len() {
        broken.push(format!("{} events, and batches of {expected} were written", all.len()));
    }
    broken.extend(told.grants.iter().flat_map(|(source, grants)| {
        not_rising(grants).map(move |what| format!("lease of {source}: {what}"))
    }));
    for (directory, runs) in &told.runs {
        let kept = repository.runs(&acme(), &task(*directory).source, usize::MAX).await?;
        let kept: BTreeSet<_> = kept.iter().map(|run| run.id).collect();
        broken.extend(runs.difference(&kept).map(|run| format!("run {run} is not on record")));
    }
    Ok(broken)
}

/// Grants that have no higher token than one that was over before they were asked for.
fn not_rising(grants: &[Grant]) -> impl Iterator<Item = String> {
    let mut by_end: Vec<&Grant> = grants.iter().collect();
    by_end.sort_by_key(|grant| grant.granted);
    let mut by_begin: Vec<&Grant> = grants.iter().collect();
    by_begin.sort_by_key(|grant| grant.asked);
    let (mut earlier, mut highest, mut broken) = (by_end.into_iter().peekable(), None, Vec::new());
    for grant in by_begin {
        while let Some(over) = earlier.next_if(|over| over.granted < grant.asked) {
            highest = highest.max(Some((over.token, over.holder)));
        }
        let is_rising = highest.is_none_or(|(token, holder)| {
            grant.token > token || (grant.token == token && grant.holder == holder)
        });
        if !is_rising {
            broken.push(format!("token {} after {highest:?}", grant.token));
        }
    }
    broken.into_iter()
}

/// What was last said of each asset holds, and each merge that was not taken back.
pub(crate) async fn what_people_said_stands(
    repository: &SqliteRepository,
    told: &Ledger,
) -> Result<Vec<String>> {
    let (mut broken, curation) = (Vec::new(), Curation::new(repository, acme()));
    let ids: Vec<_> = told.comments.keys().copied().collect();
    let found = curation.resolve(&ids).await?;
    for (id, comment) in &told.comments {
        let stands = found.get(id).and_then(|asset| asset.comment());
        let is_known = stands == comment.said.as_deref()
            || comment.in_doubt.iter().any(|said| Some(said.as_str()) == stands);
        if !is_known {
            broken.push(format!("{stands:?} is said of asset {id}, and not {comment:?}"));
        }
    }
    let merges = repository.merges(&acme()).await?;
    let kept: BTreeMap<_, _> =
        merges.iter().map(|merge| (merge.id, merge.undone.is_some())).collect();
    for (id, is_undone) in &told.merges {
        if !kept.contains_key(id) || is_undone.is_some_and(|told| told != kept[id]) {
            broken
                .push(format!("merge {id}: told undone {is_undone:?}, and is {:?}", kept.get(id)));
        }
    }
    let untold = kept.keys().filter(|id| !told.merges.contains_key(id)).count();
    if untold > told.merges_in_doubt {
        broken.push(format!("{untold} merges were told to nobody"));
    }
    let mut pairs: BTreeMap<BTreeSet<_>, Vec<&MergeRecord>> = BTreeMap::new();
    merges.iter().for_each(|merge| {
        pairs.entry(merge.assets.iter().copied().collect()).or_default().push(merge)
    });
    for (assets, merges) in pairs {
        let ids: Vec<_> = assets.iter().copied().collect();
        let led = curation.resolve(&ids).await?;
        let led: HashSet<_> = led.values().map(|asset| asset.id).collect();
        let stands = merges.iter().any(|merge| merge.undone.is_none());
        if led.len() != if stands { 1 } else { assets.len() } {
            broken.push(format!("merged {stands}: {assets:?} lead to {led:?}"));
        }
    }
    Ok(broken)
}

/// After one more run the inventory knows of each directory what one that was just made of it knows, and everything that is
/// read again changes nothing.
pub(crate) async fn the_inventory_is_in_step(
    repository: &SqliteRepository,
    directories: &Directories,
) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for (number, url) in directories.urls().iter().enumerate() {
        let (task, server) = (task(number), source(number, url)?);
        let last = sync(&task, &server, repository, &SyncOptions::new()).await?;
        let again = SyncOptions::new().with_full_read(true);
        let again = sync(&task, &server, repository, &again).await?;
        if !last.complete || changes(&again) > 0 {
            broken.push(format!("{}: the last run is not the last: {again:?}", task.source));
        }
        let fresh = MemoryRepository::new();
        sync(&task, &server, &fresh, &SyncOptions::new()).await?;
        let (known, expected) =
            (present(repository, number).await?, present(&fresh, number).await?);
        for object in known.keys().chain(expected.keys()).collect::<BTreeSet<_>>() {
            if known.get(object) != expected.get(object) {
                let [known, expected] = [known.get(object), expected.get(object)];
                broken.push(format!("{} {object}: {known:?}, and not {expected:?}", task.source));
            }
        }
    }
    Ok(broken)
}

fn changes(report: &SyncReport) -> u64 {
    let SyncReport { computers, users, groups, .. } = report;
    computers.created
        + computers.updated
        + users.created
        + users.updated
        + groups.created
        + groups.updated
}

/// What a repository knows of the objects that are there.
async fn present(
    repository: &dyn AssetRepository,
    directory: usize,
) -> Result<BTreeMap<ObjectGuid, (ObjectKind, RecordDigest)>> {
    let links = repository.links(LinksRequest::new(acme(), task(directory).source)).await?;
    let links: Vec<_> = links.try_collect().await?;
    let there = links.into_iter().filter(|link| link.presence.is_present());
    Ok(there.map(|link| (link.object, (link.kind, link.digest))).collect())
}
