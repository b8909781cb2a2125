//! What people did.

use std::fmt;

use serde::Serialize;

use super::Curation;
use super::annotating::Annotation;
use super::changed_field::ChangedField;
use super::deleting::Deletion;
use crate::Result;
use crate::asset::{Constraint, ConstraintKind, MergeRecord};
use crate::error::Printable;
use crate::merge::{MovedRecord, merge_as_told};
use crate::value::{AssetId, MergeId, Timestamp};

/// One thing that a person did. Prints as a sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "act", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Made one asset of several.
    Merged {
        /// The merge.
        #[serde(serialize_with = "merge_as_told")]
        merge: Box<MergeRecord>,
    },
    /// Took a merge back.
    Unmerged {
        /// The merge.
        merge: MergeId,
        /// The asset that had survived it.
        survivor: AssetId,
    },
    /// Said that an object is an asset.
    Linked {
        /// The decision.
        decision: Constraint,
    },
    /// Said that an object is not an asset.
    Separated {
        /// The decision.
        decision: Constraint,
    },
    /// Took a decision on an object and an asset back.
    Forgot {
        /// The decision.
        decision: Constraint,
    },
    /// Said who owns an asset, what it is filed under, and the like.
    Annotated {
        /// The asset.
        asset: AssetId,
        /// What people called it.
        name: String,
        /// What is another than it was.
        fields: Vec<ChangedField>,
        /// Why, in a few words; empty where no reason was given.
        why: String,
    },
    /// Took an asset out of the inventory.
    Deleted {
        /// The asset.
        asset: AssetId,
        /// What people called it.
        name: String,
        /// Why, in a few words; empty where no reason was given.
        why: String,
    },
}

impl Curation<'_> {
    /// Merges, decisions, annotations and deletions, and that they were taken back, oldest first.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn history(&self) -> Result<Vec<Entry>> {
        let merges = self.repository.merges(&self.organization).await?;
        let mut entries = Vec::new();
        for record in &merges {
            let merge = Box::new(record.clone());
            entries.push(Entry {
                at: record.at,
                by: record.by.clone(),
                action: Action::Merged { merge },
            });
            if let Some((at, by)) = &record.undone {
                let action = Action::Unmerged { merge: record.id, survivor: record.survivor };
                entries.push(Entry { at: *at, by: by.clone(), action });
            }
        }
        for mut decision in self.repository.constraints(&self.organization).await? {
            let earlier = std::mem::take(&mut decision.earlier);
            let all = [decision].into_iter().chain(earlier);
            entries.extend(all.filter(|d| !is_along(&merges, d)).flat_map(told));
        }
        for (at, Deletion { asset, name, by, why }) in self.deletions().await? {
            entries.push(Entry { at, by, action: Action::Deleted { asset, name, why } });
        }
        for (at, Annotation { by, why, assets }) in self.annotations().await? {
            entries.extend(assets.into_iter().map(|said| {
                let (asset, name, why) = (said.asset, said.name.clone(), why.clone());
                let action = Action::Annotated { asset, name, fields: said.fields(), why };
                Entry { at, by: by.clone(), action }
            }));
        }
        entries.sort_by_key(|entry| entry.at);
        Ok(entries)
    }
}

impl Action {
    /// The asset that it is about.
    pub(super) fn asset(&self) -> AssetId {
        match self {
            Self::Merged { merge } => merge.survivor,
            Self::Unmerged { survivor, .. } => *survivor,
            Self::Linked { decision }
            | Self::Separated { decision }
            | Self::Forgot { decision } => decision.asset,
            Self::Annotated { asset, .. } | Self::Deleted { asset, .. } => *asset,
        }
    }

    /// Whether records may be part of other assets by it.
    pub(super) fn moves_records(&self) -> bool {
        !matches!(self, Self::Annotated { .. } | Self::Deleted { .. })
    }

    /// Whether it says where this record is, or is a merge of one of its two assets.
    pub(super) fn is_about(&self, moved: &MovedRecord) -> bool {
        let is_side = |asset| [moved.from, moved.to].contains(&Some(asset));
        match self {
            Self::Merged { merge } => is_side(merge.survivor) || merge.others().any(is_side),
            Self::Unmerged { survivor, .. } => is_side(*survivor),
            Self::Linked { decision }
            | Self::Separated { decision }
            | Self::Forgot { decision } => {
                decision.source == moved.source && Some(decision.object) == moved.object
            }
            Self::Annotated { .. } | Self::Deleted { .. } => false,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Merged { merge } => merge.fmt(f),
            Action::Unmerged { merge, survivor } => {
                let by = Printable(&self.by);
                write!(f, "{by} took merge {merge} into {survivor} back at {}", self.at)
            }
            Action::Linked { decision } | Action::Separated { decision } => decision.fmt(f),
            Action::Forgot { decision } => {
                write!(f, "{} took back at {}: ", Printable(&self.by), self.at)?;
                decision.fmt(f)
            }
            Action::Annotated { asset, name, fields, why } => {
                let (by, name) = (Printable(&self.by), Printable(name));
                let said = fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "{by} annotated {name} (asset {asset}) at {}: {said}", self.at)?;
                if why.is_empty() { Ok(()) } else { write!(f, "; {}", Printable(why)) }
            }
            Action::Deleted { asset, name, why } => {
                let (by, name) = (Printable(&self.by), Printable(name));
                write!(f, "{by} deleted {name} (asset {asset}) at {}", self.at)?;
                if why.is_empty() { Ok(()) } else { write!(f, ": {}", Printable(why)) }
            }
        }
    }
}

/// Whether the first version of the inventory made a decision along with a merge.
fn is_along(merges: &[MergeRecord], decision: &Constraint) -> bool {
    merges.iter().any(|record| {
        let signed = record.by == decision.by && record.at == decision.at;
        let kept = record.first_version.iter().flat_map(|kept| &kept.decided);
        signed && kept.into_iter().any(|own| own.object == decision.object)
    })
}

/// That it was decided, and that it was taken back.
fn told(decision: Constraint) -> impl Iterator<Item = Entry> {
    let forgotten = decision.forgotten.clone().map(|(at, by)| {
        let action = Action::Forgot { decision: decision.clone() };
        Entry { at, by, action }
    });
    let (at, by) = (decision.at, decision.by.clone());
    let action = match decision.kind {
        ConstraintKind::MustLink => Action::Linked { decision },
        ConstraintKind::CannotLink => Action::Separated { decision },
    };
    [Entry { at, by, action }].into_iter().chain(forgotten)
}
