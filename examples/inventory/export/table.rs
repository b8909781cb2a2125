//! Comma-separated values, with a header ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)).

use std::io::{self, Write};

use serde_json::Value;

use super::Export;
use crate::column;
use crate::exit::Failure;
use crate::record::Record;
use crate::table::{Form, is_formula};

/// Rows of chosen columns. They are held back for as long as one of the columns may be one that no record has.
pub(super) struct Csv<'a> {
    out: &'a mut dyn Write,
    form: Form,
    columns: Vec<String>,
    strange: Vec<String>,
    held: Vec<u8>,
    is_empty: bool,
    /// How many cells are written as they are that a spreadsheet runs.
    formulas: usize,
    unknown: fn(&str) -> Failure,
}

impl<'a> Csv<'a> {
    pub(super) fn new<R: Record>(out: &'a mut dyn Write, form: Form, columns: &[String]) -> Self {
        let columns: Vec<String> = match columns {
            [] => R::KEYS.iter().map(|key| (*key).to_owned()).collect(),
            chosen => chosen.to_vec(),
        };
        // Whether any record has an attribute depends on which are exported today.
        let is_attribute = |column: &str| column.starts_with('@');
        let is_strange = |column: &&String| !column::is_known::<R>(column) && !is_attribute(column);
        let strange = columns.iter().filter(is_strange).cloned().collect();
        let mut csv = Self {
            out,
            form,
            columns,
            strange,
            held: Vec::new(),
            is_empty: true,
            formulas: 0,
            unknown: |column| column::unknown::<R>(column),
        };
        let header = csv.columns.clone();
        csv.hold(&header);
        csv
    }

    fn hold(&mut self, cells: &[String]) {
        let mut writer = self.form.csv_writer(&mut self.held);
        let cells = cells.iter().map(|cell| self.form.csv_cell(cell).into_owned());
        // Writing to memory does not fail.
        let _ = writer.write_record(cells).and_then(|()| Ok(writer.flush()?));
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }
}

impl<R: Record> Export<R> for Csv<'_> {
    fn put(&mut self, record: &R) -> Result<(), Failure> {
        let value: Value = serde_json::to_value(record.json()).map_err(io::Error::from)?;
        self.strange.retain(|column| column::cell(&value, column).is_none());
        let cells = self.columns.iter().map(|column| column::cell(&value, column));
        let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
        self.hold(&cells);
        if self.form == Form::Csv {
            self.formulas += cells.iter().filter(|it| is_formula(it) && !is_number(it)).count();
        }
        self.is_empty = false;
        if self.strange.is_empty() {
            self.write()?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.strange.first() {
            Some(column) if !self.is_empty => Err((self.unknown)(column)),
            _ => Ok(self.write()?),
        }
    }

    fn formulas(&self) -> usize {
        self.formulas
    }
}

/// Whether it is no more than a number, such as that of a telephone.
fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| c.is_ascii_digit() || " +-.,()/".contains(c))
}
