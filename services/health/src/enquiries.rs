//! What hubs ask a board and to what they invite it, and the team that has the child.

use mash_chassis::Caller;
use mash_partner::Page;
use mash_proto::{disclosure::v1::Content, health::v1 as wire};
use mash_store::StoreError;

use crate::{
    Service,
    board::{Board, age_of, team_to_wire},
    error::Refusal,
};

/// The names of enquiries and invitations.
pub(crate) const ENQUIRIES: &str = "enquiries/";
pub(crate) const INVITATIONS: &str = "invitations/";

impl Service {
    pub(crate) async fn list_enquiries(
        &self,
        caller: &Caller,
        request: wire::ListEnquiriesRequest,
    ) -> Result<wire::ListEnquiriesResponse, Refusal> {
        let page = Page::read(request.page_size, &request.page_token)?;
        let (enquiries, next_page_token) =
            self.partner.list_enquiries(caller, page, request.open_only).await?;
        let board = self.board(caller).await?;
        let enquiries = enquiries
            .into_iter()
            .map(|enquiry| {
                let team = self.team_of(&board, enquiry.content.as_ref());
                wire::HealthEnquiry { team, enquiry: Some(enquiry) }
            })
            .collect();
        Ok(wire::ListEnquiriesResponse { enquiries, next_page_token })
    }

    pub(crate) async fn list_invitations(
        &self,
        caller: &Caller,
        request: wire::ListInvitationsRequest,
    ) -> Result<wire::ListInvitationsResponse, Refusal> {
        let page = Page::read(request.page_size, &request.page_token)?;
        let (invitations, next_page_token) = self.partner.list_invitations(caller, page).await?;
        let board = self.board(caller).await?;
        let invitations = invitations
            .into_iter()
            .map(|invitation| {
                let team = self.team_of(&board, invitation.content.as_ref());
                wire::HealthInvitation { team, invitation: Some(invitation) }
            })
            .collect();
        Ok(wire::ListInvitationsResponse { invitations, next_page_token })
    }

    async fn board(&self, caller: &Caller) -> Result<Board, StoreError> {
        let mut conn = self.store.read().await?;
        Board::load(&mut conn, &caller.organisation.to_string()).await
    }

    fn team_of(&self, board: &Board, content: Option<&Content>) -> i32 {
        let child = content.and_then(|content| content.child.as_ref());
        team_to_wire(board.team_of(age_of(child), self.clock.now()).0)
    }
}
