//! The domain of the demonstration.

use std::net::{IpAddr, Ipv4Addr};

use ldap_inventory::curation::ScannedAsset;
use ldap_inventory::name::Hostname;
use ldap_inventory::testing::{DirectoryEntry, DirectoryTree, TestDirectory};
use ldap_inventory::value::ObjectGuid;
use ldap_inventory::{Error, ErrorKind, Result};
use serde::Deserialize;

/// The computers that are worth a look.
const COMPUTERS: &str = include_str!("../demonstration/computers.jsonl");

/// The ordinary sort: the same on every machine.
const SEED: u64 = 7;
const COMPUTER_COUNT: usize = 240;
const USER_COUNT: usize = 400;
const GROUP_COUNT: usize = 30;

/// A domain, and which of its computers are worth a look.
#[derive(Debug)]
pub(crate) struct DemonstrationDomain {
    directory: TestDirectory,
    notable: Vec<NotableComputer>,
    ordinary: Vec<Hostname>,
}

/// One line of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NotableComputer {
    name: String,
    os: Option<String>,
    dns: Option<String>,
    disabled: bool,
    cluster: bool,
    #[serde(skip)]
    guid: Option<ObjectGuid>,
}

impl DemonstrationDomain {
    /// The domain on its first day.
    pub(crate) fn new() -> Result<Self> {
        let directory = TestDirectory::generated(SEED, COMPUTER_COUNT, USER_COUNT, GROUP_COUNT);
        let ordinary = directory.read().entries().filter_map(host_name).collect();
        let mut notable: Vec<NotableComputer> =
            COMPUTERS.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(
                |cause| {
                    Error::new(ErrorKind::Invalid, "the demonstration's computers cannot be read")
                        .with_source(cause)
                },
            )?;
        {
            let mut tree = directory.write();
            tree.add_account("svc-inventory", PASSWORD)?;
            let unit = tree.add_organizational_unit("Headquarters")?;
            tree.add_organizational_unit("Front of house")?;
            for computer in &mut notable {
                computer.guid = Some(computer.add_to(&mut tree, &unit)?);
            }
            // Some script wrote it in Latin-1.
            tree.set(&format!("CN=LAB-12,{unit}"), "location", [b"Geb\xe4ude 3".as_slice()])?;
        }
        Ok(Self { directory, notable, ordinary })
    }

    /// What is served.
    pub(crate) fn directory(&self) -> &TestDirectory {
        &self.directory
    }

    /// An account without special rights.
    pub(crate) fn account(&self) -> &'static str {
        "svc-inventory@corp.example.test"
    }

    /// Its password.
    pub(crate) fn password(&self) -> &'static str {
        PASSWORD
    }

    /// How many computers there are.
    pub(crate) fn computers(&self) -> usize {
        let tree = self.directory.read();
        tree.entries().filter(|entry| is_computer(entry)).count()
    }

    /// The objectGUID of one of them.
    pub(crate) fn object(&self, name: &str) -> Option<ObjectGuid> {
        self.notable.iter().find(|computer| computer.name == name)?.guid
    }

    /// What a scanner sees of the ordinary computers: of two in five all of the name, of one the short
    /// name and the domain, of one the short name, and one in five is switched off.
    pub(crate) fn scan(&self) -> impl Iterator<Item = ScannedAsset> {
        let seen = |(number, host): (usize, &Hostname)| {
            let short = Hostname::parse(host.short()).ok()?;
            let (name, domains) = match number % 5 {
                0 | 1 => (host.clone(), Vec::new()),
                2 => (short, vec!["CORP".to_owned()]),
                3 => (short, Vec::new()),
                _ => return None,
            };
            let [.., high, low] = u32::try_from(number).ok()?.to_be_bytes();
            let addresses = vec![IpAddr::V4(Ipv4Addr::new(10, 20, high, low))];
            let mut seen = ScannedAsset::named([name]);
            (seen.addresses, seen.domains) = (addresses, domains);
            Some(seen)
        };
        self.ordinary.iter().enumerate().filter_map(seen)
    }

    /// One computer is renamed and moved, and one is deleted.
    pub(crate) fn one_day_passes(&self) -> Result<()> {
        let mut tree = self.directory.write();
        let base = tree.base_dn().to_owned();
        let unit = format!("OU=Headquarters,{base}");
        let moved =
            tree.move_to(&format!("CN=RECEPTION,{unit}"), &format!("OU=Front of house,{base}"))?;
        let renamed = tree.rename(&moved, "WELCOME-DESK")?;
        tree.set(&renamed, "sAMAccountName", ["WELCOME-DESK$"])?;
        tree.set(&renamed, "dNSHostName", ["welcome-desk.corp.example.test"])?;
        tree.delete(&format!("CN=BUILD-03,{unit}"))?;
        Ok(())
    }
}

/// 2026-11-19, a day before most of the scans.
const LAST_LOGON: &str = "134395200000000000";

/// Of an account that exists within this program alone.
const PASSWORD: &str = "correct horse battery staple";

impl NotableComputer {
    fn add_to(&self, tree: &mut DirectoryTree, unit: &str) -> Result<ObjectGuid> {
        let dn = tree.add_computer_in(unit, &self.name)?;
        if let Some(os) = &self.os {
            tree.set(&dn, "operatingSystem", [os.as_str()])?;
        }
        if let Some(dns) = &self.dns {
            // None was registered yet if it is empty.
            let registered = (!dns.is_empty()).then_some(dns.as_str());
            tree.set(&dn, "dNSHostName", registered)?;
        }
        tree.set(&dn, "lastLogonTimestamp", [LAST_LOGON])?;
        if self.disabled {
            tree.set(&dn, "userAccountControl", ["4098"])?;
        }
        if self.cluster {
            let service = format!("MSClusterVirtualServer/{}", self.name);
            tree.set(&dn, "servicePrincipalName", [service])?;
            tree.set(&dn, "operatingSystem", [""; 0])?;
        }
        let missing = || Error::new(ErrorKind::NotFound, "a computer that was just added is gone");
        tree.entry(&dn).map(DirectoryEntry::guid).ok_or_else(missing)
    }
}

/// The host name of a computer, if it is one and has one.
fn host_name(entry: &DirectoryEntry) -> Option<Hostname> {
    let name = is_computer(entry).then(|| entry.text("dNSHostName"))??;
    Hostname::parse(&name).ok()
}

fn is_computer(entry: &DirectoryEntry) -> bool {
    entry.values("objectClass").iter().any(|class| class == b"computer")
}
