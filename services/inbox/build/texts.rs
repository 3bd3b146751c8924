//! The texts: both languages have the same files, the same keys and the same arguments, and wherever something is
//! counted, every plural form of their language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::Path,
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey},
    parser,
};

/// The plural forms of each language, as the Unicode Common Locale Data Repository has them.
const FORMS: [(&str, &[&str]); 2] =
    [("en", &["one", "other"]), ("cy", &["zero", "one", "two", "few", "many", "other"])];
const EVERY_FORM: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// What a message has beside its words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// What is put in.
    arguments: BTreeSet<String>,
    /// What is counted.
    counted: BTreeSet<String>,
    /// Which forms are missing.
    missing: Vec<&'static str>,
}

/// Every text.
pub(crate) struct Catalogue {
    /// By language: file, then text of the file.
    files: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// The keys.
    pub(crate) keys: BTreeSet<String>,
}

/// Reads the texts of both languages, and tells everything in which they differ.
pub(crate) fn read(folder: &str) -> io::Result<(Catalogue, Vec<String>)> {
    let (mut problems, mut files) = (Vec::new(), BTreeMap::new());
    let mut messages: BTreeMap<&str, BTreeMap<String, Message>> = BTreeMap::new();
    for (language, forms) in FORMS {
        let texts = files_of(&Path::new(folder).join(language))?;
        let of_language = messages.entry(language).or_default();
        for (name, text) in &texts {
            let place = format!("texts/{language}/{name}");
            read_file(&place, text, forms, of_language, &mut problems);
        }
        files.insert(language, texts);
    }
    let [english, welsh] = ["en", "cy"].map(|it| messages.remove(it).unwrap_or_default());
    for (language, these, those) in [("cy", &english, &welsh), ("en", &welsh, &english)] {
        for key in these.keys().filter(|key| !those.contains_key(*key)) {
            problems.push(format!("texts/{language} has no text `{key}`"));
        }
    }
    for (key, message) in &english {
        let Some(other) = welsh.get(key) else { continue };
        if message.arguments != other.arguments {
            problems.push(format!("the arguments of `{key}` differ between en and cy"));
        }
        if message.counted != other.counted {
            problems.push(format!("`{key}` counts in one language and not in the other"));
        }
    }
    for (language, texts) in [("en", &english), ("cy", &welsh)] {
        for (key, message) in texts.iter().filter(|(_, message)| !message.missing.is_empty()) {
            let missing = message.missing.join(", ");
            problems.push(format!("texts/{language}: `{key}` has no plural form {missing}"));
        }
    }
    let keys = english.into_keys().chain(welsh.into_keys()).collect();
    Ok((Catalogue { files, keys }, problems))
}

fn files_of(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            files.insert(name.unwrap_or_default(), fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

fn read_file(
    place: &str,
    text: &str,
    forms: &[&'static str],
    messages: &mut BTreeMap<String, Message>,
    problems: &mut Vec<String>,
) {
    let resource = match parser::parse(text) {
        Ok(resource) => resource,
        Err((resource, errors)) => {
            problems.extend(errors.iter().map(|error| format!("{place}: {error}")));
            resource
        }
    };
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let key = message.id.name.to_owned();
                let mut found = Message::default();
                match &message.value {
                    Some(pattern) => look(pattern, forms, &mut found),
                    None => problems.push(format!("{place}: `{key}` says nothing")),
                }
                if messages.insert(key.clone(), found).is_some() {
                    problems.push(format!("{place}: `{key}` is there twice"));
                }
            }
            Entry::Junk { content } => {
                problems.push(format!("{place}: cannot be read: {}", content.trim()));
            }
            Entry::Term(_) => problems.push(format!("{place}: terms are not used here")),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => (),
        }
    }
}

fn look(pattern: &Pattern<&str>, forms: &[&'static str], found: &mut Message) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => inside(inline, found),
            Expression::Select { selector, variants } => {
                inside(selector, found);
                let keys: BTreeSet<&str> = variants
                    .iter()
                    .filter_map(|variant| match &variant.key {
                        VariantKey::Identifier { name } => Some(*name),
                        VariantKey::NumberLiteral { .. } => None,
                    })
                    .collect();
                if keys.iter().any(|key| EVERY_FORM.contains(key)) {
                    if let InlineExpression::VariableReference { id } = selector {
                        found.counted.insert(id.name.to_owned());
                    }
                    found.missing.extend(forms.iter().filter(|form| !keys.contains(**form)));
                }
                for variant in variants {
                    look(&variant.value, forms, found);
                }
            }
        }
    }
}

fn inside(expression: &InlineExpression<&str>, found: &mut Message) {
    if let InlineExpression::VariableReference { id } = expression {
        found.arguments.insert(id.name.to_owned());
    }
}

/// Writes the texts as a constant for each language, and the keys.
pub(crate) fn write(catalogue: &Catalogue, path: &Path) -> io::Result<()> {
    let mut code = String::new();
    for (name, language) in [("ENGLISH", "en"), ("WELSH", "cy")] {
        let files = catalogue.files.get(language).into_iter().flatten();
        let all: Vec<&str> = files.map(|(_, text)| text.as_str()).collect();
        let all = all.join("\n");
        _ = writeln!(
            code,
            "/// The texts of `{language}`.\npub(crate) const {name}: &str = {all:?};"
        );
    }
    let keys: Vec<&String> = catalogue.keys.iter().collect();
    _ = writeln!(code, "/// The names of all texts.\npub(crate) const KEYS: &[&str] = &{keys:?};");
    fs::write(path, code)
}
