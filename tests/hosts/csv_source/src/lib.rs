//! A host whose computers come from a table.

use std::net::{Ipv4Addr, SocketAddr};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadEnd, ReadRequest, ReadScope,
    ServerIdentity, Transport, Verification,
};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::value::{Attributes, ObjectKind};
use ldap_inventory::{Error, ErrorKind, Result};

/// Computers, one a line: `objectGUID,cn,dNSHostName,operatingSystem`. The first line names the columns.
#[derive(Debug)]
pub struct CsvDirectory {
    base: DistinguishedName,
    text: String,
}

impl CsvDirectory {
    /// A table of the computers below this DN.
    pub fn new(base: DistinguishedName, text: impl Into<String>) -> Self {
        Self { base, text: text.into() }
    }

    fn objects(&self) -> Result<Vec<DirectoryObject>> {
        let mut lines = self.text.lines();
        let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        lines.zip(2_u64..).map(|(line, number)| self.object(&columns, line, number)).collect()
    }

    fn object(&self, columns: &[&str], line: &str, number: u64) -> Result<DirectoryObject> {
        let cells = columns.iter().copied().zip(line.split(','));
        let attributes: Attributes = cells.filter(|(_, cell)| !cell.is_empty()).collect();
        let cell = |column: &str| {
            let missing =
                || Error::new(ErrorKind::Invalid, format!("line {number} has no {column}"));
            attributes.first(column).ok_or_else(missing)
        };
        let guid = cell("objectGUID")?.parse()?;
        let name = DistinguishedName::escape_value(cell("cn")?);
        let dn = DistinguishedName::parse(&format!("CN={name},{}", self.base))?;
        let mut object = DirectoryObject::new(ObjectKind::Computer, guid, dn);
        object.attributes = attributes;
        Ok(object)
    }

    fn end(&self) -> ReadEnd {
        let base = self.base.as_str();
        let scope = ReadScope::of_account(["csv", base], [self.base.clone()]);
        // A table has no server, and nothing vouches for it.
        let nobody = ServerIdentity::at(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        ReadEnd::complete(scope, Transport::Ldap, Verification::Nothing, nobody)
    }
}

#[async_trait]
impl DirectorySource for CsvDirectory {
    async fn read(&self, _: ReadRequest) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let page = Page { objects: self.objects()?, ..Page::default() };
        let events = [DirectoryEvent::Page(page), DirectoryEvent::End(Box::new(self.end()))];
        Ok(stream::iter(events.map(Ok)).boxed())
    }
}

#[cfg(test)]
mod tests {
    use ldap_inventory::asset::{AssetRepository, SearchRequest};
    use ldap_inventory::query::Query;
    use ldap_inventory::store::MemoryRepository;
    use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
    use ldap_inventory::task::SyncTask;
    use ldap_inventory::value::{SourceId, Timestamp};

    use super::*;

    const TABLE: &str = "objectGUID,cn,dNSHostName,operatingSystem\n\
        8f1c1e9e-0000-4000-8000-000000000001,WEB1,web1.corp.example,Windows Server 2022 Standard\n\
        8f1c1e9e-0000-4000-8000-000000000002,PC7,pc7.corp.example,\n";

    async fn sync_table(table: &str, inventory: &MemoryRepository) -> Result<SyncReport> {
        let base = DistinguishedName::parse("DC=corp,DC=example").unwrap();
        let source = SourceId::new("csv", "corp.example").unwrap();
        let (organization, site) = ("acme".parse().unwrap(), "hq".parse().unwrap());
        let task = SyncTask::new("corp", organization, site, source, "none".parse().unwrap());
        sync(&task, &CsvDirectory::new(base, table), inventory, &SyncOptions::new()).await
    }

    #[tokio::test]
    async fn every_line_becomes_an_asset_once() {
        let inventory = MemoryRepository::new();
        let report = sync_table(TABLE, &inventory).await.unwrap();
        assert_eq!((report.computers.read, report.computers.created), (2, 2));
        let again = sync_table(TABLE, &inventory).await.unwrap();
        assert_eq!((again.computers.created, again.computers.unchanged), (0, 2));

        let found = |query: &str| {
            let query = Query::parse(query).unwrap();
            let now = Timestamp::from_unix_seconds(1_800_000_000).unwrap();
            inventory.search_assets(SearchRequest::new("acme".parse().unwrap(), query, now))
        };
        let windows = found("os:windows").await.unwrap().records;
        let [web] = &windows[..] else { panic!("{windows:?}") };
        assert!(web.names.iter().any(|name| name.value.as_str() == "web1.corp.example"));
        assert_eq!(found("pc7").await.unwrap().records.len(), 1);
    }

    #[tokio::test]
    async fn a_line_without_an_identity_is_named() {
        let table = "objectGUID,cn\n,WEB1\n";
        let error = sync_table(table, &MemoryRepository::new()).await.unwrap_err();
        assert!(error.report().contains("line 2 has no objectGUID"), "{}", error.report());
    }
}
