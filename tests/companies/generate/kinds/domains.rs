//! One short name in both domains: clones, the dead and the living, migrations.

use super::super::company::{Scan, Side, Truth};
use super::super::entry::Entry;
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("clones, both scanned", 22, both_scanned),
    Kind::new("clones, one scanned", 12, one_scanned),
    Kind::new("clones, one bare scan", 16, one_bare_scan),
    Kind::new("the other account is dead", 22, other_is_dead).by_names(by_names::open),
    Kind::new("dead account, living host", 6, dead_account).by_names(by_names::hidden),
    Kind::new("dead account, dead scan", 8, both_are_dead).stale(),
    Kind::new("dead account, qualified scan", 6, dead_but_qualified),
    Kind::new("no sign of life", 8, no_sign_of_life),
    Kind::new("migrated, scanned under the old name", 8, migrated_from).stale(),
    Kind::new("migrated, scanned under the new name", 8, migrated_to),
    Kind::new("migrated, bare scan since", 8, migrated_bare).by_names(by_names::open),
    Kind::new("migrated, bare scan from before", 6, migrated_long_ago).stale(),
    Kind::new("FQDN of dead accounts", 4, fqdn_of_the_dead).by_names(by_names::open),
];

/// One short name in both domains.
fn clones(g: &mut Generator) -> (String, [Entry; 2]) {
    let name = g.name();
    let entries = [g.entry(0, &name), g.entry(1, &name)];
    (name, entries)
}

fn both_scanned(g: &mut Generator) {
    let (name, entries) = clones(g);
    for entry in &entries {
        let fqdn = g.fqdn(entry.side, &name);
        let scan = g.scanned(entry, [fqdn]);
        g.stays(entry, Truth::Is(scan));
    }
}

fn one_scanned(g: &mut Generator) {
    let (name, [entry, other]) = clones_by_chance(g);
    let names = [g.fqdn(entry.side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&other, Truth::New);
}

fn one_bare_scan(g: &mut Generator) {
    let (name, entries) = clones(g);
    let scan = g.found(Scan::named([name]));
    entries.iter().for_each(|entry| g.stays(entry, nobody_can_say([scan])));
}

/// The scan of last week is of the host that lives.
fn other_is_dead(g: &mut Generator) {
    let (name, [entry, other]) = clones_by_chance(g);
    let other = g.dead(other);
    let scan = g.scanned(&entry, [name]);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&other, Truth::New);
}

/// Somebody took the name; or the host lives on without its account.
fn dead_account(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let entry = g.dead(entry);
    let scan = g.scanned(&entry, [name]);
    g.stays(&entry, nobody_can_say([scan]));
}

fn both_are_dead(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let days = 400 + g.random.below(900) as u32;
    let entry = g.entry(side, &name).used(Some(days)).disabled();
    let scan = g.scan_of(&entry, [name]).seen(days + 2);
    let scan = g.found(scan);
    g.stays(&entry, Truth::Is(scan));
}

fn dead_but_qualified(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let entry = g.dead(entry);
    let names = [g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

/// An account that was made in advance: what is not known is no evidence.
fn no_sign_of_life(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name).used(None);
    let scan = g.scanned(&entry, [name]);
    g.stays(&entry, Truth::Is(scan));
}

/// A host that left one domain for the other: its account there, and here.
fn migrated(g: &mut Generator) -> (String, Entry, Entry, u32) {
    let (name, [old, new]) = clones_by_chance(g);
    let days = 150 + g.random.below(500) as u32;
    (name, old.used(Some(days)).disabled(), new, days)
}

/// A fully qualified name is evidence whenever it was seen.
fn migrated_from(g: &mut Generator) {
    let (name, old, new, days) = migrated(g);
    let days = if g.one_in(2) { days + 1 } else { 3 };
    let names = [g.fqdn(old.side, &name)];
    let scan = g.scan_of(&old, names).seen(days);
    let scan = g.found(scan);
    g.stays(&old, Truth::Is(scan));
    g.stays(&new, Truth::New);
}

fn migrated_to(g: &mut Generator) {
    let (name, old, new, _) = migrated(g);
    let names = [g.fqdn(new.side, &name)];
    let scan = g.scanned(&new, names);
    g.stays(&old, Truth::New);
    g.stays(&new, Truth::Is(scan));
}

fn migrated_bare(g: &mut Generator) {
    let (name, old, new, _) = migrated(g);
    let scan = g.scanned(&new, [name]);
    g.stays(&old, Truth::New);
    g.stays(&new, Truth::Is(scan));
}

/// Then it was in the old domain; but nothing that is shown says that the other is not another host.
fn migrated_long_ago(g: &mut Generator) {
    let (name, old, new, days) = migrated(g);
    let scan = g.found(Scan::named([name]).seen(days + 1));
    g.stays(&old, nobody_can_say([scan]));
    g.stays(&new, nobody_can_say([scan]));
}

/// Accounts of former machines keep the name that a live one has now.
fn fqdn_of_the_dead(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let names = [g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
    for _ in 0..g.pick(&[1, 5]) {
        let account = g.name();
        let mut former = g.entry(side, &account).disabled();
        former.dns.clone_from(&entry.dns);
        let days = Some(700 + g.random.below(700) as u32);
        g.stays(&former.used(days), Truth::New);
    }
}

/// Clones, of which either may come first.
fn clones_by_chance(g: &mut Generator) -> (String, [Entry; 2]) {
    let (name, mut entries) = clones(g);
    let first: Side = g.side();
    entries.rotate_left(first);
    (name, entries)
}
