//! Signing in at a provider: who is signed in, and everything that proves nothing.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use mash_inbox::{Inbox, InboxError, ProviderFault, Settings};
use mash_store::{Dialect, testing::TestDatabase};
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    provider::{CLIENT, Granted, Provider, Signed, Trouble, query},
    support::{Answer, Browser, Hub, SECRET},
};

on_both_stores!(
    whoever_the_provider_has_proved_is_signed_in,
    an_address_may_come_from_another_claim_or_another_question,
    everything_that_proves_nothing_is_answered_alike,
    clocks_may_differ_by_a_minute,
    a_state_is_good_once_soon_and_in_its_browser,
    a_code_that_was_used_is_refused,
    a_provider_that_fails_is_named_and_codes_still_work,
    keys_that_were_turned_over_are_read_again,
    providers_that_cannot_work_end_the_start,
);

const EMAIL: &str = "mair.x@school.example";

/// On the way to the provider: what it was asked.
async fn away(browser: &mut Browser, id: &str) -> BTreeMap<String, String> {
    let answer = browser.get(&format!("/sign-in/with/{id}")).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (to, asked) = answer.to().split_once('?').unwrap();
    assert!(to.ends_with("/authorize"));
    query(asked)
}

/// What the provider says of Mair when nothing is wrong.
fn granted(hub: &Hub, provider: &Provider, asked: &BTreeMap<String, String>) -> Granted {
    let now = hub.clock_now().as_second();
    let claims = json!({"iss": provider.issuer, "aud": CLIENT, "sub": "mair-at-hwb",
        "exp": now + 300, "iat": now, "nonce": asked["nonce"], "email": EMAIL,
        "email_verified": true});
    Granted { claims, userinfo: json!({"sub": "mair-at-hwb"}), signed: Signed::Rightly }
}

async fn back(browser: &mut Browser, id: &str, code: &str, state: &str) -> Answer {
    browser.get(&format!("/sign-in/with/{id}/back?code={code}&state={state}")).await
}

/// Away and back again, where the provider says this.
async fn comes_back(
    (hub, provider): (&Hub, &Provider),
    browser: &mut Browser,
    change: impl Fn(&mut Granted),
) -> Answer {
    let asked = away(browser, "fake").await;
    let mut grant = granted(hub, provider, &asked);
    change(&mut grant);
    let code = uuid::Uuid::new_v4().to_string();
    provider.grant(&code, &asked, grant);
    back(browser, "fake", &code, &asked["state"]).await
}

async fn with_provider(dialect: Dialect) -> (Hub, Provider) {
    let provider = Provider::start().await;
    let hub = Hub::with(dialect, vec![provider.settings("fake"), provider.settings("other")]).await;
    (hub, provider)
}

async fn whoever_the_provider_has_proved_is_signed_in(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let mut browser = hub.browser();
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains("href=\"/sign-in/with/fake\"") && page.body.contains("Fake other"));
    let asked = away(&mut browser, "fake").await;
    assert_eq!(asked["scope"], "openid email");
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["redirect_uri"], format!("{}/sign-in/with/fake/back", hub.origin()));
    let answer = comes_back((&hub, &provider), &mut browser, |_| ()).await;
    assert_eq!((answer.status, answer.to()), (303, "/notices"), "{}", answer.body);
    let page = browser.get("/account").await;
    assert!(page.body.contains("Person mair"));
    // Upper case is the same address.
    let mut other = hub.browser();
    let upper = |grant: &mut Granted| grant.claims["email"] = EMAIL.to_uppercase().into();
    assert_eq!(comes_back((&hub, &provider), &mut other, upper).await.status, 303);
    let out = browser.submit(&page, "/sign-out", &[]).await;
    assert_eq!(out.to(), "/signed-out");
    assert_eq!(browser.get("/notices").await.status, 303, "signed out is signed out");
    assert_eq!(browser.get("/sign-in/with/nobody").await.status, 404);
}

async fn an_address_may_come_from_another_claim_or_another_question(dialect: Dialect) {
    let provider = Provider::start().await;
    let mut settings = provider.settings("fake");
    (settings.claim, settings.verified) = ("upn".to_owned(), "xms_edov".to_owned());
    let hub = Hub::with(dialect, vec![settings]).await;
    let named = |grant: &mut Granted| {
        grant.claims["email"] = "somebody.else@school.example".into();
        grant.claims["upn"] = EMAIL.into();
        grant.claims["xms_edov"] = "1".into();
    };
    assert_eq!(comes_back((&hub, &provider), &mut hub.browser(), named).await.status, 303);

    let hub = Hub::with(dialect, vec![provider.settings("fake")]).await;
    let asked_for = |subject: &'static str| {
        move |grant: &mut Granted| {
            grant.claims.as_object_mut().unwrap().remove("email");
            grant.userinfo = json!({"sub": subject, "email": EMAIL, "email_verified": true});
        }
    };
    let answer = comes_back((&hub, &provider), &mut hub.browser(), asked_for("mair-at-hwb")).await;
    assert_eq!(answer.status, 303);
    let answer = comes_back((&hub, &provider), &mut hub.browser(), asked_for("rhys")).await;
    assert_eq!(answer.status, 403, "of somebody else");
}

/// A claim is something else, or nothing.
fn claim(name: &'static str, value: Value) -> Box<dyn Fn(&mut Granted) + Send + Sync> {
    Box::new(move |grant| {
        let claims = grant.claims.as_object_mut().unwrap();
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.to_owned(), value.clone());
        }
    })
}

fn sign(signed: Signed) -> Box<dyn Fn(&mut Granted) + Send + Sync> {
    Box::new(move |grant| grant.signed = signed)
}

/// A page without what its address put into it.
fn plain(answer: &Answer) -> String {
    let cut =
        answer.body.split("/language/").map(|part| part.split_once('"').map_or(part, |it| it.1));
    cut.collect::<Vec<_>>().join("")
}

async fn everything_that_proves_nothing_is_answered_alike(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let now = hub.clock_now().as_second();
    let table = [
        ("another nonce", claim("nonce", "0".repeat(64).into())),
        ("no nonce", claim("nonce", Value::Null)),
        ("another issuer", claim("iss", "http://127.0.0.1:1".into())),
        ("for somebody else", claim("aud", "another-client".into())),
        ("for somebody else as well", claim("aud", json!([CLIENT, "another-client"]))),
        ("expired", claim("exp", (now - 61).into())),
        ("issued an hour ago", claim("iat", (now - 3_600).into())),
        ("issued in the future", claim("iat", (now + 120).into())),
        ("not signed", sign(Signed::Not)),
        ("signed by another key", sign(Signed::ByAnotherKey)),
        ("signed with our own secret", sign(Signed::WithTheSecretOfTheClient)),
        ("not verified", claim("email_verified", false.into())),
        ("nothing said of that", claim("email_verified", Value::Null)),
        ("nobody whom we know", claim("email", "stranger@school.example".into())),
        ("no address", claim("email", "mair".into())),
    ];
    let mut pages = Vec::new();
    for (what, change) in table {
        let mut browser = hub.browser();
        let answer = comes_back((&hub, &provider), &mut browser, change).await;
        assert_eq!(answer.status, 403, "{what}");
        assert_eq!(browser.get("/notices").await.to(), "/sign-in", "{what}");
        pages.push((what, plain(&answer)));
    }
    let mut browser = hub.browser();
    let asked = away(&mut browser, "fake").await;
    let says_no = format!("/sign-in/with/fake/back?error=access_denied&state={}", asked["state"]);
    let answer = browser.get(&says_no).await;
    assert_eq!(answer.status, 403);
    pages.push(("the provider says no", plain(&answer)));
    let asked = away(&mut browser, "fake").await;
    let mixed = "iss=http%3A%2F%2F127.0.0.1%3A1";
    let answer = browser
        .get(&format!("/sign-in/with/fake/back?code=1&{mixed}&state={}", asked["state"]))
        .await;
    assert_eq!(answer.status, 403);
    pages.push(("another issuer sends her back", plain(&answer)));
    hub.leaves("6722301").await;
    let answer = comes_back((&hub, &provider), &mut browser, |_| ()).await;
    assert_eq!(answer.status, 403, "whoever left the school");
    pages.push(("whoever left the school", plain(&answer)));
    let (_, first) = &pages[0];
    assert!(first.contains("You could not be signed in") && first.contains("Sign in again"));
    for (what, page) in &pages {
        assert_eq!(page, first, "{what}");
    }
}

async fn clocks_may_differ_by_a_minute(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let now = hub.clock_now().as_second();
    for (what, change) in [
        ("its clock is slow", claim("exp", (now - 59).into())),
        ("its clock is fast", claim("iat", (now + 60).into())),
    ] {
        let answer = comes_back((&hub, &provider), &mut hub.browser(), change).await;
        assert_eq!(answer.status, 303, "{what}");
    }
}

async fn a_state_is_good_once_soon_and_in_its_browser(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let mut browser = hub.browser();
    let asked = away(&mut browser, "fake").await;
    let state = asked["state"].as_str();
    provider.grant("code", &asked, granted(&hub, &provider, &asked));
    let calls = provider.calls();
    let mut other = hub.browser();
    away(&mut other, "fake").await;
    assert_eq!(back(&mut other, "fake", "code", state).await.status, 403, "another browser");
    assert_eq!(back(&mut browser, "other", "code", state).await.status, 403, "another provider");
    let mut parts: Vec<&str> = state.split('.').collect();
    let later = (parts[0].parse::<i64>().unwrap() + 1).to_string();
    parts[0] = &later;
    for wrong in ["", "x", &parts.join("."), &state.to_uppercase(), &format!("{state}.")] {
        assert_eq!(back(&mut browser, "fake", "code", wrong).await.status, 403, "{wrong}");
    }
    assert_eq!(provider.calls(), calls, "the provider is not asked for a state that is not ours");
    let mut copy = browser.clone();
    assert_eq!(back(&mut browser, "fake", "code", state).await.status, 303);
    let calls = provider.calls();
    assert_eq!(back(&mut copy, "fake", "code", state).await.status, 403, "used");
    assert_eq!(provider.calls(), calls, "nor for one that was used");

    let mut late = hub.browser();
    let asked = away(&mut late, "fake").await;
    hub.clock.advance(SignedDuration::from_mins(10));
    provider.grant("late", &asked, granted(&hub, &provider, &asked));
    assert_eq!(back(&mut late, "fake", "late", &asked["state"]).await.status, 403, "too late");
}

async fn a_code_that_was_used_is_refused(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let mut browser = hub.browser();
    let asked = away(&mut browser, "fake").await;
    provider.grant("code", &asked, granted(&hub, &provider, &asked));
    assert_eq!(back(&mut browser, "fake", "code", &asked["state"]).await.status, 303);
    let mut thief = hub.browser();
    let asked = away(&mut thief, "fake").await;
    assert_eq!(back(&mut thief, "fake", "code", &asked["state"]).await.status, 403);
    // Nor is one that was stolen before it was used: the thief's browser has not its verifier.
    let asked = away(&mut browser, "fake").await;
    provider.grant("stolen", &asked, granted(&hub, &provider, &asked));
    let asked = away(&mut thief, "fake").await;
    assert_eq!(back(&mut thief, "fake", "stolen", &asked["state"]).await.status, 403);
}

async fn a_provider_that_fails_is_named_and_codes_still_work(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let troubles =
        [Trouble::OtherName, Trouble::Long, Trouble::Leads, Trouble::Broken, Trouble::Garbled];
    let mut browser = hub.browser();
    for trouble in troubles {
        provider.trouble(trouble);
        let answer = browser.get("/sign-in/with/fake").await;
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("Fake fake does not answer"), "{}", answer.body);
        let calls = provider.calls();
        assert_eq!(browser.get("/sign-in/with/fake").await.status, 503);
        assert_eq!(provider.calls(), calls, "it is left alone for ten seconds");
        hub.clock.advance(SignedDuration::from_secs(10));
    }
    provider.trouble(Trouble::None);
    let asked = away(&mut browser, "fake").await;
    provider.grant("code", &asked, granted(&hub, &provider, &asked));
    provider.trouble(Trouble::Broken);
    assert_eq!(back(&mut browser, "fake", "code", &asked["state"]).await.status, 503);
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
    let code = hub.code(1).await;
    let page = browser.get("/sign-in/code").await;
    let answer = browser.submit(&page, "/sign-in/code", &[("code", &code)]).await;
    assert_eq!((answer.status, answer.to()), (303, "/notices"), "a code works all the same");
}

async fn keys_that_were_turned_over_are_read_again(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    assert_eq!(comes_back((&hub, &provider), &mut hub.browser(), |_| ()).await.status, 303);
    provider.turn_over_keys();
    hub.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(comes_back((&hub, &provider), &mut hub.browser(), |_| ()).await.status, 303);
}

async fn providers_that_cannot_work_end_the_start(dialect: Dialect) {
    let (hub, provider) = with_provider(dialect).await;
    let database = TestDatabase::create(dialect).await;
    let store = database.store().await;
    let start = |providers, origin: Option<&str>| {
        let origin = origin.map(str::to_owned);
        let settings = Settings { providers, origin, ..Settings::default() };
        let clock = Arc::new(hub.clock.clone());
        Inbox::start(store.clone(), clock, hub.inbox(), &SECRET, settings)
    };
    let origin = Some("https://inbox.example");
    let one = provider.settings("fake");
    assert!(start(vec![one.clone()], origin).await.is_ok());
    let twice = start(vec![one.clone(), one.clone()], origin).await.err().unwrap();
    assert!(matches!(twice, InboxError::Provider(ProviderFault::Twice(_))), "{twice}");
    let nowhere = start(vec![one.clone()], None).await.err().unwrap();
    assert!(matches!(nowhere, InboxError::Provider(ProviderFault::Origin)), "{nowhere}");
    let mut missing = one;
    missing.secret_file = "/nowhere".into();
    let missing = start(vec![missing], origin).await.err().unwrap();
    assert!(matches!(missing, InboxError::Provider(ProviderFault::Secret(..))), "{missing}");
    for wrong in
        ["inbox.example", "http://inbox.example", "https://inbox.example/", "https://[::1]"]
    {
        let wrong = start(Vec::new(), Some(wrong)).await.err().unwrap();
        assert!(matches!(wrong, InboxError::Origin(_)), "{wrong}");
    }
}
