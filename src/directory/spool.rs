//! Octets that are put aside for a while: in memory up to a size, and beyond that in a temporary file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::memory::{Held, SpoolRoom};
use crate::{Error, ErrorKind, Result};

/// As much is written to the file at once.
const CHUNK: usize = 1 << 20;

/// Octets that are put aside, to be read by where they are.
///
/// Nobody else can open the file, and it is gone with the process: where the system can, it never has a name. Where none can
/// be made, or written to, everything stays in memory.
#[derive(Debug)]
pub(super) struct Spool(Mutex<Octets>);

/// Where something was put.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u64,
    length: u32,
}

#[derive(Debug)]
struct Octets {
    /// What is not in the file, and begins where that ends.
    tail: Vec<u8>,
    file: Option<File>,
    in_file: u64,
    room: SpoolRoom,
    /// Why nothing more goes to the file.
    failure: Option<String>,
    /// The memory of the tail.
    held: Held,
}

impl Spool {
    /// An empty one. What it keeps in memory counts for `held`.
    pub(super) fn new(room: SpoolRoom, held: Held) -> Self {
        let (tail, file, in_file, failure) = Default::default();
        Self(Mutex::new(Octets { tail, file, in_file, room, failure, held }))
    }

    /// Puts what `write` appends. The second value is an error if more is held in memory than may be; what was put is there
    /// all the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`] if it is more than 4 GiB. It is not there.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(Span, Result<()>)> {
        let mut octets = self.octets();
        let begin = octets.tail.len();
        write(&mut octets.tail);
        let length = octets.tail.len() - begin;
        let start = octets.in_file + begin as u64;
        let Ok(span) = u32::try_from(length).map(|length| Span { start, length }) else {
            octets.tail.truncate(begin);
            let message = "an object of the directory takes more than 4 GiB";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        if octets.is_too_long() && octets.move_to_file() {
            return Ok((span, Ok(())));
        }
        let held = octets.held.add(length);
        // Before it is too much for the memory, the file takes it however little it is.
        Ok((span, held.or_else(|error| octets.move_to_file().then_some(()).ok_or(error))))
    }

    /// Why nothing more goes to the file, if something should have.
    pub(super) fn failure(&self) -> Option<String> {
        self.octets().failure.clone()
    }

    /// What was put there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the temporary file cannot be read.
    pub(super) fn get<T>(&self, span: Span, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let mut octets = self.octets();
        let length = usize::try_from(span.length).unwrap_or(usize::MAX);
        if let Some(begin) = span.start.checked_sub(octets.in_file) {
            let begin = usize::try_from(begin).unwrap_or(usize::MAX);
            let end = begin.saturating_add(length);
            return octets.tail.get(begin..end).map(read).ok_or_else(|| unreadable(&"cut short"));
        }
        let Some(file) = &mut octets.file else { return Err(unreadable(&"there is none")) };
        let mut found = vec![0; length];
        let outcome =
            file.seek(SeekFrom::Start(span.start)).and_then(|_| file.read_exact(&mut found));
        drop(octets);
        outcome.map(|()| read(&found)).map_err(|error| unreadable(&error))
    }

    /// The octets of memory that it takes.
    #[cfg(test)]
    pub(super) fn in_memory(&self) -> usize {
        self.octets().tail.len()
    }

    fn octets(&self) -> MutexGuard<'_, Octets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Span {
    /// How many octets are there.
    pub(super) fn length(self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }
}

impl Octets {
    fn is_too_long(&self) -> bool {
        // With a file there is no reason to wait for more than makes a good write.
        let most = self.room.in_memory;
        self.tail.len() > if self.in_file > 0 { most.min(CHUNK) } else { most }
    }

    /// Moves the tail to the file. Where that fails it stays, and no more is tried: what is in the file already can be read all
    /// the same.
    fn move_to_file(&mut self) -> bool {
        if self.failure.is_some() || self.room.in_file == 0 {
            return false;
        }
        if let Err(error) = self.write_tail() {
            tracing::warn!(
                "what is read stays in memory: no temporary file can be written: {error}"
            );
            self.failure = Some(error.to_string());
            return false;
        }
        self.in_file += self.tail.len() as u64;
        self.tail.clear();
        self.tail.shrink_to(CHUNK);
        self.held.remove(usize::MAX);
        true
    }

    fn write_tail(&mut self) -> io::Result<()> {
        let after = self.in_file + self.tail.len() as u64;
        if after > self.room.in_file {
            let message = format!("it may have {} octets, and no more", self.room.in_file);
            return Err(io::Error::other(message));
        }
        let mut file = match (self.file.take(), &self.room.folder) {
            (Some(file), _) => file,
            (None, Some(folder)) => tempfile::tempfile_in(folder)?,
            (None, None) => tempfile::tempfile()?,
        };
        let at = SeekFrom::Start(self.in_file);
        let written = file.seek(at).and_then(|_| file.write_all(&self.tail));
        // A half that was written takes the room on a full disk, and nobody reads it.
        let written = written.inspect_err(|_| _ = file.set_len(self.in_file));
        self.file = Some(file);
        written
    }
}

fn unreadable(reason: &dyn fmt::Display) -> Error {
    let message = format!(
        "the temporary file of the run cannot be read: {reason}; look after its disk, or choose another folder \
         (spool_folder), and run again"
    );
    Error::new(ErrorKind::Store, message)
}

#[cfg(test)]
mod tests {
    use super::super::MemoryBudget;
    use super::*;

    /// A hundred texts, of which each is longer than the one before.
    fn texts() -> Vec<Vec<u8>> {
        (0..100_u8).map(|n| vec![n; usize::from(n) * 700]).collect()
    }

    fn room(in_memory: usize) -> SpoolRoom {
        SpoolRoom { in_memory, in_file: u64::MAX, folder: None }
    }

    fn put(spool: &Spool, text: &[u8]) -> (Span, Result<()>) {
        spool.put(|into| into.extend(text)).unwrap()
    }

    #[test]
    fn what_was_put_is_there_whether_in_memory_or_in_the_file() {
        for most in [0, 1, 100_000, 2 << 20, usize::MAX] {
            let budget = MemoryBudget::new(u64::MAX);
            let spool = Spool::new(room(most), budget.holder());
            let spans: Vec<(Span, Vec<u8>)> =
                texts().into_iter().map(|text| (put(&spool, &text).0, text)).collect();
            for (span, text) in &spans {
                assert_eq!(span.length(), text.len());
                assert!(spool.get(*span, |octets| octets == text).unwrap());
            }
            assert!(spool.in_memory() <= most);
        }
    }

    #[test]
    fn only_what_is_in_memory_counts_towards_the_budget() {
        let budget = MemoryBudget::new(1_000);
        let in_file = Spool::new(room(500), budget.holder());
        (0..100).for_each(|_| put(&in_file, &[1; 300]).1.unwrap());
        // Also where as much as that may stay in memory, and others hold the rest.
        let late = Spool::new(room(usize::MAX), budget.holder());
        (0..100).for_each(|_| put(&late, &[1; 300]).1.unwrap());
        assert!(in_file.octets().in_file > 29_000 && late.octets().in_file > 29_000);
        drop((in_file, late));
        let in_memory = Spool::new(SpoolRoom::NO_FILE, budget.holder());
        put(&in_memory, &[1; 1_000]).1.unwrap();
        let (span, held) = put(&in_memory, &[2]);
        assert_eq!(held.unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert!(in_memory.get(span, |octets| octets == [2]).unwrap(), "it is there all the same");
    }

    #[test]
    fn without_a_file_or_with_a_full_one_everything_stays_in_memory() {
        let nowhere = SpoolRoom { folder: Some("/nowhere/at/all".into()), ..room(0) };
        let small = SpoolRoom { in_file: 2_000, ..room(0) };
        for (room, is_some_in_file) in [(nowhere, false), (small, true)] {
            let spool = Spool::new(room, MemoryBudget::default().holder());
            let spans: Vec<(Span, u8)> = (0..100).map(|n| (put(&spool, &[n; 30]).0, n)).collect();
            for (span, n) in spans {
                assert!(spool.get(span, |octets| octets == [n; 30]).unwrap());
            }
            assert_eq!(spool.octets().in_file > 0, is_some_in_file);
            assert!(spool.failure().is_some() && spool.in_memory() > 900);
        }
    }

    #[test]
    fn a_place_where_nothing_was_put_is_an_error() {
        let spool = Spool::new(SpoolRoom::NO_FILE, MemoryBudget::default().holder());
        let span = Span { start: 0, length: 1 };
        assert_eq!(spool.get(span, <[u8]>::len).unwrap_err().kind(), ErrorKind::Store);
        put(&spool, &[1]).1.unwrap();
        assert_eq!(spool.get(span, <[u8]>::len).unwrap(), 1);
    }
}
