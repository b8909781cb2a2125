//! Which asset, or which computer, somebody means: by an id, a part of one, or a name.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use ldap_inventory::asset::{Asset, AssetsRequest, LinksRequest, SearchRequest, SourceRecord};
use ldap_inventory::curation::Unresolved;
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::value::{AssetId, ObjectGuid, SourceId, Timestamp};
use ldap_inventory::{Error, ErrorKind, Printable};

use super::curate::Desk;
use super::exit::{Failure, Status};
use super::short::{self, ShortIds};
use super::table::{self, Table};

/// How many candidates are listed.
const MOST: usize = 20;

impl Desk<'_> {
    /// The asset that somebody means.
    pub(super) async fn asset(&self, text: &str) -> Result<AssetId, Failure> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let mut meant: BTreeMap<AssetId, Asset> = BTreeMap::new();
        for asset in self.search(&format!("name:={}", Query::quote(text))).await? {
            meant.insert(asset.id, asset);
        }
        if short::may_be(text) {
            let all = AssetsRequest::new(self.organization.clone());
            let mut assets = self.repository.each_asset(all).await?;
            while let Some(asset) = assets.try_next().await? {
                if short::means(text, asset.id) {
                    meant.insert(asset.id, asset);
                }
            }
        }
        match meant.keys().next() {
            Some(id) if meant.len() == 1 => Ok(*id),
            Some(_) => {
                let assets: Vec<Asset> = meant.into_values().collect();
                Err(self.several(text, &assets).await?)
            }
            None => Err(Error::new(ErrorKind::NotFound, "no asset has this id or name")
                .with_context("asset", text)
                .into()),
        }
    }

    /// The computer of a directory that somebody means.
    pub(super) async fn computer(
        &self,
        text: &str,
        source: Option<&SourceId>,
    ) -> Result<(SourceId, ObjectGuid), Failure> {
        if let Ok(object) = text.parse() {
            return Ok((self.source(source, object).await?, object));
        }
        let is_of_source = |other: &SourceId| source.is_none_or(|source| source == other);
        let mut meant: BTreeMap<(SourceId, ObjectGuid), String> = BTreeMap::new();
        let account = Query::quote(&format!("{}$", text.trim_end_matches('$'))).to_string();
        let query =
            format!("name:={} OR @ldap.computer.sAMAccountName:={account}", Query::quote(text));
        for asset in self.search(&query).await? {
            let directory = asset.parts.iter().filter(|part| is_of_source(&part.source));
            let tied: Vec<_> = directory.filter(|part| part.object.is_some()).collect();
            let names = ["sAMAccountName", "dNSHostName", "cn"];
            let is_it = |part: &SourceRecord| {
                let mut names = names.iter().filter_map(|name| part.attributes.first(name));
                names.any(|name| is_called(name, text))
            };
            let is_named = tied.iter().any(|part| is_it(part));
            for part in &tied {
                if let (Some(object), true) = (part.object, !is_named || is_it(part)) {
                    let place = format!("part of {}", asset.label());
                    meant.insert((part.source.clone(), object), place);
                }
            }
        }
        for waiting in self.waiting(source).await?.into_iter().filter(|it| is_meant(it, text)) {
            meant.entry((waiting.source, waiting.object)).or_insert("waiting".to_owned());
        }
        match meant.keys().next() {
            Some(computer) if meant.len() == 1 => Ok(computer.clone()),
            Some(_) => Err(several_computers(text, &meant)),
            None => {
                let message = "no directory of this inventory has such a computer";
                Err(Error::new(ErrorKind::NotFound, message).with_context("computer", text).into())
            }
        }
    }

    /// The directory that an object is of.
    async fn source(
        &self,
        given: Option<&SourceId>,
        object: ObjectGuid,
    ) -> Result<SourceId, Failure> {
        if let Some(source) = given {
            return self.known(source).await;
        }
        for source in self.sources(None).await? {
            let link = LinksRequest::new(self.organization.clone(), source.clone());
            let mut links = self.repository.links(link.of_objects([object])).await?;
            if links.try_next().await?.is_some() {
                return Ok(source);
            }
        }
        let message = "no directory of this inventory has such an object";
        Err(Error::new(ErrorKind::NotFound, message).with_context("object", object).into())
    }

    async fn search(&self, query: &str) -> Result<Vec<Asset>, Failure> {
        let unreadable = |_| Failure::new(Status::Usage, "this can be no name");
        let query = Query::parse(query).map_err(unreadable)?;
        let request = SearchRequest::new(self.organization.clone(), query, Timestamp::now());
        Ok(self.repository.search_assets(request.with_limit(MOST + 1)).await?.records)
    }

    /// Says what there is to choose from.
    async fn several(&self, text: &str, assets: &[Asset]) -> Result<Failure, Failure> {
        let ids = ShortIds::of(self.repository, self.organization).await?;
        let mut table = Table::new(["ID", "Name", "Site", "Addresses", "Last seen"]);
        table.whole = 1;
        for asset in assets.iter().take(MOST) {
            let [name, site, addresses, last_seen] = traits(asset);
            table.row([ids.show(asset.id), name, site, addresses, last_seen]);
        }
        let more = if assets.len() > MOST { " (the first of them)" } else { "" };
        let text = Printable(text);
        let sentence = format!("several assets are meant by {text}; name one by its id{more}:\n");
        Ok(Failure::new(Status::Usage, sentence + &laid_out(&table)))
    }
}

/// Whether somebody who says this means the computer.
pub(super) fn is_meant(waiting: &Unresolved, text: &str) -> bool {
    if text.parse().is_ok_and(|object: ObjectGuid| object == waiting.object) {
        return true;
    }
    let names = [waiting.name.as_deref(), waiting.account.as_deref()];
    names.into_iter().flatten().any(|name| is_called(name, text))
}

/// What tells assets of one name apart: name, site, addresses, last sight.
pub(super) fn traits(asset: &Asset) -> [String; 4] {
    let addresses: Vec<String> = asset.live_addresses().map(|a| a.to_string()).collect();
    let last_seen = asset.last_seen().map_or("never".to_owned(), |time| time.date());
    [asset.label().into_owned(), asset.site.to_string(), addresses.join(" "), last_seen]
}

/// Whether a name of a directory is meant by a text: without case, domain, or the `$` of accounts.
fn is_called(name: &str, text: &str) -> bool {
    let bare = |name: &str| Hostname::readable(name.trim_end_matches('$')).to_lowercase();
    let (name, text) = (bare(name), bare(text));
    name == text || name.split('.').next() == Some(&text)
}

fn several_computers(text: &str, meant: &BTreeMap<(SourceId, ObjectGuid), String>) -> Failure {
    let mut table = Table::new(["Object", "Directory", "Where"]);
    table.whole = 1;
    for ((source, object), place) in meant {
        table.row([object.to_string(), source.to_string(), place.clone()]);
    }
    let text = Printable(text);
    let sentence = format!("several computers are meant by {text}; name one by its objectGUID:\n");
    Failure::new(Status::Usage, sentence + &laid_out(&table))
}

/// A table as text.
fn laid_out(table: &Table) -> String {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = table.write(&mut text, table::width());
    String::from_utf8_lossy(&text).trim_end().to_owned()
}
