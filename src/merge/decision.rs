//! What was decided on a computer.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Level, LostBecause, Reason, Unmatched, WeakName};
use crate::value::{AssetId, ObjectGuid};

/// How many of the assets that were considered are listed.
pub(super) const MOST_LISTED: usize = 10;

/// What was decided on one computer, and why.
///
/// Serialises to the object that `sync --json --explain` prints. Reasons are sentences there, and come back as such.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(into = "Record", try_from = "Record")]
#[non_exhaustive]
pub struct Decision {
    /// `objectGUID`.
    pub object: ObjectGuid,
    /// What a person would call the computer.
    pub name: Arc<str>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// How good the evidence was that decided.
    pub level: Option<Level>,
    pub(crate) reason: Reason,
    /// Apart, since most have none of it and a run holds the decisions on all computers at once.
    particulars: Option<Box<Particulars>>,
}

/// What few decisions have.
#[derive(Clone, Debug, Default, PartialEq)]
struct Particulars {
    candidates: Vec<Considered>,
    more_candidates: usize,
    succeeds: Vec<ObjectGuid>,
    doubtful: Option<String>,
}

/// What becomes of a computer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// It was tied to this asset before, and stays so.
    Linked(AssetId),
    /// It is tied to this asset from now on.
    Matched(AssetId),
    /// It becomes a new asset, this one.
    Create(AssetId),
    /// Several assets fit equally well; it waits for a person.
    Ambiguous,
    /// It is left out.
    Skipped,
}

impl fmt::Display for Verdict {
    /// The word that is serialised as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linked(_) => "linked",
            Self::Matched(_) => "matched",
            Self::Create(_) => "created",
            Self::Ambiguous => "ambiguous",
            Self::Skipped => "skipped",
        })
    }
}

/// An asset that a computer could have been.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Considered {
    /// The asset.
    #[serde(rename = "asset_id")]
    pub asset: AssetId,
    /// How well it fits; `None` if something speaks against it.
    pub level: Option<Level>,
    pub(crate) lost_because: Option<LostBecause>,
}

impl Considered {
    /// Why it was not taken, as a sentence; `None` for the one that was.
    pub fn lost_because(&self) -> Option<String> {
        self.lost_because.as_ref().map(ToString::to_string)
    }
}

impl Decision {
    pub(crate) fn new(
        object: ObjectGuid,
        name: &Arc<str>,
        verdict: Verdict,
        reason: Reason,
    ) -> Self {
        Self { object, name: Arc::clone(name), verdict, level: None, reason, particulars: None }
    }

    /// The assets that were considered, the best first, at most 10. None for a known object whose names
    /// were not looked at.
    pub fn candidates(&self) -> &[Considered] {
        self.particulars.as_ref().map_or(&[], |particulars| &particulars.candidates)
    }

    /// How many more were considered.
    pub fn more_candidates(&self) -> usize {
        self.particulars.as_ref().map_or(0, |particulars| particulars.more_candidates)
    }

    /// Objects that were tied to the asset and are not in the directory any more, in order. This
    /// computer takes their place: their links must go, so that two objects never share an asset.
    pub fn succeeds(&self) -> &[ObjectGuid] {
        self.particulars.as_ref().map_or(&[], |particulars| &particulars.succeeds)
    }

    /// Who puts the tie in question: a computer of another directory that has the bare short name by which alone this one
    /// is tied, and fits as well.
    pub fn doubtful(&self) -> Option<&str> {
        self.particulars.as_ref()?.doubtful.as_deref()
    }

    /// Says which assets were considered, and how many more.
    pub(crate) fn set_candidates(&mut self, candidates: Vec<Considered>, more: usize) {
        self.change(|particulars| {
            (particulars.candidates, particulars.more_candidates) = (candidates, more);
        });
    }

    /// Leaves out those that were considered and are not to be.
    pub(crate) fn retain_candidates(&mut self, keep: impl FnMut(&Considered) -> bool) {
        self.change(|particulars| particulars.candidates.retain(keep));
    }

    /// Says whose place it takes.
    pub(crate) fn set_succeeds(&mut self, succeeds: Vec<ObjectGuid>) {
        self.change(|particulars| particulars.succeeds = succeeds);
    }

    /// Says who puts the tie in question.
    pub(crate) fn set_doubtful(&mut self, doubtful: Option<String>) {
        self.change(|particulars| particulars.doubtful = doubtful);
    }

    fn change(&mut self, change: impl FnOnce(&mut Particulars)) {
        let mut particulars =
            self.particulars.take().map_or_else(Particulars::default, |particulars| *particulars);
        change(&mut particulars);
        self.particulars = (particulars != Particulars::default()).then(|| Box::new(particulars));
    }

    /// Why, as a sentence without a full stop.
    pub fn reason(&self) -> String {
        self.reason.to_string()
    }

    /// Why, in one word for programs. More may come:
    ///
    /// - of a computer that is an asset: `known`, `decided` (by a person), `names`, `most_recently_seen`, `moved` (from
    ///   another domain), and `undecided` or `contested` if it stays where it is meanwhile;
    /// - of one that is none of the assets: `no_name`, `no_asset`, `weak_names`, `common_names` (it may be one of
    ///   them, see [`is_beside_another`](Self::is_beside_another)), `nothing_fits`, `held` (what fits is another
    ///   computer), `outranked` (another computer fits better), `ambiguous`;
    /// - of one that waits: `ambiguous`, `contested`;
    /// - of one that is left out: `not_a_host`, `excluded`, `awaits_complete_read`, or why it is none of the assets;
    /// - `recorded`: the decision was read from where it was stored, and only the sentence is left.
    pub fn reason_code(&self) -> &'static str {
        self.reason.code()
    }

    /// Whether the computer becomes a new asset.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.verdict, Verdict::Create(_))
    }

    pub(super) fn with_level(self, level: Option<Level>) -> Self {
        Self { level, ..self }
    }

    /// Adds an asset to those that were considered, unless it is one of them.
    pub(crate) fn consider(&mut self, asset: AssetId, lost_because: LostBecause) {
        let is_known = self.candidates().iter().any(|considered| considered.asset == asset);
        if is_known || self.verdict.asset() == Some(asset) {
            return;
        }
        self.change(|Particulars { candidates, more_candidates, .. }| {
            if candidates.len() < MOST_LISTED {
                let lost_because = Some(lost_because);
                candidates.push(Considered { asset, level: None, lost_because });
            } else {
                *more_candidates += 1;
            }
        });
    }

    /// Whether a person should say which asset it is: it waits for that, or stays where it is meanwhile.
    pub fn is_open(&self) -> bool {
        self.verdict == Verdict::Ambiguous
            || self.doubtful().is_some()
            || matches!(self.reason, Reason::Undecided { .. } | Reason::Contested { .. })
    }

    /// Whether nobody can say that it is none of the assets, although it is treated so: it would fit one that is free, by a
    /// name that is no evidence because others have it as well (reason `common_names`).
    ///
    /// No question is asked: one asset called as half of a naming scheme begins would keep all computers of it out of the
    /// inventory. Whoever knows better merges the two.
    pub fn is_beside_another(&self) -> bool {
        matches!(
            self.reason,
            Reason::Unmatched(Unmatched::Common(_)) | Reason::LeftOut(Unmatched::Common(_))
        )
    }

    /// Whether it is left out as unknown although an asset has one of its names, or the names are no evidence only
    /// because of others that have them: something else than a change of its own may let it in.
    pub(crate) fn is_left_out_beside(&self) -> bool {
        let is_shared = |weak: &WeakName| !matches!(weak, WeakName::Weak(..));
        match &self.reason {
            Reason::LeftOut(Unmatched::Weak(weak) | Unmatched::Common(weak)) => {
                weak.iter().any(is_shared)
            }
            Reason::LeftOut(_) => !self.candidates().is_empty(),
            _ => false,
        }
    }

    /// Leaves the computer out if it was matched by its names for the first time.
    ///
    /// To be called when the read was incomplete: a computer that was not read may fit the same asset
    /// better, or make the name a common one. Neither a link nor a person's decision depends on that, and
    /// a computer that is none of the assets would not be one of them after a complete read, either.
    pub fn await_complete_read(&mut self) {
        let by_names = self.level != Some(Level::Constraint);
        if matches!(self.verdict, Verdict::Matched(_)) && by_names {
            self.verdict = Verdict::Skipped;
            self.level = None;
            self.reason = Reason::AwaitsCompleteRead;
            self.set_succeeds(Vec::new());
        }
    }
}

impl Verdict {
    /// The asset that the computer is from now on.
    pub fn asset(self) -> Option<AssetId> {
        match self {
            Self::Linked(asset) | Self::Matched(asset) | Self::Create(asset) => Some(asset),
            Self::Ambiguous | Self::Skipped => None,
        }
    }

    /// The id of the asset that the computer becomes, if it becomes one.
    pub(super) fn new_mut(&mut self) -> Option<&mut AssetId> {
        if let Self::Create(new) = self { Some(new) } else { None }
    }
}

/// A decision as JSON has it.
#[derive(Deserialize, Serialize)]
struct Record {
    object_guid: ObjectGuid,
    name: String,
    decision: Word,
    level: Option<Level>,
    asset_id: Option<AssetId>,
    reason: Reason,
    candidates: Vec<Considered>,
    #[serde(default, skip_serializing_if = "is_zero")]
    more_candidates: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    succeeds: Vec<ObjectGuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubtful: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Linked,
    Matched,
    Created,
    Ambiguous,
    Skipped,
}

impl From<Decision> for Record {
    fn from(decision: Decision) -> Self {
        let particulars = decision.particulars.map(|particulars| *particulars).unwrap_or_default();
        Self {
            object_guid: decision.object,
            name: decision.name.to_string(),
            decision: match decision.verdict {
                Verdict::Linked(_) => Word::Linked,
                Verdict::Matched(_) => Word::Matched,
                Verdict::Create(_) => Word::Created,
                Verdict::Ambiguous => Word::Ambiguous,
                Verdict::Skipped => Word::Skipped,
            },
            level: decision.level,
            asset_id: decision.verdict.asset(),
            reason: decision.reason,
            candidates: particulars.candidates,
            more_candidates: particulars.more_candidates,
            succeeds: particulars.succeeds,
            doubtful: particulars.doubtful,
        }
    }
}

impl TryFrom<Record> for Decision {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let asset =
            record.asset_id.ok_or("a decision that ties a computer to an asset has no asset_id");
        let verdict = match record.decision {
            Word::Linked => Verdict::Linked(asset?),
            Word::Matched => Verdict::Matched(asset?),
            Word::Created => Verdict::Create(asset?),
            Word::Ambiguous => Verdict::Ambiguous,
            Word::Skipped => Verdict::Skipped,
        };
        let mut decision =
            Self::new(record.object_guid, &record.name.into(), verdict, record.reason)
                .with_level(record.level);
        decision.set_candidates(record.candidates, record.more_candidates);
        decision.set_succeeds(record.succeeds);
        decision.set_doubtful(record.doubtful);
        Ok(decision)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
