//! Records of injuries: loading, changing, showing.

use mash_chassis::Caller;
use mash_domain::{
    clock::ids,
    health::{
        injury::{Command, Event, InjuryRecord, Prompt},
        team::Team,
    },
    organisation::OrganisationId,
};
use mash_proto::{
    convert::{
        clock::clock_to_wire,
        health::{record_from_stored, record_to_wire},
        word_from_wire,
    },
    health::v1 as wire,
    r#type::v1::Date,
};
use mash_store::{StoreError, Tx};

use crate::{
    Service,
    board::{Board, age_of, start_clock, team_to_wire},
    call::page,
    error::Refusal,
    prompts::CLOCK_WARNING,
    store::injuries::{self, InjuryRow},
};

/// The names of records and prompts.
pub(crate) const RECORDS: &str = "injury-records/";
pub(crate) const PROMPTS: &str = "injury-prompts/";

impl Service {
    /// Prompts of the caller's board.
    pub(crate) async fn list_injury_prompts(
        &self,
        caller: &Caller,
        request: wire::ListInjuryPromptsRequest,
    ) -> Result<wire::ListInjuryPromptsResponse, Refusal> {
        let wire::ListInjuryPromptsRequest { page_size, page_token, open_only } = request;
        let page = page(page_size, &page_token)?;
        let board = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let mut rows = injuries::list(&mut conn, &board, open_only, page.and_one_more()).await?;
        let next_page_token = page.cut(&mut rows, |row| row.seq);
        let teams = Board::load(&mut conn, &board).await?;
        let prompts = rows.iter().map(|row| self.show_injuries(row, &teams)).collect();
        Ok(wire::ListInjuryPromptsResponse { prompts, next_page_token })
    }

    /// A prompt and its record, as they stand.
    pub(crate) fn show_injuries(&self, row: &InjuryRow, teams: &Board) -> wire::InjuryPrompt {
        let now = self.clock.now();
        let mut shown = row.record.clone();
        shown.name = format!("{PROMPTS}{}", row.id);
        shown.clock = row.clock.as_ref().map(|clock| clock_to_wire(clock, now));
        let born = shown.record.as_ref().and_then(|record| record.patient.as_ref());
        let born = born.and_then(|patient| patient.date_of_birth);
        shown.team = team_to_wire(teams.team_of(age_of_patient(born), now).0);
        if let Some(record) = &mut shown.record {
            record.name = format!("{RECORDS}{}", row.id);
        }
        shown
    }

    /// Carries out a command on a record, and keeps what came of it.
    pub(crate) async fn command_injuries(
        &self,
        tx: &mut Tx,
        (row, board): (&mut InjuryRow, &OrganisationId),
        command: Command,
    ) -> Result<Vec<Event>, Refusal> {
        let now = self.clock.now();
        let before = machine(row)?;
        let (after, events) = before.apply(command, now)?;
        if events.is_empty() {
            return Ok(events);
        }
        if events.contains(&Event::Raised) {
            row.clock = start_clock(ids::INJURY_PROMPT, board, now);
        }
        let raised = events.contains(&Event::Raised);
        let answered = events.contains(&Event::Referred) || events.contains(&Event::Reasoned);
        if let Some(clock) = row.clock.as_mut().filter(|_| answered) {
            clock.meet(now);
        }
        if raised || answered {
            let subject = format!("{PROMPTS}{}", row.id);
            let warning = (row.board.as_str(), subject.as_str(), CLOCK_WARNING);
            self.partner.settle_person(tx, warning).await?;
        }
        keep(row, &after);
        if raised {
            let teams = Board::load(tx, &row.board).await?;
            let lead = self.lead_of_child(row, &teams);
            if let (Some(clock), Some(lead)) = (row.clock.as_mut(), lead) {
                clock.hand_to(lead);
            }
        }
        injuries::put(tx, row).await?;
        Ok(events)
    }

    /// The lead of the team that has the child, if it has one.
    pub(crate) fn lead_of_child(&self, row: &InjuryRow, teams: &Board) -> Option<String> {
        let team = word_from_wire::<wire::Team, Team>(self.show_injuries(row, teams).team);
        teams.lead_of(team.ok())
    }
}

/// The machine in a row.
pub(crate) fn machine(row: &InjuryRow) -> Result<InjuryRecord, StoreError> {
    record_from_stored(&row.record).ok_or(StoreError::Corrupt("a record of injuries"))
}

/// Puts the machine back into its row, beside what only the service knows.
fn keep(row: &mut InjuryRow, machine: &InjuryRecord) {
    let mut stored = record_to_wire(machine);
    let known = row.record.record.take().unwrap_or_default();
    if let Some(record) = &mut stored.record {
        record.reference = known.reference;
        record.patient = known.patient;
        record.examine_time = known.examine_time;
        record.recorded_by = known.recorded_by;
        record.record_time = known.record_time;
    }
    row.record = stored;
    row.state = machine.prompt.as_ref().map(Prompt::state).map_or("", |state| state.word());
}

fn age_of_patient(born: Option<Date>) -> mash_domain::health::team::Age {
    let child = mash_proto::disclosure::v1::ChildIdentity {
        date_of_birth: born,
        ..mash_proto::disclosure::v1::ChildIdentity::default()
    };
    age_of(Some(&child))
}
