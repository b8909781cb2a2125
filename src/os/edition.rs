//! The editions of Windows.

use super::release::Channel;

/// Words that name an edition, the more telling first: `Pro Education` is a Pro, and `IoT Enterprise` an Enterprise. With
/// whom its releases are for, where that decides on their dates.
const EDITIONS: [(&str, &str, Option<Channel>); 17] = [
    ("pro", "Pro", Some(Channel::HomePro)),
    ("professional", "Pro", Some(Channel::HomePro)),
    ("home", "Home", Some(Channel::HomePro)),
    ("famille", "Home", Some(Channel::HomePro)),
    ("professionnel", "Pro", Some(Channel::HomePro)),
    ("enterprise", "Enterprise", Some(Channel::Enterprise)),
    ("entreprise", "Enterprise", Some(Channel::Enterprise)),
    ("education", "Education", Some(Channel::Enterprise)),
    ("datacenter", "Datacenter", None),
    ("standard", "Standard", None),
    ("essentials", "Essentials", None),
    ("foundation", "Foundation", None),
    ("storage", "Storage", None),
    ("web", "Web", None),
    ("ultimate", "Ultimate", None),
    ("business", "Business", None),
    ("starter", "Starter", None),
];

/// The edition that a name tells, and whom its releases are for.
pub(super) fn edition(words: &[String]) -> (Option<&'static str>, Option<Channel>) {
    let named = |(word, _, _): &&(&str, _, _)| words.iter().any(|own| own == word);
    match EDITIONS.iter().find(named) {
        Some((_, edition, channel)) => (Some(*edition), *channel),
        None => (None, None),
    }
}
