//! What goes wrong in a session.

use std::collections::BTreeMap;

use ldap_inventory::testing::{Fault, LdapResult, OperationKind, Script, SplitMix, When};

use super::foreign::Foreign;
use super::tampering::Tampering;

/// Who chooses: chance, or a fuzzer.
pub(crate) trait Choices {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize;
}

impl Choices for SplitMix {
    fn below(&mut self, bound: usize) -> usize {
        SplitMix::below(self, bound)
    }
}

/// What goes wrong in a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// What somebody in the middle does to what the server sends, piece by piece.
    pub(crate) tampering: BTreeMap<usize, Tampering>,
    /// What the server itself does, within TLS as well.
    pub(crate) faults: Script,
    faults_count: usize,
    hides_pages: bool,
    replaces: bool,
}

impl Plan {
    /// Up to three faults of either kind, in a session of so many pieces.
    pub(crate) fn choose(choices: &mut impl Choices, pieces: usize) -> Self {
        let mut plan = Self::default();
        for _ in 0..choices.below(4) {
            let piece = choices.below(pieces);
            plan.tampering.insert(piece, Tampering::choose(choices));
        }
        for _ in 0..[0, 0, 1, 2][choices.below(4)] {
            plan.add_fault(choices, pieces);
        }
        plan
    }

    /// Whether it may have a server say, in words that others say in truth, that it has less than it has: that it has
    /// told all of a search before it did, something else in the place of an entry, or nothing of further pages to whoever
    /// makes sure of that by a second question. Nobody can know better.
    pub(crate) fn may_lie(&self) -> bool {
        let says_done = |tampering: &Tampering| matches!(tampering, Tampering::After(foreign, _) if foreign.says_done());
        let hides_pages = |tampering: &Tampering| {
            matches!(tampering, Tampering::WithoutControls | Tampering::Flipped(_))
        };
        let hides = self.hides_pages || self.tampering.values().any(hides_pages);
        let count = self.tampering.len() + self.faults_count;
        self.replaces || self.tampering.values().any(says_done) || (hides && count > 1)
    }

    /// Whether a bit is turned.
    pub(crate) fn turns_bits(&self) -> bool {
        self.tampering.values().any(|tampering| matches!(tampering, Tampering::Flipped(_)))
    }

    fn add_fault(&mut self, choices: &mut impl Choices, pieces: usize) {
        use OperationKind::{Bind, Extended, Search, StartTls};
        let (when, kind) = match choices.below(6) {
            0 => (When::accepted(), None),
            1 => (When::bytes_sent(choices.below(1 << 14) as u64), None),
            2 => (When::message().nth(1 + choices.below(pieces)), None),
            _ => {
                let kind = [Search, Search, Search, Bind, StartTls, Extended][choices.below(6)];
                let nth = 1 + if kind == Search { choices.below(40) } else { 0 };
                (When::operation(kind).nth(nth), Some(kind))
            }
        };
        let fault = self.fault(choices, kind);
        self.faults = std::mem::take(&mut self.faults).with(when, fault);
        self.faults_count += 1;
    }

    /// `operation`: in the place of whose answer it may be.
    fn fault(&mut self, choices: &mut impl Choices, operation: Option<OperationKind>) -> Fault {
        match choices.below(12) {
            0 => Fault::Close,
            1 => Fault::Truncate,
            2 => Fault::Reset,
            3 => Fault::Stall,
            4 => Fault::ThenClose,
            5 => {
                self.hides_pages = true;
                Fault::OmitPagedControl
            }
            6 => Fault::Cookie((0..=choices.below(8)).map(|_| choices.below(256) as u8).collect()),
            7 | 8 => {
                let code =
                    [1, 2, 4, 8, 10, 12, 14, 32, 49, 50, 51, 52, 53, 80, 118, 0][choices.below(16)];
                // A search of which nothing is told is one that found nothing.
                self.replaces |= code == 0 && operation == Some(OperationKind::Search);
                Fault::Answer(LdapResult::new(code, "no").with_referral("ldap://evil/DC=x"))
            }
            9 => Fault::Flood(self.foreign(choices).raw()),
            10 => Fault::Before(self.foreign(choices).raw()),
            _ if choices.below(2) == 0 => Fault::After(self.foreign(choices).raw()),
            _ => {
                self.replaces = true;
                Fault::Instead(Foreign::choose(choices).raw())
            }
        }
    }

    fn foreign(&mut self, choices: &mut impl Choices) -> Foreign {
        let foreign = Foreign::choose(choices);
        self.replaces |= foreign.says_done();
        foreign
    }
}
