//! A named worker grades a referral. Three greens of one child in three months are no green (P09).

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use mash_chassis::Caller;
use mash_domain::referral::work::{Command, Grade};
use mash_proto::social_care::v1 as wire;

use crate::{Service, access, call::Call, case::Case, error::Refusal, snapshot, store::referrals};

/// How many of them are too many.
const GREENS: i64 = 3;

impl Service {
    pub(crate) async fn grade_referral(
        &self,
        caller: &Caller,
        request: wire::GradeReferralRequest,
    ) -> Result<wire::GradeReferralResponse, Refusal> {
        let grade = access::word::<wire::Grade, Grade>("grade", request.grade)?;
        let expected = access::revision(request.expected_revision)?;
        let mut texts = access::Texts::default();
        let reason = texts.optional("reason", &request.reason, 2_000);
        texts.check()?;
        let id = ("GradeReferral", request.request_id.as_str());
        self.once(caller, id, &request, async |mut call| {
            let mut case = call.case("name", &request.name).await?;
            case.record.work.expecting(expected)?;
            let gaps = snapshot::gaps(&case);
            let by = call.by.clone();
            let command = Command::Grade { by: by.clone(), grade, reason };
            case.apply(&mut call.effects, &command, &by, call.now)?;
            if grade == Grade::Green {
                count_greens(&mut call, &case).await?;
            }
            let referral = Some(case.to_wire(call.now));
            Ok((call, wire::GradeReferralResponse { referral, gaps }))
        })
        .await
    }
}

async fn count_greens(call: &mut Call, case: &Case) -> Result<(), Refusal> {
    let record = &case.record;
    let child = (record.authority.as_str(), record.referral.child.as_str());
    let since = three_months_before(call.now);
    let green = wire::Grade::Green.into();
    let others = referrals::graded_since(&mut call.tx, child, green, since).await?;
    // This one is green only when the call ends, unless it was green before.
    let was_green = record.work.grades.iter().rev().nth(1).map(|entry| entry.grade);
    let all = if was_green == Some(Grade::Green) { others } else { others + 1 };
    if all >= GREENS {
        let manager = case.hub.manager().to_owned();
        call.effects.prompt(record, ("three-greens", &all.to_string()), &manager, call.now);
    }
    Ok(())
}

fn three_months_before(now: Timestamp) -> Timestamp {
    let then = now.to_zoned(TimeZone::UTC).checked_sub(3.months());
    then.map_or(now, |then| then.timestamp())
}
