//! LDAP messages (RFC 4511): requests as the server reads them, answers as it writes them.

use super::ber::{self, Element, LengthForm, Writer};
use super::filter::Filter;

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const DIRSYNC: &str = "1.2.840.113556.1.4.841";
pub(crate) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
pub(crate) const SHOW_RECYCLED: &str = "1.2.840.113556.1.4.2064";
pub(crate) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

const DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

/// A request with its message id and its controls.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: i32,
    pub(crate) operation: Operation,
    pub(crate) controls: Vec<Control>,
}

/// What is asked for.
pub(crate) enum Operation {
    Bind {
        version: i64,
        name: String,
        method: BindMethod,
    },
    Unbind,
    Search(SearchRequest),
    Abandon,
    Extended {
        name: String,
    },
    /// An operation that the server knows but does not do, with the tag of its answer.
    Unwilling(u8),
}

/// How a bind proves who it is. Not `Debug` by derivation: it holds the password.
pub(crate) enum BindMethod {
    Simple(Vec<u8>),
    Other,
}

/// A search request, without the fields that the server has no use for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SearchRequest {
    pub(crate) base: String,
    pub(crate) scope: i64,
    pub(crate) size_limit: i64,
    pub(crate) types_only: bool,
    pub(crate) filter: Filter,
    pub(crate) attributes: Vec<String>,
}

/// A control as it came or as it goes.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) oid: String,
    pub(crate) critical: bool,
    pub(crate) value: Option<Vec<u8>>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bind { name, .. } => {
                f.debug_struct("Bind").field("name", name).finish_non_exhaustive()
            }
            Self::Unbind => f.write_str("Unbind"),
            Self::Search(search) => search.fmt(f),
            Self::Abandon => f.write_str("Abandon"),
            Self::Extended { name } => f.debug_tuple("Extended").field(name).finish(),
            Self::Unwilling(tag) => f.debug_tuple("Unwilling").field(tag).finish(),
        }
    }
}

impl Request {
    /// Reads one whole message; `None` if it is none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (message, _) = ber::split(bytes)?;
        let children = message.children()?;
        let (id, operation, controls) = match children.as_slice() {
            [id, operation] => (id, operation, None),
            [id, operation, controls] => (id, operation, Some(controls)),
            _ => return None,
        };
        let controls = match controls {
            Some(list) if list.tag == 0xa0 => {
                list.children()?.into_iter().map(Control::decode).collect::<Option<_>>()?
            }
            _ => Vec::new(),
        };
        Some(Self {
            id: i32::try_from(id.integer()?).ok()?,
            operation: Operation::decode(*operation)?,
            controls,
        })
    }

    pub(crate) fn control(&self, oid: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.oid == oid)
    }
}

impl Operation {
    fn decode(element: Element<'_>) -> Option<Self> {
        Some(match element.tag {
            0x60 => bind(element)?,
            0x42 => Self::Unbind,
            0x63 => Self::Search(SearchRequest::decode(element)?),
            0x50 => Self::Abandon,
            0x77 => Self::Extended { name: element.children()?.first()?.text() },
            0x66 => Self::Unwilling(0x67),
            0x68 => Self::Unwilling(0x69),
            0x4a => Self::Unwilling(0x6b),
            0x6c => Self::Unwilling(0x6d),
            0x6e => Self::Unwilling(0x6f),
            _ => return None,
        })
    }
}

fn bind(element: Element<'_>) -> Option<Operation> {
    let children = element.children()?;
    let [version, name, method] = children.as_slice() else { return None };
    let method = match method.tag {
        0x80 => BindMethod::Simple(method.body.to_vec()),
        _ => BindMethod::Other,
    };
    Some(Operation::Bind { version: version.integer()?, name: name.text(), method })
}

impl SearchRequest {
    fn decode(element: Element<'_>) -> Option<Self> {
        let children = element.children()?;
        let [base, scope, _, size_limit, _, types_only, filter, attributes] = children.as_slice()
        else {
            return None;
        };
        Some(Self {
            base: base.text(),
            scope: scope.integer()?,
            size_limit: size_limit.integer()?,
            types_only: types_only.boolean()?,
            filter: Filter::decode(*filter)?,
            attributes: attributes.children()?.iter().map(Element::text).collect(),
        })
    }
}

impl Control {
    pub(crate) fn new(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.to_owned(), critical: false, value: Some(value) }
    }

    fn decode(element: Element<'_>) -> Option<Self> {
        let children = element.children()?;
        let (oid, rest) = children.split_first()?;
        let part = |tag| rest.iter().find(|child| child.tag == tag);
        Some(Self {
            oid: oid.text(),
            critical: part(ber::BOOLEAN).is_some_and(|flag| flag.boolean() == Some(true)),
            value: part(ber::OCTET_STRING).map(|value| value.body.to_vec()),
        })
    }
}

/// The result that ends an operation: code, name of the deepest entry found, text, referrals.
///
/// ```
/// use ldap_inventory::testing::LdapResult;
///
/// let busy = LdapResult::new(51, "too busy, come back later");
/// assert_eq!(busy.code(), 51);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LdapResult {
    code: i64,
    matched_dn: String,
    diagnostic: Vec<u8>,
    referrals: Vec<String>,
}

impl LdapResult {
    /// A result with this code (RFC 4511, section 4.1.9) and diagnostic text, which may be any octets.
    pub fn new(code: i64, diagnostic: impl Into<Vec<u8>>) -> Self {
        Self { code, diagnostic: diagnostic.into(), ..Self::default() }
    }

    /// Success without text.
    pub fn success() -> Self {
        Self::default()
    }

    /// Names the deepest entry that was found (`matchedDN`).
    #[must_use]
    pub fn with_matched_dn(mut self, dn: impl Into<String>) -> Self {
        self.matched_dn = dn.into();
        self
    }

    /// Adds a referral, as result code 10 has.
    #[must_use]
    pub fn with_referral(mut self, url: impl Into<String>) -> Self {
        self.referrals.push(url.into());
        self
    }

    /// The result code.
    pub fn code(&self) -> i64 {
        self.code
    }

    fn write(&self, writer: &mut Writer) {
        writer
            .integer(ber::ENUMERATED, self.code)
            .octets(&self.matched_dn)
            .octets(&self.diagnostic);
        if !self.referrals.is_empty() {
            writer.constructed(0x83, |list| {
                for url in &self.referrals {
                    list.octets(url);
                }
            });
        }
    }
}

/// The operations that a script can tell apart.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OperationKind {
    /// A bind.
    Bind,
    /// A StartTLS request.
    StartTls,
    /// Any other extended request.
    Extended,
    /// A search.
    Search,
    /// Anything else.
    Other,
}

impl Operation {
    pub(crate) fn kind(&self) -> OperationKind {
        match self {
            Self::Bind { .. } => OperationKind::Bind,
            Self::Search(_) => OperationKind::Search,
            Self::Extended { name } if name == START_TLS => OperationKind::StartTls,
            Self::Extended { .. } => OperationKind::Extended,
            _ => OperationKind::Other,
        }
    }

    /// The tag of the answer that ends this operation, if it has one.
    pub(crate) fn answer_tag(&self) -> Option<u8> {
        match self {
            Self::Bind { .. } => Some(0x61),
            Self::Search(_) => Some(0x65),
            Self::Extended { .. } => Some(0x78),
            Self::Unwilling(tag) => Some(*tag),
            Self::Unbind | Self::Abandon => None,
        }
    }
}

/// Writes the messages of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoder {
    pub(crate) form: LengthForm,
}

impl Encoder {
    pub(crate) fn result(
        self,
        id: i32,
        tag: u8,
        result: &LdapResult,
        controls: &[Control],
    ) -> Vec<u8> {
        self.message(id, controls, |writer| {
            writer.constructed(tag, |operation| result.write(operation));
        })
    }

    /// An extended response with a name or a value (RFC 4511, section 4.12).
    pub(crate) fn extended(
        self,
        id: i32,
        result: &LdapResult,
        name: Option<&str>,
        value: Option<&[u8]>,
    ) -> Vec<u8> {
        self.message(id, &[], |writer| {
            writer.constructed(0x78, |operation| {
                result.write(operation);
                if let Some(name) = name {
                    operation.primitive(0x8a, name.as_bytes());
                }
                if let Some(value) = value {
                    operation.primitive(0x8b, value);
                }
            });
        })
    }

    pub(crate) fn entry(self, id: i32, dn: &str, attributes: &[(String, Vec<&[u8]>)]) -> Vec<u8> {
        self.message(id, &[], |writer| {
            writer.constructed(0x64, |entry| {
                entry.octets(dn).constructed(ber::SEQUENCE, |list| {
                    for (name, values) in attributes {
                        list.constructed(ber::SEQUENCE, |attribute| {
                            attribute.octets(name).constructed(ber::SET, |set| {
                                for value in values {
                                    set.octets(value);
                                }
                            });
                        });
                    }
                });
            });
        })
    }

    pub(crate) fn reference(self, id: i32, url: &str) -> Vec<u8> {
        self.message(id, &[], |writer| {
            writer.constructed(0x73, |reference| {
                reference.octets(url);
            });
        })
    }

    fn message(self, id: i32, controls: &[Control], write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new(self.form);
        writer.constructed(ber::SEQUENCE, |message| {
            message.integer(ber::INTEGER, i64::from(id));
            write(message);
            if !controls.is_empty() {
                message.constructed(0xa0, |list| {
                    for control in controls {
                        write_control(list, control);
                    }
                });
            }
        });
        writer.into_bytes()
    }
}

fn write_control(list: &mut Writer, control: &Control) {
    list.constructed(ber::SEQUENCE, |writer| {
        writer.octets(&control.oid);
        if control.critical {
            writer.boolean(true);
        }
        if let Some(value) = &control.value {
            writer.octets(value);
        }
    });
}

/// A Notice of Disconnection (RFC 4511, section 4.4.1): message id 0, with the name of the notice inside.
pub fn notice_of_disconnection(result: &LdapResult) -> Vec<u8> {
    Encoder { form: LengthForm::Minimal }.extended(0, result, Some(DISCONNECTION), None)
}

/// A Notice of Disconnection as Windows writes it: the name stands outside of the operation.
pub fn notice_of_disconnection_as_windows(result: &LdapResult) -> Vec<u8> {
    let encoder = Encoder { form: LengthForm::ActiveDirectory };
    encoder.message(0, &[], |writer| {
        writer.constructed(0x78, |operation| result.write(operation));
        writer.primitive(0x8a, DISCONNECTION.as_bytes());
    })
}

/// A search entry with any octets as values, to inject.
pub fn search_entry(message_id: i32, dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes: Vec<_> =
        attributes.iter().map(|(name, values)| (String::from(*name), values.to_vec())).collect();
    Encoder { form: LengthForm::Minimal }.entry(message_id, dn, &attributes)
}

/// A search result reference, to inject.
pub fn search_reference(message_id: i32, url: &str) -> Vec<u8> {
    Encoder { form: LengthForm::Minimal }.reference(message_id, url)
}

/// The answer that ends a search, to inject.
pub fn search_done(message_id: i32, result: &LdapResult) -> Vec<u8> {
    Encoder { form: LengthForm::Minimal }.result(message_id, 0x65, result, &[])
}

/// Sequences inside each other, `depth` of them, with correct lengths. A parser that recurses on them ends its
/// process.
pub fn nested_sequences(depth: usize) -> Vec<u8> {
    let mut lengths = Vec::with_capacity(depth);
    let mut length = 0usize;
    for _ in 0..depth {
        let header = header(length);
        length += header.len();
        lengths.push(header);
    }
    lengths.into_iter().rev().flatten().collect()
}

fn header(length: usize) -> Vec<u8> {
    match length {
        0..0x80 => vec![ber::SEQUENCE, length as u8],
        0x80..0x100 => vec![ber::SEQUENCE, 0x81, length as u8],
        0x100..0x1_0000 => vec![ber::SEQUENCE, 0x82, (length >> 8) as u8, length as u8],
        _ => {
            let octets = (length as u32).to_be_bytes();
            [[ber::SEQUENCE, 0x84].as_slice(), octets.as_slice()].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_sequences_fill_each_other_exactly() {
        let bytes = nested_sequences(2000);
        let mut depth = 0;
        let mut rest = bytes.as_slice();
        while let Some((element, after)) = ber::split(rest) {
            assert!(after.is_empty());
            rest = element.body;
            depth += 1;
        }
        assert_eq!(depth, 2000);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert!(Request::decode(&[0x30, 0]).is_none());
        assert!(Request::decode(&[0x30, 3, 2, 1, 1]).is_none());
        assert!(Request::decode(&[0x30, 5, 2, 1, 1, 0x60, 0]).is_none());
        assert!(matches!(
            Request::decode(&[0x30, 5, 2, 1, 1, 0x42, 0]).unwrap().operation,
            Operation::Unbind
        ));
    }
}
