//! Which recipients and resources a clause can speak about at all.
//!
//! A clause is looked at with the facts left open: what is certainly false whatever the facts are is left out of a
//! slice, and everything else stays. The answer may err on the side of staying, never on the other: leaving a clause
//! out changes no decision.

use serde_json::Value;

/// The truth of an expression while the facts are open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Truth {
    Yes,
    No,
    Open,
}

impl Truth {
    const fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }

    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Open,
        }
    }

    const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// A recipient and a resource, by their Cedar names.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The type of the recipient.
    pub(super) principal_type: &'a str,
    /// The type of the resource.
    pub(super) resource_type: &'a str,
    /// Its id.
    pub(super) resource_id: &'a str,
}

/// Whether the clause, as Cedar writes it in JSON, can speak about this recipient and resource for some facts.
pub(super) fn can_speak(clause: &Value, question: Question<'_>) -> bool {
    let scope = clause.get("resource").map_or(Truth::Open, |scope| in_scope(scope, question));
    let conditions = clause.get("conditions").and_then(Value::as_array);
    let holds = conditions.into_iter().flatten().fold(scope, |holds, condition| {
        let body = condition.get("body").map_or(Truth::Open, |body| truth(body, question));
        match condition.get("kind").and_then(Value::as_str) {
            Some("when") => holds.and(body),
            Some("unless") => holds.and(body.not()),
            _ => holds.and(Truth::Open),
        }
    });
    holds != Truth::No
}

fn in_scope(scope: &Value, question: Question<'_>) -> Truth {
    match scope.get("op").and_then(Value::as_str) {
        Some("==") => {
            scope.get("entity").map_or(Truth::Open, |entity| is_resource(entity, question))
        }
        Some("is") => is_type(scope, question.resource_type),
        _ => Truth::Open,
    }
}

fn truth(expression: &Value, question: Question<'_>) -> Truth {
    let Some((operator, operand)) = expression.as_object().and_then(|object| object.iter().next())
    else {
        return Truth::Open;
    };
    let side = |name: &str| operand.get(name);
    let of = |name: &str| side(name).map_or(Truth::Open, |part| truth(part, question));
    match operator.as_str() {
        "Value" => operand.as_bool().map_or(Truth::Open, Truth::of),
        "!" => of("arg").not(),
        "&&" => of("left").and(of("right")),
        "||" => of("left").or(of("right")),
        "==" => equal(side("left"), side("right"), question),
        "!=" => equal(side("left"), side("right"), question).not(),
        "is" => match side("left").and_then(variable) {
            Some("principal") => is_type(operand, question.principal_type),
            Some("resource") => is_type(operand, question.resource_type),
            _ => Truth::Open,
        },
        "contains" => contains(side("left"), side("right"), question),
        _ => Truth::Open,
    }
}

/// `principal is T` or `resource is T`. With `in` as well it stays open.
fn is_type(expression: &Value, name: &str) -> Truth {
    match expression.get("entity_type").and_then(Value::as_str) {
        Some(wanted) if wanted != name => Truth::No,
        Some(_) if expression.get("in").is_none() => Truth::Yes,
        _ => Truth::Open,
    }
}

fn equal(left: Option<&Value>, right: Option<&Value>, question: Question<'_>) -> Truth {
    let entity_beside_resource = |one: &Value, other: &Value| {
        (variable(one) == Some("resource")).then(|| literal(other)).flatten().cloned()
    };
    let (Some(left), Some(right)) = (left, right) else { return Truth::Open };
    entity_beside_resource(left, right)
        .or_else(|| entity_beside_resource(right, left))
        .map_or(Truth::Open, |entity| is_resource(&entity, question))
}

/// `[A, B].contains(resource)`, with every element written out.
fn contains(set: Option<&Value>, element: Option<&Value>, question: Question<'_>) -> Truth {
    if element.and_then(variable) != Some("resource") {
        return Truth::Open;
    }
    let Some(elements) = set.and_then(|set| set.get("Set")).and_then(Value::as_array) else {
        return Truth::Open;
    };
    elements.iter().fold(Truth::No, |found, element| {
        found.or(literal(element).map_or(Truth::Open, |entity| is_resource(entity, question)))
    })
}

fn variable(expression: &Value) -> Option<&str> {
    expression.get("Var").and_then(Value::as_str)
}

fn literal(expression: &Value) -> Option<&Value> {
    expression.get("Value").and_then(|value| value.get("__entity"))
}

fn is_resource(entity: &Value, question: Question<'_>) -> Truth {
    let entity = entity.get("__entity").unwrap_or(entity);
    let part = |name: &str| entity.get(name).and_then(Value::as_str);
    match (part("type"), part("id")) {
        (Some(name), Some(id)) => {
            Truth::of(name == question.resource_type && id == question.resource_id)
        }
        _ => Truth::Open,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use cedar_policy::Policy;

    use super::*;

    fn speaks(text: &str, recipient: &str, resource: (&str, &str)) -> bool {
        let clause = Policy::from_str(text).unwrap().to_json().unwrap();
        let (resource_type, resource_id) = resource;
        can_speak(&clause, Question { principal_type: recipient, resource_type, resource_id })
    }

    const F1: (&str, &str) = ("C", "F1");
    const F2: (&str, &str) = ("C", "F2");

    #[test]
    fn a_clause_is_left_out_only_where_it_is_false_whatever_the_facts() {
        let named =
            r#"permit (principal, action, resource is C) when { [C::"F1"].contains(resource) };"#;
        assert!(
            speaks(named, "S", F1) && !speaks(named, "S", F2) && !speaks(named, "S", ("D", "F1"))
        );
        let one = r#"forbid (principal, action, resource == C::"F1");"#;
        assert!(speaks(one, "S", F1) && !speaks(one, "S", F2));
        let but =
            r#"forbid (principal, action, resource is C) unless { [C::"F1"].contains(resource) };"#;
        assert!(!speaks(but, "S", F1) && speaks(but, "S", F2));
        let people =
            r#"forbid (principal, action, resource) unless { principal is P || principal is S };"#;
        assert!(!speaks(people, "S", F1) && speaks(people, "T", F1));
        let facts =
            r#"permit (principal, action, resource) when { context.x || resource == C::"F1" };"#;
        assert!(speaks(facts, "S", F1) && speaks(facts, "S", F2), "facts are open");
        let both =
            r#"permit (principal, action, resource) when { context.x && resource != C::"F1" };"#;
        assert!(!speaks(both, "S", F1) && speaks(both, "S", F2));
        let agreed =
            r#"permit (principal, action, resource) when { context.agreed.contains(resource) };"#;
        assert!(speaks(agreed, "S", F1), "a set of facts is open");
        let odd =
            r#"permit (principal, action, resource) when { if context.x then true else false };"#;
        assert!(speaks(odd, "S", F1), "what is not understood stays");
    }
}
