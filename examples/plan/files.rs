//! The CSV files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Trim};
use ldap_inventory::asset::{Asset, Claim, SourceRecord};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::merge::DirectoryComputers;
use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::value::{
    AssetId, Attributes, ObjectGuid, ObjectKind, OrganizationId, SiteId, SourceId, Timestamp,
};

use crate::exit::{Failure, Status};

/// The inventory, in the order in which the file first names the assets.
pub(crate) struct Assets {
    pub(crate) all: Vec<Asset>,
    /// Names that are no host names.
    pub(crate) left_out: usize,
    ids: Ids,
}

/// The computers.
pub(crate) struct Hosts {
    pub(crate) all: DirectoryComputers,
    ids: HashMap<ObjectGuid, String>,
}

/// What each computer is, by what the files call them.
pub(crate) struct Truth(HashMap<HostId, Label>);

/// What is true of a computer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Label {
    /// It is this asset.
    Asset(String),
    /// It is none of them.
    New,
    /// It may be one of several, or one of several may be it.
    NobodyCanSay,
}

/// What a file calls a computer: a GUID, however it is written, or any other text.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum HostId {
    Guid(ObjectGuid),
    Text(String),
}

/// What a file calls its rows, by the numbers that they have here.
#[derive(Default)]
struct Ids {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Assets {
    /// Reads a file with the headers `id` and `name`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let (organization, site, source) = (OrganizationId::new("plan")?, site()?, source("scan")?);
        let mut assets = Self { all: Vec::new(), left_out: 0, ids: Ids::default() };
        Rows::open(path, ["id", "name"])?.each(|[id, name]| {
            let number = assets.ids.number(id);
            if number == assets.all.len() {
                let id = AssetId::from_u128(number as u128 + 1);
                let mut asset = Asset::new(id, organization.clone(), site.clone());
                let record = SourceRecord::new(0, source.clone(), "@scan", Timestamp::MIN);
                asset.parts.push(record);
                assets.all.push(asset);
            }
            match (assets.all.get_mut(number), Hostname::parse(name)) {
                (Some(asset), Ok(name)) => {
                    asset.names.push(Claim::new(name, 0, None, Timestamp::MIN));
                }
                _ => assets.left_out += usize::from(!name.is_empty()),
            }
            Ok(())
        })?;
        Ok(assets)
    }

    /// What the file calls an asset; nothing for a new one.
    pub(crate) fn id(&self, asset: AssetId) -> &str {
        let number = usize::try_from(asset.as_u128()).ok().and_then(|n| n.checked_sub(1));
        number.and_then(|number| self.ids.texts.get(number)).map_or("", String::as_str)
    }

    /// The id of the first asset that is not in the file.
    pub(crate) fn first_new(&self) -> AssetId {
        AssetId::from_u128(self.all.len() as u128 + 1)
    }
}

impl Hosts {
    /// Reads a file with the headers `guid`, `fqdn` and `cn`. What is no GUID gets one that no other row has.
    pub(crate) fn read(path: &Path, domain: Option<&str>) -> Result<Self, Failure> {
        let computers = DirectoryComputers::new(source("ldap")?, site()?, Timestamp::MIN);
        let mut hosts = Self { all: computers.with_domain(domain, None), ids: HashMap::new() };
        let (mut rows, mut known) = (Vec::new(), HashSet::new());
        let mut places = Places::new()?;
        Rows::open(path, ["guid", "fqdn", "cn"])?.each(|[text, fqdn, cn]| {
            let id = HostId::read(text);
            if !known.insert(id.clone()) {
                return Err(format!("the guid {text:?} is there twice"));
            }
            let told = [("cn", cn), ("dNSHostName", fqdn)];
            let told: Attributes = told.into_iter().filter(|(_, text)| !text.is_empty()).collect();
            // Those of a domain that is known are in that one, whatever they are called.
            let place = places.of(if domain.is_some() { "" } else { fqdn });
            let place = place.map_err(|failure| failure.to_string())?;
            rows.push((id, text.to_owned(), place, told));
            Ok(())
        })?;
        let numbers = (0..=u128::MAX).rev().map(|n| ObjectGuid::from_bytes(n.to_be_bytes()));
        let mut free = numbers.filter(|guid| !known.contains(&HostId::Guid(*guid)));
        for (id, text, dn, told) in rows {
            let guid = if let HostId::Guid(guid) = id { Some(guid) } else { free.next() };
            let Some(guid) = guid else { break };
            hosts.ids.insert(guid, text);
            let mut host = DirectoryObject::new(ObjectKind::Computer, guid, dn);
            host.attributes = told;
            hosts.all.objects.push(host);
        }
        Ok(hosts)
    }

    /// What the file calls a computer.
    pub(crate) fn id(&self, guid: ObjectGuid) -> &str {
        self.ids.get(&guid).map_or("", String::as_str)
    }
}

/// Where computers stand in the directory. Of that no rule looks at more than the domain.
struct Places {
    nowhere: DistinguishedName,
    by_domain: HashMap<String, DistinguishedName>,
}

impl Places {
    fn new() -> Result<Self, Failure> {
        Ok(Self { nowhere: "CN=Computers".parse()?, by_domain: HashMap::new() })
    }

    /// In the domain that an FQDN tells, unless anybody may use that.
    fn of(&mut self, fqdn: &str) -> Result<DistinguishedName, Failure> {
        let (_, written) = fqdn.split_once('.').unwrap_or_default();
        if let Some(known) = self.by_domain.get(written) {
            return Ok(known.clone());
        }
        let name = Hostname::parse(fqdn).ok().filter(Hostname::has_authoritative_domain);
        let Some(domain) = name.as_ref().and_then(Hostname::domain) else {
            return Ok(self.nowhere.clone());
        };
        let labels = domain.split('.').map(|label| format!(",DC={label}"));
        let dn: DistinguishedName =
            format!("CN=Computers{}", labels.collect::<String>()).parse()?;
        Ok(self.by_domain.entry(written.to_owned()).or_insert(dn).clone())
    }
}

impl Truth {
    /// Reads a file with the headers `guid` and `asset`, at least one row of which is about one of these hosts.
    pub(crate) fn read(path: &Path, hosts: &Hosts) -> Result<Self, Failure> {
        let mut truth = Self(HashMap::new());
        Rows::open(path, ["guid", "asset"])?.each(|[guid, asset]| {
            match truth.0.insert(HostId::read(guid), Label::read(asset)) {
                None => Ok(()),
                Some(_) => Err(format!("the guid {guid:?} is there twice")),
            }
        })?;
        if hosts.ids.values().all(|host| truth.of(host).is_none()) {
            let sentence = format!("no row of {} is about one of the hosts", path.display());
            return Err(Failure::new(Status::Usage, sentence));
        }
        Ok(truth)
    }

    /// What is true of a computer; `None` where the truth says nothing of it.
    pub(crate) fn of(&self, host: &str) -> Option<&Label> {
        self.0.get(&HostId::read(host))
    }
}

impl Label {
    fn read(text: &str) -> Self {
        match text {
            "" => Self::New,
            "?" => Self::NobodyCanSay,
            asset => Self::Asset(asset.to_owned()),
        }
    }

    /// As the file says it.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Asset(asset) => Some(asset),
            Self::New => None,
            Self::NobodyCanSay => Some("?"),
        }
    }
}

impl HostId {
    fn read(text: &str) -> Self {
        text.parse::<ObjectGuid>().map_or_else(|_| Self::Text(text.to_owned()), Self::Guid)
    }
}

impl Ids {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len();
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

/// The rows of a CSV file, each as the columns that were asked for, in any order in the file.
struct Rows<const N: usize> {
    path: PathBuf,
    file: csv::Reader<std::fs::File>,
    columns: [usize; N],
}

impl<const N: usize> Rows<N> {
    fn open(path: &Path, names: [&str; N]) -> Result<Self, Failure> {
        let refuse = |reason: String| {
            Failure::new(Status::Usage, format!("{} cannot be read: {reason}", path.display()))
        };
        let reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_path(path);
        let mut file = reader.map_err(|error| refuse(error.to_string()))?;
        let headers = file.headers().map_err(|error| refuse(error.to_string()))?.clone();
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            let is_it = |header: &str| header.trim_start_matches('\u{feff}') == name;
            let found = headers.iter().position(is_it);
            *column = found.ok_or_else(|| refuse(format!("it has no column {name:?}")))?;
        }
        Ok(Self { path: path.to_owned(), file, columns })
    }

    /// Calls for each row that is not empty. The first column must not be.
    fn each(
        mut self,
        mut take: impl FnMut([&str; N]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let mut row = ByteRecord::new();
        loop {
            let line = self.file.position().line();
            let refuse = |reason: &dyn std::fmt::Display| {
                let path = self.path.display();
                Failure::new(Status::Usage, format!("{path}, line {line}: {reason}"))
            };
            if !self.file.read_byte_record(&mut row).map_err(|error| refuse(&error))? {
                return Ok(());
            }
            let mut values = [""; N];
            for (value, column) in values.iter_mut().zip(self.columns) {
                let bytes = row.get(column).unwrap_or_default();
                *value = std::str::from_utf8(bytes).map_err(|_| refuse(&"it is not UTF-8"))?;
            }
            if values.first().is_none_or(|id| id.is_empty()) {
                return Err(refuse(&"the row has no id"));
            }
            take(values).map_err(|reason| refuse(&reason))?;
        }
    }
}

fn site() -> Result<SiteId, Failure> {
    Ok(SiteId::new("plan")?)
}

fn source(kind: &str) -> Result<SourceId, Failure> {
    Ok(SourceId::new(kind, "plan")?)
}
