//! Names that nobody has, in the place of names that somebody has: the same for the same, and alike in what decisions look
//! at.

use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::value::{ObjectGuid, Sid};
use sha2::{Digest, Sha256};

/// What every directory has, and says nothing of the one that it is of.
const OF_EVERYBODY: [&str; 16] = [
    "Builtin",
    "Computer",
    "Computers",
    "Configuration",
    "Domain Admins",
    "Domain Computers",
    "Domain Controllers",
    "Domain Guests",
    "Domain Users",
    "ForeignSecurityPrincipals",
    "Group",
    "Managed Service Accounts",
    "Person",
    "Schema",
    "System",
    "Users",
];

/// Letters outside ASCII: one of these stands for one of them, and another one for any other.
const BEYOND_ASCII: [char; 12] = ['ä', 'å', 'æ', 'ç', 'é', 'ê', 'ñ', 'ö', 'ø', 'š', 'ü', 'ž'];

/// What stands between a name and how it came to be one of two of that name.
const CONFLICT: &str = "CNF:";

/// One set of pseudonyms, which nobody can make again without its key.
#[derive(Debug)]
pub(super) struct Pseudonyms {
    key: [u8; 32],
}

impl Pseudonyms {
    /// Those of a key, which is to be random and kept by nobody.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A text word by word: letters for letters, in upper or lower case as they are, and digits for digits. Texts that begin
    /// alike have pseudonyms that do, so that a name that was cut is still one; and no two words of Latin letters
    /// have the same.
    pub(super) fn text(&self, text: &str) -> String {
        if OF_EVERYBODY.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return text.to_owned();
        }
        if is_weak(text) {
            return self.weak(text);
        }
        match text.split_once('\n') {
            Some((name, conflict)) => format!("{}\n{}", self.text(name), self.conflict(conflict)),
            None => self.words(text),
        }
    }

    /// A host's name: the last of several labels stays, by which it is seen who is in charge of it.
    pub(super) fn host(&self, name: &str) -> String {
        match name.rsplit_once('.') {
            Some((labels, last)) => {
                let labels: Vec<String> = labels.split('.').map(|label| self.text(label)).collect();
                format!("{}.{last}", labels.join("."))
            }
            None => self.text(name),
        }
    }

    /// An account as `name@domain`, or its address for mail.
    pub(super) fn address(&self, address: &str) -> String {
        match address.rsplit_once('@') {
            Some((name, domain)) => format!("{}@{}", self.text(name), self.host(domain)),
            None => self.text(address),
        }
    }

    /// The name of a service (`class/host[:port][/name]`): the class stays.
    pub(super) fn service(&self, name: &str) -> String {
        let mut parts = name.split('/');
        let class = parts.next().unwrap_or_default().to_owned();
        let named = parts.map(|part| match part.split_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{}:{port}", self.host(host))
            }
            Some((host, instance)) => format!("{}:{}", self.host(host), self.text(instance)),
            None => self.host(part),
        });
        [class].into_iter().chain(named).collect::<Vec<_>>().join("/")
    }

    /// A DN with the types of its parts; of the domain the last label stays.
    pub(super) fn dn(&self, dn: &DistinguishedName) -> Option<DistinguishedName> {
        let mut parts = Vec::new();
        let mut rest = Some(dn.clone());
        while let Some(dn) = rest {
            rest = dn.parent();
            let above = rest.as_ref().map_or(0, |parent| parent.as_str().len() + 1);
            let text = dn.as_str();
            let own = text.get(..text.len().checked_sub(above)?)?;
            let (kind, value) = own.split_once('=')?;
            let is_last_label = rest.is_none() && kind.trim().eq_ignore_ascii_case("DC");
            let value = if is_last_label { value.to_owned() } else { self.escaped(value) };
            parts.push(format!("{kind}={value}"));
        }
        DistinguishedName::parse(&parts.join(",")).ok()
    }

    pub(super) fn guid(&self, guid: ObjectGuid) -> ObjectGuid {
        let digest = self.digest("a GUID", guid.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        ObjectGuid::from_bytes(bytes)
    }

    /// A SID of the same account in another domain; well-known ones are of none, and stay.
    pub(super) fn sid(&self, sid: &Sid) -> Option<Sid> {
        let text = sid.to_string();
        let Some(numbers) = text.strip_prefix("S-1-5-21-") else { return Some(sid.clone()) };
        let numbers: Vec<&str> = numbers.split('-').collect();
        let (domain, account) = numbers.split_at_checked(3)?;
        let digest = self.digest("a SID", domain.join("-").as_bytes());
        let numbers = digest.chunks(4).take(3).map(|four| {
            let number = four.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            number.to_string()
        });
        let numbers: Vec<String> = numbers.chain(account.iter().map(ToString::to_string)).collect();
        format!("S-1-5-21-{}", numbers.join("-")).parse().ok()
    }

    /// A value as it is in a DN: what is escaped stays escaped.
    fn escaped(&self, value: &str) -> String {
        let plain = value.trim();
        if let Some((name, conflict)) = plain.split_once("\\0A") {
            return format!("{}\\0A{}", self.escaped(name), self.conflict(conflict));
        }
        // Two digits behind a backslash are an octet, and no letters of a name.
        let mut parts = plain.split('\\');
        let first = parts.next().map(|part| self.text(part)).unwrap_or_default();
        let others = parts.map(|part| match part.split_at_checked(2) {
            Some((octet, rest)) if octet.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!("\\{octet}{}", self.words(rest))
            }
            _ => format!("\\{}", self.words(part)),
        });
        [first].into_iter().chain(others).collect()
    }

    /// What is behind the name of one of two objects of that name: `CNF:` and its objectGUID.
    fn conflict(&self, text: &str) -> String {
        match text.strip_prefix(CONFLICT).and_then(|guid| guid.parse().ok()) {
            Some(guid) => format!("{CONFLICT}{}", self.guid(guid)),
            None => self.words(text),
        }
    }

    /// A name that any host could have stays one; but the digits may be those of an address or of a serial number.
    fn weak(&self, text: &str) -> String {
        let stands = |(at, letter): (usize, char)| match letter {
            '0'..='9' => self.letter(text.get(..at).unwrap_or_default(), letter),
            _ => letter,
        };
        text.char_indices().map(stands).collect()
    }

    fn words(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for letter in text.chars() {
            if !letter.is_alphanumeric() {
                word.clear();
                out.push(letter);
            } else {
                out.push(self.letter(&word, letter));
                word.extend(letter.to_lowercase());
            }
        }
        out
    }

    /// What stands for a letter behind this beginning of a word.
    fn letter(&self, beginning: &str, letter: char) -> char {
        let among = |letters: &[char], letter: char| {
            let shuffled = self.shuffled(beginning, letters);
            letters.iter().position(|it| *it == letter).and_then(|at| shuffled.get(at).copied())
        };
        let of = |range: std::ops::RangeInclusive<char>| range.collect::<Vec<_>>();
        let stands = match letter {
            'a'..='z' => among(&of('a'..='z'), letter),
            'A'..='Z' => {
                let lower = among(&of('a'..='z'), letter.to_ascii_lowercase());
                lower.map(|it| it.to_ascii_uppercase())
            }
            '0'..='9' => among(&of('0'..='9'), letter),
            _ => among(&BEYOND_ASCII, letter.to_lowercase().next().unwrap_or(letter)),
        };
        stands.unwrap_or('ÿ')
    }

    /// Some letters in an order that depends on the beginning before them, and on the key.
    fn shuffled(&self, beginning: &str, letters: &[char]) -> Vec<char> {
        let mut shuffled = letters.to_vec();
        let digest = self.digest("a word", beginning.as_bytes());
        for (last, byte) in (1..shuffled.len()).rev().zip(digest) {
            shuffled.swap(last, usize::from(byte) % (last + 1));
        }
        shuffled
    }

    fn digest(&self, what: &str, value: &[u8]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        hasher.update(what.as_bytes());
        hasher.update([0]);
        hasher.update(value);
        hasher.finalize().into()
    }
}

/// Whether any host could have the name: it says nothing of whose it is, and decisions look at that.
fn is_weak(name: &str) -> bool {
    Hostname::parse(name).is_ok_and(|name| name.is_weak())
}
