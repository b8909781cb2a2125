//! The controls that are sent, or looked for, by their object identifiers.

/// Simple paged results (RFC 2696).
pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// LDAP_SERVER_SHOW_DELETED_OID (MS-ADTS section 3.1.1.3.4.1.14).
pub(crate) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// LDAP_SERVER_EXTENDED_DN_OID: names of entries with their objectGUID and SID before them (MS-ADTS section 3.1.1.3.4.1.5).
pub(crate) const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";

/// LDAP_SERVER_DIRSYNC_OID (MS-ADTS section 3.1.1.3.4.1.3).
pub(crate) const DIRSYNC: &str = "1.2.840.113556.1.4.841";

/// LDAP_SERVER_DOMAIN_SCOPE_OID: no references to other domains (MS-ADTS section 3.1.1.3.4.1.4).
pub(crate) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
