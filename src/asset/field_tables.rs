//! What queries may ask of assets, users and groups: the tables that the parser goes by and the manual shows.

use crate::query::{Field, FieldKind};

use FieldKind::{
    Address, Attribute, Boolean, Choice, DistinguishedName, Nested, NotKept, Text, Time, Word,
};

/// What a record may be: what its directory last showed, or that a computer waits for a decision on it.
pub(super) const STATES: &[&str] = &["present", "missing", "gone", "unresolved"];

const PRINCIPAL_STATES: &[&str] = &["present", "missing", "gone"];

/// The fields of assets, for [`Query::parse_known`](crate::query::Query::parse_known). What every source says
/// itself is asked for beside these: `@ldap.computer.dNSHostName`.
pub const ASSET_FIELDS: &[Field] = &[
    Field::new(
        &["name", "names"],
        Text,
        "its names, those that no source has any more included; what a word without a field is looked for in",
        "name:web*",
    ),
    Field::new(
        &["alias", "aliases"],
        Text,
        "names that no source has for it any more",
        "alias:old-web",
    ),
    Field::new(&["domain", "domains"], Text, "the domains it is in", "domain:corp.example"),
    Field::new(&["address", "addresses"], Address, "its IP addresses", "address:10.0.0.0/8"),
    Field::new(&["os"], Text, "its operating system", "os:\"windows server\""),
    Field::new(&["os_version"], Text, "the version of its operating system", "os_version:10.0*"),
    Field::new(&["type"], Word, "what sort of thing it is", "type:server"),
    Field::new(&["site"], Word, "its site", "site:hq"),
    Field::new(
        &["source", "sources"],
        Word,
        "who says something about it: the kind of a source, or its whole name",
        "source:ldap,scan",
    ),
    Field::new(
        &["state"],
        Choice(STATES),
        "what its sources last showed of it; unresolved where a computer waits that may be it",
        "source:ldap state:missing",
    ),
    Field::new(&["first_seen"], Time, "when any source saw it first", "first_seen:>2026-01-31"),
    Field::new(
        &["last_seen"],
        Time,
        "when any source saw it last; never if none did, which no comparison finds",
        "last_seen:>90days OR last_seen:never",
    ),
    Field::new(
        &["name_overlap"],
        Boolean,
        "whether another asset has one of its names",
        "name_overlap:true",
    ),
    Field::new(&["id"], Word, "its id", "id:019a0000-0000-7000-8000-000000000001"),
    Field::new(
        &["alive", "online"],
        NotKept,
        "nothing here tells whether it answers",
        "last_seen:<7days",
    ),
    Field::new(&["host", "hostname", "fqdn"], NotKept, "part of its names", "name:web*"),
    Field::new(&["ip"], NotKept, "called address here", "address:10.0.0.5"),
    Field::new(
        &["disabled", "is_disabled"],
        NotKept,
        "its directory says it",
        "@ldap.computer.isDisabled:true",
    ),
];

/// The fields of users, for [`Query::parse_known`](crate::query::Query::parse_known).
pub const USER_FIELDS: &[Field] = &[
    Field::new(
        &["name", "names"],
        Text,
        "display name, account name, common name, UPN and mail address; what a word without a field is looked for in",
        "name:alice*",
    ),
    Field::new(&["display_name"], Text, "the display name", "display_name:\"alice archer\""),
    Field::new(&["sam_account_name"], Text, "the account name", "sam_account_name:=alice"),
    Field::new(&["upn"], Text, "the user principal name", "upn:alice@corp.example"),
    Field::new(&["email"], Text, "the mail address", "email:*@example.com"),
    Field::new(&["is_disabled"], Text, "whether the account is disabled", "is_disabled:true"),
    Field::new(
        &["group", "groups"],
        DistinguishedName,
        "the DNs of its groups, the primary one included",
        "group:\"CN=Domain Admins\"",
    ),
    Field::new(
        &["nested"],
        Nested,
        "the DNs of its groups, those that it is in through other groups included",
        "nested:\"UX Top\"",
    ),
    Field::new(&["dn"], DistinguishedName, "where it stands in the directory", "dn:OU=Sales"),
    Field::new(&["site"], Word, "the site of the task that reads it", "site:hq"),
    Field::new(&["source", "sources"], Word, "its directory", "source:ldap/corp.example"),
    Field::new(
        &["state"],
        Choice(PRINCIPAL_STATES),
        "whether its directory still has it",
        "state:missing,gone",
    ),
    Field::new(&["id"], Word, "its objectGUID", "id:0190*"),
    Field::new(&["disabled", "enabled"], NotKept, "called is_disabled here", "is_disabled:true"),
    Field::new(
        &["attribute"],
        Attribute,
        "anything else its directory says, by the attribute's name",
        "lastLogonTimestampTS:>90days",
    ),
];

/// The fields of groups, for [`Query::parse_known`](crate::query::Query::parse_known).
pub const GROUP_FIELDS: &[Field] = &[
    Field::new(
        &["name", "names"],
        Text,
        "display name, account name and common name; what a word without a field is looked for in",
        "name:*admins",
    ),
    Field::new(&["display_name"], Text, "the display name", "display_name:sales"),
    Field::new(&["sam_account_name"], Text, "the account name", "sam_account_name:=staff"),
    Field::new(&["email"], Text, "the mail address", "email:*@example.com"),
    Field::new(
        &["member", "members"],
        DistinguishedName,
        "the DNs of its members",
        "member:\"CN=O'Brien\\, Pat\"",
    ),
    Field::new(
        &["nested"],
        Nested,
        "the DNs of its members, those through other groups included",
        "nested:\"CN=Alice\"",
    ),
    Field::new(&["complete"], Boolean, "whether all its members are known", "complete:false"),
    Field::new(&["dn"], DistinguishedName, "where it stands in the directory", "dn:OU=Groups"),
    Field::new(&["site"], Word, "the site of the task that reads it", "site:hq"),
    Field::new(&["source", "sources"], Word, "its directory", "source:ldap/corp.example"),
    Field::new(
        &["state"],
        Choice(PRINCIPAL_STATES),
        "whether its directory still has it",
        "state:missing,gone",
    ),
    Field::new(&["id"], Word, "its objectGUID", "id:0190*"),
    Field::new(
        &["attribute"],
        Attribute,
        "anything else its directory says, by the attribute's name",
        "description:*sales*",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::query::{Query, fold_case};

    #[test]
    fn every_example_is_read_and_prints_to_itself() {
        for fields in [ASSET_FIELDS, USER_FIELDS, GROUP_FIELDS] {
            for field in fields {
                let query = Query::parse_known(field.example, fields);
                let query = query.unwrap_or_else(|error| panic!("{}: {error}", field.example));
                assert_eq!(Query::parse_known(&query.to_string(), fields), Ok(query));
            }
        }
    }

    #[test]
    fn every_name_is_folded_and_there_once() {
        for fields in [ASSET_FIELDS, USER_FIELDS, GROUP_FIELDS] {
            let names: Vec<&str> = fields.iter().flat_map(|field| field.names).copied().collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
            assert!(names.iter().all(|name| *name == fold_case(name)));
        }
    }
}
