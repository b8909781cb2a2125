//! What scanners found, imported into an inventory that directories and people change as well.

use std::collections::{BTreeMap, BTreeSet};

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::*;
use ldap_inventory::curation::{Author, Curation, ImportOptions, Imported, Scan, ScannedAsset};
use ldap_inventory::merge::Level;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory, MockRecord};
use ldap_inventory::value::{AssetId, OrganizationId, SiteId, SourceId, Timestamp};
use proptest::prelude::*;

use crate::cases::cases;
use crate::mock::computer;
use crate::sync::interfering::Interfering;

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn scanner() -> SourceId {
    SourceId::new("scan", "import").unwrap()
}

fn hq() -> ImportOptions {
    ImportOptions::new(SiteId::new("hq").unwrap())
}

fn scan(lines: &[&str]) -> Scan {
    Scan::parse(lines.join("\n").as_bytes(), "2026-06-01T00:00:00Z".parse().unwrap())
}

async fn import(repository: &dyn AssetRepository, lines: &[&str]) -> Imported {
    import_with(repository, lines, &hq()).await
}

async fn import_with(
    repository: &dyn AssetRepository,
    lines: &[&str],
    options: &ImportOptions,
) -> Imported {
    let curation = Curation::new(repository, acme());
    curation.import(&scanner(), &scan(lines), options).await.unwrap()
}

/// A sync of a directory, corp.example.
async fn read(repository: &dyn AssetRepository, computers: impl IntoIterator<Item = MockRecord>) {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    let task =
        SyncTask::new("Corp", acme(), "hq".parse().unwrap(), source, "reader".parse().unwrap());
    let directory = MockDirectory::new(computers.into_iter().map(MockRecord::build));
    sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
}

async fn assets(repository: &dyn AssetRepository) -> Vec<Asset> {
    let request = SearchRequest::new(acme(), Query::everything(), Timestamp::now());
    repository.search_assets(request.with_limit(10_000)).await.unwrap().records
}

/// The one asset of this name.
async fn named(repository: &dyn AssetRepository, name: &str) -> Asset {
    let all = assets(repository).await.into_iter();
    let mut found = all.filter(|a| a.live_names().any(|n| n.as_str() == name)).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{name}: {found:#?}");
    found.remove(0)
}

fn names(asset: &Asset) -> Vec<&str> {
    asset.live_names().map(|name| name.as_str()).collect()
}

fn addresses(asset: &Asset) -> Vec<String> {
    asset.live_addresses().map(|address| address.to_string()).collect()
}

/// New, joined, updated, unchanged, left out.
fn counts(imported: &Imported) -> [usize; 5] {
    let Imported { created, joined, updated, unchanged, left_out, .. } = imported;
    [*created, *joined, *updated, *unchanged, left_out.len()]
}

/// What the inventory said of itself comes back as a scan: its lines have the ids of its assets.
#[tokio::test]
async fn a_scan_may_call_its_records_by_the_ids_of_their_assets() {
    let repository = MemoryRepository::new();
    read(&repository, [computer("pc1")]).await;
    let id = named(&repository, "pc1.corp.example").await.id;
    let line = |name: &str| format!(r#"{{"id":"{id}","names":["{name}"]}}"#);
    assert_eq!(counts(&import(&repository, &[&line("pc1")]).await), [0, 1, 0, 0, 0]);
    assert_eq!(counts(&import(&repository, &[&line("pc1")]).await), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&import(&repository, &[&line("renamed")]).await), [0, 0, 1, 0, 0]);
    let asset = named(&repository, "renamed").await;
    assert_eq!((asset.id, asset.parts.len()), (id, 2));
}

#[tokio::test]
async fn a_name_more_or_less_is_the_same_asset() {
    let repository = MemoryRepository::new();
    let one = [r#"{"names":["web1"]}"#];
    let two = [r#"{"names":["WEB1","web1.corp.example."]}"#];
    assert_eq!(counts(&import(&repository, &one).await), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&repository, &one).await), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&import(&repository, &two).await), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&import(&repository, &two).await), [0, 0, 0, 1, 0]);
    assert_eq!(names(&assets(&repository).await[0]), ["web1", "web1.corp.example"]);
    assert_eq!(counts(&import(&repository, &one).await), [0, 0, 1, 0, 0]);
    let [asset] = &assets(&repository).await[..] else { panic!("one asset") };
    assert_eq!((names(asset), asset.parts.len()), (vec!["web1"], 1));
    assert_eq!(
        asset.aliases().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["web1.corp.example"]
    );

    let elsewhere = import(&repository, &[r#"{"names":["web1"],"domains":["a.example"]}"#]).await;
    assert_eq!(counts(&elsewhere), [0, 0, 1, 0, 0], "the same names");
    let other = import(&repository, &[r#"{"names":["web1.b.example"]}"#]).await;
    assert_eq!(counts(&other), [1, 0, 0, 0, 0], "another domain");
}

#[tokio::test]
async fn of_two_records_of_one_name_an_address_tells_which_is_meant() {
    let repository = MemoryRepository::new();
    let kiosk = |last: u8| format!(r#"{{"names":["kiosk"],"addresses":["10.0.0.{last}"]}}"#);
    let [eight, nine, ten] = [kiosk(8), kiosk(9), kiosk(10)];
    assert_eq!(counts(&import(&repository, &[&eight, &nine]).await), [2, 0, 0, 0, 0]);
    let before = assets(&repository).await;
    for lines in [&[&*nine][..], &[&eight], &[&nine, &eight], &[&eight, &nine]] {
        assert_eq!(counts(&import(&repository, lines).await), [0, 0, 0, lines.len(), 0]);
        assert_eq!(assets(&repository).await, before);
    }
    let unclear = import(&repository, &[&ten]).await;
    assert_eq!(counts(&unclear), [0, 0, 0, 0, 1]);
    let reason = &unclear.left_out[0].reason;
    for asset in &before {
        assert!(reason.contains(&asset.id.to_string()), "{reason}");
    }
    assert!(reason.contains("10.0.0.8") && reason.contains("an id"), "{reason}");
    assert_eq!(assets(&repository).await, before);

    let moved = import(&repository, &[&ten, &nine]).await;
    assert_eq!(counts(&moved), [0, 0, 1, 1, 0], "what is left is one of each");
    let all: BTreeSet<_> = assets(&repository).await.iter().flat_map(addresses).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), ["10.0.0.10", "10.0.0.9"]);
    assert_eq!(counts(&import(&repository, &[&ten, &nine, &eight]).await), [1, 0, 0, 2, 0]);
}

#[tokio::test]
async fn an_id_decides_whatever_the_names_are() {
    let repository = MemoryRepository::new();
    let lines = [r#"{"id":"a","names":["web1"]}"#, r#"{"id":"b","names":["web1"]}"#];
    assert_eq!(counts(&import(&repository, &lines).await), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&repository, &[lines[1], lines[0]]).await), [0, 0, 0, 2, 0]);
    assert_eq!(counts(&import(&repository, &lines[1..]).await), [0, 0, 0, 1, 0]);
    let renamed = [r#"{"id":"b","names":["kiosk"]}"#];
    assert_eq!(counts(&import(&repository, &renamed).await), [0, 0, 1, 0, 0]);
    let kiosk = named(&repository, "kiosk").await;
    assert_eq!(kiosk.parts[0].identity.as_deref(), Some("b"));
    assert_eq!(kiosk.aliases().map(|name| name.as_str()).collect::<Vec<_>>(), ["web1"]);
    let third = import(&repository, &[r#"{"id":"c","names":["web1"]}"#]).await;
    assert_eq!(counts(&third), [1, 0, 0, 0, 0], "a, which is not in this file, is another one");
}

#[tokio::test]
async fn ids_may_come_later() {
    let repository = MemoryRepository::new();
    import(&repository, &[r#"{"names":["web1"]}"#, r#"{"names":["db1"]}"#]).await;
    let with_ids =
        [r#"{"id":1,"names":["web1"]}"#, r#"{"id":2,"names":["db1","db1.corp.example"]}"#];
    assert_eq!(counts(&import(&repository, &with_ids).await), [0, 0, 2, 0, 0]);
    assert_eq!(counts(&import(&repository, &with_ids).await), [0, 0, 0, 2, 0]);
    assert_eq!(assets(&repository).await.len(), 2);

    let twins = r#"{"names":["twin"],"addresses":["10.0.0.1"]}"#;
    import(&repository, &[twins, &twins.replace("0.1", "0.2")]).await;
    let new = [r#"{"id":"t","names":["twin"],"addresses":["10.0.0.3"]}"#];
    let imported = import(&repository, &new).await;
    assert_eq!(counts(&imported), [1, 0, 0, 0, 0], "with an id it need not be left out");
    assert_eq!((imported.ambiguous[0].level, imported.ambiguous[0].candidates.len()), (None, 2));
    assert_eq!(counts(&import(&repository, &new).await), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn a_scan_joins_what_a_sync_has_created_and_says_why() {
    let repository = MemoryRepository::new();
    read(&repository, [computer("WEB1"), computer("WEB2"), computer("WEB3")]).await;
    let lines = [
        r#"{"names":["web1.corp.example"],"addresses":["10.0.0.1"],"os":"Linux"}"#,
        r#"{"names":["CORP\\WEB2$"]}"#,
        r#"{"names":["web3"],"domains":["other.example"]}"#,
        r#"{"names":["web4"]}"#,
    ];
    let imported = import(&repository, &lines).await;
    assert_eq!(counts(&imported), [2, 2, 0, 0, 0]);
    assert_eq!(counts(&import(&repository, &lines).await), [0, 0, 0, 4, 0]);
    let web1 = named(&repository, "web1.corp.example").await;
    assert_eq!((web1.parts.len(), addresses(&web1)), (2, vec!["10.0.0.1".to_owned()]));
    let reason = &web1.parts[1].tie.as_ref().unwrap().reason;
    assert_eq!(reason, "its FQDN web1.corp.example is a name of this asset");
    let computers = [computer("WEB1"), computer("WEB2"), computer("WEB3")];
    read(&repository, computers).await;
    assert_eq!(assets(&repository).await.len(), 5);
    assert_eq!(counts(&import(&repository, &lines).await), [0, 0, 0, 4, 0]);
}

#[tokio::test]
async fn what_fits_several_assets_or_two_lines_fit_is_not_guessed() {
    let repository = MemoryRepository::new();
    let other = SourceId::new("scan", "other").unwrap();
    let curation = Curation::new(&repository, acme());
    let known = scan(&[
        r#"{"names":["kiosk.a.example"]}"#,
        r#"{"names":["kiosk.b.example"]}"#,
        r#"{"names":["door.a.example"]}"#,
        r#"{"names":["lift.a.example"]}"#,
    ]);
    curation.import(&other, &known, &hq()).await.unwrap();
    let lines = [
        r#"{"names":["kiosk"]}"#,
        r#"{"names":["door"],"addresses":["10.0.0.1"]}"#,
        r#"{"names":["door"],"addresses":["10.0.0.2"]}"#,
        r#"{"names":["lift"]}"#,
        r#"{"names":["lift.a.example"]}"#,
    ];
    let imported = import(&repository, &lines).await;
    assert_eq!(counts(&imported), [4, 1, 0, 0, 0]);
    let told = imported.ambiguous.iter().map(|a| (a.line, a.level, a.candidates.len()));
    let told: Vec<_> = told.collect();
    let short = Some(Level::Short);
    assert_eq!(told, [(1, short, 2), (2, short, 1), (3, short, 1)]);
    let lift = named(&repository, "lift.a.example").await;
    assert_eq!(lift.parts.len(), 2, "the better level wins");
    let again = import(&repository, &lines).await;
    assert_eq!((counts(&again), again.ambiguous), ([0, 0, 0, 5, 0], vec![]));
}

#[tokio::test]
async fn names_that_any_host_could_have_tie_nothing() {
    let repository = MemoryRepository::new();
    let other = SourceId::new("scan", "other").unwrap();
    let known = scan(&[r#"{"names":["raspberrypi"]}"#, r#"{"names":["localhost"]}"#]);
    Curation::new(&repository, acme()).import(&other, &known, &hq()).await.unwrap();
    let lines = [
        r#"{"names":["raspberrypi"],"addresses":["10.0.0.1"]}"#,
        r#"{"names":["localhost"]}"#,
        r#"{"names":["10.0.0.7"]}"#,
    ];
    assert_eq!(counts(&import(&repository, &lines).await), [3, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&repository, &lines).await), [0, 0, 0, 3, 0]);
    let seen = [
        r#"{"names":["raspberrypi"],"addresses":["10.0.0.1"],"os":"Linux"}"#,
        r#"{"names":["localhost"],"os":"Linux"}"#,
    ];
    assert_eq!(counts(&import(&repository, &seen).await), [0, 0, 2, 0, 0]);
    let moved =
        import(&repository, &[r#"{"names":["raspberrypi"],"addresses":["10.0.0.2"]}"#]).await;
    assert_eq!(counts(&moved), [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_record_is_found_wherever_people_took_it() {
    let repository = MemoryRepository::new();
    let lines = [
        r#"{"names":["web1"],"addresses":["10.0.0.1"]}"#,
        r#"{"names":["web1-old"],"addresses":["10.0.0.2"]}"#,
        r#"{"id":"3","names":["kiosk"]}"#,
    ];
    import(&repository, &lines).await;
    let ids: Vec<AssetId> = assets(&repository).await.iter().map(|asset| asset.id).collect();
    let curation = Curation::new(&repository, acme());
    let merged = curation.merge(&ids, &Author::new("anna")).await.unwrap();
    assert_eq!(counts(&import(&repository, &lines).await), [0, 0, 0, 3, 0]);
    let changed = [
        r#"{"names":["web1"],"addresses":["10.0.0.3"]}"#,
        r#"{"names":["web1-old","web1-old.corp.example"],"addresses":["10.0.0.2"]}"#,
        r#"{"id":"3","names":["kiosk7"]}"#,
    ];
    assert_eq!(counts(&import(&repository, &changed).await), [0, 0, 3, 0, 0]);
    assert_eq!(assets(&repository).await.len(), 1);
    curation.unmerge(merged.id, &Author::new("anna")).await.unwrap();
    assert_eq!(counts(&import(&repository, &changed).await), [0, 0, 0, 3, 0]);
    assert_eq!(assets(&repository).await.len(), 3);
    assert_eq!(addresses(&named(&repository, "web1").await), ["10.0.0.3"]);
    assert_eq!(names(&named(&repository, "kiosk7").await), ["kiosk7"]);
}

#[tokio::test]
async fn what_a_complete_scan_does_not_have_is_ended_and_comes_back() {
    let repository = MemoryRepository::new();
    let (web, db) = (
        r#"{"names":["web1"],"os":"Linux","last_seen":"2026-05-01T00:00:00Z"}"#,
        r#"{"names":["db1"],"addresses":["10.0.0.2"],"last_seen":"2026-05-01T00:00:00Z"}"#,
    );
    import(&repository, &[web, db]).await;
    assert!(import(&repository, &[web]).await.ended.is_empty());
    let complete = hq().with_complete(true);
    for lines in [&[][..], &["not JSON"], &[web, "not JSON"], &[web, r#"{"names":["d b"]}"#]] {
        let imported = import_with(&repository, lines, &complete).await;
        assert!(imported.ended.is_empty() && imported.not_ended.is_some(), "{lines:?}");
    }
    let imported = import_with(&repository, &[web, r#"{"names":["a"],"os":7}"#], &complete).await;
    let ended: Vec<_> =
        imported.ended.iter().map(|(_, name)| name.as_ref().unwrap().as_str()).collect();
    assert_eq!((ended, imported.not_ended), (vec!["db1"], None), "a bad value hides no record");
    let all = assets(&repository).await;
    let gone = all.iter().find(|asset| asset.id == imported.ended[0].0).unwrap();
    assert!(gone.live_names().next().is_none() && addresses(gone).is_empty());
    assert!(gone.last_seen().is_some() && !gone.parts[0].presence.is_present());

    let again = import_with(&repository, &[web, r#"{"names":["a"],"os":7}"#], &complete).await;
    assert_eq!((counts(&again), again.ended), ([0, 0, 0, 2, 1], vec![]));
    assert_eq!(assets(&repository).await, all);
    assert_eq!(counts(&import(&repository, &[db]).await), [0, 0, 1, 0, 0]);
    let back = named(&repository, "db1").await;
    assert_eq!((back.id, addresses(&back)), (gone.id, vec!["10.0.0.2".to_owned()]));
    assert!(back.parts[0].presence.is_present());
    assert_eq!(back.names.len(), 1, "the claim lives again");
}

#[tokio::test]
async fn what_is_left_out_of_a_line_dates_nothing_out() {
    let repository = MemoryRepository::new();
    let whole = r#"{"id":1,"names":["web1","www"],"addresses":["10.0.0.1"],"os":"Linux"}"#;
    import(&repository, &[whole]).await;
    let partly =
        r#"{"id":1,"names":["web1","w w w"],"addresses":["10.0.0.300"],"os":{"name":"Linux"}}"#;
    let imported = import(&repository, &[partly]).await;
    assert_eq!(imported.left_out.len(), 3);
    let asset = named(&repository, "www").await;
    assert_eq!((addresses(&asset), asset.os()), (vec!["10.0.0.1".to_owned()], Some("Linux")));
    assert_eq!(counts(&import(&repository, &[partly]).await), [0, 0, 0, 1, 3]);
    import(&repository, &[r#"{"id":1,"names":["web1"]}"#]).await;
    let asset = named(&repository, "web1").await;
    assert_eq!((names(&asset), asset.os()), (vec!["web1"], None));
}

#[tokio::test]
async fn an_older_file_changes_nothing_but_the_first_sight() {
    let repository = MemoryRepository::new();
    let new = r#"{"names":["web1"],"os":"Linux","last_seen":"2026-05-02T00:00:00Z"}"#;
    let old = r#"{"names":["web1"],"os":"Windows","first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-05-01T00:00:00Z"}"#;
    import(&repository, &[new]).await;
    let imported = import(&repository, &[old]).await;
    assert_eq!((counts(&imported), imported.outdated), ([0, 0, 0, 0, 0], 1));
    let asset = named(&repository, "web1").await;
    assert_eq!(asset.os(), Some("Linux"));
    assert_eq!(asset.first_seen().unwrap().to_string(), "2026-01-01T00:00:00Z");
    import(&repository, &[old]).await;
    assert_eq!(named(&repository, "web1").await, asset);
}

#[tokio::test]
async fn a_strict_import_writes_all_or_nothing() {
    let repository = MemoryRepository::new();
    let kiosk = r#"{"names":["kiosk"],"addresses":["10.0.0.8"]}"#;
    import(&repository, &[kiosk, &kiosk.replace('8', "9")]).await;
    let before = assets(&repository).await;
    let strict = hq().with_strict(true);
    let third = kiosk.replace('8', "7");
    for lines in
        [&[r#"{"names":["a"]}"#, r#"{"names":["b c"]}"#][..], &[r#"{"names":["a"]}"#, &third]]
    {
        let curation = Curation::new(&repository, acme());
        let error = curation.import(&scanner(), &scan(lines), &strict).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("line 2"), "{error}");
        assert_eq!(assets(&repository).await, before);
    }
    let imported = import_with(&repository, &[kiosk, r#"{"names":["a"]}"#], &strict).await;
    assert_eq!(counts(&imported), [1, 0, 0, 1, 0]);
}

#[tokio::test]
async fn records_of_a_program_are_imported_as_those_of_a_file() {
    let repository = MemoryRepository::new();
    let mut record = ScannedAsset::named(["web1".parse().unwrap()]);
    record.id = Some("7".to_owned());
    let scan = Scan::from_iter([record.clone(), ScannedAsset::named([])]);
    let curation = Curation::new(&repository, acme());
    let imported = curation.import(&scanner(), &scan, &hq()).await.unwrap();
    assert_eq!(imported.created, 2, "{imported:?}");
    let twice = Scan::from_iter([record.clone(), record]);
    let imported = curation.import(&scanner(), &twice, &hq()).await.unwrap();
    assert_eq!((imported.unchanged, imported.left_out[0].line), (1, 2));
}

#[tokio::test]
async fn what_somebody_else_writes_meanwhile_is_planned_with() {
    let inner = std::sync::Arc::new(MemoryRepository::new());
    import(&inner, &[r#"{"names":["web1"]}"#]).await;
    let [web1] = assets(&inner).await.try_into().unwrap();
    let repository = Interfering::new(inner.clone(), move |n, ours| {
        // Two others write the asset just before, one after the other.
        let mut asset = web1.clone();
        asset.version += 1 + n as u64;
        let (expected, asset) = (Some(asset.version - 1), Box::new(asset));
        let change = Change::PutAsset { expected, asset, changed: None };
        let id = ldap_inventory::value::BatchId::random_v7();
        let other = Batch::new(id, ours.organization.clone(), ours.source.clone());
        (n < 2).then(|| other.with_changes([change]))
    });
    let lines = [r#"{"names":["web1"],"os":"Linux"}"#, r#"{"names":["db1"]}"#];
    let imported = import(&repository, &lines).await;
    assert_eq!((counts(&imported), repository.commits()), ([1, 0, 1, 0, 0], 3));
    assert_eq!(named(&inner, "web1").await.version, 4);
    assert_eq!(counts(&import(&inner, &lines).await), [0, 0, 0, 2, 0]);
}

#[tokio::test]
async fn whatever_call_fails_an_import_is_taken_up_where_it_ended() {
    let lines: Vec<String> = (0..1_200).map(|n| format!(r#"{{"names":["host{n}"]}}"#)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let counting = FaultPlan::new();
    import(&Faulty::new(MemoryRepository::new(), &counting), &lines).await;
    for n in 0..counting.calls().len() {
        for fault in [CallFault::AnswerLost, CallFault::Broken, CallFault::TimedOut] {
            let inner = std::sync::Arc::new(MemoryRepository::new());
            let plan = FaultPlan::new().with(n, fault);
            let repository = Faulty::new(inner.clone(), &plan);
            let curation = Curation::new(&repository, acme());
            let _ = curation.import(&scanner(), &scan(&lines), &hq()).await;
            // If it could not give its lease back, that is over some time, or as soon as a person says so.
            let after = Curation::new(&inner, acme());
            after.release(&scanner(), &Author::new("anna")).await.unwrap();
            let Imported { created, unchanged, .. } = import(&inner, &lines).await;
            assert_eq!(created + unchanged, lines.len(), "{n} {fault:?}");
            assert_eq!(assets(&inner).await.len(), lines.len(), "{n} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_imports_at_once_one_is_refused_and_nothing_is_there_twice() {
    let lines = [r#"{"names":["web1"]}"#, r#"{"names":["db1"]}"#];
    let counting = FaultPlan::new();
    import(&Faulty::new(MemoryRepository::new(), &counting), &lines).await;
    let commit = counting.calls().iter().position(|call| *call == "commit").unwrap();
    // The first one has planned everything, and tries again to write it.
    let repository = MemoryRepository::new();
    let slow =
        Faulty::new(repository.clone(), &FaultPlan::new().with(commit, CallFault::Unreachable));
    let (source, scan, options) = (scanner(), scan(&lines), hq());
    let (one, other) = (Curation::new(&slow, acme()), Curation::new(&repository, acme()));
    let (one, refused) =
        tokio::join!(one.import(&source, &scan, &options), other.import(&source, &scan, &options),);
    assert_eq!(one.unwrap().created, 2);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Lease);
    let again = other.import(&source, &scan, &options).await.unwrap();
    assert_eq!(again.unchanged, 2, "the lease was given back");
    assert_eq!(assets(&repository).await.len(), 2);
}

#[tokio::test]
async fn what_became_another_record_since_it_was_planned_on_is_planned_again() {
    let lines = |os: &str| -> Vec<String> {
        (0..600).map(|n| format!(r#"{{"id":{n},"names":["host{n}"],"os":"{os}"}}"#)).collect()
    };
    let inner = std::sync::Arc::new(MemoryRepository::new());
    let (linux, windows) = (lines("Linux"), lines("Windows"));
    import(&inner, &linux.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // The last of all is written in the second batch. Before the first one somebody gives the place of its record to
    // another one.
    let last = assets(&inner).await.into_iter().max_by_key(|asset| asset.id).unwrap();
    let own = last.parts[0].clone();
    let mut moved = last.clone();
    moved.parts = vec![own.clone().with_identity("other"), own.clone()];
    moved.parts[1].number = 1;
    moved.names.iter_mut().for_each(|claim| claim.part = 1);
    moved.os.iter_mut().for_each(|claim| claim.part = 1);
    moved.version += 1;
    let repository = Interfering::new(inner.clone(), move |n, ours| {
        let change = Change::PutAsset {
            expected: Some(last.version),
            asset: Box::new(moved.clone()),
            changed: None,
        };
        let id = ldap_inventory::value::BatchId::random_v7();
        let rival = Batch::new(id, ours.organization.clone(), ours.source.clone());
        (n == 0).then(|| rival.with_changes([change]))
    });
    let imported =
        import(&repository, &windows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(counts(&imported), [0, 0, 600, 0, 0]);
    let last = assets(&inner).await.into_iter().max_by_key(|asset| asset.id).unwrap();
    let identities: Vec<_> = last.parts.iter().map(|part| part.identity.as_deref()).collect();
    assert_eq!(identities, [Some("other"), own.identity.as_deref()]);
    assert_eq!(last.parts[0].attributes, own.attributes, "it is another record");
    assert_eq!(last.os(), Some("Windows"));
}

#[tokio::test]
async fn records_that_say_the_same_are_told_apart_by_their_site() {
    let repository = MemoryRepository::new();
    let at =
        |site: &str, id: &str| format!(r#"{{{id}"names":["kiosk"],"os":"Linux","site":"{site}"}}"#);
    import(&repository, &[&at("a", ""), &at("b", "")]).await;
    let imported = import(&repository, &[&at("b", r#""id":1,"#), &at("a", r#""id":2,"#)]).await;
    assert_eq!(counts(&imported), [0, 0, 2, 0, 0]);
    for asset in assets(&repository).await {
        let id = if asset.site.as_str() == "b" { "1" } else { "2" };
        assert_eq!(asset.parts[0].identity.as_deref(), Some(id), "{}", asset.site);
    }
    // Where sites are apart, one file for each has its own printer.
    let repository = MemoryRepository::new();
    let policy = ldap_inventory::task::MatchPolicy::default().within_site(true);
    let curation = Curation::new(&repository, acme()).with_policy(policy);
    for site in ["a", "b", "a", "b"] {
        let options = ImportOptions::new(site.parse().unwrap());
        let printer = scan(&[r#"{"names":["printer-1"],"os":"Linux"}"#]);
        curation.import(&scanner(), &printer, &options).await.unwrap();
    }
    let mut sites: Vec<_> =
        assets(&repository).await.iter().map(|asset| asset.site.to_string()).collect();
    sites.sort();
    assert_eq!(sites, ["a", "b"]);
}

#[tokio::test]
async fn an_asset_that_comes_back_goes_on_counting_its_versions() {
    let repository = MemoryRepository::new();
    read(&repository, [computer("PC1")]).await;
    let pc1 = assets(&repository).await.remove(0);
    let other = SourceId::new("scan", "other").unwrap();
    let curation = Curation::new(&repository, acme());
    curation.import(&other, &scan(&[r#"{"names":["t"]}"#]), &hq()).await.unwrap();
    let t = named(&repository, "t").await.id;
    let (corp, object) = (pc1.parts[0].source.clone(), pc1.parts[0].object.unwrap());
    curation.link(t, &corp, object, &Author::new("anna")).await.unwrap();
    let gone = repository.redirects(&acme(), &[pc1.id]).await.unwrap().remove(0);
    let imported = import(&repository, &[r#"{"names":["pc1.corp.example"]}"#]).await;
    assert_eq!(counts(&imported), [0, 1, 0, 0, 0]);
    let back = repository.assets(&acme(), &[pc1.id]).await.unwrap().remove(0);
    assert!(back.version > gone.version, "{} after {}", back.version, gone.version);
}

/// What an asset is, whatever its id and the numbers of its parts.
fn picture(assets: &[Asset]) -> Vec<String> {
    let mut told: Vec<String> = assets
        .iter()
        .map(|asset| {
            let mut parts: Vec<String> = asset
                .parts
                .iter()
                .map(|part| {
                    let mut attributes = part.attributes.by_name();
                    attributes.remove("ts");
                    let identity = &part.identity;
                    let is_present = part.presence.is_present();
                    format!("{} {identity:?} {is_present} {attributes:?}", part.source)
                })
                .collect();
            parts.sort();
            let mut names: Vec<_> =
                asset.names.iter().map(|n| (n.value.as_str(), n.is_live())).collect();
            names.sort_unstable();
            let mut addresses = addresses(asset);
            addresses.sort();
            format!("{} {parts:?} {names:?} {addresses:?} {:?}", asset.site, asset.os())
        })
        .collect();
    told.sort();
    told
}

/// A line of which a value is left out ends nothing: so it matters which of two records that say the same it is.
#[tokio::test]
async fn of_twins_the_one_in_doubt_is_the_same_one_again() {
    let repository = MemoryRepository::new();
    let named = [r#"{"names":["db1.a.example","web1"]}"#, r#"{"names":["db1.a.example"]}"#];
    import(&repository, &named).await;
    let twins = [
        r#"{"names":["db1.a.example","bad name"],"addresses":"10.0.0.4","site":"hall"}"#,
        r#"{"names":["db1.a.example"],"addresses":"10.0.0.4"}"#,
    ];
    for lines in [twins, [twins[1], twins[0]]] {
        import(&repository, &lines).await;
        let first = assets(&repository).await;
        assert_eq!(counts(&import(&repository, &lines).await)[..4], [0, 0, 0, 2]);
        assert_eq!(assets(&repository).await, first);
    }
}

#[tokio::test]
async fn a_record_renamed_to_another_computer_goes_there_at_once() {
    let repository = MemoryRepository::new();
    read(&repository, [computer("WEB1"), computer("DB1")]).await;
    import(&repository, &[r#"{"names":["web1.a.example"]}"#]).await;
    import(&repository, &[r#"{"names":["web1.a.example"],"addresses":"10.0.0.1"}"#]).await;
    let known = r#"{"names":["db1","web1.a.example"],"addresses":"10.0.0.4"}"#;
    import(&repository, &[known]).await;
    let renamed = [r#"{"names":["web1"],"addresses":"10.0.0.4"}"#];
    import(&repository, &renamed).await;
    let first = assets(&repository).await;
    assert_eq!(counts(&import(&repository, &renamed).await)[..4], [0, 0, 0, 1]);
    assert_eq!(assets(&repository).await, first);
}

/// A line of a small world, in which much is alike.
fn line() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "web1",
        "web1.a.example",
        "web1.b.example",
        "db1",
        "db1.a.example",
        "localhost",
        "bad name",
    ]);
    let names = prop::collection::btree_set(name, 0..3);
    let id = prop::option::weighted(0.3, 0..4u8);
    let address = prop::option::weighted(0.7, 1..5u8);
    let site = prop::option::weighted(0.3, prop::sample::select(vec!["hall", "annex"]));
    let os = prop::option::of(prop::sample::select(vec!["Linux", "Windows"]));
    (id, names, address, site, os).prop_map(|(id, names, address, site, os)| {
        let mut members = BTreeMap::new();
        id.map(|id| members.insert("id", format!("{id}")));
        members.insert("names", format!("{names:?}").replace('{', "[").replace('}', "]"));
        address.map(|last| members.insert("addresses", format!("\"10.0.0.{last}\"")));
        site.map(|site| members.insert("site", format!("{site:?}")));
        os.map(|os| members.insert("os", format!("{os:?}")));
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn file() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(line(), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(400)))]

    #[test]
    fn a_file_again_writes_nothing_and_the_order_of_its_lines_means_nothing(
        files in prop::collection::vec((file(), any::<bool>()), 1..4),
        shuffled in any::<prop::sample::Index>(),
        synced in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (one, other) = (MemoryRepository::new(), MemoryRepository::new());
            if synced {
                read(&one, [computer("WEB1"), computer("DB1")]).await;
                read(&other, [computer("WEB1"), computer("DB1")]).await;
            }
            for (file, complete) in &files {
                let options = hq().with_complete(*complete);
                let lines: Vec<&str> = file.iter().map(String::as_str).collect();
                let mut turned = lines.clone();
                turned.reverse();
                turned.rotate_left(shuffled.index(lines.len().max(1)).min(lines.len()));
                let first = import_with(&one, &lines, &options).await;
                let also = import_with(&other, &turned, &options).await;
                assert_eq!(counts(&first), counts(&also));
                let after = assets(&one).await;
                assert_eq!(picture(&after), picture(&assets(&other).await));
                let again = import_with(&one, &lines, &options).await;
                let [created, joined, updated, unchanged, left_out] = counts(&again);
                assert_eq!((created, joined, updated, again.ended.len()), (0, 0, 0, 0));
                assert_eq!(left_out, first.left_out.len());
                let taken = first.created + first.joined + first.updated + first.unchanged;
                assert_eq!(unchanged, taken);
                assert_eq!(assets(&one).await, after);
            }
        });
    }
}
