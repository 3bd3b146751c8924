//! As much of a browser as a morning needs: one connection, cookies, forms.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, time::Duration};

use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

/// Nobody waits longer for a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// What went wrong, in words.
pub(super) struct Fault(pub(super) String);

impl Fault {
    pub(super) fn new(page: &str, what: impl Display) -> Self {
        Self(format!("{page}: {what}"))
    }
}

/// A browser.
pub(super) struct Browser {
    host: String,
    sender: SendRequest<Full<Bytes>>,
    cookies: BTreeMap<String, String>,
    /// The connection ends with the browser.
    _connection: JoinSet<()>,
}

/// What it was answered.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) location: String,
    body: String,
}

impl Page {
    /// The value of a hidden field.
    pub(super) fn hidden(&self, name: &str) -> String {
        let marked = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&marked).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The first notice of a list.
    pub(super) fn first_notice(&self) -> Option<String> {
        let rest = self.body.split("href=\"/notices/").nth(1)?;
        Some(format!("/notices/{}", rest.split('"').next()?))
    }
}

impl Browser {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Fault> {
        let failed = |error: &dyn Display| Fault::new("connection", error);
        let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let mut running = JoinSet::new();
        running.spawn(async move {
            // What was asked on it hears of its end.
            drop(connection.await);
        });
        let host = format!("localhost:{}", address.port());
        Ok(Self { host, sender, cookies: BTreeMap::new(), _connection: running })
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Page, Fault> {
        self.send("GET", path, String::new()).await
    }

    pub(super) async fn post(
        &mut self,
        to: &str,
        fields: &[(&str, String)],
    ) -> Result<Page, Fault> {
        // Tokens, ids and numbers need no escape.
        let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
        self.send("POST", to, pairs.collect::<Vec<_>>().join("&")).await
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> Result<Page, Fault> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(method, path, body)).await;
        // Ids would make each fault one of its own.
        let page = path.split('/').nth(1).unwrap_or_default();
        match asked {
            Ok(answer) => answer.map_err(|error| Fault::new(page, error)),
            Err(_) => Err(Fault::new(page, "no answer in time")),
        }
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: String,
    ) -> Result<Page, Box<dyn std::error::Error + Send + Sync>> {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::USER_AGENT, "mash-load")
            .header(header::COOKIE, cookies.collect::<Vec<_>>().join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))?;
        self.sender.ready().await?;
        let (parts, body) = self.sender.send_request(request).await?.into_parts();
        self.keep(&parts.headers);
        let location = parts.headers.get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Page { status: parts.status.as_u16(), location: location.to_owned(), body })
    }

    fn keep(&mut self, headers: &HeaderMap) {
        let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|it| it.to_str().ok());
        for (name, rest) in set.filter_map(|cookie| cookie.split_once('=')) {
            match rest.split(';').next().unwrap_or_default() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}
