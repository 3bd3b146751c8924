//! A hub with only the education service in it, a certificate authority of its own, and a clock that stands still.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_bus::{Bus, BusMessage, testing::published, topics};
use mash_chassis::{ManualClock, fault, testing::Edge};
use mash_domain::organisation::OrganisationId;
use mash_education::{Channels, Education, Settings};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{
        ChildIdentity, Content, DisclosureRecalled, DisclosureReleased, ReceiptRecorded,
    },
    education::v1::{
        self as wire, directory_service_client::DirectoryServiceClient,
        notice_service_client::NoticeServiceClient, referral_service_client::ReferralServiceClient,
        roll_service_client::RollServiceClient,
    },
    envelope::{Attributes, event_id, wrap},
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::{Message, Name};
use tonic::{Code, Request, Status, transport::Channel};

pub(crate) const E1: &str = "school/6722301";
pub(crate) const BRIDGEND: &str = "authority/672";
pub(crate) const OPERATOR: &str = "operator/hub";
const DAY: Duration = Duration::from_secs(24 * 3_600);
const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) education: Education,
    pub(crate) store: Store,
    bus: Arc<dyn Bus>,
    edge: Edge,
    _database: TestDatabase,
}

impl Hub {
    /// At 02:10 in the night of the scenario.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::telling(dialect, Channels::default()).await
    }

    /// As [`Hub::start`], with ways to tell people.
    pub(crate) async fn telling(dialect: Dialect, channels: Channels) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        let clock = ManualClock::new("2026-11-19T02:10:00Z".parse().unwrap());
        let education = replica(&store, &bus, &clock, channels).await;
        let (directory, roll, notices) = education.services();
        let edge = Edge::serve("education", |server| {
            server
                .add_service(directory)
                .add_service(roll)
                .add_service(notices)
                .add_service(education.referrals())
        })
        .await;
        let (running, stop) = (education.clone(), edge.shutdown());
        tokio::spawn(async move { running.run(stop).await });
        Self { clock, education, store, bus, edge, _database: database }
    }

    /// Stops the process, and leaves the bus.
    pub(crate) async fn stop(&self) -> Arc<dyn Bus> {
        self.edge.shutdown().cancel();
        Arc::clone(&self.bus)
    }

    /// Another process on the same store and bus.
    pub(crate) async fn replica(&self, channels: Channels) -> Education {
        replica(&self.store, &self.bus, &self.clock, channels).await
    }

    /// A hub that knows E1 and its calendar.
    pub(crate) async fn with_school(dialect: Dialect) -> Self {
        Self::start(dialect).await.and_school().await
    }

    /// The same with E1 and its calendar.
    pub(crate) async fn and_school(self) -> Self {
        let hub = self;
        let report = hub.import_wales(&wales_row("2301", "Ysgol Gynradd Pont-y-Bryn")).await;
        assert_eq!((report.created, report.problems_total), (1, 0));
        let calendar = wire::ReplaceCalendarRequest {
            request_id: id(),
            parent: "establishments/6722301".into(),
            calendar: Some(calendar(535)),
        };
        hub.directory(E1).replace_calendar(calendar).await.unwrap();
        hub
    }

    /// So many more schools with a key adult and a deputy each, whose day begins as that of E1: their numbers.
    pub(crate) async fn schools(&self, count: usize) -> Vec<String> {
        let numbers: Vec<String> = (0..count).map(|index| format!("24{index:02}")).collect();
        let rows: String = numbers.iter().map(|number| wales_row(number, "Ysgol Arall")).collect();
        assert_eq!(self.import_wales(&rows).await.problems_total, 0);
        let calendar = wire::ReplaceCalendarRequest {
            request_id: id(),
            parent: "authorities/672".into(),
            calendar: Some(calendar(535)),
        };
        self.directory(BRIDGEND).replace_calendar(calendar).await.unwrap();
        let mut laestabs = Vec::new();
        for number in numbers {
            let laestab = format!("672{number}");
            let person = |id: &str, role| wire::Contact {
                full_name: "Another Person".into(),
                ..contact(&format!("{id}-{laestab}"), role)
            };
            let contacts = vec![
                person("key", wire::ContactRole::KeyAdult),
                person("deputy", wire::ContactRole::Deputy),
            ];
            let parent = format!("establishments/{laestab}");
            let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts };
            self.directory(BRIDGEND).replace_contacts(by("manager", request)).await.unwrap();
            laestabs.push(laestab);
        }
        laestabs
    }

    /// Releases a notice to the contacts of each of these schools, and waits until they are there.
    pub(crate) async fn release_to_each(&self, laestabs: &[String]) {
        let before = self.count_notices().await;
        for laestab in laestabs {
            let school: OrganisationId = format!("school/{laestab}").parse().unwrap();
            let readers = [format!("key-{laestab}"), format!("deputy-{laestab}")];
            let release = DisclosureReleased {
                recipient: Some((&school).into()),
                addressees: readers.to_vec(),
                ..to_school(&format!("n-{laestab}"), &[])
            };
            self.release(&release).await;
        }
        let wanted = before + i64::try_from(laestabs.len()).unwrap();
        let arrived = async {
            while self.count_notices().await < wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, arrived).await.expect("the notices come in time");
    }

    async fn count_notices(&self) -> i64 {
        let mut conn = self.store.read().await.unwrap();
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM education_notices");
        count.fetch_one(&mut *conn).await.unwrap()
    }

    pub(crate) fn at(&self, local: &str) {
        self.clock.set(london(local));
    }

    fn channel(&self, organisation: &str) -> Channel {
        self.edge.channel(organisation)
    }

    pub(crate) fn notices(&self, organisation: &str) -> NoticeServiceClient<Channel> {
        NoticeServiceClient::new(self.channel(organisation))
    }

    pub(crate) fn directory(&self, organisation: &str) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel(organisation))
    }

    pub(crate) fn referrals(&self, organisation: &str) -> ReferralServiceClient<Channel> {
        ReferralServiceClient::new(self.channel(organisation))
    }

    pub(crate) fn roll(&self, organisation: &str) -> RollServiceClient<Channel> {
        RollServiceClient::new(self.channel(organisation))
    }

    pub(crate) async fn import(
        &self,
        layout: wire::RegisterLayout,
        file: &str,
    ) -> wire::ImportReport {
        use wire::import_establishments_request::Part;
        let header =
            wire::ImportEstablishmentsHeader { layout: layout.into(), register_date: None };
        let parts = [Part::Header(header), Part::Chunk(file.as_bytes().to_vec())];
        let messages = parts.map(|part| wire::ImportEstablishmentsRequest { part: Some(part) });
        let answer =
            self.directory(OPERATOR).import_establishments(tokio_stream::iter(messages)).await;
        answer.unwrap().into_inner().report.unwrap()
    }

    pub(crate) async fn import_wales(&self, rows: &str) -> wire::ImportReport {
        let header = "LA Code,School Number,School Name,Sector,Postcode,Status,Close Date";
        self.import(wire::RegisterLayout::Wales, &format!("{header}\n{rows}")).await
    }

    pub(crate) async fn officers(&self, desk: &str, officers: &[&str]) {
        let contacts = officers
            .iter()
            .map(|officer| contact(officer, wire::ContactRole::DeskOfficer))
            .collect();
        let parent = format!("authorities/672/desks/{desk}");
        let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts };
        self.directory(BRIDGEND).replace_contacts(by("manager", request)).await.unwrap();
    }

    /// Publishes as routing does.
    pub(crate) async fn publish<M: Message + Name>(&self, key: &str, nonce: &str, event: &M) {
        self.publish_to(topics::DISCLOSED_EDUCATION, key, nonce, event).await;
    }

    /// As [`Hub::publish`], on another topic.
    pub(crate) async fn publish_to<M: Message + Name>(
        &self,
        topic: &str,
        key: &str,
        nonce: &str,
        event: &M,
    ) {
        let now = mash_chassis::Clock::now(&self.clock);
        let event_id = event_id(&["test", nonce]);
        let attributes = Attributes {
            id: event_id,
            source: "mash/routing",
            subject: "case",
            time: now,
            cause: None,
        };
        let payload = wrap(event, &attributes).encode_to_vec().into();
        let (topic, event_id) = (topic.to_owned(), event_id.to_string());
        self.bus
            .publish(&[BusMessage { topic, key: key.to_owned(), event_id, payload }])
            .await
            .unwrap();
    }

    pub(crate) async fn publish_bytes(&self, key: &str, event_id: String, payload: Vec<u8>) {
        let topic = topics::DISCLOSED_EDUCATION.to_owned();
        let message = BusMessage { topic, key: key.to_owned(), event_id, payload: payload.into() };
        self.bus.publish(&[message]).await.unwrap();
    }

    pub(crate) async fn release(&self, release: &DisclosureReleased) {
        let key = format!("{}-{}", release.disclosure_id, release.revision);
        self.publish(&recipient(release), &key, release).await;
    }

    pub(crate) async fn recall(&self, release: &DisclosureReleased) {
        let recall = DisclosureRecalled {
            disclosure_id: release.disclosure_id.clone(),
            duty_id: release.duty_id.clone(),
            case_id: release.case_id.clone(),
            recipient: release.recipient.clone(),
            reason_code: "wrong-child".into(),
            recall_time: Some(time_to_wire(mash_chassis::Clock::now(&self.clock))),
        };
        self.publish(&recipient(release), &format!("{}-recall", release.disclosure_id), &recall)
            .await;
    }

    pub(crate) async fn list(&self, organisation: &str, practitioner: &str) -> Vec<wire::Notice> {
        let request = by(practitioner, wire::ListNoticesRequest::default());
        self.notices(organisation).list_notices(request).await.unwrap().into_inner().notices
    }

    pub(crate) async fn get(
        &self,
        organisation: &str,
        practitioner: &str,
        notice: &str,
    ) -> Result<wire::Notice, Status> {
        let request =
            by(practitioner, wire::GetNoticeRequest { name: format!("notices/{notice}") });
        let answer = self.notices(organisation).get_notice(request).await?;
        Ok(answer.into_inner().notice.unwrap())
    }

    /// Waits until the practitioner's list looks as it should.
    pub(crate) async fn until(
        &self,
        organisation: &str,
        practitioner: &str,
        fits: impl Fn(&[wire::Notice]) -> bool,
    ) -> Vec<wire::Notice> {
        let mut client = self.notices(organisation);
        let waiting = async {
            loop {
                let request = by(practitioner, wire::ListNoticesRequest::default());
                let notices = client.list_notices(request).await.unwrap().into_inner().notices;
                if fits(&notices) {
                    return notices;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the list looks as it should in time")
    }

    pub(crate) async fn confirm_roll(
        &self,
        (organisation, practitioner): (&str, &str),
        notice: &str,
    ) -> Result<wire::Notice, Status> {
        let name = format!("notices/{notice}");
        let request = wire::ConfirmRollRequest { request_id: id(), name };
        let answer = self.notices(organisation).confirm_roll(by(practitioner, request)).await?;
        Ok(answer.into_inner().notice.unwrap())
    }

    pub(crate) async fn acknowledge(
        &self,
        (organisation, practitioner): (&str, &str),
        notice: &str,
        revision: i32,
        request_id: &str,
    ) -> Result<wire::Notice, Status> {
        let name = format!("notices/{notice}");
        // Where it is refused, acknowledging is too.
        drop(self.confirm_roll((organisation, practitioner), notice).await);
        let request = wire::AcknowledgeNoticeRequest {
            request_id: request_id.to_owned(),
            name,
            revision,
            ..wire::AcknowledgeNoticeRequest::default()
        };
        let answer =
            self.notices(organisation).acknowledge_notice(by(practitioner, request)).await?;
        Ok(answer.into_inner().notice.unwrap())
    }

    /// The events of a topic, once there are at least this many.
    pub(crate) async fn published<M: Message + Name + Default>(
        &self,
        topic: &'static str,
        at_least: usize,
    ) -> Vec<M> {
        published(self.bus.as_ref(), topic, at_least).await
    }

    /// Receipts as `KIND practitioner reason late revision`, in the order of the notice's life.
    pub(crate) async fn receipts(&self, at_least: usize) -> Vec<String> {
        let receipts: Vec<ReceiptRecorded> = self.published(topics::RECEIPTS, at_least).await;
        let text = |receipt: ReceiptRecorded| {
            let kind = receipt.kind().as_str_name().trim_start_matches("RECEIPT_KIND_").to_owned();
            let late = if receipt.late { " late" } else { "" };
            format!(
                "{kind} {} {} r{}{late}",
                receipt.practitioner, receipt.reason_code, receipt.revision
            )
        };
        receipts.into_iter().map(text).collect()
    }
}

/// The ladder is climbed only when a test says so.
async fn replica(
    store: &Store,
    bus: &Arc<dyn Bus>,
    clock: &ManualClock,
    channels: Channels,
) -> Education {
    let settings = Settings {
        sweep_interval: DAY,
        renew_interval: Duration::from_millis(10),
        watch_interval: DAY,
        ..Settings::default()
    };
    let (store, bus, clock) = (store.clone(), Arc::clone(bus), Arc::new(clock.clone()));
    Education::start_telling(store, bus, clock, settings, channels).await.unwrap()
}

fn recipient(release: &DisclosureReleased) -> String {
    OrganisationId::try_from(release.recipient.clone().unwrap()).unwrap().to_string()
}

pub(crate) fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn by<T>(practitioner: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", practitioner.parse().unwrap());
    request
}

pub(crate) fn london(local: &str) -> Timestamp {
    let zone = mash_domain::calendar::london().clone();
    local.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone).unwrap().timestamp()
}

pub(crate) fn wales_row(number: &str, name: &str) -> String {
    format!("672,{number},{name},Primary,CF31 1AA,Open,\n")
}

pub(crate) fn calendar(session_start_minutes: i32) -> wire::Calendar {
    let day = |year, month, day| Some(jiff::civil::date(year, month, day).into());
    wire::Calendar {
        session_start_minutes,
        terms: vec![wire::DateRange { first: day(2026, 9, 2), last: day(2026, 12, 18) }],
        holidays: vec![wire::DateRange { first: day(2026, 10, 26), last: day(2026, 10, 30) }],
        ..wire::Calendar::default()
    }
}

pub(crate) fn contact(id: &str, role: wire::ContactRole) -> wire::Contact {
    wire::Contact {
        id: id.to_owned(),
        full_name: format!("Person {}", id.to_uppercase()),
        role: role.into(),
        email: format!("{id}.x@bridgend.example"),
        telephone: "01656 000000".to_owned(),
        training_date: Some(jiff::civil::date(2026, 1, 10).into()),
        confirmed_date: None,
        absence: None,
        cover: String::new(),
    }
}

pub(crate) fn content(words: &str) -> Vec<u8> {
    let child = ChildIdentity { given_names: words.to_owned(), ..ChildIdentity::default() };
    Content { child: Some(child), ..Content::default() }.encode_to_vec()
}

/// A release to E1 for its key adult, of what was accepted at 02:10.
pub(crate) fn to_school(disclosure_id: &str, addressees: &[&str]) -> DisclosureReleased {
    DisclosureReleased {
        disclosure_id: disclosure_id.to_owned(),
        duty_id: format!("duty-{disclosure_id}"),
        case_id: format!("case-{disclosure_id}"),
        recipient: Some((&E1.parse::<OrganisationId>().unwrap()).into()),
        addressees: addressees.iter().map(|id| (*id).to_owned()).collect(),
        revision: 1,
        content: content("Carys"),
        classes: vec![1],
        rule_ids: vec!["R01".to_owned()],
        duty_kind: "school".to_owned(),
        from_force_code: "62".to_owned(),
        accept_time: Some(time_to_wire("2026-11-19T02:10:00Z".parse().unwrap())),
        ..DisclosureReleased::default()
    }
}

/// The gRPC code and the hub's code of a refusal.
pub(crate) fn refused<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), fault::code_of(&status).unwrap_or_default())
}

impl Hub {
    /// Whether the table of notices still holds a word in the row of this notice.
    pub(crate) async fn leaks(&self, word: &str, notice: &str) -> bool {
        let mut conn = self.store.read().await.unwrap();
        let row = sqlx::query("SELECT content, released FROM education_notices WHERE id = $1")
            .bind(notice)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        let (content, released): (Vec<u8>, Vec<u8>) =
            (sqlx::Row::try_get(&row, 0).unwrap(), sqlx::Row::try_get(&row, 1).unwrap());
        [content, released]
            .iter()
            .any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    }
}
