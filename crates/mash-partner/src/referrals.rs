//! Referrals that an organisation makes: submit, amend, withdraw, look.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    clock::ids,
    incident::{CaseId, rules::day_of},
    organisation::OrganisationId,
    referral::report::Report,
};
use mash_proto::{
    convert::{
        Violation,
        clock::clock_to_wire,
        referral::{content_of, facts_of, flow_of, kind_to_wire, urgency_to_wire},
        time_to_wire,
    },
    disclosure::v1::Content,
    referral::v1::{self as wire, ItemKind, ItemSubmitted},
};
use mash_store::{
    StoreError,
    keys::{self, Scope},
    outbox,
};
use prost::Message as _;

use crate::{
    Call, Page, Partner, PartnerError,
    clocks::{End, end},
    error::REFERENCE,
    items::{item_id, number, submitted},
    nation_of,
    prompts::{kinds, settle},
    store::{
        Conn, Owner,
        clocks::{self, ClockRow},
        feedback::{self, FeedbackRow},
        prompts,
        referrals::{self, Progress, ReferralRow},
    },
};

/// A report to submit, and the organisation's own reference for it.
#[derive(Clone)]
pub struct Submission {
    /// 1 to 64 of `[0-9A-Za-z/._-]`, no personal data, another one for each child.
    pub reference: String,
    /// The report.
    pub report: Report,
}

impl Submission {
    /// A report and the reference for it, as they were read; every fault of both at once.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Invalid`] with every fault.
    pub fn of(reference: &str, report: Result<Report, PartnerError>) -> Result<Self, PartnerError> {
        match (reference_fault("reference", reference), report) {
            (None, report) => Ok(Self { reference: reference.to_owned(), report: report? }),
            (Some(fault), Err(PartnerError::Invalid(faults))) => {
                Err(PartnerError::Invalid(std::iter::once(fault).chain(faults).collect()))
            }
            (Some(fault), Ok(_)) => Err(PartnerError::Invalid(vec![fault])),
            (Some(_), Err(error)) => Err(error),
        }
    }
}

/// The clocks that end when a hub says that it has the referral.
pub(crate) const ENDED_BY_RECEIPT: [&str; 2] = [ids::CHASE_ACKNOWLEDGEMENT, ids::CUSTODY_REFERRAL];

impl Partner {
    /// The opaque id of the referral that this organisation knows by this reference.
    #[must_use]
    pub fn case_id(&self, organisation: &OrganisationId, reference: &str) -> CaseId {
        self.secret.referral_id(&organisation.to_string(), reference)
    }

    /// Submits a report. When the call is finished, it is durable and will end decided, with feedback, or escalated.
    ///
    /// # Errors
    ///
    /// [`PartnerError::ReferenceUsed`] if the organisation has used the reference.
    pub async fn submit(
        &self,
        call: &mut Call,
        Submission { reference, report }: Submission,
    ) -> Result<wire::SentReferral, PartnerError> {
        if let Some(fault) = reference_fault("reference", &reference) {
            return Err(PartnerError::Invalid(vec![fault]));
        }
        let reference = reference.trim();
        let case_id = self.case_id(&call.organisation, reference);
        let item = item_id(&[&case_id.to_string(), "referral"]);
        let event = event(call, &report, Ids { case_id, item_id: &item, reference, revision: 1 });
        let row = ReferralRow {
            seq: 0,
            organisation: call.key.clone(),
            case_id: case_id.to_string(),
            item_id: item,
            reference: reference.to_owned(),
            revision: 1,
            progress: Progress::Submitted,
            awaits_writing: report.awaits_writing(),
            practitioner: call.practitioner.clone(),
            submitted: call.now,
            authorities: Vec::new(),
            withheld: Vec::new(),
            event: event.encode_to_vec(),
        };
        // Both keys of a new case at once: that of what is kept, and that of what travels.
        let scopes = [referrals::scope(&row.case_id), Scope::payload(&row.case_id)];
        keys::to_seal(&mut call.tx, &scopes).await?;
        if !referrals::insert(&mut call.tx, self.agency.component, &row).await? {
            return Err(PartnerError::ReferenceUsed(name(case_id)));
        }
        let message = submitted(&self.agency, &event, call.now);
        outbox::enqueue(&mut call.tx, self.agency.component, &[message]).await?;
        let clocks = self.start_clocks(call, case_id, &report).await?;
        call.record("submit", &name(case_id)).await?;
        // It is new: nothing was answered, and no clock has rung.
        Ok(shown(&row, (&[], &clocks), Vec::new(), call.now))
    }

    /// The clocks of a referral that is new, so that none of them can run already.
    async fn start_clocks(
        &self,
        call: &mut Call,
        case_id: CaseId,
        report: &Report,
    ) -> Result<Vec<ClockRow>, StoreError> {
        let (subject, now) = (name(case_id), call.now);
        let home = report.child.address.as_ref().and_then(|address| address.authority.as_ref());
        let nation = nation_of(&[report.place_authority.as_ref(), home], &call.organisation);
        let telephoned = report.telephoned.as_ref().filter(|call| call.to_be_confirmed);
        let chase = (ids::CHASE_ACKNOWLEDGEMENT, kinds::CHASE, now);
        let confirm = telephoned
            .map(|call| (ids::WRITTEN_CONFIRMATION, kinds::CONFIRM_IN_WRITING, call.time));
        let mut started = Vec::new();
        for (rule, prompt, at) in std::iter::once(chase).chain(confirm) {
            started.extend(self.start_new_clock(call, (&subject, rule, prompt), at, nation).await?);
        }
        Ok(started)
    }

    /// Replaces the content of a referral by a new revision. A report by telephone is confirmed in writing by a revision
    /// that is not to be confirmed any more.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Stale`] if somebody else was faster, [`PartnerError::Withdrawn`], [`PartnerError::NotFound`].
    pub async fn amend(
        &self,
        call: &mut Call,
        case_id: CaseId,
        expected_revision: i32,
        report: &Report,
    ) -> Result<wire::SentReferral, PartnerError> {
        let mut row = self.locked(call, case_id).await?;
        if row.progress == Progress::Withdrawn {
            return Err(PartnerError::Withdrawn);
        }
        if row.revision != i64::from(expected_revision) {
            return Err(PartnerError::Stale { current: row.revision });
        }
        self.revise(call, &mut row, report).await?;
        call.record("amend", &name(case_id)).await?;
        self.told(call, case_id).await
    }

    /// Confirms in writing what was told by telephone.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotTelephoned`] if nothing waits for that; otherwise as [`Partner::amend`].
    pub async fn confirm_in_writing(
        &self,
        call: &mut Call,
        case_id: CaseId,
        report: &Report,
    ) -> Result<wire::SentReferral, PartnerError> {
        let mut row = self.locked(call, case_id).await?;
        if row.progress == Progress::Withdrawn {
            return Err(PartnerError::Withdrawn);
        }
        if !row.awaits_writing {
            return Err(PartnerError::NotTelephoned);
        }
        let mut written = report.clone();
        if let Some(telephoned) = &mut written.telephoned {
            telephoned.to_be_confirmed = false;
        }
        self.revise(call, &mut row, &written).await?;
        call.record("confirm", &name(case_id)).await?;
        self.told(call, case_id).await
    }

    async fn revise(
        &self,
        call: &mut Call,
        row: &mut ReferralRow,
        report: &Report,
    ) -> Result<(), PartnerError> {
        let case_id: CaseId =
            row.case_id.parse().map_err(|_| StoreError::Corrupt("the case of a referral"))?;
        row.revision += 1;
        let (item, reference) = (row.item_id.clone(), row.reference.clone());
        let ids = Ids { case_id, item_id: &item, reference: &reference, revision: row.revision };
        let event = event(call, report, ids);
        let confirmed = row.awaits_writing && !report.awaits_writing();
        row.awaits_writing &= !confirmed;
        // What was withheld is tried again with what it says now.
        if row.progress == Progress::Withheld {
            row.progress = Progress::Submitted;
            row.withheld.clear();
        }
        row.event = event.encode_to_vec();
        referrals::update(&mut call.tx, row).await?;
        let message = submitted(&self.agency, &event, call.now);
        outbox::enqueue(&mut call.tx, self.agency.component, &[message]).await?;
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let subject = name(case_id);
        if confirmed {
            let what = (subject.as_str(), ids::WRITTEN_CONFIRMATION);
            end(&mut call.tx, owner, what, End::Met(call.now)).await?;
        }
        Ok(settle(&mut call.tx, owner, (&subject, kinds::NOT_DELIVERED), call.now).await?)
    }

    /// Withdraws a referral: what went out is recalled.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Withdrawn`] if it was before, [`PartnerError::NotFound`].
    pub async fn withdraw(
        &self,
        call: &mut Call,
        case_id: CaseId,
    ) -> Result<wire::SentReferral, PartnerError> {
        let mut row = self.locked(call, case_id).await?;
        if row.progress == Progress::Withdrawn {
            return Err(PartnerError::Withdrawn);
        }
        row.revision += 1;
        row.progress = Progress::Withdrawn;
        row.awaits_writing = false;
        let last = ItemSubmitted::decode(row.event.as_slice())
            .map_err(|_| StoreError::Corrupt("a submitted referral"))?;
        let event = ItemSubmitted {
            revision: number(row.revision),
            content: None,
            withdrawn: true,
            submit_time: Some(time_to_wire(call.now)),
            practitioner: call.practitioner.clone(),
            ..last
        };
        row.event = event.encode_to_vec();
        referrals::update(&mut call.tx, &row).await?;
        let message = submitted(&self.agency, &event, call.now);
        outbox::enqueue(&mut call.tx, self.agency.component, &[message]).await?;
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let subject = name(case_id);
        for clock in clocks::of_subject(&mut call.tx, owner, &subject).await? {
            let what = (subject.as_str(), clock.clock.rule());
            end(&mut call.tx, owner, what, End::Cancelled(call.now)).await?;
        }
        settle(&mut call.tx, owner, (&subject, kinds::NOT_DELIVERED), call.now).await?;
        call.record("withdraw", &subject).await?;
        self.told(call, case_id).await
    }

    async fn locked(&self, call: &mut Call, case_id: CaseId) -> Result<ReferralRow, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let found = referrals::lock(&mut call.tx, owner, &case_id.to_string()).await?;
        found.ok_or(PartnerError::NotFound)
    }

    /// When a referral of the caller was first submitted: by what the age of its child is reckoned.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if the caller has no such referral.
    pub async fn submitted_at(
        &self,
        caller: &Caller,
        case_id: CaseId,
    ) -> Result<Timestamp, PartnerError> {
        let organisation = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let owner = self.owner(&organisation);
        let found = referrals::find(&mut conn, owner, &case_id.to_string()).await?;
        Ok(found.ok_or(PartnerError::NotFound)?.submitted)
    }

    /// One referral of the caller's organisation, with what was submitted last.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if the caller has no such referral.
    pub async fn get_referral(
        &self,
        caller: &Caller,
        case_id: CaseId,
    ) -> Result<(wire::SentReferral, Option<Content>), PartnerError> {
        let organisation = caller.organisation.to_string();
        let owner = self.owner(&organisation);
        let mut conn = self.store.read().await?;
        let found = referrals::find(&mut conn, owner, &case_id.to_string()).await?;
        let row = found.ok_or(PartnerError::NotFound)?;
        let referral = show(&mut conn, owner, &row, self.clock.now()).await?;
        drop(conn);
        self.looked(caller, "read-referral", &referral.name).await?;
        let event = ItemSubmitted::decode(row.event.as_slice())
            .map_err(|_| StoreError::Corrupt("a submitted referral"))?;
        Ok((referral, event.content))
    }

    /// The referrals of the caller's organisation, oldest first, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] if the store fails.
    pub async fn list_referrals(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::SentReferral>, String), PartnerError> {
        let organisation = caller.organisation.to_string();
        let owner = self.owner(&organisation);
        let mut conn = self.store.read().await?;
        let rows = referrals::list(&mut conn, owner, page.after, page.limit()).await?;
        let (rows, next) = page.cut(rows, |row| row.seq);
        let now = self.clock.now();
        let mut shown = Vec::with_capacity(rows.len());
        for row in &rows {
            shown.push(show(&mut conn, owner, row, now).await?);
        }
        drop(conn);
        self.looked(caller, "list-referrals", "referrals").await?;
        Ok((shown, next))
    }

    /// The referral as it stands in this call.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if the caller has no such referral.
    pub async fn told(
        &self,
        call: &mut Call,
        case_id: CaseId,
    ) -> Result<wire::SentReferral, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let found = referrals::find(&mut call.tx, owner, &case_id.to_string()).await?;
        let row = found.ok_or(PartnerError::NotFound)?;
        Ok(show(&mut call.tx, owner, &row, call.now).await?)
    }
}

/// What is wrong with an organisation's own reference, which stands in this field; nothing if it will do.
#[must_use]
pub fn reference_fault(field: &str, reference: &str) -> Option<Violation> {
    let reference = reference.trim();
    let fits = (1..=64).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    (!fits).then(|| Violation {
        field: field.to_owned(),
        code: REFERENCE,
        description:
            "1 to 64 letters, digits, slashes, dots, hyphens or underscores; no personal data"
                .to_owned(),
    })
}

/// The name of a referral.
pub(crate) fn name(case_id: CaseId) -> String {
    format!("referrals/{case_id}")
}

#[derive(Clone, Copy)]
struct Ids<'a> {
    case_id: CaseId,
    item_id: &'a str,
    reference: &'a str,
    revision: i64,
}

fn event(call: &Call, report: &Report, ids: Ids<'_>) -> ItemSubmitted {
    let authority = |code: Option<&mash_domain::identifier::AuthorityCode>| {
        code.map_or_else(String::new, |code| code.as_str().to_owned())
    };
    let home = report.child.address.as_ref().and_then(|address| address.authority.as_ref());
    let mut content = content_of(report);
    let stated = facts_of(report, day_of(call.now));
    let facts = wire::StatedFacts { third_party_relevant: call.vouched, ..stated };
    // Whom to ask is whoever submitted it, by the id that the organisation knows her by.
    if let Some(officer) = content.officer.as_mut() {
        officer.reference = call.practitioner.clone();
        officer.organisation = call.key.clone();
    }
    ItemSubmitted {
        case_id: ids.case_id.to_string(),
        item_id: ids.item_id.to_owned(),
        revision: number(ids.revision),
        kind: ItemKind::Referral.into(),
        flow: flow_of(report).word().to_owned(),
        from: Some((&call.organisation).into()),
        to: Vec::new(),
        reply_to: String::new(),
        content: Some(content),
        facts: Some(facts),
        place_authority_code: authority(report.place_authority.as_ref()),
        home_authority_code: authority(home),
        report_kind: kind_to_wire(report.kind),
        urgency: urgency_to_wire(report.urgency),
        acknowledge_by_time: None, // The hub's own clocks run.
        submit_time: Some(time_to_wire(call.now)),
        reference: ids.reference.to_owned(),
        practitioner: call.practitioner.clone(),
        withdrawn: false,
    }
}

async fn show(
    conn: &mut Conn,
    owner: Owner<'_>,
    row: &ReferralRow,
    now: Timestamp,
) -> Result<wire::SentReferral, StoreError> {
    let subject = format!("referrals/{}", row.case_id);
    let feedback = feedback::of_case(conn, owner, &row.case_id).await?;
    let clocks = clocks::of_subject(conn, owner, &subject).await?;
    let prompts = prompts::of_subject(conn, owner, &subject).await?;
    Ok(shown(row, (&feedback, &clocks), prompts, now))
}

fn shown(
    row: &ReferralRow,
    (feedback, clocks): (&[FeedbackRow], &[ClockRow]),
    prompts: Vec<String>,
    now: Timestamp,
) -> wire::SentReferral {
    let authorities = row.authorities.iter().filter_map(|text| text.parse().ok());
    wire::SentReferral {
        name: format!("referrals/{}", row.case_id),
        reference: row.reference.clone(),
        revision: number(row.revision),
        state: state(row).into(),
        submit_time: Some(time_to_wire(row.submitted)),
        authorities: authorities.map(|id: OrganisationId| (&id).into()).collect(),
        feedback: feedback.iter().map(crate::feedback::to_wire).collect(),
        clocks: clocks.iter().map(|row| clock_to_wire(&row.clock, now)).collect(),
        prompts,
        withheld_codes: row.withheld.clone(),
    }
}

const fn state(row: &ReferralRow) -> wire::SentState {
    match row.progress {
        Progress::Withdrawn => wire::SentState::Withdrawn,
        Progress::Withheld => wire::SentState::Withheld,
        Progress::Decided => wire::SentState::Decided,
        // A note of a call is not a report yet, whoever has it.
        Progress::Submitted | Progress::Received if row.awaits_writing => {
            wire::SentState::Telephoned
        }
        Progress::Received => wire::SentState::Received,
        Progress::Submitted => wire::SentState::Submitted,
    }
}
