//! Reads a directory into memory, without an inventory, and says what it holds: what a host does that wants
//! the objects themselves. `cargo run --release --example read_directory -- --url dc1.corp.example --username NAME`

#[path = "program/bounded.rs"]
mod bounded;
#[path = "program/exit.rs"]
mod exit;
#[path = "program/password.rs"]
mod password;
#[path = "program/printed.rs"]
mod printed;
#[path = "program/private.rs"]
mod private;
#[path = "program/shell.rs"]
mod shell;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use futures::StreamExt;
use ldap_inventory::credential::{Credential, ServerUrl, Sharing, Thumbprint};
use ldap_inventory::directory::{DirectoryEvent, DirectoryObject, DirectorySource, ReadRequest};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::value::{CredentialId, ObjectKind, OrganizationId};

use self::exit::{Failure, Status};
use self::printed::say;
use self::shell::ForShells;

/// Reads a directory into memory and counts what it holds. Nothing is kept.
#[derive(Debug, Parser)]
#[command(name = "read_directory", version)]
struct Options {
    /// The server: HOST[:PORT] or IP[:PORT]. LDAPS comes first, then StartTLS; with ldap:// in front, StartTLS alone
    #[arg(long)]
    url: ServerUrl,

    /// The account, as a DN, user@domain or DOMAIN\user
    #[arg(long, value_name = "NAME")]
    username: String,

    /// A file with the account's password, one line of text. Without it the variable LDAP_PASSWORD is read, and then
    /// whoever sits at the terminal is asked
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The certificate that must be presented at an address, as the program `thumbprint` prints it. May be
    /// repeated
    #[arg(long, value_name = "IP=SHA256:B64")]
    thumbprint: Vec<Thumbprint>,

    /// Where to search: the server's defaultNamingContext, which is its whole domain, unless given
    #[arg(long, value_name = "DN")]
    base_dn: Option<String>,

    /// Give computers the addresses that the directory's DNS has for their names (dns), and the AD sites that these are in
    #[arg(long, value_name = "FROM", value_parser = ["dns"])]
    addresses: Option<String>,

    /// Accept any certificate where no thumbprint is given, and plain LDAP where nothing better is offered. Whoever
    /// stands on the path can then read the password
    #[arg(long)]
    insecure: bool,

    #[command(flatten)]
    _for_shells: ForShells,
}

fn main() -> ExitCode {
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
    }
    exit::with(run(&Options::parse()))
}

#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> Result<Status, Failure> {
    let password = password::read(options.password_file.as_deref(), &options.username)?;
    let id = CredentialId::new("reader")?;
    let credential = Credential::new(id.clone(), options.username.as_str(), password)
        .with_server(options.url.clone())
        .with_thumbprints(options.thumbprint.iter().copied())
        .with_insecure(options.insecure)
        .with_sharing(Sharing::Global);
    let directory = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
    let bases = options.base_dn.iter().map(|dn| DistinguishedName::parse(dn));
    let request = ReadRequest::new(id, OrganizationId::new("default")?)
        .with_base_dns(bases.collect::<Result<Vec<_>, _>>()?)
        .with_addresses_from_dns(options.addresses.is_some());

    let begun = Instant::now();
    let mut objects: Vec<DirectoryObject> = Vec::new();
    let mut events = directory.read(request).await?;
    while let Some(event) = events.next().await {
        match event? {
            DirectoryEvent::Page(page) => objects.extend(page.objects),
            DirectoryEvent::End(end) if end.completeness.is_complete() => {
                count(&objects, begun)?;
                return Ok(Status::Complete);
            }
            DirectoryEvent::End(_) => break,
            _ => {}
        }
    }
    Err(Failure::new(Status::Incomplete, "the directory was not read to the end"))
}

fn count(objects: &[DirectoryObject], begun: Instant) -> io::Result<()> {
    let mut counts: BTreeMap<ObjectKind, u64> = BTreeMap::new();
    for object in objects {
        *counts.entry(object.kind).or_default() += 1;
    }
    for (kind, count) in counts {
        writeln!(io::stdout(), "{count} {kind}s")?;
    }
    say(format_args!("read in {:.2} s", begun.elapsed().as_secs_f64()));
    Ok(())
}
