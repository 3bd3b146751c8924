//! What other sites, other schools and odd senders get: nothing.

use mash_store::Dialect;

use crate::{
    on_both_stores,
    support::{Hub, OTHER_SCHOOL, SCHOOL},
};

on_both_stores!(
    a_form_needs_its_token_and_its_origin,
    another_school_is_told_that_nothing_is_there,
    the_way_back_after_a_language_never_leads_elsewhere,
    every_answer_has_the_headers_that_bind_a_browser,
    odd_requests_are_refused_and_change_nothing,
);

async fn a_form_needs_its_token_and_its_origin(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), "words").await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let to = "/notices/n-1/roll";
    let mut rhys = hub.signed_in(OTHER_SCHOOL, "rhys").await;
    let foreign = rhys.get("/notices").await.hidden("csrf");
    for token in ["", "0", &foreign, &csrf.to_uppercase()] {
        let answer = browser.post(to, &[("csrf", token), ("request", &request)]).await;
        assert_eq!(answer.status, 403, "{token}");
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut forged = browser.clone();
        forged.extra = vec![(name, value.to_owned())];
        let answer = forged.post(to, &[("csrf", &csrf), ("request", &request)]).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
    assert!(!browser.get("/notices/n-1").await.body.contains("words"), "nothing was unsealed");
    let answer = browser.post(to, &[("csrf", &csrf), ("request", &request)]).await;
    assert_eq!(answer.status, 303);
    assert!(browser.get("/notices/n-1").await.body.contains("words"));
}

async fn another_school_is_told_that_nothing_is_there(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), "words").await;
    let mut rhys = hub.signed_in(OTHER_SCHOOL, "rhys").await;
    let nothing = rhys.get("/notices/n-0").await;
    assert_eq!(nothing.status, 404);
    for page in ["", "/why", "/print", "/not-ours", "/notice.csv", "/notice.json"] {
        let hers = rhys.get(&format!("/notices/n-1{page}")).await;
        assert_eq!(hers.status, 404, "{page}");
        let other = rhys.get(&format!("/notices/n-0{page}")).await;
        assert_eq!(hers.body.replace("n-1", "n-0"), other.body, "not even in a detail");
    }
    let list = rhys.get("/notices").await;
    assert!(!list.body.contains("n-1") && !list.body.contains("Carys"));
    for act in ["roll", "acknowledge", "reject", "support", "deleted"] {
        let fields = [("revision", "1"), ("support", "talked")];
        let request = uuid::Uuid::new_v4().to_string();
        let csrf = list.hidden("csrf");
        let fields: Vec<_> =
            [("csrf", csrf.as_str()), ("request", &request)].into_iter().chain(fields).collect();
        let answer = rhys.post(&format!("/notices/n-1/{act}"), &fields).await;
        assert_eq!(answer.status, 404, "{act}");
    }
    let mut mair = hub.signed_in(SCHOOL, "mair").await;
    assert!(mair.get("/notices/n-1").await.body.contains("Carys"), "and it is still hers");
}

async fn the_way_back_after_a_language_never_leads_elsewhere(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.browser();
    let table = [
        ("/sign-in", "/sign-in"),
        ("%2Fsign-in%2Fcode", "/sign-in/code"),
        ("//evil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("https:%2F%2Fevil.example", "/"),
        ("/%0D%0Aset-cookie:x=y", "/"),
    ];
    for (to, leads) in table {
        let answer = browser.get(&format!("/language/cy?to={to}")).await;
        assert_eq!((answer.status, answer.to()), (303, leads), "{to}");
    }
    assert!(
        browser.get("/sign-in").await.body.contains("<html class=\"govuk-template\" lang=\"cy\">")
    );
    assert_eq!(browser.get("/language/fr?to=/").await.status, 404);

    let mut hers = hub.signed_in(SCHOOL, "mair").await;
    hers.get("/language/cy?to=/account").await;
    let mut elsewhere = hub.signed_in(SCHOOL, "mair").await;
    assert!(
        elsewhere.get("/account").await.body.contains("lang=\"cy\">"),
        "it goes with the account"
    );
}

async fn every_answer_has_the_headers_that_bind_a_browser(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    let with_script = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
                       connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    for path in ["/notices", "/sign-in", "/nowhere", "/language/cy?to=/", "/account"] {
        let answer = browser.get(path).await;
        let scripted = matches!(path, "/sign-in" | "/account");
        let expected = if scripted { with_script } else { policy };
        assert_eq!(answer.header("content-security-policy"), expected, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        let scripts = answer.body.matches("<script").count();
        assert_eq!(scripts, usize::from(scripted), "{path}: no script but the one for passkeys");
        assert_eq!(answer.body.matches("<script src=\"/assets/passkey-").count(), scripts);
        assert!(!answer.body.contains(" style=\""), "{path}");
    }
    let page = browser.get("/notices").await;
    let css = page.body.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap();
    let css = browser.get(&format!("/assets/{css}")).await;
    assert_eq!((css.status, css.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(css.header("cache-control").contains("immutable"));
    assert_eq!(browser.get("/assets/other.css").await.status, 404);
}

async fn odd_requests_are_refused_and_change_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), "words").await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    let roll = browser.submit(&page, "/notices/n-1/roll", &[]).await;
    assert_eq!(roll.status, 303);
    let page = browser.get("/notices/n-1").await;
    let csrf = page.hidden("csrf");
    let csrf = csrf.as_str();
    let table = [
        (
            "/notices/n-1/acknowledge",
            vec![("csrf", csrf), ("request", "x"), ("revision", "1")],
            400,
        ),
        ("/notices/n-1/acknowledge", vec![("csrf", csrf), ("revision", "one")], 400),
        ("/notices/n%201/roll", vec![("csrf", csrf)], 400),
        ("/account/language", vec![("csrf", csrf), ("language", "fr")], 400),
        ("/notices/n-1/nothing", vec![("csrf", csrf)], 404),
    ];
    for (to, fields, status) in table {
        assert_eq!(browser.post(to, &fields).await.status, status, "{to} {fields:?}");
    }
    let long = "x".repeat(70_000);
    let answer = browser.post("/notices/n-1/support", &[("csrf", csrf), ("note", &long)]).await;
    assert_eq!(answer.status, 400, "a form that is too long");
    assert_eq!(browser.get("/notices?before=nonsense").await.status, 400);
    let page = browser.get("/notices/n-1").await;
    assert!(page.body.contains("name=\"revision\""), "it still waits to be acknowledged");
}
