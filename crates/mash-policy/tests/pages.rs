//! The pages that are made from the rules: the matrix, and what a data protection officer reads.
//! `BLESS=1 cargo test -p mash-policy --test pages` writes them.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{env, fmt::Write, fs, path::PathBuf};

use jiff::civil::date;
use mash_policy::{Effect, Flow, Rule, Ruleset, matrix, statutory_minimum};

fn golden(path: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "{} is not what the rules say. Read the difference, then write it with BLESS=1.\n{page}",
        path.display()
    );
}

#[test]
fn the_matrix_is_what_the_rules_say() {
    let ruleset = Ruleset::builtin().unwrap();
    golden("policy/matrix.golden.txt", &matrix(&ruleset, date(2026, 11, 19)).unwrap());
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
        writeln!(page, "## {}: {}\n", first.id, first.title).unwrap();
        for clause in rule {
            write_clause(&mut page, clause);
        }
    }
    for realised in ruleset.realised() {
        writeln!(page, "## {}: {}\n\n{}\n", realised.id, realised.title, realised.how).unwrap();
    }
    page.push_str("## When the rules cannot be evaluated\n\n");
    page.push_str(FAILURE);
    for duty in Flow::ALL {
        let classes: Vec<String> =
            statutory_minimum(duty).iter().map(|class| class.to_string()).collect();
        let classes = if classes.is_empty() { "nothing".to_owned() } else { classes.join(", ") };
        writeln!(page, "| `{}` | {classes} |", duty.word()).unwrap();
    }
    page
}

fn write_clause(page: &mut String, clause: &Rule) {
    let effect = match clause.effect {
        Effect::Permit => "permits",
        Effect::Refuse => "refuses",
    };
    let when = match (clause.term.from, clause.term.until) {
        (None, _) => "not in force: its commencement is not confirmed".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (Some(from), Some(until)) => format!("from {from}, until {until}"),
    };
    let reason =
        clause.reason.map(|reason| format!(" Recorded as `{reason}`.")).unwrap_or_default();
    writeln!(
        page,
        "**{}** ({effect}; {}; {when}). {}{reason}\n",
        clause.clause,
        clause.jurisdiction.word(),
        clause.statement
    )
    .unwrap();
    writeln!(page, "- Authority: {}.", clause.authority).unwrap();
    writeln!(page, "- Basis: {}.\n", clause.basis.join("; ")).unwrap();
}

const HEAD: &str = "# The sharing rules, for a data protection officer

Who may know what when police attended a domestic abuse incident and a child's place of education is told (Operation Encompass).
Legal points need a lawyer's confirmation before real use; each rule names what it rests on, so that it can be checked.
";

const HOW: &str = "How a decision is made: for one recipient and each class of data (F1 to F18), every clause below that is in force on the day and in the recipient's nation is asked.
A class goes only if a clause permits it and none refuses it; silence refuses.
The decision, with the rules that made it, is recorded before anything is released, whatever it is (R31).
A fact that is not known never lets more through than a known one.
`policy/matrix.golden.txt` shows what comes out for everybody; `policy/cases` tells it as stories.

F1 who the child is · F2 that there was an incident · F3 what happened · F4 the child's words · F5 risk grade · F6 the child's address · F7 the adult victim · F8 the alleged perpetrator · F9 offences · F10 detail of a sexual offence · F11 health · F12 household · F13 third-party data · F14 intelligence · F15 immigration · F16 adoption · F17 professional contacts · F18 actions and outcome

";

const FAILURE: &str = "A fault never widens what goes and never stops a duty (P3).
If the rules cannot be loaded or evaluated, each duty still goes in its smallest form, every detail that can be masked is masked, and the permit says that it is degraded so that somebody looks.
A person of whom nobody knows whether she is a party is not told even then (R20).

| duty | what still goes |
|---|---|
";
