//! Where computers are: what the directory knows of it is read before them, or, of those that changed, together with them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Reading, Stop};
use crate::ldap::network::{NetworkMap, dns_name};
use crate::ldap::read::decode::Ranged;
use crate::value::{ObjectGuid, ObjectKind};

/// As many warnings are given; that there are more is one of its own.
const MOST_WARNINGS: usize = 100;
const MORE: &str = "there is more to say of the DNS and the subnets than is said here";

impl Reading {
    /// Finds out which zones and subnets there are, if computers are to have their addresses.
    pub(super) async fn survey(&mut self) -> Result<(), Stop> {
        let Some(places) = &self.places else { return Ok(()) };
        let mut map = NetworkMap::new(self.held.beside(), self.limits.record_bytes);
        let warnings = self.connection.survey(places, &mut map, &self.limits).await?;
        self.warn_of(warnings);
        self.tracking.network = Some(map.digest());
        self.progress.network = Some(map);
        Ok(())
    }

    /// Reads the addresses of all names.
    pub(super) async fn read_addresses(&mut self) -> Result<(), Stop> {
        let Some(map) = &mut self.progress.network else { return Ok(()) };
        map.read_all();
        let warnings = self.connection.read_nodes(map, &self.limits).await?;
        self.warn_of(warnings);
        Ok(())
    }

    /// The computers whose DNS names have changed nodes since this update number; `None` if the server does not tell. From
    /// now on addresses are looked up for the computers that are read.
    pub(super) async fn moved_computers(
        &mut self,
        usn: i64,
    ) -> Result<Option<BTreeSet<ObjectGuid>>, Stop> {
        let Some(map) = &mut self.progress.network else { return Ok(Some(BTreeSet::new())) };
        let mut held = self.held.beside();
        let names = self.connection.changed_names(usn, map, (&self.limits, &mut held)).await?;
        let names = match names {
            Ok(names) => names,
            Err(refusal) => {
                self.end.warnings.push(refusal.report());
                return Ok(None);
            }
        };
        map.look_up();
        let controls = self.domain_scope();
        let mut moved = BTreeSet::new();
        for search in self.searches.iter().filter(|it| it.kind == ObjectKind::Computer) {
            let below = (&search.base, search.filter.as_str());
            let limits = (&self.limits, &mut held);
            let found = self.connection.computers_named(below, &names, &controls, limits).await?;
            match found {
                Ok(found) => moved.extend(found),
                Err(refusal) => {
                    self.end.warnings.push(refusal.report());
                    return Ok(None);
                }
            }
        }
        // The names are forgotten, and the computers are known until the read ends.
        self.held.add(moved.len() * size_of::<ObjectGuid>() * 2)?;
        Ok(Some(moved))
    }

    /// Whether objects of this kind wait for their addresses to be looked up.
    pub(super) fn looks_up(&self, kind: ObjectKind) -> bool {
        let looks_up = self.progress.network.as_ref().is_some_and(NetworkMap::looks_up);
        looks_up && kind == ObjectKind::Computer
    }

    /// Looks up the addresses of computers that wait for them.
    pub(super) async fn look_up_addresses(&mut self, waiting: &[Ranged]) -> Result<(), Stop> {
        let Some(map) = self.progress.network.as_mut().filter(|map| map.looks_up()) else {
            return Ok(());
        };
        let computers = waiting.iter().map(|ranged| &ranged.object);
        let computers = computers.filter(|object| object.kind == ObjectKind::Computer);
        let names: Vec<_> = computers.filter_map(dns_name).collect();
        let warnings = self.connection.look_up_nodes(names, map, &self.limits).await?;
        self.warn_of(warnings);
        Ok(())
    }

    /// Lets go of what is known once the computers are read, and says what a person should know of it. The next read does not
    /// go on from one to which not everything was shown.
    pub(super) fn close_network(&mut self) {
        let Some(map) = self.progress.network.take() else { return };
        if map.is_cut() {
            self.progress.position = None;
        }
        self.warn_of(map.warnings());
    }

    /// Takes warnings, each once, up to a number: of zones there may be a great many.
    fn warn_of(&mut self, warnings: Vec<String>) {
        for warning in warnings {
            let warning = self.connection.redaction.text(warning);
            let known = &mut self.end.warnings;
            match known.len().cmp(&MOST_WARNINGS) {
                _ if known.contains(&warning) => {}
                Ordering::Less => known.push(warning),
                Ordering::Equal => known.push(MORE.to_owned()),
                Ordering::Greater => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::reading;
    use super::*;
    use crate::directory::MemoryBudget;
    use crate::ldap::limits::LdapLimits;
    use crate::ldap::protocol::redaction::Redaction;
    use crate::ldap::protocol::root_dse::RootDse;
    use crate::ldap::protocol::script::{Attribute, done, entry, page_done};

    #[tokio::test]
    async fn each_warning_is_given_once_and_of_very_many_that_there_are_more() {
        let held = (&MemoryBudget::default(), Redaction::default());
        let limits = LdapLimits::default();
        let (mut reading, _events) = reading(held, ObjectKind::Computer, limits, Vec::new()).await;
        let warnings = |numbers: std::ops::Range<usize>| -> Vec<String> {
            numbers.map(|n| format!("zone {n}")).collect()
        };
        reading.warn_of([warnings(0..MOST_WARNINGS), warnings(0..MOST_WARNINGS)].concat());
        assert_eq!(reading.end.warnings, warnings(0..MOST_WARNINGS));
        reading.warn_of(warnings(0..MOST_WARNINGS + 9));
        assert_eq!(reading.end.warnings.len(), MOST_WARNINGS + 1);
        assert_eq!(reading.end.warnings.last().map(String::as_str), Some(MORE));
    }

    #[tokio::test]
    async fn only_computers_wait_for_addresses_and_only_where_these_are_looked_up() {
        let (memory, limits) = (MemoryBudget::default(), LdapLimits::default());
        let held = (&memory, Redaction::default());
        let (mut reading, _events) = reading(held, ObjectKind::Computer, limits, Vec::new()).await;
        let looks_up = |reading: &Reading| {
            [ObjectKind::Computer, ObjectKind::User].map(|kind| reading.looks_up(kind))
        };
        assert_eq!(looks_up(&reading), [false, false]);
        let mut map = NetworkMap::new(memory.holder(), 1 << 20);
        map.look_up();
        reading.progress.network = Some(map);
        assert_eq!(looks_up(&reading), [true, false]);
    }

    #[tokio::test]
    async fn computers_whose_addresses_changed_count_towards_the_memory_until_the_read_ends() {
        let zone = "DC=corp.example,CN=MicrosoftDNS,DC=DomainDnsZones,DC=x";
        let node = |id: i64, name: &str| entry(id, &format!("DC={name},{zone}"), &[]);
        let computer = |n: u8| {
            let name = format!("web{n}.corp.example");
            let attributes: &[Attribute<'_>] =
                &[("dNSHostName", &[name.as_bytes()]), ("objectGUID", &[&[n; 16]])];
            entry(8, &format!("CN=web{n},DC=x"), attributes)
        };
        let end = |id: i64| page_done(id, 0, b"");
        let replies = vec![
            [entry(1, "", &[("namingContexts", &[b"DC=x"])]), done(1, 0)].concat(),
            [entry(2, zone, &[("objectClass", &[b"dnsZone"])]), end(2)].concat(),
            [node(3, "@"), end(3)].concat(),
            end(4),
            end(5),
            end(6),
            [node(7, "web1"), node(7, "web2"), end(7)].concat(),
            [computer(1), computer(2), end(8)].concat(),
        ];
        const BUDGET: usize = 1 << 20;
        let memory = MemoryBudget::new(BUDGET as u64);
        let (held, limits) = ((&memory, Redaction::default()), LdapLimits::default());
        let (mut reading, _events) = reading(held, ObjectKind::Computer, limits, replies).await;
        let base = [reading.searches[0].base.clone()];
        let places = reading.connection.network_places(&RootDse::default(), &base).await;
        reading.places = Some(places.unwrap());
        assert!(reading.survey().await.is_ok());
        let moved = reading.moved_computers(1).await.ok().flatten().unwrap();
        assert_eq!(moved, [1, 2].map(|n| ObjectGuid::from_bytes([n; 16])).into());
        // What is known of zones counts as well.
        reading.progress.network = None;
        let own = 2 * 2 * size_of::<ObjectGuid>();
        memory.holder().add(BUDGET - own).unwrap();
        memory.holder().add(BUDGET - own + 1).unwrap_err();
        drop(reading);
        memory.holder().add(BUDGET).unwrap();
    }
}
