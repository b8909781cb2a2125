//! What is read, where, and by whose eyes: worked out of the request, the credential and what the server says of itself. Pure.

use std::collections::HashSet;

use super::attributes::Selection;
use super::reading::Planned;
use crate::credential::{Credential, SignIn};
use crate::directory::{ReadRequest, ReadScope, ServerIdentity};
use crate::ldap::protocol::root_dse::RootDse;
use crate::ldap::transport::certificate::ServerCertificate;
use crate::name::DistinguishedName;
use crate::value::{ObjectKind, RecordDigest, View};
use crate::{Error, ErrorKind, Result, Retry};

/// The kinds to read, members after what they may be, each with its attributes.
pub(crate) fn selections(request: &ReadRequest) -> Result<Vec<(ObjectKind, Selection)>> {
    [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group]
        .into_iter()
        .filter(|kind| request.kinds.contains(kind))
        .map(|kind| Ok((kind, Selection::of(kind, &request.extra_attributes)?)))
        .collect()
}

/// Where to search: what the request says, or the credential, or the server.
pub(crate) fn bases(
    request: &ReadRequest,
    credential: &Credential,
    root: &RootDse,
) -> Result<Vec<DistinguishedName>> {
    for configured in [&request.base_dns, &credential.base_dns] {
        if !configured.is_empty() {
            return Ok(configured.clone());
        }
    }
    match &root.default_naming_context {
        Some(base) => Ok(vec![base.clone()]),
        None => Err(Error::new(
            ErrorKind::Configuration,
            "the server names no default naming context, so a base DN must be set",
        )
        .with_context("credential", &credential.id)),
    }
}

/// Whether the directory refused a base for what it is, and will again.
pub(crate) fn is_about_base(error: &Error) -> bool {
    error.kind() == ErrorKind::Directory && error.retry() == Retry::Never
}

/// Says which base the domain has, where another one was refused.
pub(crate) fn about_base(error: Error, base: &DistinguishedName, root: &RootDse) -> Error {
    match &root.default_naming_context {
        Some(own) if is_about_base(&error) && own != base => Error::new(
            ErrorKind::Configuration,
            "the directory shows nothing at this base DN; correct it, or leave it out for the domain's own",
        )
        .with_context("the domain's own", own)
        .with_source(error),
        _ => error,
    }
}

/// Where changes are looked for: in the whole domain, since what leaves a base is seen only from outside, and in
/// the bases that are not in it. The configuration is named as if it were.
pub(crate) fn roots(bases: &[DistinguishedName], root: &RootDse) -> Vec<DistinguishedName> {
    let domain = root.default_naming_context.as_ref();
    let configuration = root.configuration_naming_context.as_ref();
    let in_domain = |base: &DistinguishedName| {
        domain.is_some_and(|domain| base.is_within(domain))
            && configuration.is_none_or(|configuration| !base.is_within(configuration))
    };
    let outside = bases.iter().filter(|base| !in_domain(base));
    domain.into_iter().chain(outside).cloned().collect()
}

/// The searches of a read, one for each kind and base.
pub(crate) fn searches(
    request: &ReadRequest,
    bases: &[DistinguishedName],
    selections: &[(ObjectKind, Selection)],
) -> Vec<Planned> {
    let of_kind = |(kind, selection): &(ObjectKind, Selection)| {
        let planned = |base: &DistinguishedName| Planned {
            kind: *kind,
            base: base.clone(),
            filter: filter(*kind, request),
            selection: selection.clone(),
        };
        bases.iter().map(planned).collect::<Vec<_>>()
    };
    selections.iter().flat_map(of_kind).collect()
}

/// Object classes alone, since `objectCategory` is a DN on servers that are not Active Directory.
fn filter(kind: ObjectKind, request: &ReadRequest) -> String {
    match (kind, &request.computer_filter) {
        (ObjectKind::Computer, Some(filter)) => format!("(&(objectClass=computer){filter})"),
        (ObjectKind::Computer, None) => "(objectClass=computer)".to_owned(),
        (ObjectKind::User, _) => "(&(objectClass=user)(!(objectClass=computer)))".to_owned(),
        (ObjectKind::Group, _) => "(objectClass=group)".to_owned(),
    }
}

/// What a read of this server covers, and by whose eyes.
pub(crate) fn scope(
    request: &ReadRequest,
    credential: &Credential,
    bases: &[DistinguishedName],
    root: &RootDse,
    server: &ServerIdentity,
) -> ReadScope {
    let former = digest(&parts(request, credential, bases, root));
    // Two domains may be called the same.
    let identity = (server.domain_sid.as_ref(), server.domain_guid);
    ReadScope {
        bases: bases.to_vec(),
        referred: HashSet::new(),
        view: view(request, credential, root),
        fingerprint: ReadScope::of_domain(former, identity),
        former: Some(former),
    }
}

/// What the account sees of the domain. The domain of another server is another one, even below the same base.
fn view(request: &ReadRequest, credential: &Credential, root: &RootDse) -> View {
    let domain = root.default_naming_context.as_ref().map(DistinguishedName::normalized);
    let account = account(credential);
    View::of_account([account.as_str(), domain.as_deref().unwrap_or_default()])
        .through(request.computer_filter.as_deref())
}

/// Others where another read would show other objects.
fn parts(
    request: &ReadRequest,
    credential: &Credential,
    bases: &[DistinguishedName],
    root: &RootDse,
) -> Vec<String> {
    let mut parts: Vec<String> = bases.iter().map(|base| base.normalized()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.push("kinds".to_owned());
    parts.extend(request.kinds.iter().map(ToString::to_string));
    parts.push("filter".to_owned());
    parts.extend(request.computer_filter.clone());
    parts.push("account".to_owned());
    parts.push(account(credential));
    parts.push("domain".to_owned());
    parts.extend(root.default_naming_context.as_ref().map(DistinguishedName::normalized));
    parts
}

fn digest(parts: &[String]) -> RecordDigest {
    RecordDigest::of(parts.iter().map(String::as_str))
}

/// Who looks: another account may see other objects. A certificate is renewed under its subject.
fn account(credential: &Credential) -> String {
    match &credential.sign_in {
        SignIn::Simple { username, .. } => username.to_lowercase(),
        SignIn::External { certificates, .. } => {
            let own = certificates.first().and_then(|der| ServerCertificate::from_der(der));
            let parts = own.map(|own| [own.issuer, own.subject]);
            parts.unwrap_or_default().join("\n").to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::limits::LdapLimits;
    use crate::ldap::protocol::search;
    use crate::value::{CredentialId, ObjectGuid, OrganizationId, Secret};

    fn request() -> ReadRequest {
        let id = CredentialId::new("corp").unwrap();
        ReadRequest::new(id, OrganizationId::new("hq").unwrap())
    }

    #[test]
    fn the_filter_of_the_host_narrows_computers_only() {
        let request = request().with_computer_filter("(cn=web*)");
        let computers = filter(ObjectKind::Computer, &request);
        assert_eq!(computers, "(&(objectClass=computer)(cn=web*))");
        for kind in [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group] {
            search::check_filter(&filter(kind, &request), &LdapLimits::default()).unwrap();
        }
    }

    #[test]
    fn the_scope_changes_with_what_is_read_and_not_with_how_it_is_written() {
        let dn = |text: &str| vec![DistinguishedName::parse(text).unwrap()];
        let id = CredentialId::new("corp").unwrap();
        let credential = Credential::new(id, "CORP\\svc", Secret::new("x"));
        let server = ServerIdentity::at(([192, 0, 2, 1], 636).into());
        let of = |request: &ReadRequest, base: &str| {
            scope(request, &credential, &dn(base), &RootDse::default(), &server)
        };
        let plain = of(&request(), "DC=corp,DC=example");
        assert_eq!(plain.bases, dn("DC=corp,DC=example"));
        assert_eq!(plain.fingerprint, of(&request(), "dc=CORP, dc=example").fingerprint);
        assert_ne!(plain, of(&request(), "OU=a,DC=corp,DC=example"));
        assert_ne!(plain, of(&request().with_computer_filter("(cn=a)"), "DC=corp,DC=example"));
        let users = of(&request().with_kinds([ObjectKind::User]), "DC=corp,DC=example");
        assert_ne!(plain.fingerprint, users.fingerprint);
    }

    #[test]
    fn who_named_another_base_is_told_that_of_the_domain() {
        let [own, other] = ["DC=corp", "DC=typo"].map(|dn| DistinguishedName::parse(dn).unwrap());
        let root = RootDse { default_naming_context: Some(own.clone()), ..RootDse::default() };
        let refused = || Error::new(ErrorKind::Directory, "no such object");
        let told = about_base(refused(), &other, &root);
        assert_eq!(told.kind(), ErrorKind::Configuration);
        assert!(told.to_string().contains("the domain's own: DC=corp"), "{told}");
        // Another base would be refused as well, or there is none to name.
        let later = refused().with_retry(Retry::Transient);
        for (error, base, root) in [
            (later, &other, &root),
            (refused(), &own, &root),
            (refused(), &other, &RootDse::default()),
        ] {
            assert_eq!(about_base(error, base, root).kind(), ErrorKind::Directory);
        }
    }

    #[test]
    fn changes_are_looked_for_in_the_domain_and_in_what_is_not_of_it() {
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let root = RootDse {
            default_naming_context: Some(dn("DC=corp")),
            configuration_naming_context: Some(dn("CN=Configuration,DC=corp")),
            ..RootDse::default()
        };
        let bases = ["OU=a,DC=corp", "DC=other", "CN=Sites,CN=Configuration,DC=corp"].map(dn);
        let [_, other, sites] = bases.clone();
        assert_eq!(roots(&bases, &root), [dn("DC=corp"), other, sites]);
    }

    #[test]
    fn two_domains_of_one_name_are_two_scopes_and_each_is_that_of_before() {
        let id = CredentialId::new("corp").unwrap();
        let credential = Credential::new(id, "CORP\\svc", Secret::new("x"));
        let of = |sid: Option<&str>, guid: Option<u8>| {
            let mut server = ServerIdentity::at(([192, 0, 2, 1], 636).into());
            server.domain_sid = sid.map(|sid| sid.parse().unwrap());
            server.domain_guid = guid.map(|n| ObjectGuid::from_bytes([n; 16]));
            scope(&request(), &credential, &[], &RootDse::default(), &server)
        };
        let unknown = of(None, None);
        let domains = [
            of(Some("S-1-5-21-1-2-3"), None),
            of(Some("S-1-5-21-1-2-4"), None),
            of(None, Some(1)),
            of(Some("S-1-5-21-1-2-3"), Some(1)),
        ];
        for (n, domain) in domains.iter().enumerate() {
            assert!(domain.has(unknown.fingerprint) && domain.has(domain.fingerprint));
            assert_eq!(domain.view, unknown.view);
            let others = domains.iter().enumerate().filter(|(other, _)| *other != n);
            assert!(others.map(|(_, other)| other).all(|other| !domain.has(other.fingerprint)));
        }
        assert_eq!(unknown.former, Some(unknown.fingerprint));
        let sid = "S-1-5-21-1-2-3".parse().unwrap();
        let known = ReadScope::of_domain(unknown.fingerprint, (Some(&sid), None));
        assert_eq!(known, domains[0].fingerprint, "that of before is told of one that is not told");
    }

    #[test]
    fn the_view_is_that_of_an_account_of_a_domain_through_a_filter() {
        let named = |username: &str| {
            Credential::new(CredentialId::new("corp").unwrap(), username, Secret::new("x"))
        };
        let of = |request: &ReadRequest, username: &str, domain: &str| {
            let domain = DistinguishedName::parse(domain).ok();
            let root = RootDse { default_naming_context: domain, ..RootDse::default() };
            view(request, &named(username), &root)
        };
        let plain = of(&request(), "CORP\\svc", "DC=corp");
        assert_eq!(plain, of(&request(), "corp\\SVC", "dc=CORP"));
        assert_ne!(plain, of(&request(), "CORP\\other", "DC=corp"));
        assert_ne!(plain, of(&request(), "CORP\\svc", "DC=eu,DC=corp"));
        let filtered = of(&request().with_computer_filter("(cn=a)"), "CORP\\svc", "DC=corp");
        assert!(plain.shows_all_of(filtered) && !filtered.shows_all_of(plain));
    }
}
