//! Settings: commented defaults inside the program, overridden by the environment, and nothing unknown.
//!
//! `MASH_BUS` overrides `bus`, `MASH_LIMITS__PER_ADDRESS` overrides `per_address` in `[limits]`. Every fault is
//! reported at once, because whoever installs the hub should not have to find them one by one. There is no
//! configuration file: one place less where a secret or a stale value can hide.

use std::{collections::BTreeSet, fmt};

use figment::{
    Figment, Provider,
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// The settings of a program: what they are when nobody says otherwise, and what the environment calls them.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Commented TOML that holds every setting that has a default.
    pub defaults: &'a str,
    /// Settings without a default, in dotted form.
    pub without_default: &'a [&'a str],
    /// What environment variables begin with, such as `MASH_`.
    pub prefix: &'a str,
    /// Variables that have a name of their own, such as `("DATABASE_URL", "database_url")`.
    pub aliases: &'a [(&'a str, &'a str)],
    /// Variables with the prefix that are not settings, because something else reads them.
    pub ignored: &'a [&'a str],
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("MASH-C011: the settings cannot be used: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

impl Settings<'_> {
    /// Reads the settings from the defaults and these variables, usually `std::env::vars()`.
    ///
    /// # Errors
    ///
    /// With every fault: unknown variables, values of the wrong sort, settings without a value.
    pub fn load<T: DeserializeOwned>(
        &self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<T, ConfigError> {
        let defaults = Figment::from(Toml::string(self.defaults));
        let known = self.known(&defaults)?;
        let mut faults = Vec::new();
        let mut figment = defaults;
        let mut given = BTreeSet::new();
        for (variable, value) in variables {
            let Some(setting) = self.setting(&variable) else { continue };
            if !known.contains(&setting) {
                faults.push(format!("`{variable}` is not a setting"));
                continue;
            }
            let value = Serialized::default(&setting, parse(&value));
            // Each by itself, because the first fault would hide the others.
            let alone = figment.clone().merge(&value);
            if let Err(error) = alone.extract::<T>()
                && let Some(fault) = fault_at(&error, &setting)
            {
                faults.push(format!("`{variable}`: {fault}"));
                continue;
            }
            given.insert(setting);
            figment = figment.merge(value);
        }
        let missing = self.without_default.iter().filter(|setting| !given.contains(**setting));
        faults.extend(missing.map(|setting| format!("`{}` is not set", self.variable(setting))));
        match figment.extract() {
            Ok(settings) if faults.is_empty() => Ok(settings),
            Err(error) if faults.is_empty() => Err(ConfigError(vec![describe(&error)])),
            Ok(_) | Err(_) => Err(ConfigError(faults)),
        }
    }

    /// Every setting there is, in dotted form.
    fn known(&self, defaults: &Figment) -> Result<BTreeSet<String>, ConfigError> {
        let data = defaults.data().map_err(|error| ConfigError(vec![describe(&error)]))?;
        let mut known: BTreeSet<_> =
            self.without_default.iter().map(|setting| (*setting).to_owned()).collect();
        for dict in data.values() {
            collect("", dict, &mut known);
        }
        Ok(known)
    }

    /// The setting that a variable is about, known or not.
    fn setting(&self, variable: &str) -> Option<String> {
        if let Some((_, setting)) = self.aliases.iter().find(|(alias, _)| *alias == variable) {
            return Some((*setting).to_owned());
        }
        let name = variable.strip_prefix(self.prefix)?;
        let ignored = self.ignored.contains(&variable);
        (!ignored).then(|| name.to_ascii_lowercase().replace("__", "."))
    }

    fn variable(&self, setting: &str) -> String {
        match self.aliases.iter().find(|(_, aliased)| *aliased == setting) {
            Some((alias, _)) => (*alias).to_owned(),
            None => format!("{}{}", self.prefix, setting.to_ascii_uppercase().replace('.', "__")),
        }
    }
}

fn collect(path: &str, dict: &Dict, known: &mut BTreeSet<String>) {
    for (key, value) in dict {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if let Value::Dict(_, inner) = value {
            collect(&path, inner, known);
        } else {
            known.insert(path);
        }
    }
}

/// A number, a truth value, a list or a text, as figment reads environment variables.
fn parse(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// What is wrong with this one setting; nothing if the error is about another.
fn fault_at(error: &figment::Error, setting: &str) -> Option<String> {
    error
        .clone()
        .into_iter()
        .find(|error| error.path.join(".") == setting)
        .map(|error| describe(&error))
}

/// What is wrong, without the value: it may be a secret.
fn describe(error: &figment::Error) -> String {
    use figment::error::Kind;
    match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("should be {expected}")
        }
        Kind::UnknownVariant(_, expected) => format!("should be one of {}", expected.join(", ")),
        Kind::UnknownField(name, _) => format!("`{name}` is not a setting"),
        Kind::MissingField(name) => format!("`{name}` is not set"),
        Kind::Message(_)
        | Kind::InvalidLength(..)
        | Kind::DuplicateField(_)
        | Kind::ISizeOutOfRange(_)
        | Kind::USizeOutOfRange(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..) => "cannot be used".to_owned(),
    }
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, at the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests;
