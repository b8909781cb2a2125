//! Whether two names overlap, and whether their domains are one: the one place for that.

use super::candidate::Naming;
use super::name_index::beginning;
use super::{Computer, Evidence, LostBecause};
use crate::name::{Hostname, is_authoritative_domain};

/// The names of one computer that are evidence, each once and in order.
#[derive(Debug, Default)]
pub(super) struct DistinctiveNames<'a> {
    pub(super) full: Vec<&'a Hostname>,
    pub(super) short: Vec<&'a str>,
    pub(super) truncated: Vec<Truncation<'a>>,
}

/// A name of 15 characters and the only longer one that begins with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Truncation<'a> {
    pub(super) cut: &'a str,
    pub(super) whole: &'a str,
    /// Whether it is the computer's name that is cut, or else the asset's.
    pub(super) computer_is_cut: bool,
}

impl<'a> DistinctiveNames<'a> {
    /// All names of a computer, as if nobody else had one of them, and none was ever cut.
    pub(super) fn whole(computer: &'a Computer) -> Self {
        let full = computer.names.iter().filter(|name| name.domain().is_some());
        let mut whole = Self {
            full: full.chain(computer.default_names()).collect(),
            short: computer.names.iter().map(Hostname::short).collect(),
            truncated: Vec::new(),
        };
        whole.sort();
        whole
    }

    /// All names of a computer, as if nobody else had one of them.
    pub(super) fn all(computer: &'a Computer, naming: &'a Naming) -> Self {
        let mut all = Self::whole(computer);
        let theirs = naming.names.iter().map(Hostname::short);
        all.truncated = theirs.flat_map(|name| truncations(name, computer)).collect();
        all.sort();
        all
    }

    /// What a computer has of one name, as if nobody else had it: the whole of it, what it was cut from, or what was cut
    /// from it.
    pub(super) fn by(name: &'a str, computer: &'a Computer) -> Self {
        let is_full = |own: &&Hostname| own.domain().is_some() && own.as_str() == name;
        let shorts = computer.names.iter().map(Hostname::short);
        let mut by = Self {
            full: computer.names.iter().filter(is_full).collect(),
            short: shorts.filter(|own| *own == name).collect(),
            truncated: truncations(name, computer).collect(),
        };
        by.sort();
        by
    }

    /// Brings the names into order, each once.
    pub(super) fn sort(&mut self) {
        self.full.sort_unstable();
        self.full.dedup();
        self.short.sort_unstable();
        self.short.dedup();
        self.truncated.sort_unstable();
        self.truncated.dedup();
    }
}

impl Truncation<'_> {
    /// The computer's name and the asset's.
    fn sides(&self) -> (&str, &str) {
        if self.computer_is_cut { (self.cut, self.whole) } else { (self.whole, self.cut) }
    }

    pub(super) fn of_asset(&self) -> &str {
        self.sides().1
    }
}

/// What a computer's names may be the beginnings of, or what may be theirs, where an asset has this name.
fn truncations<'a>(
    name: &'a str,
    computer: &'a Computer,
) -> impl Iterator<Item = Truncation<'a>> + use<'a> {
    computer.names.iter().map(Hostname::short).filter_map(move |own| {
        let is_cut = own.len() < name.len();
        let (cut, whole) = if is_cut { (own, name) } else { (name, own) };
        let may_be = if is_cut { may_be_cut } else { may_have_been_cut };
        let is_beginning = cut.len() < whole.len() && beginning(whole) == Some(cut);
        (is_beginning && may_be(cut, computer)).then_some(Truncation {
            cut,
            whole,
            computer_is_cut: is_cut,
        })
    })
}

/// What the names of a computer say about an asset that is called so.
pub(super) fn fit(
    computer: &Computer,
    distinctive: &DistinctiveNames<'_>,
    naming: &Naming,
) -> Result<Evidence, LostBecause> {
    let all = naming.names.iter().chain(&naming.default_names);
    if let Some(name) = all.filter(|name| distinctive.full.binary_search(name).is_ok()).min() {
        return Ok(Evidence::Full { name: name.clone() });
    }
    let mut best = Err(LostBecause::NoEvidence);
    for name in distinctive.short.iter().filter(|name| has_short(name, &naming.names)) {
        let relation = relation(computer, name, naming, name);
        keep_better(&mut best, relation.map(|domain| of_short(name, domain)));
    }
    for truncation in &distinctive.truncated {
        let (own, other) = truncation.sides();
        let is_there = if truncation.computer_is_cut {
            has_short(other, &naming.names)
        } else {
            is_bare(other, &naming.names) && !has_longer(other, &naming.names)
        };
        if is_there {
            let relation = relation(computer, own, naming, other);
            let (cut, whole) = (truncation.cut.to_owned(), truncation.whole.to_owned());
            keep_better(&mut best, relation.map(|_| Evidence::Truncated { cut, whole }));
        }
    }
    best
}

/// Whether a short name of 15 characters may be what NetBIOS left of a longer one of the computer: nothing says that it
/// is whole, and the computer has no longer one, which says more.
pub(super) fn may_be_cut(short: &str, computer: &Computer) -> bool {
    is_bare(short, &computer.names) && !has_longer(short, &computer.names)
}

/// Whether the computer may be called so by NetBIOS: nothing is known of another NetBIOS name of it.
pub(super) fn may_have_been_cut(cut: &str, computer: &Computer) -> bool {
    let mut bare = computer.names.iter().filter(|name| name.domain().is_none());
    bare.all(|name| name.short() == cut || beginning(name.short()).is_some_and(|c| c == cut))
}

/// Whether nothing tells the domain of a computer's name and that of an asset's apart.
pub(super) fn are_domains_one(
    computer: &Computer,
    own: &str,
    naming: &Naming,
    other: &str,
) -> bool {
    relation(computer, own, naming, other).is_ok()
}

/// Whether the domains of two names that agree agree as well: the domain that both are in, `None` if
/// nothing contradicts, an error if something does.
///
/// A computer is in the domain of its directory, and in the domains that its names say; where all of these are other
/// domains of the forest, the name is theirs alone: they may well have another computer of it. An asset is
/// where its name says; where its name does not say, it is where it is said to be, or where its other names are. A
/// domain that anybody may use contradicts nothing, nor does a suffix that stands for the directory's domain.
fn relation(
    computer: &Computer,
    own: &str,
    naming: &Naming,
    other: &str,
) -> Result<Option<String>, LostBecause> {
    let home = &computer.domain;
    let mine: Vec<&str> = domains_of(own, &computer.names)
        .filter(|domain| home.is(domain) || is_authoritative_domain(domain))
        .collect();
    let is_away = !mine.is_empty() && mine.iter().all(|domain| home.is_beside(domain));
    let is_mine = |domain: &&str| mine.contains(domain) || (!is_away && home.is(domain));
    let speaks = |domain: &str| {
        let is_told = is_authoritative_domain(domain) && is_comparable(domain, computer);
        is_told && !home.has_suffix(domain)
    };
    if let Some(domain) = first_of(domains_of(other, &naming.names).filter(is_mine)) {
        return Ok(Some(domain.to_owned()));
    }
    let all = || naming.names.iter().filter_map(Hostname::domain);
    let stands_elsewhere = domains_of(other, &naming.names).any(speaks);
    let stated = naming.domains.iter().map(String::as_str);
    let member_of = stated.clone().chain(all().filter(|_| !stands_elsewhere));
    if let Some(domain) = first_of(member_of.filter(is_mine)) {
        return Ok(Some(domain.to_owned()));
    }
    let has_domain = !mine.is_empty() || home.names().next().is_some();
    match first_of(all().chain(stated).filter(|domain| has_domain && speaks(domain))) {
        Some(domain) => Err(LostBecause::AnotherDomain(domain.to_owned())),
        None => Ok(None),
    }
}

/// Of several domains the one to name, in whatever order an asset has them: a DNS name before one of NetBIOS.
fn first_of<'d>(domains: impl Iterator<Item = &'d str>) -> Option<&'d str> {
    domains.min_by_key(|domain| (!domain.contains('.'), *domain))
}

/// A NetBIOS domain says nothing about a computer whose own is not known.
fn is_comparable(domain: &str, computer: &Computer) -> bool {
    domain.contains('.') || computer.domain.netbios().is_some()
}

fn of_short(name: &str, domain: Option<String>) -> Evidence {
    let name = name.to_owned();
    match domain {
        Some(domain) => Evidence::Qualified { name, domain },
        None => Evidence::Short { name },
    }
}

fn domains_of<'b>(short: &'b str, names: &'b [Hostname]) -> impl Iterator<Item = &'b str> {
    names.iter().filter(move |name| name.short() == short).filter_map(Hostname::domain)
}

fn has_short(short: &str, names: &[Hostname]) -> bool {
    names.iter().any(|name| name.short() == short)
}

/// Whether these names have the short name, and never with a domain.
fn is_bare(short: &str, names: &[Hostname]) -> bool {
    has_short(short, names) && domains_of(short, names).next().is_none()
}

fn has_longer(cut: &str, names: &[Hostname]) -> bool {
    names.iter().any(|name| name.short().len() > cut.len() && name.short().starts_with(cut))
}

fn keep_better(best: &mut Result<Evidence, LostBecause>, other: Result<Evidence, LostBecause>) {
    let is_better = match (&*best, &other) {
        (Ok(best), Ok(other)) => other.level() < best.level(),
        (Err(_), Ok(_)) => true,
        (Err(best), Err(_)) => *best == LostBecause::NoEvidence,
        (Ok(_), Err(_)) => false,
    };
    if is_better {
        *best = other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{DirectoryDomain, Level};
    use crate::value::ObjectGuid;

    const CUT: &str = "averylonghostna";
    const WHOLE: &str = "averylonghostname";

    fn hosts(names: &[&str]) -> Vec<Hostname> {
        names.iter().map(|name| Hostname::parse(name).unwrap()).collect()
    }

    fn computer(names: &[&str]) -> Computer {
        let domain = DirectoryDomain::new(Some("corp.example"), Some("CORP"))
            .within(["dhcp.example.net"], []);
        Computer::named(ObjectGuid::from_bytes([1; 16]), hosts(names), domain)
    }

    #[test]
    fn the_names_of_a_computer_are_in_order_and_each_is_there_once() {
        let computer =
            computer(&["web1.lan", "web1.corp.example", "db1", "web1", "pc.corp.example"]);
        let whole = DistinctiveNames::whole(&computer);
        let full: Vec<&str> = whole.full.iter().map(|name| name.as_str()).collect();
        assert_eq!(full, ["pc.corp.example", "web1.corp.example", "web1.lan"]);
        assert_eq!(whole.short, ["db1", "web1"]);
        assert_eq!(whole.truncated, []);
    }

    #[test]
    fn of_one_name_a_computer_has_the_whole_of_it_and_what_may_be_cut() {
        type Row<'a> = (&'a [&'a str], &'a str, &'a [&'a str], &'a [&'a str], Option<bool>);
        let web1 = &["web1.corp.example", "web1", "db1.corp.example"][..];
        let rows: &[Row<'_>] = &[
            (web1, "web1.corp.example", &["web1.corp.example"], &[], None),
            (web1, "web1", &[], &["web1"], None),
            (web1, "db1", &[], &["db1"], None),
            (web1, "mail1", &[], &[], None),
            (&[CUT], CUT, &[], &[CUT], None),
            (&[CUT], WHOLE, &[], &[], Some(true)),
            (&["averylonghostname.corp.example"], CUT, &[], &[], Some(false)),
            // A longer name says more than a cut one, and NetBIOS may call it otherwise.
            (&[CUT, "averylonghostnames"], WHOLE, &[], &[], None),
            (&["averylonghostname.corp.example", "other"], CUT, &[], &[], None),
            (&["averylonghostnam"], "averylonghostname", &[], &[], None),
            (&["averylonghost"], WHOLE, &[], &[], None),
        ];
        for (names, name, full, short, is_cut) in rows {
            let computer = computer(names);
            let by = DistinctiveNames::by(name, &computer);
            let told: Vec<&str> = by.full.iter().map(|name| name.as_str()).collect();
            assert_eq!((told, &by.short[..]), (full.to_vec(), *short), "{names:?} {name}");
            let cut = is_cut.map(|computer_is_cut| {
                let (cut, whole) = (CUT, WHOLE);
                Truncation { cut, whole, computer_is_cut }
            });
            assert_eq!(by.truncated, Vec::from_iter(cut), "{names:?} {name}");
        }
    }

    #[test]
    fn of_several_names_that_agree_the_better_speaks_and_of_equal_ones_the_first() {
        let fitting = |names: &[&str], of_asset: &[&str], domains: &[&str]| {
            let computer = computer(names);
            let domains = domains.iter().map(|&domain| domain.to_owned()).collect();
            let naming = Naming { names: hosts(of_asset), domains, ..Naming::default() };
            fit(&computer, &DistinctiveNames::all(&computer, &naming), &naming)
        };
        let short = |name: &str| -> Result<Evidence, LostBecause> {
            Ok(Evidence::Short { name: name.to_owned() })
        };
        let qualified = |name: &str, domain: &str| -> Result<Evidence, LostBecause> {
            let (name, domain) = (name.to_owned(), domain.to_owned());
            Ok(Evidence::Qualified { name, domain })
        };
        assert_eq!(fitting(&["beta", "alpha"], &["beta", "alpha"], &[]), short("alpha"));
        // By the suffix in which it stands it is in the domain of the asset, and by its other name it need not be.
        let suffix = "dhcp.example.net";
        let names = ["alpha", "beta.dhcp.example.net"];
        assert_eq!(fitting(&names, &["alpha"], &[suffix]), short("alpha"));
        assert_eq!(fitting(&names, &["alpha", "beta"], &[suffix]), qualified("beta", suffix));
        // A DNS name of the domain says more than one of NetBIOS.
        let both = ["corp", "corp.example"];
        assert_eq!(fitting(&["alpha"], &["alpha"], &both), qualified("alpha", "corp.example"));
        let level =
            |names: &[&str], of_asset: &[&str]| fitting(names, of_asset, &[]).unwrap().level();
        assert_eq!(level(&["averylonghostname.corp.example"], &[CUT]), Level::Truncated);
    }
}
