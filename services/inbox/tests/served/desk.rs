//! What an officer of a duty desk sees besides her notices: who has taken what, and what is stale in the directory.

use mash_proto::education::v1::{Contact, ContactRole, DeskChanged};
use mash_store::Dialect;

use crate::{
    on_both_stores,
    support::{Answer, Hub, SCHOOL},
};

on_both_stores!(
    of_two_officers_one_has_it_and_the_other_is_told_who,
    what_is_stale_is_on_a_page_for_the_desk_alone,
);

const AUTHORITY: &str = "authority/672";

async fn with_a_desk(dialect: Dialect) -> Hub {
    let hub = Hub::start(dialect).await;
    let officer = |id: &str| Contact {
        id: id.to_owned(),
        full_name: format!("Person {id}"),
        role: ContactRole::DeskOfficer.into(),
        email: format!("{id}.x@authority.example"),
        ..Contact::default()
    };
    let desk = DeskChanged {
        authority_code: "672".to_owned(),
        desk: "education-duty".to_owned(),
        contacts: vec![officer("nia"), officer("gwen")],
    };
    hub.desk(&desk).await;
    hub
}

/// The fields of the first form that leads there, as they stand on the page.
fn fields(page: &Answer, action: &str) -> Vec<(String, String)> {
    let form = page.body.split(&format!("action=\"{action}\"")).nth(1).expect("the form");
    let form = form.split("</form>").next().unwrap();
    let value = |input: &str, attribute: &str| {
        let rest = input.split(&format!("{attribute}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let inputs = form.split("<input").skip(1);
    inputs.map(|input| (value(input, "name"), value(input, "value"))).collect()
}

async fn press(browser: &mut crate::support::Browser, page: &Answer, action: &str) -> Answer {
    let fields = fields(page, action);
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(action, &fields).await
}

async fn of_two_officers_one_has_it_and_the_other_is_told_who(dialect: Dialect) {
    let hub = Box::pin(with_a_desk(dialect)).await;
    hub.notice("n-1", ("Carys", "Example"), "Something happened.").await;
    let mut school = hub.signed_in(SCHOOL, "mair").await;
    let notice = school.get("/notices/n-1").await;
    school.submit(&notice, "/notices/n-1/reject", &[]).await;

    let (mut nia, mut gwen) =
        (hub.signed_in(AUTHORITY, "nia").await, hub.signed_in(AUTHORITY, "gwen").await);
    let (nias, gwens) = (nia.get("/notices").await, gwen.get("/notices").await);
    assert!(nias.body.contains("Ysgol 6722301 (6722301) sent a notice back"), "{}", nias.body);
    assert!(nias.body.contains("Person nia, who has not taken it yet"), "an owner");
    assert!(!nias.body.contains("Carys"), "nothing tells whom it is about");
    assert!(!nias.body.contains("/desk/done"), "take it first");
    assert_eq!(press(&mut gwen, &gwens, "/desk/take").await.status, 303);
    let late = press(&mut nia, &nias, "/desk/take").await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("Person gwen has taken it already"), "{}", late.body);
    assert!(late.body.contains("Person gwen has it, since today at"));
    assert!(late.body.contains("/language/cy?to=%2Fnotices"), "the switch leads to the list");
    assert!(late.body.contains("Take this over from Person gwen"));

    assert_eq!(press(&mut nia, &late, "/desk/take").await.status, 303);
    let hers = nia.get("/notices").await;
    assert!(hers.body.contains("You have it now") && !hers.body.contains("I take this"));
    let gwens = gwen.get("/notices").await;
    assert!(!gwens.body.contains("/desk/done"), "it is with her no more");
    assert_eq!(press(&mut nia, &hers, "/desk/done").await.status, 303);
    let done = nia.get("/notices").await;
    assert!(done.body.contains("It is off the list") && !done.body.contains("sent a notice back"));

    let theirs = school.get("/notices").await;
    assert!(!theirs.body.contains("/desk/take"), "a school has no desk");
    let forged = [("csrf", "x"), ("request", "x"), ("name", "notices/n-1"), ("instead_of", "")];
    assert_eq!(school.post("/desk/take", &forged).await.status, 403);
}

async fn what_is_stale_is_on_a_page_for_the_desk_alone(dialect: Dialect) {
    let hub = Box::pin(with_a_desk(dialect)).await;
    hub.is_called("6722302", "<script>alert(1)</script>").await;
    let mut nia = hub.signed_in(AUTHORITY, "nia").await;
    let page = nia.get("/directory").await;
    assert_eq!(page.status, 200);
    for words in [
        "What is stale in the directory",
        "Ysgol 6722301 (6722301)",
        "Not confirmed for a month",
        "Person mair",
        "The education duty desk of your authority",
        "Never had a notice",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(!page.body.contains("@school.example"), "no address");
    assert_eq!(nia.get("/directory?after=odd").await.status, 400);
    let mut school = hub.signed_in(SCHOOL, "mair").await;
    assert_eq!(school.get("/directory").await.status, 404);
    assert_eq!(hub.browser().get("/directory").await.status, 303, "a stranger signs in first");
}
