//! The members of groups, also through other groups.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use futures::TryStreamExt;
use ldap_inventory::asset::{
    AssetRepository, DirectoryGroup, Member, MemberPath, Nesting, PrincipalsRequest, SearchRequest,
};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::value::ObjectGuid;
use serde::Serialize;

use super::exit::Failure;
use super::nothing;
use super::options::Search;
use super::printed::{json_line, say};
use super::table::{Form, Table};

/// Records that are read at once.
const PAGE: usize = 500;

/// A member, and the group that names it, if that is another one.
type NestedMember = (Member, Option<DistinguishedName>);

#[derive(Serialize)]
struct MemberRecord<'a> {
    /// The group's DN.
    group: &'a str,
    dn: &'a str,
    id: Option<ObjectGuid>,
    path: MemberPath,
    /// The group that names it, if that is another one.
    via: Option<&'a str>,
}

/// Lists the members of every group that a search finds.
pub(crate) async fn list(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    search: &Search,
) -> Result<(), Failure> {
    let groups = found(repository, request).await?;
    if groups.is_empty() {
        nothing::explain::<DirectoryGroup>(repository, request).await?;
    }
    let nesting = Nesting::of(all(repository, request).await?.values());
    let members = groups.iter().flat_map(|group| {
        let members = members(group, &nesting, request.nested);
        members.into_iter().map(move |member| (group, member))
    });
    let mut members: Vec<(&DirectoryGroup, NestedMember)> = members.collect();
    let total = members.len();
    members.truncate(search.limit.unwrap_or(total));
    let mut out = BufWriter::new(io::stdout().lock());
    if search.json {
        for (group, (member, via)) in &members {
            let (group, dn, id) = (group.dn.as_str(), member.dn.as_str(), member.object);
            let via = via.as_ref().map(|via| via.as_str());
            let record = MemberRecord { group, dn, id, path: member.path, via };
            json_line(&mut out, &record)?;
        }
    } else {
        let form = search.form();
        table(&members, form).put(&mut out, form)?;
    }
    out.flush()?;
    let noun = if total == 1 { "member" } else { "members" };
    match search.form() {
        _ if search.json => {}
        _ if members.len() < total => {
            say(format_args!("{} of {total} {noun} (--limit N)", members.len()));
        }
        Form::Page(_) => say(format_args!("{total} {noun}")),
        _ => {}
    }
    Ok(())
}

/// The groups that the search finds, by their DNs.
async fn found(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
) -> Result<Vec<DirectoryGroup>, Failure> {
    let (mut groups, mut after) = (Vec::new(), None);
    loop {
        let page = request.clone().with_limit(PAGE).after(after);
        let page = repository.search_groups(page).await?;
        groups.extend(page.records);
        after = page.next;
        if after.is_none() {
            groups.sort_by(|one, other| one.dn.as_str().cmp(other.dn.as_str()));
            return Ok(groups);
        }
    }
}

/// All groups, if they are needed.
async fn all(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
) -> Result<BTreeMap<ObjectGuid, DirectoryGroup>, Failure> {
    if !request.nested {
        return Ok(BTreeMap::new());
    }
    let all = PrincipalsRequest::new(request.organization.clone());
    let groups = repository.each_group(all).await?;
    Ok(groups.map_ok(|group| (group.object, group)).try_collect().await?)
}

/// Those that a group names itself and those for whom it is the primary one; behind them, if they are asked for, those
/// through other groups.
fn members(group: &DirectoryGroup, nesting: &Nesting, nested: bool) -> Vec<NestedMember> {
    if nested { nesting.members(group.object) } else { Nesting::of([group]).members(group.object) }
}

fn table(members: &[(&DirectoryGroup, NestedMember)], form: Form) -> Table {
    let mut table = Table::new(match form {
        Form::Page(_) => ["Group", "Member", "How", "DN"],
        _ => ["group", "member", "how", "dn"],
    });
    let name = |dn: &DistinguishedName| dn.common_name().unwrap_or_default();
    for (group, (member, via)) in members {
        let how = match (via, member.path) {
            (Some(via), _) => format!("via {}", name(via)),
            (None, MemberPath::Primary) => "primary".to_owned(),
            (None, _) => "direct".to_owned(),
        };
        table.row([name(&group.dn), name(&member.dn), how, member.dn.as_str().to_owned()]);
    }
    table
}
