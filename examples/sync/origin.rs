//! Where a run reads: from a server, or from an export of one.

use std::fs::{self, File};

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::Credential;
use ldap_inventory::directory::DirectorySource;
use ldap_inventory::ldap::LdifSource;
use ldap_inventory::task::SyncTask;

use super::begin::{Begun, begin};
use super::exit::{Failure, Status};
use super::options::Options;

/// What is run, as the inventory's record of it says.
const TASK: &str = "Command line";

/// What stands for whoever made an export.
const CREDENTIAL: &str = "export";

/// Where a run reads.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// From the servers that the credential names.
    Server(Box<Credential>),
    /// From a file, which takes no account.
    Export(LdifSource),
}

impl Origin {
    /// What the command line names. Whoever sits at the terminal may be asked for a password.
    pub(crate) fn of(options: &Options) -> Result<Self, Failure> {
        let Some(file) = &options.ldif else {
            return Ok(Self::Server(Box::new(options.task.credential()?)));
        };
        let refused = |reason: String| {
            Failure::new(Status::Usage, format!("{} cannot be read: {reason}", file.display()))
        };
        if fs::metadata(file).is_ok_and(|it| !it.is_file()) {
            return Err(refused("it is no regular file".to_owned()));
        }
        File::open(file).map_err(|error| refused(error.to_string()))?;
        Ok(Self::Export(LdifSource::new(file).with_complete(options.ldif_complete)))
    }

    /// The directory, and what to do with it.
    pub(crate) async fn begin(
        &self,
        repository: &dyn AssetRepository,
        options: &Options,
    ) -> Result<(Box<dyn DirectorySource>, SyncTask), Failure> {
        match self {
            Self::Server(credential) => {
                let (credential, is_noted) = ((**credential).clone(), !options.dry_run);
                let begun = begin(TASK, &options.task, credential, repository, is_noted);
                let Begun { directory, task } = begun.await?;
                Ok((Box::new(directory), task))
            }
            Self::Export(export) => {
                let domain = match options.task.domain() {
                    Some(domain) => domain.to_owned(),
                    None => export.identify().await?.domain.ok_or_else(nameless)?,
                };
                let mut task = options.task.task(TASK, &domain)?;
                // Where a read of the servers ended is for the next one of them.
                task.credential = CREDENTIAL.parse()?;
                Ok((Box::new(export.clone()), task))
            }
        }
    }
}

fn nameless() -> Failure {
    let sentence = "no computer, user or group of the export says which domain it is of; name the directory with --domain";
    Failure::new(Status::Usage, sentence)
}
