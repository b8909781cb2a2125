//! What can be known of an account of which names alone are shown: no system, no time, no alias, and no visit before.

use super::company::{Account, Scan, ScanId, Truth};

/// Which scanned asset a computer is, as far as anybody can tell who sees its FQDN, its `cn` and the names of assets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Label {
    /// This one.
    Is(ScanId),
    /// Nothing that is shown says that it is one of them.
    New,
    /// It is one of several, or one of several computers.
    NobodyCanSay,
}

/// Says it of an account of a case with these scans; of a case that names would show in a false light, nothing.
pub(crate) type ByNames = fn(&Account, &[Scan]) -> Option<Label>;

/// Nothing else than names was needed.
pub(super) fn as_labelled(account: &Account, _: &[Scan]) -> Option<Label> {
    match account.truth {
        Truth::Is(scan) => Some(Label::Is(scan)),
        Truth::New => Some(Label::New),
        Truth::NobodyCanSay(_) => Some(Label::NobodyCanSay),
        Truth::NoHost => None,
    }
}

/// What told them apart is not shown: a system, a time, an account. A `cn` is what somebody called the object, and may be
/// the name of another machine.
pub(super) fn open(_: &Account, _: &[Scan]) -> Option<Label> {
    Some(Label::NobodyCanSay)
}

/// What tied them is not shown.
pub(super) fn nothing(_: &Account, _: &[Scan]) -> Option<Label> {
    Some(Label::New)
}

/// By names it would be another case.
pub(super) fn hidden(_: &Account, _: &[Scan]) -> Option<Label> {
    None
}

/// Those who were there before have another name by now, and those who came have theirs: which of two scans is theirs is
/// told by the better name, which may be the wrong one.
pub(super) fn of_a_taken_name(account: &Account, scans: &[Scan]) -> Option<Label> {
    match [&scans[0], &scans[1]].map(Scan::is_bare) {
        [false, true] => None,
        _ if account.before.is_some() => Some(Label::New),
        [true, false] => as_labelled(account, scans),
        _ => Some(Label::NobodyCanSay),
    }
}

/// A bare name is the same everywhere; one in a domain that the computer has left is another name.
pub(super) fn where_it_was(account: &Account, scans: &[Scan]) -> Option<Label> {
    let has_moved = account.before.is_none();
    if has_moved && scans.iter().all(Scan::is_bare) {
        as_labelled(account, scans)
    } else {
        Some(Label::New)
    }
}

/// A domain that is said of an asset, and in none of its names, is not shown.
pub(super) fn if_qualified(account: &Account, scans: &[Scan]) -> Option<Label> {
    if scans.iter().any(Scan::is_bare) { None } else { as_labelled(account, scans) }
}
