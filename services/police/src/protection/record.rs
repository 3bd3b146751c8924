//! What notices and records have in common: a first report, or a later one of the same.

use mash_chassis::Caller;
use mash_domain::referral::report::Report;
use mash_partner::{Call, PartnerError, Submission};
use mash_proto::referral::v1::SentReferral;

use super::{Protection, prompts};

/// What is on record of one child under one number.
pub(super) struct Recorded {
    pub(super) reference: String,
    pub(super) report: Report,
    /// 0 for the first record.
    pub(super) expected_revision: i32,
}

impl Protection {
    /// When this record was first made: by what the age of the child is reckoned.
    pub(super) async fn first_made(
        &self,
        caller: &Caller,
        reference: &str,
        expected_revision: i32,
    ) -> Result<jiff::Timestamp, PartnerError> {
        if expected_revision == 0 {
            return Ok(self.partner.now());
        }
        let case_id = self.partner.case_id(&caller.organisation, reference.trim());
        self.partner.submitted_at(caller, case_id).await
    }

    /// Submits a record, or what it says now.
    pub(super) async fn submit(
        &self,
        call: &mut Call,
        recorded: Recorded,
    ) -> Result<SentReferral, PartnerError> {
        let Recorded { reference, report, expected_revision } = recorded;
        if expected_revision == 0 {
            return self.partner.submit(call, Submission { reference, report }).await;
        }
        let case_id = self.partner.case_id(&call.organisation, reference.trim());
        self.partner.amend(call, case_id, expected_revision, &report).await
    }

    /// Raises or closes a prompt of police about a referral.
    pub(super) async fn prompt(
        &self,
        call: &mut Call,
        subject: &str,
        (kind, open): (&str, bool),
    ) -> Result<(), PartnerError> {
        if open {
            self.partner.raise_prompt(call, (subject, kind), None).await?;
        } else {
            self.partner.settle_prompt(call, subject, kind).await?;
        }
        Ok(())
    }

    /// Prompts for what a report of police should say, and does not yet: nothing of it stops the report.
    pub(super) async fn gaps(
        &self,
        call: &mut Call,
        subject: &str,
        report: &Report,
    ) -> Result<(), PartnerError> {
        let silent = report.voice.is_none() && !report.child.is_unborn();
        self.prompt(call, subject, (prompts::RECORD_VOICE, silent)).await?;
        let exploited = report.marks.exploitation();
        let referred = report.marks.referred_to_mechanism.is_yes();
        self.prompt(call, subject, (prompts::CONSIDER_MECHANISM, exploited && !referred)).await
    }

    /// Who the child is, as a keyed fingerprint: by the NHS number, or by name and date of birth. Nobody who is not known is
    /// the same as anybody.
    pub(super) fn child_key(&self, report: &Report, otherwise: &str) -> String {
        let child = &report.child;
        let born = child.date_of_birth.map(|born| born.date().to_string());
        let text = match (&child.nhs_number, born) {
            (Some(number), _) => format!("nhs|{}", number.as_str()),
            (None, Some(born)) if !child.family_name.is_empty() => {
                let names = [&child.given_names, &child.family_name];
                let [given, family] = names.map(|name| name.as_str().to_lowercase());
                format!("name|{given}|{family}|{born}")
            }
            (None, _) => format!("none|{otherwise}"),
        };
        let key = self.secret.fingerprint(text.as_bytes());
        key.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
