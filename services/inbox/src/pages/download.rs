//! A notice for the school's own safeguarding system, as CSV and as JSON. Names of fields are the same in both languages,
//! since programs read them.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::header;
use mash_policy::Language;
use mash_proto::{disclosure::v1::Content, education::v1::Notice};
use serde_json::{Map, Value};

use super::{fault::Fault, view};
use crate::{Hub, texts::Texts, visitor::Visitor};

/// The notice as a table of one row.
pub(crate) async fn csv(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let fields = fields(&hub, &visitor, &id).await?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let written = table
        .write_record(fields.iter().map(|(name, _)| *name))
        .and_then(|()| table.write_record(fields.iter().map(|(_, value)| guarded(value))));
    written.map_err(|_| Fault::Failed)?;
    let bytes = table.into_inner().map_err(|_| Fault::Failed)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"notice.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

/// The notice as an object.
pub(crate) async fn json(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let fields = fields(&hub, &visitor, &id).await?;
    let object: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"notice.json\""),
    ];
    Ok((headers, Value::Object(object).to_string()).into_response())
}

async fn fields(
    hub: &Hub,
    visitor: &Visitor,
    id: &str,
) -> Result<Vec<(&'static str, String)>, Fault> {
    let session = visitor.session()?;
    let notice = hub.education.get(&session.caller, &format!("notices/{id}")).await?;
    let content = notice.content.as_ref().filter(|_| !notice.sealed).ok_or(Fault::NotFound)?;
    Ok(exported(&notice, content))
}

fn exported(notice: &Notice, content: &Content) -> Vec<(&'static str, String)> {
    let time = |time: Option<&prost_types::Timestamp>| {
        view::instant(time).map(|at| at.to_string()).unwrap_or_default()
    };
    let child = content.child.clone().unwrap_or_default();
    let born = child
        .date_of_birth
        .map_or_else(String::new, |it| format!("{:04}-{:02}-{:02}", it.year, it.month, it.day));
    let stub = content.incident.clone().unwrap_or_default();
    let narrative = content.narrative.clone().unwrap_or_default();
    let voice = content.voice.clone().unwrap_or_default();
    let yes = |answer: mash_proto::r#type::v1::Answer| {
        answer.as_str_name().trim_start_matches("ANSWER_").to_lowercase()
    };
    vec![
        ("notice", notice.name.clone()),
        ("revision", notice.revision.to_string()),
        ("received", time(notice.receive_time.as_ref())),
        ("deliver_by", time(notice.deliver_by_time.as_ref())),
        ("acknowledged", time(notice.acknowledge_time.as_ref())),
        ("acknowledged_by", notice.acknowledged_by.clone()),
        ("child_given_names", child.given_names),
        ("child_family_name", child.family_name),
        ("child_date_of_birth", born),
        ("child_upn", child.upn),
        ("police_reference", stub.police_reference.clone()),
        ("attended", time(stub.attended_time.as_ref())),
        ("child_present", yes(stub.child_present())),
        ("welfare_check", yes(stub.welfare_check())),
        ("do_not_inform_parent", stub.do_not_inform_parent.to_string()),
        ("parent_contact_advice", stub.parent_contact_advice.clone()),
        ("police_matter", stub.police_matter.to_string()),
        ("incident_type", narrative.r#type),
        ("circumstances", narrative.circumstances),
        ("child_whereabouts", narrative.whereabouts),
        ("suspect_relationship", narrative.suspect_relationship),
        ("child_words", voice.words),
        ("risk_grade", content.risk_grade.clone()),
        ("rules", notice.rule_ids.join(" ")),
        // Everything of the page in words, so that nothing that was told is missing from the copy.
        (
            "as_told",
            view::told(Texts(Language::English), content, jiff::Timestamp::MIN)
                .into_iter()
                .map(|fact| format!("{}: {}", fact.term, fact.value))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn guarded(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for dangerous in ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert!(guarded(dangerous).starts_with('\''), "{dangerous:?}");
        }
        for plain in ["Carys", "", "1 = 1", "mother-in-law"] {
            assert_eq!(guarded(plain), plain);
        }
    }
}
