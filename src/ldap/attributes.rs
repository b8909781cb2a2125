//! Which attributes are asked for, and which never are.

use std::collections::{BTreeSet, HashMap};

use crate::value::ObjectKind;
use crate::{Error, ErrorKind, Result};

/// How the values of an attribute become text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Syntax {
    /// A certificate in DER: its SHA-256 thumbprint.
    Certificate,
    /// The members of a group, kept apart from the other attributes.
    Members,
    /// 16 octets.
    Guid,
    /// A 64-bit number.
    Integer,
    /// The object's identity, kept apart from the other attributes.
    ObjectGuid,
    /// The object's security identifier, kept apart from the other attributes.
    ObjectSid,
    /// A security identifier in binary.
    Sid,
    /// Text, and nothing else.
    Text,
    /// FILETIME: a 64-bit number that is a time.
    Ticks,
    /// GeneralizedTime.
    Time,
    /// Not known, since a host asked for it: text, or else Base64.
    Unknown,
}

/// The attributes that a search asks for. Others are not taken, even if a server sends them.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    known: HashMap<String, Syntax>,
}

impl Selection {
    /// The default attributes of this kind, and these.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for a name that holds a secret or is not a name.
    pub(super) fn of(kind: ObjectKind, extra: &BTreeSet<String>) -> Result<Self> {
        let own: &[&[(&str, Syntax)]] = match kind {
            ObjectKind::Computer => &[EVERY, ACCOUNT, COMPUTER],
            ObjectKind::User => &[EVERY, ACCOUNT, PERSON],
            ObjectKind::Group => &[EVERY, GROUP],
        };
        let mut known: HashMap<String, Syntax> = own
            .iter()
            .flat_map(|list| list.iter())
            .map(|(name, syntax)| ((*name).to_owned(), *syntax))
            .collect();
        for name in extra {
            check_extra(name)?;
            if !known.keys().any(|known| known.eq_ignore_ascii_case(name)) {
                known.insert(name.clone(), syntax_of(name));
            }
        }
        Ok(Self { known })
    }

    /// The names to ask for.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.known.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The attribute of this name in any case, in our spelling.
    pub(super) fn find(&self, name: &str) -> Option<(&str, Syntax)> {
        let exact = self.known.get_key_value(name);
        let found = exact
            .or_else(|| self.known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))?;
        Some((found.0, *found.1))
    }
}

use Syntax::{
    Certificate, Guid, Integer, Members, ObjectGuid, ObjectSid, Sid, Text, Ticks, Time, Unknown,
};

const EVERY: &[(&str, Syntax)] = &[
    ("adminCount", Integer),
    ("cn", Text),
    ("description", Text),
    ("displayName", Text),
    ("info", Text),
    ("instanceType", Integer),
    ("isCriticalSystemObject", Text),
    ("isDeleted", Text),
    ("mail", Text),
    ("managedBy", Text),
    ("memberOf", Text),
    ("name", Text),
    ("objectCategory", Text),
    ("objectClass", Text),
    ("objectGUID", ObjectGuid),
    ("objectSid", ObjectSid),
    ("sAMAccountName", Text),
    ("sAMAccountType", Integer),
    ("uSNChanged", Integer),
    ("whenChanged", Time),
    ("whenCreated", Time),
];

const ACCOUNT: &[(&str, Syntax)] = &[
    ("accountExpires", Ticks),
    ("badPasswordTime", Ticks),
    ("badPwdCount", Integer),
    ("codePage", Integer),
    ("countryCode", Integer),
    ("lastLogon", Ticks),
    ("lastLogonTimestamp", Ticks),
    ("localPolicyFlags", Integer),
    ("location", Text),
    ("lockoutTime", Ticks),
    ("logonCount", Integer),
    ("msDS-SupportedEncryptionTypes", Integer),
    ("msDS-User-Account-Control-Computed", Integer),
    ("msDS-UserPasswordExpiryTimeComputed", Ticks),
    ("primaryGroupID", Integer),
    ("pwdLastSet", Ticks),
    ("servicePrincipalName", Text),
    ("userAccountControl", Integer),
    ("userCertificate", Certificate),
    ("userPrincipalName", Text),
];

const COMPUTER: &[(&str, Syntax)] = &[
    ("dNSHostName", Text),
    ("msDS-AdditionalDnsHostName", Text),
    ("operatingSystem", Text),
    ("operatingSystemServicePack", Text),
    ("operatingSystemVersion", Text),
];

const PERSON: &[(&str, Syntax)] = &[
    ("company", Text),
    ("department", Text),
    ("givenName", Text),
    ("l", Text),
    ("physicalDeliveryOfficeName", Text),
    ("sn", Text),
    ("telephoneNumber", Text),
    ("title", Text),
    ("userWorkstations", Text),
];

const GROUP: &[(&str, Syntax)] = &[("groupType", Integer), ("member", Members)];

/// Attributes that hold passwords, keys or recovery secrets, in Active Directory and in the directories
/// that stand in for it.
const SECRETS: &[&str] = &[
    "authPassword",
    "currentValue",
    "dBCSPwd",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "ipaNTHash",
    "krbMKey",
    "krbPrincipalKey",
    "krbPwdHistory",
    "lmPwdHistory",
    "ms-Mcs-AdmPwd",
    "msDS-ExecuteScriptPassword",
    "msDS-ManagedPassword",
    "msPKI-CredentialRoamingTokens",
    "msPKIAccountCredentials",
    "msPKIDPAPIMasterKeys",
    "msSFU30Password",
    "msTPM-OwnerInformation",
    "msTPM-OwnerInformationTemp",
    "ntPwdHistory",
    "oathSecret",
    "orclPassword",
    "priorValue",
    "pwdHistory",
    "sambaLMPassword",
    "sambaNTPassword",
    "sambaPasswordHistory",
    "supplementalCredentials",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "unicodePwd",
    "unixUserPassword",
    "userPKCS12",
    "userPassword",
];

/// Families of such attributes: LAPS passwords and BitLocker keys.
const SECRET_PREFIXES: &[&str] = &["ms-Mcs-AdmPwd", "msDS-ManagedPassword", "msLAPS-", "msFVE-"];

/// An attribute that a host adds. Object identifiers and options are refused, since a secret could hide
/// behind them.
fn check_extra(name: &str) -> Result<()> {
    let refused = |message| {
        Err(Error::new(ErrorKind::Configuration, message).with_context("attribute", name))
    };
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if !plain || !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return refused("an extra attribute is not the plain name of an attribute");
    }
    if is_secret(name) {
        return refused("an extra attribute holds secrets, which are never read");
    }
    Ok(())
}

fn is_secret(name: &str) -> bool {
    let begins = |prefix: &&str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
        || SECRET_PREFIXES.iter().any(begins)
}

/// The syntax of attributes that hosts ask for and that are binary.
fn syntax_of(name: &str) -> Syntax {
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&["mS-DS-ConsistencyGuid", "msExchMailboxGuid", "schemaIDGUID", "attributeSecurityGUID"])
    {
        Guid
    } else if is(&["sIDHistory", "securityIdentifier", "mS-DS-CreatorSID", "tokenGroups"]) {
        Sid
    } else if is(&["cACertificate", "userSMIMECertificate"]) {
        Certificate
    } else {
        Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(extra: &[&str]) -> Result<Selection> {
        let extra = extra.iter().map(|name| (*name).to_owned()).collect();
        Selection::of(ObjectKind::Computer, &extra)
    }

    #[test]
    fn secrets_are_refused_in_any_case_and_by_no_other_way_in() {
        for name in [
            "unicodePwd",
            "USERPASSWORD",
            "ms-Mcs-AdmPwd",
            "ms-mcs-admpwdexpirationtime",
            "msLAPS-EncryptedPassword",
            "msfve-recoverypassword",
            "msDS-ManagedPasswordId",
            "userPassword;binary",
            "1.2.840.113556.1.4.90",
            "*",
            "+",
            "",
            "cn,unicodePwd",
        ] {
            let error = selection(&[name]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{name}");
        }
    }

    #[test]
    fn no_default_attribute_is_a_secret() {
        for kind in [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group] {
            let names = Selection::of(kind, &BTreeSet::new()).unwrap().names();
            assert!(names.iter().all(|name| !is_secret(name)));
        }
    }

    #[test]
    fn a_name_is_found_in_any_case_and_given_in_our_spelling() {
        let selection = selection(&["extensionAttribute1", "CN", "sIDHistory"]).unwrap();
        assert_eq!(selection.find("dnshostname"), Some(("dNSHostName", Text)));
        assert_eq!(selection.find("extensionAttribute1"), Some(("extensionAttribute1", Unknown)));
        assert_eq!(selection.find("sIDHistory"), Some(("sIDHistory", Sid)));
        assert_eq!(selection.find("unicodePwd"), None);
        let names = selection.names();
        assert_eq!(names.iter().filter(|name| name.eq_ignore_ascii_case("cn")).count(), 1);
    }
}
