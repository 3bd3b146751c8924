//! Silence: two histories of a case that differ only in what a recipient may not know give it the same bytes, ids, times,
//! sizes and counts.

use proptest::prelude::*;

use super::*;

/// What one recipient gets: topic, key, id and bytes, in order.
type Received = Vec<(String, String, String, Vec<u8>)>;

/// What varies, and nobody but the authority may know of it: F4 to F12 of the enquiry, and how often it was revised.
#[derive(Clone, Debug)]
struct Hidden {
    words: String,
    people: usize,
    grade: usize,
    revisions: usize,
    kept_by_others: bool,
}

fn hidden() -> impl Strategy<Value = Hidden> {
    ("[a-z]{0,12}", 0..4_usize, 0..3_usize, 1..4_usize, any::<bool>()).prop_map(
        |(words, people, grade, revisions, kept_by_others)| Hidden {
            words,
            people,
            grade,
            revisions,
            kept_by_others,
        },
    )
}

/// The enquiry to a school, which may know F1, F3, F17 and F18 of it and nothing else.
fn with_hidden(revision: i32, hidden: &Hidden, visible: &str) -> ItemSubmitted {
    let mut wire = ItemSubmitted { revision, ..enquiry(SCHOOL) };
    // A later revision is accepted later, and that must not show.
    let later = i64::from(revision) * 60_000;
    let at = now().as_millisecond() + later - 60_000;
    wire.submit_time = Some(time_to_wire(Timestamp::from_millisecond(at).unwrap()));
    let content = wire.content.as_mut().unwrap();
    content.narrative.as_mut().unwrap().circumstances = "She is tired.".to_owned();
    content.question =
        Some(disclosure::Question { text: visible.to_owned(), ..disclosure::Question::default() });
    content.voice = Some(disclosure::ChildVoice {
        words: hidden.words.clone(),
        ..disclosure::ChildVoice::default()
    })
    .filter(|_| hidden.people > 0);
    content.risk_grade = ["low", "medium", "high"][hidden.grade].to_owned();
    content.offences = vec![hidden.words.clone(); hidden.people];
    content.immigration.clone_from(&hidden.words);
    content.household = Some(disclosure::Household {
        other_children: i32::try_from(hidden.people).unwrap(),
        ..disclosure::Household::default()
    });
    content.health = Some(disclosure::HealthDetail {
        summary: hidden.words.clone(),
        ..disclosure::HealthDetail::default()
    });
    wire
}

/// Plays a case with two visible versions of the enquiry, each after as many hidden revisions.
fn play(hidden: &[Hidden; 2], visible: [&str; 2]) -> Received {
    let mut hub = Hub::with_referral();
    let mut all = Effects::default();
    let mut revision = 0;
    if hidden[0].kept_by_others {
        // Another partner is asked meanwhile, of which the school must not notice anything.
        all.append(hub.take(&enquiry(BOARD)));
    }
    for (index, (hidden, text)) in hidden.iter().zip(visible).enumerate() {
        hub.now = now() + jiff::SignedDuration::from_hours(i64::try_from(index).unwrap());
        for step in 0..hidden.revisions {
            // Only the last revision of a step shows; before it the school knows what it knew.
            let last = step + 1 == hidden.revisions;
            if index == 0 && !last {
                continue;
            }
            let shown = if last { text } else { visible[0] };
            revision += 1;
            let other = Hidden { grade: step % 3, ..hidden.clone() };
            all.append(hub.take(&with_hidden(revision, if last { hidden } else { &other }, shown)));
        }
    }
    let mine = all.messages.into_iter().filter(|sent| sent.key == SCHOOL);
    mine.map(|sent| (sent.topic.to_owned(), sent.key, sent.event_id, sent.payload)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_partner_may_not_know_leaves_no_trace(
        one in [hidden(), hidden()], other in [hidden(), hidden()],
    ) {
        let texts = ["Is she well?", "Is she better?"];
        let (one, other) = (play(&one, texts), play(&other, texts));
        prop_assert_eq!(one.len(), 2, "asked, and asked again");
        prop_assert!(one == other, "the school can tell one history from the other");
    }
}

/// Which authority answers for the home, what the police are told of exploitation, and how often the referral was
/// revised: the authority of the place, to which no address goes, gets the same bytes.
#[test]
fn an_authority_that_is_not_given_the_address_cannot_tell_where_the_home_is() {
    let play = |home: &str, actions: &[&str], protect: Answer| {
        let mut hub = Hub::new();
        let mut all = Effects::default();
        for (revision, actions) in (1..).zip(actions) {
            let mut wire =
                ItemSubmitted { revision, home_authority_code: home.to_owned(), ..referral() };
            let facts = wire.facts.as_mut().unwrap();
            facts.harm_suspected = Answer::Unknown.into();
            facts.address_protect = protect.into();
            let content = wire.content.as_mut().unwrap();
            content.actions = (*actions).to_owned();
            content.address.as_mut().unwrap().postcode = format!("{home}{revision}");
            all.append(hub.take(&wire));
        }
        let mine = all.messages.into_iter().filter(|sent| sent.key == BRIDGEND);
        mine.map(|sent| (sent.event_id, sent.payload)).collect::<Vec<_>>()
    };
    for protect in [Answer::Yes, Answer::Unknown] {
        let expected = play("672", &["a"], protect);
        assert_eq!(expected.len(), 1);
        for home in ["681", "801", ""] {
            assert!(play(home, &["a", "b", "c"], protect) == expected, "{home}");
        }
    }
}
