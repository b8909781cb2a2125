//! The kinds of cases that companies are made of, each with what can be known of it.

mod accounts;
mod cuts;
mod domains;
mod history;
mod plain;
mod suffixes;
mod twins;
mod weak;

use super::Kind;
use super::company::{ScanId, Truth};

/// Every kind. The rooms name them in this order.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    [
        plain::KINDS,
        domains::KINDS,
        history::KINDS,
        twins::KINDS,
        suffixes::KINDS,
        cuts::KINDS,
        accounts::KINDS,
        weak::KINDS,
    ]
    .into_iter()
    .flatten()
}

fn nobody_can_say(scans: impl IntoIterator<Item = ScanId>) -> Truth {
    Truth::NobodyCanSay(scans.into_iter().collect())
}
