//! Any interleaving of arrivals, acknowledgements and breaks: every item comes at least once until it is acknowledged,
//! in order, and never after.

use std::collections::{BTreeMap, BTreeSet};

use mash_proto::delivery::v1::ReceiveResponse;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};

use crate::support::{Call, Client, Hub, Pair, released, told};

#[derive(Clone, Debug)]
enum Step {
    /// So many items arrive.
    Arrive(usize),
    /// A new revision of one that arrived before.
    Revise(usize),
    /// The next so many are read.
    Read(usize),
    /// One of those that were read is acknowledged, on the call or beside it.
    Acknowledge { which: usize, beside: bool },
    /// The call breaks off, and is opened again with this window.
    Break(i32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_usize..5).prop_map(Step::Arrive),
        any::<usize>().prop_map(Step::Revise),
        (1_usize..6).prop_map(Step::Read),
        (any::<usize>(), any::<bool>())
            .prop_map(|(which, beside)| Step::Acknowledge { which, beside }),
        (1_i32..6).prop_map(Step::Break),
    ]
}

/// What must be true of one mailbox.
struct Model {
    organisation: String,
    client: Client,
    call: Call,
    window: usize,
    /// Newest revision of each release, by its word, in the order of arrival; the acknowledged ones are taken out.
    waiting: Vec<(String, i32)>,
    revisions: BTreeMap<String, i32>,
    /// Read on this call and not acknowledged: what fills the window.
    on_the_way: Vec<ReceiveResponse>,
    /// The number of the last item on this call.
    last: i64,
    acknowledged: BTreeSet<String>,
}

impl Model {
    async fn take(&mut self, hub: &Hub, step: Step) {
        match step {
            Step::Arrive(count) => {
                for _ in 0..count {
                    let word = format!("{}-{}", self.organisation, self.revisions.len());
                    self.arrive(hub, word, 1).await;
                }
            }
            Step::Revise(which) if !self.revisions.is_empty() => {
                let word = self.revisions.keys().nth(which % self.revisions.len()).unwrap().clone();
                let revision = self.revisions[&word] + 1;
                self.arrive(hub, word, revision).await;
            }
            Step::Read(count) => {
                for _ in 0..count {
                    self.read().await;
                }
            }
            Step::Acknowledge { which, beside } if !self.on_the_way.is_empty() => {
                let item = self.on_the_way.remove(which % self.on_the_way.len());
                if beside {
                    self.client.acknowledge(&[&item.name]).await.unwrap();
                } else {
                    self.call.acknowledge(&[&item]).await;
                    // Its effect is certain once the mailbox shows it.
                    let left = self.waiting.iter().filter(|one| text(one) != told(&item)).count();
                    self.client.until_waiting(i64::try_from(left).unwrap()).await;
                }
                self.waiting.retain(|one| text(one) != told(&item));
                self.acknowledged.insert(item.name);
            }
            Step::Break(window) => {
                self.call = self.client.open(window).await;
                self.window = usize::try_from(window).unwrap();
                self.on_the_way.clear();
                self.last = 0;
            }
            Step::Revise(_) | Step::Acknowledge { .. } => (),
        }
    }

    async fn arrive(&mut self, hub: &Hub, word: String, revision: i32) {
        let event = released(&self.organisation, &word, revision);
        hub.publish(&self.organisation, &format!("{word}-{revision}"), &event).await;
        // The older revision of it waits no longer.
        self.waiting.retain(|(known, _)| *known != word);
        self.waiting.push((word.clone(), revision));
        hub.until_arrived(&word, revision).await;
        self.revisions.insert(word, revision);
    }

    /// Reads the next item, if there must be one.
    async fn read(&mut self) {
        let here: BTreeSet<String> = self.on_the_way.iter().map(told).collect();
        let next = self.waiting.iter().find(|one| !here.contains(&text(one)));
        // Items that a newer revision has replaced may fill the window for a moment.
        let full = self.on_the_way.len() >= self.window;
        let Some(next) = next.filter(|_| !full).map(text) else { return };
        let item = self.call.item().await;
        assert!(item.sequence > self.last, "in order");
        self.last = item.sequence;
        assert!(!self.acknowledged.contains(&item.name), "after its acknowledgement");
        // What was handed to the transport before a newer revision arrived may come first.
        let stale = !self.waiting.iter().any(|one| text(one) == told(&item));
        assert!(stale || told(&item) == next, "{} instead of {next}", told(&item));
        self.on_the_way.push(item);
    }
}

fn text((word, revision): &(String, i32)) -> String {
    format!("released {word} r{revision}")
}

async fn any_interleaving_keeps_the_promise(pair: Pair) {
    let hub = Hub::new(pair).await;
    let process = hub.start().await;
    let cases = if pair == Pair::Embedded { 24 } else { 12 };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let strategy = proptest::collection::vec(step(), 1..25);
    for case in 0..cases {
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        // An organisation of its own for each case: its mailbox is empty.
        let organisation = format!("provider/case-{case}");
        let client = hub.client(&process, &organisation);
        let call = client.open(3).await;
        let mut model = Model {
            organisation,
            client,
            call,
            window: 3,
            waiting: Vec::new(),
            revisions: BTreeMap::new(),
            on_the_way: Vec::new(),
            last: 0,
            acknowledged: BTreeSet::new(),
        };
        for step in steps.clone() {
            model.take(&hub, step).await;
        }
        // In the end everything that was not acknowledged comes, once each, and nothing else.
        let expected: Vec<String> = model.waiting.iter().map(text).collect();
        let found: Vec<String> = model.client.empty().await.iter().map(told).collect();
        assert_eq!(found, expected, "{steps:?}");
    }
    process.stop().await;
}

on_both!(any_interleaving_keeps_the_promise);
