//! What ends the build: texts that one language lacks, and text in a template.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

#[path = "../build/templates.rs"]
mod templates;
#[path = "../build/texts.rs"]
mod texts;

use std::{collections::BTreeSet, fs};

use tempfile::TempDir;

/// The problems of one text in each language.
fn problems(english: &str, welsh: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    for (language, text) in [("en", english), ("cy", welsh)] {
        fs::create_dir(folder.path().join(language)).unwrap();
        fs::write(folder.path().join(language).join("one.ftl"), text).unwrap();
    }
    let (catalogue, problems) = texts::read(folder.path().to_str().unwrap()).unwrap();
    texts::write(&catalogue, &folder.path().join("texts.rs")).unwrap();
    problems
}

#[test]
fn a_text_that_one_language_lacks_ends_the_build() {
    assert_eq!(problems("a = One\n", "a = Un\n"), [""; 0]);
    assert_eq!(problems("a = One\nb = Two\n", "a = Un\n"), ["texts/cy has no text `b`"]);
    assert_eq!(problems("a = One\n", "a = Un\nb = Dau\n"), ["texts/en has no text `b`"]);
    assert_eq!(problems("a = One\n", "a = Un\na = Un\n"), ["texts/cy/one.ftl: `a` is there twice"]);
    assert!(!problems("a = One\n", "a = { $\n").is_empty(), "what cannot be read");
}

#[test]
fn an_argument_or_a_plural_form_that_one_language_lacks_ends_the_build() {
    let differ = ["the arguments of `a` differ between en and cy"];
    assert_eq!(problems("a = At { $time }\n", "a = Am { $amser }\n"), differ);
    let english = "a = { $n ->\n    [one] one\n   *[other] many\n}\n";
    let forms = ["zero", "one", "two", "few", "many"];
    let welsh = |left_out: &str| {
        let forms = forms.iter().filter(|form| **form != left_out);
        let forms: String = forms.map(|form| format!("    [{form}] un\n")).collect();
        format!("a = {{ $n ->\n{forms}   *[other] llawer\n}}\n")
    };
    assert_eq!(problems(english, &welsh("")), [""; 0]);
    for form in forms {
        let expected = format!("texts/cy: `a` has no plural form {form}");
        assert_eq!(problems(english, &welsh(form)), [expected]);
    }
    let counts = "`a` counts in one language and not in the other";
    assert!(problems(english, "a = { $n } llawer\n").contains(&counts.to_owned()));
    let none = "a = { $n ->\n   *[other] many\n}\n";
    let missing = "texts/en: `a` has no plural form one";
    assert!(problems(none, &welsh("")).contains(&missing.to_owned()));
}

/// The problems of one template, where there is a text `a`.
fn of_template(template: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    for (language, text) in [("en", "a = One\n"), ("cy", "a = Un\n")] {
        fs::create_dir(folder.path().join(language)).unwrap();
        fs::write(folder.path().join(language).join("one.ftl"), text).unwrap();
    }
    let (catalogue, _) = texts::read(folder.path().to_str().unwrap()).unwrap();
    assert_eq!(catalogue.keys, BTreeSet::from(["a".to_owned()]));
    let pages = folder.path().join("pages");
    fs::create_dir(&pages).unwrap();
    fs::write(pages.join("page.html"), template).unwrap();
    let pages = pages.to_str().unwrap();
    let mut found = templates::problems(pages, &catalogue).unwrap();
    found.extend(templates::unused(pages, pages, &catalogue).unwrap());
    found.into_iter().map(|it| it.rsplit("page.html: ").next().unwrap().to_owned()).collect()
}

#[test]
fn text_in_a_template_ends_the_build() {
    let good = "<p class=\"x\">{{ t.say(\"a\") }} – 1 {# a remark #}{% if x %}!{% endif %}</p>";
    assert_eq!(of_template(good), [""; 0]);
    for (added, literal) in [
        ("<p>Hello</p>", "Hello"),
        ("{{ x }} words {{ y }}", "words"),
        ("<img alt=\"A picture\">", "A picture"),
        ("<a aria-label=\"Menu\"></a>", "Menu"),
        ("<input type=\"submit\" value=\"Go\">", "Go"),
    ] {
        let expected = format!("`{literal}` is text; put it into texts/");
        assert_eq!(of_template(&format!("{good}{added}")), [expected], "{added}");
    }
}

#[test]
fn a_text_that_nobody_wrote_and_one_that_nobody_uses_end_the_build() {
    let unknown = of_template("{{ t.say(\"a\") }}{{ t.say(\"b\") }}");
    assert_eq!(unknown, ["there is no text `b`"]);
    assert_eq!(of_template("<p></p>"), ["texts: nobody uses `a`"]);
    assert_eq!(of_template("{{ t.count(\"a\", n) }}"), [""; 0]);
}
