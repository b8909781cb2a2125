//! Reads of a test server over the wire, each gathered to what it said.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::credential::{Credential, CredentialStore, ServerUrl};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, ReadEnd, ReadRequest,
};
use ldap_inventory::ldap::{DeltaPolicy, LdapSource};
use ldap_inventory::testing::{TestDirectory, TestServer, TestServerBuilder};
use ldap_inventory::value::{CredentialId, ObjectGuid, OrganizationId, ReadMode, Secret};

/// The domain of a test directory.
pub(crate) const BASE: &str = "DC=corp,DC=example,DC=test";
/// Each way of asking for changes, and what a read by it says to be.
pub(crate) const MODES: [(DeltaPolicy, ReadMode); 2] =
    [(DeltaPolicy::Auto, ReadMode::DirSync), (DeltaPolicy::Usn, ReadMode::Usn)];

/// One credential, for everybody.
#[derive(Debug)]
struct Only(Credential);

#[async_trait]
impl CredentialStore for Only {
    async fn credential(&self, _: &CredentialId, _: &OrganizationId) -> Result<Option<Credential>> {
        Ok(Some(self.0.clone()))
    }
}

/// What one read said.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) objects: BTreeMap<ObjectGuid, DirectoryObject>,
    /// Who departed, and whether the tombstone was seen.
    pub(crate) departed: BTreeMap<ObjectGuid, bool>,
    pub(crate) end: ReadEnd,
}

impl Read {
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |object: &DirectoryObject| object.dn.common_name().unwrap_or_default();
        let mut names: Vec<String> = self.objects.values().map(name).collect();
        names.sort();
        names
    }

    /// The object with this name.
    pub(crate) fn object(&self, name: &str) -> &DirectoryObject {
        let is_it = |object: &&DirectoryObject| object.dn.common_name().as_deref() == Some(name);
        self.objects.values().find(is_it).expect(name)
    }

    pub(crate) fn warns_of(&self, what: &str) -> bool {
        self.end.warnings.iter().any(|warning| warning.contains(what))
    }
}

/// A server of a directory in which everybody signs in as `svc`.
pub(crate) fn builder(directory: &TestDirectory) -> TestServerBuilder {
    TestServer::builder(directory).with_ldap().with_plain_binds()
}

pub(crate) async fn serve(directory: &TestDirectory) -> TestServer {
    builder(directory).start().await.unwrap()
}

/// A request for everything that there is by default.
pub(crate) fn request() -> ReadRequest {
    let id = CredentialId::new("corp").unwrap();
    ReadRequest::new(id, OrganizationId::new("hq").unwrap())
}

pub(crate) fn source(server: &TestServer, policy: DeltaPolicy) -> LdapSource {
    let id = CredentialId::new("corp").unwrap();
    let credential = Credential::new(id, "CORP\\svc", Secret::new("secret"))
        .with_server(ServerUrl::parse(&server.url()).unwrap())
        .with_insecure(true)
        .shared_with(OrganizationId::new("hq").unwrap());
    LdapSource::new(Arc::new(Only(credential))).with_delta(policy)
}

pub(crate) async fn collect(source: &impl DirectorySource, request: ReadRequest) -> Result<Read> {
    let events: Vec<DirectoryEvent> = source.read(request).await?.try_collect().await?;
    let (mut objects, mut departed, mut last) = (BTreeMap::new(), BTreeMap::new(), None);
    for event in events {
        match event {
            DirectoryEvent::Page(page) => {
                objects.extend(page.objects.into_iter().map(|object| (object.guid, object)));
                departed.extend(page.departed.into_iter().map(|gone| (gone.object, gone.deleted)));
            }
            DirectoryEvent::End(end) => last = Some(*end),
            _ => {}
        }
    }
    Ok(Read { objects, departed, end: last.unwrap() })
}

/// What a change of each object itself is told of: links, whose other ends may be renamed, are left out.
pub(crate) fn own(objects: &BTreeMap<ObjectGuid, DirectoryObject>) -> Vec<String> {
    let lines = objects.values().map(|object| {
        let is_own = |name: &str| !["managedBy", "memberOf"].contains(&name);
        let own = object.attributes.iter().filter(|(name, _)| is_own(name));
        let own: Vec<String> = own.map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {} {own:?} {:?}", object.guid, object.dn, object.flaws)
    });
    lines.collect()
}
