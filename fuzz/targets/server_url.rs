//! The address of a directory server, as an administrator writes it.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::credential::ServerUrl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(url) = ServerUrl::parse(text) {
        assert_eq!(url.to_string().parse().ok(), Some(url));
    }
});
