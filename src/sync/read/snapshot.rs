//! Everything that a run read of a directory.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::coverage::Coverage;
use super::footprint::{IDENTITY, at_hand, of_members};
use super::timed::{TimedDirectory, TimedEvents};
use crate::asset::Link;
use crate::directory::{
    DirectoryEvent, DirectoryObject, Held, MemoryBudget, ObjectSpool, Objects, Outline, Page,
    PresentSet, ReadEnd, ReadRequest, SpoolRoom,
};
use crate::membership::ReadObjects;
use crate::sync::run::Run;
use crate::sync::{Progress, SyncOptions};
use crate::value::{ObjectGuid, ObjectKind, ReadMode};
use crate::{Error, ErrorKind, Result};

/// What reads brought: each object once, and how the last one ended.
#[derive(Debug)]
pub(in crate::sync) struct Snapshot {
    pub(in crate::sync) computers: Objects,
    pub(in crate::sync) users: Objects,
    pub(in crate::sync) groups: Objects,
    /// How many accounts were left out that stand for other domains, and are neither users nor hosts.
    pub(in crate::sync) trusts: u64,
    /// What a read of changes did not find any more.
    pub(in crate::sync) departed: HashSet<ObjectGuid>,
    pub(in crate::sync) end: ReadEnd,
    /// What it can speak for.
    pub(in crate::sync) coverage: Coverage,
    /// Whether a kind that does not show at all is gone.
    pub(super) accepts_empty: bool,
    /// What takes of the run's memory beside the objects themselves.
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
        run: &Run<'_>,
    ) -> Result<Self> {
        let options = run.options;
        options.tell(Progress::Connecting);
        let begun = Instant::now();
        let room = request.memory.spool_room(options.spool_bytes, options.spool_folder.clone());
        let keeps_places = run.task.exclusions.depend_on_place();
        let mut collected = Collected::within(&request.memory, room, keeps_places);
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
        let mut collected = Collected::within(&MemoryBudget::default(), SpoolRoom::NO_FILE, false);
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
        self.computers.clear();
        self.users.clear();
        self.groups.clear();
        self.departed = HashSet::new();
        self.end.census = None;
        self.held.remove(usize::MAX);
    }

    /// Whether only changes were read: what is not here may be there all the same.
    pub(in crate::sync) fn is_changes(&self) -> bool {
        self.end.mode != ReadMode::Full
    }

    /// All objects of one kind.
    pub(in crate::sync) fn of_kind(&self, kind: ObjectKind) -> &Objects {
        match kind {
            ObjectKind::Computer => &self.computers,
            ObjectKind::Group => &self.groups,
            ObjectKind::User => &self.users,
        }
    }

    /// All objects of one kind, some of which are to be replaced.
    pub(super) fn of_kind_mut(&mut self, kind: ObjectKind) -> &mut Objects {
        match kind {
            ObjectKind::Computer => &mut self.computers,
            ObjectKind::Group => &mut self.groups,
            ObjectKind::User => &mut self.users,
        }
    }

    /// All objects, by kind.
    pub(in crate::sync) fn kinds(&self) -> [&Objects; 3] {
        [&self.users, &self.computers, &self.groups]
    }

    /// What is at hand of all objects.
    pub(in crate::sync) fn outlines(&self) -> impl Iterator<Item = (ObjectKind, &Outline)> {
        let all = self.kinds().into_iter();
        all.flat_map(|of_kind| of_kind.outlines().iter().map(|it| (of_kind.kind(), it)))
    }

    /// How many objects it has.
    pub(in crate::sync) fn count(&self) -> usize {
        self.kinds().into_iter().map(Objects::len).sum()
    }

    /// What memberships are worked out of.
    pub(in crate::sync) fn read_objects(&self) -> ReadObjects<'_> {
        let Self { computers, users, groups, departed, .. } = self;
        ReadObjects { computers, users, groups, departed }
    }

    /// Everything that it read, by identity.
    pub(in crate::sync) fn identities(&self) -> HashSet<ObjectGuid> {
        self.outlines().map(|(_, outline)| outline.guid).collect()
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
        let shown = self.count() as u64;
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
    pub(super) fn update(&mut self, later: Self) -> Result<()> {
        let mut stale = later.identities();
        stale.extend(&later.departed);
        let is_stale = |object: ObjectGuid| stale.contains(&object);
        self.computers.update(&later.computers, is_stale)?;
        self.users.update(&later.users, is_stale)?;
        self.groups.update(&later.groups, is_stale)?;
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
        Ok(())
    }
}

/// Objects of all kinds, the last of each objectGUID.
struct Collected {
    outlines: Vec<(ObjectKind, Outline)>,
    places: HashMap<ObjectGuid, usize>,
    /// How many accounts are left out that stand for other domains.
    trusts: HashSet<ObjectGuid>,
    departed: HashSet<ObjectGuid>,
    spool: ObjectSpool,
    /// Groups are unpacked again and again: their text is never in a file.
    groups: ObjectSpool,
    held: Held,
    /// Whether where a computer stands matters for deciding.
    keeps_places: bool,
    warnings: Vec<String>,
}

impl Collected {
    fn within(memory: &MemoryBudget, room: SpoolRoom, keeps_places: bool) -> Self {
        Self {
            keeps_places,
            outlines: Vec::new(),
            places: HashMap::new(),
            trusts: HashSet::new(),
            departed: HashSet::new(),
            spool: ObjectSpool::new(room, memory),
            groups: ObjectSpool::new(SpoolRoom::NO_FILE, memory),
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
            self.take_object(&object)?;
        }
        self.held.add(page.departed.len().saturating_mul(IDENTITY))?;
        self.departed.extend(page.departed.iter().map(|departed| departed.object));
        Ok(())
    }

    fn take_object(&mut self, object: &DirectoryObject) -> Result<()> {
        let outline = match object.kind {
            ObjectKind::Group => {
                // It may have as many members as there is memory for, and is there twice until it is put aside.
                let mut twice = self.held.beside();
                twice.add(object.footprint().saturating_mul(2))?;
                let (outline, held) = self.groups.put(object)?;
                held.and_then(|()| self.held.add(of_members(object)))?;
                outline
            }
            ObjectKind::Computer | ObjectKind::User => {
                let (outline, held) = self.spool.put(object)?;
                held?;
                outline
            }
        };
        let place = self.places.get(&object.guid).and_then(|place| self.outlines.get_mut(*place));
        match place {
            Some(earlier) => {
                // What came before stays where it is put aside, and a source may repeat itself for ever.
                self.held.add(outline.octets())?;
                *earlier = (object.kind, outline);
            }
            None => {
                self.held.add(at_hand(object, self.keeps_places))?;
                self.places.insert(object.guid, self.outlines.len());
                self.outlines.push((object.kind, outline));
            }
        }
        match object.kind == ObjectKind::User && object.is_trust() {
            true => self.trusts.insert(object.guid),
            false => self.trusts.remove(&object.guid),
        };
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
        self.outlines.len() as u64
    }

    fn into_snapshot(self, mut end: ReadEnd, options: &SyncOptions) -> Snapshot {
        let Self {
            outlines,
            places,
            trusts,
            mut departed,
            spool,
            groups: apart,
            held,
            warnings,
            ..
        } = self;
        end.warnings.extend(warnings);
        end.warnings.extend(spool.failure().map(|error| {
            format!(
                "what was read stayed in memory, since no temporary file could be written: {error}"
            )
        }));
        departed.retain(|object| !places.contains_key(object));
        drop(places);
        // As long as they are from the start: a list that grows leaves holes in the memory.
        let of = |kind| Vec::with_capacity(outlines.iter().filter(|(own, _)| *own == kind).count());
        let [mut computers, mut users, mut groups] =
            [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group].map(of);
        for (kind, outline) in outlines {
            match kind {
                ObjectKind::Computer => computers.push(outline),
                ObjectKind::Group => groups.push(outline),
                ObjectKind::User if trusts.contains(&outline.guid) => {}
                ObjectKind::User => users.push(outline),
            }
        }
        Snapshot {
            computers: Objects::new(ObjectKind::Computer, computers, spool.clone()),
            users: Objects::new(ObjectKind::User, users, spool),
            groups: Objects::new(ObjectKind::Group, groups, apart),
            trusts: trusts.len() as u64,
            departed,
            coverage: Coverage::of(&end.scope, options.takes_over),
            accepts_empty: options.accepts_empty,
            held,
            end,
            connect_seconds: 0.0,
            read_seconds: 0.0,
        }
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
    fn what_is_at_hand_counts_each_object_once_and_stops_one_past_the_budget() {
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
        let container = ObjectSpool::new(SpoolRoom::NO_FILE, &MemoryBudget::new(0));
        let packed = container.put(&object(1)).unwrap().0.octets();
        let of_container = "dc=x".len() + 64;
        let room = u64::try_from(2 * at_hand(&object(1), false) + packed + of_container).unwrap();
        let in_file = |limit| {
            let memory = MemoryBudget::new(limit);
            let room = SpoolRoom { in_file: u64::MAX, ..memory.spool_room(0, None) };
            Collected::within(&memory, room, false)
        };
        let mut collected = in_file(room);
        // The last of them takes the place of the first, which is put aside all the same.
        collected.add(page(&[1, 2, 1])).unwrap();
        assert_eq!(collected.add(page(&[3])).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(collected.count(), 2);
        in_file(room - 1).add(page(&[1, 2, 1])).unwrap_err();
    }

    #[test]
    fn a_group_is_there_twice_until_it_is_put_aside() {
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let guid = ObjectGuid::from_bytes([1; 16]);
        let mut group = DirectoryObject::new(ObjectKind::Group, guid, dn("CN=G,DC=x"));
        let long = "x".repeat(10_000);
        group.membership = Some(crate::directory::Membership::new([dn(&format!("CN={long}"))]));
        // What stays of it: what is put aside, and the member.
        let stays = 2 * 10_000 + 2_000;
        for (limit, is_enough) in [(stays, false), (stays + 2 * group.footprint(), true)] {
            let memory = MemoryBudget::new(limit as u64);
            let mut collected = Collected::within(&memory, SpoolRoom::NO_FILE, false);
            let page = || Page { objects: vec![group.clone()], departed: Vec::new() };
            assert_eq!(collected.add(page()).is_ok(), is_enough, "{limit}");
            if is_enough {
                memory.holder().add(2 * group.footprint()).unwrap();
            }
        }
    }

    #[test]
    fn a_later_read_knows_better_and_trusts_are_counted_once_wherever_they_are_put_aside() {
        let end = || {
            let server = crate::directory::ServerIdentity::at("127.0.0.1:389".parse().unwrap());
            let scope = crate::directory::ReadScope::of_account(["reader"], []);
            let (ldap, nothing) =
                (crate::directory::Transport::Ldap, crate::directory::Verification::Nothing);
            ReadEnd::complete(scope, ldap, nothing, server)
        };
        let object = |kind, n: u8, text: &str| {
            let dn = DistinguishedName::parse(&format!("CN=n{n},OU=a,DC=x")).unwrap();
            let mut object = DirectoryObject::new(kind, ObjectGuid::from_bytes([n; 16]), dn);
            object.attributes =
                [("description", text), ("sAMAccountType", text)].into_iter().collect();
            object
        };
        let (user, computer) = (ObjectKind::User, ObjectKind::Computer);
        for in_memory in [0, usize::MAX] {
            let read = |objects: Vec<DirectoryObject>| {
                let memory = MemoryBudget::default();
                let room = memory.spool_room(in_memory, None);
                let mut collected = Collected::within(&memory, room, false);
                for object in objects {
                    collected.add(Page { objects: vec![object], departed: Vec::new() }).unwrap();
                }
                collected.into_snapshot(end(), &SyncOptions::new())
            };
            let trust = "805306370";
            let mut snapshot = read(vec![
                object(user, 3, trust),
                object(computer, 2, "old"),
                object(user, 3, trust),
                object(user, 4, trust),
                object(user, 4, "a person after all"),
                object(computer, 1, "kept"),
                object(computer, 5, "gone"),
            ]);
            assert_eq!((snapshot.trusts, snapshot.count()), (1, 4));
            let mut later = read(vec![object(computer, 2, "new")]);
            later.departed.insert(ObjectGuid::from_bytes([5; 16]));
            snapshot.departed = [2, 6].map(|n| ObjectGuid::from_bytes([n; 16])).into();
            (snapshot.read_seconds, later.connect_seconds, later.read_seconds) = (1.0, 2.0, 4.0);
            snapshot.end.warnings = vec!["first".to_owned(), "both".to_owned()];
            later.end.warnings = vec!["both".to_owned(), "later".to_owned()];
            snapshot.update(later).unwrap();
            assert_eq!(snapshot.departed, [5, 6].map(|n| ObjectGuid::from_bytes([n; 16])).into());
            assert_eq!(snapshot.read_seconds, 7.0);
            assert_eq!(snapshot.end.warnings, ["first", "both", "later"]);
            let texts: Vec<String> = snapshot
                .computers
                .iter()
                .map(|it| it.unwrap().attributes.first("description").unwrap().to_owned())
                .collect();
            assert_eq!(texts, ["kept", "new"]);
            let [first, second] = snapshot.computers.outlines() else { panic!("{snapshot:?}") };
            assert_eq!(&*first.container, "ou=a,dc=x");
            assert_eq!(first.container, second.container);
        }
    }
}
