//! Everything that a run read of a directory.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::coverage::Coverage;
use super::timed::{TimedDirectory, TimedEvents};
use crate::asset::Link;
use crate::directory::{
    DirectoryEvent, DirectoryObject, Held, MemoryBudget, Page, PresentSet, ReadEnd, ReadRequest,
};
use crate::membership::ReadObjects;
use crate::sync::{Progress, SyncOptions};
use crate::value::{ObjectGuid, ObjectKind, ReadMode};
use crate::{Error, ErrorKind, Result};

/// What reads brought: each object once, sorted by objectGUID, and how the last one ended.
#[derive(Debug)]
pub(in crate::sync) struct Snapshot {
    pub(in crate::sync) computers: Vec<DirectoryObject>,
    pub(in crate::sync) users: Vec<DirectoryObject>,
    pub(in crate::sync) groups: Vec<DirectoryObject>,
    /// How many accounts were left out that stand for other domains, and are neither users nor hosts.
    pub(in crate::sync) trusts: u64,
    /// What a read of changes did not find any more.
    pub(in crate::sync) departed: HashSet<ObjectGuid>,
    pub(in crate::sync) end: ReadEnd,
    /// What it can speak for.
    pub(in crate::sync) coverage: Coverage,
    /// Whether a kind that does not show at all is gone.
    pub(super) accepts_empty: bool,
    /// What all of it takes of the run's memory.
    held: Held,
    /// Seconds until the bind was answered, and until the last page.
    pub(in crate::sync) connect_seconds: f64,
    pub(in crate::sync) read_seconds: f64,
}

impl Snapshot {
    /// Reads to the end, or as far as it goes: a read that breaks off is incomplete. The error is that of a read that
    /// could not begin, or of a source that does not say whom it reached.
    pub(super) async fn read(
        request: ReadRequest,
        directory: TimedDirectory<'_>,
        options: &SyncOptions,
    ) -> Result<Self> {
        options.tell(Progress::Connecting);
        let begun = Instant::now();
        let mut collected = Collected::within(&request.memory);
        let events = directory.read(request).await?;
        let connected = Instant::now();
        let end = collected.take(events, options).await?;
        let mut snapshot = collected.into_snapshot(end, options);
        snapshot.connect_seconds = (connected - begun).as_secs_f64();
        snapshot.read_seconds = connected.elapsed().as_secs_f64();
        Ok(snapshot)
    }

    /// What a read brought that showed these objects.
    #[cfg(test)]
    pub(in crate::sync) fn of(objects: Vec<DirectoryObject>, end: ReadEnd) -> Self {
        let mut collected = Collected::within(&MemoryBudget::default());
        collected.add(Page { objects, departed: Vec::new() }).unwrap();
        collected.into_snapshot(end, &SyncOptions::new())
    }

    /// The same as what is left of a read that broke off with this error.
    pub(super) fn broken_off(mut self, error: &Error) -> Self {
        self.end = self.end.broken_off(error);
        self
    }

    /// Lets go of whom it read, and of the memory for them. What is left tells how the read went.
    pub(super) fn clear(&mut self) {
        self.computers = Vec::new();
        self.users = Vec::new();
        self.groups = Vec::new();
        self.departed = HashSet::new();
        self.end.census = None;
        self.held.remove(usize::MAX);
    }

    /// Whether only changes were read: what is not here may be there all the same.
    pub(in crate::sync) fn is_changes(&self) -> bool {
        self.end.mode != ReadMode::Full
    }

    /// All objects of one kind.
    pub(in crate::sync) fn of_kind(&self, kind: ObjectKind) -> &[DirectoryObject] {
        match kind {
            ObjectKind::Computer => &self.computers,
            ObjectKind::Group => &self.groups,
            ObjectKind::User => &self.users,
        }
    }

    /// All objects of one kind, to be changed in their place.
    pub(super) fn of_kind_mut(&mut self, kind: ObjectKind) -> &mut [DirectoryObject] {
        match kind {
            ObjectKind::Computer => &mut self.computers,
            ObjectKind::Group => &mut self.groups,
            ObjectKind::User => &mut self.users,
        }
    }

    /// All objects.
    pub(in crate::sync) fn objects(&self) -> impl Iterator<Item = &DirectoryObject> {
        self.users.iter().chain(&self.computers).chain(&self.groups)
    }

    /// What memberships are worked out of.
    pub(in crate::sync) fn read_objects(&self) -> ReadObjects<'_> {
        let Self { computers, users, groups, departed, .. } = self;
        ReadObjects { computers, users, groups, departed }
    }

    /// Everything that it read, by identity.
    pub(in crate::sync) fn identities(&self) -> HashSet<ObjectGuid> {
        self.objects().map(|object| object.guid).collect()
    }

    /// Whether an object that was not read is not shown by this read at all.
    pub(in crate::sync) fn shows_absence(&self, link: &Link) -> bool {
        match &self.end.census {
            Some(census) => {
                census.get(&link.kind).is_some_and(|there| !there.contains(&link.object))
            }
            None => !self.is_changes(),
        }
    }

    /// How many objects are there, of a read that makes sure of that.
    pub(super) fn count_present(&self) -> u64 {
        let shown = self.objects().count() as u64;
        let counted = |there: &PresentSet| there.values().map(|there| there.len() as u64).sum();
        self.end.census.as_ref().map_or(shown, counted)
    }

    /// How many entries of one kind were left out.
    pub(in crate::sync) fn rejected(&self, kind: ObjectKind) -> u64 {
        let named =
            self.end.rejected.iter().filter(|rejected| rejected.kind == kind).count() as u64;
        self.end.rejected_by_kind.get(&kind).copied().unwrap_or_default().max(named)
    }

    /// Takes in a later read of changes, which knows better wherever both say something.
    pub(super) fn update(&mut self, later: Self) {
        let stale: HashSet<ObjectGuid> = later
            .objects()
            .map(|object| object.guid)
            .chain(later.departed.iter().copied())
            .collect();
        let merge = |mine: &mut Vec<DirectoryObject>, news: Vec<DirectoryObject>| {
            mine.retain(|object| !stale.contains(&object.guid));
            mine.extend(news);
            mine.sort_unstable_by_key(|object| object.guid);
        };
        merge(&mut self.computers, later.computers);
        merge(&mut self.users, later.users);
        merge(&mut self.groups, later.groups);
        self.departed.retain(|object| !stale.contains(object));
        self.departed.extend(later.departed);
        // What was replaced counts on: that is little, and at an end with the run.
        self.held.absorb(later.held);
        self.coverage = later.coverage;
        let mut warnings = std::mem::replace(&mut self.end, later.end).warnings;
        std::mem::swap(&mut warnings, &mut self.end.warnings);
        for warning in warnings {
            if !self.end.warnings.contains(&warning) {
                self.end.warnings.push(warning);
            }
        }
        self.read_seconds += later.connect_seconds + later.read_seconds;
    }
}

/// Objects of all kinds, the last of each objectGUID.
struct Collected {
    objects: Vec<DirectoryObject>,
    places: HashMap<ObjectGuid, usize>,
    departed: HashSet<ObjectGuid>,
    held: Held,
    warnings: Vec<String>,
}

/// What an identity takes in a set or a map, which is never quite full.
const IDENTITY: usize = 4 * size_of::<ObjectGuid>();

impl Collected {
    fn within(memory: &MemoryBudget) -> Self {
        Self {
            objects: Vec::new(),
            places: HashMap::new(),
            departed: HashSet::new(),
            held: memory.holder(),
            warnings: Vec::new(),
        }
    }

    /// Takes what comes, and returns how it ended.
    async fn take(
        &mut self,
        mut events: TimedEvents<'_>,
        options: &SyncOptions,
    ) -> Result<ReadEnd> {
        let mut begin = None;
        let error = loop {
            match events.next().await {
                Some(Ok(DirectoryEvent::Begin(end))) => begin = Some(end),
                Some(Ok(DirectoryEvent::Page(page))) => {
                    if let Err(error) = self.add(page) {
                        break error.in_operation("read");
                    }
                    options.tell(Progress::Reading { objects: self.count() });
                    self.tell_of_half(options);
                }
                Some(Ok(DirectoryEvent::End(end))) => return Ok(*end),
                Some(Err(error)) => break error,
                None => break cut_off(),
            }
        };
        match begin {
            Some(end) => Ok(end.broken_off(&error)),
            None => Err(error),
        }
    }

    /// Takes what a page has, as far as it may be held.
    fn add(&mut self, page: Page) -> Result<()> {
        for object in page.objects {
            self.held.add(object.footprint())?;
            match self.places.get(&object.guid).and_then(|place| self.objects.get_mut(*place)) {
                Some(earlier) => {
                    self.held.remove(earlier.footprint());
                    *earlier = object;
                }
                None => {
                    self.held.add(IDENTITY)?;
                    self.places.insert(object.guid, self.objects.len());
                    self.objects.push(object);
                }
            }
        }
        self.held.add(page.departed.len().saturating_mul(IDENTITY))?;
        self.departed.extend(page.departed.iter().map(|departed| departed.object));
        Ok(())
    }

    /// Says that half of the memory is in use, in time to raise the limit.
    fn tell_of_half(&mut self, options: &SyncOptions) {
        let Some((held, limit)) = self.held.half_of_budget() else { return };
        let objects = self.count();
        options.tell(Progress::HalfOfMemory { objects, held, limit });
        let each = held / objects.max(1);
        let warning = format!(
            "what is read took half of memory_bytes, {limit} octets, after {objects} objects, some {each} octets each; a \
             directory of more than twice as many is read in part alone, unless memory_bytes is raised"
        );
        tracing::warn!("{warning}");
        self.warnings.push(warning);
    }

    fn count(&self) -> u64 {
        self.objects.len() as u64
    }

    fn into_snapshot(self, mut end: ReadEnd, options: &SyncOptions) -> Snapshot {
        let Self { mut objects, places, mut departed, held, warnings } = self;
        end.warnings.extend(warnings);
        departed.retain(|object| !places.contains_key(object));
        drop(places);
        objects.sort_unstable_by_key(|object| object.guid);
        let mut snapshot = Snapshot {
            computers: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            trusts: 0,
            departed,
            coverage: Coverage::of(&end.scope, options.takes_over),
            accepts_empty: options.accepts_empty,
            held,
            end,
            connect_seconds: 0.0,
            read_seconds: 0.0,
        };
        for object in objects {
            match object.kind {
                ObjectKind::Computer => snapshot.computers.push(object),
                ObjectKind::Group => snapshot.groups.push(object),
                ObjectKind::User if object.is_trust() => snapshot.trusts += 1,
                ObjectKind::User => snapshot.users.push(object),
            }
        }
        snapshot
    }
}

fn cut_off() -> Error {
    let message = "the directory source stopped without saying that it was at the end";
    Error::new(ErrorKind::Disconnected, message).in_operation("read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DistinguishedName;

    #[test]
    fn what_is_collected_counts_each_object_once_and_stops_one_past_the_budget() {
        let object = |n: u8| {
            let dn = DistinguishedName::parse("CN=WEB1,DC=x").unwrap();
            let guid = ObjectGuid::from_bytes([n; 16]);
            let mut object = DirectoryObject::new(ObjectKind::Computer, guid, dn);
            object.attributes = [("cn", "WEB1"), ("description", "x")].into_iter().collect();
            object
        };
        let page = |objects: &[u8]| Page {
            objects: objects.iter().copied().map(object).collect(),
            departed: Vec::new(),
        };
        let one = object(1).footprint() + IDENTITY;
        let room = u64::try_from(2 * one + object(1).footprint()).unwrap();
        let mut collected = Collected::within(&MemoryBudget::new(room));
        // The last of them takes the place of the first.
        collected.add(page(&[1, 2, 1])).unwrap();
        assert_eq!(collected.add(page(&[3])).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(collected.count(), 2);
        let less = MemoryBudget::new(room - 1);
        Collected::within(&less).add(page(&[1, 2, 1])).unwrap_err();
        // What is given up may be used again.
        Collected::within(&less).add(page(&[1, 2])).unwrap();
    }
}
