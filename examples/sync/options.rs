//! The command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum, value_parser};
use ldap_inventory::credential::{CaCertificate, Credential, ServerUrl, Thumbprint};
use ldap_inventory::ldap::{DeltaPolicy, LdapLimits};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::sync::Confirmation;
use ldap_inventory::task::{Exclusions, MatchPolicy};
use ldap_inventory::value::{CredentialId, OrganizationId, SiteId, SourceId};

use super::exit::{Failure, Status};
use super::password;

/// Brings an asset inventory in step with Active Directory.
///
/// Without any argument it shows itself at work on a demonstration domain, served within the program.
///
/// The password is read from a file or from the variable LDAP_PASSWORD, never from the command line.
#[derive(Debug, Parser)]
#[command(name = "sync", after_help = STATUSES)]
pub(crate) struct Options {
    /// The server: HOST[:PORT] or IP[:PORT], with ldaps:// or ldap:// in front if LDAPS shall, or shall
    /// not, come first. May be repeated: the next server is asked only if the one before cannot be reached.
    #[arg(long, required = true)]
    pub(crate) url: Vec<ServerUrl>,

    /// The account: a DN, user@domain or DOMAIN\user. It needs no special rights.
    #[arg(long, value_name = "NAME")]
    username: String,

    /// A file with the account's password, one line of text. Without it the variable LDAP_PASSWORD is read.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Where to search. May be repeated. The server's defaultNamingContext unless given.
    #[arg(long, value_name = "DN")]
    pub(crate) base_dn: Vec<DistinguishedName>,

    /// Read only computers that match this LDAP filter as well.
    #[arg(long, value_name = "FILTER")]
    pub(crate) computer_filter: Option<String>,

    /// Accept any certificate where no thumbprint is given, and plain LDAP where nothing better is
    /// offered. Whoever stands on the path can then read the password.
    #[arg(long)]
    insecure: bool,

    /// The certificate that must be presented at an address, as the example `thumbprint` prints it. May
    /// be repeated.
    #[arg(long, value_name = "IP=SHA256:B64")]
    thumbprint: Vec<Thumbprint>,

    /// Certificates (PEM) of authorities to trust beside those of the operating system. May be repeated.
    #[arg(long, value_name = "PEM")]
    ca_file: Vec<PathBuf>,

    /// Let thumbprints vouch over StartTLS, too.
    #[arg(long)]
    pins_on_starttls: bool,

    /// The file that holds the inventory; it is created if need be. Without it nothing is kept.
    #[arg(long, value_name = "FILE.db")]
    pub(crate) inventory: Option<String>,

    /// The organization whose inventory it is.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) organization: OrganizationId,

    /// The site that new assets are placed in.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) site: SiteId,

    /// Scanned assets to import first, one JSON object a line.
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) assets: Option<PathBuf>,

    /// The scanner whose file it is. Each has records of its own, so that the files of several scanners, or of several
    /// sites, do not speak for each other.
    #[arg(long, value_name = "NAME", default_value = "import", requires = "assets")]
    assets_source: String,

    /// Refuse the file of scanned assets if a line or a value of it cannot be taken, instead of leaving that out.
    #[arg(long, requires = "assets")]
    pub(crate) strict: bool,

    /// The file has every asset that the scanner knows: what it does not have any more is missing from now on, and
    /// what the scanner said of it is dated out.
    #[arg(long, requires = "assets")]
    pub(crate) assets_complete: bool,

    /// A DNS suffix that stands for the domain, as DHCP or a VPN gives it to the domain's computers. May be repeated.
    #[arg(long, value_name = "SUFFIX")]
    own_suffix: Vec<String>,

    /// Leave out computers that match no asset, instead of making assets of them.
    #[arg(long)]
    pub(crate) exclude_unknown: bool,

    /// Leave out computers whose account is disabled.
    #[arg(long, help_heading = LEAVING_OUT)]
    exclude_disabled: bool,

    /// Leave out computers whose last logon and last password change are both more than so many days ago.
    #[arg(long, value_name = "DAYS", help_heading = LEAVING_OUT)]
    exclude_stale: Option<u64>,

    /// Leave out computers that are below none of these OUs. May be repeated.
    #[arg(long, value_name = "DN", help_heading = LEAVING_OUT)]
    include_ou: Vec<DistinguishedName>,

    /// Leave out computers below this OU, even if it is within one to include. May be repeated.
    #[arg(long, value_name = "DN", help_heading = LEAVING_OUT)]
    exclude_ou: Vec<DistinguishedName>,

    /// Work everything out and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Read everything, though what changed since the last run would do.
    #[arg(long)]
    pub(crate) full: bool,

    /// Conclude that whatever is known below the bases is gone if it is not read, even if another account saw it
    /// last: once, after the account was replaced by one that sees as much.
    #[arg(long)]
    pub(crate) take_over: bool,

    /// Conclude that all computers, all users or all groups are gone if none is read: once, after you have made sure
    /// that the account has not lost its read rights. The brake holds all the same.
    #[arg(long)]
    pub(crate) accept_empty: bool,

    /// How to find out what changed since the last run: by DirSync, by update numbers, whichever the server
    /// offers, or not at all.
    #[arg(long, value_enum, default_value_t = Delta::Auto)]
    pub(crate) delta: Delta,

    /// How long the server may be silent while an answer is due, before the read is given up as incomplete.
    #[arg(long, value_name = "SECONDS", default_value_t = 150, value_parser = value_parser!(u64).range(1..))]
    silence: u64,

    /// Let the run through that the brake stopped with this confirmation, and no other.
    #[arg(long, value_name = "CONFIRMATION")]
    pub(crate) confirm: Option<Confirmation>,

    /// Keep the plan of a run that writes nothing, a dry one or one that the brake stopped, in this file. The
    /// example `inventory` shows and applies it.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) save_plan: Option<PathBuf>,

    /// Print one JSON object on standard output, and all else on standard error.
    #[arg(long)]
    pub(crate) json: bool,

    /// Say for every computer which asset it is, and why.
    #[arg(long)]
    pub(crate) explain: bool,
}

/// How to find out what changed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Delta {
    Auto,
    Dirsync,
    Usn,
    Never,
}

impl From<Delta> for DeltaPolicy {
    fn from(delta: Delta) -> Self {
        match delta {
            Delta::Auto => Self::Auto,
            Delta::Dirsync => Self::DirSync,
            Delta::Usn => Self::Usn,
            Delta::Never => Self::Never,
        }
    }
}

const LEAVING_OUT: &str = "Computers to leave out, unless they belong to an asset already";

const STATUSES: &str = "\
Exit status: 0 complete; 2 usage; 3 the directory was not read to the end (nothing was removed);
4 refused (configuration, TLS, credentials); 5 stopped by the brake; 1 anything else.";

impl Options {
    /// The account, its password, and whom to trust.
    pub(crate) fn credential(&self) -> Result<Credential, Failure> {
        let id = CredentialId::new("command-line")?;
        let password = password::read(self.password_file.as_deref())?;
        let mut credential = Credential::new(id, &self.username, password)
            .with_insecure(self.insecure)
            .with_thumbprints(self.thumbprint.iter().copied())
            .with_pins_on_starttls(self.pins_on_starttls)
            .shared_with(self.organization.clone());
        credential.servers.extend_from_slice(&self.url);
        credential.base_dns.extend_from_slice(&self.base_dn);
        for file in &self.ca_file {
            let certificates = CaCertificate::parse_all(&read(file)?)
                .map_err(|error| error.with_context("file", file.display()))?;
            credential = credential.with_ca_certificates(certificates);
        }
        Ok(credential)
    }

    /// The source that scanned assets are imported from.
    pub(crate) fn scanner(&self) -> Result<SourceId, Failure> {
        Ok(SourceId::new("scan", &self.assets_source)?)
    }

    /// How much the server may send, and for how long.
    pub(crate) fn limits(&self) -> LdapLimits {
        LdapLimits::default().with_silence(Duration::from_secs(self.silence))
    }

    /// How computers are tied to assets.
    pub(crate) fn matching(&self) -> MatchPolicy {
        MatchPolicy::default()
            .with_exclude_unknown(self.exclude_unknown)
            .with_own_suffixes(self.own_suffix.iter().cloned())
    }

    /// Which computers are left out, although they are read.
    pub(crate) fn exclusions(&self) -> Exclusions {
        let mut exclusions = Exclusions::default()
            .with_disabled(self.exclude_disabled)
            .with_stale_after_days(self.exclude_stale);
        exclusions.included_ous.clone_from(&self.include_ou);
        exclusions.excluded_ous.clone_from(&self.exclude_ou);
        exclusions
    }
}

/// A file that the command line names.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| {
        Failure::new(Status::Usage, format!("{} cannot be read: {error}", file.display()))
    })
}
