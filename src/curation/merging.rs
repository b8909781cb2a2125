//! Making one asset of several, and taking it apart again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Author, Curation};
use crate::asset::{Asset, Change, Constraint, MergeRecord};
use crate::error::Printable;
use crate::grouping::{self, Decisions, Scene};
use crate::merge::{self, MergePreview, Moves, Settled, Standing};
use crate::value::{AssetId, MergeId, SourceId};
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
    /// What moved.
    pub moves: Moves,
}

/// A merge as it would be written.
struct Planned {
    record: MergeRecord,
    before: Vec<Asset>,
    /// The decisions that stood before.
    standing: Standing,
    settled: Settled,
    preview: MergePreview,
}

impl Curation<'_> {
    /// What [`merge`](Self::merge) would give. Nothing is written; the checks are the same.
    ///
    /// # Errors
    ///
    /// Those of [`merge`](Self::merge).
    pub async fn preview(&self, assets: &[AssetId]) -> Result<MergePreview> {
        Ok(self.planned(assets, &Author::new("")).await?.preview)
    }

    /// Makes one asset of several, the first of which survives, until the merge is [taken back](Self::unmerge).
    ///
    /// - Every record and every claim is kept, with its provenance, the survivor's first. Of `os`, `os_version`
    ///   and `type` the best source's value holds; the site is the survivor's.
    /// - What the rules tie to one of the assets from now on is part of the survivor. So is what people decided on
    ///   one of them: it counts for the survivor.
    /// - The ids of the others lead to the survivor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an asset that is not there; [`ErrorKind::Invalid`] for fewer than two, or one
    /// that is named twice; [`ErrorKind::Conflict`] if a person decided that an object of one of them is not
    /// another one of them (that decision has to be taken back first), if two of the ids lead to one asset, or if one of
    /// the assets was changed at this moment; with [`Retry::Transient`](crate::Retry::Transient), if others kept deciding
    /// something while it was looked at. Nothing was written then.
    pub async fn merge(&self, assets: &[AssetId], author: &Author) -> Result<Merged> {
        let written = self.written("merge", || async {
            let planned = self.planned(assets, author).await?;
            let Planned { record, before, standing, settled, preview } = planned;
            let id = record.id;
            let puts = vec![Change::PutMerge(Box::new(record))];
            self.write(&standing, settled, before, puts).await?;
            Ok(Merged { id, preview })
        });
        written.await
    }

    /// Takes a merge back. All is at once as if it had never been made: each asset is there again with what is its
    /// own today, and so is what decisions that stand make of it. A later merge that built on it still stands, of
    /// what it still finds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for a merge that never was; [`ErrorKind::Conflict`] if it was undone before, by whom
    /// and when, or if one of the assets was changed at this moment; with [`Retry::Transient`](crate::Retry::Transient),
    /// if others kept deciding something while it was looked at. Nothing was written then.
    pub async fn unmerge(&self, merge: MergeId, author: &Author) -> Result<Unmerged> {
        self.written("unmerge", || self.take_apart(merge, author)).await
    }

    async fn take_apart(&self, merge: MergeId, author: &Author) -> Result<Unmerged> {
        let mut decisions = Decisions::load(self.repository, &self.organization).await?;
        let before = decisions.standing();
        let at = decisions.next_moment();
        let record = decisions.merges.iter_mut().find(|record| record.id == merge);
        let record = record.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there was no such merge").with_context("merge", merge)
        })?;
        if let Some((at, by)) = &record.undone {
            let message = format!("the merge was undone already, by {} at {at}", Printable(by));
            return Err(Error::new(ErrorKind::Conflict, message).with_context("merge", merge));
        }
        record.undone = Some((at, author.by.clone()));
        let record = record.clone();
        let mut puts = vec![Change::PutMerge(Box::new(record.clone()))];
        puts.extend(decisions.withdraw(&record));
        let survivor = before.survivor(record.survivor);
        let standing = decisions.standing();
        let mut scene =
            Scene::load(self.repository, &self.organization, &standing, before.named()).await?;
        if let Some(asset) = scene.assets.iter_mut().find(|asset| asset.id == survivor) {
            merge::remember_homes(asset, &record);
        }
        let subject: Vec<Asset> =
            scene.assets.iter().filter(|asset| asset.id == survivor).cloned().collect();
        let directories = self.known_directories().await?;
        let settled = grouping::settle_scene(
            self.repository,
            &self.organization,
            scene,
            &standing,
            &directories,
        );
        let settled = settled.await?;
        let moves = settled.moves().clone();
        self.write(&before, settled, subject, puts).await?;
        let restored = moves.came.clone();
        Ok(Unmerged { id: merge, survivor: record.survivor, restored, moves })
    }

    async fn planned(&self, assets: &[AssetId], author: &Author) -> Result<Planned> {
        let before = self.assets(assets).await?;
        check_each_once(assets, &before)?;
        let mut decisions = Decisions::load(self.repository, &self.organization).await?;
        let standing = decisions.standing();
        check_not_separated(&before, &decisions.constraints, &standing)?;
        let [survivor, ..] = before.as_slice() else { return Err(too_few()) };
        let record = MergeRecord {
            id: MergeId::random_v7(),
            organization: self.organization.clone(),
            survivor: survivor.id,
            assets: before.iter().map(|asset| asset.id).collect(),
            first_version: None,
            by: author.by.clone(),
            at: decisions.next_moment(),
            why: author.why.clone(),
            undone: None,
        };
        decisions.merges.push(record.clone());
        let united = decisions.standing();
        let settled = self.settled(&united, standing.named()).await?;
        let after = settled.asset(survivor.id).unwrap_or(survivor);
        let preview = MergePreview::of(&before, after, settled.moves(), &self.policy);
        Ok(Planned { record, before, standing, settled, preview })
    }
}

fn check_each_once(named: &[AssetId], found: &[Asset]) -> Result<()> {
    if named.len() < 2 {
        return Err(too_few());
    }
    let mut met: BTreeMap<AssetId, AssetId> = BTreeMap::new();
    for (named, asset) in named.iter().zip(found) {
        let Some(earlier) = met.insert(asset.id, *named) else { continue };
        if earlier == *named {
            let message = "an asset cannot be merged with itself; name each asset once";
            return Err(Error::new(ErrorKind::Invalid, message).with_context("asset", named));
        }
        let message = format!("{earlier} and {named} are one asset already, {}", asset.id);
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    Ok(())
}

/// Refuses what a person ruled out: an object of one of the assets is not another one of them.
fn check_not_separated(
    before: &[Asset],
    constraints: &[Constraint],
    standing: &Standing,
) -> Result<()> {
    let parts = before.iter().flat_map(|asset| &asset.parts);
    let tied = parts.filter_map(|part| Some((part.source.clone(), part.object?)));
    let ruled = constraints.iter().filter(|c| {
        let must = standing.must(&c.source, c.object);
        must.is_some_and(|must| before.iter().any(|asset| asset.id == must.asset))
    });
    let tied: BTreeSet<(SourceId, _)> =
        tied.chain(ruled.map(|c| (c.source.clone(), c.object))).collect();
    for (source, object) in &tied {
        // A decision that was overruled by a later one on the same asset does not count.
        if let Some(cannot) =
            before.iter().find_map(|asset| standing.cannot(source, *object, asset.id))
        {
            let message = format!(
                "{} decided that object {object} is not asset {}, so these assets cannot be one; take that \
                 decision back first",
                Printable(&cannot.by),
                cannot.asset
            );
            return Err(Error::new(ErrorKind::Conflict, message).with_context("source", source));
        }
    }
    Ok(())
}

fn too_few() -> Error {
    Error::new(ErrorKind::Invalid, "a merge needs two assets or more")
}
