//! The global catalog, which a run that was given its port finds in place of a domain.

use ldap_inventory::directory::Transport;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{DirectoryTree, ServerTls, TestCa, TestDirectory, TestServer};
use serde_json::Value;

use crate::road::Road;

use super::wire::{PASSWORD, credential, source, trusting};
use super::world::*;

const PORTS: [(u16, Transport); 2] = [(3268, Transport::StartTls), (3269, Transport::Ldaps)];

/// More than a few computers, of whose attributes some have one, and groups of which one is universal.
fn domain() -> TestDirectory {
    let directory = TestDirectory::new();
    {
        let mut tree = directory.write();
        tree.add_account("svc", PASSWORD).unwrap();
        let computers: Vec<String> =
            (0..12).map(|n| tree.add_computer(&format!("PC{n}")).unwrap()).collect();
        for computer in &computers {
            tree.set(computer, "operatingSystem", ["Windows 11"]).unwrap();
        }
        tree.set(&computers[0], "location", ["hall"]).unwrap();
        for (name, members) in [("Universal", 0..4), ("Global", 2..12)] {
            let group = tree.add_group(name).unwrap();
            tree.add_values(&group, "member", computers[members].to_vec()).unwrap();
        }
    }
    directory
}

/// Leaves what a global catalog has: parts of every object, no members of groups that are not universal, and not
/// what is new.
fn leave_a_part(tree: &mut DirectoryTree) {
    let entries = |tree: &DirectoryTree, class: &str| -> Vec<String> {
        let is = |value: &Vec<u8>| value == class.as_bytes();
        let entries = tree.entries().filter(|entry| entry.values("objectClass").iter().any(is));
        entries.map(|entry| entry.dn().to_owned()).collect()
    };
    for computer in entries(tree, "computer") {
        for attribute in ["location", "operatingSystem"] {
            tree.set::<Vec<u8>>(&computer, attribute, []).unwrap();
        }
        if computer.starts_with("CN=PC11,") {
            tree.set_hidden(&computer, true).unwrap();
        }
    }
    for group in entries(tree, "group").iter().filter(|dn| dn.starts_with("CN=Global,")) {
        tree.set::<Vec<u8>>(group, "member", []).unwrap();
    }
}

/// What the inventory has, but for when its objects changed and what is said of their values.
fn substance(content: &mut Value) {
    match content {
        Value::Object(fields) => {
            for passing in ["digest", "leftOut", "uSNChanged", "whenChangedTS"] {
                fields.remove(passing);
            }
            fields.values_mut().for_each(substance);
        }
        Value::Array(values) => values.iter_mut().for_each(substance),
        _ => {}
    }
}

fn lost(report: &SyncReport) -> u64 {
    let SyncReport { computers, users, groups, .. } = report;
    let of_computers = computers.missing + computers.gone;
    of_computers + users.missing + users.gone + groups.missing + groups.gone
}

#[tokio::test]
async fn a_global_catalog_in_place_of_a_domain_is_named_and_takes_nothing_away() {
    let (directory, ca) = (domain(), TestCa::new("Example Test CA").unwrap());
    let own = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let builder = TestServer::builder(&directory).with_ldaps(own.clone());
    let server = builder.with_start_tls(own).start().await.unwrap();
    let repository = MemoryRepository::new();
    let run = async |url: String| {
        let source = source(trusting(credential(Some(url)), &ca));
        let options = SyncOptions::new().with_full_read(true);
        sync(&task(), &source, &repository, &options).await.unwrap()
    };
    let known = async || {
        let mut content = content(&repository).await;
        substance(&mut content);
        content
    };
    assert!(run(server.url()).await.complete);
    let before = known().await;

    leave_a_part(&mut directory.write());
    for (port, transport) in PORTS {
        let to = match transport {
            Transport::Ldaps => server.ldaps_address(),
            _ => server.ldap_address(),
        };
        let road = Road::from_port(port, to.unwrap()).await;
        let names = [&*road.address().ip().to_string(), "127.0.0.1"];
        server.set_tls(ServerTls::signed_by(&ca, &names).unwrap()).unwrap();
        let report = run(road.address().to_string()).await;
        assert_eq!((report.complete, report.transport), (false, transport));
        let because = report.incomplete_because.as_deref().unwrap();
        assert!(because.contains("global catalog"), "{because}");
        assert!(report.warnings.iter().any(|warning| warning == because), "{:?}", report.warnings);
        assert!(report.computers.read > 0, "it is read all the same");
        assert_eq!(lost(&report), 0, "{report:?}");
        assert_same(&known().await, &before, port);
    }

    // What the domain itself does not show any more is gone.
    assert!(run(server.url()).await.complete);
    let of_domain = known().await.to_string();
    assert!(!of_domain.contains("hall") && before.to_string().contains("hall"));
}
