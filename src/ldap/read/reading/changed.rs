//! A read of what changed: the changed objects, each whole, and those that are not there any more.
//!
//! What the server says of changes is taken as a hint at which objects to read again, by their GUIDs and in the
//! ordinary way. Fragments are never put together, so that nothing can be put together wrongly, and a change that
//! is told twice is read twice. What changed without a change of its own, since a container above it was renamed or
//! moved, is read below that container.

use std::collections::{BTreeSet, HashSet};

use super::{Planned, Reading, Stop};
use crate::directory::{DirectoryEvent, FullReadReason, Page, RemovedObject};
use crate::ldap::delta::{Change, Changes, ObjectLocation, any_of};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, ReadMode};

/// The objects that are asked for in one search: a filter of 6 kB.
const BATCH: usize = 100;
/// The departed objects in one event.
const EVENT_DEPARTED: usize = 1_000;

impl Reading {
    /// Reads what changed since the checkpoint, or says why everything must be read. Nothing was sent then.
    pub(super) async fn read_changes(&mut self) -> Result<Option<FullReadReason>, Stop> {
        let (mode, token) = match self.tracking.since() {
            Ok(since) => since,
            Err(reason) => return Ok(Some(self.explained(reason))),
        };
        let limits = (&self.limits, &self.held);
        let changes = self.connection.changes(&self.tracking, mode, &token, limits).await?;
        let (mut changes, position) = match changes {
            Ok(told) => told,
            Err(refusal) => {
                self.end.warnings.push(refusal.report());
                return Ok(Some(self.explained(FullReadReason::CheckpointRefused)));
            }
        };
        let Some(moved) = self.moved_computers(token.usn).await? else {
            return Ok(Some(self.explained(FullReadReason::Unsupported)));
        };
        // What has no name cannot be read again by it.
        if changes.nameless {
            return Ok(Some(self.explained(FullReadReason::Unsupported)));
        }
        self.held.add(changes.octets)?;
        // What the inventory has of those that are read again is not what they were at the checkpoint.
        let again = token.again.iter().chain(&self.tracking.again);
        again.for_each(|guid| drop(changes.links.remove(guid)));
        self.progress.links = std::mem::take(&mut changes.links);
        self.end.mode = mode;
        self.end.full_because = None;
        self.progress.position = Some(position);
        self.progress.found = Some(HashSet::new());
        let again: Vec<ObjectGuid> = token.again.iter().copied().chain(moved).collect();
        self.read_changed(&changes, &again).await?;
        self.close_network();
        Ok(None)
    }

    /// Says why a checkpoint was of no use, where there was one.
    fn explained(&mut self, reason: FullReadReason) -> FullReadReason {
        let known = self.tracking.checkpoint.as_ref().map(|checkpoint| checkpoint.mode);
        let usable = matches!(known, Some(ReadMode::DirSync | ReadMode::Usn));
        if usable && reason != FullReadReason::Asked {
            self.end.warnings.push(format!("everything was read: {reason}"));
        }
        reason
    }

    async fn read_changed(&mut self, changes: &Changes, again: &[ObjectGuid]) -> Result<(), Stop> {
        let searches = std::mem::take(&mut self.searches);
        let alive = changes.objects.iter().filter(|(_, change)| !change.deleted);
        let mut wanted: Vec<ObjectGuid> = alive.map(|(guid, _)| *guid).collect();
        let again: BTreeSet<&ObjectGuid> = again.iter().chain(&self.tracking.again).collect();
        wanted.extend(again.into_iter().filter(|guid| !changes.objects.contains_key(guid)));
        for batch in wanted.chunks(BATCH) {
            for search in &searches {
                let filter = format!("(&{}{})", search.filter, any_of(batch));
                self.read(&Planned { filter, ..search.clone() }).await?;
            }
        }
        wanted.retain(|guid| !self.has_found(guid));
        let (mut departed, containers) = self.locate(&wanted, changes).await?;
        for container in outermost(containers) {
            self.read_below(&container, &searches, &mut departed).await?;
        }
        let deleted = changes.objects.iter().filter(|(_, change)| change.deleted);
        departed.extend(deleted.map(|(object, _)| RemovedObject::deleted(*object, None)));
        if self.tracking.census {
            self.take_census(&searches).await?;
        }
        self.send_departed(departed).await
    }

    /// Where the objects are that were not found in scope: containers, and what departed.
    async fn locate(
        &mut self,
        missing: &[ObjectGuid],
        changes: &Changes,
    ) -> Result<(Vec<RemovedObject>, Vec<DistinguishedName>), Stop> {
        let mut elsewhere: Vec<ObjectLocation> = Vec::new();
        let roots = self.tracking.roots.clone();
        for batch in missing.chunks(BATCH) {
            for root in &roots {
                let filter = any_of(batch);
                elsewhere.extend(self.locations(root, filter).await?);
            }
        }
        let mut departed = Vec::new();
        let mut containers = Vec::new();
        let mut located = HashSet::new();
        for ObjectLocation { object, dn, kind } in elsewhere {
            located.insert(object);
            let moved = changes.objects.get(&object).is_some_and(|change: &Change| change.moved);
            match kind {
                Some(_) => departed.push(RemovedObject::out_of_scope(object, kind)),
                None if moved => containers.push(dn),
                None => {}
            }
        }
        let nowhere = missing.iter().filter(|guid| !located.contains(guid));
        departed.extend(nowhere.map(|guid| RemovedObject::out_of_scope(*guid, None)));
        Ok((departed, containers))
    }

    /// Reads what lies below a container in scope, or finds what has left the scope with it.
    async fn read_below(
        &mut self,
        container: &DistinguishedName,
        searches: &[Planned],
        departed: &mut Vec<RemovedObject>,
    ) -> Result<(), Stop> {
        let mut read: Vec<(ObjectKind, DistinguishedName)> = Vec::new();
        for search in searches {
            let base = if container.is_within(&search.base) {
                container
            } else if search.base.is_within(container) {
                &search.base
            } else {
                continue;
            };
            let place = (search.kind, base.clone());
            if !read.contains(&place) {
                self.read(&Planned { base: base.clone(), ..search.clone() }).await?;
                read.push(place);
            }
        }
        if read.is_empty() {
            let filter = self.tracking.filter();
            let gone = self.locations(container, filter).await?;
            let gone = gone.into_iter().filter(|found| found.kind.is_some());
            departed
                .extend(gone.map(|found| RemovedObject::out_of_scope(found.object, found.kind)));
        }
        Ok(())
    }

    /// Where the objects are that match a filter. They are held until the read ends.
    async fn locations(
        &mut self,
        root: &DistinguishedName,
        filter: String,
    ) -> Result<Vec<ObjectLocation>, Stop> {
        let limits = (&self.limits, &mut self.held);
        Ok(self.connection.object_locations(root, filter, limits).await?)
    }

    /// Sends what departed, unless it was found after all, the census shows it, or the read cannot tell.
    async fn send_departed(&mut self, mut departed: Vec<RemovedObject>) -> Result<(), Stop> {
        // An entry that could not be used may be any of them.
        if self.end.rejected_count > 0 {
            return Ok(());
        }
        departed.retain(|departed| {
            !self.has_found(&departed.object) && !self.is_counted(&departed.object)
        });
        departed.sort_by_key(|departed| departed.object);
        departed.dedup_by_key(|departed| departed.object);
        for departed in departed.chunks(EVENT_DEPARTED) {
            let page = Page { departed: departed.to_vec(), ..Page::default() };
            let sent = self.events.send(Ok(DirectoryEvent::Page(page))).await;
            sent.map_err(|_| Stop::ReceiverDropped)?;
        }
        Ok(())
    }

    /// Whether the census has it: it may have been made readable, or come back, since it was looked for.
    fn is_counted(&self, guid: &ObjectGuid) -> bool {
        let census = self.end.census.as_ref();
        census.is_some_and(|census| census.values().any(|there| there.contains(guid)))
    }

    fn has_found(&self, guid: &ObjectGuid) -> bool {
        self.progress.found.as_ref().is_some_and(|found| found.contains(guid))
    }
}

/// The containers that lie in no other of them.
fn outermost(containers: Vec<DistinguishedName>) -> Vec<DistinguishedName> {
    let mut named: Vec<(String, DistinguishedName)> =
        containers.into_iter().map(|dn| (dn.normalized(), dn)).collect();
    // Read from its end, a DN comes right behind the one that it is below.
    named.sort_by(|(one, _), (other, _)| one.rsplit(',').cmp(other.rsplit(',')));
    let mut outer: Vec<(String, DistinguishedName)> = Vec::new();
    for (name, dn) in named {
        let is_inner =
            |(known, _): &(String, _)| DistinguishedName::is_normalized_within(&name, known);
        if !outer.last().is_some_and(is_inner) {
            outer.push((name, dn));
        }
    }
    outer.into_iter().map(|(_, dn)| dn).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::reading;
    use super::*;
    use crate::directory::MemoryBudget;
    use crate::ldap::limits::LdapLimits;
    use crate::ldap::protocol::redaction::Redaction;

    #[tokio::test]
    async fn what_was_found_or_is_counted_after_all_has_not_departed() {
        let held = (&MemoryBudget::default(), Redaction::default());
        let computer = ObjectKind::Computer;
        let (mut reading, mut received) =
            reading(held, computer, LdapLimits::default(), Vec::new()).await;
        let [found, counted, gone] = [1, 2, 3].map(|n| ObjectGuid::from_bytes([n; 16]));
        reading.progress.found = Some(HashSet::from([found]));
        reading.end.census = Some([(computer, HashSet::from([counted]))].into());
        let departed = [gone, counted, found, gone];
        let departed = departed.map(|guid| RemovedObject::out_of_scope(guid, Some(computer)));
        assert!(reading.send_departed(departed.to_vec()).await.is_ok());
        let Some(Ok(DirectoryEvent::Page(page))) = received.recv().await else { panic!() };
        assert_eq!(page.departed, [RemovedObject::out_of_scope(gone, Some(computer))]);
        // Where an entry could not be used it may be any of them.
        reading.end.rejected_count = 1;
        assert!(reading.send_departed(departed.to_vec()).await.is_ok());
        drop(reading);
        assert!(received.recv().await.is_none());
    }

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    proptest! {
        /// The same as comparing every pair, whatever the case and the order.
        #[test]
        fn what_is_below_another_is_left_out(paths in prop::collection::vec("(OU=[abA],){0,4}DC=x", 0..12)) {
            let containers: Vec<DistinguishedName> = paths.iter().map(|path| dn(path)).collect();
            let outer: Vec<DistinguishedName> = outermost(containers.clone());
            for one in &containers {
                prop_assert_eq!(outer.iter().filter(|outer| one.is_within(outer)).count(), 1);
            }
            for one in &outer {
                prop_assert!(containers.contains(one));
            }
        }
    }

    #[test]
    fn a_hundred_thousand_containers_with_long_names_are_told_apart() {
        let long = "OU=a\\,b,".repeat(20);
        let containers = (0..100_000).map(|n| dn(&format!("OU={n},{long}DC=x"))).collect();
        assert_eq!(outermost(containers).len(), 100_000);
    }
}
