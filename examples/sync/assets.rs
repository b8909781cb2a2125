//! Scanned assets, from a file with one JSON object a line, or comma-separated values.

use std::path::Path;

use ldap_inventory::Printable;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Curation, ImportOptions, Imported, LeftOut, Scan};
use ldap_inventory::value::Timestamp;

use super::bounded;
use super::exit::{Failure, Status};
use super::options::Options;
use super::printed::say;

/// The most bytes of a file: some millions of assets.
const LARGEST: u64 = 1 << 30;

/// How much of what was left out is shown.
const MOST_SHOWN: usize = 10;

/// What a scanner found, and the file that says so.
#[derive(Debug)]
pub(crate) struct ScanFile<'a> {
    file: &'a Path,
    scan: Scan,
}

impl<'a> ScanFile<'a> {
    /// Reads a file. If it is to be taken as a whole or not at all, every bad line is named, and it is refused.
    pub(crate) fn read(file: &'a Path, is_strict: bool) -> Result<Self, Failure> {
        let bytes = bounded::read(file, LARGEST).map_err(|error| {
            Failure::new(Status::Usage, format!("{} cannot be read: {error}", file.display()))
        })?;
        let read = Self { file, scan: Scan::parse(&bytes, Timestamp::now()) };
        if is_strict && !read.scan.left_out().is_empty() {
            read.scan.left_out().iter().for_each(|left_out| read.tell(left_out));
            let sentence = format!(
                "not all of {} can be taken, so nothing was imported; correct it, or import it without --strict",
                file.display()
            );
            return Err(Failure::new(Status::Usage, sentence));
        }
        Ok(read)
    }

    /// Imports it, and says on standard error what of it was left out.
    pub(crate) async fn import(
        &self,
        repository: &dyn AssetRepository,
        options: &Options,
    ) -> Result<Imported, Failure> {
        let curation = Curation::new(repository, options.task.organization.clone());
        let how = ImportOptions::new(options.task.site.clone())
            .with_complete(options.assets_complete)
            .with_strict(options.strict);
        let imported = curation.import(&options.scanner()?, &self.scan, &how).await?;
        self.report(&imported, options.quiet);
        Ok(imported)
    }

    fn report(&self, imported: &Imported, is_quiet: bool) {
        imported.left_out.iter().take(MOST_SHOWN).for_each(|left_out| self.tell(left_out));
        if let Some(more @ 1..) = imported.left_out.len().checked_sub(MOST_SHOWN) {
            say(format_args!("{}: and {more} more left out", self.file.display()));
        }
        if !imported.passed_over.is_empty() && !is_quiet {
            let fields =
                imported.passed_over.iter().map(|(field, lines)| format!("{field} ({lines})"));
            let fields = fields.collect::<Vec<_>>().join(", ");
            say(format_args!(
                "{}: fields of runZero's that an inventory has no use for: {fields}",
                self.file.display()
            ));
        }
        if let Some(why) = &imported.not_ended {
            say(format_args!(
                "no scanned asset was ended, although the file is said to be complete: {why}"
            ));
        }
    }

    fn tell(&self, left_out: &LeftOut) {
        say(format_args!("{}:{}: {left_out}", self.file.display(), left_out.line));
    }
}

/// What an import did, in one line.
pub(crate) fn summary(imported: &Imported) -> String {
    let Imported { created, updated, unchanged, .. } = imported;
    let mut told = format!("{created} new, {updated} updated, {unchanged} unchanged");
    for (count, what) in [
        (imported.joined, "joined with assets that were known"),
        (imported.outdated, "older than what is known"),
        (imported.ambiguous.len(), "of the new ones could be assets that were known"),
        (imported.left_out.len(), "left out"),
    ] {
        if count > 0 {
            told.push_str(&format!(", {count} {what}"));
        }
    }
    if !imported.ended.is_empty() {
        let names = imported.ended.iter().take(MOST_SHOWN);
        let names = names.map(|(asset, name)| match name {
            Some(name) => Printable(name.as_str()).to_string(),
            None => asset.to_string(),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let more = if imported.ended.len() > MOST_SHOWN { ", ..." } else { "" };
        told.push_str(&format!(
            ", {} not in the file any more ({names}{more})",
            imported.ended.len()
        ));
    }
    told
}
