//! Letting the inventory show what people decided.

use super::commit::conflict;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome};
use crate::directory::ServerIdentity;
use crate::grouping::{self, Decisions};
use crate::sync::run::Run;

/// Writes what has to be so that the inventory shows what people decided, with all that the run has written.
pub(in crate::sync) async fn write(writer: &mut Writer<'_>) -> Result<()> {
    let mut attempt = 0;
    while writer.sink.writes() {
        let changes = changes(writer.run, &writer.snapshot.end.server).await?;
        match writer.submit(changes).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => break,
            CommitOutcome::Conflict(assets) => {
                attempt += 1;
                if attempt > writer.run.options.conflict_retries {
                    return Err(conflict(&assets));
                }
            }
        }
    }
    Ok(())
}

/// What has to be written so that the inventory shows what people decided, the directory being read from this server.
pub(in crate::sync) async fn changes(
    run: &Run<'_>,
    server: &ServerIdentity,
) -> Result<Vec<Change>> {
    let (repository, organization) = (run.repository, &run.task.organization);
    let directories = run.directories(server).await?;
    let directories = &directories;
    let seen = Decisions::seen_by(repository, organization, |standing| async move {
        run.options.cancellation.check()?;
        let settled = grouping::settle(repository, organization, &standing, [], directories);
        grouping::changes(repository, organization, settled.await?).await
    });
    let (_, changes) = seen.await?;
    Ok(changes)
}
