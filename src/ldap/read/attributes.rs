//! Which attributes are asked for, and which never are.

use std::collections::{BTreeSet, HashMap};

use crate::task::LAPS_EXPIRY;
use crate::value::{ObjectKind, WellKnown};
use crate::{Error, ErrorKind, Result};

/// How the values of an attribute become text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Syntax {
    /// `TRUE` or `FALSE`.
    Boolean,
    /// A certificate in DER: its SHA-256 thumbprint.
    Certificate,
    /// A distinguished name.
    Dn,
    /// The members of a group, kept apart from the other attributes.
    Members,
    /// 16 octets.
    Guid,
    /// A DNS name, or a NetBIOS name with its `$`.
    HostName,
    /// A 64-bit number.
    Integer,
    /// The object's identity, kept apart from the other attributes.
    ObjectGuid,
    /// The object's security identifier, kept apart from the other attributes.
    ObjectSid,
    /// The last part of a security identifier: an unsigned 32-bit number.
    RelativeId,
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
pub(crate) struct Selection {
    known: HashMap<String, Selected>,
}

/// How an attribute that was asked for is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected {
    pub(crate) syntax: Syntax,
    /// Whether it goes before all others where an entry is too large for all of them: identity and state, which no
    /// list of certificates may push out.
    pub(crate) is_decisive: bool,
    /// What it is called where it is kept.
    pub(crate) known: Option<WellKnown>,
}

impl Selected {
    pub(crate) fn new(name: &str, syntax: Syntax) -> Self {
        Self { syntax, is_decisive: DECISIVE.contains(&name), known: WellKnown::of(name) }
    }
}

impl Selection {
    /// The default attributes of this kind, and these.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for a name that holds a secret or is not a name.
    pub(crate) fn of(kind: ObjectKind, extra: &BTreeSet<String>) -> Result<Self> {
        let own: &[&[(&str, Syntax)]] = match kind {
            ObjectKind::Computer => &[EVERY, ACCOUNT, COMPUTER],
            ObjectKind::User => &[EVERY, ACCOUNT, PERSON],
            ObjectKind::Group => &[EVERY, GROUP],
        };
        let mut known: HashMap<String, Selected> = own
            .iter()
            .flat_map(|list| list.iter())
            .map(|(name, syntax)| ((*name).to_owned(), Selected::new(name, *syntax)))
            .collect();
        for name in extra {
            check_extra(name)?;
            if !known.keys().any(|known| known.eq_ignore_ascii_case(name)) {
                known.insert(name.clone(), Selected::new(name, syntax_of(name)));
            }
        }
        Ok(Self { known })
    }

    /// The names to ask for.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.known.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The attribute of this name in any case, in our spelling.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, Selected)> {
        let exact = self.known.get_key_value(name);
        let found = exact
            .or_else(|| self.known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))?;
        Some((found.0, *found.1))
    }
}

use Syntax::{
    Boolean, Certificate, Dn, Guid, HostName, Integer, Members, ObjectGuid, ObjectSid, RelativeId,
    Sid, Text, Ticks, Time, Unknown,
};

const EVERY: &[(&str, Syntax)] = &[
    ("adminCount", Integer),
    ("cn", Text),
    ("description", Text),
    ("displayName", Text),
    ("info", Text),
    ("instanceType", Integer),
    ("isCriticalSystemObject", Boolean),
    ("isDeleted", Boolean),
    ("mail", Text),
    ("managedBy", Dn),
    ("memberOf", Dn),
    ("name", Text),
    ("objectCategory", Text),
    ("objectClass", Text),
    ("objectGUID", ObjectGuid),
    ("objectSid", ObjectSid),
    ("sAMAccountName", Text),
    ("sAMAccountType", Integer),
    ("sIDHistory", Sid),
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
    ("msDS-UserAccountDisabled", Boolean),
    ("msDS-UserPasswordExpiryTimeComputed", Ticks),
    ("primaryGroupID", RelativeId),
    ("pwdLastSet", Ticks),
    ("servicePrincipalName", Text),
    ("userAccountControl", Integer),
    ("userCertificate", Certificate),
    ("userPrincipalName", Text),
];

const COMPUTER: &[(&str, Syntax)] = &[
    ("dNSHostName", HostName),
    ("msDS-AdditionalDnsHostName", HostName),
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

/// What says which object it is and in which state, of all kinds.
const DECISIVE: &[&str] = &[
    "accountExpires",
    "cn",
    "dNSHostName",
    "displayName",
    "groupType",
    "isDeleted",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "mail",
    "msDS-AdditionalDnsHostName",
    "msDS-User-Account-Control-Computed",
    "msDS-UserAccountDisabled",
    "msDS-UserPasswordExpiryTimeComputed",
    "name",
    "objectClass",
    "objectGUID",
    "objectSid",
    "operatingSystem",
    "operatingSystemServicePack",
    "operatingSystemVersion",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountName",
    "sAMAccountType",
    "userAccountControl",
    "userPrincipalName",
    "whenCreated",
];

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

/// Families of such attributes: LAPS passwords and BitLocker keys. Of LAPS everything but the times at which it will change
/// a password ([`LAPS_EXPIRY`]): what it may have tomorrow is a password until somebody has looked.
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
    let is_expiry = LAPS_EXPIRY.iter().any(|expiry| expiry.eq_ignore_ascii_case(name));
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
        || SECRET_PREFIXES.iter().any(begins) && !is_expiry
}

/// The syntax of attributes that hosts ask for and that are binary.
fn syntax_of(name: &str) -> Syntax {
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&["mS-DS-ConsistencyGuid", "msExchMailboxGuid", "schemaIDGUID", "attributeSecurityGUID"])
    {
        Guid
    } else if is(&["securityIdentifier", "mS-DS-CreatorSID", "tokenGroups"]) {
        Sid
    } else if is(&["cACertificate", "userSMIMECertificate"]) {
        Certificate
    } else if is(&LAPS_EXPIRY) {
        Ticks
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
    fn every_decisive_attribute_is_one_that_is_asked_for() {
        let lists = [EVERY, ACCOUNT, COMPUTER, PERSON, GROUP];
        for name in DECISIVE {
            assert!(lists.iter().any(|list| list.iter().any(|(known, _)| known == name)), "{name}");
        }
    }

    #[test]
    fn secrets_are_refused_in_any_case_and_by_no_other_way_in() {
        for name in [
            "unicodePwd",
            "USERPASSWORD",
            "ms-Mcs-AdmPwd",
            "ms-mcs-admpwd",
            "ms-Mcs-AdmPwdHistory",
            "ms-Mcs-AdmPwdExpirationTime2",
            "msLAPS-Password",
            "MSLAPS-PASSWORD",
            "msLAPS-PasswordExpirationTime;binary",
            "msLAPS-EncryptedPassword",
            "msLAPS-EncryptedPasswordHistory",
            "msLAPS-EncryptedDSRMPassword",
            "msLAPS-EncryptedDSRMPasswordHistory",
            "msLAPS-CurrentPasswordVersion",
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
    fn when_laps_changes_a_password_is_a_time_that_may_be_asked_for() {
        for name in ["ms-Mcs-AdmPwdExpirationTime", "mslaps-passwordexpirationtime"] {
            let selection = selection(&[name]).unwrap();
            assert_eq!(selection.find(name).map(|(_, found)| found.syntax), Some(Ticks), "{name}");
        }
        let names = selection(&[]).unwrap().names();
        assert!(names.iter().all(|name| !LAPS_EXPIRY.contains(&name.as_str())));
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
        let find = |name| selection.find(name).map(|(name, found)| (name, found.syntax));
        assert_eq!(find("dnshostname"), Some(("dNSHostName", HostName)));
        assert_eq!(find("extensionAttribute1"), Some(("extensionAttribute1", Unknown)));
        assert_eq!(find("sIDHistory"), Some(("sIDHistory", Sid)));
        assert_eq!(find("unicodePwd"), None);
        let names = selection.names();
        assert_eq!(names.iter().filter(|name| name.eq_ignore_ascii_case("cn")).count(), 1);
    }
}
