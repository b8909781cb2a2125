//! Records and properties of the DNS as a directory keeps them, and the names of zones and subnets.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::ldap::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::dns_record(bytes));
