//! How a directory was reached, and what vouched for it.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    fn reports_use_the_documented_words() {
        let json = serde_json::to_string(&(
            [Transport::Ldaps, Transport::StartTls, Transport::Ldap],
            [Verification::CertificateAuthority, Verification::Thumbprint, Verification::Nothing],
        ));
        assert_eq!(json.unwrap(), r#"[["ldaps","starttls","ldap"],["ca","thumbprint","nothing"]]"#);
    }
}
