//! How fast the queue is with 10,000 open referrals in each of five hubs. It measures and tells; machines differ, so it
//! runs by hand: `cargo test -p mash-social-care --release -- --ignored --nocapture speed`.

use std::time::Duration;

use mash_proto::social_care::v1 as wire;
use mash_store::Dialect;

use crate::support::{Hub, SCHOOL, by, child, envelope, id, organisation, referral};

const HUBS: [&str; 5] = ["672", "673", "674", "675", "681"];
const EACH: usize = 10_000;
const CALLS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "measures, and takes minutes"]
async fn speed_on_sqlite() {
    measure(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "measures, and takes minutes"]
async fn speed_on_postgres() {
    measure(Dialect::Postgres).await;
}

async fn measure(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let time = mash_chassis::Clock::now(&hub.clock);
    let began = now();
    for code in HUBS {
        for first in (0..EACH).step_by(500) {
            let events: Vec<_> = (first..first + 500)
                .map(|number| {
                    let case = format!("c-{code}-{number}");
                    let mut content = child(&format!("Child {}", number / 3), "");
                    if let Some(address) = &mut content.address {
                        address.lines = vec![format!("{} Stryd Fawr", number / 3)];
                    }
                    content.household = None;
                    let mut release = referral(&case, SCHOOL, content);
                    release.recipient = Some(organisation(&format!("authority/{code}")));
                    envelope(&case, &release, time)
                })
                .collect();
            hub.hand(&events, true).await;
        }
    }
    let took = began.elapsed();
    let all = HUBS.len() * EACH;
    let rate = all as f64 / took.as_secs_f64();
    let mut report = vec![format!("{dialect:?}: {all} referrals taken in, {rate:.0} a second")];
    // What was taken in is published first: a hub with a backlog is not what is measured.
    while mash_store::outbox::backlog(&hub.store, "social-care").await.unwrap().messages > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (mut lists, mut grades, mut gets, mut summaries) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut client = hub.queue();
    let mut token = String::new();
    for call in 0..CALLS {
        let request =
            wire::ListReferralsRequest { page_token: token.clone(), ..Default::default() };
        let start = now();
        let page = client.list_referrals(by("w", request)).await.unwrap().into_inner();
        lists.push(start.elapsed());
        let name = page.referrals[call % page.referrals.len()].name.clone();
        token = page.next_page_token;
        let start = now();
        let found = client.get_referral(by("w", wire::GetReferralRequest { name: name.clone() }));
        let found = found.await.unwrap().into_inner().referral.unwrap();
        gets.push(start.elapsed());
        let request = wire::GradeReferralRequest {
            request_id: id(),
            name,
            expected_revision: found.revision,
            grade: wire::Grade::Amber.into(),
            reason: "seen".into(),
        };
        let start = now();
        client.grade_referral(by("w", request)).await.unwrap();
        grades.push(start.elapsed());
        let start = now();
        client.queue_summary(by("w", wire::QueueSummaryRequest {})).await.unwrap();
        summaries.push(start.elapsed());
    }
    for (what, times) in [("list", lists), ("get", gets), ("grade", grades), ("summary", summaries)]
    {
        report.push(tell(what, times));
    }
    for line in report {
        #[expect(clippy::print_stderr, reason = "it is run by hand to be read")]
        {
            eprintln!("{line}");
        }
    }
}

fn tell(what: &str, mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let of = |rank: usize| times[(times.len() * rank / 100).min(times.len() - 1)];
    format!("  {what}: p50 {:?}, p99 {:?}", of(50), of(99))
}

fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
