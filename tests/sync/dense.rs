//! Small worlds in which everything resembles everything: two domains, few names, private labels, names cut at 15
//! characters, twins, clusters, and scans that say little.

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Curation, ImportOptions, Scan};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::{SourceId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::world::acme;

const SHORTS: [&str; 8] =
    ["a1", "a2", "b1", "b2", "averylonghostna", "averylonghostnam", "averylonghostnam2", "laptop"];
const DOMAINS: [&str; 2] = ["corp.example", "branch.example"];
const SUFFIXES: [&str; 7] =
    ["", "", ".corp.example", ".branch.example", ".dhcp.corp.example", ".local", ".contoso.local"];
const SYSTEMS: [&str; 4] = ["Windows 11 Pro", "Rocky Linux 9.3", "unknown", ""];

/// Two directories, and what three scanners say.
pub(crate) struct Dense {
    pub(crate) directories: [Vec<DirectoryObject>; 2],
    /// Lines of a file for each scanner.
    pub(crate) scans: [Vec<String>; 3],
}

impl Dense {
    pub(crate) fn new(random: &mut SplitMix) -> Self {
        let directories = [0, 1].map(|of| {
            let most = random.below(6);
            (0..most).map(|n| account(random, of, n)).collect()
        });
        let scans = [0, 1, 2].map(|_| {
            let most = random.below(7);
            (0..most).map(|n| line(random, n)).collect()
        });
        Self { directories, scans }
    }

    /// A complete read of one of the directories.
    pub(crate) async fn sync(&self, repository: &dyn AssetRepository, of: usize) -> SyncReport {
        let directory = MockDirectory::new(self.directories[of].iter().cloned());
        let options = SyncOptions::new().with_full_read(true).with_explain(true);
        sync(&task(of), &directory, repository, &options).await.unwrap()
    }

    /// Gives a computer of one of the directories other names, another system, another last logon. Which directory.
    pub(crate) fn disturb(&mut self, random: &mut SplitMix) -> usize {
        let of = random.below(2);
        let accounts = &mut self.directories[of];
        if !accounts.is_empty() {
            let n = random.below(accounts.len());
            accounts[n] = account(random, of, n);
        }
        of
    }

    /// An import of what one of the scanners says.
    pub(crate) async fn import(&self, repository: &dyn AssetRepository, of: usize) {
        let scanner = SourceId::new("scan", format!("scanner-{of}")).unwrap();
        let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let scan = Scan::parse(self.scans[of].join("\n").as_bytes(), at);
        let options = ImportOptions::new("hq".parse().unwrap());
        Curation::new(repository, acme()).import(&scanner, &scan, &options).await.unwrap();
    }
}

/// The task for one of the directories.
pub(crate) fn task(of: usize) -> SyncTask {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    let source = SourceId::new("ldap", DOMAINS[of]).unwrap();
    SyncTask::new(DOMAINS[of], acme(), site, source, credential)
        .with_change_limits(ChangeLimits::off())
}

fn account(random: &mut SplitMix, of: usize, n: usize) -> DirectoryObject {
    let short = *random.pick(&SHORTS).unwrap();
    let cut: String = short.chars().take(15).collect();
    let mut record = computer(&cut.to_uppercase())
        .in_domain(DOMAINS[of])
        .with_guid(mock_guid(&format!("{of}-{n}")))
        .within(&format!("OU=Unit {n}"));
    record = match random.below(6) {
        0 => record.with("dNSHostName", &format!("{short}.dhcp.{}", DOMAINS[of])),
        1 => record.with("dNSHostName", &format!("a1.{}", DOMAINS[of])),
        _ => record.with("dNSHostName", &format!("{short}.{}", DOMAINS[of])),
    };
    if random.below(5) == 0 {
        let alias = random.pick(&SHORTS).unwrap();
        record = record.with("msDS-AdditionalDnsHostName", &format!("{alias}.{}", DOMAINS[of]));
    }
    if random.below(12) == 0 {
        record = record.with("servicePrincipalName", &format!("MSClusterVirtualServer/{short}"));
    }
    let system = random.pick(&SYSTEMS).unwrap();
    if !system.is_empty() {
        record = record.with("operatingSystem", system);
    }
    // Some were used shortly before the scans, some years before.
    let logon = *random.pick(&["134000000000000000", "131000000000000000"]).unwrap();
    if random.below(3) > 0 {
        record = record.with("lastLogonTimestamp", logon).with("pwdLastSet", logon);
    }
    if random.below(6) == 0 { record.disabled() } else { record }.build()
}

fn line(random: &mut SplitMix, n: usize) -> String {
    let mut names: Vec<String> = (0..1 + random.below(2))
        .map(|_| {
            let (short, suffix) = (random.pick(&SHORTS).unwrap(), random.pick(&SUFFIXES).unwrap());
            format!("\"{short}{suffix}\"")
        })
        .collect();
    names.dedup();
    let system = match random.below(3) {
        0 => String::new(),
        _ => format!(",\"os\":\"{}\"", random.pick(&SYSTEMS[..3]).unwrap()),
    };
    format!("{{\"id\":\"{n}\",\"names\":[{}]{system}}}", names.join(","))
}
