//! Exports as a directory: the same objects as over LDAP, the contract of a source, and runs that no server was asked
//! in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, AssetsRequest, DirectoryGroup, PrincipalsRequest};
use ldap_inventory::credential::{Credential, Sharing};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, FullReadReason, Membership, ReadEnd,
    ReadRequest, Transport, Verification,
};
use ldap_inventory::ldap::{LdapSource, LdifSource};
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{
    MockDirectory, MockEnding, MockRecord, TestDirectory, TestServer, contract,
};
use ldap_inventory::value::{ObjectGuid, ReadMode, Secret, SourceId};
use tempfile::TempDir;

/// What a search for `*` and `memberOf` shows, of what a domain controller has.
const EXPORTED: [&str; 40] = [
    "objectClass",
    "objectGUID",
    "objectSid",
    "accountExpires",
    "cn",
    "company",
    "department",
    "description",
    "displayName",
    "dNSHostName",
    "givenName",
    "groupType",
    "instanceType",
    "isCriticalSystemObject",
    "l",
    "lastLogonTimestamp",
    "location",
    "logonCount",
    "mail",
    "managedBy",
    "member",
    "memberOf",
    "msDS-AllowedDNSSuffixes",
    "name",
    "nCName",
    "nETBIOSName",
    "dnsRoot",
    "objectCategory",
    "operatingSystem",
    "operatingSystemVersion",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountName",
    "sAMAccountType",
    "servicePrincipalName",
    "sn",
    "userAccountControl",
    "userPrincipalName",
    "whenChanged",
    "whenCreated",
];

fn domain() -> TestDirectory {
    let directory = TestDirectory::generated(23, 120, 60, 15);
    let mut tree = directory.write();
    tree.add_account("svc", "secret").unwrap();
    let name = "b\u{fc}ro-pc";
    tree.add_computer(name).unwrap();
    drop(tree);
    directory
}

/// As `ldapsearch -b BASE '(objectClass=*)'` writes it, folded at 76 characters.
fn export(directory: &TestDirectory) -> String {
    let tree = directory.read();
    let base = tree.base_dn();
    let mut text = format!(
        "# extended LDIF\n#\n# LDAPv3\n# base <{base}> with scope subtree\n# filter: (objectClass=*)\n# requesting: * memberOf \n#\n\n"
    );
    let mut count = 0;
    for entry in tree.entries().filter(|entry| entry.values("isDeleted").is_empty()) {
        put(&mut text, "dn", entry.dn().as_bytes());
        for name in EXPORTED {
            entry.values(name).iter().for_each(|value| put(&mut text, name, value));
        }
        text.push('\n');
        count += 1;
    }
    let responses = count + 1;
    let _ = write!(
        text,
        "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: {responses}\n# numEntries: {count}\n"
    );
    text
}

fn put(text: &mut String, name: &str, value: &[u8]) {
    let line = match std::str::from_utf8(value) {
        Ok(value) if value.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) => {
            format!("{name}: {value}")
        }
        _ => format!("{name}:: {}", STANDARD.encode(value)),
    };
    let (first, rest) = line.split_at(line.len().min(76));
    text.push_str(first);
    rest.as_bytes().chunks(75).for_each(|more| {
        text.push_str("\n ");
        text.push_str(std::str::from_utf8(more).unwrap());
    });
    text.push('\n');
}

/// A file with this text, in a directory of its own.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("export.ldif");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn request() -> ReadRequest {
    ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap())
}

fn over_ldap(server: &TestServer) -> LdapSource {
    let credential = Credential::new("reader".parse().unwrap(), "CORP\\svc", Secret::new("secret"))
        .with_server(server.url().parse().unwrap())
        .with_insecure(true)
        .with_sharing(Sharing::Global);
    LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
}

async fn serve(directory: &TestDirectory) -> TestServer {
    TestServer::builder(directory).with_ldap().with_plain_binds().start().await.unwrap()
}

async fn read(source: &dyn DirectorySource) -> (BTreeMap<ObjectGuid, DirectoryObject>, ReadEnd) {
    let events: Vec<DirectoryEvent> =
        source.read(request()).await.unwrap().try_collect().await.unwrap();
    let (mut objects, mut end) = (BTreeMap::new(), None);
    for event in events {
        match event {
            DirectoryEvent::Page(page) => {
                objects.extend(page.objects.into_iter().map(|object| (object.guid, object)));
            }
            DirectoryEvent::End(last) => end = Some(*last),
            _ => {}
        }
    }
    (objects, end.unwrap())
}

fn task(domain: &str) -> SyncTask {
    let source = SourceId::new("ldap", domain).unwrap();
    let [organization, site, reader] = ["acme", "hq", "reader"];
    SyncTask::new(
        "corp",
        organization.parse().unwrap(),
        site.parse().unwrap(),
        source,
        reader.parse().unwrap(),
    )
}

#[tokio::test]
async fn an_export_has_the_very_objects_that_are_read_over_ldap() {
    let directory = domain();
    let server = serve(&directory).await;
    let (by_ldap, ldap) = read(&over_ldap(&server)).await;
    let (_folder, file) = file(&export(&directory));
    let (by_file, end) = read(&LdifSource::new(&file)).await;
    assert!(end.completeness.is_complete(), "{:?}", end.completeness);
    assert!(by_file.keys().eq(by_ldap.keys()));
    for (guid, object) in &by_ldap {
        // What only one server knows, and changes with every logon, is in no export of what all know.
        assert_eq!(object.digest(), by_file[guid].digest(), "{object:?}\n{:?}", by_file[guid]);
    }
    let told = |end: &ReadEnd| {
        let server = &end.server;
        (server.domain.clone(), server.netbios_domain.clone(), server.other_domains.clone())
    };
    assert_eq!(told(&end), told(&ldap));
    assert_eq!(end.scope.bases[0].normalized(), ldap.scope.bases[0].normalized());
}

#[tokio::test]
async fn an_export_of_exports_keeps_the_contract_of_a_source() {
    let directory = domain();
    let text = export(&directory);
    contract::directory_source(|| async {
        let (folder, file) = file(&text);
        (folder, LdifSource::new(file), request())
    })
    .await;
    // One that shows nothing by itself, of objects that were written by what reads them.
    let (_folder, whole) = file(&text);
    let (objects, _) = read(&LdifSource::new(whole)).await;
    let written: String = objects.values().map(DirectoryObject::to_ldif).collect();
    contract::directory_source(|| async {
        let (folder, file) = file(&written);
        (folder, LdifSource::new(file).with_complete(true), request())
    })
    .await;
}

#[tokio::test]
async fn a_run_over_an_export_leaves_the_inventory_that_a_run_over_ldap_leaves() {
    let directory = domain();
    let server = serve(&directory).await;
    let inventory = MemoryRepository::new();
    let run = async |source: &dyn DirectorySource| {
        sync(&task("corp.example.test"), source, &inventory, &SyncOptions::new()).await.unwrap()
    };
    let (_folder, file) = file(&export(&directory));
    let first = run(&LdifSource::new(&file)).await;
    assert!(first.complete && first.computers.created > 100, "{first:?}");
    let second = run(&over_ldap(&server)).await;
    let (computers, users, groups) = (&second.computers, &second.users, &second.groups);
    assert_eq!((computers.created, computers.updated, computers.missing), (0, 0, 0), "{second:?}");
    assert_eq!((users.created, users.updated, users.missing), (0, 0, 0), "{second:?}");
    assert_eq!((groups.created, groups.updated, groups.missing), (0, 0, 0), "{second:?}");
}

#[tokio::test]
async fn an_export_that_lacks_things_takes_nothing_that_an_account_saw() {
    let directory = domain();
    let server = serve(&directory).await;
    let inventory = MemoryRepository::new();
    let run = async |source: &dyn DirectorySource| {
        sync(&task("corp.example.test"), source, &inventory, &SyncOptions::new()).await.unwrap()
    };
    let before = run(&over_ldap(&server)).await;
    let known = attributes(&inventory).await;
    // Every second object, and hardly any of their attributes. Memberships are known by the group.
    let (objects, _) = read(&over_ldap(&server)).await;
    let few = objects.into_values().step_by(2).map(|mut object| {
        let kept = ["objectClass", "sAMAccountName", "dNSHostName", "cn"];
        object.attributes =
            object.attributes.iter().filter(|(name, _)| kept.contains(name)).collect();
        object.to_ldif()
    });
    let (_folder, file) = file(&few.collect::<String>());
    let lacking = run(&LdifSource::new(&file).with_complete(true)).await;
    assert!(lacking.complete && lacking.lost.is_empty(), "{lacking:?}");
    let lost: BTreeSet<_> = known.difference(&attributes(&inventory).await).cloned().collect();
    assert_eq!(lost, BTreeSet::new());
    let after = run(&over_ldap(&server)).await;
    assert_eq!((after.computers.read, after.computers.restored), (before.computers.read, 0));
}

/// What an inventory has of computers and users, without what every reading has anew and what tells that something is
/// in doubt.
async fn attributes(inventory: &MemoryRepository) -> BTreeSet<(String, String, String)> {
    let request = || PrincipalsRequest::new("acme".parse().unwrap());
    let assets = inventory.each_asset(AssetsRequest::new("acme".parse().unwrap())).await.unwrap();
    let assets: Vec<_> = assets.try_collect().await.unwrap();
    let users: Vec<_> = inventory.each_user(request()).await.unwrap().try_collect().await.unwrap();
    let parts = assets.iter().flat_map(|asset| &asset.parts);
    let parts = parts.map(|part| (format!("{:?}", part.object), &part.attributes));
    let all = parts.chain(users.iter().map(|user| (user.object.to_string(), &user.attributes)));
    let passing = [
        "badPasswordTimeTS",
        "badPwdCount",
        "lastLogonTS",
        "leftOut",
        "logonCount",
        "memberOf",
        "ts",
        "uSNChanged",
        "whenChangedTS",
    ];
    all.flat_map(|(object, attributes)| {
        let lasting = attributes.iter().filter(|(name, _)| !passing.contains(name));
        let own = lasting.map(|(name, value)| (object.clone(), name.to_owned(), value.to_owned()));
        own.collect::<Vec<_>>()
    })
    .collect()
}

#[tokio::test]
async fn an_export_hides_nothing_of_the_forest_and_the_next_read_of_a_server_is_whole() {
    let inventory = MemoryRepository::new();
    let task = task("corp.example");
    let mut by_export = task.clone();
    by_export.credential = "export".parse().unwrap();
    let directory =
        MockDirectory::new([MockRecord::computer("WEB1")]).with_deltas(ReadMode::DirSync, false);
    directory.edit_end(|end| {
        end.server.other_domains = vec!["eu.corp.example".to_owned()];
        end.server.allowed_suffixes = vec!["dhcp.example".to_owned()];
    });
    let read = async || sync(&task, &directory, &inventory, &SyncOptions::new()).await.unwrap();
    read().await;
    assert_eq!(read().await.full_because, None);
    for is_complete in [true, false] {
        let (_folder, file) = file(&MockRecord::computer("WEB1").build().to_ldif());
        let export = LdifSource::new(&file).with_complete(is_complete);
        let report = sync(&by_export, &export, &inventory, &SyncOptions::new()).await.unwrap();
        assert_eq!(report.complete, is_complete, "{report:?}");
        assert_eq!(report.server.netbios_domain.as_deref(), Some("CORP"));
        assert_eq!(report.server.other_domains, ["eu.corp.example"]);
        assert_eq!(report.server.allowed_suffixes, ["dhcp.example"]);
        assert_eq!(read().await.full_because, Some(FullReadReason::ExportRead));
        assert_eq!(read().await.full_because, None);
    }
}

#[tokio::test]
async fn an_export_is_not_forgotten_however_many_runs_fail_since() {
    for failures in [1, 31, 32, 40] {
        let (inventory, task) = (MemoryRepository::new(), task("corp.example"));
        let directory = MockDirectory::new([MockRecord::computer("WEB1")])
            .with_deltas(ReadMode::DirSync, false);
        let read = async || sync(&task, &directory, &inventory, &SyncOptions::new()).await;
        read().await.unwrap();
        let (_folder, file) = file(&MockRecord::computer("WEB1").build().to_ldif());
        let export = LdifSource::new(&file);
        sync(&task, &export, &inventory, &SyncOptions::new()).await.unwrap();
        directory.set_ending(MockEnding::Refused(ErrorKind::Connect));
        for _ in 0..failures {
            assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Connect);
        }
        directory.set_ending(MockEnding::Complete);
        let report = read().await.unwrap();
        assert_eq!(report.full_because, Some(FullReadReason::ExportRead), "{failures}");
        assert_eq!(read().await.unwrap().full_because, None);
    }
}

#[tokio::test]
async fn what_exports_do_not_have_stays_in_every_one_of_them() {
    let directory = domain();
    let server = serve(&directory).await;
    let inventory = MemoryRepository::new();
    let run = async |source: &dyn DirectorySource| {
        sync(&task("corp.example.test"), source, &inventory, &SyncOptions::new()).await.unwrap()
    };
    run(&over_ldap(&server)).await;
    let known = attributes(&inventory).await;
    let members = members(&inventory).await;
    let (objects, _) = read(&over_ldap(&server)).await;
    let few = objects.into_values().map(|mut object| {
        object.attributes = object
            .attributes
            .iter()
            .filter(|(name, _)| ["objectClass", "cn"].contains(name))
            .collect();
        object.membership = object.membership.map(|_| Membership::default());
        object.sid = None;
        object.to_ldif()
    });
    let (_folder, file) = file(&few.collect::<String>());
    for _ in 0..3 {
        let report = run(&LdifSource::new(&file).with_complete(true)).await;
        assert!(report.complete, "{report:?}");
        let lost: BTreeSet<_> = known.difference(&attributes(&inventory).await).cloned().collect();
        assert_eq!(lost, BTreeSet::new());
        assert_eq!(self::members(&inventory).await, members);
    }
}

/// Who is in which group.
async fn members(inventory: &MemoryRepository) -> BTreeSet<(String, String)> {
    let request = PrincipalsRequest::new("acme".parse().unwrap());
    let groups: Vec<_> = inventory.each_group(request).await.unwrap().try_collect().await.unwrap();
    let of = |group: &DirectoryGroup| {
        let name = group.dn.to_string();
        let members = group.members.iter().map(|it| (name.clone(), it.dn.to_string()));
        members.collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}

#[tokio::test]
async fn no_server_is_no_weaker_protection_and_an_export_does_not_lower_it() {
    let directory = domain();
    let server = serve(&directory).await;
    let inventory = MemoryRepository::new();
    let task = task("corp.example.test");
    let last = async || SyncReport::last_protection(&inventory, &task, &[]).await.unwrap();
    sync(&task, &over_ldap(&server), &inventory, &SyncOptions::new()).await.unwrap();
    let own = Some((Transport::Ldap, Verification::Nothing));
    assert_eq!(last().await, own);
    let other = MemoryRepository::new();
    let (_folder, file) = file(&export(&directory));
    sync(&task, &LdifSource::new(&file), &other, &SyncOptions::new()).await.unwrap();
    assert_eq!(SyncReport::last_protection(&other, &task, &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_an_error_before_the_read() {
    let missing = LdifSource::new("/nonexistent/export.ldif");
    let error = missing.read(request()).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ldap_inventory::ErrorKind::NotFound, "{error}");
    assert_eq!(missing.identify().await.unwrap_err().kind(), error.kind());
}
