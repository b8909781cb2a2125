//! One connection: requests in, answers and faults out.

use std::sync::{Arc, PoisonError};

use tokio::net::TcpStream;

use super::bind::{self, Channel};
use super::codec::ber::{self, Head};
use super::codec::message::{Operation, Request, START_TLS, WHO_AM_I};
use super::codec::response::{Encoder, LdapResult};
use super::paging::Cookies;
use super::recorder::{Listener, RecordedSearch, Tape};
use super::script::{Fault, Point, Raw, WirePosition};
use super::search::{self, Twist};
use super::shared::Shared;
use super::wire::{End, Wire};
use crate::value::ObjectGuid;

/// `MaxReceiveBuffer` of a domain controller.
const LARGEST_REQUEST: usize = 10_485_760;

/// When so many bytes have gathered they are sent.
const BUFFER: usize = 32 * 1024;

pub(super) struct Session {
    shared: Arc<Shared>,
    wire: Wire,
    tape: Arc<Tape>,
    place: WirePosition,
    input: Vec<u8>,
    output: Vec<u8>,
    bound: Option<ObjectGuid>,
    cookies: Cookies,
}

/// What an answered request leaves to be done.
enum Next {
    Request,
    StartTls,
}

impl Session {
    pub(super) fn new(stream: TcpStream, listener: Listener, shared: Arc<Shared>) -> Self {
        let tape = Arc::new(shared.recorder.open());
        let place = WirePosition { connection: tape.number(), listener };
        Self {
            shared,
            wire: Wire::new(stream, Arc::clone(&tape)),
            tape,
            place,
            input: Vec::new(),
            output: Vec::new(),
            bound: None,
            cookies: Cookies::new(place.connection),
        }
    }

    pub(super) async fn run(mut self) {
        let end = match self.serve().await {
            Ok(never) => never,
            Err(end) => end,
        };
        self.wire.finish(end).await;
    }

    async fn serve(&mut self) -> Result<End, End> {
        for fault in self.shared.stage.faults(&Point::Accepted, self.place) {
            self.act(fault, 0).await?;
        }
        if self.is_ldaps() {
            self.start_tls().await?;
        }
        loop {
            let request = self.next_request().await?;
            self.answer(request).await?;
        }
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        let config = self.shared.tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.wire.start_tls(config.ok_or(End::Reset)?).await?;
        self.tape.note(|connection| connection.encrypted = true);
        if self.is_ldaps() && !self.shared.settings.external_on_ldaps {
            let tree = self.shared.directory.read();
            let certificate = self.wire.client_certificate();
            self.bound = certificate.and_then(|der| tree.authenticate_certificate(&der).ok());
        }
        Ok(())
    }

    fn is_ldaps(&self) -> bool {
        self.place.listener == Listener::Ldaps
    }

    /// The next whole request. What is none ends the connection, as domain controllers do.
    async fn next_request(&mut self) -> Result<Request, End> {
        loop {
            if self.input.first().is_some_and(|first| *first != ber::SEQUENCE) {
                return Err(End::Close);
            }
            match ber::head(&self.input, LARGEST_REQUEST) {
                Head::Malformed => return Err(End::Close),
                Head::Whole(length) if self.input.len() >= length => {
                    let bytes: Vec<u8> = self.input.drain(..length).collect();
                    return Request::decode(&bytes).ok_or(End::Close);
                }
                Head::Whole(_) | Head::Short => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let read = self.wire.read(&mut self.input).await?;
        let start = self.input.len().saturating_sub(read);
        let received = self.input.get(start..).unwrap_or_default();
        self.tape.note(|connection| connection.plain.extend_from_slice(received));
        Ok(())
    }

    async fn answer(&mut self, request: Request) -> Result<(), End> {
        self.record(&request);
        let point = Point::Operation(request.operation.kind());
        let mut twist = Twist::default();
        let (mut replaced, mut after, mut then_close) = (false, Vec::new(), false);
        for fault in self.shared.stage.faults(&point, self.place) {
            match fault {
                Fault::Answer(result) => {
                    self.send_result(&request, &result).await?;
                    replaced = true;
                }
                Fault::Instead(raw) => {
                    self.send_raw(&raw, request.id).await?;
                    replaced = true;
                }
                Fault::After(raw) => after.push(raw),
                Fault::ThenClose => then_close = true,
                Fault::OmitPagedControl => twist.omit_paged_control = true,
                Fault::Cookie(cookie) => twist.cookie = Some(cookie),
                other => self.act(other, request.id).await?,
            }
        }
        let next = if replaced { Next::Request } else { self.perform(&request, twist).await? };
        for raw in after {
            self.send_raw(&raw, request.id).await?;
        }
        self.flush().await?;
        if then_close {
            return Err(End::Close);
        }
        match next {
            Next::Request => Ok(()),
            Next::StartTls if self.input.is_empty() => self.start_tls().await,
            Next::StartTls => Err(End::Close),
        }
    }

    fn record(&self, request: &Request) {
        self.tape.note(|connection| match &request.operation {
            Operation::Bind { .. } => connection.binds += 1,
            Operation::Search(search) => {
                connection.searches.push(RecordedSearch::new(search, &request.controls));
            }
            _ => {}
        });
    }

    async fn perform(&mut self, request: &Request, twist: Twist) -> Result<Next, End> {
        match &request.operation {
            Operation::Unbind => return Err(End::Close),
            Operation::Abandon => {}
            Operation::Bind { version, name, method } => {
                let channel = Channel {
                    is_encrypted: self.wire.is_encrypted(),
                    is_ldaps: self.is_ldaps(),
                    certificate: self.wire.client_certificate(),
                };
                let outcome = bind::bind(&self.shared, &channel, *version, name, method);
                self.bound = outcome.bound;
                self.send_result(request, &outcome.result).await?;
            }
            Operation::Search(search) => {
                let answer = search::answer(
                    &self.shared,
                    self.bound,
                    &mut self.cookies,
                    request,
                    search,
                    twist,
                );
                for message in answer {
                    self.send(message, request.id).await?;
                }
            }
            Operation::Extended { name } => return self.extended(request, name).await,
            Operation::Unwilling(_) => {
                let text =
                    "0000209D: SvcErr: DSID-031A1021, problem 5003 (WILL_NOT_PERFORM), data 0\n\0";
                self.send_result(request, &LdapResult::new(53, text)).await?;
            }
        }
        Ok(Next::Request)
    }

    async fn extended(&mut self, request: &Request, name: &str) -> Result<Next, End> {
        let (result, value, next) = match name {
            START_TLS if self.wire.is_encrypted() => (bind::tls_in_effect(), None, Next::Request),
            START_TLS if !self.shared.start_tls => (bind::no_tls(), None, Next::Request),
            START_TLS => (LdapResult::success(), None, Next::StartTls),
            WHO_AM_I => (LdapResult::success(), Some(self.who()), Next::Request),
            _ => (bind::unknown_extended(), None, Next::Request),
        };
        let named = (name == START_TLS).then_some(name);
        let value = value.as_deref().map(str::as_bytes);
        let message = self.encoder().extended(request.id, &result, named, value);
        self.send(message, request.id).await?;
        Ok(next)
    }

    /// The authorization identity, as "Who am I?" (RFC 4532) tells it in AD: `u:CORP\name`.
    fn who(&self) -> String {
        let tree = self.shared.directory.read();
        let entry = self.bound.and_then(|guid| tree.by_guid(&guid));
        let logon = entry.and_then(|entry| entry.text("sAMAccountName"));
        logon
            .map_or_else(String::new, |logon| format!("u:{}\\{logon}", tree.names().netbios_name()))
    }

    fn encoder(&self) -> Encoder {
        Encoder { form: self.shared.settings.lengths }
    }

    async fn send_result(&mut self, request: &Request, result: &LdapResult) -> Result<(), End> {
        let Some(tag) = request.operation.answer_tag() else { return Ok(()) };
        let message = self.encoder().result(request.id, tag, result, &[]);
        self.send(message, request.id).await
    }

    async fn send_raw(&mut self, raw: &Raw, id: i32) -> Result<(), End> {
        self.send(raw.bytes(id), id).await
    }

    async fn send(&mut self, message: Vec<u8>, id: i32) -> Result<(), End> {
        let faults = self.shared.stage.faults(&Point::Message, self.place);
        let mut messages = vec![message];
        for fault in faults {
            match fault {
                Fault::After(raw) => messages.push(raw.bytes(id)),
                Fault::Instead(raw) => messages = vec![raw.bytes(id)],
                Fault::Before(raw) => self.output.extend(raw.bytes(id)),
                other => {
                    self.flush().await?;
                    self.act(other, id).await?;
                }
            }
        }
        self.output.extend(messages.into_iter().flatten());
        if self.output.len() >= BUFFER { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), End> {
        let mut rest = std::mem::take(&mut self.output);
        while !rest.is_empty() {
            let (now, fault) = self.shared.stage.send(rest.len(), self.place);
            let later = rest.split_off(now);
            self.write(&rest).await?;
            rest = later;
            if let Some(fault) = fault {
                self.act(fault, 0).await?;
            }
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        for segment in bytes.chunks(self.shared.settings.segment.unwrap_or(usize::MAX)) {
            self.wire.write(segment).await?;
        }
        Ok(())
    }

    /// Does what a fault says, where it happens.
    async fn act(&mut self, fault: Fault, id: i32) -> Result<(), End> {
        match fault {
            Fault::Close | Fault::ThenClose => Err(End::Close),
            Fault::Truncate => Err(End::Truncate),
            Fault::Reset => Err(End::Reset),
            Fault::Stall => loop {
                self.read().await?;
            },
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Fault::WaitFor(gate) => {
                gate.pass().await;
                Ok(())
            }
            Fault::Before(raw) | Fault::After(raw) | Fault::Instead(raw) => {
                self.write(&raw.bytes(id)).await
            }
            Fault::Flood(raw) => loop {
                self.write(&raw.bytes(id)).await?;
            },
            Fault::Answer(_) | Fault::OmitPagedControl | Fault::Cookie(_) => Ok(()),
        }
    }
}
