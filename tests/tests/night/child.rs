//! One duty of the night, seen from the police, from the recipient, and from those who must not know.

use mash_domain::data_class::DataClass;
use mash_hub::{
    demo::{
        Played,
        closing::{FORCE, WATCHER},
        play::{find_notice, list},
    },
    people::on_behalf,
};
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{Content, DutyState},
    education::v1::{GetNoticeRequest, Notice, NoticeState},
    police::v1::{Handover, ListHandoversRequest, Outcome},
    sharing::v1::{Decision, Effect, ListDecisionsRequest},
    r#type::v1::Organisation,
};
use mash_store::dead_letters;
use mash_synth::night::expected::{Duty, End, Expectation, Why};

use super::reading::{classes, says};

/// Asserts everything that the scenario tells of one duty.
pub(crate) async fn ended_as_told(played: &Played, seen: &[Outcome], told: &Expectation) {
    let who = format!("{} of {} ({})", told.child, told.incident, told.duty.word());
    let name = played.names.get(told.incident).expect("reported");
    let outcome = seen.iter().find(|outcome| {
        &outcome.incident == name
            && outcome.child_ref == told.child_ref
            && outcome.duty_kind == told.duty.word()
    });
    let outcome = outcome.unwrap_or_else(|| panic!("{who}: police know of no such duty"));
    police_see(outcome, told, &who);
    match told.duty {
        Duty::HomeForce => the_force_has(played, told, &who).await,
        Duty::School | Duty::HomeEducation | Duty::SchoolUnknown | Duty::EarlyYears => {
            the_recipient_has(played, told, &who).await;
        }
    }
    nobody_else_knows(played, told, &who).await;
    the_reasons_are_on_record(played, told, &who).await;
}

fn police_see(outcome: &Outcome, told: &Expectation, who: &str) {
    let (state, reason) = match told.ends {
        End::Acknowledged { .. } => (DutyState::Acknowledged, None),
        End::Escalated { .. } => (DutyState::Escalated, None),
        End::Refused { .. } => (DutyState::Withheld, Some("force-not-opted-in")),
        End::Recalled => (DutyState::Withheld, Some("withdrawn")),
    };
    assert_eq!(outcome.state().as_str_name(), state.as_str_name(), "{who}: state");
    if let Some(reason) = reason {
        assert_eq!(outcome.reason_code, reason, "{who}: reason");
    }
    assert_eq!(written(outcome.recipient.as_ref()), told.recipient, "{who}: recipient");
    assert!(!outcome.late, "{who}: late");
    assert_eq!(!outcome.discrepancy_code.is_empty(), told.discrepancy, "{who}: discrepancy");
    if let End::Acknowledged { at, .. } = told.ends {
        let state_time = time_from_wire(outcome.state_time.as_ref().unwrap()).unwrap();
        assert_eq!(state_time, at, "{who}: when it was acknowledged");
    }
}

fn written(organisation: Option<&Organisation>) -> String {
    let organisation = organisation.expect("an organisation").clone();
    mash_domain::organisation::OrganisationId::try_from(organisation).unwrap().to_string()
}

async fn the_force_has(played: &Played, told: &Expectation, who: &str) {
    let End::Acknowledged { by, .. } = told.ends else { panic!("{who}: only that is told") };
    let handovers: Vec<Handover> = {
        let request = on_behalf(by, ListHandoversRequest::default()).unwrap();
        let answer = played.people.police(&told.recipient).unwrap().list_handovers(request).await;
        answer.unwrap().into_inner().handovers
    };
    let [handover] = handovers.as_slice() else {
        panic!("{who}: one hand-over, not {}", handovers.len())
    };
    reads(handover.content.as_ref().expect("content"), told, who);
}

async fn the_recipient_has(played: &Played, told: &Expectation, who: &str) {
    let pupil = played.night.pupil(told.child).unwrap();
    let place = |contact| find_notice(&played.people, &told.recipient, contact, pupil);
    match told.ends {
        End::Acknowledged { by, at } => {
            let notice = place(by).await.unwrap().unwrap_or_else(|| panic!("{who}: no notice"));
            assert_eq!(
                notice.state().as_str_name(),
                NoticeState::Acknowledged.as_str_name(),
                "{who}: state of the notice"
            );
            assert_eq!(notice.acknowledged_by, by, "{who}: by whom");
            assert_eq!(
                time_from_wire(notice.acknowledge_time.as_ref().unwrap()).unwrap(),
                at,
                "{who}"
            );
            notice_is_as_told(&notice, told, who);
        }
        End::Escalated { to } => {
            let notice = place(to).await.unwrap().unwrap_or_else(|| panic!("{who}: no notice"));
            assert_eq!(
                notice.state().as_str_name(),
                NoticeState::Escalated.as_str_name(),
                "{who}: state of the notice"
            );
            assert_eq!(notice.escalated_to, to, "{who}: to whom");
            notice_is_as_told(&notice, told, who);
        }
        End::Refused { .. } => nothing_arrived(played, told, who).await,
        End::Recalled => recalled(played, told, who).await,
    }
}

fn notice_is_as_told(notice: &Notice, told: &Expectation, who: &str) {
    assert_eq!(notice.revision, told.revision, "{who}: revision");
    if let Some(addressee) = told.addressee {
        assert_eq!(notice.addressee, addressee, "{who}: addressee");
    }
    let by = notice.deliver_by_time.as_ref().map(|time| time_from_wire(time).unwrap());
    assert_eq!(by, told.deliver_by, "{who}: deliver by");
    assert_eq!(notice.diversion_code, told.diversion.unwrap_or_default(), "{who}: diversion");
    reads(notice.content.as_ref().expect("content"), told, who);
}

fn reads(content: &Content, told: &Expectation, who: &str) {
    assert_eq!(classes(content), told.received, "{who}: classes");
    for text in &told.must_not_read {
        assert!(!says(content, text), "{who}: reads {text:?}");
    }
    for text in &told.must_read {
        assert!(says(content, text), "{who}: does not read {text:?}");
    }
}

async fn nothing_arrived(played: &Played, told: &Expectation, who: &str) {
    let place =
        played.night.establishments.iter().find(|place| place.organisation() == told.recipient);
    for contact in &place.unwrap_or_else(|| panic!("{who}: no such place")).contacts {
        let notices = list(&played.people, &told.recipient, &contact.id).await.unwrap();
        assert!(notices.is_empty(), "{who}: something arrived");
    }
}

async fn recalled(played: &Played, told: &Expectation, who: &str) {
    let contact = told.addressee.expect("somebody had it");
    let notices = list(&played.people, &told.recipient, contact).await.unwrap();
    let recalled: Vec<_> =
        notices.into_iter().filter(|notice| notice.state() == NoticeState::Recalled).collect();
    let [notice] = recalled.as_slice() else { panic!("{who}: one recalled notice") };
    assert_eq!(notice.recall_reason_code, "wrong-child", "{who}: the reason is shown");
    assert!(notice.deletion_requested, "{who}: deletion is asked for");
    assert!(
        content_of(played, &told.recipient, contact, notice).await.is_none(),
        "{who}: content stays"
    );
}

/// Those from whom it is hidden, and the schools that rejected it.
async fn nobody_else_knows(played: &Played, told: &Expectation, who: &str) {
    let pupil = played.night.pupil(told.child).unwrap();
    for contact in &told.hidden_from {
        let found = find_notice(&played.people, &told.recipient, contact, pupil).await.unwrap();
        assert!(found.is_none(), "{who}: {contact} sees the notice");
        let addressed = told.addressee.expect("somebody is addressed");
        let notice =
            find_notice(&played.people, &told.recipient, addressed, pupil).await.unwrap().unwrap();
        let request = on_behalf(contact, GetNoticeRequest { name: notice.name }).unwrap();
        let refused = played.people.notices(&told.recipient).unwrap().get_notice(request).await;
        assert_eq!(
            refused.err().map(|status| status.code()),
            Some(tonic::Code::NotFound),
            "{who}: {contact}"
        );
    }
    for school in &told.rejected_by {
        let place =
            played.night.establishments.iter().find(|place| &place.organisation() == school);
        let contact = &place.unwrap().contacts.first().unwrap().id;
        let notices = list(&played.people, school, contact).await.unwrap();
        let rejected = notices.iter().find(|notice| notice.state() == NoticeState::Rejected);
        let rejected = rejected.unwrap_or_else(|| panic!("{who}: no rejected notice at {school}"));
        assert!(
            content_of(played, school, contact, rejected).await.is_none(),
            "{who}: {school} keeps content"
        );
    }
}

async fn content_of(
    played: &Played,
    organisation: &str,
    contact: &str,
    notice: &Notice,
) -> Option<Content> {
    let request = on_behalf(contact, GetNoticeRequest { name: notice.name.clone() }).unwrap();
    let answer = played.people.notices(organisation).unwrap().get_notice(request).await.unwrap();
    answer.into_inner().notice.unwrap().content
}

/// Every class that was withheld is on record, with the rule that took it out (R31).
async fn the_reasons_are_on_record(played: &Played, told: &Expectation, who: &str) {
    let incident = played.names.get(told.incident).expect("reported").clone();
    let request =
        ListDecisionsRequest { incident, page_size: 500, ..ListDecisionsRequest::default() };
    let request = on_behalf(WATCHER, request).unwrap();
    let answer = played.people.sharing(FORCE).unwrap().list_decisions(request).await.unwrap();
    let decisions: Vec<Decision> = answer.into_inner().decisions;
    let ours = |decision: &&Decision| {
        decision.child_ref == told.child_ref
            && decision.duty_kind == told.duty.word()
            && !decision.classes.is_empty()
            && written(decision.recipient.as_ref()) == told.recipient
    };
    let decision =
        decisions.iter().rfind(ours).unwrap_or_else(|| panic!("{who}: no decision on record"));
    assert_eq!(decision.ruleset, "2026-11-23", "{who}: rule set");
    for (class, why) in &told.withheld {
        withheld_for(decision, *class, *why, who);
    }
    match told.ends {
        End::Refused { rule } => {
            assert_eq!(
                decision.effect().as_str_name(),
                Effect::Refuse.as_str_name(),
                "{who}: effect"
            );
            let rules: Vec<&String> =
                decision.classes.iter().flat_map(|class| &class.rule_ids).collect();
            assert!(rules.iter().any(|id| *id == rule), "{who}: {rule} is not named");
        }
        End::Recalled => {
            let both = decisions.iter().any(|decision| decision.effect() == Effect::Permit)
                && decisions
                    .iter()
                    .any(|decision| decision.reason_codes.contains(&"withdrawn".to_owned()));
            assert!(both, "{who}: the disclosure and its withdrawal are both on record");
        }
        End::Acknowledged { .. } | End::Escalated { .. } => {
            assert_eq!(
                decision.effect().as_str_name(),
                Effect::Permit.as_str_name(),
                "{who}: effect"
            );
            assert_eq!(decision.commitment.len(), 32, "{who}: commitment");
        }
    }
}

fn withheld_for(decision: &Decision, class: DataClass, why: Why, who: &str) {
    let found = decision.classes.iter().find(|found| found.data_class == i32::from(class.number()));
    let found = found.unwrap_or_else(|| panic!("{who}: {class} was not decided"));
    assert_eq!(found.effect().as_str_name(), Effect::Refuse.as_str_name(), "{who}: {class}");
    match why {
        Why::Rule(rule) => {
            assert!(
                found.rule_ids.iter().any(|id| id == rule),
                "{who}: {class} by {:?}",
                found.rule_ids
            );
        }
        Why::Profile => {
            assert!(found.rule_ids.is_empty(), "{who}: {class} by {:?}", found.rule_ids)
        }
    }
}

/// The message that nobody could read has an owner, and stopped nothing.
pub(crate) async fn poison_became_a_dead_letter(played: &Played) {
    let store = &played.running.as_ref().expect("the hub was started here").store;
    let letters = dead_letters::list(store, None, 100).await.unwrap();
    assert_eq!(
        letters.len(),
        2,
        "one for each reader of the topic: of incidents, and of referrals"
    );
    for letter in &letters {
        assert_eq!(letter.owner, "routing");
        assert_eq!(letter.topic, "mash.submitted.v1");
    }
}
