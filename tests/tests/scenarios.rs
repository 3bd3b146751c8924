//! Scenarios of referrals, each named after what it shows, on real engines and through the services' own calls.
//!
//! One hub serves them all, each with a child of its own: first everything for which the clock stands still, side by
//! side, then what clocks do, one after the other.

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

type Scenario = (&'static str, fn(Arc<Hub>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

macro_rules! scenarios {
    ($($module:ident::$name:ident),* $(,)?) => {
        [$((stringify!($name), |hub| Box::pin(async move { scenarios::$module::$name(&hub).await }))),*]
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_on_postgres_and_kafka() {
    every_scenario(Dialect::Postgres, OnBus::Kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_on_sqlite_and_the_embedded_bus() {
    every_scenario(Dialect::Sqlite, OnBus::Embedded).await;
}

async fn every_scenario(dialect: Dialect, bus: OnBus) {
    let hub = Arc::new(Hub::start(Stage::new(dialect, bus).await).await);
    let standing: [Scenario; 20] = scenarios![
        outcomes::a_strategy_discussion_is_called_and_needs_its_quorum,
        outcomes::an_enquiry_under_section_47_is_told_to_the_referrer,
        outcomes::an_assessment_is_told_to_the_referrer,
        outcomes::early_help_needs_consent,
        outcomes::advice_another_agency_and_nothing_further_are_told_with_reasons,
        outcomes::an_open_case_goes_straight_to_its_worker,
        outcomes::a_step_up_and_a_step_down_are_told_each,
        outcomes::a_transfer_goes_to_the_other_authority,
        pains::p02_nothing_is_typed_twice,
        pains::p03_a_duty_says_why_no_consent_is_needed,
        pains::p04_an_unexplained_injury_cannot_be_closed_in_silence,
        pains::p08_gaps_are_shown_before_grading_and_frozen_with_the_decision,
        pains::p09_three_green_notices_in_three_months_are_no_green,
        pains::p10_a_repeat_is_linked_with_its_history,
        pains::p17_health_and_schools_are_asked_and_answer,
        pains::p18_workload_and_invitations_are_counted,
        pains::p19_the_referrer_hears_at_once_and_then_the_decision,
        pains::p21_a_disagreement_climbs_to_a_named_decider,
        pains::p28_a_child_who_was_not_heard_is_a_fault_or_a_gap,
        pains::p29_partners_response_times_are_shown,
    ];
    let mut failed = side_by_side(&hub, &standing).await;
    let clocks: [Scenario; 1] = scenarios![clocks::every_clock_warns_and_breaches_once];
    failed.extend(side_by_side(&hub, &clocks).await);
    assert!(failed.is_empty(), "{failed:#?}");
    Arc::into_inner(hub).unwrap().stop().await;
}

async fn side_by_side(hub: &Arc<Hub>, scenarios: &[Scenario]) -> Vec<String> {
    let mut running = Vec::new();
    for (name, scenario) in scenarios {
        running.push((*name, tokio::spawn(scenario(Arc::clone(hub)))));
    }
    let mut failed = Vec::new();
    for (name, scenario) in running {
        if let Err(error) = scenario.await {
            let said = error.into_panic();
            let said = said
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| said.downcast_ref::<&str>().map(|said| (*said).to_owned()));
            failed.push(format!("{name}: {}", said.unwrap_or_default()));
        }
    }
    failed
}
