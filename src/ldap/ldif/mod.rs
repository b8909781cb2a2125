//! An export of a directory as a file: LDIF (RFC 2849), as `ldapsearch`, `ldbsearch` and `ldifde` write it.
//!
//! [`text`] is the file as text, whatever it is packed in; [`lines`] puts its lines together again where they were
//! folded; [`record`] takes entries and references out of them, and [`remarks`] what the tool says that wrote it. An
//! [`entry`] becomes the bytes that a server would have sent, so that the one decoder of search entries makes objects
//! of both. [`survey`] goes over it once: whose it is ([`origin`]) and what it does not have of
//! anybody. [`reading`] is one read: what is asked for ([`filter`]), and whether it is all.
//! [`write`] writes objects.

mod entry;
mod filter;
mod lines;
mod origin;
mod reading;
mod record;
mod remarks;
mod source;
mod survey;
#[cfg(test)]
mod tests;
mod text;
mod write;

#[cfg(fuzzing)]
pub(super) use reading::read_bytes;
pub use source::LdifSource;
