//! Objects of a made-up directory, in a word each.

use ldap_inventory::testing::MockRecord;
use ldap_inventory::value::ObjectGuid;

pub(crate) fn computer(name: &str) -> MockRecord {
    MockRecord::computer(name)
}

pub(crate) fn user(name: &str) -> MockRecord {
    MockRecord::user(name)
}

pub(crate) fn group(name: &str) -> MockRecord {
    MockRecord::group(name)
}

pub(crate) fn mock_guid(name: &str) -> ObjectGuid {
    MockRecord::guid_of(name)
}
