//! What shells and `man` are told of a program.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser};
use clap_complete::Shell;

use super::exit::{Failure, Status};

/// What a program says of itself instead of doing its work.
#[derive(Args, Clone, Debug)]
pub(crate) struct ForShells {
    /// Print what completes the options of this program in a shell, and end
    #[arg(long, value_name = "SHELL", value_enum, exclusive = true, display_order = 920)]
    completions: Option<Shell>,

    /// Write the pages of this program for `man` into this directory, and end
    #[arg(long, value_name = "DIR", exclusive = true, display_order = 921)]
    man_pages: Option<PathBuf>,
}

/// These options without those that the work needs.
#[derive(Debug, Parser)]
#[command(ignore_errors = true, disable_help_flag = true, disable_version_flag = true)]
struct Asked {
    #[command(flatten)]
    for_shells: ForShells,
}

/// Says what the program is asked of itself; `None` if it is asked to do its work.
pub(crate) fn told<Options: CommandFactory>() -> Option<Result<Status, Failure>> {
    let ForShells { completions, man_pages } = Asked::try_parse().ok()?.for_shells;
    let mut command = Options::command();
    if let Some(shell) = completions {
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut io::stdout());
        return Some(Ok(Status::Complete));
    }
    man_pages.map(|directory| write_pages(command, &directory))
}

fn write_pages(command: clap::Command, directory: &Path) -> Result<Status, Failure> {
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory));
    written.map_err(|error| {
        let sentence = format!("{}: {error}", directory.display());
        Failure::new(Status::Failed, sentence)
    })?;
    Ok(Status::Complete)
}
