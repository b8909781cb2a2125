//! The domains that a directory knows, listed.

use std::io::{self, Write as _};

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::{Credential, ServerUrl};
use ldap_inventory::ldap::ForestDomain;
use ldap_inventory::task::SyncTask;
use serde::Serialize;

use super::begin::{Begun, begin};
use super::exit::{Failure, Status};
use super::interrupt::Interrupt;
use super::options::Options;
use super::printed::{escaped, json_line, say};
use super::table::{Form, Table};
use super::task::credential_id;

/// What is printed for tools.
#[derive(Serialize)]
struct Listed<'a> {
    domains: Vec<ListedDomain<'a>>,
    warnings: &'a [String],
}

/// A domain, with what follows for whoever would read it.
#[derive(Serialize)]
struct ListedDomain<'a> {
    #[serde(flatten)]
    domain: &'a ForestDomain,
    relation: &'static str,
    takes_own_accounts: bool,
    url: Option<ServerUrl>,
    task: Option<SyncTask>,
}

/// Lists the domains that the directory knows, and reads none of them.
pub(crate) async fn list(
    credential: Credential,
    repository: &dyn AssetRepository,
    options: &Options,
    interrupt: &Interrupt,
) -> Result<Status, Failure> {
    let listing = async {
        let begun = begin("Command line", &options.task, credential, repository, false).await?;
        let Begun { directory, task } = begun;
        let listed = directory.forest(&credential_id()?, &options.task.organization).await?;
        Ok((listed, task))
    };
    let ((domains, warnings), task) = interrupt.unless(Box::pin(listing)).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if options.json {
        let domains = domains.iter().map(|domain| ListedDomain::of(domain, &task)).collect();
        json_line(&mut out, &Listed { domains, warnings: &warnings })?;
    } else {
        table(&domains).put(&mut out, Form::of_stdout())?;
    }
    out.flush()?;
    warnings.iter().for_each(|warning| say(format_args!("warning: {}", escaped(warning))));
    Ok(Status::Complete)
}

fn table(domains: &[ForestDomain]) -> Table {
    let mut table = Table::new(["Domain", "Relation", "NetBIOS name", "Controllers", "SID", "URL"]);
    for domain in domains {
        let controllers = match &domain.controllers {
            None => String::new(),
            Some(hosts) if hosts.is_empty() => "none".to_owned(),
            Some(hosts) => hosts.len().to_string(),
        };
        let sid = domain.sid.as_ref().map(ToString::to_string).unwrap_or_default();
        let url = domain.url().map(|url| url.to_string()).unwrap_or_default();
        let netbios_name = domain.netbios_name.as_deref().unwrap_or_default();
        table.row([domain.name(), domain.relation(), netbios_name, &controllers, &sid, &url]);
    }
    table
}

impl<'a> ListedDomain<'a> {
    fn of(domain: &'a ForestDomain, like: &SyncTask) -> Self {
        Self {
            domain,
            relation: domain.relation(),
            takes_own_accounts: domain.takes_own_accounts(),
            url: domain.url(),
            task: domain.task(like),
        }
    }
}
