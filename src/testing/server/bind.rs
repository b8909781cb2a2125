//! Binds, and the texts of Active Directory around them.

use super::codec::message::BindMethod;
use super::codec::response::LdapResult;
use super::shared::Shared;
use crate::value::ObjectGuid;

/// What a bind came to. Without `bound` the connection is anonymous from now on.
pub(super) struct Outcome {
    pub(super) bound: Option<ObjectGuid>,
    pub(super) result: LdapResult,
}

/// Over what a bind request came.
pub(super) struct Channel {
    pub(super) is_encrypted: bool,
    /// TLS from the first byte.
    pub(super) is_ldaps: bool,
    /// The certificate (DER) that the client showed.
    pub(super) certificate: Option<Vec<u8>>,
}

pub(super) fn bind(
    shared: &Shared,
    channel: &Channel,
    version: i64,
    name: &str,
    method: &BindMethod,
) -> Outcome {
    let refused = |result| Outcome { bound: None, result };
    let encrypted = channel.is_encrypted;
    let password = match method {
        BindMethod::Simple(password) => password,
        BindMethod::External => return external(shared, channel),
        BindMethod::Other => {
            return refused(error(7, "00000000", "0C090F4B", "Unsupported authentication method"));
        }
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
        Err(sub_code) => refused(invalid_credentials(sub_code)),
    }
}

/// Whoever the client is by its certificate. MS-ADTS section 5.1.1.1.2: on LDAPS that is settled with the handshake, and
/// a bind is refused.
fn external(shared: &Shared, channel: &Channel) -> Outcome {
    let refused = |result| Outcome { bound: None, result };
    if channel.is_ldaps && !shared.settings.external_on_ldaps {
        let text = "EXTERNAL bind on a connection that a certificate has bound already";
        return refused(error(53, "00002029", "0C090A22", text));
    }
    let Some(certificate) = &channel.certificate else {
        return refused(error(48, "8009030C", "0C09044B", "No client certificate"));
    };
    match shared.directory.read().authenticate_certificate(certificate) {
        Ok(guid) => Outcome { bound: Some(guid), result: LdapResult::success() },
        Err(sub_code) => refused(invalid_credentials(sub_code)),
    }
}

fn invalid_credentials(sub_code: &str) -> LdapResult {
    LdapResult::new(
        49,
        format!(
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {sub_code}, v4563\0"
        ),
    )
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
