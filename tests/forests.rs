//! What is known around a directory counts wherever one of its computers is decided on: between its runs and in those of
//! other directories; and so does the policy of its task.

use futures::TryStreamExt;
use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, LinksRequest};
use ldap_inventory::curation::{Curation, ImportOptions, Scan};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{Ambiguity, ChangeLimits, MatchPolicy, SyncTask};
use ldap_inventory::testing::{MockDirectory, MockEnding, MockRecord};
use ldap_inventory::value::{AssetId, ObjectGuid, SourceId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, anna, assets, corp, id, put, scanned};

/// The domains of the forest.
const FOREST: [&str; 3] = ["corp.example", "eu.corp.example", "us.corp.example"];

fn source(domain: &str) -> SourceId {
    SourceId::new("ldap", domain).unwrap()
}

/// A computer of a domain.
fn in_domain(name: &str, domain: &str) -> MockRecord {
    computer(name).in_domain(domain).with_guid(guid(name, domain))
}

fn guid(name: &str, domain: &str) -> ObjectGuid {
    mock_guid(&format!("{name} of {domain}"))
}

fn task(domain: &str, policy: &MatchPolicy) -> SyncTask {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    SyncTask::new(domain, acme(), site, source(domain), credential)
        .with_change_limits(ChangeLimits::off())
        .with_matching(policy.clone())
}

/// A domain of the forest with these computers.
fn directory(domain: &str, names: &[&str]) -> MockDirectory {
    let directory = MockDirectory::new(names.iter().map(|name| in_domain(name, domain).build()));
    directory.edit_end(|end| {
        end.server.domain = Some(domain.to_owned());
        end.server.netbios_domain = domain.split('.').next().map(str::to_uppercase);
        let others = FOREST.iter().filter(|other| **other != domain);
        end.server.other_domains = others.map(ToString::to_string).collect();
    });
    directory
}

async fn read_by(
    repository: &dyn AssetRepository,
    domain: &str,
    names: &[&str],
    policy: &MatchPolicy,
) {
    let (task, directory) = (task(domain, policy), directory(domain, names));
    sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
}

async fn read(repository: &dyn AssetRepository, domain: &str, names: &[&str]) {
    read_by(repository, domain, names, &MatchPolicy::default()).await;
}

/// The asset that shows a computer of a domain.
async fn shown(repository: &dyn AssetRepository, name: &str, domain: &str) -> Option<AssetId> {
    let link = LinksRequest::new(acme(), source(domain)).of_objects([guid(name, domain)]);
    let link = repository.links(link).await.unwrap().try_next().await.unwrap();
    link.expect("it is known").asset
}

/// Review where several fit.
fn dhcp() -> MatchPolicy {
    MatchPolicy::default().with_own_suffixes(["dhcp.example.net".to_owned()])
}

#[tokio::test]
async fn what_is_set_free_joins_no_namesake_of_another_domain_of_the_forest() {
    let (one, other) = (FOREST[0], FOREST[1]);
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["pc7.corp.example"])]).await;
    read(&repository, other, &["PC7"]).await;
    read(&repository, one, &["PC7"]).await;
    assert_eq!(shown(&repository, "PC7", one).await, Some(id(1)));
    let theirs = shown(&repository, "PC7", other).await;
    let curation = Curation::new(&repository, acme());
    curation.separate(id(1), &source(one), guid("PC7", one), &anna()).await.unwrap();
    let own = shown(&repository, "PC7", one).await;
    assert!(own.is_some() && own != theirs && own != Some(id(1)), "{own:?}");
    for domain in [other, one, other] {
        read(&repository, domain, &["PC7"]).await;
        assert_eq!(shown(&repository, "PC7", one).await, own);
        assert_eq!(shown(&repository, "PC7", other).await, theirs);
    }
}

/// PC7 waits between two assets of a suffix that stands for its domain.
async fn between_two(policy: &MatchPolicy) -> MemoryRepository {
    let repository = MemoryRepository::new();
    let name = "pc7.dhcp.example.net";
    put(&repository, [scanned(1, &[name]), scanned(2, &[name])]).await;
    read_by(&repository, FOREST[0], &["PC7", "PC8"], policy).await;
    assert_eq!(shown(&repository, "PC7", FOREST[0]).await, None);
    repository
}

#[tokio::test]
async fn a_suffix_that_stands_for_the_domain_does_so_for_people_as_well() {
    let pc7 = guid("PC7", FOREST[0]);
    let repository = between_two(&dhcp()).await;
    let curation = Curation::new(&repository, acme());
    curation.separate(id(1), &corp(), pc7, &anna()).await.unwrap();
    assert_eq!(shown(&repository, "PC7", FOREST[0]).await, Some(id(2)));

    let repository = between_two(&dhcp()).await;
    let curation = Curation::new(&repository, acme());
    curation.link(id(1), &corp(), guid("PC8", FOREST[0]), &anna()).await.unwrap();
    assert_eq!(shown(&repository, "PC7", FOREST[0]).await, Some(id(2)));
    read(&repository, FOREST[1], &["PC9"]).await;
    assert_eq!(shown(&repository, "PC7", FOREST[0]).await, Some(id(2)), "a run of another domain");
}

#[tokio::test]
async fn however_many_runs_failed_since_the_suffixes_of_the_domain_are_known() {
    let repository = between_two(&dhcp()).await;
    let failing = directory(FOREST[0], &[]).ending(MockEnding::Refused(ErrorKind::BindRefused));
    for _ in 0..40 {
        let task = task(FOREST[0], &dhcp());
        sync(&task, &failing, &repository, &SyncOptions::new()).await.unwrap_err();
    }
    let curation = Curation::new(&repository, acme());
    curation.separate(id(1), &corp(), guid("PC7", FOREST[0]), &anna()).await.unwrap();
    assert_eq!(shown(&repository, "PC7", FOREST[0]).await, Some(id(2)));
}

#[tokio::test]
async fn namesakes_in_the_domains_below_are_no_question() {
    let repository = MemoryRepository::new();
    for _ in 0..2 {
        for domain in FOREST {
            read(&repository, domain, &["DC01"]).await;
        }
        let curation = Curation::new(&repository, acme());
        for domain in FOREST {
            assert_eq!(curation.unresolved(&source(domain)).await.unwrap(), []);
        }
    }
    assert_eq!(assets(&repository).await.len(), 3);
}

#[tokio::test]
async fn a_scan_that_names_a_domain_means_no_domain_below_it() {
    let repository = MemoryRepository::new();
    for domain in FOREST {
        read(&repository, domain, &["PC7"]).await;
    }
    let curation = Curation::new(&repository, acme());
    for (n, domain) in FOREST.into_iter().enumerate() {
        let scanner = SourceId::new("scan", format!("{n}")).unwrap();
        let line = format!("{{\"names\":[\"pc7\"],\"domains\":[{domain:?}]}}");
        let scan = Scan::parse(line.as_bytes(), Timestamp::now());
        let options = ImportOptions::new("hq".parse().unwrap());
        let imported = curation.import(&scanner, &scan, &options).await.unwrap();
        assert_eq!((imported.joined, imported.created), (1, 0), "{domain}: {imported:?}");
        let asset = shown(&repository, "PC7", domain).await.unwrap();
        let asset = repository.assets(&acme(), &[asset]).await.unwrap().remove(0);
        assert!(asset.parts.iter().any(|part| part.source == scanner), "{domain}");
    }
}

#[tokio::test]
async fn what_people_set_free_is_decided_on_by_the_policy_of_its_own_task() {
    let review = MatchPolicy::default();
    let create = MatchPolicy::default().with_ambiguity(Ambiguity::Create);
    for (own, other, has_asset) in [(&review, &create, false), (&create, &review, true)] {
        let repository = MemoryRepository::new();
        let named = [(1, "pc1.corp.example"), (2, "pc1"), (3, "pc1")];
        put(&repository, named.map(|(n, name)| scanned(n, &[name]))).await;
        read_by(&repository, FOREST[0], &["PC1"], own).await;
        read_by(&repository, "other.example", &["X9"], other).await;
        let curation = Curation::new(&repository, acme());
        curation.separate(id(1), &corp(), guid("PC1", FOREST[0]), &anna()).await.unwrap();
        let free = shown(&repository, "PC1", FOREST[0]).await;
        assert_eq!(free.is_some(), has_asset, "{free:?}");
        for _ in 0..2 {
            read_by(&repository, "other.example", &["X9"], other).await;
            assert_eq!(shown(&repository, "PC1", FOREST[0]).await, free);
            assert!(curation.uphold().await.unwrap().is_empty());
            read_by(&repository, FOREST[0], &["PC1"], own).await;
            assert_eq!(shown(&repository, "PC1", FOREST[0]).await, free);
        }
    }
}
