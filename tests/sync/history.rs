//! Domains that change at random, one step at a time.

use std::collections::BTreeSet;

use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::testing::{DirectoryTree, MockRecord};
use ldap_inventory::value::{Attributes, ObjectKind};

use crate::mock::{computer, group, mock_guid, user};

/// A stream of numbers that a seed decides (the constants are Knuth's for MMIX).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        let place = self.below(list.len());
        list.get(place).cloned()
    }
}

/// A domain of some twenty objects. As in Active Directory, both ends of a membership follow names.
pub(crate) struct Domain {
    things: Vec<Thing>,
    /// Deleted objects, which may come back.
    bin: Vec<Thing>,
    units: Vec<String>,
    made: usize,
}

#[derive(Clone)]
struct Thing {
    kind: ObjectKind,
    /// What it was made as: its identity.
    made: usize,
    name: String,
    unit: usize,
    description: Option<String>,
    disabled: bool,
    /// The last number of its address, if it has one.
    address: Option<usize>,
    primary: u32,
    /// Of a group, by what its members were made as.
    members: Vec<usize>,
    /// Of a computer, by what its manager was made as.
    manager: Option<usize>,
    /// Of a user or group, beside its name.
    called: Option<String>,
}

const PRIMARY: [u32; 3] = [513, 515, 520];

impl Domain {
    pub(crate) fn new() -> Self {
        let units = ["OU=One", "OU=Two", "OU=Inner,OU=Two"].map(str::to_owned).to_vec();
        let mut domain = Self { things: Vec::new(), bin: Vec::new(), units, made: 0 };
        for name in ["WEB1", "DB1", "TWIN", "PC1"] {
            domain.make(ObjectKind::Computer, name.to_owned(), 0);
        }
        for name in ["alice", "bob", "carol"] {
            domain.make(ObjectKind::User, name.to_owned(), 1);
        }
        for name in ["Staff", "Admins", "Everyone", "Computers"] {
            domain.make(ObjectKind::Group, name.to_owned(), 2);
        }
        domain
    }

    /// The FQDN of a computer that is there, or may come.
    pub(crate) fn any_host(&self, random: &mut Random) -> String {
        let there = self.any(random, |thing| thing.kind == ObjectKind::Computer);
        let name = match there.filter(|_| random.below(3) > 0) {
            Some(place) => self.things[place].name.to_lowercase(),
            None => format!("pc{}", self.made + random.below(10)),
        };
        format!("{name}.corp.example")
    }

    fn make(&mut self, kind: ObjectKind, name: String, unit: usize) {
        self.made += 1;
        let primary = if kind == ObjectKind::User { 513 } else { 515 };
        self.things.push(Thing {
            kind,
            made: self.made,
            name,
            unit,
            description: None,
            disabled: false,
            address: None,
            primary,
            members: Vec::new(),
            manager: None,
            called: None,
        });
    }

    fn any(&self, random: &mut Random, is: impl Fn(&Thing) -> bool) -> Option<usize> {
        let places: Vec<usize> = (0..self.things.len()).filter(|n| is(&self.things[*n])).collect();
        random.pick(&places)
    }

    /// One change of a random kind. What cannot be done is not done.
    pub(crate) fn change(&mut self, random: &mut Random) {
        let unit = random.below(self.units.len());
        let is_group = |thing: &Thing| thing.kind == ObjectKind::Group;
        let Some(any) = self.any(random, |_| true) else { return };
        let group = self.any(random, is_group);
        let number = self.made;
        match random.below(20) {
            0 | 1 => self.make(ObjectKind::Computer, format!("PC{number}"), unit),
            2 => self.make(ObjectKind::User, format!("user{number}"), unit),
            3 => self.make(ObjectKind::Group, format!("Group{number}"), unit),
            4 => self.things[any].description = Some(format!("changed {}", random.below(1_000))),
            5 => self.rename(any, random),
            6 => self.things[any].unit = unit,
            7 => self.things[any].disabled ^= true,
            8 | 9 if self.things.len() > 8 && !self.is_primary(any) => self.delete(any),
            10 => self.restore(random),
            11 | 12 => {
                if let Some(group) = group {
                    let member = self.things[any].made;
                    let members = &mut self.things[group].members;
                    if !members.contains(&member) {
                        members.push(member);
                    }
                }
            }
            13 => {
                if let Some(group) = group {
                    let members = &mut self.things[group].members;
                    if !members.is_empty() {
                        members.swap_remove(random.below(members.len()));
                    }
                }
            }
            14 => self.things[any].address = (random.below(3) > 0).then(|| random.below(250)),
            15 => self.things[any].primary = PRIMARY[random.below(PRIMARY.len())],
            16 | 17 => self.appoint(random),
            18 if self.things[any].kind != ObjectKind::Computer => {
                self.things[any].called = Some(format!("called {}", random.below(1_000)));
            }
            _ => {
                let new = format!("OU=Unit{}", random.below(1_000));
                let parent = self.units[unit].split_once(',').map(|(_, parent)| parent.to_owned());
                let renamed = parent.map_or(new.clone(), |parent| format!("{new},{parent}"));
                if !self.units.contains(&renamed) {
                    self.units[unit] = renamed;
                }
            }
        }
    }

    /// Gives a computer another manager, or none.
    fn appoint(&mut self, random: &mut Random) {
        let computer = self.any(random, |thing| thing.kind == ObjectKind::Computer);
        let manager = self.any(random, |thing| thing.kind != ObjectKind::Computer);
        let manager = manager.filter(|_| random.below(5) > 0).map(|place| self.things[place].made);
        if let Some(computer) = computer {
            self.things[computer].manager = manager;
        }
    }

    /// No directory lets a group go that is somebody's primary one.
    fn is_primary(&self, place: usize) -> bool {
        let rid = self.things[place].rid();
        self.things.iter().any(|thing| thing.kind != ObjectKind::Group && thing.primary == rid)
    }

    /// Under a new name, or under that of one that was deleted.
    fn rename(&mut self, place: usize, random: &mut Random) {
        let kind = self.things[place].kind;
        let name = match self.bin.iter().find(|thing| thing.kind == kind) {
            Some(gone) if random.below(2) == 0 => gone.name.clone(),
            _ => format!("renamed{}", random.below(100_000)),
        };
        if !self.things.iter().any(|thing| thing.name == name) {
            self.things[place].name = name;
        }
    }

    fn delete(&mut self, place: usize) {
        let mut gone = self.things.remove(place);
        for thing in &mut self.things {
            thing.members.retain(|member| *member != gone.made);
            thing.manager = thing.manager.filter(|manager| *manager != gone.made);
        }
        gone.members.clear();
        gone.manager = None;
        self.bin.push(gone);
    }

    fn restore(&mut self, random: &mut Random) {
        if self.bin.is_empty() {
            return;
        }
        let back = self.bin.swap_remove(random.below(self.bin.len()));
        if !self.things.iter().any(|thing| thing.name == back.name) {
            self.things.push(back);
        }
    }

    /// What the directory shows.
    pub(crate) fn objects(&self) -> Vec<DirectoryObject> {
        let plain: Vec<DirectoryObject> =
            self.things.iter().map(|thing| self.record(thing).build()).collect();
        let mut objects = plain.clone();
        for (group, shown) in self.things.iter().zip(&plain) {
            for member in &group.members {
                let Some(place) = self.things.iter().position(|thing| thing.made == *member) else {
                    continue;
                };
                let own = self.things.iter().position(|thing| thing.made == group.made).unwrap();
                let list = objects[own].membership.get_or_insert_default();
                list.members.push(plain[place].dn.clone());
                let known = &objects[place].attributes;
                let mut values: Vec<(String, String)> =
                    known.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                values.push(("memberOf".to_owned(), shown.dn.to_string()));
                objects[place].attributes = values
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect::<Attributes>();
            }
        }
        objects
    }

    fn record(&self, thing: &Thing) -> MockRecord {
        let record = match thing.kind {
            ObjectKind::Computer => computer(&thing.name),
            ObjectKind::User => user(&thing.name),
            ObjectKind::Group => group(&thing.name),
        };
        let mut record =
            record.with_guid(mock_guid(&thing.made.to_string())).within(&self.units[thing.unit]);
        if let Some(called) = &thing.called {
            record = record.with("displayName", called);
        }
        let manager = self.things.iter().find(|it| thing.manager == Some(it.made));
        if let Some(manager) = manager {
            record = record.with("managedBy", self.record(manager).build().dn.as_str());
        }
        if let Some(description) = &thing.description {
            record = record.with("description", description);
        }
        if let Some(address) = thing.address.filter(|_| thing.kind == ObjectKind::Computer) {
            record = record.with("dnsAddress", &format!("10.1.0.{address} static"));
            record = record.with("adSite", ["Berlin", "Lyon"][address % 2]);
        }
        if thing.disabled {
            record = record.disabled();
        }
        if thing.kind != ObjectKind::Group {
            record = record.with("primaryGroupID", &thing.primary.to_string());
        }
        record.with_sid(format!("S-1-5-21-1-2-3-{}", thing.rid()).parse().unwrap())
    }
}

impl Thing {
    /// Some groups are those that accounts have as their primary one.
    fn rid(&self) -> u32 {
        match (self.kind, self.made) {
            (ObjectKind::Group, 8..=10) => PRIMARY[self.made - 8],
            _ => 1_000 + self.made as u32,
        }
    }
}

/// One change of a random kind, of whatever is there.
pub(crate) fn disturb(tree: &mut DirectoryTree, step: u64, random: &mut Random) {
    let of_class = |class: &[u8]| -> Vec<String> {
        let entries = tree.entries().filter(|entry| {
            let is_account = entry.text("sAMAccountName").is_some_and(|name| name == "svc");
            entry.values("objectClass").iter().any(|known| known == class)
                && entry.values("isDeleted").is_empty()
                && !is_account
                && !entry.dn().contains("Controllers")
        });
        entries.map(|entry| entry.dn().to_owned()).collect()
    };
    let units = of_class(b"organizationalUnit");
    let people = of_class(b"person");
    let computers = of_class(b"computer");
    let groups = of_class(b"group");
    let tombstones: Vec<String> = tree
        .entries()
        .filter(|entry| entry.dn().contains("DEL:"))
        .map(|entry| entry.dn().to_owned())
        .collect();
    let (unit, person, group) = (random.pick(&units), random.pick(&people), random.pick(&groups));
    let computer = random.pick(&computers);
    let (Some(unit), Some(person), Some(group)) = (unit, person, group) else { return };
    // What cannot be done (a name that is taken, a place within itself) is not done.
    let _ = match random.below(17) {
        0 => tree.add_computer_in(&unit, &format!("PC{step}")).map(drop),
        1 => tree.add_user_in(&unit, &format!("user{step}")).map(drop),
        2 => tree.add_group_in(&unit, &format!("Group{step}")).map(drop),
        3 => tree.set(&person, "description", [format!("step {step}")]),
        4 => tree.rename(&person, &format!("renamed{step}")).map(drop),
        5 => tree.move_to(&person, &unit).map(drop),
        6 if people.len() > 8 => tree.delete(&person).map(drop),
        7 | 8 => tree.add_values(&group, "member", [person]),
        9 => tree.remove_values(&group, "member", [person]),
        10 => tree.rename(&unit, &format!("Unit{step}")).map(drop),
        11 => tree.rename(&group, &format!("Renamed{step}")).map(drop),
        12 | 13 => match computer {
            Some(computer) => {
                tree.set(&computer, "managedBy", [[person, group][random.below(2)].clone()])
            }
            None => Ok(()),
        },
        14 => {
            tree.set(&[person, group][random.below(2)], "displayName", [format!("Called {step}")])
        }
        15 => match computer {
            Some(computer) => tree.set(&computer, "managedBy", Vec::<String>::new()),
            None => Ok(()),
        },
        _ => match tombstones.first() {
            Some(tombstone) => tree.restore(tombstone).map(drop),
            None => Ok(()),
        },
    };
}

/// One change of a random kind of the DNS and of the subnets, of whatever is there.
pub(crate) fn disturb_network(tree: &mut DirectoryTree, step: u64, random: &mut Random) {
    let of_class = |class: &[u8]| -> Vec<(String, Option<String>)> {
        let is_it = |class: &[u8], values: &[Vec<u8>]| values.iter().any(|known| known == class);
        let entries = tree.entries().filter(|entry| {
            is_it(class, entry.values("objectClass")) && entry.values("isDeleted").is_empty()
        });
        entries.map(|entry| (entry.dn().to_owned(), entry.text("dNSHostName"))).collect()
    };
    let computers = of_class(b"computer");
    let zones = of_class(b"dnsZone");
    let subnets = of_class(b"subnet");
    let (computer, zone) = (random.pick(&computers), random.pick(&zones));
    let (Some((computer, host)), Some((zone, _))) = (computer, zone) else { return };
    let host = host.unwrap_or_default();
    let node = host.split('.').next().unwrap_or_default().to_owned();
    let net = random.below(4);
    let address = format!("10.{net}.0.{}", random.below(9) + 1);
    let long = format!("*2001:db8:{net}::{}", random.below(9) + 1);
    let domain = tree.base_dn().replace("DC=", "").replace(',', ".");
    // What cannot be done is not done.
    let _ = match random.below(16) {
        0..=5 => tree.set_addresses(&zone, &node, &[&address]),
        6 | 7 => tree.set_addresses(&zone, &node, &[&address, &long, "127.0.0.1"]),
        8 | 9 => tree.set_addresses(&zone, &node, &[]),
        // A name that a computer may have later, and never two of them at once.
        10 => tree.set_addresses(&zone, &format!("host{}", step + 1 + step % 5), &[&address]),
        11 => tree.set(&computer, "dNSHostName", [format!("host{step}.{domain}")]),
        12 => tree.set(&computer, "dNSHostName", [format!("host{step}.lab.{domain}")]),
        13 => {
            let node = format!("DC={node},{zone}");
            tree.add_values(&node, "dnsRecord", [format!("no record {step}").into_bytes()])
        }
        14 if step.is_multiple_of(4) => tree.add_dns_zone(&format!("lab.{domain}")).map(drop),
        _ if step.is_multiple_of(3) => match random.pick(&subnets) {
            Some((subnet, _)) if random.below(2) == 0 => tree.delete(&subnet).map(drop),
            _ => tree.add_subnet(&format!("10.{net}.0.0/16"), &format!("Site{net}")).map(drop),
        },
        _ => Ok(()),
    };
}

/// The zones and the subnets: where they change, everything is read, and only there.
pub(crate) fn zones_and_subnets(tree: &DirectoryTree) -> BTreeSet<String> {
    let is_one = |value: &Vec<u8>| value == b"dnsZone" || value == b"subnet";
    let alive = tree.entries().filter(|entry| {
        entry.values("objectClass").iter().any(is_one) && entry.values("isDeleted").is_empty()
    });
    alive.map(|entry| format!("{} {:?}", entry.dn(), entry.text("siteObject"))).collect()
}

/// Takes all nodes of a zone out of sight, as lost rights do, or puts them back.
pub(crate) fn hide_nodes(tree: &mut DirectoryTree, zone: &str, hidden: bool) {
    let nodes = tree.entries().map(|entry| entry.dn().to_owned());
    let nodes = nodes.filter(|dn| dn.ends_with(&format!(",{zone}")));
    for node in Vec::from_iter(nodes) {
        tree.set_hidden(&node, hidden).unwrap();
    }
}

/// Takes away the values that are no records of the DNS.
pub(crate) fn mend_network(tree: &mut DirectoryTree) {
    let wrong = tree.entries().filter_map(|entry| {
        let values = entry.values("dnsRecord").iter();
        let wrong: Vec<Vec<u8>> =
            values.filter(|it| it.starts_with(b"no record")).cloned().collect();
        (!wrong.is_empty()).then(|| (entry.dn().to_owned(), wrong))
    });
    for (dn, wrong) in Vec::from_iter(wrong) {
        tree.remove_values(&dn, "dnsRecord", wrong).unwrap();
    }
}
