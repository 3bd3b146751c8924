//! A service that starts while the broker is away joins when it is back.

use std::time::{Duration, Instant};

use mash_bus::{BusMessage, TopicSpec};
use mash_store::{Dialect, Store, testing::TestDatabase};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{TOPIC, brokers};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_while_the_broker_is_away_joins_when_it_is_back() {
    let database = TestDatabase::create(Dialect::Sqlite).await;
    let store: Store = database.store().await;
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let prefix = uuid::Uuid::new_v4().simple().to_string();
    let url = format!("kafka://{door}?topic_prefix=test-{prefix}.");
    let began = Instant::now();
    let bus = mash_bus::patient(mash_bus::connect(&url, &store).await.unwrap());
    let topics = [TopicSpec { name: TOPIC, partitions: 1, compacted: false }];
    bus.ensure_topics(&topics).await.unwrap();
    bus.ensure_topics(&topics).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30), "it starts without the broker");

    let reading = tokio::spawn({
        let bus = bus.clone();
        async move {
            loop {
                if let Ok(mut member) = bus.subscribe("away", &[TOPIC]).await
                    && let Ok(batch) = member.next_batch(10).await
                {
                    return batch;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    // The broker is back: behind the address that was given, which tells where it really is.
    let listener = TcpListener::bind(door).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(brokers()).await {
                    drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                }
            });
        }
    });
    let message = BusMessage {
        topic: TOPIC.to_owned(),
        key: "k".to_owned(),
        event_id: uuid::Uuid::new_v4().to_string(),
        payload: vec![1].into(),
    };
    let publish = async {
        while bus.publish(std::slice::from_ref(&message)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, publish).await.expect("it is published when it is back");
    let read = tokio::time::timeout(PATIENCE, reading).await.expect("and read").unwrap();
    assert_eq!(read[0].key, "k");
}
