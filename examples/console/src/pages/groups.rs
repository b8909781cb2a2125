//! Groups of the directories, and who is in them, also through other groups.

use std::sync::Arc;

use axum::extract::State;
use futures::TryStreamExt;
use ldap_inventory::asset::{DirectoryGroup, MemberPath, Nesting, PrincipalsRequest};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::value::{ObjectGuid, SourceId};
use maud::{Markup, html};
use serde::Deserialize;

use super::search::Search;
use crate::Console;
use crate::asked::Asked;
use crate::failure::{Answer, Failure};
use crate::page::{Place, ROWS, more, page, table};
use crate::shown::{Shown, address, counted};

const PATH: &str = "/groups";

/// Which group, and whether members of its groups count.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    source: String,
    object: String,
    #[serde(default)]
    nested: String,
}

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Asked(search): Asked<Search>,
) -> Answer {
    let found = match search.request(&console, DirectoryGroup::FIELDS) {
        Err(error) => search.unreadable(&error),
        Ok(request) => {
            let page = console.inventory.search_groups(request.clone()).await?;
            match page.records.as_slice() {
                [] => search.nothing(&request.read_for_groups(&*console.inventory).await?),
                groups => html! { (rows(groups)) (search.pages(PATH, page.next.as_deref())) },
            }
        }
    };
    let content = html! {
        (search.form(PATH, "Search for groups", DirectoryGroup::FIELDS))
        (found)
    };
    page(&console, Place::Groups, "Groups", content).await
}

fn rows(groups: &[DirectoryGroup]) -> Markup {
    let rows = html! {
        @for group in groups {
            tr {
                th scope="row" { a href=(members_of(group, "")) { (Shown(&called(&group.dn))) } }
                td { (group.members.len()) @if !group.complete { " or more" } }
                td { @if !group.presence.is_present() { (group.presence.as_str()) } }
                td { (Shown(group.attributes.first("description").unwrap_or_default())) }
                td { (Shown(group.dn.as_str())) }
            }
        }
    };
    table("Groups", &["Name", "Members", "State", "Description", "DN"], &rows)
}

/// The address of a group's members.
fn members_of(group: &DirectoryGroup, nested: &str) -> String {
    let object = group.object.to_string();
    address("/group", &[("source", group.source.as_str()), ("object", &object), ("nested", nested)])
}

fn called(dn: &DistinguishedName) -> String {
    dn.common_name().unwrap_or_else(|| dn.as_str().to_owned())
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    Asked(named): Asked<Named>,
) -> Answer {
    let (source, object): (SourceId, ObjectGuid) = (named.source.parse()?, named.object.parse()?);
    let found = console.inventory.groups(&console.organization, &source, &[object]).await?;
    let group = found.into_iter().next();
    let group = group.ok_or_else(|| Failure::not_found("there is no such group"))?;
    let is_nested = !named.nested.is_empty();
    let nesting = match is_nested {
        true => all_groups(&console).await?,
        false => Nesting::of([&group]),
    };
    let content = html! {
        p { (Shown(group.dn.as_str())) }
        p {
            @if is_nested { a href=(members_of(&group, "")) { "Leave out members of its groups" } }
            @else { a href=(members_of(&group, "yes")) { "Show members of its groups as well" } }
        }
        @if !group.complete { p.warning { "The directory did not show all members of this group." } }
        (members(&nesting, object))
    };
    page(&console, Place::Groups, &called(&group.dn), content).await
}

/// Which group is in which: all have to be known for that.
async fn all_groups(console: &Console) -> Answer<Nesting> {
    let all = PrincipalsRequest::new(console.organization.clone());
    let groups: Vec<DirectoryGroup> =
        console.inventory.each_group(all).await?.try_collect().await?;
    Ok(Nesting::of(&groups))
}

fn members(nesting: &Nesting, group: ObjectGuid) -> Markup {
    let members = nesting.members(group);
    let rows = html! {
        @for (member, via) in members.iter().take(ROWS) {
            tr {
                th scope="row" { (Shown(&called(&member.dn))) }
                td {
                    @match (via, member.path) {
                        (Some(via), _) => { "through " (Shown(&called(via))) }
                        (None, MemberPath::Primary) => "primary group",
                        (None, _) => "direct",
                    }
                }
                td { (Shown(member.dn.as_str())) }
            }
        }
    };
    html! {
        p role="status" { (counted(members.len() as u64, "member", "members")) }
        (table("Members", &["Name", "How", "DN"], &rows))
        (more(members.len()))
    }
}
