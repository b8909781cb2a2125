//! Two scanned assets of one name: a machine that was rebuilt, or one that starts two systems.

use super::super::company::{Scan, Truth};
use super::super::entry::{Entry, System};
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("twins, the systems differ", 20, systems_differ).by_names(by_names::open),
    Kind::new("twins of one system", 14, of_one_system),
    Kind::new("twins, one of no known system", 6, one_unknown),
    Kind::new("twins, the known system differs", 6, known_differs).by_names(by_names::open),
    Kind::new("twins, one of them qualified", 6, one_qualified),
    Kind::new("name of seven", 4, seven),
];

/// A computer, and the one name that both of its twins have.
fn computer(g: &mut Generator) -> (Entry, String) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let shown = if g.one_in(2) { g.fqdn(side, &name) } else { name };
    (entry, shown)
}

fn twin(g: &mut Generator, name: &str, system: Option<System>) -> usize {
    let os = system.map(|system| g.scanned_os(system));
    let days = g.random.below(200) as u32;
    g.found(Scan::named([name]).with_os(os).seen(days))
}

fn other(system: System) -> System {
    match system {
        System::Windows => System::Linux,
        System::Linux => System::Windows,
    }
}

fn systems_differ(g: &mut Generator) {
    let (entry, name) = computer(g);
    let mut systems = [entry.system, other(entry.system)];
    systems.rotate_left(g.random.below(2));
    let scans = systems.map(|system| twin(g, &name, Some(system)));
    let own = if systems[0] == entry.system { scans[0] } else { scans[1] };
    g.stays(&entry, Truth::Is(own));
}

fn of_one_system(g: &mut Generator) {
    let (entry, name) = computer(g);
    let scans = [(); 2].map(|()| twin(g, &name, Some(entry.system)));
    g.stays(&entry, nobody_can_say(scans));
}

fn one_unknown(g: &mut Generator) {
    let (entry, name) = computer(g);
    let scans = [Some(entry.system), None].map(|system| twin(g, &name, system));
    g.stays(&entry, nobody_can_say(scans));
}

fn known_differs(g: &mut Generator) {
    let (entry, name) = computer(g);
    let [_, own] = [Some(other(entry.system)), None].map(|system| twin(g, &name, system));
    g.stays(&entry, Truth::Is(own));
}

fn one_qualified(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let fqdn = g.fqdn(side, &name);
    let [own, _] = [&fqdn, &name].map(|name| twin(g, name, Some(entry.system)));
    g.stays(&entry, Truth::Is(own));
}

/// An image's name that nobody changed.
fn seven(g: &mut Generator) {
    let (entry, name) = computer(g);
    let scans = [(); 7].map(|()| twin(g, &name, Some(entry.system)));
    g.stays(&entry, nobody_can_say(scans));
}
