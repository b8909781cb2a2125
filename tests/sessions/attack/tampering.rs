//! Somebody between a client and a server, who passes on what the server says with a change here and there.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::foreign::Foreign;
use super::plan::{Choices, Plan};

/// What is done to a piece of what the server sends: a message of LDAP, or a record of TLS.
#[derive(Clone, Debug)]
pub(crate) enum Tampering {
    /// Another one comes first, under this message id.
    After(Foreign, u8),
    /// It comes so often.
    Times(usize),
    /// It comes when so many others have.
    Late(usize),
    /// It has another message id.
    OtherId(u8),
    /// The result that it has is this.
    OtherResult(u8),
    /// It has no controls.
    WithoutControls,
    /// One bit of it is turned.
    Flipped(usize),
    /// So much of it comes, and then the end.
    Cut(usize),
    /// So much of it comes, and then nothing any more.
    Half(usize),
    /// Neither it nor anything else comes any more.
    Silence,
}

impl Tampering {
    pub(crate) fn choose(choices: &mut impl Choices) -> Self {
        match choices.below(12) {
            0 | 1 => {
                let id = choices.below(24) as u8;
                Self::After(Foreign::choose(choices), id)
            }
            2 => Self::Times([2, 2, 3, 200][choices.below(4)]),
            3 | 4 => Self::Late(1 + choices.below(4)),
            5 | 6 => Self::OtherId(1 + choices.below(100) as u8),
            7 => Self::OtherResult([1, 4, 10, 14, 32, 49, 51, 53, 80, 118][choices.below(10)]),
            8 => Self::WithoutControls,
            9 | 10 => Self::Flipped(choices.below(1 << 14)),
            _ => match choices.below(8) {
                0 => Self::Silence,
                1 => Self::Half(choices.below(200)),
                _ => Self::Cut(choices.below(200)),
            },
        }
    }
}

/// What came of a session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// What goes wrong.
    pub(crate) plan: Plan,
    /// How many pieces the server sent.
    pub(crate) pieces: usize,
    /// Whether the search was said to be done before an entry of it had come: nobody can know better then.
    pub(crate) is_lie: bool,
    /// What the client said, each connection for itself.
    pub(crate) said: Vec<Vec<u8>>,
}

impl Session {
    pub(crate) fn new(plan: Plan) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { plan, ..Self::default() }))
    }
}

/// A client that connects here is connected to the server.
pub(crate) struct Middleman {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Middleman {
    pub(crate) async fn before(server: SocketAddr, session: &Arc<Mutex<Session>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let session = Arc::clone(session);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass_on(client, server, Arc::clone(&session)));
            }
        });
        Self { address, task: serving.abort_handle() }
    }
}

impl Drop for Middleman {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, session: Arc<Mutex<Session>>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Whole answers in small pieces would wait for each other otherwise.
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let number = {
        let mut session = session.lock().unwrap();
        session.said.push(Vec::new());
        session.said.len() - 1
    };
    let listening = listen(from_client, to_server, number, &session);
    let mut teller = Teller { client: to_client, session: &session, late: Vec::new() };
    // Whichever ends it first.
    tokio::select! {
        () = listening => {}
        _ = teller.tell(from_server) => {}
    }
}

/// Passes on what the client says, and remembers it.
async fn listen(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    number: usize,
    session: &Mutex<Session>,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        session.lock().unwrap().said[number].extend_from_slice(&buffer[..count]);
        if server.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Passes on what the server says.
struct Teller<'a> {
    client: OwnedWriteHalf,
    session: &'a Mutex<Session>,
    /// Pieces that are held back until so many have come.
    late: Vec<(usize, Vec<u8>)>,
}

impl Teller<'_> {
    /// Until the server or the client has had enough.
    async fn tell(&mut self, mut server: OwnedReadHalf) -> Option<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = server.read(&mut buffer).await {
            heard.extend_from_slice(&buffer[..count]);
            while let Some(length) = piece(&heard) {
                let piece: Vec<u8> = heard.drain(..length).collect();
                self.pass(piece).await?;
            }
        }
        for (_, piece) in std::mem::take(&mut self.late) {
            self.client.write_all(&piece).await.ok()?;
        }
        None
    }

    /// Passes a piece on, as the plan has it. `None` where nothing comes after it.
    async fn pass(&mut self, piece: Vec<u8>) -> Option<()> {
        let (number, tampering) = {
            let mut session = self.session.lock().unwrap();
            let number = session.pieces;
            session.pieces += 1;
            (number, session.plan.tampering.get(&number).cloned())
        };
        let holds_back = self.late.iter().any(|(_, piece)| operation(piece) == Some(ENTRY));
        if operation(&piece) == Some(DONE) && holds_back {
            self.session.lock().unwrap().is_lie = true;
        }
        let client = &mut self.client;
        match tampering {
            None => client.write_all(&piece).await.ok()?,
            Some(Tampering::After(other, id)) => {
                client.write_all(&[other.octets(id), piece].concat()).await.ok()?
            }
            Some(Tampering::Times(times)) => client.write_all(&piece.repeat(times)).await.ok()?,
            Some(Tampering::Late(others)) => self.late.push((number + others, piece)),
            Some(Tampering::OtherId(by)) => client.write_all(&with_id(piece, by)).await.ok()?,
            Some(Tampering::OtherResult(code)) => {
                client.write_all(&with_result(piece, code)).await.ok()?;
            }
            Some(Tampering::WithoutControls) => {
                client.write_all(&without_controls(&piece)).await.ok()?;
            }
            Some(Tampering::Flipped(bit)) => client.write_all(&flipped(piece, bit)).await.ok()?,
            Some(Tampering::Cut(length)) => {
                let kept = length.min(piece.len() - 1);
                client.write_all(&piece[..kept]).await.ok()?;
                return None;
            }
            Some(Tampering::Half(length)) => {
                let kept = length.min(piece.len() - 1);
                client.write_all(&piece[..kept]).await.ok()?;
                std::future::pending().await
            }
            Some(Tampering::Silence) => std::future::pending().await,
        }
        self.pass_late(number).await
    }

    /// Passes on what was held back until now.
    async fn pass_late(&mut self, number: usize) -> Option<()> {
        let due = self.late.extract_if(.., |(due, _)| *due <= number);
        let due: Vec<Vec<u8>> = due.map(|(_, piece)| piece).collect();
        for piece in due {
            self.client.write_all(&piece).await.ok()?;
        }
        Some(())
    }
}

/// The operations of an entry, and of the end of a search.
const ENTRY: u8 = 0x64;
pub(crate) const DONE: u8 = 0x65;

/// Whatever says that it is longer is none.
const LONGEST: usize = 1 << 20;

/// How long the first piece is, if it is there: a message of LDAP, a record of TLS, or a single octet of anything else.
pub(crate) fn piece(bytes: &[u8]) -> Option<usize> {
    let length = match bytes.first()? {
        0x30 => {
            let (header, content) = header(bytes)?;
            header + content
        }
        0x14..=0x17 => 5 + usize::from(u16::from_be_bytes([*bytes.get(3)?, *bytes.get(4)?])),
        _ => 1,
    };
    let length = if length > LONGEST { 1 } else { length };
    (bytes.len() >= length).then_some(length)
}

/// How long the header of an element is, and its content.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let octets = bytes.get(2..2 + (first & 0x7f))?;
    let content = match octets.len() {
        0..=4 => octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
        _ => usize::MAX / 2,
    };
    Some((2 + octets.len(), content))
}

/// Where the elements of a message begin: its id, its operation, its controls.
fn elements(message: &[u8]) -> Option<Vec<usize>> {
    if message.first() != Some(&0x30) {
        return None;
    }
    let (mut at, _) = header(message)?;
    let mut elements = Vec::new();
    while at < message.len() {
        elements.push(at);
        let (header, content) = header(&message[at..])?;
        at += header + content;
    }
    Some(elements)
}

/// The operation of a message, if that is what it is.
pub(crate) fn operation(message: &[u8]) -> Option<u8> {
    Some(message[*elements(message)?.get(1)?])
}

fn with_id(mut message: Vec<u8>, by: u8) -> Vec<u8> {
    if let Some(operation) = elements(&message).and_then(|elements| elements.get(1).copied()) {
        message[operation - 1] ^= by & 0x7f;
    }
    message
}

fn with_result(mut message: Vec<u8>, code: u8) -> Vec<u8> {
    let result = elements(&message).and_then(|elements| {
        let operation = *elements.get(1)?;
        let (header, _) = header(&message[operation..])?;
        let result = operation + header;
        message.get(result..result + 3)?.starts_with(&[0x0a, 1]).then_some(result + 2)
    });
    if let Some(result) = result {
        message[result] = code;
    }
    message
}

fn without_controls(message: &[u8]) -> Vec<u8> {
    match elements(message).as_deref() {
        Some([id, _, controls]) => {
            let kept = &message[*id..*controls];
            let length = u32::try_from(kept.len()).unwrap().to_be_bytes();
            [&[0x30, 0x84], &length[..], kept].concat()
        }
        _ => message.to_vec(),
    }
}

fn flipped(mut piece: Vec<u8>, bit: usize) -> Vec<u8> {
    let bit = bit % (piece.len() * 8);
    piece[bit / 8] ^= 1 << (bit % 8);
    piece
}
