//! Key adults in the morning, and the desks of authorities: most read and acknowledge, some find that the child is not on
//! their roll, some do nothing.

use mash_proto::education::v1::{
    AcknowledgeNoticeRequest, ConfirmRollRequest, ListNoticesRequest, NoticeState,
    RejectNoticeRequest, notice_service_client::NoticeServiceClient,
};

use crate::{process::Kind, world::World};

impl World {
    pub(super) async fn open_inbox(&mut self, organisation: String) -> anyhow::Result<()> {
        self.people.expected.remove(&organisation);
        let contacts = self.people.contacts.get(&organisation).cloned().unwrap_or_default();
        if self.people.random.chance(80) {
            self.count("inboxes left unopened");
            return Ok(());
        }
        for contact in contacts {
            let by = (organisation.as_str(), contact.as_str());
            let request =
                ListNoticesRequest { page_size: 100, open_only: true, ..Default::default() };
            let answer = self.must(Kind::Education, by, request, |local, request| async move {
                NoticeServiceClient::new(local).list_notices(request).await
            });
            let notices = answer.await?.map(|answer| answer.notices).unwrap_or_default();
            for notice in notices {
                if notice.state() == NoticeState::Acknowledged {
                    continue;
                }
                let drawn = self.people.random.below(1_000);
                let at_school = organisation.starts_with("school/");
                // A desk telephones about what climbed to it, and leaves it to whoever was told.
                if !at_school && notice.diversion_code == "unacknowledged" {
                    continue;
                }
                if drawn < 30 && at_school && notice.state() != NoticeState::Escalated {
                    self.not_on_our_roll(by, notice.name).await?;
                } else if drawn < 900 {
                    if notice.sealed {
                        self.confirm_roll(by, notice.name.clone()).await?;
                    }
                    self.acknowledge(by, notice.name, notice.revision).await?;
                } else {
                    self.count("notices left alone");
                }
            }
        }
        Ok(())
    }

    async fn acknowledge(
        &mut self,
        by: (&str, &str),
        name: String,
        revision: i32,
    ) -> anyhow::Result<()> {
        let request_id = self.people.request_id("acknowledge");
        let request = AcknowledgeNoticeRequest {
            request_id,
            name,
            revision,
            ..AcknowledgeNoticeRequest::default()
        };
        let answer = self.must(Kind::Education, by, request, |local, request| async move {
            NoticeServiceClient::new(local).acknowledge_notice(request).await
        });
        if answer.await?.is_some() {
            self.count("notices acknowledged");
        }
        Ok(())
    }

    async fn confirm_roll(&mut self, by: (&str, &str), name: String) -> anyhow::Result<()> {
        let request_id = self.people.request_id("confirm-roll");
        let request = ConfirmRollRequest { request_id, name };
        let answer = self.must(Kind::Education, by, request, |local, request| async move {
            NoticeServiceClient::new(local).confirm_roll(request).await
        });
        answer.await?;
        Ok(())
    }

    async fn not_on_our_roll(&mut self, by: (&str, &str), name: String) -> anyhow::Result<()> {
        let request_id = self.people.request_id("reject");
        let request = RejectNoticeRequest { request_id, name };
        let answer = self.must(Kind::Education, by, request, |local, request| async move {
            NoticeServiceClient::new(local).reject_notice(request).await
        });
        if answer.await?.is_some() {
            self.count("notices of other schools' children");
        }
        Ok(())
    }
}
