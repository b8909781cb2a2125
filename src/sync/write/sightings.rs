//! Noting where objects were seen that need no other change.

use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome, Link};
use crate::sync::decide::Matching;

/// Notes who saw what the census of a read of changes shows to be there: it was seen as in a full read.
pub(in crate::sync) async fn write(writer: &mut Writer<'_>, matching: &Matching) -> Result<()> {
    let snapshot = writer.snapshot;
    let Some(census) = &snapshot.end.census else { return Ok(()) };
    let read = snapshot.identities();
    let is_there = |link: &&Link| {
        census.get(&link.kind).is_some_and(|there| there.contains(&link.object))
            && !read.contains(&link.object)
            && link.presence.is_present()
    };
    let news = matching.links.values().filter(is_there).filter_map(|link| {
        let seen = snapshot.coverage.sighting_in_place(link)?;
        let is_news = link.seen.as_ref() != Some(&seen);
        is_news.then_some(Change::NoteSighting { object: link.object, seen })
    });
    let news: Vec<Change> = news.collect();
    for changes in news.chunks(writer.run.options.batch_size) {
        let _: CommitOutcome = writer.submit(changes.to_vec()).await?;
    }
    Ok(())
}
