//! The documents of assets as they are kept: packed, with a checksum.
//!
//! They are three quarters of what there is to keep, and most of a document is what all of them say: the names of fields and
//! attributes, the run and the time beside each value. So each is an LZ4 block that goes on from one dictionary, which has
//! what an asset of a directory usually says.
//!
//! | octets | what |
//! |---|---|
//! | 8 | the first ones of the SHA-256 of all that follows |
//! | 4 | how many octets of JSON there are, little-endian |
//! | rest | the JSON, as an LZ4 block behind the dictionary |

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_with_dict};
use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind, Result};

/// Never changed: whoever has another one reads no document.
const DICTIONARY: &[u8] = include_bytes!("dictionary.json");

/// The octets of a checksum: enough against accidents, which is all that it is against.
const CHECKSUM: usize = 8;

/// The most that LZ4 makes of one octet. A length that no block can have takes no memory.
const EXPANSION: usize = 255;

/// The most octets of a document, 64 MiB: a hundred times what a group of 100,000 members would be. Whoever puts a small
/// block that unpacks to gigabytes into a file gets no memory for it.
const LONGEST: usize = 64 << 20;

/// What may be wrong with a packed document.
const CUT: &str = "it is cut off";
const ALTERED: &str = "it does not agree with its checksum";
const MALFORMED: &str = "it cannot be unpacked";

/// Packs a document.
///
/// # Errors
///
/// [`ErrorKind::Store`] for one of more than 64 MiB.
pub(super) fn pack(document: &[u8]) -> Result<Vec<u8>> {
    if document.len() > LONGEST {
        return Err(Error::new(
            ErrorKind::Store,
            "a record is larger than the inventory file can keep",
        ));
    }
    let content = compress_prepend_size_with_dict(document, DICTIONARY);
    Ok([checksum(&content).as_slice(), &content].concat())
}

/// The document that was packed, or what is wrong with it.
pub(super) fn unpack(packed: &[u8]) -> std::result::Result<Vec<u8>, &'static str> {
    let (sum, content) = packed.split_first_chunk().ok_or(CUT)?;
    if checksum(content) != *sum {
        return Err(ALTERED);
    }
    let (length, block) = content.split_first_chunk().ok_or(CUT)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| MALFORMED)?;
    if length > LONGEST || length / EXPANSION > block.len() {
        return Err(MALFORMED);
    }
    let document = decompress_with_dict(block, length, DICTIONARY).map_err(|_| MALFORMED)?;
    if document.len() == length { Ok(document) } else { Err(MALFORMED) }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::digest(content);
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_dictionary_is_the_one_that_documents_were_packed_with() {
        let digest = Sha256::digest(DICTIONARY);
        assert_eq!(digest[..4], [0xf7, 0x74, 0xe8, 0xc6], "{digest:02x?}");
    }

    #[test]
    fn a_small_block_that_says_it_is_long_gets_no_memory() {
        let planted = |length: usize| {
            let length = u32::try_from(length).unwrap().to_le_bytes();
            let content = [length.to_vec(), vec![0; LONGEST / EXPANSION + 1]].concat();
            [checksum(&content).as_slice(), &content].concat()
        };
        assert_eq!(unpack(&planted(LONGEST + 1)), Err(MALFORMED));
        assert_eq!(unpack(&planted(u32::MAX as usize)), Err(MALFORMED));
        assert_eq!(pack(&vec![b'a'; LONGEST + 1]).unwrap_err().kind(), ErrorKind::Store);
        let longer = compress_prepend_size_with_dict(&vec![b'a'; LONGEST + 1], DICTIONARY);
        assert_eq!(unpack(&[&checksum(&longer)[..], &longer].concat()), Err(MALFORMED));
        let longest = vec![b'a'; LONGEST];
        assert_eq!(unpack(&pack(&longest).unwrap()).unwrap(), longest);
    }

    #[test]
    fn what_a_document_shares_with_others_takes_little() {
        let document = &DICTIONARY[DICTIONARY.len() / 4..];
        assert!(pack(document).unwrap().len() < 64);
    }

    #[test]
    fn every_octet_that_is_altered_or_missing_is_noticed() {
        let packed = pack(br#"{"id":"00000000-0000-0000-0000-000000000001","version":1}"#).unwrap();
        for at in 0..packed.len() {
            let mut altered = packed.clone();
            altered[at] ^= 1;
            assert_eq!(unpack(&altered).unwrap_err(), ALTERED);
            assert!(unpack(&packed[..at]).is_err());
        }
    }

    #[test]
    fn a_document_that_claims_to_be_larger_than_it_can_be_takes_no_memory() {
        for length in [u32::MAX, 1 << 30, 100] {
            let content = [&length.to_le_bytes()[..], &[0x10, b'x']].concat();
            let packed = [&checksum(&content)[..], &content].concat();
            assert_eq!(unpack(&packed).unwrap_err(), MALFORMED);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_packed_comes_back(document in prop::collection::vec(any::<u8>(), 0..5_000)) {
            prop_assert_eq!(unpack(&pack(&document).unwrap()).unwrap(), document);
        }

        #[test]
        fn texts_like_the_dictionary_come_back(
            cuts in prop::collection::vec((0..DICTIONARY.len(), 0..400_usize), 0..300),
        ) {
            let parts = cuts.iter().map(|(at, length)| {
                &DICTIONARY[*at..DICTIONARY.len().min(at + length)]
            });
            let document = parts.collect::<Vec<_>>().concat();
            prop_assert_eq!(unpack(&pack(&document).unwrap()).unwrap(), document);
        }

        #[test]
        fn nothing_that_somebody_writes_there_panics(
            length in any::<u16>(),
            block in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let content = [&u32::from(length).to_le_bytes()[..], &block].concat();
            let _ = unpack(&[&checksum(&content)[..], &content].concat());
        }
    }
}
