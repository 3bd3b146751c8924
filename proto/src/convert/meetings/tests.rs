use jiff::Timestamp;
use mash_domain::{
    organisation::OrganisationKind,
    referral::meeting::{Command, disagreement, transfer},
};

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn of(kind: OrganisationKind, code: &str) -> OrganisationId {
    OrganisationId::new(kind, code).unwrap()
}

fn authority() -> OrganisationId {
    of(OrganisationKind::LocalAuthority, "681")
}

fn private(words: &str) -> Private {
    text(words).unwrap()
}

fn stored(meeting: &Meeting) -> wire::Meeting {
    let mut wire = wire::Meeting::default();
    for partner in meeting.invitations.keys() {
        let partner = Some(Organisation::from(partner));
        wire.invitations.push(wire::Invitation { partner, ..wire::Invitation::default() });
    }
    meeting_to_wire(meeting, &mut wire);
    wire
}

#[test]
fn a_meeting_reads_back_wherever_it_stands() {
    let police = of(OrganisationKind::PoliceForce, "62");
    let called = Meeting::call(
        MeetingKind::StrategyDiscussion,
        Nation::Wales,
        authority(),
        "chair".into(),
        BTreeSet::from([police.clone()]),
    )
    .unwrap();
    let declined = Command::Respond {
        from: police,
        standing: Standing::Declines,
        reason: private("a major incident"),
    };
    let (declined, _) = called.apply(declined, NOW).unwrap();
    let exception = Some(Exception {
        signed_by: "head".into(),
        senior: true,
        reason: private("it cannot wait"),
    });
    let held = Command::Hold(Held {
        at: NOW,
        attended: BTreeSet::from([authority()]),
        outcome: MeetingOutcome::Section47Joint,
        reason: private("as minuted"),
        exception,
    });
    let (held, _) = declined.apply(held, NOW).unwrap();
    let cancel = Command::Cancel { reason: private("another is called") };
    let (cancelled, _) = called.apply(cancel, NOW).unwrap();
    for meeting in [called, declined, held, cancelled] {
        let wire = stored(&meeting);
        assert_eq!(meeting_from_wire(&wire, authority(), Nation::Wales), Ok(meeting));
    }
    let odd = wire::Meeting::default();
    assert_eq!(meeting_from_wire(&odd, authority(), Nation::Wales), Err(ConvertError::Enum));
}

#[test]
fn an_enquiry_reads_back() {
    let begun = Section47::begin(Conduct::Joint, NOW);
    let reason = private("as found");
    let done = begun.conclude(EnquiryOutcome::Conference, "worker", reason, NOW).unwrap();
    for enquiry in [begun, done] {
        let wire = section47_to_wire(&enquiry, Nation::England);
        assert_eq!(section47_from_wire(&wire), Ok(enquiry));
    }
}

#[test]
fn a_disagreement_reads_back_wherever_it_stands() {
    let school = of(OrganisationKind::School, "6812001");
    let worker = Professional { organisation: authority(), practitioner: "worker".into() };
    let raised_by = Professional { organisation: school.clone(), practitioner: String::new() };
    let raised = Disagreement::raise(raised_by, worker.clone(), private("not so"), NOW).unwrap();
    let other = Professional {
        organisation: of(OrganisationKind::PoliceForce, "62"),
        practitioner: "sergeant".into(),
    };
    let apply = |from: &Disagreement, command| from.apply(command, NOW).unwrap().0;
    let named = apply(&raised, disagreement::Command::Name(other.clone()));
    let further = apply(&named, disagreement::Command::Escalate { reason: private("still not") });
    let resolve = disagreement::Command::Resolve {
        by: other,
        answer: Answer::Changed,
        reason: private("we were wrong"),
    };
    let resolved = apply(&named, resolve);
    let withdrawn = apply(&further, disagreement::Command::Withdraw { by: school });
    for disagreement in [raised, named, further, resolved, withdrawn] {
        let mut wire = wire::Disagreement::default();
        disagreement_to_wire(&disagreement, &mut wire);
        assert_eq!(disagreement_from_wire(&wire, worker.clone()), Ok(disagreement));
    }
}

#[test]
fn a_transfer_reads_back_wherever_it_stands() {
    let nation = |of: &OrganisationId| {
        if of.code() == "801" { Nation::England } else { Nation::Wales }
    };
    let there = of(OrganisationKind::LocalAuthority, "801");
    let body = |authority: &OrganisationId| Body {
        nation: nation(authority),
        authority: authority.clone(),
    };
    let offered = Transfer::offer(body(&authority()), body(&there), true).unwrap();
    let commands = [
        transfer::Command::Accept { authority: there.clone(), by: String::new() },
        transfer::Command::Refuse { authority: there, reason: private("not ours") },
        transfer::Command::TakeBack { authority: authority(), reason: private("a mistake") },
    ];
    let mut all: Vec<Transfer> =
        commands.map(|command| offered.apply(command, NOW).unwrap().0).into();
    all.push(offered);
    for transfer in all {
        let mut wire = wire::Transfer::default();
        transfer_to_wire(&transfer, &mut wire);
        assert!(wire.crosses_border);
        assert_eq!(transfer_from_wire(&wire, nation), Ok(transfer));
    }
}
