//! A hub with the directory of the demonstration, and everybody who calls it about referrals.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_hub::{
    data::Data,
    demo::{ScriptedClock, prepare::directory_and_rolls},
    people::{Endpoints, People, on_behalf},
    serve::{Running, Settings, Which, start},
};
use mash_proto::{
    disclosure::v1::EvidenceClass,
    police::v1 as police,
    referral::v1::{self as referral, ReceivedEnquiry, ReceivedFeedback, SentReferral},
    social_care::v1 as care,
    r#type::v1::{Answer, Date, Organisation},
};
use mash_synth::{identifiers::nhs_numbers, night::Night};
use tokio_util::sync::CancellationToken;

use crate::Stage;

/// The force.
pub const FORCE: &str = "police/62";
/// The hub.
pub const HUB: &str = "authority/672";
/// The health board.
pub const BOARD: &str = "health-board/7A5";
/// A school, with its key adult.
pub const SCHOOL: (&str, &str) = ("school/6722951", "mair-rees");
/// An officer.
pub const OFFICER: &str = "pc-1";
/// A social worker.
pub const WORKER: &str = "sw-1";
/// The manager of the hub.
pub const MANAGER: &str = "manager-1";
/// A named nurse.
pub const NURSE: &str = "nurse-1";

/// How long a scenario waits for what must come. Clocks are looked at every five seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// A hub that runs.
pub struct Hub {
    /// Whoever calls.
    pub people: People,
    clock: ScriptedClock,
    settings: Settings,
    running: Option<Running>,
    shutdown: CancellationToken,
    serial: AtomicU32,
    stage: Stage,
}

impl Hub {
    /// On this stage, on the morning of Thursday 19 November 2026, with a manager who is warned.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub async fn start(stage: Stage) -> Self {
        let options = stage.options();
        let data = Data::open(&options.data).expect("a data folder");
        let clock = ScriptedClock::open(&data).expect("a clock");
        clock.move_to("2026-11-19T10:00:00Z".parse().expect("an instant")).expect("it moves");
        let settings = Settings {
            which: Which::All,
            data: options.data.clone(),
            database: options.database.clone(),
            bus: options.bus.clone(),
            keys: mash_hub::keyring::Keyring::Files(None),
            listen: options.listen,
            hosts: vec!["localhost".to_owned()],
            clock: Some(data.clock()),
            inbox: None,
            ways: mash_hub::serve::Ways::default(),
            ledger: None,
            ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
        };
        let shutdown = CancellationToken::new();
        let (running, people) = up(&settings, &shutdown).await;
        directory_and_rolls(&Night::new(), &people).await.expect("the directory");
        let (running, serial) = (Some(running), AtomicU32::new(1));
        let hub = Self { people, clock, settings, running, shutdown, serial, stage };
        let request = care::SetHubRequest {
            request_id: id(),
            duty_manager: MANAGER.to_owned(),
            contact: None,
        };
        let set = hub.people.queue(HUB).expect("a client").set_hub(by(WORKER, request)).await;
        set.expect("the hub is staffed");
        hub
    }

    /// Stops it.
    ///
    /// # Panics
    ///
    /// If a part of it had failed.
    pub async fn stop(mut self) {
        self.halt().await;
    }

    /// Stops it, and starts it again on the same stores and the same bus, later.
    ///
    /// # Panics
    ///
    /// If it had failed, or cannot be started again.
    pub async fn restart_at(&mut self, instant: &str) {
        self.halt().await;
        self.at(instant);
        self.shutdown = CancellationToken::new();
        let (running, people) = up(&self.settings, &self.shutdown).await;
        (self.running, self.people) = (Some(running), people);
    }

    /// Where it answers.
    ///
    /// # Panics
    ///
    /// If it is halted.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let running = self.running.as_ref().expect("it runs");
        format!("https://localhost:{}", running.address.port())
    }

    /// Where it stands.
    #[must_use]
    pub fn options(&self) -> mash_hub::demo::Options {
        self.stage.options()
    }

    /// Stops it, and leaves its stores and its bus as they are.
    ///
    /// # Panics
    ///
    /// If a part of it had failed.
    pub async fn halt(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            running.wait().await.expect("it stops");
        }
    }

    /// Moves the clock.
    ///
    /// # Panics
    ///
    /// If it cannot be moved.
    pub fn at(&self, instant: &str) {
        let instant: Timestamp = instant.parse().expect("an instant");
        self.clock.move_to(instant).expect("the clock moves");
    }

    /// A report of a child whom no other scenario has.
    ///
    /// # Panics
    ///
    /// Never: there are numbers enough.
    pub fn report(&self, kind: referral::ReportKind) -> referral::Report {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let place = usize::try_from(serial).expect("small");
        let nhs = nhs_numbers(500_000).nth(place).expect("a number");
        referral::Report {
            form_version: 1,
            kind: kind.into(),
            urgency: referral::Urgency::SameDay.into(),
            child: Some(referral::Subject {
                given_names: format!("Child{serial}"),
                family_name: "Scenario".to_owned(),
                date_of_birth: Some(Date { year: 2016, month: 5, day: 17 }),
                nhs_number: nhs,
                address: Some(referral::Address {
                    lines: vec![format!("{serial} Stryd y Senario"), "Bridgend".to_owned()],
                    postcode: "CF31 9ZZ".to_owned(),
                    protect: Answer::No.into(),
                    authority_code: "672".to_owned(),
                }),
                ..referral::Subject::default()
            }),
            concerns: vec![referral::Concern {
                what: "Alone at home all night.".to_owned(),
                when: "last night".to_owned(),
                r#where: String::new(),
                evidence: EvidenceClass::Observation.into(),
            }],
            voice: Some(referral::Voice {
                spoken_to: Answer::Yes.into(),
                words: "I was scared.".to_owned(),
                alone: Answer::Yes.into(),
                not_spoken_to_reason: String::new(),
            }),
            harm_suspected: Answer::Yes.into(),
            referrer: Some(referral::Referrer {
                name: "Invented Person".to_owned(),
                role: "professional".to_owned(),
                telephone: "01632 960440".to_owned(),
                protect_identity: false,
            }),
            place_authority_code: "672".to_owned(),
            ..referral::Report::default()
        }
    }

    /// Police notify. The name of the referral.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn notify(&self, report: referral::Report) -> String {
        let grade = police::NoticeGrade::Green;
        self.notify_as(report, grade).await
    }

    /// As [`Hub::notify`], with this grade of the sender.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn notify_as(&self, report: referral::Report, grade: police::NoticeGrade) -> String {
        let request = police::SubmitProtectionNoticeRequest {
            request_id: id(),
            notice: Some(police::ProtectionNotice {
                reference: self.reference(),
                report: Some(report),
                grade: grade.into(),
                ..police::ProtectionNotice::default()
            }),
        };
        let mut force = self.people.protection(FORCE).expect("a client");
        let answer = force.submit_protection_notice(by(OFFICER, request)).await;
        answer.expect("accepted").into_inner().referral.expect("a referral").name
    }

    /// A reference that no other scenario has.
    pub fn reference(&self) -> String {
        format!("REF-{}", self.serial.fetch_add(1, Ordering::SeqCst))
    }

    /// The referral as the hub has it, as soon as it looks so.
    pub async fn until(
        &self,
        name: &str,
        fits: impl Fn(&care::GetReferralResponse) -> bool,
    ) -> care::GetReferralResponse {
        until(&format!("{name} in the queue"), async || {
            let request = care::GetReferralRequest { name: name.to_owned() };
            let mut queue = self.people.queue(HUB).expect("a client");
            let answer = queue.get_referral(by(WORKER, request)).await.ok()?.into_inner();
            fits(&answer).then_some(answer)
        })
        .await
    }

    /// The referral, as soon as the hub has it.
    pub async fn arrived(&self, name: &str) -> care::Referral {
        self.until(name, |found| found.referral.is_some()).await.referral.unwrap_or_default()
    }

    /// A worker grades it.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn grade(&self, name: &str, grade: care::Grade) -> care::GradeReferralResponse {
        let referral = self.arrived(name).await;
        let request = care::GradeReferralRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: referral.revision,
            grade: grade.into(),
            reason: String::new(),
        };
        let mut queue = self.people.queue(HUB).expect("a client");
        queue.grade_referral(by(WORKER, request)).await.expect("graded").into_inner()
    }

    /// A worker asks partners.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn ask(&self, name: &str, partners: &[&str]) -> Vec<care::Enquiry> {
        let question = |partner: &&str| care::PartnerQuestion {
            partner: Some(organisation(partner)),
            topics: vec!["what-is-known".to_owned()],
            text: String::new(),
            due_time: None,
        };
        let request = care::AskPartnersRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: self.arrived(name).await.revision,
            questions: partners.iter().map(question).collect(),
        };
        let mut queue = self.people.queue(HUB).expect("a client");
        queue.ask_partners(by(WORKER, request)).await.expect("asked").into_inner().enquiries
    }

    /// The request of a decision.
    pub async fn decision(
        &self,
        name: &str,
        outcome: care::Outcome,
    ) -> care::DecideReferralRequest {
        care::DecideReferralRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: self.arrived(name).await.revision,
            outcome: outcome.into(),
            reason: "the threshold was weighed".to_owned(),
            what_would_change_it: "a second report".to_owned(),
            next_step: String::new(),
            decide_with_gaps: true,
        }
    }

    /// A worker decides.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn decide(&self, name: &str, outcome: care::Outcome) -> care::DecideReferralResponse {
        let request = self.decision(name, outcome).await;
        let mut queue = self.people.queue(HUB).expect("a client");
        queue.decide_referral(by(WORKER, request)).await.expect("decided").into_inner()
    }

    /// What the force sees of a referral of its own, as soon as it looks so.
    pub async fn sent(&self, name: &str, fits: impl Fn(&SentReferral) -> bool) -> SentReferral {
        until(&format!("{name} at the force"), async || {
            let request = police::GetReferralRequest { name: name.to_owned() };
            let mut force = self.people.protection(FORCE).expect("a client");
            let answer = force.get_referral(by(OFFICER, request)).await.ok()?.into_inner();
            answer.referral.filter(|sent| fits(sent))
        })
        .await
    }

    /// The feedback of this stage, as soon as the force has it.
    pub async fn heard(&self, name: &str, stage: &str) -> ReceivedFeedback {
        let of_stage =
            |one: &&ReceivedFeedback| one.feedback.as_ref().is_some_and(|told| told.stage == stage);
        let sent = self.sent(name, |sent| sent.feedback.iter().any(|one| of_stage(&one))).await;
        sent.feedback.iter().find(of_stage).cloned().unwrap_or_default()
    }

    /// The question to the force about this case, as soon as it has come.
    pub async fn asked(&self, name: &str) -> ReceivedEnquiry {
        let case = name.trim_start_matches("referrals/").to_owned();
        until(&format!("a question about {name}"), async || {
            let mut page_token = String::new();
            loop {
                let request =
                    police::ListEnquiriesRequest { page_size: 200, page_token, open_only: true };
                let mut force = self.people.protection(FORCE).expect("a client");
                let answer = force.list_enquiries(by(OFFICER, request)).await.ok()?.into_inner();
                if let Some(found) = answer.enquiries.into_iter().find(|one| one.case_id == case) {
                    return Some(found);
                }
                if answer.next_page_token.is_empty() {
                    return None;
                }
                page_token = answer.next_page_token;
            }
        })
        .await
    }

    /// The open prompts of this code about a referral, as soon as there are some.
    pub async fn prompts(&self, name: &str, code: &str) -> Vec<care::Prompt> {
        until(&format!("a prompt {code} on {name}"), async || {
            let request = care::ListPromptsRequest {
                page_size: 200,
                referral: name.to_owned(),
                code: code.to_owned(),
                ..care::ListPromptsRequest::default()
            };
            let mut queue = self.people.queue(HUB).expect("a client");
            let answer = queue.list_prompts(by(WORKER, request)).await.ok()?.into_inner();
            (!answer.prompts.is_empty()).then_some(answer.prompts)
        })
        .await
    }
}

async fn up(settings: &Settings, shutdown: &CancellationToken) -> (Running, People) {
    let running = start(settings, shutdown).await.expect("the hub starts");
    let endpoint = format!("https://localhost:{}", running.address.port());
    let data = Data::open(&settings.data).expect("a data folder");
    (running, People::new(data, Endpoints::all_at(&endpoint)))
}

/// Asks again until there is something.
///
/// # Panics
///
/// If nothing comes.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("{what} did not come within {} s", PATIENCE.as_secs()))
}

/// A request on behalf of somebody.
///
/// # Panics
///
/// Never: practitioners of scenarios are plain.
pub fn by<T>(practitioner: &str, message: T) -> tonic::Request<T> {
    on_behalf(practitioner, message).expect("a plain id")
}

/// A new request id.
#[must_use]
pub fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An organisation by its name.
///
/// # Panics
///
/// If it is none.
#[must_use]
pub fn organisation(text: &str) -> Organisation {
    (&text.parse::<OrganisationId>().expect("an organisation")).into()
}

/// The MASH code of a refusal.
///
/// # Panics
///
/// If it was not refused.
pub fn refused<T>(answer: Result<T, tonic::Status>) -> String {
    let status = answer.err().expect("a refusal");
    mash_chassis::fault::code_of(&status).unwrap_or_default()
}
