//! Several partners are asked at once, each its own question: not one after the other.

use jiff::Timestamp;
use mash_chassis::{Caller, fault::Violation};
use mash_domain::{
    organisation::{OrganisationId, OrganisationKind},
    referral::{enquiry::Enquiry, work::Command},
};
use mash_proto::{
    convert::social_care::enquiry_to_wire, envelope::event_id, referral::v1::ItemKind,
    social_care::v1 as wire,
};

use crate::{
    Service, access,
    call::Call,
    case::Case,
    error::{PARTNER, Refusal, TEXT, TIME},
    outgoing,
    record::KeptClock,
    store::{enquiries::KeptEnquiry, sent::Sent},
    timing,
};

/// Partners in one call.
const MOST: usize = 20;

/// A question that was checked.
struct Asked {
    partner: OrganisationId,
    topics: Vec<String>,
    text: String,
    due: Option<Timestamp>,
}

impl Service {
    pub(crate) async fn ask_partners(
        &self,
        caller: &Caller,
        request: wire::AskPartnersRequest,
    ) -> Result<wire::AskPartnersResponse, Refusal> {
        let expected = access::revision(request.expected_revision)?;
        let questions = checked(&request.questions, self.clock.now())?;
        let id = ("AskPartners", request.request_id.as_str());
        self.once(caller, id, &request, async |mut call| {
            let mut case = call.case("name", &request.name).await?;
            case.record.work.expecting(expected)?;
            let by = call.by.clone();
            let partners = u32::try_from(questions.len()).unwrap_or(u32::MAX);
            case.apply(&mut call.effects, &Command::Ask { partners }, &by, call.now)?;
            let mut enquiries = Vec::with_capacity(questions.len());
            for (place, question) in questions.into_iter().enumerate() {
                let seed = format!("{}#{place}", request.request_id);
                enquiries.push(ask(&mut call, &mut case, question, &seed));
            }
            let referral = Some(case.to_wire(call.now));
            Ok((call, wire::AskPartnersResponse { referral, enquiries }))
        })
        .await
    }
}

fn ask(call: &mut Call, case: &mut Case, question: Asked, seed: &str) -> wire::Enquiry {
    let now = call.now;
    let Asked { partner, topics, text, due } = question;
    let partner_word = partner.to_string();
    let parts = ["social-care", "enquiry", &case.record.id, &partner_word, seed];
    let id = event_id(&parts).to_string();
    let hub = timing::clocks_of(&case.record.authority);
    let person = case.record.person(&case.hub.duty_manager);
    let rule = timing::answer(case.record.work.grade());
    let about = (case.record.id.as_str(), id.as_str());
    let clock = match due {
        Some(due) => timing::start_until((&hub, rule), about, &person, (now, due)),
        None => timing::start((&hub, rule), about, &person, now),
    };
    let by_clock = clock.as_ref().map_or(now, |kept: &KeptClock| kept.clock.due());
    let due = due.unwrap_or(by_clock);
    let state = Enquiry::asked(now, due);
    let mut enquiry = wire::Enquiry {
        name: format!("enquiries/{id}"),
        referral: format!("referrals/{}", case.record.case_id),
        partner: Some((&partner).into()),
        topics,
        text,
        practitioner: call.by.clone(),
        ..wire::Enquiry::default()
    };
    enquiry_to_wire(&state, &mut enquiry);
    let kept = KeptEnquiry {
        id: id.clone(),
        referral: case.record.id.clone(),
        authority: case.record.authority.clone(),
        partner: partner_word,
        enquiry: enquiry.clone(),
        state,
    };
    let child = case.child();
    let about = (&case.record, child.as_ref());
    call.effects.outbox.push(outgoing::enquiry(about, &kept, &case.hub, now));
    call.effects.sent.push(Sent {
        item_id: id.clone(),
        referral: case.record.id.clone(),
        kind: i64::from(i32::from(ItemKind::Enquiry)),
        subject: "enquiry".to_owned(),
        state: "sent".to_owned(),
        send_ms: now.as_millisecond(),
    });
    if let Some(clock) = clock {
        enquiry.clock = Some(mash_proto::convert::clock::clock_to_wire(&clock.clock, now));
        call.effects.keep_clock(&clock);
        case.clocks.push(clock);
    }
    call.effects.enquiries.insert(id, kept.clone());
    case.enquiries.push(kept);
    enquiry
}

fn checked(questions: &[wire::PartnerQuestion], now: Timestamp) -> Result<Vec<Asked>, Refusal> {
    if questions.is_empty() || questions.len() > MOST {
        return Err(Refusal::field("questions", TEXT, "1 to 20"));
    }
    let mut asked: Vec<Asked> = Vec::with_capacity(questions.len());
    let mut faults = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        match check(&format!("questions[{place}]"), question, now) {
            Ok(one) if asked.iter().any(|known| known.partner == one.partner) => faults.push(
                Violation::new(format!("questions[{place}].partner"), PARTNER, "is asked twice"),
            ),
            Ok(one) => asked.push(one),
            Err(Refusal::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    if faults.is_empty() { Ok(asked) } else { Err(Refusal::Invalid(faults)) }
}

fn check(field: &str, question: &wire::PartnerQuestion, now: Timestamp) -> Result<Asked, Refusal> {
    let wire::PartnerQuestion { partner, topics, text, due_time } = question;
    let mut texts = access::Texts::default();
    let text = texts.optional(&format!("{field}.text"), text, 2_000);
    let topics: Vec<String> = topics
        .iter()
        .take(MOST + 1)
        .map(|topic| texts.required(&format!("{field}.topics"), topic, 60))
        .collect();
    texts.check()?;
    if topics.len() > MOST || (text.is_empty() && topics.is_empty()) {
        let words = "a question in words, or 1 to 20 topics";
        return Err(Refusal::field(&format!("{field}.text"), TEXT, words));
    }
    let partner = partner.clone().and_then(|partner| OrganisationId::try_from(partner).ok());
    let partner = partner.filter(|partner| {
        matches!(
            partner.kind(),
            OrganisationKind::PoliceForce
                | OrganisationKind::HealthBoard
                | OrganisationKind::School
        )
    });
    let partner = partner.ok_or_else(|| {
        let words = "a police force, a health board or a school";
        Refusal::field(&format!("{field}.partner"), PARTNER, words)
    })?;
    let due = access::time(&format!("{field}.due_time"), due_time.as_ref())?;
    if due.is_some_and(|due| due <= now) {
        return Err(Refusal::field(&format!("{field}.due_time"), TIME, "lies ahead"));
    }
    Ok(Asked { partner, topics, text, due })
}
