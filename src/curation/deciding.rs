//! Saying that a directory's object is an asset, or is not.

use futures::TryStreamExt;
use serde::Serialize;

use super::{Author, Curation};
use crate::asset::{Change, Constraint, ConstraintKind, Link, LinksRequest};
use crate::error::Printable;
use crate::grouping::Decisions;
use crate::merge::Moves;
use crate::value::{AssetId, ObjectGuid, ObjectKind, SourceId};
use crate::{Error, ErrorKind, Result};

/// A decision on an object and an asset that was made or taken back, and what it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Decided {
    /// The decision.
    #[serde(flatten)]
    pub decision: Constraint,
    /// The opposite decisions on the same that it took the place of.
    pub replaced: Vec<Constraint>,
    /// What moved.
    pub moves: Moves,
}

impl Curation<'_> {
    /// Says that a computer of a directory is an asset, whatever the names are. It becomes part of the asset at
    /// once, and is not part of another one any more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the asset is not there, or the directory's runs have not seen such a
    /// computer; [`ErrorKind::Conflict`] if the same is decided already, or an asset was changed at this
    /// moment.
    pub async fn link(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        author: &Author,
    ) -> Result<Decided> {
        self.decide(asset, source, object, ConstraintKind::MustLink, author).await
    }

    /// Says that a computer of a directory is not an asset, whatever the names are. It is taken out of the asset at
    /// once, and goes to another one that it fits, or to a new one.
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
    ) -> Result<Decided> {
        self.decide(asset, source, object, ConstraintKind::CannotLink, author).await
    }

    /// Takes a decision back. All is at once as if it had never been made; that it was stays on record.
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
        author: &Author,
    ) -> Result<Decided> {
        let mut decisions = Decisions::load(self.repository, &self.organization).await?;
        let before = decisions.standing();
        let present = self.found(asset).await?.map(|asset| asset.id);
        let is_it = |c: &&mut Constraint| {
            let names_it = c.asset == asset || Some(before.survivor(c.asset)) == present;
            names_it && c.stands() && c.object == object && c.kind == kind && c.source == *source
        };
        let at = decisions.next_moment();
        let constraint = decisions.constraints.iter_mut().find(is_it).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "nobody decided that, or it was taken back already")
                .with_context("asset", asset)
                .with_context("object", object)
        })?;
        constraint.forgotten = Some((at, author.by.clone()));
        let decision = constraint.clone();
        let touched = present.into_iter().chain([decision.asset]);
        let put = vec![Change::PutConstraint(decision.clone())];
        let moves = self.carry_out(&before, &decisions, touched, put).await;
        let moves = moves.map_err(|error| error.in_operation("forget"))?;
        Ok(Decided { decision, replaced: Vec::new(), moves })
    }

    /// The decision that holds on an object and an asset, if somebody made one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn decision(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
    ) -> Result<Option<Constraint>> {
        let decisions = Decisions::load(self.repository, &self.organization).await?;
        Ok(decisions.standing().latest(source, object, asset).cloned())
    }

    async fn decide(
        &self,
        asset: AssetId,
        source: &SourceId,
        object: ObjectGuid,
        kind: ConstraintKind,
        author: &Author,
    ) -> Result<Decided> {
        // The asset comes first: whoever decides on it changes its version.
        let asset = self.asset(asset).await?.id;
        let link = self.computer(source, object).await?;
        let mut decisions = Decisions::load(self.repository, &self.organization).await?;
        let before = decisions.standing();
        if let Some(decided) = before.latest(source, object, asset)
            && decided.kind == kind
        {
            let message =
                format!("{} decided that already, at {}", Printable(&decided.by), decided.at);
            return Err(Error::new(ErrorKind::Conflict, message).with_context("asset", asset));
        }
        let at = decisions.next_moment();
        let mut replaced = Vec::new();
        for c in decisions.constraints.iter_mut().filter(|c| c.stands() && c.kind != kind) {
            let is_on_it = c.source == *source && c.object == object;
            if is_on_it && before.survivor(c.asset) == asset {
                c.forgotten = Some((at, author.by.clone()));
                replaced.push(c.clone());
            }
        }
        let decision = Constraint {
            organization: self.organization.clone(),
            source: source.clone(),
            object,
            asset,
            kind,
            by: author.by.clone(),
            at,
            why: author.why.clone(),
            forgotten: None,
            earlier: Vec::new(),
        };
        let decision = decisions.enter(decision);
        let mut puts: Vec<Change> = replaced.iter().cloned().map(Change::PutConstraint).collect();
        puts.push(Change::PutConstraint(decision.clone()));
        let touched = [asset].into_iter().chain(link.asset);
        let moves = self.carry_out(&before, &decisions, touched, puts).await;
        let moves = moves.map_err(|error| error.in_operation("decide"))?;
        Ok(Decided { decision, replaced, moves })
    }

    /// What is known of a computer.
    async fn computer(&self, source: &SourceId, object: ObjectGuid) -> Result<Link> {
        let link = LinksRequest::new(self.organization.clone(), source.clone());
        let mut links = self.repository.links(link.of_objects([object])).await?;
        if let Some(link) = links.try_next().await?
            && link.kind == ObjectKind::Computer
        {
            return Ok(link);
        }
        let message = "no run of this directory has seen such a computer";
        Err(Error::new(ErrorKind::NotFound, message)
            .with_context("object", object)
            .with_context("source", source))
    }
}
