//! Police protection (Children Act 1989 s.46): 72 hours, and the authority is told.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{clock::ids, referral::report::Report};
use mash_partner::{Call, PartnerError, case_of, nation_of};
use mash_proto::{police::v1 as wire, referral::v1 as common};

use super::{
    Protection, prompts,
    read::{Faults, fact},
    record::Recorded,
};
use crate::store::records::{self, RecordRow};

/// Police protection that was read.
pub(super) struct Taken {
    reference: String,
    report: Report,
    expected_revision: i32,
    taken: Timestamp,
    ended: Option<Timestamp>,
}

impl Protection {
    /// Reads police protection, every fault at once.
    pub(super) async fn read_taken(
        &self,
        caller: &Caller,
        protection: Option<wire::PoliceProtection>,
        expected_revision: i32,
    ) -> Result<Taken, PartnerError> {
        let protection = protection.unwrap_or_default();
        let first = self.first_made(caller, &protection.reference, expected_revision).await?;
        let now = self.partner.now();
        let mut faults = Faults::of("protection");
        faults.reference(&protection.reference);
        let taken = faults.needed("take_time", protection.take_time, now);
        let ended = faults.time("end_time", protection.end_time, now);
        faults.order("end_time", taken, ended);
        let mut report = protection.report.unwrap_or_default();
        if report.urgency == 0 {
            report.urgency = common::Urgency::Immediate.into();
        }
        let mut what = "Taken into police protection (Children Act 1989 s.46).".to_owned();
        if !protection.designated_officer.trim().is_empty() {
            let officer = protection.designated_officer.trim();
            what = format!("{what} Designated officer: {officer}.");
        }
        fact(&mut report, what, taken, "");
        let report = faults.report(Some(report), common::ReportKind::PoliceProtection, first);
        let reference = protection.reference;
        let build = || {
            let (report, taken) = (report?, taken?);
            Some(Taken { reference, report, expected_revision, taken, ended })
        };
        let protection = build();
        faults.finish(protection)
    }

    /// Records police protection, and keeps its clock.
    pub(super) async fn record_taken(
        &self,
        call: &mut Call,
        Taken { reference, report, expected_revision, taken, ended }: Taken,
    ) -> Result<wire::RecordPoliceProtectionResponse, PartnerError> {
        let recorded = Recorded { reference, report: report.clone(), expected_revision };
        let sent = self.submit(call, recorded).await?;
        let case_id = case_of("name", &sent.name)?;
        let nation = nation_of(&[report.place_authority.as_ref()], &call.organisation);
        let clock = (sent.name.as_str(), ids::POLICE_PROTECTION, prompts::PROTECTION_ENDING);
        self.partner.start_clock(call, clock, taken, nation).await?;
        if let Some(ended) = ended {
            self.partner.meet_clock(call, &sent.name, ids::POLICE_PROTECTION, ended).await?;
        }
        self.gaps(call, &sent.name, &report).await?;
        let organisation = call.organisation.to_string();
        let row = RecordRow {
            organisation: &organisation,
            case_id: &case_id.to_string(),
            kind: "protection",
            child_key: &self.child_key(&report, &sent.name),
            started: taken,
            ended,
        };
        records::put(call.tx(), &row).await?;
        let referral = Some(self.partner.told(call, case_id).await?);
        Ok(wire::RecordPoliceProtectionResponse { referral })
    }
}
