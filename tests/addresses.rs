//! Addresses from the DNS that a directory keeps, and the AD sites of these, over the wire.

use futures::TryStreamExt;
use ldap_inventory::directory::{DirectoryEvent, DirectorySource, FullReadReason, ReadRequest};
use ldap_inventory::ldap::DeltaPolicy;
use ldap_inventory::testing::{
    DirectoryTree, Fault, LdapResult, OperationKind, RecordedSearch, Script, TestDirectory,
    TestServer, When, contract,
};
use ldap_inventory::value::{Checkpoint, ReadMode};

use crate::cases::cases;
use crate::reader::{self, BASE, MODES, Read, builder, collect, own, serve, source};
use crate::sync::history::{Random, disturb, disturb_network, hide_nodes, zones_and_subnets};

const DOMAIN: &str = "corp.example.test";

impl Read {
    /// The values of an attribute of the computer with this name.
    fn values(&self, computer: &str, attribute: &str) -> Vec<String> {
        self.object(computer).attributes.values(attribute).map(str::to_owned).collect()
    }

    /// What was left out of the computer with this name.
    fn flaws(&self, computer: &str) -> Vec<String> {
        let flaws = self.object(computer).flaws.iter();
        flaws.map(|flaw| format!("{}: {}", flaw.attribute, flaw.reason)).collect()
    }

    /// What a person should know, but that the connection is not encrypted.
    fn warnings(&self) -> Vec<&String> {
        self.end.warnings.iter().filter(|warning| !warning.contains("not encrypted")).collect()
    }
}

fn zone() -> String {
    format!("DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}")
}

fn dn(name: &str) -> String {
    format!("CN={name},CN=Computers,{BASE}")
}

/// A domain with three computers, of which two have addresses, in two sites.
fn domain() -> TestDirectory {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", "secret").unwrap();
    for name in ["WEB1", "WEB2", "WEB3"] {
        tree.add_computer(name).unwrap();
    }
    let zone = tree.add_dns_zone(DOMAIN).unwrap();
    tree.set_addresses(&zone, "web1", &["10.1.0.5"]).unwrap();
    tree.set_addresses(&zone, "web2", &["*10.2.0.5", "2001:db8:2::5"]).unwrap();
    for (prefix, site) in
        [("10.0.0.0/8", "Berlin"), ("10.2.0.0/16", "Lyon"), ("2001:db8:2::/48", "Lyon")]
    {
        tree.add_subnet(prefix, site).unwrap();
    }
    drop(tree);
    directory
}

/// A request for everything, with addresses.
fn request() -> ReadRequest {
    reader::request().with_addresses_from_dns(true)
}

async fn read(source: &impl DirectorySource, checkpoint: &Option<Checkpoint>) -> Read {
    let read = collect(source, request().with_checkpoint(checkpoint.clone())).await.unwrap();
    assert!(read.end.completeness.is_complete(), "{:?}", read.end);
    read
}

async fn read_of(directory: &TestDirectory) -> Read {
    let server = serve(directory).await;
    read(&source(&server, DeltaPolicy::Auto), &None).await
}

#[tokio::test]
async fn computers_get_the_addresses_of_their_own_names_and_the_sites_of_these() {
    let read = read_of(&domain()).await;
    let refreshed = "10.1.0.5 2026-01-01T00:00:00Z";
    assert_eq!(read.values("WEB1", "dnsAddress"), [refreshed]);
    assert_eq!(read.values("WEB1", "adSite"), ["Berlin"]);
    assert_eq!(read.values("WEB1", "adSubnet"), ["10.0.0.0/8"]);
    let both = ["10.2.0.5 static", "2001:db8:2::5 2026-01-01T00:00:00Z"];
    assert_eq!(read.values("WEB2", "dnsAddress"), both);
    assert_eq!(read.values("WEB2", "adSite"), ["Lyon"]);
    assert_eq!(read.values("WEB2", "adSubnet"), ["10.2.0.0/16", "2001:db8:2::/48"]);
    assert_eq!(read.values("WEB3", "dnsAddress"), [""; 0]);
    assert!(read.objects.values().all(|object| object.flaws.is_empty()), "{read:?}");
    assert_eq!(read.warnings(), [""; 0]);
}

#[tokio::test]
async fn zones_of_the_forest_and_of_windows_2000_count_and_all_others_do_not() {
    let directory = domain();
    {
        let mut tree = directory.write();
        let forest = format!("DC=ForestDnsZones,{BASE}");
        let (lab, old) = (format!("lab.{DOMAIN}"), format!("old.{DOMAIN}"));
        let lab = tree.add_dns_zone_in(&forest, &lab).unwrap();
        let old = tree.add_dns_zone_in(&format!("CN=System,{BASE}"), &old).unwrap();
        let reverse = tree.add_dns_zone("1.10.in-addr.arpa").unwrap();
        let forwarder = tree.add_dns_zone(&format!("away.{DOMAIN}")).unwrap();
        tree.set_dns_zone_type(&forwarder, 4).unwrap();
        for (computer, host) in [("WEB1", "a.lab"), ("WEB2", "b.old"), ("WEB3", "c.away")] {
            tree.set(&dn(computer), "dNSHostName", [format!("{host}.{DOMAIN}")]).unwrap();
        }
        // A zone that is in charge of the rest of a name has nothing to say.
        for (zone, node, address) in [
            (&lab, "a", "10.1.0.6"),
            (&zone(), "a.lab", "10.1.0.7"),
            (&old, "b", "10.1.0.8"),
            (&forwarder, "c", "10.1.0.9"),
            (&zone(), "c.away", "10.1.0.10"),
            (&reverse, "5.0", "10.1.0.11"),
            (&zone(), "@", "10.1.0.12"),
            (&zone(), "*", "10.1.0.13"),
        ] {
            tree.set_addresses(zone, node, &[address]).unwrap();
        }
    }
    let read = read_of(&directory).await;
    let of = |name| -> Vec<String> {
        let values = read.values(name, "dnsAddress");
        values.iter().map(|it| it.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (of("WEB1"), of("WEB2")),
        (vec!["10.1.0.6".to_owned()], vec!["10.1.0.8".to_owned()])
    );
    assert_eq!(of("WEB3"), [""; 0]);
    assert_eq!(read.warnings(), [""; 0]);
}

#[tokio::test]
async fn tombstones_and_addresses_of_no_host_are_passed_over_and_records_that_are_none_are_named() {
    let directory = domain();
    {
        let mut tree = directory.write();
        tree.set_addresses(&zone(), "web1", &[]).unwrap();
        tree.set_addresses(&zone(), "web2", &["127.0.0.1", "169.254.7.7", "10.1.0.6"]).unwrap();
        tree.set_addresses(&zone(), "web3", &["10.1.0.7"]).unwrap();
        let node = format!("DC=web3,{}", zone());
        tree.add_values(&node, "dnsRecord", [b"no record".to_vec(), vec![0; 24]]).unwrap();
    }
    let read = read_of(&directory).await;
    assert_eq!(read.values("WEB1", "dnsAddress"), [""; 0]);
    assert_eq!(read.values("WEB2", "dnsAddress"), ["10.1.0.6 2026-01-01T00:00:00Z"]);
    // What is there may be shown, and nothing may be concluded from what is not.
    assert_eq!(read.values("WEB3", "dnsAddress"), ["10.1.0.7 2026-01-01T00:00:00Z"]);
    assert_eq!(read.flaws("WEB3")[0], "dnsAddress: shorter than a DNS record");
    assert!(read.warns_of("2 values of dnsRecord are no records of the DNS"), "{:?}", read.end);
    assert!(read.warns_of("2 records of the DNS were passed over"), "{:?}", read.end);
    let left_out = read.end.left_out.iter().find(|it| it.attribute == "dnsAddress").unwrap();
    assert_eq!((left_out.count, left_out.objects), (2, 1));
}

#[tokio::test]
async fn subnets_that_are_none_are_left_out_and_named() {
    let directory = domain();
    directory.write().add_subnet("10.1.0.5/24", "Oslo").unwrap();
    directory.write().add_subnet("somewhere", "Oslo").unwrap();
    let read = read_of(&directory).await;
    assert_eq!(read.values("WEB1", "adSite"), ["Berlin"]);
    assert!(read.warns_of("2 subnets were left out, the first of them CN=10.1.0.5"), "{read:?}");
}

#[tokio::test]
async fn an_address_that_several_computers_have_is_shown_on_all_and_told() {
    let directory = domain();
    for node in ["web2", "web3"] {
        directory.write().set_addresses(&zone(), node, &["10.1.0.5"]).unwrap();
    }
    let read = read_of(&directory).await;
    for name in ["WEB1", "WEB2", "WEB3"] {
        assert_eq!(read.values(name, "dnsAddress"), ["10.1.0.5 2026-01-01T00:00:00Z"]);
    }
    let told =
        "1 address is that of more than one computer by the records of the DNS, 10.1.0.5 that of 3";
    assert!(read.warns_of(told), "{:?}", read.end.warnings);
}

/// The searches of the last connection.
fn searches(server: &TestServer) -> Vec<RecordedSearch> {
    server.recorded().pop().unwrap().searches
}

fn is_of_network(search: &RecordedSearch) -> bool {
    let is_of_root = search.attributes.iter().any(|name| name == "namingContexts");
    is_of_root
        || search.filter.contains("DnsZones")
        || search.base.contains("MicrosoftDNS")
        || search.base.contains("CN=Subnets")
}

#[tokio::test]
async fn where_nobody_asks_for_addresses_the_requests_are_what_they_were() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let (mut with, mut without) = (None, None);
        for is_full in [true, false] {
            let ask = |checkpoint: &Option<Checkpoint>| {
                request().with_checkpoint(checkpoint.clone()).with_addresses_from_dns(false)
            };
            let plain = collect(&source, ask(&without)).await.unwrap();
            let plain_searches = searches(&server);
            assert!(plain_searches.iter().all(|search| !is_of_network(search)));
            assert!(plain.objects.values().all(|it| it.attributes.first("dnsAddress").is_none()));
            let found = read(&source, &with).await;
            assert_eq!(found.end.mode == ReadMode::Full, is_full, "{mode:?}");
            let all = searches(&server);
            assert!(all.iter().any(is_of_network));
            let others: Vec<_> = all.iter().filter(|search| !is_of_network(search)).collect();
            let shown = |searches: &[&RecordedSearch]| format!("{searches:?}");
            assert_eq!(shown(&others), shown(&plain_searches.iter().collect::<Vec<_>>()));
            assert_eq!(found.end.scope.fingerprint, plain.end.scope.fingerprint);
            (with, without) = (found.end.checkpoint, plain.end.checkpoint);
        }
        // The one is no checkpoint of the other.
        let switched = read(&source, &without).await;
        assert_eq!(switched.end.full_because, Some(FullReadReason::ScopeChanged));
        let off = request().with_checkpoint(with).with_addresses_from_dns(false);
        let switched = collect(&source, off).await.unwrap();
        assert_eq!(switched.end.full_because, Some(FullReadReason::ScopeChanged));
    }
}

type Step = (&'static str, fn(&mut DirectoryTree), &'static [&'static str]);

/// A change, and who is read after it.
const STEPS: &[Step] = &[
    (
        "an address that moved",
        |t| t.set_addresses(&zone(), "web1", &["10.2.0.9"]).unwrap(),
        &["WEB1"],
    ),
    ("a new node", |t| t.set_addresses(&zone(), "web3", &["10.1.0.9"]).unwrap(), &["WEB3"]),
    ("a tombstone", |t| t.set_addresses(&zone(), "web3", &[]).unwrap(), &["WEB3"]),
    ("a node of nobody", |t| t.set_addresses(&zone(), "printer", &["10.1.0.8"]).unwrap(), &[]),
    ("a node that is no host's", |t| t.set_addresses(&zone(), "*", &["10.1.0.8"]).unwrap(), &[]),
    (
        "a computer of another name",
        |t| t.set(&dn("WEB3"), "dNSHostName", [format!("PRINTER.{DOMAIN}")]).unwrap(),
        &["WEB3"],
    ),
    ("a changed computer", |t| t.set(&dn("WEB2"), "description", ["new"]).unwrap(), &["WEB2"]),
    (
        "two at once",
        |t| {
            t.set(&dn("WEB2"), "description", ["newer"]).unwrap();
            t.set_addresses(&zone(), "WEB2", &["*10.1.0.1"]).unwrap();
            t.set_addresses(&zone(), "web1", &["10.1.0.1"]).unwrap();
        },
        &["WEB1", "WEB2"],
    ),
];

#[tokio::test]
async fn each_change_reaches_exactly_the_computers_that_it_concerns() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let full = read(&source, &None).await;
        let (mut known, mut checkpoint) = (full.objects, full.end.checkpoint);
        for (what, change, expected) in STEPS {
            change(&mut directory.write());
            let delta = read(&source, &checkpoint).await;
            assert_eq!((delta.end.mode, delta.names()), (mode, texts(expected)), "{what}");
            assert!(delta.departed.is_empty(), "{what}");
            known.extend(delta.objects);
            checkpoint = delta.end.checkpoint;
            let full = read(&source, &None).await;
            assert_eq!(known, full.objects, "{what}");
        }
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn more_names_than_are_asked_for_by_name_reach_the_same_computers() {
    let directory = domain();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto);
    let before = read(&source, &None).await.end.checkpoint;
    for n in 0..600 {
        directory.write().set_addresses(&zone(), &format!("phone{n}"), &["10.1.7.7"]).unwrap();
    }
    directory.write().set_addresses(&zone(), "web2", &["10.1.0.99"]).unwrap();
    let delta = read(&source, &before).await;
    assert_eq!((delta.end.mode, delta.names()), (ReadMode::DirSync, vec!["WEB2".to_owned()]));
    assert_eq!(delta.values("WEB2", "adSite"), ["Berlin"]);
}

#[tokio::test]
async fn other_subnets_and_other_zones_are_read_in_full_with_their_reason() {
    let changes: [fn(&mut DirectoryTree); 6] = [
        |t| drop(t.add_subnet("10.1.0.0/24", "Oslo").unwrap()),
        |t| {
            let subnets = format!("CN=Subnets,CN=Sites,CN=Configuration,{BASE}");
            let site = format!("CN=Berlin,CN=Sites,CN=Configuration,{BASE}");
            t.set(&format!("CN=10.2.0.0/16,{subnets}"), "siteObject", [site]).unwrap();
        },
        |t| t.set_hidden(&format!("CN=Subnets,CN=Sites,CN=Configuration,{BASE}"), true).unwrap(),
        |t| drop(t.add_dns_zone(&format!("lab.{DOMAIN}")).unwrap()),
        |t| t.set_dns_zone_type(&zone(), 4).unwrap(),
        |t| t.set_hidden(&format!("CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"), true).unwrap(),
    ];
    for (policy, _) in MODES {
        for (n, change) in changes.iter().enumerate() {
            let directory = domain();
            let server = serve(&directory).await;
            let source = source(&server, policy);
            let before = read(&source, &None).await.end.checkpoint;
            change(&mut directory.write());
            let full = read(&source, &before).await;
            assert_eq!(full.end.full_because, Some(FullReadReason::NetworkChanged), "{n}");
            assert!(full.warns_of("everything was read: the zones of the DNS"), "{n}");
            // It is as it is from now on.
            let next = read(&source, &full.end.checkpoint).await;
            assert_eq!((next.end.full_because, next.objects.len()), (None, 0), "{n}");
        }
    }
}

#[tokio::test]
async fn what_could_not_be_looked_for_is_in_doubt_and_what_could_is_not() {
    let unseen = "a DNS zone that may have its name could not be read";
    let directory = domain();
    let container = format!("CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}");
    directory.write().set_hidden(&container, true).unwrap();
    let hidden = read_of(&directory).await;
    let all = ["dnsAddress", "adSubnet", "adSite"].map(|name| format!("{name}: {unseen}"));
    assert_eq!(hidden.flaws("WEB1"), all);
    assert!(hidden.warns_of(&format!("no DNS zone below {container} could be read")));
    // A computer without a name has no address that could be missed.
    directory.write().set(&dn("WEB3"), "dNSHostName", [""; 0]).unwrap();
    assert_eq!(read_of(&directory).await.flaws("WEB3"), [""; 0]);
    directory.write().set_hidden(&container, false).unwrap();

    let subnets = format!("CN=Subnets,CN=Sites,CN=Configuration,{BASE}");
    directory.write().set_hidden(&subnets, true).unwrap();
    let hidden = read_of(&directory).await;
    let unplaced = "the subnets of the AD sites could not be read";
    let both = ["adSubnet", "adSite"].map(|name| format!("{name}: {unplaced}"));
    assert_eq!((hidden.flaws("WEB1"), hidden.flaws("WEB3")), (both.to_vec(), Vec::new()));
    assert!(hidden.warns_of(unplaced));
}

#[tokio::test]
async fn a_directory_that_shows_no_dns_says_so_and_a_zone_for_a_name_leaves_no_doubt_of_it() {
    let directory = TestDirectory::new();
    directory.write().add_account("svc", "secret").unwrap();
    directory.write().add_computer("WEB1").unwrap();
    let read = read_of(&directory).await;
    // An ordinary account does not see the old container, so that nobody can tell what is in it.
    assert!(read.warns_of("shows no DNS zone to this account"), "{:?}", read.end.warnings);
    assert_eq!(read.values("WEB1", "dnsAddress"), [""; 0]);
    // With a zone that has its name, there is no doubt.
    directory.write().add_dns_zone(DOMAIN).unwrap();
    assert_eq!(read_of(&directory).await.flaws("WEB1"), [""; 0]);
}

/// Which search of a full read asks for this.
fn number_of(server: &TestServer, is_it: impl Fn(&RecordedSearch) -> bool) -> usize {
    searches(server).iter().position(is_it).unwrap() + 1
}

#[tokio::test]
async fn a_zone_that_is_cut_off_leaves_its_names_in_doubt_and_no_checkpoint() {
    for (code, is_complete) in
        [(3, true), (4, true), (11, true), (50, true), (51, false), (52, false)]
    {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, DeltaPolicy::Auto);
        read(&source, &None).await;
        refuse(&server, code, |search| search.base == zone() && asks_for_records(search));
        let cut = collect(&source, request()).await.unwrap();
        assert_eq!(cut.end.completeness.is_complete(), is_complete, "{code}");
        assert_eq!(cut.end.checkpoint, None, "{code}");
        if is_complete {
            let reason = "the DNS zone that has its name was not shown whole";
            assert_eq!(cut.flaws("WEB1")[0], format!("dnsAddress: {reason}"), "{code}");
            assert!(cut.warns_of(&format!("{} was not shown whole", zone())), "{code}");
            assert!(cut.warns_of("the next read is a full one"), "{code}: {:?}", cut.end.warnings);
        }
    }
}

fn asks_for_records(search: &RecordedSearch) -> bool {
    search.attributes.iter().any(|name| name == "dnsRecord")
}

/// Answers a search of the next read so that is as this one of the last.
fn refuse(server: &TestServer, code: i64, is_it: impl Fn(&RecordedSearch) -> bool) {
    let when = When::operation(OperationKind::Search).nth(number_of(server, is_it));
    let refusal = Fault::Answer(LdapResult::new(code, "no"));
    server.set_script(Script::new().with(when, refusal));
}

/// There is one at least in every zone.
#[tokio::test]
async fn a_zone_that_shows_no_node_could_not_be_read_and_changes_are_told_beside_it() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let whole = read(&source, &None).await;
        hide_nodes(&mut directory.write(), &zone(), true);
        let hidden = read(&source, &whole.end.checkpoint).await;
        assert_eq!(hidden.end.full_because, Some(FullReadReason::NetworkChanged));
        let told = format!("1 DNS zone could not be read, the first of them {}", zone());
        let unseen = "dnsAddress: a DNS zone that may have its name could not be read";
        for change in ["first", "second"] {
            directory.write().set(&dn("WEB2"), "description", [change]).unwrap();
            directory.write().set_addresses(&zone(), "web3", &["10.1.0.8"]).unwrap();
            hide_nodes(&mut directory.write(), &zone(), true);
            let delta = read(&source, &hidden.end.checkpoint).await;
            assert_eq!((delta.end.mode, delta.names()), (mode, texts(&["WEB2"])));
            for read in [&hidden, &delta] {
                assert!(read.warns_of(&told), "{:?}", read.end.warnings);
                assert_eq!(read.flaws("WEB2")[0], unseen);
            }
        }
        hide_nodes(&mut directory.write(), &zone(), false);
        let shown = read(&source, &hidden.end.checkpoint).await;
        assert_eq!(shown.end.full_because, Some(FullReadReason::NetworkChanged));
        assert_eq!(shown.values("WEB1", "dnsAddress"), whole.values("WEB1", "dnsAddress"));
        assert_eq!(
            (shown.flaws("WEB2"), shown.values("WEB3", "adSite")),
            (vec![], texts(&["Berlin"]))
        );
    }
}

/// What a refusal means for long is in the checkpoint, and what it means for now leaves none.
#[tokio::test]
async fn a_zone_that_may_not_be_looked_into_is_in_doubt_until_it_may() {
    for (code, is_complete) in [(50, true), (32, true), (51, false), (52, false)] {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, DeltaPolicy::Auto);
        let whole = read(&source, &None).await;
        refuse(&server, code, |search| search.base == zone() && !asks_for_records(search));
        let refused = collect(&source, request()).await.unwrap();
        assert_eq!(refused.end.completeness.is_complete(), is_complete, "{code}");
        assert_eq!(refused.end.checkpoint.is_some(), is_complete, "{code}");
        if is_complete {
            assert!(refused.warns_of(&zone()), "{code}: {:?}", refused.end.warnings);
            assert_eq!(refused.flaws("WEB1").len(), 3, "{code}");
            server.set_script(Script::new());
            let shown = read(&source, &refused.end.checkpoint).await;
            assert_eq!(shown.end.full_because, Some(FullReadReason::NetworkChanged), "{code}");
            assert_eq!(shown.objects, whole.objects, "{code}");
        }
    }
}

#[tokio::test]
async fn a_read_of_changes_to_which_the_dns_is_not_shown_concludes_nothing_from_it() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let before = read(&source, &None).await.end.checkpoint;
        directory.write().set_addresses(&zone(), "web1", &["10.2.0.9"]).unwrap();
        let whole = read(&source, &before).await;
        assert_eq!((whole.end.mode, whole.names()), (mode, vec!["WEB1".to_owned()]));
        let of_zone = |search: &RecordedSearch| search.base == zone();
        let changed = number_of(&server, |search| of_zone(search) && search.filter.contains("uSN"));
        let looked_up =
            number_of(&server, |search| of_zone(search) && search.filter.contains("name="));
        let refuse = |nth| {
            let when = When::operation(OperationKind::Search).nth(nth);
            server.set_script(Script::new().with(when, Fault::Answer(LdapResult::new(50, "no"))));
        };
        refuse(changed);
        let full = read(&source, &before).await;
        assert_eq!(full.end.full_because, Some(FullReadReason::Unsupported));
        assert_eq!(full.values("WEB1", "adSite"), ["Lyon"]);
        refuse(looked_up);
        let delta = read(&source, &before).await;
        assert_eq!((delta.end.mode, delta.end.checkpoint.is_none()), (mode, true));
        assert!(delta.flaws("WEB1")[0].starts_with("dnsAddress: the DNS zone"));
    }
}

#[tokio::test]
async fn without_the_identity_of_the_database_the_dns_is_read_in_full() {
    let directory = domain();
    let agent = directory.read().ds_service_name();
    directory.write().set(&agent, "invocationId", [[0_u8; 0]; 0]).unwrap();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto);
    let full = read(&source, &None).await;
    let again = read(&source, &full.end.checkpoint).await;
    assert_eq!(again.end.full_because, Some(FullReadReason::Unsupported));
    assert_eq!(again.objects, full.objects);
}

#[tokio::test]
async fn a_read_that_is_cut_anywhere_shows_no_computer_without_its_addresses() {
    let directory = domain();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto);
    server.set_script(Script::new());
    let whole = read(&source, &None).await;
    let total = server.bytes_sent();
    for cut in (0..total).step_by(101) {
        server.set_script(Script::new().with(When::bytes_sent(cut), Fault::Reset));
        let Ok(events) = source.read(request()).await else { continue };
        let Ok(events) = events.try_collect::<Vec<DirectoryEvent>>().await else { continue };
        for event in events {
            let DirectoryEvent::Page(page) = event else { continue };
            for object in page.objects {
                assert_eq!(Some(&object), whole.objects.get(&object.guid), "{cut} of {total}");
            }
        }
    }
}

#[tokio::test]
async fn reads_with_addresses_keep_the_contract_of_a_source() {
    for (policy, _) in MODES {
        contract::directory_source(|| async {
            let directory = domain();
            let server = serve(&directory).await;
            let source = source(&server, policy);
            (server, source, request())
        })
        .await;
    }
}

#[tokio::test]
async fn after_any_history_of_the_dns_a_chain_of_deltas_is_one_full_read() {
    for seed in 0..u64::from(cases(12)) {
        let (policy, mode) = MODES[(seed % 2) as usize];
        let mut random = Random::new(seed);
        let directory = domain();
        directory.write().add_organizational_unit("Base").unwrap();
        let server = builder(&directory).with_readable_tombstones().with_dirsync_entries(3);
        let server = server.start().await.unwrap();
        let source = source(&server, policy);
        let full = read(&source, &None).await;
        let (mut known, mut checkpoint) = (full.objects, full.end.checkpoint);
        for step in 1..=20 {
            let before = zones_and_subnets(&directory.read());
            for part in 0..=random.below(3) as u64 {
                let mut tree = directory.write();
                match random.below(3) {
                    0 => disturb(&mut tree, step * 10 + part, &mut random),
                    _ => disturb_network(&mut tree, step * 10 + part, &mut random),
                }
            }
            let delta = read(&source, &checkpoint).await;
            let is_full = delta.end.full_because == Some(FullReadReason::NetworkChanged);
            assert!(is_full || delta.end.mode == mode, "{seed} {step}: {:?}", delta.end);
            assert_eq!(is_full, zones_and_subnets(&directory.read()) != before, "{seed} {step}");
            if is_full {
                known.clear();
            }
            known.retain(|guid, _| !delta.departed.contains_key(guid));
            known.extend(delta.objects);
            checkpoint = delta.end.checkpoint;
            if step % 4 == 0 {
                let full = read(&source, &None).await;
                assert_eq!(own(&known), own(&full.objects), "history {seed}, step {step}");
            }
        }
    }
}
