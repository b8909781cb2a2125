//! Octets that are put aside for a while: in memory up to a size, and beyond that in a temporary file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::memory::Held;
use crate::{Error, ErrorKind, Result};

/// As much is written to the file at once.
const CHUNK: usize = 1 << 20;

/// Octets that are put aside, to be read by where they are.
///
/// The file has no name, or loses it at once: nobody else can open it, and it is gone with the process, however that ends.
/// Where none can be made, or written to, everything stays in memory.
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
    /// So much may be in memory alone.
    most: usize,
    /// The memory of the tail.
    held: Held,
}

impl Spool {
    /// An empty one that keeps so many octets in memory. What it keeps counts for `held`.
    pub(super) fn new(most: usize, held: Held) -> Self {
        Self(Mutex::new(Octets { tail: Vec::new(), file: None, in_file: 0, most, held }))
    }

    /// Puts what `write` appends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`] if that is more than may be held in memory.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Span> {
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
            return Ok(span);
        }
        octets.held.add(length).map(|()| span)
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
        let most = if self.in_file > 0 { self.most.min(CHUNK) } else { self.most };
        self.tail.len() > most
    }

    /// Moves the tail to the file. Where that fails it stays, and no more is tried: what is in the file already can be read all
    /// the same.
    fn move_to_file(&mut self) -> bool {
        if self.most == usize::MAX {
            return false;
        }
        if let Err(error) = self.write_tail() {
            tracing::warn!(
                "what is read stays in memory, since no temporary file can be written: {error}"
            );
            self.most = usize::MAX;
            return false;
        }
        self.in_file += self.tail.len() as u64;
        self.tail.clear();
        self.tail.shrink_to(CHUNK);
        self.held.remove(usize::MAX);
        true
    }

    fn write_tail(&mut self) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let at = SeekFrom::Start(self.in_file);
        let written = file.seek(at).and_then(|_| file.write_all(&self.tail));
        self.file = Some(file);
        written
    }
}

fn unreadable(reason: &dyn fmt::Display) -> Error {
    let message = format!("the temporary file with what was read cannot be read: {reason}");
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

    #[test]
    fn what_was_put_is_there_whether_in_memory_or_in_the_file() {
        for most in [0, 1, 100_000, 2 << 20, usize::MAX] {
            let budget = MemoryBudget::new(u64::MAX);
            let spool = Spool::new(most, budget.holder());
            let put = |text: Vec<u8>| (spool.put(|into| into.extend(&text)).unwrap(), text);
            let spans: Vec<(Span, Vec<u8>)> = texts().into_iter().map(put).collect();
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
        let in_file = Spool::new(500, budget.holder());
        for _ in 0..100 {
            in_file.put(|into| into.extend([1; 300])).unwrap();
        }
        assert!(in_file.octets().in_file > 29_000);
        drop(in_file);
        let in_memory = Spool::new(usize::MAX, budget.holder());
        in_memory.put(|into| into.extend([1; 1_000])).unwrap();
        let error = in_memory.put(|into| into.push(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn a_place_where_nothing_was_put_is_an_error() {
        let spool = Spool::new(usize::MAX, MemoryBudget::default().holder());
        let span = Span { start: 0, length: 1 };
        assert_eq!(spool.get(span, <[u8]>::len).unwrap_err().kind(), ErrorKind::Store);
        spool.put(|into| into.push(1)).unwrap();
        assert_eq!(spool.get(span, <[u8]>::len).unwrap(), 1);
    }
}
