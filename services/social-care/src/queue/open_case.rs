//! A child has an open case: what is referred about her goes straight to the allocated worker.

use mash_chassis::Caller;
use mash_proto::{disclosure::v1::ChildIdentity, social_care::v1 as wire};

use crate::{
    Service, access,
    call::{Call, fresh},
    error::{CHILD, Refusal},
    marks::Marker,
    store::children::{self, Child},
};

impl Service {
    pub(crate) async fn record_open_case(
        &self,
        caller: &Caller,
        request: wire::RecordOpenCaseRequest,
    ) -> Result<wire::RecordOpenCaseResponse, Refusal> {
        let worker = match request.worker.as_str() {
            "" => String::new(),
            worker => access::practitioner("worker", worker)?,
        };
        let mut call =
            fresh!(self.begin(caller, ("RecordOpenCase", &request.request_id), &request).await?);
        let mut child = self.child(&mut call, request.child.as_ref()).await?;
        child.worker = worker;
        let name = format!("children/{}", child.id);
        call.effects.children.insert((child.authority.clone(), child.id.clone()), child);
        call.finish(wire::RecordOpenCaseResponse { child: name }).await
    }

    /// The child with the surest of these marks, or one who is new to this hub.
    pub(super) async fn child(
        &self,
        call: &mut Call,
        identity: Option<&ChildIdentity>,
    ) -> Result<Child, Refusal> {
        let authority = call.authority.clone();
        let marker = Marker { secret: &self.secret, authority: &authority };
        let marks = identity.map(|child| marker.of_child(child)).unwrap_or_default();
        if marks.is_empty() {
            let words = "an NHS number, a UPN, or names with a date of birth";
            return Err(Refusal::field("child", CHILD, words));
        }
        let macs: Vec<&str> = marks.iter().map(String::as_str).collect();
        let known = children::of_marks(&mut call.tx, &authority, &macs).await?;
        let surest = marks.iter().find_map(|mac| known.get(mac).cloned());
        let id = surest.unwrap_or_else(|| marker.new_child(&marks, ""));
        for mac in marks {
            call.effects.child_marks.insert((authority.clone(), mac, id.clone()));
        }
        let found = children::get(&mut call.tx, &authority, &[&id]).await?.remove(&id);
        Ok(found.unwrap_or_else(|| Child { authority, id, ..Child::default() }))
    }
}
