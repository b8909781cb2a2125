//! What a run may conclude from what it did not see.

use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, Presence, RunOutcome};
use ldap_inventory::directory::{DirectoryObject, Rejected};
use ldap_inventory::sync::{Stopped, SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::Grace;
use ldap_inventory::testing::{MockDirectory, MockEnding};
use ldap_inventory::value::{ObjectKind, ReadMode, RunId, Timestamp};
use ldap_inventory::{ErrorKind, Retry};

use crate::mock::{computer, group, mock_guid, user};

use super::world::*;

/// The domain without these.
fn without(names: &[&str]) -> Vec<DirectoryObject> {
    let gone: Vec<_> = names.iter().map(|name| mock_guid(name)).collect();
    let mut objects = domain();
    objects.retain(|object| !gone.contains(&object.guid));
    objects
}

fn says(report: &SyncReport, what: &str) -> bool {
    report.warnings.iter().any(|warning| warning.contains(what))
}

#[tokio::test]
async fn an_unseen_object_is_missing_then_gone_and_comes_back_by_itself() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = content(&*repository).await;
        directory.set_objects(without(&["WEB1", "bob", "Inner"]));
        let mut first = None;
        for n in 1..=4 {
            let report = run(&directory, &*repository).await;
            let expected = if n < 3 { (1, 0) } else { (0, 1) };
            let counts = report.computers;
            assert_eq!((counts.missing, counts.gone), expected, "run {n}");
            assert_eq!((report.users.missing, report.users.gone), expected, "run {n}");
            assert_eq!((report.groups.missing, report.groups.gone), expected, "run {n}");
            let link = link(&*repository, mock_guid("WEB1")).await.unwrap();
            let since = match link.presence {
                Presence::Missing { since, runs } if n < 3 && runs == n => since,
                Presence::Gone { since } if n >= 3 => since,
                other => panic!("run {n}: {other:?}"),
            };
            assert_eq!(*first.get_or_insert(since), since);
            assert_eq!(link.asset, Some(asset_id(1)));
            assert_consistent(&*repository).await;
        }
        assert_eq!(assets(&*repository).await.len(), 7);
        directory.set_objects(domain());
        let report = run(&directory, &*repository).await;
        assert_eq!(report.computers.restored, 1);
        assert_eq!(report.computers.created, 0);
        assert_same(&content(&*repository).await, &before, "content");
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn the_grace_is_the_tasks_to_choose() {
    let repository = &*stores().remove(0);
    let directory = MockDirectory::new(domain());
    run(&directory, repository).await;
    directory.set_objects(without(&["WEB1"]));
    let task = task().with_grace(Grace::default().with_runs(1));
    let report = sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
    assert_eq!((report.computers.missing, report.computers.gone), (0, 1));
}

#[tokio::test]
async fn an_incomplete_read_removes_nothing_and_says_why() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain()).with_page_size(2);
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        for pages in 0..6 {
            let kind = ErrorKind::Disconnected;
            for ending in [
                MockEnding::Incomplete { pages, kind },
                MockEnding::Error { pages, kind },
                MockEnding::CutOff { pages },
            ] {
                directory.set_ending(ending);
                let report = run(&directory, &*repository).await;
                assert!(!report.complete && report.incomplete_because.is_some());
                assert!(says(&report, "the read was incomplete"), "{:?}", report.warnings);
                assert_eq!((report.computers.missing, report.users.missing), (0, 0));
                assert_eq!(report.server.dns_host_name.as_deref(), Some("dc1.corp.example"));
                assert_same(&inventory(&*repository).await, &before, format!("{pages} pages"));
            }
            directory.set_ending(MockEnding::Refused(kind));
            let error = sync(&task(), &directory, &*repository, &SyncOptions::new()).await;
            assert_eq!(error.unwrap_err().kind(), kind);
            assert_same(&inventory(&*repository).await, &before, format!("{pages} pages"));
        }
        directory.set_ending(MockEnding::Complete);
        let report = run(&directory, &*repository).await;
        assert!(report.complete && report.warnings.is_empty(), "{:?}", report.warnings);
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn an_incomplete_read_adds_what_is_new_but_ties_nothing_by_name() {
    for repository in stores() {
        scan(&*repository).await;
        let ending = MockEnding::Incomplete { pages: 9, kind: ErrorKind::LimitExceeded };
        let directory = MockDirectory::new(domain()).ending(ending);
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.matched, report.computers.created), (0, 2));
        assert_eq!(link(&*repository, mock_guid("WEB1")).await, None);
        assert_eq!(
            repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap(),
            None
        );
        directory.set_ending(MockEnding::Complete);
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.matched, report.computers.created), (4, 0));

        let undisturbed = stores().remove(0);
        scan(&*undisturbed).await;
        run(&directory, &*undisturbed).await;
        assert_same(&content(&*repository).await, &content(&*undisturbed).await, "the other store");
    }
}

#[tokio::test]
async fn an_empty_answer_removes_nothing_and_says_why() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        directory.set_objects(Vec::<DirectoryObject>::new());
        for _ in 0..4 {
            let report = run(&directory, &*repository).await;
            assert!(report.complete);
            for kind in ["computer", "user", "group"] {
                assert!(says(&report, &format!("no {kind} was read")), "{:?}", report.warnings);
            }
            let (computers, users) = (report.computers, report.users);
            assert_eq!((computers.missing, computers.gone, users.missing), (0, 0, 0));
            assert_same(&inventory(&*repository).await, &before, "before");
        }
    }
}

#[tokio::test]
async fn no_computers_among_users_removes_no_computer() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let mut objects = domain();
        objects.retain(|object| object.kind != ObjectKind::Computer);
        directory.set_objects(objects);
        let report = run(&directory, &*repository).await;
        assert!(says(&report, "no computer was read"), "{:?}", report.warnings);
        assert_eq!(report.computers.missing, 0);
    }
}

/// Runs with what the inventory is to take for gone, as a task that reads changes where it can.
async fn accepting(
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
    full: bool,
) -> SyncReport {
    let options = SyncOptions::new().with_accept_empty(true).with_full_read(full);
    sync(&task(), directory, repository, &options).await.unwrap()
}

#[tokio::test]
async fn the_last_of_a_kind_is_missing_if_a_person_says_that_there_is_none_any_more() {
    for (full, mode) in [(true, ReadMode::Full), (false, ReadMode::DirSync)] {
        for repository in stores() {
            let all =
                || vec![computer("PC1").build(), user("alice").build(), group("Staff").build()];
            let directory = MockDirectory::new(all()).with_deltas(ReadMode::DirSync, false);
            run(&directory, &*repository).await;
            for kind in [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group] {
                let mut left = all();
                left.retain(|object| object.kind != kind);
                directory.set_objects(left);
                let options = SyncOptions::new().with_full_read(full);
                let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
                assert_eq!(report.mode, mode);
                assert!(says(&report, &format!("no {kind} was read though 1 is known")));
                assert!(says(&report, "accept-empty"), "{:?}", report.warnings);
                let missing = |report: &SyncReport| match kind {
                    ObjectKind::Computer => report.computers.missing,
                    ObjectKind::User => report.users.missing,
                    ObjectKind::Group => report.groups.missing,
                };
                assert_eq!(missing(&report), 0);
                let report = accepting(&directory, &*repository, full).await;
                assert_eq!((report.mode, missing(&report)), (mode, 1), "{kind}");
                assert_eq!(report.warnings, Vec::<String>::new());
                assert_consistent(&*repository).await;
                // What is missing is known: nobody need say it again.
                let options = SyncOptions::new().with_full_read(full);
                let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
                assert_eq!((missing(&report), report.warnings.len()), (1, 0), "{kind}");
                directory.set_objects(all());
                run(&directory, &*repository).await;
                assert!(links(&*repository).await.iter().all(|link| link.presence.is_present()));
            }
        }
    }
}

#[tokio::test]
async fn the_brake_holds_for_who_accepts_that_a_kind_is_gone() {
    for full in [true, false] {
        for repository in stores() {
            let computers = || (0..30).map(|n| computer(&format!("PC{n}")).build());
            let alice = user("alice").build();
            let directory = MockDirectory::new(computers().chain([alice.clone()]))
                .with_deltas(ReadMode::DirSync, false);
            run(&directory, &*repository).await;
            directory.set_objects([alice]);
            let options = SyncOptions::new().with_accept_empty(true).with_full_read(full);
            let stopped = sync(&task(), &directory, &*repository, &options).await.unwrap_err();
            assert_eq!(stopped.kind(), ErrorKind::LimitsExceeded);
            let confirmation = Stopped::of(&stopped).unwrap().braked.confirmation;
            let options = options.with_confirmation(Some(confirmation));
            let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
            assert_eq!(report.computers.missing, 30);
        }
    }
}

#[tokio::test]
async fn a_narrower_scope_removes_nothing() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        let narrow = task().with_base_dns(["CN=Users,DC=corp,DC=example".to_owned()]);
        let report = sync(&narrow, &directory, &*repository, &SyncOptions::new()).await.unwrap();
        assert!(report.complete);
        assert_eq!((report.computers.missing, report.computers.gone), (0, 0));
        let after = inventory(&*repository).await;
        assert_same(&after["links"], &before["links"], "before");
        assert_same(&after["assets"], &before["assets"], "before");
    }
}

#[tokio::test]
async fn entries_that_could_not_be_read_keep_everything_in_place() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        directory.set_objects(without(&["WEB1", "bob"]));
        directory.edit_end(|end| {
            let (kind, reason) = (ObjectKind::Computer, "it has no objectGUID".to_owned());
            end.rejected = vec![Rejected::new(kind, "CN=WEB1", reason)];
            end.rejected_count = 1;
        });
        let report = run(&directory, &*repository).await;
        assert_eq!(report.computers.rejected, 1);
        assert!(says(&report, "some entries could not be read"), "{:?}", report.warnings);
        assert_eq!((report.computers.missing, report.users.missing), (0, 0));
        assert!(links(&*repository).await.iter().all(|link| link.presence.is_present()));
        assert_same(&inventory(&*repository).await["assets"], &before["assets"], "before");
    }
}

#[tokio::test]
async fn a_computer_made_anew_under_its_old_name_takes_the_asset_over() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let mut objects = without(&["WEB1"]);
        objects.push(computer("WEB1").with_guid(mock_guid("joined again")).build());
        directory.set_objects(objects);
        let options = SyncOptions::new().with_explain(true);
        let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
        assert_eq!((report.computers.created, report.computers.missing), (0, 0));
        let decisions = report.decisions.unwrap();
        let decision = decisions.iter().find(|d| d.object == mock_guid("joined again")).unwrap();
        assert_eq!(decision.succeeds(), [mock_guid("WEB1")]);
        assert_eq!(decision.verdict.asset(), Some(asset_id(1)));
        assert_eq!(link(&*repository, mock_guid("WEB1")).await, None);
        assert_eq!(asset_of(&*repository, mock_guid("joined again")).await.id, asset_id(1));
        assert_consistent(&*repository).await;
        let before = inventory(&*repository).await;
        let again = run(&directory, &*repository).await;
        assert_eq!((again.computers.updated, again.computers.created), (0, 0));
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn an_object_is_not_missing_because_of_another_source() {
    use ldap_inventory::value::SourceId;

    for repository in stores() {
        run(&MockDirectory::new(domain()), &*repository).await;
        let before = links(&*repository).await;
        let mut branch = task();
        branch.source = SourceId::new("ldap", "branch.example").unwrap();
        let directory = MockDirectory::new([computer("PC1").in_domain("branch.example")]);
        directory.edit_end(|end| end.server.domain = Some("branch.example".to_owned()));
        for _ in 0..2 {
            let report =
                sync(&branch, &directory, &*repository, &SyncOptions::new()).await.unwrap();
            assert_eq!((report.computers.missing, report.computers.gone), (0, 0));
        }
        assert_eq!(links(&*repository).await, before);
    }
}

#[tokio::test]
async fn a_bad_pin_or_a_refused_bind_is_final_and_writes_nothing_but_that() {
    for repository in stores() {
        for kind in [ErrorKind::BindRefused, ErrorKind::CertificatePin] {
            let directory = MockDirectory::new(domain()).ending(MockEnding::Refused(kind));
            let run = sync(&task(), &directory, &*repository, &SyncOptions::new()).await;
            let error = run.unwrap_err();
            assert_eq!((error.kind(), error.retry()), (kind, Retry::Never));
            assert_eq!(links(&*repository).await, []);
            let run = repository.runs(&acme(), &corp(), 9).await.unwrap().pop().unwrap();
            assert_eq!((run.outcome, run.report), (RunOutcome::Failed, None));
            assert_eq!(run.error.unwrap(), error.report());
        }
    }
}

#[tokio::test]
async fn a_run_without_a_census_says_so_and_takes_nothing_for_missing_that_is_not_told() {
    for (mode, tombstones) in
        [(ReadMode::DirSync, true), (ReadMode::DirSync, false), (ReadMode::Usn, false)]
    {
        let repository = &*stores().remove(0);
        let directory = MockDirectory::new(domain()).with_deltas(mode, tombstones);
        let minute = |n: i64| Timestamp::from_unix_seconds(1_790_000_000 + 60 * n).unwrap();
        // A census is due with the third run, or after an hour.
        let task = task().with_census_beyond(0).with_census_every(Duration::from_secs(3_600), 3);
        let run_at = async |n: i64| {
            let options = SyncOptions::new().with_run(RunId::random_v7(), minute(n));
            sync(&task, &directory, repository, &options).await.unwrap()
        };
        assert!(run_at(0).await.census);
        directory.set_objects(without(&["WEB1"]));
        let told = run_at(1).await;
        assert_eq!((told.mode, told.census), (mode, false));
        assert_eq!(told.computers.missing, u64::from(tombstones));
        let presence = async || link(repository, mock_guid("WEB1")).await.unwrap().presence;
        assert_eq!(presence().await.is_present(), !tombstones);
        // What is missing does not age where nobody looks.
        let before = presence().await;
        let quiet = run_at(2).await;
        assert_eq!((quiet.census, quiet.computers.missing), (false, 0));
        assert_eq!(presence().await, before);
        let third = run_at(3).await;
        assert_eq!((third.census, third.computers.missing), (true, 1));
        let runs = if tombstones { 2 } else { 1 };
        assert!(matches!(presence().await, Presence::Missing { runs: n, .. } if n == runs));
        assert!(!run_at(62).await.census);
        assert!(run_at(63).await.census);
    }
}

#[tokio::test]
async fn a_small_directory_is_counted_every_time() {
    let repository = &*stores().remove(0);
    let directory = MockDirectory::new(domain()).with_deltas(ReadMode::DirSync, false);
    let at = domain().len() as u64;
    for (beyond, expected) in [(at, true), (at - 1, false)] {
        let task = task().with_census_beyond(beyond);
        let full = SyncOptions::new().with_full_read(true);
        assert!(sync(&task, &directory, repository, &full).await.unwrap().census);
        let delta = sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((delta.mode, delta.census), (ReadMode::DirSync, expected));
    }
}

#[tokio::test]
async fn who_is_shown_again_is_there_however_doubtful_the_memberships() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = group_named(&*repository, "Outer").await;
        directory.set_objects(without(&["Outer", "bob"]));
        run(&directory, &*repository).await;
        assert!(!group_named(&*repository, "Outer").await.presence.is_present());
        let kind = ErrorKind::Disconnected;
        for ending in [MockEnding::Incomplete { pages: 9, kind }, MockEnding::Complete] {
            let mut objects = without(&["Outer"]);
            let doubtful = group("Outer").within("OU=Back").with_incomplete_members();
            objects.push(doubtful.build());
            directory.set_objects(objects);
            let is_back = ending != MockEnding::Complete;
            directory.set_ending(ending);
            let report = run(&directory, &*repository).await;
            assert_eq!((report.groups.missing, report.users.missing), (0, 0));
            if is_back {
                assert_eq!((report.groups.updated, report.users.updated), (1, 1));
            }
            let seen = link(&*repository, mock_guid("Outer")).await.unwrap().seen.unwrap();
            assert_eq!(seen.container.as_deref(), Some("ou=back,dc=corp,dc=example"));
            let outer = group_named(&*repository, "Outer").await;
            assert_eq!((outer.presence, &outer.members), (Presence::Present, &before.members));
            for object in [mock_guid("Outer"), mock_guid("bob")] {
                let link = link(&*repository, object).await.unwrap();
                assert_eq!(link.presence, Presence::Present);
            }
            assert_consistent(&*repository).await;
        }
    }
}

#[tokio::test]
async fn who_waits_for_a_decision_goes_missing_by_name_and_waits_as_what_is_missing() {
    for repository in stores() {
        for n in [1, 2] {
            put(&*repository, scanned(n, &["twin.corp.example"])).await;
        }
        let others = || ["A", "B", "C"].map(|name| computer(name).build()).into_iter();
        let directory = MockDirectory::new(others().chain([computer("TWIN").build()]));
        assert_eq!(run(&directory, &*repository).await.computers.ambiguous, 1);
        directory.set_objects(others());
        let options = SyncOptions::new();
        let planned = plan(&task(), &directory, &*repository, &options).await.unwrap();
        let lost: Vec<String> = planned.losses().into_iter().map(|loss| loss.name).collect();
        assert_eq!(lost, ["TWIN"]);
        assert_eq!(run(&directory, &*repository).await.computers.missing, 1);
        let waiting = repository.waiting(&acme()).await.unwrap();
        let [twin] = &waiting[..] else { panic!("{waiting:?}") };
        let part = twin.record.part_of(&corp(), mock_guid("TWIN")).unwrap();
        assert!(!part.presence.is_present(), "{part:?}");
    }
}
