//! Who is calling.

use std::fmt;

use mash_domain::organisation::OrganisationId;
use tonic::Status;

use crate::fault;

/// The organisation that its certificate proved, and the practitioner it names.
///
/// The access layer puts it into the extensions of each request that it lets through; nothing else does.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The practitioner on whose behalf the call is made, as the organisation knows her.
    pub practitioner: Option<String>,
}

impl Caller {
    /// The caller of this request.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED if no access layer stood before the service.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        request.extensions().get::<Self>().cloned().ok_or_else(fault::unauthenticated)
    }
}

impl fmt::Debug for Caller {
    /// Without the practitioner, who is a person.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Caller({})", self.organisation)
    }
}
