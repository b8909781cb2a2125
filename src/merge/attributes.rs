//! The attributes of an object as the inventory files them.

use crate::directory::{AccountControl, DirectoryObject};
use crate::task::LAPS_EXPIRY;
use crate::value::{Attributes, AttributesBuilder, Timestamp};

/// Intervals of 100 ns since 1601.
pub(super) const FILETIMES: &[&str] = &[
    "accountExpires",
    "badPasswordTime",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "ms-Mcs-AdmPwdExpirationTime",
    "msDS-LastFailedInteractiveLogonTime",
    "msDS-LastSuccessfulInteractiveLogonTime",
    "msDS-UserPasswordExpiryTimeComputed",
    "msLAPS-PasswordExpirationTime",
    "pwdLastSet",
];

/// RFC 4517, section 3.3.13.
pub(super) const GENERALIZED_TIMES: &[&str] = &[
    "createTimeStamp",
    "dSCorePropagationData",
    "modifyTimeStamp",
    "msExchWhenMailboxCreated",
    "whenChanged",
    "whenCreated",
];

/// `UF_LOCKOUT` and `UF_PASSWORD_EXPIRED` of `msDS-User-Account-Control-Computed` (MS-ADTS, section
/// 3.1.1.4.5.17). `userAccountControl` itself never has them.
const COMPUTED_LOCKOUT: i64 = 0x10;
const COMPUTED_PASSWORD_EXPIRED: i64 = 0x80_0000;

/// What is filed under `@ldap.user`: every attribute under the directory's own name, times as RFC 3339
/// with the suffix `TS`, `id` (the objectGUID), `ts` (the time of the read), and, as far as the directory
/// tells, `isDisabled`, `isLockedOut`, `passwordNeverExpires` and `passwordExpired`. `leftOut` says which values of it
/// were left out by the read, and why.
///
/// A time that says "never" is left out; one that cannot be read stays as it is.
pub(crate) fn user_attributes(object: &DirectoryObject, read_at: Timestamp) -> Attributes {
    let mut builder = native(object, read_at);
    flag(&mut builder, "isDisabled", object.is_disabled());
    let never_expires = object.account_control().map(AccountControl::password_never_expires);
    flag(&mut builder, "passwordNeverExpires", never_expires);
    flag(&mut builder, "isLockedOut", is_locked_out(object));
    flag(&mut builder, "passwordExpired", password_expired(object, read_at));
    builder.build()
}

/// What is filed under `@ldap.group`: as for [`user_attributes`], without what only accounts have.
pub(crate) fn group_attributes(object: &DirectoryObject, read_at: Timestamp) -> Attributes {
    native(object, read_at).build()
}

/// What is filed under `@ldap.computer`: as for [`user_attributes`], with `isDomainController`; by its service principal
/// names, `services`; `hasLaps` and `lapsExpiresTS`, if the task asks for what they are made of; and `managedByName`, what
/// the user or group is called that `managedBy` names, if it is known.
pub(super) fn computer_attributes(object: &DirectoryObject, read_at: Timestamp) -> Attributes {
    let mut builder = native(object, read_at);
    flag(&mut builder, "isDisabled", object.is_disabled());
    let is_controller = object.account_control().map(AccountControl::is_domain_controller);
    flag(&mut builder, "isDomainController", is_controller);
    laps(&mut builder, object);
    if let Some(name) = &object.manager_name {
        builder.push("managedByName", name);
    }
    object.services().iter().for_each(|service| builder.push("services", service));
    builder.build()
}

/// Whether two readings of an object differ in nothing but what changes without the object changing: when
/// it was read, counters of one server, update numbers.
pub(super) fn is_same_apart_from_volatile(one: &Attributes, other: &Attributes) -> bool {
    stable(one) == stable(other)
}

fn stable(attributes: &Attributes) -> Vec<(&str, &str)> {
    let is_volatile = |name: &str| {
        let native = name.strip_suffix("TS").unwrap_or(name);
        name == "ts" || DirectoryObject::is_volatile(native)
    };
    let mut values: Vec<_> = attributes.iter().filter(|(name, _)| !is_volatile(name)).collect();
    values.sort_unstable();
    values
}

fn native(object: &DirectoryObject, read_at: Timestamp) -> AttributesBuilder {
    let mut builder = Attributes::builder();
    builder.push("id", &object.guid.to_string());
    builder.push("ts", &read_at.to_string());
    let mut identity = |name, value: &str| {
        if object.attributes.first(name).is_none() {
            builder.push(name, value);
        }
    };
    identity("distinguishedName", object.dn.as_str());
    identity("objectGUID", &object.guid.to_string());
    if let Some(sid) = &object.sid {
        identity("objectSid", &sid.to_string());
    }
    for (name, value) in object.attributes.iter() {
        match time(name, value) {
            Some(Ok(Some(time))) => builder.push(&format!("{name}TS"), &time.to_string()),
            Some(Ok(None)) => {}
            Some(Err(_)) | None => builder.push(name, value),
        }
    }
    for flaw in object.own_flaws() {
        builder.push("leftOut", &flaw.to_string());
    }
    builder
}

/// The time that a value is, if its attribute holds times.
fn time(name: &str, value: &str) -> Option<crate::Result<Option<Timestamp>>> {
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_in(FILETIMES) {
        Some(Timestamp::parse_filetime(value))
    } else if is_in(GENERALIZED_TIMES) {
        Some(Timestamp::parse_generalized_time(value))
    } else {
        None
    }
}

fn computed(object: &DirectoryObject) -> Option<i64> {
    object.attributes.first("msDS-User-Account-Control-Computed")?.parse().ok()
}

/// Without the computed flags, a lockout that has run out by itself cannot be told from one that has not.
fn is_locked_out(object: &DirectoryObject) -> Option<bool> {
    let since = object.attributes.first("lockoutTime");
    match computed(object) {
        Some(flags) => Some(flags & COMPUTED_LOCKOUT != 0),
        None => since.map(|_| object.filetime("lockoutTime").is_some()),
    }
}

fn password_expired(object: &DirectoryObject, read_at: Timestamp) -> Option<bool> {
    match computed(object) {
        Some(flags) => Some(flags & COMPUTED_PASSWORD_EXPIRED != 0),
        None => Some(object.filetime("msDS-UserPasswordExpiryTimeComputed")? <= read_at),
    }
}

/// Whether LAPS keeps the password of the local administrator, and until when: by Windows LAPS or by the one before it, of
/// which the later counts. Without a time nobody can tell: it may not have been asked for, or not be shown to the account.
fn laps(builder: &mut AttributesBuilder, object: &DirectoryObject) {
    let is_there = LAPS_EXPIRY.iter().any(|name| object.attributes.first(name).is_some());
    flag(builder, "hasLaps", is_there.then_some(true));
    let expires = LAPS_EXPIRY.iter().filter_map(|name| object.filetime(name)).max();
    if let Some(expires) = expires {
        builder.push("lapsExpiresTS", &expires.to_string());
    }
}

/// What is not known is left out.
fn flag(builder: &mut AttributesBuilder, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        builder.push(name, if value { "true" } else { "false" });
    }
}
