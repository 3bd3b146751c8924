//! What a team can do with a notice: list, read, acknowledge, confirm that a recalled one is gone.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    clock::Clock,
    health::{
        inbox::{Acknowledgement, Command, Event, NoticeState, TeamNotice},
        staff::Professional,
        team::Team,
    },
};
use mash_proto::{
    convert::{
        Violation,
        clock::clock_to_wire,
        health::{self as read, Entitled, codes, professional_from_stored, professional_to_wire},
        read::At,
        time_from_wire, time_to_wire, word_from_wire,
    },
    disclosure::v1::{Content, ReceiptKind},
    event::v1::Envelope,
    health::v1 as wire,
};
use mash_store::{StoreError, Tx, outbox};
use prost::Message as _;

use crate::{
    COMPONENT, Service,
    board::Board,
    call::{Opened, id_of, page},
    error::Refusal,
    prompts::CLOCK_WARNING,
    send::{Done, OfNotice, notice_receipt},
    store::notices::{self, NoticeRow, View},
};

/// The names of notices.
pub(crate) const NOTICES: &str = "notices/";

impl Service {
    pub(crate) async fn list_notices(
        &self,
        caller: &Caller,
        request: wire::ListNoticesRequest,
    ) -> Result<wire::ListNoticesResponse, Refusal> {
        let wire::ListNoticesRequest { page_size, page_token, open_only, team } = request;
        let page = page(page_size, &page_token)?;
        let only = if team == 0 {
            None
        } else {
            let read = word_from_wire::<wire::Team, Team>(team);
            let what = "must be one of the teams, or left out";
            Some(read.map_err(|_| Refusal::field("team", codes::NOT_AN_ANSWER, what))?)
        };
        let (board, mut conn) = (caller.organisation.to_string(), self.store.read().await?);
        let mut teams = teams_of(&mut conn, caller, &board).await?;
        if let Some(only) = only {
            teams.retain(|team| *team == only.word());
        }
        let view = View { board: &board, teams: &teams };
        let mut rows = notices::list(&mut conn, &view, open_only, page.and_one_more()).await?;
        let next_page_token = page.cut(&mut rows, |row| row.seq);
        // Who asks for one team does not want what no team has.
        rows.retain(|row| only.is_none_or(|only| row.team == only.word()));
        let now = self.clock.now();
        let notices = rows.iter().map(|row| show(row, now)).collect();
        Ok(wire::ListNoticesResponse { notices, next_page_token })
    }

    /// One notice with its content. That it was opened is told to the sender before the content is shown.
    pub(crate) async fn get_notice(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<wire::GetNoticeResponse, Refusal> {
        let id = id_of(NOTICES, name).map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let mut tx = self.store.begin().await?;
        let mut row = self.visible(&mut tx, caller, id).await?;
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        if !machine(&row)?.state.is_wiped() {
            self.command_notice(&mut tx, &mut row, (Command::Open, &practitioner), None).await?;
        }
        tx.commit().await?;
        let mut notice = show(&row, self.clock.now());
        if !row.content.is_empty() {
            let content = Content::decode(row.content.as_slice());
            notice.content =
                Some(content.map_err(|_| StoreError::Corrupt("the content of a notice"))?);
        }
        Ok(wire::GetNoticeResponse { notice: Some(notice) })
    }

    pub(crate) async fn acknowledge_notice(
        &self,
        caller: &Caller,
        request: wire::AcknowledgeNoticeRequest,
    ) -> Result<wire::AcknowledgeNoticeResponse, Refusal> {
        let read = read_acknowledgement(&request, caller);
        let what = (request.request_id.as_str(), &request);
        let opened = self.open((caller, "AcknowledgeNotice"), what, read).await?;
        let (mut call, (id, revision, by)) = match opened {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let mut row = self.visible(call.tx(), caller, &id).await?;
        let practitioner = call.practitioner.clone();
        let command = (Command::Acknowledge { by, revision }, practitioner.as_str());
        self.command_notice(call.tx(), &mut row, command, None).await?;
        call.record("acknowledge-notice", &id).await?;
        let notice = Some(show(&row, call.now));
        Ok(call.finish(wire::AcknowledgeNoticeResponse { notice }).await?)
    }

    pub(crate) async fn confirm_notice_deletion(
        &self,
        caller: &Caller,
        request: wire::ConfirmNoticeDeletionRequest,
    ) -> Result<wire::ConfirmNoticeDeletionResponse, Refusal> {
        let read = id_of(NOTICES, &request.name).map(str::to_owned).map_err(|fault| vec![fault]);
        let what = (request.request_id.as_str(), &request);
        let (mut call, id) = match self.open((caller, "ConfirmNoticeDeletion"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, id) => (call, id),
        };
        let mut row = self.visible(call.tx(), caller, &id).await?;
        let practitioner = call.practitioner.clone();
        let command = (Command::ConfirmDeletion, practitioner.as_str());
        self.command_notice(call.tx(), &mut row, command, None).await?;
        call.record("confirm-notice-deletion", &id).await?;
        let notice = Some(show(&row, call.now));
        Ok(call.finish(wire::ConfirmNoticeDeletionResponse { notice }).await?)
    }

    /// A notice of the caller's team, for her to change; what is not is not there.
    async fn visible(&self, tx: &mut Tx, caller: &Caller, id: &str) -> Result<NoticeRow, Refusal> {
        let board = caller.organisation.to_string();
        let teams = teams_of(tx, caller, &board).await?;
        let found = notices::lock(tx, id).await?;
        let hers = |row: &NoticeRow| {
            row.board == board
                && !row.case_id.is_empty()
                && (row.team.is_empty() || teams.contains(&row.team.as_str()))
        };
        found.filter(hers).ok_or(Refusal::NotFound)
    }

    /// Carries out a command, and writes what came of it and the receipt in the same transaction.
    pub(crate) async fn command_notice(
        &self,
        tx: &mut Tx,
        row: &mut NoticeRow,
        (command, practitioner): (Command, &str),
        cause: Option<&Envelope>,
    ) -> Result<Option<Event>, Refusal> {
        let now = self.clock.now();
        let (after, event) = machine(row)?.apply(command, now)?;
        keep(row, &after);
        let acknowledged = event == Some(Event::Acknowledged);
        if let Some(clock) = row.clock.as_mut().filter(|_| acknowledged) {
            clock.meet(now);
        }
        if after.state.is_wiped() {
            row.content.clear();
            if let Some(clock) = &mut row.clock {
                clock.cancel(now);
            }
        }
        if row.clock.as_ref().is_some_and(Clock::has_ended) {
            let subject = format!("{NOTICES}{}", row.id);
            let warning = (row.board.as_str(), subject.as_str(), CLOCK_WARNING);
            self.partner.settle_person(tx, warning).await?;
        }
        notices::put(tx, row).await?;
        if let Some(event) = event {
            tell(tx, row, (event, practitioner), (now, cause)).await?;
        }
        Ok(event)
    }
}

async fn teams_of(
    conn: &mut crate::store::Conn,
    caller: &Caller,
    board: &str,
) -> Result<Vec<&'static str>, StoreError> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    Ok(Board::load(conn, board).await?.teams_of(&practitioner))
}

/// The receipt for what happened, if the sender is told of it.
async fn tell(
    tx: &mut Tx,
    row: &NoticeRow,
    (event, practitioner): (Event, &str),
    (now, cause): (Timestamp, Option<&Envelope>),
) -> Result<(), Refusal> {
    let (kind, practitioner, reason) = match event {
        Event::Arrived => (ReceiptKind::Delivered, "", ""),
        Event::Opened => (ReceiptKind::Opened, practitioner, ""),
        Event::Acknowledged => (ReceiptKind::Acknowledged, practitioner, ""),
        Event::Escalated => {
            (ReceiptKind::Escalated, row.notice.escalated_to.as_str(), "unacknowledged")
        }
        Event::Deleted => (ReceiptKind::Deleted, practitioner, ""),
        Event::Recalled => return Ok(()),
    };
    let board = row.board.parse().map_err(|_| StoreError::Corrupt("the board of a notice"))?;
    let due = row.clock.as_ref().map(mash_domain::clock::Clock::due);
    let of = OfNotice {
        id: &row.id,
        duty_id: &row.duty_id,
        case_id: &row.case_id,
        board: &board,
        revision: row.notice.revision,
        due,
    };
    let late = due.is_some_and(|due| now > due);
    let done = Done { kind, practitioner, reason, late, now, cause };
    Ok(outbox::enqueue(tx, COMPONENT, &[notice_receipt(&of, &done)]).await?)
}

/// The machine in a row.
pub(crate) fn machine(row: &NoticeRow) -> Result<TeamNotice, StoreError> {
    let corrupt = || StoreError::Corrupt("a notice of health");
    let notice = &row.notice;
    let acknowledgement = match &notice.acknowledged_by {
        None => None,
        Some(by) => Some(Acknowledgement {
            by: professional_from_stored(by).ok_or_else(corrupt)?,
            at: notice
                .acknowledge_time
                .as_ref()
                .and_then(|time| time_from_wire(time).ok())
                .ok_or_else(corrupt)?,
            revision: u32::try_from(notice.acknowledged_revision).map_err(|_| corrupt())?,
        }),
    };
    Ok(TeamNotice {
        state: NoticeState::from_word(row.state).ok_or_else(corrupt)?,
        revision: u32::try_from(notice.revision).map_err(|_| corrupt())?,
        opened: row.opened,
        acknowledgement,
        escalated_to: Some(notice.escalated_to.clone()).filter(|to| !to.is_empty()),
        recalled: row.recalled.map(|at| (at, notice.recall_reason_code.clone())),
    })
}

/// Puts the machine back into its row.
fn keep(row: &mut NoticeRow, machine: &TeamNotice) {
    let TeamNotice { state, revision, opened, acknowledgement, escalated_to, recalled } = machine;
    row.state = state.word();
    row.opened = *opened;
    row.recalled = recalled.as_ref().map(|(at, _)| *at);
    let notice = &mut row.notice;
    notice.revision = i32::try_from(*revision).unwrap_or(i32::MAX);
    notice.acknowledged_by = acknowledgement.as_ref().map(|it| professional_to_wire(&it.by));
    notice.acknowledge_time = acknowledgement.as_ref().map(|it| time_to_wire(it.at));
    notice.acknowledged_revision =
        acknowledgement.as_ref().map_or(0, |it| i32::try_from(it.revision).unwrap_or(i32::MAX));
    notice.escalated_to = escalated_to.clone().unwrap_or_default();
    notice.recall_reason_code =
        recalled.as_ref().map(|(_, reason)| reason.clone()).unwrap_or_default();
}

/// A notice as it stands, without content.
pub(crate) fn show(row: &NoticeRow, now: Timestamp) -> wire::HealthNotice {
    let state = match NoticeState::from_word(row.state) {
        None => wire::HealthNoticeState::Unspecified,
        Some(NoticeState::Waiting) => wire::HealthNoticeState::Waiting,
        Some(NoticeState::Escalated) => wire::HealthNoticeState::Escalated,
        Some(NoticeState::Acknowledged) => wire::HealthNoticeState::Acknowledged,
        Some(NoticeState::Recalled) => wire::HealthNoticeState::Recalled,
        Some(NoticeState::Deleted) => wire::HealthNoticeState::Deleted,
    };
    wire::HealthNotice {
        name: format!("{NOTICES}{}", row.id),
        state: state.into(),
        clock: row.clock.as_ref().map(|clock| clock_to_wire(clock, now)),
        ..row.notice.clone()
    }
}

type Read = (String, u32, Professional);

fn read_acknowledgement(
    request: &wire::AcknowledgeNoticeRequest,
    caller: &Caller,
) -> Result<Read, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let id = id_of(NOTICES, &request.name).map(str::to_owned);
    let id = id.map_err(|fault| reader.violations.push(fault)).ok();
    let revision = u32::try_from(request.revision).ok().filter(|revision| *revision > 0);
    if revision.is_none() {
        let what = "the revision that was read, 1 or more";
        reader.fault(&At::root("revision"), codes::REVISION, what);
    }
    let by = (practitioner.as_str(), Entitled::Clinician);
    let who = request.professional.clone();
    let by = read::professional(&mut reader, &At::root("professional"), who, by);
    let read = match (id, revision, by) {
        (Some(id), Some(revision), Some(by)) => Some((id, revision, by)),
        _ => None,
    };
    reader.finish(read)
}
