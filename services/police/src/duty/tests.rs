use proptest::prelude::*;

use super::*;

fn second(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 0).unwrap()
}

fn decision(school: &str, at: i64) -> Decided {
    Decided {
        recipient: format!("school/{school}").parse().ok(),
        permitted: true,
        disclosure_id: format!("disclosure-{school}"),
        reason: String::new(),
        at: second(at),
        revision: 1,
        child: "c1".into(),
        kind: "school".into(),
        discrepancy: String::new(),
    }
}

fn refusal(reason: &str, at: i64) -> Decided {
    Decided {
        permitted: false,
        disclosure_id: String::new(),
        reason: reason.into(),
        ..decision("1", at)
    }
}

fn mark(at: i64) -> Mark {
    Mark { at: second(at), late: false, reason: String::new() }
}

fn step(step: Step, at: i64) -> Receipt {
    Receipt::Step(step, mark(at))
}

/// One thing that is heard of the duty.
#[derive(Clone, Debug)]
enum Heard {
    Decision(Decided),
    Receipt(&'static str, Receipt),
}

fn told(heard: &[Heard]) -> Duty {
    let mut duty = Duty::default();
    for one in heard {
        match one.clone() {
            Heard::Decision(decision) => duty.decide(decision),
            Heard::Receipt(disclosure, receipt) => duty.receive(disclosure, receipt),
        }
    }
    duty
}

fn state(heard: &[Heard]) -> Option<DutyState> {
    told(heard).standing().map(|standing| standing.state)
}

use Heard::{Decision, Receipt as Got};

const ONE: &str = "disclosure-1";
const TWO: &str = "disclosure-2";

#[test]
fn a_duty_moves_on_and_never_back() {
    let night = [
        Decision(decision("1", 0)),
        Got(ONE, step(Step::Delivered, 1)),
        Got(ONE, step(Step::Opened, 2)),
        Got(ONE, step(Step::Acknowledged, 3)),
        Got(ONE, step(Step::Opened, 4)),
        Got(ONE, step(Step::Delivered, 5)),
    ];
    let expected = [
        DutyState::Released,
        DutyState::Delivered,
        DutyState::Opened,
        DutyState::Acknowledged,
        DutyState::Acknowledged,
        DutyState::Acknowledged,
    ];
    for (count, state_then) in (1..).zip(expected) {
        assert_eq!(state(&night[..count]), Some(state_then), "after {count}");
    }
}

#[test]
fn a_receipt_before_its_decision_is_not_lost() {
    let early = [Got(ONE, step(Step::Acknowledged, 3))];
    assert_eq!(state(&early), None, "nobody has decided yet, as far as is known");
    let both = [Got(ONE, step(Step::Acknowledged, 3)), Decision(decision("1", 0))];
    assert_eq!(state(&both), Some(DutyState::Acknowledged));
}

#[test]
fn a_rerouted_duty_starts_afresh_and_the_old_recipient_cannot_touch_it() {
    let rejection = Receipt::Rejected(Mark { reason: "not-on-roll".into(), ..mark(5) });
    let mut night =
        vec![Decision(decision("1", 0)), Got(ONE, step(Step::Opened, 3)), Got(ONE, rejection)];
    assert_eq!(state(&night), Some(DutyState::Rerouting));
    assert_eq!(told(&night).standing().unwrap().reason, "not-on-roll");
    night.push(Decision(Decided { reason: "re-routed".into(), ..decision("2", 6) }));
    assert_eq!(state(&night), Some(DutyState::Released));
    night.push(Got(ONE, step(Step::Acknowledged, 7)));
    assert_eq!(state(&night), Some(DutyState::Released), "a late receipt of the old recipient");
    night.push(Got(TWO, step(Step::Acknowledged, 8)));
    let duty = told(&night);
    assert_eq!(duty.standing().unwrap().state, DutyState::Acknowledged);
    assert_eq!(duty.decided.unwrap().recipient.unwrap().to_string(), "school/2");
}

#[test]
fn a_rejection_that_was_answered_by_the_same_recipient_is_over() {
    let night = [
        Decision(decision("1", 0)),
        Got(ONE, Receipt::Rejected(mark(5))),
        Decision(Decided { revision: 2, ..decision("1", 6) }),
    ];
    assert_eq!(state(&night), Some(DutyState::Released));
}

#[test]
fn a_recall_withholds_even_what_was_acknowledged() {
    let night = [
        Decision(decision("1", 0)),
        Got(ONE, step(Step::Acknowledged, 3)),
        Decision(refusal("withdrawn", 4)),
        Got(ONE, step(Step::Opened, 5)),
    ];
    let standing = told(&night).standing().unwrap();
    assert_eq!((standing.state, standing.reason.as_str()), (DutyState::Withheld, "withdrawn"));
    assert_eq!(standing.since, second(4));
}

#[test]
fn what_is_permitted_again_after_a_recall_has_to_be_acknowledged_again() {
    let mut night = vec![
        Decision(decision("1", 0)),
        Got(ONE, step(Step::Acknowledged, 3)),
        Decision(refusal("amended", 4)),
        Decision(decision("1", 6)),
    ];
    assert_eq!(state(&night), Some(DutyState::Released), "what she read was deleted");
    night.push(Got(ONE, step(Step::Delivered, 7)));
    assert_eq!(state(&night), Some(DutyState::Delivered));
    night.push(Got(ONE, step(Step::Acknowledged, 8)));
    assert_eq!(told(&night).standing().unwrap().since, second(8));
}

#[test]
fn an_old_decision_that_is_sent_round_again_changes_nothing() {
    let night =
        [Decision(decision("1", 0)), Decision(refusal("withdrawn", 4)), Decision(decision("1", 0))];
    assert_eq!(state(&night), Some(DutyState::Withheld));
    let revisions = [
        Decision(Decided { revision: 2, ..refusal("withdrawn", 4) }),
        Decision(Decided { revision: 1, ..decision("1", 4) }),
    ];
    assert_eq!(
        state(&revisions),
        Some(DutyState::Withheld),
        "at one time, the later revision counts"
    );
}

#[test]
fn an_acknowledgement_outranks_an_escalation() {
    let escalated = [Decision(decision("1", 0)), Got(ONE, step(Step::Escalated, 3))];
    assert_eq!(state(&escalated), Some(DutyState::Escalated));
    let read = [&escalated[..], &[Got(ONE, step(Step::Acknowledged, 4))]].concat();
    assert_eq!(state(&read), Some(DutyState::Acknowledged));
}

#[test]
fn the_first_acknowledgement_says_whether_it_was_late() {
    let late = Receipt::Step(Step::Acknowledged, Mark { late: true, ..mark(9) });
    let night = [
        Got(ONE, late.clone()),
        Decision(decision("1", 0)),
        Got(ONE, step(Step::Acknowledged, 3)),
        Got(ONE, late),
    ];
    let standing = told(&night).standing().unwrap();
    assert_eq!((standing.since, standing.late), (second(3), false));
}

fn any_decision() -> impl Strategy<Value = Decided> {
    (0..3_i64, 0..4_i64, 1..3_u32, any::<bool>()).prop_map(|(school, at, revision, permitted)| {
        let decided =
            if permitted { decision(&school.to_string(), at) } else { refusal("withdrawn", at) };
        Decided { revision, ..decided }
    })
}

fn any_receipt() -> impl Strategy<Value = (&'static str, Receipt)> {
    let steps = [Step::Delivered, Step::Opened, Step::Escalated, Step::Acknowledged];
    let disclosures = ["disclosure-0", "disclosure-1", "disclosure-2"];
    let receipt = (prop::option::of(prop::sample::select(steps.to_vec())), 0..6_i64, any::<bool>());
    let receipt = receipt.prop_map(|(step, at, late)| {
        let mark = Mark { late, ..mark(at) };
        step.map_or_else(
            || Receipt::Rejected(mark.clone()),
            |step| Receipt::Step(step, mark.clone()),
        )
    });
    (prop::sample::select(disclosures.to_vec()), receipt)
}

proptest! {
    /// Each topic keeps its order for a case, and that is all that may be relied on: whichever way decisions and
    /// receipts are interleaved, and however the receipts are shuffled or repeated, the duty ends in the same state.
    #[test]
    fn the_order_across_topics_does_not_matter(
        decisions in prop::collection::vec(any_decision(), 1..5),
        receipts in prop::collection::vec(any_receipt(), 0..8),
        shuffled in Just(()).prop_perturb(|(), mut random| {
            (0..64).map(|_| random.next_u32()).collect::<Vec<_>>()
        }),
    ) {
        let mut orderly = Duty::default();
        decisions.iter().for_each(|decision| orderly.decide(decision.clone()));
        receipts.iter().for_each(|(disclosure, receipt)| orderly.receive(disclosure, receipt.clone()));

        let mut other = receipts.clone();
        other.extend(receipts.first().cloned());
        let mut keys = shuffled.iter().cycle();
        other.sort_by_cached_key(|_| keys.next().copied());
        let (mut decisions, mut other) = (decisions.into_iter().peekable(), other.into_iter().peekable());
        let mut mixed = Duty::default();
        while decisions.peek().is_some() || other.peek().is_some() {
            let first = keys.next().is_none_or(|key| key % 2 == 0);
            if let Some(decision) = decisions.next_if(|_| first) {
                mixed.decide(decision);
            } else if let Some((disclosure, receipt)) = other.next() {
                mixed.receive(disclosure, receipt);
            } else if let Some(decision) = decisions.next() {
                mixed.decide(decision);
            }
        }
        prop_assert_eq!(mixed.standing(), orderly.standing());
        prop_assert_eq!(mixed, orderly);
    }
}
