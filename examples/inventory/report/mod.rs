//! What a person reports of an inventory: a directory as LDIF and what other sources know, with other names.

mod objects;
mod pseudonyms;
mod scans;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ldap_inventory::asset::{Asset, DirectoryGroup, DirectoryUser, SearchRequest};
use ldap_inventory::directory::ServerIdentity;
use ldap_inventory::query::Query;
use ldap_inventory::value::{SourceId, Timestamp};
use serde::Deserialize;

use self::objects::Directory;
use self::pseudonyms::Pseudonyms;
use super::curate::Desk;
use super::exit::{Failure, Status};
use super::list::each;
use super::options::Reporting;
use super::printed::say;
use super::whole_file::WholeFile;

impl Desk<'_> {
    /// Writes what a directory and other sources know, with other names.
    pub(crate) async fn report(&self, options: &Reporting) -> Result<(), Failure> {
        let source = match &options.source {
            Some(source) => source.clone(),
            None => self.only_directory().await?,
        };
        let everything =
            SearchRequest::new(self.organization.clone(), Query::everything(), Timestamp::now());
        let (mut directory, mut assets) = (Directory::default(), Vec::new());
        each::<Asset>(self.repository, &everything, usize::MAX, |asset| {
            directory.take_computers(asset, &source);
            assets.extend(scans::known_elsewhere(asset));
            Ok(())
        })
        .await?;
        for waiting in self.repository.waiting(self.organization).await? {
            directory.take_computers(&waiting.record, &source);
        }
        each::<DirectoryUser>(self.repository, &everything, usize::MAX, |user| {
            directory.take_user(user, &source);
            Ok(())
        })
        .await?;
        each::<DirectoryGroup>(self.repository, &everything, usize::MAX, |group| {
            directory.take_group(group, &source);
            Ok(())
        })
        .await?;
        let pseudonyms = Pseudonyms::for_objects(directory.guids());
        let server = self.server(&source).await?;
        write_file(&options.output, |out| {
            let told = server.iter().map(|server| pseudonyms.domains_of(server));
            let objects = directory.objects(&pseudonyms).map(|object| object.to_ldif());
            told.chain(objects).try_for_each(|entry| out.write_all(entry.as_bytes()))
        })?;
        if let Some(file) = &options.assets {
            write_file(file, |out| {
                assets.iter().try_for_each(|asset| {
                    serde_json::to_writer(&mut *out, &asset.called(&pseudonyms))?;
                    out.write_all(b"\n")
                })
            })?;
        }
        if io::stderr().is_terminal() {
            let (objects, assets) = (directory.len(), assets.len());
            say(format_args!(
                "{objects} objects and {assets} assets written; look at them before you send them"
            ));
        }
        Ok(())
    }

    /// The one directory that the inventory has.
    async fn only_directory(&self) -> Result<SourceId, Failure> {
        let mut directories = self.repository.sources(self.organization).await?;
        directories.retain(|source| source.kind() == "ldap");
        match &directories[..] {
            [only] => Ok(only.clone()),
            [] => Err(Failure::new(Status::Usage, "the inventory has no directory to report")),
            several => {
                let named: Vec<String> = several.iter().map(ToString::to_string).collect();
                let sentence = format!(
                    "there are several directories; name one with --source: {}",
                    named.join(", ")
                );
                Err(Failure::new(Status::Usage, sentence))
            }
        }
    }

    /// Who answered for a directory last.
    async fn server(&self, source: &SourceId) -> Result<Option<ServerIdentity>, Failure> {
        #[derive(Deserialize)]
        struct Report {
            server: ServerIdentity,
        }
        let runs = self.repository.runs(self.organization, source, 100).await?;
        let reports = runs.iter().filter_map(|run| run.report.as_deref());
        let mut read = reports.filter_map(|it| serde_json::from_str::<Report>(it).ok());
        Ok(read.next().map(|report| report.server))
    }
}

/// Writes a file whole or not at all, packed if its name says so.
fn write_file(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = || {
        let mut out = BufWriter::new(WholeFile::begin(file)?);
        if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz")) {
            let mut packed = GzEncoder::new(&mut out, Compression::default());
            write(&mut packed)?;
            packed.finish()?;
        } else {
            write(&mut out)?;
        }
        out.into_inner()?.finish()
    };
    written().map_err(|error: io::Error| {
        Failure::new(Status::Failed, format!("{} cannot be written: {error}", file.display()))
    })
}
