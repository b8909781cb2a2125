//! Writes the files of the resolution benchmark: `assets.csv`, `hosts.csv` and `truth.csv` of a labelled company, the same for
//! the same seed. `benches/resolution/run` has them read by the programs that are compared; `README.md` says how.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

// The tests use the rest of it.
#[allow(dead_code)]
#[path = "../../tests/companies/generate/mod.rs"]
mod generate;

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Parser;

use self::generate::company::Forest;
use self::generate::export::export;

/// Makes up a company of two domains and writes what is known of it into a folder.
#[derive(Debug, Parser)]
struct Options {
    /// The folder; `resolution` among cargo's temporary files unless set
    folder: Option<PathBuf>,

    /// At least so many computers
    #[arg(long, default_value = "10000")]
    hosts: usize,

    /// Another company for another one
    #[arg(long, default_value = "8")]
    seed: u64,

    /// Two domains of one forest, one below the other, instead of two that share nothing
    #[arg(long)]
    one_forest: bool,

    /// A small company, to see that it is written
    #[arg(long)]
    test: bool,

    /// As cargo calls benches
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let temporary = || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("resolution");
    let folder = options.folder.unwrap_or_else(temporary);
    let hosts = if options.test { 2_000 } else { options.hosts };
    let forest = if options.one_forest { Forest::One } else { Forest::Two };
    let export = export(options.seed, hosts, forest);
    assert!(export.hosts.len() >= hosts && export.truth.len() == export.hosts.len());
    fs::create_dir_all(&folder)?;
    export.write(&folder)?;
    println!("{}: {} computers", folder.display(), export.hosts.len());
    Ok(())
}
