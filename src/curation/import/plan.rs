//! What an import will do, before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Line, OwnRecord, Pairing};
use super::placing::{Placement, Placing};
use super::record::LeftOut;
use super::write::{ImportContext, Outcome};
use crate::asset::{Asset, Version};
use crate::merge::{Candidate, KnownDirectories, Level, Resemblance, Standing, resemblances};
use crate::name::Hostname;
use crate::value::{AssetId, OrganizationId, SiteId};

/// What an import will do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    steps: BTreeMap<AssetId, Vec<Step>>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) not_ended: Option<String>,
    /// Whether a line is a record of other names.
    pub(super) is_renaming: bool,
    /// Lines that are still to be placed by the rules.
    open: Vec<usize>,
    /// Records that a line is, by the place of the line.
    homes: BTreeMap<usize, usize>,
    /// Records that a line could be.
    possible: BTreeSet<usize>,
    /// The versions of the assets that were looked at.
    versions: BTreeMap<AssetId, Version>,
}

/// What is done to one asset.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A line becomes a new asset.
    Create {
        line: usize,
        asset: AssetId,
        /// What it could be as well, and how good the evidence is.
        ambiguous: Option<(Option<Level>, Vec<AssetId>)>,
    },
    /// A line becomes a new record in an asset that is there, because of this.
    Join {
        line: usize,
        /// The asset that shows what the home has.
        asset: AssetId,
        /// The asset that the rules alone have it in, and its site.
        home: AssetId,
        site: SiteId,
        reason: String,
    },
    /// A line is a record that the source has.
    Update { line: usize, asset: AssetId, part: u32 },
    /// The source has a record no more.
    End { asset: AssetId, part: u32, name: Option<Hostname> },
}

/// Finds the records that lines are by their ids and by exactly the same names.
pub(super) fn plan(lines: &[Line<'_>], own: &[OwnRecord], within_site: bool) -> Plan {
    let pairing = Pairing::new(lines, own, within_site);
    let mut plan = Plan::default();
    for (place, line) in lines.iter().enumerate() {
        if let Some(home) = pairing.home(place) {
            plan.update(place, home, own);
        } else if let Some(possible) = pairing.undecided().get(&place) {
            plan.leave_open(place, line, possible, own);
        } else {
            plan.open.push(place);
        }
    }
    plan
}

impl Plan {
    /// Lines that are none of the source's records by id or by exactly the same names.
    pub(super) fn open(&self) -> &[usize] {
        &self.open
    }

    /// Notes the versions at which assets were looked at.
    pub(super) fn note_versions(&mut self, versions: impl IntoIterator<Item = (AssetId, Version)>) {
        for (asset, version) in versions {
            self.versions.entry(asset).or_insert(version);
        }
    }

    /// Whether an asset that the store has at this version, or has not, is as it was when it was looked at.
    pub(super) fn is_made_on(&self, asset: AssetId, version: Option<Version>) -> bool {
        self.versions.get(&asset).is_none_or(|planned| version == Some(*planned))
    }

    /// By asset, what is done to it.
    pub(super) fn steps(&self) -> impl Iterator<Item = (AssetId, &[Step])> {
        self.steps.iter().map(|(asset, steps)| (*asset, steps.as_slice()))
    }

    /// Places the open lines among all assets of the organization.
    pub(super) fn place(
        &mut self,
        lines: &[Line<'_>],
        own: &[OwnRecord],
        candidates: &[Candidate],
        standing: &Standing,
        directories: &KnownDirectories,
    ) {
        let sites: BTreeMap<AssetId, &SiteId> =
            candidates.iter().map(|candidate| (candidate.asset, &candidate.site)).collect();
        let open = std::mem::take(&mut self.open);
        let open: Vec<(usize, &Line<'_>)> =
            open.into_iter().filter_map(|place| Some((place, lines.get(place)?))).collect();
        let fits = fits(&open, candidates, directories);
        // What a line could be that is left out stays free for it.
        let taken = self.homes.values().chain(&self.possible).copied().collect();
        for (line, place) in Placing::new(lines, own, taken, fits).place() {
            match place {
                // By its very names it would have been found.
                Placement::Own(record) => {
                    self.is_renaming = true;
                    self.update(line, record, own);
                }
                Placement::Joins(home, evidence) => {
                    let Some(site) = sites.get(&home).copied().cloned() else { continue };
                    let (asset, reason) = (standing.survivor(home), evidence.to_string());
                    self.push(Step::Join { line, asset, home, site, reason });
                }
                Placement::New => self.create(line, None),
                Placement::Ambiguous(level, assets) => {
                    self.create(line, Some((Some(level), assets)))
                }
            }
        }
    }

    /// Ends the records that no line is or could be, if the scan tells that much.
    pub(super) fn end(&mut self, own: &[OwnRecord], is_empty: bool, unread: &[usize]) {
        let taken: BTreeSet<usize> = self.homes.values().copied().collect();
        let is_over = |place: &usize| !taken.contains(place) && !self.possible.contains(place);
        let over = own.iter().enumerate().filter(|(place, own)| own.is_present && is_over(place));
        let over: Vec<&OwnRecord> = over.map(|(_, own)| own).collect();
        if over.is_empty() {
            return;
        }
        if is_empty {
            self.not_ended = Some("the scan has no record that can be read".to_owned());
        } else if !unread.is_empty() {
            let told: Vec<String> = unread.iter().take(10).map(ToString::to_string).collect();
            let (lines, more) =
                (told.join(", "), if unread.len() > told.len() { ", ..." } else { "" });
            self.not_ended =
                Some(format!("it cannot be told which records these lines are: {lines}{more}"));
        } else {
            for OwnRecord { asset, part, traits, .. } in over {
                let name = traits.names.first().cloned();
                self.push(Step::End { asset: *asset, part: *part, name });
            }
        }
    }

    fn update(&mut self, line: usize, home: usize, own: &[OwnRecord]) {
        let Some(OwnRecord { asset, part, .. }) = own.get(home) else { return };
        self.homes.insert(line, home);
        self.push(Step::Update { line, asset: *asset, part: *part });
    }

    fn create(&mut self, line: usize, ambiguous: Option<(Option<Level>, Vec<AssetId>)>) {
        self.push(Step::Create { line, asset: AssetId::random_v7(), ambiguous });
    }

    /// A line that could be several of the source's records: with an id it is none of them, without one it is left out.
    fn leave_open(&mut self, place: usize, line: &Line<'_>, possible: &[usize], own: &[OwnRecord]) {
        self.possible.extend(possible);
        let possible: Vec<&OwnRecord> =
            possible.iter().filter_map(|place| own.get(*place)).collect();
        if line.record.id.is_some() {
            let assets: BTreeSet<AssetId> = possible.iter().map(|own| own.asset).collect();
            return self.create(place, Some((None, assets.into_iter().collect())));
        }
        let names: Vec<&str> = line.record.names.iter().map(Hostname::as_str).collect();
        let reason = format!(
            "it could be {}, as far as names and addresses tell; give lines of the same names an id",
            either(&possible)
        );
        self.left_out.push(LeftOut::whole_line(line.record.line, &names.join(", "), reason));
    }

    fn push(&mut self, step: Step) {
        self.steps.entry(step.asset()).or_default().push(step);
    }
}

impl Step {
    pub(super) fn asset(&self) -> AssetId {
        match self {
            Self::Create { asset, .. }
            | Self::Join { asset, .. }
            | Self::Update { asset, .. }
            | Self::End { asset, .. } => *asset,
        }
    }

    /// Does to the asset what is to be done; `None` if it is not what this was planned on.
    pub(super) fn take(
        &self,
        asset: &mut Option<Asset>,
        lines: &[Line<'_>],
        writing: &ImportContext<'_>,
        organization: &OrganizationId,
    ) -> Option<Outcome> {
        match self {
            Self::Create { line, asset: id, .. } => {
                let line = lines.get(*line)?;
                let site: &SiteId = line.site();
                let asset = asset.insert(Asset::new(*id, organization.clone(), site.clone()));
                writing.add(asset, line.record, None);
                Some(Outcome::Created)
            }
            Self::Join { line, asset: id, home, site, reason } => {
                // One of which decisions have left nothing comes back.
                let new = || Asset::new(*id, organization.clone(), site.clone());
                let asset = asset.get_or_insert_with(new);
                let number = writing.add(asset, lines.get(*line)?.record, Some(reason.clone()));
                writing.at_home(asset, number, *home, site);
                Some(Outcome::Joined)
            }
            Self::Update { line, part, .. } => {
                let asset = asset.as_mut()?;
                asset.part(*part).filter(|part| part.source == *writing.source)?;
                Some(writing.update(asset, *part, lines.get(*line)?.record))
            }
            Self::End { part, .. } => {
                let asset = asset.as_mut()?;
                asset.part(*part).filter(|part| part.source == *writing.source)?;
                writing.end(asset, *part);
                Some(Outcome::Updated)
            }
        }
    }
}

/// By line, the assets that its names fit, the best first.
fn fits(
    open: &[(usize, &Line<'_>)],
    candidates: &[Candidate],
    directories: &KnownDirectories,
) -> BTreeMap<usize, Vec<Resemblance>> {
    let names: Vec<(&[Hostname], &[String])> = open
        .iter()
        .map(|(_, line)| (line.traits.names.as_slice(), line.record.domains.as_slice()))
        .collect();
    let all = open.iter().zip(resemblances(&names, candidates, directories));
    let sites: BTreeMap<AssetId, &SiteId> =
        candidates.iter().map(|candidate| (candidate.asset, &candidate.site)).collect();
    all.map(|((place, line), mut fits)| {
        if directories.policy().within_site {
            fits.retain(|fit| sites.get(&fit.asset) == Some(&line.site()));
        }
        (*place, fits)
    })
    .collect()
}

/// A few records, for a sentence.
fn either(records: &[&OwnRecord]) -> String {
    const MOST: usize = 4;
    let told = records.iter().take(MOST).map(|own| match own.traits.addresses.first() {
        Some(address) => format!("asset {} ({address})", own.asset),
        None => format!("asset {}", own.asset),
    });
    let told = told.collect::<Vec<_>>().join(" or ");
    match records.len().saturating_sub(MOST) {
        0 => told,
        more => format!("{told} or one of {more} more"),
    }
}
