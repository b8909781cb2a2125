//! Users and groups that go from one domain of a forest to another, where they keep their objectGUID.

use ldap_inventory::asset::{AssetRepository, DirectoryUser, LinksRequest};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::sync::{SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{ReadMode, SourceId};

use crate::mock::{group, mock_guid, user};

use super::world::*;

fn branch() -> SourceId {
    SourceId::new("ldap", "branch.example").unwrap()
}

fn branch_task() -> SyncTask {
    let (site, credential) = ("branch".parse().unwrap(), "reader".parse().unwrap());
    SyncTask::new("Branch", acme(), site, branch(), credential)
}

/// A forest of two domains, each with people of its own.
struct Forest {
    corp: MockDirectory,
    branch: MockDirectory,
    full: bool,
}

fn clerks(domain: &str) -> impl Iterator<Item = DirectoryObject> {
    (0..3).map(move |n| user(&format!("clerk{n} of {domain}")).in_domain(domain).build())
}

fn with(domain: &'static str, objects: &[MockRecord]) -> Vec<DirectoryObject> {
    let objects = objects.iter().map(|record| record.clone().in_domain(domain).build());
    let everybody = group("Everybody").with_guid(mock_guid(domain)).in_domain(domain).build();
    clerks(domain).chain([everybody]).chain(objects).collect()
}

/// What moves: a user, and a group whose member it is.
fn moving(domain: &str) -> [MockRecord; 2] {
    let anna = user("anna").with("mail", "anna@forest.example");
    let team = group("Team").with_member(&anna.clone().in_domain(domain).build().dn);
    [anna, team]
}

impl Forest {
    fn new(full: bool) -> Self {
        let telling = |objects| MockDirectory::new(objects).with_deltas(ReadMode::DirSync, false);
        let forest = Self {
            corp: telling(with("corp.example", &moving("corp.example"))),
            branch: telling(with("branch.example", &[])),
            full,
        };
        forest.corp.edit_end(|end| end.server.other_domains = vec!["Branch.example".to_owned()]);
        forest.branch.edit_end(|end| {
            end.server.domain = Some("branch.example".to_owned());
            end.server.other_domains = vec!["corp.example".to_owned()];
        });
        forest
    }

    fn arrive(&self) {
        self.branch.set_objects(with("branch.example", &moving("branch.example")));
    }

    fn leave(&self) {
        self.corp.set_objects(with("corp.example", &[]));
    }

    async fn sync_corp(&self, repository: &dyn AssetRepository) -> SyncReport {
        let options = SyncOptions::new().with_full_read(self.full);
        sync(&task(), &self.corp, repository, &options).await.unwrap()
    }

    async fn sync_branch(&self, repository: &dyn AssetRepository) -> SyncReport {
        let options = SyncOptions::new().with_full_read(self.full);
        sync(&branch_task(), &self.branch, repository, &options).await.unwrap()
    }
}

async fn annas(repository: &dyn AssetRepository) -> Vec<DirectoryUser> {
    let mut annas = users(repository).await;
    annas.retain(|user| user.object == mock_guid("anna"));
    annas
}

async fn is_linked(repository: &dyn AssetRepository, source: SourceId) -> bool {
    let links = LinksRequest::new(acme(), source).of_objects([mock_guid("anna")]);
    let links = repository.links(links).await.unwrap();
    futures::StreamExt::count(links).await > 0
}

/// One record of each, under the new domain, with its memberships.
async fn assert_moved(repository: &dyn AssetRepository) {
    let [anna] = &annas(repository).await[..] else { panic!("one record of anna") };
    assert_eq!((&anna.source, anna.presence.is_present()), (&branch(), true));
    assert_eq!(anna.groups.len(), 1);
    assert!(anna.groups[0].as_str().ends_with("DC=branch,DC=example"), "{:?}", anna.groups);
    let mut teams = groups(repository).await;
    teams.retain(|group| group.object == mock_guid("Team"));
    let [team] = &teams[..] else { panic!("one record of the team") };
    assert_eq!((&team.source, team.members.len()), (&branch(), 1));
    assert_eq!(team.members[0].object, Some(mock_guid("anna")));
    assert!(is_linked(repository, branch()).await && !is_linked(repository, corp()).await);
    assert_consistent_in_corp(repository).await;
}

async fn assert_consistent_in_corp(repository: &dyn AssetRepository) {
    for user in users(repository).await.iter().filter(|user| user.source == corp()) {
        assert_eq!(link(repository, user.object).await.unwrap().presence, user.presence);
    }
}

#[tokio::test]
async fn one_record_is_left_whichever_task_runs_first() {
    for full in [true, false] {
        for repository in stores() {
            let forest = Forest::new(full);
            forest.sync_corp(&*repository).await;
            forest.sync_branch(&*repository).await;
            forest.leave();
            let report = forest.sync_corp(&*repository).await;
            assert_eq!((report.users.missing, report.groups.missing), (1, 1));
            forest.arrive();
            let report = forest.sync_branch(&*repository).await;
            assert_eq!((report.users.created, report.users.updated), (0, 1));
            assert_moved(&*repository).await;

            let repository = stores().remove(0);
            let forest = Forest::new(full);
            forest.sync_corp(&*repository).await;
            forest.sync_branch(&*repository).await;
            forest.arrive();
            forest.sync_branch(&*repository).await;
            // Both show it, as they may until all is replicated: nothing is guessed.
            forest.sync_corp(&*repository).await;
            assert!(annas(&*repository).await.iter().all(|user| user.presence.is_present()));
            assert_eq!(annas(&*repository).await.len(), 2);
            forest.leave();
            let report = forest.sync_corp(&*repository).await;
            assert_eq!((report.users.missing, report.groups.missing), (0, 0));
            assert_moved(&*repository).await;
            for _ in 0..2 {
                let corp = forest.sync_corp(&*repository).await;
                let branch = forest.sync_branch(&*repository).await;
                assert_eq!((corp.users.updated, corp.users.missing), (0, 0));
                assert_eq!((branch.users.updated, branch.users.created), (0, 0));
            }
        }
    }
}

#[tokio::test]
async fn who_comes_back_is_there_again_alone() {
    for full in [true, false] {
        for repository in stores() {
            let forest = Forest::new(full);
            forest.sync_corp(&*repository).await;
            forest.leave();
            forest.arrive();
            forest.sync_branch(&*repository).await;
            forest.sync_corp(&*repository).await;
            assert_moved(&*repository).await;
            forest.corp.set_objects(with("corp.example", &moving("corp.example")));
            forest.branch.set_objects(with("branch.example", &[]));
            forest.sync_branch(&*repository).await;
            forest.sync_corp(&*repository).await;
            let [anna] = &annas(&*repository).await[..] else { panic!("one record of anna") };
            assert_eq!(anna.source, corp());
        }
    }
}

#[tokio::test]
async fn an_incomplete_read_moves_nobody_and_a_plan_moves_whom_its_run_would() {
    for repository in stores() {
        let forest = Forest::new(true);
        forest.sync_corp(&*repository).await;
        forest.leave();
        forest.sync_corp(&*repository).await;
        forest.arrive();
        let ending = ldap_inventory::testing::MockEnding::Incomplete {
            pages: 9,
            kind: ldap_inventory::ErrorKind::LimitExceeded,
        };
        forest.branch.set_ending(ending);
        let options = SyncOptions::new();
        let planned = plan(&branch_task(), &forest.branch, &*repository, &options).await.unwrap();
        planned.apply(&*repository, &options).await.unwrap();
        assert_eq!(annas(&*repository).await.len(), 2, "missing there, and read here");
        // The task of the old domain sees that it is not lost.
        forest.sync_corp(&*repository).await;
        assert_eq!(annas(&*repository).await.len(), 1);

        let repository = stores().remove(0);
        forest.branch.set_ending(ldap_inventory::testing::MockEnding::Complete);
        forest.corp.set_objects(with("corp.example", &moving("corp.example")));
        forest.sync_corp(&*repository).await;
        forest.leave();
        forest.sync_corp(&*repository).await;
        let planned = plan(&branch_task(), &forest.branch, &*repository, &options).await.unwrap();
        assert_eq!(annas(&*repository).await.len(), 1);
        planned.apply(&*repository, &options).await.unwrap();
        assert_moved(&*repository).await;
    }
}

#[tokio::test]
async fn the_last_of_a_domain_moves_like_any_other() {
    for full in [true, false] {
        for repository in stores() {
            let forest = Forest::new(full);
            let anna = || moving("corp.example")[0].clone();
            forest.corp.set_objects([anna().build()]);
            forest.sync_corp(&*repository).await;
            forest.branch.set_objects(with("branch.example", &[anna()]));
            forest.sync_branch(&*repository).await;
            forest.corp.set_objects(Vec::<DirectoryObject>::new());
            let report = forest.sync_corp(&*repository).await;
            assert_eq!(report.warnings, Vec::<String>::new());
            let [anna] = &annas(&*repository).await[..] else { panic!("one record of anna") };
            assert_eq!(anna.source, branch());
        }
    }
}

#[tokio::test]
async fn one_entry_that_two_tasks_read_under_names_of_their_own_has_moved_nowhere() {
    for repository in stores() {
        let forest = Forest::new(true);
        forest.branch.set_objects(with("corp.example", &moving("corp.example")));
        forest.sync_corp(&*repository).await;
        forest.sync_branch(&*repository).await;
        forest.leave();
        let report = forest.sync_corp(&*repository).await;
        assert_eq!((report.users.missing, report.groups.missing), (1, 1));
        assert_eq!(annas(&*repository).await.len(), 2);
    }
}

/// A global catalog shows the other domains of its forest as well.
#[tokio::test]
async fn one_entry_that_a_catalog_and_its_domain_show_has_moved_nowhere() {
    for is_known_first in [true, false] {
        for repository in stores() {
            let forest = Forest::new(true);
            let theirs = moving("branch.example").map(|it| it.in_domain("branch.example").build());
            let everything = with("corp.example", &[]).into_iter().chain(theirs);
            forest.corp.set_objects(everything.collect::<Vec<_>>());
            forest.arrive();
            forest.sync_corp(&*repository).await;
            if is_known_first {
                forest.sync_branch(&*repository).await;
            }
            forest.leave();
            let report = forest.sync_corp(&*repository).await;
            assert_eq!((report.users.missing, report.groups.missing), (1, 1));
            forest.sync_branch(&*repository).await;
            assert_eq!(annas(&*repository).await.len(), 2);
            assert!(is_linked(&*repository, corp()).await);
        }
    }
}

#[tokio::test]
async fn what_a_copy_of_the_domain_has_is_missing_like_anything_else() {
    for full in [true, false] {
        for repository in stores() {
            let forest = Forest::new(full);
            for copy in [&forest.corp, &forest.branch] {
                copy.edit_end(|end| end.server.other_domains = vec!["eu.example".to_owned()]);
            }
            forest.arrive();
            forest.sync_corp(&*repository).await;
            forest.sync_branch(&*repository).await;
            forest.leave();
            let report = forest.sync_corp(&*repository).await;
            assert_eq!((report.users.missing, report.groups.missing), (1, 1));
            assert_eq!(annas(&*repository).await.len(), 2);
            assert!(is_linked(&*repository, corp()).await);
        }
    }
}
