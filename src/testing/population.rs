//! Computers of any number, and an inventory of scanned assets that knows some of them. The same for the
//! same seed.

use super::mock_record::MockRecord;
use super::rng::SplitMix;
use crate::Result;
use crate::asset::{Asset, Claim, SourceRecord};
use crate::directory::DirectoryObject;
use crate::name::Hostname;
use crate::value::{AssetId, OrganizationId, SiteId, SourceId, Timestamp};

/// So many computers of the domain `corp.example`, about as large as real ones. `HOST-7` is the same in
/// every population of the seed that has it.
pub fn computers(seed: u64, count: usize) -> Vec<DirectoryObject> {
    let mut random = SplitMix::new(seed);
    (0..count).map(|n| one_computer(n, &mut random)).collect()
}

/// An inventory of scanned assets for the first so many [`computers`]: of every four, two are known by
/// their FQDN, one by its short name, and one not at all.
pub fn scanned(
    count: usize,
    organization: &OrganizationId,
    site: &SiteId,
    now: Timestamp,
) -> Result<Vec<Asset>> {
    let first = AssetId::new_v7(now, [0; 10]);
    let mut assets = Vec::new();
    for n in (0..count).filter(|n| n % 4 != 3) {
        let short = format!("host-{n}");
        let name = if n % 4 == 2 { short } else { format!("{short}.corp.example") };
        let name = Hostname::parse(&name)?;
        let mut asset = Asset::new(first.nth(n as u64), organization.clone(), site.clone());
        asset.parts.push(SourceRecord::new(
            0,
            SourceId::new("scan", "network")?,
            "@scan.asset",
            now,
        ));
        asset.names.push(Claim::new(name, 0, None, now));
        asset.last_seen.push(Claim::new(now, 0, None, now));
        assets.push(asset);
    }
    Ok(assets)
}

fn one_computer(n: usize, random: &mut SplitMix) -> DirectoryObject {
    const SYSTEMS: [&str; 3] =
        ["Windows 11 Enterprise", "Windows Server 2022 Standard", "Windows 10 Pro"];
    let guid = random.guid();
    let system = random.pick(&SYSTEMS).copied().unwrap_or_default();
    // Within a month of 2026, in units of 100 ns since 1601.
    let logon = 134_100_000_000_000_000_u64 + (random.next_u64() % 25_000_000_000_000);
    MockRecord::computer(&format!("HOST-{n}"))
        .in_domain("corp.example")
        .with_guid(guid)
        .with("operatingSystem", system)
        .with("operatingSystemVersion", "10.0 (22631)")
        .with("lastLogonTimestamp", &logon.to_string())
        .with("pwdLastSet", &logon.to_string())
        .with("whenCreated", "20240102030405.0Z")
        .with("description", &format!("asset tag {:016x}", random.next_u64()))
        .with("servicePrincipalName", &format!("HOST/HOST-{n}"))
        .with("servicePrincipalName", &format!("HOST/host-{n}.corp.example"))
        .with("memberOf", "CN=Managed Machines,OU=Groups,DC=corp,DC=example")
        .build()
}
