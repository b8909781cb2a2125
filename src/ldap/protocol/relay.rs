//! What ldap3 gets to see of the server's answers.
//!
//! ldap3 trusts the shape of what it parses. So no byte of the server's reaches it: an answer is read
//! here, strictly and within bounds, and written anew.

use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};
use super::frame::{Envelope, op};
use super::redaction::Redaction;

const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const SASL_CREDENTIALS: u8 = 0x87;
const RESPONSE_NAME: u8 = 0x8a;
const RESPONSE_VALUE: u8 = 0x8b;

/// The octets kept of a text that a server sends with a result.
const TEXT_BYTES: usize = 2048;
/// The referral addresses kept of one result; more would tell an administrator no more.
const REFERRALS: usize = 16;
/// More controls than any server returns with one result.
const CONTROL_COUNT: usize = 32;
/// More octets than any server has in one.
const CONTROL_BYTES: usize = 1 << 20;

/// An LDAPResult (RFC 4511 section 4.1.9) with what the operations add to it, and its controls.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) code: u32,
    pub(crate) matched: String,
    pub(crate) diagnostic: String,
    referrals: Vec<String>,
    name: Option<String>,
    value: Option<Vec<u8>>,
    controls: Vec<ResponseControl>,
}

/// A control's object identifier and its value.
type ResponseControl = (String, Option<Vec<u8>>);

impl Answer {
    /// Reads the result of an operation and its controls.
    pub(crate) fn parse(message: &[u8], envelope: &Envelope) -> Result<Self, Malformed> {
        let mut answer = Self::parse_result(envelope.op, envelope.body(message))?;
        answer.controls = parse_controls(envelope.trailer(message))?;
        Ok(answer)
    }

    /// Reads an unsolicited notification. Active Directory puts the name of its Notice of Disconnection
    /// behind the operation, where controls belong; what follows the operation is not looked at.
    pub(crate) fn parse_notice(message: &[u8], envelope: &Envelope) -> Result<Self, Malformed> {
        Self::parse_result(envelope.op, envelope.body(message))
    }

    fn parse_result(operation: u8, body: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(body);
        let code = ber::integer(parts.contents_of(ENUMERATED)?)?;
        let mut answer = Self {
            code: u32::try_from(code).map_err(|_| Malformed::Integer)?,
            matched: text(parts.contents_of(OCTET_STRING)?),
            diagnostic: text(parts.contents_of(OCTET_STRING)?),
            ..Self::default()
        };
        let mut last = 0;
        while let Some(part) = parts.next()? {
            if part.tag <= last {
                return Err(Malformed::Trailing);
            }
            match (part.tag, operation) {
                (REFERRAL, _) => answer.referrals = parse_referrals(part.contents)?,
                (SASL_CREDENTIALS, op::BIND_RESPONSE) => {}
                (RESPONSE_NAME, op::EXTENDED_RESPONSE) => {
                    answer.name = Some(text(part.contents));
                }
                (RESPONSE_VALUE, op::EXTENDED_RESPONSE) => {
                    let kept = part.contents.get(..TEXT_BYTES).unwrap_or(part.contents);
                    answer.value = Some(kept.to_vec());
                }
                _ => return Err(Malformed::Trailing),
            }
            // The referral comes first, though its tag is the highest.
            last = if part.tag == REFERRAL { 1 } else { part.tag };
        }
        Ok(answer)
    }

    /// Leaves out what repeats the password.
    pub(crate) fn redact(&mut self, redaction: &Redaction) {
        let own = [&mut self.matched, &mut self.diagnostic];
        for text in own.into_iter().chain(&mut self.referrals) {
            *text = redaction.text(std::mem::take(text));
        }
    }

    /// The message that says the same to ldap3.
    pub(crate) fn encode(&self, message_id: i64, operation: u8) -> Vec<u8> {
        let mut result = Vec::new();
        ber::write_integer(&mut result, ENUMERATED, i64::from(self.code));
        ber::write(&mut result, OCTET_STRING, self.matched.as_bytes());
        ber::write(&mut result, OCTET_STRING, self.diagnostic.as_bytes());
        if !self.referrals.is_empty() {
            let mut uris = Vec::new();
            for uri in &self.referrals {
                ber::write(&mut uris, OCTET_STRING, uri.as_bytes());
            }
            ber::write(&mut result, REFERRAL, &uris);
        }
        if let Some(name) = &self.name {
            ber::write(&mut result, RESPONSE_NAME, name.as_bytes());
        }
        if let Some(value) = &self.value {
            ber::write(&mut result, RESPONSE_VALUE, value);
        }
        let mut body = Vec::new();
        ber::write_integer(&mut body, INTEGER, message_id);
        ber::write(&mut body, operation, &result);
        self.encode_controls(&mut body);
        let mut message = Vec::new();
        ber::write(&mut message, SEQUENCE, &body);
        message
    }

    fn encode_controls(&self, body: &mut Vec<u8>) {
        if self.controls.is_empty() {
            return;
        }
        let mut controls = Vec::new();
        for (oid, value) in &self.controls {
            let mut control = Vec::new();
            ber::write(&mut control, OCTET_STRING, oid.as_bytes());
            if let Some(value) = value {
                ber::write(&mut control, OCTET_STRING, value);
            }
            ber::write(&mut controls, SEQUENCE, &control);
        }
        ber::write(body, CONTROLS, &controls);
    }
}

/// The addresses in a referral or in a search result reference, as far as they are kept.
pub(crate) fn parse_referrals(contents: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut uris = Vec::new();
    let mut reader = Reader::new(contents);
    while let Some(element) = reader.next()? {
        if element.tag != OCTET_STRING {
            return Err(Malformed::Unexpected { wanted: OCTET_STRING, found: element.tag });
        }
        if uris.len() < REFERRALS {
            uris.push(text(element.contents));
        }
    }
    if uris.is_empty() { Err(Malformed::Missing) } else { Ok(uris) }
}

fn parse_controls(trailer: &[u8]) -> Result<Vec<ResponseControl>, Malformed> {
    if trailer.is_empty() {
        return Ok(Vec::new());
    }
    let mut outer = Reader::new(trailer);
    let mut reader = Reader::new(outer.contents_of(CONTROLS)?);
    outer.end()?;
    let mut controls: Vec<ResponseControl> = Vec::new();
    while let Some(element) = reader.next()? {
        if element.tag != SEQUENCE {
            return Err(Malformed::Unexpected { wanted: SEQUENCE, found: element.tag });
        }
        if element.contents.len() > CONTROL_BYTES {
            return Err(Malformed::TooMany);
        }
        let control = parse_control(element.contents)?;
        // Of two controls of one type, whichever is believed may be the wrong one.
        if controls.len() == CONTROL_COUNT || controls.iter().any(|(oid, _)| *oid == control.0) {
            return Err(Malformed::Trailing);
        }
        controls.push(control);
    }
    Ok(controls)
}

fn parse_control(contents: &[u8]) -> Result<ResponseControl, Malformed> {
    let mut parts = Reader::new(contents);
    let oid = text(parts.contents_of(OCTET_STRING)?);
    let mut part = parts.next()?;
    if let Some(critical) = part.filter(|part| part.tag == BOOLEAN) {
        if critical.contents.len() != 1 {
            return Err(Malformed::Integer);
        }
        part = parts.next()?;
    }
    let value = match part {
        None => None,
        Some(part) if part.tag == OCTET_STRING => Some(part.contents.to_vec()),
        Some(part) => {
            return Err(Malformed::Unexpected { wanted: OCTET_STRING, found: part.tag });
        }
    };
    parts.end()?;
    Ok((oid, value))
}

/// Text of the server's, made UTF-8 and cut.
fn text(bytes: &[u8]) -> String {
    let kept = bytes.get(..TEXT_BYTES).unwrap_or(bytes);
    String::from_utf8_lossy(kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(operation: u8, result: &[u8], trailer: &[u8]) -> Vec<u8> {
        let mut body = vec![INTEGER, 1, 5];
        ber::write(&mut body, operation, result);
        body.extend_from_slice(trailer);
        let mut message = Vec::new();
        ber::write(&mut message, SEQUENCE, &body);
        message
    }

    fn parse(operation: u8, result: &[u8], trailer: &[u8]) -> Result<Answer, Malformed> {
        let message = message(operation, result, trailer);
        Answer::parse(&message, &Envelope::parse(&message)?)
    }

    const SUCCESS: &[u8] = &[0x0a, 1, 0, 4, 0, 4, 0];

    #[test]
    fn a_result_is_read_and_written_as_it_was() {
        let result = [SUCCESS, &[0xa3, 3, 4, 1, b'x', 0x8a, 1, b'n', 0x8b, 1, 0xff]].concat();
        let trailer = [0xa0, 10, 0x30, 8, 4, 3, b'1', b'.', b'2', 4, 1, 9];
        let answer = parse(op::EXTENDED_RESPONSE, &result, &trailer).unwrap();
        let written = answer.encode(5, op::EXTENDED_RESPONSE);
        assert_eq!(written, message(op::EXTENDED_RESPONSE, &result, &trailer));
    }

    #[test]
    fn text_that_is_not_utf8_is_made_so_and_cut() {
        let mut result = vec![0x0a, 1, 49, 4, 2, 0xff, 0xfe];
        ber::write(&mut result, OCTET_STRING, &[b'a'; 10_000]);
        let answer = parse(op::BIND_RESPONSE, &result, &[]).unwrap();
        assert_eq!(answer.matched, "\u{fffd}\u{fffd}");
        assert_eq!(answer.diagnostic.len(), TEXT_BYTES);
    }

    #[test]
    fn whatever_repeats_the_password_is_left_out_and_of_many_referrals_the_first_are_kept() {
        let uris: Vec<u8> = (0..=REFERRALS)
            .flat_map(|n| {
                let mut uri = Vec::new();
                ber::write(&mut uri, OCTET_STRING, format!("ldap://canary/{n}").as_bytes());
                uri
            })
            .collect();
        let mut result = vec![0x0a, 1, 10, 4, 6];
        result.extend(b"canary");
        ber::write(&mut result, OCTET_STRING, b"no canary");
        ber::write(&mut result, REFERRAL, &uris);
        let mut answer = parse(op::BIND_RESPONSE, &result, &[]).unwrap();
        assert_eq!(answer.referrals.len(), REFERRALS);
        assert_eq!(answer.referrals[1], "ldap://canary/1");
        let redaction = Redaction::default();
        redaction.keep_out("canary");
        answer.redact(&redaction);
        let left_out = redaction.left_out();
        assert_eq!((&answer.matched, &answer.diagnostic), (&left_out, &left_out));
        assert!(answer.referrals.iter().all(|uri| *uri == left_out));
    }

    #[test]
    fn what_a_server_proves_of_itself_in_a_bind_is_dropped() {
        let result = [SUCCESS, &[0x87, 2, 1, 2]].concat();
        let answer = parse(op::BIND_RESPONSE, &result, &[]).unwrap();
        assert_eq!(answer.encode(5, op::BIND_RESPONSE), message(op::BIND_RESPONSE, SUCCESS, &[]));
        assert!(parse(op::EXTENDED_RESPONSE, &result, &[]).is_err());
    }

    #[test]
    fn results_of_another_shape_are_refused() {
        for result in [
            &[][..],
            &[0x0a, 1, 0],
            &[0x0a, 0, 4, 0, 4, 0],
            &[0x0a, 1, 0xff, 4, 0, 4, 0],
            &[2, 1, 0, 4, 0, 4, 0],
            &[0x0a, 1, 0, 4, 0, 0x24, 0],
            &[0x0a, 1, 0, 4, 0, 4, 0, 4, 0],
            &[0x0a, 1, 0, 4, 0, 4, 0, 0],
            &[0x0a, 1, 0, 4, 0, 4, 0, 0xa3, 0],
            &[0x0a, 1, 0, 4, 0, 4, 0, 0x8a, 0],
        ] {
            assert!(parse(op::BIND_RESPONSE, result, &[]).is_err(), "{result:?}");
        }
    }

    #[test]
    fn controls_of_another_shape_are_refused() {
        for trailer in [
            &[0xa0, 4, 0x30, 2, 4, 1][..],
            &[0xa0, 7, 0x30, 5, 4, 1, b'1', 1, 0],
            &[0xa0, 7, 0x30, 5, 4, 1, b'1', 2, 0],
            &[0xa0, 2, 0x30, 0],
            &[0xa0, 2, 4, 0],
            &[0x80, 0],
            &[0xa0, 0, 4, 0],
            &[0xa0, 10, 0x30, 3, 4, 1, b'1', 0x30, 3, 4, 1, b'1'],
        ] {
            assert!(parse(op::SEARCH_RESULT_DONE, SUCCESS, trailer).is_err(), "{trailer:?}");
        }
        let critical = [0xa0, 8, 0x30, 6, 4, 1, b'1', 1, 1, 0xff];
        assert!(parse(op::SEARCH_RESULT_DONE, SUCCESS, &critical).is_ok());
    }

    #[test]
    fn the_notice_of_active_directory_is_understood() {
        let result = [0x0a, 1, 52, 4, 0, 4, 4, b'b', b'u', b's', b'y'];
        let message = message(op::EXTENDED_RESPONSE, &result, &[0x8a, 1, b'1']);
        let envelope = Envelope::parse(&message).unwrap();
        let notice = Answer::parse_notice(&message, &envelope).unwrap();
        assert_eq!((notice.code, notice.diagnostic.as_str()), (52, "busy"));
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_written_in_a_form_that_parses(
            result in prop::collection::vec(any::<u8>(), 0..60),
            trailer in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let result = [SUCCESS, &result].concat();
            if let Ok(answer) = parse(op::EXTENDED_RESPONSE, &result, &trailer) {
                let written = answer.encode(5, op::EXTENDED_RESPONSE);
                let envelope = Envelope::parse(&written).unwrap();
                prop_assert_eq!(Answer::parse(&written, &envelope).unwrap(), answer);
            }
        }
    }

    #[test]
    fn a_control_has_a_megabyte_at_most() {
        use crate::ldap::protocol::script::element;
        let controls = |octets: usize| {
            let oid = element(OCTET_STRING, b"1.2.3");
            // The value's own head has five octets.
            let value = element(OCTET_STRING, &vec![0; octets - oid.len() - 5]);
            let contents = [oid, value].concat();
            assert_eq!(contents.len(), octets);
            parse_controls(&element(CONTROLS, &element(SEQUENCE, &contents)))
        };
        assert_eq!(controls(CONTROL_BYTES).map(|all| all.len()), Ok(1));
        assert_eq!(controls(CONTROL_BYTES + 1).map(|all| all.len()), Err(Malformed::TooMany));
    }
}
