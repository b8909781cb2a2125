//! What has to be written so that the inventory shows what people decided.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Decision;
use super::placed::Placed;
use super::record::{Record, assemble};
use super::standing::Standing;
use crate::asset::{Asset, Change, Home, Redirect, Version, Waiting};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, SourceId};

/// What moves so that the inventory shows what people decided, and what has to be written for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settled {
    /// Assets that change or come back, with what they are in the store.
    assets: Vec<(Option<Asset>, Asset)>,
    gone: BTreeMap<AssetId, (Version, Option<AssetId>)>,
    links: Vec<(MovedRecord, Home)>,
    waiting: Vec<Waiting>,
    settled: Vec<(SourceId, ObjectGuid)>,
    moves: Moves,
    /// What the rules decided anew with regard to people's decisions.
    decided: BTreeMap<(SourceId, ObjectGuid), Decision>,
}

/// What a decision moved.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moves {
    /// Records that are part of another asset now.
    pub records: Vec<MovedRecord>,
    /// Assets that are there now and were not before.
    pub came: Vec<AssetId>,
    /// Assets of which nothing is known any more, and where their ids lead: where their records went, unless they wait.
    pub gone: BTreeMap<AssetId, Option<AssetId>>,
}

/// A source's record that is part of another asset.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MovedRecord {
    /// The source.
    pub source: SourceId,
    /// Its object, where it is a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectGuid>,
    /// The source's own id of the record, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The asset it was part of, unless it waited.
    pub from: Option<AssetId>,
    /// The asset it is part of from now on, unless it waits.
    pub to: Option<AssetId>,
}

impl Moves {
    /// Whether nothing moved.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl Settled {
    pub(super) fn of(
        placed: Vec<Placed>,
        stored: BTreeMap<AssetId, Asset>,
        standing: &Standing,
        policy: &MatchPolicy,
    ) -> Self {
        let mut settled = Self::default();
        let mut touched: BTreeSet<AssetId> = BTreeSet::new();
        for placed in &placed {
            if placed.was != placed.now() {
                touched.extend(placed.was.into_iter().chain(placed.now()));
                settled.note_move(placed);
            }
            settled.note_waiting(placed);
        }
        for id in touched {
            settled.put_together(id, &placed, &stored, standing, policy);
        }
        settled
    }

    /// It with what the rules decided anew.
    pub(super) fn explained(self, decided: BTreeMap<(SourceId, ObjectGuid), Decision>) -> Self {
        Self { decided, ..self }
    }

    /// What the rules decided on an object anew with regard to people's decisions, if they did. A new asset is its own.
    pub(crate) fn decision(&self, source: &SourceId, object: ObjectGuid) -> Option<&Decision> {
        self.decided.get(&(source.clone(), object))
    }

    fn note_move(&mut self, placed: &Placed) {
        let Some(part) = placed.record.part() else { return };
        let moved = MovedRecord {
            source: part.source.clone(),
            object: part.object,
            identity: part.identity.clone(),
            from: placed.was,
            to: placed.now(),
        };
        if part.object.is_some() {
            self.links.push((moved.clone(), placed.record.home()));
        }
        self.moves.records.push(moved);
    }

    fn note_waiting(&mut self, placed: &Placed) {
        let Some((source, object)) = placed.record.object() else { return };
        let is_waiting = placed.now().is_none();
        match &placed.waited {
            Some(_) if !is_waiting => self.settled.push((source.clone(), object)),
            Some((_, told)) if *told == placed.told => {}
            None if !is_waiting => {}
            waited => {
                let by_rules = waited.as_ref().and_then(|(by_rules, _)| by_rules.clone());
                let told = placed.told.clone();
                self.waiting.extend(placed.record.clone().into_waiting(by_rules, told));
            }
        }
    }

    /// An asset from what it consists of now.
    fn put_together(
        &mut self,
        id: AssetId,
        placed: &[Placed],
        stored: &BTreeMap<AssetId, Asset>,
        standing: &Standing,
        policy: &MatchPolicy,
    ) {
        let own = placed.iter().filter(|placed| placed.now() == Some(id));
        let records: Vec<Record> = own.clone().map(|placed| placed.record.clone()).collect();
        match (stored.get(&id), assemble(id, records, policy)) {
            (None, None) => {}
            (Some(was), None) => {
                let survivor = Some(standing.survivor(id)).filter(|survivor| *survivor != id);
                let was_here = |placed: &&Placed| {
                    placed.was == Some(id) || placed.record.home() == Home::Asset(id)
                };
                let elsewhere = placed.iter().filter(was_here).find_map(Placed::now);
                let has_record = placed.iter().any(|placed| was_here(&placed));
                if has_record {
                    self.gone.insert(id, (was.version, survivor.or(elsewhere)));
                }
            }
            (Some(was), Some(mut asset)) => {
                asset.site = was.site.clone();
                asset.version = was.version.saturating_add(1);
                self.assets.push((Some(was.clone()), asset));
            }
            (None, Some(mut asset)) => {
                let version = |id: AssetId| stored.get(&id).map(|asset| asset.version);
                let versions = own.filter_map(|placed| version(placed.was?));
                asset.version = versions.max().unwrap_or(0).saturating_add(1);
                self.moves.came.push(id);
                self.assets.push((None, asset));
            }
        }
        self.moves.gone = self.gone.iter().map(|(id, (_, to))| (*id, *to)).collect();
    }

    /// What moves.
    pub(crate) fn moves(&self) -> &Moves {
        &self.moves
    }

    /// An asset as it shall be, if it changes.
    pub(crate) fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.iter().map(|(_, asset)| asset).find(|asset| asset.id == id)
    }

    /// Everything that has to be written at once, with where ids of assets that come back lead until then.
    pub(crate) fn into_changes(self, redirects: &[Redirect]) -> Vec<Change> {
        let mut changes = Vec::new();
        for (was, mut asset) in self.assets {
            if let Some(was) = was {
                changes.push(Change::update(&was, asset));
                continue;
            }
            if let Some(redirect) = redirects.iter().find(|redirect| redirect.from == asset.id) {
                asset.version = asset.version.max(redirect.version.saturating_add(1));
            }
            changes.push(Change::create(asset));
        }
        for (MovedRecord { source, object, to: asset, .. }, home) in self.links {
            let Some(object) = object else { continue };
            changes.push(Change::MoveLink { source, object, asset, home: home.away_from(asset) });
        }
        changes.extend(
            self.settled
                .into_iter()
                .map(|(source, object)| Change::RemoveWaiting { source, object }),
        );
        changes.extend(self.waiting.into_iter().map(|one| Change::PutWaiting(Box::new(one))));
        changes.extend(self.gone.into_iter().map(|(id, (expected, to))| Change::RemoveAsset {
            id,
            expected,
            to,
        }));
        changes
    }
}
