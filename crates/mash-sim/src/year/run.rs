//! A year from beginning to end: one region, or all of them on a few threads.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::Context as _;
use jiff::{Timestamp, civil::Date};
use mash_proto::{
    disclosure::v1::DutyState,
    education::v1::{GetNoticeRequest, notice_service_client::NoticeServiceClient},
    police::v1::{Outcome, WatchOutcomesRequest, police_service_client::PoliceServiceClient},
};
use mash_store::dead_letters;
use mash_synth::{months::Region, wales::schools::Sector};
use tokio_stream::StreamExt as _;
use tonic::Request;

use super::{
    check::{Ended, Known, ReportedChild, lost, sent_twice, stranded},
    ledger::{Notice, Written},
    others::{Given, Morning, System},
    play::{KINDS, Play},
    report::{Ours, RegionReport},
    trace::{Extent, Identity, Trace, traces},
};
use crate::process::Kind;

/// Plays the year of one region to its end and holds it against the promises.
///
/// # Errors
///
/// If the simulation itself fails; broken promises are findings.
pub async fn region(
    trace: Trace,
    deaths: u32,
    each_day: impl FnMut(Date),
) -> anyhow::Result<RegionReport> {
    let began = Instant::now();
    let mut play = Box::pin(Play::new(trace, deaths)).await?;
    let prepared = began.elapsed();
    Box::pin(play.run(each_day)).await?;
    let mut report = Box::pin(play.close_the_books()).await?;
    report.prepared_s = prepared.as_secs_f64();
    report.took_s = began.elapsed().as_secs_f64();
    Ok(report)
}

impl Play {
    /// Holds what was written down against the promises.
    async fn close_the_books(&mut self) -> anyhow::Result<RegionReport> {
        let mut written = self.ledger.written();
        self.late_codes(&mut written).await?;
        let outcomes = self.outcomes().await?;
        let told = self.post.outages();
        let known = Known {
            years: &self.trace.years,
            closures: &self.closures,
            outages: &self.trace.outages,
            told: &told,
        };
        let mut report = RegionReport::of(&self.trace);
        let mut broken = Vec::new();
        for notice in written.notices.values() {
            match known.fate(notice) {
                Ok(fate) => *report.tally.fates.entry(fate.words()).or_default() += 1,
                Err(words) => broken.push(words),
            }
            if !notice.late_code.is_empty() {
                *report.tally.late_codes.entry(notice.late_code.clone()).or_default() += 1;
            }
        }
        let reported = self.reported(&outcomes);
        report.tally.children = u64::try_from(reported.len()).unwrap_or(0);
        report.tally.withheld =
            u64::try_from(reported.iter().filter(|it| it.withheld).count()).unwrap_or(0);
        broken.extend(lost(&reported, &written.notices));
        broken.extend(stranded(&written.notices, &ended(&outcomes), &known));
        let (twice, after_a_crash) = sent_twice(&self.post.attempts(), &known);
        broken.extend(twice);
        broken.extend(unended(&outcomes));
        broken.extend(self.buried().await?);
        if written.unreadable > 0 {
            broken.push(format!("{} messages could not be read", written.unreadable));
        }
        if self.accepted.len() < self.trace.reports.len() {
            broken.push("not every report was accepted in the end".to_owned());
        }
        self.compare(&written.notices, &known, &reported, &mut report);
        report.tally.broken = self.broken.iter().cloned().chain(broken).collect();
        report.tally.notices = u64::try_from(written.notices.len()).unwrap_or(0);
        report.tally.sent_again_after_a_crash = after_a_crash;
        let sent = self.post.counts();
        report.tally.counts =
            self.counts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect();
        for (what, count) in [
            ("steps of ladders sent", sent.steps),
            ("mails that bounced", sent.refused),
            ("mails that no server took", sent.unreachable),
        ] {
            report.tally.counts.insert(what.to_owned(), count);
        }
        (report.tally.steps, report.tally.deaths) = self.steps();
        Ok(report)
    }

    /// Why notices were late, as a reader of them sees it.
    async fn late_codes(&mut self, written: &mut Written) -> anyhow::Result<()> {
        for notice in written.notices.values_mut() {
            let bell = notice.bell.unwrap_or(Timestamp::MAX);
            let Some(reader) = notice.addressees.first().cloned() else { continue };
            if notice.with_a_person().is_none_or(|at| at < bell) {
                continue;
            }
            let request = GetNoticeRequest { name: format!("notices/{}", notice.id) };
            let by = (notice.recipient.as_str(), reader.as_str());
            let answer = self.must(Kind::Education, by, request, |local, request| async {
                NoticeServiceClient::new(local).get_notice(request).await
            });
            let shown = answer.await?.and_then(|answer| answer.notice);
            notice.late_code = shown.map(|shown| shown.late_code).unwrap_or_default();
        }
        Ok(())
    }

    /// Police count for themselves.
    async fn outcomes(&self) -> anyhow::Result<Vec<Outcome>> {
        let local = self.local(Kind::Police, &format!("police/{}", self.trace.region.force))?;
        let mut request =
            Request::new(WatchOutcomesRequest { snapshot_only: true, ..Default::default() });
        request.metadata_mut().insert("mash-practitioner", "pc-4711".parse()?);
        let mut stream =
            PoliceServiceClient::new(local).watch_outcomes(request).await?.into_inner();
        let mut outcomes = Vec::new();
        while let Some(answer) = stream.next().await {
            outcomes.extend(answer?.outcome.filter(is_of_education));
        }
        Ok(outcomes)
    }

    /// Every child of every report that was accepted, when, and what the force sees of it.
    fn reported(&self, outcomes: &[Outcome]) -> Vec<ReportedChild> {
        let mut seen: BTreeMap<(&str, &str), Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes {
            let key = (outcome.incident.as_str(), outcome.child_ref.as_str());
            seen.entry(key).or_default().push(outcome);
        }
        let mut reported = Vec::new();
        for (place, (accepted, name)) in &self.accepted {
            let incident =
                self.trace.reports.get(*place).and_then(|it| it.request.incident.as_ref());
            for child in incident.into_iter().flat_map(|incident| &incident.children) {
                let hers =
                    seen.get(&(name.as_str(), child.r#ref.as_str())).map_or(&[][..], Vec::as_slice);
                let withheld = |outcome: &&&Outcome| outcome.state() == DutyState::Withheld;
                let word = |it: &&Outcome| {
                    format!("{} {} {}", it.duty_kind, it.state().as_str_name(), it.reason_code)
                };
                reported.push(ReportedChild {
                    child: Identity::of(child),
                    accepted: *accepted,
                    withheld: !hers.is_empty() && hers.iter().all(|it| withheld(&it)),
                    seen: hers.iter().map(word).collect::<Vec<_>>().join(", "),
                });
            }
        }
        reported
    }

    /// Nothing that a service sent is unreadable to another.
    async fn buried(&self) -> anyhow::Result<Vec<String>> {
        let mut buried = Vec::new();
        for kind in KINDS {
            for letter in dead_letters::list(&self.process(kind)?.witness, None, 5).await? {
                buried.push(format!("{} buried an event of {}", kind.word(), letter.topic));
            }
        }
        Ok(buried)
    }

    /// How many of the same notices other systems would have missed, and how many we did.
    fn compare(
        &self,
        notices: &BTreeMap<String, Notice>,
        known: &Known<'_>,
        reported: &[ReportedChild],
        report: &mut RegionReport,
    ) {
        let withheld: BTreeSet<(&Identity, Timestamp)> =
            reported.iter().filter(|it| it.withheld).map(|it| (&it.child, it.accepted)).collect();
        let mut years = self.trace.years.clone();
        for (laestab, closures) in &self.closures {
            for (_, day) in closures {
                years.entry(laestab.clone()).and_modify(|year| year.close(*day));
            }
        }
        let mut by_child: BTreeMap<(&Identity, i64), Vec<&Notice>> = BTreeMap::new();
        for notice in notices.values() {
            if let Some(child) = &notice.child {
                by_child.entry((child, notice.accepted.as_millisecond())).or_default().push(notice);
            }
        }
        let morning = Morning { staff: self.staff, years: &years, outages: &self.trace.outages };
        for (place, report_) in self.trace.reports.iter().enumerate() {
            let children = report_.request.incident.iter().flat_map(|it| &it.children);
            for (child, roll) in children.zip(&report_.rolls) {
                let identity = Identity::of(child);
                let Some(given) = self.given(report_.at, roll.as_deref(), &identity, &years) else {
                    continue;
                };
                let accepted = self.accepted.get(&place).map(|(at, _)| *at);
                // What no rule lets through is nobody's to deliver.
                if accepted.is_some_and(|at| withheld.contains(&(&identity, at))) {
                    continue;
                }
                report.tally.given += 1;
                for system in System::ALL {
                    if let Some(missed) = morning.missed(system, &given) {
                        *report.others.entry((system, missed)).or_default() += 1;
                    }
                }
                let hers = accepted.and_then(|at| by_child.get(&(&identity, at.as_millisecond())));
                let ours = ours(hers.map_or(&[], Vec::as_slice), &given, known);
                let in_time = accepted.is_some_and(|at| at < given.bell);
                let ours = if ours == Ours::Missed && !in_time { Ours::NotTaken } else { ours };
                if ours == Ours::Missed {
                    report.tally.missed.push(missed(&given, hers.map_or(&[], Vec::as_slice)));
                }
                *report.tally.ours.entry(ours).or_default() += 1;
            }
        }
    }

    fn given(
        &self,
        at: Timestamp,
        roll: Option<&str>,
        child: &Identity,
        years: &BTreeMap<String, super::calendar::SchoolYear>,
    ) -> Option<Given> {
        let school = self.trace.wales.school(roll?)?;
        let bell = years.get(&school.laestab)?.bell_after(at)?;
        let first = school.contacts.iter().find(|contact| contact.training_date.is_some());
        let places = self.trace.truth.get(child);
        // A setting that is not a school is told by one force of the four; the duty is the schools'.
        (school.sector != Sector::EarlyYears).then(|| Given {
            at,
            laestab: school.laestab.clone(),
            to: first.map(|contact| contact.id.clone()),
            bell,
            right: places.is_some_and(|places| places.contains(&school.laestab)),
        })
    }
}

/// What was not with anybody by the bell that the others had to meet, for whoever looks into it.
fn missed(given: &Given, notices: &[&Notice]) -> String {
    let shown = |notice: &&Notice| {
        let Notice { id, recipient, delivered, bell, acknowledged, escalated, rejected, .. } =
            notice;
        let at = |time: &Option<Timestamp>| time.map_or("never".to_owned(), |at| at.to_string());
        let officer = escalated.as_ref().map(|(at, _)| *at);
        format!(
            "{id} to {recipient} at {}, bell {}, acknowledged {}, with an officer {}, sent back {}",
            at(delivered),
            at(bell),
            at(acknowledged),
            at(&officer),
            at(rejected)
        )
    };
    let notices: Vec<String> = notices.iter().map(shown).collect();
    format!("of {} for {} by {}: {}", given.at, given.laestab, given.bell, notices.join("; "))
}

/// What became of a child's notices by the bell that the others had to meet.
fn ours(notices: &[&Notice], given: &Given, known: &Known<'_>) -> Ours {
    let by = |at: Option<Timestamp>| at.is_some_and(|at| at < given.bell);
    if notices.iter().any(|notice| by(notice.acknowledged)) {
        return Ours::Acknowledged;
    }
    let officer = |notice: &&Notice| {
        notice.escalated.as_ref().is_some_and(|(at, to)| !to.is_empty() && *at < given.bell)
    };
    if notices.iter().any(officer) {
        return Ours::WithTheDesk;
    }
    let authority: String = given.laestab.chars().take(3).collect();
    let told =
        known.told.iter().any(|(at, of)| *of == authority && *at < given.bell && given.at <= *at);
    if told && notices.iter().any(|notice| notice.delivered.is_some_and(|at| at < given.bell)) {
        return Ours::DeskToldOfOutage;
    }
    if notices.iter().any(|notice| by(notice.rejected)) {
        return Ours::SentOn;
    }
    let late = |notice: &&Notice| notice.delivered.is_none_or(|at| at >= given.bell);
    if !notices.is_empty() && notices.iter().all(late) {
        return Ours::CameLate;
    }
    Ours::Missed
}

/// Whether it is about a place of education, or whoever stands in for one.
fn is_of_education(outcome: &Outcome) -> bool {
    ["school", "home-education", "school-unknown", "early-years"]
        .contains(&outcome.duty_kind.as_str())
}

/// How each duty stands for the force.
fn ended(outcomes: &[Outcome]) -> Ended {
    let words = |it: &Outcome| (it.state().as_str_name().to_owned(), it.reason_code.clone());
    outcomes.iter().map(|it| (it.duty.clone(), words(it))).collect()
}

/// Every duty ends (P1), as the force sees it.
fn unended(outcomes: &[Outcome]) -> Vec<String> {
    let ended = [DutyState::Acknowledged, DutyState::Escalated, DutyState::Withheld];
    outcomes
        .iter()
        .filter(|outcome| !ended.contains(&outcome.state()))
        .map(|outcome| {
            format!("the force sees duty {} as {}", outcome.duty, outcome.state().as_str_name())
        })
        .collect()
}

/// Plays these regions on so many threads.
///
/// # Errors
///
/// As [`region`].
pub fn side_by_side(
    regions: &[Region],
    extent: Extent,
    (deaths, threads): (u32, usize),
    each_day: &(dyn Fn(&'static str, Date) + Sync),
) -> anyhow::Result<Vec<RegionReport>> {
    let waiting: Mutex<VecDeque<Trace>> = Mutex::new(traces(regions, extent).into());
    let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> anyhow::Result<Vec<RegionReport>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut reports = Vec::new();
        while let Some(trace) = take() {
            let name = trace.region.name;
            let played =
                runtime.block_on(Box::pin(region(trace, deaths, |day| each_day(name, day))));
            reports.push(played.with_context(|| name)?);
        }
        Ok(reports)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a region ended in a panic"))??);
        }
        all.sort_by_key(|report: &RegionReport| report.region);
        Ok(all)
    })
}
