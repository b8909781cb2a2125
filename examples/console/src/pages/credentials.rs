//! Credentials: which there are, and a new one. No password and no key ever comes back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use ldap_inventory::credential::{CaCertificate, Credential, SignIn};
use ldap_inventory::value::{CredentialId, Secret};
use maud::{Markup, html};
use serde::Deserialize;

use crate::Console;
use crate::asked::Posted;
use crate::failure::{Answer, Failure};
use crate::page::{Place, page, table};
use crate::shown::{Shown, address};
use crate::vault::Contents;

/// One that does not open.
#[derive(Debug, Deserialize)]
pub(crate) struct Unopened {
    name: String,
}

/// A new credential, as it is written into the form.
#[derive(Deserialize)]
pub(crate) struct New {
    id: String,
    servers: String,
    #[serde(flatten)]
    account: Account,
    #[serde(default)]
    ca_certificates: String,
    #[serde(default)]
    any_certificate: String,
    #[serde(default)]
    plain_ldap: String,
    #[serde(default)]
    pins_on_starttls: String,
}

/// How an account signs in: by a password, or by a certificate and its key.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    username: String,
    password: String,
    certificate: String,
    key: String,
}

impl Account {
    pub(crate) fn sign_in(self) -> Answer<SignIn> {
        let Self { username, password, certificate, key } = self;
        let (password, key) = (Secret::new(password), Secret::new(key));
        let has_password = !username.trim().is_empty() || !password.expose().is_empty();
        let has_certificate = !certificate.trim().is_empty() || !key.expose().trim().is_empty();
        match (has_password, has_certificate) {
            (true, true) => Err(Failure::unreadable(
                "an account signs in by a password or by a certificate, and not by both",
            )),
            (_, true) => Ok(SignIn::external(certificate.as_bytes(), &key)?),
            // What is missing is seen when it is kept.
            (_, false) => Ok(SignIn::simple(username.trim(), password)),
        }
    }
}

pub(crate) async fn list(State(console): State<Arc<Console>>) -> Answer {
    let Contents { credentials, unopened } = console.vault.all()?;
    let content = html! {
        p { "Each is sealed with the key of the console before it is stored. A password, or a key, is never shown again." }
        @if credentials.is_empty() { p role="status" { "There is none yet." } }
        @else { (rows(&credentials)) }
        @if !unopened.is_empty() { (damaged(&console, &unopened)) }
        section aria-labelledby="new" {
            h2 #new { "A new credential" }
            (form(&console))
        }
    };
    page(&console, Place::Credentials, "Credentials", content).await
}

fn rows(credentials: &[Credential]) -> Markup {
    let rows = html! {
        @for credential in credentials {
            tr {
                th scope="row" { a href=(place(&credential.id)) { (Shown(credential.id.as_str())) } }
                td { (Shown(&account(credential))) }
                td { (Shown(&servers(credential))) }
                td { (credential.thumbprints.len()) }
                td { (Shown(&leniences(credential).join(", "))) }
            }
        }
    };
    table("Credentials", &["Name", "Account", "Servers", "Pins", "What is allowed beside"], &rows)
}

/// Those that do not open, of which nothing is known but the names of their files.
fn damaged(console: &Console, unopened: &[String]) -> Markup {
    html! {
        section aria-labelledby="damaged" {
            h2 #damaged { "Credentials that do not open" }
            p.warning role="alert" {
                "They were sealed with another key, or somebody changed their files. Tasks that use one of them fail."
            }
            ul.plain {
                @for name in unopened {
                    li {
                        code { (Shown(name)) } " "
                        form.inline method="post" action="/credentials/discard" {
                            (console.access.field())
                            input type="hidden" name="name" value=(name);
                            button.quiet type="submit" { "Remove it" }
                        }
                    }
                }
            }
        }
    }
}

/// The address of a credential's page.
pub(crate) fn place(id: &CredentialId) -> String {
    address("/credential", &[("id", id.as_str())])
}

/// Who signs in.
pub(crate) fn account(credential: &Credential) -> String {
    match &credential.sign_in {
        SignIn::Simple { username, .. } => username.clone(),
        _ => "by a certificate".to_owned(),
    }
}

pub(crate) fn servers(credential: &Credential) -> String {
    credential.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What weakens the protection of the password.
pub(crate) fn leniences(credential: &Credential) -> Vec<&'static str> {
    let all = [
        (credential.any_certificate, "any certificate"),
        (credential.plain_ldap, "plain LDAP"),
        (credential.pins_on_starttls, "pins over StartTLS"),
    ];
    all.into_iter().filter(|(is_set, _)| *is_set).map(|(_, words)| words).collect()
}

fn form(console: &Console) -> Markup {
    html! {
        form.fields method="post" action="/credentials" autocomplete="off" {
            (console.access.field())
            div { label for="id" { "Name" } input #id name="id" required maxlength="256"; }
            div {
                label for="servers" { "Servers, with commas" }
                input #servers name="servers" required placeholder="dc1.corp.example";
            }
            div {
                label for="username" { "Account" }
                input #username name="username" placeholder="reader@corp.example" autocomplete="off";
            }
            div {
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="new-password";
            }
            details.wide { summary { "A certificate instead of an account and its password" } div.fields { (certificate_and_key()) } }
            details.wide { summary { "Whom to trust" } div.fields { (trust()) } }
            div.end { button type="submit" { "Add" } }
        }
    }
}

/// The fields for a certificate to sign in with.
pub(crate) fn certificate_and_key() -> Markup {
    html! {
        div.wide {
            label for="certificate" { "Certificate in PEM, and behind it those of the authorities between it and what the server trusts" }
            textarea #certificate name="certificate" rows="3" autocomplete="off" spellcheck="false" {}
        }
        div.wide {
            label for="key" { "Its private key in PEM, not encrypted. It is sealed, and never shown again" }
            textarea #key name="key" rows="3" autocomplete="off" spellcheck="false" {}
        }
    }
}

fn trust() -> Markup {
    html! {
        div.wide {
            label for="ca" { "Certificates of authorities to trust beside those of the system, in PEM" }
            textarea #ca name="ca_certificates" rows="3" spellcheck="false" {}
        }
        fieldset.wide {
            legend { "What is allowed beside" }
            label.choice {
                input type="checkbox" name="pins_on_starttls" value="yes";
                span { "Pins that vouch over StartTLS, too." }
            }
            label.choice {
                input type="checkbox" name="any_certificate" value="yes";
                span { "Any certificate where none is pinned. Whoever stands on the path can then take the server's place." }
            }
            label.choice {
                input type="checkbox" name="plain_ldap" value="yes";
                span { "Plain LDAP where nothing better is offered. Whoever listens can then read the password." }
            }
        }
    }
}

pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    Posted(new): Posted<New>,
) -> Answer<Redirect> {
    let id = CredentialId::new(new.id.trim())?;
    let mut credential = Credential::signing_in(id, new.account.sign_in()?)
        .with_pins_on_starttls(!new.pins_on_starttls.is_empty())
        .with_any_certificate(!new.any_certificate.is_empty())
        .with_plain_ldap(!new.plain_ldap.is_empty())
        .shared_with(console.organization.clone());
    for server in new.servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
        credential = credential.with_server(server.parse()?);
    }
    if !new.ca_certificates.trim().is_empty() {
        let certificates = CaCertificate::parse_all(new.ca_certificates.as_bytes())?;
        credential = credential.with_ca_certificates(certificates);
    }
    console.vault.add(&credential)?;
    Ok(Redirect::to(&place(&credential.id)))
}

pub(crate) async fn discard(
    State(console): State<Arc<Console>>,
    Posted(Unopened { name }): Posted<Unopened>,
) -> Answer<Redirect> {
    console.vault.discard(&name)?;
    Ok(Redirect::to("/credentials"))
}
