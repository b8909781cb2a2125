//! The objects of a read, put aside: a run keeps at hand what it needs of all of them at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::{Held, MemoryBudget, SpoolRoom};
use super::object::{AccountKind, DirectoryObject};
use super::packed::{pack, unpack};
use super::spool::{Span, Spool};
use crate::Result;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest};

/// What a run keeps at hand of an object that was read: who it is, and what tells whether it changed. The rest is
/// [put aside](ObjectSpool).
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) guid: ObjectGuid,
    /// The [digest](DirectoryObject::digest) of all of it.
    pub(crate) digest: RecordDigest,
    /// That of its DN.
    pub(crate) dn_digest: RecordDigest,
    /// The DN of what it stands in, in [normal form](DistinguishedName::normalized).
    pub(crate) container: Arc<str>,
    /// How many attributes it has.
    pub(crate) attributes: u32,
    /// The [memory](DirectoryObject::footprint) that it takes where it is not put aside.
    pub(crate) footprint: u32,
    /// Whether something was left out of it.
    pub(crate) is_flawed: bool,
    /// Whether it has more names than a computer may have.
    pub(crate) has_too_many_names: bool,
    /// Whether it is a machine, as far as its account tells.
    pub(crate) is_host: bool,
    /// Whether it says who manages it.
    pub(crate) is_managed: bool,
    /// Whether it says to be in a group.
    pub(crate) is_member: bool,
    /// Whether nothing may be concluded from who is missing among its members.
    pub(crate) is_doubtful: bool,
    span: Span,
}

/// Where what was read is put aside. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSpool {
    spool: Arc<Spool>,
    /// Each once: many objects stand in one.
    containers: Arc<Mutex<Containers>>,
}

#[derive(Debug)]
struct Containers {
    all: HashSet<Arc<str>>,
    held: Held,
}

/// The objects of one kind, each once, in the order of their objectGUIDs.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    kind: ObjectKind,
    outlines: Vec<Outline>,
    spool: ObjectSpool,
}

impl ObjectSpool {
    /// An empty one. What it keeps in memory counts towards the budget.
    pub(crate) fn new(room: SpoolRoom, memory: &MemoryBudget) -> Self {
        let containers = Containers { all: HashSet::new(), held: memory.holder() };
        let spool = Spool::new(room, memory.holder());
        Self { spool: Arc::new(spool), containers: Arc::new(Mutex::new(containers)) }
    }

    /// Puts an object aside. The second value is an error of the kind
    /// [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) if more is held in memory than may be.
    ///
    /// # Errors
    ///
    /// The same kind if it is too large to be put aside at all.
    pub(crate) fn put(&self, object: &DirectoryObject) -> Result<(Outline, Result<()>)> {
        let dn = object.dn.normalized();
        let (container, new) = self.container(DistinguishedName::normalized_parent(&dn));
        let (span, held) = self.spool.put(|into| pack(object, into))?;
        let outline = Outline {
            guid: object.guid,
            digest: object.digest(),
            dn_digest: RecordDigest::of([dn.as_str()]),
            container,
            attributes: object.attribute_count(),
            footprint: u32::try_from(object.footprint()).unwrap_or(u32::MAX),
            is_flawed: !object.flaws.is_empty(),
            has_too_many_names: object.names_left_out() > 0,
            is_host: object.account_kind() == AccountKind::Host,
            is_managed: object.attributes.first("managedBy").is_some(),
            is_member: object.attributes.first("memberOf").is_some(),
            is_doubtful: object.is_doubtful(),
            span,
        };
        Ok((outline, held.and(new)))
    }

    /// Why what was read stays in memory, if it should not.
    pub(crate) fn failure(&self) -> Option<String> {
        self.spool.failure()
    }

    fn container(&self, dn: &str) -> (Arc<str>, Result<()>) {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = containers.all.get(dn) {
            return (Arc::clone(known), Ok(()));
        }
        let new: Arc<str> = dn.into();
        containers.all.insert(Arc::clone(&new));
        let held = containers.held.add(dn.len() + CONTAINER);
        (new, held)
    }

    fn get(&self, kind: ObjectKind, outline: &Outline) -> Result<DirectoryObject> {
        self.spool.get(outline.span, |octets| unpack(kind, outline.guid, octets))?
    }
}

/// What a container takes beside its octets: its place in a set that is never quite full, and the allocator's own.
const CONTAINER: usize = 64;

impl Outline {
    /// How many octets are put aside.
    pub(crate) fn octets(&self) -> usize {
        self.span.length()
    }
}

impl Objects {
    /// Those of a kind that were put aside there, each once.
    pub(crate) fn new(kind: ObjectKind, mut outlines: Vec<Outline>, spool: ObjectSpool) -> Self {
        outlines.sort_unstable_by_key(|outline| outline.guid);
        outlines.shrink_to_fit();
        Self { kind, outlines, spool }
    }

    /// These, in memory.
    #[cfg(test)]
    pub(crate) fn of<'a>(
        kind: ObjectKind,
        objects: impl IntoIterator<Item = &'a DirectoryObject>,
    ) -> Self {
        let spool = ObjectSpool::new(SpoolRoom::NO_FILE, &MemoryBudget::default());
        let outlines = objects.into_iter().map(|object| spool.put(object).unwrap().0);
        Self::new(kind, outlines.collect(), spool)
    }

    /// What they are.
    pub(crate) fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// What is at hand of them.
    pub(crate) fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    pub(crate) fn len(&self) -> usize {
        self.outlines.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.outlines.is_empty()
    }

    /// Who they are.
    pub(crate) fn identities(&self) -> impl Iterator<Item = ObjectGuid> {
        self.outlines.iter().map(|outline| outline.guid)
    }

    /// Whether this is one of them.
    pub(crate) fn contains(&self, object: ObjectGuid) -> bool {
        self.place(object).is_some()
    }

    /// All of one of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) or [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if what was put
    /// aside cannot be read again; so of everything below.
    pub(crate) fn get(&self, outline: &Outline) -> Result<DirectoryObject> {
        self.spool.get(self.kind, outline)
    }

    /// All of the one with this objectGUID, if it is among them.
    pub(crate) fn find(&self, object: ObjectGuid) -> Result<Option<DirectoryObject>> {
        let outline = self.place(object).and_then(|place| self.outlines.get(place));
        outline.map(|outline| self.get(outline)).transpose()
    }

    /// All of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        self.outlines.iter().map(|outline| self.get(outline))
    }

    /// Takes this in the place of what is there by the same objectGUID. What is read is read by now: however much it is, the
    /// run goes on.
    pub(crate) fn replace(&mut self, object: &DirectoryObject) -> Result<()> {
        let (outline, _) = self.spool.put(object)?;
        if let Some(place) = self.place(object.guid).and_then(|place| self.outlines.get_mut(place))
        {
            *place = outline;
        }
        Ok(())
    }

    /// Takes in others, in the place of those for which `is_stale` holds, and goes on likewise.
    pub(crate) fn update(
        &mut self,
        others: &Self,
        is_stale: impl Fn(ObjectGuid) -> bool,
    ) -> Result<()> {
        self.outlines.retain(|outline| !is_stale(outline.guid));
        for other in others.iter() {
            self.outlines.push(self.spool.put(&other?)?.0);
        }
        self.outlines.sort_unstable_by_key(|outline| outline.guid);
        Ok(())
    }

    /// Lets go of all.
    pub(crate) fn clear(&mut self) {
        self.outlines = Vec::new();
        self.spool = ObjectSpool::new(SpoolRoom::NO_FILE, &MemoryBudget::default());
    }

    fn place(&self, object: ObjectGuid) -> Option<usize> {
        self.outlines.binary_search_by_key(&object, |outline| outline.guid).ok()
    }
}

/// The digest of a DN: the same for all ways to write it.
pub(crate) fn dn_digest(dn: &DistinguishedName) -> RecordDigest {
    RecordDigest::of([dn.normalized().as_str()])
}
