//! The token of a checkpoint, as a store hands it back.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::ldap::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::checkpoint_token(bytes));
