//! One month, and up to two more with a reason.

use mash_proto::sharing::v1::{
    ExtendSubjectAccessRequest, ListSubjectAccessRequest, SubjectAccess, child_selector::Child,
};
use mash_store::Dialect;
use tonic::Status;

use crate::support::{FORCE, Hub, OFFICER, at, by, id, refused};

on_both!(time_is_extended_once_in_the_first_month_and_what_is_late_says_so);

async fn extend(hub: &Hub, name: &str, months: i32) -> Result<SubjectAccess, Status> {
    let request = ExtendSubjectAccessRequest {
        request_id: id(),
        name: name.to_owned(),
        months,
        reason: "Seven agencies and eleven years.".to_owned(),
    };
    let answer = hub.of(FORCE).extend_subject_access(by(OFFICER, request)).await?;
    Ok(answer.into_inner().subject_access.unwrap())
}

async fn time_is_extended_once_in_the_first_month_and_what_is_late_says_so(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let child = |place: usize| Child::NhsNumber(hub.numbers[place].clone());
    let one = hub.ask(FORCE, child(0)).await.unwrap().name;
    let other = hub.ask(FORCE, child(1)).await.unwrap().name;
    assert_eq!(refused(extend(&hub, &one, 3).await).1, "MASH-A006");
    let due = extend(&hub, &one, 2).await.unwrap().due_date.unwrap();
    assert_eq!((due.year, due.month, due.day), (2027, 2, 22));
    assert_eq!(refused(extend(&hub, &one, 1).await).1, "MASH-A006", "once");
    hub.clock.set(at("2026-12-22T09:00:00Z"));
    assert_eq!(refused(extend(&hub, &other, 1).await).1, "MASH-A006", "the month is over");
    let request = ListSubjectAccessRequest { page_size: 1, ..ListSubjectAccessRequest::default() };
    let mut client = hub.of(FORCE);
    let first = client.list_subject_access(by(OFFICER, request)).await.unwrap().into_inner();
    assert_eq!(first.subject_access[0].name, other, "what is due first stands first");
    assert!(first.subject_access[0].overdue);
    let page_token = first.next_page_token;
    let request = ListSubjectAccessRequest { page_size: 1, page_token };
    let second = client.list_subject_access(by(OFFICER, request)).await.unwrap().into_inner();
    assert_eq!(second.subject_access[0].name, one);
    assert!(!second.subject_access[0].overdue && second.next_page_token.is_empty());
}
