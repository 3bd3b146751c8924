//! The teams of a board. When they change, what waits is given to whoever has the child now.

use std::collections::BTreeSet;

use mash_chassis::Caller;
use mash_domain::incident::Limit;
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, codes},
        read::{At, Reader},
        time_to_wire, word_from_wire,
    },
    health::v1 as wire,
};
use mash_store::{StoreError, Tx};

use crate::{
    Service,
    board::Board,
    call::Opened,
    error::Refusal,
    store::{notices, teams},
    take_notice::give,
};

/// The most members of a team.
const MEMBERS: usize = 500;

impl Service {
    pub(crate) async fn set_teams(
        &self,
        caller: &Caller,
        request: wire::SetTeamsRequest,
    ) -> Result<wire::SetTeamsResponse, Refusal> {
        let read = read_request(&request);
        let what = (request.request_id.as_str(), &request);
        let (mut call, (inboxes, thresholds)) =
            match self.open((caller, "SetTeams"), what, read).await? {
                Opened::Done(answer) => return Ok(answer),
                Opened::Fresh(call, read) => (call, read),
            };
        let board = caller.organisation.to_string();
        let set = wire::Teams {
            version: request.version.saturating_add(1),
            inboxes,
            thresholds: Some(thresholds),
            set_time: Some(time_to_wire(call.now)),
        };
        if !teams::put(call.tx(), &board, (request.version, &set)).await? {
            return Err(Refusal::StaleTeams);
        }
        self.give_again(call.tx(), &board, &Board::of(set.clone())).await?;
        call.record("set-teams", "teams").await?;
        Ok(call.finish(wire::SetTeamsResponse { teams: Some(set) }).await?)
    }

    pub(crate) async fn list_teams(
        &self,
        caller: &Caller,
    ) -> Result<wire::ListTeamsResponse, Refusal> {
        let mut conn = self.store.read().await?;
        let board = caller.organisation.to_string();
        let teams = teams::find(&mut conn, &board).await?.unwrap_or_default();
        Ok(wire::ListTeamsResponse { teams: Some(teams) })
    }

    async fn give_again(&self, tx: &mut Tx, board: &str, teams: &Board) -> Result<(), StoreError> {
        for id in notices::open_of(tx, board).await? {
            let Some(mut row) = notices::lock(tx, &id).await? else { continue };
            let before = row.team.clone();
            give(&mut row, teams, self.clock.now());
            if row.team != before {
                notices::put(tx, &row).await?;
            }
        }
        Ok(())
    }
}

type Read = (Vec<wire::TeamInbox>, wire::AgeThresholds);

fn read_request(request: &wire::SetTeamsRequest) -> Result<Read, Vec<Violation>> {
    let mut reader = read::reader();
    if request.version < 0 {
        let what = "the version that was read, 0 for the first";
        reader.fault(&At::root("version"), codes::REVISION, what);
    }
    let mut seen = BTreeSet::new();
    let mut inboxes = Vec::with_capacity(request.inboxes.len());
    if reader.fits(&At::root("inboxes"), &request.inboxes, 4) {
        for (index, inbox) in request.inboxes.iter().enumerate() {
            let at = At::root_item("inboxes", index);
            if !seen.insert(inbox.team) {
                reader.fault(&at.field("team"), codes::TEAM, "a team has one inbox");
            }
            inboxes.push(read_inbox(&mut reader, &at, inbox));
        }
    }
    let ages = read::thresholds(&mut reader, &At::root("thresholds"), request.thresholds);
    let thresholds = wire::AgeThresholds {
        midwifery_days: ages.midwifery_days().into(),
        school_age_years: ages.school_age_years().into(),
    };
    reader.finish(Some((inboxes, thresholds)))
}

fn read_inbox(reader: &mut Reader, at: &At<'_>, inbox: &wire::TeamInbox) -> wire::TeamInbox {
    use mash_domain::health::team::Team;
    let wire::TeamInbox { team, label, telephone, members, lead, lead_telephone } = inbox;
    let _: Option<Team> =
        reader.coded(&at.field("team"), word_from_wire::<wire::Team, Team>(*team));
    let mut line = |field, text: &str, most| {
        reader.text(&at.field(field), text, Limit::line(most)).as_str().to_owned()
    };
    let (label, telephone) = (line("label", label, 200), line("telephone", telephone, 32));
    let lead_telephone = line("lead_telephone", lead_telephone, 32);
    if reader.fits(&at.field("members"), members, MEMBERS) {
        for (index, member) in members.iter().enumerate() {
            if !is_practitioner(member) {
                let what = "an opaque id of 1 to 128 plain characters";
                reader.fault(&at.item("members", index), codes::TEAM, what);
            }
        }
    }
    if !is_practitioner(lead) {
        let what = "a team has a lead, who is told of what nobody has acknowledged";
        reader.fault(&at.field("lead"), codes::TEAM, what);
    }
    let (members, lead) = (members.clone(), lead.clone());
    wire::TeamInbox { team: *team, label, telephone, members, lead, lead_telephone }
}

fn is_practitioner(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
