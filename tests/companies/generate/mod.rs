//! Makes up companies: the same for the same seed.

pub(crate) mod by_names;
pub(crate) mod company;
mod entry;
pub(crate) mod export;
pub(crate) mod kinds;
pub(crate) mod near;

use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::ObjectGuid;

use self::by_names::ByNames;
use self::company::{Account, Company, Domain, Forest, Scan, ScanId, Side, Truth, domains};
use self::entry::{Entry, System, netbios};

/// A kind of case, and how often it comes.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Of so many cases in all as the weights of all kinds add up to.
    pub(crate) weight: usize,
    /// Whether it takes more than one look at two names.
    pub(crate) is_hard: bool,
    /// Whether what was scanned is out of date, or was written down wrong.
    pub(crate) is_stale: bool,
    /// What names alone tell.
    pub(crate) by_names: ByNames,
    pub(crate) make: fn(&mut Generator),
}

impl Kind {
    /// A hard one, of which names tell as much as everything.
    const fn new(name: &'static str, weight: usize, make: fn(&mut Generator)) -> Self {
        let by_names = by_names::as_labelled;
        Self { name, weight, is_hard: true, is_stale: false, by_names, make }
    }

    const fn easy(mut self) -> Self {
        self.is_hard = false;
        self
    }

    const fn stale(mut self) -> Self {
        self.is_stale = true;
        self
    }

    const fn by_names(mut self, by_names: ByNames) -> Self {
        self.by_names = by_names;
        self
    }
}

/// A company of at least so many computer accounts.
pub(crate) fn company(seed: u64, accounts: usize, forest: Forest) -> Company {
    let kinds: Vec<&Kind> = kinds::all().collect();
    let mut generator = Generator::new(seed, forest);
    // Rare kinds first, so that a small company has them all.
    kinds.iter().for_each(|kind| generator.make(kind));
    while generator.company.accounts.len() < accounts {
        let kind = generator.draw(&kinds);
        generator.make(kind);
    }
    generator.company
}

pub(crate) struct Generator {
    pub(crate) random: SplitMix,
    pub(crate) company: Company,
    pub(crate) domains: [Domain; 2],
    kind: &'static str,
    number: usize,
}

impl Generator {
    fn new(seed: u64, forest: Forest) -> Self {
        let company = Company {
            forest,
            accounts: Vec::new(),
            scans: Vec::new(),
            near_misses: Vec::new(),
            neighbours: Vec::new(),
        };
        let random = SplitMix::new(seed);
        Self { random, company, domains: domains(forest), kind: "", number: 0 }
    }

    /// One of these kinds by its weight.
    fn draw<'k>(&mut self, kinds: &[&'k Kind]) -> &'k Kind {
        let mut ticket = self.random.below(kinds.iter().map(|kind| kind.weight).sum());
        let drawn = kinds.iter().find(|kind| match ticket.checked_sub(kind.weight) {
            Some(left) => {
                ticket = left;
                false
            }
            None => true,
        });
        drawn.unwrap()
    }

    fn make(&mut self, kind: &Kind) {
        self.kind = kind.name;
        (kind.make)(self);
    }

    /// A number that nothing else in the company has.
    pub(crate) fn number(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    /// A short name that nothing else in the company has, of fewer than 15 characters.
    pub(crate) fn name(&mut self) -> String {
        let role = self.pick(&["sql", "web", "app", "file", "mail", "pc", "nb"]);
        let site = self.pick(&["ber", "lyo", "por", "aus", "osl"]);
        format!("{role}-{site}{}", self.number())
    }

    /// A short name of more than 15 characters, of which the first 15 are its own, less what tells it from
    /// others of the same beginning.
    pub(crate) fn long_name(&mut self) -> String {
        let site = self.pick(&["ber", "lyo", "por", "aus", "osl"]);
        format!("{site}{:06}-reporting", self.number())
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        *self.random.pick(from).unwrap()
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.random.below(chances) == 0
    }

    pub(crate) fn side(&mut self) -> Side {
        self.random.below(2)
    }

    pub(crate) fn guid(&mut self) -> ObjectGuid {
        self.random.guid()
    }

    pub(crate) fn fqdn(&self, side: Side, name: &str) -> String {
        format!("{name}.{}", self.domains[side].dns)
    }

    /// A live computer as a join makes it.
    pub(crate) fn entry(&mut self, side: Side, name: &str) -> Entry {
        let system = if self.one_in(5) { System::Linux } else { System::Windows };
        let used = Some(self.random.below(30) as u32);
        let entry = Entry {
            side,
            guid: self.guid(),
            account: netbios(name),
            dns: Some(self.fqdn(side, name)),
            system,
            attributes: Vec::new(),
            os: "",
            is_disabled: false,
            used,
        };
        self.running(entry, system)
    }

    /// The same computer with another system.
    pub(crate) fn running(&mut self, mut entry: Entry, system: System) -> Entry {
        entry.system = system;
        entry.os = match system {
            System::Windows => self.pick(&[
                "Windows 11 Enterprise",
                "Windows 10 Pro",
                "Windows Server 2022 Standard",
                "Windows Server 2019 Datacenter",
            ]),
            System::Linux => self.pick(&["pc-linux-gnu", "Ubuntu 22.04", "Rocky Linux 9.3"]),
        };
        entry
    }

    /// The same computer, unused for years, and disabled or not.
    pub(crate) fn dead(&mut self, mut entry: Entry) -> Entry {
        entry.is_disabled = self.one_in(2);
        entry.used = Some(400 + self.random.below(1500) as u32);
        entry
    }

    /// What a scanner calls a system.
    pub(crate) fn scanned_os(&mut self, system: System) -> &'static str {
        match system {
            System::Windows => self.pick(&[
                "Microsoft Windows 11 23H2",
                "Windows Server 2022",
                "Microsoft Windows 10",
            ]),
            System::Linux => {
                self.pick(&["Debian GNU/Linux 12", "Rocky Linux 9.3", "Ubuntu Linux 22.04"])
            }
        }
    }

    /// A scan of last week that shows a computer under these names; of its system, or of an unknown one.
    pub(crate) fn scan_of<N: Into<String>>(
        &mut self,
        entry: &Entry,
        names: impl IntoIterator<Item = N>,
    ) -> Scan {
        let os = (!self.one_in(3)).then(|| self.scanned_os(entry.system));
        Scan::named(names).with_os(os).seen(self.random.below(8) as u32)
    }

    /// Puts a scan into the company.
    pub(crate) fn found(&mut self, scan: Scan) -> ScanId {
        self.company.scans.push(scan);
        self.company.scans.len() - 1
    }

    /// A scan that shows a computer under these names, in the company.
    pub(crate) fn scanned<N: Into<String>>(
        &mut self,
        entry: &Entry,
        names: impl IntoIterator<Item = N>,
    ) -> ScanId {
        let scan = self.scan_of(entry, names);
        self.found(scan)
    }

    /// Puts an account into the company that both visits find.
    pub(crate) fn stays(&mut self, entry: &Entry, truth: Truth) {
        self.changes(entry.side, Some(entry), Some(entry), truth);
    }

    /// Puts an account into the company that differs from visit to visit.
    pub(crate) fn changes(
        &mut self,
        side: Side,
        before: Option<&Entry>,
        after: Option<&Entry>,
        truth: Truth,
    ) {
        let [before, after] = [before, after].map(|entry| entry.map(|e| e.build(&self.domains)));
        let account = Account { kind: self.kind, side, before, after, truth };
        self.company.accounts.push(account);
    }
}
