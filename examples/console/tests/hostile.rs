//! A directory whose every text is meant for the browser.

use std::sync::Arc;

use inventory_console::{Access, Console, Definition, Key, Tasks, Vault};
use ldap_inventory::credential::Credential;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
use ldap_inventory::value::{OrganizationId, Secret, SourceId};
use tempfile::TempDir;

use crate::browser::{Browser, assets};

/// It breaks out of text, of attributes, of addresses and of drawings, and turns a line around.
const HOSTILE: &str =
    "\"'></title></svg><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}x";

/// Whether a page has anything of it as markup.
fn check(path: &str, page: &str) {
    for raw in ["<script>", "<img", "</title></svg>", "<i>x", "<u>", "<b>jane", "\u{202e}"] {
        assert!(!page.contains(raw), "{path} has {raw}: {page}");
    }
    assert!(!page.contains("javascript:"), "{path}");
}

fn domain() -> TestDirectory {
    let directory = TestDirectory::generated(5, 3, 2, 2);
    {
        let mut tree = directory.write();
        tree.add_account("reader", "correct horse").unwrap();
        let base = tree.base_dn().to_owned();
        let computer = tree.add_computer_in(&base, "EVIL").unwrap();
        for attribute in ["operatingSystem", "operatingSystemVersion", "description", "location"] {
            tree.set(&computer, attribute, [HOSTILE]).unwrap();
        }
        let (group, user) = (tree.add_group("Evil").unwrap(), tree.add_user("mallory").unwrap());
        for (dn, attribute) in [(&group, "description"), (&user, "displayName"), (&user, "mail")] {
            tree.set(dn, attribute, [HOSTILE]).unwrap();
        }
    }
    directory
}

#[tokio::test]
async fn text_of_a_directory_stays_text() {
    let directory = domain();
    let tls = ServerTls::self_signed(&["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory).with_ldaps(tls).start().await.unwrap();
    let folder = TempDir::new().unwrap();
    let organization = OrganizationId::new("acme").unwrap();
    let vault = Vault::open(folder.path().join("c"), Key::random().unwrap()).unwrap();
    let password = Secret::new("correct horse".to_owned());
    let credential = Credential::new("reader".parse().unwrap(), "CORP\\reader", password)
        .with_server(server.url().parse().unwrap())
        .with_thumbprint(server.thumbprint().unwrap().parse().unwrap())
        .shared_with(organization.clone());
    vault.add(&credential).unwrap();
    let tasks = Tasks::open(folder.path().join("t")).unwrap();
    let source = SourceId::new("ldap", "corp.example.test").unwrap();
    let site = "hq".parse().unwrap();
    let task = SyncTask::new(HOSTILE, organization.clone(), site, source, credential.id);
    tasks.add(Definition::new(task, None)).unwrap();
    let inventory = Arc::new(MemoryRepository::new());
    let console = {
        let access = Access::new().unwrap();
        Console::new(access, inventory, organization, vault, tasks, "<b>jane</b>")
    };
    let browser = Browser::of(console).await;

    browser.post("/tasks/1/run", &[("errand", "plan")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    check("the plan", &page);
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    check("the run", &page);
    assert!(page.contains("The latest run"), "{page}");

    let found = browser.page("/assets?q=evil").await;
    check("/assets?q=evil", &found);
    assert!(found.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{found}");
    let asset = assets(&found)[0].clone();
    let said = [
        ("owner", "<i>x</i>\""),
        ("tags", "<u>"),
        ("comment", "</textarea><script>alert(1)</script>"),
        ("criticality", ""),
    ];
    browser.post(&format!("/assets/{asset}/annotate"), &said).await.leads_to();
    let asset = format!("/assets/{asset}");
    // What somebody asks for stands in the box as it was written.
    let query = HOSTILE.replace('\u{202e}', "");
    let query = serde_urlencoded::to_string([("q", query)]).unwrap();
    let asked = format!("/assets?{query}");
    for path in [
        &asset,
        &asked,
        "/assets",
        "/users",
        "/groups",
        "/unresolved",
        "/overlaps",
        "/coverage",
        "/tasks",
        "/tasks/1",
        "/credentials",
    ] {
        check(path, &browser.page(path).await);
    }
    let absent = browser.get(&format!("/merge?{}", query.replace("q=", "asset="))).await;
    check("an error", &absent.body);
    assert_eq!(absent.status, 404);
    assert!(absent.body.contains("&lt;img src=x onerror=alert(2)&gt;"), "{}", absent.body);
}
