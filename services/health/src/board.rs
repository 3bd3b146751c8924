//! A board: its teams, who is in them, and which of them has a child.

use std::collections::BTreeSet;

use mash_domain::{
    calendar::london,
    clock::{Clock, ClockRules},
    health::team::{Age, AgeThresholds, Routed, Team, route},
    organisation::OrganisationId,
};
use mash_proto::{convert::word_from_wire, disclosure::v1::ChildIdentity, health::v1 as wire};
use mash_store::StoreError;

use jiff::{Timestamp, civil::Date};

use crate::store::{Conn, teams};

/// What is known of a board.
pub(crate) struct Board {
    teams: wire::Teams,
}

impl Board {
    /// Loads a board. One that has set no teams has none.
    pub(crate) async fn load(conn: &mut Conn, board: &str) -> Result<Self, StoreError> {
        Ok(Self { teams: teams::find(conn, board).await?.unwrap_or_default() })
    }

    /// A board with these teams.
    pub(crate) const fn of(teams: wire::Teams) -> Self {
        Self { teams }
    }

    /// Which team has a child of this age today, and why.
    pub(crate) fn team_of(&self, age: Age, now: Timestamp) -> (Option<Team>, Routed) {
        let present: BTreeSet<Team> =
            self.teams.inboxes.iter().filter_map(|inbox| team(inbox.team)).collect();
        let thresholds = self.teams.thresholds.as_ref().and_then(|ages| {
            let days = u8::try_from(ages.midwifery_days).ok()?;
            AgeThresholds::new(days, u8::try_from(ages.school_age_years).ok()?).ok()
        });
        route(age, day(now), thresholds.unwrap_or_default(), &present)
    }

    /// The teams that a practitioner belongs to or leads.
    pub(crate) fn teams_of(&self, practitioner: &str) -> Vec<&'static str> {
        let hers = |inbox: &&wire::TeamInbox| {
            inbox.lead == practitioner || inbox.members.iter().any(|member| member == practitioner)
        };
        self.teams
            .inboxes
            .iter()
            .filter(hers)
            .filter_map(|inbox| team(inbox.team))
            .map(Team::word)
            .collect()
    }

    /// The lead of a team, if it has one.
    pub(crate) fn lead_of(&self, of: Option<Team>) -> Option<String> {
        let inbox =
            self.teams.inboxes.iter().find(|inbox| of.is_some() && team(inbox.team) == of)?;
        Some(inbox.lead.clone()).filter(|lead| !lead.is_empty())
    }
}

fn team(number: i32) -> Option<Team> {
    word_from_wire::<wire::Team, Team>(number).ok()
}

/// For the wire.
pub(crate) fn team_to_wire(team: Option<Team>) -> i32 {
    team.map_or(wire::Team::Unspecified, wire::Team::from).into()
}

/// Today, where the children are.
pub(crate) fn day(now: Timestamp) -> Date {
    now.to_zoned(london().clone()).date()
}

/// How old a child is, as far as the rules let health know.
pub(crate) fn age_of(child: Option<&ChildIdentity>) -> Age {
    let date = |date: Option<mash_proto::r#type::v1::Date>| {
        date.and_then(|date| Date::try_from(date).ok())
    };
    let born = child.and_then(|child| date(child.date_of_birth));
    Age::of(born, child.and_then(|child| date(child.expected_birth)))
}

/// Starts a clock of a board, under the law of its nation.
pub(crate) fn start_clock(rule: &str, board: &OrganisationId, at: Timestamp) -> Option<Clock> {
    ClockRules::builtin().of_nation(mash_partner::nation_of(&[], board)).start(rule, at)
}
