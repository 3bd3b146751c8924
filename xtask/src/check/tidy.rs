//! House rules that no compiler knows: file sizes, who may name which library, error codes and their pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::process;

const LONGEST_FILE: usize = 500;
const ERROR_PAGES: &str = "docs/errors/";
/// This file and its tests must name what they look for.
const OURSELVES: &str = "xtask/src/check/";

/// A text file of the project: its path from the top folder, and its text.
pub struct Source {
    /// With `/` between its parts.
    pub path: String,
    /// The whole of it.
    pub text: String,
}

/// Every text file that git knows or would add.
pub fn sources() -> Result<Vec<Source>> {
    let root = process::root()?;
    let listed = process::capture(
        Command::new("git")
            .args(["ls-files", "-z", "-co", "--exclude-standard"])
            .current_dir(&root),
    )?;
    let mut sources = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // Deleted but not yet committed, or not text: neither is ours to judge.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}

/// Every broken rule, as `path:line: what is wrong`.
pub fn findings(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| !source.path.starts_with(OURSELVES)) {
        words(source, &mut findings);
        if source.path.ends_with(".rs") {
            size(source, &mut findings);
            boundaries(source, &mut findings);
        }
    }
    error_pages(sources, &mut findings);
    findings
}

fn size(source: &Source, findings: &mut Vec<String>) {
    let lines = source.text.lines().count();
    if lines >= LONGEST_FILE {
        findings.push(format!("{}: {lines} lines; a file stays under {LONGEST_FILE}", source.path));
    }
}

/// Names a part of the tree may not use, and why.
struct Boundary {
    word: &'static str,
    allowed: fn(&str) -> bool,
    reason: &'static str,
}

fn is_pure(path: &str) -> bool {
    path.starts_with("crates/mash-domain/") || path.starts_with("crates/mash-policy/")
}

/// The stores, the embedded bus, which is a log in tables, and tests, which look at what was stored.
fn speaks_sql(path: &str) -> bool {
    path.starts_with("crates/mash-store/")
        || path.starts_with("crates/mash-bus/src/embedded")
        || path.ends_with("/store.rs")
        || path.contains("/store/")
        || path.contains("/tests/")
}

const BOUNDARIES: [Boundary; 6] = [
    Boundary {
        word: "pb",
        allowed: |path| !is_pure(path),
        reason: "wire types stop before domain and policy",
    },
    Boundary {
        word: "prost",
        allowed: |path| !is_pure(path),
        reason: "wire types stop before domain and policy",
    },
    Boundary {
        word: "tonic",
        allowed: |path| !is_pure(path),
        reason: "domain and policy know no transport",
    },
    Boundary {
        word: "tokio",
        allowed: |path| !is_pure(path),
        reason: "domain and policy are synchronous",
    },
    Boundary {
        word: "sqlx",
        allowed: speaks_sql,
        reason: "only stores and the embedded bus speak SQL",
    },
    Boundary {
        word: "rdkafka",
        allowed: |path| path.starts_with("crates/mash-bus/"),
        reason: "only mash-bus knows Kafka's client",
    },
];

fn boundaries(source: &Source, findings: &mut Vec<String>) {
    for (number, line) in code_lines(&source.text) {
        for boundary in BOUNDARIES.iter().filter(|boundary| !(boundary.allowed)(&source.path)) {
            if names_crate(line, boundary.word) {
                findings.push(format!(
                    "{}:{number}: `{}`: {}",
                    source.path, boundary.word, boundary.reason
                ));
            }
        }
    }
}

/// Lines that are not wholly a comment, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().starts_with("//"))
}

/// Whether the line uses `name::…`, or imports it, as a word of its own.
fn names_crate(line: &str, name: &str) -> bool {
    let starts_word = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let mut rest = line;
    let mut before = String::new();
    while let Some((head, tail)) = rest.split_once(name) {
        before.push_str(head);
        if starts_word(&before)
            && (tail.starts_with("::") || before.trim() == "use" && tail.starts_with([' ', ';']))
        {
            return true;
        }
        before.push_str(name);
        rest = tail;
    }
    false
}

/// Words that must not be committed, in any file.
const FORBIDDEN: [(&str, &str); 6] = [
    ("TODO", "unfinished work is an issue, not a comment"),
    ("FIXME", "unfinished work is an issue, not a comment"),
    ("XXX", "unfinished work is an issue, not a comment"),
    ("<<<<<<<", "an unresolved merge"),
    (">>>>>>>", "an unresolved merge"),
    ("#[ignore]", "an ignored test says why: #[ignore = \"…\"]"),
];

fn words(source: &Source, findings: &mut Vec<String>) {
    for (index, line) in source.text.lines().enumerate() {
        for (word, reason) in FORBIDDEN {
            if has_word(line, word) {
                findings.push(format!("{}:{}: `{word}`: {reason}", source.path, index + 1));
            }
        }
    }
}

/// Whether `word` stands there without a letter or digit of another word around it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).unwrap_or_default();
        let after = line.get(start + word.len()..).unwrap_or_default();
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    })
}

/// Each code used in the source has a page, and each page a code that is used.
fn error_pages(sources: &[Source], findings: &mut Vec<String>) {
    let mut used: BTreeMap<&str, &str> = BTreeMap::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for source in sources
        .iter()
        .filter(|source| source.path.ends_with(".rs") && !source.path.starts_with("xtask/"))
    {
        // A code that only a test uses, to have one, needs no page; a page may well be of a code that a test names.
        let shipped = if is_test(&source.path) { "" } else { without_tests(&source.text) };
        for code in codes(shipped) {
            used.entry(code).or_insert(&source.path);
        }
        known.extend(codes(&source.text));
    }
    let pages: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix(ERROR_PAGES)?.strip_suffix(".md"))
        .filter(|name| name.starts_with("MASH-"))
        .collect();
    for (code, path) in &used {
        if !pages.contains(code) {
            findings.push(format!("{path}: {code} has no page {ERROR_PAGES}{code}.md"));
        }
    }
    for page in pages.iter().filter(|page| !known.contains(*page)) {
        findings.push(format!("{ERROR_PAGES}{page}.md: no code uses {page}"));
    }
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("/tests.rs")
}

/// A file up to its own tests, which come last.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// Every `MASH-X###` in a text.
fn codes(text: &str) -> Vec<&str> {
    let mut codes = Vec::new();
    for (start, _) in text.match_indices("MASH-") {
        let Some(code) = text.get(start..start + 9) else { continue };
        let mut tail = code.chars().skip(5);
        let letter = tail.next().is_some_and(|c| c.is_ascii_uppercase());
        let ends = text
            .get(start + 9..)
            .is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        if letter && ends && tail.all(|c| c.is_ascii_digit()) {
            codes.push(code);
        }
    }
    codes
}

#[cfg(test)]
mod tests;
