//! What a domain is called.

use crate::testing::SplitMix;

/// The names and the identifier of a domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DomainNames {
    dns_name: String,
    netbios_name: String,
    base_dn: String,
    sid: [u32; 3],
}

impl DomainNames {
    pub(crate) fn new(dns_name: &str, netbios_name: &str, seed: u64) -> Self {
        let mut random = SplitMix::new(seed ^ 0x5349_4421);
        let labels: Vec<String> = dns_name.split('.').map(|label| format!("DC={label}")).collect();
        Self {
            dns_name: dns_name.to_owned(),
            netbios_name: netbios_name.to_owned(),
            base_dn: labels.join(","),
            sid: [random.next_u32(), random.next_u32(), random.next_u32()],
        }
    }

    /// The DNS name, `corp.example.test`.
    pub(crate) fn dns_name(&self) -> &str {
        &self.dns_name
    }

    /// The NetBIOS name, `CORP`.
    pub(crate) fn netbios_name(&self) -> &str {
        &self.netbios_name
    }

    /// The root of the domain, `DC=corp,DC=example,DC=test`.
    pub(crate) fn base_dn(&self) -> &str {
        &self.base_dn
    }

    /// The host name of the domain controller, `dc1.corp.example.test`.
    pub(crate) fn host_name(&self) -> String {
        format!("dc1.{}", self.dns_name)
    }

    /// The configuration naming context.
    pub(crate) fn configuration_dn(&self) -> String {
        format!("CN=Configuration,{}", self.base_dn)
    }

    /// The schema naming context.
    pub(crate) fn schema_dn(&self) -> String {
        format!("CN=Schema,{}", self.configuration_dn())
    }

    /// The name of the server's directory service agent (`dsServiceName`), which holds its `invocationId`.
    pub(crate) fn ds_service_name(&self) -> String {
        format!(
            "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,{}",
            self.configuration_dn()
        )
    }

    /// The octets of the domain's SID (MS-DTYP 2.4.2.2), with a relative identifier if one is given.
    pub(crate) fn sid(&self, rid: Option<u32>) -> Vec<u8> {
        let parts: Vec<u32> = std::iter::once(21).chain(self.sid).chain(rid).collect();
        let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
        bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
        bytes
    }

    pub(super) fn category(&self, class: &str) -> String {
        format!("CN={class},{}", self.schema_dn())
    }
}
