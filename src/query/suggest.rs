//! The name that may have been meant.

/// The candidate that differs least from `written`, if it differs little: at most one edit in three
/// characters. The first one wins among equals.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (edits(written, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string
/// alignment).
pub(crate) fn edits(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let a: Vec<char> = a.chars().take(LONGEST).collect();
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut left_char = None;
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut upper_char = None;
        for (j, y) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let swapped = left_char == Some(y) && upper_char == Some(x);
            let swap = if swapped { cell(&before, j.wrapping_sub(1)) } else { usize::MAX - 1 };
            let substitute = cell(&above, j) + usize::from(x != y);
            let edit = cell(&above, j + 1).min(cell(&row, j)).min(swap) + 1;
            row.push(substitute.min(edit));
            upper_char = Some(y);
        }
        before = std::mem::replace(&mut above, row);
        left_char = Some(x);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        let table = [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("os_vresion", "os_version", 1),
            ("a", "a", 0),
        ];
        for (a, b, expected) in table {
            assert_eq!(edits(a, b), expected, "{a} {b}");
            assert_eq!(edits(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let names = ["os", "os_version", "last_seen"];
        assert_eq!(nearest("os_versoin", names), Some("os_version"));
        assert_eq!(nearest("lastseen", names), Some("last_seen"));
        assert_eq!(nearest("colour", names), None);
    }
}
