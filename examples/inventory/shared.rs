//! Addresses that several assets have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures::TryStreamExt;
use ldap_inventory::asset::{Asset, AssetsRequest};
use ldap_inventory::value::AssetId;
use serde::Serialize;

use super::curate::{Desk, counted, lines, show};
use super::exit::Failure;
use super::options::Surveying;
use super::table::{Form, Table};

/// An address, and who has it.
#[derive(Serialize)]
struct SharedAddress {
    address: IpAddr,
    assets: Vec<Holder>,
}

#[derive(Serialize)]
struct Holder {
    id: AssetId,
    name: String,
    /// When the records of the DNS were refreshed that give it the address, or that they are static.
    records: Vec<String>,
}

impl Desk<'_> {
    /// Addresses that several assets have, in order, with the records that say so.
    pub(crate) async fn shared_addresses(&self, options: &Surveying) -> Result<(), Failure> {
        let mut holders: BTreeMap<IpAddr, Vec<Holder>> = BTreeMap::new();
        let all = AssetsRequest::new(self.organization.clone());
        let mut assets = self.repository.each_asset(all).await?;
        while let Some(asset) = assets.try_next().await? {
            for address in asset.live_addresses() {
                holders.entry(address).or_default().push(Holder::of(&asset, address));
            }
        }
        holders.retain(|_, assets| assets.len() > 1);
        let shared = holders.into_iter().map(|(address, assets)| SharedAddress { address, assets });
        let shared: Vec<SharedAddress> = shared.collect();
        if options.json {
            return lines(&shared);
        }
        let form = Form::of_stdout();
        let ids = self.ids(form).await?;
        let mut table = match form {
            Form::Page(_) => Table::new(["Address", "ID", "Name", "Record in the DNS"]),
            _ => Table::new(["address", "asset", "asset_name", "record"]),
        };
        for SharedAddress { address, assets } in &shared {
            for Holder { id, name, records } in assets {
                let id = ids.as_ref().map_or_else(|| id.to_string(), |ids| ids.show(*id));
                table.row([address.to_string(), id, name.clone(), records.join(", ")]);
            }
        }
        show(&table, form, &counted(shared.len(), "address", "addresses"))
    }
}

impl Holder {
    fn of(asset: &Asset, address: IpAddr) -> Self {
        let parts = asset.parts.iter().flat_map(|part| part.attributes.values("dnsAddress"));
        let own = parts.filter_map(|record| {
            let (text, refreshed) = record.split_once(' ')?;
            (text.parse() == Ok(address)).then(|| refreshed.to_owned())
        });
        Self { id: asset.id, name: asset.label().into_owned(), records: own.collect() }
    }
}
