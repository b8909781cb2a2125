//! What an export has at all, found out before it is read: whose it is, where it says that it searched, and which
//! attributes nobody shows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::filter::Filter;
use super::origin::Origin;
use super::record::{Record, Records};
use super::remarks::Remarks;
use crate::ldap::read::attributes::Selection;
use crate::name::DistinguishedName;
use crate::value::ObjectKind;

/// An attribute of an export that is not of any object is not told of all of them: it was not asked for, or the account
/// may not read it.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) origin: Origin,
    /// The bases below which it has all that is asked for, as it says.
    pub(super) covered: Vec<DistinguishedName>,
    /// Whether it says where it searched.
    pub(super) tells_searches: bool,
    /// Attributes that no object of a kind shows.
    pub(super) unshown: BTreeMap<ObjectKind, BTreeSet<String>>,
    /// Those that the filter asks for and no computer shows.
    pub(super) unmatched: Vec<String>,
}

impl Survey {
    /// Reads an export as far as it can be read.
    pub(super) fn of(
        mut records: Records,
        selections: &[(ObjectKind, Selection)],
        filter: Option<&Filter>,
    ) -> Self {
        let mut survey = Self::default();
        let mut shown: BTreeMap<ObjectKind, HashSet<String>> = BTreeMap::new();
        let mut unmatched = filter.map(Filter::attributes).unwrap_or_default();
        // What cannot be read is said by the read itself.
        while let Ok(Some(record)) = records.next() {
            let Record::Entry(entry) = record else { continue };
            survey.origin.take_entry(&entry);
            let Some(kind) = entry.kind().filter(|_| !entry.is_deleted()) else { continue };
            if let Some(dn) = entry.parsed_dn() {
                survey.origin.take_object(&dn);
            }
            let shown = shown.entry(kind).or_default();
            let selection = selections.iter().find(|(own, _)| *own == kind).map(|(_, it)| it);
            for name in entry.names() {
                if kind == ObjectKind::Computer {
                    unmatched.retain(|wanted| !wanted.eq_ignore_ascii_case(name));
                }
                if let Some((name, _)) = selection.and_then(|it| it.find(name))
                    && !shown.contains(name)
                {
                    shown.insert(name.to_owned());
                }
            }
        }
        let remarks = &records.remarks;
        let kinds = selections.iter().map(|(kind, _)| *kind).collect();
        (survey.covered, survey.tells_searches) =
            (remarks.covered(&kinds), remarks.tells_searches());
        survey.unmatched = unmatched;
        survey.unshown = selections
            .iter()
            .map(|(kind, selection)| (*kind, unshown(selection, shown.get(kind), remarks)))
            .collect();
        survey
    }

    /// Whether nothing is known of an attribute of objects of a kind.
    pub(super) fn is_unshown(&self, kind: ObjectKind, attribute: &str) -> bool {
        self.unshown.get(&kind).is_some_and(|names| names.contains(attribute))
    }
}

fn unshown(
    selection: &Selection,
    shown: Option<&HashSet<String>>,
    remarks: &Remarks,
) -> BTreeSet<String> {
    let is_shown =
        |name: &String| shown.is_some_and(|it| it.contains(name)) && remarks.is_requested(name);
    selection.names().into_iter().filter(|name| !is_shown(name)).collect()
}
