//! One connection between a directory and the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ChangeLimits, Exclusions, Grace, MatchPolicy};
use crate::name::DistinguishedName;
use crate::value::{CredentialId, OrganizationId, RecordDigest, SiteId, SourceId};
use crate::{Error, ErrorKind, Result};

/// One connection: which directory is read, with which credential, into which site, by which rules.
///
/// ```
/// use ldap_inventory::task::SyncTask;
/// use ldap_inventory::value::SourceId;
/// # fn main() -> ldap_inventory::Result<()> {
/// let task = SyncTask::new(
///     "Head office",
///     "acme".parse()?,
///     "hq".parse()?,
///     SourceId::new("ldap", "corp.example.test")?,
///     "domain-reader".parse()?,
/// );
/// assert!(!task.matching.exclude_unknown);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SyncTask {
    /// What people call it.
    pub name: String,
    /// The organization whose inventory it keeps.
    pub organization: OrganizationId,
    /// The site that new assets are created in.
    pub site: SiteId,
    /// The directory. It names the domain, not a server: two servers of one domain are one source.
    pub source: SourceId,
    /// The credential to read it with.
    pub credential: CredentialId,
    /// Where to look, as DNs. Empty: the credential's bases, or else the whole domain.
    #[serde(default)]
    pub base_dns: Vec<String>,
    /// An LDAP filter that computers must match in addition.
    #[serde(default)]
    pub computer_filter: Option<String>,
    /// Attributes to read beyond the default list.
    #[serde(default)]
    pub extra_attributes: BTreeSet<String>,
    /// Whether computers get the addresses that the directory's DNS gives their names, and the AD sites and subnets that these
    /// are in. No unless set.
    #[serde(default)]
    pub addresses_from_dns: bool,
    /// Which site of the inventory a new asset is created in, by the AD site of its computer, in whatever case that is written.
    /// Without an entry for its AD site, or with entries for several that are not the same, it is [`site`](Self::site).
    /// Not together with [`within_site`](MatchPolicy::within_site), by which an address would decide what a computer is.
    #[serde(default)]
    pub site_by_ad_site: BTreeMap<String, SiteId>,
    /// How computers are tied to assets.
    #[serde(default)]
    pub matching: MatchPolicy,
    /// Which computers are left out, although they are read. None unless set.
    #[serde(default)]
    pub exclusions: Exclusions,
    /// How much one run may change before somebody is asked.
    #[serde(default)]
    pub change_limits: ChangeLimits,
    /// For how long an object is missing before it is gone.
    #[serde(default)]
    pub grace: Grace,
    /// After how long everything is read again, and not only what changed. A day unless set: a full read notices
    /// what changes cannot tell, such as memberships of groups outside the bases. Zero: every time.
    #[serde(default = "a_day")]
    pub full_read_every: Duration,
    /// After how long a read of changes takes a census: asks for the identity of everything, to see what is there no more.
    /// An hour unless set: an ordinary account sees no tombstones, and a deletion that only a census shows may wait as long,
    /// since nothing is taken away for days anyhow ([`grace`](Self::grace)). In between nothing is missing but what the
    /// directory says is deleted. Zero: every time.
    #[serde(default = "an_hour")]
    pub census_every: Duration,
    /// And at the latest with which run since the last census, this one included. The tenth unless set: whoever reads the
    /// reports of a source that is read every minute sees it in one of ten. One: every time.
    #[serde(default = "ten_runs")]
    pub census_runs: u32,
    /// Up to how many objects a census is taken every time, whatever the above say. 10,000 unless set: as many take a fraction of
    /// a second, and a deletion shows at once.
    #[serde(default = "ten_thousand")]
    pub census_beyond: u64,
}

/// When Windows LAPS, and Microsoft LAPS before it, are due to change the password of a computer's local administrator.
/// Everybody in the domain may read both; the passwords are in other attributes, which are never asked for.
pub(crate) const LAPS_EXPIRY: [&str; 2] =
    ["msLAPS-PasswordExpirationTime", "ms-Mcs-AdmPwdExpirationTime"];

fn a_day() -> Duration {
    Duration::from_secs(86_400)
}

fn an_hour() -> Duration {
    Duration::from_secs(3_600)
}

fn ten_runs() -> u32 {
    10
}

fn ten_thousand() -> u64 {
    10_000
}

impl SyncTask {
    /// A task with the default rules, over the credential's bases.
    pub fn new(
        name: impl Into<String>,
        organization: OrganizationId,
        site: SiteId,
        source: SourceId,
        credential: CredentialId,
    ) -> Self {
        Self {
            name: name.into(),
            organization,
            site,
            source,
            credential,
            base_dns: Vec::new(),
            computer_filter: None,
            extra_attributes: BTreeSet::new(),
            addresses_from_dns: false,
            site_by_ad_site: BTreeMap::new(),
            matching: MatchPolicy::default(),
            exclusions: Exclusions::default(),
            change_limits: ChangeLimits::default(),
            grace: Grace::default(),
            full_read_every: a_day(),
            census_every: an_hour(),
            census_runs: ten_runs(),
            census_beyond: ten_thousand(),
        }
    }

    /// What its checkpoint is kept under: a digest of credential, bases, filter, attributes and whether addresses are read, as
    /// they are configured. Tasks that differ in one of these go on from where each of them ended, whatever other tasks did
    /// to the same directory in between.
    pub fn checkpoint_key(&self) -> RecordDigest {
        let normalized = |dn: &String| match DistinguishedName::parse(dn) {
            Ok(dn) => dn.normalized(),
            Err(_) => dn.clone(),
        };
        let bases: BTreeSet<String> = self.base_dns.iter().map(normalized).collect();
        let parts = [self.credential.as_str(), "bases"].into_iter();
        let parts = parts.chain(bases.iter().map(String::as_str)).chain(["filter"]);
        let parts = parts.chain(self.computer_filter.as_deref()).chain(["attributes"]);
        let parts = parts.chain(self.extra_attributes.iter().map(String::as_str));
        RecordDigest::of(parts.chain(self.addresses_from_dns.then_some("addresses from dns")))
    }

    /// Refuses rules that do not go together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.matching.within_site && !self.site_by_ad_site.is_empty() {
            let message = "within_site and site_by_ad_site exclude each other: an address that any computer may claim would \
                           decide which assets it is compared with; leave one of them out";
            return Err(
                Error::new(ErrorKind::Configuration, message).with_context("task", &self.name)
            );
        }
        Ok(())
    }

    /// The site that a new asset of a computer in these AD sites is created in.
    pub(crate) fn site_of<'a>(&self, ad_sites: impl Iterator<Item = &'a str>) -> &SiteId {
        let site = |ad_site: &str| {
            let (mut named, ad_site) = (self.site_by_ad_site.iter(), ad_site.to_lowercase());
            named.find(|(known, _)| known.to_lowercase() == ad_site).map(|(_, site)| site)
        };
        let sites: BTreeSet<&SiteId> = ad_sites.filter_map(site).collect();
        match sites.first() {
            Some(site) if sites.len() == 1 => site,
            _ => &self.site,
        }
    }

    /// Looks below these DNs.
    #[must_use]
    pub fn with_base_dns(mut self, bases: impl IntoIterator<Item = String>) -> Self {
        self.base_dns = bases.into_iter().collect();
        self
    }

    /// Reads only computers that match this LDAP filter as well.
    #[must_use]
    pub fn with_computer_filter(mut self, filter: impl Into<String>) -> Self {
        self.computer_filter = Some(filter.into());
        self
    }

    /// Reads these attributes, too.
    #[must_use]
    pub fn with_extra_attributes(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.extra_attributes = names.into_iter().collect();
        self
    }

    /// Reads which computers have LAPS, and when it is due to change the password of the local administrator: adds
    /// `msLAPS-PasswordExpirationTime` and `ms-Mcs-AdmPwdExpirationTime` to the attributes to read, from which
    /// `@ldap.computer.hasLaps` and `lapsExpiresTS` are made. Call it after
    /// [`with_extra_attributes`](Self::with_extra_attributes). Not unless called; the passwords themselves are never read.
    #[must_use]
    pub fn with_laps(mut self) -> Self {
        self.extra_attributes.extend(LAPS_EXPIRY.map(str::to_owned));
        self
    }

    /// Reads the addresses that the directory's DNS gives the names of computers, and the AD sites and subnets that these are
    /// in: `dnsAddress`, `adSite` and `adSubnet` of [`ReadRequest`](crate::directory::ReadRequest::addresses_from_dns). An
    /// address of a record that is dropped, or of a computer that is gone, is dated out as a name is; one that could not be
    /// looked for stays, as does all of it where another task of the same directory does not ask. Any computer may write its own record: an address ties nothing to anything.
    #[must_use]
    pub fn with_addresses_from_dns(mut self) -> Self {
        self.addresses_from_dns = true;
        self
    }

    /// Creates new assets of computers in this AD site in a site of the inventory of their own. May be called again. A run of
    /// a task that also matches [within its site alone](MatchPolicy::within_site) is refused.
    #[must_use]
    pub fn with_site_by_ad_site(mut self, ad_site: impl Into<String>, site: SiteId) -> Self {
        self.site_by_ad_site.insert(ad_site.into(), site);
        self
    }

    /// Sets how computers are tied to assets.
    #[must_use]
    pub fn with_matching(mut self, matching: MatchPolicy) -> Self {
        self.matching = matching;
        self
    }

    /// Sets which computers are left out, although they are read.
    #[must_use]
    pub fn with_exclusions(mut self, exclusions: Exclusions) -> Self {
        self.exclusions = exclusions;
        self
    }

    /// Sets how much one run may change before somebody is asked.
    #[must_use]
    pub fn with_change_limits(mut self, limits: ChangeLimits) -> Self {
        self.change_limits = limits;
        self
    }

    /// Sets for how long an object is missing before it is gone.
    #[must_use]
    pub fn with_grace(mut self, grace: Grace) -> Self {
        self.grace = grace;
        self
    }

    /// Sets after how long everything is read again. Zero: every time.
    #[must_use]
    pub fn with_full_read_every(mut self, interval: Duration) -> Self {
        self.full_read_every = interval;
        self
    }

    /// Sets after how long a read of changes takes a census, and with which run at the latest. Zero, or one: every time.
    #[must_use]
    pub fn with_census_every(mut self, interval: Duration, runs: u32) -> Self {
        self.census_every = interval;
        self.census_runs = runs;
        self
    }

    /// Sets up to how many objects a census is taken every time.
    #[must_use]
    pub fn with_census_beyond(mut self, objects: u64) -> Self {
        self.census_beyond = objects;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(base: &str) -> SyncTask {
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let [organization, site] = ["acme", "hq"];
        let (organization, site) = (organization.parse().unwrap(), site.parse().unwrap());
        SyncTask::new("Head office", organization, site, source, "reader".parse().unwrap())
            .with_base_dns([base.to_owned()])
    }

    #[test]
    fn the_key_of_a_checkpoint_is_that_of_what_is_read_however_it_is_written() {
        let key = task("OU=A,DC=corp").checkpoint_key();
        assert_eq!(key, task("ou=a, dc=CORP").checkpoint_key());
        let twice = ["OU=A,DC=corp", "ou=a,dc=corp"].map(str::to_owned);
        assert_eq!(key, task("").with_base_dns(twice).checkpoint_key());
        let mut renamed = task("OU=A,DC=corp");
        renamed.name = "Branch".to_owned();
        assert_eq!(key, renamed.checkpoint_key());
        let mut other_account = task("OU=A,DC=corp");
        other_account.credential = "other".parse().unwrap();
        for other in [
            task("OU=B,DC=corp"),
            task("no DN"),
            task("OU=A,DC=corp").with_computer_filter("(cn=a)"),
            task("OU=A,DC=corp").with_extra_attributes(["info".to_owned()]),
            task("OU=A,DC=corp").with_laps(),
            task("OU=A,DC=corp").with_addresses_from_dns(),
            other_account,
        ] {
            assert_ne!(key, other.checkpoint_key(), "{other:?}");
        }
        assert_ne!(key, RecordDigest::default());
    }

    #[test]
    fn addresses_do_not_decide_which_assets_a_computer_is_compared_with() {
        let task = task("").with_site_by_ad_site("Berlin", "de".parse().unwrap());
        task.check().unwrap();
        let within = MatchPolicy::default().within_site(true);
        let refused = task.with_matching(within.clone()).check().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Configuration);
        super::tests::task("").with_matching(within).check().unwrap();
    }

    #[test]
    fn a_new_asset_is_of_the_one_site_that_its_ad_sites_stand_for() {
        let task = task("")
            .with_site_by_ad_site("Berlin", "de".parse().unwrap())
            .with_site_by_ad_site("Potsdam", "de".parse().unwrap())
            .with_site_by_ad_site("Zürich", "ch".parse().unwrap())
            .with_site_by_ad_site("Lyon", "fr".parse().unwrap());
        let site = |ad_sites: &[&'static str]| task.site_of(ad_sites.iter().copied()).as_str();
        for (ad_sites, expected) in [
            (&[][..], "hq"),
            (&["Oslo"], "hq"),
            (&["BERLIN"], "de"),
            (&["ZÜRICH"], "ch"),
            (&["Berlin", "Potsdam"], "de"),
            (&["Berlin", "Oslo"], "de"),
            (&["Berlin", "Lyon"], "hq"),
        ] {
            assert_eq!(site(ad_sites), expected, "{ad_sites:?}");
        }
    }
}
