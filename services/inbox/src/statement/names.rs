//! What forces and authorities are called.

use mash_domain::{
    authority::Authorities,
    organisation::{OrganisationId, OrganisationKind},
};

use crate::texts::Texts;

const ROWS: &str = include_str!("../../../../reference/organisations.csv");

/// The name of an organisation with its code; kind and code where no name is on file.
pub(crate) fn name(t: Texts, organisation: &OrganisationId) -> String {
    let (id, code) = (organisation.to_string(), organisation.code());
    let rows = ROWS.lines().filter(|line| !line.starts_with('#'));
    let mut rows = rows.map(|line| line.split(',').collect::<Vec<_>>());
    let row = rows.find(|row| row.first() == Some(&id.as_str()));
    let listed = row.and_then(|row| row.get(t.0.choose(1, 2)).map(ToString::to_string));
    let authority = || {
        let is_authority = organisation.kind() == OrganisationKind::LocalAuthority;
        let code = is_authority.then(|| code.parse().ok())??;
        Some(Authorities::builtin().by_code(&code)?.name.clone())
    };
    let unnamed = || match organisation.kind() {
        OrganisationKind::PoliceForce => t.arg("statement-a-force", "code", code),
        OrganisationKind::LocalAuthority => t.arg("statement-an-authority", "code", code),
        OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => id.clone(),
    };
    listed.or_else(authority).map_or_else(unnamed, |name| format!("{name} ({code})"))
}
