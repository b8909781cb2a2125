//! A domain controller's answer to an LDAP ping.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::ldap::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| fuzzing::ping(answer));
