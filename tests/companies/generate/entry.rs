//! Computer accounts as they are written down.

use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::testing::MockRecord;
use ldap_inventory::value::ObjectGuid;

use super::company::{Domain, Side, days_ago};

/// What a machine runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum System {
    Windows,
    Linux,
}

/// A computer account that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) side: Side,
    pub(crate) guid: ObjectGuid,
    /// `cn`, and `sAMAccountName` less its `$`.
    pub(crate) account: String,
    /// `dNSHostName`.
    pub(crate) dns: Option<String>,
    pub(crate) system: System,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) os: &'static str,
    pub(crate) is_disabled: bool,
    /// How many days ago it was last used.
    pub(crate) used: Option<u32>,
}

impl Entry {
    pub(crate) fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// The same computer under another name.
    pub(crate) fn renamed(&self, name: &str, domain: &str) -> Self {
        Self { account: netbios(name), dns: Some(format!("{name}.{domain}")), ..self.clone() }
    }

    /// The same computer with a NetBIOS name of its own.
    pub(crate) fn with_account(mut self, name: &str) -> Self {
        self.account = netbios(name);
        self
    }

    pub(crate) fn without_dns(mut self) -> Self {
        self.dns = None;
        self
    }

    pub(crate) fn used(mut self, days: Option<u32>) -> Self {
        self.used = days;
        self
    }

    pub(crate) fn disabled(mut self) -> Self {
        self.is_disabled = true;
        self
    }

    pub(crate) fn build(&self, domains: &[Domain; 2]) -> DirectoryObject {
        let mut record = MockRecord::computer(&self.account)
            .in_domain(domains[self.side].dns)
            .with_guid(self.guid)
            .with("dNSHostName", self.dns.as_deref().unwrap_or_default())
            .with("whenCreated", "20220102030405.0Z");
        if !self.attributes.iter().any(|(name, _)| *name == "operatingSystem") {
            record = record.with("operatingSystem", self.os);
        }
        if let Some(days) = self.used {
            record = record
                .with("lastLogonTimestamp", &filetime(days))
                .with("pwdLastSet", &filetime(days + 5));
        }
        for (name, value) in &self.attributes {
            record = record.with(name, value);
        }
        let mut object = if self.is_disabled { record.disabled() } else { record }.build();
        object.attributes =
            object.attributes.iter().filter(|(_, value)| !value.is_empty()).collect();
        object
    }
}

/// What NetBIOS makes of a name.
pub(crate) fn netbios(name: &str) -> String {
    name.to_uppercase().chars().take(15).collect()
}

/// The moment so many days ago as a directory writes it: in 100 ns since 1601.
fn filetime(days: u32) -> String {
    (days_ago(days).as_micros() * 10 + 116_444_736_000_000_000).to_string()
}
