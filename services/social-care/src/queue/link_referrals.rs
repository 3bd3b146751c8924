//! Two referrals are linked by a worker, or taken apart. What was taken apart the hub does not link again.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{
    Service, access,
    call::{Call, fresh},
    case,
    error::Refusal,
    marks::{CHILD, Marker, WORKER},
    record::{Record, id_of},
    store::{
        children,
        children::Child,
        links::{self, Link},
        referrals,
    },
};

impl Service {
    pub(crate) async fn link_referrals(
        &self,
        caller: &Caller,
        request: wire::LinkReferralsRequest,
    ) -> Result<wire::LinkReferralsResponse, Refusal> {
        let (one, other) = pair(&request.one, &request.other)?;
        let mut texts = access::Texts::default();
        let reason = texts.optional("reason", &request.reason, 400);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("LinkReferrals", &request.request_id), &request).await?);
        let (one, _, mut link) = both(&mut call, one, other).await?;
        link.kinds |= WORKER;
        link.apart = false;
        link.reason = reason;
        links::put(&mut call.tx, &[link]).await?;
        let history = case::history(&mut call.tx, &one.id).await?;
        call.finish(wire::LinkReferralsResponse { history }).await
    }

    pub(crate) async fn unlink_referrals(
        &self,
        caller: &Caller,
        request: wire::UnlinkReferralsRequest,
    ) -> Result<wire::UnlinkReferralsResponse, Refusal> {
        let (one, other) = pair(&request.one, &request.other)?;
        let mut texts = access::Texts::default();
        let reason = texts.required("reason", &request.reason, 400);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("UnlinkReferrals", &request.request_id), &request).await?);
        let (one, other, mut link) = both(&mut call, one, other).await?;
        if link.kinds & CHILD != 0 && one.referral.child == other.referral.child {
            self.separate(&mut call, &one, other).await?;
        }
        link.kinds &= !WORKER;
        link.apart = true;
        link.reason = reason;
        links::put(&mut call.tx, &[link]).await?;
        let history = case::history(&mut call.tx, &one.id).await?;
        call.finish(wire::UnlinkReferralsResponse { history }).await
    }

    /// The later of two referrals is about another child: she gets an id of her own, and the two stay two.
    async fn separate(&self, call: &mut Call, one: &Record, other: Record) -> Result<(), Refusal> {
        let mut later = if one.received > other.received { one.clone() } else { other };
        let before = later.referral.child.trim_start_matches("children/").to_owned();
        let authority = call.authority.clone();
        let marker = Marker { secret: &self.secret, authority: &authority };
        let id = marker.new_child(&[], &format!("{}#{}", later.id, later.work.revision));
        let child = Child { authority: authority.clone(), id: id.clone(), ..Child::default() };
        call.effects.children.insert((authority.clone(), id.clone()), child);
        children::tell_apart(&mut call.tx, &authority, &before, &id).await?;
        later.referral.child = format!("children/{id}");
        call.effects.keep(&later);
        Ok(())
    }
}

fn pair<'a>(one: &'a str, other: &'a str) -> Result<(&'a str, &'a str), Refusal> {
    let (one, other) =
        (access::id("one", "referrals", one)?, access::id("other", "referrals", other)?);
    if one == other { Err(Refusal::Itself) } else { Ok((one, other)) }
}

/// Both referrals, and what links them.
async fn both(call: &mut Call, one: &str, other: &str) -> Result<(Record, Record, Link), Refusal> {
    let (one, other) = (id_of(&call.authority, one), id_of(&call.authority, other));
    let mut records = referrals::lock(&mut call.tx, &[&one, &other]).await?;
    let known = links::of(&mut call.tx, &[&one]).await?;
    let link = known.into_iter().find(|link| link.other == other).unwrap_or_else(|| Link {
        one: one.clone(),
        other: other.clone(),
        kinds: 0,
        apart: false,
        reason: String::new(),
    });
    match (records.remove(&one), records.remove(&other)) {
        (Some(one), Some(other)) => Ok((one, other, link)),
        (_, _) => Err(Refusal::NotFound),
    }
}
