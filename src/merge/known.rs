//! What the inventory knew of attributes of which a read left something out.

use std::collections::BTreeSet;

use super::attributes::{FILETIMES, GENERALIZED_TIMES};
use crate::directory::{DNS_ADDRESS, DirectoryObject, MOST_ADDRESSES, PLACE};
use crate::value::{Attributes, Timestamp};

/// Gives an object back what the inventory knows of those of its attributes that are
/// [in doubt](DirectoryObject::is_in_doubt), beside what could be read of them. Nothing that depends on them ends
/// then: names, the operating system, the state of the account, the primary group. `known` are the attributes as
/// they are filed; doing it twice is doing it once.
pub(crate) fn keep_known(object: &mut DirectoryObject, known: &Attributes) {
    if object.sid.is_none() && object.is_in_doubt("objectSid") {
        object.sid = known.first("objectSid").and_then(|sid| sid.parse().ok());
    }
    let mut kept = Attributes::builder();
    object.attributes.iter().for_each(|(name, value)| kept.push(name, value));
    let mut in_doubt: Vec<&str> = object.flaws.iter().map(|flaw| flaw.attribute.as_str()).collect();
    in_doubt.sort_unstable();
    in_doubt.dedup();
    for attribute in in_doubt.into_iter().filter(|name| !is_kept_apart(name)) {
        // A time is filed to the microsecond, and would be another one beside itself.
        if is_time(attribute) && object.attributes.first(attribute).is_some() {
            continue;
        }
        for (name, value) in unread(object, filed(known, attribute)) {
            kept.push(name, &value);
        }
    }
    object.attributes = kept.build();
}

/// The attributes with what is known of where a computer is, where a read did not ask for it.
pub(crate) fn with_known_place(read: &Attributes, known: &Attributes) -> Attributes {
    let mut attributes = Attributes::builder();
    read.iter().for_each(|(name, value)| attributes.push(name, value));
    for name in PLACE.into_iter().filter(|name| read.first(name).is_none()) {
        known.values(name).for_each(|value| attributes.push(name, value));
    }
    attributes.build()
}

/// What is known of an attribute and was not read. Of where a computer is no more than a computer may have, the latest of
/// it: what is in doubt for long would otherwise grow with every address that is given to it.
fn unread<'a>(object: &DirectoryObject, known: Vec<(&'a str, String)>) -> Vec<(&'a str, String)> {
    let Some(&(name, _)) = known.first() else { return known };
    let read: BTreeSet<&str> = object.attributes.values(name).map(|it| subject(name, it)).collect();
    let room = if DirectoryObject::tells_place(name) {
        MOST_ADDRESSES.saturating_sub(read.len())
    } else {
        usize::MAX
    };
    let mut unread = known;
    unread.retain(|(name, value)| !read.contains(subject(name, value)));
    if unread.len() > room {
        unread.sort_by(|(_, one), (_, other)| {
            date(other).cmp(date(one)).then_with(|| one.cmp(other))
        });
        unread.truncate(room);
    }
    unread
}

/// What a value is about. An address is filed with the time of its record, and would be another one beside itself.
fn subject<'a>(attribute: &str, value: &'a str) -> &'a str {
    match attribute.eq_ignore_ascii_case(DNS_ADDRESS) {
        true => value.split(' ').next().unwrap_or(value),
        false => value,
    }
}

/// When the record of an address was refreshed last. `static` comes after all times.
fn date(value: &str) -> &str {
    value.split_once(' ').map_or("", |(_, date)| date)
}

/// The attributes, by the directory's own names, of which the inventory knows something and of which an object shows
/// nothing, without a word that anything was left out. `known` are the attributes as they are filed.
pub(crate) fn not_shown<'a>(object: &DirectoryObject, known: &'a Attributes) -> BTreeSet<&'a str> {
    let names = known.by_name().into_keys().filter_map(native_name);
    names.filter(|name| !shows(object, name)).collect()
}

/// Whether an object shows something of an attribute, or that something of it was left out.
pub(crate) fn shows(object: &DirectoryObject, attribute: &str) -> bool {
    let name = if attribute == "userCertificate" { "userCertificateSHA256" } else { attribute };
    object.attributes.first(name).is_some() || object.is_in_doubt(attribute)
}

/// The attribute that is filed under a name; `None` for what is worked out, what every reading has anew, and memberships,
/// which are known by the group.
fn native_name(filed: &str) -> Option<&str> {
    if let Some(time) = filed.strip_suffix("TS").filter(|time| is_time(time)) {
        return (!DirectoryObject::is_volatile(time)).then_some(time);
    }
    let is_own = is_in(WORKED_OUT, filed) || is_kept_apart(filed) || is_in(&["memberOf"], filed);
    match filed {
        _ if is_own || DirectoryObject::is_volatile(filed) => None,
        "userCertificateSHA256" => Some("userCertificate"),
        native => Some(native),
    }
}

/// Whether an attribute is not one of an object's [`attributes`](DirectoryObject::attributes).
fn is_kept_apart(attribute: &str) -> bool {
    is_in(&["member", "objectGUID", "objectSid"], attribute)
}

fn is_time(attribute: &str) -> bool {
    is_in(FILETIMES, attribute) || is_in(GENERALIZED_TIMES, attribute)
}

fn is_in(names: &[&str], attribute: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// What is filed beside an object's own attributes.
const WORKED_OUT: &[&str] = &[
    "distinguishedName",
    "hasLaps",
    "id",
    "isDisabled",
    "isDomainController",
    "isLockedOut",
    "lapsExpiresTS",
    "leftOut",
    "managedByName",
    "passwordExpired",
    "passwordNeverExpires",
    "services",
    "ts",
];

/// The values that are filed of an attribute, as the directory writes them, and the name that an object has them by.
fn filed<'a>(known: &'a Attributes, attribute: &'a str) -> Vec<(&'a str, String)> {
    if is_time(attribute) {
        let times = known.values(&format!("{attribute}TS")).map(str::to_owned).collect::<Vec<_>>();
        let times = times.iter().filter_map(|time| time.parse::<Timestamp>().ok());
        return times.map(|time| (attribute, directory_time(attribute, time))).collect();
    }
    let name = match attribute {
        _ if attribute.eq_ignore_ascii_case("userCertificate") => "userCertificateSHA256",
        other => other,
    };
    known.values(name).map(|value| (name, value.to_owned())).collect()
}

fn directory_time(attribute: &str, time: Timestamp) -> String {
    if is_in(FILETIMES, attribute) {
        time.to_filetime().to_string()
    } else {
        time.to_generalized_time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AttributeError;
    use crate::merge::attributes::computer_attributes;
    use crate::merge::user_attributes;
    use crate::name::DistinguishedName;
    use crate::value::{ObjectGuid, ObjectKind};

    fn user(attributes: &[(&'static str, &'static str)], in_doubt: &[&str]) -> DirectoryObject {
        let dn = DistinguishedName::parse("CN=alice,DC=x").unwrap();
        let guid = ObjectGuid::from_bytes([7; 16]);
        let mut object = DirectoryObject::new(ObjectKind::User, guid, dn);
        object.attributes = attributes.iter().copied().collect();
        let flaw = |attribute: &&str| AttributeError {
            attribute: (*attribute).to_owned(),
            reason: "not UTF-8 text".to_owned(),
            count: 1,
        };
        object.flaws = in_doubt.iter().map(flaw).collect();
        object
    }

    /// What is filed of an object of which this was known.
    fn filed_after(object: &DirectoryObject, known: &Attributes) -> Attributes {
        let mut object = object.clone();
        keep_known(&mut object, known);
        user_attributes(&object, Timestamp::MIN)
    }

    #[test]
    fn what_is_worked_out_of_a_computer_is_no_attribute_that_could_be_hidden() {
        let mut computer = user(
            &[
                ("cn", "WEB1"),
                ("msLAPS-PasswordExpirationTime", "134485408000000000"),
                ("servicePrincipalName", "http/web1.corp.example"),
                ("userAccountControl", "4096"),
            ],
            &[],
        );
        computer.kind = ObjectKind::Computer;
        let known = computer_attributes(&computer, Timestamp::MIN);
        assert!(known.first("services").is_some() && known.first("hasLaps").is_some());
        let own = |name: &&str| computer.attributes.first(name).is_none();
        let nothing = user(&[], &[]);
        let hidden = not_shown(&nothing, &known);
        assert_eq!(Vec::from_iter(hidden.into_iter().filter(own)), [""; 0]);
    }

    #[test]
    fn what_is_known_and_shows_no_more_is_named_as_the_directory_names_it() {
        let before = user(
            &[
                ("cn", "alice"),
                ("lastLogonTimestamp", "133485408000000000"),
                ("lastLogon", "133485408000000000"),
                ("mail", "a@corp.example"),
                ("memberOf", "CN=Staff,DC=x"),
                ("userAccountControl", "512"),
                ("userCertificateSHA256", "00"),
            ],
            &[],
        );
        let known = user_attributes(&before, Timestamp::MIN);
        let names = |object: &DirectoryObject| Vec::from_iter(not_shown(object, &known));
        assert_eq!(names(&before), [""; 0]);
        let nothing = user(&[("cn", "alice")], &["mail"]);
        let hidden = ["lastLogonTimestamp", "userAccountControl", "userCertificate"];
        assert_eq!(names(&nothing), hidden);
    }

    #[test]
    fn what_is_in_doubt_is_kept_and_what_is_not_goes() {
        let known = user(
            &[
                ("lastLogonTimestamp", "133485408000000015"),
                ("whenCreated", "20260102030405.0Z"),
                ("userAccountControl", "514"),
                ("mail", "a@x"),
                ("title", "Dr"),
                ("userCertificateSHA256", "ab"),
            ],
            &[],
        );
        let known = user_attributes(&known, Timestamp::MIN);
        let in_doubt =
            ["lastlogontimestamp", "whenCreated", "userAccountControl", "mail", "userCertificate"];
        let kept = filed_after(&user(&[], &in_doubt), &known);
        for name in known.by_name().into_keys().filter(|name| *name != "title") {
            assert_eq!(kept.first(name), known.first(name), "{name}");
        }
        assert_eq!(kept.first("title"), None);
    }

    #[test]
    fn an_address_in_doubt_is_kept_once_with_its_latest_time_and_no_more_of_them_than_a_name_may_have()
     {
        let address = |n: usize| format!("10.1.{}.{} 2026-01-{:02}", n / 200, n % 200, 1 + n % 28);
        let mut known = Attributes::builder();
        (0..300).for_each(|n| known.push("dnsAddress", &address(n)));
        known.push("dnsAddress", "10.9.0.1 static");
        let known = known.build();
        let mut object = user(&[("dnsAddress", "10.1.0.5 2026-02-01")], &["dnsAddress"]);
        keep_known(&mut object, &known);
        let kept: Vec<&str> = object.attributes.values("dnsAddress").collect();
        assert_eq!(kept.len(), MOST_ADDRESSES);
        assert!(kept.contains(&"10.9.0.1 static") && kept.contains(&"10.1.0.5 2026-02-01"));
        assert_eq!(kept.iter().filter(|it| it.starts_with("10.1.0.5 ")).count(), 1);
        let once = object.clone();
        let attributes = once.attributes.clone();
        keep_known(&mut object, &attributes);
        assert_eq!(object, once);
    }

    #[test]
    fn twice_is_once() {
        let object = user(
            &[("lastLogonTimestamp", "133485408000000015"), ("description", "b")],
            &["lastLogonTimestamp", "description"],
        );
        let known: Attributes = [("description", "a"), ("description", "b")].into_iter().collect();
        let once = filed_after(&object, &known);
        assert_eq!(once.values("description").collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(filed_after(&object, &once), once);
    }

    #[test]
    fn a_sid_that_cannot_be_read_is_the_one_that_was_known() {
        let known: Attributes = [("objectSid", "S-1-5-21-1-2-3-1101")].into_iter().collect();
        let mut object = user(&[], &["objectSid"]);
        keep_known(&mut object, &known);
        assert_eq!(object.sid.unwrap().to_string(), "S-1-5-21-1-2-3-1101");
        assert_eq!(object.attributes.first("objectSid"), None);
    }

    #[test]
    fn a_sid_that_is_read_or_not_in_doubt_is_what_the_object_says() {
        let known: Attributes = [("objectSid", "S-1-5-21-1-2-3-1101")].into_iter().collect();
        let mut hidden = user(&[], &[]);
        keep_known(&mut hidden, &known);
        assert_eq!(hidden.sid, None);
        let mut read = user(&[], &["objectSid"]);
        read.sid = "S-1-5-21-9-9-9-1102".parse().ok();
        let before = read.sid.clone();
        keep_known(&mut read, &known);
        assert!(before.is_some() && read.sid == before);
    }
}
