//! Calendars, closures and bank holidays; what they move moves at once.

use std::collections::BTreeSet;

use jiff::Span;
use mash_bus::topics;
use mash_chassis::Caller;
use mash_domain::{
    bank_holidays::{BankHolidays, BankHolidaysError},
    identifier::Laestab,
};
use mash_proto::{convert::education::calendar_from_wire, education::v1 as wire};
use mash_store::{StoreError, Tx, outbox};

use crate::{
    COMPONENT, Service,
    access::{self, CalendarOwner},
    bell::{BANK_HOLIDAYS, Bells},
    call::Begun,
    error::Refusal,
    receipts::bell_moved,
    record::Record,
    store::{self, directory, ladder, notices},
};

const REASONS: [&str; 4] = ["weather", "strike", "premises", "other"];

impl Service {
    /// Replaces a calendar.
    pub(crate) async fn replace_calendar(
        &self,
        caller: &Caller,
        request: wire::ReplaceCalendarRequest,
    ) -> Result<wire::ReplaceCalendarResponse, Refusal> {
        let owner = access::calendar_owner(&request.parent)?;
        let allowed = match &owner {
            CalendarOwner::Establishment(laestab) => {
                access::may_keep_establishment(caller, laestab)
            }
            CalendarOwner::Authority(code) => access::may_keep_authority(caller, code),
        };
        if !allowed {
            return Err(Refusal::NotFound);
        }
        let calendar = request.calendar.clone().unwrap_or_default();
        calendar_from_wire(calendar.clone())?;
        let mut call =
            match self.begin(caller, "ReplaceCalendar", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let whose = match &owner {
            CalendarOwner::Establishment(laestab) => {
                self.known(&mut call.tx, laestab).await?;
                format!("school/{laestab}")
            }
            CalendarOwner::Authority(code) => format!("school/{code}"),
        };
        directory::put_calendar(&mut call.tx, &owner.name(), &calendar).await?;
        if let CalendarOwner::Authority(code) = &owner {
            let authority_code = code.to_string();
            let event = wire::CalendarChanged { authority_code, calendar: Some(calendar.clone()) };
            let key = format!("authority/{code}/calendar");
            let message = self.change(topics::DIRECTORY, key, &event);
            outbox::enqueue(&mut call.tx, COMPONENT, &[message]).await?;
        }
        let moved = self.ring_anew(&mut call.tx, &whose).await?;
        let answer =
            call.finish(wire::ReplaceCalendarResponse { calendar: Some(calendar) }).await?;
        moved.iter().for_each(|record| self.changed(record));
        Ok(answer)
    }

    /// Announces that an establishment is closed on a day.
    pub(crate) async fn announce_closure(
        &self,
        caller: &Caller,
        request: wire::AnnounceClosureRequest,
    ) -> Result<wire::AnnounceClosureResponse, Refusal> {
        let laestab = access::establishment("establishment", &request.establishment)?;
        if !access::may_keep_establishment(caller, &laestab) {
            return Err(Refusal::NotFound);
        }
        let day = self.closure_day(&request)?;
        let mut call =
            match self.begin(caller, "AnnounceClosure", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        self.known(&mut call.tx, &laestab).await?;
        let (by, at_ms) = (call.practitioner.clone(), self.clock.now().as_millisecond());
        directory::put_closure(
            &mut call.tx,
            laestab.as_str(),
            day,
            &request.reason_code,
            &by,
            at_ms,
        )
        .await?;
        let moved = self.ring_anew(&mut call.tx, &format!("school/{laestab}")).await?;
        let notices_moved = i32::try_from(moved.len()).unwrap_or(i32::MAX);
        let answer = call.finish(wire::AnnounceClosureResponse { notices_moved }).await?;
        moved.iter().for_each(|record| self.changed(record));
        Ok(answer)
    }

    fn closure_day(
        &self,
        request: &wire::AnnounceClosureRequest,
    ) -> Result<jiff::civil::Date, Refusal> {
        use mash_chassis::fault::Violation;
        let mut faults = Vec::new();
        if !REASONS.contains(&request.reason_code.as_str()) {
            let known = "`weather`, `strike`, `premises` or `other`";
            faults.push(Violation::new("reason_code", "MASH-E017", known));
        }
        let today = self.today();
        let latest = today.saturating_add(Span::new().days(60));
        let day = request.date.and_then(|date| jiff::civil::Date::try_from(date).ok());
        let day = day.filter(|day| (today..=latest).contains(day));
        if day.is_none() {
            faults.push(Violation::new("date", "MASH-E017", "today, or a day within the next 60"));
        }
        day.filter(|_| faults.is_empty()).ok_or(Refusal::Invalid(faults))
    }

    async fn known(&self, tx: &mut Tx, laestab: &Laestab) -> Result<(), Refusal> {
        directory::get(tx, laestab.as_str()).await?.map(|_| ()).ok_or(Refusal::NotFound)
    }

    /// Takes in GOV.UK's list of bank holidays.
    pub(crate) async fn import_bank_holidays(
        &self,
        document: &[u8],
    ) -> Result<wire::ImportBankHolidaysResponse, Refusal> {
        let list = BankHolidays::from_gov_uk_json(document).map_err(|error| {
            let code = if error == BankHolidaysError::TooLarge { "MASH-E007" } else { "MASH-E024" };
            Refusal::field("document", code, &error.to_string())
        })?;
        let lines: Vec<String> = list.iter().map(|day| day.to_string()).collect();
        let mut tx = self.store.begin().await?;
        store::set(&mut tx, BANK_HOLIDAYS, lines.join("\n").as_bytes()).await?;
        let moved = self.ring_anew(&mut tx, "school/").await?;
        tx.commit().await?;
        moved.iter().for_each(|record| self.changed(record));
        Ok(wire::ImportBankHolidaysResponse {
            days: i32::try_from(lines.len()).unwrap_or(i32::MAX),
            first: list.first().map(Into::into),
            last: list.last().map(Into::into),
        })
    }

    /// Computes the bells of waiting notices anew, for recipients that begin like this, and returns those that moved.
    async fn ring_anew(&self, tx: &mut Tx, recipients: &str) -> Result<Vec<Record>, StoreError> {
        let waiting = notices::waiting(tx, recipients).await?;
        let ids: Vec<&str> = waiting.iter().map(String::as_str).collect();
        let records = notices::lock(tx, &ids).await?;
        let schools: BTreeSet<String> =
            records.values().map(|record| record.recipient.code().to_owned()).collect();
        let bells = Bells::load(tx, &schools.into_iter().collect::<Vec<_>>()).await?;
        let mut moved = Vec::new();
        for (_, mut record) in records {
            let bell = bells.after(record.recipient.code(), record.accepted);
            let same =
                record.notice.deliver_by == Some(bell.at) && record.uncertain == bell.uncertain;
            if record.notice.state.is_waiting() && !same {
                record.notice.deliver_by = Some(bell.at);
                record.uncertain = bell.uncertain;
                moved.push(record);
            }
        }
        notices::put(tx, &moved.iter().collect::<Vec<_>>()).await?;
        // An earlier bell is an earlier ladder.
        let ids: Vec<&str> = moved.iter().map(|record| record.id.as_str()).collect();
        let now = self.clock.now();
        ladder::look_at(tx, &ids, now).await?;
        // Whoever counts must not count by the old one.
        let told: Vec<_> = moved.iter().map(|record| bell_moved(record, now)).collect();
        outbox::enqueue(tx, COMPONENT, &told).await?;
        Ok(moved)
    }
}
