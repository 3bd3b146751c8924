//! Compiles the contract without a system `protoc`, and keeps its descriptors with their options for minimisation,
//! access control and reflection.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const FILES: [&str; 39] = [
    "mash/type/v1/type.proto",
    "mash/options/v1/options.proto",
    "mash/event/v1/event.proto",
    "mash/disclosure/v1/disclosure.proto",
    "mash/police/v1/police.proto",
    "mash/police/v1/police_events.proto",
    "mash/police/v1/police_service.proto",
    "mash/education/v1/directory.proto",
    "mash/education/v1/directory_service.proto",
    "mash/education/v1/roll_service.proto",
    "mash/education/v1/notice_service.proto",
    "mash/sharing/v1/sharing.proto",
    "mash/sharing/v1/agreement.proto",
    "mash/sharing/v1/consent.proto",
    "mash/sharing/v1/sharing_service.proto",
    "mash/sharing/v1/agreement_service.proto",
    "mash/sharing/v1/facts.proto",
    "mash/sharing/v1/ruleset.proto",
    "mash/sharing/v1/ruleset_service.proto",
    "mash/sharing/v1/consent_service.proto",
    "mash/sharing/v1/statement.proto",
    "mash/sharing/v1/statement_service.proto",
    "mash/sharing/v1/rights.proto",
    "mash/sharing/v1/rights_service.proto",
    "mash/sharing/v1/break_glass_service.proto",
    "mash/referral/v1/report.proto",
    "mash/referral/v1/clock.proto",
    "mash/referral/v1/item.proto",
    "mash/referral/v1/partner.proto",
    "mash/delivery/v1/delivery_service.proto",
    "mash/social_care/v1/referral.proto",
    "mash/social_care/v1/queue_service.proto",
    "mash/social_care/v1/meeting_service.proto",
    "mash/health/v1/health.proto",
    "mash/health/v1/health_service.proto",
    "mash/police/v1/protection_service.proto",
    "mash/education/v1/referral_service.proto",
    "mash/audit/v1/ledger_service.proto",
    "mash/audit/v1/erasure_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(false);
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
        compiler.open_file(file)?;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Encoded by protox itself, because prost's own descriptor types would drop the custom options.
    fs::write(out.join("mash.binpb"), compiler.encode_file_descriptor_set())?;

    let mut documented = protox::Compiler::new(["."])?;
    documented.include_imports(true).include_source_info(true).open_files(FILES)?;
    let descriptors =
        prost_types::FileDescriptorSet::decode(&*documented.encode_file_descriptor_set())?;
    let mut config = prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        // No `Debug` on the wire types: they hold personal data, and what cannot be formatted cannot be logged.
        .skip_debug(["."])
        .include_file("mash.rs")
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
