//! What a [`CredentialStore`] promises.

use futures::future::{BoxFuture, join_all};

use super::suite::{Suite, cases};
use crate::credential::{
    CaCertificate, Credential, CredentialStore, Sealable, ServerUrl, Sharing, SignIn, Thumbprint,
};
use crate::name::DistinguishedName;
use crate::value::{CredentialId, OrganizationId, Secret};
use crate::{ErrorKind, Result};

type Case = for<'a> fn(&'a dyn CredentialStore) -> BoxFuture<'a, Result<()>>;

/// What the password of every credential of the suite begins with, to be looked for where it must not be.
const PASSWORD: &str = "correct-horse-4711-";

/// Checks that a store keeps the contract of [`CredentialStore`]. `build` makes one that holds exactly
/// these credentials, and a guard for what it stands on.
///
/// # Panics
///
/// If a case fails, with the names of all that did.
pub async fn credential_store<G, S: CredentialStore, F: Future<Output = (G, S)>>(
    build: impl Fn(Vec<Credential>) -> F,
) {
    let mut suite = Suite::new("credential_store");
    for (name, case) in CASES {
        let (_guard, store) = build(credentials()).await;
        suite.run(name, case(&store)).await;
    }
    suite.finish();
}

const CASES: &[(&str, Case)] = cases![
    a_global_credential_serves_every_organization,
    a_shared_credential_serves_those_it_is_shared_with,
    a_credential_that_is_not_shared_is_refused_and_not_absent,
    a_credential_that_is_not_there_is_absent,
    the_answer_is_the_very_credential,
    debug_and_errors_show_no_secret,
    calls_may_run_at_the_same_time,
];

fn credentials() -> Vec<Credential> {
    let credential = |name: &str| {
        let password = Secret::new(format!("{PASSWORD}{name}"));
        Credential::new(id(name), format!("CORP\\{name}"), password)
    };
    vec![
        credential("everywhere").with_sharing(Sharing::Global),
        with_everything(credential("somewhere").shared_with(acme()).shared_with(subsidiary())),
        credential("nowhere"),
        credential("lax").with_any_certificate(true).shared_with(acme()),
        credential("plain").with_plain_ldap(true).shared_with(acme()),
        Credential::signing_in(id("keyed"), by_certificate()).shared_with(acme()),
    ]
}

/// With several certificates, of which nothing is looked at before the first connection.
fn by_certificate() -> SignIn {
    let key = Secret::new(format!("{PASSWORD}key\nwith\nlines\n"));
    SignIn::External { certificates: vec![vec![0x30, 0], vec![0x30, 1, 0xff]], key }
}

/// With something in every field, and with several where there may be, so that whatever a store drops is missed.
fn with_everything(credential: Credential) -> Credential {
    let pins = [
        "10.0.0.1=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "10.0.0.1=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "2001:db8::1=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ]
    .map(|pin| Thumbprint::parse(pin).unwrap());
    let base = |text| DistinguishedName::parse(text).unwrap();
    // What is inside a certificate is not looked at before the first connection.
    let authorities = CaCertificate::parse_all(&[0x30, 0]).unwrap();
    credential
        .with_name("Head office")
        .with_base_dn(base("OU=Servers,DC=corp,DC=example"))
        .with_base_dn(base("OU=Desks,DC=corp,DC=example"))
        .with_server(ServerUrl::parse("ldaps://dc1.corp.example").unwrap())
        .with_server(ServerUrl::parse("ldap://dc2.corp.example:1389").unwrap())
        .with_thumbprints(pins)
        .with_pins_on_starttls(true)
        .with_ca_certificates(authorities)
}

fn id(name: &str) -> CredentialId {
    CredentialId::new(name).unwrap()
}

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn subsidiary() -> OrganizationId {
    OrganizationId::new("acme-south").unwrap()
}

fn rival() -> OrganizationId {
    OrganizationId::new("rival").unwrap()
}

async fn a_global_credential_serves_every_organization(store: &dyn CredentialStore) -> Result<()> {
    for organization in [acme(), rival()] {
        let found = store.credential(&id("everywhere"), &organization).await?;
        assert_eq!(found.map(|credential| credential.id), Some(id("everywhere")));
    }
    Ok(())
}

async fn a_shared_credential_serves_those_it_is_shared_with(
    store: &dyn CredentialStore,
) -> Result<()> {
    for organization in [acme(), subsidiary()] {
        let found = store.credential(&id("somewhere"), &organization).await?;
        assert_eq!(found.map(|credential| credential.id), Some(id("somewhere")));
    }
    Ok(())
}

async fn a_credential_that_is_not_shared_is_refused_and_not_absent(
    store: &dyn CredentialStore,
) -> Result<()> {
    for (name, organization) in [("somewhere", rival()), ("nowhere", acme())] {
        let refused = store.credential(&id(name), &organization).await;
        let error = refused.expect_err("a credential that is not shared was handed out");
        assert_eq!(error.kind(), ErrorKind::CredentialNotShared, "{name}");
    }
    Ok(())
}

async fn a_credential_that_is_not_there_is_absent(store: &dyn CredentialStore) -> Result<()> {
    for name in ["elsewhere", "Everywhere", "everywhere "] {
        assert!(store.credential(&id(name), &acme()).await?.is_none(), "{name}");
    }
    Ok(())
}

async fn the_answer_is_the_very_credential(store: &dyn CredentialStore) -> Result<()> {
    for name in ["everywhere", "somewhere", "lax", "plain", "keyed"] {
        let found = store.credential(&id(name), &acme()).await?.expect("it is there");
        let written = credentials().into_iter().find(|written| written.id.as_str() == name);
        let written = written.expect("the suite wrote it");
        assert_eq!(format!("{found:?}"), format!("{written:?}"));
        // Secrets are not shown, also where they differ.
        let is_whole = Sealable::of(&found).as_bytes() == Sealable::of(&written).as_bytes();
        assert!(is_whole, "{name}: a password, a key or a certificate is another one");
    }
    Ok(())
}

async fn debug_and_errors_show_no_secret(store: &dyn CredentialStore) -> Result<()> {
    let found = store.credential(&id("everywhere"), &acme()).await?;
    let refused = store.credential(&id("nowhere"), &acme()).await;
    for shown in [format!("{store:#?}"), format!("{found:#?}"), format!("{refused:#?}")] {
        assert!(!shown.contains(PASSWORD), "a password is in what Debug shows");
    }
    Ok(())
}

async fn calls_may_run_at_the_same_time(store: &dyn CredentialStore) -> Result<()> {
    let (id, organization) = (id("everywhere"), acme());
    let found = join_all((0..32).map(|_| store.credential(&id, &organization))).await;
    for credential in found {
        assert!(credential?.is_some());
    }
    Ok(())
}
