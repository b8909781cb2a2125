//! Addresses of computers in the inventory: claimed, placed, dated out, and never an identity.

use std::collections::BTreeMap;

use ldap_inventory::asset::{Asset, AssetRepository, Claim, Link};
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::directory::FullReadReason;
use ldap_inventory::query::Query;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{
    DirectoryTree, Fault, LdapResult, OperationKind, Script, TestDirectory, TestServer, When,
};
use ldap_inventory::value::{AssetId, ObjectGuid, RunId, Timestamp};

use super::history::{Random, disturb, disturb_network, hide_nodes};
use super::wire::{PASSWORD, credential, source};
use super::world::*;
use crate::cases::cases;

const BASE: &str = "DC=corp,DC=example";

fn zone() -> String {
    format!("DC=corp.example,CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}")
}

fn dn(name: &str) -> String {
    format!("CN={name},CN=Computers,{BASE}")
}

/// Two computers and the domain controller, with a zone and two sites.
fn domain() -> TestDirectory {
    let directory = TestDirectory::of_domain("corp.example", "CORP", 3);
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    tree.add_computer("WEB1").unwrap();
    tree.add_computer("WEB2").unwrap();
    tree.add_dns_zone("corp.example").unwrap();
    tree.add_subnet("10.1.0.0/16", "Berlin").unwrap();
    tree.add_subnet("10.2.0.0/16", "Lyon").unwrap();
    drop(tree);
    directory
}

fn set_addresses(directory: &TestDirectory, node: &str, addresses: &[&str]) {
    directory.write().set_addresses(&zone(), node, addresses).unwrap();
}

async fn serve(directory: &TestDirectory) -> TestServer {
    TestServer::builder(directory).with_ldap().with_plain_binds().start().await.unwrap()
}

fn addressed() -> SyncTask {
    task().with_addresses_from_dns().with_change_limits(ChangeLimits::off())
}

fn options(n: u8) -> SyncOptions {
    let now = Timestamp::from_unix_seconds(1_790_000_000 + 3_600 * i64::from(n)).unwrap();
    SyncOptions::new().with_run(RunId::new_v7(now, [n; 10]), now)
}

/// One run of a task against whatever a server serves.
async fn run_task(
    server: &TestServer,
    task: &SyncTask,
    repository: &dyn AssetRepository,
    n: u8,
) -> SyncReport {
    let source = source(credential(server.ldap_url()).with_insecure(true));
    sync(task, &source, repository, &options(n)).await.unwrap()
}

/// The asset of this name: its live addresses, and those that it had.
async fn addresses(repository: &dyn AssetRepository, name: &str) -> (Vec<String>, Vec<String>) {
    let all = assets(repository).await;
    let is_it = |asset: &&Asset| asset.names.iter().any(|claim| claim.value.as_str() == name);
    let asset = all.iter().find(is_it).expect(name);
    let texts = |is_live: bool| {
        let claims = asset.addresses.iter().filter(|claim| claim.is_live() == is_live);
        let mut texts: Vec<String> = claims.map(|claim| claim.value.to_string()).collect();
        texts.sort();
        texts
    };
    (texts(true), texts(false))
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

async fn found(repository: &dyn AssetRepository, query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap();
    let request = ldap_inventory::asset::SearchRequest::new(acme(), query, Timestamp::now());
    let page = repository.search_assets(request).await.unwrap();
    page.records.iter().map(|asset| asset.label().to_string()).collect()
}

#[tokio::test]
async fn a_computer_claims_its_addresses_and_is_found_by_them_and_by_its_site() {
    for repository in stores() {
        let directory = domain();
        set_addresses(&directory, "web1", &["10.1.0.5", "*2001:db8::5"]);
        set_addresses(&directory, "web2", &["10.2.0.5"]);
        let server = serve(&directory).await;
        run_task(&server, &addressed(), &*repository, 1).await;
        let own = addresses(&*repository, "web1.corp.example").await;
        assert_eq!(own, (texts(&["10.1.0.5", "2001:db8::5"]), vec![]));
        for (query, expected) in [
            ("address:10.1.0.5", "web1.corp.example"),
            ("address:10.2.0.0/16", "web2.corp.example"),
            ("@ldap.computer.adSite:Berlin", "web1.corp.example"),
            ("@ldap.computer.adSite:\"Lyon\"", "web2.corp.example"),
            ("@ldap.computer.adSubnet:\"10.2.0.0/16\"", "web2.corp.example"),
            ("@ldap.computer.dnsAddress:10.1.0.5*", "web1.corp.example"),
        ] {
            assert_eq!(found(&*repository, query).await, [expected], "{query}");
        }
        // Nothing changed, and a moved record changes one computer.
        let again = run_task(&server, &addressed(), &*repository, 2).await;
        assert_eq!((again.computers.updated, again.full_because), (0, None));
        set_addresses(&directory, "web1", &["10.2.0.6"]);
        let moved = run_task(&server, &addressed(), &*repository, 3).await;
        assert_eq!((moved.computers.updated, moved.full_because), (1, None));
        let own = addresses(&*repository, "web1.corp.example").await;
        assert_eq!(own, (texts(&["10.2.0.6"]), texts(&["10.1.0.5", "2001:db8::5"])));
        // A new subnet changes those that are in it.
        directory.write().add_subnet("10.2.0.6/32", "Oslo").unwrap();
        let placed = run_task(&server, &addressed(), &*repository, 4).await;
        assert_eq!(placed.full_because, Some(FullReadReason::NetworkChanged));
        assert_eq!(placed.computers.updated, 1);
        assert_eq!(found(&*repository, "@ldap.computer.adSite:Oslo").await, ["web1.corp.example"]);
    }
}

type Obstacle = (&'static str, fn(&mut DirectoryTree));

#[tokio::test]
async fn an_address_that_could_not_be_looked_for_stays_and_one_that_is_gone_is_dated_out() {
    let obstacles: &[Obstacle] = &[
        ("a server without the zones", |tree| {
            tree.set_hidden(&format!("CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"), true).unwrap();
        }),
        ("a record that is none", |tree| {
            let node = format!("DC=web1,{}", zone());
            tree.set(&node, "dnsRecord", [b"no record".to_vec()]).unwrap();
        }),
        ("records that are not shown", |tree| {
            tree.set(&format!("DC=web1,{}", zone()), "dnsRecord", [""; 0]).unwrap();
        }),
        ("a node that is listed and not shown", |tree| {
            tree.set_unreadable(&format!("DC=web1,{}", zone()), true).unwrap();
        }),
        ("a zone of which no node is shown", |tree| hide_nodes(tree, &zone(), true)),
        ("a zone that is listed and not shown", |tree| {
            tree.set_unreadable(&zone(), true).unwrap();
        }),
        ("a name that is not shown", |tree| {
            tree.set(&dn("WEB1"), "dNSHostName", [[0xff_u8]]).unwrap();
        }),
    ];
    for (what, obstruct) in obstacles {
        let directory = domain();
        set_addresses(&directory, "web1", &["10.1.0.5"]);
        let (server, repository) = (serve(&directory).await, MemoryRepository::new());
        run_task(&server, &addressed(), &repository, 1).await;
        obstruct(&mut directory.write());
        directory.write().set(&dn("WEB1"), "description", ["changed"]).unwrap();
        let report = run_task(&server, &addressed(), &repository, 2).await;
        assert!(report.complete, "{what}");
        let own = addresses(&repository, "web1.corp.example").await;
        assert_eq!(own, (texts(&["10.1.0.5"]), vec![]), "{what}");
        let full = options(3).with_full_read(true);
        let everything = source(credential(server.ldap_url()).with_insecure(true));
        sync(&addressed(), &everything, &repository, &full).await.unwrap();
        let own = addresses(&repository, "web1.corp.example").await;
        assert_eq!(own, (texts(&["10.1.0.5"]), vec![]), "{what}, in full");
        let site = found(&repository, "@ldap.computer.adSite:Berlin").await;
        assert_eq!(site.len(), 1, "{what}");
    }
    let directory = domain();
    set_addresses(&directory, "web1", &["10.1.0.5"]);
    let (server, repository) = (serve(&directory).await, MemoryRepository::new());
    run_task(&server, &addressed(), &repository, 1).await;
    // The zone breaks off before its end.
    let searches = server.recorded().pop().unwrap().searches;
    let is_of_nodes = |name: &String| name == "dnsRecord";
    let nth = searches.iter().position(|it| it.attributes.iter().any(is_of_nodes)).unwrap() + 1;
    let when = When::operation(OperationKind::Search).nth(nth);
    set_addresses(&directory, "web1", &[]);
    server.set_script(Script::new().with(when, Fault::Answer(LdapResult::new(4, "limit"))));
    let full = options(2).with_full_read(true);
    let directory_source = source(credential(server.ldap_url()).with_insecure(true));
    let report = sync(&addressed(), &directory_source, &repository, &full).await.unwrap();
    assert!(report.warnings.iter().any(|told| told.contains("was not shown whole")), "{report:?}");
    let own = addresses(&repository, "web1.corp.example").await;
    assert_eq!(own, (texts(&["10.1.0.5"]), vec![]));
    // And is whole again.
    server.set_script(Script::new());
    let report = run_task(&server, &addressed(), &repository, 3).await;
    assert_eq!(report.full_because, Some(FullReadReason::NoCheckpoint));
    let own = addresses(&repository, "web1.corp.example").await;
    assert_eq!(own, (vec![], texts(&["10.1.0.5"])));
}

#[tokio::test]
async fn what_a_run_that_does_not_ask_leaves_alone_is_there_for_the_next_that_does() {
    for repository in stores() {
        let directory = domain();
        set_addresses(&directory, "web1", &["10.1.0.5"]);
        let server = serve(&directory).await;
        let without = task().with_change_limits(ChangeLimits::off());
        for (n, task) in (1..).zip([&addressed(), &without, &addressed(), &without, &addressed()]) {
            // A new attribute hides in the count of them that others are gone.
            let attribute = [("description", "a"), ("info", "b"), ("comment", "c"), ("title", "d")];
            let (name, value) = attribute[usize::from(n) % 4];
            directory.write().set(&dn("WEB1"), name, [value]).unwrap();
            run_task(&server, task, &*repository, n).await;
            let own = addresses(&*repository, "web1.corp.example").await;
            assert_eq!(own, (texts(&["10.1.0.5"]), vec![]), "run {n}");
            let query = "@ldap.computer.adSite:Berlin AND @ldap.computer.dnsAddress:10.1.0.5*";
            assert_eq!(found(&*repository, query).await, ["web1.corp.example"], "run {n}");
        }
        set_addresses(&directory, "web1", &[]);
        run_task(&server, &addressed(), &*repository, 6).await;
        let own = addresses(&*repository, "web1.corp.example").await;
        assert_eq!(own, (vec![], texts(&["10.1.0.5"])));
    }
}

/// What takes place and sites out of sight, each with what puts them back.
const CURTAINS: &[fn(&mut DirectoryTree, bool)] = &[
    |tree, hidden| hide_nodes(tree, &zone(), hidden),
    |tree, hidden| tree.set_unreadable(&zone(), hidden).unwrap(),
    |tree, hidden| {
        let zones = format!("CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}");
        tree.set_hidden(&zones, hidden).unwrap();
    },
    |tree, hidden| {
        let subnets = format!("CN=Subnets,CN=Sites,CN=Configuration,{BASE}");
        tree.set_hidden(&subnets, hidden).unwrap();
    },
];

/// All that an inventory holds of what is there. How long something is missing is counted on.
async fn held(repository: &dyn AssetRepository) -> (Vec<Asset>, Vec<Link>) {
    let (mut assets, mut links) = (assets(repository).await, links(repository).await);
    assets.retain(|asset| asset.parts.iter().all(|part| part.presence.is_present()));
    links.retain(|link| link.presence.is_present());
    (assets, links)
}

/// One asks for addresses, and the other does not: neither undoes what the other wrote.
#[tokio::test]
async fn over_any_history_two_tasks_of_one_directory_come_to_rest() {
    for seed in 0..u64::from(cases(12)) {
        let (mut random, directory) = (Random::new(seed), domain());
        let (server, repository) = (serve(&directory).await, MemoryRepository::new());
        let tasks = [addressed(), task().with_change_limits(ChangeLimits::off())];
        let mut n = 0;
        for step in 0..6_u64 {
            for part in 0..6 {
                let (mut tree, number) = (directory.write(), step * 10 + part);
                match random.below(4) {
                    0 => disturb(&mut tree, number, &mut random),
                    1 => {
                        let curtain = CURTAINS[random.below(CURTAINS.len())];
                        curtain(&mut tree, random.below(2) == 0);
                    }
                    _ => disturb_network(&mut tree, number, &mut random),
                }
            }
            let first = random.below(2);
            for turn in 0..8 {
                let before = held(&repository).await;
                n += 1;
                run_task(&server, &tasks[(first + turn) % 2], &repository, n).await;
                // Each has a second look at what the other wrote.
                if turn >= 4 {
                    let context = format!("history {seed}, step {step}, turn {turn}");
                    assert_eq!(before, held(&repository).await, "{context}");
                }
            }
        }
    }
}

#[tokio::test]
async fn to_ask_for_addresses_no_more_is_no_mass_change_where_all_of_them_are_in_doubt() {
    let directory = domain();
    for n in 0..80 {
        directory.write().add_computer(&format!("PC{n}")).unwrap();
    }
    for known in [&["10.1.0.5"][..], &[]] {
        set_addresses(&directory, "pc1", known);
        let (server, repository) = (serve(&directory).await, MemoryRepository::new());
        let asking = task().with_addresses_from_dns();
        run_task(&server, &asking, &repository, 1).await;
        directory.write().set_unreadable(&zone(), true).unwrap();
        for (n, task) in (2..).zip([&asking, &task(), &asking, &task()]) {
            let report = run_task(&server, task, &repository, n).await;
            assert_eq!((report.complete, report.computers.updated), (true, 0), "run {n}");
        }
        let (own, _) = addresses(&repository, "pc1.corp.example").await;
        assert_eq!(own, texts(known));
        directory.write().set_unreadable(&zone(), false).unwrap();
    }
}

/// How a computer comes to be of another asset in a run of a task that does not ask for addresses.
const WAYS: [&str; 5] = [
    "renamed",
    "renamed, with as many new attributes as its place has",
    "came",
    "linked",
    "separated",
];

#[tokio::test]
async fn a_computer_takes_what_is_known_of_where_it_is_along_to_another_asset() {
    for way in WAYS {
        let (directory, repository) = (domain(), MemoryRepository::new());
        set_addresses(&directory, "web1", &["10.1.0.5"]);
        let server = serve(&directory).await;
        put(&repository, scanned(7, &["real1.corp.example"])).await;
        run_task(&server, &addressed(), &repository, 1).await;
        let web1 = directory.read().entry(&dn("WEB1")).unwrap().guid();
        let before = asset_of(&repository, web1).await.id;
        let (curation, anna) = (Curation::new(&repository, acme()), Author::new("anna"));
        match way {
            "came" => put(&repository, scanned(8, &["web1.corp.example"])).await,
            "linked" => drop(curation.link(asset_id(7), &corp(), web1, &anna).await.unwrap()),
            "separated" => drop(curation.separate(before, &corp(), web1, &anna).await.unwrap()),
            _ => {
                let mut tree = directory.write();
                tree.set(&dn("WEB1"), "dNSHostName", ["real1.corp.example"]).unwrap();
                tree.set(&dn("WEB1"), "sAMAccountName", ["REAL1$"]).unwrap();
                let others = ["description", "info", "comment", "title"];
                for name in others.into_iter().filter(|_| way != "renamed") {
                    tree.set(&dn("WEB1"), name, ["new"]).unwrap();
                }
            }
        }
        let without = task().with_change_limits(ChangeLimits::off());
        run_task(&server, &without, &repository, 2).await;
        let asset = asset_of(&repository, web1).await;
        assert_ne!(asset.id, before, "{way}");
        let part = asset.parts.iter().find(|part| part.source == corp()).expect(way);
        for (name, value) in [
            ("dnsAddress", "10.1.0.5 2026-01-01T00:00:00Z"),
            ("adSubnet", "10.1.0.0/16"),
            ("adSite", "Berlin"),
        ] {
            assert_eq!(part.attributes.first(name), Some(value), "{way}");
        }
        let live = asset.addresses.iter().filter(|claim| claim.is_live());
        let live: Vec<String> = live.map(|claim| claim.value.to_string()).collect();
        assert_eq!(live, ["10.1.0.5"], "{way}");
    }
}

#[tokio::test]
async fn a_name_in_doubt_keeps_each_address_once_however_often_its_record_is_refreshed() {
    let directory = domain();
    let (server, repository) = (serve(&directory).await, MemoryRepository::new());
    for n in 1..=4 {
        set_addresses(&directory, "web1", &[&format!("10.1.0.5 {n}")]);
        let node = format!("DC=web1,{}", zone());
        directory.write().add_values(&node, "dnsRecord", [b"no record".to_vec()]).unwrap();
        run_task(&server, &addressed(), &repository, n).await;
        let all = assets(&repository).await;
        let parts = all.iter().flat_map(|asset| &asset.parts);
        let values: Vec<&str> =
            parts.flat_map(|part| part.attributes.values("dnsAddress")).collect();
        assert_eq!(values, [format!("10.1.0.5 2026-01-01T0{n}:00:00Z")]);
    }
}

#[tokio::test]
async fn a_new_asset_is_of_the_site_that_its_ad_site_stands_for() {
    let directory = domain();
    set_addresses(&directory, "web1", &["10.1.0.5"]);
    set_addresses(&directory, "web2", &["10.2.0.5"]);
    let (server, repository) = (serve(&directory).await, MemoryRepository::new());
    let task = addressed().with_site_by_ad_site("berlin", "branch".parse().unwrap());
    run_task(&server, &task, &repository, 1).await;
    let sites: BTreeMap<String, String> = assets(&repository)
        .await
        .iter()
        .map(|asset| (asset.label().to_string(), asset.site.to_string()))
        .collect();
    let expected = [("dc1", "hq"), ("web1", "branch"), ("web2", "hq")];
    let expected = expected.map(|(name, site)| (format!("{name}.corp.example"), site.to_owned()));
    assert_eq!(sites, expected.into());
    // An asset stays where it is, wherever its computer goes.
    set_addresses(&directory, "web2", &["10.1.0.6"]);
    run_task(&server, &task, &repository, 2).await;
    assert_eq!(found(&repository, "site:branch").await, ["web1.corp.example"]);
}

/// Assets by names and addresses, and records of the DNS by nodes.
struct Case {
    what: &'static str,
    scanned: &'static [(&'static [&'static str], &'static [&'static str])],
    records: &'static [(&'static str, &'static [&'static str])],
}

const fn case(
    what: &'static str,
    scanned: &'static [(&'static [&'static str], &'static [&'static str])],
    records: &'static [(&'static str, &'static [&'static str])],
) -> Case {
    Case { what, scanned, records }
}

/// Records that are spoofed, shared or stale.
const CASES: &[Case] = &[
    case("another's address", &[(&["printer"], &["10.1.0.5"])], &[("web1", &["10.1.0.5"])]),
    case(
        "that of a host of another domain",
        &[(&["web1.other.test"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5"])],
    ),
    case("that of something without a name", &[(&[], &["10.1.0.5"])], &[("web1", &["10.1.0.5"])]),
    case(
        "that of something named by it",
        &[(&["10.1.0.5"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5"])],
    ),
    case("a name made of it", &[(&["ip-10-1-0-5"], &["10.1.0.5"])], &[("web1", &["10.1.0.5"])]),
    case(
        "that of two assets",
        &[(&["a"], &["10.1.0.5"]), (&["b"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5"])],
    ),
    case(
        "several, each another's",
        &[(&["a"], &["10.1.0.5"]), (&["b"], &["10.1.0.6"])],
        &[("web1", &["10.1.0.5", "10.1.0.6"])],
    ),
    case(
        "one of two computers",
        &[(&["a"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5"]), ("web2", &["10.1.0.5"])],
    ),
    case(
        "one of all computers",
        &[(&["a"], &["10.1.0.1"])],
        &[("dc1", &["10.1.0.1"]), ("web1", &["10.1.0.1"]), ("web2", &["10.1.0.1"])],
    ),
    case("the controller's, spoofed", &[], &[("dc1", &["*10.1.0.1"]), ("web1", &["10.1.0.1"])]),
    case(
        "that of another computer's asset",
        &[(&["web2.corp.example"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5"])],
    ),
    case(
        "two that change places",
        &[(&["web1.corp.example"], &["10.1.0.5"]), (&["web2.corp.example"], &["10.1.0.6"])],
        &[("web1", &["10.1.0.6"]), ("web2", &["10.1.0.5"])],
    ),
    case(
        "a stale one, given to another",
        &[(&["kiosk"], &["10.1.0.5"])],
        &[("web1", &["10.1.0.5", "10.1.0.9"])],
    ),
    case(
        "twins, of which one has it",
        &[(&["web1.corp.example"], &["10.1.0.5"]), (&["web1.corp.example", "www"], &["10.1.0.6"])],
        &[("web1", &["10.1.0.5"])],
    ),
    case(
        "twins by a short name",
        &[(&["web1"], &["10.1.0.5"]), (&["web1"], &["10.1.0.6"])],
        &[("web1", &["10.1.0.6"])],
    ),
    case("an address of IPv6", &[(&["a"], &["2001:db8::5"])], &[("web1", &["2001:db8::5"])]),
    case("one of IPv4 in IPv6", &[(&["a"], &["10.1.0.5"])], &[("web1", &["::ffff:10.1.0.5"])]),
    case(
        "one of no host",
        &[(&["a"], &["127.0.0.1", "169.254.1.1"])],
        &[("web1", &["127.0.0.1", "169.254.1.1"])],
    ),
    case(
        "that of a wildcard and of the zone",
        &[(&["a"], &["10.1.0.5"])],
        &[("*", &["10.1.0.5"]), ("@", &["10.1.0.5"])],
    ),
    case(
        "that of a name of no computer",
        &[(&["printer.corp.example"], &["10.1.0.5"])],
        &[("printer", &["10.1.0.5"]), ("web1", &["10.1.0.5"])],
    ),
];

fn with_addresses(n: u64, names: &[&str], addresses: &[&str]) -> Asset {
    let mut asset = scanned(n, names);
    let at = asset.parts[0].written;
    let claim = |text: &&str| Claim::new(text.parse().unwrap(), 0, None, at);
    asset.addresses = addresses.iter().map(claim).collect();
    asset
}

type Tied = Vec<(ObjectGuid, Option<AssetId>)>;
type Named = Vec<(AssetId, Vec<String>)>;

/// Which asset each computer is, if it is one, and what the assets are called.
async fn identities(repository: &dyn AssetRepository) -> (Tied, Named) {
    let tied = links(repository).await.into_iter().map(|link| (link.object, link.asset)).collect();
    let names = |asset: &Asset| asset.names.iter().map(|claim| claim.value.to_string()).collect();
    let mut named: Named =
        assets(repository).await.iter().map(|asset| (asset.id, names(asset))).collect();
    named.sort();
    (tied, named)
}

#[tokio::test]
async fn twenty_records_that_are_spoofed_shared_or_stale_tie_nothing_to_anything() {
    assert_eq!(CASES.len(), 20);
    for Case { what, scanned, records } in CASES {
        let directory = domain();
        for (node, addresses) in *records {
            set_addresses(&directory, node, addresses);
        }
        let server = serve(&directory).await;
        let mut outcomes = Vec::new();
        for task in [task().with_change_limits(ChangeLimits::off()), addressed()] {
            let repository = MemoryRepository::new();
            for ((names, addresses), n) in scanned.iter().zip(1..) {
                put(&repository, with_addresses(n, names, addresses)).await;
            }
            for n in 1..=2 {
                let report = run_task(&server, &task, &repository, n).await;
                let counts = (report.computers.matched, report.computers.created);
                outcomes.push((counts, report.computers.ambiguous, identities(&repository).await));
            }
        }
        assert_eq!(outcomes[..2], outcomes[2..], "{what}");
    }
}

#[tokio::test]
async fn an_address_of_several_computers_is_told_by_a_full_read_alone() {
    let directory = domain();
    set_addresses(&directory, "web1", &["10.1.0.5"]);
    set_addresses(&directory, "web2", &["10.1.0.5"]);
    let (server, repository) = (serve(&directory).await, MemoryRepository::new());
    let told = |report: &SyncReport| {
        report.warnings.iter().any(|told| told.starts_with("1 address is that of more than one"))
    };
    assert!(told(&run_task(&server, &addressed(), &repository, 1).await));
    assert!(!told(&run_task(&server, &addressed(), &repository, 2).await));
    for name in ["web1.corp.example", "web2.corp.example"] {
        assert_eq!(addresses(&repository, name).await.0, ["10.1.0.5"]);
    }
}
