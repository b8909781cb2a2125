//! Names that are no evidence, or none below an equal FQDN; and names that are only alike.

use super::super::company::Truth;
use super::super::entry::Entry;
use super::super::near::{Difference, NearMiss};
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("default name, qualified", 12, default_qualified),
    Kind::new("default name, bare", 8, default_bare).by_names(by_names::nothing),
    Kind::new("name of an address, qualified", 6, address_qualified),
    Kind::new("name of an address, bare", 4, address_bare).by_names(by_names::nothing),
    Kind::new("near spelling", 20, near_spelling).stale(),
    Kind::new("numbered neighbours", 6, neighbours).stale(),
];

/// The name that a product came with.
fn default_name(g: &mut Generator) -> String {
    let product = g.pick(&["imac", "ipad", "iphone", "macbook-pro", "mac-mini", "apple-tv"]);
    format!("{product}-{}", g.number())
}

fn address_name(g: &mut Generator) -> String {
    let [_, a, b, c] = u32::try_from(g.number()).unwrap().to_be_bytes();
    format!("ip-10-{a}-{b}-{c}")
}

fn qualified(g: &mut Generator, name: &str) {
    let side = g.side();
    let entry = g.entry(side, name);
    let names = [g.fqdn(side, name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

fn bare(g: &mut Generator, name: String) {
    let side = g.side();
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [name]);
    g.stays(&entry, nobody_can_say([scan]));
}

fn default_qualified(g: &mut Generator) {
    let name = default_name(g);
    qualified(g, &name);
}

fn default_bare(g: &mut Generator) {
    let name = default_name(g);
    bare(g, name);
}

fn address_qualified(g: &mut Generator) {
    let name = address_name(g);
    qualified(g, &name);
}

fn address_bare(g: &mut Generator) {
    let name = address_name(g);
    bare(g, name);
}

/// A name of a word of four different letters.
fn worded(g: &mut Generator) -> (Entry, String) {
    let (side, word) = (g.side(), g.pick(&["mail", "shop", "core", "file"]));
    let name = format!("{word}-ber{}", g.number());
    (g.entry(side, &name), name)
}

fn near_spelling(g: &mut Generator) {
    let (entry, name) = worded(g);
    let difference = g.pick(&Difference::ALL);
    let scanned = difference.apply(&name, &mut g.random);
    let scan = g.scanned(&entry, [scanned.clone()]);
    g.stays(&entry, Truth::New);
    let (object, computer) = (entry.guid, name);
    let difference = Some(difference);
    g.company.near_misses.push(NearMiss { object, computer, scan, scanned, difference });
}

fn neighbours(g: &mut Generator) {
    let (entry, computer) = worded(g);
    let scanned =
        format!("{}{}", computer.trim_end_matches(|c: char| c.is_ascii_digit()), g.number());
    let scan = g.scanned(&entry, [scanned.clone()]);
    g.stays(&entry, Truth::New);
    let object = entry.guid;
    g.company.neighbours.push(NearMiss { object, computer, scan, scanned, difference: None });
}
