//! Runs that would change more than they may.

use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, RunOutcome};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::sync::{Measure, MergePlan, Stopped, SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::{ChangeLimits, Limit, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::ReadMode;
use ldap_inventory::{Error, ErrorKind, Result};

use crate::mock::{computer, group, mock_guid, user};

use super::world::*;

/// Forty computers, twenty users, and two groups that hold all users.
fn estate() -> Vec<DirectoryObject> {
    let users: Vec<DirectoryObject> = (0..20).map(|n| user(&format!("user{n}")).build()).collect();
    let holding_all = |name: &str| {
        users.iter().fold(group(name), |group, user| group.with_member(&user.dn)).build()
    };
    let groups = [holding_all("Staff"), holding_all("Everyone")];
    let computers = (0..40).map(|n| computer(&format!("PC{n}")).with("location", "here").build());
    computers.chain(groups).chain(users.clone()).collect()
}

fn named(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

fn without(names: &[String]) -> Vec<DirectoryObject> {
    let gone: Vec<_> = names.iter().map(|name| mock_guid(name)).collect();
    let mut objects = estate();
    objects.retain(|object| !gone.contains(&object.guid));
    objects
}

/// The estate with some of its objects replaced.
fn with(objects: impl IntoIterator<Item = DirectoryObject>) -> Vec<DirectoryObject> {
    let mut all = estate();
    for object in objects {
        all.retain(|known| known.guid != object.guid);
        all.push(object);
    }
    all
}

async fn run(
    task: &SyncTask,
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
) -> Result<()> {
    sync(task, directory, repository, &SyncOptions::new()).await.map(drop)
}

fn measures(error: &Error) -> Vec<Measure> {
    assert_eq!(error.kind(), ErrorKind::LimitsExceeded, "{error:?}");
    Stopped::of(error).unwrap().braked.exceeded.iter().map(|it| it.what).collect()
}

/// What is measured, the brake with a limit to it, and the estate after so many such changes.
type Case<'a> =
    (Measure, &'a dyn Fn(u64) -> ChangeLimits, &'a dyn Fn(usize) -> Vec<DirectoryObject>);

#[tokio::test]
async fn each_limit_stops_one_past_it_and_writes_nothing() {
    let limited = |brake: fn(ChangeLimits, Limit) -> ChangeLimits| {
        move |n| brake(ChangeLimits::off(), Limit::count(n))
    };
    let moved = |count| {
        let moved = (0..count).map(|n| computer(&format!("PC{n}")).within("OU=Away"));
        with(moved.map(|computer| computer.with("location", "here").build()))
    };
    let emptied = |count| with((0..count).map(|n| computer(&format!("PC{n}")).build()));
    let joined_again = |count: usize| {
        let mut objects = without(&named("PC", count));
        let again = (0..count).map(|n| {
            computer(&format!("PC{n}")).with_guid(mock_guid(&format!("again{n}"))).build()
        });
        objects.extend(again);
        objects
    };
    let new = |count: usize| {
        let mut objects = estate();
        objects.extend((0..count).map(|n| computer(&format!("NEW{n}")).build()));
        objects
    };
    let left = |count: usize| {
        let stay: Vec<DirectoryObject> =
            (count..20).map(|n| user(&format!("user{n}")).build()).collect();
        let staff = stay.iter().fold(group("Staff"), |group, user| group.with_member(&user.dn));
        with([staff.build()])
    };
    let cases: [Case<'_>; 8] = [
        (Measure::LostComputers, &limited(ChangeLimits::with_losses), &|n| {
            without(&named("PC", n))
        }),
        (Measure::LostUsers, &limited(ChangeLimits::with_losses), &|n| without(&named("user", n))),
        (Measure::Changes, &limited(ChangeLimits::with_changes), &moved),
        (Measure::Changes, &limited(ChangeLimits::with_changes), &emptied),
        (Measure::Relinks, &limited(ChangeLimits::with_relinks), &joined_again),
        (Measure::Creates, &limited(ChangeLimits::with_creates), &new),
        (Measure::MembershipRemovals, &limited(ChangeLimits::with_membership_removals), &left),
        (
            Measure::LostUsers,
            &|n| ChangeLimits::off().with_losses(Limit::percent(n as u8 * 5)),
            &|n| without(&named("user", n)),
        ),
    ];
    for mode in [ReadMode::Full, ReadMode::DirSync] {
        for (what, brake, objects) in &cases {
            for repository in stores() {
                let mut directory = MockDirectory::new(estate());
                if mode != ReadMode::Full {
                    directory = directory.with_deltas(mode, false);
                }
                let task = task().with_change_limits(brake(4));
                run(&task, &directory, &*repository).await.unwrap();
                let before = inventory(&*repository).await;
                directory.set_objects(objects(5));
                let error = run(&task, &directory, &*repository).await.unwrap_err();
                assert_eq!(measures(&error), [*what], "{error}");
                if *what == Measure::Changes {
                    let braked = &Stopped::of(&error).unwrap().braked;
                    assert_eq!(braked.exceeded[0].of, estate().len() as u64);
                }
                assert_same(&inventory(&*repository).await, &before, format!("{what:?}"));
                directory.set_objects(objects(4));
                run(&task, &directory, &*repository).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_stopped_run_goes_on_record_and_its_plan_is_the_whole_of_it() {
    for repository in stores() {
        let directory = MockDirectory::new(estate());
        run(&task(), &directory, &*repository).await.unwrap();
        directory.set_objects(without(&named("PC", 24)));
        let error = run(&task(), &directory, &*repository).await.unwrap_err();
        let sentence = error.to_string();
        assert!(
            sentence.contains("24 of 40 computers would be missing (more than 25 %)"),
            "{sentence}"
        );
        let stopped = Stopped::of(&error).unwrap();
        assert!(sentence.contains(&stopped.braked.confirmation.to_string()), "{sentence}");
        assert_eq!(stopped.plan.report.computers.missing, 24);
        assert_eq!(stopped.plan.report.decisions.as_ref().unwrap().len(), 16);
        let changes: usize = stopped.plan.batches.iter().map(|batch| batch.changes.len()).sum();
        assert_eq!(
            stopped.to_string(),
            format!("the plan of the stopped run has {changes} changes")
        );
        let runs = repository.runs(&acme(), &corp(), 9).await.unwrap();
        let outcomes: Vec<RunOutcome> = runs.iter().map(|run| run.outcome).collect();
        assert_eq!(outcomes, [RunOutcome::Stopped, RunOutcome::Complete]);
        assert_eq!(runs[0].error.as_deref(), Some(sentence.as_str()));
        assert!(runs.iter().all(|run| run.mode == Some(ReadMode::Full)), "{runs:?}");
        let kept = runs[0].report.as_deref().unwrap();
        let kept: SyncReport = serde_json::from_str(kept).unwrap();
        assert_eq!((kept.computers.missing, kept.brake.as_ref()), (24, Some(&stopped.braked)));
        assert_eq!(kept.decisions, None, "the plan has them, and is as large as the directory");
        assert!(runs[0].checkpoint.is_none() && runs[1].checkpoint.is_some());
    }
}

#[tokio::test]
async fn a_confirmation_covers_one_plan_and_no_other() {
    for repository in stores() {
        let directory = MockDirectory::new(estate());
        run(&task(), &directory, &*repository).await.unwrap();
        let before = inventory(&*repository).await;
        directory.set_objects(without(&named("PC", 24)));
        let error = run(&task(), &directory, &*repository).await.unwrap_err();
        let confirmation = Stopped::of(&error).unwrap().braked.confirmation;
        let confirmed = SyncOptions::new().with_confirmation(Some(confirmation));
        for other in [23, 25] {
            directory.set_objects(without(&named("PC", other)));
            let refused = sync(&task(), &directory, &*repository, &confirmed).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::LimitsExceeded);
            assert_same(&inventory(&*repository).await, &before, other);
        }
        // What is not a matter of the brake may differ.
        let mut objects = without(&named("PC", 24));
        objects.push(user("one more").build());
        directory.set_objects(objects);
        let report = sync(&task(), &directory, &*repository, &confirmed).await.unwrap();
        assert_eq!((report.computers.missing, report.users.created), (24, 1));
        assert_consistent(&*repository).await;
        // The next run has nothing to confirm, and is let alone with it.
        sync(&task(), &directory, &*repository, &confirmed).await.unwrap();
    }
}

#[tokio::test]
async fn a_stopped_plan_is_stored_and_applied_when_it_is_confirmed() {
    for repository in stores() {
        let directory = MockDirectory::new(estate());
        run(&task(), &directory, &*repository).await.unwrap();
        directory.set_objects(without(&named("PC", 24)));
        let planned = plan(&task(), &directory, &*repository, &SyncOptions::new()).await.unwrap();
        let error = run(&task(), &directory, &*repository).await.unwrap_err();
        let stopped = Stopped::of(&error).unwrap();
        let confirmation = planned.report.brake.as_ref().unwrap().confirmation;
        assert_eq!(confirmation, stopped.braked.confirmation);
        let text = serde_json::to_string(&stopped.plan).unwrap();
        let stored: MergePlan = serde_json::from_str(&text).unwrap();
        let before = inventory(&*repository).await;
        let refused = stored.apply(&*repository, &SyncOptions::new()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::LimitsExceeded);
        assert_same(&inventory(&*repository).await, &before, "not confirmed");
        let confirmed = SyncOptions::new().with_confirmation(Some(confirmation));
        let applied = stored.apply(&*repository, &confirmed).await.unwrap();
        assert_eq!(applied.dropped, 0);
        let missing = links(&*repository).await;
        assert_eq!(missing.iter().filter(|link| !link.presence.is_present()).count(), 24);
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn the_first_run_and_a_wider_scope_are_not_held_back() {
    let repository = &*stores().remove(0);
    let directory = MockDirectory::new(estate());
    let strict = task().with_change_limits(ChangeLimits::off().with_creates(Limit::count(0)));
    let narrow = strict.clone().with_base_dns(["CN=Users,DC=corp,DC=example".to_owned()]);
    run(&narrow, &directory, repository).await.unwrap();
    run(&strict, &directory, repository).await.unwrap();
    assert_eq!(assets(repository).await.len(), 40);
}

#[tokio::test]
async fn a_dry_run_says_what_the_brake_will_say_and_is_not_stopped() {
    let repository = &*stores().remove(0);
    let directory = MockDirectory::new(estate());
    run(&task(), &directory, repository).await.unwrap();
    directory.set_objects(without(&named("user", 12)));
    let dry = SyncOptions::new().with_dry_run(true);
    let report = sync(&task(), &directory, repository, &dry).await.unwrap();
    let braked = report.brake.unwrap();
    assert_eq!((braked.exceeded[0].number, braked.exceeded[0].of), (12, 20));
    assert_eq!(repository.runs(&acme(), &corp(), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn members_that_are_deleted_do_not_count_as_leaving() {
    let repository = &*stores().remove(0);
    let directory = MockDirectory::new(estate());
    let task = task()
        .with_change_limits(ChangeLimits::off().with_membership_removals(Limit::count(0)))
        .with_full_read_every(Duration::ZERO);
    run(&task, &directory, repository).await.unwrap();
    let users: Vec<DirectoryObject> = (3..20).map(|n| user(&format!("user{n}")).build()).collect();
    let holding = |name: &str| {
        users.iter().fold(group(name), |group, user| group.with_member(&user.dn)).build()
    };
    let mut objects = without(&named("user", 3));
    objects.retain(|object| object.membership.is_none());
    objects.extend([holding("Staff"), holding("Everyone")]);
    directory.set_objects(objects);
    run(&task, &directory, repository).await.unwrap();
    assert_eq!(group_named(repository, "Staff").await.members.len(), 17);
}

#[tokio::test]
async fn a_plan_names_what_would_go_missing() {
    let repository = ldap_inventory::store::MemoryRepository::new();
    let task = task();
    run(&task, &MockDirectory::new(estate()), &repository).await.unwrap();
    let options = SyncOptions::new();
    let fewer = [named("PC", 2), vec!["user7".to_owned(), "Staff".to_owned()]].concat();
    let fewer = MockDirectory::new(without(&fewer));
    let lost = plan(&task, &fewer, &repository, &options).await.unwrap().losses();
    let named: Vec<_> = lost.iter().map(|it| (it.kind.to_string(), it.name.as_str())).collect();
    let kinds = ["computer", "computer", "group", "user"];
    let mut names: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
    assert!(named.iter().map(|(kind, _)| kind.as_str()).eq(kinds), "{named:?}");
    names[..2].sort_unstable();
    assert_eq!(names, ["PC0", "PC1", "Staff", "user7"]);
    for loss in &lost[..2] {
        assert_eq!(loss.asset, Some(asset_of(&repository, loss.object).await.id));
    }
    assert!(lost[2..].iter().all(|loss| loss.asset.is_none()));
    // What was missed once is no loss any more.
    sync(&task, &fewer, &repository, &options).await.unwrap();
    assert_eq!(plan(&task, &fewer, &repository, &options).await.unwrap().losses(), []);
}
