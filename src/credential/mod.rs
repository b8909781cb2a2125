//! LDAP credentials: who asks which servers, whom to trust, and for which organizations.
//!
//! A [`Credential`] is an account and its [`SignIn`], the [servers](ServerUrl) to ask, and what vouches for them: pins ([`Thumbprint`]) and
//! authorities ([`CaCertificate`]) beside those of the operating system. A host keeps its credentials where it likes, and
//! hands them out by a [`CredentialStore`], which is asked at every connect; [`Sealable`] is the form to encrypt and
//! store. How all of this is put to use is the business of `ldap`, above
//! all its `transport`; `store::MemoryCredentialStore` is a store for tests.

use std::collections::BTreeSet;
use std::fmt;

use crate::name::DistinguishedName;
use crate::value::{CredentialId, OrganizationId, Secret};
use crate::{Error, ErrorKind, Result};

mod authority;
mod sealable;
mod sign_in;
mod store;
mod thumbprint;
mod url;

pub use authority::CaCertificate;
pub use sealable::Sealable;
pub use sign_in::SignIn;
pub use store::CredentialStore;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use thumbprint::CertificateDigest;
pub use thumbprint::Thumbprint;
pub use url::ServerUrl;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use url::{Scheme, ServerHost};

/// An account in a directory, the servers to ask, and how far to trust them.
///
/// An ordinary account without special rights is enough. The defaults are the safe ones: no server is
/// trusted without a certificate that verifies, and no organization but those named may use it.
///
/// ```
/// use ldap_inventory::credential::{Credential, ServerUrl, Thumbprint};
/// use ldap_inventory::value::{CredentialId, Secret};
///
/// let id = CredentialId::new("corp-directory")?;
/// let credential = Credential::new(id, "CORP\\svc-inventory", Secret::new("...".to_owned()))
///     .with_server(ServerUrl::parse("dc1.corp.example")?)
///     .with_thumbprint(Thumbprint::parse("10.0.0.1=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")?);
/// credential.validate()?;
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Credential {
    /// What the host calls it by.
    pub id: CredentialId,
    /// What people call it by; the id unless set.
    pub name: String,
    /// The account, and how it proves who it is.
    pub sign_in: SignIn,
    /// Where to search. Empty (the default) means the server's `defaultNamingContext`.
    pub base_dns: Vec<DistinguishedName>,
    /// The servers, in order. The next one is asked only where the one before cannot be reached.
    pub servers: Vec<ServerUrl>,
    /// Accept any certificate where no pin exists. Off unless set: whoever stands on the path can then put himself in
    /// the server's place, and read the password.
    pub any_certificate: bool,
    /// Take plain LDAP where nothing better is offered. Off unless set: whoever listens on the path can then read the
    /// password.
    pub plain_ldap: bool,
    /// The certificates that must be presented at certain addresses.
    pub thumbprints: BTreeSet<Thumbprint>,
    /// Let pins vouch over StartTLS too. Off unless set, as in products that trust pins on LDAPS only.
    pub pins_on_starttls: bool,
    /// Authorities that are trusted beside those of the operating system.
    pub ca_certificates: Vec<CaCertificate>,
    /// Who may use it. Nobody unless set, so that forgetting it opens nothing.
    pub sharing: Sharing,
}

/// Which organizations may use a [`Credential`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sharing {
    /// Every organization.
    Global,
    /// These organizations.
    Organizations(BTreeSet<OrganizationId>),
}

impl Credential {
    /// A credential for an account with a name and a password, without servers and not shared with anybody yet.
    pub fn new(id: CredentialId, username: impl Into<String>, password: Secret) -> Self {
        Self::signing_in(id, SignIn::simple(username, password))
    }

    /// A credential for an account that proves itself so, without servers and not shared with anybody yet.
    pub fn signing_in(id: CredentialId, sign_in: SignIn) -> Self {
        Self {
            name: id.as_str().to_owned(),
            id,
            sign_in,
            base_dns: Vec::new(),
            servers: Vec::new(),
            any_certificate: false,
            plain_ldap: false,
            thumbprints: BTreeSet::new(),
            pins_on_starttls: false,
            ca_certificates: Vec::new(),
            sharing: Sharing::Organizations(BTreeSet::new()),
        }
    }

    /// Sets the name that people see.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a base DN.
    #[must_use]
    pub fn with_base_dn(mut self, base_dn: DistinguishedName) -> Self {
        self.base_dns.push(base_dn);
        self
    }

    /// Adds a server after those already there.
    #[must_use]
    pub fn with_server(mut self, server: ServerUrl) -> Self {
        self.servers.push(server);
        self
    }

    /// Sets both [`any_certificate`](Self::any_certificate) and [`plain_ldap`](Self::plain_ldap), as the one toggle of other
    /// products does.
    #[must_use]
    pub fn with_insecure(self, insecure: bool) -> Self {
        self.with_any_certificate(insecure).with_plain_ldap(insecure)
    }

    /// Sets whether any certificate is accepted where no pin exists.
    #[must_use]
    pub fn with_any_certificate(mut self, any_certificate: bool) -> Self {
        self.any_certificate = any_certificate;
        self
    }

    /// Sets whether plain LDAP is taken where nothing better is offered.
    #[must_use]
    pub fn with_plain_ldap(mut self, plain_ldap: bool) -> Self {
        self.plain_ldap = plain_ldap;
        self
    }

    /// Adds a pin.
    #[must_use]
    pub fn with_thumbprint(mut self, thumbprint: Thumbprint) -> Self {
        self.thumbprints.insert(thumbprint);
        self
    }

    /// Adds pins.
    #[must_use]
    pub fn with_thumbprints(mut self, thumbprints: impl IntoIterator<Item = Thumbprint>) -> Self {
        self.thumbprints.extend(thumbprints);
        self
    }

    /// Sets whether pins vouch over StartTLS too.
    #[must_use]
    pub fn with_pins_on_starttls(mut self, pins_on_starttls: bool) -> Self {
        self.pins_on_starttls = pins_on_starttls;
        self
    }

    /// Adds trusted authorities; see [`CaCertificate::parse_all`] for reading a file.
    #[must_use]
    pub fn with_ca_certificates(
        mut self,
        certificates: impl IntoIterator<Item = CaCertificate>,
    ) -> Self {
        self.ca_certificates.extend(certificates);
        self
    }

    /// Sets who may use it.
    #[must_use]
    pub fn with_sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Shares it with one more organization; a global credential stays global.
    #[must_use]
    pub fn shared_with(mut self, organization: OrganizationId) -> Self {
        if let Sharing::Organizations(organizations) = &mut self.sharing {
            organizations.insert(organization);
        }
        self
    }

    /// Whether this organization may use it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CredentialNotShared`] if it may not.
    pub fn permits(&self, organization: &OrganizationId) -> Result<()> {
        match &self.sharing {
            Sharing::Organizations(organizations) if !organizations.contains(organization) => {
                Err(Error::new(
                    ErrorKind::CredentialNotShared,
                    "the credential is not shared with this organization",
                )
                .with_context("credential", self.id.as_str())
                .with_context("organization", organization.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// The certificates that are pinned for this address; none if it is not pinned.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn pinned_at(
        &self,
        address: std::net::IpAddr,
    ) -> impl Iterator<Item = CertificateDigest> {
        self.thumbprints.iter().filter_map(move |pin| pin.at(address))
    }

    /// Whether it can be used at all, before any connection is opened.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] naming the setting.
    pub fn validate(&self) -> Result<()> {
        let no_server = self.servers.is_empty().then_some("the credential names no server");
        match no_server.or_else(|| self.sign_in.fault()) {
            None => Ok(()),
            Some(fault) => Err(Error::new(ErrorKind::Configuration, fault)
                .with_context("credential", self.id.as_str())),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("sign_in", &self.sign_in)
            .field("base_dns", &self.base_dns)
            .field("servers", &self.servers)
            .field("any_certificate", &self.any_certificate)
            .field("plain_ldap", &self.plain_ldap)
            .field("thumbprints", &self.thumbprints)
            .field("pins_on_starttls", &self.pins_on_starttls)
            .field("ca_certificates", &self.ca_certificates.len())
            .field("sharing", &self.sharing)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(username: &str, password: &str) -> Credential {
        let id = CredentialId::new("corp").unwrap();
        Credential::new(id, username, Secret::new(password.to_owned()))
            .with_server(ServerUrl::parse("dc1").unwrap())
    }

    #[test]
    fn a_name_or_password_that_would_bind_as_nobody_is_refused() {
        credential("CORP\\svc", " p w ").validate().unwrap();
        for (username, password) in [
            ("", "pw"),
            (" ", "pw"),
            ("a\0b", "pw"),
            ("svc", ""),
            ("svc", " \t"),
            ("svc", "\0"),
            ("svc", "pw\0"),
        ] {
            let error = credential(username, password).validate().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{username:?} {password:?}");
        }
    }

    #[test]
    fn a_credential_without_servers_is_refused() {
        let mut credential = credential("svc", "pw");
        credential.servers.clear();
        assert!(credential.validate().is_err());
    }

    #[test]
    fn only_organizations_it_is_shared_with_may_use_it() {
        let ours = OrganizationId::new("ours").unwrap();
        let theirs = OrganizationId::new("theirs").unwrap();
        let alone = credential("svc", "pw");
        assert_eq!(alone.permits(&ours).unwrap_err().kind(), ErrorKind::CredentialNotShared);
        let shared = alone.clone().shared_with(ours.clone());
        shared.permits(&ours).unwrap();
        assert!(shared.permits(&theirs).is_err());
        alone.with_sharing(Sharing::Global).permits(&theirs).unwrap();
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!("{:?}", credential("svc", "canary-7f3a"));
        assert!(shown.contains("svc") && !shown.contains("canary-7f3a"), "{shown}");
    }
}
