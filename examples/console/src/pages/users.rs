//! Users of the directories.

use std::sync::Arc;

use axum::extract::State;
use ldap_inventory::asset::DirectoryUser;
use maud::{Markup, html};

use super::search::Search;
use crate::Console;
use crate::asked::Asked;
use crate::failure::Answer;
use crate::page::{Place, page, table};
use crate::shown::{Shown, minute};

const PATH: &str = "/users";

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Asked(search): Asked<Search>,
) -> Answer {
    let found = match search.request(&console, DirectoryUser::FIELDS) {
        Err(error) => search.unreadable(&error),
        Ok(request) => {
            let page = console.inventory.search_users(request.clone()).await?;
            match page.records.as_slice() {
                [] => search.nothing(&request.read_for_users(&*console.inventory).await?),
                users => html! { (rows(users)) (search.pages(PATH, page.next.as_deref())) },
            }
        }
    };
    let content = html! {
        (search.form(PATH, "Search for users", DirectoryUser::FIELDS))
        (found)
    };
    page(&console, Place::Users, "Users", content).await
}

fn rows(users: &[DirectoryUser]) -> Markup {
    let rows = html! {
        @for user in users {
            @let first = |name| user.attributes.first(name).unwrap_or_default();
            tr {
                th scope="row" title=(Shown(user.dn.as_str())) { (Shown(first("sAMAccountName"))) }
                td { (Shown(user.attributes.first("displayName").unwrap_or(first("cn")))) }
                td { (Shown(first("mail"))) }
                td { (user.groups.len()) }
                td {
                    @if !user.presence.is_present() { (user.presence.as_str()) }
                    @else if first("isDisabled") == "true" { "disabled" }
                }
                td { (Shown(user.source.name())) }
                td { (minute(user.written)) }
            }
        }
    };
    table("Users", &["Account", "Name", "Mail", "Groups", "State", "Directory", "Written"], &rows)
}
