//! Scans without ids, of computers whose names others have got meanwhile.

use std::collections::BTreeMap;

use ldap_inventory::asset::{Asset, AssetRepository};
use ldap_inventory::curation::{Curation, ImportOptions, Imported, Scan};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::testing::MockRecord;
use ldap_inventory::value::{ObjectGuid, SourceId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, assets, run};

async fn import(repository: &dyn AssetRepository, lines: &[(&str, &str)]) -> Imported {
    let lines = lines.iter().map(|(names, address)| {
        let names: Vec<&str> = names.split(' ').collect();
        format!("{{\"names\":{names:?},\"addresses\":[{address:?}]}}")
    });
    let lines: Vec<String> = lines.collect();
    let scan = Scan::parse(lines.join("\n").as_bytes(), Timestamp::now());
    let source = SourceId::new("scan", "import").unwrap();
    let options = ImportOptions::new("hq".parse().unwrap());
    Curation::new(repository, acme()).import(&source, &scan, &options).await.unwrap()
}

/// A computer that is called otherwise by now.
fn renamed(name: &str, now: &str) -> MockRecord {
    computer(now).with_guid(mock_guid(name))
}

async fn sync(repository: &dyn AssetRepository, computers: &[MockRecord]) {
    let other = computer("OTHER").build();
    run(repository, computers.iter().cloned().map(MockRecord::build).chain([other]).collect())
        .await;
}

/// By computer, the addresses of its asset; those of assets without one by their names.
async fn addresses(repository: &dyn AssetRepository) -> BTreeMap<String, Vec<String>> {
    let called = |asset: &Asset| {
        let objects: Vec<ObjectGuid> = asset.parts.iter().filter_map(|part| part.object).collect();
        let known = ["PC1", "PC2", "new"].into_iter();
        let mut known = known.filter(|name| objects.contains(&mock_guid(name)));
        known.next().map_or_else(|| asset.label().into_owned(), str::to_owned)
    };
    let assets = assets(repository).await;
    let live = |asset: &Asset| asset.live_addresses().map(|it| it.to_string()).collect();
    let mut all: BTreeMap<_, Vec<String>> =
        assets.iter().map(|asset| (called(asset), live(asset))).collect();
    assert_eq!(all.len(), assets.len(), "{all:?}");
    all.retain(|name, _| !name.starts_with("other"));
    all
}

fn is<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, Vec<String>> {
    pairs.map(|(name, address)| (name.to_owned(), vec![address.to_owned()])).into()
}

const PC1: &str = "pc1.corp.example";
const OLD: &str = "pc1-old.corp.example";

fn replaced() -> [MockRecord; 2] {
    [renamed("PC1", "PC1-OLD"), computer("PC1").with_guid(mock_guid("new"))]
}

#[tokio::test]
async fn a_name_that_another_computer_has_got_is_that_one_s() {
    let forms = [
        vec![(OLD, "10.0.0.1"), (PC1, "10.0.0.2")],
        vec![(PC1, "10.0.0.2"), (OLD, "10.0.0.1")],
        vec![("pc1 pc1.corp.example", "10.0.0.2"), ("pc1-old", "10.0.0.1")],
        vec![("pc1", "10.0.0.2"), (OLD, "10.0.0.1")],
    ];
    for lines in forms {
        let repository = MemoryRepository::new();
        import(&repository, &[(PC1, "10.0.0.1")]).await;
        sync(&repository, &[computer("PC1")]).await;
        sync(&repository, &replaced()).await;
        for _ in 0..3 {
            import(&repository, &lines).await;
            assert_eq!(
                addresses(&repository).await,
                is([("PC1", "10.0.0.1"), ("new", "10.0.0.2")]),
                "{lines:?}"
            );
            sync(&repository, &replaced()).await;
        }
        let imported = import(&repository, &lines).await;
        assert_eq!(imported.unchanged, 2, "{imported:?}");
    }
}

#[tokio::test]
async fn a_host_that_took_the_address_as_well_is_the_one_of_that_name() {
    let repository = MemoryRepository::new();
    import(&repository, &[(PC1, "10.0.0.1")]).await;
    sync(&repository, &[computer("PC1")]).await;
    sync(&repository, &replaced()).await;
    import(&repository, &[(OLD, "10.0.0.9"), (PC1, "10.0.0.1")]).await;
    assert_eq!(addresses(&repository).await, is([("PC1", "10.0.0.9"), ("new", "10.0.0.1")]));
}

#[tokio::test]
async fn names_that_were_exchanged_are() {
    let repository = MemoryRepository::new();
    let lines = [(PC1, "10.0.0.1"), ("pc2.corp.example", "10.0.0.2")];
    import(&repository, &lines).await;
    sync(&repository, &[computer("PC1"), computer("PC2")]).await;
    sync(&repository, &[renamed("PC1", "PC2"), renamed("PC2", "PC1")]).await;
    import(&repository, &[(PC1, "10.0.0.2"), ("pc2.corp.example", "10.0.0.1")]).await;
    assert_eq!(addresses(&repository).await, is([("PC1", "10.0.0.1"), ("PC2", "10.0.0.2")]));
}

#[tokio::test]
async fn a_scan_that_came_before_the_directory_s_news_is_put_right_by_the_next_one() {
    let repository = MemoryRepository::new();
    import(&repository, &[(PC1, "10.0.0.1")]).await;
    sync(&repository, &[computer("PC1")]).await;
    let lines = [(OLD, "10.0.0.1"), (PC1, "10.0.0.2")];
    for _ in 0..2 {
        import(&repository, &lines).await;
        sync(&repository, &replaced()).await;
    }
    assert_eq!(addresses(&repository).await, is([("PC1", "10.0.0.1"), ("new", "10.0.0.2")]));
}

#[tokio::test]
async fn a_computer_that_is_only_renamed_keeps_its_scan() {
    let repository = MemoryRepository::new();
    import(&repository, &[(PC1, "10.0.0.1")]).await;
    sync(&repository, &[computer("PC1")]).await;
    sync(&repository, &[renamed("PC1", "PC1-OLD")]).await;
    import(&repository, &[(PC1, "10.0.0.3")]).await;
    assert_eq!(addresses(&repository).await, is([("PC1", "10.0.0.3")]));
}

#[tokio::test]
async fn of_two_lines_of_the_name_the_address_tells_which_it_is() {
    let repository = MemoryRepository::new();
    import(&repository, &[(PC1, "10.0.0.1")]).await;
    sync(&repository, &[computer("PC1")]).await;
    sync(&repository, &replaced()).await;
    import(&repository, &[(PC1, "10.0.0.1"), (PC1, "10.0.0.2")]).await;
    assert_eq!(addresses(&repository).await, is([("PC1", "10.0.0.1"), ("new", "10.0.0.2")]));
}
