//! Scanned assets, from a file with one JSON object a line.
//!
//! A host's scanner would write its findings in this way: what it says of an asset is a *part* of that
//! asset, and every value is a *claim* of that part, beside those of other sources.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::Path;

use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, Claims, Committed, Home, Part, Version,
};
use ldap_inventory::grouping::whereabouts;
use ldap_inventory::name::Hostname;
use ldap_inventory::value::{
    AssetId, Attributes, BatchId, OrganizationId, RecordDigest, SiteId, SourceId, Timestamp,
};
use ldap_inventory::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::exit::{Failure, Status};

/// What the scanner's attributes are filed under.
const PART_KEY: &str = "@scan.asset";

/// How many assets are written at once.
const BATCH_SIZE: usize = 500;

/// One line of the file. All but the names may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScannedAsset {
    pub(crate) names: Vec<Hostname>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) domains: Vec<String>,
    pub(crate) os: Option<String>,
    pub(crate) site: Option<SiteId>,
    pub(crate) first_seen: Option<Timestamp>,
    pub(crate) last_seen: Option<Timestamp>,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Imported {
    pub(crate) created: usize,
    pub(crate) updated: usize,
    pub(crate) unchanged: usize,
}

/// Reads a file. Nothing is imported if one line of it is bad.
pub(crate) fn read(file: &Path) -> Result<Vec<ScannedAsset>, Failure> {
    let refused = |sentence| Failure::new(Status::Usage, sentence);
    let text = std::fs::read_to_string(file)
        .map_err(|error| refused(format!("{} cannot be read: {error}", file.display())))?;
    parse(&text).map_err(|(line, why)| refused(format!("{}:{line}: {why}", file.display())))
}

/// Reads lines, blank ones apart; the error is the number of the bad line and why.
pub(crate) fn parse(text: &str) -> Result<Vec<ScannedAsset>, (usize, String)> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| parse_line(line).map_err(|why| (number, why))).collect()
}

fn parse_line(line: &str) -> Result<ScannedAsset, String> {
    let asset: ScannedAsset = serde_json::from_str(line).map_err(|error| {
        // The error counts lines from the beginning of this one.
        let error = error.to_string();
        error.split(" at line ").next().unwrap_or(&error).to_owned()
    })?;
    if asset.names.is_empty() {
        return Err("an asset needs at least one name".to_owned());
    }
    Ok(asset)
}

/// Writes scanned assets. The same ones again change nothing.
pub(crate) async fn import(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    site: &SiteId,
    scanned: &[ScannedAsset],
) -> Result<Imported> {
    let source = SourceId::new("scan", "import")?;
    let now = Timestamp::now();
    let mut imported = Imported::default();
    let ids = identities(organization, site, scanned);
    for chunk in ids.iter().zip(scanned).collect::<Vec<_>>().chunks(BATCH_SIZE) {
        let named: Vec<AssetId> = chunk.iter().map(|(id, _)| **id).collect();
        // Merges by people may have taken an asset, with this scanner's part of it, to another one.
        let found = whereabouts(repository, organization, &named).await?;
        let place = |id: AssetId| found.get(&id).map_or(id, |asset| asset.id);
        let places: BTreeMap<AssetId, AssetId> = named.iter().map(|id| (*id, place(*id))).collect();
        let mut known: BTreeMap<AssetId, Asset> =
            found.into_values().map(|asset| (asset.id, asset)).collect();
        let mut written: BTreeMap<AssetId, Option<Version>> = BTreeMap::new();
        for (home, scanned) in chunk {
            let id = places.get(home).unwrap_or(home);
            let expected = known.get(id).map(|asset| asset.version);
            let asset = known.entry(*id).or_insert_with(|| {
                let site = scanned.site.as_ref().unwrap_or(site);
                Asset::new(*id, organization.clone(), site.clone())
            });
            if !scanned.write_into(asset, **home, &source, now) {
                imported.unchanged += 1;
                continue;
            }
            match expected {
                Some(_) => imported.updated += 1,
                None => imported.created += 1,
            }
            written.entry(*id).or_insert(expected);
        }
        let changes = written.into_iter().filter_map(|(id, expected)| {
            let mut asset = known.remove(&id)?;
            asset.version = expected.map_or(1, |version| version + 1);
            Some(Change::PutAsset { expected, asset: Box::new(asset) })
        });
        let changes: Vec<Change> = changes.collect();
        if changes.is_empty() {
            continue;
        }
        let batch = Batch::new(BatchId::random_v7(), organization.clone(), source.clone());
        if let Committed::Conflict(_) = repository.commit(batch.with_changes(changes)).await? {
            let message = "somebody else changed the same assets meanwhile; import them again";
            return Err(Error::new(ErrorKind::Conflict, message).in_operation("import"));
        }
    }
    Ok(imported)
}

/// The ids of scanned assets: from organization, site and names alone, so that the same line finds the
/// same asset again. Of several lines that agree in these, each is an asset of its own.
fn identities(
    organization: &OrganizationId,
    site: &SiteId,
    scanned: &[ScannedAsset],
) -> Vec<AssetId> {
    let mut namesakes: HashMap<RecordDigest, u64> = HashMap::new();
    let identity = |asset: &ScannedAsset| {
        let mut names: Vec<&Hostname> = asset.names.iter().collect();
        names.sort_unstable();
        names.dedup();
        let mut hasher = RecordDigest::hasher();
        hasher.text(organization.as_str());
        hasher.text(asset.site.as_ref().unwrap_or(site).as_str());
        for name in names {
            hasher.text(name.as_str());
        }
        let digest = hasher.finish();
        let earlier = namesakes.entry(digest).or_default();
        let id = AssetId::from_u128(u128::from_be_bytes(digest.0)).nth(*earlier);
        *earlier += 1;
        id
    };
    scanned.iter().map(identity).collect()
}

impl ScannedAsset {
    /// Makes the scanner's part of an asset say what this line says. Whether anything changed.
    fn write_into(
        &self,
        asset: &mut Asset,
        home: AssetId,
        source: &SourceId,
        now: Timestamp,
    ) -> bool {
        let attributes = self.attributes();
        let is_own =
            |part: &Part| part.source == *source && part.home_in(asset.id) == Home::Asset(home);
        let part = asset.parts.iter().position(is_own);
        let part = match part.and_then(|place| asset.parts.get_mut(place)) {
            Some(part) if part.attributes == attributes => return false,
            Some(part) => {
                part.attributes = attributes;
                part.written = now;
                part.number
            }
            None => {
                let mut part = Part::new(asset.next_part_number(), source.clone(), PART_KEY, now);
                part.attributes = attributes;
                let number = part.number;
                asset.parts.push(part);
                number
            }
        };
        claim(&mut asset.names, &self.names, part, now);
        claim(&mut asset.addresses, &self.addresses, part, now);
        claim(&mut asset.domains, &self.domains, part, now);
        claim(&mut asset.os, self.os.as_slice(), part, now);
        // A time is no name that somebody may still look for: the old one is not kept.
        for (times, time) in
            [(&mut asset.first_seen, self.first_seen), (&mut asset.last_seen, self.last_seen)]
        {
            times.retain(|claim| claim.part != part);
            claim(times, time.as_slice(), part, now);
        }
        true
    }

    /// The line as it was read, to be shown, and to tell a changed line from an unchanged one.
    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::builder();
        self.names.iter().for_each(|name| attributes.push("name", name.as_str()));
        self.addresses.iter().for_each(|address| attributes.push("address", &address.to_string()));
        self.domains.iter().for_each(|domain| attributes.push("domain", domain));
        self.os.iter().for_each(|os| attributes.push("os", os));
        self.first_seen.iter().for_each(|time| attributes.push("firstSeenTS", &time.to_string()));
        self.last_seen.iter().for_each(|time| attributes.push("lastSeenTS", &time.to_string()));
        attributes.build()
    }
}

/// Makes these values the ones that a part claims. What it claimed before and does not claim any more is
/// kept and dated; what other parts claim is left alone.
fn claim<T: Clone + PartialEq>(claims: &mut Claims<T>, values: &[T], part: u32, now: Timestamp) {
    let is_own = |claim: &Claim<T>| claim.part == part && claim.is_live();
    for claim in claims.iter_mut().filter(|claim| is_own(claim) && !values.contains(&claim.value)) {
        claim.until = Some(now);
    }
    for value in values {
        if !claims.iter().any(|claim| is_own(claim) && claim.value == *value) {
            claims.push(Claim::new(value.clone(), part, None, now));
        }
    }
}
