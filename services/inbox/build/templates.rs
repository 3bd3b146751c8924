//! Templates hold no text of their own: every word comes from the texts, which exist in both languages.

use std::{collections::BTreeSet, fs, io, path::Path};

use crate::texts::Catalogue;

/// Attributes whose values people see or hear.
const SEEN: [&str; 5] = ["alt", "title", "aria-label", "placeholder", "value"];
/// How a template or a page asks for a text.
const ASKED: [&str; 5] = [".say(\"", ".arg(\"", ".args(\"", ".count(\"", "text: \""];

/// Every template with literal text, and every text that a template asks for and nobody wrote.
pub(crate) fn problems(folder: &str, catalogue: &Catalogue) -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for (path, template) in files(Path::new(folder), "html")? {
        for literal in literals(&template) {
            problems.push(format!("{path}: `{literal}` is text; put it into texts/"));
        }
        for key in asked(&template).difference(&catalogue.keys) {
            problems.push(format!("{path}: there is no text `{key}`"));
        }
    }
    Ok(problems)
}

/// Every text that the code asks for by name and nobody wrote, and every text whose name stands nowhere.
pub(crate) fn unused(src: &str, folder: &str, catalogue: &Catalogue) -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut all = String::new();
    for (path, code) in files(Path::new(src), "rs")? {
        for key in asked(&code).difference(&catalogue.keys) {
            problems.push(format!("{path}: there is no text `{key}`"));
        }
        all.push_str(&code);
    }
    for (_, template) in files(Path::new(folder), "html")? {
        all.push_str(&template);
    }
    for key in &catalogue.keys {
        // A name that is put together has its front in the code, such as `month-{month}`.
        let put_together = key.rmatch_indices('-').any(|(at, _)| {
            key.get(..=at).is_some_and(|front| {
                // `format!("month-{month}")`, or `t.code("kind-", …)`.
                all.contains(&format!("\"{front}{{")) || all.contains(&format!("\"{front}\""))
            })
        });
        if !put_together && !all.contains(&format!("\"{key}\"")) {
            problems.push(format!("texts: nobody uses `{key}`"));
        }
    }
    Ok(problems)
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

fn asked(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for before in ASKED {
        for rest in text.split(before).skip(1) {
            let key = rest.split('"').next().unwrap_or_default();
            if !key.is_empty() && !key.contains('{') {
                keys.insert(key.to_owned());
            }
        }
    }
    keys
}

/// What is left of a template without its expressions, its comments and its tags, where it holds a letter; and the
/// literal values of attributes that people see.
fn literals(template: &str) -> Vec<String> {
    let bare = without(&without(&without(template, "{#", "#}"), "{%", "%}"), "{{", "}}");
    let mut found = Vec::new();
    let mut rest = bare.as_str();
    loop {
        let (text, tag) = rest.split_once('<').unwrap_or((rest, ""));
        if text.chars().any(char::is_alphabetic) {
            found.push(text.trim().to_owned());
        }
        let Some((tag, after)) = tag.split_once('>') else { return found };
        if !tag.starts_with('!') {
            found.extend(attributes(tag));
        }
        rest = after;
    }
}

fn attributes(tag: &str) -> Vec<String> {
    let hidden = tag.contains("type=\"hidden\"") || tag.contains("type=\"checkbox\"");
    let hidden = hidden || tag.contains("type=\"radio\"") || tag.contains("name=\"");
    let value = |name: &&str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        let literal = rest.split('"').next()?.trim();
        let seen = *name != "value" || !hidden;
        (seen && literal.chars().any(char::is_alphabetic)).then(|| literal.to_owned())
    };
    SEEN.iter().filter_map(value).collect()
}

/// A text without what stands between two marks.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        left.push_str(part.split_once(to).map_or("", |(_, after)| after));
    }
    left
}
