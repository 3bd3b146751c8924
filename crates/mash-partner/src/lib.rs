//! What police, health, education and hubs have in common when they work with a hub of an authority: the referrals that
//! they sent, the questions that they were asked, the discussions to which they were invited, what they were told, what
//! they disagree with, and the clocks and prompts of all that.
//!
//! Each agency's service speaks its own words and keeps what no other agency has; here is the part that would otherwise be
//! written several times. Deliberately absent: gRPC, and any decision on who is told what (that is for routing).
//!
//! # How a service uses it
//!
//! A use case that changes something begins a [`Call`], which is one transaction that knows the caller, the time and the
//! request id; does its part and that of the service in it; and finishes it with the bytes of the answer. A repeat gets
//! those bytes back:
//!
//! ```ignore
//! let call = match partner.begin(&caller, "SubmitReferral", &request_id, &request_bytes).await? {
//!     Begun::Fresh(call) => call,
//!     Begun::Done(bytes) => return Ok(Response::decode(&*bytes)?),
//! };
//! let mut call = call;
//! let referral = partner.submit(&mut call, Submission { reference, report }).await?;
//! my_store::insert(call.tx(), &mine).await?; // The service's own rows, in the same transaction.
//! call.finish(&Response { referral: Some(referral) }).await
//! ```
//!
//! The service publishes the outbox of [`Agency::component`] with its own relay, runs [`Partner::handler`] as an intake, and
//! calls [`Partner::tick`] from its own tick. All services may share one database: rows are kept apart by agency and
//! organisation, consumers by group.

mod call;
mod clocks;
mod disagreements;
mod enquiries;
mod error;
mod feedback;
mod intake;
mod invitations;
mod items;
mod names;
mod prompts;
mod referrals;
mod store;
mod tick;
mod unreadable;

use std::sync::Arc;

use mash_bus::Handler;
use mash_chassis::{CaseSecret, Clock};
use mash_domain::{
    authority::Authorities,
    identifier::AuthorityCode,
    nation::Nation,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::referral::v1::ItemKind;
use mash_store::{Store, StoreError};

pub use call::{Begun, Call};
pub use disagreements::{Grounds, Subject};
pub use enquiries::{Answer, NoAnswer};
pub use error::{
    ANSWERED, CANCELLED, DISAGREEMENT, INVALID, NAME, NO_ANSWER, NO_REASON, NOT_OURS,
    NOT_TELEPHONED, NOT_THE_REFERRER, NOTHING_DECIDED, PAGE, POISON, PartnerError, REFERENCE,
    REFERENCE_USED, REQUEST_ID, REQUEST_ID_REUSED, STALE, STORE, UNREADABLE, WITHDRAWN, WORD,
};
pub use invitations::Attendance;
pub use names::{Page, case_of, id_of};
pub use prompts::kinds as prompt_kinds;
pub use referrals::{Submission, reference_fault};
pub use unreadable::{LEFT_ALONE, tell_unreadable};

/// A service that works with hubs: what keeps its rows, its events and its consumers apart from those of the others.
#[derive(Clone, Copy)]
pub struct Agency {
    /// The component under which its outbox is published; also how its rows are told apart.
    pub component: &'static str,
    /// The source of what it publishes, such as `mash/police`.
    pub source: &'static str,
    /// The consumer group of its intake, such as `police-items`.
    pub group: &'static str,
    /// The topics that its intake reads.
    pub topics: &'static [&'static str],
    /// The kinds of organisation whose items it takes in. Items for another kind are refused as a dead letter.
    pub kinds: &'static [OrganisationKind],
    /// Kinds of items that another handler of the same service takes in, and this one leaves alone.
    pub elsewhere: &'static [ItemKind],
    /// Whether it is the only service that makes referrals for these organisations. Feedback on a referral that it does not
    /// know is then refused as a dead letter; otherwise it is somebody else's, and left alone.
    pub alone: bool,
}

/// The part of a service that works with hubs. Cloning is cheap.
#[derive(Clone)]
pub struct Partner {
    store: Store,
    clock: Arc<dyn Clock>,
    secret: CaseSecret,
    agency: Agency,
}

impl Partner {
    /// Brings the tables up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be brought up to date.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        secret: CaseSecret,
        agency: Agency,
    ) -> Result<Self, StoreError> {
        store::migrate(&store).await?;
        Ok(Self { store, clock, secret, agency })
    }

    /// What takes in items for the organisations of this service.
    #[must_use]
    pub fn handler(&self) -> Arc<dyn Handler> {
        Arc::new(intake::Items(self.clone()))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    fn owner<'a>(&self, organisation: &'a str) -> store::Owner<'a> {
        store::Owner { agency: self.agency.component, organisation }
    }
}

/// Whose law holds for what this organisation sends: that of the first of these authorities that is known, or of its own
/// area. An area that nobody knows is taken for one of Wales, whose limits are not the longer ones.
#[must_use]
pub fn nation_of(authorities: &[Option<&AuthorityCode>], organisation: &OrganisationId) -> Nation {
    let known = Authorities::builtin();
    let named = authorities.iter().flatten().find_map(|code| known.by_code(code));
    named.map_or_else(|| nation_of_organisation(organisation), |authority| authority.nation)
}

fn nation_of_organisation(organisation: &OrganisationId) -> Nation {
    let (known, code) = (Authorities::builtin(), organisation.code());
    let authority = match organisation.kind() {
        OrganisationKind::PoliceForce => {
            known.iter().find(|authority| authority.force.as_str() == code)
        }
        OrganisationKind::School | OrganisationKind::LocalAuthority => {
            let first: String = code.chars().take(3).collect();
            first.parse().ok().and_then(|code| known.by_code(&code))
        }
        OrganisationKind::HealthBoard => {
            known.iter().find(|authority| authority.health_board.as_deref() == Some(code))
        }
        OrganisationKind::Provider | OrganisationKind::Operator => None,
    };
    authority.map_or(Nation::Wales, |authority| authority.nation)
}
