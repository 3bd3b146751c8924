//! How much of one agency's service another one's holds again.
//!
//! Four agencies are four honest services: where search-and-replace turns one into another, one of them should not
//! exist. So the words of the agencies, and the values, are folded before windows of lines are compared.

use std::collections::{BTreeMap, BTreeSet};

use super::tidy::Source;

/// Lines in a window.
const WINDOW: usize = 12;
/// How much of a service may stand in another one too, in percent of its lines.
const BUDGET: usize = 5;
/// The services of the agencies, and the words by which each calls itself.
const AGENCIES: [(&str, &[&str]); 4] = [
    ("services/police/src/", &["police"]),
    ("services/health/src/", &["health"]),
    ("services/education/src/", &["education"]),
    ("services/social-care/src/", &["socialcare", "social_care", "social-care"]),
];

/// One line that counts, and where it stands.
struct Line {
    path: String,
    number: usize,
    folded: String,
}

/// How much of one service stands in others too.
pub(super) struct Share {
    /// The folder of the service.
    pub(super) service: &'static str,
    /// Its lines that count.
    pub(super) lines: usize,
    /// Those of them that are part of a window that another service holds too.
    pub(super) again: usize,
    /// Where such runs begin, here and there.
    pub(super) pairs: Vec<(String, String)>,
}

impl Share {
    /// In percent, rounded up, so that a breach is never rounded away.
    #[must_use]
    pub(super) fn percent(&self) -> usize {
        (self.again * 100).div_ceil(self.lines.max(1))
    }

    /// Whether it is more than the budget.
    #[must_use]
    pub(super) fn too_much(&self) -> bool {
        self.percent() > BUDGET
    }
}

/// The share of each service.
#[must_use]
pub(super) fn shares(sources: &[Source]) -> Vec<Share> {
    let services: Vec<(&'static str, Vec<Line>)> =
        AGENCIES.iter().map(|(folder, _)| (*folder, lines_of(folder, sources))).collect();
    let mut holders: BTreeMap<Vec<&str>, Vec<(usize, usize)>> = BTreeMap::new();
    for (service, (_, lines)) in services.iter().enumerate() {
        for (start, window) in windows(lines) {
            holders.entry(window).or_default().push((service, start));
        }
    }
    let mut shares = Vec::new();
    for (service, (folder, lines)) in services.iter().enumerate() {
        let mut again = BTreeSet::new();
        let mut pairs = Vec::new();
        for (start, window) in windows(lines) {
            let elsewhere = holders
                .get(&window)
                .and_then(|held| held.iter().find(|(other, _)| *other != service));
            let Some((other, there)) = elsewhere else { continue };
            if !again.contains(&start) {
                pairs.push((
                    place(lines, start),
                    services.get(*other).map_or(String::new(), |(_, lines)| place(lines, *there)),
                ));
            }
            again.extend(start..start + WINDOW);
        }
        shares.push(Share { service: folder, lines: lines.len(), again: again.len(), pairs });
    }
    shares
}

fn place(lines: &[Line], at: usize) -> String {
    lines.get(at).map_or(String::new(), |line| format!("{}:{}", line.path, line.number))
}

/// The windows of a service; none runs from one file into the next.
fn windows(lines: &[Line]) -> impl Iterator<Item = (usize, Vec<&str>)> {
    lines.windows(WINDOW).enumerate().filter_map(|(start, window)| {
        let whole = window.first()?.path == window.last()?.path;
        whole.then(|| (start, window.iter().map(|line| line.folded.as_str()).collect()))
    })
}

fn lines_of(folder: &str, sources: &[Source]) -> Vec<Line> {
    let mut lines = Vec::new();
    let of_service = sources.iter().filter(|source| {
        source.path.starts_with(folder)
            && source.path.ends_with(".rs")
            && !source.path.contains("/tests")
    });
    for source in of_service {
        for (index, text) in source.text.lines().enumerate() {
            let text = text.trim();
            if text == "#[cfg(test)]" {
                break; // Tests stand at the end of a file.
            }
            let folded = fold(text);
            // What every file has says nothing: imports, comments, and lone brackets.
            let thin = folded.chars().all(|character| !character.is_alphanumeric());
            if !thin
                && !text.starts_with("//")
                && !text.starts_with("use ")
                && !text.starts_with("pub use ")
            {
                lines.push(Line { path: source.path.clone(), number: index + 1, folded });
            }
        }
    }
    lines
}

/// A line without the name of any agency and without values.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                while characters.next().is_some_and(|inside| inside != '"') {}
                folded.push('"');
            }
            digit if digit.is_ascii_digit() => {
                if !folded.ends_with('0') {
                    folded.push('0');
                }
            }
            space if space.is_whitespace() => {}
            other => folded.extend(other.to_lowercase()),
        }
    }
    for (_, words) in AGENCIES {
        for word in words {
            folded = folded.replace(word, "agency");
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, lines: &[String]) -> Source {
        Source { path: path.to_owned(), text: lines.join("\n") }
    }

    fn code(agency: &str, lines: usize) -> Vec<String> {
        (0..lines)
            .map(|line| format!("let {agency}_{} = call(\"{agency}\");", word(line)))
            .collect()
    }

    /// A name without a digit, since numbers are folded.
    fn word(number: usize) -> String {
        format!("{number:b}").replace('0', "a").replace('1', "b")
    }

    #[test]
    fn a_service_that_is_another_one_with_its_name_replaced_is_found() {
        let police = source("services/police/src/a.rs", &code("police", 40));
        let health = source("services/health/src/b.rs", &code("health", 40));
        let shares = shares(&[police, health]);
        assert_eq!((shares[0].percent(), shares[1].percent()), (100, 100));
        assert!(shares[0].too_much());
        assert_eq!(shares[0].pairs[0].1, "services/health/src/b.rs:1");
    }

    #[test]
    fn a_run_shorter_than_a_window_and_a_services_own_repetition_do_not_count() {
        let own = code("police", 30);
        let twice: Vec<String> = [own.clone(), own].concat();
        let few = code("health", WINDOW - 1);
        let shares = shares(&[
            source("services/police/src/a.rs", &twice),
            source("services/health/src/b.rs", &few),
        ]);
        assert_eq!((shares[0].again, shares[1].again), (0, 0));
    }
}
