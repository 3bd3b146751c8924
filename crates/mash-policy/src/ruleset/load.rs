//! Reading a rule set: text in, checked rules out, or every fault with its file and line.

use std::{collections::BTreeMap, fmt, str::FromStr};

use cedar_policy::{Entities, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use jiff::civil::Date;
use mash_domain::{
    nation::Nation,
    sharing::{Flow, Ground},
};
use miette::Diagnostic;

use super::{
    manifest::{self, Manifest, Realised},
    slices::{Clause, Slices},
    sources::Sources,
};
use crate::{
    basis::LawfulBasis,
    decision::{Effect, ReasonCode},
    facts::{RecipientFacts, RecipientKind},
    minimum::is_recipient,
    rule::{Bilingual, Jurisdiction, Rule, RuleId, RulesetVersion, Term},
    vocabulary::{self, Vocabulary},
};

const SCHEMA_FILE: &str = "schema.cedarschema";

/// The annotations that a clause can have; another one is a slip of the pen.
const ANNOTATIONS: [&str; 14] = [
    "id",
    "clause",
    "title",
    "title_cy",
    "authority",
    "basis",
    "ground",
    "jurisdiction",
    "effective_from",
    "effective_until",
    "commences_with",
    "statement",
    "statement_cy",
    "reason",
];

/// The flows that came after the first rule set. A set from before knows nothing of them, and a hub that has one in
/// force must still be able to load it: what goes in these flows is then the statutory minimum.
const LATER: [Flow; 5] =
    [Flow::Enquiry, Flow::Feedback, Flow::Correspondence, Flow::ProtectionStatus, Flow::Lookup];

/// One thing that is wrong with a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    /// A fault at a byte offset of the file's text.
    pub(super) fn at(file: &str, text: &str, offset: usize, message: String) -> Self {
        let before = text.bytes().take(offset);
        let line = before.filter(|byte| *byte == b'\n').count() + 1;
        Self { file: file.to_owned(), line, message }
    }

    fn of(file: &str, text: &str, error: &dyn Diagnostic) -> Self {
        let offset =
            error.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
        Self::at(file, text, offset, error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A rule set that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesetError {
    version: String,
    faults: Vec<Fault>, // INVARIANT: not empty.
}

impl RulesetError {
    /// Everything that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for RulesetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rule set `{}` cannot be used", self.version)?;
        self.faults.iter().try_for_each(|fault| write!(formatter, "\n  {fault}"))
    }
}

impl std::error::Error for RulesetError {}

/// A rule set that was read and checked.
pub(super) struct Loaded {
    pub(super) version: RulesetVersion,
    pub(super) rules: Vec<Rule>,
    pub(super) realised: Vec<Realised>,
    pub(super) slices: Slices,
    pub(super) vocabulary: Vocabulary,
    /// The actions with their group: without them no clause about the whole purpose would speak.
    pub(super) actions: Entities,
    /// What the rules were checked against.
    pub(super) schema: Schema,
    /// Each clause as a policy, by its place.
    pub(super) policies: Vec<Policy>,
}

pub(super) fn load(sources: &Sources<'_>) -> Result<Loaded, RulesetError> {
    read(sources).map_err(|faults| RulesetError { version: sources.version.to_owned(), faults })
}

fn read(sources: &Sources<'_>) -> Result<Loaded, Vec<Fault>> {
    let manifest_text = file(sources, manifest::FILE)?;
    let schema_text = file(sources, SCHEMA_FILE)?;
    let manifest = Manifest::parse(manifest_text).map_err(|fault| vec![fault])?;
    if manifest.version != sources.version {
        let message = format!("version `{}` is not the name of the folder", manifest.version);
        return Err(vec![Fault::at(manifest::FILE, manifest_text, 0, message)]);
    }
    let realised = manifest.realised(manifest_text).map_err(|fault| vec![fault])?;
    let (schema, warnings) = Schema::from_cedarschema_str(schema_text)
        .map_err(|error| vec![Fault::of(SCHEMA_FILE, schema_text, &error)])?;
    let warnings: Vec<Fault> =
        warnings.map(|warning| Fault::of(SCHEMA_FILE, schema_text, &warning)).collect();
    if !warnings.is_empty() {
        return Err(warnings);
    }
    let whole = |message: String| vec![Fault::at(SCHEMA_FILE, schema_text, 0, message)];
    let vocabulary = Vocabulary::new().map_err(|error| whole(error.to_string()))?;
    agree(&schema, &vocabulary).map_err(whole)?;
    let (rules, policies) = read_rules(sources, &schema, &manifest)?;
    let clauses: Vec<Clause<'_>> =
        rules.iter().zip(&policies).map(|(rule, policy)| Clause { rule, policy }).collect();
    let slices =
        Slices::build(&schema, &vocabulary, &clauses).map_err(|error| whole(error.to_string()))?;
    let actions = schema.action_entities().map_err(|error| whole(error.to_string()))?;
    let version = RulesetVersion::new(sources.version);
    Ok(Loaded { version, rules, realised, slices, vocabulary, actions, schema, policies })
}

fn file<'a>(sources: &Sources<'a>, name: &str) -> Result<&'a str, Vec<Fault>> {
    let found = sources.files.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
    found.ok_or_else(|| vec![Fault::at(name, "", 0, "the file is missing".to_owned())])
}

/// The facts of this program and the schema must be about the same things.
fn agree(schema: &Schema, vocabulary: &Vocabulary) -> Result<(), String> {
    for flow in Flow::ALL {
        let action = vocabulary::action(flow).map_err(|error| error.to_string())?;
        let principals = schema.principals_for_action(&action);
        if principals.is_none() && LATER.contains(&flow) {
            continue;
        }
        let told: Vec<_> = principals.into_iter().flatten().cloned().collect();
        for kind in RecipientKind::ALL {
            let name = vocabulary::recipient_type(kind).map_err(|error| error.to_string())?;
            if told.contains(&name) != is_recipient(flow, kind) {
                return Err(format!("whether `{name}` is told under {action} is in dispute"));
            }
        }
        // Facts of the right shape; their values do not matter.
        let facts = RecipientFacts::cautious(flow, RecipientKind::School, Nation::Wales, Date::MIN);
        let context = vocabulary.context(&facts).map_err(|error| error.to_string())?;
        context.validate(schema, &action).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The clauses and their policies, in the order of files and within them. A policy is named by its place.
fn read_rules(
    sources: &Sources<'_>,
    schema: &Schema,
    manifest: &Manifest,
) -> Result<(Vec<Rule>, Vec<Policy>), Vec<Fault>> {
    let validator = Validator::new(schema.clone());
    let (mut rules, mut policies, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let files =
        sources.files.iter().filter(|(name, _)| ![manifest::FILE, SCHEMA_FILE].contains(name));
    for (name, text) in files {
        match read_file(name, text, manifest, &validator) {
            Ok(clauses) => {
                for (rule, policy) in clauses {
                    policies.push(policy.new_id(PolicyId::new(rules.len().to_string())));
                    rules.push(rule);
                }
            }
            Err(found) => faults.extend(found),
        }
    }
    if rules.is_empty() && faults.is_empty() {
        faults.push(Fault::at(sources.version, "", 0, "there is no rule".to_owned()));
    }
    if faults.is_empty() { Ok((rules, policies)) } else { Err(faults) }
}

fn read_file(
    name: &str,
    text: &str,
    manifest: &Manifest,
    validator: &Validator,
) -> Result<Vec<(Rule, Policy)>, Vec<Fault>> {
    let fault = |message: &str| vec![Fault::at(name, text, 0, message.to_owned())];
    let stem = name.strip_suffix(".cedar").ok_or_else(|| fault("not a file of a rule set"))?;
    let id: RuleId = stem.parse().map_err(|_| fault("a file is named by its rule: `R01.cedar`"))?;
    let set = PolicySet::from_str(text).map_err(|error| {
        error.iter().map(|error| Fault::of(name, text, error)).collect::<Vec<_>>()
    })?;
    let checked = validator.validate(&set, ValidationMode::Strict);
    let mut faults: Vec<Fault> = checked
        .validation_errors()
        .map(|error| Fault::of(name, text, error))
        .chain(checked.validation_warnings().map(|warning| Fault::of(name, text, warning)))
        .collect();
    let places = places(text);
    if set.templates().next().is_some() || places.len() != set.policies().count() {
        return Err(fault("each clause starts a line with `permit` or `forbid`, and has no slots"));
    }
    let by_id: BTreeMap<String, &Policy> =
        set.policies().map(|policy| (policy.id().to_string(), policy)).collect();
    let mut clauses: Vec<(Rule, Policy)> = Vec::new();
    for (place, offset) in places.iter().enumerate() {
        // Cedar names the policies of a text in their order.
        let Some(policy) = by_id.get(&format!("policy{place}")) else { continue };
        let line = Fault::at(name, text, *offset, String::new()).line;
        match read_clause(policy, id, format!("{name}:{line}"), manifest) {
            Ok(rule) if clauses.iter().any(|(other, _)| other.clause == rule.clause) => faults
                .push(Fault::at(name, text, *offset, format!("two clauses `{}`", rule.clause))),
            Ok(rule) => clauses.push((rule, (*policy).clone())),
            Err(message) => faults.push(Fault::at(name, text, *offset, message)),
        }
    }
    if faults.is_empty() { Ok(clauses) } else { Err(faults) }
}

/// Where each clause says `permit` or `forbid`.
fn places(text: &str) -> Vec<usize> {
    let mut offset = 0;
    let mut places = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("permit") || line.starts_with("forbid") {
            places.push(offset);
        }
        offset += line.len();
    }
    places
}

fn read_clause(
    policy: &Policy,
    file_id: RuleId,
    source: String,
    manifest: &Manifest,
) -> Result<Rule, String> {
    let text = |key: &str| {
        let value = policy.annotation(key).map(str::trim).unwrap_or_default();
        if value.is_empty() { Err(format!("`@{key}` is missing")) } else { Ok(value.to_owned()) }
    };
    if let Some((key, _)) = policy.annotations().find(|(key, _)| !ANNOTATIONS.contains(key)) {
        return Err(format!("`@{key}` is not an annotation of a rule"));
    }
    let id: RuleId = text("id")?.parse().map_err(|error| format!("`@id`: {error}"))?;
    if id != file_id {
        return Err(format!("`@id` says `{id}` and the file `{file_id}`"));
    }
    let jurisdiction = text("jurisdiction")?;
    let reason = policy.annotation("reason");
    Ok(Rule {
        id,
        clause: text("clause")?,
        title: Bilingual { english: text("title")?, welsh: text("title_cy")? },
        effect: match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Refuse,
        },
        authority: text("authority")?,
        basis: text("basis")?.split_whitespace().map(read_basis).collect::<Result<_, _>>()?,
        ground: read_ground(policy)?,
        jurisdiction: Jurisdiction::from_word(&jurisdiction)
            .ok_or_else(|| format!("`@jurisdiction` `{jurisdiction}` is not `E+W`, `E` or `W`"))?,
        term: term(policy, manifest)?,
        statement: Bilingual { english: text("statement")?, welsh: text("statement_cy")? },
        reason: match reason {
            Some(word) => Some(
                ReasonCode::from_word(word)
                    .ok_or_else(|| format!("`@reason` `{word}` is not known"))?,
            ),
            None => None,
        },
        source,
    })
}

fn read_basis(word: &str) -> Result<LawfulBasis, String> {
    LawfulBasis::from_word(word).ok_or_else(|| format!("`@basis` `{word}` is not a known code"))
}

/// A permit of data says whether it is a duty or a power; a citation of a statute says that; a refusal says nothing.
fn read_ground(policy: &Policy) -> Result<Option<Ground>, String> {
    match (policy.effect(), policy.annotation("ground")) {
        (cedar_policy::Effect::Forbid, None) | (cedar_policy::Effect::Permit, Some("citation")) => {
            Ok(None)
        }
        (cedar_policy::Effect::Forbid, Some(_)) => {
            Err("`@ground` is for a clause that permits".to_owned())
        }
        (cedar_policy::Effect::Permit, Some(word)) => Ground::from_word(word)
            .map(Some)
            .ok_or_else(|| format!("`@ground` `{word}` is not `duty`, `power` or `citation`")),
        (cedar_policy::Effect::Permit, None) => Err("`@ground` is missing".to_owned()),
    }
}

/// A clause says from when it holds, or with which statute of the manifest it commences.
fn term(policy: &Policy, manifest: &Manifest) -> Result<Term, String> {
    let day = |key: &str| match policy.annotation(key) {
        Some(text) => text.parse::<Date>().map(Some).map_err(|_| format!("`@{key}` is not a day")),
        None => Ok(None),
    };
    let until = day("effective_until")?;
    let from = match (day("effective_from")?, policy.annotation("commences_with")) {
        (Some(from), None) => Some(from),
        (None, Some(statute)) => manifest
            .commencement(statute)
            .ok_or_else(|| format!("`{statute}` is not in the manifest"))?,
        (None, None) => return Err("`@effective_from` is missing".to_owned()),
        (Some(_), Some(_)) => return Err("a clause begins on a day or with a statute".to_owned()),
    };
    match (from, until) {
        (Some(from), Some(until)) if until <= from => {
            Err("`@effective_until` is not after `@effective_from`".to_owned())
        }
        (from, until) => Ok(Term { from, until }),
    }
}
