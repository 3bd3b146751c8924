//! Key adults who sign in on a morning and acknowledge what waits for them, each in a browser of her own.
//!
//! Arrivals are open-loop: person number *n* opens her link at *n* times the length of the morning divided by their number,
//! however the ones before her fare, and her first page counts from that instant. What she does next follows at once, so
//! each further page counts from her click to its last byte.

mod browser;
mod invented;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::task::JoinSet;

use self::browser::{Browser, Fault};
pub use self::invented::released;
use crate::report::{Collector, Latency};

/// Who signs in where, and for how long.
pub struct InboxLoad {
    /// Where the inbox is served, without TLS.
    pub address: SocketAddr,
    /// A one-time link for each person, such as `/link/…`.
    pub links: Vec<String>,
    /// From the first arrival to the last.
    pub seconds: u32,
}

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct InboxReport {
    /// People who came.
    pub people: usize,
    /// From the first arrival to the last.
    pub seconds: u32,
    /// People who signed in, confirmed a roll, and acknowledged a notice.
    pub acknowledged: usize,
    /// Every page of everybody together.
    pub all: Latency,
    /// Each kind of page.
    pub pages: BTreeMap<&'static str, Latency>,
    /// What went wrong, by page and answer.
    pub errors: BTreeMap<String, u64>,
}

impl InboxReport {
    /// Whether everybody got to the end of her morning.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.acknowledged == self.people
    }

    /// As a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<28}{:>7}{:>10}{:>10}{:>10}{:>10}\n",
            "milliseconds", "pages", "p50", "p95", "p99", "longest"
        );
        let all = [("all", self.all)];
        for (page, it) in self.pages.iter().map(|(page, it)| (*page, *it)).chain(all) {
            text.push_str(&format!(
                "{page:<28}{:>7}{:>10.1}{:>10.1}{:>10.1}{:>10.1}\n",
                it.count, it.p50_ms, it.p95_ms, it.p99_ms, it.max_ms
            ));
        }
        text.push_str(&format!("{} of {} acknowledged a notice\n", self.acknowledged, self.people));
        for (error, count) in &self.errors {
            text.push_str(&format!("{count} times: {error}\n"));
        }
        text
    }
}

/// What everybody has seen so far.
struct Seen {
    all: Collector,
    pages: BTreeMap<&'static str, Collector>,
    errors: BTreeMap<String, u64>,
    acknowledged: usize,
}

/// Runs a morning and reports what came of it. What goes wrong is in the report.
///
/// # Errors
///
/// If nothing can be measured.
pub async fn run(config: InboxLoad) -> Result<InboxReport, hdrhistogram::CreationError> {
    let seen = Seen {
        all: Collector::new()?,
        pages: BTreeMap::new(),
        errors: BTreeMap::new(),
        acknowledged: 0,
    };
    let seen = Arc::new(Mutex::new(seen));
    let people = config.links.len();
    let start = Instant::now() + Duration::from_millis(100);
    let gap = Duration::from_secs(config.seconds.into())
        .div_f64(f64::from(u32::try_from(people.max(1)).unwrap_or(u32::MAX)));
    let mut mornings = JoinSet::new();
    for (number, link) in (0_u32..).zip(config.links) {
        let due = start + gap * number;
        tokio::time::sleep_until(due.into()).await;
        let person = Person { address: config.address, seen: Arc::clone(&seen) };
        mornings.spawn(async move { person.arrives(&link, due).await });
    }
    while mornings.join_next().await.is_some() {}
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(InboxReport {
        people,
        seconds: config.seconds,
        acknowledged: seen.acknowledged,
        all: seen.all.latency(),
        pages: seen.pages.iter().map(|(page, it)| (*page, it.latency())).collect(),
        errors: seen.errors.clone(),
    })
}

/// One key adult.
struct Person {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Person {
    async fn arrives(&self, link: &str, due: Instant) {
        let ended = self.morning(link, due).await;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(()) => seen.acknowledged += 1,
            Err(fault) => *seen.errors.entry(fault.0).or_default() += 1,
        }
    }

    /// Signs in, opens what waits, confirms the roll, reads, acknowledges, and looks at the list again.
    async fn morning(&self, link: &str, due: Instant) -> Result<(), Fault> {
        let mut browser = Browser::open(self.address).await?;
        let page = browser.get(link).await?;
        self.took("1 link", due.elapsed());
        let token = link.rsplit('/').next().unwrap_or_default();
        let fields = [("csrf", page.hidden("csrf")), ("token", token.to_owned())];
        self.form(&mut browser, "2 sign in", ("/link", &fields), "/notices").await?;
        let list = self.page(&mut browser, "3 list", "/notices").await?;
        let notice = list.first_notice().ok_or_else(|| Fault::new("3 list", "no notice"))?;
        let sealed = self.page(&mut browser, "4 notice, sealed", &notice).await?;
        let fields = [("csrf", sealed.hidden("csrf")), ("request", sealed.hidden("request"))];
        let to = format!("{notice}/roll");
        self.form(&mut browser, "5 confirm the roll", (&to, &fields), &notice).await?;
        let open = self.page(&mut browser, "6 notice, open", &notice).await?;
        let fields = ["csrf", "request", "revision"].map(|name| (name, open.hidden(name)));
        let to = format!("{notice}/acknowledge");
        self.form(&mut browser, "7 acknowledge", (&to, &fields), &notice).await?;
        let done = self.page(&mut browser, "8 notice, acknowledged", &notice).await?;
        if !done.hidden("revision").is_empty() {
            return Err(Fault::new("8 notice, acknowledged", "it still waits"));
        }
        self.page(&mut browser, "9 list again", "/notices").await?;
        Ok(())
    }

    async fn page(
        &self,
        browser: &mut Browser,
        name: &'static str,
        path: &str,
    ) -> Result<browser::Page, Fault> {
        let began = Instant::now();
        let page = browser.get(path).await?;
        self.took(name, began.elapsed());
        if page.status == 200 { Ok(page) } else { Err(Fault::new(name, page.status)) }
    }

    async fn form(
        &self,
        browser: &mut Browser,
        name: &'static str,
        (to, fields): (&str, &[(&str, String)]),
        leads: &str,
    ) -> Result<(), Fault> {
        let began = Instant::now();
        let page = browser.post(to, fields).await?;
        self.took(name, began.elapsed());
        let leads = page.status == 303 && page.location == leads;
        if leads { Ok(()) } else { Err(Fault::new(name, page.status)) }
    }

    fn took(&self, name: &'static str, took: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.all.add(took);
        if !seen.pages.contains_key(name)
            && let Ok(collector) = Collector::new()
        {
            seen.pages.insert(name, collector);
        }
        if let Some(collector) = seen.pages.get_mut(name) {
            collector.add(took);
        }
    }
}
