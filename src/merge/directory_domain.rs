//! Whose domain is that: a directory's own, or another's.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::directory::DirectoryObject;
use crate::name::to_ascii;

/// The names of a directory's own domain, and what is known of the domains around it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct DirectoryDomain(Arc<Known>);

/// Shared: a run holds as many as computers, and all of them are of one domain or of few.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Known {
    dns: Option<Box<str>>,
    netbios: Option<Box<str>>,
    around: Arc<Around>,
}

#[derive(Debug, Default, Eq, PartialEq)]
struct Around {
    /// Other suffixes that stand for the domain.
    suffixes: BTreeSet<String>,
    /// Domains: those of the forest, and of other directories.
    others: BTreeSet<String>,
}

impl DirectoryDomain {
    /// The domain of these names, in any case, as far as they are known.
    pub(crate) fn new(dns: Option<&str>, netbios: Option<&str>) -> Self {
        let canonical = |name: &str| Some(canonical_domain(name)).filter(|name| !name.is_empty());
        Self(Arc::new(Known {
            dns: dns.and_then(canonical).map(Box::from),
            netbios: netbios.and_then(canonical).map(Box::from),
            around: Arc::default(),
        }))
    }

    /// The domain with these other suffixes that stand for it, such as those that DHCP or a VPN gives its computers,
    /// and these DNS names of other domains, which are not its own although they may be below it.
    #[must_use]
    pub(crate) fn within<'a>(
        mut self,
        suffixes: impl IntoIterator<Item = &'a str>,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let suffixes = suffixes.into_iter().map(canonical_domain).collect();
        let others = others.into_iter().map(canonical_domain).collect();
        Arc::make_mut(&mut self.0).around = Arc::new(Around { suffixes, others });
        self
    }

    /// The domain that an asset with these domains is in, as far as they tell: the first DNS name and the
    /// first NetBIOS name.
    pub(super) fn of_names(domains: &[&str]) -> Self {
        let first = |is_dns: bool| domains.iter().copied().find(|d| d.contains('.') == is_dns);
        Self::new(first(true), first(false))
    }

    /// The DNS name, in lower case and in ASCII.
    pub(crate) fn dns(&self) -> Option<&str> {
        self.0.dns.as_deref()
    }

    /// The NetBIOS name, in lower case.
    pub(crate) fn netbios(&self) -> Option<&str> {
        self.0.netbios.as_deref()
    }

    /// Those names that are known.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.dns().into_iter().chain(self.netbios())
    }

    /// Whether a domain, in lower case, is this one: by one of its names, or as a part of it that is no domain of its own,
    /// such as `dhcp.corp.example` of `corp.example`.
    pub(super) fn is(&self, domain: &str) -> bool {
        let own = self.dns().filter(|own| is_below(domain, own)).map(str::len);
        self.names().any(|name| name == domain) || own > self.other(domain)
    }

    /// Whether a domain is another one that is known, or a part of it, and not this one.
    pub(super) fn is_beside(&self, domain: &str) -> bool {
        self.other(domain).is_some() && !self.is(domain)
    }

    /// Whether a domain is a suffix that stands for this one. Others may have the same, so that it says no more than no
    /// domain at all.
    pub(super) fn has_suffix(&self, domain: &str) -> bool {
        let told = self.0.around.suffixes.iter().filter(|told| is_below(domain, told));
        told.map(String::len).max() > self.other(domain)
    }

    /// The DNS names of other domains that are known.
    pub(super) fn others(&self) -> impl Iterator<Item = &str> {
        let others = self.0.around.others.iter().map(String::as_str);
        others.filter(|other| Some(*other) != self.dns())
    }

    /// How much of a domain is the name of another one. There may be as many as there are computers.
    fn other(&self, domain: &str) -> Option<usize> {
        let mut above =
            std::iter::successors(Some(domain), |domain| Some(domain.split_once('.')?.1));
        let is_other = |above: &&str| {
            above.contains('.')
                && Some(*above) != self.dns()
                && self.0.around.others.contains(*above)
        };
        above.find(is_other).map(str::len)
    }

    /// With the domains that objects stand in: these are one forest's, if a global catalog was read, and none is a part of
    /// another.
    #[must_use]
    pub(super) fn among(self, objects: &[DirectoryObject]) -> Self {
        let is_in_own =
            |object: &&DirectoryObject| self.dns().is_some_and(|own| object.dn.is_plainly_in(own));
        let elsewhere = objects.iter().filter(|object| !is_in_own(object));
        let others: BTreeSet<String> = elsewhere.filter_map(|object| object.dn.domain()).collect();
        self.within([], others.iter().map(String::as_str))
    }

    /// The domain of an object: the directory's own or, where that is not known, the one that the object stands in.
    pub(super) fn or_that_of(&self, object: &DirectoryObject) -> Self {
        match self.dns() {
            Some(_) => self.clone(),
            None => {
                let dns = object.dn.domain().map(Box::from);
                Self(Arc::new(Known { dns, ..Known::clone(&self.0) }))
            }
        }
    }

    /// The domain that an object stands in. It differs from the directory's own where a global catalog
    /// was read, and has no NetBIOS name that is known then.
    pub(super) fn of(&self, object: &DirectoryObject) -> Self {
        // Nearly always it is the directory's own, and nothing is to be worked out.
        let other = self.dns().filter(|own| !object.dn.is_plainly_in(own));
        let other = other.and_then(|own| object.dn.domain().filter(|other| other != own));
        match other {
            Some(own) => self.around(Self::new(Some(&own), None)),
            _ => self.clone(),
        }
    }

    /// The domain that a record of the directory says it is in, with what is known around it: this one, or another one that
    /// the directory tells of.
    pub(super) fn around(&self, told: Self) -> Self {
        match (self.dns(), told.dns()) {
            (Some(own), Some(same)) if own == same => self.clone(),
            (Some(own), Some(_)) => told.within([], self.others().chain([own])),
            _ => {
                let mut told = told;
                Arc::make_mut(&mut told.0).around = Arc::clone(&self.0.around);
                told
            }
        }
    }
}

/// A domain in the form in which equal ones are equal texts.
pub(super) fn canonical_domain(domain: &str) -> String {
    to_ascii(domain.trim().trim_end_matches('.')).to_lowercase()
}

/// Whether a domain is another one or a part of it.
fn is_below(domain: &str, other: &str) -> bool {
    let above = domain.strip_suffix(other);
    other.contains('.') && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_domain_is_known_each_object_tells_its_own() {
        let object = |dn: &str| {
            let guid = crate::value::ObjectGuid::from_bytes([1; 16]);
            let kind = crate::value::ObjectKind::Computer;
            DirectoryObject::new(kind, guid, dn.parse().unwrap())
        };
        let corp = object("CN=A,DC=corp,DC=example");
        let eu = object("CN=A,DC=eu,DC=corp,DC=example");
        let objects = [corp, eu, object("CN=A")];
        let forest = DirectoryDomain::default().among(&objects);
        let [corp, eu, none] = objects.each_ref().map(|object| forest.or_that_of(object));
        assert!(corp.is("dhcp.corp.example") && !corp.is("dhcp.eu.corp.example"));
        assert!(eu.is("dhcp.eu.corp.example") && eu.is_beside("dhcp.corp.example"));
        assert_eq!((none.dns(), none.is("corp.example")), (None, false));
        let known = DirectoryDomain::new(Some("corp.example"), None).among(&objects);
        assert_eq!(known.or_that_of(&objects[1]).dns(), Some("corp.example"));
        assert!(known.is("dhcp.corp.example") && !known.is("eu.corp.example"));
    }

    #[test]
    fn a_part_of_the_domain_is_the_domain_unless_it_is_another() {
        let corp = DirectoryDomain::new(Some("Corp.Example."), Some("CORP"))
            .within(["dhcp.example.net"], ["eu.corp.example", "corp.example"]);
        for own in ["corp.example", "corp", "dhcp.corp.example"] {
            assert!(corp.is(own) && !corp.has_suffix(own), "{own}");
        }
        for told in ["dhcp.example.net", "a.dhcp.example.net"] {
            assert!(!corp.is(told) && corp.has_suffix(told), "{told}");
        }
        for other in [
            "eu.corp.example",
            "dhcp.eu.corp.example",
            "example",
            "mycorp.example",
            "example.net",
            "x.corp",
        ] {
            assert!(!corp.is(other) && !corp.has_suffix(other), "{other}");
        }
        assert!(!DirectoryDomain::new(None, Some("CORP")).is("x.corp"));
    }

    #[test]
    fn the_longest_of_own_names_suffixes_and_others_says_whose_a_domain_is() {
        let corp = DirectoryDomain::new(Some("corp.example"), Some("CORP")).within(
            ["dhcp.example.net", "vpn.example.net", "shared.example.net"],
            ["corp.example", "lab.dhcp.example.net", "shared.example.net", "example.net"],
        );
        for (domain, is, has_suffix, is_beside) in [
            ("vpn.example.net", false, true, true),
            ("a.vpn.example.net", false, true, true),
            ("a.dhcp.example.net", false, true, true),
            // Another domain below a suffix, and one that is called as a suffix.
            ("a.lab.dhcp.example.net", false, false, true),
            ("shared.example.net", false, false, true),
            ("a.corp.example", true, false, false),
            ("elsewhere.example", false, false, false),
        ] {
            let told = (corp.is(domain), corp.has_suffix(domain), corp.is_beside(domain));
            assert_eq!(told, (is, has_suffix, is_beside), "{domain}");
        }
        let others: Vec<&str> = corp.others().collect();
        assert_eq!(others, ["example.net", "lab.dhcp.example.net", "shared.example.net"]);
    }

    #[test]
    fn a_record_is_in_the_domain_that_it_says_with_what_its_directory_tells_around_it() {
        let names = |dns, netbios| DirectoryDomain::new(dns, netbios);
        let corp = names(Some("corp.example"), Some("CORP"))
            .within(["dhcp.example.net"], ["eu.corp.example"]);
        assert_eq!(corp.around(names(Some("corp.example"), None)), corp);
        let eu = corp.around(names(Some("eu.corp.example"), Some("EU")));
        assert_eq!((eu.dns(), eu.netbios()), (Some("eu.corp.example"), Some("eu")));
        assert!(eu.is_beside("corp.example") && eu.is("a.eu.corp.example"));
        assert!(!eu.has_suffix("dhcp.example.net"));
        let short = corp.around(names(None, Some("CORP")));
        assert_eq!(short.names().collect::<Vec<_>>(), ["corp"]);
        assert!(short.has_suffix("dhcp.example.net") && short.is_beside("eu.corp.example"));
    }
}
