//! Clauses made ready for one recipient, one flow and one resource.
//!
//! What a clause says about the recipient, the action and the resource is settled once, when the rule set is loaded;
//! what is left is a formula over the facts, and often nothing. Cedar stays the measure: a clause that uses anything
//! that is not understood here is left to Cedar, and a test compares the two ways on random facts.

use serde_json::Value;

use crate::{
    facts::RecipientFacts,
    vocabulary::attributes::{self, Attribute, Codes},
};

/// A formula over the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    /// Holds or does not, whatever the facts are.
    Known(bool),
    /// A fact has this value.
    Is(Attribute, u8),
    /// The resource is in a set of classes among the facts.
    InSet(ClassSetOf),
    /// The opposite.
    Not(Box<Self>),
    /// Both hold.
    And(Box<Self>, Box<Self>),
    /// One of them holds.
    Or(Box<Self>, Box<Self>),
    /// Cedar knows.
    LeftToCedar,
}

/// A set of classes among the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassSetOf {
    Agreed,
    KeptBackByOrder,
    KeptBackByChair,
}

impl ClassSetOf {
    fn named(name: &str) -> Option<Self> {
        match name {
            "agreed" => Some(Self::Agreed),
            "kept_back_by_order" => Some(Self::KeptBackByOrder),
            "kept_back_by_chair" => Some(Self::KeptBackByChair),
            _ => None,
        }
    }
}

/// Whether the class that is asked about is in each set of classes among the facts.
#[derive(Clone, Copy, Default)]
pub(super) struct Membership {
    pub(super) agreed: bool,
    pub(super) kept_back_by_order: bool,
    pub(super) kept_back_by_chair: bool,
}

impl Membership {
    pub(super) const fn of(
        class: mash_domain::data_class::DataClass,
        facts: &RecipientFacts,
    ) -> Self {
        Self {
            agreed: facts.agreed.contains(class),
            kept_back_by_order: facts.kept_back_by_order.contains(class),
            kept_back_by_chair: facts.kept_back_by_chair.contains(class),
        }
    }
}

impl Formula {
    fn not(self) -> Self {
        match self {
            Self::Known(value) => Self::Known(!value),
            Self::Not(inner) => *inner,
            other @ (Self::Is(..)
            | Self::InSet(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::LeftToCedar) => Self::Not(Box::new(other)),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(false), _) | (_, Self::Known(false)) => Self::Known(false),
            (Self::Known(true), other) | (other, Self::Known(true)) => other,
            (one, other) => Self::And(Box::new(one), Box::new(other)),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(true), _) | (_, Self::Known(true)) => Self::Known(true),
            (Self::Known(false), other) | (other, Self::Known(false)) => other,
            (one, other) => Self::Or(Box::new(one), Box::new(other)),
        }
    }

    /// Whether it can be decided here.
    pub(super) fn is_understood(&self) -> bool {
        match self {
            Self::LeftToCedar => false,
            Self::Known(_) | Self::Is(..) | Self::InSet(_) => true,
            Self::Not(inner) => inner.is_understood(),
            Self::And(one, other) | Self::Or(one, other) => {
                one.is_understood() && other.is_understood()
            }
        }
    }

    /// Whether it holds for these facts. What is left to Cedar does not hold here; it is never asked.
    pub(super) fn holds(&self, codes: &Codes, member: Membership) -> bool {
        match self {
            Self::Known(value) => *value,
            Self::Is(attribute, value) => codes.of(*attribute) == *value,
            Self::InSet(ClassSetOf::Agreed) => member.agreed,
            Self::InSet(ClassSetOf::KeptBackByOrder) => member.kept_back_by_order,
            Self::InSet(ClassSetOf::KeptBackByChair) => member.kept_back_by_chair,
            Self::Not(inner) => !inner.holds(codes, member),
            Self::And(one, other) => one.holds(codes, member) && other.holds(codes, member),
            Self::Or(one, other) => one.holds(codes, member) || other.holds(codes, member),
            Self::LeftToCedar => false,
        }
    }
}

/// A recipient, an action and a resource, by their Cedar names.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The type of the recipient.
    pub(super) principal_type: &'a str,
    /// The id of the action.
    pub(super) action: &'a str,
    /// The type of the resource.
    pub(super) resource_type: &'a str,
    /// Its id.
    pub(super) resource_id: &'a str,
}

/// What a clause, as Cedar writes it in JSON, says about this question. That the scope admits the recipient's type, the
/// action and the resource's type has been checked before.
pub(super) fn compile(clause: &Value, question: Question<'_>) -> Formula {
    let scope =
        |name: &str| clause.get(name).map_or(Formula::LeftToCedar, |it| in_scope(it, question));
    let start = scope("principal").and(scope("resource"));
    let conditions = clause.get("conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().fold(start, |holds, condition| {
        let body =
            condition.get("body").map_or(Formula::LeftToCedar, |body| formula(body, question));
        match condition.get("kind").and_then(Value::as_str) {
            Some("when") => holds.and(body),
            Some("unless") => holds.and(body.not()),
            _ => holds.and(Formula::LeftToCedar),
        }
    })
}

fn in_scope(scope: &Value, question: Question<'_>) -> Formula {
    match scope.get("op").and_then(Value::as_str) {
        Some("All") => Formula::Known(true),
        Some("==") => match scope.get("entity").and_then(named) {
            // Rules speak of kinds of recipient and never of one of them.
            Some((kind, id)) => Formula::Known((kind, id) == question.resource()),
            None => Formula::LeftToCedar,
        },
        // The type was checked by whoever asks.
        Some("is") if scope.get("in").is_none() => Formula::Known(true),
        _ => Formula::LeftToCedar,
    }
}

impl<'a> Question<'a> {
    const fn resource(&self) -> (&'a str, &'a str) {
        (self.resource_type, self.resource_id)
    }
}

fn formula(expression: &Value, question: Question<'_>) -> Formula {
    let Some((operator, operand)) = expression.as_object().and_then(|object| object.iter().next())
    else {
        return Formula::LeftToCedar;
    };
    let side = |name: &str| operand.get(name);
    let of = |name: &str| side(name).map_or(Formula::LeftToCedar, |part| formula(part, question));
    match operator.as_str() {
        "Value" => operand.as_bool().map_or(Formula::LeftToCedar, Formula::Known),
        "!" => of("arg").not(),
        "&&" => of("left").and(of("right")),
        "||" => of("left").or(of("right")),
        "==" => equal(side("left"), side("right"), question),
        "!=" => equal(side("left"), side("right"), question).not(),
        "is" => is_type(operand, question),
        "contains" => contains(side("left"), side("right"), question),
        "." => match fact(expression) {
            Some((attribute, true)) => Formula::Is(attribute, 1),
            _ => Formula::LeftToCedar,
        },
        _ => Formula::LeftToCedar,
    }
}

/// `principal is T` or `resource is T`.
fn is_type(expression: &Value, question: Question<'_>) -> Formula {
    let asked = match expression.get("left").and_then(variable) {
        Some("principal") => question.principal_type,
        Some("resource") => question.resource_type,
        _ => return Formula::LeftToCedar,
    };
    match expression.get("entity_type").and_then(Value::as_str) {
        Some(wanted) if wanted != asked => Formula::Known(false),
        Some(_) if expression.get("in").is_none() => Formula::Known(true),
        _ => Formula::LeftToCedar,
    }
}

fn equal(left: Option<&Value>, right: Option<&Value>, question: Question<'_>) -> Formula {
    let (Some(left), Some(right)) = (left, right) else { return Formula::LeftToCedar };
    match (literal(left), literal(right)) {
        (None, Some(entity)) => is(left, entity, question),
        (Some(entity), None) => is(right, entity, question),
        _ => Formula::LeftToCedar,
    }
}

/// Whether a variable or a fact is this entity.
fn is(expression: &Value, entity: (&str, &str), question: Question<'_>) -> Formula {
    match variable(expression) {
        Some("resource") => return Formula::Known(entity == question.resource()),
        Some("action") => return Formula::Known(entity == ("Mash::Action", question.action)),
        _ => (),
    }
    let known = fact(expression).filter(|(_, yes_no)| !yes_no);
    let value = known.and_then(|(attribute, _)| {
        let (kind, word) = entity;
        Some((attribute, attributes::code_of(attribute, kind, word)?))
    });
    value.map_or(Formula::LeftToCedar, |(attribute, code)| Formula::Is(attribute, code))
}

/// `[A, B].contains(x)` with every element written out, or `context.<a set of classes>.contains(resource)`.
fn contains(set: Option<&Value>, element: Option<&Value>, question: Question<'_>) -> Formula {
    let (Some(set), Some(element)) = (set, element) else { return Formula::LeftToCedar };
    if let Some(elements) = set.get("Set").and_then(Value::as_array) {
        return elements.iter().fold(Formula::Known(false), |found, entity| {
            let same = literal(entity).map(|entity| is(element, entity, question));
            found.or(same.unwrap_or(Formula::LeftToCedar))
        });
    }
    let of_classes = attribute_name(set).and_then(ClassSetOf::named);
    match of_classes {
        Some(of) if variable(element) == Some("resource") => {
            if question.resource_type == "Mash::DataClass" {
                Formula::InSet(of)
            } else {
                Formula::Known(false)
            }
        }
        _ => Formula::LeftToCedar,
    }
}

/// The fact that the expression reads, and whether it is a yes or no.
fn fact(expression: &Value) -> Option<(Attribute, bool)> {
    attributes::named(attribute_name(expression)?)
}

/// The name in `context.name`.
fn attribute_name(expression: &Value) -> Option<&str> {
    let access = expression.get(".")?;
    let of_context = access.get("left").and_then(variable) == Some("context");
    access.get("attr").and_then(Value::as_str).filter(|_| of_context)
}

fn variable(expression: &Value) -> Option<&str> {
    expression.get("Var").and_then(Value::as_str)
}

fn literal(expression: &Value) -> Option<(&str, &str)> {
    expression.get("Value").and_then(|value| value.get("__entity")).and_then(named)
}

fn named(entity: &Value) -> Option<(&str, &str)> {
    let entity = entity.get("__entity").unwrap_or(entity);
    let part = |name: &str| entity.get(name).and_then(Value::as_str);
    Some((part("type")?, part("id")?))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use cedar_policy::Policy;

    use super::*;

    fn compiled(text: &str, recipient: &str, resource: (&str, &str)) -> Formula {
        let clause = Policy::from_str(text).unwrap().to_json().unwrap();
        let (resource_type, resource_id) = resource;
        let question =
            Question { principal_type: recipient, action: "school", resource_type, resource_id };
        compile(&clause, question)
    }

    const F1: (&str, &str) = ("Mash::DataClass", "F1");
    const F2: (&str, &str) = ("Mash::DataClass", "F2");
    const YES: Formula = Formula::Known(true);
    const NO: Formula = Formula::Known(false);

    #[test]
    fn what_is_said_of_recipient_and_resource_is_settled() {
        let named = r#"permit (principal, action, resource) when { [Mash::DataClass::"F1"].contains(resource) };"#;
        assert_eq!((compiled(named, "S", F1), compiled(named, "S", F2)), (YES, NO));
        let one = r#"forbid (principal, action, resource == Mash::DataClass::"F1");"#;
        assert_eq!((compiled(one, "S", F1), compiled(one, "S", F2)), (YES, NO));
        let but = r#"forbid (principal, action, resource) unless { [Mash::DataClass::"F1"].contains(resource) };"#;
        assert_eq!((compiled(but, "S", F1), compiled(but, "S", F2)), (NO, YES));
        let people =
            r#"forbid (principal, action, resource) unless { principal is P || principal is S };"#;
        assert_eq!((compiled(people, "S", F1), compiled(people, "T", F1)), (NO, YES));
        let act =
            r#"permit (principal, action, resource) when { action == Mash::Action::"school" };"#;
        assert_eq!(compiled(act, "S", F1), YES);
    }

    #[test]
    fn what_is_said_of_facts_stays_a_formula() {
        let facts = r#"permit (principal, action, resource)
            when { context.child_under_18 && context.conflict != Mash::Conflict::"clear" };"#;
        let formula = compiled(facts, "S", F1);
        assert!(formula.is_understood() && !matches!(formula, Formula::Known(_)));
        let agreed =
            r#"permit (principal, action, resource) when { context.agreed.contains(resource) };"#;
        assert_eq!(compiled(agreed, "S", F1), Formula::InSet(ClassSetOf::Agreed));
    }

    #[test]
    fn what_is_not_understood_is_left_to_cedar() {
        for odd in [
            r#"permit (principal, action, resource) when { if context.invited then true else false };"#,
            r#"permit (principal, action, resource) when { 1 + 1 == 2 };"#,
            r#"permit (principal, action, resource) when { context.nothing };"#,
            r#"permit (principal, action, resource) when { context.conflict == Mash::Answer::"yes" };"#,
            r#"permit (principal, action, resource) when { context.conflict };"#,
            r#"permit (principal == P::"x", action, resource);"#,
        ] {
            let formula = compiled(odd, "P", F1);
            assert!(!formula.is_understood() || formula == NO, "{odd}: {formula:?}");
        }
        let never = r#"permit (principal, action, resource) when { 1 + 1 == 2 && resource == Mash::DataClass::"F2" };"#;
        assert_eq!(compiled(never, "S", F1), NO, "it cannot speak, whatever Cedar would say");
    }
}
