//! What a duty desk has to see to, and who of it has taken what.
//!
//! A notice at the desk is its own; beside it stand what schools of the authority sent back, since roll or directory are
//! wrong there, and what this service could not read, since a notice may be missing. Each has an owner and a clock, and
//! nothing of it tells whom it is about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mash_chassis::Caller;
use mash_domain::notice::{NoticeRefusal, NoticeState};
use mash_proto::{convert::time_to_wire, disclosure::v1::Desk, education::v1 as wire};
use mash_store::{
    StoreError, Tx,
    dead_letters::{self, OpenLetter},
};

use crate::{
    Service,
    access::{self, Reader, View},
    call::Begun,
    error::Refusal,
    intake::{duty_officer, on_duty},
    record::Record,
    store::{
        Conn, directory,
        duties::{self, SentBack, Take},
        notices,
    },
};

/// Readers of this service: what they could not read may be a notice that is missing.
const GROUPS: &str = "education";
/// By when somebody should have corrected the roll that led to the wrong school; ours.
const SENT_BACK: SignedDuration = SignedDuration::from_hours(24);
/// The same for what could not be read: it may have a bell; ours.
const UNREADABLE: SignedDuration = SignedDuration::from_hours(1);

const NOTICES: &str = "notices/";
const LETTERS: &str = "dead-letters/";

impl Service {
    /// A page of what the caller's desk has to see to besides its notices, the oldest first.
    pub(crate) async fn duties(
        &self,
        caller: &Caller,
        request: wire::ListDutiesRequest,
    ) -> Result<wire::ListDutiesResponse, Refusal> {
        let size = access::page_size(request.page_size)?;
        let after = place(&request.page_token)?;
        let mut conn = self.store.read().await?;
        let authority = officer_of(&Self::view(&mut conn, caller).await?)?;
        let mut found = self.open_duties(&mut conn, &authority, &after, size + 1).await?;
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next_page_token =
            last.map(|(at_ms, duty)| format!("{at_ms}.{}", duty.name)).unwrap_or_default();
        let mut duties: Vec<wire::Duty> = found.into_iter().map(|(_, duty)| duty).collect();
        let names: Vec<String> = duties.iter().map(|duty| duty.name.clone()).collect();
        let takes = duties::takes(&mut conn, &names).await?;
        for duty in &mut duties {
            if let Some(Take { by, at }) = takes.get(&duty.name) {
                by.clone_into(&mut duty.owner);
                duty.take_time = Some(time_to_wire(*at));
            }
        }
        Ok(wire::ListDutiesResponse { duties, next_page_token })
    }

    async fn open_duties(
        &self,
        conn: &mut Conn,
        authority: &str,
        (after_ms, after): &(i64, String),
        limit: usize,
    ) -> Result<Vec<(i64, wire::Duty)>, Refusal> {
        // Of one instant, what schools sent back comes after what could not be read.
        let after_notice = after.strip_prefix(NOTICES).unwrap_or_default();
        let sent_back =
            duties::open_sent_back(conn.conn(), authority, (*after_ms, after_notice), limit)
                .await?;
        let keys = (format!("school/{authority}%"), format!("authority/{authority}"));
        let letters =
            dead_letters::open_of(conn.conn(), GROUPS, (&keys.0, &keys.1), *after_ms, limit);
        let letters = letters.await?;
        let is_ahead = |letter: &OpenLetter| {
            letter.at_ms > *after_ms || format!("{LETTERS}{}", letter.id) > *after
        };
        let desks = directory::desks(conn, authority).await?;
        let officer = on_duty(&desks, self.today()).unwrap_or_default();
        let mut found: Vec<(i64, wire::Duty)> =
            sent_back.into_iter().map(|it| (it.at_ms, of_notice(it))).collect();
        let letters = letters.into_iter().filter(is_ahead);
        found.extend(letters.map(|it| (it.at_ms, of_letter(it, &officer))));
        found.sort_by(|(one, a), (other, b)| (one, &a.name).cmp(&(other, &b.name)));
        found.truncate(limit);
        let names: BTreeSet<String> = found
            .iter()
            .filter_map(|(_, duty)| duty.establishment.strip_prefix("establishments/"))
            .map(str::to_owned)
            .collect();
        let mut called = BTreeMap::new();
        for laestab in names {
            if let Some(stored) = directory::get(conn, &laestab).await? {
                called.insert(stored.establishment.name, stored.establishment.display_name);
            }
        }
        for (_, duty) in &mut found {
            duty.display_name = called.get(&duty.establishment).cloned().unwrap_or_default();
        }
        Ok(found)
    }

    /// The caller takes it, or is told who has it.
    pub(crate) async fn take_duty(
        &self,
        caller: &Caller,
        request: wire::TakeDutyRequest,
    ) -> Result<wire::TakeDutyResponse, Refusal> {
        let wire::TakeDutyRequest { request_id, name, instead_of } = &request;
        let mut call = match self.begin(caller, "TakeDuty", request_id, &request).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(call) => call,
        };
        let view = Self::view(&mut call.tx, caller).await?;
        let authority = desk_of(&view)?;
        self.can_be_taken(&mut call.tx, &view, name).await?;
        let by = call.practitioner.clone();
        let now = self.clock.now();
        let taken = duties::take(&mut call.tx, (name, &authority), (&by, instead_of), now).await?;
        if taken.by != by {
            return Err(Refusal::Taken(taken.by));
        }
        let answer =
            wire::TakeDutyResponse { taken_by: by, take_time: Some(time_to_wire(taken.at)) };
        let answer = call.finish(answer).await?;
        tracing::info!(duty.name = name, "somebody at a desk has taken it");
        Ok(answer)
    }

    /// Whether it is there for the caller's desk, and waits for somebody.
    async fn can_be_taken(&self, tx: &mut Tx, view: &View, name: &str) -> Result<(), Refusal> {
        if let Some(id) = name.strip_prefix(LETTERS) {
            let authority = officer_of(view)?;
            let key = dead_letters::open_key(tx.conn(), GROUPS, id).await?;
            let key = key.ok_or(Refusal::NotFound)?;
            let ours = key.starts_with(&format!("school/{authority}"))
                || key == format!("authority/{authority}");
            return if ours { Ok(()) } else { Err(Refusal::NotFound) };
        }
        let id = access::notice_id(name)?;
        if officer_of(view).is_ok()
            && duties::is_sent_back(tx.conn(), view.organisation.code(), id).await?
        {
            return Ok(());
        }
        let record = notices::visible(tx, view, id).await?.ok_or(Refusal::NotFound)?;
        match record.notice.state {
            NoticeState::Delivered | NoticeState::Opened | NoticeState::Escalated => Ok(()),
            state @ (NoticeState::Acknowledged
            | NoticeState::Rejected
            | NoticeState::Recalled
            | NoticeState::Deleted) => Err(NoticeRefusal::State(state).into()),
        }
    }

    /// What a school sent back has been seen to.
    pub(crate) async fn complete_duty(
        &self,
        caller: &Caller,
        request: wire::CompleteDutyRequest,
    ) -> Result<wire::CompleteDutyResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        let mut call =
            match self.begin(caller, "CompleteDuty", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let authority = officer_of(&Self::view(&mut call.tx, caller).await?)?;
        if !duties::is_sent_back(call.tx.conn(), &authority, id).await? {
            return Err(Refusal::NotFound);
        }
        let by = call.practitioner.clone();
        let taken = duties::takes(call.tx.conn(), std::slice::from_ref(&request.name)).await?;
        if taken.get(&request.name).is_none_or(|take| take.by != by) {
            return Err(Refusal::NotTaken);
        }
        duties::done(&mut call.tx, id, (&by, self.clock.now())).await?;
        call.finish(wire::CompleteDutyResponse {}).await
    }

    /// A school sent a notice back: its authority has to see to roll and directory.
    pub(crate) async fn keep_sent_back(
        &self,
        tx: &mut Tx,
        record: &Record,
    ) -> Result<(), StoreError> {
        if !record.is_school() {
            return Ok(());
        }
        let laestab = record.recipient.code().to_owned();
        let authority: String = laestab.chars().take(3).collect();
        let owner = duty_officer(tx, &authority, self.today()).await?.unwrap_or_default();
        let at_ms = self.clock.now().as_millisecond();
        let item = SentBack { notice: record.id.clone(), laestab, owner, at_ms };
        duties::sent_back(tx, &authority, &item).await
    }

    /// Puts to notices who of a desk has taken them.
    pub(crate) async fn with_takes(
        conn: &mut Conn,
        notices: &mut [wire::Notice],
    ) -> Result<(), StoreError> {
        let names: Vec<String> = notices.iter().map(|notice| notice.name.clone()).collect();
        let takes = duties::takes(conn.conn(), &names).await?;
        for notice in notices {
            if let Some(Take { by, at }) = takes.get(&notice.name) {
                by.clone_into(&mut notice.taken_by);
                notice.take_time = Some(time_to_wire(*at));
            }
        }
        Ok(())
    }
}

/// The authority of somebody who is an officer of one of its desks.
fn desk_of(view: &View) -> Result<String, Refusal> {
    match &view.reader {
        Reader::Desks { desks } if !desks.is_empty() => Ok(view.organisation.code().to_owned()),
        Reader::Desks { .. } | Reader::School { .. } => Err(Refusal::NotFound),
    }
}

/// The authority of somebody who is an officer of its education duty desk.
fn officer_of(view: &View) -> Result<String, Refusal> {
    match &view.reader {
        Reader::Desks { desks } if desks.contains(&Desk::EducationDuty) => {
            Ok(view.organisation.code().to_owned())
        }
        Reader::Desks { .. } | Reader::School { .. } => Err(Refusal::NotFound),
    }
}

fn of_notice(item: SentBack) -> wire::Duty {
    let SentBack { notice, laestab, owner, at_ms } = item;
    wire::Duty {
        name: format!("{NOTICES}{notice}"),
        duty_code: "sent-back".to_owned(),
        establishment: format!("establishments/{laestab}"),
        arise_time: time(at_ms, SignedDuration::ZERO).map(time_to_wire),
        due_time: time(at_ms, SENT_BACK).map(time_to_wire),
        owner,
        ..wire::Duty::default()
    }
}

fn of_letter(letter: OpenLetter, officer: &str) -> wire::Duty {
    let OpenLetter { id, key, code, at_ms } = letter;
    let establishment = key.strip_prefix("school/").map(|it| format!("establishments/{it}"));
    wire::Duty {
        name: format!("{LETTERS}{id}"),
        duty_code: "unreadable".to_owned(),
        establishment: establishment.unwrap_or_default(),
        arise_time: time(at_ms, SignedDuration::ZERO).map(time_to_wire),
        due_time: time(at_ms, UNREADABLE).map(time_to_wire),
        owner: officer.to_owned(),
        error_code: code,
        ..wire::Duty::default()
    }
}

fn time(at_ms: i64, after: SignedDuration) -> Option<Timestamp> {
    Timestamp::from_millisecond(at_ms).ok()?.checked_add(after).ok()
}

fn place(token: &str) -> Result<(i64, String), Refusal> {
    if token.is_empty() {
        return Ok((i64::MIN, String::new()));
    }
    let read = || {
        let (at_ms, name) = token.split_once('.')?;
        Some((at_ms.parse().ok()?, name.to_owned()))
    };
    read().ok_or_else(|| {
        Refusal::field("page_token", "MASH-E016", "the token of the page before, unchanged")
    })
}
