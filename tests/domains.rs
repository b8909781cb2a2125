//! The domains that a directory knows, listed over the wire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ldap_inventory::credential::{Credential, Sharing};
use ldap_inventory::ldap::{ForestDomain, LdapSource, Resolver, SrvRecord};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::testing::{
    Fault, LdapResult, OperationKind, Script, TestDirectory, TestServer, When,
};
use ldap_inventory::value::Secret;
use ldap_inventory::{Error, ErrorKind, Result};

use crate::sync::world::{acme, task};

const PASSWORD: &str = "c4nary-70f3aa";
const BASE: &str = "DC=corp,DC=example,DC=test";

/// DNS that has some domains, says nothing of one, and notes what it is asked.
#[derive(Debug, Default)]
struct Dns {
    controllers: BTreeMap<&'static str, Vec<&'static str>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Resolver for Dns {
    async fn srv(&self, name: &str) -> Result<Vec<SrvRecord>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let domain = name.strip_prefix("_ldap._tcp.dc._msdcs.").unwrap();
        if domain == "agency.example" {
            return Err(Error::new(ErrorKind::Connect, "DNS does not answer"));
        }
        let hosts = self.controllers.get(domain).cloned().unwrap_or_default();
        let record =
            |(host, priority): (&str, u16)| SrvRecord::new(priority, 1, format!("{host}."), 389);
        let mut records: Vec<SrvRecord> = hosts.into_iter().zip(0..).map(record).collect();
        // In any order.
        records.reverse();
        Ok(records)
    }
}

fn sid(n: u8) -> Vec<u8> {
    [vec![1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0], vec![n; 12]].concat()
}

/// A domain with a child, a partition for DNS, a partner that is trusted, an agency that trusts, and a former friend.
fn directory() -> TestDirectory {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    let partitions = format!("CN=Partitions,CN=Configuration,{BASE}");
    let mut reference = |name: &str, values: &[(&'static str, String)]| {
        let class = ("objectClass", vec!["top".to_owned(), "crossRef".to_owned()]);
        let values = values.iter().map(|(name, value)| (*name, vec![value.clone()]));
        tree.add(&format!("CN={name},{partitions}"), values.chain([class])).unwrap();
    };
    reference(
        "EU",
        &[
            ("nCName", format!("DC=eu,{BASE}")),
            ("dnsRoot", "eu.corp.example.test".to_owned()),
            ("nETBIOSName", "EU".to_owned()),
            ("systemFlags", "3".to_owned()),
        ],
    );
    reference(
        "zones",
        &[("nCName", format!("DC=DomainDnsZones,{BASE}")), ("systemFlags", "5".to_owned())],
    );
    reference("broken", &[("nCName", "nonsense".to_owned()), ("systemFlags", "3".to_owned())]);
    let mut trust = |name: &str, n: u8, direction: &str, attributes: &str| {
        let text = |text: &str| vec![text.as_bytes().to_vec()];
        let values = [
            ("objectClass", [text("top"), text("leaf"), text("trustedDomain")].concat()),
            ("trustPartner", text(name)),
            ("flatName", text(&name.split('.').next().unwrap_or_default().to_uppercase())),
            ("securityIdentifier", vec![sid(n)]),
            ("trustDirection", text(direction)),
            ("trustType", text("2")),
            ("trustAttributes", text(attributes)),
        ];
        tree.add(&format!("CN={name},CN=System,{BASE}"), values).unwrap();
    };
    trust("eu.corp.example.test", 1, "3", "32");
    trust("partner.example", 2, "2", "8");
    trust("agency.example", 3, "1", "4");
    trust("former.example", 4, "0", "0");
    drop(tree);
    directory
}

async fn serve(directory: &TestDirectory) -> TestServer {
    TestServer::builder(directory).with_ldap().with_plain_binds().start().await.unwrap()
}

async fn list(server: &TestServer, dns: &Arc<Dns>) -> Result<(Vec<ForestDomain>, Vec<String>)> {
    let credential = Credential::new("reader".parse().unwrap(), "CORP\\svc", Secret::new(PASSWORD))
        .with_server(server.url().parse().unwrap())
        .with_insecure(true)
        .with_sharing(Sharing::Global);
    let source = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
    let source = source.with_resolver(Arc::clone(dns) as _);
    source.forest(&"reader".parse().unwrap(), &acme()).await
}

#[tokio::test]
async fn a_directory_lists_its_own_domain_its_forest_and_its_trusts() {
    let directory = directory();
    let server = serve(&directory).await;
    let controllers = BTreeMap::from([
        ("corp.example.test", vec!["dc1.corp.example.test", "dc2.corp.example.test"]),
        ("eu.corp.example.test", vec!["dc1.eu.corp.example.test"]),
    ]);
    let dns = Arc::new(Dns { controllers, ..Dns::default() });
    let (domains, warnings) = list(&server, &dns).await.unwrap();
    let told: Vec<_> = domains
        .iter()
        .map(|it| (it.name(), it.netbios_name.as_deref(), it.relation(), it.can_be_found()))
        .collect();
    assert_eq!(
        told,
        [
            ("corp.example.test", Some("CORP"), "own", Some(true)),
            ("eu.corp.example.test", Some("EU"), "forest", Some(true)),
            ("agency.example", Some("AGENCY"), "trusting", None),
            ("former.example", Some("FORMER"), "disabled", Some(false)),
            ("partner.example", Some("PARTNER"), "trusted", Some(false)),
        ]
    );
    assert!(domains.iter().all(|domain| domain.sid.is_some()), "{domains:?}");
    let hosts = ["dc1.corp.example.test", "dc2.corp.example.test"].map(str::to_owned);
    assert_eq!(domains[0].controllers.as_deref(), Some(hosts.as_slice()), "by priority");
    assert_eq!(domains[1].trust_attributes, Some(32));
    let like = task();
    let tasks: Vec<_> =
        domains.iter().map(|it| it.task(&like).unwrap().source.to_string()).collect();
    assert_eq!(tasks[1..3], ["ldap/eu.corp.example.test", "ldap/agency.example"]);
    for said in
        ["1 entry was left out, among them CN=broken,", "agency.example: DNS does not answer"]
    {
        assert!(warnings.iter().any(|warning| warning.starts_with(said)), "{said}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    // The password was sent once, and DNS was asked for nothing but where controllers are.
    assert_eq!(server.bind_requests(), 1);
    assert_eq!(dns.asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn what_the_account_may_not_see_is_said_and_the_rest_is_listed() {
    let directory = directory();
    let partitions = format!("CN=Partitions,CN=Configuration,{BASE}");
    directory.write().set_hidden(&partitions, true).unwrap();
    let server = serve(&directory).await;
    let (domains, warnings) = list(&server, &Arc::new(Dns::default())).await.unwrap();
    let names: Vec<&str> = domains.iter().map(ForestDomain::name).collect();
    assert_eq!(names[..2], ["corp.example.test", "eu.corp.example.test"], "by its trust");
    assert!(warnings.iter().any(|warning| warning.contains(&partitions)), "{warnings:?}");
}

#[tokio::test]
async fn a_thousand_domains_are_listed_and_the_rest_is_counted() {
    let directory = TestDirectory::new();
    directory.write().add_account("svc", PASSWORD).unwrap();
    for n in 0..1_003 {
        let class = ["top", "crossRef"].map(str::to_owned).to_vec();
        let mut tree = directory.write();
        let values = [
            ("objectClass", class),
            ("nCName", vec![format!("DC=d{n},{BASE}")]),
            ("systemFlags", vec!["3".to_owned()]),
        ];
        tree.add(&format!("CN=D{n},CN=Partitions,CN=Configuration,{BASE}"), values).unwrap();
    }
    for (most, said) in [(5_000, "4 entries below"), (900, "shows no more than these")] {
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
        let server = server.with_max_page_size(most).start().await.unwrap();
        let dns = Arc::new(Dns::default());
        let (domains, warnings) = list(&server, &dns).await.unwrap();
        assert!((900..=1_001).contains(&domains.len()), "{}", domains.len());
        assert!(warnings.iter().any(|warning| warning.contains(said)), "{warnings:?}");
        assert!(warnings.iter().any(|warning| warning.contains("were not looked up")));
        assert_eq!(dns.asked.lock().unwrap().len(), 64);
    }
}

#[tokio::test]
async fn a_refused_password_lists_nothing() {
    let server = serve(&directory()).await;
    let refusal = LdapResult::new(49, "80090308: LdapErr: DSID-0, comment: x, data 775, v1");
    let script = Script::new().with(When::operation(OperationKind::Bind), Fault::Answer(refusal));
    server.set_script(script);
    let dns = Arc::new(Dns::default());
    let error = list(&server, &dns).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BindRefused);
    assert_eq!(*dns.asked.lock().unwrap(), Vec::<String>::new());
}
