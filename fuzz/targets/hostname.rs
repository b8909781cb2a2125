//! A host name, as a directory or a scanner spells it.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::name::Hostname;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Hostname::from_sam_account_name(text);
    let Ok(name) = Hostname::parse(text) else { return };
    assert_eq!(Hostname::parse(name.as_str()).ok().as_ref(), Some(&name));
    assert_eq!(Hostname::parse(&name.to_string()).ok().as_ref(), Some(&name));
    assert!(name.as_str().starts_with(name.short()));
    let _ = (name.domain(), name.has_authoritative_domain());
    let keys = name.match_keys().count();
    // A weak name may hold with its domain, and never without one.
    let most = if name.is_weak() { usize::from(name.domain().is_some()) } else { 2 };
    assert!(keys <= most && (keys > 0 || name.is_weak()), "{name}: {keys} keys");
});
