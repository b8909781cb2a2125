//! Answers (RFC 4511) as the server writes them, and messages for scripts to inject.

use super::ber::{self, LengthForm, Writer};
use super::message::Control;

const DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

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
pub(crate) fn notice_of_disconnection(result: &LdapResult) -> Vec<u8> {
    Encoder { form: LengthForm::Minimal }.extended(0, result, Some(DISCONNECTION), None)
}

/// A Notice of Disconnection as Windows writes it: the name stands outside of the operation.
pub(crate) fn notice_of_disconnection_as_windows(result: &LdapResult) -> Vec<u8> {
    let encoder = Encoder { form: LengthForm::ActiveDirectory };
    encoder.message(0, &[], |writer| {
        writer.constructed(0x78, |operation| result.write(operation));
        writer.primitive(0x8a, DISCONNECTION.as_bytes());
    })
}

/// A search entry with any octets as values, to inject.
pub(crate) fn search_entry(message_id: i32, dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes: Vec<_> =
        attributes.iter().map(|(name, values)| (String::from(*name), values.to_vec())).collect();
    Encoder { form: LengthForm::Minimal }.entry(message_id, dn, &attributes)
}

/// Sequences inside each other, `depth` of them, with correct lengths. A parser that recurses on them ends its
/// process.
pub(crate) fn nested_sequences(depth: usize) -> Vec<u8> {
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
}
