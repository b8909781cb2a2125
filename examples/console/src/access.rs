//! Who may come in, and what a browser is told to keep out.
//!
//! Whoever opens the printed link has the token, and gets a cookie for it. Whatever changes something comes by a form
//! of this console's own: its origin is checked, and the key that the page had in it.

use std::fmt;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ldap_inventory::value::Secret;
use ldap_inventory::{Error, ErrorKind, Result};
use maud::{Markup, html};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use crate::Console;
use crate::failure::Failure;
use crate::site::Site;

/// The field of every form that shows that it is one of ours.
const FORM_KEY: &str = "form_key";

/// The fewest characters of a token for metrics: fewer could be guessed.
const SHORTEST_TOKEN: usize = 16;

/// The most octets of a form: a file of certificates has room.
const LARGEST_FORM: usize = 256 * 1024;

/// What every answer has. Nothing is loaded from elsewhere, no script stands in a page, and no other site may frame one.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // Not `no-referrer`: browsers then post forms with the origin `null`.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The secrets of one start of the console. None of them outlives it but the token for metrics, which is the host's.
pub struct Access {
    token: String,
    session: String,
    form_key: String,
    metrics_token: Option<Secret>,
}

impl Access {
    /// New secrets.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn new() -> Result<Self> {
        let (token, session, form_key) = (secret()?, secret()?, secret()?);
        Ok(Self { token, session, form_key, metrics_token: None })
    }

    /// Lets programs that have this token ask for metrics, and for nothing else. Without one it takes a session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for one that is too short. Nothing of it is repeated.
    pub fn with_metrics_token(self, token: Secret) -> Result<Self> {
        if token.expose().len() < SHORTEST_TOKEN {
            let message =
                format!("the token for metrics has fewer than {SHORTEST_TOKEN} characters");
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(Self { metrics_token: Some(token), ..self })
    }

    /// What the link of whoever may come in has in it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What every form begins with.
    pub(crate) fn field(&self) -> Markup {
        html! { input type="hidden" name=(FORM_KEY) value=(self.form_key); }
    }

    /// Whether the request is of somebody who has come in, or, where metrics are asked for, of a program with the token.
    fn admits(&self, site: &Site, request: &Request) -> bool {
        let headers = request.headers();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut cookies = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.split_once('='));
        let own = site.cookie();
        if cookies.any(|(name, value)| name.trim() == own && is_same(value, &self.session)) {
            return true;
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let bearer = bearer.and_then(|it| it.strip_prefix("Bearer "));
        let is_program = bearer.zip(self.metrics_token.as_ref());
        request.uri().path() == "/metrics"
            && is_program.is_some_and(|(given, token)| is_same(given, token.expose()))
    }

    /// Lets whoever has the token in, and takes it out of the address.
    fn enter(&self, site: &Site, token: &str) -> Response {
        if !is_same(token, &self.token) {
            return refused(
                "the access token in this link is not the one of this console; open the link that it printed when it was started",
            );
        }
        let secure = if site.is_secure() { "; Secure" } else { "" };
        let (name, session) = (site.cookie(), &self.session);
        let cookie = format!("{name}={session}; HttpOnly; SameSite=Strict; Path=/{secure}");
        ([(header::SET_COOKIE, cookie)], Redirect::to("/assets")).into_response()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access([redacted])")
    }
}

/// Stands before every page.
pub(crate) async fn guard(
    State((console, site)): State<(Arc<Console>, Arc<Site>)>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match check(&console.access, &site, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => *answer,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The request, if it may go on, or else the answer to it.
async fn check(access: &Access, site: &Site, request: Request) -> Result<Request, Box<Response>> {
    if !text(request.headers(), &header::HOST).is_some_and(|host| site.is_host(host)) {
        let sentence = format!("the console is at {site}, and at no other address");
        let answer = Failure::new(StatusCode::MISDIRECTED_REQUEST, sentence);
        return Err(Box::new(answer.into_response()));
    }
    let path = request.uri().path();
    if let (&Method::GET, "/", Some(token)) = (request.method(), path, token(&request)) {
        return Err(Box::new(access.enter(site, &token)));
    }
    // What is no secret: that it lives, and how it looks.
    if matches!(path, "/health" | "/style.css") {
        return Ok(request);
    }
    if !access.admits(site, &request) {
        let sentence = "open the link that the console printed when it was started: it has the access token in it";
        return Err(Box::new(Failure::new(StatusCode::UNAUTHORIZED, sentence).into_response()));
    }
    match *request.method() {
        Method::GET | Method::HEAD => Ok(request),
        _ => check_form(access, site, request).await.map_err(Box::new),
    }
}

/// Lets through what a form of this console sent.
async fn check_form(access: &Access, site: &Site, request: Request) -> Result<Request, Response> {
    // Every browser says where a form is from.
    if !text(request.headers(), &header::ORIGIN).is_some_and(|origin| site.is_origin(origin)) {
        return Err(refused(
            "the form does not come from a page of this console; nothing was done",
        ));
    }
    let (parts, body) = request.into_parts();
    let body = match timeout(site.patience(), to_bytes(body, LARGEST_FORM)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let sentence =
                format!("the form has more than {LARGEST_FORM} octets; nothing was done");
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, sentence).into_response());
        }
        Err(_) => {
            let sentence = "the form did not come to its end in time; nothing was done";
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, sentence).into_response());
        }
    };
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    if !fields.iter().any(|(name, value)| name == FORM_KEY && is_same(value, &access.form_key)) {
        return Err(refused(
            "the form is not one that this console has shown since it was started; nothing was done. Load the page again",
        ));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn token(request: &Request) -> Option<String> {
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_str(request.uri().query()?).unwrap_or_default();
    fields.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token)
}

fn refused(sentence: &'static str) -> Response {
    Failure::new(StatusCode::FORBIDDEN, sentence).into_response()
}

/// Whether two secrets are the same. How long that takes tells nothing but their lengths.
fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// As much chance as nobody guesses.
fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|cause| {
        let message = format!("the system has no randomness: {cause}");
        Error::new(ErrorKind::Configuration, message)
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
