//! How right the answer is.

use ldap_inventory::merge::{Decision, Verdict};

use crate::files::{Assets, Hosts, Label, Truth};

/// An answer beside the truth.
#[derive(Default)]
pub(crate) struct Score {
    /// Computers that were tied to an asset.
    pub(crate) tied: usize,
    /// Computers that are an asset of the file.
    pub(crate) there: usize,
    /// Ties that are right.
    pub(crate) right: usize,
    /// Computers of which nobody can say what they are.
    pub(crate) open: usize,
    /// Those of them of which that is said: they wait, or are beside an asset that they may be.
    pub(crate) flagged: usize,
    /// Computers of which the same is said although it can be known what they are.
    pub(crate) flagged_needlessly: usize,
    /// Computers that were tied to what they are not, or where nobody can say.
    pub(crate) wrong: Vec<Fault>,
    /// Computers that are an asset and were not tied, and those of which it should have been said that nobody knows.
    pub(crate) missed: Vec<Fault>,
    /// Computers of which the truth says nothing.
    pub(crate) unknown: usize,
}

/// A computer of which something else is true than what was decided.
pub(crate) struct Fault {
    pub(crate) host: String,
    /// Empty if it was tied to none.
    pub(crate) tied_to: String,
    pub(crate) is: Label,
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
            score.there += usize::from(matches!(is, Label::Asset(_)));
            score.open += usize::from(*is == Label::NobodyCanSay);
            let tied_to = match decision.verdict {
                Verdict::Matched(asset) => assets.id(asset),
                _ => "",
            };
            let fault = || Fault {
                host: host.to_owned(),
                tied_to: tied_to.to_owned(),
                is: is.clone(),
                reason: decision.reason().to_string(),
            };
            let is_flagged =
                matches!(decision.verdict, Verdict::Ambiguous) || decision.is_beside_another();
            match is {
                _ if !tied_to.is_empty() => {
                    score.tied += 1;
                    match is {
                        Label::Asset(asset) if asset == tied_to => score.right += 1,
                        _ => score.wrong.push(fault()),
                    }
                }
                Label::NobodyCanSay if is_flagged => score.flagged += 1,
                Label::NobodyCanSay => score.missed.push(fault()),
                Label::Asset(_) => {
                    score.flagged_needlessly += usize::from(is_flagged);
                    score.missed.push(fault());
                }
                Label::New => score.flagged_needlessly += usize::from(is_flagged),
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

    /// The share of what nobody can say of which that is said; 1 if there is nothing of the kind.
    pub(crate) fn flagged_share(&self) -> f64 {
        share(self.flagged, self.open)
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer computers than that")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
