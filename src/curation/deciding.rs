//! Saying that a directory's object is an asset, or is not.

use futures::TryStreamExt;
use serde::Serialize;

use super::{Author, Curation, Unresolved};
use crate::asset::{Change, Constraint, ConstraintKind, Link, LinksRequest};
use crate::error::Printable;
use crate::grouping::Decisions;
use crate::merge::{Moves, Standing};
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
        let kind = ConstraintKind::MustLink;
        one(self.decide(&[asset], source, object, kind, author).await?, asset)
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
        let kind = ConstraintKind::CannotLink;
        one(self.decide(&[asset], source, object, kind, author).await?, asset)
    }

    /// Settles a computer that waits: it is its candidate in this place, counted from 1, or, with `None`, none of them, so
    /// that it goes to an asset of its own. Returns what was decided: a link, or one separation for each candidate that is
    /// still there, all of which were written together.
    ///
    /// ```
    /// # use ldap_inventory::asset::AssetRepository;
    /// # use ldap_inventory::curation::{Author, Curation};
    /// # use ldap_inventory::value::{OrganizationId, SourceId};
    /// # async fn review(repository: &dyn AssetRepository) -> ldap_inventory::Result<()> {
    /// let curation = Curation::new(repository, OrganizationId::new("acme")?);
    /// let anna = Author::new("anna").because("asked the owner");
    /// for waiting in curation.unresolved(&SourceId::new("ldap", "corp.example")?).await? {
    ///     println!("{waiting}");
    ///     // Shown to a person, who says that it is the first of them:
    ///     let decided = curation.settle(&waiting, Some(1), &anna).await?;
    ///     assert_eq!(decided.len(), 1);
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(feature = "testing")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// #     use ldap_inventory::curation::{ImportOptions, Scan};
    /// #     use ldap_inventory::sync::{SyncOptions, sync};
    /// #     use ldap_inventory::testing::{MockDirectory, MockRecord};
    /// #     let repository = ldap_inventory::store::MemoryRepository::new();
    /// #     let organization = OrganizationId::new("acme")?;
    /// #     let curation = Curation::new(&repository, organization.clone());
    /// #     let twins = br#"{"names":["web1"],"addresses":["10.0.0.1"]}
    /// # {"names":["web1"],"addresses":["10.0.0.2"]}"#;
    /// #     let scan = Scan::parse(twins, "2026-06-01T00:00:00Z".parse()?);
    /// #     let options = ImportOptions::new("hq".parse()?);
    /// #     curation.import(&SourceId::new("scan", "hq")?, &scan, &options).await?;
    /// #     let source = SourceId::new("ldap", "corp.example")?;
    /// #     let task = ldap_inventory::task::SyncTask::new(
    /// #         "Head office", organization, "hq".parse()?, source, "reader".parse()?,
    /// #     );
    /// #     let directory = MockDirectory::new([MockRecord::computer("WEB1")]);
    /// #     sync(&task, &directory, &repository, &SyncOptions::new()).await?;
    /// #     review(&repository).await?;
    /// #     assert_eq!(curation.history().await?.len(), 1);
    /// #     Ok(())
    /// # }
    /// # #[cfg(not(feature = "testing"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`link`](Self::link); [`ErrorKind::Invalid`] if it has no candidate in this place, or none at all.
    pub async fn settle(
        &self,
        waiting: &Unresolved,
        choice: Option<usize>,
        author: &Author,
    ) -> Result<Vec<Decided>> {
        let Unresolved { source, object, candidates, .. } = waiting;
        let all: Vec<AssetId> = candidates.iter().map(|candidate| candidate.asset).collect();
        let (chosen, kind) = match choice {
            None => (self.present(&all).await?, ConstraintKind::CannotLink),
            Some(place) => {
                let chosen = place.checked_sub(1).and_then(|place| all.get(place).copied());
                (chosen.into_iter().collect(), ConstraintKind::MustLink)
            }
        };
        if chosen.is_empty() {
            let message = match choice.map_or(0, |_| all.len()) {
                0 => "the computer has no candidate; link names an asset".to_owned(),
                count => format!("the computer's candidates have the numbers from 1 to {count}"),
            };
            return Err(Error::new(ErrorKind::Invalid, message).with_context("object", object));
        }
        self.decide(&chosen, source, *object, kind, author).await
    }

    /// The assets that these ids name today, as far as they name one, each once.
    async fn present(&self, ids: &[AssetId]) -> Result<Vec<AssetId>> {
        let found = self.resolve(ids).await?;
        let mut present = Vec::new();
        for id in ids.iter().filter_map(|id| found.get(id)).map(|asset| asset.id) {
            if !present.contains(&id) {
                present.push(id);
            }
        }
        Ok(present)
    }

    /// Takes a decision back. All is at once as if it had never been made; that it was stays on record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if nobody decided so, or it was taken back before; [`ErrorKind::Conflict`] if
    /// an asset was changed, or something else decided, at this moment.
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
        let all = decisions.constraints.iter_mut().filter(is_it);
        // Of several on what is one asset by now the one that names it so, or else the latest, which holds.
        let constraint = all.max_by_key(|c| (c.asset == asset, c.at)).ok_or_else(|| {
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

    /// Decides the same on one object and several assets, in one batch.
    async fn decide(
        &self,
        assets: &[AssetId],
        source: &SourceId,
        object: ObjectGuid,
        kind: ConstraintKind,
        author: &Author,
    ) -> Result<Vec<Decided>> {
        // The assets come first: whoever decides on one changes its version.
        let mut subjects = Vec::new();
        for asset in assets {
            subjects.push(self.asset(*asset).await?.id);
        }
        let link = self.computer(source, object).await?;
        let mut decisions = Decisions::load(self.repository, &self.organization).await?;
        let before = decisions.standing();
        let mut decided = Vec::new();
        for asset in &subjects {
            let same = match kind {
                ConstraintKind::MustLink => {
                    before.must(source, object).filter(|must| must.asset == *asset)
                }
                ConstraintKind::CannotLink => before.cannot(source, object, *asset),
            };
            if let Some(same) = same {
                let message =
                    format!("{} decided that already, at {}", Printable(&same.by), same.at);
                return Err(Error::new(ErrorKind::Conflict, message).with_context("asset", asset));
            }
            let at = decisions.next_moment();
            let decision = Constraint {
                organization: self.organization.clone(),
                source: source.clone(),
                object,
                asset: *asset,
                kind,
                by: author.by.clone(),
                at,
                why: author.why.clone(),
                forgotten: None,
                earlier: Vec::new(),
            };
            let replaced = replace(&mut decisions, &before, &decision);
            let decision = decisions.enter(decision);
            decided.push(Decided { decision, replaced, moves: Moves::default() });
        }
        let puts = decided.iter().flat_map(|Decided { decision, replaced, .. }| {
            replaced.iter().chain([decision]).cloned().map(Change::PutConstraint)
        });
        let puts: Vec<Change> = puts.collect();
        let touched = subjects.into_iter().chain(link.asset);
        let moves = self.carry_out(&before, &decisions, touched, puts).await;
        let moves = moves.map_err(|error| error.in_operation("decide"))?;
        // What moved is told once.
        if let Some(last) = decided.last_mut() {
            last.moves = moves;
        }
        Ok(decided)
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

/// Takes back what was said of the same object and asset to the contrary.
fn replace(decisions: &mut Decisions, before: &Standing, decision: &Constraint) -> Vec<Constraint> {
    let mut replaced = Vec::new();
    let contrary = |c: &&mut Constraint| c.stands() && c.kind != decision.kind;
    for c in decisions.constraints.iter_mut().filter(contrary) {
        let is_on_it = c.source == decision.source && c.object == decision.object;
        if is_on_it && before.survivor(c.asset) == decision.asset {
            c.forgotten = Some((decision.at, decision.by.clone()));
            replaced.push(c.clone());
        }
    }
    replaced
}

/// What was decided on one asset.
fn one(mut decided: Vec<Decided>, asset: AssetId) -> Result<Decided> {
    decided.pop().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "nothing was decided").with_context("asset", asset)
    })
}
