//! How much one run may change before somebody is asked.

use serde::{Deserialize, Serialize};

/// How much one run may change. A run that would change more stops before its first write, with its plan.
///
/// What a directory loses at once is seldom lost: a filter was changed, an organizational unit renamed, rights
/// withdrawn, a replica not filled yet. The defaults let pass what happens to a domain in a month, and stop what
/// happens to most of it in a night.
///
/// ```
/// use ldap_inventory::task::{ChangeLimits, Limit};
///
/// let limits = ChangeLimits::default().with_losses(Limit::percent(10).or_count(500));
/// assert!(limits.losses.is_exceeded(60, 500));
/// assert!(!limits.losses.is_exceeded(40, 500));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChangeLimits {
    /// New assets, of all computers that are known. More than half of them, and more than 50, unless set: what
    /// was made by a script gone wild. The first run of a source is not held back, nor one with other bases or
    /// another filter than the run before: whoever changes those expects them.
    pub creates: Limit,
    /// Computers that go to another asset than the one they were tied to, or take the place of one that is gone,
    /// of all that are tied. More than a quarter, and more than 5, unless set: a domain that was made anew.
    pub relinks: Limit,
    /// Computers whose asset had nothing but records of directories and becomes part of one that came since, of all that
    /// are tied. No limit unless set: the first scan of a whole site is no accident.
    pub joins: Limit,
    /// Objects that become missing, of all of the same kind that are known. More than a quarter, and more than 5,
    /// unless set.
    pub losses: Limit,
    /// Members that leave groups, of all memberships that are known. More than a quarter, and more than 50, unless
    /// set: one large group may well be emptied, but not all of them.
    pub membership_removals: Limit,
    /// Objects that have another name or place, or fewer attributes than before, of all that are known; and those with
    /// fewer attributes, of all of their kind that were read. More than half, and more than 50, unless set: a unit was
    /// renamed, or rights to read attributes were withdrawn.
    pub changes: Limit,
}

/// How much is too much: more than a share, more than a number, or either.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Limit {
    /// More than this share of what is known, in percent.
    pub percent: Option<u8>,
    /// The share is not looked at up to this number: of three computers, two are no mass.
    pub at_least: u64,
    /// More than this number, whatever share it is.
    pub count: Option<u64>,
}

impl Default for ChangeLimits {
    fn default() -> Self {
        Self {
            creates: Limit::percent(50).beyond(50),
            relinks: Limit::percent(25).beyond(5),
            joins: Limit::none(),
            losses: Limit::percent(25).beyond(5),
            membership_removals: Limit::percent(25).beyond(50),
            changes: Limit::percent(50).beyond(50),
        }
    }
}

impl ChangeLimits {
    /// Limits that stop nothing.
    pub fn off() -> Self {
        let none = Limit::none();
        Self {
            creates: none,
            relinks: none,
            joins: none,
            losses: none,
            membership_removals: none,
            changes: none,
        }
    }

    /// Sets how many new assets are too many.
    #[must_use]
    pub fn with_creates(mut self, limit: Limit) -> Self {
        self.creates = limit;
        self
    }

    /// Sets how many computers that change their asset are too many.
    #[must_use]
    pub fn with_relinks(mut self, limit: Limit) -> Self {
        self.relinks = limit;
        self
    }

    /// Sets how many computers whose asset becomes part of another are too many.
    #[must_use]
    pub fn with_joins(mut self, limit: Limit) -> Self {
        self.joins = limit;
        self
    }

    /// Sets how many missing objects are too many.
    #[must_use]
    pub fn with_losses(mut self, limit: Limit) -> Self {
        self.losses = limit;
        self
    }

    /// Sets how many members that leave are too many.
    #[must_use]
    pub fn with_membership_removals(mut self, limit: Limit) -> Self {
        self.membership_removals = limit;
        self
    }

    /// Sets how many renamed or emptied objects are too many.
    #[must_use]
    pub fn with_changes(mut self, limit: Limit) -> Self {
        self.changes = limit;
        self
    }
}

impl Limit {
    /// Nothing is too much.
    pub fn none() -> Self {
        Self::default()
    }

    /// More than this number is too much.
    pub fn count(count: u64) -> Self {
        Self { count: Some(count), ..Self::default() }
    }

    /// More than this share, in percent, is too much.
    pub fn percent(percent: u8) -> Self {
        Self { percent: Some(percent), ..Self::default() }
    }

    /// A share alone is not too much up to this number.
    #[must_use]
    pub fn beyond(mut self, number: u64) -> Self {
        self.at_least = number;
        self
    }

    /// More than this number is too much as well, whatever share it is.
    #[must_use]
    pub fn or_count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Whether so many are too many.
    pub fn is_exceeded(&self, number: u64, of: u64) -> bool {
        let share = |percent: u8| {
            let (number, of) = (u128::from(number), u128::from(of));
            number * 100 > of * u128::from(percent)
        };
        self.count.is_some_and(|count| number > count)
            || number > self.at_least && self.percent.is_some_and(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_at_the_limit_and_not_one_past_it() {
        for (limit, number, of, exceeded) in [
            (Limit::count(10), 10, 1_000, false),
            (Limit::count(10), 11, 1_000, true),
            (Limit::percent(25), 25, 100, false),
            (Limit::percent(25), 26, 100, true),
            (Limit::percent(25), 1, 3, true),
            (Limit::percent(25).beyond(5), 5, 5, false),
            (Limit::percent(25).beyond(5), 6, 6, true),
            (Limit::percent(25).or_count(10), 11, 1_000, true),
            (Limit::percent(0), 1, u64::MAX, true),
            (Limit::percent(100), u64::MAX, u64::MAX, false),
            (Limit::none(), u64::MAX, 0, false),
        ] {
            assert_eq!(limit.is_exceeded(number, of), exceeded, "{limit:?}: {number} of {of}");
        }
    }

    #[test]
    fn what_is_left_out_of_stored_limits_is_the_default() {
        let limits: ChangeLimits = serde_json::from_str(r#"{"losses":{"count":7}}"#).unwrap();
        assert_eq!(limits, ChangeLimits::default().with_losses(Limit::count(7)));
    }
}
