//! BER as LDAP uses it (RFC 4511, section 5.1): a reader over borrowed bytes, and a writer.
//!
//! The server has its own so that tests do not check a codec against itself, and so that it can write
//! what real domain controllers write (non-minimal lengths) and what no sane server would.

/// How the server writes lengths.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum LengthForm {
    /// The fewest octets, as OpenLDAP and Samba do.
    #[default]
    Minimal,
    /// `84` and four octets for everything constructed, as Windows does.
    ActiveDirectory,
    /// `84` and four octets for everything, which a reader must accept all the same.
    LongEverywhere,
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;

/// One element: its identifier octet and its contents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside a constructed one, or nothing if they do not fill it exactly.
    pub(crate) fn children(&self) -> Option<Vec<Element<'a>>> {
        let mut rest = self.body;
        let mut children = Vec::new();
        while !rest.is_empty() {
            let (child, after) = split(rest)?;
            children.push(child);
            rest = after;
        }
        Some(children)
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        let (first, _) = self.body.split_first()?;
        if self.body.len() > 8 {
            return None;
        }
        let sign = if first & 0x80 == 0 { 0i64 } else { -1 };
        Some(self.body.iter().fold(sign, |value, byte| (value << 8) | i64::from(*byte)))
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        self.body.first().map(|byte| *byte != 0)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

/// What stands at the beginning of received bytes.
pub(crate) enum Head {
    /// Not enough bytes yet to tell.
    Short,
    /// No definite-length element of a bearable size.
    Malformed,
    /// An element of this many octets, header included.
    Whole(usize),
}

/// Looks at the header of the first element in `bytes`.
pub(crate) fn head(bytes: &[u8], largest: usize) -> Head {
    match header(bytes) {
        None if bytes.len() >= 10 => Head::Malformed,
        None => Head::Short,
        Some((_, length)) if length > largest => Head::Malformed,
        Some((header, length)) => Head::Whole(header + length),
    }
}

/// The first element of `bytes` and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (header, length) = header(bytes)?;
    let (tag, _) = bytes.split_first()?;
    let (body, rest) = bytes.get(header..)?.split_at_checked(length)?;
    Some((Element { tag: *tag, body }, rest))
}

/// The octets of the header and of the contents; `None` if it is incomplete, indefinite or too wide.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let octets = usize::from(first & 0x7f);
    if octets == 0 || octets > 7 {
        return None;
    }
    let length = bytes.get(2..2 + octets)?;
    Some((2 + octets, length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))))
}

/// Writes elements one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    form: LengthForm,
}

impl Writer {
    pub(crate) fn new(form: LengthForm) -> Self {
        Self { out: Vec::new(), form }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn primitive(&mut self, tag: u8, body: &[u8]) -> &mut Self {
        self.out.push(tag);
        let length = encoded_length(body.len(), self.form == LengthForm::LongEverywhere);
        self.out.extend_from_slice(&length);
        self.out.extend_from_slice(body);
        self
    }

    /// Writes a constructed element whose contents `write` adds.
    pub(crate) fn constructed(&mut self, tag: u8, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.out.push(tag | CONSTRUCTED);
        let start = self.out.len();
        write(self);
        let length = encoded_length(self.out.len() - start, self.form != LengthForm::Minimal);
        self.out.splice(start..start, length);
        self
    }

    pub(crate) fn octets(&mut self, body: impl AsRef<[u8]>) -> &mut Self {
        self.primitive(OCTET_STRING, body.as_ref())
    }

    pub(crate) fn integer(&mut self, tag: u8, value: i64) -> &mut Self {
        let bytes = value.to_be_bytes();
        let unused = bytes
            .windows(2)
            .take_while(|pair| {
                matches!(pair, [0x00, next] if next & 0x80 == 0)
                    || matches!(pair, [0xff, next] if next & 0x80 != 0)
            })
            .count();
        self.primitive(tag, bytes.get(unused..).unwrap_or_default())
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.primitive(BOOLEAN, &[if value { 0xff } else { 0 }])
    }
}

fn encoded_length(length: usize, long: bool) -> Vec<u8> {
    let octets = (length as u64).to_be_bytes();
    let significant: Vec<u8> = octets.into_iter().skip_while(|byte| *byte == 0).collect();
    if long {
        let mut encoded = vec![0x84];
        encoded.extend_from_slice(octets.get(4..).unwrap_or_default());
        encoded
    } else if length < 0x80 {
        vec![length as u8]
    } else {
        let mut encoded = vec![0x80 | significant.len() as u8];
        encoded.extend(significant);
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_in_the_fewest_octets_and_read_back() {
        for value in [0, 1, -1, 127, 128, -128, -129, 255, 256, i64::MAX, i64::MIN, -2147483648] {
            let mut writer = Writer::default();
            writer.integer(INTEGER, value);
            let bytes = writer.into_bytes();
            let (element, rest) = split(&bytes).unwrap();
            assert_eq!(element.integer(), Some(value));
            assert!(rest.is_empty());
        }
        let mut writer = Writer::default();
        writer.integer(INTEGER, -2147483648);
        assert_eq!(writer.into_bytes(), [0x02, 4, 0x80, 0, 0, 0]);
    }

    #[test]
    fn each_length_form_reads_back_the_same() {
        for form in [LengthForm::Minimal, LengthForm::ActiveDirectory, LengthForm::LongEverywhere] {
            let mut writer = Writer::new(form);
            writer.constructed(SEQUENCE, |inner| {
                inner.octets([7; 200]).octets("");
            });
            let bytes = writer.into_bytes();
            assert!(matches!(head(&bytes, 1000), Head::Whole(n) if n == bytes.len()));
            let children = split(&bytes).unwrap().0.children().unwrap();
            assert_eq!(children[0].body, [7; 200]);
            assert_eq!(children[1].body, b"");
        }
    }

    #[test]
    fn windows_writes_four_length_octets_for_constructed_elements_only() {
        let mut writer = Writer::new(LengthForm::ActiveDirectory);
        writer.constructed(SEQUENCE, |inner| {
            inner.octets("x");
        });
        assert_eq!(writer.into_bytes(), [0x30, 0x84, 0, 0, 0, 3, 4, 1, b'x']);
    }

    #[test]
    fn indefinite_and_truncated_elements_are_refused() {
        assert!(split(&[0x30, 0x80, 0, 0]).is_none());
        assert!(split(&[0x30, 0x05, 2, 1, 1]).is_none());
        assert!(matches!(head(&[0x30], 10), Head::Short));
        assert!(matches!(head(&[0x30, 0x7f], 10), Head::Malformed));
    }
}
