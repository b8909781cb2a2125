//! Faults by script: when, and what goes wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::codec::message::OperationKind;
use super::codec::response::{self, LdapResult};
use super::recorder::Listener;

/// When a fault happens: a point in the life of a connection, which occurrence of it, on which
/// connection.
///
/// Occurrences and connections count from 1; connections since the server started, everything else
/// since the script was set. Without [`nth`](Self::nth) a fault happens every time.
#[derive(Clone, Debug)]
pub struct When {
    point: Point,
    nth: Option<usize>,
    connection: Option<usize>,
    listener: Option<Listener>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Point {
    Accepted,
    Operation(OperationKind),
    Message,
    Bytes(u64),
}

impl When {
    /// After a connection was accepted, before TLS.
    pub fn accepted() -> Self {
        Self::at(Point::Accepted)
    }

    /// When a request of this kind came, before it is answered.
    pub fn operation(kind: OperationKind) -> Self {
        Self::at(Point::Operation(kind))
    }

    /// Before a message is sent.
    pub fn message() -> Self {
        Self::at(Point::Message)
    }

    /// Once, as soon as the server has sent so many bytes of LDAP (TLS not counted) over all
    /// connections, or over one if [`on_connection`](Self::on_connection) names it. With 0 it is when the server is about to
    /// send its first byte.
    pub fn bytes_sent(count: u64) -> Self {
        Self::at(Point::Bytes(count)).nth(1)
    }

    /// Only the n-th time.
    #[must_use]
    pub fn nth(mut self, nth: usize) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Only on the n-th connection.
    #[must_use]
    pub fn on_connection(mut self, number: usize) -> Self {
        self.connection = Some(number);
        self
    }

    /// Only on connections of the LDAPS listener.
    #[must_use]
    pub fn over_ldaps(mut self) -> Self {
        self.listener = Some(Listener::Ldaps);
        self
    }

    /// Only on connections of the LDAP listener.
    #[must_use]
    pub fn over_ldap(mut self) -> Self {
        self.listener = Some(Listener::Ldap);
        self
    }

    fn at(point: Point) -> Self {
        Self { point, nth: None, connection: None, listener: None }
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The connection ends in an orderly way: TLS `close_notify`, then FIN.
    Close,
    /// FIN without `close_notify`.
    Truncate,
    /// RST.
    Reset,
    /// Nothing comes any more, and the connection stays open.
    Stall,
    /// What comes next comes later by so much.
    Delay(Duration),
    /// What comes next comes when the test opens the gate.
    WaitFor(Gate),
    /// The operation is not done; this is its result. A bind that "succeeds" so leaves the connection
    /// anonymous, and a StartTLS that "succeeds" so is not followed by TLS.
    Answer(LdapResult),
    /// These bytes come before what would come now.
    Before(Raw),
    /// These bytes come after what would come now (after the whole answer of an operation).
    After(Raw),
    /// These bytes come instead of what would come now.
    Instead(Raw),
    /// These bytes come again and again, without an end.
    Flood(Raw),
    /// The operation is answered, and then the connection ends.
    ThenClose,
    /// The answer of a paged search has no paged-results control.
    OmitPagedControl,
    /// The answer of a paged search has this cookie, whatever the server would say; it is taken for the
    /// present one when it comes back.
    Cookie(Vec<u8>),
}

/// Bytes that a fault sends, as they are or made for the message id of the request.
#[derive(Clone)]
pub struct Raw(Arc<dyn Fn(i32) -> Vec<u8> + Send + Sync>);

impl Raw {
    /// Bytes that depend on the message id of the request they pretend to answer.
    pub fn for_message(make: impl Fn(i32) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// A search entry with any octets as values.
    pub fn search_entry(message_id: i32, dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
        response::search_entry(message_id, dn, attributes)
    }

    /// A Notice of Disconnection (RFC 4511, section 4.4.1): message id 0, with the name of the notice inside.
    pub fn notice_of_disconnection(result: &LdapResult) -> Vec<u8> {
        response::notice_of_disconnection(result)
    }

    /// A Notice of Disconnection as Windows writes it: the name stands outside of the operation.
    pub fn notice_of_disconnection_as_windows(result: &LdapResult) -> Vec<u8> {
        response::notice_of_disconnection_as_windows(result)
    }

    /// Sequences inside each other, `depth` of them, with correct lengths. A parser that recurses on them ends its process.
    pub fn nested_sequences(depth: usize) -> Vec<u8> {
        response::nested_sequences(depth)
    }

    pub(crate) fn bytes(&self, message_id: i32) -> Vec<u8> {
        (self.0)(message_id)
    }
}

impl<T: Into<Vec<u8>>> From<T> for Raw {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self::for_message(move |_| bytes.clone())
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Raw(..)")
    }
}

/// Holds connections up until the test lets them go.
#[derive(Clone, Debug)]
pub struct Gate {
    state: Arc<watch::Sender<(usize, bool)>>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new((0, false))) }
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.state.send_modify(|(_, open)| *open = true);
    }

    /// Returns as soon as a connection has arrived at the gate.
    pub async fn reached(&self) {
        let _ = self.state.subscribe().wait_for(|(arrived, _)| *arrived > 0).await;
    }

    pub(crate) async fn pass(&self) {
        self.state.send_modify(|(arrived, _)| *arrived += 1);
        let _ = self.state.subscribe().wait_for(|(_, open)| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// The faults of a server, in the order in which they are tried.
///
/// ```
/// use ldap_inventory::testing::{Fault, LdapResult, OperationKind, Script, When};
///
/// let script = Script::new()
///     .with(When::operation(OperationKind::Search).nth(2), Fault::Answer(LdapResult::new(51, "busy")))
///     .with(When::bytes_sent(4711), Fault::Reset);
/// # let _ = script;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    rules: Vec<(When, Fault)>,
}

impl Script {
    /// A script in which nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, when: When, fault: Fault) -> Self {
        self.rules.push((when, fault));
        self
    }
}

/// A script as it is played, with its counters.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    play: Mutex<Play>,
}

#[derive(Debug, Default)]
struct Play {
    rules: Vec<Rule>,
    sent: u64,
}

#[derive(Debug)]
struct Rule {
    when: When,
    fault: Fault,
    seen: usize,
    sent: u64,
}

/// Which connection something happens on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WirePosition {
    pub(crate) connection: usize,
    pub(crate) listener: Listener,
}

impl Stage {
    pub(crate) fn set(&self, script: Script) {
        let rules = script.rules.into_iter();
        let rules = rules.map(|(when, fault)| Rule { when, fault, seen: 0, sent: 0 }).collect();
        *self.lock() = Play { rules, sent: 0 };
    }

    pub(crate) fn bytes_sent(&self) -> u64 {
        self.lock().sent
    }

    /// The faults that happen at this point.
    pub(crate) fn faults(&self, point: &Point, place: WirePosition) -> Vec<Fault> {
        let mut play = self.lock();
        let mut faults = Vec::new();
        for rule in play.rules.iter_mut().filter(|rule| rule.concerns(place)) {
            if rule.when.point == *point {
                rule.seen += 1;
                if rule.when.nth.is_none_or(|nth| nth == rule.seen) {
                    faults.push(rule.fault.clone());
                }
            }
        }
        faults
    }

    /// Takes account of bytes that are about to be sent: how many of them go before which fault, if
    /// one is due. The rest is to be asked for again.
    pub(crate) fn send(&self, length: usize, place: WirePosition) -> (usize, Option<Fault>) {
        let mut play = self.lock();
        let due = play
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.seen == 0 && rule.concerns(place))
            .filter_map(|(index, rule)| Some((rule.due_in(length)?, index)))
            .min();
        let (now, fault) = match due {
            Some((now, index)) => {
                let rule = play.rules.get_mut(index);
                (
                    now,
                    rule.map(|rule| {
                        rule.seen = 1;
                        rule.fault.clone()
                    }),
                )
            }
            None => (length, None),
        };
        play.sent += now as u64;
        for rule in play.rules.iter_mut().filter(|rule| rule.concerns(place)) {
            rule.sent += now as u64;
        }
        (now, fault)
    }

    fn lock(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn concerns(&self, place: WirePosition) -> bool {
        self.when.connection.is_none_or(|number| number == place.connection)
            && self.when.listener.is_none_or(|listener| listener == place.listener)
    }

    /// After how many of the next `length` bytes this rule's count is reached.
    fn due_in(&self, length: usize) -> Option<usize> {
        let Point::Bytes(count) = self.when.point else { return None };
        let left = usize::try_from(count.checked_sub(self.sent)?).ok()?;
        (left <= length).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: WirePosition = WirePosition { connection: 1, listener: Listener::Ldap };
    const THERE: WirePosition = WirePosition { connection: 2, listener: Listener::Ldaps };

    fn stage(script: Script) -> Stage {
        let stage = Stage::default();
        stage.set(script);
        stage
    }

    #[test]
    fn a_fault_happens_on_its_occurrence_only() {
        let search = Point::Operation(OperationKind::Search);
        let when = When::operation(OperationKind::Search).nth(2);
        let stage = stage(Script::new().with(when, Fault::Reset));
        let fired: Vec<usize> = (0..4).map(|_| stage.faults(&search, HERE).len()).collect();
        assert_eq!(fired, [0, 1, 0, 0]);
    }

    #[test]
    fn a_fault_of_one_connection_leaves_the_others_alone() {
        let stage = stage(
            Script::new()
                .with(When::accepted().on_connection(2), Fault::Reset)
                .with(When::accepted().over_ldap(), Fault::Close),
        );
        assert!(matches!(stage.faults(&Point::Accepted, HERE).as_slice(), [Fault::Close]));
        assert!(matches!(stage.faults(&Point::Accepted, THERE).as_slice(), [Fault::Reset]));
    }

    #[test]
    fn bytes_are_counted_over_all_connections_and_cut_exactly() {
        let stage = stage(Script::new().with(When::bytes_sent(10), Fault::Truncate));
        assert!(matches!(stage.send(6, HERE), (6, None)));
        assert!(matches!(stage.send(9, THERE), (4, Some(Fault::Truncate))));
        assert!(matches!(stage.send(5, THERE), (5, None)));
        assert_eq!(stage.bytes_sent(), 15);
    }

    #[test]
    fn the_last_byte_and_the_first_can_be_the_place_of_a_cut() {
        let last = stage(Script::new().with(When::bytes_sent(6), Fault::Close));
        assert!(matches!(last.send(6, HERE), (6, Some(Fault::Close))));
        let first = stage(Script::new().with(When::bytes_sent(0), Fault::Close));
        assert!(matches!(first.send(6, HERE), (0, Some(Fault::Close))));
    }

    #[test]
    fn the_bytes_of_one_connection_can_be_counted_alone() {
        let when = When::bytes_sent(3).on_connection(2);
        let stage = stage(Script::new().with(when, Fault::Close));
        assert!(matches!(stage.send(50, HERE), (50, None)));
        assert!(matches!(stage.send(50, THERE), (3, Some(Fault::Close))));
    }
}
