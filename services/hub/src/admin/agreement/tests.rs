use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_domain::{
    agreement::{
        Agreement as Domain, AgreementId, AgreementKind, BASES, Command, Digest, Frequency,
        PartyRole,
    },
    organisation::{OrganisationId, OrganisationKind},
    sharing::Purpose,
};
use mash_policy::{LawfulBasis, Words};
use mash_proto::convert::agreement::agreement_to_wire;

use super::*;

const EXAMPLE: &str = include_str!("../../../../../policy/agreements/example-health-notices.toml");
const TEXTS: [(Language, &str); 2] = [
    (Language::English, include_str!("../../../locales/en/agreement.ftl")),
    (Language::Welsh, include_str!("../../../locales/cy/agreement.ftl")),
];

fn example(signatories: &[&str]) -> Agreement {
    let now: Timestamp = "2026-11-02T09:30:00Z".parse().unwrap();
    let terms = terms_from_wire(file::parse(EXAMPLE).unwrap()).ok().unwrap();
    let digest = Digest::new([0xab; 32]);
    let id = AgreementId::new(Uuid::from_u128(1));
    let mut agreement = Domain::propose(id, (terms, digest), "police/62".parse().unwrap(), now);
    for party in signatories {
        let party: OrganisationId = party.parse().unwrap();
        let role = SignatoryRole::CaldicottGuardian;
        let practitioner = "signatory-1".to_owned();
        agreement.apply(Command::Sign { party, practitioner, role, digest }, now).unwrap();
    }
    agreement_to_wire(&agreement, now)
}

fn rendered(agreement: &Agreement, language: Language, format: Format) -> String {
    Rendering { language, format }.of(agreement).unwrap()
}

#[test]
fn the_example_is_an_agreement_and_says_that_it_is_synthetic() {
    assert!(EXAMPLE.starts_with("# SYNTHETIC"));
    let terms = terms_from_wire(file::parse(EXAMPLE).unwrap()).ok().unwrap();
    assert!(terms.title().contains("synthetic"));
    assert_eq!(terms.clauses().len(), 2);
}

#[test]
fn a_document_says_everything_that_was_agreed() {
    let text = rendered(&example(&["health-board/7A5"]), Language::English, Format::Text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Information sharing protocol",
        "EXAMPLE/2026/001",
        "South Wales Police (police/62)",
        "from the beginning of 1 November 2026 to the end of 31 October 2027",
        "Clause 4.1: telling the child’s health body",
        "what happened (F3)",
        "every party that is a health board",
        "whenever there is an event",
        "UK GDPR Art 9(2)(h): health or social care",
        "a power; it depends on this agreement",
        "Where it stands on 2 November 2026: signed by one party only",
        "Signed on 2 November 2026, 09:30 by signatory-1, Caldicott guardian",
        "Not signed yet.",
        &"ab".repeat(32),
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let welsh = rendered(&example(&[]), Language::Welsh, Format::Text);
    let welsh = welsh.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["Heddlu De Cymru", "1 Tachwedd 2026", "Cymal 4.2", "yr aelwyd (F12)", "Llofnod:"] {
        assert!(welsh.contains(part), "{part} is missing:\n{welsh}");
    }
}

#[test]
fn a_page_is_escaped_and_has_a_place_for_each_signature() {
    let mut agreement = example(&["health-board/7A5"]);
    agreement.terms.as_mut().unwrap().title = "<script>alert(1)</script> & more".to_owned();
    let page = rendered(&agreement, Language::English, Format::Html);
    assert!(!page.contains("<script>"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"));
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(page.matches("<section>").count(), 2);
    assert_eq!(page.matches("<i></i>").count(), 4, "one party has not signed");
}

#[test]
fn every_code_has_its_words_in_both_languages() {
    for (language, text) in TEXTS {
        let words = Words::of(language, text).unwrap();
        let mut names: Vec<String> = Vec::new();
        let mut all = |sort: &str, codes: Vec<&'static str>| {
            names.extend(codes.into_iter().map(|code| format!("{sort}-{code}")));
        };
        all("kind", AgreementKind::ALL.iter().map(|it| it.word()).collect());
        all("role", PartyRole::ALL.iter().map(|it| it.word()).collect());
        all("frequency", Frequency::ALL.iter().map(|it| it.word()).collect());
        all("office", SignatoryRole::ALL.iter().map(|it| it.word()).collect());
        all("reason", TerminationReason::ALL.iter().map(|it| it.word()).collect());
        all("state", Lifecycle::ALL.iter().map(|it| it.word()).collect());
        all("purpose", Purpose::ALL.iter().map(|it| it.word()).collect());
        all("organisation", OrganisationKind::ALL.iter().map(|it| it.word()).collect());
        names.extend((1..=12).map(|month| format!("month-{month}")));
        for name in names {
            assert!(words.say(&name, &[]).is_ok(), "{name} in {}", language.tag());
        }
    }
    let names = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
    };
    assert_eq!(names(TEXTS[0].1), names(TEXTS[1].1));
}

#[test]
fn agreements_and_rules_speak_of_the_same_bases() {
    let rules: BTreeSet<&str> = LawfulBasis::all().map(LawfulBasis::word).collect();
    assert_eq!(rules, BASES.into_iter().collect());
}

#[test]
fn the_names_on_file_are_those_of_organisations() {
    let mut count = 0;
    for row in names::rows() {
        let [id, english, welsh] = row[..] else { panic!("{row:?}") };
        assert!(id.parse::<OrganisationId>().is_ok(), "{id}");
        assert!(!english.is_empty() && !welsh.is_empty(), "{id}");
        count += 1;
    }
    assert_eq!(count, 11);
    let bridgend: OrganisationId = "authority/672".parse().unwrap();
    assert_eq!(names::name(&bridgend, Language::English), "Bridgend (authority/672)");
    let unknown: OrganisationId = "provider/one".parse().unwrap();
    assert_eq!(names::name(&unknown, Language::Welsh), "provider/one");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    type Edit = (&'static str, &'static str);
    let table: [(Edit, &str); 7] = [
        (("kind = \"isp\"", "kind = \"treaty\""), "is none of isp, dda, isa"),
        (("kind = \"isp\"", "purpose = \"marketing\""), "purpose"),
        (("\"police/62\"\nrole", "\"army/62\"\nrole"), "party 1"),
        (("\"F12\"", "\"12\""), "clause 4.2"),
        (("frequency = \"per-event\" #", "frequency = \"often\" #"), "clause 4.1"),
        (("from = [\"police\"]", "from = [\"pollice\"]"), "pollice"),
        (("2026-11-01\"", "2026-11-31\""), "valid_from"),
    ];
    for ((from, to), expected) in table {
        let text = EXAMPLE.replacen(from, to, 1);
        assert_ne!(text, EXAMPLE, "{from}");
        let Err(error) = file::parse(&text) else { panic!("{to} was accepted") };
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn digests_are_copied_from_the_document() {
    assert_eq!(hexadecimal(&"ab".repeat(32)).unwrap(), vec![0xab; 32]);
    assert_eq!(digits(&hexadecimal(&"0f".repeat(32)).unwrap()), "0f".repeat(32));
    assert!(hexadecimal("abcd").is_err());
    assert!(hexadecimal(&"zz".repeat(32)).is_err());
}
