//! A directory whose every text is meant for the browser.

mod company;

use tempfile::TempDir;

use self::company::{Company, HOSTILE};
use crate::browser::{Browser, assets};

/// Whether a page has anything of it as markup.
fn check(path: &str, page: &str) {
    for raw in ["<script>", "<img", "</title></svg>", "<i>x", "<u>", "<b>jane", "\u{202e}"] {
        assert!(!page.contains(raw), "{path} has {raw}: {page}");
    }
    assert!(!page.contains("javascript:"), "{path}");
}

#[tokio::test]
async fn text_of_a_directory_stays_text() {
    let company = Company::begin(TempDir::new().unwrap()).await.unwrap();
    let browser = Browser::of(company.console.clone()).await;

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
