//! What a school notes about a notice: with the acknowledgement, and of what it did for the child.

use mash_chassis::{Caller, fault::Violation};
use mash_domain::notice::{NoticeRefusal, NoticeState};
use mash_proto::{convert::time_to_wire, education::v1 as wire};

use crate::{
    Service, access,
    call::Begun,
    error::Refusal,
    store::notes::{self, Note},
};

/// What can have been done.
pub const SUPPORT_CODES: [&str; 6] =
    ["talked", "checked-in", "adjusted", "told-staff", "referred", "other"];
const NOTE_CHARACTERS: usize = 2_000;

impl Service {
    /// The school did something for the child.
    pub(crate) async fn record_support(
        &self,
        caller: &Caller,
        request: wire::RecordSupportRequest,
    ) -> Result<wire::RecordSupportResponse, Refusal> {
        let id = access::notice_id(&request.name)?;
        check(&request)?;
        let mut call =
            match self.begin(caller, "RecordSupport", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let view = Self::view(&mut call.tx, caller).await?;
        let record = self.locked(&mut call.tx, &view, id).await?;
        if record.notice.seal.is_sealed() {
            return Err(NoticeRefusal::Sealed.into());
        }
        match record.notice.state {
            NoticeState::Acknowledged | NoticeState::Opened | NoticeState::Escalated => (),
            state @ (NoticeState::Delivered
            | NoticeState::Rejected
            | NoticeState::Recalled
            | NoticeState::Deleted) => return Err(NoticeRefusal::State(state).into()),
        }
        let note = self.note(&call.practitioner, "support", &request.support_codes, &request.note);
        notes::put(&mut call.tx, &record, &note).await?;
        call.finish(wire::RecordSupportResponse { notice: Some(record.to_wire()) }).await
    }

    /// A note made now.
    pub(crate) fn note(&self, by: &str, kind: &str, codes: &[String], words: &str) -> Note {
        let mut codes = codes.to_vec();
        codes.sort();
        codes.dedup();
        Note {
            at: self.clock.now(),
            practitioner: by.to_owned(),
            kind: kind.to_owned(),
            codes,
            words: words.to_owned(),
        }
    }
}

/// Whether a note is not too long.
pub(crate) fn check_note(note: &str) -> Result<(), Refusal> {
    if note.chars().count() > NOTE_CHARACTERS {
        return Err(Refusal::field("note", "MASH-E033", "at most 2,000 characters"));
    }
    Ok(())
}

fn check(request: &wire::RecordSupportRequest) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let codes = &request.support_codes;
    if codes.len() > 10 {
        faults.push(Violation::new("support_codes", "MASH-E033", "at most 10"));
    }
    for (index, code) in codes.iter().take(10).enumerate() {
        if !SUPPORT_CODES.contains(&code.as_str()) {
            let field = format!("support_codes[{index}]");
            let known = "`talked`, `checked-in`, `adjusted`, `told-staff`, `referred` or `other`";
            faults.push(Violation::new(field, "MASH-E016", known));
        }
    }
    if codes.is_empty() && request.note.trim().is_empty() {
        let field = "support_codes";
        faults.push(Violation::new(field, "MASH-E016", "what was done, or a note, or both"));
    }
    if check_note(&request.note).is_err() {
        faults.push(Violation::new("note", "MASH-E033", "at most 2,000 characters"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// For the wire.
pub(crate) fn note_to_wire(note: Note) -> wire::NoticeNote {
    wire::NoticeNote {
        note_time: Some(time_to_wire(note.at)),
        practitioner: note.practitioner,
        kind: note.kind,
        support_codes: note.codes,
        note: note.words,
    }
}
