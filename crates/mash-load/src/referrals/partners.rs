//! Listening to a mailbox: every item is acknowledged as it comes.

use std::time::{Duration, Instant};

use mash_proto::delivery::v1::{
    Acknowledge, Open, ReceiveRequest, ReceiveResponse,
    delivery_service_client::DeliveryServiceClient, receive_request::Say, receive_response::Item,
};
use mash_proto::referral::v1::ItemReleased;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Channel};

/// How long to wait before a stream that broke is opened again.
const PAUSE: Duration = Duration::from_millis(200);

/// Listens for ever, and tells what was released and when it came.
pub(crate) async fn listen(channel: Channel, tell: impl Fn(&ItemReleased, Instant)) {
    loop {
        // A stream that breaks is opened again; what was not acknowledged comes again.
        if let Err(status) = follow(channel.clone(), &tell).await
            && status.code() == tonic::Code::PermissionDenied
        {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow(channel: Channel, tell: &impl Fn(&ItemReleased, Instant)) -> Result<(), Status> {
    let (say, said) = mpsc::channel(1_000);
    let open = Say::Open(Open { window: 1_000, until_empty: false });
    drop(say.send(ReceiveRequest { say: Some(open) }).await);
    let mut client = DeliveryServiceClient::new(channel);
    let mut heard = client.receive(ReceiverStream::new(said)).await?.into_inner();
    while let Some(message) = heard.message().await? {
        let at = Instant::now();
        let ReceiveResponse { name, item, .. } = message;
        if let Some(Item::Released(released)) = &item {
            tell(released, at);
        }
        let acknowledge = Say::Acknowledge(Acknowledge { names: vec![name] });
        // A stream that has ended says so when it is read.
        drop(say.send(ReceiveRequest { say: Some(acknowledge) }).await);
    }
    Ok(())
}
