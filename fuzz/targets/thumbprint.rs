//! Certificate pins: one, and a list of them.
#![no_main]

use ldap_inventory::credential::{Thumbprint, ThumbprintSet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(pin) = Thumbprint::parse(text) {
        assert_eq!(pin.to_string().parse().ok(), Some(pin));
    }
    if let Ok(pins) = ThumbprintSet::parse(text) {
        assert!(pins.iter().all(|pin| pins.covers(pin.address())));
    }
});
