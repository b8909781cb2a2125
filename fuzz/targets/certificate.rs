//! A certificate that a server presents, in DER.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::ldap::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::certificate(bytes));
