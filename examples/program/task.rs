//! A task as the command line says it: which directory, by which account, what of it, and how it is matched.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use ldap_inventory::credential::{CaCertificate, Credential, ServerUrl, SignIn, Thumbprint};
use ldap_inventory::ldap::{DeltaPolicy, LdapLimits, LdapSource};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::task::{Exclusions, MatchPolicy, SyncTask};
use ldap_inventory::value::{CredentialId, OrganizationId, Secret, SiteId, SourceId};

use super::exit::{Failure, Status};
use super::{bounded, password, private};

/// The most bytes of a file of certificates: those of all authorities that there are take some hundred thousand.
const LARGEST_FILE: u64 = 16 << 20;

/// What to read, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct TaskOptions {
    /// The server: HOST[:PORT] or IP[:PORT]. LDAPS comes first, then StartTLS; with ldap:// in front, StartTLS alone. A host
    /// that has no address is looked for as a domain.
    /// May be repeated, or several with commas: the next server is asked only if the one before cannot be reached
    #[arg(long, env = "LDAP_URL", value_delimiter = ',')]
    url: Vec<ServerUrl>,

    /// The domain whose controllers are to be found by DNS: the first that proves itself by its certificate is read. With
    /// /SITE behind it, those of that AD site come first. The same as --url domain:DOMAIN, and before any --url
    #[arg(long, value_name = "DOMAIN[/SITE]", value_parser = domain)]
    locate: Option<ServerUrl>,

    /// The account: a DN, user@domain or DOMAIN\user. It needs no special rights
    #[arg(long, value_name = "NAME", env = "LDAP_USERNAME")]
    username: Option<String>,

    /// A file with the account's password, one line of text. Without it the variable LDAP_PASSWORD is read, and then
    /// whoever sits at the terminal is asked
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// A certificate to sign in with instead of a name and a password (PEM), and those of the authorities between it and
    /// what the server trusts, if any
    #[arg(long, value_name = "FILE", requires = "client_key", conflicts_with_all = ["username", "password_file"])]
    client_cert: Option<PathBuf>,

    /// The private key of that certificate (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,

    /// What the directory is called in the inventory: the DNS name of its domain, which the server tells, unless given
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,

    /// Where to search: the server's defaultNamingContext, which is its whole domain, unless given. May be repeated
    #[arg(long, value_name = "DN")]
    pub(crate) base_dn: Vec<DistinguishedName>,

    /// Read only computers that match this LDAP filter as well
    #[arg(long, value_name = "FILTER")]
    computer_filter: Option<String>,

    /// Read which computers have LAPS, and when it will change the local administrator's password; never the password
    #[arg(long)]
    laps: bool,

    /// Give computers the addresses that the directory's DNS has for their names (dns), and the AD sites that these are in
    #[arg(long, value_name = "FROM", value_enum)]
    addresses: Option<Addresses>,

    /// Place new assets of computers in this AD site in a site of the inventory of their own: Berlin=hq. May be repeated
    #[arg(long, value_name = "AD_SITE=SITE", value_parser = ad_site, requires = "addresses")]
    site_by_ad_site: Vec<(String, SiteId)>,

    /// The organization whose inventory it is
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) organization: OrganizationId,

    /// The site that new assets are placed in
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) site: SiteId,

    /// A DNS suffix that stands for the domain, as DHCP or a VPN gives it to the domain's computers. May be repeated
    #[arg(long, value_name = "SUFFIX")]
    own_suffix: Vec<String>,

    /// Leave out computers that match no asset, instead of making assets of them
    #[arg(long)]
    exclude_unknown: bool,

    /// How to find out what changed since the last run: in whichever way the server offers (auto), by DirSync, by update
    /// numbers (usn), or not at all (never)
    #[arg(long, value_enum, default_value_t = Delta::Auto)]
    delta: Delta,

    /// How long the server may be silent while an answer is due, before the read is given up as incomplete
    #[arg(long, value_name = "SECONDS", default_value_t = 150, value_parser = value_parser!(u64).range(1..))]
    silence: u64,

    /// The certificate that must be presented at an address, as the program `thumbprint` prints it, or with the digest in
    /// hexadecimal, as openssl does. May be repeated
    #[arg(long, value_name = "IP=SHA256:B64", help_heading = TRUST)]
    pub(crate) thumbprint: Vec<Thumbprint>,

    /// Certificates (PEM) of authorities to trust beside those of the operating system. May be repeated
    #[arg(long, value_name = "PEM", help_heading = TRUST)]
    ca_file: Vec<PathBuf>,

    /// Let thumbprints vouch over StartTLS, too
    #[arg(long, help_heading = TRUST)]
    pub(crate) pins_on_starttls: bool,

    /// Accept any certificate where no thumbprint is given. Whoever stands on the path can then take the server's place,
    /// and read the password
    #[arg(long, help_heading = TRUST)]
    any_certificate: bool,

    /// Take plain LDAP where nothing better is offered. Whoever listens on the path can then read the password
    #[arg(long, help_heading = TRUST)]
    plain_ldap: bool,

    /// Both --any-certificate and --plain-ldap
    #[arg(long, help_heading = TRUST)]
    insecure: bool,

    /// Let the run go over plain LDAP, or to a server that nothing vouches for, though the last complete one did not:
    /// once, after you have made sure that it is meant to be so
    #[arg(long, help_heading = TRUST)]
    pub(crate) accept_weaker_transport: bool,

    /// Leave out computers whose account is disabled
    #[arg(long, help_heading = LEAVING_OUT)]
    exclude_disabled: bool,

    /// Leave out computers whose last logon and last password change are both more than so many days ago
    #[arg(long, value_name = "DAYS", help_heading = LEAVING_OUT)]
    exclude_stale: Option<u64>,

    /// Leave out computers that are below none of these OUs. May be repeated
    #[arg(long, value_name = "DN", help_heading = LEAVING_OUT)]
    pub(crate) include_ou: Vec<DistinguishedName>,

    /// Leave out computers below this OU, even if it is within one to include. May be repeated
    #[arg(long, value_name = "DN", help_heading = LEAVING_OUT)]
    pub(crate) exclude_ou: Vec<DistinguishedName>,
}

/// Where addresses are from.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Addresses {
    Dns,
}

/// How to find out what changed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Delta {
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

const TRUST: &str = "Whom to trust";

const LEAVING_OUT: &str = "Computers to leave out, unless an asset has them";

impl TaskOptions {
    /// The account, its password, and whom to trust.
    pub(crate) fn credential(&self) -> Result<Credential, Failure> {
        let servers = self.servers();
        if servers.is_empty() {
            let sentence = "no server is named; give --url HOST, or --locate DOMAIN, or set the variable LDAP_URL";
            return Err(Failure::new(Status::Usage, sentence));
        }
        let mut credential = Credential::signing_in(credential_id()?, self.sign_in()?)
            .with_any_certificate(self.any_certificate || self.insecure)
            .with_plain_ldap(self.plain_ldap || self.insecure)
            .with_thumbprints(self.thumbprint.iter().copied())
            .with_pins_on_starttls(self.pins_on_starttls)
            .shared_with(self.organization.clone());
        credential.servers = servers;
        credential.base_dns.extend_from_slice(&self.base_dn);
        for file in &self.ca_file {
            let certificates = CaCertificate::parse_all(&read(file)?)
                .map_err(|error| error.with_context("file", file.display()))?;
            credential = credential.with_ca_certificates(certificates);
        }
        Ok(credential)
    }

    /// The servers, and domains that stand for theirs, in order.
    pub(crate) fn servers(&self) -> Vec<ServerUrl> {
        self.locate.iter().chain(&self.url).cloned().collect()
    }

    /// How the account proves who it is: by a certificate where one is given, or else by its name and password.
    fn sign_in(&self) -> Result<SignIn, Failure> {
        if let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) {
            return certificate_and_key(certificate, key);
        }
        let Some(username) = &self.username else {
            let sentence = "no account is named; give --username NAME, such as reader@corp.example, or set the \
                            variable LDAP_USERNAME; or give --client-cert FILE and --client-key FILE";
            return Err(Failure::new(Status::Usage, sentence));
        };
        let password = password::read(self.password_file.as_deref(), username)?;
        Ok(SignIn::simple(username, password))
    }

    /// Whether the password, or the key, is in a file, which can be read again.
    #[allow(dead_code, reason = "not every program runs twice")]
    pub(crate) fn has_secret_file(&self) -> bool {
        self.password_file.is_some() || self.client_key.is_some()
    }

    /// What the directory is called, if that is given.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The domain that is to be located, if no server is named beside it: whichever controller is read is one of it.
    pub(crate) fn located_domain(&self) -> Option<String> {
        self.locate.as_ref().filter(|_| self.url.is_empty()).map(ServerUrl::host)
    }

    /// What the directory is called as far as it is known before a server is asked: after the domain, or the server.
    pub(crate) fn directory_name(&self) -> String {
        let server = || self.servers().first().map(ServerUrl::host);
        self.domain.clone().or_else(server).unwrap_or_default()
    }

    /// The directory, as this account sees it.
    pub(crate) fn directory(&self, credential: Credential) -> LdapSource {
        LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
            .with_limits(LdapLimits::default().with_silence(Duration::from_secs(self.silence)))
            .with_delta(self.delta.into())
    }

    /// The task, once it is known what the directory is called.
    pub(crate) fn task(&self, name: &str, domain: &str) -> Result<SyncTask, Failure> {
        let source = SourceId::new("ldap", domain)?;
        let (organization, site) = (self.organization.clone(), self.site.clone());
        let matching = MatchPolicy::default()
            .with_exclude_unknown(self.exclude_unknown)
            .with_own_suffixes(self.own_suffix.iter().cloned());
        let mut exclusions = Exclusions::default()
            .with_disabled(self.exclude_disabled)
            .with_stale_after_days(self.exclude_stale);
        exclusions.included_ous.clone_from(&self.include_ou);
        exclusions.excluded_ous.clone_from(&self.exclude_ou);
        let mut task = SyncTask::new(name, organization, site, source, credential_id()?)
            .with_matching(matching)
            .with_exclusions(exclusions)
            .with_base_dns(self.base_dn.iter().map(ToString::to_string));
        task.computer_filter.clone_from(&self.computer_filter);
        task.addresses_from_dns = self.addresses.is_some();
        task.site_by_ad_site.extend(self.site_by_ad_site.iter().cloned());
        Ok(if self.laps { task.with_laps() } else { task })
    }
}

/// A domain, and perhaps a site, as `--locate` takes it.
fn domain(text: &str) -> Result<ServerUrl, ldap_inventory::Error> {
    ServerUrl::parse(&format!("domain:{text}"))
}

/// An AD site, and the site of the inventory that it stands for.
fn ad_site(text: &str) -> Result<(String, SiteId), ldap_inventory::Error> {
    let (ad_site, site) =
        text.split_once('=').filter(|(ad_site, _)| !ad_site.is_empty()).ok_or_else(|| {
            ldap_inventory::Error::invalid(
                "AD site",
                text,
                "it has the form AD_SITE=SITE, such as Berlin=hq",
            )
        })?;
    Ok((ad_site.to_owned(), SiteId::new(site)?))
}

/// An account that has a certificate.
fn certificate_and_key(certificate: &Path, key: &Path) -> Result<SignIn, Failure> {
    private::warn_of_others(key);
    let text = String::from_utf8(read(key)?).map_err(|_| {
        Failure::new(Status::Usage, format!("{} is no text, and a key in PEM is", key.display()))
    })?;
    let sign_in = SignIn::external(&read(certificate)?, &Secret::new(text)).map_err(|error| {
        error.with_context("certificate", certificate.display()).with_context("key", key.display())
    })?;
    Ok(sign_in)
}

/// What the one credential of a task is called.
pub(crate) fn credential_id() -> Result<CredentialId, Failure> {
    Ok(CredentialId::new("command-line")?)
}

/// A file of certificates, or of a key.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    bounded::read(file, LARGEST_FILE).map_err(|error| {
        Failure::new(Status::Usage, format!("{} cannot be read: {error}", file.display()))
    })
}
