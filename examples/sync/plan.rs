//! Keeping the plan of a run that wrote nothing.

use std::io::{self, BufWriter};
use std::path::Path;

use ldap_inventory::sync::MergePlan;

use super::exit::{Failure, Status};
use super::private;
use super::whole_file::WholeFile;

/// Writes a plan to a file, which the example `inventory` shows and applies.
pub(crate) fn save(plan: &MergePlan, file: &Path) -> Result<(), Failure> {
    write(plan, file).map_err(|error| {
        let sentence = format!("the plan cannot be written to {}: {error}", file.display());
        Failure::new(Status::Failed, sentence)
    })?;
    private::warn_of_others(file);
    Ok(())
}

fn write(plan: &MergePlan, file: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(WholeFile::begin(file)?);
    serde_json::to_writer(&mut out, plan).map_err(io::Error::from)?;
    out.into_inner()?.finish()
}
