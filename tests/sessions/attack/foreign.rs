//! What a server has no reason to send.

use ldap_inventory::testing::{LdapResult, Raw};

use super::plan::Choices;
use super::tampering::{DONE, operation, piece};

/// Octets that nobody asked for.
#[derive(Clone, Debug)]
pub(crate) enum Foreign {
    Notice,
    NoticeAsWindows,
    /// An entry without an identity.
    Entry,
    Nested,
    /// A length of two gigabytes.
    TooLong,
    /// A length without an end.
    Endless,
    Done,
    Reference,
    /// A fatal alert of TLS.
    Alert,
    /// The end of TLS.
    Farewell,
    Octets(Vec<u8>),
}

impl Foreign {
    pub(crate) fn choose(choices: &mut impl Choices) -> Self {
        match choices.below(11) {
            0 => Self::Notice,
            1 => Self::NoticeAsWindows,
            2 => Self::Entry,
            3 => Self::Nested,
            4 => Self::TooLong,
            5 => Self::Endless,
            6 => Self::Done,
            7 => Self::Reference,
            8 => Self::Alert,
            9 => Self::Farewell,
            _ => {
                let count = 1 + choices.below(63);
                Self::Octets((0..count).map(|_| choices.below(256) as u8).collect())
            }
        }
    }

    /// As an answer to the request of this number, where it is one.
    pub(crate) fn octets(&self, id: u8) -> Vec<u8> {
        match self {
            Self::Notice => Raw::notice_of_disconnection(&LdapResult::new(52, "gone")),
            Self::NoticeAsWindows => {
                Raw::notice_of_disconnection_as_windows(&LdapResult::new(52, "gone"))
            }
            Self::Entry => Raw::search_entry(id.into(), "CN=Nobody,DC=x", &[("cn", &[b"Nobody"])]),
            Self::Nested => Raw::nested_sequences(20_000),
            Self::TooLong => vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
            Self::Endless => vec![0x30, 0x80, 0x02, 0x01, id],
            Self::Done => vec![0x30, 12, 0x02, 0x01, id, 0x65, 7, 0x0a, 0x01, 0, 0x04, 0, 0x04, 0],
            Self::Reference => {
                [&[0x30, 0x12, 0x02, 0x01, id, 0x73, 0x0d, 0x04, 0x0b], &b"ldap://evil"[..]]
                    .concat()
            }
            Self::Alert => vec![0x15, 0x03, 0x03, 0, 2, 2, 40],
            Self::Farewell => vec![0x15, 0x03, 0x03, 0, 2, 1, 0],
            Self::Octets(octets) => octets.clone(),
        }
    }

    /// Whether it says that a search is done.
    pub(crate) fn says_done(&self) -> bool {
        let octets = match self {
            Self::Done => return true,
            Self::Octets(octets) => octets,
            _ => return false,
        };
        (0..octets.len()).any(|at| {
            let rest = &octets[at..];
            piece(rest).is_some_and(|length| operation(&rest[..length]) == Some(DONE))
        })
    }

    /// The same for a server that goes wrong by script.
    pub(crate) fn raw(self) -> Raw {
        Raw::for_message(move |id| self.octets(id as u8 & 0x7f))
    }
}
