//! Tables for people, as wide as their terminal.

use std::io::{self, Write};

use console::{Term, measure_text_width, truncate_str};
use ldap_inventory::Printable;

/// Left of every line, and between columns.
const INDENT: &str = "  ";
const GAP: &str = "  ";

/// A column is not made narrower than this, however narrow the terminal.
const NARROWEST: usize = 6;

/// A table that is laid out when it is written: columns as wide as their widest cell, and where a line does
/// not fit, the widest of them cut.
#[derive(Debug)]
pub(crate) struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Whether the last column is text, which is wrapped where it does not fit, and not cut.
    pub(crate) wraps: bool,
    /// So many of the first columns are never cut: ids that people copy.
    pub(crate) whole: usize,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(titles: impl IntoIterator<Item = &'static str>) -> Self {
        Self { titles: titles.into_iter().collect(), rows: Vec::new(), wraps: false, whole: 0 }
    }

    /// Adds a row. Text that would drive the terminal is escaped.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter().map(|cell| Printable(cell.as_ref()).to_string());
        self.rows.push(cells.collect());
    }

    /// Writes it for lines of so many characters. A column in which no row has anything is left out.
    pub(crate) fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        self.without_empty_columns().write_all(out, width)
    }

    fn without_empty_columns(&self) -> Self {
        let has_text = |column| {
            self.rows
                .iter()
                .any(|row| row.get(column).is_some_and(|cell: &String| !cell.is_empty()))
        };
        let kept: Vec<bool> =
            (0..self.titles.len()).map(|column| self.rows.is_empty() || has_text(column)).collect();
        let row = |row: &Vec<String>| {
            row.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell.clone()).collect()
        };
        let titles = self.titles.iter().zip(&kept).filter(|(_, kept)| **kept);
        Self {
            titles: titles.map(|(title, _)| *title).collect(),
            rows: self.rows.iter().map(row).collect(),
            wraps: self.wraps && kept.last() == Some(&true),
            whole: self.whole,
        }
    }

    fn write_all(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let widths = self.widths(width);
        let right: Vec<bool> = (0..widths.len()).map(|column| self.is_numeric(column)).collect();
        if self.titles.iter().any(|title| !title.is_empty()) {
            line(out, self.titles.iter().copied(), &widths, &right)?;
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            line(out, rules.iter().map(String::as_str), &widths, &right)?;
        }
        for row in &self.rows {
            let (Some((last, cells)), Some(width)) = (row.split_last(), widths.last()) else {
                continue;
            };
            let width = if self.wraps { *width } else { usize::MAX };
            for (number, part) in wrap(last, width).into_iter().enumerate() {
                let cells = cells.iter().map(|cell| if number == 0 { cell.as_str() } else { "" });
                line(out, cells.chain([part.as_str()]), &widths, &right)?;
            }
        }
        Ok(())
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.titles.iter().map(|t| measure_text_width(t)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = measure_text_width(cell).max(*width);
            }
        }
        let between = INDENT.len() + GAP.len() * widths.len().saturating_sub(1);
        let mut excess = (between + widths.iter().sum::<usize>()).saturating_sub(width);
        let mut cut: Vec<&mut usize> = widths.iter_mut().skip(self.whole).collect();
        // Text gives way first, but not below three eighths of the line.
        if let Some(text) = cut.pop_if(|_| self.wraps) {
            let spare = text.saturating_sub(width * 3 / 8).min(excess);
            *text -= spare;
            excess -= spare;
        }
        for _ in 0..excess {
            match cut.iter_mut().max() {
                Some(widest) if **widest > NARROWEST => **widest -= 1,
                _ => break,
            }
        }
        widths
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| cell == "-" || cell.parse::<u64>().is_ok())
    }
}

/// How many characters fit into a line of standard output: as many as the terminal has, and 100 where
/// there is none.
pub(crate) fn width() -> usize {
    Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns)).max(40)
}

fn line<'a>(
    out: &mut dyn Write,
    cells: impl Iterator<Item = &'a str>,
    widths: &[usize],
    right: &[bool],
) -> io::Result<()> {
    let mut text = String::from(INDENT);
    for (number, ((cell, width), right)) in cells.zip(widths).zip(right).enumerate() {
        if number > 0 {
            text.push_str(GAP);
        }
        let cell = truncate_str(cell, *width, "…");
        let blank = " ".repeat(width.saturating_sub(measure_text_width(&cell)));
        let (before, after) = if *right { (&*blank, "") } else { ("", &*blank) };
        text.extend([before, &cell, after]);
    }
    writeln!(out, "{}", text.trim_end())
}

/// Breaks text between words into lines of at most so many characters; a longer word is a line by itself.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
