//! What a key adult or an officer can do with a notice.

use mash_chassis::Caller;
use mash_domain::{
    notice::{Command, NoticeEvent, NoticeState},
    organisation::OrganisationKind,
};
use mash_proto::education::v1 as wire;
use mash_store::{StoreError, Tx, outbox};

use crate::{
    COMPONENT, Service,
    access::{self, Reader, View, desk_of},
    call::Begun,
    error::Refusal,
    receipts::receipt,
    record::Record,
    store::{
        Conn, directory, notes,
        notices::{self, After},
    },
    support::{self, note_to_wire},
    watch::Changed,
};

impl Service {
    /// Whose notices the caller may see.
    pub(crate) async fn view(conn: &mut Conn, caller: &Caller) -> Result<View, StoreError> {
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        let reader = if caller.organisation.kind() == OrganisationKind::School {
            Reader::School { practitioner }
        } else {
            let desks = directory::desks(conn, caller.organisation.code()).await?;
            let hers = desks
                .iter()
                .filter(|(_, (_, officers))| officers.iter().any(|it| it.id == practitioner));
            Reader::Desks { desks: hers.filter_map(|(desk, _)| desk_of(desk)).collect() }
        };
        Ok(View { organisation: caller.organisation.clone(), reader })
    }

    /// A page of notices, and where the next one begins.
    pub(crate) async fn list_notices(
        &self,
        caller: &Caller,
        request: wire::ListNoticesRequest,
    ) -> Result<wire::ListNoticesResponse, Refusal> {
        let wire::ListNoticesRequest { page_size, page_token, open_only } = request;
        let size = access::page_size(page_size)?;
        let after = after_of(&page_token)?;
        let mut conn = self.store.read().await?;
        let view = Self::view(&mut conn, caller).await?;
        let mut records = notices::list(&mut conn, &view, &after, open_only, size + 1).await?;
        let more = records.len() > size;
        records.truncate(size);
        let last = records.last().filter(|_| more);
        let next_page_token =
            last.map(|last| format!("{}.{}", last.sort_ms(), last.id)).unwrap_or_default();
        let mut notices: Vec<_> = records.iter().map(Record::to_wire).collect();
        let records: Vec<&Record> = records.iter().collect();
        Self::with_ladder(&mut conn, &view, &records, &mut notices).await?;
        Ok(wire::ListNoticesResponse { notices, next_page_token })
    }

    /// A page of notices, the latest first, and where the next one begins.
    pub(crate) async fn recent_notices(
        &self,
        caller: &Caller,
        page_token: &str,
        size: usize,
    ) -> Result<(Vec<wire::Notice>, String), Refusal> {
        let before = if page_token.is_empty() { After::end() } else { after_of(page_token)? };
        let mut conn = self.store.read().await?;
        let view = Self::view(&mut conn, caller).await?;
        let mut records = notices::recent(&mut conn, &view, &before, size + 1).await?;
        let more = records.len() > size;
        records.truncate(size);
        let last = records.last().filter(|_| more);
        let next = last.map(|last| format!("{}.{}", last.sort_ms(), last.id)).unwrap_or_default();
        Ok((records.iter().map(Record::to_wire).collect(), next))
    }

    /// One notice with its content. That it was opened is told to the sender before the content is shown.
    pub(crate) async fn get_notice(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<wire::Notice, Refusal> {
        let id = access::notice_id(name)?;
        let mut conn = self.store.read().await?;
        let view = Self::view(&mut conn, caller).await?;
        let record = notices::visible(&mut conn, &view, id).await?.ok_or(Refusal::NotFound)?;
        if !view.was_told(&record) {
            // The ladder: the duty desk has a telephone task. What the school or another desk was told is theirs.
            let mut task = [record.to_wire()];
            Self::with_ladder(&mut conn, &view, &[&record], &mut task).await?;
            let [task] = task;
            return Ok(task);
        }
        drop(conn);
        let mut tx = self.store.begin().await?;
        let mut record = self.locked(&mut tx, &view, id).await?;
        let by = caller.practitioner.clone().unwrap_or_default();
        let opens = record.notice.state == NoticeState::Delivered;
        if opens {
            self.apply(&mut tx, &mut record, Command::Open { by: by.clone() }).await?;
        }
        let organisation = caller.organisation.to_string();
        if !record.notice.state.is_wiped() {
            notes::shown(&mut tx, &record, (&organisation, &by), self.clock.now()).await?;
        }
        let noted = notes::of(&mut tx, id).await?;
        let notes = noted.into_iter().map(note_to_wire).collect();
        let mut shown = [wire::Notice { notes, ..record.to_wire_with_content() }];
        Self::with_ladder(&mut tx, &view, &[&record], &mut shown).await?;
        tx.commit().await?;
        if opens {
            self.changed(&record);
        }
        let [shown] = shown;
        Ok(shown)
    }

    /// The child is on the roll: from now on the school may read what the notice says.
    pub(crate) async fn confirm_roll(
        &self,
        caller: &Caller,
        request: wire::ConfirmRollRequest,
    ) -> Result<wire::ConfirmRollResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        let mut call =
            match self.begin(caller, "ConfirmRoll", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let by = call.practitioner.clone();
        let record = self.command(&mut call.tx, caller, id, Command::ConfirmRoll { by }).await?;
        let answer =
            call.finish(wire::ConfirmRollResponse { notice: Some(record.to_wire()) }).await?;
        self.changed(&record);
        Ok(answer)
    }

    /// A person has it and acts on it.
    pub(crate) async fn acknowledge(
        &self,
        caller: &Caller,
        request: wire::AcknowledgeNoticeRequest,
    ) -> Result<wire::AcknowledgeNoticeResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        support::check_note(&request.note)?;
        let revision =
            u32::try_from(request.revision).ok().filter(|revision| *revision > 0).ok_or_else(
                || Refusal::field("revision", "MASH-E016", "the revision that was read, 1 or more"),
            )?;
        let mut call =
            match self.begin(caller, "AcknowledgeNotice", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let by = call.practitioner.clone();
        let command = Command::Acknowledge { by, revision };
        let record = self.command(&mut call.tx, caller, id, command).await?;
        if !request.note.is_empty() {
            let note = self.note(&call.practitioner, "acknowledgement", &[], &request.note);
            notes::put(&mut call.tx, &record, &note).await?;
        }
        let answer =
            call.finish(wire::AcknowledgeNoticeResponse { notice: Some(record.to_wire()) }).await?;
        self.changed(&record);
        Ok(answer)
    }

    /// The child is not on the roll: the content goes at once, and the sender hears of it.
    pub(crate) async fn reject(
        &self,
        caller: &Caller,
        request: wire::RejectNoticeRequest,
    ) -> Result<wire::RejectNoticeResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        let mut call =
            match self.begin(caller, "RejectNotice", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let by = call.practitioner.clone();
        let record = self.command(&mut call.tx, caller, id, Command::Reject { by }).await?;
        self.keep_sent_back(&mut call.tx, &record).await?;
        let answer =
            call.finish(wire::RejectNoticeResponse { notice: Some(record.to_wire()) }).await?;
        self.changed(&record);
        Ok(answer)
    }

    /// Copies of a recalled notice were deleted.
    pub(crate) async fn confirm_deletion(
        &self,
        caller: &Caller,
        request: wire::ConfirmDeletionRequest,
    ) -> Result<wire::ConfirmDeletionResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        let mut call =
            match self.begin(caller, "ConfirmDeletion", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let by = call.practitioner.clone();
        let record =
            self.command(&mut call.tx, caller, id, Command::ConfirmDeletion { by }).await?;
        let answer =
            call.finish(wire::ConfirmDeletionResponse { notice: Some(record.to_wire()) }).await?;
        self.changed(&record);
        Ok(answer)
    }

    pub(crate) async fn command(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: &str,
        command: Command,
    ) -> Result<Record, Refusal> {
        let view = Self::view(tx, caller).await?;
        let mut record = self.locked(tx, &view, id).await?;
        if !view.was_told(&record) {
            // An officer sees that a notice went up to her; only the school or the desk that was told can answer it.
            return Err(mash_domain::notice::NoticeRefusal::State(record.notice.state).into());
        }
        self.apply(tx, &mut record, command).await?;
        Ok(record)
    }

    pub(crate) async fn locked(
        &self,
        tx: &mut Tx,
        view: &View,
        id: &str,
    ) -> Result<Record, Refusal> {
        notices::lock(tx, &[id]).await?;
        notices::visible(tx, view, id).await?.ok_or(Refusal::NotFound)
    }

    /// Carries out a command, and writes what came of it and the receipts in the same transaction.
    pub(crate) async fn apply(
        &self,
        tx: &mut Tx,
        record: &mut Record,
        command: Command,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let (notice, events) = record.notice.apply(command, now)?;
        if events.is_empty() {
            return Ok(());
        }
        record.notice = notice;
        if record.notice.state.is_wiped() {
            record.wipe();
            notes::wipe(tx, &[&record.id]).await?;
        }
        notices::put(tx, &[record]).await?;
        let late = if events.iter().any(NoticeEvent::is_late) {
            self.keep_late(tx, record, now).await?
        } else {
            String::new()
        };
        let told = events.iter().filter_map(|event| receipt(record, event, now, &late));
        Ok(outbox::enqueue(tx, COMPONENT, &told.collect::<Vec<_>>()).await?)
    }

    /// Wakes those who watch. Only after the commit.
    pub(crate) fn changed(&self, record: &Record) {
        self.watch.tell(Changed {
            id: record.id.clone(),
            recipient: record.recipient.to_string(),
            authority: record.escalated_authority.clone().unwrap_or_default(),
        });
    }

    /// Everything open that the caller may see.
    pub(crate) async fn open_notices(&self, caller: &Caller) -> Result<Vec<Record>, Refusal> {
        let mut conn = self.store.read().await?;
        let view = Self::view(&mut conn, caller).await?;
        let mut open = Vec::new();
        let mut after = After::start();
        loop {
            let page = notices::list(&mut conn, &view, &after, true, 500).await?;
            let Some(last) = page.last() else { return Ok(open) };
            after = After { sort_ms: last.sort_ms(), id: last.id.clone() };
            open.extend(page);
        }
    }

    /// One notice, if the caller may see it.
    pub(crate) async fn one_notice(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<Record>, Refusal> {
        let mut conn = self.store.read().await?;
        let view = Self::view(&mut conn, caller).await?;
        Ok(notices::visible(&mut conn, &view, id).await?)
    }
}

fn after_of(token: &str) -> Result<After, Refusal> {
    if token.is_empty() {
        return Ok(After::start());
    }
    let read = || {
        let (sort_ms, id) = token.split_once('.')?;
        Some(After { sort_ms: sort_ms.parse().ok()?, id: id.to_owned() })
    };
    read().ok_or_else(|| {
        Refusal::field("page_token", "MASH-E016", "the token of the page before, unchanged")
    })
}
