//! Who manages a computer: the name of whoever its `managedBy` names, in full reads and in reads of changes.

use std::collections::BTreeMap;
use std::time::Duration;

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, SearchRequest};
use ldap_inventory::directory::{DirectoryObject, FullReadReason};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockEnding, MockRecord};
use ldap_inventory::value::{ReadMode, Timestamp};

use super::world::*;
use crate::mock::{computer, group, mock_guid, user};

/// A domain of which the first run reads everything, and the later ones what changed.
struct World {
    directory: MockDirectory,
    repository: std::sync::Arc<dyn AssetRepository>,
    task: SyncTask,
}

impl World {
    fn all(objects: &[DirectoryObject]) -> Vec<Self> {
        let modes = [ReadMode::DirSync, ReadMode::Usn];
        let world = |(repository, mode)| Self {
            directory: MockDirectory::new(objects.to_vec()).with_deltas(mode, true),
            repository,
            task: task().with_full_read_every(Duration::MAX),
        };
        stores().into_iter().zip(modes.into_iter().cycle()).map(world).collect()
    }

    /// A domain of which a task reads a unit alone, with a computer in it that this one manages.
    fn of_unit(manager: &DirectoryObject) -> Vec<Self> {
        let base = || ["OU=In,DC=corp,DC=example".to_owned()];
        let narrow = |world: Self| Self { task: world.task.with_base_dns(base()), ..world };
        Self::all(&unit(manager)).into_iter().map(narrow).collect()
    }

    /// The next run, of these objects.
    async fn run(&self, objects: &[DirectoryObject]) -> SyncReport {
        self.directory.set_objects(objects.to_vec());
        self.run_again().await
    }

    async fn run_again(&self) -> SyncReport {
        sync(&self.task, &self.directory, &*self.repository, &SyncOptions::new()).await.unwrap()
    }

    /// The manager of each computer that has one, by DN and by name.
    async fn managers(&self) -> BTreeMap<String, (String, Option<String>)> {
        let mut managers = BTreeMap::new();
        for asset in assets(&*self.repository).await {
            for part in &asset.parts {
                let first = |name| part.attributes.first(name).map(str::to_owned);
                if let (Some(name), Some(dn)) = (first("cn"), first("managedBy")) {
                    managers.insert(name, (dn, first("managedByName")));
                }
            }
        }
        managers
    }

    /// What the managers are called, as far as that is known.
    async fn names(&self) -> Vec<(String, Option<String>)> {
        let managers = self.managers().await.into_iter();
        managers.map(|(computer, (_, name))| (computer, name)).collect()
    }
}

fn managed(name: &str, by: &DirectoryObject) -> DirectoryObject {
    computer(name).with("managedBy", by.dn.as_str()).build()
}

/// What a unit holds, and the manager of its computer. Somebody stays, so that nobody doubts what is gone.
fn unit(manager: &DirectoryObject) -> Vec<DirectoryObject> {
    let web = computer("WEB1").within("OU=In").with("managedBy", manager.dn.as_str());
    vec![web.build(), manager.clone(), user("stays").within("OU=In").build()]
}

fn jane() -> MockRecord {
    user("jane").with("displayName", "Jane Doe").within("OU=People")
}

fn named(names: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    names.iter().map(|(name, by)| ((*name).to_owned(), by.map(str::to_owned))).collect()
}

#[tokio::test]
async fn a_computer_tells_its_manager_by_name_and_is_found_by_it() {
    let (jane, staff) = (jane().build(), group("Staff").build());
    let stranger = user("stranger").in_domain("other.example").build();
    let objects = [
        managed("WEB1", &jane),
        managed("DB1", &staff),
        managed("FAR1", &stranger),
        computer("PLAIN1").build(),
        jane,
        staff,
    ];
    for world in World::all(&objects) {
        world.run_again().await;
        let names = named(&[("DB1", Some("Staff")), ("FAR1", None), ("WEB1", Some("Jane Doe"))]);
        assert_eq!(world.names().await, names);
        let query = "@ldap.computer.managedByName:\"jane doe\"".parse().unwrap();
        let request = SearchRequest::new(acme(), query, Timestamp::now());
        let found = world.repository.search_assets(request).await.unwrap().records;
        assert_eq!(
            found.iter().map(|asset| asset.label().into_owned()).collect::<Vec<_>>(),
            ["web1.corp.example"]
        );
        // It is no attribute that an account could have lost.
        let again = world.run(&objects).await;
        assert_eq!((again.mode == ReadMode::Full, again.computers.updated), (false, 0));
        let options = SyncOptions::new().with_full_read(true);
        let full = sync(&world.task, &world.directory, &*world.repository, &options).await.unwrap();
        assert_eq!((full.computers.updated, &full.warnings), (0, &Vec::new()), "{full:?}");
    }
}

#[tokio::test]
async fn a_change_of_a_manager_reaches_exactly_the_computers_concerned() {
    let before = jane().build();
    let bob = user("bob").build();
    let computers =
        |by: &DirectoryObject| vec![managed("WEB1", by), managed("WEB2", by), managed("DB1", &bob)];
    let with = |by: &DirectoryObject| [computers(by), vec![bob.clone(), by.clone()]].concat();
    let called = |name| named(&[("DB1", Some("bob")), ("WEB1", name), ("WEB2", name)]);
    let other_name = jane().with("displayName", "Jane Miller");
    let other_name = DirectoryObject::from(
        MockRecord::user("jane")
            .within("OU=People")
            .with("displayName", "Jane Miller")
            .with_guid(other_name.build().guid),
    );
    let other_place =
        MockRecord::user("jane").within("OU=Managers").with("displayName", "Jane Doe").build();
    for (after, name) in [(other_name, "Jane Miller"), (other_place, "Jane Doe")] {
        for world in World::all(&with(&before)) {
            world.run_again().await;
            assert_eq!(world.names().await, called(Some("Jane Doe")));
            let report = world.run(&with(&after)).await;
            assert_ne!(report.mode, ReadMode::Full);
            assert_eq!((report.computers.updated, report.users.updated), (2, 1), "{report:?}");
            assert_eq!(world.names().await, called(Some(name)));
            assert!(world.managers().await.values().any(|(dn, _)| dn == after.dn.as_str()));
            // Back again, and away.
            world.run(&with(&before)).await;
            assert_eq!(world.names().await, called(Some("Jane Doe")));
            let gone: Vec<_> =
                with(&before).into_iter().filter(|object| object.guid != before.guid).collect();
            world.run(&gone).await;
            assert_eq!(world.names().await, called(None));
            world.run(&with(&before)).await;
            assert_eq!(world.names().await, called(Some("Jane Doe")));
        }
    }
}

/// They are too many to be searched for one by one.
#[tokio::test]
async fn a_unit_of_managers_that_is_called_otherwise_reaches_the_computers_of_all() {
    let within = |unit: &str| {
        let pair = |n: usize| {
            let by = MockRecord::user(&format!("user{n}")).within(unit).build();
            [managed(&format!("PC{n}"), &by), by]
        };
        (0..150).flat_map(pair).collect::<Vec<_>>()
    };
    for mut world in World::all(&within("OU=People")) {
        world.task = world.task.with_change_limits(ChangeLimits::off());
        world.run_again().await;
        let report = world.run(&within("OU=Managers")).await;
        assert_ne!(report.mode, ReadMode::Full);
        assert_eq!((report.computers.updated, report.users.updated), (150, 150), "{report:?}");
        let managers = world.managers().await;
        let is_followed = |(dn, name): &(String, Option<String>)| {
            dn.contains("OU=Managers") && name.as_deref().is_some_and(|it| it.starts_with("user"))
        };
        assert!(managers.len() == 150 && managers.values().all(is_followed), "{managers:?}");
    }
}

/// Of the same computer another directory tells whose it is.
#[tokio::test]
async fn the_name_that_another_directory_tells_hides_no_computer() {
    let (outside, inside) = (jane().build(), jane().within("OU=People,OU=In").build());
    for world in World::of_unit(&outside) {
        world.run_again().await;
        let boss = user("jane").build();
        let copy = MockDirectory::new(vec![managed("WEB1", &boss), boss]);
        let mut other = task();
        other.source = "ldap/copy.example".parse().unwrap();
        sync(&other, &copy, &*world.repository, &SyncOptions::new()).await.unwrap();
        world.run(&unit(&inside)).await;
        let assets = assets(&*world.repository).await;
        let of_both = assets.iter().find(|asset| asset.parts.len() == 2).unwrap();
        let own = of_both.parts.iter().find(|part| part.source == corp()).unwrap();
        assert_eq!(own.attributes.first("managedByName"), Some("Jane Doe"), "{own:?}");
    }
}

#[tokio::test]
async fn another_manager_of_one_computer_is_one_change() {
    let (jane, bob) = (jane().build(), user("bob").build());
    let rest = [jane.clone(), bob.clone(), managed("WEB2", &jane)];
    let with = |by: &DirectoryObject| [vec![managed("WEB1", by)], rest.to_vec()].concat();
    let counting = World::all(&with(&jane));
    let uncounted = World::all(&with(&jane)).into_iter();
    let uncounted = uncounted.map(|it| World { task: it.task.with_census_beyond(0), ..it });
    for world in counting.into_iter().chain(uncounted) {
        world.run_again().await;
        let report = world.run(&with(&bob)).await;
        assert_eq!((report.computers.read, report.computers.updated), (1, 1), "{report:?}");
        let names = named(&[("WEB1", Some("bob")), ("WEB2", Some("Jane Doe"))]);
        assert_eq!(world.names().await, names);
        // What changes of a computer beside that keeps the name, though nobody reads the manager.
        let described =
            computer("WEB1").with("managedBy", bob.dn.as_str()).with("description", "x");
        let objects = [vec![described.build()], rest.to_vec()].concat();
        let report = world.run(&objects).await;
        assert_eq!((report.computers.read, report.computers.updated), (1, 1), "{report:?}");
        assert_eq!(world.names().await, names);
    }
}

#[tokio::test]
async fn a_read_that_is_cut_short_keeps_the_name() {
    let jane = jane().build();
    let objects = |description: &str| {
        let web = computer("WEB1").with("managedBy", jane.dn.as_str());
        vec![web.with("description", description).build(), jane.clone()]
    };
    for world in World::all(&objects("a")) {
        let _ = world.directory.clone().with_page_size(1);
        world.run_again().await;
        world.directory.refuse_checkpoints();
        world.directory.set_ending(MockEnding::Incomplete { pages: 1, kind: ErrorKind::Timeout });
        let report = world.run(&objects("b")).await;
        assert_eq!((report.complete, report.computers.updated), (false, 1), "{report:?}");
        assert_eq!(world.names().await, named(&[("WEB1", Some("Jane Doe"))]));
    }
}

/// Below the bases of a task only the DN is told of whoever stands outside, until somebody reads it there.
#[tokio::test]
async fn a_manager_out_of_reach_is_told_by_its_dn_and_by_its_name_once_it_is_known() {
    let (outside, inside) = (jane().build(), jane().within("OU=People,OU=In").build());
    for world in World::of_unit(&outside) {
        world.run_again().await;
        assert_eq!(world.names().await, named(&[("WEB1", None)]));
        let report = world.run(&unit(&inside)).await;
        assert_ne!(report.mode, ReadMode::Full);
        let managers = world.managers().await;
        let (dn, name) = &managers["WEB1"];
        assert_eq!((dn.as_str(), name.as_deref()), (inside.dn.as_str(), Some("Jane Doe")));
        world.run(&unit(&outside)).await;
        let managers = world.managers().await;
        let (dn, name) = &managers["WEB1"];
        assert_eq!((dn.as_str(), name.as_deref()), (outside.dn.as_str(), None));

        // Another task reads whoever stands there.
        let mut other = task().with_base_dns(["OU=People,DC=corp,DC=example".to_owned()]);
        other.name = "People".to_owned();
        sync(&other, &world.directory, &*world.repository, &SyncOptions::new()).await.unwrap();
        let full = SyncOptions::new().with_full_read(true);
        sync(&world.task, &world.directory, &*world.repository, &full).await.unwrap();
        assert_eq!(world.names().await, named(&[("WEB1", Some("Jane Doe"))]));
        assert!(link(&*world.repository, mock_guid("WEB1")).await.unwrap().asset.is_some());
    }
}

#[tokio::test]
async fn somebody_new_who_is_called_like_a_manager_elsewhere_concerns_no_computer() {
    let jane = jane().build();
    let objects = [managed("WEB1", &jane), jane.clone()];
    let namesake = user("jane").within("OU=Trainees").with_guid(mock_guid("another jane")).build();
    for world in World::all(&objects) {
        world.run_again().await;
        let report = world.run(&[&objects[..], std::slice::from_ref(&namesake)].concat()).await;
        assert_eq!((report.computers.read, report.users.created), (0, 1), "{report:?}");
        assert_eq!(world.names().await, named(&[("WEB1", Some("Jane Doe"))]));
    }
}

#[tokio::test]
async fn whom_a_full_read_does_not_show_manages_nobody_any_more() {
    let jane = jane().build();
    let objects = [managed("WEB1", &jane), user("stays").build(), jane];
    for world in World::all(&objects) {
        world.run_again().await;
        assert_eq!(world.names().await, named(&[("WEB1", Some("Jane Doe"))]));
        world.directory.set_objects(objects[..2].to_vec());
        let full = SyncOptions::new().with_full_read(true);
        for _ in 0..2 {
            let run = sync(&world.task, &world.directory, &*world.repository, &full);
            let report = run.await.unwrap();
            assert_eq!((report.mode, report.users.missing), (ReadMode::Full, 1));
            assert_eq!(world.names().await, named(&[("WEB1", None)]));
        }
    }
}

#[tokio::test]
async fn everything_is_read_where_a_change_concerns_more_than_a_thousand() {
    let of = |count: usize, name: &str| {
        let by = user("jane").with("displayName", name).build();
        let computers = (0..count).map(|n| managed(&format!("PC{n}"), &by));
        computers.chain([by.clone()]).collect::<Vec<_>>()
    };
    let task = task().with_change_limits(ChangeLimits::off());
    for (count, because) in [(1_000, None), (1_001, Some(FullReadReason::Widespread))] {
        let (repository, directory) = (MemoryRepository::new(), MockDirectory::new(of(count, "a")));
        let directory = directory.with_deltas(ReadMode::DirSync, true);
        sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        directory.set_objects(of(count, "b"));
        let report = sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((report.full_because, report.computers.updated), (because, count as u64));
    }
}
