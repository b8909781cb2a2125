//! The feed of events: how a store keeps it, and how it is read.
//!
//! A commit that changed anything of interest makes one *entry*, which has all of its events. Entries have numbers that grow
//! in the order of commits: whoever sees one sees all before it. A cursor says which event comes next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Batch;
use super::event::{Event, EventKind};
use crate::value::{SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What a commit told those who follow.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct FeedEntry {
    pub(crate) at: Timestamp,
    source: SourceId,
    /// At least one.
    events: Vec<EventKind>,
}

/// Where one stands in a feed: at the first event that was not read. Prints as the text that it is handed out as.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct FeedPlace {
    pub(crate) entry: u64,
    event: usize,
}

/// What there is of a feed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub(crate) struct FeedExtent {
    /// No entry of a lower number is kept. 0 where all that ever was is kept.
    pub(crate) first: u64,
    /// No entry has this number or a higher one.
    pub(crate) end: u64,
}

/// Reads events from a feed, entry by entry.
#[derive(Debug)]
pub(crate) struct FeedReader {
    /// The next event.
    pub(crate) place: FeedPlace,
    limit: usize,
    pub(crate) events: Vec<Event>,
}

impl FeedEntry {
    /// What a batch tells that is written now; `None` if nothing of it is of interest.
    pub(crate) fn of(batch: &Batch) -> Option<Self> {
        let events = Some(batch.events()).filter(|events| !events.is_empty())?;
        Some(Self { at: Timestamp::now(), source: batch.source.clone(), events })
    }
}

impl FeedExtent {
    /// A feed with nothing in it, of an inventory that had been written to before feeds were kept, or had not.
    pub(crate) fn begun(had_been_written_to: bool) -> Self {
        match had_been_written_to {
            true => Self { first: 2, end: 2 },
            false => Self { first: 0, end: 1 },
        }
    }

    /// Where whoever follows from now on begins.
    pub(crate) fn end(self) -> FeedPlace {
        FeedPlace { entry: self.end, event: 0 }
    }

    /// Refuses a place before which anything is not kept, and one that was never handed out.
    pub(crate) fn check(self, place: FeedPlace) -> Result<()> {
        if place.entry < self.first {
            return Err(outdated("some of the events that follow are not kept any more", place));
        }
        if place > self.end() {
            return Err(outdated(OF_ANOTHER, place));
        }
        Ok(())
    }
}

const OF_ANOTHER: &str =
    "the cursor is of another inventory, or of this one before a backup was restored";

fn outdated(why: &str, place: FeedPlace) -> Error {
    let message = format!(
        "{why}; begin anew: ask where the events end, read the inventory, and follow from there"
    );
    Error::new(ErrorKind::Outdated, message).with_context("cursor", place)
}

impl FeedReader {
    /// Reads at most so many events from a place on.
    pub(crate) fn new(place: FeedPlace, limit: usize) -> Self {
        Self { place, limit, events: Vec::new() }
    }

    /// Whether nothing more is to be read.
    pub(crate) fn is_full(&self) -> bool {
        self.events.len() >= self.limit
    }

    /// Reads the next entry, as far as it is asked for. Refuses a place in the midst of it that was never handed out.
    pub(crate) fn read(&mut self, number: u64, entry: FeedEntry) -> Result<()> {
        let FeedEntry { at, source, events } = entry;
        let begin = if number == self.place.entry { self.place.event } else { 0 };
        if begin > 0 && begin >= events.len() {
            return Err(outdated(OF_ANOTHER, self.place));
        }
        let last = events.len().saturating_sub(1);
        let room = self.limit.saturating_sub(self.events.len());
        if events.is_empty() {
            self.place = FeedPlace { entry: number.saturating_add(1), event: 0 };
        }
        for (n, kind) in events.into_iter().enumerate().skip(begin).take(room) {
            self.place = match n == last {
                true => FeedPlace { entry: number.saturating_add(1), event: 0 },
                false => FeedPlace { entry: number, event: n + 1 },
            };
            let (cursor, source) = (self.place.to_string(), source.clone());
            self.events.push(Event { cursor, at, source, kind });
        }
        Ok(())
    }
}

impl FeedPlace {
    /// The place that a cursor says; the beginning of everything without one.
    pub(crate) fn of(cursor: Option<&str>) -> Result<Self> {
        cursor.map_or(Ok(Self::default()), str::parse)
    }
}

impl fmt::Display for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.entry)?;
        if self.event > 0 { write!(f, ".{}", self.event) } else { Ok(()) }
    }
}

impl FromStr for FeedPlace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (entry, event) = text.split_once('.').unwrap_or((text, "0"));
        let place = || Some(Self { entry: entry.parse().ok()?, event: event.parse().ok()? });
        let reason = "it is no cursor that an event has";
        // Exactly as it is handed out: no sign, no zero before it.
        place()
            .filter(|place| place.to_string() == text)
            .ok_or_else(|| Error::invalid("cursor", text, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(events: usize) -> FeedEntry {
        let gone = |n: usize| EventKind::AssetRemoved {
            asset: crate::value::AssetId::from_u128(n as u128),
            to: None,
        };
        let source = SourceId::new("scan", "hq").unwrap();
        FeedEntry { at: Timestamp::now(), source, events: (0..events).map(gone).collect() }
    }

    #[test]
    fn however_it_is_read_each_event_comes_once() {
        let lengths = [1, 3, 2, 5];
        for limit in 1..12 {
            let (mut place, mut read) = (FeedPlace::default(), Vec::new());
            loop {
                let mut reader = FeedReader::new(place, limit);
                for (number, length) in (1..).zip(lengths).skip_while(|(n, _)| *n < place.entry) {
                    reader.read(number, entry(length)).unwrap();
                }
                let Some(last) = reader.events.last() else { break };
                assert_eq!(last.cursor, reader.place.to_string());
                place = last.cursor.parse().unwrap();
                read.extend(reader.events.into_iter().map(|event| event.kind));
            }
            let all = lengths.iter().flat_map(|length| entry(*length).events);
            assert_eq!(read, all.collect::<Vec<_>>(), "{limit}");
        }
    }

    #[test]
    fn a_place_reads_as_it_prints_and_no_other_way() {
        for text in ["0", "7", "7.3", "18446744073709551615"] {
            assert_eq!(text.parse::<FeedPlace>().unwrap().to_string(), text);
        }
        for text in ["", "x", "7.", ".3", "7.0", "07", "+7", "7.3.1", "-1", "18446744073709551616"]
        {
            assert_eq!(text.parse::<FeedPlace>().unwrap_err().kind(), ErrorKind::Invalid, "{text}");
        }
    }

    #[test]
    fn a_place_in_an_entry_that_is_another_by_now_is_refused() {
        for (text, events) in [("7.3", Some(2)), ("7.4", Some(1)), ("7.5", None), ("7.50", None)] {
            let mut reader = FeedReader::new(text.parse().unwrap(), 9);
            let read = reader.read(7, entry(5)).map(|()| reader.events.len());
            assert_eq!(read.ok(), events, "{text}");
        }
        let mut reader = FeedReader::new(FeedPlace::default(), 9);
        reader.read(7, entry(0)).unwrap();
        assert_eq!(reader.place.to_string(), "8", "nothing is looked at for ever");
    }

    #[test]
    fn no_place_is_passed_over_in_silence() {
        let extent = FeedExtent { first: 5, end: 9 };
        for (text, is_kept) in [
            ("0", false),
            ("4.7", false),
            ("5", true),
            ("8.2", true),
            ("9", true),
            ("9.1", false),
            ("10", false),
        ] {
            let checked = extent.check(text.parse().unwrap());
            assert_eq!(checked.is_ok(), is_kept, "{text}");
        }
        assert!(FeedExtent::begun(false).check(FeedPlace::default()).is_ok());
        assert!(FeedExtent::begun(true).check(FeedPlace::default()).is_err());
    }
}
