//! Making one asset of several, and taking it apart again.

use serde::Serialize;

use super::{Author, Curation};
use crate::asset::MergeRecord;
use crate::merge::{MergePreview, United, unite, unmerge};
use crate::value::{AssetId, MergeId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// A merge that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Merged {
    /// By which it can be undone.
    pub id: MergeId,
    /// What it gave.
    #[serde(flatten)]
    pub preview: MergePreview,
}

/// A merge that was undone.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Unmerged {
    /// The merge.
    pub id: MergeId,
    /// The asset that had survived it.
    pub survivor: AssetId,
    /// The assets that are back.
    pub restored: Vec<AssetId>,
}

impl Curation<'_> {
    /// What [`merge`](Self::merge) would give. Nothing is written; the checks are the same.
    ///
    /// # Errors
    ///
    /// Those of [`merge`](Self::merge).
    pub async fn preview(&self, assets: &[AssetId]) -> Result<MergePreview> {
        let nobody = Author::new("");
        Ok(self.united(assets, &nobody).await?.preview(&self.policy))
    }

    /// Makes one asset of several, the first of which survives. See [`unite`] for what becomes of what.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an asset that is not there, those of [`unite`], and
    /// [`ErrorKind::Conflict`] if one of the assets was changed at this moment. Nothing was written then.
    pub async fn merge(&self, assets: &[AssetId], author: &Author) -> Result<Merged> {
        let united = self.united(assets, author).await?;
        let merged = Merged { id: united.record.id, preview: united.preview(&self.policy) };
        self.commit(united.into_changes()).await.map_err(|error| error.in_operation("merge"))?;
        Ok(merged)
    }

    /// Takes a merge back. See [`merge::unmerge`](crate::merge::unmerge) for what goes where.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for a merge that never was, those of [`merge::unmerge`](crate::merge::unmerge), and
    /// [`ErrorKind::Conflict`] if one of the assets was changed at this moment. Nothing was written then.
    pub async fn unmerge(&self, merge: MergeId, author: &Author) -> Result<Unmerged> {
        // The asset comes first: whoever changes a decision changes its version.
        let known = self.repository.merges(&self.organization).await?;
        let record = known.iter().find(|record| record.id == merge).cloned().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there was no such merge").with_context("merge", merge)
        })?;
        crate::merge::check_undoable(&record, &known)?;
        let survivor = self.asset(record.survivor).await?;
        let constraints = self.repository.constraints(&self.organization).await?;
        let merges = self.repository.merges(&self.organization).await?;
        let record = merges.iter().find(|record| record.id == merge).cloned().unwrap_or(record);
        self.check_absent(&record).await?;
        let now = Timestamp::now();
        let unmerged = unmerge(record, survivor, &constraints, &merges, &author.by, now)?;
        let told = Unmerged {
            id: merge,
            survivor: unmerged.survivor.id,
            restored: unmerged.restored.iter().map(|asset| asset.id).collect(),
        };
        self.commit(unmerged.into_changes())
            .await
            .map_err(|error| error.in_operation("unmerge"))?;
        Ok(told)
    }

    /// Refuses to bring back an asset under an id that something else has written meanwhile.
    async fn check_absent(&self, record: &MergeRecord) -> Result<()> {
        let ids: Vec<AssetId> = record.before.iter().skip(1).map(|asset| asset.id).collect();
        match self.repository.assets(&self.organization, &ids).await?.first() {
            None => Ok(()),
            Some(present) => {
                let message = "an asset that the merge took away is there again, written by something else, \
                               such as an import by id; take that one away first";
                Err(Error::new(ErrorKind::Conflict, message)
                    .with_context("asset", present.id)
                    .with_context("merge", record.id))
            }
        }
    }

    async fn united(&self, assets: &[AssetId], author: &Author) -> Result<United> {
        let mut distinct = assets.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < assets.len() {
            let message = "an asset cannot be merged with itself; name each asset once";
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let before = self.assets(assets).await?;
        let constraints = self.repository.constraints(&self.organization).await?;
        let signature = author.sign(Timestamp::now());
        unite(MergeId::random_v7(), before, &constraints, signature, &self.policy)
    }
}
