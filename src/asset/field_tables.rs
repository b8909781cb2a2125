//! What queries may ask of assets, users and groups: the tables that the parser goes by and the manual shows.

use super::{Asset, DirectoryGroup, DirectoryUser};
use crate::query::Field;

/// What a record may be: what its directory last showed, or that a computer waits for a decision on it.
const STATES: &[&str] = &["present", "missing", "gone", "unresolved"];

/// How much may depend on an asset.
const CRITICALITIES: &[&str] = &["low", "medium", "high", "critical"];

const PRINCIPAL_STATES: &[&str] = &["present", "missing", "gone"];

impl Asset {
    /// How much may depend on an asset, in people's words.
    pub(crate) const CRITICALITIES: &[&str] = CRITICALITIES;

    /// The fields of assets, for [`Query::parse_known`](crate::query::Query::parse_known). What every source says
    /// itself is asked for beside these: `@ldap.computer.dNSHostName`.
    pub const FIELDS: &[Field] = &[
        Field::text(
            &["name", "names"],
            "its names, those that no source has any more included; what a word without a field is looked for in",
            "name:web*",
        ),
        Field::text(
            &["alias", "aliases"],
            "names that no source has for it any more",
            "alias:old-web",
        ),
        Field::text(&["domain", "domains"], "the domains it is in", "domain:corp.example"),
        Field::address(&["address", "addresses"], "its IP addresses", "address:10.0.0.0/8"),
        Field::text(
            &["mac", "macs"],
            "the addresses of its network cards, with colons or dashes",
            "mac:00:1b:44",
        ),
        Field::text(&["os"], "its operating system", "os:\"windows server\""),
        Field::text(&["os_version"], "the version of its operating system", "os_version:10.0*"),
        Field::text(
            &["os_product"],
            "the product that its operating system is, where a table of support dates has it",
            "os_product:\"windows 10\"",
        ),
        Field::time(
            &["os_eol"],
            "when support of its operating system ends; the earliest day, where it may be several products",
            "os_eol:<now OR os_eol:<90days",
        ),
        Field::time(
            &["os_eol_extended"],
            "when support beyond that ends, which is bought or applied for; never where there is none",
            "os_eol:<now NOT os_eol_extended:>now",
        ),
        Field::word(&["type"], "what sort of thing it is", "type:server"),
        Field::text(&["hw"], "what it is built of, as scanners tell", "hw:latitude"),
        Field::text(&["owner"], "who is responsible for it, as people said", "owner:\"jane\""),
        Field::text(
            &["tag", "tags"],
            "what people filed it under, bare or as key=value",
            "tag:pci OR tag:\"env=prod\"",
        ),
        Field::text(&["comment"], "what else people said of it", "comment:*lease*"),
        Field::choice(
            &["criticality"],
            CRITICALITIES,
            "how much depends on it, as people said",
            "criticality:high,critical NOT has:owner",
        ),
        Field::text(
            &["service", "services"],
            "what runs on it, by the service principal names in its directory; http@HOST is for another host's name",
            "service:mssql",
        ),
        Field::word(&["site"], "its site", "site:hq"),
        Field::word(
            &["source", "sources"],
            "who says something about it: the kind of a source, or its whole name",
            "source:ldap,scan",
        ),
        Field::choice(
            &["state"],
            STATES,
            "what its sources last showed of it; unresolved where a computer waits that may be it",
            "source:ldap state:missing",
        ),
        Field::time(&["first_seen"], "when any source saw it first", "first_seen:>2026-01-31"),
        Field::time(
            &["last_seen"],
            "when any source saw it last; never if none did, which no comparison finds",
            "last_seen:>90days OR last_seen:never",
        ),
        Field::boolean(
            &["name_overlap"],
            "whether another asset has one of its names",
            "name_overlap:true",
        ),
        Field::word(&["id"], "its id", "id:019a0000-0000-7000-8000-000000000001"),
        Field::not_kept(
            &["alive", "online"],
            "nothing here tells whether it answers",
            "last_seen:<7days",
        ),
        Field::not_kept(&["host", "hostname", "fqdn"], "part of its names", "name:web*"),
        Field::not_kept(&["ip"], "called address here", "address:10.0.0.5"),
        Field::not_kept(
            &["disabled", "is_disabled"],
            "its directory says it",
            "@ldap.computer.isDisabled:true",
        ),
    ];
}

impl DirectoryUser {
    /// The fields of users, for [`Query::parse_known`](crate::query::Query::parse_known).
    pub const FIELDS: &[Field] = &[
        Field::text(
            &["name", "names"],
            "display name, account name, common name, UPN and mail address; what a word without a field is looked for in",
            "name:alice*",
        ),
        Field::text(&["display_name"], "the display name", "display_name:\"alice archer\""),
        Field::text(&["sam_account_name"], "the account name", "sam_account_name:=alice"),
        Field::text(&["upn"], "the user principal name", "upn:alice@corp.example"),
        Field::text(&["email"], "the mail address", "email:*@example.com"),
        Field::boolean(
            &["is_disabled"],
            "whether the account is disabled; NOT has:is_disabled where its directory does not tell",
            "is_disabled:true",
        ),
        Field::dn(
            &["group", "groups"],
            "the DNs of its groups, the primary one included",
            "group:\"CN=Domain Admins\"",
        ),
        Field::nested(
            &["nested"],
            "the DNs of its groups, those that it is in through other groups included",
            "nested:\"UX Top\"",
        ),
        Field::dn(&["dn"], "where it stands in the directory", "dn:OU=Sales"),
        Field::word(&["site"], "the site of the task that reads it", "site:hq"),
        Field::word(&["source", "sources"], "its directory", "source:ldap/corp.example"),
        Field::choice(
            &["state"],
            PRINCIPAL_STATES,
            "whether its directory still has it",
            "state:missing,gone",
        ),
        Field::word(&["id"], "its objectGUID", "id:0190*"),
        Field::not_kept(&["disabled", "enabled"], "called is_disabled here", "is_disabled:true"),
        Field::attributes(
            &["attribute"],
            "anything else its directory says, by the attribute's name",
            "lastLogonTimestampTS:>90days",
        ),
    ];
}

impl DirectoryGroup {
    /// The fields of groups, for [`Query::parse_known`](crate::query::Query::parse_known).
    pub const FIELDS: &[Field] = &[
        Field::text(
            &["name", "names"],
            "display name, account name and common name; what a word without a field is looked for in",
            "name:*admins",
        ),
        Field::text(&["display_name"], "the display name", "display_name:sales"),
        Field::text(&["sam_account_name"], "the account name", "sam_account_name:=staff"),
        Field::text(&["email"], "the mail address", "email:*@example.com"),
        Field::dn(&["member", "members"], "the DNs of its members", "member:\"CN=O'Brien\\, Pat\""),
        Field::nested(
            &["nested"],
            "the DNs of its members, those through other groups included",
            "nested:\"CN=Alice\"",
        ),
        Field::boolean(&["complete"], "whether all its members are known", "complete:false"),
        Field::dn(&["dn"], "where it stands in the directory", "dn:OU=Groups"),
        Field::word(&["site"], "the site of the task that reads it", "site:hq"),
        Field::word(&["source", "sources"], "its directory", "source:ldap/corp.example"),
        Field::choice(
            &["state"],
            PRINCIPAL_STATES,
            "whether its directory still has it",
            "state:missing,gone",
        ),
        Field::word(&["id"], "its objectGUID", "id:0190*"),
        Field::attributes(
            &["attribute"],
            "anything else its directory says, by the attribute's name",
            "description:*sales*",
        ),
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::query::{Query, fold_case};

    #[test]
    fn every_example_is_read_and_prints_to_itself() {
        for fields in [Asset::FIELDS, DirectoryUser::FIELDS, DirectoryGroup::FIELDS] {
            for field in fields {
                let query = Query::parse_known(field.example, fields);
                let query = query.unwrap_or_else(|error| panic!("{}: {error}", field.example));
                assert_eq!(Query::parse_known(&query.to_string(), fields), Ok(query));
            }
        }
    }

    #[test]
    fn every_name_is_folded_and_there_once() {
        for fields in [Asset::FIELDS, DirectoryUser::FIELDS, DirectoryGroup::FIELDS] {
            let names: Vec<&str> = fields.iter().flat_map(|field| field.names).copied().collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
            assert!(names.iter().all(|name| *name == fold_case(name)));
        }
    }
}
