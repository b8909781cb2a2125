//! What a host knows of an asset itself, as a record of a source of its own.

use super::{Curation, conflict};
use crate::asset::{Asset, Batch, Change, CommitOutcome, Home, SourceRecord};
use crate::grouping::Decisions;
use crate::value::{AssetId, Attributes, BatchId, SiteId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// How often a contribution is put on anew because somebody else changed the asset meanwhile.
const CONFLICTS: u32 = 10;

impl Curation<'_> {
    /// Files what a source of the host's own says of an asset, such as its owner, its cost centre or the findings of a
    /// scanner: a [`SourceRecord`] beside those of directories and scans, which no run touches. What the source said
    /// before is replaced. Queries find it by `key`, which begins with `@`: `@cmdb.asset.owner:anna`.
    ///
    /// The asset is named by any id that it ever had. What is said of one that a person has made part of another is filed
    /// there, beside what the source says of that one, and goes with it when the merge is taken back. Names and addresses
    /// of hosts are [imported](Self::import), so that the rules look at them; an import of the same source leaves what was
    /// contributed as it is.
    ///
    /// The asset as it is then is returned. Nothing is written if the source says nothing new; if somebody else changes the
    /// asset at the same time, it is looked at again.
    ///
    /// ```
    /// # use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change};
    /// use ldap_inventory::curation::Curation;
    /// # use ldap_inventory::store::MemoryRepository;
    /// use ldap_inventory::value::SourceId;
    /// # use ldap_inventory::value::{AssetId, BatchId, OrganizationId};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// # let (repository, organization) = (MemoryRepository::new(), OrganizationId::new("acme")?);
    /// # let id = AssetId::random_v7();
    /// # let asset = Asset::new(id, organization.clone(), "hq".parse()?);
    /// # let batch = Batch::new(BatchId::random_v7(), organization.clone(), SourceId::new("scan", "hq")?);
    /// # let _ = repository.commit(batch.with_changes([Change::create(asset)])).await?;
    ///
    /// let curation = Curation::new(&repository, organization);
    /// let cmdb = SourceId::new("cmdb", "main")?;
    /// let owner = [("owner", "anna"), ("costCentre", "4711")].into_iter().collect();
    /// let asset = curation.contribute(id, &cmdb, "@cmdb.asset", owner).await?;
    /// assert_eq!(asset.parts[0].attributes.first("owner"), Some("anna"));
    ///
    /// let asset = curation.retract(id, &cmdb).await?;
    /// assert!(asset.parts.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such asset; [`ErrorKind::Invalid`] for a key without `@`, and for a source
    /// that is a directory: what its objects are is the business of its runs. [`ErrorKind::Conflict`] if others keep
    /// changing the asset, and what the store reports. Nothing was written then.
    pub async fn contribute(
        &self,
        asset: AssetId,
        source: &SourceId,
        key: &str,
        attributes: Attributes,
    ) -> Result<Asset> {
        if !key.starts_with('@') {
            return Err(Error::invalid(
                "key",
                key,
                "what attributes are filed under begins with @",
            ));
        }
        let now = Timestamp::now();
        let revised = self.revise(asset, source, |found, asset| {
            let record = SourceRecord::new(0, source.clone(), key, now)
                .with_identity(identity_of(asset))
                .with_attributes(attributes.clone());
            let home = Home::Asset(asset).away_from(Some(found.id));
            let home_site = home.map(|home| site_of(found, home));
            found.set_record(SourceRecord { home, home_site, ..record })
        });
        revised.await.map_err(|error| error.in_operation("contribute"))
    }

    /// Takes away what a source of the host's own [said](Self::contribute) of an asset. The asset as it is then is
    /// returned; nothing is written if the source said nothing.
    ///
    /// # Errors
    ///
    /// Those of [`contribute`](Self::contribute).
    pub async fn retract(&self, asset: AssetId, source: &SourceId) -> Result<Asset> {
        let revised = self.revise(asset, source, |found, asset| {
            let number = found.record_of(source, &identity_of(asset)).map(|record| record.number);
            number.is_some_and(|number| {
                let said = found.take_annotations(number);
                let is_changed = found.remove_record(number);
                found.give_annotations(bearer(found, asset), said);
                is_changed
            })
        });
        revised.await.map_err(|error| error.in_operation("retract"))
    }

    /// Changes the asset that an id names today, until nobody else does so at the same time. The change is given what is
    /// spoken of as well: the asset of this id, if a person has made it part of the other; or else that one itself.
    async fn revise(
        &self,
        id: AssetId,
        source: &SourceId,
        change: impl Fn(&mut Asset, AssetId) -> bool,
    ) -> Result<Asset> {
        for _ in 0..=CONFLICTS {
            let was = self.asset(id).await?;
            refuse_directory(&was, source)?;
            let mut asset = was.clone();
            let home = self.home_within(id, asset.id).await?;
            if !change(&mut asset, home) {
                return Ok(asset);
            }
            asset.version = was.version.saturating_add(1);
            let put = Change::update(&was, asset.clone());
            let batch = Batch::new(BatchId::random_v7(), self.organization.clone(), source.clone());
            match self.send(&batch.with_changes([put])).await? {
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => return Ok(asset),
                CommitOutcome::Conflict(_) => {}
            }
        }
        Err(conflict(&[id]).with_retry(Retry::Exhausted))
    }

    /// Of what an id speaks that leads to an asset: of the one with this id, as a part of the other, if a person merged them.
    /// One whose records all went there in another way has nothing to come back with.
    pub(super) async fn home_within(&self, id: AssetId, found: AssetId) -> Result<AssetId> {
        if id == found {
            return Ok(id);
        }
        let standing = Decisions::load(self.repository, &self.organization).await?.standing();
        Ok(if standing.survivor(id) == found { id } else { found })
    }
}

/// Whether a record was [contributed](Curation::contribute): it is known by its asset.
pub(super) fn is_contributed(asset: &Asset, part: &SourceRecord) -> bool {
    let home = part.home_in(asset.id).asset().map(identity_of);
    part.object.is_none() && home.is_some() && part.identity == home
}

/// What a contributed record is known by. Not the bare id: that is what a scan says whose lines came from this inventory.
fn identity_of(asset: AssetId) -> String {
    format!("asset:{asset}")
}

/// The record with which goes what people say of the asset that is meant: one that something goes with already; or else, of
/// those that the rules have there, an object of a directory before the rest, since names move from one host to another and
/// take the records of scans along; what a host contributed behind others; and the one that came first.
pub(super) fn bearer(asset: &Asset, meant: AssetId) -> u32 {
    let bears = |part: &SourceRecord| {
        asset.annotations().into_iter().flatten().any(|claim| claim.part == part.number)
    };
    let rank = |part: &&SourceRecord| {
        let is_elsewhere = part.home_in(asset.id) != Home::Asset(meant);
        let is_loose = (part.object.is_none(), part.identity.is_none());
        let is_contributed = is_contributed(asset, part);
        (is_elsewhere, !bears(part), is_contributed, is_loose, part.since, part.number)
    };
    asset.parts.iter().min_by_key(rank).map_or(0, |part| part.number)
}

/// The site of an asset that is part of another: what its other records remember, or else the other's.
fn site_of(asset: &Asset, home: Home) -> SiteId {
    let of_home = asset.parts.iter().filter(|part| part.home == Some(home));
    let site = of_home.filter_map(|part| part.home_site.clone()).next();
    site.unwrap_or_else(|| asset.site.clone())
}

fn refuse_directory(asset: &Asset, source: &SourceId) -> Result<()> {
    if asset.parts.iter().any(|part| part.source == *source && part.object.is_some()) {
        let message = "this source is a directory, whose runs say what its objects are";
        return Err(Error::new(ErrorKind::Invalid, message).with_context("source", source));
    }
    Ok(())
}
