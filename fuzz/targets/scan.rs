//! Any bytes, as a file of scanned assets.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use ldap_inventory::curation::Scan;
use ldap_inventory::value::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_unix_seconds(1_780_272_000).unwrap_or(Timestamp::MAX);
    let scan = Scan::parse(bytes, now);
    for record in scan.records() {
        assert!(!record.names.is_empty() || record.id.is_some());
    }
    let lines: Vec<usize> = scan.records().iter().map(|record| record.line).collect();
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(scan.check().is_ok(), scan.left_out().is_empty());
});
