//! Computers that were somebody else before: moved from another domain, or migrated out of one.

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::merge::{Decision, Verdict};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{AssetId, SourceId};

use crate::mock::{computer, mock_guid};

use super::world::*;

const OLD: &str = "S-1-5-21-1-2-3-1107";

fn branch() -> SyncTask {
    let (site, credential) = ("branch".parse().unwrap(), "reader".parse().unwrap());
    let source = SourceId::new("ldap", "branch.example").unwrap();
    SyncTask::new("Branch", acme(), site, source, credential)
}

async fn read(
    repository: &dyn AssetRepository,
    task: &SyncTask,
    computers: impl IntoIterator<Item = DirectoryObject>,
) -> SyncReport {
    let directory = MockDirectory::new(computers);
    let options = SyncOptions::new().with_explain(true).with_full_read(true);
    sync(task, &directory, repository, &options).await.unwrap()
}

fn only(report: &SyncReport) -> &Decision {
    let [decision] = &report.decisions.as_ref().unwrap()[..] else { panic!("{report:?}") };
    decision
}

fn in_branch(name: &str) -> MockRecord {
    computer(name).in_domain("branch.example")
}

/// The asset that a computer of head office has.
async fn headquarters(repository: &dyn AssetRepository, name: &str, sid: &str) -> AssetId {
    let mut object = computer(name).build();
    object.sid = Some(sid.parse().unwrap());
    let others = (0..5).map(|n| computer(&format!("OTHER{n}")).build());
    read(repository, &task(), others.chain([object])).await;
    asset_of(repository, mock_guid(name)).await.id
}

#[tokio::test]
async fn a_former_identity_is_shown_and_ties_nothing() {
    for repository in stores() {
        let before = headquarters(&*repository, "PC1", OLD).await;
        let migrated =
            in_branch("LAP7").with("sIDHistory", OLD).with("sIDHistory", "S-1-5-21-9-9-9-9");
        let report = read(&*repository, &branch(), [migrated.clone().build()]).await;
        let decision = only(&report);
        assert!(matches!(decision.verdict, Verdict::Create(_)), "{decision:?}");
        let [shown] = decision.candidates() else { panic!("{decision:?}") };
        assert_eq!((shown.asset, shown.level), (before, None));
        let why = shown.lost_because().unwrap();
        assert!(why.contains(OLD) && why.contains("ties nothing"), "{why}");
        let again = read(&*repository, &branch(), [migrated.build()]).await;
        assert!(matches!(only(&again).verdict, Verdict::Linked(asset) if asset != before));
    }
}

#[tokio::test]
async fn a_former_identity_is_found_in_records_of_whatever_source_carries_it() {
    for repository in stores() {
        for (n, (kind, key)) in (1..).zip([
            ("entra", "@entra.computer"),
            ("hr-2", "@hr-2.asset"),
            ("ldap", "@ldap.computer"),
        ]) {
            let sid = format!("S-1-5-21-1-2-3-{n}");
            let mut asset = scanned(n, &[&format!("other{n}.example")]);
            asset.parts[0].source = SourceId::new(kind, "tenant").unwrap();
            asset.parts[0].key = key.to_owned();
            asset.parts[0].attributes = [("objectSid", sid.as_str())].into_iter().collect();
            put(&*repository, asset).await;
            let migrated = in_branch(&format!("LAP{n}")).with("sIDHistory", &sid).build();
            let report = read(&*repository, &branch(), [migrated]).await;
            let decision =
                report.decisions.as_ref().unwrap().iter().find(|d| !d.candidates().is_empty());
            let shown: Vec<AssetId> =
                decision.unwrap().candidates().iter().map(|shown| shown.asset).collect();
            assert_eq!(shown, [asset_id(n)], "{kind}");
        }
    }
}

#[tokio::test]
async fn as_many_former_identities_as_a_migrated_domain_has_are_looked_up() {
    let repository = MemoryRepository::new();
    let before =
        headquarters(&repository, "PC1", "S-1-5-21-4294967295-4294967295-4294967295-4294967295")
            .await;
    // Each kind of source may carry them.
    for n in 0..20 {
        let mut asset = scanned(n, &[&format!("other{n}.example")]);
        asset.parts[0].source = SourceId::new(format!("source-of-kind-{n}"), "x").unwrap();
        put(&repository, asset).await;
    }
    let migrated = (0..300_u32).map(|n| {
        let sid = u32::MAX - n;
        in_branch(&format!("LAP{n}"))
            .with("sIDHistory", &format!("S-1-5-21-4294967295-4294967295-4294967295-{sid}"))
            .with("sIDHistory", &format!("S-1-5-21-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-{sid}"))
            .build()
    });
    let report = read(&repository, &branch(), migrated).await;
    let shown =
        report.decisions.iter().flatten().filter(|decision| !decision.candidates().is_empty());
    let shown: Vec<_> = shown.map(|decision| decision.candidates()[0].asset).collect();
    assert_eq!(shown, [before]);
}

#[tokio::test]
async fn a_former_identity_that_names_speak_for_as_well_is_listed_once() {
    for repository in stores() {
        let before = headquarters(&*repository, "PC1", OLD).await;
        let migrated = in_branch("PC1").with_guid(mock_guid("new")).with("sIDHistory", OLD);
        let report = read(&*repository, &branch(), [migrated.build()]).await;
        let candidates = only(&report).candidates();
        assert_eq!(candidates.iter().filter(|shown| shown.asset == before).count(), 1);
    }
}

#[tokio::test]
async fn a_computer_that_moved_to_another_domain_keeps_its_asset_under_whatever_name() {
    for repository in stores() {
        for (name, later, has_left) in [
            ("PC1", "PC1", false),
            ("PC2", "RENAMED2", false),
            ("PC3", "PC3", true),
            ("PC4", "RENAMED4", true),
        ] {
            let before = headquarters(&*repository, name, OLD).await;
            if has_left {
                let others = (0..5).map(|n| computer(&format!("OTHER{n}")).build());
                read(&*repository, &task(), others).await;
            }
            let moved = in_branch(later).with_guid(mock_guid(name)).build();
            let report = read(&*repository, &branch(), [moved]).await;
            let decision = only(&report);
            assert!(
                matches!(decision.verdict, Verdict::Matched(asset) if asset == before),
                "{name}: {decision:?}"
            );
            assert!(decision.reason().contains("corp.example"), "{}", decision.reason());
        }
    }
}
