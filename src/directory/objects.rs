//! The objects of a read, put aside: a run keeps at hand what it needs of all of them at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Held;
use super::object::DirectoryObject;
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
    /// Whether something was left out of it.
    pub(crate) is_flawed: bool,
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
    containers: Arc<Mutex<HashSet<Arc<str>>>>,
}

/// The objects of one kind, each once, in the order of their objectGUIDs.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    kind: ObjectKind,
    outlines: Vec<Outline>,
    spool: ObjectSpool,
}

impl ObjectSpool {
    /// An empty one that keeps so many octets in memory. What it keeps counts for `held`.
    pub(crate) fn new(most: usize, held: Held) -> Self {
        Self { spool: Arc::new(Spool::new(most, held)), containers: Arc::default() }
    }

    /// Puts an object aside.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) if that is more than may be held.
    pub(crate) fn put(&self, object: &DirectoryObject) -> Result<Outline> {
        let dn = object.dn.normalized();
        Ok(Outline {
            guid: object.guid,
            digest: object.digest(),
            dn_digest: RecordDigest::of([dn.as_str()]),
            container: self.container(DistinguishedName::normalized_parent(&dn)),
            attributes: object.attribute_count(),
            is_flawed: !object.flaws.is_empty() || object.names_left_out() > 0,
            is_member: object.attributes.first("memberOf").is_some(),
            is_doubtful: object.is_doubtful(),
            span: self.spool.put(|into| pack(object, into))?,
        })
    }

    fn container(&self, dn: &str) -> Arc<str> {
        let mut all = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(dn) {
            return Arc::clone(known);
        }
        let new: Arc<str> = dn.into();
        all.insert(Arc::clone(&new));
        new
    }

    fn get(&self, kind: ObjectKind, outline: &Outline) -> Result<DirectoryObject> {
        self.spool.get(outline.span, |octets| unpack(kind, outline.guid, octets))?
    }
}

impl Outline {
    /// About how many octets the object takes.
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
        let spool = ObjectSpool::new(usize::MAX, super::MemoryBudget::default().holder());
        let outlines = objects.into_iter().map(|object| spool.put(object).unwrap());
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

    /// All of those that something was left out of.
    pub(crate) fn flawed(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        let flawed = self.outlines.iter().filter(|outline| outline.is_flawed);
        flawed.map(|outline| self.get(outline))
    }

    /// Takes this in the place of what is there by the same objectGUID.
    pub(crate) fn replace(&mut self, object: &DirectoryObject) -> Result<()> {
        let outline = self.spool.put(object)?;
        if let Some(place) = self.place(object.guid).and_then(|place| self.outlines.get_mut(place))
        {
            *place = outline;
        }
        Ok(())
    }

    /// Takes in others, in the place of those for which `is_stale` holds.
    pub(crate) fn update(
        &mut self,
        others: &Self,
        is_stale: impl Fn(ObjectGuid) -> bool,
    ) -> Result<()> {
        self.outlines.retain(|outline| !is_stale(outline.guid));
        for other in others.iter() {
            self.outlines.push(self.spool.put(&other?)?);
        }
        self.outlines.sort_unstable_by_key(|outline| outline.guid);
        Ok(())
    }

    /// Lets go of all.
    pub(crate) fn clear(&mut self) {
        self.outlines = Vec::new();
    }

    fn place(&self, object: ObjectGuid) -> Option<usize> {
        self.outlines.binary_search_by_key(&object, |outline| outline.guid).ok()
    }
}

/// The digest of a DN: the same for all ways to write it.
pub(crate) fn dn_digest(dn: &DistinguishedName) -> RecordDigest {
    RecordDigest::of([dn.normalized().as_str()])
}
