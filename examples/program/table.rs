//! Tables: for people as wide as their terminal, for pipes and files whole.
#![allow(dead_code, reason = "not every program writes every form")]

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Width,
};
use console::{Term, measure_text_width, truncate_str};
use csv::QuoteStyle;

use super::printed::escaped;

/// Left of every line, and between columns.
const INDENT: u16 = 2;
const GAP: u16 = 2;

/// A column is not made narrower than this, however narrow the terminal.
const NARROWEST: u16 = 6;

/// Of how many characters most names can be told apart. Where there is not so much room for every column, the last ones
/// are left out.
const READABLE: u16 = 12;

/// How wide a line is where there is no terminal.
const PAGE: u16 = 100;

/// How a table is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// For people: laid out for lines of so many characters, and cut where it does not fit.
    Page(u16),
    /// For other programs: a header, then a line for each row, with tabs between whole cells.
    Tabs,
    /// As [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) has it.
    Csv,
    /// The same for a spreadsheet: each cell quoted, and none of them a formula.
    Spreadsheet,
}

/// Rows of cells below titles.
#[derive(Debug)]
pub(crate) struct Table {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Whether the last column is text, which is wrapped where it does not fit, and not cut.
    pub(crate) wraps: bool,
    /// So many of the first columns are never cut: ids that people copy.
    pub(crate) whole: usize,
}

impl Form {
    /// A page on a terminal, and tabs in a pipe or a file.
    pub(crate) fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Page(width()) } else { Self::Tabs }
    }

    /// What writes comma-separated values.
    pub(crate) fn csv_writer<W: Write>(self, out: W) -> csv::Writer<W> {
        let style = match self {
            Self::Spreadsheet => QuoteStyle::Always,
            _ => QuoteStyle::Necessary,
        };
        csv::WriterBuilder::new().quote_style(style).from_writer(out)
    }

    /// A cell of comma-separated values as it is written.
    pub(crate) fn csv_cell(self, cell: &str) -> Cow<'_, str> {
        match self {
            Self::Spreadsheet if is_formula(cell) => format!("'{cell}").into(),
            _ => cell.into(),
        }
    }
}

/// Whether spreadsheets take a cell for a formula, by what it begins with
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)).
pub(crate) fn is_formula(cell: &str) -> bool {
    const BEGINNINGS: [char; 12] = [
        '=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    cell.trim_start_matches(' ').starts_with(BEGINNINGS)
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new<S: Into<String>>(titles: impl IntoIterator<Item = S>) -> Self {
        let titles = titles.into_iter().map(Into::into).collect();
        Self { titles, rows: Vec::new(), wraps: false, whole: 0 }
    }

    /// Adds a row.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| cell.as_ref().to_owned()).collect());
    }

    /// Whether it has no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether some of its columns are left out of a page, for want of room.
    pub(crate) fn is_narrowed(&self, form: Form) -> bool {
        let has_text = |column: &usize| self.is_shown(*column);
        let shown = (0..self.titles.len()).filter(has_text).count();
        matches!(form, Form::Page(width) if self.columns(width).len() < shown)
    }

    /// Writes it in this form.
    pub(crate) fn put(&self, out: &mut dyn Write, form: Form) -> io::Result<()> {
        match form {
            Form::Page(width) => self.write(out, width),
            Form::Tabs => self.write_tabs(out),
            Form::Csv | Form::Spreadsheet => self.write_csv(out, form),
        }
    }

    /// Writes it for lines of so many characters: nothing without a row. A column in which no row has anything is left out.
    pub(crate) fn write(&self, out: &mut dyn Write, width: u16) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut page = self.page(width);
        if console::colors_enabled() {
            page.enforce_styling();
        } else {
            page.force_no_tty();
        }
        page.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
    }

    fn page(&self, width: u16) -> comfy_table::Table {
        let columns = self.columns(width);
        let widths = self.widths(&columns, width);
        let text = columns.last().filter(|_| self.wraps);
        let mut page = comfy_table::Table::new();
        page.load_style(NOTHING.header_separator(LineStyle::none().fill('─')));
        page.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        let cells = |row: &Vec<String>| -> Vec<String> {
            let cell = |(column, width): (&usize, &u16)| {
                let cell = escaped(row.get(*column).map_or("", String::as_str));
                match text == Some(column) {
                    true => cell,
                    false => truncate_str(&cell, usize::from(*width), "…").into_owned(),
                }
            };
            columns.iter().zip(&widths).map(cell).collect()
        };
        if self.titles.iter().any(|title| !title.is_empty()) {
            let bold = |title: String| Cell::new(title).add_attribute(Attribute::Bold);
            page.set_header(cells(&self.titles).into_iter().map(bold));
        }
        for row in &self.rows {
            page.add_row(cells(row));
        }
        for ((place, column), width) in page.column_iter_mut().enumerate().zip(&widths) {
            let before = if place == 0 { INDENT } else { 0 };
            let after = if place + 1 == columns.len() { 0 } else { GAP };
            column.set_padding((before, after));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(before + width + after)));
            if columns.get(place).is_some_and(|column| self.is_numeric(*column)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        page
    }

    /// Columns as wide as their widest cell, and where a line does not fit, text narrower, then the widest of the others,
    /// and text again.
    fn widths(&self, columns: &[usize], width: u16) -> Vec<u16> {
        let mut widths: Vec<u16> = columns.iter().map(|column| self.widest(*column)).collect();
        let mut excess = line(&widths).saturating_sub(width);
        let is_cut = |place: usize| columns.get(place).is_some_and(|column| *column >= self.whole);
        let mut cut: Vec<&mut u16> = widths
            .iter_mut()
            .enumerate()
            .filter(|(place, _)| is_cut(*place))
            .map(|it| it.1)
            .collect();
        let mut text = cut.pop_if(|_| self.wraps);
        let mut give_way = |excess: &mut u16, least: u16| {
            let Some(text) = &mut text else { return };
            let spare = text.saturating_sub(least).min(*excess);
            **text -= spare;
            *excess -= spare;
        };
        give_way(&mut excess, width / 8 * 3);
        while excess > 0
            && let Some(widest) = cut.iter_mut().max()
            && **widest > NARROWEST
        {
            **widest -= 1;
            excess -= 1;
        }
        give_way(&mut excess, NARROWEST);
        widths
    }

    /// How wide the widest cell of a column is.
    fn widest(&self, column: usize) -> u16 {
        let of_cell =
            |cell: &String| u16::try_from(measure_text_width(&escaped(cell))).unwrap_or(u16::MAX);
        let cells = std::iter::once(&self.titles).chain(&self.rows);
        cells.filter_map(|row| row.get(column)).map(of_cell).max().unwrap_or_default().max(1)
    }

    /// The columns that have something to show, and of which a line has room for enough.
    fn columns(&self, width: u16) -> Vec<usize> {
        let all = 0..self.titles.len();
        let mut columns: Vec<usize> = all.filter(|column| self.is_shown(*column)).collect();
        let enough = |column: &usize| match *column < self.whole {
            true => self.widest(*column),
            false => self.widest(*column).min(READABLE),
        };
        let is_too_wide =
            |columns: &[usize]| line(&columns.iter().map(enough).collect::<Vec<_>>()) > width;
        while !self.wraps && columns.len() > 2 && is_too_wide(&columns) {
            columns.pop();
        }
        columns
    }

    fn is_shown(&self, column: usize) -> bool {
        let has_text = |row: &Vec<String>| row.get(column).is_some_and(|cell| !cell.is_empty());
        self.rows.iter().any(has_text)
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| cell == "-" || cell.parse::<u64>().is_ok())
    }

    fn write_tabs(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |cells: &Vec<String>| {
            cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join("\t")
        };
        let mut lines = std::iter::once(&self.titles).chain(&self.rows);
        lines.try_for_each(|cells| writeln!(out, "{}", line(cells)))
    }

    fn write_csv(&self, out: &mut dyn Write, form: Form) -> io::Result<()> {
        let mut writer = form.csv_writer(out);
        let mut lines = std::iter::once(&self.titles).chain(&self.rows);
        lines.try_for_each(|cells| {
            writer.write_record(cells.iter().map(|cell| form.csv_cell(cell).into_owned()))
        })?;
        writer.flush()
    }
}

/// How long a line of cells of these widths is.
fn line(widths: &[u16]) -> u16 {
    let gaps = u16::try_from(widths.len().saturating_sub(1)).unwrap_or_default() * GAP;
    widths.iter().fold(INDENT + gaps, |line, width| line.saturating_add(*width))
}

/// Writes a paragraph, wrapped and indented as tables are.
pub(crate) fn prose(out: &mut dyn Write, text: &str, width: u16) -> io::Result<()> {
    let mut paragraph = Table::new([""]);
    paragraph.wraps = true;
    paragraph.row([text]);
    paragraph.write(out, width)
}

/// How many characters fit into a line of standard output: as the terminal says, or else the variable COLUMNS.
pub(crate) fn width() -> u16 {
    let of_terminal = Term::stdout().size_checked().map(|(_, columns)| columns);
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal.or_else(told).unwrap_or(PAGE).max(40)
}
