//! Better than a join: labelled companies of two domains, and how much of what is decided on them is right.
//!
//! A *company* is made up by [`generate`]: two directories and a scanner, with every [kind](generate::kinds) of trouble that two
//! of them have with each other, and for each account what can be known of it ([`generate::company::Truth`]) from
//! what is shown. Where nothing that is shown can tell, nobody can say, and every tie is a guess.
//! [`play`] has the crate work through it, [`join`] is what a careful engineer would write instead, and
//! [`score`] compares.

pub(crate) mod generate;
mod join;
mod play;
mod score;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use ldap_inventory::name::Hostname;

use self::generate::company::{Company, Forest, Side, Truth, Visit};
use self::generate::{kinds, near};
use self::play::{Play, Played};
use self::score::{Outcome, Score};

const SEED: u64 = 8;
const FORESTS: [Forest; 2] = [Forest::One, Forest::Two];
const ORDERS: [[Side; 2]; 2] = [[0, 1], [1, 0]];

#[test]
fn a_company_is_the_same_for_the_same_seed_and_hard() {
    let company = generate::company(SEED, 3_000, Forest::One);
    assert_eq!(company, generate::company(SEED, 3_000, Forest::One));
    assert!(company.accounts.len() >= 3_000);
    let hard: HashSet<&str> =
        kinds::all().filter(|kind| kind.is_hard).map(|kind| kind.name).collect();
    let of_hard_kinds = company.accounts.iter().filter(|account| hard.contains(account.kind));
    let share = of_hard_kinds.count() as f64 / company.accounts.len() as f64;
    assert!(share >= 0.4, "{share:.2} of the accounts are of hard kinds");
    let met: BTreeSet<&str> = company.accounts.iter().map(|account| account.kind).collect();
    for kind in kinds::all().filter(|kind| kind.name != "no account") {
        assert!(met.contains(kind.name), "no case of {:?}", kind.name);
    }
}

#[test]
fn no_label_contradicts_another() {
    for forest in FORESTS {
        let company = generate::company(SEED, 3_000, forest);
        let mut taken = HashSet::new();
        for account in company.accounts.iter().filter(|account| account.after.is_some()) {
            let one_to_one = match account.truth {
                Truth::Is(scan) => taken.insert((account.side, scan)),
                _ => true,
            };
            assert!(one_to_one, "two computers are one asset: {account:?}");
        }
        for visit in [Visit::First, Visit::Second] {
            let objects = company.accounts.iter().filter_map(|account| account.at(visit));
            let guids: Vec<_> = objects.map(|object| object.guid).collect();
            let distinct: HashSet<_> = guids.iter().collect();
            assert_eq!(distinct.len(), guids.len(), "an objectGUID is in two places");
        }
    }
}

#[test]
fn near_names_are_shown_as_they_were_made() {
    let company = generate::company(SEED, 3_000, Forest::Two);
    assert!(company.near_misses.len() > 20);
    for near in company.near_misses.iter().chain(&company.neighbours) {
        assert!(company.scans[near.scan].names.contains(&near.scanned));
        assert_ne!(near.computer, near.scanned);
    }
    for (computer, scanned) in
        near::PAIRS.iter().map(|(a, b, _)| (a, b)).chain(near::NO_PAIRS.iter().map(|(a, b)| (a, b)))
    {
        let computer = Hostname::parse(computer).unwrap();
        assert_ne!(Hostname::parse(scanned).ok(), Some(computer));
    }
}

#[tokio::test]
async fn near_names_tie_nothing() {
    let company = generate::company(SEED, 1_000, Forest::Two);
    let played = Play { order: [0, 1], is_told: true }.through(&company).await;
    for near in company.near_misses.iter().chain(&company.neighbours) {
        let outcome = [0, 1].map(|side| played.outcomes.get(&(side, near.object)).copied());
        assert!(outcome.contains(&Some(Outcome::New)), "{near:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn better_than_a_join_in_one_forest() {
    better_than_a_join(Forest::One).await;
}

#[tokio::test]
async fn better_than_a_join_in_two_forests() {
    better_than_a_join(Forest::Two).await;
}

async fn better_than_a_join(forest: Forest) {
    for comparison in compare(10_000, forest).await {
        assert_better(&comparison);
        assert_nothing_needless(&comparison);
        assert_stable(&comparison);
    }
}

/// No wrong tie, no guess, nearly everything that can be known, and in nothing worse than the join.
fn assert_better(comparison: &Comparison) {
    let (ours, join) = (comparison.ours.total(), comparison.join.total());
    assert_eq!((ours.wrong, ours.guessed), (0, 0), "{comparison}");
    let least = if comparison.play.is_told { 0.95 } else { 0.92 };
    assert!(ours.recall() >= least, "{comparison}");
    assert!(ours.precision() >= join.precision(), "{comparison}");
    assert!(ours.recall() >= join.recall(), "{comparison}");
}

/// A person is asked nothing that can be known, and assets are made of hosts alone.
fn assert_nothing_needless(comparison: &Comparison) {
    let ours = comparison.ours.total();
    assert_eq!((ours.asked_needlessly, ours.mistaken), (0, 0), "{comparison}");
}

fn assert_stable(comparison: &Comparison) {
    let (count, first) = (comparison.unstable.len(), comparison.unstable.iter().take(20));
    let first: Vec<&String> = first.collect();
    assert_eq!(count, 0, "{}: {first:#?}", comparison.title());
}

/// Ours beside the join's.
struct Comparison {
    forest: Forest,
    play: Play,
    ours: Score,
    join: Score,
    unstable: Vec<String>,
}

/// A company in both orders of the directories, with the suffixes told and without.
async fn compare(accounts: usize, forest: Forest) -> Vec<Comparison> {
    let company = generate::company(SEED, accounts, forest);
    let join = Score::of(&company, &join::join(&company));
    let mut all = Vec::new();
    for order in ORDERS {
        for is_told in [true, false] {
            all.push(compare_once(&company, Play { order, is_told }, join.clone()).await);
        }
    }
    all
}

async fn compare_once(company: &Company, play: Play, join: Score) -> Comparison {
    let Played { outcomes, unstable } = play.through(company).await;
    let ours = Score::of(company, &outcomes);
    let comparison = Comparison { forest: company.forest, play, ours, join, unstable };
    println!("{comparison}");
    comparison
}

impl Comparison {
    fn title(&self) -> String {
        let Play { order, is_told } = self.play;
        let told = if is_told { "suffixes told" } else { "no suffix told" };
        let unstable = self.unstable.len();
        format!("Forest {:?}, order {order:?}, {told}; {unstable} not stable", self.forest)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\nOurs: {}\nThe join: {}", self.title(), self.ours, self.join)
    }
}
