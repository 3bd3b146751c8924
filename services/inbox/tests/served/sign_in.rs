//! Who gets in, and what is told to whoever does not.

use jiff::SignedDuration;
use mash_store::Dialect;

use crate::{
    on_both_stores,
    support::{Hub, OTHER_SCHOOL, SCHOOL},
};

on_both_stores!(
    a_code_from_a_mail_signs_in_once_in_the_browser_that_asked,
    a_stranger_and_an_account_are_answered_alike,
    five_wrong_codes_kill_the_code_and_tell_nothing,
    a_code_and_a_session_end_with_their_time,
    a_link_works_once,
    a_session_in_another_browser_is_ended,
    whoever_left_the_school_is_signed_out,
    signing_out_everywhere_ends_every_session,
    one_address_gets_five_codes_in_a_quarter_of_an_hour,
    what_a_browser_had_before_it_signed_in_is_worth_nothing_after,
    signing_in_leads_to_notices_and_nowhere_else,
);

const EMAIL: &str = "mair.x@school.example";

async fn a_code_from_a_mail_signs_in_once_in_the_browser_that_asked(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.browser();
    let page = browser.get("/sign-in").await;
    let before = browser.cookies.clone();
    let sent = browser.submit(&page, "/sign-in", &[("email", " Mair.X@School.example ")]).await;
    assert_eq!((sent.status, sent.to()), (303, "/sign-in/code"));
    let code = hub.code(1).await;

    // The code of another browser is worth nothing, even with the same code.
    let mut other = hub.browser();
    let page = other.get("/sign-in/code").await;
    assert_eq!(other.submit(&page, "/sign-in/code", &[("code", &code)]).await.status, 422);

    let page = browser.get("/sign-in/code").await;
    let typed = code.chars().map(|digit| format!(" {digit}")).collect::<String>();
    let answer = browser.submit(&page, "/sign-in/code", &[("code", &typed)]).await;
    assert_eq!((answer.status, answer.to()), (303, "/notices"), "{}", answer.body);
    assert_eq!(browser.get("/notices").await.status, 200);

    // Used up, even for the browser as it was.
    let mut again = hub.browser();
    again.cookies = before;
    let page = again.get("/sign-in/code").await;
    assert_eq!(again.submit(&page, "/sign-in/code", &[("code", &code)]).await.status, 422);

    let mail = hub.mails.lock().await.concat().to_lowercase();
    for word in ["person", "ysgol", "6722301", "notice", "hysbysiad", "child", "plentyn"] {
        assert!(!mail.contains(word), "a mail says `{word}`: {mail}");
    }
    assert!(mail.contains("cod") && mail.contains("code"), "both languages: {mail}");
}

async fn a_stranger_and_an_account_are_answered_alike(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut answers = Vec::new();
    for email in [EMAIL, "nobody@nowhere.example"] {
        let mut browser = hub.browser();
        let page = browser.get("/sign-in").await;
        let sent = browser.submit(&page, "/sign-in", &[("email", email)]).await;
        let names: Vec<_> = sent.headers.keys().map(ToString::to_string).collect();
        let asks = browser.get("/sign-in/code").await;
        let csrf = asks.hidden("csrf");
        let wrong = browser.submit(&asks, "/sign-in/code", &[("code", "00000000")]).await;
        let said = wrong.body.replace(&csrf, "");
        answers.push((sent.status, sent.to().to_owned(), sent.body, names, wrong.status, said));
    }
    assert_eq!(answers[0], answers[1]);
    hub.code(1).await;
    assert_eq!(hub.mails.lock().await.len(), 1, "nobody else got one");
}

async fn five_wrong_codes_kill_the_code_and_tell_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.browser();
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
    let code = hub.code(1).await;
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    let page = browser.get("/sign-in/code").await;
    let mut said = Vec::new();
    for _ in 0..5 {
        let answer = browser.submit(&page, "/sign-in/code", &[("code", wrong)]).await;
        assert_eq!(answer.status, 422);
        said.push(answer.body);
    }
    let right = browser.submit(&page, "/sign-in/code", &[("code", &code)]).await;
    assert_eq!(right.status, 422, "the right code comes too late");
    said.push(right.body);
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "no answer differs from another");
}

async fn a_code_and_a_session_end_with_their_time(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.browser();
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
    let code = hub.code(1).await;
    hub.clock.advance(SignedDuration::from_mins(10));
    let page = browser.get("/sign-in/code").await;
    assert_eq!(browser.submit(&page, "/sign-in/code", &[("code", &code)]).await.status, 422);

    let mut idle = hub.signed_in(SCHOOL, "mair").await;
    hub.clock.advance(SignedDuration::from_mins(14));
    assert_eq!(idle.get("/notices").await.status, 200);
    hub.clock.advance(SignedDuration::from_mins(14));
    assert_eq!(idle.get("/notices").await.status, 200, "whoever does something stays");
    hub.clock.advance(SignedDuration::from_mins(15));
    let ended = idle.get("/notices").await;
    assert_eq!((ended.status, ended.to()), (303, "/sign-in"));

    let mut busy = hub.signed_in(SCHOOL, "mair").await;
    for _ in 0..47 {
        hub.clock.advance(SignedDuration::from_mins(10));
        assert_eq!(busy.get("/notices").await.status, 200);
    }
    hub.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(busy.get("/notices").await.status, 303, "eight hours are the most");
}

async fn a_link_works_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let lasts = SignedDuration::from_hours(1);
    let link = hub.accounts.link(&SCHOOL.parse().unwrap(), "mair", lasts).await.unwrap();
    let token = link.rsplit('/').next().unwrap().to_owned();
    let (mut one, mut two) = (hub.browser(), hub.browser());
    // Looking does not use it up, as programs that look into mails do.
    let (first, second) = (one.get(&link).await, two.get(&link).await);
    assert_eq!(one.submit(&first, "/link", &[("token", &token)]).await.status, 303);
    assert_eq!(two.submit(&second, "/link", &[("token", &token)]).await.status, 410);
    assert_eq!(two.get("/notices").await.status, 303);

    let late = hub.accounts.link(&SCHOOL.parse().unwrap(), "mair", lasts).await.unwrap();
    hub.clock.advance(lasts);
    let page = two.get(&late).await;
    let token = late.rsplit('/').next().unwrap();
    assert_eq!(two.submit(&page, "/link", &[("token", token)]).await.status, 410);
}

async fn a_session_in_another_browser_is_ended(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut hers = hub.signed_in(SCHOOL, "mair").await;
    assert_eq!(hers.get("/notices").await.status, 200);
    let mut thief = hers.clone();
    thief.agent = "Thief/2".to_owned();
    assert_eq!(thief.get("/notices").await.status, 303);
    let hers = hers.get("/notices").await;
    assert_eq!(hers.status, 303, "and she notices, since hers has ended with it");
}

async fn whoever_left_the_school_is_signed_out(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    assert_eq!(browser.get("/notices").await.status, 200);
    hub.leaves("6722301").await;
    assert_eq!(browser.get("/notices").await.status, 303);
}

async fn signing_out_everywhere_ends_every_session(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut other = hub.signed_in(OTHER_SCHOOL, "rhys").await;
    let (mut one, mut two) =
        (hub.signed_in(SCHOOL, "mair").await, hub.signed_in(SCHOOL, "mair").await);
    let page = one.get("/account").await;
    let stale = one.clone();
    assert_eq!(one.submit(&page, "/sign-out-everywhere", &[]).await.to(), "/signed-out");
    for mut browser in [one, stale, two.clone()] {
        assert_eq!(browser.get("/notices").await.status, 303);
    }
    assert_eq!(other.get("/notices").await.status, 200, "and nobody else's");
    two = hub.signed_in(SCHOOL, "mair").await;
    let page = two.get("/notices").await;
    let stale = two.clone();
    assert_eq!(two.submit(&page, "/sign-out", &[]).await.to(), "/signed-out");
    for mut browser in [two, stale] {
        assert_eq!(browser.get("/notices").await.status, 303);
    }
}

async fn one_address_gets_five_codes_in_a_quarter_of_an_hour(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.browser();
    for _ in 0..8 {
        let page = browser.get("/sign-in").await;
        let sent = browser.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
        assert_eq!((sent.status, sent.to()), (303, "/sign-in/code"), "nobody is told");
    }
    hub.code(5).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(hub.mails.lock().await.len(), 5);
    hub.clock.advance(SignedDuration::from_mins(15));
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
    hub.code(6).await;
}

async fn what_a_browser_had_before_it_signed_in_is_worth_nothing_after(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let lasts = SignedDuration::from_hours(1);
    let link = hub.accounts.link(&SCHOOL.parse().unwrap(), "mair", lasts).await.unwrap();
    let mut browser = hub.browser();
    let page = browser.get(&link).await;
    // Whoever has put this into her browser does not get her session by it.
    let known = browser.cookies["__Host-mash-asker"].clone();
    let token = link.rsplit('/').next().unwrap();
    assert_eq!(browser.submit(&page, "/link", &[("token", token)]).await.status, 303);
    assert!(!browser.cookies.contains_key("__Host-mash-asker"));
    assert_ne!(browser.cookies["__Host-mash-session"], known);
    for name in ["__Host-mash-asker", "__Host-mash-session"] {
        let mut thief = hub.browser();
        thief.cookies.insert(name.to_owned(), known.clone());
        assert_eq!(thief.get("/notices").await.to(), "/sign-in", "{name}");
    }
    // Nor does signing in again leave the session before open.
    let before = browser.clone();
    let link = hub.accounts.link(&SCHOOL.parse().unwrap(), "mair", lasts).await.unwrap();
    let page = browser.get(&link).await;
    let token = link.rsplit('/').next().unwrap();
    assert_eq!(browser.submit(&page, "/link", &[("token", token)]).await.status, 303);
    for (mut browser, status) in [(before, 303), (browser, 200)] {
        assert_eq!(browser.get("/notices").await.status, status);
    }
}

async fn signing_in_leads_to_notices_and_nowhere_else(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let lasts = SignedDuration::from_hours(1);
    for name in ["next", "to", "return", "redirect_uri"] {
        let link = hub.accounts.link(&SCHOOL.parse().unwrap(), "mair", lasts).await.unwrap();
        let elsewhere = format!("?{name}=https%3A%2F%2Fevil.example");
        let mut browser = hub.browser();
        let page = browser.get(&format!("{link}{elsewhere}")).await;
        let token = link.rsplit('/').next().unwrap();
        let fields = [("token", token), (name, "https://evil.example")];
        let answer = browser.submit(&page, &format!("/link{elsewhere}"), &fields).await;
        assert_eq!((answer.status, answer.to()), (303, "/notices"), "{name}");
        let home = hub.browser().get(&format!("/{elsewhere}")).await;
        assert_eq!((home.status, home.to()), (303, "/sign-in"), "{name}");
    }
}
