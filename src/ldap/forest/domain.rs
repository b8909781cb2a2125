//! A domain as a directory knows it, and what follows for whoever would read it.

use serde::Serialize;

use crate::credential::ServerUrl;
use crate::name::DistinguishedName;
use crate::task::{Exclusions, SyncTask};
use crate::value::{ObjectGuid, Sid, SourceId};

/// The kinds of trust behind which there is no Active Directory to be read by LDAP: a Windows domain without it, a Kerberos
/// realm, DCE, and Azure Active Directory (MS-ADTS section 6.1.6.7.15).
const NO_DIRECTORY: [u32; 4] = [1, 3, 4, 5];

/// A domain that a directory knows: its own, one of its forest, or one that a trust connects it with (MS-ADTS section 6.1.6).
/// [`LdapSource::forest`](super::super::LdapSource::forest) lists them.
///
/// Everything in it is what the directory says, and the account may read.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ForestDomain {
    /// Its DNS name, in the form that DNS has and in small letters; `None` for a domain that has none, as those of Windows NT.
    pub dns_name: Option<String>,
    /// Whether another domain has the same DNS name, and is listed before this one, as the own one always is. A source and a
    /// URL stand for one domain alone: this one has neither.
    pub is_namesake: bool,
    /// Its NetBIOS name.
    pub netbios_name: Option<String>,
    /// Its SID.
    pub sid: Option<Sid>,
    /// Its objectGUID.
    pub guid: Option<ObjectGuid>,
    /// The DN of its root, of a domain of the forest.
    pub naming_context: Option<DistinguishedName>,
    /// Whether it is the domain of the server that was asked.
    pub is_own: bool,
    /// Whether it is of that domain's forest, all domains of which trust each other.
    pub is_in_forest: bool,
    /// Whether a trust has it that the own domain trusts this one: accounts of this one can sign in there.
    pub is_trusted: bool,
    /// Whether a trust has it that this domain trusts the own one: accounts of the own one can sign in here.
    pub is_trusting: bool,
    /// `trustType` of the trust, if there is one: 1 a Windows domain without Active Directory, 2 one with it, 3 a Kerberos
    /// realm that is no Windows domain, 4 DCE, 5 Azure Active Directory.
    pub trust_type: Option<u32>,
    /// `trustAttributes` of the trust, as they are (MS-ADTS section 6.1.6.7.9).
    pub trust_attributes: Option<u32>,
    /// The hosts that DNS has for its domain controllers, none if it has none; `None` where DNS was not asked, or did not
    /// answer. Nobody has connected to them.
    pub controllers: Option<Vec<String>>,
}

impl ForestDomain {
    /// What it is called: by its DNS name, or else by its NetBIOS name.
    pub fn name(&self) -> &str {
        self.dns_name.as_deref().or(self.netbios_name.as_deref()).unwrap_or_default()
    }

    /// How it is related to the own domain, in a word: `own`, `forest`, `both` (each trusts the other), `trusted` (the own
    /// domain trusts it), `trusting` (it trusts the own domain), `disabled` (there is a trust, and it counts for nothing), or
    /// `unknown`.
    pub fn relation(&self) -> &'static str {
        match (self.is_trusted, self.is_trusting) {
            _ if self.is_own => "own",
            _ if self.is_in_forest => "forest",
            (true, true) => "both",
            (true, false) => "trusted",
            (false, true) => "trusting",
            (false, false) if self.trust_type.is_some() => "disabled",
            (false, false) => "unknown",
        }
    }

    /// Whether accounts of the own domain can sign in there, as far as the relation tells: the same credential may do.
    pub fn takes_own_accounts(&self) -> bool {
        self.is_own || self.is_in_forest || self.is_trusting
    }

    /// Whether DNS has controllers of it; `None` where that is not known.
    pub fn can_be_found(&self) -> Option<bool> {
        self.controllers.as_ref().map(|hosts| !hosts.is_empty())
    }

    /// The URL that stands for its domain controllers, `domain:corp.example`, if it is an Active Directory domain with a DNS
    /// name of its own. A [credential](crate::credential::Credential) with it in place of its servers signs in there.
    pub fn url(&self) -> Option<ServerUrl> {
        let has_none = self.trust_type.is_some_and(|kind| NO_DIRECTORY.contains(&kind));
        if has_none || self.is_namesake {
            return None;
        }
        url(self.dns_name.as_deref()?)
    }

    /// A task that reads it, if it has a [URL](Self::url): made like this one, for the same organization and site, by the same
    /// credential and rules, with a source that is called after the domain; none if this one's is called so already. For the
    /// own domain the task is the very same.
    ///
    /// Bases, excluded OUs and suffixes of the other domain are left out, and without a base of this one its root is it: a
    /// server of the other domain has no such entry, so that nothing of one is read as the other's. Included OUs stay if none
    /// is of this domain: nothing is taken from it until somebody says what.
    ///
    /// The credential says where to connect to, and has to say so for this domain before the task is run.
    pub fn task(&self, like: &SyncTask) -> Option<SyncTask> {
        let (name, _) = (self.dns_name.as_deref()?, self.url()?);
        if self.is_own {
            return Some(like.clone());
        }
        let mut task = like.clone();
        name.clone_into(&mut task.name);
        task.source = SourceId::new(like.source.kind(), name).ok()?;
        if task.source == like.source {
            return None;
        }
        task.base_dns.retain(|base| DistinguishedName::parse(base).is_ok_and(|dn| self.has(&dn)));
        if task.base_dns.is_empty() {
            task.base_dns.push(self.root(name));
        }
        let Exclusions { included_ous, excluded_ous, .. } = &mut task.exclusions;
        excluded_ous.retain(|ou| self.has(ou));
        if included_ous.iter().any(|ou| self.has(ou)) {
            included_ous.retain(|ou| self.has(ou));
        }
        task.matching.own_suffixes.clear();
        Some(task)
    }

    /// The DN of its root, as it is told, or else after its name.
    fn root(&self, name: &str) -> String {
        let of_name = || name.split('.').map(|label| format!("DC={label}")).collect::<Vec<_>>();
        let told = self.naming_context.as_ref().map(ToString::to_string);
        told.unwrap_or_else(|| of_name().join(","))
    }

    /// Whether an entry is one of this domain's own.
    fn has(&self, dn: &DistinguishedName) -> bool {
        self.dns_name.is_some() && dn.domain().and_then(|name| dns_name(&name)) == self.dns_name
    }
}

/// The name of a domain as DNS has it, in small letters, if it can be one.
pub(super) fn dns_name(text: &str) -> Option<String> {
    url(text).map(|url| url.host())
}

/// The URL of a domain of this name, if it can be one.
fn url(dns_name: &str) -> Option<ServerUrl> {
    let url = ServerUrl::parse(&format!("domain:{dns_name}")).ok()?;
    matches!(url.domain(), Some((_, None))).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::MatchPolicy;

    fn domain(name: &str) -> ForestDomain {
        ForestDomain { dns_name: Some(name.to_owned()), ..ForestDomain::default() }
    }

    fn task() -> SyncTask {
        let [organization, site] = ["acme", "hq"];
        let (organization, site) = (organization.parse().unwrap(), site.parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let ou = DistinguishedName::parse("OU=Old,DC=corp,DC=example").unwrap();
        SyncTask::new("Head office", organization, site, source, "reader".parse().unwrap())
            .with_base_dns(
                ["OU=A,DC=corp,DC=example", "DC=eu,DC=corp,DC=example"].map(str::to_owned),
            )
            .with_exclusions(Exclusions::default().with_disabled(true).with_excluded_ou(ou))
            .with_matching(MatchPolicy::default().with_own_suffixes(["dhcp.example".to_owned()]))
    }

    #[test]
    fn the_relation_is_told_in_a_word() {
        let trust = |is_trusted, is_trusting| ForestDomain {
            trust_type: Some(2),
            is_trusted,
            is_trusting,
            ..domain("partner.example")
        };
        let own = ForestDomain { is_own: true, is_in_forest: true, ..domain("corp.example") };
        let child = ForestDomain { is_in_forest: true, ..trust(true, true) };
        for (domain, relation, takes_own_accounts) in [
            (own, "own", true),
            (child, "forest", true),
            (trust(true, true), "both", true),
            (trust(true, false), "trusted", false),
            (trust(false, true), "trusting", true),
            (trust(false, false), "disabled", false),
            (domain("stray.example"), "unknown", false),
        ] {
            assert_eq!(domain.relation(), relation);
            assert_eq!(domain.takes_own_accounts(), takes_own_accounts, "{relation}");
        }
    }

    #[test]
    fn a_task_is_made_for_the_domain_and_keeps_the_rules() {
        let like = task();
        let task = domain("eu.corp.example").task(&like).unwrap();
        assert_eq!(
            (&*task.name, task.source.to_string()),
            ("eu.corp.example", "ldap/eu.corp.example".to_owned())
        );
        assert_eq!(task.base_dns, ["DC=eu,DC=corp,DC=example"]);
        assert!(task.exclusions.disabled && task.exclusions.excluded_ous.is_empty());
        assert!(task.matching.own_suffixes.is_empty());
        assert_eq!((&task.organization, &task.site), (&like.organization, &like.site));
        assert_eq!(task.credential, like.credential);
        let own = ForestDomain { is_own: true, ..domain("corp.example") };
        assert_eq!(own.task(&like), Some(like.clone()));
        assert_eq!(own.url().unwrap().to_string(), "domain:corp.example");
    }

    /// By the very same credential its server is asked for what it does not have.
    #[test]
    fn a_task_of_another_domain_reads_nothing_of_the_own_one() {
        let ou = |text: &str| DistinguishedName::parse(text).unwrap();
        let own = ou("OU=In,DC=corp,DC=example");
        let mut like = task().with_base_dns([own.to_string()]);
        like.exclusions = like.exclusions.with_included_ou(own.clone());
        let partner = domain("partner.example");
        let made = partner.task(&like).unwrap();
        assert_eq!(made.base_dns, ["DC=partner,DC=example"]);
        assert_eq!(made.exclusions.included_ous, like.exclusions.included_ous);
        let told = ForestDomain { naming_context: Some(ou("dc=X,dc=example")), ..partner.clone() };
        assert_eq!(told.task(&task()).unwrap().base_dns, ["dc=X,dc=example"]);
        let inner = ou("OU=In,DC=partner,DC=example");
        like.exclusions = like.exclusions.with_included_ou(inner.clone());
        let included = partner.task(&like).unwrap().exclusions.included_ous;
        assert_eq!(included.iter().collect::<Vec<_>>(), [&inner]);
        like.source = SourceId::new("ldap", "partner.example").unwrap();
        assert_eq!(partner.task(&like), None, "the source is another one's");
    }

    #[test]
    fn a_name_is_known_in_every_form_of_it() {
        let ou = |text: &str| DistinguishedName::parse(text).unwrap();
        assert_eq!(dns_name("Co\u{ad}rp.Example."), Some("corp.example".to_owned()));
        let domain = domain("xn--bcher-kva.example");
        assert_eq!(dns_name("B\u{fc}cher.example"), domain.dns_name);
        assert!(domain.has(&ou("OU=A,DC=b\u{fc}cher,DC=example")));
        assert!(!domain.has(&ou("OU=A,DC=buecher,DC=example")));
    }

    #[test]
    fn what_is_no_active_directory_or_has_no_name_of_its_own_has_no_task() {
        let kind = |kind| ForestDomain { trust_type: Some(kind), ..domain("realm.example") };
        let nameless =
            ForestDomain { netbios_name: Some("NT4".to_owned()), ..ForestDomain::default() };
        let namesake = ForestDomain { is_namesake: true, ..domain("corp.example") };
        let without = [nameless, namesake, domain("no name"), domain("389"), domain("a/b")];
        for domain in without.into_iter().chain([1, 3, 4, 5].map(kind)) {
            assert_eq!((domain.url(), domain.task(&task())), (None, None), "{domain:?}");
        }
        assert!(kind(2).url().is_some());
    }
}
