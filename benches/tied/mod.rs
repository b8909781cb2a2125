//! Assets that a run has made of computers.

use ldap_inventory::asset::{Asset, Claim, SourceRecord};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::value::{AssetId, RunId, SourceId, Timestamp};

/// The asset with what a computer of `corp.example` says, as a run writes it.
pub(crate) fn tied(
    id: AssetId,
    object: &DirectoryObject,
    source: &SourceId,
    run: RunId,
    now: Timestamp,
) -> Asset {
    let mut asset = Asset::new(id, "bench".parse().unwrap(), "hq".parse().unwrap());
    let mut part = SourceRecord::new(0, source.clone(), "@ldap.computer", now);
    part.object = Some(object.guid);
    part.run = Some(run);
    part.attributes = object.attributes.clone();
    asset.parts.push(part);
    let names = object.host_names().into_iter();
    asset.names = names.map(|name| Claim::new(name, 0, Some(run), now)).collect();
    let text = |name| object.attributes.first(name).map(str::to_owned);
    let claim = |value: String| Claim::new(value, 0, Some(run), now);
    asset.domains = ["corp.example", "corp"].map(|domain| claim(domain.to_owned())).into();
    asset.os = text("operatingSystem").into_iter().map(claim).collect();
    asset.os_version = text("operatingSystemVersion").into_iter().map(claim).collect();
    let times = [object.generalized_time("whenCreated"), object.last_logon()];
    let [first, last] = times.map(|time| Claim::new(time.unwrap_or(now), 0, Some(run), now));
    (asset.first_seen, asset.last_seen) = (vec![first], vec![last]);
    asset
}
