//! Names that are nearly the same: no evidence, but worth showing to a person.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::Serialize;

use super::fit::are_domains_one;
use super::{Candidate, Computer, KnownDirectories};
use crate::asset::Asset;
use crate::error::Printable;
use crate::name::Hostname;
use crate::value::AssetId;

/// Words of which at least so many letters are alike are near if one letter differs.
const LONG_WORD: usize = 5;
/// Two letters that changed places are near in words of so many letters.
const SHORT_WORD: usize = 3;
/// Names with more owners than this are no names of one host, and no spelling of one.
const MOST_OWNERS: usize = 5;
/// Remarks that people write behind a name.
const REMARKS: &[&str] = &[
    "alt",
    "archive",
    "backup",
    "bak",
    "copy",
    "decom",
    "decommissioned",
    "dead",
    "defekt",
    "legacy",
    "new",
    "old",
    "orig",
    "replaced",
    "retired",
    "spare",
    "temp",
    "tmp",
    "unused",
];

/// A computer that only a directory knows, and an asset that no directory knows, of nearly the same name. Prints as a
/// sentence.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// The asset of the computer.
    pub computer: AssetId,
    /// The computer's name.
    pub computer_name: String,
    /// The other asset.
    pub asset: AssetId,
    /// Its name, as it was written.
    pub asset_name: String,
    difference: Difference,
}

impl NearMiss {
    /// In what the names differ, as a sentence without a full stop.
    pub fn difference(&self) -> String {
        self.difference.to_string()
    }
}

/// In what two names differ.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub(super) enum Difference {
    /// Another separator between the words, or none.
    Separators,
    /// Two neighbouring letters changed places.
    Transposed,
    /// A letter too many, too few, or another one.
    OneLetter,
    /// Somebody wrote a remark behind the name.
    Remark,
}

/// Collects names, asset by asset, and finds those that are near. Takes time in proportion to the number of names.
#[derive(Debug)]
pub(crate) struct NearMisses<'a> {
    directories: &'a KnownDirectories,
    /// Computers that only a directory knows.
    computers: Vec<(AssetId, Computer, String)>,
    /// Names of assets that no directory knows, as they were written.
    scanned: Vec<(Candidate, String)>,
}

impl<'a> NearMisses<'a> {
    /// None yet, in an inventory of these directories.
    pub(crate) fn new(directories: &'a KnownDirectories) -> Self {
        Self { directories, computers: Vec::new(), scanned: Vec::new() }
    }

    /// Looks at an asset.
    pub(crate) fn add(&mut self, asset: &Asset) {
        let objects = || asset.parts.iter().filter(|part| part.object.is_some());
        if objects().next().is_none() {
            let candidate = Candidate::of(asset);
            let names = asset.live_names().map(|name| name.to_unicode().into_owned());
            let written = asset.parts.iter().flat_map(|part| part.attributes.values("name"));
            let names: BTreeSet<String> = names.chain(written.map(str::to_owned)).collect();
            self.scanned.extend(names.into_iter().map(|name| (candidate.clone(), name)));
        } else if objects().count() == asset.parts.len() {
            let present = objects().filter(|part| part.presence.is_present());
            for computer in present.filter_map(|part| self.directories.computer(asset, part)) {
                let shorts: BTreeSet<String> = computer.names.iter().map(short).collect();
                let named = shorts.into_iter().map(|name| (asset.id, computer.clone(), name));
                self.computers.extend(named);
            }
        }
    }

    /// The pairs, in order of their ids, each once.
    pub(crate) fn find(&self) -> Vec<NearMiss> {
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, (_, _, name)) in self.computers.iter().enumerate() {
            spellings(name).into_iter().for_each(|key| index.entry(key).or_default().push(place));
        }
        let mut found: BTreeMap<(AssetId, AssetId), NearMiss> = BTreeMap::new();
        for (candidate, written) in &self.scanned {
            let Some((name, remark)) = parts_of(written) else { continue };
            let keys = spellings(&name).into_iter();
            let places: BTreeSet<usize> =
                keys.filter_map(|key| index.get(&key)).flatten().copied().collect();
            let mut near: Vec<NearMiss> = places
                .into_iter()
                .filter_map(|place| self.near(place, candidate, written, &name, remark))
                .collect();
            near.sort_by_key(|miss| (miss.difference, miss.computer));
            near.truncate(MOST_OWNERS);
            for miss in near {
                found.entry((miss.computer, miss.asset)).or_insert(miss);
            }
        }
        found.into_values().collect()
    }

    fn near(
        &self,
        place: usize,
        candidate: &Candidate,
        written: &str,
        name: &str,
        remark: bool,
    ) -> Option<NearMiss> {
        let (id, computer, own) = self.computers.get(place)?;
        let difference = match difference(own, name) {
            Some(difference) if !remark => difference,
            None if remark && own == name => Difference::Remark,
            _ => return None,
        };
        let is_one = are_domains_one(computer, own, &candidate.whole, name);
        is_one.then(|| NearMiss {
            computer: *id,
            computer_name: computer.name.to_string(),
            asset: candidate.asset,
            asset_name: written.to_owned(),
            difference,
        })
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (computer, asset) = (Printable(&self.computer_name), Printable(&self.asset_name));
        let Self { computer: own, asset: other, difference, .. } = self;
        write!(f, "{computer} ({own}) and {asset} ({other}): {difference}")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Separators => "only what separates the words differs",
            Self::Transposed => "two neighbouring letters changed places",
            Self::OneLetter => "one letter differs",
            Self::Remark => "a remark stands behind the name",
        })
    }
}

fn short(name: &Hostname) -> String {
    let name = name.to_unicode();
    name.split('.').next().unwrap_or_default().to_lowercase()
}

/// The short name that a text begins with, and whether a remark follows it. Nothing if the text is the whole of a name
/// without one, and says no more: that name is compared itself.
fn parts_of(written: &str) -> Option<(String, bool)> {
    let text = written.trim().to_lowercase();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name = text.split(|c| !is_name(c)).next().filter(|name| !name.is_empty())?;
    let rest = text.get(name.len()..).unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with('.') {
        return Some((name.to_owned(), true));
    }
    let (before, word) = name.rsplit_once(['-', '_']).unwrap_or((name, ""));
    match REMARKS.contains(&word) {
        true => Some((before.trim_end_matches(['-', '_']).to_owned(), true)),
        false => Some((name.to_owned(), false)),
    }
}

/// Keys of which near names share at least one: the name without separators, and that without any one of its letters.
fn spellings(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> = joined(name).chars().collect();
    let mut keys: BTreeSet<String> = (0..letters.len())
        .map(|left_out| {
            let rest = letters.iter().enumerate().filter(|(n, _)| *n != left_out);
            rest.map(|(_, letter)| *letter).collect()
        })
        .collect();
    keys.insert(letters.into_iter().collect());
    keys
}

/// A name without separators, those between two numbers apart.
fn joined(name: &str) -> String {
    let mut joined = String::with_capacity(name.len());
    let mut pending = false;
    for c in name.chars() {
        if matches!(c, '-' | '_' | ' ') {
            pending = true;
            continue;
        }
        let divides = pending && c.is_numeric() && joined.ends_with(char::is_numeric);
        if divides {
            joined.push('-');
        }
        pending = false;
        joined.push(c);
    }
    joined
}

/// In what two names differ, if they are near.
fn difference(one: &str, other: &str) -> Option<Difference> {
    if one == other {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) =
        (joined(one).chars().collect(), joined(other).chars().collect());
    if a == b {
        return Some(Difference::Separators);
    }
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    // A letter that is there twice may have begun what is alike, and does not end it then.
    let ends = a.iter().skip(start).rev().zip(b.iter().skip(start).rev());
    let end = ends.take_while(|(x, y)| x == y).count();
    let rest = |letters: &[char]| -> Vec<char> {
        let until = letters.len().saturating_sub(end);
        letters.get(start..until).unwrap_or_default().to_vec()
    };
    let word = word_at(&a, start).max(word_at(&b, start));
    match (rest(&a).as_slice(), rest(&b).as_slice()) {
        ([x, y], [v, w]) if x == w && y == v => {
            let are_letters = x.is_alphabetic() && y.is_alphabetic();
            (are_letters && word >= SHORT_WORD).then_some(Difference::Transposed)
        }
        ([x], [y]) if are_alike(*x, *y) && word >= LONG_WORD => Some(Difference::OneLetter),
        ([x], []) | ([], [x]) if x.is_alphabetic() && word >= LONG_WORD => {
            Some(Difference::OneLetter)
        }
        _ => None,
    }
}

/// Whether one letter may have been written for another: two letters, or a number that looks like one.
fn are_alike(one: char, other: char) -> bool {
    let pairs = [('0', 'o'), ('1', 'l'), ('1', 'i'), ('5', 's'), ('8', 'b')];
    (one.is_alphabetic() && other.is_alphabetic())
        || pairs.contains(&(one, other))
        || pairs.contains(&(other, one))
}

/// How many letters the word has that a place is in, or that ends there.
fn word_at(letters: &[char], place: usize) -> usize {
    let is_letter = |c: &&char| c.is_alphabetic();
    let before = letters.iter().take(place).rev().take_while(is_letter).count();
    before + letters.iter().skip(place).take_while(is_letter).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(computer: &str, written: &str) -> Option<Difference> {
        let (name, remark) = parts_of(written)?;
        let own = computer.to_lowercase();
        match difference(&own, &name) {
            Some(difference) if !remark => Some(difference),
            None if remark && own == name => Some(Difference::Remark),
            _ => None,
        }
    }

    #[test]
    fn near_names_are_told_with_their_difference() {
        use Difference::*;
        for (computer, written, difference) in [
            ("SRV-DB1", "SRV_DB1", Separators),
            ("SRV-DB1", "srvdb1", Separators),
            ("SRV-DB1", "srv-db-1", Separators),
            ("MAIL-BER1", "mail-bre1", Transposed),
            ("STORAGE1", "storag1", OneLetter),
            ("STORAGE1", "storaga1", OneLetter),
            ("ORACLE1", "0racle1", OneLetter),
            ("MÜNCHEN1", "munchen1", OneLetter),
            ("STORAGE1", "storrage1", OneLetter),
            ("STORRAGE1", "storage1", OneLetter),
            ("ABRAHAM", "abraaham", OneLetter),
            ("SRV-DB1", "srv-db1 (old rack)", Remark),
            ("SRV-DB1", "srv-db1, room 4", Remark),
            ("SRV-DB1", "srv-db1_old", Remark),
        ] {
            assert_eq!(told(computer, written), Some(difference), "{computer} {written}");
        }
    }

    #[test]
    fn series_and_short_words_are_not_near() {
        for (computer, written) in [
            ("SRV-DB1", "srv-db2"),
            ("SRV-DB1", "srv-db11"),
            ("SRV-DB12", "srv-db21"),
            ("SRV-DB1A", "srv-db1b"),
            ("WEB1", "wep1"),
            ("PC-0017", "pc-0071"),
            ("APP", "ap"),
            ("LAB-1-2", "lab-12"),
            ("SQL-BER1", "sql-par1"),
            ("SRV-DB1", "srv-db1.partner.example.com"),
            ("SRV-A1X", "srv-1ax"),
            ("MAIL-ABX1", "mail-cax1"),
            ("MAIL-ABX1", "mail-bcx1"),
            ("STORAGEX", "storage1"),
            ("STORAGE1", "storage"),
        ] {
            assert_eq!(told(computer, written), None, "{computer} {written}");
        }
    }

    #[test]
    fn near_names_share_a_spelling() {
        for (one, other) in
            [("storage1", "storrage1"), ("mail-ber1", "mial-ber1"), ("srv-db1", "srvdb1")]
        {
            assert!(!spellings(one).is_disjoint(&spellings(other)), "{one} {other}");
        }
        let all: Vec<String> = spellings("db-1").into_iter().collect();
        assert_eq!(all, ["b1", "d1", "db", "db1"]);
        assert!(spellings("mail1").is_disjoint(&spellings("web1")));
    }
}
