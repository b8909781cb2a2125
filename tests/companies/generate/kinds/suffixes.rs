//! Names with a suffix that is not the domain's.

use super::super::company::{SHARED_SUFFIX, Scan, Truth};
use super::super::{Generator, Kind, by_names};
use super::nobody_can_say;

pub(super) const KINDS: &[Kind] = &[
    Kind::new("suffix below the domain", 40, below),
    Kind::new("suffix of both domains, told", 14, outside).by_names(by_names::nothing),
    Kind::new("suffix of one domain, told", 8, outside_of_one).by_names(by_names::nothing),
    Kind::new("clones, suffixes below", 8, clones_below),
    Kind::new("clones, a suffix of both", 6, clones_outside).by_names(by_names::nothing),
    Kind::new("clones, a suffix of one", 4, clones_outside_of_one).by_names(by_names::nothing),
    Kind::new("disjoint suffix, its own", 10, disjoint),
    Kind::new("disjoint suffix, scanned in the domain", 6, disjoint_in_domain)
        .by_names(by_names::nothing),
    Kind::new("disjoint suffix of others", 8, disjoint_of_others).by_names(by_names::nothing),
    Kind::new("name among strangers", 8, strangers).by_names(by_names::if_qualified),
    Kind::new("private label", 14, private_label),
    Kind::new("private label, clones", 4, private_clones),
    Kind::new("domain below a private label", 4, below_private),
    Kind::new("workgroup", 6, workgroup),
];

/// What DHCP and VPN servers put between a name and the domain.
const ZONES: [&str; 4] = ["dhcp", "vpn", "wlan", "clients.dhcp"];

fn below(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let lease = format!("{name}.{}.{}", g.pick(&ZONES), g.domains[side].dns);
    let names = if g.one_in(3) { vec![name, lease] } else { vec![lease] };
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

fn outside(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [format!("{name}.{SHARED_SUFFIX}")]);
    g.stays(&entry, Truth::Is(scan));
}

fn outside_of_one(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [format!("{name}.{}", g.domains[side].own_suffix)]);
    g.stays(&entry, Truth::Is(scan));
}

fn clones_below(g: &mut Generator) {
    let name = g.name();
    for side in [0, 1] {
        let entry = g.entry(side, &name);
        let lease = format!("{name}.{}.{}", g.pick(&ZONES), g.domains[side].dns);
        let scan = g.scanned(&entry, [lease]);
        g.stays(&entry, Truth::Is(scan));
    }
}

/// What stands for both domains tells them no better apart than no suffix at all.
fn clones_outside(g: &mut Generator) {
    let name = g.name();
    let scan = g.found(Scan::named([format!("{name}.{SHARED_SUFFIX}")]));
    for side in [0, 1] {
        let entry = g.entry(side, &name);
        g.stays(&entry, nobody_can_say([scan]));
    }
}

fn clones_outside_of_one(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let (entry, other) = (g.entry(side, &name), g.entry(1 - side, &name));
    let scan = g.scanned(&entry, [format!("{name}.{}", g.domains[side].own_suffix)]);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&other, Truth::New);
}

fn disjoint(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name).renamed(&name, g.domains[side].disjoint);
    let names = [g.pick(&[name.as_str(), &format!("{name}.{}", g.domains[side].disjoint)]).into()];
    let scan = g.scanned::<String>(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

fn disjoint_in_domain(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name).renamed(&name, g.domains[side].disjoint);
    let names = [g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

/// Computers of the domain show that the suffix is one of its own.
fn disjoint_of_others(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scanned(&entry, [format!("{name}.{}", g.domains[side].disjoint)]);
    g.stays(&entry, Truth::Is(scan));
}

fn strangers(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = Scan::named([name.clone()]).in_domain("PARTNER");
    let qualified = Scan::named([format!("{name}.partner.example.com")]);
    let scan = if g.one_in(3) { scan } else { qualified };
    g.found(scan);
    g.stays(&entry, Truth::New);
}

const LABELS: [&str; 5] = ["local", "lan", "home.arpa", "localdomain", "internal"];

/// Multicast DNS and home routers give it to every host.
fn private_label(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let shown = format!("{name}.{}", g.pick(&LABELS));
    let scan = g.scanned(&entry, [shown]);
    g.stays(&entry, Truth::Is(scan));
}

fn private_clones(g: &mut Generator) {
    let name = g.name();
    let shown = format!("{name}.{}", g.pick(&LABELS));
    let scan = g.found(Scan::named([shown]));
    for side in [0, 1] {
        let entry = g.entry(side, &name);
        g.stays(&entry, nobody_can_say([scan]));
    }
}

/// A company of the neighbourhood.
fn below_private(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let shown = format!("{name}.{}", g.pick(&["contoso.local", "fabrikam.lan"]));
    g.found(Scan::named([shown]));
    g.stays(&entry, Truth::New);
}

fn workgroup(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let scan = g.scan_of(&entry, [name]).in_domain("WORKGROUP");
    let scan = g.found(scan);
    g.stays(&entry, Truth::Is(scan));
}
