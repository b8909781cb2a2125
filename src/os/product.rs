//! The product that a system is.

use jiff::civil::Date;

use super::cpe::{cpe, vendor};
use super::found::Found;
use super::release::{CLIENT, Channel, Release, SERVER};
use super::windows;
use super::words::{begins_with, words};

/// What a system is, as far as its name and its version tell it: one release of a table, several that it may be, or none
/// where the table does not have it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Product<'t> {
    found: Found<'t>,
    /// The dotted number that the system says of itself: `10.0.19045.4291`, `9.3`.
    number: Option<String>,
}

/// What products are called otherwise than the table calls them.
const CALLED: [(&str, &[&str]); 2] = [
    ("macos", &["macos", "mac os x", "os x", "mac os"]),
    ("rhel", &["red hat enterprise linux", "rhel"]),
];

impl<'t> Product<'t> {
    pub(super) fn of(releases: &'t [Release], os: &str, version: &str) -> Option<Self> {
        let (os, version) = (words(os), words(version));
        if let Some(found) = windows::find(releases, &os, &version) {
            return Some(Self { found, number: dotted(&version) });
        }
        Self::by_number(releases, &os, &version)
    }

    /// The product whose name the text begins with, and whose release a number in it begins with: `Ubuntu 22.04.3 LTS`. A
    /// version counts where there is no number in the name, and where it is no kernel's.
    fn by_number(releases: &'t [Release], os: &[String], version: &[String]) -> Option<Self> {
        let is_named = |release: &&Release| {
            !matches!(release.product.as_str(), CLIENT | SERVER) && is_called(os, &release.product)
        };
        let named: Vec<&Release> = releases.iter().filter(is_named).collect();
        let is_number = |word: &&String| word.starts_with(|c: char| c.is_ascii_digit());
        // `5.10.0-21-amd64` is a kernel's, and no Debian 5.
        let is_kernel = |number: &&String| {
            let (parts, next) = (number.split('.').count(), version.get(1).map(String::as_str));
            let is_short = parts == 1 || next == Some("lts") || next.is_none() && parts == 2;
            !is_short && named.iter().any(|release| release.product != "macos")
        };
        let told = version.first().filter(is_number).filter(|number| !is_kernel(number));
        let number = os.iter().find(is_number).or(told)?;
        let of_it = |release: &&&Release| begins_with(number, &release.cycle);
        let release = named.iter().filter(of_it).max_by_key(|release| release.cycle.len())?;
        let (releases, family) = (vec![*release], release.name.clone());
        let found = Found { family, releases, is_exact: true, edition: None, channel: None };
        Some(Self { found, number: Some(number.clone()) })
    }

    /// What people call it, as far as it is plain: `Windows 11 24H2 Enterprise`, or `Windows 11`.
    pub(crate) fn name(&self) -> String {
        let mut names = self.found.releases.iter().map(|release| release.name.as_str());
        match names.next() {
            Some(first) if self.found.is_exact => {
                names.fold(first, |one, other| common_words(one, other)).to_owned()
            }
            _ => self.found.family.clone(),
        }
    }

    /// The names of the releases that it may be, where it is not plain which.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &str> {
        let is_plain = self.found.is_exact && self.found.releases.len() < 2;
        let names = self.found.releases.iter().map(|release| release.name.as_str());
        names.filter(move |_| !is_plain)
    }

    /// The last day of its support, where one is set: of several that it may be, the earliest.
    pub(crate) fn end(&self) -> Option<Date> {
        self.found.releases.iter().filter_map(|release| release.end).min()
    }

    /// The last day of support beyond that. There is none if there is none for something that it may be.
    pub(crate) fn extended_end(&self) -> Option<Date> {
        let ends: Option<Vec<Date>> =
            self.found.releases.iter().map(|release| release.extended).collect();
        ends?.into_iter().min()
    }

    /// Who makes it, as CPE names it: `microsoft`.
    pub(crate) fn vendor(&self) -> Option<&'static str> {
        self.found.releases.first().and_then(|release| vendor(release))
    }

    /// `Enterprise`, `Datacenter`.
    pub(crate) fn edition(&self) -> Option<&'static str> {
        self.found.edition
    }

    /// Whom its releases are for.
    pub(crate) fn channel(&self) -> Option<&'static str> {
        self.found.channel.map(Channel::as_str)
    }

    /// `24H2`.
    pub(crate) fn release(&self) -> Option<String> {
        self.common(|release| release.release().map(str::to_uppercase))
    }

    /// The number that it reports: its own, or that of its release.
    pub(crate) fn build(&self) -> Option<String> {
        let of_release = || self.common(|release| release.versions.first().cloned());
        self.number.clone().or_else(of_release).filter(|build| !build.is_empty())
    }

    /// Its name in CPE 2.3 (NIST IR 7695), where all that it may be have the same.
    pub(crate) fn cpe(&self) -> Option<String> {
        let number = self.number.as_deref();
        self.common(|release| cpe(release, number)).filter(|_| self.found.is_exact)
    }

    /// What all releases that it may be have in common.
    fn common<T: PartialEq>(&self, of: impl Fn(&Release) -> Option<T>) -> Option<T> {
        let mut all = self.found.releases.iter().map(|release| of(release));
        let first = all.next().flatten()?;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
}

/// The number of a version of Windows: `10.0.19044` for `10.0 (19044)`.
fn dotted(version: &[String]) -> Option<String> {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let first = version.first().filter(|first| is_number(first))?;
    Some(match version.get(1) {
        Some(build) if first.split('.').count() == 2 && is_number(build) => {
            format!("{first}.{build}")
        }
        _ => first.clone(),
    })
}

/// Whether a text begins with the name of a product.
fn is_called(os: &[String], product: &str) -> bool {
    let called = CALLED.iter().find(|(own, _)| *own == product);
    let plain = [product];
    let names = called.map_or(plain.as_slice(), |(_, names)| names);
    names.iter().any(|name| os.starts_with(&words(name)))
}

/// The words with which both begin.
fn common_words<'a>(one: &'a str, other: &str) -> &'a str {
    let pairs = one.split(' ').zip(other.split(' '));
    let same: usize =
        pairs.take_while(|(one, other)| one == other).map(|(word, _)| word.len() + 1).sum();
    one.get(..same.saturating_sub(1)).unwrap_or(one)
}
