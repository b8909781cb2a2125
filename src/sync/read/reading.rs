//! What a run reads: everything, or what changed together with what depends on it.
//!
//! A directory tells a change of a membership of the group alone. Whoever joined or left it has another `memberOf`
//! now, and a group whose member was renamed has another list, without a change of their own. The inventory knows
//! who they are, has them read again, and so ends where a full read ends.

use std::collections::{BTreeSet, HashMap};
use std::future::ready;

use futures::TryStreamExt;

use super::left_out::keep_known;
use super::snapshot::Snapshot;
use super::timed::TimedDirectory;
use super::{checkpoint, departures, link_changes, managers};
use crate::Result;
use crate::asset::{DirectoryGroup, DirectoryUser, Home, Link, PrincipalsRequest};
use crate::directory::{
    DirectorySource, FullReadReason, MemoryBudget, Outline, ReadRequest, Transport, Verification,
    check_protection,
};
use crate::grouping;
use crate::membership::{
    Earlier, Links, Memberships, dependents_to_reread, is_group_back, is_present, touch_memberships,
};
use crate::merge::Computer;
use crate::name::{DistinguishedName, MatchKey};
use crate::sync::links;
use crate::sync::run::Run;
use crate::sync::stage::stage;
use crate::task::SyncTask;
use crate::value::{AssetId, Attributes, Checkpoint, ObjectGuid, RecordDigest};

/// How often what depends on a change is read, and what depends on that, and so on, before everything is.
const ROUNDS: usize = 4;
/// As many objects are always read again one by one; more only up to a quarter of the directory.
const ALWAYS_AGAIN: usize = 1_000;

/// How many keys one look-up of candidates names.
const KEYS_PER_LOOKUP: usize = 500;

/// What a run read.
#[derive(Debug)]
pub(in crate::sync) struct Reading {
    pub(in crate::sync) snapshot: Snapshot,
    pub(in crate::sync) prior: PriorMemberships,
    /// Whether it is all about the objects themselves that were read: no other object needs to be known.
    pub(in crate::sync) is_contained: bool,
}

/// What is known of the memberships of what was not read.
#[derive(Debug)]
pub(in crate::sync) enum PriorMemberships {
    /// Everything was read, or all that the changes touch is here.
    Loaded(Earlier),
    /// The changes touched no membership. These are the users that were read, as they were before.
    Unchanged(Vec<DirectoryUser>),
}

/// Reads for a run.
struct Reader<'a> {
    run: &'a Run<'a>,
    directory: TimedDirectory<'a>,
    assets: Option<RecordDigest>,
    least_protection: Option<(Transport, Verification)>,
    memory: MemoryBudget,
    /// Whether a read of changes takes a census.
    census: bool,
    /// Whether the last runs were over an export, which may have been an older one.
    is_exported_since: bool,
}

impl Reading {
    /// Reads what is due, or as far as it goes within the deadline. `assets` is the
    /// [digest](super::outside::digest) of what the inventory has from outside the directory, `least_protection` how the
    /// source was protected before.
    pub(in crate::sync) async fn of(
        run: &Run<'_>,
        directory: &dyn DirectorySource,
        earlier: Option<&Checkpoint>,
        assets: Option<RecordDigest>,
        least_protection: Option<(Transport, Verification)>,
    ) -> Result<Self> {
        let directory = TimedDirectory::new(directory, run.options.read_deadline);
        let memory = MemoryBudget::new(run.options.memory_bytes);
        let census = earlier.is_none_or(|earlier| checkpoint::is_census_due(run, earlier));
        let is_exported_since = checkpoint::is_exported_since(run, earlier).await?;
        let reader =
            Reader { run, directory, assets, least_protection, memory, census, is_exported_since };
        let reading = stage(|| reader.read_what_is_due(earlier));
        let mut reading = run.options.cancellation.guard(reading).await?;
        reading.snapshot.doubt_hidden_members()?;
        // A source that does not ask for it before it connects is found out now.
        let end = &mut reading.snapshot.end;
        if end.server.is_reached() {
            check_protection((end.transport, end.verification), least_protection)?;
        } else {
            let SyncTask { organization, source, .. } = run.task;
            let server = &mut end.server;
            grouping::keep_known_names(run.repository, organization, source, server).await?;
        }
        Ok(reading)
    }

    fn with(snapshot: Snapshot, prior: PriorMemberships) -> Self {
        Self { snapshot, prior, is_contained: false }
    }

    fn whole(snapshot: Snapshot) -> Self {
        Self::with(snapshot, PriorMemberships::Loaded(Earlier::default()))
    }

    /// The memberships of what was read.
    pub(in crate::sync) fn memberships(
        &self,
        is_kept: impl Fn(ObjectGuid) -> bool,
    ) -> Result<Memberships> {
        match &self.prior {
            PriorMemberships::Loaded(earlier) => {
                Memberships::of(&self.snapshot.read_objects(), earlier, is_kept)
            }
            PriorMemberships::Unchanged(users) => Ok(Memberships::kept(users.iter().cloned())),
        }
    }
}

impl Reader<'_> {
    async fn read_what_is_due(&self, earlier: Option<&Checkpoint>) -> Result<Reading> {
        if let Some(reason) = self.full_read_because(earlier) {
            return self.read_everything(Some(reason)).await;
        }
        let Some(checkpoint) = earlier.cloned() else {
            return self.read_everything(None).await;
        };
        let mut again = links::waiting(self.run).await?;
        again.extend(&checkpoint.again);
        let request = self.request()?.with_again(again).with_checkpoint(Some(checkpoint));
        let request = request.with_link_changes(true);
        let mut snapshot = Snapshot::read(request, self.directory, self.run).await?;
        if !snapshot.is_changes() {
            let links = links::load(self.run).await?;
            keep_known(self.run, &mut snapshot, &links).await?;
            return self.whole(snapshot, &links).await;
        }
        let links = links::of_objects(self.run, snapshot.identities()).await?;
        if keep_known(self.run, &mut snapshot, &links).await? {
            // Whether nobody shows it any more, or some lost it, only a look at everybody tells.
            return self.read_everything_after(snapshot).await;
        }
        if let Some(users) = self.users_if_contained(&mut snapshot, &links).await? {
            let prior = PriorMemberships::Unchanged(users);
            return Ok(Reading { snapshot, prior, is_contained: true });
        }
        let links = links::load(self.run).await?;
        stage(|| self.complete(snapshot, &links)).await
    }

    /// The users that were read, as they were before, if the changes are few, of known objects alone that are where they
    /// were, of no group, and of nobody whose name is shown elsewhere. What such a run costs depends on what changed, and not
    /// on how large the directory is; but whom somebody manages whose name changed is searched for in the whole inventory.
    async fn users_if_contained(
        &self,
        snapshot: &mut Snapshot,
        links: &Links,
    ) -> Result<Option<Vec<DirectoryUser>>> {
        let end = &snapshot.end;
        let is_told = end.completeness.is_complete() && end.census.is_none();
        let touches_others = !snapshot.departed.is_empty() || !snapshot.groups.is_empty();
        if !is_told || touches_others {
            return Ok(None);
        }
        let Some(stored) = self.stored(snapshot, links).await? else { return Ok(None) };
        let touches_others =
            touch_memberships(&snapshot.read_objects(), links, &stored.attributes())?
                || !managers::name_by(snapshot, &stored.attributes())?
                || !self.rivals(snapshot, links).await?.is_empty()
                || !managers::dependents(self.run, snapshot, links).await?.is_empty();
        Ok((!touches_others).then_some(stored.users))
    }

    async fn read_everything(&self, because: Option<FullReadReason>) -> Result<Reading> {
        let snapshot = Snapshot::read(self.request()?, self.directory, self.run).await?;
        stage(|| self.everything(snapshot, because)).await
    }

    /// Reads everything after all. The changes are among it, and are held only once: where it cannot begin, they are left
    /// to the next run.
    async fn read_everything_after(&self, mut changes: Snapshot) -> Result<Reading> {
        changes.clear();
        match Snapshot::read(self.request()?, self.directory, self.run).await {
            Ok(snapshot) => {
                stage(|| self.everything(snapshot, Some(FullReadReason::Widespread))).await
            }
            Err(error) => Ok(Reading::whole(changes.broken_off(&error))),
        }
    }

    async fn everything(
        &self,
        mut snapshot: Snapshot,
        because: Option<FullReadReason>,
    ) -> Result<Reading> {
        let links = links::load(self.run).await?;
        keep_known(self.run, &mut snapshot, &links).await?;
        snapshot.end.full_because = because.or(snapshot.end.full_because);
        self.whole(snapshot, &links).await
    }

    /// Everything that was read. Memberships of what the read does not speak for stay as they were: what stands
    /// outside of it, and a kind that does not show at all.
    async fn whole(&self, mut snapshot: Snapshot, links: &Links) -> Result<Reading> {
        let is_complete = snapshot.end.completeness.is_complete();
        let leaves_some = is_complete && departures::take_absent(&mut snapshot, links)?;
        managers::name(self.run, &mut snapshot, links).await?;
        if !leaves_some {
            return Ok(Reading::whole(snapshot));
        }
        let earlier = self.earlier(links).await?;
        Ok(Reading::with(snapshot, PriorMemberships::Loaded(earlier)))
    }

    /// Why everything is to be read though there is a checkpoint.
    fn full_read_because(&self, earlier: Option<&Checkpoint>) -> Option<FullReadReason> {
        let earlier = earlier?;
        if self.run.options.full_read {
            return Some(FullReadReason::Asked);
        }
        if earlier.rules != Some(self.run.rules()) {
            return Some(FullReadReason::RulesChanged);
        }
        if checkpoint::is_over(self.run, earlier.full_read, self.run.task.full_read_every) {
            return Some(FullReadReason::Due);
        }
        if self.is_exported_since {
            return Some(FullReadReason::ExportRead);
        }
        (earlier.assets != self.assets).then_some(FullReadReason::InventoryChanged)
    }

    /// Reads again whatever a change of another object changed, until nothing is left, or everything if that is
    /// less work.
    async fn complete(&self, mut snapshot: Snapshot, links: &Links) -> Result<Reading> {
        if !snapshot.end.completeness.is_complete() {
            return self.whole(snapshot, links).await;
        }
        let mut returned = departures::returned(&snapshot, links);
        if self.run.task.computer_filter.is_some() {
            let entered = departures::entered(&snapshot, links);
            // More than a few are those that the task leaves out.
            if entered.len() + returned.len() <= ALWAYS_AGAIN {
                returned.extend(entered);
            }
        }
        if is_widespread(&returned, links) {
            return self.read_everything_after(snapshot).await;
        }
        if !returned.is_empty() && !self.read_again(&mut snapshot, returned, links).await? {
            return self.whole(snapshot, links).await;
        }
        if snapshot.end.census.is_none() {
            let rivals = self.rivals(&snapshot, links).await?;
            if !rivals.is_empty() && !self.read_again(&mut snapshot, rivals, links).await? {
                return self.whole(snapshot, links).await;
            }
        }
        departures::take_departed(&mut snapshot, links)?;
        let uncertain = link_changes::complete(self.run, &mut snapshot, links).await?;
        if !uncertain.is_empty() {
            if !self.read_again(&mut snapshot, uncertain, links).await? {
                return self.whole(snapshot, links).await;
            }
            departures::take_departed(&mut snapshot, links)?;
        }
        let stored = self.stored(&snapshot, links).await?;
        let mut managed = self.managed(&snapshot, links).await?;
        if let Some(stored) = stored.filter(|_| managed.is_empty())
            && !touch_memberships(&snapshot.read_objects(), links, &stored.attributes())?
        {
            managers::name(self.run, &mut snapshot, links).await?;
            return Ok(Reading::with(snapshot, PriorMemberships::Unchanged(stored.users)));
        }
        // It may be the primary group of accounts that did not change, and only they say so.
        if is_group_back(&snapshot.groups, links) {
            return self.read_everything_after(snapshot).await;
        }
        let earlier = self.earlier(links).await?;
        let mut asked = BTreeSet::new();
        for _ in 0..ROUNDS {
            let mut again =
                dependents_to_reread(&snapshot.read_objects(), &earlier, links, |link| {
                    snapshot.coverage.reaches(link)
                })?;
            again.append(&mut managed);
            // What was asked for and does not show is for somebody else to see.
            again.retain(|object| asked.insert(*object));
            if again.is_empty() {
                managers::name(self.run, &mut snapshot, links).await?;
                return Ok(Reading::with(snapshot, PriorMemberships::Loaded(earlier)));
            }
            if snapshot.end.checkpoint.is_none() || is_widespread(&again, links) {
                break;
            }
            if !self.read_again(&mut snapshot, again, links).await? {
                return self.whole(snapshot, links).await;
            }
            departures::take_departed(&mut snapshot, links)?;
            managed = self.managed(&snapshot, links).await?;
        }
        self.read_everything_after(snapshot).await
    }

    /// Computers to be read again, since who manages them is called otherwise now.
    async fn managed(&self, snapshot: &Snapshot, links: &Links) -> Result<BTreeSet<ObjectGuid>> {
        let mut managed = managers::dependents(self.run, snapshot, links).await?;
        let is_there = |link: &&Link| link.presence.is_present() && snapshot.coverage.reaches(link);
        managed.retain(|object| links.get(object).filter(is_there).is_some());
        Ok(managed)
    }

    /// Known computers that were not read and have a name of one that is new, or waits: where that one goes depends on
    /// whether they are still there, and without a census nobody has looked.
    async fn rivals(&self, snapshot: &Snapshot, links: &Links) -> Result<BTreeSet<ObjectGuid>> {
        let Run { repository, task, .. } = *self.run;
        let domain = self.run.domain(&snapshot.end.server);
        let is_open = |object: &&Outline| {
            links.get(&object.guid).is_none_or(|link| link.by_rules() == Home::Waiting)
        };
        let mut keys: BTreeSet<MatchKey> = BTreeSet::new();
        for open in snapshot.computers.outlines().iter().filter(is_open) {
            keys.extend(Computer::of(&snapshot.computers.get(open)?, &domain).match_keys());
        }
        let keys = Vec::from_iter(keys);
        let read = snapshot.identities();
        let mut rivals = BTreeSet::new();
        for keys in keys.chunks(KEYS_PER_LOOKUP) {
            let assets = repository.candidates(&task.organization, keys).await?;
            let parts = assets.iter().flat_map(|asset| &asset.parts);
            let own = parts.filter(|part| part.source == task.source && part.presence.is_present());
            rivals.extend(own.filter_map(|part| part.object).filter(|it| !read.contains(it)));
        }
        rivals.retain(|rival| !snapshot.departed.contains(rival));
        Ok(rivals)
    }

    /// Reads these objects again, and what changed meanwhile. False if that became a full read, or did not get to
    /// its end: what was read before says nothing then.
    async fn read_again(
        &self,
        snapshot: &mut Snapshot,
        objects: BTreeSet<ObjectGuid>,
        links: &Links,
    ) -> Result<bool> {
        tracing::debug!(objects = objects.len(), "reading again what depends on a change");
        let checkpoint = snapshot.end.checkpoint.clone();
        let request = self.request()?.with_again(objects).with_checkpoint(checkpoint);
        let mut later = match Snapshot::read(request, self.directory, self.run).await {
            Ok(later) => later,
            Err(error) => {
                snapshot.end = snapshot.end.clone().broken_off(&error);
                return Ok(false);
            }
        };
        keep_known(self.run, &mut later, links).await?;
        if later.is_changes() {
            snapshot.update(later)?;
            return Ok(snapshot.end.completeness.is_complete());
        }
        *snapshot = later;
        Ok(false)
    }

    fn request(&self) -> Result<ReadRequest> {
        let task = self.run.task;
        let bases = task.base_dns.iter().map(|dn| DistinguishedName::parse(dn));
        let mut request = ReadRequest::new(task.credential.clone(), task.organization.clone())
            .with_base_dns(bases.collect::<Result<Vec<_>>>()?)
            .with_census(self.census)
            .with_least_protection(self.least_protection)
            .with_addresses_from_dns(task.addresses_from_dns)
            .with_extra_attributes(task.extra_attributes.iter().cloned());
        request.memory = self.memory.clone();
        if let Some(filter) = &task.computer_filter {
            request = request.with_computer_filter(filter);
        }
        Ok(request)
    }

    /// What the inventory has of the accounts that were read, if they are few.
    async fn stored(&self, snapshot: &Snapshot, links: &Links) -> Result<Option<Stored>> {
        if snapshot.count() > ALWAYS_AGAIN {
            return Ok(None);
        }
        let Run { repository, task, .. } = *self.run;
        let users: Vec<ObjectGuid> = snapshot.users.identities().collect();
        let users = repository.users(&task.organization, &task.source, &users).await?;
        let computers = snapshot.computers.identities();
        let links = computers.filter_map(|computer| links.get(&computer));
        let links: Vec<&Link> = links.collect();
        let ids: Vec<AssetId> = links.iter().filter_map(|link| link.asset).collect();
        let assets = repository.assets(&task.organization, &ids).await?;
        let computers = links.iter().filter_map(|link| {
            let asset = assets.iter().find(|asset| Some(asset.id) == link.asset)?;
            let part = asset.part_of(&task.source, link.object)?;
            Some((link.object, part.attributes.clone()))
        });
        Ok(Some(Stored { computers: computers.collect(), users }))
    }

    /// What the inventory knew before this read: groups, and where objects were.
    async fn earlier(&self, links: &Links) -> Result<Earlier> {
        let task = self.run.task;
        let own = PrincipalsRequest::new(task.organization.clone()).of_source(task.source.clone());
        let groups = self.run.repository.each_group(own).await?;
        let is_present = |group: &DirectoryGroup| ready(is_present(links, group.object));
        let groups = groups.try_filter(is_present).try_collect().await?;
        let present = links.values().filter(|link| link.presence.is_present());
        // Of two at one place, where one is stale, always the same is known by it.
        let mut places: Vec<_> = present.map(|link| (link.dn_digest, link.object)).collect();
        places.sort_unstable();
        Ok(Earlier { groups, places: places.into_iter().collect() })
    }
}

/// Whether so much is to be read again that everything is read as fast.
fn is_widespread(again: &BTreeSet<ObjectGuid>, links: &Links) -> bool {
    again.len() > ALWAYS_AGAIN.max(links.len() / 4)
}

/// What the inventory has of accounts that were read again.
#[derive(Debug)]
struct Stored {
    computers: Vec<(ObjectGuid, Attributes)>,
    users: Vec<DirectoryUser>,
}

impl Stored {
    fn attributes(&self) -> HashMap<ObjectGuid, &Attributes> {
        let users = self.users.iter().map(|user| (user.object, &user.attributes));
        users.chain(self.computers.iter().map(|(object, it)| (*object, it))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ObjectKind;

    #[test]
    fn everything_is_read_where_more_than_a_thousand_and_a_quarter_of_all_are_to_be_read_again() {
        let guid = |n: usize| {
            let mut octets = [0; 16];
            octets[..8].copy_from_slice(&n.to_be_bytes());
            ObjectGuid::from_bytes(octets)
        };
        let links = |number: usize| -> Links {
            let all = (0..number).map(|n| (guid(n), Link::new(ObjectKind::Computer, guid(n))));
            all.collect()
        };
        for (again, known, is_all) in [
            (0, 0, false),
            (ALWAYS_AGAIN, 0, false),
            (ALWAYS_AGAIN + 1, 0, true),
            (ALWAYS_AGAIN + 1, 4 * ALWAYS_AGAIN + 3, true),
            (ALWAYS_AGAIN + 1, 4 * ALWAYS_AGAIN + 4, false),
        ] {
            let objects: BTreeSet<ObjectGuid> = (0..again).map(guid).collect();
            assert_eq!(is_widespread(&objects, &links(known)), is_all, "{again} of {known}");
        }
    }
}
