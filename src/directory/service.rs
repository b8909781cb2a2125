//! Services of a computer, by its service principal names.

use std::collections::BTreeSet;

use super::DirectoryObject;
use crate::name::Hostname;
use crate::value::ObjectGuid;

/// A service principal name: `class/host`, `class/host:port`, `class/host:instance`, each with `/name` behind it or not
/// (MS-ADTS, on mutual authentication, section 5.1.1.4; RFC 4120, section 6.2.1 for `class/host`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct PrincipalName<'a> {
    class: &'a str,
    host: &'a str,
    /// Which of several on one host: a port, or the name of an instance.
    instance: Option<&'a str>,
}

/// Classes of services by what they are called here. One service may have several.
const SERVICES: [(&str, &str); 34] = [
    ("adws", "adws"),
    ("cifs", "cifs"),
    ("dfsr-12f9a27c-bf97-4787-9364-d31b6c55eb04", "dfsr"),
    ("dns", "dns"),
    ("e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi"),
    ("exchangeab", "exchange"),
    ("exchangemdb", "exchange"),
    ("exchangerfr", "exchange"),
    ("ftp", "ftp"),
    ("gc", "gc"),
    ("http", "http"),
    ("hyper-v replica service", "hyper-v"),
    ("imap", "imap"),
    ("imap4", "imap"),
    ("ldap", "ldap"),
    ("microsoft virtual console service", "hyper-v"),
    ("microsoft virtual system migration service", "hyper-v"),
    ("msclustervirtualserver", "cluster"),
    ("msolapdisco.3", "ssas"),
    ("msolapsvc.3", "ssas"),
    ("mssqlsvc", "mssql"),
    ("msserverclustermgmtapi", "cluster"),
    ("msservercluster", "cluster"),
    ("nfs", "nfs"),
    ("ntfrs-88f5d2bd-b646-11d2-a6d3-00c04fc9b232", "ntfrs"),
    ("oracle", "oracle"),
    ("pop", "pop"),
    ("pop3", "pop"),
    ("postgres", "postgres"),
    ("rpc", "rpc"),
    ("sip", "sip"),
    ("smtp", "smtp"),
    ("smtpsvc", "smtp"),
    ("termsrv", "termsrv"),
];

/// What every member of a domain has, and no service by itself.
const OF_EVERY_HOST: [&str; 2] = ["host", "restrictedkrbhost"];

impl<'a> PrincipalName<'a> {
    /// Reads a name strictly: none with empty parts, more than three of them, a port that there is not, or characters that
    /// no host name has where the host stands.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('/');
        let (class, place, name) = (parts.next()?, parts.next()?, parts.next());
        let (host, instance) = match place.split_once(':') {
            Some((host, instance)) => (host, Some(instance)),
            None => (place, None),
        };
        let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let is_instance = |text: &str| is_word(text) && (is_port(text) || !is_number(text));
        let is_whole = parts.next().is_none()
            && !class.is_empty()
            && class.trim() == class
            && !class.chars().any(char::is_control)
            && is_word(host)
            && instance.is_none_or(is_instance)
            && name.is_none_or(|name| !name.is_empty());
        is_whole.then_some(Self { class, host, instance })
    }

    /// What the service is called: `mssql:1433`. None for what every host has.
    fn service(&self) -> Option<String> {
        let is = |class: &str| class.eq_ignore_ascii_case(self.class);
        if OF_EVERY_HOST.into_iter().any(is) {
            return None;
        }
        let known = SERVICES.iter().find(|(class, _)| is(class));
        let service = known.map_or(self.class, |(_, service)| service);
        Some(match self.instance {
            Some(instance) => format!("{service}:{instance}"),
            None => service.to_owned(),
        })
    }

    /// Whether the host is known by a number of the directory, as domain controllers are, and not by a name.
    fn is_of_a_number(&self) -> bool {
        let first = self.host.split('.').next().unwrap_or_default();
        first.parse::<ObjectGuid>().is_ok()
    }
}

impl DirectoryObject {
    /// What runs on a computer, by its `servicePrincipalName`: `termsrv`, `mssql:1433`, `mssql:SALES`; a class that is not
    /// known as it is spelled. A service on a host of another name has it behind itself, `http@intranet.corp.example`: it is
    /// shown, and no name of this computer. Values that are no service principal names are left out.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        let names = self.attributes.values("servicePrincipalName");
        let named = names.filter_map(PrincipalName::parse);
        let told: Vec<_> = named.filter_map(|name| Some((name, name.service()?))).collect();
        // Most computers are clients, whose names need not be looked at.
        let own = if told.is_empty() { Vec::new() } else { self.host_names() };
        let is_own = |host: &str| {
            let host = Hostname::parse(host).ok();
            host.is_some_and(|host| {
                let is_short = |name: &Hostname| name.short() == host.as_str();
                own.contains(&host) || host.domain().is_none() && own.iter().any(is_short)
            })
        };
        let services = told.into_iter().map(|(name, service)| {
            let is_here = name.is_of_a_number() || is_own(name.host);
            if is_here { service } else { format!("{service}@{}", name.host.to_lowercase()) }
        });
        services.collect()
    }
}

/// Whether a text may be a host's name, or an instance's.
fn is_word(text: &str) -> bool {
    let is_strange = |c: char| c.is_whitespace() || c.is_control() || ":@\\\"'".contains(c);
    !text.is_empty() && !text.contains(is_strange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DistinguishedName;
    use crate::value::ObjectKind;

    #[test]
    fn principal_names_are_read_strictly() {
        let name = |class, host, instance| Some(PrincipalName { class, host, instance });
        for (text, expected) in [
            ("HTTP/web1", name("HTTP", "web1", None)),
            ("MSSQLSvc/db1.corp.example:1433", name("MSSQLSvc", "db1.corp.example", Some("1433"))),
            ("MSSQLSvc/db1:SALES", name("MSSQLSvc", "db1", Some("SALES"))),
            ("ldap/dc1.corp.example/corp.example", name("ldap", "dc1.corp.example", None)),
            ("ldap/dc1:3268/DC=corp,DC=example", name("ldap", "dc1", Some("3268"))),
            ("Hyper-V Replica Service/hv1", name("Hyper-V Replica Service", "hv1", None)),
            ("", None),
            ("web1", None),
            ("HTTP/", None),
            ("/web1", None),
            ("HTTP/web1/", None),
            ("HTTP/web1/a/b", None),
            ("HTTP/web1:", None),
            ("HTTP/:80", None),
            ("HTTP/web1:0", None),
            ("HTTP/web1:65536", None),
            ("HTTP/web1:80:81", None),
            ("HTTP/web 1", None),
            ("HTTP/web1@CORP.EXAMPLE", None),
            (" HTTP/web1", None),
            ("HT\u{0}TP/web1", None),
        ] {
            assert_eq!(PrincipalName::parse(text), expected, "{text:?}");
        }
    }

    fn services(names: &[&str]) -> Vec<String> {
        let dn = DistinguishedName::parse("CN=DB1,DC=corp,DC=example").unwrap();
        let guid = ObjectGuid::from_bytes([1; 16]);
        let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn);
        let own = [("dNSHostName", "db1.corp.example"), ("sAMAccountName", "DB1$")];
        let names = names.iter().map(|name| ("servicePrincipalName", *name));
        computer.attributes = own.into_iter().chain(names).collect();
        let before = computer.host_names();
        let services = computer.services();
        assert_eq!(computer.host_names(), before);
        services.into_iter().collect()
    }

    #[test]
    fn services_are_told_by_their_names_each_once() {
        for (names, expected) in [
            (&["HOST/db1", "RestrictedKrbHost/DB1.corp.example"][..], &[][..]),
            (&["TERMSRV/DB1", "TERMSRV/db1.corp.example"], &["termsrv"]),
            (
                &[
                    "MSSQLSvc/db1.corp.example:1433",
                    "MSSQLSvc/db1.corp.example:SALES",
                    "MSSQLSvc/DB1",
                ],
                &["mssql", "mssql:1433", "mssql:SALES"],
            ),
            (&["exchangeMDB/db1", "exchangeRFR/db1", "exchangeAB/DB1"], &["exchange"]),
            (
                &["Microsoft Virtual Console Service/db1", "Hyper-V Replica Service/db1"],
                &["hyper-v"],
            ),
            (&["AcmeAgent/db1:7000"], &["AcmeAgent:7000"]),
            (&["HTTP/intranet.corp.example", "HTTP/DB1"], &["http", "http@intranet.corp.example"]),
            (&["HTTP/db1.branch.example"], &["http@db1.branch.example"]),
            (
                &[
                    "E3514235-4B06-11D1-AB04-00C04FC2DCD2/0190c0de-0000-4000-8000-000000000001/corp",
                    "ldap/0190c0de-0000-4000-8000-000000000001._msdcs.corp.example",
                ],
                &["drsuapi", "ldap"],
            ),
            (&["nonsense", "HTTP/", "HTTP/a/b/c"], &[]),
        ] {
            assert_eq!(services(names), expected, "{names:?}");
        }
    }

    #[test]
    fn the_table_of_classes_is_folded_and_has_each_once() {
        let classes: BTreeSet<&str> = SERVICES.iter().map(|(class, _)| *class).collect();
        assert_eq!(classes.len(), SERVICES.len());
        assert!(classes.iter().all(|class| *class == class.to_lowercase()));
    }
}
