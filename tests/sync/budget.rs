//! What a run may hold of what it reads, and what it says when that runs short.

use std::sync::{Arc, Mutex};

use ldap_inventory::directory::FullReadReason;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{Progress, SyncOptions, sync};
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::ReadMode;

use crate::mock::{computer, group, mock_guid};

use super::world::*;

fn computers(count: usize, description: &str) -> Vec<MockRecord> {
    let described = |n| computer(&format!("PC{n}")).with("description", description);
    (0..count).map(described).collect()
}

/// The memory in which everything can be read, and hardly more.
async fn enough_for(directory: &MockDirectory) -> u64 {
    let mut octets = 1_000;
    loop {
        let options = SyncOptions::new().with_memory_bytes(octets);
        let report = sync(&task(), directory, &MemoryRepository::new(), &options).await.unwrap();
        if report.complete {
            return octets;
        }
        octets += octets / 10;
    }
}

#[tokio::test]
async fn changes_are_let_go_of_before_everything_is_read_after_all() {
    let with_group = |description: &str| {
        let mut objects = computers(50, description);
        objects.extend([group("Clients"), group("Staff")]);
        objects
    };
    for repository in stores() {
        let directory = MockDirectory::new(with_group("old")).with_deltas(ReadMode::DirSync, false);
        let enough = enough_for(&directory).await;
        run(&directory, &*repository).await;
        directory.set_objects(with_group("old").into_iter().take(51));
        assert_eq!(run(&directory, &*repository).await.groups.missing, 1);
        // A group is back, which may be the primary one of anybody, and all computers changed.
        directory.set_objects(with_group("new"));
        // There is room for everything and some changes, but not for everything twice.
        let options = SyncOptions::new().with_memory_bytes(enough + enough / 2);
        let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
        assert_eq!(report.full_because, Some(FullReadReason::Widespread));
        assert!(report.complete, "{:?}", report.incomplete_because);
        assert_eq!((report.computers.updated, report.groups.missing), (50, 0));
        let asset = asset_of(&*repository, mock_guid("PC7")).await;
        let record = asset.part_of(&corp(), mock_guid("PC7")).unwrap();
        assert_eq!(record.attributes.first("description"), Some("new"));
    }
}

#[tokio::test]
async fn that_memory_runs_short_is_said_once_and_before_half_of_the_directory_is_read() {
    let of = |count| MockDirectory::new(computers(count, "x")).with_page_size(10);
    let limit = enough_for(&of(100)).await;
    for (count, is_told, is_complete) in [(30, false, true), (90, true, true), (200, true, false)] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::clone(&told);
        let options = SyncOptions::new().with_memory_bytes(limit).with_progress(move |progress| {
            if let Progress::HalfOfMemory { objects, held, limit } = progress {
                listening.lock().unwrap().push((objects, held, limit));
            }
        });
        let repository = MemoryRepository::new();
        let report = sync(&task(), &of(count), &repository, &options).await.unwrap();
        assert_eq!(report.complete, is_complete, "{count}: {:?}", report.incomplete_because);
        let warned: Vec<&String> =
            report.warnings.iter().filter(|it| it.contains("half of memory_bytes")).collect();
        let told = told.lock().unwrap().clone();
        assert_eq!((told.len(), warned.len()), (usize::from(is_told), usize::from(is_told)));
        if let [(objects, held, told_limit)] = told[..] {
            assert_eq!(told_limit, limit);
            assert!(held >= limit / 2 && objects <= 60, "{objects} objects, {held} octets");
            let each = held / objects;
            let said = format!("{limit} octets, after {objects} objects, some {each} octets each");
            assert!(warned[0].contains(&said), "{}", warned[0]);
        }
    }
}

#[tokio::test]
async fn what_is_small_is_held_without_a_file() {
    let nowhere = Some("/nowhere/at/all".into());
    let options = SyncOptions::new().with_spool_folder(nowhere);
    for (spool, is_told) in [(options.clone(), false), (options.with_spool_bytes(0), true)] {
        let directory = MockDirectory::new(computers(50, "x"));
        let report = sync(&task(), &directory, &MemoryRepository::new(), &spool).await.unwrap();
        let is_said = report.warnings.iter().any(|it| it.contains("no temporary file"));
        assert_eq!((report.complete, is_said), (true, is_told), "{:?}", report.warnings);
    }
}
