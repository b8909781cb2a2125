//! GUIDs, SIDs and times, in the directory's bytes and in text.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::value::{ObjectGuid, Sid, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(guid) = ObjectGuid::from_slice(bytes) {
        assert_eq!(guid.to_string().parse().ok(), Some(guid));
    }
    if let Ok(sid) = Sid::from_slice(bytes) {
        assert_eq!(sid.to_bytes(), bytes);
        assert_eq!(sid.to_string().parse().ok().as_ref(), Some(&sid));
        let _ = (sid.domain(), sid.rid(), sid.with_rid(1), sid.filter_value());
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(guid) = text.parse::<ObjectGuid>() {
        assert_eq!(ObjectGuid::from_slice(guid.as_bytes()).ok(), Some(guid));
    }
    if let Ok(sid) = text.parse::<Sid>() {
        assert_eq!(Sid::from_slice(&sid.to_bytes()).ok(), Some(sid));
    }
    let times = [
        text.parse().ok(),
        Timestamp::parse_filetime(text).ok().flatten(),
        Timestamp::parse_generalized_time(text).ok().flatten(),
    ];
    for time in times.into_iter().flatten() {
        assert_eq!(time.to_string().parse().ok(), Some(time));
    }
});
