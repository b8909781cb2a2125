//! What a fresh domain holds, and the shapes of the objects that people add to it.

use super::names::DomainNames;
use super::tree::DirectoryTree;
use crate::Result;
use crate::value::ObjectGuid;

pub(super) type Attributes = Vec<(&'static str, Vec<Vec<u8>>)>;

impl DirectoryTree {
    pub(crate) fn of_domain(names: DomainNames, seed: u64) -> Self {
        let base = names.base_dn().to_owned();
        let configuration = names.configuration_dn();
        let mut tree = Self::empty(names, seed);
        tree.add_naming_context(&base);
        tree.add_naming_context(&configuration);
        if let Err(error) = tree.furnish(&base, &configuration) {
            debug_assert!(false, "{error}");
        }
        tree
    }

    /// Adds a computer in `CN=Computers` as a domain join makes it, and returns its name.
    pub fn add_computer(&mut self, name: &str) -> Result<String> {
        let container = format!("CN=Computers,{}", self.names.base_dn());
        self.add_computer_in(&container, name)
    }

    /// Adds a computer under another container.
    pub fn add_computer_in(&mut self, container: &str, name: &str) -> Result<String> {
        let netbios: String = name.chars().take(15).collect::<String>().to_uppercase();
        let host = format!("{}.{}", name.to_lowercase(), self.names.dns_name());
        let mut attributes =
            self.principal(&["user", "computer"], "Computer", &format!("{netbios}$"));
        attributes.extend([
            ("userAccountControl", vec!["4096".into()]),
            ("sAMAccountType", vec!["805306369".into()]),
            ("primaryGroupID", vec!["515".into()]),
            ("dNSHostName", vec![host.clone().into()]),
            ("operatingSystem", vec!["Windows Server 2022 Standard".into()]),
            ("operatingSystemVersion", vec!["10.0 (20348)".into()]),
            (
                "servicePrincipalName",
                vec![format!("HOST/{netbios}").into(), format!("HOST/{host}").into()],
            ),
            ("pwdLastSet", vec!["133800000000000000".into()]),
            ("lastLogonTimestamp", vec!["133830000000000000".into()]),
            ("accountExpires", vec![i64::MAX.to_string().into()]),
            ("logonCount", vec!["12".into()]),
        ]);
        self.add_named(container, name, attributes)
    }

    /// Adds a user in `CN=Users`, and returns the name of the entry.
    pub fn add_user(&mut self, name: &str) -> Result<String> {
        let container = format!("CN=Users,{}", self.names.base_dn());
        self.add_user_in(&container, name)
    }

    /// Adds a user under another container.
    pub fn add_user_in(&mut self, container: &str, name: &str) -> Result<String> {
        let logon: String = name.replace(' ', ".").chars().take(20).collect();
        let address = format!("{logon}@{}", self.names.dns_name());
        let mut attributes = self.principal(&["user"], "Person", &logon);
        attributes.extend([
            ("userAccountControl", vec!["512".into()]),
            ("sAMAccountType", vec!["805306368".into()]),
            ("primaryGroupID", vec!["513".into()]),
            ("userPrincipalName", vec![address.clone().into()]),
            ("displayName", vec![name.into()]),
            ("mail", vec![address.into()]),
            ("pwdLastSet", vec!["133800000000000000".into()]),
            ("lastLogonTimestamp", vec!["133830000000000000".into()]),
            ("accountExpires", vec![i64::MAX.to_string().into()]),
        ]);
        self.add_named(container, name, attributes)
    }

    /// Adds a global security group in `CN=Users`, and returns the name of the entry.
    pub fn add_group(&mut self, name: &str) -> Result<String> {
        let container = format!("CN=Users,{}", self.names.base_dn());
        self.add_group_in(&container, name)
    }

    /// Adds a global security group under another container.
    pub fn add_group_in(&mut self, container: &str, name: &str) -> Result<String> {
        let rid = self.take_rid();
        self.add_group_with_rid(container, name, rid)
    }

    /// Adds an organizational unit below the root of the domain, and returns its name.
    pub fn add_organizational_unit(&mut self, name: &str) -> Result<String> {
        let base = self.names.base_dn().to_owned();
        self.add_organizational_unit_in(&base, name)
    }

    /// Adds an organizational unit under another entry.
    pub fn add_organizational_unit_in(&mut self, parent: &str, name: &str) -> Result<String> {
        let dn = format!("{},{parent}", super::dn::rdn("OU", name));
        let attributes = self.structural(&["organizationalUnit"], "Organizational-Unit");
        self.add(&dn, attributes)?;
        Ok(dn)
    }

    fn furnish(&mut self, base: &str, configuration: &str) -> Result<()> {
        self.add_root(base)?;
        for name in ["Computers", "Users", "System", "ForeignSecurityPrincipals"] {
            self.add_container(base, name)?;
        }
        let deleted = self.add_container(base, "Deleted Objects")?;
        self.set(&deleted, "isDeleted", ["TRUE"])?;
        let controllers = self.add_organizational_unit("Domain Controllers")?;
        let users = format!("CN=Users,{base}");
        for (name, rid) in [
            ("Domain Admins", 512),
            ("Domain Users", 513),
            ("Domain Computers", 515),
            ("Domain Controllers", 516),
        ] {
            self.add_group_with_rid(&users, name, rid)?;
        }
        let controller = self.add_computer_in(&controllers, "DC1")?;
        self.set(&controller, "userAccountControl", ["532480"])?;
        self.set(&controller, "primaryGroupID", ["516"])?;
        self.furnish_configuration(configuration, &controller)
    }

    fn furnish_configuration(&mut self, configuration: &str, controller: &str) -> Result<()> {
        let attributes = self.structural(&["configuration"], "Configuration");
        self.add(configuration, attributes)?;
        let sites = self.add_container(configuration, "Sites")?;
        let site = self.add_container(&sites, "Default-First-Site-Name")?;
        let servers = self.add_container(&site, "Servers")?;
        let server = self.add_container(&servers, "DC1")?;
        self.set(&server, "serverReference", [controller])?;
        self.set(&server, "dNSHostName", [self.names.host_name()])?;
        let agent = self.add_container(&server, "NTDS Settings")?;
        let invocation = self.random.guid();
        self.set(&agent, "invocationId", [*invocation.as_bytes()])?;
        let partitions = self.add_container(configuration, "Partitions")?;
        let netbios = self.names.netbios_name().to_owned();
        let reference = self.add_container(&partitions, &netbios)?;
        self.set(&reference, "objectClass", ["top", "crossRef"])?;
        self.set(&reference, "nCName", [self.names.base_dn().to_owned()])?;
        self.set(&reference, "dnsRoot", [self.names.dns_name().to_owned()])?;
        self.set(&reference, "nETBIOSName", [self.names.netbios_name().to_owned()])
    }

    fn add_root(&mut self, base: &str) -> Result<ObjectGuid> {
        let mut attributes = self.structural(&["domain", "domainDNS"], "Domain-DNS");
        attributes.extend([
            ("objectSid", vec![self.names.sid(None)]),
            ("maxPwdAge", vec!["-36288000000000".into()]),
        ]);
        self.add(base, attributes)
    }

    fn add_container(&mut self, parent: &str, name: &str) -> Result<String> {
        let attributes = self.structural(&["container"], "Container");
        self.add_named(parent, name, attributes)
    }

    fn add_group_with_rid(&mut self, container: &str, name: &str, rid: u32) -> Result<String> {
        let mut attributes = self.structural(&["group"], "Group");
        attributes.extend([
            ("objectSid", vec![self.names.sid(Some(rid))]),
            ("sAMAccountName", vec![name.into()]),
            ("sAMAccountType", vec!["268435456".into()]),
            ("groupType", vec!["-2147483646".into()]),
        ]);
        self.add_named(container, name, attributes)
    }

    fn add_named(&mut self, parent: &str, name: &str, attributes: Attributes) -> Result<String> {
        let dn = format!("{},{parent}", super::dn::rdn("CN", name));
        self.add(&dn, attributes)?;
        Ok(dn)
    }

    pub(super) fn structural(&self, classes: &[&str], category: &str) -> Attributes {
        let classes = std::iter::once("top").chain(classes.iter().copied()).map(Into::into);
        vec![
            ("objectClass", classes.collect()),
            ("objectCategory", vec![self.names.category(category).into()]),
        ]
    }

    fn principal(&mut self, classes: &[&str], category: &str, logon: &str) -> Attributes {
        let rid = self.take_rid();
        let classes: Vec<&str> =
            ["person", "organizationalPerson"].into_iter().chain(classes.iter().copied()).collect();
        let mut attributes = self.structural(&classes, category);
        attributes.extend([
            ("objectSid", vec![self.names.sid(Some(rid))]),
            ("sAMAccountName", vec![logon.into()]),
        ]);
        attributes
    }

    fn take_rid(&mut self) -> u32 {
        self.next_rid += 1;
        self.next_rid
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::TestDirectory;

    #[test]
    fn a_fresh_domain_has_its_containers_and_its_controller() {
        let directory = TestDirectory::new();
        let tree = directory.read();
        let controller = "CN=DC1,OU=Domain Controllers,DC=corp,DC=example,DC=test";
        assert_eq!(tree.entry(controller).unwrap().text("primaryGroupID").unwrap(), "516");
        let agent = tree.entry(&tree.names().ds_service_name()).unwrap();
        assert_eq!(agent.values("invocationId")[0].len(), 16);
        assert_eq!(tree.entry(tree.names().base_dn()).unwrap().values("objectSid")[0].len(), 24);
    }

    #[test]
    fn a_long_host_name_is_cut_in_the_account_name() {
        let directory = TestDirectory::new();
        let dn = directory.write().add_computer("averyveryverylonghost").unwrap();
        let tree = directory.read();
        let entry = tree.entry(&dn).unwrap();
        assert_eq!(entry.text("sAMAccountName").unwrap(), "AVERYVERYVERYLO$");
        assert_eq!(entry.text("dNSHostName").unwrap(), "averyveryverylonghost.corp.example.test");
        assert_eq!(entry.values("objectSid")[0].len(), 28);
    }
}
