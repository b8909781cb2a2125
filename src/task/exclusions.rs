//! Which computers a task leaves out, although it reads them.

use serde::{Deserialize, Serialize};

use crate::name::DistinguishedName;

/// Which computers a task leaves out, although it reads them.
///
/// Leaving out keeps computers from *entering* the inventory: one that is not tied to an asset yet is
/// skipped, creates nothing and matches nothing. One that is tied already goes on being updated, so that its
/// asset shows that it is disabled or unused now, and a person's decision that a computer is an asset
/// outranks all of this. What is left out is counted, and every decision says why.
///
/// A narrower [base](super::SyncTask::base_dns) or [filter](super::SyncTask::computer_filter), in contrast,
/// keeps computers from being *read*, and the inventory then knows nothing of them.
///
/// ```
/// use ldap_inventory::name::DistinguishedName;
/// use ldap_inventory::task::Exclusions;
///
/// let exclusions = Exclusions::default()
///     .with_disabled(true)
///     .with_stale_after_days(90)
///     .with_excluded_ou(DistinguishedName::parse("OU=Staging,DC=corp,DC=example")?);
/// assert!(exclusions.included_ous.is_empty());
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Exclusions {
    /// Leaves out computers whose account is disabled. Off unless set: a disabled account does not switch
    /// a machine off.
    pub disabled: bool,
    /// Leaves out computers that nobody has used for more than so many days. Nothing is stale unless set:
    /// machines that keep their password and whose users work offline live on.
    ///
    /// A computer is stale once its last logon *and* its last password change are both older. Directories
    /// write a logon down up to 14 days late, and machines change their password every 30 days unless told
    /// otherwise, so that less than 45 days leaves out what is in use. A missing value is no evidence: where
    /// one of the two is not known, the account must have been created as long ago as well, and where that
    /// is not known either, it is not stale. So an account that was made ahead for a new machine has as many
    /// days before it is left out as any other. Domain controllers and what clusters have registered are
    /// never stale: neither is used as other computers are.
    pub stale_after_days: Option<u64>,
    /// If there are any, leaves out computers that are below none of these. None unless set.
    pub included_ous: Vec<DistinguishedName>,
    /// Leaves out computers below one of these, even if it is within an included one. None unless set.
    pub excluded_ous: Vec<DistinguishedName>,
}

impl Exclusions {
    /// Whether it matters to them where a computer stands.
    pub(crate) fn depend_on_place(&self) -> bool {
        !self.included_ous.is_empty() || !self.excluded_ous.is_empty()
    }

    /// Sets whether computers whose account is disabled are left out.
    #[must_use]
    pub fn with_disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Leaves out computers that nobody has used for more than so many days.
    #[must_use]
    pub fn with_stale_after_days(mut self, days: impl Into<Option<u64>>) -> Self {
        self.stale_after_days = days.into();
        self
    }

    /// Adds an OU, or any other container, outside of which computers are left out.
    #[must_use]
    pub fn with_included_ou(mut self, ou: DistinguishedName) -> Self {
        self.included_ous.push(ou);
        self
    }

    /// Adds an OU, or any other container, below which computers are left out.
    #[must_use]
    pub fn with_excluded_ou(mut self, ou: DistinguishedName) -> Self {
        self.excluded_ous.push(ou);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::SyncTask;
    use crate::value::SourceId;

    #[test]
    fn what_is_stored_comes_back_and_what_is_missing_leaves_nothing_out() {
        let exclusions = Exclusions::default()
            .with_disabled(true)
            .with_stale_after_days(90)
            .with_included_ou("OU=PCs,DC=corp".parse().unwrap());
        let json = r#"{"disabled":true,"stale_after_days":90,"included_ous":["OU=PCs,DC=corp"],"excluded_ous":[]}"#;
        assert_eq!(serde_json::to_string(&exclusions).unwrap(), json);
        assert_eq!(serde_json::from_str::<Exclusions>(json).unwrap(), exclusions);
        assert_eq!(serde_json::from_str::<Exclusions>("{}").unwrap(), Exclusions::default());
        for wrong in [json.replace("OU=PCs", "PCs"), json.replace("90", "-1")] {
            assert!(serde_json::from_str::<Exclusions>(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_task_that_does_not_name_them_leaves_nothing_out() {
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let [organization, site, credential] = ["acme", "hq", "reader"];
        let task = SyncTask::new(
            "Head office",
            organization.parse().unwrap(),
            site.parse().unwrap(),
            source,
            credential.parse().unwrap(),
        );
        let mut json = serde_json::to_value(&task).unwrap();
        json.as_object_mut().unwrap().remove("exclusions").unwrap();
        assert_eq!(serde_json::from_value::<SyncTask>(json).unwrap(), task);
    }
}
