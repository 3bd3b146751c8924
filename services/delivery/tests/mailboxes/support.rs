//! A hub that serves nothing but mailboxes, organisations that call it, and routing's part played by the test.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_bus::{Bus, BusMessage, topics};
use mash_chassis::{
    Clock as _, ManualClock, Server,
    ca::{Ca, Subject},
    client_channel, fault,
};
use mash_delivery::{Delivery, Settings};
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::{
    convert::time_to_wire,
    delivery::v1::{
        Acknowledge, AcknowledgeItemsRequest, GetMailboxRequest, GetMailboxResponse, Open,
        ReceiveRequest, ReceiveResponse, delivery_service_client::DeliveryServiceClient,
        receive_request::Say, receive_response::Item,
    },
    disclosure::v1::{ChildIdentity, Content, DisclosureReleased},
    envelope::{Attributes, event_id, unwrap, wrap},
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemReceiptRecorded, ItemReleased},
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::{Message, Name};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, Streaming, transport::Channel};

pub(crate) const BRIDGEND: &str = "authority/672";
pub(crate) const POLICE: &str = "police/62";
pub(crate) const SCHOOL: &str = "school/6722301";
const DAY: Duration = Duration::from_secs(24 * 3_600);
pub(crate) const SOON: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    Embedded,
    Production,
}

/// Everything that outlives a process of the hub.
pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    database: TestDatabase,
    bus: String,
    ca: Ca,
    folder: TempDir,
    /// By which the test reads and publishes.
    pub(crate) outside: (Store, Arc<dyn Bus>),
}

/// One process of the hub.
pub(crate) struct Process {
    pub(crate) delivery: Delivery,
    address: SocketAddr,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Hub {
    pub(crate) async fn new(pair: Pair) -> Self {
        let (dialect, bus) = match pair {
            Pair::Embedded => (Dialect::Sqlite, "embedded".to_owned()),
            Pair::Production => {
                let brokers =
                    std::env::var("MASH_TEST_KAFKA").expect("see `cargo xtask services up`");
                let prefix = uuid::Uuid::new_v4().simple();
                (Dialect::Postgres, format!("kafka://{brokers}?topic_prefix=test-{prefix}."))
            }
        };
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let outside = mash_bus::connect(&bus, &store).await.unwrap();
        outside.ensure_topics(&topics::all()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::create(folder.path().join("ca")).unwrap();
        let clock = ManualClock::new("2026-11-19T09:00:00Z".parse().unwrap());
        Self { clock, database, bus, ca, folder, outside: (store, outside) }
    }

    /// Starts a process that takes in, publishes and serves.
    pub(crate) async fn process(&self, settings: Settings) -> Process {
        let store = self.database.store().await;
        let bus = mash_bus::connect(&self.bus, &store).await.unwrap();
        let clock = Arc::new(self.clock.clone());
        let delivery = Delivery::start_with(store, bus, clock, settings).await.unwrap();
        let hosts = vec!["localhost".to_owned()];
        let subject = Subject::Server { name: "delivery".to_owned(), hosts };
        let issued = self.ca.issue(subject, DAY).unwrap();
        let stem = format!("server-{}", issued.serial);
        let (cert, key) = issued.write(self.folder.path(), &stem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = Server::builder(self.ca.tls_files(cert, key)).add_service(delivery.service());
        let mut tasks = JoinSet::new();
        let stop = shutdown.clone();
        tasks.spawn(async move { server.serve(listener, stop).await.unwrap() });
        let (running, stop) = (delivery.clone(), shutdown.clone());
        tasks.spawn(async move { running.run(stop).await.unwrap() });
        Process { delivery, address, shutdown, tasks }
    }

    pub(crate) async fn start(&self) -> Process {
        self.process(Settings::default()).await
    }

    pub(crate) fn client(&self, to: &Process, organisation: &str) -> Client {
        let id = organisation.parse::<OrganisationId>().unwrap();
        let issued = self.ca.issue(&id, DAY).unwrap();
        let stem = format!("{}-{}", organisation.replace('/', "-"), issued.serial);
        let (cert, key) = issued.write(self.folder.path(), &stem).unwrap();
        let endpoint = format!("https://localhost:{}", to.address.port());
        let channel = client_channel(&endpoint, &self.ca.tls_files(cert, key)).unwrap();
        Client { service: DeliveryServiceClient::new(channel), practitioner: None }
    }

    /// Publishes as routing does.
    pub(crate) async fn publish<M: Message + Name>(&self, to: &str, nonce: &str, event: &M) {
        self.publish_all(topic_of(to), to, [(nonce.to_owned(), event)]).await;
    }

    pub(crate) async fn publish_all<'a, M: Message + Name + 'a>(
        &self,
        topic: &'static str,
        key: &str,
        events: impl IntoIterator<Item = (String, &'a M)>,
    ) {
        let time = self.clock.now();
        let batch: Vec<_> = events
            .into_iter()
            .map(|(nonce, event)| {
                let id = event_id(&["test", key, &nonce]);
                let attributes =
                    Attributes { id, source: "mash/routing", subject: "case", time, cause: None };
                BusMessage {
                    topic: topic.to_owned(),
                    key: key.to_owned(),
                    event_id: id.to_string(),
                    payload: wrap(event, &attributes).encode_to_vec().into(),
                }
            })
            .collect();
        self.outside.1.publish(&batch).await.unwrap();
    }

    /// Releases items 0, 1, 2… with this word before the number to somebody.
    pub(crate) async fn release_many(&self, to: &str, word: &str, count: usize) {
        let items: Vec<_> =
            (0..count).map(|number| released(to, &format!("{word}-{number}"), 1)).collect();
        for chunk in items.chunks(200) {
            let events = chunk.iter().map(|item| (item.release_id.clone(), item));
            self.publish_all(topic_of(to), to, events).await;
        }
    }

    /// The receipts so far, once there are at least so many, as `KIND release practitioner rN`.
    pub(crate) async fn receipts(&self, at_least: usize) -> Vec<String> {
        let group = format!("test-{}", uuid::Uuid::new_v4());
        let mut subscription = self.outside.1.subscribe(&group, &[topics::RECEIPTS]).await.unwrap();
        let mut found = Vec::new();
        let read = |payload: &[u8]| {
            let receipt =
                unwrap::<ItemReceiptRecorded>(&Envelope::decode(payload).unwrap()).ok()?;
            let kind = receipt.kind().as_str_name().trim_start_matches("RECEIPT_KIND_").to_owned();
            let ItemReceiptRecorded { release_id, practitioner, revision, .. } = receipt;
            Some(format!("{kind} {release_id} {practitioner} r{revision}"))
        };
        let reading = async {
            while found.len() < at_least {
                for delivery in subscription.next_batch(500).await.unwrap() {
                    found.extend(read(&delivery.payload));
                }
            }
        };
        tokio::time::timeout(SOON, reading).await.expect("the receipts come in time");
        // One too many would follow at once.
        let pause = Duration::from_millis(1_500);
        while let Ok(more) = tokio::time::timeout(pause, subscription.next_batch(500)).await {
            found.extend(more.unwrap().iter().filter_map(|delivery| read(&delivery.payload)));
        }
        found.sort_unstable();
        found
    }

    /// Waits until this revision of a release is in its mailbox.
    pub(crate) async fn until_arrived(&self, release: &str, revision: i32) {
        let sql = "SELECT revision FROM delivery_releases WHERE release_id = $1";
        self.until_it_says(sql, release, i64::from(revision)).await;
    }

    /// Waits until the one number that this statement finds is this one.
    pub(crate) async fn until_it_says(&self, sql: &'static str, release: &str, number: i64) {
        let waiting = async {
            loop {
                let mut conn = self.outside.0.read().await.unwrap();
                let found = sqlx::query_scalar::<_, i64>(sql).bind(release);
                if found.fetch_optional(&mut *conn).await.unwrap() == Some(number) {
                    return;
                }
                drop(conn);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("it is so in time");
    }

    /// Whether any table of the mailboxes holds these words.
    pub(crate) async fn holds(&self, words: &str) -> bool {
        let mut conn = self.outside.0.read().await.unwrap();
        let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload FROM delivery_items")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        let words = words.as_bytes();
        rows.iter().any(|row| row.windows(words.len()).any(|part| part == words))
    }
}

impl Process {
    /// As when the machine loses its power: nothing is ended in good order.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }

    /// As an operator does.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    service: DeliveryServiceClient<Channel>,
    practitioner: Option<String>,
}

/// An open call.
pub(crate) struct Call {
    pub(crate) say: Option<mpsc::Sender<ReceiveRequest>>,
    pub(crate) hear: Streaming<ReceiveResponse>,
}

impl Client {
    pub(crate) fn by(mut self, practitioner: &str) -> Self {
        self.practitioner = Some(practitioner.to_owned());
        self
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(practitioner) = &self.practitioner {
            request.metadata_mut().insert("mash-practitioner", practitioner.parse().unwrap());
        }
        request
    }

    pub(crate) async fn open_with(&self, first: ReceiveRequest) -> Result<Call, Status> {
        let (say, said) = mpsc::channel(1_000);
        say.send(first).await.unwrap();
        let request = self.request(ReceiverStream::new(said));
        let hear = self.service.clone().receive(request).await?.into_inner();
        Ok(Call { say: Some(say), hear })
    }

    pub(crate) async fn open(&self, window: i32) -> Call {
        self.open_with(open(window, false)).await.unwrap()
    }

    /// Fetches and acknowledges everything that waits.
    pub(crate) async fn empty(&self) -> Vec<ReceiveResponse> {
        let mut call = self.open_with(open(50, true)).await.unwrap();
        let mut found = Vec::new();
        while let Some(item) = call.next().await.unwrap() {
            call.acknowledge(&[&item]).await;
            found.push(item);
        }
        found
    }

    pub(crate) async fn acknowledge(&self, names: &[&str]) -> Result<i32, Status> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let request = self.request(AcknowledgeItemsRequest { names });
        let answer = self.service.clone().acknowledge_items(request).await?;
        Ok(answer.into_inner().newly_acknowledged)
    }

    pub(crate) async fn mailbox(&self) -> GetMailboxResponse {
        let request = self.request(GetMailboxRequest {});
        self.service.clone().get_mailbox(request).await.unwrap().into_inner()
    }

    /// Waits until so many items wait.
    pub(crate) async fn until_waiting(&self, count: i64) {
        let waiting = async {
            while self.mailbox().await.waiting != count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the mailbox fills in time");
    }
}

impl Call {
    /// The next item, or the end of the call.
    pub(crate) async fn next(&mut self) -> Result<Option<ReceiveResponse>, Status> {
        tokio::time::timeout(SOON, self.hear.message()).await.expect("something comes in time")
    }

    pub(crate) async fn item(&mut self) -> ReceiveResponse {
        self.next().await.unwrap().expect("an item")
    }

    pub(crate) async fn items(&mut self, count: usize) -> Vec<ReceiveResponse> {
        let mut items = Vec::with_capacity(count);
        while items.len() < count {
            items.push(self.item().await);
        }
        items
    }

    /// Nothing comes for a while.
    pub(crate) async fn silent(&mut self) {
        let more = tokio::time::timeout(Duration::from_millis(400), self.hear.message()).await;
        assert!(more.is_err(), "nothing comes");
    }

    pub(crate) async fn acknowledge(&self, items: &[&ReceiveResponse]) {
        let names = items.iter().map(|item| item.name.clone()).collect();
        self.say(ReceiveRequest { say: Some(Say::Acknowledge(Acknowledge { names })) }).await;
    }

    pub(crate) async fn say(&self, request: ReceiveRequest) {
        // A call that has ended takes no more words; the test sees that when it listens.
        drop(self.say.as_ref().unwrap().send(request).await);
    }
}

pub(crate) fn open(window: i32, until_empty: bool) -> ReceiveRequest {
    ReceiveRequest { say: Some(Say::Open(Open { window, until_empty })) }
}

fn topic_of(organisation: &str) -> &'static str {
    match organisation.parse::<OrganisationId>().unwrap().kind() {
        OrganisationKind::PoliceForce => topics::DISCLOSED_POLICE,
        OrganisationKind::School => topics::DISCLOSED_EDUCATION,
        OrganisationKind::LocalAuthority => topics::DISCLOSED_SOCIAL_CARE,
        OrganisationKind::HealthBoard => topics::DISCLOSED_HEALTH,
        OrganisationKind::Provider | OrganisationKind::Operator => topics::DISCLOSED_PROVIDER,
    }
}

/// The content that an item with this word has.
pub(crate) fn content(word: &str) -> Content {
    let child = ChildIdentity { given_names: format!("Invented {word}"), ..Default::default() };
    Content { child: Some(child), ..Content::default() }
}

/// An enquiry; the word is its release id.
pub(crate) fn released(to: &str, word: &str, revision: i32) -> ItemReleased {
    ItemReleased {
        release_id: word.to_owned(),
        item_id: format!("item-{word}"),
        case_id: format!("case-{word}"),
        kind: ItemKind::Enquiry.into(),
        recipient: Some((&to.parse::<OrganisationId>().unwrap()).into()),
        from: Some((&BRIDGEND.parse::<OrganisationId>().unwrap()).into()),
        revision,
        content: content(&format!("{word} r{revision}")).encode_to_vec(),
        classes: vec![1],
        ..ItemReleased::default()
    }
}

/// As [`released`], to be acknowledged by then.
pub(crate) fn due(to: &str, word: &str, by: Timestamp) -> ItemReleased {
    ItemReleased { acknowledge_by_time: Some(time_to_wire(by)), ..released(to, word, 1) }
}

/// A notice of an incident to a school; the word is its disclosure id.
pub(crate) fn notice(word: &str, addressees: &[&str], conflict_divert: bool) -> DisclosureReleased {
    DisclosureReleased {
        disclosure_id: word.to_owned(),
        duty_id: format!("duty-{word}"),
        case_id: format!("case-{word}"),
        recipient: Some((&SCHOOL.parse::<OrganisationId>().unwrap()).into()),
        addressees: addressees.iter().map(|id| (*id).to_owned()).collect(),
        revision: 1,
        content: content(word).encode_to_vec(),
        classes: vec![1],
        conflict_divert,
        ..DisclosureReleased::default()
    }
}

/// What an item says, as `released word r1`.
pub(crate) fn told(item: &ReceiveResponse) -> String {
    let child = item.content.as_ref().and_then(|content| content.child.as_ref());
    let name = child.map_or("", |child| child.given_names.trim_start_matches("Invented "));
    match item.item.as_ref().unwrap() {
        Item::Released(_) => format!("released {name}"),
        Item::Notice(_) => format!("notice {name}"),
        Item::Recalled(recalled) => format!("recalled {}", recalled.release_id),
        Item::NoticeRecalled(recalled) => format!("notice recalled {}", recalled.disclosure_id),
        Item::NoticeStopped(stopped) => format!("notice stopped {}", stopped.disclosure_id),
    }
}

pub(crate) fn all_told(items: &[ReceiveResponse]) -> Vec<String> {
    items.iter().map(told).collect()
}

/// The gRPC code and the hub's code of a refusal.
pub(crate) fn refused<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), fault::code_of(&status).unwrap_or_default())
}
