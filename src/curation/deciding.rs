//! Saying that a directory's object is an asset, or is not.

use futures::TryStreamExt;

use super::{Author, Curation, touch};
use crate::asset::{Asset, Change, Constraint, ConstraintKind, Link};
use crate::error::Printable;
use crate::merge::{hand_over, latest_decision};
use crate::value::{AssetId, ObjectGuid, ObjectKind, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

impl Curation<'_> {
    /// Says that a computer of a directory is an asset, whatever the names are. The next run that reads the
    /// computer ties it to the asset, and takes it out of another one that it is part of.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the asset is not there, or the directory's runs have not seen such a
    /// computer; [`ErrorKind::Conflict`] if the same is decided already, or the asset was changed at this
    /// moment.
    pub async fn link(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        author: &Author,
    ) -> Result<Constraint> {
        self.decide(asset, source, object, ConstraintKind::MustLink, author).await
    }

    /// Says that a computer of a directory is not an asset, whatever the names are. The next run that reads
    /// the computer takes it out of the asset, and finds another or a new one for it.
    ///
    /// # Errors
    ///
    /// Those of [`link`](Self::link).
    pub async fn separate(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        author: &Author,
    ) -> Result<Constraint> {
        self.decide(asset, source, object, ConstraintKind::CannotLink, author).await
    }

    /// Takes a decision back. A computer that it had moved goes back, at once, to the asset that it was tied
    /// to, with what the directory says of it today; an asset that has nothing left then is taken away. If
    /// that asset is not there any more, or another decision speaks against it, the computer stays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if nobody decided so, or it was taken back before; [`ErrorKind::Conflict`] if
    /// an asset was changed at this moment.
    pub async fn forget(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        kind: ConstraintKind,
    ) -> Result<Constraint> {
        let constraints = self.repository.constraints(&self.organization).await?;
        let is_it = |c: &&Constraint| {
            c.asset == asset && c.object == object && c.kind == kind && c.source == *source
        };
        let constraint = constraints.iter().find(is_it).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "nobody decided that, or it was taken back already")
                .with_context("asset", asset)
                .with_context("object", object)
        })?;
        let mut changes = self.turn_back(constraint, &constraints).await?;
        if changes.is_empty() {
            let touched = self.repository.assets(&self.organization, &[asset]).await?;
            changes.extend(touched.into_iter().map(touch));
        }
        changes.push(Change::RemoveConstraint(constraint.clone()));
        self.commit(changes).await.map_err(|error| error.in_operation("forget"))?;
        Ok(constraint.clone())
    }

    async fn decide(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        kind: ConstraintKind,
        author: &Author,
    ) -> Result<Constraint> {
        // The asset comes first: whoever decides on it changes its version.
        let subject = self.asset(asset).await?;
        let link = self.computer(source, object).await?;
        let constraints = self.repository.constraints(&self.organization).await?;
        if let Some(decided) = latest_decision(&constraints, source, object, asset)
            && decided.kind == kind
        {
            let message =
                format!("{} decided that already, at {}", Printable(&decided.by), decided.at);
            return Err(Error::new(ErrorKind::Conflict, message).with_context("asset", asset));
        }
        let latest = constraints.iter().map(|c| c.at).max();
        // Later than all before it, also where clocks differ: the latest decision holds.
        let at = latest.map_or_else(Timestamp::now, |latest| {
            let next = latest.checked_add(std::time::Duration::from_micros(1)).unwrap_or(latest);
            next.max(Timestamp::now())
        });
        let constraint = Constraint {
            organization: self.organization.clone(),
            source: source.clone(),
            object,
            asset,
            kind,
            by: author.by.clone(),
            at,
            why: author.why.clone(),
            was: link.asset,
        };
        let changes = vec![touch(subject), Change::PutConstraint(constraint.clone())];
        self.commit(changes).await.map_err(|error| error.in_operation("decide"))?;
        Ok(constraint)
    }

    /// What is known of a computer.
    async fn computer(&self, source: &SourceId, object: ObjectGuid) -> Result<Link> {
        let mut links = self.repository.links(&self.organization, source).await?;
        while let Some(link) = links.try_next().await? {
            if link.object == object && link.kind == ObjectKind::Computer {
                return Ok(link);
            }
        }
        let message = "no run of this directory has seen such a computer";
        Err(Error::new(ErrorKind::NotFound, message)
            .with_context("object", object)
            .with_context("source", source))
    }

    /// Brings a computer back to where it was before a decision moved it, if it did.
    async fn turn_back(
        &self,
        decision: &Constraint,
        constraints: &[Constraint],
    ) -> Result<Vec<Change>> {
        let Constraint { source, object, .. } = decision;
        let Some(home) = decision.was else { return Ok(Vec::new()) };
        let Ok(link) = self.computer(source, *object).await else { return Ok(Vec::new()) };
        let Some(present) = link.asset.filter(|present| *present != home) else {
            return Ok(Vec::new());
        };
        let moved = match decision.kind {
            ConstraintKind::MustLink => present == decision.asset,
            ConstraintKind::CannotLink => home == decision.asset,
        };
        let others: Vec<Constraint> =
            constraints.iter().filter(|c| *c != decision).cloned().collect();
        let is_ruled = others.iter().any(|c| {
            let holds = latest_decision(&others, source, *object, c.asset) == Some(c);
            let is_on = c.source == *source && c.object == *object && holds;
            is_on && (c.kind == ConstraintKind::MustLink || c.asset == home)
        });
        if !moved || is_ruled {
            return Ok(Vec::new());
        }
        let assets = self.repository.assets(&self.organization, &[present, home]).await?;
        let of = |id: AssetId| assets.iter().find(|asset| asset.id == id);
        let (Some(from), Some(to)) = (of(present), of(home)) else { return Ok(Vec::new()) };
        let Some((left, back)) = hand_over(from, to, source, *object, &self.policy)? else {
            return Ok(Vec::new());
        };
        let put = |before: &Asset, asset: Asset| Change::PutAsset {
            expected: Some(before.version),
            asset: Box::new(asset),
        };
        let source = source.clone();
        let mut changes =
            vec![put(to, back), Change::MoveLink { source, object: *object, asset: home }];
        changes.push(if left.parts.is_empty() && decision.kind == ConstraintKind::CannotLink {
            Change::RemoveAsset { id: from.id, expected: from.version }
        } else {
            put(from, left)
        });
        Ok(changes)
    }
}
