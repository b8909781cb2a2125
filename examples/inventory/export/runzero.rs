//! `ImportAsset`, what runZero's API takes from other inventories, one JSON object a line.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;

use ldap_inventory::asset::Asset;
use ldap_inventory::name::Hostname;
use ldap_inventory::value::{AssetId, Timestamp};
use serde::Serialize;

use super::{Export, fits};
use crate::exit::Failure;
use crate::printed::json_line;

/// What runZero takes at most: names and tags of an asset, interfaces, addresses of each version on one, and characters of
/// a name, of a domain and of any other text.
const NAMES: usize = 100;
const TAGS: usize = 100;
const INTERFACES: usize = 256;
const IPV4_ADDRESSES: usize = 256;
const IPV6_ADDRESSES: usize = 100;
const NAME_CHARACTERS: usize = 260;
const CHARACTERS: usize = 1_024;

pub(super) struct RunZero<'a> {
    out: &'a mut dyn Write,
    left_out: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportAsset<'a> {
    id: AssetId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    network_interfaces: Vec<Interface<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hostnames: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(rename = "firstSeenTS", skip_serializing_if = "Option::is_none")]
    first_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    custom_attributes: BTreeMap<&'static str, String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Interface<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ipv4_addresses: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ipv6_addresses: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac_address: Option<&'a str>,
}

impl<'a> RunZero<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, left_out: 0 }
    }

    fn import<'r>(&mut self, asset: &'r Asset) -> ImportAsset<'r> {
        let names = asset.live_names().map(Hostname::as_str);
        let mut own = |text: Option<&'r str>| self.bounded(text, CHARACTERS).into_iter().next();
        let (os, os_version) = (own(asset.os()), own(asset.os_version()));
        let (model, device_type) = (own(asset.hw()), own(asset.kind()));
        ImportAsset {
            id: asset.id,
            network_interfaces: self.interfaces(asset),
            hostnames: self.most(NAMES, NAME_CHARACTERS, names),
            domain: self.bounded(asset.live_domains(), NAME_CHARACTERS).into_iter().next(),
            first_seen: asset.first_seen(),
            os,
            os_version,
            model,
            device_type,
            tags: self.most(TAGS, CHARACTERS, asset.live_tags()),
            custom_attributes: self.attributes(asset),
        }
    }

    /// Which card has which address is not known, unless there is one card.
    fn interfaces<'r>(&mut self, asset: &'r Asset) -> Vec<Interface<'r>> {
        let macs: Vec<&str> = asset.live_macs().collect();
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
            asset.live_addresses().partition(IpAddr::is_ipv4);
        let mut interfaces: Vec<Interface<'r>> = Vec::new();
        let parts = v4.len().div_ceil(IPV4_ADDRESSES).max(v6.len().div_ceil(IPV6_ADDRESSES));
        let part = |all: &[IpAddr], size: usize, n: usize| {
            all.iter().skip(n * size).take(size).copied().collect()
        };
        interfaces.extend((0..parts).map(|n| Interface {
            ipv4_addresses: part(&v4, IPV4_ADDRESSES, n),
            ipv6_addresses: part(&v6, IPV6_ADDRESSES, n),
            mac_address: None,
        }));
        match (interfaces.as_mut_slice(), macs.as_slice()) {
            ([interface], [mac]) => interface.mac_address = Some(mac),
            (_, macs) => interfaces.extend(
                macs.iter().map(|mac| Interface { mac_address: Some(mac), ..Interface::default() }),
            ),
        }
        self.left_out += interfaces.len().saturating_sub(INTERFACES);
        interfaces.truncate(INTERFACES);
        interfaces
    }

    /// What runZero has no field for.
    fn attributes(&mut self, asset: &Asset) -> BTreeMap<&'static str, String> {
        let sources: Vec<&str> = asset.source_kinds().into_iter().collect();
        let text = |text: Option<&str>| text.map(str::to_owned);
        let support = asset.os_support();
        let all = [
            ("site", Some(asset.site.to_string())),
            ("sources", Some(sources.join(","))),
            ("lastSeenTS", asset.last_seen().map(|time| time.to_string())),
            ("owner", text(asset.owner())),
            ("comment", text(asset.comment())),
            ("criticality", text(asset.criticality())),
            ("osProduct", text(support.first("product"))),
            ("osEOL", text(support.first("eol"))),
        ];
        let known = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let (fitting, longer): (Vec<_>, Vec<_>) =
            known.partition(|(_, value)| fits(value, CHARACTERS));
        self.left_out += longer.len();
        fitting.into_iter().collect()
    }

    fn bounded<'r>(
        &mut self,
        texts: impl IntoIterator<Item = &'r str>,
        longest: usize,
    ) -> Vec<&'r str> {
        self.most(usize::MAX, longest, texts)
    }

    /// At most so many texts of at most so many characters.
    fn most<'r>(
        &mut self,
        most: usize,
        longest: usize,
        texts: impl IntoIterator<Item = &'r str>,
    ) -> Vec<&'r str> {
        let (mut fitting, longer): (Vec<&str>, Vec<&str>) =
            texts.into_iter().partition(|text| fits(text, longest));
        self.left_out += longer.len() + fitting.len().saturating_sub(most);
        fitting.truncate(most);
        fitting
    }
}

impl Export<Asset> for RunZero<'_> {
    fn put(&mut self, asset: &Asset) -> Result<(), Failure> {
        let import = self.import(asset);
        Ok(json_line(&mut self.out, &import)?)
    }

    fn end(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn left_out(&self) -> usize {
        self.left_out
    }
}
