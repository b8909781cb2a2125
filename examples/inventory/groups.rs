//! Groups.

use std::collections::BTreeMap;

use ldap_inventory::Result;
use ldap_inventory::asset::{
    AssetRepository, DirectoryGroup, MemberPath, SearchPage, SearchRequest,
};
use ldap_inventory::query::{Field, Reading};
use ldap_inventory::value::ObjectGuid;
use serde::Serialize;

use super::record::{Record, flattened};

#[derive(Serialize)]
struct GroupRecord<'a> {
    id: ObjectGuid,
    name: Option<String>,
    dn: &'a str,
    /// What the group's own `member` names, and those for whom it is the primary group.
    members: Vec<&'a str>,
    member_count: usize,
    complete: bool,
    /// Whether the directory has it: `present`, `missing` or `gone`.
    state: &'static str,
    attributes: BTreeMap<&'a str, String>,
}

impl Record for DirectoryGroup {
    const NOUN: (&str, &str) = ("group", "groups");

    const FIELDS: &[Field] = DirectoryGroup::FIELDS;

    const TITLES: &[&str] = &["Name", "Direct", "Primary", "Known", "State", "DN"];

    const KEYS: &[&str] = &["id", "name", "member_count", "complete", "state", "members", "dn"];

    async fn search(
        repository: &dyn AssetRepository,
        request: SearchRequest,
    ) -> Result<SearchPage<Self>> {
        repository.search_groups(request).await
    }

    async fn read(repository: &dyn AssetRepository, request: &SearchRequest) -> Result<Reading> {
        request.read_for_groups(repository).await
    }

    fn json(&self) -> impl Serialize {
        let first = |name| self.attributes.first(name);
        let members = members_by(self, &[MemberPath::Direct, MemberPath::Primary]);
        GroupRecord {
            id: self.object,
            name: first("name").or(first("cn")).map(str::to_owned).or(self.dn.common_name()),
            dn: self.dn.as_str(),
            member_count: members.len(),
            members,
            complete: self.complete,
            state: self.presence.as_str(),
            attributes: flattened(&self.attributes),
        }
    }

    fn cells(&self) -> Vec<String> {
        let count = |path| members_by(self, &[path]).len().to_string();
        let state = if self.presence.is_present() { "" } else { self.presence.as_str() };
        vec![
            self.dn.common_name().unwrap_or_default(),
            count(MemberPath::Direct),
            count(MemberPath::Primary),
            if self.complete { "all" } else { "not all" }.to_owned(),
            state.to_owned(),
            self.dn.as_str().to_owned(),
        ]
    }
}

/// The DNs of those who are members in one of these ways, sorted.
fn members_by<'a>(group: &'a DirectoryGroup, paths: &[MemberPath]) -> Vec<&'a str> {
    let members = group.members.iter().filter(|member| paths.contains(&member.path));
    let mut dns: Vec<&str> = members.map(|member| member.dn.as_str()).collect();
    dns.sort_unstable();
    dns
}
