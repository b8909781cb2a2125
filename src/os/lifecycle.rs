//! Tables of support dates.

use std::sync::{Arc, LazyLock};

use jiff::civil::Date;

use super::product::Product;
use super::release::Release;
use crate::{Error, Result};

/// When operating systems are out of support: what a host may replace by a newer table of the same form.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Lifecycle {
    releases: Vec<Release>,
}

/// The table that comes with the crate. Its head says where it is from and of which day.
const KNOWN: &str = include_str!("lifecycle.csv");

static TABLE: LazyLock<Arc<Lifecycle>> =
    LazyLock::new(|| Arc::new(Lifecycle::from_csv(KNOWN).unwrap_or_default()));

impl Lifecycle {
    /// The table that comes with the crate.
    pub(crate) fn known() -> &'static Arc<Self> {
        &TABLE
    }

    /// Reads a table as CSV without quotation marks: lines that begin with `#` and empty ones say nothing, the first other
    /// one names the columns. `product`, `cycle` and `end_of_life` are needed; `label`, `end_of_extended_support`, `build`
    /// and `lts` are read, in any order, and others are passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the line that is not of this form.
    pub(crate) fn from_csv(csv: &str) -> Result<Self> {
        let says_something = |(_, line): &(usize, &str)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        };
        let mut lines =
            (1..).zip(csv.trim_start_matches('\u{feff}').lines()).filter(says_something);
        let (_, header) = lines.next().unwrap_or_default();
        let columns = Columns::of(header)?;
        let releases = lines.map(|(number, line)| {
            let refused = |reason: String| {
                Error::invalid("table of support dates", line, format!("line {number}: {reason}"))
            };
            columns.release(line).map_err(refused)
        });
        Ok(Self { releases: releases.collect::<Result<_>>()? })
    }

    /// The product that a system is, by its name and its version, both folded. `None` where the name says nothing of the
    /// kind, or not enough.
    pub(crate) fn product(&self, os: &str, version: Option<&str>) -> Option<Product<'_>> {
        Product::of(&self.releases, os, version.unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn releases(&self) -> &[Release] {
        &self.releases
    }
}

/// Where the columns of a table are.
struct Columns {
    count: usize,
    product: usize,
    cycle: usize,
    end: usize,
    extended: Option<usize>,
    label: Option<usize>,
    versions: Option<usize>,
    long_term: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Result<Self> {
        let titles: Vec<&str> = header.split(',').map(str::trim).collect();
        let find = |title| titles.iter().position(|own| *own == title);
        let need = |title| {
            let missing = || {
                let reason = format!("its first line names no column {title}");
                Error::invalid("table of support dates", header, reason)
            };
            find(title).ok_or_else(missing)
        };
        Ok(Self {
            count: titles.len(),
            product: need("product")?,
            cycle: need("cycle")?,
            end: need("end_of_life")?,
            extended: find("end_of_extended_support"),
            label: find("label"),
            versions: find("build"),
            long_term: find("lts"),
        })
    }

    fn release(&self, line: &str) -> std::result::Result<Release, String> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if cells.len() != self.count {
            return Err(format!("{} cells, where {} are expected", cells.len(), self.count));
        }
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let optional = |at: Option<usize>| at.map_or("", cell);
        let (product, cycle) = (cell(self.product), cell(self.cycle));
        if product.is_empty() || cycle.is_empty() {
            return Err("no product or no cycle".to_owned());
        }
        let is_long_term = matches!(optional(self.long_term), "lts" | "true");
        let (name, words) = Release::named(product, cycle, optional(self.label), is_long_term);
        Ok(Release {
            product: product.to_owned(),
            cycle: cycle.to_owned(),
            name,
            words,
            end: day(cell(self.end))?,
            extended: day(optional(self.extended))?,
            versions: optional(self.versions).split(' ').map(str::to_owned).collect(),
            is_long_term,
        })
    }
}

/// A day, or nothing where none is set.
fn day(text: &str) -> std::result::Result<Option<Date>, String> {
    match text {
        "" | "false" => Ok(None),
        _ => match text.parse() {
            Ok(day) if text.len() == "2026-01-31".len() => Ok(Some(day)),
            _ => Err(format!("`{text}` is no day such as 2026-01-31, and not `false`")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_crate_is_read_whole() {
        let table = Lifecycle::from_csv(KNOWN).unwrap();
        let lines = KNOWN.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table.releases.len(), lines - 1);
        assert!(table.releases.iter().all(|release| !release.words.is_empty()));
        let mut cycles: Vec<_> = table.releases.iter().map(|r| (&r.product, &r.cycle)).collect();
        cycles.sort_unstable();
        cycles.dedup();
        assert_eq!(cycles.len(), table.releases.len());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (csv, expected) in [
            ("", "names no column product"),
            ("product,cycle\nubuntu,22.04", "names no column end_of_life"),
            ("product,cycle,end_of_life\n# so\n\nubuntu,22.04", "line 4: 2 cells"),
            (
                "product,cycle,end_of_life\nubuntu,22.04,2027-13-01",
                "line 2: `2027-13-01` is no day",
            ),
            ("product,cycle,end_of_life\nubuntu,22.04,true", "line 2: `true` is no day"),
            ("product,cycle,end_of_life\nubuntu,,2027-12-01", "line 2: no product or no cycle"),
        ] {
            let error = Lifecycle::from_csv(csv).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let table = "\u{feff}end_of_life,cycle,product,more\r\nfalse,9,rocky-linux,x\r\n";
        let table = Lifecycle::from_csv(table).unwrap();
        let product = table.product("rocky linux 9.3", None).unwrap();
        assert_eq!((product.name().as_str(), product.end()), ("rocky linux 9", None));
    }
}
