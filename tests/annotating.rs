//! What people say of assets, through syncs, merges and what is taken away.

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{Asset, AssetRepository, ConstraintKind};
use ldap_inventory::curation::{Action, Author, ChangedField, Curation};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty};
use ldap_inventory::value::{AssetId, SourceId};

use crate::curation::{acme, anna, corp, id, put, run, scanned};
use crate::mock::{computer, mock_guid};

async fn asset(repository: &dyn AssetRepository, id: AssetId) -> Asset {
    let found = Curation::new(repository, acme()).resolve(&[id]).await.unwrap();
    found.into_values().next().unwrap()
}

fn tags(asset: &Asset) -> Vec<&str> {
    asset.live_tags().collect()
}

#[tokio::test]
async fn what_is_said_stays_through_later_syncs_and_is_no_record_of_a_source() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"])]).await;
    let curation = Curation::new(&repository, acme());
    let said = [ChangedField::owner(" jane "), ChangedField::tag("pci")];
    let changed = curation.annotate(&[id(1), id(1)], &said, &anna()).await.unwrap();
    let told: Vec<String> = changed[&id(1)].iter().map(ToString::to_string).collect();
    assert_eq!(told, ["owner jane", "tag pci"]);
    for _ in 0..2 {
        run(&repository, vec![computer("WEB1").build()]).await;
    }
    let shown = asset(&repository, id(1)).await;
    assert_eq!((shown.owner(), tags(&shown)), (Some("jane"), vec!["pci"]));
    let sources: Vec<&str> = shown.source_kinds().into_iter().collect();
    assert_eq!(sources, ["ldap", "scan"]);
    let version = shown.version;
    assert!(curation.annotate(&[id(1)], &said, &anna()).await.unwrap().is_empty());
    assert_eq!(asset(&repository, id(1)).await.version, version, "nothing is new");
}

#[tokio::test]
async fn of_a_merged_asset_what_was_said_last_holds_and_each_gets_its_own_back() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"]), scanned(2, &["web2"])]).await;
    let curation = Curation::new(&repository, acme());
    let say = async |n, said: &[ChangedField]| {
        curation.annotate(&[id(n)], said, &anna()).await.unwrap();
    };
    say(1, &[ChangedField::owner("jane"), ChangedField::tag("pci")]).await;
    say(2, &[ChangedField::owner("bob"), ChangedField::tag("env=prod")]).await;
    let merge = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    let one = asset(&repository, id(1)).await;
    assert_eq!((one.owner(), tags(&one)), (Some("bob"), vec!["pci", "env=prod"]));
    let kept = merge.preview.values.iter().find(|value| value.field == "owner").unwrap();
    assert_eq!((kept.why, kept.beside.len()), (Some("it was said last"), 1));

    say(1, &[ChangedField::owner("carol")]).await;
    assert_eq!(asset(&repository, id(2)).await.owner(), Some("carol"), "its id leads there");
    say(2, &[ChangedField::no_tag("pci"), ChangedField::comment("spare")]).await;
    curation.unmerge(merge.id, &anna()).await.unwrap();
    let [one, two] = [asset(&repository, id(1)).await, asset(&repository, id(2)).await];
    assert_eq!((one.owner(), tags(&one), one.comment()), (Some("carol"), vec![], None));
    assert_eq!(
        (two.owner(), tags(&two), two.comment()),
        (Some("bob"), vec!["env=prod"], Some("spare"))
    );

    curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    say(1, &[ChangedField::owner("")]).await;
    assert_eq!(asset(&repository, id(1)).await.owner(), None, "of nobody, whoever said so");
}

#[tokio::test]
async fn it_stays_with_the_asset_when_a_host_takes_its_own_record_away() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"])]).await;
    let curation = Curation::new(&repository, acme());
    let cmdb = SourceId::new("cmdb", "main").unwrap();
    curation
        .contribute(id(1), &cmdb, "@cmdb.asset", [("a", "b")].into_iter().collect())
        .await
        .unwrap();
    curation.annotate(&[id(1)], &[ChangedField::criticality("HIGH")], &anna()).await.unwrap();
    let before = asset(&repository, id(1)).await;
    assert_eq!(before.criticality[0].part, 0, "a scan's record goes before a contributed one");
    let mut bare = before.clone();
    bare.id = id(3);
    bare.version = 1;
    bare.remove_record(0);
    bare.parts[0].identity = Some(format!("asset:{}", id(3)));
    put(&repository, [bare]).await;
    curation.annotate(&[id(3)], &[ChangedField::owner("jane")], &anna()).await.unwrap();
    let after = curation.retract(id(3), &cmdb).await.unwrap();
    assert_eq!((after.parts.len(), after.owner()), (0, Some("jane")));
    let after = curation.retract(id(1), &cmdb).await.unwrap();
    assert_eq!((after.parts.len(), after.criticality()), (1, Some("high")));
}

/// An asset that a host made by itself, and of which no source has said anything yet.
fn bare(n: u128) -> Asset {
    Asset::new(id(n), acme(), "hq".parse().unwrap())
}

#[tokio::test]
async fn what_is_said_of_an_asset_that_no_source_knows_stays_its_own() {
    for says_before in [true, false] {
        let repository = MemoryRepository::new();
        put(&repository, [bare(1), scanned(2, &["web2"])]).await;
        run(&repository, vec![computer("WEB2").build()]).await;
        let curation = Curation::new(&repository, acme());
        let say = async || {
            let said = [ChangedField::owner("jane"), ChangedField::tag("pci")];
            curation.annotate(&[id(1)], &said, &anna()).await.unwrap();
        };
        if says_before {
            say().await;
        }
        let own = async || {
            let one = asset(&repository, id(1)).await;
            let is_own = one.part_of(&corp(), mock_guid("WEB2")).is_none();
            (is_own, one.owner().map(str::to_owned), tags(&one).join(" "))
        };
        let said = |is_own| (is_own, Some("jane".to_owned()), "pci".to_owned());

        curation.link(id(1), &corp(), mock_guid("WEB2"), &anna()).await.unwrap();
        let must = ConstraintKind::MustLink;
        if !says_before {
            say().await;
        }
        assert_eq!(own().await, said(false));
        curation.forget(id(1), &corp(), mock_guid("WEB2"), must, &anna()).await.unwrap();
        assert_eq!(own().await, said(true));
        assert_eq!(asset(&repository, id(1)).await.parts, []);
        assert_eq!(asset(&repository, id(2)).await.owner(), None);

        for order in [[id(1), id(2)], [id(2), id(1)]] {
            let merge = curation.merge(&order, &anna()).await.unwrap();
            assert_eq!(own().await, said(false));
            run(&repository, vec![computer("WEB2").build()]).await;
            curation.unmerge(merge.id, &anna()).await.unwrap();
            assert_eq!(own().await, said(true));
            assert_eq!(asset(&repository, id(2)).await.owner(), None);
        }
    }
}

#[tokio::test]
async fn history_tells_each_asset_that_was_annotated_in_one_go() {
    let repository = MemoryRepository::new();
    let all: Vec<Asset> = (1..=700).map(|n| scanned(n, &[&format!("web{n}")])).collect();
    put(&repository, all).await;
    let curation = Curation::new(&repository, acme());
    let ids: Vec<AssetId> = (1..=700).map(id).collect();
    let said = [ChangedField::tag("pci")];
    assert_eq!(curation.preview_annotations(&ids, &said).await.unwrap().len(), 700);
    assert!(curation.history().await.unwrap().is_empty());
    assert_eq!(curation.annotate(&ids, &said, &anna()).await.unwrap().len(), 700);
    let history = curation.history().await.unwrap();
    assert_eq!(history.len(), 700);
    let Action::Annotated { name, fields, why, .. } = &history[0].action else { panic!() };
    assert!(name.starts_with("web"), "{name}");
    assert_eq!((fields, why.as_str()), (&said.to_vec(), "one machine, two cards"));
    assert!(history[0].to_string().contains("anna annotated web"), "{}", history[0]);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_and_nothing_is_written() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"])]).await;
    let curation = Curation::new(&repository, acme());
    let long = "x".repeat(257);
    for said in [
        ChangedField::tag(" "),
        ChangedField::tag("=prod"),
        ChangedField::tag(&long),
        ChangedField::owner(&long),
        ChangedField::owner("a\u{1b}b"),
        ChangedField::criticality("immense"),
        ChangedField::comment(&"x".repeat(4_001)),
    ] {
        let both = [ChangedField::owner("jane"), said];
        let refused = curation.annotate(&[id(1)], &both, &anna()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
    }
    let missing = curation.annotate(&[id(1), id(9)], &[ChangedField::owner("jane")], &anna()).await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(asset(&repository, id(1)).await.version, 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_not_said_twice() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"])]).await;
    let plan = FaultPlan::new().with(1, CallFault::AnswerLost);
    let faulty = Faulty::new(repository.clone(), &plan);
    let curation = Curation::new(&faulty, acme());
    curation.annotate(&[id(1)], &[ChangedField::owner("jane")], &Author::new("bob")).await.unwrap();
    assert_eq!(plan.calls()[1..3], ["commit", "commit"]);
    let history = Curation::new(&repository, acme()).history().await.unwrap();
    assert_eq!((history.len(), asset(&repository, id(1)).await.version), (1, 2));
}
