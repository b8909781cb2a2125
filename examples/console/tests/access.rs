//! Who may come in, and what does not come from a page of the console.

use std::time::Duration;

use inventory_console::demo::Demonstration;
use inventory_console::{Access, Site, serve};
use ldap_inventory::value::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::browser::Browser;

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    for path in ["/assets", "/", "/metrics", "/tasks/1/events", "/console.js", "/nowhere"] {
        let answer = browser.send("GET", path, &[], "").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.body.contains("Open the link"), "{path}: {}", answer.body);
        let guess = format!("inventory_console_{}=guess", browser.address.port());
        let answer = browser.send("GET", path, &[("Cookie", &guess)], "").await;
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
    assert!(!cookie.contains("Secure"), "it is on the loopback interface: {cookie}");
    // Another console on this machine has a cookie of its own.
    let port = browser.address.port().to_string();
    assert!(cookie.split('=').next().unwrap().ends_with(&port), "{cookie}");
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
async fn programs_ask_for_health_and_with_a_token_of_their_own_for_metrics() {
    const TOKEN: &str = "canary-of-the-metrics";
    let access = Access::new().unwrap().with_metrics_token(Secret::new(TOKEN)).unwrap();
    let demonstration = Demonstration::begin(access).await.unwrap();
    let browser = Browser::of(demonstration.console()).await;
    let health = browser.send("GET", "/health", &[], "").await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    let bearer = format!("Bearer {TOKEN}");
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
    for path in ["/assets", "/credentials", "/tasks/1/events", "/console.js"] {
        let page = browser.send("GET", path, &[("Authorization", &bearer)], "").await;
        assert_eq!(page.status, 401, "{path}");
    }
    let entered = browser.send("GET", &format!("/?token={TOKEN}"), &[], "").await;
    assert_eq!(entered.status, 403);
    // And that of people is none for programs.
    let master = format!("Bearer {}", browser.token);
    let metrics = browser.send("GET", "/metrics", &[("Authorization", &master)], "").await;
    assert_eq!(metrics.status, 401);
}

#[test]
fn a_token_for_metrics_that_could_be_guessed_is_refused_and_not_repeated() {
    for token in ["", "canary"] {
        let access = Access::new().unwrap();
        let error = access.with_metrics_token(Secret::new(token)).unwrap_err();
        assert!(error.to_string().contains("16") && !error.to_string().contains("canary"));
    }
}

#[tokio::test]
async fn a_name_that_leads_here_is_not_that_of_the_console() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let rebound = format!("evil.example:{}", browser.address.port());
    for path in ["/assets", "/health", &format!("/?token={}", browser.token)] {
        let headers = [("Host", rebound.as_str()), ("Cookie", browser.cookie())];
        let answer = browser.send("GET", path, &headers, "").await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(answer.header("set-cookie").is_none());
    }
    let own = format!("localhost:{}", browser.address.port());
    assert_eq!(browser.send("GET", "/health", &[("Host", &own)], "").await.status, 200);
}

#[tokio::test]
async fn behind_a_proxy_with_tls_the_cookie_crosses_the_network_by_it_alone() {
    let demonstration = Demonstration::begin(Access::new().unwrap()).await.unwrap();
    let mut browser = Browser::of(demonstration.console()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    browser.address = listener.local_addr().unwrap();
    let site = Site::new(browser.address, Some("https://inventory.example".parse().unwrap()));
    tokio::spawn(serve(listener, site.unwrap(), demonstration.console(), std::future::pending()));

    let host = ("Host", "inventory.example");
    let entered = browser.send("GET", &format!("/?token={}", browser.token), &[host], "").await;
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Secure") && cookie.contains("console_443="), "{cookie}");
    let cookie = ("Cookie", cookie.split(';').next().unwrap());
    let body = format!("form_key={}&errand=none", browser.form_key());
    for (origin, status) in [("https://inventory.example", 400), ("http://inventory.example", 403)]
    {
        let headers = [host, cookie, ("Origin", origin)];
        let answer = browser.send("POST", "/tasks/1/run", &headers, &body).await;
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_asked_for_wrongly_says_how_it_may_be() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let answer = browser.get("/unmerge").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{answer:?}");
    let answer = browser.post("/assets", &[]).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")), "{answer:?}");
}

#[tokio::test]
async fn whoever_says_half_of_something_keeps_nobody_from_stopping() {
    let demonstration = Demonstration::begin(Access::new().unwrap()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async move { stopped.await.unwrap() };
    let site = Site::new(address, None).unwrap();
    let served = tokio::spawn(serve(listener, site, demonstration.console(), stopped));
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: x").await.unwrap();
    // Whoever came first has been heard first.
    let mut whole = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /health HTTP/1.0\r\nHost: {address}\r\n\r\n");
    whole.write_all(request.as_bytes()).await.unwrap();
    whole.read_to_end(&mut Vec::new()).await.unwrap();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_does_not_come_to_the_point_is_not_waited_for() {
    let demonstration = Demonstration::begin(Access::new().unwrap()).await.unwrap();
    let browser = Browser::of(demonstration.console()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Site::new(address, None).unwrap().with_patience(Duration::from_millis(500));
    tokio::spawn(serve(listener, site, demonstration.console(), std::future::pending()));
    // Until the console closes the connection.
    let answer_to = async |request: &str| {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for unended in ["", "GET /health HTTP/1.1\r\nHost: x\r\nX-Never: ends"] {
        assert_eq!(answer_to(unended).await, "", "{unended}");
    }
    let idle = answer_to(&format!("GET /health HTTP/1.1\r\nHost: {address}\r\n\r\n")).await;
    assert!(idle.starts_with("HTTP/1.1 200") && idle.ends_with("ok\n"), "{idle}");

    let cookie =
        browser.cookie().replace(&browser.address.port().to_string(), &address.port().to_string());
    let form = format!(
        "POST /tasks/1/run HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nform_key={}",
        browser.form_key()
    );
    let half = answer_to(&form).await;
    assert!(half.starts_with("HTTP/1.1 408") && half.contains("nothing was done"), "{half}");
    // What takes long to answer is another matter.
    let events =
        format!("GET /tasks/1/events HTTP/1.0\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n");
    assert!(answer_to(&events).await.contains("event: end"));
}
