//! Accounts that are not simply one host: clusters, balancers, labels, and what is no host at all.

use super::super::company::{Scan, Truth};
use super::super::entry::Entry;
use super::super::{Generator, Kind, by_names};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("cluster", 8, cluster).by_names(by_names::hidden),
    Kind::new("cluster, scanned as its node", 8, cluster_as_node).by_names(by_names::hidden),
    Kind::new("balancer", 8, balancer),
    Kind::new("balancer alone", 3, balancer_alone),
    Kind::new("alias of one", 8, alias).by_names(by_names::nothing),
    Kind::new("alias in NetBIOS form", 6, netbios_alias).by_names(by_names::nothing),
    Kind::new("label that is no name", 8, label),
    Kind::new("labels crossed", 4, crossed_labels),
    Kind::new("duplicate account", 4, duplicate).by_names(by_names::open),
    Kind::new("no host", 10, no_host).by_names(by_names::hidden),
    // A directory has them once.
    Kind::new("objects of the cloud", 0, cloud_objects).by_names(by_names::hidden),
];

const ALIAS: &str = "msDS-AdditionalDnsHostName";

/// The account of a cluster's name, with or without an operating system.
fn cluster_name(g: &mut Generator, side: usize, name: &str) -> Entry {
    let entry = g
        .entry(side, name)
        .with("servicePrincipalName", format!("MSClusterVirtualServer/{}", g.fqdn(side, name)));
    if g.one_in(2) { entry } else { entry.with("operatingSystem", "") }
}

fn cluster(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let cluster = cluster_name(g, side, &name);
    // What answers at the cluster's address.
    let shown = if g.one_in(2) { name.clone() } else { g.fqdn(side, &name) };
    g.found(Scan::named([shown]));
    g.stays(&cluster, Truth::NoHost);
    nodes(g, side, 2, |g, side, name| vec![g.fqdn(side, name)]);
}

/// The scan of the node that has the cluster's address shows both names.
fn cluster_as_node(g: &mut Generator) {
    let (side, name, node) = (g.side(), g.name(), g.name());
    let cluster = cluster_name(g, side, &name);
    let entry = g.entry(side, &node);
    let names = [g.fqdn(side, &name), g.fqdn(side, &node)];
    let scan = g.scanned(&entry, names);
    g.stays(&cluster, Truth::NoHost);
    g.stays(&entry, Truth::Is(scan));
}

fn nodes(
    g: &mut Generator,
    side: usize,
    count: usize,
    shown: fn(&Generator, usize, &str) -> Vec<String>,
) {
    for _ in 0..count {
        let name = g.name();
        let entry = g.entry(side, &name);
        let names = shown(g, side, &name);
        let scan = g.scanned(&entry, names);
        g.stays(&entry, Truth::Is(scan));
    }
}

/// Each node has the name that all of them serve; it is a name of none of them.
fn balancer(g: &mut Generator) {
    let (side, shared) = (g.side(), g.name());
    let shared = g.fqdn(side, &shared);
    g.found(Scan::named([shared.clone()]));
    let is_bare = g.one_in(3);
    for _ in 0..3 {
        let name = g.name();
        let entry = g.entry(side, &name).with(ALIAS, shared.clone());
        let names = [if is_bare { name } else { g.fqdn(side, &name) }];
        let scan = g.scanned(&entry, names);
        g.stays(&entry, Truth::Is(scan));
    }
}

fn balancer_alone(g: &mut Generator) {
    let (side, shared) = (g.side(), g.name());
    let shared = g.fqdn(side, &shared);
    g.found(Scan::named([shared.clone()]));
    for _ in 0..2 {
        let name = g.name();
        let entry = g.entry(side, &name).with(ALIAS, shared.clone());
        g.stays(&entry, Truth::New);
    }
}

fn alias(g: &mut Generator) {
    let (side, name, alias) = (g.side(), g.name(), g.name());
    let alias = g.fqdn(side, &alias);
    let entry = g.entry(side, &name).with(ALIAS, alias.clone());
    let scan = g.scanned(&entry, [alias]);
    g.stays(&entry, Truth::Is(scan));
}

fn netbios_alias(g: &mut Generator) {
    let (side, name, alias) = (g.side(), g.name(), g.name());
    let value = alias.to_uppercase() + g.pick(&["$", "\0$"]);
    let entry = g.entry(side, &name).with(ALIAS, value);
    let scan = g.scanned(&entry, [alias]);
    g.stays(&entry, Truth::Is(scan));
}

/// `cn` is what somebody called the object; another machine has that name.
fn label(g: &mut Generator) {
    let (side, name, label) = (g.side(), g.name(), g.name());
    let entry = g.entry(side, &name).with("cn", label.to_uppercase());
    let decoy = [if g.one_in(2) { label } else { g.fqdn(side, &label) }];
    g.found(Scan::named(decoy));
    if g.one_in(3) {
        return g.stays(&entry, Truth::New);
    }
    let names = [g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
}

fn crossed_labels(g: &mut Generator) {
    let (side, names) = (g.side(), [g.name(), g.name()]);
    for (name, label) in [(&names[0], &names[1]), (&names[1], &names[0])] {
        let entry = g.entry(side, name).with("cn", label.to_uppercase());
        let scan = g.scanned(&entry, [name.clone()]);
        g.stays(&entry, Truth::Is(scan));
    }
}

/// What a replication conflict leaves of the loser's account, used later or not.
fn duplicate(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name);
    let label = format!("{name}-{}", g.number());
    let duplicate = Entry { guid: g.guid(), account: label, ..entry.clone() };
    let duplicate = duplicate.with("sAMAccountName", format!("$DUPLICATE-{}", g.number()));
    let days = Some(g.random.below(40) as u32);
    let names = [g.fqdn(side, &name)];
    let scan = g.scanned(&entry, names);
    g.stays(&entry, Truth::Is(scan));
    g.stays(&duplicate.used(days), Truth::New);
}

/// Service accounts, trusts, storage accounts; some of them are named as a device is.
fn no_host(g: &mut Generator) {
    let (side, name) = (g.side(), g.name());
    let entry = g.entry(side, &name).without_dns().with("operatingSystem", "").used(None);
    let entry = match g.random.below(3) {
        0 => entry.with("objectClass", "msDS-GroupManagedServiceAccount"),
        1 => entry.with("userAccountControl", "2080").with("sAMAccountType", "805306370"),
        _ => entry.with("servicePrincipalName", format!("cifs/{name}.file.core.windows.net")),
    };
    if g.one_in(2) {
        g.found(Scan::named([name]));
    }
    g.stays(&entry, Truth::NoHost);
}

fn cloud_objects(g: &mut Generator) {
    for side in [0, 1] {
        let entry = g.entry(side, "azureadssoacc").without_dns().with("operatingSystem", "");
        g.stays(&entry, Truth::NoHost);
        let entry = g.entry(side, "azureadkerberos").without_dns().with("operatingSystem", "");
        let entry = entry.with("userAccountControl", "83890176").with("primaryGroupID", "521");
        g.stays(&entry, Truth::NoHost);
    }
}
