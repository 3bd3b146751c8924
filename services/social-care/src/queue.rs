//! What the workers of a hub do, one use case per file.

mod ask_partners;
mod assign_referral;
mod chase_enquiry;
mod close_enquiry;
mod close_referral;
mod conservation;
mod decide_referral;
mod get_referral;
mod get_snapshot;
mod grade_referral;
mod link_referrals;
mod list_lookups;
mod list_notices;
mod list_prompts;
mod list_referrals;
mod merge_children;
mod open_case;
mod protection_status;
mod public_report;
mod queue_summary;
mod record_consent;
mod resolve_prompt;
mod response_times;
mod sample_decisions;
mod set_hub;
mod step_referral;
