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
use ldap_inventory::{Error, ErrorKind, Result};
use maud::{Markup, html};
use subtle::ConstantTimeEq;

use crate::Console;
use crate::failure::Failure;

/// What the session's cookie is called.
const COOKIE: &str = "inventory_console";

/// The field of every form that shows that it is one of ours.
const FORM_KEY: &str = "form_key";

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

/// The secrets of one start of the console. None of them outlives it.
pub struct Access {
    token: String,
    session: String,
    form_key: String,
}

impl Access {
    /// New secrets.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn new() -> Result<Self> {
        Ok(Self { token: secret()?, session: secret()?, form_key: secret()? })
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
    fn admits(&self, request: &Request) -> bool {
        let headers = request.headers();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut cookies = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.split_once('='));
        if cookies.any(|(name, value)| name.trim() == COOKIE && is_same(value, &self.session)) {
            return true;
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let bearer = bearer.and_then(|it| it.strip_prefix("Bearer "));
        request.uri().path() == "/metrics" && bearer.is_some_and(|it| is_same(it, &self.token))
    }

    /// Lets whoever has the token in, and takes it out of the address.
    fn enter(&self, token: &str) -> Response {
        if !is_same(token, &self.token) {
            return refused(
                "the access token in this link is not the one of this console; open the link that it printed when it was started",
            );
        }
        let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", self.session);
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
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match check(&console.access, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => *answer,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The request, if it may go on, or else the answer to it.
async fn check(access: &Access, request: Request) -> Result<Request, Box<Response>> {
    let path = request.uri().path();
    if let (&Method::GET, "/", Some(token)) = (request.method(), path, token(&request)) {
        return Err(Box::new(access.enter(&token)));
    }
    // What is no secret: that it lives, and how it looks.
    if matches!(path, "/health" | "/style.css") {
        return Ok(request);
    }
    if !access.admits(&request) {
        let sentence = "open the link that the console printed when it was started: it has the access token in it";
        return Err(Box::new(Failure::new(StatusCode::UNAUTHORIZED, sentence).into_response()));
    }
    match *request.method() {
        Method::GET | Method::HEAD => Ok(request),
        _ => check_form(access, request).await.map_err(Box::new),
    }
}

/// Lets through what a form of this console sent.
async fn check_form(access: &Access, request: Request) -> Result<Request, Response> {
    if !is_own_origin(request.headers()) {
        return Err(refused(
            "the form does not come from a page of this console; nothing was done",
        ));
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_FORM).await else {
        let sentence = format!("the form has more than {LARGEST_FORM} octets; nothing was done");
        return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, sentence).into_response());
    };
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    if !fields.iter().any(|(name, value)| name == FORM_KEY && is_same(value, &access.form_key)) {
        return Err(refused(
            "the form is not one that this console has shown since it was started; nothing was done. Load the page again",
        ));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Whether a page of this very host sent it. Every browser says so of a form.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (origin, text(header::HOST)) {
        (Some((_, origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
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
