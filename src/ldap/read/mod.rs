//! From search entries to objects, in pages.
//!
//! [`scope`] says what is read, where, and by whose eyes. [`reading`] is one read: it runs the searches in turn and sends pages and the end to whoever listens. Which
//! attributes are asked for, and how each is taken, is in [`attributes`]; [`decode`] makes records of entries in one pass, by
//! the forms of [`syntax`], and says what it left out; [`retrieval`] fetches what does not come with the entry, range by
//! range or one object at a time; [`reference`] reads what lies with other servers, and [`catalog`] doubts what the global
//! catalog does not show. Reads of changes begin in [`delta`](super::delta) and come back here.

pub(crate) mod attributes;
pub(crate) mod catalog;
pub(crate) mod decode;
pub(crate) mod reading;
mod reference;
pub(crate) mod retrieval;
pub(crate) mod scope;
pub(crate) mod syntax;
