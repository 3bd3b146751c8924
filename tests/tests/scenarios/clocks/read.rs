//! Reading clocks and prompts where their owners read them.

use mash_proto::{
    health::v1 as health, police::v1 as police, referral::v1::Clock, social_care::v1 as care,
};
use mash_tests::hub::{BOARD, FORCE, HUB, Hub, OFFICER, WORKER, by};

use super::{
    course::{Course, Place},
    health::LEAD,
};

/// A prompt: its code, what it is about, and for whom it is.
pub(crate) type Line = (String, String, String);

/// The clock of a course, as it is shown now.
pub(crate) async fn clock(hub: &Hub, course: &Course) -> Option<Clock> {
    let clocks = match &course.place {
        Place::Referral(authority, name) => referral(hub, authority, name).await?.referral?.clocks,
        Place::Enquiry(name) => {
            let enquiries = referral(hub, HUB, name).await?.enquiries;
            enquiries.into_iter().filter_map(|one| one.clock).collect()
        }
        Place::Meeting(name) => {
            let request =
                care::ListMeetingsRequest { referral: name.clone(), ..Default::default() };
            let answer = hub.people.meetings(HUB).ok()?.list_meetings(by(WORKER, request)).await;
            answer.ok()?.into_inner().meetings.into_iter().flat_map(|one| one.clocks).collect()
        }
        Place::Disagreement(name) => disagreement(hub, name).await?.clock.into_iter().collect(),
        Place::Transfer(name) => {
            let request =
                care::ListTransfersRequest { referral: name.clone(), ..Default::default() };
            let answer = hub.people.meetings(HUB).ok()?.list_transfers(by(WORKER, request)).await;
            answer.ok()?.into_inner().transfers.into_iter().flat_map(|one| one.clocks).collect()
        }
        Place::Force(name) => {
            let request = police::GetReferralRequest { name: name.clone() };
            let mut force = hub.people.protection(FORCE).ok()?;
            let answer = force.get_referral(by(OFFICER, request)).await;
            answer.ok()?.into_inner().referral?.clocks
        }
        Place::Injury(name) => {
            let request = health::ListInjuryPromptsRequest { page_size: 200, ..Default::default() };
            let mut board = hub.people.health(BOARD).ok()?;
            let answer = board.list_injury_prompts(by(LEAD, request)).await;
            let prompts = answer.ok()?.into_inner().prompts;
            prompts.into_iter().find(|one| one.name == *name)?.clock.into_iter().collect()
        }
        Place::Notice(name) => {
            let request = health::ListNoticesRequest { page_size: 200, ..Default::default() };
            let mut board = hub.people.health(BOARD).ok()?;
            let answer = board.list_notices(by(LEAD, request)).await;
            let notices = answer.ok()?.into_inner().notices;
            notices.into_iter().find(|one| one.name == *name)?.clock.into_iter().collect()
        }
    };
    clocks.into_iter().find(|clock| clock.rule == course.rule)
}

/// A referral at an authority.
pub(crate) async fn referral(
    hub: &Hub,
    authority: &str,
    name: &str,
) -> Option<care::GetReferralResponse> {
    let request = care::GetReferralRequest { name: name.to_owned() };
    let answer = hub.people.queue(authority).ok()?.get_referral(by(WORKER, request)).await;
    answer.ok().map(tonic::Response::into_inner)
}

/// The disagreement about a referral.
pub(crate) async fn disagreement(hub: &Hub, name: &str) -> Option<care::Disagreement> {
    let request = care::ListDisagreementsRequest {
        referral: name.to_owned(),
        include_ended: true,
        ..Default::default()
    };
    let answer = hub.people.meetings(HUB).ok()?.list_disagreements(by(WORKER, request)).await;
    answer.ok()?.into_inner().disagreements.into_iter().next()
}

/// Everything that somebody has to see to where this clock runs.
pub(crate) async fn prompts(hub: &Hub, place: &Place) -> Option<Vec<Line>> {
    match place {
        Place::Referral(authority, name) => of_hub(hub, authority, name).await,
        Place::Enquiry(name)
        | Place::Meeting(name)
        | Place::Disagreement(name)
        | Place::Transfer(name) => of_hub(hub, HUB, name).await,
        Place::Force(name) => of_force(hub, name).await,
        Place::Injury(name) | Place::Notice(name) => of_board(hub, name).await,
    }
}

async fn of_hub(hub: &Hub, authority: &str, name: &str) -> Option<Vec<Line>> {
    let request = care::ListPromptsRequest {
        page_size: 500,
        referral: name.to_owned(),
        ..Default::default()
    };
    let answer = hub.people.queue(authority).ok()?.list_prompts(by(WORKER, request)).await;
    let prompts = answer.ok()?.into_inner().prompts;
    let mut lines: Vec<Line> =
        prompts.into_iter().map(|one| (one.code, one.subject, one.to)).collect();
    let escalated = referral(hub, authority, name).await?.referral?.escalated_to;
    if !escalated.is_empty() {
        lines.push(("escalated".to_owned(), name.to_owned(), escalated));
    }
    Some(lines)
}

async fn of_force(hub: &Hub, name: &str) -> Option<Vec<Line>> {
    let (mut lines, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = police::ListPromptsRequest { page_size: 200, page_token };
        let answer = hub.people.protection(FORCE).ok()?.list_prompts(by(OFFICER, request)).await;
        let answer = answer.ok()?.into_inner();
        let about = answer.prompts.into_iter().filter(|one| one.subject == name);
        lines.extend(about.map(|one| (one.kind, one.subject, one.practitioner)));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Some(lines);
        }
    }
}

async fn of_board(hub: &Hub, name: &str) -> Option<Vec<Line>> {
    let (mut lines, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = health::ListPromptsRequest { page_size: 200, page_token };
        let answer = hub.people.health(BOARD).ok()?.list_prompts(by(LEAD, request)).await;
        let answer = answer.ok()?.into_inner();
        for one in answer.prompts.into_iter().filter(|one| one.subject == name) {
            if !one.escalated_to.is_empty() {
                lines.push(("escalated".to_owned(), name.to_owned(), one.escalated_to));
            }
            lines.push((one.code, one.subject, one.practitioner));
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Some(lines);
        }
    }
}
