//! Requests in words.

use cedar_policy::{EntityTypeName, EntityUid};
use mash_domain::nation::Nation;

use crate::{book::Term, situation::Situation};

/// Kinds of recipient that are not read off their names.
const RECIPIENTS: [(&str, &str); 8] = [
    ("MashQueue", "the hub's queue"),
    ("SocialCare", "children's social care"),
    ("Health", "a health body"),
    ("HomeOffice", "the Home Office"),
    ("Family", "the family"),
    ("Audit", "the record of decisions"),
    ("OriginController", "the controller of the origin record"),
    ("DataProtectionOfficer", "the data protection officer"),
];

/// What each class holds, F1 first.
const CLASSES: [&str; 18] = [
    "child identity",
    "incident stub",
    "narrative",
    "voice of the child",
    "risk grade",
    "the child's address",
    "adult victim",
    "perpetrator",
    "offences",
    "sexual-offence detail",
    "health",
    "household",
    "third party",
    "intelligence",
    "immigration",
    "adoption",
    "professionals",
    "actions",
];

/// The recipient, with its article.
pub(crate) fn recipient(kind: &EntityTypeName) -> String {
    let name = kind.basename();
    if let Some((_, words)) = RECIPIENTS.iter().find(|(known, _)| *known == name) {
        return (*words).to_owned();
    }
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {words}")
}

/// What would be disclosed.
pub(crate) fn resource(resource: &EntityUid) -> String {
    let id = resource.id().unescaped();
    match resource.type_name().basename() {
        "DataClass" => {
            let place = id.strip_prefix('F').and_then(|digits| digits.parse::<usize>().ok());
            let name = place.and_then(|place| CLASSES.get(place.checked_sub(1)?));
            name.map_or_else(|| format!("class {id}"), |name| format!("class {id} ({name})"))
        }
        "Detail" => format!("the detail `{id}`"),
        "Gateway" => format!("a citation of `{id}`"),
        kind => format!("{kind} `{id}`"),
    }
}

/// The flow, as cases and decisions write it.
pub(crate) fn flow(action: &EntityUid) -> &str {
    action.id().unescaped()
}

/// Who would receive what, under which facts.
pub(crate) fn situation(situation: &Situation, leave_out: Option<&str>) -> String {
    let facts: Vec<String> = situation
        .telling()
        .into_iter()
        .filter(|(name, _)| Some(*name) != leave_out)
        .map(|(name, value)| format!("{name} is {value}"))
        .collect();
    let facts = match facts.as_slice() {
        [] => "on an ordinary night".to_owned(),
        facts => format!("where {}, and all else is ordinary", facts.join(", ")),
    };
    format!(
        "{}, flow {}, {}, {facts}",
        recipient(situation.principal.type_name()),
        flow(&situation.action),
        resource(&situation.resource),
    )
}

/// Where and from when.
pub(crate) fn term(term: Term) -> String {
    let nation = match term.nation {
        Nation::England => "England",
        Nation::Wales => "Wales",
    };
    format!("{nation}, from {}", term.from)
}
