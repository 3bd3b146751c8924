//! What organisations are called, in both languages.

use mash_domain::{
    authority::Authorities,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_policy::Language;

const ROWS: &str = include_str!("../../../../../reference/organisations.csv");

/// The name of an organisation, with its id; the id alone where no name is on file.
pub(super) fn name(organisation: &OrganisationId, language: Language) -> String {
    let id = organisation.to_string();
    let known = rows().find(|row| row.first() == Some(&id.as_str()));
    let listed = known.and_then(|row| row.get(language.choose(1, 2)).map(ToString::to_string));
    let authority = || {
        let is_authority = organisation.kind() == OrganisationKind::LocalAuthority;
        let code = is_authority.then(|| organisation.code().parse().ok())??;
        Some(Authorities::builtin().by_code(&code)?.name.clone())
    };
    listed.or_else(authority).map_or_else(|| id.clone(), |name| format!("{name} ({id})"))
}

/// The rows of the file, without its header.
pub(super) fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = ROWS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.skip(1).map(|line| line.split(',').collect())
}
