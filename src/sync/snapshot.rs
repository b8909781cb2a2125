//! Everything that one read of a directory brought.

use std::collections::HashMap;
use std::time::Instant;

use futures::StreamExt;

use super::{Progress, SyncOptions};
use crate::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadEnd, ReadRequest,
};
use crate::name::DistinguishedName;
use crate::schedule::SyncTask;
use crate::value::{Checkpoint, ObjectGuid, ObjectKind};
use crate::{Error, ErrorKind, Result};

/// What a read brought: each object once, sorted by objectGUID, and how it ended.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) computers: Vec<DirectoryObject>,
    pub(super) users: Vec<DirectoryObject>,
    pub(super) groups: Vec<DirectoryObject>,
    pub(super) end: ReadEnd,
    /// Seconds until the bind was answered, and until the last page.
    pub(super) connect_seconds: f64,
    pub(super) read_seconds: f64,
}

impl Snapshot {
    /// Reads the task's directory to the end.
    pub(super) async fn read(
        task: &SyncTask,
        checkpoint: Option<Checkpoint>,
        directory: &dyn DirectorySource,
        options: &SyncOptions,
    ) -> Result<Self> {
        let read = Self::read_all(request(task, checkpoint)?, directory, options);
        let deadline = options.read_deadline;
        match tokio::time::timeout(deadline, options.cancellation.guard(read)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the directory was not read to the end within {} s", deadline.as_secs()),
            )
            .in_operation("read")),
        }
    }

    /// All objects of one kind.
    pub(super) fn of_kind(&self, kind: ObjectKind) -> &[DirectoryObject] {
        match kind {
            ObjectKind::Computer => &self.computers,
            ObjectKind::Group => &self.groups,
            ObjectKind::User => &self.users,
        }
    }

    /// How many entries of one kind were left out.
    pub(super) fn rejected(&self, kind: ObjectKind) -> u64 {
        self.end.rejected.iter().filter(|rejected| rejected.kind == kind).count() as u64
    }

    async fn read_all(
        request: ReadRequest,
        directory: &dyn DirectorySource,
        options: &SyncOptions,
    ) -> Result<Self> {
        options.tell(Progress::Connecting);
        let begun = Instant::now();
        let mut events = directory.read(request).await?;
        let connected = Instant::now();
        let mut collected = Collected::default();
        while let Some(event) = events.next().await {
            match event? {
                DirectoryEvent::Page(page) => {
                    collected.add(page);
                    options.tell(Progress::Reading { objects: collected.count() });
                }
                DirectoryEvent::End(end) => {
                    let mut snapshot = collected.into_snapshot(*end);
                    snapshot.connect_seconds = (connected - begun).as_secs_f64();
                    snapshot.read_seconds = connected.elapsed().as_secs_f64();
                    return Ok(snapshot);
                }
            }
        }
        Err(Error::new(
            ErrorKind::Disconnected,
            "the directory source stopped without saying that it was at the end; nothing was written",
        )
        .in_operation("read"))
    }
}

fn request(task: &SyncTask, checkpoint: Option<Checkpoint>) -> Result<ReadRequest> {
    let bases = task.base_dns.iter().map(|dn| DistinguishedName::parse(dn));
    let mut request = ReadRequest::new(task.credential.clone(), task.organization.clone())
        .with_base_dns(bases.collect::<Result<Vec<_>>>()?)
        .with_extra_attributes(task.extra_attributes.iter().cloned())
        .with_checkpoint(checkpoint);
    if let Some(filter) = &task.computer_filter {
        request = request.with_computer_filter(filter);
    }
    Ok(request)
}

/// Objects by kind, the last of each objectGUID.
#[derive(Default)]
struct Collected {
    objects: Vec<DirectoryObject>,
    places: HashMap<ObjectGuid, usize>,
}

impl Collected {
    fn add(&mut self, page: Page) {
        for object in page.objects {
            match self.places.get(&object.guid).and_then(|place| self.objects.get_mut(*place)) {
                Some(earlier) => *earlier = object,
                None => {
                    self.places.insert(object.guid, self.objects.len());
                    self.objects.push(object);
                }
            }
        }
    }

    fn count(&self) -> u64 {
        self.objects.len() as u64
    }

    fn into_snapshot(self, end: ReadEnd) -> Snapshot {
        drop(self.places);
        let mut objects = self.objects;
        objects.sort_unstable_by_key(|object| object.guid);
        let mut snapshot = Snapshot {
            computers: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            end,
            connect_seconds: 0.0,
            read_seconds: 0.0,
        };
        for object in objects {
            match object.kind {
                ObjectKind::Computer => snapshot.computers.push(object),
                ObjectKind::Group => snapshot.groups.push(object),
                ObjectKind::User => snapshot.users.push(object),
            }
        }
        snapshot
    }
}
