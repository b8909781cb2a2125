//! The token of a checkpoint: which server said so, and where it stood.
//!
//! BER, since the room reads nothing else: `SEQUENCE { version INTEGER, server, invocationId, attributes OCTET STRING,
//! usn INTEGER, cookie OCTET STRING, again SEQUENCE OF OCTET STRING, network OCTET STRING OPTIONAL }`. A token comes back from
//! a host's store, so that it is read like any foreign bytes.

use crate::ldap::protocol::ber::{self, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};
use crate::value::{ObjectGuid, RecordDigest};

/// Tokens of other versions are refused, and a full read follows. To be raised with whatever makes the objects
/// of an earlier version differ from those of this one.
const VERSION: i64 = 1;

/// Where a read ended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Token {
    /// The names of the server.
    pub(crate) server: String,
    /// `invocationId`, which a restored database has anew; empty where the account may not read it.
    pub(crate) invocation: Vec<u8>,
    /// A digest of the attributes that were read.
    pub(crate) attributes: [u8; 16],
    /// `highestCommittedUSN` before the read.
    pub(crate) usn: i64,
    /// The server's DirSync cookie from before the read, if that is the mode.
    pub(crate) cookie: Vec<u8>,
    /// Groups whose members could not be read in full. They are read again whether they change or not.
    pub(crate) again: Vec<ObjectGuid>,
    /// A digest of the zones and the subnets, if computers had addresses looked for.
    pub(crate) network: Option<RecordDigest>,
}

impl Token {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        ber::write_integer(&mut fields, INTEGER, VERSION);
        ber::write(&mut fields, OCTET_STRING, self.server.as_bytes());
        ber::write(&mut fields, OCTET_STRING, &self.invocation);
        ber::write(&mut fields, OCTET_STRING, &self.attributes);
        ber::write_integer(&mut fields, INTEGER, self.usn);
        ber::write(&mut fields, OCTET_STRING, &self.cookie);
        let mut again = Vec::new();
        for guid in &self.again {
            ber::write(&mut again, OCTET_STRING, guid.as_bytes());
        }
        ber::write(&mut fields, SEQUENCE, &again);
        if let Some(network) = &self.network {
            ber::write(&mut fields, OCTET_STRING, &network.0);
        }
        let mut token = Vec::new();
        ber::write(&mut token, SEQUENCE, &fields);
        token
    }

    /// `None` for whatever this version did not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes).ok().flatten()
    }

    /// The host of the server, where it told: there a read may go on, and at another one it begins anew.
    pub(crate) fn host(&self) -> Option<&str> {
        self.server.split(' ').next().filter(|host| !host.is_empty())
    }

    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut outer = Reader::new(bytes);
        let mut fields = Reader::new(outer.contents_of(SEQUENCE)?);
        outer.end()?;
        if ber::integer(fields.contents_of(INTEGER)?)? != VERSION {
            return Ok(None);
        }
        let server = fields.contents_of(OCTET_STRING)?;
        let invocation = fields.contents_of(OCTET_STRING)?.to_vec();
        let attributes = fields.contents_of(OCTET_STRING)?;
        let usn = ber::integer(fields.contents_of(INTEGER)?)?;
        let cookie = fields.contents_of(OCTET_STRING)?.to_vec();
        let mut list = Reader::new(fields.contents_of(SEQUENCE)?);
        let network = match fields.rest() {
            [] => None,
            _ => Some(fields.contents_of(OCTET_STRING)?),
        };
        fields.end()?;
        let mut again = Vec::new();
        while let Some(element) = list.next()? {
            match ObjectGuid::from_slice(element.contents) {
                Ok(guid) => again.push(guid),
                Err(_) => return Ok(None),
            }
        }
        let (Ok(server), Ok(attributes)) = (str::from_utf8(server), attributes.try_into()) else {
            return Ok(None);
        };
        let Ok(network) = network.map(|digest| digest.try_into().map(RecordDigest)).transpose()
        else {
            return Ok(None);
        };
        let server = server.to_owned();
        Ok(Some(Self { server, invocation, attributes, usn, cookie, again, network }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token() -> Token {
        Token {
            server: "dc1.corp.example".to_owned(),
            invocation: vec![7; 16],
            attributes: [3; 16],
            usn: 8_192,
            cookie: vec![1; 200],
            again: vec![ObjectGuid::from_bytes([9; 16])],
            network: None,
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let with_network = Token { network: Some(RecordDigest([5; 16])), ..token() };
        for token in [token(), with_network, Token::default()] {
            assert_eq!(Token::decode(&token.encode()), Some(token));
        }
        assert_eq!((token().host(), Token::default().host()), (Some("dc1.corp.example"), None));
        let whole = Token { server: "dc2.corp.example cn=ntds settings".to_owned(), ..token() };
        assert_eq!(whole.host(), Some("dc2.corp.example"));
    }

    #[test]
    fn a_token_of_another_version_or_a_part_of_one_is_none() {
        let whole = token().encode();
        for cut in 0..whole.len() {
            assert_eq!(Token::decode(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(Token::decode(&[whole.as_slice(), &[0]].concat()), None);
        let mut other = whole;
        // 30 82 LL LL 02 01 VV
        assert_eq!(other[6], 1);
        other[6] = 2;
        assert_eq!(Token::decode(&other), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Token::decode(&bytes);
        }

        #[test]
        fn no_flipped_bit_panics(bit in 0_usize..2_000) {
            let mut bytes = token().encode();
            let at = bit % (bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
            let _ = Token::decode(&bytes);
        }
    }
}
