//! Which attributes of an entry a search returns, and in which ranges.

use super::directory::entry::DirectoryEntry;

/// An attribute as it is sent: its description and its values.
pub(super) type Sent<'a> = (String, Vec<&'a [u8]>);

/// The attributes that were asked for.
pub(super) struct Selection {
    all: bool,
    names: Vec<(String, Option<Range>)>,
    types_only: bool,
    max_values: usize,
}

#[derive(Clone, Copy)]
struct Range {
    low: usize,
    high: Option<usize>,
}

impl Selection {
    pub(super) fn new(asked: &[String], types_only: bool, max_values: usize) -> Self {
        let all = asked.is_empty() || asked.iter().any(|name| name == "*");
        let names = asked.iter().filter(|name| !["*", "1.1"].contains(&name.as_str()));
        Self { all, names: names.map(|name| described(name)).collect(), types_only, max_values }
    }

    pub(super) fn asks_for(&self, name: &str) -> bool {
        self.all || self.names.iter().any(|(asked, _)| asked.eq_ignore_ascii_case(name))
    }

    pub(super) fn of<'a>(&self, entry: &'a DirectoryEntry) -> Vec<Sent<'a>> {
        let mut selected = Vec::new();
        for attribute in entry.attributes.iter().filter(|attribute| !attribute.values.is_empty()) {
            let asked =
                self.names.iter().find(|(name, _)| name.eq_ignore_ascii_case(&attribute.name));
            let range = match asked {
                Some((_, range)) => *range,
                None if self.all => None,
                None => continue,
            };
            if self.types_only {
                selected.push((attribute.name.to_string(), Vec::new()));
            } else {
                self.ranged(&attribute.name, &attribute.values, range, &mut selected);
            }
        }
        selected
    }

    /// The values, or as many as go into one answer (MS-ADTS 3.1.1.3.1.3.3).
    pub(super) fn values<'a>(&self, name: &str, values: &'a [Vec<u8>]) -> Vec<Sent<'a>> {
        let mut sent = Vec::new();
        self.ranged(name, values, None, &mut sent);
        sent
    }

    fn ranged<'a>(
        &self,
        name: &str,
        values: &'a [Vec<u8>],
        range: Option<Range>,
        selected: &mut Vec<Sent<'a>>,
    ) {
        if range.is_none() && values.len() <= self.max_values {
            selected.push((name.to_owned(), values.iter().map(Vec::as_slice).collect()));
            return;
        }
        if range.is_none() {
            selected.push((name.to_owned(), Vec::new()));
        }
        let Range { low, high } = range.unwrap_or(Range { low: 0, high: None });
        let end = high.map_or(usize::MAX, |high| high.saturating_add(1));
        let end = end.min(low.saturating_add(self.max_values));
        let Some(part) = values.get(low..end.min(values.len())).filter(|part| !part.is_empty())
        else {
            return;
        };
        let last = if end >= values.len() { "*".to_owned() } else { (end - 1).to_string() };
        let description = format!("{name};range={low}-{last}");
        selected.push((description, part.iter().map(Vec::as_slice).collect()));
    }
}

/// The name of an attribute and the range that is asked for: `member;range=1500-*`.
fn described(asked: &str) -> (String, Option<Range>) {
    let (name, options) = asked.split_once(';').unwrap_or((asked, ""));
    let range = options
        .split(';')
        .filter_map(|option| option.split_once('='))
        .find(|(option, _)| option.eq_ignore_ascii_case("range"))
        .and_then(|(_, range)| range.split_once('-'))
        .and_then(|(low, high)| Some(Range { low: low.parse().ok()?, high: high.parse().ok() }));
    (name.to_owned(), range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ObjectGuid;

    fn sent(asked: &str, count: usize) -> Vec<(String, usize)> {
        let mut entry = DirectoryEntry::new("CN=g".into(), ObjectGuid::from_bytes([0; 16]));
        *entry.change("member", 1) = (0..count).map(|n| n.to_string().into_bytes()).collect();
        let selection = Selection::new(&[asked.to_owned()], false, 1500);
        selection.of(&entry).into_iter().map(|(name, values)| (name, values.len())).collect()
    }

    #[test]
    fn values_come_in_ranges_as_soon_as_one_is_too_many() {
        assert_eq!(sent("member", 0), []);
        assert_eq!(sent("member", 1500), [("member".into(), 1500)]);
        assert_eq!(
            sent("member", 1501),
            [("member".into(), 0), ("member;range=0-1499".into(), 1500)]
        );
    }

    #[test]
    fn the_last_range_ends_with_a_star() {
        assert_eq!(sent("member;range=1500-*", 3001), [("member;range=1500-2999".into(), 1500)]);
        assert_eq!(sent("member;Range=1500-*", 3000), [("member;range=1500-*".into(), 1500)]);
        assert_eq!(sent("MEMBER;range=3000-*", 3001), [("member;range=3000-*".into(), 1)]);
        assert_eq!(sent("member;range=0-9", 100), [("member;range=0-9".into(), 10)]);
        assert_eq!(sent("member;range=5000-*", 100), []);
    }
}
