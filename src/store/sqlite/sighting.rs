//! The numbers by which sightings are known inside a file.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::failure::{Outcome, damaged};
use crate::asset::Sighting;
use crate::value::{RecordDigest, View};

/// Those that were looked up, each once in memory.
#[derive(Debug, Default)]
pub(super) struct Sightings(HashMap<i64, Arc<Sighting>>);

impl Sightings {
    /// The sighting with this number.
    pub(super) fn get(&mut self, connection: &Connection, number: i64) -> Outcome<Arc<Sighting>> {
        if let Some(known) = self.0.get(&number) {
            return Ok(Arc::clone(known));
        }
        let sql = "SELECT container, account, filter FROM sightings WHERE number = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let sighting = statement.query_row([number], read);
        let sighting = Arc::new(sighting.map_err(|cause| damaged("sighting", number, cause))?);
        self.0.insert(number, Arc::clone(&sighting));
        Ok(sighting)
    }
}

/// The sighting's number, given out now if it has none.
pub(super) fn number(connection: &Connection, source: i64, seen: &Sighting) -> Outcome<i64> {
    let Sighting { container, view } = seen;
    let content = params![source, container, view.account.0, view.filter.map(|digest| digest.0)];
    let sql = "SELECT number FROM sightings WHERE source = ?1 AND container IS ?2
               AND account = ?3 AND filter IS ?4";
    let mut statement = connection.prepare_cached(sql)?;
    if let Some(number) = statement.query_row(content, |row| row.get(0)).optional()? {
        return Ok(number);
    }
    let sql = "INSERT INTO sightings (source, container, account, filter)
               VALUES (?1, ?2, ?3, ?4) RETURNING number";
    Ok(connection.prepare_cached(sql)?.query_row(content, |row| row.get(0))?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Sighting> {
    let filter: Option<[u8; 16]> = row.get(2)?;
    let view = View { account: RecordDigest(row.get(1)?), filter: filter.map(RecordDigest) };
    Ok(Sighting { container: row.get(0)?, view })
}
