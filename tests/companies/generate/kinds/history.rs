//! What happens between two visits.

use super::super::company::{Forest, Scan, Truth};
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("renamed", 12, renamed).stale().by_names(by_names::nothing),
    Kind::new("renamed, its name taken", 8, name_taken).stale().by_names(by_names::of_a_taken_name),
    Kind::new("joined again", 14, joined_again).stale(),
    Kind::new("moved within the forest", 8, moved).stale().by_names(by_names::where_it_was),
    Kind::new("scanned later", 14, scanned_later),
    Kind::new("scanned twice later", 4, scanned_twice_later),
];

fn renamed(g: &mut Generator) {
    let (side, name, later) = (g.side(), g.name(), g.name());
    let before = g.entry(side, &name);
    let names = if g.one_in(2) { vec![name] } else { vec![g.fqdn(side, &name)] };
    let scan = g.scanned(&before, names);
    let after = before.renamed(&later, g.domains[side].dns);
    g.changes(side, Some(&before), Some(&after), Truth::Is(scan));
}

/// Another machine joins under the old name, and is scanned as well.
fn name_taken(g: &mut Generator) {
    let (side, name, later) = (g.side(), g.name(), g.name());
    let before = g.entry(side, &name);
    let fqdn = g.fqdn(side, &name);
    let names = if g.one_in(2) { vec![name.clone()] } else { vec![fqdn.clone(), name.clone()] };
    let first = g.scanned(&before, names);
    let after = before.renamed(&later, g.domains[side].dns);
    g.changes(side, Some(&before), Some(&after), Truth::Is(first));
    let successor = g.entry(side, &name);
    let names = if g.one_in(2) { vec![name] } else { vec![fqdn, name] };
    let second = g.scan_of(&successor, names).seen(0).late();
    let second = g.found(second);
    g.changes(side, None, Some(&successor), Truth::Is(second));
}

/// The account was deleted and made anew: another objectGUID.
fn joined_again(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let before = g.entry(side, &name);
    let names = if g.one_in(2) { vec![name] } else { vec![g.fqdn(side, &name)] };
    let scan = g.scanned(&before, names);
    let mut after = before.clone();
    after.guid = g.guid();
    g.changes(side, Some(&before), None, Truth::Is(scan));
    g.changes(side, None, Some(&after), Truth::Is(scan));
}

/// Within a forest the account keeps its objectGUID; between two it cannot, and is renamed instead.
fn moved(g: &mut Generator) {
    if g.company.forest == Forest::Two {
        return renamed(g);
    }
    let (side, name) = (g.side(), g.name());
    let before = g.entry(side, &name);
    let names = if g.one_in(2) { vec![name.clone()] } else { vec![g.fqdn(side, &name)] };
    let scan = g.scanned(&before, names);
    let mut after = before.renamed(&name, g.domains[1 - side].dns);
    after.side = 1 - side;
    g.changes(side, Some(&before), None, Truth::Is(scan));
    g.changes(1 - side, None, Some(&after), Truth::Is(scan));
}

fn scanned_later(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let names = if g.one_in(2) { vec![name] } else { vec![g.fqdn(side, &name)] };
    let scan = g.scan_of(&entry, names).late();
    let scan = g.found(scan);
    g.stays(&entry, Truth::Is(scan));
}

fn scanned_twice_later(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scans = [1, 2].map(|days| g.found(Scan::named([name.clone()]).seen(days).late()));
    g.stays(&entry, nobody_can_say(scans));
}
