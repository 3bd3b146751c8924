//! The ladder of an authority, which it sets itself.

use mash_chassis::Caller;
use mash_domain::{identifier::AuthorityCode, ladder::Ladder};
use mash_proto::{convert::education::ladder_from_wire, education::v1 as wire};

use crate::{
    Service,
    access::{self, CalendarOwner},
    call::Begun,
    error::Refusal,
    store::{ladder, notices},
};

impl Service {
    /// The ladder that is climbed in an authority.
    pub(crate) async fn get_ladder(
        &self,
        caller: &Caller,
        parent: &str,
    ) -> Result<wire::GetLadderResponse, Refusal> {
        let code = authority_of(caller, parent)?;
        let own = ladder::of_authority(&mut self.store.read().await?, code.as_str()).await?;
        let is_own = own.is_some();
        let ladder = own.unwrap_or_else(|| Ladder::builtin().into());
        Ok(wire::GetLadderResponse { ladder: Some(ladder), own: is_own })
    }

    /// Replaces it. What climbs already is looked at anew.
    pub(crate) async fn replace_ladder(
        &self,
        caller: &Caller,
        request: wire::ReplaceLadderRequest,
    ) -> Result<wire::ReplaceLadderResponse, Refusal> {
        let code = authority_of(caller, &request.parent)?;
        let ladder = request.ladder.clone().unwrap_or_default();
        ladder_from_wire(&ladder)?;
        let mut call =
            match self.begin(caller, "ReplaceLadder", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        ladder::put_ladder(&mut call.tx, code.as_str(), &ladder).await?;
        let waiting = notices::waiting(&mut call.tx, &format!("school/{code}")).await?;
        let waiting: Vec<&str> = waiting.iter().map(String::as_str).collect();
        ladder::look_at(&mut call.tx, &waiting, self.clock.now()).await?;
        call.finish(wire::ReplaceLadderResponse { ladder: Some(ladder) }).await
    }
}

fn authority_of(caller: &Caller, parent: &str) -> Result<AuthorityCode, Refusal> {
    let CalendarOwner::Authority(code) = access::calendar_owner(parent)? else {
        let form = "`authorities/{code}`";
        return Err(Refusal::field("parent", "MASH-E016", form));
    };
    if access::may_keep_authority(caller, &code) { Ok(code) } else { Err(Refusal::NotFound) }
}
