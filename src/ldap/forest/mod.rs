//! The domains that a directory knows: those of its forest, and those that trusts connect it with.
//!
//! What tells of them are the cross-references of the forest, the trusts of the own domain, and the server's naming contexts:
//! a few entries ([`entries`]), put together as one list ([`listing`]). Whether a domain can be found is asked of DNS alone.
//! Nothing is followed: no other domain is connected to, and no password leaves for one.

mod domain;
mod entries;
mod extended_dn;
mod listing;

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::timeout;

pub use self::domain::ForestDomain;
use self::domain::dns_name;
use self::listing::Listing;
use super::locate::{CONTROLLERS, Resolver};
use super::protocol::connection::{Clock, Connection};
use super::protocol::root_dse::RootDse;
use super::protocol::search::SearchRequest;
use super::source::LdapSource;
use crate::credential::ServerUrl;
use crate::value::{CredentialId, OrganizationId};
use crate::{Error, ErrorKind, Printable, Result};

/// As many domains are looked up in DNS, so many at a time.
const MOST_LOOKED_UP: usize = 64;
const AT_ONCE: usize = 8;

/// As many hosts of one domain are told.
const MOST_CONTROLLERS: usize = 64;

impl LdapSource {
    /// The domains that the credential's directory knows: its own, the others of its forest, and those that a trust connects
    /// it with, by cross-references, trusts (MS-ADTS section 6.1.6) and naming contexts; and what a person should know of
    /// what is not among them, or not known.
    ///
    /// Connects and binds as a read does, and asks one server. The others are looked up in DNS, where there is a
    /// [resolver](Self::with_resolver): the first 64, each for no longer than a name may take to resolve. None of them is
    /// connected to. Whoever wants to read one goes on from its [task](ForestDomain::task) and its
    /// [URL](ForestDomain::url).
    ///
    /// A directory that is no Active Directory has at most a domain of its own.
    ///
    /// # Errors
    ///
    /// Those of [`read`](crate::directory::DirectorySource::read).
    pub async fn forest(
        &self,
        credential: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<(Vec<ForestDomain>, Vec<String>)> {
        self.list(credential, organization).await.map_err(|error| error.in_operation("forest"))
    }

    async fn list(
        &self,
        credential: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<(Vec<ForestDomain>, Vec<String>)> {
        let clock = Clock::start(&self.limits);
        let credential = self.credential(credential, organization).await?;
        let connecting = self.connect(&credential, self.least_protection, clock, None);
        let (mut connection, established) = connecting.await?;
        connection.sign_in(&credential.sign_in, established.transport).await?;
        let root = connection.root_dse().await?;
        connection.check_identity(&root, &credential.sign_in).await?;
        let listed = connection.listing(&root).await;
        connection.close().await;
        let (mut domains, mut warnings) = listed?.finish();
        if let Some(resolver) = &self.resolver {
            let within = self.connect_limits.resolve;
            let looking = look_up(&mut domains, &mut warnings, &**resolver, within);
            clock.wait_until_end(looking).await?;
        }
        Ok((domains, warnings))
    }
}

impl Connection {
    async fn listing(&mut self, root: &RootDse) -> Result<Listing> {
        let mut own = None;
        if let Some(domain) = &root.default_naming_context {
            let entry = self.domain_entry(root, domain).await?;
            own = Some(ForestDomain {
                dns_name: domain.domain().map(|name| dns_name(&name).unwrap_or(name)),
                sid: entry.sid,
                guid: entry.guid,
                naming_context: Some(domain.clone()),
                ..ForestDomain::default()
            });
        }
        let mut listing = Listing::of(own);
        let Some(configuration) = &root.configuration_naming_context else { return Ok(listing) };
        let attributes = ["dnsRoot", "enabled", "nCName", "nETBIOSName", "systemFlags"];
        let partitions = format!("CN=Partitions,{configuration}");
        listing
            .take_cross_references(self.entries_below(partitions, "crossRef", &attributes).await?);
        if let Some(domain) = &root.default_naming_context {
            let attributes = [
                "flatName",
                "securityIdentifier",
                "trustAttributes",
                "trustDirection",
                "trustPartner",
                "trustType",
            ];
            let system = format!("CN=System,{domain}");
            listing.take_trusts(self.entries_below(system, "trustedDomain", &attributes).await?);
        }
        let contexts = self.entries(&SearchRequest::of_entry("", &["namingContexts"])).await?;
        listing.take_warning(contexts.incomplete);
        listing.take_naming_contexts(
            contexts.found.iter().flat_map(|entry| entry.texts("namingContexts")),
        );
        Ok(listing)
    }
}

/// Reads a DN with the identity of its entry.
#[cfg(fuzzing)]
pub(super) fn read_extended_dn(text: &str) {
    let _ = extended_dn::ExtendedDn::parse(text);
}

/// Asks DNS which of the domains have controllers.
async fn look_up(
    domains: &mut [ForestDomain],
    warnings: &mut Vec<String>,
    resolver: &dyn Resolver,
    within: Duration,
) {
    let named = domains.iter().enumerate().filter_map(|(place, it)| Some((place, it.url()?)));
    let named: Vec<(usize, ServerUrl)> = named.collect();
    let look = |(place, url): (usize, ServerUrl)| async move {
        let found = controllers(resolver, &url.host(), within).await;
        (place, url.host(), found)
    };
    let first = named.iter().take(MOST_LOOKED_UP).cloned();
    let mut found = stream::iter(first.map(look)).buffered(AT_ONCE);
    while let Some((place, name, outcome)) = found.next().await {
        match (outcome, domains.get_mut(place)) {
            (Ok(hosts), Some(domain)) => domain.controllers = Some(hosts),
            (Err(error), _) => warnings.push(format!("{name}: {}", error.report())),
            (Ok(_), None) => {}
        }
    }
    if named.len() > MOST_LOOKED_UP {
        let rest = named.len() - MOST_LOOKED_UP;
        warnings.push(format!(
            "{rest} domains were not looked up in DNS: only the first {MOST_LOOKED_UP} are"
        ));
    }
}

/// The hosts of a domain's controllers, in the order of their priorities.
async fn controllers(
    resolver: &dyn Resolver,
    domain: &str,
    within: Duration,
) -> Result<Vec<String>> {
    let name = format!("{CONTROLLERS}.{domain}");
    let late = |_| Err(Error::new(ErrorKind::Connect, "DNS did not answer in time"));
    let mut found = timeout(within, resolver.srv(&name)).await.unwrap_or_else(late)?;
    found.sort_by_key(|record| record.priority);
    let hosts = found.into_iter().take(MOST_CONTROLLERS);
    let shown = |host: String| Printable(host.strip_suffix('.').unwrap_or(&host)).to_string();
    Ok(hosts.map(|record| shown(record.host)).collect())
}
