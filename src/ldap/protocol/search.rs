//! One search: a request, the batches that arrive, and the result.

use ldap3::controls::RawControl;
use ldap3::{DerefAliases, LdapResult, Scope, SearchOptions, SearchStream};

use super::connection::Connection;
use super::diagnosis;
use super::entry::RawEntry;
use super::frame::disconnected;
use super::guard::{Batch, SearchMessage};
use super::redaction::Redaction;
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Result};

/// Asks for no attribute at all (RFC 4511 section 4.5.1.8).
pub(crate) const NO_ATTRIBUTES: &str = "1.1";

/// What to look for.
#[derive(Clone, Debug)]
pub(crate) struct SearchRequest {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: String,
    pub(crate) attributes: Vec<String>,
}

/// A search that runs. Only one runs at a time on a connection.
pub(crate) struct Search<'c> {
    connection: &'c mut Connection,
    stream: SearchStream<'static, String, Vec<String>>,
    done: bool,
}

impl SearchRequest {
    /// The base entry alone.
    pub(crate) fn of_entry(base: &str, attributes: &[&str]) -> Self {
        Self {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Whether an attribute is one of those that are asked for by name. A server may send others.
    pub(crate) fn asks_for(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|name| name.eq_ignore_ascii_case(attribute))
    }
}

impl Connection {
    /// Sends a search request.
    pub(crate) async fn search(
        &mut self,
        request: &SearchRequest,
        controls: Vec<RawControl>,
    ) -> Result<Search<'_>> {
        let clock = self.clock();
        clock.check()?;
        self.ldap.with_search_options(SearchOptions::new().deref(DerefAliases::Never));
        if !controls.is_empty() {
            self.ldap.with_controls(controls);
        }
        let started = self.ldap.streaming_search(
            &request.base,
            request.scope,
            &request.filter,
            request.attributes.clone(),
        );
        match clock.wait(started).await? {
            Ok(stream) => Ok(Search { connection: self, stream, done: false }),
            Err(error) => Err(self.failed(error).await),
        }
    }
}

impl Search<'_> {
    /// What the server's words must not have in them.
    pub(crate) fn redaction(&self) -> &Redaction {
        &self.connection.redaction
    }

    /// The next batch, or `None` once the result is there.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>> {
        if self.done {
            return Ok(None);
        }
        match self.connection.clock().wait(self.connection.arrivals.recv()).await? {
            Some(batch) => {
                self.done = batch.done;
                Ok(Some(batch))
            }
            None => Err(self.connection.failure().await),
        }
    }

    /// The result, whatever its code.
    pub(crate) async fn finish(mut self) -> Result<LdapResult> {
        while self.next().await?.is_some() {}
        let clock = self.connection.clock();
        let result = async {
            match self.stream.next().await {
                Ok(None) => Ok(self.stream.finish().await),
                Ok(Some(_)) => Err(disconnected("a search entry went astray")),
                Err(error) => Err(self.connection.failed(error).await),
            }
        };
        clock.wait(result).await?
    }

    /// The result, whatever its code, after each entry was looked at.
    pub(crate) async fn each_entry(
        self,
        mut look: impl FnMut(RawEntry<'_>) -> Result<()> + Send,
    ) -> Result<LdapResult> {
        self.each_message(|message| match message {
            SearchMessage::Entry(body) => look(RawEntry::parse(body)?),
            SearchMessage::Reference(_) => Ok(()),
        })
        .await
    }

    /// The same with references to other servers. The first error of `look`'s ends it: what is still to come of an answer may
    /// have no end.
    pub(crate) async fn each_message(
        mut self,
        mut look: impl FnMut(SearchMessage<'_>) -> Result<()> + Send,
    ) -> Result<LdapResult> {
        while let Some(batch) = self.next().await? {
            for message in batch.messages() {
                look(message)?;
            }
        }
        self.finish().await
    }
}

/// The result of a search, which must be success.
pub(crate) fn succeeded(result: &LdapResult) -> Result<()> {
    if result.rc == 0 { Ok(()) } else { Err(diagnosis::search_refused(result)) }
}

/// Checks a filter of the host's before ldap3's parser, which recurses, gets to see it.
pub(crate) fn check_filter(filter: &str, limits: &LdapLimits) -> Result<()> {
    let refuse = |limit: &'static str, value: usize| {
        Err(Error::new(
            ErrorKind::Configuration,
            format!("the search filter goes beyond the limit {limit}"),
        )
        .with_context("limit", value))
    };
    if filter.len() > limits.filter_bytes {
        return refuse("filter_bytes", limits.filter_bytes);
    }
    let mut depth = 0_usize;
    for octet in filter.bytes() {
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits.filter_depth {
            return refuse("filter_depth", limits.filter_depth);
        }
    }
    match ldap3::parse_filter(filter) {
        Ok(_) if filter.starts_with('(') => Ok(()),
        _ => Err(Error::invalid("search filter", filter, "it is not a filter as in RFC 4515")
            .in_operation("read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::protocol::script::connection;

    fn nested(depth: usize) -> String {
        format!("{}(cn=x){}", "(!".repeat(depth - 1), ")".repeat(depth - 1))
    }

    #[test]
    fn a_filter_at_the_limit_is_accepted_and_one_past_it_is_not() {
        let limits = LdapLimits::default();
        assert!(check_filter(&nested(limits.filter_depth), &limits).is_ok());
        let error = check_filter(&nested(limits.filter_depth + 1), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let long = |octets: usize| format!("(cn={})", "x".repeat(octets - 5));
        assert!(check_filter(&long(limits.filter_bytes), &limits).is_ok());
        assert!(check_filter(&long(limits.filter_bytes + 1), &limits).is_err());
        // However many stand beside each other.
        let wide = format!("(|{})", "(cn=x)".repeat(2 * limits.filter_depth));
        assert!(check_filter(&wide, &limits).is_ok());
    }

    #[test]
    fn filters_that_are_none_are_refused() {
        let limits = LdapLimits::default();
        for filter in ["", "(", "cn=x", "(cn=x", "(cn=x))", "(cn=x)(cn=y)", "(&(cn=x)", "(cn=\\zz)"]
        {
            assert!(check_filter(filter, &limits).is_err(), "{filter}");
        }
        assert!(check_filter(&"(&".repeat(5_000), &limits).is_err());
    }

    #[tokio::test]
    async fn a_search_keeps_out_what_its_connection_was_bound_with() {
        let (mut connection, _server) = connection(&LdapLimits::default(), Vec::new()).await;
        connection.redaction.keep_out("canary");
        let request = SearchRequest::of_entry("DC=x", &["cn"]);
        let search = connection.search(&request, Vec::new()).await.unwrap();
        assert!(search.redaction().is_in(b"CN=canary,DC=x"));
    }
}
