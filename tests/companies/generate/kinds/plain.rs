//! What needs no more than one look.

use super::super::company::{Scan, Truth};
use super::super::{Generator, Kind};

const fn kind(name: &'static str, weight: usize, make: fn(&mut Generator)) -> Kind {
    Kind::new(name, weight, make).easy()
}

pub(super) const KINDS: &[Kind] = &[
    kind("bare scan", 140, bare),
    kind("qualified scan", 140, qualified),
    kind("bare and qualified scan", 140, both),
    kind("scan in the NetBIOS domain", 30, in_netbios_domain),
    kind("never scanned", 90, never_scanned),
    kind("no account", 60, no_account),
];

fn bare(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [name]);
    g.stays(&entry, Truth::Is(scan));
}

fn qualified(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    // As people and protocols write it.
    let fqdn = g.fqdn(side, &name);
    let spelled = [fqdn.clone(), fqdn.to_uppercase(), format!("{fqdn}.")];
    let spelled = spelled[g.random.below(3)].clone();
    let scan = g.scanned(&entry, [spelled]);
    g.stays(&entry, Truth::Is(scan));
}

fn both(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let names = [name.to_uppercase(), g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

fn in_netbios_domain(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scan_of(&entry, [name]).in_domain(g.domains[side].netbios);
    let scan = g.found(scan);
    g.stays(&entry, Truth::Is(scan));
}

fn never_scanned(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    g.stays(&entry, Truth::New);
}

/// Printers, switches, appliances: nothing of the directory is one of them.
fn no_account(g: &mut Generator) {
    let side = g.side();
    let name = format!("{}-{}", g.pick(&["prn", "switch", "ups", "cam"]), g.number());
    let name = if g.one_in(2) { g.fqdn(side, &name) } else { name };
    let os = g.pick(&[None, Some("HP JetDirect"), Some("Cisco IOS 15.2"), Some("Linux 4.9")]);
    g.found(Scan::named([name]).with_os(os));
}
