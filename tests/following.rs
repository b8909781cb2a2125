//! Following as a law: whoever knows nothing of an inventory but what commits told has the names, the sources and the states
//! of its assets, and of each object whether its directory has it.

#[cfg(feature = "sqlite")]
mod kills;

use std::collections::BTreeMap;

use futures::TryStreamExt;
use ldap_inventory::asset::{AssetRepository, AssetsRequest, EventKind, LinksRequest, Presence};
use ldap_inventory::name::Hostname;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::value::{AssetId, ObjectGuid, OrganizationId, SourceId, Timestamp};
use proptest::prelude::*;

use crate::cases::cases;
use crate::lives::{Life, Step, acme, step};

/// How many events are asked for at a time: few, so that pages end within commits.
const PAGE: usize = 3;

/// What is followed of an asset.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Followed {
    names: Vec<Hostname>,
    records: Vec<(SourceId, &'static str, Option<Timestamp>)>,
}

/// Somebody who follows an organization from the first commit on.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    cursor: Option<String>,
    assets: BTreeMap<AssetId, Followed>,
    objects: BTreeMap<(SourceId, ObjectGuid), &'static str>,
}

impl Follower {
    /// Reads what is new, and finds the inventory to be what it has heard of.
    pub(crate) async fn catch_up(
        &mut self,
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
    ) {
        loop {
            let cursor = self.cursor.as_deref();
            let events = repository.events_since(organization, cursor, PAGE).await.unwrap();
            let Some(last) = events.last() else { break };
            self.cursor = Some(last.cursor.clone());
            for event in events {
                self.hear(event.source, event.kind);
            }
        }
        assert_eq!(self.assets, assets(repository, organization).await);
        assert_eq!(self.objects, objects(repository, organization).await);
    }

    fn hear(&mut self, source: SourceId, kind: EventKind) {
        match kind {
            EventKind::AssetCreated { asset, names, records, .. }
            | EventKind::AssetUpdated { asset, names, records, .. } => {
                let records = records.into_iter().map(|(source, presence)| state(source, presence));
                let records = records.collect();
                self.assets.insert(asset, Followed { names, records });
            }
            EventKind::AssetRemoved { asset, .. } => _ = self.assets.remove(&asset),
            EventKind::ObjectFirstSeen { object, .. } | EventKind::ObjectBack { object, .. } => {
                self.objects.insert((source, object), "present");
            }
            EventKind::ObjectMissing { object, .. } => {
                self.objects.insert((source, object), "missing");
            }
            EventKind::ObjectGone { object, .. } => {
                self.objects.insert((source, object), "gone");
            }
            EventKind::ObjectForgotten { directory, object } => {
                self.objects.remove(&(directory, object));
            }
            _ => {}
        }
    }
}

async fn assets(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
) -> BTreeMap<AssetId, Followed> {
    let all = repository.each_asset(AssetsRequest::new(organization.clone())).await.unwrap();
    let followed = all.map_ok(|asset| {
        let records = asset.parts.iter().map(|part| state(part.source.clone(), part.presence));
        let names = asset.live_names().cloned().collect();
        (asset.id, Followed { names, records: records.collect() })
    });
    followed.try_collect().await.unwrap()
}

/// Whose a record is, and since when it is not there: not how many reads in a row were without it.
fn state(source: SourceId, presence: Presence) -> (SourceId, &'static str, Option<Timestamp>) {
    let since = match presence {
        Presence::Present => None,
        Presence::Missing { since, .. } | Presence::Gone { since } => Some(since),
    };
    (source, presence.as_str(), since)
}

async fn objects(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
) -> BTreeMap<(SourceId, ObjectGuid), &'static str> {
    let mut objects = BTreeMap::new();
    for source in repository.sources(organization).await.unwrap() {
        let links = LinksRequest::new(organization.clone(), source.clone());
        let mut links = repository.links(links).await.unwrap();
        while let Some(link) = links.try_next().await.unwrap() {
            objects.insert((source.clone(), link.object), link.presence.as_str());
        }
    }
    objects
}

/// Whoever follows all the time, and whoever begins in the end, has what the inventory has.
async fn assert_law(repository: impl AssetRepository, steps: &[Step]) {
    let (mut life, mut follower) = (Life::new(repository), Follower::default());
    for step in steps {
        life.live(step).await;
        follower.catch_up(&life.repository, &acme()).await;
    }
    Follower::default().catch_up(&life.repository, &acme()).await;
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(200)))]

    #[test]
    fn what_is_told_is_what_there_is(steps in prop::collection::vec(step(), 10..50)) {
        block_on(assert_law(MemoryRepository::new(), &steps));
    }
}

#[cfg(feature = "sqlite")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(20)))]

    #[test]
    fn what_is_told_is_what_there_is_in_sqlite(steps in prop::collection::vec(step(), 10..50)) {
        let sqlite = ldap_inventory::store::SqliteRepository::open_in_memory().unwrap();
        block_on(assert_law(sqlite, &steps));
    }
}
