//! A search, and all that is needed to answer it.

use super::codec::message::{Control, Request, SearchRequest};
use super::codec::response::{Encoder, LdapResult};
use super::directory::tree::DirectoryTree;
use super::select::Selection;
use super::shared::Shared;

const DONE: u8 = 0x65;

/// A search and all that it needs.
pub(super) struct Scene<'a> {
    pub(super) shared: &'a Shared,
    pub(super) tree: &'a DirectoryTree,
    pub(super) request: &'a Request,
    pub(super) search: &'a SearchRequest,
    pub(super) encoder: Encoder,
    pub(super) selection: Selection,
}

impl Scene<'_> {
    /// The last message of the answer.
    pub(super) fn done(&self, result: &LdapResult, controls: &[Control]) -> Vec<u8> {
        self.encoder.result(self.request.id, DONE, result, controls)
    }
}
