//! Exports of a directory in place of a server.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_shows_nothing_is_incomplete_unless_somebody_says_that_it_is_whole() {
    let rig = Rig::new().await;
    let entry = "dn: CN=WEB1,CN=Computers,DC=corp,DC=example\nobjectClass: computer\n\
                 objectGUID:: MDEyMzQ1Njc4OWFiY2RlZg==\ndNSHostName: web1.corp.example\n\n";
    let (file, inventory) = (rig.write("export.ldif", entry), rig.file("inventory.db"));
    let sync = async |options: &[&str]| {
        let arguments = [&["--ldif", &file, "--inventory", &inventory, "--json"][..], options];
        run("sync", &arguments.concat(), None).await
    };
    let doubted = sync(&[]).await;
    assert_eq!((doubted.status, &doubted.json()["computers"]["created"]), (3, &1.into()));
    assert!(
        doubted.stderr.contains("nothing shows that the export is whole"),
        "{}",
        doubted.stderr
    );
    let vouched = sync(&["--ldif-complete"]).await;
    assert_eq!(vouched.status, 0, "{}", vouched.stderr);
    assert_eq!(vouched.json()["server"]["domain"], "corp.example");
    let people = run("sync", &["--ldif", &file, "--ldif-complete"], None).await;
    assert!(people.stdout.contains("none: an export"), "{}", people.stdout);
    run("sync", &["--ldif", &rig.file("none")], None).await.assert_refused(2);
    let nameless = rig.write("nameless.ldif", "dn: O=x\nobjectClass: organization\n\n");
    run("sync", &["--ldif", &nameless], None).await.assert_refused(2);
    assert_eq!(rig.server.connections(), 0);
}
