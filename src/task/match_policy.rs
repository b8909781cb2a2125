//! What a task may choose about matching. The rules themselves are the merge engine's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How computers are tied to assets, as far as that is a choice.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MatchPolicy {
    /// Takes candidates of the task's site alone. Off unless set: a directory does not know sites.
    pub within_site: bool,
    /// What becomes of a computer that fits several assets equally well. [`Ambiguity::Review`] unless
    /// set: a wrong guess costs more than a question.
    pub ambiguity: Ambiguity,
    /// A name shared by more than so many live assets or computers is no evidence. 5 unless set: a host
    /// has a handful of records in a messy inventory, an image's default name has dozens.
    pub weak_name_limit: usize,
    /// DNS suffixes that stand for the directory's own domain, such as those that DHCP or a VPN puts behind the names of
    /// its computers. None unless set: a suffix below the domain stands for it anyway, unless it is a domain of the
    /// forest.
    pub own_suffixes: Vec<String>,
    /// How much later than the computer's last sign of life another source may have seen an asset for a bare short name
    /// to tie the two together. 90 days unless set: a directory writes a logon down up to 14 days late, machines change
    /// their password every 30 days, and somebody is on leave.
    pub stale_after: Duration,
    /// Leaves out computers that match no asset, instead of creating one. Off unless set.
    pub exclude_unknown: bool,
    /// Kinds of source whose value of `os`, `os_version` and `type` goes before the directory's, best
    /// first. Empty unless set. What a person set goes before all of them.
    pub precedence: Vec<String>,
}

/// What becomes of a computer that fits several assets equally well.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguity {
    /// Nothing is merged, nothing is created; it is reported and waits for a person.
    #[default]
    Review,
    /// It becomes a new asset.
    Create,
    /// It is tied to the one that was seen most recently; if that is a tie too, it waits for a person.
    MostRecentlySeen,
}

impl Default for MatchPolicy {
    fn default() -> Self {
        Self {
            within_site: false,
            ambiguity: Ambiguity::default(),
            weak_name_limit: 5,
            own_suffixes: Vec::new(),
            stale_after: Duration::from_secs(90 * 86_400),
            exclude_unknown: false,
            precedence: Vec::new(),
        }
    }
}

impl MatchPolicy {
    /// Takes candidates of the task's site alone.
    #[must_use]
    pub fn within_site(mut self, alone: bool) -> Self {
        self.within_site = alone;
        self
    }

    /// Sets what becomes of a computer that fits several assets equally well.
    #[must_use]
    pub fn with_ambiguity(mut self, ambiguity: Ambiguity) -> Self {
        self.ambiguity = ambiguity;
        self
    }

    /// Sets how many may share a name that is evidence.
    #[must_use]
    pub fn with_weak_name_limit(mut self, limit: usize) -> Self {
        self.weak_name_limit = limit;
        self
    }

    /// Sets the DNS suffixes that stand for the directory's own domain.
    #[must_use]
    pub fn with_own_suffixes(mut self, suffixes: impl IntoIterator<Item = String>) -> Self {
        self.own_suffixes = suffixes.into_iter().collect();
        self
    }

    /// Sets how much later than the computer's last sign of life an asset may have been seen.
    #[must_use]
    pub fn with_stale_after(mut self, time: Duration) -> Self {
        self.stale_after = time;
        self
    }

    /// Leaves out computers that match no asset.
    #[must_use]
    pub fn with_exclude_unknown(mut self, exclude: bool) -> Self {
        self.exclude_unknown = exclude;
        self
    }

    /// Sets the kinds of source that go before the directory, best first.
    #[must_use]
    pub fn with_precedence(mut self, kinds: impl IntoIterator<Item = String>) -> Self {
        self.precedence = kinds.into_iter().collect();
        self
    }
}
