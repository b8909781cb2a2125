//! A credential as bytes, for a host to seal and to store.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{CaCertificate, Credential, Sharing, SignIn};
use crate::value::Secret;
use crate::{Error, ErrorKind, Result};

/// A whole [`Credential`] as bytes, **with its password or private key in the clear**: for a host that encrypts it and stores what
/// comes of that.
///
/// It is whole by construction: a credential cannot get a setting that this leaves out. What was written by an earlier
/// version can be read. The memory is wiped when it is dropped, and `Debug` shows nothing of it.
///
/// ```
/// use ldap_inventory::credential::{Credential, Sealable, SignIn};
/// use ldap_inventory::value::{CredentialId, Secret};
///
/// let id = CredentialId::new("corp")?;
/// let credential = Credential::new(id, "CORP\\svc-inventory", Secret::new("correct horse"));
/// let plain = Sealable::of(&credential);
/// // ... the host encrypts `plain.as_bytes()`, stores that, and decrypts it later ...
/// let again = Sealable::from_bytes(plain.as_bytes()).credential()?;
/// let SignIn::Simple { password, .. } = again.sign_in else { panic!() };
/// assert_eq!(password.expose(), "correct horse");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone)]
pub struct Sealable(Zeroizing<Vec<u8>>);

/// What every form begins with, so that foreign bytes are told from a form that was damaged.
const MAGIC: &[u8] = b"ldap-inventory credential";

/// The version that is written. A new field comes last, and with a version of its own.
const VERSION: u8 = 3;

/// The version in which one toggle stood for any certificate and for plain LDAP.
const ONE_TOGGLE: u8 = 1;

/// The version in which every account had a password.
const PASSWORDS: u8 = 2;

/// How an account signs in: with the name and the password that come earlier, or with what follows.
const SIMPLE: &str = "simple";
const EXTERNAL: &str = "external";

impl Sealable {
    /// The form of a credential.
    pub fn of(credential: &Credential) -> Self {
        let Credential {
            id,
            name,
            sign_in,
            base_dns,
            servers,
            any_certificate,
            plain_ldap,
            thumbprints,
            pins_on_starttls,
            ca_certificates,
            sharing,
        } = credential;
        let mut fields = Fields::default();
        fields.text(id.as_str());
        fields.text(name);
        fields.account(sign_in);
        fields.list(base_dns.iter().map(|dn| dn.as_str().as_bytes().into()));
        fields.list(servers.iter().map(|server| server.to_string().into_bytes().into()));
        fields.flag(*any_certificate);
        fields.list(thumbprints.iter().map(|pin| pin.to_string().into_bytes().into()));
        fields.flag(*pins_on_starttls);
        fields.list(ca_certificates.iter().map(|authority| authority.as_der().into()));
        match sharing {
            Sharing::Global => fields.flag(true),
            Sharing::Organizations(organizations) => {
                fields.flag(false);
                fields.list(organizations.iter().map(|id| id.as_str().as_bytes().into()));
            }
        }
        fields.flag(*plain_ldap);
        fields.sign_in(sign_in);
        Self(fields.into_bytes())
    }

    /// The form as it was stored. Nothing is looked at until a [`credential`](Self::credential) is asked for.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes. They hold the password or the private key in the clear.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The credential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the bytes are foreign, of a version that is not known here, cut short or damaged.
    /// It names the field, and holds nothing of what is in it.
    pub fn credential(&self) -> Result<Credential> {
        let rest = self.0.strip_prefix(MAGIC).ok_or_else(|| invalid("this is no credential"))?;
        let (version, rest) =
            rest.split_first().ok_or_else(|| invalid("the credential is cut short"))?;
        if ![ONE_TOGGLE, PASSWORDS, VERSION].contains(version) {
            let error = invalid("the credential is of a version that is not known here");
            return Err(error.with_context("version", version));
        }
        let mut form = Form(rest);
        let mut credential = Credential {
            id: form.parsed("id")?,
            name: form.text("name")?.to_owned(),
            sign_in: form.account()?,
            base_dns: form.list("base_dns")?,
            servers: form.list("servers")?,
            any_certificate: form.flag("any_certificate")?,
            plain_ldap: false,
            thumbprints: form.list("thumbprints")?.into_iter().collect(),
            pins_on_starttls: form.flag("pins_on_starttls")?,
            ca_certificates: form.authorities()?,
            sharing: form.sharing()?,
        };
        credential.plain_ldap = match *version {
            ONE_TOGGLE => credential.any_certificate,
            _ => form.flag("plain_ldap")?,
        };
        if *version > PASSWORDS
            && let Some(external) = form.external()?
        {
            credential.sign_in = external;
        }
        if form.0.is_empty() { Ok(credential) } else { Err(damaged("end")) }
    }
}

impl fmt::Debug for Sealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealable([redacted])")
    }
}

/// Fields to be written, the password among them by reference alone.
#[derive(Default)]
struct Fields<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Fields<'a> {
    fn text(&mut self, text: &'a str) {
        self.0.push(text.as_bytes().into());
    }

    fn flag(&mut self, flag: bool) {
        self.0.push(vec![u8::from(flag)].into());
    }

    /// Name and password, which stood here before there was anything else.
    fn account(&mut self, sign_in: &'a SignIn) {
        let (username, password) = match sign_in {
            SignIn::Simple { username, password } => (username.as_str(), password.expose()),
            SignIn::External { .. } => ("", ""),
        };
        self.text(username);
        self.text(password);
    }

    fn sign_in(&mut self, sign_in: &'a SignIn) {
        match sign_in {
            SignIn::Simple { .. } => self.text(SIMPLE),
            SignIn::External { certificates, key } => {
                self.text(EXTERNAL);
                self.list(certificates.iter().map(|der| der.into()));
                self.text(key.expose());
            }
        }
    }

    /// How many, and each.
    fn list(&mut self, items: impl Iterator<Item = Cow<'a, [u8]>>) {
        let items: Vec<_> = items.collect();
        self.0.push((items.len() as u64).to_be_bytes().to_vec().into());
        self.0.extend(items);
    }

    /// Each with its length in front. The memory is taken once, since what a growing buffer leaves behind is not wiped.
    fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        let octets: usize = self.0.iter().map(|field| LENGTH + field.len()).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAGIC.len() + 1 + octets));
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        for field in &self.0 {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        bytes
    }
}

/// The octets of a length.
const LENGTH: usize = size_of::<u64>();

/// What is left to be read.
struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    fn field(&mut self, name: &'static str) -> Result<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<LENGTH>().ok_or_else(|| damaged(name))?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| damaged(name))?;
        let (field, rest) = rest.split_at_checked(length).ok_or_else(|| damaged(name))?;
        self.0 = rest;
        Ok(field)
    }

    fn text(&mut self, name: &'static str) -> Result<&'a str> {
        std::str::from_utf8(self.field(name)?).map_err(|_| damaged(name))
    }

    fn flag(&mut self, name: &'static str) -> Result<bool> {
        match self.field(name)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(damaged(name)),
        }
    }

    /// What the type itself says of a wrong text is left out, since it may quote it.
    fn parsed<T: FromStr>(&mut self, name: &'static str) -> Result<T> {
        self.text(name)?.parse().map_err(|_| damaged(name))
    }

    fn count(&mut self, name: &'static str) -> Result<u64> {
        let count = self.field(name)?.try_into().map_err(|_| damaged(name))?;
        Ok(u64::from_be_bytes(count))
    }

    fn list<T: FromStr>(&mut self, name: &'static str) -> Result<Vec<T>> {
        let count = self.count(name)?;
        (0..count).map(|_| self.parsed(name)).collect()
    }

    fn account(&mut self) -> Result<SignIn> {
        let username = self.text("username")?;
        Ok(SignIn::simple(username, Secret::new(self.text("password")?)))
    }

    /// The certificate and the key, if the account has those.
    fn external(&mut self) -> Result<Option<SignIn>> {
        const NAME: &str = "sign_in";
        match self.text(NAME)? {
            SIMPLE => Ok(None),
            EXTERNAL => {
                let count = self.count(NAME)?;
                let certificates: Result<_> =
                    (0..count).map(|_| self.field(NAME).map(<[u8]>::to_vec)).collect();
                let key = Secret::new(self.text("key")?);
                Ok(Some(SignIn::External { certificates: certificates?, key }))
            }
            _ => Err(damaged(NAME)),
        }
    }

    fn authorities(&mut self) -> Result<Vec<CaCertificate>> {
        const NAME: &str = "ca_certificates";
        let count = self.count(NAME)?;
        let one = |_| CaCertificate::from_der(self.field(NAME)?).ok_or_else(|| damaged(NAME));
        (0..count).map(one).collect()
    }

    fn sharing(&mut self) -> Result<Sharing> {
        if self.flag("sharing")? {
            return Ok(Sharing::Global);
        }
        let organizations = self.list("sharing")?;
        Ok(Sharing::Organizations(organizations.into_iter().collect::<BTreeSet<_>>()))
    }
}

fn damaged(field: &'static str) -> Error {
    invalid("the credential is cut short or damaged").with_context("field", field)
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::credential::{CertificateDigest, ServerUrl, Thumbprint};
    use crate::name::DistinguishedName;
    use crate::value::CredentialId;

    const CANARY: &str = "canary-9c41";

    fn server() -> impl Strategy<Value = ServerUrl> {
        const TEXTS: &[&str] =
            &["dc1", "dc1.corp.example:3269", "ldap://10.0.0.1", "ldaps://[fe80::1]:636"];
        prop::sample::select(TEXTS).prop_map(|text| ServerUrl::parse(text).unwrap())
    }

    fn pin() -> impl Strategy<Value = Thumbprint> {
        (any::<std::net::IpAddr>(), any::<[u8; 32]>())
            .prop_map(|(address, digest)| Thumbprint::new(address, CertificateDigest::new(digest)))
    }

    fn sharing() -> impl Strategy<Value = Sharing> {
        let organizations = prop::collection::btree_set("[a-z]{1,8}", 0..3).prop_map(|names| {
            Sharing::Organizations(names.iter().map(|name| name.parse().unwrap()).collect())
        });
        prop_oneof![Just(Sharing::Global), organizations]
    }

    fn sign_in() -> impl Strategy<Value = SignIn> {
        let simple = (".{0,20}", ".{0,20}")
            .prop_map(|(username, password)| SignIn::simple(username, Secret::new(password)));
        let external =
            (prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..3), ".{0,50}")
                .prop_map(|(certificates, key)| SignIn::External {
                    certificates,
                    key: Secret::new(key),
                });
        prop_oneof![simple, external]
    }

    /// What is of an account, the secrets with it.
    fn exposed(sign_in: &SignIn) -> Vec<Vec<u8>> {
        match sign_in {
            SignIn::Simple { username, password } => {
                vec![username.clone().into_bytes(), password.expose().into()]
            }
            SignIn::External { certificates, key } => {
                certificates.iter().cloned().chain([key.expose().into()]).collect()
            }
        }
    }

    prop_compose! {
        fn credential()(
            (id, name, sign_in) in ("[a-z]{1,9}", ".{0,9}", sign_in()),
            bases in prop::collection::vec("DC=[a-z]{1,5}", 0..3),
            servers in prop::collection::vec(server(), 0..3),
            pins in prop::collection::vec(pin(), 0..3),
            authorities in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..3),
            (any_certificate, plain_ldap, pins_on_starttls) in any::<(bool, bool, bool)>(),
            sharing in sharing(),
        ) -> Credential {
            let mut credential = Credential::signing_in(CredentialId::new(&*id).unwrap(), sign_in)
                .with_name(name)
                .with_any_certificate(any_certificate)
                .with_plain_ldap(plain_ldap)
                .with_pins_on_starttls(pins_on_starttls)
                .with_thumbprints(pins)
                .with_sharing(sharing);
            credential.base_dns =
                bases.iter().map(|dn| DistinguishedName::parse(dn).unwrap()).collect();
            credential.servers = servers;
            let der = |octets: &Vec<u8>| [&[0x30, octets.len() as u8], &octets[..]].concat();
            credential.ca_certificates =
                authorities.iter().filter_map(|one| CaCertificate::from_der(&der(one))).collect();
            credential
        }
    }

    fn external() -> Credential {
        let key = Secret::new(CANARY);
        let sign_in = SignIn::External { certificates: vec![vec![0x30, 0], vec![1, 2]], key };
        Credential { sign_in, ..full() }
    }

    fn full() -> Credential {
        Credential::new(CredentialId::new("corp").unwrap(), "CORP\\svc", Secret::new(CANARY))
            .with_base_dn(DistinguishedName::parse("DC=corp,DC=example").unwrap())
            .with_server(ServerUrl::parse("dc1").unwrap())
            .with_ca_certificates(CaCertificate::parse_all(&[0x30, 1, 7]).unwrap())
            .shared_with("acme".parse().unwrap())
    }

    proptest! {
        #[test]
        fn a_credential_comes_back_whole(credential in credential()) {
            let form = Sealable::of(&credential);
            let again = Sealable::from_bytes(form.as_bytes()).credential().unwrap();
            prop_assert_eq!(exposed(&again.sign_in), exposed(&credential.sign_in));
            prop_assert_eq!(&again.ca_certificates, &credential.ca_certificates);
            prop_assert_eq!(format!("{again:?}"), format!("{credential:?}"));
            let same = Sealable::of(&again);
            prop_assert_eq!(form.as_bytes(), same.as_bytes());
        }
    }

    #[test]
    fn what_is_cut_short_damaged_or_foreign_is_refused_without_a_word_of_it() {
        for credential in [full(), external()] {
            refuses_all_but(Sealable::of(&credential).as_bytes());
        }
    }

    fn refuses_all_but(bytes: &[u8]) {
        let refused = |bytes: &[u8]| {
            let error = Sealable::from_bytes(bytes).credential().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(!format!("{error:?}{}", error.report()).contains("canary"), "{error:?}");
            error
        };
        for length in 0..bytes.len() {
            refused(&bytes[..length]);
        }
        refused(&[bytes, &[0]].concat());
        refused(b"{\"id\":\"canary\"}");
        let mut later = bytes.to_vec();
        later[MAGIC.len()] = VERSION + 1;
        assert!(refused(&later).context().any(|context| context == ("version", "4")));
        for place in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[place] ^= 0x80;
            if let Err(error) = Sealable::from_bytes(flipped).credential() {
                assert!(!format!("{error:?}").contains("canary"), "{error:?}");
            }
        }
    }

    #[test]
    fn what_earlier_versions_wrote_is_read() {
        for (any_certificate, plain_ldap) in [(false, false), (true, true), (false, true)] {
            let credential =
                full().with_any_certificate(any_certificate).with_plain_ldap(plain_ldap);
            let mut bytes = Sealable::of(&credential).as_bytes().to_vec();
            bytes.truncate(bytes.len() - LENGTH - SIMPLE.len());
            bytes[MAGIC.len()] = PASSWORDS;
            let read = Sealable::from_bytes(bytes.as_slice()).credential().unwrap();
            assert_eq!((read.any_certificate, read.plain_ldap), (any_certificate, plain_ldap));
            assert_eq!(exposed(&read.sign_in), exposed(&credential.sign_in));

            bytes.truncate(bytes.len() - LENGTH - 1);
            bytes[MAGIC.len()] = ONE_TOGGLE;
            let read = Sealable::from_bytes(bytes).credential().unwrap();
            assert_eq!((read.any_certificate, read.plain_ldap), (any_certificate, any_certificate));
            assert_eq!(exposed(&read.sign_in), exposed(&credential.sign_in));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Sealable::of(&full())), "Sealable([redacted])");
    }
}
