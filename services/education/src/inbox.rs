//! The same use cases as over gRPC, for a screen that is served in the same process.
//!
//! Whoever calls has proved who she is in another way than by a certificate; what she may see is decided here all the
//! same, by the same condition.

use mash_chassis::Caller;
use mash_domain::{
    calendar::DateRange,
    notice::{NoticeRefusal, NoticeState},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{disclosure::v1::ChildIdentity, education::v1 as wire, sharing::v1::SignedRecord};
use mash_store::{Store, StoreError};
use prost::Message as _;

use crate::{
    Service,
    directory::Shared,
    error::Refusal,
    store::{directory, notes, notices},
};

/// How many notices of a school are looked through for other ones about a child: some years of them.
const HISTORY: usize = 300;

/// What a screen calls.
#[derive(Clone)]
pub struct EducationInbox(pub(crate) Shared);

/// Why a call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboxRefusal {
    /// It does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// Fields with faults, each with the code of its page in `docs/errors`.
    #[error("{} fields have faults", .0.len())]
    Invalid(Vec<(String, String)>),
    /// Another revision has arrived since it was read.
    #[error("another revision has arrived")]
    Stale,
    /// Nobody has confirmed that the child is on the roll.
    #[error("the notice is sealed")]
    Sealed,
    /// Its state does not allow it.
    #[error("a notice that is {} does not allow it", .0.word())]
    State(NoticeState),
    /// Somebody else at the desk has it: this officer, by contact id.
    #[error("somebody else has it")]
    Taken(String),
    /// Only whoever has taken it can say that it was seen to.
    #[error("it was not taken by the caller")]
    NotTaken,
    /// The store failed; it is in the log.
    #[error("the store failed")]
    Failed,
}

impl From<Refusal> for InboxRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Invalid(faults) => {
                Self::Invalid(faults.into_iter().map(|it| (it.field, it.code.to_owned())).collect())
            }
            Refusal::Notice(NoticeRefusal::StaleRevision) => Self::Stale,
            Refusal::Notice(NoticeRefusal::Sealed) => Self::Sealed,
            Refusal::Notice(NoticeRefusal::State(state)) => Self::State(state),
            Refusal::RequestReused => Self::Stale,
            Refusal::Taken(by) => Self::Taken(by),
            Refusal::NotTaken => Self::NotTaken,
            Refusal::Store(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a call of the inbox failed in the store");
                Self::Failed
            }
        }
    }
}

/// A notice in a list.
#[derive(Clone)]
pub struct Listed {
    /// Without content.
    pub notice: wire::Notice,
    /// The child, once somebody has confirmed that she is on the roll.
    pub child: Option<ChildIdentity>,
}

/// Somebody who may sign in: a contact of a school or an officer of a desk.
#[derive(Clone)]
pub struct Person {
    /// Her contact entry.
    pub contact: wire::Contact,
    /// What her organisation is called; empty for an authority.
    pub organisation_name: String,
    /// The desks of which she is an officer, by their words; none for a school.
    pub desks: Vec<String>,
}

impl EducationInbox {
    /// A contact of a school or an officer of an authority as the directory has her now, if it still has her.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal::Failed`] if the store fails.
    pub async fn person(
        &self,
        organisation: &OrganisationId,
        practitioner: &str,
    ) -> Result<Option<Person>, InboxRefusal> {
        Ok(find_person(&self.0.store, organisation, practitioner).await.map_err(Refusal::from)?)
    }

    /// A page of the notices that the caller may see, the earliest deliver-by time first. Of those that are unsealed it
    /// tells the child, and that this was shown is recorded.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn list(
        &self,
        caller: &Caller,
        request: wire::ListNoticesRequest,
    ) -> Result<(Vec<Listed>, String), InboxRefusal> {
        let answer = self.0.list_notices(caller, request).await?;
        let listed = named(&self.0, caller, answer.notices, |_| true).await?;
        Ok((listed, answer.next_page_token))
    }

    /// As [`EducationInbox::list`], of those that nobody is awaited for and the latest first, from a place on that the page
    /// before told. A page looks at `size` notices and has fewer where some of those are open.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn recent(
        &self,
        caller: &Caller,
        page_token: &str,
        size: usize,
    ) -> Result<(Vec<Listed>, String), InboxRefusal> {
        let (mut notices, next) = self.0.recent_notices(caller, page_token, size).await?;
        notices.retain(|notice| !is_open(notice));
        Ok((named(&self.0, caller, notices, |_| true).await?, next))
    }

    /// One notice with what may be shown of it; that it was opened is recorded.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<wire::Notice, InboxRefusal> {
        Ok(self.0.get_notice(caller, name).await?)
    }

    /// The other notices about the same child among the latest that the caller may see, the latest first.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn history(
        &self,
        caller: &Caller,
        notice: &wire::Notice,
    ) -> Result<Vec<Listed>, InboxRefusal> {
        let Some(child) = notice.content.as_ref().and_then(|content| content.child.clone()) else {
            return Ok(Vec::new());
        };
        if notice.sealed {
            return Ok(Vec::new());
        }
        let (listed, _) = self.0.recent_notices(caller, "", HISTORY).await?;
        let others = listed.into_iter().filter(|it| it.name != notice.name).collect();
        Ok(named(&self.0, caller, others, |other| other.is_some_and(|it| same(it, &child))).await?)
    }

    /// The child is on the roll.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn confirm_roll(
        &self,
        caller: &Caller,
        request: wire::ConfirmRollRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.confirm_roll(caller, request).await?;
        Ok(())
    }

    /// A person has it and acts on it.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn acknowledge(
        &self,
        caller: &Caller,
        request: wire::AcknowledgeNoticeRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.acknowledge(caller, request).await?;
        Ok(())
    }

    /// The child is not on the roll.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn reject(
        &self,
        caller: &Caller,
        request: wire::RejectNoticeRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.reject(caller, request).await?;
        Ok(())
    }

    /// The school did something for the child.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn record_support(
        &self,
        caller: &Caller,
        request: wire::RecordSupportRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.record_support(caller, request).await?;
        Ok(())
    }

    /// Copies of a recalled notice were deleted.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn confirm_deletion(
        &self,
        caller: &Caller,
        request: wire::ConfirmDeletionRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.confirm_deletion(caller, request).await?;
        Ok(())
    }

    /// The statement of a day of the caller's authority, or of the latest, and the days that there are, the latest first.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`]; only officers of a desk read statements.
    pub async fn statement(
        &self,
        caller: &Caller,
        day: Option<&str>,
    ) -> Result<(Option<SignedRecord>, Vec<String>), InboxRefusal> {
        Ok(self.0.statement(caller, day).await?)
    }

    /// A page of what the caller's desk has to see to besides its notices, the oldest first.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`]; only officers of an education duty desk have any.
    pub async fn duties(
        &self,
        caller: &Caller,
        request: wire::ListDutiesRequest,
    ) -> Result<wire::ListDutiesResponse, InboxRefusal> {
        Ok(self.0.duties(caller, request).await?)
    }

    /// The caller takes what her desk has.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal::Taken`] if somebody else has it.
    pub async fn take_duty(
        &self,
        caller: &Caller,
        request: wire::TakeDutyRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.take_duty(caller, request).await?;
        Ok(())
    }

    /// The caller has seen to what a school sent back.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn complete_duty(
        &self,
        caller: &Caller,
        request: wire::CompleteDutyRequest,
    ) -> Result<(), InboxRefusal> {
        self.0.complete_duty(caller, request).await?;
        Ok(())
    }

    /// A page of what is stale in the directory of the caller's authority, the most pressing first.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`]; only officers of a desk are told.
    pub async fn directory_findings(
        &self,
        caller: &Caller,
        page_token: &str,
        page_size: i32,
    ) -> Result<wire::ListDirectoryFindingsResponse, InboxRefusal> {
        let request = wire::ListDirectoryFindingsRequest {
            authority_code: caller.organisation.code().to_owned(),
            page_size,
            page_token: page_token.to_owned(),
        };
        if caller.organisation.kind() != OrganisationKind::LocalAuthority {
            return Err(InboxRefusal::NotFound);
        }
        Ok(self.0.directory_findings(caller, request).await?)
    }

    /// The contacts of the caller's own school, in order.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`]; an authority has none here.
    pub async fn contacts(&self, caller: &Caller) -> Result<wire::Establishment, InboxRefusal> {
        let name = format!("establishments/{}", caller.organisation.code());
        if caller.organisation.kind() != OrganisationKind::School {
            return Err(InboxRefusal::NotFound);
        }
        Ok(self.0.get_establishment(caller, &name).await?)
    }

    /// The caller's own details are right as they stand today.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`].
    pub async fn confirm_contact(
        &self,
        caller: &Caller,
        request_id: &str,
    ) -> Result<(), InboxRefusal> {
        let establishment = self.contacts(caller).await?;
        let own = caller.practitioner.clone().unwrap_or_default();
        let today = self.0.today();
        let mut contacts = establishment.contacts;
        for contact in contacts.iter_mut().filter(|contact| contact.id == own) {
            contact.confirmed_date = Some(today.into());
        }
        let parent = establishment.name;
        let request =
            wire::ReplaceContactsRequest { request_id: request_id.to_owned(), parent, contacts };
        self.0.replace_contacts(caller, request).await?;
        Ok(())
    }
}

impl EducationInbox {
    /// The caller is away from the first of these days to the last, and `cover` is told in her place, if it is not empty;
    /// without days she is there.
    ///
    /// # Errors
    ///
    /// [`InboxRefusal`]; whoever covers must be another contact of the school.
    pub async fn set_absence(
        &self,
        caller: &Caller,
        request_id: &str,
        days: Option<DateRange>,
        cover: &str,
    ) -> Result<(), InboxRefusal> {
        let wire::Establishment { name: parent, mut contacts, .. } = self.contacts(caller).await?;
        let own = caller.practitioner.clone().unwrap_or_default();
        for contact in contacts.iter_mut().filter(|contact| contact.id == own) {
            contact.absence = days.map(|days| wire::DateRange {
                first: Some(days.first().into()),
                last: Some(days.last().into()),
            });
            contact.cover = days.map(|_| cover.to_owned()).unwrap_or_default();
        }
        let request =
            wire::ReplaceContactsRequest { request_id: request_id.to_owned(), parent, contacts };
        self.0.replace_contacts(caller, request).await?;
        Ok(())
    }
}

/// As [`EducationInbox::person`], for whoever has only the store.
///
/// # Errors
///
/// [`StoreError`] if it fails.
pub async fn find_person(
    store: &Store,
    organisation: &OrganisationId,
    practitioner: &str,
) -> Result<Option<Person>, StoreError> {
    let mut conn = store.read().await?;
    match organisation.kind() {
        OrganisationKind::School => {
            let found = directory::get(&mut conn, organisation.code()).await?;
            let Some(establishment) = found.map(|stored| stored.establishment) else {
                return Ok(None);
            };
            let organisation_name = establishment.display_name.clone();
            let contact = establishment.contacts.into_iter().find(|it| it.id == practitioner);
            Ok(contact.map(|contact| Person { contact, organisation_name, desks: Vec::new() }))
        }
        OrganisationKind::LocalAuthority => {
            let desks = directory::desks(&mut conn, organisation.code()).await?;
            let mut found: Option<Person> = None;
            for (desk, (_, officers)) in desks {
                let Some(contact) = officers.into_iter().find(|it| it.id == practitioner) else {
                    continue;
                };
                found
                    .get_or_insert_with(|| Person {
                        contact,
                        organisation_name: String::new(),
                        desks: Vec::new(),
                    })
                    .desks
                    .push(desk);
            }
            Ok(found)
        }
        OrganisationKind::PoliceForce
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => Ok(None),
    }
}

/// Puts the child to each notice that is unsealed and whose content the caller was told. Of these it keeps what is going
/// to be shown, by the child; only that is recorded as shown.
async fn named(
    service: &Service,
    caller: &Caller,
    listed: Vec<wire::Notice>,
    keep: impl Fn(Option<&ChildIdentity>) -> bool,
) -> Result<Vec<Listed>, Refusal> {
    let mut conn = service.store.read().await?;
    let view = Service::view(&mut conn, caller).await?;
    let may_name = |notice: &&wire::Notice| {
        let unopened =
            matches!(notice.state(), wire::NoticeState::Unspecified | wire::NoticeState::Delivered);
        !unopened && !notice.sealed
    };
    let ids: Vec<&str> = listed.iter().filter(may_name).map(id_of).collect();
    let mut records = notices::all_visible(&mut conn, &view, &ids).await?;
    let (mut found, mut shown) = (Vec::with_capacity(listed.len()), Vec::new());
    for notice in listed {
        let (mut child, mut told) = (None, None);
        if let Some(record) = records.remove(id_of(&notice)).filter(|it| view.was_told(it)) {
            child = record.to_wire_with_content().content.and_then(|content| content.child);
            told = child.is_some().then_some(record);
        }
        if keep(child.as_ref()) {
            shown.extend(told);
            found.push(Listed { notice, child });
        }
    }
    drop(conn);
    if !shown.is_empty() {
        let organisation = caller.organisation.to_string();
        let by = caller.practitioner.clone().unwrap_or_default();
        let mut tx = service.store.begin().await?;
        let who = (organisation.as_str(), by.as_str());
        notes::all_shown(&mut tx, &shown, who, service.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(found)
}

fn id_of(notice: &wire::Notice) -> &str {
    notice.name.trim_start_matches("notices/")
}

/// Whether nobody has dealt with it.
#[must_use]
pub fn is_open(notice: &wire::Notice) -> bool {
    use wire::NoticeState as S;
    matches!(notice.state(), S::Delivered | S::Opened | S::Escalated)
}

/// The same child, by what a school knows of her.
fn same(one: &ChildIdentity, other: &ChildIdentity) -> bool {
    let plain = |child: &ChildIdentity| {
        let names = format!("{} {}", child.given_names, child.family_name).to_lowercase();
        let born = child.date_of_birth.map(|date| date.encode_to_vec());
        (names.split_whitespace().collect::<Vec<_>>().join(" "), born)
    };
    plain(one) == plain(other)
}
