//! Whether an inventory is sound.

use std::io::{self, BufWriter, IsTerminal, Write};

use ldap_inventory::Printable;

use super::exit::{Failure, Status};
use super::printed::say;
use super::store;

/// Prints what is wrong, a line for each thing: the status tells whether anything is.
pub(crate) async fn check(place: &str) -> Result<Status, Failure> {
    let findings = store::findings(place).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    for finding in &findings {
        writeln!(out, "{}", Printable(finding))?;
    }
    out.flush()?;
    if !findings.is_empty() {
        return Ok(Status::Failed);
    }
    if io::stderr().is_terminal() {
        say("The inventory is sound.");
    }
    Ok(Status::Complete)
}
