//! Who leads a case, and so hears who looked.

use mash_chassis::fault;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::referral::v1::ItemKind;
use mash_store::ReadConn;
use tonic::Status;

use crate::{
    items::file::{CaseFile, Item},
    once::failed,
    store::{items, rights as store},
};

/// Whether this organisation leads the case: it reported the incident, or works the referral. The operator may ask
/// about each.
pub(super) async fn leads(
    conn: &mut ReadConn,
    organisation: &OrganisationId,
    case: &str,
) -> Result<(), Status> {
    let cases = [case.to_owned()];
    let forces = store::forces(conn, &cases).await.map_err(|error| failed(&error))?;
    let files = items::read(conn, &cases).await.map_err(|error| failed(&error))?;
    let file = files.get(case).filter(|file| file.items().next().is_some());
    let leads = match organisation.kind() {
        OrganisationKind::Operator => file.is_some() || forces.contains_key(case),
        OrganisationKind::PoliceForce => {
            forces.get(case).is_some_and(|force| force.as_str() == organisation.code())
        }
        OrganisationKind::LocalAuthority => file.is_some_and(|file| {
            file.works_the_case(organisation) || stands_for(file, organisation)
        }),
        OrganisationKind::School | OrganisationKind::HealthBoard | OrganisationKind::Provider => {
            false
        }
    };
    if leads { Ok(()) } else { Err(fault::not_found()) }
}

/// Whether this authority says in this case whether the child is protected: looks at that are for it.
fn stands_for(file: &CaseFile, authority: &OrganisationId) -> bool {
    let says = |item: &Item| item.kind == ItemKind::ProtectionStatus && item.from == *authority;
    file.items().any(says)
}
