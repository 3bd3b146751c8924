use mash_proto::{
    sharing::v1::{
        PublicCell, PublicFigures, PublicLine, StatementChange, StatementCount,
        StatementEscalation, StatementMorning,
    },
    r#type::v1::{Date, OrganisationKind},
};
use prost::Name as _;

use super::*;

fn id(kind: OrganisationKind, code: &str) -> Organisation {
    Organisation { kind: kind.into(), code: code.to_owned() }
}

fn figures(missing: i64) -> StatementFigures {
    StatementFigures {
        incidents: 9,
        children: 13,
        carried: 2,
        arrived: 13,
        returned: 1,
        acknowledged: 9,
        acknowledged_late: 1,
        escalated: 3,
        withheld: 2,
        waiting: 2 - missing,
        missing,
        ..StatementFigures::default()
    }
}

/// A statement of an authority with everything in it.
pub(super) fn sample(missing: i64) -> SignedRecord {
    let day = |day| Some(Date { year: 2026, month: 11, day });
    let count = |code: &str, notices| StatementCount { code: code.to_owned(), notices };
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let lost = StatementMissing {
        code: "past-bell".to_owned(),
        notices: missing,
        ids: vec!["0e1f9a72-0000-4000-8000-000000000001".to_owned()],
    };
    let made = Statement {
        name: "statements/authority/672/2026-11-20".to_owned(),
        owner: Some(id(OrganisationKind::LocalAuthority, "672")),
        day: day(20),
        since_time: time(1_795_077_000),
        until_time: time(1_795_163_400),
        balanced: missing == 0,
        total: Some(figures(missing)),
        lines: vec![StatementLine {
            counterpart: Some(id(OrganisationKind::PoliceForce, "62")),
            figures: Some(figures(missing)),
        }],
        escalated: vec![
            StatementEscalation {
                authority: Some(id(OrganisationKind::LocalAuthority, "672")),
                officer: "bethan-rowlands".to_owned(),
                reason_code: "unacknowledged".to_owned(),
                notices: 2,
            },
            StatementEscalation {
                authority: Some(id(OrganisationKind::LocalAuthority, "672")),
                officer: String::new(),
                reason_code: "a-code-of-tomorrow".to_owned(),
                notices: 1,
            },
        ],
        withheld: vec![count("withdrawn", 1), count("a-code-of-tomorrow", 1)],
        late: vec![count("outage", 1)],
        missing: (missing > 0).then_some(lost).into_iter().collect(),
        changed: vec![StatementChange {
            from: "escalated".to_owned(),
            to: "acknowledged".to_owned(),
            notices: 1,
        }],
        month: (2..=20)
            .filter(|day| ![7, 8, 14, 15].contains(day))
            .map(|number| StatementMorning {
                day: day(number),
                acknowledged: i64::from(number * 7 % 11),
                escalated: i64::from(number % 4),
                late: i64::from(number % 6 == 0),
                missing: if number == 20 { missing } else { 0 },
            })
            .collect(),
    };
    SignedRecord {
        record: made.encode_to_vec(),
        schema: Statement::full_name(),
        signature: vec![7; 64],
        public_key: vec![9; 32],
    }
}

fn public() -> SignedRecord {
    let cell = |rounded| Some(PublicCell { rounded, fewer_than_five: rounded == 1 });
    let line = |code: &str, [a, b, c, d]: [i64; 4]| PublicLine {
        force: Some(id(OrganisationKind::PoliceForce, "62")),
        authority: Some(id(OrganisationKind::LocalAuthority, code)),
        acknowledged: cell(a),
        acknowledged_late: cell(b),
        escalated: cell(c),
        withheld: cell(d),
    };
    let figures = PublicFigures {
        name: "publicFigures/2026-11".to_owned(),
        month: Some(Date { year: 2026, month: 11, day: 1 }),
        lines: vec![line("672", [120, 1, 15, 5]), line("681", [340, 10, 1, 0])],
    };
    SignedRecord {
        record: figures.encode_to_vec(),
        schema: PublicFigures::full_name(),
        signature: vec![7; 64],
        public_key: vec![9; 32],
    }
}

#[test]
fn a_page_says_it_in_its_language_and_reaches_for_nothing() {
    for (language, tag, balanced, withdrawn) in [
        (Language::English, "en", "In = out", "Police withdrew the report"),
        (Language::Welsh, "cy", "I mewn = allan", "Tynnodd yr heddlu'r adroddiad yn ôl"),
    ] {
        let page = statement_html(&sample(0), language).unwrap();
        assert!(page.contains(&format!("<html lang=\"{tag}\">")));
        for text in [balanced, "bethan-rowlands", "<svg", "role=\"img\"", "<desc"] {
            assert!(page.contains(text), "{tag}: {text}");
        }
        assert!(page.replace("&#39;", "'").contains(withdrawn), "{tag}: {withdrawn}");
        for outside in ["http:", "https:", "src=", "@import", "url(http", "<link"] {
            assert!(!page.contains(outside), "{tag}: {outside}");
        }
    }
}

#[test]
fn what_does_not_balance_says_so_first_and_names_it() {
    let page = statement_html(&sample(2), Language::English).unwrap();
    let verdict = page.find("This statement does not balance").unwrap();
    assert!(verdict < page.find("<table>").unwrap(), "above every figure");
    assert!(page.contains("2 notices are missing"));
    assert!(page.contains("0e1f9a72-0000-4000-8000-000000000001"));
    assert!(page.contains("and 1 more"));
    assert!(page.contains("app-statement__verdict--bad"));
    assert!(!statement_html(&sample(0), Language::English).unwrap().contains("does not balance"));
}

#[test]
fn a_file_gives_back_the_record_that_it_was_made_from() {
    let table = statement_csv(&sample(2)).unwrap();
    assert!(extract(&table).unwrap().signed == sample(2));
    assert_eq!(extract(&table).unwrap().language, None);
    for language in Language::ALL {
        let page = statement_html(&sample(0), language).unwrap();
        let found = extract(&page).unwrap();
        assert!(found.signed == sample(0));
        assert_eq!(found.language, Some(language));
        assert_eq!(statement_html(&found.signed, language).unwrap(), page, "and is made again");
        let figures = public_html(&public(), language).unwrap();
        assert!(extract(&figures).unwrap().signed == public());
    }
    assert!(extract(&public_csv(&public()).unwrap()).unwrap().signed == public());
    for nothing in ["", "<html lang=\"en\">", "a,b\n1,2", "x,zz", "id=\"signed-record\">\u{e4}<"] {
        assert!(extract(nothing).is_err(), "{nothing:?}");
    }
}

#[test]
fn the_table_has_stable_columns_and_words() {
    let table = statement_csv(&sample(2)).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("statement,section,counterpart,code,measure,value"));
    for row in [
        "statement,,,balanced,false",
        "total,,,acknowledged,9",
        "line,police/62,,arrived,13",
        "escalated,authority/672,unacknowledged,bethan-rowlands,2",
        "withheld,,withdrawn,notices,1",
        "missing,,past-bell,notices,2",
        "changed,,escalated acknowledged,notices,1",
        "month,,2026-11-20,missing,2",
    ] {
        let row = format!("statements/authority/672/2026-11-20,{row}");
        assert!(table.lines().any(|line| line == row), "{row}");
    }
}

#[test]
fn public_figures_show_no_small_number_and_total_what_is_shown() {
    let page = public_html(&public(), Language::English).unwrap();
    assert!(page.contains("fewer than 5"));
    assert!(page.contains("460"), "120 and 340");
    assert!(page.contains("10 and 1 number that is not shown"));
    let table = public_csv(&public()).unwrap();
    assert!(table.contains("publicFigures/2026-11,police/62,authority/672,120,<5,15,5"));
}

#[test]
fn every_code_of_the_domain_has_its_words() {
    use mash_domain::{ladder::LateCause, statement::Cause};
    let has = |key: String| {
        let known = statement_html(&sample(0), Language::English).is_ok()
            && Texts(Language::English).code("", &key, "statement-none")
                != Texts(Language::English).say("statement-none");
        assert!(known, "{key}");
    };
    for cause in Cause::ALL {
        has(format!("statement-cause-{}", cause.word()));
    }
    for cause in LateCause::ALL {
        has(format!("statement-late-{}", cause.word()));
    }
}
