//! Certificate pins: one, and a list of them.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::credential::Thumbprint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(pin) = Thumbprint::parse(text) {
        assert_eq!(pin.to_string().parse().ok(), Some(pin));
    }
    if let Ok(pins) = Thumbprint::parse_all(text) {
        let texts: Vec<String> = pins.iter().map(ToString::to_string).collect();
        assert_eq!(Thumbprint::parse_all(&texts.join(",")).ok(), Some(pins));
    }
});
