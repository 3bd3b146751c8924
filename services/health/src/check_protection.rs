//! Somebody looks whether a child is on a plan or looked after: by NHS number, with her role and her reason, from an index
//! that is here. Every look is on record, and the authority is told.

use mash_chassis::Caller;
use mash_domain::{
    health::{
        protection::{self as rules, QUOTA_SPAN},
        staff::Professional,
    },
    identifier::NhsNumber,
    incident::{Limit, Private},
    organisation::OrganisationId,
    sharing::Flow,
};
use mash_partner::Call;
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, codes, contact_of, professional_to_wire},
        read::At,
        time_to_wire,
    },
    disclosure::v1::{Content, ProfessionalContact},
    envelope::event_id,
    health::v1 as wire,
    referral::v1::{ItemKind, ItemSubmitted, StatedFacts},
};
use mash_store::outbox;

use crate::{
    COMPONENT, Service,
    call::Opened,
    error::Refusal,
    send::submitted,
    store::{
        lookups::{self, LookupRow},
        next_seq,
        protection::{self, ProtectionRow},
    },
    take_protection::answers_to_wire,
};

struct Read {
    number: NhsNumber,
    by: Professional,
    setting: wire::CareSetting,
    reason: Private,
}

/// The fewest characters of a reason.
const REASON_LEAST: usize = 5;

impl Service {
    pub(crate) async fn check_protection(
        &self,
        caller: &Caller,
        request: wire::CheckProtectionRequest,
    ) -> Result<wire::CheckProtectionResponse, Refusal> {
        let read = read_request(request.clone(), caller);
        let what = (request.request_id.as_str(), &request);
        let (mut call, read) = match self.open((caller, "CheckProtection"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let board = caller.organisation.to_string();
        // Takes the turn of the board, so that looks at the same moment cannot slip past the quota together.
        let seq = next_seq(call.tx(), &board, "lookups").await?;
        self.count(&mut call, &board).await?;
        let hash = self.number_hash(&read.number);
        let told = protection::of_number(call.tx(), &board, &hash).await?;
        let heard = protection::heard(call.tx(), &board).await?;
        let standings: Vec<_> = told.iter().map(|row| row.standing).collect();
        let answers = rules::answer(&standings, heard, call.now, self.patience);
        let told: Vec<ProtectionRow> =
            told.into_iter().filter(|row| !row.standing.answers().is_empty()).collect();
        let id = event_id(&["health", "lookup", &board, &seq.to_string()]).to_string();
        let lookup = wire::Lookup {
            name: format!("lookups/{id}"),
            time: Some(time_to_wire(call.now)),
            practitioner: call.practitioner.clone(),
            professional: Some(professional_to_wire(&read.by)),
            setting: read.setting.into(),
            reason: read.reason.as_str().to_owned(),
            answers: answers_to_wire(&answers),
            told: told.iter().filter_map(|row| row.entry.authority.clone()).collect(),
        };
        for row in &told {
            self.tell_authority(&mut call, (&id, row), &read).await?;
        }
        let kept = LookupRow {
            seq,
            id: &id,
            board: &board,
            practitioner: &lookup.practitioner,
            at_ms: call.now.as_millisecond(),
            number_hash: &hash,
            lookup: &lookup,
        };
        lookups::insert(call.tx(), &kept).await?;
        let found = wire::Protection {
            answers: lookup.answers.clone(),
            entries: told.into_iter().map(|row| row.entry).collect(),
            heard_time: heard.map(time_to_wire),
        };
        let (protection, lookup) = (Some(found), Some(lookup));
        Ok(call.finish(wire::CheckProtectionResponse { protection, lookup }).await?)
    }

    /// Refuses who looks more often than caring for children can need.
    async fn count(&self, call: &mut Call, board: &str) -> Result<(), Refusal> {
        let from = call.now.checked_sub(QUOTA_SPAN).unwrap_or(call.now);
        let who = (board, call.practitioner.clone());
        let who = (who.0, who.1.as_str());
        let looks = lookups::since(call.tx(), who, from.as_millisecond()).await?;
        if self.quota.allows(looks.0, looks.1) {
            return Ok(());
        }
        tracing::warn!(
            board,
            lookups.practitioner = looks.0,
            lookups.board = looks.1,
            "a look-up was refused because there were too many in a minute"
        );
        Err(Refusal::Trawling)
    }

    /// Tells the lead social worker who looked: a professional's contact, and nothing of the child.
    async fn tell_authority(
        &self,
        call: &mut Call,
        (lookup, row): (&str, &ProtectionRow),
        read: &Read,
    ) -> Result<(), Refusal> {
        let authority: OrganisationId = row
            .authority
            .parse()
            .map_err(|_| mash_store::StoreError::Corrupt("the authority of a protected child"))?;
        let contact = contact_of(&read.by);
        let looked = ProfessionalContact {
            role: format!("{}, {}", contact.role, setting_word(read.setting)),
            organisation: call.organisation.to_string(),
            ..contact
        };
        let item = ItemSubmitted {
            case_id: row.case_id.clone(),
            item_id: event_id(&["item", "lookup", lookup, &row.release_id]).to_string(),
            revision: 1,
            kind: ItemKind::Lookup.into(),
            flow: Flow::Lookup.word().to_owned(),
            from: Some((&call.organisation).into()),
            to: vec![(&authority).into()],
            reply_to: row.item_id.clone(),
            content: Some(Content { officer: Some(looked), ..Content::default() }),
            facts: Some(StatedFacts { child_under_18: true, ..StatedFacts::default() }),
            submit_time: Some(time_to_wire(call.now)),
            reference: lookup.to_owned(),
            practitioner: call.practitioner.clone(),
            ..ItemSubmitted::default()
        };
        let message = submitted(&item, call.now);
        Ok(outbox::enqueue(call.tx(), COMPONENT, &[message]).await?)
    }
}

fn setting_word(setting: wire::CareSetting) -> String {
    let word = setting.as_str_name().trim_start_matches("CARE_SETTING_");
    word.to_ascii_lowercase().replace('_', "-")
}

fn read_request(
    request: wire::CheckProtectionRequest,
    caller: &Caller,
) -> Result<Read, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let number_at = At::root("nhs_number");
    if request.nhs_number.is_empty() {
        reader.fault(&number_at, codes::MISSING, "is required");
    }
    let number = read::nhs_number_of(&mut reader, &number_at, &request.nhs_number);
    let by = (practitioner.as_str(), Entitled::Clinician);
    let by = read::professional(&mut reader, &At::root("professional"), request.professional, by);
    let setting = wire::CareSetting::try_from(request.setting).ok();
    let setting = setting.filter(|setting| *setting != wire::CareSetting::Unspecified);
    let setting = reader.coded(&At::root("setting"), setting.ok_or(()));
    let reason_at = At::root("reason");
    let reason = reader.text(&reason_at, &request.reason, Limit::paragraphs(400));
    if reason.as_str().chars().count() < REASON_LEAST {
        reader.fault(&reason_at, codes::NO_REASON, "say why, in at least 5 characters");
    }
    let read = match (number, by, setting) {
        (Some(number), Some(by), Some(setting)) => Some(Read { number, by, setting, reason }),
        _ => None,
    };
    reader.finish(read)
}
