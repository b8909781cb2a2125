//! Users.

use std::collections::BTreeMap;

use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, DirectoryUser, SearchPage, SearchRequest};
use ldap_inventory::query::{Field, Reading};
use ldap_inventory::value::ObjectGuid;
use serde::Serialize;

use super::record::{Record, flattened};

#[derive(Serialize)]
struct UserRecord<'a> {
    id: ObjectGuid,
    name: Option<String>,
    display_name: Option<&'a str>,
    dn: &'a str,
    sam_account_name: Option<&'a str>,
    upn: Option<&'a str>,
    email: Option<&'a str>,
    is_disabled: Option<bool>,
    /// Whether the directory has it: `present`, `missing` or `gone`. A user that moved to another domain is missing in
    /// the old one.
    state: &'static str,
    groups: Vec<&'a str>,
    attributes: BTreeMap<&'a str, String>,
}

impl Record for DirectoryUser {
    const NOUN: (&str, &str) = ("user", "users");

    const FIELDS: &[Field] = DirectoryUser::FIELDS;

    const TITLES: &[&str] = &["Name", "Account", "Mail", "Groups", "State", "DN"];

    const KEYS: &[&str] = &[
        "id",
        "name",
        "display_name",
        "sam_account_name",
        "upn",
        "email",
        "is_disabled",
        "state",
        "groups",
        "dn",
    ];

    async fn search(
        repository: &dyn AssetRepository,
        request: SearchRequest,
    ) -> Result<SearchPage<Self>> {
        repository.search_users(request).await
    }

    async fn read(repository: &dyn AssetRepository, request: &SearchRequest) -> Result<Reading> {
        request.read_for_users(repository).await
    }

    fn json(&self) -> impl Serialize {
        let first = |name| self.attributes.first(name);
        UserRecord {
            id: self.object,
            name: first("name").or(first("cn")).map(str::to_owned).or(self.dn.common_name()),
            display_name: first("displayName"),
            dn: self.dn.as_str(),
            sam_account_name: first("sAMAccountName"),
            upn: first("userPrincipalName"),
            email: first("mail"),
            is_disabled: is_disabled(self),
            state: self.presence.as_str(),
            groups: self.groups.iter().map(|group| group.as_str()).collect(),
            attributes: flattened(&self.attributes),
        }
    }

    fn cells(&self) -> Vec<String> {
        let first = |name| self.attributes.first(name).unwrap_or_default().to_owned();
        let state = match (self.presence.is_present(), is_disabled(self)) {
            (false, _) => self.presence.as_str(),
            (true, Some(true)) => "disabled",
            (true, Some(false)) => "",
            (true, None) => "unknown",
        };
        vec![
            self.attributes.first("displayName").map_or_else(|| first("cn"), str::to_owned),
            first("sAMAccountName"),
            first("mail"),
            self.groups.len().to_string(),
            state.to_owned(),
            self.dn.as_str().to_owned(),
        ]
    }
}

/// `None` where the directory does not tell.
fn is_disabled(user: &DirectoryUser) -> Option<bool> {
    user.attributes.first("isDisabled").map(|disabled| disabled == "true")
}
