//! Assets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ldap_inventory::Result;
use ldap_inventory::asset::{Asset, AssetRepository, SearchPage, SearchRequest};
use ldap_inventory::name::Hostname;
use ldap_inventory::query::{Field, Reading};
use ldap_inventory::value::{AssetId, SiteId, Timestamp};
use serde::Serialize;

use super::record::{Record, flattened};

#[derive(Serialize)]
struct AssetRecord<'a> {
    id: AssetId,
    /// Those in use, then those that no source has for it any more; in Unicode, as people and directories
    /// write them.
    names: Vec<Cow<'a, str>>,
    domains: Vec<Cow<'a, str>>,
    addresses: Vec<IpAddr>,
    macs: Vec<&'a str>,
    os: Option<&'a str>,
    os_version: Option<&'a str>,
    os_product: Option<String>,
    /// The last day of support, and of support beyond it.
    os_eol: Option<String>,
    os_eol_extended: Option<String>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    hw: Option<&'a str>,
    /// What people said.
    owner: Option<&'a str>,
    tags: Vec<&'a str>,
    comment: Option<&'a str>,
    criticality: Option<&'a str>,
    site: &'a SiteId,
    sources: BTreeSet<&'a str>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    attributes: BTreeMap<&'a str, Vec<BTreeMap<&'a str, String>>>,
}

impl Record for Asset {
    const NOUN: (&str, &str) = ("asset", "assets");

    const FIELDS: &[Field] = Asset::FIELDS;

    const TITLES: &[&str] =
        &["Name", "Addresses", "Site", "Sources", "Last seen", "Operating system"];

    const KEYS: &[&str] = &[
        "id",
        "names",
        "domains",
        "addresses",
        "os",
        "os_version",
        "os_product",
        "os_eol",
        "os_eol_extended",
        "site",
        "sources",
        "first_seen",
        "last_seen",
        "macs",
        "type",
        "hw",
        "owner",
        "tags",
        "comment",
        "criticality",
    ];

    async fn search(
        repository: &dyn AssetRepository,
        request: SearchRequest,
    ) -> Result<SearchPage<Self>> {
        repository.search_assets(request).await
    }

    async fn read(repository: &dyn AssetRepository, request: &SearchRequest) -> Result<Reading> {
        request.read_for_assets(repository).await
    }

    fn json(&self) -> impl Serialize {
        let mut attributes: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for part in &self.parts {
            attributes.entry(&part.key).or_default().push(flattened(&part.attributes));
        }
        let support = self.os_support();
        let supported = |name| support.first(name).map(str::to_owned);
        AssetRecord {
            id: self.id,
            names: self.live_names().chain(self.aliases()).map(Hostname::to_unicode).collect(),
            domains: self.live_domains().map(Hostname::readable).collect(),
            addresses: self.live_addresses().collect(),
            macs: self.live_macs().collect(),
            os: self.os(),
            os_version: self.os_version(),
            os_product: supported("product"),
            os_eol: supported("eol"),
            os_eol_extended: supported("eolExtended"),
            kind: self.kind(),
            hw: self.hw(),
            owner: self.owner(),
            tags: self.live_tags().collect(),
            comment: self.comment(),
            criticality: self.criticality(),
            site: &self.site,
            sources: self.source_kinds(),
            first_seen: self.first_seen(),
            last_seen: self.last_seen(),
            attributes,
        }
    }

    fn id(&self) -> Option<AssetId> {
        Some(self.id)
    }

    fn cells(&self) -> Vec<String> {
        let all: Vec<&Hostname> = self.live_names().collect();
        // `web1` says nothing beside `web1.corp.example`.
        let is_part = |name: &Hostname| {
            let longer =
                |other: &&Hostname| other.domain().is_some() && other.short() == name.as_str();
            name.domain().is_none() && all.iter().any(longer)
        };
        let names = all.iter().filter(|name| !is_part(name)).map(|name| name.to_unicode());
        let mut names: Vec<_> = names.collect();
        if names.is_empty() {
            names.push(self.label());
        }
        let addresses: Vec<String> = self.live_addresses().map(|a| a.to_string()).collect();
        let last_seen = self.last_seen().map(|time| time.to_string()).unwrap_or_default();
        let sources: Vec<&str> = self.source_kinds().into_iter().collect();
        let os = [self.os(), self.os_version()];
        vec![
            names.join(" "),
            addresses.join(" "),
            self.site.to_string(),
            sources.join(" "),
            last_seen.get(..10).unwrap_or_default().to_owned(),
            os.into_iter().flatten().collect::<Vec<_>>().join(" "),
        ]
    }
}
