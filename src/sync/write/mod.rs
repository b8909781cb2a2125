//! Writing what was decided, batch by batch, each whole or not at all.
//!
//! [`Writer`] numbers the batches and hands them to the store, a plan or nobody. What is in them is worked out by kind:
//! [`computers`] (drafted in [`draft`], and decided again where assets changed meanwhile), [`late`] arrivals,
//! [`principals`], [`absences`] and [`sightings`]. In the end [`settle`] lets the inventory show what people decided.

pub(super) mod absences;
mod commit;
pub(super) mod computers;
mod draft;
pub(super) mod late;
mod load;
pub(super) mod principals;
pub(super) mod settle;
pub(super) mod sightings;
mod writer;

pub(super) use self::commit::commit;
pub(super) use self::writer::{Sink, Writer};
