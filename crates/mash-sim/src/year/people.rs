//! What people do while the year goes by: officers report, key adults look, desks telephone, heads close schools.

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};
use mash_chassis::Clock as _;
use mash_domain::calendar::london;
use mash_proto::{
    disclosure::v1::Content,
    education::v1::{
        AcknowledgeNoticeRequest, AnnounceClosureRequest, ConfirmRollRequest, DateRange,
        GetNoticeRequest, ListNoticesRequest, Notice, NoticeState, RejectNoticeRequest,
        ReplaceContactsRequest, directory_service_client::DirectoryServiceClient,
        notice_service_client::NoticeServiceClient,
    },
    police::v1::police_service_client::PoliceServiceClient,
};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::{
    ledger::Happened,
    play::{Event, Play},
    staff::is_at_work,
    trace::{Breaks, Identity},
};
use crate::{
    local::Local,
    process::Kind,
    world::{on_behalf, told},
};

impl Play {
    pub(super) fn request_id(&mut self, what: &str) -> String {
        self.serial += 1;
        let name = format!("{}/{what}/{}", self.trace.region.name, self.serial);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    pub(super) fn local(&self, to: Kind, who: &str) -> anyhow::Result<Local> {
        let organisation = who.parse().with_context(|| format!("`{who}` is no organisation"))?;
        Ok(Local::new(self.process(to)?.routes(), Arc::clone(&self.access), organisation))
    }

    /// Calls a service until it answers, with the same request, however often it dies meanwhile.
    async fn call<M, R, F, G>(
        &mut self,
        to: Kind,
        (who, practitioner): (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Result<R, Status>>
    where
        M: Clone,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        loop {
            let local = self.local(to, who)?;
            let request = on_behalf(practitioner, message.clone())?;
            let answer = go(local, request).await.map(Response::into_inner);
            if !self.rise(to).await? {
                return Ok(answer);
            }
        }
    }

    /// Whether a service cannot answer, for no fault of its own.
    fn is_away(&self, kind: Kind) -> bool {
        self.down.contains(&Breaks::Database) || self.asleep.contains(&kind)
    }

    /// As [`Play::call`], for what must not be refused while the service can answer.
    pub(super) async fn must<M, R, F, G>(
        &mut self,
        to: Kind,
        by: (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Option<R>>
    where
        M: Clone,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        match self.call(to, by, message, go).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if self.is_away(to) => Ok(None),
            Err(status) => {
                let (what, at) = (std::any::type_name::<M>(), self.clock.now());
                self.broken.push(format!(
                    "{what} of {} at {at} is refused: {}",
                    by.0,
                    told(&status)
                ));
                Ok(None)
            }
        }
    }

    pub(super) async fn report(&mut self, place: usize) -> anyhow::Result<()> {
        let report = self.trace.reports.get(place).context("no such report")?;
        let (request, due) = (report.request.clone(), report.at);
        let force = format!("police/{}", self.trace.region.force);
        let answer =
            self.must(Kind::Police, (&force, "pc-4711"), request, |local, request| async {
                PoliceServiceClient::new(local).report_domestic_abuse_incident(request).await
            });
        match answer.await?.and_then(|answer| answer.incident) {
            Some(incident) => {
                self.count("reports");
                if due < self.clock.now() {
                    self.count("reports handed in again after an outage");
                }
                self.accepted.insert(place, (self.clock.now(), incident.name));
                self.pump().await
            }
            // The force's own system tries again.
            None => {
                self.at(self.after_minutes(5), Event::Report(place));
                Ok(())
            }
        }
    }

    /// Lets everybody react to what has happened. Whether somebody is to be told on release.
    pub(super) fn react(&mut self) -> bool {
        let fresh = self.ledger.fresh();
        let delivered = !fresh.is_empty();
        for happened in fresh {
            match happened {
                Happened::Delivered(id) => {
                    if let Some(notice) = self.ledger.notice(&id)
                        && let Some(bell) = notice.bell
                        && let Some(laestab) = notice.recipient.strip_prefix("school/")
                    {
                        self.plan_looks(laestab, bell);
                    }
                }
                Happened::Escalated(id) => {
                    let minutes = self.random.between(5, 15);
                    self.at(self.after_minutes(minutes), Event::Telephone(id));
                }
                Happened::AtDesk(id) => self.plan_desk(&id),
            }
        }
        for told in self.post.told() {
            let day = told.at.to_zoned(london().clone()).date();
            let Some(laestab) = told.to.organisation.strip_prefix("school/") else { continue };
            let at_work =
                self.years.get(laestab).is_some_and(|year| is_at_work(year, told.at, day));
            let answers = self.staff.answers(&told.to.id, told.by_text, told.at, day);
            if let (true, Some(at)) = (at_work, answers) {
                self.at(at, Event::Look { organisation: told.to.organisation, id: told.to.id });
            }
        }
        delivered
    }

    /// When the people of a school will look on the morning of a bell.
    fn plan_looks(&mut self, laestab: &str, bell: Timestamp) {
        let day = bell.to_zoned(london().clone()).date();
        if !self.planned.insert((laestab.to_owned(), day)) {
            return;
        }
        let ids: Vec<String> =
            self.contacts.get(laestab).into_iter().flatten().map(|it| it.id.clone()).collect();
        for id in ids {
            let (early, late) =
                (self.staff.looks(&id, bell, day), self.staff.looks_late(&id, bell, day));
            let now = self.clock.now();
            for at in [early, late].into_iter().flatten().filter(|at| *at > now) {
                let organisation = format!("school/{laestab}");
                self.at(at, Event::Look { organisation, id: id.clone() });
            }
        }
    }

    fn plan_desk(&mut self, id: &str) {
        let Some(notice) = self.ledger.notice(id) else { return };
        let Some(authority) = notice.recipient.strip_prefix("authority/") else { return };
        let officers = self.officers.get(&(authority.to_owned(), notice.desk));
        let Some(officer) = officers.and_then(|all| all.first()).cloned() else { return };
        let local = self.clock.now().to_zoned(london().clone());
        let works = (8..17).contains(&local.hour()) && local.weekday().to_monday_zero_offset() < 5;
        let minutes = self.random.between(5, 45);
        let mut at = self.after_minutes(minutes);
        if !works {
            let mut day = local.date() + i64::from(local.hour() >= 8).days();
            while day.weekday().to_monday_zero_offset() > 4 {
                day += 1.day();
            }
            let minutes = i64::from(self.random.between(8 * 60 + 15, 9 * 60 + 30));
            let midnight = day.to_zoned(london().clone()).map(|midnight| midnight.timestamp());
            at = midnight.unwrap_or(at) + SignedDuration::from_mins(minutes);
        }
        self.at(at, Event::Look { organisation: notice.recipient, id: officer });
    }

    /// The officer rings the school, and three times in four there is somebody who sees to it.
    pub(super) fn telephone(&mut self, id: &str) {
        self.count("telephone tasks");
        let Some(notice) = self.ledger.notice(id) else { return };
        let day = self.clock.now().to_zoned(london().clone()).date();
        let reached = self.random.chance(750);
        let there = notice.addressees.iter().find(|id| self.staff.is_there(id, day));
        if let (true, Some(id), true) = (reached, there, notice.recipient.starts_with("school/")) {
            let minutes = self.random.between(2, 20);
            let (organisation, id) = (notice.recipient.clone(), id.clone());
            self.at(self.after_minutes(minutes), Event::Look { organisation, id });
        }
    }

    /// Somebody looks at what waits, and sees to each.
    pub(super) async fn look(&mut self, organisation: String, id: String) -> anyhow::Result<()> {
        let day = self.clock.now().to_zoned(london().clone()).date();
        let school = organisation.strip_prefix("school/").map(str::to_owned);
        let closed = school
            .as_ref()
            .and_then(|it| self.years.get(it))
            .is_some_and(|year| !year.is_open(day));
        if closed {
            return Ok(());
        }
        let by = (organisation.as_str(), id.as_str());
        let request = ListNoticesRequest { page_size: 200, open_only: true, ..Default::default() };
        let answer = self.must(Kind::Education, by, request, |local, request| async {
            NoticeServiceClient::new(local).list_notices(request).await
        });
        let Some(answer) = answer.await? else {
            // The page does not open; she tries again.
            let minutes = self.random.between(5, 15);
            self.at(self.after_minutes(minutes), Event::Look { organisation, id });
            return Ok(());
        };
        for notice in answer.notices {
            match &school {
                Some(laestab) => Box::pin(self.see_to(by, laestab, notice)).await?,
                // What climbed to the duty desk is for whoever was told to answer: a school, or the desk for home education.
                None if notice.establishment.is_empty()
                    && notice.diversion_code != "unacknowledged" =>
                {
                    self.read(by, &notice.name).await?;
                    self.acknowledge(by, &notice).await?;
                }
                None => (),
            }
        }
        self.pump().await
    }

    async fn see_to(
        &mut self,
        by: (&str, &str),
        laestab: &str,
        notice: Notice,
    ) -> anyhow::Result<()> {
        if notice.state() == NoticeState::Acknowledged {
            return Ok(());
        }
        if self.random.chance(50) {
            self.somebody_else(laestab, &notice.name).await?;
        }
        let Some(shown) = self.read(by, &notice.name).await? else { return Ok(()) };
        let hers = self.is_hers(laestab, shown.content.as_ref());
        if !hers {
            if !shown.sealed {
                self.broken.push(format!(
                    "{} is open to {laestab}, and the child is not there",
                    notice.name
                ));
            }
            let request_id = self.request_id("reject");
            let request = RejectNoticeRequest { request_id, name: notice.name };
            let answer = self.must(Kind::Education, by, request, |local, request| async {
                NoticeServiceClient::new(local).reject_notice(request).await
            });
            if answer.await?.is_some() {
                self.count("not on our roll");
            }
            return Ok(());
        }
        if shown.sealed {
            let request_id = self.request_id("confirm-roll");
            let request = ConfirmRollRequest { request_id, name: notice.name.clone() };
            let answer = self.must(Kind::Education, by, request, |local, request| async {
                NoticeServiceClient::new(local).confirm_roll(request).await
            });
            if answer.await?.is_none() {
                return Ok(());
            }
            let open = self.read(by, &notice.name).await?;
            if open.is_some_and(|open| open.sealed) {
                self.broken
                    .push(format!("{} is sealed although the roll was confirmed", notice.name));
            }
        }
        self.acknowledge(by, &shown).await
    }

    /// Whether the child of a notice learns at a school.
    fn is_hers(&self, laestab: &str, content: Option<&Content>) -> bool {
        let Some(child) = content.and_then(|content| content.child.as_ref()) else { return false };
        let born = child.date_of_birth.unwrap_or_default();
        let identity = Identity {
            given: child.given_names.clone(),
            family: child.family_name.clone(),
            born: (born.year, born.month, born.day),
        };
        self.trace.truth.get(&identity).is_some_and(|places| places.contains(laestab))
    }

    /// Opens one notice. What is sealed shows who the child is and nothing else.
    async fn read(&mut self, by: (&str, &str), name: &str) -> anyhow::Result<Option<Notice>> {
        let request = GetNoticeRequest { name: name.to_owned() };
        let answer = self.must(Kind::Education, by, request, |local, request| async {
            NoticeServiceClient::new(local).get_notice(request).await
        });
        let Some(notice) = answer.await?.and_then(|answer| answer.notice) else { return Ok(None) };
        if let (Some(content), true) = (&notice.content, by.0.starts_with("school/")) {
            let bare =
                content.child.as_ref().map(|child| mash_proto::disclosure::v1::ChildIdentity {
                    given_names: child.given_names.clone(),
                    family_name: child.family_name.clone(),
                    date_of_birth: child.date_of_birth,
                    ..Default::default()
                });
            let identity_only = *content == Content { child: bare, ..Content::default() };
            let laestab = by.0.trim_start_matches("school/");
            if let Some(words) =
                disclosed(&notice, identity_only, self.is_hers(laestab, Some(content)))
            {
                self.broken.push(format!("{name} at {}: {words}", by.0));
            }
            self.count(if identity_only { "shown sealed" } else { "shown open" });
        }
        Ok(Some(notice))
    }

    /// Somebody of another school asks for the same notice, and hears what she would hear if it did not exist.
    async fn somebody_else(&mut self, laestab: &str, name: &str) -> anyhow::Result<()> {
        let other = self
            .contacts
            .iter()
            .find(|(school, all)| school.as_str() != laestab && !all.is_empty());
        let Some((school, id)) = other
            .and_then(|(school, all)| Some((format!("school/{school}"), all.first()?.id.clone())))
        else {
            return Ok(());
        };
        let request = GetNoticeRequest { name: name.to_owned() };
        let answer = self.call(Kind::Education, (&school, &id), request, |local, request| async {
            NoticeServiceClient::new(local).get_notice(request).await
        });
        match answer.await? {
            Err(status) if status.code() == Code::NotFound => self.count("asked by another school"),
            Err(_) if self.is_away(Kind::Education) => (),
            Ok(_) | Err(_) => self.broken.push(format!("{name} is not unknown to {school}")),
        }
        Ok(())
    }

    async fn acknowledge(&mut self, by: (&str, &str), notice: &Notice) -> anyhow::Result<()> {
        let request = AcknowledgeNoticeRequest {
            request_id: self.request_id("acknowledge"),
            name: notice.name.clone(),
            revision: notice.revision,
            ..AcknowledgeNoticeRequest::default()
        };
        let answer = self.must(Kind::Education, by, request, |local, request| async {
            NoticeServiceClient::new(local).acknowledge_notice(request).await
        });
        answer.await?;
        Ok(())
    }

    /// A head announces that the school stays closed.
    pub(super) async fn close(&mut self, laestab: String, day: Date) -> anyhow::Result<()> {
        let school = format!("school/{laestab}");
        let id = self
            .contacts
            .get(&laestab)
            .and_then(|all| all.first())
            .map_or("head", |it| &it.id)
            .to_owned();
        let request = AnnounceClosureRequest {
            request_id: self.request_id("closure"),
            establishment: format!("establishments/{laestab}"),
            date: Some(day.into()),
            reason_code: "weather".to_owned(),
        };
        let answer = self.must(Kind::Education, (&school, &id), request, |local, request| async {
            DirectoryServiceClient::new(local).announce_closure(request).await
        });
        let Some(answer) = answer.await? else {
            self.at(self.after_minutes(5), Event::Close { laestab, day });
            return Ok(());
        };
        self.count("schools closed for snow");
        *self.counts.entry("bells moved by snow").or_default() +=
            u64::try_from(answer.notices_moved).unwrap_or(0);
        let now = self.clock.now();
        self.closures.entry(laestab.clone()).or_default().push((now, day));
        let next = self.years.get_mut(&laestab).and_then(|year| {
            year.close(day);
            year.bell_after(now)
        });
        if let Some(bell) = next {
            self.plan_looks(&laestab, bell);
        }
        self.pump().await
    }

    /// A school tells the directory that somebody will be away.
    pub(super) async fn away(
        &mut self,
        laestab: String,
        id: String,
        monday: Date,
    ) -> anyhow::Result<()> {
        let contacts = self.contacts.get_mut(&laestab).context("no such school")?;
        for contact in contacts.iter_mut().filter(|contact| contact.id == id) {
            let (first, last) = (Some(monday.into()), Some((monday + 4.days()).into()));
            contact.absence = Some(DateRange { first, last });
        }
        let contacts = contacts.clone();
        let request = ReplaceContactsRequest {
            request_id: self.request_id("away"),
            parent: format!("establishments/{laestab}"),
            contacts,
        };
        let school = format!("school/{laestab}");
        let answer = self.must(Kind::Education, (&school, &id), request, |local, request| async {
            DirectoryServiceClient::new(local).replace_contacts(request).await
        });
        if answer.await?.is_none() {
            self.at(self.after_minutes(10), Event::Away { laestab, id, monday });
            return Ok(());
        }
        self.count("absences told to the directory");
        self.pump().await
    }
}

/// What is wrong with what a school was shown, if something is.
#[must_use]
pub fn disclosed(notice: &Notice, identity_only: bool, hers: bool) -> Option<&'static str> {
    match (notice.sealed, identity_only, hers) {
        (true, false, _) => Some("sealed, and more than who the child is was shown"),
        (false, false, false) => Some("disclosed to a school that the child does not attend"),
        (false, false, true) if notice.roll_confirm_time.is_none() => {
            Some("disclosed, and nobody has confirmed the roll")
        }
        (true, true, _) | (false, true, _) | (false, false, true) => None,
    }
}
