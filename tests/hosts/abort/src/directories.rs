//! Runs: over a list of objects, over LDAPS, over a server that answers what is nested too deep, and in two steps.

use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::{Credential, ServerUrl, Sharing};
use ldap_inventory::ldap::{ConnectLimits, LdapSource, ServerCertificate, TlsProvider};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::sync::{SyncOptions, plan, sync};
use ldap_inventory::testing::{
    Fault, MockDirectory, MockRecord, OperationKind, Raw, Script, ServerTls, TestDirectory,
    TestServer, When,
};
use ldap_inventory::value::{ReadMode, Secret};
use ldap_inventory::{ErrorKind, Result};

use crate::{acme, memory, run, sqlite, task};

/// So many computers and users, and a group of the users. Each round renames one of either, and makes others new.
fn domain(round: usize) -> Vec<MockRecord> {
    let computers = (round..round + 60).map(|n| MockRecord::computer(&format!("PC{n}")));
    let users: Vec<_> =
        (round..round + 40).map(|n| MockRecord::user(&format!("user{n}"))).collect();
    let staff = users.iter().fold(MockRecord::group("Staff"), |staff, user| {
        staff.with_member(&user.clone().build().dn)
    });
    let computers = computers.map(|pc| pc.with("description", &format!("in round {round}")));
    computers.chain(users).chain([staff]).collect()
}

/// A full read, and reads of changes after it.
pub(crate) async fn read_into(store: fn() -> Arc<dyn AssetRepository>) -> Result<String> {
    let repository = store();
    let directory = MockDirectory::new(domain(0)).with_deltas(ReadMode::DirSync, false);
    let first = run(&directory, &*repository).await?;
    let mut updated = 0;
    for round in 1..4 {
        directory.set_objects(domain(round));
        let report = run(&directory, &*repository).await?;
        assert_eq!(report.mode, ReadMode::DirSync);
        updated += report.computers.updated;
    }
    Ok(format!("{} computers created, {updated} updated", first.computers.created))
}

/// A server that speaks like a domain controller, and a source that reads it.
async fn serve(script: Script) -> Result<(TestDirectory, TestServer, LdapSource)> {
    let directory = TestDirectory::generated(7, 60, 40, 10);
    directory.write().add_account("svc", "a password of tests")?;
    let tls = ServerTls::self_signed(&["127.0.0.1"])?;
    let server =
        TestServer::builder(&directory).with_ldaps(tls).with_script(script).start().await?;
    let credential =
        Credential::new("reader".parse()?, "CORP\\svc", Secret::new("a password of tests"))
            .with_server(server.url().parse()?)
            .with_thumbprint(server.thumbprint().unwrap().parse()?)
            .with_sharing(Sharing::Global);
    let source = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
    Ok((directory, server, source))
}

/// All that a source is asked: who the server is, what it holds, what changed since, and what it knows of its forest.
pub(crate) async fn read_a_server() -> Result<String> {
    let (directory, server, source) = serve(Script::new()).await?;
    let url: ServerUrl = server.url().parse()?;
    let limits = ConnectLimits::default();
    let certificates =
        ServerCertificate::probe(&url, false, TlsProvider::default(), &limits).await?;
    assert_eq!(certificates.len(), 1);
    let reader = "reader".parse()?;
    let identity = source.identify(&reader, &acme()).await?;
    assert_eq!(identity.domain.as_deref(), Some("corp.example.test"));
    source.forest(&reader, &acme()).await?;

    let repository = sqlite();
    let first = run(&source, &*repository).await?;
    directory.write().add_computer("NEW1")?;
    let second = run(&source, &*repository).await?;
    assert_eq!((second.mode, second.computers.created), (ReadMode::DirSync, 1));
    Ok(format!("{} computers created, then one", first.computers.created))
}

/// A server whose answer would overflow a parser that follows it down.
pub(crate) async fn read_nested_messages() -> Result<String> {
    let nested = Raw::nested_sequences(20_000).into();
    let search = When::operation(OperationKind::Search).nth(2);
    let (_, _server, source) = serve(Script::new().with(search, Fault::Instead(nested))).await?;
    let repository = memory();
    match sync(&task(), &source, &*repository, &SyncOptions::new()).await {
        Ok(report) => {
            assert!(!report.complete);
            Ok("an incomplete read".to_owned())
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Protocol);
            Ok("no read".to_owned())
        }
    }
}

/// A dry run, then a plan, and the plan applied.
pub(crate) async fn plan_and_apply() -> Result<String> {
    let repository = sqlite();
    let (directory, options) = (MockDirectory::new(domain(0)), SyncOptions::new());
    let dry = options.clone().with_dry_run(true);
    let report = sync(&task(), &directory, &*repository, &dry).await?;
    let planned = plan(&task(), &directory, &*repository, &options).await?;
    assert_eq!(planned.report.computers, report.computers);
    let applied = planned.apply(&*repository, &options).await?;
    assert_eq!(applied.dropped, 0);
    Ok(format!("{} changes", applied.written))
}
