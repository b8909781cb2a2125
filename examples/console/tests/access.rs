//! Who may come in, and what does not come from a page of the console.

use crate::browser::Browser;

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    for path in ["/assets", "/", "/metrics", "/tasks/1/events", "/console.js", "/nowhere"] {
        let answer = browser.send("GET", path, &[], "").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.body.contains("Open the link"), "{path}: {}", answer.body);
        let answer = browser.send("GET", path, &[("Cookie", "inventory_console=guess")], "").await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let wrong = browser.send("GET", "/?token=guess", &[], "").await;
    assert_eq!(wrong.status, 403);
    assert!(wrong.header("set-cookie").is_none());
    let posted = browser.send("POST", "/unmerge", &[], "merge=1").await;
    assert_eq!(posted.status, 401);
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_no_script() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let entered = browser.get(&format!("/?token={}", browser.token)).await;
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&browser.token), "the token is not what the browser keeps");
    // The token does not stay in the address.
    assert_eq!(entered.leads_to(), "/assets");
}

#[tokio::test]
async fn every_answer_keeps_others_out() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    for path in ["/assets", "/nowhere", "/style.css", "/health"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    }
    assert_eq!(browser.get("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_forged_form_does_nothing() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let (key, own) = (browser.form_key().to_owned(), format!("http://{}", browser.address));
    for (what, origin, fields) in [
        ("without a key", own.as_str(), vec![("errand", "sync")]),
        ("with a wrong key", own.as_str(), vec![("form_key", "guess"), ("errand", "sync")]),
        ("of another site", "http://evil.example", vec![("form_key", &key), ("errand", "sync")]),
        ("of nowhere", "null", vec![("form_key", &key), ("errand", "sync")]),
        ("without an origin", "", vec![("form_key", &key), ("errand", "sync")]),
    ] {
        let answer = browser.post_from(origin, "/tasks/1/run", &fields).await;
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
        assert!(answer.body.contains("nothing was done"), "{what}: {}", answer.body);
    }
    let page = browser.page("/tasks/1").await;
    assert!(!page.contains("id=\"result\""), "no run was begun: {page}");
}

#[tokio::test]
async fn programs_ask_for_health_and_with_the_token_for_metrics() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let health = browser.send("GET", "/health", &[], "").await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    let bearer = format!("Bearer {}", browser.token);
    let metrics = browser.send("GET", "/metrics", &[("Authorization", &bearer)], "").await;
    assert_eq!(metrics.status, 200);
    for line in [
        "# TYPE ldap_inventory_assets gauge",
        "ldap_inventory_waiting 1",
        "ldap_inventory_runs_total{task=\"Headquarters\",outcome=\"complete\"} 0",
    ] {
        assert!(metrics.body.lines().any(|it| it == line), "{line}: {}", metrics.body);
    }
    // The token of programs opens nothing else.
    let page = browser.send("GET", "/assets", &[("Authorization", &bearer)], "").await;
    assert_eq!(page.status, 401);
}
