//! One subject access at the end of the night: a parent asks the force what was shared about the child, the data protection
//! officer applies the serious-harm test, and it is handed over.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use mash_inbox::{subject_access_html, subject_access_json, subject_access_text};
use mash_policy::Language;
use mash_proto::{
    envelope::event_id,
    sharing::v1::{
        ApplyHarmTestRequest, AssembleSubjectAccessRequest, ChildSelector, GetSubjectAccessRequest,
        HarmOutcome, ReleaseSubjectAccessRequest, RequestSubjectAccessRequest, SetOfficerRequest,
        child_selector::Child,
    },
};
use mash_synth::night::Night;

use super::closing::FORCE;
use crate::{
    admin::sar::{private, proved},
    data::Data,
    people::{People, on_behalf},
};

/// Who appoints.
const HEAD: &str = "swp-head-of-information";
/// Who is appointed.
const OFFICER: &str = "swp-dpo";
/// Lines of the page that are shown.
const SHOWN: usize = 9;

/// Plays it and writes the page in both languages.
///
/// # Errors
///
/// If a call is refused, a proof is not good, or a file cannot be written.
pub async fn handed_over(night: &Night, people: &People, data: &Data) -> anyhow::Result<()> {
    let step = |what: &str| event_id(&["demo", "subject-access", what]).to_string();
    let number = number(night).context("no child of the force has a number")?;
    let mut client = people.rights(FORCE)?;
    let (request_id, practitioner) = (step("officer"), OFFICER.to_owned());
    let appoint = SetOfficerRequest { request_id, practitioner, appointed: true };
    client.set_officer(on_behalf(HEAD, appoint)?).await?;
    let child = Some(ChildSelector { child: Some(Child::NhsNumber(number)) });
    let asked =
        RequestSubjectAccessRequest { request_id: step("request"), child, received_date: None };
    let asked = client.request_subject_access(on_behalf(OFFICER, asked)?).await?.into_inner();
    let name = asked.subject_access.context("the hub sent no request")?.name;
    let put = AssembleSubjectAccessRequest { request_id: step("assemble"), name: name.clone() };
    client.assemble_subject_access(on_behalf(OFFICER, put)?).await?;
    let test = ApplyHarmTestRequest {
        request_id: step("test"),
        name: name.clone(),
        line: 0,
        outcome: HarmOutcome::HandOver.into(),
        reason: "Read line by line; nothing here is likely to harm anybody.".to_owned(),
    };
    client.apply_harm_test(on_behalf(OFFICER, test)?).await?;
    let release = ReleaseSubjectAccessRequest { request_id: step("release"), name: name.clone() };
    client.release_subject_access(on_behalf(OFFICER, release)?).await?;
    let shown = GetSubjectAccessRequest { name };
    let answer = client.get_subject_access(on_behalf(OFFICER, shown)?).await?.into_inner();
    let record = answer.record.context("the hub sent no record")?;
    let proved = proved(&record, data.signer()?.in_use())?;

    let folder = data.folder().join("subject-access");
    fs::create_dir_all(&folder)?;
    let page = |language: Language| -> PathBuf { folder.join(format!("{}.html", language.tag())) };
    for language in Language::ALL {
        private(&page(language), &subject_access_html(&record, language)?)?;
    }
    let programs = folder.join("record.json");
    private(&programs, &format!("{:#}\n", subject_access_json(&record)))?;
    println!(
        "\nOne subject access, tested for serious harm and handed over: {} lines, {proved} of them proved by the ledger.\n",
        record.lines.len()
    );
    let lines = subject_access_text(&record, Language::English)?;
    lines.iter().take(SHOWN).for_each(|line| println!("  {line}"));
    println!();
    for path in Language::ALL.map(page).into_iter().chain([programs]) {
        println!("    {}", path.display());
    }
    println!();
    Ok(())
}

/// The number of the first child of whom the force reported one.
fn number(night: &Night) -> Option<String> {
    let of_force = night.incidents.iter().filter(|it| FORCE.ends_with(&it.first.force_code));
    let mut children = of_force.flat_map(|incident| &incident.first.children);
    children.find(|child| !child.nhs_number.is_empty()).map(|child| child.nhs_number.clone())
}
