//! Names that are nearly the same: no evidence, but worth showing to a person.
//!
//! A list of suggestions (near misses between computers and assets that nothing else explains) must have every pair
//! of [`PAIRS`] and none of [`NO_PAIRS`].

use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::ObjectGuid;

use super::company::ScanId;

/// In what two names differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Difference {
    /// Another separator between the words, or none.
    Separators,
    /// Two neighbouring letters changed places.
    Transposed,
    /// A letter too many, too few, or another one.
    OneLetter,
    /// Somebody wrote a remark behind the name.
    Remark,
}

/// A computer and a scanned asset whose names are alike.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NearMiss {
    pub(crate) object: ObjectGuid,
    pub(crate) computer: String,
    pub(crate) scan: ScanId,
    pub(crate) scanned: String,
    /// `None` if they are not to be suggested.
    pub(crate) difference: Option<Difference>,
}

/// The name of a computer, the name that a scan shows, and what a suggestion must say.
pub(crate) const PAIRS: &[(&str, &str, Difference)] = &[
    ("SRV-DB1", "SRV_DB1", Difference::Separators),
    ("SRV-DB1", "srvdb1", Difference::Separators),
    ("SRV-DB1", "srv-db-1", Difference::Separators),
    ("WEBFRONT", "web-front", Difference::Separators),
    ("MAIL-BER1", "mial-ber1", Difference::Transposed),
    ("MAIL-BER1", "mail-bre1", Difference::Transposed),
    ("PAYROLL", "payrlol", Difference::Transposed),
    ("STORAGE1", "storag1", Difference::OneLetter),
    ("STORAGE1", "storrage1", Difference::OneLetter),
    ("STORAGE1", "storaga1", Difference::OneLetter),
    ("ORACLE1", "0racle1", Difference::OneLetter),
    ("MÜNCHEN1", "munchen1", Difference::OneLetter),
    ("SRV-DB1", "srv-db1 (old rack)", Difference::Remark),
    ("SRV-DB1", "SRV-DB1 - decommissioned", Difference::Remark),
    ("SRV-DB1", "srv-db1 [backup]", Difference::Remark),
    ("SRV-DB1", "srv-db1, room 4", Difference::Remark),
    ("SRV-DB1", "srv-db1_old", Difference::Remark),
];

/// Names that look alike and are not near: series are numbered, and short words differ by a letter.
pub(crate) const NO_PAIRS: &[(&str, &str)] = &[
    ("SRV-DB1", "srv-db2"),
    ("SRV-DB1", "srv-db11"),
    ("SRV-DB12", "srv-db21"),
    ("SRV-DB1A", "srv-db1b"),
    ("WEB1", "wep1"),
    ("PC-0017", "pc-0071"),
    ("APP", "ap"),
    ("SRV-DB1", "srv-db1.partner.example.com"),
    ("LAB-1-2", "lab-12"),
    ("SQL-BER1", "sql-par1"),
];

impl Difference {
    pub(crate) const ALL: [Self; 4] =
        [Self::Separators, Self::Transposed, Self::OneLetter, Self::Remark];

    /// Another spelling of a name that begins with four letters, no two of them alike, and has a hyphen.
    pub(crate) fn apply(self, name: &str, random: &mut SplitMix) -> String {
        match self {
            Self::Separators => name.replace('-', random.pick(&["_", "", "--"]).unwrap()),
            Self::Transposed => {
                let mut letters: Vec<char> = name.chars().collect();
                let first = random.below(3);
                letters.swap(first, first + 1);
                letters.into_iter().collect()
            }
            Self::OneLetter => {
                let (before, after) = name.split_at(random.below(3) + 1);
                let (letter, after) = after.split_at(1);
                let doubled = letter.repeat(2);
                let instead = ["", "q", &doubled][random.below(3)];
                format!("{before}{instead}{after}")
            }
            Self::Remark => {
                let remarks = [" (old rack)", " - decommissioned", " [backup]", ", room 4"];
                format!("{name}{}", random.pick(&remarks).unwrap())
            }
        }
    }
}
