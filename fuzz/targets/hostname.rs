//! A host name, as a directory or a scanner spells it.
#![no_main]

use ldap_inventory::name::Hostname;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Hostname::from_sam_account_name(text);
    let Ok(name) = Hostname::parse(text) else { return };
    assert_eq!(Hostname::parse(name.as_str()).ok().as_ref(), Some(&name));
    assert_eq!(Hostname::parse(&name.to_string()).ok().as_ref(), Some(&name));
    assert!(name.as_str().starts_with(name.short()));
    let _ = (name.domain(), name.has_authoritative_domain());
    assert_eq!(name.match_keys().count() == 0, name.is_weak());
});
