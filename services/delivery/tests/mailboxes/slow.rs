//! One subscriber that stalls slows nobody else, and costs a bounded amount of memory.

use std::time::{Duration, Instant};

use mash_delivery::Settings;
use tonic::Code;

use crate::support::{Hub, POLICE, Pair, open, refused, told};

const ITEMS: usize = 300;

async fn nine_receive_everything_while_one_stalls(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let boards: Vec<String> = (0..9).map(|number| format!("health-board/7A{number}")).collect();
    // It opens, with the widest window, and never reads or acknowledges a word.
    let stalled = hub.client(&process, POLICE).open(1_000).await;
    let mut calls = Vec::new();
    for board in &boards {
        calls.push((board, hub.client(&process, board).open(20).await));
    }
    // Heavy items for the one that stalls, many times what its connection and its window can hold in memory.
    let heavy: Vec<_> = (0..1_000)
        .map(|number| {
            let mut item = crate::support::released(POLICE, &format!("heavy-{number}"), 1);
            item.reference = "x".repeat(60_000);
            item
        })
        .collect();
    for chunk in heavy.chunks(10) {
        let events = chunk.iter().map(|item| (item.release_id.clone(), item));
        hub.publish_all(mash_bus::topics::DISCLOSED_POLICE, POLICE, events).await;
    }
    drop(heavy);
    hub.client(&process, POLICE).until_waiting(1_000).await;
    let begun = Instant::now();
    let release = async {
        for board in &boards {
            hub.release_many(board, board.trim_start_matches("health-board/"), ITEMS).await;
        }
    };
    let receive = futures_of(calls, |board: &String, mut call| {
        let word = board.trim_start_matches("health-board/").to_owned();
        async move {
            for number in 0..ITEMS {
                let item = call.item().await;
                assert_eq!(told(&item), format!("released {word}-{number} r1"));
                call.acknowledge(&[&item]).await;
            }
            call.silent().await;
        }
    });
    tokio::join!(release, receive);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "2,700 items to nine live calls took {took:?}");
    // 60 MB wait for the one that stalls. What was taken out of the store for it is what its connection took, some
    // 2 MB, and a page: it was counted as sent.
    let sent = "SELECT COUNT(*) FROM delivery_items WHERE organisation = $1 AND sent > 0";
    let mut conn = hub.outside.0.read().await.unwrap();
    let sent: i64 = sqlx::query_scalar(sent).bind(POLICE).fetch_one(&mut *conn).await.unwrap();
    assert!((1..150).contains(&sent), "{sent} items were sent to a caller that does not read");
    let left = hub.client(&process, POLICE).mailbox().await.waiting;
    assert_eq!(left, 1_000, "and it has lost nothing");
    drop(stalled);
    process.stop().await;
}

async fn futures_of<'a, F: Future<Output = ()> + Send + 'static>(
    calls: Vec<(&'a String, crate::support::Call)>,
    what: impl Fn(&'a String, crate::support::Call) -> F,
) {
    let mut tasks = tokio::task::JoinSet::new();
    for (board, call) in calls {
        tasks.spawn(what(board, call));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

async fn a_call_on_which_nothing_is_read_ends(pair: Pair) {
    let hub = Hub::new(pair).await;
    let settings = Settings { patience: Duration::from_secs(1), ..Settings::default() };
    let process = hub.process(settings).await;
    let police = hub.client(&process, POLICE);
    let mut call = police.open_with(open(1_000, false)).await.unwrap();
    for number in 0..120 {
        let mut item = crate::support::released(POLICE, &format!("heavy-{number}"), 1);
        item.reference = "x".repeat(60_000);
        hub.publish(POLICE, &item.release_id, &item).await;
    }
    police.until_waiting(120).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Whoever reads on finds what the transport held, and then why there is no more.
    let refusal = loop {
        match call.next().await {
            Ok(Some(_)) => (),
            ended => break refused(ended),
        }
    };
    assert_eq!(refusal, (Code::Unavailable, "MASH-D006".to_owned()));
    assert_eq!(police.mailbox().await.waiting, 120);
    process.stop().await;
}

on_both!(nine_receive_everything_while_one_stalls, a_call_on_which_nothing_is_read_ends);
