//! Names that NetBIOS cuts after 15 characters.

use super::super::company::{Scan, Truth};
use super::super::entry::netbios;
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("cut name of one", 22, of_one),
    Kind::new("cut account, whole scan", 6, cut_account),
    Kind::new("cut name of two, one has the account", 6, of_two_with_account)
        .by_names(by_names::open),
    Kind::new("cut name of two", 6, of_two),
    Kind::new("cut name in both domains", 10, in_both_domains),
    Kind::new("cut name in both domains, one told", 6, in_told_domain).by_names(by_names::open),
    Kind::new("cut names, whole scans", 6, whole_scans),
];

/// Two names of the same first 15 characters.
fn two_names(g: &mut Generator) -> [String; 2] {
    let stem = g.long_name();
    ["a", "b"].map(|end| format!("{stem}-{end}"))
}

fn of_one(g: &mut Generator) {
    let (side, name) = (g.side(), g.long_name());
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [netbios(&name)]);
    g.stays(&entry, Truth::Is(scan));
}

/// An account that was made in advance, and never heard from the host.
fn cut_account(g: &mut Generator) {
    let (side, name) = (g.side(), g.long_name());
    let entry = g.entry(side, &name).without_dns();
    let names = if g.one_in(2) { [g.fqdn(side, &name)] } else { [name] };
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

/// The NetBIOS name of the second one is another: a domain has an account name once.
fn of_two_with_account(g: &mut Generator) {
    let side = g.side();
    let [entry, other] = two_names(g).map(|name| g.entry(side, &name));
    let other = other.with_account(&g.name());
    let scan = g.scanned(&entry, [entry.account.clone()]);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&other, Truth::New);
}

fn of_two(g: &mut Generator) {
    let side = g.side();
    let names = two_names(g);
    let scan = g.found(Scan::named([netbios(&names[0])]));
    for name in names {
        let account = g.name();
        let entry = g.entry(side, &name).with_account(&account);
        g.stays(&entry, nobody_can_say([scan]));
    }
}

fn in_both_domains(g: &mut Generator) {
    let names = two_names(g);
    let scan = g.found(Scan::named([netbios(&names[0])]));
    for (side, name) in names.iter().enumerate() {
        let entry = g.entry(side, name);
        g.stays(&entry, nobody_can_say([scan]));
    }
}

fn in_told_domain(g: &mut Generator) {
    let (side, names) = (g.side(), two_names(g));
    let (entry, other) = (g.entry(side, &names[0]), g.entry(1 - side, &names[1]));
    let scan = g.scan_of(&entry, [entry.account.clone()]).in_domain(g.domains[side].netbios);
    let scan = g.found(scan);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&other, Truth::New);
}

fn whole_scans(g: &mut Generator) {
    for (side, name) in two_names(g).iter().enumerate() {
        let entry = g.entry(side, name);
        let names = if g.one_in(2) { [g.fqdn(side, name)] } else { [name.clone()] };
        let scan = g.scanned(&entry, names);
        g.stays(&entry, Truth::Is(scan));
    }
}
