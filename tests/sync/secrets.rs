//! The password is nowhere but in the bind request.

use std::fmt::Debug;
use std::io::{Result as IoResult, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::{CaCertificate, Credential, SignIn};
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, plan, sync};
use ldap_inventory::testing::{
    AccountState, Fault, LdapResult, OperationKind, Script, ServerTls, TestCa, TestServer, When,
};
use ldap_inventory::value::Secret;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use super::wire::{PASSWORD, credential, directory, source};
use super::world::*;

/// Everything that was said, by whom ever.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<Vec<u8>>>);

impl Everything {
    fn say(&self, what: impl Debug) {
        writeln!(self.clone(), "{what:?} {what:#?}").unwrap();
    }

    fn write_down(&self, text: impl AsRef<[u8]>) {
        self.0.lock().unwrap().extend_from_slice(text.as_ref());
    }

    fn contains(&self, what: &[u8]) -> bool {
        self.0.lock().unwrap().windows(what.len()).any(|window| window == what)
    }
}

impl Write for Everything {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        self.write_down(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Everything {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The password as programs print it: as text, as lists of bytes, in hexadecimal, in Base64.
fn disguises(password: &str) -> Vec<String> {
    let bytes = password.as_bytes();
    let list = format!("{bytes:?}");
    let lines = format!("{bytes:#?}").replace(['[', ']'], "");
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        password.to_owned(),
        list.trim_matches(['[', ']']).to_owned(),
        lines.trim().to_owned(),
        hexadecimal.to_uppercase(),
        hexadecimal,
        BASE64.encode(password),
    ]
}

/// Set in the process that listens alone.
const ALONE: &str = "LDAP_INVENTORY_TEST_ALONE";

/// Runs in a process of its own: what a log listens to is remembered for the whole process, and the tests
/// beside this one have nobody who listens.
#[test]
fn the_password_appears_in_no_log_no_debug_no_error_no_report_and_no_file() {
    if std::env::var_os(ALONE).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(listen());
    }
    let this =
        "sync::secrets::the_password_appears_in_no_log_no_debug_no_error_no_report_and_no_file";
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stdout);
    assert!(alone.status.success() && said.contains("1 passed"), "{said}");
}

async fn listen() {
    let everything = Everything::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(everything.clone())
        .finish();
    subscriber.init();

    let (folder, ca) = (tempfile::tempdir().unwrap(), TestCa::new("Example Test CA").unwrap());
    let directory = directory();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let builder = TestServer::builder(&directory).with_ldaps(tls.clone()).with_start_tls(tls);
    let server = builder.with_plain_binds().start().await.unwrap();
    let pem = ca.certificate_pem();
    let trusted = |credential: Credential| {
        credential.with_ca_certificates(CaCertificate::parse_all(pem.as_bytes()).unwrap())
    };
    for url in [server.ldaps_url(), server.ldap_url()] {
        succeed(trusted(credential(url.clone())), folder.path(), &everything).await;
        let account = "CN=svc,CN=Users,DC=corp,DC=example,DC=test";
        for state in [AccountState::Locked, AccountState::Expired, AccountState::PasswordExpired] {
            directory.write().set_account_state(account, state).unwrap();
            fail(trusted(credential(url.clone())), &everything).await;
        }
        directory.write().set_account_state(account, AccountState::Enabled).unwrap();
        fail(credential(url.clone()), &everything).await;
        let mut wrong = trusted(credential(url));
        wrong.sign_in = SignIn::simple("nobody@corp.example.test", Secret::new(PASSWORD));
        fail(wrong, &everything).await;
    }
    // A server that repeats it wherever it may say something.
    for kind in [OperationKind::Bind, OperationKind::Search] {
        for n in 1..=8 {
            let echo = LdapResult::new(53, format!("unwilling, and by the way: {PASSWORD}"));
            let when = When::operation(kind).nth(n);
            server.set_script(Script::new().with(when, Fault::Answer(echo)));
            let source = source(trusted(credential(server.ldaps_url())));
            let (empty, options) = (MemoryRepository::new(), SyncOptions::new());
            match sync(&task(), &source, &empty, &options).await {
                Ok(report) => everything.say(&report),
                Err(error) => everything.say(&error),
            }
        }
    }
    assert!(everything.contains(b"repeats the password"), "nothing was repeated");
    assert!(server.received(PASSWORD.as_bytes()), "the password was to be used");
    drop(server);

    // ldap3 writes to the same log as rustls, and only when something breaks.
    for target in ["ldap_inventory", "rustls"] {
        assert!(everything.contains(target.as_bytes()), "{target} was not listened to");
    }
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        everything.write_down(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for disguise in disguises(PASSWORD) {
        assert!(!everything.contains(disguise.as_bytes()), "{disguise} was found");
    }
}

async fn succeed(credential: Credential, folder: &std::path::Path, everything: &Everything) {
    everything.say(&credential);
    everything.say(&credential.sign_in);
    everything.say(MemoryCredentialStore::from_iter([credential.clone()]));
    let source = source(credential);
    everything.say(&source);
    let (empty, options) = (MemoryRepository::new(), SyncOptions::new().with_explain(true));
    let plan = plan(&task(), &source, &empty, &options).await.unwrap();
    everything.say(&plan);
    everything.write_down(serde_json::to_string(&plan).unwrap());
    #[cfg(feature = "sqlite")]
    let repository =
        ldap_inventory::store::SqliteRepository::open(folder.join("inventory.db")).unwrap();
    #[cfg(not(feature = "sqlite"))]
    let repository = MemoryRepository::new();
    let report = sync(&task(), &source, &repository, &options).await.unwrap();
    assert!(report.complete && folder.exists());
    everything.say(&report);
    everything.write_down(serde_json::to_string(&report).unwrap());
    everything.say(repository.runs(&acme(), &corp(), 9).await.unwrap());
    everything.say(inventory(&repository).await);
    everything.say(&options);
    everything.say(task());
}

async fn fail(credential: Credential, everything: &Everything) {
    let source = source(credential);
    let error = sync(&task(), &source, &MemoryRepository::new(), &SyncOptions::new()).await;
    let error = error.unwrap_err();
    everything.say(&error);
    everything.write_down(format!("{error} {}", error.report()));
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        everything.write_down(format!("{error} {error:?}"));
        cause = error.source();
    }
}

#[test]
fn a_password_is_found_in_every_disguise() {
    for (n, disguise) in disguises("ab").iter().enumerate() {
        let everything = Everything::default();
        everything.write_down(format!("{:?} {:#?} 6162 YWI= ab", b"ab", b"ab"));
        assert!(everything.contains(disguise.as_bytes()), "{n}: {disguise}");
    }
}
