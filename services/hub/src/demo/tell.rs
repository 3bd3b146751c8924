//! What the night looked like to three recipients, and how to call the services oneself.

use anyhow::Context as _;
use jiff::SignedDuration;
use mash_chassis::FileClock;
use mash_inbox::Accounts;
use mash_proto::{
    disclosure::v1::Content,
    sharing::v1::{Decision, Effect, ListDecisionsRequest},
    r#type::v1::Answer,
};
use mash_synth::{
    morning::{HUB, WORKER},
    night::{Night, expected::Expectation},
};

use super::{
    closing::{FORCE, WATCHER},
    play::{Names, find_notice, local},
};
use crate::{
    data::Data,
    people::{Endpoints, People, on_behalf},
    serve::Running,
};

/// An ordinary notice, one with a conflict, and one of which the school may know nearly nothing.
const TOLD: [(&str, &str); 3] = [("I1", "C1"), ("I3", "C4"), ("I9", "C11")];

/// Prints, for three children, what the school received, and what was withheld by which rule.
///
/// # Errors
///
/// If a call is refused.
pub async fn three_children(night: &Night, people: &People, names: &Names) -> anyhow::Result<()> {
    for (incident, child) in TOLD {
        let expected =
            night.expected.iter().find(|one| one.incident == incident && one.child == child);
        let expected = expected.context("the scenario does not tell of this child")?;
        one_child(night, people, names, expected).await?;
    }
    Ok(())
}

async fn one_child(
    night: &Night,
    people: &People,
    names: &Names,
    expected: &Expectation,
) -> anyhow::Result<()> {
    let pupil = night.pupil(expected.child).context("no such child")?;
    let contact = expected.addressee.context("nobody is addressed")?;
    let place =
        night.establishments.iter().find(|place| place.organisation() == expected.recipient);
    let place = place.map_or(expected.recipient.as_str(), |place| place.display_name);
    println!("\n{} ({}), to {contact} at {place}", expected.child, expected.incident);
    let notice = find_notice(people, &expected.recipient, contact, pupil).await?;
    let notice = notice.context("the notice is not there")?;
    if let Some(by) =
        notice.deliver_by_time.and_then(|time| jiff::Timestamp::new(time.seconds, 0).ok())
    {
        println!("  deliver by {}, rules {}", local(by), notice.rule_ids.join(" "));
    }
    received(&notice.content.unwrap_or_default());
    let name = names.get(expected.incident).context("not reported")?;
    withheld(people, name, expected).await
}

fn received(content: &Content) {
    let line = |class: &str, text: String| {
        if !text.is_empty() {
            println!("  received {class:<3}  {text}");
        }
    };
    if let Some(child) = &content.child {
        let born = child.date_of_birth.unwrap_or_default();
        let name = format!("{} {}", child.given_names, child.family_name);
        line("F1", format!("{name}, born {:04}-{:02}-{:02}", born.year, born.month, born.day));
    }
    if let Some(stub) = &content.incident {
        let mut text = format!("reference {}", stub.police_reference);
        text.push_str(if stub.child_present() == Answer::Yes {
            ", child present"
        } else {
            ", child not present"
        });
        text.push_str(if stub.police_matter { ", a police matter" } else { "" });
        text.push_str(if stub.do_not_inform_parent { ", do not inform a parent" } else { "" });
        line("F2", text);
    }
    if let Some(narrative) = &content.narrative {
        line("F3", format!("{}: {}", narrative.r#type, narrative.circumstances));
        line("", format!("the alleged perpetrator is the {}", narrative.suspect_relationship));
    }
    if let Some(voice) = &content.voice {
        line("F4", format!("“{}”", voice.words));
    }
    line("F5", content.risk_grade.clone());
    let address =
        content.address.as_ref().map_or(String::new(), |address| address.postcode.clone());
    line("F6", address);
}

async fn withheld(people: &People, incident: &str, expected: &Expectation) -> anyhow::Result<()> {
    let request = ListDecisionsRequest {
        incident: incident.to_owned(),
        page_size: 500,
        ..Default::default()
    };
    let answer = people.sharing(FORCE)?.list_decisions(on_behalf(WATCHER, request)?).await?;
    let decisions = answer.into_inner().decisions;
    let ours = |decision: &&Decision| {
        decision.child_ref == expected.child_ref && decision.effect() == Effect::Permit
    };
    let Some(decision) = decisions.iter().rfind(ours) else {
        return Ok(());
    };
    for class in decision.classes.iter().filter(|class| class.effect() == Effect::Refuse) {
        let why = match class.rule_ids.as_slice() {
            [] => "no rule permits it under the force's profile".to_owned(),
            rules => format!("by {}", rules.join(" ")),
        };
        println!("  withheld F{:<2} {why}", class.data_class);
    }
    println!("  decided by rule set {}, on record before the release", decision.ruleset);
    Ok(())
}

/// Who reads the inbox of the demonstration: the key adult of E1, and the officer of a duty desk.
const READERS: [(&str, &str, &str); 2] = [
    ("school/6722951", "mair-rees", "Mair Rees, key adult at Ysgol Gynradd Pont-y-Bryn"),
    ("authority/672", "bethan-rowlands", "Bethan Rowlands, education duty desk of Bridgend"),
];

/// Invites two readers to the inbox, and prints a link for each that signs her in once.
///
/// # Errors
///
/// If the directory lacks them.
pub async fn inbox(running: &Running, data: &Data) -> anyhow::Result<()> {
    let Some(origin) = &running.inbox else { return Ok(()) };
    // The clock of the night stands still, so links and sessions last for as long as the demonstration.
    let clock = FileClock::open(data.clock())?;
    let accounts = Accounts::open(running.store.clone(), clock, &data.secret()?).await?;
    println!("\nThe inbox is open, in English and Welsh. Each link signs one person in, once:\n");
    for (organisation, practitioner, who) in READERS {
        let organisation = organisation.parse()?;
        accounts.invite(&organisation, practitioner).await?;
        let lasts = SignedDuration::from_hours(24);
        let link = accounts.link(&organisation, practitioner, lasts).await?;
        println!("  {origin}{link}\n    {who}");
    }
    Ok(())
}

/// Prints commands to paste.
pub fn how_to_call(endpoints: &Endpoints, data: &Data) {
    let host = endpoints.police.trim_start_matches("https://");
    let folder = data.folder().display();
    let grpcurl = |stem: &str| {
        format!(
            "grpcurl -cacert {folder}/ca/ca.pem -cert {folder}/certificates/{stem}.pem -key \
             {folder}/certificates/{stem}-key.pem"
        )
    };
    println!("\nThe services are up on {host} until Ctrl-C. To call them yourself:\n");
    println!("{} {host} list\n", grpcurl("police-62"));
    println!(
        "{} -H 'mash-practitioner: {WATCHER}' -d '{{\"snapshot_only\":true}}' {host} \
         mash.police.v1.PoliceService/WatchOutcomes\n",
        grpcurl("police-62")
    );
    println!(
        "{} -H 'mash-practitioner: mair-rees' {host} mash.education.v1.NoticeService/ListNotices\n",
        grpcurl("school-6722951")
    );
    println!(
        "{} -H 'mash-practitioner: {WORKER}' -d '{{\"states\":[\"REFERRAL_STATE_INFORMED\"]}}' {host} \
         mash.social_care.v1.QueueService/ListReferrals\n",
        grpcurl(&HUB.replace('/', "-"))
    );
    println!("{} {host} mash.sharing.v1.SharingService/GetConservation\n", grpcurl("operator-hub"));
}
