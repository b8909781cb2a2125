//! The order in which a directory is read is no difference.

use ldap_inventory::asset::{AssetRepository, LinksRequest};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::testing::SplitMix;

use super::world::*;
use crate::cases::cases;
use crate::mock::{computer, group, user};

/// A domain of computers whose names overlap with those of many assets in many ways.
pub(crate) fn crowded_domain(random: &mut SplitMix) -> Vec<DirectoryObject> {
    let mut objects: Vec<DirectoryObject> = Vec::new();
    for n in 0..30 {
        let mut record = computer(&format!("PC{n}"));
        if random.below(3) == 0 {
            record = record.with("dNSHostName", &format!("pc{}.corp.example", random.below(20)));
        }
        if random.below(4) == 0 {
            record = record
                .with("msDS-AdditionalDnsHostName", &format!("pc{}.lab.example", random.below(9)));
        }
        objects.push(if random.below(5) == 0 { record.disabled() } else { record }.build());
    }
    objects.extend((0..10).map(|n| user(&format!("user{n}")).build()));
    for n in 0..6 {
        let mut group = group(&format!("Group {n}"));
        for _ in 0..random.below(6) {
            if let Some(member) = random.pick(&objects) {
                group = group.with_member(&member.dn);
            }
        }
        objects.push(group.build());
    }
    objects
}

pub(crate) async fn crowded_scan(random: &mut SplitMix, repository: &dyn AssetRepository) {
    for n in 0..30 {
        let number = random.below(20);
        let domain = random.pick(&["", ".corp.example", ".lab.example", ".local"]).unwrap();
        put(repository, scanned(n, &[&format!("pc{number}{domain}")])).await;
    }
}

fn shuffle<T>(random: &mut SplitMix, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last + 1));
    }
}

#[tokio::test]
async fn pages_in_any_order_and_of_any_size_make_the_same_inventory() {
    for seed in 0..u64::from(cases(20)) {
        let mut random = SplitMix::new(seed);
        let mut first = crowded_domain(&mut random);
        let mut second = crowded_domain(&mut random);
        let mut expected = None;
        for round in 0..4 {
            let repository = MemoryRepository::new();
            crowded_scan(&mut SplitMix::new(seed), &repository).await;
            for objects in [&mut first, &mut second] {
                shuffle(&mut random, objects);
                let directory = MockDirectory::new(objects.clone());
                let directory = directory.with_page_size(1 + random.below(objects.len()));
                let options = SyncOptions::new().with_batch_size(1 + random.below(50));
                sync(&task(), &directory, &repository, &options).await.unwrap();
                assert_consistent(&repository).await;
            }
            let content = content(&repository).await;
            let expected = expected.get_or_insert_with(|| content.clone());
            assert_same(&content, expected, format!("seed {seed}, round {round}"));
        }
    }
}

#[tokio::test]
async fn an_object_that_comes_twice_is_one_and_the_last_holds() {
    for repository in stores() {
        let moved = computer("WEB1").within("OU=Servers");
        let directory = MockDirectory::new([computer("WEB1"), moved.clone()]).with_page_size(1);
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.read, report.computers.created), (1, 1));
        let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
        let links: Vec<_> = futures::TryStreamExt::try_collect(links).await.unwrap();
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].digest, moved.build().digest());
    }
}
