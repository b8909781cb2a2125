//! Who manages a computer: what the user or group is called that its `managedBy` names.
//!
//! The name is another object's. It is taken from that one where it was read, and else from what the inventory has of it; of
//! one that is in neither, and of one that is a computer itself, only the DN is known. A directory tells a change of the other
//! object alone: a computer whose manager has another name or another DN now, is new, or is gone, is one of its [dependents],
//! and is read again.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::TryStreamExt;

use super::left_out::known_computers;
use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::{Asset, AssetsRequest, Link, SearchRequest};
use crate::directory::{DirectoryObject, Outline, dn_digest};
use crate::membership::{Links, is_present};
use crate::name::DistinguishedName;
use crate::query::Query;
use crate::sync::run::Run;
use crate::value::{Attributes, ObjectGuid, ObjectKind, RecordDigest};

/// How many objects one look-up names.
const OBJECTS_PER_LOOKUP: usize = 500;
/// How many octets of DNs one search asks for, and how many assets are on a page of it.
const OCTETS_PER_SEARCH: usize = 3_000;
const ASSETS_PER_PAGE: usize = 1_000;
/// Each search may look at the whole inventory: instead of more of them, all assets are gone through once.
const MOST_SEARCHES: usize = 4;

/// What finds the computers that have a manager.
const MANAGED: &str = "has:@ldap.computer.managedBy";

/// What a person would call a user or group, by its attributes.
fn called(attributes: &Attributes) -> Option<&str> {
    let names = ["displayName", "cn", "sAMAccountName"];
    names.into_iter().find_map(|name| attributes.first(name)).filter(|name| !name.is_empty())
}

/// The manager that a computer's attributes name.
fn manager(attributes: &Attributes) -> Option<DistinguishedName> {
    DistinguishedName::parse(attributes.first("managedBy")?).ok()
}

/// What managers are called, by the digests of their DNs; `None` where that is not known.
type Names = HashMap<RecordDigest, Option<Box<str>>>;

/// Names the managers of the computers that were read.
pub(super) async fn name(run: &Run<'_>, snapshot: &mut Snapshot, links: &Links) -> Result<()> {
    let mut names = read_names(snapshot)?;
    let unread = unread(snapshot, links, &names);
    for objects in unread.chunks(OBJECTS_PER_LOOKUP) {
        let objects: Vec<ObjectGuid> = objects.iter().map(|(object, _)| *object).collect();
        for principal in stored(run, &objects).await? {
            if let Some(name) = names.get_mut(&dn_digest(&principal.dn)) {
                *name = principal.name;
            }
        }
    }
    for outline in managed(snapshot) {
        let computer = snapshot.computers.get(&outline)?;
        let manager = manager(&computer.attributes);
        let name = manager.and_then(|dn| names.get(&dn_digest(&dn)).cloned().flatten());
        give_name(snapshot, computer, name)?;
    }
    Ok(())
}

/// Names them by what was read, and by what the inventory has of the computers themselves. Whether that tells of all: of a
/// computer that has another manager than before, who was not read, it does not.
pub(super) fn name_by(
    snapshot: &mut Snapshot,
    known: &HashMap<ObjectGuid, &Attributes>,
) -> Result<bool> {
    let names = read_names(snapshot)?;
    for outline in managed(snapshot) {
        let computer = snapshot.computers.get(&outline)?;
        let Some(dn) = manager(&computer.attributes) else { continue };
        let known = known.get(&computer.guid);
        let name = match (names.get(&dn_digest(&dn)).cloned().flatten(), known) {
            (Some(name), _) => Some(name),
            (None, Some(known))
                if known.first("managedBy") == computer.attributes.first("managedBy") =>
            {
                known.first("managedByName").map(Into::into)
            }
            (None, _) => return Ok(false),
        };
        give_name(snapshot, computer, name)?;
    }
    Ok(true)
}

/// The computers that say who manages them.
fn managed(snapshot: &Snapshot) -> Vec<Outline> {
    let computers = snapshot.computers.outlines().iter();
    computers.filter(|computer| computer.is_managed).cloned().collect()
}

fn give_name(
    snapshot: &mut Snapshot,
    computer: DirectoryObject,
    name: Option<Box<str>>,
) -> Result<()> {
    if computer.manager_name == name {
        return Ok(());
    }
    snapshot.computers.replace(&DirectoryObject { manager_name: name, ..computer })
}

/// Every manager that computers name, with the name of each that was read.
fn read_names(snapshot: &Snapshot) -> Result<Names> {
    let mut names = Names::new();
    for outline in managed(snapshot) {
        let computer = snapshot.computers.get(&outline)?;
        names.extend(manager(&computer.attributes).map(|dn| (dn_digest(&dn), None)));
    }
    for principals in [&snapshot.users, &snapshot.groups] {
        for outline in principals.outlines() {
            if let Some(name) = names.get_mut(&outline.dn_digest) {
                *name = called(&principals.get(outline)?.attributes).map(Into::into);
            }
        }
    }
    Ok(names)
}

/// Known users and groups that were not read, and may be managers without a name.
fn unread(snapshot: &Snapshot, links: &Links, names: &Names) -> Vec<(ObjectGuid, RecordDigest)> {
    let is_wanted = |link: &&Link| names.get(&link.dn_digest).is_some_and(Option::is_none);
    if names.values().all(Option::is_some) {
        return Vec::new();
    }
    let read = snapshot.identities();
    let is_there = |object: &ObjectGuid| {
        is_present(links, *object) && !read.contains(object) && !snapshot.departed.contains(object)
    };
    let principals = links.values().filter(|link| link.kind != ObjectKind::Computer);
    let found = principals.filter(is_wanted).filter(|link| is_there(&link.object));
    // Of two at one place, where one is stale, always the same is taken.
    let mut found: Vec<_> = found.map(|link| (link.object, link.dn_digest)).collect();
    found.sort_unstable();
    found
}

/// Computers that were not read, and name an object that is another one to them now.
pub(super) async fn dependents(
    run: &Run<'_>,
    snapshot: &Snapshot,
    links: &Links,
) -> Result<BTreeSet<ObjectGuid>> {
    let changed = Changed::find(run, snapshot, links).await?;
    let read = snapshot.identities();
    let queries = changed.queries();
    let mut found = match queries.len() {
        ..=MOST_SEARCHES => search(run, &changed, queries).await?,
        _ => go_through(run, &changed).await?,
    };
    found.retain(|object| !read.contains(object) && !snapshot.departed.contains(object));
    Ok(found)
}

/// The computers concerned that these queries find.
async fn search(
    run: &Run<'_>,
    changed: &Changed,
    queries: Vec<Query>,
) -> Result<BTreeSet<ObjectGuid>> {
    let mut found = BTreeSet::new();
    for query in queries {
        let mut request = request(run, query).with_limit(ASSETS_PER_PAGE);
        loop {
            run.options.cancellation.check()?;
            let page = run.repository.search_assets(request.clone()).await?;
            found.extend(page.records.iter().flat_map(|asset| changed.computers(run, asset)));
            match page.next {
                Some(next) => request.after = Some(next),
                None => break,
            }
        }
    }
    Ok(found)
}

/// The computers concerned among all that there are, if any has a manager at all.
async fn go_through(run: &Run<'_>, changed: &Changed) -> Result<BTreeSet<ObjectGuid>> {
    let mut found = BTreeSet::new();
    let anybody = request(run, Query::parse(MANAGED)?).with_limit(1);
    if run.repository.search_assets(anybody).await?.records.is_empty() {
        return Ok(found);
    }
    let everything = AssetsRequest::new(run.task.organization.clone());
    let mut assets = run.repository.each_asset(everything).await?;
    while let Some(asset) = assets.try_next().await? {
        run.options.cancellation.check()?;
        found.extend(changed.computers(run, &asset));
    }
    Ok(found)
}

/// A search that nobody waits for at a screen: it may take as long as a read.
fn request(run: &Run<'_>, query: Query) -> SearchRequest {
    SearchRequest::new(run.task.organization.clone(), query, run.now)
        .with_deadline(run.options.read_deadline)
}

/// A user or group as the inventory has it.
struct Stored {
    object: ObjectGuid,
    dn: DistinguishedName,
    name: Option<Box<str>>,
}

async fn stored(run: &Run<'_>, objects: &[ObjectGuid]) -> Result<Vec<Stored>> {
    let Run { repository, task, .. } = *run;
    let (organization, source) = (&task.organization, &task.source);
    let of = |object: ObjectGuid, dn: DistinguishedName, attributes: &Attributes| Stored {
        object,
        dn,
        name: called(attributes).map(Into::into),
    };
    let users = repository.users(organization, source, objects).await?;
    let groups = repository.groups(organization, source, objects).await?;
    let users = users.into_iter().map(|user| of(user.object, user.dn, &user.attributes));
    let groups = groups.into_iter().map(|group| of(group.object, group.dn, &group.attributes));
    Ok(users.chain(groups).collect())
}

/// The objects that are other ones to the computers that name them.
#[derive(Default)]
struct Changed {
    /// The DNs that they have or had, as they are written.
    dns: BTreeSet<String>,
    /// The same in normal form.
    normalized: HashSet<String>,
    /// The own names of those that were not known, in normal form: what names them from before they came into reach has
    /// another DN, and mostly the same name in it.
    newcomers: HashMap<String, String>,
}

impl Changed {
    async fn find(run: &Run<'_>, snapshot: &Snapshot, links: &Links) -> Result<Self> {
        let mut changed = Self::default();
        let departed = snapshot.departed.iter().copied();
        let read = snapshot.users.identities().chain(snapshot.groups.identities());
        let known = read.chain(departed);
        let known: Vec<ObjectGuid> = known.filter(|object| is_principal(links, *object)).collect();
        let mut before = HashMap::new();
        for objects in known.chunks(OBJECTS_PER_LOOKUP) {
            before.extend(stored(run, objects).await?.into_iter().map(|it| (it.object, it)));
        }
        for object in snapshot.users.iter().chain(snapshot.groups.iter()) {
            let object = object?;
            match before.remove(&object.guid) {
                Some(known) if is_same(&known, &object, links) => {}
                Some(known) => {
                    changed.add(&known.dn);
                    changed.add(&object.dn);
                }
                None => changed.add_newcomer(&object.dn),
            }
        }
        // What is left was there, and departed.
        before.values().for_each(|gone| changed.add(&gone.dn));
        changed.find_computers(run, snapshot, links).await?;
        Ok(changed)
    }

    /// Computers that are not where they were, that may have been restored, or that are gone. Their names are shown nowhere
    /// else.
    async fn find_computers(
        &mut self,
        run: &Run<'_>,
        snapshot: &Snapshot,
        links: &Links,
    ) -> Result<()> {
        let is_other = |object: &&Outline| {
            let link = links.get(&object.guid).filter(|link| link.presence.is_present());
            link.is_some_and(|link| {
                link.dn_digest != object.dn_digest || object.attributes < link.attributes
            })
        };
        let computers = snapshot.computers.outlines().iter();
        let moved = computers.filter(is_other).map(|object| object.guid);
        let is_computer = |object: &ObjectGuid| {
            let link = links.get(object).filter(|link| link.presence.is_present());
            link.is_some_and(|link| link.kind == ObjectKind::Computer)
        };
        let gone = snapshot.departed.iter().copied().filter(is_computer);
        let objects: Vec<ObjectGuid> = moved.chain(gone).collect();
        for objects in objects.chunks(OBJECTS_PER_LOOKUP) {
            for known in known_computers(run, objects, links).await?.values() {
                let dn = known.first("distinguishedName");
                if let Some(Ok(dn)) = dn.map(DistinguishedName::parse) {
                    self.add(&dn);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, dn: &DistinguishedName) {
        self.dns.insert(dn.as_str().to_owned());
        self.normalized.insert(dn.normalized());
    }

    fn add_newcomer(&mut self, dn: &DistinguishedName) {
        self.add(dn);
        let own = |text: &str| text.split_once(',').map(|(own, _)| own.to_owned());
        // Without a name of its own it is above everything, and nobody's manager.
        if let (Some(own_normalized), Some(written)) = (own(&dn.normalized()), dn.common_name()) {
            self.newcomers.insert(own_normalized, written);
        }
    }

    /// What finds all computers that name them, and some others.
    fn queries(&self) -> Vec<Query> {
        const MANAGED_BY: &str = "@ldap.computer.managedBy";
        let of_dn = |dn: &String| format!("{MANAGED_BY}:={}", Query::quote(dn));
        let of_newcomer = |name: &String| {
            // Whether its own part has no name yet is for each part to tell.
            format!("{MANAGED_BY}:{}", Query::quote(name))
        };
        let terms = self.dns.iter().map(of_dn).chain(self.newcomers.values().map(of_newcomer));
        let mut texts: Vec<String> = Vec::new();
        for term in terms {
            match texts.last_mut() {
                Some(text) if text.len() + term.len() < OCTETS_PER_SEARCH => {
                    text.push_str(" OR ");
                    text.push_str(&term);
                }
                _ => texts.push(term),
            }
        }
        // One that is too long for a query is looked for among all.
        let everybody = || Query::parse(MANAGED);
        texts.iter().filter_map(|text| Query::parse(text).or_else(|_| everybody()).ok()).collect()
    }

    /// The computers of an asset that name one of them.
    fn computers(&self, run: &Run<'_>, asset: &Asset) -> Vec<ObjectGuid> {
        let own = asset.parts.iter().filter(|part| part.source == run.task.source);
        let named = own.filter(|part| {
            let Some(dn) = manager(&part.attributes).map(|dn| dn.normalized()) else {
                return false;
            };
            let is_nameless = part.attributes.first("managedByName").is_none();
            let own = dn.split_once(',').map_or(dn.as_str(), |(own, _)| own);
            self.normalized.contains(&dn) || is_nameless && self.newcomers.contains_key(own)
        });
        named.filter_map(|part| part.object).collect()
    }
}

/// Whether it is a known user or group that is there.
fn is_principal(links: &Links, object: ObjectGuid) -> bool {
    let link = links.get(&object).filter(|link| link.presence.is_present());
    link.is_some_and(|link| link.kind != ObjectKind::Computer)
}

/// Whether a user or group has the DN and the name that it had, and was there all the time.
fn is_same(known: &Stored, now: &DirectoryObject, links: &Links) -> bool {
    let is_called_so = known.name.as_deref() == called(&now.attributes);
    known.dn.as_str() == now.dn.as_str() && is_called_so && !lost_attributes(now, links)
}

/// Whether an object has fewer attributes than it had: as after it was deleted and restored, when nothing names it any more,
/// without a word of whatever did.
fn lost_attributes(object: &DirectoryObject, links: &Links) -> bool {
    let known = links.get(&object.guid).filter(|link| link.presence.is_present());
    known.is_some_and(|link| object.attribute_count() < link.attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{AssetRepository, Batch, Change, Presence, SourceRecord};
    use crate::directory::{ReadEnd, ReadScope, ServerIdentity, Transport, Verification};
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::task::SyncTask;
    use crate::value::{AssetId, BatchId, SourceId, Timestamp};

    fn task() -> SyncTask {
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        SyncTask::new("corp", "acme".parse().unwrap(), site, source, credential)
    }

    #[test]
    fn who_is_called_as_before_is_the_same_unless_it_may_have_been_deleted_and_restored() {
        let (object, at) = (ObjectGuid::from_bytes([1; 16]), "CN=jane,OU=People,DC=x");
        let dn = |text| DistinguishedName::parse(text).unwrap();
        let mut now = DirectoryObject::new(ObjectKind::User, object, dn(at));
        now.attributes = [("cn", "jane"), ("displayName", "Jane Doe")].into_iter().collect();
        let count = now.attribute_count();
        let (there, since) = (Presence::Present, Timestamp::MAX);
        for (name, place, attributes, presence, expected) in [
            ("Jane Doe", at, count, there, true),
            ("Jane Doe", at, count - 1, there, true),
            ("Jane Doe", at, count + 1, there, false),
            ("Jane Doe", at, count + 1, Presence::Gone { since }, true),
            ("Jane Miller", at, count, there, false),
            ("Jane Doe", "CN=jane,OU=Managers,DC=x", count, there, false),
        ] {
            let known = Stored { object, dn: dn(place), name: Some(name.into()) };
            let link = Link { attributes, presence, ..Link::new(ObjectKind::User, object) };
            let links = Links::from([(object, link)]);
            assert_eq!(is_same(&known, &now, &links), expected, "{name} at {place}, {presence:?}");
        }
    }

    #[tokio::test]
    async fn a_computer_is_another_manager_where_it_moved_is_gone_or_may_have_been_restored() {
        let (object, at) = (ObjectGuid::from_bytes([1; 16]), "CN=BOSS,OU=A,DC=x");
        let (task, repository, options) = (task(), MemoryRepository::new(), SyncOptions::new());
        let run = Run::new(&task, &repository, &options);
        let (organization, source) = (&task.organization, &task.source);
        let mut part = SourceRecord::new(0, source.clone(), "@ldap.computer", run.now);
        part.object = Some(object);
        part.attributes = [("distinguishedName", at)].into_iter().collect();
        let mut asset = Asset::new(AssetId::from_u128(1), organization.clone(), task.site.clone());
        asset.parts.push(part);
        let link = Link { asset: Some(asset.id), ..Link::new(ObjectKind::Computer, object) };
        let batch = Batch::new(BatchId::from_u128(1), organization.clone(), source.clone());
        let _ = repository.commit(batch.with_changes([Change::create(asset)])).await.unwrap();

        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let read = |places: &[&str]| {
            let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
            let (transport, verification) = (Transport::Ldaps, Verification::Thumbprint);
            let scope = ReadScope::of_account(["reader"], [dn("DC=x")]);
            let end = ReadEnd::complete(scope, transport, verification, server);
            let boss = |place: &&str| {
                let mut boss = DirectoryObject::new(ObjectKind::Computer, object, dn(place));
                boss.attributes = [("cn", "BOSS")].into_iter().collect();
                boss
            };
            Snapshot::of(places.iter().map(boss).collect(), end)
        };
        let count = read(&[at]).computers.outlines()[0].attributes;
        let (there, gone) = (Presence::Present, Presence::Gone { since: Timestamp::MAX });
        for (place, attributes, presence, expected) in [
            (Some(at), count, there, false),
            (Some(at), count - 1, there, false),
            (Some(at), count + 1, there, true),
            (Some(at), count + 1, gone, false),
            (Some("CN=BOSS,OU=B,DC=x"), count, there, true),
            (None, count, there, true),
            (None, count, gone, false),
        ] {
            let mut snapshot = read(place.as_slice());
            snapshot.departed.extend(place.is_none().then_some(object));
            let known =
                Link { dn_digest: dn_digest(&dn(at)), attributes, presence, ..link.clone() };
            let links = Links::from([(object, known)]);
            let mut changed = Changed::default();
            changed.find_computers(&run, &snapshot, &links).await.unwrap();
            let other = changed.dns.contains(at);
            assert_eq!(other, expected, "{place:?} with {attributes}, {presence:?}");
        }
    }
}
