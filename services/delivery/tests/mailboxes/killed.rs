//! The hub is killed again and again while a system receives: nothing is lost, nothing comes after its acknowledgement.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Hub, POLICE, Pair, told};

const ITEMS: usize = 400;
const KILLS: usize = 5;

async fn killed_in_the_middle_it_loses_nothing(pair: Pair) {
    let hub = Hub::new(pair).await;
    hub.release_many(POLICE, "item", ITEMS).await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // Acknowledged for certain: the hub has answered.
    let mut certain: BTreeSet<String> = BTreeSet::new();
    for life in 0..KILLS {
        let process = hub.start().await;
        let police = hub.client(&process, POLICE);
        let mut call = police.open(40).await;
        let mut last = 0;
        for number in 0..ITEMS / (KILLS + 1) {
            let item = call.item().await;
            assert!(item.sequence > last, "in order within a call");
            last = item.sequence;
            assert!(!certain.contains(&item.name), "after its acknowledgement: {}", told(&item));
            *seen.entry(told(&item)).or_default() += 1;
            match number % 3 {
                0 => {
                    police.acknowledge(&[&item.name]).await.unwrap();
                    certain.insert(item.name.clone());
                }
                1 => call.acknowledge(&[&item]).await, // Perhaps in time, perhaps not.
                _ => (),
            }
            // Whatever is not acknowledged fills the window; some of it is, before the end.
            if number % 6 == 2 {
                police.acknowledge(&[&item.name]).await.unwrap();
                certain.insert(item.name);
            }
        }
        // Half of the lives end with more on its way.
        if life % 2 == 0 {
            hub.release_many(POLICE, &format!("life-{life}"), 10).await;
        }
        process.kill().await;
    }
    let process = hub.start().await;
    let police = hub.client(&process, POLICE);
    let late = ITEMS + 10 * KILLS.div_ceil(2);
    loop {
        for item in police.empty().await {
            assert!(!certain.contains(&item.name), "after its acknowledgement");
            *seen.entry(told(&item)).or_default() += 1;
        }
        if seen.len() == late {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(police.mailbox().await.waiting, 0);
    // Every item is acknowledged by now, and told of. A relay that was killed may have published twice what it had
    // not crossed out; it is the same event, which consumers know.
    let receipts = hub.receipts(late).await;
    assert_eq!(receipts.iter().collect::<BTreeSet<_>>().len(), late);
    process.stop().await;
}

on_both!(killed_in_the_middle_it_loses_nothing);
