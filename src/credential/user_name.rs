//! The forms of an account name.

use crate::name::DistinguishedName;

/// How a user name is written. It decides nothing: the name is sent as it is, and a directory tries the
/// forms in turn (MS-ADTS 5.1.1.1.1). It helps to explain a refused bind.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub(crate) enum UserNameForm {
    /// A distinguished name, `CN=svc,CN=Users,DC=corp,DC=example` (RFC 4514).
    DistinguishedName,
    /// A down-level logon name, `DOMAIN\user`.
    DownLevel,
    /// None of these. Few directories accept it.
    Other,
    /// A user principal name, `user@domain`.
    UserPrincipal,
}

impl UserNameForm {
    /// The form of this name.
    pub fn of(username: &str) -> Self {
        if username.contains('=') && DistinguishedName::parse(username).is_ok() {
            return Self::DistinguishedName;
        }
        let both = |(before, after): (&str, &str)| !before.is_empty() && !after.is_empty();
        match username.split_once('\\') {
            Some((_, user)) if user.contains('\\') => Self::Other,
            Some(parts) if both(parts) => Self::DownLevel,
            Some(_) => Self::Other,
            None if username.rsplit_once('@').is_some_and(both) => Self::UserPrincipal,
            None => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UserNameForm::{DistinguishedName, DownLevel, Other, UserPrincipal};
    use super::*;

    #[test]
    fn names_are_told_apart_by_their_form() {
        for (name, form) in [
            ("CN=svc,CN=Users,DC=corp,DC=example", DistinguishedName),
            ("CN=Müller\\, Eva,DC=corp", DistinguishedName),
            ("cn=a\\2Cb@c,dc=corp", DistinguishedName),
            ("svc@corp.example", UserPrincipal),
            ("a@b@corp.example", UserPrincipal),
            ("CORP\\svc", DownLevel),
            ("CORP\\svc@x", DownLevel),
            ("svc", Other),
            ("a\\b\\c", Other),
            ("\\svc", Other),
            ("CORP\\", Other),
            ("@x", Other),
            ("x@", Other),
        ] {
            assert_eq!(UserNameForm::of(name), form, "{name}");
        }
    }
}
