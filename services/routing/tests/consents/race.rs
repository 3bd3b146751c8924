//! P6 from outside: when `WithdrawConsent` has returned, nothing that rests on that consent is released.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use mash_bus::topics;
use mash_store::Dialect;

use crate::support::{FORCE, Hub, Sent, by, case, given, incident, withdrawal};

const WORKERS: u8 = 16;
const ROUNDS: usize = 130;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_bites_at_once_on_sqlite_and_the_embedded_bus() {
    withdrawals_bite_at_once(Hub::start(Dialect::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_bites_at_once_on_postgres_and_kafka() {
    let Ok(brokers) = std::env::var("MASH_TEST_KAFKA") else {
        panic!(
            "MASH_TEST_KAFKA is not set; `cargo xtask services up` starts a broker and prints the line to set it"
        );
    };
    let prefix = uuid::Uuid::new_v4().simple();
    let url = format!("kafka://{brokers}?topic_prefix=test-{prefix}.");
    withdrawals_bite_at_once(Hub::start_on(Dialect::Postgres, &url).await).await;
}

/// While one round's consent did not stand: from the return of its withdrawal to the next giving.
struct Silence {
    from: u64,
    until: u64,
}

/// Each worker has a case of its own, in which consent is given and taken back again and again while the force revises
/// its report. Two processes decide and publish.
async fn withdrawals_bite_at_once(hub: Hub) {
    let began = Instant::now();
    let hub = Arc::new(hub);
    hub.agree().await;
    hub.start_another().await;
    for worker in 0..WORKERS {
        hub.report(case(worker + 1), 1).await;
    }
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let hub = Arc::clone(&hub);
            tokio::spawn(async move { one_family(&hub, worker).await })
        })
        .collect();
    let mut silences = BTreeMap::new();
    for (worker, silent) in futures_of(workers).await {
        silences.insert(case(worker + 1).to_string(), silent);
    }
    let end = u64::MAX;
    let (mut released, mut stopped, mut late) = (0, 0, Vec::new());
    for (position, sent) in hub.sent().await {
        let position = u64::try_from(position).unwrap();
        let Sent::Released(sent) = sent else {
            stopped += 1;
            continue;
        };
        released += 1;
        let silent = silences[&sent.case_id].iter();
        let inside = |it: &&Silence| it.from <= position && position < it.until.min(end);
        late.extend(silent.filter(inside).map(|it| (sent.revision, position, it.from)));
    }
    let rounds = usize::from(WORKERS) * ROUNDS;
    println!(
        "{rounds} withdrawals in {:?}: {released} releases, {stopped} stop notices, {} late",
        began.elapsed(),
        late.len()
    );
    assert!(late.is_empty(), "released although consent was withdrawn: {:?}", late.first());
    assert!(released > rounds / 20 && released < rounds * 2, "the races were no races");
    assert!(stopped <= released, "whoever received nothing hears nothing of its end");
}

async fn futures_of<T>(tasks: Vec<tokio::task::JoinHandle<T>>) -> Vec<T> {
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    all
}

async fn one_family(hub: &Arc<Hub>, worker: u8) -> (u8, Vec<Silence>) {
    let case = case(worker + 1);
    let (mut client, mut silences) = (hub.of(FORCE), Vec::<Silence>::new());
    for round in 0..ROUNDS {
        let position = position(hub).await;
        if let Some(last) = silences.last_mut() {
            last.until = position;
        }
        let consent = client.record_consent(by("p1", given(case))).await.unwrap();
        let consent = consent.into_inner().consent.unwrap();
        let seed = u64::from(worker) * 1_000 + u64::try_from(round).unwrap();
        if seed.is_multiple_of(3) {
            let revision = i32::try_from(round).unwrap() + 2;
            hub.publish(case, incident(revision)).await;
        }
        // Two hundredths of a second at most, now and then nothing at all.
        let pause = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        tokio::time::sleep(Duration::from_micros(pause % 20_000 * (seed % 4) / 3)).await;
        client.withdraw_consent(by("p1", withdrawal(&consent))).await.unwrap();
        silences.push(Silence { from: crate::race::position(hub).await, until: u64::MAX });
    }
    (worker, silences)
}

/// All that the provider was ever sent lies in one partition, whose end this is.
async fn position(hub: &Hub) -> u64 {
    hub.bus.lag("nobody", &[topics::DISCLOSED_PROVIDER]).await.unwrap()
}
