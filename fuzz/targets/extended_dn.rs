//! A distinguished name with the identity of its entry, as a server tells it.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::ldap::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| fuzzing::extended_dn(text));
