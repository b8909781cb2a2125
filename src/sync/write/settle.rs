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
    loop {
        let standing = Decisions::load(repository, organization).await?.standing();
        let settled = grouping::settle(repository, organization, &standing, [], &directories);
        let changes = grouping::changes(repository, organization, settled.await?).await?;
        if Decisions::still_stand(repository, organization, &standing).await? {
            return Ok(changes);
        }
        run.options.cancellation.check()?;
    }
}
