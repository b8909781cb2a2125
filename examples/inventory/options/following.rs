//! What is told to those who follow, and for how long it is kept.

use clap::Args;

/// From where on, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Following {
    /// Begin behind this event, by the cursor that it was printed with; or behind all that there are: end. From the
    /// beginning unless given
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Print at most so many
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,

    /// Wait for more, until Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,

    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is not needed any more.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Pruning {
    /// Take events away from before: yesterday, so long ago (36hours, 7days), a date or a time
    #[arg(long, value_name = "WHEN")]
    pub(crate) before: Option<String>,

    /// Keep what comes behind this event, by its cursor: whoever follows has not read that yet
    #[arg(long, value_name = "CURSOR", requires = "before")]
    pub(crate) up_to: Option<String>,

    /// Take records of runs away that ended before, and make sure that no plan and no batch from before is sent again;
    /// by what later runs decide, stays
    #[arg(long, value_name = "WHEN")]
    pub(crate) runs_before: Option<String>,

    /// Keep so many of the latest runs of each directory, however old they are
    #[arg(long, value_name = "N")]
    pub(crate) keep_runs: Option<usize>,
}
