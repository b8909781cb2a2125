//! How much work deciding is, in counted steps, and that it can be stopped at any time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{World, domain, host, id, scanned};
use crate::merge::{Candidate, Computer, Verdict, Watch};
use crate::value::ObjectGuid;

/// Counts, and stops the work when it is asked the n-th time.
#[derive(Default)]
struct Counter {
    steps: AtomicUsize,
    asked: AtomicUsize,
    stop_at: Option<usize>,
}

/// A world of so many computers.
type WorldOf = fn(usize) -> World;

#[derive(Debug, Eq, PartialEq)]
struct Stopped;

impl Watch for Counter {
    type Stop = Stopped;

    fn passed(&self, steps: usize) -> Result<(), Stopped> {
        self.steps.fetch_add(steps, Ordering::Relaxed);
        let before = self.asked.fetch_add(1, Ordering::Relaxed);
        if Some(before) == self.stop_at { Err(Stopped) } else { Ok(()) }
    }
}

fn computer(n: usize, names: &[&str]) -> Computer {
    let guid = ObjectGuid::from_bytes((n as u128 + 1).to_be_bytes());
    Computer::named(guid, names.iter().map(|name| host(name)), domain())
}

fn asset(n: usize, names: &[&str]) -> Candidate {
    Candidate::of(&scanned(n as u128, names, &[]))
}

fn world(
    computers: impl IntoIterator<Item = Computer>,
    candidates: impl IntoIterator<Item = Candidate>,
) -> World {
    let mut world = World::of([], []);
    world.computers = computers.into_iter().collect();
    world.candidates = candidates.into_iter().collect();
    world
}

/// Three of four are known, two of them by their FQDN.
fn plain(n: usize) -> World {
    let full = |n: usize| format!("host-{n}.corp.example");
    let short = |n: usize| format!("host-{n}");
    let computers = (0..n).map(|n| computer(n, &[&full(n), &short(n)]));
    let known = (0..n).filter(|n| n % 4 != 3);
    let assets = known.map(|n| asset(n, &[&if n % 4 == 2 { short(n) } else { full(n) }]));
    world(computers, assets)
}

/// Everybody is called the same, each in a domain of its own.
fn one_name(n: usize) -> World {
    let name = |n: usize| format!("server.d{n}.example");
    let computers = (0..n).map(|n| computer(n, &[&name(n), "server"]));
    world(computers, (0..n).map(|n| asset(n, &[&name(n)])))
}

/// All names begin with the same 15 characters, half of the computers are called by these, and every asset.
fn one_beginning(n: usize) -> World {
    let name = |n: usize| format!("averylonghostname-{n}.corp.example");
    let cut = "averylonghostna";
    let computers = (0..n).map(|n| match n % 2 {
        0 => computer(n, &[&name(n), cut]),
        _ => computer(n, &[cut]),
    });
    world(computers, (0..n).map(|n| asset(n, &[&name(n), cut])))
}

/// Each may be the asset of the one before or another one, and only what the one before gets says which.
fn chain(n: usize) -> World {
    let name = |n: usize| format!("x{n}");
    let computers = (0..n).map(|n| match n {
        0 => computer(n, &[&name(1)]),
        _ => computer(n, &[&name(n), &name(n + 1)]),
    });
    world(computers, (1..=n).map(|n| asset(n, &[&name(n)])))
}

/// The same where each asset has a name beside that all of them have.
fn common_chain(n: usize) -> World {
    let mut world = chain(n);
    let all = || [host("server")];
    world.candidates.iter_mut().for_each(|asset| asset.whole.names.extend(all()));
    for computer in &mut world.computers {
        computer.names = computer.names.iter().cloned().chain(all()).collect();
    }
    world
}

/// Eight computers and eight assets each that have one another's names.
fn clusters(n: usize) -> World {
    let names = |n: usize| {
        let first = n / 8 * 8;
        [n, first + (n + 1) % 8, first + (n * 3) % 8].map(|n| format!("c{n}"))
    };
    let computers = (0..n).map(|n| {
        let [own, next, third] = names(n);
        computer(n, &[&format!("{own}.corp.example"), &next, &third])
    });
    let assets = (0..n).map(|n| {
        let [own, _, third] = names(n);
        asset(n, &[&own, &third])
    });
    world(computers, assets)
}

/// Computers that are disabled, as many as there are, with the name of one asset.
fn former(n: usize) -> World {
    let mut world = world((0..n).map(|n| computer(n, &["web1"])), [asset(1, &["web1"])]);
    world.computers.iter_mut().for_each(|computer| computer.is_disabled = true);
    world
}

fn steps(world: &World) -> usize {
    let counter = Counter::default();
    world.decide_watched(&counter).unwrap();
    counter.steps.into_inner()
}

#[test]
fn four_times_as_much_takes_four_times_the_steps() {
    let worlds: [(&str, WorldOf); 7] = [
        ("plain", plain),
        ("one name", one_name),
        ("one beginning", one_beginning),
        ("chain", chain),
        ("chain of a common name", common_chain),
        ("clusters", clusters),
        ("former", former),
    ];
    for (name, of) in worlds {
        let (few, many) = (steps(&of(1_000)), steps(&of(4_000)));
        assert!(few >= 1_000, "{name}: {few}");
        assert!(2 * many <= 9 * few, "{name}: {few}, then {many}");
    }
}

#[test]
fn a_computer_is_a_step_even_if_nothing_has_to_be_decided_on_it() {
    let mut world = plain(100);
    let known = world.computers.iter().zip(1..).map(|(computer, n)| (computer.object, id(n)));
    world.links = known.collect();
    assert_eq!(steps(&world), 100);
}

#[test]
fn a_chain_is_settled_link_by_link() {
    let decisions = chain(100).decide();
    for (decision, n) in decisions.iter().zip(1..) {
        assert_eq!(decision.verdict, Verdict::Matched(id(n)));
    }
}

#[test]
fn deciding_stops_whenever_it_is_asked() {
    for world in [plain(1_000), chain(1_000)] {
        let all = Counter::default();
        let decisions = world.decide_watched(&all).unwrap();
        let asked = all.asked.into_inner();
        assert!(asked > 3);
        for stop_at in 0..asked {
            let counter = Counter { stop_at: Some(stop_at), ..Counter::default() };
            assert_eq!(world.decide_watched(&counter), Err(Stopped), "{stop_at}");
        }
        let counter = Counter { stop_at: Some(asked), ..Counter::default() };
        assert_eq!(world.decide_watched(&counter), Ok(decisions));
    }
}
