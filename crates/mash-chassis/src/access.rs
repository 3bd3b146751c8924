//! Who may call which method, read from the contract itself.
//!
//! Each method says in its `(mash.options.v1.access)` option which kinds of organisation may call it. A method that
//! says nothing is refused to everybody, so that forgetting the option shows at once and opens nothing.

use std::{collections::BTreeMap, fmt::Write as _};

use mash_domain::organisation::OrganisationKind;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MethodDescriptor, Value};

const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTION: [&str; 2] =
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// Who may call a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody, without a certificate too. Only health checks.
    Anyone,
    /// Any organisation with a certificate. Only reflection.
    AnyOrganisation,
    /// These kinds of organisation.
    Kinds {
        /// Which.
        kinds: Vec<OrganisationKind>,
        /// Whether they must name a practitioner.
        practitioner_required: bool,
    },
    /// Nobody, because the contract does not say.
    Nobody,
}

/// How many messages go which way, which decides how long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One and one.
    Unary,
    /// Many from the caller, one back.
    Upload,
    /// Many to the caller.
    Stream,
}

/// One method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: String,
    /// Who may call it.
    pub rule: Rule,
    /// How many messages go which way.
    pub shape: Shape,
}

/// Every method that the hub knows, by its path.
#[derive(Clone, Debug)]
pub struct AccessTable(BTreeMap<String, Method>);

/// The contract cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It is no set of descriptors.
    #[error("the contract cannot be read")]
    Descriptors(#[from] DescriptorError),
    /// It does not declare the option.
    #[error("the contract does not declare its access option")]
    Option,
}

impl AccessTable {
    /// The table of the hub's contract, with health and reflection.
    ///
    /// # Errors
    ///
    /// If the contract cannot be read, which the tests of this crate rule out.
    pub fn of_contract() -> Result<Self, AccessError> {
        let pool = DescriptorPool::decode(mash_proto::DESCRIPTORS)?;
        let option =
            pool.get_extension_by_name("mash.options.v1.access").ok_or(AccessError::Option)?;
        let mut table = BTreeMap::new();
        let mut add = |path: String, rule, shape| {
            table.insert(path.clone(), Method { path, rule, shape });
        };
        for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
            let options = method.options();
            let rule = if options.has_extension(&option) {
                rule(&options.get_extension(&option))
            } else {
                Rule::Nobody
            };
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            add(path, rule, shape(&method));
        }
        for (method, shape) in
            [("Check", Shape::Unary), ("List", Shape::Unary), ("Watch", Shape::Stream)]
        {
            add(format!("/{HEALTH}/{method}"), Rule::Anyone, shape);
        }
        for service in REFLECTION {
            add(format!("/{service}/ServerReflectionInfo"), Rule::AnyOrganisation, Shape::Stream);
        }
        Ok(Self(table))
    }

    /// The method with this path.
    #[must_use]
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.0.get(path)
    }

    /// Every method, in order.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.0.values()
    }

    /// Every kind of organisation x method, for people to read: `yes`, `named` if a practitioner must be named, `-`.
    #[must_use]
    pub fn render(&self) -> String {
        let width = self.0.keys().map(String::len).max().unwrap_or_default();
        let mut text = format!("{:width$}  {:12}", "method", "(none)");
        for kind in OrganisationKind::ALL {
            text.push_str(&format!("  {:12}", kind.word()));
        }
        for method in self.methods() {
            // Writing to a `String` does not fail.
            let _written = write!(text, "\n{:width$}  {:12}", method.path, method.answer(None));
            for kind in OrganisationKind::ALL {
                text.push_str(&format!("  {:12}", method.answer(Some(kind))));
            }
        }
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

impl Method {
    fn answer(&self, caller: Option<OrganisationKind>) -> &'static str {
        match (&self.rule, caller) {
            (Rule::Anyone, _) | (Rule::AnyOrganisation, Some(_)) => "yes",
            (Rule::Kinds { kinds, practitioner_required }, Some(kind)) if kinds.contains(&kind) => {
                if *practitioner_required {
                    "named"
                } else {
                    "yes"
                }
            }
            (Rule::Kinds { .. } | Rule::AnyOrganisation | Rule::Nobody, _) => "-",
        }
    }
}

fn shape(method: &MethodDescriptor) -> Shape {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (_, true) => Shape::Stream,
        (true, false) => Shape::Upload,
        (false, false) => Shape::Unary,
    }
}

fn rule(option: &Value) -> Rule {
    let Some(access) = option.as_message() else { return Rule::Nobody };
    let kinds: Option<Vec<_>> = callers(access).into_iter().map(kind).collect();
    match kinds {
        Some(kinds) if !kinds.is_empty() => Rule::Kinds {
            kinds,
            practitioner_required: access
                .get_field_by_name("practitioner_required")
                .and_then(|value| value.as_bool())
                .unwrap_or(true),
        },
        // An unknown kind is no reason to let the others in: somebody meant something that this hub cannot keep.
        Some(_) | None => Rule::Nobody,
    }
}

fn callers(access: &DynamicMessage) -> Vec<i32> {
    let field = access.get_field_by_name("callers");
    let list = field.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    list.iter().map(|value| value.as_enum_number().unwrap_or_default()).collect()
}

fn kind(number: i32) -> Option<OrganisationKind> {
    use mash_proto::r#type::v1::OrganisationKind as Wire;
    match Wire::try_from(number).ok()? {
        Wire::Unspecified => None,
        Wire::PoliceForce => Some(OrganisationKind::PoliceForce),
        Wire::School => Some(OrganisationKind::School),
        Wire::LocalAuthority => Some(OrganisationKind::LocalAuthority),
        Wire::HealthBoard => Some(OrganisationKind::HealthBoard),
        Wire::Provider => Some(OrganisationKind::Provider),
        Wire::Operator => Some(OrganisationKind::Operator),
    }
}
