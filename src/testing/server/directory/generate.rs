//! Directories of any size that look like real ones, and are the same for the same seed.

use super::names::DomainNames;
use super::tree::{DirectoryTree, TestDirectory};
use crate::Result;
use crate::testing::SplitMix;

const SYSTEMS: [(&str, &str, bool); 7] = [
    ("Windows 11 Enterprise", "10.0 (22631)", false),
    ("Windows 11 Enterprise", "10.0 (26100)", false),
    ("Windows 10 Pro", "10.0 (19045)", false),
    ("Windows Server 2022 Standard", "10.0 (20348)", true),
    ("Windows Server 2019 Datacenter", "10.0 (17763)", true),
    ("Windows Server 2016 Standard", "10.0 (14393)", true),
    ("pc-linux-gnu", "6.1", true),
];
const SITES: [&str; 4] = ["Berlin", "Lyon", "Porto", "Austin"];
const SERVER_ROLES: [&str; 5] = ["web", "sql", "app", "file", "mail"];
const GIVEN: [&str; 8] = ["Ada", "Bjorn", "Chloe", "Dmitri", "Elif", "Farid", "Grace", "Hugo"];
const FAMILY: [&str; 8] =
    ["Almeida", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen"];
const DEPARTMENTS: [&str; 5] = ["Finance", "Engineering", "Sales", "Support", "People"];

/// The first second of 2026 as FILETIME.
const FILETIME_2026: u64 = 134_116_992_000_000_000;
const DAY: u64 = 864_000_000_000;

impl TestDirectory {
    /// A domain `corp.example.test` with as many computers, users and groups.
    ///
    /// Computers are named by site and role, about one in twenty is disabled, one in twenty-five was joined in advance and
    /// has no `dNSHostName`, and one in a hundred is a group managed service account. Users have departments and
    /// mail addresses. Groups have users, computers and other groups as members, nesting without cycles.
    ///
    /// ```
    /// use ldap_inventory::testing::TestDirectory;
    ///
    /// let generated = || TestDirectory::generated(7, 100, 20, 5);
    /// let (one, same) = (generated(), generated());
    /// assert!(one.read().entries().zip(same.read().entries()).all(|(a, b)| a.guid() == b.guid()));
    /// ```
    pub fn generated(seed: u64, computers: usize, users: usize, groups: usize) -> Self {
        let names = DomainNames::new("corp.example.test", "CORP", seed);
        let mut tree = DirectoryTree::of_domain(names, seed);
        if let Err(error) = fill(&mut tree, seed, computers, users, groups) {
            debug_assert!(false, "{error}");
        }
        Self::from(tree)
    }
}

fn fill(
    tree: &mut DirectoryTree,
    seed: u64,
    computers: usize,
    users: usize,
    groups: usize,
) -> Result<()> {
    let mut random = SplitMix::new(seed);
    let units: Vec<String> =
        SITES.iter().map(|site| tree.add_organizational_unit(site)).collect::<Result<_>>()?;
    let mut principals = Vec::with_capacity(computers + users);
    for number in 0..computers {
        principals.push(computer(tree, &mut random, &units, number)?);
    }
    for number in 0..users {
        principals.push(user(tree, &mut random, &units, number)?);
    }
    let mut made: Vec<String> = Vec::with_capacity(groups);
    for number in 0..groups {
        let department = random.pick(&DEPARTMENTS).copied().unwrap_or_default();
        let group = tree.add_group(&format!("{department} {number}"))?;
        let size = random.below(20.min(principals.len() + 1));
        let members: Vec<&String> = (0..size).filter_map(|_| random.pick(&principals)).collect();
        tree.add_values(&group, "member", members.into_iter().map(String::as_str))?;
        if number % 10 == 3
            && let Some(inner) = random.pick(&made)
        {
            tree.add_values(&group, "member", [inner.as_str()])?;
        }
        made.push(group);
    }
    Ok(())
}

fn computer(
    tree: &mut DirectoryTree,
    random: &mut SplitMix,
    units: &[String],
    number: usize,
) -> Result<String> {
    let at = random.below(units.len());
    let site = SITES.get(at).copied().unwrap_or_default();
    let unit = units.get(at).map(String::as_str).unwrap_or_default();
    let (system, version, server) = random.pick(&SYSTEMS).copied().unwrap_or_default();
    let role = if server { random.pick(&SERVER_ROLES).copied().unwrap_or_default() } else { "pc" };
    let name = format!("{}-{role}-{number:05}", site.get(..3).unwrap_or(site)).to_uppercase();
    let dn = tree.add_computer_in(unit, &name)?;
    let seen = FILETIME_2026 - DAY * random.below(200) as u64 - random.below(DAY as usize) as u64;
    tree.amend(&dn, "operatingSystem", system);
    tree.amend(&dn, "operatingSystemVersion", version);
    tree.amend(&dn, "lastLogonTimestamp", seen.to_string());
    tree.amend(&dn, "pwdLastSet", (seen - DAY * random.below(30) as u64).to_string());
    tree.amend(&dn, "logonCount", random.below(5000).to_string());
    if random.below(20) == 0 {
        tree.amend(&dn, "userAccountControl", "4098");
    }
    if random.below(25) == 0 {
        for absent in
            ["dNSHostName", "operatingSystem", "operatingSystemVersion", "lastLogonTimestamp"]
        {
            tree.amend_all(&dn, absent, [""; 0]);
        }
    }
    if random.below(100) == 0 {
        tree.amend_all(
            &dn,
            "objectClass",
            [
                "top",
                "person",
                "organizationalPerson",
                "user",
                "computer",
                "msDS-GroupManagedServiceAccount",
            ],
        );
        let category =
            format!("CN=ms-DS-Group-Managed-Service-Account,{}", tree.names().schema_dn());
        tree.amend(&dn, "objectCategory", category);
    }
    Ok(dn)
}

fn user(
    tree: &mut DirectoryTree,
    random: &mut SplitMix,
    units: &[String],
    number: usize,
) -> Result<String> {
    let given = random.pick(&GIVEN).copied().unwrap_or_default();
    let family = random.pick(&FAMILY).copied().unwrap_or_default();
    let unit = random.pick(units).map(String::as_str).unwrap_or_default();
    let dn = tree.add_user_in(unit, &format!("{given} {family} {number}"))?;
    let logon = format!("{}{number}", family.to_lowercase());
    let address = format!("{logon}@{}", tree.names().dns_name());
    tree.amend(&dn, "sAMAccountName", logon);
    tree.amend(&dn, "userPrincipalName", address.clone());
    tree.amend(&dn, "mail", address);
    tree.amend(&dn, "givenName", given);
    tree.amend(&dn, "sn", family);
    tree.amend(&dn, "department", random.pick(&DEPARTMENTS).copied().unwrap_or_default());
    let seen = FILETIME_2026 - DAY * random.below(200) as u64;
    tree.amend(&dn, "lastLogonTimestamp", seen.to_string());
    if random.below(20) == 0 {
        tree.amend(&dn, "userAccountControl", "514");
    }
    Ok(dn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_what_was_asked_for() {
        let directory = TestDirectory::generated(1, 300, 100, 20);
        let tree = directory.read();
        let count = |class: &str| {
            tree.entries()
                .filter(|e| e.values("objectClass").last().is_some_and(|c| c == class.as_bytes()))
                .count()
        };
        let accounts = count("msDS-GroupManagedServiceAccount");
        assert_eq!(count("computer") + accounts, 301, "with the domain controller");
        assert_eq!(count("user"), 100);
        assert_eq!(count("group"), 24, "with the four built-in ones");
        assert!(accounts > 0);
        assert!(tree.entries().any(|e| e.text("userAccountControl").as_deref() == Some("4098")));
    }

    #[test]
    fn another_seed_gives_another_domain() {
        let (one, other) =
            (TestDirectory::generated(1, 5, 0, 0), TestDirectory::generated(2, 5, 0, 0));
        let guids = |d: &TestDirectory| d.read().entries().map(|e| e.guid()).collect::<Vec<_>>();
        assert_ne!(guids(&one), guids(&other));
        assert_ne!(one.read().names().sid(None), other.read().names().sid(None));
    }

    #[test]
    fn splitmix_gives_the_published_numbers() {
        let mut random = SplitMix::new(1234567);
        assert_eq!(random.next_u64(), 6457827717110365317);
        assert_eq!(random.next_u64(), 3203168211198807973);
    }
}
