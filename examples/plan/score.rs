//! How right the answer is.

use ldap_inventory::merge::{Decision, Verdict};

use crate::files::{Assets, Hosts, Truth};

/// An answer beside the truth.
#[derive(Default)]
pub(crate) struct Score {
    /// Computers that were tied to an asset.
    pub(crate) tied: usize,
    /// Computers that are an asset of the file.
    pub(crate) there: usize,
    /// Ties that are right.
    pub(crate) right: usize,
    pub(crate) wrong: Vec<WrongTie>,
    /// Computers of which the truth says nothing.
    pub(crate) unknown: usize,
}

/// A computer that was tied to what it is not.
pub(crate) struct WrongTie {
    pub(crate) host: String,
    pub(crate) tied_to: String,
    /// Empty if it is none of the assets.
    pub(crate) is: String,
    pub(crate) reason: String,
}

impl Score {
    pub(crate) fn of(
        decisions: &[Decision],
        truth: &Truth,
        assets: &Assets,
        hosts: &Hosts,
    ) -> Self {
        let mut score = Self::default();
        for decision in decisions {
            let host = hosts.id(decision.object);
            let Some(is) = truth.of(host) else {
                score.unknown += 1;
                continue;
            };
            score.there += usize::from(!is.is_empty());
            let Verdict::Matched(asset) = decision.verdict else { continue };
            score.tied += 1;
            let tied_to = assets.id(asset);
            if tied_to == is {
                score.right += 1;
            } else {
                score.wrong.push(WrongTie {
                    host: host.to_owned(),
                    tied_to: tied_to.to_owned(),
                    is: is.to_owned(),
                    reason: decision.reason().to_string(),
                });
            }
        }
        score
    }

    /// The share of the ties that are right; 1 if nothing was tied.
    pub(crate) fn precision(&self) -> f64 {
        share(self.right, self.tied)
    }

    /// The share of the ties that there are that were found; 1 if there are none.
    pub(crate) fn recall(&self) -> f64 {
        share(self.right, self.there)
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer computers than that")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
