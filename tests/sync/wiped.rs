//! The password in the memory of a process that has used it.

use std::fs::{self, File};
use std::io::BufRead;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::sync::Arc;

use ldap_inventory::ErrorKind;
use ldap_inventory::credential::{Credential, Sealable, Sharing};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
use ldap_inventory::value::Secret;

use super::world::*;

/// Where the server is, for the process whose memory is looked at.
const URL: &str = "LDAP_INVENTORY_WIPED_URL";
const PIN: &str = "LDAP_INVENTORY_WIPED_PIN";

/// The octets of the password.
const OCTETS: usize = 96;
/// Behind these it is looked for: whoever gives memory back may write notes of his own over its beginning.
const NOTES: usize = 32;

/// An octet of the password, which stands nowhere as a whole.
fn octet(n: usize) -> u8 {
    let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    b'a' + u8::try_from(mixed % 26).unwrap()
}

fn password() -> String {
    let mut password = String::with_capacity(OCTETS);
    password.extend((0..OCTETS).map(|n| char::from(octet(n))));
    password
}

/// How often the password is in memory that this process can write to.
struct Memory {
    file: File,
    /// Holds what is looked at, and is not looked at itself.
    buffer: Vec<u8>,
}

impl Memory {
    fn own() -> Self {
        Self { file: File::open("/proc/self/mem").unwrap(), buffer: vec![0; 1 << 20] }
    }

    fn count(&mut self) -> usize {
        let start = self.buffer.as_ptr() as usize;
        let own = start..start + self.buffer.len();
        let regions = writable().into_iter().flat_map(|region| {
            [region.start..region.end.min(own.start), region.start.max(own.end)..region.end]
        });
        regions.map(|region| self.count_in(region)).sum()
    }

    fn count_in(&mut self, region: Range<usize>) -> usize {
        let wanted = OCTETS - NOTES;
        let (mut at, mut found) = (region.start, 0);
        while at + wanted <= region.end {
            let length = self.buffer.len().min(region.end - at);
            // Of what belongs to the system nothing can be read.
            let Ok(read @ 1..) = self.file.read_at(&mut self.buffer[..length], at as u64) else {
                return found;
            };
            found += occurrences(&self.buffer[..read]);
            if read < wanted {
                return found;
            }
            at += read - (wanted - 1);
        }
        found
    }
}

/// The memory of this process that it may write to.
fn writable() -> Vec<Range<usize>> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let region = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let address = |digits| usize::from_str_radix(digits, 16).ok();
        rest.starts_with("rw").then_some(address(start)?..address(end)?)
    };
    maps.lines().filter_map(region).collect()
}

fn occurrences(mut octets: &[u8]) -> usize {
    let mut found = 0;
    // What is read behind an octet like the first of them may be the rest.
    while octets.skip_until(octet(NOTES)).is_ok_and(|read| read > 0) {
        let mut rest = (NOTES + 1..OCTETS).zip(octets);
        found +=
            usize::from(rest.len() == OCTETS - NOTES - 1 && rest.all(|(n, it)| *it == octet(n)));
    }
    found
}

fn credential(url: &str, pin: &str) -> Credential {
    Credential::new("reader".parse().unwrap(), "CORP\\svc", Secret::new(password()))
        .with_server(url.parse().unwrap())
        .with_thumbprint(pin.parse().unwrap())
        .with_sharing(Sharing::Global)
}

fn source(credential: Credential) -> LdapSource {
    LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
}

/// The process whose memory is looked at, started anew by [the test below](a_password_is_wiped_wherever_this_crate_had_it).
#[tokio::test]
async fn the_process_whose_memory_is_looked_at() {
    let (Ok(url), Ok(pin)) = (std::env::var(URL), std::env::var(PIN)) else { return };
    let mut memory = Memory::own();
    assert_eq!(memory.count(), 0, "before there is any");
    let line = password();
    assert_eq!(memory.count(), 1, "whoever has it is found");
    let secret = Secret::from_line(line.as_bytes()).unwrap();
    assert_eq!(memory.count(), 2, "the line, and what was taken of it");
    drop((secret, Secret::new(line)));
    assert_eq!(memory.count(), 0, "of secrets");

    let credential = self::credential(&url, &pin);
    let sealable = Sealable::of(&credential);
    let copies = [credential.clone(), sealable.credential().unwrap()];
    assert_eq!(memory.count(), 4, "each of them has its own");
    drop((credential, sealable, copies));
    assert_eq!(memory.count(), 0, "of credentials");

    let (task, options) = (task(), SyncOptions::new());
    let run = async |pin: &str| {
        let source = source(self::credential(&url, pin));
        Box::pin(sync(&task, &source, &MemoryRepository::new(), &options)).await
    };
    let another = format!("127.0.0.1=SHA256:{}=", "A".repeat(43));
    assert_eq!(run(&another).await.unwrap_err().kind(), ErrorKind::CertificatePin);
    assert_eq!(memory.count(), 0, "of a run that did not come to its bind");

    assert!(run(&pin).await.unwrap().complete);
    // Of the bind request ldap3 and TLS had copies, which they do not wipe. They are gone when their memory is used again.
    println!("{} left by others", memory.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_wiped_wherever_this_crate_had_it() {
    let directory = TestDirectory::generated(11, 40, 20, 5);
    directory.write().add_account("svc", &password()).unwrap();
    let tls = ServerTls::self_signed(&["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory).with_ldaps(tls).start().await.unwrap();
    let (url, pin) = (server.url(), server.thumbprint().unwrap());
    let alone = move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let this = "sync::wiped::the_process_whose_memory_is_looked_at";
        command.args(["--exact", this, "--nocapture"]).env(URL, url).env(PIN, pin);
        command.output().unwrap()
    };
    let output = tokio::task::spawn_blocking(alone).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
