//! The directories, and what happens in them: one for each process that syncs, and one that all of them contend for.

use std::sync::Arc;

use ldap_inventory::Result;
use ldap_inventory::credential::{Credential, Sharing};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{SplitMix, TestDirectory, TestServer};
use ldap_inventory::value::{Secret, SourceId};

use crate::acme;

const PASSWORD: &str = "c4nary-soak";
const COMPUTERS: usize = 250;
const USERS: usize = 80;
const GROUPS: usize = 12;
/// So many computers of each directory keep their names, and stay.
pub(crate) const KEPT: usize = 40;

/// Directories that are served.
pub(crate) struct Directories {
    served: Vec<Served>,
    random: SplitMix,
    changes: u64,
}

struct Served {
    directory: TestDirectory,
    server: TestServer,
    archive: String,
}

/// The task that syncs a directory. The last directory is the one that is contended for.
pub(crate) fn task(directory: usize) -> SyncTask {
    let source = SourceId::new("ldap", &domain(directory)).expect("a name");
    let (site, reader) = ("hq".parse().expect("a name"), "reader".parse().expect("a name"));
    SyncTask::new(domain(directory), acme(), site, source, reader)
        .with_change_limits(ChangeLimits::off())
}

/// A directory at this URL.
pub(crate) fn source(directory: usize, url: &str) -> Result<LdapSource> {
    let account = format!("CORP{directory}\\svc");
    let credential = Credential::new("reader".parse()?, account, Secret::new(PASSWORD))
        .with_server(url.parse()?)
        .with_plain_ldap(true)
        .with_sharing(Sharing::Global);
    Ok(LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential]))))
}

/// What a computer is called that keeps its name.
pub(crate) fn kept(directory: usize, n: usize) -> String {
    format!("kept{n}-{directory}.{}", domain(directory))
}

fn domain(directory: usize) -> String {
    format!("corp{directory}.example")
}

impl Directories {
    /// Serves one more than there are processes that sync.
    pub(crate) async fn serve(seed: u64, hosts: usize) -> Result<Self> {
        let mut random = SplitMix::new(seed ^ 0xd12e);
        let mut served = Vec::new();
        for number in 0..=hosts {
            served.push(Served::new(number, &mut random).await?);
        }
        Ok(Self { served, random, changes: 0 })
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.served.iter().map(|served| served.server.url()).collect()
    }

    /// Something happens in one of them.
    pub(crate) fn change(&mut self) -> Result<()> {
        self.changes += 1;
        let at = self.random.below(self.served.len());
        self.served[at].change(self.changes, &mut self.random)
    }
}

impl Served {
    async fn new(number: usize, random: &mut SplitMix) -> Result<Self> {
        let name = domain(number);
        let netbios = format!("CORP{number}");
        let directory = TestDirectory::of_domain(&name, &netbios, random.next_u64());
        let archive = {
            let mut tree = directory.write();
            tree.add_account("svc", PASSWORD)?;
            for n in 0..KEPT {
                tree.add_computer(&format!("KEPT{n}-{number}"))?;
            }
            let mut members = Vec::new();
            for n in 0..COMPUTERS {
                members.push(tree.add_computer(&format!("PC{n}-{number}"))?);
            }
            for n in 0..USERS {
                members.push(tree.add_user(&format!("user{n}"))?);
            }
            for n in 0..GROUPS {
                let group = tree.add_group(&format!("group{n}"))?;
                let some = members.iter().skip(n).step_by(GROUPS);
                tree.add_values(&group, "member", some.map(String::as_str))?;
            }
            tree.add_organizational_unit("Archive")?
        };
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
        Ok(Self { directory, server: server.start().await?, archive })
    }

    fn change(&self, number: u64, random: &mut SplitMix) -> Result<()> {
        let (computers, members) = (self.of_class("computer"), self.of_class("user"));
        let groups = self.of_class("group");
        let groups: Vec<String> =
            groups.into_iter().filter(|dn| dn.starts_with("CN=group")).collect();
        let changeable: Vec<String> =
            computers.iter().filter(|dn| dn.starts_with("CN=PC")).cloned().collect();
        let mut tree = self.directory.write();
        let [Some(any), Some(pc), Some(user), Some(group)] =
            [&computers, &changeable, &members, &groups].map(|dns| random.pick(dns))
        else {
            return Ok(());
        };
        match random.below(10) {
            0..3 => tree.set(any, "description", [format!("changed by {number}")]),
            3 => tree.set(pc, "userAccountControl", [["4096", "4098"][random.below(2)]]),
            4 => tree.rename(pc, &format!("PC-renamed{number}")).map(drop),
            5 => tree.move_to(pc, &self.archive).map(drop),
            6 if changeable.len() > COMPUTERS / 2 => tree.delete(pc).map(drop),
            7 if changeable.len() < COMPUTERS * 2 => {
                tree.add_computer(&format!("PC-new{number}")).map(drop)
            }
            8 => tree.add_values(group, "member", [user.as_str()]),
            9 => tree.remove_values(group, "member", [user.as_str()]),
            _ => tree.set(user, "title", [format!("title {number}")]),
        }
        // What does not go, as a move to where it is, is no change.
        .or(Ok(()))
    }

    fn of_class(&self, class: &str) -> Vec<String> {
        let tree = self.directory.read();
        let is_of = |entry: &&ldap_inventory::testing::DirectoryEntry| {
            let last = entry.values("objectClass").last();
            last.is_some_and(|last| last == class.as_bytes())
                && entry.dn().ends_with(tree.base_dn())
        };
        let dns = tree.entries().filter(is_of).map(|entry| entry.dn().to_owned());
        dns.filter(|dn| !dn.contains("Deleted Objects")).collect()
    }
}
