//! A company whose directory has nothing but texts that are meant for the browser.

use std::sync::Arc;

use inventory_console::{Access, Console, Definition, Key, Tasks, Vault};
use ldap_inventory::Result;
use ldap_inventory::credential::Credential;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
use ldap_inventory::value::{OrganizationId, Secret, SourceId};
use tempfile::TempDir;

/// It breaks out of text, of attributes, of addresses and of drawings, and turns a line around.
pub(crate) const HOSTILE: &str =
    "\"'></title></svg><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}x";

/// The same as far as there is room in a name, with what loads something from elsewhere.
const NAME: &str = "<img src=//evil.example/ onerror=alert(3)>";

const PASSWORD: &str = "correct horse";

/// The company, which lives as long as this does. Its inventory is empty until its task runs.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) console: Arc<Console>,
    _server: TestServer,
    _folder: TempDir,
}

impl Company {
    pub(crate) async fn begin(folder: TempDir) -> Result<Self> {
        let directory = directory()?;
        let tls = ServerTls::self_signed(&["127.0.0.1"])?;
        let pin = tls.thumbprint();
        let server = TestServer::builder(&directory).with_ldaps(tls).start().await?;
        let organization = OrganizationId::new("acme")?;
        let vault = Vault::open(folder.path().join("credentials"), Key::random()?)?;
        let credential = Credential::new("reader".parse()?, "CORP\\reader", Secret::new(PASSWORD))
            .with_server(server.url().parse()?)
            .with_thumbprint(format!("127.0.0.1={pin}").parse()?)
            .shared_with(organization.clone());
        vault.add(&credential)?;
        let tasks = Tasks::open(folder.path().join("tasks"))?;
        let source = SourceId::new("ldap", "corp.example.test")?;
        let (id, site) = (credential.id, "hq".parse()?);
        let task = SyncTask::new(HOSTILE, organization.clone(), site, source, id);
        tasks.add(Definition::new(task, None))?;
        let inventory = Arc::new(MemoryRepository::new());
        let access = Access::new()?;
        let console = Console::new(access, inventory, organization, vault, tasks, "<b>jane</b>");
        Ok(Self { console, _server: server, _folder: folder })
    }
}

fn directory() -> Result<TestDirectory> {
    let directory = TestDirectory::generated(5, 3, 2, 2);
    {
        let mut tree = directory.write();
        tree.add_account("reader", PASSWORD)?;
        let base = tree.base_dn().to_owned();
        let computer = tree.add_computer_in(&base, "EVIL")?;
        for attribute in ["operatingSystem", "operatingSystemVersion", "description", "location"] {
            tree.set(&computer, attribute, [HOSTILE])?;
        }
        tree.add_computer_in(&base, NAME)?;
        let (group, user) = (tree.add_group("Evil")?, tree.add_user("mallory")?);
        for (dn, attribute) in [(&group, "description"), (&user, "displayName"), (&user, "mail")] {
            tree.set(dn, attribute, [HOSTILE])?;
        }
        tree.add_group(NAME)?;
    }
    Ok(directory)
}
