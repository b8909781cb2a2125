//! What a task leaves out, although it was read.

use std::fmt;
use std::time::Duration;

use super::Computer;
use crate::error::Printable;
use crate::name::DistinguishedName;
use crate::task::Exclusions;
use crate::value::Timestamp;

const SECONDS_PER_DAY: u64 = 86_400;

/// The [`Exclusions`] of a task as of a time, ready to be asked of many computers. By default nothing is
/// left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusion {
    disabled: bool,
    stale: Option<Stale>,
    included: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

/// Why a computer is left out. Prints as half a sentence, with the fact that decided.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Excluded {
    /// It is below this OU, which the task excludes.
    Below(DistinguishedName),
    /// It is below none of the OUs that the task includes.
    Outside,
    /// Its account is disabled.
    Disabled,
    /// Its last logon and its last password change are both too long ago.
    Stale {
        /// The later of the two.
        last_used: Timestamp,
        /// The task's limit.
        days: u64,
    },
    /// It was created too long ago, and neither a logon nor a password change is known of it.
    NeverUsed {
        /// `whenCreated`.
        created: Timestamp,
        /// The task's limit.
        days: u64,
    },
}

/// What is older than this is stale.
#[derive(Clone, Copy, Debug)]
struct Stale {
    days: u64,
    before: Timestamp,
}

/// Everything below an entry, which is not part of it: an OU is no computer.
#[derive(Clone, Debug)]
struct Subtree {
    dn: DistinguishedName,
    /// What the normal form of a DN below it ends with.
    suffix: String,
}

impl Exclusion {
    /// What these leave out at this time.
    pub(crate) fn of(exclusions: &Exclusions, now: Timestamp) -> Self {
        let subtrees = |ous: &[DistinguishedName]| ous.iter().map(Subtree::of).collect();
        let stale = exclusions.stale_after_days.and_then(|days| {
            let age = Duration::from_secs(days.saturating_mul(SECONDS_PER_DAY));
            // Nothing is older than the calendar.
            now.checked_sub(age).map(|before| Stale { days, before })
        });
        Self {
            disabled: exclusions.disabled,
            stale,
            included: subtrees(&exclusions.included_ous),
            excluded: subtrees(&exclusions.excluded_ous),
        }
    }

    /// Why a computer is left out, if it is. An excluded OU goes first, then the included ones, then the
    /// state of the account.
    pub(super) fn reason(&self, computer: &Computer) -> Option<Excluded> {
        let place = self.by_place(&computer.dn);
        let disabled = || (self.disabled && computer.is_disabled).then_some(Excluded::Disabled);
        place.or_else(disabled).or_else(|| self.stale?.reason(computer))
    }

    fn by_place(&self, dn: &DistinguishedName) -> Option<Excluded> {
        if self.included.is_empty() && self.excluded.is_empty() {
            return None;
        }
        let dn = dn.normalized();
        let holds = |subtree: &&Subtree| subtree.holds(&dn);
        if let Some(excluded) = self.excluded.iter().find(holds) {
            return Some(Excluded::Below(excluded.dn.clone()));
        }
        let outside = !self.included.is_empty() && !self.included.iter().any(|ou| ou.holds(&dn));
        outside.then_some(Excluded::Outside)
    }
}

impl Stale {
    fn reason(self, computer: &Computer) -> Option<Excluded> {
        let Computer { last_used: logon, last_password_change, created, .. } = computer;
        if computer.is_domain_controller || computer.is_cluster_object {
            return None;
        }
        let is_known = created.is_some() || (logon.is_some() && last_password_change.is_some());
        let signs = [logon, last_password_change, created];
        let is_stale = is_known && signs.into_iter().flatten().all(|time| *time < self.before);
        let days = self.days;
        match (*logon.max(last_password_change), *created) {
            _ if !is_stale => None,
            (Some(last_used), _) => Some(Excluded::Stale { last_used, days }),
            (None, created) => created.map(|created| Excluded::NeverUsed { created, days }),
        }
    }
}

impl Subtree {
    fn of(dn: &DistinguishedName) -> Self {
        // A comma within a value is escaped as a hex pair in the normal form: one that stands there divides.
        let normalized = dn.normalized();
        let suffix = if normalized.is_empty() { normalized } else { format!(",{normalized}") };
        Self { dn: dn.clone(), suffix }
    }

    fn holds(&self, normalized: &str) -> bool {
        normalized.ends_with(&self.suffix)
    }
}

impl fmt::Display for Excluded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(ou) => write!(f, "it is below {}", Printable(ou.as_str())),
            Self::Outside => f.write_str("it is below none of the OUs that the task includes"),
            Self::Disabled => f.write_str("its account is disabled"),
            Self::Stale { last_used, days } => {
                write!(f, "it was last used on {}, more than {}", last_used.date(), ago(*days))
            }
            Self::NeverUsed { created, days } => {
                let created = created.date();
                write!(f, "it was created on {created}, more than {}, and never used", ago(*days))
            }
        }
    }
}

fn ago(days: u64) -> String {
    format!("{days} {} ago", if days == 1 { "day" } else { "days" })
}
