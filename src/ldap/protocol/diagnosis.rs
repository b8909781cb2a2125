//! What a server's result codes mean, in words for the person who has to act.

use std::fmt;

use ldap3::LdapResult;

use crate::{Error, ErrorKind, Printable, Result, Retry};

/// Why a server refused a bind. Numbers are those of LDAP (RFC 4511 appendix A), or Active Directory's own, the
/// hexadecimal ones after `data` in its text.
///
/// It is the [source](std::error::Error::source) of the error that a refused bind gives, so a host that
/// wants to show its own words can downcast to it:
///
/// ```
/// use ldap_inventory::Error;
/// use ldap_inventory::ldap::BindRefusal;
///
/// fn is_locked(error: &Error) -> bool {
///     std::error::Error::source(error)
///         .and_then(|source| source.downcast_ref::<BindRefusal>())
///         .is_some_and(|refusal| *refusal == BindRefusal::Locked)
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BindRefusal {
    /// The account is disabled (533).
    Disabled,
    /// The account has expired (701).
    Expired,
    /// The name is not one the server can look up (result codes 32 and 34).
    InvalidName,
    /// The account is locked after too many wrong passwords (775).
    Locked,
    /// The account may not log on at this hour (530).
    LogonHours,
    /// The password must be changed before the first use (773).
    PasswordMustChange,
    /// The password has expired (532).
    PasswordExpired,
    /// The server demands an encrypted connection for this (result code 13).
    NeedsConfidentiality,
    /// The server demands signing, which an unencrypted simple bind cannot have (result code 8).
    NeedsSigning,
    /// The server demands channel binding, which a simple bind cannot have (80090346).
    NeedsChannelBinding,
    /// The server names another one instead of answering (result code 10).
    Referral,
    /// Name or password are wrong, and the server does not say which.
    Unspecified,
    /// No such account (525).
    UnknownUser,
    /// The server is not able to now (result codes 51 and 52).
    Unavailable,
    /// The server does not do this at all (result codes 7, 14, 48, 53 and the rest).
    Unsupported,
    /// The account may not log on from this machine (531).
    Workstation,
    /// The password is wrong (52e); Active Directory says so of an unknown name as well.
    WrongPassword,
}

impl std::error::Error for BindRefusal {}

impl fmt::Display for BindRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bind refused: {self:?}")
    }
}

impl BindRefusal {
    /// Reads a result code and the text that Active Directory sends with it.
    fn read(code: u32, text: &str) -> Self {
        match code {
            49 if text.trim_start().starts_with("80090346") => Self::NeedsChannelBinding,
            49 => sub_code(text).map_or(Self::Unspecified, Self::of_sub_code),
            8 => Self::NeedsSigning,
            13 => Self::NeedsConfidentiality,
            10 => Self::Referral,
            32 | 34 => Self::InvalidName,
            51 | 52 => Self::Unavailable,
            _ => Self::Unsupported,
        }
    }

    fn of_sub_code(data: u32) -> Self {
        match data {
            0x525 => Self::UnknownUser,
            0x52e => Self::WrongPassword,
            0x530 => Self::LogonHours,
            0x531 => Self::Workstation,
            0x532 => Self::PasswordExpired,
            0x533 => Self::Disabled,
            0x701 => Self::Expired,
            0x773 => Self::PasswordMustChange,
            0x775 => Self::Locked,
            _ => Self::Unspecified,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::NeedsConfidentiality => ErrorKind::ConfidentialityRequired,
            Self::NeedsSigning | Self::NeedsChannelBinding => ErrorKind::SigningRequired,
            Self::Referral | Self::Unavailable | Self::Unsupported => ErrorKind::Directory,
            _ => ErrorKind::BindRefused,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Disabled => "the account is disabled; enable it or use another one",
            Self::Expired => "the account has expired; extend it or use another one",
            Self::InvalidName => {
                "the user name is not one that the server can look up; use a DN, user@domain or \
                 DOMAIN\\user"
            }
            Self::Locked => {
                "the account is locked after too many wrong passwords; unlock it and look for what \
                 still uses the old password"
            }
            Self::LogonHours => "the account may not log on at this hour; extend its logon hours",
            Self::PasswordMustChange => {
                "the account's password must be changed before its first use"
            }
            Self::PasswordExpired => "the account's password has expired; set a new one",
            Self::NeedsConfidentiality => {
                "the server demands an encrypted connection; use ldaps:// or StartTLS"
            }
            Self::NeedsSigning => {
                "the server refuses simple binds without encryption; use ldaps:// or StartTLS, and \
                 change this password, since it was sent in clear"
            }
            Self::NeedsChannelBinding => {
                "the server demands channel binding, which a simple bind cannot give; set \
                 LdapEnforceChannelBinding to 1 on the domain controller"
            }
            Self::Referral => {
                "the server refers to another server instead of answering; name a server of the \
                 account's own domain"
            }
            Self::Unspecified => "the server refused the user name or the password",
            Self::UnknownUser => "the server knows no such user name",
            Self::Unavailable => "the server is too busy, or not ready yet",
            Self::Unsupported => "the server does not accept a simple bind",
            Self::Workstation => {
                "the account may not log on from this machine; extend its list of workstations"
            }
            Self::WrongPassword => "the password is wrong, or the user name is not known",
        }
    }
}

/// The error of a bind that did not succeed. `password` is kept out of what the server says.
pub(crate) fn bind_refused(result: &LdapResult, password: &str) -> Error {
    let refusal = BindRefusal::read(result.rc, &result.text);
    let mut quotable = result.clone();
    if quotable.text.contains(password) {
        quotable.text.clear();
    }
    refused(refusal.kind(), refusal.sentence(), refusal, &quotable)
}

/// The error of a refused bind, with what the server says.
fn refused(
    kind: ErrorKind,
    sentence: &'static str,
    refusal: BindRefusal,
    result: &LdapResult,
) -> Error {
    let mut error =
        Error::new(kind, sentence).in_operation("bind").with_context("result code", result.rc);
    if refusal == BindRefusal::Unavailable {
        error = error.with_retry(Retry::Transient);
    }
    if !result.text.is_empty() {
        error = error.with_context("server's text", Printable(&result.text));
    }
    error.with_source(refusal)
}

/// The error of a SASL EXTERNAL bind that did not succeed.
fn external_refused(result: &LdapResult) -> Error {
    let refusal = BindRefusal::read(result.rc, &result.text);
    let sentence = match (result.rc, refusal) {
        (7 | 14 | 53, _) => {
            "the server does not sign anybody in by this client certificate (SASL EXTERNAL): it does so by none, or does \
             not trust the authority that issued it"
        }
        (48, _)
        | (_, BindRefusal::Unspecified | BindRefusal::UnknownUser | BindRefusal::WrongPassword) => {
            "the server knows no account that the client certificate belongs to; map it to one (Active Directory: \
             `altSecurityIdentities`, OpenLDAP: `authz-regexp`)"
        }
        (_, BindRefusal::Unsupported | BindRefusal::InvalidName) => {
            "the server refused to sign in the client certificate (SASL EXTERNAL)"
        }
        (_, refusal) => refusal.sentence(),
    };
    // To a directory that does not trust its authority, a certificate is none: OpenLDAP answers with 7.
    let is_of_account = matches!(result.rc, 7 | 14 | 48);
    let kind = if is_of_account { ErrorKind::BindRefused } else { refusal.kind() };
    refused(kind, sentence, refusal, result)
}

/// The error of a search that did not succeed.
pub(crate) fn search_refused(result: &LdapResult) -> Error {
    let unauthenticated = result.rc == 1 && result.text.contains("000004DC");
    let (kind, message) = match result.rc {
        1 if unauthenticated => (
            ErrorKind::NotAuthenticated,
            "the server accepted the bind but treats the connection as anonymous; check the \
             user name and password",
        ),
        3 => (ErrorKind::Directory, "the server's time limit ended the search before its end"),
        4 => (
            ErrorKind::Directory,
            "the server's size limit ended the search before its end; it does not page for this \
             account",
        ),
        10 => (
            ErrorKind::Directory,
            "the server refers to another server for this base DN; name a server of that domain",
        ),
        11 => (
            ErrorKind::Directory,
            "an administrative limit of the server ended the search before its end",
        ),
        12 => (
            ErrorKind::Directory,
            "the server does not support paged results, or has dropped this one's cookie",
        ),
        32 => (ErrorKind::Directory, "the base DN does not exist, or the account may not see it"),
        34 => (ErrorKind::Directory, "the base DN is not a DN that the server understands"),
        50 => (ErrorKind::Directory, "the account may not read this"),
        51 => (ErrorKind::Directory, "the server is busy"),
        52 => (ErrorKind::Directory, "the server is not available yet"),
        53 => (ErrorKind::Directory, "the server is unwilling to do this search"),
        _ => (ErrorKind::Directory, "the server ended the search with an error"),
    };
    let mut error =
        Error::new(kind, message).in_operation("search").with_context("result code", result.rc);
    if matches!(result.rc, 51 | 52) {
        error = error.with_retry(Retry::Transient);
    }
    for (name, text) in [("server's text", &result.text), ("matched DN", &result.matched)] {
        if !text.is_empty() {
            error = error.with_context(name, Printable(text));
        }
    }
    match result.refs.first() {
        Some(referral) => error.with_context("referral", Printable(referral)),
        None => error,
    }
}

/// A result that must be success.
pub(crate) fn bound(result: &LdapResult, password: &str) -> Result<()> {
    if result.rc == 0 { Ok(()) } else { Err(bind_refused(result, password)) }
}

/// The result of a SASL EXTERNAL bind, which must be success.
pub(crate) fn bound_external(result: &LdapResult) -> Result<()> {
    if result.rc == 0 { Ok(()) } else { Err(external_refused(result)) }
}

/// The hexadecimal number after `data` in the text of Active Directory:
/// `80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580`.
fn sub_code(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("data ")?;
    let digits = after.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: Vec::new(),
        }
    }

    fn refused(rc: u32, data: &str) -> Error {
        let text = format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v2580\0"
        );
        bind_refused(&result(rc, &text), "canary")
    }

    fn refusal(error: &Error) -> BindRefusal {
        *std::error::Error::source(error).unwrap().downcast_ref().unwrap()
    }

    #[test]
    fn every_sub_code_has_its_own_meaning_and_sentence() {
        let codes = ["525", "52e", "530", "531", "532", "533", "701", "773", "775"];
        let mut sentences: Vec<_> = codes
            .iter()
            .map(|code| {
                let error = refused(49, code);
                assert_eq!(error.kind(), ErrorKind::BindRefused);
                assert_eq!(error.retry(), Retry::Never);
                assert_ne!(refusal(&error), BindRefusal::Unspecified);
                error.message().to_owned()
            })
            .collect();
        sentences.dedup();
        assert_eq!(sentences.len(), codes.len());
        assert_eq!(refusal(&refused(49, "775")), BindRefusal::Locked);
    }

    #[test]
    fn a_refused_certificate_is_told_from_a_server_that_takes_none() {
        let refused = |rc, text| external_refused(&result(rc, text));
        for (rc, text, kind, said) in [
            (7, "", ErrorKind::BindRefused, "by this client certificate"),
            (53, "", ErrorKind::Directory, "by this client certificate"),
            (48, "", ErrorKind::BindRefused, "knows no account"),
            (49, "", ErrorKind::BindRefused, "knows no account"),
            (49, "80090308: LdapErr: data 52e, v1", ErrorKind::BindRefused, "knows no account"),
            (49, "80090308: LdapErr: data 533, v1", ErrorKind::BindRefused, "is disabled"),
            (51, "", ErrorKind::Directory, "busy"),
            (80, "", ErrorKind::Directory, "EXTERNAL"),
        ] {
            let error = refused(rc, text);
            assert_eq!(error.kind(), kind, "{rc} {text}");
            assert!(error.message().contains(said), "{error}");
            assert!(!error.message().contains("password is wrong"), "{error}");
        }
    }

    #[test]
    fn an_unknown_or_missing_sub_code_is_a_refused_bind() {
        for text in ["", "data", "data , x", "data 9999, v1", "data ffffffffff", "invalid"] {
            let error = bind_refused(&result(49, text), "canary");
            assert_eq!(error.kind(), ErrorKind::BindRefused, "{text}");
            assert_eq!(refusal(&error), BindRefusal::Unspecified);
        }
    }

    #[test]
    fn codes_of_a_server_that_wants_another_connection_have_their_own_kinds() {
        let kind = |rc| bind_refused(&result(rc, ""), "canary").kind();
        assert_eq!(kind(8), ErrorKind::SigningRequired);
        assert_eq!(kind(13), ErrorKind::ConfidentialityRequired);
        for rc in [10, 14, 7, 53, 80, 4096] {
            assert_eq!(kind(rc), ErrorKind::Directory, "{rc}");
        }
        let binding = result(49, "80090346: LdapErr: DSID-0C09044E, data 80090346, v4563");
        assert_eq!(bind_refused(&binding, "canary").kind(), ErrorKind::SigningRequired);
    }

    #[test]
    fn a_server_that_repeats_the_password_is_not_quoted() {
        let error = bind_refused(&result(49, "wrong password: canary"), "canary");
        assert!(!format!("{error:?} {error} {}", error.report()).contains("canary"));
    }

    #[test]
    fn a_search_on_an_anonymous_connection_is_told_apart() {
        let anonymous = result(1, "000004DC: LdapErr: DSID-0C090A5C, comment: In order to ...");
        assert_eq!(search_refused(&anonymous).kind(), ErrorKind::NotAuthenticated);
        assert_eq!(search_refused(&result(1, "")).kind(), ErrorKind::Directory);
    }

    #[test]
    fn every_result_code_of_a_refused_bind_has_its_meaning_and_says_it() {
        for (rc, expected, said) in [
            (7, BindRefusal::Unsupported, "bind refused: Unsupported"),
            (8, BindRefusal::NeedsSigning, "bind refused: NeedsSigning"),
            (10, BindRefusal::Referral, "bind refused: Referral"),
            (13, BindRefusal::NeedsConfidentiality, "bind refused: NeedsConfidentiality"),
            (32, BindRefusal::InvalidName, "bind refused: InvalidName"),
            (34, BindRefusal::InvalidName, "bind refused: InvalidName"),
            (49, BindRefusal::Unspecified, "bind refused: Unspecified"),
            (51, BindRefusal::Unavailable, "bind refused: Unavailable"),
            (52, BindRefusal::Unavailable, "bind refused: Unavailable"),
        ] {
            let error = bind_refused(&result(rc, ""), "canary");
            assert_eq!(refusal(&error), expected, "{rc}");
            assert_eq!(refusal(&error).to_string(), said);
            assert!(!error.report().contains("server's text"), "{rc}");
        }
        let error = bind_refused(&result(8, "sign it"), "canary");
        assert!(error.report().contains("sign it"));
    }

    #[test]
    fn every_result_code_of_a_search_has_its_own_sentence() {
        let codes = [1, 3, 4, 10, 11, 12, 32, 34, 50, 51, 52, 53];
        let sentences: BTreeSet<String> =
            codes.iter().map(|rc| search_refused(&result(*rc, "")).message().to_owned()).collect();
        assert_eq!(sentences.len(), codes.len(), "{sentences:?}");
    }

    #[test]
    fn only_a_server_that_is_busy_or_starting_is_worth_another_try() {
        for rc in [1, 3, 4, 10, 11, 12, 32, 34, 50, 53, 80] {
            assert_eq!(search_refused(&result(rc, "")).retry(), Retry::Never, "{rc}");
        }
        for rc in [51, 52] {
            assert_eq!(search_refused(&result(rc, "")).retry(), Retry::Transient, "{rc}");
        }
    }
}
