//! How a directory was reached, and what vouched for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// The transport of a connection to a directory.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TLS from the first byte.
    Ldaps,
    /// LDAP, upgraded to TLS before anything else was said (RFC 4511 4.14).
    StartTls,
    /// LDAP in the clear.
    Ldap,
}

/// What vouched for the server at the other end of a connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Verification {
    /// A trusted authority, for the name that was connected to.
    #[serde(rename = "ca")]
    CertificateAuthority,
    /// A pin for its address.
    #[serde(rename = "thumbprint")]
    Thumbprint,
    /// Nothing: whoever stands on the path may be the server.
    #[serde(rename = "nothing")]
    Nothing,
}

/// Refuses a connection that protects a password less than an earlier one did.
///
/// # Errors
///
/// [`ErrorKind::NoSecureTransport`].
pub(crate) fn check_protection(
    now: (Transport, Verification),
    least: Option<(Transport, Verification)>,
) -> Result<()> {
    match least.and_then(|earlier| weaker_because(now, earlier)) {
        None => Ok(()),
        Some(reason) => Err(Error::new(
            ErrorKind::NoSecureTransport,
            format!(
                "this run would be protected less than the last complete one: {reason}; somebody may stand on the path. \
                 If it is meant to be so, accept the weaker transport for one run"
            ),
        )),
    }
}

/// Why a connection protects a password less than an earlier one did, if it does: a verified or encrypted one is followed by
/// one that is not. LDAPS and StartTLS are equal in that, and so are authorities and pins.
fn weaker_because(
    (transport, verification): (Transport, Verification),
    earlier: (Transport, Verification),
) -> Option<String> {
    let is_plain = |transport| transport == Transport::Ldap;
    let is_proven = |verification| verification != Verification::Nothing;
    if is_plain(transport) && !is_plain(earlier.0) {
        let earlier = earlier.0;
        return Some(format!("it would go over plain LDAP, and that went over {earlier}"));
    }
    if !is_proven(verification) && is_proven(earlier.1) {
        let earlier = earlier.1;
        return Some(format!("nothing would vouch for the server, and then {earlier} did"));
    }
    None
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ldaps => "LDAPS",
            Self::StartTls => "StartTLS",
            Self::Ldap => "plain LDAP",
        })
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "a certificate authority",
            Self::Thumbprint => "a thumbprint",
            Self::Nothing => "nothing",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loss_of_encryption_or_of_proof_is_weaker() {
        use Transport::{Ldap, Ldaps, StartTls};
        use Verification::{CertificateAuthority, Nothing, Thumbprint};
        let strengths = [
            (2, vec![(Ldaps, CertificateAuthority), (StartTls, Thumbprint)]),
            (1, vec![(Ldaps, Nothing), (StartTls, Nothing)]),
            (0, vec![(Ldap, Nothing)]),
        ];
        for (strength, now) in &strengths {
            for (before, earlier) in &strengths {
                for (now, earlier) in
                    now.iter().flat_map(|now| earlier.iter().map(move |it| (now, it)))
                {
                    let because = weaker_because(*now, *earlier);
                    assert_eq!(because.is_some(), strength < before, "{now:?} {earlier:?}");
                }
            }
        }
    }

    #[test]
    fn reports_use_the_documented_words() {
        let json = serde_json::to_string(&(
            [Transport::Ldaps, Transport::StartTls, Transport::Ldap],
            [Verification::CertificateAuthority, Verification::Thumbprint, Verification::Nothing],
        ));
        assert_eq!(json.unwrap(), r#"[["ldaps","starttls","ldap"],["ca","thumbprint","nothing"]]"#);
    }
}
