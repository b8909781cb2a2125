//! What an account may not see any more, and what is with another server: it is there all the same.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use ldap_inventory::asset::{AssetRepository, Presence};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadRequest, RemovedObject,
};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::sync::{Measure, Stopped, SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::ReadMode;
use ldap_inventory::{ErrorKind, Result};

use crate::mock::{computer, group, mock_guid, user};

use super::world::*;

const BOTH: [Option<ReadMode>; 2] = [None, Some(ReadMode::DirSync)];

fn directory(
    objects: impl IntoIterator<Item = DirectoryObject>,
    mode: Option<ReadMode>,
) -> MockDirectory {
    let directory = MockDirectory::new(objects);
    match mode {
        Some(mode) => directory.with_deltas(mode, false),
        None => directory,
    }
}

fn pc(n: usize) -> MockRecord {
    computer(&format!("PC{n}")).with("location", "hall")
}

fn with_os(n: usize) -> DirectoryObject {
    pc(n).with("operatingSystem", "Windows Server 2022").build()
}

async fn systems(repository: &dyn AssetRepository) -> usize {
    assets(repository).await.iter().filter(|asset| asset.os().is_some()).count()
}

async fn run_with(
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
    options: SyncOptions,
) -> Result<SyncReport> {
    sync(&task(), directory, repository, &options).await
}

fn says(report: &SyncReport, what: &str) -> bool {
    report.warnings.iter().any(|warning| warning.contains(what))
}

#[tokio::test]
async fn an_attribute_that_no_object_of_a_kind_shows_any_more_is_kept_until_that_is_accepted() {
    for mode in BOTH {
        for repository in stores() {
            let directory = directory((0..12).map(with_os), mode);
            run(&directory, &*repository).await;
            directory.set_objects((0..12).map(|n| pc(n).build()));
            for _ in 0..2 {
                let report = run(&directory, &*repository).await;
                assert_eq!(systems(&*repository).await, 12);
                if report.computers.read > 0 {
                    assert!(says(&report, "operatingSystem"), "{:?}", report.warnings);
                    assert!(says(&report, "accept-empty"), "{:?}", report.warnings);
                }
            }
            // Where one still shows it, the others lost it.
            let mut objects: Vec<DirectoryObject> = (1..12).map(|n| pc(n).build()).collect();
            objects.push(with_os(0));
            directory.set_objects(objects);
            run_with(&directory, &*repository, SyncOptions::new().with_full_read(true))
                .await
                .unwrap();
            assert_eq!(systems(&*repository).await, 1);

            directory.set_objects((0..12).map(with_os));
            run(&directory, &*repository).await;
            assert_eq!(systems(&*repository).await, 12);
            directory.set_objects((0..12).map(|n| pc(n).build()));
            let accepting = SyncOptions::new().with_accept_empty(true);
            run_with(&directory, &*repository, accepting).await.unwrap();
            assert_eq!(systems(&*repository).await, 0);
        }
    }
}

#[tokio::test]
async fn what_some_lost_at_once_is_no_matter_of_rights() {
    for mode in BOTH {
        for repository in stores() {
            let directory = directory((0..40).map(with_os), mode);
            run(&directory, &*repository).await;
            directory.set_objects((0..40).map(|n| if n < 15 { pc(n).build() } else { with_os(n) }));
            let report = run(&directory, &*repository).await;
            assert_eq!((systems(&*repository).await, report.left_out.len()), (25, 0));
        }
    }
}

#[tokio::test]
async fn what_no_more_than_half_of_all_had_may_end_at_once() {
    for (had, left) in [(15, 0), (20, 0), (21, 21)] {
        for repository in stores() {
            let directory =
                directory((0..40).map(|n| if n < had { with_os(n) } else { pc(n).build() }), None);
            run(&directory, &*repository).await;
            directory.set_objects((0..40).map(|n| pc(n).build()));
            run(&directory, &*repository).await;
            assert_eq!(systems(&*repository).await, left, "{had}");
        }
    }
}

#[tokio::test]
async fn what_is_back_has_what_it_shows_however_much_it_had_before() {
    let task = task().with_change_limits(ChangeLimits::off());
    for mode in BOTH {
        for repository in stores() {
            let others = || (12..20).map(|n| pc(n).build());
            let directory = directory((0..12).map(with_os).chain(others()), mode);
            let read = async || sync(&task, &directory, &*repository, &SyncOptions::new()).await;
            read().await.unwrap();
            directory.set_objects(others());
            assert_eq!(read().await.unwrap().computers.missing, 12);
            directory.set_objects((0..12).map(|n| pc(n).build()).chain(others()));
            assert_eq!(read().await.unwrap().computers.restored, 12);
            assert_eq!(systems(&*repository).await, 0);
        }
    }
}

#[tokio::test]
async fn of_a_few_objects_each_is_believed() {
    for repository in stores() {
        let directory = directory((0..9).map(with_os), None);
        run(&directory, &*repository).await;
        directory.set_objects((0..9).map(|n| pc(n).build()));
        let report = run(&directory, &*repository).await;
        assert_eq!((systems(&*repository).await, report.left_out.len()), (0, 0));
    }
}

#[tokio::test]
async fn rights_that_are_withdrawn_from_one_kind_stop_the_run_however_many_others_there_are() {
    for mode in BOTH {
        let repository = &*stores().remove(0);
        let users = || (0..100).map(|n| user(&format!("user{n}")).build());
        let directory = directory((0..80).map(with_os).chain(users()), mode);
        run(&directory, repository).await;
        // Of some the system still shows, so that it is no matter of the attribute alone.
        let computers = (0..80).map(|n| if n < 60 { pc(n).build() } else { with_os(n) });
        let changed: Vec<DirectoryObject> = computers
            .map(|it| {
                if it.guid == mock_guid("PC79") {
                    pc(79).with("operatingSystem", "x").build()
                } else {
                    it
                }
            })
            .collect();
        directory.set_objects(changed.into_iter().chain(users()));
        let error = run_with(&directory, repository, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitsExceeded, "{mode:?}");
        let exceeded = &Stopped::of(&error).unwrap().braked.exceeded;
        let [exceeded] = &exceeded[..] else { panic!("{exceeded:?}") };
        let of = if mode.is_some() { 61 } else { 80 };
        assert_eq!((exceeded.what, exceeded.number, exceeded.of), (Measure::Changes, 60, of));
        assert_eq!(systems(repository).await, 80);
    }
}

#[tokio::test]
async fn another_account_takes_no_attributes_away_until_it_takes_over() {
    for repository in stores() {
        let by = |account: &str| {
            let (site, credential) = ("hq".parse().unwrap(), account.parse().unwrap());
            SyncTask::new("Head office", acme(), site, corp(), credential)
        };
        let run = async |account: &str, objects: Vec<DirectoryObject>, takes_over: bool| {
            let directory = MockDirectory::new(objects);
            let options = SyncOptions::new().with_takeover(takes_over);
            sync(&by(account), &directory, &*repository, &options).await.unwrap()
        };
        let (more, less) = (|| vec![with_os(1), with_os(2)], || vec![with_os(1), pc(2).build()]);
        run("one", more(), false).await;
        let report = run("two", less(), false).await;
        assert!(says(&report, "another account"), "{:?}", report.warnings);
        assert_eq!(systems(&*repository).await, 2);
        run("one", more(), false).await;
        run("two", less(), true).await;
        assert_eq!(systems(&*repository).await, 1);
    }
}

fn staff(members: &[&DirectoryObject]) -> DirectoryObject {
    members.iter().fold(group("Staff"), |group, member| group.with_member(&member.dn)).build()
}

#[tokio::test]
async fn a_group_that_hides_its_members_loses_none_and_one_that_is_empty_has_none() {
    for mode in BOTH {
        for repository in stores() {
            let staff_dn = staff(&[]).dn;
            let belonging = |name: &str| user(name).with("memberOf", staff_dn.as_str()).build();
            let users = || vec![belonging("alice"), belonging("bob")];
            let listed = || staff(&users().iter().collect::<Vec<_>>());
            let directory = directory(users().into_iter().chain([listed()]), mode);
            run(&directory, &*repository).await;
            let before = (
                group_named(&*repository, "Staff").await.members,
                users_groups(&*repository).await,
            );
            assert_eq!(before.1, [1, 1]);

            directory.set_objects(users().into_iter().chain([staff(&[])]));
            let report = run(&directory, &*repository).await;
            assert!(says(&report, "member"), "{:?}", report.warnings);
            let after = (
                group_named(&*repository, "Staff").await.members,
                users_groups(&*repository).await,
            );
            assert_eq!(after, before);

            let nobody = [user("alice").build(), user("bob").build(), staff(&[])];
            directory.set_objects(nobody);
            let report = run(&directory, &*repository).await;
            assert_eq!((report.left_out.len(), report.brake.is_none()), (0, true));
            assert_eq!(group_named(&*repository, "Staff").await.members, []);
            assert_eq!(users_groups(&*repository).await, [0, 0]);
        }
    }
}

async fn users_groups(repository: &dyn AssetRepository) -> Vec<usize> {
    users(repository).await.iter().map(|user| user.groups.len()).collect()
}

fn in_unit(unit: &str, names: &[&str]) -> Vec<DirectoryObject> {
    names.iter().map(|name| computer(name).within(&format!("OU={unit}")).build()).collect()
}

fn below(units: &[&str]) -> SyncTask {
    task().with_base_dns(units.iter().map(|unit| format!("OU={unit},DC=corp,DC=example")))
}

#[tokio::test]
async fn one_of_several_bases_that_shows_nothing_removes_nothing() {
    for mode in BOTH {
        for repository in stores() {
            let both = [in_unit("A", &["PCA"]), in_unit("B", &["PCB1", "PCB2"])].concat();
            let directory = directory(both, mode);
            let run = async |options: SyncOptions| {
                sync(&below(&["A", "B"]), &directory, &*repository, &options).await.unwrap()
            };
            run(SyncOptions::new()).await;
            directory.set_objects(in_unit("A", &["PCA"]));
            let report = run(SyncOptions::new()).await;
            assert_eq!(report.computers.missing, 0);
            let told = "no computer was read below ou=B,dc=corp,dc=example though 2 are known";
            let told = told.to_lowercase();
            let warned = report.warnings.iter().any(|it| it.to_lowercase().contains(&told));
            assert!(warned, "{:?}", report.warnings);
            let report = run(SyncOptions::new().with_accept_empty(true)).await;
            assert_eq!(report.computers.missing, 2);
        }
    }
}

#[tokio::test]
async fn of_a_base_that_still_shows_something_the_rest_is_missing() {
    for mode in BOTH {
        let repository = &*stores().remove(0);
        let both = [in_unit("A", &["PCA"]), in_unit("B", &["PCB1", "PCB2"])].concat();
        let directory = directory(both, mode);
        let run = async || {
            sync(&below(&["A", "B"]), &directory, repository, &SyncOptions::new()).await.unwrap()
        };
        run().await;
        directory.set_objects([in_unit("A", &["PCA"]), in_unit("B", &["PCB1"])].concat());
        assert_eq!(run().await.computers.missing, 1);
    }
}

#[tokio::test]
async fn what_lies_with_another_server_is_not_missing() {
    for mode in BOTH {
        for repository in stores() {
            let both = [in_unit("A", &["PCA", "PCA2"]), in_unit("B", &["PCB"])].concat();
            let directory = directory(both, mode);
            run(&directory, &*repository).await;
            directory.set_objects(in_unit("A", &["PCA"]));
            let refer = |dn: &str| {
                let dn = DistinguishedName::parse(dn).unwrap();
                directory.edit_end(|end| end.scope.referred = [dn].into());
            };
            refer("OU=b,DC=corp,DC=example");
            assert_eq!(run(&directory, &*repository).await.computers.missing, 1);
            // What domain controllers refer to has none of the objects.
            refer("CN=Configuration,DC=corp,DC=example");
            assert_eq!(run(&directory, &*repository).await.computers.missing, 2);
        }
    }
}

#[tokio::test]
async fn a_computer_that_waits_is_kept_as_it_was_where_its_entry_was_cut() {
    for mode in BOTH {
        for repository in stores() {
            for n in [1, 2] {
                put(&*repository, scanned(n, &["twin.corp.example"])).await;
            }
            let twin = computer("TWIN").with("dNSHostName", "twin.corp.example");
            let directory = directory([twin.build()], mode);
            let report = run(&directory, &*repository).await;
            assert_eq!(report.computers.ambiguous, 1);
            directory
                .set_objects([computer("TWIN").without("dNSHostName", "not UTF-8 text").build()]);
            let report = run(&directory, &*repository).await;
            assert_eq!(report.computers.ambiguous, 1);
            let waiting = repository.waiting(&acme()).await.unwrap();
            let part = waiting[0].record.part_of(&corp(), mock_guid("TWIN")).unwrap();
            assert_eq!(part.attributes.first("dNSHostName"), Some("twin.corp.example"));
        }
    }
}

/// A directory whose reads of changes count nobody.
#[derive(Debug)]
struct Uncounted(MockDirectory);

#[async_trait]
impl DirectorySource for Uncounted {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let events = self.0.read(request).await?;
        let uncounted = events.map_ok(|event| match event {
            DirectoryEvent::End(mut end) => {
                end.census = None;
                DirectoryEvent::End(end)
            }
            event => event,
        });
        Ok(uncounted.boxed())
    }
}

#[tokio::test]
async fn what_was_missing_is_not_gone_by_reads_that_counted_nobody() {
    for repository in stores() {
        let directory = directory((0..3).map(with_os), Some(ReadMode::DirSync));
        run(&directory, &*repository).await;
        directory.set_objects((1..3).map(with_os));
        run(&directory, &*repository).await;
        let missing = link(&*repository, mock_guid("PC0")).await.unwrap().presence;
        assert!(matches!(missing, Presence::Missing { runs: 1, .. }), "{missing:?}");
        let uncounted = Uncounted(directory.clone());
        for _ in 0..5 {
            let options = SyncOptions::new();
            sync(&task(), &uncounted, &*repository, &options).await.unwrap();
            assert_eq!(link(&*repository, mock_guid("PC0")).await.unwrap().presence, missing);
        }
        run(&directory, &*repository).await;
        let missing = link(&*repository, mock_guid("PC0")).await.unwrap().presence;
        assert!(matches!(missing, Presence::Missing { runs: 2, .. }), "{missing:?}");
    }
}

/// A directory whose reads of changes say that an object is out of scope which their census shows.
#[derive(Debug)]
struct Hasty(MockDirectory);

#[async_trait]
impl DirectorySource for Hasty {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let events: Vec<DirectoryEvent> = self.0.read(request).await?.try_collect().await?;
        let is_changes = |event: &DirectoryEvent| matches!(event, DirectoryEvent::End(end) if end.mode != ReadMode::Full);
        let gone = RemovedObject::out_of_scope(mock_guid("PC1"), None);
        let page = Page { departed: vec![gone], ..Page::default() };
        let hasty = events.iter().any(is_changes).then_some(DirectoryEvent::Page(page));
        let last = events.len() - 1;
        let events = events[..last].iter().cloned().chain(hasty).chain([events[last].clone()]);
        Ok(stream::iter(events.map(Ok).collect::<Vec<_>>()).boxed())
    }
}

#[tokio::test]
async fn what_the_census_shows_has_not_departed() {
    for repository in stores() {
        let directory = Hasty(directory((0..3).map(with_os), Some(ReadMode::DirSync)));
        for _ in 0..3 {
            let options = SyncOptions::new();
            let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
            assert_eq!(report.computers.missing, 0);
        }
    }
}
