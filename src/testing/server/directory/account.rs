//! An account that may bind, and why it may not.

/// Why an account may or may not bind. Each state but [`Enabled`](Self::Enabled) is refused with result
/// code 49 and the sub-code that Windows gives.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AccountState {
    /// The right password is accepted.
    #[default]
    Enabled,
    /// `data 533`.
    Disabled,
    /// `data 775`.
    Locked,
    /// `data 701`.
    Expired,
    /// `data 532`.
    PasswordExpired,
    /// `data 773`.
    MustChangePassword,
    /// `data 530`.
    OutsideLogonHours,
    /// `data 531`.
    WorkstationRestricted,
}

impl AccountState {
    pub(super) fn sub_code(self) -> Option<&'static str> {
        Some(match self {
            Self::Enabled => return None,
            Self::Disabled => "533",
            Self::Locked => "775",
            Self::Expired => "701",
            Self::PasswordExpired => "532",
            Self::MustChangePassword => "773",
            Self::OutsideLogonHours => "530",
            Self::WorkstationRestricted => "531",
        })
    }
}

/// A password and a state, kept beside the user's entry.
#[derive(Clone)]
pub(crate) struct Account {
    pub(super) password: Vec<u8>,
    pub(super) state: AccountState,
    /// The certificate (DER) that is mapped to it.
    pub(super) certificate: Option<Vec<u8>>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("state", &self.state).finish_non_exhaustive()
    }
}
