//! The bind, and the proof that it was one.

use ldap3::exop::WhoAmI;
use ldap3::result::ExopResult;

use super::connection::Connection;
use super::diagnosis;
use super::root_dse::RootDse;
use super::search::{self, NO_ATTRIBUTES, SearchRequest};
use crate::credential::SignIn;
use crate::directory::Transport;
use crate::{Error, ErrorKind, Result};

impl Connection {
    /// Signs in over this transport, once.
    pub(crate) async fn sign_in(&mut self, account: &SignIn, transport: Transport) -> Result<()> {
        match account {
            SignIn::Simple { username, password } => self.bind(username, password.expose()).await,
            SignIn::External { .. } => self.bind_external(transport).await,
        }
    }

    /// Binds as whoever the server takes the client certificate of the TLS handshake for.
    ///
    /// MS-ADTS section 5.1.1.1.2: on LDAPS, Active Directory has done so with the handshake, and refuses to do it again.
    async fn bind_external(&mut self, transport: Transport) -> Result<()> {
        if transport == Transport::Ldaps && self.is_active_directory().await? {
            return self.check_somebody(UNKNOWN_CERTIFICATE).await;
        }
        let clock = self.clock();
        match clock.wait(self.ldap.sasl_external_bind()).await? {
            Ok(result) => diagnosis::bound_external(&result),
            Err(error) => Err(self.failed(error).await.in_operation("bind")),
        }
    }

    /// Binds with a name and a password, once. The name is sent as given.
    ///
    /// RFC 4513 section 5.1.2: an empty password would be an unauthenticated bind, which servers accept for
    /// any name; it is refused here, and so is an empty name.
    pub(crate) async fn bind(&mut self, name: &str, password: &str) -> Result<()> {
        if name.trim().is_empty() || password.is_empty() {
            let message = "a user name and a password are needed; an empty one would be an \
                           anonymous bind";
            return Err(Error::new(ErrorKind::Configuration, message).in_operation("bind"));
        }
        self.redaction.keep_out(password);
        let clock = self.clock();
        match clock.wait(self.ldap.simple_bind(name, password)).await? {
            Ok(result) => diagnosis::bound(&result, password),
            Err(error) => Err(self.failed(error).await.in_operation("bind")),
        }
    }

    /// The server must know who asks, where it can tell (RFC 4532).
    pub(crate) async fn check_identity(&mut self, root: &RootDse, account: &SignIn) -> Result<()> {
        match account {
            _ if !root.knows_who_am_i => Ok(()),
            SignIn::Simple { .. } => self.check_somebody(NOBODY).await,
            SignIn::External { .. } => self.check_somebody(UNKNOWN_CERTIFICATE).await,
        }
    }

    async fn check_somebody(&mut self, message: &'static str) -> Result<()> {
        let clock = self.clock();
        match clock.wait(self.ldap.extended(WhoAmI)).await? {
            Ok(ExopResult(answer, result)) if result.rc == 0 => {
                if answer.val.is_none_or(|name| is_nobody(&name)) {
                    return Err(
                        Error::new(ErrorKind::NotAuthenticated, message).in_operation("bind")
                    );
                }
                Ok(())
            }
            // A server that does not want to tell is not anonymous by that.
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error).await.in_operation("bind")),
        }
    }

    /// The base entry must be readable: a server that accepts any bind, or an account without rights, would
    /// otherwise look like an empty directory.
    pub(crate) async fn check_base(&mut self, base: &str) -> Result<()> {
        let request = SearchRequest::of_entry(base, &[NO_ATTRIBUTES]);
        let mut found = false;
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|_| {
            found = true;
            Ok(())
        });
        let result = result.await?;
        search::succeeded(&result).map_err(|error| error.with_context("base DN", base))?;
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

const NOBODY: &str = "the server accepted the bind but treats the connection as anonymous; check the user name and \
                      password";

const UNKNOWN_CERTIFICATE: &str = "the server took the client certificate but knows no account that it belongs to; map it to one (Active \
     Directory: `altSecurityIdentities`, OpenLDAP: `authz-regexp`)";

/// Whether an authorization identity (RFC 4513 section 5.2.1.8) is that of nobody: none, or an empty one of either form.
fn is_nobody(identity: &[u8]) -> bool {
    let identity = identity.trim_ascii();
    let is = |form: &[u8]| identity.eq_ignore_ascii_case(form);
    identity.is_empty() || is(b"dn:") || is(b"u:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::limits::LdapLimits;
    use crate::ldap::protocol::frame::op;
    use crate::ldap::protocol::script::{connection, element, ldap_result, message};
    use crate::value::Secret;

    #[tokio::test]
    async fn nobody_is_who_the_server_says_is_nobody_and_not_who_it_does_not_tell_of() {
        for (code, identity, is_nobody) in [
            (0, Some("u:CORP\\svc"), false),
            (0, Some("dn:"), true),
            (0, None, true),
            (2, None, false),
            (53, None, false),
        ] {
            let value = identity.map(|identity| element(0x8b, identity.as_bytes()));
            let body = [ldap_result(code, ""), value.unwrap_or_default()].concat();
            let reply = message(1, op::EXTENDED_RESPONSE, &body, &[]);
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            let checked = connection.check_somebody(NOBODY).await;
            let kind = checked.map_err(|error| error.kind());
            let refused = Err(ErrorKind::NotAuthenticated);
            assert_eq!(kind, if is_nobody { refused } else { Ok(()) }, "{code} {identity:?}");
        }
    }

    #[tokio::test]
    async fn nobody_may_sign_in_as_nobody_where_the_server_can_tell() {
        let account = SignIn::simple("CORP\\svc", Secret::new("x"));
        for (knows_who_am_i, expected) in
            [(true, Err(ErrorKind::NotAuthenticated)), (false, Ok(()))]
        {
            let reply = message(1, op::EXTENDED_RESPONSE, &ldap_result(0, ""), &[]);
            let (mut connection, _server) = connection(&LdapLimits::default(), vec![reply]).await;
            let root = RootDse { knows_who_am_i, ..RootDse::default() };
            let checked = connection.check_identity(&root, &account).await;
            assert_eq!(checked.map_err(|error| error.kind()), expected);
        }
    }

    #[test]
    fn an_identity_without_a_name_is_nobodys() {
        for nobody in [&b""[..], b"dn:", b"DN: ", b"u:", b" "] {
            assert!(is_nobody(nobody), "{nobody:?}");
        }
        for somebody in [&b"u:CORP\\svc"[..], b"dn:CN=svc,DC=x", b"svc"] {
            assert!(!is_nobody(somebody), "{somebody:?}");
        }
    }
}
