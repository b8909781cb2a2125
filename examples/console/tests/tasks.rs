//! Runs, dry runs, and when tasks run by themselves.

use std::time::Duration;

use crate::browser::{Browser, field};

/// A new task, as it is written into the form.
fn task<'a>(
    name: &'a str,
    credential: &'a str,
    unit: &'a str,
    start: &'a str,
) -> [(&'a str, &'a str); 10] {
    [
        ("name", name),
        ("directory", "Corp.Example.Test"),
        ("site", "lab"),
        ("credential", credential),
        ("base_dns", ""),
        ("exclude_stale", "90"),
        ("every", "1"),
        ("unit", unit),
        ("start", start),
        ("zone", "Europe/Berlin"),
    ]
}

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
async fn a_run_that_the_brake_stopped_is_looked_at_and_confirmed() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let place = [("site", "headquarters"), ("credential", "reader"), ("losses_count", "0")];
    browser.post("/tasks/1/settings", &place).await.leads_to();
    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("Nothing was written") && page.contains("BUILD-03"), "{page}");
    assert!(page.contains("I have looked at it"), "{page}");
    assert!(page.contains("<td>stopped</td>"), "the history tells of it: {page}");
    let metrics = browser.page("/metrics").await;
    let counted = "ldap_inventory_runs_total{task=\"Headquarters\",outcome=\"stopped\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    let lost = "/assets?q=state%3Amissing";
    assert!(!browser.page(lost).await.contains("build-03"));

    let (run, confirmation) = (field(&page, "run"), field(&page, "confirmation"));
    let apply = |confirmation| [("run", run.as_str()), ("confirmation", confirmation)];
    let wrong = "another".to_owned() + &confirmation;
    let refused = browser.post("/tasks/1/apply", &apply(&wrong)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    // Without the confirmation the brake holds, and the plan has to be made anew.
    browser.post("/tasks/1/apply", &apply("")).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("The latest run failed") && page.contains(&confirmation), "{page}");
    assert!(!browser.page(lost).await.contains("build-03"));

    browser.post("/tasks/1/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(1).await;
    let (run, confirmation) = (field(&page, "run"), field(&page, "confirmation"));
    let confirmed = [("run", run.as_str()), ("confirmation", &confirmation)];
    browser.post("/tasks/1/apply", &confirmed).await.leads_to();
    let (_, page) = browser.follow(1).await;
    assert!(page.contains("The plan was applied"), "{page}");
    assert!(browser.page(lost).await.contains("build-03"));
}

#[tokio::test]
async fn what_a_task_reads_leaves_out_and_may_change_is_kept() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let mut fields = task("Lab", "reader", "", "").to_vec();
    fields.extend([
        ("addresses_from_dns", "yes"),
        ("laps", "yes"),
        ("exclude_disabled", "yes"),
        ("exclude_ous", "OU=Staging,DC=corp,DC=example,DC=test"),
        ("losses_count", "7"),
    ]);
    assert_eq!(browser.post("/tasks", &fields).await.leads_to(), "/tasks/2");
    let ticked =
        |page: &str, name: &str| page.contains(&format!("name=\"{name}\" value=\"yes\" checked"));
    let page = browser.page("/tasks/2").await;
    for name in ["addresses_from_dns", "laps", "exclude_disabled"] {
        assert!(ticked(&page, name), "{name}: {page}");
    }
    assert!(!ticked(&page, "exclude_unknown"), "{page}");
    assert!(page.contains(">OU=Staging,DC=corp,DC=example,DC=test</textarea>"), "{page}");
    assert!(page.contains("name=\"exclude_stale\" min=\"1\" max=\"36500\" value=\"90\""), "{page}");
    assert!(page.contains("min=\"0\" value=\"7\""), "{page}");

    browser.post("/tasks/2/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(2).await;
    assert!(page.contains("The latest run") && !page.contains("The latest run failed"), "{page}");

    let place = [("site", "annex"), ("credential", "reader"), ("computer_filter", "(cn=a*)")];
    browser.post("/tasks/2/settings", &place).await.leads_to();
    let page = browser.page("/tasks/2").await;
    assert!(!ticked(&page, "laps") && page.contains("value=\"(cn=a*)\""), "{page}");
    assert!(page.contains("min=\"0\" value=\"7\""), "a limit stays unless another is set: {page}");
    for wrong in [("credential", "nobody"), ("exclude_ous", "nowhere"), ("losses_percent", "101")] {
        let mut fields = vec![("site", "annex"), wrong];
        if wrong.0 != "credential" {
            fields.push(("credential", "reader"));
        }
        let refused = browser.post("/tasks/2/settings", &fields).await;
        assert!(matches!(refused.status, 400 | 404), "{wrong:?}: {refused:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_in_a_sentence() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let nowhere = [
        ("id", "nowhere"),
        ("servers", "127.0.0.1:1"),
        ("username", "reader"),
        ("password", "canary-7f3a"),
    ];
    browser.post("/credentials", &nowhere).await.leads_to();
    let tested = browser.post("/credential/test", &[("id", "nowhere")]).await.body;
    assert!(tested.contains("No server could be reached"), "{tested}");
    assert!(tested.contains("LDAPS at 127.0.0.1:1"), "every step is told: {tested}");

    let task = task("Nowhere", "nowhere", "", "");
    assert_eq!(browser.post("/tasks", &task).await.leads_to(), "/tasks/2");
    browser.post("/tasks/2/run", &[("errand", "sync")]).await.leads_to();
    let (_, page) = browser.follow(2).await;
    assert!(page.contains("The latest run failed"), "{page}");
    assert!(page.contains("no server could be reached"), "{page}");
}

#[tokio::test]
async fn a_task_is_added_scheduled_and_removed() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let added =
        browser.post("/tasks", &task("Lab <1>", "reader", "weeks", "2999-01-02T02:30")).await;
    assert_eq!(added.leads_to(), "/tasks/2");
    let page = browser.page("/tasks/2").await;
    assert!(page.contains("Lab &lt;1&gt;") && page.contains("corp.example.test"), "{page}");
    assert!(page.contains("every week on Wednesday at 02:30, Europe/Berlin"), "{page}");
    assert!(page.contains("2999-01-02 01:30"), "{page}");

    let twice =
        browser.post("/tasks", &task("Lab <1>", "reader", "weeks", "2999-01-02T02:30")).await;
    assert_eq!(twice.status, 400);
    let wrong = browser.post("/tasks", &task("Other", "reader", "weeks", "soon")).await;
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
    let overdue = task("Overdue", "reader", "months", "2026-01-02T00:00");
    browser.post("/tasks", &overdue).await.leads_to();
    // The clock is looked at every second.
    loop {
        let (_, page) = browser.follow(2).await;
        if page.contains("The latest run") {
            assert!(page.contains("<td>complete</td>"), "{page}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_history_of_a_task_is_found_behind_that_of_others() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    browser.post("/tasks", &task("Seldom", "reader", "", "")).await.leads_to();
    assert!(browser.page("/tasks/2").await.contains("It has not run yet"));
    for number in std::iter::once(2).chain([1; 25]) {
        browser.post(&format!("/tasks/{number}/run"), &[("errand", "sync")]).await.leads_to();
        browser.follow(number).await;
    }
    assert!(!browser.page("/tasks/2").await.contains("It has not run yet"));
    let often = browser.page("/tasks/1").await;
    let (_, history) = often.split_once("id=\"history\"").unwrap();
    assert_eq!(history.matches("<td>complete</td>").count(), 20, "{history}");
}
