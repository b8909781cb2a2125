//! A distinguished name: read, taken apart, and read again from its normal form.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::name::DistinguishedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = DistinguishedName::escape_value(text);
    let Ok(name) = DistinguishedName::parse(text) else { return };
    assert_eq!(name.as_str().parse().ok().as_ref(), Some(&name));
    let _ =
        (name.domain(), name.common_name(), name.is_conflict_object(), name.is_deleted_object());
    if let Some(parent) = name.parent() {
        assert!(name.is_within(&parent), "{name} is not within {parent}");
    }
    let _ = name.normalized();
});
