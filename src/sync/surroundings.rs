//! What the inventory knows around the computers of a run: the assets they could be, and whom else these could be.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::run::Run;
use crate::Result;
use crate::asset::{Asset, Constraint, ConstraintKind, Link, Part, SearchRequest};
use crate::merge::{Candidate, Computer, DirectoryDomain, KnownComputer};
use crate::name::MatchKey;
use crate::query::{Query, quote};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// How many keys one look-up of candidates names: large enough to share its cost, small enough for the
/// parameter limits of databases.
const KEYS_PER_LOOKUP: usize = 500;
/// Assets of one page.
const PAGE: usize = 500;

/// What is known around some computers.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) candidates: BTreeMap<AssetId, Candidate>,
    pub(super) others: Vec<KnownComputer>,
    /// Objects that another directory has, too, and where they are tied to there.
    pub(super) elsewhere: HashMap<ObjectGuid, (SourceId, AssetId)>,
}

/// Known computers whose asset has nothing but records of directories, although another asset shares a name with it.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// As the inventory has them.
    pub(super) computers: Vec<Computer>,
}

/// Whose computers are whose.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) domain: &'a DirectoryDomain,
    /// What was read.
    pub(super) read: &'a HashSet<ObjectGuid>,
    /// Known objects that the directory has no more.
    pub(super) absent: &'a HashSet<ObjectGuid>,
}

impl Surroundings {
    /// Looks up everything that has one of the computers' names.
    pub(super) async fn of(
        run: &Run<'_>,
        computers: impl IntoIterator<Item = &Computer>,
        view: View<'_>,
    ) -> Result<Self> {
        let keys: BTreeSet<MatchKey> =
            computers.into_iter().flat_map(Computer::match_keys).collect();
        let keys: Vec<MatchKey> = keys.into_iter().collect();
        let mut found = Self::default();
        for keys in keys.chunks(KEYS_PER_LOOKUP) {
            run.options.cancellation.check()?;
            for asset in run.repository.candidates(&run.task.organization, keys).await? {
                found.add(run, &asset, view);
            }
        }
        Ok(found)
    }

    fn add(&mut self, run: &Run<'_>, asset: &Asset, view: View<'_>) {
        if self.candidates.contains_key(&asset.id) {
            return;
        }
        self.candidates.insert(asset.id, Candidate::of(asset));
        for part in asset.parts.iter().filter(|part| part.presence.is_present()) {
            let Some(object) = part.object else { continue };
            let is_own = part.source == run.task.source;
            if is_own && (view.read.contains(&object) || view.absent.contains(&object)) {
                continue;
            }
            if !is_own && view.read.contains(&object) {
                self.elsewhere.insert(object, (part.source.clone(), asset.id));
            }
            let domain = is_own.then_some(view.domain);
            if let Some(computer) = Computer::of_part(asset, part, domain) {
                let source = part.source.clone();
                self.others.push(KnownComputer { source, computer, asset: Some(asset.id) });
            }
        }
    }
}

impl Alone {
    /// Finds them among the computers of the run's directory. What people decided on stays where it is.
    pub(super) async fn find(
        run: &Run<'_>,
        links: &HashMap<ObjectGuid, Link>,
        constraints: &[Constraint],
        view: View<'_>,
    ) -> Result<Self> {
        let mut alone = Self::default();
        if !links.values().any(|link| link.asset.is_some()) {
            return Ok(alone);
        }
        let source = quote(run.task.source.as_str());
        let query = Query::parse(&format!("source:{source} AND name_overlap:true"))?;
        let mut after = None;
        loop {
            run.options.cancellation.check()?;
            let request = SearchRequest::new(run.task.organization.clone(), query.clone(), run.now);
            let page = run.repository.search_assets(request.with_limit(PAGE).after(after)).await?;
            for asset in page.records.iter().filter(|asset| is_alone(asset, constraints)) {
                let own = asset.parts.iter().filter(|part| part.source == run.task.source);
                alone.computers.extend(own.filter_map(|part| present(asset, part, view)));
            }
            after = page.next;
            if after.is_none() {
                return Ok(alone);
            }
        }
    }
}

/// Whether an asset has nothing but records of directories, and no person tied one of them to it.
fn is_alone(asset: &Asset, constraints: &[Constraint]) -> bool {
    let is_decided =
        constraints.iter().any(|c| c.asset == asset.id && c.kind == ConstraintKind::MustLink);
    !is_decided && asset.parts.iter().all(|part| part.object.is_some())
}

fn present(asset: &Asset, part: &Part, view: View<'_>) -> Option<Computer> {
    let is_gone = part.object.is_none_or(|object| view.absent.contains(&object));
    let is_present = part.presence.is_present() && !is_gone;
    is_present.then(|| Computer::of_part(asset, part, Some(view.domain))).flatten()
}
