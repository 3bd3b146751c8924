//! The sorts of bad edit, each as every way that it fits the text of the clauses.

use super::{Edit, Files, Mutant};

/// The text of one clause, from its `@id` to the next.
pub(super) struct Block<'a> {
    pub(super) clause: String,
    pub(super) text: &'a str,
}

/// The clauses of a file.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut starts: Vec<usize> = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("@id(") {
            starts.push(offset);
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            let text = text.get(*start..end)?;
            let (_, rest) = text.split_once("@clause(\"")?;
            let (clause, _) = rest.split_once('"')?;
            Some(Block { clause: clause.to_owned(), text })
        })
        .collect()
}

/// One way to edit a block.
type Edits = Vec<Edit>;

/// An operator lists every way that it fits.
type Operator = fn(&str) -> Vec<Edits>;

const OPERATORS: [(&str, Operator); 13] = [
    ("drop-clause", |_| vec![Vec::new()]),
    ("flip-effect", flip_effect),
    ("drop-condition", |text| conditions(text, false)),
    ("negate-condition", |text| conditions(text, true)),
    ("add-class", add_class),
    ("drop-class", drop_class),
    ("swap-principal", swap_principal),
    ("shift-date", shift_date),
    ("widen-jurisdiction", widen_jurisdiction),
    ("forget-unknown", forget_unknown),
    ("join-otherwise", join_otherwise),
    ("drop-negation", drop_negation),
    ("commence-early", commence_early),
];

/// Every edit of the files, sort by sort.
pub(super) fn candidates(files: &Files) -> Vec<Vec<Mutant>> {
    OPERATORS
        .iter()
        .map(|(operator, ways)| {
            let mut found = Vec::new();
            for (file, text) in files.iter().filter(|(name, _)| name.ends_with(".cedar")) {
                for block in blocks(text) {
                    for edits in ways(block.text) {
                        found.push(Mutant {
                            id: String::new(),
                            operator: (*operator).to_owned(),
                            file: file.clone(),
                            clause: block.clause.clone(),
                            edits,
                        });
                    }
                }
            }
            found
        })
        .collect()
}

/// An edit of the text between two offsets, with as much before it as makes it the only one.
fn edit(text: &str, start: usize, end: usize, replace: &str) -> Option<Edit> {
    let mut from = start;
    loop {
        let find = text.get(from..end)?;
        if text.matches(find).count() == 1 {
            let replace = format!("{}{replace}", text.get(from..start)?);
            return Some(Edit { find: find.to_owned(), replace });
        }
        from = text.get(..from)?.char_indices().next_back()?.0;
    }
}

/// One edit for each occurrence of `find`.
fn each(text: &str, find: &str, replace: &str) -> Vec<Edits> {
    text.match_indices(find)
        .filter_map(|(start, _)| Some(vec![edit(text, start, start + find.len(), replace)?]))
        .collect()
}

fn whole(find: &str, replace: &str) -> Edit {
    Edit { find: find.to_owned(), replace: replace.to_owned() }
}

fn flip_effect(text: &str) -> Vec<Edits> {
    let ground = line(text, "@ground(");
    if text.contains("\npermit (") {
        let Some(ground) = ground else { return Vec::new() };
        return vec![vec![whole(ground, ""), whole("\npermit (", "\nforbid (")]];
    }
    let mut edits = vec![whole("\nforbid (", "\n@ground(\"duty\")\npermit (")];
    edits.extend(line(text, "@reason(").map(|reason| whole(reason, "")));
    vec![edits]
}

/// The line that begins so, with its end.
fn line<'a>(text: &'a str, begins: &str) -> Option<&'a str> {
    text.split_inclusive('\n').find(|line| line.starts_with(begins))
}

/// Each `when` and `unless`, left out or turned round.
fn conditions(text: &str, negate: bool) -> Vec<Edits> {
    let mut found = Vec::new();
    for (word, other) in [("\nwhen {", "\nunless {"), ("\nunless {", "\nwhen {")] {
        for (start, _) in text.match_indices(word) {
            let edited = if negate {
                edit(text, start, start + word.len(), other)
            } else {
                closing(text, start).and_then(|end| edit(text, start, end, ""))
            };
            found.extend(edited.map(|edit| vec![edit]));
        }
    }
    found
}

/// Where the braces that open after the offset are closed.
fn closing(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, letter) in text.get(start..)?.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(start + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn class(number: u8) -> String {
    format!("Mash::DataClass::\"F{number}\"")
}

/// The lists of classes: where each opens, and what is in it.
fn class_lists(text: &str) -> Vec<(usize, &str)> {
    text.match_indices("[Mash::DataClass::")
        .filter_map(|(start, _)| {
            let length = text.get(start..)?.find(']')?;
            Some((start, text.get(start..start + length)?))
        })
        .collect()
}

fn add_class(text: &str) -> Vec<Edits> {
    let mut found = Vec::new();
    for (start, list) in class_lists(text) {
        for class in (1..=18).map(class).filter(|class| !list.contains(class.as_str())) {
            let added = edit(text, start, start + 1, &format!("[{class}, "));
            // An opening bracket alone is seldom the only one, so the rest of the list goes into the edit.
            let added = added.or_else(|| {
                let rest = list.get(1..)?;
                edit(text, start, start + list.len(), &format!("[{class}, {rest}"))
            });
            found.extend(added.map(|edit| vec![edit]));
        }
    }
    found
}

fn drop_class(text: &str) -> Vec<Edits> {
    let mut found = Vec::new();
    for (start, list) in class_lists(text) {
        for class in (1..=18).map(class) {
            let followed = format!("{class}, ");
            if let Some(place) = list.find(&followed) {
                let place = start + place;
                let dropped = edit(text, place, place + followed.len(), "");
                found.extend(dropped.map(|edit| vec![edit]));
            }
        }
    }
    found
}

fn swap_principal(text: &str) -> Vec<Edits> {
    const KINDS: [&str; 8] = [
        "School",
        "EducationDesk",
        "PoliceForce",
        "SocialCare",
        "Health",
        "Provider",
        "Family",
        "HomeOffice",
    ];
    let mut found = Vec::new();
    for kind in KINDS {
        for other in KINDS.into_iter().filter(|other| *other != kind) {
            for end in [",", " ", "\n", ")"] {
                let (from, to) = (
                    format!("principal is Mash::{kind}{end}"),
                    format!("principal is Mash::{other}{end}"),
                );
                found.extend(each(text, &from, &to));
            }
        }
    }
    found
}

fn shift_date(text: &str) -> Vec<Edits> {
    let mut found = Vec::new();
    for day in ["2018-05-25", "2025-11-07"] {
        for later in ["2018-06-25", "2025-12-07", "2027-01-01"] {
            for key in ["@effective_from", "@effective_until"] {
                found.extend(each(
                    text,
                    &format!("{key}(\"{day}\")"),
                    &format!("{key}(\"{later}\")"),
                ));
            }
        }
    }
    found
}

fn widen_jurisdiction(text: &str) -> Vec<Edits> {
    let narrow = ["E", "W"].into_iter().flat_map(|nation| {
        each(text, &format!("@jurisdiction(\"{nation}\")"), "@jurisdiction(\"E+W\")")
    });
    let other =
        [("E", "W"), ("W", "E"), ("E+W", "E"), ("E+W", "W")].into_iter().flat_map(|(from, to)| {
            each(text, &format!("@jurisdiction(\"{from}\")"), &format!("@jurisdiction(\"{to}\")"))
        });
    narrow.chain(other).collect()
}

/// What is not known is taken for the harmless answer.
fn forget_unknown(text: &str) -> Vec<Edits> {
    [
        ("!= Mash::Answer::\"no\"", "== Mash::Answer::\"yes\""),
        ("== Mash::Answer::\"yes\"", "!= Mash::Answer::\"no\""),
        ("== Mash::Answer::\"no\"", "!= Mash::Answer::\"yes\""),
        ("== Mash::Answer::\"unknown\"", "== Mash::Answer::\"no\""),
        ("!= Mash::Conflict::\"clear\"", "== Mash::Conflict::\"alternate-only\""),
        ("== Mash::Conflict::\"unknown\"", "== Mash::Conflict::\"alternate-only\""),
        ("== Mash::Handling::\"p\"", "!= Mash::Handling::\"c\""),
        ("== Mash::Agreement::\"live\"", "!= Mash::Agreement::\"absent\""),
        ("Mash::Consent::\"not-recorded\", ", ""),
        ("Mash::Consent::\"not-required\", ", ""),
        ("== Mash::Consent::\"withdrawn\"", "== Mash::Consent::\"refused\""),
        ("== Mash::Consent::\"expired\"", "== Mash::Consent::\"refused\""),
        ("== Mash::Profile::\"middle\"", "!= Mash::Profile::\"full\""),
    ]
    .into_iter()
    .flat_map(|(find, replace)| each(text, find, replace))
    .collect()
}

fn join_otherwise(text: &str) -> Vec<Edits> {
    let both = each(text, " && ", " || ");
    both.into_iter().chain(each(text, " ||", " &&")).collect()
}

fn drop_negation(text: &str) -> Vec<Edits> {
    each(text, "!context.", "context.")
        .into_iter()
        .chain(each(text, "{ context.", "{ !context."))
        .collect()
}

/// A statute is taken to be in force before its commencement is confirmed.
fn commence_early(text: &str) -> Vec<Edits> {
    let Some(line) = line(text, "@commences_with(") else { return Vec::new() };
    vec![vec![whole(line, "@effective_from(\"2018-05-25\")\n")]]
}
