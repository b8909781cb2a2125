//! Where what is written for other programs goes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::exit::{Failure, Status};
use super::private;
use super::whole_file::WholeFile;

/// Writes a file, whole or not at all, or, where none is named, standard output.
pub(crate) async fn to(
    file: Option<&Path>,
    write: impl AsyncFnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).await?;
        return Ok(out.flush()?);
    };
    let failed = |error: io::Error| {
        let sentence = format!("{} cannot be written: {error}", file.display());
        Failure::new(Status::Failed, sentence)
    };
    let mut out = BufWriter::new(WholeFile::begin(file).map_err(failed)?);
    write(&mut out).await?;
    let out = out.into_inner().map_err(|error| failed(error.into_error()))?;
    out.finish().map_err(failed)?;
    private::warn_of_others(file);
    Ok(())
}
