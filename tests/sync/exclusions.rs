//! What a task leaves out.

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{
    AssetRepository, Batch, Change, CommitOutcome, Constraint, ConstraintKind,
};
use ldap_inventory::merge::{Decision, Verdict};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{Exclusions, MatchPolicy};
use ldap_inventory::testing::{MockDirectory, MockEnding};
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, RunId, Timestamp};

use crate::mock::{computer, group, mock_guid};

use super::world::*;

const OLD: &str = "20200102030405.0Z";
/// 2020-01-02T03:04:05Z as a FILETIME.
const OLD_FILETIME: &str = "132224078450000000";

fn exclusions() -> Exclusions {
    Exclusions::default()
        .with_disabled(true)
        .with_stale_after_days(90)
        .with_excluded_ou("OU=Staging,DC=corp,DC=example".parse().unwrap())
}

async fn run_without(
    exclusions: Exclusions,
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
) -> SyncReport {
    let task = task().with_exclusions(exclusions);
    sync(&task, directory, repository, &SyncOptions::new().with_explain(true)).await.unwrap()
}

fn decision<'a>(report: &'a SyncReport, name: &str) -> &'a Decision {
    let mut decisions = report.decisions.as_deref().unwrap().iter();
    decisions.find(|decision| decision.object == mock_guid(name)).unwrap()
}

async fn decide(
    repository: &dyn AssetRepository,
    object: ObjectGuid,
    asset: AssetId,
    kind: ConstraintKind,
) {
    let by = ("anna", Timestamp::now());
    let constraint = Constraint::new(acme(), kind, (corp(), object), asset, by);
    let batch = Batch::new(BatchId::from_u128(RunId::random_v7().as_u128()), acme(), corp());
    let batch = batch.with_changes([Change::PutConstraint(constraint)]);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

#[tokio::test]
async fn what_is_left_out_is_counted_explained_and_never_written() {
    let objects = [
        computer("WEB1"),
        computer("DB1").disabled(),
        computer("OLD1").with("lastLogonTimestamp", OLD_FILETIME).with("pwdLastSet", OLD_FILETIME),
        computer("OLD2").with("whenCreated", OLD),
        computer("DC1")
            .with("userAccountControl", "532480")
            .with("lastLogonTimestamp", OLD_FILETIME)
            .with("pwdLastSet", OLD_FILETIME),
        computer("STAGE1").within("OU=Rack,OU=Staging"),
    ];
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(objects.clone());
        let report = run_without(exclusions(), &directory, &*repository).await;
        let computers = report.computers;
        assert_eq!((computers.read, computers.matched, computers.created), (6, 1, 1));
        assert_eq!(computers.skipped, 4);
        for (name, sentence) in [
            ("DB1", "its account is disabled, and the task leaves such computers out"),
            (
                "OLD1",
                "it was last used on 2020-01-02, more than 90 days ago, and the task leaves such \
                 computers out",
            ),
            (
                "OLD2",
                "it was created on 2020-01-02, more than 90 days ago, and never used, and the task \
                 leaves such computers out",
            ),
            (
                "STAGE1",
                "it is below OU=Staging,DC=corp,DC=example, and the task leaves such computers out",
            ),
        ] {
            let decision = decision(&report, name);
            assert_eq!(decision.verdict, Verdict::Skipped);
            assert_eq!(decision.reason(), sentence);
            assert_eq!(link(&*repository, mock_guid(name)).await, None);
        }
        assert_eq!(assets(&*repository).await.len(), 6, "the scanned ones, and the one of DC1");
        assert_consistent(&*repository).await;

        // Without the options they come in, each as a new asset but the one that was scanned.
        let report = run_without(Exclusions::default(), &directory, &*repository).await;
        assert_eq!((report.computers.skipped, report.computers.created), (0, 3));
        assert_eq!(asset_of(&*repository, mock_guid("DB1")).await.id, asset_id(2));
    }
}

#[tokio::test]
async fn what_is_tied_is_updated_so_that_its_asset_shows_what_it_is_now() {
    for repository in stores() {
        let directory = MockDirectory::new([computer("WEB1"), computer("OLD1")]);
        run_without(exclusions(), &directory, &*repository).await;
        directory.set_objects([
            computer("WEB1").within("OU=Staging").disabled(),
            computer("OLD1").with("whenCreated", OLD),
        ]);
        let report = run_without(exclusions(), &directory, &*repository).await;
        assert_eq!((report.computers.matched, report.computers.updated), (2, 2));
        assert_eq!((report.computers.skipped, report.computers.missing), (0, 0));
        let asset = asset_of(&*repository, mock_guid("WEB1")).await;
        let part = asset.part_of(&corp(), mock_guid("WEB1")).unwrap();
        assert_eq!(part.attributes.first("isDisabled"), Some("true"));
        assert!(part.presence.is_present());
    }
}

#[tokio::test]
async fn what_waits_and_is_left_out_by_now_waits_no_more() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new([computer("TWIN"), computer("WEB1")]);
        let twin = run_without(exclusions(), &directory, &*repository).await;
        assert_eq!(twin.computers.ambiguous, 1);
        for is_away in [false, true] {
            if is_away {
                directory.set_objects([computer("WEB1")]);
                let away = run_without(exclusions(), &directory, &*repository).await;
                assert_eq!(away.computers.missing, 1);
            }
            let group = group("All").with_member(&computer("TWIN").build().dn).build();
            let disabled = [computer("TWIN").disabled().build(), computer("WEB1").build(), group];
            directory.set_objects(disabled);
            directory.set_ending(MockEnding::Incomplete { pages: 9, kind: ErrorKind::Timeout });
            let partly = run_without(exclusions(), &directory, &*repository).await;
            assert_eq!((partly.complete, partly.computers.skipped), (false, 1));
            assert!(link(&*repository, mock_guid("TWIN")).await.is_some(), "nothing is concluded");
            directory.set_ending(MockEnding::Complete);
            let left_out = run_without(exclusions(), &directory, &*repository).await;
            assert_eq!((left_out.computers.restored, left_out.computers.skipped), (0, 1));
            assert_eq!(link(&*repository, mock_guid("TWIN")).await, None);
            assert_eq!(repository.waiting(&acme()).await.unwrap(), []);
            assert_consistent(&*repository).await;
            let before = inventory(&*repository).await;
            run_without(exclusions(), &directory, &*repository).await;
            assert_same(&inventory(&*repository).await, &before, "a second run");
            directory.set_objects([computer("TWIN"), computer("WEB1")]);
            let enabled = run_without(exclusions(), &directory, &*repository).await;
            assert_eq!((enabled.computers.ambiguous, enabled.computers.skipped), (1, 0));
        }
    }
}

#[tokio::test]
async fn a_person_s_decision_goes_before_the_options() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new([computer("WEB1").disabled()]);
        let object = mock_guid("WEB1");
        decide(&*repository, object, asset_id(5), ConstraintKind::MustLink).await;
        let report = run_without(exclusions(), &directory, &*repository).await;
        assert_eq!((report.computers.matched, report.computers.skipped), (1, 0));
        assert_eq!(asset_of(&*repository, object).await.id, asset_id(5));
    }
}

#[tokio::test]
async fn what_a_person_separates_has_an_asset_of_its_own_whatever_the_task_leaves_out() {
    let unknown = MatchPolicy::default().with_exclude_unknown(true);
    for task in [task().with_exclusions(exclusions()), task().with_matching(unknown)] {
        for repository in stores() {
            scan(&*repository).await;
            let directory = MockDirectory::new([computer("WEB1")]);
            run(&directory, &*repository).await;
            let (object, options) = (mock_guid("WEB1"), SyncOptions::new());
            decide(&*repository, object, asset_id(1), ConstraintKind::CannotLink).await;
            directory.set_objects([computer("WEB1").disabled()]);
            let report = sync(&task, &directory, &*repository, &options).await.unwrap();
            assert_eq!((report.computers.skipped, report.computers.matched), (0, 1));
            let left = repository.assets(&acme(), &[asset_id(1)]).await.unwrap().remove(0);
            assert!(left.part_of(&corp(), object).is_none(), "a person has separated them");
            assert_eq!(asset_of(&*repository, object).await.parts.len(), 1);
            assert_consistent(&*repository).await;
            // And that is written once.
            let before = inventory(&*repository).await;
            sync(&task, &directory, &*repository, &options).await.unwrap();
            assert_same(&inventory(&*repository).await, &before, "a second run");
        }
    }
}

#[tokio::test]
async fn a_computer_that_is_left_out_is_a_member_of_its_groups_by_name_alone() {
    let (kept, left_out) = (computer("WEB1").build(), computer("DB1").disabled().build());
    let staff = group("Staff").with_member(&kept.dn).with_member(&left_out.dn).build();
    for repository in stores() {
        let directory = MockDirectory::new([kept.clone(), left_out.clone(), staff.clone()]);
        run_without(exclusions(), &directory, &*repository).await;
        let members = group_named(&*repository, "Staff").await.members;
        let mut members = Vec::from_iter(members.iter().map(|it| (it.dn.as_str(), it.object)));
        members.sort();
        assert_eq!(members, [(left_out.dn.as_str(), None), (kept.dn.as_str(), Some(kept.guid))]);
    }
}
