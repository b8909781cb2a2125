//! A company as two exports show it, by names alone, and the truth beside them: three CSV files.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::by_names::Label;
use super::company::{Account, Forest, Scan, Visit};
use super::{Generator, Kind, kinds};

/// The rows of the three files.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Export {
    /// `id,name`: an asset has as many rows as names. The id says which of the scanners found it.
    pub(crate) assets: Vec<[String; 2]>,
    /// `guid,fqdn,cn`, of both domains, in order.
    pub(crate) hosts: Vec<[String; 3]>,
    /// `guid,asset,kind`: no asset where nothing shows one, `?` where nobody can say; and the kind of case.
    pub(crate) truth: Vec<[String; 3]>,
    scans: usize,
}

/// The files of a company of at least so many computers.
pub(crate) fn export(seed: u64, hosts: usize, forest: Forest) -> Export {
    let kinds: Vec<&Kind> = kinds::all().collect();
    let (mut generator, mut export) = (Generator::new(seed, forest), Export::default());
    kinds.iter().for_each(|kind| export.show(&mut generator, kind));
    while export.hosts.len() < hosts {
        let kind = generator.draw(&kinds);
        export.show(&mut generator, kind);
    }
    // The order in which they were made up would tell who belongs to whom.
    export.hosts.sort_unstable();
    export.truth.sort_unstable();
    export
}

impl Export {
    /// Writes `assets.csv`, `hosts.csv` and `truth.csv` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        write(&folder.join("assets.csv"), ["id", "name"], &self.assets)?;
        write(&folder.join("hosts.csv"), ["guid", "fqdn", "cn"], &self.hosts)?;
        write(&folder.join("truth.csv"), ["guid", "asset", "kind"], &self.truth)
    }

    /// Adds a case of a kind, as the second visit finds it, unless names would show it in a false light.
    fn show(&mut self, generator: &mut Generator, kind: &Kind) {
        generator.make(kind);
        let accounts = std::mem::take(&mut generator.company.accounts);
        let scans = std::mem::take(&mut generator.company.scans);
        generator.company.near_misses.clear();
        generator.company.neighbours.clear();
        let there = accounts.iter().filter(|account| account.at(Visit::Second).is_some());
        let labelled = there.map(|account| Some((account, (kind.by_names)(account, &scans)?)));
        let Some(labelled) = labelled.collect::<Option<Vec<_>>>() else { return };
        let ids = scans.iter().map(|scan| self.found(kind, scan)).collect::<Vec<_>>();
        for (account, label) in labelled {
            self.add(kind, account, label, &ids);
        }
    }

    fn found(&mut self, kind: &Kind, scan: &Scan) -> String {
        self.scans += 1;
        let scanner = match kind.is_stale {
            true => "stale",
            false if scan.is_bare() => "bare",
            false => "kept",
        };
        let id = format!("{scanner}-{}", self.scans);
        self.assets.extend(scan.names.iter().map(|name| [id.clone(), name.clone()]));
        id
    }

    fn add(&mut self, kind: &Kind, account: &Account, label: Label, ids: &[String]) {
        let Some(object) = account.at(Visit::Second) else { return };
        let guid = object.guid.to_string();
        let text = |name: &str| object.attributes.first(name).unwrap_or_default().to_owned();
        self.hosts.push([guid.clone(), text("dNSHostName"), text("cn")]);
        let asset = match label {
            Label::Is(scan) => ids[scan].clone(),
            Label::New => String::new(),
            Label::NobodyCanSay => "?".to_owned(),
        };
        self.truth.push([guid, asset, kind.name.to_owned()]);
    }
}

fn write<const N: usize>(path: &Path, header: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
    file.write_record(header)?;
    for row in rows {
        file.write_record(row)?;
    }
    file.flush()
}
