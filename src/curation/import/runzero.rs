//! What a runZero export has beside what an import takes.

/// The fields of an asset in an export of runZero's that are no fields of a scan, by the schema of its export API: what
/// the scanner counted, how it worked, and what it files assets under. They are passed over and counted.
const OTHERS: &[&str] = &[
    "agent_name",
    "alive",
    "asset_type",
    "attributes",
    "created_at",
    "credentials",
    "criticality_rank",
    "custom_integrations",
    "deleted_at",
    "detected_by",
    "eol_os",
    "eol_os_ext",
    "finding_count",
    "foreign_attributes",
    "foreign_ids",
    "hosted_zone_name",
    "hw_product",
    "hw_vendor",
    "hw_version",
    "last_agent_id",
    "last_task_id",
    "lowest_rtt",
    "lowest_ttl",
    "mac_vendors",
    "modified_risk",
    "modified_risk_rank",
    "newest_mac",
    "newest_mac_age",
    "newest_mac_vendor",
    "org_name",
    "organization_id",
    "os_product",
    "os_vendor",
    "outlier_raw",
    "outlier_score",
    "ownership",
    "risk",
    "risk_rank",
    "rtts",
    "scanned",
    "service_count",
    "service_count_arp",
    "service_count_icmp",
    "service_count_tcp",
    "service_count_udp",
    "service_ports_products",
    "service_ports_protocols",
    "service_ports_tcp",
    "service_ports_udp",
    "service_products",
    "service_protocols",
    "services",
    "site_id",
    "site_name",
    "software_count",
    "sources",
    "subnets",
    "updated_at",
    "vulnerability_count",
];

/// Fields that say of an asset what people say of it. In a file of runZero's they are runZero's business; whoever writes
/// them into a file of his own is told that an import does not take them.
const SAID_BY_PEOPLE: &[&str] = &["comments", "criticality", "owners", "tags"];

/// Whether the fields of a record are those of an export of runZero's.
pub(super) fn is_runzero<'a>(mut fields: impl Iterator<Item = &'a str>) -> bool {
    fields.any(|field| OTHERS.contains(&field))
}

/// Whether a field is one that an export of runZero's has and an import does not take.
pub(super) fn is_passed_over(field: &str, is_runzero: bool) -> bool {
    OTHERS.contains(&field) || is_runzero && SAID_BY_PEOPLE.contains(&field)
}
