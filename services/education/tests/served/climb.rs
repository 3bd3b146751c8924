//! Who is told on the way up, by whom, and what becomes of a step that goes wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use mash_education::{Channels, Education};
use mash_mail::{Channel, Outgoing, Undelivered};
use mash_proto::education::v1::{self as wire, ContactRole};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{BRIDGEND, E1, Hub, by, contact, id, london, refused, to_school};

mod together;

on_both!(
    one_person_after_the_other_is_told_until_somebody_acknowledges,
    a_step_that_goes_wrong_moves_on_and_the_desk_sees_why,
    whoever_covers_is_told_at_once,
    replicas_that_race_tell_nobody_twice,
    killed_between_claim_and_send_it_is_sent_once_more_under_the_same_key,
    killed_twice_it_is_given_up_and_the_ladder_goes_on,
    what_waits_for_a_slow_mail_server_is_not_taken_for_lost,
    a_ladder_that_has_gone_bad_stops_nothing,
    an_acknowledgement_stops_what_is_claimed,
    an_acknowledgement_between_claim_and_send_stops_it,
    after_an_outage_everybody_is_told_at_once_and_the_notice_is_late_for_it,
    what_is_released_late_still_goes,
    released_twenty_minutes_before_the_bell_it_is_with_the_desk_in_time,
    a_recalled_notice_that_comes_back_climbs_again,
    an_authority_has_a_ladder_of_its_own,
);

const STAFF: [(&str, ContactRole); 4] = [
    ("mair", ContactRole::KeyAdult),
    ("owen", ContactRole::Deputy),
    ("sian", ContactRole::SecondDeputy),
    ("dai", ContactRole::Head),
];
const ALL: [&str; 4] = ["mair", "owen", "sian", "dai"];

/// Keeps what is sent. What is not for somebody in `fails` is taken.
#[derive(Default)]
struct Post {
    sent: Mutex<Vec<Outgoing>>,
    fails: Mutex<BTreeMap<String, Undelivered>>,
    /// Whoever sends does not hear of it while this is so.
    hangs: Mutex<bool>,
}

#[async_trait]
impl Channel for Post {
    async fn send(&self, message: &Outgoing) -> Result<(), Undelivered> {
        self.sent.lock().unwrap().push(message.clone());
        while *self.hangs.lock().unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.fails.lock().unwrap().get(&message.to).map_or(Ok(()), |failure| Err(*failure))
    }
}

impl Post {
    fn to(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|it| it.to.clone()).collect()
    }

    fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// Waits until so many have been given to it.
    async fn until(&self, count: usize) {
        let waiting = async {
            while self.count() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it is sent in time");
    }
}

struct Morning {
    hub: Hub,
    email: Arc<Post>,
    sms: Arc<Post>,
}

impl Morning {
    async fn start(dialect: Dialect) -> Self {
        let (email, sms) = (Arc::<Post>::default(), Arc::<Post>::default());
        let hub = Hub::telling(dialect, channels(&email, &sms)).await.and_school().await;
        hub.officers("education-duty", &["nia"]).await;
        let morning = Self { hub, email, sms };
        morning.staff(STAFF.map(|(id, role)| contact(id, role)).to_vec()).await;
        morning
    }

    async fn staff(&self, contacts: Vec<wire::Contact>) {
        let parent = "establishments/6722301".to_owned();
        let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts };
        self.hub.directory(E1).replace_contacts(by("head", request)).await.unwrap();
    }

    async fn release(&self, notice: &str) {
        self.hub.release(&to_school(notice, &ALL)).await;
        let arrived = |notices: &[wire::Notice]| {
            notices.iter().any(|it| it.name == format!("notices/{notice}"))
        };
        self.hub.until(E1, "mair", arrived).await;
    }

    /// Everything told since the last time, e-mails first.
    async fn told_at(&self, local: &str) -> Vec<String> {
        let before = (self.email.count(), self.sms.count());
        self.hub.at(local);
        self.hub.education.sweep().await;
        let name = |to: String| to.split('.').next().unwrap_or_default().to_owned();
        let emails = self.email.to().into_iter().skip(before.0).map(name);
        let texts = self.sms.to().into_iter().skip(before.1).map(|_| "text".to_owned());
        emails.chain(texts).collect()
    }

    /// What the desk sees of the ladder of a notice: `to/by who outcome`.
    async fn nudges(&self, notice: &str) -> Vec<String> {
        let name = format!("notices/{notice}");
        let listed = self.hub.list(BRIDGEND, "nia").await;
        let listed = listed.into_iter().find(|it| it.name == name).expect("the desk has it");
        let got = self.hub.get(BRIDGEND, "nia", notice).await.unwrap();
        assert!(listed.nudges == got.nudges, "a list and one by one");
        let show = |it: &wire::Nudge| {
            assert!(it.nudge_time.is_some());
            format!("{}/{} {} {}", it.to, it.by, it.practitioner, it.outcome_code)
        };
        got.nudges.iter().map(show).collect()
    }
}

fn channels(email: &Arc<Post>, sms: &Arc<Post>) -> Channels {
    Channels {
        email: Some(email.clone()),
        sms: Some(sms.clone()),
        inbox: "https://inbox.example".to_owned(),
    }
}

fn nobody() -> Vec<String> {
    Vec::new()
}

async fn one_person_after_the_other_is_told_until_somebody_acknowledges(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"]);
    assert_eq!(morning.told_at("2026-11-19T07:29:59").await, nobody());
    assert_eq!(morning.told_at("2026-11-19T07:30").await, ["text"]);
    assert_eq!(morning.told_at("2026-11-19T07:30").await, nobody(), "once");
    assert_eq!(morning.told_at("2026-11-19T07:55").await, ["owen"]);
    morning.hub.acknowledge((E1, "owen"), "n1", 1, &id()).await.unwrap();
    for later in ["08:10", "08:40", "08:55"] {
        assert_eq!(morning.told_at(&format!("2026-11-19T{later}")).await, nobody());
    }
    assert_eq!(morning.hub.list(BRIDGEND, "nia").await.len(), 0, "it never reached the desk");
    let read = morning.hub.get(E1, "mair", "n1").await.unwrap();
    assert!(read.nudges.is_empty() && read.late_code.is_empty(), "the school sees its notice");
}

async fn a_step_that_goes_wrong_moves_on_and_the_desk_sees_why(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let day = |day| Some(jiff::civil::date(2026, 11, day).into());
    let away = wire::DateRange { first: day(19), last: day(20) };
    let mut staff = STAFF.map(|(id, role)| contact(id, role)).to_vec();
    staff[1].absence = Some(away);
    staff.remove(2);
    morning.staff(staff).await;
    let refuses = ("mair.x@bridgend.example".to_owned(), Undelivered::Refused);
    morning.email.fails.lock().unwrap().extend([refuses]);
    let down = ("01656 000000".to_owned(), Undelivered::Unreachable);
    morning.sms.fails.lock().unwrap().extend([down]);
    morning.hub.release(&to_school("n1", &["mair", "owen"])).await;
    morning.hub.until(E1, "mair", |notices| notices.len() == 1).await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"]);
    assert_eq!(morning.told_at("2026-11-19T06:54").await, nobody(), "nobody is woken");
    assert_eq!(morning.told_at("2026-11-19T06:55").await, ["text"], "but told early for it");
    assert_eq!(morning.told_at("2026-11-19T08:39").await, nobody());
    morning.told_at("2026-11-19T08:40").await;
    assert_eq!(
        morning.nudges("n1").await,
        [
            "key-adult/email mair refused",
            "key-adult/sms mair unreachable",
            "deputy/email  absent",
            "deputy/sms  absent",
            "second-deputy/email  no-contact",
            "second-deputy/sms  no-contact",
            "head/email  not-addressed",
            "head/sms  not-addressed",
            "desk/task nia task",
        ]
    );
    assert!(morning.hub.get(E1, "mair", "n1").await.unwrap().nudges.is_empty());
    morning.hub.at("2026-11-19T09:10");
    morning.hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let late = morning.hub.get(E1, "mair", "n1").await.unwrap().late_code;
    assert_eq!(late, "step-failed", "it was with the desk in time, and the school late");
}

async fn whoever_covers_is_told_at_once(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let day = |day| Some(jiff::civil::date(2026, 11, day).into());
    let mut staff = STAFF.map(|(id, role)| contact(id, role)).to_vec();
    staff[0].absence = Some(wire::DateRange { first: day(19), last: day(19) });
    staff[0].cover = "dai".to_owned();
    morning.staff(staff.clone()).await;
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["dai"], "in the place of the key adult");

    staff[0].cover = "nobody".to_owned();
    let parent = "establishments/6722301".to_owned();
    let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts: staff };
    let answer = morning.hub.directory(E1).replace_contacts(by("head", request)).await;
    assert_eq!(refused(answer).0, Code::InvalidArgument, "only a contact of the school covers");
}

async fn replicas_that_race_tell_nobody_twice(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let other = morning.hub.replica(channels(&morning.email, &morning.sms)).await;
    let third = morning.hub.replica(channels(&morning.email, &morning.sms)).await;
    let schools = morning.hub.schools(12).await;
    morning.hub.release_to_each(&schools).await;
    let race = async |at: &str| {
        morning.hub.at(at);
        let sweep = |education: &Education| {
            let education = education.clone();
            tokio::spawn(async move { education.sweep().await })
        };
        let sweeps = [&morning.hub.education, &other, &third].map(sweep);
        let mut escalated = 0;
        for one in sweeps {
            escalated += one.await.unwrap();
        }
        // A loser of a race may have been refused by the database, and goes on at its next look.
        escalated + morning.hub.education.sweep().await
    };
    let keys = |post: &Post| -> Vec<uuid::Uuid> {
        post.sent.lock().unwrap().iter().map(|it| it.key).collect()
    };
    assert_eq!(race("2026-11-19T02:10").await, 0);
    assert_eq!(morning.email.count(), 12);
    race("2026-11-19T07:55").await;
    let (emails, texts) = (keys(&morning.email), keys(&morning.sms));
    assert_eq!((emails.len(), texts.len()), (24, 12));
    assert_eq!(emails.iter().chain(&texts).collect::<BTreeSet<_>>().len(), 36, "each once");
    assert_eq!(race("2026-11-19T08:41").await, 12, "and each goes up once");
    assert_eq!(morning.hub.receipts(24).await.len(), 24);
}

async fn killed_between_claim_and_send_it_is_sent_once_more_under_the_same_key(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    kill_while_sending(&morning, 1).await;
    let survivor = morning.hub.replica(channels(&morning.email, &morning.sms)).await;
    survivor.sweep().await;
    assert_eq!(morning.email.count(), 1, "somebody may be at it still");
    morning.hub.at("2026-11-19T02:11");
    survivor.sweep().await;
    survivor.sweep().await;
    let keys: Vec<_> = morning.email.sent.lock().unwrap().iter().map(|it| it.key).collect();
    assert_eq!(keys.len(), 2, "once more");
    assert_eq!(keys[0], keys[1]);
    morning.hub.at("2026-11-19T08:40");
    survivor.sweep().await;
    assert_eq!(morning.nudges("n1").await[0], "key-adult/email mair sent");
}

async fn killed_twice_it_is_given_up_and_the_ladder_goes_on(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    kill_while_sending(&morning, 1).await;
    morning.hub.at("2026-11-19T02:12");
    kill_while_sending(&morning, 2).await;
    // Nothing but texts follows e-mails in the night.
    assert_eq!(morning.told_at("2026-11-19T02:14").await, nobody());
    assert_eq!(morning.told_at("2026-11-19T06:55").await, ["text"], "the next one is due");
    morning.told_at("2026-11-19T08:40").await;
    assert_eq!(morning.nudges("n1").await[0], "key-adult/email mair lost");
}

/// A process that dies when it has claimed a step and given it away, before it hears of it.
async fn kill_while_sending(morning: &Morning, count: usize) {
    *morning.email.hangs.lock().unwrap() = true;
    let dies = morning.hub.replica(channels(&morning.email, &morning.sms)).await;
    let sweep = tokio::spawn(async move { dies.sweep().await });
    morning.email.until(count).await;
    sweep.abort();
    assert!(sweep.await.unwrap_err().is_cancelled());
    *morning.email.hangs.lock().unwrap() = false;
}

/// Nudges in flight by the attempt that they are at.
async fn in_flight(hub: &Hub, attempt: i64) -> i64 {
    let sql = "SELECT COUNT(*) FROM education_nudges WHERE outcome = '' AND attempt = $1";
    let mut conn = hub.store.read().await.unwrap();
    sqlx::query_scalar(sql).bind(attempt).fetch_one(&mut *conn).await.unwrap()
}

async fn what_waits_for_a_slow_mail_server_is_not_taken_for_lost(dialect: Dialect) {
    const PLACES: usize = 32;
    let morning = Morning::start(dialect).await;
    let schools = morning.hub.schools(PLACES + 3).await;
    morning.hub.release_to_each(&schools).await;
    *morning.email.hangs.lock().unwrap() = true;
    morning.hub.education.tick().await.unwrap();
    morning.email.until(PLACES).await;
    // Longer than a claim is good for, in two parts: in between, what waits for a place says that it still does.
    for local in ["2026-11-19T02:10:50", "2026-11-19T02:11:40"] {
        morning.hub.at(local);
        let now = london(local).as_millisecond();
        let renewed = async {
            let sql = "SELECT COUNT(*) FROM education_nudges WHERE claim_ms = $1";
            loop {
                let mut conn = morning.hub.store.read().await.unwrap();
                let query = sqlx::query_scalar::<_, i64>(sql).bind(now);
                if query.fetch_one(&mut *conn).await.unwrap() >= 3 {
                    break;
                }
                drop(conn);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), renewed).await.expect("it is renewed");
    }
    morning.hub.education.tick().await.unwrap();
    assert_eq!(in_flight(&morning.hub, 1).await, 3, "only what was being sent is claimed again");
    *morning.email.hangs.lock().unwrap() = false;
    let settled = async {
        while in_flight(&morning.hub, 1).await + in_flight(&morning.hub, 2).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), settled).await.expect("all is sent");
}

async fn a_ladder_that_has_gone_bad_stops_nothing(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let mut tx = morning.hub.store.begin().await.unwrap();
    sqlx::query("INSERT INTO education_ladders (authority, ladder) VALUES ('672', $1)")
        .bind(vec![0xff_u8; 3])
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:15").await, ["mair"]);
}

async fn an_acknowledgement_stops_what_is_claimed(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    kill_while_sending(&morning, 1).await;
    morning.hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    assert_eq!(morning.told_at("2026-11-19T02:12").await, nobody());
    assert_eq!(morning.told_at("2026-11-19T08:40").await, nobody());
}

async fn an_acknowledgement_between_claim_and_send_stops_it(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let schools = morning.hub.schools(2).await;
    morning.hub.release_to_each(&schools).await;
    *morning.email.hangs.lock().unwrap() = true;
    let education = morning.hub.education.clone();
    let sweep = tokio::spawn(async move { education.sweep().await });
    morning.email.until(1).await;
    // Both are claimed, and the first one is on its way.
    let first = morning.email.to().remove(0);
    let other = schools.iter().find(|laestab| !first.contains(laestab.as_str())).unwrap();
    let (school, reader) = (format!("school/{other}"), format!("key-{other}"));
    let notice = format!("n-{other}");
    morning.hub.acknowledge((&school, &reader), &notice, 1, &id()).await.unwrap();
    *morning.email.hangs.lock().unwrap() = false;
    sweep.await.unwrap();
    assert_eq!(morning.email.count(), 1, "the second one had been answered");
}

async fn after_an_outage_everybody_is_told_at_once_and_the_notice_is_late_for_it(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"]);
    // Nobody looked all morning.
    let told = morning.told_at("2026-11-19T09:00").await;
    assert_eq!(told, ["owen", "sian", "dai", "text", "text", "text", "text"]);
    let nudges = morning.nudges("n1").await;
    assert_eq!((nudges.len(), nudges[8].as_str()), (9, "desk/task nia task"));
    let task = morning.hub.get(BRIDGEND, "nia", "n1").await.unwrap();
    assert_eq!(task.late_code, "outage");
    assert!(morning.hub.receipts(2).await.contains(&"ESCALATED nia unacknowledged r1 late".into()));
}

async fn what_is_released_late_still_goes(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.hub.at("2026-11-19T09:30");
    morning.release("n1").await;
    let told = morning.told_at("2026-11-19T09:30").await;
    assert_eq!(told, ["mair", "owen", "sian", "dai", "text", "text", "text", "text"]);
    assert_eq!(morning.hub.get(BRIDGEND, "nia", "n1").await.unwrap().late_code, "released-late");
}

async fn released_twenty_minutes_before_the_bell_it_is_with_the_desk_in_time(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.hub.at("2026-11-19T08:35");
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T08:35").await, ["mair", "text"]);
    assert_eq!(morning.told_at("2026-11-19T08:37:30").await, ["owen", "text"]);
    assert_eq!(morning.hub.list(BRIDGEND, "nia").await.len(), 0);
    let told = morning.told_at("2026-11-19T08:40").await;
    assert_eq!(told, ["sian", "dai", "text", "text"]);
    let task = morning.hub.list(BRIDGEND, "nia").await.remove(0);
    assert_eq!((task.escalated_to.as_str(), task.late_code.as_str()), ("nia", ""));
}

async fn a_recalled_notice_that_comes_back_climbs_again(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"]);
    morning.hub.at("2026-11-19T03:00");
    morning.hub.recall(&to_school("n1", &ALL)).await;
    let recalled = |notices: &[wire::Notice]| notices[0].deletion_requested;
    morning.hub.until(E1, "mair", recalled).await;
    assert_eq!(morning.told_at("2026-11-19T07:30").await, nobody());
    let again =
        mash_proto::disclosure::v1::DisclosureReleased { revision: 2, ..to_school("n1", &ALL) };
    morning.hub.release(&again).await;
    morning.hub.until(E1, "mair", |notices| notices[0].revision == 2).await;
    assert_eq!(morning.told_at("2026-11-19T07:31").await, ["mair", "text"]);
}

async fn an_authority_has_a_ladder_of_its_own(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    let get = |organisation: &'static str| {
        let request = wire::GetLadderRequest { parent: "authorities/672".into() };
        let mut directory = morning.hub.directory(organisation);
        async move { directory.get_ladder(by("manager", request)).await }
    };
    let builtin = get(BRIDGEND).await.unwrap().into_inner();
    assert!(!builtin.own && builtin.ladder.as_ref().unwrap().steps.len() == 8);
    assert_eq!(refused(get("authority/673").await).0, Code::NotFound);
    morning.release("n1").await;
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"]);

    let step = |to: &str, by: &str, before_minutes| wire::LadderStep {
        to: to.into(),
        by: by.into(),
        before_minutes,
    };
    let ladder = wire::Ladder {
        desk_minutes: 60,
        wake_minutes: 90,
        steps: vec![step("key-adult", "email", 0), step("head", "email", 80)],
    };
    let replace = |organisation: &'static str, ladder: wire::Ladder| {
        let parent = "authorities/672".to_owned();
        let request = wire::ReplaceLadderRequest { request_id: id(), parent, ladder: Some(ladder) };
        let mut directory = morning.hub.directory(organisation);
        async move { directory.replace_ladder(by("manager", request)).await }
    };
    assert_eq!(refused(replace("authority/673", ladder.clone()).await).0, Code::NotFound);
    let odd = wire::Ladder {
        desk_minutes: 1,
        steps: vec![step("caretaker", "email", 5), step("head", "owl", 3)],
        ..ladder.clone()
    };
    let fault = replace(BRIDGEND, odd).await.err().expect("a refusal");
    let message = fault.message().to_owned();
    assert_eq!(refused::<()>(Err(fault)), (Code::InvalidArgument, "MASH-E020".to_owned()));
    assert!(message.contains("3 faults"), "{message}");
    replace(BRIDGEND, ladder).await.unwrap();
    assert!(get(BRIDGEND).await.unwrap().into_inner().own);
    assert_eq!(morning.told_at("2026-11-19T02:10").await, nobody(), "she was told already");
    assert_eq!(morning.told_at("2026-11-19T07:35").await, ["dai"]);
    morning.told_at("2026-11-19T07:55").await;
    assert_eq!(
        morning.nudges("n1").await,
        ["key-adult/email mair sent", "head/email dai sent", "desk/task nia task"]
    );
}
