//! What a shutdown means for a call, by the moment at which it comes. On a paused clock, and without any connection.

use std::time::Duration;

use aws_sdk_ecs::operation::describe_services::{DescribeServicesError, DescribeServicesOutput};
use tokio::time::{Instant, sleep};

use super::*;

type Result = std::result::Result<Answer<DescribeServicesOutput>, ProviderError>;

/// Where a call is when the end is asked for.
#[derive(Clone, Copy)]
enum Peer {
    /// The credentials are asked for, and never come.
    GivesNoCredentials,
    /// The request is on its way, and its answer comes after so many seconds, or never.
    Answers(u64),
    Hangs,
}

const READ: &str = "DescribeServices";
const WRITE: &str = "UpdateService";

async fn one(quotas: &Quotas, action: &'static str, peer: Peer) -> Result {
    let call = Call { service: "ecs", action, resource: "shop/web" };
    let operation = |raw: Raw| async move {
        match peer {
            Peer::GivesNoCredentials => {}
            Peer::Answers(_) | Peer::Hangs => raw.is_on_its_way(),
        }
        match peer {
            Peer::Answers(after) => sleep(Duration::from_secs(after)).await,
            _ => std::future::pending().await,
        }
        Ok::<_, SdkError<DescribeServicesError, HttpResponse>>(DescribeServicesOutput::builder().build())
    };
    send(quotas, call, None, operation).await
}

/// The end is asked for a second after the call. How long the call went on after that, and what came of it.
async fn stopped(action: &'static str, peer: Peer) -> (Duration, ProviderError) {
    let stop = CancellationToken::new();
    let quotas = Quotas::new(1.0).until(stop.clone());
    let asked = async {
        sleep(Duration::from_secs(1)).await;
        stop.cancel();
        Instant::now()
    };
    let (outcome, asked) = tokio::join!(async { (one(&quotas, action, peer).await, Instant::now()) }, asked);
    (outcome.1 - asked, outcome.0.err().expect("no answer was kept"))
}

#[tokio::test(start_paused = true)]
async fn a_read_ends_at_once() {
    for peer in [Peer::GivesNoCredentials, Peer::Answers(2), Peer::Hangs] {
        let (after, error) = stopped(READ, peer).await;
        assert_eq!((after, error.failure().said.as_str()), (Duration::ZERO, "the agent is stopping"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_sent_is_waited_for() {
    let (after, error) = stopped(WRITE, Peer::Answers(6)).await;
    assert_eq!(after.as_secs(), 5, "its answer came: {error}");
    let (after, error) = stopped(WRITE, Peer::Hangs).await;
    assert_eq!(after, WRITE_IN_HAND);
    assert!(error.failure().lost, "it may have had its effect: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_not_sent_yet_never_is() {
    let (after, error) = stopped(WRITE, Peer::GivesNoCredentials).await;
    assert_eq!(after, Duration::ZERO);
    assert!(!error.failure().lost, "it had no effect: {error}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_that_wait_for_their_quota_end_at_once_and_none_is_sent() {
    let stop = CancellationToken::new();
    let quotas = std::sync::Arc::new(Quotas::new(1.0).until(stop.clone()));
    let calls: Vec<_> = (0..10_000)
        .map(|_| {
            let quotas = quotas.clone();
            tokio::spawn(async move { one(&quotas, WRITE, Peer::Answers(0)).await.err().expect("no answer was kept") })
        })
        .collect();
    sleep(Duration::from_secs(10)).await;
    stop.cancel();
    let (asked, mut waited) = (Instant::now(), 0);
    for call in calls {
        waited += usize::from(call.await.expect("no panic").failure().said == "the agent is stopping");
    }
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert!(waited > 9_000, "{waited}");
    let late = one(&quotas, WRITE, Peer::Answers(0)).await.err().expect("it is too late");
    assert!(!late.failure().lost);
}
