//! Searching, and what people decide.

use crate::browser::{Browser, assets, field};

/// The one asset that a search finds.
async fn one(browser: &Browser, query: &str) -> String {
    let query = serde_urlencoded::to_string([("q", query)]).unwrap();
    let found = assets(&browser.page(&format!("/assets?{query}")).await);
    assert_eq!(found.len(), 1, "{query}: {found:?}");
    found[0].clone()
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_shown_at_its_place() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let page = browser.page("/assets?q=web1+os_vresion%3A10").await;
    let pre = page.split("<pre tabindex=\"0\">").nth(1).unwrap().split("</pre>").next().unwrap();
    assert_eq!(pre, "web1 os_vresion:10\n     ^");
    assert!(page.contains("<code>os_version</code>"), "{page}");
    for path in ["/users?q=%28", "/groups?q=%28"] {
        assert!(browser.page(path).await.contains("cannot be read at"), "{path}");
    }
}

#[tokio::test]
async fn what_finds_nothing_says_how_it_was_read() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let page = browser.page("/assets?q=os%3Awindws").await;
    assert!(page.contains("Nothing was found"), "{page}");
    assert!(page.contains("near is"), "{page}");
}

#[tokio::test]
async fn pages_of_an_answer_have_every_asset_once() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let mut path = "/assets?sort=-last_seen".to_owned();
    let mut all = Vec::new();
    loop {
        let page = browser.page(&path).await;
        all.extend(assets(&page));
        let Some(next) = page.split("rel=\"next\" href=\"").nth(1) else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(browser.page("/assets").await.contains(&format!("{count} assets")), "{count}");
}

#[tokio::test]
async fn a_facet_narrows_the_answer_to_what_it_counts() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let page = browser.page("/assets?q=source%3Ascan+OR+source%3Aldap").await;
    let warehouse = page.split("<a href=\"").find(|it| it.contains(">warehouse</a>")).unwrap();
    let path = warehouse.split('"').next().unwrap().replace("&amp;", "&");
    let count = warehouse.split("class=\"count\">").nth(1).unwrap().split('<').next().unwrap();
    let narrowed = browser.page(&path).await;
    assert!(narrowed.contains(&format!("{count} assets")), "{path} {count}: {narrowed}");
}

#[tokio::test]
async fn a_merge_is_shown_made_and_taken_back() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let printer = one(&browser, "name:=prn-hall-2").await;
    let switch = one(&browser, "name:=sw-floor-3").await;
    let preview = browser.page(&format!("/merge?asset={printer}&asset=sw-floor-3")).await;
    assert!(preview.contains("What it would give"), "{preview}");

    let fields = [("asset", printer.as_str()), ("asset", &switch), ("why", "the same rack")];
    let merged = browser.post("/merge", &fields).await;
    assert_eq!(merged.leads_to(), format!("/assets/{printer}"));
    let page = browser.page(merged.leads_to()).await;
    assert!(page.contains("10.0.0.13") && page.contains("the same rack"), "{page}");
    assert_eq!(one(&browser, "name:=sw-floor-3").await, printer);

    let undone = browser.post("/unmerge", &[("merge", &field(&page, "merge"))]).await;
    assert_eq!(undone.leads_to(), format!("/assets/{printer}"));
    assert_eq!(one(&browser, "name:=sw-floor-3").await, switch);

    let alone = browser.get(&format!("/merge?asset={printer}")).await;
    assert_eq!(alone.status, 400);
}

#[tokio::test]
async fn what_people_say_is_kept_and_found() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let asset = one(&browser, "name:=payroll").await;
    let path = format!("/assets/{asset}/annotate");
    let said = [
        ("owner", "jane <jane@corp.example>"),
        ("tags", "pci\r\nroom=2, left"),
        ("comment", "two\r\nlines"),
        ("criticality", "high"),
    ];
    let answer = browser.post(&path, &said).await;
    let page = browser.page(answer.leads_to()).await;
    assert!(page.contains("value=\"jane &lt;jane@corp.example&gt;\""), "{page}");
    assert!(page.contains("two\nlines") && page.contains(">pci\nroom=2, left<"), "{page}");
    assert_eq!(one(&browser, "tag:pci tag:=\"room=2, left\" criticality:high").await, asset);

    let tags = field(&page, "shown_tags");
    browser.post(&path, &[("tags", "room=2, left"), ("shown_tags", &tags)]).await.leads_to();
    assert!(assets(&browser.page("/assets?q=tag%3Apci").await).is_empty());
    assert_eq!(one(&browser, "tag:room owner:jane criticality:high").await, asset);
    let refused = browser.post(&path, &[("criticality", "enormous")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("low, medium, high, critical"), "{}", refused.body);
}

#[tokio::test]
async fn what_somebody_else_said_meanwhile_stays() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let asset = one(&browser, "name:=payroll").await;
    let path = format!("/assets/{asset}/annotate");
    let before = [("owner", "jane"), ("tags", "pci"), ("comment", "a\nb")];
    browser.post(&path, &before).await.leads_to();
    // Two people look at it; the first to save says all but what the second does.
    let page = browser.page(&format!("/assets/{asset}")).await;
    let shown = ["owner", "tags", "comment", "criticality"]
        .map(|name| (format!("shown_{name}"), field(&page, &format!("shown_{name}"))));
    let shown = shown.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
    let first = [("owner", "joe"), ("tags", "pci\ndmz"), ("comment", "c"), ("criticality", "low")];
    browser.post(&path, &[first.as_slice(), &shown].concat()).await.leads_to();
    let second =
        [("owner", "jane"), ("tags", "pci\r\nlab"), ("comment", "a\r\nb"), ("criticality", "")];
    browser.post(&path, &[second.as_slice(), &shown].concat()).await.leads_to();
    assert_eq!(one(&browser, "owner:joe tag:dmz tag:lab tag:pci criticality:low").await, asset);
    let page = browser.page(&format!("/assets/{asset}")).await;
    assert_eq!(field(&page, "shown_comment"), "c");
}

#[tokio::test]
async fn a_link_that_would_ask_for_too_much_is_left_out() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let query = format!("source:scan OR name:{}", "a".repeat(8_165));
    let query = serde_urlencoded::to_string([("q", query)]).unwrap();
    let page = browser.page(&format!("/assets?{query}")).await;
    let (_, facets) = page.split_once("<aside").unwrap();
    let (facets, _) = facets.split_once("</aside>").unwrap();
    assert!(facets.contains("warehouse") && !facets.contains("href"), "{facets}");
}

#[tokio::test]
async fn a_computer_that_waits_is_settled() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let page = browser.page("/unresolved").await;
    assert!(page.contains("kiosk"), "{page}");
    let (source, object) = (field(&page, "source"), field(&page, "object"));
    let candidates = assets(&page);
    assert_eq!(candidates.len(), 2);

    let stranger = one(&browser, "name:=payroll").await;
    let choice =
        |choice| [("source", source.as_str()), ("object", object.as_str()), ("choice", choice)];
    let refused = browser.post("/unresolved/settle", &choice(&stranger)).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    browser.post("/unresolved/settle", &choice(&candidates[1])).await.leads_to();
    assert!(browser.page("/unresolved").await.contains("No computer waits"));
    let settled = browser.page(&format!("/assets/{}", candidates[1])).await;
    assert!(settled.contains("aria-label=\"directory\""), "{settled}");
    let again = browser.post("/unresolved/settle", &choice("new")).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn every_other_page_is_there() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    for (path, shown) in [
        ("/users?q=svc-inventory", "svc-inventory"),
        ("/overlaps", "rules would tie"),
        ("/coverage", "out of support"),
        ("/coverage?by=ad_site", "AD site"),
        ("/credentials", "reader"),
    ] {
        assert!(browser.page(path).await.contains(shown), "{path}");
    }
    let groups = browser.page("/groups").await;
    let group = groups.split("href=\"/group?").nth(1).unwrap().split('"').next().unwrap();
    let group = format!("/group?{}", group.replace("&amp;", "&"));
    assert!(browser.page(&group).await.contains("Show members of its groups"));
    assert!(browser.page(&format!("{group}&nested=yes")).await.contains("Leave out members"));
}
