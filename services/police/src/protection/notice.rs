//! Public protection notices.

use mash_chassis::Caller;
use mash_domain::{incident::CaseId, referral::report::Report};
use mash_partner::{Call, PartnerError, case_of};
use mash_proto::{convert::answer_from_wire, police::v1 as wire, referral::v1 as common};

use super::{NO_GRADE, Protection, prompts, read::Faults, record::Recorded};

/// A notice that was read.
pub(super) struct Notice {
    pub(super) reference: String,
    pub(super) report: Report,
    considered: bool,
}

impl Protection {
    /// Reads a notice, every fault at once.
    pub(super) async fn read_notice(
        &self,
        caller: &Caller,
        notice: Option<wire::ProtectionNotice>,
        amends: Option<CaseId>,
    ) -> Result<Notice, PartnerError> {
        let now = match amends {
            Some(case_id) => self.partner.submitted_at(caller, case_id).await?,
            None => self.partner.now(),
        };
        let wire::ProtectionNotice {
            reference,
            report,
            grade,
            county_lines,
            section_45_considered,
            mechanism_reference,
        } = notice.unwrap_or_default();
        let mut faults = Faults::of("notice");
        if amends.is_none() {
            faults.reference(&reference);
        }
        let grade = match wire::NoticeGrade::try_from(grade) {
            Ok(wire::NoticeGrade::Red) => "red",
            Ok(wire::NoticeGrade::Amber) => "amber",
            Ok(wire::NoticeGrade::Green) => "green",
            Ok(wire::NoticeGrade::Unspecified) | Err(_) => {
                faults.add("grade", NO_GRADE, "must be red, amber or green");
                ""
            }
        };
        let mut report = report.unwrap_or_default();
        report.sender_grade = grade.to_owned();
        let yes = |number: i32| answer_from_wire(number).is_ok_and(|answer| answer.is_yes());
        let marks = report.marks.get_or_insert_default();
        if yes(county_lines) {
            marks.criminal_exploitation = mash_proto::r#type::v1::Answer::Yes.into();
        }
        let considered = yes(section_45_considered);
        report.immigration = mechanism(report.immigration, &mechanism_reference, considered);
        let report = faults.report(Some(report), common::ReportKind::PoliceNotice, now);
        let notice = report.map(|report| Notice { reference, report, considered });
        faults.finish(notice)
    }

    /// Submits a notice.
    pub(super) async fn submit_notice(
        &self,
        call: &mut Call,
        notice: Notice,
    ) -> Result<common::SentReferral, PartnerError> {
        let Notice { reference, report, considered } = notice;
        let recorded = Recorded { reference, report: report.clone(), expected_revision: 0 };
        let sent = self.submit(call, recorded).await?;
        self.finish_notice(call, sent, &report, considered).await
    }

    /// Replaces what a notice says.
    pub(super) async fn amend_notice(
        &self,
        call: &mut Call,
        (case_id, expected_revision): (CaseId, i32),
        notice: Notice,
    ) -> Result<common::SentReferral, PartnerError> {
        let sent = self.partner.amend(call, case_id, expected_revision, &notice.report).await?;
        self.finish_notice(call, sent, &notice.report, notice.considered).await
    }

    async fn finish_notice(
        &self,
        call: &mut Call,
        sent: common::SentReferral,
        report: &Report,
        considered: bool,
    ) -> Result<common::SentReferral, PartnerError> {
        self.gaps(call, &sent.name, report).await?;
        let open = report.marks.exploitation() && !considered;
        self.prompt(call, &sent.name, (prompts::CONSIDER_SECTION_45, open)).await?;
        self.partner.told(call, case_of("name", &sent.name)?).await
    }
}

/// What is known of the national referral mechanism, in the class of its own (R15).
fn mechanism(said: String, reference: &str, considered: bool) -> String {
    let mut parts = vec![said];
    if !reference.trim().is_empty() {
        parts.push(format!("National referral mechanism: {}.", reference.trim()));
    }
    if considered {
        parts.push("The defence of Modern Slavery Act 2015 s.45 was considered.".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}
