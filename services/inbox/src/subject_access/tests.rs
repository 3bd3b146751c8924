use mash_domain::rights::looked::Look;
use mash_proto::sharing::v1::{AccessClause, AccessRedaction, Citation, LedgerProof};

use super::*;

fn to(text: &str) -> Option<Organisation> {
    text.parse::<OrganisationId>().ok().map(|id| (&id).into())
}

fn record(released: bool) -> AccessRecord {
    let at = |seconds: i64| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let class = |data_class, released, clause: &str| AccessClass {
        data_class,
        released,
        clauses: if clause.is_empty() { Vec::new() } else { vec![clause.to_owned()] },
    };
    AccessRecord {
        name: "subjectAccess/x".to_owned(),
        organisation: to("police/62"),
        received_date: Some(mash_proto::r#type::v1::Date { year: 2026, month: 11, day: 20 }),
        assemble_time: at(1_795_165_200),
        release_time: if released { at(1_795_168_800) } else { None },
        lines: vec![
            AccessLine {
                number: 1,
                event: AccessEvent::Released.into(),
                time: at(1_795_053_600),
                recipient: to("school/6722951"),
                sender: to("police/62"),
                flow: "school".to_owned(),
                classes: vec![
                    class(1, true, "R01/statutory"),
                    class(6, false, "R21/address"),
                    class(9, false, ""),
                ],
                basis_codes: vec!["daa-2021-s49a".to_owned()],
                citations: vec![Citation {
                    agreement: "agreements/a".to_owned(),
                    clause: "4.2".to_owned(),
                    digest: Vec::new(),
                }],
                masked_details: vec!["whereabouts".to_owned()],
                ruleset: "2026-11-23".to_owned(),
                redaction: Some(AccessRedaction {
                    data_classes: vec![13],
                    sender: true,
                    reason_code: "third-party".to_owned(),
                }),
                proof: Some(LedgerProof {
                    entry: vec![1, 2],
                    index: 41,
                    hashes: vec![vec![3; 32]],
                }),
                ..AccessLine::default()
            },
            AccessLine {
                number: 2,
                event: AccessEvent::Looked.into(),
                time: at(1_795_053_700),
                recipient: to("authority/672"),
                reason_codes: vec!["explanation".to_owned()],
                ..AccessLine::default()
            },
        ],
        clauses: vec![AccessClause {
            ruleset: "2026-11-23".to_owned(),
            clause: "R01/statutory".to_owned(),
            title: "Tell the school".to_owned(),
            title_cy: "Dweud wrth yr ysgol".to_owned(),
            statement: "The school is told.".to_owned(),
            statement_cy: "Dywedir wrth yr ysgol.".to_owned(),
            authority: "Domestic Abuse Act 2021 s.49A".to_owned(),
        }],
        checkpoint: "mash.hub/ledger\n42\nabc=\n".to_owned(),
        ledger_size: 42,
    }
}

#[test]
fn a_page_says_who_got_what_and_why_in_its_language_and_reaches_for_nothing() {
    let table = [
        (
            Language::English,
            "en",
            ["received information", "who the child is (F1): under R01 (statutory)", "Entry 41"],
            ["Tell the school", "silence refuses", "Left out here"],
        ),
        (
            Language::Welsh,
            "cy",
            ["wybodaeth", "pwy yw'r plentyn (F1): o dan R01 (statutory)", "Cofnod 41"],
            ["Dweud wrth yr ysgol", "distawrwydd yn gwrthod", "Gadawyd allan yma"],
        ),
    ];
    for (language, tag, first, second) in table {
        let page = subject_access_html(&record(true), language).unwrap().replace("&#39;", "'");
        assert!(page.contains(&format!("<html lang=\"{tag}\">")));
        for text in first.into_iter().chain(second) {
            assert!(page.contains(text), "{tag}: {text}");
        }
        for outside in ["http:", "https:", "src=", "@import", "url(http", "<link"] {
            assert!(!page.contains(outside), "{tag}: {outside}");
        }
        assert!(!page.contains("not to be handed over"));
    }
}

#[test]
fn a_draft_says_so_first_and_shows_the_test_of_each_line() {
    let page = subject_access_html(&record(false), Language::English).unwrap();
    let warning = page.find("Draft: not to be handed over").unwrap();
    assert!(warning < page.find("received information").unwrap());
    assert!(page.contains("Nobody has applied it yet"));
    let released = subject_access_html(&record(true), Language::English).unwrap();
    assert!(!released.contains("Serious-harm test"));
    // The same sentence, whether or not something was kept back.
    for page in [page, released] {
        assert!(page.contains("whether or not anything was kept back"));
    }
}

#[test]
fn a_page_gives_back_the_record_that_it_was_made_from() {
    for language in Language::ALL {
        let page = subject_access_html(&record(true), language).unwrap();
        let (found, of) = subject_access_of_page(&page).unwrap();
        assert!(found == record(true));
        assert_eq!(of, language);
        assert_eq!(subject_access_html(&found, of).unwrap(), page);
    }
    for nothing in ["", "<html>", "id=\"subject-access\">zz<", "id=\"subject-access\"><"] {
        assert!(subject_access_of_page(nothing).is_err(), "{nothing:?}");
    }
}

#[test]
fn programs_get_codes_times_and_proofs() {
    let value = subject_access_json(&record(true));
    assert_eq!(value["organisation"], "police/62");
    assert_eq!(value["draft"], false);
    let line = &value["lines"][0];
    assert_eq!(
        (&line["event"], &line["recipient"]),
        (&json!("released"), &json!("school/6722951"))
    );
    assert_eq!(
        line["classes"][0],
        json!({
            "class": "F1", "released": true, "clauses": ["R01/statutory"],
        })
    );
    assert_eq!(line["redacted"]["classes"][0], "F13");
    assert_eq!(line["proof"]["index"], 41);
    assert_eq!(value["lines"][1]["proof"], Value::Null);
}

#[test]
fn every_look_has_its_words() {
    let t = Texts(Language::English);
    for look in Look::ALL {
        let said = t.code("access-look-", look.word(), "access-look-other");
        assert_ne!(said, t.say("access-look-other"), "{}", look.word());
    }
}
