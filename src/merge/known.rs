//! What the inventory knew of attributes of which a read left something out.

use super::attributes::{FILETIMES, GENERALIZED_TIMES};
use crate::directory::DirectoryObject;
use crate::value::{Attributes, Timestamp};

/// Gives an object back what the inventory knows of those of its attributes that are
/// [in doubt](DirectoryObject::is_in_doubt), beside what could be read of them. Nothing that depends on them ends
/// then: names, the operating system, the state of the account, the primary group. `known` are the attributes as
/// they are filed; doing it twice is doing it once.
pub fn keep_known(object: &mut DirectoryObject, known: &Attributes) {
    if object.sid.is_none() && object.is_in_doubt("objectSid") {
        object.sid = known.first("objectSid").and_then(|sid| sid.parse().ok());
    }
    let mut kept = Attributes::builder();
    object.attributes.iter().for_each(|(name, value)| kept.push(name, value));
    let mut in_doubt: Vec<&str> = object.flaws.iter().map(|flaw| flaw.attribute.as_str()).collect();
    in_doubt.sort_unstable();
    in_doubt.dedup();
    for attribute in in_doubt.into_iter().filter(|name| !is_kept_apart(name)) {
        for (name, value) in filed(known, attribute) {
            if !object.attributes.values(name).any(|read| read == value) {
                kept.push(name, &value);
            }
        }
    }
    object.attributes = kept.build();
}

/// Whether an attribute is not one of an object's [`attributes`](DirectoryObject::attributes).
fn is_kept_apart(attribute: &str) -> bool {
    ["member", "objectGUID", "objectSid"].iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// The values that are filed of an attribute, as the directory writes them.
fn filed<'a>(known: &'a Attributes, attribute: &'a str) -> Vec<(&'a str, String)> {
    let is_in = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(attribute));
    let of = |name: &str| known.values(name).map(str::to_owned).collect::<Vec<String>>();
    let times = || {
        let times = of(&format!("{attribute}TS"));
        times.into_iter().filter_map(|time| time.parse::<Timestamp>().ok())
    };
    let (name, values): (&str, Vec<String>) = if attribute.eq_ignore_ascii_case("userCertificate") {
        ("userCertificateSHA256", of("userCertificateSHA256"))
    } else if is_in(FILETIMES) {
        (attribute, times().map(Timestamp::to_filetime).map(|ticks| ticks.to_string()).collect())
    } else if is_in(GENERALIZED_TIMES) {
        (attribute, times().map(Timestamp::to_generalized_time).collect())
    } else {
        (attribute, of(attribute))
    };
    values.into_iter().map(|value| (name, value)).collect()
}
