//! What comes late meets what it belongs to, in the run that can tell, and the run says so.

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, Batch, Change, ConstraintKind};
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::directory::{DirectoryObject, FullReadReason};
use ldap_inventory::merge::{Decision, Level, Verdict};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::{ChangeLimits, Limit, MatchPolicy, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, ReadMode};

use crate::mock::{computer, mock_guid};

use super::interfering::Interfering;
use super::world::*;

fn telling(objects: impl IntoIterator<Item = MockRecord>) -> MockDirectory {
    MockDirectory::new(objects).with_deltas(ReadMode::DirSync, true)
}

fn set(directory: &MockDirectory, objects: impl IntoIterator<Item = MockRecord>) {
    let objects: Vec<DirectoryObject> = objects.into_iter().map(MockRecord::build).collect();
    directory.set_objects(objects);
}

async fn read(
    task: &SyncTask,
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
    full: bool,
) -> SyncReport {
    let options = SyncOptions::new().with_explain(true).with_full_read(full);
    sync(task, directory, repository, &options).await.unwrap()
}

fn decision(report: &SyncReport, object: ObjectGuid) -> Option<&Decision> {
    report.decisions.iter().flatten().find(|decision| decision.object == object)
}

async fn lead(repository: &dyn AssetRepository, from: AssetId) -> Option<AssetId> {
    let leads = repository.redirects(&acme(), &[from]).await.unwrap();
    leads.first().map(|lead| lead.to)
}

fn excluding() -> SyncTask {
    task().with_matching(MatchPolicy::default().with_exclude_unknown(true))
}

#[tokio::test]
async fn a_computer_that_gets_the_name_of_a_free_asset_joins_it_in_the_run_that_reads_so() {
    for full in [false, true] {
        for repository in stores() {
            let (task, other) = (task(), computer("OTHER"));
            let directory = telling([computer("TMP1"), other.clone()]);
            put(&*repository, scanned(1, &["real1.corp.example"])).await;
            read(&task, &directory, &*repository, full).await;
            let before = asset_of(&*repository, mock_guid("TMP1")).await.id;
            set(&directory, [computer("REAL1").with_guid(mock_guid("TMP1")), other]);
            let report = read(&task, &directory, &*repository, full).await;
            let decided = decision(&report, mock_guid("TMP1")).unwrap();
            assert_eq!(decided.verdict, Verdict::Matched(asset_id(1)), "{}", decided.reason());
            let asset = asset_of(&*repository, mock_guid("TMP1")).await;
            assert_eq!(asset.id, asset_id(1));
            assert_eq!(lead(&*repository, before).await, Some(asset_id(1)));
            assert_eq!((report.computers.updated, report.computers.created), (1, 0));
            assert_consistent(&*repository).await;
            let quiet = read(&task, &directory, &*repository, true).await;
            assert_eq!(quiet.computers.updated, 0);
        }
    }
}

#[tokio::test]
async fn a_computer_that_is_back_meets_what_came_while_it_was_away() {
    for repository in stores() {
        let (task, others) = (task(), ["A", "B", "C"].map(computer));
        let all = || others.iter().cloned().chain([computer("PC1")]);
        let directory = telling(all());
        read(&task, &directory, &*repository, true).await;
        set(&directory, others.clone());
        assert_eq!(read(&task, &directory, &*repository, false).await.computers.missing, 1);
        put(&*repository, scanned(1, &["pc1.corp.example"])).await;
        set(&directory, all());
        let report = read(&task, &directory, &*repository, false).await;
        assert_eq!(report.computers.restored, 1);
        assert_eq!(asset_of(&*repository, mock_guid("PC1")).await.id, asset_id(1));
        assert_consistent(&*repository).await;
    }
}

/// A computer that has an asset to itself, whose id this is, and a scan under another name that comes to name it.
async fn found_late(repository: &dyn AssetRepository, directory: &MockDirectory) -> AssetId {
    put(repository, scanned(1, &["foreign"])).await;
    read(&task(), directory, repository, true).await;
    let own = asset_of(repository, mock_guid("UXPC-01")).await.id;
    let mut named = scanned(1, &["foreign", "uxpc-01.corp.example"]);
    named.version = 2;
    put(repository, named).await;
    own
}

#[tokio::test]
async fn a_late_arrival_is_told_counted_and_explained_by_what_decided_it() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        let own = found_late(&*repository, &directory).await;
        let report = read(&task(), &directory, &*repository, false).await;
        assert_eq!((report.mode, report.computers.read), (ReadMode::DirSync, 0));
        assert_eq!((report.computers.matched, report.computers.updated), (1, 1));
        let decided = decision(&report, pc).unwrap();
        assert_eq!(decided.verdict, Verdict::Matched(asset_id(1)));
        assert_eq!(decided.level, Some(Level::Full));
        let runs = repository.runs(&acme(), &corp(), 1).await.unwrap();
        let record: SyncReport = serde_json::from_str(runs[0].report.as_ref().unwrap()).unwrap();
        assert_eq!((record.run, record.computers), (report.run, report.computers));
        let tie = asset_of(&*repository, pc).await.part_of(&corp(), pc).unwrap().tie.clone();
        let tie = tie.unwrap();
        assert_eq!(tie.run, report.run);
        assert_eq!(lead(&*repository, own).await, Some(asset_id(1)));
        assert_eq!(tie.reason, decided.reason());
        for full in [false, true] {
            let quiet = read(&task(), &directory, &*repository, full).await;
            assert_eq!(quiet.computers.updated, 0);
            let now = asset_of(&*repository, pc).await.part_of(&corp(), pc).unwrap().tie.clone();
            assert_eq!(now.as_ref(), Some(&tie));
        }
    }
}

#[tokio::test]
async fn late_arrivals_are_measured_by_all_that_are_known_however_few_were_read() {
    let shares = ChangeLimits::off().with_joins(Limit::percent(25));
    let task = task().with_change_limits(shares).with_census_beyond(0);
    for (others, is_stopped) in [(3, false), (2, true)] {
        for repository in stores() {
            let others = (0..others).map(|n| computer(&format!("OTHER{n}")));
            let directory = telling(others.chain([computer("UXPC-01")]));
            read(&task, &directory, &*repository, true).await;
            put(&*repository, scanned(1, &["uxpc-01.corp.example"])).await;
            let run = sync(&task, &directory, &*repository, &SyncOptions::new()).await;
            match is_stopped {
                true => assert_eq!(run.unwrap_err().kind(), ErrorKind::LimitsExceeded),
                false => assert!(!run.unwrap().census),
            }
            let joined = asset_of(&*repository, mock_guid("UXPC-01")).await.id == asset_id(1);
            assert_eq!(joined, !is_stopped);
        }
    }
}

#[tokio::test]
async fn who_goes_missing_is_no_late_arrival() {
    for repository in stores() {
        let (other, pc) = (computer("OTHER"), mock_guid("UXPC-01"));
        let directory = telling([computer("UXPC-01"), other.clone()]);
        let own = found_late(&*repository, &directory).await;
        set(&directory, [other]);
        let report = read(&task(), &directory, &*repository, false).await;
        assert_eq!((report.computers.missing, report.computers.updated), (1, 0));
        assert_eq!(decision(&report, pc), None);
        assert_eq!(asset_of(&*repository, pc).await.id, own);
    }
}

#[tokio::test]
async fn a_late_arrival_that_meets_another_change_is_left_to_the_next_run() {
    let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
    let repository = MemoryRepository::new();
    let own = found_late(&repository, &directory).await;
    let mut changed = scanned(1, &["foreign", "uxpc-01.corp.example", "renamed"]);
    changed.version = 3;
    let mut rival = Some(changed);
    let repository = Interfering::new(repository, move |_, batch| {
        let is_move = |change: &Change| matches!(change, Change::MoveLink { .. });
        let asset = rival.take_if(|_| batch.changes.iter().any(is_move))?;
        let asset = Box::new(asset);
        let change = Change::PutAsset { expected: Some(2), asset, changed: None };
        Some(Batch::new(BatchId::random_v7(), acme(), corp()).with_changes([change]))
    });
    let report = read(&task(), &directory, &repository, false).await;
    assert_eq!((report.computers.matched, decision(&report, pc)), (0, None));
    assert_eq!(asset_of(&repository, pc).await.id, own);
    assert_eq!(read(&task(), &directory, &repository, false).await.computers.matched, 1);
    assert_eq!(asset_of(&repository, pc).await.id, asset_id(1));
}

#[tokio::test]
async fn a_plan_tells_of_late_arrivals_and_applies_them() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        found_late(&*repository, &directory).await;
        let options = SyncOptions::new().with_explain(true);
        let plan = plan(&task(), &directory, &*repository, &options).await.unwrap();
        assert_eq!(plan.report.computers.updated, 1);
        assert!(decision(&plan.report, pc).is_some());
        plan.apply(&*repository, &options).await.unwrap();
        assert_eq!(asset_of(&*repository, pc).await.id, asset_id(1));
    }
}

#[tokio::test]
async fn a_late_arrival_that_a_person_undoes_is_an_asset_of_its_own_again() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        let own = found_late(&*repository, &directory).await;
        read(&task(), &directory, &*repository, false).await;
        assert_eq!(lead(&*repository, own).await, Some(asset_id(1)));
        let (curation, anna) = (Curation::new(&*repository, acme()), Author::new("anna"));
        curation.separate(asset_id(1), &corp(), pc, &anna).await.unwrap();
        for full in [false, true, false] {
            let asset = asset_of(&*repository, pc).await;
            assert_eq!((asset.id, asset.parts.len()), (own, 1), "{full}");
            assert_eq!(lead(&*repository, own).await, None);
            assert_consistent(&*repository).await;
            let report = read(&task(), &directory, &*repository, full).await;
            assert_eq!(report.computers.updated, 0);
        }
        let kind = ConstraintKind::CannotLink;
        curation.forget(asset_id(1), &corp(), pc, kind, &anna).await.unwrap();
        assert_eq!(asset_of(&*repository, pc).await.id, asset_id(1));
        assert_eq!(lead(&*repository, own).await, Some(asset_id(1)));
    }
}

#[tokio::test]
async fn a_late_arrival_stays_where_a_person_put_it_until_that_is_forgotten() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        put(&*repository, scanned(5, &["elsewhere"])).await;
        put(&*repository, scanned(1, &["foreign"])).await;
        read(&task(), &directory, &*repository, true).await;
        let (curation, anna) = (Curation::new(&*repository, acme()), Author::new("anna"));
        curation.link(asset_id(5), &corp(), pc, &anna).await.unwrap();
        let mut named = scanned(1, &["foreign", "uxpc-01.corp.example"]);
        named.version = 2;
        put(&*repository, named).await;
        let report = read(&task(), &directory, &*repository, false).await;
        assert_eq!((report.mode, report.computers.read), (ReadMode::DirSync, 0));
        assert_eq!(asset_of(&*repository, pc).await.id, asset_id(5));
        let kind = ConstraintKind::MustLink;
        curation.forget(asset_id(5), &corp(), pc, kind, &anna).await.unwrap();
        assert_eq!(asset_of(&*repository, pc).await.id, asset_id(1));
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn an_id_that_something_else_uses_is_not_given_back() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        let own = found_late(&*repository, &directory).await;
        read(&task(), &directory, &*repository, false).await;
        // A scanner writes under an id that it had remembered.
        let mut remembered = scanned(1, &["other.corp.example"]);
        remembered.id = own;
        let version = repository.redirects(&acme(), &[own]).await.unwrap()[0].version;
        remembered.version = version + 1;
        let batch = Batch::new(BatchId::random_v7(), acme(), corp());
        let put = Change::create(remembered);
        let _ = repository.commit(batch.with_changes([put])).await.unwrap();
        let (curation, anna) = (Curation::new(&*repository, acme()), Author::new("anna"));
        curation.separate(asset_id(1), &corp(), pc, &anna).await.unwrap();
        let asset = asset_of(&*repository, pc).await;
        assert!(asset.id != asset_id(1) && asset.id != own && asset.parts.len() == 1);
    }
}

#[tokio::test]
async fn a_late_arrival_goes_to_what_is_left_when_a_person_rules_the_others_out() {
    for repository in stores() {
        let directory = telling([computer("UXPC-01"), computer("OTHER")]);
        let pc = mock_guid("UXPC-01");
        read(&task(), &directory, &*repository, true).await;
        let own = asset_of(&*repository, pc).await.id;
        for n in [1, 2, 3] {
            put(&*repository, scanned(n, &["uxpc-01.corp.example"])).await;
        }
        read(&task(), &directory, &*repository, false).await;
        let (curation, anna) = (Curation::new(&*repository, acme()), Author::new("anna"));
        curation.separate(asset_id(1), &corp(), pc, &anna).await.unwrap();
        assert_eq!(asset_of(&*repository, pc).await.id, own, "two are left");
        curation.separate(asset_id(3), &corp(), pc, &anna).await.unwrap();
        for full in [false, true, false] {
            assert_eq!(asset_of(&*repository, pc).await.id, asset_id(2));
            assert_eq!(lead(&*repository, own).await, Some(asset_id(2)));
            assert_eq!(curation.unresolved(&corp()).await.unwrap(), []);
            assert_consistent(&*repository).await;
            let report = read(&task(), &directory, &*repository, full).await;
            assert_eq!(report.computers.updated, 0);
            if let Some(told) = decision(&report, pc) {
                assert_eq!((told.verdict.asset(), told.is_open()), (Some(asset_id(2)), false));
                assert!(!told.reason().contains("a person must"), "{}", told.reason());
            }
        }
        let kind = ConstraintKind::CannotLink;
        curation.forget(asset_id(1), &corp(), pc, kind, &anna).await.unwrap();
        assert_eq!(asset_of(&*repository, pc).await.id, own);
        assert_eq!(curation.unresolved(&corp()).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn who_could_be_several_that_came_since_is_told_by_runs_of_changes_as_well() {
    for repository in stores() {
        let (directory, pc) = (telling([computer("UXPC-01")]), mock_guid("UXPC-01"));
        read(&task(), &directory, &*repository, true).await;
        for n in [1, 2] {
            put(&*repository, scanned(n, &["uxpc-01.corp.example"])).await;
        }
        for full in [false, true] {
            let report = read(&task(), &directory, &*repository, full).await;
            let decided = decision(&report, pc).unwrap();
            assert!(decided.is_open() && decided.candidates().len() == 2, "{decided:?}");
            let runs = repository.runs(&acme(), &corp(), 1).await.unwrap();
            assert!(runs[0].report.as_ref().unwrap().contains(&decided.reason()));
        }
    }
}

#[tokio::test]
async fn an_asset_that_comes_later_is_found_by_a_computer_that_was_left_out_as_unknown() {
    for repository in stores() {
        let directory = telling([computer("PC1"), computer("PC2")]);
        put(&*repository, scanned(2, &["pc2.corp.example"])).await;
        let first = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!((first.computers.matched, first.computers.skipped), (1, 1));
        let quiet = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!((quiet.mode, quiet.computers.read), (ReadMode::DirSync, 0));
        put(&*repository, scanned(1, &["pc1.corp.example"])).await;
        let report = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(report.full_because, Some(FullReadReason::InventoryChanged));
        assert_eq!((report.computers.matched, report.computers.skipped), (2, 0));
        assert_eq!(asset_of(&*repository, mock_guid("PC1")).await.id, asset_id(1));
        let quiet = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!((quiet.mode, quiet.computers.read), (ReadMode::DirSync, 0));
        // Seen again, and not renamed: nothing that a name could be found by.
        let mut seen = repository.assets(&acme(), &[asset_id(2)]).await.unwrap().remove(0);
        seen.version += 1;
        put(&*repository, seen).await;
        let quiet = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(quiet.mode, ReadMode::DirSync);
        // Who leaves nobody out has a record of everybody, and reads on.
        put(&*repository, scanned(3, &["pc3.corp.example"])).await;
        read(&task(), &directory, &*repository, false).await;
        put(&*repository, scanned(4, &["pc4.corp.example"])).await;
        assert_eq!(read(&task(), &directory, &*repository, false).await.mode, ReadMode::DirSync);
    }
}

#[tokio::test]
async fn one_that_is_none_of_its_candidates_waits_on_where_unknown_ones_are_left_out() {
    for (task, has_its_own) in [(task(), true), (excluding(), false)] {
        for repository in stores() {
            let (directory, pc) = (telling([computer("PC1")]), mock_guid("PC1"));
            for n in [1, 2] {
                put(&*repository, scanned(n, &["pc1.corp.example"])).await;
            }
            read(&task, &directory, &*repository, true).await;
            assert_eq!(link(&*repository, pc).await.unwrap().asset, None);
            let (curation, anna) = (Curation::new(&*repository, acme()), Author::new("anna"));
            curation.separate(asset_id(1), &corp(), pc, &anna).await.unwrap();
            assert_eq!(asset_of(&*repository, pc).await.id, asset_id(2));
            curation.separate(asset_id(2), &corp(), pc, &anna).await.unwrap();
            let asset = link(&*repository, pc).await.unwrap().asset;
            assert_eq!(asset.is_some(), has_its_own, "{asset:?}");
        }
    }
}

#[tokio::test]
async fn a_computer_that_was_left_out_beside_another_takes_its_place_when_that_goes() {
    for repository in stores() {
        let twin = computer("PC1-NEW").with("dNSHostName", "pc1.corp.example");
        let others = || ["A", "B", "C"].map(computer).into_iter().chain([twin.clone()]);
        let used = computer("PC1").with("lastLogonTimestamp", "134200000000000000");
        let directory = telling(others().chain([used]));
        put(&*repository, scanned(1, &["pc1.corp.example", "pc1"])).await;
        let first = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(first.computers.matched, 1, "{:?}", first.decisions);
        let left_out = decision(&first, mock_guid("PC1-NEW")).unwrap();
        assert_eq!((left_out.verdict, left_out.reason_code()), (Verdict::Skipped, "held"));
        let held = links(&*repository).await.iter().find(|l| l.asset.is_some()).unwrap().object;
        assert_eq!(held, mock_guid("PC1"));
        set(&directory, others());
        let report = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(report.mode, ReadMode::DirSync, "{:?}", report.full_because);
        assert_eq!(report.computers.matched, 1, "{:?}", report.decisions);
        assert_eq!(report.decisions.as_ref().unwrap()[0].succeeds(), [held]);
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn new_assets_beside_those_of_a_common_name_are_counted_in_every_batch() {
    for repository in stores() {
        for n in 0..6 {
            put(&*repository, scanned(2 * n, &["web1"])).await;
            put(&*repository, scanned(2 * n + 1, &["web2"])).await;
        }
        let directory = telling(["WEB1", "WEB2"].map(computer));
        let options = SyncOptions::new().with_batch_size(1).with_explain(true);
        let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
        assert_eq!((report.computers.created, report.computers.beside), (2, 2), "{report:?}");
    }
}

#[tokio::test]
async fn what_is_called_otherwise_is_found_by_a_computer_that_was_left_out_as_unknown() {
    for repository in stores() {
        put(&*repository, scanned(1, &["printer.corp.example"])).await;
        let directory = telling(["PC1", "PC2"].map(computer));
        read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(link(&*repository, mock_guid("PC1")).await, None);
        let mut renamed = scanned(1, &["pc1.corp.example"]);
        renamed.version = 2;
        put(&*repository, renamed).await;
        let report = read(&excluding(), &directory, &*repository, false).await;
        assert_eq!(report.full_because, Some(FullReadReason::InventoryChanged));
        assert_eq!(asset_of(&*repository, mock_guid("PC1")).await.id, asset_id(1));
        assert_eq!(link(&*repository, mock_guid("PC2")).await, None);
    }
}
