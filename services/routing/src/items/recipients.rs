//! Who is to have an item.
//!
//! A referral finds its own way: to the authority of the place where the concern arose, and to the authority where the
//! child lives if that is another one, each under the law of its own nation (R30). Where neither is known, the school's
//! own authority answers for it. An authority is never guessed from the area of a force or of a health board, which holds
//! several: the wrong one would learn of a child that is not its own. Such a referral goes to whoever runs the hub,
//! without content, and its sender hears that nobody has it yet.

use mash_domain::{
    authority::Authorities,
    identifier::{AuthorityCode, ForceCode, Laestab},
    organisation::{OrganisationId, OrganisationKind},
    sharing::Flow,
};
use mash_proto::referral::v1::ItemKind;

use super::submission::Submission;

/// Nobody knows which authority answers.
pub const AUTHORITY_UNKNOWN: &str = "authority-unknown";

/// Who is to have it, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub organisation: OrganisationId,
    /// Under which flow.
    pub flow: Flow,
    /// A second recipient, which is not counted on its own.
    pub copy: bool,
    /// It answers because the child lives in its area, and for no other reason. So its name tells where that is.
    pub tells_home: bool,
    /// The reference data know no such organisation.
    pub unknown: bool,
}

/// The hub's operator, who stands in where nobody is known.
#[must_use]
pub fn operator() -> Option<OrganisationId> {
    OrganisationId::new(OrganisationKind::Operator, "hub").ok()
}

/// Who is to have the item, in order.
#[must_use]
pub fn recipients(item: &Submission, authorities: &Authorities) -> Vec<Recipient> {
    let plain = |organisation: OrganisationId| Recipient {
        unknown: !is_known(&organisation, authorities),
        flow: item.flow,
        copy: false,
        tells_home: false,
        organisation,
    };
    // Where one authority hands a family over to another, it says to which.
    let handed_over = item.from.kind() == OrganisationKind::LocalAuthority && !item.to.is_empty();
    if item.kind != ItemKind::Referral || handed_over {
        return item.to.iter().cloned().map(plain).collect();
    }
    let mut found: Vec<Recipient> = Vec::new();
    let known = |code: &Option<AuthorityCode>| {
        code.as_ref().and_then(|code| authorities.by_code(code)).map(|it| it.code.clone())
    };
    let (place, home) = (known(&item.place), known(&item.home));
    let first = place.clone().or_else(|| home.clone()).or_else(|| of_sender(item, authorities));
    for code in first.iter().chain(home.iter().filter(|home| first.as_ref() != Some(*home))) {
        let organisation = OrganisationId::new(OrganisationKind::LocalAuthority, code.as_str());
        let tells_home = place.as_ref() != Some(code) && home.as_ref() == Some(code);
        found.extend(organisation.map(|it| Recipient { tells_home, ..plain(it) }));
    }
    if found.is_empty() {
        found.extend(operator().map(|it| Recipient { unknown: false, ..plain(it) }));
    }
    found.extend(first_responder(item, first.as_ref(), authorities).map(|force| Recipient {
        flow: Flow::ReferralMechanism,
        copy: true,
        ..plain(force)
    }));
    found
}

/// A school is of one authority; a force or a health board is of several, and none is guessed.
fn of_sender(item: &Submission, authorities: &Authorities) -> Option<AuthorityCode> {
    let code = match item.from.kind() {
        OrganisationKind::School => item.from.code().parse::<Laestab>().ok()?.authority(),
        OrganisationKind::LocalAuthority => item.from.code().parse().ok()?,
        OrganisationKind::PoliceForce
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => return None,
    };
    authorities.by_code(&code).map(|authority| authority.code.clone())
}

/// R15: where exploitation is indicated, the police force of the area is told as first responder, unless police tell it.
fn first_responder(
    item: &Submission,
    authority: Option<&AuthorityCode>,
    authorities: &Authorities,
) -> Option<OrganisationId> {
    let asked = item.facts.exploitation_indicated
        && !item.flow.asks_consent()
        && item.from.kind() != OrganisationKind::PoliceForce;
    let authority = authorities.by_code(authority.filter(|_| asked)?)?;
    OrganisationId::new(OrganisationKind::PoliceForce, authority.force.as_str()).ok()
}

/// Whether the reference data could know this organisation.
fn is_known(organisation: &OrganisationId, authorities: &Authorities) -> bool {
    let code = organisation.code();
    match organisation.kind() {
        OrganisationKind::LocalAuthority => {
            code.parse().is_ok_and(|code| authorities.by_code(&code).is_some())
        }
        OrganisationKind::PoliceForce => code.parse::<ForceCode>().is_ok(),
        OrganisationKind::School => code.parse::<Laestab>().is_ok(),
        OrganisationKind::HealthBoard | OrganisationKind::Provider => true,
        OrganisationKind::Operator => false,
    }
}
