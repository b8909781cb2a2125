//! The bind, and the proof that it was one.

use super::connection::Connection;
use super::diagnosis;
use super::guard::SearchMessage;
use super::search::{NO_ATTRIBUTES, SearchRequest};
use crate::{Error, ErrorKind, Result};

impl Connection {
    /// Binds with a name and a password, once. The name is sent as given.
    ///
    /// RFC 4513 section 5.1.2: an empty password would be an unauthenticated bind, which servers accept for
    /// any name; it is refused here, and so is an empty name.
    pub(super) async fn bind(&mut self, name: &str, password: &str) -> Result<()> {
        if name.trim().is_empty() || password.is_empty() {
            let message = "a user name and a password are needed; an empty one would be an \
                           anonymous bind";
            return Err(Error::new(ErrorKind::Configuration, message).in_operation("bind"));
        }
        let clock = self.clock();
        match clock.wait(self.ldap.simple_bind(name, password)).await? {
            Ok(result) => diagnosis::bound(&result, password),
            Err(error) => Err(self.failed(error).await.in_operation("bind")),
        }
    }

    /// The base entry must be readable: a server that accepts any bind, or an account without rights, would
    /// otherwise look like an empty directory.
    pub(super) async fn check_base(&mut self, base: &str) -> Result<()> {
        let request = SearchRequest::of_entry(base, &[NO_ATTRIBUTES]);
        let mut search = self.search(&request, Vec::new()).await?;
        let mut found = false;
        while let Some(batch) = search.next().await? {
            found |= batch.messages().any(|message| matches!(message, SearchMessage::Entry(_)));
        }
        let finished = search.succeed().await;
        finished.map_err(|error| error.with_context("base DN", base))?;
        if found {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Directory,
            "the account may not read the base DN; correct the base DN or the account's rights",
        )
        .in_operation("search")
        .with_context("base DN", base))
    }
}
