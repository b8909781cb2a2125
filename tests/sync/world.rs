//! A small domain, a small inventory, and ways to look at what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, DirectoryGroup, DirectoryUser,
    LeaseRequest, Link, LinksRequest, SearchPage, SearchRequest, SourceRecord,
};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{
    AssetId, BatchId, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp,
};
use serde_json::{Value, json};

use crate::mock::{computer, group, mock_guid, user};

pub(crate) fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(crate) fn corp() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

pub(crate) fn task() -> SyncTask {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    SyncTask::new("Head office", acme(), site, corp(), credential)
}

/// Every kind of embedded store, empty.
pub(crate) fn stores() -> Vec<Arc<dyn AssetRepository>> {
    vec![
        Arc::new(MemoryRepository::new()),
        #[cfg(feature = "sqlite")]
        Arc::new(ldap_inventory::store::SqliteRepository::open_in_memory().unwrap()),
    ]
}

pub(crate) fn asset_id(n: u64) -> AssetId {
    AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(n)
}

/// Writes an asset as a person or a scanner does: without a lease.
pub(crate) async fn put(repository: &dyn AssetRepository, asset: Asset) {
    let expected = asset.version.checked_sub(1).filter(|version| *version > 0);
    let batch = Batch::new(BatchId::from_u128(RunId::random_v7().as_u128()), acme(), corp());
    let change = Change::PutAsset { expected, asset: Box::new(asset), changed: None };
    let committed = repository.commit(batch.with_changes([change])).await.unwrap();
    assert_eq!(committed, CommitOutcome::Applied);
}

/// An asset that a scanner found under these names.
pub(crate) fn scanned(n: u64, names: &[&str]) -> Asset {
    let mut asset = Asset::new(asset_id(n), acme(), "hq".parse().unwrap());
    let at = Timestamp::from_unix_seconds(1_767_225_600).unwrap();
    asset.parts.push(SourceRecord::new(
        0,
        SourceId::new("scan", "office").unwrap(),
        "@scan.device",
        at,
    ));
    asset.names = names.iter().map(|n| Claim::new(n.parse().unwrap(), 0, None, at)).collect();
    asset
}

/// Something for each way a computer can go.
pub(crate) async fn scan(repository: &dyn AssetRepository) {
    for (n, names) in [
        (1, &["web1.corp.example"][..]),
        (2, &["db1"]),
        (3, &["twin.corp.example"]),
        (4, &["twin.corp.example", "twin"]),
        (5, &["printer.office.example"]),
    ] {
        put(repository, scanned(n, names)).await;
    }
}

/// An object with this relative identifier.
pub(crate) fn with_rid(object: impl Into<DirectoryObject>, rid: u32) -> DirectoryObject {
    let mut object: DirectoryObject = object.into();
    object.sid = Some(format!("S-1-5-21-1-2-3-{rid}").parse().unwrap());
    object
}

/// Two computers that are known assets, two that are not, one of which is disabled, one that could be
/// two assets, one account that is no machine; two users; three groups, two of which hold each other.
pub(crate) fn domain() -> Vec<DirectoryObject> {
    let alice = with_rid(user("alice").with("primaryGroupID", "513"), 1101);
    let bob = with_rid(user("bob").disabled().with("primaryGroupID", "513"), 1102);
    let inner = group("Inner").build();
    let outer = group("Outer").with_member(&inner.dn).with_member(&bob.dn).build();
    let inner = group("Inner").with_member(&alice.dn).with_member(&outer.dn);
    vec![
        computer("WEB1").with("operatingSystem", "Windows Server 2022").build(),
        computer("DB1").build(),
        computer("NEW1").build(),
        computer("OLD1").disabled().build(),
        computer("TWIN").build(),
        computer("gmsa").with("objectClass", "msDS-GroupManagedServiceAccount").build(),
        alice,
        bob,
        with_rid(inner, 1201),
        with_rid(outer, 1202),
        with_rid(group("Domain Users"), 513),
    ]
}

/// The same domain later: one computer renamed and moved, one deleted, one new, one user deleted, one
/// group changed.
pub(crate) fn domain_later() -> Vec<DirectoryObject> {
    let mut objects = domain();
    let gone = [mock_guid("NEW1"), mock_guid("bob"), mock_guid("WEB1"), mock_guid("Inner")];
    objects.retain(|object| !gone.contains(&object.guid));
    objects.push(computer("WWW1").with_guid(mock_guid("WEB1")).within("OU=Servers").build());
    objects.push(computer("NEW2").build());
    objects.push(with_rid(group("Inner"), 1201));
    objects
}

/// One run that must not fail.
pub(crate) async fn run(directory: &MockDirectory, repository: &dyn AssetRepository) -> SyncReport {
    sync(&task(), directory, repository, &SyncOptions::new()).await.unwrap()
}

pub(crate) async fn links(repository: &dyn AssetRepository) -> Vec<Link> {
    let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
    let mut links: Vec<Link> = links.try_collect().await.unwrap();
    links.sort_by_key(|link| link.object);
    links
}

pub(crate) async fn link(repository: &dyn AssetRepository, object: ObjectGuid) -> Option<Link> {
    links(repository).await.into_iter().find(|link| link.object == object)
}

pub(crate) async fn asset_of(repository: &dyn AssetRepository, object: ObjectGuid) -> Asset {
    let id = link(repository, object).await.unwrap().asset.unwrap();
    repository.assets(&acme(), &[id]).await.unwrap().remove(0)
}

fn everything() -> SearchRequest {
    SearchRequest::new(acme(), Query::everything(), Timestamp::now()).with_limit(100_000)
}

pub(crate) async fn assets(repository: &dyn AssetRepository) -> Vec<Asset> {
    all(repository.search_assets(everything()).await)
}

pub(crate) async fn users(repository: &dyn AssetRepository) -> Vec<DirectoryUser> {
    all(repository.search_users(everything()).await)
}

pub(crate) async fn groups(repository: &dyn AssetRepository) -> Vec<DirectoryGroup> {
    all(repository.search_groups(everything()).await)
}

pub(crate) async fn group_named(repository: &dyn AssetRepository, name: &str) -> DirectoryGroup {
    let groups = repository.groups(&acme(), &corp(), &[mock_guid(name)]).await.unwrap();
    groups.into_iter().next().unwrap()
}

fn all<T>(page: Result<SearchPage<T>>) -> Vec<T> {
    let page = page.unwrap();
    assert!(page.next.is_none(), "the inventory is larger than a page");
    page.records
}

/// Everything but the history of runs, to the last bit.
pub(crate) async fn inventory(repository: &dyn AssetRepository) -> Value {
    let checkpoint =
        repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap();
    json!({
        "assets": assets(repository).await,
        "users": users(repository).await,
        "groups": groups(repository).await,
        "links": links(repository).await,
        "scope": checkpoint.map(|checkpoint| checkpoint.scope),
    })
}

/// The inventory without what differs from run to run: times, versions, the ids of runs and of new assets, and
/// which run tied what, with its reason.
pub(crate) async fn content(repository: &dyn AssetRepository) -> Value {
    let mut inventory = inventory(repository).await;
    let mut labels = BTreeMap::new();
    for asset in assets(repository).await {
        let parts: Vec<String> = asset
            .parts
            .iter()
            .map(|part| format!("{}/{:?}", part.source.as_str(), part.object))
            .collect();
        let names: Vec<&str> = asset.names.iter().map(|claim| claim.value.as_str()).collect();
        let label = format!("{names:?} of {parts:?}");
        // Assets that a scanner named keep their ids.
        if asset.parts.iter().all(|part| part.source == corp()) {
            labels.insert(asset.id.to_string(), label);
        }
    }
    anonymize(&mut inventory, &labels);
    if let Some(assets) = inventory["assets"].as_array_mut() {
        assets.sort_by_key(Value::to_string);
    }
    inventory
}

/// What differs from run to run.
const PASSING: [&str; 9] =
    ["run", "runs", "since", "written", "version", "ts", "full_read", "tie", "former"];

fn anonymize(value: &mut Value, labels: &BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for passing in PASSING {
                fields.remove(passing);
            }
            if let Some(until) = fields.get_mut("until") {
                *until = json!("some time");
            }
            fields.values_mut().for_each(|value| anonymize(value, labels));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| anonymize(value, labels)),
        Value::String(text) => {
            if let Some(label) = labels.get(text) {
                text.clone_from(label);
            }
        }
        _ => {}
    }
}

/// What must hold of every inventory at every time, whatever broke off in the middle of what.
pub(crate) async fn assert_consistent(repository: &dyn AssetRepository) {
    let assets = assets(repository).await;
    let links = links(repository).await;
    for link in links.iter().filter(|link| link.asset.is_some()) {
        let asset = assets.iter().find(|asset| Some(asset.id) == link.asset);
        let asset = asset.unwrap_or_else(|| panic!("{link:?} points to what is not there"));
        let part = asset.part_of(&corp(), link.object);
        let part = part.unwrap_or_else(|| panic!("{link:?} has no part in {}", asset.id));
        assert_eq!(part.presence, link.presence, "{link:?}");
    }
    for asset in &assets {
        for object in asset.parts.iter().filter(|part| part.source == corp()) {
            let link = links.iter().find(|link| Some(link.object) == object.object);
            assert_eq!(link.unwrap().asset, Some(asset.id), "a part without its link");
        }
    }
    for (object, presence) in users(repository)
        .await
        .iter()
        .map(|u| (u.object, u.presence))
        .chain(groups(repository).await.iter().map(|g| (g.object, g.presence)))
    {
        let link = links.iter().find(|link| link.object == object).unwrap();
        assert_eq!(link.presence, presence);
    }
}

/// Lets the time pass after which the lease of a run that is no more has expired.
pub(crate) async fn expire_lease(repository: &dyn AssetRepository) {
    let later = Timestamp::now().checked_add(Duration::from_secs(3600)).unwrap();
    let run = RunId::random_v7();
    repository
        .acquire_lease(LeaseRequest::new(acme(), corp(), run, later, Duration::from_secs(1)))
        .await
        .unwrap();
    repository.release_lease(&acme(), &corp(), run).await.unwrap();
}

/// Compares inventories, and names the places where they differ.
#[track_caller]
pub(crate) fn assert_same(left: &Value, right: &Value, context: impl std::fmt::Display) {
    if left == right {
        return;
    }
    let mut differences = Vec::new();
    compare("", left, right, &mut differences);
    assert!(differences.is_empty(), "{context}:\n{}", differences.join("\n"));
}

fn compare(place: &str, left: &Value, right: &Value, differences: &mut Vec<String>) {
    let null = Value::Null;
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (a, b) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                compare(&format!("{place}/{key}"), a, b, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for n in 0..a.len().max(b.len()) {
                let (a, b) = (a.get(n).unwrap_or(&null), b.get(n).unwrap_or(&null));
                compare(&format!("{place}/{n}"), a, b, differences);
            }
        }
        _ if left == right => {}
        _ => differences.push(format!("{place}: {left} is not {right}")),
    }
}
