//! A release of an operating system, as a table of support dates has it.

use jiff::civil::Date;

use super::words::{is_release, words};

/// The products of Windows, whose releases are told apart by rules of their own.
pub(super) const CLIENT: &str = "windows";
pub(super) const SERVER: &str = "windows-server";

/// What the table calls a product, and what people call it.
const NAMES: [(&str, &str); 6] = [
    (CLIENT, "Windows"),
    (SERVER, "Windows Server"),
    ("macos", "macOS"),
    ("rhel", "Red Hat Enterprise Linux"),
    ("ubuntu", "Ubuntu"),
    ("debian", "Debian"),
];

/// Where the source has a label with a place for the cycle.
const CYCLE: &str = "__RELEASE_CYCLE__";

/// A row of a table of support dates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Release {
    /// The product, as the table calls it: `windows-server`.
    pub(super) product: String,
    /// The release within it: `11-24h2-e`, `2012-r2`, `22.04`.
    pub(super) cycle: String,
    /// What people call both.
    pub(super) name: String,
    /// Folded, what tells it from the other releases of the product: `11`, `24h2`, `e`.
    pub(super) words: Vec<String>,
    /// The last day of its support, where one is set.
    pub(super) end: Option<Date>,
    /// The last day of support beyond that, which is bought or applied for.
    pub(super) extended: Option<Date>,
    /// The numbers that it reports: `10.0.26100`.
    pub(super) versions: Vec<String>,
    /// Whether it is serviced for longer than others.
    pub(super) is_long_term: bool,
}

/// Whom a release of Windows is for, where that decides on its dates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Channel {
    HomePro,
    Enterprise,
    LongTerm,
    Server,
    SemiAnnual,
}

impl Channel {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::HomePro => "home and pro",
            Self::Enterprise => "enterprise and education",
            Self::LongTerm => "LTSC",
            Self::Server => "server",
            Self::SemiAnnual => "server, semi-annual",
        }
    }
}

impl Release {
    /// The name and the words of a release, of its product, its cycle and the label that the table has for it.
    pub(super) fn named(
        product: &str,
        cycle: &str,
        label: &str,
        is_long_term: bool,
    ) -> (String, Vec<String>) {
        let label = label.replace(CYCLE, cycle);
        let label = label.trim_end_matches("()").trim();
        let told = if label.is_empty() { cycle.replace('-', " ") } else { label.to_owned() };
        let known = NAMES.iter().find(|(slug, _)| *slug == product);
        let plain = product.replace('-', " ");
        let own = known.map_or(plain.as_str(), |(_, name)| *name);
        let mut named = match label {
            // A label that says how it was called then: `OS X 10.11`, `Windows Server 2012 R2`.
            label if label.starts_with(char::is_alphabetic) && product != CLIENT => told.clone(),
            _ => format!("{own} {told}"),
        };
        for (short, long) in [(" (E)", " Enterprise"), (" (W)", " Home/Pro")] {
            named = named.replace(short, if is_long_term { "" } else { long });
        }
        if is_long_term && product == CLIENT {
            named.push_str(" LTSC");
        }
        let own = words(own);
        let words = words(&told).into_iter().filter(|word| !own.contains(word)).collect();
        (named, words)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// `11`, `2012`, `vista`.
    pub(super) fn first_word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// `24h2`, `1809`.
    pub(super) fn release(&self) -> Option<&str> {
        let rest = if self.is_semi_annual() { 0 } else { 1 };
        self.words.iter().skip(rest).map(String::as_str).find(|word| is_release(word))
    }

    /// `sp2`.
    pub(super) fn service_pack(&self) -> Option<&str> {
        let is_pack =
            |word: &&str| word.strip_prefix("sp").is_some_and(|n| n.parse::<u8>().is_ok());
        self.words.iter().map(String::as_str).find(is_pack)
    }

    /// Windows Server of the semi-annual or the annual channel.
    pub(super) fn is_semi_annual(&self) -> bool {
        self.product == SERVER && (self.has("sac") || self.has("ac"))
    }

    /// The builds of Windows: the last part of what it reports.
    pub(super) fn builds(&self) -> impl Iterator<Item = u32> {
        self.versions.iter().filter_map(|version| version.rsplit('.').next()?.parse().ok())
    }

    pub(super) fn channel(&self) -> Option<Channel> {
        match self.product.as_str() {
            SERVER if self.is_semi_annual() => Some(Channel::SemiAnnual),
            SERVER => Some(Channel::Server),
            CLIENT if self.is_long_term => Some(Channel::LongTerm),
            CLIENT if self.has("e") => Some(Channel::Enterprise),
            CLIENT if self.has("w") => Some(Channel::HomePro),
            _ => None,
        }
    }

    /// Its name as far as it is without release and service pack: `Windows 11`, `Windows Server 2008 R2`.
    pub(super) fn family_name(&self) -> String {
        let mut words = self.name.split(' ');
        let mut family: Vec<&str> = Vec::new();
        for word in words.by_ref() {
            family.push(word);
            if word.eq_ignore_ascii_case(self.first_word()) {
                break;
            }
        }
        family.extend(words.next().filter(|word| *word == "R2"));
        family.join(" ")
    }
}
