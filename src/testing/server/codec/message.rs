//! Requests (RFC 4511) as the server reads them.

use super::ber::{self, Element};
use super::filter::Filter;

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const DIRSYNC: &str = "1.2.840.113556.1.4.841";
pub(crate) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
pub(crate) const SHOW_RECYCLED: &str = "1.2.840.113556.1.4.2064";
pub(crate) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

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
    /// SASL EXTERNAL.
    External,
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
        0xa3 if method.children()?.first()?.body == b"EXTERNAL" => BindMethod::External,
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

#[cfg(test)]
mod tests {
    use super::*;

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
