//! Through whose eyes a directory is read.

use serde::{Deserialize, Serialize};

use super::RecordDigest;

/// What decides whether an object shows in a read, besides where it stands: which account reads which domain, and
/// through which filter.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
pub struct View {
    /// The digest of the account and the domain.
    pub account: RecordDigest,
    /// The digest of the filter. `None`: everything that the account may see shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<RecordDigest>,
}

impl View {
    /// What these parts, of account and domain, see without a filter.
    pub fn of_account<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { account: RecordDigest::of(parts), filter: None }
    }

    /// A view of which only the fingerprint of a whole scope is known, as in inventories from before links
    /// remembered more. It is that of no account.
    pub fn of_scope(scope: RecordDigest) -> Self {
        Self { account: scope, filter: None }
    }

    /// The same account's view through a filter, or without one.
    #[must_use]
    pub fn through(self, filter: Option<&str>) -> Self {
        let filter = filter.map(|filter| RecordDigest::of([filter]));
        Self { filter, ..self }
    }

    /// Whether whatever the other view shows, this one shows as well.
    pub fn shows_all_of(self, other: Self) -> bool {
        self.account == other.account && (self.filter.is_none() || self.filter == other.filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_shows_what_it_showed_through_the_same_filter_or_through_any_if_it_has_none() {
        let (plain, other) = (View::of_account(["a", "corp"]), View::of_account(["b", "corp"]));
        let through = |filter| plain.through(Some(filter));
        assert!(plain.shows_all_of(plain) && plain.shows_all_of(through("(cn=a)")));
        assert!(through("(cn=a)").shows_all_of(through("(cn=a)")));
        assert!(!through("(cn=a)").shows_all_of(plain));
        assert!(!through("(cn=a)").shows_all_of(through("(cn=b)")));
        assert!(!plain.shows_all_of(other) && !other.shows_all_of(through("(cn=a)")));
        assert_eq!(through("(cn=a)").through(None), plain);
    }
}
