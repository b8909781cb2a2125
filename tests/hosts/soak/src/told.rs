//! What processes tell, in lines of JSON, and the ledger of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::time::{Instant, SystemTime};

use ldap_inventory::value::{AssetId, BatchId, MergeId, RunId, SourceId};
use ldap_inventory::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::process::Role;

/// What a process tells.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Told {
    /// It is about to send a batch that makes so many events.
    Sending {
        batch: BatchId,
        source: SourceId,
        events: usize,
    },
    /// What came of it: `Some` if it was written now, or had been; `None` if it was not.
    Sent {
        batch: BatchId,
        is_written: Option<bool>,
        micros: u64,
    },
    /// It was not told what came of it.
    Unanswered {
        batch: BatchId,
    },
    /// A lease was granted or prolonged, between these two times.
    Leased {
        source: SourceId,
        holder: RunId,
        token: u64,
        asked: u128,
        granted: u128,
    },
    /// A run of a directory ended.
    Ran {
        directory: usize,
        run: RunId,
        is_complete: bool,
        micros: u64,
    },
    /// It is about to say this of an asset.
    Saying {
        asset: AssetId,
        comment: String,
    },
    Said {
        asset: AssetId,
        micros: u64,
    },
    /// Nothing of it was written.
    NotSaid {
        asset: AssetId,
    },
    Merging,
    Merged {
        merge: MergeId,
        micros: u64,
    },
    NotMerged,
    Unmerging {
        merge: MergeId,
    },
    Unmerged {
        merge: MergeId,
        micros: u64,
    },
    NotUnmerged {
        merge: MergeId,
    },
    /// Something was asked.
    Asked {
        what: String,
        micros: u64,
    },
    /// Something was refused that may be.
    Refused {
        what: String,
    },
    /// Something went wrong that must not.
    Broken {
        what: String,
    },
}

impl Told {
    /// Tells it: a line at once, so that a line which is there is whole.
    pub(crate) fn tell(&self) {
        let line = serde_json::to_string(self).expect("what is told is JSON");
        let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    }
}

/// The microseconds since then.
pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds that all processes of a machine count alike.
pub(crate) fn clock() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |it| it.as_micros())
}

/// Tells of a failure: what may be refused, or that it is something else.
pub(crate) fn failed(what: &str, error: &Error, may_be: &[ErrorKind]) {
    let what = format!("{what}: {}", error.report());
    match may_be.contains(&error.kind()) {
        true => Told::Refused {
            what: format!("{:?} {}", error.kind(), what.split(':').next().unwrap_or_default()),
        },
        false => Told::Broken { what },
    }
    .tell();
}

/// A batch that was sent.
#[derive(Clone, Debug)]
pub(crate) struct SentBatch {
    pub(crate) source: SourceId,
    pub(crate) events: usize,
    /// `None`: nobody was told.
    pub(crate) is_written: Option<bool>,
}

/// What was last said of an asset, and what may have been said since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comment {
    pub(crate) said: Option<String>,
    pub(crate) in_doubt: Vec<String>,
}

/// A grant of a lease.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) holder: RunId,
    pub(crate) token: u64,
    pub(crate) asked: u128,
    pub(crate) granted: u128,
}

/// All that was told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) batches: HashMap<BatchId, SentBatch>,
    pub(crate) conflicts: u64,
    pub(crate) grants: BTreeMap<SourceId, Vec<Grant>>,
    pub(crate) runs: BTreeMap<usize, BTreeSet<RunId>>,
    pub(crate) incomplete: u64,
    pub(crate) comments: BTreeMap<AssetId, Comment>,
    /// Each merge, and whether it was taken back; `None` if that is in doubt.
    pub(crate) merges: BTreeMap<MergeId, Option<bool>>,
    /// So many merges were begun of which nobody knows.
    pub(crate) merges_in_doubt: usize,
    pub(crate) waits: BTreeMap<String, Vec<u64>>,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) kills: u64,
    broken: BTreeMap<String, u64>,
}

impl Ledger {
    pub(crate) fn hear(&mut self, role: Role, told: Told) {
        match told {
            Told::Sending { batch, source, events } => {
                _ = self.batches.insert(batch, SentBatch { source, events, is_written: None });
            }
            Told::Sent { batch, is_written, micros } => {
                self.waited("commit", micros);
                self.conflicts += u64::from(is_written.is_none());
                let known = self.batches.get_mut(&batch).map(|sent| &mut sent.is_written);
                // One that was written when nobody heard of it is there all the same.
                known.into_iter().for_each(|known| *known = Some(is_written.is_some()));
            }
            Told::Unanswered { .. } => {}
            Told::Leased { source, holder, token, asked, granted } => {
                self.waited(
                    "lease",
                    u64::try_from(granted.saturating_sub(asked)).unwrap_or(u64::MAX),
                );
                self.grants.entry(source).or_default().push(Grant {
                    holder,
                    token,
                    asked,
                    granted,
                });
            }
            Told::Ran { directory, run, is_complete, micros } => {
                self.waited("run", micros);
                self.incomplete += u64::from(!is_complete);
                self.runs.entry(directory).or_default().insert(run);
            }
            Told::Asked { what, micros } => self.waited(&what, micros),
            Told::Refused { what } => *self.refused.entry(what).or_default() += 1,
            Told::Broken { what } => {
                *self.broken.entry(format!("{role:?} was told: {what}")).or_default() += 1;
            }
            said => self.hear_people(said),
        }
    }

    fn hear_people(&mut self, told: Told) {
        match told {
            Told::Saying { asset, comment } => {
                self.comments.entry(asset).or_default().in_doubt.push(comment);
            }
            Told::Said { asset, micros } => {
                self.waited("annotate", micros);
                let known = self.comments.entry(asset).or_default();
                known.said = known.in_doubt.pop();
                known.in_doubt.clear();
            }
            Told::NotSaid { asset } => _ = self.comments.entry(asset).or_default().in_doubt.pop(),
            Told::Merging => self.merges_in_doubt += 1,
            Told::Merged { merge, micros } => {
                self.waited("merge", micros);
                self.merges_in_doubt -= 1;
                self.merges.insert(merge, Some(false));
            }
            Told::NotMerged => self.merges_in_doubt -= 1,
            Told::Unmerging { merge } => _ = self.merges.insert(merge, None),
            Told::Unmerged { merge, micros } => {
                self.waited("unmerge", micros);
                self.merges.insert(merge, Some(true));
            }
            Told::NotUnmerged { merge } => _ = self.merges.insert(merge, Some(false)),
            _ => {}
        }
    }

    fn waited(&mut self, what: &str, micros: u64) {
        match self.waits.get_mut(what) {
            Some(waits) => waits.push(micros),
            None => _ = self.waits.insert(what.to_owned(), vec![micros]),
        }
    }

    /// What nobody should have been told.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.broken.iter().map(|(what, times)| format!("{times} times: {what}")).collect()
    }
}
