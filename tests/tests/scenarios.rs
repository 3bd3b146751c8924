//! Scenarios of referrals, each named after what it shows, on real engines and through the services' own calls.
//!
//! One hub serves them all, each with a child of its own: first everything for which the clock stands still, side by
//! side, then what clocks do when their time comes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod scenarios {
    pub(crate) mod clocks;
    pub(crate) mod outcomes;
    pub(crate) mod pains;
}

use std::{future::Future, pin::Pin, sync::Arc};

use mash_store::Dialect;
use mash_tests::{OnBus, Stage, hub::Hub};
use tokio::task::JoinError;

use scenarios::{
    clocks::{self, Start, health, meetings, police, queue},
    outcomes, pains,
};

type Scenario = (&'static str, fn(Arc<Hub>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

macro_rules! scenarios {
    ($($module:ident::$name:ident),* $(,)?) => {
        [$((stringify!($name), |hub| Box::pin(async move { $module::$name(&hub).await }))),*]
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_on_postgres_and_kafka() {
    Box::pin(every_scenario(Dialect::Postgres, OnBus::Kafka)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_on_sqlite_and_the_embedded_bus() {
    Box::pin(every_scenario(Dialect::Sqlite, OnBus::Embedded)).await;
}

/// Those for which the clock stands still: outcomes and complaints.
fn standing() -> [Scenario; 22] {
    scenarios![
        outcomes::a_strategy_discussion_is_called_and_needs_its_quorum,
        outcomes::an_enquiry_under_section_47_is_told_to_the_referrer,
        outcomes::an_assessment_is_told_to_the_referrer,
        outcomes::early_help_needs_consent,
        outcomes::advice_another_agency_and_nothing_further_are_told_with_reasons,
        outcomes::an_open_case_goes_straight_to_its_worker,
        outcomes::a_step_up_and_a_step_down_are_told_each,
        outcomes::a_transfer_goes_to_the_other_authority,
        pains::p01_a_handover_is_not_done_until_the_receiver_accepts_it,
        pains::p02_nothing_is_typed_twice,
        pains::p03_a_duty_says_why_no_consent_is_needed,
        pains::p04_an_unexplained_injury_cannot_be_closed_in_silence,
        pains::p08_gaps_are_shown_before_grading_and_frozen_with_the_decision,
        pains::p09_three_green_notices_in_three_months_are_no_green,
        pains::p10_a_repeat_is_linked_with_its_history,
        pains::p17_health_and_schools_are_asked_and_answer,
        pains::p18_workload_and_invitations_are_counted,
        pains::p19_the_referrer_hears_at_once_and_then_the_decision,
        pains::p20_a_school_hears_the_threshold_decision_and_what_would_change_it,
        pains::p21_a_disagreement_climbs_to_a_named_decider,
        pains::p28_a_child_who_was_not_heard_is_a_fault_or_a_gap,
        pains::p29_partners_response_times_are_shown,
    ]
}

async fn every_scenario(dialect: Dialect, bus: OnBus) {
    let hub = Arc::new(Hub::start(Stage::new(dialect, bus).await).await);
    let still = standing();
    let starts: [Start; 34] = scenarios![
        queue::acknowledge_referral_is_met_at_once,
        queue::grade_referral_passes_where_nobody_grades,
        queue::decide_referral_passes_and_is_met_late,
        queue::triage_red_passes,
        queue::triage_amber_passes,
        queue::triage_green_passes_on_the_next_morning,
        queue::triage_green_is_met_by_a_decision_in_time,
        queue::enquiry_red_passes_unanswered,
        queue::enquiry_amber_passes_unanswered,
        queue::enquiry_green_passes_unanswered,
        queue::assessment_in_wales_passes_after_42_working_days,
        queue::assessment_in_england_passes_after_45_working_days,
        queue::mechanism_decision_passes_after_five_working_days,
        queue::designated_officer_passes_and_is_met_late,
        meetings::strategy_discussion_passes_after_24_hours,
        meetings::answer_invitation_passes_unanswered,
        meetings::initial_conference_passes_after_15_working_days,
        meetings::initial_conference_stands_still_for_a_reason,
        meetings::accept_transfer_passes_unanswered,
        meetings::transfer_in_conference_passes_after_15_days,
        meetings::disagreement_practitioners_passes_after_five_working_days,
        meetings::disagreement_first_line_passes_after_two_working_days,
        meetings::disagreement_senior_passes_after_two_working_days,
        meetings::disagreement_director_passes_after_two_working_days,
        police::chase_acknowledgement_is_met_by_the_hub,
        police::chase_acknowledgement_passes_where_nobody_answers,
        police::written_confirmation_in_wales_passes_on_the_next_working_day,
        police::written_confirmation_in_england_passes_after_24_hours,
        police::police_protection_passes_on_the_third_day,
        police::return_interview_passes_on_the_third_day,
        police::custody_referral_is_met_by_the_hub,
        police::custody_referral_passes_where_nobody_answers,
        health::injury_prompt_passes_where_nobody_refers,
        health::clinical_acknowledgement_passes_where_nobody_acknowledges,
    ];
    let (failed, (clocks, unbegun)) =
        tokio::join!(side_by_side(&hub, &still), clocks::begin(&hub, &starts));
    let mut failed = [failed, unbegun].concat();
    let mut hub = Arc::into_inner(hub).unwrap();
    failed.extend(clocks::every_limit_has_a_scenario(&clocks));
    failed.extend(clocks::time_goes_on(&mut hub, &clocks).await);
    assert!(failed.is_empty(), "{failed:#?}");
    hub.stop().await;
}

async fn side_by_side(hub: &Arc<Hub>, scenarios: &[Scenario]) -> Vec<String> {
    let mut running = Vec::new();
    for (name, scenario) in scenarios {
        running.push((*name, tokio::spawn(scenario(Arc::clone(hub)))));
    }
    let mut failed = Vec::new();
    for (name, scenario) in running {
        if let Err(error) = scenario.await {
            failed.push(format!("{name}: {}", words_of(error)));
        }
    }
    failed
}

/// What a scenario that failed has said.
fn words_of(error: JoinError) -> String {
    let said = error.into_panic();
    let words = said.downcast_ref::<String>().cloned();
    words.or_else(|| said.downcast_ref::<&str>().map(|said| (*said).to_owned())).unwrap_or_default()
}
