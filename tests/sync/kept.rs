//! An inventory that earlier versions wrote, kept in `tests/kept`: it opens, is brought up to date, and every
//! decision stays what it was.

use futures::TryStreamExt;
use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, EventKind, Link, LinksRequest};
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::directory::{DirectoryObject, FullReadReason};
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockEnding};
use ldap_inventory::value::{ReadMode, RunId, SourceId, Timestamp};
use serde_json::{Value, json};

use crate::mock::{computer, group, mock_guid, user};

use super::world::*;

/// The second directory, which two tasks read: one below each of its OUs.
fn branch() -> SourceId {
    SourceId::new("ldap", "branch.example").unwrap()
}

fn corp_task() -> SyncTask {
    task().with_change_limits(ChangeLimits::off())
}

fn branch_task(unit: &str) -> SyncTask {
    let (site, credential) = ("branch".parse().unwrap(), "reader".parse().unwrap());
    SyncTask::new(unit, acme(), site, branch(), credential)
        .with_base_dns([format!("OU={unit},DC=branch,DC=example")])
        .with_change_limits(ChangeLimits::off())
}

/// Names and dates runs, so that a run is the same every time.
fn nth(n: u8) -> SyncOptions {
    let now = Timestamp::from_unix_seconds(1_790_000_000 + 3_600 * i64::from(n)).unwrap();
    SyncOptions::new().with_run(RunId::new_v7(now, [n; 10]), now).with_explain(true)
}

/// The first domain, with what people decided on.
fn corp_before() -> Vec<DirectoryObject> {
    let mut objects = domain();
    objects.extend([computer("SPARE").build(), computer("KI-OLD").build()]);
    objects
}

/// The same later: one computer renamed, one deleted, one user deleted, one group changed.
fn corp_after() -> Vec<DirectoryObject> {
    let mut objects = domain_later();
    objects.extend([computer("SPARE").build(), computer("KI-OLD").build()]);
    objects
}

/// The second domain: a computer, a user and a group below each OU.
fn branch_objects() -> Vec<DirectoryObject> {
    let below = |unit: &str| {
        let container = format!("OU={unit}");
        let named = |what: &str| format!("{what}-{unit}");
        let user = user(&named("user")).in_domain("branch.example").within(&container).build();
        let group = group(&named("group")).in_domain("branch.example").within(&container);
        let computer = computer(&named("PC")).in_domain("branch.example").within(&container);
        [computer.build(), group.with_member(&user.dn).build(), user]
    };
    [below("North"), below("South")].concat()
}

fn branch_directory() -> MockDirectory {
    let directory = MockDirectory::new(branch_objects());
    directory.edit_end(|end| {
        end.server.domain = Some("branch.example".to_owned());
        end.server.netbios_domain = Some("BRANCH".to_owned());
    });
    directory
}

/// Something of everything: scanned assets, linked computers, one that waits, one that is skipped, users, groups,
/// an alias, missing objects, a merge, a link and a separation by hand, two directories, runs that failed.
async fn make(repository: &dyn AssetRepository) {
    scan(repository).await;
    for (n, names) in [
        (6, &["app1.corp.example"][..]),
        (7, &["app1-mgmt.corp.example"]),
        (8, &["spare.corp.example"]),
        (9, &["kiosk.corp.example"]),
    ] {
        put(repository, scanned(n, names)).await;
    }
    let directory = MockDirectory::new(corp_before()).with_deltas(ReadMode::DirSync, true);
    sync(&corp_task(), &directory, repository, &nth(1)).await.unwrap();
    let (anna, curation) = (Author::new("anna").because("seen"), Curation::new(repository, acme()));
    let _ = curation.merge(&[asset_id(6), asset_id(7)], &anna).await.unwrap();
    curation.link(asset_id(9), &corp(), mock_guid("KI-OLD"), &anna).await.unwrap();
    curation.separate(asset_id(8), &corp(), mock_guid("SPARE"), &anna).await.unwrap();
    directory.set_objects(corp_after());
    sync(&corp_task(), &directory, repository, &nth(2).with_full_read(true)).await.unwrap();
    directory.set_ending(MockEnding::Refused(ErrorKind::Connect));
    sync(&corp_task(), &directory, repository, &nth(3)).await.unwrap_err();
    directory.set_ending(MockEnding::Complete);
    sync(&corp_task(), &directory, repository, &nth(4)).await.unwrap();
    for (n, unit) in [(5, "North"), (6, "South")] {
        sync(&branch_task(unit), &branch_directory(), repository, &nth(n)).await.unwrap();
    }
}

/// What a run decided on each computer: the verdict, and the asset.
fn decisions(report: &SyncReport) -> Value {
    let decisions = report.decisions.as_deref().unwrap_or_default().iter();
    let decisions = decisions.map(|decision| {
        let verdict = decision.verdict;
        json!([decision.object, decision.name, verdict.to_string(), verdict.asset()])
    });
    decisions.collect()
}

async fn links_of(repository: &dyn AssetRepository, source: &SourceId) -> Vec<Link> {
    repository
        .links(LinksRequest::new(acme(), source.clone()))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

/// The files that are kept, where they may be written to.
fn opened() -> impl Iterator<Item = (tempfile::TempDir, SqliteRepository)> {
    let kept: [&[u8]; 3] = [
        include_bytes!("../kept/version-1.db"),
        include_bytes!("../kept/version-3.db"),
        include_bytes!("../kept/version-4.db"),
    ];
    kept.into_iter().map(|file| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inventory.db");
        std::fs::write(&path, file).unwrap();
        let repository = SqliteRepository::open(&path).unwrap();
        (directory, repository)
    })
}

fn decided_by_version_1() -> Value {
    serde_json::from_str(include_str!("../kept/version-1.json")).unwrap()
}

/// What the next run of each task decides, on directories that did not change.
async fn next_decisions(repository: &dyn AssetRepository, options: &SyncOptions) -> Value {
    let corp = MockDirectory::new(corp_after());
    let mut all = vec![decisions(&sync(&corp_task(), &corp, repository, options).await.unwrap())];
    for unit in ["North", "South"] {
        let report = sync(&branch_task(unit), &branch_directory(), repository, options).await;
        all.push(decisions(&report.unwrap()));
    }
    all.into()
}

#[tokio::test]
async fn a_file_of_an_earlier_version_decides_as_it_did() {
    for (_directory, repository) in opened() {
        let next = next_decisions(&repository, &nth(9).with_dry_run(true)).await;
        assert_same(&next, &decided_by_version_1(), "decisions");
        assert_eq!(repository.check().await.unwrap(), [""; 0]);
    }
}

/// What was written before events were kept was told to nobody, and nobody takes that for nothing.
#[tokio::test]
async fn whoever_follows_it_begins_with_the_inventory_and_goes_on_from_there() {
    for (_directory, repository) in opened() {
        let error = repository.events_since(&acme(), None, 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Outdated);
        let end = repository.events_end(&acme()).await.unwrap();
        assert_eq!(repository.events_since(&acme(), Some(&end), 1).await.unwrap(), []);
        let corp = MockDirectory::new(corp_after());
        sync(&corp_task(), &corp, &repository, &nth(9)).await.unwrap();
        let told = repository.events_since(&acme(), Some(&end), 100).await.unwrap();
        assert!(matches!(told.last().unwrap().kind, EventKind::RunEnded { .. }), "{told:?}");
        assert_eq!(repository.check().await.unwrap(), [""; 0]);
    }
}

#[tokio::test]
async fn an_inventory_that_is_made_today_decides_as_the_kept_one() {
    let repository = MemoryRepository::new();
    make(&repository).await;
    let next = next_decisions(&repository, &nth(9).with_dry_run(true)).await;
    let (next, before) = (without_new_ids(next), without_new_ids(decided_by_version_1()));
    assert_same(&next, &before, "decisions");
}

/// Ids of scanned assets are the same every time; those of assets that runs and decisions made are not.
fn without_new_ids(mut decisions: Value) -> Value {
    let scanned = asset_id(0).to_string()[..13].to_owned();
    for decision in
        decisions.as_array_mut().unwrap().iter_mut().flat_map(|run| run.as_array_mut().unwrap())
    {
        if decision[3].as_str().is_some_and(|id| !id.starts_with(&scanned)) {
            decision[3] = json!("made");
        }
    }
    decisions
}

#[tokio::test]
async fn its_tasks_find_their_own_deletions_and_nobody_elses() {
    for (_directory, repository) in opened() {
        let before = links_of(&repository, &branch()).await;
        assert!(before.iter().all(|link| link.seen.is_some() && link.presence.is_present()));
        let directory = branch_directory();
        let run = async |n: u8, unit: &str| {
            sync(&branch_task(unit), &directory, &repository, &nth(n)).await.unwrap()
        };
        let spare = |unit: &str| {
            let container = format!("OU={unit}");
            computer(&format!("PC2-{unit}")).in_domain("branch.example").within(&container).build()
        };
        let mut objects = branch_objects();
        objects.retain(|object| object.guid != mock_guid("PC-North"));
        objects.extend([spare("North"), spare("South")]);
        directory.set_objects(objects);
        assert_eq!(run(10, "South").await.computers.missing, 0);
        let report = run(11, "North").await;
        assert_eq!(
            (report.computers.missing, report.users.missing, report.groups.missing),
            (1, 0, 0)
        );
        assert_eq!(run(12, "South").await.computers.missing, 0);
    }
}

#[tokio::test]
async fn its_tasks_go_on_as_before_and_write_nothing_on_what_did_not_change() {
    for (_directory, repository) in opened() {
        // The checkpoint that is kept names the second state of the directory.
        let directory = MockDirectory::new(corp_before()).with_deltas(ReadMode::DirSync, true);
        directory.set_objects(corp_after());
        let before = inventory(&repository).await;
        let report = sync(&corp_task(), &directory, &repository, &nth(8)).await.unwrap();
        // The rules have become others, so that everything is read once, whatever the checkpoint says.
        assert_eq!(report.full_because, Some(FullReadReason::RulesChanged));
        assert_eq!((report.mode, report.computers.missing), (ReadMode::Full, 0));
        let full = nth(9).with_full_read(true);
        let report = sync(&corp_task(), &directory, &repository, &full).await.unwrap();
        assert_eq!((report.computers.created, report.computers.updated), (0, 0));
        assert_eq!((report.users.updated, report.groups.updated), (0, 0));
        let after = inventory(&repository).await;
        for what in ["users", "groups"] {
            assert_eq!(
                after[what].as_array().unwrap().len(),
                before[what].as_array().unwrap().len()
            );
        }
        let links = links(&repository).await;
        assert!(
            links.iter().all(|link| link.seen.as_ref().unwrap().container.is_some()
                || !link.presence.is_present())
        );
        let mut objects = corp_after();
        objects
            .retain(|object| object.guid != mock_guid("DB1") && object.guid != mock_guid("TWIN"));
        directory.set_objects(objects);
        let report = sync(&corp_task(), &directory, &repository, &nth(10)).await.unwrap();
        assert_eq!(report.computers.missing, 2, "the one that waited is missing as well");
    }
}

#[tokio::test]
async fn deletions_before_the_first_run_of_this_version_are_found() {
    for (_directory, repository) in opened() {
        let mut objects = corp_after();
        let gone = ["DB1", "TWIN", "alice"].map(mock_guid);
        objects.retain(|object| !gone.contains(&object.guid));
        objects.push(user("carol").build());
        let directory = MockDirectory::new(objects);
        let report = sync(&corp_task(), &directory, &repository, &nth(8)).await.unwrap();
        assert_eq!(
            (report.computers.missing, report.users.missing),
            (2, 1),
            "{:?}",
            report.warnings
        );
        // These were missing before.
        assert_eq!((report.computers.gone, report.users.gone), (1, 1));
    }
}
