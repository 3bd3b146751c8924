//! The pages that are made from the rules: the matrix, and what a data protection officer reads.
//! `cargo xtask matrix --bless` writes the matrix; `BLESS=1 cargo test -p mash-policy --test pages` writes both.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use jiff::civil::date;
use mash_policy::{
    Case, CaseText, Effect, Flow, Ground, Language, Matrix, OnRecord, Rule, Ruleset, explain,
    statutory_minimum,
};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn golden(path: &str, page: &str) {
    if env::var_os("BLESS").is_some() {
        fs::write(root(path), page).unwrap();
    }
    let written = fs::read_to_string(root(path)).unwrap_or_default();
    let differs = written.lines().zip(page.lines()).find(|(old, new)| old != new);
    assert!(
        written == page,
        "{path} is not what the rules say. Read the difference, then write it with BLESS=1. First: {differs:?}"
    );
}

/// Drawn once: it is six thousand decisions.
static DRAWN: LazyLock<Matrix> =
    LazyLock::new(|| Matrix::draw(&Ruleset::builtin().unwrap(), date(2026, 11, 22)).unwrap());

#[test]
fn the_matrix_is_what_the_rules_say() {
    golden("policy/matrix.golden.txt", DRAWN.page());
}

#[test]
fn the_matrix_shows_every_class_and_every_clause_or_says_why_not() {
    let matrix = &*DRAWN;
    let exempt = fs::read_to_string(root("policy/matrix.exempt.toml")).unwrap();
    assert_eq!(matrix.gaps(&exempt), Vec::<String>::new());
    for stale in [
        "[[class]]\nclass = \"F1\"\nreason = \"none\"\n",
        "[[clause]]\nrule = \"R01\"\nclause = \"statutory\"\nreason = \"none\"\n",
    ] {
        let gaps = matrix.gaps(&format!("{exempt}\n{stale}"));
        assert!(gaps.iter().any(|gap| gap.ends_with("is not needed")), "{gaps:?}");
    }
    assert!(matrix.gaps("[[claus]]").iter().any(|gap| gap.contains("cannot be read")));
}

#[test]
fn the_page_for_data_protection_officers_is_what_the_rules_say() {
    let ruleset = Ruleset::builtin().unwrap();
    golden("docs/rules.md", &page(&ruleset));
}

fn page(ruleset: &Ruleset) -> String {
    let mut page = String::new();
    let clauses: Vec<&Rule> = ruleset.rules().collect();
    page.push_str(HEAD);
    writeln!(
        page,
        "This is version `{}`. It was made from the rules themselves; a test keeps it so.\n",
        ruleset.version()
    )
    .unwrap();
    page.push_str(HOW);
    for rule in clauses.chunk_by(|one, other| one.id == other.id) {
        let first = rule.first().unwrap();
        // The nation of the first clause is not part of the name of the rule.
        let name = |language| first.title.text(language).split(" (").next().unwrap_or_default();
        writeln!(page, "## {}: {}\n", first.id, name(Language::English)).unwrap();
        writeln!(page, "*{}*\n", name(Language::Welsh)).unwrap();
        for clause in rule {
            write_clause(&mut page, clause);
        }
        for realised in ruleset.realised().filter(|realised| realised.id == first.id) {
            writeln!(page, "**Beyond the clauses: {}.** {}\n", realised.title, realised.how)
                .unwrap();
        }
    }
    page.push_str("## When the rules cannot be evaluated\n\n");
    page.push_str(FAILURE);
    for flow in Flow::ALL {
        let classes: Vec<String> =
            statutory_minimum(flow).iter().map(|class| class.to_string()).collect();
        let classes = if classes.is_empty() { "nothing".to_owned() } else { classes.join(", ") };
        writeln!(page, "| `{}` | {} | {classes} |", flow.word(), flow.purpose()).unwrap();
    }
    page
}

fn write_clause(page: &mut String, clause: &Rule) {
    let effect = match (clause.effect, clause.ground) {
        (Effect::Permit, Some(Ground::Duty)) => "permits, by duty",
        (Effect::Permit, Some(Ground::Power)) => "permits, by a power that needs an agreement",
        (Effect::Permit, None) => "lets a statute be cited",
        (Effect::Refuse, _) => "refuses",
    };
    let when = match (clause.term.from, clause.term.until) {
        (None, _) => "not in force: its commencement is not confirmed".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (Some(from), Some(until)) => format!("from {from}, until {until}"),
    };
    let reason =
        clause.reason.map(|reason| format!(" Recorded as `{reason}`.")).unwrap_or_default();
    writeln!(page, "### {}: {}\n", clause.clause, clause.title.text(Language::English)).unwrap();
    writeln!(
        page,
        "({effect}; {}; {when}) {}{reason}\n",
        clause.jurisdiction.word(),
        clause.statement.text(Language::English)
    )
    .unwrap();
    writeln!(
        page,
        "*{}.* {}\n",
        clause.title.text(Language::Welsh),
        clause.statement.text(Language::Welsh)
    )
    .unwrap();
    let codes: Vec<String> = clause
        .basis
        .iter()
        .map(|code| format!("{} (`{}`)", code.title(Language::English), code.word()))
        .collect();
    writeln!(page, "- Authority: {}.", clause.authority).unwrap();
    writeln!(page, "- Basis: {}.\n", codes.join("; ")).unwrap();
}

const HEAD: &str = "# The sharing rules, for a data protection officer

Who may know what of a child, for which purpose, on which footing, in England and in Wales.
Each clause is in English and in Welsh; the English is what was reviewed, and the Welsh waits for a translator's review.
Legal points need a lawyer's confirmation before real use; each clause names what it rests on, so that it can be checked.
";

const HOW: &str = "How a decision is made: for one recipient and each class of data (F1 to F18), every clause below that is in force on the day and in the recipient's nation is asked.
A class goes only if a clause permits it and none refuses it; silence refuses.
A clause that permits by duty asks nobody's consent and needs no agreement; one that permits by a power needs a live clause of a signed agreement that names the class.
The decision, with the rules that made it, is recorded before anything is released, whatever it is (R31).
A fact that is not known never lets more through than a known one.
`policy/matrix.golden.txt` shows what comes out for everybody; `policy/cases` tells it as stories.

F1 who the child is · F2 that there was an incident · F3 what happened · F4 the child's words · F5 risk grade · F6 the child's address · F7 the adult victim · F8 the alleged perpetrator · F9 offences · F10 detail of a sexual offence · F11 health · F12 household · F13 third-party data · F14 intelligence · F15 immigration · F16 adoption · F17 professional contacts · F18 actions and outcome

F1 pwy yw'r plentyn · F2 bod digwyddiad wedi bod · F3 beth ddigwyddodd · F4 geiriau'r plentyn · F5 gradd risg · F6 cyfeiriad y plentyn · F7 y dioddefwr sy'n oedolyn · F8 y cyflawnwr honedig · F9 troseddau · F10 manylion trosedd rywiol · F11 iechyd · F12 yr aelwyd · F13 data trydydd parti · F14 cudd-wybodaeth · F15 mewnfudo · F16 mabwysiadu · F17 cysylltiadau proffesiynol · F18 camau a chanlyniad

";

const FAILURE: &str = "A fault never widens what goes and never stops a duty (P3).
If the rules cannot be loaded or evaluated, each duty still goes in its smallest form, every detail that can be masked is masked, and the permit says that it is degraded so that somebody looks.
A person of whom nobody knows whether she is a party is not told even then (R20), and what a court order keeps back stays back (R28).

| flow | purpose | what still goes |
|---|---|---|
";

/// `docs/dpo.md` is written by hand, and the blocks after `<!-- made: … -->` are made here.
#[test]
fn the_walk_through_one_disclosure_shows_what_the_rules_say() {
    let path = "docs/dpo.md";
    let written = fs::read_to_string(root(path)).unwrap();
    let mut page = String::new();
    let mut lines = written.lines();
    let mut made = 0;
    while let Some(line) = lines.next() {
        writeln!(page, "{line}").unwrap();
        let Some(order) = line.strip_prefix("<!-- made: ").and_then(|it| it.strip_suffix(" -->"))
        else {
            continue;
        };
        assert_eq!(lines.next(), Some("```text"), "a block follows {order}");
        assert!(lines.by_ref().any(|line| line == "```"), "the block of {order} ends");
        writeln!(page, "```text\n{}\n```", block(order).trim_end()).unwrap();
        made += 1;
    }
    assert_eq!(made, 5);
    golden(path, &page);
}

fn block(order: &str) -> String {
    let words: Vec<&str> = order.split(' ').collect();
    match words.as_slice() {
        ["clause", rule, clause] => clause_text(rule, clause),
        ["explanation", tag] => explanation(Language::from_tag(tag).unwrap()),
        ["promises", ids @ ..] => ids.iter().map(|id| promise(id)).collect(),
        _ => panic!("nobody knows how to make `{order}`"),
    }
}

/// The text of a clause, from its first annotation to its end.
fn clause_text(rule: &str, clause: &str) -> String {
    let version = Ruleset::builtin().unwrap().version().to_string();
    let text =
        fs::read_to_string(root(&format!("policy/rulesets/{version}/{rule}.cedar"))).unwrap();
    let paragraphs = text.split("\n\n");
    let mut wanted = paragraphs.filter(|it| it.contains(&format!("@clause(\"{clause}\")")));
    wanted.next().unwrap().to_owned()
}

/// A school on an ordinary night, the MIDDLE profile, and an address that nobody has marked.
fn explanation(language: Language) -> String {
    let facts = "flow = \"school\"\nrecipient = \"school\"\nprofile = \"middle\"\naddress_protect = \"unknown\"";
    let (story, expected) = ("# Nobody marked the address", "outcome = \"permit\"\nrules = []");
    let text = CaseText { name: "dpo", story, facts, expected };
    let case = Case::parse(text).unwrap();
    let ruleset = Ruleset::builtin().unwrap();
    let record = OnRecord {
        recipient: "school/6812301",
        day: case.facts().decided_on,
        ruleset: ruleset.version().as_str(),
        flow: Some(case.facts().flow),
        permitted: true,
        degraded: false,
        reasons: &[],
        citations: &[],
        facts: Some(case.facts()),
        to_recipient: false,
    };
    explain(&record, Some(&ruleset), language).unwrap().to_string()
}

/// A promise with its statement, as its file has it.
fn promise(id: &str) -> String {
    let files = fs::read_dir(root("policy/invariants")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let found = texts.filter_map(|text| {
        let after = text.split_once(&format!("@id(\"{id}\")"))?.1.to_owned();
        let statement = after.split_once("@statement(\"")?.1.split_once("\")")?.0.to_owned();
        Some(statement)
    });
    let statement: Vec<String> = found.collect();
    format!("{id}  {}\n", statement.first().unwrap())
}
