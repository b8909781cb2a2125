//! How much of what was decided is right.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::AddAssign;

use ldap_inventory::value::ObjectGuid;

use super::generate::company::{Company, ScanId, Side, Truth};

/// What was decided on every computer of the two directories.
pub(crate) type Outcomes = HashMap<(Side, ObjectGuid), Outcome>;

/// What became of one computer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It is this scanned asset.
    Tied(ScanId),
    /// It is this scanned asset, and a person is asked whether that is so.
    Doubted(ScanId),
    /// A person is asked.
    Waits,
    /// It is none of them.
    New,
    /// It is no host.
    LeftOut,
}

/// Numbers of computers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) all: usize,
    /// Of which it can be known what they are.
    pub(crate) known: usize,
    /// Of which nobody can say.
    pub(crate) open: usize,
    /// Tied as they should be.
    pub(crate) right: usize,
    /// Tied to what they are not.
    pub(crate) wrong: usize,
    /// Tied where nobody can say.
    pub(crate) guessed: usize,
    /// Waiting, or tied in doubt, where nobody can say.
    pub(crate) asked: usize,
    /// Waiting, or tied in doubt, where it can be known.
    pub(crate) asked_needlessly: usize,
    /// No hosts that became assets, and hosts that were left out.
    pub(crate) mistaken: usize,
}

/// What was decided, by kind of case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    kinds: BTreeMap<&'static str, Tally>,
    /// The first examples of what went wrong.
    examples: BTreeMap<&'static str, Vec<String>>,
}

impl Score {
    /// Compares what was decided with what can be known.
    pub(crate) fn of(company: &Company, outcomes: &Outcomes) -> Self {
        let mut score = Self::default();
        for account in &company.accounts {
            let Some(object) = &account.after else { continue };
            let outcome = outcomes[&(account.side, object.guid)];
            let tally = Tally::of(&account.truth, outcome);
            *score.kinds.entry(account.kind).or_default() += tally;
            if tally.is_at_fault() {
                let examples = score.examples.entry(account.kind).or_default();
                if examples.len() < 2 {
                    let (name, truth) = (object.display_name(), &account.truth);
                    examples.push(format!("{name}: {outcome:?}, but {truth:?}"));
                }
            }
        }
        score
    }

    pub(crate) fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.kinds.values().for_each(|tally| total += *tally);
        total
    }
}

impl Tally {
    fn of(truth: &Truth, outcome: Outcome) -> Self {
        let one = usize::from;
        let tie = match outcome {
            Outcome::Tied(scan) | Outcome::Doubted(scan) => Some(scan),
            Outcome::Waits | Outcome::New | Outcome::LeftOut => None,
        };
        let is_asked = matches!(outcome, Outcome::Doubted(_) | Outcome::Waits);
        let is_open = matches!(truth, Truth::NobodyCanSay(_));
        let is_right = tie.is_some_and(|scan| *truth == Truth::Is(scan));
        let is_possible =
            tie.is_some_and(|s| matches!(truth, Truth::NobodyCanSay(scans) if scans.contains(&s)));
        let no_host = *truth == Truth::NoHost;
        Self {
            all: 1,
            known: one(matches!(truth, Truth::Is(_))),
            open: one(is_open),
            right: one(is_right),
            wrong: one(tie.is_some() && !is_right && !is_possible),
            guessed: one(is_possible && !is_asked),
            asked: one(is_open && is_asked),
            asked_needlessly: one(!is_open && is_asked),
            mistaken: one(outcome == if no_host { Outcome::New } else { Outcome::LeftOut }),
        }
    }

    /// Of the ties, those that are right.
    pub(crate) fn precision(&self) -> f64 {
        share(self.right, self.right + self.wrong + self.guessed)
    }

    /// Of what can be known, what was found.
    pub(crate) fn recall(&self) -> f64 {
        share(self.right, self.known)
    }

    fn is_at_fault(&self) -> bool {
        self.right < self.known
            || self.wrong + self.guessed + self.asked_needlessly + self.mistaken > 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.known += other.known;
        self.open += other.open;
        self.right += other.right;
        self.wrong += other.wrong;
        self.guessed += other.guessed;
        self.asked += other.asked;
        self.asked_needlessly += other.asked_needlessly;
        self.mistaken += other.mistaken;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "precision {:.4}, recall {:.4}: {} right of {}, {} wrong, {} guessed; \
             {} of {} asked that nobody can say, {} needlessly; {} mistaken",
            self.precision(),
            self.recall(),
            self.right,
            self.known,
            self.wrong,
            self.guessed,
            self.asked,
            self.open,
            self.asked_needlessly,
            self.mistaken,
        )
    }
}

/// The kinds at fault, as a table.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.total())?;
        let header = ["kind", "all", "known", "right", "wrong", "guessed", "needless", "mistaken"];
        writeln!(f, "{}", row(header))?;
        for (kind, tally) in self.kinds.iter().filter(|(_, tally)| tally.is_at_fault()) {
            let Tally { all, known, right, wrong, guessed, asked_needlessly, mistaken, .. } = tally;
            let numbers = [all, known, right, wrong, guessed, asked_needlessly, mistaken];
            let [a, b, c, d, e, g, h] = numbers.map(ToString::to_string);
            writeln!(f, "{}", row([kind, &a, &b, &c, &d, &e, &g, &h]))?;
            for example in self.examples.get(kind).into_iter().flatten() {
                writeln!(f, "    {example}")?;
            }
        }
        Ok(())
    }
}

fn row(cells: [&str; 8]) -> String {
    let [kind, numbers @ ..] = cells;
    numbers.iter().fold(format!("{kind:<40}"), |row, number| format!("{row}{number:>9}"))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
