//! A labelled company: what its directories and its scanner show, and what can be known from that.

use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::value::Timestamp;

use super::near::NearMiss;

/// The time of every run and the day from which ages are counted, 2026-09-21.
pub(crate) const NOW: i64 = 1_790_000_000;

/// The moment so many days before [`NOW`].
pub(crate) fn days_ago(days: u32) -> Timestamp {
    Timestamp::from_unix_seconds(NOW - i64::from(days) * 86_400).unwrap()
}

/// Whether the two domains of a company know of each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Forest {
    /// A domain and a child domain.
    One,
    /// Two domains that share nothing.
    Two,
}

/// One of the two domains of a company.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Domain {
    pub(crate) dns: &'static str,
    pub(crate) netbios: &'static str,
    /// A suffix outside the domain that some of its own computers have.
    pub(crate) disjoint: &'static str,
    /// A suffix outside the domain that stands for it, as only a person can say.
    pub(crate) own_suffix: &'static str,
}

/// A suffix that stands for both domains, as only a person can say: one DHCP server gives it to all.
pub(crate) const SHARED_SUFFIX: &str = "dhcp.example.net";

const CORP: Domain = Domain {
    dns: "corp.example.test",
    netbios: "CORP",
    disjoint: "hunt.example.org",
    own_suffix: "guest.example.net",
};
const EU: Domain = Domain { dns: "eu.corp.example.test", netbios: "EU", ..BRANCH };
const BRANCH: Domain = Domain {
    dns: "branch.example.org",
    netbios: "BRANCH",
    disjoint: "lab.example.com",
    own_suffix: "vpn.example.net",
};

/// Which of the two domains.
pub(crate) type Side = usize;

/// Which of the scanned assets, by its place in [`Company::scans`].
pub(crate) type ScanId = usize;

/// Everything that is shown, and the labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Company {
    pub(crate) forest: Forest,
    pub(crate) accounts: Vec<Account>,
    pub(crate) scans: Vec<Scan>,
    /// Computers and scanned assets whose names are nearly the same: worth a question, and no tie.
    pub(crate) near_misses: Vec<NearMiss>,
    /// Computers and scanned assets that are numbered one after the other: not even worth a question.
    pub(crate) neighbours: Vec<NearMiss>,
}

/// An object of one directory, as the first visit and as the second one finds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) kind: &'static str,
    pub(crate) side: Side,
    pub(crate) before: Option<DirectoryObject>,
    pub(crate) after: Option<DirectoryObject>,
    pub(crate) truth: Truth,
}

/// An asset of the scanner. Its names are as somebody wrote them, and need not be host names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scan {
    pub(crate) names: Vec<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) os: Option<&'static str>,
    /// How many days ago it was last seen.
    pub(crate) seen: u32,
    /// Whether it was found between the two visits, and not before the first one.
    pub(crate) is_late: bool,
}

/// Which scanned asset a computer is, as far as anybody can tell who sees all that is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    /// This one.
    Is(ScanId),
    /// None of them.
    New,
    /// One of these or none of them.
    NobodyCanSay(Vec<ScanId>),
    /// It is no host at all.
    NoHost,
}

impl Company {
    pub(crate) fn domains(&self) -> [Domain; 2] {
        domains(self.forest)
    }
}

pub(crate) fn domains(forest: Forest) -> [Domain; 2] {
    match forest {
        Forest::One => [CORP, EU],
        Forest::Two => [CORP, BRANCH],
    }
}

impl Domain {
    /// The suffixes that somebody who knows the network would tell the task.
    pub(crate) fn told_suffixes(&self) -> [&'static str; 2] {
        [SHARED_SUFFIX, self.own_suffix]
    }
}

impl Account {
    /// What the directory holds at one of the two visits.
    pub(crate) fn at(&self, visit: Visit) -> Option<&DirectoryObject> {
        match visit {
            Visit::First => self.before.as_ref(),
            Visit::Second => self.after.as_ref(),
        }
    }
}

/// A time at which the directories are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Visit {
    First,
    Second,
}

impl Scan {
    pub(crate) fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), seen: 3, ..Self::default() }
    }

    /// Whether none of its names says where it is.
    pub(crate) fn is_bare(&self) -> bool {
        !self.names.iter().any(|name| name.contains('.'))
    }

    pub(crate) fn in_domain(mut self, domain: &str) -> Self {
        self.domains.push(domain.to_owned());
        self
    }

    pub(crate) fn with_os(mut self, os: Option<&'static str>) -> Self {
        self.os = os;
        self
    }

    pub(crate) fn seen(mut self, days: u32) -> Self {
        self.seen = days;
        self
    }

    pub(crate) fn late(mut self) -> Self {
        self.is_late = true;
        self
    }
}
