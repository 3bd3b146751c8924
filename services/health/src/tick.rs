//! One look at what is due. Nothing is kept in memory, so clocks survive restarts.

use jiff::Timestamp;
use mash_domain::{
    clock::{Clock, Ring},
    health::{inbox, injury, team::Team},
};
use mash_partner::{LEFT_ALONE, PartnerError};
use mash_store::{StoreError, Tx};

use crate::{
    Service,
    board::Board,
    error::Refusal,
    injuries::{PROMPTS, machine},
    notices::NOTICES,
    prompts::CLOCK_WARNING,
    store::{injuries, notices},
};

/// How many rows of a kind one look takes; the next goes on.
const BATCH: i64 = 200;

impl Service {
    /// Tells the leads of teams what nobody has answered or acknowledged in time.
    pub(crate) async fn tick(&self) -> Result<(), StoreError> {
        let partner = self.partner.tick().await;
        self.look().await.and(partner)
    }

    /// What cannot be read is told and left alone for a while.
    async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let now_ms = now.as_millisecond();
        loop {
            let mut conn = self.store.read().await?;
            let prompts = injuries::due(&mut conn, now_ms, BATCH).await?;
            let waiting = notices::due(&mut conn, now_ms, BATCH).await?;
            drop(conn);
            if prompts.is_empty() && waiting.is_empty() {
                return Ok(());
            }
            for (board, id) in &prompts {
                match self.ring_injuries(board, id).await.map_err(store) {
                    Err(error) if !error.is_transient() => {
                        self.leave_alone((PROMPTS, id), &error, now).await?;
                    }
                    outcome => outcome?,
                }
            }
            for id in &waiting {
                match self.ring_notice(id).await.map_err(store) {
                    Err(error) if !error.is_transient() => {
                        self.leave_alone((NOTICES, id), &error, now).await?;
                    }
                    outcome => outcome?,
                }
            }
        }
    }

    async fn leave_alone(
        &self,
        (kind, id): (&str, &str),
        error: &StoreError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ok(until) = now.checked_add(LEFT_ALONE) else { return Ok(()) };
        let until = (now.as_millisecond(), until.as_millisecond());
        let mut tx = self.store.begin().await?;
        let board = if kind == NOTICES {
            notices::put_off(&mut tx, id, until).await?
        } else {
            injuries::put_off(&mut tx, id, until).await?
        };
        // Another replica may have been faster: then it is told already.
        if let Some(board) = board {
            let subject = format!("{kind}{id}");
            self.partner.report_unreadable(&mut tx, (&board, &subject), error).await?;
        }
        tx.commit().await
    }

    async fn ring_injuries(&self, board: &str, id: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(mut row) = injuries::lock(&mut tx, board, id).await? else { return Ok(()) };
        let ring = row.clock.as_mut().and_then(|clock| clock.ring(now));
        let teams = Board::load(&mut tx, board).await?;
        let lead = self.lead_of_child(&row, &teams);
        if ring == Some(Ring::Warning) && row.state == "open" {
            let subject = format!("{PROMPTS}{id}");
            self.warn(&mut tx, (board, &subject), (lead, row.clock.as_mut())).await?;
        } else if ring == Some(Ring::Breach) && row.state == "open" {
            let command = injury::Command::Escalate { to: lead };
            let organisation =
                board.parse().map_err(|_| StoreError::Corrupt("the board of a record"))?;
            self.command_injuries(&mut tx, (&mut row, &organisation), command).await?;
            let photographs = machine(&row)?.photographs();
            tracing::warn!(photographs, "injuries asked for a referral and nobody has answered");
        }
        injuries::put(&mut tx, &row).await?;
        Ok(tx.commit().await?)
    }

    async fn ring_notice(&self, id: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(mut row) = notices::lock(&mut tx, id).await? else { return Ok(()) };
        let ring = row.clock.as_mut().and_then(|clock| clock.ring(now));
        let teams = Board::load(&mut tx, &row.board).await?;
        let to = teams.lead_of(Team::from_word(&row.team));
        let waits = row.state == inbox::NoticeState::Waiting.word();
        if ring == Some(Ring::Warning) && waits {
            let (board, subject) = (row.board.clone(), format!("{NOTICES}{id}"));
            self.warn(&mut tx, (&board, &subject), (to, row.clock.as_mut())).await?;
            notices::put(&mut tx, &row).await?;
        } else if ring == Some(Ring::Breach) && waits {
            let command = (inbox::Command::Escalate { to }, "");
            self.command_notice(&mut tx, &mut row, command, None).await?;
            tracing::warn!(notice.id = id, "a notice was escalated because nobody acknowledged it");
        } else {
            notices::put(&mut tx, &row).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The lead of the team is told that the time is close; where a board has named none, everybody of it.
    async fn warn(
        &self,
        tx: &mut Tx,
        (board, subject): (&str, &str),
        (lead, clock): (Option<String>, Option<&mut Clock>),
    ) -> Result<(), StoreError> {
        let Some(clock) = clock else { return Ok(()) };
        let lead = lead.unwrap_or_default();
        if !lead.is_empty() {
            clock.hand_to(lead.clone());
        }
        let prompt = (board, subject, CLOCK_WARNING);
        self.partner.prompt_person(tx, prompt, (&lead, Some(clock.due()))).await
    }
}

/// Only the store can fail here: what is due is in a state that may escalate. A row that is not is as good as broken.
fn store(refusal: Refusal) -> StoreError {
    if let Refusal::Store(error) | Refusal::Partner(PartnerError::Store(error)) = refusal {
        return error;
    }
    StoreError::Corrupt("a clock that rings in a state that has none")
}
