//! Everything that somebody at the board has to do: injuries first, then notices, then what every partner of a hub has.

use mash_chassis::Caller;
use mash_domain::{clock::Clock, health::team::Team};
use mash_partner::Page as PartnerPage;
use mash_proto::{convert::time_to_wire, health::v1 as wire};
use mash_store::StoreError;

use crate::{
    Service,
    board::{Board, team_to_wire},
    call::page,
    error::Refusal,
    notices::NOTICES,
    store::{
        Page, injuries,
        notices::{self, View},
    },
};

/// The time of an injury or a notice is close: the lead of its team is told.
pub(crate) const CLOCK_WARNING: &str = "clock-warning";

/// Where a page comes from. A token is one of these letters and what the source gave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Injuries,
    Notices,
    Partner,
}

impl Source {
    const ALL: [(Self, char); 3] =
        [(Self::Injuries, 'i'), (Self::Notices, 'n'), (Self::Partner, 'p')];

    fn of(token: &str) -> (Self, &str) {
        let found = Self::ALL
            .into_iter()
            .find_map(|(source, letter)| token.strip_prefix(letter).map(|rest| (source, rest)));
        // Anything else is refused by the first source, as a token that the hub never gave.
        found.unwrap_or((Self::Injuries, token))
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Injuries => Some(Self::Notices),
            Self::Notices => Some(Self::Partner),
            Self::Partner => None,
        }
    }

    fn token(self, rest: &str) -> String {
        let letter = Self::ALL.into_iter().find(|(source, _)| *source == self);
        letter.map(|(_, letter)| format!("{letter}{rest}")).unwrap_or_default()
    }
}

impl Service {
    pub(crate) async fn list_prompts(
        &self,
        caller: &Caller,
        request: wire::ListPromptsRequest,
    ) -> Result<wire::ListPromptsResponse, Refusal> {
        let (mut source, rest) = Source::of(&request.page_token);
        let mut rest = rest.to_owned();
        loop {
            let asked = page(request.page_size, &rest)?;
            let (prompts, next) = match source {
                Source::Injuries => self.injury_prompts(caller, asked).await?,
                Source::Notices => self.notice_prompts(caller, asked).await?,
                Source::Partner => self.partner_prompts(caller, request.page_size, &rest).await?,
            };
            let more = if next.is_empty() { source.next().map(|next| (next, "")) } else { None };
            let next_page_token = match (&more, next.is_empty()) {
                (_, false) => source.token(&next),
                (Some((next, _)), true) => next.token(""),
                (None, true) => String::new(),
            };
            // An empty page is told only where there is nothing more.
            if let (true, Some((next, _))) = (prompts.is_empty(), more) {
                (source, rest) = (next, String::new());
                continue;
            }
            return Ok(wire::ListPromptsResponse { prompts, next_page_token });
        }
    }

    async fn injury_prompts(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::Prompt>, String), StoreError> {
        let (board, mut conn) = (caller.organisation.to_string(), self.store.read().await?);
        let mut rows = injuries::list(&mut conn, &board, true, page.and_one_more()).await?;
        let next = page.cut(&mut rows, |row| row.seq);
        let teams = Board::load(&mut conn, &board).await?;
        let prompt = |row: &injuries::InjuryRow| {
            let shown = self.show_injuries(row, &teams);
            wire::Prompt {
                code: "injury".to_owned(),
                subject: shown.name,
                team: shown.team,
                due_time: due(row.clock.as_ref()),
                escalated_to: shown.escalated_to,
                practitioner: String::new(),
            }
        };
        Ok((rows.iter().map(prompt).collect(), next))
    }

    async fn notice_prompts(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::Prompt>, String), StoreError> {
        let (board, mut conn) = (caller.organisation.to_string(), self.store.read().await?);
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        let teams = Board::load(&mut conn, &board).await?.teams_of(&practitioner);
        let view = View { board: &board, teams: &teams };
        let mut rows = notices::list(&mut conn, &view, true, page.and_one_more()).await?;
        let next = page.cut(&mut rows, |row| row.seq);
        let prompt = |row: &notices::NoticeRow| wire::Prompt {
            code: if row.team.is_empty() { "no-team" } else { "notice" }.to_owned(),
            subject: format!("{NOTICES}{}", row.id),
            team: team_to_wire(Team::from_word(&row.team)),
            due_time: due(row.clock.as_ref()),
            escalated_to: row.notice.escalated_to.clone(),
            practitioner: String::new(),
        };
        Ok((rows.iter().map(prompt).collect(), next))
    }

    async fn partner_prompts(
        &self,
        caller: &Caller,
        page_size: i32,
        token: &str,
    ) -> Result<(Vec<wire::Prompt>, String), Refusal> {
        let page = PartnerPage::read(page_size, token)?;
        let (prompts, next) = self.partner.list_prompts(caller, page).await?;
        let prompt = |one: mash_proto::referral::v1::Prompt| wire::Prompt {
            code: one.kind,
            subject: one.subject,
            team: 0,
            due_time: one.due_time,
            escalated_to: String::new(),
            practitioner: one.practitioner,
        };
        Ok((prompts.into_iter().map(prompt).collect(), next))
    }
}

fn due(clock: Option<&Clock>) -> Option<prost_types::Timestamp> {
    clock.map(|clock| time_to_wire(clock.due()))
}
