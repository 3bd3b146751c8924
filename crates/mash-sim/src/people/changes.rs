//! Whoever referred changes her mind: she tells more, or takes the referral back.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_proto::{
    education::v1 as education,
    police::v1 as police,
    referral::v1::{Report, SentReferral, Urgency},
};
use mash_synth::months::Arrival;

use super::{Act, Sender};
use crate::{process::Kind, world::World};

impl World {
    /// Some referrals are made more precise later, and a few are taken back.
    pub(super) fn what_follows_a_referral(
        &mut self,
        (arrival, name): (Arrival, &str),
        (reference, mut report): (String, Report),
    ) {
        let random = &mut self.people.random;
        let (amended, withdrawn) = (random.chance(50), random.chance(15));
        let (first, second) = (random.between(3, 1_500), random.between(3, 2_500));
        let now = self.clock.now();
        let after = |minutes: u32| now + SignedDuration::from_mins(i64::from(minutes));
        let revisable = matches!(arrival, Arrival::Notification | Arrival::School);
        if amended && revisable {
            report.urgency = Urgency::SameDay.into();
            for concern in &mut report.concerns {
                concern.what.push_str(" More is known now.");
            }
            let (name, report) = (name.to_owned(), Box::new(report));
            self.later(after(first), Act::TellMore { name, reference, report });
        }
        let by_police_or_school = revisable || matches!(arrival, Arrival::EarlyHelp);
        if withdrawn && by_police_or_school {
            self.later(after(second), Act::TakeBack(name.to_owned()));
        }
    }

    pub(super) async fn tell_more(
        &mut self,
        name: String,
        reference: String,
        report: Report,
    ) -> anyhow::Result<()> {
        let Some(sender) = self.people.accepted.get(&name).cloned() else { return Ok(()) };
        if sender.withdrawn {
            return Ok(());
        }
        let by = (sender.organisation.as_str(), sender.practitioner.as_str());
        let request_id = self.people.request_id("more");
        let expected_revision = sender.revision;
        let urgency = report.urgency;
        let report = Some(report);
        let sent = if sender.kind == Kind::Police {
            use police::protection_service_client::ProtectionServiceClient as Client;
            let grade = police::NoticeGrade::Amber.into();
            let notice = Some(police::ProtectionNotice {
                reference,
                report,
                grade,
                ..police::ProtectionNotice::default()
            });
            let request = police::AmendProtectionNoticeRequest {
                request_id,
                name: name.clone(),
                expected_revision,
                notice,
            };
            let answer = self.must(Kind::Police, by, request, |local, request| async {
                Client::new(local).amend_protection_notice(request).await
            });
            answer.await?.and_then(|answer| answer.referral)
        } else {
            use education::referral_service_client::ReferralServiceClient as Client;
            let request = education::AmendReferralRequest {
                request_id,
                name: name.clone(),
                expected_revision,
                report,
            };
            let answer = self.must(Kind::Education, by, request, |local, request| async {
                Client::new(local).amend_referral(request).await
            });
            answer.await?.and_then(|answer| answer.referral)
        };
        if sent.is_some() {
            self.count("referrals made more precise");
        }
        self.changed(&name, sent, |sender| sender.urgency = Some(urgency));
        Ok(())
    }

    pub(super) async fn take_back(&mut self, name: String) -> anyhow::Result<()> {
        let Some(sender) = self.people.accepted.get(&name).cloned() else { return Ok(()) };
        let by = (sender.organisation.as_str(), sender.practitioner.as_str());
        let request_id = self.people.request_id("take-back");
        let sent = if sender.kind == Kind::Police {
            use police::protection_service_client::ProtectionServiceClient as Client;
            let request = police::WithdrawReferralRequest { request_id, name: name.clone() };
            let answer = self.must(Kind::Police, by, request, |local, request| async {
                Client::new(local).withdraw_referral(request).await
            });
            answer.await?.and_then(|answer| answer.referral)
        } else {
            use education::referral_service_client::ReferralServiceClient as Client;
            let request = education::WithdrawReferralRequest { request_id, name: name.clone() };
            let answer = self.must(Kind::Education, by, request, |local, request| async {
                Client::new(local).withdraw_referral(request).await
            });
            answer.await?.and_then(|answer| answer.referral)
        };
        if sent.is_some() {
            self.count("referrals taken back");
        }
        self.changed(&name, sent, |sender| sender.withdrawn = true);
        Ok(())
    }

    fn changed(
        &mut self,
        name: &str,
        sent: Option<SentReferral>,
        change: impl FnOnce(&mut Sender),
    ) {
        if let (Some(known), Some(sent)) = (self.people.accepted.get_mut(name), sent) {
            known.revision = sent.revision;
            change(known);
        }
    }
}
