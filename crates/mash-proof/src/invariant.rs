//! What must hold of every rule set, each promise in plain words and as a region that a solver can check.

use std::{collections::BTreeSet, fmt, str::FromStr};

use cedar_policy::{
    Effect, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, PrincipalConstraint,
    ResourceConstraint, Schema, ValidationMode, Validator,
};
use jiff::civil::Date;
use mash_domain::nation::Nation;
use mash_policy::Jurisdiction;
use miette::Diagnostic;

use crate::rewrite;

const ANNOTATIONS: [&str; 11] = [
    "id",
    "form",
    "of",
    "value",
    "than",
    "guards",
    "jurisdiction",
    "from",
    "statement",
    "statement_cy",
    "why",
];

/// What is claimed about a region: the recipients, flows, classes and facts that the clause of an invariant describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing in the region is released.
    Never,
    /// Everything in the region is released.
    Always,
    /// In the region a fact makes no difference.
    Independent {
        /// The fact.
        of: String,
        /// One of its values; the decision under it is compared with that under every other.
        value: Literal,
    },
    /// In the region one value of a fact lets nothing through that another, or none of the others, would keep back.
    NoMore {
        /// The fact.
        of: String,
        /// The cautious value.
        value: Literal,
        /// The value that it is compared with; without it, every value.
        than: Option<Literal>,
    },
    /// Every clause that speaks about the region can be evaluated, whatever the facts.
    Evaluates,
}

impl Form {
    /// The word that stands for it in files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::Independent { .. } => "independent",
            Self::NoMore { .. } => "no-more",
            Self::Evaluates => "evaluates",
        }
    }
}

/// A value of a fact, as an invariant writes it: `true`, `false`, `[]`, or a kind and its word, `Answer::unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Of a fact that is yes or no.
    Flag(bool),
    /// No class at all.
    Nothing,
    /// A word of the schema.
    Word(EntityUid),
}

impl Literal {
    fn read(text: &str) -> Option<Self> {
        match text {
            "true" => Some(Self::Flag(true)),
            "false" => Some(Self::Flag(false)),
            "[]" => Some(Self::Nothing),
            word => {
                let (kind, word) = word.split_once("::")?;
                let kind = EntityTypeName::from_str(&format!("Mash::{kind}")).ok()?;
                Some(Self::Word(EntityUid::from_type_name_and_id(kind, EntityId::new(word))))
            }
        }
    }

    /// In Cedar's form of JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(value) => serde_json::json!({ "Value": value }),
            Self::Nothing => serde_json::json!({ "Set": [] }),
            Self::Word(word) => serde_json::json!({ "Value": { "__entity": {
                "type": word.type_name().to_string(),
                "id": word.id().unescaped(),
            }}}),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => formatter.write_str("yes"),
            Self::Flag(false) => formatter.write_str("no"),
            Self::Nothing => formatter.write_str("nothing"),
            Self::Word(word) => formatter.write_str(word.id().unescaped()),
        }
    }
}

/// One promise.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// `I01` and so on.
    pub id: String,
    /// What is claimed.
    pub form: Form,
    /// In plain English.
    pub statement: String,
    /// In plain Welsh.
    pub statement_cy: String,
    /// The rules or promises that it guards.
    pub guards: Vec<String>,
    /// For recipients where.
    pub jurisdiction: Jurisdiction,
    /// From when; a promise of what is always released cannot hold before its law.
    pub from: Option<Date>,
    /// The file and line that it stands on.
    pub source: String,
    pub(crate) region: Policy,
    /// Refuses whatever the region does not describe.
    pub(crate) fence: Option<Policy>,
}

impl Invariant {
    /// Whether it speaks about recipients in the nation on the day.
    #[must_use]
    pub fn holds_for(&self, nation: Nation, day: Date) -> bool {
        self.jurisdiction.covers(nation) && self.from.is_none_or(|from| from <= day)
    }
}

/// Something is wrong with the text of the invariants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantsError(Vec<String>);

impl fmt::Display for InvariantsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MASH-V004: the invariants cannot be used")?;
        self.0.iter().try_for_each(|fault| write!(formatter, "\n  {fault}"))
    }
}

impl std::error::Error for InvariantsError {}

/// Every promise.
#[derive(Clone, Debug)]
pub struct Invariants(Vec<Invariant>);

impl Invariants {
    /// Reads them: each file's name and text.
    ///
    /// # Errors
    ///
    /// [`InvariantsError`] with every fault found, each with its file and line.
    pub fn read(files: &[(&str, &str)], schema: &Schema) -> Result<Self, InvariantsError> {
        let validator = Validator::new(schema.clone());
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for (name, text) in files {
            match read_file(name, text, &validator) {
                Ok(found) => all.extend(found),
                Err(found) => faults.extend(found),
            }
        }
        let mut ids = BTreeSet::new();
        for invariant in &all {
            if !ids.insert(invariant.id.clone()) {
                faults.push(format!("{}: `{}` is there twice", invariant.source, invariant.id));
            }
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        if faults.is_empty() { Ok(Self(all)) } else { Err(InvariantsError(faults)) }
    }

    /// Those that this build carries.
    ///
    /// # Errors
    ///
    /// [`InvariantsError`] if they do not fit the schema.
    pub fn builtin(schema: &Schema) -> Result<Self, InvariantsError> {
        Self::read(&crate::builtin::INVARIANTS, schema)
    }

    /// Them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Invariant> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn read_file(name: &str, text: &str, validator: &Validator) -> Result<Vec<Invariant>, Vec<String>> {
    let at = |offset: usize, message: &dyn fmt::Display| {
        format!("{name}:{}: {message}", line_at(text, offset))
    };
    let of = |error: &dyn Diagnostic| {
        let label = error.labels().and_then(|mut labels| labels.next());
        at(label.map_or(0, |label| label.offset()), &error)
    };
    let set = PolicySet::from_str(text)
        .map_err(|errors| errors.iter().map(|error| of(error)).collect::<Vec<_>>())?;
    let checked = validator.validate(&set, ValidationMode::Strict);
    let mut faults: Vec<String> = checked
        .validation_errors()
        .map(|error| of(error))
        .chain(checked.validation_warnings().map(|warning| of(warning)))
        .collect();
    let places = places(text);
    if places.len() != set.policies().count() {
        return Err(vec![at(0, &"each invariant starts a line with `permit`")]);
    }
    let mut found = Vec::new();
    for (place, offset) in places.iter().enumerate() {
        // Cedar names the policies of a text in their order.
        let Some(policy) = set.policy(&PolicyId::new(format!("policy{place}"))) else { continue };
        match read_one(policy, format!("{name}:{}", line_at(text, *offset))) {
            Ok(invariant) => found.push(invariant),
            Err(message) => faults.push(at(*offset, &message)),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Where each region says `permit`.
fn places(text: &str) -> Vec<usize> {
    let mut offset = 0;
    let mut places = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("permit") {
            places.push(offset);
        }
        offset += line.len();
    }
    places
}

fn read_one(policy: &Policy, source: String) -> Result<Invariant, String> {
    let text = |key: &str| {
        let value = policy.annotation(key).map(str::trim).unwrap_or_default();
        if value.is_empty() { Err(format!("`@{key}` is missing")) } else { Ok(value.to_owned()) }
    };
    if let Some((key, _)) = policy.annotations().find(|(key, _)| !ANNOTATIONS.contains(key)) {
        return Err(format!("`@{key}` is not an annotation of an invariant"));
    }
    if policy.effect() == Effect::Forbid {
        return Err("the region of an invariant is written as a `permit`".to_owned());
    }
    scope(policy)?;
    let id = text("id")?;
    let jurisdiction = text("jurisdiction")?;
    let from = match policy.annotation("from") {
        Some(day) => Some(day.parse().map_err(|_| format!("`@from` `{day}` is not a day"))?),
        None => None,
    };
    Ok(Invariant {
        form: form(policy, &text("form")?)?,
        statement: text("statement")?,
        statement_cy: text("statement_cy")?,
        guards: text("guards")?.split_whitespace().map(str::to_owned).collect(),
        jurisdiction: Jurisdiction::from_word(&jurisdiction)
            .ok_or_else(|| format!("`@jurisdiction` `{jurisdiction}` is not `E+W`, `E` or `W`"))?,
        from,
        source,
        region: policy.new_id(PolicyId::new(&id)),
        fence: rewrite::fence(policy).map_err(|error| error.to_string())?,
        id,
    })
}

/// A region names kinds of recipient and of resource, or one resource; the rest belongs in its conditions.
fn scope(policy: &Policy) -> Result<(), String> {
    match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => {}
        PrincipalConstraint::In(_)
        | PrincipalConstraint::Eq(_)
        | PrincipalConstraint::IsIn(_, _) => {
            return Err("the principal of a region is a kind".to_owned());
        }
    }
    match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) | ResourceConstraint::Eq(_) => Ok(()),
        ResourceConstraint::In(_) | ResourceConstraint::IsIn(_, _) => {
            Err("the resource of a region is a kind, or one of them".to_owned())
        }
    }
}

fn form(policy: &Policy, word: &str) -> Result<Form, String> {
    let literal = |key: &str| match policy.annotation(key) {
        Some(text) => Literal::read(text)
            .map(Some)
            .ok_or_else(|| format!("`@{key}` `{text}` is not a value such as `Answer::unknown`")),
        None => Ok(None),
    };
    let of =
        || policy.annotation("of").map(str::to_owned).ok_or_else(|| "`@of` is missing".to_owned());
    let value = || literal("value")?.ok_or_else(|| "`@value` is missing".to_owned());
    match word {
        "never" => Ok(Form::Never),
        "always" => Ok(Form::Always),
        "independent" => Ok(Form::Independent { of: of()?, value: value()? }),
        "no-more" => Ok(Form::NoMore { of: of()?, value: value()?, than: literal("than")? }),
        "evaluates" => Ok(Form::Evaluates),
        _ => Err(format!("`@form` `{word}` is not a form of invariant")),
    }
}
