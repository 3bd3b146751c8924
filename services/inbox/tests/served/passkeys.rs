//! Passkeys: a device that makes and uses them, and everything that a stolen, copied or late one gets.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use jiff::SignedDuration;
use mash_store::Dialect;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Answer, Browser, Hub, OTHER_SCHOOL, SCHOOL, base64url},
};

on_both_stores!(
    a_passkey_is_added_used_listed_and_removed,
    a_challenge_is_answered_once_soon_and_in_its_browser,
    another_origin_another_site_and_an_unlocked_device_are_refused,
    a_copy_that_lags_behind_is_refused,
    nobody_signs_in_with_what_is_not_hers,
    a_passkey_is_added_soon_after_signing_in_or_not_at_all,
    an_account_has_ten_passkeys_at_most,
    a_lost_device_is_shut_out_by_whoever_administers,
);

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// A device with one passkey on it.
struct Device {
    key: EcdsaKeyPair,
    credential: Vec<u8>,
    handle: String,
    count: u32,
    origin: String,
    site: String,
    flags: u8,
}

impl Device {
    fn new(hub: &Hub) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            credential: uuid::Uuid::new_v4().as_bytes().repeat(2),
            handle: String::new(),
            count: 0,
            origin: hub.origin(),
            site: "localhost".to_owned(),
            flags: PRESENT | VERIFIED,
        }
    }

    fn client_data(&self, what: &str, challenge: &Value) -> String {
        let challenge = &challenge["publicKey"]["challenge"];
        json!({"type": what, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn authenticator_data(&mut self, flags: u8) -> Vec<u8> {
        self.count += 1;
        let mut data = digest::digest(&digest::SHA256, self.site.as_bytes()).as_ref().to_vec();
        data.push(self.flags | flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    /// Makes the passkey that is asked for.
    fn make(&mut self, challenge: &Value) -> String {
        self.handle = challenge["publicKey"]["user"]["id"].as_str().unwrap().to_owned();
        let client_data = self.client_data("webauthn.create", challenge);
        let mut data = self.authenticator_data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        let public = self.key.public_key().as_ref();
        // An elliptic curve key in CBOR: type, algorithm, curve, x and y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32]);
        data.extend(&public[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&public[33..]);
        let mut attested = vec![0xa3, 0x63];
        attested.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        attested.push(u8::try_from(data.len()).unwrap());
        attested.extend(data);
        let response = json!({"attestationObject": base64url(&attested),
            "clientDataJSON": base64url(client_data.as_bytes())});
        self.answer(&response)
    }

    /// Answers a challenge to sign in.
    fn sign(&mut self, challenge: &Value) -> String {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.authenticator_data(0);
        let hash = digest::digest(&digest::SHA256, client_data.as_bytes());
        let message = [data.as_slice(), hash.as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        let response = json!({"authenticatorData": base64url(&data), "userHandle": self.handle,
            "clientDataJSON": base64url(client_data.as_bytes()),
            "signature": base64url(signature.as_ref())});
        self.answer(&response)
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64url(&self.credential);
        json!({"id": id, "rawId": id, "type": "public-key", "extensions": {}, "response": response})
            .to_string()
    }
}

async fn challenge(browser: &mut Browser, page: &str, to: &str) -> Value {
    let page = browser.get(page).await;
    let answer = browser.submit(&page, to, &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    serde_json::from_str(&answer.body).unwrap()
}

const NEW: &str = "/account/passkeys/challenge";
const ASK: &str = "/sign-in/passkey/challenge";

/// Adds the device's passkey to the account of whoever is signed in.
async fn add(browser: &mut Browser, device: &mut Device, name: &str) -> Answer {
    let challenge = challenge(browser, "/account", NEW).await;
    let answer = device.make(&challenge);
    send(browser, name, &answer).await
}

async fn send(browser: &mut Browser, name: &str, answer: &str) -> Answer {
    let page = browser.get("/account").await;
    let fields = [("name", name), ("answer", answer)];
    let sent = browser.submit(&page, "/account/passkeys", &fields).await;
    assert_eq!(sent.to(), "/account");
    browser.get("/account").await
}

async fn use_it(browser: &mut Browser, answer: &str) -> Answer {
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in/passkey", &[("answer", answer)]).await
}

async fn sign_in(browser: &mut Browser, device: &mut Device) -> Answer {
    let challenge = challenge(browser, "/sign-in", ASK).await;
    let answer = device.sign(&challenge);
    use_it(browser, &answer).await
}

/// A device with a passkey of Mair's.
async fn added(hub: &Hub) -> Device {
    let (mut browser, mut device) = (hub.signed_in(SCHOOL, "mair").await, Device::new(hub));
    let page = add(&mut browser, &mut device, "telephone").await;
    assert!(page.body.contains("You can sign in with this passkey"), "{}", page.body);
    device
}

fn refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 422, "{what}");
    assert!(answer.body.contains("You could not be signed in with that passkey"), "{what}");
}

async fn a_passkey_is_added_used_listed_and_removed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (mut hers, mut device) = (hub.signed_in(SCHOOL, "mair").await, Device::new(&hub));
    let page = add(&mut hers, &mut device, "<script>her telephone").await;
    assert!(page.body.contains("&#60;script&#62;her telephone"), "{}", page.body);
    assert!(page.body.contains("Added today at 2:10am, not used yet"));
    hub.clock.advance(SignedDuration::from_hours(5));
    let mut browser = hub.browser();
    let answer = sign_in(&mut browser, &mut device).await;
    assert_eq!((answer.status, answer.to()), (303, "/notices"));
    let page = browser.get("/account").await;
    assert!(page.body.contains("Person mair") && page.body.contains("Last used today at 7:10am"));
    let key = page.hidden("passkey");
    let mut rhys = hub.signed_in(OTHER_SCHOOL, "rhys").await;
    let his = rhys.get("/account").await;
    rhys.submit(&his, "/account/passkeys/remove", &[("passkey", &key)]).await;
    assert!(browser.get("/account").await.body.contains("her telephone"), "not for him to remove");
    browser.submit(&page, "/account/passkeys/remove", &[("passkey", &key)]).await;
    let page = browser.get("/account").await;
    assert!(page.body.contains("The passkey is removed") && !page.body.contains("her telephone"));
    refused(&sign_in(&mut hub.browser(), &mut device).await, "a passkey that was removed");
}

async fn a_challenge_is_answered_once_soon_and_in_its_browser(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut device = added(&hub).await;
    let mut browser = hub.browser();
    let asked = challenge(&mut browser, "/sign-in", ASK).await;
    let answer = device.sign(&asked);
    let mut other = hub.browser();
    challenge(&mut other, "/sign-in", ASK).await;
    refused(&use_it(&mut other, &answer).await, "another browser's challenge");
    let mut copy = browser.clone();
    assert_eq!(use_it(&mut browser, &answer).await.status, 303);
    refused(&use_it(&mut copy, &answer).await, "an answer that was used");
    let again = device.sign(&asked);
    refused(&use_it(&mut copy, &again).await, "a challenge that was used");
    for wrong in ["", "{}", "not json", "{\"id\":1}"] {
        let mut browser = hub.browser();
        let asked = challenge(&mut browser, "/sign-in", ASK).await;
        refused(&use_it(&mut browser, wrong).await, wrong);
        let late = device.sign(&asked);
        refused(&use_it(&mut browser, &late).await, "a wrong answer uses the challenge up");
    }
    let mut browser = hub.browser();
    let asked = challenge(&mut browser, "/sign-in", ASK).await;
    hub.clock.advance(SignedDuration::from_mins(5));
    let answer = device.sign(&asked);
    refused(&use_it(&mut browser, &answer).await, "a challenge of five minutes ago");

    let mut hers = hub.signed_in(SCHOOL, "mair").await;
    let mut new = Device::new(&hub);
    let asked = challenge(&mut hers, "/account", NEW).await;
    hub.clock.advance(SignedDuration::from_mins(5));
    let answer = new.make(&asked);
    assert!(send(&mut hers, "late", &answer).await.body.contains("could not be added"));
}

async fn another_origin_another_site_and_an_unlocked_device_are_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut device = added(&hub).await;
    let right = device.origin.clone();
    for origin in ["https://evil.example", "http://localhost:1", "http://evil.localhost", ""] {
        device.origin = origin.to_owned();
        refused(&sign_in(&mut hub.browser(), &mut device).await, origin);
    }
    device.origin = right;
    device.site = "evil.example".to_owned();
    refused(&sign_in(&mut hub.browser(), &mut device).await, "another site");
    device.site = "localhost".to_owned();
    device.flags = PRESENT;
    refused(&sign_in(&mut hub.browser(), &mut device).await, "nobody has unlocked the device");
    device.flags |= VERIFIED;
    assert_eq!(sign_in(&mut hub.browser(), &mut device).await.status, 303);
    for spoil in [
        |device: &mut Device| device.origin = "https://evil.example".to_owned(),
        |device: &mut Device| device.site = "evil.example".to_owned(),
        |device: &mut Device| device.flags = PRESENT,
    ] {
        let mut browser = hub.signed_in(SCHOOL, "mair").await;
        let mut device = Device::new(&hub);
        spoil(&mut device);
        let page = add(&mut browser, &mut device, "spoilt").await;
        assert!(page.body.contains("could not be added") && !page.body.contains("spoilt"));
    }
}

async fn a_copy_that_lags_behind_is_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut device = added(&hub).await;
    for _ in 0..3 {
        assert_eq!(sign_in(&mut hub.browser(), &mut device).await.status, 303);
    }
    for behind in [1, 2] {
        device.count -= behind;
        refused(&sign_in(&mut hub.browser(), &mut device).await, "a copy has been used since");
    }
    device.count += 3;
    assert_eq!(sign_in(&mut hub.browser(), &mut device).await.status, 303);
}

async fn nobody_signs_in_with_what_is_not_hers(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut device = added(&hub).await;
    let mut rhys = hub.signed_in(OTHER_SCHOOL, "rhys").await;
    let mut his = Device::new(&hub);
    let page = add(&mut rhys, &mut his, "his").await;
    assert!(page.body.contains("his"));
    let hers = device.handle.clone();
    (his.handle, device.handle) = (hers, his.handle.clone());
    refused(&sign_in(&mut hub.browser(), &mut his).await, "his key for her account");
    refused(&sign_in(&mut hub.browser(), &mut device).await, "her key for his");
    std::mem::swap(&mut his.handle, &mut device.handle);
    let known = device.credential.clone();
    let mut stranger = Device::new(&hub);
    (stranger.credential, stranger.handle) = (known, device.handle.clone());
    refused(&sign_in(&mut hub.browser(), &mut stranger).await, "another key of the same name");
    refused(&sign_in(&mut hub.browser(), &mut Device::new(&hub)).await, "a key nobody knows");
    let handle = device.handle.clone();
    let page = add(&mut rhys, &mut device, "stolen").await;
    assert!(page.body.contains("could not be added"), "a passkey belongs to one account");
    device.handle = handle;
    assert_eq!(sign_in(&mut hub.browser(), &mut device).await.status, 303, "and hers still works");
    hub.leaves("6722301").await;
    let mut browser = hub.browser();
    sign_in(&mut browser, &mut device).await;
    assert_eq!(browser.get("/notices").await.to(), "/sign-in", "whoever left sees nothing");
}

async fn a_passkey_is_added_soon_after_signing_in_or_not_at_all(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let mut device = Device::new(&hub);
    let asked = challenge(&mut browser, "/account", NEW).await;
    hub.clock.advance(SignedDuration::from_mins(8));
    browser.get("/notices").await;
    hub.clock.advance(SignedDuration::from_mins(7));
    let page = browser.get("/account").await;
    assert!(page.body.contains("sign out and sign in again") && !page.body.contains("<script"));
    assert_eq!(browser.submit(&page, NEW, &[]).await.status, 403);
    let answer = device.make(&asked);
    assert_eq!(
        browser.submit(&page, "/account/passkeys", &[("answer", &answer)]).await.status,
        403
    );
    let mut nobody = hub.browser();
    let page = nobody.get("/sign-in").await;
    for to in [NEW, "/account/passkeys", "/account/passkeys/remove"] {
        assert_eq!(nobody.submit(&page, to, &[]).await.to(), "/sign-in", "{to}");
    }
    for to in [NEW, ASK, "/sign-in/passkey", "/account/passkeys", "/account/passkeys/remove"] {
        assert_eq!(browser.post(to, &[("csrf", "0")]).await.status, 403, "{to} without its token");
    }
}

async fn an_account_has_ten_passkeys_at_most(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    for number in 0..10 {
        let page = add(&mut browser, &mut Device::new(&hub), &format!("key {number}")).await;
        assert!(page.body.contains(&format!("key {number}")));
    }
    let page = add(&mut browser, &mut Device::new(&hub), "one too many").await;
    assert!(page.body.contains("There are ten passkeys") && !page.body.contains("one too many"));
}

async fn a_lost_device_is_shut_out_by_whoever_administers(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut device = added(&hub).await;
    let school = SCHOOL.parse().unwrap();
    assert_eq!(hub.accounts.remove_passkeys(&school, "mair").await.unwrap(), 1);
    refused(&sign_in(&mut hub.browser(), &mut device).await, "a lost device");
}
