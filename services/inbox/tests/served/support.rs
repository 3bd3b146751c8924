//! A school, its notices, an inbox on a real port, browsers that keep cookies, and a server that takes e-mails.

mod sink;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use mash_bus::{Bus, BusMessage, topics};
use mash_chassis::ManualClock;
use mash_domain::organisation::OrganisationId;
use mash_education::{Education, Settings as EducationSettings};
use mash_inbox::{Accounts, Inbox, Listening, MailSettings, ProviderSettings, Settings};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, DisclosureReleased, IncidentStub, Narrative},
    education::v1::{
        Contact, ContactRole, DeskChanged, Establishment, EstablishmentState, EstablishmentType,
        ListNoticesRequest, Nation,
    },
    envelope::{Attributes, event_id, wrap},
    sharing::v1::StatementMade,
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::Message as _;
use sqlx::Row as _;
use tokio::{net::TcpStream, sync::Mutex};
use tokio_util::sync::CancellationToken;

pub(crate) const SCHOOL: &str = "school/6722301";
pub(crate) const OTHER_SCHOOL: &str = "school/6722302";
pub(crate) const SECRET: [u8; 32] = [7; 32];
const SOON: Duration = Duration::from_secs(20);
const NIGHT: &str = "2026-11-19T02:10:00Z";
const MORNING: &str = "2026-11-19T07:45:00Z";

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) accounts: Accounts<ManualClock>,
    pub(crate) mails: Arc<Mutex<Vec<String>>>,
    pub(crate) store: Store,
    education: Education,
    bus: Arc<dyn Bus>,
    port: u16,
    shutdown: CancellationToken,
    _database: TestDatabase,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Hub {
    /// Two schools, each with a key adult who is invited.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::with(dialect, Vec::new()).await
    }

    /// The same, where people may sign in at these providers.
    pub(crate) async fn with(dialect: Dialect, providers: Vec<ProviderSettings>) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        let clock = ManualClock::new(NIGHT.parse().unwrap());
        let day = Duration::from_secs(24 * 3_600);
        let settings =
            EducationSettings { sweep_interval: day, watch_interval: day, ..Default::default() };
        let shared = Arc::new(clock.clone());
        let education =
            Education::start_with(store.clone(), bus.clone(), shared.clone(), settings).await;
        let education = education.unwrap();
        let (mails, server) = sink::sink().await;
        let mail = Some(MailSettings { server, from: "hub@mash.example".to_owned() });
        let listening = Listening::on("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let origin = listening.origin().unwrap();
        let port = origin.rsplit(':').next().unwrap().parse().unwrap();
        let settings = Settings { mail, origin: Some(origin), providers, ..Settings::default() };
        let inbox = Inbox::start(store.clone(), shared, education.inbox(), &SECRET, settings).await;
        let inbox = inbox.unwrap();
        let shutdown = CancellationToken::new();
        let (running, stop) = (education.clone(), shutdown.clone());
        tokio::spawn(async move { running.run(stop).await });
        let stop = shutdown.clone();
        tokio::spawn(async move { inbox.serve(listening, stop).await });
        let accounts = Accounts::open(store.clone(), clock.clone(), &SECRET).await.unwrap();
        let hub = Self {
            clock,
            accounts,
            mails,
            store,
            education,
            bus,
            port,
            shutdown,
            _database: database,
        };
        hub.school("6722301", "mair").await;
        hub.school("6722302", "rhys").await;
        for (school, contact) in [(SCHOOL, "mair"), (OTHER_SCHOOL, "rhys")] {
            hub.accounts.invite(&school.parse().unwrap(), contact).await.unwrap();
        }
        hub
    }

    /// A school with one contact, as the directory keeps it.
    async fn school(&self, laestab: &str, contact: &str) {
        let contact = Contact {
            id: contact.to_owned(),
            full_name: format!("Person {contact}"),
            role: ContactRole::KeyAdult.into(),
            email: format!("{contact}.x@school.example"),
            telephone: "01656 000000".to_owned(),
            training_date: None,
            confirmed_date: None,
            absence: None,
            cover: String::new(),
        };
        let establishment = Establishment {
            name: format!("establishments/{laestab}"),
            display_name: format!("Ysgol {laestab}"),
            authority_code: "672".to_owned(),
            nation: Nation::Wales.into(),
            r#type: EstablishmentType::School.into(),
            state: EstablishmentState::Open.into(),
            ..Establishment::default()
        };
        let contacts = Establishment { contacts: vec![contact], ..Establishment::default() };
        let mut tx = self.store.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO education_establishments (laestab, authority, version, establishment, contacts)
             VALUES ($1, '672', 1, $2, $3)",
        )
        .bind(laestab)
        .bind(establishment.encode_to_vec())
        .bind(contacts.encode_to_vec())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// A desk as the directory keeps it; its officers are invited.
    pub(crate) async fn desk(&self, desk: &DeskChanged) {
        let mut tx = self.store.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO education_desks (authority, desk, version, contacts) VALUES ($1, $2, 1, $3)",
        )
        .bind(&desk.authority_code)
        .bind(&desk.desk)
        .bind(desk.encode_to_vec())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let authority = format!("authority/{}", desk.authority_code).parse().unwrap();
        for officer in &desk.contacts {
            self.accounts.invite(&authority, &officer.id).await.unwrap();
        }
    }

    /// Routing made these statements, and education has them all.
    pub(crate) async fn stated(&self, made: &[StatementMade]) {
        for one in made {
            let event = event_id(&["statement", &one.name]);
            let attributes = Attributes {
                id: event,
                source: "mash/routing",
                subject: &one.name,
                time: NIGHT.parse().unwrap(),
                cause: None,
            };
            let message = BusMessage {
                topic: topics::STATEMENTS.to_owned(),
                key: "authority/672".to_owned(),
                event_id: event.to_string(),
                payload: wrap(one, &attributes).encode_to_vec().into(),
            };
            self.bus.publish(&[message]).await.unwrap();
        }
        let arrived = async {
            loop {
                let mut conn = self.store.read().await.unwrap();
                let rows = sqlx::query("SELECT day FROM education_statements");
                if rows.fetch_all(&mut *conn).await.unwrap().len() == made.len() {
                    return;
                }
                drop(conn);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, arrived).await.expect("the statements come in time");
    }

    /// A school and its only contact are called this.
    pub(crate) async fn is_called(&self, laestab: &str, name: &str) {
        let mut tx = self.store.begin().await.unwrap();
        let row = sqlx::query(
            "SELECT establishment, contacts FROM education_establishments WHERE laestab = $1",
        )
        .bind(laestab.to_owned())
        .fetch_one(tx.conn())
        .await
        .unwrap();
        let read =
            |at: usize| Establishment::decode(row.get::<Vec<u8>, usize>(at).as_slice()).unwrap();
        let (mut school, mut contacts) = (read(0), read(1));
        name.clone_into(&mut school.display_name);
        name.clone_into(&mut contacts.contacts[0].full_name);
        name.clone_into(&mut contacts.contacts[0].telephone);
        sqlx::query(
            "UPDATE education_establishments SET establishment = $1, contacts = $2 WHERE laestab = $3",
        )
        .bind(school.encode_to_vec())
        .bind(contacts.encode_to_vec())
        .bind(laestab.to_owned())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// The directory has nobody at this school any more.
    pub(crate) async fn leaves(&self, laestab: &str) {
        let mut tx = self.store.begin().await.unwrap();
        sqlx::query("UPDATE education_establishments SET contacts = $1 WHERE laestab = $2")
            .bind(Vec::<u8>::new())
            .bind(laestab.to_owned())
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Police tell Mair's school of a child; then it is morning.
    pub(crate) async fn notice(&self, id: &str, child: (&str, &str), words: &str) {
        let identity = ChildIdentity {
            given_names: child.0.to_owned(),
            family_name: child.1.to_owned(),
            date_of_birth: Some(jiff::civil::date(2018, 3, 4).into()),
            upn: "A123456789012".to_owned(),
            ..ChildIdentity::default()
        };
        let content = Content {
            child: Some(identity),
            incident: Some(IncidentStub {
                police_reference: "SWP-1".to_owned(),
                ..Default::default()
            }),
            narrative: Some(Narrative { circumstances: words.to_owned(), ..Default::default() }),
            ..Content::default()
        };
        self.told(id, content.encode_to_vec()).await;
    }

    /// Police tell Mair's school this; then it is morning.
    pub(crate) async fn told(&self, id: &str, content: Vec<u8>) {
        let school: OrganisationId = SCHOOL.parse().unwrap();
        let release = DisclosureReleased {
            disclosure_id: id.to_owned(),
            duty_id: format!("duty-{id}"),
            case_id: format!("case-{id}"),
            recipient: Some((&school).into()),
            addressees: vec!["mair".to_owned()],
            revision: 1,
            content,
            classes: vec![1, 2, 3],
            rule_ids: vec!["R01".to_owned()],
            duty_kind: "school".to_owned(),
            from_force_code: "62".to_owned(),
            accept_time: Some(time_to_wire(NIGHT.parse().unwrap())),
            ..DisclosureReleased::default()
        };
        let event = event_id(&["test", id]);
        let attributes = Attributes {
            id: event,
            source: "mash/routing",
            subject: "case",
            time: NIGHT.parse().unwrap(),
            cause: None,
        };
        let message = BusMessage {
            topic: topics::DISCLOSED_EDUCATION.to_owned(),
            key: SCHOOL.to_owned(),
            event_id: event.to_string(),
            payload: wrap(&release, &attributes).encode_to_vec().into(),
        };
        self.bus.publish(&[message]).await.unwrap();
        let caller =
            mash_chassis::Caller { organisation: school, practitioner: Some("mair".to_owned()) };
        let name = format!("notices/{id}");
        let arrived = async {
            let list = || async {
                let request = ListNoticesRequest { page_size: 500, ..Default::default() };
                let all = self.education.inbox().list(&caller, request).await;
                all.unwrap().0.iter().any(|listed| listed.notice.name == name)
            };
            while !list().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, arrived).await.expect("the notice comes in time");
        self.clock.set(MORNING.parse().unwrap());
    }

    /// What it is there for.
    pub(crate) fn inbox(&self) -> mash_education::EducationInbox {
        self.education.inbox()
    }

    /// What time it is.
    pub(crate) fn clock_now(&self) -> jiff::Timestamp {
        use mash_chassis::Clock as _;
        self.clock.now()
    }

    /// Where a browser finds it.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// A browser with no cookie.
    pub(crate) fn browser(&self) -> Browser {
        Browser {
            port: self.port,
            cookies: BTreeMap::new(),
            agent: "Test/1".to_owned(),
            extra: Vec::new(),
        }
    }

    /// A browser in which somebody has used her link.
    pub(crate) async fn signed_in(&self, school: &str, contact: &str) -> Browser {
        let lasts = SignedDuration::from_hours(1);
        let link = self.accounts.link(&school.parse().unwrap(), contact, lasts).await.unwrap();
        let mut browser = self.browser();
        let page = browser.get(&link).await;
        assert_eq!(page.status, 200);
        let token = link.rsplit('/').next().unwrap();
        let answer = browser.submit(&page, "/link", &[("token", token)]).await;
        assert_eq!((answer.status, answer.to()), (303, "/notices"), "{}", answer.body);
        browser
    }

    /// The code of the last mail, once there are at least this many.
    pub(crate) async fn code(&self, mails: usize) -> String {
        let waiting = async {
            while self.mails.lock().await.len() < mails {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("a mail comes in time");
        let mails = self.mails.lock().await;
        let mail = mails.last().unwrap();
        // Not in its header: one id of a message in forty begins with eight digits too.
        let (_, text) = mail.split_once("\n\n").expect("a header, then a text");
        let digits =
            |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit());
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.into_iter().find(digits).expect("a code of eight digits").to_owned()
    }
}

/// What a browser knows and says.
#[derive(Clone)]
pub(crate) struct Browser {
    port: u16,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) agent: String,
    /// Headers of every request.
    pub(crate) extra: Vec<(&'static str, String)>,
}

/// What it was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Where it leads.
    pub(crate) fn to(&self) -> &str {
        self.header("location")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let marked = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&marked).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, String::new()).await
    }

    /// Sends a form with the token and the request id of the page that it stands on.
    pub(crate) async fn submit(
        &mut self,
        page: &Answer,
        to: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        let hidden = [("csrf", csrf.as_str()), ("request", request.as_str())];
        let fields: Vec<_> = hidden.iter().chain(fields).copied().collect();
        self.post(to, &fields).await
    }

    pub(crate) async fn post(&mut self, to: &str, fields: &[(&str, &str)]) -> Answer {
        let encode =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        self.send("POST", to, pairs.collect::<Vec<_>>().join("&")).await
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("localhost:{}", self.port))
            .header("user-agent", &self.agent)
            .header("content-type", "application/x-www-form-urlencoded");
        if !self.cookies.is_empty() {
            request = request.header("cookie", cookies.collect::<Vec<_>>().join("; "));
        }
        for (name, value) in &self.extra {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(
                text.starts_with("__Host-")
                    && text.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{text}"
            );
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// Bytes as the standards of the web write them.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let all = (part(0) << 16) | (part(1) << 8) | part(2);
        for at in 0..=chunk.len() {
            let letter = (all >> (18 - 6 * at)) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}
