//! Simple binds, and the texts of Active Directory around them.

use super::codec::message::BindMethod;
use super::codec::response::LdapResult;
use super::shared::Shared;
use crate::value::ObjectGuid;

/// What a bind came to. Without `bound` the connection is anonymous from now on.
pub(super) struct Outcome {
    pub(super) bound: Option<ObjectGuid>,
    pub(super) result: LdapResult,
}

pub(super) fn bind(
    shared: &Shared,
    encrypted: bool,
    version: i64,
    name: &str,
    method: &BindMethod,
) -> Outcome {
    let refused = |result| Outcome { bound: None, result };
    let BindMethod::Simple(password) = method else {
        return refused(error(7, "00000000", "0C090F4B", "Unsupported authentication method"));
    };
    if version != 3 {
        return refused(error(2, "00000057", "0C090A5C", "Unsupported protocol version"));
    }
    if password.is_empty() {
        return refused(LdapResult::success());
    }
    if !encrypted && !shared.settings.plain_binds {
        let text = "The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection";
        return refused(error(8, "00002028", "0C090202", text));
    }
    match shared.directory.read().authenticate(name, password) {
        Ok(guid) => Outcome { bound: Some(guid), result: LdapResult::success() },
        Err(sub_code) => refused(LdapResult::new(
            49,
            format!(
                "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {sub_code}, v4563\0"
            ),
        )),
    }
}

/// Anything but the root DSE without a bind.
pub(super) fn not_bound() -> LdapResult {
    let text =
        "In order to perform this operation a successful bind must be completed on the connection.";
    error(1, "000004DC", "0C090A5C", text)
}

/// StartTLS on a domain controller without a certificate.
pub(super) fn no_tls() -> LdapResult {
    error(52, "00000000", "0C09136D", "Error initializing SSL/TLS")
}

pub(super) fn tls_in_effect() -> LdapResult {
    error(1, "00000000", "0C09132D", "TLS or SSL already in effect")
}

pub(super) fn unknown_extended() -> LdapResult {
    error(2, "0000203D", "0C091316", "Unknown extended request OID")
}

/// A result with a text of the form that AD gives it.
pub(super) fn error(code: i64, status: &str, place: &str, comment: &str) -> LdapResult {
    LdapResult::new(
        code,
        format!("{status}: LdapErr: DSID-{place}, comment: {comment}, data 0, v4563\0"),
    )
}
