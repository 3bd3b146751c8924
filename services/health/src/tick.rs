//! One look at what is due. Nothing is kept in memory, so clocks survive restarts.

use mash_domain::{
    clock::Ring,
    health::{inbox, injury, team::Team},
};
use mash_store::StoreError;

use crate::{
    Service,
    board::Board,
    error::Refusal,
    injuries::machine,
    store::{injuries, notices},
};

/// How many rows of a kind one look takes; the next goes on.
const BATCH: i64 = 200;

impl Service {
    /// Tells the leads of teams what nobody has answered or acknowledged in time.
    pub(crate) async fn tick(&self) -> Result<(), StoreError> {
        self.partner.tick().await?;
        let now_ms = self.clock.now().as_millisecond();
        loop {
            let mut conn = self.store.read().await?;
            let prompts = injuries::due(&mut conn, now_ms, BATCH).await?;
            let waiting = notices::due(&mut conn, now_ms, BATCH).await?;
            drop(conn);
            if prompts.is_empty() && waiting.is_empty() {
                return Ok(());
            }
            for (board, id) in &prompts {
                self.ring_injuries(board, id).await.map_err(store)?;
            }
            for id in &waiting {
                self.ring_notice(id).await.map_err(store)?;
            }
        }
    }

    async fn ring_injuries(&self, board: &str, id: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(mut row) = injuries::lock(&mut tx, board, id).await? else { return Ok(()) };
        let ring = row.clock.as_mut().and_then(|clock| clock.ring(now));
        if ring == Some(Ring::Breach) && row.state == "open" {
            let teams = Board::load(tx.conn(), board).await?;
            let shown = self.show_injuries(&row, &teams);
            let team = mash_proto::convert::word_from_wire::<mash_proto::health::v1::Team, Team>(
                shown.team,
            );
            let command = injury::Command::Escalate { to: teams.lead_of(team.ok()) };
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
        if ring == Some(Ring::Breach) && row.state == inbox::NoticeState::Waiting.word() {
            let teams = Board::load(tx.conn(), &row.board).await?;
            let to = teams.lead_of(Team::from_word(&row.team));
            let command = (inbox::Command::Escalate { to }, "");
            self.command_notice(&mut tx, &mut row, command, None).await?;
            tracing::warn!(notice.id = id, "a notice was escalated because nobody acknowledged it");
        } else {
            notices::put(&mut tx, &row).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Only the store can fail here: what is due is in a state that may escalate.
fn store(refusal: Refusal) -> StoreError {
    if let Refusal::Store(error) = refusal {
        return error;
    }
    StoreError::Corrupt("a clock that rings in a state that has none")
}
