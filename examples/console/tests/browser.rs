//! A browser, as far as it is needed: it keeps the cookie, and fills in forms.

use std::net::SocketAddr;
use std::sync::Arc;

use inventory_console::demo::Demonstration;
use inventory_console::{Access, Console, Site, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Somebody who has come in.
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    cookie: String,
    form_key: String,
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Browser {
    /// Opens the printed link of a console that is served from now on.
    pub(crate) async fn of(console: Arc<Console>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let token = console.access().token().to_owned();
        let site = Site::new(address, None).unwrap();
        tokio::spawn(serve(listener, site, console, std::future::pending()));
        Self::enter(address, &token).await
    }

    /// Opens the printed link of a console that is served already.
    pub(crate) async fn enter(address: SocketAddr, token: &str) -> Self {
        let token = token.to_owned();
        let mut browser = Self { address, token, cookie: String::new(), form_key: String::new() };
        let entered = browser.get(&format!("/?token={}", browser.token)).await;
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = entered.header("set-cookie").unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        let page = browser.get("/credentials").await;
        browser.form_key = page.field("form_key");
        browser
    }

    /// The demonstration, which lives as long as what is returned beside the browser.
    pub(crate) async fn of_demonstration() -> (Demonstration, Self) {
        let demonstration = Demonstration::begin(Access::new().unwrap()).await.unwrap();
        let browser = Self::of(demonstration.console()).await;
        (demonstration, browser)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("Cookie", &self.cookie)], "").await
    }

    /// The page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    /// Sends a form of a page of the console.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("form_key", self.form_key.as_str())];
        all.extend_from_slice(fields);
        self.post_from(&format!("http://{}", self.address), path, &all).await
    }

    /// Sends a form of a page that is from somewhere.
    pub(crate) async fn post_from(
        &self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.send("POST", path, &[("Cookie", &self.cookie), ("Origin", origin)], &body).await
    }

    /// The cookie of the session.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The key of the forms.
    pub(crate) fn form_key(&self) -> &str {
        &self.form_key
    }

    /// Sends a request, and reads the answer to its end. In HTTP/1.0, which needs no more than that.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.0\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            request += &format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Follows a run of a task to its end, and shows the page then. What was told on the way is returned beside.
    pub(crate) async fn follow(&self, number: u32) -> (String, String) {
        let told = self.page(&format!("/tasks/{number}/events")).await;
        assert!(told.contains("event: end"), "{told}");
        (told, self.page(&format!("/tasks/{number}")).await)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Where it leads to.
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location").unwrap()
    }

    /// The value of a field of a form in the page.
    pub(crate) fn field(&self, name: &str) -> String {
        field(&self.body, name)
    }
}

/// The value of the first field of this name in a page.
pub(crate) fn field(page: &str, name: &str) -> String {
    let at = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&at).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The ids of the assets that a page leads to, each once, in order.
pub(crate) fn assets(page: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for link in page.split("href=\"/assets/").skip(1) {
        let id = link.split('"').next().unwrap().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}
