//! What a server says of itself: the rootDSE (RFC 4512 section 5.1), and its domain's name.

use ldap3::Scope;

use super::connection::Connection;
use super::controls::{DIRSYNC, DOMAIN_SCOPE};
use super::search::{self, SearchRequest};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, Sid};
use crate::{Error, ErrorKind, Result, Retry};

/// LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS section 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// The longest value taken from these entries; a name has at most 255 octets.
const VALUE_BYTES: usize = 1024;
/// The values taken from these entries; a domain controller lists about 60 controls and extensions.
const VALUES: usize = 512;

/// What this crate needs to know of a server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct RootDse {
    pub(crate) default_naming_context: Option<DistinguishedName>,
    pub(crate) dns_host_name: Option<String>,
    pub(crate) configuration_naming_context: Option<DistinguishedName>,
    /// `dsServiceName`: the server's own entry in the configuration.
    pub(crate) ds_service_name: Option<DistinguishedName>,
    pub(crate) highest_committed_usn: Option<i64>,
    pub(crate) knows_dirsync: bool,
    pub(crate) knows_domain_scope: bool,
    pub(crate) knows_who_am_i: bool,
}

/// What a domain's own entry says of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct DomainEntry {
    pub(crate) sid: Option<Sid>,
    pub(crate) guid: Option<ObjectGuid>,
    /// `msDS-AllowedDNSSuffixes`: what its computers may have behind their names instead of its own.
    pub(crate) allowed_suffixes: Vec<String>,
}

impl RootDse {
    /// The AD site that the server is in: its agent's entry is below its own, which is among the servers of the site.
    pub(crate) fn site(&self) -> Option<String> {
        self.ds_service_name.as_ref()?.parent()?.parent()?.parent()?.common_name()
    }
}

impl Connection {
    /// Reads the rootDSE. Every server shows it to everybody, before a bind as well.
    pub(crate) async fn root_dse(&mut self) -> Result<RootDse> {
        let attributes = [
            "configurationNamingContext",
            "defaultNamingContext",
            "dnsHostName",
            "dsServiceName",
            "highestCommittedUSN",
            "supportedControl",
            "supportedExtension",
        ];
        let mut root = RootDse::default();
        for (name, value) in self.text_values(&SearchRequest::of_entry("", &attributes)).await? {
            let dn = || DistinguishedName::parse(&value).ok();
            match name.to_ascii_lowercase().as_str() {
                "configurationnamingcontext" => root.configuration_naming_context = dn(),
                "defaultnamingcontext" => root.default_naming_context = dn(),
                "dnshostname" => root.dns_host_name = Some(value),
                "dsservicename" => root.ds_service_name = dn(),
                "highestcommittedusn" => root.highest_committed_usn = value.parse().ok(),
                "supportedcontrol" => {
                    root.knows_dirsync |= value == DIRSYNC;
                    root.knows_domain_scope |= value == DOMAIN_SCOPE;
                }
                "supportedextension" => root.knows_who_am_i |= value == WHO_AM_I,
                _ => {}
            }
        }
        Ok(root)
    }

    /// The root domain of the forest, if the server names one, and all naming contexts that it holds.
    pub(crate) async fn naming_contexts(
        &mut self,
    ) -> Result<(Option<DistinguishedName>, Vec<DistinguishedName>)> {
        let request = SearchRequest::of_entry("", &["namingContexts", "rootDomainNamingContext"]);
        let (mut forest, mut contexts) = (None, Vec::new());
        for (name, value) in self.text_values(&request).await? {
            let context = DistinguishedName::parse(&value).ok();
            match name.to_ascii_lowercase().as_str() {
                "rootdomainnamingcontext" => forest = context,
                "namingcontexts" => contexts.extend(context),
                _ => {}
            }
        }
        Ok((forest, contexts))
    }

    /// Whether the server says that it is Active Directory.
    pub(crate) async fn is_active_directory(&mut self) -> Result<bool> {
        let request = SearchRequest::of_entry("", &["supportedCapabilities"]);
        Ok(self.text_values(&request).await?.iter().any(|(_, value)| value == ACTIVE_DIRECTORY))
    }

    /// The NetBIOS name of a domain, from its cross-reference; `None` where the account may not read it.
    pub(crate) async fn netbios_name(
        &mut self,
        root: &RootDse,
        domain: &DistinguishedName,
    ) -> Result<Option<String>> {
        let Some(configuration) = &root.configuration_naming_context else { return Ok(None) };
        let domain = ldap3::ldap_escape(domain.as_str());
        let request = SearchRequest {
            base: format!("CN=Partitions,{configuration}"),
            scope: Scope::OneLevel,
            filter: format!("(&(objectClass=crossRef)(nCName={domain}))"),
            attributes: vec!["nETBIOSName".to_owned()],
        };
        match self.text_values(&request).await {
            Ok(values) => Ok(values.into_iter().find_map(|(name, value)| {
                name.eq_ignore_ascii_case("nETBIOSName").then_some(value)
            })),
            Err(error) if error.kind() == ErrorKind::Directory => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The DNS names of the other domains of the forest, from their cross-references (MS-ADTS section 6.1.1.2.1.1);
    /// none where the account may not read them.
    pub(crate) async fn other_domains(
        &mut self,
        root: &RootDse,
        domain: &DistinguishedName,
    ) -> Result<Vec<String>> {
        let Some(configuration) = &root.configuration_naming_context else { return Ok(Vec::new()) };
        let domain = ldap3::ldap_escape(domain.as_str());
        self.optional_texts(SearchRequest {
            base: format!("CN=Partitions,{configuration}"),
            scope: Scope::OneLevel,
            filter: format!("(&(objectClass=crossRef)(nETBIOSName=*)(!(nCName={domain})))"),
            attributes: vec!["dnsRoot".to_owned()],
        })
        .await
    }

    /// What a domain's own entry says of it, as far as the account may read it. Nothing of a directory that is no Active
    /// Directory.
    pub(crate) async fn domain_entry(
        &mut self,
        root: &RootDse,
        domain: &DistinguishedName,
    ) -> Result<DomainEntry> {
        let mut found = DomainEntry::default();
        if root.configuration_naming_context.is_none() {
            return Ok(found);
        }
        let attributes = ["msDS-AllowedDNSSuffixes", "objectGUID", "objectSid"];
        let request = SearchRequest::of_entry(domain.as_str(), &attributes);
        for (name, value) in self.optional_values(&request).await? {
            match name.to_ascii_lowercase().as_str() {
                "objectguid" => found.guid = ObjectGuid::from_slice(&value).ok(),
                "objectsid" => found.sid = Sid::from_slice(&value).ok(),
                "msds-alloweddnssuffixes" => {
                    found.allowed_suffixes.extend(String::from_utf8(value).ok());
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The values that a search finds and that are text, none where the directory has or shows none.
    async fn optional_texts(&mut self, request: SearchRequest) -> Result<Vec<String>> {
        let values = self.optional_values(&request).await?;
        Ok(values.into_iter().filter_map(|(_, value)| String::from_utf8(value).ok()).collect())
    }

    /// The values that a search finds, none where the directory has or shows none. One that is busy has not said that.
    async fn optional_values(&mut self, request: &SearchRequest) -> Result<Vec<(String, Vec<u8>)>> {
        let is_refusal = |error: &Error| {
            error.kind() == ErrorKind::Directory && error.retry() != Retry::Transient
        };
        match self.short_values(request).await {
            Err(error) if is_refusal(&error) => Ok(Vec::new()),
            outcome => outcome,
        }
    }

    /// `invocationId` of a server's database, from the server's own entry; empty where the account may not read it.
    pub(crate) async fn invocation_id(&mut self, agent: &DistinguishedName) -> Result<Vec<u8>> {
        let request = SearchRequest::of_entry(agent.as_str(), &["invocationId"]);
        let mut id = Vec::new();
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|mut entry| {
            while let Some(mut attribute) = entry.next_attribute()? {
                while let Some(value) = attribute.next_value()? {
                    if attribute.name.eq_ignore_ascii_case("invocationId") && value.len() == 16 {
                        id = value.to_vec();
                    }
                }
            }
            Ok(())
        });
        // An account that may not see the entry is not told why.
        result.await.map(|_| id)
    }

    /// The values of the entries found that are text, of those that are taken.
    async fn text_values(&mut self, request: &SearchRequest) -> Result<Vec<(String, String)>> {
        let text = |(name, value)| Some((name, String::from_utf8(value).ok()?));
        Ok(self.short_values(request).await?.into_iter().filter_map(text).collect())
    }

    /// The values of the entries found that are of sensible length, and do not repeat the password.
    async fn short_values(&mut self, request: &SearchRequest) -> Result<Vec<(String, Vec<u8>)>> {
        let mut values = Vec::new();
        let redaction = self.redaction.clone();
        let search = self.search(request, Vec::new()).await?;
        let result = search.each_entry(|mut entry| {
            while let Some(mut attribute) = entry.next_attribute()? {
                if !request.asks_for(attribute.name) {
                    continue;
                }
                while let Some(value) = attribute.next_value()? {
                    let is_too_much = value.len() > VALUE_BYTES || values.len() >= VALUES;
                    if is_too_much || redaction.is_in(value) {
                        continue;
                    }
                    values.push((attribute.name.to_owned(), value.to_vec()));
                }
            }
            Ok(())
        });
        search::succeeded(&result.await?)?;
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::limits::LdapLimits;
    use crate::ldap::protocol::script::{Attribute, bound, connection, done, entry};

    async fn root(attributes: &[Attribute<'_>]) -> RootDse {
        let reply = [entry(1, "", attributes), done(1, 0)].concat();
        let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
        connection.root_dse().await.unwrap()
    }

    #[tokio::test]
    async fn a_domain_controller_names_its_domain_and_itself() {
        let root = root(&[
            ("defaultNamingContext", &[b"DC=corp,DC=example"]),
            ("dnsHostName", &[b"dc1.corp.example"]),
            ("supportedControl", &[b"1.2.3", DOMAIN_SCOPE.as_bytes()]),
        ])
        .await;
        let domain = root.default_naming_context.unwrap().domain();
        assert_eq!(domain.as_deref(), Some("corp.example"));
        assert_eq!(root.dns_host_name.as_deref(), Some("dc1.corp.example"));
        assert!(root.knows_domain_scope && !root.knows_who_am_i);
        assert_eq!(root.ds_service_name, None);
    }

    #[tokio::test]
    async fn what_a_server_knows_is_what_it_names_however_often() {
        let others: &[&[u8]] = &[b"1.2.3", b"1.2.3"];
        let none = root(&[("supportedControl", others), ("supportedExtension", others)]).await;
        assert!(!none.knows_dirsync && !none.knows_domain_scope && !none.knows_who_am_i);
        let (dirsync, scope) = (DIRSYNC.as_bytes(), DOMAIN_SCOPE.as_bytes());
        let controls: &[&[u8]] = &[dirsync, scope, b"1.2.3", dirsync, scope, b"1.2.4"];
        let who: &[&[u8]] = &[b"1.2.3", WHO_AM_I.as_bytes(), WHO_AM_I.as_bytes(), b"1.2.4"];
        let all = root(&[("supportedControl", controls), ("supportedExtension", who)]).await;
        assert!(all.knows_dirsync && all.knows_domain_scope && all.knows_who_am_i);
    }

    #[tokio::test]
    async fn a_server_names_the_root_of_its_forest_and_all_that_it_holds() {
        let attributes: &[Attribute<'_>] = &[
            ("namingContexts", &[b"DC=sub,DC=x", b"no dn", b"CN=C,DC=x"]),
            ("rootDomainNamingContext", &[b"DC=x"]),
        ];
        let reply = [entry(1, "", attributes), done(1, 0)].concat();
        let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
        let (forest, contexts) = connection.naming_contexts().await.unwrap();
        assert_eq!(forest.unwrap().as_str(), "DC=x");
        let contexts: Vec<&str> = contexts.iter().map(DistinguishedName::as_str).collect();
        assert_eq!(contexts, ["DC=sub,DC=x", "CN=C,DC=x"]);
    }

    #[tokio::test]
    async fn the_id_of_a_database_is_the_value_of_16_octets_of_its_attribute() {
        let agent = DistinguishedName::parse("CN=NTDS Settings,DC=x").unwrap();
        let attributes: &[Attribute<'_>] = &[
            ("objectGUID", &[&[1; 16]]),
            ("INVOCATIONID", &[&[2; 16], b"too short"]),
            ("objectSid", &[&[3; 16]]),
        ];
        for (replies, expected) in [
            ([entry(1, agent.as_str(), attributes), done(1, 0)].concat(), &[2; 16][..]),
            (done(1, 32), &[]),
        ] {
            let replies = vec![replies];
            let (mut connection, _server) = connection(&LdapLimits::default(), replies).await;
            assert_eq!(connection.invocation_id(&agent).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn only_its_own_capability_makes_an_active_directory() {
        for (capability, expected) in [(ACTIVE_DIRECTORY, true), ("1.2.840.113556.1.4.1", false)] {
            let values: &[&[u8]] = &[capability.as_bytes()];
            let reply = [entry(1, "", &[("supportedCapabilities", values)]), done(1, 0)].concat();
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            assert_eq!(connection.is_active_directory().await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_domain_tells_its_identity_and_the_suffixes_that_it_allows() {
        let root = RootDse {
            configuration_naming_context: DistinguishedName::parse("CN=C,DC=x").ok(),
            ..RootDse::default()
        };
        let domain = DistinguishedName::parse("DC=x").unwrap();
        let sid: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0];
        let attributes: &[Attribute<'_>] = &[
            ("msDS-AllowedDNSSuffixes", &[b"a.example", b"\xff", b"b.example"]),
            ("objectGUID", &[&[7; 16]]),
            ("objectSid", &[sid]),
        ];
        let reply = [entry(1, "DC=x", attributes), done(1, 0)].concat();
        let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
        let found = connection.domain_entry(&root, &domain).await.unwrap();
        assert_eq!(found.allowed_suffixes, ["a.example", "b.example"]);
        assert_eq!(found.guid, Some(ObjectGuid::from_bytes([7; 16])));
        assert_eq!(found.sid.map(|sid| sid.to_string()).as_deref(), Some("S-1-5-32"));
    }

    #[test]
    fn the_site_of_a_server_is_in_the_name_of_its_agent() {
        let site = |agent: &str| {
            let ds_service_name = DistinguishedName::parse(agent).ok();
            RootDse { ds_service_name, ..RootDse::default() }.site()
        };
        let agent =
            "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,CN=Configuration,DC=corp";
        assert_eq!(site(agent).as_deref(), Some("Berlin"));
        assert_eq!([site("CN=NTDS Settings,CN=DC1"), site("")], [None, None]);
    }

    #[tokio::test]
    async fn values_that_make_no_sense_are_left_out() {
        let long = [b'x'; VALUE_BYTES + 1];
        let root = root(&[
            ("defaultNamingContext", &[b"no dn"]),
            ("dnsHostName", &[b"\xff", &long]),
            ("supportedControl", &[b"".as_slice(); 600]),
        ])
        .await;
        assert_eq!(root, RootDse::default());
    }

    #[tokio::test]
    async fn a_value_is_of_sensible_length_up_to_the_limit() {
        let [whole, long] = [VALUE_BYTES, VALUE_BYTES + 1].map(|octets| vec![b'x'; octets]);
        let reply = [entry(1, "", &[("dnsHostName", &[&long, &whole])]), done(1, 0)].concat();
        let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
        let request = SearchRequest::of_entry("", &["dnsHostName"]);
        let values = connection.short_values(&request).await.unwrap();
        assert_eq!(values, [("dnsHostName".to_owned(), whole)]);
    }

    #[tokio::test]
    async fn a_value_that_repeats_the_password_is_left_out() {
        let host = entry(2, "", &[("dnsHostName", &[b"canary.corp.example"])]);
        let replies = vec![bound(1, 0, ""), [host, done(2, 0)].concat()];
        let (mut connection, _server) = connection(&LdapLimits::default(), replies).await;
        connection.bind("x", "canary").await.unwrap();
        assert_eq!(connection.root_dse().await.unwrap(), RootDse::default());
    }

    #[tokio::test]
    async fn what_nobody_asked_for_is_not_kept() {
        let reply = entry(1, "", &[("other", &[b"x"]), ("DNSHOSTNAME", &[b"dc1"])]);
        let replies = vec![[reply, done(1, 0)].concat()];
        let (mut connection, _server) = connection(&LdapLimits::default(), replies).await;
        let request = SearchRequest::of_entry("", &["dnsHostName"]);
        let values = connection.short_values(&request).await.unwrap();
        assert_eq!(values, [("DNSHOSTNAME".to_owned(), b"dc1".to_vec())]);
    }

    #[tokio::test]
    async fn a_busy_server_has_not_said_that_its_domain_has_no_sid() {
        let configured = RootDse {
            configuration_naming_context: DistinguishedName::parse("CN=C,DC=x").ok(),
            ..RootDse::default()
        };
        let domain = DistinguishedName::parse("DC=x").unwrap();
        for (code, is_told) in [(0, true), (50, true), (32, true), (51, false), (52, false)] {
            let replies = vec![done(1, code)];
            let (mut connection, _server) = connection(&LdapLimits::default(), replies).await;
            let told = connection.domain_entry(&configured, &domain).await;
            assert_eq!(told.is_ok(), is_told, "{code}");
            assert!(told.is_ok() || told.is_err_and(|error| error.retry() == Retry::Transient));
        }
    }

    #[tokio::test]
    async fn the_netbios_name_is_optional() {
        let configured = RootDse {
            configuration_naming_context: DistinguishedName::parse("CN=C,DC=x").ok(),
            ..RootDse::default()
        };
        let domain = DistinguishedName::parse("DC=x").unwrap();
        let cross_reference =
            entry(1, "CN=X,CN=Partitions,CN=C,DC=x", &[("nETBIOSName", &[b"CORP"])]);
        for (reply, wanted) in [
            ([cross_reference, done(1, 0)].concat(), Some("CORP")),
            (done(1, 0), None),
            (done(1, 50), None),
        ] {
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            let name = connection.netbios_name(&configured, &domain).await.unwrap();
            assert_eq!(name.as_deref(), wanted);
        }
    }
}
