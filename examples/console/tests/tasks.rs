//! Runs, dry runs, and when tasks run by themselves.

use std::time::Duration;

use crate::browser::{Browser, field};

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("The latest run") && page.contains("missing: not seen"), "{page}");
    assert!(page.contains("1 missing"), "the history tells of it: {page}");
    let metrics = browser.page("/metrics").await;
    let counted = "ldap_inventory_runs_total{task=\"Headquarters\",outcome=\"complete\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(browser.page("/assets?q=state%3Amissing").await.contains("build-03"));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_until_its_plan_is_applied() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    browser.post("/tasks/1/run", &[("errand", "plan")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("nothing was written") && page.contains("BUILD-03"), "{page}");
    assert!(page.contains("1 object would be lost"), "{page}");
    let welcome = "/assets?q=name%3A%3Dwelcome-desk";
    assert!(browser.page(welcome).await.contains("Nothing was found"));

    let stale = browser.post("/tasks/1/apply", &[("run", "of another time")]).await;
    assert_eq!(stale.status, 409);
    browser.post("/tasks/1/apply", &[("run", &field(&page, "run"))]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("The plan was applied"), "{page}");
    assert!(!browser.page(welcome).await.contains("Nothing was found"));
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_in_a_sentence() {
    let (demonstration, browser) = Browser::of_demonstration().await;
    drop(demonstration);
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("The latest run failed"), "{page}");
    assert!(page.contains("failed"), "{page}");
}

#[tokio::test]
async fn a_task_is_added_scheduled_and_removed() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let new = |name, start| {
        [
            ("name", name),
            ("directory", "Other.Example"),
            ("site", "lab"),
            ("credential", "reader"),
            ("base_dns", "OU=Lab,DC=other,DC=example\r\n"),
            ("exclude_stale", "90"),
            ("every", "1"),
            ("unit", "weeks"),
            ("start", start),
            ("zone", "Europe/Berlin"),
        ]
    };
    let added = browser.post("/tasks", &new("Lab <1>", "2999-01-02T02:30")).await;
    assert_eq!(added.leads_to(), "/tasks/2");
    let page = browser.page("/tasks/2").await;
    assert!(page.contains("Lab &lt;1&gt;") && page.contains("other.example"), "{page}");
    assert!(page.contains("every week on Wednesday at 02:30, Europe/Berlin"), "{page}");
    assert!(page.contains("2999-01-02 01:30"), "{page}");

    let twice = browser.post("/tasks", &new("Lab <1>", "2999-01-02T02:30")).await;
    assert_eq!(twice.status, 400);
    let wrong = browser.post("/tasks", &new("Other", "soon")).await;
    assert_eq!(wrong.status, 400);
    let never = [("every", "1"), ("unit", ""), ("start", ""), ("zone", "UTC")];
    browser.post("/tasks/2/schedule", &never).await.leads_to();
    assert!(browser.page("/tasks/2").await.contains("only when somebody says so"));
    browser.post("/tasks/2/remove", &[]).await.leads_to();
    assert_eq!(browser.get("/tasks/2").await.status, 404);
}

#[tokio::test]
async fn a_task_runs_by_itself_when_it_is_due() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let overdue = [
        ("name", "Overdue"),
        ("directory", "corp.example.test"),
        ("site", "headquarters"),
        ("credential", "reader"),
        ("base_dns", ""),
        ("exclude_stale", ""),
        ("every", "1"),
        ("unit", "months"),
        ("start", "2026-01-02T00:00"),
        ("zone", "UTC"),
    ];
    browser.post("/tasks", &overdue).await.leads_to();
    // The clock is looked at every second.
    loop {
        let (_, page) = browser.follow(2).await;
        if page.contains("The latest run") {
            assert!(page.contains("complete"), "{page}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
