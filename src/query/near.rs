//! What is near to what was asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::suggest::edits;

/// Suggestions, by how near they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Near {
    /// What is suggested whatever the records say.
    pub(crate) certain: Vec<String>,
    /// How far each suggestion is; of the nearest alone, however many records there are.
    found: BTreeMap<String, usize>,
    /// The attributes that were looked at, by their sources.
    seen: HashMap<String, HashSet<String>>,
}

/// So many suggestions are kept at most.
const KEPT: usize = 64;

impl Near {
    /// Whether an attribute was not looked at before.
    pub(crate) fn is_new(&mut self, source: &str, name: &str) -> bool {
        match self.seen.get_mut(source) {
            Some(names) => !names.contains(name) && names.insert(name.to_owned()),
            None => {
                self.seen.insert(source.to_owned(), HashSet::from([name.to_owned()]));
                true
            }
        }
    }

    /// Keeps a suggestion, if it is among the nearest.
    pub(crate) fn add(&mut self, distance: usize, suggestion: impl FnOnce() -> String) {
        let suggestion = suggestion();
        if let Some(known) = self.found.get_mut(&suggestion) {
            *known = distance.min(*known);
            return;
        }
        self.found.insert(suggestion, distance);
        let farthest = self.found.iter().max_by_key(|(_, distance)| **distance);
        if self.found.len() > KEPT
            && let Some((farthest, _)) = farthest
        {
            let farthest = farthest.clone();
            self.found.remove(&farthest);
        }
    }

    /// The suggestions, the nearest first; if any are near at all, no others.
    pub(crate) fn nearest(&self) -> Vec<String> {
        let mut found: Vec<(usize, &String)> =
            self.found.iter().map(|(suggestion, distance)| (*distance, suggestion)).collect();
        found.sort_unstable();
        let is_near = |(distance, _): &(usize, &String)| *distance < usize::MAX;
        if found.iter().any(&is_near) {
            found.retain(is_near);
        }
        let found = found.into_iter().map(|(_, suggestion)| suggestion);
        self.certain.iter().chain(found).cloned().collect()
    }
}

/// How far a candidate is from what was asked for, both folded: in edits, or in characters that one of them has more at
/// its end. `None` if it is not near.
pub(crate) fn nearness(asked: &str, candidate: &str) -> Option<usize> {
    /// Shorter beginnings say nothing.
    const BEGINNING: usize = 3;
    let (own, other) = (asked.chars().count(), candidate.chars().count());
    if own == 0 || other == 0 {
        return None;
    }
    let is_beginning = own.min(other) >= BEGINNING
        && (candidate.starts_with(asked) || asked.starts_with(candidate) && other * 2 > own);
    if is_beginning {
        return Some(own.abs_diff(other));
    }
    let allowed = (own / 3).clamp(1, 3);
    if own.abs_diff(other) > allowed || own < BEGINNING {
        return None;
    }
    Some(edits(asked, candidate)).filter(|edits| *edits <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_alike_or_differs_in_a_letter_is_near() {
        for (asked, candidate, distance) in [
            ("windws", "windows", Some(1)),
            ("lastlogontimestamp", "lastlogontimestampts", Some(2)),
            ("win", "windows", Some(4)),
            ("windows2019", "windows", Some(4)),
            ("ad", "ldap", None),
            ("linux", "windows", None),
            ("", "windows", None),
            ("w", "", None),
        ] {
            assert_eq!(nearness(asked, candidate), distance, "{asked} {candidate}");
        }
    }

    #[test]
    fn the_nearest_are_kept_however_many_there_are() {
        let mut near = Near::default();
        for n in (1..1000).rev() {
            near.add(n, || format!("{n:04}"));
        }
        near.add(usize::MAX, || "far".to_owned());
        assert_eq!(near.found.len(), KEPT);
        assert_eq!(near.nearest()[..3], ["0001", "0002", "0003"]);
        let mut far = Near::default();
        far.add(usize::MAX, || "far".to_owned());
        assert_eq!(far.nearest(), ["far"]);
    }
}
