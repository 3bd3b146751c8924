//! A notice of an incident arrives or is recalled: it goes to the team that has the child, by age, and its clinical window
//! begins.

use jiff::Timestamp;
use mash_bus::HandleError;
use mash_domain::{
    clock::ids,
    health::inbox::{Command, Event, NoticeState, TeamNotice},
};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, DisclosureRecalled, DisclosureReleased},
    event::v1::Envelope,
    health::v1::HealthNotice,
};
use mash_store::Tx;
use prost::Message as _;

use crate::{
    Service,
    board::{Board, age_of, start_clock, team_to_wire},
    intake::{UNREADABLE, board_of, is_id, poison, sent_at},
    notices::machine,
    store::{
        next_seq,
        notices::{self, NoticeRow},
    },
};

impl Service {
    pub(crate) async fn take_notice(
        &self,
        tx: &mut Tx,
        event: &Envelope,
        release: DisclosureReleased,
    ) -> Result<(), HandleError> {
        let (now, sent) = (self.clock.now(), sent_at(event)?);
        let board = board_of(release.recipient.clone())?;
        let revision = u32::try_from(release.revision).ok().filter(|revision| *revision > 0);
        let revision = revision.ok_or(UNREADABLE)?;
        // Content that cannot be shown must not wait until somebody opens it.
        Content::decode(release.content.as_slice()).map_err(|_| UNREADABLE)?;
        if ![&release.disclosure_id, &release.case_id].into_iter().all(|id| is_id(id)) {
            return Err(UNREADABLE);
        }
        let mut row = match notices::lock(tx, &release.disclosure_id).await? {
            Some(row) if row.board != board.to_string() => return Err(UNREADABLE),
            Some(row) => row,
            None => self.blank(tx, (&release.disclosure_id, &board.to_string())).await?,
        };
        let arrive = Command::Arrive { revision, sent };
        let (_, what) =
            machine(&row)?.apply(arrive.clone(), now).map_err(|it| poison(it.into()))?;
        if what != Some(Event::Arrived) {
            return Ok(());
        }
        let fresh = row.clock.is_none() || row.state != NoticeState::Escalated.word();
        row.case_id = release.case_id;
        row.duty_id = release.duty_id;
        row.content = release.content;
        row.notice.rule_ids = release.rule_ids;
        row.notice.receive_time = Some(time_to_wire(now));
        if fresh {
            row.clock = start_clock(ids::CLINICAL_ACKNOWLEDGEMENT, &board, now);
        }
        let teams = Board::load(tx, &row.board).await?;
        give(&mut row, &teams, now);
        self.command_notice(tx, &mut row, (arrive, ""), Some(event)).await.map_err(poison)?;
        tracing::info!(notice.id = row.id, team = row.team, "a notice went to a team");
        Ok(())
    }

    pub(crate) async fn recall_notice(
        &self,
        tx: &mut Tx,
        event: &Envelope,
        recall: DisclosureRecalled,
    ) -> Result<(), HandleError> {
        let (board, sent) = (board_of(recall.recipient)?, sent_at(event)?);
        if !is_id(&recall.disclosure_id) {
            return Err(UNREADABLE);
        }
        let mut row = match notices::lock(tx, &recall.disclosure_id).await? {
            Some(row) if row.board != board.to_string() => return Err(UNREADABLE),
            Some(row) => row,
            None => self.blank(tx, (&recall.disclosure_id, &board.to_string())).await?,
        };
        let command = Command::Recall { reason: recall.reason_code, sent };
        self.command_notice(tx, &mut row, (command, ""), Some(event)).await.map_err(poison)?;
        Ok(())
    }

    async fn blank(
        &self,
        tx: &mut Tx,
        (id, board): (&str, &str),
    ) -> Result<NoticeRow, HandleError> {
        Ok(NoticeRow {
            seq: next_seq(tx, board, "notices").await?,
            id: id.to_owned(),
            board: board.to_owned(),
            case_id: String::new(),
            duty_id: String::new(),
            team: String::new(),
            state: TeamNotice::blank().state.word(),
            opened: false,
            recalled: None,
            clock: None,
            notice: HealthNotice::default(),
            content: Vec::new(),
        })
    }
}

/// Gives a notice to the team that has the child.
pub(crate) fn give(row: &mut NoticeRow, teams: &Board, now: Timestamp) {
    // It was read when it arrived; what has been wiped since says no age, and waits for nobody.
    let content = Content::decode(row.content.as_slice()).unwrap_or_default();
    let (team, why) = teams.team_of(age_of(content.child.as_ref()), now);
    row.team = team.map_or("", |team| team.word()).to_owned();
    row.notice.team = team_to_wire(team);
    why.word().clone_into(&mut row.notice.team_reason);
    if let (Some(clock), Some(lead)) = (row.clock.as_mut(), teams.lead_of(team)) {
        clock.hand_to(lead);
    }
}
