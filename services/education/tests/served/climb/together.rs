//! What one e-mail says for several notices, and a mailbox that sends it back.

use mash_mail::Undelivered;
use mash_proto::education::v1 as wire;
use mash_store::Dialect;

use super::{Morning, STAFF, kill_while_sending, nobody};
use crate::support::{BRIDGEND, E1, by, contact, id};

on_both!(
    one_mail_speaks_for_all_that_waits_for_a_person_and_no_step_is_later_for_it,
    one_mail_speaks_only_for_what_still_waits,
    killed_while_it_spoke_for_several_it_speaks_for_them_once_more,
    a_mailbox_that_bounced_is_told_until_mail_goes_through_or_the_address_changes,
);

/// What was sent of the first step to the key adult, by notice.
async fn told_of(morning: &Morning) -> Vec<(String, String)> {
    let sql = "SELECT notice, outcome FROM education_nudges WHERE step = 'key-adult/email' ORDER BY notice";
    let mut conn = morning.hub.store.read().await.unwrap();
    let rows = sqlx::query_as::<_, (String, String)>(sql).fetch_all(&mut *conn).await;
    rows.unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

async fn one_mail_speaks_for_all_that_waits_for_a_person_and_no_step_is_later_for_it(
    dialect: Dialect,
) {
    let morning = Morning::start(dialect).await;
    for notice in ["n1", "n2", "n3"] {
        morning.release(notice).await;
    }
    assert_eq!(morning.told_at("2026-11-19T02:10").await, ["mair"], "three children, one mail");
    assert_eq!(told_of(&morning).await, pairs(&[("n1", "sent"), ("n2", "sent"), ("n3", "sent")]));
    // One that comes later has a step of its own at once: she may have looked in between.
    morning.release("n4").await;
    assert_eq!(morning.told_at("2026-11-19T02:11").await, ["mair"]);
    assert_eq!(morning.told_at("2026-11-19T07:29:59").await, nobody(), "nothing comes early");
    assert_eq!(morning.told_at("2026-11-19T07:30").await, ["text"], "and nothing late");
    let sent = morning.email.sent.lock().unwrap().clone();
    assert!(sent.iter().all(|it| !it.text.contains("Carys") && !it.text.contains("n1")));
    assert_eq!(sent[0].text, sent[1].text, "nor does it tell how many");
}

async fn one_mail_speaks_only_for_what_still_waits(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    for notice in ["n1", "n2"] {
        morning.release(notice).await;
    }
    kill_while_sending(&morning, 1).await;
    morning.hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let refuses = ("mair.x@bridgend.example".to_owned(), Undelivered::Refused);
    morning.email.fails.lock().unwrap().extend([refuses]);
    assert_eq!(morning.told_at("2026-11-19T02:12").await, ["mair"], "the other one still waits");
    assert_eq!(told_of(&morning).await, pairs(&[("n1", "lost"), ("n2", "refused")]));
    assert_eq!(morning.told_at("2026-11-19T06:55").await, ["text"], "what failed moves on");
}

async fn killed_while_it_spoke_for_several_it_speaks_for_them_once_more(dialect: Dialect) {
    let morning = Morning::start(dialect).await;
    for notice in ["n2", "n1", "n3"] {
        morning.release(notice).await;
    }
    kill_while_sending(&morning, 1).await;
    assert_eq!(morning.told_at("2026-11-19T02:12").await, ["mair"], "once more, for all");
    let keys: Vec<_> = morning.email.sent.lock().unwrap().iter().map(|it| it.key).collect();
    assert_eq!(keys[0], keys[1], "a mailbox can see that it is the same");
    assert_eq!(told_of(&morning).await.iter().filter(|(_, it)| it == "sent").count(), 3);
}

async fn a_mailbox_that_bounced_is_told_until_mail_goes_through_or_the_address_changes(
    dialect: Dialect,
) {
    let morning = Morning::start(dialect).await;
    let bounced = async || {
        let request = wire::ListDirectoryFindingsRequest {
            authority_code: "672".into(),
            ..wire::ListDirectoryFindingsRequest::default()
        };
        let mut directory = morning.hub.directory(BRIDGEND);
        let answer = directory.list_directory_findings(by("nia", request)).await.unwrap();
        let findings = answer.into_inner().findings.into_iter();
        let found = findings.filter(|it| it.finding_code == "bounced");
        let day = |it: mash_proto::r#type::v1::Date| (it.month, it.day);
        found.map(|it| (it.contact, it.since_date.map(day))).collect::<Vec<_>>()
    };
    let says = |what: Option<Undelivered>| {
        let mut fails = morning.email.fails.lock().unwrap();
        fails.clear();
        fails.extend(what.map(|what| ("mair.x@bridgend.example".to_owned(), what)));
    };
    let mut waits = 0;
    let mut send = async || {
        waits += 1;
        morning.release(&format!("n{waits}")).await;
        morning.hub.education.sweep().await;
    };
    for not_hers in [Undelivered::Refused, Undelivered::Unreachable] {
        says(Some(not_hers));
        send().await;
        assert_eq!(bounced().await, [], "that says nothing of her mailbox");
    }
    says(Some(Undelivered::NoMailbox));
    send().await;
    assert_eq!(bounced().await, [("mair".to_owned(), Some((11, 19)))]);
    send().await;
    assert_eq!(bounced().await.len(), 1);
    says(None);
    send().await;
    assert_eq!(bounced().await, [], "it takes mail again");

    says(Some(Undelivered::NoMailbox));
    send().await;
    let mut staff = STAFF.map(|(id, role)| contact(id, role)).to_vec();
    staff[1].telephone = "01656 111111".to_owned();
    morning.staff(staff.clone()).await;
    assert_eq!(bounced().await.len(), 1, "it is somebody else's number that has changed");
    staff[0].email = "mair.rees@bridgend.example".to_owned();
    morning.staff(staff).await;
    assert_eq!(bounced().await, [], "the new address has not bounced yet");
}
