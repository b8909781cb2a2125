//! Keeping the plan of a run that wrote nothing.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ldap_inventory::sync::MergePlan;

use super::exit::{Failure, Status};

/// Writes a plan to a file, which the example `inventory` shows and applies.
pub(crate) fn save(plan: &MergePlan, file: &Path) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(file)?);
        serde_json::to_writer(&mut out, plan).map_err(io::Error::from)?;
        out.flush()
    };
    write().map_err(|error| {
        let sentence = format!("the plan cannot be written to {}: {error}", file.display());
        Failure::new(Status::Failed, sentence)
    })
}
