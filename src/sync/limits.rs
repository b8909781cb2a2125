//! Stopping a run that would change more than it may, before its first write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::loss::{Loss, first_names};
use crate::error::Printable;
use crate::task::Limit;
use crate::value::{ObjectKind, RecordDigest};
use crate::{Error, ErrorKind, Result};

/// What is more than one run may change.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct LimitsExceeded {
    /// What exceeds its limit.
    pub exceeded: Vec<ExceededLimit>,
    /// What lets exactly this through.
    pub confirmation: Confirmation,
}

/// One limit that is exceeded.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ExceededLimit {
    /// What there is too much of.
    pub what: Measure,
    /// How much there is.
    pub number: u64,
    /// Of how much.
    pub of: u64,
    /// How much may be.
    pub limit: Limit,
}

/// What a [`ChangeLimits`](crate::task::ChangeLimits) limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// New assets.
    Creates,
    /// Computers that go to another asset, or take the place of one that is gone.
    Relinks,
    /// Computers whose asset becomes part of one that came since.
    Joins,
    /// Computers that become missing.
    LostComputers,
    /// Groups that become missing.
    LostGroups,
    /// Users that become missing.
    LostUsers,
    /// Members that leave groups.
    MembershipRemovals,
    /// Objects with another name or place, or with fewer attributes.
    Changes,
}

/// Stands for exactly what a stopped run would have done beyond ordinary updates: which objects it would create
/// assets for, tie to other assets, miss, take out of groups, or rename. A run that would do anything else of the
/// kind has another one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Confirmation(RecordDigest);

impl LimitsExceeded {
    /// The error of a run that is stopped, without its plan, with the first names of what would be lost.
    pub(super) fn error(&self, lost: &[Loss]) -> Error {
        let reason = |exceeded: &ExceededLimit| {
            let of_kind = |loss: &&Loss| Some(loss.kind) == exceeded.what.lost_kind();
            let lost: Vec<&Loss> = lost.iter().filter(of_kind).collect();
            match first_names(&lost) {
                names if names.is_empty() => exceeded.to_string(),
                names => format!("{exceeded}: {}", Printable(&names)),
            }
        };
        let reasons: Vec<String> = self.exceeded.iter().map(reason).collect();
        let message = format!(
            "{}; nothing was written. If that is right, confirm it with {}",
            reasons.join(", and "),
            self.confirmation
        );
        Error::new(ErrorKind::LimitsExceeded, message).in_operation("sync")
    }
}

impl Measure {
    /// What is lost where there is too much of this.
    fn lost_kind(self) -> Option<ObjectKind> {
        match self {
            Self::LostComputers => Some(ObjectKind::Computer),
            Self::LostGroups => Some(ObjectKind::Group),
            Self::LostUsers => Some(ObjectKind::User),
            _ => None,
        }
    }
}

impl Confirmation {
    pub(super) fn of(impact: RecordDigest) -> Self {
        Self(impact)
    }

    /// Whether this lets through what was stopped with `other`. A confirmation of something else is refused.
    pub(super) fn covers(confirmed: Option<Self>, braked: &LimitsExceeded) -> Result<bool> {
        match confirmed {
            None => Ok(false),
            Some(confirmation) if confirmation == braked.confirmation => Ok(true),
            Some(confirmation) => Err(Error::new(
                ErrorKind::LimitsExceeded,
                format!(
                    "what is confirmed with {confirmation} is not what this run would do, and nothing was \
                     written: look at its plan, which {} confirms",
                    braked.confirmation
                ),
            )
            .in_operation("sync")),
        }
    }
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, number, of, limit } = self;
        match what {
            Measure::Creates => write!(f, "{number} new assets would join {of} known computers")?,
            Measure::Relinks => {
                write!(f, "{number} of {of} computers would change the asset they are tied to")?;
            }
            Measure::Joins => {
                write!(f, "{number} of {of} computers would join an asset that came since")?;
            }
            Measure::LostComputers => write!(f, "{number} of {of} computers would be missing")?,
            Measure::LostGroups => write!(f, "{number} of {of} groups would be missing")?,
            Measure::LostUsers => write!(f, "{number} of {of} users would be missing")?,
            Measure::MembershipRemovals => {
                write!(f, "{number} of {of} memberships would be removed")?;
            }
            Measure::Changes => {
                write!(
                    f,
                    "{number} of {of} objects have another name or place, or fewer attributes"
                )?;
            }
        }
        match (limit.count, limit.percent) {
            (Some(count), _) if *number > count => write!(f, " (more than {count})"),
            (_, Some(percent)) => write!(f, " (more than {percent} %)"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Confirmation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || Error::invalid("confirmation", text, "it has 32 hexadecimal digits");
        let number = u128::from_str_radix(text, 16).map_err(|_| invalid())?;
        let own = Self(RecordDigest(number.to_be_bytes()));
        if own.to_string().eq_ignore_ascii_case(text) { Ok(own) } else { Err(invalid()) }
    }
}

impl Serialize for Confirmation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Confirmation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Presence;
    use crate::value::ObjectGuid;

    #[test]
    fn a_limit_says_which_of_its_numbers_is_exceeded() {
        let limit = Limit { percent: Some(25), at_least: 0, count: Some(10) };
        let words = |number, limit| {
            ExceededLimit { what: Measure::Creates, number, of: 40, limit }.to_string()
        };
        assert!(words(11, limit).ends_with("(more than 10)"));
        assert!(words(10, limit).ends_with("(more than 25 %)"));
        assert!(words(9, Limit { count: None, ..limit }).ends_with("(more than 25 %)"));
        assert!(!words(9, Limit::none()).contains("more than"));
    }

    #[test]
    fn a_stopped_run_names_what_would_be_lost_of_the_kind_that_is_too_much() {
        let loss = |kind, name: &str| Loss {
            kind,
            object: ObjectGuid::from_bytes([1; 16]),
            name: name.to_owned(),
            asset: None,
            presence: Presence::Present,
        };
        let lost = [
            loss(ObjectKind::Computer, "PC7"),
            loss(ObjectKind::Group, "Staff"),
            loss(ObjectKind::User, "anna"),
        ];
        for (what, named) in [
            (Measure::LostComputers, Some("PC7")),
            (Measure::LostGroups, Some("Staff")),
            (Measure::LostUsers, Some("anna")),
            (Measure::Creates, None),
        ] {
            let exceeded = vec![ExceededLimit { what, number: 1, of: 2, limit: Limit::none() }];
            let confirmation = Confirmation(RecordDigest::default());
            let error = LimitsExceeded { exceeded, confirmation }.error(&lost);
            for name in ["PC7", "Staff", "anna"] {
                assert_eq!(error.message().contains(name), named == Some(name), "{error}");
            }
            assert_eq!(error.message().contains(": "), named.is_some(), "{error}");
        }
    }

    #[test]
    fn a_confirmation_is_read_as_it_is_printed() {
        let one = Confirmation(RecordDigest([0x0f; 16]));
        assert_eq!(one.to_string(), "0f".repeat(16));
        assert_eq!(one.to_string().parse::<Confirmation>().unwrap(), one);
        for broken in
            ["", "0f", "+f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f", &"0f".repeat(17), &"xx".repeat(16)]
        {
            assert!(broken.parse::<Confirmation>().is_err(), "{broken}");
        }
    }
}
