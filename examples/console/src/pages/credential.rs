//! One credential: whether it gets through, what its servers present, and whom it trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use futures::StreamExt;
use ldap_inventory::credential::{Credential, SignIn, Thumbprint};
use ldap_inventory::directory::{
    ConnectStep, DirectoryEvent, DirectorySource, ReadEnd, ReadRequest,
};
use ldap_inventory::ldap::{ConnectLimits, LdapSource, ServerCertificate, TlsProvider};
use ldap_inventory::value::{CredentialId, ObjectKind, Secret};
use ldap_inventory::{Error, ErrorKind, Result};
use maud::{Markup, html};
use serde::Deserialize;

use super::credentials::{Account, account, certificate_and_key, leniences, place, servers};
use crate::Console;
use crate::asked::{Asked, Posted};
use crate::failure::{Answer, Failure, capitalized};
use crate::page::{Place, page};
use crate::shown::{Shown, minute};

/// Which credential.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    id: String,
}

/// A pin, to be added or to be taken away.
#[derive(Debug, Deserialize)]
pub(crate) struct Pin {
    id: String,
    thumbprint: String,
    #[serde(default)]
    remove: String,
}

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    id: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct NewCertificate {
    id: String,
    #[serde(flatten)]
    account: Account,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    Asked(Named { id }): Asked<Named>,
) -> Answer {
    let credential = credential(&console, &id)?;
    with(&console, &credential, html! {}).await
}

fn credential(console: &Console, id: &str) -> Answer<Credential> {
    let found = console.vault.get(&CredentialId::new(id)?)?;
    found.ok_or_else(|| Failure::not_found("there is no such credential"))
}

/// The page of a credential, with what was found out above.
async fn with(console: &Console, credential: &Credential, answer: Markup) -> Answer {
    let content = html! {
        (answer)
        dl.facts {
            div { dt { "Account" } dd { (Shown(&account(credential))) } }
            div { dt { "Servers" } dd { (Shown(&servers(credential))) } }
            div { dt { "Own authorities" } dd { (credential.ca_certificates.len()) } }
            @for words in leniences(credential) { div { dt { "Allowed beside" } dd.warn { (words) } } }
        }
        div.row {
            (button(console, credential, "/credential/test", "Test the connection"))
            (button(console, credential, "/credential/certificate", "Fetch the certificate"))
        }
        section aria-labelledby="pins" {
            h2 #pins { "Pins" }
            p { "A pin for an address decides alone whether the server at it is trusted." }
            @if credential.thumbprints.is_empty() { p { "There is none." } }
            ul.plain {
                @for pin in &credential.thumbprints {
                    li { code { (pin) } " " (pin_form(console, credential, pin, true)) }
                }
            }
        }
        (exchange_form(console, credential))
        section aria-labelledby="remove" {
            h2 #remove { "Remove" }
            form.inline method="post" action="/credential/remove" {
                (console.access.field())
                input type="hidden" name="id" value=(credential.id);
                button.quiet type="submit" { "Remove this credential" }
            }
        }
    };
    page(console, Place::Credentials, credential.id.as_str(), content).await
}

/// The form for another password, or another certificate, in the place of the one that there is.
fn exchange_form(console: &Console, credential: &Credential) -> Markup {
    let id =
        html! { (console.access.field()) input type="hidden" name="id" value=(credential.id); };
    html! {
        section aria-labelledby="exchange" {
            @if let SignIn::Simple { .. } = credential.sign_in {
                h2 #exchange { "Another password" }
                form.row method="post" action="/credential/password" autocomplete="off" {
                    (id)
                    label for="new" { "New password" }
                    input #new type="password" name="password" required autocomplete="new-password";
                    button type="submit" { "Keep it" }
                }
            } @else {
                h2 #exchange { "Another certificate" }
                form.fields method="post" action="/credential/client-certificate" autocomplete="off" {
                    (id)
                    (certificate_and_key())
                    div.end { button type="submit" { "Keep it" } }
                }
            }
        }
    }
}

/// A form that is one button.
fn button(console: &Console, credential: &Credential, path: &str, words: &str) -> Markup {
    html! {
        form.inline method="post" action=(path) {
            (console.access.field())
            input type="hidden" name="id" value=(credential.id);
            button type="submit" { (words) }
        }
    }
}

fn pin_form(
    console: &Console,
    credential: &Credential,
    pin: &Thumbprint,
    is_there: bool,
) -> Markup {
    html! {
        form.inline method="post" action="/credential/pin" {
            (console.access.field())
            input type="hidden" name="id" value=(credential.id);
            input type="hidden" name="thumbprint" value=(pin);
            @if is_there {
                input type="hidden" name="remove" value="yes";
                button.quiet type="submit" { "Take it away" }
            } @else {
                button type="submit" { "It is the same: pin it" }
            }
        }
    }
}

/// Connects and signs in as a run does, and shows every way that was tried.
pub(crate) async fn test(
    State(console): State<Arc<Console>>,
    Posted(Named { id }): Posted<Named>,
) -> Answer {
    let credential = credential(&console, &id)?;
    let answer = match reached(&console, &credential).await {
        Ok(begun) => html! {
            div.success role="status" {
                p {
                    "Signed in to " (Shown(begun.server.dns_host_name.as_deref().unwrap_or("a server")))
                    " over " (begun.transport) ", vouched for by " (begun.verification) "."
                }
                (steps(&begun.steps))
                @if let Some(domain) = &begun.server.domain { p { "Its domain is " code { (Shown(domain)) } "." } }
            }
        },
        Err(error) => html! {
            div.failure role="alert" {
                p { (Shown(&capitalized(error.message()))) "." }
                (tried(&error))
            }
        },
    };
    with(&console, &credential, answer).await
}

/// What a read begins with. Nothing is read: the connection ends with the stream.
async fn reached(console: &Console, credential: &Credential) -> Result<ReadEnd> {
    let directory = LdapSource::new(console.vault.clone());
    let request = ReadRequest::new(credential.id.clone(), console.organization.clone());
    let mut events = directory.read(request.with_kinds([ObjectKind::Computer])).await?;
    match events.next().await.transpose()? {
        Some(DirectoryEvent::Begin(begun) | DirectoryEvent::End(begun)) => Ok(*begun),
        _ => Err(Error::new(ErrorKind::Protocol, "the directory said nothing of itself")),
    }
}

/// The ladder of transports, from the first that was tried to the one that served.
fn steps(steps: &[ConnectStep]) -> Markup {
    html! {
        ol.ladder {
            @for step in steps {
                li.served[step.failure.is_none()] {
                    (step.transport)
                    @if let Some(address) = step.address { " at " (address) }
                    ": " (Shown(step.failure.as_deref().unwrap_or("connected")))
                }
            }
        }
    }
}

/// What was tried in vain.
fn tried(error: &Error) -> Markup {
    let steps: Vec<&str> =
        error.context().filter(|(key, _)| *key == "tried").map(|(_, step)| step).collect();
    html! {
        @if !steps.is_empty() { ol.ladder { @for step in steps { li { (Shown(step)) } } } }
        @if matches!(error.kind(), ErrorKind::Certificate | ErrorKind::CertificatePin) {
            p { "Fetch the certificate to see what the server presents, and to pin it." }
        }
    }
}

/// What the servers present, without an account.
pub(crate) async fn certificate(
    State(console): State<Arc<Console>>,
    Posted(Named { id }): Posted<Named>,
) -> Answer {
    let credential = credential(&console, &id)?;
    let (tls, limits) = (TlsProvider::default(), ConnectLimits::new());
    let mut answers = Vec::new();
    for server in &credential.servers {
        match ServerCertificate::probe(server, false, tls, &limits).await {
            Ok(presented) => answers.extend(
                presented
                    .into_iter()
                    .map(|(at, answer)| presents(&console, &credential, at, answer)),
            ),
            Err(error) => {
                answers.push(html! { p.failure { (Shown(&capitalized(&error.report()))) "." } })
            }
        }
    }
    with(&console, &credential, html! { @for answer in answers { (answer) } }).await
}

fn presents(
    console: &Console,
    credential: &Credential,
    at: SocketAddr,
    answer: Result<ServerCertificate>,
) -> Markup {
    let certificate = match answer {
        Ok(certificate) => certificate,
        Err(error) => {
            return html! { p.failure role="alert" { (Shown(&capitalized(&error.report()))) "." } };
        }
    };
    let pin = certificate.thumbprint(at.ip());
    html! {
        article.card {
            h2 { "Presented at " (at) }
            dl.facts {
                div { dt { "Subject" } dd { (Shown(&certificate.subject)) } }
                div { dt { "Names" } dd { (Shown(&certificate.names.join(", "))) } }
                div { dt { "Issuer" } dd { (Shown(&certificate.issuer)) } }
                div { dt { "Valid" } dd { (minute(certificate.not_before)) " to " (minute(certificate.not_after)) } }
                div.wide { dt { "Thumbprint" } dd { code { (pin) } } }
                div.wide { dt { "Hexadecimal" } dd { code { (certificate.fingerprint_in_hexadecimal()) } } }
            }
            @if credential.thumbprints.contains(&pin) { p { "It is pinned." } }
            @else {
                p { "Compare it with what the server itself shows, over a way that nobody else controls." }
                (pin_form(console, credential, &pin, false))
            }
        }
    }
}

pub(crate) async fn pin(
    State(console): State<Arc<Console>>,
    Posted(Pin { id, thumbprint, remove }): Posted<Pin>,
) -> Answer<Redirect> {
    let (id, pin): (_, Thumbprint) = (CredentialId::new(&id)?, thumbprint.parse()?);
    console.vault.update(&id, |credential| {
        match remove.is_empty() {
            true => credential.thumbprints.insert(pin),
            false => credential.thumbprints.remove(&pin),
        };
        Ok(())
    })?;
    Ok(Redirect::to(&place(&id)))
}

pub(crate) async fn set_password(
    State(console): State<Arc<Console>>,
    Posted(NewPassword { id, password }): Posted<NewPassword>,
) -> Answer<Redirect> {
    let id = CredentialId::new(&id)?;
    console.vault.update(&id, |credential| exchange_password(credential, Secret::new(password)))?;
    Ok(Redirect::to(&place(&id)))
}

/// Puts another password in the place of the one that there is.
fn exchange_password(credential: &mut Credential, new: Secret) -> Result<()> {
    match &mut credential.sign_in {
        SignIn::Simple { password, .. } => *password = new,
        _ => {
            let message = "this credential signs in by a certificate; it has no password";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
    }
    Ok(())
}

pub(crate) async fn set_certificate(
    State(console): State<Arc<Console>>,
    Posted(NewCertificate { id, account }): Posted<NewCertificate>,
) -> Answer<Redirect> {
    let (id, new) = (CredentialId::new(&id)?, account.sign_in()?);
    console.vault.update(&id, |credential| exchange_certificate(credential, new))?;
    Ok(Redirect::to(&place(&id)))
}

/// Puts another certificate, with its key, in the place of the one that there is.
fn exchange_certificate(credential: &mut Credential, new: SignIn) -> Result<()> {
    match (&credential.sign_in, &new) {
        (SignIn::External { .. }, SignIn::External { .. }) => credential.sign_in = new,
        _ => {
            let message = "a certificate and its key take the place of others alone";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
    }
    Ok(())
}

pub(crate) async fn remove(
    State(console): State<Arc<Console>>,
    Posted(Named { id }): Posted<Named>,
) -> Answer<Redirect> {
    let credential = credential(&console, &id)?;
    let tasks = console.tasks.all();
    if let Some(task) = tasks.iter().find(|task| task.definition().task.credential == credential.id)
    {
        let name = task.definition().task.name;
        return Err(Failure::conflict(format!(
            "the task {name} uses this credential; remove the task first"
        )));
    }
    console.vault.remove(&credential.id)?;
    Ok(Redirect::to("/credentials"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_and_a_certificate_are_not_exchanged_for_each_other() {
        let id = CredentialId::new("a").unwrap();
        let mut credential = Credential::new(id, "reader", Secret::new("old"));
        exchange_password(&mut credential, Secret::new("new")).unwrap();
        let SignIn::Simple { username, password } = &credential.sign_in else { panic!() };
        assert_eq!((username.as_str(), password.expose()), ("reader", "new"));

        let by_certificate = |certificate| SignIn::External {
            certificates: vec![vec![certificate]],
            key: Secret::new("k"),
        };
        let refused = exchange_certificate(&mut credential, by_certificate(1)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert!(matches!(credential.sign_in, SignIn::Simple { .. }));

        credential.sign_in = by_certificate(1);
        let refused = exchange_password(&mut credential, Secret::new("new")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        let password = SignIn::simple("reader", Secret::new("new"));
        let refused = exchange_certificate(&mut credential, password).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        exchange_certificate(&mut credential, by_certificate(2)).unwrap();
        assert!(matches!(credential.sign_in, SignIn::External { .. }));
    }
}
